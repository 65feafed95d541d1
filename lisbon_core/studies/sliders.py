"""What the sliders of the notebooks turn: a figure, and a sentence in HTML, from a few numbers."""

from dataclasses import replace

import numpy as np

from lisbon_core import plots
from lisbon_core.frames import unit_vector
from lisbon_core.heliosphere import closed_form
from lisbon_core.liouville import grid, trace_sky
from lisbon_core.transport import CosineScattering, diffusion_coefficient, gradient_length_kpc, stationary_pad

COARSE = 9.0  # degrees: 800 orbits, which take less than a second


def draw_field_direction(run, lon: float, lat: float, heliosphere: bool):
    """Map of mu for an interstellar field that points to (lon, lat), degrees, in the run's frame; and a sentence.

    Traced, where asked for, through the closed form on a coarse grid from one position.
    """
    model = closed_form(replace(run.closed_form.parameters, field_lon=lon, field_lat=lat))
    dec, ra = grid(COARSE)
    straight = -unit_vector(*np.meshgrid(ra, dec)) @ model.field_icrs
    if not heliosphere:
        mu, words = straight, "Straight lines: no heliosphere."
    else:
        traced = trace_sky(model, dec, ra, rigidity_TV=run.response.scale_TV, boundary_AU=run.parameters.boundary_AU)
        mu, area = traced.mu[0], np.repeat(np.cos(np.radians(dec))[:, None], len(ra), axis=1)
        shift = np.sqrt(np.average((mu - straight) ** 2, weights=area))
        chaotic, _ = traced.share(traced.chaotic)
        words = f"The heliosphere shifts μ by {shift:.2f} r.m.s.; {chaotic:.0%} of the sky is chaotic."
    return plots.skies({f"field towards {lon:.0f}°, {lat:.0f}° ({run.parameters.field_frame})": mu}, dec, ra,
                       field_icrs=model.field_icrs, unit="pitch-angle cosine μ", scale=1.0, offset=0.0, limit=1.0,
                       cmap="PuOr_r"), words


def draw_order(run, order: int):
    """Fit of Eq. (3) with Legendre terms up to `order`: residual sky and pitch-angle distribution; and a sentence."""
    fit = run.fit_order(order)
    return plots.fit_of_order(run.sky, fit.of_sky(), run.liouville.field_icrs, run.truth.pad if run.truth else None), (
        f"Order {order}: reduced chi-square {fit.chi2_reduced:.2f} ± {fit.chi2_reduced_sigma:.2f}, "
        f"A<sub>1</sub> = ({fit.theta[0] * 1e3:.3f} ± {fit.sigma[0] * 1e3:.3f}) × 10<sup>−3</sup>.")


def draw_scattering(eta: float, omega: float, L_pc: float, kappa29: float = 1.0, d_offset: float = 586.0):
    """D(mu) of Eq. (6) and F(mu) of Eq. (5) in a steady flux tube, beside eta = 0 and no focusing; and a sentence."""
    mu, curves = np.linspace(-1.0, 1.0, 201), []
    for label, law, inverse in (("isotropic, no focusing", CosineScattering(0.0, 1.0, d_offset), 0.0),
                                (f"η = {eta:.0f}, ω = {omega:.2f}, L = {L_pc:.1f} pc".replace("-", "−"),
                                 CosineScattering(eta, omega, d_offset), 1.0 / L_pc)):
        length = gradient_length_kpc(law, kappa29)
        F = stationary_pad(law, 1e3 * length * inverse)
        curves.append((label, diffusion_coefficient(law, mu, kappa29), F(mu) - 1.0))
    A = F.legendre(2)
    return plots.responses({f"level γ = {d_offset:.0f}, κ₂₉ = {kappa29:g}": curves}), (
        f"Gradient length {length:.2f} kpc, A<sub>1</sub> = {A[0]:.2e}, A<sub>2</sub> = {A[1]:.2e}.")
