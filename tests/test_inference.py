"""Identifiability and resampling against what must hold exactly or on average."""

import numpy as np
import pytest
from toy import THETA, sky_of, uniform_field_map

from lisbon_core.anisotropy import AnisotropyError, design, fit_anisotropy, fit_design
from lisbon_core.heliosphere import closed_form
from lisbon_core.liouville import grid, straight_lines
from lisbon_core.sky import even_sky, noise_factor, ring_normalise
from lisbon_core.studies.identifiability import identifiability
from lisbon_core.studies.resampling import bootstrap, compare_orders, jackknife_rings, truncation_shift


@pytest.fixture(scope="module")
def toy():
    liouville = uniform_field_map(scatter=0.2)
    sky, columns = sky_of(liouville, THETA, dec_min=-10.0, averaging=9.0)
    return liouville, sky, columns


def test_without_a_heliosphere_the_rings_leave_a_dipole_undetermined():
    """A_1 and G are one vector then, and its polar component is a function of declination alone."""
    heliosphere = closed_form()
    sky = even_sky(*grid(6.0), -90.0, 90.0, averaging_deg=0.0)
    columns = design(sky, straight_lines(heliosphere, sky.dec, sky.ra), 4)
    with_rings, without = identifiability(columns, 297.3), identifiability(columns, 297.3, rings=False)
    assert with_rings.errors[0] > 100.0 * without.errors[0]
    # the worst combination is a dipole along the pole: A_1 mu + G.R/r_g with n.z as its sky
    liouville = straight_lines(heliosphere, sky.dec, sky.ra)
    worst = with_rings.directions[0]
    pattern = worst[0] * liouville.mu[0] + (worst[4] * liouville.R_x[0] + worst[5] * liouville.R_y[0]) / 297.3
    assert np.max(np.std(pattern, axis=1)) < 0.02 * np.std(pattern)
    assert "A_1" in with_rings.words(0)


def test_information_matches_the_fit(toy):
    """Small anisotropies: the covariance is that of the fit."""
    _, sky, columns = toy
    fit = fit_design(columns, sky.relative_intensity[sky.observed])
    known = identifiability(columns, 1.0)
    np.testing.assert_allclose(np.sqrt(np.diag(known.covariance)), fit.sigma, rtol=0.01)


def test_bootstrap_scatters_as_the_covariance_says(toy):
    _, sky, columns = toy
    data = sky.relative_intensity[sky.observed]
    fit = fit_design(columns, data + columns.noise @ np.random.default_rng(1).standard_normal(columns.noise.shape[1]))
    theta = bootstrap(fit, np.random.default_rng(2), 500)
    assert np.all(np.abs(theta.std(axis=0) / fit.sigma - 1.0) < 0.13)  # known to 3 %
    assert np.all(np.abs(theta.mean(axis=0) - fit.theta) < 5.0 * fit.sigma / np.sqrt(500.0))
    np.testing.assert_array_equal(theta, bootstrap(fit, np.random.default_rng(2), 500))


def test_jackknife_of_a_noisy_sky_scatters_as_the_fit_says(toy):
    """Over ten skies, since a jackknife of few bands is rough."""
    _, sky, columns = toy
    random, ratios = np.random.default_rng(2), []
    for _ in range(10):
        values = sky.relative_intensity.copy()
        values[sky.observed] += columns.noise @ random.standard_normal(columns.noise.shape[1])
        noisy, fit = sky.replace(relative_intensity=values), fit_design(columns, values[sky.observed])
        ratios.append(np.diag(jackknife_rings(noisy, fit)[1]) / np.diag(fit.covariance))
    assert 0.6 < np.median(ratios) < 2.0


def test_jackknife_of_a_perfect_sky_does_not_scatter(toy):
    _, sky, columns = toy
    fit = fit_design(columns, sky.relative_intensity[sky.observed])
    theta, covariance = jackknife_rings(sky, fit, bands=4)
    np.testing.assert_allclose(theta, np.broadcast_to(THETA, theta.shape), rtol=1e-6, atol=1e-10)
    assert np.all(np.diag(covariance) < 1e-18)
    with pytest.raises(AnisotropyError, match="bands is 1"):
        jackknife_rings(sky, fit, bands=1)


