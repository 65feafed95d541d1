"""What the arrays of a sky map file are: one list of names, units, frames and missing values for all containers."""

import re

import numpy as np
from astropy import units as u

from lisbon_core.sky.map import SkyMapError

__all__ = ["UNSEEN", "degrees", "frame_of", "kind_of", "name_and_unit", "numbers", "plain", "scale_of"]

UNSEEN = -1.6375e30  # of HEALPix
NAMES = {kind: re.compile(f"({names})(_?map)?_?[0-9]*") for kind, names in {
    "value": r"rel(ative)?_?int(ensity)?|intensity|ri|(cr_)?anisotropy|delta_i|d_?i_i",
    "sigma": r"(.*_)?(sigma|err(or)?s?|stat(_err(or)?)?|unc(ert(ainty)?)?s?|std(_?dev)?(uncertainty)?|stderr|rms)"
             r"|e_.*|(sigma|err(or)?|unc)_(?!sys).*",
    "variance": r"(.*_)?var(iance)?(uncertainty)?",
    "inverse variance": r"(.*_)?ivar|inv(erse)?_?variance",
    "significance": r"(.*_)?(significances?|signif|li_?ma|(sqrt_)?ts|z_?score|pulls?|s_?n_?r|n_?sigma)|s_n",
    "data": r"data|counts|on|(n_?)?events", "background": r"background|bg|bkg|reference|off",
    "mask": r"mask(ed)?|bad(_pixels?)?|flags?|dq", "footprint": r"footprint",
    "observed": r"observed|seen|valid|good|exposure|coverage|hits|n_?obs|kept?|keep",
    "pixel": r"((hpx|healpix)_?)?(pix(el|num)?|index)(_?(index|number|id))?|ipix|healpix", "uniq": r"uniq",
    "lon icrs": r"ra|right_ascension|_?ra_?(j2000|icrs|deg)|alpha_?j2000",
    "lat icrs": r"decl?|declination|_?dec?_?(j2000|icrs|deg)|delta_?j2000",
    "lon galactic": r"l|g_?lon|gal(actic)?_?(lon(gitude)?|l)", "lat galactic": r"b|g_?lat|gal(actic)?_?(lat(itude)?|b)",
    "lon ecliptic": r"e_?lon|ecl(iptic)?_?lon(gitude)?", "lat ecliptic": r"e_?lat|ecl(iptic)?_?lat(itude)?",
    "lon": r"lon(gitude)?|phi", "lat": r"lat(itude)?|theta|colat(itude)?",
    "map": r"i|i_stokes|t|temperature|signal|values?|sky|image|sci|primary|skymap|plane|primary_plane"}.items()}
FRAMES = {"icrs": r"(?!.*(FK4|B1950))(C|Q|EQ.*|CEL.*|ICR.*|FK5.*|J2000.*|RA.*)", "galactic": r"G|GAL.*", "ecliptic": r"E|ECL.*"}
SCALES = {"": 1.0, "unknown": 1.0, "none": 1.0, "unitless": 1.0, "dimensionless": 1.0, "n/a": 1.0, "-": 1.0,
          "fraction": 1.0, "relative": 1.0, "ratio": 1.0, "percent": 0.01, "per cent": 0.01, "pct": 0.01,
          "permil": 1e-3, "permille": 1e-3, "per mille": 1e-3, "promille": 1e-3, "‰": 1e-3, "ppm": 1e-6}
ANGLES = {"d": u.deg, "deg": u.deg, "degree": u.deg, "rad": u.rad, "radian": u.rad, "h": u.hourangle, "hr": u.hourangle,
          "hour": u.hourangle, "hourangle": u.hourangle, "arcmin": u.arcmin, "arcsec": u.arcsec}
WORDS = {"true": "1", "t": "1", "yes": "1", "false": "0", "f": "0", "no": "0",
         **dict.fromkeys(("", "null", "none", "n/a", "na", "-", "--", "nan", "masked", "unseen"), "nan")}


