"""Several skies fitted together: exact limits, coverage, errors below those of each alone, and a run on a list."""

from dataclasses import replace

import numpy as np
import pytest
from test_ensemble import in_place_of, only
from toy import THETA, sky_of, taken_as_exact, uniform_field_map

from lisbon_core import LisbonError
from lisbon_core.anisotropy import (
    design,
    fit_anisotropy,
    fit_design,
    joined,
    pitch_angle_distribution,
    renormalise,
)
from lisbon_core.anisotropy.terms import mean_columns
from lisbon_core.claims import anisotropy_claims, transport_claims
from lisbon_core.ensemble import Ensemble
from lisbon_core.ground.units import gyroradius
from lisbon_core.parameters import ParameterError, RunParameters, absolute
from lisbon_core.run import Run, check_inputs
from lisbon_core.sky import cut, noise_factor
from lisbon_core.sky.files import write_sky_map
from lisbon_core.studies.identifiability import identifiability
from lisbon_core.synthetic import DEFAULT_TRUTH, make_sky, map_of, truth_beside, write_truth

NORTH, SOUTH = (-10.0, 70.0), (-90.0, -25.0)


def bands(liouville, **options):
    """A northern and a southern sky of the same coefficients, and their designs."""
    whole = [sky_of(liouville, THETA, **options | {"averaging": averaging})[0] for averaging in (9.0, 15.0)]
    skies = [cut(sky, *limits) for sky, limits in zip(whole, (NORTH, SOUTH), strict=True)]
    return skies, [design(sky, liouville).exact() for sky in skies]


def test_one_sky_is_joined_to_itself():
    _, (north, _) = bands(uniform_field_map())
    assert joined([north]) is north


def test_a_sky_in_two_pieces_is_the_sky():
    """Two bands of one map, not averaged: the same coefficients and errors as the map as a whole."""
    liouville = uniform_field_map(scatter=0.1)
    whole, _ = sky_of(liouville, THETA)
    noisy = whole.replace(relative_intensity=whole.relative_intensity
                          + 1e-4 * np.random.default_rng(3).standard_normal(whole.sigma.shape))
    pieces = [cut(noisy, -90.0, 0.0), cut(noisy, 0.0, 90.0)]
    one, two = fit_anisotropy(noisy, liouville), fit_anisotropy(pieces, [liouville, liouville])
    np.testing.assert_allclose(two.theta, one.theta, rtol=1e-8)
    np.testing.assert_allclose(two.covariance, one.covariance, rtol=1e-6, atol=1e-9 * one.covariance.max())
    assert two.chi2_reduced == pytest.approx(one.chi2_reduced, rel=1e-9)
    assert two.effective_pixels == pytest.approx(one.effective_pixels, rel=1e-6)
    pads = [pitch_angle_distribution(rings, fit, maps) for rings, fit, maps in (
        (renormalise(noisy, one), one, liouville),
        ([renormalise(piece, two.of_sky(k)) for k, piece in enumerate(pieces)], two, [liouville, liouville]))]
    for name in ("F", "covariance", "response"):
        wanted = getattr(pads[0], name)
        np.testing.assert_allclose(getattr(pads[1], name), wanted, rtol=1e-6, atol=1e-9 * np.abs(wanted).max())
    south = renormalise(pieces[0], two.of_sky(0))
    np.testing.assert_allclose(south.ring_mean[:15], renormalise(noisy, one).ring_mean[:15], rtol=1e-9)
    np.testing.assert_allclose(south.sky.sigma[:15], renormalise(noisy, one).sky.sigma[:15], rtol=1e-6)
    np.testing.assert_allclose(two.of_sky(1).relative_intensity[15:], one.relative_intensity[15:], rtol=1e-9)


def test_rings_of_each_sky_are_free():
    """Any factor per ring and per sky changes nothing: each map is normalised on its own."""
    skies, designs = bands(uniform_field_map())
    both = joined(designs)
    data = np.concatenate([sky.relative_intensity[sky.observed] for sky in skies])
    factor = 1.0 + 0.3 * np.random.default_rng(0).random(both.rings.shape[0])[both.ring]
    np.testing.assert_allclose(fit_design(both, factor * data).theta, THETA, atol=1e-6 * 1.9e-3)


def test_together_they_know_more_than_each_alone_and_errors_cover():
    """200 pairs of skies with correlated noise, a northern and a southern band: pulls of one, chi-square of one."""
    skies, designs = bands(uniform_field_map(scatter=0.2))
    both, random = joined(designs), np.random.default_rng(8)
    clean = [sky.relative_intensity[sky.observed] for sky in skies]
    factors = [noise_factor(sky) for sky in skies]
    fits = []
    for _ in range(200):
        noisy = [one + factor @ random.standard_normal(factor.shape[1])
                 for one, factor in zip(clean, factors, strict=True)]
        fits.append(fit_design(both, np.concatenate(noisy)))
    pulls = np.array([(fit.theta - THETA) / fit.sigma for fit in fits])
    # 200 pairs: a standard deviation of 1 is known to 5 %, a mean to 7 %
    assert np.all(np.abs(pulls.std(axis=0) - 1.0) < 0.2)
    assert np.all(np.abs(pulls.mean(axis=0)) < 0.28)
    assert np.mean([fit.chi2_reduced for fit in fits]) == pytest.approx(1.0, abs=4.0 * fits[0].chi2_reduced_sigma / 14)
    alone = [fit_design(columns, values) for columns, values in zip(designs, noisy, strict=True)]
    assert np.all(fits[-1].sigma < 1.001 * np.minimum(alone[0].sigma, alone[1].sigma))
    for k in (0, 1, -2, -1):  # A_1, A_2, G
        assert fits[-1].sigma[k] < 0.95 * min(one.sigma[k] for one in alone)


