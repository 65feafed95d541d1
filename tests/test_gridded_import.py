"""Simulations brought onto a grid: files made here in every format with fields that are known, and real MHD output."""

import gzip
import lzma
import re
import subprocess
import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest

from lisbon_core.ground.frames import (
    angle_between,
    lonlat,
    rotation_to_icrs,
    spread_directions,
    unit_vector,
    unit_vector_icrs,
)
from lisbon_core.ground.units import KM_S, LORENTZ
from lisbon_core.heliosphere import HeliosphereError, nodes, read_gridded, write_gridded
from lisbon_core.liouville.tracing import earth_positions
from lisbon_core.orbits import trace
from lisbon_core.simulations import PRESETS, Cells, axes_of, export_cells, joined, read_cells
from lisbon_core.simulations.cleaning import without_divergence
from lisbon_core.tools.cli import main
from lisbon_core.tools.importing import import_files
from lisbon_core.tools.provenance import ROOT

MATRIX = np.array([[0.7, -0.2, 0.4], [0.1, 0.9, -0.3], [-0.5, 0.6, -1.6]]) / 20.0
UNIFORM, WIND = np.array([2.0, -1.0, 2.5]), np.array([-20.0, 3.0, 5.0])
MEDIUM = (*UNIFORM, *WIND)
SHIPPED = ROOT / "data" / "heliosphere_mhd.h5"
HEAD = ("AU AU AU amu/cc km/s km/s km/s nT nT nT dyne/cm^2\n      10  0.0000000000E+00 {} 1  8\n {}\n"
        "  1.6666700000E+00\nx y z Rho Ux Uy Uz Bx By Bz P g\n")


def places_of_two_sizes():
    coarse = np.stack(np.meshgrid(*3 * [np.arange(-38.0, 40.0, 4.0)], indexing="ij"), axis=-1).reshape(-1, 3)
    fine = np.stack(np.meshgrid(*3 * [np.arange(-9.0, 10.0, 2.0)], indexing="ij"), axis=-1).reshape(-1, 3)
    return np.concatenate([coarse[np.abs(coarse).max(axis=1) > 10.0], fine])


def rows_of(points):
    """Columns of a file: B linear in x, y, z."""
    ones = np.ones((len(points), 1))
    return np.hstack([points, 0.1 * ones, ones * WIND, 0.1 * (UNIFORM + points @ MATRIX.T), 1e-12 * ones])


def lines(rows):
    return "".join(" ".join(f"{value:.9e}" for value in row) + "\n" for row in rows)


@pytest.fixture
def simulation(tmp_path):
    """A BATS-R-US file in space: cells of two sizes."""
    rows = rows_of(places_of_two_sizes())
    (tmp_path / "3d.out").write_text(HEAD.format(-3, f"{len(rows)} 1 1") + lines(rows))
    return tmp_path / "3d.out"


def test_cells_in_space_become_a_heliosphere(simulation, tmp_path):
    said = export_cells(read_cells(simulation), tmp_path / "out.h5", medium=MEDIUM, frame="ecliptic",
                        shape=(30, 25, 36), r_AU=(1.0, 36.0))
    assert "axes: ecliptic" in said
    heliosphere = read_gridded(tmp_path / "out.h5")
    assert heliosphere.electric == "-V x B at the nodes"
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


def test_beyond_the_cells_and_in_their_body(simulation, tmp_path):
    """Cells to 40 AU along each axis; within 5 AU they hold nothing; one that is not finite is left out."""
    cells = read_cells(simulation)
    hollow = np.linalg.norm(cells.points, axis=1) < 5.0
    rows = rows_of(cells.points)
    rows[hollow, 4:10], rows[-1, 7] = 0.0, np.nan
    simulation.write_text(HEAD.format(-3, f"{len(rows)} 1 1") + lines(rows))
    cells = read_cells(simulation)
    assert len(cells.points) == len(rows) - np.count_nonzero(hollow) - 1
    said = export_cells(cells, tmp_path / "out.h5", medium=MEDIUM, shape=(40, 25, 36), r_AU=(8.0, 80.0))
    heliosphere = read_gridded(tmp_path / "out.h5")
    assert any("lie beyond the cells" in sentence for sentence in said)
    beyond = [[60.0, 0.0, 0.0], [0.0, -45.0, 3.0], [30.0, 30.0, -55.0]]
    np.testing.assert_allclose(heliosphere.field(beyond)[0], np.broadcast_to(UNIFORM, (3, 3)), atol=1e-5)
    inside = np.array([[34.0, 34.0, 34.0], [-30.0, 5.0, 20.0], [0.0, 9.0, 3.0]])  # the first outside any sphere within
    np.testing.assert_allclose(heliosphere.field(inside)[0], UNIFORM + inside @ MATRIX.T, atol=0.1)
    with pytest.raises(HeliosphereError, match="do not enclose the Sun at 2 AU"):
        export_cells(cells, tmp_path / "no.h5", medium=MEDIUM, shape=(9, 9, 9), r_AU=(2.0, 30.0))


