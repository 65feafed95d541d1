"""Focusing and change in time together; scattering read off without a law; what the posterior sample says."""

import numpy as np
import pytest
from transport_cases import LAW, Q, distribution

from lisbon_core import plots
from lisbon_core.studies.joint_region import joint_region
from lisbon_core.transport import IsotropicScattering, TransportError, apparent_asymmetry, fit_transport, stationary_pad
from lisbon_core.transport.apparent import as_series


@pytest.fixture(scope="module")
def isotropic():
    pad = distribution(IsotropicScattering(530.0), 60.0, noise=1e-5)
    fit = fit_transport(pad)
    return fit, joint_region(pad, fit)


def test_the_region_is_an_open_valley(isotropic):
    """From edge to edge of T_0 there is a 1/L that fits, and it falls by 1 where (3/2) S/L makes up for it."""
    _, region = isotropic
    best = np.argmin(region.delta_chi2, axis=1)
    middle = slice(15, -15)
    rows = np.arange(best.size)[middle]
    assert np.all(region.delta_chi2[rows, best[middle]] < 2.3)
    slope = np.polyfit(region.inverse_L[rows, best[middle]], region.T_0[rows, best[middle]], 1)[0]
    assert slope == pytest.approx(-1.5 * region.streaming, rel=0.1)


def test_the_closures_cross_it_at_lengths_a_factor_three_apart(isotropic):
    fit, region = isotropic
    assert region.flux_tube == pytest.approx(fit.inverse_L.value, rel=0.01)
    assert region.uniform / region.flux_tube == pytest.approx(3.0, rel=0.05)
    assert region.streaming == pytest.approx(0.30660139 / 3.0 * 3.2430 / (1e3 * fit.gradient_length.value), rel=0.01)


def test_no_region_without_a_fit():
    pad = distribution(LAW, Q, noise=1e-2, rng=np.random.default_rng(0))
    with pytest.raises(TransportError, match="no fitted distribution"):
        joint_region(pad, fit_transport(pad))


def test_no_focusing_still_has_a_region():
    pad = distribution(LAW, 0.0, rng=np.random.default_rng(2))
    region = joint_region(pad, fit_transport(pad), points=21)
    assert np.ptp(region.inverse_L) > 0.05
    assert np.all(np.isfinite(region.delta_chi2))


def test_the_sample_is_that_of_the_estimates():
    fit = fit_transport(distribution(LAW, Q, noise=1e-5))
    drawn = fit.samples
    for name in ("inverse_L", "gradient_length", "omega"):
        estimate, mean = getattr(fit, name), fit.weights @ drawn[name]
        assert abs(mean - estimate.value) < 0.5 * estimate.sigma, name
        assert np.sqrt(fit.weights @ (drawn[name] - mean) ** 2) == pytest.approx(estimate.sigma, rel=0.15), name
    assert fit.weights @ drawn["eta_over_d_offset"] == pytest.approx(LAW.eta / LAW.d_offset, abs=0.02)


def test_focusing_takes_the_asymmetry_away():
    exact = as_series(stationary_pad(LAW, Q).legendre(60))
    slope = (1.0 + Q * (stationary_pad(LAW, Q)(np.array([0.5, -0.5])) - 1.0)) / LAW.h(0.5)
    without = (slope[1] - slope[0]) / (slope[0] + slope[1])
    assert apparent_asymmetry(exact).value == pytest.approx(without, abs=1e-6)
    assert without < -0.09
    assert apparent_asymmetry(exact, Q).value == pytest.approx(0.0, abs=1e-6)
    assert apparent_asymmetry(exact, 2.0 * Q).value > 0.08


def test_error_of_the_asymmetry_is_its_scatter():
    rng = np.random.default_rng(11)
    pads = [distribution(LAW, Q, noise=2e-5, rng=rng) for _ in range(300)]
    for q in (0.0, Q):
        estimates = [apparent_asymmetry(pad, q) for pad in pads]
        values = np.array([estimate.value for estimate in estimates])
        assert np.std(values) == pytest.approx(np.mean([estimate.sigma for estimate in estimates]), rel=0.15)


def test_the_figures_are_drawn(isotropic):
    fit, region = isotropic
    fig = plots.joint_region(region, 1.0, (1.0 / 17.8, 7.08e-7))
    assert [text.get_text() for text in fig.axes[0].texts] == [f"L = {1 / region.flux_tube:.1f} pc",
                                                              f"L = {1 / region.uniform:.1f} pc"]
    drawn = fit.samples
    assert len(plots.posterior(drawn, fit.weights, {"omega": 1.0}).axes) == 16
