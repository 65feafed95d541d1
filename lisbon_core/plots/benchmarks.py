"""Speed against error."""

from matplotlib.figure import Figure

from lisbon_core.plots.style import PAGE, styled

__all__ = ["work_precision"]


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
