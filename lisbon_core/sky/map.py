"""A sky map on a regular grid, and its declination rings, Eq. (2).

    I_norm(dec, ra) = I(dec, ra) / mean over ra of I(dec, ra)                                        Eq. (2)

Rows of a map are declination rings, so Eq. (2) divides each row by its mean over the observed pixels of the row.
Right ascension runs from 0 to 360 degrees with the column and grows eastwards; files in -180 to 180 are turned into
this on reading, and only a figure may draw it growing to the left, as the sky is seen from inside. A published map is
a disc average: neighbours share data, so errors are covariances (`discs`).
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.sparse import csr_array

from lisbon_core.ground import _core
from lisbon_core.sky.basis import pixel_area


class SkyMapError(_core.LisbonError):
    """A sky map that cannot be used; the sentence says what, where and what to do."""


require = partial(_core.require, error=SkyMapError)


@dataclass(frozen=True, eq=False)
class SkyMap:
    """Relative intensity on a full-sky grid of pixel centres, regular in both coordinates (ICRS, degrees).

    Parameters
    ----------
    dec, ra : ndarray, shapes (n_dec,) and (n_ra,)
        Pixel centres in degrees, increasing; ra in [0, 360).
    relative_intensity : ndarray, shape (n_dec, n_ra)
        Near 1; NaN where not observed.
    sigma : ndarray, shape (n_dec, n_ra)
        Standard error of each pixel as it stands, after any averaging; NaN where not observed.
    footprint : ndarray of bool, shape (n_dec, n_ra)
        Pixels that the experiment saw, before any averaging and cut: what the disc average draws on.
    averaging_deg : float
        Radius of the disc over which each pixel is an average; 0 for none.
    label : str
        What the map is.
    sigma_assumed : bool
        True if the errors were not in the file.
    log : tuple of str
        What was decided on the way here.
    l_max : int
        Degree up to which the map is a sum of spherical harmonics, and nothing else; 0: it is no such sum.
    modes : ndarray, shape (n_dec, n_ra, n), optional
        Of such a sum: what its independent errors, one a coefficient, do to the map, up to a factor a pixel, which
        `sigma` tells. They stand in the place of noise that is independent before the averaging.

    Raises
    ------
    SkyMapError
        If shapes or the grid do not fit, an error bar is not positive, or nothing is observed.
    """

    dec: np.ndarray
    ra: np.ndarray
    relative_intensity: np.ndarray
    sigma: np.ndarray
    footprint: np.ndarray
    averaging_deg: float = 0.0
    label: str = ""
    sigma_assumed: bool = False
    log: tuple[str, ...] = ()
    l_max: int = 0
    modes: np.ndarray | None = None

    def __post_init__(self):
        shape = (len(self.dec), len(self.ra))
        for name in ("relative_intensity", "sigma", "footprint"):
            own = np.shape(getattr(self, name))
            require(own == shape, f"{name} of a sky map has shape {own}, but {shape[0]} declinations and {shape[1]} "
                    f"right ascensions ask for {shape}: make them agree")
        require(min(shape) >= 2, f"a sky map of {shape[0]} x {shape[1]} pixels has no rings to speak of: give a full "
                "grid")
        steps = np.concatenate([np.diff(self.ra), [self.ra[0] + 360.0 - self.ra[-1]]])
        uneven = max(np.ptp(np.diff(self.dec)), np.ptp(steps)) > 1e-6
        require(not (uneven or self.dec[0] > self.dec[1] or not 0 <= self.ra[0] < 360 or max(np.abs(self.dec)) > 90),
                "the pixel centres of a sky map are not evenly spaced over the whole circle of right ascension and "
                "along declination: use a full regular grid, NaN where not observed")
        require(0.0 <= self.averaging_deg <= 90.0, f"averaging_deg is {self.averaging_deg}, but the radius of the "
                "averaging disc lies between 0 (none) and 90 degrees: give the radius the map was averaged with")
        seen = self.observed
        require(seen.any(), f"no pixel of the sky map {self.label!r} is observed: widen the declination limits or the "
                "mask")
        if not np.all(self.sigma[seen] > 0):
            i, j = np.argwhere(seen & ~(self.sigma > 0))[0]
            raise SkyMapError(f"sigma is {self.sigma[i, j]} at ra {self.ra[j]:g}, dec {self.dec[i]:g}, but an error "
                              "bar is positive: correct it, or give NaN there for a pixel that was not observed")
        object.__setattr__(self, "footprint", np.asarray(self.footprint, dtype=bool) | seen)

    @property
    def observed(self) -> np.ndarray:
        """Pixels with a value, shape (n_dec, n_ra)."""
        return np.isfinite(self.relative_intensity)

    def replace(self, **changes) -> "SkyMap":
        """The same map with some of its parts exchanged."""
        return replace(self, **changes)

    def __str__(self):
        rows = self.dec[self.observed.any(axis=1)]
        error = np.median(self.sigma[self.observed])
        made = f"harmonics up to {self.l_max}" if self.l_max else f"averaged over {self.averaging_deg:g} deg"
        return (f"{self.label or 'unlabelled map'}: {self.observed.sum()} pixels of {len(self.dec)} x {len(self.ra)}, "
                f"dec {rows[0]:g} to {rows[-1]:g}, {made}, "
                f"median sigma {error:.2g}{' (assumed)' if self.sigma_assumed else ''}")


def ring_means(values, observed) -> np.ndarray:
    """Mean over the observed pixels of each ring, shape (..., n_dec); NaN for a ring without any."""
    count = np.sum(observed, axis=-1)
    total = np.sum(values, axis=-1, where=observed)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def ring_normalise(sky: SkyMap) -> SkyMap:
    """Divide each declination ring by its mean over right ascension, Eq. (2); rings not observed stay so.

    What the map loses by it - every term that depends on declination alone - is listed by `ring_null_space`.
    The errors are divided by the same means; they do not change otherwise to first order.

    References
    ----------
    Zhang & Maalal, Eq. (2); Amenomori et al. 2006, Science 314, 439.
    """
    means = ring_means(sky.relative_intensity, sky.observed)[:, None]
    return sky.replace(relative_intensity=sky.relative_intensity / means, sigma=sky.sigma / means)


def ring_null_space(sky: SkyMap) -> csr_array:
    """Orthonormal basis U, shape (n_observed, n_rings), of what Eq. (2) removes: one constant per observed ring.

    To first order ring normalisation is the projection 1 - U U^T on the observed pixels (in the order of
    `sky.relative_intensity[sky.observed]`), so the covariance factor of a ring-normalised map is K - U (U^T K). In
    harmonics the null space is every m = 0 term: of A_l P_l(mu) about a field at declination d_B the part
    A_l P_l(sin d_B) P_l(sin d) is lost, a fraction P_l(sin d_B)^2 of its power; the dipole's polar component and
    every north-south gradient go entirely.
    """
    ring = np.nonzero(sky.observed)[0]
    _, column, count = np.unique(ring, return_inverse=True, return_counts=True)
    return csr_array((count[column] ** -0.5, (np.arange(len(ring)), column)))


def cut(sky: SkyMap, dec_min: float = -90.0, dec_max: float = 90.0, mask=None) -> SkyMap:
    """Keep pixels with dec_min <= dec <= dec_max (degrees, centres) and a true `mask`, shape (n_dec, n_ra).

    The footprint stays: what lies outside the cut has been averaged into what lies inside.

    Raises
    ------
    SkyMapError
        If the limits are in the wrong order, the mask has another shape, or no observed pixel is left.
    """
    require(-90.0 <= dec_min < dec_max <= 90.0, f"dec_min is {dec_min:g} and dec_max {dec_max:g}, but -90 <= dec_min < "
            "dec_max <= 90 degrees is needed: exchange or correct them")
    kept = sky.observed & ((sky.dec >= dec_min) & (sky.dec <= dec_max))[:, None]
    if mask is not None:
        require(np.shape(mask) == kept.shape, f"the mask has shape {np.shape(mask)}, but the map has {kept.shape}: "
                "give one value a pixel of the map")
        kept &= np.asarray(mask, dtype=bool)
    rows = sky.dec[sky.observed.any(axis=1)]
    require(kept.any(), f"nothing of the map is left between declinations {dec_min:g} and {dec_max:g}: it is observed "
            f"from {rows[0]:g} to {rows[-1]:g}, so choose dec_min, dec_max and mask within that")
    return sky.replace(relative_intensity=np.where(kept, sky.relative_intensity, np.nan),
                       sigma=np.where(kept, sky.sigma, np.nan))


def _disc_overlap(distance_deg, radius_deg):
    """Fraction of a disc shared with an equal disc at a distance (flat sky): the correlation of two disc averages."""
    x = np.minimum(distance_deg / (2 * max(radius_deg, 1e-300)), 1.0)  # discs of no size share nothing
    return 2 / np.pi * (np.arccos(x) - x * np.sqrt(1 - x * x))


def rebin(sky: SkyMap, step_deg: float = 2.0) -> SkyMap:
    """Solid-angle mean over blocks of pixels, up to `step_deg`; an axis whose step does not divide it is kept.

    The errors take the correlation of the disc averages in a block into account. A block less than half observed is
    not observed.
    """
    n_dec, n_ra = sky.observed.shape
    step = np.array([sky.dec[1] - sky.dec[0], 360.0 / n_ra])
    k, m = (round(r) if r >= 1 and abs(r - round(r)) < 1e-6 and n % round(r) == 0 else 1
            for r, n in zip(step_deg / step, (n_dec, n_ra), strict=True))
    if (k, m) == (1, 1) or sky.l_max:  # a sum of harmonics is on as coarse a grid as it needs
        return sky

    def blocks(values):
        return values.reshape(n_dec // k, k, n_ra // m, m).sum(axis=(1, 3))

    seen = sky.observed
    area = np.where(seen, pixel_area(sky.dec, n_ra)[:, None], 0.0)
    weight, count, kept = blocks(area), blocks(seen.astype(float)), blocks(seen.astype(float)) >= 0.5 * k * m
    mean, variance = (np.divide(blocks(area * np.where(seen, x, 0.0)), weight, out=np.full(kept.shape, np.nan),
                                where=kept) for x in (sky.relative_intensity, sky.sigma**2))
    dec = sky.dec.reshape(-1, k).mean(axis=1)
    a, b = np.arange(1 - k, k)[:, None, None], np.arange(1 - m, m)[None, :, None]
    pairs = (k - abs(a)) * (m - abs(b))
    overlap = _disc_overlap(np.hypot(a * step[0], b * step[1] * np.cos(np.radians(dec))), sky.averaging_deg)
    others = ((pairs * overlap).sum(axis=(0, 1)) - k * m) / ((k * m) ** 2 - k * m)  # mean over distinct pairs
    shrink = others[:, None] + (1 - others[:, None]) / np.maximum(count, 1)
    return sky.replace(dec=dec, ra=sky.ra.reshape(-1, m).mean(axis=1), relative_intensity=mean,
                       sigma=np.sqrt(variance * shrink), footprint=blocks(sky.footprint.astype(float)) > 0,
                       log=(*sky.log, f"block-averaged from {step[0]:g} x {step[1]:g} degrees by {k} x {m}"))


def even_sky(dec, ra, dec_min: float, dec_max: float, sigma: float = 1e-4, averaging_deg: float = 5.0) -> SkyMap:
    """A sky of ones, observed between two declinations (degrees, pixel centres) with one error everywhere."""
    seen = np.broadcast_to(((dec >= dec_min) & (dec <= dec_max))[:, None], (len(dec), len(ra)))
    return SkyMap(dec=dec, ra=ra, relative_intensity=np.where(seen, 1.0, np.nan), sigma=np.where(seen, sigma, np.nan),
                  footprint=seen.copy(), averaging_deg=averaging_deg, label="even sky")
