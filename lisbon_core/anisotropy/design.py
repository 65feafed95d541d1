"""The model of the sky, Eqs. (1)-(3): linear columns, seen through the disc average and the rings.

A pixel of the model is the mean over the samples of the Liouville map, then over the disc of the sky's averaging;
both sides are divided by their ring means (Eq. 2), which makes the fit non-linear in A_n and G.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from lisbon_core.anisotropy.terms import AnisotropyError, mean_columns, parameter_names, sample_columns
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.sky import SkyMap, noise_factor
from lisbon_core.sky import averaging as averaging_of
from lisbon_core.sky.discs import Beside, DiscSums

Matrix = sparse.csr_array | DiscSums | Beside  # DiscSums of a map whose pixels are disc averages

MOST_SCATTER = 1.0 / 1.3  # of what is known of a combination of coefficients that may be scatter and be taken out
RINGS = 50  # that are taken together: of a fine map all would not fit into memory
SIGNS = 64  # vectors of random signs
TOLD = 1e-13  # of what the sky tells of the combination it tells most of: below, it tells nothing;
OPEN = 0.03  # nor where the error, were pixels independent, is more than this part of the intensity
SURELY_SCATTER = 0.9  # of it: beyond, the map knows nothing of the combination


@dataclass(frozen=True)
class Design:
    """What Eq. (3) is made of on the pixels of a sky: linear columns, rings, averaging and noise.

    Everything that does not depend on the data, so that many skies of one kind are fitted at the cost of one.

    Attributes
    ----------
    order, p_index : int, float
        Highest Legendre order; exponent of p/p_0.
    names : tuple of str
        The fitted parameters.
    terms : function
        The columns of one sample of a map, as `sample_columns` gives them.
    observed : ndarray of bool, shape (n_dec, n_ra)
        Pixels that are fitted; of several skies flat, one after the other.
    columns : ndarray, shape (n_observed, order + 3)
        The averaged terms 1, P_n(mu), R_x, R_y, each times (p/p_0)^-p_index; where more is fitted there are more
        columns, here and below.
    scale : ndarray, shape (order + 2,)
        One over the size of each column but the constant: G is of order 1e-6 per AU, A of order 1e-3.
    full_sky_mean : ndarray, shape (order + 3,)
        Mean over the whole sphere of each column.
    scatter : ndarray, shape (n_pixel, order + 3) or (0, order + 3)
        How far the terms of each pixel of the Liouville map are off, see `mean_columns`.
    averaging : matrix, shape (n_observed, n_pixel)
        Disc average onto the observed pixels.
    rings : sparse array, shape (n_ring, n_observed)
        Mean over right ascension of each observed ring.
    weight : ndarray, shape (n_observed,)
        1 / sigma^2; of several skies times the share of its pixels that are independent.
    noise : matrix, shape (n_observed, n_pixel)
        K: the observed pixels have covariance K K^T before the rings.
    skies : tuple of Design
        Those that this one was made of, where several skies are fitted together, see `joined`.
    """

    order: int
    p_index: float
    names: tuple[str, ...]
    terms: Callable
    observed: np.ndarray
    columns: np.ndarray
    scale: np.ndarray
    full_sky_mean: np.ndarray
    scatter: np.ndarray
    averaging: Matrix
    rings: sparse.csr_array
    weight: np.ndarray
    noise: Matrix
    skies: tuple["Design", ...] = ()

    @cached_property
    def ring(self) -> np.ndarray:
        """Number of the ring of each pixel, shape (n_observed,)."""
        return np.repeat(np.arange(self.rings.shape[0]), np.diff(self.rings.indptr))

    @cached_property
    def ring_columns(self) -> np.ndarray:
        """The ring means of the columns, on each pixel of the ring, shape (n_observed, order + 3)."""
        return self.ring_mean(self.columns)

    @cached_property
    def ring_noise(self) -> np.ndarray:
        """The ring means of K, shape (n_ring, n_pixel)."""
        return (self.rings @ self.noise).toarray()

    @cached_property
    def attenuation(self) -> np.ndarray:
        """What the scatter of the map adds to the normal equations, (order + 2, order + 3); zero if it is exact."""
        return self._adds(self.scatter)

    def _adds(self, scatter: np.ndarray) -> np.ndarray:
        """Products of the scatter of the fitted terms with another: a pixel counts as `reach` of the averaging."""
        return (self.scatter[:, 1:].T * self.reach(self.averaging)[: len(scatter)]) @ scatter

    @cached_property
    def _told(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What the sky tells of combinations of the scaled coefficients, these as columns, and whether it is enough."""
        whole = self.scaled_normal(self.relative_intensity(np.zeros(len(self.names)))[1], corrected=False)
        values, vectors = np.linalg.eigh(whole)
        return values, vectors, values > max(TOLD * values[-1], OPEN**-2)

    @cached_property
    def told(self) -> np.ndarray:
        """Changes of theta by 100 % of the intensity that the sky shows, (order + 2, m): mostly of each term alone."""
        _, vectors, enough = self._told
        return self.scale[:, None] * (np.eye(len(enough)) if enough.all() else vectors[:, enough])

    @cached_property
    def untold(self) -> np.ndarray:
        """Those that it does not show, (order + 2, k): mostly there are none.

        Such are high orders where orbits are mixed or the disc is large, and a dipole where they are straight.
        """
        _, vectors, enough = self._told
        return self.scale[:, None] * vectors[:, ~enough]

    def solve(self, jacobian: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Changes of theta that solve the normal equations of the scaled parameters; of what is untold there is none.
        """
        told = self.told / self.scale[:, None]
        return self.told @ np.linalg.solve(told.T @ self.scaled_normal(jacobian) @ told, told.T @ right)

    @cached_property
    def _principal(self) -> tuple[np.ndarray, np.ndarray]:
        """Combinations of the scaled coefficients that are known independently, as columns, and the share of scatter.

        In these the normal matrix is 1, and what the scatter of the map adds to it that share.
        """
        values, vectors, kept = self._told
        unit = vectors[:, kept] / np.sqrt(values[kept])
        share, turn = np.linalg.eigh(unit.T @ (self.attenuation[:, 1:] * np.outer(self.scale, self.scale)) @ unit)
        return unit @ turn, np.maximum(share, 1e-300)

    def taken_out(self, scatter: np.ndarray) -> np.ndarray:
        """Of what a scatter (n_pixel, n) in common with that of the fitted terms adds, the part that is taken out.

        Where the scatter is nearly all that the map knows of a combination of coefficients, taking it out would leave
        nothing to divide by: there no more goes than `MOST_SCATTER` of the normal matrix.
        """
        unit, share = self._principal
        added, allowed = self.scale[:, None] * self._adds(scatter), np.minimum(1.0, MOST_SCATTER / share)
        return (added - np.linalg.pinv(unit).T @ ((1.0 - allowed)[:, None] * (unit.T @ added))) / self.scale[:, None]

    @cached_property
    def correction(self) -> np.ndarray:
        """The part of the attenuation that is taken out of the normal equations, shape (order + 2, order + 3)."""
        return self.taken_out(self.scatter)

    @property
    def corrected(self) -> float:
        """Share of the attenuation that is taken out, in the combination where it is least.

        Below 1, that combination is hardly known, and comes out too small.
        """
        return float(np.min(MOST_SCATTER / self._principal[1], initial=1.0))

    def too_small(self, theta: np.ndarray) -> np.ndarray:
        """Change of theta that, seen as data, moves a fit by as much as what was not taken out made it too small."""
        unit, share = self._principal
        taken = np.minimum(share, MOST_SCATTER)
        left = (1.0 - taken / share) * (1.0 - taken) / (1.0 - np.minimum(share, SURELY_SCATTER))
        return self.scale * (unit @ (left * (unit.T @ (self.scale * (self.attenuation @ np.append(1.0, theta))))))

    def exact(self) -> "Design":
        """The same, its map taken as exact: for a sky that was made with this very map."""
        return replace(self, scatter=self.scatter[:0])

    @cached_property
    def noise_trace(self) -> float:
        """Expectation of the sum of squared deviations, in units of sigma, of noise alone after Eq. (2)."""
        return self.expected_squares(self.noise)

    @cached_property
    def noise_pixels(self) -> float:
        """`effective_pixels` of noise alone."""
        return self.effective_pixels(self.noise)

    def effective_pixels(self, factor: Matrix) -> float:
        """Number of independent pixels whose sum of squared deviations would scatter as much, for a factor f.

        (tr S)^2 / tr S^2 of S = W^1/2 N f f^T N W^1/2, with N the rings of Eq. (2). S itself is large where pixels are
        small, so tr S^2 is the mean of |S z|^2 over vectors z of random signs, which is known to about a hundredth.

        References
        ----------
        Hutchinson 1989, Comm. Stat. Simul. Comput. 18, 1059.
        """
        root = np.sqrt(self.weight)[:, None]
        z = root * np.random.default_rng(0).choice([-1.0, 1.0], (root.size, SIGNS))
        seen = factor @ ((z - self.ring_mean(z)).T @ factor).T
        return self.expected_squares(factor) ** 2 / float(np.sum((root * (seen - self.ring_mean(seen))) ** 2) / SIGNS)

    def expected_squares(self, factor: Matrix) -> float:
        """Expectation of the sum of squares, in units of sigma, of noise with covariance f f^T, after Eq. (2)."""
        return float(self.reach(factor).sum())

    def reach(self, factor: Matrix) -> np.ndarray:
        """The same for each column of the factor, (m,): its squares after the rings, over sigma squared, summed."""
        in_ring, found = np.bincount(self.ring, self.weight), self.weight @ (factor * factor)
        weights = sparse.csr_array((self.weight, self.rings.indices, self.rings.indptr))
        for rings in np.array_split(np.arange(in_ring.size), in_ring.size // RINGS + 1):
            mean, cross = self.rings[rings] @ factor, weights[rings] @ factor
            found += (mean * mean).T @ in_ring[rings] - 2.0 * (mean * cross).sum(axis=0)
        return found

    def noise_variance(self, common: np.ndarray) -> np.ndarray:
        """Variance of the noise of each pixel plus what all pixels of its ring have in common, (n_ring, n_pixel)."""
        cross = (self.noise @ common.T)[np.arange(self.ring.size), self.ring]
        squares = (self.noise * self.noise) @ np.ones(self.noise.shape[1])
        return squares + 2.0 * cross + np.sum(common**2, axis=1)[self.ring]

    def ring_mean(self, values: np.ndarray) -> np.ndarray:
        """Mean over right ascension of values of shape (n_observed, ...), given back on each pixel of the ring."""
        return (self.rings @ values)[self.ring]

    def intensity(self, theta: np.ndarray) -> np.ndarray:
        """I of Eq. (3), before the rings, shape (n_observed,)."""
        return self.columns @ np.append(1.0, theta)

    def relative_intensity(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Eq. (2) applied to Eq. (3), and its analytic Jacobian (n_observed, order + 2)."""
        mean = self.ring_columns @ np.append(1.0, theta)
        relative = self.intensity(theta) / mean
        return relative, (self.columns - relative[:, None] * self.ring_columns)[:, 1:] / mean[:, None]

    def scaled_normal(self, jacobian: np.ndarray, corrected: bool = True) -> np.ndarray:
        """Normal matrix J^T W J of the scaled parameters, less what of it is scatter of the map, if `corrected`."""
        scaled = jacobian * self.scale
        normal = (scaled.T * self.weight) @ scaled
        return normal - self.correction[:, 1:] * np.outer(self.scale, self.scale) if corrected else normal

    def response(self, operator: np.ndarray, factor: Matrix) -> np.ndarray:
        """Response (n, m) of linear functionals (n, n_observed) of a ring-normalised sky to m unit deviates.

        factor : (n_observed, m), what the deviates add to the sky before the rings, such as `noise`.
        """
        return (operator - self.ring_mean(operator.T).T) @ factor

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """Values of the observed pixels on the grid of the sky, NaN elsewhere."""
        grid = np.full(self.observed.shape, np.nan)
        grid[self.observed] = values
        return grid


def enough_pixels(sky: SkyMap, order: int) -> None:
    """AnisotropyError where fewer pixels are observed than there are parameters and ring means."""
    pixels, rings = sky.observed.sum(), sky.observed.any(axis=1).sum()
    if pixels <= order + 2 + rings:
        raise AnisotropyError(f"the sky has {pixels} observed pixels in {rings} rings for {order + 2} parameters: "
                              "lower the order or widen the declination limits")


def design(sky: SkyMap, liouville: LiouvilleMap, order: int = 7, p_index: float = 4.7, *, terms=sample_columns,
           names: tuple[str, ...] | None = None) -> Design:
    """Columns of Eq. (3) on the observed pixels of a sky, averaged as the sky is, and the sky's noise.

    Parameters
    ----------
    sky, liouville, order, p_index
        As for `fit_anisotropy`.
    terms, names : function, tuple of str
        Columns of one sample, the constant first, and the names of the others; those of `sample_columns` by default.

    Raises
    ------
    AnisotropyError
        If the two are not on the same grid, or fewer pixels are observed than there are parameters.
    """
    if liouville.mu.shape[1:] != sky.relative_intensity.shape:
        raise AnisotropyError(f"the Liouville map has {liouville.mu.shape[1:]} pixels and the sky "
                              f"{sky.relative_intensity.shape}: trace the map on the grid of the sky")
    enough_pixels(sky, order)
    observed = sky.observed
    mean, scatter = mean_columns(liouville, order, p_index, terms)
    averaging = averaging_of(sky)[observed.ravel()]
    columns, area = averaging @ mean, np.repeat(np.cos(np.radians(sky.dec)), sky.ra.size)
    counts = observed.sum(axis=1)[observed.any(axis=1)]
    rings = sparse.csr_array((np.repeat(1.0 / counts, counts), np.arange(counts.sum()),
                              np.concatenate([[0], np.cumsum(counts)])))
    return Design(order=order, p_index=p_index, names=names or parameter_names(order), terms=terms, observed=observed,
                  columns=columns, scale=1.0 / np.sqrt(np.mean(columns[:, 1:] ** 2, axis=0)),
                  full_sky_mean=area @ mean / area.sum(), scatter=scatter, averaging=averaging, rings=rings,
                  weight=sky.sigma[observed] ** -2.0, noise=noise_factor(sky))
