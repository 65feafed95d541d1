"""The Liouville map: where in the interstellar phase space each direction of the sky comes from.

The phase-space density is conserved along an orbit and the same in every frame, so what arrives from a direction n is
what the interstellar medium holds at (mu, R, p'), where the orbit of momentum p = -|p| n, followed back in time from
the Earth's orbit, leaves the sphere of radius `boundary_AU`:

    mu = p'.b/|p'|,        R = r + p' x B/(q B^2),        p'/p_0,

p' the particle's own momentum in the frame of the interstellar plasma, B = B b the undisturbed interstellar field, R
the guiding centre, of which the two components across B are kept, p_0 the momentum at Earth. Single orbits near
mu = 0 are chaotic and mean nothing by themselves: a map holds samples of what the detector averages (see `sampling`).

References
----------
Zhang, Zuo & Pogorelov 2014, ApJ 790, 5.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
from tqdm import tqdm

from lisbon_core.ground._core import cache_folder
from lisbon_core.ground.frames import boost_momentum, unit_vector, unit_vector_icrs
from lisbon_core.ground.kernels import sources_hash
from lisbon_core.ground.sealed import read_sealed, write_sealed
from lisbon_core.ground.units import LORENTZ, PROTON_MASS_TV
from lisbon_core.heliosphere import AnyHeliosphere
from lisbon_core.liouville.map import LiouvilleMap, from_fits
from lisbon_core.liouville.sampling import Drawn, LiouvilleError, Sampling, draw
from lisbon_core.orbits import trace

TOLERANCE = 7e-7  # 0.04 degrees at the end for 99 % of the orbits that are not chaotic
PATIENCE = 100  # steps: 98 % of those orbits have escaped by then
DIAGNOSED = 16  # one orbit of so many is followed by two neighbours


def earth_positions(heliosphere: AnyHeliosphere, positions: int) -> np.ndarray:
    """Points (positions, 3), AU, model axes: 1 AU from the Sun, evenly in heliocentric ecliptic longitude, from 0."""
    return unit_vector_icrs(360.0 / positions * np.arange(positions), 0.0, "ecliptic") @ heliosphere.axes.T


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


def _asked(heliosphere, dec, ra, *, boundary_AU=4000.0, path_cap_AU=60000.0, tolerance=TOLERANCE):
    """Heliospheres, checked pixel centres, and what `orbits.trace` is told."""
    epochs = tuple(heliosphere) if isinstance(heliosphere, Sequence) else (heliosphere,)
    dec, ra = np.asarray(dec, dtype=float), np.asarray(ra, dtype=float)
    for name, values in (("dec", dec), ("ra", ra)):
        if values.ndim != 1 or not len(values) or np.any(np.diff(values) <= 0) or not np.all(np.isfinite(values)):
            raise LiouvilleError(f"{name} must be a list of increasing degrees, such as `grid(2.0)` gives")
    if abs(dec).max() > 90.0:
        raise LiouvilleError(f"dec reaches {abs(dec).max()} degrees, but must lie between -90 and 90")
    return epochs, dec, ra, {"boundary_AU": float(boundary_AU), "path_cap_AU": float(path_cap_AU),
                             "tolerance": float(tolerance)}


def _trace_drawn(epochs, fields, drawn: Drawn, diagnosed: np.ndarray, how: dict) -> np.ndarray:
    """mu, R_x, R_y, p'/p_0, error, amplification (NaN where not diagnosed), escaped: (7, n_orbit)."""
    found = np.full((7, len(drawn.epoch)), np.nan)
    for epoch, (heliosphere, field) in enumerate(zip(epochs, fields, strict=True)):
        for neighbours in (True, False):
            at = np.flatnonzero((drawn.epoch == epoch) & (diagnosed == neighbours))
            if not at.size:
                continue
            rigidity = drawn.rigidity_TV[at]
            # not by BLAS, whose rounding of one orbit depends on how many there are
            season, arrival = (np.sum(v[at, None] * heliosphere.axes, axis=-1) for v in (drawn.season, drawn.arrival))
            orbits = trace(field, season, -rigidity[:, None] * arrival, backwards=True, patience=PATIENCE,
                           neighbours=neighbours, **how)
            found[:4, at] = plasma_frame(heliosphere, orbits.position, orbits.momentum, rigidity)
            found[4:, at] = orbits.error, orbits.amplification, orbits.escaped
    return found


