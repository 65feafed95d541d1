r"""Focused transport of pitch angles, Eq. (5), solved for its stationary distribution under an explicit closure.

    d_mu[D d_mu F] - (1-mu^2) v/(2L) d_mu F = d_t F + v mu d_z F,      1/L = -d ln B/dz.

Eq. (5) does not say how F varies along the tube; that choice, the closure, decides what L means. Write F = 1 + F1 with
int F1 dmu = 0, gradient -1/l, and let the streaming fall along the tube on a scale Lambda, d_z F1 = -F1/Lambda. Then
d_t F = T_0 is the same at every mu, Eq. (5a), and in units of l, with q = l/L and lam = l/Lambda,

    (1-mu^2) h F1' = (1-mu^2)(1 + q F1) + K,      K = tau (1+mu) + (q - lam) int_{-1}^{mu} 2 nu F1 dnu,
    tau = 2 l T_0/v = (2 A_1/3)(lam - q),         i.e.  T_0 = S (1/Lambda - 1/L),  S = v A_1/3.

- 'flux-tube', Lambda = L: the streaming follows the cross-section of the tube, nothing changes in time (K = 0) and
  F1 = (2 e^{q f} / int e^{q f} dmu - 1)/q exactly, for every D;
- 'uniform', Lambda infinite: the gradient is the same everywhere, and then T_0 = -S/L is forced;
- anything between and beyond belongs to a T_0 of its own.

tau is not free: it is what makes the pitch-angle flux vanish at both ends. In Legendre polynomials K/(1-mu^2) is
(q - lam) J F1 with a bounded operator J, and the equation becomes a small linear system without a singular point.

>>> from lisbon_core.transport.scattering import IsotropicScattering
>>> pad = stationary_pad(IsotropicScattering(530.37), q=96.63)
>>> [round(1e4 * float(a), 3) for a in pad.legendre(3)]
[18.813, 1.141, 0.042]
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import legvander
from scipy.special import exprel

from lisbon_core.ground._core import LisbonError
from lisbon_core.transport.panels import integrals_to, panels, to_coefficients, values_at
from lisbon_core.transport.scattering import ScatteringLaw

CLOSURES = ("flux-tube", "uniform")
STRONGEST = 300.0  # largest |q f|: e^300 still fits, and no anisotropy is weak long before


class TransportError(LisbonError):
    """A transport problem without a solution of the kind looked for."""


def flux_tube(f: np.ndarray, q: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Exact F1 for Lambda = L from f at the nodes: (2 e^{q f}/int e^{q f} - 1)/q, regular at q = 0.

    With phi = f (e^{q f} - 1)/(q f) it reads (phi - <phi>)/(1 + q <phi>), <> = mean over mu.
    """
    phi = f * exprel(q[..., None] * f)
    mean = 0.5 * np.sum(weights * phi, axis=-1, keepdims=True)
    return (phi - mean) / (1.0 + q[..., None] * mean)


def solve_stationary(h: np.ndarray, f: np.ndarray, q: np.ndarray, lam: np.ndarray, n: int) -> np.ndarray:
    """F1 at the nodes of `panels(n)` for a batch of problems.

    The exact flux-tube solution is taken out first, so that the linear system carries only the change of closure.

    Parameters
    ----------
    h, f : ndarray, shape (batch, 2n)
        h(mu) of Eq. (6) and the integral of 1/h from 0, at the nodes.
    q, lam : ndarray, shape (batch,)
        l/L and l/Lambda.

    Returns
    -------
    ndarray, shape (batch, 2n)
    """
    grid = panels(n)
    tube = flux_tube(f, q, grid.weights)
    change = q - lam
    if not change.any():
        return tube
    source = change[:, None] * (tube @ grid.focus.T)
    # unknown: r = h G' of the correction G = integrate (r/h); it keeps products of large matrices out of the call
    matrix = np.eye(2 * n) - (q[:, None, None] * grid.integrate
                              + change[:, None, None] * grid.focus_integrate) / h[:, None, :]
    r = np.linalg.solve(matrix, source[..., None])[..., 0]
    return tube + (r / h) @ grid.integrate.T


