"""What was read of a gridded heliosphere, in sentences: whence the wind, whither the field, and how well div B = 0."""

from dataclasses import dataclass

import numpy as np

from lisbon_core.ground.frames import angle_between, lonlat, rotation_to_icrs, unit_vector, unit_vector_icrs
from lisbon_core.ground.units import KM_S
from lisbon_core.heliosphere.closed_form import AnyHeliosphere
from lisbon_core.heliosphere.parameters import HeliosphereParameters

MOST_CELLS = 400_000  # looked at: every n-th of a larger grid
SHARES = (50, 95, 99)


@dataclass(frozen=True)
class GridReport:
    """What was read of a gridded heliosphere; `print` it.

    Parameters
    ----------
    heliosphere : AnyHeliosphere
        Of what.
    earth_uG, field_uG : float, (float, float, float)
        |B| round the Earth's orbit, the mean; at the nodes, the 1st, 50th and 99th percentile.
    field_to, wind_from : (float, float)
        Ecliptic longitude and latitude, degrees, to which the interstellar field points and from which the wind comes.
    div_B : (float, float, float)
        Net flux through the faces of a cell over the flux in and out, 50th, 95th and 99th percentile of the cells.
    roughness : (float, float, float)
        By how much B at a node differs from the mean of its neighbours, over |B|, the worst of three directions: what a
        grid half as fine would miss. 50th, 95th and 99th percentile of the nodes; half of it, where the field jumps,
        and a quarter, where it is smooth, is what this one misses between its nodes.
    jump, largest_jump, jump_at : float, float, (float, float)
        Step of B at the outer nodes to the uniform field beyond, over that field: the median, the largest, and in which
        ecliptic direction that is.
    """

    heliosphere: AnyHeliosphere
    earth_uG: float
    field_uG: tuple[float, float, float]
    field_to: tuple[float, float]
    wind_from: tuple[float, float]
    div_B: tuple[float, float, float]
    roughness: tuple[float, float, float]
    jump: float
    largest_jump: float
    jump_at: tuple[float, float]

    @property
    def mind(self) -> list[str]:
        """What looks wrong, a sentence each."""
        known, field_uG = HeliosphereParameters(), self.heliosphere.field_uG
        upwind = known.upwind_lon, known.upwind_lat
        off = float(angle_between(unit_vector(*self.wind_from), unit_vector(*upwind)))
        wrong = {
            f"the wind comes from {off:.0f} degrees beside where spacecraft find its source, {_place(upwind)}: is the "
            f"frame the right one{', or x turned by 180 degrees' if off > 120.0 else ''}?":
                self.heliosphere.flow.any() and off > 15.0,
            f"the interstellar field of {field_uG:.2g} microgauss is not the 2 to 6 that one expects: is "
            "its unit right (1 nT = 10 microgauss)?": not 1.0 <= field_uG <= 10.0,
            f"|B| at the Earth is {self.earth_uG:.2g} microgauss, where spacecraft measure 20 to 100: the field is "
            "missing near the Sun, or its unit is not the right one": not 10.0 <= self.earth_uG <= 200.0,
            f"B steps by {self.largest_jump:.1f} times the interstellar field where the grid ends, towards "
            f"{_place(self.jump_at)}: the tail, or what else is there, is cut": self.largest_jump > 0.5}
        return [sentence for sentence, true in wrong.items() if true]

    def __str__(self):
        source, grid = self.heliosphere.source, self.heliosphere.grid
        speed = np.linalg.norm(grid.flow) / KM_S
        wind = f"the wind comes from {_place(self.wind_from)} at {speed:.3g} km/s" if speed else "the medium is at rest"
        reach = (f"r from {grid.coordinates[0][0]:.3g} to {grid.coordinates[0][-1]:.4g} AU" if grid.spherical else
                 f"x, y, z to {', '.join(f'{axis[-1]:.4g}' for axis in grid.coordinates)} AU")
        low, middle, high = self.field_uG
        lines = [f"Gridded heliosphere {source}: {' x '.join(map(str, grid.shape))} nodes, {reach}",
                 f"outside, {wind}; B of {self.heliosphere.field_uG:.3g} microgauss points to {_place(self.field_to)}",
                 f"|B| is {self.earth_uG:.3g} microgauss at the Earth and {low:.3g}, {middle:.3g}, {high:.3g} at the "
                 "nodes (1st, 50th, 99th percentile)",
                 f"electric field: {self.heliosphere.electric}",
                 f"where the grid ends, B steps to the uniform field by {self.jump:.2g} of it (median), at most by "
                 f"{self.largest_jump:.2g}, towards {_place(self.jump_at)}",
                 f"div B: net flux of a cell over the flux in and out {_shares(self.div_B)}",
                 f"resolution: a grid half as fine would miss B at its nodes by {_shares(self.roughness)} of it"]
        if grid.inner_AU > 0.0:
            lines.append(f"within {grid.inner_AU:.3g} AU the field is continued as a radial wind would make it")
        return "\n  ".join([*lines, *(f"mind: {sentence}" for sentence in self.mind)])


