"""The heliosheath: the spiral's field at the termination shock, carried along by the half-body flow.

    B = B_1 { s grad(-c_0) x grad(phi) + s Omega grad(alpha) x grad(T) },      E = -Omega B_1 s grad(alpha)
    alpha = -(h_s (cos(phi) n_x + sin(phi) n_y) + c_0 n_z),   h_s = N s_0^2 r_TS / sqrt(s_0^2 r_TS^2 + eta^2 rho^2)

(c_0, s_0) are cosine and sine of the angle at which the streamline through the point left the shock, T the time since
then. The first s is taken at the true latitude there, the second at -alpha: each a function of the potential that it
multiplies, or div B is lost.

    f U T = r_TS c_0 - z + d {H(psi|m) - H(psi_0|m)},    H = 2E - F,    m = cos^2(theta_R/2),
    cos(theta_R) = cos(theta) + rho^2/(2 d^2),    sin(psi) = cos(theta/2)/cos(theta_R/2)

T is needed only through its gradient.

References
----------
Parker 1961, ApJ 134, 20; Axford 1972 and Cranfill 1971 on the pile-up of the spiral before the heliopause.
"""

import math

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.carlson import elliptic_rd, elliptic_rf
from lisbon_core.heliosphere.parameters import (
    AXIS_X,
    AXIS_Y,
    AXIS_Z,
    B_RADIAL,
    ETA,
    NOSE,
    OVER_NOSE2,
    OVER_SHEATH,
    ROTATION,
    SHOCK,
    SHOCK_RATIO,
    STRETCH,
)
from lisbon_core.heliosphere.parker import sheet_sign

__all__ = ["CLOSE_TO_WALL", "carried_from", "latitude", "places", "travel_gradient"]

NEAR_AXIS = 1e-3  # AU: closer to the axis the gradient of T cancels; the field is taken from here
CLOSE_TO_WALL = 1e-9  # 1 - w/d^2 is not let below: the heliopause itself


@kernel(**STRICT)
def places(x, y, z, parameters):
    """What all below start from: r, 1/r, rho^2, 1/rho^2, cos^2 and sin^2 of theta/2, 1 - w/d^2, e, 1 + c_0, 1/D.

    None by subtraction. e = 1 - c_0, c_0 = cos(theta_0) tells where the streamline left the shock, D is the root in it.
    """
    over_d2, k = parameters[OVER_NOSE2], parameters[SHOCK_RATIO]
    rho2 = x * x + y * y
    r = math.sqrt(rho2 + z * z)
    over_r = 1.0 / r
    larger = 0.5 * (r + abs(z)) * over_r
    smaller = 0.25 * rho2 * over_r * over_r / larger
    cosine2, sine2 = (larger, smaller) if z >= 0.0 else (smaller, larger)
    reach = r * r * over_d2
    inside = max(1.0 - reach * cosine2, CLOSE_TO_WALL)
    q_label = 2.0 * sine2 * inside  # 1 - cos(theta_R)
    w_label = 2.0 * cosine2 * (1.0 + reach * sine2)  # 1 + cos(theta_R)
    root = math.sqrt((1.0 - 2.0 * k) ** 2 + 4.0 * k * q_label)
    nose, tail = 1.0 - 2.0 * k + root, 1.0 + 2.0 * k + root
    both = nose * tail
    share = 1.0 / (both * root)  # one division for three
    scale = 2.0 * root * share
    return (r, over_r, rho2, 1.0 / rho2, cosine2, sine2, inside, q_label * tail * scale, w_label * nose * scale,
            both * share)


@kernel(**STRICT)
def integrals(sine, sine2, m, m_rest, sin_psi2, cos_psi2):
    """dH/dm at fixed theta/2 and the factor P of v, of H = 2E - F at (psi, m); `sine` = sin(theta/2) = Delta."""
    sin_psi, cos_psi = math.sqrt(sin_psi2), math.sqrt(cos_psi2)
    first = sin_psi * elliptic_rf(cos_psi2, sine2, 1.0)
    third = sin_psi * sin_psi2 / 3.0 * elliptic_rd(cos_psi2, sine2, 1.0)
    both = sin_psi * cos_psi
    return (both / sine - first - (1.0 - 2.0 * m) * third) / (2.0 * m_rest), both * (2.0 * sine - 1.0 / sine)


