"""Inference of scattering and focusing: round trips, closures, coverage, and data that say nothing."""

from dataclasses import fields

import numpy as np
import pytest
from transport_cases import EDGES, LAW, Q, distribution, shape_of, truth_of

from lisbon_core.anisotropy import bin_averages
from lisbon_core.transport import (
    CosineScattering,
    Estimate,
    IsotropicScattering,
    ScatteringError,
    TransportError,
    diffusion_coefficient,
    fit_transport,
    mean_free_path_pc,
    stationary_pad,
)
from lisbon_core.transport.fit import rate_of_change
from lisbon_core.transport.result import ESTIMATES


def assert_reportable(fit):
    """Every estimate is a finite number or None with a reason, and every array is finite."""
    for name in ESTIMATES:
        estimate = getattr(fit, name)
        if estimate.value is None:
            assert len(estimate.note) > 20, name
        else:
            assert np.isfinite(estimate.value), name
        assert estimate.sigma is None or np.isfinite(estimate.sigma), name
    for field in fields(fit):
        if isinstance(getattr(fit, field.name), np.ndarray):
            assert np.all(np.isfinite(getattr(fit, field.name))), field.name
    assert str(fit)


@pytest.mark.equation("5", "6")
@pytest.mark.parametrize("closure", ["flux-tube", "uniform"])
@pytest.mark.parametrize(("law", "q"), [
    (LAW, Q), (CosineScattering(300.0, 1.4, 700.0), -60.0), (CosineScattering(-350.0, 2.0, 800.0), 150.0),
    (CosineScattering(250.0, 0.9, -520.0), 70.0), (CosineScattering(-250.0, 1.2, -520.0), -120.0)])
def test_noiseless_round_trip(law, q, closure):
    """Densities that fall and rise along B, fields that diverge and converge: the same comes back."""
    fit = fit_transport(distribution(law, q, closure, noise=1e-7), closure)
    for name, value in (truth_of(law, q) | shape_of(law)).items():
        assert getattr(fit, name).value == pytest.approx(value, rel=1e-6), name
    assert fit.chi2 < 1e-3
    mu = np.linspace(-1.0, 1.0, 21)
    assert fit.F(mu) == pytest.approx(stationary_pad(law, q, closure)(mu), abs=1e-10)
    np.testing.assert_allclose(fit.D, diffusion_coefficient(law, fit.mu, 1.0), rtol=1e-6, atol=1e-12)


def test_round_trip_through_a_response():
    """Bins that show a smeared, cut series of the true distribution: its response undoes that."""
    response = bin_averages(EDGES, 24) * np.where(np.arange(1, 25) <= 7, 0.8, 0.0)
    fit = fit_transport(distribution(LAW, Q, noise=1e-7, response=response))
    for name, value in (truth_of(LAW, Q) | shape_of(LAW)).items():
        assert getattr(fit, name).value == pytest.approx(value, rel=1e-6), name


def test_a_best_fit_at_the_edge_of_the_search_says_so():
    """A period longer than any that is tried; one within says nothing."""
    within, beyond = (fit_transport(distribution(CosineScattering(-292.79, omega, 585.57), Q, noise=1e-7))
                      for omega in (1.0, 4.6))
    assert "edge of the range" in beyond.omega.note
    assert "edge" not in within.omega.note


def test_crossing_closures_costs_a_factor_three():
    """Exactly so for isotropic scattering; another shape of D makes another even part under either closure."""
    for law, least, most in ((IsotropicScattering(530.0), 2.95, 3.02), (LAW, 2.6, 3.1)):
        pad = distribution(law, 5.0, noise=1e-7)
        tube, uniform = (fit_transport(pad, closure).inverse_L.value for closure in ("flux-tube", "uniform"))
        assert least < uniform / tube < most


def test_lengths_grow_and_rates_shrink_with_kappa():
    pad = distribution(LAW, Q, rng=np.random.default_rng(3))
    one, two = fit_transport(pad), fit_transport(pad, kappa29=2.0)
    for name, power in (("L_focusing", 1), ("gradient_length", 1), ("inverse_L", -1), ("T_0_bound", -1), ("eta", 0)):
        assert getattr(two, name).value == pytest.approx(getattr(one, name).value * 2.0**power, rel=1e-6), name
    np.testing.assert_allclose(two.D, one.D / 2.0, rtol=1e-6)


