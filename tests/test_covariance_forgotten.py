"""Pixels that share their data, taken for independent: by how much the errors come out too small."""

import numpy as np
import pytest
from toy import THETA, sky_of, taken_as_exact, uniform_field_map

from lisbon_core.anisotropy import fit_anisotropy, pitch_angle_distribution, renormalise
from lisbon_core.parameters import RunParameters
from lisbon_core.run import Run
from lisbon_core.sky import ring_normalise
from lisbon_core.studies.covariance_forgotten import (
    before_enlargement,
    compare_errors,
    independent_bins,
    independent_pixels,
)


def fitted(averaging):
    liouville = taken_as_exact(uniform_field_map(scatter=0.3))  # the sky is made with it
    sky = ring_normalise(sky_of(liouville, THETA, dec_min=-10.0, averaging=averaging)[0])
    return sky, fit_anisotropy(sky, liouville), liouville


def test_pixels_without_averaging_are_independent():
    """Where nothing is averaged there is nothing to forget."""
    _, fit, _ = fitted(0.0)
    naive = independent_pixels(fit)
    np.testing.assert_allclose(naive.covariance, fit.covariance, rtol=1e-10)


def test_averaging_forgotten_is_the_textbook_covariance():
    """Independent pixels of equal weight: the inverse of the normal matrix, on columns that the rings have centred."""
    _, fit, _ = fitted(9.0)
    naive = independent_pixels(fit)
    jacobian = fit.design.relative_intensity(fit.theta)[1]
    expected = np.linalg.inv((jacobian.T * fit.design.weight) @ jacobian)
    np.testing.assert_allclose(naive.covariance, expected, rtol=5e-3, atol=1e-3 * np.abs(np.diag(expected)).min())
    assert np.all(naive.sigma < 0.8 * fit.sigma)
    np.testing.assert_array_equal(naive.theta, fit.theta)


def test_bins_keep_their_error_bars():
    sky, fit, liouville = fitted(9.0)
    pad = pitch_angle_distribution(renormalise(sky, fit), fit, liouville)
    alone = independent_bins(pad)
    np.testing.assert_array_equal(alone.sigma, pad.sigma)
    assert np.count_nonzero(alone.covariance) == pad.mu.size


def test_bound_of_the_default_sky():
    """Near the paper's bound one comes where pixels and bins both pass for independent, and not otherwise."""
    run = Run(RunParameters())
    enlarged = compare_errors(run)
    honest, _, pixels, both = map(before_enlargement, enlarged.values())
    assert honest.T_0_bound.value == pytest.approx(1.1e-5, rel=0.2)
    assert both.T_0_bound.value == pytest.approx(1.8e-6, rel=0.3)
    assert honest.inverse_L.sigma > 3.5 * both.inverse_L.sigma
    assert honest.error_scale == 1.0
    assert pixels.error_scale > 2.0  # the bins themselves refute the errors
    assert pixels.T_0_bound.value < 0.4 * enlarged["pixels"].T_0_bound.value
