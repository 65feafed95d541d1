"""Arrays with names and paths, as HDF5 files hold them, to columns and planes."""

import numpy as np

from lisbon_core.ground import hdf5
from lisbon_core.sky.files.conventions import kind_of, name_and_unit
from lisbon_core.sky.map import require


def groups_of(content: bytes) -> list[tuple[str, dict, dict]]:
    """Path, what is said about it, and flat arrays by (name, unit) of each group of an HDF5 file."""
    found = hdf5.arrays(content, most=2**25, room=0, times=1100)  # maps of a tenth of a degree, several times
    groups: dict[str, tuple[dict, dict]] = {}
    for path in (path for path in found if "@" not in path):
        group, _, own = path.rpartition("/")
        header, arrays = groups.setdefault(group, (_said(found, "") | _said(found, group), {}))
        said, (name, unit) = _said(found, path), name_and_unit(own)
        arrays[name, str(said.pop("UNIT", said.pop("UNITS", unit)))] = found[path]
        header.update(said | header)
    return [(group, header, _flat(arrays)) for group, (header, arrays) in groups.items()]


def _said(found: dict, path: str) -> dict:
    """What attributes say of a path."""
    return {name.partition("@")[2].upper(): value.item() for name, value in found.items()
            if name.startswith(f"{path}@") and not value.ndim}


def _flat(arrays: dict) -> dict:
    """Arrays of one size; of a grid with a longitude and a latitude for each axis, places and planes of all pixels.

    Axes may come in either order: MATLAB, Fortran and Julia write the first of theirs last.
    """
    arrays = {key: np.atleast_1d(np.squeeze(values)) for key, values in arrays.items()}
    axes = {kind.split()[0]: key for key in arrays for kind in [kind_of(key[0])] if kind[:3] in ("lon", "lat")}
    if len(axes) < 2 or any(arrays[key].ndim != 1 for key in axes.values()) or max(x.ndim for x in arrays.values()) < 2:
        return {key: values.ravel() for key, values in arrays.items()}
    lon, lat = (arrays[axes[name]] for name in ("lon", "lat"))
    require(lon.size != lat.size, f"{axes['lon'][0]} and {axes['lat'][0]} both have {lon.size} values, so the axes of "
            "the map cannot be told apart: give both coordinates of every pixel")
    flat = dict(zip((axes["lon"], axes["lat"]), (x.ravel() for x in np.meshgrid(lon, lat)), strict=True))
    for (name, unit), values in arrays.items():
        values = values.T if values.shape[-2:] != (lat.size, lon.size) else values
        if values.ndim in (2, 3) and values.shape[-2:] == (lat.size, lon.size):
            planes = values.reshape(-1, lat.size * lon.size)
            flat |= {(name if len(planes) == 1 else f"{name} plane {i + 1}", unit): plane
                     for i, plane in enumerate(planes)}
    return flat
