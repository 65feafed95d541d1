"""The heliosphere in cuts, its field along a track, and orbits through it."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lisbon_core.frames import icrs_to_model, unit_vector
from lisbon_core.plots.style import COLOURS, PAGE, styled

__all__ = ["field_along_track", "heliosphere_planes", "paths"]


def _solar_axes(heliosphere) -> np.ndarray:
    """Rows: axes of the solar frame in model axes; z the rotation axis, x towards upwind, y = z x x."""
    axis = heliosphere.axes @ unit_vector(*heliosphere.parameters.rotation_axis_icrs)
    upwind = np.array([0.0, 0.0, 1.0]) - axis[2] * axis
    upwind /= np.linalg.norm(upwind)
    return np.stack([upwind, np.cross(axis, upwind), axis])


@styled
def heliosphere_planes(heliosphere, extent_AU: float = 400.0, points: int = 301) -> Figure:
    """Figure 1 of the paper: |B| in the solar equatorial plane (A) and in the meridional plane (B)."""
    frame = _solar_axes(heliosphere)
    side = np.linspace(-extent_AU, extent_AU, points)
    first, second = np.meshgrid(side, side)
    fig = Figure(figsize=(PAGE, 3.2), layout="constrained")
    names = (("A", "Solar equatorial plane", 1, "y"), ("B", "Meridional plane", 2, "z (solar rotation axis)"))
    for i, (letter, title, other, label) in enumerate(names):
        places = first[..., None] * frame[0] + second[..., None] * frame[other]
        field, _ = heliosphere.field(places.reshape(-1, 3))
        strength = np.linalg.norm(field, axis=1).reshape(first.shape)
        axes = fig.add_subplot(1, 2, i + 1)
        mesh = axes.pcolormesh(side, side, strength, norm=mpl.colors.LogNorm(0.1, 20.0), rasterized=True)
        p = heliosphere.parameters
        inside = np.linalg.norm(places, axis=-1)
        cosine = places[..., 2] / np.maximum(inside, 1e-9)
        label_a2 = inside**2 * (1.0 - cosine**2) + 2.0 * p.nose_AU**2 * (cosine - 1.0)
        axes.contour(side, side, label_a2, levels=[0.0], colors="white", linewidths=0.9)
        axes.contour(side, side, inside, levels=[p.shock_AU], colors="white", linewidths=0.9, linestyles="--")
        axes.set(aspect="equal", title=f"({letter}) {title}", xlabel="x towards upwind (AU)", ylabel=f"{label} (AU)")
    fig.colorbar(mesh, ax=fig.axes, label="|B| (microgauss)", shrink=0.7, aspect=25)
    return fig


@styled
def field_along_track(distance_AU, strength_uG, measured=None) -> Figure:
    """|B| along a straight track outward, with what a spacecraft measured as (distance, |B|) pairs."""
    fig = Figure(figsize=(PAGE, 2.6), layout="constrained")
    axes = fig.add_subplot()
    axes.plot(distance_AU, strength_uG, label="closed form")
    if measured is not None:
        axes.plot(*measured, ".", markersize=2, color=COLOURS["orange"], label="measured, daily")
    axes.set(yscale="log", xlabel="distance from the Sun (AU)", ylabel="|B| (microgauss)")
    axes.set_yticks([0.2, 0.5, 1.0, 2.0, 5.0], ["0.2", "0.5", "1", "2", "5"])
    axes.minorticks_off()
    axes.legend()
    return fig


@styled
def paths(heliosphere, tracks: Sequence[np.ndarray], labels: Sequence[str], extent_AU: float = 600.0) -> Figure:
    """Orbits in two planes of the model axes: (z, x) holds the flow and the field, (z, y) is across."""
    fig = Figure(figsize=(PAGE, 3.6), layout="constrained")
    turn = icrs_to_model(-heliosphere.flow @ heliosphere.axes, heliosphere.field_icrs) @ heliosphere.axes.T
    tracks = [track @ turn.T for track in tracks]
    angle = np.linspace(0.0, 0.93 * np.pi, 200)
    for i, (other, name) in enumerate(((0, "x, along the field across the flow (AU)"), (1, "y (AU)"))):
        axes = fig.add_subplot(1, 2, i + 1)
        for track, label in zip(tracks, labels, strict=True):
            axes.plot(track[:, 2], track[:, other], linewidth=0.9, label=label if i == 0 else None)
        if hasattr(heliosphere, "parameters"):  # a field on a grid has no borders that could be drawn
            nose = heliosphere.parameters.nose_AU / np.cos(angle / 2.0)
            for sign in (1.0, -1.0):
                axes.plot(nose * np.cos(angle), sign * nose * np.sin(angle), color="0.4", linewidth=0.8,
                          label="heliopause" if i == 0 and sign > 0 else None)
            axes.add_patch(mpl.patches.Circle((0, 0), heliosphere.parameters.shock_AU, fill=False, linestyle="--",
                                              color="0.4", linewidth=0.8))
        axes.set(aspect="equal", xlim=(-extent_AU, extent_AU), ylim=(-extent_AU, extent_AU),
                 xlabel="z, upwind (AU)", ylabel=name)
    fig.axes[0].legend(loc="upper left", fontsize=7)
    return fig
