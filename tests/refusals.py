"""Inputs that Lisbon refuses, each with the sentence it gets: `python tests/refusals.py` writes the page of them."""

import contextlib
import gzip
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table

from lisbon_core.ground._core import write_atomically
from lisbon_core.tools.cli import main
from lisbon_core.tools.provenance import NOTEBOOKS

PAGE = NOTEBOOKS / "own" / "what_is_refused.md"
HEAD = """# What is refused, and what it says

A mistake gets one sentence: the thing, its value, what is allowed, what to do next. Nothing is run and nothing is
written. This page is made from the sentences themselves, and a test makes it again. What is readable but doubtful is
not refused: `lisbon map FILE` says what was taken for what, and what to mind.
"""


def table(ra=None, dec=None, intensity=None, **columns) -> str:
    """A map of 6-degree pixels as CSV, with one of its columns made wrong."""
    lon, lat = (x.ravel() for x in np.meshgrid(np.arange(3.0, 360, 6), np.arange(-87.0, 90, 6)))
    value = np.round(1 + 1e-3 * np.cos(np.radians(lon)), 6)
    made = {"ra": lon if ra is None else ra(lon), "dec": lat if dec is None else dec(lat),
            "relative_intensity": value if intensity is None else intensity(value)}
    made |= {name: function(value) for name, function in columns.items()}
    lines = io.StringIO()
    Table({name: column for name, column in made.items() if column is not None}).write(lines, format="ascii.csv")
    return lines.getvalue()


def put(x, where, value):
    x = x.astype(object) if isinstance(value, str) else x.copy()
    x[where] = value
    return x


def healpix(header, **columns) -> bytes:
    """A HEALPix file of NSIDE 4 with a header or columns made wrong."""
    hdu = fits.BinTableHDU.from_columns([fits.Column(name, "D", array=x) for name, x in columns.items()])
    hdu.header.update({"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": 4} | header)
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    return stream.getvalue()


SKY = 1 + 1e-3 * np.cos(np.arange(192.0))
MAPS = {
    "an empty file": "",
    "a file cut short": gzip.compress(table().encode(), mtime=0)[:2000],
    "two columns nobody knows": table(excess=lambda x: x - 1).replace("relative_intensity", "ratio"),
    "no coordinates": table().replace("ra,dec", "x,y"),
    "a frame nobody knows": "# COORDSYS = horizontal\n" + table(),
    "a unit that is none of a ratio": table().replace("relative_intensity", "relative_intensity [K]"),
    "values in percent": table(intensity=lambda x: 100 * x),
    "a map of significances": table().replace("relative_intensity", "significance"),
    "a declination that is a colatitude": table(dec=lambda x: 90 - x),
    "one wild value": table(intensity=lambda x: put(x, 1, 700.0)),
    "a word where a number belongs": table(ra=lambda x: put(x, 4, "abc")),
    "a pixel given twice": table(ra=lambda x: put(x, 1, 3.0)),
    "a declination beyond the pole": table(dec=lambda x: put(x, 0, -95.0)),
    "a pixel off the grid": table(ra=lambda x: put(x, 7, 46.0)),
    "a negative error": table(sigma=lambda x: put(0 * x + 1e-3, 2, -1e-3)),
    "no ring complete": table(intensity=lambda x: put(x, slice(0, None, 60), np.nan)),
    "nothing observed": table(intensity=lambda x: 0 * x),
    "HEALPix of another size than its header says": healpix({"NSIDE": 32}, I=SKY),
    "HEALPix of an NSIDE that is no number": healpix({"NSIDE": "many"}, I=SKY),
    "HEALPix in an order nobody knows": healpix({"ORDERING": "SPIRAL"}, I=SKY),
    "counts without their background": healpix({}, data=SKY + 1000),
    "the sum of the scramblings as background": healpix({}, data=0 * SKY + 1000, background=0 * SKY + 20_000),
    "a count gone wild": healpix({}, data=put(0 * SKY + 1000, 5, 1e9), background=0 * SKY + 1000),
}
SETTINGS = ("rigidity_TV=0", "rigidity_TV=inf", "field_uG=0", "field_lon=1e308", "field_lat=91", "boundary_AU=50",
            "p_index=nan", "p_index=-1", "order=seven", "order=7.5", "order=1000", "order=", "ordr=5", "Órder=5",
            "polarity=2", "samples=0", "closure=steady", "field_frame=solar", "dec_min=80", "dec_min=nan",
            "grid_deg=7", "averaging_deg=-1", "sigma_default=0", "kappa29=-1", "seed=-1", "sky_map=nowhere.fits",
            "mask=nowhere.csv", "heliosphere=nowhere.toml")
FILES = {"order: seven": "a word for a number", "order: [3, 5]": "a list for a number", "polarity: true": "yes or no",
         "rigidity_TV: .nan": "what is no number", "field_frame: 1": "a number for a word", "ordr: 5": "a misspelling",
         "order: 5: 6": "no YAML", "- order": "no names", "order: !!python/name:os.system": "code"}
HELIOSPHERES = {"a name it does not know": "nose = 110", "a boundary inside of it": "nose_AU = 9000.0",
                "a shock beyond the heliopause": "shock_AU = 500.0", "a boundary inside the shock": "shock_AU = 0.5",
                "a field without strength": "field_uG = 0.0", "a word for a number": "nose_AU = 'far'",
                "a list for a number": "shock_AU = [85.0]", "one number for two": "rotation_axis_icrs = 286.0",
                "a wind without speed": "wind_speed_km_s = 0.0", "a field beyond measure": "radial_field_uG = 1e308",
                "what is no number": "saturation = nan"}


def sentence(*arguments) -> str:
    """What the command line answers to a mistake."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = main(list(arguments))
    assert code == 2, f"{arguments} was not refused"
    return said.getvalue().removeprefix("lisbon: ").strip()


def rows(folder: Path, items: dict, ending: str, command) -> list[str]:
    """Table rows: what is wrong, and the sentence that the command gives to a file of that content."""
    lines = []
    for what, content in items.items():
        path = folder / f"mine{'.fits' if isinstance(content, bytes) and ending == '.csv' else ending}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        lines.append(f"| {what} | {_cell(sentence(*command(path)), folder)} |")
    return lines


def _cell(text: str, folder: Path) -> str:
    return text.replace(f"{folder}/", "").replace("|", "\\|").replace("<", "&lt;")


def page() -> str:
    """The page, from the sentences themselves."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out = ("--out", str(folder / "out"))
        parameters = [f"| `--set {one}` | {_cell(sentence('run', *out, '--set', one), folder)} |" for one in SETTINGS]
        files = rows(folder, MAPS, ".csv", lambda path: ("map", str(path)))
        given = rows(folder, {what: content for content, what in FILES.items()}, ".yaml",
                     lambda path: ("run", *out, "--params", str(path)))
        fields = rows(folder, HELIOSPHERES, ".toml", lambda path: ("run", *out, "--set", f"heliosphere={path}"))
        assert not (folder / "out").exists(), "a refused run left something behind"
    parts = (("Parameters of a run", "`lisbon run`", parameters), ("Parameter files", "what is in it", given),
             ("Sky maps", "what is wrong with it", files),
             ("Heliosphere files", "what is wrong with it", fields))
    return HEAD + "".join(f"\n## {title}\n\n| {first} | the sentence |\n|---|---|\n" + "\n".join(lines) + "\n"
                          for title, first, lines in parts)


if __name__ == "__main__":
    write_atomically(PAGE, page())
    sys.exit(0)
