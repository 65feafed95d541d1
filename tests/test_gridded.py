"""Gridded heliospheres: interpolation against fields it must reproduce, the file's contract, orbits, the whole map."""

import contextlib
import shutil
from dataclasses import replace

import h5py
import numba
import numpy as np
import pytest

from lisbon_core.anisotropy import fit_anisotropy
from lisbon_core.claims import anisotropy_claims
from lisbon_core.ground.frames import angle_between, rotation_to_icrs, unit_vector
from lisbon_core.ground.response import response
from lisbon_core.ground.units import KM_S
from lisbon_core.heliosphere import (
    HeliosphereError,
    closed_form,
    export,
    is_gridded,
    nodes,
    read_gridded,
    write_gridded,
)
from lisbon_core.liouville import Sampling, cached_samples, grid, trace_sky
from lisbon_core.orbits import trace
from lisbon_core.parameters import ParameterError, RunParameters
from lisbon_core.run import DATA, Run, check_inputs
from lisbon_core.sky.files import write_sky_map
from lisbon_core.studies import peers
from lisbon_core.synthetic import DEFAULT_TRUTH, make_sky

MATRIX = np.array([[0.7, -0.2, 0.4], [0.1, 0.9, -0.3], [-0.5, 0.6, -1.6]])  # without trace: div B = 0
OFFSET = np.array([1.0, -2.0, 1.5])
WIND = np.array([30.0, -20.0, 10.0])  # km/s


def linear(points):
    """A field linear in x, y, z, microgauss."""
    return OFFSET + points @ MATRIX.T / 100.0


@pytest.fixture
def box(tmp_path):
    """A Cartesian grid of the linear field, and a function that writes another one beside it."""

    def write(name="box.h5", field=linear, shape=(9, 11, 13), **options):
        coordinates = {axis: np.linspace(-half, half, n)
                       for axis, half, n in zip("xyz", (400.0, 300.0, 350.0), shape, strict=True)}
        points = np.stack(np.meshgrid(*coordinates.values(), indexing="ij"), axis=-1)
        arguments = {"velocity_km_s": np.broadcast_to(WIND, points.shape), "interstellar_uG": OFFSET,
                     "interstellar_km_s": WIND, **options}
        write_gridded(tmp_path / name, coordinates, field(points), **arguments)
        return tmp_path / name

    return write


@pytest.fixture
def ball(tmp_path):
    """A spherical grid of a field."""

    def write(name="ball.h5", field=linear, shape=(40, 25, 36), r_AU=(1.0, 500.0), **options):
        coordinates, points = nodes(shape, r_AU)
        write_gridded(tmp_path / name, coordinates, field(points), **{"interstellar_uG": OFFSET, **options})
        return tmp_path / name

    return write


