"""Sphinx makes the pages, MathJax from a Python package their equations, headless Chromium the PDF; no network."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from lisbon_core import __version__
from lisbon_core._core import LisbonError
from lisbon_core.tools.provenance import ROOT
from lisbon_core.tools.site import pages, printing

__all__ = ["SiteError", "build_pdf", "build_site"]

NEEDS = {"sphinx": "sphinx", "myst_nb": "myst-nb", "sphinx_book_theme": "sphinx-book-theme",
         "sphinx_copybutton": "sphinx-copybutton", "mathjax": "django-static-mathjax"}
# all that a page with equations loads: 1.7 MB of the 43 MB that the package holds
MATHJAX = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions")


class SiteError(LisbonError):
    """A site that cannot be built, or should not be shown."""


def build_site(out: Path = ROOT / "_build") -> Path:
    """Build `out`/site/html from the executed notebooks; return its first page.

    Raises
    ------
    SiteError
        If a package it needs is missing, or anything is not as it should be: warnings are errors. The site of an
        earlier build then stays.
    """
    folder = Path(out) / "site"
    foot = pages.gather(ROOT, folder / "source")
    return _sphinx(folder / "source", folder / "html", "html", foot) / "index.html"


def build_pdf(out: Path = ROOT / "_build") -> Path:
    """Build `out`/lisbon.pdf, all but the reference of the code on A4 pages; return its path.

    Raises
    ------
    SiteError
        If a package or Chromium is missing, or anything is not as it should be.
    """
    browser = printing.find_browser()
    if browser is None:
        raise SiteError("The PDF is printed by Chromium, and none was found: install chromium or google-chrome "
                        "(on Debian: apt-get install chromium), or print the site from a browser.")
    folder = Path(out) / "pdf"
    foot = pages.gather(ROOT, folder / "source", printed=True)
    html = _sphinx(folder / "source", folder / "html", "singlehtml", foot)
    try:
        return printing.print_page(browser, html, Path(out) / "lisbon.pdf")
    except printing.PrintError as error:
        raise SiteError(str(error)) from error


def _sphinx(source: Path, out: Path, builder: str, foot: str) -> Path:
    """Build beside `out` and put the result in its place only if there was nothing to complain about."""
    missing = [name for module, name in NEEDS.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise SiteError(f"The site needs {', '.join(missing)}, which this Python lacks: run 'make site', or "
                        "'pip install -e .[site]' first.")
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    static = source.parent / "static"
    copy_mathjax(static / "mathjax")
    here = Path(__file__).parent
    new = out.with_name(f"{out.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    settings = {"version": __version__, "release": __version__, "html_theme_options.extra_footer": foot,
                "html_static_path": [str(here / "static"), str(static)]}
    with docutils_namespace(), patch_docutils(here):
        app = Sphinx(source, here, new, source.parent / "doctrees", builder, settings, status=None,
                     warning=sys.stderr, freshenv=True, warningiserror=True, parallel=min(2, os.cpu_count() or 1))
        app.build(force_all=True)
    if app.statuscode:
        raise SiteError(f"The {builder} build complained, see above; what an earlier build left is unchanged.")
    if builder == "html":
        shutil.copytree(source.parent / "downloads", new / "_sources", dirs_exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)
    return out


def copy_mathjax(target: Path) -> None:
    """Copy what the pages need of MathJax out of the Python package that ships it."""
    package = Path(next(iter(importlib.util.find_spec("mathjax").submodule_search_locations)))
    es5 = package / "static" / "mathjax" / "es5"
    if not (es5 / MATHJAX[0]).is_file():
        raise SiteError(f"The package mathjax in {package.parent} is not that of django-static-mathjax: install "
                        "django-static-mathjax, version 3.2 or newer, in its place.")
    for name in MATHJAX:
        if (es5 / name).is_dir():
            shutil.copytree(es5 / name, target / name, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(es5 / name, target / name)
