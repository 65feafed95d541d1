"""The sky: relative intensity on a grid, its rings and its averaging, Eq. (2), and its harmonics."""

from lisbon_core.sky.basis import pixel_area
from lisbon_core.sky.discs import averaging, averaging_operator, noise_factor
from lisbon_core.sky.harmonics import first_harmonic, first_harmonic_of_events, multipoles, power_spectrum
from lisbon_core.sky.map import SkyMap, SkyMapError, cut, even_sky, rebin, ring_means, ring_normalise, ring_null_space
