"""The interstellar field draped over the heliopause: B = grad(alpha) x grad(beta), carried by the half-body flow.

    u = U (d^2 r_hat/r^2 - z_hat),          a^2 = rho^2 + 2 d^2 (cos theta - 1)         (a = 0: the heliopause)
    alpha = Y = N a^2 sin(phi) / sqrt(a^2 + eta^2 rho^2),    beta = Z = z - d^2 J(theta, a)
    B = B_perp grad(Y) x grad(Z) + B_z (z_hat - d^2 r_hat/r^2),          E = U B_perp grad(Y)

eta = 0 is the exact solution, which stretches the field without bound at the heliopause; eta > 0 lets the stretch
saturate. With w = r(r + z)/2, C = sqrt(w)/r and g = 1 - d^2/w (so a^2 = rho^2 g), all is regular up to the heliopause
and on the axis, and one function of two variables, `drape`, holds the integral:

    dJ/dr at fixed theta = Q_r/d^2,     Q_r = -(2 d^2/r^2) drape(g, C)

References
----------
Roeken, Kleimann & Fichtner 2015, ApJ 805, 173 (eta = 0); Kleimann et al. 2016, ApJ 816, 29 (the stretch at the
heliopause); Parker 1961, ApJ 134, 20 (the flow).
"""

import math

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.carlson import elliptic_rd
from lisbon_core.heliosphere.parameters import B_PAR, B_PERP, ETA, FLOW, NOSE, STRETCH

__all__ = ["around", "drape", "draped_from", "stream_function", "wall"]

FLOOR = 1e-15  # g is not let below: the heliopause itself


@kernel(**STRICT)
def wall(x, y, z):
    """w = r^2 cos^2(theta/2) = r (r + z)/2 in AU^2 without cancellation; the heliopause is w = d^2."""
    rho2 = x * x + y * y
    r = math.sqrt(rho2 + z * z)
    return 0.5 * r * (r + z) if z >= 0.0 else 0.5 * r * rho2 / (r - z)


@kernel(**STRICT)
def around(x, y, z):
    """r, 1/r, 1/w and C = cos(theta/2), without cancellation."""
    rho2 = x * x + y * y
    r = math.sqrt(rho2 + z * z)
    over_r = 1.0 / r
    cosine2 = 0.5 * (r + z) * over_r if z >= 0.0 else 0.5 * rho2 * over_r / (r - z)
    return r, over_r, over_r * over_r / cosine2, math.sqrt(cosine2)


@kernel(**STRICT)
def drape(g, cosine):
    """The integral in Q_r: C (g/3) [R_D(g C^2, 1, g) + R_D(1, g, g C^2)/2], with C = cos(theta/2)."""
    gc2 = g * cosine * cosine
    return cosine * g / 3.0 * (elliptic_rd(gc2, 1.0, g) + 0.5 * elliptic_rd(1.0, g, gc2))


@kernel(**STRICT)
def draped_from(x, y, z, r, over_r, over_w, g, drape_value, parameters):
    """B and E (six floats) outside the heliopause, where r, 1/r, 1/w, g and the value of `drape` are known."""
    d2 = parameters[NOSE] * parameters[NOSE]
    eta2 = parameters[ETA] * parameters[ETA]
    over_q = 1.0 / math.sqrt(g + eta2)
    transverse = parameters[B_PERP] * parameters[STRETCH]
    height = g * over_q  # G
    slope = (0.5 * g + eta2) * over_q * over_q * over_q * d2 * over_w * over_w * y  # y G' d^2/w^2
    pull = -2.0 * d2 * over_r * over_r * drape_value  # Q_r
    twist = -(d2 * z - pull * (d2 * r - z * r * r)) * 0.5 * over_w * over_w * over_q  # M
    wx, wy, wz = x + 0.5 * z * x * over_r, y + 0.5 * z * y * over_r, z + 0.5 * (z * z * over_r + r)  # grad w
    bx, by, bz = -pull * x * over_r, -pull * y * over_r, 1.0 - pull * z * over_r  # b = z_hat - Q_r r_hat
    along = parameters[B_PAR]
    sink = along * d2 * over_r * over_r * over_r
    electric = parameters[FLOW] * transverse
    return (transverse * (height * bz - twist * wz + slope * (wy * bz - wz * by)) - sink * x,
            transverse * slope * (wz * bx - wx * bz) - sink * y,
            transverse * (-height * bx + twist * wx + slope * (wx * by - wy * bx)) + along - sink * z,
            electric * slope * wx, electric * (height + slope * wy), electric * slope * wz)



@kernel(**STRICT)
def stream_function(x, y, z, parameters):
    """Y in AU: outside the heliopause E = U B_perp grad(Y)."""
    g = max(1.0 - parameters[NOSE] * parameters[NOSE] / wall(x, y, z), FLOOR)
    return parameters[STRETCH] * y * g / math.sqrt(g + parameters[ETA] * parameters[ETA])
