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
of which processors do several at once. What belongs to the lanes is in one flat array, `lanes`, in rows of `LANES`
numbers; the names in capitals say where each row begins. Arithmetic is strict: an orbit does not feel who is beside it.

References
----------
Lawson 1967, SIAM J. Numer. Anal. 4, 372; Dormand & Prince 1980, J. Comp. Appl. Math. 6, 19; Hairer, Norsett & Wanner,
Solving Ordinary Differential Equations I.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.integrate import RK45

from lisbon_core.ground.kernels import STRICT
from lisbon_core.heliosphere.intrinsics import fma
from lisbon_core.orbits.motion import distance, field_at, force, over_energy

INLINE = {**STRICT, "forceinline": True}
LANES = 8
# where the rows of each quantity begin; of the seven slopes the last is the first of the next step
(LENGTH, OVER_ENERGY, GYRATION, START, START_FIELD, SLOPES, UNTURNED, END, END_FIELD, ERROR, EXCESS, NEW_SLOPE,
 TOLERANCE, POWER, NEXT_FREE) = (LANES * row for row in (0, 1, 2, 5, 11, 17, 59, 65, 71, 77, 78, 79, 85, 86, 87))
SIX = 6 * LANES
MOST = 1e6  # that the excess of a step is counted as
# Dormand and Prince's pair: where the stages lie, what they are made of, and the difference of the two orders
PLACES, DIFFERENCE, WEIGHTS = np.append(RK45.C, 1.0), RK45.E, np.zeros((7, 7))
WEIGHTS[:6, :5], WEIGHTS[6, :6] = RK45.A, RK45.B
# of the series of (1 - cos t)/t^2 and (t - sin t)/t^3, the highest powers first
EVEN, ODD = (np.array([1.0 / math.factorial(n) for n in range(last, last - 17, -2)]) for last in (18, 19))


class Step(NamedTuple):
    """A step of one orbit: (r, p) and field at its start and end, its error, and (g, w) and (g', w') at its end."""

    start: tuple
    start_field: tuple
    length: float
    region: int
    end: tuple
    end_field: tuple
    error: float
    unturned: tuple
    slope: tuple


@njit(**INLINE)
def read(lanes, row, lane):
    """The six numbers of a lane that begin at a row."""
    at = row + lane
    return (lanes[at], lanes[at + LANES], lanes[at + 2 * LANES], lanes[at + 3 * LANES], lanes[at + 4 * LANES],
            lanes[at + 5 * LANES])


@njit(**INLINE)
def write(lanes, row, lane, values):
    """Put six numbers into a lane, from a row on."""
    at = row + lane
    lanes[at], lanes[at + LANES], lanes[at + 2 * LANES] = values[0], values[1], values[2]
    lanes[at + 3 * LANES], lanes[at + 4 * LANES], lanes[at + 5 * LANES] = values[3], values[4], values[5]


@njit(**INLINE)
def gyration(field, over_e, motion):
    """Angular velocity of a momentum in a field, as a vector, per AU."""
    turn = -motion.lorentz * over_e
    return turn * field[0], turn * field[1], turn * field[2]


@njit(**INLINE)
def rotation(s, omega, over_e):
    """R(s) and A(s): the vector t = omega s, sin(t)/t, (1 - cos t)/t^2, s/e_0 and (t - sin t)/t^3, for t up to 2.

    From their series at half the angle, eight terms of which are exact to rounding.
    """
    tx, ty, tz = s * omega[0], s * omega[1], s * omega[2]
    t2 = tx * tx + ty * ty + tz * tz
    u = -0.25 * t2
    a, b = EVEN[0], ODD[0]
    for power in range(1, 9):
        a, b = fma(u, a, EVEN[power]), fma(u, b, ODD[power])
    sine = fma(u, b, 1.0)  # of half the angle, over it
    lag = 0.25 * fma(sine, a, b)
    return tx, ty, tz, fma(-t2, lag, 1.0), 0.5 * sine * sine, s * over_e, lag


@njit(**INLINE)
def _cross(t, x, y, z):
    return t[1] * z - t[2] * y, t[2] * x - t[0] * z, t[0] * y - t[1] * x