def somewhere(n, low, high, seed=1):
    """n points at distances between low and high AU, and as many on the axis of the poles and in the plane phi = 0."""
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(n, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    r = rng.uniform(low, high, (n, 1))
    around = unit_vector(np.where(rng.random(n) < 0.5, 1e-13, -1e-13), np.degrees(rng.uniform(-1.5, 1.5, n)))
    return np.concatenate([r * direction, r * np.sign(direction) * [0.0, 0.0, 1.0], r * around])


def test_a_grid_half_as_fine(box, ball):
    places = somewhere(300, 21.0, 290.0)
    linear_one = read_gridded(box(inner_AU=20.0))
    np.testing.assert_allclose(linear_one.coarser().field(places)[0], linear(places), atol=5e-6)
    fine = read_gridded(ball(shape=(81, 49, 72)))
    coarse = fine.coarser()
    assert coarse.packed.size < fine.packed.size / 7.0
    assert coarse.identity != fine.identity
    np.testing.assert_array_equal(coarse.field([[9e3, 0.0, 0.0]])[0], fine.field([[9e3, 0.0, 0.0]])[0])
    off = [np.median(np.abs(one.field(places)[0] - linear(places))) for one in (fine, coarse)]
    assert 3.0 < off[1] / off[0] < 5.0


def test_linear_field_on_a_cartesian_grid_is_exact(box):
    heliosphere = read_gridded(box())
    points = somewhere(500, 0.0, 290.0)
    magnetic, electric = heliosphere.field(points)
    np.testing.assert_allclose(magnetic, linear(points), atol=3e-6)  # what four bytes hold
    np.testing.assert_allclose(electric, -np.cross(WIND * KM_S, linear(points)), rtol=1e-5, atol=1e-9)
    assert abs(magnetic - OFFSET).max() > 1.0


@pytest.mark.parametrize("cells", [False, True])
def test_spherical_grid_is_right_at_the_poles_and_across_phi_0(ball, tmp_path, cells):
    """Exact where the field is linear in what the grid is even in; else the error falls with the square of a step."""

    def worst(shape):
        coordinates, points = nodes(shape, (1.0, 500.0))
        if cells:
            coordinates["theta"] = 180.0 / shape[1] * (np.arange(shape[1]) + 0.5)
            theta, phi = np.radians(coordinates["theta"])[:, None], np.radians(coordinates["phi"])
            points = coordinates["r"][:, None, None, None] * np.stack(np.broadcast_arrays(
                np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)), axis=-1)
        write_gridded(tmp_path / "a.h5", coordinates, linear(points), interstellar_uG=OFFSET)
        heliosphere = read_gridded(tmp_path / "a.h5")
        places = somewhere(400, 3.0, 490.0)
        return np.abs(heliosphere.field(places)[0] - linear(places)).reshape(3, 400, 3).max(axis=(1, 2))

    coarse, fine = worst((40, 24, 36)), worst((80, 48, 72))
    assert np.all(fine < 0.03), fine  # of fields up to 10 microgauss
    assert np.all(coarse / fine > 2.5), (coarse, fine)
    radial = read_gridded(ball(field=lambda p: OFFSET + np.log(np.linalg.norm(p, axis=-1, keepdims=True)) * MATRIX[0]))
    places = somewhere(400, 1.0, 499.0)
    np.testing.assert_allclose(
        radial.field(places)[0], OFFSET + np.log(np.linalg.norm(places, axis=1, keepdims=True)) * MATRIX[0], atol=2e-6)


def test_azimuth_may_begin_anywhere(ball):
    reference, path = read_gridded(ball()), ball("turned.h5")
    with h5py.File(path, "r+") as file:
        values = np.roll(file["B"][:], 18, axis=2)
        file["B"][:], file["phi"][:] = values, file["phi"][:] - 180.0
    places = somewhere(200, 0.5, 600.0)
    np.testing.assert_allclose(read_gridded(path).field(places)[0], reference.field(places)[0], atol=1e-8)


def test_no_direction_is_special_at_the_poles_and_nothing_jumps_across_phi_0(ball):
    heliosphere = read_gridded(ball())
    turn = np.radians(np.arange(0.0, 360.0, 7.0))
    for sign in (1.0, -1.0):
        close = np.stack([1e-7 * np.cos(turn), 1e-7 * np.sin(turn), np.full(len(turn), sign * 100.0)], axis=1)
        assert np.ptp(heliosphere.field(close)[0], axis=0).max() < 1e-7
    left, right = (np.array([[50.0, sign * 1e-9, 20.0]]) for sign in (1, -1))
    np.testing.assert_allclose(heliosphere.field(left)[0], heliosphere.field(right)[0], atol=1e-8)