def plain(name: str) -> str:
    """A name in lower case, with one underscore for whatever is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def kind_of(name: str) -> str:
    """What an array of this name is: a key of `NAMES`, or "unknown"."""
    return next((kind for kind, names in NAMES.items() if names.fullmatch(plain(name))), "unknown")


def name_and_unit(name: str) -> tuple[str, str]:
    """Name and unit of a column called, say, 'ra [deg]' or 'dec_rad'."""
    found = re.fullmatch(r"(.*?)\s*[\[(](.*)[\])]\s*|(.*)_(deg(?:rees?)?|rad(?:ians?)?)", name, flags=re.I)
    first, unit, second, suffix = found.groups() if found else (name, "", None, None)
    return (first, unit) if suffix is None else (second, suffix)


def numbers(array) -> np.ndarray:
    """Values as floats, NaN where the file says that there is none: its nulls, BAD_DATA, UNSEEN."""
    values = np.ma.getdata(array.values)
    if values.dtype.kind not in "biuf":
        as_text = [entry.decode("latin-1") if isinstance(entry, bytes) else str(entry) for entry in values.tolist()]
        values = np.empty(len(as_text))
        for row, entry in enumerate(as_text):
            try:
                values[row] = float(WORDS.get(entry.strip().lower(), entry))
            except ValueError:
                raise SkyMapError(f"column {array.name} holds {entry!r:.60} in row {row + 1}: numbers are needed") \
                    from None
    values = np.where(np.ma.getmaskarray(array.values), np.nan, values.astype(float))
    bad = np.array([x for x in (array.header.get("BAD_DATA"),) if isinstance(x, int | float)], dtype=float)
    return np.where((np.abs(values) < 1e20) & ~np.isclose(values[:, None], bad, atol=0).any(axis=1), values, np.nan)


def scale_of(array) -> float:
    """What a relative intensity in the unit of an array is multiplied by."""
    text = array.unit.strip().lower()
    if text in SCALES:
        return SCALES[text]
    try:
        return float(u.Unit(re.sub(r"^[x*]\s*", "", text)).to(u.dimensionless_unscaled))
    except (ValueError, TypeError, u.UnitsError):
        raise SkyMapError(f"the unit of {array} is {array.unit!r}, but a relative intensity has none, or %, 1e-3 and "
                          "the like: correct the unit, or choose another array") from None


def degrees(array) -> tuple[np.ndarray, bool]:
    """Coordinates in degrees, and whether the file says their unit."""
    text = array.unit.strip().lower()
    unit = ANGLES.get(text, ANGLES.get(text.removesuffix("s")))
    if unit is None and text not in ("", "unknown", "none"):
        raise SkyMapError(f"the unit of {array} is {array.unit!r}, but a coordinate is in degrees, radians or hours: "
                          "correct the unit")
    return (numbers(array) if unit is None else (numbers(array) * unit).to_value(u.deg)), unit is not None


def frame_of(header: dict, log: list, default: str = "") -> str:
    """Frame that a header states; if it states none, `default`, or equatorial with a word about it."""
    key, said = next(((key, str(header[key]).strip()) for key in ("COORDSYS", "COORD", "COORDTYPE", "SKYCOORD", "FRAME",
                                                                  "RADESYS", "RADECSYS") if str(header.get(
                                                                      key) or "").strip()), ("", ""))
    if not said:
        if not default:
            log.append("mind: the file does not say its frame (COORDSYS): taken as equatorial")
        return default or "icrs"
    frame = next((name for name, words in FRAMES.items() if re.fullmatch(words, said.upper())), None)
    if key.startswith("RADE") and frame == "icrs" and default:  # it says which equator, should the axes be equatorial
        return default
    if frame is None or (default and frame != default):
        known = f"the coordinates are {default}" if frame else "equatorial (ICRS, FK5), galactic or ecliptic is needed"
        raise SkyMapError(f"{key} is {said!r}, but {known}: correct the one or the other")
    equinox = header.get("EQUINOX", 2000.0)
    if frame == "icrs" and not said.upper().startswith("ICR") and float(equinox) != 2000.0:
        raise SkyMapError(f"EQUINOX is {equinox}, but 2000 is needed: precess the map")
    return frame
