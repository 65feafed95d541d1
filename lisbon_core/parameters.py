"""The parameters every run knows, their ranges, and what each of them is."""

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.frames import FRAMES

__all__ = ["FAST", "PARAMETER_HELP", "ParameterError", "RunParameters", "heliosphere_parameters"]

PARAMETER_HELP = {
    "sky_map": "path of a sky map; empty: the embedded synthetic sky",
    "sky_label": "what the map is, with its energy",
    "sigma_default": "error of a pixel where the map gives none",
    "averaging_deg": "radius of the top hat the map has been through, degrees; 0: none",
    "dec_min": "lowest declination used, degrees",
    "dec_max": "highest declination used, degrees",
    "mask": "path of a table ra, dec, observed (0 or 1) on the map's grid; empty: none",
    "order": "highest Legendre order fitted",
    "p_index": "exponent of p/p_0 in Eq. (3), alpha + 2",
    "rigidity_TV": "rigidity at Earth, TV",
    "heliosphere": "path of a heliosphere, parameters (TOML) or a grid (HDF5); empty: closed form with its defaults",
    "field_lon": "longitude the interstellar field points to, degrees",
    "field_lat": "latitude the interstellar field points to, degrees",
    "field_frame": "frame of the two: ecliptic, icrs or galactic",
    "field_uG": "strength of the interstellar field, microgauss",
    "polarity": "of the solar field: 1, -1 or 0 (unipolar)",
    "positions": "positions on the Earth's orbit, averaged",
    "boundary_AU": "radius at which orbits end, AU",
    "closure": "flux-tube or uniform",
    "kappa29": "parallel diffusion coefficient, 1e29 cm^2/s",
    "seed": "of every random number",
    "grid_deg": "step of the analysis grid, degrees",
}

# what --fast sets: a quarter of the orbits and of the pixels
FAST = {"grid_deg": 4.0}


class ParameterError(LisbonError):
    """A run parameter that is unknown, of the wrong type, or out of physics."""


@dataclass(frozen=True)
class RunParameters:
    """Parameters of a run; `PARAMETER_HELP` says what each one is."""

    sky_map: str = ""
    sky_label: str = ""
    sigma_default: float = 1e-4
    averaging_deg: float = 5.0
    dec_min: float = -90.0
    dec_max: float = 90.0
    mask: str = ""
    order: int = 7
    p_index: float = 4.7
    rigidity_TV: float = 4.0
    heliosphere: str = ""
    field_lon: float = 219.2
    field_lat: float = 39.9
    field_frame: str = "ecliptic"
    field_uG: float = 3.0
    polarity: int = 1
    positions: int = 4
    boundary_AU: float = 4000.0
    closure: str = "flux-tube"
    kappa29: float = 1.0
    seed: int = 20060101
    grid_deg: float = 2.0

    def __post_init__(self):
        for field in fields(self):
            object.__setattr__(self, field.name, _typed(field.name, field.type, getattr(self, field.name)))
        for name, low, high in _RANGES:
            _within(name, getattr(self, name), low, high)
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                choices = ", ".join(map(str, allowed))
                raise ParameterError(f"{name} is {value!r}, but it must be one of {choices}: choose one of these")
        if self.dec_min >= self.dec_max:
            raise ParameterError(f"dec_min is {self.dec_min:g} and dec_max {self.dec_max:g}, but dec_min must be the "
                                 "lower one: exchange them or widen the band")
        if abs(180.0 / self.grid_deg - round(180.0 / self.grid_deg)) > 1e-9:
            raise ParameterError(f"grid_deg is {self.grid_deg:g}, but 180 degrees must hold a whole number of steps: "
                                 "use 2, 3, 4, 5 or 6")

    @classmethod
    def from_mapping(cls, values: Mapping) -> "RunParameters":
        """Parameters from names and values.

        Raises
        ------
        ParameterError
            For an unknown name, with the nearest known one.
        """
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else "`lisbon list` shows all of them"
                raise ParameterError(f"{name!r} is no parameter of a run: {hint}")
        return cls(**values)

    def as_dict(self) -> dict:
        """Names and values, as JSON can hold them."""
        return asdict(self)


_RANGES = (("sigma_default", 1e-9, 1.0), ("averaging_deg", 0.0, 45.0), ("dec_min", -90.0, 90.0),
           ("dec_max", -90.0, 90.0), ("order", 1, 20), ("p_index", 0.0, 10.0), ("rigidity_TV", 0.1, 1000.0),
           ("field_lon", -360.0, 360.0), ("field_lat", -90.0, 90.0), ("field_uG", 0.1, 20.0), ("positions", 1, 64),
           ("boundary_AU", 500.0, 50000.0), ("kappa29", 1e-3, 1e3), ("seed", 0, 2**63 - 1), ("grid_deg", 1.0, 10.0))
