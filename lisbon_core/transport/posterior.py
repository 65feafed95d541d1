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
from scipy.optimize import least_squares
from scipy.special import gammaln

from lisbon_core.transport.panels import integrals_to, panels
from lisbon_core.transport.scattering import cosine_shape
from lisbon_core.transport.stationary import TransportError, solve

__all__ = ["HIGH", "LOW", "NODES", "Problem", "error_about", "find_minima", "minimise", "problem_for",
           "quantiles", "sample_posterior", "whiten"]

NODES = 24  # on each half of [-1, 1]: enough for what 16 to 40 bins can show
LOW = np.array([-np.inf, -0.98, np.log(0.5), -5.0])  # a, ratio, ln omega, z
HIGH = np.array([np.inf, 0.98, np.log(4.0), 5.0])
EIGENVALUE_CUT = 1e-6  # of the correlation matrix: below, a combination of bins carries rounding, not data
STARTS = 6  # minima of the grid that are polished
FREEDOM = 5.0  # of the t distributions proposed: tails wider than any posterior's
WEAK = 0.4  # z up to which first order about z = 0 proposes well


def shape_at_nodes(ratio, omega, n):
    """h and f for d_offset = 1 at the nodes of `panels(n)`, (batch, 2n): h is even in mu and f odd."""
    h, f = cosine_shape(panels(n).mu[n:], ratio[:, None], omega[:, None])
    return np.hstack([h[:, ::-1], h]), np.hstack([-f[:, ::-1], f])


@dataclass(frozen=True)
class Problem:
    """Whitened bins and the model seen through them: target (k,), through(n) -> (k, 2n) on the nodes of `panels(n)`.

    orders(ratio, omega, z, G) -> x, y is the closure; rates = (dx/dz, dy/dz).
    """

    target: np.ndarray
    through: Callable[[int], np.ndarray]
    orders: Callable
    rates: tuple[float, float]

    def psi(self, ratio, omega, z, n, shape=None):
        """psi at the nodes, and G, for arrays of shapes: (batch, 2n), (batch,)."""
        grid = panels(n)
        h, f = shape_at_nodes(ratio, omega, n) if shape is None else shape
        G = 2.0 * f @ (grid.weights * grid.mu)
        x, y = self.orders(z, G)
        return solve(h, f, x, y, n), G

    def conditional(self, ratio, omega, z_0=0.0):
        """Least squares in (a, b = a (z - z_0)) to first order in z - z_0 at given shapes: means, covariances, chi2."""
        grid, through = panels(NODES), self.through(NODES)
        h, f = shape_at_nodes(ratio, omega, NODES)
        dx, dy = self.rates
        z = np.full_like(ratio, z_0)
        base, _ = self.psi(ratio, omega, z, NODES, shape=(h, f))
        if z_0 == 0.0:
            change = ((dx * f + (dx - dy) * (f @ grid.focus.T)) / h) @ grid.integrate.T
        else:
            ahead, behind = (self.psi(ratio, omega, z + step, NODES, shape=(h, f))[0] for step in (1e-4, -1e-4))
            change = (ahead - behind) / 2e-4
        u, v = base @ through.T, change @ through.T
        uu, uv, vv = np.sum(u * u, 1), np.sum(u * v, 1), np.sum(v * v, 1)
        ut, vt = u @ self.target, v @ self.target
        det = np.maximum(uu * vv - uv**2, 1e-12 * uu * vv)
        covariance = np.stack([vv, -uv, -uv, uu], axis=-1).reshape(-1, 2, 2) / det[:, None, None]
        mean = np.stack([vv * ut - uv * vt, uu * vt - uv * ut], axis=-1) / det[:, None]
        chi2 = self.target @ self.target - mean[:, 0] * ut - mean[:, 1] * vt
        return mean, covariance, chi2

    def residuals(self, p, n=NODES):
        """Whitened data minus model for parameters (batch, 4) = a, ratio, ln omega, z."""
        psi, _ = self.psi(p[:, 1], np.exp(p[:, 2]), p[:, 3], n)
        return self.target - p[:, :1] * (psi @ self.through(n).T)


def whiten(covariance: np.ndarray) -> np.ndarray:
    """Matrix that turns the bins into independent unit normals; combinations without noise of their own are left out.

    F has mean 1, so at least the mean carries no information; the cut is on the correlation matrix.
    """
    sigma = np.sqrt(np.diag(covariance))
    eigenvalues, vectors = np.linalg.eigh(covariance / np.outer(sigma, sigma))
    kept = eigenvalues > EIGENVALUE_CUT * eigenvalues[-1]
    return (vectors[:, kept] / np.sqrt(eigenvalues[kept])).T / sigma


