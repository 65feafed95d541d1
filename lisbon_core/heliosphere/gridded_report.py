"""What was read of a gridded heliosphere, and how well div B = 0 holds on it."""

from dataclasses import dataclass

import numpy as np

from lisbon_core.heliosphere.gridded import positions
from lisbon_core.units import KM_S

__all__ = ["GridReport", "grid_report"]

MOST_CELLS = 400_000  # looked at: every n-th of a larger grid
SHARES = (50, 95, 99)


@dataclass(frozen=True)
class GridReport:
    """What was read of a gridded heliosphere; `print` it.

    Parameters
    ----------
    source : str
        The file.
    grid, shape, extent_AU, inner_AU : str, (int, int, int), (float, float), float
        Kind of grid, nodes, smallest and largest distance of a node from the Sun, radius of the continuation.
    electric : str
        Where E comes from.
    field_uG, interstellar_uG, interstellar_km_s : (float, float, float), float, float
        |B| at the nodes: 1st, 50th and 99th percentile; field and speed outside.
    div_B : (float, float, float)
        Net flux through the faces of a cell over the flux in and out, 50th, 95th and 99th percentile of the cells.
    roughness : (float, float, float)
        By how much B at a node differs from the mean of its neighbours, over |B|, the worst of three directions: what a
        grid half as fine would miss. 50th, 95th and 99th percentile of the nodes; half of it, where the field jumps,
        and a quarter, where it is smooth, is what this one misses between its nodes.
    jump : float
        Median step of B at the outer nodes to the uniform field beyond, over that field.
    """

    source: str
    grid: str
    shape: tuple[int, int, int]
    extent_AU: tuple[float, float]
    inner_AU: float
    electric: str
    field_uG: tuple[float, float, float]
    interstellar_uG: float
    interstellar_km_s: float
    div_B: tuple[float, float, float]
    roughness: tuple[float, float, float]
    jump: float

    def __str__(self):
        lines = [f"Gridded heliosphere {self.source}",
                 f"  {self.grid} grid of {' x '.join(map(str, self.shape))} nodes, {self.extent_AU[0]:.3g} to "
                 f"{self.extent_AU[1]:.4g} AU from the Sun",
                 f"  |B| {self.field_uG[0]:.3g}, {self.field_uG[1]:.3g}, {self.field_uG[2]:.3g} microgauss "
                 "(1st, 50th, 99th percentile of the nodes)",
                 f"  electric field: {self.electric}",
                 f"  outside: {self.interstellar_uG:.3g} microgauss, {self.interstellar_km_s:.3g} km/s; at the outer "
                 f"nodes B differs from that by {self.jump:.2g} of it (median)",
                 f"  div B: net flux of a cell over the flux in and out {_shares(self.div_B)}",
                 f"  resolution: a grid half as fine would miss B at its nodes by {_shares(self.roughness)} of it"]
        if self.inner_AU > 0.0:
            lines.append(f"  within {self.inner_AU:.3g} AU the field is continued as a radial wind would make it")
        return "\n".join(lines)


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


def _divergence(points, magnetic) -> np.ndarray:
    """Net flux through the six faces of cells over the mean of the flux in and out, shape (N,).

    Points and B are those at the corners of each cell, (2, 2, 2, N, 3). A face has half the product of its diagonals as
    its area and the mean of its corners as its field, so that the net flux of a uniform field is zero.
    """
    net, total = 0.0, 0.0
    for axis in range(3):
        for side, sign in ((0, -1.0), (1, 1.0)):
            corner, field = (np.take(a, side, axis=axis) for a in (points, magnetic))
            area = 0.5 * sign * (-1.0) ** axis * np.cross(corner[1, 1] - corner[0, 0], corner[0, 1] - corner[1, 0])
            mean = field.mean(axis=(0, 1))
            net = net + np.sum(area * mean, axis=-1)
            total = total + np.linalg.norm(area, axis=-1) * np.linalg.norm(mean, axis=-1)
    return np.abs(net) / np.maximum(0.5 * total, 1e-300)


def grid_report(source: str, grid, magnetic, electric: str) -> GridReport:
    """Report on a `Grid` and B at its nodes; `electric` says where E comes from."""
    shape, spherical = np.array(magnetic.shape[:3]), grid.spherical
    cells = shape - [1, 1, 0 if spherical else 1]  # azimuth goes round
    chosen = np.arange(0, np.prod(cells), max(1, int(np.prod(cells)) // MOST_CELLS | 1))
    index = np.array(np.unravel_index(chosen, cells))
    at = tuple((index[i] + step[..., None]) % shape[i] for i, step in enumerate(np.indices((2, 2, 2))))
    places = positions(spherical, *(nodes[i] for nodes, i in zip(grid.coordinates, at, strict=True)))
    faces = [magnetic[-1]] if spherical else [np.take(magnetic, end, axis=axis) for axis in range(3) for end in (0, -1)]
    outer, uniform = np.concatenate([face.reshape(-1, 3) for face in faces]), np.linalg.norm(grid.field)
    strength = np.linalg.norm(magnetic.reshape(-1, 3)[:: max(1, magnetic.size // 3_000_000)], axis=1)
    farthest = np.linalg.norm([np.abs(axis).max() for axis in grid.coordinates])
    extent = grid.coordinates[0][[0, -1]] if spherical else (0.0, farthest)
    return GridReport(
        source=source, grid="spherical" if spherical else "Cartesian", shape=magnetic.shape[:3],
        extent_AU=tuple(float(x) for x in extent), inner_AU=grid.inner_AU, electric=electric,
        field_uG=_percentiles(strength, (1, 50, 99)), interstellar_uG=float(uniform),
        interstellar_km_s=float(np.linalg.norm(grid.flow) / KM_S),
        div_B=_percentiles(_divergence(places, magnetic[at])),
        roughness=_percentiles(_roughness(magnetic, index, spherical)),
        jump=float(np.median(np.linalg.norm(outer - grid.field, axis=1)) / uniform))
