"""Cells of a simulation brought onto a log-spherical grid, and written as a gridded heliosphere.

Where cells are a product of axes, values are interpolated between them. Otherwise a linear function is fitted, at each
node, to the nearest cells, the nearer the heavier: a field that is linear in space comes out as it was. Two things no
interpolation can know:

- B_r near the Sun. It falls with 1/r^2, the rest with 1/r: at 33 AU it is 1/30 of B, so an error of 1 % of B becomes
  one of 30 % at the Earth. So on the first shell of nodes B_r is made anew: of one strength all round, the median of
  the shell, and outward or inward as B along Parker's spiral is there. The reader continues this shell to the Sun.
- What is beyond the cells: the undisturbed medium.
"""

import numpy as np

from lisbon_core.ground.frames import FRAMES, icrs_to_model, rotation_to_icrs, unit_vector, unit_vector_icrs
from lisbon_core.ground.units import DAYS_PER_AU, KM_S
from lisbon_core.heliosphere.gridded_writing import nodes, write_gridded
from lisbon_core.heliosphere.parameters import HeliosphereParameters, require
from lisbon_core.simulations.cells import Cells
from lisbon_core.simulations.cleaning import without_divergence

NEIGHBOURS = 12
CHUNK = 100_000  # nodes at a time
PRESETS = ("solar-downwind", "solar-upwind", "ecliptic-downwind", "ecliptic-upwind", "hgi", *FRAMES)
DEFAULTS = HeliosphereParameters()


def axes_of(frame: str) -> np.ndarray:
    """The axes x, y, z of a frame as unit vectors in ICRS, one a row.

    Parameters
    ----------
    frame : str
        'solar-...': z along the Sun's axis; 'ecliptic-...': z to the ecliptic pole; x as near as z allows to where the
        interstellar wind goes ('...-downwind') or comes from ('...-upwind'). 'hgi': z along the Sun's axis, x to the
        ascending node of its equator on the ecliptic. Or a frame of the sky: 'ecliptic', 'icrs', 'galactic'.

    Raises
    ------
    HeliosphereError
        If it is none of them.
    """
    require(frame in PRESETS, f"the frame is {frame!r}, but it must be one of {', '.join(PRESETS)}: choose one, or "
            "give three axes")
    if frame in FRAMES:
        return rotation_to_icrs(frame).T
    pole, sun = unit_vector_icrs(0.0, 90.0, "ecliptic"), unit_vector(*DEFAULTS.rotation_axis_icrs)
    upwind = unit_vector_icrs(DEFAULTS.upwind_lon, DEFAULTS.upwind_lat, "ecliptic")
    z = pole if frame.startswith("ecliptic") else sun
    towards = {"upwind": upwind, "downwind": -upwind}.get(frame.partition("-")[2], np.cross(pole, sun))
    return icrs_to_model(z, towards)


