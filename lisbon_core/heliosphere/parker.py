"""The solar field inside the termination shock: Parker's spiral about the axis n of the Sun's rotation.

    B = s (B_1/r^2) [r_hat - (Omega r/V) n x r_hat],    s = A tanh(t/w),    t = n.r_hat
    E = Omega B_1 s (n - t r_hat)/r

that is B = s grad(alpha) x grad(beta) and E = -Omega B_1 s grad(alpha), with alpha = -t: curl E = 0, and div B = 0
outside `SOFT`, within which B, not E, is held at what it would be there.

References
----------
Parker 1958, ApJ 128, 664.
"""

import math

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.parameters import AXIS_X, AXIS_Y, AXIS_Z, B_RADIAL, POLARITY, ROTATION, SHEET, WIND

__all__ = ["SOFT", "potential_of_latitude", "sheet_sign", "sheet_sign_integral", "spiral", "spiral_potential"]

SOFT = 0.3  # AU


@kernel(**STRICT)
def sheet_sign(t, parameters):
    """Sign s of the solar field at t = sine of heliographic latitude: A tanh(t/w), or 1 for polarity 0."""
    polarity = parameters[POLARITY]
    if polarity == 0.0:
        return 1.0
    t = t / parameters[SHEET]
    if abs(t) > 20.0:  # 1 to rounding
        return polarity if t > 0.0 else -polarity
    return polarity - 2.0 * polarity / (math.exp(2.0 * t) + 1.0)  # tanh, in a third of the time


@kernel(**STRICT)
def sheet_sign_integral(t, parameters):
    """Integral of s from 0 to t: A w ln cosh(t/w), or t itself for polarity 0."""
    polarity, width = parameters[POLARITY], parameters[SHEET]
    if polarity == 0.0:
        return t
    u = abs(t) / width
    return polarity * width * (u + math.log1p(math.exp(-2.0 * u)) - math.log(2.0))


@kernel(**STRICT)
def potential_of_latitude(t, parameters):
    """Potential of E = Omega B_1 s(t) grad(t), microgauss AU: zero at t = n_z, which is the heliopause."""
    step = sheet_sign_integral(parameters[AXIS_Z], parameters) - sheet_sign_integral(t, parameters)
    return parameters[ROTATION] * parameters[B_RADIAL] * step


@kernel(**STRICT)
def spiral_potential(x, y, z, parameters):
    """Potential of the spiral's E at a point, microgauss AU."""
    r = max(math.sqrt(x * x + y * y + z * z), 1e-12)
    t = (parameters[AXIS_X] * x + parameters[AXIS_Y] * y + parameters[AXIS_Z] * z) / r
    return potential_of_latitude(t, parameters)


@kernel(**STRICT)
def spiral(x, y, z, parameters):
    """B (microgauss) and E (microgauss c) of the spiral at a point (AU, model axes), as six floats."""
    nx, ny, nz = parameters[AXIS_X], parameters[AXIS_Y], parameters[AXIS_Z]
    r = max(math.sqrt(x * x + y * y + z * z), 1e-12)
    over_r = 1.0 / r
    x, y, z = x * over_r, y * over_r, z * over_r
    t = nx * x + ny * y + nz * z
    s = sheet_sign(t, parameters)
    over_soft = 1.0 / max(r, SOFT)
    radial = s * parameters[B_RADIAL] * over_soft * over_soft
    wound = s * parameters[B_RADIAL] * over_soft * parameters[ROTATION] / parameters[WIND]
    electric = parameters[ROTATION] * parameters[B_RADIAL] * s * over_r
    return (radial * x - wound * (ny * z - nz * y), radial * y - wound * (nz * x - nx * z),
            radial * z - wound * (nx * y - ny * x),
            electric * (nx - t * x), electric * (ny - t * y), electric * (nz - t * z))
