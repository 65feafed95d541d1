"""Cells of simulations: a real cut of BATS-R-US, and a file in space made here with a field that is known."""

import gzip
import os
import subprocess
import sys

import numpy as np
import pytest

from lisbon_core.heliosphere import HeliosphereError, export_cells, read_batsrus, read_gridded
from lisbon_core.units import KM_S

MATRIX = np.array([[0.7, -0.2, 0.4], [0.1, 0.9, -0.3], [-0.5, 0.6, -1.6]]) / 20.0
UNIFORM, WIND = np.array([2.0, -1.0, 2.5]), np.array([-20.0, 3.0, 5.0])


@pytest.fixture
def cut(real_data):
    pytest.importorskip("spacepy", reason="the extra grids is not installed")
    return real_data / "gridded" / "batsrus_outerhelio2d_z0_test.out.gz"


@pytest.fixture
def simulation(tmp_path):
    """A BATS-R-US file in space: cells of two sizes, B linear in x, y, z."""
    pytest.importorskip("spacepy", reason="the extra grids is not installed")
    coarse = np.stack(np.meshgrid(*3 * [np.arange(-38.0, 40.0, 4.0)], indexing="ij"), axis=-1).reshape(-1, 3)
    fine = np.stack(np.meshgrid(*3 * [np.arange(-9.0, 10.0, 2.0)], indexing="ij"), axis=-1).reshape(-1, 3)
    points = np.concatenate([coarse[np.abs(coarse).max(axis=1) > 10.0], fine])
    rows = [f"{' '.join(f'{value:.9e}' for value in (*p, 0.1, *WIND, *(UNIFORM + MATRIX @ p) * 0.1, 1e-12))}"
            for p in points]
    path = tmp_path / "3d.out"
    path.write_text("AU AU AU amu/cc km/s km/s km/s nT nT nT dyne/cm^2\n"
                    f"      10  0.0000000000E+00 -3  1  8\n {len(points)} 1 1\n  1.6666700000E+00\n"
                    "x y z Rho Ux Uy Uz Bx By Bz P g\n" + "\n".join(rows) + "\n")
    return path


def test_a_real_cut_is_read_and_refused_as_a_heliosphere(cut, tmp_path):
    cells = read_batsrus(cut)
    assert cells.axes == ("x", "y")
    assert cells.points.shape == (100 * 100, 2)
    r = np.linalg.norm(cells.points, axis=1)
    assert r.min() == pytest.approx(1.02, abs=0.01)
    assert r.max() == pytest.approx(73.4, abs=0.1)
    # nT became microgauss: some nanotesla at 1 AU; a supersonic wind, its density falling with the square of r
    strength, speed = np.linalg.norm(cells.magnetic, axis=1), np.linalg.norm(cells.velocity, axis=1)
    assert 20.0 < np.median(strength[r < 1.1]) < 100.0
    assert 250.0 < np.median(speed) < 800.0
    assert np.polyfit(np.log(r), np.log(cells.density), 1)[0] == pytest.approx(-2.0, abs=0.3)
    assert "10000 cells of a cut along x and y, 1.02 to 73.4 AU" in str(cells)
    with pytest.raises(HeliosphereError, match="is a cut along x and y, but orbits need a field in space"):
        export_cells(cells, tmp_path / "no.h5", interstellar_uG=UNIFORM, interstellar_km_s=WIND)
    assert not list(tmp_path.iterdir())


def test_cells_in_space_become_a_heliosphere(simulation, tmp_path):
    export_cells(read_batsrus(simulation), tmp_path / "out.h5", interstellar_uG=UNIFORM, interstellar_km_s=WIND,
                 frame="ecliptic", shape=(30, 25, 36), r_AU=(1.0, 36.0))
    heliosphere = read_gridded(tmp_path / "out.h5")
    assert heliosphere.report.electric == "-V x B at the nodes"
    assert heliosphere.report.div_B[1] < 0.01
    rng = np.random.default_rng(2)
    places = rng.normal(size=(300, 3))
    places *= rng.uniform(3.0, 35.0, (300, 1)) / np.linalg.norm(places, axis=1)[:, None]
    magnetic, electric = heliosphere.field(places)
    expected = UNIFORM + places @ MATRIX.T
    np.testing.assert_allclose(magnetic, expected, atol=0.03)
    assert np.ptp(expected) > 2.0
    np.testing.assert_allclose(electric, -np.cross(WIND * KM_S, magnetic), rtol=1e-3, atol=1e-8)
    np.testing.assert_allclose(heliosphere.field([[0.0, 0.0, 36.0]])[0][0], UNIFORM + MATRIX @ [0.0, 0.0, 36.0],
                               atol=1e-5)  # at a node nothing but the fit to the cells


