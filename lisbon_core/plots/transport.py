"""Scattering and focusing: Figure 3, the posterior, the joint region of 1/L and T_0."""

import numpy as np
from matplotlib.figure import Figure

from lisbon_core.plots.distributions import draw_distribution
from lisbon_core.plots.style import COLOURS, EXCESS, MU, POINTS, blank, one_panel, styled
from lisbon_core.transport import diffusion_coefficient
from lisbon_core.transport.result import quantiles

# T_0 of the lower curves of Figure 3, 1/yr, with their lines: about S/L, the rate that a uniform gradient forces
RATES = {-2e-5: ":", -1e-5: "-.", 0.0: "-", 1e-5: "--", 2e-5: (0, (5, 1))}
TRUTH = {"linestyle": "--", "linewidth": 0.9, "color": COLOURS["red"]}


@styled
def figure_3(distribution, transport, truth=None) -> Figure:
    """Figure 3 of the paper: D(mu) with its band, the distribution with model and residuals, what T_0 would change.

    Parameters
    ----------
    distribution : PitchAngleDistribution
        Data.
    transport : TransportFit
        A fit that found a model (`transport.law` is not None).
    truth : SkyTruth, optional
        Of a synthetic sky.
    """
    fig = blank(5.6)
    grid = fig.add_gridspec(3, 2, height_ratios=(2.0, 1.0, 2.4))

    scattering, mu = fig.add_subplot(grid[:2, 0]), transport.mu
    scattering.fill_between(mu, transport.D_low, transport.D_high, alpha=0.25, linewidth=0,
                            label="68 % of the posterior")
    scattering.plot(mu, transport.D, label="best fit, Eq. (6)")
    models = {f"model, {transport.closure}": (transport.F, "-")}
    if truth is not None:
        scattering.plot(mu, diffusion_coefficient(truth.scattering(), mu, transport.kappa29), "--", label="truth")
        models["truth"] = truth.pad, "--"
    scattering.set(xlabel=MU, ylabel="D (1/yr)", title="Pitch-angle diffusion",
                   ylim=(0.0, 1.45 * np.max([transport.D_high, transport.D])))
    scattering.legend(loc="upper center", ncols=2)

    upper = fig.add_subplot(grid[0, 1])
    lower = fig.add_subplot(grid[1, 1], sharex=upper)
    draw_distribution(upper, lower, distribution, models, transport.F, "data − model\n(10⁻⁴)", "data")
    upper.set_title("Pitch-angle distribution")
    upper.tick_params(labelbottom=False)

    change = fig.add_subplot(grid[2, :])
    change.errorbar(distribution.mu, (distribution.F - transport.F(distribution.mu)) * 1e4, distribution.sigma * 1e4,
                    **POINTS, label="data")
    for rate, style in RATES.items():
        change.plot(mu, (transport.F(mu, T_0=rate) - transport.F(mu)) * 1e4, linestyle=style,
                    label=f"T₀ = {rate * 1e6:+.0f} × 10⁻⁶ / yr".replace("-", "−").replace("+0 × 10⁻⁶ / yr", "0"))
    change.set(xlabel=MU, ylabel="F − best fit (10⁻⁴)", title="Were the intensity to change in time")
    change.legend(ncols=3, loc="upper center")
    return fig


@styled
def responses(columns: dict) -> Figure:
    """D(mu) above and F(mu) below as one parameter after another is turned: small multiples on common scales.

    Parameters
    ----------
    columns : dict of str to list of (str, D, F)
        What is turned; for each value how to call it, D (1/yr) and F - 1, both on an even grid of mu from -1 to 1.
    """
    fig = blank(4.1)
    panels = fig.subplots(2, len(columns), sharex=True, sharey="row", squeeze=False)
    for (title, curves), (above, below) in zip(columns.items(), panels.T, strict=True):
        for (label, D, F), style, shade in zip(curves, ("-", "--", "-."), ("blue", "red", "green"), strict=False):
            mu = np.linspace(-1.0, 1.0, len(D))
            above.plot(mu, D, linestyle=style, color=COLOURS[shade], label=label)
            below.plot(mu, F * 1e3, linestyle=style, color=COLOURS[shade])
        above.set_title(title)
        above.legend(fontsize=7, loc="upper center", handlelength=1.8, borderaxespad=0.0)
        below.set(xlabel="μ", xticks=[-1, 0, 1])
        below.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)
    top = max(np.max(D) for curves in columns.values() for _, D, _ in curves)
    panels[0, 0].set(ylabel="D (1/yr)", ylim=(0.0, 1.6 * top))
    panels[1, 0].set(ylabel=EXCESS)
    return fig


