"""The fit of Eq. (3) to a sky, by weighted least squares with the covariance of the averaging.

A 5-degree average on a 2-degree grid shares each event among some twenty pixels. Weights are diagonal, errors are not:
the covariance of the sky goes through the estimator (the sandwich), and chi-square is divided by its expectation.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg, sparse

from lisbon_core.anisotropy.design import AnisotropyError, Design, design, mean_columns
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.sky import SkyMap

__all__ = ["AnisotropyFit", "fit_anisotropy", "fit_coefficients", "fit_design", "map_scatter"]

MOST_SCATTER = 1.0 / 1.3  # of the normal matrix that may be scatter of the map and be taken out


@dataclass(frozen=True)
class AnisotropyFit:
    """Fitted Eq. (3).

    Attributes
    ----------
    theta : ndarray, shape (order + 2,)
        A_1 ... A_order, G_x, G_y (1/AU).
    chi2, chi2_expected : float
        Sum of squared residuals in units of sigma, and its expectation for a true model.
    effective_pixels : float
        Number of independent pixels whose chi-square would scatter as much.
    estimator : ndarray, shape (order + 2, n_observed)
        d theta / d data: the fit is linear in small changes of the sky.
    noise : ndarray, shape (order + 2, n_pixel)
        theta's response to independent unit noise on the pixels before the averaging.
    map_noise : sparse array, shape (n_observed, m)
        M: the predicted sky has covariance M M^T before the rings, a column for each pixel of the Liouville map; one
        more where the error of a grid is known, and one for what could not be corrected; none where it is exact.
    corrected : float
        Share of the map's scatter that could be taken out of the normal equations; below 1 where it is so large that
        some combination of coefficients is hardly known: it then comes out too small.
    """

    design: Design
    theta: np.ndarray
    chi2: float
    chi2_expected: float
    effective_pixels: float
    estimator: np.ndarray
    noise: np.ndarray
    map_noise: sparse.csr_array
    corrected: float = 1.0

    @property
    def order(self) -> int:
        """Highest Legendre order fitted."""
        return self.design.order

    @property
    def relative_intensity(self) -> np.ndarray:
        """The fitted sky after the rings (Eq. 2), shape (n_dec, n_ra); NaN where not observed."""
        return self.design.on_grid(self.design.relative_intensity(self.theta)[0])

    @cached_property
    def covariance(self) -> np.ndarray:
        """Of theta: noise of the sky through averaging and rings, and finite sample of the map if it is not exact."""
        return self.noise @ self.noise.T + self.map_response @ self.map_response.T

    @cached_property
    def map_response(self) -> np.ndarray:
        """Response of theta to the map's own error, shape (order + 2, m)."""
        return self.design.response(self.estimator, self.map_noise)

    @property
    def sigma_noise(self) -> np.ndarray:
        """Standard errors of theta from the noise of the sky alone."""
        return np.sqrt(np.sum(self.noise**2, axis=1))

    @property
    def sigma_map(self) -> np.ndarray:
        """Standard errors of theta from the finite sample of the Liouville map alone."""
        return np.sqrt(np.sum(self.map_response**2, axis=1))

    @property
    def chi2_reduced(self) -> float:
        """Sum of squared residuals over its expectation."""
        return float(self.chi2 / self.chi2_expected)

    @property
    def chi2_reduced_sigma(self) -> float:
        """Standard deviation of `chi2_reduced` for a true model."""
        return float(np.sqrt(2.0 / self.effective_pixels))

    @property
    def sigma(self) -> np.ndarray:
        """Standard errors of theta."""
        return np.sqrt(np.diag(self.covariance))

    def __str__(self) -> str:
        lines = [f"{name} = {value: .3e} ± {sigma:.1e}"
                 for name, value, sigma in zip(self.design.names, self.theta, self.sigma, strict=True)]
        return "\n".join([*lines, f"reduced chi-square {self.chi2_reduced:.3f} ± {self.chi2_reduced_sigma:.3f} "
                                  f"({self.effective_pixels:.0f} effective pixels)"])


