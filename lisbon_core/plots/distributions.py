"""Curves and points: coefficients, the pitch-angle distribution, the dipole against energy, speed against error."""

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from lisbon_core.ground.rounding import formula
from lisbon_core.plots.skies import colour_pixels, sky_axes
from lisbon_core.plots.style import COLOURS, EXCESS, MU, POINTS, blank, styled, with_band

HEMISPHERES = {**COLOURS, "north": COLOURS["blue"], "south": COLOURS["red"], "both": COLOURS["black"]}


@styled
def curves(x, lines: dict, *, xlabel: str, ylabel: str, height: float = 2.8, **axes_options) -> Figure:
    """Named curves over a common abscissa, in one panel or in several side by side.

    Parameters
    ----------
    lines : dict
        By name (y,) or a pair (y, sigma), drawn with its band; or by the title of a panel a dict of these.
    """
    panels = lines if isinstance(next(iter(lines.values())), dict) else {"": lines}
    styles, fig = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1))), blank(height)
    for axes, (title, own) in zip(fig.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(),
                                  strict=True):
        for (label, line), style in zip(own.items(), cycle(styles), strict=False):
            with_band(axes, x, *(line if isinstance(line, tuple) else (line,)), linestyle=style, label=label)
        axes.set(xlabel=xlabel, title=title, **axes_options)
        if len(own) > 1:
            axes.legend()
    fig.axes[0].set_ylabel(ylabel)
    return fig


@styled
def coefficients(names: Sequence[str], values, sigma, truth=None) -> Figure:
    """Fitted coefficients with their errors, and the truth of a synthetic sky; the first has a scale of its own."""
    fig, parts = blank(2.6), (slice(0, 1), slice(1, None))[:len(names)]
    for axes, part in zip(fig.subplots(1, len(parts), width_ratios=(1, 5)[:len(parts)], squeeze=False)[0], parts,
                          strict=True):
        place = np.arange(len(names))[part]
        axes.errorbar(place, np.asarray(values)[part] * 1e4, np.asarray(sigma)[part] * 1e4, fmt="o", markersize=4,
                      capsize=2, color=COLOURS["black"], label="fitted")
        if truth is not None:
            axes.plot(place, np.asarray(truth)[part] * 1e4, "_", markersize=16, markeredgewidth=1.6,
                      color=COLOURS["red"], label="truth")
        axes.set_xticks(place, [formula(name) for name in names[part]])
        axes.set(ylabel="coefficient (10⁻⁴)", xlim=(place[0] - 0.5, place[-1] + 0.5), ymargin=0.15)
    axes.axhline(0.0, color="0.6", linewidth=0.7)
    axes.legend()
    return fig


