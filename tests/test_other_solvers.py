"""Transport in time: three methods that share nothing agree with each other and with what is known exactly."""

import numpy as np
import pytest

from lisbon_core.studies.other_solvers import approach_to_stationary, pulse, random_walk
from lisbon_core.transport import CosineScattering, IsotropicScattering, TransportError, stationary_pad

COSINE, ISOTROPIC = CosineScattering(-292.79, 1.0, 585.57), IsotropicScattering(530.0)


@pytest.mark.parametrize("closure", ["flux-tube", "uniform"])
@pytest.mark.parametrize("law", [COSINE, CosineScattering(-292.79, 1.0, -585.57)])
def test_relaxation_ends_in_the_stationary_distribution(law, closure):
    mu, F1 = approach_to_stationary(law, 90.0, np.array([0.0, 0.5, 15.0]), closure)
    edges = np.linspace(-1.0, 1.0, mu.size + 1)
    end = stationary_pad(law, 90.0, closure).bin_means(edges) - 1.0
    size = np.max(np.abs(end))
    assert np.max(np.abs(F1[0])) == 0.0
    assert np.max(np.abs(F1[2] - end)) < 3e-4 * size
    assert 0.3 * size < np.max(np.abs(F1[1])) < 0.9 * size
    assert np.max(np.abs(F1.mean(axis=1))) < 1e-10 * size


def test_pulse_keeps_its_particles_and_spreads_as_it_must():
    """Without focusing and isotropic: <mu> = 0 and the variance of z is (2/3)(t - 1 + e^-t), in mean free paths."""
    times = np.array([0.5, 2.0, 5.0])
    result = pulse(ISOTROPIC, 0.0, times)
    weight = (result.z[1] - result.z[0]) * (result.mu[1] - result.mu[0])
    assert result.number.sum(axis=(1, 2)) * weight == pytest.approx(1.0, abs=1e-10)
    assert result.number.min() > -1e-6
    variance = np.einsum("tzm,z->t", result.number, result.z**2) * weight - result.mean_z**2 - 0.2**2
    assert variance == pytest.approx(2.0 / 3.0 * (times - 1.0 + np.exp(-times)), rel=2e-3)


@pytest.mark.parametrize("xi", [0.18, -1.0])
def test_a_diverging_field_makes_even_an_isotropised_pulse_drift(xi):
    result = pulse(ISOTROPIC, xi, np.array([8.0, 9.0]))
    drift = 1.0 / np.tanh(xi) - 1.0 / xi
    weight = (result.z[1] - result.z[0]) * (result.mu[1] - result.mu[0])
    assert np.einsum("tzm,m->t", result.number, result.mu) * weight == pytest.approx(drift, rel=3e-3)
    assert result.mean_z[1] - result.mean_z[0] == pytest.approx(drift, rel=3e-3)


@pytest.mark.equation("5")
@pytest.mark.parametrize("law", [ISOTROPIC, COSINE])
def test_random_walks_agree_with_the_equation_within_their_error(law):
    count, xi = 8000, 0.5
    z, mu = random_walk(law, xi, 2.0, count, np.random.default_rng(8), start_mu=0.8, steps=800)
    beam = pulse(law, xi, np.array([2.0]), start_mu=lambda mu: np.exp(-0.5 * ((mu - 0.8) / 0.03) ** 2))
    bias = 0.003  # of first order in the steps
    assert abs(z.mean() - beam.mean_z[0]) < 3.5 * z.std() / np.sqrt(count) + bias
    mean_mu = np.average(beam.mu, weights=beam.number[0].sum(axis=0))
    assert abs(mu.mean() - mean_mu) < 3.5 * mu.std() / np.sqrt(count) + bias
    counts, _ = np.histogram(mu, np.linspace(-1.0, 1.0, 9))
    expected = beam.number[0].sum(axis=0).reshape(8, -1).sum(axis=1)
    expected *= count / expected.sum()
    assert np.sum((counts - expected) ** 2 / expected) < 24.0  # chi-square of 7 degrees of freedom, 0.1 %
    assert np.max(np.abs(mu)) <= 1.0


def test_long_walks_become_the_exponential_of_a_flux_tube():
    _, mu = random_walk(ISOTROPIC, 1.0, 8.0, 8000, np.random.default_rng(9), steps=800)
    counts, _ = np.histogram(mu, np.linspace(-1.0, 1.0, 9))
    expected = np.diff(np.exp(np.linspace(-1.0, 1.0, 9))) / (2.0 * np.sinh(1.0)) * mu.size
    assert np.sum((counts - expected) ** 2 / expected) < 24.0


def test_times_must_increase():
    with pytest.raises(TransportError, match="increase"):
        pulse(ISOTROPIC, 0.1, np.array([2.0, 1.0]))
