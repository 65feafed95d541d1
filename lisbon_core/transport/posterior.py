r"""Fitting a stationary distribution to noisy bins: every minimum of chi^2, and the posterior around them.

The model is F1 = a psi(mu; ratio, omega, x, y) with a = 1/d_offset, ratio = eta/d_offset, x = q a and y = lam a: psi is
the stationary distribution for d_offset = 1. The amplitude a is linear, and so nearly is the focusing b = a z (z is x,
or y - x where x is held); only the shape (ratio, omega) is not, and chi^2 has many minima in omega. So a grid over the
shape, with least squares in (a, b) at each node, finds them all; the best are polished; and the posterior is sampled
by importance from the grid and from the minima together, which stays right whether the data pin the shape or not.
Where the best z is not small, the grid counts b = a (z - z_0) from there.

Priors: flat in a, in ratio on +-0.98, in ln omega on 0.5 to 4, in z on +-5.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import legvander
from scipy.ndimage import generate_binary_structure, minimum_filter
from scipy.optimize import least_squares
from scipy.special import gammaln, softmax

from lisbon_core.transport.panels import integrals_to, panels
from lisbon_core.transport.scattering import cosine_shape
from lisbon_core.transport.stationary import TransportError, solve_stationary

NODES = 24  # on each half of [-1, 1]: enough for what 16 to 40 bins can show
LOW = np.array([-np.inf, -0.98, np.log(0.5), -5.0])  # a, ratio, ln omega, z
HIGH = np.array([np.inf, 0.98, np.log(4.0), 5.0])
GRID = (26, 36)  # shapes tried at first, of ratio and of ln omega
CELL = (HIGH - LOW)[1:3] / GRID
EIGENVALUE_CUT = 1e-6  # of the correlation matrix: below, a combination of bins carries rounding, not data
STARTS = 6  # minima of the grid that are polished
FREEDOM = 5.0  # of the t distributions proposed: tails wider than any posterior's
WEAK = 0.4  # z up to which first order about z = 0 proposes well


@dataclass(frozen=True)
class Problem:
    """Whitened bins and the model seen through them: target (k,), through(n) -> (k, 2n) on the nodes of `panels(n)`.

    The closure is x = held/G + z dx/dz and y = held/G + z dy/dz: rates = (dx/dz, dy/dz) are (1, 1) in a flux tube,
    (1, 0) for a uniform gradient, and (0, 1) with x G = held and Lambda free.
    """

    target: np.ndarray
    through: Callable[[int], np.ndarray]
    rates: tuple[float, float]
    held: float

    def psi(self, ratio, omega, z, n):
        """psi at the nodes, and G, for arrays of shapes: (batch, 2n), (batch,)."""
        grid = panels(n)
        h, f = cosine_shape(grid.mu, ratio[:, None], omega[:, None])
        G = 2.0 * f @ (grid.weights * grid.mu)
        x, y = (self.held / G + rate * z for rate in self.rates)
        return solve_stationary(h, f, x, y, n), G

    def conditional(self, ratio, omega, z_0=0.0):
        """Least squares in (a, b = a (z - z_0)) to first order in z - z_0 at given shapes: means, covariances, chi2."""
        def psi(z):
            return self.psi(ratio, omega, np.full_like(ratio, z), NODES)[0]

        if z_0 == 0.0:
            grid, (dx, dy) = panels(NODES), self.rates
            h, f = cosine_shape(grid.mu, ratio[:, None], omega[:, None])
            change = ((dx * f + (dx - dy) * (f @ grid.focus.T)) / h) @ grid.integrate.T
        else:
            change = (psi(z_0 + 1e-4) - psi(z_0 - 1e-4)) / 2e-4
        design = np.stack([psi(z_0), change], axis=1) @ self.through(NODES).T
        normal = design @ design.transpose(0, 2, 1)
        normal[:, (0, 1), (0, 1)] *= 1.0 + 1e-12  # never singular
        covariance, projected = np.linalg.inv(normal), design @ self.target
        mean = np.einsum("nij,nj->ni", covariance, projected)
        return mean, covariance, self.target @ self.target - np.sum(mean * projected, axis=1)

    def compare(self, p, n=NODES):
        """Whitened data minus model, G and the dipole A_1 for parameters (batch, 4) = a, ratio, ln omega, z."""
        psi, G = self.psi(p[:, 1], np.exp(p[:, 2]), p[:, 3], n)
        A_1 = 1.5 * p[:, 0] * (psi @ (panels(n).weights * panels(n).mu))
        return self.target - p[:, :1] * (psi @ self.through(n).T), G, A_1


def whiten(covariance: np.ndarray) -> np.ndarray:
    """Matrix that turns the bins into independent unit normals; combinations without noise of their own are left out.

    F has mean 1, so at least the mean carries no information; the cut is on the correlation matrix.
    """
    sigma = np.sqrt(np.diag(covariance))
    eigenvalues, vectors = np.linalg.eigh(covariance / np.outer(sigma, sigma))
    kept = eigenvalues > EIGENVALUE_CUT * eigenvalues[-1]
    return (vectors[:, kept] / np.sqrt(eigenvalues[kept])).T / sigma


def problem_for(pad, rates=(1.0, 1.0), held: float = 0.0) -> Problem:
    """The bins of a pitch-angle distribution as a `Problem` with the closure given; unusable bins are left out."""
    covariance = np.asarray(pad.covariance, float)
    good = np.isfinite(pad.F) & np.isfinite(covariance).all(axis=1) & (np.diag(covariance) > 0)
    if good.sum() < 6:
        raise TransportError(f"only {good.sum()} bins of the pitch-angle distribution are usable, and four parameters "
                             "need at least 6")
    whitener = whiten(covariance[np.ix_(good, good)])
    response = getattr(pad, "response", None)

    @functools.cache
    def through(n: int) -> np.ndarray:
        grid = panels(n)
        if response is None:
            bins = np.diff(integrals_to(pad.edges, n), axis=0) / np.diff(pad.edges)[:, None]
        else:
            degree = np.arange(1, response.shape[1] + 1)
            bins = response @ ((legvander(grid.mu, degree[-1])[:, 1:] * (degree + 0.5)).T * grid.weights)
        return whitener @ bins[good]

    return Problem(whitener @ (np.asarray(pad.F, float)[good] - 1.0), through, rates, held)


def minimise(problem: Problem, start: np.ndarray, fixed_z: bool = False, n: int = NODES):
    """Nearest minimum of chi2 within the bounds: parameters (4,), chi2, Fisher matrix with the priors' widths added."""
    free = 3 if fixed_z else 4
    low, high, scale = LOW[:free], HIGH[:free], np.array([max(abs(start[0]), 1e-12), 0.2, 0.2, 0.2])[:free]

    def misfit(p):  # (batch, free)
        return problem.compare(np.hstack([p, np.broadcast_to(start[free:], (len(p), 4 - free))]), n)[0]

    def slopes(p):  # central differences, all in one batch
        step = np.cbrt(np.finfo(float).eps) * np.maximum(np.abs(p), 1.0)
        return ((misfit(p + np.diag(step)) - misfit(p - np.diag(step))) / (2.0 * step[:, None])).T

    answer = least_squares(lambda p: misfit(p[None])[0], np.clip(start[:free], low + 1e-3, high - 1e-3), slopes,
                           (low, high), x_scale=scale, ftol=1e-12, xtol=1e-12, gtol=1e-14, max_nfev=100)
    fisher = answer.jac.T @ answer.jac
    fisher[range(1, free), range(1, free)] += 12.0 / (high - low)[1:] ** 2
    return np.append(answer.x, start[free:]), 2.0 * float(answer.cost), fisher


