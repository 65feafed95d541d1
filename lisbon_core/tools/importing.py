"""From files of an MHD code to a gridded heliosphere, a report in sentences, and a picture."""

from pathlib import Path

import numpy as np

from lisbon_core.ground._core import write_atomically
from lisbon_core.heliosphere import HeliosphereError, is_gridded, read_gridded
from lisbon_core.simulations.cells import Cells, joined, read_cells
from lisbon_core.simulations.resample import export_cells

LOOKED_AT = 100_000  # cells


def import_files(files, out="", *, units="", **how) -> str:
    """Make a gridded heliosphere of files and say what it holds; write a picture of it beside.

    Parameters
    ----------
    files : list of path
        Of one simulation, each with other cells; or one gridded heliosphere, of which only the report is made.
    out : path
        The HDF5 file; the picture has its name with .png.
    units, how
        As `read_cells` and `export_cells` take them.

    Raises
    ------
    HeliosphereError
        If a file cannot be used: why, in one sentence.
    """
    if len(files) == 1 and is_gridded(files[0]):
        heliosphere, said = read_gridded(files[0]), []
    elif not out:
        raise HeliosphereError(f"{files[0]} is no gridded heliosphere yet: give --out FILE.h5 to make one of it")
    else:
        cells = joined([read_cells(path, units) for path in files])
        done = export_cells(cells, out, **how)
        heliosphere = read_gridded(out)
        if left := steps_left(cells, heliosphere):
            done.append(f"of the steepest steps of B from cell to cell {left:.0%} are left (median)")
        said = ["\n  ".join([str(cells), *done])]
    if out:
        from lisbon_core.plots import gridded_planes
        from lisbon_core.plots.saving import image

        write_atomically(picture := Path(out).with_suffix(".png"), image(gridded_planes(heliosphere), "png", 110))
        said.append(f"Look at {picture}: the red arrow of the wind must come from the left")
    return "\n".join([*said[:1], str(heliosphere.report), *said[1:]])


def steps_left(cells: Cells, heliosphere) -> float:
    """How much of the steepest steps of B between neighbouring cells, the highest in a hundred, is left on a grid.

    0 where there are none.
    """
    from scipy.spatial import cKDTree

    first, last = heliosphere.grid.coordinates[0][[0, -1]]
    distance = np.linalg.norm(cells.points, axis=1)
    within = np.isfinite(cells.magnetic).all(axis=1) & (distance > first) & (distance < last)
    points, magnetic = cells.points[within], cells.magnetic[within]
    if len(points) < 100:
        return 0.0
    at = np.arange(0, len(points), len(points) // LOOKED_AT + 1)
    beside = cKDTree(points).query(points[at], 7)[1]
    steps = np.linalg.norm(magnetic[beside] - magnetic[at][:, None], axis=2)
    to, height = beside[np.arange(len(at)), steps.argmax(axis=1)], steps.max(axis=1)
    steep = height >= max(np.quantile(height, 0.99), 1e-9)
    there, here = (heliosphere.field(points[places[steep]])[0] for places in (to, at))
    return float(np.median(np.linalg.norm(there - here, axis=1) / height[steep])) if steep.any() else 0.0
