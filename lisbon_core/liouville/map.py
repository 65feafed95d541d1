"""What a Liouville map holds, and how it is kept: one FITS file, an image extension for each quantity.

The map itself is made in `liouville`; here is only the container, which other modules read.
"""

import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, get_type_hints

import numpy as np

from lisbon_core.ground._core import write_atomically
from lisbon_core.liouville.sampling import LiouvilleError
from lisbon_core.orbits import CHAOTIC

_WHOLE = {"escaped": bool, "replicate": int}


@dataclass(frozen=True)
class LiouvilleMap:
    """Where the directions of a sky come from: see `liouville`.

    Parameters
    ----------
    dec, ra : ndarray (n_dec,), (n_ra,)
        Pixel centres, degrees, ICRS, both increasing.
    mu, R_x, R_y, momentum_ratio, rigidity_TV : ndarray (n_sample, n_dec, n_ra)
        Pitch cosine; guiding centre along e_x and e_y, AU; p'/p_0; momentum over charge at Earth.
    error, amplification : ndarray (n_sample, n_dec, n_ra)
        Estimated error of the final direction, degrees; growth of a small change of direction; NaN where not followed.
    escaped : ndarray (n_sample, n_dec, n_ra) of bool
        Whether the orbit left the sphere; one that did not enters with its last state.
    replicate : ndarray (n_sample,) of int
        Which independent part of the sample each belongs to; one part alone tells nothing of its error.
    field_icrs, e_x_icrs, e_y_icrs : ndarray (3,)
        b, the unit vector along the interstellar flow velocity's part across b, and b x e_x.
    scale_TV : float
        Rigidity to which A_n and G refer.
    inputs_hash : str
        Hash of everything the map was made from.
    """

    mu: Annotated[np.ndarray, "", "cosine between momentum and interstellar field, plasma frame"]
    R_x: Annotated[np.ndarray, "AU", "guiding centre along e_x"]
    R_y: Annotated[np.ndarray, "AU", "guiding centre along e_y"]
    momentum_ratio: Annotated[np.ndarray, "", "momentum in the plasma frame over momentum at Earth"]
    rigidity_TV: Annotated[np.ndarray, "TV", "momentum over charge at Earth"]
    error: Annotated[np.ndarray, "deg", "estimated error of the direction at the end of the orbit; NaN = not estimated"]
    amplification: Annotated[np.ndarray, "", "growth of a small change of direction on the orbit; NaN = not estimated"]
    escaped: Annotated[np.ndarray, "", "1 = the orbit left the sphere, 0 = it ends inside"]
    dec: Annotated[np.ndarray, "deg", "pixel centres, ICRS"]
    ra: Annotated[np.ndarray, "deg", "pixel centres, ICRS"]
    replicate: Annotated[np.ndarray, "", "which independent half of the sample"]
    field_icrs: Annotated[np.ndarray, "", "interstellar field, unit vector, ICRS"]
    e_x_icrs: Annotated[np.ndarray, "", "first axis across the field, ICRS"]
    e_y_icrs: Annotated[np.ndarray, "", "second axis across the field, ICRS"]
    scale_TV: float
    inputs_hash: str

    @property
    def chaotic(self) -> np.ndarray:
        """Orbits that have a meaning only in averages: amplification above 100; bool, false where not followed."""
        return self.amplification > CHAOTIC

    @property
    def unescaped_fraction(self) -> float:
        """Share of the sky, by solid angle, whose orbits had not left the sphere."""
        return self.share(~self.escaped)[0]

    def share(self, which, among=True) -> tuple[float, float]:
        """Share of the sky, by solid angle, for which `which` holds, among some orbits; and its standard error."""
        area = np.cos(np.radians(self.dec))[None, :, None] * np.broadcast_to(among, self.mu.shape)
        share = float(np.sum(area * which) / np.sum(area))
        return share, float(np.sqrt(share * (1.0 - share) * np.sum(area**2)) / np.sum(area))

    def without(self, left_out: np.ndarray) -> "LiouvilleMap":
        """What would be, were some orbits not there: each replaced by another of its pixel and its half of the sample.

        Those that stay take their places in turn; where none does, all stay as they are.

        Parameters
        ----------
        left_out : ndarray of bool, shape (n_sample, n_dec, n_ra)
            Orbits that are left out.
        """
        source = np.empty(left_out.shape, dtype=int)
        for half in np.unique(self.replicate):
            part = np.flatnonzero(self.replicate == half)
            out, place = left_out[part], np.arange(part.size)[:, None, None]
            stay = np.sum(~out, axis=0)
            first = np.argsort(out, axis=0, kind="stable")  # those that stay
            instead = np.take_along_axis(first, place % np.maximum(stay, 1), axis=0)
            source[part] = part[np.where(out & (stay > 0), instead, place)]
        of_orbits = {name: values for name, values in vars(self).items() if np.shape(values) == left_out.shape}
        return replace(self, **{name: np.take_along_axis(values, source, axis=0) for name, values in of_orbits.items()})

    def average(self, values) -> np.ndarray:
        """Mean over the samples of values of shape (n_sample, n_dec, n_ra): (n_dec, n_ra)."""
        return np.mean(values, axis=0)

    def __str__(self) -> str:
        n, rows, columns = self.mu.shape
        chaotic, error = self.share(self.chaotic, np.isfinite(self.amplification))
        return (f"Liouville map, {rows} x {columns} pixels x {n} samples at {self.scale_TV:.4g} TV; "
                f"{100 * chaotic:.1f} ± {100 * error:.1f} % of the sky chaotic, "
                f"{100 * self.unescaped_fraction:.1f} % not out at the end of the path")

    def as_fits(self) -> bytes:
        """The map as FITS, an image extension each; the same map gives the same bytes."""
        from astropy.io import fits

        primary = fits.PrimaryHDU()
        primary.header["RIGIDITY"] = (self.scale_TV, "rigidity to which A_n and G refer, TV")
        primary.header["INPUTS"] = (self.inputs_hash, "hash of everything the map was made from")
        hdus = [primary]
        for name, (unit, meaning) in QUANTITIES.items():
            values = np.asarray(getattr(self, name))
            hdu = fits.ImageHDU(values.astype(np.uint8 if name in _WHOLE else np.float64), name=name)
            hdu.header["BUNIT"], hdu.header["MEANING"] = unit, meaning
            hdus.append(hdu)
        stream = io.BytesIO()
        fits.HDUList(hdus).writeto(stream)
        return stream.getvalue()

    def save(self, path) -> None:
        """Write the map as a FITS file."""
        write_atomically(Path(path), self.as_fits())


