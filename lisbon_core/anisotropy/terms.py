"""The terms of Eq. (3), orbit by orbit, and their mean over the samples of a Liouville map.

    I(theta, phi) = [1 + A_1 P_1(mu) + ... + A_n P_n(mu) + G_x R_x + G_y R_y] (p/p_0)^-p_index            (3)

I = p_0^2 f (Eq. 1) with f conserved along orbits, so the exponent is `p_index` = alpha + 2 for a flux ~ p^-alpha.
"""

import numpy as np
from numpy.polynomial.legendre import legvander

from lisbon_core.ground._core import LisbonError
from lisbon_core.liouville import LiouvilleMap


class AnisotropyError(LisbonError):
    """A sky and a Liouville map that cannot be fitted together."""


def parameter_names(order: int) -> tuple[str, ...]:
    """Names of the fitted parameters: A_1 ... A_order, G_x, G_y."""
    return (*(f"A_{n}" for n in range(1, order + 1)), "G_x", "G_y")


def sample_columns(liouville: LiouvilleMap, sample: int, order: int, p_index: float,
                   rigidity_index: float = 0.0) -> np.ndarray:
    """Terms of Eq. (3) for one sample of the map, each times (p/p_0)^-p_index.

    p_0 is the momentum of the sample itself, and R scales with it. Whether A_n and G depend on the rigidity is an
    assumption: here as its power `rigidity_index`, 1 at the scale of the map's response.

    Returns
    -------
    ndarray
        Shape (n_pixel, order + 3): 1, P_1(mu) ... P_order(mu), R_x, R_y (AU), in the order of `parameter_names`
        after the leading 1.
    """
    terms = np.empty((liouville.mu[sample].size, order + 3))
    terms[:, : order + 1] = legvander(liouville.mu[sample].ravel(), order)
    terms[:, order + 1] = liouville.R_x[sample].ravel()
    terms[:, order + 2] = liouville.R_y[sample].ravel()
    terms[:, 1:] *= ((liouville.rigidity_TV[sample].ravel() / liouville.scale_TV) ** rigidity_index)[:, None]
    return terms * (liouville.momentum_ratio[sample].ravel() ** -p_index)[:, None]


def mean_columns(liouville: LiouvilleMap, order: int, p_index: float,
                 terms=sample_columns) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the terms over the samples of a map, and how far it is off.

    Returns
    -------
    mean : ndarray, shape (n_pixel, order + 3)
    scatter : ndarray, shape (n_pixel, order + 3), or (0, order + 3) for a map without halves, which is exact
        Half the difference between the two halves of the sample: each pixel's is one draw of the error of its mean.
    """
    parts = [np.flatnonzero(liouville.replicate == k) for k in np.unique(liouville.replicate)]
    halves = [sum(terms(liouville, s, order, p_index) for s in part) / part.size for part in parts]
    mean = sum(halves) / len(halves)
    return mean, mean[:0] if len(halves) == 1 else 0.5 * (halves[0] - halves[1])
