"""B and E between the nodes of a grid, trilinear.

Spherical grids are even in ln(r), in the polar angle and in azimuth; Cartesian ones in x, y and z. Vectors are kept as
Cartesian components along the axes of the file, so that no direction is special at the poles or at azimuth 0. E is
what is interpolated, not V: across a shock V and B jump while E along it does not.

    outside the grid           the uniform interstellar B, and E = -V x B of the interstellar flow
    within the inner radius    what a radial wind of constant speed makes of the values there: the radial part of B
                               goes with 1/r^2, its other parts and E with 1/r

One array holds it all: scalars, at the places named below, then B (and E, if there is any) of every node as 4-byte
numbers, two to a place: half the memory to wait for. `gridded.pack_grid` makes that array.
"""

import math

import numpy as np

from lisbon_core.ground.kernels import STRICT, kernel

# kind of grid; numbers at a node; nodes, first and last coordinate, cells per unit of each axis; inner radius; B and E
# outside, six numbers
SPHERICAL, HALF_ROWS, PARTS, NODES, FIRST, LAST, PER_UNIT, INNER, OUTSIDE, HEAD = 0, 1, 2, 3, 6, 9, 12, 15, 16, 24
LONGEST = 150.0  # AU: steps within the grid are told of no more room than this
NEAREST = 0.05  # AU: within it the continued field grows no more


@kernel(**STRICT)
def border_of_grid(region, x, y, z, parameters):
    """How far (AU) a point lies beyond the border of a region, negative within; and which region is there."""
    if parameters[SPHERICAL] > 0.0:
        out = math.sqrt(x * x + y * y + z * z) - parameters[LAST]
    else:
        out = max(max(parameters[FIRST] - x, x - parameters[LAST]),
                  max(parameters[FIRST + 1] - y, y - parameters[LAST + 1]),
                  max(parameters[FIRST + 2] - z, z - parameters[LAST + 2]))
    return (max(out, -LONGEST), 1) if region == 0 else (-out, 0)


@kernel(**STRICT)
def region_on_grid(x, y, z, parameters):
    """0 within the grid (or its inner radius), 1 outside."""
    return 0 if border_of_grid(0, x, y, z, parameters)[0] <= 0.0 else 1


@kernel(**STRICT)
def _cell(coordinate, axis, parameters):
    """Cell of an axis, and how far along in it; cells without end at either side hold what is beyond the nodes."""
    along = (coordinate - parameters[FIRST + axis]) * parameters[PER_UNIT + axis]
    cells = parameters[NODES + axis] - 1.0
    if axis == 1 and parameters[HALF_ROWS] > 0.0:  # the first and the last row lie half a cell before the next
        along = max(min(2.0 * along, along + 0.5), 2.0 * along + 2.0 - cells)
    along = min(max(along, 0.0), cells)
    cell = min(int(along), int(cells) - 1)
    return cell, along - cell


@kernel(**STRICT)
def _between_nodes(x, y, z, parameters):
    """B and E (six floats) at a point between the nodes."""
    if parameters[SPHERICAL] > 0.0:
        rho2 = x * x + y * y
        around = math.atan2(y, x) - parameters[FIRST + 2]
        x, y = 0.5 * math.log(rho2 + z * z), math.atan2(math.sqrt(rho2), z)
        z = parameters[FIRST + 2] + around - 2.0 * math.pi * math.floor(around / (2.0 * math.pi))
    i, u = _cell(x, 0, parameters)
    j, v = _cell(y, 1, parameters)
    k, w = _cell(z, 2, parameters)
    step = int(parameters[PARTS])  # from node to node in memory; then from row to row, and from sheet to sheet
    row = step * int(parameters[NODES + 2])
    sheet = row * int(parameters[NODES + 1])
    first, values = i * sheet + j * row + k * step, parameters[HEAD:].view(np.float32)
    bx, by, bz, ex, ey, ez = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for a in range(2):
        for b in range(2):
            for c in range(2):
                weight = (u if a else 1.0 - u) * (v if b else 1.0 - v) * (w if c else 1.0 - w)
                at = first + a * sheet + b * row + c * step
                bx += weight * values[at]
                by += weight * values[at + 1]
                bz += weight * values[at + 2]
                if step == 6:
                    ex += weight * values[at + 3]
                    ey += weight * values[at + 4]
                    ez += weight * values[at + 5]
    return bx, by, bz, ex, ey, ez


@kernel(**STRICT)
def field_in_grid(region, x, y, z, parameters):
    """B (microgauss) and E (microgauss c) of a region's field, as six floats."""
    if region == 1:
        return (parameters[OUTSIDE], parameters[OUTSIDE + 1], parameters[OUTSIDE + 2], parameters[OUTSIDE + 3],
                parameters[OUTSIDE + 4], parameters[OUTSIDE + 5])
    inner, r = parameters[INNER], math.sqrt(x * x + y * y + z * z)
    if r >= inner:
        return _between_nodes(x, y, z, parameters)
    nx, ny, nz = (x / r, y / r, z / r) if r > 0.0 else (0.0, 0.0, 1.0)
    bx, by, bz, ex, ey, ez = _between_nodes(inner * nx, inner * ny, inner * nz, parameters)
    grown = inner / max(r, min(NEAREST, inner))
    more = (grown - 1.0) * (nx * bx + ny * by + nz * bz)  # of the radial part
    return (grown * (bx + more * nx), grown * (by + more * ny), grown * (bz + more * nz), grown * ex, grown * ey,
            grown * ez)


@kernel(**STRICT)
def fields_on_grid(points, parameters):
    """B and E, (N, 3) each, at points (N, 3)."""
    values = np.empty((len(points), 6))
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        values[i] = field_in_grid(region_on_grid(x, y, z, parameters), x, y, z, parameters)
    return values[:, :3], values[:, 3:]