def test_uniform_outside_and_a_wind_within(ball, box):
    for heliosphere in (read_gridded(box(inner_AU=20.0)), read_gridded(ball(r_AU=(20.0, 300.0), interstellar_km_s=WIND,
                                                                           electric_uG_c=np.ones((40, 25, 36, 3))))):
        far = somewhere(20, 600.0, 5000.0)
        magnetic, electric = heliosphere.field(far)
        np.testing.assert_allclose(magnetic, np.broadcast_to(OFFSET, far.shape), rtol=1e-14)
        np.testing.assert_allclose(electric, np.broadcast_to(-np.cross(WIND * KM_S, OFFSET), far.shape), rtol=1e-12)
        close = somewhere(20, 1.0, 19.0)
        r = np.linalg.norm(close, axis=1, keepdims=True)
        there, E_there = heliosphere.field(close / r * 20.0)
        here, E_here = heliosphere.field(close)
        radial = np.sum(there * close / r, axis=1, keepdims=True) * close / r
        np.testing.assert_allclose(here, radial * (20.0 / r) ** 2 + (there - radial) * (20.0 / r), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(E_here, E_there * (20.0 / r), rtol=1e-9)
        assert np.all(np.isfinite(heliosphere.field([[0.0, 0.0, 0.0]])[0]))


def test_same_numbers_whatever_units_order_components_and_frame(ball, tmp_path):
    reference = read_gridded(ball(electric_uG_c=np.full((40, 25, 36, 3), 2e-4), frame="ecliptic"))
    other = tmp_path / "other.h5"
    shutil.copy(tmp_path / "ball.h5", other)
    with h5py.File(other, "r+") as file:
        phi = np.radians(file["phi"][:])
        t, p = np.meshgrid(np.radians(file["theta"][:]), phi, indexing="ij")
        e_r = np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], axis=-1)
        e_theta = np.stack([np.cos(t) * np.cos(p), np.cos(t) * np.sin(p), -np.sin(t)], axis=-1)
        e_phi = np.stack([-np.sin(p), np.cos(p), 0.0 * p], axis=-1)
        magnetic = np.stack([np.sum(e * file["B"][:], axis=-1) for e in (e_r, e_theta, e_phi)], axis=-1) * 0.1
        del file["B"]
        magnetic = np.concatenate([magnetic, magnetic[:, :, :1]], axis=2)  # the end of phi repeated
        file["B"] = magnetic.transpose(3, 2, 1, 0)
        file["B"].attrs.update({"unit": "nT", "axes": "component phi theta r", "components": "spherical"})
        values = file["E"][:]
        del file["E"]
        file["E"] = np.concatenate([values, values[:, :, :1]], axis=2) * 299792458.0 * 1e-10
        file["E"].attrs.update({"unit": "V/m", "axes": "r theta phi component", "components": "cartesian"})
        del file["phi"]
        file["phi"] = np.append(phi, 2.0 * np.pi)
        file["phi"].attrs["unit"] = "rad"
        file["r"][:] *= 149597870.7
        file["r"].attrs["unit"] = "km"
        del file.attrs["frame"]
        file.attrs["axes_icrs"] = rotation_to_icrs("ecliptic").T
    again = read_gridded(other)
    places = somewhere(200, 0.5, 600.0)
    for a, b in zip(reference.field(places), again.field(places), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(reference.axes, again.axes)
    assert reference.identity != again.identity


def test_writing_and_reading_again(ball, tmp_path):
    first = read_gridded(ball())
    assert ball("again.h5").read_bytes() == (tmp_path / "ball.h5").read_bytes()
    assert read_gridded(tmp_path / "again.h5").identity == first.identity
    export(first, tmp_path / "copy.h5", (40, 25, 36), (1.0, 500.0))
    places = somewhere(200, 0.5, 600.0)
    np.testing.assert_allclose(read_gridded(tmp_path / "copy.h5").field(places)[0], first.field(places)[0], atol=3e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.h5", "ball.h5", "copy.h5"]


def test_report_of_div_B(ball, box):
    report = read_gridded(box()).report
    assert max(report.div_B) < 3e-6
    assert max(report.roughness) < 3e-6
    assert report.heliosphere.electric == "-V x B at the nodes"
    assert "9 x 11 x 13 nodes, x, y, z to 400, 300, 350 AU" in str(report)
    monopole = read_gridded(ball("monopole.h5", lambda p: p / 100.0))
    assert monopole.report.div_B[0] > 0.02
    assert monopole.electric == "none"
    curl_free = read_gridded(ball("sun.h5", lambda p: 1000.0 * p / np.linalg.norm(p, axis=-1, keepdims=True) ** 3))
    assert curl_free.report.div_B[1] < 0.1 * monopole.report.div_B[0]
    coarse, fine = (read_gridded(ball("steps.h5", shape=shape)).report for shape in ((20, 13, 18), (40, 25, 36)))
    assert 2.5 < coarse.roughness[0] / fine.roughness[0] < 5.0
    wall = read_gridded(ball("wall.h5", lambda p: OFFSET * np.where(p[..., :1] > 100.0, 1.0, -1.0))).report
    assert wall.roughness[0] < 1e-6
    assert wall.roughness[2] == pytest.approx(1.0)
    uniform = read_gridded(ball("uniform.h5", lambda p: np.broadcast_to(OFFSET, p.shape)))
    assert max(uniform.report.div_B) < 1e-6
    assert uniform.report.jump < 1e-6 < read_gridded(ball()).report.jump


def test_workload_B_on_a_grid(tmp_path):
    """A grid half as fine each way as 256 x 128 x 256, so that it is quick: four times its error in the median."""
    field = peers.spiral_field
    coordinates, points = nodes((128, 64, 128), (0.5, peers.BOUNDARY_AU))
    magnetic = at_all(field, points.reshape(-1, 3))
    write_gridded(tmp_path / "B.h5", coordinates, magnetic.reshape(points.shape), interstellar_uG=[0.0, 0.0, 3.0])
    states = peers.starts(300)

    def follow(through, tolerance):
        return trace(through, states[:, :3], -states[:, 3:], backwards=True, tolerance=tolerance, neighbours=False,
                     boundary_AU=peers.BOUNDARY_AU, path_cap_AU=peers.PATH_CAP_AU)

    heliosphere = read_gridded(tmp_path / "B.h5")
    exact = follow((peers.spiral_tracer, np.zeros(1)), 1e-11)
    found = follow(heliosphere, 1e-5)
    off = angle_between(found.momentum, exact.momentum)
    assert np.median(off) < 4 * 0.02
    assert np.quantile(off, 0.95) < 1.0
    assert abs(found.escaped.mean() - exact.escaped.mean()) < 0.02


def at_all(field, points):
    """B (N, 3) of a compiled field."""

    @numba.njit
    def loop(points):
        values = np.empty_like(points)
        for i in range(len(points)):
            values[i, 0], values[i, 1], values[i, 2] = field(points[i, 0], points[i, 1], points[i, 2], points[i])[:3]
        return values

    return loop(points)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("grids") / "closed.h5"
    export(closed_form(), path, (128, 96, 128))
    return path


def test_closed_form_through_a_grid_gives_the_same_map(exported):
    direct, through = closed_form(), read_gridded(exported)
    np.testing.assert_allclose(through.axes, direct.axes)
    np.testing.assert_allclose([*through.field_icrs, through.field_uG], [*direct.field_icrs, 3.4])
    np.testing.assert_allclose(through.flow, direct.flow)
    a, b = (trace_sky(heliosphere, *grid(12.0)) for heliosphere in (direct, through))
    calm = a.escaped & b.escaped & (a.amplification < 30.0)
    assert calm.mean() > 0.25
    assert np.median(np.abs(a.mu - b.mu)[calm]) < 0.01
    assert np.median(np.abs(a.momentum_ratio - b.momentum_ratio)[calm]) < 1e-5
    assert np.median(np.hypot(a.R_x - b.R_x, a.R_y - b.R_y)[calm]) < 10.0
    np.testing.assert_allclose([a.e_x_icrs, a.e_y_icrs], [b.e_x_icrs, b.e_y_icrs], atol=1e-12)


def test_axes_of_the_file_do_not_matter(exported, tmp_path):
    direct = read_gridded(exported)
    coordinates, points = nodes((128, 64, 96), (60.0, 4000.0))
    turned = direct.axes.T  # from the axes of the file to ICRS
    magnetic, electric = (values @ turned.T for values in direct.field(points.reshape(-1, 3) @ turned))
    write_gridded(tmp_path / "icrs.h5", coordinates, magnetic.reshape(points.shape),
                  electric_uG_c=electric.reshape(points.shape), interstellar_uG=3.0 * direct.field_icrs,
                  interstellar_km_s=direct.flow @ direct.axes / KM_S, frame="icrs")
    again = read_gridded(tmp_path / "icrs.h5")
    a, b = (trace_sky(heliosphere, *grid(18.0)) for heliosphere in (direct, again))
    for name in ("field_icrs", "e_x_icrs", "e_y_icrs"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), atol=1e-12)
    calm = a.escaped & b.escaped & (a.amplification < 30.0)
    assert np.median(np.abs(a.mu - b.mu)[calm]) < 0.04
    assert np.corrcoef(a.mu[calm], b.mu[calm])[0, 1] > 0.95


def test_a_run_on_a_grid(exported, tmp_path, monkeypatch):
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path / "cache"))
    parameters = RunParameters(heliosphere=str(exported), grid_deg=10.0, order=3, samples=4, members=0)
    check_inputs(parameters)
    run = Run(parameters)
    # the grid half as fine is one more shift, and goes into the errors
    alone = fit_anisotropy(run.sky, run.liouville, 3, made_with=run.truth.samples)
    np.testing.assert_array_equal(run.fit.theta, alone.theta)
    change = run.fit.budget["grid half as fine"]
    assert np.all(change > 0.0)
    np.testing.assert_allclose(run.fit.sigma**2, alone.sigma**2 + change**2, rtol=1e-9)
    assert Run(RunParameters()).coarser is None
    assert "what a grid half as fine would change" in anisotropy_claims(run)[0].note
    assert run.fit.theta[0] == pytest.approx(run.truth.claims(3)["A_1"], abs=5 * run.fit.sigma[0])
    one = cached_samples(run.heliosphere, *grid(60.0), Sampling(samples=2))
    with h5py.File(exported, "r") as file:
        magnetic = file["B"][:]
    shutil.copy(exported, tmp_path / "changed.h5")
    with h5py.File(tmp_path / "changed.h5", "r+") as file:
        file["B"][:] = 1.01 * magnetic
    changed = cached_samples(read_gridded(tmp_path / "changed.h5"), *grid(60.0), Sampling(samples=2))
    assert changed.inputs_hash != one.inputs_hash
    with pytest.raises(ParameterError, match=r"field_uG is 2.0, but .* brings its own field: leave field_uG out"):
        check_inputs(RunParameters(heliosphere=str(exported), field_uG=2.0))


