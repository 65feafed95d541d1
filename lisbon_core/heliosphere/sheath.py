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

from lisbon_core._core import kernel
from lisbon_core.heliosphere.carlson import elliptic_rd, elliptic_rf
from lisbon_core.heliosphere.parameters import (
    AXIS_X,
    AXIS_Y,
    AXIS_Z,
    B_RADIAL,
    ETA,
    FLOW,
    NOSE,
    ROTATION,
    SHOCK,
    SHOCK_RATIO,
    SPEEDUP,
    STRETCH,
)
from lisbon_core.heliosphere.parker import sheet_sign

__all__ = ["carried", "carried_from", "label", "latitude", "travel_gradient"]

NEAR_AXIS = 1e-3  # AU: closer to the axis the gradient of T cancels; the field is taken from here
EDGE = 1e-13  # 1 - w/d^2 is not let below: the heliopause itself


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def half_angles(rho2, z, r):
    """cos^2(theta/2) and sin^2(theta/2), neither by subtraction."""
    if z >= 0.0:
        return 0.5 * (r + z) / r, 0.5 * rho2 / (r * (r + z))
    return 0.5 * rho2 / (r * (r - z)), 0.5 * (r - z) / r


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def label(rho2, z, r, parameters):
    """e = 1 - c_0, 1 + c_0, the root D in c_0, and q_R = 1 - cos(theta_R): where the streamline left the shock."""
    d2, k = parameters[NOSE] * parameters[NOSE], parameters[SHOCK_RATIO]
    cosine2, sine2 = half_angles(rho2, z, r)
    q_label = 2.0 * sine2 * max(1.0 - r * r * cosine2 / d2, EDGE)
    w_label = 2.0 * cosine2 * (1.0 + r * r * sine2 / d2)
    root = math.sqrt((1.0 - 2.0 * k) ** 2 + 4.0 * k * q_label)
    return 2.0 * q_label / (1.0 - 2.0 * k + root), 2.0 * w_label / (1.0 + 2.0 * k + root), root, q_label


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def integrals(cosine2, sine, sine2, m, m_rest, sin_psi2, cos_psi2):
    """dH/dm at fixed theta/2 and the factor P of v, of H = 2E - F at (psi, m); `sine` = sin(theta/2) = Delta."""
    sin_psi, cos_psi = math.sqrt(sin_psi2), math.sqrt(cos_psi2)
    first = sin_psi * elliptic_rf(cos_psi2, sine2, 1.0)
    third = sin_psi * sin_psi2 / 3.0 * elliptic_rd(cos_psi2, sine2, 1.0)
    both = sin_psi * cos_psi
    return (both / sine - first - (1.0 - 2.0 * m) * third) / (2.0 * m_rest), both * (2.0 * sine - 1.0 / sine)


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def travel_gradient(x, y, z, parameters):
    """Gradient of T (three floats, 1/c), closed form, at a point of the heliosheath off the axis."""
    d, r_shock = parameters[NOSE], parameters[SHOCK]
    rho2 = x * x + y * y
    r = math.sqrt(rho2 + z * z)
    cosine2, sine2 = half_angles(rho2, z, r)
    e, one_plus, root, q_label = label(rho2, z, r, parameters)
    m, m_rest = 1.0 - 0.5 * q_label, 0.5 * q_label
    if m < 0.5:
        m = cosine2 * (1.0 + r * r * sine2 / (d * d))
        m_rest = 1.0 - m
    here_m, here_p = integrals(cosine2, math.sqrt(sine2), sine2, m, m_rest,
                               min(cosine2 / m, 1.0), rho2 / (4.0 * d * d * m))
    shock_m, shock_p = integrals(0.5 * one_plus, math.sqrt(0.5 * e), 0.5 * e, m, m_rest,
                                 min(0.5 * one_plus / m, 1.0), r_shock * r_shock * e * one_plus / (4.0 * d * d * m))
    # gradients of cos(theta_R), of c_0, and the vectors v and v_0
    lx, ly = -z * x / r**3 + x / (d * d), -z * y / r**3 + y / (d * d)
    lz = rho2 / r**3
    scale = -0.5 / (r * r * sine2)
    vx, vy = scale * (x - 0.5 * z * x / r), scale * (y - 0.5 * z * y / r)
    vz = scale * (z - 0.5 * (z * z / r + r))
    by_label = (r_shock - d * shock_p / (2.0 * e)) / root + 0.5 * d * (here_m - shock_m)
    norm = 1.0 / (parameters[SPEEDUP] * parameters[FLOW])
    return (norm * (by_label * lx + d * here_p * vx), norm * (by_label * ly + d * here_p * vy),
            norm * (by_label * lz + d * here_p * vz - 1.0))


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def latitude(x, y, rho2, e, one_plus, parameters):
    """-alpha, t_1 (true sine of the heliographic latitude at the shock) and h_s."""
    r_shock, eta2 = parameters[SHOCK], parameters[ETA] * parameters[ETA]
    sine2 = e * one_plus
    over_rho = 1.0 / math.sqrt(rho2)
    across = (parameters[AXIS_X] * x + parameters[AXIS_Y] * y) * over_rho
    axial = (1.0 - e) * parameters[AXIS_Z]
    h = parameters[STRETCH] * sine2 * r_shock / math.sqrt(sine2 * r_shock * r_shock + eta2 * rho2)
    return h * across + axial, math.sqrt(sine2) * across + axial, h


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def carried_from(x, y, z, tx, ty, tz, parameters):
    """B and E (six floats) in the heliosheath, where the gradient of T is known already."""
    d2, r_shock, eta2 = parameters[NOSE] * parameters[NOSE], parameters[SHOCK], parameters[ETA] * parameters[ETA]
    rho2 = x * x + y * y
    r = math.sqrt(rho2 + z * z)
    e, one_plus, root, _ = label(rho2, z, r, parameters)
    minus_alpha, t_shock, h = latitude(x, y, rho2, e, one_plus, parameters)
    over_r3, over_root, over_rho2 = 1.0 / (r * r * r), 1.0 / root, 1.0 / rho2
    cx, cy = (x / d2 - z * x * over_r3) * over_root, (y / d2 - z * y * over_r3) * over_root  # grad c_0
    cz = rho2 * over_r3 * over_root
    px, py = -y * over_rho2, x * over_rho2  # grad phi
    over_rho = math.sqrt(over_rho2)
    across = (parameters[AXIS_X] * x + parameters[AXIS_Y] * y) * over_rho
    turned = (parameters[AXIS_Y] * x - parameters[AXIS_X] * y) * over_rho
    sine2, reach = e * one_plus, e * one_plus * r_shock * r_shock
    spread = reach + eta2 * rho2
    common = parameters[STRETCH] * r_shock / (spread * math.sqrt(spread))
    by_label = across * common * (0.5 * reach + eta2 * rho2) * -2.0 * (1.0 - e) + parameters[AXIS_Z]
    by_rho = across * common * sine2 * -eta2  # times (x, y)
    ax = -(by_label * cx + by_rho * x + h * turned * px)
    ay = -(by_label * cy + by_rho * y + h * turned * py)
    az = -by_label * cz
    first = parameters[B_RADIAL] * sheet_sign(t_shock, parameters)
    second = parameters[B_RADIAL] * parameters[ROTATION] * sheet_sign(minus_alpha, parameters)
    return (first * cz * py + second * (ay * tz - az * ty),
            -first * cz * px + second * (az * tx - ax * tz),
            first * (cy * px - cx * py) + second * (ax * ty - ay * tx),
            -second * ax, -second * ay, -second * az)


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def off_axis(x, y):
    """The point itself, or one at `NEAR_AXIS` from the axis where it is closer than that."""
    rho2 = x * x + y * y
    if rho2 >= NEAR_AXIS * NEAR_AXIS:
        return x, y
    if rho2 == 0.0:
        return NEAR_AXIS, 0.0
    stretch = NEAR_AXIS / math.sqrt(rho2)
    return x * stretch, y * stretch


@kernel(error_model="numpy", fastmath={"contract"}, nogil=True)
def carried(x, y, z, parameters):
    """B (microgauss) and E (microgauss c) in the heliosheath at a point (AU, model axes), as six floats."""
    x, y = off_axis(x, y)
    tx, ty, tz = travel_gradient(x, y, z, parameters)
    return carried_from(x, y, z, tx, ty, tz, parameters)