# an image extension each: unit, meaning
QUANTITIES = {name: hint.__metadata__ for name, hint in get_type_hints(LiouvilleMap, include_extras=True).items()
              if hasattr(hint, "__metadata__")}


def load(path) -> LiouvilleMap:
    """Read what `LiouvilleMap.save` wrote.

    Raises
    ------
    LiouvilleError
        If the file is missing, truncated or not a Liouville map.
    """
    if not Path(path).is_file():
        raise LiouvilleError(f"there is no file {path}: give the path of a liouville_map.fits")
    try:
        return from_fits(Path(path).read_bytes())
    except Exception as error:  # a damaged file can fail anywhere inside the reader
        why = " ".join(str(error).split())[:200]
        raise LiouvilleError(f"{path} is not a complete Liouville map ({why}): make it again") from error


def from_fits(content: bytes) -> LiouvilleMap:
    """The map of which `as_fits` made this."""
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)  # of a damaged file: the exception will tell
        with fits.open(io.BytesIO(content), memmap=False) as hdus:
            found = {name: np.asarray(hdus[name].data).astype(_WHOLE.get(name, float)) for name in QUANTITIES}
            return LiouvilleMap(scale_TV=float(hdus[0].header["RIGIDITY"]), inputs_hash=hdus[0].header["INPUTS"],
                                **found)


def grid(step_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """Declinations and right ascensions (degrees) of the pixel centres of a full sky in steps of `step_deg`.

    >>> dec, ra = grid(2.0)
    >>> len(dec), len(ra), float(dec[0]), float(ra[0])
    (90, 180, -89.0, 1.0)
    """
    n = round(180.0 / step_deg) if step_deg > 0 else 0
    if n < 1 or abs(n * step_deg - 180.0) > 1e-9:
        raise LiouvilleError(f"the grid step is {step_deg} degrees, but it must divide 180 degrees")
    return -90.0 + 180.0 / n * (np.arange(n) + 0.5), 180.0 / n * (np.arange(2 * n) + 0.5)
