"""Where an orbit meets a border between two regions of the field, or the sphere at which it ends."""

import math

from numba import njit

from lisbon_core.ground.kernels import STRICT
from lisbon_core.orbits.motion import distance, over_energy
from lisbon_core.orbits.step import interpolated

NEAR = 1e-6  # AU: so well a border is found on the cubic through a step, which is no better
MOST_TRIES = 60.0
APART = 75.0  # AU, between the places of a step where it is looked for a border
OUTSIDE = -1  # in place of a region: outside the sphere


@njit(**STRICT)
def beyond_border(y, region, motion, field):
    """How far (AU) y lies beyond its region or the sphere, negative within; and the region there, or OUTSIDE."""
    out = distance(y) - motion.boundary
    beyond, there = field.functions.border(region, y[0], y[1], y[2], field.parameters)
    return (out, OUTSIDE) if out > beyond else (beyond, there)


@njit(**STRICT)
def _outwards(y):
    return y[0] * y[3] + y[1] * y[4] + y[2] * y[5]


@njit(**STRICT)
def _secant(low, f_low, high, f_high):
    """Where the straight line through two values of f is zero."""
    return high - f_high * (high - low) / (f_high - f_low)


@njit(**STRICT)
def narrowed(bracket, at, f):
    """The bracket (low, f_low, high, f_high, side, tries) after f was found at `at`.

    An end that stays again halves its f, so that regula falsi does not creep from one side (the Illinois rule); `side`
    is the end that moved last, 1 = high.
    """
    low, f_low, high, f_high, side, tries = bracket
    if f > 0.0:
        return low, f_low * (0.5 if side == 1.0 else 1.0), at, f, 1.0, tries + 1.0
    return at, f, high, f_high * (0.5 if side == -1.0 else 1.0), -1.0, tries + 1.0


@njit(**STRICT)
def crossing(step, room, motion, field):
    """Share of a step after which it is first seen beyond a border, how far, and what is there; share 2: it never is.

    Where there is not room enough at both ends, it is looked at every `APART`, and where it is farthest from the
    origin, as a sphere that is grazed is met there or not at all.
    """
    beyond, there = beyond_border(step.end, step.region, motion, field)
    if step.length > room + max(-beyond, 0.0):
        places = int(step.length / APART) + 2
        for i in range(1, places):
            share = i / places
            f, region = beyond_border(interpolated(step, share, motion), step.region, motion, field)
            if f > 0.0:
                return share, f, region
        low, high, f_low, f_high = 0.0, 1.0, _outwards(step.start), _outwards(step.end)
        if f_low > 0.0 and f_high < 0.0:
            for _ in range(5):  # secants: of a maximum, half as many digits will do
                share = _secant(low, f_low, high, f_high)
                state = interpolated(step, share, motion)
                f = _outwards(state)
                low, high, f_low, f_high = (share, high, f, f_high) if f > 0.0 else (low, share, f_low, f)
            f, region = beyond_border(state, step.region, motion, field)
            if f > 0.0:
                return share, f, region
    return (1.0 if beyond > 0.0 else 2.0), beyond, there


@njit(**STRICT)
def aim(there, motion):
    """How far (AU) beyond a border a step is to end: a hair, and no more than twice that."""
    return 0.5e-9 if there == OUTSIDE else 0.5 * min(1e-6, max(10.0 * motion.tolerance, 1e-10))


@njit(**STRICT)
def first_guess(step, share, beyond, there, motion, field):
    """Length at which, as the cubic through a step has it, it ends on a border; and the bracket of the true length.

    The step is `beyond` the border at `share`; `there` is what lies behind.
    """
    goal = aim(there, motion)
    f_start = min(beyond_border(step.start, step.region, motion, field)[0], 0.0) - goal
    on_cubic = (0.0, f_start, share, beyond - goal, 0.0, 1.0)
    bracket = (0.0, f_start, share * step.length, beyond - goal, 0.0, 1.0)
    while on_cubic[5] < MOST_TRIES:
        share = _secant(on_cubic[0], on_cubic[1], on_cubic[2], on_cubic[3])
        f = beyond_border(interpolated(step, share, motion), step.region, motion, field)[0] - goal
        if abs(f) < NEAR or on_cubic[2] - on_cubic[0] < 1e-14:
            break
        on_cubic = narrowed(on_cubic, share, f)
    return share * step.length, bracket


@njit(**STRICT)
def next_guess(step, bracket, beyond, goal, motion, field):
    """Length at which a step ends on a border that it missed by a little: straight on from its end, as Newton would.

    By regula falsi where that leads out of the bracket, as where a border is grazed, or has been tried too often.
    """
    y = step.end
    back = 1e-6 * (1.0 + distance(y))
    ahead = back * over_energy(y, motion)
    behind = beyond_border((y[0] - ahead * y[3], y[1] - ahead * y[4], y[2] - ahead * y[5]), step.region, motion, field)
    length = step.length - back * (beyond - goal) / (beyond - behind[0])
    if bracket[5] <= 4.0 and bracket[0] < length < bracket[2]:
        return length
    return _secant(bracket[0], bracket[1], bracket[2], bracket[3])


@njit(**STRICT)
def normal(y, region, motion, field):
    """Unit normal of the border that the end y of a step lies on."""
    here, step = beyond_border(y, region, motion, field)[0], 1e-6 * (1.0 + distance(y))
    nx = beyond_border((y[0] + step, y[1], y[2]), region, motion, field)[0] - here
    ny = beyond_border((y[0], y[1] + step, y[2]), region, motion, field)[0] - here
    nz = beyond_border((y[0], y[1], y[2] + step), region, motion, field)[0] - here
    over = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * over, ny * over, nz * over
