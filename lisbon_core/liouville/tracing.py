"""The Liouville map: where in the interstellar phase space each direction of the sky comes from.

The phase-space density is conserved along an orbit and the same in every frame, so what arrives from a direction n is
what the interstellar medium holds at (mu, R, p'), where the orbit of momentum p = -|p| n, followed back in time from
the Earth's orbit, leaves the sphere of radius `boundary_AU`:

    mu = p'.b/|p'|,        R = r + p' x B/(q B^2),        p'/p_0,

p' the particle's own momentum in the frame of the interstellar plasma, B = B b the undisturbed interstellar field, R
the guiding centre, of which the two components across B are kept, p_0 the momentum at Earth. Single orbits near
mu = 0 are chaotic and mean nothing by themselves: a map holds samples (positions on the Earth's orbit, and where asked
for rigidities and directions within the pixel) to be averaged with their weights.

References
----------
Zhang, Zuo & Pogorelov 2014, ApJ 790, 5.
"""

import contextlib
import hashlib
import io
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock
from tqdm import tqdm

from lisbon_core._core import cache_folder, kernel_sources_hash, write_atomically
from lisbon_core.frames import boost_momentum, unit_vector, unit_vector_icrs
from lisbon_core.heliosphere import AnyHeliosphere
from lisbon_core.liouville.map import LiouvilleError, LiouvilleMap, grid, load
from lisbon_core.orbits import trace
from lisbon_core.units import LORENTZ, PROTON_MASS_TV

__all__ = ["LiouvilleError", "LiouvilleMap", "Samples", "cached_samples", "cached_sky", "grid", "load",
           "straight_lines", "trace_samples", "trace_sky"]

TOLERANCE = 5e-7  # 0.03 degrees at the end for 99 % of the orbits that are not chaotic
LIMITS = {"boundary_AU": 4000.0, "path_cap_AU": 30000.0, "tolerance": TOLERANCE}


@dataclass(frozen=True)
class Samples:
    """Over what each direction of the sky is averaged: every position with every rigidity and every direction.

    Parameters
    ----------
    positions, first_longitude : int, float
        Points on the Earth's orbit, evenly spaced from that heliocentric ecliptic longitude (degrees).
    rigidities_TV, rigidity_weights : tuple of float
        Momenta over charge at Earth, and their weights (of any sum): a table of the experiment's response, or a mixture
        of nuclei of one energy; see also `log_normal`.
    directions : int
        Directions within each pixel, spread evenly over its area; 1 = its centre.

    Raises
    ------
    LiouvilleError
        If a number is out of range.
    """

    positions: int = 4
    first_longitude: float = 0.0
    rigidities_TV: tuple[float, ...] = (4.0,)
    rigidity_weights: tuple[float, ...] = (1.0,)
    directions: int = 1

    def __post_init__(self):
        for name in ("positions", "directions"):
            if int(getattr(self, name)) != getattr(self, name) or getattr(self, name) < 1:
                raise LiouvilleError(f"{name} is {getattr(self, name)}, but it must be a whole number of at least 1")
        if len(self.rigidities_TV) != len(self.rigidity_weights) or not self.rigidities_TV:
            raise LiouvilleError(f"there are {len(self.rigidities_TV)} rigidities and {len(self.rigidity_weights)} "
                                 "weights, but each rigidity needs one")
        for rigidity in self.rigidities_TV:
            if not (math.isfinite(rigidity) and rigidity > 0.0):
                raise LiouvilleError(f"rigidity_TV is {rigidity}, but it must be positive")
        if not all(math.isfinite(w) and w > 0.0 for w in self.rigidity_weights):
            raise LiouvilleError(f"rigidity_weights are {self.rigidity_weights}, but each must be positive")

    @classmethod
    def log_normal(cls, median_TV: float, sigma: float, n: int = 5, **others) -> "Samples":
        """Rigidities of a log-normal response, ln R of mean ln(median_TV) and width sigma, by Gauss and Hermite.

        >>> Samples.log_normal(4.0, 0.5, 3).rigidities_TV[1]
        4.0
        """
        if not sigma >= 0.0:
            raise LiouvilleError(f"sigma is {sigma}, but the width of ln(rigidity) must not be negative")
        nodes, weights = np.polynomial.hermite_e.hermegauss(n)
        return cls(rigidities_TV=tuple(float(r) for r in median_TV * np.exp(sigma * nodes)),
                   rigidity_weights=tuple(float(w) for w in weights), **others)

    def each(self) -> list[tuple[int, float, float, int]]:
        """Position, rigidity, weight and direction of every sample; the weights sum to 1."""
        total = sum(self.rigidity_weights) * self.positions * self.directions
        return [(k, r, w / total, j) for r, w in zip(self.rigidities_TV, self.rigidity_weights, strict=True)
                for j in range(self.directions) for k in range(self.positions)]


