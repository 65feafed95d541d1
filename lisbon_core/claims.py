"""The claims that a run makes: what it found, each number with both errors and what a reader must know of it."""

import numpy as np

from lisbon_core.anisotropy import parameter_names
from lisbon_core.ground.response import response
from lisbon_core.ground.rounding import number
from lisbon_core.heliosphere import HeliosphereParameters
from lisbon_core.run import Run, paper_values
from lisbon_core.synthetic import epochs_of
from lisbon_core.verdicts import Claim, misfits

FEW = 3.0  # members: what fewer make is not averaged


def liouville_claims(run: Run) -> list[Claim]:
    """Claim of the Liouville map: how much of it is not out."""
    return [Claim("unescaped_fraction", run.liouville.unescaped_fraction, equation="(1)",
                  note="share of orbits still inside the boundary at the end of the path cap, which enter with their "
                       "last state")]


def anisotropy_claims(run: Run) -> list[Claim]:
    """Claims of the fit of Eqs. (1)-(3): A_n, G, chi-square."""
    fit, truth, errors = run.fit, run.truth.claims(run.fit.order) if run.truth else {}, run.systematic
    sampled = "error includes the finite sample of the Liouville map" if run.liouville.replicate.any() else ""
    note = _note(_caveats(run), sampled, "and what a grid half as fine would change" if run.coarser is not None else "")
    shifts = [None] * fit.theta.size if errors is None else errors.theta
    rows = zip(parameter_names(fit.order), fit.theta, fit.sigma, shifts, strict=True)
    claims = [Claim(name, value, sigma, "1/AU" if name.startswith("G") else "", truth=truth.get(name), equation="(3)",
                    note=_note(note, _rests(run, moved)), **_systematic(run, moved))
              for name, value, sigma, moved in rows]
    axes = np.stack([run.liouville.e_x_icrs, run.liouville.e_y_icrs])
    scatter = np.sqrt(np.diag(axes.T @ fit.covariance[-2:, -2:] @ axes))
    true_gradient = np.array([run.truth.G_x, run.truth.G_y]) @ axes if run.truth else None
    return [*claims,
            Claim("G_icrs", fit.theta[-2:] @ axes, scatter, "1/AU", truth=true_gradient, equation="(3)",
                  note=_note(note, *dict.fromkeys(_rests(run, moved) for moved in shifts[-2:])),
                  systematic=None if errors is None else errors.error(axes.T @ errors.theta[-2:])),
            Claim("chi2_reduced", fit.chi2_reduced, fit.chi2_reduced_sigma, truth=1.0 if run.truth else None,
                  equation="(2), (3)",
                  note=_note(f"sum of squared residuals over its expectation for correlated noise, with the scatter of "
                             f"{fit.effective_pixels:.0f} effective pixels", _caveats(run)))]


def _systematic(run: Run, shifts: np.ndarray | None, factor: float = 1.0) -> dict:
    """The two entries of a claim that the members of the ensemble shift by (n_member,), times a factor."""
    if shifts is None or not np.all(np.isfinite(shifts)):
        return {}
    error = abs(factor) * float(run.systematic.error(shifts))
    return {"systematic": error, "dominant": run.systematic.dominant(shifts)}


def _rests(run: Run, shifts: np.ndarray | None) -> str:
    """What a reader must know of a systematic error that few members make."""
    if shifts is None or not run.systematic.members(shifts) < FEW:
        return ""
    return (f"{run.systematic.members(shifts):.1f} of {len(run.systematic.weight)} members in effect make its "
            "systematic error, which is known no better than to a factor of two")


