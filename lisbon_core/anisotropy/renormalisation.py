"""Eq. (2) undone: the fitted model gives each declination ring back the mean it has lost.

A ring-normalised sky knows nothing of what depends on declination alone. The fit of Eq. (3) does, through the shape of
the Legendre terms, so I_rn = (relative intensity observed) x (ring mean of the model), scaled to a global mean of 1.
Whatever varies along a ring is data; the ring means are model.
"""

from dataclasses import dataclass

import numpy as np

from lisbon_core.anisotropy.fit import AnisotropyFit
from lisbon_core.sky import SkyMap, ring_normalise


@dataclass(frozen=True)
class RenormalisedSky:
    """A sky with its rings restored.

    Attributes
    ----------
    sky : SkyMap
        I_rn, with the error of each pixel: its own noise and that of its ring's model mean.
    ring_mean : ndarray, shape (n_dec,)
        Model ring mean each declination was multiplied by, global mean 1; NaN where nothing is observed.
    ring_mean_sigma : ndarray, shape (n_dec,)
        Its standard error.
    global_mean : float
        Mean of the model over the whole sphere, by which the map was divided.
    """

    sky: SkyMap
    ring_mean: np.ndarray
    ring_mean_sigma: np.ndarray
    global_mean: float


def renormalise(sky: SkyMap, fit: AnisotropyFit) -> RenormalisedSky:
    """Restore the ring means of a sky from the model fitted to it, Eq. (2a).

    The global mean is taken over the whole sphere, where the model is defined: a sky seen in part has a mean of its
    own that the dipole shifts.

    Parameters
    ----------
    sky : SkyMap
        The sky that was fitted.
    fit : AnisotropyFit
        Eqs. (1)-(3) fitted to it.

    References
    ----------
    Zhang & Maalal, text below Eq. (3); Amenomori et al. 2006, Science 314, 439, for what the rings remove.
    """
    columns = fit.design
    global_mean = float(columns.full_sky_mean @ np.append(1.0, fit.theta))
    mean = columns.rings @ columns.intensity(fit.theta) / global_mean
    # the global mean moves with the coefficients too
    slopes = (columns.rings @ columns.columns - np.outer(mean, columns.full_sky_mean))[:, 1:] / global_mean

    # pixel noise after the rings plus the model's ring mean, with their correlation; then what the covariance holds
    # beyond the noise of the sky (the sample of the Liouville map, what is not told) on top
    response = slopes @ fit.noise
    # an error of the map moves the model's mean itself, and, through the data, the coefficients the other way
    of_map = slopes @ fit.map_response - (columns.rings @ fit.map_noise).toarray() / global_mean
    extra = np.sum(of_map**2, axis=1) + np.sum((slopes @ fit.untold) ** 2, axis=1)
    mean_sigma = np.sqrt(np.sum(response**2, axis=1) + extra)
    variance = columns.noise_variance(response - columns.ring_noise) + extra[columns.ring]

    per_row = np.full((2, sky.dec.size), np.nan)
    per_row[:, sky.observed.any(axis=1)] = mean, mean_sigma
    restored = sky.replace(relative_intensity=ring_normalise(sky).relative_intensity * per_row[0][:, None],
                           sigma=columns.on_grid(np.sqrt(variance)))
    return RenormalisedSky(restored, *per_row, global_mean)
