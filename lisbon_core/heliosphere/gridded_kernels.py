"""B and E between the nodes of a grid, trilinear, as fast kernels.

Spherical grids are even in ln(r), in the polar angle and in azimuth; Cartesian ones in x, y and z. Vectors are kept as
Cartesian components along the axes of the file, so that no direction is special at the poles or at azimuth 0. E is
what is interpolated, not V: across a shock V and B jump while E along it does not.

    outside the grid           the uniform interstellar B, and E = -V x B of the interstellar flow
    within the inner radius    what a radial wind of constant speed makes of the values there: the radial part of B
                               goes with 1/r^2, its other parts and E with 1/r

Values are kept as 4-byte numbers behind the scalars in one array: half the memory to wait for, and for nothing else
does an evaluation wait. `gridded.pack_grid` makes that array.
"""

import math

import numpy as np
from numba import types
from numba.extending import intrinsic

from lisbon_core._core import kernel
from lisbon_core.heliosphere.parameters import FAST

__all__ = ["border_of_grid", "field_in_grid", "fields_on_grid", "region_on_grid"]

(SPHERICAL, PARTS, N_1, N_2, N_3, INNER, FIRST_1, FIRST_2, FIRST_3, PER_1, PER_2, PER_3, LAST_1, LAST_2, LAST_3,
 HALF) = range(16)
UNIFORM = 16  # B and E outside, six numbers
HEAD = 24  # scalars; the values follow, two to a place
LONGEST = 150.0  # AU: steps within the grid are told of no more room than this
NEAREST = 0.05  # AU: within it the continued field grows no more
# atan(q)/q as a polynomial in q^2 up to tan(pi/8)^2, by interpolation at Chebyshev's points: good to 3e-14
_ATAN = (0.9999999999999735, -0.3333333333080538, 0.1999999960521225, -0.14285690439813897, 0.11110385421566475,
         -0.0907839680805114, 0.0756373652881519, -0.058746252690554626, 0.030664208509040485)


@intrinsic
def single(_, array, index):
    """The 4-byte number at a place of an array of 8-byte ones, the places counted in 4 bytes."""

    def codegen(context, builder, signature, args):
        from llvmlite import ir

        data = builder.bitcast(context.make_array(signature.args[0])(context, builder, args[0]).data,
                               ir.FloatType().as_pointer())
        return builder.fpext(builder.load(builder.gep(data, [args[1]])), ir.DoubleType())

    return types.float64(array, types.intp), codegen


@kernel(**FAST)
def angle(y, x):
    """atan2(y, x) for y >= 0, several times faster than the library's."""
    across = abs(x)
    low, high = min(y, across), max(y, across)
    steep = low > 0.41421356237309503 * high
    q = (low - high if steep else low) / max(low + high if steep else high, 1e-300)
    z = q * q
    z2 = z * z
    value = q * ((_ATAN[0] + _ATAN[1] * z) + z2 * (_ATAN[2] + _ATAN[3] * z)
                 + z2 * z2 * ((_ATAN[4] + _ATAN[5] * z) + z2 * (_ATAN[6] + _ATAN[7] * z) + z2 * z2 * _ATAN[8]))
    if steep:
        value += 0.25 * math.pi
    if y > across:
        value = 0.5 * math.pi - value
    return math.pi - value if x < 0.0 else value


@kernel(**FAST)
def region_on_grid(x, y, z, parameters):
    """0 within the grid (or its inner radius), 1 outside."""
    return 0 if border_of_grid(0, x, y, z, parameters)[0] <= 0.0 else 1


@kernel(**FAST)
def border_of_grid(region, x, y, z, parameters):
    """How far (AU) a point lies beyond the border of a region, negative within; and which region is there."""
    if parameters[SPHERICAL] > 0.0:
        out = math.sqrt(x * x + y * y + z * z) - parameters[LAST_1]
    else:
        out = max(max(parameters[FIRST_1] - x, x - parameters[LAST_1]),
                  max(parameters[FIRST_2] - y, y - parameters[LAST_2]),
                  max(parameters[FIRST_3] - z, z - parameters[LAST_3]))
    return (max(out, -LONGEST), 1) if region == 0 else (-out, 0)


@kernel(**FAST)
def _place(u, cells):
    """Cell and fraction of it, of a coordinate counted in cells."""
    i = min(max(int(u), 0), cells - 1)
    return i, min(max(u - i, 0.0), 1.0)


