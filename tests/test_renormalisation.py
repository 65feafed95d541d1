"""Eq. (2) undone: what the rings took away comes back, with errors that hold."""

from dataclasses import replace

import numpy as np
import pytest
from toy import THETA, sky_of, uniform_field_map

from lisbon_core.anisotropy import fit_anisotropy, fit_design, renormalise
from lisbon_core.sky import noise_factor, ring_normalise


@pytest.mark.equation("2a")
@pytest.mark.parametrize("width", [0.0, 80.0])
def test_noiseless_sky_regains_its_rings(width):
    """Those with a gap in right ascension, too: both means are over the pixels that are observed."""
    liouville = uniform_field_map()
    sky, columns = sky_of(liouville, THETA, dec_min=-10.0, averaging=9.0)
    hidden = (np.abs(sky.dec[:, None] - 40.0) < 30.0) & (np.abs(sky.ra - 150.0) < width / 2.0)
    sky = sky.replace(relative_intensity=np.where(hidden, np.nan, sky.relative_intensity),
                      sigma=np.where(hidden, np.nan, sky.sigma))
    observed = ring_normalise(sky)
    restored = renormalise(observed, fit_anisotropy(observed, liouville))
    mean = columns.full_sky_mean @ np.concatenate([[1.0], THETA])
    np.testing.assert_allclose(restored.sky.relative_intensity, sky.relative_intensity / mean, atol=1e-9)
    assert restored.global_mean == np.float64(mean) or abs(restored.global_mean - mean) < 1e-9


@pytest.mark.equation("2a")
def test_full_sky_has_global_mean_one():
    liouville = uniform_field_map(flow=0.0)
    sky, _ = sky_of(liouville, THETA)
    restored = renormalise(ring_normalise(sky), fit_anisotropy(ring_normalise(sky), liouville)).sky
    area = np.cos(np.radians(sky.dec))[:, None] * np.ones(sky.ra.size)
    assert abs(np.average(restored.relative_intensity, weights=area) - 1.0) < 1e-9


def test_rings_of_the_restored_sky_are_the_observed_ones():
    liouville = uniform_field_map()
    sky, _ = sky_of(liouville, THETA, dec_min=-10.0)
    noisy = sky.relative_intensity + 1e-4 * np.random.default_rng(3).standard_normal(sky.sigma.shape)
    observed = ring_normalise(sky.replace(relative_intensity=noisy))
    back = ring_normalise(renormalise(observed, fit_anisotropy(observed, liouville)).sky)
    np.testing.assert_allclose(back.relative_intensity, observed.relative_intensity, atol=1e-13)


@pytest.mark.equation("2a")
@pytest.mark.parametrize("forward", [0.0, 0.3])
def test_errors_of_the_restored_sky(forward):
    """Pixel errors and ring-mean errors against the scatter of 200 simulated skies.

    Where more orbits come from along the field than against it, the dipole moves the global mean, too.
    """
    liouville = uniform_field_map()
    liouville = replace(liouville, mu=(1.0 - forward) * liouville.mu + forward)
    sky, columns = sky_of(liouville, THETA, dec_min=-10.0, averaging=9.0)
    factor, random = noise_factor(sky), np.random.default_rng(11)
    clean, maps, means = sky.relative_intensity[sky.observed], [], []
    for _ in range(200):
        data = columns.on_grid(clean + factor @ random.standard_normal(factor.shape[1]))
        noisy = ring_normalise(sky.replace(relative_intensity=data))
        restored = renormalise(noisy, fit_design(columns, noisy.relative_intensity[sky.observed]))
        maps.append(restored.sky.relative_intensity[sky.observed])
        means.append(restored.ring_mean[sky.observed.any(axis=1)])
    ratio = np.std(maps, axis=0) / restored.sky.sigma[sky.observed]
    assert abs(ratio.mean() - 1.0) < 0.03
    assert np.all(np.abs(ratio - 1.0) < 0.3)
    ratio = np.std(means, axis=0) / restored.ring_mean_sigma[sky.observed.any(axis=1)]
    assert np.all(np.abs(ratio - 1.0) < 0.25)
