"""Every figure, one function each, returning a Figure: one style, safe for colour-blind eyes, RA to the left.

Relative intensities are shown as (I - 1) in units of 1e-3 on a diverging scale centred on 0; what was not observed is
blank, never zero.
"""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lisbon_core.frames import lonlat

__all__ = ["STYLE", "Panel", "diverging_sky", "figure"]

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
