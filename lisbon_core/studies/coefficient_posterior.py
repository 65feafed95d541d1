"""Posterior of a fit by sampling, for what a covariance cannot show: priors, and tails that are not Gaussian.

Pixels that share their data have a covariance that cannot be inverted, so they have no usable likelihood of their own.
What the fit distils from them does: t = E d, with E the estimator of the fit (d theta / d data) and d the sky after the
rings, is Gaussian with the covariance C of the fit, and with t(theta) = E I(theta)/<I(theta)>

    ln L = -(t - t(theta))^T C^-1 (t - t(theta)) / 2.

I/<I> is expanded to second order in theta, as precise as the square of the anisotropy, so that a sky costs nothing.
"""

from collections.abc import Mapping

import numpy as np

from lisbon_core.anisotropy import AnisotropyError, AnisotropyFit


def second_order(fit: AnisotropyFit) -> np.ndarray:
    """Tensor Q, shape (n, n, n), of t(best + s) - t(best) = s + Q s s: the expansion of the rings, Eq. (2)."""
    columns = fit.design
    relative, _ = columns.relative_intensity(fit.theta)
    mean = (columns.ring_columns @ np.append(1.0, fit.theta))[:, None]
    # with x, y the columns and their ring means over <I>, and r = I/<I> at best, I/<I> = (r + x.s)/(1 + y.s)
    x, y = columns.columns[:, 1:] / mean, columns.ring_columns[:, 1:] / mean
    return np.einsum("kp,pi,pj->kij", fit.estimator, relative[:, None] * y - x, y, optimize=True)


def sample_coefficients(fit: AnisotropyFit, random: np.random.Generator,
                        prior: Mapping[str, tuple[float, float]] = (), *,
                        walkers: int = 64, steps: int = 1000) -> tuple[np.ndarray, float]:
    """Posterior of A_n, G and whatever else a fit holds, by emcee.

    Parameters
    ----------
    fit : AnisotropyFit
        Of `fit_anisotropy` or `fit_speed`.
    random : numpy.random.Generator
        Seeds the sampler.
    prior : mapping of name to (mean, sigma)
        Gaussian priors; all other parameters have a flat one.
    walkers, steps : int
        Of the sampler; a fifth of the steps, once more, is thrown away before them.

    Returns
    -------
    samples : ndarray, shape (n, order + 2)
        All of one weight; where more was fitted there are more columns.
    effective : float
        How many independent samples they are worth.

    Raises
    ------
    AnisotropyError
        If a prior names no parameter.

    References
    ----------
    Foreman-Mackey et al. 2013, PASP 125, 306 (emcee).
    """
    import emcee

    names, scale, prior = fit.design.names, fit.design.scale, dict(prior)
    if unknown := set(prior) - set(names):
        raise AnisotropyError(f"a prior is given for {', '.join(sorted(unknown))}, but the parameters are "
                              f"{', '.join(names)}: use one of these")

    pairs = second_order(fit)
    scaled = fit.covariance / np.outer(scale, scale) * (1.0 + 1e-12 * np.eye(len(names)))  # never singular
    precision, width = np.linalg.inv(scaled), np.linalg.cholesky(scaled)
    means, sigmas = np.array([prior.get(name, (0.0, np.inf)) for name in names]).T

    def log_posterior(points: np.ndarray) -> np.ndarray:
        shift = points - fit.theta
        miss = (shift + np.einsum("kij,ni,nj->nk", pairs, shift, shift, optimize=True)) / scale
        return -0.5 * ((points - means) ** 2 @ sigmas**-2.0 + np.einsum("ni,ij,nj->n", miss, precision, miss))

    seeds = np.random.RandomState(int(random.integers(2**32)))
    start = fit.theta + seeds.standard_normal((walkers, len(names))) @ width.T * scale
    # no snooker moves: those of emcee 3.1 carry half the power of their Jacobian, and samples come out too narrow
    sampler = emcee.EnsembleSampler(walkers, len(names), log_posterior, moves=emcee.moves.DEMove(), vectorize=True)
    sampler.run_mcmc(emcee.State(start, random_state=seeds.get_state()), steps // 5 + steps)
    time = np.max(sampler.get_autocorr_time(discard=steps // 5, tol=0))
    return sampler.get_chain(discard=steps // 5, flat=True), float(walkers * steps / time)
