"""Gridded heliospheres written: from arrays, and from the closed form.

Examples
--------
>>> import tempfile
>>> from lisbon_core.heliosphere import closed_form, export, read_gridded
>>> with tempfile.TemporaryDirectory() as folder:
...     export(closed_form(), f"{folder}/small.h5", shape=(12, 7, 12))
...     print(read_gridded(f"{folder}/small.h5").grid.shape)
(12, 7, 12)
"""

import io
from pathlib import Path

import numpy as np

from lisbon_core.ground import hdf5
from lisbon_core.ground._core import write_atomically
from lisbon_core.ground.units import KM_S
from lisbon_core.heliosphere.closed_form import Heliosphere
from lisbon_core.heliosphere.gridded import positions
from lisbon_core.heliosphere.gridded_files import CONTRACT, FORMAT, LARGEST, NAMES, checked_content
from lisbon_core.heliosphere.parameters import require


def nodes(shape=(256, 128, 256), r_AU=(0.3, 4000.0)) -> tuple[dict, np.ndarray]:
    """Coordinates of a spherical grid as `write_gridded` takes them, and its points (n_r, n_theta, n_phi, 3), AU."""
    coordinates = {"r": np.geomspace(*r_AU, shape[0]), "theta": np.linspace(0.0, 180.0, shape[1]),
                   "phi": 360.0 / shape[2] * np.arange(shape[2])}
    r, theta, phi = coordinates.values()
    return coordinates, positions(True, *np.ix_(r, np.radians(theta), np.radians(phi)))


def export(heliosphere, path, shape=(256, 256, 128), r_AU=(60.0, 4000.0)) -> None:
    """Write a heliosphere (closed form or gridded) on a spherical grid along its own axes; E is written, not V.

    Within the first radius the reader continues the field as a radial wind makes it. For the spiral inside the shock
    that is exact, so nodes there would be wasted: they are all needed in the sheath. The polar angle gets more nodes
    than the azimuth: the tail lies along the axis, and fewer smear its wall and change what drifts along it.

    Parameters
    ----------
    heliosphere : Heliosphere or GriddedHeliosphere
        What to write.
    path : path
        The file.
    shape : (int, int, int)
        Nodes in r, from pole to pole, and round.
    r_AU : (float, float)
        First and last radius; beyond the last the field is the uniform interstellar one.

    Raises
    ------
    HeliosphereError
        If the first radius lies outside the termination shock of a closed form.
    """
    shock = heliosphere.parameters.nearest_shock_AU if isinstance(heliosphere, Heliosphere) else np.inf
    require(r_AU[0] <= shock, f"r_AU begins at {r_AU[0]:g} AU, but the termination shock lies at {shock:.4g}: begin "
            "within it, where the field is that of a radial wind")
    coordinates, points = nodes(shape, r_AU)
    magnetic, electric = heliosphere.field(points.reshape(-1, 3))
    write_gridded(path, coordinates, magnetic.reshape(points.shape), electric_uG_c=electric.reshape(points.shape),
                  interstellar_uG=heliosphere.axes @ heliosphere.field_icrs * heliosphere.field_uG,
                  interstellar_km_s=heliosphere.flow / KM_S, axes_icrs=heliosphere.axes)


def write_gridded(path, coordinates: dict, magnetic_uG, *, interstellar_uG, interstellar_km_s=(0.0, 0.0, 0.0),
                  velocity_km_s=None, electric_uG_c=None, frame="icrs", axes_icrs=None, inner_AU=0.0,
                  compact=False) -> None:
    """Write arrays as the file of a gridded heliosphere, and read it back to check it.

    Parameters
    ----------
    path : path
        The file, replaced as a whole.
    coordinates : dict
        {"r": AU, "theta": degrees, "phi": degrees} or {"x": AU, "y": AU, "z": AU}: increasing, even nodes.
    magnetic_uG, velocity_km_s, electric_uG_c : array (n_1, n_2, n_3, 3)
        Along x, y, z; velocity or electric field or neither.
    interstellar_uG, interstellar_km_s : three numbers
        Undisturbed field and flow, along x, y, z.
    frame, axes_icrs : str, or array (3, 3)
        What x, y, z are: a frame's name, or the three axes in ICRS, one a row.
    inner_AU : float
        Of a Cartesian grid: radius within which the field is continued towards the Sun.
    compact : bool
        Two bytes a number, compressed: each is off by up to 5e-4 of it.

    Raises
    ------
    HeliosphereError
        If the file would break the contract.
    """
    import h5py

    names = tuple(coordinates)
    require(names in NAMES.values(),
            f"the coordinates are {', '.join(names)}, but they must be r, theta, phi or x, y, z")
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs.update({"lisbon": FORMAT, "grid": "spherical" if "r" in names else "cartesian"})
        file.attrs.update({"frame": frame} if axes_icrs is None else {"axes_icrs": np.asarray(axes_icrs, dtype=float)})
        if "r" not in names:
            file.attrs["inner_AU"] = float(inner_AU)
        for name, nodes in coordinates.items():
            file[name] = np.asarray(nodes, dtype=float)
            file[name].attrs["unit"] = "deg" if name in ("theta", "phi") else "AU"
        for name, values in (("B", magnetic_uG), ("V", velocity_km_s), ("E", electric_uG_c)):
            if values is not None:
                file.create_dataset(name, data=np.asarray(values, dtype=np.float16 if compact else np.float32),
                                    compression=9 if compact else None, shuffle=compact)
                file[name].attrs.update({"unit": LARGEST[name][0], "axes": " ".join((*names, "component")),
                                         "components": "cartesian"})
        for name, values in (("B", interstellar_uG), ("V", interstellar_km_s)):
            file[f"interstellar/{name}"] = np.asarray(values, dtype=float)
            file[f"interstellar/{name}"].attrs["unit"] = LARGEST[name][0]
    checked_content(hdf5.content(stream, **CONTRACT))
    write_atomically(Path(path), stream.getbuffer())
