r"""From a pitch-angle distribution to scattering and focusing: Eqs. (5) and (6) fitted to F(mu) with its covariance.

With F1 = a psi(mu; ratio, omega, x, y), a = 1/d_offset, ratio = eta/d_offset, x = q a, y = lam a, as in
`transport.posterior`:

    1/L = (3/4) x G / lambda,   1/l = (3/4) a G / lambda,   G = int (1-mu^2)/(h/d_offset) dmu,   lambda = 3 kappa/v:

the focusing length does not depend on the amplitude, nor D(mu) on anything but the shape (ratio, omega). Values are
those of greatest likelihood; an error is the half-width of the interval about it that holds 68 % of the posterior.

T_0 is fitted with L held at its flux-tube value: L and T_0 both make the even part of F (for isotropic scattering it
is (x + 2 y) mu^2 / (6 d_offset)), and no data tell them apart without a second assumption.
"""

import contextlib
from dataclasses import dataclass

import numpy as np

from lisbon_core.transport.apparent import apparent_asymmetry
from lisbon_core.transport.panels import panels
from lisbon_core.transport.posterior import (
    HIGH,
    LOW,
    NODES,
    Problem,
    error_about,
    find_minima,
    minimise,
    problem_for,
    quantiles,
    sample_transport,
)
from lisbon_core.transport.result import ESTIMATES, Estimate, TransportFit, error_scale
from lisbon_core.transport.scattering import CosineScattering, cosine_shape, mean_free_path_pc
from lisbon_core.transport.stationary import CLOSURES, TransportError, sampled
from lisbon_core.units import PC_PER_YEAR

__all__ = ["fit_transport"]

LEAST_SIGNIFICANCE = 3.0  # of the dipole: below, its sign is open, and with it every length
SAMPLES = 3000
LEAST_EFFECTIVE = 200  # effective number of samples: below, sample again from a better proposal
D_GRID = np.linspace(-1.0, 1.0, 201)


def undetermined(pad, closure: str, kappa29: float, reason: str) -> TransportFit:
    """The fit that a distribution without a significant dipole allows: none, and why."""
    estimates = dict.fromkeys(ESTIMATES, Estimate(None, note=reason))
    with contextlib.suppress(np.linalg.LinAlgError, ValueError):
        estimates["D_asymmetry"] = apparent_asymmetry(pad)
    return TransportFit(closure=closure, kappa29=kappa29, **estimates)


@dataclass(frozen=True)
class WeightedSample:
    """Best fit and weighted sample of one problem, with what lengths are made of: G and A_1 of each.

    Where the model does not fit (chi2 exceeded by chance in less than 0.1 %), errors grow by sqrt(chi2/dof) and say so.
    """

    best: np.ndarray
    chi2: float
    dof: int
    p: np.ndarray
    weights: np.ndarray
    G: np.ndarray
    A_1: np.ndarray

    @property
    def scale(self) -> float:
        """Factor on every error."""
        return error_scale(self.chi2, self.dof)

    def note(self, *notes: str) -> str:
        """The notes given, and that the model does not fit where it does not."""
        misfit = (f"the model does not fit, chi2 = {self.chi2:.0f} for {self.dof} degrees of freedom, and errors are "
                  f"scaled by {self.scale:.1f}") if self.scale > 1.0 else ""
        return "; ".join(note for note in (*notes, misfit) if note)

    def estimate(self, quantity, unit: str = "", *notes: str) -> Estimate:
        """quantity(p, G, A_1) at the best fit, with the error that the posterior gives it there."""
        values = quantity(self.p, self.G, self.A_1)
        error = self.scale * error_about(values[0], values[1:], self.weights)
        return Estimate(float(values[0]), error, unit, self.note(*notes))

    def at_edge(self, column: int) -> str:
        """A note where the best fit lies at the edge of the range searched."""
        if min(self.best[column] - LOW[column], HIGH[column] - self.best[column]) > 0.01 * (HIGH - LOW)[column]:
            return ""
        return "the best fit lies at the edge of the range searched"


def explore(problem: Problem, minima, rng: np.random.Generator, count: int) -> WeightedSample:
    """Polish the best minimum and sample around all of them; the best fit comes first in p, G, A_1."""
    first = minima[0][0]
    n, _ = sampled(CosineScattering(first[1], np.exp(first[2]), 1.0))
    best, chi2, _ = minimise(problem, first, n=n)
    proposals = list(minima)
    for _ in range(4):
        p, weights, psi, G = sample_transport(problem, proposals, rng, count)
        if 1.0 / np.sum(weights**2) > LEAST_EFFECTIVE:
            break
        # a curved ridge: propose from where the sample itself has found the posterior, too
        wide = np.cov(p.T, aweights=weights, ddof=0) + np.linalg.inv(minima[0][2])
        proposals.append((weights @ p, minima[0][1], np.linalg.inv(wide)))
    top, G_top = problem.psi(best[None, 1], np.exp(best[None, 2]), best[None, 3], n)
    A_1 = [1.5 * row[:, 0] * (values @ (grid.weights * grid.mu))
           for row, values, grid in ((best[None], top, panels(n)), (p, psi, panels(NODES)))]
    return WeightedSample(best=best, chi2=chi2, dof=len(problem.target) - 4, p=np.vstack([best, p]), weights=weights,
                          G=np.append(G_top, G), A_1=np.concatenate(A_1))


