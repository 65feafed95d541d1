"""The sky: relative intensity on a grid, its rings and its averaging, Eq. (2), and its harmonics."""

from lisbon_core.sky.harmonics import first_harmonic, first_harmonic_of_events, multipoles, power_spectrum
from lisbon_core.sky.map import (
    SkyMap,
    SkyMapError,
    averaging,
    averaging_operator,
    cut,
    even_sky,
    noise_factor,
    pixel_area,
    rebin,
    ring_means,
    ring_normalise,
    ring_null_space,
)

__all__ = ["SkyMap", "SkyMapError", "averaging", "averaging_operator", "cut", "even_sky", "first_harmonic",
           "first_harmonic_of_events", "multipoles", "noise_factor", "pixel_area", "power_spectrum", "rebin",
           "ring_means", "ring_normalise", "ring_null_space"]
