"""A heliosphere on a grid: the field of a simulation, ready for the tracer.

How it is interpolated, and what holds outside the grid and near the Sun, is in `gridded_kernels`; files are read and
written in `gridded_files`, made from other things in `gridded_import`.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from lisbon_core.heliosphere.closed_form import _points
from lisbon_core.heliosphere.gridded_kernels import (
    FIRST_1,
    FIRST_3,
    HALF,
    HEAD,
    INNER,
    LAST_1,
    LAST_3,
    N_1,
    N_3,
    PARTS,
    PER_1,
    PER_3,
    SPHERICAL,
    UNIFORM,
    fields_on_grid,
)

__all__ = ["GriddedHeliosphere", "GriddedMedium", "pack_grid", "positions"]


@dataclass(frozen=True)
class GriddedMedium:
    """What surrounds a grid, and the axes of both.

    Parameters
    ----------
    axes : ndarray (3, 3)
        The axes x, y, z of the file as unit vectors in ICRS, one a row.
    field : ndarray (3,)
        Undisturbed interstellar field along these axes, microgauss.
    flow : ndarray (3,)
        Velocity of the interstellar plasma relative to the Sun, along these axes, units of c.
    """

    axes: np.ndarray
    field: np.ndarray
    flow: np.ndarray


@dataclass(frozen=True)
class GriddedHeliosphere:
    """A heliosphere on a grid: what `orbits.trace` and `liouville` ask of a closed-form one, see `Heliosphere`.

    Parameters
    ----------
    packed : ndarray (n,)
        Scalars and values as the kernels take them.
    medium : GriddedMedium
        What surrounds the grid, and the axes.
    identity : str
        Tells this heliosphere from every other: the hash of its file.
    report : GridReport
        What was read, and how well div B = 0 holds.
    """

    packed: np.ndarray = field(repr=False)
    medium: GriddedMedium
    identity: str
    report: object

    @property
    def axes(self) -> np.ndarray:
        """The axes x, y, z of the grid as unit vectors in ICRS, one a row."""
        return self.medium.axes

    @property
    def flow(self) -> np.ndarray:
        """Velocity (3,) of the undisturbed interstellar plasma along these axes, units of c."""
        return self.medium.flow

    @property
    def field_uG(self) -> float:
        """Strength of the undisturbed interstellar field, microgauss."""
        return float(np.linalg.norm(self.medium.field))

    @property
    def field_icrs(self) -> np.ndarray:
        """Unit vector (3,) of the undisturbed interstellar field, ICRS."""
        return self.medium.field @ self.medium.axes / self.field_uG

    def field(self, points) -> tuple[np.ndarray, np.ndarray]:
        """B (microgauss) and E (microgauss c), each (N, 3), at points (N, 3) in AU along the axes of the grid."""
        values = fields_on_grid(_points(points), self.packed)
        return values[:, :3], values[:, 3:]

    def coarser(self) -> "GriddedHeliosphere":
        """The same field on a grid half as fine each way: what differs through it tells what the grid leaves out."""
        head, spherical = self.packed, self.packed[SPHERICAL] > 0.0
        counts = [int(n) for n in head[N_1:N_3 + 1]]
        if spherical:
            n_1, n_2, n_3 = (max(3, n // 2) for n in (counts[0] + 1, counts[1] + 1, counts[2] - 1))
            axes = (np.exp(np.linspace(head[FIRST_1], math.log(head[LAST_1] / (1.0 + 1e-9)), n_1)),
                    np.linspace(0.0, math.pi, n_2), head[FIRST_3] + 2.0 * math.pi / n_3 * np.arange(n_3))
        else:
            axes = [np.linspace(*ends, max(3, (n + 1) // 2))
                    for *ends, n in zip(head[FIRST_1:FIRST_3 + 1], head[LAST_1:LAST_3 + 1], counts, strict=True)]
        points = positions(spherical, axes[0][:, None, None], axes[1][:, None], axes[2])
        magnetic, electric = (values.reshape(points.shape) for values in self.field(points.reshape(-1, 3)))
        packed = pack_grid(spherical, axes, magnetic, electric if head[PARTS] > 3 else None, self.medium, head[INNER])
        return replace(self, packed=packed, identity=f"{self.identity}, half as fine")

    def field_strength(self, points) -> np.ndarray:
        """|B| in microgauss, shape (N,), at points (N, 3) in AU along the axes of the grid."""
        return np.linalg.norm(self.field(points)[0], axis=-1)


def positions(spherical: bool, first, second, third) -> np.ndarray:
    """Points (..., 3), AU, at r (AU), polar angle and azimuth (radians), or at x, y and z."""
    if not spherical:
        return np.stack(np.broadcast_arrays(first, second, third), axis=-1)
    around = first * np.sin(second)
    return np.stack(np.broadcast_arrays(around * np.cos(third), around * np.sin(third), first * np.cos(second)), -1)


def pack_grid(spherical: bool, coordinates, magnetic, electric, medium: GriddedMedium, inner_AU: float) -> np.ndarray:
    """Scalars and values in one array for the kernels.

    Parameters
    ----------
    spherical : bool
        Coordinates are r (AU), polar angle and azimuth (radians), else x, y, z (AU).
    coordinates : three arrays (n_1,), (n_2,), (n_3,)
        Evenly spaced (r in its logarithm); azimuth once round without its end.
    magnetic, electric : array (n_1, n_2, n_3, 3), or None for no electric field anywhere
        Microgauss; microgauss c; along the axes of the file.
    medium : GriddedMedium
        What surrounds the grid.
    inner_AU : float
        Radius within which the field is continued.
    """
    values = np.asarray(magnetic, dtype=np.float32)
    if electric is not None:
        values = np.concatenate([values, np.asarray(electric, dtype=np.float32)], axis=-1)
    first, second, third = coordinates
    head = np.zeros(HEAD)
    if spherical:
        if second[0] > 1e-6:  # the poles between the nodes: what is even across the pole, from the two nearest rows
            ends = [(9.0 * values[:, a].mean(axis=1) - values[:, b].mean(axis=1)) / 8.0 for a, b in ((0, 1), (-1, -2))]
            rows = [np.broadcast_to(end[:, None, None], values[:, :1].shape) for end in ends]
            values = np.concatenate([rows[0], values, rows[1]], axis=1)
            head[HALF] = 0.5
        values = np.concatenate([values, values[:, :, :1]], axis=2)
        head[SPHERICAL], head[FIRST_1], head[FIRST_3] = 1.0, math.log(first[0]), third[0]
        head[PER_1:PER_3 + 1] = ((len(first) - 1) / math.log(first[-1] / first[0]),
                                 (len(second) - 1 + 2 * head[HALF]) / math.pi, len(third) / (2.0 * math.pi))
        head[LAST_1] = first[-1] * (1.0 + 1e-9)  # the last nodes belong to the grid, however they are rounded
    else:
        head[FIRST_1:FIRST_3 + 1] = first[0], second[0], third[0]
        head[LAST_1:LAST_3 + 1] = first[-1], second[-1], third[-1]
        head[PER_1:PER_3 + 1] = [(len(axis) - 1) / (axis[-1] - axis[0]) for axis in coordinates]
    head[PARTS], head[N_1:N_3 + 1], head[INNER] = values.shape[3], values.shape[:3], inner_AU
    head[UNIFORM:UNIFORM + 3] = medium.field
    head[UNIFORM + 3:UNIFORM + 6] = -np.cross(medium.flow, medium.field)
    packed = np.zeros(HEAD + values.size // 2 + 2)  # four numbers are read at once, also the last
    packed[:HEAD] = head
    packed[HEAD:].view(np.float32)[:values.size] = values.ravel()
    return packed
