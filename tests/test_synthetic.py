"""Skies of known truth: that the truth is what it says, and that the embedded files were made from it."""

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss, legvander
from toy import uniform_field_map

from lisbon_core import LisbonError
from lisbon_core.ground.units import PC_PER_YEAR
from lisbon_core.run import DATA, DEFAULT_SKY, paper_values
from lisbon_core.sky import ring_means
from lisbon_core.sky.files import read_sky_map
from lisbon_core.synthetic import (
    DEFAULT_TRUTH,
    SECOND,
    expected_sky,
    make_sky,
    random_truth,
    read_truth,
    truth_beside,
    write_truth,
)
from lisbon_core.transport import parallel_kappa29

TRUTHS = [DEFAULT_TRUTH, *(random_truth(seed) for seed in range(1, 6))]


def test_default_truth_is_the_papers():
    paper = paper_values()["paper"]
    assert DEFAULT_TRUTH.L_pc == paper["L_focusing_pc"]
    assert DEFAULT_TRUTH.gradient_length_kpc == paper["gradient_length_kpc"]
    # science.md 5.3, row eta/gamma = -0.5, omega = 1: coefficients in 1e-4
    expected = np.array([18.809, 1.034, -1.245, 0.120, 3.005, 0.195, -1.180]) * 1e-4
    np.testing.assert_allclose(DEFAULT_TRUTH.legendre(7), expected, atol=6e-8)


@pytest.mark.parametrize("truth", TRUTHS)
def test_pad_solves_the_fokker_planck_equation(truth):
    """D F' = (v/2)(1-mu^2)[1/l + F_1/L] in a steady flux tube, and mean 1: by finite differences and quadrature."""
    law, mu, step = truth.scattering(), np.linspace(-0.95, 0.95, 39), 1e-5
    length = truth.gradient_length_kpc * 1e3
    slope = (truth.pad(mu + step) - truth.pad(mu - step)) / (2.0 * step)
    diffusion = PC_PER_YEAR / (2.0 * length) * (1.0 - mu**2) * law.h(mu)
    right = 0.5 * PC_PER_YEAR * (1.0 - mu**2) * (1.0 / length + (truth.pad(mu) - 1.0) / truth.L_pc)
    np.testing.assert_allclose(diffusion * slope, right, rtol=1e-6)
    nodes, weights = leggauss(200)
    assert weights @ truth.pad(nodes) == pytest.approx(2.0, abs=1e-12)
    np.testing.assert_allclose(truth.legendre(5), (np.arange(1, 6) + 0.5)
                               * (legvander(nodes, 5)[:, 1:].T @ (weights * truth.pad(nodes))), atol=1e-13)


@pytest.mark.parametrize("truth", TRUTHS)
def test_scattering_has_the_diffusion_coefficient_it_was_scaled_to(truth):
    law, length = truth.scattering(), truth.gradient_length_kpc * 1e3
    kappa = parallel_kappa29(lambda mu: PC_PER_YEAR / (2.0 * length) * (1.0 - mu**2) * law.h(mu))
    assert kappa == pytest.approx(1.0, rel=1e-9)


def test_lengths_grow_and_rates_shrink_with_kappa():
    one, two = DEFAULT_TRUTH.claims(3, 1.0), DEFAULT_TRUTH.claims(3, 2.0)
    assert two["L_focusing"] == 2.0 * one["L_focusing"]
    assert two["A_1"] == one["A_1"]


def test_sky_is_ring_normalised_and_carries_the_noise_it_says():
    liouville = uniform_field_map(step=4.0)
    sky = make_sky(DEFAULT_TRUTH, liouville, "synthetic")
    means = ring_means(sky.relative_intensity, sky.observed)
    np.testing.assert_allclose(means[np.isfinite(means)], 1.0, atol=1e-14)
    clean = expected_sky(DEFAULT_TRUTH, liouville, "synthetic")
    clean = clean.relative_intensity / ring_means(clean.relative_intensity, clean.observed)[:, None]
    scatter = np.nanstd(sky.relative_intensity - clean)
    assert scatter == pytest.approx(DEFAULT_TRUTH.noise, rel=0.1)
    assert np.isnan(sky.relative_intensity[liouville.dec < -10.0]).all()
    np.testing.assert_array_equal(make_sky(DEFAULT_TRUTH, liouville, "").relative_intensity, sky.relative_intensity)


def test_truth_survives_the_disk(tmp_path):
    truth = random_truth(3)
    write_truth(truth, tmp_path / "truth.toml")
    assert read_truth(tmp_path / "truth.toml") == truth
    (tmp_path / "truth.toml").write_text("L_pc = 1\n")
    with pytest.raises(LisbonError, match="no truth of a synthetic sky"):
        read_truth(tmp_path / "truth.toml")


@pytest.mark.parametrize(("path", "truth"), [(DEFAULT_SKY, DEFAULT_TRUTH), (DATA / "sky_second.ecsv", SECOND)])
def test_embedded_skies(path, truth):
    stored = read_truth(truth_beside(path))
    for name in vars(truth):  # the platform's last digit may differ
        wanted = getattr(truth, name)
        assert getattr(stored, name) == (wanted if isinstance(wanted, str) else pytest.approx(wanted, rel=1e-12))
    sky = read_sky_map(path)
    rows = sky.dec[sky.observed.any(axis=1)]
    assert (rows[0], rows[-1], sky.averaging_deg) == (truth.dec_min + 1.0, truth.dec_max - 1.0, 5.0)
    assert "synthetic" in sky.label
    # divided by the ring means, which are 1 to a few parts in a thousand
    np.testing.assert_allclose(sky.sigma[sky.observed], truth.noise, rtol=5e-3)
