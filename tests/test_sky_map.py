"""Rings, disc averaging and its covariance, cuts and rebinning, each against a fact that does not use the code."""

import numpy as np
import pytest
from scipy.special import eval_legendre

from lisbon_core import sky as s
from lisbon_core.ground.frames import unit_vector
from lisbon_core.sky import first_harmonic, first_harmonic_of_events, multipoles, power_spectrum
from lisbon_core.sky.discs import disc_sums
from lisbon_core.sky.harmonics import FirstHarmonic
from lisbon_core.sky.map import _disc_overlap


def dipole(amplitude, lon, lat):
    return lambda dec, ra: 1 + amplitude * unit_vector(ra, dec) @ unit_vector(lon, lat)


def seen(sky):
    return sky.relative_intensity[sky.observed]


def average(sky, radius):
    """Top-hat average over discs, with the errors of the averages of independent pixels."""
    operator = s.averaging_operator(sky.dec, sky.ra, radius, sky.observed)
    value, variance = (np.full(sky.sigma.shape, np.nan) for _ in range(2))
    value[sky.observed] = (operator @ np.nan_to_num(sky.relative_intensity).ravel())[sky.observed.ravel()]
    variance[sky.observed] = ((operator * operator) @ np.nan_to_num(sky.sigma).ravel() ** 2)[sky.observed.ravel()]
    return sky.replace(relative_intensity=value, sigma=np.sqrt(variance), averaging_deg=radius)


@pytest.mark.equation("2")
def test_ring_normalisation_is_idempotent_and_kills_any_function_of_declination(make_sky):
    rng = np.random.default_rng(1)
    sky = make_sky(lambda dec, ra: 1 + 1e-3 * rng.standard_normal((dec.size, ra.size)), limits=(-20, 60))
    once = s.ring_normalise(sky)
    assert np.allclose(seen(s.ring_normalise(once)), seen(once), rtol=0, atol=1e-15)
    shape = rng.uniform(0.5, 2.0, (90, 1))
    again = s.ring_normalise(sky.replace(relative_intensity=sky.relative_intensity * shape, sigma=sky.sigma * shape))
    assert np.allclose(seen(again), seen(once), rtol=0, atol=1e-14)
    assert np.allclose(again.sigma[sky.observed], once.sigma[sky.observed])
    assert np.isnan(s.ring_means(sky.relative_intensity, sky.observed)).sum() == 50  # rings outside -20..60


@pytest.mark.equation("2")
@pytest.mark.parametrize("ell", range(1, 8))
def test_ring_normalisation_of_a_legendre_term_loses_its_polar_part(make_sky, ell):
    # science.md 10.2: A [P_l(mu) - P_l(sin d_B) P_l(sin d)] to first order in A, from the addition theorem
    lon, lat, amplitude = 229.2, 11.4, 1e-3
    sky = make_sky(lambda dec, ra: 1 + amplitude * eval_legendre(ell, unit_vector(ra, dec) @ unit_vector(lon, lat)))
    mu = unit_vector(sky.ra[None, :], sky.dec[:, None]) @ unit_vector(lon, lat)
    polar = eval_legendre(ell, np.sin(np.radians(lat))) * eval_legendre(ell, np.sin(np.radians(sky.dec)))[:, None]
    left = s.ring_normalise(sky).relative_intensity - 1 - amplitude * (eval_legendre(ell, mu) - polar)
    assert abs(left).max() < 1.1 * amplitude**2
    power = s.pixel_area(sky.dec, 180) @ polar**2 * 180
    assert power.item() * (2 * ell + 1) / (4 * np.pi) == pytest.approx(eval_legendre(ell, np.sin(np.radians(lat)))**2,
                                                                      rel=2e-2)


@pytest.mark.parametrize(("lat", "lost"), [
    (11.4, [0.039, 0.195, 0.077, 0.055, 0.093, 0.007, 0.086, 0.001]),
    (16.3, [0.079, 0.146, 0.134, 0.011, 0.120, 0.008, 0.063, 0.044]),
    (23.3, [0.157, 0.070, 0.192, 0.011, 0.076, 0.083, 0.001, 0.073])])
