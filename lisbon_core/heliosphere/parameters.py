"""Parameters of the closed-form heliosphere, and how they are packed for the kernels.

One dataclass holds what a user may choose; `pack` turns it, once, into the float array which every field kernel
takes as its last argument. The names below are the places in that array.
"""

import math
import tomllib
from dataclasses import dataclass, field, fields, replace
from functools import partial

import numpy as np

from lisbon_core.ground import _core
from lisbon_core.ground.fields import checked
from lisbon_core.ground.frames import FRAMES, icrs_to_model, unit_vector_icrs
from lisbon_core.ground.units import DAYS_PER_AU, KM_S

# those of the interstellar field come first: see `closed_form.held`
(WALL, WALL_X, WALL_Z, NOSE2, OVER_TAIL2, FLOW, B_PERP, B_PAR, SHOCK, SHOCK_X, SHOCK_Z, OVER_WIND, ROTATION, B_RADIAL,
 AXIS_X, AXIS_Y, AXIS_Z, COMPRESSED, PILED, POLARITY, SHEET, OVER_CYCLE, PHASE, NOW, OVER_OPEN2, PACKED) = range(26)


class HeliosphereError(_core.LisbonError):
    """A heliosphere that cannot be: what is wrong with which parameter."""


require = partial(_core.require, error=HeliosphereError)