def test_a_sky_through_the_simulation(tmp_path):
    """Fitted through it its truth comes back; through the closed form it does not, and the claims say so."""
    truth = replace(DEFAULT_TRUTH, averaging_deg=10.0, samples=16)
    simulation = DATA / "heliosphere_mhd.h5"
    sampling = Sampling(16, response(truth.response, 4.0), truth.seed, stream=1)
    made = make_sky(truth, cached_samples(read_gridded(simulation), *grid(7.5), sampling), "synthetic")
    write_sky_map(made, tmp_path / "sky.ecsv")
    same = RunParameters(sky_map=str(tmp_path / "sky.ecsv"), grid_deg=7.5, averaging_deg=10.0, samples=8,
                         heliosphere=str(simulation), members=0)
    right, wrong = Run(same), Run(replace(same, heliosphere=""))
    known = np.array([*truth.legendre(7), truth.G_x, truth.G_y])
    fit = fit_anisotropy(right.sky, right.liouville, others={"coarser": right.coarser}, made_with=truth.samples)
    # what a grid half as fine changes is an upper bound of the error, so chi-square may be low
    assert fit.chi2_reduced - 1.0 < 4.0 * fit.chi2_reduced_sigma
    assert np.max(np.abs(fit.theta - known) / fit.sigma) < 4.0
    assert wrong.fit.chi2_reduced > 1.0 + 8.0 * wrong.fit.chi2_reduced_sigma
    assert np.max(np.abs(wrong.fit.theta - known) / wrong.fit.sigma) > 4.0
    assert all("errors hold only if it fitted" in claim.note for claim in anisotropy_claims(wrong))


