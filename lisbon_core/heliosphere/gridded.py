"""A heliosphere on a grid: the field of a simulation, ready for the tracer.

How it is interpolated, and what holds outside the grid and near the Sun, is in `gridded_kernels`; files are read in
`gridded_files`, written in `gridded_writing`, made from other things in `gridded_import`.
"""

import functools
from dataclasses import dataclass, field, replace

import numpy as np

from lisbon_core.heliosphere import gridded_kernels as place
from lisbon_core.heliosphere.closed_form import AnyHeliosphere
from lisbon_core.heliosphere.gridded_kernels import fields_on_grid
from lisbon_core.heliosphere.gridded_report import GridReport, grid_report


@dataclass(frozen=True)
class Grid:
    """Where the nodes of a grid are, and what surrounds them.

    Parameters
    ----------
    spherical : bool
        Coordinates are r (AU), polar angle and azimuth (radians), else x, y, z (AU).
    coordinates : three arrays (n_1,), (n_2,), (n_3,)
        Evenly spaced (r in its logarithm); azimuth once round without its end.
    inner_AU : float
        Radius within which the field is continued.
    axes : ndarray (3, 3)
        The axes x, y, z of the file as unit vectors in ICRS, one a row.
    field : ndarray (3,)
        Undisturbed interstellar field along these axes, microgauss.
    flow : ndarray (3,)
        Velocity of the interstellar plasma relative to the Sun, along these axes, units of c.
    """

    spherical: bool
    coordinates: tuple[np.ndarray, np.ndarray, np.ndarray]
    inner_AU: float
    axes: np.ndarray
    field: np.ndarray
    flow: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of nodes."""
        return tuple(map(len, self.coordinates))

    def points(self) -> np.ndarray:
        """The nodes (n_1, n_2, n_3, 3), AU, along the axes."""
        return positions(self.spherical, *np.ix_(*self.coordinates))


@dataclass(frozen=True)
class GriddedHeliosphere(AnyHeliosphere):
    """A heliosphere on a grid, along the axes of its file.

    Parameters
    ----------
    grid : Grid
        Where its nodes are and what surrounds them.
    source, electric : str
        The file, and where its E comes from.
    """

    grid: Grid = field(repr=False)
    source: str
    electric: str
    _fields = staticmethod(fields_on_grid)

    @functools.cached_property
    def report(self) -> GridReport:
        """What was read, and how well div B = 0 holds."""
        return grid_report(self)

    def coarser(self) -> "GriddedHeliosphere":
        """The same field on a grid half as fine each way: what differs through it tells what the grid leaves out."""
        first, second, third = self.grid.coordinates
        n_1, n_2, n_3 = (max(3, (len(axis) + 1) // 2) for axis in self.grid.coordinates)
        if self.grid.spherical:
            n_2 += second[0] > 1e-6 and len(second) % 2 == 0  # of cells between the poles, from pole to pole
            axes = (np.geomspace(*first[[0, -1]], n_1), np.linspace(0.0, np.pi, n_2),
                    third[0] + 2.0 * np.pi / n_3 * np.arange(n_3))
        else:
            axes = (np.linspace(*first[[0, -1]], n_1), np.linspace(*second[[0, -1]], n_2),
                    np.linspace(*third[[0, -1]], n_3))
        grid = replace(self.grid, coordinates=axes)
        points = grid.points()
        magnetic, electric = (values.reshape(points.shape) for values in self.field(points.reshape(-1, 3)))
        packed = pack_grid(grid, magnetic, electric if self.packed[place.PARTS] > 3 else None)
        return replace(self, packed=packed, grid=grid, identity=f"{self.identity}, half as fine")


def positions(spherical: bool, first, second, third) -> np.ndarray:
    """Points (..., 3), AU, at r (AU), polar angle and azimuth (radians), or at x, y and z."""
    if not spherical:
        return np.stack(np.broadcast_arrays(first, second, third), axis=-1)
    around = first * np.sin(second)
    return np.stack(np.broadcast_arrays(around * np.cos(third), around * np.sin(third), first * np.cos(second)), -1)


def pack_grid(grid: Grid, magnetic, electric=None) -> np.ndarray:
    """Scalars and values in one array for the kernels.

    Parameters
    ----------
    grid : Grid
        Where the values are given.
    magnetic, electric : array (n_1, n_2, n_3, 3), or None for no electric field anywhere
        Microgauss; microgauss c; along the axes of the grid.
    """
    values = np.asarray(magnetic, dtype=np.float32)
    if electric is not None:
        values = np.concatenate([values, np.asarray(electric, dtype=np.float32)], axis=-1)
    first, last = (np.array([axis[end] for axis in grid.coordinates]) for end in (0, -1))
    half_rows = grid.spherical and first[1] > 1e-6
    if half_rows:  # the poles between the nodes: what is even across the pole, from the two nearest rows
        ends = [(9.0 * values[:, a].mean(axis=1) - values[:, b].mean(axis=1)) / 8.0 for a, b in ((0, 1), (-1, -2))]
        rows = [np.broadcast_to(end[:, None, None], values[:, :1].shape) for end in ends]
        values = np.concatenate([rows[0], values, rows[1]], axis=1)
    if grid.spherical:
        values = np.concatenate([values, values[:, :, :1]], axis=2)
        first, last = (np.array([np.log(first[0]), 0.0, first[2]]),
                       np.array([np.log(last[0]), np.pi, first[2] + 2.0 * np.pi]))
    head = np.zeros(place.HEAD)
    head[place.SPHERICAL], head[place.HALF_ROWS], head[place.PARTS] = grid.spherical, half_rows, values.shape[3]
    head[place.INNER] = grid.inner_AU
    for at, three in ((place.NODES, values.shape[:3]), (place.FIRST, first), (place.LAST, last),
                      (place.PER_UNIT, (np.array(values.shape[:3]) - [1, 1 + half_rows, 1]) / (last - first)),
                      (place.OUTSIDE, grid.field), (place.OUTSIDE + 3, -np.cross(grid.flow, grid.field))):
        head[at:at + 3] = three
    if grid.spherical:  # the last nodes belong to the grid, however they are rounded
        head[place.LAST] = grid.coordinates[0][-1] * (1.0 + 1e-9)
    packed = np.zeros(place.HEAD + (values.size + 1) // 2)
    packed[:place.HEAD], packed[place.HEAD:].view(np.float32)[:values.size] = head, values.ravel()
    return packed