def _within(low: float, high: float, default):
    """A parameter's default, and the range in which it makes sense."""
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class HeliosphereParameters:
    """What the closed-form heliosphere is made of; the defaults are those of the compendium.

    Parameters
    ----------
    nose_AU, wall_skew, tail_AU : float
        The heliopause: its distance towards the interstellar wind, AU; how much farther it is on the side to which the
        interstellar field's part across the wind points than on the other; how far down the wind it closes, AU.
    shock_AU, shock_skew, shock_shift : float
        The termination shock is at shock_AU/sqrt(1 + shock_skew x + shock_shift z), AU; x and z are the parts of the
        direction along that field and towards the wind.
    compression : float
        By how much the spiral is compressed at the shock, at the distance shock_AU.
    pile_up_AU : float
        How much of the solar field piles up inside the heliopause: the path in the wind over which so much goes out.
    interstellar_speed_km_s, wind_speed_km_s : float
        Speed of the interstellar flow, and of the solar wind inside the shock, km/s.
    radial_field_uG : float
        Radial component of the solar field at 1 AU, microgauss (10 = 1 nT).
    polarity : int
        +1 or -1: sign of the field that leaves the Sun north of the current sheet, at phase 0.
    cycle_years, cycle_phase : float
        Length of the magnetic cycle, years, and the share of it that has passed today since the field was largest.
    sheet_width : float
        Half width of the current sheet over the Sun's rotation, as sine of a latitude, while C = 1: see `solar`.
    rotation_days, rotation_axis_icrs : float, (float, float)
        Sidereal rotation of the Sun, days; right ascension and declination of its axis, degrees.
    upwind_lon, upwind_lat : float
        Where the interstellar flow comes from, ecliptic J2000, degrees.
    field_lon, field_lat, field_frame, field_uG : float, float, str, float
        Direction to which the interstellar field points, degrees, in 'ecliptic', 'icrs' or 'galactic' coordinates;
        its strength in microgauss.

    Raises
    ------
    HeliosphereError
        If a value is out of its range, or the shock does not lie within the heliopause.
    """

    nose_AU: float = _within(1e-6, 1e4, 114.0)
    wall_skew: float = _within(-0.9, 0.9, 0.32)
    tail_AU: float = _within(1e-6, 1e6, 500.0)
    shock_AU: float = _within(1e-6, 1e4, 99.5)
    shock_skew: float = _within(-0.6, 0.6, -0.28)
    shock_shift: float = _within(-0.6, 0.6, 0.28)
    compression: float = _within(1.0, 4.0, 2.9)
    pile_up_AU: float = _within(0.0, 1e4, 150.0)
    interstellar_speed_km_s: float = _within(1e-12, 1e3, 25.4)  # so slow a flow, or a rotation, as to have none
    wind_speed_km_s: float = _within(10.0, 5e3, 400.0)
    radial_field_uG: float = _within(0.0, 1e3, 35.0)
    polarity: int = field(default=1, metadata={"choices": (1, -1)})
    cycle_years: float = _within(1.0, 1e9, 22.0)
    cycle_phase: float = _within(-1.0, 1.0, 0.0)
    sheet_width: float = _within(1e-4, 1.0, 0.1)
    rotation_days: float = _within(1.0, 1e15, 25.38)
    rotation_axis_icrs: tuple[float, float] = (286.13, 63.87)
    upwind_lon: float = _within(-360.0, 360.0, 255.7)
    upwind_lat: float = _within(-90.0, 90.0, 5.1)
    field_lon: float = _within(-360.0, 360.0, 219.2)
    field_lat: float = _within(-90.0, 90.0, 39.9)
    field_frame: str = field(default="ecliptic", metadata={"choices": tuple(FRAMES)})
    field_uG: float = _within(0.1, 20.0, 3.4)

    def __post_init__(self):
        for one in fields(self):
            value = checked(one.name, getattr(self, one.name), one.default, one.metadata, HeliosphereError)
            object.__setattr__(self, one.name, value)
        require(self.tail_AU > self.nose_AU, f"tail_AU is {self.tail_AU:g}, but it must be more than nose_AU "
                f"({self.nose_AU:g}): the heliopause is closest towards the wind")
        directions = np.stack(np.meshgrid(*3 * [np.linspace(-1.0, 1.0, 12)], indexing="ij"), axis=-1).reshape(-1, 3)
        shock, wall = self.surfaces(directions)
        worst = np.argmax(shock / wall)
        require(shock[worst] < wall[worst], f"the termination shock lies at {shock[worst]:.4g} AU where the heliopause "
                f"lies at {wall[worst]:.4g} AU, but must lie within it: change shock_AU, nose_AU or tail_AU")
        require(np.all(np.abs(self.rotation_axis_icrs) <= (360.0, 90.0)),
                f"rotation_axis_icrs is {self.rotation_axis_icrs}, but it must be a right ascension and a declination "
                "between -90 and 90 degrees")

    def surfaces(self, directions) -> tuple[np.ndarray, np.ndarray]:
        """Distances (...) of termination shock and heliopause, AU, in directions (..., 3) along the model's axes."""
        directions = np.asarray(directions, dtype=float)
        size = np.maximum(np.linalg.norm(directions, axis=-1, keepdims=True), 1e-300)
        x, _, z = np.moveaxis(directions / size, -1, 0)
        even, across, upwind = self._wall()
        return (self.shock_AU / np.sqrt(1.0 + self.shock_skew * x + self.shock_shift * z),
                1.0 / np.sqrt(even + upwind * z + across * x * (1.0 + z)))

    @property
    def nearest_shock_AU(self) -> float:
        """Distance of the termination shock where it is closest, AU."""
        return self.shock_AU / math.sqrt(1.0 + math.hypot(self.shock_skew, self.shock_shift))

    def _wall(self) -> tuple[float, float, float]:
        """Coefficients of 1/R^2 of the heliopause, AU^-2: without direction, of x (1 + z), of z."""
        end = 2.0 / ((self.tail_AU / self.nose_AU) ** 2 - 1.0)
        upwind = 1.0 / ((2.0 + end) * self.nose_AU**2)
        return (1.0 + end) * upwind, -0.5 * self.wall_skew * upwind, upwind

    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors (3,) in ICRS: where the interstellar flow comes from, and where the field points to."""
        return (unit_vector_icrs(self.upwind_lon, self.upwind_lat, "ecliptic"),
                unit_vector_icrs(self.field_lon, self.field_lat, self.field_frame))


@dataclass(frozen=True)
class FieldPreset:
    """A published direction of the interstellar field: degrees, in the frame named, and microgauss where fitted."""

    lon: float
    lat: float
    frame: str
    source: str
    field_uG: float | None = None


FIELD_PRESETS = {name: FieldPreset(**one) for name, one in tomllib.loads(
    (_core.PACKAGE.parent / "data" / "field_presets.toml").read_text(encoding="utf-8")).items()}


def with_field(parameters: HeliosphereParameters, preset: str) -> HeliosphereParameters:
    """The same heliosphere in a published field: one of `FIELD_PRESETS`; strength unchanged where none was fitted.

    Raises
    ------
    HeliosphereError
        If there is no such preset.
    """
    require(preset in FIELD_PRESETS, f"there is no field preset {preset!r}: choose one of {', '.join(FIELD_PRESETS)}")
    found = FIELD_PRESETS[preset]
    return replace(parameters, field_lon=found.lon, field_lat=found.lat, field_frame=found.frame,
                   field_uG=parameters.field_uG if found.field_uG is None else found.field_uG)


def pack(parameters: HeliosphereParameters) -> tuple[np.ndarray, np.ndarray]:
    """Scalars for the kernels, shape (PACKED,), and the model's axes in ICRS, shape (3, 3), one a row."""
    upwind, field = parameters.directions()
    axes = icrs_to_model(upwind, field)
    packed = np.zeros(PACKED)
    p, year = parameters, 365.25 / DAYS_PER_AU
    packed[[WALL, WALL_X, WALL_Z]] = p._wall()
    packed[[SHOCK, SHOCK_X, SHOCK_Z]] = np.array([1.0, p.shock_skew, p.shock_shift]) / p.shock_AU**2
    packed[NOSE2], packed[OVER_TAIL2] = p.nose_AU**2, p.tail_AU**-2
    packed[FLOW], packed[OVER_WIND] = p.interstellar_speed_km_s * KM_S, 1.0 / (p.wind_speed_km_s * KM_S)
    packed[B_PERP], packed[B_PAR] = p.field_uG * axes[0] @ field, p.field_uG * axes[2] @ field
    packed[ROTATION], packed[B_RADIAL] = 2.0 * math.pi * DAYS_PER_AU / p.rotation_days, p.radial_field_uG
    packed[AXIS_X:AXIS_Z + 1] = axes @ unit_vector_icrs(*p.rotation_axis_icrs, "icrs")
    packed[COMPRESSED], packed[PILED] = (p.compression - 1.0) * p.shock_AU, p.pile_up_AU
    packed[POLARITY], packed[SHEET] = p.polarity, p.sheet_width
    packed[OVER_CYCLE], packed[PHASE] = 1.0 / (p.cycle_years * year), p.cycle_phase
    height = 1.0 - 4.0 * abs(p.cycle_phase - round(p.cycle_phase))
    packed[NOW] = p.polarity * height * (1.5 - 0.5 * height * height)
    packed[OVER_OPEN2] = p.nearest_shock_AU**-2
    return packed, axes