@pytest.mark.parametrize(("break_it", "says"), [
    (lambda f: f.attrs.pop("lisbon"), "has no text attribute lisbon"),
    (lambda f: f.attrs.modify("grid", "cubic"), "grid is 'cubic', but it must be 'spherical' or 'cartesian'"),
    (lambda f: f.attrs.modify("frame", "solar"), "frame is 'solar', but it must be one of ecliptic"),
    (lambda f: f.attrs.create("axes_icrs", np.ones((3, 3))), "axes_icrs must hold three unit vectors"),
    (lambda f: f.__delitem__("B"), "there is no dataset B"),
    (lambda f: f.__delitem__("theta"), "there is no dataset theta"),
    (lambda f: f.__delitem__("interstellar/B"), "there is no dataset interstellar/B"),
    (lambda f: f["B"].attrs.modify("unit", "furlong"), "unit of B is 'furlong', but it must be 'uG'"),
    (lambda f: f["B"].attrs.modify("axes", "r phi theta component"), "B has shape .* but its axes"),
    (lambda f: f["B"].attrs.modify("axes", "x y z component"), "axes of B are 'x y z component'"),
    (lambda f: f["B"].attrs.modify("components", "polar"), "components of B are 'polar'"),
    (lambda f: f["B"].write_direct(np.full((1, 1, 1, 3), np.nan, np.float32), dest_sel=np.s_[2:3, :1, :1]),
     "B holds 3 values that are not finite, the first at r = "),
    (lambda f: f["r"].write_direct(np.linspace(1.0, 500.0, 40)), "r is not even in its logarithm"),
    (lambda f: f["r"].write_direct(np.geomspace(500.0, 1.0, 40)), "r is not increasing"),
    (lambda f: f["theta"].write_direct(np.linspace(10.0, 170.0, 25)), "theta runs from 10 to 170 degrees"),
    (lambda f: f["phi"].write_direct(np.linspace(0.0, 90.0, 36)), "phi runs from 0 to 90 degrees"),
    (lambda f: f["interstellar/B"].write_direct(np.array([1e-9, 0.0, 0.0])), "check its unit"),
    (lambda f: f["interstellar/V"].write_direct(np.array([25.0, 0.0, 0.0])), "holds neither V nor E"),
])
def test_a_broken_file_gets_a_sentence(ball, break_it, says):
    path = ball()
    with h5py.File(path, "r+") as file:
        break_it(file)
    with pytest.raises(HeliosphereError, match=says) as error:
        read_gridded(path)
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)