@njit(**INLINE)
def rotated(t, y):
    """The state (r, p) of (g, w) = y after the rotation t."""
    ax, ay, az = _cross(t, y[3], y[4], y[5])
    bx, by, bz = _cross(t, ax, ay, az)
    return (fma(t[5], fma(t[6], bx, fma(t[4], ax, y[3])), y[0]), fma(t[5], fma(t[6], by, fma(t[4], ay, y[4])), y[1]),
            fma(t[5], fma(t[6], bz, fma(t[4], az, y[5])), y[2]),
            fma(t[4], bx, fma(t[3], ax, y[3])), fma(t[4], by, fma(t[3], ay, y[4])), fma(t[4], bz, fma(t[3], az, y[5])))


@njit(**INLINE)
def _slope(t, y, field, start_field, over_e, motion):
    """(g', w') at the state y = (r, p) after the rotation t, where the field is `field`."""
    now = over_energy(y, motion)
    rest = (fma(field[0], now, -start_field[0] * over_e), fma(field[1], now, -start_field[1] * over_e),
            fma(field[2], now, -start_field[2] * over_e), field[3], field[4], field[5])
    fx, fy, fz = force(y, rest, 1.0, motion)
    fx, fy, fz = motion.lorentz * fx, motion.lorentz * fy, motion.lorentz * fz
    ax, ay, az = _cross(t, fx, fy, fz)
    cx, cy, cz = _cross(t, ax, ay, az)
    gain = now - over_e
    return (fma(gain, y[3], -t[5] * fma(t[6], cx, fma(-t[4], ax, fx))),
            fma(gain, y[4], -t[5] * fma(t[6], cy, fma(-t[4], ay, fy))),
            fma(gain, y[5], -t[5] * fma(t[6], cz, fma(-t[4], az, fz))),
            fma(t[4], cx, fma(-t[3], ax, fx)), fma(t[4], cy, fma(-t[3], ay, fy)), fma(t[4], cz, fma(-t[3], az, fz)))


@njit(**INLINE)
def _power(y, field, motion):
    """de/ds, which the electric force alone gives."""
    force = motion.lorentz * motion.electric * over_energy(y, motion)
    return force * (y[3] * field[3] + y[4] * field[4] + y[5] * field[5])


@njit(**INLINE)
def _first_slope(field, motion):
    """(g', w') at the start of a step: the electric force."""
    force = motion.lorentz * motion.electric
    return 0.0, 0.0, 0.0, force * field[3], force * field[4], force * field[5]


@njit(**INLINE)
def _plus(y, a, k):
    """y + a k."""
    return (fma(a, k[0], y[0]), fma(a, k[1], y[1]), fma(a, k[2], y[2]), fma(a, k[3], y[3]), fma(a, k[4], y[4]),
            fma(a, k[5], y[5]))


@njit(**INLINE)
def _rotation_of(lanes, lane, place):
    at = GYRATION + lane
    return rotation(place * lanes[LENGTH + lane], (lanes[at], lanes[at + LANES], lanes[at + 2 * LANES]),
                    lanes[OVER_ENERGY + lane])


@njit(**INLINE)
def _begin(lanes, motion):
    """Energy, gyration and slope at the start of each step."""
    for i in range(LANES):
        over_e, field = over_energy(read(lanes, START, i), motion), read(lanes, START_FIELD, i)
        lanes[OVER_ENERGY + i] = over_e
        at = GYRATION + i
        lanes[at], lanes[at + LANES], lanes[at + 2 * LANES] = gyration(field, over_e, motion)
        write(lanes, SLOPES, i, _first_slope(field, motion))
        lanes[POWER + i] = WEIGHTS[6, 0] * _power(read(lanes, START, i), field, motion)


@njit(**INLINE)
def _stage_places(lanes, stage):
    """(g, w) and (r, p) of a stage. Slopes not known yet have no weight, and come from the step before."""
    for i in range(LANES):
        y = read(lanes, START, i)
        for other in range(6):
            y = _plus(y, lanes[LENGTH + i] * WEIGHTS[stage, other], read(lanes, SLOPES + other * SIX, i))
        write(lanes, UNTURNED, i, y)
        write(lanes, END, i, rotated(_rotation_of(lanes, i, PLACES[stage]), y))


@njit(**INLINE)
def _keep_energy(lanes, motion):
    """Give the momentum at the end the size that the work of the electric force along the step tells: far better known.

    So no energy comes from errors of the direction, however many steps there are.
    """
    for i in range(LANES):
        y, energy = read(lanes, END, i), 1.0 / lanes[OVER_ENERGY + i] + lanes[LENGTH + i] * lanes[POWER + i]
        size = math.sqrt((energy * energy - motion.mass2) / (y[3] * y[3] + y[4] * y[4] + y[5] * y[5]))
        write(lanes, END, i, (y[0], y[1], y[2], size * y[3], size * y[4], size * y[5]))