def directions_within(dec, ra, index: int, of: int) -> np.ndarray:
    """Unit vectors (n_dec, n_ra, 3) of one of `of` directions spread evenly over the area of each pixel.

    The pixels reach half way to their neighbours, the first and last rings to the poles; one direction is the centre.
    """
    if of == 1:
        return unit_vector(*np.meshgrid(ra, dec))
    # Roberts' sequence: as even as a lattice for any number of points
    golden = 1.32471795724474602596
    u, v = ((0.5 + (index + 1) / golden**power) % 1.0 for power in (1, 2))
    middle = 0.5 * (dec[1:] + dec[:-1]) if len(dec) > 1 else np.empty(0)
    edges = np.sin(np.radians(np.concatenate([[-90.0], middle, [90.0]])))
    width = 360.0 / len(ra) if len(ra) > 1 else 0.0
    within = np.degrees(np.arcsin(edges[:-1] + u * np.diff(edges)))
    return unit_vector(*np.meshgrid(ra + (v - 0.5) * width, within))


def earth_positions(heliosphere: AnyHeliosphere, positions: int, first_longitude: float = 0.0) -> np.ndarray:
    """Points (positions, 3), AU, model axes: 1 AU from the Sun, evenly spaced in heliocentric ecliptic longitude."""
    longitudes = first_longitude + 360.0 / positions * np.arange(positions)
    return unit_vector_icrs(longitudes, np.zeros(positions), "ecliptic") @ heliosphere.axes.T


def axes_across(heliosphere: AnyHeliosphere) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """b, e_x and e_y in ICRS; where the field lies along the flow, e_x is the model's x axis."""
    b = heliosphere.field_icrs
    speed = np.linalg.norm(heliosphere.flow)
    flow = heliosphere.flow / speed @ heliosphere.axes if speed > 0.0 else b
    across = flow - np.dot(flow, b) * b
    if np.linalg.norm(across) < 1e-9:
        across = heliosphere.axes[0] - np.dot(heliosphere.axes[0], b) * b
    e_x = across / np.linalg.norm(across)
    return b, e_x, np.cross(b, e_x)


def plasma_frame(heliosphere: AnyHeliosphere, position, momentum, rigidity_TV):
    """mu, R_x, R_y (AU) and p'/p_0, each (N,), of particles at `position` (N, 3) with `momentum` (N, 3), model axes."""
    b, e_x, e_y = (vector @ heliosphere.axes.T for vector in axes_across(heliosphere))
    momentum = boost_momentum(momentum, heliosphere.flow, PROTON_MASS_TV)
    size = np.linalg.norm(momentum, axis=1)
    centre = position + np.cross(momentum, b) / (LORENTZ * heliosphere.field_uG)
    return momentum @ b / size, centre @ e_x, centre @ e_y, size / rigidity_TV


