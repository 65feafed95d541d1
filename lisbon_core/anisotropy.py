"""Eqs. (1)-(3): the interstellar anisotropy fitted to a sky through the heliosphere and through the rings.

    I(theta, phi) = [1 + A_1 P_1(mu) + ... + A_n P_n(mu) + G_x R_x + G_y R_y] (p/p_0)^-p_index            (3)

I = p_0^2 f (Eq. 1) with f conserved along orbits, so the exponent is `p_index` = alpha + 2 for a flux ~ p^-alpha.
A pixel of the model is the mean over the samples of the Liouville map, then over the disc of the sky's averaging;
both sides are divided by their ring means (Eq. 2), which makes the fit non-linear in A_n and G.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.polynomial.legendre import legvander
from scipy import sparse

from lisbon_core._core import LisbonError
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.sky_map import SkyMap, averaging_operator, noise_factor

__all__ = ["AnisotropyError", "AnisotropyFit", "Design", "design", "fit_anisotropy", "fit_design",
           "fit_sampled_map", "parameter_names", "sample_columns", "sample_covariance", "solve"]


class AnisotropyError(LisbonError):
    """A sky and a Liouville map that cannot be fitted together."""


def parameter_names(order: int) -> tuple[str, ...]:
    """Names of the fitted parameters: A_1 ... A_order, G_x, G_y."""
    return (*(f"A_{n}" for n in range(1, order + 1)), "G_x", "G_y")


def sample_columns(liouville: LiouvilleMap, sample: int, order: int, p_index: float) -> np.ndarray:
    """Terms of Eq. (3) for one sample of the map, each times (p/p_0)^-p_index.

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
    return terms * (liouville.momentum_ratio[sample].ravel() ** -p_index)[:, None]


