"""Curves, coefficients, the pitch-angle distribution, speed against error."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from lisbon_core.plots.skies import colour_pixels, mark_field, sky_axes
from lisbon_core.plots.style import COLOURS, POINTS, blank, one_panel, styled

__all__ = ["coefficients", "curves", "fit_of_order", "pad", "work_precision"]


@styled
def curves(x, lines: dict, *, xlabel: str, ylabel: str, height: float = 2.8, **axes_options) -> Figure:
    """Named curves over a common abscissa; a value may be (y,) or a pair (y, sigma) drawn with its band."""
    fig, axes = one_panel(height)
    styles = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))
    for (label, line), style in zip(lines.items(), [*styles] * 3, strict=False):
        y, band = line if isinstance(line, tuple) else (line, None)
        drawn, = axes.plot(x, y, linestyle=style, label=label)
        if band is not None:
            axes.fill_between(x, y - band, y + band, alpha=0.2, color=drawn.get_color(), linewidth=0)
    axes.set(xlabel=xlabel, ylabel=ylabel, **axes_options)
    if len(lines) > 1:
        axes.legend()
    return fig


@styled
def coefficients(names: Sequence[str], values, sigma, truth=None) -> Figure:
    """Fitted coefficients with their errors, and the truth of a synthetic sky; the first has a scale of its own."""
    fig = blank(2.6)
    for axes, part in zip(fig.subplots(1, 2, width_ratios=(1, 5)), (slice(0, 1), slice(1, None)), strict=True):
        place = np.arange(len(names))[part]
        axes.errorbar(place, np.asarray(values)[part] * 1e4, np.asarray(sigma)[part] * 1e4, fmt="o", markersize=4,
                      capsize=2, color=COLOURS["black"], label="fitted")
        if truth is not None:
            axes.plot(place, np.asarray(truth)[part] * 1e4, "_", markersize=16, markeredgewidth=1.6,
                      color=COLOURS["red"], label="truth")
        axes.set_xticks(place, [name.replace("_", "") for name in names[part]])
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
    axes = sky_axes(fig, grid[0])
    residual = (sky.relative_intensity - fit.relative_intensity) * 1e3
    mesh = colour_pixels(axes, sky.dec, sky.ra, residual, cmap="RdBu_r", vmin=-1.0, vmax=1.0)
    mark_field(axes, field_icrs)
    axes.set_title("observed − fitted", pad=6)
    fig.colorbar(mesh, ax=axes, orientation="horizontal", shrink=0.7, aspect=30, pad=0.05, label="10⁻³")
    axes, mu = fig.add_subplot(grid[1]), np.linspace(-1.0, 1.0, 201)
    table = np.polynomial.legendre.legvander(mu, fit.order)[:, 1:]
    F, part = table @ fit.theta[:fit.order], fit.covariance[:fit.order, :fit.order]
    error = np.sqrt(np.einsum("ij,jk,ik->i", table, part, table))
    axes.plot(mu, F * 1e3, label=f"fitted, order {fit.order}")
    axes.fill_between(mu, (F - error) * 1e3, (F + error) * 1e3, alpha=0.3, linewidth=0)
    if truth is not None:
        axes.plot(mu, (truth(mu) - 1.0) * 1e3, "--", label="truth")
    axes.set(xlabel="pitch-angle cosine μ", ylabel="F − 1 (10⁻³)")
    axes.legend(loc="upper left")
    return fig


def draw_distribution(upper, lower, distribution, models: dict, against: str, off: str, label: str = "data") -> None:
    """Bins of a pitch-angle distribution with errors and models of it; below, how far they are off the one named.

    models : functions of mu by name, of which the `truth` is dashed; off : what to call the difference.
    """
    fine = np.linspace(-1.0, 1.0, 201)
    upper.errorbar(distribution.mu, (distribution.F - 1.0) * 1e3, distribution.sigma * 1e3, **POINTS, label=label)
    for name, model in models.items():
        upper.plot(fine, (model(fine) - 1.0) * 1e3, "--" if name == "truth" else "-", label=name)
    upper.set(ylabel="F − 1 (10⁻³)")
    upper.legend()
    lower.axhline(0.0, color="0.6", linewidth=0.7)
    residual = distribution.F - models[against](distribution.mu)
    lower.errorbar(distribution.mu, residual * 1e4, distribution.sigma * 1e4, **POINTS)
    lower.set(xlabel="pitch-angle cosine μ", ylabel=f"{off}\n(10⁻⁴)")
    upper.figure.align_ylabels((upper, lower))


@styled
def pad(distribution, truth=None, ignoring=None) -> Figure:
    """Pitch-angle distribution with errors, fitted series, truth, and bins of the sky ignoring the heliosphere."""
    fig = blank(3.6)
    upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    series = f"Legendre series, order {distribution.legendre.size}"
    models = {series: distribution.series} | ({"truth": truth} if truth is not None else {})
    if ignoring is not None:
        upper.plot(distribution.mu, (ignoring - 1.0) * 1e3, "s", markersize=3, color=COLOURS["orange"],
                   fillstyle="none", label="observed sky, heliosphere and rings ignored")
    against, off = (series, "F − series") if truth is None else ("truth", "F − truth")
    draw_distribution(upper, lower, distribution, models, against, off, label="binned, Eq. (4)")
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
