"""The best field from a rough bowl of chi-square, and from real maps that are coarse."""

from types import SimpleNamespace

import numpy as np
import pytest

from lisbon_core.anisotropy import AnisotropyError
from lisbon_core.ground.frames import unit_vector
from lisbon_core.studies.field_posterior import _offsets, fan, field_at, field_posterior
from lisbon_core.studies.swept_fields import best_field, closer
from lisbon_core.tools.sweep import summary
from lisbon_core.tools.sweep_plan import plan

TRUE = np.array([221.3, 37.9, 2.8])
PIXELS = 500.0
SLOPE = np.array([[2e-5, -1e-5, 3e-4], [1e-8, 2e-8, 1e-7]])  # of A_1 and G_x with the field


def fits(chi2, theta, covariance):
    """As `AnisotropyFit` holds them."""
    return [SimpleNamespace(chi2_reduced=x, theta=t, covariance=c, effective_pixels=PIXELS)
            for x, t, c in zip(chi2, theta, covariance, strict=True)]


def bowl(random, strength=False, rough=0.08, bent=0.0, centre=(220.0, 40.0, 3.0)):
    """Fields around `centre`, and fits of a sky whose field is TRUE but for what its own noise moves it."""
    d = 3 if strength else 2
    spread = random.uniform(-1.0, 1.0, (64 if d == 2 else 160, d)) * (8.0, 8.0, 0.4)[:d]
    fields = np.array([field_at(one, np.array(centre[:d])) for one in spread])
    curvature = np.diag([0.06, 0.1, 12.0][:d])  # of the reduced chi-square
    moved = random.multivariate_normal(np.zeros(d), np.linalg.inv(curvature) / PIXELS)
    x = _offsets(fields, TRUE[:d]) - moved
    chi2 = 1.0 + np.einsum("mi,ij,mj->m", x, curvature, x) * (1.0 + bent * x[:, 0])
    chi2 *= np.exp(rough * random.standard_normal(len(chi2)))
    theta = np.array([2e-3, 5e-7]) + (x + moved) @ SLOPE[:, :d].T
    covariance = np.tile(np.diag([1e-5, 1e-8]) ** 2, (len(chi2), 1, 1))
    # one sky, one noise; each map adds its own
    theta = theta + random.multivariate_normal(np.zeros(2), covariance[0]) + 3e-6 * random.standard_normal(len(chi2))[
        :, None] * (1.0, 1e-3)
    return fields, fits(chi2, theta, covariance)


def test_offsets_and_fields_undo_each_other():
    centre = np.array([350.0, 60.0, 3.0])
    offsets = np.array([[3.0, -4.0, 0.2], [12.0, 5.0, -0.1], [0.0, 0.0, 0.0]])
    fields = np.array([field_at(one, centre) for one in offsets])
    assert _offsets(fields, centre) == pytest.approx(offsets, abs=1e-9)
    assert 0.0 <= fields[1, 0] < 30.0, "longitude goes on at zero"


def test_fan():
    directions = fan((10.0, 60.0), 3.0)
    assert directions.shape == (19, 2)
    angles = np.degrees(np.arccos(np.clip(unit_vector(*directions.T) @ unit_vector(10.0, 60.0), -1.0, 1.0)))
    assert angles == pytest.approx([0.0] + [3.0] * 6 + [6.0] * 12, abs=1e-3)
    assert len(np.unique(directions, axis=0)) == 19


def test_the_covariance_of_a_smooth_bowl_is_where_chi_square_rises_by_one():
    """chi-square = PIXELS times the reduced one: sigma is where that is 1 above its least."""
    fields, made = bowl(np.random.default_rng(4), rough=0.0)
    sigma = np.sqrt(np.diag(field_posterior(fields, made).covariance)[:2])
    np.testing.assert_allclose(PIXELS * np.array([0.06, 0.1]) * sigma**2, 1.0, rtol=0.02)


