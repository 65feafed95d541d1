"""Where an orbit meets a border between two regions of the field, or the sphere at which it ends."""

import math

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.closed_form import border
from lisbon_core.orbits.step import _length, _step, _within

__all__ = []

APART = 75.0  # AU, between the places of a step where it is looked for a border


@kernel(**STRICT)
def _beyond(y, region, boundary, parameters):
    """How far (AU) y lies beyond its region or the sphere, negative within; and the region there, -1 = outside."""
    out = _length(y) - boundary
    over, other = border(region, y[0], y[1], y[2], parameters)
    return (out, -1) if out > over else (over, other)


@kernel(**STRICT)
def _outwards(y):
    return y[0] * y[3] + y[1] * y[4] + y[2] * y[5]


@kernel(**STRICT)
def _crossing(y, here, h, moved, k6, end, room, region, factor, electric, mass2, boundary, parameters):
    """Share of a step after which it is first seen beyond a border, how far, and what is there; share 2: it never is.

    Where there is not room enough, it is looked at every `APART`, and where it is farthest from the origin, as a sphere
    that is grazed is met there or not at all.
    """
    over, other = _beyond(end, region, boundary, parameters)
    if h > room:
        places = int(h / APART) + 2
        for i in range(1, places):
            part = i / places
            over_there, there = _beyond(_within(y, here, h, moved, k6, part, factor, electric, mass2), region, boundary,
                                        parameters)
            if over_there > 0.0:
                return part, over_there, there
        low, high, f_low, f_high = 0.0, 1.0, _outwards(y), _outwards(end)
        if f_low > 0.0 and f_high < 0.0:
            for _ in range(5):  # secants: of a maximum, half as many digits will do
                part = high - f_high * (high - low) / (f_high - f_low)
                state = _within(y, here, h, moved, k6, part, factor, electric, mass2)
                f = _outwards(state)
                low, high, f_low, f_high = (part, high, f, f_high) if f > 0.0 else (low, part, f_low, f)
            over_there, there = _beyond(state, region, boundary, parameters)
            if over_there > 0.0:
                return part, over_there, there
    return (1.0 if over > 0.0 else 2.0), over, other


@kernel(**STRICT)
def _reached(y, here, h, moved, k6, low, f_low, high, f_high, shift, region, factor, electric, mass2, boundary,
             parameters):
    """Share of a step at which, as the cubic through it has it, it is -shift beyond the border: by regula falsi."""
    part, side = high, 0
    for _ in range(50):
        part = high - f_high * (high - low) / (f_high - f_low)
        state = _within(y, here, h, moved, k6, part, factor, electric, mass2)
        f = _beyond(state, region, boundary, parameters)[0] + shift
        if abs(f) < 1e-10 or high - low < 1e-14:
            break
        if f > 0.0:
            high, f_high = part, f
            f_low *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            low, f_low = part, f
            f_high *= 0.5 if side == -1 else 1.0
            side = -1
    return part


@kernel(**STRICT)
def _land(w, y, here, h, moved, k6, part, over, other, region, factor, electric, mass2, boundary, tolerance,
          parameters):
    """Shorten the step h, seen beyond a border at the share `part`, until it ends on it, a hair beyond it.

    First to where the cubic through the step has it, then there again with what that missed, then by regula falsi.
    """
    aim = 0.5e-9 if other == -1 else 0.5 * min(1e-6, max(10.0 * tolerance, 1e-10))
    f_start = min(_beyond(y, region, boundary, parameters)[0], 0.0) - aim
    low, f_low, high, f_high = 0.0, f_start, part * h, over - aim
    missed, side, tries = 0.0, 0, 0
    trial, end, there, error, new_moved, new_k6 = h, y, here, 0.0, moved, k6
    while tries < 60:
        tries += 1
        if tries <= 4 and over - aim - missed > 0.0:
            at = _reached(y, here, h, moved, k6, 0.0, f_start, part, over - aim, -aim + missed, region, factor,
                          electric, mass2, boundary, parameters)
            trial = at * h
        else:
            trial = high - f_high * (high - low) / (f_high - f_low)
        end, there, error, new_moved, new_k6 = _step(w, y, here, trial, region, factor, electric, mass2, tolerance,
                                                      parameters)
        f, beyond = _beyond(end, region, boundary, parameters)
        if f > 0.0:
            other = beyond
        if abs(f - aim) <= aim or high - low < 1e-14 * boundary:
            break
        state = _within(y, here, h, moved, k6, trial / h, factor, electric, mass2)
        missed = f - _beyond(state, region, boundary, parameters)[0]
        if f > aim:
            high, f_high = trial, f - aim
            f_low *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            low, f_low = trial, f - aim
            f_high *= 0.5 if side == -1 else 1.0
            side = -1
    return trial, end, there, error, new_moved, new_k6, other, tries


@kernel(**STRICT)
def _normal(y, region, boundary, parameters):
    """Unit normal of the border that the end y of a step lies on."""
    here, step = _beyond(y, region, boundary, parameters)[0], 1e-6 * (1.0 + _length(y))
    nx = _beyond((y[0] + step, y[1], y[2], 0.0, 0.0, 0.0), region, boundary, parameters)[0] - here
    ny = _beyond((y[0], y[1] + step, y[2], 0.0, 0.0, 0.0), region, boundary, parameters)[0] - here
    nz = _beyond((y[0], y[1], y[2] + step, 0.0, 0.0, 0.0), region, boundary, parameters)[0] - here
    over = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * over, ny * over, nz * over