def transport_claims(run: Run) -> list[Claim]:
    """Claims of the transport fit: lengths, rates, scattering law."""
    fit, kappa29, shifts = run.transport, run.parameters.kappa29, run.transport_shifts
    truth = run.truth.claims(run.fit.order, kappa29) if run.truth else {}
    if run.parameters.closure == "uniform":
        truth.pop("T_0", None)  # the sky was made in a steady flux tube, where another L goes with another T_0
        truth.pop("L_focusing", None)
    paper = paper_values()["paper"]
    stated = {"L_focusing": paper["L_focusing_pc"] * kappa29, "gradient_length": paper["gradient_length_kpc"] * kappa29,
              "T_0_bound": paper["T_0_bound_per_year"] / kappa29}
    equations = dict.fromkeys(("eta", "omega", "d_offset", "eta_over_d_offset", "D_asymmetry"), "(6)")
    claims = []
    for name in ("L_focusing", "gradient_length", "T_0", "T_0_bound", "eta", "omega", "d_offset", "eta_over_d_offset",
                 "D_asymmetry", "focusing_preference"):
        estimate = getattr(fit, name)
        errors = _systematic(run, shifts.get(name)) if estimate.value is not None else {}
        value, sigma = estimate.value, estimate.sigma
        note = _note(estimate.note, _rests(run, shifts.get(name)) if errors else "")
        if name == "gradient_length":
            note = _note("one finding with A_1, as ℓ = λ/A_1", note)
        if name == "L_focusing" and shifts and value is not None:
            errors = _systematic(run, shifts["inverse_L"], value**2)
            both = np.hypot(fit.inverse_L.sigma, errors.get("systematic", 0.0) / value**2)
            note = _note(interval(fit.inverse_L.value, both), note, _rests(run, shifts["inverse_L"]))
        if name == "T_0_bound" and value is not None:  # a limit holds with all errors or not at all, and has none
            sigma = None
            if shifts:
                value = float(np.hypot(value, 1.96 * run.systematic.error(shifts["T_0"])))
                note = _note(f"with the statistical error alone {number(estimate.value)}", note,
                             _rests(run, shifts["T_0"]))
        claims.append(Claim(name, value, sigma, estimate.unit, stated.get(name), truth.get(name),
                            equations.get(name, "(5), (6)"), _note(note, _caveats(run)), **errors))
    chi2 = fit.chi2 / fit.dof if fit.chi2 is not None and fit.dof > 0 else None
    return [*claims, Claim("chi2_pad", chi2, None if chi2 is None else float(np.sqrt(2.0 / fit.dof)),
                           truth=1.0 if run.truth else None, equation="(5)",
                           note=_note(f"over {fit.dof} degrees of freedom, with the full covariance of the bins"
                                      if chi2 is not None else fit.eta.note or "no model was fitted"))]


def interval(inverse: float, error: float) -> str:
    """The 95 % interval of a length from its inverse, which is what has a normal error: it may go through infinity.

    >>> interval(0.05, 0.1), interval(0.05, 0.01)
    ('95 %: more than 4.1 pc or less than −6.8 pc', '95 %: 14 to 33 pc')
    """
    low, high = inverse - 1.96 * error, inverse + 1.96 * error
    if low < 0.0 < high:
        return f"95 %: more than {1.0 / high:#.2g} pc or less than −{-1.0 / low:#.2g} pc"
    return f"95 %: {min(1.0 / low, 1.0 / high):.2g} to {max(1.0 / low, 1.0 / high):.2g} pc"


def fit_summary(run: Run) -> dict:
    """What a likelihood over many runs on one sky is made of: coefficients of Eq. (3), covariance, chi-square."""
    fit = run.fit
    return {"theta": fit.theta.tolist(), "covariance": fit.covariance.tolist(), "chi2_reduced": fit.chi2_reduced,
            "effective_pixels": fit.effective_pixels}


def _caveats(run: Run) -> str:
    """The words every claim must carry whose error rests on an assumption, or on a model that does not fit."""
    assumed = dict.fromkeys(f"{one.seen.sigma_default:g}" for one in run.runs if one.sky.sigma_assumed)
    words = [f"errors rest on sigma_default = {', '.join(assumed)}"] if assumed else []
    if misfits(run.fit.chi2_reduced, run.fit.chi2_reduced_sigma):
        words.append(f"the model leaves a reduced chi-square of {run.fit.chi2_reduced:.1f}: errors hold "
                     "only if it fitted")
    if run.fit.design.corrected < 1.0:
        words.append("the samples of the Liouville map scatter as much as the terms vary: coefficients may be too "
                     "small, raise samples")
    if open_ones := run.fit.untold.shape[1]:
        words.append(f"of {run.fit.theta.size} combinations of A_n and G the sky does not tell {open_ones}: these are "
                     "left at zero, with an error as large as the intensity")
    return "; ".join([*words, *otherwise_made(run)])


def otherwise_made(run: Run) -> list[str]:
    """What a synthetic sky was made with that this run takes otherwise, a sentence each."""
    truth, parameters = run.truth, run.parameters
    if truth is None:
        return []
    same_sun = not run.own_map and [one.identity for one in run.epochs] == [
        one.identity for one in epochs_of(HeliosphereParameters(), truth.epoch)]
    made = {f"response {truth.response} at {truth.rigidity_TV:g} TV":
            response(truth.response, truth.rigidity_TV).quantiles_TV == run.response.quantiles_TV,
            f"default heliosphere and epoch '{truth.epoch}'": same_sun,
            f"exponent p_index {truth.p_index:g}": truth.p_index == parameters.p_index,
            "orbits up to 4000 AU, all of them": parameters.boundary_AU == 4000.0 and parameters.orbits == "all"}
    words = [f"the sky was made with the {what}, not with that of this run" for what, same in made.items() if not same]
    return list(dict.fromkeys([*words, *(more for one in run.others for more in otherwise_made(one))]))


def _note(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