@pytest.mark.equation("5a")
def test_rate_of_change():
    """T_0 with L held comes back from a distribution made with a T_0; the bound contains it; uniform forces -S/L."""
    pad = distribution(LAW, Q, rng=np.random.default_rng(1))
    fit = fit_transport(pad)
    assert abs(fit.T_0.value) < fit.T_0.sigma
    assert 1.5 * fit.T_0.sigma < fit.T_0_bound.value < 2.5 * fit.T_0.sigma
    # its error is what it moves by when L is held an error away
    mean_free_path, off = mean_free_path_pc(1.0), fit.inverse_L.sigma
    held = [4.0 / 3.0 * mean_free_path * (fit.inverse_L.value + shift) for shift in (0.0, off, -off)]
    bounds = [rate_of_change(pad, one, mean_free_path, np.random.default_rng(2))[1].value for one in held]
    assert bounds[0] == pytest.approx(fit.T_0_bound.value, rel=0.05)
    assert fit.T_0_bound.sigma == pytest.approx(max(bounds[1:]) - bounds[0], rel=0.2)
    uniform = fit_transport(pad, "uniform")
    A_1 = stationary_pad(uniform.law, uniform.q, "uniform").legendre(1)[0]
    assert uniform.T_0.value == pytest.approx(-0.30660139 * A_1 / 3.0 * uniform.inverse_L.value, rel=1e-9)
    assert uniform.T_0_bound.value is None
    assert "uniform gradient" in uniform.T_0_bound.note
    # what a curve of T_0 is drawn with has that T_0
    mu = np.linspace(-1.0, 1.0, 5)
    wanted = 5e-7
    rate = 0.30660139 / (2e3 * fit.gradient_length.value)
    exact = [stationary_pad(fit.law, fit.q, lam) for lam in (fit.q, fit.q + 6.5)]
    assert fit.F(mu, T_0=0.0) == pytest.approx(exact[0](mu), abs=1e-12)
    change = (exact[1](mu) - exact[0](mu)) * wanted / (rate * exact[1].tau)
    assert fit.F(mu, T_0=wanted) - fit.F(mu) == pytest.approx(change, rel=0.02, abs=1e-9)


def test_asymmetry_without_focusing_and_preference_for_it():
    pads = [distribution(LAW, q, noise=2e-5, rng=np.random.default_rng(4)) for q in (0.0, 0.5 * Q, Q, -Q)]
    fits = [fit_transport(pad) for pad in pads]
    half = np.array([-0.5, 0.5])
    for q, fit in zip((0.0, 0.5 * Q, Q, -Q), fits, strict=True):
        slope = (1.0 + q * (stationary_pad(LAW, q)(half) - 1.0)) / LAW.h(half)
        expected = (slope[0] - slope[1]) / (slope[0] + slope[1])
        assert abs(fit.D_asymmetry.value - expected) < 3.0 * fit.D_asymmetry.sigma
    preference = [fit.focusing_preference.value for fit in fits]
    assert preference[0] < 3.0
    assert preference[0] < preference[1] < preference[2]
    assert preference[2] > 8.0
    assert abs(fits[0].inverse_L.value) < 3.0 * fits[0].inverse_L.sigma
    assert fits[3].L_focusing.value < 0.0


def test_an_unbounded_length_says_so():
    fit = fit_transport(distribution(LAW, 0.0, rng=np.random.default_rng(2)))
    assert "unbounded" in fit.L_focusing.note
    assert "unbounded" not in fit_transport(distribution(LAW, Q, noise=1e-5)).L_focusing.note


def test_shapes_that_data_leave_open_are_left_open():
    """Isotropic scattering has no period: omega must not come out as a number."""
    fit = fit_transport(distribution(IsotropicScattering(530.0), Q, noise=1e-5))
    assert fit.omega.value is None
    assert fit.inverse_L.value == pytest.approx(1.0 / 17.8, rel=0.15)
    assert_reportable(fit)


