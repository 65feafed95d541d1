"""The equation of motion, and what the compiled loops are told of it and of the field.

    dr/ds = v,    dp/ds = LORENTZ q (v x B + E),    v = p/sqrt(p^2 + m^2),

s = c times time in AU, p a momentum over charge number (rigidity) in TV, q the sign of the charge, B in microgauss, E
in microgauss c. Reversed in time, an orbit is that of a particle with the opposite momentum and charge in the opposite
E: so `lorentz` = LORENTZ q and `electric` = 1 forwards, and both have the other sign backwards, where p is minus the
particle's own. The motion keeps volumes in phase space, and so f; the energy sqrt(p^2 + m^2) + LORENTZ q potential; and
|p| where E = 0.
"""

import math
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numba import njit

from lisbon_core.ground.kernels import STRICT


class Motion(NamedTuple):
    """Constants of the equation of motion, where an orbit ends, and how well it is to be followed."""

    lorentz: float
    electric: float
    mass2: float  # m^2, TV^2
    boundary: float  # radius of the sphere at which orbits end, AU
    path_cap: float  # path after which they end, AU
    tolerance: float  # of each step: position over (r + 1 AU), momentum over momentum
    patience: float  # steps after which the tolerance grows
    neighbours: bool  # whether two neighbours go along


class Field(NamedTuple):
    """A field of one or several regions, each smooth: its `field_functions`, and the parameters that go to them."""

    functions: ModuleType
    parameters: np.ndarray


@njit(**STRICT)
def _nothing(x, y, z, parameters):
    return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0


@njit(**STRICT)
def _as_they_are(parameters):
    return parameters


def field_functions(name: str, field_in, region_of, border, common: int = -1, commonest=_nothing,
                    held=_as_they_are) -> ModuleType:
    """The compiled functions of a field, in the one wrapping from which numba takes functions while it compiles.

    The integrator is compiled anew for each; a name serves once in a process, since code is linked by names.

    Parameters
    ----------
    name : str
        Any.
    field_in : callable
        `(region, x, y, z, parameters) -> (Bx, By, Bz, Ex, Ey, Ez)`, in the region or a little beyond.
    region_of : callable
        `(x, y, z, parameters) -> region`.
    border : callable
        `(region, x, y, z, parameters) -> (how far beyond its border, AU, negative within; the region there)`.
    common, commonest : int, callable
        The region in which orbits are most of the time, and `(x, y, z, parameters) -> (Bx, By, Bz, Ex, Ey, Ez)` there:
        evaluated for several orbits at once, wherever they are.
    held : callable
        `(parameters) -> ` what `commonest` takes for them: a tuple of numbers, which need not be read again each time.
    """
    functions = ModuleType(name)
    functions.field_in, functions.region_of, functions.border = field_in, region_of, border
    functions.common, functions.commonest, functions.held = common, commonest, held
    return functions


@njit(**STRICT)
def field_at(y, region, field):
    """B and E of a region at a state y = (r, p), as six floats."""
    return field.functions.field_in(region, y[0], y[1], y[2], field.parameters)


@njit(**STRICT, forceinline=True)
def distance(y):
    """Distance of a state from the origin, AU."""
    return math.sqrt(y[0] * y[0] + y[1] * y[1] + y[2] * y[2])


@njit(**STRICT, forceinline=True)
def over_energy(y, motion):
    """One over the energy of a state."""
    return 1.0 / math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5] + motion.mass2)


@njit(**STRICT, forceinline=True)
def force(y, field, over_e, motion):
    """v x B + E of a state, v = p over_e, where B and E are the six numbers `field`."""
    return ((y[4] * field[2] - y[5] * field[1]) * over_e + motion.electric * field[3],
            (y[5] * field[0] - y[3] * field[2]) * over_e + motion.electric * field[4],
            (y[3] * field[1] - y[4] * field[0]) * over_e + motion.electric * field[5])


@njit(**STRICT)
def rate(y, field, motion):
    """dr/ds and dp/ds of a state."""
    over_e = over_energy(y, motion)
    fx, fy, fz = force(y, field, over_e, motion)
    return (y[3] * over_e, y[4] * over_e, y[5] * over_e, motion.lorentz * fx, motion.lorentz * fy,
            motion.lorentz * fz)
