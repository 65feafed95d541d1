"""Orbits of charged particles: eight abreast, in one compiled loop of adaptive steps (see `step`).

The field may consist of several regions, each smooth: a step stays with the field of the region in which it began, and
is shortened until it ends on the border where it would cross one, so that no step straddles a jump; the sphere on which
an orbit ends is met the same way. No step is longer than the way to the nearest border unless that is short, nor than
half the distance from the origin, lest it jump over what is small there. A step that would fall below the floor is
taken at the floor. s is c times time, in AU; momenta are rigidities in TV; nothing here knows of the sky or of the Sun.
"""

import math

import numpy as np

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.closed_form import field_in, region_of
from lisbon_core.heliosphere.intrinsics import borrowed
from lisbon_core.orbits.borders import _beyond, _crossing, _land, _normal
from lisbon_core.orbits.neighbours import _across, _deviate, _force, _late, _spread2
from lisbon_core.orbits.step import (
    EASE,
    END,
    ERROR,
    FIELD,
    FIRST_FREE,
    LANES,
    LENGTH,
    MOVED,
    SLOPES,
    STATE,
    THERE,
    _eased,
    _gyration,
    _length,
    _over_energy,
    _put,
    _six,
    _steps,
    _within,
)

__all__ = []

LONGEST = 150.0  # AU, of any step that might reach a border
SHARE = 0.5  # of the distance from the origin
TURN = 2.0  # radians of gyration
FLOOR = 1e-6  # AU + the same share of the distance from the origin: the shortest step
MOST_STEPS = 1_000_000
WORSE = 14.0  # times the error to a power above 1: measured, so that estimate and error agree in the tail

GOING, ESCAPED, ENDED = range(3)

# rows of the lanes beside those of `step`
PATH, GROWTH, ROOM, ERRORS, EVALUATIONS, TRIED, FIRST, SECOND = (
    FIRST_FREE + i for i in (0, 1, 2, 3, 4, 5, 6, 12))
ROWS = FIRST_FREE + 18


@kernel(**STRICT)
def _shorten(h, y, here, room, path_left, factor, mass2):
    """The length of a step, no longer than it may be."""
    r = _length(y)
    h = min(max(min(h, max(LONGEST, room), SHARE * r), FLOOR * (1.0 + r)), path_left)
    omega = _gyration(here, factor, _over_energy(y, mass2))
    turn2 = h * h * (omega[0] * omega[0] + omega[1] * omega[1] + omega[2] * omega[2])
    return h * TURN / math.sqrt(turn2) if turn2 > TURN * TURN else h


@kernel(**STRICT)
def _start(w, regions, lane, state, factor, mass2, boundary, path_cap, parameters):
    """Put an orbit into a lane."""
    y = (state[0], state[1], state[2], state[3], state[4], state[5])
    a, b = _across(y[3], y[4], y[5])
    region = region_of(y[0], y[1], y[2], parameters)
    here = field_in(region, y[0], y[1], y[2], parameters)
    room = -_beyond(y, region, boundary, parameters)[0]
    regions[lane] = region
    for row, value in ((PATH, 0.0), (GROWTH, 5.0), (ROOM, room), (ERRORS, 0.0), (EVALUATIONS, 1.0), (TRIED, 0.0),
                       (LENGTH, _shorten(1.0, y, here, room, path_cap, factor, mass2))):
        w[row * LANES + lane] = value
    for row in range(SLOPES, SLOPES + 42):
        w[row * LANES + lane] = 0.0
    _put(w, STATE, lane, y)
    _put(w, FIELD, lane, here)
    _put(w, FIRST, lane, (0.0, 0.0, 0.0, a[0], a[1], a[2]))
    _put(w, SECOND, lane, (0.0, 0.0, 0.0, b[0], b[1], b[2]))


