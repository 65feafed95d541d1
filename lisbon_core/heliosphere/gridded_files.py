"""The HDF5 file of a gridded heliosphere: one contract, checked on reading; `gridded_writing` writes it.

    attributes      lisbon = "gridded heliosphere 1", grid = "spherical" or "cartesian",
                    frame = "icrs", "ecliptic" or "galactic", or axes_icrs (3, 3): axes x, y, z in ICRS, one a row,
                    inner_AU (Cartesian only): radius within which the field is continued towards the Sun
    r, theta, phi   or x, y, z: the coordinates of the nodes, one dataset each, attribute unit ("AU", "deg", "rad"
                    ...); r even in its logarithm, the others even; theta from pole to pole or in cells between them,
                    phi once round
    B               four axes named by the attribute axes ("r theta phi component", in any order), attribute unit
                    ("uG", "nT" ...), attribute components: "cartesian" (along x, y, z) or "spherical" (along r,
                    theta, phi)
    V or E          the same, in "km/s" or "uG c" ("V/m"): E, where given, is used as it is, else E = -V x B
    interstellar/B, interstellar/V
                    the undisturbed medium outside: three numbers along x, y, z each, attribute unit

Without V and E there is no electric field, and then interstellar/V must be zero.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np

from lisbon_core.frames import FRAMES, rotation_to_icrs
from lisbon_core.heliosphere.gridded import GriddedHeliosphere, GriddedMedium, pack_grid
from lisbon_core.heliosphere.gridded_report import grid_report
from lisbon_core.heliosphere.parameters import HeliosphereError
from lisbon_core.units import KM_S

__all__ = ["FORMAT", "checked_content", "is_gridded", "read_gridded"]

FORMAT = "gridded heliosphere 1"
NAMES = {"spherical": ("r", "theta", "phi"), "cartesian": ("x", "y", "z")}
EVEN = 1e-3  # of a step: how far nodes may lie from even spacing
FARTHEST = 1e6  # AU
LONGEST_TEXT = 80
MOST = 2**29  # numbers in a dataset: 560 nodes along each axis
LARGEST = {"B": ("uG", 1e9), "V": ("km/s", 0.1 / KM_S), "E": ("uG c", 1e8)}  # in our unit; at the Sun's surface too
PATIENCE = 20.0  # seconds for the library to read a small file
ATTRIBUTES = ("lisbon", "grid", "frame", "axes_icrs", "inner_AU", "unit", "axes", "components")
READ_ALL = """
import sys, h5py

def attempt(read):
    try:
        return read()
    except Exception:  # the reader itself will say
        return None

path, attributes, *names = sys.argv[1:]
if file := attempt(lambda: h5py.File(path, "r")):
    for node in [file, *(attempt(lambda: file.get(name)) for name in names)]:
        for name in attributes.split() * (node is not None):
            attempt(lambda: node.attrs.get(name))
        if attempt(lambda: node.nbytes <= 1100 * file.id.get_filesize()):
            attempt(lambda: node[...])
