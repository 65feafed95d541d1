r"""Operators on functions of the pitch-angle cosine: Gauss-Legendre nodes on [-1, 0] and [0, 1], spectral accuracy.

Two panels, because laws of scattering have their kink, if any, at mu = 0. Beside integral and derivative there is the
operator J of focusing under a closure other than the flux tube (`transport.stationary`),

    J g = [int_{-1}^{mu} 2 nu g dnu - (1+mu)/2 int_{-1}^{1} 2 nu g dnu] / (1 - mu^2),

which is bounded: on Legendre polynomials J P_n = -2/(2n+1) [P'_{n+1}/(n+2) + P'_{n-1}/(n-1)], the second term
from n = 2 on.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import legder, leggauss, legval, legvander


@dataclass(frozen=True)
class Panels:
    """Gauss-Legendre nodes on [-1, 0] and [0, 1] and the operators on values there (N = 2n nodes, increasing).

    mu, weights : (N,); integrate : (N, N), int g of mean 0; derive : (N, N), g'; focus : (N, N), the operator J;
    focus_integrate : (N, N), J applied to the integral.
    """

    mu: np.ndarray
    weights: np.ndarray
    integrate: np.ndarray
    derive: np.ndarray
    focus: np.ndarray
    focus_integrate: np.ndarray


def antiderivatives(x: np.ndarray, n: int) -> np.ndarray:
    """Integrals of P_0 ... P_{n-1} from -1 to x, shape (..., n)."""
    table = legvander(x, n)
    rest = (table[..., 2:] - table[..., :-2]) / (2 * np.arange(1, n) + 1)
    return np.concatenate([(x + 1.0)[..., None], rest], axis=-1)


@functools.cache
def to_coefficients(n: int) -> np.ndarray:
    """Matrix (n, n) that takes values at the nodes of one panel to their Legendre coefficients."""
    x, w = leggauss(n)
    return (np.arange(n) + 0.5)[:, None] * legvander(x, n - 1).T * w


@functools.cache
def panels(n: int) -> Panels:
    """The two panels with n nodes each. Laws of D have their kink, if any, at mu = 0, where the panels meet."""
    x, w = leggauss(n)
    from_left = 0.5 * antiderivatives(x, n) @ to_coefficients(n)  # from the panel's left end to each node
    slope = legval(x, legder(np.eye(n))).T @ to_coefficients(n) * 2.0
    zero = np.zeros((n, n))
    total = np.broadcast_to(0.5 * w, (n, n))
    mu, weights = np.concatenate([0.5 * (x - 1.0), 0.5 * (x + 1.0)]), np.concatenate([w, w]) / 2.0
    integrate = np.block([[from_left - total, zero], [zero, from_left]])
    derive = np.block([[slope, zero], [zero, slope]])
    # K from the nearer end: the difference of two nearly equal integrals near mu = 1 would cost digits
    near = np.block([[from_left, zero], [zero, from_left - total]]) * (2.0 * mu)
    share = np.where(mu < 0, 1.0 + mu, mu - 1.0)  # tau (1+mu) counted from the nearer end
    near = near - 0.5 * share[:, None] * (2.0 * mu * weights)
    focus = near / ((1.0 - mu) * (1.0 + mu))[:, None]
    centred = integrate - 0.5 * weights @ integrate
    return Panels(mu, weights, centred, derive, focus, focus @ centred)


def integrals_to(points: np.ndarray, n: int) -> np.ndarray:
    """Matrix (len(points), 2n) that integrates node values from -1 to each point; rows differenced give bin means."""
    points = np.asarray(points, float)
    local = [np.clip(2.0 * points + shift, -1.0, 1.0) for shift in (1.0, -1.0)]
    return np.hstack([0.5 * antiderivatives(part, n) @ to_coefficients(n) for part in local])


def values_at(points: np.ndarray, n: int) -> np.ndarray:
    """Matrix (len(points), 2n) that interpolates node values to the points."""
    points = np.asarray(points, float)
    left, right = (legvander(2.0 * points + shift, n - 1) @ to_coefficients(n) for shift in (1.0, -1.0))
    return np.hstack([np.where(points[:, None] < 0, left, 0.0), np.where(points[:, None] < 0, 0.0, right)])
