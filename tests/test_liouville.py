"""The Liouville map against what any map must be: isotropic, Compton-Getting, uniform, the same again from disk."""

import dataclasses
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lisbon_core.frames import unit_vector
from lisbon_core.heliosphere import HeliosphereParameters, closed_form
from lisbon_core.liouville import (
    LiouvilleError,
    Samples,
    cached_samples,
    cached_sky,
    grid,
    load,
    trace_samples,
    trace_sky,
)
from lisbon_core.liouville import tracing as liouville
from lisbon_core.liouville.tracing import directions_within
from lisbon_core.orbits import user_field
from lisbon_core.units import KM_S, LORENTZ

# so small a heliosphere, without a field of its own, that the interstellar field is uniform at the Earth
NOWHERE = HeliosphereParameters(nose_AU=1e-5, shock_AU=1e-6, radial_field_uG=0.0)


@pytest.fixture(scope="module")
def coarse():
    return trace_sky(closed_form(), *grid(18.0))


def sky(dec, ra):
    """Unit vectors (n_dec, n_ra, 3) of the pixels."""
    return unit_vector(*np.meshgrid(ra, dec))


def test_grid():
    dec, ra = grid(2.0)
    assert (len(dec), len(ra)) == (90, 180)
    np.testing.assert_allclose([dec[0], dec[-1], ra[0], ra[-1]], [-89.0, 89.0, 1.0, 359.0])
    for step in (0.0, -2.0, 7.0):
        with pytest.raises(LiouvilleError, match="must divide 180"):
            grid(step)


@pytest.mark.equation("1")
def test_no_electric_field_no_anisotropy():
    """Without flows E = 0: whatever the magnetic field does, an isotropic f stays isotropic."""
    still = HeliosphereParameters(interstellar_speed_km_s=1e-12, rotation_days=1e15)
    traced = trace_sky(closed_form(still), *grid(30.0), tolerance=1e-11)
    np.testing.assert_allclose(traced.momentum_ratio ** -4.7, 1.0, rtol=1e-8)
    assert np.std(traced.mu) > 0.3


@pytest.mark.equation("1")
def test_uniform_flow_gives_exactly_the_compton_getting_dipole():
    heliosphere = closed_form(NOWHERE)
    dec, ra = grid(15.0)
    traced = trace_sky(heliosphere, dec, ra, positions=2, tolerance=1e-12)
    velocity = -heliosphere.axes[2] * 25.4 * KM_S
    # p = -|p| n, and for p much above m the boost gives |p'| = gamma |p| (1 + V.n)
    gamma = 1.0 / np.sqrt(1.0 - velocity @ velocity)
    expected = gamma * (1.0 + sky(dec, ra) @ velocity)
    np.testing.assert_allclose(traced.momentum_ratio, np.broadcast_to(expected, traced.mu.shape), rtol=2e-10)
    intensity = traced.momentum_ratio[0] ** -4.7
    # more comes from ahead of the Sun, whose velocity relative to the plasma is -V
    assert intensity.max() - 1.0 == pytest.approx(4.7 * 25.4 * KM_S, rel=0.02)
    ahead = sky(dec, ra).reshape(-1, 3)[intensity.argmax()]
    assert ahead @ heliosphere.axes[2] > 0.95


def test_uniform_field_keeps_pitch_angle_and_guiding_centre():
    heliosphere = closed_form(NOWHERE)
    dec, ra = grid(20.0)
    traced = trace_sky(heliosphere, dec, ra, positions=1, tolerance=1e-11, path_cap_AU=20000.0)
    n, b = sky(dec, ra), traced.field_icrs
    np.testing.assert_allclose(traced.mu[0], -n @ b, atol=2e-4)  # but for the boost
    assert abs(traced.mu[0] + n @ b).max() > 1e-5
    # R = r + p x B/(q B^2), with r the Earth
    earth = liouville.earth_positions(heliosphere, 1) @ heliosphere.axes
    centre = earth + np.cross(-4.0 * n, b) / (3.0 * LORENTZ)
    np.testing.assert_allclose(traced.R_x[0], centre @ traced.e_x_icrs, atol=2.0)  # the flow's drift and boost
    np.testing.assert_allclose(traced.R_y[0], centre @ traced.e_y_icrs, atol=2.0)


def test_axes_and_weights(coarse):
    b, e_x, e_y = coarse.field_icrs, coarse.e_x_icrs, coarse.e_y_icrs
    np.testing.assert_allclose([b @ e_x, b @ e_y, e_x @ e_y], 0.0, atol=1e-14)
    np.testing.assert_allclose(np.cross(b, e_x), e_y, atol=1e-14)
    assert e_x @ -closed_form().axes[2] > 0.0
    assert coarse.weight.sum() == pytest.approx(1.0)
    assert coarse.mu.shape == (4, 10, 20) == coarse.escaped.shape
    assert np.abs(coarse.mu).max() <= 1.0
    # where the default field points to: right ascension 229.66, declination 23.31
    np.testing.assert_allclose(b, unit_vector(229.66, 23.31), atol=1e-4)


