"""The claims that a run makes: each number with its truth, the paper's value, its errors and a computed verdict.

Two errors stand side by side: the statistical one, of the noise of the sky and of the sample of orbits, and the
systematic one, of all that the run takes as known (see `ensemble`). Verdicts go by both, added in quadrature.

Default sky: its truth is known, so a claim is *recovered* (within three of its errors) or *not recovered*; where the
number is less than two errors from zero, or an upper limit that holds, it is *compatible*, which says little. Real map:
it is *consistent* with the paper (within two errors) or *differs*. What neither can decide is *not testable without the
private data*; chi-squares and the like are *a diagnostic*; a number that the map does not fix is *not determined*, and
its note says why.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from lisbon_core._core import LisbonError
from lisbon_core.anisotropy import parameter_names
from lisbon_core.heliosphere import HeliosphereParameters
from lisbon_core.response import response
from lisbon_core.rounding import number
from lisbon_core.run import Run, paper_values
from lisbon_core.synthetic import epochs_of

__all__ = ["Claim", "ClaimError", "anisotropy_claims", "fit_summary", "interval", "liouville_claims", "merge",
           "transport_claims", "verdict"]

UNTESTABLE = "not testable without the private data"
ENTRIES = ("value", "sigma", "systematic", "unit", "paper", "truth", "verdict", "equation", "dominant", "note")
DIAGNOSTICS = ("unescaped_fraction", "chi2_reduced", "chi2_pad", "focusing_preference")
INVERSE = ("L_focusing",)  # its error is Gaussian in 1/L, which may be zero


class ClaimError(LisbonError):
    """A claim that cannot be written down: not finite, without a reason, or made twice."""


@dataclass(frozen=True)
class Claim:
    """One number of the ledger.

    Parameters
    ----------
    id : str
        Name in results.json, such as `L_focusing`; upper limits end in `_bound`.
    value, sigma, systematic : float, list of float or None
        The number (or numbers), its statistical and its systematic standard error; value None where the map does not
        fix it, systematic None where it was not estimated.
    unit : str
        Unit of value, sigma, paper and truth; empty for a pure number.
    paper, truth : float, list of float or None
        What the paper states; what the sky was made with, where that is known.
    equation, note : str
        Where it comes from; what a reader must know, above all why there is no value.
    dominant : list of str
        The assumptions that add most to the systematic error.

    Raises
    ------
    ClaimError
        If a number is not finite, lists differ in length, or a missing value has no reason.

    >>> verdict(Claim("L_focusing", 18.1, 0.4, "pc", truth=17.8), default_sky=True)
    'recovered'
    """

    id: str
    value: float | list | None
    sigma: float | list | None = None
    unit: str = ""
    paper: float | list | None = None
    truth: float | list | None = None
    equation: str = ""
    note: str = ""
    systematic: float | list | None = None
    dominant: list[str] = field(default_factory=list)

    def __post_init__(self):
        if not all(isinstance(text, str) for text in (self.id, self.unit, self.equation, self.note)):
            raise ClaimError(f"Claim {self.id} has an identifier, unit, equation or note that is no text: correct it.")
        if self.value is None and not self.note:
            raise ClaimError(f"Claim {self.id} has no value and no note: say in its note why it is not determined.")
        for name in ("value", "sigma", "systematic", "paper", "truth"):
            given = getattr(self, name)
            if given is None:
                continue
            numbers = np.asarray(given, dtype=float)
            if numbers.ndim > 1 or not numbers.size or not np.all(np.isfinite(numbers)):
                raise ClaimError(f"Claim {self.id} has {name} = {given}: it must be finite; "
                                 "give None and a note that says why it is not determined.")
            if self.value is not None and numbers.size != np.size(self.value):
                raise ClaimError(f"Claim {self.id} has {np.size(self.value)} values but {numbers.size} numbers in "
                                 f"{name}: give as many.")
            object.__setattr__(self, name, numbers.tolist())  # plain floats, as JSON can hold them
        for name in ("sigma", "systematic"):
            if getattr(self, name) is not None and np.min(getattr(self, name)) < 0:
                raise ClaimError(f"Claim {self.id} has {name} = {getattr(self, name)}: an error cannot be negative.")

    @property
    def total(self) -> np.ndarray:
        """Both errors in quadrature."""
        return np.hypot(*(np.zeros(np.shape(self.value)) if one is None else np.asarray(one, dtype=float)
                          for one in (self.sigma, self.systematic)))


def verdict(claim: Claim, default_sky: bool) -> str:
    """What the number says: against the truth on a sky whose truth is known, against the paper on a real one.

    A list agrees if each component does, and is recovered only if all are two errors from zero. An upper limit agrees
    with a truth below it; two upper limits cannot contradict each other. What is inferred as its inverse is compared as
    that, and is not determined where that may be zero with all errors counted.

    >>> verdict(Claim("L_focusing", 25.0, 2.0, "pc", paper=17.8), default_sky=False)
    'differs'
    >>> verdict(Claim("L_focusing", 5.7, 3.3, "pc", paper=17.8), default_sky=False)  # 0.18 and 0.06 +- 0.10 per pc
    'consistent'
    """
    if claim.value is None:
        return "not determined"
    if claim.id in DIAGNOSTICS:
        return "a diagnostic"
    target = claim.truth if default_sky else claim.paper
    if target is None:
        return UNTESTABLE
    if says_little := claim.id.endswith("_bound"):
        agrees = not default_sky or abs(target) <= claim.value
    else:
        value, target, sigma = np.array(claim.value), np.array(target), claim.total
        if claim.id in INVERSE:
            value, target, sigma = 1.0 / value, 1.0 / target, sigma / value**2
            if claim.systematic is not None and abs(value) < 1.96 * sigma:
                return "not determined"  # its 95 % interval goes through infinity
        says_little = np.any(abs(value) < 2.0 * sigma)
        agrees = np.all(abs(value - target) <= (3.0 if default_sky else 2.0) * sigma + 1e-9 * abs(target))
    if default_sky:
        return ("compatible" if says_little else "recovered") if agrees else "not recovered"
    return "consistent" if agrees else "differs"


def merge(folder: Path, default_sky: bool) -> dict:
    """Claims of all the notebooks of a run, from `folder`/claims/*.json, each with its verdict, by identifier.

    Where any claim states a truth the sky is a known one, and all are judged as on the default sky.
    """
    made = {}
    for path in sorted((Path(folder) / "claims").glob("*.json")):
        for claim in _read(path):
            if claim.id in made:
                raise ClaimError(f"Claim {claim.id} is made by both {made[claim.id][1]} and {path.stem}: keep one.")
            made[claim.id] = claim, path.stem
    known = default_sky or any(claim.truth is not None for claim, _ in made.values())
    rows = {name: asdict(claim) | {"verdict": verdict(claim, known)} for name, (claim, _) in made.items()}
    return {name: {key: row[key] for key in ENTRIES} for name, row in rows.items()}


def _read(path: Path) -> list[Claim]:
    try:
        return [Claim(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, TypeError, ValueError, RecursionError) as error:
        raise ClaimError(f"{path} holds no claims of a notebook ({' '.join(str(error).split())[:200]}): remove it, and "
                         "run its notebook again.") from None


def liouville_claims(run: Run) -> list[Claim]:
    """Claim of the Liouville map: how much of it is not out."""
    return [Claim("unescaped_fraction", run.liouville.unescaped_fraction, equation="(1)",
                  note="share of orbits still inside the boundary at the end of the path cap, which enter with their "
                       "last state")]


def anisotropy_claims(run: Run) -> list[Claim]:
    """Claims of the fit of Eqs. (1)-(3): A_n, G, chi-square."""
    fit, truth, errors = run.fit, run.truth.claims(run.fit.order) if run.truth else {}, run.systematic
    sampled = "error includes the finite sample of the Liouville map" if run.liouville.replicates > 1 else ""
    note = _note(_caveats(run), sampled, "and what a grid half as fine would change" if run.coarser is not None else "")
    claims = [Claim(name, value, sigma, "1/AU" if name.startswith("G") else "", truth=truth.get(name), equation="(3)",
                    note=note, **_systematic(run, None if errors is None else errors.theta[k]))
              for k, (name, value, sigma) in enumerate(zip(parameter_names(fit.order), fit.theta, fit.sigma,
                                                           strict=True))]
    axes = np.stack([run.liouville.e_x_icrs, run.liouville.e_y_icrs])
    scatter = np.sqrt(np.diag(axes.T @ fit.covariance[-2:, -2:] @ axes))
    true_gradient = np.array([run.truth.G_x, run.truth.G_y]) @ axes if run.truth else None
    return [*claims,
            Claim("G_icrs", fit.theta[-2:] @ axes, scatter, "1/AU", truth=true_gradient, equation="(3)", note=note,
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
    equations = {"eta": "(6)", "omega": "(6)", "d_offset": "(6)", "D_asymmetry": "(6)"}
    claims = []
    for name in ("L_focusing", "gradient_length", "T_0", "T_0_bound", "eta", "omega", "d_offset", "D_asymmetry",
                 "focusing_preference"):
        estimate = getattr(fit, name)
        errors = _systematic(run, shifts.get(name)) if estimate.value is not None else {}
        value, sigma, note = estimate.value, estimate.sigma, estimate.note
        if name == "gradient_length":
            note = _note("one finding with A_1, as ℓ = λ/A_1", note)
        if name == "L_focusing" and shifts and value is not None:
            errors = _systematic(run, shifts["inverse_L"], value**2)
            both = np.hypot(fit.inverse_L.sigma, errors.get("systematic", 0.0) / value**2)
            note = _note(interval(fit.inverse_L.value, both), note)
        if name == "T_0_bound" and value is not None:  # a limit holds with all errors or not at all, and has none
            sigma = None
            if shifts:
                value = float(np.hypot(value, 1.96 * run.systematic.error(shifts["T_0"])))
                note = _note(f"with the statistical error alone {number(estimate.value)}", note)
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
    if run.fit.chi2_reduced > 1.0 + 5.0 * run.fit.chi2_reduced_sigma:
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
