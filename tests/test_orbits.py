"""Orbits against exact solutions, invariants and an integrator of somebody else's."""

import math
import subprocess
import sys

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lisbon_core.ensemble import draw_members
from lisbon_core.ground.frames import angle_between, boost_momentum, spread_directions
from lisbon_core.ground.units import LORENTZ, PROTON_MASS_TV
from lisbon_core.heliosphere import HeliosphereParameters, closed_form
from lisbon_core.heliosphere.closed_form import field_at
from lisbon_core.orbits import OrbitError, trace, user_field
from lisbon_core.parameters import RunParameters


@pytest.fixture(scope="module")
def default():
    return closed_form()


@pytest.fixture(scope="module")
def uniform():
    """B and E uniform: the six parameters."""
    return user_field(lambda x, y, z, p: (p[0], p[1], p[2], p[3], p[4], p[5]))


def earth(n):
    """Starting points (n, 3) on a circle of 1 AU."""
    angle = 2.0 * math.pi * np.arange(n) / 7.0
    return np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=1)


@pytest.mark.parametrize("backwards", [False, True])
def test_helix(uniform, backwards):
    momenta = 4.0 * spread_directions(12)
    speed = 4.0 / math.hypot(4.0, PROTON_MASS_TV)
    orbits = trace((uniform, [0.0, 0.0, 3.0, 0.0, 0.0, 0.0]), np.zeros((12, 3)), momenta, backwards=backwards,
                   boundary_AU=1e6, path_cap_AU=20000.0, tolerance=1e-15)
    time = -20000.0 if backwards else 20000.0
    turn = LORENTZ * 3.0 * time / math.hypot(4.0, PROTON_MASS_TV)
    radius = 1.0 / (LORENTZ * 3.0)
    expected = np.stack([
        radius * (momenta[:, 0] * math.sin(turn) + momenta[:, 1] * (1.0 - math.cos(turn))),
        radius * (momenta[:, 1] * math.sin(turn) - momenta[:, 0] * (1.0 - math.cos(turn))),
        speed * momenta[:, 2] / 4.0 * time], axis=1)
    np.testing.assert_allclose(orbits.position, expected, rtol=0, atol=1e-9)
    assert not orbits.escaped.any()
    np.testing.assert_allclose(orbits.path, 20000.0)


@pytest.mark.parametrize("backwards", [False, True])
def test_momentum_is_constant_in_the_frame_of_a_uniform_flow(uniform, backwards):
    flow, field = np.array([0.3e-4, -0.5e-4, 0.7e-4]), np.array([1.0, 2.0, -1.5])
    momenta = 4.0 * spread_directions(20)
    orbits = trace((uniform, [*field, *-np.cross(flow, field)]), np.zeros((20, 3)), momenta, backwards=backwards,
                   boundary_AU=2000.0, tolerance=1e-13)
    before, after = (np.linalg.norm(boost_momentum(p, flow, PROTON_MASS_TV), axis=1)
                     for p in (momenta, orbits.momentum))
    np.testing.assert_allclose(after, before, rtol=1e-11)
    assert np.ptp(np.linalg.norm(orbits.momentum, axis=1)) > 1e-5, "in the rest frame of the Sun momenta do change"


@pytest.mark.parametrize("changes", [{}, {"polarity": -1, "cycle_phase": 0.2},
                                     {"tail_AU": 1500.0, "sheet_width": 0.02}])
def test_total_energy_through_the_whole_heliosphere(changes):
    heliosphere = closed_form(HeliosphereParameters(**changes))
    momenta = 4.0 * spread_directions(210)
    orbits = trace(heliosphere, earth(210), momenta, backwards=True, tolerance=1e-10)

    def energy(positions, momenta):
        return (np.sqrt(np.sum(momenta**2, axis=1) + PROTON_MASS_TV**2)
                + LORENTZ * heliosphere.potential(positions))

    change = np.abs(energy(orbits.position, orbits.momentum) - energy(earth(210), momenta))
    calm = orbits.escaped & ~orbits.chaotic
    assert calm.mean() > 0.5
    assert np.mean(change[calm] < 1e-7) >= 0.99, f"{np.sort(change[calm])[-5:]} TV"
    # whatever is lost of the direction where steps are long, energy is not, of chaotic and trapped orbits neither
    coarse = trace(heliosphere, earth(210), momenta, backwards=True, tolerance=5e-7, patience=100, neighbours=False)
    lost = np.abs(energy(coarse.position, coarse.momentum) - energy(earth(210), momenta))
    assert np.mean(lost < 2e-6) >= 0.95, f"{np.sort(lost)[-5:]} TV"
    # the potential does take part
    assert np.ptp(np.linalg.norm(orbits.momentum, axis=1)) > 1e-4


