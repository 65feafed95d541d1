"""The Liouville map against what any map must be: isotropic, Compton-Getting, uniform, the same again from disk."""

import dataclasses
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lisbon_core.ground.frames import unit_vector
from lisbon_core.ground.response import log_normal, mono
from lisbon_core.ground.units import KM_S, LORENTZ
from lisbon_core.heliosphere import HeliosphereParameters, closed_form
from lisbon_core.liouville import (
    LiouvilleError,
    Sampling,
    cached_samples,
    draw,
    grid,
    load,
    trace_samples,
    trace_sky,
)
from lisbon_core.liouville import tracing as liouville
from lisbon_core.orbits import user_field

# so small a heliosphere, without a field of its own, that the interstellar field is uniform at the Earth
NOWHERE = HeliosphereParameters(nose_AU=1e-5, tail_AU=1e-4, shock_AU=1e-6, radial_field_uG=0.0, field_uG=3.0)


@pytest.fixture(scope="module")
def coarse():
    return trace_samples(closed_form(), *grid(12.0), Sampling(samples=4))


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
    traced = trace_sky(heliosphere, dec, ra, longitude=40.0, tolerance=1e-12)
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
    traced = trace_sky(heliosphere, dec, ra, tolerance=1e-11, path_cap_AU=20000.0)
    n, b = sky(dec, ra), traced.field_icrs
    np.testing.assert_allclose(traced.mu[0], -n @ b, atol=2e-4)  # but for the boost
    assert abs(traced.mu[0] + n @ b).max() > 1e-5
    # R = r + p x B/(q B^2), with r the Earth
    earth = liouville.earth_positions(heliosphere, 1) @ heliosphere.axes
    centre = earth + np.cross(-4.0 * n, b) / (3.0 * LORENTZ)
    np.testing.assert_allclose(traced.R_x[0], centre @ traced.e_x_icrs, atol=2.0)  # the flow's drift and boost
    np.testing.assert_allclose(traced.R_y[0], centre @ traced.e_y_icrs, atol=2.0)


def test_axes(coarse):
    b, e_x, e_y = coarse.field_icrs, coarse.e_x_icrs, coarse.e_y_icrs
    np.testing.assert_allclose([b @ e_x, b @ e_y, e_x @ e_y], 0.0, atol=1e-14)
    np.testing.assert_allclose(np.cross(b, e_x), e_y, atol=1e-14)
    assert e_x @ -closed_form().axes[2] > 0.0
    assert coarse.mu.shape == (4, 15, 30) == coarse.escaped.shape == coarse.rigidity_TV.shape
    assert coarse.replicate.tolist() == [0, 0, 1, 1]
    assert np.abs(coarse.mu).max() <= 1.0
    # where the default field points to: right ascension 229.66, declination 23.31
    np.testing.assert_allclose(b, unit_vector(229.66, 23.31), atol=1e-4)


def test_what_to_expect_of_the_default_map(coarse):
    assert np.abs(coarse.momentum_ratio - 1.0).max() < 1.3e-4
    assert 0.02 < coarse.unescaped_fraction < 0.15
    # the heliosphere bends, but large scales survive: a particle from n moves along -n
    n = sky(coarse.dec, coarse.ra)
    assert 0.7 < np.corrcoef(coarse.mu.mean(axis=0).ravel(), (-n @ coarse.field_icrs).ravel())[0, 1] < 0.98
    followed = np.isfinite(coarse.amplification)
    assert np.isfinite(coarse.error).sum() == followed.sum() == pytest.approx(coarse.mu.size / 16, abs=4)
    assert 0.1 < coarse.share(coarse.chaotic, followed)[0] < 0.6
    calm = coarse.escaped & (coarse.amplification < 100.0)
    assert 0.4 < calm.sum() / followed.sum() < 0.8
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
        assert np.array_equal(before, after, equal_nan=field.name in ("error", "amplification")), field.name
        assert np.asarray(before).dtype.kind == np.asarray(after).dtype.kind
    whole = (tmp_path / "new" / "a.fits").read_bytes()
    for damage in (whole[:5000], whole[:-9000], b"", b"not fits"):
        (tmp_path / "c.fits").write_bytes(damage)
        with pytest.raises(LiouvilleError, match="make it again"):
            load(tmp_path / "c.fits")
    with pytest.raises(LiouvilleError, match="no file"):
        load(tmp_path / "missing.fits")