def nearest(problem: Problem, start: np.ndarray, n: int = NODES):
    """chi2 of the nearest minimum, its parameters (1, 4), G (1,) and A_1 (1,)."""
    best, chi2, _ = minimise(problem, start, n=n)
    return chi2, best[None], *problem.compare(best[None], n)[1:]


def scan(problem: Problem, z_0: float = 0.0):
    """Grid of shapes and the least squares there: (ratio, ln omega) (n, 2), mean, covariance, chi2."""
    axes = [low + cell * (np.arange(count) + 0.5) for low, cell, count in zip(LOW[1:3], CELL, GRID, strict=True)]
    shapes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    return shapes, *problem.conditional(shapes[:, 0], np.exp(shapes[:, 1]), z_0)


def find_minima(problem: Problem, fixed_z: bool = False):
    """Distinct minima of chi2, best first: list of (parameters, chi2, fisher)."""
    shapes, mean, _, chi2 = scan(problem)
    around = minimum_filter(chi2.reshape(GRID), footprint=generate_binary_structure(2, 1), mode="constant", cval=np.inf)
    local = np.flatnonzero(chi2 == around.ravel())
    found = []
    for i in local[np.argsort(chi2[local])][:STARTS]:
        z = 0.0 if fixed_z else float(np.clip(mean[i, 1] / mean[i, 0], -2.0, 2.0))
        found.append(minimise(problem, np.array([mean[i, 0], *shapes[i], z]), fixed_z))
    distinct = []
    for item in sorted(found, key=lambda item: item[1]):
        if all(np.abs(item[0] - other[0])[1:].max() > 1e-3 for other in distinct):
            distinct.append(item)
    return distinct


