"""Tables of what was measured: units, citations, and the checks that their sources give themselves."""

import re

import numpy as np
from astropy.table import Table

from lisbon_core.ground.measurements import MEASUREMENTS, dipoles


def test_each_table_says_units_and_sources():
    for path in MEASUREMENTS.glob("*.ecsv"):
        if path.name == "measured_sky.ecsv":
            continue  # fits of ours, dimensionless
        table = Table.read(path)
        said = str(dict(table.meta))
        assert re.search(r"\(?(19|20)\d\d\)?|NASA", said), path
        numbers = [name for name in table.colnames if table[name].dtype.kind == "f" and name != "field_of_view"]
        assert all(table[name].unit is not None for name in numbers), path
        assert all(table[name].quantity.unit.to_string() for name in numbers), path
        if "series" in table.colnames:
            assert set(table["series"]) == set(table.meta["citations"]), path


def test_dipoles_are_those_of_the_sources():
    by = {(one.series, one.energy): one for one in dipoles()}
    tibet = by["Tibet ASg 2005", 4.0]
    assert (tibet.amplitude, tibet.phase) == (0.83e-3, 14.0)
    both = by["HAWC + IceCube 2019", 10.0]
    assert abs(both.amplitude - 1.168e-3) < 5e-7
    assert abs(both.phase - 38.4) < 0.05
    for one in by.values():
        assert 1e-4 < one.amplitude < 3e-3
        assert 0 < one.amplitude_sigma < one.amplitude
        assert one.citation
        assert 0 <= one.phase < 360
        assert 0 < one.phase_sigma < 90
        assert one.dec_min < one.dec_max
        assert (one.of == "dipole") == (one.field_of_view == 1.0)


def test_factors_of_the_field_of_view_are_those_of_the_bands():
    """1/<cos dec> by solid angle; what exposure does to it is less than a tenth."""
    for one in dipoles():
        if one.of == "projection":
            dec = np.radians(np.linspace(one.dec_min, one.dec_max, 2001))
            factor = np.sum(np.cos(dec)) / np.sum(np.cos(dec) ** 2)
            assert abs(factor / one.field_of_view - 1) < 0.1, one.series