def test_cache_returns_the_same_map_and_heals(tmp_path, monkeypatch):
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path))
    arguments = (*grid(60.0), Sampling(samples=2))
    first = cached_samples(closed_form(), *arguments)
    files = list((tmp_path / "liouville").glob("*.map"))
    assert len(files) == 1
    monkeypatch.setattr(liouville, "trace", None)  # whoever traces now, fails
    assert np.array_equal(cached_samples(closed_form(), *arguments).mu, first.mu)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as readable:  # a cache that can only be read, as any user but root would find it
        readable.setattr(os, "open", refuse)
        assert np.array_equal(cached_samples(closed_form(), *arguments).mu, first.mu)
    monkeypatch.undo()
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path))
    files[0].write_bytes(files[0].read_bytes()[:4000])
    assert np.array_equal(cached_samples(closed_form(), *arguments).mu, first.mu)
    flipped = closed_form(HeliosphereParameters(polarity=-1))
    others = [cached_samples(closed_form(), *grid(60.0), Sampling(samples=2, response=mono(5.0))),
              cached_samples(closed_form(), *grid(60.0), Sampling(samples=2, seed=1)),
              cached_samples(closed_form(), *arguments, tolerance=1e-6), cached_samples(flipped, *arguments),
              cached_samples([closed_form(), flipped], *arguments)]
    assert len({one.inputs_hash for one in [first, *others]}) == 6
    assert len(list((tmp_path / "liouville").glob("*.map"))) == 6


def test_every_pixel_has_its_own_even_sample():
    """Season, rigidity, direction and epoch are spread evenly in each pixel, and no two pixels share them."""
    dec, ra = grid(10.0)
    drawn = draw(Sampling(samples=32, response=log_normal(4.0, 0.5)), dec, ra, epochs=2)
    season = drawn.season
    assert np.abs(season.mean(axis=0)).max() < 0.15  # random ones: 0.5
    ln_r = np.log(drawn.rigidity_TV)
    np.testing.assert_allclose(ln_r.mean(axis=0), np.log(4.0), atol=0.12)
    assert ln_r.std() == pytest.approx(0.5, rel=0.03)  # the tails are cut at three widths
    assert np.mean(drawn.epoch, axis=0) == pytest.approx(0.5, abs=0.1)
    assert len(np.unique(season[0].round(12), axis=0)) == season.shape[1]
    arrival = drawn.arrival.reshape(-1, len(dec), len(ra), 3)
    lat, lon = np.degrees(np.arcsin(arrival[..., 2])), np.degrees(np.arctan2(arrival[..., 1], arrival[..., 0])) % 360.0
    assert np.all(np.abs(lat - dec[:, None]) <= 5.0 + 1e-9)
    assert np.all(np.abs((lon - ra + 180.0) % 360.0 - 180.0) <= 5.0 + 1e-9)
    # evenly over the area: the mean of sin(dec) is that of the ring
    edges = np.sin(np.radians(np.arange(-90.0, 91.0, 10.0)))
    np.testing.assert_allclose(arrival[..., 2].mean(axis=(0, 2)), 0.5 * (edges[1:] + edges[:-1]), atol=5e-4)


def test_samples_of_other_seeds_share_nothing():
    one, same, other = (draw(Sampling(samples=4, seed=seed), *grid(30.0)) for seed in (0, 0, 1))
    assert np.array_equal(one.season, same.season)
    assert not np.intersect1d(one.season, other.season).size


def test_in_a_uniform_field_each_sample_is_what_its_direction_and_rigidity_say():
    """mu is that of its own direction, R that of its own rigidity, and no electric field is met but the flow's."""
    heliosphere, sampling = closed_form(NOWHERE), Sampling(samples=4, response=log_normal(4.0, 0.5))
    dec, ra = grid(30.0)
    traced = trace_samples([heliosphere, heliosphere], dec, ra, sampling, tolerance=1e-9)
    drawn = draw(sampling, dec, ra, epochs=2)
    n, b = drawn.arrival.reshape(*traced.mu.shape, 3), traced.field_icrs
    np.testing.assert_allclose(traced.mu, -n @ b, atol=2e-4)
    centre = drawn.season.reshape(n.shape) + np.cross(-traced.rigidity_TV[..., None] * n, b) / (3.0 * LORENTZ)
    np.testing.assert_allclose(traced.R_y, centre @ traced.e_y_icrs, atol=6.0)
    assert traced.scale_TV == 4.0
    assert np.ptp(traced.rigidity_TV) > 4.0


def test_pixels_of_a_part_of_the_sky_reach_no_further_than_half_a_step():
    """And those of the whole sky, to the poles."""
    for dec, end in ((np.arange(-9.0, 70.0, 2.0), 70.0), (grid(2.0)[0], 90.0)):
        reached = np.degrees(np.arcsin(draw(Sampling(samples=16), dec, grid(20.0)[1]).arrival[..., 2]))
        assert np.all(np.abs(reached.reshape(16, dec.size, -1) - dec[:, None]) <= 1.0 + 1e-9)
        assert np.max(reached) > end - 0.1


