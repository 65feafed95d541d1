"""Slides to speak from: each lecture a Markdown file in `notebooks/slides/`, made into one page that needs no network.

A line `---` parts slides, a line `???` a slide from what is said with it. Figures are those of the last published run,
with their words; a link's title takes a part of one, `"panels 1 3"` side by side or `"rows 1 3"`. `[[A_1]]` is a number of
that run with its statistical error, `[[A_1.both]]` with both errors, `[[A_1.away]]` how many of both it is away from zero;
`[[A_1.truth]]`, `[[A_1.paper]]`, `[[A_1.note]]` are what `results.json` says of it. No such number is typed.
"""

import base64
import html
import importlib.util
import itertools
import json
import math
import mimetypes
import re
import sys
from io import BytesIO
from pathlib import Path

import nbformat
import numpy as np
from nbconvert.filters import markdown2html
from PIL import Image

from lisbon_core.course.copies import CourseError
from lisbon_core.rounding import number
from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, write_atomically

__all__ = ["SLIDES", "lecture", "panels", "published", "slides"]

SLIDES = NOTEBOOKS / "slides"
SYNTHETIC = "<b>Synthetic sky: a recovery test, no measurement.</b>"


def slides(out: Path) -> int:
    """Write a page of HTML for each lecture into a folder; how many."""
    script = ""
    if spec := importlib.util.find_spec("mathjax"):
        path, = Path(spec.submodule_search_locations[0]).rglob("es5/tex-svg.js")
        script = path.read_text(encoding="utf-8")
    else:
        print("No formulas on the slides: install django-static-mathjax (pip install '.[site]').", file=sys.stderr)
    template = Path(__file__).with_name("slides.html").read_text(encoding="utf-8")
    results, known = json.loads((ROOT / "figures" / "results.json").read_text(encoding="utf-8")), published()
    found = pairing.sources(SLIDES, "lecture_*.md")
    for path in found:
        title, sections = lecture(path.read_text(encoding="utf-8"), results, known)
        page = template.replace("{{ title }}", title).replace("{{ slides }}", sections)
        write_atomically(out / f"{path.stem}.html", page.replace("{{ mathjax }}", script))
    return len(found)


def published() -> dict[str, tuple[str, str]]:
    """Alternative text and caption of each figure, by its file's stem, as the notebooks show them."""
    found = {}
    for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            outputs = cell.get("outputs", [])
            captions = re.findall(r"^\*(\w+)\.\* (.*)", "\n".join(
                one["data"].get("text/markdown", "") for one in outputs if "data" in one), re.M)
            for (name, caption), alt in zip(captions, pairing.alternative_texts(cell), strict=True):
                found[name] = alt, caption
    return found


def lecture(text: str, results: dict, known: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """Title and sections (HTML) of a lecture.

    Raises
    ------
    CourseError
        If a figure or a number that it shows is not there.
    """
    def number_of(found):
        try:
            return _number(*found.groups(), results)
        except (KeyError, TypeError):
            raise CourseError(f"A slide shows {found[0]}, which figures/results.json does not have: it has "
                              f"{', '.join(results['claims'])}.") from None

    def html_of(part):
        part = re.sub(r"\[\[(\w+)\.?(\w*)\]\]", number_of, part)
        return markdown2html(re.sub(r'!\[(.*?)\]\((\S+?)(?: "(.*)")?\)', lambda link: _figure(*link.groups(), known),
                                    part))

    parts = [one.partition("\n???\n")[::2] for one in re.split(r"^---$", text, flags=re.M)]
    title = html.escape(re.search(r"^# (.+)$", text, re.M)[1])
    sections = []
    for count, (shown, said) in enumerate(parts, 1):
        names = re.findall(r"!\[.*\]\(\S*?(\w+)\.png", shown)
        synthetic = "[[" in shown and not results["parameters"]["sky_map"]
        synthetic = synthetic or any("synthetic sky" in known.get(name, ("", ""))[1] for name in names)
        look = "" if names or ".svg" in shown else ' class="bare"'
        sections.append(f"<section{look}>\n{html_of(shown)}\n<footer><span>{count} / {len(parts)}</span> {title} "
                        f"{SYNTHETIC * synthetic}</footer>\n<aside>{html_of(said)}</aside>\n</section>")
    return title, "\n".join(sections)


def _number(name: str, what: str, results: dict) -> str:
    """A claim's number as text, or what else is known of it."""
    claim = results["claims"][name]
    value, sigma, systematic, unit = (claim[key] for key in ("value", "sigma", "systematic", "unit"))
    if what == "":
        return number(value, sigma, unit)
    if what == "both":
        return number(value, sigma, unit, (), systematic)
    if what == "away":
        return f"{abs(value) / math.hypot(sigma, systematic):.1f}"
    return claim[what] if isinstance(claim[what], str) else number(claim[what], unit=unit)


def _figure(alt: str, link: str, way: str | None, known: dict) -> str:
    """A figure, or some of its panels, inside the page: with the words it was published with, or those of the slide."""
    path = SLIDES / link
    if not path.is_file() or not (alt or path.stem in known):
        raise CourseError(f"A slide shows {link}, which is not there or in no published notebook: show a figure of "
                          "figures/, or one beside the slides with an alternative text.")
    look, *chosen = (way or "whole").split()
    cut = panels(path.read_bytes()) if chosen else []
    images = [cut[int(one) - 1] for one in chosen] or [path.read_bytes()]
    start = f"data:{mimetypes.guess_type(path.name)[0]};base64,"
    alts = [html.escape(alt or known[path.stem][0]), *[""] * len(images)]  # it is read once, whatever is cut
    return f'<figure class="{look}">' + "".join(
        f'<img alt="{words}" src="{start}{base64.b64encode(image).decode()}">'
        for words, image in zip(alts, images, strict=False)) + "</figure>"


def panels(png: bytes) -> list[bytes]:
    """What stands one below the other in a figure, each from its title to the next one's, cut at blank rows."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    drawn = (np.asarray(picture.convert("L")) < 250).any(axis=1)
    runs = np.flatnonzero(np.diff(drawn, prepend=False, append=False)).reshape(-1, 2)
    high = [k for k, (top, bottom) in enumerate(runs) if bottom - top > 0.15 * picture.height]
    # what is right above the next one is its title, if it is not the last one itself
    cuts = [0, *(runs[k if k - 1 in high else k - 1][0] - 2 for k in high[1:]), picture.height]
    saved = []
    for top, bottom in itertools.pairwise(cuts):
        stream = BytesIO()
        picture.crop((0, top, picture.width, bottom)).save(stream, "png")
        saved.append(stream.getvalue())
    return saved