def problem_for(pad, orders, rates) -> Problem:
    """The bins of a pitch-angle distribution as a `Problem` with the closure given; unusable bins are left out."""
    covariance = np.asarray(pad.covariance, float)
    good = np.isfinite(pad.F) & np.isfinite(covariance).all(axis=1) & (np.diag(covariance) > 0)
    good &= np.isfinite(covariance[:, good]).all(axis=1) if good.any() else good
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
            table = np.polynomial.legendre.legvander(grid.mu, response.shape[1])[:, 1:]
            bins = response @ ((table * (degree + 0.5)).T * grid.weights)
        return whitener @ bins[good]

    return Problem(whitener @ (np.asarray(pad.F, float)[good] - 1.0), through, orders, rates)


def minimise(problem: Problem, start: np.ndarray, fixed_z: bool = False, n: int = NODES):
    """Nearest minimum of chi2 within the bounds: parameters (4,), chi2, Fisher matrix with the priors' widths added."""
    free = 3 if fixed_z else 4
    steps = 1e-6 * np.vstack([np.eye(4)[1:free], -np.eye(4)[1:free]])

    def full(p):
        return np.append(p, start[3]) if fixed_z else p

    def jacobian(p):
        at = np.vstack([full(p) + steps, full(p)])
        r = problem.residuals(at, n)
        half = free - 1
        return np.column_stack([(r[-1] - problem.target) / p[0], (r[:half] - r[half:-1]).T / 2e-6])

    scale = max(abs(start[0]), 1e-12)
    inside = np.clip(start[:free], LOW[:free] + 1e-3, HIGH[:free] - 1e-3)
    inside[0] = start[0] or scale
    answer = least_squares(lambda p: problem.residuals(full(p)[None], n)[0], inside, jacobian,
                           bounds=(LOW[:free], HIGH[:free]), x_scale=np.array([scale, 0.2, 0.2, 0.2])[:free],
                           ftol=1e-12, xtol=1e-12, gtol=1e-14, max_nfev=100)
    fisher = answer.jac.T @ answer.jac
    fisher[range(1, free), range(1, free)] += 12.0 / (HIGH - LOW)[1:free] ** 2
    return full(answer.x), 2.0 * answer.cost, fisher


def scan(problem: Problem, z_0: float = 0.0):
    """Grid of shapes and the least squares there: (ratio, ln omega) (n, 2), cell sizes, mean, covariance, chi2."""
    counts = (26, 36)
    axes = [low + (high - low) * (np.arange(count) + 0.5) / count
            for low, high, count in zip(LOW[1:3], HIGH[1:3], counts, strict=True)]
    shapes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    mean, covariance, chi2 = problem.conditional(shapes[..., 0].ravel(), np.exp(shapes[..., 1].ravel()), z_0)
    return shapes.reshape(-1, 2), counts, mean, covariance, chi2


