"""Files of MHD codes read as named columns, one number a cell; what the columns mean is decided in `cells`.

BATS-R-US (.out, text or binary of either precision), Tecplot text, VTK (by meshio), archives of numpy: known by their
content. Coordinates are taken from each cell: a "regular" file of BATS-R-US holds, where a coarse cell was split, its
centre several times, and so is no product of three axes.
"""

import io
import itertools
import math
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lisbon_core.heliosphere.parameters import HeliosphereError, require

LARGEST = 2**29  # bytes of a file, and of what is packed in it


@dataclass(frozen=True)
class Columns:
    """Columns of a file.

    Parameters
    ----------
    names : list of str
        As they stand in the file, each with its unit behind it if it has one.
    values : ndarray (columns, N)
        Coordinates first.
    shape : tuple of int
        Lengths of three axes, the last the fastest, if the file has such; else (N,).
    extra : dict
        Further numbers of the file, by their names.
    note : str
        What to know of how it was read.
    """

    names: list[str]
    values: np.ndarray
    shape: tuple[int, ...]
    extra: dict = field(default_factory=dict)
    note: str = ""


def reader_of(content: bytes) -> tuple[str, Callable[[bytes], Columns]]:
    """What kind of file this is the content of, by its first words, and what reads it."""
    known = {b"# vtk": ("VTK", _vtk), b"<?xml": ("VTK", _vtk), b"<VTKFile": ("VTK", _vtk),
             b"TITLE": ("Tecplot text", _tecplot), b"VARIABLES": ("Tecplot text", _tecplot),
             b"PK\x03\x04": ("an archive of numpy arrays", _numpy)}
    start = content[:2000].lstrip()
    return next((known[mark] for mark in known if start.startswith(mark)), ("a .out file of BATS-R-US", _idl))


def _records(content: bytes):
    """Records of a Fortran program, each between its lengths."""
    at = 0
    while at < len(content):
        mark = content[at:at + 4]
        end = at + 4 + int.from_bytes(mark, "little")
        if content[end:end + 4] != mark:
            raise ValueError("a record is cut short")
        yield content[at + 4:end]
        at = end + 4


def _idl(content: bytes) -> Columns:
    """The last frame of a BATS-R-US file: units, step, time and sizes, shape, parameters, names; then the numbers."""
    binary = b"\x00" in content[:4]
    lines, frames = _records(content) if binary else iter(content.decode("latin-1").splitlines()), 0
    found = None
    for units in lines:
        if not units.strip():
            continue
        head = next(lines)
        if binary:
            real = {20: "<f4", 24: "<f8"}[len(head)]
            (dims, extras, count), shape = np.frombuffer(head[-12:], "<i4"), np.frombuffer(next(lines), "<i4")
            extra = np.frombuffer(next(lines), real) if extras else []
            units, names = units.decode("latin-1"), next(lines).decode("latin-1").split()
        else:
            dims, extras, count = (int(number) for number in head.split()[2:])
            shape = [int(number) for number in next(lines).split()]
            extra = [float(number) for number in next(lines).split()] if extras else []
            names = next(lines).split()
        shape, rows = [int(n) for n in shape], abs(int(dims)) + int(count)
        require(abs(dims) == 3, f"it is a cut along {' and '.join(names[:abs(dims)])}, but orbits need a field in "
                "space: write a file with three coordinates")
        if binary:
            values = np.concatenate([np.frombuffer(next(lines), real) for _ in range(1 + count)])
        else:
            values = np.loadtxt(itertools.islice(lines, math.prod(shape)), ndmin=2).T
        values = values.reshape(rows, *shape[::-1]).transpose(0, 3, 2, 1).reshape(rows, -1)  # Fortran's order
        with_units = itertools.zip_longest(names[:rows], units.split(";")[-1].split()[:rows], fillvalue="")
        found = Columns(["\t".join(pair) for pair in with_units], values, tuple(shape),
                        dict(zip(names[rows:], map(float, extra), strict=False)))
        frames += 1
    return Columns(**vars(found) | {"note": f"it holds {frames} frames: the last was taken" if frames > 1 else ""})


def _tecplot(content: bytes) -> Columns:
    """Zones of Tecplot text, point by point or variable by variable; who neighbours whom is not read."""
    text = content.decode("latin-1")
    head, *zones = re.split(r"^\s*ZONE\b", text, flags=re.MULTILINE)
    names = re.findall(r'"([^"]*)"', head[head.index("VARIABLES"):])
    blocks = []
    for zone in zones:
        first = re.search(r"^\s*[-+.\d]+[-+.\deE]*(\s|$)", zone, re.MULTILINE).start()
        about = zone[:first].upper()
        require("CELLCENTERED" not in about, "it holds values at the centres of its cells: write them at the nodes")
        sizes = {name: int(n) for name, n in re.findall(r"\b(N|NODES|I|J|K)\s*=\s*(\d+)", about)}
        n = sizes.get("N") or sizes.get("NODES") or math.prod(sizes.values())
        numbers = np.array(zone[first:].split(None, n * len(names))[:n * len(names)], dtype=float)
        by_variable = re.search(r"\b(DATAPACKING|F)\s*=\s*(FE)?BLOCK", about)
        blocks.append(numbers.reshape(len(names), n) if by_variable else numbers.reshape(n, len(names)).T)
    values = np.concatenate(blocks, axis=1)
    return Columns(names, values, values.shape[1:])


def _vtk(content: bytes) -> Columns:
    """Nodes of a VTK mesh, or centres of its cells, wherever the numbers are."""
    try:
        import meshio
    except ImportError:
        raise HeliosphereError("it needs meshio: pip install 'lisbon_core[grids]'") from None
    with tempfile.TemporaryDirectory() as folder:
        (path := Path(folder) / "mesh").write_bytes(content)
        mesh = (meshio.vtk if content.lstrip().startswith(b"#") else meshio.vtu).read(path)
    places, data = mesh.points, mesh.point_data
    if not data:
        places = np.concatenate([mesh.points[block.data].mean(axis=1) for block in mesh.cells])
        data = {name: np.concatenate(parts) for name, parts in mesh.cell_data.items()}
    names, values = list("xyz"), [*places.T]
    for name, array in data.items():
        letters, space, unit = name.partition("_[")
        vector = array.ndim == 2 and array.shape[1] == 3
        names += [letters + axis + space + unit for axis in "xyz"] if vector else [name]
        values += [*array.T] if vector else [array]
    return Columns(names, np.array(values, dtype=float), (len(places),))


def _numpy(content: bytes) -> Columns:
    """Three axes and arrays over their product, without what the archive marks as not covered."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        require(sum(one.file_size for one in archive.zip.infolist()) <= LARGEST,
                f"it unpacks to more than {LARGEST >> 20} MiB: write a coarser grid")
        arrays = {name: archive[name] for name in archive}
    floats = {name: array for name, array in arrays.items() if array.dtype.kind == "f"}
    cubes = {name: array for name, array in floats.items() if array.ndim == 3}
    axes = dict([(name, array) for name, array in floats.items() if array.ndim == 1][:3])
    shape = next(iter(cubes.values())).shape
    values = np.array([*np.meshgrid(*axes.values(), indexing="ij"), *cubes.values()]).reshape(3 + len(cubes), -1)
    if "covered" in arrays:
        values[3:, ~arrays["covered"].ravel()] = np.nan
    return Columns([*axes, *cubes], values, shape, {name: array for name, array in floats.items() if array.size <= 9})
