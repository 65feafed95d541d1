"""Terms beyond Eq. (3): nothing is found where nothing is, and what is planted comes out."""

import numpy as np
import pytest
from scipy.stats import kstest
from toy import THETA, sky_of, taken_as_exact, uniform_field_map

from lisbon_core.anisotropy import fit_anisotropy, fit_design
from lisbon_core.heliosphere import closed_form
from lisbon_core.liouville import straight_lines
from lisbon_core.sky import ring_normalise
from lisbon_core.studies.gyrotropy import gyrotropy_columns, gyrotropy_test


@pytest.fixture(scope="module")
def toy():
    liouville = taken_as_exact(uniform_field_map(step=9.0, scatter=0.2))  # the skies are made with it
    return liouville, *sky_of(liouville, THETA, dec_min=-10.0, averaging=12.0)


def judged(toy, data):
    liouville, sky, columns = toy
    return gyrotropy_test(sky.replace(relative_intensity=columns.on_grid(data)), fit_design(columns, data), liouville)


def test_p_values_of_true_skies_are_uniform(toy):
    _, sky, columns = toy
    random, clean = np.random.default_rng(3), sky.relative_intensity[sky.observed]
    found = [judged(toy, clean + columns.noise @ random.standard_normal(columns.noise.shape[1])) for _ in range(300)]
    assert kstest([one.p_value for one in found], "uniform").pvalue > 0.01
    pulls = np.array([one.coefficients / one.sigma for one in found])
    assert np.all(np.abs(pulls.std(axis=0) - 1.0) < 0.16)  # known to 4 %


@pytest.mark.parametrize("term", range(5))
def test_a_planted_term_is_found(toy, term):
    liouville, sky, columns = toy
    clean = sky.relative_intensity[sky.observed]
    radius, error = judged(toy, clean).radius_AU, judged(toy, clean).sigma[term]
    planted = np.mean([gyrotropy_columns(liouville, s, 4.7, radius)[:, term] for s in range(2)], axis=0)
    random = np.random.default_rng(term)
    noise = columns.noise @ random.standard_normal(columns.noise.shape[1])
    found = judged(toy, clean + 10.0 * error * (columns.averaging @ planted) + noise)
    assert abs(found.coefficients[term] / error - 10.0) < 4.0
    assert found.p_value < 1e-6


def test_terms_that_eq_3_makes_itself_take_no_part():
    """Without a heliosphere R^2 is 1 - mu^2 and the gradient a dipole.

    The polar dipole, of which such a sky tells nothing, is left at zero, and is in the ring means to second order.
    """
    heliosphere = closed_form()
    liouville = straight_lines(heliosphere, *(uniform_field_map(step=9.0).dec, uniform_field_map(step=9.0).ra))
    sky = ring_normalise(sky_of(liouville, THETA[[0, 1, 2, 7, 8]])[0])
    found = gyrotropy_test(sky, fit_anisotropy(sky, liouville, 3), liouville)
    assert found.degrees == 4
    assert found.chi2 < 0.01


def test_the_sample_of_the_map_is_no_sign_of_gyrophase():
    """Sky and fit have other samples: taken as exact the map cries wolf, with its own error it does not."""
    sky = ring_normalise(sky_of(uniform_field_map(scatter=0.15, samples=50), THETA, noise=2e-5)[0])
    maps = [uniform_field_map(scatter=0.15, samples=4, seed=seed) for seed in range(2, 12)]
    assert min(gyrotropy_test(sky, fit_anisotropy(sky, used), used).p_value for used in maps) > 0.001
    exact = map(taken_as_exact, maps)
    assert max(gyrotropy_test(sky, fit_anisotropy(sky, used), used).p_value for used in exact) < 1e-6
