"""Figures: what they show, not their pixels."""

from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest

from lisbon_core import plots
from lisbon_core.parameters import FAST, RunParameters
from lisbon_core.run import Run
from lisbon_core.studies.field_posterior import field_posterior


@pytest.fixture(scope="module")
def run():
    return Run(RunParameters(**FAST))


def test_sky_has_right_ascension_to_the_left_and_blanks(make_sky):
    """One bright pixel at RA 30: right of the middle (RA 180), because RA grows to the left."""
    sky = make_sky(lambda dec, ra: 1.0 + 1e-3 * ((np.abs(ra - 31) < 1) & (np.abs(dec - 1) < 1)), limits=(-10.0, 70.0))
    fig = plots.skies({"one": sky.relative_intensity}, sky.dec, sky.ra)
    mesh = next(c for c in fig.axes[0].collections if isinstance(c, mpl.collections.QuadMesh))
    values, corners = np.ma.filled(mesh.get_array(), 0.0), mesh.get_coordinates()
    row, column = np.unravel_index(np.argmax(values), values.shape)
    centre = corners[row : row + 2, column : column + 2].mean(axis=(0, 1))
    np.testing.assert_allclose(np.degrees(centre), [149.0, 1.0], atol=1e-9)
    assert np.ma.getmaskarray(mesh.get_array())[:40].all()
    assert fig.axes[0].get_xticklabels()[0].get_text() == "300°"
    low, high = mesh.get_clim()
    assert low == -high


def test_rings_about_the_poles_are_drawn_as_half_rings():
    """Pixels centred on a pole end there; Mollweide would fold them back upon themselves."""
    dec, ra = np.linspace(-90.0, 90.0, 37), np.arange(2.5, 360.0, 5.0)
    fig = plots.skies({"one": np.ones((37, 72))}, dec, ra)
    mesh = next(c for c in fig.axes[0].collections if isinstance(c, mpl.collections.QuadMesh))
    heights = np.degrees(np.diff(mesh.get_coordinates()[:, 0, 1]))
    np.testing.assert_allclose(heights, [2.5, *[5.0] * 35, 2.5])


def test_scale_is_common_to_all_panels(make_sky):
    one, two = make_sky(lambda dec, ra: 1.001 + 0 * ra), make_sky(lambda dec, ra: 1.002 + 0 * ra)
    fig = plots.skies({"one": one.relative_intensity, "two": two.relative_intensity}, one.dec, one.ra)
    limits = {c.get_clim() for axes in fig.axes for c in axes.collections if isinstance(c, mpl.collections.QuadMesh)}
    assert len(limits) == 1
    assert limits.pop() == pytest.approx((-2.0, 2.0))
    fig = plots.skies({"one": one.relative_intensity, "two": two.relative_intensity}, one.dec, one.ra, own="one")
    limits = [c.get_clim() for axes in fig.axes for c in axes.collections if isinstance(c, mpl.collections.QuadMesh)]
    assert limits[::2] == [pytest.approx((-1.0, 1.0))] * 2  # the map and its bar
    assert limits[1::2] == [pytest.approx((-2.0, 2.0))] * 2


def test_the_papers_figures_are_drawn(run):
    figures = [plots.heliosphere_planes(run.heliosphere, points=41),
               plots.figure_2(run.sky, run.fit, run.renormalised, run.liouville.field_icrs),
               plots.figure_3(run.pad, run.transport, run.truth)]
    assert [len(fig.axes) for fig in figures] == [3, 4, 4]


def test_style_does_not_leak(run):
    before = dict(mpl.rcParams)
    plots.pad(run.pad, run.truth.pad)
    assert dict(mpl.rcParams) == before


def test_orbits_in_space_keep_within_the_box(run):
    from lisbon_core.ground.frames import unit_vector
    from lisbon_core.studies.tracks import follow

    tracks, momenta = follow(run.heliosphere, unit_vector([230.0, 75.0], [25.0, 20.0]), 4.0, step_AU=40.0, steps=40)
    fig = plots.orbits_in_space(run.heliosphere, list(tracks.transpose(1, 0, 2)), ["one", "two"], extent_AU=500.0)
    assert {text.get_text() for text in fig.texts} == {"1  one", "2  two"}
    pictured = [line for line in fig.axes[0].collections if type(line).__name__ == "Line3DCollection"]
    assert len(pictured) >= 4, "two orbits and their shadows"
    for line in pictured:
        assert np.nanmax(np.abs(np.array(line._segments3d))) <= 500.0
    bundle = plots.bundle(run.heliosphere, tracks, {"two": momenta}, 40.0 * np.arange(41))
    np.testing.assert_allclose(bundle.axes[1].lines[0].get_ydata()[0],
                               np.degrees(np.arccos(unit_vector(230.0, 25.0) @ unit_vector(75.0, 20.0))))


