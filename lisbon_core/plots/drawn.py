"""The data behind a figure: the curves, maps and points that it draws, as a table; and how two such tables differ."""

import io
import math
import re
from pathlib import Path

import numpy as np
from astropy.table import Table
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PathCollection, PolyCollection, QuadMesh
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.contour import ContourSet
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.path import Path as Outline

from lisbon_core.ground._core import LisbonError
from lisbon_core.ground.reading import parsed
from lisbon_core.plots.saving import drawn_by

COLUMNS = ("x", "y", "z", "value", "x_error", "y_error")
VALUE = COLUMNS.index("value")
MOST, CELLS = 2000, 20_000  # of a line, points; of a mesh, cells: a panel has fewer pixels


def drawn_data(figure) -> bytes:
    """What a figure draws, as ECSV: a row for each point, `curve` numbers the curves, which the header names.

    Positions are in the units of the axes, on a map of the sky right ascension and declination in degrees; of a bar it
    is the end, of a step the middle. `value` is the colour of a pixel or a point, an error half the length of its bar.
    A row of NaN lifts the pen; a column in which nothing would stand is left out, and so are pixels that are blank and
    all that is drawn for orientation: straight lines across the axes, arrows, translucent surfaces in space. Where the
    header says `every: n`, every n-th point of a line is given, or of a mesh every n-th in either direction.
    """
    curves, found = {}, []
    bars = {_shades(one): one.colorbar.ax for axes in figure.axes for one in axes.get_children()
            if getattr(one, "colorbar", None)}
    panels = [axes for axes in figure.axes if axes not in bars.values()]
    for number, axes in enumerate(panels, 1):
        about, here = _about(axes, number), []
        for artist, points in _artists(axes):
            every = _step(artist) if isinstance(artist, QuadMesh) else 1
            if isinstance(artist, Line2D):
                every = math.ceil(len(points) / MOST)
                points = points[::every or 1]
            if axes.name == "mollweide":
                points[:, 0], points[:, 1] = 180.0 - np.degrees(points[:, 0]), np.degrees(points[:, 1])
            if not len(points) or any(np.array_equal(points, other, equal_nan=True) for other in here):
                continue  # the halo of another
            here.append(points)
            found.append(np.insert(points, 0, len(found) + 1.0, axis=1))
            bar = bars.get(_shades(artist)) if np.isfinite(points[:, VALUE]).any() else None
            value = {"value": bar.get_xlabel() or bar.get_ylabel()} if bar else {}
            name = str(artist.get_label() or "_")
            name = [*value.values(), axes.get_title() or about["y"] or about["panel"]][0] if name[0] == "_" else name
            curves[len(found)] = {"name": name} | about | value | ({"every": every} if every > 1 else {})
    rows = np.concatenate(found) if found else np.empty((0, 1 + len(COLUMNS)))
    used = [0, 1, 2, *(k for k in range(3, rows.shape[1]) if np.any(np.isfinite(rows[:, k])))]
    names = ["curve", *COLUMNS]
    head = Table({names[k]: np.empty(0, float if k else int) for k in used},
                 meta={"drawn_by": drawn_by(figure), "curves": curves})
    text = io.StringIO()
    head.write(text, format="ascii.ecsv")
    np.savetxt(text, rows[:, used], fmt=["%d", *["%.5g"] * (len(used) - 1)])
    return text.getvalue().encode()


def figures_apart(first: Path, second: Path, names: list[str]) -> tuple[list[tuple], int]:
    """Figures of two runs that draw other data: name, curve and difference as text; and how many draw the same.

    Parameters
    ----------
    first, second : Path
        Folders of the runs, or of published figures.
    names : list of str
        What to call the two.

    Raises
    ------
    LisbonError
        If a file does not hold the data of a figure.
    """
    def read(path: Path) -> Table:
        return parsed(path, lambda text: Table.read(text, format="ascii.ecsv"), lambda why: LisbonError(
            f"{path} does not hold what a figure draws ({why}): run its notebook again"), most=2**24)

    places = [folder / "figures" if (folder / "figures").is_dir() else folder for folder in (first, second)]
    one, two = ({path.stem: path for path in place.glob("[0-9]*.ecsv")} for place in places)
    rows = [(stem, "–", f"only in {names[stem in two]}") for stem in one.keys() ^ two.keys()]
    for stem in one.keys() & two.keys():
        if one[stem].read_bytes() != two[stem].read_bytes():
            rows.append((stem, *most_apart(read(one[stem]), read(two[stem]))))
    return sorted(rows), len(one.keys() | two.keys()) - len(rows)


def most_apart(a: Table, b: Table) -> tuple[str, str]:
    """The curve in which two figures differ most, and by how much: in joint errors, else in parts of its range."""
    if (a.colnames != b.colnames or not np.array_equal(a["curve"], b["curve"])
            or any(np.any(np.isnan(a[name]) != np.isnan(b[name])) for name in a.colnames)):
        return "–", "other curves or points"
    found = [(0.0, "–", "nothing that is drawn")]
    for which, about in a.meta["curves"].items():
        here = a["curve"] == which
        for axis in COLUMNS[:VALUE + 1]:
            if axis not in a.colnames or not np.any(away := np.nan_to_num(np.abs(a[axis] - b[axis])[here])):
                continue
            errors = [of[f"{axis}_error"][here] if f"{axis}_error" in of.colnames else 0.0 for of in (a, b)]
            joint, unit = np.nan_to_num(np.hypot(*errors)), "errors"
            if not np.any(joint):
                joint, unit = np.nanmax(a[axis][here]) - np.nanmin(a[axis][here]), "of its range"
            with np.errstate(divide="ignore", invalid="ignore"):
                most = float(np.nanmax(away / joint))
            found.append((most, about["name"], f"{most:.2g} {unit}"))
    return max(found)[1:]


