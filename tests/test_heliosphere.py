"""The field against what is known without it: exact solutions, identities, limits, and what was measured."""

import math

import numpy as np
import pytest

from lisbon_core.ground.units import KM_S
from lisbon_core.heliosphere import (
    FIELD_PRESETS,
    HeliosphereError,
    HeliosphereParameters,
    closed_form,
    solar_cycle,
    with_field,
)
from lisbon_core.heliosphere import parameters as names
from lisbon_core.heliosphere.solar import swing
from lisbon_core.studies.voyager import binned, compared, fitted, measured

# polarity, sheet and shape other than the default's
CHANGES = [{}, {"polarity": -1, "cycle_phase": 0.1}, {"cycle_years": 2.0, "sheet_width": 0.3, "pile_up_AU": 0.0},
           {"wall_skew": -0.6, "shock_skew": 0.3, "nose_AU": 150.0, "tail_AU": 300.0, "field_lon": 10.0}]


@pytest.fixture(scope="module", params=range(len(CHANGES)), ids=lambda k: ", ".join(CHANGES[k]) or "default")
def heliosphere(request):
    return closed_form(HeliosphereParameters(**CHANGES[request.param]))


@pytest.fixture(scope="module")
def default():
    return closed_form()


def scattered(n, seed, low=1.0, high=3000.0):
    """Random points, evenly spread in log r and over the sphere, (n, 3) AU."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(n, 3))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    return directions * np.exp(rng.uniform(math.log(low), math.log(high), n))[:, None]


def away_from_borders(heliosphere, points, step):
    """Those points all of whose neighbours at two steps lie in the same region, and their steps."""
    region, same = heliosphere.region(points), np.ones(len(points), dtype=bool)
    for axis in np.eye(3):
        same &= (heliosphere.region(points + 2.5 * step * axis) == region) & (
            heliosphere.region(points - 2.5 * step * axis) == region)
    return points[same], step[same]


def gradient(function, points, step):
    """Fourth-order central differences: (N, ..., 3), the last axis that of the derivative; step (N, 1)."""
    parts = []
    for axis in np.eye(3):
        d = step * axis
        near, far = function(points + d) - function(points - d), function(points + 2 * d) - function(points - 2 * d)
        width = step if near.ndim == 2 else step[:, 0]
        parts.append((8 * near - far) / (12 * width))
    return np.stack(parts, axis=-1)


def sampled(heliosphere, seed, n=3000):
    points = scattered(n, seed)
    return away_from_borders(heliosphere, points, 3e-4 * np.linalg.norm(points, axis=1, keepdims=True))


def on_surfaces(heliosphere, n=400):
    """Points on the shock and on the heliopause, and the normals there, from differences of the distances."""
    directions = scattered(n, 9, 1.0, 1.001)
    for which in (0, 1):
        points = directions / np.linalg.norm(directions, axis=1)[:, None] * heliosphere.parameters.surfaces(
            directions)[which][:, None]

        def level(x, which=which):
            return np.linalg.norm(x, axis=1) / heliosphere.parameters.surfaces(x)[which]

        normal = gradient(level, points, 1e-3 * np.linalg.norm(points, axis=1, keepdims=True))
        yield points, normal / np.linalg.norm(normal, axis=1)[:, None]


def test_magnetic_field_has_no_sources_and_the_electric_field_no_curl(heliosphere):
    points, step = sampled(heliosphere, 2)
    assert set(heliosphere.region(points)) == {0, 1, 2}
    jacobian = gradient(lambda x: heliosphere.field(x)[0], points, step)
    size = np.abs(jacobian).max(axis=(1, 2))
    divergence = np.abs(np.trace(jacobian, axis1=1, axis2=2)) / size
    slope = gradient(lambda x: heliosphere.field(x)[1], points, step)
    curl = np.abs(slope - slope.transpose(0, 2, 1)).max(axis=(1, 2)) / np.abs(slope).max(axis=(1, 2))
    for defect in (divergence, curl):
        assert np.quantile(defect, 0.5) < 1e-9
        assert np.quantile(defect, 0.99) < 1e-5  # differences do not see through a thin current sheet


def test_electric_field_is_the_gradient_of_one_potential(heliosphere):
    points, step = sampled(heliosphere, 4)
    electric = heliosphere.field(points)[1]
    off = np.linalg.norm(gradient(heliosphere.potential, points, step) + electric, axis=1)
    assert np.quantile(off / np.linalg.norm(electric, axis=1), 0.99) < 1e-5


def test_at_shock_and_heliopause_normal_field_and_potential_are_steady_and_the_heliopause_is_not_pierced(heliosphere):
    for which, (points, normal) in enumerate(on_surfaces(heliosphere)):
        inside, outside = points * (1.0 - 1e-10), points * (1.0 + 1e-10)
        assert (set(heliosphere.region(inside)), set(heliosphere.region(outside))) == ({which}, {which + 1})
        across = [np.sum(heliosphere.field(x)[0] * normal, axis=1) for x in (inside, outside)]
        np.testing.assert_allclose(*across, rtol=0, atol=1e-7)
        np.testing.assert_allclose(heliosphere.potential(inside), heliosphere.potential(outside), rtol=0, atol=1e-9)
        if which:
            assert np.abs(across).max() < 1e-7
            assert np.abs(heliosphere.potential(inside)).max() < 1e-9
        else:
            assert np.abs(across).max() > 1e-3, "the shock lets field through"


def test_no_work_is_done_along_the_field_of_the_sheath_and_little_outside(default):
    points, _ = sampled(default, 5)
    magnetic, electric = default.field(points)
    along = np.abs(np.sum(magnetic * electric, axis=1)) / np.linalg.norm(magnetic, axis=1) / np.linalg.norm(
        electric, axis=1)
    region = default.region(points)
    assert along[region == 1].max() < 1e-12
    assert along[region == 2].max() < 0.25, "a defect of the model, bounded; E is 1e-4 of B there"


def test_far_field_is_uniform_and_frozen_into_the_flow(heliosphere):
    points = scattered(300, 7, 3e4, 3e5)
    magnetic, electric = heliosphere.field(points)
    undisturbed = heliosphere.parameters.field_uG * heliosphere.axes @ heliosphere.field_icrs
    np.testing.assert_allclose(magnetic, np.tile(undisturbed, (300, 1)), rtol=0, atol=1e-4)
    np.testing.assert_allclose(electric, -np.cross(heliosphere.flow, np.tile(undisturbed, (300, 1))), rtol=0, atol=1e-8)


def test_spiral_is_parkers_with_the_sun_as_it_is(default):
    heliosphere = closed_form(HeliosphereParameters(sheet_width=1e-3, cycle_years=1e9))
    axis = heliosphere.packed[names.AXIS_X:names.AXIS_Z + 1]
    assert np.linalg.norm(axis) == pytest.approx(1.0)
    across = np.cross(axis, [0.0, 0.0, 1.0]) / np.linalg.norm(np.cross(axis, [0.0, 0.0, 1.0]))
    for r, latitude in ((0.5, 0.4), (1.0, -0.2), (5.0, 1.0), (10.0, 0.7)):
        outward = math.cos(latitude) * across + math.sin(latitude) * axis
        east = np.cross(axis, across)
        magnetic, electric = (value[0] for value in heliosphere.field(r * outward))
        sign = math.copysign(1.0, latitude)
        fades = (1.0 - (r / heliosphere.parameters.nearest_shock_AU) ** 2) ** 2
        assert magnetic @ outward == pytest.approx(sign * 35.0 / r**2 * fades, rel=3e-5)
        # the angle whose tangent is Omega r cos(latitude)/V: 47 degrees at 1 AU for 400 km/s
        omega = 2.0 * math.pi / (25.38 * 86400.0)
        wound = -sign * 35.0 / r * omega * 1.495978707e8 / 400.0 * math.cos(latitude)
        assert magnetic @ east == pytest.approx(wound, rel=1e-4)
        induced = -np.cross(400.0 * KM_S * outward, magnetic)  # E = -V x B
        np.testing.assert_allclose(electric, induced, rtol=0, atol=5e-3 * np.linalg.norm(induced))


def test_the_suns_open_flux_closes_within_the_shock(default):
    """As much field goes out of a sphere as comes in, and less of it farther out."""
    directions = scattered(40000, 11, 1.0, 1.001)
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    out = [np.sum(default.field(r * directions)[0] * directions, axis=1) * r**2 for r in (1.0, 40.0)]
    assert abs(np.mean(out[0])) < 0.02 * np.mean(np.abs(out[0]))
    assert np.mean(np.abs(out[1])) == pytest.approx(
        np.mean(np.abs(out[0])) * (1.0 - (40.0 / default.parameters.nearest_shock_AU) ** 2) ** 2, rel=0.02)


def test_compression_at_the_shock_is_of_the_size_that_was_asked_for():
    heliosphere = closed_form(HeliosphereParameters(shock_skew=0.0, shock_shift=0.0, shock_AU=90.0, compression=2.0,
                                                    pile_up_AU=0.0, sheet_width=1e-3))
    directions = scattered(500, 12, 1.0, 1.001)
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    axis = heliosphere.packed[names.AXIS_X:names.AXIS_Z + 1]
    directions = directions[np.abs(directions @ axis) > 0.1]
    inside, outside = (np.linalg.norm(np.cross(heliosphere.field(90.0 * directions * s)[0], directions), axis=1)
                       for s in (1 - 1e-9, 1 + 1e-9))
    # but for what the bending of the flow away from the latitudes of the wind adds
    assert np.median(outside / inside) == pytest.approx(2.0, rel=0.01)
    assert np.all(np.abs(outside / inside - 2.0) < 0.4)


def test_the_cycle_turns_the_field_over_age_by_age():
    parameters = HeliosphereParameters()
    packed, year = closed_form(parameters).packed, 63241.077
    ages = np.linspace(0.0, 44.0, 2000)
    values = np.array([swing(age * year, packed) for age in ages])
    for later, sign in ((22.0, 1.0), (11.0, -1.0)):
        shifted = np.array([swing((age + later) * year, packed)[0] for age in ages])
        np.testing.assert_allclose(values[:, 0], sign * shifted, rtol=0, atol=1e-4)
    assert (values[0, 0], values[:, 0].max(), values[:, 0].min()) == pytest.approx((1.0, 1.0, -1.0), abs=1e-3)
    np.testing.assert_allclose(np.gradient(values[:, 0], ages * year)[5:-5], values[5:-5, 1], atol=2e-7)
    moments = solar_cycle(parameters)
    assert len({one.identity for one in moments}) == 8
    # half a cycle on, the solar field is turned round and nothing else is
    points = scattered(500, 8)
    sign = np.where(moments[0].region(points) < 2, -1.0, 1.0)[:, None]
    for a, b in zip(moments[1].field(points), moments[5].field(points), strict=True):
        np.testing.assert_allclose(a, sign * b, rtol=1e-9, atol=1e-15)
    tail = np.stack([0 * ages[:400], 40.0 + 0 * ages[:400], np.linspace(-450.0, -120.0, 400)], axis=1)
    across = moments[0].field(tail)[0][:, 0]
    assert across.max() > 0.1, "layers of one polarity"
    assert across.min() < -0.1, "layers of the other"


def test_the_voyagers_would_recognise_it(default):
    """27-day means of |B|: within 30 % in every bin; shocks and heliopauses within 6 %; jumps of the right sign."""
    bins = compared(default.parameters, binned(measured()))
    assert len(bins) == 20
    assert np.all(np.abs(bins["model_B"] / bins["B"] - 1.0) < 0.30)
    for surface in ("shock", "wall"):
        assert np.all(np.abs(bins[f"model_{surface}"] / bins[surface] - 1.0) < 0.06)
    directions = np.asarray(bins["direction"]) @ default.axes.T
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    for surface in default.parameters.surfaces(directions):
        inside, outside = (default.field_strength(directions * s * surface[:, None]) for s in (1 - 1e-6, 1 + 1e-6))
        assert np.all(outside > 1.5 * inside)
        assert np.all(outside < 3.6 * inside) or surface.min() > 100.0  # a shock compresses by 4 at most
    refitted = fitted()
    for name in ("nose_AU", "shock_AU", "compression", "field_uG", "pile_up_AU"):
        assert getattr(refitted, name) == pytest.approx(getattr(default.parameters, name), rel=0.05)


def test_measured_table_is_nasas():
    table = measured()
    beyond = table[(table["spacecraft"] == 1) & (table["r"] > 122.0)]
    assert np.average(beyond["B"], weights=beyond["days"]) == pytest.approx(4.7, abs=0.2)
    assert (table["r"][table["spacecraft"] == 2].max(), table["lat"][table["spacecraft"] == 2].max()) == (
        pytest.approx(125.8, abs=0.3), pytest.approx(-25.0, abs=8.0))


def test_points_on_the_axis_and_at_the_sun_are_finite(default):
    points = [[0, 0, 0], [0, 0, 50], [0, 0, 100], [0, 0, 114], [0, 0, 121], [0, 0, -50], [0, 0, -499.9], [0, 0, 1e5],
              [1e-12, 0, 100], [0, 1e-5, -400], [0, 0, -1e5]]
    for values in (*default.field(points), default.potential(points)):
        assert np.all(np.isfinite(values))


@pytest.mark.parametrize(("preset", "ra", "dec"), [  # converted elsewhere
    ("ribbon", 229.66, 23.31), ("hawc-icecube", 229.20, 11.40), ("ribbon-model", 232.67, 17.21),
    ("voyagers-model", 219.39, 30.19), ("starlight", 237.88, 22.17)])
def test_published_fields(preset, ra, dec):
    from lisbon_core.ground.frames import unit_vector
    heliosphere = closed_form(with_field(HeliosphereParameters(field_uG=2.5), preset))
    assert math.degrees(math.acos(min(1.0, heliosphere.field_icrs @ unit_vector(ra, dec)))) < 0.02
    assert heliosphere.parameters.field_uG == (FIELD_PRESETS[preset].field_uG or 2.5)
    far = heliosphere.field([0.0, 3e6, 3e6])[0][0] @ heliosphere.axes
    np.testing.assert_allclose(far, heliosphere.parameters.field_uG * heliosphere.field_icrs, atol=1e-6)
    with pytest.raises(HeliosphereError, match="ribbon-model"):
        with_field(HeliosphereParameters(), "Ribbon")


def test_parameters_may_be_numpys():
    turned = HeliosphereParameters(rotation_axis_icrs=np.array([286.13, 63.87]), shock_AU=np.float64(90.0))
    assert turned == HeliosphereParameters(rotation_axis_icrs=(286.13, 63.87), shock_AU=90.0)


@pytest.mark.parametrize(("changes", "says"), [
    ({"shock_AU": 130.0}, "shock lies at .* AU where the heliopause lies at"), ({"polarity": 2}, "polarity is 2"),
    ({"nose_AU": -1.0}, "nose_AU"), ({"field_uG": math.nan}, "field_uG is nan"),
    ({"tail_AU": 100.0}, r"tail_AU is 100, .* more than nose_AU \(114\)"), ({"tail_AU": math.inf}, "tail_AU is inf"),
    ({"field_frame": "hgi"}, "ecliptic"), ({"compression": 5.0}, "compression"),
    ({"field_lat": 95.0}, "field_lat is 95.0"), ({"interstellar_speed_km_s": 1e5}, "between 1e-12 and 1000"),
    ({"rotation_axis_icrs": (10.0, 100.0)}, "rotation_axis_icrs")])
def test_impossible_parameters_are_named(changes, says):
    with pytest.raises(HeliosphereError, match=says):
        HeliosphereParameters(**changes)
    with pytest.raises(HeliosphereError, match="shape"):
        closed_form().field([[1.0, 2.0]])