@pytest.mark.parametrize(("strength", "bent"), [(False, 0.0), (False, 0.03), (True, 0.0)])
def test_errors_cover(strength, bent):
    """Of the field, and of A_1 and G_x, whose errors grow for the field being unknown."""
    random, pulls = np.random.default_rng(3), []
    for _ in range(40):
        found = field_posterior(*bowl(random, strength, bent=bent))
        off = np.concatenate([-_offsets(TRUE[None, :found.field.size], found.field)[0],
                              found.theta - (2e-3, 5e-7)])
        pulls.append(off @ np.linalg.solve(found.covariance, off) / off.size)
    assert 0.65 < np.mean(pulls) < 1.4  # expected 1, known to 11 %
    assert found.sigma[0] < 0.5
    assert found.theta_sigma[0] > np.hypot(1e-5, SLOPE[0, 0] * found.sigma[0])
    assert "best field towards longitude 22" in str(found)


def test_a_chi_square_above_one_widens_the_errors():
    fields, found = bowl(np.random.default_rng(1), rough=0.0)
    scaled = {k: [SimpleNamespace(**vars(fit) | {"chi2_reduced": k * fit.chi2_reduced}) for fit in found]
              for k in (0.5, 1.0, 4.0)}
    better, plain, worse = (field_posterior(fields, fits) for fits in scaled.values())
    assert worse.field == pytest.approx(plain.field)
    assert worse.sigma == pytest.approx(plain.sigma, rel=0.05), "the curvature grows as much as the scale"
    assert np.all(better.sigma > 1.2 * plain.sigma), "a chi-square below 1 must not shrink the errors"


def test_fields_on_one_side_are_refused():
    with pytest.raises(AnisotropyError, match="do not enclose the one that suits the sky best"):
        field_posterior(*bowl(np.random.default_rng(1), centre=(240.0, 40.0, 3.0)))


def test_few_fields_are_refused():
    fields, fits = bowl(np.random.default_rng(1))
    with pytest.raises(AnisotropyError, match="try more fields around the best of them"):
        field_posterior(fields[:8], fits[:8])


def test_a_sweep_of_fields_ends_with_the_best(tmp_path):
    from astropy.table import Table

    fields, found = bowl(np.random.default_rng(2))
    made = plan({"field_lon": "uniform(210,230)", "field_lat": "uniform(33,47)", "order": 1}, sample=2)
    rows = [{"status": "done", "parameters": {"field_lon": lon, "field_lat": lat},
             "fit": vars(fit) | {"theta": [*fit.theta, 1e-7], "covariance": np.pad(fit.covariance, (0, 1)).tolist()}}
            for (lon, lat), fit in zip(fields, found, strict=True)]
    rows.append({"status": "failed", "reason": "no"})
    assert "64 of 65 runs done" in summary(rows, tmp_path)
    assert "1 failed: no" in summary(rows, tmp_path)
    text = "\n".join(best_field(rows, made.varied, made.runs[0], tmp_path))
    assert "Best field towards longitude 221." in text
    table = Table.read(tmp_path / "field.ecsv", format="ascii.ecsv")
    assert list(table["name"]) == ["field_lon", "field_lat", "A_1", "G_x", "G_y"]
    assert table["covariance"].shape == (5, 5)
    assert (tmp_path / "field.png").read_bytes().startswith(b"\x89PNG")
    assert "No best field: only " in best_field(rows[:3], made.varied, made.runs[0], tmp_path)[0]


def test_closer_fields_are_around_the_best_or_further_out():
    grid = np.array([(lon, lat) for lon in np.arange(214.0, 229.0, 2.5) for lat in np.arange(32.0, 45.0, 2.0)])
    made = plan({"field_lon": "214:226.5:2.5", "field_lat": "32:44:2"})

    def further(best, centre):
        chi2 = 1.0 + 0.1 * np.sum(_offsets(grid, np.array(best)) ** 2, axis=1)
        rows = [{"status": "done", "parameters": {"field_lon": lon, "field_lat": lat}, "fit": vars(fit)}
                for (lon, lat), fit in zip(grid, fits(chi2, np.zeros((42, 1)), np.ones((42, 1, 1))), strict=True)]
        more = closer(rows, made.runs)
        assert more[:42] == made.runs
        found = np.array([(one.field_lon, one.field_lat) for one in more[42:]])
        return len(found), np.linalg.norm(_offsets(found, np.array(centre)), axis=1).max()

    count, reach = further((220.3, 38.9), (220.3, 38.9))
    assert count == 19
    assert reach == pytest.approx(2.0, abs=0.1), "twice half of the spacing, which is 2 degrees"
    count, reach = further((231.0, 38.2), (226.5, 38.0))
    assert count == 18, "the lowest is there already"
    assert reach == pytest.approx(4.0, abs=0.1)
