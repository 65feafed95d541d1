"""Pitch-angle distributions of known truth for the tests of inference."""

from types import SimpleNamespace

import numpy as np

from lisbon_core.anisotropy import bin_averages
from lisbon_core.transport import CosineScattering, gradient_length_kpc, stationary_pad
from lisbon_core.transport.posterior import whiten

LAW, Q = CosineScattering(-292.79, 1.0, 585.57), 1.0 / 0.010349
EDGES = np.linspace(-1.0, 1.0, 17)


def distribution(law, q, closure="flux-tube", *, noise=4e-5, rng=None, response=None):
    """Bins of a stationary distribution with correlated noise of mean 0, and their Legendre series to order 7."""
    mu = 0.5 * (EDGES[1:] + EDGES[:-1])
    pad = stationary_pad(law, q, closure)
    F = pad.bin_means(EDGES) if response is None else 1.0 + response @ pad.legendre(response.shape[1])
    covariance = noise**2 * (0.8 * np.exp(-0.5 * ((mu[:, None] - mu) / 0.1) ** 2) + 0.2 * np.eye(mu.size))
    centre = np.eye(mu.size) - 1.0 / mu.size
    covariance = centre @ covariance @ centre
    if rng is not None:
        values, vectors = np.linalg.eigh(covariance)
        F = F + vectors @ (np.sqrt(np.maximum(values, 0.0)) * rng.standard_normal(mu.size))
    whitener = whiten(covariance)
    design = whitener @ bin_averages(EDGES, 7)
    legendre_covariance = np.linalg.inv(design.T @ design)
    fitted = legendre_covariance @ design.T @ whitener @ (F - 1.0)
    return SimpleNamespace(mu=mu, edges=EDGES, F=F, covariance=covariance, legendre=fitted, response=response,
                           legendre_covariance=legendre_covariance)


def truth_of(law, q):
    """True lengths for kappa29 = 1: kpc, 1/pc, pc."""
    length = gradient_length_kpc(law, 1.0)
    return {"gradient_length": length, "inverse_L": q / (1e3 * length), "L_focusing": 1e3 * length / q}


def shape_of(law):
    """True parameters of Eq. (6)."""
    return {"eta": law.eta, "omega": law.omega, "d_offset": law.d_offset}
