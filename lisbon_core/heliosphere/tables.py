"""Tables of the two integrals that cost time, as bicubic B-splines: the same field, several times cheaper.

All but two functions of the closed form are a few roots and divisions. Those two are elliptic integrals of two
variables, and they enter in such a way that Q_r = d^2 dJ/dr and dT/dr (at fixed theta) are all that is needed: the
other derivatives of J and T follow from the flow. At the heliopause both have terms like g log g, which are smooth
enough in the fourth root of g. E needs neither: curl E = 0 holds as it did.

    drape    interstellar.drape(g, C)               over g^(1/4), C                   the same for every heliosphere
    arrival  (1 - w/d^2) f U dT/dr at fixed theta   over r, cos(theta)                r_TS < r < d
                                                    over d/r, (1 - w/d^2)^(1/4)       d < r
"""

import functools
import math

import numpy as np

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.interstellar import FLOOR, around, drape, draped_from, wall
from lisbon_core.heliosphere.intrinsics import fma
from lisbon_core.heliosphere.parameters import INNER, NOSE, OVER_INNER, OVER_SHEATH, PACKED, SHOCK
from lisbon_core.heliosphere.sheath import CLOSE_TO_WALL, carried_from, off_axis, places, travel_gradient

__all__ = ["carried_fast", "draped_fast", "spline", "travel_fast", "with_tables"]

CELLS = 192  # of each table, either way
WITHIN = 0.8  # of the radius of the shock: how far inside the sheath's table begins
_SIZE = (CELLS + 3) ** 2


@kernel(**STRICT)
def _row(v_0, v_1, v_2, v_3, at, table):
    return fma(v_3, table[at + 3], v_2 * table[at + 2]) + fma(v_1, table[at + 1], v_0 * table[at])


@kernel(**STRICT)
def spline(u, v, first, table):
    """Value at (u, v) in [0, 1]^2 of the bicubic B-spline whose coefficients begin at table[first]."""
    u, v = min(max(u, 0.0), 1.0) * CELLS, min(max(v, 0.0), 1.0) * CELLS
    i, j = min(int(u), CELLS - 1), min(int(v), CELLS - 1)
    u, v = u - i, v - j
    u1, v1 = 1.0 - u, 1.0 - v
    v_0, v_3 = v1 * v1 * v1, v * v * v
    v_1, v_2 = 4.0 - 3.0 * v * v * (1.0 + v1), 4.0 - 3.0 * v1 * v1 * (1.0 + v)
    at = first + i * (CELLS + 3) + j
    row0 = _row(v_0, v_1, v_2, v_3, at, table)
    row1 = _row(v_0, v_1, v_2, v_3, at + CELLS + 3, table)
    row2 = _row(v_0, v_1, v_2, v_3, at + 2 * (CELLS + 3), table)
    row3 = _row(v_0, v_1, v_2, v_3, at + 3 * (CELLS + 3), table)
    outer = fma(u * u * u, row3, u1 * u1 * u1 * row0)
    return fma(4.0 - 3.0 * u1 * u1 * (1.0 + u), row2, fma(4.0 - 3.0 * u * u * (1.0 + u1), row1, outer)) * (1.0 / 36.0)


@kernel(**STRICT)
def draped_fast(x, y, z, parameters):
    """B and E (six floats) outside the heliopause at a point (AU, model axes), the integral from its table."""
    r, over_r, over_w, cosine = around(x, y, z)
    g = max(1.0 - parameters[NOSE] * parameters[NOSE] * over_w, FLOOR)
    value = spline(math.sqrt(math.sqrt(g)), cosine, PACKED, parameters)
    return draped_from(x, y, z, r, over_r, over_w, g, value, parameters)


@kernel(**STRICT)
def arrival(x, y, z, parameters):
    """(1 - w/d^2) f U dT/dr at fixed theta: closed form."""
    d = parameters[NOSE]
    rho2 = x * x + y * y
    r = math.sqrt(rho2 + z * z)
    inside = max(1.0 - wall(x, y, z) / (d * d), CLOSE_TO_WALL)
    if rho2 < 1e-12 * r * r:  # on the axis T is known: dT/dr = 1/(f u_r)
        rate = 1.0 / (d * d / (r * r) + 1.0) if z < 0.0 else r * r / (d * d * inside)
        return inside * rate
    tx, ty, tz = travel_gradient(x, y, z, parameters)
    return inside * (x * tx + y * ty + z * tz) / (r * parameters[OVER_SHEATH])


