"""Where the pixels of tables and of FITS images are."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
from astropy import units as u
from astropy.wcs import WCSSUB_LATITUDE, WCSSUB_LONGITUDE

from lisbon_core.sky.files.conventions import degrees, frame_of
from lisbon_core.sky.files.grids import OffGridError, Pixels, regular
from lisbon_core.sky.map import SkyMapError, require

CYLINDRICAL = ("CAR", "CEA", "MER", "CYP")
AXES = {"RA": "icrs", "GLON": "galactic", "ELON": "ecliptic"}


def unusable(layer) -> str:
    """Why it is not known where the values of a layer lie; nothing if it is."""
    if layer.geometry == "image" and not layer.wcs:
        return "the FITS image has no celestial WCS (CTYPE1 'RA---CAR' and the like): add one to its header"
    if layer.geometry != "table" or _coordinates(layer):
        return ""
    names = ", ".join(repr(array.name[:40]) for array in layer.arrays[:8])
    return (f"there are not both coordinates of one frame (found: {names}): ra and dec, l and b, lon and lat, or pixel "
            "numbers of HEALPix are needed")


def _coordinates(layer):
    """Frame, longitude and latitude of a table, of the first frame that it has both of."""
    for frame in (" icrs", " galactic", " ecliptic", ""):
        lon, lat = layer.of(f"lon{frame}"), layer.of(f"lat{frame}")
        if lon and lat:
            return frame.strip(), lon[0], lat[0]
    return None


def of_table(layer, values, log: list) -> Pixels:
    """Pixels of a table on a regular grid in some frame; radians and hours without a unit are told by their range."""
    frame, east, north = _coordinates(layer)
    frame = frame_of(layer.header, log, frame)
    (lon, said), (lat, also_said) = degrees(east), degrees(north)
    from_pole = north.name.lower().startswith(("colat", "theta"))
    require(lon.size, "the table has no rows: make or download it again")
    require(lon.size == lat.size == values.size,
            f"the table has {values.size} values, but {lon.size} of {east.name} and {lat.size} of {north.name}: give "
            "one value a place, and several maps in a column each")
    around, up = np.max(np.abs(lon), initial=0.0) / 2, np.max(np.abs(lat), initial=0.0) * (1 if from_pole else 2)
    if not (said or also_said) and np.ptp(lon) > 5.0 and max(around, up) < np.pi + 1e-3:
        lon, lat = np.degrees(lon), np.degrees(lat)
        log.append(f"mind: {east.name} and {north.name} have no unit and stay below 2 pi and pi/2: taken as radians")
    elif not said and lon.min() >= 0 and 22 < lon.max() <= 24:
        lon = 15.0 * lon
        log.append(f"mind: {east.name} has no unit and runs from 0 to 24: taken as hours")
    if from_pole:
        lat = 90.0 - lat
        log.append(f"{north.name} taken as the angle from the north pole")
    for axis, x, low, high in ((east.name, lon, -180.0, 360.0), (north.name, lat, -90.0, 90.0)):
        if (wrong := np.flatnonzero(~((x >= low - 1e-6) & (x <= high + 1e-6)))).size:
            hint = ", or call it theta if it is the angle from the pole" if x.min() >= 0 and x.max() <= 180 else ""
            raise SkyMapError(f"{axis} is {x[wrong[0]]:g} in row {wrong[0] + 1}, but it lies between {low:g} and "
                              f"{high:g} degrees: correct it{hint}")
    if lon.min() < 0:
        log.append(f"{east.name} below 0 taken as 360 degrees more")
    return regular(lon, lat, values, frame, log)


def of_image(layer, values, log: list) -> Pixels:
    """Pixels of an image: of a regular grid where its lines and columns are one, else wherever its WCS says."""
    wcs, (height, width) = layer.wcs.sub([WCSSUB_LONGITUDE, WCSSUB_LATITUDE]), layer.shape
    frame, code = frame_of(layer.header, log, AXES.get(wcs.wcs.lngtyp.strip(), "")), wcs.wcs.ctype[0][-3:]
    around, matrix = code in CYLINDRICAL, wcs.pixel_scale_matrix
    axes = layer.wcs.wcs.lng + 1, layer.wcs.wcs.lat + 1
    said = ("CRVAL", "CRPIX") if layer.wcs.wcs.has_cd() else ("CRVAL", "CRPIX", "CDELT")
    for card in (f"{word}{axis}" for axis in axes for word in said):  # for what is not there the standard has defaults
        require(isinstance(layer.header.get(card), int | float),
                f"the image has no number {card} in its header, so nothing says where its pixels are: write it there")
    steps = [float(step.to_value(u.deg)) for step in wcs.proj_plane_pixel_scales()]
    require(steps[0] * (width - 1) <= 360.01 and steps[1] * (height - 1) <= (180.01 if around else 360.01),
            f"the image spans {steps[0] * width:.4g} x {steps[1] * height:.4g} degrees, more than the sky: correct "
            "CDELT or CUNIT in its header")
    if around:  # wcslib takes what is over 180 degrees from the reference pixel as outside of the sky
        wcs.wcs.bounds_check(False, False)

    def centres(number):
        found = wcs.wcs.p2s(np.column_stack([number % width, number // width]), 0)
        return np.where((found["stat"] != 0) | (np.abs(found["theta"]) > 90.0 + 1e-6), np.nan, found["world"].T)

    def name(i):
        return f"image pixel ({i % width + 1}, {i // width + 1})"

    def lookup(lon, lat):
        column, line = wcs.wcs_world2pix(lon, lat, 0)
        if around and abs(matrix[0, 1]) < 1e-9:  # a cylindrical map may start at any longitude
            column = (column + 0.5) % (360.0 / steps[0]) - 0.5
        there = (column >= -0.5) & (column < width - 0.5) & (line >= -0.5) & (line < height - 0.5)
        return np.where(there, np.round(np.where(there, line, 0)) * width + np.round(np.where(there, column, 0)),
                        -1).astype(int)

    lon, lat = centres(np.arange(height * width))
    if around and np.isfinite(lon).all():
        with suppress(OffGridError):
            return replace(regular(lon, lat, values, frame, log), own_centres=centres, name=name)
    tilt = wcs.wcs.crval[1] if around else 0.0
    log.append(f"mind: CRVAL2 = {tilt:g} turns a {code} image, whose lines then are no rings: read so, as the FITS "
               "standard has it (if they are, write CRVAL2 = 0 and shift CRPIX2)" if tilt else
               f"the lines of this {code} image are no rings of a regular grid")
    return Pixels(frame, steps[0] * steps[1], lookup, centres, name)
