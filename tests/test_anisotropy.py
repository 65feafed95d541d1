"""The fit of Eqs. (1)-(3) against exact answers, derivatives by differences, and the scatter of simulated skies."""

from dataclasses import replace

import numpy as np
import pytest
from toy import THETA, sky_of, taken_as_exact, uniform_field_map

from lisbon_core.anisotropy import (
    AnisotropyError,
    design,
    fit_anisotropy,
    fit_design,
    pitch_angle_distribution,
    renormalise,
    sample_columns,
)
from lisbon_core.sky import noise_factor, ring_normalise


@pytest.mark.equation("3")
@pytest.mark.parametrize(("dec_min", "averaging"), [(-90.0, 0.0), (-90.0, 9.0), (-10.0, 9.0)])
def test_noiseless_sky_gives_back_its_coefficients(dec_min, averaging):
    liouville = uniform_field_map()
    sky, _ = sky_of(liouville, THETA, dec_min, averaging)
    fit = fit_anisotropy(ring_normalise(sky), liouville)
    np.testing.assert_allclose(fit.theta, THETA, atol=1e-6 * 1.9e-3, rtol=1e-6)
    assert fit.chi2_reduced < 1e-12


def test_rings_with_a_gap_have_the_mean_of_what_is_observed():
    """Eq. (2) on incomplete rings: the model's ring mean is over the same pixels as the sky's."""
    liouville = uniform_field_map()
    sky, _ = sky_of(liouville, THETA)
    hidden = (np.abs(sky.dec[:, None] - 20.0) < 30.0) & (np.abs(sky.ra - 150.0) < 40.0)
    seen = sky.replace(relative_intensity=np.where(hidden, np.nan, sky.relative_intensity),
                       sigma=np.where(hidden, np.nan, sky.sigma))
    fit = fit_anisotropy(ring_normalise(seen), liouville)
    np.testing.assert_allclose(fit.theta, THETA, atol=1e-6 * 1.9e-3, rtol=1e-6)


def test_what_depends_on_declination_alone_changes_nothing():
    """The null space of Eq. (2): any factor per ring."""
    liouville = uniform_field_map()
    sky, columns = sky_of(liouville, THETA)
    factor = 1.0 + 0.3 * np.sin(np.radians(liouville.dec))[:, None] ** 2
    noisy = sky.relative_intensity + 1e-4 * np.random.default_rng(0).standard_normal(sky.sigma.shape)
    plain = fit_design(columns, noisy[sky.observed])
    scaled = fit_design(columns, (noisy * factor)[sky.observed])
    np.testing.assert_allclose(scaled.theta, plain.theta, atol=1e-12)


def test_jacobian_is_the_derivative():
    liouville = uniform_field_map(scatter=0.2)
    _, columns = sky_of(liouville, THETA, averaging=9.0)
    _, jacobian = columns.relative_intensity(THETA)
    for k, step in enumerate([1e-4] * 7 + [1e-7] * 2):
        shift = np.zeros(9)
        shift[k] = step
        difference = columns.relative_intensity(THETA + shift)[0] - columns.relative_intensity(THETA - shift)[0]
        np.testing.assert_allclose(jacobian[:, k], difference / (2.0 * step), atol=1e-6 * np.abs(jacobian[:, k]).max())


@pytest.mark.equation("3")
def test_errors_cover_and_chi_square_is_one():
    """Pulls of 1000 simulated skies whose noise is correlated by a disc average."""
    liouville = uniform_field_map(scatter=0.2)
    sky, columns = sky_of(liouville, THETA, dec_min=-10.0, averaging=9.0)
    factor, random = noise_factor(sky), np.random.default_rng(8)
    clean = sky.relative_intensity[sky.observed]
    fits = [fit_design(columns, clean + factor @ random.standard_normal(factor.shape[1])) for _ in range(1000)]
    pulls = np.array([(fit.theta - THETA) / fit.sigma for fit in fits])
    # 1000 skies: a standard deviation of 1 is known to 2.2 %, a coverage of 68 % to 1.5 %
    assert np.all(np.abs(pulls.std(axis=0) - 1.0) < 0.09)
    assert np.all(np.abs(np.mean(np.abs(pulls) < 1.0, axis=0) - 0.683) < 0.06)
    chi2 = np.array([fit.chi2_reduced for fit in fits])
    assert chi2.mean() == pytest.approx(1.0, abs=4.0 * chi2.std() / np.sqrt(chi2.size))
    assert chi2.std() == pytest.approx(fits[0].chi2_reduced_sigma, rel=0.2)


def test_independent_pixels_would_claim_too_small_errors():
    """The reason for the sandwich: a disc of many pixels makes the errors larger than the diagonal says."""
    liouville = uniform_field_map(step=4.0)
    sky, columns = sky_of(liouville, THETA, averaging=10.0)
    fit = fit_design(columns, sky.relative_intensity[sky.observed])
    jacobian = columns.relative_intensity(fit.theta)[1] / 1e-4
    naive = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))
    # a disc of 10 degrees holds about pi 10^2/4^2 = 20 pixels at the equator: errors grow by at most its root
    assert np.all(fit.sigma / naive > 2.0)
    assert np.all(fit.sigma / naive < 9.0)


