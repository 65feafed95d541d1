"""Orbits of charged particles: dr/ds = v, dp/ds = q (v x B + E), one orbit in one compiled loop.

Dormand and Prince's pair of orders 5 and 4 with adaptive steps. The field may consist of several regions, each
smooth: a step stays with the field of the region in which it began, and is shortened until it ends on the border
where it would cross one, so that no step straddles a jump; the sphere on which an orbit ends is met the same way, by
regula falsi on the length of the step from the last inside state. A step that would fall below the floor is taken at
the floor. s is c times time, in AU; momenta are rigidities in TV; nothing here knows of the sky or of the Sun, except
that steps are kept below half the distance from the origin, lest they jump over what is small there.

References
----------
Dormand & Prince 1980, J. Comp. Appl. Math. 6, 19; Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I.
"""

import math
import os
import types
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from lisbon_core._core import LisbonError, kernel
from lisbon_core.heliosphere.closed_form import Heliosphere, border, field_in, region_of
from lisbon_core.units import LORENTZ, PROTON_MASS_TV

__all__ = ["OrbitError", "Orbits", "trace", "user_field"]

LONGEST = 150.0  # AU, of any step
SHARE = 0.5  # of the distance from the origin
FLOOR = 1e-6  # AU + the same share of that distance: the shortest step
MOST_STEPS = 1_000_000
CHUNK = 256  # orbits handed to a thread at a time


