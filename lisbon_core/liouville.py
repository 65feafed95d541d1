"""The Liouville map: where in the interstellar phase space each direction of the sky comes from.

The phase-space density is conserved along an orbit and the same in every frame, so what arrives from a direction n is
what the interstellar medium holds at (mu, R, p'), where the orbit of momentum p = -|p| n, followed back in time from
the Earth's orbit, leaves the sphere of radius `boundary_AU`:

    mu = p'.b/|p'|,        R = r + p' x B/(q B^2),        p'/p_0,

p' the particle's own momentum in the frame of the interstellar plasma, B = B b the undisturbed interstellar field, R
the guiding centre, of which the two components across B are kept, p_0 the momentum at Earth. Single orbits near
mu = 0 are chaotic; a map holds samples (positions on the Earth's orbit) to be averaged with their weights.

References
----------
Zhang, Zuo & Pogorelov 2014, ApJ 790, 5.
"""

import hashlib
import os
import tempfile
import warnings
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from lisbon_core._core import LisbonError, cache_folder, kernel_sources_hash
from lisbon_core.frames import boost_momentum, unit_vector, unit_vector_icrs
from lisbon_core.heliosphere import Heliosphere
from lisbon_core.heliosphere.parameters import FLOW
from lisbon_core.orbits import trace
from lisbon_core.units import LORENTZ, PROTON_MASS_TV

__all__ = ["LiouvilleError", "LiouvilleMap", "cached_sky", "grid", "load", "trace_sky"]

TOLERANCE = 3e-7  # 0.02 degrees at the end for 99 % of the orbits that are not chaotic
_PER_SAMPLE = ("mu", "R_x", "R_y", "momentum_ratio", "error", "amplification", "escaped")
_AXES = ("dec", "ra", "weight")
_VECTORS = ("field_icrs", "e_x_icrs", "e_y_icrs")
_UNITS = {"R_x": "AU", "R_y": "AU", "error": "deg", "dec": "deg", "ra": "deg"}
_MEANINGS = {
    "mu": "cosine between momentum and interstellar field, plasma frame",
    "R_x": "guiding centre along e_x", "R_y": "guiding centre along e_y",
    "momentum_ratio": "momentum in the plasma frame over momentum at Earth",
    "error": "estimated error of the direction at the end of the orbit",
    "amplification": "growth of a small change of direction along the orbit",
    "escaped": "1 = the orbit left the sphere, 0 = it ends inside",
    "dec": "pixel centres, ICRS", "ra": "pixel centres, ICRS", "weight": "weight of each sample",
}


class LiouvilleError(LisbonError):
    """A Liouville map that cannot be made or read."""


