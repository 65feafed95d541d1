"""The dipole at every energy: limits in which it is known, and what is drawn of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from lisbon_core.ground.frames import lonlat
from lisbon_core.ground.response import mono
from lisbon_core.ground.units import gyroradius
from lisbon_core.liouville import Sampling, grid, trace_samples
from lisbon_core.liouville.tracing import axes_across
from lisbon_core.parameters import RunParameters
from lisbon_core.run import Run
from lisbon_core.studies import dipole_energy as study

A_1, G_x, G_y = 1.8e-3, 6e-7, -8e-7


@pytest.fixture(scope="module")
def run():
    """Without a boost, p_index = 0, a dipole along the field is all that there is."""
    return Run(RunParameters(response="mono", p_index=0.0))


@pytest.fixture
def fit():
    return SimpleNamespace(order=1, theta=np.array([A_1, G_x, G_y]), covariance=np.diag([1e-5, 1e-8, 1e-8]) ** 2)


def traced(run, rigidity_TV, step, samples=2):
    return trace_samples(run.closed_form, *grid(step), Sampling(samples, mono(rigidity_TV)))


@pytest.mark.parametrize("gradient_index", [0.0, -1.0])
@pytest.mark.parametrize("limits", [(-10.0, 70.0), (-90.0, -25.0)])
def test_without_a_heliosphere_the_dipole_is_that_of_A_1_along_b_and_of_G_across(run, fit, limits, gradient_index):
    b, e_x, e_y = axes_across(run.closed_form)
    found = study.no_heliosphere(run, limits, fit, gradient_index)
    for k, energy in enumerate(study.ENERGIES):
        radius = gyroradius(energy if gradient_index == 0.0 else run.response.scale_TV, run.parameters.field_uG)
        dipole = -A_1 * b + radius * (G_y * e_x - G_x * e_y)
        assert found.field_of_view * found.vector[k] == pytest.approx(dipole[:2], rel=2e-3, abs=2e-6)


def test_at_high_rigidity_the_heliosphere_is_nothing_and_at_low_rigidity_it_takes_most_away(run, fit):
    limits = (-10.0, 70.0)
    for rigidity, step in ((3e5, 10.0), (0.6, 10.0)):
        one = traced(run, rigidity, step)
        found = study.harmonics(run, [one], limits, fit, -1.0)
        b = run.closed_form.field_icrs
        dipole = (-A_1 * b)[:2] / found.field_of_view
        alone = study.harmonics(run, [one], limits, SimpleNamespace(
            order=1, theta=np.array([A_1, 0.0, 0.0]), covariance=np.zeros((3, 3))), -1.0)
        if rigidity > 1e5:
            assert alone.vector[0] == pytest.approx(dipole, rel=0.02)
            assert alone.phase[0] == pytest.approx(lonlat(-b)[0], abs=1.0)
        else:
            assert alone.amplitude[0] < 0.3 * np.hypot(*dipole)


def test_errors_are_those_of_the_coefficients_where_the_map_is_exact(run, fit):
    """Along the dipole of A_1 alone the relative error is that of A_1."""
    fit.theta, fit.covariance = np.array([A_1, 0.0, 0.0]), np.diag([1e-4, 0.0, 0.0]) ** 2
    one = traced(run, 3e5, 20.0)
    found = study.harmonics(run, [one], (-90.0, 90.0), fit, 0.0)
    assert found.amplitude_sigma[0] / found.amplitude[0] == pytest.approx(1e-4 / A_1, rel=0.03)


def test_between_energies_components_are_interpolated():
    energy, vector = np.array([1.0, 4.0]), np.array([[1.0, 0.0], [0.0, 1.0]])
    one = study.Harmonics(vector, np.array([np.eye(2), 4.0 * np.eye(2)]), 1.2, energy).at([1.0, 2.0, 5.0])
    assert one.phase[:2] == pytest.approx([0.0, 45.0])
    assert one.amplitude[:2] == pytest.approx([1.0, np.sqrt(0.5)])
    assert one.amplitude_sigma[1] == pytest.approx(np.sqrt(2.5))
    assert np.isnan(one.amplitude[2])
