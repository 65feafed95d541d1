r"""Other laws of scattering against the same distribution: how much of the answer is Eq. (6), and how much is data.

Every law here is even in mu and positive, with F1 = a psi as in `transport.posterior`: amplitude, focusing x = q
a, and the parameters of its shape are fitted together. The law without a form of its own is h = exp(sum_k c_k cos(2 k
theta)), mu = cos theta, positive whatever the c_k, and as flexible as one lets it be. For no law at all there is the
symmetry identity: in a flux tube, D even in mu means F1_even - <F1_even> = (q/2) [F1_odd^2 - F1_even^2 - <...>], so
that the odd part of a measured distribution predicts the shape of the even one, and their ratio is q = l/L.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from scipy.optimize import approx_fprime, least_squares

from lisbon_core.transport import ScatteringLaw, TransportError, closure_lambda, mean_free_path_pc, scattering
from lisbon_core.transport.panels import panels
from lisbon_core.transport.posterior import problem_for
from lisbon_core.transport.result import Estimate
from lisbon_core.transport.stationary import solve_stationary

NODES = 48


@dataclass(frozen=True)
class Family:
    """A law by its shape parameters: law(*p) for d_offset = 1, starting points (n, k) and bounds (2, k)."""

    law: Callable[..., ScatteringLaw]
    starts: tuple[tuple[float, ...], ...]
    bounds: tuple[tuple[float, ...], tuple[float, ...]]


def smooth_law(*coefficients: float) -> ScatteringLaw:
    """h = exp(sum_k c_k cos(2 k theta)) of mu = cos theta, k from 1."""
    series = np.zeros(2 * len(coefficients) + 1)
    series[2::2] = coefficients
    return scattering.FunctionScattering(lambda mu: np.exp(np.polynomial.chebyshev.chebval(mu, series)))


FAMILIES = {
    "isotropic": Family(lambda: scattering.IsotropicScattering(1.0), ((),), ((), ())),
    "quasi-linear": Family(lambda index: scattering.QuasilinearScattering(1.0, index), ((1.3,),), ((1.0,), (1.95,))),
    "broadened": Family(lambda index, floor: scattering.BroadenedScattering(1.0, index, np.exp(floor)),
                        ((1.5, -2.0), (2.5, -1.0)), ((1.05, -6.0), (4.0, 3.0))),
    "cosine, Eq. (6)": Family(lambda ratio, omega: scattering.CosineScattering(ratio, np.exp(omega), 1.0),
                              tuple((ratio, np.log(omega)) for ratio in (-0.4, 0.4) for omega in (0.7, 1.0, 1.5, 2.5)),
                              ((-0.98, np.log(0.5)), (0.98, np.log(4.0)))),
    "smooth, 2 terms": Family(smooth_law, ((0.0, 0.0),), ((-4.0,) * 2, (4.0,) * 2)),
    "smooth, 4 terms": Family(smooth_law, ((0.0,) * 4,), ((-4.0,) * 4, (4.0,) * 4)),
}


@dataclass(frozen=True)
class LawFit:
    """Best fit of one family, or of no law: 1/L (1/pc), chi2, the degrees of freedom, and the law in absolute terms.

    bic : chi2 + (number of parameters) ln (number of bins); differences of 2 are slight, of 10 strong.
    """

    name: str
    inverse_L: Estimate
    chi2: float
    dof: int
    law: ScatteringLaw | None = None
    bic: float = np.nan

    def __str__(self):
        return (f"{self.name:<16} chi2 {self.chi2:7.1f} for {self.dof:2d} degrees of freedom, BIC {self.bic:7.1f}, "
                f"1/L = {self.inverse_L}")


def fit_law(pad, name: str | Family, closure: str = "flux-tube", kappa29: float = 1.0) -> LawFit:
    """Fit one family of `FAMILIES`, or a `Family` of one's own, to a pitch-angle distribution with its covariance.

    Raises
    ------
    TransportError
        For an unknown family or closure, or a distribution with too few bins.
    """
    family = name if isinstance(name, Family) else FAMILIES.get(name)
    if family is None:
        raise TransportError(f"There is no family of scattering laws called {name!r}: choose one of "
                             f"{', '.join(FAMILIES)}.")
    problem, grid = problem_for(pad), panels(NODES)
    low, high = np.array([-np.inf, -5.0, *family.bounds[0]]), np.array([np.inf, 5.0, *family.bounds[1]])
    rate = 1.5 / mean_free_path_pc(kappa29)

    def model(p):
        """The bins for amplitude 1 and parameters p = amplitude, x, shape."""
        law, x = family.law(*p[2:]), np.array([p[1]])
        lam = np.array([closure_lambda(closure, p[1])])
        return problem.through(NODES) @ solve_stationary(law.h(grid.mu)[None], law.f(grid.mu)[None], x, lam, NODES)[0]

    def inverse_length(p):
        """1/L = (3/4) x G/lambda depends on x and, through G, on the shape."""
        return rate * p[1] * float(np.sum(grid.weights * grid.mu * family.law(*p[2:]).f(grid.mu)))

    def fit_from(start):
        """Best fit near a start, and the unit in which it counts the amplitude."""
        unit = model(np.array([0.0, 0.0, *start]))
        amplitude = unit @ problem.target / (unit @ unit)
        scale = max(abs(amplitude), 1e-12)
        return least_squares(lambda p: problem.target - p[0] * scale * model(p), [amplitude / scale, 0.05, *start],
                             bounds=(low, high), max_nfev=200), scale

    answer, scale = min((fit_from(start) for start in family.starts), key=lambda found: found[0].cost)
    p = answer.x
    slope = approx_fprime(p, inverse_length, 1e-6)
    fisher = answer.jac.T @ answer.jac
    fisher[range(1, p.size), range(1, p.size)] += 0.01  # a parameter that does nothing must not make it singular
    sigma = float(np.sqrt(slope @ np.linalg.solve(fisher, slope)))
    chi2, bins = 2.0 * float(answer.cost), len(problem.target)
    shape, amplitude = family.law(*p[2:]), p[0] * scale
    law = SimpleNamespace(h=lambda mu: shape.h(mu) / amplitude, f=lambda mu: shape.f(mu) * amplitude)
    return LawFit(name="own family" if family is name else name, law=law, chi2=chi2, dof=bins - p.size,
                  inverse_L=Estimate(inverse_length(p), sigma, "1/pc"), bic=chi2 + p.size * float(np.log(bins)))


def compare_laws(pad, closure: str = "flux-tube", kappa29: float = 1.0) -> list[LawFit]:
    """Every family, best Bayesian information criterion first."""
    return sorted((fit_law(pad, name, closure, kappa29) for name in FAMILIES), key=lambda fit: fit.bic)


def focusing_without_a_law(pad, kappa29: float = 1.0) -> LawFit:
    """Focusing in a flux tube from the even Legendre coefficients against the square of the odd part, for any even D.

    The even coefficients are fitted with q/2 times those of F1_odd^2 - F1_even^2, with the covariance of both; l is
    lambda/A_1. The series has to reach order 2. Chi-square tests that every even order asks for the same q.
    """
    order = len(pad.legendre)
    if order < 2:
        raise TransportError(f"A series to order {order} has no even part to compare: order 2 at least is needed.")
    x, w = leggauss(2 * order + 2)
    table, even = legvander(x, order)[:, 1:], np.arange(1, order, 2)  # P_1, P_2 ...; its columns P_2, P_4, ...
    A, weights = np.asarray(pad.legendre, float), np.eye(even.size)
    odd_part, even_part = table[:, ::2] @ A[::2], table[:, 1::2] @ A[1::2]
    # the even coefficients for q = 1, and their derivatives with respect to A
    project = 0.5 * (even + 1.5)[:, None] * (w[:, None] * table[:, even]).T
    predicted, by_A = project @ (odd_part**2 - even_part**2), 2.0 * project @ (odd_part[:, None] * table)
    by_A[:, even] = -2.0 * project @ (even_part[:, None] * table[:, even])
    for _ in range(4):  # the weights depend on q, and q on the weights
        q = predicted @ weights @ A[even] / (predicted @ weights @ predicted)
        jacobian = np.eye(order)[even] - q * by_A
        weights = np.linalg.inv(jacobian @ pad.legendre_covariance @ jacobian.T)
    rest, rate = A[even] - q * predicted, 1.0 / mean_free_path_pc(kappa29)
    slope = (by_A.T @ weights @ rest + jacobian.T @ weights @ predicted) / (predicted @ weights @ predicted) * A[0]
    slope[0] += q
    sigma = float(rate * np.sqrt(slope @ pad.legendre_covariance @ slope))
    return LawFit("no law at all", Estimate(float(rate * q * A[0]), sigma, "1/pc"), float(rest @ weights @ rest),
                  even.size - 1)