@kernel(**STRICT)
def travel_fast(z, r, over_r, rho2, over_rho2, inside, parameters):
    """Gradient of T from its tables: what goes with (x, y), and its z component."""
    d = parameters[NOSE]
    cosine = z * over_r
    if r < d:
        value = spline((r - parameters[INNER]) * parameters[OVER_INNER], 0.5 + 0.5 * cosine, PACKED + _SIZE, parameters)
    else:
        value = spline(d * over_r, math.sqrt(math.sqrt(inside)), PACKED + 2 * _SIZE, parameters)
    norm = parameters[OVER_SHEATH]
    rate = value / inside
    # dT/dtheta at fixed r over r sin(theta), from d(theta)/dt = f U sin^2(theta)/rho along the streamline
    turn = (1.0 - (d * d * over_r * over_r - cosine) * rate) * r * r * over_rho2
    # grad theta = (cos theta e_rho - sin theta z_hat)/r
    return norm * (rate + turn * cosine) * over_r, norm * (cosine * rate - turn * rho2 * over_r * over_r)


@kernel(**STRICT)
def carried_fast(x, y, z, parameters):
    """B and E (six floats) in the heliosheath at a point (AU, model axes), the gradient of T from its tables."""
    x, y = off_axis(x, y)
    r, over_r, rho2, over_rho2, _, _, inside, e, one_plus, over_root = places(x, y, z, parameters)
    radial, axial = travel_fast(z, r, over_r, rho2, over_rho2, inside, parameters)
    return carried_from(x, y, z, over_r, rho2, over_rho2, e, one_plus, over_root, radial * x, radial * y, axial,
                        parameters)


def _arrivals(r, cosine, packed) -> np.ndarray:
    x = r * np.sqrt(np.maximum(1.0 - cosine * cosine, 0.0))
    return np.vectorize(lambda x, z: arrival(x, 0.0, z, packed))(x, r * cosine)


def _through(values) -> np.ndarray:
    """Coefficients (n + 2, m) of cubic B-splines through the columns of values (n, m), not-a-knot at the ends.

    Gaussian elimination in a fixed order, and no library's: threads and processors would round it differently, and
    chaotic orbits tell the last digit.
    """
    nodes, size = np.arange(len(values)), len(values) + 2
    matrix, right = np.zeros((size, size)), np.zeros((size, values.shape[1]))
    for k, weight in enumerate((1.0, 4.0, 1.0)):
        matrix[nodes + 1, nodes + k] = weight / 6.0
    matrix[0, :5] = matrix[-1, -5:] = 1.0, -4.0, 6.0, -4.0, 1.0
    right[1:-1] = values
    for i in range(size):
        for below in i + 1 + np.flatnonzero(matrix[i + 1:, i]):
            ratio = matrix[below, i] / matrix[i, i]
            matrix[below] -= ratio * matrix[i]
            right[below] -= ratio * right[i]
    for i in reversed(range(size)):
        for k in range(i + 1, min(i + 6, size)):
            right[i] -= matrix[i, k] * right[k]
        right[i] /= matrix[i, i]
    return right


def _coefficients(values) -> np.ndarray:
    return _through(_through(values).T).T.ravel()


@functools.cache
def _drape_coefficients() -> np.ndarray:
    nodes = np.linspace(0.0, 1.0, CELLS + 1)
    squares = nodes * nodes
    return _coefficients(np.vectorize(drape)(np.maximum(squares * squares, FLOOR)[:, None], np.maximum(nodes, 1e-9)))


def with_tables(packed: np.ndarray) -> np.ndarray:
    """The packed scalars with the tables behind them."""
    packed = packed.copy()
    d = packed[NOSE]
    packed[INNER] = WITHIN * packed[SHOCK]
    packed[OVER_INNER] = 1.0 / (d - packed[INNER])
    u, v = np.meshgrid(*2 * [np.linspace(0.0, 1.0, CELLS + 1)], indexing="ij")
    inner = _arrivals(packed[INNER] + u * (d - packed[INNER]), 2.0 * v - 1.0, packed)
    r = d / np.maximum(u, 1e-6)
    outer = _arrivals(r, 2.0 * (1.0 - (v * v) * (v * v)) * (d / r) * (d / r) - 1.0, packed)
    return np.concatenate([packed, _drape_coefficients(), _coefficients(inner), _coefficients(outer)])