def export_cells(cells: Cells, path, *, frame="", axes_icrs=None, medium=None, shape=(192, 96, 128), r_AU=None,
                 clean=False) -> list[str]:
    """Write the cells of a simulation on a spherical grid, as `read_gridded` reads it; say what was done.

    Parameters
    ----------
    cells : Cells
        In space.
    path : path
        The HDF5 file.
    frame, axes_icrs : str, or array (3, 3)
        What x, y, z of the simulation are: see `axes_of`; or as unit vectors in ICRS, one a row. By default what the
        file says, else 'solar-downwind'.
    medium : six numbers
        Undisturbed B (microgauss) and velocity (km/s) along x, y, z. By default what the file says, else the median of
        the cells farthest upwind.
    shape, r_AU : (int, int, int), (float, float)
        Nodes, and first and last radius. By default from where the cells are fine enough, outside the inner boundary,
        to the farthest of them along x, y or z.
    clean : bool
        Whether to take away what divergence of B the grid has, by the smallest change that does it.

    Raises
    ------
    HeliosphereError
        If the cells are a cut or too few, or the radii or the frame make no sense.
    """
    from scipy.spatial import cKDTree

    real = np.all(np.isfinite(np.hstack([cells.magnetic, cells.velocity])), axis=1)
    points, values = cells.points[real], np.hstack([cells.magnetic, cells.velocity])[real]
    require(len(points) > NEIGHBOURS,
            f"{cells.source} holds {len(points)} cells, but a field needs more than {NEIGHBOURS}")
    require(np.linalg.eigvalsh(np.cov(points.T))[0] >= 1e-9 * np.ptp(points) ** 2,
            f"{cells.source} is a cut: its cells lie in a plane, but orbits need a field in space")
    if axes_icrs is None:
        told = cells.axes_icrs is not None and not frame
        axes_icrs = cells.axes_icrs if told else axes_of(frame or "solar-downwind")
        frame = frame or ("those that the file names" if told else "solar-downwind, as none are given")
    said = [f"axes: {frame or 'as given'}"]
    medium = np.asarray(_medium(cells, points, values, said) if medium is None else medium, dtype=float)
    tree, distance = cKDTree(points), np.linalg.norm(points, axis=1)
    innermost = distance.argmin()
    fine = (3.0 if cells.axes else 8.0) * tree.query(points[innermost], 7)[0][-1]
    first, last = 1.1 * cells.body_AU, np.abs(points).max()
    first, last = r_AU or (max(first, distance[innermost], min(fine, 0.3 * last)), last)
    require(0.0 < first < last, f"r_AU is ({first:g}, {last:g}), but the first radius must be positive and less than "
            "the last: the Sun must lie among the cells")
    coordinates, places = nodes(shape, (first, last))
    wanted = places.reshape(-1, 3)
    interpolate = _between(cells) if cells.axes else _fitted(tree, values)
    found = np.concatenate([interpolate(wanted[at:at + CHUNK]) for at in range(0, len(wanted), CHUNK)])
    beyond = ~np.isfinite(found).all(axis=1)
    found[beyond] = medium
    found, beyond = found.reshape(*shape, 6), beyond.reshape(shape)
    require(not beyond[0].any(), f"the cells of {cells.source} do not enclose the Sun at {first:.3g} AU: give a first "
            "radius from which on they do")
    found[0, ..., :3] = _with_even_radial_part(places[0], found[0], axes_icrs, said)
    if beyond.any():
        edge = np.linalg.norm(found[:-1][beyond[1:] & ~beyond[:-1]][:, :3] - medium[:3], axis=1)
        said.append(f"{beyond.mean():.1%} of the nodes lie beyond the cells, in the undisturbed medium: there B steps "
                    f"by up to {edge.max():.2g} microgauss, {np.median(edge):.2g} in the median")
    if clean:
        fixed = beyond.copy()
        fixed[0] = True  # what is continued to the Sun
        cleaned = without_divergence(places, found[..., :3], fixed)
        change = np.linalg.norm(cleaned - found[..., :3], axis=-1) / np.linalg.norm(found[..., :3], axis=-1)
        said.append(f"B was changed by {np.median(change):.1%} of it in the median, {np.quantile(change, 0.95):.1%} at "
                    "95 %, to be free of divergence on the grid")
        found[..., :3] = cleaned
    write_gridded(path, coordinates, found[..., :3], velocity_km_s=found[..., 3:], interstellar_uG=medium[:3],
                  interstellar_km_s=medium[3:], axes_icrs=axes_icrs)
    return said


def _medium(cells: Cells, points, values, said: list[str]) -> np.ndarray:
    """Undisturbed B and velocity."""
    if cells.medium is not None:
        return cells.medium
    distance = np.linalg.norm(points, axis=1)
    flow = np.median(values[distance >= np.quantile(distance, 0.9), 3:], axis=0)
    upwind = -points @ flow / np.linalg.norm(flow)
    farthest = upwind >= np.quantile(upwind, 0.98)
    said.append(f"the undisturbed medium is that of the cells farthest upwind, {np.median(upwind[farthest]):.3g} AU "
                "from the Sun: give it, if these are disturbed")
    return np.median(values[farthest], axis=0)