class OrbitError(LisbonError):
    """Orbits that cannot be traced as asked."""


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def _derivative(y, k, region, factor, electric, mass2, parameters):
    """k = dy/ds at the state y = (r, p)."""
    bx, by, bz, ex, ey, ez = field_in(region, y[0], y[1], y[2], parameters)
    over_energy = 1.0 / math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5] + mass2)
    vx, vy, vz = y[3] * over_energy, y[4] * over_energy, y[5] * over_energy
    k[0], k[1], k[2] = vx, vy, vz
    k[3] = factor * (vy * bz - vz * by + electric * ex)
    k[4] = factor * (vz * bx - vx * bz + electric * ey)
    k[5] = factor * (vx * by - vy * bx + electric * ez)


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def _step(y, h, k, t, end, region, factor, electric, mass2, parameters):
    """One step from y to `end`; k[0] holds the derivative at y, k[6] afterwards that at the end."""
    for c in range(6):
        t[c] = y[c] + h * (k[0, c] / 5.0)
    _derivative(t, k[1], region, factor, electric, mass2, parameters)
    for c in range(6):
        t[c] = y[c] + h * (3.0 / 40.0 * k[0, c] + 9.0 / 40.0 * k[1, c])
    _derivative(t, k[2], region, factor, electric, mass2, parameters)
    for c in range(6):
        t[c] = y[c] + h * (44.0 / 45.0 * k[0, c] - 56.0 / 15.0 * k[1, c] + 32.0 / 9.0 * k[2, c])
    _derivative(t, k[3], region, factor, electric, mass2, parameters)
    for c in range(6):
        t[c] = y[c] + h * (19372.0 / 6561.0 * k[0, c] - 25360.0 / 2187.0 * k[1, c] + 64448.0 / 6561.0 * k[2, c]
                           - 212.0 / 729.0 * k[3, c])
    _derivative(t, k[4], region, factor, electric, mass2, parameters)
    for c in range(6):
        t[c] = y[c] + h * (9017.0 / 3168.0 * k[0, c] - 355.0 / 33.0 * k[1, c] + 46732.0 / 5247.0 * k[2, c]
                           + 49.0 / 176.0 * k[3, c] - 5103.0 / 18656.0 * k[4, c])
    _derivative(t, k[5], region, factor, electric, mass2, parameters)
    for c in range(6):
        end[c] = y[c] + h * (35.0 / 384.0 * k[0, c] + 500.0 / 1113.0 * k[2, c] + 125.0 / 192.0 * k[3, c]
                             - 2187.0 / 6784.0 * k[4, c] + 11.0 / 84.0 * k[5, c])
    _derivative(end, k[6], region, factor, electric, mass2, parameters)


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def _local_error(h, k, t, r, p):
    """Error of the step: the larger of |dr|/(r + 1 AU) and |dp|/p."""
    for c in range(6):
        t[c] = h * (71.0 / 57600.0 * k[0, c] - 71.0 / 16695.0 * k[2, c] + 71.0 / 1920.0 * k[3, c]
                    - 17253.0 / 339200.0 * k[4, c] + 22.0 / 525.0 * k[5, c] - k[6, c] / 40.0)
    return max(math.sqrt(t[0] * t[0] + t[1] * t[1] + t[2] * t[2]) / (r + 1.0),
               math.sqrt(t[3] * t[3] + t[4] * t[4] + t[5] * t[5]) / p)


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def _beyond(y, region, boundary, parameters):
    """How far (AU) y lies beyond its region or the sphere, negative within; and the region there, -1 = outside."""
    out = math.sqrt(y[0] * y[0] + y[1] * y[1] + y[2] * y[2]) - boundary
    over, other = border(region, y[0], y[1], y[2], parameters)
    return (out, -1) if out > over else (over, other)


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def _orbit(y, k, t, end, factor, electric, mass2, boundary, path_cap, tolerance, parameters):
    """Carry y to the sphere, or to the end of the path; returns path, evaluations, whether it got out."""
    region = region_of(y[0], y[1], y[2], parameters)
    _derivative(y, k[0], region, factor, electric, mass2, parameters)
    path, evaluations, h = 0.0, 1, 1.0
    for _ in range(MOST_STEPS):
        r = math.sqrt(y[0] * y[0] + y[1] * y[1] + y[2] * y[2])
        p = math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5])
        floor = FLOOR * (1.0 + r)
        h = max(min(h, LONGEST, SHARE * r), floor)
        last = h >= path_cap - path
        if last:
            h = path_cap - path
        _step(y, h, k, t, end, region, factor, electric, mass2, parameters)
        evaluations += 6
        error = _local_error(h, k, t, r, p) / tolerance
        if error > 1.0 and h > floor:
            h *= max(0.2, 0.9 * error ** -0.2)
            continue
        grown = h * min(5.0, 0.9 * max(error, 1e-9) ** -0.2)
        # on the way: the middle of the cubic through both ends, which costs nothing
        for c in range(6):
            t[c] = 0.5 * (y[c] + end[c]) + 0.125 * h * (k[0, c] - k[6, c])
        over, other = _beyond(end, region, boundary, parameters)
        half, half_other = _beyond(t, region, boundary, parameters)
        if over <= 0.0 and half <= 0.0:
            for c in range(6):
                y[c], k[0, c] = end[c], k[6, c]
            path += h
            h = grown
            if last:
                return path, evaluations, False
            continue
        # a border lies within the step: find the length that ends on it, a hair beyond
        aim = 0.5e-9 if other == -1 else 0.5 * min(1e-6, max(10.0 * tolerance, 1e-10))
        before, _ = _beyond(y, region, boundary, parameters)
        low, f_low, high, f_high = 0.0, min(before, 0.0) - aim, h, over - aim
        if half > 0.0:
            high, f_high, other = 0.5 * h, half - aim, half_other
        side, trial = 0, high
        for _ in range(60):
            trial = high - f_high * (high - low) / (f_high - f_low) if f_high > f_low else 0.5 * (low + high)
            _step(y, trial, k, t, end, region, factor, electric, mass2, parameters)
            evaluations += 6
            over, beyond = _beyond(end, region, boundary, parameters)
            if abs(over - aim) <= aim or high - low < 1e-13 * (1.0 + r):
                break
            if over > aim:
                high, f_high, other = trial, over - aim, beyond
                if side == 1:
                    f_low *= 0.5
                side = 1
            else:
                low, f_low = trial, over - aim
                if side == -1:
                    f_high *= 0.5
                side = -1
        path += trial
        for c in range(6):
            y[c] = end[c]
        if over > 0.0:
            other = beyond
        if other == -1:
            return path, evaluations, True
        region = other
        _derivative(y, k[0], region, factor, electric, mass2, parameters)
        evaluations += 1
        h = grown
    return path, evaluations, False


