"""Cells of a simulation: what the columns of a file are by their names and units, in microgauss, km/s and AU."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lisbon_core.ground.frames import rotation_to_icrs
from lisbon_core.ground.reading import content_of, explained
from lisbon_core.heliosphere.gridded_files import FARTHEST, unit_scale
from lisbon_core.heliosphere.parameters import HeliosphereError, require
from lisbon_core.simulations.formats import LARGEST, Columns, reader_of

UNITS = "AU km/s nT"  # of lengths, speeds and fields where a file names none
PLACES = (("x", "y", "z"), ("r", "lon", "lat"), ("r", "theta", "phi"))
NEUTRAL = r"(?:neu|ne\d)$"


@dataclass(frozen=True)
class Cells:
    """Cells of a simulation: where they are and what is in them.

    Parameters
    ----------
    source : str
        The file.
    points : ndarray (N, 3)
        Their centres, AU, along x, y, z.
    magnetic, velocity : ndarray (N, 3)
        Microgauss and km/s, along x, y, z.
    axes : three arrays, or ()
        Where the cells are a product of three axes, the last the fastest: these; x, y, z, or r, polar angle and
        azimuth (radians).
    spherical : bool
        Which of both.
    body_AU : float
        Radius of the inner boundary, where the file tells it.
    medium, axes_icrs : ndarray (6,) and (3, 3), or None
        Undisturbed B and velocity, and what x, y, z are, where the file tells them.
    notes : tuple of str
        How it was read.
    """

    source: str
    points: np.ndarray = field(repr=False)
    magnetic: np.ndarray = field(repr=False)
    velocity: np.ndarray = field(repr=False)
    axes: tuple = field(default=(), repr=False)
    spherical: bool = False
    body_AU: float = 0.0
    medium: np.ndarray | None = None
    axes_icrs: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def __str__(self):
        r, strength = np.linalg.norm(self.points, axis=1), np.linalg.norm(self.magnetic, axis=1)
        return "\n  ".join([f"{self.source}: {len(r)} cells, {r.min():.3g} to {r.max():.4g} AU from the Sun, |B| "
                            f"{np.nanmin(strength):.2g} to {np.nanmax(strength):.2g} microgauss", *self.notes])


def read_cells(path, units: str = "") -> Cells:
    """Read what an MHD code wrote: BATS-R-US .out, Tecplot text, VTK, or an archive of numpy arrays; packed or not.

    Parameters
    ----------
    path : path
        The file.
    units : str
        Of lengths, speeds and fields, such as "AU km/s nT", if they are not those that the file names.

    Raises
    ------
    HeliosphereError
        If the file is missing, damaged, a cut, or lacks B, the velocity or a unit: in one sentence.
    """
    again = "fetch or write it again"
    with explained(path, HeliosphereError, advice=again):
        kind, columns_of = reader_of(content := content_of(path, LARGEST, "write the region around the Sun alone"))
    with explained(path, HeliosphereError, kind, again):
        return _cells(Path(path).name, columns_of(content), units)


def joined(parts: list[Cells]) -> Cells:
    """The cells of several files of one simulation."""
    if len(parts) == 1:
        return parts[0]
    points, magnetic, velocity = (np.concatenate([getattr(part, name) for part in parts])
                                  for name in ("points", "magnetic", "velocity"))
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return replace(parts[0], source=", ".join(part.source for part in parts), points=points, magnetic=magnetic,
                   velocity=velocity, axes=(), notes=tuple(notes))


def _plain(name: str) -> tuple[str, str]:
    """Name and unit of a column: ("bx", "nT") of "B_x nT", "Bx_nT", "Bx_[nT]" or "B_x [nT]"."""
    name, _, said = name.partition("\t")  # the unit that stands apart wins
    letters, axis, unit = re.fullmatch(r"([^\W_]*)(?:_([xyz])(?![^\W_]))?[ _\[]*(.*?)[ \]]*", name, re.DOTALL).groups()
    return (letters + (axis or "")).lower(), said or unit.replace("km_s", "km/s")


def _cells(source: str, columns: Columns, units: str) -> Cells:
    notes, named = [columns.note] if columns.note else [], [_plain(name) for name in columns.names]
    names, values, shape = [name for name, _ in named], columns.values, columns.shape
    places = next((three for three in PLACES if set(three) <= set(names)), None)
    if places and places[1] == "lon" and len(shape) == 3:  # to the order of r, theta, phi, all of them upward
        values = values.reshape(-1, *shape).swapaxes(2, 3)[:, :, ::-1].reshape(len(values), -1)
        shape = shape[0], shape[2], shape[1]
    found = {name: (unit, column) for (name, unit), column in zip(named, values, strict=True)}
    fluids = [name[:-2] for name in names if name.endswith("ux") and {f"{name[:-1]}y", f"{name[:-1]}z"} <= set(names)]
    charged = [fluid for fluid in fluids if not re.match(NEUTRAL, fluid)]
    require(places and charged and {"bx", "by", "bz"} <= set(names),
            f"it has the columns {', '.join(columns.names)[:200]}, but it must have x, y, z (or r, lon, lat), Bx, By, "
            "Bz and Ux, Uy, Uz: rename them")
    given, assumed = dict(zip(("AU", "km/s", "uG"), (units or UNITS).split(), strict=False)), []

    def column(name: str, unit: str) -> np.ndarray:
        own, values = found[name]
        if unit in given and (units or not own):
            own = given[unit]
            assumed.append(f"{unit.replace('uG', 'B').replace('km/s', 'U').replace('AU', 'lengths')} in {own}")
        try:
            return values * unit_scale("R_sun" if own == "R" else own, unit)
        except (ValueError, TypeError):
            raise HeliosphereError(f"it names the unit {own[:80]!r} for {name}, which cannot be turned into {unit}: "
                                   f"give the units of lengths, speeds and fields, such as {UNITS!r}") from None

    first, second, third = (column(name, "AU" if name in "xyzr" else "rad") for name in places)
    if places[1] == "lon":
        second, third = 0.5 * np.pi - third, second
    spherical = places[0] == "r"
    around = first * np.sin(second)
    points = np.stack([around * np.cos(third), around * np.sin(third), first * np.cos(second)] if spherical
                      else [first, second, third], axis=1)
    magnetic, *flows = (np.stack([column(f"{letter}{axis}", unit) for axis in "xyz"], axis=1)
                        for letter, unit in (("b", "uG"), *((f"{fluid}u", "km/s") for fluid in charged)))
    weights = [np.maximum(found[f"{fluid}rho"][1], 1e-30) for fluid in charged if f"{fluid}rho" in found]
    velocity = flows[0]
    if len(weights) == len(flows) > 1:
        velocity = np.einsum("fn,fnk->nk", weights / np.sum(weights, axis=0), flows)
        notes.append(f"{len(flows)} fluids are charged: the velocity is their mean, weighted by density")
    if len(fluids) > len(charged):
        notes.append(f"{len(fluids) - len(charged)} neutral fluids are not used")
    if assumed:
        notes.append(f"{'taken as told' if units else 'no units in the file, so assumed'}: "
                     f"{', '.join(dict.fromkeys(assumed))}")
    reach = np.abs(points).max(initial=0.0)
    require(reach < FARTHEST, f"it has cells {reach:.3g} AU from the Sun, but they must stay within {FARTHEST:g}: "
            "check the unit of lengths")
    values = np.concatenate([magnetic, velocity], axis=1)
    nothing = ~values.any(axis=1)  # at all: within the body of the code
    values[nothing | ~(np.abs(values) < 1e12).all(axis=1)] = np.nan
    axes = _product(shape, first, second, third)
    if not axes:
        _, once = np.unique(points, axis=0, return_index=True)
        if len(once) < len(points):
            notes.append(f"{len(points) - len(once)} of {len(points)} cells repeat the place of another, as those of "
                         "a coarse cell that was split: taken once, at the place that the file says")
        once = once[np.all(np.isfinite(values[once]), axis=1)]
        points, values = points[once], values[once]
    extra = columns.extra
    body = max((float(value) for name, value in extra.items() if name.lower() in ("rbody", "r")), default=0.0)
    medium = axes_icrs = None  # as our own archives hold them
    if {"interstellar_B_nT", "interstellar_V_km_s"} <= set(extra):
        medium = np.concatenate([10.0 * extra["interstellar_B_nT"], extra["interstellar_V_km_s"]])
    if "axes_in_ecliptic" in extra:
        axes_icrs = extra["axes_in_ecliptic"] @ rotation_to_icrs("ecliptic").T
    return Cells(source, points, values[:, :3], values[:, 3:], axes, spherical, body, medium, axes_icrs, tuple(notes))


def _product(shape, *coordinates) -> tuple[np.ndarray, ...]:
    """The three axes of which coordinates (N,) are the product, if they are."""
    if len(shape) != 3 or min(shape) < 2:
        return ()
    cubes = [coordinate.reshape(shape) for coordinate in coordinates]
    axes = cubes[0][:, 0, 0], cubes[1][0, :, 0], cubes[2][0, 0, :]
    same = all(np.allclose(*pair, atol=1e-9) for pair in zip(np.meshgrid(*axes, indexing="ij"), cubes, strict=True))
    return axes if same else ()