def test_the_default_medium_and_radii(simulation, tmp_path):
    """The medium of the cells farthest upwind: of the flow (-20, 3, 5), so towards (20, -3, -5)."""
    cells = read_cells(simulation)
    export_cells(cells, tmp_path / "out.h5", shape=(9, 9, 12))
    heliosphere = read_gridded(tmp_path / "out.h5")
    np.testing.assert_allclose(heliosphere.flow / KM_S, WIND, rtol=1e-6)
    upwind = cells.points @ -WIND
    farthest = np.median(cells.magnetic[upwind >= np.quantile(upwind, 0.98)], axis=0)
    np.testing.assert_allclose(heliosphere.grid.field, farthest, rtol=1e-6)
    body = replace(cells, body_AU=20.0)
    export_cells(body, tmp_path / "out.h5", shape=(9, 9, 12))
    np.testing.assert_allclose(read_gridded(tmp_path / "out.h5").grid.coordinates[0][[0, -1]], [22.0, 38.0])


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


def tecplot(rows, block):
    names = ('"X AU", "Y AU",\n "Z AU", "Rho amu/cm3", "U_x km/s", "U_y km/s", "U_z km/s", "B_x nT", "B_y nT", '
             '"B_z nT", "P Pa"')
    half = len(rows) // 2
    zones = "".join(f'ZONE T="3D N=0002019", N= {len(part)}, E= 1, F=FE{"BLOCK" if block else "POINT"}, ET=BRICK\n'
                    f'AUXDATA BLOCKS="  9"\n{lines(part.T if block else part)} 1 2 3 4 5 6 7 8\n'
                    for part in (rows[:half], rows[half:]))
    return f'TITLE="BATSRUS: 3D"\nVARIABLES ={names}\n{zones}'.encode()


def vtk(rows, folder):
    meshio = pytest.importorskip("meshio", reason="the extra grids is not installed")
    data = {"B_[nT]": rows[:, 7:10], "U_[km/s]": rows[:, 4:7], "rho": rows[:, 3]}
    meshio.write(folder / "a.vtk", meshio.Mesh(rows[:, :3], [("vertex", np.arange(len(rows))[:, None])], data))
    return (folder / "a.vtk").read_bytes()


@pytest.mark.parametrize(("make", "digits"), [
    (lambda text, rows, folder: binary(text, np.float32), 1e-6),
    (lambda text, rows, folder: binary(text, np.float64), 1e-9),
    (lambda text, rows, folder: tecplot(rows, block=False), 1e-9),
    (lambda text, rows, folder: tecplot(rows, block=True), 1e-9), (lambda text, rows, folder: vtk(rows, folder), 1e-9),
    (lambda text, rows, folder: gzip.compress(text.replace("nT nT nT", "T T T").encode()), 1e-9),
    (lambda text, rows, folder: lzma.compress(text.encode()), 1e-9),
], ids=["real4", "real8", "tecplot", "blocks", "vtk", "tesla", "packed"])
def test_every_format_holds_what_the_text_holds(simulation, tmp_path, make, digits):
    text, path = read_cells(simulation), tmp_path / "other"
    path.write_bytes(make(simulation.read_text(), rows_of(places_of_two_sizes()), tmp_path))
    cells, scale = read_cells(path), 1e9 if path.read_bytes()[:2] == b"\x1f\x8b" else 1.0
    order, other = (np.lexsort(one.points.round(3).T) for one in (text, cells))
    np.testing.assert_allclose(cells.points[other], text.points[order], rtol=digits, atol=1e-12)
    np.testing.assert_allclose(cells.magnetic[other], scale * text.magnetic[order], rtol=digits, atol=1e-12)
    np.testing.assert_allclose(cells.velocity[other], text.velocity[order], rtol=digits)


