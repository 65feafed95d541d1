"""The site and the PDF: complete, offline, readable on a wide screen and a narrow one."""

import functools
import html.parser
import http.server
import importlib
import importlib.util
import inspect
import itertools
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml
from toy import unpacked

import lisbon_core
from lisbon_core.ground._core import LisbonError
from lisbon_core.studies import answers
from lisbon_core.tools import pairing, reference
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT
from lisbon_core.tools.site import build
from lisbon_core.transport import diffusion_coefficient

BUILT_BY = [name for name in build.NEEDS if importlib.util.find_spec(name) is None]
NO_BROWSER = build.find_browser() is None or importlib.util.find_spec("playwright") is None
needs_site = pytest.mark.skipif(bool(BUILT_BY), reason=f"the site needs {', '.join(BUILT_BY)}")
needs_browser = pytest.mark.skipif(NO_BROWSER, reason="needs Chromium and playwright")
STEMS = [path.stem for path in pairing.sources(NOTEBOOKS)]


def made(out, command="site"):
    """Run the command in a process of its own: Sphinx warns of its own future there, not here."""
    ended = subprocess.run([sys.executable, "-m", "lisbon_core", command, "--out", str(out)], cwd=out,
                           env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return Path(ended.stdout.strip())


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(folder):
    """Serve a folder on this machine alone; gives its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return made(tmp_path_factory.mktemp("site")).parent


class _Page(html.parser.HTMLParser):
    """What a page defines, links to and loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads, self.images = set(), [], [], []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {attributes.get("id"), attributes.get("name")}
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        if tag in ("script", "img", "iframe", "source") and attributes.get("src"):
            self.loads.append(attributes["src"])
        if tag == "link" and attributes.get("href") and attributes.get("rel") != "canonical":
            self.loads.append(attributes["href"])
        if tag == "img":
            self.images.append(attributes)


@pytest.fixture(scope="module")
def parsed(built):
    return {path: _Page(path) for path in sorted(built.rglob("*.html")) if "_static" not in path.parts}


@needs_site
def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(parsed, built):
    wrong = []
    for path, page in parsed.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https"):
                wrong += [(path.name, link)] if link in page.loads else []
                continue
            if parts.scheme in ("mailto", "data", "javascript"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            lost = parts.fragment and target in parsed and unquote(parts.fragment) not in parsed[target].ids
            if lost or not target.is_file() or not target.is_relative_to(built):
                wrong.append((path.name, link))
    assert not wrong


@needs_site
def test_every_notebook_is_there_with_its_figures_and_their_alternative_texts(parsed, built):
    for stem in STEMS:
        page = parsed[built / "notebooks" / f"{stem}.html"]
        told = [image.get("alt", "") for image in page.images if "_images" in image["src"]]
        assert "recovery test" in page.text
        taken = nbformat.read(built / "_sources" / "notebooks" / f"{stem}.ipynb", as_version=4)  # the download button
        nbformat.validate(taken)
        assert taken == nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4)
        assert told == [one["alt"] for cell in taken.cells for one in pairing.figures(cell)]
        assert all(len(text) > 20 for text in told)
        assert "data-mime-type=\"application/vnd.jupyter.stderr\"" not in page.text


@needs_site
def test_first_page_and_claims(parsed, built):
    first, claims = parsed[built / "index.html"], parsed[built / "claims.html"]
    doors = {"notebooks/00_reading_guide.html", "notebooks/own/own_map.html", "notebooks/exercises/README.html"}
    assert doors <= set(first.links)
    assert any("06_figure_2" in image["src"] for image in first.images)
    for page in (first, claims):
        assert "L_focusing" in page.text
        assert "recovery test" in page.text
        assert re.search(r"class='provenance'>.*inputs <code>[0-9a-f]{12}</code>", page.text)
    # a table is a table, also where a cell made it
    assert parsed[built / "notebooks" / "00_reading_guide.html"].text.count("<table") >= 2


@needs_site
def test_reference_holds_every_public_function_and_its_source(parsed):
    ids, links = set(), set()
    for path, page in parsed.items():
        if path.parent.parent.name == "code":
            ids |= page.ids
            links |= {link.rpartition("_modules/")[2] for link in page.links if "_modules/" in link}
    for found in pkgutil.walk_packages(lisbon_core.__path__, "lisbon_core."):
        if found.name.startswith("lisbon_core.tools.site") or "._" in found.name:
            continue
        module = importlib.import_module(found.name)
        for name, thing in vars(module).items():
            # functions, classes, and functions that numba compiles
            documented = inspect.isroutine(thing) or inspect.isclass(thing) or hasattr(thing, "py_func")
            if documented and name[0] != "_" and thing.__module__ == found.name and thing.__doc__:
                assert f"{found.name}.{name}" in ids
                assert f"{found.name.replace('.', '/')}.html#{name}" in links


@needs_site
def test_no_page_shows_a_path_of_this_machine(parsed):
    assert not [path.name for path, page in parsed.items() if str(ROOT) in page.text]


@needs_site
def test_search_is_there_and_the_site_is_small(built):
    assert "liouvil" in (built / "searchindex.js").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in built.rglob("*") if path.is_file()) < 40e6


