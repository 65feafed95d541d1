"""Orbits of charged particles: dr/ds = v, dp/ds = q (v x B + E), one orbit in one compiled loop.

Dormand and Prince's pair of orders 5 and 4 with adaptive steps. The field may consist of several regions, each
smooth: a step stays with the field of the region in which it began, and is shortened until it ends on the border
where it would cross one, so that no step straddles a jump; the sphere on which an orbit ends is met the same way, by
regula falsi on the length of the step from the last inside state. A step that would fall below the floor is taken at
the floor. s is c times time, in AU; momenta are rigidities in TV; nothing here knows of the sky or of the Sun, except
that steps are kept below half the distance from the origin, lest they jump over what is small there.

References
----------
Dormand & Prince 1980, J. Comp. Appl. Math. 6, 19; Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I.
"""

import math

from lisbon_core._core import kernel
from lisbon_core.heliosphere.closed_form import border, field_in, region_of
from lisbon_core.heliosphere.intrinsics import borrowed, fma
from lisbon_core.heliosphere.parameters import FAST

__all__ = []

LONGEST = 150.0  # AU, of any step
SHARE = 0.5  # of the distance from the origin
FLOOR = 1e-6  # AU + the same share of that distance: the shortest step
MOST_STEPS = 1_000_000
ASIDE = 1e-4  # of r + 1 AU: how far aside the gradient of the field is looked for
GRAZING = 1e-3  # cosine to a border's normal below which a neighbour's delay is not let grow
WORSE = 6.0  # times the 6/5th power of the fourth order's error: measured, so that estimate and error agree in the tail


@kernel(**FAST)
def _derivative(y, region, factor, electric, mass2, parameters):
    """dy/ds at the state y = (r, p); states and derivatives are tuples of six floats."""
    bx, by, bz, ex, ey, ez = field_in(region, y[0], y[1], y[2], parameters)
    over_energy = 1.0 / math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5] + mass2)
    vx, vy, vz = y[3] * over_energy, y[4] * over_energy, y[5] * over_energy
    return (vx, vy, vz, factor * (vy * bz - vz * by + electric * ex), factor * (vz * bx - vx * bz + electric * ey),
            factor * (vx * by - vy * bx + electric * ez))


@kernel(**FAST)
def _sum2(y, a, k, b, m):
    """y + a k + b m."""
    return (fma(b, m[0], fma(a, k[0], y[0])), fma(b, m[1], fma(a, k[1], y[1])), fma(b, m[2], fma(a, k[2], y[2])),
            fma(b, m[3], fma(a, k[3], y[3])), fma(b, m[4], fma(a, k[4], y[4])), fma(b, m[5], fma(a, k[5], y[5])))


@kernel(**FAST)
def _step(y, k0, h, region, factor, electric, mass2, parameters):
    """One step of length h from y, where the derivative is k0: the end, the derivative there, the error."""
    k1 = _derivative(_sum2(y, h / 5.0, k0, 0.0, k0), region, factor, electric, mass2, parameters)
    t = _sum2(y, h * (3.0 / 40.0), k0, h * (9.0 / 40.0), k1)
    k2 = _derivative(t, region, factor, electric, mass2, parameters)
    t = _sum2(_sum2(y, h * (44.0 / 45.0), k0, h * (-56.0 / 15.0), k1), h * (32.0 / 9.0), k2, 0.0, k2)
    k3 = _derivative(t, region, factor, electric, mass2, parameters)
    t = _sum2(_sum2(y, h * (19372.0 / 6561.0), k0, h * (-25360.0 / 2187.0), k1),
              h * (64448.0 / 6561.0), k2, h * (-212.0 / 729.0), k3)
    k4 = _derivative(t, region, factor, electric, mass2, parameters)
    t = _sum2(_sum2(y, h * (9017.0 / 3168.0), k0, h * (-355.0 / 33.0), k1),
              h * (46732.0 / 5247.0), k2, h * (49.0 / 176.0), k3)
    t = _sum2(t, h * (-5103.0 / 18656.0), k4, 0.0, k4)
    k5 = _derivative(t, region, factor, electric, mass2, parameters)
    end = _sum2(_sum2(y, h * (35.0 / 384.0), k0, h * (500.0 / 1113.0), k2),
                h * (125.0 / 192.0), k3, h * (-2187.0 / 6784.0), k4)
    end = _sum2(end, h * (11.0 / 84.0), k5, 0.0, k5)
    k6 = _derivative(end, region, factor, electric, mass2, parameters)
    nought = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    off = _sum2(_sum2(nought, h * (71.0 / 57600.0), k0, h * (-71.0 / 16695.0), k2),
                h * (71.0 / 1920.0), k3, h * (-17253.0 / 339200.0), k4)
    off = _sum2(off, h * (22.0 / 525.0), k5, h * (-1.0 / 40.0), k6)
    error = max((off[0] * off[0] + off[1] * off[1] + off[2] * off[2]) / (_length(y) + 1.0) ** 2,
                (off[3] * off[3] + off[4] * off[4] + off[5] * off[5]) / (y[3] * y[3] + y[4] * y[4] + y[5] * y[5]))
    return end, k6, math.sqrt(error)


