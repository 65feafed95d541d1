"""Orbits traced on all cores to a sphere about the origin: where they end, how well that is known."""

import itertools
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import config, njit

from lisbon_core.ground._core import LisbonError
from lisbon_core.ground.kernels import STRICT, kernel
from lisbon_core.ground.units import LORENTZ, PROTON_MASS_TV
from lisbon_core.heliosphere import AnyHeliosphere, Heliosphere
from lisbon_core.heliosphere.closed_form import INTERSTELLAR, border, field_in, held, region_of
from lisbon_core.heliosphere.gridded_kernels import border_of_grid, field_in_grid, region_on_grid
from lisbon_core.heliosphere.interstellar import draped
from lisbon_core.heliosphere.intrinsics import borrowed
from lisbon_core.orbits.kernels import integrate
from lisbon_core.orbits.motion import Field, Motion, field_functions

CHAOTIC = 100.0  # amplification above which a single orbit has lost its meaning
CHUNK = 256  # orbits handed to a thread at a time: the last of them leave lanes empty


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


_CLOSED_FORM = field_functions("closed form", field_in, region_of, border, INTERSTELLAR, draped, held)
_GRID = field_functions("grid", field_in_grid, region_on_grid, border_of_grid)
_OWN = itertools.count()


# these two, with all that they call, are kept on disk
@kernel(**STRICT)
def _in_closed_form(states, found, motion, parameters):
    integrate(states, found, motion, Field(_CLOSED_FORM, borrowed(parameters)))


@kernel(**STRICT)
def _on_grid(states, found, motion, parameters):
    integrate(states, found, motion, Field(_GRID, borrowed(parameters)))


def one_region(name: str, compiled, longest_AU: float):
    """What the integrator asks of a compiled field without borders: see `user_field`, `motion.field_functions`."""
    return field_functions(name, njit(lambda region, x, y, z, parameters: compiled(x, y, z, parameters)),
                           njit(lambda x, y, z, parameters: 0),
                           njit(lambda region, x, y, z, parameters: (-longest_AU, 0)))


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
    compiled = function if hasattr(function, "py_func") else njit(**STRICT)(function)
    own = one_region(f"own {next(_OWN)}", compiled, longest_AU)
    return njit(**STRICT)(lambda states, found, motion, parameters: integrate(
        states, found, motion, Field(own, borrowed(parameters))))


def trace(field, positions, momenta, *, charge=1.0, mass_TV=PROTON_MASS_TV, backwards=False, boundary_AU=4000.0,
          path_cap_AU=60000.0, tolerance=1e-8, patience=math.inf, neighbours=True) -> Orbits:
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
    patience : float
        Steps after which it grows, as the square of their number, to 50 times as much: for samples of what so long an
        orbit, which is chaotic, may do.
    neighbours : bool
        Follow two neighbouring orbits along with each, for its amplification and error: half as long again.

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
    if isinstance(field, AnyHeliosphere):
        run, parameters = _in_closed_form if isinstance(field, Heliosphere) else _on_grid, field.packed
    else:
        run, parameters = field
    parameters = np.ascontiguousarray(parameters, dtype=float)
    sign = -1.0 if backwards else 1.0
    motion = Motion(lorentz=sign * charge * LORENTZ, electric=sign, mass2=float(mass_TV)**2,
                    boundary=float(boundary_AU), path_cap=float(path_cap_AU), tolerance=float(tolerance),
                    patience=float(patience), neighbours=bool(neighbours))
    order = np.argsort(np.linalg.norm(momenta, axis=1), kind="stable")  # the longest orbits first, side by side
    states = np.concatenate([positions, sign * momenta], axis=1)[order]
    found = np.empty((len(states), 5))

    def work(i):
        run(states[i:i + CHUNK], found[i:i + CHUNK], motion, parameters)

    work(len(states))  # of none: compiles, if need be, before the threads start
    threads = os.environ.get("NUMBA_NUM_THREADS") or config.NUMBA_DEFAULT_NUM_THREADS  # every core it may use
    with ThreadPoolExecutor(max(1, int(threads))) as pool:
        list(pool.map(work, range(0, len(states), CHUNK)))
    if not neighbours:
        found[:, 3:] = np.nan
    back = np.argsort(order)
    states, (path, evaluations, escaped, amplification, error) = states[back], found[back].T.copy()
    return Orbits(position=states[:, :3], momentum=sign * states[:, 3:], path=path, evaluations=evaluations.astype(int),
                  escaped=escaped.astype(bool), amplification=amplification, error=np.degrees(np.minimum(error, np.pi)))
