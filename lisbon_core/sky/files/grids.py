"""Pixels onto the regular grid of a sky map: checks of values, the grid they lie on, resampling onto 2 degrees."""

import numpy as np
from scipy.sparse import coo_array

from lisbon_core.sky.map import SkyMapError

__all__ = ["GRID_DEC", "GRID_RA", "gridded", "near_one", "pick", "resample", "with_errors"]

GRID_DEC, GRID_RA = np.arange(-89.0, 90.0, 2.0), np.arange(1.0, 360.0, 2.0)
SMALLEST_STEP = 0.1  # degrees: finer grids are not what a TeV map is made on


def pick(names, wanted) -> str | None:
    """First of the names, as spelt, that is one of the wanted ones but for case, spaces and hyphens."""
    plain = {name.strip().lower().replace(" ", "_").replace("-", "_"): name for name in reversed(names)}
    return next((plain[w] for w in wanted if w in plain), None)


def near_one(values, log: list, where) -> np.ndarray:
    """Relative intensities near 1, NaN where not observed, of values near 1 or near 0; `where(i)` names a pixel.

    Raises
    ------
    SkyMapError
        If nothing is observed, or the values, or any one of them, are near neither 0 nor 1.
    """
    values = np.asarray(values, dtype=float)
    values = np.where(np.isfinite(values) & (np.abs(values) < 1e20), values, np.nan)
    filled = values[np.isfinite(values) & (values != 0)]
    if filled.size == 0:
        raise SkyMapError("no pixel has a value: all are NaN, UNSEEN or zero, so check that the right map was exported")
    span = f"{filled.min():.3g} to {filled.max():.3g}"
    if np.median(np.abs(filled - 1)) < 0.1:
        values = np.where(values == 0, np.nan, values)
    elif np.median(np.abs(filled)) < 0.1:
        log.append(f"values lie around 0 ({span}): taken as relative intensity minus 1")
        if np.mean(values == 0) > 0.01:
            log.append(f"{np.sum(values == 0)} pixels are exactly 0: taken as not observed")
            values = np.where(values == 0, np.nan, values)
        values = values + 1
    else:
        raise SkyMapError(f"relative_intensity is near neither 1 nor 0 ({span}, median "
                          f"{np.median(filled):.3g}): divide it by its mean, or turn percent into fractions")
    wild = np.flatnonzero(np.abs(values - 1) > 0.5)
    if wild.size:
        raise SkyMapError(f"relative_intensity is {values.flat[wild[0]]:.4g} at {where(wild[0])}, which is near "
                          "neither 0 nor 1: correct it, or give NaN for a pixel that was not observed")
    return values


def with_errors(values, sigma, log: list, where) -> tuple[np.ndarray, np.ndarray]:
    """Values and their errors: a pixel without an error is not observed.

    Raises
    ------
    SkyMapError
        If an error is zero or negative.
    """
    sigma = np.where(np.abs(sigma) < 1e20, sigma, np.nan)
    wrong = np.flatnonzero(np.isfinite(values) & (sigma <= 0))
    if wrong.size:
        raise SkyMapError(f"sigma is {sigma.flat[wrong[0]]:g} at {where(wrong[0])}, but an error is positive: correct "
                          "it, or give NaN for a pixel that was not observed")
    bare = np.isfinite(values) & np.isnan(sigma)
    if bare.any():
        log.append(f"{bare.sum()} pixels have a value but no sigma: taken as not observed")
    return np.where(bare, np.nan, values), sigma


def _axis(x, name) -> tuple[np.ndarray, np.ndarray]:
    """The regular grid of pixel centres that coordinates lie on, over the whole sky, and the place of each in it."""
    distinct = np.unique(np.round(x, 5))
    gaps = np.round(np.diff(distinct), 4)
    gaps = gaps[gaps > 1e-3]
    if gaps.size == 0:
        raise SkyMapError(f"all pixels have the same {name}, {x[0]:g}: a map of at least two rings is needed")
    sizes, count = np.unique(gaps, return_counts=True)
    step = sizes[np.argmax(count)]
    whole = 360.0 if name == "ra" else 180.0
    if name == "ra" or abs(whole / step - round(whole / step)) < 0.01:
        step = whole / round(whole / step)
    phases, count = np.unique(np.round(x % step, 4) % step, return_counts=True)
    start = phases[np.argmax(count)] if name == "ra" else (phases[np.argmax(count)] + 90.0) % step - 90.0
    place = np.round((x - start) / step)
    off = x - start - place * step
    worst = np.argmax(abs(off))
    if abs(off[worst]) > 0.02 * step or step < SMALLEST_STEP:
        raise SkyMapError(f"{name} is {x[worst]:g} in row {worst + 1}, off the regular grid of {step:g} degrees that "
                          f"most pixels lie on (finest: {SMALLEST_STEP:g}): give a map on a regular grid of ra and dec")
    start = np.round(start + off.mean(), 9)
    if name == "ra":
        start, size = start % step, round(360.0 / step)
        place = np.round((x - start) / step) % size
    else:
        start += step * np.ceil((-90.0 - start) / step - 1e-6)
        place, size = np.round((x - start) / step), int(np.floor((90.0 - start) / step + 1e-6)) + 1
    return np.round(start + step * np.arange(size), 9), place.astype(int)


def gridded(ra, dec, values, sigma, footprint) -> dict:
    """Arrays on the regular grid that the pixels lie on."""
    dec_grid, row = _axis(dec, "dec")
    ra_grid, column = _axis(ra % 360.0, "ra")
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
            "footprint": full(footprint, False), "sigma": None if sigma is None else full(sigma, np.nan)}


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
    share = weight @ seen.astype(float)
    kept = share >= 0.5
    mean = weight @ np.where(seen, values, 0) / np.maximum(share, 0.5)
    error = None
    if sigma is not None:
        variance = (weight @ np.where(seen, sigma, 0) ** 2 / np.maximum(share, 0.5)).reshape(shape[:2])
        fraction = np.minimum(resolution_deg**2 / (4.0 * np.cos(np.radians(GRID_DEC))), 1.0)[:, None]
        error = np.where(kept.reshape(shape[:2]), np.sqrt(variance * (fraction if independent else 1.0)), np.nan)
    return {"dec": GRID_DEC, "ra": GRID_RA, "relative_intensity": np.where(kept, mean, np.nan).reshape(shape[:2]),
            "sigma": error, "footprint": kept.reshape(shape[:2])}