@kernel(**STRICT)
def travel_gradient(x, y, z, parameters):
    """Gradient of T (three floats, 1/c), closed form, at a point of the heliosheath off the axis."""
    d, r_shock = parameters[NOSE], parameters[SHOCK]
    r, over_r, rho2, _, cosine2, sine2, inside, e, one_plus, over_root = places(x, y, z, parameters)
    m, m_rest = cosine2 * (1.0 + r * r * sine2 / (d * d)), sine2 * inside
    here_m, here_p = integrals(math.sqrt(sine2), sine2, m, m_rest, min(cosine2 / m, 1.0), rho2 / (4.0 * d * d * m))
    shock_m, shock_p = integrals(math.sqrt(0.5 * e), 0.5 * e, m, m_rest, min(0.5 * one_plus / m, 1.0),
                                 r_shock * r_shock * e * one_plus / (4.0 * d * d * m))
    # gradients of cos(theta_R) and of c_0, and the vectors v and v_0
    over_r3 = over_r * over_r * over_r
    lx, ly, lz = x / (d * d) - z * x * over_r3, y / (d * d) - z * y * over_r3, rho2 * over_r3
    scale = -0.5 * over_r * over_r / sine2
    vx, vy = scale * (x - 0.5 * z * x * over_r), scale * (y - 0.5 * z * y * over_r)
    vz = scale * (z - 0.5 * (z * z * over_r + r))
    by_label = (r_shock - d * shock_p / (2.0 * e)) * over_root + 0.5 * d * (here_m - shock_m)
    norm = parameters[OVER_SHEATH]
    return (norm * (by_label * lx + d * here_p * vx), norm * (by_label * ly + d * here_p * vy),
            norm * (by_label * lz + d * here_p * vz - 1.0))


@kernel(**STRICT)
def latitude(x, y, rho2, e, one_plus, parameters):
    """-alpha = h_s (cos(phi) n_x + sin(phi) n_y) + c_0 n_z: what the potential of E is a function of."""
    r_shock, eta2 = parameters[SHOCK], parameters[ETA] * parameters[ETA]
    sine2 = e * one_plus
    spread = (sine2 * r_shock * r_shock + eta2 * rho2) * rho2
    across = (parameters[AXIS_X] * x + parameters[AXIS_Y] * y) / math.sqrt(spread)
    return parameters[STRETCH] * sine2 * r_shock * across + (1.0 - e) * parameters[AXIS_Z]


@kernel(**STRICT)
def carried_from(x, y, z, over_r, rho2, over_rho2, e, one_plus, over_root, tx, ty, tz, parameters):
    """B and E (six floats) in the heliosheath, where the labels and the gradient of T are known already."""
    r_shock, eta2 = parameters[SHOCK], parameters[ETA] * parameters[ETA]
    over_r3, over_rho = over_r * over_r * over_r, math.sqrt(over_rho2)
    across = (parameters[AXIS_X] * x + parameters[AXIS_Y] * y) * over_rho
    turned = (parameters[AXIS_Y] * x - parameters[AXIS_X] * y) * over_rho
    sine2 = e * one_plus
    reach = sine2 * r_shock * r_shock
    over_spread = 1.0 / (reach + eta2 * rho2)
    stretch = parameters[STRETCH] * r_shock * math.sqrt(over_spread)
    h, axial = stretch * sine2, (1.0 - e) * parameters[AXIS_Z]
    outward = (parameters[OVER_NOSE2] - z * over_r3) * over_root
    cx, cy = x * outward, y * outward  # grad c_0
    cz = rho2 * over_r3 * over_root
    px, py = -y * over_rho2, x * over_rho2  # grad phi
    common = across * stretch * over_spread
    by_label = parameters[AXIS_Z] - common * (reach + 2.0 * eta2 * rho2) * (1.0 - e)
    by_rho = -common * sine2 * eta2  # times (x, y)
    ax = -(by_label * cx + by_rho * x + h * turned * px)
    ay = -(by_label * cy + by_rho * y + h * turned * py)
    az = -by_label * cz
    first = parameters[B_RADIAL] * sheet_sign(math.sqrt(sine2) * across + axial, parameters)
    second = parameters[B_RADIAL] * parameters[ROTATION] * sheet_sign(h * across + axial, parameters)
    return (first * cz * py + second * (ay * tz - az * ty),
            -first * cz * px + second * (az * tx - ax * tz),
            first * (cy * px - cx * py) + second * (ax * ty - ay * tx),
            -second * ax, -second * ay, -second * az)


@kernel(**STRICT)
def off_axis(x, y):
    """The point itself, or one at `NEAR_AXIS` from the axis where it is closer than that."""
    rho2 = x * x + y * y
    if rho2 >= NEAR_AXIS * NEAR_AXIS:
        return x, y
    if rho2 == 0.0:
        return NEAR_AXIS, 0.0
    stretch = NEAR_AXIS / math.sqrt(rho2)
    return x * stretch, y * stretch
