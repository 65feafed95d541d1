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

import functools
import math

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lisbon_core._core import STRICT, kernel

__all__ = ["border_of_grid", "corners", "fetch", "field_in_grid", "fields_on_grid", "in_box", "interpolated",
           "on_sphere", "region_on_grid", "scalars", "uniform"]

(SPHERICAL, PARTS, N_1, N_2, N_3, INNER, FIRST_1, FIRST_2, FIRST_3, PER_1, PER_2, PER_3, LAST_1, LAST_2, LAST_3,
 HALF) = range(16)
UNIFORM = 16  # B and E outside, six numbers
HEAD = 24  # scalars; the values follow, two to a place
LONGEST = 150.0  # AU: steps within the grid are told of no more room than this
NEAREST = 0.05  # AU: within it the continued field grows no more
INLINE = {**STRICT, "forceinline": True}
# atan(q)/q up to tan(pi/8) and artanh(q)/q up to tan(pi/8)^2 as polynomials in q^2, by interpolation at Chebyshev's
# points: good to 3e-14 and 1e-14
_ATAN = (0.9999999999999735, -0.3333333333080538, 0.1999999960521225, -0.14285690439813897, 0.11110385421566475,
         -0.0907839680805114, 0.0756373652881519, -0.058746252690554626, 0.030664208509040485)
_ARTANH = (0.9999999999999738, 0.33333333339795235, 0.19999997443934656, 0.14286083285644233, 0.11087115994938594,
           0.0980417912361949)


@intrinsic
def between(_, array, at, row, sheet, step, u, t, f):
    """Four numbers in a row between the eight nodes of a cell, side by side: the 4-byte ones at the place `at`.

    Places are counted in 4 bytes; u, t, f are how far along sheets, rows and steps. What follows the last node is read.
    """
    def codegen(context, builder, signature, args):
        from llvmlite import ir

        four = ir.VectorType(ir.DoubleType(), 4)
        data = builder.bitcast(context.make_array(signature.args[0])(context, builder, args[0]).data,
                               ir.FloatType().as_pointer())

        def splat(value):
            one = builder.insert_element(ir.Constant(four, ir.Undefined), value, ir.IntType(32)(0))
            return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), 4), [0] * 4))

        def node(place):
            there = builder.bitcast(builder.gep(data, [place]), ir.VectorType(ir.FloatType(), 4).as_pointer())
            return builder.fpext(builder.load(there, align=4), four)

        def mean(place, weights):
            corners = (place, builder.add(place, row), builder.add(place, sheet),
                       builder.add(builder.add(place, sheet), row))
            terms = [builder.fmul(w, node(corner)) for w, corner in zip(weights, corners, strict=True)]
            return functools.reduce(builder.fadd, terms)

        at, row, sheet, step, *along = args[1:]
        u, t, f = map(splat, along)
        rest_u, rest_t = (builder.fsub(splat(ir.DoubleType()(1.0)), x) for x in (u, t))
        weights = [builder.fmul(a, b) for a in (rest_u, u) for b in (rest_t, t)]
        near, far = mean(at, weights), mean(builder.add(at, step), weights)
        found = builder.fadd(near, builder.fmul(f, builder.fsub(far, near)))
        return context.make_tuple(builder, signature.return_type,
                                  [builder.extract_element(found, ir.IntType(32)(i)) for i in range(4)])

    return types.UniTuple(types.float64, 4)(array, *4 * [types.intp], *3 * [types.float64]), codegen


