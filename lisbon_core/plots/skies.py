"""Maps of the sky: Mollweide, right ascension to the left, one scale for all panels, unless one is to have its own.

Relative intensities are shown as (I - 1) in units of 1e-3 on a diverging scale centred on 0; what was not observed is
blank, never zero.
"""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from lisbon_core.ground.frames import lonlat
from lisbon_core.plots.style import COLUMN, PAGE, blank, styled

HALO = [withStroke(linewidth=1.6, foreground="white", alpha=0.8)]  # keeps labels legible on any colour


def on_map(directions) -> tuple[np.ndarray, np.ndarray]:
    """Where directions, ICRS vectors (..., 3), lie on a sky axes."""
    lon, lat = lonlat(directions)
    return -np.radians(lon - 180.0), np.radians(lat)


def sky_axes(fig: Figure, position, title: str, field_icrs=None) -> mpl.axes.Axes:
    """A Mollweide map with right ascension to the left, centred on 180 degrees; where the interstellar field points and
    the opposite direction are marked if it is given.
    """
    axes = fig.add_subplot(position, projection="mollweide")
    axes.set_xticks(np.radians(np.arange(-120, 121, 60)), [f"{180 - lon}°" for lon in range(-120, 121, 60)],
                    path_effects=HALO)
    axes.set_yticks(np.radians(np.arange(-60, 61, 30)),
                    [f"{lat}°".replace("-", "−") if lat else "" for lat in range(-60, 61, 30)])
    axes.tick_params(labelsize=6)
    axes.grid(alpha=0.35, linewidth=0.5)
    axes.set_title(title, pad=6, fontsize=8.5)
    if field_icrs is not None:
        for sign, name, symbol in ((1.0, "B", "o"), (-1.0, "−B", "x")):
            place = on_map(sign * np.asarray(field_icrs))
            for colour, width in (("white", 2.6), ("black", 1.0)):
                axes.plot(*place, symbol, color=colour, markersize=5.0, markeredgewidth=width, fillstyle="none")
            axes.annotate(name, place, textcoords="offset points", xytext=(5, 3), fontsize=7, path_effects=HALO)
    return axes


def colour_pixels(axes, dec, ra, values, **options):
    """Colour the pixels of a regular grid on a sky axes."""
    ra_edges, dec_edges = (np.append(centres, 2.0 * centres[-1] - centres[-2]) - 0.5 * (centres[1] - centres[0])
                           for centres in (ra, dec))
    return axes.pcolormesh(-np.radians(ra_edges - 180.0), np.radians(np.clip(dec_edges, -90.0, 90.0)),
                           np.ma.masked_invalid(values), rasterized=True, **options)


@styled
def skies(panels: dict, dec, ra, *, field_icrs=None, columns: int = 1, unit: str = "relative intensity − 1, 10⁻³",
          scale: float = 1e3, offset: float = 1.0, limit: float | None = None, cmap: str = "RdBu_r",
          own: str = "", own_unit: str = "difference of relative intensity (10⁻³)") -> Figure:
    """Maps of the sky, one a panel, on a common scale.

    Parameters
    ----------
    panels : dict of str to ndarray
        Title and values of shape (n_dec, n_ra), NaN where not observed; shown as (value - offset) * scale.
    dec, ra : ndarray
        Pixel centres, degrees.
    field_icrs : ndarray (3,) or (n_panel, 3), optional
        Direction of the interstellar field, marked on each panel.
    columns : int
        Panels side by side.
    limit : float, optional
        Largest value of the colour scale, which is centred on 0; by default the largest shown.
    own : str, optional
        Title of a panel with a scale of its own: a residual would be blank on that of the others.
    unit, own_unit : str
        What the bars say, that of the panel with its own scale apart.
    """
    rows = -(-len(panels) // columns)
    wide = PAGE if columns > 1 else COLUMN
    fig = blank((0.53 * wide / columns + 0.2) * rows + 0.45, wide)
    shown = {title: (np.asarray(values) - offset) * scale for title, values in panels.items()}
    size = {title: np.nanmax(np.abs(values)) for title, values in shown.items()}
    common = limit or max(one for title, one in size.items() if title != own)
    grid, drawn = fig.add_gridspec(rows, columns), {}
    for i, (title, values) in enumerate(shown.items()):
        field = None if field_icrs is None else np.broadcast_to(field_icrs, (len(panels), 3))[i]
        axes = sky_axes(fig, grid[i // columns, i % columns], title, field)
        largest = size[title] if title == own else common
        drawn[title] = i % columns, axes, colour_pixels(axes, dec, ra, values, cmap=cmap, vmin=-largest, vmax=largest)
    # a bar below its panel, or of several columns below the whole one, so that rows stay level
    bar = {"orientation": "horizontal", "shrink": 0.6, "aspect": 35, "pad": 0.03, "label": unit}
    apart = []
    if own:
        column, axes, mesh = drawn.pop(own)
        apart = [axes] + [other for place, other, _ in drawn.values() if columns > 1 and place == column]
        fig.colorbar(mesh, ax=apart, **bar | {"label": own_unit})
    fig.colorbar(next(iter(drawn.values()))[2], ax=[axes for _, axes, _ in drawn.values() if axes not in apart], **bar)
    return fig


@styled
def figure_2(sky, fit, renormalised, field_icrs) -> Figure:
    """Figure 2 of the paper: the sky observed, fitted and renormalised."""
    return skies({f"Observed: {sky.label}": sky.relative_intensity,
                  f"Fitted, Eqs. (1)–(3), order {fit.order}": fit.relative_intensity,
                  "Renormalised: rings restored from the model": renormalised.sky.relative_intensity},
                 sky.dec, sky.ra, field_icrs=field_icrs)