@kernel(error_model="numpy", nogil=True)
def _orbits(states, out, factor, electric, mass2, boundary, path_cap, tolerance, parameters):
    """`_orbit` for every row of states (N, 6), in place; out (N, 3): path, evaluations, escaped."""
    k, t, end = np.empty((7, 6)), np.empty(6), np.empty(6)
    for i in range(len(states)):
        path, evaluations, escaped = _orbit(states[i], k, t, end, factor, electric, mass2, boundary, path_cap,
                                            tolerance, parameters)
        out[i, 0], out[i, 1], out[i, 2] = path, evaluations, escaped


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
        Whether the orbit reached the sphere before the end of its path.
    """

    position: np.ndarray
    momentum: np.ndarray
    path: np.ndarray
    evaluations: np.ndarray
    escaped: np.ndarray


def user_field(function):
    """Tracer for a field of one's own, as fast as the built-in one: pass what this returns to `trace`.

    Parameters
    ----------
    function : callable
        `(x, y, z, parameters) -> (Bx, By, Bz, Ex, Ey, Ez)`, AU, microgauss, microgauss c; compiled by numba here
        unless it is compiled already.

    Examples
    --------
    >>> uniform = user_field(lambda x, y, z, parameters: (0.0, 0.0, parameters[0], 0.0, 0.0, 0.0))
    >>> orbits = trace((uniform, [3.0]), [[0.0, 0.0, 0.0]], [[0.0, 0.0, 4.0]], boundary_AU=100.0)
    >>> bool(abs(orbits.position[0, 2] - 100.0) < 1e-8)
    True
    """
    import numba

    compiled = function if hasattr(function, "py_func") else numba.njit(error_model="numpy", nogil=True)(function)
    names = {"field_in": numba.njit(lambda region, x, y, z, parameters: compiled(x, y, z, parameters)),
             "region_of": numba.njit(lambda x, y, z, parameters: 0),
             "border": numba.njit(lambda region, x, y, z, parameters: (-1.0, 0))}
    scope = {**globals(), **names}
    for kept in (_derivative, _step, _beyond, _orbit, _orbits):
        copy = types.FunctionType(kept.py_func.__code__, scope, kept.py_func.__name__)
        scope[copy.__name__] = numba.njit(error_model="numpy", fastmath={"contract"}, nogil=True)(copy)
    return scope["_orbits"]


def threads() -> int:
    """How many threads the orbits are shared among: `NUMBA_NUM_THREADS`, else every core this process may use."""
    chosen = os.environ.get("NUMBA_NUM_THREADS")
    return max(1, int(chosen)) if chosen else len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (
        os.cpu_count() or 1)


def trace(field, positions, momenta, *, charge=1.0, mass_TV=PROTON_MASS_TV, backwards=False, boundary_AU=4000.0,
          path_cap_AU=30000.0, tolerance=1e-8, progress=False) -> Orbits:
    """Trace orbits to a sphere about the origin.

    Backwards in time means that charge and electric field change sign together with the momentum.

    Parameters
    ----------
    field : Heliosphere or (user_field(...), sequence of float)
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
    run, parameters = (_orbits, field.packed) if isinstance(field, Heliosphere) else field
    parameters = np.ascontiguousarray(parameters, dtype=float)
    sign = -1.0 if backwards else 1.0
    states = np.concatenate([positions, sign * momenta], axis=1)
    out = np.empty((len(states), 3))
    starts = range(0, len(states), CHUNK)

    def work(i):
        run(states[i:i + CHUNK], out[i:i + CHUNK], sign * charge * LORENTZ, sign, mass_TV**2, boundary_AU,
            path_cap_AU, tolerance, parameters)

    if len(starts):
        work(starts[0])  # compiles, if need be, before the threads start
    with ThreadPoolExecutor(threads()) as pool:
        list(tqdm(pool.map(work, starts[1:]), total=len(starts), initial=1, disable=None if progress else True,
                  desc="orbits", unit=f"x{CHUNK}"))
    return Orbits(states[:, :3], sign * states[:, 3:], out[:, 0], out[:, 1].astype(int), out[:, 2].astype(bool))