def test_there_and_back(default):
    there = trace(default, earth(40), 4.0 * spread_directions(40), backwards=True, tolerance=1e-11)
    calm = there.escaped & ~there.chaotic
    for i in np.flatnonzero(calm)[:20]:
        back = trace(default, there.position[i:i + 1], there.momentum[i:i + 1], tolerance=1e-11, boundary_AU=4001.0,
                     path_cap_AU=there.path[i])
        assert np.linalg.norm(back.position[0] - earth(40)[i]) < 1e-4
        assert angle_between(back.momentum, 4.0 * spread_directions(40)[i:i + 1])[0] < 1e-4


def test_against_an_integrator_of_scipy(default):
    momenta = 4.0 * spread_directions(30)
    orbits = trace(default, earth(30), momenta, backwards=True, boundary_AU=400.0, tolerance=1e-11)
    calm = np.flatnonzero(orbits.escaped & (orbits.amplification < 10.0))[:3]

    def derivative(_, y):
        bx, by, bz, ex, ey, ez = field_at(y[0], y[1], y[2], default.packed)
        v = y[3:] / math.sqrt(y[3:] @ y[3:] + PROTON_MASS_TV**2)
        return [*-v, *(-LORENTZ * (np.cross(v, [bx, by, bz]) + np.array([ex, ey, ez])))]

    for i in calm:
        end = solve_ivp(derivative, (0.0, orbits.path[i]), [*earth(30)[i], *momenta[i]], method="DOP853", rtol=1e-10,
                        atol=1e-10, max_step=5.0).y[:, -1]
        assert np.linalg.norm(end[:3] - orbits.position[i]) < 1e-4
        assert angle_between(end[None, 3:], orbits.momentum[i:i + 1])[0] < 1e-5


def test_exit_lies_on_the_sphere_even_where_it_is_grazed(uniform):
    field = (uniform, [0.0, 0.0, 3.0, 0.0, 0.0, 0.0])
    radius = 4.0 / (LORENTZ * 3.0)
    # circles that reach 2 radii from the start: spheres just within that are met at a glancing angle
    for within in (1e-3, 1e-6, 1e-8):
        boundary = 2.0 * radius * (1.0 - within)
        orbits = trace(field, np.zeros((1, 3)), [[4.0, 0.0, 0.0]], boundary_AU=boundary, tolerance=1e-11)
        assert orbits.escaped.all()
        assert abs(np.linalg.norm(orbits.position[0]) - boundary) < 2e-9
        assert np.all(np.isfinite(orbits.momentum))
    assert not trace(field, np.zeros((1, 3)), [[4.0, 0.0, 0.0]], boundary_AU=2.001 * radius).escaped.any()


def test_no_orbit_dies_at_a_flat_current_sheet():
    """B_z turns round at x = 0 without any width: half circles above and below, an exact drift along the sheet."""
    sheet = user_field(lambda x, y, z, p: (0.0, 0.0, p[0] if x > 0.0 else -p[0], 0.0, 0.0, 0.0))
    radius = 4.0 / (LORENTZ * 3.0)
    orbits = trace((sheet, [3.0]), [[1e-9, 0.0, 0.0]], [[4.0, 0.0, 0.0]], boundary_AU=20000.0, path_cap_AU=9000.5)
    assert orbits.path[0] == pytest.approx(9000.5)
    crossings = int(9000.5 / (math.pi * radius))
    assert abs(orbits.position[0, 1] + 2.0 * radius * crossings) < 2.0 * radius
    assert np.linalg.norm(orbits.momentum[0]) == pytest.approx(4.0, rel=1e-5)


def test_estimated_error_and_amplification_are_those_measured(default):
    n = 300
    directions, starts = spread_directions(n), earth(n)
    exact = trace(default, starts, 4.0 * directions, backwards=True, tolerance=1e-12)
    quick = trace(default, starts, 4.0 * directions, backwards=True, tolerance=3e-7)
    calm = exact.escaped & quick.escaped & ~quick.chaotic
    off = angle_between(exact.momentum, quick.momentum)[calm]
    assert np.quantile(off, 0.99) < 0.05
    assert 1.0 < np.median(quick.error[calm] / off) < 10.0
    assert np.mean(quick.error[calm] > 0.5 * off) > 0.9
    # two neighbours in perpendicular directions give the larger singular value
    e_1 = np.cross(directions, [0.6, 0.0, 0.8])
    e_1 /= np.linalg.norm(e_1, axis=1)[:, None]
    moved = [(trace(default, starts, 4.0 * (directions + 1e-7 * e), backwards=True, tolerance=1e-12, neighbours=False)
              .momentum - exact.momentum) / 4e-7 for e in (e_1, np.cross(directions, e_1))]
    singular = np.linalg.svd(np.stack(moved, axis=-1), compute_uv=False)[:, 0]
    ratio = (quick.amplification / singular)[exact.escaped & (singular < 100.0)]
    assert np.quantile(np.abs(np.log(ratio)), 0.9) < 0.1
    assert abs(np.median(ratio) - 1.0) < 0.02
    fine = trace(default, starts, 4.0 * directions, backwards=True, tolerance=3e-7, neighbours=False)
    assert np.array_equal(fine.momentum, quick.momentum)
    assert np.isnan(fine.error).all()
    patient = trace(default, starts, 4.0 * directions, backwards=True, tolerance=3e-7, patience=100, neighbours=False)
    assert patient.evaluations.sum() < 0.95 * fine.evaluations.sum()
    assert np.quantile(angle_between(exact.momentum, patient.momentum)[calm], 0.99) < 0.05