def binary(text, kind):
    """What a Fortran program writes for the text of such a file: records between their lengths."""
    units, head, grid, parameters, names, *rows = text.splitlines()
    step, time, *counts = head.split()
    columns = np.array([row.split() for row in rows], dtype=kind).T
    records = [units.ljust(79).encode(),
               np.int32(step).tobytes() + kind(time).tobytes() + np.array(counts, dtype=np.int32).tobytes(),
               np.array(grid.split(), dtype=np.int32).tobytes(), np.array(parameters.split(), dtype=kind).tobytes(),
               names.ljust(79).encode(), columns[:3].tobytes(), *(column.tobytes() for column in columns[3:])]
    return b"".join(np.int32(len(r)).tobytes() + r + np.int32(len(r)).tobytes() for r in records)


@pytest.mark.parametrize(("kind", "digits"), [(np.float32, 1e-6), (np.float64, 1e-9)])
def test_binary_files_hold_what_the_text_holds(simulation, tmp_path, kind, digits):
    text, path = read_batsrus(simulation), tmp_path / "binary.out"
    path.write_bytes(binary(simulation.read_text(), kind))
    cells = read_batsrus(path)
    assert cells.axes == ("x", "y", "z")
    for name in ("points", "magnetic", "velocity", "density"):
        np.testing.assert_allclose(getattr(cells, name), getattr(text, name), rtol=digits, atol=1e-12)
    for share in (0.3, 0.9):
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        with pytest.raises(HeliosphereError, match="not a complete BATS-R-US file") as error:
            read_batsrus(path)
        assert "\n" not in str(error.value)


def test_what_spacepy_writes_stays_in_the_cache(simulation, tmp_path):
    code = f"from lisbon_core.heliosphere import read_batsrus; read_batsrus({str(simulation)!r})"
    environment = {name: value for name, value in os.environ.items() if name != "SPACEPY"}
    environment |= {"HOME": str(tmp_path / "home"), "LISBON_CACHE": str(tmp_path / "cache")}
    (tmp_path / "home").mkdir()
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list((tmp_path / "home").glob(".spacepy*"))
    assert (tmp_path / "cache" / "spacepy").is_dir()


def test_damaged_files_get_a_sentence(simulation, tmp_path):
    whole = simulation.read_bytes()
    with pytest.raises(HeliosphereError, match="there is no file"):
        read_batsrus(tmp_path / "nothing.out")
    for name, content, says in (
            ("empty.out", b"", "not a complete BATS-R-US file"),
            ("words.out", b"these are words\n" * 9, "not a complete BATS-R-US file"),
            ("half.out.gz", gzip.compress(whole)[:-2000], "not a complete gzip file"),
            ("plain.out.gz", whole, "not a complete gzip file"),
            ("unit.out", whole.replace(b"nT nT nT", b"nm nm nm"), "unit of Bx .* is 'nm'"),
            ("names.out", whole.replace(b"Bx By Bz", b"Cx Cy Cz"), "has no Bx, only x, y, z")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(HeliosphereError, match=says) as error:
            read_batsrus(tmp_path / name)
        assert "\n" not in str(error.value)
    few = tmp_path / "few.out"
    lines = whole.splitlines(keepends=True)
    few.write_bytes(b"".join([*lines[:2], b" 5 1 1\n", *lines[3:10]]))
    with pytest.raises(HeliosphereError, match="holds 5 cells, but a field needs more than 12"):
        export_cells(read_batsrus(few), tmp_path / "few.h5", interstellar_uG=UNIFORM, interstellar_km_s=WIND)