@kernel(**FAST)
def _length(y):
    return math.sqrt(y[0] * y[0] + y[1] * y[1] + y[2] * y[2])


@kernel(**FAST)
def _beyond(y, region, boundary, parameters):
    """How far (AU) y lies beyond its region or the sphere, negative within; and the region there, -1 = outside."""
    out = _length(y) - boundary
    over, other = border(region, y[0], y[1], y[2], parameters)
    return (out, -1) if out > over else (over, other)


@kernel(**FAST)
def _land(y, k0, h, over, other, region, factor, electric, mass2, boundary, tolerance, parameters):
    """Shorten the step h, beyond whose end lies `other`, until it ends on the border, a hair beyond it."""
    aim = 0.5e-9 if other == -1 else 0.5 * min(1e-6, max(10.0 * tolerance, 1e-10))
    low, f_low, high, f_high = 0.0, min(_beyond(y, region, boundary, parameters)[0], 0.0) - aim, h, over - aim
    trial, end, k6, error, side, tries = h, y, k0, 0.0, 0, 0
    while tries < 60:
        tries += 1
        trial = high - f_high * (high - low) / (f_high - f_low)
        end, k6, error = _step(y, k0, trial, region, factor, electric, mass2, parameters)
        over, there = _beyond(end, region, boundary, parameters)
        if over > 0.0:
            other = there
        if abs(over - aim) <= aim or high - low < 1e-14 * boundary:
            break
        if over > aim:
            high, f_high = trial, over - aim
            f_low *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            low, f_low = trial, over - aim
            f_high *= 0.5 if side == -1 else 1.0
            side = -1
    return trial, end, k6, error, other, tries


@kernel(**FAST)
def _deviate(d, y, h, magnetic, electric_field, region, factor, electric, mass2, parameters):
    """Carry the deviation d = (dr, dp) of a neighbour over a step of length h whose middle is y.

    To second order, half the drift, half the kick by the field's gradient, the rotation, and back again: each part
    keeps volumes in phase space. The gradient along dr is taken from a point a little to that side.
    """
    over_energy = 1.0 / math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5] + mass2)
    drift = 0.5 * h * over_energy
    rx, ry, rz = d[0] + drift * d[3], d[1] + drift * d[4], d[2] + drift * d[5]
    gx, gy, gz = 0.0, 0.0, 0.0
    size = math.sqrt(rx * rx + ry * ry + rz * rz)
    if size > 0.0:
        aside = ASIDE * (1.0 + _length(y)) / size
        bx, by, bz, ex, ey, ez = field_in(region, y[0] + aside * rx, y[1] + aside * ry, y[2] + aside * rz, parameters)
        bx, by, bz = bx - magnetic[0], by - magnetic[1], bz - magnetic[2]
        kick = 0.5 * h * factor / aside
        gx = kick * ((y[4] * bz - y[5] * by) * over_energy + electric * (ex - electric_field[0]))
        gy = kick * ((y[5] * bx - y[3] * bz) * over_energy + electric * (ey - electric_field[1]))
        gz = kick * ((y[3] * by - y[4] * bx) * over_energy + electric * (ez - electric_field[2]))
    px, py, pz = d[3] + gx, d[4] + gy, d[5] + gz
    # rotation by the angle whose half has the tangent |t|
    turn = factor * drift
    tx, ty, tz = turn * magnetic[0], turn * magnetic[1], turn * magnetic[2]
    stretch = 1.0 + (tx * tx + ty * ty + tz * tz) / 3.0
    tx, ty, tz = stretch * tx, stretch * ty, stretch * tz
    qx, qy, qz = px + py * tz - pz * ty, py + pz * tx - px * tz, pz + px * ty - py * tx
    twice = 2.0 / (1.0 + tx * tx + ty * ty + tz * tz)
    px += twice * (qy * tz - qz * ty) + gx
    py += twice * (qz * tx - qx * tz) + gy
    pz += twice * (qx * ty - qy * tx) + gz
    return rx + drift * px, ry + drift * py, rz + drift * pz, px, py, pz


