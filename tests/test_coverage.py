"""Error bars that mean what they say: coverage over many synthetic skies seen through the real Liouville map."""

from dataclasses import replace

import numpy as np
import pytest

from lisbon_core.anisotropy import design, fit_anisotropy, fit_coefficients, fit_design, fit_sampled_map
from lisbon_core.heliosphere import closed_form
from lisbon_core.liouville import cached_sky, grid, straight_lines
from lisbon_core.sky import ring_normalise, ring_null_space
from lisbon_core.studies.identifiability import identifiability
from lisbon_core.synthetic import DEFAULT_TRUTH, expected_sky, random_truth
from lisbon_core.units import gyroradius

ORDER = 7


def coefficients(truth):
    """A_1 ... A_7, G_x, G_y of a truth, the series cut to the fitted order."""
    return np.concatenate([truth.legendre(ORDER), [truth.G_x, truth.G_y]])


def test_full_sky_without_noise_gives_everything_back_and_says_what_it_cannot_know():
    """Through the real Liouville map: A_n to 1e-6, whatever factor each ring is given; the null space is named."""
    liouville = cached_sky(closed_form(), *grid(4.0))
    everywhere = expected_sky(replace(DEFAULT_TRUTH, dec_min=-90.0, dec_max=90.0), liouville, "synthetic")
    columns, theta = design(everywhere, liouville, ORDER), coefficients(DEFAULT_TRUTH)
    unnormalised = everywhere.replace(relative_intensity=columns.on_grid(columns.intensity(theta)))
    fit = fit_anisotropy(ring_normalise(unnormalised), liouville, ORDER)
    assert np.max(np.abs(fit.theta[:ORDER] - theta[:ORDER])) < 1e-6 * np.max(np.abs(theta))
    np.testing.assert_allclose(fit.theta, theta, rtol=1e-6)
    # 45 rings, 45 numbers that no such sky holds: they change the sky and not the fit
    null = ring_null_space(unnormalised)
    assert null.shape == (45 * 90, 45)
    lost = columns.on_grid(null @ np.random.default_rng(1).standard_normal(45))
    tilted = unnormalised.replace(relative_intensity=unnormalised.relative_intensity * (1.0 + lost))
    np.testing.assert_allclose(fit_anisotropy(tilted, liouville, ORDER).theta, theta, rtol=1e-6)
    # without a heliosphere the worst known combination is one of dipoles, and the report names it
    straight = design(unnormalised, straight_lines(closed_form(), liouville.dec, liouville.ra), ORDER)
    known = identifiability(straight, gyroradius(4.0, 3.0))
    assert known.errors[0] > 100.0 * known.errors[1]
    assert "A_1" in known.words(0)
    assert "G_" in known.words(0)


def test_intervals_cover_at_full_resolution():
    """1000 skies drawn with the 2-degree map that fits them."""
    liouville = cached_sky(closed_form(), *grid(2.0))
    columns = design(expected_sky(DEFAULT_TRUTH, liouville, "synthetic"), liouville, ORDER)
    theta, random = coefficients(DEFAULT_TRUTH), np.random.default_rng(5)
    clean = columns.intensity(theta)
    first = fit_design(columns, clean)
    model, jacobian = columns.relative_intensity(theta)
    expected = columns.noise_trace - np.sum((jacobian.T * columns.weight) @ jacobian * first.covariance)
    pulls, chi2 = np.empty((1000, theta.size)), np.empty(1000)
    for part in np.split(np.arange(1000), 10):
        data = clean[:, None] + columns.noise @ random.standard_normal((columns.noise.shape[1], part.size))
        data = data / columns.ring_mean(data)
        # noise is small, so the fit is linear in it; one sky in a hundred is fitted in full to see that it is
        shift = first.estimator @ (data - model[:, None])
        assert np.all(np.abs(fit_coefficients(columns, data[:, 0]) - theta - shift[:, 0]) < 0.01 * first.sigma)
        residual = data - model[:, None] - jacobian @ shift
        pulls[part], chi2[part] = (shift / first.sigma[:, None]).T, columns.weight @ residual**2 / expected
    covered, wide = np.mean(np.abs(pulls) < 1.0, axis=0), np.mean(np.abs(pulls) < 1.96, axis=0)
    assert np.all((covered > 0.62) & (covered < 0.74)), covered
    assert np.all((wide > 0.91) & (wide < 0.98)), wide
    assert np.all((pulls.std(axis=0) > 0.9) & (pulls.std(axis=0) < 1.15)), pulls.std(axis=0)
    assert chi2.mean() == pytest.approx(1.0, abs=3.0 * chi2.std() / np.sqrt(chi2.size))
    assert chi2.std() == pytest.approx(first.chi2_reduced_sigma, rel=0.1)


def test_intervals_cover_skies_made_with_other_positions():
    """Skies from eight positions on the Earth's orbit, fitted with a map of four others."""
    heliosphere, pixels = closed_form(), grid(4.0)
    made, used = cached_sky(heliosphere, *pixels, positions=8, first_longitude=22.5), cached_sky(heliosphere, *pixels)
    random, covered, plain = np.random.default_rng(6), [], []
    for truth in (DEFAULT_TRUTH, *map(random_truth, range(1, 20))):
        sky, theta = expected_sky(truth, made, "synthetic"), coefficients(truth)
        columns = design(sky, made, ORDER)
        data = columns.intensity(theta) + columns.noise @ random.standard_normal(columns.noise.shape[1])
        fit = fit_sampled_map(sky.replace(relative_intensity=columns.on_grid(data)), used, ORDER)
        covered.append(np.abs(fit.theta - theta) < 1.96 * fit.sigma)
        exact = fit_design(fit.design, data)
        plain.append(np.abs(exact.theta - theta) < 1.96 * exact.sigma)
    assert np.mean(covered) > 0.9
    assert np.mean(plain) < 0.8  # a fit that takes four positions as the whole orbit
