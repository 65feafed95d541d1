"""Orbits in space: through the heliosphere in three dimensions, a bundle that comes apart, the sky unfolding, and the
argument in one picture.
"""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lisbon_core.ground.frames import angle_between, icrs_to_model, unit_vector
from lisbon_core.plots.skies import colour_pixels, on_map, sky_axes
from lisbon_core.plots.style import COLOURS, EXCESS, MU, blank, styled


def _drawn(heliosphere, points) -> np.ndarray:
    """Points in model axes, which on a grid may be any, as drawn: upwind to the right, and upwards the field's part
    across the flow.
    """
    points = np.asarray(points, dtype=float)
    if np.any(heliosphere.flow):
        axes = icrs_to_model(-heliosphere.flow @ heliosphere.axes, heliosphere.field_icrs)
        points = points @ heliosphere.axes @ axes.T
    return points[..., [2, 1, 0]] * [1.0, -1.0, 1.0]


def in_plane(heliosphere, points) -> np.ndarray:
    """The same seen from the side, (..., 2): upwind to the right, the field's part across the flow upwards."""
    return _drawn(heliosphere, points)[..., [0, 2]]


def _surfaces(axes, heliosphere, extent_AU: float) -> None:
    """Heliopause, cut off at the end of the box, and termination shock."""
    around, polar = np.linspace(0.0, 360.0, 61), np.linspace(90.0, -90.0, 81)
    directions = unit_vector(around, polar[:, None])
    shock, wall = (radius[..., None] * directions for radius in heliosphere.parameters.surfaces(directions))
    wall = np.where(wall[..., 2:] < -extent_AU, np.nan, wall)
    for surface, colour, alpha in ((wall, "sky", 0.10), (shock, "orange", 0.22)):
        axes.plot_surface(*np.moveaxis(_drawn(heliosphere, surface), -1, 0), color=COLOURS[colour], alpha=alpha,
                          linewidth=0, rcount=40, ccount=60, shade=True, rasterized=True, zorder=1)
    for k in range(0, 60, 10):  # a few lines of the surface, to see its shape
        axes.plot(*_drawn(heliosphere, wall[:, k]).T, color=COLOURS["sky"], linewidth=0.4, alpha=0.7, zorder=1)


def _space(fig: Figure, position, heliosphere, extent_AU: float) -> mpl.axes.Axes:
    """Axes with the heliopause as a translucent surface, the termination shock and the interstellar field."""
    axes = fig.add_subplot(position, projection="3d", computed_zorder=False)
    if hasattr(heliosphere, "parameters"):  # a field on a grid has no borders that could be drawn
        _surfaces(axes, heliosphere, extent_AU)
    middle, half = np.array([0.75, 0.0, 0.0]), 0.25 * _drawn(heliosphere, heliosphere.axes @ heliosphere.field_icrs)
    axes.quiver(*(middle - half) * extent_AU, *2.0 * half * extent_AU, color="black", linewidth=1.6,
                arrow_length_ratio=0.2, zorder=5)
    axes.text(*(middle + half) * extent_AU, "  B", fontsize=9, zorder=5)
    axes.plot([0.0], [0.0], [0.0], "o", color=COLOURS["orange"], markersize=3, zorder=6)
    axes.set(**dict.fromkeys(("xlim", "ylim", "zlim"), (-extent_AU, extent_AU)))
    axes.set_box_aspect((1, 1, 1), zoom=1.2)
    axes.view_init(elev=20, azim=-64)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((0.97, 0.97, 0.97, 1.0))
        axis.set_major_locator(mpl.ticker.MultipleLocator(300.0))
        axis._axinfo["grid"].update(color="0.88", linewidth=0.4)
        axis._axinfo["tick"].update(inward_factor=0.0, outward_factor=0.0)
        axis.line.set_color("0.8")
        axis.set_ticklabels([])
    for place, words in ((0.55, "upwind →"), (-0.45, "one square: 300 AU")):
        axes.text(place * extent_AU, -extent_AU, -1.2 * extent_AU, words, "x", fontsize=7.5, ha="center", va="center")
    return axes


def _kept(heliosphere, track: np.ndarray, extent_AU: float) -> np.ndarray:
    """A line as drawn, with what leaves the box cut away."""
    line = _drawn(heliosphere, track)
    return np.where(np.any(np.abs(line) > extent_AU, axis=-1, keepdims=True), np.nan, line)