def test_what_to_expect_of_the_default_map(coarse):
    assert np.abs(coarse.momentum_ratio - 1.0).max() < 1.3e-4
    assert 0.02 < coarse.unescaped_fraction < 0.15
    # the heliosphere bends, but large scales survive: a particle from n moves along -n
    n = sky(coarse.dec, coarse.ra)
    assert 0.7 < np.corrcoef(coarse.mu.mean(axis=0).ravel(), (-n @ coarse.field_icrs).ravel())[0, 1] < 0.98
    calm = coarse.escaped & (coarse.amplification < 100.0)
    assert 0.4 < calm.mean() < 0.8
    assert np.quantile(coarse.error[calm], 0.99) < 0.05
    assert "pixels" in str(coarse)


def test_trapped_orbits_lower_the_fraction_that_gets_out():
    short = trace_sky(closed_form(), *grid(45.0), path_cap_AU=100.0)
    assert short.unescaped_fraction == 1.0
    assert np.all(np.isfinite(short.mu))


def test_round_trip_through_fits(coarse, tmp_path):
    for name in ("a.fits", "b.fits"):
        coarse.save(tmp_path / "new" / name)
    assert (tmp_path / "new" / "a.fits").read_bytes() == (tmp_path / "new" / "b.fits").read_bytes()
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["a.fits", "b.fits"]
    again = load(tmp_path / "new" / "a.fits")
    for field in dataclasses.fields(coarse):
        before, after = getattr(coarse, field.name), getattr(again, field.name)
        assert np.array_equal(before, after), field.name
        assert np.asarray(before).dtype.kind == np.asarray(after).dtype.kind
    whole = (tmp_path / "new" / "a.fits").read_bytes()
    for damage in (whole[:5000], whole[:-9000], b"", b"not fits"):
        (tmp_path / "c.fits").write_bytes(damage)
        with pytest.raises(LiouvilleError, match="make it again"):
            load(tmp_path / "c.fits")
    with pytest.raises(LiouvilleError, match="no file"):
        load(tmp_path / "missing.fits")


def test_cache_returns_the_same_map_and_heals(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("LISBON_CACHE", str(tmp_path))
    heliosphere, axes = closed_form(), grid(60.0)
    first = cached_sky(heliosphere, *axes)
    files = list((tmp_path / "liouville").glob("*.fits"))
    assert len(files) == 1
    monkeypatch.setattr(liouville, "trace", None)  # whoever traces now, fails
    assert np.array_equal(cached_sky(heliosphere, *axes).mu, first.mu)
    monkeypatch.undo()
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path))
    with monkeypatch.context() as readable:  # a cache that can only be read, as any user but root would find it
        readable.setattr(liouville, "trace", None)
        readable.setattr(os, "open", refuse)
        assert np.array_equal(cached_sky(heliosphere, *axes).mu, first.mu)
    files[0].write_bytes(files[0].read_bytes()[:4000])
    assert np.array_equal(cached_sky(heliosphere, *axes).mu, first.mu)
    for changes in ({"rigidity_TV": 5.0}, {"first_longitude": 45.0}, {"tolerance": 1e-6}):
        assert cached_sky(heliosphere, *axes, **changes).inputs_hash != first.inputs_hash
    other = cached_sky(closed_form(HeliosphereParameters(polarity=-1)), *axes)
    assert other.inputs_hash != first.inputs_hash
    assert len(list((tmp_path / "liouville").glob("*.fits"))) == 5


def test_rigidity_responses():
    mono = Samples()
    assert [w for *_, w, _ in mono.each()] == [0.25] * 4
    response = Samples.log_normal(4.0, 0.5, 7, positions=2)
    ln_r, w = (np.array([s[i] for s in response.each()]) for i in (1, 2))
    ln_r = np.log(ln_r)
    assert w.sum() == pytest.approx(1.0)
    assert w @ ln_r == pytest.approx(np.log(4.0))
    assert w @ (ln_r - np.log(4.0)) ** 2 == pytest.approx(0.25)
    assert w @ np.exp(ln_r) == pytest.approx(4.0 * np.exp(0.125), rel=1e-6)
    # in a uniform field the guiding centre scales with rigidity, the pitch angle does not
    mixed = trace_samples(closed_form(NOWHERE), *grid(60.0), Samples(1, 0.0, (2.0, 8.0), (3.0, 1.0)), tolerance=1e-9)
    np.testing.assert_allclose(mixed.mu[0], mixed.mu[1], atol=1e-6)
    np.testing.assert_allclose(4.0 * mixed.R_y[0], mixed.R_y[1], atol=6.0)
    np.testing.assert_allclose(mixed.weight, [0.75, 0.25])
    np.testing.assert_allclose(mixed.sample_rigidity_TV, [2.0, 8.0])
    assert mixed.rigidity_TV == pytest.approx(2.0 ** 0.75 * 8.0 ** 0.25)
    np.testing.assert_allclose(mixed.momentum_ratio[0], mixed.momentum_ratio[1], atol=1e-9)


