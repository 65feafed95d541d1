"""The scattering one reads off a distribution directly, no law assumed: lopsided where focusing is left out.

In a steady flux tube h = (1 + q F1)/F' with q = l/L. Whoever leaves focusing out takes 1/F' for h, and finds a D that
differs between mu and -mu; the paper's argument is that a D even in mu, with focusing, explains this.
"""

from types import SimpleNamespace

import numpy as np
from numpy.polynomial.legendre import legder, legval, legvander

from lisbon_core.transport.result import Estimate


def as_series(legendre: np.ndarray) -> SimpleNamespace:
    """Exact Legendre coefficients A_1 ... A_n in place of a measured distribution."""
    return SimpleNamespace(legendre=np.asarray(legendre), legendre_covariance=np.zeros((len(legendre),) * 2))


def values_and_slopes(mu: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """P_1 ... P_order and their derivatives at mu, shapes (..., order)."""
    slopes = legval(mu, legder(np.eye(order + 1)[:, 1:]))
    return legvander(mu, order)[..., 1:], np.moveaxis(slopes, 0, -1)


def with_gradient(pad, mu: np.ndarray, q: float) -> tuple[np.ndarray, np.ndarray]:
    """h = (1 + q F1)/F' at mu and its derivative with respect to the Legendre coefficients, shapes (...), (..., n)."""
    values, slopes = values_and_slopes(mu, len(pad.legendre))
    slope, above = slopes @ pad.legendre, 1.0 + q * (values @ pad.legendre)
    return above / slope, q * values / slope[..., None] - slopes * (above / slope**2)[..., None]


def apparent_scattering(pad, mu: np.ndarray, q: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """h(mu) = (1 + q F1)/F', Eq. (6a), read off the Legendre series of a distribution, no law assumed, with its error.

    For q = 0 it is the scattering that one infers without focusing; it comes out asymmetric where there is some. Where
    F' is not significantly of one sign, h means nothing: its error is then as large as itself.

    Returns
    -------
    h, sigma : ndarray, shape of mu
    """
    h, gradient = with_gradient(pad, np.asarray(mu, float), q)
    return h, np.sqrt(np.einsum("...i,ij,...j->...", gradient, pad.legendre_covariance, gradient))


def apparent_asymmetry(pad, q: float = 0.0) -> Estimate:
    """[D(1/2) - D(-1/2)]/[D(1/2) + D(-1/2)] of `apparent_scattering`, with focusing q held.

    None, with the reason, where the slope of F is not significantly of one sign at mu = +-1/2.
    """
    order, half = len(pad.legendre), np.array([0.5, -0.5])
    _, slopes = values_and_slopes(half, order)
    slope, covariance = slopes @ pad.legendre, slopes @ pad.legendre_covariance @ slopes.T
    if not (np.isfinite(covariance).all() and np.isfinite(slope).all()):
        return Estimate(None, note="the Legendre coefficients of the pitch-angle distribution are not determined")
    if slope[0] * slope[1] <= 0 or np.any(np.abs(slope) < 2.0 * np.sqrt(np.diag(covariance))):
        return Estimate(None, note="the slope F' at μ = ±1/2 is not significant (below 2 sigma) or changes sign, "
                                   "so that D without focusing has no upper limit there")
    (forward, backward), gradient = with_gradient(pad, half, q)
    total = forward + backward
    by_h = np.array([2.0 * backward, -2.0 * forward]) / total**2 @ gradient
    return Estimate(float((forward - backward) / total), float(np.sqrt(by_h @ pad.legendre_covariance @ by_h)),
                    note=f"of the Legendre series to order {order}, not of all of F, which gives another value")
