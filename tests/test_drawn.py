"""The data behind figures: what is drawn comes back, in the units of the axes; and how two figures differ."""

import numpy as np
import pytest
from astropy.table import Table
from matplotlib.figure import Figure

from lisbon_core import plots
from lisbon_core.plots import drawn
from lisbon_core.plots.drawn import drawn_data, most_apart

X = np.array([1.0, 2.0, 3.0])


def read(figure):
    """Table of a figure."""
    return Table.read(drawn_data(figure).decode(), format="ascii.ecsv")


def data(axes):
    """Points (n, columns) of the curves of the figure of an axes, by name."""
    table = read(axes.figure)
    return {about["name"]: np.array([table[name][table["curve"] == number] for name in table.colnames[1:]]).T
            for number, about in table.meta["curves"].items()}


@pytest.fixture
def axes():
    return Figure().add_subplot()


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_lines_and_errors_of_both_axes(axes, scale):
    axes.set(xscale=scale, yscale=scale)
    axes.errorbar(X, X**2, xerr=[0.2 * X, 0.0 * X], yerr=[0.5, np.nan, 7.0], label="points")
    axes.errorbar(2.0, 5.0, yerr=0.25, fmt="none", label="bar alone")
    axes.errorbar([], [], yerr=[], fmt="o", label="none of these")
    axes.plot(X, X**3, label="line")
    axes.plot(X, X**3, linewidth=4.0)
    found, nan = data(axes), np.nan
    assert list(found) == ["points", "bar alone", "line"], "a halo is no curve"
    np.testing.assert_allclose(found["points"], [[1, 1, 0.1, 0.5], [2, 4, 0.2, nan], [3, 9, 0.3, 7]])
    np.testing.assert_allclose(found["bar alone"], [[2, 5, nan, 0.25]])
    np.testing.assert_allclose(found["line"][:, :2], np.stack([X, X**3], axis=1))


def test_bars_and_their_words(axes):
    axes.bar(["one", "two"], [3.0, -1.0], label="upright")
    axes.barh([10.0, 20.0], [5.0, 6.0], label="lying")
    found = data(axes)
    np.testing.assert_allclose(found["upright"], [[0, 3], [1, -1]])
    np.testing.assert_allclose(found["lying"], [[5, 10], [6, 20]])
    assert read(axes.figure).meta["curves"][1]["x_ticks"] == {0.0: "one", 1.0: "two"}


def test_scatter_areas_and_lines_in_pieces(axes):
    axes.scatter(X, 2.0 * X, c=-X, label="dots")
    axes.fill_between(X, X, X + 1.0, label="band")
    axes.vlines([1.0, 2.0], 0.0, 5.0, label="pieces")
    axes.axhline(3.0, label="for orientation")
    axes.contour([[0.0, 1.0], [0.0, 1.0]], levels=[0.25])
    found = data(axes)
    np.testing.assert_allclose(found["dots"], np.stack([X, 2.0 * X, -X], axis=1))
    assert {(1.0, 1.0), (1.0, 2.0), (3.0, 3.0), (3.0, 4.0)} <= set(map(tuple, found["band"][:, :2]))
    np.testing.assert_allclose(found["pieces"][:, :2], [[1, 0], [1, 5], [np.nan, np.nan], [2, 0], [2, 5]])
    np.testing.assert_allclose(found["panel 1"][:, [0, 2]], 0.25)
    assert "for orientation" not in found


def test_maps_are_in_right_ascension_and_declination(make_sky):
    sky = make_sky(lambda dec, ra: 1.0 + 1e-5 * (dec + 2.0 * ra), step=10.0, limits=(-10.0, 70.0))
    figure = plots.skies({"seen": sky.relative_intensity, "again": sky.relative_intensity}, sky.dec, sky.ra)
    table = read(figure)
    for panel in ("seen", "again"):
        number, = (number for number, about in table.meta["curves"].items()
                   if about["panel"] == panel and "value" in about)
        here = table[table["curve"] == number]
        assert len(here) == 8 * 36, "what is blank is left out"
        np.testing.assert_allclose(here["value"], 1e-2 * (here["y"] + 2.0 * here["x"]), rtol=1e-3, atol=1e-4)
        assert "relative intensity" in table.meta["curves"][number]["name"]


def test_in_space_points_have_three_coordinates():
    axes = Figure().add_subplot(projection="3d")
    axes.plot(X, X**2, -X, label="orbit")
    axes.scatter(X, X, X, c=X, label="dots")
    found, nan = data(axes), np.full(3, np.nan)
    np.testing.assert_allclose(found["orbit"], np.stack([X, X**2, -X, nan], axis=1))
    np.testing.assert_allclose(found["dots"], np.stack([X, X, X, X], axis=1))


def test_what_is_denser_than_a_page_is_thinned(axes, monkeypatch):
    monkeypatch.setattr(drawn, "CELLS", 100)
    axes.plot(np.linspace(0.0, 1.0, 100_001), np.zeros(100_001), label="orbit")
    axes.pcolormesh(np.arange(40.0), np.arange(40.0), np.ones((40, 40)), label="mesh")
    curves = read(axes.figure).meta["curves"]
    assert {about["name"]: about["every"] for about in curves.values()} == {"orbit": 51, "mesh": 4}
    found = data(axes)
    assert found["orbit"][-1, 0] == 0.99960
    assert len(found["mesh"]) == 100


def test_how_far_two_figures_are_apart():
    def table(y, error=0.3):
        axes = Figure().add_subplot()
        axes.plot([0.0, 10.0], [0.0, y], label="line")
        axes.errorbar([1.0], [1.0 + y], yerr=error, label="point")
        return read(axes.figure)

    assert most_apart(table(1.0), table(1.5, 0.4)) == ("point", "1 errors")
    assert most_apart(table(1.0), table(1.01)) == ("point", "0.024 errors")
    without = [one[one["curve"] == 2] for one in (table(1.0), table(1.5))]
    assert most_apart(*without) == ("line", "0.5 of its range")
    assert most_apart(without[0], table(1.0)) == ("–", "other curves or points")
    assert most_apart(table(1.0), table(np.nan)) == ("–", "other curves or points")
