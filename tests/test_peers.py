"""Others trace the same orbits and end where ours do, and find the same least squares."""

import os

import numpy as np
import pytest
from toy import uniform_field_map

from lisbon_core import plots
from lisbon_core.anisotropy import design, fit_design
from lisbon_core.ground.frames import angle_between
from lisbon_core.orbits import trace
from lisbon_core.sky import even_sky
from lisbon_core.studies import peers
from lisbon_core.studies.peers import Measured, cores


@pytest.fixture(scope="module")
def workload():
    """Compiled field of workload B, states, and our orbits."""
    field, states = peers.spiral_field, peers.starts(40)
    orbits = trace((peers.spiral_tracer, []), states[:, :3], -states[:, 3:], backwards=True, tolerance=1e-12,
                   boundary_AU=peers.BOUNDARY_AU, path_cap_AU=peers.PATH_CAP_AU, neighbours=False)
    return field, states, orbits


@pytest.mark.parametrize("name", ["scipy", "numbalsoda", "heyoka"])
def test_others_end_where_we_do(workload, name):
    field, states, orbits = workload
    if peers.optional(name) is None:
        pytest.skip(f"{name} is not installed")
    solve = {"scipy": lambda: peers.scipy_solver(field, np.zeros(1)), "heyoka": lambda: peers.heyoka_spiral(1e-12),
             "numbalsoda": lambda: peers.numbalsoda_solver(field, np.zeros(1))}[name]()
    ends = solve(states[:8], orbits.path[:8], 1e-12)
    assert np.median(angle_between(-ends[:, 3:], orbits.momentum[:8])) < 1e-6
    np.testing.assert_allclose(np.median(np.linalg.norm(ends[:, :3] - orbits.position[:8], axis=1)), 0.0, atol=1e-4)


@pytest.mark.parametrize("name", ["scipy trf", "scipy lm"])
def test_others_find_the_same_least_squares(name):
    """A noisy sky of known coefficients in rings of differing size: all end where ours does, and near the truth."""
    liouville = uniform_field_map(scatter=0.2)
    rng = np.random.default_rng(3)
    sigma = rng.uniform(1e-4, 3e-4, liouville.mu.shape[1:])
    columns = design(even_sky(liouville.dec, liouville.ra, -90.0, 90.0, sigma, averaging_deg=0.0), liouville).exact()
    theta = np.array([1.9e-2, 1.1e-3, -1.2e-3, 2e-4, 3e-3, 2e-4, -1e-3, 6e-6, -8e-6])
    data = columns.relative_intensity(theta)[0] + sigma.ravel() * rng.standard_normal(sigma.size)
    data /= columns.ring_mean(data)
    solvers, errors = peers.fit_solvers(columns, data), fit_design(columns, data).sigma
    found = solvers[name]()
    assert np.all(np.abs(found - solvers["this package"]()) < 1e-3 * errors)
    assert np.all(np.abs(found - theta) < 5.0 * errors)


def test_threads_are_put_back():
    before = os.environ.get("NUMBA_NUM_THREADS")
    with cores(1):
        assert os.environ["NUMBA_NUM_THREADS"] == "1"
    assert os.environ.get("NUMBA_NUM_THREADS") == before


def test_work_precision_shows_every_code():
    points = [Measured("one", 1e-6, 100.0, 1e-4, 1e-2), Measured("other", 1e-6, 10.0, 1e-3, 1e-1)]
    axes = plots.work_precision({"A": points, "B": points[:1]}, {"A": 1e3, "B": 2e3}).axes
    assert {text.get_text() for text in axes[0].get_legend().get_texts()} >= {"one", "other"}
    assert axes[0].get_xscale() == axes[0].get_yscale() == "log"
