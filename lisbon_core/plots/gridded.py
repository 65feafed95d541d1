"""A gridded heliosphere in the ecliptic and across it: a picture to see whether frame and units are the right ones."""

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lisbon_core.frames import lonlat, rotation_to_icrs, unit_vector
from lisbon_core.heliosphere import HeliosphereParameters
from lisbon_core.plots.style import COLOURS, blank, styled

__all__ = ["gridded_planes"]


@styled
def gridded_planes(heliosphere, extent_AU: float = 400.0, points: int = 301) -> Figure:
    """|B| in the ecliptic (A) and in the plane of the wind and the ecliptic pole (B).

    The left is where spacecraft find the source of the interstellar wind: if the red arrow does not come from there,
    the frame is not the right one. White arrows are B, as far as it lies in the plane.
    """
    to_ecliptic = heliosphere.axes @ rotation_to_icrs("ecliptic")
    flow, source = heliosphere.flow @ to_ecliptic, HeliosphereParameters().upwind_lon
    upwind, north = unit_vector(source, 0.0), np.array([0.0, 0.0, 1.0])
    side, few = np.linspace(-extent_AU, extent_AU, points), np.linspace(-extent_AU, extent_AU, 19)[1:-1]
    fig = blank(4.3)

    def field(grid, up):
        places = grid[..., None] * -upwind + grid.T[..., None] * up
        values = heliosphere.field((places @ to_ecliptic.T).reshape(-1, 3))[0].reshape(places.shape) @ to_ecliptic
        return values @ -upwind, values @ up, np.maximum(np.linalg.norm(values, axis=-1), 1e-9)

    for axes, up, title, name in zip(fig.subplots(1, 2), (np.cross(upwind, north), north), (
            "(A) Ecliptic", "(B) Wind and ecliptic pole"), ("longitude", "latitude"), strict=True):
        *_, strength = field(np.broadcast_to(side, (points, points)), up)
        mesh = axes.pcolormesh(side, side, strength, norm=mpl.colors.LogNorm(0.1, 20.0), rasterized=True)
        along, upwards, strength = field(np.broadcast_to(few, (few.size, few.size)), up)
        axes.quiver(few, few, along / strength, upwards / strength, color="white", scale=24.0, width=0.004, pivot="mid")
        if flow.any():
            wind = extent_AU * np.array([flow @ -upwind, flow @ up]) / np.linalg.norm(flow)
            axes.annotate("wind", 0.5 * wind, xytext=-0.9 * wind, color=COLOURS["red"],
                          arrowprops={"arrowstyle": "->", "color": COLOURS["red"]})
        lon, lat = (float(angle) for angle in lonlat(up))
        axes.set(aspect="equal", title=title, xlabel=f"away from ecliptic longitude {source:.0f} (AU)",
                 ylabel=f"towards {name} {lon if name == 'longitude' else lat:.0f} (AU)")
    fig.colorbar(mesh, ax=fig.axes, label="|B| (microgauss)", orientation="horizontal", shrink=0.5, aspect=35)
    return fig
