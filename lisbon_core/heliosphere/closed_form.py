"""The closed-form heliosphere: Parker's spiral, the heliosheath and the draped interstellar field put together.

Two surfaces that each ray from the Sun meets once, the termination shock P = 1 and the heliopause Q = 1, part space in
three; in each of the three B is the curl of a potential written down as it is, see `solar` and `interstellar`. So div B
= 0 to rounding; at both surfaces B has the same part across them on either side, the electric field is one potential's
gradient, continuous everywhere. The shape and the strengths were fitted to what Voyager 1 and 2 measured: see
`lisbon_core.studies.voyager`. Points are (x, y, z) in AU along the model's axes: z towards the interstellar wind, x
along the part of the interstellar field across it, y = z x x.

Examples
--------
>>> heliosphere = closed_form()
>>> magnetic, electric = heliosphere.field([[1.0, 0.0, 0.0], [200.0, -300.0, 500.0]])
>>> np.linalg.norm(magnetic, axis=1).round(1).tolist()  # microgauss, at the Earth and far out
[43.6, 3.4]
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from lisbon_core.ground.kernels import STRICT, kernel
from lisbon_core.heliosphere.interstellar import draped, draped_potential, wall
from lisbon_core.heliosphere.parameters import FLOW, HeliosphereParameters, pack, require
from lisbon_core.heliosphere.solar import carried, shock, solar_potential, spiral

SOLAR, SHEATH, INTERSTELLAR = 0, 1, 2


@kernel(**STRICT)
def _beyond(level):
    """How far (AU) a point lies beyond the surface where a level is 1: nearly, close to it; no more, outside."""
    size = math.sqrt(level[1] * level[1] + level[2] * level[2] + level[3] * level[3])
    return 2.0 * (level[0] - math.sqrt(level[0])) / max(size, 1e-300)


@kernel(**STRICT)
def region_of(x, y, z, parameters):
    """Which of the three fields holds at a point: 0 inside the shock, 1 in the heliosheath, 2 beyond the heliopause."""
    r = max(math.sqrt(x * x + y * y + z * z), 1e-12)
    if shock(x, y, z, r, 1.0 / r, parameters)[0] < 1.0:
        return SOLAR
    return SHEATH if wall(x, y, z, r, 1.0 / r, parameters)[0] < 1.0 else INTERSTELLAR


@kernel(**STRICT)
def border(region, x, y, z, parameters):
    """How far (AU, roughly) a point lies beyond the border of a region, negative within; and which region is there."""
    r = max(math.sqrt(x * x + y * y + z * z), 1e-12)
    over_r = 1.0 / r
    if region == INTERSTELLAR:
        return -_beyond(wall(x, y, z, r, over_r, parameters)), SHEATH
    past_shock = _beyond(shock(x, y, z, r, over_r, parameters))
    if region == SOLAR:
        return past_shock, SHEATH
    past_wall = _beyond(wall(x, y, z, r, over_r, parameters))
    return (-past_shock, SOLAR) if -past_shock > past_wall else (past_wall, INTERSTELLAR)


@kernel(**STRICT, forceinline=True)
def field_in(region, x, y, z, parameters):
    """B (microgauss) and E (microgauss c) of a region's field, at a point in it or a little beyond, as six floats."""
    if region == INTERSTELLAR:
        return draped(x, y, z, parameters)
    if region == SHEATH:
        return carried(x, y, z, parameters)
    return spiral(x, y, z, parameters)


@kernel(**STRICT)
def held(parameters):
    """Those of the interstellar field as numbers: the compiler need not fear that they change between neighbours."""
    return (parameters[0], parameters[1], parameters[2], parameters[3], parameters[4], parameters[5], parameters[6],
            parameters[7])


@kernel(**STRICT)
def field_at(x, y, z, parameters):
    """B (microgauss) and E (microgauss c) at a point, as six floats."""
    return field_in(region_of(x, y, z, parameters), x, y, z, parameters)