@kernel(**FAST)
def _late(d, normal, before, after):
    """The deviation d behind a border: a neighbour meets it later, and the force changes there."""
    across = normal[0] * before[0] + normal[1] * before[1] + normal[2] * before[2]
    if abs(across) < GRAZING:
        across = math.copysign(GRAZING, across)
    later = -(normal[0] * d[0] + normal[1] * d[1] + normal[2] * d[2]) / across
    return (d[0], d[1], d[2], d[3] + later * (before[3] - after[3]), d[4] + later * (before[4] - after[4]),
            d[5] + later * (before[5] - after[5]))


@kernel(**FAST)
def _normal(y, region, boundary, parameters):
    """Unit normal of the border that the end y of a step lies on."""
    here, step = _beyond(y, region, boundary, parameters)[0], 1e-6 * (1.0 + _length(y))
    nx = _beyond((y[0] + step, y[1], y[2], 0.0, 0.0, 0.0), region, boundary, parameters)[0] - here
    ny = _beyond((y[0], y[1] + step, y[2], 0.0, 0.0, 0.0), region, boundary, parameters)[0] - here
    nz = _beyond((y[0], y[1], y[2] + step, 0.0, 0.0, 0.0), region, boundary, parameters)[0] - here
    over = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * over, ny * over, nz * over


