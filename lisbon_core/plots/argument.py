"""The argument in one picture, for the first page: orbits out of the heliosphere, the sky at Earth, F(mu)."""

import numpy as np
from matplotlib.figure import Figure

from lisbon_core.plots.skies import colour_pixels, sky_axes
from lisbon_core.plots.space import in_plane
from lisbon_core.plots.style import COLOURS, EXCESS, MU, blank, styled


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
