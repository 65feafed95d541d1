"""What a reader can turn: the figures of the site, which answer without a kernel, and the sliders of the notebooks.

The site has three tables in data/answers.json, made once.

    python -m lisbon_core.studies.answers

takes some five minutes of a processor at first; maps are kept, so that it goes on where it was stopped. It also draws
the picture of the argument on the first page, figures/argument.svg.

- sky: field direction and strength -> the sky at Earth, with the A_n the default sky was made with and no gradient
  across the field, through the closed-form heliosphere, beside the same along straight lines;
- scattering: (eta, omega, L) -> D(mu), F(mu), in a steady flux tube at kappa29 = 1;
- dipole: energy -> amplitude and phase, as notebook 12 predicts them, and what was published.

Arrays are packed: base64 of little-endian integers, numbers of a step, in the order of the axes named. A slider draws a
figure, and says a sentence in HTML, from a few numbers (`draw_field_direction`, `draw_order`, `draw_scattering`).
"""

import base64
import json
from dataclasses import replace

import numpy as np

from lisbon_core import plots
from lisbon_core.anisotropy.terms import mean_columns
from lisbon_core.ground._core import write_atomically
from lisbon_core.ground.frames import lonlat, unit_vector
from lisbon_core.ground.measurements import dipoles
from lisbon_core.heliosphere import closed_form
from lisbon_core.liouville import Sampling, cached_samples, grid, straight_lines, trace_sky
from lisbon_core.liouville.map import LiouvilleMap
from lisbon_core.liouville.tracing import axes_across
from lisbon_core.parameters import RunParameters
from lisbon_core.plots.saving import image
from lisbon_core.run import DATA, Run
from lisbon_core.studies import dipole_energy as study
from lisbon_core.studies.tracks import follow
from lisbon_core.synthetic import epochs_of
from lisbon_core.transport import CosineScattering, diffusion_coefficient, gradient_length_kpc, stationary_pad

