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
from pathlib import Path

import numpy as np

from lisbon_core.ground import hdf5
from lisbon_core.ground.frames import FRAMES, rotation_to_icrs
from lisbon_core.ground.units import KM_S
from lisbon_core.heliosphere.gridded import Grid, GriddedHeliosphere, pack_grid
from lisbon_core.heliosphere.parameters import HeliosphereError, require

FORMAT = "gridded heliosphere 1"
NAMES = {"spherical": ("r", "theta", "phi"), "cartesian": ("x", "y", "z")}
EVEN = 1e-3  # of a step: how far nodes may lie from even spacing
FARTHEST = 1e6  # AU
LARGEST = {"B": ("uG", 1e9), "V": ("km/s", 0.1 / KM_S), "E": ("uG c", 1e8)}  # in our unit; at the Sun's surface too
CONTRACT = {"wanted": ("r", "theta", "phi", "x", "y", "z", "B", "V", "E", "interstellar/B", "interstellar/V"),
            "most": 2**30, "room": 2**26, "times": 20}  # two fields on 560 nodes along each axis; compressed 20-fold


def is_gridded(path) -> bool:
    """Whether a file is HDF5, with a block of its writer's before it or not."""
    import h5py

    return Path(path).is_file() and h5py.is_hdf5(path)


