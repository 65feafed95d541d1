"""What a notebook says to its reader and leaves to the run: figures, sentences, claims."""

import contextlib
import json
import re
import tomllib
from dataclasses import asdict
from pathlib import Path

from IPython.display import Image, Markdown, display

from lisbon_core.ground._core import LisbonError
from lisbon_core.ground.rounding import number as number
from lisbon_core.parameters import FAST, RunParameters
from lisbon_core.plots.drawn import drawn_data
from lisbon_core.plots.saving import drawn_by, image
from lisbon_core.plots.style import STYLE
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, write_atomically, write_json
from lisbon_core.verdicts import Claim, ClaimError, merge

PERCENT = re.compile(r"(?<=\d)%(?![0-9A-F]{2})")  # a space stands before it, as before any unit; not in addresses


def folder(run_dir: str = "") -> Path:
    """Folder of the run a notebook belongs to; one run alone writes into `runs/notebook`."""
    return Path(run_dir) if run_dir else ROOT / "runs" / "notebook"


def picture(figure, alt: str = "") -> Image:
    """A figure as PNG, as a screen shows it."""
    # a figure for one column of a journal is read on a screen too
    width = round(figure.get_figwidth() * (STYLE["figure.dpi"] if figure.get_figwidth() > 5.0 else 150))
    return Image(data=image(figure, "png", STYLE["savefig.dpi"]), format="png", width=width, alt=alt)


def show(fig, name: str, run_dir: str = "", **numbers) -> None:
    """Save a figure with the run: pixels, vectors for print, the data it draws; display it with its words; close it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Its label, where it has one, names the function that drew it and goes into the files and the caption.
    name : str
        File stem, such as `05_residual`: a table of `notebooks/figures.toml` with `alt`, what one who cannot see the
        figure must know, and `caption`, what is printed below it (Markdown).
    run_dir : str
        Folder of the run, as in the parameters.
    numbers
        What fills the places in the words, `{rms:.0%}`, by name.

    Raises
    ------
    LisbonError
        If words are missing, or one of their places is not filled.
    """
    import matplotlib.pyplot as plt

    words = words_of(name, numbers)
    on_screen = picture(fig, words["alt"])
    vectors = image(fig, "pdf", STYLE["savefig.dpi"])
    for kind, content in {"png": on_screen.data, "pdf": vectors, "ecsv": drawn_data(fig)}.items():
        write_atomically(folder(run_dir) / "figures" / f"{name}.{kind}", content)
    display(on_screen)
    drawn = f" Drawn by `{drawn_by(fig).removeprefix('lisbon_core.')}`." if fig.get_label() else ""
    display(Markdown(f"*{name}.* {words['caption']}{drawn}"))
    plt.close(fig)


def words_of(name: str, numbers: dict) -> dict[str, str]:
    """Alternative text and caption of a figure, from the figures.toml beside the notebook, with its numbers."""
    beside = Path("figures.toml")  # a run begins in the notebook's folder
    file = beside if beside.is_file() else NOTEBOOKS / "figures.toml"
    told = tomllib.loads(file.read_text(encoding="utf-8")).get(name, {})
    try:
        words = {key: PERCENT.sub(" %", " ".join(told.get(key, "").format(**numbers).split()))
                 for key in ("alt", "caption")}
    except KeyError as place:
        raise LisbonError(f"The words of figure {name} have a place for {place}, which is not given: "
                          "call show with it.") from None
    if missing := [key for key, text in words.items() if not text]:
        raise LisbonError(f"Figure {name} has no {' and no '.join(missing)}: write them into the figures.toml beside "
                          "its notebook.")
    return words


def say(text: str) -> None:
    """Display a sentence (Markdown) whose numbers were computed."""
    display(Markdown(PERCENT.sub(" %", text)))


def expect(holds: bool, otherwise: str, parameters: RunParameters) -> None:
    """Stop where what must hold at the defaults does not; with parameters of one's own, say it: it is a finding then.

    Raises
    ------
    AssertionError
        At the defaults, or those of --fast.
    """
    if holds:
        return
    if parameters in (RunParameters(), RunParameters(**FAST)):
        raise AssertionError(otherwise)
    say(f"**Mind:** {otherwise}.")


@contextlib.contextmanager
def where_possible(what: str):
    """What this sky or these parameters do not allow is left out, with the reason."""
    try:
        yield
    except LisbonError as reason:
        say(f"{what} cannot be had here: {reason}.")


def record(run_dir: str, notebook: str, claims: list[Claim]) -> None:
    """Write the claims a notebook makes to `run_dir`/claims/`notebook`.json.

    Raises
    ------
    ClaimError
        If two of them have one identifier.
    """
    names = [claim.id for claim in claims]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ClaimError(f"Notebook {notebook} makes the claim {repeated[0]} twice: keep one.")
    write_json(folder(run_dir) / "claims" / f"{notebook}.json", [asdict(claim) for claim in claims])


def ledger(run_dir: str) -> dict:
    """Claims made so far in a run, by identifier; where there are none yet, those that are committed.

    Each is a row of results.json: value, sigma, unit, paper, truth, equation, note, verdict.
    """
    made = merge(folder(run_dir), default_sky=False)
    committed = ROOT / "figures" / "results.json"
    if made or not committed.is_file():
        return made
    return json.loads(committed.read_text(encoding="utf-8"))["claims"]
