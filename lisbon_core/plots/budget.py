"""Where the errors come from, and what the members of an ensemble say."""

from matplotlib.figure import Figure

from lisbon_core.plots.sensitivity import row_panels
from lisbon_core.plots.style import COLOURS, one_panel, styled


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
