"""The claims that a run makes, each with its truth or the paper's number, and the words it must carry."""

import numpy as np

from lisbon_core.chain.run import Run, paper_values
from lisbon_core.tools.claims import Claim

__all__ = ["anisotropy_claims", "fit_summary", "liouville_claims", "transport_claims"]


def liouville_claims(run: Run) -> list[Claim]:
    """Claim of the Liouville map: how much of it is not out."""
    return [Claim("unescaped_fraction", run.liouville.unescaped_fraction, equation="(1)",
                  note="share of orbits still inside the boundary at the end of the path cap, which enter with their "
                       "last state")]


def anisotropy_claims(run: Run) -> list[Claim]:
    """Claims of the fit of Eqs. (1)-(3): A_n, G, chi-square."""
    from lisbon_core.anisotropy import parameter_names

    fit, truth = run.fit, run.truth.claims(run.fit.order) if run.truth else {}
    sampled = "" if run.map_is_known else "error without that of the Liouville map, of which 1 position tells nothing"
    if len(fit.map_shifts):
        sampled = "error includes the finite sample of the Liouville map"
        sampled += " and what a grid half as fine would change" if run.coarser is not None else ""
    note = _note(_caveats(run), sampled)
    claims = [Claim(name, value, sigma, "1/AU" if name.startswith("G") else "", truth=truth.get(name), equation="(3)",
                    note=note)
              for name, value, sigma in zip(parameter_names(fit.order), fit.theta, fit.sigma, strict=True)]
    axes = np.stack([run.liouville.e_x_icrs, run.liouville.e_y_icrs])
    scatter = np.sqrt(np.diag(axes.T @ fit.covariance[-2:, -2:] @ axes))
    true_gradient = np.array([run.truth.G_x, run.truth.G_y]) @ axes if run.truth else None
    return [*claims,
            Claim("G_icrs", fit.theta[-2:] @ axes, scatter, "1/AU", truth=true_gradient, equation="(3)", note=note),
            Claim("chi2_reduced", fit.chi2_reduced, fit.chi2_reduced_sigma, truth=1.0 if run.map_is_known else None,
                  equation="(2), (3)",
                  note=_note(f"sum of squared residuals over its expectation for correlated noise, with the scatter of "
                             f"{fit.effective_pixels:.0f} effective pixels", _caveats(run)))]


def transport_claims(run: Run) -> list[Claim]:
    """Claims of the transport fit: lengths, rates, scattering law."""
    fit, kappa29 = run.transport, run.parameters.kappa29
    truth = run.truth.claims(run.fit.order, kappa29) if run.truth else {}
    if run.parameters.closure == "uniform":
        truth.pop("T_0", None)  # the sky was made in a steady flux tube, where another L goes with another T_0
        truth.pop("L_focusing", None)
    paper = paper_values()["paper"]
    stated = {"L_focusing": paper["L_focusing_pc"] * kappa29, "gradient_length": paper["gradient_length_kpc"] * kappa29,
              "T_0_bound": paper["T_0_bound_per_year"] / kappa29}
    equations = {"eta": "(6)", "omega": "(6)", "d_offset": "(6)", "D_asymmetry": "(6)"}
    claims = []
    for name in ("L_focusing", "gradient_length", "T_0", "T_0_bound", "eta", "omega", "d_offset", "D_asymmetry",
                 "focusing_preference"):
        estimate = getattr(fit, name)
        claims.append(Claim(name, estimate.value, estimate.sigma, estimate.unit, stated.get(name), truth.get(name),
                            equations.get(name, "(5), (6)"), _note(estimate.note, _caveats(run))))
    chi2 = fit.chi2 / fit.dof if fit.chi2 is not None and fit.dof > 0 else None
    return [*claims, Claim("chi2_pad", chi2, None if chi2 is None else float(np.sqrt(2.0 / fit.dof)),
                           truth=1.0 if run.truth else None, equation="(5)",
                           note=_note(f"over {fit.dof} degrees of freedom, with the full covariance of the bins"
                                      if chi2 is not None else fit.eta.note or "no model was fitted"))]


def fit_summary(run: Run) -> dict:
    """What a likelihood over many runs on one sky is made of: coefficients of Eq. (3), covariance, chi-square."""
    fit = run.fit
    return {"theta": fit.theta.tolist(), "covariance": fit.covariance.tolist(), "chi2_reduced": fit.chi2_reduced,
            "effective_pixels": fit.effective_pixels}


def _caveats(run: Run) -> str:
    """The words every claim must carry whose error rests on an assumption, or on a model that does not fit."""
    words = [f"errors rest on sigma_default = {run.parameters.sigma_default:g}"] if run.sky.sigma_assumed else []
    if run.fit.chi2_reduced > 1.0 + 5.0 * run.fit.chi2_reduced_sigma:
        words.append(f"the model leaves a reduced chi-square of {run.fit.chi2_reduced:.1f}: errors hold "
                     "only if it fitted")
    if run.fit.corrected < 1.0:
        words.append("the samples of the Liouville map scatter as much as the terms vary: coefficients may be too "
                     "small, raise positions")
    return "; ".join(words)


def _note(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
