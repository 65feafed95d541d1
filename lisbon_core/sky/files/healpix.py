"""HEALPix maps onto the 2-degree grid, and back.

A relative intensity is averaged over each grid pixel (`grids.resample`). Event counts are summed over the averaging
disc about each grid pixel instead: with N events where B are expected from the mean of n scramblings, the relative
intensity is N/B with sigma^2 = (1 + 1/n)/B.
"""

import math

import numpy as np
from astropy import units as u
from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix, nside_to_pixel_resolution
from scipy.spatial import cKDTree

from lisbon_core.frames import lonlat, rotation_to_icrs, unit_vector
from lisbon_core.sky.files.conventions import UNSEEN, named, observed_values
from lisbon_core.sky.files.grids import GRID_DEC, GRID_RA, resample
from lisbon_core.sky.map import SkyMap, SkyMapError

__all__ = ["from_healpix", "to_healpix"]

COORDINATES = {"C": "icrs", "Q": "icrs", "EQU": "icrs", "ICR": "icrs", "CEL": "icrs", "G": "galactic",
               "GAL": "galactic", "E": "ecliptic", "ECL": "ecliptic"}
FINEST = 128  # NSIDE on which counts are summed over discs: 0.46 degrees
FEWEST = 25.0  # expected events below which the error of N/B is not Gaussian enough to be used


