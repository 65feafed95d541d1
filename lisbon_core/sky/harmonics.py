"""What a map looks like along right ascension and on the sphere: first harmonic, multipoles, power spectrum.

All of them are linear in the ring-normalised map minus 1, so their errors follow from the covariance of the averaging
(`noise_factor`); none of them can see the m = 0 terms that Eq. (2) removes.
"""

from dataclasses import dataclass

import numpy as np

from lisbon_core.sky.basis import degrees_and_orders, harmonic_values, pixel_area
from lisbon_core.sky.discs import noise_factor
from lisbon_core.sky.map import SkyMap, ring_normalise, ring_null_space


@dataclass(frozen=True)
class FirstHarmonic:
    """First harmonic in right ascension, amplitude cos(ra - phase); or several of them, of one field of view.

    Attributes
    ----------
    vector, covariance : ndarray, shapes (..., 2), (..., 2, 2)
        Components towards RA 0 and 90 degrees.
    field_of_view : float
        1/<cos dec>, the factor to the dipole along the equator.
    """

    vector: np.ndarray
    covariance: np.ndarray
    field_of_view: float

    @property
    def amplitude(self) -> np.ndarray:
        """Of the projection on right ascension."""
        return np.hypot(self.vector[..., 0], self.vector[..., 1])

    @property
    def phase(self) -> np.ndarray:
        """Right ascension of the maximum, degrees."""
        return np.degrees(np.arctan2(self.vector[..., 1], self.vector[..., 0])) % 360.0

    def _sigma(self, turn: float) -> np.ndarray:
        """Standard error along the vector (turn 0) or across it (90 degrees)."""
        angle = np.radians(self.phase + turn)
        unit = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return np.sqrt(np.einsum("...i,...ij,...j->...", unit, self.covariance, unit))

    @property
    def amplitude_sigma(self) -> np.ndarray:
        """Standard error of the amplitude."""
        return self._sigma(0.0)

    @property
    def phase_sigma(self) -> np.ndarray:
        """Standard error of the phase, degrees."""
        return np.degrees(self._sigma(90.0) / self.amplitude)

    @property
    def dipole(self) -> np.ndarray:
        """Equatorial dipole amplitude whose projection has this amplitude."""
        return self.amplitude * self.field_of_view


def _areas(sky):
    """Solid angle of each observed pixel."""
    return np.broadcast_to(pixel_area(sky.dec, len(sky.ra))[:, None], sky.observed.shape)[sky.observed]


def _linear_fit(sky, design):
    """Least squares of the ring-normalised map minus 1, by solid angle over sigma^2, with the sandwich covariance.

    The waves lose their ring means as the map has: those of incomplete rings are not zero.
    """
    normalised, weight, null = ring_normalise(sky), _areas(sky) / sky.sigma[sky.observed] ** 2, ring_null_space(sky)
    design = design - null @ (null.T @ design)
    solve = np.linalg.solve(design.T @ (weight[:, None] * design), (weight[:, None] * design).T)
    scatter = solve @ noise_factor(normalised)
    return solve @ (normalised.relative_intensity[sky.observed] - 1.0), scatter @ scatter.T


def first_harmonic(sky: SkyMap) -> FirstHarmonic:
    """First harmonic of the projection onto right ascension, pixels weighted with solid angle over sigma^2.

    For equal errors this is the projection by solid angle; `field_of_view` turns it into a dipole amplitude.
    """
    ra, dec = (np.radians(x)[sky.observed] for x in np.meshgrid(sky.ra, sky.dec))
    value, covariance = _linear_fit(sky, np.stack([np.cos(ra), np.sin(ra)], axis=1))
    weight = _areas(sky) / sky.sigma[sky.observed] ** 2
    return FirstHarmonic(value, covariance, weight.sum() / (weight @ np.cos(dec)))


def first_harmonic_of_events(ra, dec, weight) -> FirstHarmonic:
    """Rayleigh analysis of arrival directions (degrees) with weights: a = 2 sum(w cos ra) / sum(w), and so for sin."""
    angle, total = np.radians(ra), np.sum(weight)
    vector = 2 * np.array([np.sum(weight * np.cos(angle)), np.sum(weight * np.sin(angle))]) / total
    covariance = 2 * np.sum(np.square(weight)) / total**2 * np.eye(2)
    return FirstHarmonic(vector, covariance, total / np.sum(weight * np.cos(np.radians(dec))))


def _harmonics(sky, l_max, m_min):
    """Real orthonormal harmonics at the observed pixels, shape (n_observed, n), with their l and m (m < 0: sine)."""
    ell, m = degrees_and_orders(l_max, m_min)
    return harmonic_values(sky.dec, sky.ra, ell, m)[sky.observed], ell, m


@dataclass(frozen=True)
class Multipoles:
    """Coefficients, with covariance, of the real orthonormal harmonics l, m (m < 0: sine) fitted to a map minus 1."""

    l: np.ndarray  # noqa: E741
    m: np.ndarray
    coefficients: np.ndarray
    covariance: np.ndarray

    @property
    def dipole(self) -> FirstHarmonic:
        """The dipole's equatorial part."""
        pick = [1, 0]  # l = 1, m = 1 and -1
        norm = np.sqrt(3 / (4 * np.pi))
        return FirstHarmonic(norm * self.coefficients[pick], norm**2 * self.covariance[np.ix_(pick, pick)], 1.0)

    def power(self, ell: int) -> float:
        """Sum of the squared coefficients of degree l over 2 l + 1."""
        return float(np.sum(self.coefficients[self.l == ell] ** 2) / (2 * ell + 1))


def multipoles(sky: SkyMap, l_max: int = 2) -> Multipoles:
    """Joint fit of all harmonics with m != 0 up to l_max: dipole, quadrupole, ... of a ring-normalised map.

    The m = 0 terms are not fitted, since Eq. (2) has removed them (`ring_null_space`).
    """
    design, ell, m = _harmonics(sky, l_max, 1)
    return Multipoles(ell, m, *_linear_fit(sky, design))


@dataclass(frozen=True)
class PowerSpectrum:
    """Pseudo-power spectrum `power` of degrees `l` and what noise alone adds to it on average, `noise` (steradian)."""

    l: np.ndarray  # noqa: E741
    power: np.ndarray
    noise: np.ndarray


def power_spectrum(sky: SkyMap, l_max: int = 20) -> PowerSpectrum:
    """C_l = sum over m of |a_lm|^2 / [(2 l + 1) f_sky] of the ring-normalised map minus 1, mask not deconvolved."""
    normalised = ring_normalise(sky)
    design, ell, _ = _harmonics(sky, l_max, 0)
    area, null = _areas(sky), ring_null_space(sky)
    design *= area[:, None]
    a = design.T @ (normalised.relative_intensity[sky.observed] - 1.0)
    scatter = noise_factor(normalised).T @ (design - null @ (null.T @ design))
    norm = (2 * np.arange(l_max + 1) + 1) * area.sum() / (4 * np.pi)
    return PowerSpectrum(np.arange(l_max + 1), np.bincount(ell, a**2) / norm,
                         np.bincount(ell, np.sum(scatter**2, axis=0)) / norm)
