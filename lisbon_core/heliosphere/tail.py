"""A tail that ends: beyond `tail_AU` down the tail the field turns into the uniform interstellar one.

All of the closed form but one part is the curl of a vector potential without a component along the heliopause there, so
that potentials can be blended where fields cannot. With w going smoothly from 0 to 1 over 4 `nose_AU`, the width of
the tail, and A_inf, Phi_inf the potentials of the uniform field,

    B' = curl {A + w (A_inf - A)},        E' = -grad {Phi + w (Phi_inf - Phi)}
    heliosheath    A = Phi grad(T)        that is B = grad(Phi) x grad(T), and the part left alone
    outside        A = B_perp Y grad(Z) + (B_z g/2) z_hat x r_vec
    uniform        A = B_perp y z_hat + (B_z/2) z_hat x r_vec

div B = 0 and curl E = 0 hold as before, and Phi stays continuous. In the fading zone a continuous normal field crosses
the heliopause: the interstellar field closes in behind the tail. The part left alone is the Sun's open flux along the
flow, s B_1 grad(-c_0) x grad(phi), 0.002 microgauss in the tail (0.005 at most): it has no E, and it goes on for ever
within the heliopause. (Without a current sheet it must: a net flux cannot end. With one it could close across it.)

What is physical: that the tail ends, with its flux joined to the interstellar one. What is not: where, over which
length and how. A real tail dissolves by reconnection, charge exchange and instabilities, and w is merely prescribed.
While 0 < w < 1 the field is not frozen into a flow: E = -V x B does not hold and E has a part along B, which is that
of a steady potential and so leaves the total energy alone. w depends on z only, so that the zone is a slab across the
tail; far from the axis there is little left to fade in it.
"""

import math

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.interstellar import FLOOR, around, stream_function
from lisbon_core.heliosphere.parameters import (
    AXIS_X,
    AXIS_Y,
    AXIS_Z,
    B_PAR,
    B_PERP,
    B_RADIAL,
    ETA,
    FLOW,
    NOSE,
    OVER_FADE,
    OVER_NOSE2,
    PACKED,
    STRETCH,
    TAIL,
)
from lisbon_core.heliosphere.parker import potential_of_latitude, sheet_sign
from lisbon_core.heliosphere.sheath import latitude, off_axis, places
from lisbon_core.heliosphere.tables import carried_fast, draped_fast, spline, travel_fast

__all__ = ["faded", "faded_potential", "joined_potential", "share"]


@kernel(**STRICT)
def share(z, parameters):
    """Share w of the uniform field at z (beyond `tail_AU`), and dw/dz: with three continuous derivatives."""
    u = min((parameters[TAIL] - z) * parameters[OVER_FADE], 1.0)
    rest = 1.0 - u
    return (u * u * u * u * (35.0 - u * (84.0 - u * (70.0 - 20.0 * u))),
            -140.0 * u * u * u * rest * rest * rest * parameters[OVER_FADE])


@kernel(**STRICT)
def joined_potential(solar, x, y, z, parameters):
    """Potential of E outside the shock of a tail without end, microgauss AU; `solar` inside the heliopause."""
    if not solar:
        return -parameters[FLOW] * parameters[B_PERP] * stream_function(x, y, z, parameters)
    x, y = off_axis(x, y)
    _, _, rho2, _, _, _, _, e, one_plus, _ = places(x, y, z, parameters)
    return potential_of_latitude(latitude(x, y, rho2, e, one_plus, parameters), parameters)


@kernel(**STRICT)
def faded_potential(solar, x, y, z, parameters):
    """The same beyond `tail_AU`."""
    w, _ = share(z, parameters)
    return ((1.0 - w) * joined_potential(solar, x, y, z, parameters)
            - w * parameters[FLOW] * parameters[B_PERP] * y)


@kernel(**STRICT)
def _carried(x, y, z, parameters):
    """In the heliosheath: A_x, A_y, and the part of B that is left alone."""
    x, y = off_axis(x, y)
    r, over_r, rho2, over_rho2, _, _, inside, e, one_plus, over_root = places(x, y, z, parameters)
    along, _ = travel_fast(z, r, over_r, rho2, over_rho2, inside, parameters)
    along *= potential_of_latitude(latitude(x, y, rho2, e, one_plus, parameters), parameters)
    across = (parameters[AXIS_X] * x + parameters[AXIS_Y] * y) * math.sqrt(e * one_plus * over_rho2)
    left = parameters[B_RADIAL] * sheet_sign(across + (1.0 - e) * parameters[AXIS_Z], parameters) * over_root
    outward = left * over_r * over_r * over_r
    return along * x, along * y, outward * x, outward * y, outward * z - left * parameters[OVER_NOSE2]


@kernel(**STRICT)
def _draped(x, y, z, parameters):
    """Outside the heliopause: A_x, A_y (`interstellar.draped_from` has B of the same Y grad(Z))."""
    r, over_r, over_w, cosine = around(x, y, z)
    d2 = parameters[NOSE] * parameters[NOSE]
    g = max(1.0 - d2 * over_w, FLOOR)
    over_q = 1.0 / math.sqrt(g + parameters[ETA] * parameters[ETA])
    pull = -2.0 * d2 * over_r * over_r * spline(math.sqrt(math.sqrt(g)), cosine, PACKED, parameters)  # Q_r
    twist = -(d2 * z - pull * (d2 * r - z * r * r)) * 0.5 * over_w * over_w * over_q  # M
    # Y grad(Z) = N y (G b - M grad w), its x and y go with (x, y)
    radial = -parameters[B_PERP] * parameters[STRETCH] * y * (
        g * over_q * pull * over_r + twist * (1.0 + 0.5 * z * over_r))
    around_axis = 0.5 * parameters[B_PAR] * g
    return radial * x - around_axis * y, radial * y + around_axis * x


@kernel(**STRICT)
def faded(solar, x, y, z, parameters):
    """B (microgauss) and E (microgauss c) beyond `tail_AU`, as six floats; `solar` inside the heliopause."""
    fx, fy, fz = 0.0, 0.0, 0.0
    if solar:
        bx, by, bz, ex, ey, ez = carried_fast(x, y, z, parameters)
        ax, ay, fx, fy, fz = _carried(x, y, z, parameters)
    else:
        bx, by, bz, ex, ey, ez = draped_fast(x, y, z, parameters)
        ax, ay = _draped(x, y, z, parameters)
    w, slope = share(z, parameters)
    kept = 1.0 - w
    more_x, more_y = -0.5 * parameters[B_PAR] * y - ax, 0.5 * parameters[B_PAR] * x - ay  # A_inf - A
    convected = parameters[FLOW] * parameters[B_PERP]  # E_inf, along y
    gap = -convected * y - joined_potential(solar, x, y, z, parameters)  # Phi_inf - Phi
    return (fx + kept * (bx - fx) + w * parameters[B_PERP] - slope * more_y,
            fy + kept * (by - fy) + slope * more_x,
            fz + kept * (bz - fz) + w * parameters[B_PAR],
            kept * ex, kept * ey + w * convected, kept * ez - slope * gap)
