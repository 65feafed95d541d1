"""What a Liouville map holds, and how it is kept: one FITS file, an image extension for each quantity.

The map itself is made in `liouville`; here is only the container, which other modules read.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lisbon_core._core import LisbonError, write_atomically
from lisbon_core.orbits import CHAOTIC

__all__ = ["LiouvilleError", "LiouvilleMap", "grid", "load"]

# the image extensions of the file: of what, unit, meaning
_IMAGES = {
    "mu": ("", "cosine between momentum and interstellar field, plasma frame"),
    "R_x": ("AU", "guiding centre along e_x"),
    "R_y": ("AU", "guiding centre along e_y"),
    "momentum_ratio": ("", "momentum in the plasma frame over momentum at Earth"),
    "error": ("deg", "estimated error of the direction at the end of the orbit"),
    "amplification": ("", "growth of a small change of direction along the orbit"),
    "escaped": ("", "1 = the orbit left the sphere, 0 = it ends inside"),
    "dec": ("deg", "pixel centres, ICRS"),
    "ra": ("deg", "pixel centres, ICRS"),
    "weight": ("", "weight of each sample"),
    "sample_rigidity_TV": ("TV", "momentum over charge at Earth of each sample"),
}
# the keys of its header, less X, Y or Z
_VECTORS = {"field_icrs": "FIELD", "e_x_icrs": "EX", "e_y_icrs": "EY"}


class LiouvilleError(LisbonError):
    """A Liouville map that cannot be made or read."""


@dataclass(frozen=True)
class LiouvilleMap:
    """Where the directions of a sky come from: see `liouville`.

    Parameters
    ----------
    dec, ra : ndarray (n_dec,), (n_ra,)
        Pixel centres, degrees, ICRS, both increasing.
    mu, R_x, R_y, momentum_ratio, error, amplification : ndarray (n_sample, n_dec, n_ra)
        Pitch cosine; guiding centre along e_x and e_y, AU; p'/p_0; estimated error of the final direction, degrees;
        growth of a small change of direction.
    escaped : ndarray (n_sample, n_dec, n_ra) of bool
        Whether the orbit left the sphere; one that did not enters with its last state.
    weight : ndarray (n_sample,)
        Weights of the samples; they sum to 1.
    field_icrs, e_x_icrs, e_y_icrs : ndarray (3,)
        b, the unit vector along the interstellar flow velocity's part across b, and b x e_x.
    rigidity_TV : float
        Momentum over charge at Earth; the geometric mean where the samples differ.
    inputs_hash : str
        Hash of everything the map was made from.
    sample_rigidity_TV : ndarray (n_sample,), optional
        Momentum over charge at Earth of each sample; `rigidity_TV` for all if not given.
    """

    dec: np.ndarray
    ra: np.ndarray
    mu: np.ndarray
    R_x: np.ndarray
    R_y: np.ndarray
    momentum_ratio: np.ndarray
    error: np.ndarray
    amplification: np.ndarray
    escaped: np.ndarray
    weight: np.ndarray
    field_icrs: np.ndarray
    e_x_icrs: np.ndarray
    e_y_icrs: np.ndarray
    rigidity_TV: float
    inputs_hash: str
    sample_rigidity_TV: np.ndarray | None = None

    def __post_init__(self):
        if self.sample_rigidity_TV is None:
            object.__setattr__(self, "sample_rigidity_TV", np.full(len(self.weight), float(self.rigidity_TV)))

    @property
    def chaotic(self) -> np.ndarray:
        """Orbits that have a meaning only in averages: amplification above 100; bool, (n_sample, n_dec, n_ra)."""
        return self.amplification > CHAOTIC

    @property
    def unescaped_fraction(self) -> float:
        """Share of the sky, by solid angle and weight, whose orbits had not left the sphere."""
        return self._share(~self.escaped)

    @property
    def chaotic_fraction(self) -> float:
        """Share of the sky, by solid angle and weight, whose orbits are chaotic."""
        return self._share(self.chaotic)

    def _share(self, which) -> float:
        area = np.cos(np.radians(self.dec))[None, :, None] * self.weight[:, None, None]
        area = np.broadcast_to(area, self.mu.shape)
        return float(np.sum(area * which) / np.sum(area))

    def average(self, values) -> np.ndarray:
        """Mean over the samples, with their weights, of values of shape (n_sample, n_dec, n_ra): (n_dec, n_ra)."""
        return np.tensordot(self.weight, values, axes=1)

    def __str__(self) -> str:
        n, rows, columns = self.mu.shape
        return (f"Liouville map, {rows} x {columns} pixels x {n} samples at {self.rigidity_TV:.4g} TV; "
                f"{100 * self.chaotic_fraction:.1f} % of the sky chaotic, "
                f"{100 * self.unescaped_fraction:.1f} % not out at the end of the path")

    def save(self, path) -> None:
        """Write the map as FITS, an image extension each; the same map gives the same bytes."""
        from astropy.io import fits

        primary = fits.PrimaryHDU()
        primary.header["RIGIDITY"] = (self.rigidity_TV, "momentum over charge at Earth, TV")
        primary.header["INPUTS"] = (self.inputs_hash, "hash of everything the map was made from")
        for name, key in _VECTORS.items():
            for axis, value in zip("XYZ", getattr(self, name), strict=True):
                primary.header[f"{key}_{axis}"] = (float(value), f"{name}, component {axis.lower()}, ICRS")
        hdus = [primary]
        for name, (unit, meaning) in _IMAGES.items():
            values = np.asarray(getattr(self, name))
            hdus.append(fits.ImageHDU(values.astype(np.uint8 if values.dtype == bool else np.float64), name=name))
            hdus[-1].header.update(BUNIT=unit, MEANING=meaning)
        stream = io.BytesIO()
        fits.HDUList(hdus).writeto(stream)
        write_atomically(Path(path), stream.getvalue())


def load(path) -> LiouvilleMap:
    """Read what `LiouvilleMap.save` wrote.

    Raises
    ------
    LiouvilleError
        If the file is missing, truncated or not a Liouville map.
    """
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyWarning

    if not Path(path).is_file():
        raise LiouvilleError(f"there is no file {path}: give the path of a liouville_map.fits")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)  # of a damaged file: the exception will tell
            with fits.open(io.BytesIO(Path(path).read_bytes()), memmap=False) as hdus:
                found = {name: np.asarray(hdus[name].data, dtype=bool if name == "escaped" else float)
                         for name in _IMAGES}
                head = hdus[0].header
        found |= {name: np.array([head[f"{key}_{axis}"] for axis in "XYZ"], dtype=float)
                  for name, key in _VECTORS.items()}
        return LiouvilleMap(**found, rigidity_TV=float(head["RIGIDITY"]), inputs_hash=str(head["INPUTS"]))
    except Exception as error:  # a damaged file can fail anywhere inside the reader
        why = " ".join(str(error).split())[:200]
        raise LiouvilleError(f"{path} is not a complete Liouville map ({why}): make it again") from error


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
