"""Slides to speak from: each lecture a Markdown file in `notebooks/slides/`, made into one page that needs no network.

A line `---` parts slides, a line `???` a slide from what is said with it. A link's title says how a figure is shown:
`"panels 1 3"` of it side by side or `"rows 1 3"`, and last `"synthetic"` if it is of a synthetic sky. `[[A_1]]` is a
number of the published run with its statistical error, `[[A_1.both]]` with both errors, `[[A_1.away]]` how many of both
it is away from zero; `[[A_1.truth]]`, `[[A_1.paper]]`, `[[A_1.note]]` are what `results.json` says of it. No number of
a run is typed.
"""

import html
import importlib.util
import itertools
import json
import math
import mimetypes
import re
import sys
from base64 import b64encode
from pathlib import Path

import numpy as np
from nbconvert.filters import markdown2html
from PIL import Image

from lisbon_core.course import CourseError
from lisbon_core.ground.rounding import number
from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, write_atomically

SLIDES = NOTEBOOKS / "slides"


def slides(out: Path) -> int:
    """Write a page of HTML for each lecture into a folder; how many."""
    page = Path(__file__).with_name("slides.html").read_text(encoding="utf-8")
    results = json.loads((ROOT / "figures" / "results.json").read_text(encoding="utf-8"))
    script, sources = "", pairing.sources(SLIDES, "lecture_*.md")
    if spec := importlib.util.find_spec("mathjax"):
        path, = Path(spec.submodule_search_locations[0]).rglob("es5/tex-svg.js")
        script = path.read_text(encoding="utf-8")
    else:
        print("No formulas on the slides: install django-static-mathjax (pip install '.[site]').", file=sys.stderr)
    for path in sources:
        title, sections = lecture(path.read_text(encoding="utf-8"), results)
        filled = page.replace("{{ title }}", title).replace("{{ slides }}", sections).replace("{{ mathjax }}", script)
        write_atomically(out / f"{path.stem}.html", filled)
    return len(sources)


def lecture(text: str, results: dict) -> tuple[str, str]:
    """Title and sections (HTML) of a lecture, from its Markdown.

    Raises
    ------
    CourseError
        If a figure or a number that it shows is not there.
    """
    text = re.sub(r"\[\[(\w+)\.?(\w*)\]\]", lambda found: _number(*found.groups(), results), text)
    text = re.sub(r'!\[(.*?)\]\((\S+?)(?: "(.*)")?\)', lambda found: _figure(*found.groups()), text)
    title, sections = re.search(r"^# (.+)$", text, re.M)[1], []
    parts = [part.partition("\n???\n")[::2] for part in re.split(r"^---$", text, flags=re.M)]
    for count, (shown, said) in enumerate(parts, 1):
        look, mind = "drawn" * ("<figure" in shown), "<b>Synthetic sky: a recovery test</b>" * ('synthetic">' in shown)
        sections.append(f'<section class="{look}">\n{markdown2html(shown)}\n<footer><span>{count} / {len(parts)}</span>'
                        f" {title} {mind}</footer>\n</section>\n<aside>{markdown2html(said)}</aside>")
    return title, "\n".join(sections)


def _number(name: str, what: str, results: dict) -> str:
    """A claim's number as text, or what else is known of it; marked if the sky was synthetic."""
    try:
        claim = results["claims"][name]
        value, sigma, systematic, unit = (claim[key] for key in ("value", "sigma", "systematic", "unit"))
        if what == "away":
            text = f"{abs(value) / math.hypot(sigma, systematic):.1f}"
        elif what in ("", "both"):
            text = number(value, sigma, unit, systematic=systematic if what else None)
        else:
            text = claim[what] if isinstance(claim[what], str) else number(float(claim[what]), unit=unit)
    except (KeyError, TypeError):
        raise CourseError(f"A slide shows [[{name}.{what}]], which figures/results.json does not have: it has "
                          f"{', '.join(results['claims'])}.") from None
    return text if results["parameters"]["sky_map"] else f'<span class="synthetic">{text}</span>'


def _figure(alt: str, link: str, look: str | None) -> str:
    """A figure, or some of its panels, inside the page."""
    path, look = SLIDES / link, look or ""
    if not path.is_file() or not alt:
        raise CourseError(f"A slide shows {link}, which is not there or has no alternative text: name a figure of "
                          "figures/, or one beside the slides, and say what it shows.")
    images = [panels(path)[int(one) - 1] for one in re.findall(r"\d+", look)] or [path.read_bytes()]
    start = f'<img alt="" src="data:{mimetypes.guess_type(path.name)[0]};base64,'
    shown = "".join(f'{start}{b64encode(image).decode()}">' for image in images)
    return f'<figure role="img" aria-label="{html.escape(alt)}" class="{look}">{shown}</figure>'


def panels(path: Path) -> list[bytes]:
    """What stands one below the other in a figure, each from its title to the next one's, cut at blank rows (PNG)."""
    picture = Image.open(path).convert("RGB")
    drawn = (np.asarray(picture.convert("L")) < 250).any(axis=1)
    runs = np.flatnonzero(np.diff(drawn, prepend=False, append=False)).reshape(-1, 2)
    high = [k for k, (top, bottom) in enumerate(runs) if bottom - top > 0.15 * picture.height]
    # what is right above the next one is its title, if it is not the last one itself
    cuts = [0, *(runs[k if k - 1 in high else k - 1][0] - 2 for k in high[1:]), picture.height]
    parts = [picture.crop((0, top, picture.width, bottom)) for top, bottom in itertools.pairwise(cuts)]
    return [part._repr_png_() for part in parts]
