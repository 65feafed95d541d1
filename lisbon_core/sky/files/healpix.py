"""HEALPix maps: where their pixels are, in whatever way they are numbered."""

import math
import re

import numpy as np
from astropy import units as u
from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix, nside_to_pixel_area

from lisbon_core.sky.files.conventions import frame_of, numbers
from lisbon_core.sky.files.grids import Pixels
from lisbon_core.sky.map import SkyMapError, require

FINEST = 1024
GROUPS = tuple(4**k for k in range(15))  # pixels in one of a coarser order, as a row of a table may hold them
ORDERS = {"RING": "ring", "NEST": "nested", "NESTED": "nested"}
MUCH = 3.0  # times rougher: pixels in another order than said


def _whole(header: dict, key: str) -> int | None:
    """A whole number of the header, be it text there, None where there is none."""
    said = str(header.get(key, "")).strip()
    require(re.fullmatch(r"\d{0,9}(\.0*)?", said),
            f"{key} of the HEALPix map is {said!r}, but it must be a whole number: correct the header")
    return int(float(said)) if said else None


def _numbered(layer, size: int) -> tuple[int, np.ndarray]:
    """NSIDE, and the pixel number of each of `size` values; to one of a column of numbers several may belong.

    Only rows of a table hold groups of pixels, four in each or a power of it: other numbers are several maps.
    """
    nside, first, last = (_whole(layer.header, key) for key in ("NSIDE", "FIRSTPIX", "LASTPIX"))
    index = layer.of("pixel")
    run = not index and None not in (first, last) and last - first + 1 == size
    pixel = np.arange(size) + (first if run else 0)
    if index:
        width = size // max(index[0].values.size, 1)
        if width not in GROUPS or not any(one.width == width for one in layer.arrays):
            width = 1
        pixel = (numbers(index[0])[:, None] * width + np.arange(width)).ravel()
    nside = math.isqrt(size // 12) if nside is None else nside
    require(1 <= nside <= FINEST and not nside & (nside - 1),
            f"NSIDE of the HEALPix map is {nside}, but a power of 2 from 1 to {FINEST} is needed here: write it into "
            "the header (in text as '# NSIDE = 64'), or bring the map to such an NSIDE")
    whole = 12 * nside**2
    require(pixel.size == size and (size == whole or index or run),
            f"the HEALPix map holds {size} values, but NSIDE = {nside} asks for {whole}, or for as many pixel numbers "
            "(a column PIXEL, or FIRSTPIX and LASTPIX): make them agree")
    wrong = ~((pixel >= 0) & (pixel < whole) & (pixel == np.floor(pixel)))
    if not wrong.any():
        wrong = np.bincount(pixel.astype(int), minlength=whole)[pixel.astype(int)] > 1
    if wrong.any():
        raise SkyMapError(f"pixel {pixel[wrong][0]:g} of the HEALPix map is given twice or is not between 0 and "
                          f"{whole - 1} (NSIDE = {nside}): correct the pixel numbers")
    return nside, pixel.astype(int)


def _multi_order(uniq) -> tuple[int, np.ndarray, np.ndarray]:
    """NSIDE of the finest pixels, the number of the value on each of them (NESTED), and NSIDE of all values."""
    own = 2 ** np.floor(np.log2(np.fmax(uniq, 4) / 4) / 2).astype(int)
    finest = int(own.max())
    require(((uniq >= 4) & (uniq == np.floor(uniq))).all() and finest <= FINEST,
            f"a number of the multi-order map is no pixel of NSIDE 1 to {FINEST}: correct or degrade it")
    number = np.full(12 * finest**2, -1)
    for value, (nside, pixel) in enumerate(zip(own, uniq.astype(int) - 4 * own**2, strict=True)):
        fine = slice(pixel * (finest // nside) ** 2, (pixel + 1) * (finest // nside) ** 2)
        require((number[fine] < 0).all(), "pixels of the multi-order map overlap: keep one value a place")
        number[fine] = value
    return finest, number, own


def of_healpix(layer, values, log: list) -> Pixels:
    """Pixels of a HEALPix table: all in order, a run of them, numbered one by one or in groups, or multi-order."""
    frame, uniq = frame_of(layer.header, log), layer.of("uniq")
    said = "NESTED" if uniq else str(layer.header.get("ORDERING", "")).strip()
    order = ORDERS.get(said.upper())
    if uniq:
        nside, number, own = _multi_order(numbers(uniq[0]))
        area, pixel = nside_to_pixel_area(own).to_value(u.deg**2), np.zeros(values.size, dtype=int)
        there = np.flatnonzero(number >= 0)
        pixel[number[there]] = there
        log.append(f"multi-order map read at NSIDE = {nside}, its finest")
    else:
        nside, pixel = _numbered(layer, values.size)
        area, number = float(nside_to_pixel_area(nside).to_value(u.deg**2)), np.full(12 * nside**2, -1)
        number[pixel] = np.arange(pixel.size)
        for one in () if layer.of("pixel") else layer.arrays:
            found = np.ma.getdata(one.values)
            if found.dtype.kind in "iu" and np.any(np.diff(found) != 1) and np.unique(found).size == found.size:
                log.append(f"mind: {one.name} has another whole number in each row, not in order: call it PIXEL if "
                           "they are those of pixels")
        full = math.isqrt(pixel.size // 12)
        if full < nside and pixel.max(initial=0) + 1 == 12 * full**2 == pixel.size:
            log.append(f"mind: pixel numbers are all those of NSIDE = {full}, but NSIDE is {nside}: it may be wrong")
    rough = {one: _roughness(values, number, nside, one) for one in ("ring", "nested")}
    smooth, times = min(rough, key=rough.get), max(rough.values()) / max(min(rough.values()), 1e-12)
    if not said and times > MUCH:
        order = smooth
        log.append(f"mind: the file does not say ORDERING: taken as {smooth.upper()}, where neighbours agree best")
    require(order, f"ORDERING of the HEALPix map is {said!r}, but RING or NESTED is needed: write the right one into "
            "the header, in text as '# ORDERING = RING'")
    if order != smooth and times > MUCH:
        doubt = f"neighbouring pixels differ {times:.3g} times more in {order.upper()} order than in {smooth.upper()}"
        require(not uniq, f"{doubt}, but UNIQ counts in the former: correct the numbers")
        log.append(f"mind: {doubt}: ORDERING may be wrong")

    def lookup(lon, lat):
        return number[lonlat_to_healpix(lon * u.deg, lat * u.deg, nside, order=order)]

    def centres(i):
        return tuple(x.to_value(u.deg) for x in healpix_to_lonlat(pixel[i], nside, order=order))

    return Pixels(frame, area, lookup, centres, lambda i: f"HEALPix pixel {pixel[i]}")


def _roughness(values, number, nside: int, order: str) -> float:
    """Median difference of neighbours along latitude, if pixels are in this order."""
    pixel = np.unique(np.linspace(0, 12 * nside**2 - 1, 20_000).astype(int))
    lon, lat = healpix_to_lonlat(pixel, nside, order=order)
    step = np.sqrt(nside_to_pixel_area(nside))
    beside = number[lonlat_to_healpix(lon, lat - np.where(lat > 0, step, -step), nside, order=order)]
    both = (number[pixel] >= 0) & (beside >= 0)
    differ = np.abs(values[number[pixel][both]] - values[beside[both]])
    return float(np.nanmedian(differ)) if np.isfinite(differ).any() else 0.0