@styled
def orbits_in_space(heliosphere, tracks: Sequence[np.ndarray], labels: Sequence[str],
                    extent_AU: float = 600.0) -> Figure:
    """Orbits in three dimensions, coloured by |B| where they pass, with their shadows on the floor.

    Parameters
    ----------
    heliosphere : Heliosphere or GriddedHeliosphere
        The heliopause and the termination shock of the first are drawn too, translucent.
    tracks : sequence of ndarray (n, 3)
        AU, model axes.
    labels : sequence of str
        What the numbers at the ends of the orbits mean.
    """
    from mpl_toolkits.mplot3d.art3d import Line3DCollection

    fig = blank(5.2)
    axes = _space(fig, 111, heliosphere, extent_AU)
    norm = mpl.colors.LogNorm(0.3, 6.0)
    for number, (track, label) in enumerate(zip(tracks, labels, strict=True), start=1):
        line = _kept(heliosphere, track, extent_AU)
        strength = heliosphere.field_strength(track)
        pieces = np.stack([line[:-1], line[1:]], axis=1)
        whole = np.all(np.isfinite(pieces), axis=(1, 2))
        floor = pieces[whole].copy()
        floor[..., 2] = -extent_AU
        axes.add_collection3d(Line3DCollection(floor, colors="0.75", linewidths=0.7, zorder=0, rasterized=True))
        drawn = Line3DCollection(pieces[whole], cmap="plasma_r", norm=norm, linewidths=1.5, zorder=4)
        drawn.set_array(np.sqrt(strength[:-1] * strength[1:])[whole])
        axes.add_collection3d(drawn)
        last = line[np.flatnonzero(np.isfinite(line[:, 0]))[-1]]
        axes.text(*last, str(number), fontsize=8, zorder=7, ha="center", va="center",
                  bbox={"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": "0.5", "linewidth": 0.5})
        fig.text(0.015, 1.0 - 0.035 * number, f"{number}  {label}", fontsize=8)
    fig.colorbar(drawn, ax=axes, label="|B| on the way (microgauss)", shrink=0.6, aspect=25, pad=0.02,
                 ticks=[0.3, 0.5, 1, 2, 3, 6], format="%g").minorticks_off()
    return fig


@styled
def bundle(heliosphere, tracks, momenta: dict, path_AU, extent_AU: float = 600.0) -> Figure:
    """A bundle of orbits of nearly one direction in space, and how the angle between neighbours grows on the way.

    Parameters
    ----------
    tracks : ndarray (n_point, n_orbit, 3)
        Positions of the bundle drawn in space, AU, model axes.
    momenta : dict of str to ndarray (n_point, n_orbit, 3)
        What to call a bundle, and its momenta; neighbours in the order of the orbits.
    path_AU : ndarray (n_point,)
        Path back from the Earth.
    """
    fig = blank(3.7)
    grid = fig.add_gridspec(1, 2, width_ratios=(1.5, 1.0))
    axes = _space(fig, grid[0], heliosphere, extent_AU)
    colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.92, tracks.shape[1]))
    for k, colour in enumerate(colours):
        axes.plot(*_kept(heliosphere, tracks[:, k], extent_AU).T, color=colour, linewidth=0.8, zorder=4)
    spread = fig.add_subplot(grid[1])
    for (name, moving), colour, style in zip(momenta.items(), ("red", "blue"), ("--", "-"), strict=False):
        angles = angle_between(moving[:, 1:], moving[:, :-1])
        spread.fill_between(path_AU, *np.quantile(angles, [0.1, 0.9], axis=1), color=COLOURS[colour], alpha=0.2,
                            linewidth=0)
        spread.plot(path_AU, np.median(angles, axis=1), style, color=COLOURS[colour], label=name)
    spread.set(yscale="log", xlabel="path back from the Earth (AU)", ylabel="angle between neighbours (degrees)",
               xlim=(0.0, path_AU[-1]), ylim=(None, 400.0))
    spread.legend(loc="upper left", fontsize=7)
    return fig


