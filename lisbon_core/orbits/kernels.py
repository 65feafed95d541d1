"""Orbits of charged particles: eight abreast, in one compiled loop of adaptive steps (see `motion` and `step`).

The field may consist of several regions, each smooth: a step stays with the field of the region in which it began, and
is shortened until it ends on the border where it would cross one, so that no step straddles a jump; the sphere on which
an orbit ends is met the same way. No step is longer than the way to the nearest border unless that is short, nor than
half the distance from the origin, lest it jump over what is small there. A step that would fall below the floor is
taken at the floor. Nothing here knows of the sky or of the Sun.
"""

import math

import numpy as np
from numba import njit

from lisbon_core.ground.kernels import STRICT
from lisbon_core.heliosphere.intrinsics import borrowed
from lisbon_core.orbits import borders
from lisbon_core.orbits import step as at
from lisbon_core.orbits.borders import MOST_TRIES, OUTSIDE, beyond_border, normal
from lisbon_core.orbits.motion import distance, field_at, over_energy, rate
from lisbon_core.orbits.neighbours import behind_border, carried, perpendicular, spread, stretch
from lisbon_core.orbits.step import LANES, gyration, near_fifth_root, read, steps, tried, write

LONGEST = 150.0  # AU, of any step that might reach a border
SHARE = 0.5  # of the distance from the origin
TURN = 2.0  # radians of gyration
LOOSEST = 50.0  # times the tolerance
FLOOR = 1e-6  # AU + the same share of the distance from the origin: the shortest step
MOST_STEPS = 1_000_000
WORSE = 14.0  # times the error to a power above 1: measured, so that estimate and error agree in the tail

GOING, ESCAPED, ENDED = range(3)

# rows of the lanes beside those of `step`: path, by how much the next step may grow, way to the nearest border, sum of
# errors, evaluations of the field, steps tried, the deviations of two neighbours, the excess before; and of a step that
# is to end on a border, what is behind, the length of the next one, and the bracket of its own length with the tries
PATH, GROWTH, ROOM, ERRORS, EVALUATIONS, TRIED, FIRST, SECOND, BEFORE, THERE, NEXT_LENGTH, BRACKET = (
    at.NEXT_FREE + LANES * row for row in (0, 1, 2, 3, 4, 5, 6, 12, 18, 19, 20, 21))
TRIES = BRACKET + 5 * LANES
SIZE = at.NEXT_FREE + LANES * 27


@njit(**STRICT)
def _limited(h, y, field, room, path_left, motion):
    """The length of a step from y, no longer than it may be."""
    r = distance(y)
    h = min(max(min(h, max(LONGEST, room), SHARE * r), FLOOR * (1.0 + r)), path_left)
    omega = gyration(field, over_energy(y, motion), motion)
    turn2 = h * h * (omega[0] * omega[0] + omega[1] * omega[1] + omega[2] * omega[2])
    return h * TURN / math.sqrt(turn2) if turn2 > TURN * TURN else h


@njit(**STRICT)
def _start(lanes, regions, lane, state, motion, field):
    """Put an orbit into a lane."""
    y = (state[0], state[1], state[2], state[3], state[4], state[5])
    d, e = perpendicular(y)
    region = field.functions.region_of(y[0], y[1], y[2], field.parameters)
    start_field = field_at(y, region, field)
    room = -beyond_border(y, region, motion, field)[0]
    regions[lane] = region
    for row, value in ((PATH, 0.0), (GROWTH, 5.0), (ROOM, room), (ERRORS, 0.0), (EVALUATIONS, 1.0), (TRIED, 0.0),
                       (TRIES, 0.0), (at.TOLERANCE, motion.tolerance), (BEFORE, 1.0),
                       (at.LENGTH, _limited(1.0, y, start_field, room, motion.path_cap, motion))):
        lanes[row + lane] = value
    for row in range(at.SLOPES, at.UNTURNED, LANES):
        lanes[row + lane] = 0.0
    write(lanes, at.START, lane, y)
    write(lanes, at.START_FIELD, lane, start_field)
    write(lanes, FIRST, lane, d)
    write(lanes, SECOND, lane, e)


@njit(**STRICT)
def _landing(lanes, lane, step, motion, field):
    """Whether a step that is to end on a border does; if not, the length to try next. How far beyond; what is there."""
    beyond, region = beyond_border(step.end, step.region, motion, field)
    there = region if beyond > 0.0 else int(lanes[THERE + lane])
    goal, bracket = borders.aim(there, motion), read(lanes, BRACKET, lane)
    if abs(beyond - goal) <= goal or bracket[2] - bracket[0] < 1e-14 * motion.boundary or bracket[5] >= MOST_TRIES:
        return True, beyond, there
    bracket = borders.narrowed(bracket, step.length, beyond - goal)
    lanes[at.LENGTH + lane] = borders.next_guess(step, bracket, beyond, goal, motion, field)
    lanes[THERE + lane] = there
    write(lanes, BRACKET, lane, bracket)
    return False, beyond, there


