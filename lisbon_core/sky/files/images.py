"""Sky maps in FITS images with a celestial WCS: taken as they are on a grid of ra and dec, else resampled."""

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from lisbon_core.sky.files.conventions import observed_values
from lisbon_core.sky.files.grids import gridded, resample
from lisbon_core.sky.map import SkyMapError

__all__ = ["from_image"]


def from_image(images, averaging_deg: float, log: list) -> dict:
    """Parts of a `SkyMap` from the first of some image HDUs, its errors from one that is called SIGMA or ERROR."""
    hdu, *others = images
    wcs = WCS(hdu.header)
    if not wcs.has_celestial:
        raise SkyMapError("the FITS image has no celestial WCS (CTYPE1 'RA---CAR' and the like): add one to its header")
    wcs = wcs.celestial
    data = np.squeeze(hdu.data).astype(float)
    y, x = (index.ravel() for index in np.indices(data.shape))
    sky = wcs.pixel_to_world(x, y).icrs
    ra, dec = sky.ra.to_value(u.deg), sky.dec.to_value(u.deg)
    on_sky = np.isfinite(ra) & np.isfinite(dec)
    errors = [h.data.ravel().astype(float) for h in others
              if h.name.upper() in ("SIGMA", "ERROR") and np.size(h.data) == data.size]
    values, sigma = observed_values(np.where(on_sky, data.ravel(), np.nan), errors[0] if errors else None, log,
                                    lambda i: f"image pixel ({x[i] + 1}, {y[i] + 1})")
    parts = {"averaging_deg": averaging_deg}
    try:
        return parts | gridded(ra[on_sky], dec[on_sky], values[on_sky], sigma[on_sky],
                               np.isfinite(values[on_sky]))
    except SkyMapError:  # another projection or frame: its lines are no declination rings
        log.append("the image is not on a regular grid of ra and dec: resampled onto 2 degrees")
    scale = float(abs(wcs.proj_plane_pixel_scales()[0].to_value(u.deg)))

    def lookup(lon, lat):
        column, line = wcs.world_to_pixel(SkyCoord(lon * u.deg, lat * u.deg))
        column = (column + 0.5) % (360.0 / scale) - 0.5  # a cylindrical map may start at any longitude
        inside = (column < data.shape[1] - 0.5) & (line >= -0.5) & (line < data.shape[0] - 0.5)
        place = np.round(np.where(inside, line, 0)) * data.shape[1] + np.round(np.where(inside, column, 0))
        return np.where(inside, place, -1).astype(int)

    return parts | resample(lookup, values, sigma, averaging_deg == 0, scale)
