r"""Pitch-angle scattering: the diffusion coefficient D(mu) of Eq. (6), its relatives, and what they mean in parsec.

With the stationary distribution falling along the field as dF/dz = -1/l, Eq. (6) reads

    D(mu) = (v / 2 l) (1 - mu^2) h(mu),      h(mu) = eta cos(2 pi mu / omega) + d_offset,

so that without focusing F'(mu) = 1/h(mu): h is dimensionless, of order 1 / anisotropy, and `f(mu)`, the integral of
1/h from 0, is the anisotropy itself. The paper calls d_offset gamma, the letter of the exponent in Eq. (3).

The gradient length l follows from the parallel diffusion coefficient kappa (Fick's law for the streaming):

    kappa = (v^2/8) int (1-mu^2)^2 / D dmu = (v l / 4) int (1-mu^2) / h dmu.

Every law here is even in mu and offers `h(mu)` and `f(mu)`; any object that does can take its place. A negative h is
legal: it belongs to a density that rises along B (l < 0), and D stays positive.

>>> law = CosineScattering(eta=-292.79, omega=1.0, d_offset=585.57)
>>> round(gradient_length_kpc(law, kappa29=1.0), 3)
1.72
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from scipy.integrate import fixed_quad
from scipy.special import hyp2f1

from lisbon_core.ground._core import LisbonError
from lisbon_core.ground.units import CM_PER_PC, PC_PER_YEAR

SECONDS_PER_YEAR = 365.25 * 86400.0
LIGHT_CM_S = CM_PER_PC * PC_PER_YEAR / SECONDS_PER_YEAR


class ScatteringError(LisbonError):
    """A scattering law that has no meaning, or a length asked of one that has none."""


class ScatteringLaw(Protocol):
    """What the transport equation needs to know of a scattering law."""

    def h(self, mu: np.ndarray) -> np.ndarray:
        """h(mu) of Eq. (6), dimensionless, of one sign."""

    def f(self, mu: np.ndarray) -> np.ndarray:
        """Integral of 1/h from 0 to mu: the anisotropy without focusing."""


def cosine_shape(mu: np.ndarray, ratio: np.ndarray, omega: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """h and f of Eq. (6) for d_offset = 1: the shape alone; arrays broadcast against each other.

    Parameters
    ----------
    mu : ndarray
        Pitch-angle cosines in [-1, 1].
    ratio, omega : ndarray
        eta/d_offset in (-1, 1), and the period in mu, > 0.

    Returns
    -------
    h, f : ndarray
        1 + ratio cos(k mu), k = 2 pi/omega, and its reciprocal integrated from 0 in closed form; the rounding term
        carries the arctangent over from one branch to the next.
    """
    k = 2.0 * np.pi / omega
    root = np.sqrt((1.0 - ratio) * (1.0 + ratio))
    turns = np.round(k * mu / (2.0 * np.pi))
    half_angle = 0.5 * k * mu - np.pi * turns
    angle = np.arctan2((1.0 - ratio) * np.sin(half_angle), root * np.cos(half_angle))
    return 1.0 + ratio * np.cos(k * mu), 2.0 * (angle + np.pi * turns) / (k * root)


@dataclass(frozen=True)
class CosineScattering:
    """The form of Eq. (6): h = eta cos(2 pi mu/omega) + d_offset.

    eta > 0 is strong scattering at 90 degrees (a distribution flat across B), eta < 0 a gap there.

    Raises
    ------
    ScatteringError
        If omega is not positive, |eta| reaches |d_offset|, where D would vanish or turn negative, or one is not finite.
    """

    eta: float
    omega: float
    d_offset: float

    def __post_init__(self):
        if not 0.0 < self.omega < np.inf:
            raise ScatteringError(f"omega = {self.omega} is not a period in mu: it has to be positive and finite.")
        if not abs(self.eta) < abs(self.d_offset) < np.inf:
            raise ScatteringError(f"eta = {self.eta} with d_offset = {self.d_offset} makes D(mu) vanish, negative or "
                                  "infinite: |eta| has to stay below |d_offset|, and both have to be finite.")

    def h(self, mu: np.ndarray) -> np.ndarray:
        """Eq. (6) without its factor (1 - mu^2)."""
        return self.eta * np.cos(2.0 * np.pi / self.omega * np.asarray(mu, float)) + self.d_offset

    def f(self, mu: np.ndarray) -> np.ndarray:
        """Integral of 1/h from 0 to mu."""
        return cosine_shape(np.asarray(mu, float), self.eta / self.d_offset, self.omega)[1] / self.d_offset


@dataclass(frozen=True)
class QuasilinearScattering:
    """Slab turbulence of spectral index `index`: D ~ (1 - mu^2) |mu|^(index - 1), Jokipii 1966, ApJ 146, 480.

    No particle scatters at mu = 0; for 1 <= index < 2 the distribution is continuous there nevertheless, with a
    vertical tangent.
    """

    d_offset: float
    index: float = 5.0 / 3.0

    def __post_init__(self):
        if not 1.0 <= self.index < 2.0:
            raise ScatteringError(f"A quasi-linear spectral index of {self.index} leaves no finite distribution: it "
                                  "has to lie from 1 up to below 2 (BroadenedScattering takes steeper ones).")

    def h(self, mu: np.ndarray) -> np.ndarray:
        """d_offset |mu|^(index-1)."""
        return self.d_offset * np.abs(np.asarray(mu, float)) ** (self.index - 1.0)

    def f(self, mu: np.ndarray) -> np.ndarray:
        """sign(mu) |mu|^(2-index) / ((2-index) d_offset)."""
        mu = np.asarray(mu, float)
        return np.sign(mu) * np.abs(mu) ** (2.0 - self.index) / ((2.0 - self.index) * self.d_offset)


@dataclass(frozen=True)
class IsotropicScattering(QuasilinearScattering):
    """D proportional to 1 - mu^2: small steps in random directions (hard-sphere-like), h = d_offset.

    It is the quasi-linear law of index 1: waves of equal power in every decade of wavelength.
    """

    index: float = field(default=1.0, init=False)


@dataclass(frozen=True)
class BroadenedScattering:
    """Quasi-linear scattering with a filled gap, D ~ (1 - mu^2) (|mu|^(index-1) + floor): Beeck & Wibberenz 1986,
    ApJ 311, 437. The floor stands for the broadening of the resonance near 90 degrees."""

    d_offset: float
    index: float = 5.0 / 3.0
    floor: float = 0.05

    def __post_init__(self):
        if not (self.index > 1.0 and self.floor > 0.0):
            raise ScatteringError(f"Broadened scattering needs index > 1 and floor > 0, got {self.index} and "
                                  f"{self.floor}; without a floor it is QuasilinearScattering, with index 1 "
                                  "IsotropicScattering.")

    def h(self, mu: np.ndarray) -> np.ndarray:
        """d_offset (|mu|^(index-1) + floor)."""
        return self.d_offset * (np.abs(np.asarray(mu, float)) ** (self.index - 1.0) + self.floor)

    def f(self, mu: np.ndarray) -> np.ndarray:
        """The integral in closed form, a hypergeometric function."""
        mu, power = np.asarray(mu, float), self.index - 1.0
        tail = hyp2f1(1.0, 1.0 / power, 1.0 + 1.0 / power, -np.abs(mu) ** power / self.floor)
        return mu * tail / (self.floor * self.d_offset)


@dataclass(frozen=True)
class FunctionScattering:
    """A user's own h(mu): a function of an array of mu, smooth on each side of mu = 0, of one sign.

    f is integrated by 64-point Gauss quadrature between 0 and mu.
    """

    function: Callable[[np.ndarray], np.ndarray]

    def h(self, mu: np.ndarray) -> np.ndarray:
        """The function as given, checked for its sign."""
        h = np.asarray(self.function(np.asarray(mu, float)), float)
        if not (np.all(np.isfinite(h)) and (np.all(h > 0) or np.all(h < 0))):
            raise ScatteringError("The function h(mu) given has to be finite and of one sign on [-1, 1]: D(mu) is a "
                                  f"diffusion coefficient; it ran from {np.min(h):g} to {np.max(h):g}.")
        return h

    def f(self, mu: np.ndarray) -> np.ndarray:
        """Integral of 1/h from 0 to mu by quadrature."""
        mu = np.asarray(mu, float)
        return mu * fixed_quad(lambda share: 1.0 / self.h(mu[..., None] * share), 0.0, 1.0, n=64)[0]


def over_mu(integrand: Callable[[np.ndarray], np.ndarray]) -> float:
    """Integral of a function over mu from -1 to 1; it may have a kink or a weak singularity at mu = 0.

    Nodes of mu = s^3, s from 0 to 1, and of its mirror image are crowded towards 0.
    """
    return float(fixed_quad(lambda s: 3.0 * s**2 * (integrand(s**3) + integrand(-(s**3))), 0.0, 1.0, n=192)[0])


def mean_free_path_pc(kappa29: float) -> float:
    """Parallel mean free path 3 kappa/v in parsec, for kappa = kappa29 x 10^29 cm^2/s and v = c.

    >>> round(mean_free_path_pc(1.0), 4)
    3.243
    """
    if not (np.isfinite(kappa29) and kappa29 > 0):
        raise ScatteringError(f"kappa29 = {kappa29} is not a diffusion coefficient: it has to be positive.")
    return 3e29 * kappa29 / (LIGHT_CM_S * CM_PER_PC)


def inverse_h_integral(law: ScatteringLaw) -> float:
    """int (1-mu^2)/h dmu, taken by parts: 2 int mu f dmu, which is smoother than 1/h."""
    return over_mu(lambda mu: 2.0 * mu * law.f(mu))


def gradient_length_kpc(law: ScatteringLaw, kappa29: float) -> float:
    """Gradient length l = 4 kappa / (v int (1-mu^2)/h dmu) in kpc; it has the sign of h."""
    return 1e-3 * 4.0 / 3.0 * mean_free_path_pc(kappa29) / inverse_h_integral(law)


def diffusion_coefficient(law: ScatteringLaw, mu: np.ndarray, kappa29: float) -> np.ndarray:
    """Eq. (6) in absolute terms: D(mu) in 1/yr, such that its parallel diffusion coefficient is kappa29."""
    mu = np.asarray(mu, float)
    return PC_PER_YEAR / (2e3 * gradient_length_kpc(law, kappa29)) * (1.0 - mu**2) * law.h(mu)


def parallel_kappa29(diffusion: Callable[[np.ndarray], np.ndarray]) -> float:
    """kappa = (v^2/8) int (1-mu^2)^2/D dmu in 10^29 cm^2/s of a function D(mu) in 1/yr.

    With the factor 1/4 and the same limits, a convention that is met too, the result doubles: see the notebook on
    the Fokker-Planck equation.
    """
    integral = over_mu(lambda mu: (1.0 - mu**2) ** 2 / diffusion(mu))
    return 0.125 * PC_PER_YEAR**2 * integral * CM_PER_PC**2 / SECONDS_PER_YEAR / 1e29
