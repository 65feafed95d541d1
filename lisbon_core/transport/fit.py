r"""From a pitch-angle distribution to scattering and focusing: Eqs. (5) and (6) fitted to F(mu) with its covariance.

With F1 = a psi(mu; ratio, omega, x, y), a = 1/d_offset, ratio = eta/d_offset, x = q a, y = lam a, as in
`transport.posterior`:

    1/L = (3/4) x G / lambda,   1/l = (3/4) a G / lambda,   G = int (1-mu^2)/(h/d_offset) dmu,   lambda = 3 kappa/v:

the focusing length does not depend on the amplitude, nor D(mu) on anything but the shape (ratio, omega). Values are
those of greatest likelihood; an error is the half-width of the interval about it that holds 68 % of the posterior.

T_0 is fitted with L held at its flux-tube value: L and T_0 both make the even part of F (for isotropic scattering it
is (x + 2 y) mu^2 / (6 d_offset)), and no data tell them apart without a second assumption. How far changes of the
distribution move all this is found by fitting anew from the best fit (`moved`).
"""

from dataclasses import dataclass, replace

import numpy as np

from lisbon_core.ground.units import PC_PER_YEAR
from lisbon_core.transport.apparent import apparent_asymmetry
from lisbon_core.transport.posterior import HIGH, LOW, find_minima, minimise, nearest, problem_for, sample_transport
from lisbon_core.transport.result import ESTIMATES, Estimate, TransportFit, error_scale, quantiles
from lisbon_core.transport.scattering import CosineScattering, cosine_shape, mean_free_path_pc
from lisbon_core.transport.stationary import TransportError, sampled

RATES = {"flux-tube": (1.0, 1.0), "uniform": (1.0, 0.0)}  # what each closure makes of x and y, see `Problem`
UNITS = {"inverse_L": "1/pc", "gradient_length": "kpc", "T_0": "1/yr"}
LEAST_SIGNIFICANCE = 3.0  # of the dipole: below, its sign is open, and with it every length
SAMPLES = 3000
LEAST_EFFECTIVE = 200  # effective number of samples: below, sample again from a better proposal
D_GRID = np.linspace(-1.0, 1.0, 201)


def undetermined(pad, closure: str, kappa29: float, reason: str) -> TransportFit:
    """The fit that a distribution without a significant dipole allows: none, and why."""
    estimates = dict.fromkeys(ESTIMATES, Estimate(None, note=reason)) | {"D_asymmetry": apparent_asymmetry(pad)}
    return TransportFit(closure=closure, kappa29=kappa29, **estimates)


@dataclass(frozen=True)
class WeightedSample:
    """Best fit and weighted sample of one problem; the best fit comes first in p, (m + 1, 4), G and A_1.

    Where the model does not fit (chi2 exceeded by chance in less than 0.1 %), errors grow by sqrt(chi2/dof) and say so.
    """

    chi2: float
    dof: int
    p: np.ndarray
    G: np.ndarray
    A_1: np.ndarray
    weights: np.ndarray

    @property
    def scale(self) -> float:
        """Factor on every error."""
        return error_scale(self.chi2, self.dof)

    def error(self, values: np.ndarray) -> float:
        """Half-width of the interval about the first value, of the best fit, that holds 68.27 % of the posterior."""
        return self.scale * float(quantiles(np.abs(values[1:] - values[0]), self.weights, 0.6827))

    def note(self, *notes: str) -> str:
        """The notes given, and that the model does not fit where it does not."""
        misfit = (f"the model does not fit, chi2 = {self.chi2:.0f} for {self.dof} degrees of freedom, and errors are "
                  f"scaled by {self.scale:.1f}") if self.scale > 1.0 else ""
        return "; ".join(note for note in (*notes, misfit) if note)

    def estimate(self, values: np.ndarray, unit: str = "", *notes: str) -> Estimate:
        """A quantity at the best fit, from its values there and over the sample, with its error and the notes."""
        return Estimate(float(values[0]), self.error(values), unit, self.note(*notes))

    def at_edge(self, column: int) -> str:
        """A note where the best fit lies at the edge of the range searched."""
        best, width = self.p[0, column], HIGH[column] - LOW[column]
        near = min(best - LOW[column], HIGH[column] - best) <= 0.01 * width
        return "the best fit lies at the edge of the range searched" if near else ""

    def is_open(self, column: int) -> bool:
        """Whether the posterior of a parameter is about as wide as the flat prior alone."""
        low, _, high = quantiles(self.p[1:, column], self.weights)
        return high - low > 0.8 * 0.6827 * (HIGH[column] - LOW[column])


