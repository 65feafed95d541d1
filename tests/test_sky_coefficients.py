"""Coefficients of harmonics as a sky map: each form, its errors, and what a fit makes of them."""

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from toy import THETA, taken_as_exact, uniform_field_map

from lisbon_core.anisotropy import design, fit_design
from lisbon_core.sky import SkyMapError, averaging, first_harmonic, multipoles, noise_factor
from lisbon_core.sky.basis import degrees_and_orders, harmonic_values
from lisbon_core.sky.files import map_from_arrays, read_sky_map
from lisbon_core.studies.map_report import map_report

AMPLITUDE, PHASE, SIGMA = 1.1e-3, 38.4, 5e-6
NORM = np.sqrt(4 * np.pi / 3)  # from a dipole to its coefficients
X, Y = NORM * AMPLITUDE * np.cos(np.radians(PHASE)), NORM * AMPLITUDE * np.sin(np.radians(PHASE))
DIPOLE = {"l": [1, 1, 1], "m": [-1, 0, 1], "value": [Y, 2e-4, X], "sigma": [SIGMA] * 3}


def as_alm(path):
    """As healpy.write_alm does it: index, real, imag in a binary table; and errors after them, as HEALPix has them."""
    ell, m = degrees_and_orders(1)
    ell, m = ell[m >= 0], m[m >= 0]
    re, im = {(1, 1): -X / np.sqrt(2), (1, 0): 2e-4}, {(1, 1): Y / np.sqrt(2)}
    parts = [[part.get(one, 0.0) for one in zip(ell, m, strict=True)] for part in (re, im)]
    columns = {"index": ("J", ell**2 + ell + m + 1), "real": ("D", parts[0]), "imag": ("D", parts[1]),
               "error_real": ("D", SIGMA / np.sqrt(1 + (m > 0))), "error_imag": ("D", SIGMA / np.sqrt(1 + (m > 0)))}
    table = fits.BinTableHDU.from_columns([fits.Column(name, form, array=x) for name, (form, x) in columns.items()])
    table.header["MAX-LPOL"] = 1
    table.writeto(path)


@pytest.mark.parametrize("form", ["table.csv", "table.ecsv", "table.txt", "alm.fits"])
def test_a_known_dipole_comes_back_from_each_form(tmp_path, form):
    path = tmp_path / form
    if form == "alm.fits":
        as_alm(path)
    else:
        table = Table(DIPOLE)
        kind = {"csv": "ascii.csv", "ecsv": "ascii.ecsv", "txt": "ascii.commented_header"}[form.partition(".")[2]]
        table.write(path, format=kind)
    sky = read_sky_map(path)
    assert not sky.sigma_assumed
    for found, factor in ((multipoles(sky, 1).dipole, 1.0), (first_harmonic(sky), np.pi / 4)):
        assert found.amplitude == pytest.approx(factor * AMPLITUDE, rel=1e-3 if factor < 1 else 1e-6)
        assert found.phase == pytest.approx(PHASE, abs=1e-3)
        assert found.amplitude_sigma == pytest.approx(factor * SIGMA / NORM, rel=0.05)
    assert multipoles(sky, 2).power(2) == pytest.approx(0.0, abs=1e-13)


def test_signs_and_norms_are_those_of_orthonormal_harmonics():
    """Integrals over the sphere, by the pixels; Y_33 is known by heart."""
    dec, ra = np.arange(-89.5, 90), np.arange(0.5, 360)
    ell, m = degrees_and_orders(3)
    values = harmonic_values(dec, ra, ell, m)
    area = np.cos(np.radians(dec))[:, None] * np.radians(1.0) ** 2
    products = np.einsum("ij,ijk,ijl->kl", np.broadcast_to(area, values.shape[:2]), values, values)
    assert products == pytest.approx(np.eye(16), abs=2e-4)
    known = np.sqrt(35 / (32 * np.pi)) * np.cos(np.radians(dec))[:, None] ** 3 * np.cos(3 * np.radians(ra))
    assert np.allclose(values[..., -1], known)


def test_errors_without_a_file_of_them_and_a_sum_that_blows_up(tmp_path):
    bare = map_from_arrays({name: np.array(DIPOLE[name]) for name in ("l", "m", "value")}, {}, sigma_default=3e-5)
    assert bare.sigma_assumed
    assert bare.sigma[bare.observed] == pytest.approx(3e-5)
    ell, m = degrees_and_orders(7, 1)
    beam = harmonic_values(np.array([57.0]), np.array([39.0]), ell, m)[0, 0] * 1e-3  # all that l <= 7 can put there
    Table({"l": ell, "m": m, "value": beam, "sigma": 0.0 * beam + 1e-5}).write(tmp_path / "m.csv")
    assert "mind: the sum reaches" in map_report(tmp_path / "m.csv")


@pytest.mark.parametrize(("change", "words"), [
    ({"m": [-2, 0, 1]}, "whole numbers with"), ({"m": [1, 0, 1]}, "given twice"), ({"l": [1, 1, 40]}, "l from 1 to 12"),
    ({"sigma": [1e-5, 0.0, 1e-5]}, "not positive"), ({"value": [1e-3, np.nan, 0.0]}, "no number"),
    ({"Y": [0.0, 0.0, 0.0]}, "2 columns")])
def test_what_is_no_set_of_coefficients_is_refused(change, words):
    with pytest.raises(SkyMapError, match=words):
        map_from_arrays({name: np.array(x) for name, x in (DIPOLE | change).items()}, {})
    with pytest.raises(SkyMapError, match="not in equatorial"):
        map_from_arrays({name: np.array(x) for name, x in DIPOLE.items()}, {"COORDSYS": "G"})


def test_a_fit_sees_the_model_cut_at_the_degree_of_the_map_and_its_errors_mean_what_they_say():
    liouville, order = taken_as_exact(uniform_field_map()), 4
    ell, m = degrees_and_orders(4)
    blank = map_from_arrays({"l": ell, "m": m, "value": 1e-9 + 0.0 * m, "sigma": 2e-5 * (1.0 + ell)}, {})
    once = averaging(blank) @ np.random.default_rng(1).standard_normal(blank.footprint.size)
    assert np.allclose(averaging(blank) @ once, once)  # a projection
    theta = THETA[[0, 1, 2, 3, -2, -1]]
    columns = design(blank, liouville, order)
    model, noise, random = columns.intensity(theta), noise_factor(blank), np.random.default_rng(5)
    assert fit_design(columns, model).theta == pytest.approx(theta, rel=1e-6)
    fits = [fit_design(columns, model + noise @ random.standard_normal(noise.shape[1])) for _ in range(40)]
    pulls = np.array([(fit.theta - theta) / fit.sigma for fit in fits])
    assert np.abs(pulls.mean(axis=0)).max() < 0.7  # 40 draws: four errors of a mean
    assert pulls.std() == pytest.approx(1.0, abs=0.2)
    assert np.mean([fit.chi2_reduced for fit in fits]) == pytest.approx(1.0, abs=0.25)
