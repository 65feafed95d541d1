"""Every figure, one function each, returning a Figure: one style, safe for colour-blind eyes, RA to the left.

Relative intensities are shown as (I - 1) in units of 1e-3 on a diverging scale centred on 0; what was not observed is
blank, never zero.
"""

import functools
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lisbon_core.frames import lonlat, unit_vector
from lisbon_core.scattering import diffusion_coefficient

__all__ = ["PAGE", "STYLE", "apparent", "coefficients", "curves", "field_along_track", "figure_2", "figure_3",
           "heliosphere_planes", "joint_region", "pad", "paths", "posterior", "ring_means", "skies",
           "work_precision"]

# Okabe & Ito's palette: distinct for all common kinds of colour blindness
COLOURS = {"black": "#000000", "orange": "#e69f00", "sky": "#56b4e9", "green": "#009e73", "blue": "#0072b2",
           "red": "#d55e00", "pink": "#cc79a7"}
STYLE = {
    "figure.dpi": 110, "savefig.dpi": 200, "font.size": 9, "axes.titlesize": 9.5, "axes.labelsize": 9,
    "legend.fontsize": 8, "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False,
    "lines.linewidth": 1.4, "figure.constrained_layout.use": True, "image.cmap": "viridis",
    "axes.prop_cycle": mpl.cycler(color=[COLOURS[c] for c in ("blue", "red", "green", "orange", "pink", "sky")]),
    "axes.grid": False, "svg.hashsalt": "lisbon",
}
COLUMN, PAGE = 3.5, 7.1  # inches: one and two columns of a journal


def styled(draw):
    """Draw in the house style, whatever the caller's matplotlib is set to."""
    @functools.wraps(draw)
    def in_style(*args, **options):
        with mpl.rc_context(STYLE):
            return draw(*args, **options)
    return in_style


# -- skies ---------------------------------------------------------------------------------------------------------


def _sky_axes(fig: Figure, position) -> mpl.axes.Axes:
    """A Mollweide map with right ascension to the left, centred on 180 degrees."""
    axes = fig.add_subplot(position, projection="mollweide")
    axes.set_xticks(np.radians(np.arange(-120, 121, 60)), [f"{180 - lon}°" for lon in range(-120, 121, 60)])
    axes.set_yticks(np.radians(np.arange(-60, 61, 30)), [f"{lat}°" if lat else "" for lat in range(-60, 61, 30)])
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.35, linewidth=0.5)
    return axes


def _mesh(axes, dec, ra, values, **options):
    """Colour the pixels of a regular grid on a sky axes."""
    ra_edges = np.append(ra - 0.5 * (ra[1] - ra[0]), ra[-1] + 0.5 * (ra[1] - ra[0]))
    dec_edges = np.clip(np.append(dec - 0.5 * (dec[1] - dec[0]), dec[-1] + 0.5 * (dec[1] - dec[0])), -90.0, 90.0)
    return axes.pcolormesh(-np.radians(ra_edges - 180.0), np.radians(dec_edges), np.ma.masked_invalid(values),
                           rasterized=True, **options)


def _mark_field(axes, field_icrs) -> None:
    """Mark where the interstellar field points, and the opposite direction."""
    for sign, name, symbol in ((1.0, "B", "o"), (-1.0, "−B", "x")):
        lon, lat = lonlat(sign * np.asarray(field_icrs))
        axes.plot(-np.radians(lon - 180.0), np.radians(lat), symbol, color="black", markersize=4.5, fillstyle="none")
        axes.annotate(name, (-np.radians(lon - 180.0), np.radians(lat)), textcoords="offset points", xytext=(5, 3),
                      fontsize=7)