@pytest.mark.equation("1")
def test_volumes_in_phase_space_are_kept(default):
    """The determinant of the map (r, p) -> (r', p') over a given time is 1: Liouville's theorem."""
    start = np.array([3.0, 40.0, -20.0, 2.0, 2.4, 2.4])
    size = np.array([1e-3, 1e-3, 1e-3, 1e-5, 1e-5, 1e-5])
    states = np.concatenate([start + sign * np.diag(size) for sign in (1, -1)])
    ends = trace(default, states[:, :3], states[:, 3:], path_cap_AU=300.0, tolerance=1e-13)
    assert np.linalg.norm(ends.position[0]) > 125.0, "the orbit is to cross shock and heliopause"
    final = np.concatenate([ends.position, ends.momentum], axis=1)
    tangent = (final[:6] - final[6:]).T / (2 * size)
    assert np.linalg.det(tangent) == pytest.approx(1.0, abs=1e-4)
    assert abs(tangent - np.eye(6)).max() > 10.0


def test_own_field_does_as_the_built_in_one(default):
    begin, how = (earth(30), 4.0 * spread_directions(30)), {"backwards": True, "tolerance": 1e-9, "boundary_AU": 500.0}
    mine, built_in = (trace(field, *begin, **how) for field in ((user_field(field_at), default.packed), default))
    calm = built_in.escaped & (built_in.amplification < 30.0)
    assert np.median(angle_between(mine.momentum, built_in.momentum)[calm]) < 1e-4
    assert built_in.evaluations.sum() < mine.evaluations.sum(), "steps that end on the borders save work"


def test_machine_code_is_kept_between_processes(default):
    trace(default, earth(1), 4.0 * spread_directions(1), boundary_AU=2.0)  # compiled by now, whoever was first
    code = """
from lisbon_core import orbits
from lisbon_core.orbits import tracing
from lisbon_core.heliosphere import closed_form
orbits.trace(closed_form(), [[1.0, 0.0, 0.0]], [[4.0, 0.0, 0.0]], boundary_AU=2.0)
assert sum(tracing._in_closed_form.stats.cache_hits.values()) == 1, tracing._in_closed_form.stats
assert not tracing._in_closed_form.stats.cache_misses, tracing._in_closed_form.stats
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_result_does_not_depend_on_threads(default, monkeypatch):
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
        results.append(trace(default, earth(600), 4.0 * spread_directions(600), boundary_AU=200.0, tolerance=1e-6))
    assert np.array_equal(results[0].momentum, results[1].momentum)
    assert len(trace(default, np.empty((0, 3)), np.empty((0, 3))).path) == 0


@pytest.mark.parametrize(("positions", "momenta", "options", "says"), [
    ([[0, 0, 1]], [[0, 0, 4], [0, 0, 4]], {}, "shape"), ([[0, 0, 1]], [[0, 0, 0]], {}, "zero"),
    ([[0, 0, 500]], [[0, 0, 4]], {"boundary_AU": 400.0}, "outside the sphere of 400"),
    ([[0, 0, 1]], [[0, 0, 4]], {"tolerance": -1.0}, "tolerance is -1.0"),
    ([[0, 0, math.nan]], [[0, 0, 4]], {}, "finite")])
def test_impossible_orbits_are_named(default, positions, momenta, options, says):
    with pytest.raises(OrbitError, match=says):
        trace(default, positions, momenta, **options)


def test_a_step_on_which_the_field_overflows_is_tried_again():
    """Far beyond its region a field of the closed form may be too large for a float; an orbit does not become one."""
    heliosphere = draw_members(HeliosphereParameters(), RunParameters(), 24)[1].epochs[0]
    rigidity = np.geomspace(0.12, 0.32, 300)[:, None]
    orbits = trace(heliosphere, earth(300), -rigidity * spread_directions(300), backwards=True, tolerance=7e-7,
                   patience=100.0, neighbours=False)
    assert np.all(np.isfinite(orbits.position))
    assert np.all(np.isfinite(orbits.momentum))
