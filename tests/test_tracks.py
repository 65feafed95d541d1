"""Orbits as lines and at stations: they are the orbits of `trace`, only looked at on the way."""

import numpy as np

from lisbon_core.ground.frames import angle_between, unit_vector
from lisbon_core.heliosphere import closed_form
from lisbon_core.liouville.tracing import earth_positions
from lisbon_core.orbits import trace
from lisbon_core.studies.tracks import follow, stations

HELIOSPHERE = closed_form()
QUIET = unit_vector([180.0, 200.0, 75.0], [10.0, 20.0, -20.0])


def whole(**options):
    arrival = QUIET @ HELIOSPHERE.axes.T
    return trace(HELIOSPHERE, np.tile(earth_positions(HELIOSPHERE, 1), (3, 1)), -4.0 * arrival, backwards=True,
                 tolerance=1e-9, **options)


def test_a_line_ends_where_one_flight_does():
    positions, momenta = follow(HELIOSPHERE, QUIET, 4.0, step_AU=10.0, steps=60)
    assert positions.shape == momenta.shape == (61, 3, 3)
    end = whole(path_cap_AU=600.0, boundary_AU=1e6)
    np.testing.assert_allclose(positions[-1], end.position, atol=0.01)
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=-1)
    assert np.all(steps <= 10.0 + 1e-6), "a chord is longer than the path it spans"
    assert np.all(steps[20:] > 9.9), "far from the Sun the path is nearly straight over 10 AU"


def test_stations_lie_on_their_spheres_and_lead_to_the_same_end():
    met = stations(HELIOSPHERE, QUIET, 4.0, (100.0, 1000.0))
    for radius, orbits in zip((100.0, 1000.0), met, strict=True):
        assert np.all(orbits.escaped)
        np.testing.assert_allclose(np.linalg.norm(orbits.position, axis=1), radius, rtol=1e-8)
    end = whole(boundary_AU=1000.0)
    assert np.all(end.amplification < 100.0), "choose quieter directions for this test"
    assert np.all(angle_between(end.momentum, met[-1].momentum) < 0.02)


def test_angles_are_exact_where_a_cosine_is_not():
    tiny = angle_between([1.0, 0.0, 0.0], [np.cos(1e-9), np.sin(1e-9), 0.0])
    np.testing.assert_allclose(np.radians(tiny), 1e-9, rtol=1e-6)
    assert angle_between([1.0, 0.0, 0.0], [-2.0, 0.0, 0.0]) == 180.0