def _place(lon_lat) -> str:
    return f"ecliptic ({lon_lat[0]:.1f}, {lon_lat[1]:.1f})"


def _shares(values) -> str:
    return ", ".join(f"{value:.1e} ({share} %)" for value, share in zip(values, SHARES, strict=True))


def _percentiles(values, shares=SHARES) -> tuple[float, float, float]:
    return tuple(float(x) for x in np.percentile(values, shares))


def _roughness(magnetic, index, spherical) -> np.ndarray:
    """|B - mean of its neighbours| / |B| at nodes, the largest of three directions; azimuth goes round."""
    shape = magnetic.shape[:3]
    index = [i if spherical and axis == 2 else np.clip(i, 1, shape[axis] - 2) for axis, i in enumerate(index)]
    here, off = magnetic[tuple(index)], 0.0
    for axis in range(3):
        beside = [[(i + step * (axis == other)) % shape[other] for other, i in enumerate(index)] for step in (-1, 1)]
        mean = 0.5 * sum(magnetic[tuple(nodes)] for nodes in beside)
        off = np.maximum(off, np.linalg.norm(here - mean, axis=1))
    return off / np.maximum(np.linalg.norm(here, axis=1), 1e-30)  # as float32 can hold


def faces(points):
    """The six faces of cells whose corners are `points` (2, 2, 2, N, 3): which corners, and the area outward (N, 3).

    A face has half the product of its diagonals as its area and the mean of its corners as its field, so that the net
    flux of a uniform field is zero.
    """
    for axis in range(3):
        for side, sign in ((0, -0.5), (1, 0.5)):
            face = (slice(None),) * axis + (side,)
            corner = points[face]
            yield face, sign * (-1.0) ** axis * np.cross(corner[1, 1] - corner[0, 0], corner[0, 1] - corner[1, 0])


def _divergence(points, magnetic) -> np.ndarray:
    """Net flux through the faces of cells over the mean of the flux in and out, shape (N,)."""
    net, total = 0.0, 0.0
    for face, area in faces(points):
        mean = magnetic[face].mean(axis=(0, 1))
        net = net + np.sum(area * mean, axis=-1)
        total = total + np.linalg.norm(area, axis=-1) * np.linalg.norm(mean, axis=-1)
    return np.abs(net) / np.maximum(0.5 * total, 1e-300)


def grid_report(heliosphere: AnyHeliosphere) -> GridReport:
    """Look at a gridded heliosphere."""
    grid, spherical, points = heliosphere.grid, heliosphere.grid.spherical, heliosphere.grid.points()
    magnetic = heliosphere.field(points.reshape(-1, 3))[0].reshape(points.shape)
    to_ecliptic, shape = grid.axes @ rotation_to_icrs("ecliptic"), np.array(grid.shape)
    cells = shape - [1, 1, 0 if spherical else 1]  # azimuth goes round
    chosen = np.arange(0, np.prod(cells), max(1, int(np.prod(cells)) // MOST_CELLS | 1))
    index = np.array(np.unravel_index(chosen, cells))
    at = tuple((index[i] + step[..., None]) % shape[i] for i, step in enumerate(np.indices((2, 2, 2))))
    ends = [np.s_[-1]] if spherical else [(slice(None),) * axis + (end,) for axis in range(3) for end in (0, -1)]
    outer, where = (np.concatenate([values[end].reshape(-1, 3) for end in ends]) for values in (magnetic, points))
    jumps = np.linalg.norm(outer - grid.field, axis=1) / heliosphere.field_uG
    orbit = unit_vector_icrs(np.arange(0.0, 360.0, 10.0), 0.0, "ecliptic") @ grid.axes.T

    def direction(vector):
        return tuple(map(float, lonlat(vector @ to_ecliptic)))

    return GridReport(
        heliosphere, earth_uG=float(np.mean(heliosphere.field_strength(orbit))),
        field_uG=_percentiles(np.linalg.norm(magnetic, axis=-1), (1, 50, 99)), field_to=direction(grid.field),
        wind_from=direction(-grid.flow), div_B=_percentiles(_divergence(points[at], magnetic[at])),
        roughness=_percentiles(_roughness(magnetic, index, spherical)), jump=float(np.median(jumps)),
        largest_jump=float(jumps.max()), jump_at=direction(where[jumps.argmax()]))
