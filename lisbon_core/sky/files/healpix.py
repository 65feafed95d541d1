"""HEALPix maps onto the 2-degree grid, and back.

A relative intensity is averaged over each grid pixel (`sky_grid.resample`). Event counts are summed over the averaging
disc about each grid pixel instead: with N events where B are expected from the mean of n scramblings, the relative
intensity is N/B with sigma^2 = (1 + 1/n)/B.
"""

import numpy as np
from astropy import units as u
from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix, npix_to_nside, nside_to_pixel_resolution
from scipy.spatial import cKDTree

from lisbon_core.frames import lonlat, rotation_to_icrs, unit_vector
from lisbon_core.sky.files.grids import GRID_DEC, GRID_RA, near_one, pick, resample, with_errors
from lisbon_core.sky.map import SkyMap, SkyMapError

__all__ = ["from_healpix", "to_healpix"]

UNSEEN = -1.6375e30
COORDINATES = {"C": "icrs", "Q": "icrs", "EQU": "icrs", "ICR": "icrs", "CEL": "icrs", "G": "galactic",
               "GAL": "galactic", "E": "ecliptic", "ECL": "ecliptic"}
INTENSITY = ("relative_intensity", "intensity", "i", "i_stokes", "relint", "relative_intensity_map", "signal", "ri")
SIGMA = ("sigma", "error", "relative_intensity_error", "intensity_error", "uncertainty", "sigma_map")
DATA = ("data", "data_map", "counts", "on", "events", "n_events")
BACKGROUND = ("background", "background_map", "bg", "bkg", "reference", "reference_map", "off")
PIXEL = ("pixel", "pix", "pixnum", "ipix", "index", "hpx_index", "healpix")
FINEST = 128  # NSIDE on which counts are summed over discs: 0.46 degrees
FEWEST = 25.0  # expected events below which the error of N/B is not Gaussian enough to be used


def _full_map(columns: dict, nside, wanted) -> tuple[int, list]:
    """nside and the full-sky arrays of the wanted columns, whether pixels are implicit or given by number."""
    index = pick(list(columns), PIXEL)
    size = len(columns[wanted[0]])
    if nside is None and index is None and size % 12 == 0 and int(np.sqrt(size / 12)) ** 2 * 12 == size:
        nside = int(npix_to_nside(size))
    if not isinstance(nside, int) or not 1 <= nside <= 1024 or nside & (nside - 1):
        raise SkyMapError(f"NSIDE of the HEALPix map is {nside}, but a power of 2 from 1 to 1024 is needed: write it "
                          "into the header, or degrade the map")
    if index is None:
        if size != 12 * nside**2:
            raise SkyMapError(f"the HEALPix map holds {size} pixels, but NSIDE = {nside} asks for {12 * nside**2}: the "
                              "file is cut short or its pixel numbers (a column PIXEL) are missing")
        return nside, [np.asarray(columns[name], dtype=float) for name in wanted]
    pixel = np.asarray(columns[index])
    number, count = np.unique(pixel, return_counts=True)
    if number[0] < 0 or number[-1] >= 12 * nside**2 or count.max() > 1 or np.any(number != np.floor(number)):
        worst = number[np.argmax(count)] if count.max() > 1 else number[0] if number[0] < 0 else number[-1]
        raise SkyMapError(f"pixel {worst} of the HEALPix map is given twice or is not between 0 and "
                          f"{12 * nside**2 - 1} (NSIDE = {nside}): correct the column {index}")
    full = []
    for name in wanted:
        full.append(np.full(12 * nside**2, np.nan))
        full[-1][pixel.astype(int)] = np.asarray(columns[name], dtype=float)
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
    names = list(columns)
    data, background = pick(names, DATA), pick(names, BACKGROUND)
    value, error = pick(names, INTENSITY), pick(names, SIGMA)
    others = [name for name in names if name not in (error, pick(names, PIXEL))]
    if value is None and bool(data) != bool(background):
        raise SkyMapError(f"the HEALPix file has event counts {data or background!r} but no "
                          f"{'background' if data else 'data'} map (columns: {', '.join(names)}): both are needed")
    if value is None and data is None:
        if len(others) != 1:
            raise SkyMapError(f"none of the HEALPix columns {', '.join(names)} is a relative intensity or a pair of "
                              "data and background: rename one to relative_intensity, or two to data and background")
        value = others[0]
    counts = value is None
    wanted = [data, background] if counts else [value, *([error] if error else [])]
    log.append(f"HEALPix columns used: {', '.join(wanted)}")
    nside, maps = _full_map(columns, header.get("NSIDE"), wanted)
    order, frame = _ordering(header), _frame(header, log)
    turn = rotation_to_icrs(frame)

    def lookup(lon, lat):
        lon, lat = (lon, lat) if frame == "icrs" else lonlat(unit_vector(lon, lat) @ turn)
        return np.asarray(lonlat_to_healpix(lon * u.deg, lat * u.deg, nside, order=order))

    resolution = float(nside_to_pixel_resolution(nside).to_value(u.deg))
    if resolution > 2.0 and averaging_deg < resolution / np.sqrt(np.pi):  # a disc as large as a pixel
        averaging_deg = resolution / np.sqrt(np.pi)
        log.append(f"pixels of {resolution:.3g} degrees are coarser than the grid: taken as an average over "
                   f"{averaging_deg:.3g} degrees")
    if not counts:
        values = near_one(maps[0], log, lambda i: f"HEALPix pixel {i}")
        sigma = None
        if error:
            values, sigma = with_errors(values, maps[1], log, lambda i: f"HEALPix pixel {i}")
        parts = resample(lookup, values, sigma, averaging_deg == 0, resolution)
        return {**parts, "averaging_deg": averaging_deg}
    if averaging_deg < 2.0 / np.sqrt(np.pi):
        averaging_deg = 2.0 / np.sqrt(np.pi)
        log.append("counts are summed over discs as large as a grid pixel at least: averaged over 1.13 degrees")
    return {**_from_counts(*maps, nside, order, turn, lookup, averaging_deg, n_scramblings, log),
            "averaging_deg": averaging_deg}