@dataclass(frozen=True)
class LiouvilleMap:
    """Where the directions of a sky come from: see the module.

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
        Momentum over charge at Earth.
    inputs_hash : str
        Hash of everything the map was made from.
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

    @property
    def unescaped_fraction(self) -> float:
        """Share of the sky, by solid angle and weight, whose orbits had not left the sphere."""
        area = np.cos(np.radians(self.dec))[None, :, None] * self.weight[:, None, None]
        area = np.broadcast_to(area, self.mu.shape)
        return float(np.sum(area * ~self.escaped) / np.sum(area))

    def __str__(self) -> str:
        n, rows, columns = self.mu.shape
        return (f"Liouville map, {rows} x {columns} pixels x {n} samples at {self.rigidity_TV} TV; "
                f"{100 * self.unescaped_fraction:.1f} % of the sky not out at the end of the path")

    def save(self, path) -> None:
        """Write the map as FITS, an image extension each; the same map gives the same bytes."""
        from astropy.io import fits

        primary = fits.PrimaryHDU()
        primary.header["RIGIDITY"] = (self.rigidity_TV, "momentum over charge at Earth, TV")
        primary.header["INPUTS"] = (self.inputs_hash, "hash of everything the map was made from")
        for name in _VECTORS:
            for axis, value in zip("XYZ", getattr(self, name), strict=True):
                primary.header[f"{name.removesuffix('_icrs').replace('_', '').upper()}_{axis}"] = (
                    float(value), f"{name}, component {axis.lower()}, ICRS")
        hdus = [primary]
        for name in (*_PER_SAMPLE, *_AXES):
            values = np.asarray(getattr(self, name))
            hdu = fits.ImageHDU(values.astype(np.uint8 if values.dtype == bool else np.float64), name=name)
            hdu.header["BUNIT"] = _UNITS.get(name, "")
            hdu.header["MEANING"] = _MEANINGS[name]
            hdus.append(hdu)
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as stream:
                fits.HDUList(hdus).writeto(stream)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)


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
            with fits.open(path, memmap=False) as hdus:
                found = {name: np.asarray(hdus[name].data) for name in (*_PER_SAMPLE, *_AXES)}
                head = hdus[0].header
        for name in _VECTORS:
            key = name.removesuffix("_icrs").replace("_", "").upper()
            found[name] = np.array([head[f"{key}_{axis}"] for axis in "XYZ"], dtype=float)
        found |= {"rigidity_TV": float(head["RIGIDITY"]), "inputs_hash": str(head["INPUTS"])}
    except (OSError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise LiouvilleError(f"{path} is not a complete Liouville map ({error}): make it again") from error
    for name, values in found.items():
        if isinstance(values, np.ndarray):
            found[name] = values.astype(bool) if name == "escaped" else values.astype(float)
    return LiouvilleMap(**{field.name: found[field.name] for field in fields(LiouvilleMap)})


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


def earth_positions(heliosphere: Heliosphere, positions: int, first_longitude: float = 0.0) -> np.ndarray:
    """Points (positions, 3), AU, model axes: 1 AU from the Sun, evenly spaced in heliocentric ecliptic longitude."""
    longitudes = first_longitude + 360.0 / positions * np.arange(positions)
    return unit_vector_icrs(longitudes, np.zeros(positions), "ecliptic") @ heliosphere.axes.T


def _axes_across(heliosphere: Heliosphere) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """b, e_x and e_y in ICRS; where the field lies along the flow, e_x is the model's x axis."""
    b = heliosphere.field_icrs
    across = -heliosphere.axes[2] + np.dot(heliosphere.axes[2], b) * b
    if np.linalg.norm(across) < 1e-9:
        across = heliosphere.axes[0] - np.dot(heliosphere.axes[0], b) * b
    e_x = across / np.linalg.norm(across)
    return b, e_x, np.cross(b, e_x)


def _inputs_hash(heliosphere, dec, ra, **settings) -> str:
    digest = hashlib.sha256(kernel_sources_hash().encode())
    digest.update(repr(heliosphere.parameters).encode())
    for array in (dec, ra):
        digest.update(np.ascontiguousarray(array, dtype=float).tobytes())
    digest.update(repr(sorted(settings.items())).encode())
    return digest.hexdigest()[:20]


def _check(dec, ra, rigidity_TV, positions):
    dec, ra = np.asarray(dec, dtype=float), np.asarray(ra, dtype=float)
    for name, values in (("dec", dec), ("ra", ra)):
        if values.ndim != 1 or not len(values) or np.any(np.diff(values) <= 0) or not np.all(np.isfinite(values)):
            raise LiouvilleError(f"{name} must be a list of increasing degrees, such as `grid(2.0)` gives")
    if abs(dec).max() > 90.0:
        raise LiouvilleError(f"dec reaches {abs(dec).max()} degrees, but must lie between -90 and 90")
    if not (np.isfinite(rigidity_TV) and rigidity_TV > 0.0):
        raise LiouvilleError(f"rigidity_TV is {rigidity_TV}, but it must be positive")
    if int(positions) != positions or positions < 1:
        raise LiouvilleError(f"positions is {positions}, but it must be a whole number of at least 1")
    return dec, ra


