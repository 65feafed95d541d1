"""The paper's numbers against each other."""

import pytest

from lisbon_core.studies.closures import transport_scales
from lisbon_core.transport import ScatteringError

PAPER = {"L_pc": 17.8, "gradient_length_kpc": 1.72, "T_0_bound": 7.08e-7}


def test_the_paper_is_consistent_in_a_flux_tube_only():
    scales = transport_scales(**PAPER)
    expected = {"mean_free_path_pc": 3.2430, "focusing": 0.1822, "length_ratio": 0.010349, "dipole": 1.8855e-3,
                "quadrupole_flux_tube": 1.142e-4, "quadrupole_uniform": 0.381e-4, "streaming_km_s": 188.4,
                "natural_rate": 1.0826e-5, "bound_over_natural_rate": 0.0654, "scattering_rate": 0.0473,
                "time_along": 5610.0, "time_across_L": 956.0}
    assert vars(scales) == pytest.approx(expected, rel=1.5e-3)


def test_lengths_grow_and_rates_shrink_with_kappa():
    one = transport_scales(**PAPER)
    two = transport_scales(35.6, 3.44, 3.54e-7, kappa29=2.0)
    for name in ("dipole", "focusing", "length_ratio", "bound_over_natural_rate", "streaming_km_s"):
        assert getattr(two, name) == pytest.approx(getattr(one, name), rel=1e-12), name
    assert two.natural_rate == pytest.approx(one.natural_rate / 2.0, rel=1e-12)


def test_the_other_convention_of_kappa_halves_the_dipole():
    scales = transport_scales(**PAPER, integral_factor=2.0)
    assert scales.dipole == pytest.approx(0.943e-3, rel=1e-3)
    assert scales.natural_rate == pytest.approx(5.4e-6, rel=5e-3)
    assert scales.bound_over_natural_rate == pytest.approx(0.13, rel=0.01)


def test_lengths_are_positive():
    with pytest.raises(ScatteringError, match="positive"):
        transport_scales(-17.8, 1.72, 1e-6)