def _from_counts(data, background, nside, order, turn, lookup, radius_deg, n_scramblings, log):
    """Parts of a `SkyMap` from events summed over discs about the grid's pixel centres."""
    data, background = (np.where(np.isfinite(x) & (np.abs(x) < 1e20), x, np.nan) for x in (data, background))
    bad = np.flatnonzero((data < 0) | (background < 0))
    if bad.size:
        raise SkyMapError(f"HEALPix pixel {bad[0]} has a negative number of events: counts are 0 or more, so "
                          "correct it or give UNSEEN")
    seen = np.isfinite(data) & (background > 0)
    if not seen.any():
        raise SkyMapError("no pixel has a background above 0: give the expected number of events in background")
    lon, lat = healpix_to_lonlat(np.flatnonzero(seen), nside, order=order)
    counts = np.stack([data[seen], background[seen]])
    nearest = np.where(seen, np.cumsum(seen) - 1, -1)  # of a HEALPix pixel, its place among those seen
    if nside > FINEST:
        number, cell = np.unique(lonlat_to_healpix(lon, lat, FINEST), return_inverse=True)
        lon, lat = healpix_to_lonlat(number, FINEST)
        counts = np.stack([np.bincount(cell, x) for x in counts])
        nearest[seen] = cell
        log.append(f"counts of NSIDE = {nside} summed into pixels of NSIDE = {FINEST} first")
    tree = cKDTree(unit_vector(lon.to_value(u.deg), lat.to_value(u.deg)) @ turn.T)
    own = nearest[lookup(*(x.ravel() for x in np.meshgrid(GRID_RA, GRID_DEC)))].reshape(len(GRID_DEC), len(GRID_RA))
    total = np.zeros((2, *own.shape))
    for i, dec in enumerate(GRID_DEC):
        found = tree.query_ball_point(unit_vector(GRID_RA, dec), 2 * np.sin(np.radians(radius_deg) / 2))
        found = [f or [o] * int(o >= 0) for f, o in zip(found, own[i], strict=True)]  # coarse maps: the pixel itself
        owner = np.repeat(np.arange(len(GRID_RA)), [len(f) for f in found])
        member = np.concatenate(found).astype(int)
        total[:, i] = [np.bincount(owner, x[member], minlength=len(GRID_RA)) for x in counts]
    footprint = own >= 0
    kept = footprint & (total[1] >= FEWEST)
    if np.sum(footprint & ~kept):
        log.append(f"{np.sum(footprint & ~kept)} pixels expect fewer than {FEWEST:g} events: taken as not observed")
    if not kept.any():
        raise SkyMapError(f"no disc of {radius_deg:g} degrees expects {FEWEST:g} events or more: widen averaging_deg")
    expected = np.where(kept, total[1], np.nan)
    middle = np.nanmedian(total[0] / expected)
    if abs(middle - 1) > 0.1:
        raise SkyMapError(f"data / background has a median of {middle:.3g}, but it should be near 1: give the number "
                          "of events expected in data, the mean of the scramblings and not their sum, as background")
    sigma = np.sqrt((1 + 1 / n_scramblings) / expected)
    off = np.nan_to_num((np.abs(total[0] / expected - 1) - 0.5) / sigma, nan=-1.0)
    if off.max() > 10:
        row, column = np.unravel_index(np.argmax(off), off.shape)
        raise SkyMapError(f"data / background is {total[0][row, column] / expected[row, column]:.4g} about ra "
                          f"{GRID_RA[column]:g}, dec {GRID_DEC[row]:g}, far from 1: correct the counts there, or give "
                          "UNSEEN for pixels that were not observed")
    log.append(f"counts summed over discs of {radius_deg:.3g} degrees; errors from Poisson counts of the data and of "
               f"{n_scramblings} scramblings")
    return {"dec": GRID_DEC, "ra": GRID_RA, "relative_intensity": total[0] / expected, "footprint": footprint,
            "sigma": sigma}


def to_healpix(sky: SkyMap, nside: int) -> tuple[np.ndarray, np.ndarray]:
    """Relative intensity and sigma, each of shape (12 nside^2,), RING order: the grid pixel at each HEALPix centre."""
    lon, lat = (x.to_value(u.deg) for x in healpix_to_lonlat(np.arange(12 * nside**2), nside))
    step_dec, step_ra = sky.dec[1] - sky.dec[0], sky.ra[1] - sky.ra[0]
    row = np.clip(np.round((lat - sky.dec[0]) / step_dec).astype(int), 0, len(sky.dec) - 1)
    column = np.round((lon - sky.ra[0]) / step_ra).astype(int) % len(sky.ra)
    values, sigma = sky.relative_intensity[row, column], sky.sigma[row, column]
    return np.where(np.isfinite(values), values, UNSEEN), np.where(np.isfinite(sigma), sigma, UNSEEN)
