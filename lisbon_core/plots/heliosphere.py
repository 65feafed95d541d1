"""The heliosphere in cuts, its field lines, and its field along a track."""

from collections import namedtuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lisbon_core.ground.frames import icrs_to_model, rotation_to_icrs, unit_vector
from lisbon_core.heliosphere import HeliosphereParameters
from lisbon_core.plots.style import COLOURS, blank, styled

EXTENT_AU = 400.0  # of the planes, on each side of the Sun
UPWIND = "upwind (AU)"


def _solar_axes(heliosphere) -> np.ndarray:
    """Rows: axes of the solar frame in model axes; x towards upwind, y = z x x, z the rotation axis."""
    axis = heliosphere.axes @ unit_vector(*HeliosphereParameters.rotation_axis_icrs)
    return icrs_to_model(axis, -heliosphere.flow / np.linalg.norm(heliosphere.flow))


# the plane of the directions `along` and `up` that holds the point `above`, and the words on its axes
_Plane = namedtuple("_Plane", "along up title xlabel ylabel above", defaults=(0.0,))


def _planes(heliosphere, points: int, colour: str, *planes: _Plane):
    """|B| in planes side by side, with heliopause (full) and shock (dashed).

    Returns the figure, and of each plane how much of B/|B| points along it and up, each of shape (points, points).
    """
    fig, parts, side = blank(4.1), [], np.linspace(-EXTENT_AU, EXTENT_AU, points)
    first, second = np.meshgrid(side, side)
    for axes, plane in zip(fig.subplots(1, len(planes)), planes, strict=True):
        places = first[..., None] * plane.along + second[..., None] * plane.up + plane.above
        field = heliosphere.field(places.reshape(-1, 3))[0].reshape(places.shape)
        strength = np.maximum(np.linalg.norm(field, axis=-1), 1e-9)  # nothing is not blank
        field = field / strength[..., None]
        parts.append((field @ plane.along, field @ plane.up))
        mesh = axes.pcolormesh(side, side, strength, norm=mpl.colors.LogNorm(0.1, 20.0), rasterized=True)
        if hasattr(heliosphere, "parameters"):  # a field on a grid has no surfaces that could be drawn
            reach = np.linalg.norm(places, axis=-1)
            for surface, style in zip(heliosphere.parameters.surfaces(places), ("--", "-"), strict=True):
                axes.contour(side, side, reach / surface, levels=[1.0], colors=colour, linewidths=0.9, linestyles=style)
        axes.set(aspect="equal", title=plane.title, xlabel=plane.xlabel, ylabel=plane.ylabel)
    fig.colorbar(mesh, ax=fig.axes, label="|B| (microgauss)", orientation="horizontal", shrink=0.5, aspect=35)
    return fig, parts


@styled
def heliosphere_planes(heliosphere, points: int = 301) -> Figure:
    """Figure 1 of the paper: |B| along the solar equator (A) and in the meridional plane (B).

    Plane A is 30 AU north of the equator, where the field of the closed form is nothing: the current sheet.
    """
    upwind, across, axis = _solar_axes(heliosphere)
    return _planes(
        heliosphere, points, "white",
        _Plane(upwind, across, "(A) 30 AU north of the solar equator", UPWIND, "across, in the solar equator (AU)",
              30.0 * axis),
        _Plane(upwind, axis, "(B) Meridional plane", UPWIND, "solar north (AU)"))[0]