def explore(problem, minima, rng: np.random.Generator, count: int) -> WeightedSample:
    """Polish the best minimum and sample around all of them."""
    first = minima[0][0]
    chi2, *best = nearest(problem, first, sampled(CosineScattering(first[1], np.exp(first[2]), 1.0))[0])
    proposals = list(minima)
    for _ in range(4):
        p, weights, G, A_1 = sample_transport(problem, proposals, rng, count)
        if 1.0 / np.sum(weights**2) > LEAST_EFFECTIVE:
            break
        # a curved ridge: propose from where the sample itself has found the posterior, too
        wide = np.cov(p.T, aweights=weights, ddof=0) + np.linalg.inv(minima[0][2])
        proposals.append((weights @ p, minima[0][1], np.linalg.inv(wide)))
    all_of_it = [np.concatenate(pair) for pair in zip(best, (p, G, A_1), strict=True)]
    return WeightedSample(chi2, len(problem.target) - 4, *all_of_it, weights)


def rate(change: np.ndarray, G: np.ndarray, A_1: np.ndarray, mean_free_path: float) -> np.ndarray:
    """T_0 = S (1/Lambda - 1/L) in 1/yr, of change = y - x."""
    return PC_PER_YEAR / 4.0 * A_1 * G * change / mean_free_path


def told(p: np.ndarray, G: np.ndarray, A_1: np.ndarray, mean_free_path: float) -> dict[str, np.ndarray]:
    """What parameters (n, 4) say in absolute terms, shape (n,) each; T_0 is that of a uniform gradient."""
    a, ratio, ln_omega, x = p.T
    per_length = 0.75 / mean_free_path * G
    return {"inverse_L": per_length * x, "gradient_length": 1e-3 / (per_length * a),
            "T_0": rate(-x, G, A_1, mean_free_path),
            "eta": ratio / a, "omega": np.exp(ln_omega), "d_offset": 1.0 / a, "eta_over_d_offset": ratio}