PATH = DATA / "answers.json"
STEP_DEG, SAMPLES, ORDER = 7.5, 8, 7
SHIFTS = (-20.0, -10.0, 0.0, 10.0, 20.0)  # degrees from the centre of the IBEX ribbon, in ecliptic longitude, latitude
STRENGTHS = (2.4, 3.4, 4.4)  # microgauss
RATIOS = (-0.9, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 0.9)  # eta over the level of D
OMEGAS = (0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
LENGTHS = (-5.0, -10.0, -17.8, -40.0, None, 40.0, 17.8, 10.0, 5.0)  # pc; None: no focusing
LEVEL = 586.0
MU = np.linspace(-1.0, 1.0, 41)
ANGLES, TURNS = (30.0, 55.0, 40.0, 150.0, 125.0, 140.0), (0.0, 180.0, 90.0, 60.0, 240.0, 320.0)  # degrees
COARSE = 9.0  # degrees: 800 orbits, which take less than a second
NORTH, SOUTH = (-10.0, 70.0), (-90.0, -25.0)  # Tibet AS-gamma and ARGO-YBJ; IceCube


def packed(values, step: float, kind: str) -> dict:
    """An array as whole numbers of a step, of a numpy type such as '<i2'."""
    whole = np.round(np.asarray(values) / step)
    if abs(whole).max() > np.iinfo(kind).max:
        raise ValueError(f"A value of {abs(whole).max() * step:g} is more steps of {step:g} than {kind} holds: "
                         "take a larger step.")
    return {"step": step, "kind": kind, "shape": list(whole.shape),
            "base64": base64.b64encode(whole.astype(kind).tobytes()).decode()}


def sky_through(run: Run, through: LiouvilleMap) -> np.ndarray:
    """Relative intensity - 1 (n_dec, n_ra) that the A_n of the run's truth make of a map, mean over the sphere 0."""
    terms = mean_columns(through, ORDER, run.truth.p_index)[0][:, :ORDER + 1]
    intensity = (terms @ [1.0, *run.truth.pad.legendre(ORDER)]).reshape(through.mu.shape[1:])
    return intensity / np.average(intensity.mean(axis=1), weights=np.cos(np.radians(through.dec))) - 1.0


def heliosphere(run: Run, east: float, north: float, strength: float):
    """The closed form of the run, its field turned by degrees of longitude and latitude, with another strength."""
    own = run.closed_form.parameters
    return closed_form(replace(own, field_lon=own.field_lon + east, field_lat=own.field_lat + north,
                               field_uG=strength))


def traced(run: Run, model) -> LiouvilleMap:
    """The coarse map of one node of the table, kept on disk."""
    sampling = Sampling(SAMPLES, run.response, run.parameters.seed)
    return cached_samples(epochs_of(model.parameters, run.parameters.epoch), *grid(STEP_DEG), sampling)


def sky(run: Run) -> dict:
    """Table of skies (strength, latitude, longitude, dec, ra)."""
    nodes = [[[heliosphere(run, east, north, one) for east in SHIFTS] for north in SHIFTS] for one in STRENGTHS]
    earth = [[[sky_through(run, traced(run, model)) for model in row] for row in plane] for plane in nodes]
    straight = [[sky_through(run, straight_lines(model, *grid(STEP_DEG))) for model in row] for row in nodes[0]]
    own = run.closed_form.parameters
    return {"strength_uG": list(STRENGTHS), "lat": [own.field_lat + one for one in SHIFTS],
            "lon": [own.field_lon + one for one in SHIFTS], "step_deg": STEP_DEG,
            "field_icrs": [[np.round(lonlat(model.field_icrs), 2).tolist() for model in row] for row in nodes[0]],
            "earth": packed(earth, 2e-5, "<i1"), "straight": packed(straight, 2e-5, "<i1")}


def pad_of(ratio: float, omega: float, length: float | None):
    """Scattering law, gradient length (kpc) and stationary distribution of one node."""
    law = CosineScattering(ratio * LEVEL, omega, LEVEL)
    kpc = gradient_length_kpc(law, 1.0)
    return law, kpc, stationary_pad(law, 1e3 * kpc / length if length else 0.0)


def scattering() -> dict:
    """Tables of D (omega, eta, mu), 1/yr, of F - 1 and A_n (L, omega, eta, ...), and gradient lengths, kpc."""
    nodes = [[[pad_of(ratio, omega, length) for ratio in RATIOS] for omega in OMEGAS] for length in LENGTHS]
    return {"eta": [round(ratio * LEVEL) for ratio in RATIOS], "omega": list(OMEGAS), "L_pc": list(LENGTHS),
            "level": LEVEL, "mu": MU.round(3).tolist(),
            "D": packed([[diffusion_coefficient(law, MU, 1.0) for law, *_ in row] for row in nodes[0]], 1e-5, "<i2"),
            "gradient_kpc": packed([[kpc for _, kpc, _ in row] for row in nodes[0]], 1e-3, "<i2"),
            "F": packed([[[pad(MU) - 1.0 for *_, pad in row] for row in plane] for plane in nodes], 1e-6, "<i2"),
            "A": packed([[[pad.legendre(2) for *_, pad in row] for row in plane] for plane in nodes], 1e-6, "<i2")}


def dipole(run: Run) -> dict:
    """Predicted dipole along the equator under both laws for the gradient, north and south, and published ones."""
    energy, laws, through = np.geomspace(*study.ENERGIES[[0, -1]], 37), {}, study.maps(run, run.epochs)
    for name, index in {"G falls as 1/rigidity": -1.0, "G the same at every rigidity": 0.0}.items():
        fit = study.fit_of_law(run, index)
        laws[name] = {where: {"heliosphere": _as_dipole(study.harmonics(run, through, band, fit, index), energy),
                              "straight": _as_dipole(study.no_heliosphere(run, band, fit, index), energy)}
                      for where, band in {"north": NORTH, "south": SOUTH}.items()}
    points = []
    for one in dipoles():
        if study.ENERGIES[0] <= one.energy <= study.ENERGIES[-1]:
            factor = study.band(*grid(study.STEP_DEG), one.dec_min, one.dec_max)[1] if one.of == "projection" else 1.0
            size = [float(f"{factor * value:.3g}") for value in (one.amplitude, one.amplitude_sigma)]
            points.append([one.series, one.energy, *size, one.phase, one.phase_sigma])
    return {"energy_TeV": [float(f"{one:.3g}") for one in energy], "laws": laws, "measured": points}


def _as_dipole(seen: study.Harmonics, energy) -> list[list[float]]:
    """Amplitude and phase (degrees) with their errors, at each energy."""
    seen = seen.at(np.clip(energy, *seen.energy[[0, -1]]))
    columns = seen.dipole, seen.field_of_view * seen.amplitude_sigma, seen.phase, seen.phase_sigma
    return [[float(f"{one:.3g}") for one in column] for column in columns]


def picture(run: Run):
    """The argument in one picture, with orbits that arrive from six directions at given angles from the field."""
    b, e_x, e_y = axes_across(run.closed_form)
    angle, turn = np.radians([ANGLES, TURNS])[..., None]
    arrival = np.cos(angle) * b + np.sin(angle) * (np.cos(turn) * e_x + np.sin(turn) * e_y)
    positions, momenta = follow(run.closed_form, arrival, run.response.scale_TV, step_AU=5.0, steps=500)
    mu = momenta[-1] @ (run.closed_form.axes @ run.closed_form.field_icrs)
    return plots.argument(run.closed_form, np.moveaxis(positions, 1, 0), mu, run.renormalised.sky, run.pad,
                          run.truth.pad)


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


def main() -> None:
    """Make the tables and the picture."""
    run = Run(RunParameters())
    write_atomically(DATA.parent / "figures" / "argument.svg", image(picture(run), "svg", 150))
    tables = {"made_by": "python -m lisbon_core.studies.answers", "label": run.label,
              "made_from": "data/sky_default_truth.toml and .ecsv, data/responses.toml, data/measurements/dipole.ecsv; "
                           f"maps in steps of {STEP_DEG:g} degrees, {SAMPLES} orbits a pixel",
              "sky": sky(run), "scattering": scattering(), "dipole": dipole(run)}
    write_atomically(PATH, json.dumps(tables, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