@pytest.mark.parametrize("closure", ["flux-tube", "uniform"])
def test_noise_says_that_it_is_noise(closure):
    for seed in range(3):
        fit = fit_transport(distribution(LAW, Q, noise=1e-2, rng=np.random.default_rng(seed)), closure)
        assert fit.inverse_L.value is None
        assert "sigma" in fit.inverse_L.note
        assert fit.chi2 is None
        assert_reportable(fit)
        with pytest.raises(TransportError, match="no fitted distribution"):
            fit.F(np.zeros(1))


@pytest.mark.parametrize("spoil", ["bins", "all", "covariance", "zero", "few", "legendre", "wild", "misfit"])
def test_whatever_comes_is_answered(spoil):
    random = np.random.default_rng(7)
    pad = distribution(LAW, Q, rng=random)
    if spoil == "bins":
        pad.F[2:4] = np.nan
    elif spoil == "all":
        pad.F[:] = np.nan
    elif spoil == "covariance":
        pad.covariance[3] = np.nan
    elif spoil == "zero":
        pad.covariance[:] = 0.0
    elif spoil == "few":
        pad.F[4:] = np.nan
    elif spoil == "legendre":
        pad.legendre_covariance[:] = np.nan
    elif spoil == "wild":  # a quadrupole larger than the dipole, as strong focusing would make it
        pad.F = 1.0 + 1e-3 * (bin_averages(EDGES, 2) @ [0.5, -2.0])
    else:
        pad.F = 1.0 + 0.1 * np.sign(pad.mu) * random.random(pad.mu.size)
    for closure in ("flux-tube", "uniform"):
        fit = fit_transport(pad, closure)
        assert_reportable(fit)
        assert (fit.law is None) == (spoil in ("all", "zero", "few")), spoil
        if spoil == "misfit":  # errors of a model that is refused are no errors: they grow, and say why
            assert "does not fit" in fit.inverse_L.note
            assert "does not fit" in fit.T_0.note


def test_intervals_cover():
    """68 % intervals of 1/L, gradient length and D over noisy distributions."""
    random, n = np.random.default_rng(11), 25
    hits = {name: 0 for name in ("inverse_L", "gradient_length", "D(-0.8)", "D(0)", "D(0.5)")}
    for _ in range(n):
        fit = fit_transport(distribution(LAW, Q, rng=random))
        truth = truth_of(LAW, Q)
        for name in ("inverse_L", "gradient_length"):
            hits[name] += abs(getattr(fit, name).value - truth[name]) < getattr(fit, name).sigma
        for name, mu in (("D(-0.8)", -0.8), ("D(0)", 0.0), ("D(0.5)", 0.5)):
            low, high = (np.interp(mu, fit.mu, side) for side in (fit.D_low, fit.D_high))
            hits[name] += low < diffusion_coefficient(LAW, mu, 1.0) < high
    for name, count in hits.items():
        assert 0.68 * n - 7 < count < 0.68 * n + 7, (name, count)  # three standard deviations of the count


def test_the_answer_is_always_the_same():
    pad = distribution(LAW, Q, rng=np.random.default_rng(5))
    assert str(fit_transport(pad)) == str(fit_transport(pad))


def test_refusals_and_words():
    pad = distribution(LAW, Q)
    with pytest.raises(TransportError, match="flux-tube"):
        fit_transport(pad, "tube")
    with pytest.raises(ScatteringError, match="kappa29"):
        fit_transport(pad, kappa29=-1.0)
    assert str(Estimate(None, note="the sky is too noisy")) == "not determined: the sky is too noisy"
    assert str(Estimate(17.8, 0.5, "pc")) == "17.8 +- 0.5 pc"
    assert mean_free_path_pc(1.0) > 3.0


@pytest.mark.parametrize(("law", "q", "seed"), [
    (CosineScattering(-17.0, 1.4, 357.0), -289.0, 0), (CosineScattering(150.0, 2.58, 454.0), -435.0, 1),
    (CosineScattering(54.0, 1.95, 370.0), 287.0, 2)])
def test_strong_focusing_is_sampled_well(law, q, seed):
    """Where first order about no focusing would propose in the wrong place: many effective draws all the same."""
    fit = fit_transport(distribution(law, q, rng=np.random.default_rng(seed)))
    assert 1.0 / np.sum(fit.weights**2) > 400.0
    assert abs(fit.inverse_L.value - truth_of(law, q)["inverse_L"]) < 4.0 * fit.inverse_L.sigma