@styled
def field_lines(heliosphere, points: int = 241) -> Figure:
    """|B| and lines along the part of B that lies in two planes; a line fades where B leaves the plane.

    The left plane holds the flow and the undisturbed field; the right one is parallel to the solar equator and 10 AU
    north of it: on the equator itself the field is nothing, at the current sheet.
    """
    (upwind, across, axis), (x, _, z) = _solar_axes(heliosphere), np.eye(3)
    planes = (_Plane(z, x, "(A) Plane of the wind and the field", UPWIND, "across, along interstellar B (AU)"),
              _Plane(upwind, across, "(B) 10 AU north of the solar equator", UPWIND,
                     "across, in the solar equator (AU)", 10.0 * axis))
    fig, parts = _planes(heliosphere, points, "black", *planes)
    side, ticks = np.linspace(-EXTENT_AU, EXTENT_AU, points), np.linspace(-EXTENT_AU, EXTENT_AU, 5)
    for axes, (right, upwards) in zip(fig.axes, parts, strict=False):
        axes.streamplot(side, side, right, upwards, color=right**2 + upwards**2, linewidth=0.7, density=1.5,
                        arrowsize=0.6, cmap=mpl.colors.LinearSegmentedColormap.from_list("", ["#ffffff00", "white"]),
                        norm=mpl.colors.Normalize(0.0, 1.0), broken_streamlines=True)
        axes.set(xlim=side[[0, -1]], ylim=side[[0, -1]], xticks=ticks, yticks=ticks)
    return fig


@styled
def gridded_planes(heliosphere, points: int = 289) -> Figure:
    """|B| in the ecliptic (A) and in the plane of the wind and the ecliptic pole (B), to see whether a grid is right.

    The left is where spacecraft find the source of the interstellar wind: if the red arrow does not come from there,
    the frame is not the right one. White arrows are B, as far as it lies in the plane.
    """
    to_model, source = heliosphere.axes @ rotation_to_icrs("ecliptic"), HeliosphereParameters().upwind_lon
    upwind, north = unit_vector(source, 0.0), np.array([0.0, 0.0, 1.0])
    away = f"away from ecliptic longitude {source:.0f} (AU)"
    planes = (_Plane(to_model @ -upwind, to_model @ np.cross(upwind, north), "(A) Ecliptic", away,
                    f"towards longitude {(source - 90.0) % 360.0:.0f} (AU)"),
              _Plane(to_model @ -upwind, to_model @ north, "(B) Wind and ecliptic pole", away,
                    "towards latitude 90 (AU)"))
    fig, parts = _planes(heliosphere, points, "white", *planes)
    few, flow = slice(points // 18, -1, points // 18), heliosphere.flow
    side = np.linspace(-EXTENT_AU, EXTENT_AU, points)[few]
    for axes, plane, (right, upwards) in zip(fig.axes, planes, parts, strict=False):
        axes.quiver(side, side, right[few, few], upwards[few, few], color="white", scale=24.0, width=0.004, pivot="mid")
        if flow.any():
            wind = EXTENT_AU * np.array([flow @ plane.along, flow @ plane.up]) / np.linalg.norm(flow)
            axes.annotate("wind", 0.5 * wind, xytext=-0.9 * wind, color=COLOURS["red"],
                          arrowprops={"arrowstyle": "->", "color": COLOURS["red"]})
    return fig


@styled
def field_along_tracks(tracks: dict) -> Figure:
    """|B| measured by each spacecraft, and that of models where it was.

    Parameters
    ----------
    tracks : dict of str to dict
        By the name of the spacecraft: `r` (AU) and `B` (microgauss) measured; `crossings`, shock and heliopause, AU;
        `models`, a dict of name to |B| at the same places.
    """
    fig = blank(3.0)
    for axes, (name, track) in zip(fig.subplots(1, len(tracks), sharey=True), tracks.items(), strict=True):
        axes.plot(track["r"], track["B"], ".", color="0.45", markersize=3, label="measured, 27-day means")
        for (model, strength), style in zip(track["models"].items(), ("-", "--", ":"), strict=False):
            axes.plot(track["r"], strength, style, label=model)
        for place in track["crossings"]:
            axes.axvline(place, color="0.5", linestyle=":", linewidth=0.9)
        axes.set(yscale="log", title=name, xlabel="distance from the Sun (AU)", ylim=(0.1, 12.0))
        axes.set_yticks([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0], ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
        axes.minorticks_off()
    fig.axes[0].set_ylabel("|B| (microgauss)")
    fig.axes[0].legend(fontsize=7, loc="lower right")
    return fig
