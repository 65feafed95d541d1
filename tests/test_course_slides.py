"""The slides: one idea a slide, one figure or equation, notes to speak from, no number typed, no network; all fits."""

import json
import re

import nbformat
import pytest

from lisbon_core.course import slides
from lisbon_core.course.copies import CourseError
from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT
from lisbon_core.tools.site import build

LECTURES = pairing.sources(slides.SLIDES, "lecture_*.md")
RESULTS = json.loads((ROOT / "figures" / "results.json").read_text(encoding="utf-8"))
BY_LECTURE = pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)


def parts(path):
    """Slides of a source: what is shown, and what is said."""
    return [part.partition("\n???\n")[::2] for part in re.split(r"^---$", path.read_text(encoding="utf-8"), flags=re.M)]


def captions():
    """Captions of the published figures, by the stem of their files."""
    outputs = (one for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb") for cell in nbformat.read(path, as_version=4).cells
               for one in cell.get("outputs", []))
    said = "\n".join(one.get("data", {}).get("text/markdown", "") for one in outputs)
    return dict(re.findall(r"^\*(\w+)\.\* (.*)", said, re.M))


@BY_LECTURE
def test_slides_are_made_for_speaking(path):
    assert 18 <= len(parts(path)) <= 23
    for shown, said in parts(path):
        title, = re.findall(r"^# (.+)$", shown, re.M)
        words = re.sub(r"!\[.*?\]\(.*?\)|\$\$.*?\$\$|^# .*$", "", shown, flags=re.M | re.S).split()
        assert len(title.split()) <= 12, title
        assert len(words) <= 50, title
        assert shown.count("![") <= 1, f"{title}: one figure a slide"
        assert len(said.split()) >= 35, f"{title}: there is little to say"
        assert said.strip().endswith((".", "?")), f"{title}: notes are full sentences"


@BY_LECTURE
def test_no_number_of_a_run_is_typed(path):
    """Nor in alternative texts and notes."""
    for part in parts(path):
        for text in part:
            exercises = r"(?:[Ee]xercises?|also)(?: \d\.\d,?)+(?: and \d\.\d)?"
            plain = re.sub(rf"\$.*?\$|\]\(.*?\)|{exercises}|300 TeV|2006", "", text, flags=re.S)
            assert not re.search(r"\d[.,]\d|\d ?%|⁻|±|\d{3}", plain), plain


@BY_LECTURE
def test_figures_are_published_and_say_if_their_sky_is_synthetic(path):
    known = captions()
    link = r'!\[(.*?)\]\(\.\./\.\./figures/(\w+)\.png(?: "(.*?)")?\)'
    for alt, name, look in re.findall(link, path.read_text(encoding="utf-8")):
        assert len(alt.split()) > 8, name
        assert look.endswith("synthetic") == ("synthetic sky" in known[name]), name


def test_numbers_come_from_the_run():
    shown = "# Numbers\n\n[[A_1]] [[A_1.both]] [[A_1.truth]] [[L_focusing.verdict]] [[L_focusing.away]]"
    _, html = slides.lecture(shown, RESULTS)
    claim = RESULTS["claims"]["A_1"]
    for value in (claim["value"], claim["sigma"], claim["systematic"], claim["truth"]):
        assert f"{1e3 * value:.2f}" in html
    assert RESULTS["claims"]["L_focusing"]["verdict"] in html
    assert "a recovery test" in html
    measured = RESULTS | {"parameters": {"sky_map": "map.fits"}}
    assert "a recovery test" not in slides.lecture("# Numbers\n\n[[A_1]]", measured)[1]
    for text, words in (("[[A_99]]", "A_99"), ("[[A_1.paper]]", "A_1.paper"),
                        ("![a sky](../../figures/none.png)", "none.png"), ("![](argument.svg)", "no alternative text")):
        with pytest.raises(CourseError, match=words):
            slides.lecture(f"# Title\n\n{text}", RESULTS)


def test_what_the_last_lecture_says_is_what_the_run_found():
    def away(name):
        claim = RESULTS["claims"][name]
        return abs(claim["value"]) / (claim["sigma"] ** 2 + claim["systematic"] ** 2) ** 0.5

    assert away("A_1") > 3
    assert away("gradient_length") > 3
    assert away("eta") < 3
    assert away("L_focusing") < 3


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    out = tmp_path_factory.mktemp("slides")
    assert slides.slides(out) == len(LECTURES) == 3
    return out


@BY_LECTURE
def test_a_page_stands_on_its_own(path, pages):
    text = (pages / f"{path.stem}.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:|#)', text.partition("<script>{")[0].partition("MathJax = ")[0])
    assert "[[" not in text.partition("<nav>")[0]
    assert len(text) < 8_000_000


@BY_LECTURE
def test_every_slide_fits(path, pages):
    """In a browser of 1280 x 720 without a network: nothing overflows, figures are large, keys turn pages."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra 'browser')")
    with playwright.sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=build.find_browser(), args=list(build.FLAGS))
        except playwright.Error as error:
            pytest.skip(f"no Chromium: {str(error).splitlines()[0]}")
        page = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True).new_page()
        page.goto((pages / f"{path.stem}.html").as_uri())
        page.evaluate("MathJax.startup.promise")
        for number, (shown, _) in enumerate(parts(path), 1):
            found = page.evaluate("""() => {
              const now = document.querySelector("section.now"), box = one => one.getBoundingClientRect();
              const inside = [...now.querySelectorAll("h1, p, ul, table, figure, mjx-container")];
              return {low: Math.max(...inside.map(one => box(one).bottom)), wide: now.scrollWidth,
                      foot: box(now.querySelector("footer")).top,
                      figure: inside.filter(one => one.matches("figure")).map(one => box(one).height)[0] ?? 720,
                      formulas: now.querySelectorAll("mjx-container").length,
                      errors: now.querySelectorAll("mjx-merror").length, place: location.hash} }""")
            where = f"{path.stem}, slide {number}: {found}"
            assert found["low"] <= found["foot"], where
            assert found["wide"] <= 1280, where
            assert found["figure"] >= 320, where
            assert found["errors"] == 0, where
            assert found["formulas"] >= shown.count("$$") // 2, where
            assert found["place"] == f"#{number}", where
            page.keyboard.press("PageDown")
        page.keyboard.press("n")
        page.set_viewport_size({"width": 1280, "height": 1100})
        notes = page.locator("section.now + aside")
        for _ in parts(path):
            assert notes.is_visible()
            assert notes.evaluate("one => one.scrollHeight - one.clientHeight") <= 0, notes.inner_text()
            page.keyboard.press("ArrowLeft")
        assert page.evaluate("location.hash") == "#1"
        printed = page.pdf(prefer_css_page_size=True)
        sheets = len(re.findall(rb"/Type\s*/Page\b", printed))
        assert sheets == 2 * len(parts(path)), "not a page for a slide, and one for its notes"
        browser.close()
