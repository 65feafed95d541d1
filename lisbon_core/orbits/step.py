"""Steps of several orbits, dr/ds = v, dp/ds = q (v x B + E), each in a frame that turns with the field at its start.

Over most of its path an orbit sees a field that hardly changes during a step, and what limits a step is only that the
path is curved. So the curve is taken out: with B_0 and the energy e_0 at the start of the step, R(s) the rotation about
B_0 by the angle of gyration after s, and A(s) = int_0^s R/e_0,

    p = R(s) w,    r = g + A(s) w,        w' = R(-s) F,    g' = p (1/e - 1/e_0) - A(s) w',
    F = q [p x (B/e - B_0/e_0) + E].

Nothing is neglected; and in a uniform field w and g are constant, so that a step there is exact however long. Dormand
and Prince's pair of orders 5 and 4 is applied to (g, w), which are (r, p) at the start. The field at the end of a
step, which the error asks for, is B_0 of the next.

Orbits go side by side, one in each lane, each with a length of step of its own: all but the field is a loop over lanes,
of which processors do several at once. What belongs to the lanes is in one flat array, in rows of `LANES` numbers; the
names below are the rows. Arithmetic is strict: an orbit does not feel who is beside it.

References
----------
Lawson 1967, SIAM J. Numer. Anal. 4, 372; Dormand & Prince 1980, J. Comp. Appl. Math. 6, 19; Hairer, Norsett & Wanner,
Solving Ordinary Differential Equations I.
"""

import math

import numpy as np

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.closed_form import field_in
from lisbon_core.heliosphere.intrinsics import fma

__all__ = []

INLINE = {**STRICT, "forceinline": True}
LANES = 8
(LENGTH, OVER_ENERGY, GYRATION, STATE, FIELD, SLOPES, MOVED, END, THERE, ERROR, EASE, LATEST, FIRST_FREE) = (
    0, 1, 2, 5, 11, 17, 59, 65, 71, 77, 78, 79, 85)
# Dormand and Prince's pair: where the stages lie, what they are made of, and the difference of the two orders
PLACES = np.array([0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0])
WEIGHTS = np.array([
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [1 / 5, 0.0, 0.0, 0.0, 0.0, 0.0],
    [3 / 40, 9 / 40, 0.0, 0.0, 0.0, 0.0],
    [44 / 45, -56 / 15, 32 / 9, 0.0, 0.0, 0.0],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0.0, 0.0],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0.0],
    [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]])
DIFFERENCE = np.array([71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])


@kernel(**INLINE)
def _over_energy(y, mass2):
    return 1.0 / math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5] + mass2)


@kernel(**INLINE)
def _gyration(here, factor, over_energy):
    """Angular velocity of a momentum in the field `here`, as a vector, per AU."""
    turn = -factor * over_energy
    return turn * here[0], turn * here[1], turn * here[2]


@kernel(**INLINE)
def _turned(s, omega, over_energy):
    """R(s) and A(s): the vector t = omega s, sin(t)/t, (1 - cos t)/t^2, s/e_0 and (t - sin t)/t^3, for t up to 2.

    From their series at half the angle, eight terms of which are exact to rounding.
    """
    tx, ty, tz = s * omega[0], s * omega[1], s * omega[2]
    t2 = tx * tx + ty * ty + tz * tz
    u = -0.25 * t2
    a = fma(u, 1.0 / 6402373705728000.0, 1.0 / 20922789888000.0)
    b = fma(u, 1.0 / 121645100408832000.0, 1.0 / 355687428096000.0)
    a, b = fma(u, a, 1.0 / 87178291200.0), fma(u, b, 1.0 / 1307674368000.0)
    a, b = fma(u, a, 1.0 / 479001600.0), fma(u, b, 1.0 / 6227020800.0)
    a, b = fma(u, a, 1.0 / 3628800.0), fma(u, b, 1.0 / 39916800.0)
    a, b = fma(u, a, 1.0 / 40320.0), fma(u, b, 1.0 / 362880.0)
    a, b = fma(u, a, 1.0 / 720.0), fma(u, b, 1.0 / 5040.0)
    a, b = fma(u, a, 1.0 / 24.0), fma(u, b, 1.0 / 120.0)
    a, b = fma(u, a, 0.5), fma(u, b, 1.0 / 6.0)
    sine = fma(u, b, 1.0)  # of half the angle, over it
    lag = 0.25 * fma(sine, a, b)
    return tx, ty, tz, fma(-t2, lag, 1.0), 0.5 * sine * sine, s * over_energy, lag


@kernel(**INLINE)
def _cross(t, x, y, z):
    return t[1] * z - t[2] * y, t[2] * x - t[0] * z, t[0] * y - t[1] * x