def test_power_that_the_rings_take_from_each_order(make_sky, lat, lost):
    """Fields of HAWC and IceCube, of Zirnstein et al. and of the ribbon; the values come from the addition theorem."""
    for ell, expected in enumerate(lost, start=1):
        def pattern(dec, ra, ell=ell):
            return 1 + 1e-6 * eval_legendre(ell, unit_vector(ra, dec) @ unit_vector(229, lat))

        sky = make_sky(pattern)
        area = s.pixel_area(sky.dec, 180)[:, None]
        before, after = ((x - 1) ** 2 for x in (sky.relative_intensity, s.ring_normalise(sky).relative_intensity))
        assert 1 - np.sum(area * after) / np.sum(area * before) == pytest.approx(expected, abs=1.5e-3)


def test_null_space_is_one_constant_a_ring(make_sky):
    sky = s.cut(make_sky(dipole(1e-6, 30, 40)), -20, 40)
    basis = s.ring_null_space(sky)
    assert np.allclose((basis.T @ basis).toarray(), np.eye(30))
    change = seen(sky) - 1
    assert np.allclose(seen(s.ring_normalise(sky)) - 1, change - basis @ (basis.T @ change), rtol=0, atol=1e-11)


def test_area_of_a_disc_and_of_the_sphere():
    dec, ra = np.arange(-89.0, 90, 2), np.arange(1.0, 360, 2)
    operator = s.averaging_operator(dec, ra, 5.0, np.ones((90, 180), bool))
    area = np.repeat(s.pixel_area(dec, 180), 180)
    assert area.sum() == pytest.approx(4 * np.pi)
    assert s.pixel_area(np.arange(-90.0, 91, 2), 180).sum() * 180 == pytest.approx(4 * np.pi)  # rings on the poles
    inside = disc_sums(dec, 180, 5.0) @ area
    assert np.average(inside, weights=area) == pytest.approx(2 * np.pi * (1 - np.cos(np.radians(5))), rel=0.02)
    # every pair within 5 degrees and no other, by the separations themselves
    n = unit_vector(np.tile(ra, 90), np.repeat(dec, 180))
    for i in (0, 90, 4000, 8190, 16199):
        near = np.degrees(np.arccos(np.clip(n @ n[i], -1, 1))) <= 5.0
        assert np.array_equal(near, (np.arange(16200) == i) @ operator > 1e-9)


def test_averaging_keeps_a_constant_and_shrinks_a_dipole_as_the_disc_does(make_sky):
    raw = make_sky(dipole(1e-3, 40, 25))
    flat = average(make_sky(limits=(-30, 50)), 5.0)
    assert np.allclose(seen(flat), 1, rtol=0, atol=1e-14)
    smooth = average(raw, 10.0)
    factor = (1 + np.cos(np.radians(10))) / 2  # mean of P_1 over a cap
    area = s.pixel_area(raw.dec, 180)[:, None]
    ratio = np.sum(area * (smooth.relative_intensity - 1) * (raw.relative_intensity - 1)) / np.sum(
        area * (raw.relative_intensity - 1) ** 2)
    assert ratio == pytest.approx(factor, abs=1e-4)


def test_averaging_draws_on_the_footprint_only():
    footprint = np.zeros((90, 180), bool)
    footprint[40:60] = True
    operator = s.averaging_operator(np.arange(-89.0, 90, 2), np.arange(1.0, 360, 2), 5.0, footprint)
    rows = (operator @ np.ones(16200)).reshape(90, 180)
    assert np.allclose(rows[footprint], 1)
    assert not rows[~footprint].any()
    assert not (operator @ ~footprint.ravel()).any()
    identity = s.averaging_operator(np.arange(-89.0, 90, 2), np.arange(1.0, 360, 2), 0.0, footprint)
    assert np.allclose(identity @ rows.ravel(), rows.ravel(), rtol=0, atol=1e-14)


