"""The fit of Eq. (3) to a sky, by weighted least squares with the covariance of the averaging.

A 5-degree average on a 2-degree grid shares each event among some twenty pixels. Weights are diagonal, errors are not:
the covariance of the sky goes through the estimator (the sandwich), and chi-square is divided by its expectation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from lisbon_core.anisotropy.design import Design, Matrix, design
from lisbon_core.anisotropy.joint import joined, several
from lisbon_core.anisotropy.terms import mean_columns
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.sky import SkyMap
from lisbon_core.sky.discs import Beside

SAMPLE = "sample of the map"


@dataclass(frozen=True)
class AnisotropyFit:
    """Fitted Eq. (3).

    Attributes
    ----------
    data : ndarray, shape (n_observed,)
        Relative intensities that were fitted, each ring with mean 1.
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
    map_errors : mapping of str to matrix, shape (n_observed, m)
        What the Liouville map may be wrong by, by cause: M, where the predicted sky has covariance M M^T before the
        rings. The finite sample has a column for each pixel of the map, every other cause one; none if it is exact.
    map_response : ndarray, shape (order + 2, m)
        Response of theta to these errors of the map, side by side.
    untold : ndarray, shape (order + 2, k)
        What the sky does not tell, see `Design.untold`: it is left at zero, with these errors.
    """

    design: Design
    data: np.ndarray
    theta: np.ndarray
    chi2: float
    chi2_expected: float
    effective_pixels: float
    estimator: np.ndarray
    noise: np.ndarray
    map_errors: Mapping[str, Matrix]
    map_response: np.ndarray
    untold: np.ndarray

    def of_sky(self, which: int = 0) -> "AnisotropyFit":
        """The same fit as one of its skies shows it: model, data and their errors of this sky, the rest of all."""
        skies = self.design.skies
        if not skies:
            return self
        start = sum(one.weight.size for one in skies[:which])
        rows = slice(start, start + skies[which].weight.size)
        return replace(self, design=replace(skies[which], noise=self.design.noise[rows]), data=self.data[rows],
                       estimator=self.estimator[:, rows],
                       map_errors={cause: factor[rows] for cause, factor in self.map_errors.items()})

    @property
    def order(self) -> int:
        """Highest Legendre order fitted."""
        return self.design.order

    @property
    def relative_intensity(self) -> np.ndarray:
        """The fitted sky after the rings (Eq. 2), on its pixels, (n_dec, n_ra); NaN where not observed."""
        return self.design.on_grid(self.design.relative_intensity(self.theta)[0])

    @cached_property
    def covariance(self) -> np.ndarray:
        """Of theta: noise of the sky through averaging and rings, what the map may be wrong by, what is not told."""
        return sum(part @ part.T for part in (self.noise, self.map_response, self.untold))

    @cached_property
    def map_noise(self) -> Beside:
        """`map_errors` side by side."""
        return Beside.of(self.estimator.shape[1], self.map_errors.values())

    @cached_property
    def budget(self) -> dict[str, np.ndarray]:
        """Standard errors of theta by cause, shape (order + 2,) each."""
        ends = np.cumsum([factor.shape[1] for factor in self.map_errors.values()])
        parts = {"noise of the sky": self.noise,
                 **dict(zip(self.map_errors, np.split(self.map_response, ends[:-1], axis=1), strict=False)),
                 "what the sky does not tell": self.untold}
        return {cause: np.sqrt(np.sum(part**2, axis=1)) for cause, part in parts.items() if part.size}

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


def fit_coefficients(columns: Design, data: np.ndarray) -> np.ndarray:
    """A_n and G that fit a ring-normalised sky best: Gauss-Newton on weighted least squares, shape (order + 2,).

    Parameters
    ----------
    columns : Design
        Model and weights, and how much the scatter of the map adds to the normal equations: that is taken out again.
    data : ndarray, shape (n_observed,)
        Relative intensity, each ring with mean 1.
    """
    theta = np.zeros(len(columns.names))
    for _ in range(20):
        model, jacobian = columns.relative_intensity(theta)
        slope = (jacobian.T * columns.weight) @ (data - model) + columns.correction @ np.append(1.0, theta)
        step = columns.solve(jacobian, columns.scale * slope)
        theta = theta + step
        if np.all(np.abs(step) <= 1e-13 * columns.scale):
            break
    return theta


def fit_anisotropy(sky: SkyMap | list[SkyMap], liouville: LiouvilleMap | list[LiouvilleMap], order: int = 7,
                   p_index: float = 4.7, *, others: Mapping[str, LiouvilleMap | list[LiouvilleMap]] | None = None,
                   made_with: int | list[int] = 0, **terms) -> AnisotropyFit:
    """Fit A_n and G to a sky through Eqs. (1)-(3), by weighted least squares with an honest covariance.

    Pixels are weighted by 1/sigma^2, and the covariance of neighbouring pixels, which share their data, enters as the
    sandwich (J^T W J)^-1 J^T W C W J (J^T W J)^-1: a diagonal chi-square would claim errors 4 to 5 times too small.

    The Liouville map is itself a sample, so the columns of Eq. (3) are noisy, and that does two things. It biases the
    fit: noise in a column makes its coefficient too small. The difference of the map's two halves tells how much it
    adds to the normal equations, and that is taken out (`Design.correction`). And it scatters the fit: pixels err
    independently, each by half that difference, as if the sky had so much more noise; this enters covariance and
    chi-square. A map without halves is taken as exact.

    Several skies are fitted together if they are given as a list, and with them a list of Liouville maps (of one scale,
    with orbits of their own, see `joined`), of those in `others`, and of `made_with`.

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
    others : mapping of str to LiouvilleMap, optional
        Maps that could be true instead, by what they assume: the change of the sky that each predicts is taken for one
        more error. Of a grid half as fine, where the field is on a grid, it is an upper bound: the error of a jump
        smeared over a cell is halved with the cell, and where the field is smooth it is a third.
    made_with : int
        Orbits a pixel of the map that a synthetic sky was made with: it errs as this one does, by their ratio less. 0
        for a real sky, which is no sample.
    terms
        Columns other than those of Eq. (3), see `design`.

    Raises
    ------
    AnisotropyError
        If the grids differ, or fewer pixels are observed than there are parameters.

    References
    ----------
    Zhang & Maalal, Eqs. (1)-(3). Fuller 1987, Measurement Error Models, sections 2.2 and 2.5, for the correction.
    """
    skies, maps = several(sky), several(liouville)
    columns = joined([design(*one, order, p_index, **terms) for one in zip(skies, maps, strict=True)])
    changes = {cause: columns.averaging @ np.concatenate([mean_columns(one, order, p_index, columns.terms)[0]
                                                          for one in several(other)]) - columns.columns
               for cause, other in (others or {}).items()}
    made = np.broadcast_to(made_with, len(skies))
    sampled = [len(maps[k].mu) / made[k] if made[k] else 0.0 for k in range(len(skies))]
    return fit_design(columns, np.concatenate([one.relative_intensity[one.observed] for one in skies]), changes,
                      np.repeat(sampled, [one.observed.size for one in skies]))


def fit_design(columns: Design, data: np.ndarray, changes: Mapping[str, np.ndarray] | None = None,
               sampled: float | np.ndarray = 0.0) -> AnisotropyFit:
    """`fit_anisotropy` for a design that is at hand.

    Parameters
    ----------
    columns : Design
    data : ndarray, shape (n_observed,)
        Relative intensities of its observed pixels.
    changes : mapping of str to ndarray, shape (n_observed, order + 3), optional
        What else the columns may be off by.
    sampled : float or ndarray, shape (n_pixel,)
        Variance of the map that the sky was made with, over that of the fitted map.
    """
    data = data / columns.ring_mean(data)
    theta = fit_coefficients(columns, data)
    model, jacobian = columns.relative_intensity(theta)
    estimator = columns.solve(jacobian, (jacobian * columns.scale).T * columns.weight)
    terms = np.append(1.0, theta)
    errors = {cause: sparse.csr_array((change @ terms)[:, None]) for cause, change in (changes or {}).items()}
    if columns.scatter.size:
        errors[SAMPLE] = columns.averaging @ sparse.diags_array(columns.scatter @ terms)
        pixels = columns.effective_pixels(Beside.of(data.size, [columns.noise, errors[SAMPLE]]))
        if np.any(sampled):
            share = sparse.diags_array(np.sqrt(np.broadcast_to(sampled, len(columns.scatter))))
            errors["sample of the sky's own map"] = errors[SAMPLE] @ share
    else:
        pixels = columns.noise_pixels
    if columns.corrected < 1.0:
        errors["scatter not taken out"] = sparse.csr_array((jacobian @ columns.too_small(theta))[:, None])
    of_map = Beside.of(data.size, errors.values())
    noise, response = (columns.response(estimator, factor) for factor in (columns.noise, of_map))
    # what the fitted coefficients take away of the expected sum of squares
    taken = np.sum(((jacobian.T * columns.weight) @ jacobian - 2.0 * columns.correction[:, 1:])
                   * (noise @ noise.T + response @ response.T))
    return AnisotropyFit(design=columns, data=data, theta=theta, estimator=estimator, noise=noise, map_errors=errors,
                         map_response=response, untold=columns.untold, effective_pixels=pixels,
                         chi2=columns.weight @ (data - model) ** 2,
                         chi2_expected=columns.noise_trace + columns.expected_squares(of_map) - float(taken))
