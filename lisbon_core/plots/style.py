"""The house style of every figure: sizes, fonts, colours that colour-blind eyes can tell apart."""

import functools

import matplotlib as mpl
from matplotlib.figure import Figure

# Okabe & Ito's palette: distinct for all common kinds of colour blindness
COLOURS = {"black": "#000000", "orange": "#e69f00", "sky": "#56b4e9", "green": "#009e73", "blue": "#0072b2",
           "red": "#d55e00", "pink": "#cc79a7"}
STYLE = {
    "figure.dpi": 110, "savefig.dpi": 200, "font.size": 9, "axes.titlesize": 9.5, "axes.labelsize": 9,
    "legend.fontsize": 8, "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False,
    "lines.linewidth": 1.4, "figure.constrained_layout.use": True, "image.cmap": "viridis",
    "axes.prop_cycle": mpl.cycler(color=[COLOURS[c] for c in ("blue", "red", "green", "orange", "pink", "sky")]),
    "pdf.fonttype": 42,  # TrueType: what journals ask for
    "svg.hashsalt": "lisbon",  # else identifiers are drawn at random
}
COLUMN, PAGE = 3.5, 7.1  # inches: the widths of one column and of two in a journal
MU, EXCESS = "pitch-angle cosine μ", "F − 1 (10⁻³)"  # labels of axes
POINTS = {"fmt": "o", "markersize": 3, "capsize": 2, "color": COLOURS["black"]}  # data with error bars


def blank(height: float, width: float = PAGE) -> Figure:
    """A figure without axes, inches."""
    return Figure(figsize=(width, height), layout="constrained")


def one_panel(height: float, width: float = PAGE) -> tuple[Figure, mpl.axes.Axes]:
    """A figure and its only axes."""
    fig = blank(height, width)
    return fig, fig.add_subplot()


def with_band(axes, x, y, error=None, **line) -> None:
    """A curve, and its error as a band in its colour."""
    drawn, = axes.plot(x, y, **line)
    if error is not None:
        axes.fill_between(x, y - error, y + error, alpha=0.25, color=drawn.get_color(), linewidth=0)


def house_style():
    """Context of the house style over matplotlib's own defaults, whatever the user's matplotlib is set to."""
    from matplotlib.style import context  # reads a folder: not before a figure is drawn

    return context(STYLE, after_reset=True)


def styled(draw):
    """Draw in the house style; the figure knows what drew it."""
    @functools.wraps(draw)
    def in_style(*args, **options):
        with house_style():
            fig = draw(*args, **options)
        fig.set_label(f"lisbon_core.plots.{draw.__name__}")
        return fig
    return in_style
