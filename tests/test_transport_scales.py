"""The paper's numbers against each other."""

import pytest

from lisbon_core.studies.closures import transport_scales
from lisbon_core.transport import ScatteringError

PAPER = {"L_pc": 17.8, "gradient_length_kpc": 1.72, "T_0_bound": 7.08e-7}


def test_the_paper_is_consistent_in_a_flux_tube_only():
    scales = transport_scales(**PAPER)
    expected = (3.243, 0.1822, 0.010349, 1.8855e-3, 1.142e-4, 0.381e-4, 188.4, 1.0826e-5, 0.0654, 0.0473, 5610.0, 956.0)
    assert list(scales.values()) == pytest.approx(expected, rel=1.5e-3)


def test_lengths_grow_and_rates_shrink_with_kappa():
    one, two = transport_scales(**PAPER), transport_scales(35.6, 3.44, 3.54e-7, kappa29=2.0)
    powers = {"pc": 1, "yr": 1, "1/yr": -1}  # by unit; what has none, and the streaming, stay as they are
    for name, value in one.items():
        power = powers.get(name.rpartition("(")[2].rstrip(")"), 0)
        assert two[name] == pytest.approx(value * 2.0**power, rel=1e-12), name


def test_the_other_convention_of_kappa_halves_the_dipole():
    scales = transport_scales(**PAPER, integral_factor=2.0)
    assert scales["dipole A₁"] == pytest.approx(0.943e-3, rel=1e-3)
    assert scales["natural rate S/L (1/yr)"] == pytest.approx(5.4e-6, rel=5e-3)
    assert scales["bound on T₀ over S/L"] == pytest.approx(0.13, rel=0.01)


def test_lengths_are_positive():
    with pytest.raises(ScatteringError, match="positive"):
        transport_scales(-17.8, 1.72, 1e-6)
