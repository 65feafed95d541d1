"""Does the interstellar distribution depend on more than the pitch angle and a gradient? Terms beyond Eq. (3).

Eq. (3) takes the interstellar medium as gyrotropic: at one place it depends on mu alone, and from place to place it
changes linearly. Without a heliosphere the guiding centre of a particle that reaches Earth is its gyroradius, turned
by its gyrophase, so R_x and R_y are the terms P_1^1 of a distribution, and the next ones in R what a distribution that
is not gyrotropic (or a gradient that is not uniform) would show first:

    mu R_x, mu R_y  (P_2^1),   R_x^2 - R_y^2, 2 R_x R_y  (P_2^2),   R_x^2 + R_y^2  (distance alone),

each per gyroradius or per its square. What the fit leaves over is fitted by these together with everything in it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

from lisbon_core.anisotropy import AnisotropyFit, design
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.sky import SkyMap
from lisbon_core.sky.discs import Beside

GYROTROPY_TERMS = ("mu R_x", "mu R_y", "R_x^2 - R_y^2", "2 R_x R_y", "R_x^2 + R_y^2")


@dataclass(frozen=True)
class GyrotropyTest:
    """Terms beyond Eq. (3), fitted to what it leaves over.

    Attributes
    ----------
    coefficients, covariance : ndarrays, shapes (5,), (5, 5)
        Amplitudes of `GYROTROPY_TERMS`, R in units of `radius_AU`, fitted together with A_n and G.
    chi2, degrees : float, int
        Chi-square of all coefficients being zero, and how many independent ones the sky can tell.
    p_value : float
        Probability of a larger chi-square were Eq. (3) complete.
    radius_AU : float
        Root of 3/2 times the mean R^2: the gyroradius, were there no heliosphere.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    chi2: float
    degrees: int
    p_value: float
    radius_AU: float

    @property
    def sigma(self) -> np.ndarray:
        """Standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))


def gyrotropy_columns(liouville: LiouvilleMap, sample: int, p_index: float, radius_AU: float) -> np.ndarray:
    """The terms for one sample of the map, each times (p/p_0)^-p_index: (n_pixel, 5)."""
    mu, x, y = (liouville.mu[sample].ravel(), liouville.R_x[sample].ravel() / radius_AU,
                liouville.R_y[sample].ravel() / radius_AU)
    terms = np.column_stack([mu * x, mu * y, x * x - y * y, 2.0 * x * y, x * x + y * y])
    return terms * (liouville.momentum_ratio[sample].ravel() ** -p_index)[:, None]


def gyrotropy_test(sky: SkyMap, fit: AnisotropyFit, liouville: LiouvilleMap) -> GyrotropyTest:
    """Whether the residual of a fit depends on the gyrophase or on the distance from the Sun's field line.

    Parameters
    ----------
    sky, liouville : SkyMap, LiouvilleMap
        As they were fitted.
    fit : AnisotropyFit
        Eqs. (1)-(3); the finite sample of the map enters here as it does there.
    """
    square = liouville.average(liouville.R_x**2 + liouville.R_y**2).mean(axis=1)
    radius = float(np.sqrt(1.5 * np.average(square, weights=np.cos(np.radians(liouville.dec)))))

    def terms(liouville, sample, order, p_index):
        """Those of Eq. (3) and those beyond it."""
        return np.column_stack([fit.design.terms(liouville, sample, order, p_index),
                                gyrotropy_columns(liouville, sample, p_index, radius)])

    columns = design(sky, liouville, fit.order, fit.design.p_index, terms=terms,
                     names=(*fit.design.names, *GYROTROPY_TERMS))
    theta = np.append(fit.theta, np.zeros(5))
    data = sky.relative_intensity[sky.observed]
    model, jacobian = columns.relative_intensity(theta)
    # a term that the others already make (there may be one without a heliosphere) takes no part
    inverse = np.linalg.pinv(columns.scaled_normal(jacobian), rcond=1e-6, hermitian=True)
    inverse = columns.scale[-5:, None] * inverse[-5:] * columns.scale
    estimator = inverse @ (jacobian.T * columns.weight)
    coefficients = estimator @ (data / columns.ring_mean(data) - model)
    coefficients += inverse @ (columns.correction @ np.append(1.0, theta))

    left = sparse.csr_array((jacobian @ columns.too_small(theta))[:, None])
    response = columns.response(estimator, Beside.of(left.shape[0], [columns.noise, fit.map_noise, left]))
    covariance = response @ response.T
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-7 * values[-1]
    degrees, chi2 = int(kept.sum()), float(np.sum((vectors[:, kept].T @ coefficients) ** 2 / values[kept]))
    return GyrotropyTest(coefficients, covariance, chi2, degrees, float(stats.chi2.sf(chi2, degrees)), radius)
