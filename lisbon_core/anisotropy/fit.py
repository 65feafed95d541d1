"""The fit of Eq. (3) to a sky, by weighted least squares with the covariance of the averaging.

A 5-degree average on a 2-degree grid shares each event among some twenty pixels. Weights are diagonal, errors are not:
the covariance of the sky goes through the estimator (the sandwich), and chi-square is divided by its expectation.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg

from lisbon_core.anisotropy.design import AnisotropyError, Design, design, mean_columns
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.sky import SkyMap

__all__ = ["AnisotropyFit", "fit_anisotropy", "fit_coefficients", "fit_design", "fit_sampled_map", "sample_covariance",
           "sample_scatter"]

MOST_SCATTER = 1.0 / 1.3  # of the normal matrix that may be scatter of samples and be taken out


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
    map_shifts : ndarray, shape (n_sample, n_observed)
        What each sample of the Liouville map alone would add to the fitted sky, after the rings, scaled so that the
        sum of outer products is the covariance of a map made of so few; one row more where the error of a grid is
        known, and one for what could not be corrected; empty where the map is taken as exact.
    corrected : float
        Share of the samples' scatter that could be taken out of the normal equations; below 1 where they scatter so
        much that some combination of coefficients is hardly known: it then comes out too small.
    """

    design: Design
    theta: np.ndarray
    chi2: float
    chi2_expected: float
    effective_pixels: float
    estimator: np.ndarray
    noise: np.ndarray
    map_shifts: np.ndarray
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
        return self.noise @ self.noise.T + sample_covariance(self.estimator @ self.map_shifts.T)

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
        What the columns' own scatter adds to the normal equations; it is taken out again, see `fit_sampled_map`.
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


def fit_anisotropy(sky: SkyMap, liouville: LiouvilleMap, order: int = 7, p_index: float = 4.7,
                   **terms) -> AnisotropyFit:
    """Fit A_n and G to a sky through Eqs. (1)-(3), by weighted least squares with an honest covariance.

    Pixels are weighted by 1/sigma^2, and the covariance of neighbouring pixels, which share their data, enters as the
    sandwich (J^T W J)^-1 J^T W C W J (J^T W J)^-1: a diagonal chi-square would claim errors 4 to 5 times too small.

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
    terms
        Columns other than those of Eq. (3), see `design`.

    Raises
    ------
    AnisotropyError
        If the grids differ or fewer pixels are observed than there are parameters.

    References
    ----------
    Zhang & Maalal, Eqs. (1)-(3).
    """
    return fit_design(design(sky, liouville, order, p_index, **terms), sky.relative_intensity[sky.observed])


def fit_design(columns: Design, data: np.ndarray, attenuation: np.ndarray | float = 0.0) -> AnisotropyFit:
    """`fit_anisotropy` for a design that is at hand: data are the relative intensities of its observed pixels."""
    data = data / columns.ring_mean(data)
    theta = fit_coefficients(columns, data, attenuation)
    model, jacobian = columns.relative_intensity(theta)
    weighted = (jacobian * columns.scale).T * columns.weight
    estimator = columns.scale[:, None] * np.linalg.solve(columns.scaled_normal(jacobian, attenuation), weighted)
    noise = columns.noise_response(estimator)
    fitted = np.sum((jacobian.T * columns.weight) @ jacobian * (noise @ noise.T))
    return AnisotropyFit(design=columns, theta=theta, estimator=estimator, noise=noise,
                         chi2=columns.weight @ (data - model) ** 2, chi2_expected=columns.noise_trace - fitted,
                         effective_pixels=columns.effective_pixels, map_shifts=np.empty((0, data.size)))