def _shades(artist) -> tuple:
    """What a colour stands for: things that are alike in this share a colour bar."""
    return (artist.get_cmap().name, *artist.get_clim()) if isinstance(artist, ScalarMappable) else ()


def _about(axes, number: int) -> dict:
    """What the header says of a panel: its name, what its axes are, and the words that stand at their ticks."""
    about = {"panel": axes.get_title() or f"panel {number}", "x": axes.get_xlabel(), "y": axes.get_ylabel()}
    if axes.name == "mollweide":
        return about | {"x": "right ascension (deg)", "y": "declination (deg)"}
    for key, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        axis.get_majorticklabels()  # brings the ticks up to date
        words = {float(tick.get_loc()): tick.label1.get_text() for tick in axis.get_major_ticks()}
        if any(re.search(r"[^\W\d_]", word) and "mathdefault" not in word for word in words.values()):
            about[f"{key}_ticks"] = words
    return about


def _step(mesh: QuadMesh) -> int:
    return math.ceil(math.sqrt(mesh.get_array().size / CELLS))


def _artists(axes):
    """Each thing an axes draws in its own coordinates, and its points (n, len(COLUMNS))."""
    done, space = set(), axes.name == "3d"
    for one in axes.containers:
        if isinstance(one, ErrorbarContainer):
            line, caps, bars = one.lines
            done |= {line, *caps, *bars}
            ends = np.array([[path.vertices for path in bar.get_paths()] for bar in bars])
            ends = ends.reshape(len(bars), ends.size // (4 * max(len(bars), 1)), 2, 2)  # bars, n, ends, x and y
            places = ends[0].mean(axis=1) if line is None else np.column_stack(line.get_data(orig=False))
            error = 0.5 * np.abs(np.diff(ends, axis=2)).sum(axis=(0, 2))
            error = np.where([one.has_xerr, one.has_yerr], error, np.nan)
            yield one, _points(*places.T, errors=error.T if len(error) == len(places) else np.full((2, 1), np.nan))
        elif isinstance(one, BarContainer) and one.patches:
            done |= {*one.patches}
            low, high = np.array([patch.get_bbox().get_points() for patch in one.patches]).transpose(1, 2, 0)
            x, y = np.where(np.array([[False], [True]]) ^ (one.orientation == "horizontal"), high, 0.5 * (low + high))
            yield one, _points(x, y)
    for one in (*axes.get_lines(), *axes.collections, *axes.patches):
        if one in done:
            continue
        value = one.get_array() if isinstance(one, ScalarMappable) else None
        value = np.nan if value is None else value
        own = isinstance(one, PathCollection) or one.get_transform() == axes.transData
        if isinstance(one, Line2D) and (own or space):
            yield one, _points(*(one.get_data_3d() if space else one.get_data(orig=False)))
        elif isinstance(one, PathCollection):
            x, y, *z = one._offsets3d if space else one.get_offsets().T
            yield one, _points(x, y, *z, value=value)
        elif isinstance(one, QuadMesh):
            corners, step = one.get_coordinates(), _step(one)
            places = 0.25 * (corners[1:, 1:] + corners[1:, :-1] + corners[:-1, 1:] + corners[:-1, :-1])
            value = np.reshape(value, places.shape[:2])[::step, ::step]
            points = _points(*places[::step, ::step].reshape(-1, 2).T, value=value)
            yield one, points[np.isfinite(points[:, VALUE])]
        elif isinstance(one, LineCollection | PolyCollection | ContourSet) and (own or space):
            pieces = getattr(one, "_segments3d", []) if space else _pieces(one)
            yield one, _joined(pieces, value)
        elif isinstance(one, Polygon) and one.get_data_transform() == axes.transData:
            yield one, _points(*one.get_xy().T)


def _pieces(collection) -> list[np.ndarray]:
    """Lines of a collection, or outlines of its areas."""
    return [piece for path in collection.get_paths()
            for piece in (np.split(path.vertices, np.flatnonzero(path.codes == Outline.MOVETO)[1:])
                          if path.codes is not None else [path.vertices])]


def _joined(pieces, value) -> np.ndarray:
    """Points of pieces one after the other; between two that do not touch the pen is lifted."""
    values = np.ravel(value) if np.size(value) == len(pieces) else np.full(len(pieces), np.nan)
    rows = [np.empty((0, len(COLUMNS)))]
    for piece, one in zip(pieces, values, strict=True):
        points = _points(*np.transpose(piece), value=one)
        touch = len(rows[-1]) and len(points) and np.array_equal(rows[-1][-1, :3], points[0, :3], equal_nan=True)
        rows += [points[1:]] if touch else [np.full((1, len(COLUMNS)), np.nan), points]
    return np.concatenate(rows)[1:]


def _points(x, y, z=np.nan, value=np.nan, errors=(np.nan, np.nan)) -> np.ndarray:
    """Columns as they are written; what is masked is NaN."""
    columns = [np.ma.filled(np.ma.asarray(one, dtype=float), np.nan).ravel() for one in (x, y, z, value, *errors)]
    return np.column_stack(np.broadcast_arrays(*columns))
