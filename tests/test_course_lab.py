"""Two student notebooks worked through in JupyterLab in a headless browser: hint, answers, run, save, check."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

from lisbon_core.course import checking, copies
from lisbon_core.tools import pairing
from lisbon_core.tools.site import build

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra 'browser')")
pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        try:
            opened = started.chromium.launch(executable_path=build.find_browser(), args=list(build.FLAGS))
        except playwright.Error as error:
            pytest.skip(f"no Chromium: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Folder of a student, and the address of a JupyterLab of its own on it."""
    folder, own = tmp_path_factory.mktemp("student"), tmp_path_factory.mktemp("jupyter")
    for path in copies.sources():
        stem = path.stem.removesuffix("_sol")
        nbformat.write(copies.student_copy(pairing.read(path)), folder / f"{stem}.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    environment = {**os.environ, **{f"JUPYTER_{name}_DIR": str(own / name) for name in ("CONFIG", "DATA", "RUNTIME")}}
    with open(own / "log", "w") as log:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser",
                                   f"--port={address.rpartition(':')[2]}", f"--ServerApp.root_dir={folder}",
                                   "--IdentityProvider.token="], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api").close()
                break
            except OSError:
                time.sleep(0.5)
        yield folder, address
    finally:
        server.terminate()
        server.wait(30)


def solutions(stem):
    """Code answers of a source by the first line of their cell, without the markers."""
    found = checking.answers(pairing.read(copies.EXERCISES / f"{stem}_sol.py"))
    return {copies.without(cell.source, "SOLUTION", copies.CODE_STUB).splitlines()[0]:
            "\n".join(line for line in cell.source.splitlines() if not line.strip().startswith("### "))
            for cell in found.values() if cell.cell_type == "code"}


@pytest.mark.parametrize("stem", ["04_sky_map", "08_fokker_planck"])
def test_a_student_works_through_a_notebook(lab, browser, stem):
    folder, address = lab
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    page.set_default_timeout(120_000)
    page.goto(f"{address}/lab/tree/{stem}.ipynb?reset")
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    hint = page.locator("details").first
    hint.locator("summary").click()
    assert len(hint.inner_text().split()) > 10
    known = solutions(stem)
    for _ in range(len(known)):
        cell = page.locator(".jp-CodeCell", has_text="write your answer here").first
        cell.scroll_into_view_if_needed()
        editor = cell.locator(".cm-content")
        answer = known[editor.inner_text().splitlines()[0]]
        editor.click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(answer)
        playwright.expect(page.locator(".jp-CodeCell").get_by_text(answer.splitlines()[-1].strip()).first).to_be_visible()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    last = page.locator(".jp-CodeCell").last
    last.scroll_into_view_if_needed()
    playwright.expect(last.locator(".jp-OutputArea-output").first).to_be_attached(timeout=200_000)
    assert page.locator(".jp-OutputArea [data-mime-type*=error], .jp-OutputArea [data-mime-type*=stderr]").count() == 0
    before = (folder / f"{stem}.ipynb").stat().st_mtime_ns
    page.keyboard.press("Control+s")
    for _ in range(100):
        if (folder / f"{stem}.ipynb").stat().st_mtime_ns > before:
            break
        page.wait_for_timeout(100)
    page.close()
    outcomes = checking.check(folder / f"{stem}.ipynb")
    assert [one.status for one in outcomes] == ["passed"] * len(known), checking.report(stem, outcomes)