def _with_even_radial_part(places, values, axes_icrs, said: list[str]) -> np.ndarray:
    """B (n, m, 3) on a shell with B_r of one strength, to the side to which B along Parker's spiral points."""
    r = np.linalg.norm(places, axis=-1, keepdims=True)
    out, magnetic, speed = places / r, values[..., :3], np.linalg.norm(values[..., 3:], axis=-1, keepdims=True) * KM_S
    turn = 2.0 * np.pi / (DEFAULTS.rotation_days / DAYS_PER_AU)  # radians per AU of light path
    axis = axes_icrs @ unit_vector(*DEFAULTS.rotation_axis_icrs)
    spiral = out - turn * r / np.maximum(speed, KM_S) * np.cross(axis, out)
    side = np.sign(np.sum(magnetic * spiral, axis=-1, keepdims=True))
    radial = np.sum(magnetic * out, axis=-1, keepdims=True)
    strength = np.median(side * radial)  # and not the mean: about a current sheet cells hold something between
    scatter = np.median(np.abs(side * radial - strength)) / strength
    said.append(f"within {r.flat[0]:.3g} AU: Parker's spiral, B_r = {strength * r.flat[0] ** 2:.3g} microgauss AU^2 / "
                f"r^2 (in the cells it is off by {scatter:.0%} in the median), outward at {np.mean(side > 0):.0%} of "
                "the nodes")
    return magnetic + (side * strength - radial) * out


def _between(cells: Cells):
    """Values (N, 6) at places (N, 3) between cells that are a product of axes; NaN beyond them.

    What is interpolated is r^2 B: for the azimuthal field of the solar wind that is linear in x, y, z.
    """
    from scipy.interpolate import RegularGridInterpolator

    axes = list(cells.axes)
    cube = np.hstack([cells.magnetic, cells.velocity]) * np.sum(cells.points**2, axis=1, keepdims=True)
    cube = cube.reshape(*map(len, axes), 6)
    if cells.spherical:
        if abs(axes[2][-1] - axes[2][0]) < 2.0 * np.pi - 1e-6:
            axes[2], cube = np.append(axes[2], axes[2][0] + 2.0 * np.pi), np.append(cube, cube[:, :, :1], axis=2)
        if axes[1][0] > 1e-6:  # the poles lie between the nodes: across them
            across = ((axes[2] - axes[2][0] + np.pi) % (2.0 * np.pi))[:, None] - (axes[2] - axes[2][0])
            across = np.abs(across).argmin(axis=1)
            axes[1] = np.concatenate([[-axes[1][0]], axes[1], [2.0 * np.pi - axes[1][-1]]])
            cube = np.concatenate([cube[:, :1, across], cube, cube[:, -1:, across]], axis=1)
    found = RegularGridInterpolator(axes, cube, bounds_error=False, fill_value=np.nan)

    def interpolate(places):
        r = np.linalg.norm(places, axis=1)
        if cells.spherical:
            x, y, z = places.T
            around = axes[2][0] + (np.arctan2(y, x) - axes[2][0]) % (2.0 * np.pi)
            places = np.stack([r, np.arctan2(np.hypot(x, y), z), around], axis=1)
        within = np.clip(places, [axis.min() for axis in axes], [axis.max() for axis in axes])
        rounded = np.where(np.abs(places - within) < 1e-9 * axes[0].max(), within, places)  # at the very ends
        return found(rounded) / r[:, None] ** 2

    return interpolate


def _fitted(tree, values):
    """Values (N, k) at places (N, 3) of linear functions fitted to the nearest cells; NaN beyond the cells."""
    spacing = np.concatenate([tree.query(tree.data[at:at + CHUNK], 7)[0][:, -1] for at in range(0, tree.n, CHUNK)])

    def interpolate(places):
        distance, nearest = tree.query(places, NEIGHBOURS)
        size = distance[:, -1:]
        offset = (tree.data[nearest] - places[:, None]) / size[..., None]
        weight = 1.0 / ((distance / size) ** 2 + 1e-3)
        design = np.concatenate([np.ones((*offset.shape[:2], 1)), offset], axis=2)
        normal = np.einsum("nki,nk,nkj->nij", design, weight, design)
        normal[:, range(1, 4), range(1, 4)] += 1e-9 * weight.sum(axis=1)[:, None]  # of cells that lie in one plane
        right = np.einsum("nki,nk,nkv->niv", design, weight, values[nearest])
        found = np.linalg.solve(normal, right)[:, 0]
        found[np.all(distance > 0.9 * spacing[nearest], axis=1)] = np.nan  # in none: half a diagonal of a cube is 0.87
        return found

    return interpolate
