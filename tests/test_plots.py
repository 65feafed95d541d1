"""Figures: what they show, not their pixels."""

import matplotlib as mpl
import numpy as np
import pytest

from lisbon_core import plots
from lisbon_core.chain import FAST, Run, RunParameters


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


def test_scale_is_common_to_all_panels(make_sky):
    one, two = make_sky(lambda dec, ra: 1.001 + 0 * ra), make_sky(lambda dec, ra: 1.002 + 0 * ra)
    fig = plots.skies({"one": one.relative_intensity, "two": two.relative_intensity}, one.dec, one.ra)
    limits = {c.get_clim() for axes in fig.axes for c in axes.collections if isinstance(c, mpl.collections.QuadMesh)}
    assert len(limits) == 1
    assert limits.pop() == pytest.approx((-2.0, 2.0))


def test_the_papers_figures_are_drawn(run):
    figures = [plots.heliosphere_planes(run.heliosphere, points=41),
               plots.figure_2(run.sky, run.fit, run.renormalised, run.liouville.field_icrs),
               plots.figure_3(run.pad, run.transport, run.truth)]
    assert [len(fig.axes) for fig in figures] == [3, 4, 5]


def test_style_does_not_leak(run):
    before = dict(mpl.rcParams)
    plots.pad(run.pad, run.truth.pad)
    assert dict(mpl.rcParams) == before