def test_covariance_has_the_stated_diagonal_and_that_of_simulated_averages(make_sky):
    rng = np.random.default_rng(3)
    step, radius = 6.0, 15.0
    raw = make_sky(step=step, limits=(-40, 70))
    area = s.pixel_area(raw.dec, 60)[:, None]
    raw = raw.replace(sigma=np.where(raw.observed, 1e-3 * np.sqrt(area.max() / area), np.nan))
    sky = average(raw, radius)
    factor = s.noise_factor(sky)
    covariance = factor @ (factor.T @ np.eye(factor.shape[0]))
    assert np.allclose(np.sqrt(np.diag(covariance)), sky.sigma[sky.observed])
    operator = s.averaging_operator(raw.dec, raw.ra, radius, raw.footprint)
    noise = operator @ (np.where(raw.observed, raw.sigma, 0).ravel()[:, None] * rng.standard_normal((raw.dec.size * 60,
                                                                                                    4000)))
    empirical = np.cov(noise[raw.observed.ravel()])
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    assert abs((empirical - covariance) / scale).max() < 6 / np.sqrt(4000)
    # a cut does not change what is left of it
    piece = s.cut(sky, -10, 30)
    kept = piece.observed[sky.observed]
    part = s.noise_factor(piece)
    assert np.allclose(part @ (part.T @ np.eye(part.shape[0])), covariance[np.ix_(kept, kept)])


def test_cut_keeps_footprint_and_says_what_is_wrong(make_sky):
    sky = make_sky(limits=(-10, 70), label="four TeV")
    piece = s.cut(sky, 0, 50, mask=np.broadcast_to(sky.ra < 180, (90, 180)))
    rows, columns = np.nonzero(piece.observed)
    assert (sky.dec[rows].min(), sky.dec[rows].max(), sky.ra[columns].max()) == (1, 49, 179)
    assert np.array_equal(piece.footprint, sky.footprint)
    for arguments, words in [((50, 0), "dec_min"), ((-80, -20), "from -9 to 69"), ((0, 50, np.ones(3)), "shape")]:
        with pytest.raises(s.SkyMapError, match=words):
            s.cut(sky, *arguments)


def test_rebin_means_and_errors(make_sky):
    fine = make_sky(dipole(1e-3, 100, 30), step=0.5)
    coarse = s.rebin(fine, 2.0)
    assert np.array_equal(coarse.dec, np.arange(-89.0, 90, 2))
    assert np.array_equal(coarse.ra, np.arange(1.0, 360, 2))
    assert np.allclose(coarse.sigma, 1e-4 / 4)  # 16 independent pixels
    assert first_harmonic(coarse).dipole == pytest.approx(1e-3 * np.cos(np.radians(30)), rel=2e-4)
    # of rings with 64 pixels nothing is left of a constant, not even rounding
    assert first_harmonic(make_sky(dipole(1e-3, 100, 30), step=5.625)).phase == pytest.approx(100)
    assert s.rebin(coarse, 2.0) is coarse
    assert s.rebin(make_sky(step=3.0), 2.0).dec.size == 60  # does not divide: kept
    averaged = s.rebin(fine.replace(averaging_deg=5.0))
    assert np.all(averaged.sigma < 1e-4)
    assert np.all(averaged.sigma > 0.9e-4)  # neighbours share most of their data
    # the share itself: overlap of two discs by counting points
    rng = np.random.default_rng(5)
    points = rng.uniform(-1, 1, (200_000, 2))
    points = points[np.hypot(*points.T) < 1]
    for distance in (0.4, 1.1):
        counted = np.mean(np.hypot(points[:, 0] - distance, points[:, 1]) < 1)
        assert _disc_overlap(5 * distance, 5.0) == pytest.approx(counted, abs=0.005)


def test_map_that_cannot_be_is_refused(make_sky):
    sky = make_sky()
    for changes, words in [({"sigma": -sky.sigma}, "error bar is positive"), ({"ra": sky.ra[:-1]}, "shape"),
                           ({"ra": sky.ra**2 / 360}, "evenly spaced"), ({"averaging_deg": -1.0}, "averaging_deg"),
                           ({"relative_intensity": np.nan * sky.sigma}, "no pixel")]:
        with pytest.raises(s.SkyMapError, match=words):
            sky.replace(**changes)
    assert "16200 pixels" in str(sky)


@pytest.mark.parametrize("limits", [(-90, 90), (-90, -25), (-10, 70)])
def test_field_of_view_factor_gives_the_dipole_back(make_sky, limits):
    sky = make_sky(dipole(1e-3, 50, 20), limits=limits)
    harmonic = first_harmonic(sky)
    assert harmonic.phase == pytest.approx(50, abs=1e-6)
    assert harmonic.dipole == pytest.approx(1e-3 * np.cos(np.radians(20)), rel=1e-3)
    # even exposure between declinations d_1 > d_2: 2 (s_1 - s_2) / (d_1 - d_2 + c_1 s_1 - c_2 s_2)
    d = np.radians(np.array([-1.0, 1.0]) + sky.dec[sky.observed.any(axis=1)][[0, -1]])
    factor = 2 * np.diff(np.sin(d)) / np.diff(d + np.cos(d) * np.sin(d))
    assert harmonic.field_of_view == pytest.approx(factor.item(), rel=1e-3)


