"""The two neighbours that go along with an orbit: how far they spread tells what becomes of a small error.

A neighbour's deviation d = (dr, dp) is carried linearly, one step of the orbit at a time, each part of a step keeping
volumes in phase space.
"""

import math

from numba import njit

from lisbon_core.ground.kernels import STRICT
from lisbon_core.orbits.motion import distance, field_at, force, over_energy
from lisbon_core.orbits.step import gyration, interpolated, rotated, rotation

ASIDE = 1e-4  # of r + 1 AU: how far aside the gradient of the field is looked for
GRAZING = 1e-3  # cosine to a border's normal below which a neighbour's delay is not let grow


@njit(**STRICT)
def perpendicular(y):
    """Two deviations of a state's momentum, as long as it, perpendicular to it and to each other."""
    p = math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5])
    sign = 1.0 if y[5] >= 0.0 else -1.0
    nx, ny, nz = y[3] / p, y[4] / p, y[5] / p
    a = -1.0 / (sign + nz)
    b = nx * ny * a
    return ((0.0, 0.0, 0.0, p * (1.0 + sign * nx * nx * a), p * sign * b, -p * sign * nx),
            (0.0, 0.0, 0.0, p * b, p * (sign + ny * ny * a), -p * ny))


@njit(**STRICT)
def carried(d, e, step, motion, field):
    """Two deviations carried over a step.

    To second order: half the gyration in the field of the middle, the kick by its gradient, and the other half.
    """
    y = interpolated(step, 0.5, motion)
    magnetic, over_e = field_at(y, step.region, field), over_energy(y, motion)
    half = rotation(0.5 * step.length, gyration(magnetic, over_e, motion), over_e)
    d = _kicked(rotated(half, d), magnetic, y, step, over_e, motion, field)
    e = _kicked(rotated(half, e), magnetic, y, step, over_e, motion, field)
    return rotated(half, d), rotated(half, e)


@njit(**STRICT)
def _kicked(d, here, y, step, over_e, motion, field):
    """The deviation d after the kick of the field's gradient along dr, taken from a point a little that way from y."""
    size = distance(d)
    if size == 0.0:
        return d
    aside = ASIDE * (1.0 + distance(y)) / size
    there = field_at((y[0] + aside * d[0], y[1] + aside * d[1], y[2] + aside * d[2]), step.region, field)
    change = (there[0] - here[0], there[1] - here[1], there[2] - here[2], there[3] - here[3], there[4] - here[4],
              there[5] - here[5])
    fx, fy, fz = force(y, change, over_e, motion)
    kick = step.length * motion.lorentz / aside
    return d[0], d[1], d[2], d[3] + kick * fx, d[4] + kick * fy, d[5] + kick * fz


@njit(**STRICT)
def behind_border(d, normal, before, after):
    """The deviation d behind a border: a neighbour meets it later, and dy/ds changes there from `before` to `after`."""
    across = normal[0] * before[0] + normal[1] * before[1] + normal[2] * before[2]
    if abs(across) < GRAZING:
        across = math.copysign(GRAZING, across)
    later = -(normal[0] * d[0] + normal[1] * d[1] + normal[2] * d[2]) / across
    return (d[0], d[1], d[2], d[3] + later * (before[3] - after[3]), d[4] + later * (before[4] - after[4]),
            d[5] + later * (before[5] - after[5]))


@njit(**STRICT)
def spread(d, e, y):
    """Size of two deviations, their mean, as errors of a step are measured: dr/(r + 1 AU) and dp/p."""
    r, p2 = distance(y), y[3] * y[3] + y[4] * y[4] + y[5] * y[5]
    return math.sqrt(0.5 * (_spread_squared(d, r, p2) + _spread_squared(e, r, p2)))


@njit(**STRICT)
def _spread_squared(d, r, p2):
    return ((d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / (r + 1.0) ** 2
            + (d[3] * d[3] + d[4] * d[4] + d[5] * d[5]) / p2)


@njit(**STRICT)
def stretch(d, e, p2):
    """The larger of the two stretches of a circle of momenta p^2 = p2 that d and e span, and their quadratic mean."""
    dd = (d[3] * d[3] + d[4] * d[4] + d[5] * d[5]) / p2
    ee = (e[3] * e[3] + e[4] * e[4] + e[5] * e[5]) / p2
    de = (d[3] * e[3] + d[4] * e[4] + d[5] * e[5]) / p2
    return math.sqrt(0.5 * (dd + ee) + math.sqrt(0.25 * (dd - ee) ** 2 + de * de)), math.sqrt(0.5 * (dd + ee))
