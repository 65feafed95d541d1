"""The closed-form heliosphere: spiral, heliosheath and draped interstellar field put together.

One flow, two labels on its streamlines, one travel time: see `parker`, `sheath` and `interstellar`. div B = 0 and
curl E = 0 hold identically in each, the normal component of B and the potential of E are continuous from one to the
next. With a finite `tail_AU` the tail fades into the uniform field: see `tail`. Points are (x, y, z) in AU along the
model's axes: z towards the interstellar wind, x along the part of the interstellar field across it, y = z x x.

Examples
--------
>>> heliosphere = closed_form()
>>> magnetic, electric = heliosphere.field([[1.0, 0.0, 0.0], [200.0, -300.0, 500.0]])
>>> print(magnetic.round(5))
[[ 35.       -3.30204 -26.54668]
 [  2.23298   0.05095   1.9243 ]]
"""

import math
from dataclasses import dataclass, field

import numpy as np

from lisbon_core._core import STRICT, kernel
from lisbon_core.heliosphere.interstellar import wall
from lisbon_core.heliosphere.parameters import (
    FLOW,
    NOSE,
    SHOCK,
    TAIL,
    HeliosphereError,
    HeliosphereParameters,
    pack,
)
from lisbon_core.heliosphere.parker import spiral, spiral_potential
from lisbon_core.heliosphere.tables import carried_fast, draped_fast, with_tables
from lisbon_core.heliosphere.tail import faded, faded_potential, joined_potential

__all__ = ["SHEATH", "SOLAR", "INTERSTELLAR", "Heliosphere", "border", "closed_form", "field_at", "field_in",
           "region_of"]

SOLAR, SHEATH, INTERSTELLAR = 0, 1, 2


@kernel(**STRICT)
def region_of(x, y, z, parameters):
    """Which of the three fields holds at a point: 0 inside the shock, 1 in the heliosheath, 2 beyond the heliopause."""
    if x * x + y * y + z * z < parameters[SHOCK] * parameters[SHOCK]:
        return SOLAR
    return SHEATH if wall(x, y, z) < parameters[NOSE] * parameters[NOSE] else INTERSTELLAR


@kernel(**STRICT)
def border(region, x, y, z, parameters):
    """How far (AU, roughly) a point lies beyond the border of a region, negative within; and which region is there."""
    r = math.sqrt(x * x + y * y + z * z)
    if region == SOLAR:
        return r - parameters[SHOCK], SHEATH
    past_wall = math.sqrt(wall(x, y, z)) - parameters[NOSE]
    if region == INTERSTELLAR:
        return -past_wall, SHEATH
    before_shock = parameters[SHOCK] - r
    return (before_shock, SOLAR) if before_shock > past_wall else (past_wall, INTERSTELLAR)


@kernel(**STRICT)
def field_in(region, x, y, z, parameters):
    """B (microgauss) and E (microgauss c) of a region's field, at a point in it or a little beyond, as six floats."""
    if region == SOLAR:
        return spiral(x, y, z, parameters)
    if z < parameters[TAIL]:
        return faded(region == SHEATH, x, y, z, parameters)
    if region == SHEATH:
        return carried_fast(x, y, z, parameters)
    return draped_fast(x, y, z, parameters)


@kernel(**STRICT)
def field_at(x, y, z, parameters):
    """B (microgauss) and E (microgauss c) at a point, as six floats."""
    return field_in(region_of(x, y, z, parameters), x, y, z, parameters)


@kernel(**STRICT)
def potential_at(x, y, z, parameters):
    """Electric potential in microgauss AU: continuous everywhere; zero on the heliopause before `tail_AU`."""
    region = region_of(x, y, z, parameters)
    if region == SOLAR:
        return spiral_potential(x, y, z, parameters)
    if z < parameters[TAIL]:
        return faded_potential(region == SHEATH, x, y, z, parameters)
    return joined_potential(region == SHEATH, x, y, z, parameters)


@kernel(**STRICT)
def _fields(points, parameters):
    magnetic, electric = np.empty_like(points), np.empty_like(points)
    for i in range(len(points)):
        bx, by, bz, ex, ey, ez = field_at(points[i, 0], points[i, 1], points[i, 2], parameters)
        magnetic[i, 0], magnetic[i, 1], magnetic[i, 2] = bx, by, bz
        electric[i, 0], electric[i, 1], electric[i, 2] = ex, ey, ez
    return magnetic, electric


@dataclass(frozen=True)
class Heliosphere:
    """A heliosphere ready for use: see `closed_form`.

    Parameters
    ----------
    parameters : HeliosphereParameters
        What it was made from.
    packed : ndarray (n,)
        The same as the kernels take it.
    axes : ndarray (3, 3)
        The model's axes x, y, z as unit vectors in ICRS, one a row: `axes @ v_icrs` is v along the model's axes.
    field_icrs : ndarray (3,)
        Unit vector of the undisturbed interstellar field.
    """

    parameters: HeliosphereParameters
    packed: np.ndarray = field(repr=False)
    axes: np.ndarray = field(repr=False)
    field_icrs: np.ndarray = field(repr=False)

    @property
    def flow(self) -> np.ndarray:
        """Velocity (3,) of the undisturbed interstellar plasma along the model's axes, units of c."""
        return np.array([0.0, 0.0, -self.packed[FLOW]])

    @property
    def field_uG(self) -> float:
        """Strength of the undisturbed interstellar field, microgauss."""
        return self.parameters.field_uG

    @property
    def identity(self) -> str:
        """Tells this heliosphere from every other."""
        return repr(self.parameters)

    def field(self, points) -> tuple[np.ndarray, np.ndarray]:
        """B (microgauss) and E (microgauss c), each (N, 3), at points (N, 3) in AU along the model's axes."""
        return _fields(_points(points), self.packed)

    def field_strength(self, points) -> np.ndarray:
        """|B| in microgauss, shape (N,), at points (N, 3) in AU along the model's axes."""
        return np.linalg.norm(self.field(points)[0], axis=-1)

    def potential(self, points) -> np.ndarray:
        """Electric potential in microgauss AU, shape (N,), at points (N, 3): E = -grad(potential)."""
        return np.array([potential_at(*point, self.packed) for point in _points(points)])

    def region(self, points) -> np.ndarray:
        """0 inside the termination shock, 1 in the heliosheath, 2 beyond the heliopause; shape (N,)."""
        return np.array([region_of(*point, self.packed) for point in _points(points)], dtype=int)


def _points(points) -> np.ndarray:
    points = np.atleast_2d(np.ascontiguousarray(points, dtype=float))
    if points.ndim != 2 or points.shape[1] != 3:
        raise HeliosphereError(f"points have shape {points.shape}, but must have shape (N, 3): x, y, z in AU")
    return points


def closed_form(parameters: HeliosphereParameters | None = None) -> Heliosphere:
    """The closed-form heliosphere of these parameters (of the default ones, if none are given)."""
    parameters = HeliosphereParameters() if parameters is None else parameters
    packed, axes = pack(parameters)
    return Heliosphere(parameters, with_tables(packed), axes, parameters.directions()[1])
