"""Fields of simulations on other grids: cells of a BATS-R-US file, or any cells, brought onto a spherical grid.

BATS-R-US writes cells of very different sizes without an order. At each node of the spherical grid a linear function is
fitted to the nearest cells, the nearer the heavier: a field that is linear in space comes out as it was.
"""

import gzip
import os
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lisbon_core._core import cache_folder
from lisbon_core.heliosphere.gridded_files import unit_scale
from lisbon_core.heliosphere.gridded_writing import nodes, write_gridded
from lisbon_core.heliosphere.parameters import HeliosphereError

__all__ = ["Cells", "export_cells", "read_batsrus"]

NEIGHBOURS = 12
CHUNK = 100_000  # nodes at a time


@dataclass(frozen=True)
class Cells:
    """Cells of a simulation: where they are and what is in them.

    Parameters
    ----------
    source : str
        The file.
    axes : tuple of str
        Names of the coordinates that the file has: three, or two for a cut.
    points : ndarray (N, len(axes))
        Centres of the cells, AU.
    magnetic, velocity : ndarray (N, 3)
        Microgauss and km/s, along x, y, z.
    density : ndarray (N,)
        Plasma, amu/cm^3.
    """

    source: str
    axes: tuple[str, ...]
    points: np.ndarray = field(repr=False)
    magnetic: np.ndarray = field(repr=False)
    velocity: np.ndarray = field(repr=False)
    density: np.ndarray = field(repr=False)

    def __str__(self):
        r, strength = np.linalg.norm(self.points, axis=1), np.linalg.norm(self.magnetic, axis=1)
        kind = "cells" if len(self.axes) == 3 else f"cells of a cut along {' and '.join(self.axes)}"
        return (f"{self.source}: {len(r)} {kind}, {r.min():.3g} to {r.max():.4g} AU from the Sun, |B| "
                f"{strength.min():.2g} to {strength.max():.2g} microgauss")


