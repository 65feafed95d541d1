"""Parameters of the closed-form heliosphere, and how they are packed for the kernels.

One dataclass holds what a user may choose; `pack` turns it, once, into the float array which every field kernel
takes as its last argument. The names below are the places in that array.
"""

import math
from dataclasses import dataclass, field, fields, replace

import numpy as np

from lisbon_core._core import LisbonError
from lisbon_core.frames import FRAMES, icrs_to_model, unit_vector_icrs
from lisbon_core.units import DAYS_PER_AU, KM_S

__all__ = ["FIELD_PRESETS", "FieldPreset", "HeliosphereError", "HeliosphereParameters", "pack", "with_field"]

(NOSE, SHOCK, FLOW, WIND, ROTATION, SPEEDUP, ETA, STRETCH, B_PERP, B_PAR, B_RADIAL, POLARITY, SHEET, AXIS_X, AXIS_Y,
 AXIS_Z, SHOCK_RATIO, OVER_NOSE2, OVER_SHEATH, INNER, OVER_INNER, TAIL, OVER_FADE) = range(23)
PACKED = 24  # scalars; the tables follow


class HeliosphereError(LisbonError):
    """A heliosphere that cannot be: what is wrong with which parameter."""


def _within(low: float, high: float, default):
    """A parameter's default, and the range in which it makes sense."""
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class HeliosphereParameters:
    """What the closed-form heliosphere is made of; the defaults are those of the compendium.

    Parameters
    ----------
    nose_AU, shock_AU : float
        Distance of the heliopause towards the interstellar wind, and radius of the termination shock, AU.
    interstellar_speed_km_s, wind_speed_km_s : float
        Speed of the interstellar flow, and of the solar wind inside the shock, km/s.
    sheath_speed_factor : float
        The solar plasma outside the shock moves at this factor times the half-body flow.
    saturation : float
        eta: how early the pile-up of the interstellar field at the heliopause saturates; 0 = never.
    radial_field_uG : float
        Radial component of the solar field at 1 AU, microgauss (10 = 1 nT).
    polarity : int
        +1 or -1: sign of the field north of the current sheet; 0: no sheet, outward everywhere.
    sheet_width : float
        The field turns round as tanh(sine of the heliographic latitude / sheet_width).
    rotation_days, rotation_axis_icrs : float, (float, float)
        Sidereal rotation of the Sun, days; right ascension and declination of its axis, degrees.
    upwind_lon, upwind_lat : float
        Where the interstellar flow comes from, ecliptic J2000, degrees.
    field_lon, field_lat, field_frame, field_uG : float, float, str, float
        Direction to which the interstellar field points, degrees, in 'ecliptic', 'icrs' or 'galactic' coordinates;
        its strength in microgauss.
    tail_AU : float
        How far down the tail the field begins to fade into the interstellar one, over 4 `nose_AU` (see `tail`), AU;
        infinite for a tail without end.

    Raises
    ------
    HeliosphereError
        If a value is out of its range, the shock does not lie within the heliopause, or the tail is shorter than 2
        `nose_AU`, its radius.
    """

    nose_AU: float = _within(1e-6, 1e5, 120.0)
    shock_AU: float = _within(1e-6, 1e5, 85.0)
    interstellar_speed_km_s: float = _within(1e-12, 1e3, 25.4)  # so slow a flow, or a rotation, as to have none
    wind_speed_km_s: float = _within(10.0, 5e3, 400.0)
    sheath_speed_factor: float = _within(0.1, 20.0, 2.9)
    saturation: float = _within(0.0, 10.0, 0.5)
    radial_field_uG: float = _within(0.0, 1e3, 35.0)
    polarity: int = field(default=1, metadata={"choices": (1, -1, 0)})
    sheet_width: float = _within(1e-4, 1.0, 0.02)
    rotation_days: float = _within(1.0, 1e15, 25.38)
    rotation_axis_icrs: tuple[float, float] = (286.13, 63.87)
    upwind_lon: float = _within(-360.0, 360.0, 255.7)
    upwind_lat: float = _within(-90.0, 90.0, 5.1)
    field_lon: float = _within(-360.0, 360.0, 219.2)
    field_lat: float = _within(-90.0, 90.0, 39.9)
    field_frame: str = field(default="ecliptic", metadata={"choices": tuple(FRAMES)})
    field_uG: float = _within(0.1, 20.0, 3.0)
    tail_AU: float = math.inf

    def __post_init__(self):
        for one in fields(self):
            value, choices = getattr(self, one.name), one.metadata.get("choices")
            if choices and value not in choices:
                raise HeliosphereError(f"{one.name} is {value!r}, but it must be one of "
                                       f"{', '.join(map(str, choices))}: choose one of these")
            if "low" in one.metadata and not one.metadata["low"] <= value <= one.metadata["high"]:
                raise HeliosphereError(f"{one.name} is {value}, but it must lie between {one.metadata['low']:g} and "
                                       f"{one.metadata['high']:g}: change {one.name}")
        if self.shock_AU >= self.nose_AU:
            raise HeliosphereError(f"shock_AU is {self.shock_AU}, but it must be less than nose_AU ({self.nose_AU}): "
                                   "the termination shock lies within the heliopause")
        if not self.tail_AU >= 2.0 * self.nose_AU:
            raise HeliosphereError(f"tail_AU is {self.tail_AU}, but it must be at least twice nose_AU "
                                   f"({self.nose_AU}), or inf for a tail without end")
        axis = np.asarray(self.rotation_axis_icrs, dtype=float)
        if axis.shape != (2,) or not np.all(np.abs(axis) <= (360.0, 90.0)):
            raise HeliosphereError(f"rotation_axis_icrs is {self.rotation_axis_icrs}, but it must be a right ascension "
                                   "and a declination between -90 and 90 degrees")

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
    field_uG: float | None
    source: str


