"""Sky maps from files: tables (CSV, ECSV, FITS), FITS images with a celestial WCS, HEALPix maps.

Whatever comes in leaves as a `SkyMap` near 1 on a regular grid of 2 degrees (or coarser, as it was), and its `log`
says what was decided on the way; whatever cannot be used leaves as one sentence.
"""

import contextlib
import difflib
import gzip
import io
import warnings
import zlib
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from lisbon_core.sky.files.grids import gridded, near_one, resample, with_errors
from lisbon_core.sky.files.healpix import from_healpix
from lisbon_core.sky.files.tables import from_table, mask_from_table, text_table
from lisbon_core.sky.map import SkyMap, SkyMapError, rebin

__all__ = ["read_mask", "read_sky_map"]


def read_sky_map(path, *, sigma_default: float = 1e-4, averaging_deg: float = 5.0, label: str = "",
                 n_scramblings: int = 20, step_deg: float = 2.0) -> SkyMap:
    """Read a sky map: a table, a FITS image, or HEALPix (relative intensity, or event counts with their background).

    Parameters
    ----------
    path : path
        CSV, ECSV or FITS, gzipped or not; the format is told from the content.
    sigma_default : float
        Error of a pixel where the file has none.
    averaging_deg : float
        Radius of the disc that the pixels of a relative intensity are averages over; event counts are summed over it
        here. A file written by `write_sky_map` says its own, which holds.
    label : str
        What the map is.
    n_scramblings : int
        Number of scramblings whose mean the background of a count map is.
    step_deg : float
        Finer grids are block-averaged to this step if it is a multiple of theirs.

    Raises
    ------
    SkyMapError
        Whatever is wrong with the file or the map, in one sentence.
    """
    path = Path(path)
    for name, value, good in (("sigma_default", sigma_default, 0 < sigma_default < 1), ("averaging_deg", averaging_deg,
                              0 <= averaging_deg <= 90), ("n_scramblings", n_scramblings, n_scramblings >= 1)):
        if not good:
            raise SkyMapError(f"{name} is {value}, but a positive number is needed (sigma_default below 1, "
                              "averaging_deg from 0 to 90): correct it")
    log: list[str] = []
    with _explained(path):
        sky = _assemble(_parts(_content(path), averaging_deg, n_scramblings, log), sigma_default, label, step_deg, log)
    return sky


def read_mask(path, sky: SkyMap) -> np.ndarray:
    """Pixels of a map to keep, shape (n_dec, n_ra), from a table with columns ra, dec and observed (0 or 1).

    The table may be on any regular grid: a pixel of the map takes what holds at its centre; where the table says
    nothing it is not kept.

    Raises
    ------
    SkyMapError
        Whatever is wrong with the file, in one sentence.
    """
    path = Path(path)
    with _explained(path):
        content = _content(path)
        if content.startswith(b"SIMPLE"):
            with fits.open(io.BytesIO(content), memmap=False) as hdus:
                table = Table.read(hdus, format="fits")
        else:
            table = text_table(content)
        return mask_from_table(table, sky.dec, sky.ra)