def test_what_the_rings_leave_unknown_shrinks():
    """The combination known worst differs from band to band, so that each map helps the other."""
    liouville = uniform_field_map()
    _, designs = bands(liouville)
    radius = gyroradius(4.0, 3.0)
    worst = [identifiability(columns, radius).errors[0] for columns in (*designs, joined(designs))]
    assert worst[2] < 0.95 * min(worst[:2])


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A northern and a southern sky of one truth, each with its own response, averaging and noise; and their list."""
    folder = tmp_path_factory.mktemp("pair")
    seen = {"north": replace(DEFAULT_TRUTH, samples=16),
            "south": replace(DEFAULT_TRUTH, samples=16, seed=7, dec_min=-90.0, dec_max=-25.0, averaging_deg=10.0,
                             noise=6e-5, response="icecube-13TeV", rigidity_TV=13.0)}
    for name, truth in seen.items():
        path = folder / f"{name}.ecsv"
        write_sky_map(make_sky(truth, map_of(truth, 6.0), name), path)
        write_truth(truth, truth_beside(path))
    (folder / "both.toml").write_text('[[sky]]\nsky_map = "north.ecsv"\n\n[[sky]]\nsky_map = "south.ecsv"\n'
                                      'response = "icecube-13TeV"\n')
    return folder


def run_on(path, **changes):
    return Run(RunParameters(sky_map=str(path), grid_deg=6.0, samples=8, members=0, **changes))


def test_a_run_on_two_skies(pair):
    """The truth comes back, better than from either sky; every stage is there, and a label that tells."""
    both = run_on(pair / "both.toml")
    north, south = run_on(pair / "north.ecsv"), run_on(pair / "south.ecsv", response="icecube-13TeV")
    assert [one.response.median_TV for one in both.runs] == [north.response.median_TV, south.response.median_TV]
    assert [one.scale_TV for one in both.maps] == [4.0, 4.0]
    assert not np.any(both.maps[1].mu == south.liouville.mu), "maps of two skies share no orbit"
    truth = np.array([*both.truth.legendre(7), both.truth.G_x, both.truth.G_y])
    assert np.all(np.abs(both.fit.theta - truth) < 4.0 * both.fit.sigma)
    assert abs(both.fit.chi2_reduced - 1.0) < 4.0 * both.fit.chi2_reduced_sigma
    for k in (0, 1, -2, -1):
        assert both.fit.sigma[k] < min(north.fit.sigma[k], south.fit.sigma[k])
    assert "fitted together with 1 more" in both.label
    claims = {one.id: one for one in (*anisotropy_claims(both), *transport_claims(both))}
    assert claims["A_2"].sigma < north.fit.sigma[1]
    assert "was made with" not in claims["A_1"].note
    assert both.renormalised.sky.relative_intensity.shape == both.sky.sigma.shape
    check_inputs(both.parameters)
    assert {path.name for path in both.parameters.files()} == {"both.toml", "north.ecsv", "south.ecsv"}


def test_systematic_errors_are_stacked(pair):
    """A change of the columns that is a dipole of its own in both skies shifts the dipole by as much."""
    both = run_on(pair / "both.toml", order=3)
    for one in both.runs:
        one.liouville = taken_as_exact(one.liouville)
        columns = mean_columns(one.liouville, 3, 4.7)[0]
        members = in_place_of(one, [only(columns, 1, 1e-4), only(columns, 2, -5e-5), only(columns, -2, 1e-8)])
        one.ensemble = Ensemble(**vars(members))
    shifts = both.systematic.theta[[0, 1, -2], :3] / [[1e-4], [-5e-5], [1e-8]]
    np.testing.assert_allclose(shifts, np.eye(3), atol=0.03)


def test_lists_of_skies_that_are_refused(pair, tmp_path):
    assert absolute(f"{pair}/north.ecsv;nowhere.fits") == f"{pair}/north.ecsv;nowhere.fits"
    listed = tmp_path / "list.toml"
    for text, sentence in (("[[sky", "cannot be read as TOML"), ("", "no list of skies"),
                           ("order = 3\n[[sky]]\nsky_map = 'a.fits'", "no list of skies"),
                           ("[[sky]]\norder = 3\nsky_map = 'a.fits'", "no list of skies"),
                           ("[[sky]]\nsky_map = 'a.fits;b.fits'", "no list of skies"),
                           ("[[sky]]\nresponse = 'mono'", "no list of skies"),
                           ("[[sky]]\nsky_map = 'a.fits'\ndec_min = 100.0", "dec_min is 100.0")):
        listed.write_text(text)
        with pytest.raises(ParameterError, match=sentence):
            check_inputs(RunParameters(sky_map=str(listed)))
    other = tmp_path / "other.ecsv"
    other.write_bytes((pair / "south.ecsv").read_bytes())
    with pytest.raises(LisbonError, match="not made from the same interstellar medium"):
        check_inputs(RunParameters(sky_map=f"{pair}/north.ecsv;{other}"))