def test_what_is_missing_is_named(monkeypatch, tmp_path):
    there = importlib.util.find_spec
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda name: None if name == "mathjax" else there(name))
    with pytest.raises(LisbonError, match="django-static-mathjax"):
        build.build_site(tmp_path)
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    with pytest.raises(LisbonError, match="Chromium"):
        build.build_pdf(tmp_path)
    assert not (tmp_path / "site" / "html").exists()
    assert not (tmp_path / "lisbon.pdf").exists()


@needs_site
def test_links_to_code_and_tests_lead_to_them(parsed, built):
    """From the map and from the table of the README; and each figure to the function that drew it."""
    proofs = {test.split("::")[1] for proofs in reference.tests().values() for test in proofs}
    shown = parsed[built / "tests.html"]
    assert all(f">{name}<" in shown.text for name in proofs)  # as code
    functions = {f"lisbon_core.{name}" for one in reference.EQUATIONS.values() for name in one["functions"]}
    for page in ("notebooks/00_reading_guide.html", "notebooks/equations.html"):
        ends = {link.partition("#")[2] for link in parsed[built / page].links}
        assert functions <= ends
        assert {name.replace("_", "-") for name in proofs} <= ends
    assert {link.partition("#")[0] for link in parsed[built / "index.html"].links} >= {
        "tests.html", "code/physics/liouville.html", "code/physics/transport.html"}
    drawn = parsed[built / "notebooks" / "06_renormalisation.html"].links
    assert "../code/studies/plots.html#lisbon_core.plots.skies.figure_2" in drawn


def test_workflow_calls_make_site():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["site"]["steps"]
    assert {"run": "make site"} in steps
    assert any(step.get("with", {}).get("path") == "_build/site/html" for step in steps)


LOOK = """async () => {
  if (window.MathJax) await MathJax.startup.promise;
  const loaded = ['resource', 'navigation'].flatMap(kind => performance.getEntriesByType(kind));
  document.querySelectorAll('img').forEach(one => { one.loading = 'eager' });
  const images = [...document.images].filter(one => one.checkVisibility());
  await Promise.all(images.map(one => one.decode().catch(() => 0)));
  const shown = [...document.querySelectorAll('main :is(p, li, td, h1, h2, h3)')].map(one => one.innerText).join(' ');
  const code = [...document.querySelectorAll('div.highlight pre')];
  return {
    weight: loaded.reduce((sum, one) => sum + one.decodedBodySize, 0),  // before what lies below was asked for
    scrolling: code.filter(one => one.scrollWidth > one.clientWidth + 1).length,
    silent: code.filter(one => one.scrollWidth > one.clientWidth + 1
                               && !getComputedStyle(one).backgroundAttachment.includes('local')).length,
    width: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    equations: document.querySelectorAll('.math').length,
    set: document.querySelectorAll('.math mjx-container').length,
    errors: document.querySelectorAll('mjx-merror, [data-mjx-error]').length,
    broken: images.filter(one => !one.naturalWidth).map(one => one.src),
    raw: /\\$\\$|\\\\tag|\\\\frac|\\{py:obj\\}|:::/.test(shown.replace(/\\n.*\\$\\$.*\\{.*/g, '')),
  } }"""