def fit_sampled_map(sky: SkyMap, liouville: LiouvilleMap, order: int = 7, p_index: float = 4.7, *,
                    coarser: LiouvilleMap | None = None, **terms) -> AnisotropyFit:
    """`fit_anisotropy` where the Liouville map is itself a sample: a few positions stand for the Earth's whole orbit.

    The samples differ, so the columns of Eq. (3) are noisy, and that does two things. It biases the fit: noise in a
    column makes its coefficient too small. The scatter between samples tells how much it adds to the normal equations,
    and that is taken out (no more of it than leaves the equations solvable: `corrected`). And it scatters the fit: each
    sample alone predicts a sky, and the spread of these skies is added to the covariance (see `sample_covariance` for
    what four samples cannot tell) and to the chi-square.

    A field on a grid is not the field. `coarser` is the map through a grid half as fine: the sky it predicts instead is
    taken for one more shift. The error of a jump smeared over a cell is halved with the cell, so that this is the error
    of the finer grid; where the field is smooth it is less, a third.

    Raises
    ------
    AnisotropyError
        If the map has a single sample, which tells nothing of its own error, or the terms are not independent.

    References
    ----------
    Fuller 1987, Measurement Error Models, sections 2.2 and 2.5, for the correction and its limit.
    """
    if liouville.weight.size < 2:
        raise AnisotropyError("the Liouville map has 1 sample, but its error shows only between samples: use "
                              "positions = 2 or more")
    columns = design(sky, liouville, order, p_index, **terms)
    own, attenuation = sample_scatter(columns, liouville)
    jacobian = columns.relative_intensity(np.zeros(len(columns.names)))[1]
    # the largest share of the normal matrix, in any direction, that is the samples' scatter
    whole = columns.scaled_normal(jacobian)
    values = np.linalg.eigvalsh(whole)
    if values[0] <= 1e-13 * values[-1]:
        raise AnisotropyError(f"the terms of order {order} cannot be told apart on this sky: lower the order or widen "
                              "the declination limits")
    excess = linalg.eigh(whole - columns.scaled_normal(jacobian, attenuation), whole, eigvals_only=True)[-1]
    corrected = min(1.0, MOST_SCATTER / max(excess, 1e-300))
    left, attenuation = (1.0 - corrected) * attenuation, corrected * attenuation
    fit = fit_design(columns, sky.relative_intensity[sky.observed], attenuation)
    if coarser is not None:
        other = columns.averaging @ mean_columns(coarser, order, p_index, columns.terms) - columns.columns
        own = np.concatenate([own, (other - columns.ring_mean(other))[None]])
    shifts = own @ np.append(1.0, fit.theta)
    if corrected < 1.0:  # a change of the sky that makes up for what is left
        bias = columns.scale * (left[1:] @ np.append(1.0, fit.theta))
        shifts = np.vstack([shifts, jacobian @ (columns.scale * np.linalg.solve(whole, bias))])
    # the same residuals, over an expectation that now holds the map's own scatter
    return replace(fit, map_shifts=shifts, chi2_expected=fit.chi2_expected + np.sum(columns.weight * shifts**2),
                   corrected=float(corrected))


def sample_scatter(columns: Design, liouville: LiouvilleMap) -> tuple[np.ndarray, np.ndarray]:
    """What each sample of a map adds to the columns of a design, and what that adds to the normal matrix.

    Returns
    -------
    own : ndarray, shape (n_sample, n_observed, n)
        After the rings, the constant first, scaled so that the sum of outer products is the covariance of the columns.
    attenuation : ndarray, shape (n, n)
        own^T W own summed over the samples.
    """
    n_sample = liouville.weight.size
    own = np.empty((n_sample, *columns.columns.shape))
    for s, weight in enumerate(liouville.weight):
        alone = columns.averaging @ columns.terms(liouville, s, columns.order, columns.p_index) - columns.columns
        own[s] = weight * np.sqrt(n_sample / (n_sample - 1.0)) * (alone - columns.ring_mean(alone))
    return own, np.einsum("spi,p,spj->ij", own, columns.weight, own, optimize=True)


def sample_covariance(responses: np.ndarray) -> np.ndarray:
    """Covariance from a handful of samples' responses, shape (n, n_sample): their outer products plus the diagonal.

    n samples span n - 1 directions, and a fit that took the others as free of error would lean on them. The diagonal
    once more keeps it from that, and makes up for the variance being known from so few samples itself.
    """
    covariance = responses @ responses.T
    return covariance + np.diag(np.diag(covariance))
