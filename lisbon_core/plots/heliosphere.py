"""The heliosphere in cuts, its field lines, and its field along a track."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lisbon_core.frames import unit_vector
from lisbon_core.plots.style import PAGE, styled

__all__ = ["field_along_track", "field_lines", "heliosphere_planes"]


def _solar_axes(heliosphere) -> np.ndarray:
    """Rows: axes of the solar frame in model axes; z the rotation axis, x towards upwind, y = z x x."""
    axis = heliosphere.axes @ unit_vector(*heliosphere.parameters.rotation_axis_icrs)
    upwind = np.array([0.0, 0.0, 1.0]) - axis[2] * axis
    upwind /= np.linalg.norm(upwind)
    return np.stack([upwind, np.cross(axis, upwind), axis])


def _plane(axes, heliosphere, side, along, up, above=0.0, colour: str = "white"):
    """|B| in the plane of `along` and `up` that holds the point `above`, with heliopause (full) and shock (dashed).

    Returns the coloured mesh and B, shape (n, n, 3).
    """
    p, (first, second) = heliosphere.parameters, np.meshgrid(side, side)
    places = first[..., None] * along + second[..., None] * up + above
    field = heliosphere.field(places.reshape(-1, 3))[0].reshape(places.shape)
    strength = np.maximum(np.linalg.norm(field, axis=-1), 1e-9)  # nothing is not blank
    mesh = axes.pcolormesh(side, side, strength, norm=mpl.colors.LogNorm(0.1, 20.0), rasterized=True)
    inside = np.linalg.norm(places, axis=-1)
    wall = 0.5 * inside * (inside + places[..., 2])  # of the half-body: the square of the nose's distance
    axes.contour(side, side, wall, levels=[p.nose_AU**2], colors=colour, linewidths=0.9)
    axes.contour(side, side, inside, levels=[p.shock_AU], colors=colour, linewidths=0.9, linestyles="--")
    return mesh, field


@styled
def heliosphere_planes(heliosphere, extent_AU: float = 400.0, points: int = 301) -> Figure:
    """Figure 1 of the paper: |B| in the solar equatorial plane (A) and in the meridional plane (B)."""
    frame = _solar_axes(heliosphere)
    side = np.linspace(-extent_AU, extent_AU, points)
    fig = Figure(figsize=(PAGE, 4.1), layout="constrained")
    names = (("A", "Solar equatorial plane", 1, "y"), ("B", "Meridional plane", 2, "z (solar rotation axis)"))
    for i, (letter, title, other, label) in enumerate(names):
        axes = fig.add_subplot(1, 2, i + 1)
        mesh, _ = _plane(axes, heliosphere, side, frame[0], frame[other])
        axes.set(aspect="equal", title=f"({letter}) {title}", xlabel="x towards upwind (AU)", ylabel=f"{label} (AU)")
    fig.colorbar(mesh, ax=fig.axes, label="|B| (microgauss)", orientation="horizontal", shrink=0.5, aspect=35)
    return fig


@styled
def field_lines(heliosphere, extent_AU: float = 400.0, points: int = 241, above_AU: float = 10.0) -> Figure:
    """|B| and lines along the part of B that lies in two planes; a line fades where B leaves the plane.

    Parameters
    ----------
    heliosphere : Heliosphere
        The left plane holds the flow and the undisturbed field, the right one is parallel to the solar equator.
    above_AU : float
        How far north of the equator the right plane is: on it the field is nothing, at the current sheet.
    """
    frame = _solar_axes(heliosphere)
    side = np.linspace(-extent_AU, extent_AU, points)
    fig = Figure(figsize=(PAGE, 4.1), layout="constrained")
    planes = (("(A) Plane of the flow and the field", np.eye(3)[2], np.eye(3)[0], 0.0 * frame[2],
               "z, upwind (AU)", "x, along B across the flow (AU)"),
              (f"(B) {above_AU:g} AU north of the solar equator", frame[0], frame[1], above_AU * frame[2],
               "x towards upwind (AU)", "y (AU)"))
    for i, (title, along, up, above, xlabel, ylabel) in enumerate(planes):
        axes = fig.add_subplot(1, 2, i + 1)
        mesh, field = _plane(axes, heliosphere, side, along, up, above, "black")
        field = field / np.maximum(np.linalg.norm(field, axis=-1, keepdims=True), 1e-9)
        across, upwards = field @ along, field @ up
        axes.streamplot(side, side, across, upwards, color=across**2 + upwards**2, linewidth=0.7, density=1.5,
                        arrowsize=0.6, cmap=mpl.colors.LinearSegmentedColormap.from_list("", ["#ffffff00", "white"]),
                        norm=mpl.colors.Normalize(0.0, 1.0), broken_streamlines=True)
        axes.set(aspect="equal", title=title, xlabel=xlabel, ylabel=ylabel, xlim=side[[0, -1]], ylim=side[[0, -1]])
        axes.set_xticks(np.linspace(-extent_AU, extent_AU, 5))
        axes.set_yticks(np.linspace(-extent_AU, extent_AU, 5))
    fig.colorbar(mesh, ax=fig.axes, label="|B| (microgauss)", orientation="horizontal", shrink=0.5, aspect=35)
    return fig


@styled
def field_along_track(distance_AU, strength_uG, borders: dict) -> Figure:
    """|B| along a straight track outward; `borders` are distances (AU) to mark, by what to call them."""
    fig = Figure(figsize=(PAGE, 2.6), layout="constrained")
    axes = fig.add_subplot()
    axes.plot(distance_AU, strength_uG)
    for name, place in borders.items():
        axes.axvline(place, color="0.5", linestyle=":", linewidth=0.9)
        axes.annotate(name, (place, 0.02), xycoords=("data", "axes fraction"), textcoords="offset points",
                      xytext=(-4, 0), ha="right", fontsize=7.5, color="0.3")
    axes.set(yscale="log", xlabel="distance from the Sun (AU)", ylabel="|B| (microgauss)")
    axes.set_yticks([0.2, 0.5, 1.0, 2.0, 5.0], ["0.2", "0.5", "1", "2", "5"])
    axes.minorticks_off()
    return fig