@pytest.fixture(scope="module")
def browser():
    if NO_BROWSER:
        pytest.skip("needs Chromium and playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=build.find_browser(), args=list(build.FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def watched(browser):
    """A page, and all that it asked for and complained about."""
    page, asked, complaints = browser.new_page(), [], []
    page.set_default_timeout(120_000)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed {request.url}")
            if request.failure != "net::ERR_ABORTED" else None)  # the page was left before its icon came
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    yield page, asked, complaints
    page.close()


@needs_site
@needs_browser
@pytest.mark.parametrize("width", [1280, 400])
def test_pages_as_seen(built, parsed, watched, width):
    """Equations are set, figures drawn, nothing is wider than the screen, no page is heavy, no request goes elsewhere.

    Code that scrolls has a shadow that says so; on a wide screen none does.
    """
    page, asked, complaints = watched
    page.set_viewport_size({"width": width, "height": 900})
    with served(built) as address:
        for path in parsed:
            if "_modules" in path.parts or path.name in ("genindex.html", "py-modindex.html"):
                continue
            page.goto(f"{address}/{path.relative_to(built).as_posix()}")
            seen = page.evaluate(LOOK)
            wanted = {"width": 0, "errors": 0, "broken": [], "raw": False, "set": seen["equations"], "silent": 0}
            assert seen | wanted == seen, (path.name, seen)
            assert seen["weight"] < 1.5e6, (path.name, seen)
            assert not seen["scrolling"] or width < 1200, (path.name, seen)
    assert all(url.startswith((address, "data:")) for url in asked)
    assert not complaints


@needs_site
@needs_browser
def test_site_opens_as_files_too(built, watched):
    page, asked, complaints = watched
    page.goto((built / "notebooks" / "01_liouville.html").as_uri())
    seen = page.evaluate(LOOK)
    assert seen["set"] == seen["equations"] > 0
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert not complaints


@needs_site
@needs_browser
def test_search_finds(built, watched):
    page, _, complaints = watched
    with served(built) as address:
        page.goto(f"{address}/search.html?q=liouville")
        page.wait_for_selector("#search-results li a[href*='01_liouville']")
    assert not complaints


def pressed(page, control, key):
    """The sentence of a figure after a key in one of its controls, and whether its picture is another one."""
    name, picture = control.partition("-")[0], """name => [...document.querySelectorAll(`#answer-${name} canvas`)]
        .map(one => one.toDataURL()).join() + document.querySelector(`#answer-${name} .answer-panels`).innerHTML"""
    before = page.evaluate(picture, name)
    page.focus(f"#{control}")
    page.keyboard.press(key)
    return page.inner_text(f"#words-{name}"), page.evaluate(picture, name) != before


@needs_site
@needs_browser
def test_figures_answer_the_keyboard_as_the_package_does(built, watched):
    """In the sky B moves to where the next table entry has it; F and D, amplitude and phase are the package's."""
    page, asked, complaints = watched
    page.goto((built / "try.html").as_uri())
    tables, marks = json.loads(answers.PATH.read_text(encoding="utf-8")), "#answer-sky canvas"
    assert page.locator(".without-script").evaluate_all("them => them.every(one => !one.checkVisibility())")
    for key, lat, lon in (("ArrowRight", 2, 3), ("Home", 2, 0)):
        words, changed = pressed(page, "sky-lon", key)
        at = tables["sky"]["field_icrs"][lat][lon]
        assert changed
        assert page.get_attribute(marks, "data-field") == f"{at[0]:g} {at[1]:g}"
        assert f"right ascension {at[0]:.0f}°" in words
    words, changed = pressed(page, "sky-strength", "End")
    lowest = unpacked(tables["sky"]["earth"])[-1, 2, 0].min()
    assert changed
    assert f"from −{-1e3 * lowest:.2f}" in words
    for key, eta in (("End", 8), ("Home", 0)):  # scattering strongest at 90 degrees, and weakest
        words, changed = pressed(page, "scattering-eta", key)
        law, _, pad = answers.pad_of(answers.RATIOS[eta], 1.0, 17.8)
        assert changed
        assert f"A₁ = {1e3 * pad.legendre(1)[0]:.2f}" in words
        assert f"D(0) = {float(f'{diffusion_coefficient(law, 0.0, 1.0):.3g}'):.3g}"[:11] in words
    held = tables["dipole"]["laws"]["G falls as 1/rigidity"]["south"]["heliosphere"]
    assert pressed(page, "dipole-where", "ArrowDown")[1]
    for key, at in (("Home", 0), ("End", -1)):
        words, changed = pressed(page, "dipole-energy", key)
        assert changed
        assert f"({1e3 * held[0][at]:.2f} ± {1e3 * held[1][at]:.2f})" in words
        assert f"a phase of {held[2][at]:.0f}°" in words
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert not complaints