def student(delta: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Log density of the multivariate t with the given precision matrix, at offsets delta (..., k)."""
    k = delta.shape[-1]
    square = np.einsum("...i,...ij,...j->...", delta, precision, delta)
    return (gammaln((FREEDOM + k) / 2) - gammaln(FREEDOM / 2) - 0.5 * k * np.log(FREEDOM * np.pi)
            + 0.5 * np.linalg.slogdet(precision)[1] - 0.5 * (FREEDOM + k) * np.log1p(square / FREEDOM))


def shares(log_weight: np.ndarray, everywhere: float) -> np.ndarray:
    """Probabilities in proportion to the weights, of which the part `everywhere` is the same for all."""
    return (1.0 - everywhere) * softmax(log_weight) + everywhere / log_weight.size


def sample_transport(problem: Problem, minima, rng: np.random.Generator, count: int):
    """Weighted sample of (a, ratio, ln omega, z): (m, 4), and weights, G and A_1 of each, (m,).

    Half of the proposals come from the grid of shapes, with (a, b) from their least squares there; half from t
    distributions about the minima, for which a is counted in units of its best value (`unit`).
    """
    best_z = minima[0][0][3]
    z_0 = best_z if abs(best_z) > WEAK else 0.0
    shapes, mean, covariance, chi2 = scan(problem, z_0)
    p_cell = shares(-0.5 * chi2 + 0.5 * np.linalg.slogdet(covariance)[1] - np.log(np.abs(mean[:, 0])), 0.02)
    unit = np.array([abs(minima[0][0][0]), 1.0, 1.0, 1.0])
    modes, precisions = np.array([p for p, _, _ in minima]), [fisher * np.outer(unit, unit) for _, _, fisher in minima]
    p_mode = shares(-0.5 * np.array([chi2 for _, chi2, _ in minima]) - 0.5 * np.linalg.slogdet(precisions)[1], 0.1)

    half = count // 2
    wide = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, count))[:, None]  # a normal stretched by it is a t
    cells = rng.choice(p_cell.size, half, p=p_cell)
    shape = shapes[cells] + CELL * (rng.random((half, 2)) - 0.5)
    mean, covariance, _ = problem.conditional(shape[:, 0], np.exp(shape[:, 1]), z_0)
    normal = np.einsum("nij,nj->ni", np.linalg.cholesky(covariance), rng.standard_normal((half, 2)))
    a, b = (mean + normal * wide[:half]).T
    from_grid = np.column_stack([a, shape, z_0 + b / a])
    which = rng.choice(p_mode.size, count - half, p=p_mode)
    roots = np.linalg.inv(np.linalg.cholesky(precisions)).transpose(0, 2, 1)
    normal = np.einsum("nij,nj->ni", roots[which], rng.standard_normal((count - half, 4)))
    p = np.vstack([from_grid, modes[which] + normal * wide[half:] * unit])
    p = p[np.all((p > LOW) & (p < HIGH), axis=1)]

    mean, covariance, _ = problem.conditional(p[:, 1], np.exp(p[:, 2]), z_0)
    row, column = np.clip(((p[:, 1:3] - LOW[1:3]) / CELL).astype(int), 0, np.array(GRID) - 1).T
    linear = np.column_stack([p[:, 0], p[:, 0] * (p[:, 3] - z_0)]) - mean
    log_grid = (np.log(p_cell.reshape(GRID)[row, column] / CELL.prod()) + np.log(np.abs(p[:, 0]))
                + student(linear, np.linalg.inv(covariance)))
    log_modes = [np.log(share / unit[0]) + student((p - mode) / unit, precision)
                 for mode, share, precision in zip(modes, p_mode, precisions, strict=True)]
    log_proposal = np.logaddexp(np.logaddexp.reduce(log_modes, axis=0), log_grid) - np.log(2.0)
    misfit, G, A_1 = problem.compare(p)
    return p, shares(-0.5 * np.sum(misfit**2, axis=1) - log_proposal, 0.0), G, A_1