def fit_coefficients(columns: Design, data: np.ndarray, attenuation: np.ndarray | float = 0.0) -> np.ndarray:
    """A_n and G that fit a ring-normalised sky best: Gauss-Newton on weighted least squares, shape (order + 2,).

    Parameters
    ----------
    columns : Design
        Model and weights.
    data : ndarray, shape (n_observed,)
        Relative intensity, each ring with mean 1.
    attenuation : ndarray, shape (order + 3, order + 3), optional
        What the columns' own scatter adds to the normal equations; it is taken out again, see `fit_anisotropy`.
    """
    theta = np.zeros(len(columns.names))
    attenuation = attenuation * np.ones((theta.size + 1, theta.size + 1))
    for _ in range(20):
        model, jacobian = columns.relative_intensity(theta)
        weighted = jacobian.T * columns.weight
        slope = weighted @ (data - model) + attenuation[1:] @ np.append(1.0, theta)
        step = columns.scale * np.linalg.solve(columns.scaled_normal(jacobian, attenuation), columns.scale * slope)
        theta = theta + step
        if np.all(np.abs(step) <= 1e-13 * columns.scale):
            break
    return theta


def fit_anisotropy(sky: SkyMap, liouville: LiouvilleMap, order: int = 7, p_index: float = 4.7, *,
                   coarser: LiouvilleMap | None = None, **terms) -> AnisotropyFit:
    """Fit A_n and G to a sky through Eqs. (1)-(3), by weighted least squares with an honest covariance.

    Pixels are weighted by 1/sigma^2, and the covariance of neighbouring pixels, which share their data, enters as the
    sandwich (J^T W J)^-1 J^T W C W J (J^T W J)^-1: a diagonal chi-square would claim errors 4 to 5 times too small.

    The Liouville map is itself a sample, so the columns of Eq. (3) are noisy, and that does two things. It biases the
    fit: noise in a column makes its coefficient too small. The difference of the map's two halves tells how much it
    adds to the normal equations, and that is taken out (no more of it than leaves the equations solvable: `corrected`).
    And it scatters the fit: pixels err independently, each by half that difference, as if the sky had so much more
    noise; this enters covariance and chi-square. A map without halves is taken as exact.

    Parameters
    ----------
    sky : SkyMap
        Relative intensity; it is divided by its ring means here too, which changes nothing if it was before.
    liouville : LiouvilleMap
        Traced on the sky's grid.
    order : int
        Highest Legendre order (paper: 7).
    p_index : float
        Exponent of p/p_0, alpha + 2.
    coarser : LiouvilleMap, optional
        The map through a grid half as fine, where the field is on a grid: the sky it predicts instead is taken for one
        more error. The error of a jump smeared over a cell is halved with the cell, so that this is the error of the
        finer grid; where the field is smooth it is less, a third.
    terms
        Columns other than those of Eq. (3), see `design`.

    Raises
    ------
    AnisotropyError
        If the grids differ, fewer pixels are observed than there are parameters, or the terms are not independent.

    References
    ----------
    Zhang & Maalal, Eqs. (1)-(3). Fuller 1987, Measurement Error Models, sections 2.2 and 2.5, for the correction.
    """
    columns, data = design(sky, liouville, order, p_index, **terms), sky.relative_intensity[sky.observed]
    if liouville.replicates < 2:
        return fit_design(columns, data)
    scatter, reach = map_scatter(columns, liouville)
    attenuation = (scatter.T * reach) @ scatter
    jacobian = columns.relative_intensity(np.zeros(len(columns.names)))[1]
    whole = columns.scaled_normal(jacobian)
    values = np.linalg.eigvalsh(whole)
    if values[0] <= 1e-13 * values[-1]:
        raise AnisotropyError(f"the terms of order {order} cannot be told apart on this sky: lower the order or widen "
                              "the declination limits")
    # the largest share of the normal matrix, in any direction, that is the map's scatter
    excess = linalg.eigh(whole - columns.scaled_normal(jacobian, attenuation), whole, eigvals_only=True)[-1]
    corrected = min(1.0, MOST_SCATTER / max(excess, 1e-300))
    fit = fit_design(columns, data, corrected * attenuation)
    theta = np.append(1.0, fit.theta)
    shifts = [sparse.csr_array(columns.averaging @ sparse.diags_array(scatter @ theta))]
    if coarser is not None:
        other = columns.averaging @ mean_columns(coarser, order, p_index, columns.terms) - columns.columns
        shifts.append(sparse.csr_array((other @ theta)[:, None]))
    if corrected < 1.0:  # a change of the sky that makes up for what is left
        bias = columns.scale * ((1.0 - corrected) * attenuation[1:] @ theta)
        shifts.append(sparse.csr_array((jacobian @ (columns.scale * np.linalg.solve(whole, bias)))[:, None]))
    map_noise = sparse.hstack(shifts, format="csr")
    # the same residuals, over an expectation that now holds the map's own scatter
    response = columns.response(fit.estimator, map_noise)
    jacobian = columns.relative_intensity(fit.theta)[1]
    left = columns.expected_squares(map_noise) - _taken(columns, jacobian, response @ response.T,
                                                        corrected * attenuation)
    return replace(fit, map_noise=map_noise, corrected=float(corrected), chi2_expected=fit.chi2_expected + left)


