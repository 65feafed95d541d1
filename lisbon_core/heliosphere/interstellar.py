"""The interstellar field, draped round the heliopause.

With Q = 1 on the heliopause, a potential of the undisturbed field is made to vanish there,

    B = curl (G A) = G B_inf + grad(G) x A,        G = F/(1 + F),    F = (Q - 1)(1 + r^2/L^2)
    A = B_perp [(1 - f') y z_hat - f y_hat] + (B_z/2) z_hat x r_vec,        f = (z + sqrt(z^2 + d^2))/2

so that div B = 0, B has no part across the heliopause, and far away it is B_inf = B_perp x_hat + B_z z_hat. The gauge f
decides where the flux goes that the heliosphere displaces: before the nose it piles up (f = z there), along the tail it
passes on both sides (f = 0). The electric field has the potential

    Phi = -U B_perp y g,        g = G sqrt(1 + eta^2)/sqrt(G + eta^2)

which is that of -U x B far away and zero on the heliopause; eta = 0 would make E.B vanish everywhere for a sphere, and
E infinite on it.
"""

import math

from lisbon_core.ground.kernels import STRICT, kernel
from lisbon_core.heliosphere.parameters import B_PAR, B_PERP, FLOW, NOSE2, OVER_TAIL2, WALL, WALL_X, WALL_Z

ETA2 = 0.25  # eta^2: by E it changes the energy of a particle by 1e-5, and nothing else
DEEPEST = -0.1  # F is not let below: steps that are tried reach into the heliosphere


@kernel(**STRICT, forceinline=True)
def wall(x, y, z, r, over_r, parameters):
    """Q, 1 on the heliopause and growing as r^2 along each ray, and its gradient: four floats."""
    even, upwind, across = parameters[WALL], parameters[WALL_Z], parameters[WALL_X]
    shift, side = r + z, across * x
    radial = 2.0 * even + (upwind * z + side) * over_r
    return (r * (even * r + upwind * z) + side * shift,
            radial * x + across * shift, radial * y, radial * z + upwind * r + side)


@kernel(**STRICT, forceinline=True)
def _rise(r, q, parameters):
    """F and its derivative by Q: how far outside a point is, in a measure that grows fast far from the Sun."""
    far = 1.0 + r * r * parameters[OVER_TAIL2]
    rise = (q - 1.0) * far
    return (rise if rise > DEEPEST else DEEPEST), far


@kernel(**STRICT, forceinline=True)
def draped(x, y, z, parameters):
    """B (microgauss) and E (microgauss c) outside the heliopause at a point (AU, model axes), as six floats."""
    r = math.sqrt(x * x + y * y + z * z + 1e-24)
    q, qx, qy, qz = wall(x, y, z, r, 1.0 / r, parameters)
    rise, far = _rise(r, q, parameters)
    share = 1.0 / (1.0 + rise)
    g, slope = rise * share, share * share
    along = 2.0 * (q - 1.0) * parameters[OVER_TAIL2] * slope
    slope = far * slope
    gx, gy, gz = slope * qx + along * x, slope * qy + along * y, slope * qz + along * z  # grad G
    perp, half = parameters[B_PERP], 0.5 * parameters[B_PAR]
    root = math.sqrt(z * z + parameters[NOSE2])
    ax, ay, az = -half * y, half * x - 0.5 * perp * (z + root), perp * y * (0.5 - 0.5 * z / root)
    over = 1.0 / math.sqrt(g + ETA2)
    electric = parameters[FLOW] * perp * math.sqrt(1.0 + ETA2) * over
    steep = electric * y * (0.5 * g + ETA2) * over * over
    return (g * perp + gy * az - gz * ay, gz * ax - gx * az, 2.0 * g * half + gx * ay - gy * ax,
            steep * gx, electric * g + steep * gy, steep * gz)


@kernel(**STRICT)
def draped_potential(x, y, z, parameters):
    """Potential of E outside the heliopause, microgauss AU."""
    r = math.sqrt(x * x + y * y + z * z + 1e-24)
    rise, _ = _rise(r, wall(x, y, z, r, 1.0 / r, parameters)[0], parameters)
    g = rise / (1.0 + rise)
    return -parameters[FLOW] * parameters[B_PERP] * y * g * math.sqrt((1.0 + ETA2) / (g + ETA2))
