"""Where the values of a file lie on the sky, and onto the regular grid of a sky map: as they are, or resampled."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from lisbon_core.ground.frames import lonlat, rotation_to_icrs, unit_vector
from lisbon_core.sky.map import SkyMapError, require

GRID_DEC, GRID_RA = np.arange(-89.0, 90.0, 2.0), np.arange(1.0, 360.0, 2.0)
SMALLEST_STEP = 0.1  # degrees: finer grids are not what a TeV map is made on


class OffGridError(SkyMapError):
    """Pixels that lie on no regular grid."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """Where values lie on the sky.

    Parameters
    ----------
    frame : str
        'icrs', 'galactic' or 'ecliptic'.
    area : float or ndarray
        Of the pixel of each value, square degrees.
    own_lookup, own_centres : functions
        Number of the value at longitudes and latitudes in that frame (degrees), -1 for none; and back.
    name : function
        Words for the place of a value.
    grid : tuple or None
        Where pixels are those of a regular grid: latitudes, longitudes, number of the value of each, -1 for none.
    """

    frame: str
    area: float | np.ndarray
    own_lookup: Callable
    own_centres: Callable
    name: Callable
    grid: tuple | None = None

    def lookup(self, ra, dec) -> np.ndarray:
        """Number of the value at places on the sky (ICRS, degrees), -1 for none."""
        return self.own_lookup(*(
            (ra, dec) if self.frame == "icrs" else lonlat(unit_vector(ra, dec) @ rotation_to_icrs(self.frame))))

    def directions(self, number) -> np.ndarray:
        """Unit vectors (ICRS) of the pixels of some values."""
        return unit_vector(*self.own_centres(number)) @ rotation_to_icrs(self.frame).T


def _axis(x, name) -> tuple[np.ndarray, np.ndarray]:
    """The regular grid of pixel centres that coordinates lie on, over the whole sky, and the place of each in it."""
    gaps = np.round(np.diff(np.unique(np.round(x, 5))), 4)
    gaps = gaps[gaps > 1e-3]
    require(gaps.size, f"all pixels have the same {name}, {x[0]:g}: a map of at least two rings is needed",
            error=OffGridError)
    sizes, count = np.unique(gaps, return_counts=True)
    step = sizes[np.argmax(count)]
    around = name in ("ra", "longitude")
    whole = 360.0 if around else 180.0
    if around or abs(whole / step - round(whole / step)) < 0.01:
        step = whole / round(whole / step)
    phases, count = np.unique(np.round(x % step, 4) % step, return_counts=True)
    start = phases[np.argmax(count)]
    off = x - start - np.round((x - start) / step) * step
    worst = np.argmax(abs(off))
    require(abs(off[worst]) <= 0.02 * step and step >= SMALLEST_STEP,
            f"{name} is {x[worst]:g} in row {worst + 1}, off the regular grid of {step:g} degrees that most pixels lie "
            f"on (finest: {SMALLEST_STEP:g}): give a map on a regular grid", error=OffGridError)
    start = np.round(start + off.mean(), 9)
    if around:
        start, size = start % step, round(360.0 / step)
    else:
        start += step * np.ceil((-90.0 - start) / step - 1e-6)
        size = int((90.0 - start) / step + 1e-6) + 1
    return np.round(start + step * np.arange(size), 9), np.round((x - start) / step).astype(int) % size


def regular(lon, lat, values, frame: str, log: list) -> Pixels:
    """Pixels of a regular grid in some frame, of the coordinates of all values (degrees).

    Raises
    ------
    SkyMapError
        If they lie on none, or two values differ on one pixel.
    """
    names = ("ra", "dec") if frame == "icrs" else ("longitude", "latitude")
    (lat_grid, row), (lon_grid, column) = _axis(lat, names[1]), _axis(lon % 360.0, names[0])
    place = row * len(lon_grid) + column
    order = np.argsort(place, kind="stable")
    first, second = order[:-1][(same := np.diff(place[order]) == 0)], order[1:][same]
    differ = ~np.isclose(values[first], values[second], rtol=1e-6, atol=1e-9, equal_nan=True)
    if differ.any():
        one, other = first[differ][0], second[differ][0]
        raise SkyMapError(f"rows {one + 1} and {other + 1} are the same pixel ({names[0]} {lon[other]:g}, {names[1]} "
                          f"{lat[other]:g}): keep one row a pixel")
    if first.size:
        log.append(f"{first.size} pixels are given twice with the same value, at both ends of the circle or elsewhere: "
                   "the second left out")
    number = np.full(len(lat_grid) * len(lon_grid), -1)
    number[place[order[::-1]]] = order[::-1]
    steps = lat_grid[1] - lat_grid[0], 360.0 / len(lon_grid)

    def lookup(lon, lat):
        row = np.round((lat - lat_grid[0]) / steps[0]).astype(int)
        column = np.round((lon - lon_grid[0]) / steps[1]).astype(int) % len(lon_grid)
        inside = (row >= 0) & (row < len(lat_grid))
        return np.where(inside, number[np.where(inside, row, 0) * len(lon_grid) + column], -1)

    return Pixels(frame, steps[0] * steps[1] * np.maximum(np.cos(np.radians(lat)), 0.25 * np.radians(steps[0])), lookup,
                  lambda i: (lon[i], lat[i]), lambda i: f"{names[0]} {lon[i]:g}, {names[1]} {lat[i]:g} (row {i + 1})",
                  (lat_grid, lon_grid, number))


def resample(pixels: Pixels, values, sigma, averaging_deg: float, log: list) -> dict:
    """Mean over each pixel of the 2-degree grid.

    Pixels less than half covered are not observed. Errors of independent pixels shrink with the number of them in a
    grid pixel, those of pixels that are averages over a wider disc do not. What one coarse pixel says to many of the
    grid is an average over a disc of its size.
    """
    area = np.broadcast_to(np.asarray(pixels.area, dtype=float), values.shape)
    fine, coarse = np.sqrt([np.median(area), area.max()])
    independent = averaging_deg < fine / np.sqrt(np.pi)
    if averaging_deg < coarse / np.sqrt(np.pi):
        averaging_deg = coarse / np.sqrt(np.pi)
        if coarse > 2.0:
            log.append(f"pixels of {coarse:.3g} degrees: taken as an average over {averaging_deg:.3g} degrees")
    k = int(np.clip(np.ceil(4.0 / fine), 4, 16))
    offsets = 2.0 * ((np.arange(k) + 0.5) / k - 0.5)
    shape = (len(GRID_DEC), len(GRID_RA), k, k)
    dec = np.broadcast_to((GRID_DEC[:, None] + offsets)[:, None, :, None], shape).ravel()
    ra = np.broadcast_to((GRID_RA[:, None] + offsets)[None, :, None, :], shape).ravel()
    source, target = pixels.lookup(ra, dec), np.repeat(np.arange(shape[0] * shape[1]), k * k)
    inside = source >= 0
    weight = coo_array((np.full(inside.sum(), 1.0 / k**2), (target[inside], source[inside])),
                       shape=(shape[0] * shape[1], values.size)).tocsr()
    seen = np.isfinite(values)
    own = 4.0 * np.cos(np.radians(GRID_DEC))[:, None]
    share = (weight @ seen.astype(float)).reshape(shape[:2])
    mean, variance, apart = ((weight @ np.where(seen, x, 0)).reshape(shape[:2]) / np.where(share < 0.5, np.nan, share)
                             for x in (values, sigma**2, sigma**2 * area))
    if independent:
        variance = np.minimum(variance, apart / own)
    return {"dec": GRID_DEC, "ra": GRID_RA, "relative_intensity": mean, "sigma": np.sqrt(variance),
            "footprint": share >= 0.5, "averaging_deg": averaging_deg}