FIELD_PRESETS = {
    "ribbon": FieldPreset(219.2, 39.9, "ecliptic", None, "centre of the IBEX ribbon, Funsten et al. 2013, ApJ 776, 30"),
    "hawc-icecube": FieldPreset(229.2, 11.4, "icrs", None, "boundary between large-scale excess and deficit at 10 TeV, "
                                "HAWC and IceCube 2019, ApJ 871, 96"),
    "ribbon-model": FieldPreset(225.0, 35.0, "ecliptic", 3.0, "MHD model of the ribbon, Grygorczuk et al. 2011, "
                                "ApJ 727, L48"),
    "voyagers-model": FieldPreset(204.41, 42.81, "ecliptic", 3.75, "kinetic MHD model of both Voyagers' crossings, "
                                  "Izmodenov & Alexashov 2020, A&A 633, L12 (arXiv:2001.03061)"),
    "starlight": FieldPreset(36.2, 49.0, "galactic", None, "polarisation of starlight within 40 pc, "
                             "Frisch et al. 2015, arXiv:1510.04679"),
}


def with_field(parameters: HeliosphereParameters, preset: str) -> HeliosphereParameters:
    """The same heliosphere in a published field: one of `FIELD_PRESETS`; strength unchanged where none was fitted.

    Raises
    ------
    HeliosphereError
        If there is no such preset.
    """
    if preset not in FIELD_PRESETS:
        raise HeliosphereError(f"there is no field preset {preset!r}: choose one of {', '.join(FIELD_PRESETS)}")
    found = FIELD_PRESETS[preset]
    return replace(parameters, field_lon=found.lon, field_lat=found.lat, field_frame=found.frame,
                   field_uG=parameters.field_uG if found.field_uG is None else found.field_uG)


def pack(parameters: HeliosphereParameters) -> tuple[np.ndarray, np.ndarray]:
    """Scalars for the kernels, shape (PACKED,), and the model's axes in ICRS, shape (3, 3), one a row."""
    upwind, field = parameters.directions()
    axes = icrs_to_model(upwind, field)
    packed = np.zeros(PACKED)
    packed[NOSE], packed[SHOCK] = parameters.nose_AU, parameters.shock_AU
    packed[FLOW] = parameters.interstellar_speed_km_s * KM_S
    packed[WIND] = parameters.wind_speed_km_s * KM_S
    packed[ROTATION] = 2.0 * math.pi * DAYS_PER_AU / parameters.rotation_days
    packed[SPEEDUP] = parameters.sheath_speed_factor
    packed[ETA], packed[STRETCH] = parameters.saturation, math.hypot(1.0, parameters.saturation)
    packed[B_PERP], packed[B_PAR] = parameters.field_uG * axes[0] @ field, parameters.field_uG * axes[2] @ field
    packed[B_RADIAL], packed[POLARITY], packed[SHEET] = (parameters.radial_field_uG, parameters.polarity,
                                                         parameters.sheet_width)
    packed[AXIS_X:AXIS_Z + 1] = axes @ unit_vector_icrs(*parameters.rotation_axis_icrs, "icrs")
    packed[SHOCK_RATIO] = 0.5 * (parameters.shock_AU / parameters.nose_AU) ** 2
    packed[OVER_NOSE2] = parameters.nose_AU**-2  # divisions are slow
    packed[OVER_SHEATH] = 1.0 / (packed[SPEEDUP] * packed[FLOW])
    packed[TAIL], packed[OVER_FADE] = -parameters.tail_AU, 0.25 / parameters.nose_AU
    return packed, axes