def test_epochs_are_heliospheres_of_their_own():
    """A map over two polarities takes each orbit from that of its epoch."""
    north, south = (closed_form(HeliosphereParameters(polarity=sign)) for sign in (1, -1))
    dec, ra = grid(60.0)
    sampling = Sampling(samples=4)
    both, of_north, of_south = (trace_samples(h, dec, ra, sampling) for h in ([north, south], north, south))
    epoch = draw(sampling, dec, ra, epochs=2).epoch.reshape(both.mu.shape)
    assert 0 < epoch.mean() < 1
    np.testing.assert_array_equal(both.mu, np.where(epoch == 0, of_north.mu, of_south.mu))


def test_own_field_on_a_whole_sky(tmp_path):
    """A uniform field of one's own does as the closed form does where its heliosphere is too small to matter."""
    heliosphere = closed_form(NOWHERE)
    magnetic, electric = heliosphere.field([[0.0, 0.0, 1e6]])
    uniform = user_field(lambda x, y, z, p: (p[0], p[1], p[2], p[3], p[4], p[5]))
    own = (uniform, [*magnetic[0], *electric[0]])
    mine = trace_samples(heliosphere, *grid(45.0), Sampling(samples=2), own_field=own, tolerance=1e-9)
    built_in = trace_samples(heliosphere, *grid(45.0), Sampling(samples=2), tolerance=1e-9)
    for name in ("mu", "R_x", "R_y", "momentum_ratio"):
        np.testing.assert_allclose(getattr(mine, name), getattr(built_in, name), atol=1e-4, err_msg=name)
    with pytest.raises(LiouvilleError, match="cannot be resumed"):
        trace_samples(heliosphere, *grid(45.0), Sampling(samples=2), own_field=own, resume_in=tmp_path)


def test_shares_have_errors(coarse):
    """A share of a few followed orbits is known as well as their number allows."""
    share, error = coarse.share(coarse.chaotic, np.isfinite(coarse.amplification))
    followed = np.isfinite(coarse.amplification).sum()
    assert error == pytest.approx(np.sqrt(share * (1.0 - share) / followed), rel=0.4)
    assert coarse.share(coarse.mu > -2.0) == (1.0, 0.0)
    equator = np.abs(coarse.dec)[:, None] < 42.0  # by solid angle
    assert coarse.share(equator)[0] == pytest.approx(np.sin(np.radians(42.0)), rel=1e-9)
    np.testing.assert_allclose(coarse.average(coarse.mu), coarse.mu.mean(axis=0))


def test_interrupted_work_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path))
    arguments = (closed_form(), *grid(60.0), Sampling(samples=4))
    whole = trace_samples(*arguments)
    traced, trace = [], liouville.trace

    def interrupted(*args, **kwargs):
        traced.append(len(traced))
        if len(traced) == 3:  # a call a sample, two for the last: with neighbours, too
            raise KeyboardInterrupt
        return trace(*args, **kwargs)

    monkeypatch.setattr(liouville, "trace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cached_samples(*arguments)
    assert len(list((tmp_path / "liouville").glob("*.parts/*"))) == 2
    resumed = cached_samples(*arguments)
    assert len(traced) == 6, "two samples before, one begun, two after the interruption"
    assert np.array_equal(resumed.mu, whole.mu)
    assert {p.suffix for p in (tmp_path / "liouville").iterdir()} == {".map", ".lock"}


def test_two_who_want_one_map_have_it_traced_once(tmp_path, monkeypatch):
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path))
    traced, trace = [], liouville.trace

    def slow(*args, **kwargs):
        traced.append(len(traced))
        time.sleep(0.2)  # the other one comes meanwhile
        return trace(*args, **kwargs)

    monkeypatch.setattr(liouville, "trace", slow)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: cached_samples(closed_form(), *grid(60.0), Sampling(samples=2)), range(2))
    assert len(traced) == 3, "a call for the one sample and two for the other, by one of the two"
    assert np.array_equal(one.mu, other.mu)


@pytest.mark.parametrize("samples", [0, 1, 3, 2.5])
def test_impossible_samples_are_named(samples):
    with pytest.raises(LiouvilleError, match="even number"):
        Sampling(samples=samples)


@pytest.mark.parametrize(("changes", "says"), [
    ({"dec": [10.0, 5.0]}, "increasing"), ({"dec": [0.0, 100.0]}, "100.0 degrees"),
    ({"rigidity_TV": -4.0}, "rigidity_TV is -4")])
def test_impossible_skies_are_named(changes, says):
    arguments = {"dec": [0.0], "ra": [10.0], **changes}
    with pytest.raises(LiouvilleError, match=says):
        trace_sky(closed_form(), arguments.pop("dec"), arguments.pop("ra"), **arguments)
