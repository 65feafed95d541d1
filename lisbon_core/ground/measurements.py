"""What was measured: tables in data/measurements, each number with its unit, error and citation."""

import tomllib

import numpy as np
from astropy import units as u
from astropy.table import Table

from lisbon_core.ground._core import PACKAGE

DATA = PACKAGE.parent / "data"
MEASUREMENTS = DATA / "measurements"


def paper_values() -> dict:
    """What the paper states, from data/paper_values.toml."""
    return tomllib.loads((DATA / "paper_values.toml").read_text(encoding="utf-8"))


def dipoles() -> list[np.record]:
    """Published first harmonics in right ascension, 1 TeV to 2 PeV; that of HAWC and IceCube from its two components.

    Returns
    -------
    list of records
        `series` (experiment and year), `citation`; `energy` as reported, TeV; `amplitude`, `amplitude_sigma`, relative
        intensity; `phase`, `phase_sigma`, right ascension of the maximum, degrees; `of`: 'projection' of the band's map
        on right ascension, or 'dipole' along the equator, corrected by the authors; `field_of_view`, the factor from
        one to the other that is in common use, 1 for the latter; `dec_min`, `dec_max`, declinations seen, degrees.
    """
    table = Table.read(MEASUREMENTS / "dipole.ecsv")
    for name in ("amplitude", "amplitude_sigma"):
        table[name] = table[name].quantity.to_value(u.one)
    # of a vector known to so much its direction is known no better; some compiled errors of the phase are smaller
    table["phase_sigma"] = np.maximum(table["phase_sigma"], np.degrees(table["amplitude_sigma"] / table["amplitude"]))
    table["citation"] = [table.meta["citations"][series] for series in table["series"]]
    both = Table.read(MEASUREMENTS / "hawc_icecube.ecsv")
    (x, y), error = both["value"].quantity.to_value(u.one)[:2], both["sigma"].quantity.to_value(u.one)[0]
    size = np.hypot(x, y)
    table.add_row(["HAWC + IceCube 2019", both.meta["energy_TeV"], size, error, np.degrees(np.arctan2(y, x)),
                   np.degrees(error / size), "dipole", 1.0, -90.0, 76.0, both.meta["citation"]])
    rows = table.as_array().view(np.recarray)
    rows.setflags(write=False)
    return list(rows)
