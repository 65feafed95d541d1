"""Generalised least squares on complete rings, one Fourier mode in right ascension at a time.

On complete rings with one error each, the disc average looks the same from every pixel of a ring: the covariance of
the sky is circulant in right ascension and falls apart into one small matrix a mode, and mode 0 is what the rings
remove. A disc average is nearly singular: it has wiped out some modes almost wholly, and a weight that is the exact
inverse restores them, with the model's errors magnified. A floor on the eigenvalues keeps such modes from counting
more than they should; the errors stay right for any floor, because they are propagated and not assumed.
"""

import numpy as np

from lisbon_core.anisotropy import AnisotropyError, AnisotropyFit, Design, fit_coefficients

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
        Least eigenvalue of the covariance that is believed, as a fraction of the largest, above 0 up to 1, which gives
        back weights that hardly differ from ordinary ones.

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
    data = data / columns.ring_mean(data)
    theta = fit_coefficients(columns, data)

    first = columns.noise[np.arange(n_ring) * n_ra]
    circulant = (first @ columns.noise.T).toarray().reshape(n_ring, n_ring, n_ra)
    modes = np.moveaxis(np.fft.rfft(circulant, axis=-1).real, -1, 0)[1:]
    values, vectors = np.linalg.eigh(0.5 * (modes + modes.transpose(0, 2, 1)))
    believed = np.maximum(values, floor * values.max())
    weights = (vectors / believed[:, None, :]) @ vectors.transpose(0, 2, 1)

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
    noise = columns.response(estimator, columns.noise)
    residual = data - model
    # expectation of r^T V r: every eigenmode counts its variance over what the floor says of it, twice but for m = 0
    # and the highest one; the fitted parameters take theirs away
    multiplicity = np.where(2 * np.arange(1, len(modes) + 1) < n_ra, 2.0, 1.0)
    kept = values / believed
    trace = float(multiplicity @ kept.sum(axis=1))
    fitted = np.sum((jacobian.T @ weighted(jacobian)) * (noise @ noise.T))
    return AnisotropyFit(design=columns, theta=theta, estimator=estimator, noise=noise,
                         chi2=residual @ weighted(residual), chi2_expected=trace - fitted,
                         effective_pixels=trace**2 / float(multiplicity @ (kept**2).sum(axis=1)),
                         map_errors={})
