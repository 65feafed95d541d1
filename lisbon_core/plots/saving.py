"""A figure as bytes that depend on the figure alone, no version, no date: as pixels, as vectors, as data."""

import io

import numpy as np
from astropy.table import Table
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from PIL import Image, PngImagePlugin

from lisbon_core.plots.style import house_style

__all__ = ["drawn_by", "drawn_data", "fewer_colours", "image"]


def image(figure, kind: str, dpi: int) -> bytes:
    """PNG, PDF or SVG of a figure; coloured meshes are pixels in all of them."""
    stream, source = io.BytesIO(), drawn_by(figure)
    about = {"png": {"Software": "lisbon_core", "Source": source},
             "pdf": {"Creator": "lisbon_core", "Producer": None, "CreationDate": None, "Title": source},
             "svg": {"Creator": "lisbon_core", "Date": None, "Title": source}}
    with house_style():
        figure.savefig(stream, format=kind, dpi=dpi, metadata=about[kind])
    return stream.getvalue()


def drawn_by(figure) -> str:
    """Name of the function that drew a figure: its label."""
    return str(figure.get_label() or "a figure without a name")


def fewer_colours(png: bytes) -> bytes:
    """The same picture in 256 colours of its own choice: no eye sees it, and it has a third of the size."""
    about, stream = PngImagePlugin.PngInfo(), io.BytesIO()
    with Image.open(io.BytesIO(png)) as pixels:
        for key in ("Software", "Source"):
            about.add_text(key, pixels.text[key])
        few = pixels.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1,
                                             dither=Image.Dither.NONE)
    few.save(stream, "png", optimize=True, pnginfo=about)
    return stream.getvalue()


def drawn_data(figure) -> bytes:
    """What a figure draws, as ECSV: a row for each point, `curve` numbers the curves, which the header names.

    Positions are in the units of the axes, on a map of the sky right ascension and declination in degrees. `value` is
    the colour of a pixel, `error` half the length of a bar; NaN where there is none.
    """
    curves, rows = {}, []
    for number, axes in enumerate(figure.axes, 1):
        about = {"panel": axes.get_title() or f"panel {number}", "x": axes.get_xlabel(), "y": axes.get_ylabel()}
        for name, points in () if axes.get_label() == "<colorbar>" else _artists(axes):
            if axes.name == "mollweide":
                points[:, 0], points[:, 1] = 180.0 - np.degrees(points[:, 0]), np.degrees(points[:, 1])
                about |= {"x": "right ascension (deg)", "y": "declination (deg)"}
            if not any(np.array_equal(points, other[:, 1:], equal_nan=True) for other in rows):  # the halo of another
                rows.append(np.insert(points, 0, len(rows) + 1.0, axis=1))
                curves[len(rows)] = {"name": "" if name.startswith("_") else name} | about
    kinds = {"curve": int} | dict.fromkeys(("x", "y", "value", "error"), float)
    head = Table({name: np.empty(0, kind) for name, kind in kinds.items()},
                 meta={"drawn_by": drawn_by(figure), "curves": curves})
    text = io.StringIO()
    head.write(text, format="ascii.ecsv")
    np.savetxt(text, np.concatenate(rows) if rows else np.empty((0, 5)), fmt=["%d", *["%.5g"] * 4])
    return text.getvalue().encode()


def _artists(axes):
    """Name and points (n, 4), as x, y, value and error, of each thing an axes draws in its own coordinates."""
    bars = {one.lines[0]: one for one in axes.containers if isinstance(one, ErrorbarContainer) and one.lines[2]}
    ends = {part for one in bars.values() for part in (*one.lines[1], *one.lines[2])}
    for one in (*axes.get_lines(), *axes.collections):
        name, value, error = str(one.get_label()), np.nan, np.nan
        if one in ends or (one.get_transform() != axes.transData and isinstance(one, Line2D)):
            continue
        if isinstance(one, Line2D):
            places = np.column_stack([np.atleast_1d(axis) for axis in one.get_data(orig=False)])
            if one in bars:
                name, segments = str(bars[one].get_label()), bars[one].lines[2][-1].get_segments()
                error = [0.5 * np.ptp(segment, axis=0).max(initial=0.0) if len(segment) else np.nan
                         for segment in segments]
        elif isinstance(one, QuadMesh):
            corners, value = one.get_coordinates(), one.get_array()
            places = 0.25 * (corners[1:, 1:] + corners[1:, :-1] + corners[:-1, 1:] + corners[:-1, :-1]).reshape(-1, 2)
        elif isinstance(one, PathCollection):
            places, value = one.get_offsets(), np.nan if one.get_array() is None else one.get_array()
        else:
            places = np.concatenate([path.vertices for path in one.get_paths()] or [np.empty((0, 2))])
        places = _filled(places)
        if len(places):
            value, error = (_filled(column).ravel() for column in (value, error))
            value, error = (np.broadcast_to(column if column.size == len(places) else np.nan, len(places))
                            for column in (value, error))
            yield name, np.column_stack([places, value, error])


def _filled(values) -> np.ndarray:
    return np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