def test_unfolding_puts_a_direction_at_its_place():
    fig = plots.unfolding({"one": np.array([[0.0, 1.0, 0.0]])}, np.array([0.5]), np.array([90.0]), [0.0, 0.0, 1.0])
    dot = np.degrees(fig.axes[0].collections[0].get_offsets()[0])
    np.testing.assert_allclose(dot, [90.0, 0.0], atol=1e-9)  # RA 90 lies right of the middle, RA 180
    np.testing.assert_allclose(fig.axes[1].collections[0].get_offsets()[0], [90.0, 0.5])


def test_interstellar_lines_lie_in_their_plane(run):
    """The lines of plane (A) outside the heliopause are full white: the field there does not leave the plane."""
    fig = plots.field_lines(run.heliosphere, points=61)
    lines = next(c for c in fig.axes[0].collections if isinstance(c, mpl.collections.LineCollection))
    middle = np.mean(lines.get_segments(), axis=1)
    share = lines.get_array()
    assert share.min() < 0.9, "inside, the field leaves the plane"
    assert share[middle[:, 0] > 150.0].min() > 1.0 - 1e-9


def test_curves_in_panels_share_their_scale_and_have_their_bands():
    x = np.linspace(0.0, 1.0, 5)
    fig = plots.curves(x, {"a": {"one": (x, 0.1 + 0.0 * x), "two": 2.0 * x}, "b": {"one": 3.0 * x}}, xlabel="x",
                       ylabel="y")
    left, right = fig.axes
    assert left.get_ylim() == right.get_ylim()
    assert [left.get_title(), right.get_title(), left.get_ylabel(), right.get_ylabel()] == ["a", "b", "y", ""]
    np.testing.assert_allclose(left.collections[0].get_paths()[0].get_extents().extents, [0.0, -0.1, 1.0, 1.1])


def test_responses_share_their_scales(run):
    fig = plots.responses({"a": [("1", np.ones(5), np.zeros(5))], "b": [("1", 3 * np.ones(5), np.ones(5))]})
    assert fig.axes[0].get_ylim() == fig.axes[1].get_ylim()
    assert fig.axes[0].get_ylim()[1] > 3.0


def test_sensitivity_shows_what_is_missing_and_what_does_not_fit():
    values, sigma = np.array([1.0, 2.0, np.nan, 1.5]), np.array([0.1, np.nan, np.nan, 0.1])
    fig = plots.sensitivity(list("abcd"), list("abbc"), {"one": (values, sigma, 1.2), "two": (values, sigma, None)},
                            np.array([False, True, False, False]))
    for axes in fig.axes:
        assert [text.get_text() for text in axes.texts] == ["not determined"]
        full, hollow = (list(lines.lines[0].get_xdata()) for lines in axes.containers)
        assert full[0] == 1.0
        assert hollow == [2.0]
    assert fig.axes[0].get_ylim()[0] > fig.axes[0].get_ylim()[1], "the first row is on top"


def test_fan_of_fields_encloses_its_best():
    fields = np.array([[220.0 + x, 40.0 + y] for x in (-5.0, -2.5, 0.0, 2.5, 5.0) for y in (-4.0, -2.0, 0.0, 2.0, 4.0)])
    chi2 = 1.0 + 0.1 * (fields[:, 0] - 220.5) ** 2 + 0.1 * (fields[:, 1] - 40.5) ** 2
    best = field_posterior(fields, [SimpleNamespace(chi2_reduced=x, theta=[0.0], covariance=[[1.0]],
                                                    effective_pixels=500.0) for x in chi2])
    fig = plots.field_fan(fields, chi2, best, (220.0, 40.0))
    inner, outer, cross = (line.get_xydata() for line in fig.axes[0].lines)
    assert inner.mean(axis=0) == pytest.approx([220.5, 40.5], abs=0.05)
    assert np.ptp(outer[:, 1]) / np.ptp(inner[:, 1]) == pytest.approx(np.sqrt(5.99 / 2.30))
    assert cross[0] == pytest.approx([220.0, 40.0])
