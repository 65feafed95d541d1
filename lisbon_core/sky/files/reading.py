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
from astropy.io import fits
from astropy.table import Table

from lisbon_core.sky.files.healpix import from_healpix
from lisbon_core.sky.files.images import from_image
from lisbon_core.sky.files.tables import any_table, from_table, mask_from_table
from lisbon_core.sky.map import SkyMap, SkyMapError, rebin

__all__ = ["read_mask", "read_sky_map"]


def read_sky_map(path, *, sigma_default: float = 1e-4, averaging_deg: float = 5.0, label: str = "",
                 n_scramblings: int = 20) -> SkyMap:
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

    Raises
    ------
    SkyMapError
        Whatever is wrong with the file or the map, in one sentence.
    """
    path = Path(path)
    if not (0 < sigma_default < 1 and 0 <= averaging_deg <= 90 and n_scramblings >= 1):
        raise SkyMapError(f"averaging_deg is {averaging_deg}, sigma_default is {sigma_default} and n_scramblings is "
                          f"{n_scramblings}, but they lie between 0 and 90, between 0 and 1, and above 0: correct them")
    log: list[str] = []
    with _explained(path):
        return _finished(_parts(_content(path), averaging_deg, n_scramblings, log), sigma_default, label, log)


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
        return mask_from_table(any_table(_content(path)), sky.dec, sky.ra)


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
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*")], n=1)
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
    """What the file says, as the arguments of a `SkyMap`; sigma is NaN where it says nothing."""
    if not content.startswith(b"SIMPLE"):
        return from_table(any_table(content), averaging_deg, log)
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
        return from_image(images, averaging_deg, log)


def _finished(parts: dict, sigma_default: float, label: str, log: list) -> SkyMap:
    """The map on its final grid, with assumed errors where the file has none, once a whole ring is found."""
    seen = np.isfinite(parts["relative_intensity"])
    fullest = np.argmax(seen.sum(axis=1))
    if not seen[fullest].all():
        raise SkyMapError(f"no declination ring is complete, the fullest (dec {parts['dec'][fullest]:g}) has "
                          f"{seen[fullest].sum()} of {seen.shape[1]} pixels: Eq. (2) needs the mean of a ring, so "
                          "give a map with whole rings")
    assumed = np.isnan(parts["sigma"]).all()
    if assumed:
        parts = parts | {"sigma": np.where(seen, sigma_default, np.nan), "sigma_assumed": True}
        log.append(f"no errors in the file: sigma_default = {sigma_default:g} taken for every pixel")
    partial = int(np.sum(seen.any(axis=1) & ~seen.all(axis=1)))
    if partial:
        log.append(f"{partial} rings are incomplete: their means are taken over what is observed")
    sky = rebin(SkyMap(**parts, log=tuple(log)))
    if assumed:  # it holds for the pixels of the map as it is used
        sky = sky.replace(sigma=np.where(sky.observed, sigma_default, np.nan))
    return sky.replace(label=label or sky.label)