@intrinsic
def fetch(_, array, at):
    """Ask the memory for a 4-byte number that will be needed soon."""
    def codegen(context, builder, signature, args):
        from llvmlite import ir

        data = builder.bitcast(context.make_array(signature.args[0])(context, builder, args[0]).data,
                               ir.FloatType().as_pointer())
        place = builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, *3 * [ir.IntType(32)]])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(ask, [place, *(ir.IntType(32)(n) for n in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


@kernel(**INLINE)
def logarithm(x):
    """ln(x) of a positive number, without a branch, so that several are taken at once."""
    bits = np.float64(x).view(np.int64)
    exponent = np.int64((bits >> 52) | 0x4330000000000000).view(np.float64) - (2.0**52 + 1023.0)
    share = np.int64((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000).view(np.float64)
    q = (share - math.sqrt(2.0)) / (share + math.sqrt(2.0))
    z = q * q
    series = ((_ARTANH[0] + _ARTANH[1] * z) + z * z * (_ARTANH[2] + _ARTANH[3] * z)
              + (z * z) * (z * z) * (_ARTANH[4] + _ARTANH[5] * z))
    return (exponent + 0.5) * math.log(2.0) + 2.0 * q * series


@kernel(**INLINE)
def angle(y, x):
    """atan2(y, x) for y >= 0, likewise."""
    across = abs(x)
    low, high = min(y, across), max(y, across)
    steep = low > 0.41421356237309503 * high
    q = (low - high if steep else low) / max(low + high if steep else high, 1e-300)
    z = q * q
    z2 = z * z
    value = q * ((_ATAN[0] + _ATAN[1] * z) + z2 * (_ATAN[2] + _ATAN[3] * z)
                 + z2 * z2 * ((_ATAN[4] + _ATAN[5] * z) + z2 * (_ATAN[6] + _ATAN[7] * z) + z2 * z2 * _ATAN[8]))
    value += 0.25 * math.pi if steep else 0.0
    value = 0.5 * math.pi - value if y > across else value
    return math.pi - value if x < 0.0 else value


@kernel(**STRICT)
def region_on_grid(x, y, z, parameters):
    """0 within the grid (or its inner radius), 1 outside."""
    return 0 if border_of_grid(0, x, y, z, parameters)[0] <= 0.0 else 1


@kernel(**STRICT)
def border_of_grid(region, x, y, z, parameters):
    """How far (AU) a point lies beyond the border of a region, negative within; and which region is there."""
    if parameters[SPHERICAL] > 0.0:
        out = math.sqrt(x * x + y * y + z * z) - parameters[LAST_1]
    else:
        out = max(max(parameters[FIRST_1] - x, x - parameters[LAST_1]),
                  max(parameters[FIRST_2] - y, y - parameters[LAST_2]),
                  max(parameters[FIRST_3] - z, z - parameters[LAST_3]))
    return (max(out, -LONGEST), 1) if region == 0 else (-out, 0)


@kernel(**INLINE)
def scalars(parameters):
    """What `on_sphere` and `in_box` need to know of the grid."""
    return (parameters[PARTS], parameters[N_1], parameters[N_2], parameters[N_3], parameters[FIRST_1],
            parameters[FIRST_2], parameters[FIRST_3], parameters[PER_1], parameters[PER_2], parameters[PER_3],
            parameters[HALF], parameters[INNER])


@kernel(**INLINE)
def _place(u, cells):
    """Cell and fraction of it, of a coordinate counted in cells."""
    u = min(max(u, 0.0), cells)
    i = min(np.floor(u), cells - 1.0)
    return i, u - i


@kernel(**INLINE)
def on_sphere(x, y, z, grid):
    """Place of the first node of the cell that holds a point of a spherical grid, and how far along u, t, f."""
    step, n_1, n_2, n_3, first_1, _, first_3, per_1, per_2, per_3, half, _ = grid
    rho2 = x * x + y * y
    i, u = _place((0.5 * logarithm(rho2 + z * z) - first_1) * per_1, n_1 - 1.0)
    around = angle(abs(y), x)
    around = (2.0 * math.pi - around if y < 0.0 else around) - first_3
    k, f = _place((around + 2.0 * math.pi if around < 0.0 else around) * per_3, n_3 - 1.0)
    # rows of nodes that begin half a cell from the pole have a narrow cell at either end
    polar = angle(math.sqrt(rho2), z) * per_2
    j = min(np.floor(polar + half), n_2 - 2.0)
    low, high = max(j - half, 0.0), min(j + 1.0 - half, math.pi * per_2)
    return 2.0 * HEAD + step * (k + n_3 * (j + n_2 * i)), u, min((polar - low) / (high - low), 1.0), f


@kernel(**INLINE)
def in_box(x, y, z, grid):
    """The same of a Cartesian grid; of a point within the inner radius, what lies outwards of it there."""
    step, n_1, n_2, n_3, first_1, first_2, first_3, per_1, per_2, per_3, _, inner = grid
    out = max(inner / max(math.sqrt(x * x + y * y + z * z), 1e-300), 1.0)
    i, u = _place((out * x - first_1) * per_1, n_1 - 1.0)
    j, t = _place((out * y - first_2) * per_2, n_2 - 1.0)
    k, f = _place((out * z - first_3) * per_3, n_3 - 1.0)
    return 2.0 * HEAD + step * (k + n_3 * (j + n_2 * i)), u, t, f


@kernel(**INLINE)
def corners(parameters):
    """How far apart nodes lie in memory: along phi or z, theta or y, r or x."""
    step = int(parameters[PARTS])
    row = step * int(parameters[N_3])
    return step, row, row * int(parameters[N_2])


@kernel(**INLINE)
def uniform(parameters):
    """B and E outside."""
    return (parameters[UNIFORM], parameters[UNIFORM + 1], parameters[UNIFORM + 2], parameters[UNIFORM + 3],
            parameters[UNIFORM + 4], parameters[UNIFORM + 5])


@kernel(**INLINE)
def interpolated(x, y, z, found, parameters):
    """B and E at a point, of which `on_sphere` or `in_box` has found the cell; continued within the inner radius."""
    at, (step, row, sheet) = int(found[0]), corners(parameters)
    bx, by, bz, ex = between(parameters, at, row, sheet, step, found[1], found[2], found[3])
    ey, ez = 0.0, 0.0
    if step == 3:
        ex = 0.0
    else:
        ey, ez, _, _ = between(parameters, at + 4, row, sheet, step, found[1], found[2], found[3])
    inner, r2 = parameters[INNER], x * x + y * y + z * z
    if r2 >= inner * inner:
        return bx, by, bz, ex, ey, ez
    r = math.sqrt(r2)
    nx, ny, nz = (x / r, y / r, z / r) if r > 0.0 else (0.0, 0.0, 1.0)
    grown = inner / max(r, min(NEAREST, inner))
    radial = (grown - 1.0) * (nx * bx + ny * by + nz * bz)
    return (grown * (bx + radial * nx), grown * (by + radial * ny), grown * (bz + radial * nz), grown * ex, grown * ey,
            grown * ez)


@kernel(**STRICT)
def field_in_grid(region, x, y, z, parameters):
    """B (microgauss) and E (microgauss c) of a region's field, as six floats."""
    if region == 1:
        return uniform(parameters)
    grid = scalars(parameters)
    found = on_sphere(x, y, z, grid) if parameters[SPHERICAL] > 0.0 else in_box(x, y, z, grid)
    return interpolated(x, y, z, found, parameters)


@kernel(**STRICT)
def fields_on_grid(points, parameters):
    values = np.empty((len(points), 6))
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        bx, by, bz, ex, ey, ez = field_in_grid(region_on_grid(x, y, z, parameters), x, y, z, parameters)
        values[i, 0], values[i, 1], values[i, 2] = bx, by, bz
        values[i, 3], values[i, 4], values[i, 5] = ex, ey, ez
    return values