@kernel(**STRICT)
def potential_at(x, y, z, parameters):
    """Electric potential in microgauss AU: continuous everywhere, zero on the heliopause."""
    region = region_of(x, y, z, parameters)
    if region == INTERSTELLAR:
        return draped_potential(x, y, z, parameters)
    return solar_potential(region == SHEATH, x, y, z, parameters)


@kernel(**STRICT)
def _fields(points, parameters):
    values = np.empty((len(points), 6))
    for i in range(len(points)):
        values[i] = field_at(points[i, 0], points[i, 1], points[i, 2], parameters)
    return values[:, :3], values[:, 3:]


@dataclass(frozen=True)
class AnyHeliosphere:
    """What `orbits` and `liouville` ask of a heliosphere, in closed form or on a grid.

    Parameters
    ----------
    packed : ndarray (n,)
        What it is made of, as the kernels take it.
    axes : ndarray (3, 3)
        The model's axes x, y, z as unit vectors in ICRS, one a row: `axes @ v_icrs` is v along the model's axes.
    flow : ndarray (3,)
        Velocity of the undisturbed interstellar plasma along the model's axes, units of c.
    field_icrs : ndarray (3,)
        Unit vector of the undisturbed interstellar field.
    field_uG : float
        Its strength, microgauss.
    identity : str
        Tells this heliosphere from every other.
    """

    packed: np.ndarray = field(repr=False)
    axes: np.ndarray = field(repr=False)
    flow: np.ndarray = field(repr=False)
    field_icrs: np.ndarray = field(repr=False)
    field_uG: float = field(repr=False)
    identity: str = field(repr=False)

    def field(self, points) -> tuple[np.ndarray, np.ndarray]:
        """B (microgauss) and E (microgauss c), each (N, 3), at points (N, 3) in AU along the model's axes."""
        return self._fields(_points(points), self.packed)

    def field_strength(self, points) -> np.ndarray:
        """|B| in microgauss, shape (N,), at points (N, 3) in AU along the model's axes."""
        return np.linalg.norm(self.field(points)[0], axis=-1)


@dataclass(frozen=True)
class Heliosphere(AnyHeliosphere):
    """A heliosphere ready for use: see `closed_form`.

    Parameters
    ----------
    parameters : HeliosphereParameters
        What it was made from.
    """

    parameters: HeliosphereParameters
    _fields = staticmethod(_fields)

    def potential(self, points) -> np.ndarray:
        """Electric potential in microgauss AU, shape (N,), at points (N, 3): E = -grad(potential)."""
        return np.array([potential_at(*point, self.packed) for point in _points(points)])

    def region(self, points) -> np.ndarray:
        """0 inside the termination shock, 1 in the heliosheath, 2 beyond the heliopause; shape (N,)."""
        return np.array([region_of(*point, self.packed) for point in _points(points)], dtype=int)


def _points(points) -> np.ndarray:
    points = np.atleast_2d(np.ascontiguousarray(points, dtype=float))
    require(points.ndim == 2 and points.shape[1] == 3,
            f"points have shape {points.shape}, but must have shape (N, 3): x, y, z in AU")
    return points


def closed_form(parameters: HeliosphereParameters | None = None) -> Heliosphere:
    """The closed-form heliosphere of these parameters (of the default ones, if none are given)."""
    parameters = HeliosphereParameters() if parameters is None else parameters
    packed, axes = pack(parameters)
    return Heliosphere(packed, axes, np.array([0.0, 0.0, -packed[FLOW]]), parameters.directions()[1],
                       parameters.field_uG, repr(parameters), parameters)


def solar_cycle(parameters: HeliosphereParameters, phases: int = 8) -> list[Heliosphere]:
    """The closed-form heliosphere at moments spread evenly over a magnetic cycle, the first at its own phase."""
    return [closed_form(replace(parameters, cycle_phase=(parameters.cycle_phase + k / phases) % 1.0))
            for k in range(phases)]
