"""Sphinx makes the pages, MathJax from a Python package their equations, headless Chromium the PDF; no network."""

import importlib.util
import json
import os
import pkgutil
import re
import shutil
import subprocess
from pathlib import Path

import lisbon_core
from lisbon_core.ground._core import require
from lisbon_core.tools import reference, tables
from lisbon_core.tools.provenance import ROOT

HERE = Path(__file__).parent
NEEDS = {"sphinx": "sphinx", "myst_nb": "myst-nb", "sphinx_book_theme": "sphinx-book-theme",
         "sphinx_copybutton": "sphinx-copybutton", "mathjax": "django-static-mathjax"}
TAKEN = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "data/*.md", "data/answers.json", "figures/*.png",
         "figures/*.svg", "figures/*.ecsv", "notebooks/[0-9]*.ipynb", "notebooks/**/*.md")
# of rooms; all others are physics
KINDS = {"studies": "studies", "plots": "studies", "tools": "tools", "course": "tools"}
# no sandbox: it needs privileges that a container lacks; and nothing is asked of the network
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-default-apps", "--disable-sync", "--no-first-run")


def find_browser() -> str | None:
    """Path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def build_site(out: Path = ROOT / "_build") -> Path:
    """Build `out`/site/html from the notebooks as they were last run; return its first page.

    Raises
    ------
    LisbonError
        If a package it needs is missing, or anything is not as it should be: warnings are errors. The site of an
        earlier build then stays.
    """
    gather(out / "site" / "source")
    return _sphinx(out / "site", "html") / "index.html"


def build_pdf(out: Path = ROOT / "_build") -> Path:
    """Build `out`/lisbon.pdf, all but the code on A4 pages; return its path.

    Raises
    ------
    LisbonError
        If a package or Chromium is missing, or anything is not as it should be.
    """
    browser = find_browser()
    require(browser, "The PDF is printed by Chromium, and none was found: install chromium or google-chrome (on "
            "Debian: apt-get install chromium), or print the site from a browser.")
    gather(out / "pdf" / "source", printed=True)
    page, draft = _sphinx(out / "pdf", "singlehtml") / "index.html", out / "pdf" / "lisbon.pdf"
    text, pages = page.read_text(encoding="utf-8"), []
    to_vectors = shutil.which("pdftocairo")
    vectors = [figure.stem for figure in sorted((ROOT / "figures").glob("*.pdf")) if to_vectors and not subprocess.run(
        [to_vectors, "-svg", figure, page.with_name(f"{figure.stem}.svg")], check=False).returncode]
    for _ in range(2):  # the second time with the numbers of the pages, which the first has found
        told = json.dumps({"pages": pages, "vectors": vectors})
        page.write_text(text.replace("</body>", f'<script type="application/json" id="printed">{told}</script>\n'
                                     '<script src="_static/print.js"></script>\n</body>'), encoding="utf-8")
        draft.unlink(missing_ok=True)
        ended = subprocess.run(  # the time is Chromium's own: it waits until MathJax has set every equation
            [browser, "--headless", *FLAGS, f"--user-data-dir={out / 'pdf' / 'profile'}", "--no-pdf-header-footer",
             "--generate-pdf-document-outline", "--virtual-time-budget=60000", f"--print-to-pdf={draft}",
             page.as_uri()], capture_output=True, text=True, timeout=600, check=False)
        require(not ended.returncode and draft.is_file(),
                f"{browser} did not print {page}: try it by hand. It said: {ended.stderr.strip()[-200:]}")
        pages = _pages(draft.read_bytes())
    return draft.replace(out / "lisbon.pdf")


def _pages(pdf: bytes) -> list[int]:
    """Page of each chapter, as Chromium writes them: a page an object, in order; places by the names of their marks."""
    order = re.findall(rb"(\d+) 0 obj\s*<<\s*/Type /Page\b", pdf)
    found = {int(chapter): order.index(page) + 1 for chapter, page in re.findall(rb"/chapter-(\d+) \[(\d+) 0 R", pdf)}
    return [found[chapter] for chapter in sorted(found)]


def gather(target: Path, printed: bool = False) -> None:
    """Fill `target` with the pages, laid out like the repository, so that its links hold.

    Notebooks, Markdown pages and figures are taken as they are; what is in pages/ is filled with the tables of claims,
    equations, symbols and tests. `printed` leaves out what paper has no use for: tests, and the reference of the code.
    """
    shutil.rmtree(target, ignore_errors=True)
    screen = ("tests.md", "try.md")
    shutil.copytree(HERE / "pages", target, ignore=shutil.ignore_patterns(*screen) if printed else None)
    for path in (path for pattern in TAKEN for path in ROOT.glob(pattern)):
        (target / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target / path.relative_to(ROOT))
    # what previews and links lead to
    listed = re.sub(r"^\*\*\((\w+)\)\*\*", r"[**(\1)**]{#equation-\1}", reference.equations(), flags=re.M)
    terms = re.sub(r"^- (\*\*(.+?)\*\*)", lambda term: f"- [{term[1]}]{{#{reference.anchor(term[2])}}}",
                   reference.glossary(), flags=re.M)
    results = json.loads((ROOT / "figures" / "results.json").read_text(encoding="utf-8"))
    generated = {"claims": tables.table(results["claims"]), "notebooks/equations": listed,
                 "notebooks/symbols": f"{reference.symbol_table()}\n\n## Terms\n\n{terms}"}
    if printed:
        index = target / "index.md"
        text = index.read_text(encoding="utf-8").partition("% On paper")[0]
        index.write_text(re.sub(r"^(try$|- \*\*\[Try\]).*\n", "", text, flags=re.M), encoding="utf-8")
    else:
        generated |= {"tests": _tests(target), **_reference()}
    for name, text in generated.items():
        path = target / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    for path in (target / "README.md", target / "claims.md"):  # a number, its error and its power of ten: on one line
        path.write_text(re.sub(r" ([±×]) ", "\u00a0\\1\u00a0", path.read_text("utf-8")), encoding="utf-8")


def _tests(target: Path) -> str:
    """The source of every test of an equation."""
    tests = dict.fromkeys(test for proofs in reference.tests().values() for test in proofs)
    root = os.path.relpath(ROOT, target)
    return "\n\n".join(f"## {name}\n\n```{{literalinclude}} {root}/{path}\n:pyobject: {name}\n```"
                       for path, name in (test.split("::") for test in tests))


def _reference() -> dict[str, str]:
    """A page for each package or module at the top of lisbon_core, with all that is public in it."""
    pages = {}
    for found in pkgutil.walk_packages(lisbon_core.__path__, "lisbon_core."):
        room, *inner = found.name.split(".")[1:]
        if "._" in found.name or inner[:1] == ["site"]:
            continue
        page = f"code/{KINDS.get(room, 'physics')}/{room}"
        heading = f"\n## {room}.{'.'.join(inner)}" if inner else f"# {room}"
        # what a module takes from another is documented where it is defined
        directive = f"```{{eval-rst}}\n.. automodule:: {found.name}\n   :members:\n   :ignore-module-all:\n```"
        pages[page] = f"{pages.get(page, '')}{heading}\n\n{directive}\n"
    return pages


def _sphinx(folder: Path, builder: str) -> Path:
    """Build beside `folder`/html and put the result in its place only if there was nothing to complain about."""
    missing = [name for module, name in NEEDS.items() if importlib.util.find_spec(module) is None]
    require(not missing, f"The site needs {', '.join(missing)}, which this Python lacks: run 'make site', or "
            "'pip install -e .[site]' first.")
    from sphinx.cmd.build import build_main

    new, out = folder / "new", folder / "html"
    shutil.rmtree(new, ignore_errors=True)
    complained = build_main(["--quiet", "--fresh-env", "--fail-on-warning", "--keep-going", "--jobs", "2", "--builder",
                             builder, "--conf-dir", str(HERE), "--doctree-dir", str(folder / "doctrees"),
                             str(folder / "source"), str(new)])
    require(not complained, f"The {builder} build complained, see above; what an earlier build left is unchanged.")
    for path in (folder / "source" / "figures").glob("*.ecsv"):  # what captions link to
        (new / "figures").mkdir(exist_ok=True)
        shutil.copy2(path, new / "figures" / path.name)
    shutil.rmtree(out, ignore_errors=True)
    return new.replace(out)