@contextlib.contextmanager
def _explained(path: Path):
    """Errors of reading as one sentence that names the file; warnings of the readers stay inside."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message=".*truncated.*")
            yield
    except SkyMapError as error:
        raise SkyMapError(f"{path}: {error}") from None
    except Exception as error:  # a damaged file can fail anywhere inside the readers of its format
        why = " ".join(str(error).split())[:200]
        raise SkyMapError(f"{path}: cannot be read, it is damaged, cut short or of another format "
                          f"({why or type(error).__name__}): make or download it again") from error


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise SkyMapError("this is a folder: give the path of a file in it")
    if not path.exists():
        there = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, there, n=1)
        raise SkyMapError("there is no such file" + (f": did you mean {near[0]}?" if near else ": correct the path"))
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise SkyMapError(f"the gzip file is cut short or damaged ({error}): make or download it again") from None
    if not content.strip():
        raise SkyMapError("the file is empty: make or download it again")
    return content


def _parts(content: bytes, averaging_deg, n_scramblings, log) -> dict:
    """What the file says, as the arguments of a `SkyMap`; sigma is None where it says nothing."""
    if not content.startswith(b"SIMPLE"):
        return from_table(text_table(content), averaging_deg, log)
    with fits.open(io.BytesIO(content), memmap=False) as hdus:
        tables = [h for h in hdus if isinstance(h, fits.BinTableHDU | fits.TableHDU) and len(h.columns)]
        for hdu in tables:
            if str(hdu.header.get("PIXTYPE", "")).strip().upper() == "HEALPIX" or "NSIDE" in hdu.header:
                columns = {c.name: np.asarray(hdu.data[c.name]).ravel() for c in hdu.columns}
                return from_healpix(columns, hdu.header, averaging_deg, n_scramblings, log)
        if tables:
            return from_table(Table.read(tables[0]), averaging_deg, log)
        images = [h for h in hdus if h.is_image and h.data is not None and np.squeeze(h.data).ndim == 2]
        if not images:
            raise SkyMapError("the FITS file holds no table, image or HEALPix map: export the map once more")
        return _from_image(images, averaging_deg, log)


def _from_image(images, averaging_deg, log) -> dict:
    hdu = images[0]
    wcs = WCS(hdu.header)
    if not wcs.has_celestial:
        raise SkyMapError("the FITS image has no celestial WCS (CTYPE1 'RA---CAR' and the like): add one to its header")
    wcs = wcs.celestial
    data = np.squeeze(hdu.data).astype(float)
    y, x = (index.ravel() for index in np.indices(data.shape))
    sky = wcs.pixel_to_world(x, y).icrs
    ra, dec = sky.ra.to_value(u.deg), sky.dec.to_value(u.deg)
    on_sky = np.isfinite(ra) & np.isfinite(dec)

    def where(i):
        return f"image pixel ({x[i] + 1}, {y[i] + 1})"

    values, sigma = near_one(np.where(on_sky, data.ravel(), np.nan), log, where), None
    errors = [h.data for h in images[1:] if h.name.upper() in ("SIGMA", "ERROR") and np.size(h.data) == data.size]
    if errors:
        values, sigma = with_errors(values, errors[0].ravel().astype(float), log, where)
    parts = {"averaging_deg": averaging_deg}
    try:
        return parts | gridded(ra[on_sky], dec[on_sky], values[on_sky], None if sigma is None else sigma[on_sky],
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


def _assemble(parts, sigma_default, label, step_deg, log) -> SkyMap:
    """The map on its final grid, with assumed errors where the file has none, once a whole ring is found."""
    seen = np.isfinite(parts["relative_intensity"])
    assumed = parts["sigma"] is None
    if assumed:
        parts = parts | {"sigma": np.where(seen, sigma_default, np.nan), "sigma_assumed": True}
        log.append(f"no errors in the file: sigma_default = {sigma_default:g} taken for every pixel")
    fullest = np.argmax(seen.sum(axis=1))
    if not seen[fullest].all():
        raise SkyMapError(f"no declination ring is complete, the fullest (dec {parts['dec'][fullest]:g}) has "
                          f"{seen[fullest].sum()} of {seen.shape[1]} pixels: Eq. (2) needs the mean of a ring, so "
                          "give a map with whole rings")
    partial = int(np.sum(seen.any(axis=1) & ~seen.all(axis=1)))
    if partial:
        log.append(f"{partial} rings are incomplete: their means are taken over what is observed")
    sky = rebin(SkyMap(**({"label": label} | parts), log=tuple(log)), step_deg)
    if assumed:  # it holds for the pixels of the map as it is used
        sky = sky.replace(sigma=np.where(sky.observed, sigma_default, np.nan))
    return sky.replace(label=label or sky.label)