@kernel(**STRICT)
def _after(w, spare, regions, lane, factor, electric, mass2, boundary, path_cap, tolerance, vary, parameters):
    """Go on with the orbit in a lane after a step was tried: with a shorter one if that was too long."""
    y, here, region, h = _six(w, STATE, lane), _six(w, FIELD, lane), regions[lane], w[LENGTH * LANES + lane]
    error, room, path = w[ERROR * LANES + lane], w[ROOM * LANES + lane], w[PATH * LANES + lane]
    r = _length(y)
    ease = w[EASE * LANES + lane]
    w[TRIED * LANES + lane] += 1.0
    w[EVALUATIONS * LANES + lane] += 6.0
    if ease > 1.0 and h > FLOOR * (1.0 + r):
        w[LENGTH * LANES + lane] = _shorten(h * max(0.2, 0.9 / ease), y, here, room, path_cap - path, factor,
                                            mass2)
        w[GROWTH * LANES + lane] = 1.0  # none right after a failure
        return GOING
    grown = h * min(w[GROWTH * LANES + lane], 0.9 / max(ease, 0.1))
    end, there, moved, k6 = (_six(w, END, lane), _six(w, THERE, lane), _six(w, MOVED, lane),
                             _six(w, SLOPES + 36, lane))
    part, over, other = _crossing(y, here, h, moved, k6, end, room, region, factor, electric, mass2, boundary,
                                  parameters)
    crossed = part <= 1.0
    if crossed:
        h, end, there, error, moved, k6, other, tries = _land(
            spare, y, here, h, moved, k6, part, over, other, region, factor, electric, mass2, boundary, tolerance,
            parameters)
        w[EVALUATIONS * LANES + lane] += 6.0 * tries + 1.0
    d, e = _six(w, FIRST, lane), _six(w, SECOND, lane)
    if vary:
        p2 = y[3] * y[3] + y[4] * y[4] + y[5] * y[5]
        spread = math.sqrt(0.5 * (_spread2(d, r, p2) + _spread2(e, r, p2)))
        w[ERRORS * LANES + lane] += WORSE * error * _eased(error) / spread
        middle = _within(y, here, h, moved, k6, 0.5, factor, electric, mass2)
        d, e = _deviate(d, e, middle, h, region, factor, electric, mass2, parameters)
        w[EVALUATIONS * LANES + lane] += 3.0
    path, room = path + h, -over
    state = ENDED if path >= path_cap or w[TRIED * LANES + lane] > MOST_STEPS else GOING
    if crossed:
        after = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        before, normal = after, (0.0, 0.0, 0.0)
        if vary:
            normal, before = _normal(end, region, boundary, parameters), _force(end, there, factor, electric, mass2)
        if other == -1:
            state = ESCAPED
        else:
            regions[lane], room = other, 0.0
            there = field_in(other, end[0], end[1], end[2], parameters)
            after = _force(end, there, factor, electric, mass2)
        if vary:
            d, e = _late(d, normal, before, after), _late(e, normal, before, after)
    w[LENGTH * LANES + lane] = _shorten(grown, end, there, room, path_cap - path, factor, mass2)
    w[GROWTH * LANES + lane], w[ROOM * LANES + lane], w[PATH * LANES + lane] = 5.0, room, path
    _put(w, STATE, lane, end)
    _put(w, FIELD, lane, there)
    _put(w, FIRST, lane, d)
    _put(w, SECOND, lane, e)
    return state


@kernel(**STRICT)
def _record(w, lane, state, final, out):
    """Write where the orbit in a lane has ended over where it began, and to out what is known of it."""
    p2 = final[3] * final[3] + final[4] * final[4] + final[5] * final[5]
    d, e = _six(w, FIRST, lane), _six(w, SECOND, lane)
    for c in range(6):
        final[c] = w[(STATE + c) * LANES + lane]
    dd = (d[3] * d[3] + d[4] * d[4] + d[5] * d[5]) / p2
    ee = (e[3] * e[3] + e[4] * e[4] + e[5] * e[5]) / p2
    de = (d[3] * e[3] + d[4] * e[4] + d[5] * e[5]) / p2
    out[0], out[1], out[2] = w[PATH * LANES + lane], w[EVALUATIONS * LANES + lane], state == ESCAPED
    out[3] = math.sqrt(0.5 * (dd + ee) + math.sqrt(0.25 * (dd - ee) ** 2 + de * de))
    out[4] = w[ERRORS * LANES + lane] * math.sqrt(0.5 * (dd + ee))


@kernel(**STRICT)
def _orbits(states, out, factor, electric, mass2, boundary, path_cap, tolerance, vary, parameters):
    """Follow every row of states (N, 6), in place; out (N, 5): path, evaluations, escaped, amplification, error.

    The amplification is the larger of the two stretches of a small circle of directions, the error in radians.
    """
    rows, spares, numbers, orbit = np.zeros(ROWS * LANES), np.zeros(ROWS * LANES), np.zeros(LANES, np.int64), np.zeros(
        LANES, np.int64)
    w, spare, regions, parameters = borrowed(rows), borrowed(spares), borrowed(numbers), borrowed(parameters)
    lanes = min(LANES, len(states))
    for lane in range(lanes):
        orbit[lane] = lane
        _start(w, regions, lane, states[lane], factor, mass2, boundary, path_cap, parameters)
    following = lanes
    while lanes:
        _steps(w, regions, lanes, factor, electric, mass2, tolerance, parameters)
        lane = 0
        while lane < lanes:
            state = _after(w, spare, regions, lane, factor, electric, mass2, boundary, path_cap, tolerance, vary,
                           parameters)
            if state == GOING:
                lane += 1
                continue
            i = orbit[lane]
            _record(w, lane, state, states[i], out[i])
            if following < len(states):
                orbit[lane] = following
                _start(w, regions, lane, states[following], factor, mass2, boundary, path_cap, parameters)
                following += 1
                lane += 1
            else:  # the last one moves in
                lanes -= 1
                orbit[lane], regions[lane] = orbit[lanes], regions[lanes]
                for row in range(ROWS):
                    w[row * LANES + lane] = w[row * LANES + lanes]
    rows[0], spares[0], numbers[0] = 0.0, 0.0, 0  # theirs until here