@njit(**STRICT)
def _advance(lanes, regions, lane, motion, field):
    """Go on with the orbit in a lane after a step was tried: with another if that was too long or missed a border."""
    step = tried(lanes, lane, regions[lane])
    excess, room, path = lanes[at.EXCESS + lane], lanes[ROOM + lane], lanes[PATH + lane]
    lanes[TRIED + lane] += 1.0
    lanes[EVALUATIONS + lane] += 6.0
    crossed = lanes[TRIES + lane] > 0.0
    if crossed:
        landed, beyond, there = _landing(lanes, lane, step, motion, field)
        if not landed:
            return GOING
        grown, lanes[TRIES + lane] = lanes[NEXT_LENGTH + lane], 0.0
    else:
        if excess > 1.0 and step.length > FLOOR * (1.0 + distance(step.start)):
            lanes[at.LENGTH + lane] = _limited(step.length * max(0.2, 0.9 / excess), step.start, step.start_field,
                                               room, motion.path_cap - path, motion)
            lanes[GROWTH + lane] = 1.0  # none right after a failure
            return GOING
        ahead = math.sqrt(math.sqrt(min(1.0, lanes[BEFORE + lane] / excess)))  # an error that grows will go on to
        grown = step.length * min(lanes[GROWTH + lane], 0.9 * ahead / max(excess, 0.1))
        lanes[BEFORE + lane] = excess
        longer = lanes[TRIED + lane] / motion.patience
        lanes[at.TOLERANCE + lane] = motion.tolerance * min(max(longer * longer, 1.0), LOOSEST)
        share, beyond, there = 2.0, 2.0 * step.length - room, OUTSIDE
        if beyond > -LONGEST:  # else no border is near, be `room` twice too large
            share, beyond, there = borders.crossing(step, room, motion, field)
        if share <= 1.0:
            lanes[NEXT_LENGTH + lane], lanes[THERE + lane] = grown, there
            lanes[at.LENGTH + lane], bracket = borders.first_guess(step, share, beyond, there, motion, field)
            write(lanes, BRACKET, lane, bracket)
            return GOING
    d, e = read(lanes, FIRST, lane), read(lanes, SECOND, lane)
    if motion.neighbours:
        lanes[ERRORS + lane] += WORSE * step.error * near_fifth_root(step.error) / spread(d, e, step.start)
        d, e = carried(d, e, step, motion, field)
        lanes[EVALUATIONS + lane] += 3.0
    path, room, end_field = path + step.length, -beyond, step.end_field
    state = ENDED if path >= motion.path_cap or lanes[TRIED + lane] > MOST_STEPS else GOING
    if crossed:
        after = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # outside the sphere nothing goes on
        if there == OUTSIDE:
            state = ESCAPED
        else:
            regions[lane], room = there, 0.0
            end_field = field_at(step.end, there, field)
            lanes[EVALUATIONS + lane] += 1.0
            after = rate(step.end, end_field, motion)
        if motion.neighbours:
            across, before = normal(step.end, step.region, motion, field), rate(step.end, step.end_field, motion)
            d, e = behind_border(d, across, before, after), behind_border(e, across, before, after)
    lanes[at.LENGTH + lane] = _limited(grown, step.end, end_field, room, motion.path_cap - path, motion)
    lanes[GROWTH + lane], lanes[ROOM + lane], lanes[PATH + lane] = 5.0, room, path
    write(lanes, at.START, lane, step.end)
    write(lanes, at.START_FIELD, lane, end_field)
    if motion.neighbours:
        write(lanes, FIRST, lane, d)
        write(lanes, SECOND, lane, e)
    return state


@njit(**STRICT)
def _record(lanes, lane, escaped, state, found):
    """Write where the orbit in a lane has ended over where it began, and what is known of it."""
    p2 = state[3] * state[3] + state[4] * state[4] + state[5] * state[5]
    state[:] = read(lanes, at.START, lane)
    largest, mean = stretch(read(lanes, FIRST, lane), read(lanes, SECOND, lane), p2)
    found[:] = (lanes[PATH + lane], lanes[EVALUATIONS + lane], 1.0 if escaped else 0.0, largest,
                lanes[ERRORS + lane] * mean)


@njit(**STRICT)
def integrate(states, found, motion, field):
    """Follow every row of states (N, 6), r and p, along the equation of motion (see `motion`) to the end of its orbit.

    An orbit ends on the sphere, or when its path is as long as it may be. Its end takes the place of its start in
    `states`; `found` (N, 5) gets its path (AU), the evaluations of the field, whether it escaped through the sphere,
    its amplification (the larger of the two stretches of a small circle of directions) and its error (radians).
    """
    owned, owned_regions, orbit = np.zeros(SIZE), np.zeros(LANES, np.int64), np.zeros(LANES, np.int64)
    lanes, regions = borrowed(owned), borrowed(owned_regions)
    n = min(LANES, len(states))
    for lane in range(n):
        orbit[lane] = lane
        _start(lanes, regions, lane, states[lane], motion, field)
    following = n
    while n:
        steps(lanes, regions, n, motion, field)
        lane = 0
        while lane < n:
            state = _advance(lanes, regions, lane, motion, field)
            if state == GOING:
                lane += 1
                continue
            _record(lanes, lane, state == ESCAPED, states[orbit[lane]], found[orbit[lane]])
            if following < len(states):
                orbit[lane] = following
                _start(lanes, regions, lane, states[following], motion, field)
                following += 1
                lane += 1
            else:  # no orbit is left to start: the one in the last lane goes on in this one
                n -= 1
                orbit[lane], regions[lane] = orbit[n], regions[n]
                for row in range(0, SIZE, LANES):
                    lanes[row + lane] = lanes[row + n]
    # memory is freed after the last use of what owns it, and use through what only borrows it does not count
    owned[0], owned_regions[0] = 0.0, 0