def test_fit_of_a_sampled_map_covers_skies_made_with_other_samples():
    """Without the correction A_5 comes out a fifth too small here; with it, no bias, and the errors cover."""
    plain, pulls = [], []
    for seed in range(12):
        made = uniform_field_map(scatter=0.15, samples=4, seed=2 * seed)
        used = uniform_field_map(scatter=0.15, samples=4, seed=2 * seed + 1)
        sky = ring_normalise(sky_of(made, THETA)[0])
        fit, uncorrected = fit_anisotropy(sky, used), fit_anisotropy(sky, taken_as_exact(used))
        # the sky's own map is a sample as well: twice the variance of the map's part
        sigma = np.sqrt(np.diag(2.0 * fit.covariance - fit.noise @ fit.noise.T))
        pulls.append((fit.theta - THETA) / sigma)
        plain.append(uncorrected.theta[4])
    assert np.mean(plain) < 0.85 * THETA[4]
    assert np.mean(np.abs(pulls) < 1.96) > 0.9
    assert np.all(np.abs(np.mean(pulls, axis=0)) < 4.0 / np.sqrt(12.0))


@pytest.mark.parametrize("samples", [2, 4])
def test_the_error_of_the_map_is_what_other_maps_scatter_by(samples):
    """One noiseless sky, maps that share nothing: each coefficient scatters as stated, be it from one orbit a half."""
    sky = ring_normalise(sky_of(uniform_field_map(), THETA, dec_min=-10.0, averaging=9.0)[0])
    fits = [fit_anisotropy(sky, uniform_field_map(scatter=0.1, samples=samples, seed=seed)) for seed in range(2, 42)]
    stated = np.sqrt(np.mean([fit.budget["sample of the map"] ** 2 for fit in fits], axis=0))
    scatter = np.std([fit.theta for fit in fits], axis=0, ddof=1)
    # 40 maps: a scatter is known to 11 %; over nine coefficients to 4 %
    assert np.all(np.abs(scatter / stated - 1.0) < 0.4)
    assert np.mean(scatter / stated) == pytest.approx(1.0, abs=0.15)
    for fit in fits[:3]:
        np.testing.assert_allclose(fit.sigma**2, sum(part**2 for part in fit.budget.values()))


def test_a_synthetic_sky_is_a_sample_as_well():
    """Skies made with four orbits a pixel, fitted through eight: pulls scatter by one, or by root three if untold."""
    pulls = []
    for seed in range(2, 32):
        sky = ring_normalise(sky_of(uniform_field_map(scatter=0.15, samples=4, seed=seed), THETA, noise=1e-6)[0])
        used = uniform_field_map(scatter=0.15, samples=8, seed=100 + seed)
        pulls.append([(fit.theta - THETA) / fit.sigma for fit in (fit_anisotropy(sky, used, made_with=made_with)
                                                                  for made_with in (4, 0))])
    told, untold = np.std(pulls, axis=0).mean(axis=1)
    assert told == pytest.approx(1.0, abs=0.15)
    assert untold == pytest.approx(np.sqrt(3.0), abs=0.3)


def test_another_map_that_could_be_true_is_one_more_error():
    """Its row in the budget is the shift it makes, and the covariance holds it."""
    liouville, other = uniform_field_map(), uniform_field_map(flow=4e-4)
    sky, _ = sky_of(liouville, THETA, averaging=9.0)
    fit = fit_anisotropy(sky, taken_as_exact(liouville), others={"faster": other})
    shift = fit_anisotropy(sky, taken_as_exact(other)).theta - fit.theta
    np.testing.assert_allclose(fit.budget["faster"], np.abs(shift), rtol=0.02, atol=1e-3 * np.abs(shift).max())
    np.testing.assert_allclose(fit.covariance - fit.noise @ fit.noise.T, np.outer(shift, shift), rtol=0.05,
                               atol=1e-3 * np.max(shift**2))


def test_chi_square_knows_the_error_of_the_map():
    """Residuals of a noiseless sky are those of the map alone: their sum of squares is its part of the expectation."""
    sky, columns = sky_of(uniform_field_map(), 20.0 * THETA, averaging=9.0)
    fits = [fit_anisotropy(ring_normalise(sky), uniform_field_map(scatter=0.1, samples=4, seed=seed))
            for seed in range(2, 22)]
    of_map = [columns.expected_squares(fit.map_noise) for fit in fits]
    assert np.mean([fit.chi2 for fit in fits]) == pytest.approx(np.mean(of_map), rel=0.15)
    # against the definition, written out
    noise = fits[0].map_noise @ np.eye(fits[0].map_noise.shape[1])
    noise -= columns.ring_mean(noise)
    assert of_map[0] == pytest.approx(np.sum(columns.weight[:, None] * noise**2))


