"""Sliders without a browser: what they draw, that turning one redraws, and that a run without a reader keeps none."""

import io

import numpy as np
import pytest
from PIL import Image

from lisbon_core.parameters import FAST, RunParameters
from lisbon_core.run import Run
from lisbon_core.studies import answers
from lisbon_core.tools import notebook, widgets

ipywidgets = pytest.importorskip("ipywidgets")


@pytest.fixture(scope="module")
def run():
    return Run(RunParameters(**FAST))


@pytest.fixture
def shown(monkeypatch):
    """What is displayed: the box of sliders, and what it draws, by IPython itself; sentences by `say`."""
    seen = []

    def display(*things):
        seen.extend(things)

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr("ipywidgets.widgets.interaction.display", display)
    monkeypatch.setattr("ipywidgets.widgets.interaction.clear_output", lambda wait: seen.clear())
    monkeypatch.setattr(notebook, "display", display)
    monkeypatch.delenv("LISBON_HEADLESS", raising=False)
    return seen


def sliders_of(shown):
    """What can be turned, by its label; it is displayed last at the start."""
    return {slider.description: slider for slider in shown.pop().children[:-1]}


def drawn(shown):
    """Sentence and picture as they are now."""
    sentence, image = shown
    return sentence.data, image.data


def test_scattering_slider_redraws(shown):
    widgets.scattering()
    sliders = sliders_of(shown)
    before = sentence, image = drawn(shown)
    with Image.open(io.BytesIO(image)) as picture:
        assert picture.width > 700
    assert "Gradient length 1.72 kpc" in sentence
    sliders["focusing length L (pc)"].value = 5.0
    assert drawn(shown)[0] != sentence
    assert drawn(shown)[1] != image
    sliders["focusing length L (pc)"].value = 17.8
    assert drawn(shown) == before


@pytest.mark.parametrize(("eta", "omega", "L"), [(-560, 0.4, 3.0), (560, 2.0, 3.0), (560, 0.4, 60.0), (0, 1.0, 17.8)])
def test_every_end_of_the_scattering_sliders_is_legal(eta, omega, L):
    figure, sentence = answers.draw_scattering(eta, omega, L)
    assert len(figure.axes) == 2
    assert np.all(np.isfinite(figure.axes[1].lines[1].get_ydata()))
    assert "nan" not in sentence


def test_field_direction(shown, run):
    widgets.field_direction(run)
    sliders = sliders_of(shown)
    sentence, image = drawn(shown)
    assert sentence == "Straight lines: no heliosphere."
    sliders["longitude (degrees)"].value = 120.0
    assert drawn(shown)[1] != image
    sliders["trace through the heliosphere"].value = True
    assert "The heliosphere shifts μ by" in drawn(shown)[0]


def test_field_points_where_it_is_turned(run):
    """mu is greatest where particles come from the side opposite to the field."""
    figure, _ = answers.draw_field_direction(run, 90.0, 90.0, False)
    mesh = next(c for c in figure.axes[0].collections if hasattr(c, "get_coordinates"))
    values = np.ma.filled(mesh.get_array(), np.nan)
    corners = mesh.get_coordinates()
    row, column = np.unravel_index(np.nanargmin(values), values.shape)
    ra, dec = np.degrees(corners[row:row + 2, column:column + 2].mean(axis=(0, 1))) * [-1, 1] + [180, 0]
    assert np.hypot((ra - 270.0) * np.cos(np.radians(dec)), dec - 66.56) < 9.0, "the north pole of the ecliptic"


def test_order(shown, run):
    widgets.order(run)
    (slider,) = sliders_of(shown).values()
    _, image = drawn(shown)
    slider.value = 2
    sentence, new = drawn(shown)
    assert new != image
    assert sentence.startswith("Order 2: reduced chi-square")


def test_nothing_to_turn_without_a_reader(shown, run, monkeypatch):
    monkeypatch.setenv("LISBON_HEADLESS", "1")
    for offer in (lambda: widgets.order(run), lambda: widgets.field_direction(run), widgets.scattering):
        offer()
    assert all(one.data.startswith("*Open this notebook in JupyterLab") for one in shown)
    assert len(shown) == 3


def test_nothing_to_turn_without_ipywidgets(shown, monkeypatch):
    monkeypatch.setattr(widgets.importlib.util, "find_spec", lambda name: None)
    widgets.scattering()
    assert shown[0].data.startswith("*Open this notebook")
