"""Pixels onto the regular grid of a sky map: the grid they lie on, or resampling onto 2 degrees."""

import numpy as np
from scipy.sparse import coo_array

from lisbon_core.sky.map import SkyMapError

__all__ = ["GRID_DEC", "GRID_RA", "gridded", "resample"]

GRID_DEC, GRID_RA = np.arange(-89.0, 90.0, 2.0), np.arange(1.0, 360.0, 2.0)
SMALLEST_STEP = 0.1  # degrees: finer grids are not what a TeV map is made on


def _axis(x, name) -> tuple[np.ndarray, np.ndarray]:
    """The regular grid of pixel centres that coordinates lie on, over the whole sky, and the place of each in it."""
    gaps = np.round(np.diff(np.unique(np.round(x, 5))), 4)
    gaps = gaps[gaps > 1e-3]
    if gaps.size == 0:
        raise SkyMapError(f"all pixels have the same {name}, {x[0]:g}: a map of at least two rings is needed")
    sizes, count = np.unique(gaps, return_counts=True)
    step = sizes[np.argmax(count)]
    whole = 360.0 if name == "ra" else 180.0
    if name == "ra" or abs(whole / step - round(whole / step)) < 0.01:
        step = whole / round(whole / step)
    phases, count = np.unique(np.round(x % step, 4) % step, return_counts=True)
    start = phases[np.argmax(count)]
    off = x - start - np.round((x - start) / step) * step
    worst = np.argmax(abs(off))
    if abs(off[worst]) > 0.02 * step or step < SMALLEST_STEP:
        raise SkyMapError(f"{name} is {x[worst]:g} in row {worst + 1}, off the regular grid of {step:g} degrees that "
                          f"most pixels lie on (finest: {SMALLEST_STEP:g}): give a map on a regular grid of ra and dec")
    start = np.round(start + off.mean(), 9)
    if name == "ra":
        start, size = start % step, round(360.0 / step)
    else:
        start += step * np.ceil((-90.0 - start) / step - 1e-6)
        size = int((90.0 - start) / step + 1e-6) + 1
    return np.round(start + step * np.arange(size), 9), np.round((x - start) / step).astype(int) % size


def gridded(ra, dec, values, sigma, footprint) -> dict:
    """Arrays on the regular grid that the pixels lie on."""
    (dec_grid, row), (ra_grid, column) = _axis(dec, "dec"), _axis(ra % 360.0, "ra")
    place = row * len(ra_grid) + column
    order = np.argsort(place, kind="stable")
    twice = np.flatnonzero(np.diff(place[order]) == 0)
    if twice.size:
        first, second = order[twice[0]], order[twice[0] + 1]
        raise SkyMapError(f"rows {first + 1} and {second + 1} are the same pixel (ra {ra[second]:g}, dec "
                          f"{dec[second]:g}): keep one row a pixel")

    def full(x, empty):
        grid = np.full((len(dec_grid), len(ra_grid)), empty)
        grid.flat[place] = x
        return grid

    return {"dec": dec_grid, "ra": ra_grid, "relative_intensity": full(values, np.nan),
            "footprint": full(footprint, False), "sigma": full(sigma, np.nan)}


def resample(lookup, values, sigma, independent: bool, resolution_deg: float) -> dict:
    """Mean over each pixel of the 2-degree grid of a map whose pixel at (lon, lat) is `lookup(lon, lat)`, -1 for none.

    Pixels less than half covered are not observed. Errors of independent pixels shrink with the number of them in a
    grid pixel, those of pixels that are averages over a wider disc do not.
    """
    k = int(np.clip(np.ceil(4.0 / resolution_deg), 4, 16))
    offsets = 2.0 * ((np.arange(k) + 0.5) / k - 0.5)
    shape = (len(GRID_DEC), len(GRID_RA), k, k)
    lat = np.broadcast_to((GRID_DEC[:, None] + offsets)[:, None, :, None], shape).ravel()
    lon = np.broadcast_to((GRID_RA[:, None] + offsets)[None, :, None, :], shape).ravel()
    source, target = lookup(lon, lat), np.repeat(np.arange(shape[0] * shape[1]), k * k)
    inside = source >= 0
    weight = coo_array((np.full(inside.sum(), 1.0 / k**2), (target[inside], source[inside])),
                       shape=(shape[0] * shape[1], values.size)).tocsr()
    seen = np.isfinite(values)
    share = (weight @ seen.astype(float)).reshape(shape[:2])
    mean, variance = ((weight @ np.where(seen, x, 0)).reshape(shape[:2]) / np.where(share < 0.5, np.nan, share)
                      for x in (values, sigma**2))
    if independent:
        variance *= np.minimum(resolution_deg**2 / (4.0 * np.cos(np.radians(GRID_DEC))), 1.0)[:, None]
    return {"dec": GRID_DEC, "ra": GRID_RA, "relative_intensity": mean, "sigma": np.sqrt(variance),
            "footprint": share >= 0.5}
