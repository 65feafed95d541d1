"""HEALPix maps: where their pixels are, in whatever way they are numbered, and a sky map on them."""

import math

import numpy as np
from astropy import units as u
from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix, nside_to_pixel_area

from lisbon_core.sky.files.conventions import UNSEEN, frame_of, numbers
from lisbon_core.sky.files.grids import Pixels
from lisbon_core.sky.map import SkyMap, SkyMapError

__all__ = ["of_healpix", "to_healpix"]

FINEST = 1024
ORDERS = {"RING": "ring", "NEST": "nested", "NESTED": "nested", "NUNIQ": "nested", "UNIQ": "nested"}


def _whole(header: dict, key: str) -> int | None:
    """A whole number of the header, as a number or as text, None where there is none."""
    said = header.get(key)
    if said is None or str(said).strip() == "":
        return None
    try:
        found = float(said)
        if found == int(found):
            return int(found)
    except (TypeError, ValueError, OverflowError):
        pass
    raise SkyMapError(f"{key} of the HEALPix map is {said!r}, but it must be a whole number: correct the header")


def _numbered(layer, size: int, width: int) -> tuple[int, np.ndarray | None]:
    """NSIDE, and the pixel number of each of `size` values (given `width` a row); None where they are all, in order."""
    nside, header, index = _whole(layer.header, "NSIDE"), layer.header, layer.of("pixel")
    first, last = _whole(header, "FIRSTPIX"), _whole(header, "LASTPIX")
    pixel = numbers(index[0]) if index else None
    if pixel is not None and width > 1:
        pixel = (pixel[:, None] * width + np.arange(width)).ravel()
    elif pixel is None and first is not None and last is not None and last - first + 1 == size:
        pixel = first + np.arange(float(size))
    if nside is None:
        held = size if pixel is None else (np.nanmax(pixel, initial=-1) + 1 if size % 12 == 0 else 0)
        nside = math.isqrt(int(held) // 12) if held == size else 0
        if 12 * nside**2 != size:
            raise SkyMapError("the HEALPix map does not say its NSIDE: write it into the header, in a text as a line "
                              "'# NSIDE = 64'")
    if not 1 <= nside <= FINEST or nside & (nside - 1):
        raise SkyMapError(f"NSIDE of the HEALPix map is {nside}, but a power of 2 from 1 to {FINEST} is needed here: "
                          "correct it, or bring the map to such an NSIDE")
    if pixel is None and size != 12 * nside**2:
        raise SkyMapError(f"the HEALPix map holds {size} pixels, but NSIDE = {nside} asks for {12 * nside**2}, and it "
                          "has neither pixel numbers (a column PIXEL) nor FIRSTPIX and LASTPIX: add them")
    if pixel is not None:
        if pixel.size != size:
            raise SkyMapError(f"the HEALPix map has {pixel.size} pixel numbers for {size} values: make them agree")
        number, count = np.unique(pixel, return_counts=True)
        wrong = ~((count == 1) & (number >= 0) & (number < 12 * nside**2) & (number == np.floor(number)))
        if wrong.any():
            raise SkyMapError(f"pixel {number[wrong][0]:g} of the HEALPix map is given twice or is not between 0 and "
                              f"{12 * nside**2 - 1} (NSIDE = {nside}): correct the pixel numbers")
        pixel = pixel.astype(int)
    return nside, pixel


def _multi_order(uniq) -> tuple[int, np.ndarray, np.ndarray]:
    """NSIDE of the finest pixels, the number of the value of each of them, NESTED, and NSIDE of all values."""
    if not ((uniq >= 4) & (uniq < 16 * FINEST**2) & (uniq == np.floor(uniq))).all():
        raise SkyMapError(f"a number in the column {'UNIQ'} is no pixel of NSIDE 1 to {FINEST}: correct it, or degrade "
                          "the map")
    own = 2 ** np.floor(np.log2(uniq / 4) / 2 + 1e-12).astype(int)
    finest, pixel = own.max(), uniq.astype(int) - 4 * own**2
    number = np.full(12 * finest**2, -1)
    for nside in np.unique(own):
        many, some = (finest // nside) ** 2, np.flatnonzero(own == nside)
        fine = pixel[some][:, None] * many + np.arange(many)
        if (number[fine] >= 0).any() or np.unique(pixel[some]).size < some.size:
            raise SkyMapError("pixels of the multi-order map overlap: keep one value a place")
        number[fine] = some[:, None]
    return int(finest), number, own


def of_healpix(layer, values, width: int, log: list) -> Pixels:
    """Pixels of a HEALPix table: all in order, a run of them, numbered one by one or in groups, or multi-order."""
    said = str(layer.header.get("ORDERING", "")).strip()
    order, frame, uniq = ORDERS.get(said.upper()), frame_of(layer.header, log), layer.of("uniq")
    if uniq:
        nside, number, own = _multi_order(numbers(uniq[0]))
        order, area, pixel = "nested", nside_to_pixel_area(own).to_value(u.deg**2), None
        log.append(f"multi-order map read at NSIDE = {nside}, its finest")
    else:
        nside, pixel = _numbered(layer, values.size, width)
        area, number = float(nside_to_pixel_area(nside).to_value(u.deg**2)), np.arange(12 * nside**2)
    if pixel is not None:
        number = np.full(12 * nside**2, -1)
        number[pixel] = np.arange(pixel.size)
    rough = {one: _roughness(values, number, nside, one) for one in ("ring", "nested")}
    if order is None and not said and 3 * min(rough.values()) < max(rough.values()):
        order = min(rough, key=rough.get)
        log.append(f"mind: the HEALPix map does not say its ORDERING: taken as {order.upper()}, in which neighbours "
                   "agree far better")
    if order is None:
        raise SkyMapError(f"ORDERING of the HEALPix map is {said!r}, but RING or NESTED is needed: write the right one "
                          "into the header, in a text as a line '# ORDERING = RING'")
    other = {"ring": "nested", "nested": "ring"}[order]
    if rough[order] > 3 * rough[other] and uniq:
        raise SkyMapError(f"{uniq[0].name} counts pixels in NESTED order, but neighbours agree "
                          f"{rough[order] / rough[other]:.0f} times better in RING order: correct the pixel numbers")
    if rough[order] > 3 * rough[other]:
        log.append(f"mind: neighbouring pixels differ {rough[order] / rough[other]:.0f} times more than they would if "
                   f"ORDERING were {other.upper()}: the header may be wrong")

    def lookup(lon, lat):
        return number[lonlat_to_healpix(lon * u.deg, lat * u.deg, nside, order=order)]

    place = np.zeros(values.size, dtype=int)
    place[number[number >= 0]] = np.flatnonzero(number >= 0)

    def centres(i):
        return tuple(x.to_value(u.deg) for x in healpix_to_lonlat(place[i], nside, order=order))

    return Pixels(frame, area, lookup, centres, lambda i: f"HEALPix pixel {place[i]}")


def _roughness(values, number, nside: int, order: str) -> float:
    """Median difference of neighbours along latitude, if pixels are in this order."""
    pixel = np.unique(np.linspace(0, 12 * nside**2 - 1, 20_000).astype(int))
    lon, lat = healpix_to_lonlat(pixel, nside, order=order)
    step = np.sqrt(nside_to_pixel_area(nside))
    beside = number[lonlat_to_healpix(lon, lat - np.where(lat > 0, step, -step), nside, order=order)]
    both = (number[pixel] >= 0) & (beside >= 0)
    differ = np.abs(values[number[pixel][both]] - values[beside[both]])
    return float(np.median(differ[np.isfinite(differ)])) if np.isfinite(differ).any() else 0.0


def to_healpix(sky: SkyMap, nside: int) -> tuple[np.ndarray, np.ndarray]:
    """Relative intensity and sigma, each of shape (12 nside^2,), RING order: the grid pixel at each HEALPix centre."""
    lon, lat = (x.to_value(u.deg) for x in healpix_to_lonlat(np.arange(12 * nside**2), nside))
    step_dec, step_ra = sky.dec[1] - sky.dec[0], sky.ra[1] - sky.ra[0]
    row = np.clip(np.round((lat - sky.dec[0]) / step_dec).astype(int), 0, len(sky.dec) - 1)
    column = np.round((lon - sky.ra[0]) / step_ra).astype(int) % len(sky.ra)
    values, sigma = np.nan_to_num([sky.relative_intensity[row, column], sky.sigma[row, column]], nan=UNSEEN)
    return values, sigma
