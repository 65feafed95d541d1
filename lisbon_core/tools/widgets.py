"""Sliders for the notebooks: turn a parameter and see the figure follow.

They need somebody to turn them. In a run without a reader (the runner sets LISBON_HEADLESS) or without ipywidgets each
leaves a sentence instead, so that no dead slider is kept; a static figure beside it shows what it would.
"""

import functools
import importlib.util
import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lisbon_core.tools.notebook import number, picture, say

__all__ = ["draw_field_direction", "draw_order", "draw_scattering", "field_direction", "order", "scattering"]

COARSE = 9.0  # degrees: 800 orbits, which take less than a second


def _offer(draw: Callable, **turned: tuple) -> None:
    """Display widgets, and below them the sentence and the picture that `draw` makes of their values; without a reader
    or without ipywidgets a sentence instead. A widget is given as its label and value, and for a number its limits and
    step.
    """
    if os.environ.get("LISBON_HEADLESS") or importlib.util.find_spec("ipywidgets") is None:
        say("*Open this notebook in JupyterLab, with ipywidgets installed, and run it: here will be sliders to turn.*")
        return
    from IPython.display import HTML, Image, display
    from ipywidgets import interact

    def show(**values):
        figure, words = draw(**values)
        display(HTML(words), Image(picture(figure), format="png"))

    interact(show, **{name: _widget(*given) for name, given in turned.items()})


def _widget(label: str, value, *limits):
    """A slider for a number, drawn anew when it is let go; a box to tick for yes or no."""
    from ipywidgets import Checkbox, FloatSlider, IntSlider

    about = {"value": value, "description": label, "layout": {"width": "32em"}, "style": {"description_width": "11em"}}
    if isinstance(value, bool):
        return Checkbox(**about)
    low, high, step = limits
    slider = IntSlider if isinstance(value, int) else FloatSlider
    return slider(min=low, max=high, step=step, continuous_update=False, **about)


def draw_field_direction(run, lon: float, lat: float, heliosphere: bool):
    """Map of mu for an interstellar field that points to (lon, lat), degrees, in the run's frame; and a sentence.

    Traced, where asked for, through the closed form on a coarse grid from one position.
    """
    from lisbon_core import plots
    from lisbon_core.frames import unit_vector
    from lisbon_core.heliosphere import closed_form
    from lisbon_core.liouville import grid, trace_sky

    model = closed_form(replace(run.closed_form.parameters, field_lon=lon, field_lat=lat))
    dec, ra = grid(COARSE)
    straight = -unit_vector(*np.meshgrid(ra, dec)) @ model.field_icrs
    if not heliosphere:
        mu, words = straight, "Straight lines: no heliosphere."
    else:
        traced = trace_sky(model, dec, ra, rigidity_TV=run.response.scale_TV,
                           boundary_AU=run.parameters.boundary_AU)
        mu, area = traced.mu[0], np.repeat(np.cos(np.radians(dec))[:, None], len(ra), axis=1)
        shift = np.sqrt(np.average((mu - straight) ** 2, weights=area))
        words = f"The heliosphere shifts μ by {shift:.2f} r.m.s.; {traced.chaotic_fraction:.0%} of the sky is chaotic."
    return plots.skies({f"field towards {lon:.0f}°, {lat:.0f}° ({run.parameters.field_frame})": mu}, dec, ra,
                       field_icrs=model.field_icrs, unit="pitch-angle cosine μ", scale=1.0, offset=0.0, limit=1.0,
                       cmap="PuOr_r"), words


def field_direction(run) -> None:
    """Turn the interstellar field and see the map of mu."""
    p = run.parameters
    _offer(functools.partial(draw_field_direction, run),
           lon=("longitude (degrees)", p.field_lon % 360.0, 0.0, 360.0, 1.0),
           lat=("latitude (degrees)", p.field_lat, -90.0, 90.0, 1.0),
           heliosphere=("trace through the heliosphere", False))


def draw_order(run, order: int):
    """Fit of Eq. (3) with Legendre terms up to `order`: residual sky and pitch-angle distribution; and a sentence."""
    from lisbon_core import plots

    fit = run.fit_order(order)
    return plots.fit_of_order(run.sky, fit, run.liouville.field_icrs, run.truth.pad if run.truth else None), (
        f"Order {order}: reduced chi-square {fit.chi2_reduced:.2f} ± {fit.chi2_reduced_sigma:.2f}, "
        f"A<sub>1</sub> = ({fit.theta[0] * 1e3:.3f} ± {fit.sigma[0] * 1e3:.3f}) × 10<sup>−3</sup>.")


def order(run) -> None:
    """Choose the highest Legendre order and see what the fit leaves over, and the distribution it gives."""
    _offer(functools.partial(draw_order, run), order=("highest order N", run.parameters.order, 1, 12, 1))


def draw_scattering(eta: float, omega: float, L_pc: float, kappa29: float = 1.0, d_offset: float = 586.0):
    """D(mu) of Eq. (6) and F(mu) of Eq. (5) in a steady flux tube, beside eta = 0 and no focusing; and a sentence."""
    from lisbon_core import plots
    from lisbon_core.transport import CosineScattering, diffusion_coefficient, gradient_length_kpc, stationary_pad

    mu, curves = np.linspace(-1.0, 1.0, 201), []
    for label, law, inverse in (("isotropic, no focusing", CosineScattering(0.0, 1.0, d_offset), 0.0),
                                (f"η = {number(round(eta))}, ω = {omega:.2f}, L = {L_pc:.1f} pc",
                                 CosineScattering(eta, omega, d_offset), 1.0 / L_pc)):
        length = gradient_length_kpc(law, kappa29)
        F = stationary_pad(law, 1e3 * length * inverse)
        curves.append((label, diffusion_coefficient(law, mu, kappa29), F(mu) - 1.0))
    A = F.legendre(2)
    return plots.responses({f"level γ = {d_offset:.0f}, κ₂₉ = {kappa29:g}": curves}), (
        f"Gradient length {length:.2f} kpc, A<sub>1</sub> = {A[0]:.2e}, A<sub>2</sub> = {A[1]:.2e}.")


def scattering(kappa29: float = 1.0) -> None:
    """Turn depth and period of the scattering, and the focusing length, and see D(mu) and F(mu)."""
    _offer(functools.partial(draw_scattering, kappa29=kappa29),
           eta=("depth η", -293.0, -560.0, 560.0, 10.0),
           omega=("period ω", 1.0, 0.4, 2.0, 0.05),
           L_pc=("focusing length L (pc)", 17.8 * kappa29, 3.0 * kappa29, 60.0 * kappa29, 0.1 * kappa29))