def _grid(dec, ra) -> tuple[np.ndarray, np.ndarray]:
    dec, ra = np.asarray(dec, dtype=float), np.asarray(ra, dtype=float)
    for name, values in (("dec", dec), ("ra", ra)):
        if values.ndim != 1 or not len(values) or np.any(np.diff(values) <= 0) or not np.all(np.isfinite(values)):
            raise LiouvilleError(f"{name} must be a list of increasing degrees, such as `grid(2.0)` gives")
    if abs(dec).max() > 90.0:
        raise LiouvilleError(f"dec reaches {abs(dec).max()} degrees, but must lie between -90 and 90")
    return dec, ra


def _inputs_hash(heliosphere, dec, ra, samples, limits) -> str:
    """Hash of everything that goes into a map."""
    made_from = (kernel_sources_hash(), heliosphere.identity, samples, dec.tolist(), ra.tolist(),
                 sorted((name, float(value)) for name, value in limits.items()))
    return hashlib.sha256(repr(made_from).encode()).hexdigest()[:20]


def trace_samples(heliosphere: AnyHeliosphere, dec, ra, samples: Samples, *, progress=False, resume_in=None,
                  own_field=None, **limits) -> LiouvilleMap:
    """Trace every direction of a sky back to the interstellar medium, once for every sample.

    Parameters
    ----------
    heliosphere : Heliosphere or GriddedHeliosphere
        The field.
    dec, ra : array (n_dec,), (n_ra,)
        Pixel centres, degrees, ICRS.
    samples : Samples
        Positions on the Earth's orbit, rigidities and directions within the pixel.
    progress : bool
        Show a bar if this is a terminal.
    resume_in : path, optional
        Folder in which finished samples are kept until all are: what was interrupted goes on from there.
    own_field : (user_field(...), sequence of float), optional
        Trace through this field (model axes) instead; `heliosphere` then tells only axes and the interstellar medium.
    boundary_AU, path_cap_AU, tolerance : float
        Radius of the sphere (4000); path after which an orbit enters with its last state (30,000); error of each step
        (5e-7), see `orbits.trace`.

    Raises
    ------
    LiouvilleError
        If the grid is not increasing or leaves the sphere.
    """
    dec, ra = _grid(dec, ra)
    limits = LIMITS | limits
    if own_field is not None and resume_in is not None:
        raise LiouvilleError("work on a field of one's own cannot be resumed: leave out resume_in")
    # of a field of one's own nothing tells what is in it
    digest = "own field" if own_field is not None else _inputs_hash(heliosphere, dec, ra, samples, limits)
    field = heliosphere if own_field is None else own_field
    earth, each = earth_positions(heliosphere, samples.positions, samples.first_longitude), samples.each()
    parts = None if resume_in is None else Path(resume_in) / f"{digest}.parts"
    done = np.empty((len(each), 7, len(dec), len(ra)))
    for i, (position, rigidity, _, direction) in enumerate(
            tqdm(each, desc="orbits", unit="sample", disable=None if progress else True)):
        part = None if parts is None else parts / f"{i:05d}.npy"
        if part is not None and part.is_file():
            done[i] = np.load(part)
            continue
        arrival = directions_within(dec, ra, direction, samples.directions).reshape(-1, 3) @ heliosphere.axes.T
        starts = np.tile(earth[position], (len(arrival), 1))
        orbits = trace(field, starts, -rigidity * arrival, backwards=True, **limits)
        found = plasma_frame(heliosphere, orbits.position, orbits.momentum, rigidity)
        done[i] = np.reshape([*found, orbits.error, orbits.amplification, orbits.escaped], done[i].shape)
        if part is not None and len(each) > 1:
            np.save(content := io.BytesIO(), done[i])
            write_atomically(part, content.getvalue())
    if parts is not None:
        shutil.rmtree(parts, ignore_errors=True)
    names = ("mu", "R_x", "R_y", "momentum_ratio", "error", "amplification")
    b, e_x, e_y = axes_across(heliosphere)
    weight = np.array([w for _, _, w, _ in each])
    rigidity = np.array([r for _, r, _, _ in each])
    return LiouvilleMap(dec=dec, ra=ra, **{name: done[:, j].copy() for j, name in enumerate(names)},
                        escaped=done[:, 6] > 0.5, weight=weight, field_icrs=b, e_x_icrs=e_x, e_y_icrs=e_y,
                        rigidity_TV=_geometric_mean(rigidity, weight), inputs_hash=digest, sample_rigidity_TV=rigidity)