def read_gridded(path) -> GriddedHeliosphere:
    """Read the HDF5 file of a gridded heliosphere.

    Raises
    ------
    HeliosphereError
        If the file is missing, damaged, or breaks the contract: which dataset, what it holds, what it must hold.
    """
    path = Path(path).expanduser()
    require(path.is_file(), f"there is no file {path}: give the path of a gridded heliosphere (HDF5)")
    require(is_gridded(path), f"{path} is not an HDF5 file: write one with lisbon_core.heliosphere.write_gridded")
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused
            grid, magnetic, velocity, electric = checked_content(hdf5.arrays(path, **CONTRACT))
    except (HeliosphereError, hdf5.Refused) as error:
        raise HeliosphereError(f"{path}: {error}") from None
    except (LookupError, TypeError, ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
        raise HeliosphereError(f"{path}: it cannot be read ({' '.join(str(error).split())}): it is damaged, write it "
                               "again") from None
    with open(path, "rb") as stream:
        identity = hashlib.file_digest(stream, "sha256").hexdigest()
    source = "as given" if electric is not None else "none" if velocity is None else "-V x B at the nodes"
    if electric is None and velocity is not None:
        electric = -np.cross(velocity, magnetic)
    strength = float(np.linalg.norm(grid.field))
    return GriddedHeliosphere(pack_grid(grid, magnetic, electric), grid.axes, grid.flow,
                              grid.field @ grid.axes / strength, strength, f"gridded heliosphere {identity}", grid,
                              str(path), source)


def checked_content(content: dict[str, np.ndarray]):
    """Grid, B, V and E (or None) from what `hdf5.content` found in a file, in our units."""
    given = _text(content, "", "lisbon")
    require(given == FORMAT, f"the attribute lisbon is {given!r}, but it must be {FORMAT!r}")
    kind = _text(content, "", "grid")
    require(kind in NAMES, f"the attribute grid is {kind!r}, but it must be 'spherical' or 'cartesian'")
    names, spherical = NAMES[kind], kind == "spherical"
    coordinates = [_coordinate(content, name) for name in names]
    if spherical:
        inner = reach = float(coordinates[0][0])
        coordinates[2] = _whole_sphere(*coordinates[1:])
    else:
        inner = content.get("@inner_AU", 0.0)
        reach = min(min(-nodes[0], nodes[-1]) for nodes in coordinates)
    require(np.asarray(inner).dtype.kind in "fiu" and np.ndim(inner) == 0 and 0.0 <= inner <= reach,
            f"inner_AU is {inner}, but it must be a number between 0 and {reach:g} AU, within the grid")
    field, flow = _three(content, "interstellar/B"), _three(content, "interstellar/V") * KM_S
    strength = np.linalg.norm(field)
    require(0.1 <= strength <= 20.0, f"interstellar/B is {strength:.3g} microgauss strong, but it must lie between 0.1 "
            "and 20: check its unit")
    grid = Grid(spherical, tuple(coordinates), float(inner), _axes(content), field, flow)
    magnetic = _vectors(content, "B", names, coordinates)
    velocity, electric = (_vectors(content, name, names, coordinates) if name in content else None for name in "VE")
    require("V" in content or "E" in content or not flow.any(), "it holds neither V nor E, yet interstellar/V is not "
            "zero: add one of them, or set interstellar/V to zero for a medium at rest")
    return grid, magnetic, None if velocity is None else velocity * np.float32(KM_S), electric


def _text(content, name: str, attribute: str) -> str:
    value = content.get(f"{name}@{attribute}")
    require(value is not None and value.dtype.kind == "U" and not value.ndim,
            f"{name or 'it'} has no text attribute {attribute}: add it")
    return str(value)


def _values(content, name: str) -> np.ndarray:
    require(name in content, f"there is no dataset {name} of numbers: the contract asks for it")
    return content[name]


def unit_scale(unit: str, to: str) -> float:
    """What numbers in a unit are to be multiplied with to be in another; ValueError or TypeError if there is no way."""
    from astropy import units

    if unit.replace(" ", "") == to.replace(" ", ""):
        return 1.0
    if to == "uG c":
        return float(units.Unit(unit).to("V/m") / (299792458.0 * 1e-10))
    return float(units.Unit(unit).to(to))


def _scale(content, name: str, to: str) -> float:
    unit = _text(content, name, "unit")
    try:
        return unit_scale(unit, to)
    except (TypeError, ValueError):
        raise HeliosphereError(f"the unit of {name} is {unit!r}, but it must be {to!r} or another that astropy can "
                               "turn into it") from None


def _coordinate(content, name: str) -> np.ndarray:
    nodes = _values(content, name)
    require(nodes.ndim == 1 and len(nodes) > 1,
            f"{name} has shape {nodes.shape}, but it must be a list of at least 2 nodes")
    nodes = nodes * _scale(content, name, "rad" if name in ("theta", "phi") else "AU")
    require(np.all(np.diff(nodes) > 0.0), f"{name} is not increasing: sort the nodes, and the fields with them")
    require((0.0 if name == "r" else -FARTHEST) < nodes[0] <= nodes[-1] < FARTHEST,
            f"{name} runs from {nodes[0]:.3g} to {nodes[-1]:.3g}, but must stay within {FARTHEST:g} AU"
            f"{', and r positive' if name == 'r' else ''}: check its unit")
    even = np.log(nodes) if name == "r" else nodes
    step = (even[-1] - even[0]) / (len(even) - 1)
    off = np.abs(even - even[0] - step * np.arange(len(even))).max() / step
    require(off <= EVEN, f"{name} is not even{' in its logarithm' if name == 'r' else ''} (off by {off:.2g} of a "
            "step): resample the fields on even nodes")
    return nodes


def _whole_sphere(theta, phi) -> np.ndarray:
    """Azimuth without a repeated end, where both angles cover a sphere."""
    step = theta[1] - theta[0]
    missing = np.array([theta[0], np.pi - theta[-1]]) / step
    require(np.all(abs(missing) < 1e-2) or np.all(abs(missing - 0.5) < 1e-2),
            f"theta runs from {np.degrees(theta[0]):.4g} to {np.degrees(theta[-1]):.4g} degrees, but must run from "
            "pole to pole, or begin and end half a cell from them")
    step = (phi[-1] - phi[0]) / (len(phi) - 1)
    missing = (2.0 * np.pi - phi[-1] + phi[0]) / step
    require(min(abs(missing), abs(missing - 1.0)) <= 1e-2,
            f"phi runs from {np.degrees(phi[0]):.4g} to {np.degrees(phi[-1]):.4g} degrees in steps of "
            f"{np.degrees(step):.4g}, but must go once round")
    return phi[:-1] if missing < 0.5 else phi


def _axes(content) -> np.ndarray:
    if "@axes_icrs" not in content:
        frame = _text(content, "", "frame")
        require(frame in FRAMES, f"the attribute frame is {frame!r}, but it must be one of {', '.join(FRAMES)}; give "
                "any other as axes_icrs")
        return rotation_to_icrs(frame).T
    axes = np.asarray(content["@axes_icrs"], dtype=float)
    require(axes.shape == (3, 3) and np.allclose(axes @ axes.T, np.eye(3), atol=1e-6) and np.linalg.det(axes) > 0.0,
            "the attribute axes_icrs must hold three unit vectors, one a row, perpendicular to each other and "
            "right-handed")
    return axes


def _three(content, name: str) -> np.ndarray:
    value = _values(content, name)
    require(value.shape == (3,), f"{name} has shape {value.shape}, but it must hold three numbers")
    return _in_our_unit(content, name, value)


def _in_our_unit(content, name: str, values) -> np.ndarray:
    unit, most = LARGEST[name[-1]]
    values = values * values.dtype.type(_scale(content, name, unit))
    reach = np.abs(values).max()
    require(reach < most, f"{name} is {reach:.3g} {unit}, but it must stay below {most:.3g}: check its unit")
    return values


def _vectors(content, name: str, names, coordinates) -> np.ndarray:
    """Vectors (n_1, n_2, n_3, 3) at the nodes along x, y, z, in our unit, 4 bytes a number."""
    values, order, wanted = _values(content, name), _text(content, name, "axes").split(), (*names, "component")
    require(sorted(order) == sorted(wanted), f"the axes of {name} are {' '.join(order)!r}, but they must be named "
            f"{' '.join(names)} component, in any order")
    lengths = tuple(3 if axis == "component" else len(content[axis]) for axis in order)
    require(values.shape == lengths,
            f"{name} has shape {values.shape}, but its axes {' '.join(order)} have lengths {lengths}")
    values = values.transpose([order.index(axis) for axis in wanted])[:, :, :len(coordinates[2])]
    if bad := np.size(values) - np.count_nonzero(np.isfinite(values)):
        first = np.argwhere(~np.isfinite(values))[0]
        where = ", ".join(f"{axis} = {nodes[i]:.4g}" for axis, nodes, i in zip(names, coordinates, first, strict=False))
        raise HeliosphereError(f"{name} holds {bad} values that are not finite, the first at {where}: fill them, or "
                               "begin the grid outside them")
    components = _text(content, name, "components")
    where = " or 'spherical'" if names[0] == "r" else " on a Cartesian grid"
    require(components == "cartesian" or (components, names[0]) == ("spherical", "r"),
            f"the components of {name} are {components!r}, but they must be 'cartesian'{where}")
    if components == "spherical":
        values = _along_xyz(values, coordinates[1], coordinates[2])
    return np.ascontiguousarray(_in_our_unit(content, name, values))


def _along_xyz(values, theta, phi) -> np.ndarray:
    """Components along x, y, z of vectors given along r, theta, phi."""
    (c, s), (cp, sp) = ((np.cos(a).astype(np.float32), np.sin(a).astype(np.float32)) for a in (theta[:, None], phi))
    radial, polar, around = np.moveaxis(values, -1, 0)
    out = s * radial + c * polar
    return np.stack([cp * out - sp * around, sp * out + cp * around, c * radial - s * polar], axis=-1)