def trace_samples(heliosphere: AnyHeliosphere | Sequence[AnyHeliosphere], dec, ra, sampling: Sampling, *,
                  diagnosed=DIAGNOSED, progress=False, resume_in=None, own_field=None, **limits) -> LiouvilleMap:
    """Trace a sample of all that each pixel of a sky averages back to the interstellar medium, Eq. (1).

    Parameters
    ----------
    heliosphere : Heliosphere or GriddedHeliosphere, or several
        The field; or one for each epoch of the solar cycle, taken equally often. Axes, interstellar field and flow are
        the same in all.
    dec, ra : array (n_dec,), (n_ra,)
        Pixel centres, degrees, ICRS.
    sampling : Sampling
        Orbits a pixel, response, seed.
    diagnosed : int
        One orbit of so many is followed by two neighbours, for its error and amplification.
    progress : bool
        Show a bar if this is a terminal.
    resume_in : path, optional
        Folder in which finished parts are kept until all are: what was interrupted goes on from there.
    own_field : (user_field(...), sequence of float), optional
        Trace through this field (model axes) instead; `heliosphere` then tells only axes and the interstellar medium.
    limits
        `boundary_AU`, radius of the sphere (4000); `path_cap_AU`, path after which an orbit enters with its last state
        (60,000); `tolerance` of each step (7e-7), see `orbits.trace`.

    Raises
    ------
    LiouvilleError
        If the grid is not increasing or leaves the sphere.
    """
    epochs, dec, ra, how = _asked(heliosphere, dec, ra, **limits)
    if own_field is not None and resume_in is not None:
        raise LiouvilleError("work on a field of one's own cannot be resumed: leave out resume_in")
    fields = epochs if own_field is None else [own_field]
    digest = "own field" if own_field is not None else _digest(epochs, dec, ra, sampling, how, diagnosed)
    parts = None if resume_in is None else Path(resume_in) / f"{digest}.parts"
    drawn = draw(sampling, dec, ra, len(fields))
    followed = np.add.outer(*map(np.arange, drawn.epoch.shape)).ravel() % diagnosed == 0
    flat = Drawn(*(values.reshape(followed.size, *values.shape[2:]) for values in drawn))
    # of one epoch together, so that few and long calls keep every core busy
    shares = np.array_split(np.lexsort([followed, flat.epoch]), sampling.samples)
    found = np.empty((7, followed.size))
    for i, share in enumerate(tqdm(shares, desc="orbits", unit="part", disable=None if progress else True)):
        kept = read_sealed(parts / str(i), f"{digest} {i}") if parts else None
        if kept is None:
            some = Drawn(*(values[share] for values in flat))
            kept = _trace_drawn(epochs[:len(fields)], fields, some, followed[share], how).tobytes()
            if parts:
                write_sealed(parts / str(i), kept, f"{digest} {i}")
        found[:, share] = np.frombuffer(kept).reshape(7, -1)
    if parts:
        shutil.rmtree(parts, ignore_errors=True)
    return _as_map(epochs[0], dec, ra, found, flat.rigidity_TV, sampling.response.scale_TV,
                   np.arange(sampling.samples) * 2 // sampling.samples, digest)


def _as_map(heliosphere, dec, ra, found, rigidity, scale_TV, replicate, digest) -> LiouvilleMap:
    """The container, from values of shape (7, n_sample * n_pixel)."""
    b, e_x, e_y = axes_across(heliosphere)
    names = ("mu", "R_x", "R_y", "momentum_ratio", "error", "amplification")
    grid = (len(replicate), len(dec), len(ra))
    return LiouvilleMap(dec=dec, ra=ra, **{name: found[j].reshape(grid) for j, name in enumerate(names)},
                        escaped=found[6].reshape(grid) > 0.5, rigidity_TV=rigidity.reshape(grid),
                        replicate=replicate, field_icrs=b, e_x_icrs=e_x, e_y_icrs=e_y, scale_TV=float(scale_TV),
                        inputs_hash=digest)


def _digest(epochs, dec, ra, sampling, how, diagnosed) -> str:
    """Hash of everything that goes into a map."""
    made_from = (sources_hash("heliosphere", "orbits", "liouville"), [one.identity for one in epochs], sampling, how,
                 diagnosed, dec.tolist(), ra.tolist())
    return hashlib.sha256(repr(made_from).encode()).hexdigest()[:20]


def cached_samples(heliosphere: AnyHeliosphere | Sequence[AnyHeliosphere], dec, ra, sampling: Sampling, *,
                   diagnosed=DIAGNOSED, progress=False, **limits) -> LiouvilleMap:
    """`trace_samples`, from the cache where the same map was made before; an interrupted one goes on where it was.

    Of several processes that ask for one map at once, one traces it and the others wait.
    """
    epochs, dec, ra, how = _asked(heliosphere, dec, ra, **limits)
    digest, folder = _digest(epochs, dec, ra, sampling, how, diagnosed), cache_folder("liouville")
    path = folder / f"{digest}.map"
    with contextlib.ExitStack() as turn:
        with contextlib.suppress(OSError):  # a folder that can only be read: nothing will be written there either
            turn.enter_context(FileLock(path.with_suffix(".lock")))
        if kept := read_sealed(path, digest):
            return from_fits(kept)
        made = trace_samples(epochs, dec, ra, sampling, diagnosed=diagnosed, progress=progress, resume_in=folder, **how)
        write_sealed(path, made.as_fits(), digest)
    return made


def trace_sky(heliosphere: AnyHeliosphere, dec, ra, *, rigidity_TV=4.0, longitude=0.0, **limits) -> LiouvilleMap:
    """Trace the centre of every pixel at one rigidity, from one position on the Earth's orbit: one orbit each.

    Parameters
    ----------
    heliosphere, dec, ra, limits
        As for `trace_samples`.
    rigidity_TV, longitude : float
        Momentum over charge; heliocentric ecliptic longitude of the Earth, degrees.
    """
    epochs, dec, ra, how = _asked(heliosphere, dec, ra, **limits)
    if not 0.0 < rigidity_TV < np.inf:
        raise LiouvilleError(f"rigidity_TV is {rigidity_TV}, but it must be positive")
    arrival = unit_vector(*np.meshgrid(ra, dec)).reshape(-1, 3)
    season = np.broadcast_to(unit_vector_icrs(longitude, 0.0, "ecliptic"), arrival.shape)
    rigidity, epoch = np.full(len(arrival), float(rigidity_TV)), np.zeros(len(arrival), dtype=int)
    found = _trace_drawn(epochs, epochs, Drawn(season, arrival, rigidity, epoch), epoch == 0, how)
    return _as_map(heliosphere, dec, ra, found, rigidity, rigidity_TV, np.zeros(1, dtype=int), "one orbit each")


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
    ones = np.ones(len(momentum))
    found = plasma_frame(heliosphere, np.zeros_like(momentum), momentum, rigidity_TV)
    found = np.stack([*found, 0.0 * ones, ones, ones])
    return _as_map(heliosphere, np.asarray(dec), np.asarray(ra), found, rigidity_TV * ones, rigidity_TV,
                   np.zeros(1, dtype=int), "straight lines")
