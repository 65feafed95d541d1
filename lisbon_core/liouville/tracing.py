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

import hashlib
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from lisbon_core._core import cache_folder, kernel_sources_hash
from lisbon_core.frames import boost_momentum, unit_vector, unit_vector_icrs
from lisbon_core.heliosphere import AnyHeliosphere
from lisbon_core.liouville.map import LiouvilleError, LiouvilleMap, grid, load
from lisbon_core.orbits import trace
from lisbon_core.units import LORENTZ, PROTON_MASS_TV

__all__ = ["LiouvilleError", "LiouvilleMap", "Samples", "cached_samples", "cached_sky", "grid", "load",
           "straight_lines", "trace_samples", "trace_sky"]

TOLERANCE = 5e-7  # 0.03 degrees at the end for 99 % of the orbits that are not chaotic


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


def _settings(heliosphere, dec, ra, samples, boundary_AU, path_cap_AU, tolerance):
    """Grid as arrays, and the hash of everything that goes into the map."""
    dec, ra = np.asarray(dec, dtype=float), np.asarray(ra, dtype=float)
    for name, values in (("dec", dec), ("ra", ra)):
        if values.ndim != 1 or not len(values) or np.any(np.diff(values) <= 0) or not np.all(np.isfinite(values)):
            raise LiouvilleError(f"{name} must be a list of increasing degrees, such as `grid(2.0)` gives")
    if abs(dec).max() > 90.0:
        raise LiouvilleError(f"dec reaches {abs(dec).max()} degrees, but must lie between -90 and 90")
    digest = hashlib.sha256(kernel_sources_hash().encode())
    digest.update(repr((heliosphere.identity, samples, float(boundary_AU), float(path_cap_AU),
                        float(tolerance))).encode())
    for array in (dec, ra):
        digest.update(array.tobytes())
    return dec, ra, digest.hexdigest()[:20]


def _trace_sample(heliosphere, field, start, rigidity, directions, boundary_AU, path_cap_AU, tolerance) -> np.ndarray:
    """mu, R_x, R_y, p'/p_0, error, amplification, escaped of one sample: (7, n_dec, n_ra)."""
    arrival = directions.reshape(-1, 3) @ heliosphere.axes.T
    orbits = trace(field, np.tile(start, (len(arrival), 1)), -rigidity * arrival, backwards=True,
                   boundary_AU=boundary_AU, path_cap_AU=path_cap_AU, tolerance=tolerance)
    found = plasma_frame(heliosphere, orbits.position, orbits.momentum, rigidity)
    return np.stack([*found, orbits.error, orbits.amplification, orbits.escaped]).reshape(7, *directions.shape[:2])


def trace_samples(heliosphere: AnyHeliosphere, dec, ra, samples: Samples, *, boundary_AU=4000.0, path_cap_AU=30000.0,
                  tolerance=TOLERANCE, progress=False, resume_in=None, own_field=None) -> LiouvilleMap:
    """Trace every direction of a sky back to the interstellar medium, once for every sample.

    Parameters
    ----------
    heliosphere : Heliosphere or GriddedHeliosphere
        The field.
    dec, ra : array (n_dec,), (n_ra,)
        Pixel centres, degrees, ICRS.
    samples : Samples
        Positions on the Earth's orbit, rigidities and directions within the pixel.
    boundary_AU, path_cap_AU : float
        Radius of the sphere; path after which an orbit enters with its last state.
    tolerance : float
        Of each step, see `orbits.trace`.
    progress : bool
        Show a bar if this is a terminal.
    resume_in : path, optional
        Folder in which finished samples are kept until all are: what was interrupted goes on from there.
    own_field : (user_field(...), sequence of float), optional
        Trace through this field (model axes) instead; `heliosphere` then tells only axes and the interstellar medium.

    Raises
    ------
    LiouvilleError
        If the grid is not increasing or leaves the sphere.
    """
    dec, ra, digest = _settings(heliosphere, dec, ra, samples, boundary_AU, path_cap_AU, tolerance)
    if own_field is not None:
        if resume_in is not None:
            raise LiouvilleError("work on a field of one's own cannot be resumed: leave out resume_in")
        digest = "own field"  # nothing tells what is in it
    earth, each = earth_positions(heliosphere, samples.positions, samples.first_longitude), samples.each()
    parts = None if resume_in is None else Path(resume_in) / f"{digest}.parts"
    if parts is not None:
        parts.mkdir(parents=True, exist_ok=True)
    done = np.empty((len(each), 7, len(dec), len(ra)))
    for i, (position, rigidity, _, direction) in enumerate(
            tqdm(each, desc="orbits", unit="sample", disable=None if progress else True)):
        kept = parts / f"{i:05d}.npy" if parts is not None else None
        if kept is not None and kept.is_file():
            done[i] = np.load(kept)
            continue
        done[i] = _trace_sample(heliosphere, heliosphere if own_field is None else own_field, earth[position], rigidity,
                                directions_within(dec, ra, direction, samples.directions), boundary_AU, path_cap_AU,
                                tolerance)
        if kept is not None and len(each) > 1:
            np.save(kept.with_suffix(".part.npy"), done[i])
            kept.with_suffix(".part.npy").replace(kept)
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


def trace_sky(heliosphere: AnyHeliosphere, dec, ra, *, rigidity_TV=4.0, positions=4, first_longitude=0.0,
              boundary_AU=4000.0, path_cap_AU=30000.0, tolerance=TOLERANCE, progress=False) -> LiouvilleMap:
    """Trace every direction of a sky, Eq. (1), at one rigidity from `positions` points on the Earth's orbit.

    The same as `trace_samples` with `Samples(positions, first_longitude, (rigidity_TV,))`; see there.
    """
    return trace_samples(heliosphere, dec, ra, Samples(positions, float(first_longitude), (float(rigidity_TV),)),
                         boundary_AU=boundary_AU, path_cap_AU=path_cap_AU, tolerance=tolerance, progress=progress)


def cached_samples(heliosphere: AnyHeliosphere, dec, ra, samples: Samples, *, boundary_AU=4000.0, path_cap_AU=30000.0,
                   tolerance=TOLERANCE, progress=False) -> LiouvilleMap:
    """`trace_samples`, from the cache where the same map was made before; an interrupted one goes on where it was.

    Of several processes that ask for one map at once, one traces it and the others wait.
    """
    from lisbon_core.tools.locks import wait_for_turn

    dec, ra, digest = _settings(heliosphere, dec, ra, samples, boundary_AU, path_cap_AU, tolerance)
    folder = cache_folder() / "liouville"
    path = folder / f"{digest}.fits"
    with wait_for_turn(folder / f"{digest}.lock"):
        if path.is_file():
            try:
                return load(path)
            except LiouvilleError:  # a damaged file is made again
                pass
        made = trace_samples(heliosphere, dec, ra, samples, boundary_AU=boundary_AU, path_cap_AU=path_cap_AU,
                             tolerance=tolerance, progress=progress, resume_in=folder)
        made.save(path)
    return made


def cached_sky(heliosphere: AnyHeliosphere, dec, ra, *, rigidity_TV=4.0, positions=4, first_longitude=0.0,
               boundary_AU=4000.0, path_cap_AU=30000.0, tolerance=TOLERANCE, progress=False) -> LiouvilleMap:
    """`trace_sky`, from the cache where the same map was made before; an interrupted one goes on where it was."""
    return cached_samples(heliosphere, dec, ra, Samples(positions, float(first_longitude), (float(rigidity_TV),)),
                          boundary_AU=boundary_AU, path_cap_AU=path_cap_AU, tolerance=tolerance, progress=progress)


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
