"""Sliders for the notebooks: turn a parameter and see the figure follow.

They need somebody to turn them. In a run without a reader (the runner sets LISBON_HEADLESS) or without ipywidgets each
leaves a sentence instead, so that no dead slider is kept; a static figure beside it shows what it would.
"""

import functools
import importlib.util
import os

from lisbon_core.studies import answers
from lisbon_core.tools.notebook import picture, say


def _offer(draw, **turned: tuple) -> None:
    """Display widgets, and below them the sentence and the picture that `draw` makes of their values; without a reader
    or without ipywidgets a sentence instead. A widget is given as its label and value, and for a number its limits and
    step.
    """
    if os.environ.get("LISBON_HEADLESS") or importlib.util.find_spec("ipywidgets") is None:
        say("*Open this notebook in JupyterLab, with ipywidgets installed, and run it: here will be sliders to turn.*")
        return
    from IPython.display import HTML, display
    from ipywidgets import interact

    def show(**values):
        figure, words = draw(**values)
        display(HTML(words), picture(figure))

    interact(show, **{name: _widget(*given) for name, given in turned.items()})


def _widget(label: str, value, *limits):
    """A slider for a number, drawn anew when it is let go; a box to tick for yes or no."""
    from ipywidgets import Checkbox, FloatSlider, IntSlider

    kind = {bool: Checkbox, int: IntSlider, float: FloatSlider}[type(value)]
    of_a_slider = dict(zip(("min", "max", "step"), limits, strict=True), continuous_update=False) if limits else {}
    return kind(value=value, description=label, layout={"width": "32em"}, style={"description_width": "11em"},
                **of_a_slider)


def field_direction(run) -> None:
    """Turn the interstellar field and see the map of mu."""
    p = run.parameters
    _offer(functools.partial(answers.draw_field_direction, run),
           lon=("longitude (degrees)", p.field_lon % 360.0, 0.0, 360.0, 1.0),
           lat=("latitude (degrees)", p.field_lat, -90.0, 90.0, 1.0),
           heliosphere=("trace through the heliosphere", False))


def order(run) -> None:
    """Choose the highest Legendre order and see what the fit leaves over, and the distribution it gives."""
    _offer(functools.partial(answers.draw_order, run), order=("highest order N", run.parameters.order, 1, 12, 1))


def scattering(kappa29: float = 1.0) -> None:
    """Turn depth and period of the scattering, and the focusing length, and see D(mu) and F(mu)."""
    _offer(functools.partial(answers.draw_scattering, kappa29=kappa29),
           eta=("depth η", -293.0, -560.0, 560.0, 10.0),
           omega=("period ω", 1.0, 0.4, 2.0, 0.05),
           L_pc=("focusing length L (pc)", 17.8 * kappa29, 3.0 * kappa29, 60.0 * kappa29, 0.1 * kappa29))
