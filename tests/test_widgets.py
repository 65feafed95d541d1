"""Sliders without a browser: what they draw, that turning one redraws, and that a run without a reader keeps none."""

import io

import numpy as np
import pytest
from PIL import Image

from lisbon_core.parameters import FAST, RunParameters
from lisbon_core.run import Run
from lisbon_core.tools import notebook, widgets

ipywidgets = pytest.importorskip("ipywidgets")


@pytest.fixture(scope="module")
def run():
    return Run(RunParameters(**FAST))


@pytest.fixture
def shown(monkeypatch):
    """What is displayed: widgets by IPython itself, sentences by `say`."""
    seen = []
    monkeypatch.setattr("IPython.display.display", seen.append)
    monkeypatch.setattr(notebook, "display", seen.append)
    monkeypatch.delenv("LISBON_HEADLESS", raising=False)
    return seen


def parts(box):
    *sliders, sentence, image = box.children
    return {slider.description: slider for slider in sliders}, sentence, image


def test_scattering_slider_redraws(shown):
    widgets.scattering()
    sliders, sentence, image = parts(shown.pop())
    before = image.value, sentence.value
    with Image.open(io.BytesIO(before[0])) as picture:
        assert picture.width > 700
    assert "Gradient length 1.72 kpc" in before[1]
    sliders["focusing length L (pc)"].value = 5.0
    assert image.value != before[0]
    assert sentence.value != before[1]
    sliders["focusing length L (pc)"].value = 17.8
    assert (image.value, sentence.value) == before


@pytest.mark.parametrize(("eta", "omega", "L"), [(-560, 0.4, 3.0), (560, 2.0, 3.0), (560, 0.4, 60.0), (0, 1.0, 17.8)])
def test_every_end_of_the_scattering_sliders_is_legal(eta, omega, L):
    figure, sentence = widgets.draw_scattering(eta, omega, L)
    assert len(figure.axes) == 2
    assert np.all(np.isfinite(figure.axes[1].lines[1].get_ydata()))
    assert "nan" not in sentence


def test_field_direction(shown, run):
    widgets.field_direction(run)
    sliders, sentence, image = parts(shown.pop())
    assert sentence.value == "Straight lines: no heliosphere."
    before = image.value
    sliders["longitude (degrees)"].value = 120.0
    assert image.value != before
    sliders["trace through the heliosphere"].value = True
    assert "The heliosphere shifts μ by" in sentence.value


def test_field_points_where_it_is_turned(run):
    """mu is greatest where particles come from the side opposite to the field."""
    figure, _ = widgets.draw_field_direction(run, 90.0, 90.0, False)
    mesh = next(c for c in figure.axes[0].collections if hasattr(c, "get_coordinates"))
    values = np.ma.filled(mesh.get_array(), np.nan)
    corners = mesh.get_coordinates()
    row, column = np.unravel_index(np.nanargmin(values), values.shape)
    ra, dec = np.degrees(corners[row:row + 2, column:column + 2].mean(axis=(0, 1))) * [-1, 1] + [180, 0]
    assert np.hypot((ra - 270.0) * np.cos(np.radians(dec)), dec - 66.56) < 9.0, "the north pole of the ecliptic"


def test_order(shown, run):
    widgets.order(run)
    (slider,), sentence, image = (list(part.values()) if isinstance(part, dict) else part
                                  for part in parts(shown.pop()))
    before = image.value
    slider.value = 2
    assert image.value != before
    assert sentence.value.startswith("Order 2: reduced chi-square")


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