@kernel(**FAST)
def _cell(x, y, z, parameters):
    """Cell that holds a point, and where in it: three integers and three fractions."""
    n_1, n_2, n_3 = int(parameters[N_1]), int(parameters[N_2]), int(parameters[N_3])
    if parameters[SPHERICAL] > 0.0:
        rho2 = x * x + y * y
        i, u = _place((0.5 * math.log(rho2 + z * z) - parameters[FIRST_1]) * parameters[PER_1], n_1 - 1)
        around = (angle(y, x) if y >= 0.0 else 2.0 * math.pi - angle(-y, x)) - parameters[FIRST_3]
        k, f = _place((around + 2.0 * math.pi if around < 0.0 else around) * parameters[PER_3], n_3 - 1)
        # rows of nodes that begin half a cell from the pole have a narrow cell at either end
        polar, half = angle(math.sqrt(rho2), z) * parameters[PER_2], parameters[HALF]
        j = min(int(polar + half), n_2 - 2)
        low, high = max(j - half, 0.0), min(j + 1.0 - half, math.pi * parameters[PER_2])
        return i, j, k, u, min((polar - low) / (high - low), 1.0), f
    i, u = _place((x - parameters[FIRST_1]) * parameters[PER_1], n_1 - 1)
    j, t = _place((y - parameters[FIRST_2]) * parameters[PER_2], n_2 - 1)
    k, f = _place((z - parameters[FIRST_3]) * parameters[PER_3], n_3 - 1)
    return i, j, k, u, t, f


@kernel(**FAST)
def _between(at, row, sheet, step, w_00, w_01, w_10, w_11, f, parameters):
    """One component between the eight nodes of a cell, the first of them at `at`."""
    near = (w_00 * single(parameters, at) + w_01 * single(parameters, at + row)
            + w_10 * single(parameters, at + sheet) + w_11 * single(parameters, at + sheet + row))
    at += step
    far = (w_00 * single(parameters, at) + w_01 * single(parameters, at + row)
           + w_10 * single(parameters, at + sheet) + w_11 * single(parameters, at + sheet + row))
    return near + f * (far - near)


@kernel(**FAST)
def _trilinear(x, y, z, parameters):
    i, j, k, u, t, f = _cell(x, y, z, parameters)
    step = int(parameters[PARTS])
    row = step * int(parameters[N_3])
    sheet = row * int(parameters[N_2])
    at = 2 * HEAD + i * sheet + j * row + k * step
    w_00, w_01, w_10, w_11 = (1.0 - u) * (1.0 - t), (1.0 - u) * t, u * (1.0 - t), u * t
    bx = _between(at, row, sheet, step, w_00, w_01, w_10, w_11, f, parameters)
    by = _between(at + 1, row, sheet, step, w_00, w_01, w_10, w_11, f, parameters)
    bz = _between(at + 2, row, sheet, step, w_00, w_01, w_10, w_11, f, parameters)
    if step == 3:
        return bx, by, bz, 0.0, 0.0, 0.0
    ex = _between(at + 3, row, sheet, step, w_00, w_01, w_10, w_11, f, parameters)
    ey = _between(at + 4, row, sheet, step, w_00, w_01, w_10, w_11, f, parameters)
    ez = _between(at + 5, row, sheet, step, w_00, w_01, w_10, w_11, f, parameters)
    return bx, by, bz, ex, ey, ez


@kernel(**FAST)
def field_in_grid(region, x, y, z, parameters):
    """B (microgauss) and E (microgauss c) of a region's field, as six floats."""
    if region == 1:
        return (parameters[UNIFORM], parameters[UNIFORM + 1], parameters[UNIFORM + 2], parameters[UNIFORM + 3],
                parameters[UNIFORM + 4], parameters[UNIFORM + 5])
    inner, r2 = parameters[INNER], x * x + y * y + z * z
    if r2 >= inner * inner:
        return _trilinear(x, y, z, parameters)
    r = math.sqrt(r2)
    nx, ny, nz = (x / r, y / r, z / r) if r > 0.0 else (0.0, 0.0, 1.0)
    bx, by, bz, ex, ey, ez = _trilinear(inner * nx, inner * ny, inner * nz, parameters)
    grown = inner / max(r, min(NEAREST, inner))
    radial = (grown - 1.0) * (nx * bx + ny * by + nz * bz)
    return (grown * (bx + radial * nx), grown * (by + radial * ny), grown * (bz + radial * nz), grown * ex, grown * ey,
            grown * ez)


@kernel(**FAST)
def fields_on_grid(points, parameters):
    values = np.empty((len(points), 6))
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        bx, by, bz, ex, ey, ez = field_in_grid(region_on_grid(x, y, z, parameters), x, y, z, parameters)
        values[i, 0], values[i, 1], values[i, 2] = bx, by, bz
        values[i, 3], values[i, 4], values[i, 5] = ex, ey, ez
    return values
