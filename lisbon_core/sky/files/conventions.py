"""What the arrays of a sky map file are: one list of names, units, frames and missing values for all containers."""

import re

import numpy as np
from astropy import units as u

from lisbon_core.sky.map import SkyMapError

UNSEEN = -1.6375e30  # of HEALPix
NAMES = {kind: re.compile(f"({names})(_?map)?_?[0-9]*") for kind, names in {
    "value": r"rel(ative)?_?int(ensity)?|intensity|ri|(cr_)?anisotropy|delta_i",
    "sigma": r"(.*_)?(sigma|err(or)?s?|stat|unc(ert(ainty)?)?s?|std(_?dev)?(uncertainty)?|rms)|e_.*"
             r"|(sigma|err(or)?|unc|stat)_(?!sys).*",
    "variance": r"(.*_)?var(iance)?(uncertainty)?", "inverse variance": r"(.*_)?ivar|inv(erse)?_?variance",
    "significance": r"(.*_)?(significances?|signif|li_?ma|(sqrt_)?ts|z_?score|pulls?|s_?n_?r|n_?sigma)|s_n",
    "data": r"data|counts|on|(n_?)?events", "background": r"background|bg|bkg|reference|off",
    "mask": r"mask(ed)?|bad(_pixels?)?|flags?|dq", "footprint": r"footprint",
    "energy": r"log_?10|(log_?(10)?_?)?(e|energy|rigidity)(_?[a-z]?e?v)?(_?bin)?",
    "observed": r"observed|seen|valid|good|exposure|coverage|hits|n_?obs|keep|kept",
    "pixel": r"((hpx|healpix)_?)?(pix(el|num)?|index)(_?(index|number|id))?|ipix|healpix", "uniq": r"uniq",
    "lon icrs": r"ra|right_?ascension|_?ra_?(j2000|icrs)|alpha_?j2000",
    "lat icrs": r"decl?|declination|_?dec?_?(j2000|icrs)|delta_?j2000",
    "lon galactic": r"l|g_?lon|gal(actic)?_?(lon(gitude)?|l)", "lat galactic": r"b|g_?lat|gal(actic)?_?(lat(itude)?|b)",
    "lon ecliptic": r"e_?lon|ecl(iptic)?_?lon(gitude)?", "lat ecliptic": r"e_?lat|ecl(iptic)?_?lat(itude)?",
    "lon": r"lon(gitude)?|phi", "lat": r"lat(itude)?|theta|colat(itude)?",
    "map": r"i|i_stokes|t|temperature|signal|values?|sky|sci|image|primary|skymap|.*_plane"}.items()}
OF_A_MAP = ("sigma", "variance", "inverse variance", "mask", "observed", "significance")
FRAMES = {"icrs": r"(?!.*(FK4|B1950))(C|Q|EQ.*|CEL.*|ICR.*|FK5.*|J2000.*|RA.*)", "galactic": r"G|GAL.*",
          "ecliptic": r"E|ECL.*"}
SAY_FRAME = ("COORDSYS", "COORD", "COORDTYPE", "SKYCOORD", "FRAME", "RADESYS", "RADECSYS")
SCALES = {**dict.fromkeys(("", "unknown", "none", "unitless", "dimensionless", "n/a", "-", "fraction"), 1.0),
          "percent": 0.01, "per cent": 0.01, "permil": 1e-3, "permille": 1e-3, "per mille": 1e-3, "‰": 1e-3}
ANGLES = {"d": u.deg, "deg": u.deg, "degree": u.deg, "rad": u.rad, "radian": u.rad, "h": u.hourangle, "hr": u.hourangle,
          "hour": u.hourangle, "hourangle": u.hourangle, "arcmin": u.arcmin, "arcsec": u.arcsec}
WORDS = {"true": 1, "t": 1, "yes": 1, "false": 0, "f": 0, "no": 0,
         **dict.fromkeys(("", "null", "none", "n/a", "na", "-", "--", "masked", "unseen"), np.nan)}


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
                values[row] = WORDS.get(word.strip().lower(), word)
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
    text = array.unit.strip().lower()
    try:
        return SCALES[text] if text in SCALES else float(u.Unit(re.sub(r"^[x*]\s*", "", text)).to(u.one))
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
    text = array.unit.strip().lower()
    unit = ANGLES.get(text, ANGLES.get(text.removesuffix("s")))
    if unit is None and text not in ("", "unknown", "none"):
        raise SkyMapError(f"the unit of {array} is {array.unit!r}, but degrees, radians or hours are "
                          "needed: correct it")
    return numbers(array) * (unit or u.deg).to(u.deg), unit is not None


def frame_of(header: dict, log: list, own: str = "") -> str:
    """Frame that a header states; if it states none, that of the names of coordinates, or equatorial with a word.

    Raises
    ------
    SkyMapError
        If it is unknown, of another equinox than 2000, or not that of the coordinates.
    """
    key = next((key for key in SAY_FRAME if str(header.get(key) or "").strip()), "")
    said = str(header.get(key, "")).strip().upper()
    frame = next((name for name, words in FRAMES.items() if re.fullmatch(words, said)), "")
    if not said and not own:
        log.append("mind: the file does not say its frame (COORDSYS): taken as equatorial")
    if said and not frame:
        raise SkyMapError(f"{key} is {said!r}, but equatorial (ICRS, FK5), galactic or ecliptic is needed: correct it")
    if own and said and frame != own and not key.startswith("RADE"):  # which says the equator, should there be one
        raise SkyMapError(f"{key} is {said!r}, but the coordinates are {own}: correct the one or the other")
    frame = own or frame or "icrs"
    if frame == "icrs" and not said.startswith("ICR") and str(header.get("EQUINOX", 2000.0)) not in ("2000.0", "2000"):
        raise SkyMapError(f"EQUINOX is {header['EQUINOX']}, but 2000 is needed: precess the map")
    return frame