def trace_sky(heliosphere: Heliosphere, dec, ra, *, rigidity_TV=4.0, positions=4, first_longitude=0.0,
              boundary_AU=4000.0, path_cap_AU=30000.0, tolerance=TOLERANCE, progress=False) -> LiouvilleMap:
    """Trace every direction of a sky back from the Earth's orbit to the interstellar medium.

    Parameters
    ----------
    heliosphere : Heliosphere
        The field.
    dec, ra : array (n_dec,), (n_ra,)
        Pixel centres, degrees, ICRS.
    rigidity_TV : float
        Momentum over charge at Earth; the mass is a proton's.
    positions, first_longitude : int, float
        Points on the Earth's orbit, evenly spaced from that heliocentric ecliptic longitude (degrees): the samples.
    boundary_AU, path_cap_AU : float
        Radius of the sphere; path after which an orbit enters with its last state.
    tolerance : float
        Of each step, see `orbits.trace`.
    progress : bool
        Show a bar if this is a terminal.

    Raises
    ------
    LiouvilleError
        If the grid is not increasing, or a number is out of range.
    """
    dec, ra = _check(dec, ra, rigidity_TV, positions)
    settings = dict(rigidity_TV=float(rigidity_TV), positions=int(positions), first_longitude=float(first_longitude),
                    boundary_AU=float(boundary_AU), path_cap_AU=float(path_cap_AU), tolerance=float(tolerance))
    arrival = unit_vector(*np.meshgrid(ra, dec)).reshape(-1, 3)
    start = earth_positions(heliosphere, positions, first_longitude)
    directions = arrival @ heliosphere.axes.T
    orbits = trace(heliosphere, np.repeat(start, len(arrival), axis=0),
                   np.tile(-rigidity_TV * directions, (positions, 1)), backwards=True, boundary_AU=boundary_AU,
                   path_cap_AU=path_cap_AU, tolerance=tolerance, progress=progress)
    shape = (positions, len(dec), len(ra))
    return LiouvilleMap(dec, ra, *(a.reshape(shape) for a in plasma_frame(heliosphere, orbits.position, orbits.momentum,
                                                                           rigidity_TV)),
                        error=orbits.error.reshape(shape),
                        amplification=orbits.amplification.reshape(shape), escaped=orbits.escaped.reshape(shape),
                        weight=np.full(positions, 1.0 / positions),
                        **dict(zip(_VECTORS, _axes_across(heliosphere), strict=True)),
                        rigidity_TV=float(rigidity_TV), inputs_hash=_inputs_hash(heliosphere, dec, ra, **settings))


def plasma_frame(heliosphere: Heliosphere, position, momentum, rigidity_TV):
    """mu, R_x, R_y (AU) and p'/p_0, each (N,), of particles at `position` (N, 3) with `momentum` (N, 3), model axes."""
    flow = np.array([0.0, 0.0, -heliosphere.packed[FLOW]])
    b, e_x, e_y = (vector @ heliosphere.axes.T for vector in _axes_across(heliosphere))
    momentum = boost_momentum(momentum, flow, PROTON_MASS_TV)
    size = np.linalg.norm(momentum, axis=1)
    centre = position + np.cross(momentum, b) / (LORENTZ * heliosphere.parameters.field_uG)
    return momentum @ b / size, centre @ e_x, centre @ e_y, size / rigidity_TV


def cached_sky(heliosphere: Heliosphere, dec, ra, *, rigidity_TV=4.0, positions=4, first_longitude=0.0,
               boundary_AU=4000.0, path_cap_AU=30000.0, tolerance=TOLERANCE, progress=False) -> LiouvilleMap:
    """`trace_sky`, from the cache where the same map has been made before."""
    dec, ra = _check(dec, ra, rigidity_TV, positions)
    settings = dict(rigidity_TV=float(rigidity_TV), positions=int(positions), first_longitude=float(first_longitude),
                    boundary_AU=float(boundary_AU), path_cap_AU=float(path_cap_AU), tolerance=float(tolerance))
    path = cache_folder() / "liouville" / f"{_inputs_hash(heliosphere, dec, ra, **settings)}.fits"
    if path.is_file():
        try:
            return load(path)
        except LiouvilleError:  # a damaged file is made again
            pass
    made = trace_sky(heliosphere, dec, ra, **settings, progress=progress)
    made.save(path)
    return made