def test_orbits_left_out_give_way_to_others_of_their_half():
    """None is left where another is at hand; where all are to go, all stay."""
    liouville = uniform_field_map(scatter=0.2, samples=8)
    out = np.random.default_rng(1).random(liouville.mu.shape) < 0.6
    kept = liouville.without(out)
    for half in (slice(4), slice(4, None)):
        stays = ~out[half]
        allowed = np.where(stays | ~stays.any(axis=0), liouville.mu[half], np.nan)
        assert np.all(np.any(kept.mu[half, None] == allowed, axis=1))
    np.testing.assert_array_equal(kept.mu[~out], liouville.mu[~out])
    assert np.any(kept.mu != liouville.mu)


def test_terms_are_those_of_equation_3_written_out():
    """A pixel by hand: signs, order and exponent, which a sky made and fitted with the same terms cannot show."""
    liouville = uniform_field_map(step=30.0, samples=1)
    mu, x, y, ratio = (getattr(liouville, name)[0].ravel() for name in ("mu", "R_x", "R_y", "momentum_ratio"))
    theta = np.array([2e-3, -3e-4, 6e-7, -8e-7])  # A_1, A_2, G_x, G_y
    intensity = sample_columns(liouville, 0, 2, 4.7) @ np.array([1.0, *theta])
    legendre = 2e-3 * mu - 3e-4 * (1.5 * mu**2 - 0.5)
    np.testing.assert_allclose(intensity, (1.0 + legendre + 6e-7 * x - 8e-7 * y) / ratio**4.7, rtol=1e-13)
    assert np.ptp(ratio**4.7) > 1e-4


def test_a_power_of_the_rigidity_scales_the_terms():
    """At twice the scale and an index of 1/3, each term but the constant is larger by 2^(1/3)."""
    liouville = uniform_field_map()
    other = replace(liouville, rigidity_TV=2.0 * liouville.rigidity_TV)
    plain, scaled = sample_columns(liouville, 0, 5, 4.7), sample_columns(other, 0, 5, 4.7, rigidity_index=1.0 / 3.0)
    np.testing.assert_allclose(scaled[:, 1:], 2.0 ** (1.0 / 3.0) * plain[:, 1:])
    np.testing.assert_array_equal(scaled[:, 0], plain[:, 0])


@pytest.mark.parametrize("scatter", [0.6, 1.2])
def test_samples_that_scatter_too_much_are_corrected_in_part_and_errors_hold(scatter):
    """Some combinations are lost and say so; A_1, which is known well, is not lost with them."""
    sky = ring_normalise(sky_of(uniform_field_map(scatter=scatter, samples=200), THETA)[0])
    fits = [fit_anisotropy(sky, uniform_field_map(scatter=scatter, seed=seed, samples=4)) for seed in range(2, 14)]
    assert all(0.5 < fit.design.corrected < 1.0 for fit in fits)
    pulls = np.array([(fit.theta - THETA) / fit.sigma for fit in fits])
    assert np.mean(np.abs(pulls) < 1.96) > 0.9
    assert np.abs(pulls).max() < 3.0
    assert np.mean([fit.sigma[0] for fit in fits]) < 0.3 * THETA[0]
    assert fit_anisotropy(sky, uniform_field_map(scatter=0.1, samples=4)).design.corrected == 1.0


def test_what_the_sky_does_not_tell_is_left_at_zero_with_an_error_of_all_of_it():
    """Of two terms that are one the sum is fitted; their difference is open, and all that follows from it."""
    liouville = uniform_field_map(scatter=0.1)
    liouville = replace(liouville, R_x=300.0 * liouville.mu)
    sky = ring_normalise(sky_of(liouville, THETA)[0])
    fit, sum_of = fit_anisotropy(sky, taken_as_exact(liouville)), np.array([1.0, *np.zeros(6), 300.0, 0.0])
    np.testing.assert_allclose([sum_of @ fit.theta, *fit.theta[1:-2]], [sum_of @ THETA, *THETA[1:-2]], rtol=1e-6)
    assert np.sqrt(sum_of @ fit.covariance @ sum_of) < 1e-4
    for one in (fit, fit_anisotropy(sky, liouville)):
        assert np.all(one.sigma[[0, -2]] * one.design.scale[[0, -2]] ** -1 > 0.5)
        assert np.all(one.sigma[1:-2] < 1e-4)
        assert abs(np.array([1.0, -300.0]) @ one.theta[[0, -2]]) < 1e-9
        renormalised = renormalise(sky, one)
        assert np.nanmedian(renormalised.ring_mean_sigma) < 0.1
        assert pitch_angle_distribution(renormalised, one, liouville).sigma.max() > 0.1
    assert fit_anisotropy(sky_of(uniform_field_map(), THETA)[0], uniform_field_map()).untold.size == 0


def test_refused_with_a_sentence():
    liouville = uniform_field_map()
    sky, _ = sky_of(liouville, THETA)
    other = uniform_field_map(step=9.0)
    with pytest.raises(AnisotropyError, match="trace the map on the grid"):
        design(sky, other)
    few = np.full(sky.sigma.shape, np.nan)
    few[0, :5] = 1.0
    with pytest.raises(AnisotropyError, match="5 observed pixels"):
        design(replace(sky, relative_intensity=few), liouville)
