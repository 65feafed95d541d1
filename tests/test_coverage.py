"""Error bars that mean what they say: coverage over many synthetic skies seen through the real Liouville map."""

from dataclasses import replace

import numpy as np
import pytest
from toy import taken_as_exact

from lisbon_core.anisotropy import design, fit_anisotropy
from lisbon_core.ground.response import mono, response
from lisbon_core.ground.units import gyroradius
from lisbon_core.heliosphere import closed_form
from lisbon_core.liouville import Sampling, cached_samples, grid, straight_lines
from lisbon_core.sky import ring_normalise, ring_null_space
from lisbon_core.studies.coverage import Coverage, coverage
from lisbon_core.studies.identifiability import identifiability
from lisbon_core.synthetic import DEFAULT_TRUTH, expected_sky, map_of

ORDER = 7


def coefficients(truth):
    """A_1 ... A_7, G_x, G_y of a truth, the series cut to the fitted order."""
    return np.concatenate([truth.legendre(ORDER), [truth.G_x, truth.G_y]])


def test_full_sky_without_noise_gives_everything_back_and_says_what_it_cannot_know():
    """Through the real Liouville map: A_n to 1e-6, whatever factor each ring is given; the null space is named."""
    liouville = taken_as_exact(cached_samples(closed_form(), *grid(4.0), Sampling(samples=4)))
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


@pytest.fixture(scope="module")
def made():
    """The map of a sky on 6 degrees, of 32 orbits a pixel."""
    return map_of(replace(DEFAULT_TRUTH, samples=32, averaging_deg=9.0), 6.0)


def test_intervals_cover_skies_and_samples_drawn_anew(made):
    """100 skies of fresh noise through 10 maps that share no orbit with the sky's, nor with each other."""
    truth = replace(DEFAULT_TRUTH, averaging_deg=9.0)
    found = coverage(truth, made, response(truth.response, 4.0), skies=100, scramblings=10, samples=8, transport=False)
    # the map errs more than the noise here, so ten maps are hardly more than ten skies: the share of six numbers that
    # lie within an error is known to 6 %. What the cut of the series adds to the last terms is left out.
    assert abs(np.mean(found.within(1.0)[[0, 1, 2, 3, 7, 8]]) - 0.683) < 0.15
    assert np.mean(found.within(1.96)) > 0.9
    # not so with four samples: neighbouring pixels complement each other, and the map errs less than its halves say
    assert abs(found.chi2.mean() - 1.0) < 0.07


@pytest.mark.parametrize(("seen", "dec_min", "dec_max"), [("mono", -90.0, 90.0), ("lognormal:0.4", -10.0, 70.0)])
def test_chi_square_is_one_in_every_mode(seen, dec_min, dec_max):
    """One rigidity or many, the whole sky or what Tibet sees: five maps scatter it by 0.02."""
    truth = replace(DEFAULT_TRUTH, averaging_deg=12.0, samples=16, response=seen, dec_min=dec_min, dec_max=dec_max)
    found = coverage(truth, map_of(truth, 9.0), response(seen, 4.0), skies=100, scramblings=5, samples=8,
                     transport=False)
    assert abs(found.chi2.mean() - 1.0) < 0.07


def test_skies_through_one_map_count_once():
    """Pulls that are the same for all skies of a map: the error of their mean is that of so many maps."""
    of_map = np.random.default_rng(1).standard_normal(12)
    found = Coverage(("A_1",), np.repeat(of_map, 40)[:, None], np.ones(480), np.repeat(np.arange(12), 40))
    table = found.table(command="none")
    assert table["mean_pull_error"][0] == pytest.approx(of_map.std(ddof=1) / np.sqrt(12.0), abs=1e-4)
    assert table["within_68"][0] == pytest.approx(np.mean(np.abs(of_map) < 1.0), abs=1e-4)
    assert (table.meta["chi2_reduced"], table.meta["chi2_reduced_error"], table.meta["command"]) == (1.0, 0.0, "none")


def test_the_wrong_response_is_seen(made):
    """Skies of five nuclei fitted as one rigidity: chi-square says that something is wrong, or no number is far off."""
    truth = replace(DEFAULT_TRUTH, averaging_deg=9.0, noise=3e-5)
    right, wrong = (coverage(truth, made, seen, skies=2, scramblings=1, samples=8, transport=False)
                    for seen in (response(truth.response, 4.0), mono(4.0)))
    assert right.chi2.mean() < 1.3
    assert wrong.chi2.mean() > 2.0
    assert np.max(np.abs(wrong.pulls)) > 5.0