@pytest.mark.parametrize("spherical", [True, False])
def test_products_of_axes_are_interpolated(tmp_path, spherical):
    """A shell file of BATS-R-US (r, longitude, latitude) and a cube of numpy: the spiral of the wind comes out."""
    def field(points):
        r = np.linalg.norm(points, axis=-1, keepdims=True)
        return 40.0 / r**3 * points - 30.0 / r**2 * np.cross([0.0, 0.0, 1.0], points)

    if spherical:
        r, lon, lat = np.arange(20.0, 61.0, 5.0), np.arange(0.0, 361.0, 10.0), np.arange(-90.0, 91.0, 10.0)
        c, b, a = np.meshgrid(lat, lon, r, indexing="ij")
        points = (a[..., None] * unit_vector(b, c)).reshape(-1, 3)
        rows = rows_of(points)
        rows[:, :3], rows[:, 7:10] = np.stack([a.ravel(), b.ravel(), c.ravel()], axis=1), 0.1 * field(points)
        head = HEAD.format(3, f"{len(r)} {len(lon)} {len(lat)}").replace("AU AU AU", "AU deg deg")
        (tmp_path / "a").write_text(head.replace("x y z", "r lon lat") + lines(rows))
    else:
        side = np.arange(-60.0, 61.0, 5.0)
        points = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1)
        B = field(points + 1e-9)
        with open(tmp_path / "a", "wb") as stream:
            np.savez(stream, x=side, y=side, z=side, **{f"B{axis}_nT": 0.1 * B[..., i] for i, axis in enumerate("xyz")},
                     **{f"U{axis}_km_s": np.full(B.shape[:3], WIND[i]) for i, axis in enumerate("xyz")})
    cells = read_cells(tmp_path / "a")
    assert cells.spherical == spherical
    export_cells(cells, tmp_path / "out.h5", medium=MEDIUM, shape=(30, 25, 36), r_AU=(20.0, 55.0))
    heliosphere = read_gridded(tmp_path / "out.h5")
    places = heliosphere.grid.points()[1:-1].reshape(-1, 3)
    error = np.linalg.norm(heliosphere.field(places)[0] - field(places), axis=1) / np.linalg.norm(field(places), axis=1)
    assert np.quantile(error, 0.9) < 0.01
    assert error.max() < 0.05


def parker(points, axis, radial_uG=30.0):
    """Parker's spiral of a wind of 430 km/s, outward everywhere."""
    r = np.linalg.norm(points, axis=-1, keepdims=True)
    turn = 2.0 * np.pi / (25.38 * 86400.0) * 1.495978707e8 / 430.0
    return radial_uG / r**3 * points - radial_uG * turn / r**2 * np.cross(axis, points)


@pytest.mark.parametrize("two_sides", [False, True])
def test_B_r_near_the_sun_is_not_taken_pixel_by_pixel(tmp_path, two_sides):
    """Errors of 1 % of B in each cell are errors of 30 % of B_r at 33 AU, and would be so at the Earth."""
    side = np.arange(-58.0, 60.0, 4.0)
    points = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    axis = np.array([0.0, 0.0, 1.0])
    sign = np.where(points[:, 2:] < 0.0, -1.0, 1.0) if two_sides else 1.0
    B = sign * parker(points, axis)
    B += 0.01 * np.linalg.norm(B, axis=1, keepdims=True) * np.random.default_rng(1).normal(size=B.shape)
    V = 430.0 * points / np.linalg.norm(points, axis=1, keepdims=True)
    export_cells(Cells("made up", points, B, V), tmp_path / "a.h5", medium=MEDIUM, shape=(20, 41, 48),
                 r_AU=(33.0, 55.0))
    heliosphere = read_gridded(tmp_path / "a.h5")
    at = unit_vector(np.arange(0.0, 360.0, 10.0)[:, None], np.array([-60.0, -30.0, 30.0, 60.0])).reshape(-1, 3)
    expected = parker(at, axis) * (np.sign(at[:, 2:]) if two_sides else 1.0)
    off = angle_between(heliosphere.field(at)[0], expected)
    assert np.quantile(off, 0.95) < 2.0
    assert heliosphere.field_strength(at).mean() == pytest.approx(np.linalg.norm(expected, axis=1).mean(), rel=0.02)


