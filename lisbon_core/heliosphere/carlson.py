"""Carlson's symmetric elliptic integrals R_F and R_D, compiled: every integral along a streamline reduces to them.

    R_F(x, y, z) = 1/2 int_0^inf dt / sqrt((t + x)(t + y)(t + z))
    R_D(x, y, z) = 3/2 int_0^inf dt / (sqrt((t + x)(t + y)) (t + z)^(3/2))

by duplication: each round halves the spread of the three arguments twice over, until a series to fifth order in what
is left of it is good to rounding.

References
----------
Carlson 1995, Numerical Algorithms 10, 13; NIST Digital Library of Mathematical Functions, section 19.36.
"""

import math

from lisbon_core._core import STRICT, kernel

__all__ = ["elliptic_rd", "elliptic_rf"]

_FEWER_THAN = 60  # rounds; ten are enough unless an argument is infinite
_SPREAD = 2e-3  # what the series then neglects is its sixth power


@kernel(**STRICT)
def elliptic_rf(x, y, z):
    """R_F(x, y, z) for non-negative arguments of which at most one is zero."""
    for _ in range(_FEWER_THAN):
        mean = (x + y + z) / 3.0
        dx, dy, dz = 1.0 - x / mean, 1.0 - y / mean, 1.0 - z / mean
        if max(abs(dx), abs(dy), abs(dz)) < _SPREAD:
            break
        root_x, root_y, root_z = math.sqrt(x), math.sqrt(y), math.sqrt(z)
        shift = root_x * (root_y + root_z) + root_y * root_z
        x, y, z = 0.25 * (x + shift), 0.25 * (y + shift), 0.25 * (z + shift)
    e2 = dx * dy - dz * dz
    e3 = dx * dy * dz
    return (1.0 + (e2 / 24.0 - 0.1 - 3.0 * e3 / 44.0) * e2 + e3 / 14.0) / math.sqrt(mean)


@kernel(**STRICT)
def elliptic_rd(x, y, z):
    """R_D(x, y, z) for x, y >= 0, at most one of them zero, and z > 0."""
    total, scale = 0.0, 1.0
    for _ in range(_FEWER_THAN):
        mean = (x + y + 3.0 * z) / 5.0
        dx, dy, dz = 1.0 - x / mean, 1.0 - y / mean, 1.0 - z / mean
        if max(abs(dx), abs(dy), abs(dz)) < _SPREAD:
            break
        root_x, root_y, root_z = math.sqrt(x), math.sqrt(y), math.sqrt(z)
        shift = root_x * (root_y + root_z) + root_y * root_z
        total += scale / (root_z * (z + shift))
        scale *= 0.25
        x, y, z = 0.25 * (x + shift), 0.25 * (y + shift), 0.25 * (z + shift)
    ea, eb = dx * dy, dz * dz
    ec, ed = ea - eb, ea - 6.0 * eb
    ee = ed + 2.0 * ec
    series = ed * (-3.0 / 14.0 + 9.0 / 88.0 * ed - 4.5 / 26.0 * dz * ee)
    series += dz * (ee / 6.0 + dz * (-9.0 / 22.0 * ec + 3.0 / 26.0 * dz * ea))
    return 3.0 * total + scale * (1.0 + series) / (mean * math.sqrt(mean))