def test_own_field_on_a_whole_sky(tmp_path):
    """A uniform field of one's own does as the closed form does where its heliosphere is too small to matter."""
    heliosphere = closed_form(NOWHERE)
    magnetic, electric = heliosphere.field([[0.0, 0.0, 1e6]])
    uniform = user_field(lambda x, y, z, p: (p[0], p[1], p[2], p[3], p[4], p[5]))
    own = (uniform, [*magnetic[0], *electric[0]])
    mine = trace_samples(heliosphere, *grid(45.0), Samples(1), own_field=own, tolerance=1e-9)
    built_in = trace_samples(heliosphere, *grid(45.0), Samples(1), tolerance=1e-9)
    for name in ("mu", "R_x", "R_y", "momentum_ratio"):
        np.testing.assert_allclose(getattr(mine, name), getattr(built_in, name), atol=1e-4, err_msg=name)
    with pytest.raises(LiouvilleError, match="cannot be resumed"):
        trace_samples(heliosphere, *grid(45.0), Samples(1), own_field=own, resume_in=tmp_path)


def test_directions_within_a_pixel_cover_it_evenly():
    dec, ra = grid(30.0)
    many = np.stack([directions_within(dec, ra, i, 200) for i in range(200)])
    lat = np.degrees(np.arcsin(many[..., 2]))
    lon = np.degrees(np.arctan2(many[..., 1], many[..., 0])) % 360.0
    assert np.all(np.abs(lat - dec[:, None]) <= 15.0 + 1e-9)
    assert np.all(np.abs(lon - ra) <= 15.0 + 1e-9)
    # evenly over the area: the mean of sin(dec) is that of the ring
    edges = np.sin(np.radians(np.arange(-90.0, 91.0, 30.0)))
    np.testing.assert_allclose(many[..., 2].mean(axis=0), np.tile(0.5 * (edges[1:] + edges[:-1])[:, None], (1, 12)),
                               atol=2e-3)
    np.testing.assert_allclose(directions_within(dec, ra, 0, 1), sky(dec, ra))


def test_averages(coarse):
    np.testing.assert_allclose(coarse.average(coarse.mu), coarse.mu.mean(axis=0))
    assert 0.1 < coarse.chaotic_fraction < 0.6


def test_interrupted_work_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path))
    arguments = (closed_form(), *grid(60.0), Samples(positions=3))
    whole = trace_samples(*arguments)
    traced, trace = [], liouville.trace

    def interrupted(*args, **kwargs):
        traced.append(len(traced))
        if len(traced) == 3:
            raise KeyboardInterrupt
        return trace(*args, **kwargs)

    monkeypatch.setattr(liouville, "trace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cached_samples(*arguments)
    assert len(list((tmp_path / "liouville").glob("*.parts/*.npy"))) == 2
    resumed = cached_samples(*arguments)
    assert len(traced) == 4, "two samples before, one after the interruption"
    assert np.array_equal(resumed.mu, whole.mu)
    assert {p.suffix for p in (tmp_path / "liouville").iterdir()} == {".fits", ".lock"}


def test_two_who_want_one_map_have_it_traced_once(tmp_path, monkeypatch):
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path))
    traced, trace = [], liouville.trace

    def slow(*args, **kwargs):
        traced.append(len(traced))
        time.sleep(0.2)  # the other one comes meanwhile
        return trace(*args, **kwargs)

    monkeypatch.setattr(liouville, "trace", slow)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: cached_samples(closed_form(), *grid(60.0), Samples(positions=2)), range(2))
    assert len(traced) == 2, "one orbit calculation for each of two samples"
    assert np.array_equal(one.mu, other.mu)


@pytest.mark.parametrize("changes", [{"positions": 0}, {"directions": 1.5}, {"rigidities_TV": (4.0, 5.0)},
                                     {"rigidities_TV": (-4.0,)}, {"rigidity_weights": (0.0,)}])
def test_impossible_samples_are_named(changes):
    with pytest.raises(LiouvilleError, match=next(iter(changes)).split("_")[0][:6]):
        Samples(**changes)


@pytest.mark.parametrize(("changes", "says"), [
    ({"dec": [10.0, 5.0]}, "increasing"), ({"dec": [0.0, 100.0]}, "100.0 degrees"),
    ({"rigidity_TV": -4.0}, "rigidity_TV is -4"),
    ({"positions": 0}, "positions is 0"), ({"positions": 1.5}, "whole number")])
def test_impossible_skies_are_named(changes, says):
    arguments = {"dec": [0.0], "ra": [10.0], **changes}
    with pytest.raises(LiouvilleError, match=says):
        trace_sky(closed_form(), arguments.pop("dec"), arguments.pop("ra"), **arguments)
