"""The solar field: Parker's spiral, and what becomes of it between the termination shock and the heliopause.

Both are one curl. With P = 1 on the shock and Q = 1 on the heliopause, n the axis of the Sun's rotation,

    B = -Omega B_1 curl {S(alpha, T) [H grad(T) + h grad(zeta)]},        E = Omega B_1 grad(S H)
    alpha = t sqrt(P),    T = [r + a (sqrt(P) - 1)]/V,    zeta = (P - 1) Q/(P - Q),    H = 1 - zeta,    h = c zeta^3/V

where t = n.r_hat is the sine of the heliographic latitude, T the age of the plasma, zeta goes from 0 on the shock to 1
on the heliopause. Within the shock alpha = t, T = r/V, H = 1 and h = 0: that is Parker's spiral. The part of the
potential along the shock is the same on both sides, and along the heliopause there is none: so B has no part across it.
At the shock the field is compressed by about 1 + a/r; c is how much of it piles up before the heliopause.

The sign of the field is s = dS/d(alpha). It turns over with the solar cycle, age by age,

    S = C alpha^2/(sqrt(C^2 alpha^2 + w^2) + w),        s = C alpha/sqrt(C^2 alpha^2 + w^2)

where C(T) swings between +1 and -1: the current sheet is not resolved as it flaps with the Sun's rotation but averaged
over it, in a zone of latitudes w/|C| that opens towards solar maximum and closes after it.

The Sun's open flux is closed within the shock: B_1 curl {(S(1) - S) W grad(phi)}, with phi the heliographic longitude,
S of today's C, and W = (1 - r^2/r_0^2)^2 up to the closest point of the shock, r_0. Near the Sun that is s B_1/r^2.

References
----------
Parker 1958, ApJ 128, 664; Axford 1972 and Cranfill 1971 on the pile-up before the heliopause.
"""

import math

from lisbon_core.ground.kernels import STRICT, kernel
from lisbon_core.heliosphere import parameters as at
from lisbon_core.heliosphere.interstellar import wall

TO_WHOLE = 1.5 * 2.0**52  # added and taken away again, it leaves the nearest whole number: of several lanes at once
SOFT = 0.3  # AU: within it B, not E, is held at what it would be there, and div B is not zero


@kernel(**STRICT, forceinline=True)
def shock(x, y, z, r, over_r, parameters):
    """P, 1 on the termination shock and growing as r^2 along each ray, and its gradient: four floats."""
    even, across, upwind = parameters[at.SHOCK], parameters[at.SHOCK_X], parameters[at.SHOCK_Z]
    side = across * x + upwind * z
    radial = 2.0 * even + side * over_r
    return r * (even * r + side), radial * x + across * r, radial * y, radial * z + upwind * r


@kernel(**STRICT, forceinline=True)
def swing(age, parameters):
    """C and dC/dT of plasma of an age: a triangle over the magnetic cycle, smooth at its tips."""
    phase = age * parameters[at.OVER_CYCLE] + parameters[at.PHASE]
    phase -= (phase + TO_WHOLE) - TO_WHOLE
    height = 1.0 - 4.0 * abs(phase)
    slope = -6.0 * (1.0 - height * height) * (1.0 if phase > 0.0 else -1.0)
    sign = parameters[at.POLARITY]
    return sign * height * (1.5 - 0.5 * height * height), sign * slope * parameters[at.OVER_CYCLE]


@kernel(**STRICT, forceinline=True)
def _sign(alpha, c, parameters):
    """S, s = dS/d(alpha) and dS/dC."""
    width = parameters[at.SHEET]
    squared = alpha * alpha
    root = math.sqrt(c * c * squared + width * width)
    share = squared / (root + width)
    return c * share, c * alpha / root, share * width / root