"""


def is_gridded(path) -> bool:
    """Whether a file is HDF5 by its first bytes."""
    try:
        with open(path, "rb") as stream:
            return stream.read(8) == b"\x89HDF\r\n\x1a\n"
    except OSError:
        return False


def read_gridded(path) -> GriddedHeliosphere:
    """Read the HDF5 file of a gridded heliosphere.

    Raises
    ------
    HeliosphereError
        If the file is missing, damaged, or breaks the contract: which dataset, what it holds, what it must hold.
    """
    import h5py

    path = Path(path).expanduser()
    if not path.is_file():
        raise HeliosphereError(f"there is no file {path}: give the path of a gridded heliosphere (HDF5)")
    if not is_gridded(path):
        raise HeliosphereError(f"{path} is not an HDF5 file: write one with lisbon_core.heliosphere.write_gridded")
    _read_elsewhere(path)
    try:
        with h5py.File(path, "r") as file, np.errstate(all="ignore"):  # what is not finite is refused
            spherical, coordinates, magnetic, velocity, electric, medium, inner = checked_content(file)
        with open(path, "rb") as stream:
            identity = hashlib.file_digest(stream, "sha256").hexdigest()
    except HeliosphereError as error:
        raise HeliosphereError(f"{path}: {error}") from None
    except (OSError, LookupError, TypeError, ValueError, ArithmeticError, RuntimeError, AttributeError,
            MemoryError) as error:
        raise HeliosphereError(f"{path} cannot be read ({' '.join(str(error).split())}): it is truncated or damaged, "
                               "write it again") from None
    source = "as given" if electric is not None else "none" if velocity is None else "-V x B at the nodes"
    if electric is None and velocity is not None:
        electric = -np.cross(velocity, magnetic)
    packed = pack_grid(spherical, coordinates, magnetic, electric, medium, inner)
    report = grid_report(str(path), spherical, coordinates, magnetic, source, medium, inner)
    return GriddedHeliosphere(packed, medium, f"gridded heliosphere {identity}", report)


def _read_elsewhere(path: Path) -> None:
    """Let another process read the file first: on a damaged one the HDF5 library may crash, or loop for ever."""
    names = [name for kind in NAMES.values() for name in kind]
    reader = [sys.executable, "-c", READ_ALL, str(path), " ".join(ATTRIBUTES), *names, *LARGEST, "interstellar/B",
              "interstellar/V"]
    limit = PATIENCE + path.stat().st_size / 5e6
    try:
        ended = subprocess.run(reader, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        raise HeliosphereError(f"{path} cannot be read within {limit:.0f} seconds: it is damaged, write it again"
                               ) from None
    if ended.returncode < 0:
        raise HeliosphereError(f"{path} makes the HDF5 library crash: it is damaged, write it again")


def checked_content(file):
    """Everything in the file, in our units and in the order of the contract."""
    if _text(file, "lisbon") != FORMAT:
        raise HeliosphereError(f"the attribute lisbon is {_text(file, 'lisbon')!r}, but it must be {FORMAT!r}")
    kind = _text(file, "grid")
    if kind not in NAMES:
        raise HeliosphereError(f"the attribute grid is {kind!r}, but it must be 'spherical' or 'cartesian'")
    coordinates = [_coordinate(file, name) for name in NAMES[kind]]
    spherical, first = kind == "spherical", coordinates[0]
    if spherical:
        coordinates = _sphere(*coordinates)
    for name, nodes in zip(NAMES[kind], coordinates, strict=True):
        _even(name, np.log(nodes) if name == "r" else nodes)
    inner = float(first[0]) if spherical else float(file.attrs.get("inner_AU", 0.0))
    reach = inner if spherical else min(min(-nodes[0], nodes[-1]) for nodes in coordinates)
    if not 0.0 <= inner <= reach:
        raise HeliosphereError(f"inner_AU is {inner:g}, but it must lie between 0 and {reach:g} AU, within the grid")
    axes = _axes(file)
    field, flow = _vector(file, "interstellar/B"), _vector(file, "interstellar/V") * KM_S
    if not 0.1 <= np.linalg.norm(field) <= 20.0:
        raise HeliosphereError(f"interstellar/B is {np.linalg.norm(field):.3g} microgauss strong, but it must lie "
                               "between 0.1 and 20: check its unit")
    magnetic = _vectors(file, "B", coordinates, NAMES[kind])
    velocity = _vectors(file, "V", coordinates, NAMES[kind]) if "V" in file else None
    electric = _vectors(file, "E", coordinates, NAMES[kind]) if "E" in file else None
    if velocity is None and electric is None and flow.any():
        raise HeliosphereError("it holds neither V nor E, yet interstellar/V is not zero: add one of them, or set "
                               "interstellar/V to zero for a medium at rest")
    return (spherical, coordinates, magnetic, None if velocity is None else velocity * np.float32(KM_S), electric,
            GriddedMedium(axes, field, flow), inner)


def _text(node, name: str) -> str:
    value = node.attrs.get(name)
    value = value.decode() if isinstance(value, bytes) else value
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise HeliosphereError(f"{node.name} has no text attribute {name} of at most {LONGEST_TEXT} letters: add it")
    return value


def _dataset(file, name: str):
    found = file.get(name)
    if not hasattr(found, "is_virtual"):  # a dataset
        raise HeliosphereError(f"there is no dataset {name}: the contract asks for it")
    if found.file.filename != file.filename or found.is_virtual or found.external:
        raise HeliosphereError(f"{name} lies in another file: copy it into this one")
    if found.dtype.kind not in "fiu" or not 0 < (found.size or 0) <= MOST:
        raise HeliosphereError(f"{name} holds {found.size} values of type {found.dtype}, but it must hold numbers, at "
                               f"most {MOST}")
    if found.nbytes > 1100 * found.file.id.get_filesize():  # more than any compression gives
        raise HeliosphereError(f"{name} should hold {found.size} values, more than are in the file: it is damaged")
    return found


def _scale(found, to: str) -> float:
    """What its values are to be multiplied with to be in our unit."""
    from astropy import units

    text, name = _text(found, "unit"), found.name.strip("/")
    if text.replace(" ", "") == to.replace(" ", ""):
        return 1.0
    try:
        if to == "uG c":
            return float(units.Unit(text).to("V/m") / (299792458.0 * 1e-10))
        return float(units.Unit(text).to(to))
    except (ValueError, TypeError, units.UnitConversionError):
        raise HeliosphereError(f"the unit of {name} is {text!r}, but it must be {to!r} or another that astropy can "
                               "turn into it") from None


def _coordinate(file, name: str) -> np.ndarray:
    found = _dataset(file, name)
    if found.ndim != 1 or len(found) < 2:
        raise HeliosphereError(f"{name} has shape {found.shape}, but it must be a list of at least 2 nodes")
    nodes = found[:].astype(float) * _scale(found, "rad" if name in ("theta", "phi") else "AU")
    if not np.all(np.diff(nodes) > 0.0):
        raise HeliosphereError(f"{name} is not increasing: sort the nodes, and the fields with them")
    if not -FARTHEST < nodes[0] <= nodes[-1] < FARTHEST:
        raise HeliosphereError(f"{name} runs from {nodes[0]:.3g} to {nodes[-1]:.3g}, but must stay within "
                               f"{FARTHEST:g} AU: check its unit")
    return nodes


def _even(name: str, nodes) -> None:
    step = (nodes[-1] - nodes[0]) / (len(nodes) - 1)
    off = np.abs(nodes - nodes[0] - step * np.arange(len(nodes))).max() / step
    if off > EVEN:
        raise HeliosphereError(f"{name} is not even{' in its logarithm' if name == 'r' else ''} (off by {off:.2g} of a "
                               "step): resample the fields on even nodes")


def _sphere(r, theta, phi):
    """Coordinates of a whole sphere, phi without a repeated end."""
    if r[0] <= 0.0:
        raise HeliosphereError(f"r begins at {r[0]:g} AU, but it must be positive")
    step = (theta[-1] - theta[0]) / (len(theta) - 1)
    missing = np.array([theta[0], np.pi - theta[-1]]) / step
    if not (np.all(abs(missing) < 1e-2) or np.all(abs(missing - 0.5) < 1e-2)):
        raise HeliosphereError(f"theta runs from {np.degrees(theta[0]):.4g} to {np.degrees(theta[-1]):.4g} degrees, "
                               "but must run from pole to pole, or begin and end half a cell from them")
    step = (phi[-1] - phi[0]) / (len(phi) - 1)
    if abs(phi[-1] - phi[0] - 2.0 * np.pi) < 1e-2 * step:
        phi = phi[:-1]
    elif abs(phi[-1] - phi[0] + step - 2.0 * np.pi) > 1e-2 * step:
        raise HeliosphereError(f"phi runs from {np.degrees(phi[0]):.4g} to {np.degrees(phi[-1]):.4g} degrees in steps "
                               f"of {np.degrees(step):.4g}, but must go once round")
    return r, theta, phi


def _axes(file) -> np.ndarray:
    if "axes_icrs" not in file.attrs:
        frame = _text(file, "frame")
        if frame not in FRAMES:
            raise HeliosphereError(f"the attribute frame is {frame!r}, but it must be one of {', '.join(FRAMES)}; give "
                                   "any other as axes_icrs")
        return rotation_to_icrs(frame).T
    axes = np.asarray(file.attrs["axes_icrs"], dtype=float)
    if axes.shape != (3, 3) or not np.allclose(axes @ axes.T, np.eye(3), atol=1e-6) or np.linalg.det(axes) < 0.0:
        raise HeliosphereError("the attribute axes_icrs must hold three unit vectors, one a row, perpendicular to each "
                               "other and right-handed")
    return axes


def _vector(file, name: str) -> np.ndarray:
    found = _dataset(file, name)
    if found.shape != (3,):
        raise HeliosphereError(f"{name} has shape {found.shape}, but it must hold three numbers")
    unit, most = LARGEST[name[-1]]
    value = found[:].astype(float) * _scale(found, unit)
    if not np.all(np.abs(value) < most):
        raise HeliosphereError(f"{name} is {value} {unit}, but it must stay below {most:.3g}: check its unit")
    return value


def _vectors(file, name: str, coordinates, names) -> np.ndarray:
    """Vectors (n_1, n_2, n_3, 3) at the nodes along x, y, z, in our unit, 4 bytes a number."""
    found = _dataset(file, name)
    order = _text(found, "axes").split()
    if sorted(order) != sorted((*names, "component")):
        raise HeliosphereError(f"the axes of {name} are {' '.join(order)!r}, but they must be named "
                               f"{' '.join(names)} component, in any order")
    lengths = {axis: len(file[axis]) for axis in names} | {"component": 3}
    if found.shape != tuple(lengths[axis] for axis in order):
        raise HeliosphereError(f"{name} has shape {found.shape}, but its axes {' '.join(order)} have lengths "
                               f"{tuple(lengths[axis] for axis in order)}")
    values = np.moveaxis(found[...].astype(np.float32, copy=False),
                         [order.index(axis) for axis in (*names, "component")], range(4))
    if names[0] == "r":
        values = values[:, :, :len(coordinates[2])]
    if bad := np.size(values) - np.count_nonzero(np.isfinite(values)):
        first = np.argwhere(~np.isfinite(values))[0]
        where = ", ".join(f"{axis} = {nodes[i]:.4g}" for axis, nodes, i in zip(names, coordinates, first, strict=False))
        raise HeliosphereError(f"{name} holds {bad} values that are not finite, the first at {where}: fill them, or "
                               "begin the grid outside them")
    components = _text(found, "components")
    if components == "spherical" and names[0] == "r":
        values = _along_xyz(values, coordinates[1], coordinates[2])
    elif components != "cartesian":
        raise HeliosphereError(f"the components of {name} are {components!r}, but they must be 'cartesian'"
                               + (" or 'spherical'" if names[0] == "r" else " on a Cartesian grid"))
    unit, most = LARGEST[name]
    scale, reach = _scale(found, unit), float(np.abs(values).max())
    if not reach * scale < most:
        raise HeliosphereError(f"{name} reaches {reach * scale:.3g} {unit}, but must stay below {most:.3g}: check its "
                               "unit")
    return np.ascontiguousarray(values) * np.float32(scale)


def _along_xyz(values, theta, phi) -> np.ndarray:
    """Components along x, y, z of vectors given along r, theta, phi."""
    (c, s), (cp, sp) = ((np.cos(a).astype(np.float32), np.sin(a).astype(np.float32)) for a in (theta[:, None], phi))
    radial, polar, around = np.moveaxis(values, -1, 0)
    out = s * radial + c * polar
    return np.stack([cp * out - sp * around, sp * out + cp * around, c * radial - s * polar], axis=-1)
