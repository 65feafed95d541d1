"""What the conclusions depend on: assumptions changed one by one, kinds of them, members of an ensemble, fields."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lisbon_core.plots.style import COLOURS, COLUMN, blank, one_panel, styled


def row_panels(titles, labels, height: float, size: float) -> Figure:
    """A figure with panels side by side, one a title; their rows 0, 1, ... go down and carry labels of this size."""
    fig = blank(height)
    for axes, title in zip(fig.subplots(1, len(titles), sharey=True), titles, strict=True):
        axes.set_title(title, fontsize=8)
        axes.tick_params(labelsize=7)
    fig.axes[0].set_yticks(range(len(labels)), labels, fontsize=size)
    fig.axes[0].set_ylim(len(labels) - 0.5, -0.5)
    return fig


@styled
def sensitivity(labels, kinds, panels: dict, suspect) -> Figure:
    """Claims under changed assumptions, one panel a claim; the first row is the run as assumed, a band if it fits.

    Parameters
    ----------
    labels, kinds : sequences of str, length n
        Of each row; a line is drawn where the kind changes.
    panels : dict of str to (values, sigma, truth)
        Title; values and errors of shape (n,), NaN where not determined (errors also where there is none); the truth of
        a synthetic sky or None.
    suspect : ndarray of bool
        Rows whose fit is bad: drawn hollow.
    """
    rows = np.arange(len(labels))
    fig = row_panels(panels, labels, 0.9 + 0.185 * len(labels), 6.5)
    for axes, (values, sigma, truth) in zip(fig.axes, panels.values(), strict=True):
        values, sigma = np.asarray(values, dtype=float), np.nan_to_num(np.asarray(sigma, dtype=float))
        if not suspect[0]:
            axes.axvspan(values[0] - sigma[0], values[0] + sigma[0], color=COLOURS["sky"], alpha=0.25, linewidth=0)
            axes.axvline(values[0], color=COLOURS["blue"], linewidth=0.8)
        if truth is not None:
            axes.axvline(truth, color=COLOURS["red"], linestyle="--", linewidth=1.0)
        for which, fill in ((~suspect, "full"), (suspect, "none")):
            axes.errorbar(values[which], rows[which], xerr=sigma[which], fmt="o", markersize=3.2, linewidth=0.8,
                          fillstyle=fill, color=COLOURS["black"])
        for row in rows[~np.isfinite(values)]:
            axes.text(0.5, row, "not determined", fontsize=5.5, ha="center", va="center",
                      transform=axes.get_yaxis_transform())
        for row in rows[1:]:
            if kinds[row] != kinds[row - 1]:
                axes.axhline(row - 0.5, color="0.85", linewidth=0.6, zorder=0)
    return fig


@styled
def error_budget(panels: dict[str, dict[str, float]], statistical: dict[str, float]) -> Figure:
    """What each kind of assumption adds to the systematic error of some numbers, a panel a number.

    Parameters
    ----------
    panels : dict of dict
        By the number's title: by kind, its part of the systematic error; the kinds of the first set the order.
    statistical : dict
        By the same titles: the statistical error, drawn as a line.
    """
    kinds = list(next(iter(panels.values())))
    fig = row_panels(panels, kinds, 1.0 + 0.2 * len(kinds), 7)
    for axes, (title, parts) in zip(fig.axes, panels.items(), strict=True):
        axes.barh(range(len(kinds)), [parts[kind] for kind in kinds], color=COLOURS["orange"], height=0.7)
        axes.axvline(statistical[title], color=COLOURS["blue"], linewidth=1.2)
    return fig


@styled
def members_fitted(values, chi2, assumed, title: str, truth=None) -> Figure:
    """A number found through each member of an ensemble, against how well the sky is fitted through it.

    Parameters
    ----------
    values, chi2 : array (n_member,)
        The last member is the heliosphere of another kind.
    assumed : (value, sigma, chi2)
        Through the heliosphere of the run.
    title : str
        Of the number.
    truth : float, optional
        Of a synthetic sky.
    """
    fig, axes = one_panel(2.8)
    axes.plot(values[:-1], chi2[:-1], "o", color=COLOURS["black"], markersize=4, label="drawn from the laws")
    axes.plot(values[-1:], chi2[-1:], "s", color=COLOURS["orange"], markersize=6, label="of another kind")
    axes.errorbar(assumed[0], assumed[2], xerr=assumed[1], fmt="D", color=COLOURS["blue"], markersize=5,
                  label="as assumed")
    if truth is not None:
        axes.axvline(truth, color=COLOURS["red"], linestyle="--", linewidth=1.0, label="truth")
    axes.set(xlabel=title, ylabel="reduced chi-square")
    axes.legend(fontsize=7)
    return fig


@styled
def field_fan(directions, chi2, best=None, assumed=None) -> Figure:
    """Reduced chi-square over directions of the field, and the region of the one that suits best.

    Parameters
    ----------
    directions, chi2 : array (n, 2), array (n,)
        Longitude and latitude, degrees, and reduced chi-square of each.
    best : FieldPosterior, optional
        Drawn as its 68 and 95 % ellipses.
    assumed : (longitude, latitude), optional
        Marked with a cross.
    """
    directions = np.asarray(directions, dtype=float)
    fig, axes = one_panel(3.0, COLUMN)
    axes.margins(0.08)
    dots = axes.scatter(*directions.T, c=chi2, s=60, cmap="viridis", norm="log", edgecolors="0.5", linewidths=0.4)
    narrow = np.cos(np.radians(directions[:, 1].mean()))
    if best is not None:
        turn = np.linspace(0.0, 2.0 * np.pi, 121)
        circle = np.linalg.cholesky(best.covariance[:2, :2]) @ np.stack([np.cos(turn), np.sin(turn)])
        for level, style in ((2.30, "-"), (5.99, "--")):  # 68 and 95 % of a normal law in two dimensions
            x, y = np.sqrt(level) * circle
            axes.plot(best.field[0] + x / np.cos(np.radians(best.field[1])), best.field[1] + y, style,
                      color=COLOURS["red"], linewidth=1.0)
    if assumed is not None:
        axes.plot(*assumed, "x", color=COLOURS["black"], markersize=6)
    axes.set(xlabel="longitude (degrees)", ylabel="latitude (degrees)", aspect=1.0 / narrow)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    fig.colorbar(dots, ax=axes, orientation="horizontal", aspect=25, label="reduced chi-square",
                 ticks=MaxNLocator(4).tick_values(np.min(chi2), np.max(chi2)), format="%.3g").minorticks_off()
    return fig
