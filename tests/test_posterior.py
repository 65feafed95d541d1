"""The sampled posterior against the covariance where both must agree, and against conditioning by hand."""

import numpy as np
import pytest
from toy import THETA, sky_of, uniform_field_map

from lisbon_core.anisotropy import AnisotropyError, fit_anisotropy, fit_design
from lisbon_core.sky import ring_normalise
from lisbon_core.studies.coefficient_posterior import sample_coefficients, second_order
from lisbon_core.studies.compton_getting import fit_speed


@pytest.fixture(scope="module")
def toy():
    liouville = uniform_field_map(scatter=0.2)
    sky, columns = sky_of(liouville, THETA, dec_min=-10.0, averaging=9.0)
    return liouville, sky, columns, fit_design(columns, sky.relative_intensity[sky.observed])


def assert_gaussian(samples, mean, covariance, effective):
    """Mean, errors and correlations of samples, each known as well as so many independent ones make it."""
    sigma = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(samples.mean(axis=0) - mean) < 5.0 * sigma / np.sqrt(effective))
    assert np.all(np.abs(samples.std(axis=0) / sigma - 1.0) < 5.0 / np.sqrt(2.0 * effective))
    assert np.max(np.abs(np.corrcoef(samples.T) - covariance / np.outer(sigma, sigma))) < 5.0 / np.sqrt(effective)


def test_of_a_small_anisotropy_is_the_covariance(toy):
    fit = toy[3]
    samples, effective = sample_coefficients(fit, np.random.default_rng(1))
    assert effective > 1000.0
    assert_gaussian(samples, fit.theta, fit.covariance, effective)
    low, high = np.quantile(samples[:, 0], [0.16, 0.84])
    assert (high - low) / (2.0 * fit.sigma[0]) == pytest.approx(1.0, abs=0.1)
    again, _ = sample_coefficients(fit, np.random.default_rng(1))
    np.testing.assert_array_equal(samples, again)


def test_prior_does_what_conditioning_does(toy):
    """A prior on the speed, as wide as its own error, and on A_2 far from the fit."""
    liouville, sky, _, _ = toy
    fit = fit_speed(ring_normalise(sky), liouville)
    k = [1, 9]
    about, width = np.array([fit.theta[1] + 2.0 * fit.sigma[1], 0.3]), fit.sigma[k]
    prior = {"A_2": (about[0], width[0]), "speed": (0.3, width[1])}
    samples, effective = sample_coefficients(fit, np.random.default_rng(2), prior)
    gain = fit.covariance[:, k] @ np.linalg.inv(fit.covariance[np.ix_(k, k)] + np.diag(width**2))
    mean = fit.theta + gain @ (about - fit.theta[k])
    assert_gaussian(samples, mean, fit.covariance - gain @ fit.covariance[k], effective)


def test_a_sampled_map_widens_it(toy):
    liouville, sky = uniform_field_map(scatter=0.05, samples=4), toy[1]
    fit = fit_anisotropy(ring_normalise(sky), liouville)
    samples, effective = sample_coefficients(fit, np.random.default_rng(3))
    assert_gaussian(samples, fit.theta, fit.covariance, effective)


def test_what_is_left_out_is_of_third_order(toy):
    """Anisotropies of a tenth and a twentieth: what the expansion misses falls by eight."""
    fit, columns = toy[3], toy[2]
    pairs, error = second_order(fit), []
    for size in (50.0, 25.0):
        shift = size * THETA
        there, here = (columns.relative_intensity(theta)[0] for theta in (fit.theta + shift, fit.theta))
        exact = fit.estimator @ (there - here)
        error.append(np.abs(exact - shift - np.einsum("kij,i,j->k", pairs, shift, shift)) / columns.scale)
    assert np.max(error[0]) < 1e-3
    assert np.linalg.norm(error[0]) / np.linalg.norm(error[1]) == pytest.approx(8.0, rel=0.15)


def test_unknown_priors_are_named(toy):
    with pytest.raises(AnisotropyError, match="speed"):
        sample_coefficients(toy[3], np.random.default_rng(0), {"speed": (0.0, 1.0)})