def fit_design(columns: Design, data: np.ndarray, attenuation: np.ndarray | float = 0.0) -> AnisotropyFit:
    """`fit_anisotropy` for a design that is at hand: data are the relative intensities of its observed pixels."""
    data = data / columns.ring_mean(data)
    theta = fit_coefficients(columns, data, attenuation)
    model, jacobian = columns.relative_intensity(theta)
    weighted = (jacobian * columns.scale).T * columns.weight
    estimator = columns.scale[:, None] * np.linalg.solve(columns.scaled_normal(jacobian, attenuation), weighted)
    noise = columns.response(estimator, columns.noise)
    fitted = _taken(columns, jacobian, noise @ noise.T, attenuation)
    return AnisotropyFit(design=columns, theta=theta, estimator=estimator, noise=noise,
                         chi2=columns.weight @ (data - model) ** 2, chi2_expected=columns.noise_trace - fitted,
                         effective_pixels=columns.effective_pixels,
                         map_noise=sparse.csr_array((data.size, 0), dtype=float))


def _taken(columns: Design, jacobian: np.ndarray, covariance: np.ndarray, attenuation: np.ndarray | float) -> float:
    """How much of the expected sum of squares the fitted coefficients, of that covariance, take away."""
    attenuation = attenuation * np.ones((len(columns.names) + 1,) * 2)
    return float(np.sum(((jacobian.T * columns.weight) @ jacobian - 2.0 * attenuation[1:, 1:]) * covariance))


def map_scatter(columns: Design, liouville: LiouvilleMap, order: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """How far the terms of each pixel of a map are off, and how much of a pixel's square reaches the normal equations.

    The terms are those of the design, to its order or to another.

    Returns
    -------
    scatter : ndarray, shape (n_pixel, n)
        Half the difference between the two halves of the sample: each pixel's is one draw of its error.
    reach : ndarray, shape (n_pixel,)
        Sum over the observed pixels of weight times the square of the averaging and the rings of Eq. (2).
    """
    halves = [sum(columns.terms(liouville, s, order or columns.order, columns.p_index)
                  for s in np.flatnonzero(liouville.replicate == k)) / np.sum(liouville.replicate == k) for k in (0, 1)]
    return 0.5 * (halves[0] - halves[1]), columns.reach(columns.averaging)
