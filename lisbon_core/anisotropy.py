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

__all__ = ["AnisotropyError", "AnisotropyFit", "Design", "design", "fit_anisotropy", "parameter_names",
           "sample_columns", "with_sampling_error"]


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
    """What Eq. (3) is made of on the pixels of a sky: linear columns, and the rings that make it non-linear.

    Attributes
    ----------
    constant : ndarray, shape (n_observed,)
        The averaged term 1 (p/p_0)^-p_index.
    columns : ndarray, shape (n_observed, order + 2)
        The averaged terms P_n(mu), R_x, R_y.
    ring : ndarray of int, shape (n_observed,)
        Ring of each pixel, counted among the observed rings.
    averaging : sparse array, shape (n_observed, n_pixel)
        Disc average onto the observed pixels.
    full_sky_mean : ndarray, shape (order + 3,)
        Mean over the whole sphere of each column, the constant first.
    """

    order: int
    p_index: float
    constant: np.ndarray
    columns: np.ndarray
    ring: np.ndarray
    averaging: sparse.csr_array
    full_sky_mean: np.ndarray

    def ring_mean(self, values: np.ndarray) -> np.ndarray:
        """Mean over right ascension of values of shape (n_observed, ...), given back on each pixel of the ring."""
        return self.mean_per_ring(values)[self.ring]

    def mean_per_ring(self, values: np.ndarray) -> np.ndarray:
        """Mean of each observed ring: shape (n_ring, ...)."""
        starts = np.searchsorted(self.ring, np.arange(self.ring[-1] + 1))
        counts = np.diff(np.append(starts, self.ring.size))
        return np.add.reduceat(values, starts, axis=0) / counts.reshape(-1, *[1] * (values.ndim - 1))

    def intensity(self, theta: np.ndarray) -> np.ndarray:
        """I of Eq. (3), before the rings, shape (n_observed,)."""
        return self.constant + self.columns @ theta

    def relative_intensity(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Eq. (2) applied to Eq. (3), and its analytic Jacobian (n_observed, order + 2)."""
        intensity = self.intensity(theta)
        mean = self.ring_mean(intensity)
        relative = intensity / mean
        return relative, (self.columns - relative[:, None] * self.ring_mean(self.columns)) / mean[:, None]


def design(sky: SkyMap, liouville: LiouvilleMap, order: int = 7, p_index: float = 4.7) -> Design:
    """Columns of Eq. (3) on the observed pixels of a sky, averaged as the sky is.

    Raises
    ------
    AnisotropyError
        If the two are not on the same grid, or nothing is observed.
    """
    if liouville.mu.shape[1:] != sky.relative_intensity.shape:
        raise AnisotropyError(f"the Liouville map has {liouville.mu.shape[1:]} pixels and the sky "
                              f"{sky.relative_intensity.shape}: trace the map on the grid of the sky")
    observed = sky.observed.ravel()
    if observed.sum() <= order + 2:
        raise AnisotropyError(f"the sky has {observed.sum()} observed pixels for {order + 2} parameters: lower the "
                              "order or widen the declination limits")
    mean = sum(weight * sample_columns(liouville, s, order, p_index) for s, weight in enumerate(liouville.weight))
    averaging = averaging_operator(sky.dec, sky.ra, sky.averaging_deg, sky.footprint)[observed]
    averaged = averaging @ mean
    area = np.repeat(np.cos(np.radians(sky.dec)), sky.ra.size)
    rows = np.repeat(np.arange(sky.dec.size), sky.ra.size)[observed]
    return Design(order, p_index, averaged[:, 0], averaged[:, 1:], np.unique(rows, return_inverse=True)[1], averaging,
                  area @ mean / area.sum())


@dataclass(frozen=True)
class AnisotropyFit:
    """Fitted Eq. (3).

    Attributes
    ----------
    theta : ndarray, shape (order + 2,)
        A_1 ... A_order, G_x, G_y (1/AU).
    covariance : ndarray, shape (order + 2, order + 2)
        Of theta: the noise of the sky through the averaging and the rings, and, after `with_sampling_error`, the
        finite sample of the Liouville map.
    relative_intensity, intensity : ndarray, shape (n_dec, n_ra)
        The fitted sky after the rings (Eq. 2) and before them; NaN where not observed.
    chi2_reduced, chi2_reduced_sigma, effective_pixels : float
        Sum of squared residuals over its expectation, its standard deviation for a true model, and the number of
        independent pixels that would scatter as much.
    estimator : ndarray, shape (order + 2, n_observed)
        d theta / d data: the fit is linear in small changes of the sky.
    noise : ndarray, shape (order + 2, n_pixel)
        theta's response to independent unit noise on the pixels before the averaging.
    """

    design: Design
    theta: np.ndarray
    covariance: np.ndarray
    relative_intensity: np.ndarray
    intensity: np.ndarray
    chi2_reduced: float
    chi2_reduced_sigma: float
    effective_pixels: float
    estimator: np.ndarray
    noise: np.ndarray

    @property
    def order(self) -> int:
        """Highest Legendre order fitted."""
        return self.design.order

    @property
    def sigma(self) -> np.ndarray:
        """Standard errors of theta."""
        return np.sqrt(np.diag(self.covariance))

    def __str__(self) -> str:
        lines = [f"{name} = {value: .3e} ± {sigma:.1e}"
                 for name, value, sigma in zip(parameter_names(self.order), self.theta, self.sigma, strict=True)]
        return "\n".join([*lines, f"reduced chi-square {self.chi2_reduced:.3f} ± {self.chi2_reduced_sigma:.3f} "
                                  f"({self.effective_pixels:.0f} effective pixels)"])


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
    columns = design(sky, liouville, order, p_index)
    observed = sky.observed
    data = sky.relative_intensity[observed]
    data = data / columns.ring_mean(data)
    weight = sky.sigma[observed] ** -2.0

    theta = np.zeros(order + 2)
    # G is of order 1e-6 per AU and A of order 1e-3: columns of one size keep the normal equations well conditioned
    scale = 1.0 / np.sqrt(np.mean(columns.columns**2, axis=0))
    for _ in range(20):
        model, jacobian = columns.relative_intensity(theta)
        scaled = jacobian * scale
        normal = scaled.T @ (weight[:, None] * scaled)
        step = scale * np.linalg.solve(normal, scaled.T @ (weight * (data - model)))
        theta = theta + step
        if np.all(np.abs(step) <= 1e-12 * scale):
            break
    model, jacobian = columns.relative_intensity(theta)
    scaled = jacobian * scale
    normal = scaled.T @ (weight[:, None] * scaled)
    estimator = scale[:, None] * np.linalg.solve(normal, (weight[:, None] * scaled).T)

    factor = noise_factor(sky)
    through_rings = estimator - columns.ring_mean(estimator.T).T
    noise = through_rings @ factor
    residual = data - model
    expected, effective = _expected_chi2(columns, factor, weight, jacobian, noise)
    on_grid = np.full((2, *observed.shape), np.nan)
    on_grid[0][observed], on_grid[1][observed] = model, columns.intensity(theta)
    return AnisotropyFit(columns, theta, noise @ noise.T, on_grid[0], on_grid[1],
                         float(residual @ (weight * residual) / expected), float(np.sqrt(2.0 / effective)),
                         float(effective), estimator, noise)


def _expected_chi2(columns, factor, weight, jacobian, noise) -> tuple[float, float]:
    """Expectation of sum w r^2 for correlated noise, the fitted parameters taken out, and Satterthwaite's dof.

    With S = W^1/2 N C N W^1/2 (N: rings), E = tr S - tr(J^T W J cov), and dof = (tr S)^2 / tr S^2.
    """
    ring_factor = columns.mean_per_ring(factor.toarray())
    root = np.sqrt(weight)
    # rows of N K: each pixel's row minus its ring's mean row
    cross = (factor @ ring_factor.T)[np.arange(factor.shape[0]), columns.ring]
    diagonal = np.asarray((factor * factor).sum(axis=1)).ravel() - 2.0 * cross \
        + np.sum(ring_factor**2, axis=1)[columns.ring]
    trace = float(np.sum(weight * diagonal))
    fitted = float(np.sum((jacobian.T @ (weight[:, None] * jacobian)) * (noise @ noise.T)))
    scaled = sparse.diags_array(root) @ factor
    covariance = scaled @ scaled.T
    # the rings take one mode each out of S: their share of tr S^2, to leading order
    ring_modes = ring_factor @ ring_factor.T
    counts = np.bincount(columns.ring)
    mean_weight = columns.mean_per_ring(weight)
    ring_share = np.sum((np.sqrt(np.outer(counts * mean_weight, counts * mean_weight)) * ring_modes) ** 2)
    square = float((covariance * covariance).sum() - ring_share)
    return trace - fitted, trace**2 / square


def with_sampling_error(fit: AnisotropyFit, liouville: LiouvilleMap) -> AnisotropyFit:
    """The same fit with the error of the Liouville map's finite sample added to its covariance.

    Each sample (a position on the Earth's orbit) alone predicts a sky; the scatter of these skies about their mean,
    seen through the fit, over the number of samples, is the variance of a map made of so few of them.

    Raises
    ------
    AnisotropyError
        If the map has a single sample, which tells nothing of its own error.
    """
    n_sample = liouville.weight.size
    if n_sample < 2:
        raise AnisotropyError("the Liouville map has 1 sample, but its error shows only between samples: use "
                              "positions = 2 or more")
    columns, theta = fit.design, np.concatenate([[1.0], fit.theta])
    observed = np.isfinite(fit.intensity)
    mean = fit.intensity[observed]
    shifts = []
    for s in range(n_sample):
        alone = columns.averaging @ (sample_columns(liouville, s, fit.order, columns.p_index) @ theta) - mean
        shifts.append(fit.estimator @ (alone - columns.ring_mean(alone)))
    shifts = np.asarray(shifts)
    weight = liouville.weight[:, None]
    scatter = (weight**2 * shifts).T @ shifts * n_sample / (n_sample - 1.0)
    return replace(fit, covariance=fit.covariance + scatter)