@styled
def skies(panels: dict, dec, ra, *, field_icrs=None, columns: int = 1, unit: str = "relative intensity − 1, 10⁻³",
          scale: float = 1e3, offset: float = 1.0, limit: float | None = None, cmap: str = "RdBu_r",
          symmetric: bool = True) -> Figure:
    """Maps of the sky, one a panel, on a common scale.

    Parameters
    ----------
    panels : dict of str to ndarray
        Title and values of shape (n_dec, n_ra), NaN where not observed; shown as (value - offset) * scale.
    dec, ra : ndarray
        Pixel centres, degrees.
    field_icrs : ndarray, optional
        Direction of the interstellar field, marked on each panel.
    columns : int
        Panels side by side.
    limit : float, optional
        Largest value of the colour scale; by default the largest shown.
    symmetric : bool
        Centre the scale on 0.
    """
    rows = -(-len(panels) // columns)
    fig = Figure(figsize=(PAGE if columns > 1 else 4.6, (2.5 if columns == 1 else 2.15) * rows + 0.4),
                 layout="constrained")
    shown = {title: (np.asarray(values) - offset) * scale for title, values in panels.items()}
    largest = limit or max(np.nanmax(np.abs(values)) for values in shown.values())
    smallest = -largest if symmetric else min(np.nanmin(values) for values in shown.values())
    grid = fig.add_gridspec(rows, columns)
    for i, (title, values) in enumerate(shown.items()):
        axes = _sky_axes(fig, grid[i // columns, i % columns])
        mesh = _mesh(axes, dec, ra, values, cmap=cmap, vmin=smallest, vmax=largest)
        if field_icrs is not None:
            _mark_field(axes, field_icrs)
        axes.set_title(title, pad=9)
    fig.colorbar(mesh, ax=fig.axes, orientation="horizontal", shrink=0.6, aspect=40, pad=0.03, label=unit)
    return fig


def figure_2(sky, fit, renormalised, field_icrs) -> Figure:
    """Figure 2 of the paper: the sky observed, fitted and renormalised."""
    return skies({f"Observed: {sky.label}": sky.relative_intensity,
                  f"Fitted, Eqs. (1)-(3), order {fit.order}": fit.relative_intensity,
                  "Renormalised: rings restored from the model": renormalised.sky.relative_intensity},
                 sky.dec, sky.ra, field_icrs=field_icrs)


# -- heliosphere and orbits ----------------------------------------------------------------------------------------


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
    angle = np.linspace(0.0, 0.93 * np.pi, 200)
    nose = heliosphere.parameters.nose_AU / np.cos(angle / 2.0)
    for i, (other, name) in enumerate(((0, "x, along the field across the flow (AU)"), (1, "y (AU)"))):
        axes = fig.add_subplot(1, 2, i + 1)
        for track, label in zip(tracks, labels, strict=True):
            axes.plot(track[:, 2], track[:, other], linewidth=0.9, label=label if i == 0 else None)
        for sign in (1.0, -1.0):
            axes.plot(nose * np.cos(angle), sign * nose * np.sin(angle), color="0.4", linewidth=0.8,
                      label="heliopause" if i == 0 and sign > 0 else None)
        axes.add_patch(mpl.patches.Circle((0, 0), heliosphere.parameters.shock_AU, fill=False, linestyle="--",
                                          color="0.4", linewidth=0.8))
        axes.set(aspect="equal", xlim=(-extent_AU, extent_AU), ylim=(-extent_AU, extent_AU),
                 xlabel="z, upwind (AU)", ylabel=name)
    fig.axes[0].legend(loc="upper left", fontsize=7)
    return fig


# -- spectra, profiles and distributions ----------------------------------------------------------------------------


@styled
def curves(x, lines: dict, *, xlabel: str, ylabel: str, height: float = 2.8, **axes_options) -> Figure:
    """Named curves over a common abscissa; a value may be (y,) or a pair (y, sigma) drawn with its band."""
    fig = Figure(figsize=(PAGE, height), layout="constrained")
    axes = fig.add_subplot()
    styles = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
    for (label, line), style in zip(lines.items(), [*styles] * 3, strict=False):
        y, band = line if isinstance(line, tuple) else (line, None)
        drawn, = axes.plot(x, y, linestyle=style, label=label)
        if band is not None:
            axes.fill_between(x, y - band, y + band, alpha=0.2, color=drawn.get_color(), linewidth=0)
    axes.set(xlabel=xlabel, ylabel=ylabel, **axes_options)
    axes.legend()
    return fig


@styled
def coefficients(names: Sequence[str], values, sigma, truth=None) -> Figure:
    """Fitted coefficients with their errors, and the truth of a synthetic sky; the first has a scale of its own."""
    fig = Figure(figsize=(PAGE, 2.6), layout="constrained")
    for axes, part in zip(fig.subplots(1, 2, width_ratios=(1, 5)), (slice(0, 1), slice(1, None)), strict=True):
        place = np.arange(len(names))[part]
        axes.errorbar(place, np.asarray(values)[part] * 1e4, np.asarray(sigma)[part] * 1e4, fmt="o", markersize=4,
                      capsize=2, color=COLOURS["black"], label="fitted")
        if truth is not None:
            axes.plot(place, np.asarray(truth)[part] * 1e4, "_", markersize=16, markeredgewidth=1.6,
                      color=COLOURS["red"], label="truth")
        axes.set_xticks(place, [name.replace("_", "") for name in names[part]])
        axes.set(ylabel="coefficient (10⁻⁴)", xlim=(place[0] - 0.5, place[-1] + 0.5))
    axes.axhline(0.0, color="0.6", linewidth=0.7)
    axes.legend()
    return fig


@styled
def ring_means(dec, fitted, sigma, truth=None) -> Figure:
    """What each declination ring is multiplied by, and the truth of a synthetic sky."""
    fig = Figure(figsize=(PAGE, 2.6), layout="constrained")
    axes = fig.add_subplot()
    axes.axhline(0.0, color="0.6", linewidth=0.7, label="what the rings leave")
    axes.plot(dec, (fitted - 1.0) * 1e3, label="restored from the model")
    axes.fill_between(dec, (fitted - sigma - 1.0) * 1e3, (fitted + sigma - 1.0) * 1e3, alpha=0.25, linewidth=0)
    if truth is not None:
        axes.plot(dec, (truth - 1.0) * 1e3, "--", color=COLOURS["red"], label="truth")
    axes.set(xlabel="declination (degrees)", ylabel="ring mean − 1 (10⁻³)")
    axes.legend()
    return fig


@styled
def pad(distribution, truth=None, ignoring=None) -> Figure:
    """Pitch-angle distribution with errors, fitted series, truth, and bins of the sky ignoring the heliosphere."""
    fig = Figure(figsize=(PAGE, 3.6), layout="constrained")
    upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    fine = np.linspace(-1.0, 1.0, 201)
    upper.errorbar(distribution.mu, (distribution.F - 1.0) * 1e3, distribution.sigma * 1e3, fmt="o", markersize=3,
                   capsize=2, color=COLOURS["black"], label="binned, Eq. (4)")
    upper.plot(fine, (distribution.series(fine) - 1.0) * 1e3,
               label=f"Legendre series, order {distribution.legendre.size}")
    if ignoring is not None:
        upper.plot(distribution.mu, (ignoring - 1.0) * 1e3, "s", markersize=3, color=COLOURS["orange"],
                   fillstyle="none", label="observed sky, heliosphere and rings ignored")
    if truth is not None:
        upper.plot(fine, (truth(fine) - 1.0) * 1e3, "--", label="truth")
    upper.set(ylabel="F − 1 (10⁻³)")
    upper.legend()
    reference = truth if truth is not None else distribution.series
    lower.axhline(0.0, color="0.6", linewidth=0.7)
    lower.errorbar(distribution.mu, (distribution.F - reference(distribution.mu)) * 1e3, distribution.sigma * 1e3,
                   fmt="o", markersize=3, capsize=2, color=COLOURS["black"])
    lower.set(xlabel="pitch-angle cosine μ", ylabel=f"minus {'truth' if truth is not None else 'series'}")
    return fig


@styled
def figure_3(distribution, transport, truth=None, rates=(-2e-5, -1e-5, 0.0, 1e-5, 2e-5)) -> Figure:
    """Figure 3 of the paper: D(mu) with its band, the distribution with model and residuals, curves for several T_0.

    Parameters
    ----------
    distribution : PitchAngleDistribution
        Data.
    transport : TransportFit
        A fit that found a model (`transport.law` is not None).
    truth : SkyTruth, optional
        Of a synthetic sky.
    rates : sequence of five floats
        T_0 of the curves below, 1/yr: multiples of S/L, the rate at which a uniform gradient would have to change.
    """
    fig = Figure(figsize=(PAGE, 5.6), layout="constrained")
    grid = fig.add_gridspec(3, 2, height_ratios=(2.2, 0.8, 2.4))
    fine = np.linspace(-1.0, 1.0, 201)

    scattering = fig.add_subplot(grid[:2, 0])
    scattering.fill_between(transport.mu, transport.D_low, transport.D_high, alpha=0.25, linewidth=0,
                            label="68 % of the posterior")
    scattering.plot(transport.mu, transport.D, label="best fit, Eq. (6)")
    if truth is not None:
        scattering.plot(fine, diffusion_coefficient(truth.scattering(), fine, transport.kappa29), "--", label="truth")
    top = 1.45 * max(np.max(transport.D_high), np.max(transport.D))
    scattering.set(xlabel="pitch-angle cosine μ", ylabel="D (1/yr)", title="Pitch-angle diffusion", ylim=(0.0, top))
    scattering.legend(loc="upper center", ncols=2)

    data = {"fmt": "o", "markersize": 3, "capsize": 2, "color": COLOURS["black"]}
    upper, lower = fig.add_subplot(grid[0, 1]), fig.add_subplot(grid[1, 1])
    upper.errorbar(distribution.mu, (distribution.F - 1.0) * 1e3, distribution.sigma * 1e3, **data, label="data")
    upper.plot(fine, (transport.F(fine) - 1.0) * 1e3, label=transport.closure)
    if truth is not None:
        upper.plot(fine, (truth.pad(fine) - 1.0) * 1e3, "--", label="truth")
    upper.set(ylabel="F − 1 (10⁻³)", title="Pitch-angle distribution", xticklabels=[])
    upper.legend()
    lower.axhline(0.0, color="0.6", linewidth=0.7)
    residual = distribution.F - transport.F(distribution.mu)
    lower.errorbar(distribution.mu, residual * 1e4, distribution.sigma * 1e4, **data)
    lower.set(xlabel="pitch-angle cosine μ", ylabel="residual (10⁻⁴)")

    below, change = fig.add_subplot(grid[2, 0]), fig.add_subplot(grid[2, 1])
    below.errorbar(distribution.mu, (distribution.F - 1.0) * 1e3, distribution.sigma * 1e3, **data)
    change.errorbar(distribution.mu, residual * 1e4, distribution.sigma * 1e4, **data)
    best, styles = transport.F(fine), (":", "-.", "-", "--", (0, (5, 1)))
    for rate, style in zip(rates, styles, strict=True):
        curve = transport.F(fine, T_0=rate)
        below.plot(fine, (curve - 1.0) * 1e3, linestyle=style, label=f"T₀ = {rate * 1e6:+.0f} × 10⁻⁶ / yr")
        change.plot(fine, (curve - best) * 1e4, linestyle=style)
    below.set(xlabel="pitch-angle cosine μ", ylabel="F − 1 (10⁻³)", title="Were the intensity to change in time")
    change.set(xlabel="pitch-angle cosine μ", ylabel="F − best fit (10⁻⁴)", title="The same, minus the best fit")
    below.legend()
    return fig


@styled
def apparent(mu, without, focused, law=None) -> Figure:
    """D(mu) read off a distribution without and with focusing, each with its band and beside its mirror image.

    Parameters
    ----------
    mu : ndarray
        Symmetric about 0.
    without, focused : pairs of ndarray
        D and its error, 1/yr.
    law : ndarray, optional
        D of the fitted law, drawn in the second panel.
    """
    fig = Figure(figsize=(PAGE, 2.9), layout="constrained")
    panels = fig.subplots(1, 2, sharey=True)
    for axes, (D, error), title in zip(panels, (without, focused), ("Focusing left out", "Focusing as fitted"),
                                       strict=True):
        axes.fill_between(mu, D - error, D + error, alpha=0.25, linewidth=0)
        axes.plot(mu, D, label="read off F")
        axes.plot(mu, D[::-1], ":", label="its mirror image")
        axes.set(xlabel="pitch-angle cosine μ", title=title)
    if law is not None:
        panels[1].plot(mu, law, "--", color=COLOURS["black"], label="fit of Eq. (6)")
    top = max(np.max(without[0]), np.max(focused[0]))
    if law is not None:  # where the slope of F is nearly zero, what is read off has no bound
        top = min(top, 3.0 * np.max(law))
    panels[0].set(ylabel="D (1/yr)", ylim=(0.0, 1.4 * top))
    for axes in panels:
        axes.legend(loc="upper center", ncols=2)
    return fig


@styled
def joint_region(region, kappa29: float = 1.0, paper: tuple[float, float] | None = None) -> Figure:
    """The 68 and 95 % regions of 1/L and T_0 together, with the lines of the two closures.

    Parameters
    ----------
    region : JointRegion
        Chi-square on its grid.
    kappa29 : float
        For the label.
    paper : (1/L, bound on T_0), optional
        Marked as a vertical bar.
    """
    fig = Figure(figsize=(PAGE, 3.4), layout="constrained")
    axes = fig.add_subplot()
    rates = region.T_0 * 1e6
    axes.contourf(region.inverse_L, rates, region.delta_chi2, levels=[0.0, 2.296, 5.991], alpha=0.5,
                  colors=[COLOURS["blue"], COLOURS["sky"]])
    line = np.sort(region.inverse_L[0])
    axes.plot(line, 0.0 * line, color=COLOURS["black"], label="steady flux tube, T₀ = 0")
    axes.plot(line, -1e6 * region.streaming * line, "--", color=COLOURS["red"], label="uniform gradient, T₀ = −S/L")
    for inverse in (region.flux_tube, region.uniform):
        rate = 0.0 if inverse == region.flux_tube else -1e6 * region.streaming * inverse
        axes.plot(inverse, rate, "o", color=COLOURS["black"], markersize=4)
        axes.annotate(f"L = {1.0 / inverse:.1f} pc", (inverse, rate), textcoords="offset points", xytext=(8, 6))
    if paper is not None:
        axes.errorbar(paper[0], 0.0, 1e6 * paper[1], fmt="none", capsize=5, color=COLOURS["orange"],
                      label="L and bound of the paper")
    axes.fill_between([], [], color=COLOURS["blue"], alpha=0.5, label="68 %")
    axes.fill_between([], [], color=COLOURS["sky"], alpha=0.5, label="95 %")
    axes.set(xlabel=f"1/L (1/pc), κ₂₉ = {kappa29:g}", ylabel="T₀ (10⁻⁶ / yr)", xlim=(line[0], line[-1]),
             ylim=(np.min(rates), np.max(rates)))
    axes.legend(loc="upper right", fontsize=7)
    return fig


@styled
def posterior(columns: dict, weights, truth: dict | None = None) -> Figure:
    """Weighted sample of a few quantities: histograms on the diagonal, pairs below it.

    Parameters
    ----------
    columns : dict of str to ndarray
        Label and values, shape (n,).
    weights : ndarray, shape (n,)
        Of the sample.
    truth : dict of str to float, optional
        Marked by lines, for the labels it holds.
    """
    names, truth = list(columns), truth or {}
    fig = Figure(figsize=(PAGE, 5.4), layout="constrained")
    panels = fig.subplots(len(names), len(names), sharex="col")
    limits = {}
    for name, values in columns.items():
        order = np.argsort(values)
        low, high = np.interp([0.005, 0.995], np.cumsum(weights[order]), values[order])
        limits[name] = (low - 0.1 * (high - low), high + 0.1 * (high - low))
    for i, row in enumerate(names):
        for j, column in enumerate(names):
            axes = panels[i, j]
            if j > i:
                axes.set_axis_off()
                continue
            if i == j:
                axes.hist(columns[row], bins=30, range=limits[row], weights=weights, histtype="stepfilled", alpha=0.5)
            else:
                axes.hist2d(columns[column], columns[row], bins=30, range=(limits[column], limits[row]),
                            weights=weights, cmap="Blues", rasterized=True)
                if row in truth:
                    axes.axhline(truth[row], linestyle="--", linewidth=0.9, color=COLOURS["red"])
            if column in truth:
                axes.axvline(truth[column], linestyle="--", linewidth=0.9, color=COLOURS["red"])
            axes.tick_params(labelsize=7, labelleft=j == 0 and i > 0)
            if i == j:
                axes.set_yticks([])
            if i == len(names) - 1:
                axes.set_xlabel(column)
            if j == 0 and i > 0:
                axes.set_ylabel(row)
    return fig


@styled
def work_precision(panels: dict, floors: dict) -> Figure:
    """Speed against error of several codes, log-log: 99th percentile, with a bar down to the median.

    Parameters
    ----------
    panels : dict of str to list
        Title and points with `code`, `rate` (orbits/s), `median` and `p99` (degrees).
    floors : dict of str to float
        By title: orbits/s that the bare evaluations of the field would allow.
    """
    fig = Figure(figsize=(PAGE, 3.4), layout="constrained")
    for axes, (title, points) in zip(fig.subplots(1, len(panels)), panels.items(), strict=True):
        for code, symbol in zip(dict.fromkeys(point.code for point in points), "osD^vP", strict=False):
            own = [point for point in points if point.code == code]
            error, rate = [point.p99 for point in own], [point.rate for point in own]
            bar = [[point.p99 - point.median for point in own], [0.0] * len(own)]
            axes.errorbar(error, rate, xerr=bar, fmt=symbol + "-", markersize=4, linewidth=1.0, elinewidth=0.5,
                          label=code)
        axes.axhline(floors[title], color="0.4", linestyle=":", linewidth=1.0, label="evaluations of the field alone")
        axes.set(xscale="log", yscale="log", title=title, xlabel="error of the final direction (degrees)")
        axes.legend(fontsize=6.5, loc="center left", bbox_to_anchor=(0.0, 0.45))
    fig.axes[0].set_ylabel("orbits per second, one core")
    return fig