@styled
def joint_region(region, kappa29: float, paper: tuple[float, float]) -> Figure:
    """The 68 and 95 % regions of 1/L and T_0 together, with the lines of the two closures.

    Parameters
    ----------
    region : JointRegion
        Chi-square on its grid.
    kappa29 : float
        For the label.
    paper : (1/L, bound on T_0)
        Marked as a vertical bar.
    """
    fig, axes = one_panel(3.4)
    rates = region.T_0 * 1e6
    axes.contourf(region.inverse_L, rates, region.delta_chi2, levels=[0.0, 2.296, 5.991], alpha=0.5,
                  colors=[COLOURS["blue"], COLOURS["sky"]])
    line = np.sort(region.inverse_L[0])
    axes.plot(line, 0.0 * line, color=COLOURS["black"], label="steady flux tube, T₀ = 0")
    axes.plot(line, -1e6 * region.streaming * line, "--", color=COLOURS["red"], label="uniform gradient, T₀ = −S/L")
    for inverse, rate in ((region.flux_tube, 0.0), (region.uniform, -1e6 * region.streaming * region.uniform)):
        axes.plot(inverse, rate, "o", color=COLOURS["black"], markersize=4)
        axes.annotate(f"L = {1.0 / inverse:.1f} pc", (inverse, rate), textcoords="offset points", xytext=(8, 6))
    axes.errorbar(paper[0], 0.0, 1e6 * paper[1], fmt="none", capsize=5, color=COLOURS["orange"],
                  label="L and bound of the paper")
    for colour, label in (("blue", "68 %"), ("sky", "95 %")):
        axes.fill_between([], [], color=COLOURS[colour], alpha=0.5, label=label)
    low, high = sorted((0, -1), key=lambda row: rates[row].mean())
    inside = region.delta_chi2 < 5.991  # rows of the grid are not level: draw as far as all of the region is on it
    bottom, top = rates[low][inside[low]].max(initial=rates.min()), rates[high][inside[high]].min(initial=rates.max())
    axes.set(xlabel=f"1/L (1/pc), κ₂₉ = {kappa29:g}", ylabel="T₀ (10⁻⁶ / yr)", xlim=(line[0], line[-1]),
             ylim=(bottom, top))
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
    fig = blank(5.4)
    panels = fig.subplots(len(names), len(names), sharex="col")
    limits, bins = {}, 30 if len(weights) > 1000 else 15
    for name, values in columns.items():
        low, high = quantiles(values, weights, [0.005, 0.995])
        limits[name] = (low - 0.1 * (high - low), high + 0.1 * (high - low))
    for (i, j), axes in np.ndenumerate(panels):
        row, column = names[i], names[j]
        if j > i:
            axes.set_axis_off()
            continue
        if i == j:
            axes.hist(columns[row], bins=bins, range=limits[row], weights=weights, histtype="stepfilled", alpha=0.5)
            axes.set_yticks([])
        else:
            axes.hist2d(columns[column], columns[row], bins=bins, range=(limits[column], limits[row]),
                        weights=weights, cmap="Blues", rasterized=True)
            if row in truth:
                axes.axhline(truth[row], **TRUTH)
        if column in truth:
            axes.axvline(truth[column], **TRUTH)
        axes.tick_params(labelsize=7, labelleft=j == 0 and i > 0)
        axes.set(xlabel=column if i == len(names) - 1 else "", ylabel=row if j == 0 < i else "")
    return fig
