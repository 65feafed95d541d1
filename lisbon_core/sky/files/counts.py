"""Event counts to relative intensities: summed over the averaging disc about each pixel of the 2-degree grid.

With N events where B are expected from the mean of n scramblings, the relative intensity is N/B with
sigma^2 = (1 + 1/n)/B.
"""

import numpy as np
from astropy import units as u
from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix
from scipy.spatial import cKDTree

from lisbon_core.ground.frames import lonlat, unit_vector
from lisbon_core.sky.files.grids import GRID_DEC, GRID_RA, Pixels
from lisbon_core.sky.map import SkyMapError, require

FINEST = 128  # NSIDE on which counts are summed over discs: 0.46 degrees
FEWEST = 25.0  # expected events below which the error of N/B is not Gaussian enough to be used


def of_counts(pixels: Pixels, data, background, averaging_deg: float, n_scramblings: int, log: list) -> dict:
    """Parts of a `SkyMap` from events in `data` and those expected in `background`, flat arrays."""
    counts = np.array([data, background])
    if (bad := np.flatnonzero((counts < 0).any(axis=0))).size:
        raise SkyMapError(f"{pixels.name(bad[0])} has a negative number of events: counts are 0 or more, so correct it "
                          "or give UNSEEN")
    seen = np.flatnonzero(np.isfinite(counts[0]) & (counts[1] > 0))
    require(seen.size, "no pixel has a background above 0: give the expected number of events in background")
    averaging_deg = max(averaging_deg, np.sqrt(max(4.0, np.max(pixels.area)) / np.pi))  # a pixel of grid, of file
    centre, number, counts = pixels.directions(seen), seen, counts[:, seen]
    cell_of = np.full(data.size, -1)
    cell_of[seen] = np.arange(seen.size)
    if np.min(pixels.area) < 0.2:
        log.append(f"counts of fine pixels summed into those of NSIDE = {FINEST} first")
        number, cell = np.unique(lonlat_to_healpix(*(x * u.deg for x in lonlat(centre)), FINEST), return_inverse=True)
        centre = unit_vector(*(x.to_value(u.deg) for x in healpix_to_lonlat(number, FINEST)))
        counts, cell_of[seen] = np.array([np.bincount(cell, x) for x in counts]), cell
    at = pixels.lookup(*(x.ravel() for x in np.meshgrid(GRID_RA, GRID_DEC))).reshape(GRID_DEC.size, GRID_RA.size)
    own = np.where(at >= 0, cell_of[at], -1)
    total, tree = np.zeros((2, *own.shape)), cKDTree(centre)
    for i, dec in enumerate(GRID_DEC):
        around = tree.query_ball_point(unit_vector(GRID_RA, dec), 2 * np.sin(np.radians(averaging_deg) / 2))
        for j, cells in enumerate(around):  # a disc between the centres of coarse pixels: the pixel itself
            total[:, i, j] = counts[:, cells or [own[i, j]] * int(own[i, j] >= 0)].sum(axis=1)
    footprint = own >= 0
    kept = footprint & (total[1] >= FEWEST)
    if few := np.sum(footprint & ~kept):
        log.append(f"{few} pixels expect fewer than {FEWEST:g} events: taken as not observed")
    require(kept.any(),
            f"no disc of {averaging_deg:.3g} degrees expects {FEWEST:g} events or more: widen averaging_deg")
    expected = np.where(kept, total[1], np.nan)
    value, sigma = total[0] / expected, np.sqrt((1 + 1 / n_scramblings) / expected)
    middle = np.nanmedian(value)
    require(abs(middle - 1) <= 0.1, f"data / background has a median of {middle:.3g}, but it should be near 1: give "
            "the number of events expected in data, the mean of the scramblings and not their sum, as background")
    off = np.nan_to_num((np.abs(value - 1) - 0.5) / sigma, nan=-1.0)
    if off.max() > 10:
        row, column = np.unravel_index(np.argmax(off), off.shape)
        raise SkyMapError(f"data / background is {value[row, column]:.4g} about ra {GRID_RA[column]:g}, dec "
                          f"{GRID_DEC[row]:g}, far from 1: correct the counts there, or give UNSEEN for pixels that "
                          "were not observed")
    log.append(f"counts summed over discs of {averaging_deg:.3g} degrees; errors from Poisson counts of the data and "
               f"of {n_scramblings} scramblings")
    return {"dec": GRID_DEC, "ra": GRID_RA, "relative_intensity": value, "footprint": footprint, "sigma": sigma,
            "averaging_deg": averaging_deg}
