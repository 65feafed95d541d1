"""Orbits traced on all cores to a sphere about the origin: where they end, how well that is known."""

import functools
import math
import os
import types
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from lisbon_core._core import STRICT, LisbonError, kernel
from lisbon_core.heliosphere.closed_form import Heliosphere
from lisbon_core.heliosphere.gridded import GriddedHeliosphere
from lisbon_core.heliosphere.gridded_kernels import border_of_grid, field_in_grid, region_on_grid
from lisbon_core.orbits import borders, kernels, neighbours, step
from lisbon_core.units import LORENTZ, PROTON_MASS_TV

__all__ = ["CHAOTIC", "OrbitError", "Orbits", "trace", "user_field"]

CHAOTIC = 100.0  # amplification above which a single orbit has lost its meaning
CHUNK = 64  # orbits handed to a thread at a time


class OrbitError(LisbonError):
    """Orbits that cannot be traced as asked."""


@dataclass(frozen=True)
class Orbits:
    """Where orbits ended.

    Parameters
    ----------
    position : ndarray (N, 3)
        AU, axes of the model.
    momentum : ndarray (N, 3)
        The particle's own momentum over charge, TV, whichever way it was traced.
    path : ndarray (N,)
        Length of the path, AU.
    evaluations : ndarray (N,)
        How often the field was asked for.
    escaped : ndarray (N,) of bool
        Whether the orbit reached the sphere before the end of its path; otherwise it is trapped.
    amplification : ndarray (N,)
        How much a small circle of directions at the start is stretched, at the end, where it is stretched most; NaN
        if not asked for.
    error : ndarray (N,)
        Estimated error of the final direction, degrees: the errors of all steps, each carried to the end as
        neighbouring orbits are; NaN if not asked for. Made for smooth fields: at the kinks of a field on a grid errors
        are about ten times as large.
    """

    position: np.ndarray
    momentum: np.ndarray
    path: np.ndarray
    evaluations: np.ndarray
    escaped: np.ndarray
    amplification: np.ndarray
    error: np.ndarray

    @property
    def chaotic(self) -> np.ndarray:
        """Whether single orbits have lost their meaning: amplification above 100; shape (N,)."""
        return self.amplification > CHAOTIC


def user_field(function, longest_AU=150.0):
    """Tracer for a field of one's own, as fast as the built-in one: pass what this returns to `trace`.

    Parameters
    ----------
    function : callable
        `(x, y, z, parameters) -> (Bx, By, Bz, Ex, Ey, Ez)`, AU, microgauss, microgauss c; compiled by numba here
        unless it is compiled already.
    longest_AU : float
        Steps are no longer than this, nor than half the distance from the origin: what is smaller may be missed.

    Examples
    --------
    >>> uniform = user_field(lambda x, y, z, parameters: (0.0, 0.0, parameters[0], 0.0, 0.0, 0.0))
    >>> orbits = trace((uniform, [3.0]), [[0.0, 0.0, 0.0]], [[0.0, 0.0, 4.0]], boundary_AU=100.0)
    >>> bool(abs(orbits.position[0, 2] - 100.0) < 1e-8)
    True
    """
    import numba

    compiled = function if hasattr(function, "py_func") else numba.njit(error_model="numpy", nogil=True)(function)
    return _orbits_in(numba.njit(lambda region, x, y, z, parameters: compiled(x, y, z, parameters)),
                      numba.njit(lambda x, y, z, parameters: 0),
                      numba.njit(lambda region, x, y, z, parameters: (-longest_AU, 0)), numba.njit(**STRICT), "own")


@functools.cache
def _gridded_orbits():
    return _orbits_in(field_in_grid, region_on_grid, border_of_grid, kernel("gridded", **STRICT), "gridded")


def _orbits_in(field_in, region_of, border, compiler, variant, fields=None):
    """The integrator compiled for another field; `fields` takes it for all lanes at once, where that is faster."""
    scope = {**vars(step), **vars(neighbours), **vars(borders), **vars(kernels),
             "field_in": field_in, "region_of": region_of, "border": border}
    names = ["_fields", "_steps", "_step", "_kicked", "_deviate", "_beyond", "_crossing", "_reached", "_land",
             "_normal", "_start", "_after", "_orbits"]
    if fields is not None:
        scope[names.pop(0)] = fields
    for name in names:
        kept = scope[name]
        copy = types.FunctionType(kept.py_func.__code__, scope, name)
        # numba numbers its symbols anew in each process: under one name, cached code could be linked to another's
        copy.__qualname__ = f"{name}_{variant}"
        scope[copy.__name__] = compiler(copy)
    return scope["_orbits"]


