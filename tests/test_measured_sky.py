"""Measured skies: reading, the fit without a heliosphere, residuals that are named; the real ones where they are."""

import numpy as np
import pytest
from astropy.table import Table
from toy import uniform_field_map

from lisbon_core.anisotropy import fit_anisotropy
from lisbon_core.liouville import straight_lines
from lisbon_core.parameters import RunParameters
from lisbon_core.run import Run
from lisbon_core.sky import first_harmonic, ring_normalise
from lisbon_core.studies import measured_sky as study

DIPOLES = {"IceCube + Tibet, l up to 3": (1.13e-3, 28.0), "IceCube, one day": (1.28e-3, 45.0)}


def test_without_a_heliosphere_a_sky_of_straight_lines_is_explained_in_full(make_sky):
    run, truth = Run(RunParameters(response="mono", p_index=0.0)), np.array([1.8e-3, 4e-4, -7e-4])
    blank = make_sky(step=6.0)
    lines = straight_lines(run.closed_form, blank.dec, blank.ra, run.response.scale_TV)
    columns = study._null_terms(lines, 0, 2, 0.0)
    assert np.max(np.abs(columns[:, -1])) > 100.0  # a gyroradius
    truth[-1] /= np.max(np.abs(columns[:, -1]))
    sky = ring_normalise(blank.replace(relative_intensity=(columns @ np.append(1.0, truth)).reshape(30, 60)))
    fit = study.null_fit(sky, run, 2)
    assert fit.theta == pytest.approx(truth, rel=1e-5)
    assert study.explained(sky, fit) == pytest.approx(1.0, abs=1e-9)


def test_the_largest_residuals_are_named_once_each(make_sky):
    sky = make_sky(step=6.0)
    fit = fit_anisotropy(sky, uniform_field_map(), 2)
    values = sky.relative_intensity.copy()
    for row, column, size in ((10, 20, 4e-3), (11, 20, 3e-3), (20, 50, -5e-3), (25, 5, 2e-3)):
        values[row, column] += size
    found = study.telling(sky.replace(relative_intensity=values), fit)
    assert [place[:2] for place in found] == [(303.0, 33.0), (123.0, -27.0), (33.0, 63.0)]
    off = values - fit.relative_intensity
    assert [place[2] for place in found] == pytest.approx([off[20, 50], off[10, 20], off[25, 5]])


def test_no_folder_no_maps(monkeypatch, tmp_path):
    monkeypatch.delenv("LISBON_REAL_DATA", raising=False)
    assert study.folder_of_maps() is None
    monkeypatch.setenv("LISBON_REAL_DATA", str(tmp_path / "nowhere"))
    assert study.folder_of_maps() is None
    monkeypatch.setenv("LISBON_REAL_DATA", str(tmp_path))
    assert study.folder_of_maps() == tmp_path


def test_real_skies_are_read_as_the_committed_numbers_say(real_data):
    table = Table.read(study.TABLE)
    assert list(table["sky"]) == [one.name for one in study.SKIES]
    for one, row in zip(study.SKIES, table, strict=True):
        sky = study.read(one, real_data)
        wave = first_harmonic(sky)
        assert (wave.dipole, wave.phase) == pytest.approx((row["dipole"], row["phase"]), rel=1e-3)
        if one.name in DIPOLES:
            assert wave.dipole == pytest.approx(DIPOLES[one.name][0], rel=0.02)
            assert wave.phase == pytest.approx(DIPOLES[one.name][1], abs=1.0)
        assert 0.0 < row["explained"] < 1.0
        for k in (1, 2, 3):
            at = np.argmin(abs(sky.dec - row[f"dec_{k}"])), np.argmin(abs(sky.ra - row[f"ra_{k}"]))
            assert sky.observed[at]
