"""The same orbits traced and the same fits solved by others: scipy; heyoka, numbalsoda, lmfit, iminuit (extra `bench`).

Workload B: protons of 4 TV from 1 AU, backwards to 1000 AU, through a spiral blended at 100 AU into a uniform field.
The others are told when each orbit ends and need not find the exit; whoever takes compiled functions gets our field.
"""

import functools
import importlib.util
import math
from collections.abc import Callable

import numpy as np

from lisbon_core._core import STRICT
from lisbon_core.frames import spread_directions
from lisbon_core.units import LORENTZ, PROTON_MASS_TV

__all__ = ["BOUNDARY_AU", "PATH_CAP_AU", "fit_solvers", "heyoka_spiral", "numbalsoda_solver", "optional",
           "scipy_solver", "spiral_field", "starts"]

BOUNDARY_AU, PATH_CAP_AU = 1000.0, 20000.0  # of workload B
# AU: the longest steps, for without a limit they jump over the inner field; numbalsoda knows none, and heyoka's series
# needs a shorter one for 99 % of its orbits to come within 0.03 degrees
LONGEST, LONGEST_HEYOKA = 150.0, 75.0


def optional(name: str):
    """Module of that name, or None where it is not installed."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def starts(n: int, rigidity_TV: float = 4.0) -> np.ndarray:
    """States (n, 6): (1, 0, 0) AU, and minus the momenta in n directions spread over the sphere."""
    return np.hstack([np.tile([1.0, 0.0, 0.0], (n, 1)), -rigidity_TV * spread_directions(n)])


def _spiral(sqrt, tanh):
    """B of workload B in microgauss as a function of x, y, z, made of the functions given: of numbers or of symbols."""
    axis_x, axis_z = math.sin(0.7), math.cos(0.7)

    def field(x, y, z):
        r2 = x * x + y * y + z * z
        r = sqrt(r2)
        outer = 0.5 * (1.0 + tanh((r - 100.0) / 5.0))
        radial, around = (1.0 - outer) * 50.0 / (r2 * r), (1.0 - outer) * -50.0 / r2
        return (radial * x - around * axis_z * y, radial * y + around * (axis_z * x - axis_x * z),
                radial * z + around * axis_x * y + 3.0 * outer)

    return field


def spiral_field():
    """Field of workload B, compiled, as `orbits.user_field` takes it; it has no parameters."""
    import numba

    field = numba.njit(**STRICT)(_spiral(math.sqrt, math.tanh))
    return numba.njit(**STRICT)(lambda x, y, z, parameters: (*field(x, y, z), 0.0, 0.0, 0.0))


@functools.cache
def _derivative(field):
    """dy/ds of a proton followed backwards in time, compiled: (y, out, parameters) -> None."""
    import numba

    @numba.njit(**STRICT)
    def derivative(y, out, parameters):
        bx, by, bz, ex, ey, ez = field(y[0], y[1], y[2], parameters)
        over_energy = 1.0 / math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5] + PROTON_MASS_TV**2)
        vx, vy, vz = y[3] * over_energy, y[4] * over_energy, y[5] * over_energy
        out[0], out[1], out[2] = vx, vy, vz
        out[3], out[4] = -LORENTZ * (vy * bz - vz * by - ex), -LORENTZ * (vz * bx - vx * bz - ey)
        out[5] = -LORENTZ * (vx * by - vy * bx - ez)

    return derivative


def scipy_solver(field, parameters):
    """Solver (states (N, 6), times (N,), tolerance, method) -> final states, by scipy's `solve_ivp`."""
    import numba
    from scipy.integrate import solve_ivp

    derivative = _derivative(field)

    @numba.njit(**STRICT)
    def side(_, y, parameters):
        out = np.empty(6)
        derivative(y, out, parameters)
        return out

    def solve(states, times, tolerance, method="RK45"):
        options = {"method": method, "rtol": tolerance, "atol": tolerance, "max_step": LONGEST, "args": (parameters,)}
        return np.stack([solve_ivp(side, (0.0, t), y, **options).y[:, -1] for y, t in zip(states, times, strict=True)])
    solve(np.ones((1, 6)), np.ones(1), 1e-3)  # compiles
    return solve


def numbalsoda_solver(field, parameters):
    """The same by numbalsoda's dop853, in one compiled loop."""
    import numba

    derivative, size, numbalsoda = _derivative(field), len(parameters), optional("numbalsoda")
    dop853 = numbalsoda.dop853

    @numba.cfunc(numbalsoda.lsoda_sig)
    def side(_, y, out, data):
        derivative(numba.carray(y, (6,)), numba.carray(out, (6,)), numba.carray(data, (size,)))

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
    x, y, z, px, py, pz = hy.make_vars("x", "y", "z", "px", "py", "pz")
    (bx, by, bz), energy = _spiral(hy.sqrt, hy.tanh)(x, y, z), hy.sqrt(px**2 + py**2 + pz**2 + PROTON_MASS_TV**2)
    vx, vy, vz, lanes = px / energy, py / energy, pz / energy, hy.recommended_simd_size()
    right = [vx, vy, vz, *(-LORENTZ * f for f in (vy * bz - vz * by, vz * bx - vx * bz, vx * by - vy * bx))]
    system = list(zip((x, y, z, px, py, pz), right, strict=True))
    taylor = hy.taylor_adaptive_batch(system, np.ones((6, lanes)), tol=tolerance)

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
    scaled as ours are, with our analytic Jacobian. When to stop is left at each code's own default, except that
    iminuit, which may stop a hundredth of an error from the least, is asked for less than a thousandth.

    Parameters
    ----------
    columns : Design
        Model and weights.
    data : ndarray, shape (n_observed,)
        Relative intensity, each ring with mean 1.
    """
    from scipy.optimize import least_squares

    from lisbon_core.anisotropy import fit_coefficients

    scale, root = columns.scale, np.sqrt(columns.weight)
    start = np.zeros(scale.size)

    def residual(x):
        theta = scale * x
        model = columns.intensity(theta) / (columns.ring_columns @ np.append(1.0, theta))
        return root * (model - data)

    def slopes(x):
        return columns.relative_intensity(scale * x)[1] * scale * root[:, None]

    def scipy_way(method):
        return lambda: scale * least_squares(residual, start, slopes, method=method).x

    found = {"this package": lambda: fit_coefficients(columns, data),
             "scipy trf": scipy_way("trf"), "scipy lm": scipy_way("lm")}
    if lmfit := optional("lmfit"):
        found["lmfit leastsq"] = lambda: scale * _lmfit(lmfit, residual, slopes, columns.names)
    if iminuit := optional("iminuit"):
        found["iminuit migrad"] = lambda: scale * _iminuit(iminuit, residual, slopes, start)
    return found


def _lmfit(lmfit, residual, slopes, names) -> np.ndarray:
    def values(p):
        return np.array(list(p.valuesdict().values()))

    start = lmfit.create_params(**dict.fromkeys(names, 0.0))
    way = lmfit.Minimizer(lambda p: residual(values(p)), start, calc_covar=False)
    return values(way.leastsq(Dfun=lambda p: slopes(values(p)).T, col_deriv=1).params)


def _iminuit(iminuit, residual, slopes, start) -> np.ndarray:
    minuit = iminuit.Minuit(lambda x: np.sum(residual(x) ** 2), start, grad=lambda x: 2.0 * residual(x) @ slopes(x))
    minuit.errordef = iminuit.Minuit.LEAST_SQUARES
    minuit.tol = 1e-4  # stops when the sum is estimated to be within 0.002 tol of its least, and that is 4e-4 errors
    return np.array(minuit.migrad().values)