def test_split_cells_frames_and_fluids(simulation, tmp_path):
    text, places = simulation.read_text(), places_of_two_sizes()
    repeated = rows_of(np.concatenate([places, places[:100]]))
    (tmp_path / "split.out").write_text(HEAD.format(3, f"{len(repeated) // 4} 2 2") + lines(repeated))
    assert len(repeated) % 4 == 0
    cells = read_cells(tmp_path / "split.out")
    assert len(cells.points) == len(places)
    assert "100 of" in str(cells)
    (tmp_path / "two.outs").write_text(text + text.replace("1.666", "1.444"))
    assert "it holds 2 frames: the last was taken" in str(read_cells(tmp_path / "two.outs"))
    rows = rows_of(places)
    fluids = np.hstack([rows, np.ones((len(rows), 1)) * [0.3, 8.0, 9.0, 10.0, 0.5, 1.0, 1.0, 1.0]])
    head = HEAD.format(-3, f"{len(rows)} 1 1").replace("1  8", "1  16")
    (tmp_path / "f.out").write_text(head.replace("P g", "P Pu3Rho Pu3Ux Pu3Uy Pu3Uz NeuRho NeuUx NeuUy NeuUz g")
                                    + lines(fluids))
    cells = read_cells(tmp_path / "f.out", "AU km/s nT")
    np.testing.assert_allclose(cells.velocity, np.broadcast_to((0.1 * WIND + 0.3 * np.array([8.0, 9.0, 10.0])) / 0.4,
                                                               cells.velocity.shape))
    assert "1 neutral fluids are not used" in str(cells)
    parts = [tmp_path / "left.out", tmp_path / "right.out"]
    for path, part in zip(parts, (rows[:400], rows[400:]), strict=True):
        path.write_text(HEAD.format(-3, f"{len(part)} 1 1") + lines(part))
    whole = joined([read_cells(path) for path in parts])
    assert {*map(tuple, whole.points)} == {*map(tuple, read_cells(simulation).points)}