def _full_sky(columns: dict, nside, wanted) -> tuple[int, np.ndarray]:
    """nside and the wanted columns over the full sky, (n, n_pixel), whether pixels are implicit or given by number."""
    index, size = named(columns, "pixel"), len(columns[wanted[0]])
    if nside is None and index is None:
        nside = math.isqrt(size // 12)
    if not isinstance(nside, int) or not 1 <= nside <= 1024 or nside & (nside - 1):
        raise SkyMapError(f"NSIDE of the HEALPix map is {nside}, but a power of 2 from 1 to 1024 is needed: write it "
                          "into the header, or degrade the map")
    maps = np.array([columns[name] for name in wanted], dtype=float)
    if index is None:
        if size != 12 * nside**2:
            raise SkyMapError(f"the HEALPix map holds {size} pixels, but NSIDE = {nside} asks for {12 * nside**2}: the "
                              "file is cut short or its pixel numbers (a column PIXEL) are missing")
        return nside, maps
    pixel = np.asarray(columns[index])
    number, count = np.unique(pixel, return_counts=True)
    wrong = (count > 1) | (number < 0) | (number >= 12 * nside**2) | (number != np.floor(number))
    if wrong.any():
        raise SkyMapError(f"pixel {number[wrong][0]} of the HEALPix map is given twice or is not between 0 and "
                          f"{12 * nside**2 - 1} (NSIDE = {nside}): correct the column {index}")
    full = np.full((len(wanted), 12 * nside**2), np.nan)
    full[:, pixel.astype(int)] = maps
    return nside, full


def _ordering(header) -> str:
    ordering = str(header.get("ORDERING", "")).strip().lower()
    ordering = "nested" if ordering == "nest" else ordering
    if ordering not in ("ring", "nested"):
        raise SkyMapError(f"ORDERING of the HEALPix map is {header.get('ORDERING')!r}, but RING or NESTED is needed: "
                          "write the right one into the header")
    return ordering


def _frame(header, log) -> str:
    given = str(header.get("COORDSYS", "")).strip().upper()
    if not given:
        log.append("the HEALPix header has no COORDSYS: taken as equatorial (C)")
        return "icrs"
    if given[:3] not in COORDINATES:
        raise SkyMapError(f"COORDSYS of the HEALPix map is {given!r}, but C (equatorial), G (galactic) or E (ecliptic) "
                          "is needed: correct the header")
    return COORDINATES[given[:3]]


def from_healpix(columns: dict, header, averaging_deg: float, n_scramblings: int, log: list) -> dict:
    """Parts of a `SkyMap` on the 2-degree grid from the columns (name to flat array) and header of a HEALPix table."""
    value, error, data, background, index = (named(columns, what) for what in (
        "relative_intensity", "sigma", "data", "background", "pixel"))
    if value is None and bool(data) != bool(background):
        raise SkyMapError(f"the HEALPix file has event counts {data or background!r} but no "
                          f"{'background' if data else 'data'} map (columns: {', '.join(columns)}): both are needed")
    if value is None and data is None:
        value, *more = [name for name in columns if name not in (error, index)] or [None]
        if value is None or more:
            raise SkyMapError(f"none of the HEALPix columns {', '.join(columns)} is a relative intensity or a pair of "
                              "data and background: rename one to relative_intensity, or two to data and background")
    wanted = [name for name in ([value, error] if value else [data, background]) if name]
    log.append(f"HEALPix columns used: {', '.join(wanted)}")
    nside, maps = _full_sky(columns, header.get("NSIDE"), wanted)
    order, frame = _ordering(header), _frame(header, log)
    turn = rotation_to_icrs(frame)

    def lookup(lon, lat):
        lon, lat = (lon, lat) if frame == "icrs" else lonlat(unit_vector(lon, lat) @ turn)
        return np.asarray(lonlat_to_healpix(lon * u.deg, lat * u.deg, nside, order=order))

    resolution = float(nside_to_pixel_resolution(nside).to_value(u.deg))
    finest = 0.0 if value else 2.0  # counts are summed over discs as large as a grid pixel at least
    coarse = resolution if resolution > 2.0 else finest
    if averaging_deg < coarse / np.sqrt(np.pi):  # a disc as large as a pixel
        averaging_deg = coarse / np.sqrt(np.pi)
        log.append(f"pixels of {coarse:.3g} degrees: taken as an average over {averaging_deg:.3g} degrees")
    if value:
        values, sigma = observed_values(maps[0], maps[1] if error else None, log, lambda i: f"HEALPix pixel {i}")
        parts = resample(lookup, values, sigma, averaging_deg == 0, resolution)
    else:
        parts = _from_counts(maps, nside, order, turn, lookup, radius_deg=averaging_deg, n_scramblings=n_scramblings,
                             log=log)
    return parts | {"averaging_deg": averaging_deg}


def _from_counts(counts, nside, order, turn, lookup, *, radius_deg, n_scramblings, log):
    """Parts of a `SkyMap` from events, data and background, summed over discs about the grid's pixel centres."""
    counts = np.where(np.abs(counts) < 1e20, counts, np.nan)
    bad = np.flatnonzero((counts < 0).any(axis=0))
    if bad.size:
        raise SkyMapError(f"HEALPix pixel {bad[0]} has a negative number of events: counts are 0 or more, so "
                          "correct it or give UNSEEN")
    seen = np.isfinite(counts[0]) & (counts[1] > 0)
    if not seen.any():
        raise SkyMapError("no pixel has a background above 0: give the expected number of events in background")
    if nside > FINEST:
        log.append(f"counts of NSIDE = {nside} summed into pixels of NSIDE = {FINEST} first")
    rough = min(nside, FINEST)
    number, cell = np.unique(lonlat_to_healpix(*healpix_to_lonlat(np.flatnonzero(seen), nside, order=order), rough),
                             return_inverse=True)
    counts = np.array([np.bincount(cell, x[seen]) for x in counts])
    cell_of = np.full(seen.size, -1)
    cell_of[seen] = cell
    own = cell_of[lookup(*np.meshgrid(GRID_RA, GRID_DEC))]
    tree = cKDTree(unit_vector(*(x.to_value(u.deg) for x in healpix_to_lonlat(number, rough))) @ turn.T)
    total = np.zeros((2, *own.shape))
    for i, dec in enumerate(GRID_DEC):
        around = tree.query_ball_point(unit_vector(GRID_RA, dec), 2 * np.sin(np.radians(radius_deg) / 2))
        for j, cells in enumerate(around):  # a disc between the centres of coarse pixels: the pixel itself
            total[:, i, j] = counts[:, cells or [own[i, j]] * int(own[i, j] >= 0)].sum(axis=1)
    footprint = own >= 0
    kept = footprint & (total[1] >= FEWEST)
    if np.sum(footprint & ~kept):
        log.append(f"{np.sum(footprint & ~kept)} pixels expect fewer than {FEWEST:g} events: taken as not observed")
    if not kept.any():
        raise SkyMapError(f"no disc of {radius_deg:g} degrees expects {FEWEST:g} events or more: widen averaging_deg")
    expected = np.where(kept, total[1], np.nan)
    value, sigma = total[0] / expected, np.sqrt((1 + 1 / n_scramblings) / expected)
    middle = np.nanmedian(value)
    if abs(middle - 1) > 0.1:
        raise SkyMapError(f"data / background has a median of {middle:.3g}, but it should be near 1: give the number "
                          "of events expected in data, the mean of the scramblings and not their sum, as background")
    off = np.nan_to_num((np.abs(value - 1) - 0.5) / sigma, nan=-1.0)
    if off.max() > 10:
        row, column = np.unravel_index(np.argmax(off), off.shape)
        raise SkyMapError(f"data / background is {value[row, column]:.4g} about ra {GRID_RA[column]:g}, dec "
                          f"{GRID_DEC[row]:g}, far from 1: correct the counts there, or give UNSEEN for pixels that "
                          "were not observed")
    log.append(f"counts summed over discs of {radius_deg:.3g} degrees; errors from Poisson counts of the data and of "
               f"{n_scramblings} scramblings")
    return {"dec": GRID_DEC, "ra": GRID_RA, "relative_intensity": value, "footprint": footprint, "sigma": sigma}


def to_healpix(sky: SkyMap, nside: int) -> tuple[np.ndarray, np.ndarray]:
    """Relative intensity and sigma, each of shape (12 nside^2,), RING order: the grid pixel at each HEALPix centre."""
    lon, lat = (x.to_value(u.deg) for x in healpix_to_lonlat(np.arange(12 * nside**2), nside))
    step_dec, step_ra = sky.dec[1] - sky.dec[0], sky.ra[1] - sky.ra[0]
    row = np.clip(np.round((lat - sky.dec[0]) / step_dec).astype(int), 0, len(sky.dec) - 1)
    column = np.round((lon - sky.ra[0]) / step_ra).astype(int) % len(sky.ra)
    values, sigma = np.nan_to_num([sky.relative_intensity[row, column], sky.sigma[row, column]], nan=UNSEEN)
    return values, sigma