@needs_site
@needs_browser
def test_menu_of_code_and_previews(built, watched):
    page, _, complaints = watched
    page.goto((built / "notebooks" / "08_fokker_planck.html").as_uri())
    page.evaluate("MathJax.startup.promise")
    menu, folded = page.locator(".code-menu select"), page.locator("details.hide.above-input")
    for choice, opened, cells in (("all", True, True), ("none", False, False), ("", False, True)):
        menu.select_option(choice)
        assert folded.evaluate_all("(them, opened) => them.every(one => one.open === opened)", opened)
        assert page.locator(".cell_input:not(details *) pre").first.is_visible() == cells
    box = page.locator("#preview")
    term, equation = (page.locator(f"a.preview[href*='#{kind}']").first for kind in ("term", "equation"))
    term.focus()
    assert term.inner_text().lower() in box.inner_text().lower()
    assert term.get_attribute("aria-describedby") == "preview"
    page.keyboard.press("Escape")
    assert box.is_hidden()
    equation.hover()
    box.locator("mjx-container").wait_for()
    assert not complaints


@needs_site
@needs_browser
@pytest.mark.skipif(importlib.util.find_spec("axe_playwright_python") is None, reason="needs axe-playwright-python")
@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "try", "claims", "notebooks/08_fokker_planck", "notebooks/symbols"])
def test_no_barrier_that_axe_finds(built, watched, mode, name):
    page, _, _ = watched
    page.add_init_script(f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')")
    page.goto((built / f"{name}.html").as_uri())
    page.evaluate("window.MathJax && MathJax.startup.promise")
    axe = Path(importlib.util.find_spec("axe_playwright_python").origin).parent / "axe.min.js"
    page.evaluate(axe.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations.map(one => [one.id, one.nodes[0].html])")
    assert page.evaluate("document.documentElement.dataset.theme") == mode
    assert not found


@needs_site
@needs_browser
def test_pdf_holds_everything_uncut(tmp_path, browser):
    pdf = made(tmp_path, "pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    length = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert length > 40
    page = browser.new_page(viewport={"width": 680, "height": 994})  # what the margins leave of A4
    page.set_default_timeout(180_000)  # one page of everything
    page.emulate_media(media="print")
    with served(tmp_path / "pdf" / "html") as address:
        page.goto(f"{address}/index.html")
        page.evaluate("MathJax.startup.promise")
        tall, loose = page.evaluate("""() => {
          const whole = [...document.querySelectorAll('.cell_output img, pre, .math mjx-container, tr, blockquote')]
            .filter(one => one.checkVisibility());
          return [whole.filter(one => one.getBoundingClientRect().height > 990).map(one => one.innerText.slice(0, 80)),
                  whole.filter(one => { for (; one; one = one.parentElement)
                    if (getComputedStyle(one).breakInside == 'avoid') return false; return true })
                    .map(one => one.outerHTML.slice(0, 80))] }""")
        text = page.inner_text("body")
        contents = page.eval_on_selector_all(".book-contents a", "all => all.map(one => [one.firstChild.data, "
                                             "+one.querySelector('span').textContent])")
    page.close()
    assert not tall
    assert not loose
    assert "recovery test" in text
    titles, pages = zip(*contents, strict=True)
    assert all(before < after for before, after in itertools.pairwise(pages[:len(STEMS)]))
    assert [*pages] == sorted(pages)
    assert 1 < pages[0] <= pages[-1] <= length
    for stem, title in zip(STEMS, titles, strict=False):
        assert pairing.title(NOTEBOOKS / f"{stem}.py") in text
        assert pairing.title(NOTEBOOKS / f"{stem}.py") == title
    if shutil.which("pdftotext"):
        shown = subprocess.run(["pdftotext", tmp_path / "lisbon.pdf", "-"], capture_output=True, text=True, check=True)
        sheets = [" ".join(sheet.split()) for sheet in shown.stdout.split("\f")]
        assert all(sheets[number - 1].count(title) >= 2 for title, number in contents[:len(STEMS)]), "head and heading"