@styled
def fit_of_order(sky, fit, field_icrs, truth=None) -> Figure:
    """What a fit of some order leaves of the sky, and the pitch-angle distribution it gives with its error.

    Parameters
    ----------
    sky, fit : SkyMap, AnisotropyFit
        Data and fit.
    field_icrs : ndarray (3,)
        Direction of the interstellar field.
    truth : callable, optional
        F(mu) of a synthetic sky.
    """
    fig = blank(2.9)
    grid = fig.add_gridspec(1, 2, width_ratios=(1.3, 1.0))
    axes = sky_axes(fig, grid[0], "observed − fitted", field_icrs)
    residual = (sky.relative_intensity - fit.relative_intensity) * 1e3
    mesh = colour_pixels(axes, sky.dec, sky.ra, residual, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
    fig.colorbar(mesh, ax=axes, orientation="horizontal", shrink=0.7, aspect=30, pad=0.05, label="10⁻³")
    axes, mu = fig.add_subplot(grid[1]), np.linspace(-1.0, 1.0, 201)
    table = np.polynomial.legendre.legvander(mu, fit.order)[:, 1:]
    F, part = table @ fit.theta[:fit.order], fit.covariance[:fit.order, :fit.order]
    error = np.sqrt(np.einsum("ij,jk,ik->i", table, part, table))
    with_band(axes, mu, F * 1e3, error * 1e3, label=f"fitted, order {fit.order}")
    if truth is not None:
        axes.plot(mu, (truth(mu) - 1.0) * 1e3, "--", label="truth")
    axes.set(xlabel=MU, ylabel=EXCESS)
    axes.legend(loc="upper left")
    return fig


def draw_distribution(upper, lower, distribution, models: dict, reference, off: str, data: str) -> None:
    """Bins of a pitch-angle distribution with errors, and models of it; below, how far they are off a reference.

    Parameters
    ----------
    models : dict of str to (function of mu, line style)
        By what to call them.
    reference : function of mu
        Mostly one of them.
    off : str
        What to call the difference, with its unit.
    data : str
        What to call the bins.
    """
    mu = np.linspace(-1.0, 1.0, 201)
    upper.errorbar(distribution.mu, (distribution.F - 1.0) * 1e3, distribution.sigma * 1e3, **POINTS, label=data)
    residual = distribution.F - reference(distribution.mu)
    lower.errorbar(distribution.mu, residual * 1e4, distribution.sigma * 1e4, **POINTS)
    lower.axhline(0.0, color="0.6", linewidth=0.7)
    for name, (model, style) in models.items():
        upper.plot(mu, (model(mu) - 1.0) * 1e3, linestyle=style, label=name)
    upper.set(ylabel=EXCESS)
    upper.legend()
    lower.set(xlabel=MU, ylabel=off)
    upper.figure.align_ylabels((upper, lower))


@styled
def pad(distribution, truth=None, ignoring=None) -> Figure:
    """Pitch-angle distribution with errors, fitted series, truth, and bins of the sky ignoring the heliosphere."""
    fig = blank(3.6)
    upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    if ignoring is not None:
        upper.plot(distribution.mu, (ignoring - 1.0) * 1e3, "s", markersize=3, color=COLOURS["orange"],
                   fillstyle="none", label="observed sky, heliosphere and rings ignored")
    models = {f"Legendre series, order {distribution.legendre.size}": (distribution.series, "-")}
    if truth is not None:
        models["truth"] = truth, "--"
    draw_distribution(upper, lower, distribution, models, truth or distribution.series,
                      f"F − {'truth' if truth else 'series'}\n(10⁻⁴)", "binned, Eq. (4)")
    return fig


def _wrapped(phase):
    return (np.asarray(phase) + 180.0) % 360.0 - 180.0


@styled
def dipole_energy(panels: dict, points: list) -> Figure:
    """Amplitude of the equatorial dipole above, its phase below, against energy: predictions, and measured points.

    Parameters
    ----------
    panels : dict of str to dict of str to (Harmonics, colour, line style)
        By title and name; colour: of a hemisphere, 'north', 'south' or 'both', or one of the house style.
    points : list of (series, hemisphere, energy, amplitude, amplitude_sigma, phase, phase_sigma)
        Measured, amplitudes of the dipole.
    """
    fig = blank(5.8)
    rows = fig.subplots(2, len(panels), sharex=True, sharey="row", squeeze=False)
    for (title, lines), (above, below) in zip(panels.items(), rows.T, strict=True):
        for (label, (one, name, style)), size in zip(lines.items(), cycle((1.4, 1.4, 1.0)), strict=False):
            colour, factor = HEMISPHERES[name], 1e3 * one.field_of_view
            how = {"linestyle": style, "color": colour, "linewidth": size}
            with_band(above, one.energy, factor * one.amplitude, factor * one.amplitude_sigma, label=label, **how)
            with_band(below, one.energy, _wrapped(one.phase), np.minimum(one.phase_sigma, 90.0), **how)
        symbols = dict(zip(dict.fromkeys(point[0] for point in points), cycle("osD^v<>pPX*hd"), strict=False))
        for series, hemisphere, energy, amplitude, error, phase, phase_error in points:
            dot = {"fmt": symbols[series], "markersize": 3.5, "elinewidth": 0.7, "color": HEMISPHERES[hemisphere],
                   "markerfacecolor": "white", "markeredgewidth": 0.7}
            above.errorbar(energy, 1e3 * amplitude, 1e3 * error, **dot)
            below.errorbar(energy, _wrapped(phase), phase_error, **dot)
        above.set(title=title, xscale="log", yscale="log", ylim=(0.03, 20.0))
        below.set(xlabel="energy (TeV)", ylim=(-140.0, 110.0), yticks=np.arange(-120, 121, 60))
    fig.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=7)
    rows[0, 0].set_ylabel("equatorial dipole (10⁻³)")
    rows[1, 0].set_ylabel("right ascension of its maximum (°)")
    marks = {series: next(point[1] for point in points if point[0] == series) for series in symbols}
    handles = [rows[0, 0].plot([], [], symbols[series], color=HEMISPHERES[marks[series]], markerfacecolor="white",
                               markersize=4, label=series)[0] for series in symbols]
    fig.legend(handles, symbols, loc="outside lower center", ncols=5, fontsize=6.5)
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
    fig = blank(3.4)
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