@dataclass(frozen=True)
class StationaryPAD:
    """A stationary pitch-angle distribution F = 1 + F1, int F1 dmu = 0.

    law, q, lam : the problem; mu, weights, F1 : (2n,) Gauss nodes on [-1, 1], their weights, the solution there.
    """

    law: ScatteringLaw
    q: float
    lam: float
    mu: np.ndarray
    weights: np.ndarray
    F1: np.ndarray

    def __call__(self, mu: np.ndarray) -> np.ndarray:
        """F at any mu in [-1, 1]."""
        mu = np.asarray(mu, float)
        return 1.0 + (values_at(mu.ravel(), len(self.mu) // 2) @ self.F1).reshape(mu.shape)

    def bin_means(self, edges: np.ndarray) -> np.ndarray:
        """F averaged over the bins between the edges, shape (len(edges) - 1,)."""
        return 1.0 + np.diff(integrals_to(edges, len(self.mu) // 2) @ self.F1) / np.diff(edges)

    def legendre(self, order: int) -> np.ndarray:
        """Coefficients A_1 ... A_order of F = 1 + sum A_n P_n(mu)."""
        degree = np.arange(1, order + 1)
        return (degree + 0.5) * ((self.weights * self.F1) @ legvander(self.mu, order)[:, 1:])

    @property
    def tau(self) -> float:
        """2 l T_0/v, the rate of change that the closure forces."""
        return 2.0 / 3.0 * float(self.legendre(1)[0]) * (self.lam - self.q)

    def residual(self) -> float:
        """Largest violation of h F1' = 1 + q F1 + K/(1-mu^2) at the nodes, relative to 1, F1' by differentiation."""
        grid = panels(len(self.mu) // 2)
        right = 1.0 + self.q * self.F1 + (self.q - self.lam) * grid.focus @ self.F1
        return float(np.max(np.abs(self.law.h(self.mu) * (grid.derive @ self.F1) - right)))

    def solvability(self, tau: float | None = None) -> float:
        """int e^-G Phi dmu over int e^-G |Phi| dmu, G = q f: zero where no particle leaves at mu = -1 or 1.

        Parameters
        ----------
        tau : float, optional
            2 l T_0/v; by default that of the closure. Any other one lets the flux end on a wall, where F' diverges.
        """
        rate = self.tau if tau is None else tau
        source = self.weights * np.exp(-self.q * self.law.f(self.mu)) * (
            rate - 2.0 * self.mu * (1.0 + self.lam * self.F1))
        return float(np.sum(source) / np.sum(np.abs(source)))


def closure_lambda(closure: str | float, q: float) -> float:
    """lam = l/Lambda of a closure, Eq. (5a): 'flux-tube' is q, 'uniform' is 0, a number is itself."""
    named = dict(zip(CLOSURES, (q, 0.0), strict=True))
    if isinstance(closure, str) and closure not in named:
        raise TransportError(f"closure is {closure!r}, but it has to be 'flux-tube', 'uniform' or a number l/Lambda.")
    return float(named.get(closure, closure))


def sampled(law: ScatteringLaw) -> tuple[int, np.ndarray]:
    """Nodes on each half of [-1, 1] that resolve f to 1e-12, and f there; laws singular at 0 get all 192."""
    for n in (48, 64, 96, 128, 192):
        f = law.f(panels(n).mu)
        tail = np.abs(f.reshape(2, n) @ to_coefficients(n)[-4:].T).max() / np.abs(f).max()
        if tail < 1e-12:
            break
    return n, f


def stationary_pad(law: ScatteringLaw, q: float, closure: str | float = "flux-tube") -> StationaryPAD:
    """Stationary solution of Eq. (5).

    Parameters
    ----------
    law : ScatteringLaw
        h(mu) and f(mu) of Eq. (6).
    q : float
        l/L, dimensionless, of either sign; 0 is no focusing.
    closure : 'flux-tube', 'uniform' or float
        How the streaming falls along the tube; a number is lam = l/Lambda.

    Raises
    ------
    TransportError
        If focusing is so strong that the distribution is no longer a small anisotropy.
    """
    lam = closure_lambda(closure, q)
    n, f = sampled(law)
    grid = panels(n)
    h = law.h(grid.mu)
    if not np.isfinite(q + lam) or max(abs(q), abs(lam)) * np.max(np.abs(f)) > STRONGEST:
        raise TransportError(f"q = l/L = {q:g} and lam = {lam:g} with this scattering is focusing over far less than "
                             f"a mean free path: |q f| has to stay below {STRONGEST:g}.")
    values = solve_stationary(h[None], f[None], np.array([float(q)]), np.array([float(lam)]), n)[0]
    return StationaryPAD(law, float(q), float(lam), grid.mu, grid.weights, values)
