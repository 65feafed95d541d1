"""Sky maps to files: whole or not at all."""

import gzip
import io
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.table import Table

from lisbon_core.ground._core import write_atomically
from lisbon_core.sky.map import SkyMap, SkyMapError, require


def _put(path, content: bytes | str) -> None:
    """Write all of a file or nothing, gzipped if its name says so."""
    path, content = Path(path), content.encode() if isinstance(content, str) else content
    require(path.parent.is_dir(), f"{path} cannot be written (no folder {path.parent}): choose another folder or file")
    try:
        write_atomically(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    except OSError as error:
        raise SkyMapError(f"{path} cannot be written ({error.strerror}): choose another folder or file") from None


def write_sky_map(sky: SkyMap, path) -> None:
    """Write a map as a table: .csv, .ecsv or .fits, each also .gz; all but CSV keep averaging, label and sigma_assumed.

    One row a pixel of the footprint; pixels that were cut are NaN, with a column `footprint` that says so.
    """
    row, column = np.nonzero(sky.footprint)
    table = Table({"ra": sky.ra[column] * u.deg, "dec": sky.dec[row] * u.deg,
                   "relative_intensity": sky.relative_intensity[row, column], "sigma": sky.sigma[row, column]},
                  meta={"AVERDEG": float(sky.averaging_deg), "SIGASSUM": bool(sky.sigma_assumed),
                        "SKYLABEL": sky.label.encode("unicode_escape").decode()})
    if not sky.observed[sky.footprint].all():
        table["footprint"] = np.ones(len(table), dtype=np.int16)
    kind = Path(path).name.removesuffix(".gz").rpartition(".")[2].lower()
    require(kind in ("csv", "ecsv", "fits"),
            f"{path} ends in {kind!r}, but a sky map is written as .csv, .ecsv or .fits: choose one")
    write_table(table, path, kind)


def write_table(table: Table, path, kind: str = "ecsv") -> None:
    """Write a table: as ECSV, CSV or FITS."""
    content = io.BytesIO() if kind == "fits" else io.StringIO()
    table.write(content, format=kind if kind == "fits" else f"ascii.{kind}")
    _put(path, content.getvalue())


def write_images(images: dict, dec, ra, path) -> None:
    """Write arrays of shape (n_dec, n_ra) as named FITS images in the CAR projection, the first as the primary one."""
    step = ra[1] - ra[0], dec[1] - dec[0]
    header = fits.Header({"CTYPE1": "RA---CAR", "CTYPE2": "DEC--CAR", "CUNIT1": "deg", "CUNIT2": "deg",
                          "RADESYS": "ICRS", "CRVAL1": 180.0, "CRVAL2": 0.0, "CDELT1": step[0], "CDELT2": step[1],
                          "CRPIX1": 1 + (180.0 - ra[0]) / step[0], "CRPIX2": 1 - dec[0] / step[1]})
    (first, primary), *others = images.items()
    if first:
        header["EXTNAME"] = first
    hdus, content = [fits.ImageHDU(values, header, name) for name, values in others], io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(primary, header), *hdus]).writeto(content)
    _put(path, content.getvalue())
