"""The same orbits traced and the same fit solved by others, and timed: scipy; heyoka, numbalsoda (extra `bench`).

Workload B: protons of 4 TV from 1 AU, backwards to 1000 AU, through a spiral blended at 100 AU into a uniform field.
The others are told when each orbit ends and need not find the exit; whoever takes compiled functions gets our field.
"""

import importlib.util
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import numba
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

from lisbon_core.anisotropy import fit_coefficients
from lisbon_core.ground.frames import angle_between, spread_directions
from lisbon_core.ground.kernels import STRICT, kernel
from lisbon_core.ground.units import LORENTZ, PROTON_MASS_TV
from lisbon_core.orbits.kernels import integrate
from lisbon_core.orbits.motion import Field
from lisbon_core.orbits.tracing import one_region

BOUNDARY_AU, PATH_CAP_AU = 1000.0, 20000.0  # of workload B
# AU: the longest steps, for without a limit they jump over the inner field; numbalsoda knows none, and heyoka's series
# needs a shorter one for 99 % of its orbits to come within 0.03 degrees
LONGEST, LONGEST_HEYOKA = 150.0, 75.0


@dataclass(frozen=True)
class Measured:
    """One code at one tolerance: orbits a second; median and 99th percentile of the final error, degrees."""

    code: str
    tolerance: float
    rate: float
    median: float
    p99: float


def timed(work, times: int = 1, clock=time.process_time) -> tuple[float, object]:
    """Median of the times that `work` took, in seconds, and what it returned.

    By default what all threads spent computing, which others on the machine disturb less than the time of day.
    """
    seconds = []
    for _ in range(times):
        start = clock()
        result = work()
        seconds.append(clock() - start)
    return float(np.median(seconds)), result


def measure(code: str, momenta, exact, tolerances, times: int = 1) -> list[Measured]:
    """Measure `momenta(tolerance)` -> (N, 3) against the exact final momenta (N, 3) at several tolerances."""
    found = []
    for tolerance in tolerances:
        seconds, ends = timed(lambda tolerance=tolerance: momenta(tolerance), times)
        median, p99 = np.quantile(angle_between(ends, exact), (0.5, 0.99)).tolist()
        found.append(Measured(code, tolerance, rate=len(exact) / seconds, median=median, p99=p99))
    return found


def cores(n: int):
    """Context in which `orbits.trace` shares its orbits among n threads."""
    return patch.dict(os.environ, NUMBA_NUM_THREADS=str(n))


def evaluation_ns(field, parameters, points) -> float:
    """Time of one evaluation of a compiled field in a bare loop over points (N, 3), nanoseconds."""
    @numba.njit(**STRICT)
    def loop(points, parameters):
        total = 0.0
        for x, y, z in points:
            total += sum(field(x, y, z, parameters))
        return total

    loop(points[:1], parameters)
    return 1e9 * timed(lambda: loop(points, parameters), 3)[0] / len(points)


def optional(name: str):
    """Module of that name, or None where it is not installed."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def starts(n: int, rigidity_TV: float = 4.0) -> np.ndarray:
    """States (n, 6): (1, 0, 0) AU, and minus the momenta in n directions spread over the sphere."""
    return np.hstack([np.tile([1.0, 0.0, 0.0], (n, 1)), -rigidity_TV * spread_directions(n)])


def _spiral(sqrt, tanh):
    """B and E of workload B as a function of x, y, z, made of the functions given: of numbers or of symbols."""
    axis_x, axis_z = math.sin(0.7), math.cos(0.7)

    def field(x, y, z, parameters):
        r2 = x * x + y * y + z * z
        r = sqrt(r2)
        outer = 0.5 * (1.0 + tanh((r - 100.0) / 5.0))
        radial, around = (1.0 - outer) * 50.0 / (r2 * r), (1.0 - outer) * -50.0 / r2
        return (radial * x - around * axis_z * y, radial * y + around * (axis_z * x - axis_x * z),
                radial * z + around * axis_x * y + 3.0 * outer, 0.0, 0.0, 0.0)

    return field


def _motion(field, sqrt):
    """dy/ds of a proton followed backwards in time, a function of y and the parameters of the field."""
    def derivative(y, parameters):
        x, y, z, px, py, pz = y[0], y[1], y[2], y[3], y[4], y[5]
        bx, by, bz, ex, ey, ez = field(x, y, z, parameters)
        over_energy = 1.0 / sqrt(px**2 + py**2 + pz**2 + PROTON_MASS_TV**2)
        vx, vy, vz = px * over_energy, py * over_energy, pz * over_energy
        return (vx, vy, vz, -LORENTZ * (vy * bz - vz * by - ex), -LORENTZ * (vz * bx - vx * bz - ey),
                -LORENTZ * (vx * by - vy * bx - ez))

    return derivative


# the field of workload B, which has no parameters, and our tracer through it: both are kept on disk
spiral_field = kernel(**STRICT)(_spiral(math.sqrt, math.tanh))
_OWN = one_region("workload B", spiral_field, BOUNDARY_AU)


@kernel(**STRICT)
def spiral_tracer(states, found, motion, parameters):
    """Our tracer through workload B, as `orbits.trace` takes it."""
    integrate(states, found, motion, Field(_OWN, parameters))


def scipy_solver(field, parameters):
    """Solver (states (N, 6), times (N,), tolerance, method) -> final states, by scipy's `solve_ivp`."""
    derivative = numba.njit(**STRICT)(_motion(field, math.sqrt))
    side = numba.njit(**STRICT)(lambda _, y, parameters: np.array(derivative(y, parameters)))

    def solve(states, times, tolerance, method="RK45"):
        options = {"method": method, "rtol": tolerance, "atol": tolerance, "max_step": LONGEST, "args": (parameters,)}
        return np.stack([solve_ivp(side, (0.0, t), y, **options).y[:, -1] for y, t in zip(states, times, strict=True)])

    solve(np.ones((1, 6)), np.ones(1), 1e-3)  # compiles
    return solve