@njit(**INLINE)
def _stage_fields(lanes, regions, n, field):
    """The field at the place of each lane: the commonest for all of them at once, then what holds in another region."""
    held = field.functions.held(field.parameters)
    for i in range(LANES):
        at = END + i
        write(lanes, END_FIELD, i, field.functions.commonest(lanes[at], lanes[at + LANES], lanes[at + 2 * LANES], held))
    for i in range(n):
        if regions[i] != field.functions.common:
            write(lanes, END_FIELD, i, field_at(read(lanes, END, i), regions[i], field))


@njit(**INLINE)
def _stage_slopes(lanes, stage, motion):
    weight = WEIGHTS[6, stage]
    for i in range(LANES):
        write(lanes, NEW_SLOPE, i, _slope(_rotation_of(lanes, i, PLACES[stage]), read(lanes, END, i),
                                          read(lanes, END_FIELD, i), read(lanes, START_FIELD, i),
                                          lanes[OVER_ENERGY + i], motion))
        lanes[POWER + i] += weight * _power(read(lanes, END, i), read(lanes, END_FIELD, i), motion)
    # copied apart: written to its place above, the compiler would fear to overwrite what it still reads, and go lane
    # by lane
    for row in range(0, SIX, LANES):
        for i in range(row, row + LANES):
            lanes[SLOPES + SIX * stage + i] = lanes[NEW_SLOPE + i]


@njit(**INLINE)
def near_fifth_root(error):
    """Error to the power 3/16: nearly its fifth root, by which a step should be shortened, and cheaper."""
    eighth = math.sqrt(math.sqrt(math.sqrt(error)))
    return eighth * math.sqrt(eighth)


@njit(**INLINE)
def _errors(lanes):
    """Error of each step, of position over (r + 1 AU) or of momentum over momentum, the larger; and its EXCESS."""
    for i in range(LANES):
        off, y = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), read(lanes, START, i)
        for stage in range(7):
            off = _plus(off, DIFFERENCE[stage], read(lanes, SLOPES + stage * SIX, i))
        r, p2 = (off[0] * off[0] + off[1] * off[1] + off[2] * off[2],
                 off[3] * off[3] + off[4] * off[4] + off[5] * off[5])
        error = lanes[LENGTH + i] * math.sqrt(max(
            r / (distance(y) + 1.0) ** 2, p2 / (y[3] * y[3] + y[4] * y[4] + y[5] * y[5])))
        excess = near_fifth_root(error / lanes[TOLERANCE + i])
        # no number, where a step went so far beyond its region that the field of that overflows: too long
        lanes[ERROR + i], lanes[EXCESS + i] = error, excess if excess < MOST else MOST


@njit(**STRICT)
def steps(lanes, regions, n, motion, field):
    """One step of each of the first n lanes: from START, with START_FIELD, over LENGTH, to END, with END_FIELD.

    Of each the ERROR and EXCESS, and in UNTURNED and the last of the SLOPES (g, w) and (g', w') at the end.
    """
    _begin(lanes, motion)
    for stage in range(1, 7):
        _stage_places(lanes, stage)
        if stage == 6:
            _keep_energy(lanes, motion)
        _stage_fields(lanes, regions, n, field)
        _stage_slopes(lanes, stage, motion)
    _errors(lanes)


@njit(**INLINE)
def tried(lanes, lane, region):
    """The step just made in a lane."""
    return Step(read(lanes, START, lane), read(lanes, START_FIELD, lane), lanes[LENGTH + lane], region,
                read(lanes, END, lane), read(lanes, END_FIELD, lane), lanes[ERROR + lane],
                read(lanes, UNTURNED, lane), read(lanes, SLOPES + 6 * SIX, lane))


@njit(**INLINE)
def interpolated(step, share, motion):
    """The state after a share of a step: (g, w) by the cubic through both ends, which asks for no field."""
    y, h, rest = step.start, step.length, 1.0 - share
    over_e, slope = over_energy(y, motion), _first_slope(step.start_field, motion)
    smooth = share * share * (3.0 - 2.0 * share)
    y = _plus(_plus(y, -smooth, y), smooth, step.unturned)
    y = _plus(_plus(y, h * share * rest * rest, slope), -h * share * share * rest, step.slope)
    return rotated(rotation(share * h, gyration(step.start_field, over_e, motion), over_e), y)