def threads() -> int:
    """How many threads the orbits are shared among: `NUMBA_NUM_THREADS`, else every core this process may use."""
    chosen = os.environ.get("NUMBA_NUM_THREADS")
    return max(1, int(chosen)) if chosen else len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (
        os.cpu_count() or 1)


def trace(field, positions, momenta, *, charge=1.0, mass_TV=PROTON_MASS_TV, backwards=False, boundary_AU=4000.0,
          path_cap_AU=30000.0, tolerance=1e-8, neighbours=True, progress=False) -> Orbits:
    """Trace orbits to a sphere about the origin: x and p of Eq. (1), and the motion that keeps f.

    Backwards in time means that charge and electric field change sign together with the momentum.

    Parameters
    ----------
    field : Heliosphere, GriddedHeliosphere or (user_field(...), sequence of float)
        The field; or a user's own and the parameters that go to it.
    positions, momenta : array (N, 3)
        AU; momentum over charge number (rigidity), TV; axes of the model.
    charge, mass_TV : float
        Sign of the charge (a momentum over charge being given, its size has no effect), and the rest energy over the
        charge number.
    backwards : bool
        Trace back in time.
    boundary_AU, path_cap_AU : float
        Radius of the sphere; path after which an orbit is given up.
    tolerance : float
        Of each step: error of position over (r + 1 AU), and of momentum over momentum.
    neighbours : bool
        Follow two neighbouring orbits along with each, for its amplification and error: half as long again.
    progress : bool
        Show a bar if this is a terminal.

    Raises
    ------
    OrbitError
        If the shapes do not fit, an orbit starts outside the sphere, or a number is out of range.
    """
    positions, momenta = (np.atleast_2d(np.asarray(a, dtype=float)) for a in (positions, momenta))
    if positions.shape != momenta.shape or positions.ndim != 2 or positions.shape[1] != 3:
        raise OrbitError(f"positions {positions.shape} and momenta {momenta.shape} must both have shape (N, 3)")
    for name, value in (("boundary_AU", boundary_AU), ("path_cap_AU", path_cap_AU), ("tolerance", tolerance)):
        if not 0.0 < value < math.inf:
            raise OrbitError(f"{name} is {value}, but it must be a positive number")
    if not (np.all(np.isfinite(positions)) and np.all(np.isfinite(momenta)) and np.all(np.any(momenta != 0, axis=1))):
        raise OrbitError("positions and momenta must be finite numbers, and no momentum may be zero")
    if np.any(np.linalg.norm(positions, axis=1) >= boundary_AU):
        raise OrbitError(f"an orbit starts outside the sphere of {boundary_AU} AU: choose a larger boundary_AU")
    if isinstance(field, Heliosphere | GriddedHeliosphere):
        run = kernels._orbits if isinstance(field, Heliosphere) else _gridded_orbits()
        parameters = field.packed
    else:
        run, parameters = field
    parameters = np.ascontiguousarray(parameters, dtype=float)
    sign = -1.0 if backwards else 1.0
    states = np.concatenate([positions, sign * momenta], axis=1)
    out = np.empty((len(states), 5))
    starts = range(0, len(states), CHUNK)

    def work(i):
        run(states[i:i + CHUNK], out[i:i + CHUNK], sign * charge * LORENTZ, sign, mass_TV**2, boundary_AU,
            path_cap_AU, tolerance, neighbours, parameters)

    work(len(states))  # of none: compiles, if need be, before the threads start
    with ThreadPoolExecutor(threads()) as pool:
        list(tqdm(pool.map(work, starts), total=len(starts), disable=None if progress else True, desc="orbits",
                  unit=f"x{CHUNK}"))
    if not neighbours:
        out[:, 3:] = np.nan
    return Orbits(states[:, :3], sign * states[:, 3:], out[:, 0], out[:, 1].astype(int), out[:, 2].astype(bool),
                  out[:, 3], np.degrees(np.minimum(out[:, 4], np.pi)))