def numbalsoda_solver(field, parameters):
    """The same by numbalsoda's dop853, in one compiled loop."""
    derivative, numbalsoda = numba.njit(**STRICT)(_motion(field, math.sqrt)), optional("numbalsoda")
    dop853, size = numbalsoda.dop853, len(parameters)

    @numba.cfunc(numbalsoda.lsoda_sig)
    def side(_, y, out, data):
        change = derivative(numba.carray(y, (6,)), numba.carray(data, (size,)))
        for i in range(6):
            out[i] = change[i]

    @numba.njit(nogil=True)
    def loop(address, states, times, data, tolerance):
        ends = np.empty_like(states)
        for i in range(len(states)):
            ends[i] = dop853(address, states[i], np.array([0.0, times[i]]), data, tolerance, tolerance, 1_000_000)[0][1]
        return ends

    def solve(states, times, tolerance):
        return loop(side.address, states.copy(), times.copy(), parameters, tolerance)

    solve(np.ones((1, 6)), np.ones(1), 1e-3)  # compiles
    return solve


def heyoka_spiral(tolerance: float):
    """The same for workload B by heyoka's Taylor series, for one tolerance; orbits side by side in registers."""
    hy = optional("heyoka")
    symbols, lanes = hy.make_vars("x", "y", "z", "px", "py", "pz"), hy.recommended_simd_size()
    right = _motion(_spiral(hy.sqrt, hy.tanh), hy.sqrt)(symbols, None)
    taylor = hy.taylor_adaptive_batch(list(zip(symbols, right, strict=True)), np.ones((6, lanes)), tol=tolerance)

    def solve(states, times, _):
        ends = np.empty_like(states)
        order = np.argsort(times)  # orbits as long as each other go together
        for first in range(0, len(states), lanes):
            chosen = np.resize(order[first:first + lanes], lanes)
            taylor.set_time(0.0)
            taylor.state[:] = states[chosen].T
            taylor.propagate_until(times[chosen], max_delta_t=[LONGEST_HEYOKA] * lanes)
            ends[chosen] = taylor.state.T
        return ends

    return solve


def fit_solvers(columns, data: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """Functions without arguments that return theta, shape (order + 2,), by the name of the code; ours is the first.

    All minimise the sum of squared residuals in units of sigma, ring means and all, from a start at zero, in parameters
    scaled as ours are, with our analytic Jacobian. When to stop is left at each code's own default.

    Parameters
    ----------
    columns : Design
        Model and weights.
    data : ndarray, shape (n_observed,)
        Relative intensity, each ring with mean 1.
    """
    scale, root = columns.scale, np.sqrt(columns.weight)

    def residual(x):
        theta = scale * x
        model = columns.intensity(theta) / (columns.ring_columns @ np.append(1.0, theta))
        return root * (model - data)

    def slopes(x):
        return columns.relative_intensity(scale * x)[1] * scale * root[:, None]

    def scipy_way(method):
        return lambda: scale * least_squares(residual, np.zeros(scale.size), slopes, method=method).x

    return {"this package": lambda: fit_coefficients(columns, data),
            "scipy trf": scipy_way("trf"), "scipy lm": scipy_way("lm")}
