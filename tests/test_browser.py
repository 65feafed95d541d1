"""What a reader does: open each notebook in JupyterLab, choose Run All Cells, and see it end without an error.

The notebooks are copies without outputs in a folder of their own, so nothing that is committed is written to.
"""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT
from lisbon_core.tools.site.build import FLAGS, find_browser

pytestmark = pytest.mark.skipif(find_browser() is None or importlib.util.find_spec("playwright") is None,
                                reason="needs Chromium and playwright")
TOKEN = "f00d"
STATE = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget, cells = panel?.content?.model?.cells;
  if (!cells || !panel.sessionContext.isReady) return null;
  const code = [...Array(cells.length).keys()].map(at => cells.get(at).toJSON()).filter(one => one.cell_type == 'code');
  return {name: panel.context.path, waiting: code.filter(one => one.execution_count === null).length,
          status: panel.sessionContext.session.kernel.status,
          errors: code.flatMap(one => one.outputs).filter(one => one.output_type == 'error')
                      .map(one => `${one.ename}: ${one.evalue}`),
          figures: code.flatMap(one => one.outputs).filter(one => one.data && one.data['image/png']).length} }"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab of our own on copies of the notebooks; gives its address."""
    folder = tmp_path_factory.mktemp("lab")
    for source in pairing.sources(NOTEBOOKS):
        (folder / "notebooks").mkdir(exist_ok=True)
        nbformat.write(pairing.read(source), folder / "notebooks" / f"{source.stem}.ipynb")
    settings = folder / "config" / "labconfig"
    settings.mkdir(parents=True)
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (settings / "page_config.json").write_text(json.dumps(quiet), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    environment |= {"JUPYTER_CONFIG_DIR": str(folder / "config"), "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
                    "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"), "JUPYTER_PREFER_ENV_PATH": "1",
                    "PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    with open(folder / "log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser",
             f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
             f"--ServerApp.root_dir={folder}",
             "--ServerApp.contents_manager_class=jupyter_server.services.contents.largefilemanager"
             ".AsyncLargeFileManager"], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={TOKEN}", timeout=2).close()
                break
            except OSError:
                assert server.poll() is None, (folder / "log").read_text(encoding="utf-8")[-2000:]
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.mark.parametrize("stem", [path.stem for path in pairing.sources(NOTEBOOKS)])
def test_run_all_in_jupyterlab(lab, chromium, stem):
    page, asked = chromium.new_page(viewport={"width": 1280, "height": 900}), []
    page.on("request", lambda request: asked.append(request.url))
    page.set_default_timeout(120_000)
    # a workspace of its own: the last one may hold another notebook, hidden
    page.goto(f"{lab}/lab/workspaces/{stem}/tree/notebooks/{stem}.ipynb?reset&token={TOKEN}")
    page.wait_for_function(f"() => ({STATE})()?.status == 'idle'")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    end = time.monotonic() + 600
    while True:
        state = page.evaluate(STATE)
        if state["errors"] or (not state["waiting"] and state["status"] == "idle") or time.monotonic() > end:
            break
        page.wait_for_timeout(1000)
    assert state["name"].endswith(f"{stem}.ipynb")
    assert state["errors"] == []
    assert state["waiting"] == 0
    assert state["figures"] >= (NOTEBOOKS / f"{stem}.py").read_text(encoding="utf-8").count("\nshow(")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.close()
    assert all(url.startswith((lab, "data:", "blob:")) for url in asked)