def find_minima(problem: Problem, fixed_z: bool = False):
    """Distinct minima of chi2, best first: list of (parameters, chi2, fisher)."""
    shapes, counts, mean, _, chi2 = scan(problem)
    field_ = np.pad(chi2.reshape(counts), 1, constant_values=np.inf)
    around = [np.roll(field_, shift, (0, 1)) for shift in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    local = np.flatnonzero((field_ <= np.minimum.reduce(around))[1:-1, 1:-1].ravel())
    best = local[np.argsort(chi2[local])][:STARTS]
    found = []
    for i in best:
        a = mean[i, 0]
        z = 0.0 if fixed_z else float(np.clip(mean[i, 1] / a, -2.0, 2.0))
        found.append(minimise(problem, np.array([a, *shapes[i], z]), fixed_z))
    found.sort(key=lambda item: item[1])
    distinct = []
    for item in found:
        if all(np.abs(item[0] - other[0])[1:].max() > 1e-3 for other in distinct):
            distinct.append(item)
    return distinct


def student(delta: np.ndarray, precision: np.ndarray, log_det: np.ndarray) -> np.ndarray:
    """Log density of the multivariate t with the given precision matrix, at offsets delta (..., k)."""
    k = delta.shape[-1]
    square = np.einsum("...i,...ij,...j->...", delta, precision, delta)
    return (gammaln((FREEDOM + k) / 2) - gammaln(FREEDOM / 2) - 0.5 * k * np.log(FREEDOM * np.pi) + 0.5 * log_det
            - 0.5 * (FREEDOM + k) * np.log1p(square / FREEDOM))


def sample_posterior(problem: Problem, minima, rng: np.random.Generator, count: int):
    """Weighted sample of (a, ratio, ln omega, z): (m, 4), weights (m,), and the psi of each at the nodes."""
    best_z = minima[0][0][3]
    z_0 = best_z if abs(best_z) > WEAK else 0.0
    shapes, counts, mean, covariance, chi2 = scan(problem, z_0)
    cell = (HIGH - LOW)[1:3] / counts
    log_cell = -0.5 * (chi2 - chi2.min()) + 0.5 * np.log(np.linalg.det(covariance)) - np.log(np.abs(mean[:, 0]))
    p_cell = np.exp(log_cell - log_cell.max())
    p_cell = 0.98 * p_cell / p_cell.sum() + 0.02 / p_cell.size
    scale = np.array([abs(minima[0][0][0]), 1.0, 1.0, 1.0])  # so that the Fisher matrix is well conditioned
    precisions = [fisher * np.outer(scale, scale) for _, _, fisher in minima]
    log_dets = np.array([np.linalg.slogdet(precision)[1] for precision in precisions])
    p_mode = np.exp(-0.5 * (np.array([c for _, c, _ in minima]) - minima[0][1]) - 0.5 * (log_dets - log_dets[0]))
    p_mode = 0.9 * p_mode / p_mode.sum() + 0.1 / p_mode.size

    half = count // 2
    chi = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, count))
    cells = rng.choice(p_cell.size, half, p=p_cell)
    shape = shapes[cells] + cell * (rng.random((half, 2)) - 0.5)
    m, c, _ = problem.conditional(shape[:, 0], np.exp(shape[:, 1]), z_0)
    linear = m + np.einsum("nij,nj->ni", np.linalg.cholesky(c), rng.standard_normal((half, 2))) * chi[:half, None]
    from_grid = np.column_stack([linear[:, 0], shape, z_0 + linear[:, 1] / linear[:, 0]])
    which = rng.choice(p_mode.size, count - half, p=p_mode)
    roots = np.array([np.linalg.inv(np.linalg.cholesky(precision)).T for precision in precisions])
    offsets = np.einsum("nij,nj->ni", roots[which], rng.standard_normal((count - half, 4))) * chi[half:, None]
    from_modes = np.array([p for p, _, _ in minima])[which] + offsets * scale
    p = np.vstack([from_grid, from_modes])
    p = p[np.all((p > LOW) & (p < HIGH), axis=1)]

    m, c, _ = problem.conditional(p[:, 1], np.exp(p[:, 2]), z_0)
    at = np.clip(((p[:, 1:3] - LOW[1:3]) / cell).astype(int), 0, np.array(counts) - 1)
    precision = np.linalg.inv(c)
    linear = np.column_stack([p[:, 0], p[:, 0] * (p[:, 3] - z_0)]) - m
    log_grid = (np.log(p_cell[at[:, 0] * counts[1] + at[:, 1]] / cell.prod()) + np.log(np.abs(p[:, 0]))
                + student(linear, precision, np.linalg.slogdet(precision)[1]))
    log_modes = np.array([np.log(share) + student((p - q) / scale, precision, log_det) - np.log(scale[0])
                          for (q, _, _), share, precision, log_det
                          in zip(minima, p_mode, precisions, log_dets, strict=True)])
    log_proposal = np.logaddexp(np.logaddexp.reduce(log_modes, axis=0), log_grid) - np.log(2.0)
    psi, G = problem.psi(p[:, 1], np.exp(p[:, 2]), p[:, 3], NODES)
    misfit = problem.target - p[:, :1] * (psi @ problem.through(NODES).T)
    log_weight = -0.5 * np.sum(misfit**2, axis=1) - log_proposal
    weights = np.exp(log_weight - log_weight.max())
    return p, weights / weights.sum(), psi, G


def quantiles(values: np.ndarray, weights: np.ndarray, levels=(0.1587, 0.5, 0.8413)) -> np.ndarray:
    """Weighted quantiles of a sample."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return np.interp(levels, cumulative - 0.5 * weights[order], values[order])


def error_about(best: float, values: np.ndarray, weights: np.ndarray) -> float:
    """Half-width of the interval centred on the best fit that holds 68.27 % of the posterior."""
    return float(quantiles(np.abs(values - best), weights, 0.6827))
