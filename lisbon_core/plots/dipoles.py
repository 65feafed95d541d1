"""Measured dipoles against energy, and what an interstellar distribution makes of them."""

from itertools import cycle

import numpy as np
from matplotlib.figure import Figure

from lisbon_core.plots.style import COLOURS, blank, styled, with_band

COLOUR = {**COLOURS, "north": COLOURS["blue"], "south": COLOURS["red"], "both": COLOURS["black"]}


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
            colour, factor = COLOUR[name], 1e3 * one.field_of_view
            how = {"linestyle": style, "color": colour, "linewidth": size}
            with_band(above, one.energy, factor * one.amplitude, factor * one.amplitude_sigma, label=label, **how)
            with_band(below, one.energy, _wrapped(one.phase), np.minimum(one.phase_sigma, 90.0), **how)
        symbols = dict(zip(dict.fromkeys(point[0] for point in points), cycle("osD^v<>pPX*hd"), strict=False))
        for series, hemisphere, energy, amplitude, error, phase, phase_error in points:
            dot = {"fmt": symbols[series], "markersize": 3.5, "elinewidth": 0.7, "color": COLOUR[hemisphere],
                   "markerfacecolor": "white", "markeredgewidth": 0.7}
            above.errorbar(energy, 1e3 * amplitude, 1e3 * error, **dot)
            below.errorbar(energy, _wrapped(phase), phase_error, **dot)
        above.set(title=title, xscale="log", yscale="log", ylim=(0.03, 20.0))
        below.set(xlabel="energy (TeV)", ylim=(-140.0, 110.0), yticks=np.arange(-120, 121, 60))
    fig.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=7)
    rows[0, 0].set_ylabel("equatorial dipole (10⁻³)")
    rows[1, 0].set_ylabel("right ascension of its maximum (°)")
    marks = {series: next(point[1] for point in points if point[0] == series) for series in symbols}
    handles = [rows[0, 0].plot([], [], symbols[series], color=COLOUR[marks[series]], markerfacecolor="white",
                               markersize=4, label=series)[0] for series in symbols]
    fig.legend(handles, symbols, loc="outside lower center", ncols=5, fontsize=6.5)
    return fig
