"""A folder of HTML printed to PDF by headless Chromium, once its equations are set."""

import functools
import http.server
import os
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from lisbon_core._core import LisbonError

__all__ = ["PrintError", "find_browser", "print_page", "served"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# no sandbox: it needs privileges that a container lacks; and nothing is asked of the network
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-default-apps", "--disable-sync", "--no-first-run")
FOOT = ("<div style='width:100%; font-size:8px; text-align:center; color:#555'>"
        "<span class='pageNumber'></span></div>")


class PrintError(LisbonError):
    """A page that Chromium did not print."""


def find_browser() -> str | None:
    """Path of a Chromium, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder: Path):
    """Serve a folder on this machine alone; gives its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def print_page(browser: str, folder: Path, pdf: Path) -> Path:
    """Print `folder`/index.html to `pdf` with page numbers and an outline.

    With playwright it waits until MathJax has set every equation; without, it gives Chromium a generous time.

    Raises
    ------
    PrintError
        If Chromium did not write the PDF.
    """
    pdf.parent.mkdir(parents=True, exist_ok=True)
    with served(folder) as address, tempfile.TemporaryDirectory() as temporary:
        draft = Path(temporary) / "draft.pdf"
        try:
            _with_playwright(browser, f"{address}/index.html", draft)
        except ImportError:
            _with_command_line(browser, f"{address}/index.html", draft)
        if not draft.is_file() or draft.stat().st_size < 10_000:
            raise PrintError(f"{browser} did not print the PDF: try it on {folder / 'index.html'} by hand.")
        shutil.copyfile(draft, pdf.with_suffix(".new"))
        os.replace(pdf.with_suffix(".new"), pdf)
    return pdf


def _with_playwright(browser: str, address: str, pdf: Path) -> None:
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser, args=list(FLAGS))
            page = chromium.new_page()
            page.set_default_timeout(120_000)
            page.goto(address)
            page.evaluate("window.MathJax ? MathJax.startup.promise : null")
            page.evaluate("document.querySelectorAll('details:not(.hide)').forEach(one => one.open = true)")
            page.evaluate("document.fonts.ready")
            page.pdf(path=str(pdf), prefer_css_page_size=True, outline=True, tagged=True, print_background=True,
                     display_header_footer=True, header_template="<span></span>", footer_template=FOOT)
            chromium.close()
    except Error as error:
        raise PrintError(f"{browser} did not print the PDF: {str(error).strip().splitlines()[0]}") from error


def _with_command_line(browser: str, address: str, pdf: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        ended = subprocess.run(
            [browser, "--headless", *FLAGS, f"--user-data-dir={profile}", "--no-pdf-header-footer",
             "--virtual-time-budget=60000", f"--print-to-pdf={pdf}", address],
            capture_output=True, text=True, timeout=300, check=False)
    if ended.returncode:
        raise PrintError(f"{browser} ended with code {ended.returncode}: {ended.stderr.strip()[-200:]}")