def test_the_order_of_a_sky_is_found():
    """A truth that ends at order 5, with terms far above the noise."""
    liouville = uniform_field_map()
    theta = np.array([1.9e-3, 4e-4, -4e-4, 3e-4, 5e-4, 6e-7, -8e-7])
    sky, _ = sky_of(liouville, theta, averaging=9.0)
    factor, found = noise_factor(sky), []
    for seed in range(8):  # on one of ten a chance fluctuation looks like another term
        noise = sky.sigma.copy()
        noise[sky.observed] = factor @ np.random.default_rng(seed).standard_normal(factor.shape[1])
        noisy = ring_normalise(sky.replace(relative_intensity=sky.relative_intensity + noise))
        choice = compare_orders(noisy, liouville, range(2, 9))
        found.append(choice.orders[np.argmin(choice.bic)])
    assert np.sum(np.array(found) == 5) >= 6
    np.testing.assert_allclose(choice.aic - choice.chi2, 2.0 * choice.parameters)  # Akaike 1974
    assert np.all(np.diff(choice.chi2) < 1e-6)
    assert choice.cross_validation[:3].min() > choice.cross_validation[3:].min()


@pytest.fixture(scope="module")
def through_samples():
    """Skies of small noise made through one map, to be fitted through others of few orbits, whose error is larger."""
    made = uniform_field_map(scatter=0.15, samples=100)
    sky, columns = sky_of(made, THETA, dec_min=-10.0, averaging=9.0, noise=2e-5)
    clean, random = sky.relative_intensity[sky.observed], np.random.default_rng(3)
    skies = [clean + columns.noise @ random.standard_normal(columns.noise.shape[1]) for _ in range(12)]
    return [(sky.replace(relative_intensity=columns.on_grid(values)),
             uniform_field_map(scatter=0.15, samples=4, seed=seed)) for seed, values in enumerate(skies, 2)]


def test_replicas_scatter_as_noise_and_map_do(through_samples):
    fit = fit_anisotropy(*through_samples[0])
    assert np.all(fit.budget["sample of the map"] > fit.budget["noise of the sky"])
    theta = bootstrap(fit, np.random.default_rng(2), 200)
    assert np.all(np.abs(theta.std(axis=0) / fit.sigma - 1.0) < 0.25)  # known to 5 %
    assert np.all(np.abs(theta.mean(axis=0) - fit.theta) < 5.0 * fit.sigma / np.sqrt(200.0))


def test_orders_and_shifts_know_the_error_of_the_map(through_samples):
    """Chi-square at the true order is that of noise and map; two orders more shift as much as they say."""
    found, pulls = [], []
    for sky, used in through_samples:
        choice, fit = compare_orders(sky, used, (7,), bands=2), fit_anisotropy(sky, used)
        found.append(((choice.chi2 + choice.parameters) / fit.effective_pixels)[0])
        shift, sigma = truncation_shift(sky, fit, used)
        pulls.append(shift / sigma)
    assert np.mean(found) == pytest.approx(1.0, abs=5.0 * np.sqrt(2.0 / 12.0 / fit.effective_pixels))
    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(1.0, abs=0.25)


def test_what_a_series_that_ends_too_early_shifts():
    """A truth of order 9 fitted to order 7: two more orders give back what its last terms had taken over."""
    liouville = uniform_field_map()
    truth = np.concatenate([THETA[:7], [1.5e-4, -1e-4], THETA[7:]])
    sky, columns = sky_of(liouville, truth, dec_min=-10.0, averaging=9.0)
    short = fit_anisotropy(sky, liouville)
    shift, _ = truncation_shift(sky, short, liouville)
    np.testing.assert_allclose(short.theta + shift, truth[[*range(7), 9, 10]], rtol=1e-6, atol=1e-11)
    assert np.max(np.abs(shift) / short.sigma) > 1.0
    # and where nothing lies beyond, noise alone shifts as much as it is said to
    sky, columns = sky_of(liouville, THETA, dec_min=-10.0, averaging=9.0)
    clean, random, pulls = sky.relative_intensity[sky.observed], np.random.default_rng(7), []
    for _ in range(40):
        data = columns.on_grid(clean + columns.noise @ random.standard_normal(columns.noise.shape[1]))
        noisy = sky.replace(relative_intensity=data)
        shift, sigma = truncation_shift(noisy, fit_design(columns, noisy.relative_intensity[sky.observed]), liouville)
        pulls.append(shift / sigma)
    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(1.0, abs=0.15)
