"""Averages over discs and their covariance: sums over discs on a grid, without ever writing a matrix out.

Pixels that share data have errors in common: their covariance is kept as a factor K with C = K K^T.

Which pixels lie within a radius of which depends on right ascension by its difference alone. So between two rings the
matrix of ones and zeros is circulant, and its Fourier transform along the ring is one real number a wave: a sum over
discs costs two transforms and a product for each pair of rings. Masks and weights are factors before and after it.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from lisbon_core.sky.basis import degrees_and_orders, harmonic_values, pixel_area
from lisbon_core.sky.map import SkyMap

AT_ONCE = 2**18  # numbers that are transformed together: more would only take memory


@dataclass(frozen=True, eq=False)
class DiscSums:
    """A matrix L S R: S_ij is 1 where the centres of two pixels lie within a radius, L and R are diagonal.

    It stands where a sparse array would, as far as `@`, `*`, `.T`, `.shape` and a choice of rows go.

    Attributes
    ----------
    waves : tuple of ndarray, shapes (n_dec - d, n_ra + 2)
        Fourier transform of S between ring i and ring i + d, for d = 0, 1, ...; each wave twice, for cosine and sine.
    n_ra : int
        Pixels of a ring.
    rows, columns : ndarray of int, shapes (n,) and (m,)
        Pixels that the rows and columns of the matrix belong to.
    left, right : ndarray, shapes (n,) and (m,)
        Diagonals of L and R.
    """

    waves: tuple[np.ndarray, ...]
    n_ra: int
    rows: np.ndarray
    columns: np.ndarray
    left: np.ndarray
    right: np.ndarray

    __array_ufunc__ = None  # an ndarray leaves products to `__rmatmul__`

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows.size, self.columns.size

    @property
    def T(self) -> "DiscSums":
        """The transpose: S is symmetric."""
        return replace(self, rows=self.columns, columns=self.rows, left=self.right, right=self.left)

    def __getitem__(self, rows) -> "DiscSums":
        return replace(self, rows=self.rows[rows], left=self.left[rows])

    def scaled(self, rows=1.0, columns=1.0) -> "DiscSums":
        """The same, its rows and columns times factors."""
        return replace(self, left=self.left * rows, right=self.right * columns)

    def __mul__(self, other: "DiscSums") -> "DiscSums":
        """Element by element, another one of the same pixels: ones and zeros stay what they are."""
        return self.scaled(other.left, other.right)

    def __matmul__(self, values):
        if sparse.issparse(values):  # a diagonal
            return self.scaled(columns=values.diagonal())
        flat = np.asarray(values).reshape(self.columns.size, -1)
        found, some = np.empty((self.rows.size, flat.shape[1])), max(1, AT_ONCE // (len(self.waves[0]) * self.n_ra))
        for k in range(0, flat.shape[1], some):
            found[:, k : k + some] = self._sums(flat[:, k : k + some])
        return found.reshape(self.rows.size, *values.shape[1:])

    def _sums(self, values):
        """The product with an ndarray (m, k)."""
        grid = np.zeros((values.shape[1], len(self.waves[0]) * self.n_ra))
        grid[:, self.columns] = self.right * values.T
        seen = np.fft.rfft(grid.reshape(len(grid), -1, self.n_ra)).view(float)
        found = self.waves[0] * seen
        for d, wave in enumerate(self.waves[1:], 1):
            found[:, :-d] += wave * seen[:, d:]
            found[:, d:] += wave * seen[:, :-d]
        return self.left[:, None] * np.fft.irfft(found.view(complex), self.n_ra).reshape(grid.shape)[:, self.rows].T

    def __rmatmul__(self, factor):
        """An ndarray (k, n) times this, or a sparse array each of whose rows lies in one ring: that remains sparse."""
        if not sparse.issparse(factor):
            return (self.T @ factor.T).T
        entries, rings = factor.tocoo(), np.zeros(factor.shape[0], dtype=int)
        rings[entries.row], around = np.divmod(self.rows[entries.col], self.n_ra)
        circle = np.zeros((rings.size, self.n_ra))
        circle[entries.row, around] = entries.data * self.left[entries.col]
        seen, made = np.fft.rfft(circle), []
        for d in range(1 - len(self.waves), len(self.waves)):
            here = np.flatnonzero((rings + d >= 0) & (rings + d < len(self.waves[0])))
            wave = self.waves[abs(d)][rings[here] + min(d, 0), ::2]
            pixel = ((rings[here] + d) * self.n_ra)[:, None] + np.arange(self.n_ra)
            made.append((np.fft.irfft(seen[here] * wave, self.n_ra).ravel(), np.repeat(here, self.n_ra), pixel.ravel()))
        value, row, pixel = (np.concatenate(part) for part in zip(*made, strict=True))
        whole = sparse.csr_array((value, (row, pixel)), (rings.size, len(self.waves[0]) * self.n_ra))
        return whole[:, self.columns] @ sparse.diags_array(self.right)


def disc_sums(dec, n_ra: int, radius_deg: float) -> DiscSums:
    """S of all pixels of a grid: rings at declinations (n_dec,) in degrees, n_ra pixels each."""
    lat, apart = np.radians(dec), np.minimum(np.arange(n_ra), n_ra - np.arange(n_ra))
    waves = []
    for d in range(len(lat)):
        one, other = lat[: len(lat) - d], lat[d:]
        # where the disc about ring i crosses ring j: sin^2(width / 2) = [sin^2(R/2) - sin^2(d/2)] / (cos_i cos_j)
        left = np.sin(np.radians(radius_deg) / 2) ** 2 - np.sin((other - one) / 2) ** 2
        if d and np.all(left <= -1e-13):
            break
        across = np.maximum(np.cos(one) * np.cos(other), 1e-15)
        width = 2 * np.degrees(np.arcsin(np.sqrt(np.clip(left / across, 0.0, 1.0))))
        within = (apart <= (width * n_ra / 360.0 + 1e-9)[:, None]) & (left > -1e-13)[:, None]
        waves.append(np.repeat(np.fft.rfft(within).real, 2, axis=1))
    every, ones = np.arange(len(lat) * n_ra), np.ones(len(lat) * n_ra)
    return DiscSums(tuple(waves), n_ra, every, every, ones, ones)


def averaging_operator(dec, ra, radius_deg: float, footprint) -> DiscSums:
    """Mean over the disc of `radius_deg` about each pixel centre: a matrix (n_pixel, n_pixel), never written out.

    Row i holds the solid-angle weights of the footprint pixels whose centres lie in the disc about centre i; rows sum
    to 1, rows and columns outside the footprint are empty. Radius 0 is the identity on the footprint.
    """
    area = np.where(footprint, pixel_area(dec, len(ra))[:, None], 0.0).ravel()
    sums = disc_sums(dec, len(ra), radius_deg)
    within = sums @ area
    return sums.scaled(np.divide(1.0, within, out=np.zeros(area.size), where=area > 0.0), area)


def averaging(sky: SkyMap) -> DiscSums | sparse.csr_array:
    """What makes the pixels of a map of those of a model, (n_pixel, n_pixel): means over discs, or a cut at `l_max`."""
    if not sky.l_max:
        return averaging_operator(sky.dec, sky.ra, sky.averaging_deg, sky.footprint)
    values = harmonic_values(sky.dec, sky.ra, *degrees_and_orders(sky.l_max)).reshape(sky.footprint.size, -1)
    weighted = values.T * np.repeat(pixel_area(sky.dec, len(sky.ra)), len(sky.ra))
    return sparse.csr_array(values @ np.linalg.solve(weighted @ values, weighted))


def noise_factor(sky: SkyMap) -> DiscSums | sparse.csr_array:
    """Factor K, shape (n_observed, n_footprint), of the covariance K K^T of the observed pixels, before Eq. (2).

    The raw pixels are independent, with variances inversely proportional to their solid angle; the averaging A makes
    them overlap; each row is scaled so that the diagonal of K K^T is sigma^2. Pixels are in row-major order. Of a sum
    of harmonics K has a column for each coefficient.
    """
    if sky.modes is not None:
        factor = sky.modes[sky.observed]
        return sparse.csr_array(factor * (sky.sigma[sky.observed] / np.linalg.norm(factor, axis=1))[:, None])
    root = np.sqrt(np.repeat(pixel_area(sky.dec, len(sky.ra)), len(sky.ra)))[sky.footprint.ravel()]
    sums = disc_sums(sky.dec, len(sky.ra), sky.averaging_deg)[sky.observed.ravel()].T[sky.footprint.ravel()].T
    return sums.scaled(sky.sigma[sky.observed] / np.sqrt(sums @ root**2), root)


@dataclass(frozen=True, eq=False)
class Beside:
    """Matrices side by side, each on some of the rows: all of them, or, of several skies, the pixels of one.

    Attributes
    ----------
    height : int
        Number of rows.
    parts : tuple of (slice, matrix)
        Rows of each matrix, and the matrix: sparse arrays, `DiscSums` or of this kind.
    """

    height: int
    parts: tuple[tuple[slice, object], ...]

    __array_ufunc__ = None

    @classmethod
    def of(cls, height: int, matrices) -> "Beside":
        """Matrices of all rows, none of them if there is none."""
        return cls(height, tuple((slice(0, height), one) for one in (sparse.csr_array((height, 0)), *matrices)))

    @classmethod
    def diagonal(cls, matrices) -> "Beside":
        """One matrix after the other, down as along."""
        ends = np.cumsum([0, *(one.shape[0] for one in matrices)]).tolist()
        return cls(ends[-1], tuple(zip(map(slice, ends[:-1], ends[1:]), matrices, strict=True)))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, sum(one.shape[1] for _, one in self.parts)

    def _apart(self, values):
        """Each part, and the values that belong to its columns."""
        ends = np.cumsum([one.shape[1] for _, one in self.parts])[:-1]
        return [(*part, some) for part, some in zip(self.parts, np.split(values, ends), strict=True)]

    def __getitem__(self, rows: slice) -> "Beside":
        parts = []
        for place, one in self.parts:
            low, high = max(rows.start, place.start), max(rows.start, place.start, min(rows.stop, place.stop))
            parts.append((slice(low - rows.start, high - rows.start), one[low - place.start : high - place.start]))
        return Beside(rows.stop - rows.start, tuple(parts))

    def __mul__(self, other: "Beside") -> "Beside":
        both = zip(self.parts, other.parts, strict=True)
        return Beside(self.height, tuple((rows, one * two) for (rows, one), (_, two) in both))

    def __matmul__(self, values):
        if sparse.issparse(values):
            scaled = self._apart(values.diagonal())
            return Beside(self.height, tuple((rows, one @ sparse.diags_array(some)) for rows, one, some in scaled))
        found = np.zeros((self.height, *values.shape[1:]))
        for rows, one, some in self._apart(values):
            found[rows] += one @ some
        return found

    def __rmatmul__(self, factor):
        found = [factor[..., rows] @ one for rows, one in self.parts]
        return sparse.hstack(found, format="csr") if sparse.issparse(factor) else np.concatenate(found, axis=-1)
