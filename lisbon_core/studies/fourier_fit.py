"""Generalised least squares on complete rings, one Fourier mode in right ascension at a time.

On complete rings with one error each, the disc average looks the same from every pixel of a ring: the covariance of
the sky is circulant in right ascension and falls apart into one small matrix a mode, and mode 0 is what the rings
remove. A disc average is nearly singular: it has wiped out some modes almost wholly, and a weight that is the exact
inverse restores them, with the model's errors magnified. A floor on the eigenvalues keeps such modes from counting
more than they should; the errors stay right for any floor, because they are propagated and not assumed.
"""

from dataclasses import replace

import numpy as np

from lisbon_core.anisotropy import AnisotropyError, AnisotropyFit, Design, solve

__all__ = ["fit_generalised"]


def fit_generalised(columns: Design, data: np.ndarray, floor: float = 1e-3) -> AnisotropyFit:
    """Fit Eq. (3) with the inverse covariance of the averaging as the weight.

    Parameters
    ----------
    columns : Design
        Model and noise; its rings must be complete.
    data : ndarray, shape (n_observed,)
        Relative intensities.
    floor : float
        Least eigenvalue of the covariance that is believed, as a fraction of the largest; 1 gives back weights that
        hardly differ from ordinary ones.

    Returns
    -------
    AnisotropyFit
        Its chi-square is in the metric of the same weight, over its expectation.

    Raises
    ------
    AnisotropyError
        If a ring is incomplete.
    """
    n_ring, n_ra = columns.rings.shape[0], columns.observed.shape[1]
    if columns.columns.shape[0] != n_ring * n_ra:
        raise AnisotropyError("generalised least squares needs complete rings, and some are cut by a mask: fit with "
                              "fit_anisotropy, or cut whole rings")
    if not 0.0 < floor <= 1.0:
        raise AnisotropyError(f"floor is {floor}, but it must lie above 0 and not above 1: 0.001 is usual")
    data = data / columns.ring_mean(data)
    theta = solve(columns, data)

    first = columns.noise[np.arange(n_ring) * n_ra]
    circulant = (first @ columns.noise.T).toarray().reshape(n_ring, n_ring, n_ra)
    modes = np.moveaxis(np.fft.rfft(circulant, axis=-1).real, -1, 0)[1:]
    values, vectors = np.linalg.eigh(0.5 * (modes + modes.transpose(0, 2, 1)))
    weights = (vectors / np.maximum(values, floor * values.max())[:, None, :]) @ vectors.transpose(0, 2, 1)

    def weighted(fields: np.ndarray) -> np.ndarray:
        """Weight times fields of shape (n_observed, k)."""
        spectrum = np.moveaxis(np.fft.rfft(fields.reshape(n_ring, n_ra, -1), axis=1), 1, 0)
        spectrum = np.concatenate([0.0 * spectrum[:1], weights @ spectrum[1:]])
        return np.fft.irfft(np.moveaxis(spectrum, 0, 1), n_ra, axis=1).reshape(fields.shape)

    for _ in range(20):
        model, jacobian = columns.relative_intensity(theta)
        scaled = jacobian * columns.scale
        estimator = columns.scale[:, None] * np.linalg.solve(scaled.T @ weighted(scaled), weighted(scaled).T)
        step = estimator @ (data - model)
        theta = theta + step
        if np.all(np.abs(step) <= 1e-12 * columns.scale):
            break
    noise = columns.noise_response(estimator)
    residual = (data - model)[:, None]
    # expectation of r^T V r: every eigenmode counts its variance over what the floor says of it, twice but for m = 0
    # and the highest one; the fitted parameters take theirs away
    multiplicity = np.full(modes.shape[0], 2.0)
    if n_ra % 2 == 0:
        multiplicity[-1] = 1.0
    kept = values / np.maximum(values, floor * values.max())
    trace = float(multiplicity @ kept.sum(axis=1))
    expected = trace - float(np.sum((jacobian.T @ weighted(jacobian)) * (noise @ noise.T)))
    effective = trace**2 / float(multiplicity @ (kept**2).sum(axis=1))
    return AnisotropyFit(replace(columns, effective_pixels=effective), theta, noise @ noise.T, columns.on_grid(model),
                         columns.on_grid(columns.intensity(theta)),
                         float((residual.T @ weighted(residual))[0, 0] / expected), float(np.sqrt(2.0 / effective)),
                         estimator, noise, np.empty((0, data.size)))