def fraction_of_prior(posterior: WeightedSample, column: int) -> float:
    """Width of the central 68 % of a parameter in units of what the flat prior alone would give."""
    low, _, high = quantiles(posterior.p[1:, column], posterior.weights)
    return (high - low) / (0.6827 * (HIGH - LOW)[column])


def rate_of_change(pad, held: float, mean_free_path: float, rng) -> tuple[Estimate, Estimate]:
    """T_0 with L held, and the 95 % upper limit on |T_0|."""
    problem = problem_for(pad, rates=(0.0, 1.0), held=held)
    posterior = explore(problem, find_minima(problem), rng, SAMPLES // 3)

    def rate(p, G, A_1):
        return PC_PER_YEAR / 4.0 * A_1 * G * p[:, 3] / mean_free_path

    note = "L held at its flux-tube value"
    values = rate(posterior.p, posterior.G, posterior.A_1)
    spread = np.abs(values[0] + posterior.scale * (values[1:] - values[0]))
    bound = float(quantiles(spread, posterior.weights, 0.95))
    return (posterior.estimate(rate, "1/yr", note),
            Estimate(bound, None, "1/yr", posterior.note("95 %", note)))


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
    if closure not in CLOSURES:
        raise TransportError(f"closure is {closure!r}, but it has to be 'flux-tube' or 'uniform'.")
    mean_free_path = mean_free_path_pc(kappa29)
    rng = np.random.default_rng(0) if rng is None else rng
    try:
        problem = problem_for(pad, rates=(1.0, 1.0) if closure == "flux-tube" else (1.0, 0.0))
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
    a, ratio, ln_omega, x = posterior.best
    rate = 0.75 / mean_free_path

    focusing = 0.75 * posterior.G[0] * x
    weak = "" if abs(focusing) < 1.0 else f"lambda/L = {focusing:.1f} is not the weak focusing that Eq. (5) assumes"
    inverse = posterior.estimate(lambda p, G, A_1: rate * G * p[:, 3], "1/pc", weak, posterior.at_edge(3))
    eta = posterior.estimate(lambda p, G, A_1: p[:, 1] / p[:, 0], "", posterior.at_edge(1))
    omega = posterior.estimate(lambda p, G, A_1: np.exp(p[:, 2]), "", posterior.at_edge(2))
    d_offset = posterior.estimate(lambda p, G, A_1: 1.0 / p[:, 0], "", posterior.at_edge(1))
    if fraction_of_prior(posterior, 2) > 0.8:
        omega = Estimate(None, note="any period from 0.5 to 4 fits the pitch-angle distribution")
    if fraction_of_prior(posterior, 1) > 0.8:
        eta = d_offset = Estimate(None, note="any eta/d_offset between -1 and 1 fits the pitch-angle distribution")
    if closure == "flux-tube":
        T_0, bound = rate_of_change(pad, float(x * posterior.G[0]), mean_free_path, rng)
    else:
        T_0 = posterior.estimate(lambda p, G, A_1: -PC_PER_YEAR / 3.0 * A_1 * rate * G * p[:, 3], "1/yr", "-S/L")
        bound = Estimate(None, note="a uniform gradient forces T_0 = -S/L: there is nothing left to bound")

    half = D_GRID[D_GRID >= 0.0]  # D is even in mu
    h, _ = cosine_shape(half, posterior.p[:, 1, None], np.exp(posterior.p[:, 2, None]))
    values = PC_PER_YEAR / 2.0 * rate * posterior.G[:, None] * (1.0 - half**2) * h
    error = posterior.scale * np.array([error_about(column[0], column[1:], posterior.weights) for column in values.T])
    D, error = (np.concatenate([side[:0:-1], side]) for side in (values[0], error))
    return TransportFit(
        closure=closure, kappa29=kappa29, chi2=posterior.chi2, dof=dof, eta=eta, omega=omega, d_offset=d_offset,
        inverse_L=inverse, L_focusing=focusing_length(inverse),
        gradient_length=posterior.estimate(lambda p, G, A_1: 1e-3 / (rate * G * p[:, 0]), "kpc"),
        T_0=T_0, T_0_bound=bound, D_asymmetry=apparent_asymmetry(pad),
        focusing_preference=Estimate(0.5 * (without[1] - posterior.chi2) / posterior.scale**2,
                                     note=posterior.note("ln L with focusing minus ln L without")),
        mu=D_GRID, D=D, D_low=np.maximum(D - error, 0.0), D_high=D + error,
        law=CosineScattering(float(ratio / a), float(np.exp(ln_omega)), float(1.0 / a)), q=float(x / a),
        samples=posterior.p[1:], weights=posterior.weights)


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