def _geometric_mean(rigidity, weight) -> float:
    return float(rigidity[0]) if np.ptp(rigidity) == 0.0 else float(np.exp(weight @ np.log(rigidity)))


def cached_samples(heliosphere: AnyHeliosphere, dec, ra, samples: Samples, *, progress=False, **limits) -> LiouvilleMap:
    """`trace_samples`, from the cache where the same map was made before; an interrupted one goes on where it was.

    Of several processes that ask for one map at once, one traces it and the others wait.
    """
    dec, ra = _grid(dec, ra)
    folder, digest = cache_folder() / "liouville", _inputs_hash(heliosphere, dec, ra, samples, LIMITS | limits)
    path = folder / f"{digest}.fits"
    with contextlib.ExitStack() as turn:
        with contextlib.suppress(OSError):  # a folder that can only be read: nothing will be written there either
            folder.mkdir(parents=True, exist_ok=True)
            turn.enter_context(FileLock(path.with_suffix(".lock")))
        with contextlib.suppress(LiouvilleError):  # no such file yet, or a damaged one, which is made again
            return load(path)
        made = trace_samples(heliosphere, dec, ra, samples, progress=progress, resume_in=folder, **limits)
        made.save(path)
    return made


def trace_sky(heliosphere: AnyHeliosphere, dec, ra, *, rigidity_TV=4.0, positions=4, first_longitude=0.0,
              **options) -> LiouvilleMap:
    """Trace every direction of a sky, Eq. (1), at one rigidity from `positions` points on the Earth's orbit.

    The same as `trace_samples` with `Samples(positions, first_longitude, (rigidity_TV,))`; for options see there.
    """
    return trace_samples(heliosphere, dec, ra, _one_rigidity(rigidity_TV, positions, first_longitude), **options)


def cached_sky(heliosphere: AnyHeliosphere, dec, ra, *, rigidity_TV=4.0, positions=4, first_longitude=0.0,
               **options) -> LiouvilleMap:
    """`trace_sky`, from the cache where the same map was made before; an interrupted one goes on where it was."""
    return cached_samples(heliosphere, dec, ra, _one_rigidity(rigidity_TV, positions, first_longitude), **options)


def _one_rigidity(rigidity_TV, positions, first_longitude) -> Samples:
    return Samples(positions, float(first_longitude), (float(rigidity_TV),))


def straight_lines(heliosphere: AnyHeliosphere, dec, ra, rigidity_TV: float = 4.0) -> LiouvilleMap:
    """The Liouville map were there no heliosphere: a uniform field, the boost to the plasma frame, and no orbits.

    Parameters
    ----------
    heliosphere : Heliosphere
        Gives the interstellar field and flow; its fields within are not used.
    dec, ra : ndarray
        Pixel centres, degrees.
    rigidity_TV : float
        At Earth.
    """
    momentum = -rigidity_TV * unit_vector(*np.meshgrid(ra, dec)).reshape(-1, 3) @ heliosphere.axes.T
    mu, R_x, R_y, ratio = plasma_frame(heliosphere, np.zeros_like(momentum), momentum, rigidity_TV)
    b, e_x, e_y = axes_across(heliosphere)
    ones = np.ones((1, len(dec), len(ra)))
    on_grid = [values.reshape(ones.shape) for values in (mu, R_x, R_y, ratio)]
    return LiouvilleMap(np.asarray(dec), np.asarray(ra), *on_grid, error=0.0 * ones, amplification=ones,
                        escaped=ones > 0.0, weight=np.ones(1), field_icrs=b, e_x_icrs=e_x, e_y_icrs=e_y,
                        rigidity_TV=float(rigidity_TV), inputs_hash="straight lines")