def test_errors_of_harmonics_are_those_of_simulated_skies(make_sky):
    rng = np.random.default_rng(11)
    flat = make_sky(step=6.0, limits=(-30, 60), sigma=1e-3)
    fits = []
    for _ in range(80):
        noisy = flat.relative_intensity + 2e-2 * np.cos(np.radians(flat.ra - 80)) + 1e-3 * rng.standard_normal((30, 60))
        sky = average(flat.replace(relative_intensity=noisy), 12.0)
        fits.append((first_harmonic(sky), multipoles(sky, 2)))
    amplitude, phase = (np.array([getattr(f, x) for f, _ in fits]) for x in ("amplitude", "phase"))
    assert amplitude.std() == pytest.approx(fits[0][0].amplitude_sigma, rel=0.3)
    assert phase.std() == pytest.approx(fits[0][0].phase_sigma, rel=0.3)
    spread = np.std([m.coefficients for _, m in fits], axis=0)
    assert np.allclose(spread, np.sqrt(np.diag(fits[0][1].covariance)), rtol=0.33)


def test_error_of_a_phase_is_that_across_the_wave():
    """A wave towards 0 degrees, known four times worse along itself than across."""
    wave = FirstHarmonic(np.array([1e-3, 0.0]), np.diag([4e-5, 1e-5]) ** 2, 1.0)
    assert wave.amplitude_sigma == pytest.approx(4e-5)
    assert wave.phase_sigma == pytest.approx(np.degrees(1e-5 / 1e-3))


def test_multipoles_and_power_of_a_known_sky(make_sky):
    def function(dec, ra):
        d, a = np.radians(dec), np.radians(ra)
        return 1 + 1e-3 * np.cos(d) * np.cos(a - 1) + 4e-4 * np.cos(d) ** 2 * np.sin(2 * a)

    sky = make_sky(function)
    fit = multipoles(sky, 3)
    assert fit.dipole.amplitude == pytest.approx(1e-3, rel=1e-3)
    assert fit.dipole.phase == pytest.approx(np.degrees(1), abs=0.01)
    # power of a function is the sum of squared coefficients: mean square times 4 pi
    quadrupole = 4 * np.pi * 4e-4**2 * (8 / 15) / 2 / 5
    assert fit.power(2) == pytest.approx(quadrupole, rel=1e-3)
    spectrum = power_spectrum(sky, 6)
    assert spectrum.power[[1, 2]] == pytest.approx([4 * np.pi * 1e-6 / 9, quadrupole], rel=1e-3)
    assert spectrum.power[3:].max() < 1e-6 * quadrupole


def test_noise_of_the_power_spectrum(make_sky):
    rng = np.random.default_rng(2)
    flat = make_sky(step=5.0, limits=(-30, 60), sigma=1e-3)
    skies = (average(flat.replace(relative_intensity=flat.relative_intensity + 1e-3 * rng.standard_normal((36, 72))),
                       8.0) for _ in range(60))
    spectra = [power_spectrum(sky, 8) for sky in skies]
    mean = np.mean([x.power for x in spectra], axis=0)
    assert np.allclose(mean[1:], spectra[0].noise[1:], rtol=0.35)


def test_rayleigh_analysis_of_drawn_events():
    rng = np.random.default_rng(4)
    n = unit_vector(rng.uniform(0, 360, 60_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 60_000))))
    weight = 1 + 0.3 * n @ unit_vector(200, 0)
    ra, dec = np.degrees(np.arctan2(n[:, 1], n[:, 0])), np.degrees(np.arcsin(n[:, 2]))
    result = first_harmonic_of_events(ra, dec, weight)
    assert abs(result.dipole - 0.3) < 4 * result.amplitude_sigma * result.field_of_view
    assert abs(result.phase - 200) < 4 * result.phase_sigma