@styled
def unfolding(panels: dict, mu, gyrophase, field_icrs) -> Figure:
    """Where the same particles were heading from, seen on spheres of growing radius, coloured by their final mu.

    Parameters
    ----------
    panels : dict of str to ndarray (N, 3)
        Title and directions -p/|p|, ICRS, at each station.
    mu, gyrophase : ndarray (N,)
        Cosine of the pitch angle at the last station, and the angle about the field, degrees: the last panel.
    field_icrs : ndarray (3,)
        Direction of the interstellar field.
    """
    columns, rows = 2, -(-(len(panels) + 1) // 2)
    fig = blank(2.15 * rows + 0.5)
    grid = fig.add_gridspec(rows, columns)
    look = {"c": mu, "cmap": mpl.colormaps["PuOr_r"].resampled(16), "vmin": -1.0, "vmax": 1.0, "s": 3.0,
            "linewidths": 0.0, "rasterized": True, "antialiased": False}
    for i, (title, directions) in enumerate(panels.items()):
        axes = sky_axes(fig, grid[i // columns, i % columns], title, field_icrs)
        axes.set_facecolor("0.8")
        dots = axes.scatter(*on_map(directions), **look)
    axes = fig.add_subplot(grid[-1, -1])
    axes.scatter(gyrophase, mu, **look)
    axes.set(xlabel="angle about B (degrees)", ylabel=MU, xlim=(-180, 180), ylim=(-1, 1),
             xticks=[-180, -90, 0, 90, 180], facecolor="0.8", box_aspect=0.5)
    axes.set_title("the last one, laid out along B", pad=6, fontsize=8.5)
    fig.colorbar(dots, ax=fig.axes, orientation="horizontal", shrink=0.5, aspect=35, pad=0.02,
                 ticks=[-1, -0.5, 0, 0.5, 1], label="pitch-angle cosine μ in the interstellar medium")
    return fig


@styled
def argument(heliosphere, tracks, mu, sky, pad, truth, extent_AU: float = 800.0) -> Figure:
    """Real orbits in the plane of flow and field, the sky they make at Earth, and what is read from it.

    Parameters
    ----------
    heliosphere : Heliosphere
        Its shock, heliopause and interstellar field are drawn.
    tracks : sequence of ndarray (n, 3)
        Orbits back from the Earth, AU, model axes.
    mu : sequence of float
        Pitch-angle cosine at the end of each: it gives the colour, red along the field and blue against it.
    sky : SkyMap
        Relative intensity.
    pad : PitchAngleDistribution
        With errors.
    truth : callable
        F(mu) that the sky was made with.
    """
    fig = blank(5.3, 4.6)
    rows = fig.add_gridspec(2, 1, height_ratios=(1.25, 1.0))
    axes, below = fig.add_subplot(rows[0]), rows[1].subgridspec(1, 2, width_ratios=(1.25, 1.0))
    turn = np.linspace(0.0, 2.0 * np.pi, 361)
    around = np.stack([np.sin(turn), np.zeros_like(turn), np.cos(turn)], axis=-1)
    for radius, colour, name, spot, offset in zip(
            heliosphere.parameters.surfaces(around), ("orange", "sky"), ("termination\nshock", "heliopause"),
            (320, 215), ((26, -30), (-26, -16)), strict=True):
        outline = in_plane(heliosphere, radius[:, None] * around)
        axes.fill(*outline.T, color=COLOURS[colour], alpha=0.18, linewidth=0)
        axes.plot(*outline.T, color=COLOURS[colour], linewidth=1.2)
        axes.annotate(name, outline[spot], xytext=offset, textcoords="offset points", fontsize=8.5, ha="center",
                      va="top", arrowprops={"arrowstyle": "-", "linewidth": 0.6})
    for track, cosine in zip(tracks, mu, strict=True):
        axes.plot(*in_plane(heliosphere, track).T, color=COLOURS["red" if cosine > 0 else "blue"], linewidth=1.1)
    half = 0.3 * extent_AU * in_plane(heliosphere, heliosphere.axes @ heliosphere.field_icrs)
    place = np.array([-1.1, 0.4]) * extent_AU
    axes.annotate("", place + half, place - half, arrowprops={"arrowstyle": "->", "linewidth": 1.6})
    axes.text(*(place + 1.25 * half), "B", fontsize=10, ha="center", va="center")
    axes.plot(0.0, 0.0, "o", color="black", markersize=4, zorder=5)
    axes.annotate("Earth", (0.0, 0.0), xytext=(5, 4), textcoords="offset points", fontsize=9, weight="bold")
    axes.plot([0.9 * extent_AU, 0.9 * extent_AU + 300.0], [-0.88 * extent_AU] * 2, color="black", linewidth=1.5)
    axes.text(0.9 * extent_AU + 150.0, -0.85 * extent_AU, "300 AU", fontsize=8, ha="center", va="bottom")
    axes.set(xlim=(-1.55 * extent_AU, 1.55 * extent_AU), ylim=(-extent_AU, extent_AU), aspect="equal")
    axes.axis("off")
    axes.set_title("1  Follow the particles back, out of the heliosphere", fontsize=9.5, loc="left")
    seen = sky_axes(fig, below[0], "", heliosphere.field_icrs)
    values = 1e3 * (sky.relative_intensity - 1.0)
    limit = np.nanmax(abs(values))
    colour_pixels(seen, sky.dec, sky.ra, values, cmap="RdBu_r", vmin=-limit, vmax=limit)
    seen.set(xticklabels=[], yticklabels=[])
    seen.set_title("2  The sky at Earth", fontsize=9.5, loc="left")
    read = fig.add_subplot(below[1])
    fine = np.linspace(-1.0, 1.0, 201)
    read.plot(fine, 1e3 * (truth(fine) - 1.0), color="0.5", label="truth")
    for side, colour in ((pad.mu > 0, "red"), (pad.mu <= 0, "blue")):
        read.errorbar(pad.mu[side], 1e3 * (pad.F[side] - 1.0), 1e3 * pad.sigma[side], fmt="o", markersize=3,
                      color=COLOURS[colour])
    read.set(xlabel=MU, ylabel=EXCESS, xticks=[-1, 0, 1])
    read.set_title("3  What it tells: F(μ)", fontsize=9.5, loc="left")
    fig.supxlabel("Recovery test: a synthetic sky of known truth (grey)", fontsize=8.5)
    return fig