def rate_of_change(pad, held: float, mean_free_path: float, rng) -> tuple[Estimate, Estimate]:
    """T_0 with L held, and the 95 % upper limit on |T_0|.

    T_0 is near zero by construction, for L was found without it. L held one of its errors away would move T_0 by one
    of its own, as only a sum of the two is measured: how much higher the limit would be then is the limit's error.
    """
    problem = problem_for(pad, rates=(0.0, 1.0), held=held)
    posterior = explore(problem, find_minima(problem), rng, SAMPLES // 3)
    values = rate(posterior.p[:, 3], posterior.G, posterior.A_1, mean_free_path)
    note = "L held at its flux-tube value"
    T_0 = posterior.estimate(values, "1/yr", note)
    spread = values[0] + posterior.scale * (values[1:] - values[0])
    bound, *others = (float(quantiles(np.abs(spread + shift), posterior.weights, 0.95))
                      for shift in (0.0, T_0.sigma, -T_0.sigma))
    note = posterior.note("95 %", note)
    return T_0, Estimate(bound, max(others) - bound, "1/yr", note)


def fit_transport(pad, closure: str = "flux-tube", kappa29: float = 1.0,
                  rng: np.random.Generator | None = None) -> TransportFit:
    """Fit Eqs. (5) and (6) to a pitch-angle distribution.

    Parameters
    ----------
    pad : PitchAngleDistribution
        Bins F (n,) of mean 1 with their covariance (n, n), edges (n + 1,), where it has one `response` (n, order), and
        the Legendre coefficients with their covariance.
    closure : 'flux-tube' or 'uniform'
        What the streaming does along the tube; 1/L differs by about 3 between the two.
    kappa29 : float
        Parallel diffusion coefficient in 10^29 cm^2/s: lengths are proportional to it, rates inversely.
    rng : Generator, optional
        For the posterior sample; by default always the same one.

    Returns
    -------
    TransportFit
        Noise-dominated data end in estimates of None with a reason.

    Raises
    ------
    TransportError, ScatteringError
        For an unknown closure or a kappa29 that is not positive.
    """
    if closure not in RATES:
        raise TransportError(f"closure is {closure!r}, but it has to be 'flux-tube' or 'uniform'.")
    mean_free_path = mean_free_path_pc(kappa29)
    rng = np.random.default_rng(0) if rng is None else rng
    try:
        problem = problem_for(pad, rates=RATES[closure])
    except TransportError as error:
        return undetermined(pad, closure, kappa29, str(error))
    dof = len(problem.target) - 4
    mean, spread, _ = problem.conditional(np.zeros(1), np.ones(1))
    significance = abs(mean[0, 0]) / np.sqrt(spread[0, 0, 0])
    if dof < 1 or not significance > LEAST_SIGNIFICANCE:
        return undetermined(pad, closure, kappa29, f"the dipole of the pitch-angle distribution stands at "
                            f"{significance:.1f} sigma, and below {LEAST_SIGNIFICANCE:g} sigma neither scattering nor "
                            "focusing can be told")

    minima = find_minima(problem)
    without = find_minima(problem, fixed_z=True)[0]
    if without[1] < minima[0][1]:  # a shape that the search with focusing has missed
        minima.insert(0, minimise(problem, without[0]))
    posterior = explore(problem, minima, rng, SAMPLES)
    values = told(posterior.p, posterior.G, posterior.A_1, mean_free_path)
    a, ratio, _, x = posterior.p.T

    focusing, edge = values["inverse_L"][0] * mean_free_path, posterior.at_edge(1)
    weak = "" if abs(focusing) < 1.0 else f"lambda/L = {focusing:.1f} is not the weak focusing that Eq. (5) assumes"
    notes = {"inverse_L": (weak, posterior.at_edge(3)), "T_0": ("-S/L",), "eta": (edge,), "d_offset": (edge,),
             "eta_over_d_offset": (edge,), "omega": (posterior.at_edge(2),)}
    found = {name: posterior.estimate(column, UNITS.get(name, ""), *notes.get(name, ()))
             for name, column in values.items()}
    if posterior.is_open(2):
        found["omega"] = Estimate(None, note="any period from 0.5 to 4 fits the pitch-angle distribution")
    if posterior.is_open(1):
        found["eta"] = found["d_offset"] = found["eta_over_d_offset"] = Estimate(
            None, note="any eta/d_offset between -1 and 1 fits the pitch-angle distribution")
    found["T_0_bound"] = Estimate(None, note="a uniform gradient forces T_0 = -S/L: there is nothing left to bound")
    if closure == "flux-tube":
        found["T_0"], found["T_0_bound"] = rate_of_change(pad, float(x[0] * posterior.G[0]), mean_free_path, rng)
    preference = Estimate(0.5 * (without[1] - posterior.chi2) / posterior.scale**2,
                          note=posterior.note("log-likelihood with focusing minus that without"))

    half = D_GRID[D_GRID >= 0.0]  # D is even in mu
    h, _ = cosine_shape(half, ratio[:, None], values["omega"][:, None])
    curves = PC_PER_YEAR / 2e3 / (values["gradient_length"] * a)[:, None] * (1.0 - half**2) * h
    errors = np.array([posterior.error(column) for column in curves.T])
    D, error = (np.concatenate([side[:0:-1], side]) for side in (curves[0], errors))
    return TransportFit(
        **found, L_focusing=focusing_length(found["inverse_L"]), D_asymmetry=apparent_asymmetry(pad),
        focusing_preference=preference, closure=closure, kappa29=kappa29, chi2=posterior.chi2, dof=dof,
        mu=D_GRID, D=D, D_low=np.maximum(D - error, 0.0), D_high=D + error,
        law=CosineScattering(*(float(values[name][0]) for name in ("eta", "omega", "d_offset"))), q=float(x[0] / a[0]),
        samples={name: values[name][1:] for name in ("inverse_L", "gradient_length", "eta_over_d_offset", "omega")},
        weights=posterior.weights)


def focusing_length(inverse: Estimate) -> Estimate:
    """L = 1/(1/L) in pc, with the error that 1/L passes on."""
    if inverse.value == 0.0:
        return Estimate(None, note="1/L is exactly zero")
    L, note = 1.0 / inverse.value, inverse.note
    if abs(inverse.value) < 2.0 * inverse.sigma:
        unbounded = (f"1/L = {inverse.value:.2g} +- {inverse.sigma:.2g} per pc is within 2 sigma of zero: the interval "
                     "of L is unbounded")
        note = f"{unbounded}; {note}" if note else unbounded
    return Estimate(L, L**2 * inverse.sigma, "pc", note)


def moved(pad, fit: TransportFit, changes: np.ndarray, legendre: np.ndarray) -> dict[str, np.ndarray]:
    """Shifts of the estimates of a transport fit under changes of the distribution, shape (m,) each.

    T_0 is fitted with L held where the unchanged distribution has it, as `fit_transport` does.

    Parameters
    ----------
    pad : PitchAngleDistribution
        What was fitted.
    fit : TransportFit
        The fit; where it determines nothing, nothing is moved, and the answer is empty.
    changes : ndarray, shape (n_bin, m)
        Of the bins.
    legendre : ndarray, shape (order, m)
        Of A_n with them.
    """
    if fit.law is None:
        return {}
    law, mean_free_path, rows = fit.law, mean_free_path_pc(fit.kappa29), []
    start = np.array([1.0, law.eta, law.d_offset * np.log(law.omega), fit.q]) / law.d_offset
    for change, shift in zip(np.pad(changes, ((0, 0), (1, 0))).T, np.pad(legendre, ((0, 0), (1, 0))).T, strict=True):
        other = replace(pad, F=pad.F + change, legendre=pad.legendre + shift)
        _, p, G, A_1 = nearest(problem_for(other, RATES[fit.closure]), start)
        rows.append({name: column[0] for name, column in told(p, G, A_1, mean_free_path).items()})
        rows[-1]["D_asymmetry"] = apparent_asymmetry(other).value or np.nan
        if fit.closure == "flux-tube":
            if len(rows) == 1:
                held, still = float(p[0, 3] * G[0]), np.append(p[0, :3], 0.0)
            _, p, G, A_1 = nearest(problem_for(other, (0.0, 1.0), held), still)
            rows[-1]["T_0"] = rate(p[0, 3], G[0], A_1[0], mean_free_path)
    return {name: np.array([row[name] for row in rows[1:]]) - rows[0][name] for name in rows[0]}
