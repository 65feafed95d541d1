"""What was measured: tables in data/measurements, each number with its unit, error and citation."""

import tomllib
from dataclasses import dataclass

import numpy as np
from astropy import units as u
from astropy.table import Table

from lisbon_core._core import PACKAGE

DATA = PACKAGE.parent / "data"
MEASUREMENTS = DATA / "measurements"


def paper_values() -> dict:
    """What the paper states, from data/paper_values.toml."""
    return tomllib.loads((DATA / "paper_values.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Dipole:
    """A published first harmonic in right ascension.

    Attributes
    ----------
    series, citation : str
        Experiment and year; where it was published.
    energy : float
        As reported, TeV.
    amplitude, amplitude_sigma : float
        Relative intensity.
    phase, phase_sigma : float
        Right ascension of the maximum, degrees.
    of : str
        'projection': of the band's map on right ascension; 'dipole': along the equator, corrected by the authors.
    field_of_view : float
        Factor from one to the other that is in common use, 1 for the latter.
    dec_min, dec_max : float
        Declinations seen, degrees.
    """

    series: str
    energy: float
    amplitude: float
    amplitude_sigma: float
    phase: float
    phase_sigma: float
    of: str
    field_of_view: float
    dec_min: float
    dec_max: float
    citation: str


def dipoles() -> list[Dipole]:
    """Published dipoles between 1 TeV and 2 PeV; that of HAWC and IceCube together from its two components."""
    table = Table.read(MEASUREMENTS / "dipole.ecsv")
    for name in ("amplitude", "amplitude_sigma"):
        table[name] = table[name].quantity.to_value(u.one)
    # of a vector known to so much its direction is known no better; some compiled errors of the phase are smaller
    table["phase_sigma"] = np.maximum(table["phase_sigma"], np.degrees(table["amplitude_sigma"] / table["amplitude"]))
    found = [Dipole(*(one.item() for one in row), table.meta["citations"][row["series"]]) for row in table]
    both = Table.read(MEASUREMENTS / "hawc_icecube.ecsv")
    (x, y), error = both["value"].quantity.to_value(u.one)[:2], both["sigma"].quantity.to_value(u.one)[0]
    size = float(np.hypot(x, y))
    return [*found, Dipole("HAWC + IceCube 2019", both.meta["energy_TeV"], size, float(error),
                           float(np.degrees(np.arctan2(y, x))), float(np.degrees(error / size)), "dipole", 1.0,
                           -90.0, 76.0, both.meta["citation"])]