@dataclass(frozen=True)
class Design:
    """What Eq. (3) is made of on the pixels of a sky: linear columns, rings, averaging and noise.

    Everything that does not depend on the data, so that many skies of one kind are fitted at the cost of one.

    Attributes
    ----------
    order, p_index : int, float
        Highest Legendre order; exponent of p/p_0.
    observed : ndarray of bool, shape (n_dec, n_ra)
        Pixels that are fitted.
    constant : ndarray, shape (n_observed,)
        The averaged term 1 (p/p_0)^-p_index.
    columns : ndarray, shape (n_observed, order + 2)
        The averaged terms P_n(mu), R_x, R_y.
    full_sky_mean : ndarray, shape (order + 3,)
        Mean over the whole sphere of each column, the constant first.
    averaging : sparse array, shape (n_observed, n_pixel)
        Disc average onto the observed pixels.
    rings : sparse array, shape (n_ring, n_observed)
        Mean over right ascension of each observed ring.
    weight : ndarray, shape (n_observed,)
        1 / sigma^2.
    noise : sparse array, shape (n_observed, n_pixel)
        K: the observed pixels have covariance K K^T before the rings.
    ring_noise : ndarray, shape (n_ring, n_pixel)
        The ring means of K.
    noise_trace, effective_pixels : float
        tr S and (tr S)^2 / tr S^2 of S = W^1/2 N K K^T N W^1/2, with N the rings of Eq. (2): expectation of the sum of
        squared deviations of noise alone, and the number of independent pixels that would scatter as much.
    """

    order: int
    p_index: float
    observed: np.ndarray
    constant: np.ndarray
    columns: np.ndarray
    full_sky_mean: np.ndarray
    averaging: sparse.csr_array
    rings: sparse.csr_array
    weight: np.ndarray
    noise: sparse.csr_array
    ring_noise: np.ndarray
    noise_trace: float
    effective_pixels: float

    def ring_mean(self, values: np.ndarray) -> np.ndarray:
        """Mean over right ascension of values of shape (n_observed, ...), given back on each pixel of the ring."""
        return np.repeat(self.rings @ values, np.diff(self.rings.indptr), axis=0)

    def intensity(self, theta: np.ndarray) -> np.ndarray:
        """I of Eq. (3), before the rings, shape (n_observed,)."""
        return self.constant + self.columns @ theta

    def relative_intensity(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Eq. (2) applied to Eq. (3), and its analytic Jacobian (n_observed, order + 2)."""
        intensity = self.intensity(theta)
        mean = self.ring_mean(intensity)
        relative = intensity / mean
        return relative, (self.columns - relative[:, None] * self.ring_mean(self.columns)) / mean[:, None]

    @property
    def scale(self) -> np.ndarray:
        """Sizes that make the columns alike: G is of order 1e-6 per AU, A of order 1e-3."""
        return 1.0 / np.sqrt(np.mean(self.columns**2, axis=0))

    def scaled_normal(self, jacobian: np.ndarray, attenuation: np.ndarray) -> np.ndarray:
        """Normal matrix J^T W J of the scaled parameters, less the attenuation of all but the constant."""
        scaled = jacobian * self.scale
        return (scaled.T * self.weight) @ scaled - attenuation[1:, 1:] * np.outer(self.scale, self.scale)

    def noise_response(self, operator: np.ndarray) -> np.ndarray:
        """Response (n, n_pixel) of linear functionals (n, n_observed) of a ring-normalised sky to unit noise."""
        through_rings = operator - self.ring_mean(operator.T).T
        return (self.noise.T @ through_rings.T).T

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """Values of the observed pixels on the grid of the sky, NaN elsewhere."""
        grid = np.full(self.observed.shape, np.nan)
        grid[self.observed] = values
        return grid


def design(sky: SkyMap, liouville: LiouvilleMap, order: int = 7, p_index: float = 4.7) -> Design:
    """Columns of Eq. (3) on the observed pixels of a sky, averaged as the sky is, and the sky's noise.

    Raises
    ------
    AnisotropyError
        If the two are not on the same grid, or fewer pixels are observed than there are parameters.
    """
    if liouville.mu.shape[1:] != sky.relative_intensity.shape:
        raise AnisotropyError(f"the Liouville map has {liouville.mu.shape[1:]} pixels and the sky "
                              f"{sky.relative_intensity.shape}: trace the map on the grid of the sky")
    observed = sky.observed
    if observed.sum() <= order + 2 + observed.any(axis=1).sum():
        raise AnisotropyError(f"the sky has {observed.sum()} observed pixels in {observed.any(axis=1).sum()} rings for "
                              f"{order + 2} parameters: lower the order or widen the declination limits")
    mean = sum(weight * sample_columns(liouville, s, order, p_index) for s, weight in enumerate(liouville.weight))
    averaging = averaging_operator(sky.dec, sky.ra, sky.averaging_deg, sky.footprint)[observed.ravel()]
    averaged = averaging @ mean
    area = np.repeat(np.cos(np.radians(sky.dec)), sky.ra.size)

    counts = observed.sum(axis=1)[observed.any(axis=1)]
    rings = sparse.csr_array((np.repeat(1.0 / counts, counts), np.arange(counts.sum()),
                              np.concatenate([[0], np.cumsum(counts)])))
    weight, noise = sky.sigma[observed] ** -2.0, noise_factor(sky)
    ring_noise = (rings @ noise).toarray()
    # rows of N K: each pixel's row of K minus its ring's mean row
    ring = np.repeat(np.arange(counts.size), counts)
    cross = (noise @ ring_noise.T)[np.arange(ring.size), ring]
    variance = (noise * noise).sum(axis=1) - 2.0 * cross + np.sum(ring_noise**2, axis=1)[ring]
    trace = float(weight @ variance)
    # each ring takes one mode out of W^1/2 K K^T W^1/2: its share of the squared trace, to leading order
    scaled = sparse.diags_array(np.sqrt(weight)) @ noise
    covariance = scaled @ scaled.T
    ring_weight = np.sqrt(counts * (rings @ weight))
    square = float((covariance * covariance).sum()
                   - np.sum((ring_weight[:, None] * (ring_noise @ ring_noise.T) * ring_weight) ** 2))
    return Design(order, p_index, observed, averaged[:, 0], averaged[:, 1:], area @ mean / area.sum(), averaging, rings,
                  weight, noise, ring_noise, trace, trace**2 / square)


@dataclass(frozen=True)
class AnisotropyFit:
    """Fitted Eq. (3).

    Attributes
    ----------
    theta : ndarray, shape (order + 2,)
        A_1 ... A_order, G_x, G_y (1/AU).
    covariance : ndarray, shape (order + 2, order + 2)
        Of theta: the noise of the sky through the averaging and the rings, and, after `fit_sampled_map`, the finite
        sample of the Liouville map.
    relative_intensity, intensity : ndarray, shape (n_dec, n_ra)
        The fitted sky after the rings (Eq. 2) and before them; NaN where not observed.
    chi2_reduced, chi2_reduced_sigma : float
        Sum of squared residuals over its expectation, and its standard deviation for a true model.
    estimator : ndarray, shape (order + 2, n_observed)
        d theta / d data: the fit is linear in small changes of the sky.
    noise : ndarray, shape (order + 2, n_pixel)
        theta's response to independent unit noise on the pixels before the averaging.
    map_shifts : ndarray, shape (n_sample, n_observed)
        What each sample of the Liouville map alone would add to the fitted sky, after the rings, scaled so that the
        sum of outer products is the covariance of a map made of so few; empty where the map is taken as exact.
    """

    design: Design
    theta: np.ndarray
    covariance: np.ndarray
    relative_intensity: np.ndarray
    intensity: np.ndarray
    chi2_reduced: float
    chi2_reduced_sigma: float
    estimator: np.ndarray
    noise: np.ndarray
    map_shifts: np.ndarray

    @property
    def order(self) -> int:
        """Highest Legendre order fitted."""
        return self.design.order

    @property
    def effective_pixels(self) -> float:
        """Number of independent pixels whose chi-square would scatter as much."""
        return self.design.effective_pixels

    @property
    def sigma(self) -> np.ndarray:
        """Standard errors of theta."""
        return np.sqrt(np.diag(self.covariance))

    def __str__(self) -> str:
        lines = [f"{name} = {value: .3e} ± {sigma:.1e}"
                 for name, value, sigma in zip(parameter_names(self.order), self.theta, self.sigma, strict=True)]
        return "\n".join([*lines, f"reduced chi-square {self.chi2_reduced:.3f} ± {self.chi2_reduced_sigma:.3f} "
                                  f"({self.effective_pixels:.0f} effective pixels)"])


def solve(columns: Design, data: np.ndarray, attenuation: np.ndarray | None = None) -> np.ndarray:
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
    theta = np.zeros(columns.order + 2)
    attenuation = np.zeros((theta.size + 1, theta.size + 1)) if attenuation is None else attenuation
    for _ in range(20):
        model, jacobian = columns.relative_intensity(theta)
        weighted = jacobian.T * columns.weight
        slope = weighted @ (data - model) + attenuation[1:] @ np.concatenate([[1.0], theta])
        step = columns.scale * np.linalg.solve(columns.scaled_normal(jacobian, attenuation), columns.scale * slope)
        theta = theta + step
        if np.all(np.abs(step) <= 1e-13 * columns.scale):
            break
    return theta


def fit_anisotropy(sky: SkyMap, liouville: LiouvilleMap, order: int = 7, p_index: float = 4.7) -> AnisotropyFit:
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

    Raises
    ------
    AnisotropyError
        If the grids differ or fewer pixels are observed than there are parameters.

    References
    ----------
    Zhang & Maalal, Eqs. (1)-(3).
    """
    return fit_design(design(sky, liouville, order, p_index), sky.relative_intensity[sky.observed])


def fit_design(columns: Design, data: np.ndarray, attenuation: np.ndarray | None = None) -> AnisotropyFit:
    """`fit_anisotropy` for a design that is at hand: data are the relative intensities of its observed pixels."""
    data = data / columns.ring_mean(data)
    attenuation = np.zeros((columns.order + 3, columns.order + 3)) if attenuation is None else attenuation
    theta = solve(columns, data, attenuation)
    model, jacobian = columns.relative_intensity(theta)
    weighted = (jacobian * columns.scale).T * columns.weight
    estimator = columns.scale[:, None] * np.linalg.solve(columns.scaled_normal(jacobian, attenuation), weighted)
    noise = columns.noise_response(estimator)
    covariance = noise @ noise.T
    residual = data - model
    expected = columns.noise_trace - np.sum((jacobian.T * columns.weight) @ jacobian * covariance)
    return AnisotropyFit(columns, theta, covariance, columns.on_grid(model), columns.on_grid(columns.intensity(theta)),
                         float(residual @ (columns.weight * residual) / expected),
                         float(np.sqrt(2.0 / columns.effective_pixels)), estimator, noise, np.empty((0, data.size)))


def fit_sampled_map(sky: SkyMap, liouville: LiouvilleMap, order: int = 7, p_index: float = 4.7) -> AnisotropyFit:
    """`fit_anisotropy` where the Liouville map is itself a sample: a few positions stand for the Earth's whole orbit.

    The samples differ, so the columns of Eq. (3) are noisy, and that does two things. It biases the fit: noise in a
    column makes its coefficient too small. The scatter between samples tells how much it adds to the normal equations,
    and that is taken out. And it scatters the fit: each sample alone predicts a sky, and the spread of these skies is
    added to the covariance (see `sample_covariance` for what four samples cannot tell) and to the chi-square.

    Raises
    ------
    AnisotropyError
        If the map has a single sample, which tells nothing of its own error, or so few that the scatter between them
        leaves nothing to fit.

    References
    ----------
    Fuller 1987, Measurement Error Models, section 2.2, for the correction.
    """
    n_sample = liouville.weight.size
    if n_sample < 2:
        raise AnisotropyError("the Liouville map has 1 sample, but its error shows only between samples: use "
                              "positions = 2 or more")
    columns = design(sky, liouville, order, p_index)
    mean = np.column_stack([columns.constant, columns.columns])
    own = np.empty((n_sample, *mean.shape))
    for s, weight in enumerate(liouville.weight):
        alone = columns.averaging @ sample_columns(liouville, s, order, p_index) - mean
        own[s] = weight * np.sqrt(n_sample / (n_sample - 1.0)) * (alone - columns.ring_mean(alone))
    attenuation = np.einsum("spi,p,spj->ij", own, columns.weight, own, optimize=True)
    jacobian = columns.relative_intensity(np.zeros(order + 2))[1]
    if np.linalg.eigvalsh(columns.scaled_normal(jacobian, 1.3 * attenuation))[0] <= 0.0:
        raise AnisotropyError(f"the {n_sample} samples of the Liouville map scatter as much as the terms of order "
                              f"{order} vary over the sky: raise positions, refine grid_deg, or lower the order")
    data = sky.relative_intensity[sky.observed]
    fit = fit_design(columns, data, attenuation)
    shifts = own @ np.concatenate([[1.0], fit.theta])
    # the same residuals, over an expectation that now holds the map's own scatter
    residual = data / columns.ring_mean(data) - fit.relative_intensity[sky.observed]
    total = residual @ (columns.weight * residual)
    expected = total / fit.chi2_reduced + np.sum(columns.weight * shifts**2)
    return replace(fit, covariance=fit.covariance + sample_covariance(fit.estimator @ shifts.T), map_shifts=shifts,
                   chi2_reduced=float(total / expected))


def sample_covariance(responses: np.ndarray) -> np.ndarray:
    """Covariance from a handful of samples' responses, shape (n, n_sample): their outer products plus the diagonal.

    n samples span n - 1 directions, and a fit that took the others as free of error would lean on them. The diagonal
    once more keeps it from that, and makes up for the variance being known from so few samples itself.
    """
    covariance = responses @ responses.T
    return covariance + np.diag(np.diag(covariance))