def test_unusable_files_get_a_sentence(simulation, tmp_path):
    whole = simulation.read_bytes()
    few = whole.splitlines(keepends=True)
    plane = rows_of(places_of_two_sizes() * [1.0, 1.0, 0.0])
    flat = (HEAD.format(-3, f"{len(plane)} 1 1") + lines(plane)).encode()
    for name, content, says in (
            ("empty.out", b"", "cannot be read as a .out file of BATS-R-US"),
            ("words.out", b"these are words\n" * 9, "cannot be read as a .out file of BATS-R-US"),
            ("cut.out", binary(whole.decode(), np.float32)[:-2000], "cannot be read as a .out file of BATS-R-US"),
            ("half.out.gz", gzip.compress(whole)[:-2000], "cannot be read: EOFError"),
            ("half.npz", b"PK\x03\x04" + whole[:99], "cannot be read as an archive of numpy"),
            ("half.dat", tecplot(rows_of(places_of_two_sizes()), False)[:9000], "cannot be read as Tecplot text"),
            ("2d.out", whole.replace(b" -3 1  8", b" -2 1  9"), "is a cut along x and y, but orbits need a field"),
            ("plane.out", flat, "is a cut: its cells lie in a plane"),
            ("unit.out", whole.replace(b"nT nT nT", b"nm nm nm"), "the unit 'nm' for bx, which cannot be turned"),
            ("norm.out", whole.replace(few[0], b"normalized variables\n"), "the unit 'normalized' for x, which"),
            ("names.out", whole.replace(b"Bx By Bz", b"Cx Cy Cz"), "must have x, y, z .* Bx, By, Bz and Ux"),
            ("flow.out", whole.replace(b"Ux Uy Uz", b"Ux U2 U3"), "must have x, y, z .* Bx, By, Bz and Ux"),
            ("few.out", b"".join([*few[:2], b" 5 1 1\n", *few[3:10]]), "holds 5 cells, but a field needs more")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(HeliosphereError, match=says) as error:
            import_files([tmp_path / name], tmp_path / "no.h5", medium=MEDIUM)
        assert "\n" not in str(error.value)
    with pytest.raises(HeliosphereError, match=r"nothing\.out: there is no such file"):
        read_cells(tmp_path / "nothing.out")
    (tmp_path / "twice.out").write_bytes(whole.replace(b"Bx By Bz", b"Bx_G By_G Bz_G"))  # the header says nT, and wins
    (tmp_path / "once.out").write_bytes(whole)
    twice, once = (read_cells(tmp_path / name).magnetic for name in ("twice.out", "once.out"))
    np.testing.assert_array_equal(twice, once)
    with pytest.raises(HeliosphereError, match="give --out"):
        import_files([simulation])
    with pytest.raises(HeliosphereError, match="frame is 'gse', but it must be one of solar-downwind"):
        axes_of("gse")
    assert not (tmp_path / "no.h5").exists()


def test_frames():
    upwind, sun = unit_vector_icrs(255.7, 5.1, "ecliptic"), unit_vector(286.13, 63.87)
    for name in PRESETS:
        axes = axes_of(name)
        np.testing.assert_allclose(np.cross(axes[0], axes[1]), axes[2], atol=1e-12)
    assert axes_of("solar-upwind")[2] @ sun == pytest.approx(1.0)
    assert axes_of("solar-upwind")[1] @ upwind == pytest.approx(0.0, abs=1e-12)
    assert axes_of("ecliptic-upwind")[1] @ upwind == pytest.approx(0.0, abs=1e-12)
    assert axes_of("solar-upwind")[0] @ upwind > 0.99 > 0.0 > axes_of("solar-downwind")[0] @ upwind
    node = lonlat(axes_of("hgi")[0] @ rotation_to_icrs("ecliptic"))
    np.testing.assert_allclose(node, [75.77, 0.0], atol=0.05)  # Carrington's 73 deg 40 min of 1850, carried to 2000


def test_divergence_is_taken_away():
    """Noise on a uniform field: what remains after cleaning is a hundredth, and fixed nodes stay."""
    _, points = nodes((12, 13, 16), (10.0, 40.0))
    rng = np.random.default_rng(3)
    magnetic = UNIFORM + 0.1 * rng.normal(size=points.shape)
    magnetic[:, [0, -1]] = UNIFORM
    fixed = np.zeros(points.shape[:3], dtype=bool)
    fixed[0] = True
    cleaned = without_divergence(points, magnetic, fixed, iterations=300)
    np.testing.assert_array_equal(cleaned[0], magnetic[0])
    assert net_flux(points, cleaned) < 0.02 * net_flux(points, magnetic)
    assert np.abs(cleaned - magnetic).max() < 0.5


def net_flux(points, magnetic):
    """Median net flux out of the cells away from the poles, by their six faces."""
    points, magnetic = (np.concatenate([values, values[:, :, :1]], axis=2) for values in (points, magnetic))

    def out_of(axis):
        p, f = (np.moveaxis(values, axis, 0) for values in (points, magnetic))
        a, b, c, d = ((slice(None), *two) for two in (np.s_[:-1, :-1], np.s_[1:, :-1], np.s_[1:, 1:], np.s_[:-1, 1:]))
        area = 0.5 * np.cross(p[c] - p[a], p[d] - p[b])
        flux = np.sum(area * (f[a] + f[b] + f[c] + f[d]) / 4.0, axis=-1)
        return np.moveaxis(np.diff(flux, axis=0), 0, axis)

    return np.median(np.abs(out_of(0) - out_of(1) + out_of(2))[:, 1:-1])


def test_the_shipped_simulation_stands_on_its_own():
    """By h5py alone: axes, units, Parker's spiral at the first node; and as a heliosphere, at the Earth and outside."""
    with h5py.File(SHIPPED) as file:
        B, V, axes, r = file["B"][:].astype(float), file["V"][:].astype(float), file.attrs["axes_icrs"], file["r"][:]
        assert file["B"].attrs["unit"] == "uG"
        assert file["V"].attrs["unit"] == "km/s"
        assert file.attrs["license"] == "CC BY 4.0"
    assert SHIPPED.stat().st_size < 8e6
    assert B.shape == V.shape == (98, 64, 128, 3)
    np.testing.assert_allclose(axes[2], unit_vector(286.13, 63.87), atol=1e-4)
    heliosphere = read_gridded(SHIPPED)
    report = heliosphere.report
    np.testing.assert_allclose(report.wind_from, (255.4, 5.2), atol=0.1)
    np.testing.assert_allclose(report.field_to, (219.2, 39.9), atol=0.1)
    assert heliosphere.field_uG == pytest.approx(3.0, abs=0.01)
    assert report.div_B[0] < 1e-3
    assert report.mind == []
    at = unit_vector(np.arange(0.0, 360.0, 7.0)[:, None], np.arange(-80.0, 81.0, 20.0)).reshape(-1, 3)
    for distance in (1.0, r[0] - 0.1):
        expected = parker(distance * at, [0.0, 0.0, 1.0], 25.0)
        error = np.linalg.norm(heliosphere.field(distance * at)[0] - expected, axis=1)
        assert np.all(error < 0.01 * np.linalg.norm(expected, axis=1))


def test_orbits_through_the_shipped_simulation_keep_their_energy():
    """Outside, E is uniform and its potential linear in the place: with |p| it adds up to the same for all."""
    heliosphere = read_gridded(SHIPPED)
    momentum = -4.0 * spread_directions(300)
    end = trace(heliosphere, np.repeat(earth_positions(heliosphere, 1), 300, axis=0), momentum, backwards=True)
    assert end.escaped.mean() > 0.9
    outside = -np.cross(heliosphere.flow, heliosphere.grid.field)
    change = np.linalg.norm(end.momentum[end.escaped], axis=1) - 4.0
    total = change - LORENTZ * end.position[end.escaped] @ outside
    assert np.median(np.abs(total - np.median(total))) < 0.25 * change.std()
    assert change.std() < 4e-4


@pytest.fixture(scope="module")
def small():
    """The shipped simulation with every second shell and ray: what the report says of it."""
    with h5py.File(SHIPPED) as file:
        coordinates = {"r": file["r"][::2], "theta": np.linspace(0.0, 180.0, 33), "phi": file["phi"][::4]}
        axes = file.attrs["axes_icrs"]
    heliosphere = read_gridded(SHIPPED)
    first, second, third = (coordinates[name] for name in ("r", "theta", "phi"))
    points = first[:, None, None, None] * unit_vector(third, 90.0 - second[:, None])
    B = heliosphere.field(points.reshape(-1, 3))[0].reshape(points.shape)

    def write(path, shells=slice(None), scale=1.0, turn=1.0, empty=False):
        turned = np.array([turn, turn, 1.0])
        magnetic = scale * B[shells] * (0.0 if empty else 1.0)
        write_gridded(path, coordinates | {"r": first[shells]}, magnetic, electric_uG_c=0.0 * magnetic,
                      interstellar_uG=scale * heliosphere.grid.field, interstellar_km_s=heliosphere.flow / KM_S,
                      axes_icrs=turned[:, None] * axes)
        return read_gridded(path).report

    return write


def test_the_report_minds(small, tmp_path):
    """A frame turned by 180 degrees, nT for microgauss, nothing at the Sun, a tail cut by the sphere."""
    for how, says in (({"turn": -1.0}, "the wind comes from 170 degrees beside .* turned by 180 degrees"),
                      ({"scale": 0.1}, r"0.3 microgauss is not the 2 to 6 that one expects: is its unit right"),
                      ({"empty": True}, r"at the Earth is 0 microgauss, where spacecraft measure 20 to 100"),
                      ({"shells": slice(0, 40)}, "where the grid ends, towards ecliptic .*: the tail, or what else")):
        minded = small(tmp_path / "a.h5", **how).mind
        assert sum(bool(re.search(says, sentence)) for sentence in minded) == 1, (how, minded)
    assert small(tmp_path / "a.h5").mind == []


def test_the_command(simulation, tmp_path, capsys):
    out = tmp_path / "made.h5"
    assert main(["heliosphere", str(simulation), "--out", str(out), "--frame", "solar-upwind", "--shape", "16", "13",
                 "18", "--clean", "--medium", *map(str, MEDIUM)]) == 0
    said = capsys.readouterr().out
    for sentence in ("cells, 1.73 to 65.82 AU", "axes: solar-upwind", "Parker's spiral", "free of divergence",
                     "the wind comes from ecliptic", "mind: "):
        assert sentence in said
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert main(["heliosphere", str(out)]) == 0
    assert capsys.readouterr().out.strip() in said
    assert main(["heliosphere", str(simulation), "--out", str(out), "--frame", "gse"]) == 2


@pytest.fixture(scope="module")
def cube(real_data):
    folder = real_data / "heliosphere_mhd"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not there")
    return folder / "heliosphere_sphere.npz"


@pytest.mark.parametrize(("name", "r_AU"), [
    ("native/3d__var_3_n00002019.out.gz", None), ("native/cut_ascii_n00002019.out.gz", None),
    ("native/cut_real8_dx7.5_n00002019.out.gz", None), ("native/box_var_10_n00002019.out.gz", None),
    ("native/shl_var_9_n00002019.out.gz", None), ("cells.vtk.gz", (33.0, 400.0)), ("heliosphere_sphere.npz", None)])
def test_native_files_agree_with_the_clean_cube(cube, tmp_path, name, r_AU):
    """At 1000 nodes of the cube, three cells of the file and more from a jump: 1 % of B, but for 5 % of them."""
    from scipy.spatial import cKDTree

    if "vtk" in name:
        pytest.importorskip("meshio", reason="the extra grids is not installed")
    cells, truth = read_cells(cube.parent / name), read_cells(cube)
    export_cells(cells, tmp_path / "a.h5", shape=(72, 48, 72), r_AU=r_AU)
    through = read_gridded(tmp_path / "a.h5")
    first, last = through.grid.coordinates[0][[0, -1]]
    B = truth.magnetic.reshape(128, 64, 128, 3)
    strength = np.linalg.norm(B, axis=-1)
    jump = np.isnan(strength)  # beyond the box
    for axis in range(3):
        step = np.linalg.norm(np.diff(B, axis=axis), axis=-1)
        low, high = ((slice(None),) * axis + (part,) for part in (slice(None, -1), slice(1, None)))
        far = step > 0.1 * np.maximum(strength[low], strength[high])
        jump[low] |= far
        jump[high] |= far
    distance = np.linalg.norm(truth.points, axis=1)
    jumps = cKDTree(truth.points[jump.ravel() & (distance > 35.0)])
    whole = np.isfinite(cells.magnetic).all(axis=1)
    tree = cKDTree(cells.points[whole])
    rng = np.random.default_rng(1)
    at = np.flatnonzero(np.isfinite(strength.ravel()) & (distance > first) & (distance < last))
    at = rng.permutation(at)[:100_000]
    to_cell, nearest = tree.query(truth.points[at])
    spacing = tree.query(tree.data[nearest], 7)[0][:, -1]
    if cells.spherical:
        spacing = np.maximum(np.interp(distance[at], cells.axes[0][1:], np.diff(cells.axes[0])),
                             distance[at] * np.diff(cells.axes[1]).max())
    at = at[(to_cell < 0.9 * spacing) & (jumps.query(truth.points[at])[0] > 3.0 * spacing)][:1000]
    assert len(at) == 1000
    expected = truth.magnetic[at]
    error = np.linalg.norm(through.field(truth.points[at])[0] - expected, axis=1) / np.linalg.norm(expected, axis=1)
    # the box holds a value every 10 AU: between these a cubic polynomial is no nearer than a linear one
    assert np.quantile(error, 0.95) < (0.0125 if "box" in name else 0.01)
    assert np.median(error) < 0.005
    np.testing.assert_allclose(through.report.wind_from, (255.4, 5.2), atol=20.0)
    earth = unit_vector(np.arange(0.0, 360.0, 10.0), 0.0)
    spiral = parker(earth, [0.0, 0.0, 1.0], 25.0)
    assert np.all(angle_between(through.field(earth)[0], spiral) < 4.0)  # degrees; the wind slows down on its way


def test_cuts_are_refused(cube, tmp_path):
    cuts = [path for path in sorted((cube.parent / "native").iterdir()) if "=0" in path.name or "_tec_" in path.name]
    assert len(cuts) == 5
    for path in cuts:
        with pytest.raises(HeliosphereError, match="is a cut"):
            import_files([path], tmp_path / "no.h5")


def test_the_data_sheet_makes_the_shipped_file(cube, tmp_path):
    sheet = SHIPPED.with_suffix(".md").read_text(encoding="utf-8")
    (tmp_path / "make.py").write_text(re.findall(r"^```py\n(.*?)^```$", sheet, re.MULTILINE | re.DOTALL)[-1])
    subprocess.run([sys.executable, "make.py", cube.resolve(), "made.h5"], cwd=tmp_path, check=True)
    with h5py.File(tmp_path / "made.h5") as made, h5py.File(SHIPPED) as shipped:
        for name in ("r", "theta", "phi", "B", "V", "interstellar/B", "interstellar/V"):
            np.testing.assert_array_equal(made[name][:], shipped[name][:])
        assert dict(made.attrs).keys() == dict(shipped.attrs).keys()