@kernel(**INLINE)
def _onto(t, y):
    """The state (r, p) of (g, w) = y, at the turn t."""
    ax, ay, az = _cross(t, y[3], y[4], y[5])
    bx, by, bz = _cross(t, ax, ay, az)
    return (fma(t[5], fma(t[6], bx, fma(t[4], ax, y[3])), y[0]), fma(t[5], fma(t[6], by, fma(t[4], ay, y[4])), y[1]),
            fma(t[5], fma(t[6], bz, fma(t[4], az, y[5])), y[2]),
            fma(t[4], bx, fma(t[3], ax, y[3])), fma(t[4], by, fma(t[3], ay, y[4])), fma(t[4], bz, fma(t[3], az, y[5])))


@kernel(**INLINE)
def _derivative(t, y, field, here, over_energy, factor, electric, mass2):
    """(g', w') at the state y = (r, p), turn t, where the field is `field`; it was `here` at the start."""
    now = _over_energy(y, mass2)
    bx, by, bz = (fma(field[0], now, -here[0] * over_energy), fma(field[1], now, -here[1] * over_energy),
                  fma(field[2], now, -here[2] * over_energy))
    fx = factor * (y[4] * bz - y[5] * by + electric * field[3])
    fy = factor * (y[5] * bx - y[3] * bz + electric * field[4])
    fz = factor * (y[3] * by - y[4] * bx + electric * field[5])
    ax, ay, az = _cross(t, fx, fy, fz)
    cx, cy, cz = _cross(t, ax, ay, az)
    gain = now - over_energy
    return (fma(gain, y[3], -t[5] * fma(t[6], cx, fma(-t[4], ax, fx))),
            fma(gain, y[4], -t[5] * fma(t[6], cy, fma(-t[4], ay, fy))),
            fma(gain, y[5], -t[5] * fma(t[6], cz, fma(-t[4], az, fz))),
            fma(t[4], cx, fma(-t[3], ax, fx)), fma(t[4], cy, fma(-t[3], ay, fy)), fma(t[4], cz, fma(-t[3], az, fz)))


@kernel(**INLINE)
def _sum2(y, a, k, b, m):
    """y + a k + b m."""
    return (fma(b, m[0], fma(a, k[0], y[0])), fma(b, m[1], fma(a, k[1], y[1])), fma(b, m[2], fma(a, k[2], y[2])),
            fma(b, m[3], fma(a, k[3], y[3])), fma(b, m[4], fma(a, k[4], y[4])), fma(b, m[5], fma(a, k[5], y[5])))


@kernel(**INLINE)
def _first(here, factor, electric):
    """(g', w') at the start of a step."""
    force = factor * electric
    return 0.0, 0.0, 0.0, force * here[3], force * here[4], force * here[5]


@kernel(**INLINE)
def _six(w, row, lane):
    """Six rows of a lane, as a tuple."""
    at = row * LANES + lane
    return w[at], w[at + LANES], w[at + 2 * LANES], w[at + 3 * LANES], w[at + 4 * LANES], w[at + 5 * LANES]


@kernel(**INLINE)
def _put(w, row, lane, values):
    at = row * LANES + lane
    w[at], w[at + LANES], w[at + 2 * LANES] = values[0], values[1], values[2]
    w[at + 3 * LANES], w[at + 4 * LANES], w[at + 5 * LANES] = values[3], values[4], values[5]


@kernel(**INLINE)
def _omega(w, lane):
    at = GYRATION * LANES + lane
    return w[at], w[at + LANES], w[at + 2 * LANES]


@kernel(**STRICT)
def _begin(w, factor, electric, mass2):
    for i in range(LANES):
        over_energy, here = _over_energy(_six(w, STATE, i), mass2), _six(w, FIELD, i)
        omega = _gyration(here, factor, over_energy)
        w[OVER_ENERGY * LANES + i] = over_energy
        at = GYRATION * LANES + i
        w[at], w[at + LANES], w[at + 2 * LANES] = omega
        _put(w, SLOPES, i, _first(here, factor, electric))


@kernel(**STRICT)
def _place(w, stage):
    """(g, w) and (r, p) of a stage. Slopes not known yet have no weight, and come from the step before."""
    a, b, c = WEIGHTS[stage, 0], WEIGHTS[stage, 1], WEIGHTS[stage, 2]
    d, e, f = WEIGHTS[stage, 3], WEIGHTS[stage, 4], WEIGHTS[stage, 5]
    for i in range(LANES):
        h = w[LENGTH * LANES + i]
        t = _sum2(_six(w, STATE, i), h * a, _six(w, SLOPES, i), h * b, _six(w, SLOPES + 6, i))
        t = _sum2(t, h * c, _six(w, SLOPES + 12, i), h * d, _six(w, SLOPES + 18, i))
        t = _sum2(t, h * e, _six(w, SLOPES + 24, i), h * f, _six(w, SLOPES + 30, i))
        _put(w, MOVED, i, t)
        _put(w, END, i, _onto(_turned(PLACES[stage] * h, _omega(w, i), w[OVER_ENERGY * LANES + i]), t))


