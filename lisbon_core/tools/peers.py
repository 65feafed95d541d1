"""The same orbits traced by others, for comparison: scipy, heyoka and numbalsoda (extra `bench`).

Workload B: protons of 4 TV from 1 AU, backwards to 1000 AU, through a spiral blended at 100 AU into a uniform field.
The others are told in advance when each orbit ends, so that none of them pays for finding the exit; whoever takes
compiled functions gets the very field that our own tracer uses.
"""

import functools
import importlib
import math

import numpy as np

from lisbon_core.heliosphere.parameters import FAST
from lisbon_core.units import LORENTZ, PROTON_MASS_TV

__all__ = ["BOUNDARY_AU", "PATH_CAP_AU", "heyoka_spiral", "numbalsoda_solver", "optional", "scipy_solver",
           "spiral_field", "starts"]

BOUNDARY_AU, PATH_CAP_AU = 1000.0, 20000.0  # of workload B
LONGEST = 150.0  # AU: without such a limit the others' steps jump over the inner field; numbalsoda's has none


def optional(name: str):
    """Module of that name, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def starts(n: int, rigidity_TV: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Positions (1, 0, 0) AU and momenta in n directions spread over the sphere, each (n, 3)."""
    i = np.arange(n)
    z, angle = 1.0 - (2 * i + 1) / n, (i + 0.5) * math.pi * (3.0 - math.sqrt(5.0))
    s = np.sqrt(1.0 - z * z)
    direction = np.stack([s * np.cos(angle), s * np.sin(angle), z], axis=1)
    return np.tile([1.0, 0.0, 0.0], (n, 1)), rigidity_TV * direction


def _spiral(sqrt, tanh):
    """B of workload B in microgauss as a function of x, y, z, made of the functions given: of numbers or of symbols."""
    axis_x, axis_z = math.sin(0.7), math.cos(0.7)

    def field(x, y, z):
        r2 = x * x + y * y + z * z
        r = sqrt(r2)
        outer = 0.5 * (1.0 + tanh((r - 100.0) / 5.0))
        radial = (1.0 - outer) * 50.0 / (r2 * r)
        around = (1.0 - outer) * -50.0 / r2
        return (radial * x - around * axis_z * y, radial * y + around * (axis_z * x - axis_x * z),
                radial * z + around * axis_x * y + 3.0 * outer)

    return field


def spiral_field():
    """Field of workload B, compiled, as `orbits.user_field` takes it; it has no parameters."""
    import numba

    field = numba.njit(**FAST)(_spiral(math.sqrt, math.tanh))
    return numba.njit(**FAST)(lambda x, y, z, parameters: (*field(x, y, z), 0.0, 0.0, 0.0))


def _derivative(field):
    """dy/ds of a proton followed backwards in time, compiled: (y, out, parameters) -> None."""
    import numba

    @numba.njit(**FAST)
    def derivative(y, out, parameters):
        bx, by, bz, ex, ey, ez = field(y[0], y[1], y[2], parameters)
        over_energy = 1.0 / math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5] + PROTON_MASS_TV**2)
        vx, vy, vz = y[3] * over_energy, y[4] * over_energy, y[5] * over_energy
        out[0], out[1], out[2] = vx, vy, vz
        out[3] = -LORENTZ * (vy * bz - vz * by - ex)
        out[4] = -LORENTZ * (vz * bx - vx * bz - ey)
        out[5] = -LORENTZ * (vx * by - vy * bx - ez)

    return derivative


def scipy_solver(field, parameters, method: str):
    """Solver (states (N, 6), times (N,), tolerance) -> final states, by scipy's `solve_ivp`, compiled right-hand side.

    States hold positions and reversed momenta.
    """
    import numba
    from scipy.integrate import solve_ivp

    derivative = _derivative(field)

    @numba.njit(**FAST)
    def side(_, y, parameters):
        out = np.empty(6)
        derivative(y, out, parameters)
        return out

    def solve(states, times, tolerance):
        return np.stack([solve_ivp(side, (0.0, time), state, method, [time], rtol=tolerance, atol=tolerance,
                                   max_step=LONGEST, args=(parameters,)).y[:, -1]
                         for state, time in zip(states, times, strict=True)])

    side(0.0, np.ones(6), parameters)
    return solve


@functools.cache
def _numbalsoda_loop():
    import numba

    dop853 = optional("numbalsoda").dop853

    @numba.njit
    def loop(address, states, times, data, tolerance):
        ends = np.empty_like(states)
        for i in range(len(states)):
            ends[i] = dop853(address, states[i], np.array([0.0, times[i]]), data, tolerance, tolerance, 1_000_000)[0][1]
        return ends

    return loop


def numbalsoda_solver(field, parameters):
    """The same by numbalsoda's dop853, in one compiled loop."""
    import numba

    derivative, size, loop = _derivative(field), len(parameters), _numbalsoda_loop()

    @numba.cfunc(optional("numbalsoda").lsoda_sig)
    def side(_, y, out, data):
        derivative(numba.carray(y, (6,)), numba.carray(out, (6,)), numba.carray(data, (size,)))

    def solve(states, times, tolerance):
        return loop(side.address, states, times, parameters, tolerance)

    solve(np.ones((1, 6)), np.ones(1), 1e-3)  # compiles
    return solve


def heyoka_spiral(tolerance: float):
    """The same for workload B by heyoka's Taylor series, as many orbits side by side as the processor takes.

    heyoka compiles symbols, for one tolerance at a time: the solver leaves its third argument unused.
    """
    hy = optional("heyoka")
    x, y, z, px, py, pz = hy.make_vars("x", "y", "z", "px", "py", "pz")
    bx, by, bz = _spiral(hy.sqrt, hy.tanh)(x, y, z)
    energy = hy.sqrt(px * px + py * py + pz * pz + PROTON_MASS_TV**2)
    vx, vy, vz = px / energy, py / energy, pz / energy
    lanes = hy.recommended_simd_size()
    system = [(x, vx), (y, vy), (z, vz), (px, -LORENTZ * (vy * bz - vz * by)), (py, -LORENTZ * (vz * bx - vx * bz)),
              (pz, -LORENTZ * (vx * by - vy * bx))]
    taylor = hy.taylor_adaptive_batch(system, np.ones((6, lanes)), tol=tolerance)

    def solve(states, times, _):
        ends = np.empty_like(states)
        order = np.argsort(times)  # orbits as long as each other go together
        for first in range(0, len(states), lanes):
            chosen = np.resize(order[first:first + lanes], lanes)
            taylor.set_time(0.0)
            taylor.state[:] = states[chosen].T
            taylor.propagate_until(times[chosen], max_delta_t=[LONGEST] * lanes)
            ends[chosen] = taylor.state.T
        return ends

    return solve