def hostile(path, name, make):
    """The valid file with one dataset replaced by whatever `make` puts there."""
    with h5py.File(path, "r+") as file:
        shape = file[name].shape
        kept = dict(file[name].attrs)
        del file[name]
        make(file, name, shape)
        with contextlib.suppress(KeyError, TypeError, RuntimeError, OSError):
            file[name].attrs.update(kept)


def virtual(file, name, shape):
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "B", shape)
    file.create_virtual_dataset(name, layout)


def looped(file, name, _):
    file[name], file["there"] = h5py.SoftLink("/there"), h5py.SoftLink(f"/{name}")


@pytest.mark.parametrize(("name", "make", "says"), [
    ("B", virtual, "B lies in another file"),
    ("B", lambda f, n, s: f.create_dataset(n, s, "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]),
     "B lies in another file"),
    ("B", lambda f, n, s: f.__setitem__(n, h5py.ExternalLink("elsewhere.h5", "B")), "B lies in another file"),
    ("interstellar/B", lambda f, n, s: f.__setitem__(n, h5py.ExternalLink("elsewhere.h5", n)), "lies in another file"),
    ("B", lambda f, n, s: f.__setitem__(n, h5py.ExternalLink("nowhere.h5", "B")), "there is no dataset B"),
    ("B", looped, "too many links"),
    ("B", lambda f, n, s: f.create_group(n), "there is no dataset B"),
    ("B", lambda f, n, s: f.__setitem__(n, np.dtype("f4")), "there is no dataset B"),
    ("B", lambda f, n, s: f.create_dataset(n, s, [("x", "f4"), ("y", "f4")]), "there is no dataset B of numbers"),
    ("B", lambda f, n, s: f.create_dataset(n, s, h5py.string_dtype()), "there is no dataset B of numbers"),
    ("B", lambda f, n, s: f.create_dataset(n, s, "c8"), "there is no dataset B of numbers"),
    ("B", lambda f, n, s: f.create_dataset(n, s, "?"), "there is no dataset B of numbers"),
    ("B", lambda f, n, s: f.create_dataset(n, data=h5py.Empty("f4")), "there is no dataset B of numbers"),
    ("B", lambda f, n, s: f.create_dataset(n, 4 * (2**15,), "f4", chunks=4 * (16,)),
     "more than such a file has room for"),
    ("B", lambda f, n, s: f.create_dataset(n, (2**9, 2**9, 2**9, 3), "f4", chunks=(64, 64, 64, 3)),
     "more than such a file has room for"),
    ("r", lambda f, n, s: f.create_dataset(n, (2**28,), "f8", chunks=(2**20,)), "more than such a file has room for"),
    ("r", lambda f, n, s: f.create_dataset(n, data=np.full(s, np.nan)), "r is not increasing"),
    ("theta", lambda f, n, s: f.create_dataset(n, data=np.linspace(180.0, 0.0, *s)), "theta is not increasing"),
    ("r", lambda f, n, s: f.create_dataset(n, data=np.geomspace(1e-320, 1e300, *s)), "r (runs from|is not even)"),
    ("interstellar/B", lambda f, n, s: f.create_dataset(n, data=[np.inf, 0.0, 0.0]), "interstellar/B is"),
])
def test_a_hostile_file_gets_a_sentence_and_nothing_else(ball, name, make, says):
    """Nothing is read from other files, and no more memory is taken than the file could fill."""
    shutil.copy(ball("elsewhere.h5"), path := ball())
    hostile(path, name, make)
    with pytest.raises(HeliosphereError, match=says) as error:
        read_gridded(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("name", "value", "says"), [
    ("lisbon", "x" * 10**4, "the attribute lisbon is 'x{80}',"),
    ("grid", np.ones(3), "no text attribute grid"),
    ("axes_icrs", np.full((3, 3), np.nan), "axes_icrs must hold three unit vectors"),
    ("axes_icrs", "x y z", "cannot be read"),
])
def test_hostile_attributes_get_a_sentence(ball, name, value, says):
    path = ball()
    with h5py.File(path, "r+") as file:
        file.attrs[name] = value
    with pytest.raises(HeliosphereError, match=says):
        read_gridded(path)
    with h5py.File(path, "r+") as file:
        file["B"].attrs["unit"] = "(" * 1000 + "uG" + ")" * 1000
    with pytest.raises(HeliosphereError):
        read_gridded(path)


def test_what_is_no_grid_at_all_gets_a_sentence(ball, box, tmp_path):
    with pytest.raises(HeliosphereError, match="there is no file"):
        read_gridded(tmp_path / "nothing.h5")
    (tmp_path / "text.h5").write_text("nose_AU = 120")
    assert not is_gridded(tmp_path / "text.h5")
    with pytest.raises(HeliosphereError, match="not an HDF5 file"):
        read_gridded(tmp_path / "text.h5")
    whole = ball().read_bytes()
    (tmp_path / "half.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(HeliosphereError, match="truncated or damaged"):
        read_gridded(tmp_path / "half.h5")
    with pytest.raises(HeliosphereError, match="begins at 90 AU, but the termination shock lies at 84"):
        export(closed_form(), tmp_path / "late.h5", (4, 3, 4), (90.0, 4000.0))
    with pytest.raises(HeliosphereError, match="inner_AU is 400"):
        box("wide.h5", inner_AU=400.0)
    with pytest.raises(HeliosphereError, match="interstellar/V is"):
        box("fast.h5", interstellar_km_s=[1e5, 0.0, 0.0])
    with pytest.raises(HeliosphereError, match="r, theta, phi or x, y, z"):
        write_gridded(tmp_path / "odd.h5", {"a": [1.0]}, np.ones((1, 1, 1, 3)), interstellar_uG=OFFSET)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ball.h5", "half.h5", "text.h5"]