def read_batsrus(path) -> Cells:
    """Read an IDL file (.out, ASCII or binary, `.gz` or not) of BATS-R-US by spacepy (extra `grids`).

    Raises
    ------
    HeliosphereError
        If spacepy is not installed, the file is missing or damaged, or lacks B, the velocity, the density or a unit.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise HeliosphereError(f"there is no file {path}: give the path of a BATS-R-US .out file")
    found = _read_idl(path)
    known = {name.lower(): name for name in found}
    axes = tuple(str(name) for name in found["grid"].attrs["dims"])

    def column(name: str, unit: str) -> np.ndarray:
        if name.lower() not in known:
            raise HeliosphereError(f"{path} has no {name}, only {', '.join(list(found)[1:])}: write B, U and Rho into "
                                   "it")
        values = found[known[name.lower()]]
        given = str(values.attrs.get("units", ""))
        try:
            return np.asarray(values, dtype=float).ravel() * unit_scale("R_sun" if given == "R" else given, unit)
        except (ValueError, TypeError):
            raise HeliosphereError(f"the unit of {name} in {path} is {given!r}, but it must be one that can be turned "
                                   f"into {unit}") from None

    points = [column(name, "AU") for name in axes]
    if len(points[0]) != found["grid"].attrs["npoints"]:  # of a regular grid spacepy gives the axes alone
        points = [axis.ravel(order="C") for axis in np.meshgrid(*points, indexing="ij")]
    magnetic, velocity = ([column(f"{letter}{axis}", unit) for axis in "xyz"]
                          for letter, unit in (("B", "uG"), ("U", "km/s")))
    return Cells(path.name, axes, np.stack(points, axis=1), np.stack(magnetic, axis=1), np.stack(velocity, axis=1),
                 column("Rho", "amu/cc"))


def _read_idl(path: Path):
    """What spacepy reads of the file, under a name that tells its parser nothing; its complaints become a sentence."""
    folder = cache_folder() / "spacepy"  # on import it insists on making a folder: among what can be made again
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("SPACEPY", str(folder))
    failure = "is not a complete gzip file ({}): fetch it again"
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a file left open after an error, for one
        plain = Path(folder) / "cells.out"
        try:
            plain.write_bytes(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
            failure = "needs spacepy ({}): pip install 'lisbon_core[grids]'"
            from spacepy.pybats import IdlFile

            failure = "is not a complete BATS-R-US file ({}): give an IDL .out file"
            return IdlFile(str(plain))
        except Exception as error:  # of a reader of somebody else's, which may fail in any way
            why = " ".join(str(error).split())
    raise HeliosphereError(f"{path} {failure.format(why)}")


def export_cells(cells: Cells, path, *, interstellar_uG, interstellar_km_s, frame="icrs", axes_icrs=None,
                 shape=(192, 96, 128), r_AU=None) -> None:
    """Write the cells of a simulation on a spherical grid, as `read_gridded` reads it.

    Parameters
    ----------
    cells : Cells
        In space.
    path : path
        The HDF5 file.
    interstellar_uG, interstellar_km_s : three numbers
        The undisturbed medium, along x, y, z of the simulation.
    frame, axes_icrs : str, or array (3, 3)
        What its x, y, z are: see `write_gridded`.
    shape, r_AU : (int, int, int), (float, float)
        Nodes, and first and last radius; by default the distances of the nearest and the farthest cell, within which
        a sphere fits into a box.

    Raises
    ------
    HeliosphereError
        If the cells are a cut, or too few.
    """
    from scipy.spatial import cKDTree

    if len(cells.axes) != 3:
        raise HeliosphereError(f"{cells.source} is a cut along {' and '.join(cells.axes)}, but orbits need a field in "
                               "space: write a file with three coordinates")
    if len(cells.points) <= NEIGHBOURS:
        raise HeliosphereError(f"{cells.source} holds {len(cells.points)} cells, but a field needs more than "
                               f"{NEIGHBOURS}")
    if r_AU is None:
        reach = np.minimum(-cells.points.min(axis=0), cells.points.max(axis=0)).min()
        r_AU = max(float(np.linalg.norm(cells.points, axis=1).min()), 1e-3 * reach), float(reach)
    if not 0.0 < r_AU[0] < r_AU[1]:
        raise HeliosphereError(f"r_AU is {r_AU}, but the first radius must be positive and less than the last: the Sun "
                               "must lie among the cells")
    coordinates, points = nodes(shape, r_AU)
    tree, values = cKDTree(cells.points), np.concatenate([cells.magnetic, cells.velocity], axis=1)
    wanted = points.reshape(-1, 3)
    found = np.empty((len(wanted), 6), dtype=np.float32)
    for first in range(0, len(wanted), CHUNK):
        part = slice(first, first + CHUNK)
        found[part] = _linear_fit(tree, values, wanted[part])
    found = found.reshape(*points.shape[:3], 6)
    write_gridded(path, coordinates, found[..., :3], velocity_km_s=found[..., 3:], interstellar_uG=interstellar_uG,
                  interstellar_km_s=interstellar_km_s, frame=frame, axes_icrs=axes_icrs)


def _linear_fit(tree, values, places) -> np.ndarray:
    """Values (N, k) at places (N, 3) of linear functions fitted to the nearest cells."""
    distance, nearest = tree.query(places, NEIGHBOURS)
    size = distance[:, -1:]
    offset = (tree.data[nearest] - places[:, None]) / size[..., None]
    weight = 1.0 / ((distance / size) ** 2 + 1e-3)
    design = np.concatenate([np.ones((*offset.shape[:2], 1)), offset], axis=2)
    normal = np.einsum("nki,nk,nkj->nij", design, weight, design)
    normal[:, range(1, 4), range(1, 4)] += 1e-9 * weight.sum(axis=1)[:, None]  # of cells that lie in one plane
    right = np.einsum("nki,nk,nkv->niv", design, weight, values[nearest])
    return np.linalg.solve(normal, right)[:, 0]