@kernel(**STRICT, forceinline=True)
def spiral(x, y, z, parameters):
    """B (microgauss) and E (microgauss c) within the termination shock at a point (AU, model axes), as six floats."""
    nx, ny, nz = parameters[at.AXIS_X], parameters[at.AXIS_Y], parameters[at.AXIS_Z]
    r = max(math.sqrt(x * x + y * y + z * z), 1e-12)
    over_r, over_soft = 1.0 / r, 1.0 / max(r, SOFT)
    x, y, z = x * over_r, y * over_r, z * over_r
    t = nx * x + ny * y + nz * z
    c, change = swing(r * parameters[at.OVER_WIND], parameters)
    _, s, by_c = _sign(t, c, parameters)
    b_1, turning = parameters[at.B_RADIAL], parameters[at.ROTATION]
    wound = b_1 * turning * parameters[at.OVER_WIND] * s * over_soft
    # the open flux: along r, and along n - t r_hat where it closes
    now, width2 = parameters[at.NOW], parameters[at.SHEET] * parameters[at.SHEET]
    root = math.sqrt(now * now * t * t + width2)
    rest = max(1.0 - r * r * parameters[at.OVER_OPEN2], 0.0)
    radial = b_1 * rest * rest * over_soft * over_soft * now * t / root
    closing = -4.0 * b_1 * parameters[at.OVER_OPEN2] * rest * now / (root + math.sqrt(now * now + width2))
    radial -= closing * t
    electric = turning * b_1 * s * over_r
    outward = turning * b_1 * by_c * change * parameters[at.OVER_WIND] - electric * t
    return (radial * x + closing * nx - wound * (ny * z - nz * y),
            radial * y + closing * ny - wound * (nz * x - nx * z),
            radial * z + closing * nz - wound * (nx * y - ny * x),
            electric * nx + outward * x, electric * ny + outward * y, electric * nz + outward * z)


@kernel(**STRICT, forceinline=True)
def carried(x, y, z, parameters):
    """B (microgauss) and E (microgauss c) in the heliosheath at a point (AU, model axes), as six floats."""
    nx, ny, nz = parameters[at.AXIS_X], parameters[at.AXIS_Y], parameters[at.AXIS_Z]
    r = math.sqrt(x * x + y * y + z * z)
    r = r if r > 1.0 else 1.0  # steps that are tried reach farther in than the shock
    over_r = 1.0 / r
    p, px, py, pz = shock(x, y, z, r, over_r, parameters)
    q, qx, qy, qz = wall(x, y, z, r, over_r, parameters)
    root, over = math.sqrt(p), 1.0 / (p - q)
    over_root = 0.5 / root
    t = (nx * x + ny * y + nz * z) * over_r
    # alpha, T and zeta with their gradients
    alpha, spread, lift = t * root, root * over_r, t * over_root
    radial = -t * spread * over_r
    lx, ly, lz = (spread * nx + radial * x + lift * px, spread * ny + radial * y + lift * py,
                  spread * nz + radial * z + lift * pz)
    rate, stretch = parameters[at.OVER_WIND], parameters[at.COMPRESSED]
    steep = rate * stretch * over_root
    tx, ty, tz = rate * over_r * x + steep * px, rate * over_r * y + steep * py, rate * over_r * z + steep * pz
    by_p, by_q = q * (1.0 - q) * over * over, p * (p - 1.0) * over * over
    zx, zy, zz = by_p * px + by_q * qx, by_p * py + by_q * qy, by_p * pz + by_q * qz
    zeta = (p - 1.0) * q * over
    c, change = swing(rate * (r + stretch * (root - 1.0)), parameters)
    value, s, by_c = _sign(alpha, c, parameters)
    rest, piled, ageing = 1.0 - zeta, rate * parameters[at.PILED] * zeta * zeta * zeta, by_c * change  # H, h, dS/dT
    kx, ky, kz = rest * tx + piled * zx, rest * ty + piled * zy, rest * tz + piled * zz
    strength = parameters[at.ROTATION] * parameters[at.B_RADIAL]
    first, second = -strength * s, strength * (value + piled * ageing)
    ex, et, ez = strength * rest * s, strength * rest * ageing, -strength * value
    return (first * (ly * kz - lz * ky) + second * (zy * tz - zz * ty),
            first * (lz * kx - lx * kz) + second * (zz * tx - zx * tz),
            first * (lx * ky - ly * kx) + second * (zx * ty - zy * tx),
            ex * lx + et * tx + ez * zx, ex * ly + et * ty + ez * zy, ex * lz + et * tz + ez * zz)


@kernel(**STRICT)
def solar_potential(beyond_shock, x, y, z, parameters):
    """Potential of E within the heliopause, microgauss AU: -Omega B_1 S H."""
    r = max(math.sqrt(x * x + y * y + z * z), 1e-12)
    over_r = 1.0 / r
    alpha = (parameters[at.AXIS_X] * x + parameters[at.AXIS_Y] * y + parameters[at.AXIS_Z] * z) * over_r
    age, rest = r, 1.0
    if beyond_shock:
        p, q = shock(x, y, z, r, over_r, parameters)[0], wall(x, y, z, r, over_r, parameters)[0]
        root = math.sqrt(p)
        alpha, age, rest = alpha * root, r + parameters[at.COMPRESSED] * (root - 1.0), 1.0 - (p - 1.0) * q / (p - q)
    value = _sign(alpha, swing(age * parameters[at.OVER_WIND], parameters)[0], parameters)[0]
    return -parameters[at.ROTATION] * parameters[at.B_RADIAL] * value * rest
