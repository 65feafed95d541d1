"""The heliosphere in cuts, and its field lines."""

from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lisbon_core.frames import unit_vector
from lisbon_core.plots.style import blank, styled

__all__ = ["field_lines", "heliosphere_planes"]

EXTENT_AU = 400.0  # of the planes, on each side of the Sun


def _solar_axes(heliosphere) -> np.ndarray:
    """Rows: axes of the solar frame in model axes; z the rotation axis, x towards upwind, y = z x x."""
    axis = heliosphere.axes @ unit_vector(*heliosphere.parameters.rotation_axis_icrs)
    upwind = np.array([0.0, 0.0, 1.0]) - axis[2] * axis
    upwind /= np.linalg.norm(upwind)
    return np.stack([upwind, np.cross(axis, upwind), axis])


class Plane(NamedTuple):
    """The plane of two directions that holds the point `above`, and the words on its axes."""

    along: np.ndarray
    up: np.ndarray
    title: str
    xlabel: str
    ylabel: str
    above: np.ndarray | float = 0.0


def _planes(heliosphere, points: int, colour: str, *planes: Plane):
    """|B| in planes side by side, with heliopause (full) and shock (dashed); the figure, and B of each plane."""
    fig, fields, side = blank(4.1), [], np.linspace(-EXTENT_AU, EXTENT_AU, points)
    first, second = np.meshgrid(side, side)
    for axes, plane in zip(fig.subplots(1, len(planes)), planes, strict=True):
        places = first[..., None] * plane.along + second[..., None] * plane.up + plane.above
        fields.append(heliosphere.field(places.reshape(-1, 3))[0].reshape(places.shape))
        strength = np.maximum(np.linalg.norm(fields[-1], axis=-1), 1e-9)  # nothing is not blank
        mesh = axes.pcolormesh(side, side, strength, norm=mpl.colors.LogNorm(0.1, 20.0), rasterized=True)
        inside = np.linalg.norm(places, axis=-1)
        wall = 0.5 * inside * (inside + places[..., 2])  # of the half-body: the square of the nose's distance
        axes.contour(side, side, wall, levels=[heliosphere.parameters.nose_AU**2], colors=colour, linewidths=0.9)
        axes.contour(side, side, inside, levels=[heliosphere.parameters.shock_AU], colors=colour, linewidths=0.9,
                     linestyles="--")
        axes.set(aspect="equal", title=plane.title, xlabel=plane.xlabel, ylabel=plane.ylabel)
    fig.colorbar(mesh, ax=fig.axes, label="|B| (microgauss)", orientation="horizontal", shrink=0.5, aspect=35)
    return fig, fields


@styled
def heliosphere_planes(heliosphere, points: int = 301) -> Figure:
    """Figure 1 of the paper: |B| in the solar equatorial plane (A) and in the meridional plane (B)."""
    upwind, across, axis = _solar_axes(heliosphere)
    return _planes(
        heliosphere, points, "white",
        Plane(upwind, across, "(A) Solar equatorial plane", "x towards upwind (AU)", "y (AU)"),
        Plane(upwind, axis, "(B) Meridional plane", "x towards upwind (AU)", "z (solar rotation axis) (AU)"))[0]


@styled
def field_lines(heliosphere, points: int = 241) -> Figure:
    """|B| and lines along the part of B that lies in two planes; a line fades where B leaves the plane.

    The left plane holds the flow and the undisturbed field; the right one is parallel to the solar equator and 10 AU
    north of it: on the equator itself the field is nothing, at the current sheet.
    """
    (upwind, across, axis), (x, _, z) = _solar_axes(heliosphere), np.eye(3)
    planes = (Plane(z, x, "(A) Plane of the flow and the field", "z, upwind (AU)", "x, along B across the flow (AU)"),
              Plane(upwind, across, "(B) 10 AU north of the solar equator", "x towards upwind (AU)", "y (AU)",
                    above=10.0 * axis))
    fig, fields = _planes(heliosphere, points, "black", *planes)
    side, ticks = np.linspace(-EXTENT_AU, EXTENT_AU, points), np.linspace(-EXTENT_AU, EXTENT_AU, 5)
    for axes, plane, field in zip(fig.axes, planes, fields, strict=False):
        field = field / np.maximum(np.linalg.norm(field, axis=-1, keepdims=True), 1e-9)
        right, upwards = field @ plane.along, field @ plane.up
        axes.streamplot(side, side, right, upwards, color=right**2 + upwards**2, linewidth=0.7, density=1.5,
                        arrowsize=0.6, cmap=mpl.colors.LinearSegmentedColormap.from_list("", ["#ffffff00", "white"]),
                        norm=mpl.colors.Normalize(0.0, 1.0), broken_streamlines=True)
        axes.set(xlim=side[[0, -1]], ylim=side[[0, -1]], xticks=ticks, yticks=ticks)
    return fig
