"""The two neighbours that go along with an orbit: how far they spread tells what becomes of a small error.

A neighbour's deviation d = (dr, dp) is carried linearly, one step of the orbit at a time, each part of a step keeping
volumes in phase space.
"""

import math

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.closed_form import field_in
from lisbon_core.orbits.step import _gyration, _length, _onto, _over_energy, _turned

__all__ = []

ASIDE = 1e-4  # of r + 1 AU: how far aside the gradient of the field is looked for
GRAZING = 1e-3  # cosine to a border's normal below which a neighbour's delay is not let grow


@kernel(**STRICT)
def _deviate(d, e, y, h, region, factor, electric, mass2, parameters):
    """Carry two deviations over a step of length h whose middle is y.

    To second order: half the gyration in the field of the middle, the kick by its gradient, and the other half.
    """
    magnetic = field_in(region, y[0], y[1], y[2], parameters)
    over_energy = _over_energy(y, mass2)
    t = _turned(0.5 * h, _gyration(magnetic, factor, over_energy), over_energy)
    d = _kicked(_onto(t, d), magnetic, y, h, region, factor, electric, over_energy, parameters)
    e = _kicked(_onto(t, e), magnetic, y, h, region, factor, electric, over_energy, parameters)
    return _onto(t, d), _onto(t, e)


@kernel(**STRICT)
def _kicked(d, here, y, h, region, factor, electric, over_energy, parameters):
    """The deviation d after the kick of the field's gradient along dr, taken from a point a little to that side."""
    size = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    if size == 0.0:
        return d
    aside = ASIDE * (1.0 + _length(y)) / size
    there = field_in(region, y[0] + aside * d[0], y[1] + aside * d[1], y[2] + aside * d[2], parameters)
    bx, by, bz = there[0] - here[0], there[1] - here[1], there[2] - here[2]
    kick = h * factor / aside
    return (d[0], d[1], d[2],
            d[3] + kick * ((y[4] * bz - y[5] * by) * over_energy + electric * (there[3] - here[3])),
            d[4] + kick * ((y[5] * bx - y[3] * bz) * over_energy + electric * (there[4] - here[4])),
            d[5] + kick * ((y[3] * by - y[4] * bx) * over_energy + electric * (there[5] - here[5])))


@kernel(**STRICT)
def _force(y, field, factor, electric, mass2):
    """dy/ds."""
    over = _over_energy(y, mass2)
    return (y[3] * over, y[4] * over, y[5] * over,
            factor * ((y[4] * field[2] - y[5] * field[1]) * over + electric * field[3]),
            factor * ((y[5] * field[0] - y[3] * field[2]) * over + electric * field[4]),
            factor * ((y[3] * field[1] - y[4] * field[0]) * over + electric * field[5]))


@kernel(**STRICT)
def _late(d, normal, before, after):
    """The deviation d behind a border: a neighbour meets it later, and the force changes there."""
    across = normal[0] * before[0] + normal[1] * before[1] + normal[2] * before[2]
    if abs(across) < GRAZING:
        across = math.copysign(GRAZING, across)
    later = -(normal[0] * d[0] + normal[1] * d[1] + normal[2] * d[2]) / across
    return (d[0], d[1], d[2], d[3] + later * (before[3] - after[3]), d[4] + later * (before[4] - after[4]),
            d[5] + later * (before[5] - after[5]))


@kernel(**STRICT)
def _spread2(d, r, p2):
    """Square of a deviation as errors of a step are measured: dr/(r + 1 AU) and dp/p."""
    return ((d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / (r + 1.0) ** 2
            + (d[3] * d[3] + d[4] * d[4] + d[5] * d[5]) / p2)


@kernel(**STRICT)
def _across(px, py, pz):
    """Two vectors as long as p, perpendicular to it and to each other."""
    p = math.sqrt(px * px + py * py + pz * pz)
    sign = 1.0 if pz >= 0.0 else -1.0
    x, y, z = px / p, py / p, pz / p
    a = -1.0 / (sign + z)
    b = x * y * a
    return (p * (1.0 + sign * x * x * a), p * sign * b, -p * sign * x), (p * b, p * (sign + y * y * a), -p * y)
