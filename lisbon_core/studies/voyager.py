"""The field that Voyager 1 and 2 flew through, and the closed form fitted to it.

The table holds means over 27 days, a solar rotation, of NASA's daily averages; `python -m lisbon_core.studies.voyager
DAILY_1 DAILY_2` makes it from them, and without files prints the closed form beside it and what a fit would change. The
strength of the field is compared in five bins from shock to heliopause and five beyond, for each spacecraft: in the
sheath at the same share of the way, since the surfaces move and were crossed years apart, beyond it as far from the
heliopause. The defaults of `HeliosphereParameters` are near this fit, not it: rounded, and with a field of 3.4
microgauss where the fit says 3.3, so that every bin is within 30 % (chi-square is as good).
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.table import Table, vstack
from scipy.optimize import least_squares

from lisbon_core.ground.frames import lonlat, rotation_to_icrs, unit_vector, unit_vector_icrs
from lisbon_core.ground.measurements import MEASUREMENTS
from lisbon_core.heliosphere import HeliosphereParameters, closed_form

TABLE = MEASUREMENTS / "voyager.ecsv"
BINS = 5
# what is fitted, what it is held near to, and how closely
PRIORS = {"nose_AU": (115.0, 10.0), "wall_skew": (0.0, 0.4), "shock_AU": (95.0, 15.0), "shock_skew": (0.0, 0.3),
          "shock_shift": (0.35, 0.15), "compression": (2.5, 0.5), "pile_up_AU": (60.0, 60.0), "field_uG": (3.0, 0.3)}
DISTANCE_ERROR, FIELD_ERROR = 0.015, 0.12  # relative: the surfaces move by more, and the field varies by more


def average(daily: Path, spacecraft: int) -> Table:
    """Means over 27 days of one spacecraft's daily averages: strength (uG), RTN components, position (ecliptic)."""
    day = Table.read(daily, format="ascii.csv")
    day = day[~np.ma.getmaskarray(day["absB_nT"])]
    axis = unit_vector_icrs(*HeliosphereParameters().rotation_axis_icrs, "icrs")
    node = np.cross(rotation_to_icrs("ecliptic")[:, 2], axis)  # HGI counts longitude from here, along the equator
    node /= np.linalg.norm(node)
    place = unit_vector(np.asarray(day["HGI_lon_deg"]), np.asarray(day["HGI_lat_deg"])) @ np.stack(
        [node, np.cross(axis, node), axis]) @ rotation_to_icrs("ecliptic")
    number = (day["date"].astype("datetime64[D]") - np.datetime64("2002-01-01")).astype(int) // 27
    rows = []
    for one in np.unique(number):
        here = number == one
        strength, *parts = (10.0 * np.mean(day[name][here]) for name in ("absB_nT", "BR_nT", "BT_nT", "BN_nT"))
        rows.append((spacecraft, str(day["date"][here][0]), np.mean(day["R_AU"][here]),
                     *lonlat(place[here].mean(axis=0)), strength, *parts, int(here.sum())))
    made = Table(rows=rows, names=("spacecraft", "from", "r", "lon", "lat", "B", "B_R", "B_T", "B_N", "days"),
                 units={"r": "AU", "lon": "deg", "lat": "deg", **dict.fromkeys(("B", "B_R", "B_T", "B_N"), "uG")})
    made.round({"r": 2, "lon": 2, "lat": 2, "B": 3, "B_R": 3, "B_T": 3, "B_N": 3})
    return made


def measured() -> Table:
    """The table of 27-day means, with the distances of shock and heliopause in its `meta`."""
    return Table.read(TABLE)


def binned(table: Table) -> Table:
    """Means over `BINS` stretches of the heliosheath and as many of the interstellar medium, for each spacecraft."""
    rows = []
    for spacecraft in np.unique(table["spacecraft"]):
        track = table[table["spacecraft"] == spacecraft]
        r, unit = np.asarray(track["r"]), unit_vector_icrs(track["lon"], track["lat"], "ecliptic")
        shock, wall = table.meta["crossings"][f"Voyager {spacecraft}"]
        for region, low, high in (("sheath", shock, wall), ("interstellar", wall, r.max())):
            edges = np.linspace(low, high, BINS + 1)
            for k in range(BINS):
                here = (r > edges[k]) & (r <= edges[k + 1])
                rows.append((spacecraft, region, edges[k:k + 2].mean(), unit[here].mean(axis=0), shock, wall,
                             np.average(track["B"][here], weights=track["days"][here])))
    return Table(rows=rows, names=("spacecraft", "region", "r", "direction", "shock", "wall", "B"))


def compared(parameters: HeliosphereParameters, bins: Table) -> Table:
    """The bins with the model's strength, and its distances of shock and heliopause, beside what was measured."""
    heliosphere, out = closed_form(parameters), bins.copy()
    directions = np.asarray(bins["direction"]) @ heliosphere.axes.T
    shock, wall = parameters.surfaces(directions)
    r, at_shock, at_wall = (np.asarray(bins[name]) for name in ("r", "shock", "wall"))
    places = np.where(bins["region"] == "sheath", shock + (r - at_shock) / (at_wall - at_shock) * (wall - shock),
                      wall + r - at_wall)
    out["model_B"] = heliosphere.field_strength(
        places[:, None] * directions / np.linalg.norm(directions, axis=1, keepdims=True))
    out["model_shock"], out["model_wall"] = shock, wall
    return out


def fitted(start: HeliosphereParameters | None = None) -> HeliosphereParameters:
    """The closed form that suits the bins best: least squares of relative differences, with `PRIORS`."""
    start, bins = start or HeliosphereParameters(), binned(measured())
    centre, width = np.transpose(list(PRIORS.values()))

    def misfit(values):
        one = compared(replace(start, **dict(zip(PRIORS, values.tolist(), strict=True))), bins)
        here = slice(0, None, BINS)  # a surface is passed in one direction
        return np.concatenate([(one["model_B"] / one["B"] - 1.0) / FIELD_ERROR,
                               (one["model_shock"] / one["shock"] - 1.0)[here] / DISTANCE_ERROR,
                               (one["model_wall"] / one["wall"] - 1.0)[here] / DISTANCE_ERROR,
                               (values - centre) / width])

    best = least_squares(misfit, [getattr(start, name) for name in PRIORS], x_scale=width).x
    return replace(start, **dict(zip(PRIORS, best.tolist(), strict=True)))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        made = vstack([average(Path(name), k) for k, name in enumerate(sys.argv[1:], start=1)])
        made.meta = {
            "comments": ["27-day means of NASA's daily averages (COHOWeb, public domain; N. F. Ness and A. Szabo)",
                         "B: mean of daily |B|; B_R, B_T, B_N: means of RTN components; lon, lat: ecliptic J2000"],
            "crossings": {"Voyager 1": [94.0, 121.6], "Voyager 2": [84.0, 119.0]},
            "crossings_source": "termination shock and heliopause, AU: Stone et al. 2005, Science 309, 2017; 2008, "
                                "Nature 454, 71; 2013, Science 341, 150; 2019, Nature Astronomy 3, 1013"}
        made.write(TABLE, overwrite=True)
    else:
        best, rows = fitted(), compared(HeliosphereParameters(), binned(measured()))
        print({name: round(getattr(best, name), 3) for name in PRIORS})
        rows["ratio"] = rows["model_B"] / rows["B"]
        del rows["direction"]
        rows.pprint_all()