@kernel(**FAST)
def _spread2(d, r, p2):
    """Square of a deviation as errors of a step are measured: dr/(r + 1 AU) and dp/p."""
    return ((d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / (r + 1.0) ** 2
            + (d[3] * d[3] + d[4] * d[4] + d[5] * d[5]) / p2)


@kernel(**FAST)
def _orbit(y, d, e, factor, electric, mass2, boundary, path_cap, tolerance, vary, parameters):
    """Carry y, and if `vary` two deviations d and e, to the sphere or to the end of the path.

    Returns y, d, e, the path, evaluations of the field, whether it got out, and the sum of the errors of all steps,
    each over how far neighbours had spread by then.
    """
    region = region_of(y[0], y[1], y[2], parameters)
    k0 = _derivative(y, region, factor, electric, mass2, parameters)
    path, evaluations, h, most, errors = 0.0, 1, 1.0, 5.0, 0.0
    for _ in range(MOST_STEPS):
        r = _length(y)
        floor = FLOOR * (1.0 + r)
        h = min(max(min(h, LONGEST, SHARE * r), floor), path_cap - path)
        end, k6, error = _step(y, k0, h, region, factor, electric, mass2, parameters)
        evaluations += 6
        off = error / tolerance
        if off > 1.0 and h > floor:
            h *= max(0.2, 0.9 * off ** -0.2)
            most = 1.0  # no growth right after a failure
            continue
        grown = h * min(most, 0.9 * max(off, 1e-9) ** -0.2)
        most = 5.0
        over, other = _beyond(end, region, boundary, parameters)
        # the middle of the cubic through both ends costs nothing and sees a corner cut
        middle = _sum2(_sum2(y, -0.5, y, 0.5, end), 0.125 * h, k0, -0.125 * h, k6)
        half, half_other = _beyond(middle, region, boundary, parameters)
        if half > 0.0:
            h, over, other = 0.5 * h, half, half_other
        crossed = over > 0.0
        if crossed:
            h, end, k6, error, other, tries = _land(y, k0, h, over, other, region, factor, electric, mass2, boundary,
                                                    tolerance, parameters)
            evaluations += 6 * tries
        if vary:
            p2 = y[3] * y[3] + y[4] * y[4] + y[5] * y[5]
            errors += WORSE * error ** 1.2 / math.sqrt(0.5 * (_spread2(d, r, p2) + _spread2(e, r, p2)))
            if crossed:
                middle = _sum2(_sum2(y, -0.5, y, 0.5, end), 0.125 * h, k0, -0.125 * h, k6)
            bx, by, bz, ex, ey, ez = field_in(region, middle[0], middle[1], middle[2], parameters)
            d = _deviate(d, middle, h, (bx, by, bz), (ex, ey, ez), region, factor, electric, mass2, parameters)
            e = _deviate(e, middle, h, (bx, by, bz), (ex, ey, ez), region, factor, electric, mass2, parameters)
            evaluations += 3
        path += h
        y, k0, h = end, k6, grown
        if crossed:
            if vary:
                normal = _normal(y, region, boundary, parameters)
            if other == -1:
                if vary:
                    nought = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
                    d, e = _late(d, normal, k6, nought), _late(e, normal, k6, nought)
                return y, d, e, path, evaluations, True, errors
            region = other
            k0 = _derivative(y, region, factor, electric, mass2, parameters)
            evaluations += 1
            if vary:
                d, e = _late(d, normal, k6, k0), _late(e, normal, k6, k0)
        if path >= path_cap:
            break
    return y, d, e, path, evaluations, False, errors


@kernel(**FAST)
def _across(px, py, pz):
    """Two vectors as long as p, perpendicular to it and to each other."""
    p = math.sqrt(px * px + py * py + pz * pz)
    sign = 1.0 if pz >= 0.0 else -1.0
    x, y, z = px / p, py / p, pz / p
    a = -1.0 / (sign + z)
    b = x * y * a
    return (p * (1.0 + sign * x * x * a), p * sign * b, -p * sign * x), (p * b, p * (sign + y * y * a), -p * y)


@kernel(**FAST)
def _orbits(states, out, factor, electric, mass2, boundary, path_cap, tolerance, vary, parameters):
    """`_orbit` for every row of states (N, 6), in place; out (N, 5): path, evaluations, escaped, amplification, error.

    The amplification is the larger of the two stretches of a small circle of directions, the error in radians.
    """
    parameters = borrowed(parameters)
    for i in range(len(states)):
        y = (states[i, 0], states[i, 1], states[i, 2], states[i, 3], states[i, 4], states[i, 5])
        p2 = y[3] * y[3] + y[4] * y[4] + y[5] * y[5]
        a, b = _across(y[3], y[4], y[5])
        y, d, e, path, evaluations, escaped, errors = _orbit(
            y, (0.0, 0.0, 0.0, a[0], a[1], a[2]), (0.0, 0.0, 0.0, b[0], b[1], b[2]), factor, electric, mass2, boundary,
            path_cap, tolerance, vary, parameters)
        for c in range(6):
            states[i, c] = y[c]
        dd = (d[3] * d[3] + d[4] * d[4] + d[5] * d[5]) / p2
        ee = (e[3] * e[3] + e[4] * e[4] + e[5] * e[5]) / p2
        de = (d[3] * e[3] + d[4] * e[4] + d[5] * e[5]) / p2
        out[i, 0], out[i, 1], out[i, 2] = path, evaluations, escaped
        out[i, 3] = math.sqrt(0.5 * (dd + ee) + math.sqrt(0.25 * (dd - ee) ** 2 + de * de))
        out[i, 4] = errors * math.sqrt(0.5 * (dd + ee))