# of what a heliosphere file alone holds; the rest of its checks are its own
_OF_THE_HELIOSPHERE = {
    "interstellar_speed_km_s": (0.1, 1e3), "wind_speed_km_s": (10.0, 5e3), "sheath_speed_factor": (0.1, 20.0),
    "saturation": (0.0, 10.0), "radial_field_uG": (0.0, 1e3), "sheet_width": (1e-4, 1.0), "rotation_days": (1.0, 1e3),
    "upwind_lon": (-360.0, 360.0), "field_lon": (-360.0, 360.0), "field_uG": (0.1, 20.0), "polarity": (-1, 1)}
_CHOICES = {"field_frame": FRAMES, "polarity": (1, -1, 0), "closure": ("flux-tube", "uniform")}


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ParameterError(f"{name} is {value}, but it must lie between {low:g} and {high:g}: change {name}")


def _typed(name: str, kind: type, value):
    """A value in the type of its parameter, or a sentence."""
    meaning = PARAMETER_HELP.get(name, "see `lisbon_core.heliosphere.HeliosphereParameters`")
    if kind is tuple:
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise ParameterError(f"{name} is {value!r}, but it must be two numbers: {meaning}")
        return tuple(_typed(name, float, one) for one in value)
    if kind is str:
        if isinstance(value, str | Path):
            return str(value)
        raise ParameterError(f"{name} is {value!r}, but it must be text: {meaning}")
    try:
        number = float(value)
        if isinstance(value, bool) or not math.isfinite(number) or (kind is int and number != int(number)):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        what = "a whole number" if kind is int else "a finite number"
        raise ParameterError(f"{name} is {repr(value)[:80]}, but it must be {what}: {meaning}") from None
    return int(number) if kind is int else number


_OF_THE_FIELD = ("field_lon", "field_lat", "field_frame", "field_uG", "polarity")


def heliosphere_parameters(parameters: RunParameters):
    """Parameters of the closed-form heliosphere: those of the run, overridden by its parameter file where there is one.

    Raises
    ------
    ParameterError
        If the file is missing, no TOML, or holds an unknown name; if it holds a field on a grid and the run asks for
        another interstellar field than the default, which the grid would not follow.
    """
    from lisbon_core.heliosphere import HeliosphereParameters, is_gridded

    values = {name: getattr(parameters, name) for name in _OF_THE_FIELD}
    if parameters.heliosphere and is_gridded(Path(parameters.heliosphere).expanduser()):
        for field in fields(RunParameters):
            if field.name in _OF_THE_FIELD and values[field.name] != field.default:
                raise ParameterError(f"{field.name} is {values[field.name]!r}, but {parameters.heliosphere} brings its "
                                     f"own field: leave {field.name} out")
    elif parameters.heliosphere:
        known = {field.name: type(field.default) for field in fields(HeliosphereParameters)}
        try:
            values |= tomllib.loads(Path(parameters.heliosphere).expanduser().read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ParameterError(f"heliosphere is {parameters.heliosphere!r}, which cannot be read as TOML ({error}): "
                                 "give the path of a parameter file or of a field on a grid (HDF5)") from None
        if unknown := sorted(values.keys() - known.keys()):
            raise ParameterError(f"{parameters.heliosphere} holds {unknown[0]!r}, but a heliosphere knows "
                                 f"{', '.join(known)}: use these names")
        try:
            values = {name: value if name == "tail_AU" and value == math.inf else _typed(name, known[name], value)
                      for name, value in values.items()}
            for name, limits in _OF_THE_HELIOSPHERE.items():
                if name in values:
                    _within(name, values[name], *limits)
        except ParameterError as error:
            raise ParameterError(f"{parameters.heliosphere}: {error}") from None
    found = HeliosphereParameters(**values)
    if not 1.0 < found.shock_AU < found.nose_AU < parameters.boundary_AU:
        raise ParameterError(f"boundary_AU is {parameters.boundary_AU:g}, nose_AU {found.nose_AU:g} and shock_AU "
                             f"{found.shock_AU:g}, but orbits start at 1 AU inside the shock, which lies inside the "
                             "heliopause, and end outside of both: let 1 < shock_AU < nose_AU < boundary_AU")
    return found
