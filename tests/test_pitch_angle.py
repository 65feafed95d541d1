"""Eq. (4): bins of the pitch-angle distribution against exact integrals and simulated skies."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.polynomial.legendre import legval
from scipy.integrate import quad
from toy import THETA, sky_of, taken_as_exact, uniform_field_map

from lisbon_core.anisotropy import (
    bin_averages,
    fit_anisotropy,
    fit_design,
    pitch_angle_distribution,
    renormalise,
)
from lisbon_core.sky import noise_factor, ring_normalise


def pad_of(sky, liouville, columns=None):
    observed, liouville = ring_normalise(sky), taken_as_exact(liouville)  # the skies are made with it
    fit = fit_anisotropy(observed, liouville) if columns is None else fit_design(
        columns, observed.relative_intensity[observed.observed])
    return pitch_angle_distribution(renormalise(observed, fit), fit, liouville)


def test_bin_averages_are_integrals():
    edges = np.array([-1.0, -0.3, 0.2, 1.0])
    for n in (1, 2, 7):
        exact = [quad(lambda x, n=n: legval(x, np.eye(8)[n]), a, b)[0] / (b - a)
                 for a, b in itertools.pairwise(edges)]
        np.testing.assert_allclose(bin_averages(edges, 7)[:, n - 1], exact, atol=1e-13)


@pytest.mark.equation("4")
def test_noiseless_sky_gives_the_exact_bins():
    liouville = uniform_field_map(scatter=0.3)
    sky, _ = sky_of(liouville, THETA, dec_min=-10.0, averaging=9.0)
    pad = pad_of(sky, liouville)
    np.testing.assert_allclose(pad.F, 1.0 + bin_averages(pad.edges, 7) @ THETA[:7], atol=1e-8)
    np.testing.assert_allclose(pad.F.mean(), 1.0, atol=1e-12)


def test_response_foretells_what_a_truncated_fit_shows():
    """A truth of order 11 fitted to order 7: the bins are what the response says, not the bin averages."""
    liouville = uniform_field_map(scatter=0.3)
    truth = np.concatenate([THETA[:7], [2e-5, 2e-4, -3e-5, 1e-4]])
    sky, _ = sky_of(liouville, np.concatenate([truth, THETA[7:]]), dec_min=-10.0, averaging=9.0)
    pad = pad_of(sky, liouville)
    expected = 1.0 + pad.response[:, :11] @ truth
    np.testing.assert_allclose(pad.F, expected, atol=4e-6)  # second order: 1e-3 squared
    assert np.max(np.abs(pad.F - 1.0 - bin_averages(pad.edges, 11) @ truth)) > 1e-5


@pytest.mark.equation("4")
def test_covariance_is_the_scatter_of_skies():
    liouville = uniform_field_map(scatter=0.3)
    sky, columns = sky_of(liouville, THETA, dec_min=-10.0, averaging=9.0)
    factor, random = noise_factor(sky), np.random.default_rng(5)
    clean, bins = sky.relative_intensity[sky.observed], []
    for _ in range(300):
        noisy = columns.on_grid(clean + factor @ random.standard_normal(factor.shape[1]))
        pad = pad_of(sky.replace(relative_intensity=noisy), liouville, columns)
        bins.append(pad.F)
    assert np.all(np.abs(np.std(bins, axis=0) / pad.sigma - 1.0) < 0.17)
    # the whole covariance: squared deviations in its own metric are a chi-square of 16 degrees of freedom
    expected = 1.0 + bin_averages(pad.edges, 7) @ THETA[:7]
    root = np.linalg.cholesky(pad.covariance)
    chi2 = np.sum(np.linalg.solve(root, (np.array(bins) - expected).T) ** 2, axis=0)
    assert abs(chi2.mean() / 16.0 - 1.0) < 5.0 * np.sqrt(2.0 / 16.0 / 300.0)


def test_sampling_error_reaches_the_bins():
    liouville = uniform_field_map(scatter=0.1, samples=4)
    sky = ring_normalise(sky_of(liouville, THETA)[0])
    fit, wider = fit_anisotropy(sky, taken_as_exact(liouville)), fit_anisotropy(sky, liouville)
    plain = pitch_angle_distribution(renormalise(sky, fit), fit, liouville)
    sampled = pitch_angle_distribution(renormalise(sky, wider), wider, liouville)
    assert np.all(sampled.sigma > plain.sigma)


def test_a_sampled_map_leaves_no_bias():
    """One noiseless sky through forty maps of few samples: bins and response, on average, are those of the true map.

    Shares and terms that come from the same orbits err together; uncorrected, the bins are flatter by many of these
    errors, and a fit of Eq. (5) to them finds too long a gradient length.
    """
    sky = ring_normalise(sky_of(uniform_field_map(scatter=0.3, samples=400), THETA, averaging=9.0)[0])

    def pulls(halves):
        """Mean deviation of each bin from what the response says of the truth, over its error."""
        found = [halves(uniform_field_map(scatter=0.3, samples=4, seed=seed)) for seed in range(2, 42)]
        fits = [fit_anisotropy(sky, liouville) for liouville in found]
        pads = [pitch_angle_distribution(renormalise(sky, fit), fit, one) for fit, one in zip(fits, found, strict=True)]
        off = np.array([pad.F - 1.0 - pad.response[:, :7] @ THETA[:7] for pad in pads])
        return off.mean(axis=0) / off.std(axis=0, ddof=1) * np.sqrt(len(pads))

    assert np.sqrt(np.mean(pulls(lambda liouville: liouville) ** 2)) < 2.5
    assert np.sqrt(np.mean(pulls(taken_as_exact) ** 2)) > 4.0


def test_bins_and_rings_scatter_over_maps_as_stated():
    """One noiseless sky through forty maps: bins and restored ring means scatter by the map's part of sigma."""
    made = uniform_field_map(scatter=0.15, samples=400)
    sky = ring_normalise(sky_of(made, THETA, dec_min=-10.0, averaging=9.0)[0])
    F, rings, stated_F, stated_rings = [], [], [], []
    for seed in range(2, 42):
        used = uniform_field_map(scatter=0.15, samples=4, seed=seed)
        fit = fit_anisotropy(sky, used)
        # the same, the error of the map forgotten
        blind = replace(fit, map_errors={}, map_response=fit.map_response[:, :0])
        restored, plain = renormalise(sky, fit), renormalise(sky, blind)
        whole, part = (pitch_angle_distribution(one, which, used)
                       for one, which in ((restored, fit), (plain, blind)))
        F.append(whole.F)
        rings.append(restored.ring_mean)
        stated_F.append(whole.sigma**2 - part.sigma**2)
        stated_rings.append(restored.ring_mean_sigma**2 - plain.ring_mean_sigma**2)
    for found, stated in ((F, stated_F), (rings, stated_rings)):
        seen = np.isfinite(found[0])
        ratio = np.var(found, axis=0, ddof=1)[seen] / np.mean(stated, axis=0)[seen]
        # forty maps know a variance to 23 %, and its mean over correlated bins or rings to about half of that
        assert np.mean(ratio) == pytest.approx(1.0, abs=0.3)
