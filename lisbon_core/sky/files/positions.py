"""Where the pixels of tables and of FITS images are."""

import numpy as np
from astropy import units as u
from astropy.wcs import WCSSUB_LATITUDE, WCSSUB_LONGITUDE

from lisbon_core.sky.files.conventions import degrees, frame_of
from lisbon_core.sky.files.grids import Pixels, regular
from lisbon_core.sky.map import SkyMapError

__all__ = ["of_image", "of_table", "unusable"]

CYLINDRICAL = ("CAR", "CEA", "MER", "CYP")
AXES = {"RA": "icrs", "GLON": "galactic", "ELON": "ecliptic"}


def unusable(layer) -> str:
    """Why the place of the values of a layer is not known, or nothing."""
    if layer.geometry == "image":
        return "" if layer.wcs else ("the FITS image has no celestial WCS (CTYPE1 'RA---CAR' and the like): add one to "
                                     "its header")
    if layer.geometry == "healpix" or _coordinates(layer):
        return ""
    kinds, names = {array.kind for array in layer.arrays}, ", ".join(repr(a.name[:40]) for a in layer.arrays[:8])
    lost = "'ra'" if any(kind.startswith("lat") for kind in kinds) else "'dec'" \
        if any(kind.startswith("lon") for kind in kinds) else "'ra' and 'dec'"
    return (f"there is no column {lost} (found: {names}): columns ra and dec, or l and b, or lon and lat with a frame, "
            "are needed, or HEALPix pixel numbers")


def _coordinates(layer):
    """Frame, longitude and latitude of a table, of the first frame that it has both of."""
    for frame in (" icrs", " galactic", " ecliptic", ""):
        lon, lat = layer.of(f"lon{frame}"), layer.of(f"lat{frame}")
        if lon and lat:
            return frame.strip(), lon[0], lat[0]
    return None


def of_table(layer, values, log: list) -> Pixels:
    """Pixels of a table on a regular grid in some frame; radians and hours without a unit are told by their range."""
    frame, *axes = _coordinates(layer)
    frame = frame_of(layer.header, log, frame)
    (lon, in_degrees), (lat, lat_in_degrees) = map(degrees, axes)
    if lon.size == 0:
        raise SkyMapError("the table has no rows: make or download it again")
    north = "colat" in axes[1].name.lower() or axes[1].name.lower() == "theta"
    if not in_degrees and not lat_in_degrees and np.ptp(lon) > 5.0 and np.max(np.abs(lon)) < 2 * np.pi + 1e-3 \
            and np.max(np.abs(lat)) < np.pi * (1.0 if north else 0.5) + 1e-3:
        lon, lat = np.degrees(lon), np.degrees(lat)
        log.append(f"mind: {axes[0].name} and {axes[1].name} have no unit and lie within 2 pi and pi/2: taken as "
                   "radians")
    elif not in_degrees and lon.min() >= 0 and 22 < lon.max() <= 24:
        lon = 15.0 * lon
        log.append(f"mind: {axes[0].name} has no unit and runs from 0 to 24: taken as hours")
    if north:
        lat = 90.0 - lat
        log.append(f"{axes[1].name} taken as the angle from the north pole")
    for axis, x, low, high in ((axes[0].name, lon, -180.0, 360.0), (axes[1].name, lat, -90.0, 90.0)):
        wrong = np.flatnonzero(~((x >= low - 1e-6) & (x <= high + 1e-6)))
        if wrong.size:
            turned = "; as it runs from 0 to 180 it may be a colatitude: give 90 minus it, or call it theta" \
                if x is lat and x.min() >= 0 and x.max() <= 180 else ""
            raise SkyMapError(f"{axis} is {x[wrong[0]]:g} in row {wrong[0] + 1}, but it lies between {low:g} and "
                              f"{high:g} degrees: correct it{turned}")
    if lon.min() < 0:
        log.append(f"{axes[0].name} below 0 taken as 360 degrees more")
    return regular(lon, lat, values, frame, log)


def of_image(layer, values, log: list) -> Pixels:
    """Pixels of an image: of a regular grid where its lines and columns are one, else wherever its WCS says."""
    wcs, (height, width) = layer.wcs.sub([WCSSUB_LONGITUDE, WCSSUB_LATITUDE]), layer.shape
    said, code = wcs.wcs.lngtyp.strip(), wcs.wcs.ctype[0][-3:]
    frame = frame_of(layer.header, log, AXES.get(said, "" if said != "RA" else "icrs"))
    around = code in CYLINDRICAL
    if around:  # wcslib takes what is over 180 degrees from the reference pixel as outside of the sky
        wcs.wcs.bounds_check(False, False)
    unit = u.Unit(wcs.wcs.cunit[0] if str(wcs.wcs.cunit[0]) else "deg").to(u.deg)

    def centres(number):
        lon, lat = wcs.wcs_pix2world(number % width, number // width, 0)
        return lon * unit % 360.0, lat * unit

    lon, lat = centres(np.arange(height * width))
    inside = np.isfinite(lon) & np.isfinite(lat)
    steps = wcs.proj_plane_pixel_scales()
    steps = [float(step.to_value(u.deg)) for step in steps]

    def name(i):
        return f"image pixel ({i % width + 1}, {i // width + 1})"

    if around and inside.all():
        try:
            found = regular(lon, lat, values, frame, log)
            return Pixels(found.frame, found.area, found.own_lookup, centres, name, found.grid)
        except SkyMapError:  # another projection: its lines are no rings
            pass
    tilted = around and abs(wcs.wcs.crval[1]) > 1e-6
    log.append(f"mind: CRVAL2 = {wcs.wcs.crval[1]:g} turns a {code} image, whose lines then are no rings: read so, as "
               "the FITS standard has it" if tilted else f"the lines of this {code} image are not rings of a regular grid")

    def lookup(lon, lat):
        column, line = wcs.wcs_world2pix(lon / unit, lat / unit, 0)
        if around:  # a cylindrical map may start at any longitude
            column = (column + 0.5) % (360.0 / steps[0]) - 0.5
        there = (column >= -0.5) & (column < width - 0.5) & (line >= -0.5) & (line < height - 0.5)
        return np.where(there, np.round(np.where(there, line, 0)) * width + np.round(np.where(there, column, 0)),
                        -1).astype(int)

    return Pixels(frame, steps[0] * steps[1], lookup, centres, name)
