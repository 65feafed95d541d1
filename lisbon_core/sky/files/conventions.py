"""What the arrays of a sky map file are: one list of names, units, frames and missing values for all containers.

The list itself is data/conventions.toml.
"""

import re
import tomllib

import numpy as np
from astropy import units as u

from lisbon_core.ground.measurements import DATA
from lisbon_core.sky.map import SkyMapError, require

LIST = tomllib.loads((DATA / "conventions.toml").read_text(encoding="utf-8"))
NAMES = {kind: re.compile(f"({names})(_?map)?_?[0-9]*") for kind, names in LIST["names"].items()}
OF_A_MAP = ("sigma", "variance", "inverse variance", "mask", "observed", "significance")


def plain(name: str) -> str:
    """A name in lower case, with one underscore for whatever is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def kind_of(name: str) -> str:
    """What an array of this name is: a key of `NAMES`, or "unknown"."""
    return next((kind for kind, names in NAMES.items() if names.fullmatch(plain(name))), "unknown")


def name_and_unit(name: str) -> tuple[str, str]:
    """Name and unit of a column called, say, 'ra [deg]' or 'dec_rad'."""
    found = re.fullmatch(r"(.*?)\s*[\[(](.*)[\])]|(.*)_(deg|rad)", name.strip(), flags=re.I)
    return tuple(part for part in found.groups() if part is not None) if found else (name.strip(), "")


def numbers(array) -> np.ndarray:
    """Values as floats, NaN where the file says that there is none: its nulls, BAD_DATA, UNSEEN.

    Raises
    ------
    SkyMapError
        If one of them is no number.
    """
    values = np.ma.getdata(array.values)
    bad = re.fullmatch(r"[-+.\deE]+", str(array.header.get("BAD_DATA", "")).strip())
    if values.dtype.kind not in "biuf":
        words = [entry.decode("latin-1") if isinstance(entry, bytes) else str(entry) for entry in values.tolist()]
        values = np.empty(len(words))
        for row, word in enumerate(words):
            try:
                values[row] = LIST["words"].get(word.strip().lower(), word)
            except ValueError:
                raise SkyMapError(f"column {array.name} holds {word!r:.60} in row {row + 1}: numbers are needed") \
                    from None
    values = values.astype(float)
    values[np.ma.getmaskarray(array.values) | ~(np.abs(values) < 1e20)] = np.nan
    if bad:
        values[np.isclose(values, float(bad[0]), atol=0)] = np.nan
    return values


def scale_of(array) -> float:
    """What a relative intensity in the unit of an array is multiplied by.

    Raises
    ------
    SkyMapError
        If the unit is none of a ratio.
    """
    text, scales = array.unit.strip().lower(), LIST["scales"]
    try:
        return scales[text] if text in scales else float(u.Unit(re.sub(r"^[x*]\s*", "", text)).to(u.one))
    except (ValueError, TypeError, u.UnitsError):
        raise SkyMapError(f"the unit of {array} is {array.unit!r}, but a relative intensity has none, or %, 1e-3 and "
                          "the like: correct the unit, or choose another array") from None


def degrees(array) -> tuple[np.ndarray, bool]:
    """Coordinates in degrees, and whether the file says their unit.

    Raises
    ------
    SkyMapError
        If the unit is none of an angle.
    """
    text, angles = array.unit.strip().lower(), LIST["angles"]
    unit = angles.get(text, angles.get(text.removesuffix("s")))
    require(unit or text in ("", "unknown", "none"),
            f"the unit of {array} is {array.unit!r}, but degrees, radians or hours are needed: correct it")
    return numbers(array) * u.Unit(unit or "deg").to(u.deg), unit is not None


def frame_of(header: dict, log: list, own: str = "") -> str:
    """Frame that a header states; if it states none, that of the names of coordinates, or equatorial with a word.

    Raises
    ------
    SkyMapError
        If it is unknown, of another equinox than 2000, or not that of the coordinates.
    """
    key = next((key for key in LIST["cards"]["frame"] if str(header.get(key) or "").strip()), "")
    said = str(header.get(key, "")).strip().upper()
    frame = next((name for name, words in LIST["frames"].items() if re.fullmatch(words, said)), "")
    if not said and not own:
        log.append("mind: the file does not say its frame (COORDSYS): taken as equatorial")
    require(frame or not said,
            f"{key} is {said!r}, but equatorial (ICRS, FK5), galactic or ecliptic is needed: correct it")
    # RADESYS says the equator, should there be one
    require(not (own and said) or frame == own or key.startswith("RADE"),
            f"{key} is {said!r}, but the coordinates are {own}: correct the one or the other")
    frame, equinox = own or frame or "icrs", header.get("EQUINOX", 2000.0)
    require(frame != "icrs" or said.startswith("ICR") or str(equinox) in ("2000.0", "2000"),
            f"EQUINOX is {equinox}, but 2000 is needed: precess the map")
    return frame
