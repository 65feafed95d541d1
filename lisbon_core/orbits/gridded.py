"""The field of a grid for several orbits at once.

For a field on a grid nearly all time goes into waiting for memory. So the cells of all orbits are found first, in one
loop of which processors do several turns at once, and asked for; by the time they are needed they are under way.
"""

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.gridded_kernels import (
    SPHERICAL,
    corners,
    fetch,
    in_box,
    interpolated,
    on_sphere,
    scalars,
    uniform,
)
from lisbon_core.orbits.step import END, LANES, THERE, _put, _six

__all__ = []


@kernel(**STRICT)
def _fields_of_grid(w, regions, lanes, parameters):
    """`step._fields` of a grid."""
    grid, spherical = scalars(parameters), parameters[SPHERICAL] > 0.0
    if spherical:
        for i in range(LANES):
            _note(w, i, on_sphere(w[END * LANES + i], w[(END + 1) * LANES + i], w[(END + 2) * LANES + i], grid))
    else:
        for i in range(LANES):
            _note(w, i, in_box(w[END * LANES + i], w[(END + 1) * LANES + i], w[(END + 2) * LANES + i], grid))
    step, row, sheet = corners(parameters)
    for i in range(lanes):
        if regions[i] == 0:
            at = int(w[THERE * LANES + i])
            for corner in (at, at + row, at + sheet, at + sheet + row):
                fetch(parameters, corner)
                fetch(parameters, corner + 2 * step - 1)
    for i in range(lanes):
        y, found = _six(w, END, i), _six(w, THERE, i)
        _put(w, THERE, i, interpolated(y[0], y[1], y[2], found, parameters) if regions[i] == 0 else uniform(parameters))


@kernel(**STRICT, forceinline=True)
def _note(w, lane, found):
    at = THERE * LANES + lane
    w[at], w[at + LANES], w[at + 2 * LANES], w[at + 3 * LANES] = found