@kernel(**STRICT)
def _slope(w, stage, factor, electric, mass2):
    """(g', w') of a stage."""
    for i in range(LANES):
        over_energy = w[OVER_ENERGY * LANES + i]
        t = _turned(PLACES[stage] * w[LENGTH * LANES + i], _omega(w, i), over_energy)
        _put(w, LATEST, i, _derivative(t, _six(w, END, i), _six(w, THERE, i), _six(w, FIELD, i), over_energy, factor,
                                       electric, mass2))
    for i in range(6 * LANES):  # apart, or the compiler fears that it is still needed above
        w[(SLOPES + 6 * stage) * LANES + i] = w[LATEST * LANES + i]


@kernel(**INLINE)
def _eased(error):
    """Error to the power 3/16: by what a step should be shortened, nearly its fifth root and cheaper."""
    eighth = math.sqrt(math.sqrt(math.sqrt(error)))
    return eighth * math.sqrt(eighth)


@kernel(**STRICT)
def _compare(w, tolerance):
    """Error of each step: of position over (r + 1 AU) or of momentum over momentum, the larger; and its EASE."""
    for i in range(LANES):
        off, y = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), _six(w, STATE, i)
        off = _sum2(off, DIFFERENCE[0], _six(w, SLOPES, i), DIFFERENCE[2], _six(w, SLOPES + 12, i))
        off = _sum2(off, DIFFERENCE[3], _six(w, SLOPES + 18, i), DIFFERENCE[4], _six(w, SLOPES + 24, i))
        off = _sum2(off, DIFFERENCE[5], _six(w, SLOPES + 30, i), DIFFERENCE[6], _six(w, SLOPES + 36, i))
        r, p2 = (off[0] * off[0] + off[1] * off[1] + off[2] * off[2],
                 off[3] * off[3] + off[4] * off[4] + off[5] * off[5])
        error = w[LENGTH * LANES + i] * math.sqrt(max(
            r / (_length(y) + 1.0) ** 2, p2 / (y[3] * y[3] + y[4] * y[4] + y[5] * y[5])))
        w[ERROR * LANES + i], w[EASE * LANES + i] = error, _eased(error / tolerance)


@kernel(**STRICT)
def _fields(w, regions, lanes, parameters):
    """The field THERE at the END of each of the first lanes."""
    for i in range(lanes):
        y = _six(w, END, i)
        _put(w, THERE, i, field_in(regions[i], y[0], y[1], y[2], parameters))


@kernel(**STRICT)
def _steps(w, regions, lanes, factor, electric, mass2, tolerance, parameters):
    """One step of each of the first lanes: from STATE, with the field FIELD, over LENGTH, to END, with THERE.

    Of each the ERROR and EASE, and in MOVED and in the last of the SLOPES (g, w) and (g', w') at the end.
    """
    _begin(w, factor, electric, mass2)
    for stage in range(1, 7):
        _place(w, stage)
        _fields(w, regions, lanes, parameters)
        _slope(w, stage, factor, electric, mass2)
    _compare(w, tolerance)


@kernel(**STRICT)
def _step(w, y, here, h, region, factor, electric, mass2, tolerance, parameters):
    """The same for one orbit, in lanes of its own: end, field there, error, (g, w) and (g', w') at the end."""
    _put(w, STATE, 0, y)
    _put(w, FIELD, 0, here)
    w[LENGTH * LANES] = h
    _steps(w, (region,), 1, factor, electric, mass2, tolerance, parameters)
    return (_six(w, END, 0), _six(w, THERE, 0), w[ERROR * LANES], _six(w, MOVED, 0),
            _six(w, SLOPES + 36, 0))


@kernel(**INLINE)
def _within(y, here, h, moved, k6, part, factor, electric, mass2):
    """The state after the share `part` of a step: (g, w) by the cubic through both ends, which asks for no field."""
    e = _over_energy(y, mass2)
    k0, rest = _first(here, factor, electric), 1.0 - part
    share = part * part * (3.0 - 2.0 * part)
    t = _sum2(_sum2(y, -share, y, share, moved), h * part * rest * rest, k0, -h * part * part * rest, k6)
    return _onto(_turned(part * h, _gyration(here, factor, e), e), t)


@kernel(**INLINE)
def _length(y):
    return math.sqrt(y[0] * y[0] + y[1] * y[1] + y[2] * y[2])
