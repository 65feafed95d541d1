"""The interstellar field as a fitted parameter: the sky is mapped anew for fields around a first guess, and refitted.

The direction of the field decides where mu = 1 lies on the sky, and its strength the size of the gyroradius. Neither
enters Eq. (3) in closed form, so a small grid of fields is traced, each with a Liouville map of its own. Chaotic orbits
make the maps rough: a field a few degrees off reshuffles them, and chi-square rises in all directions for that alone.
So the fitted skies are made smooth first, a quadratic in the offset of the field for each pixel, and its slope tells
how far the sky at hand is from the guess.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np

from lisbon_core.anisotropy.design import AnisotropyError
from lisbon_core.anisotropy.fit import fit_sampled_map, sample_covariance
from lisbon_core.frames import lonlat, unit_vector
from lisbon_core.heliosphere import HeliosphereParameters, closed_form
from lisbon_core.liouville import cached_sky
from lisbon_core.sky_map import SkyMap, rebin, ring_normalise

__all__ = ["FieldFit", "fit_field"]


@dataclass(frozen=True)
class FieldFit:
    """Fits of a sky for fields around a guess, and the field that suits it best.

    Attributes
    ----------
    guess, offsets : HeliosphereParameters, ndarray, shape (n, 2) or (n, 3)
        Heliosphere whose field is varied; how: degrees on the sphere towards larger longitude and latitude, and
        logarithm of the strength.
    thetas : ndarray, shape (n, order + 2)
        A_n and G that suit each field best.
    chi2 : ndarray, shape (n,)
        Chi-square in effective pixels, in units in which the least reduced one is not above 1.
    best, covariance : ndarray, shapes (2 or 3,), (2 or 3, 2 or 3)
        Offset of the best field; covariance from the noise of the sky, the sample of the map, and its roughness.
    noise_sigma : ndarray, shape (2 or 3,)
        Errors that the noise of the sky alone would leave, were the maps exact.
    chi2_reduced : float
        Of the best field that was traced, over what the noise and the sample of the map lead to expect.
    """

    guess: HeliosphereParameters
    offsets: np.ndarray
    thetas: np.ndarray
    chi2: np.ndarray
    best: np.ndarray
    covariance: np.ndarray
    noise_sigma: np.ndarray
    chi2_reduced: float

    @property
    def sigma(self) -> np.ndarray:
        """Standard errors of `best`."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def parameters(self) -> HeliosphereParameters:
        """The heliosphere with the best field."""
        return shifted(self.guess, self.best)

    def __str__(self) -> str:
        best = self.parameters
        strength = f", {best.field_uG:.2f} ± {best.field_uG * self.sigma[2]:.2f} uG" if self.best.size == 3 else ""
        noise = " and ".join(f"{sigma:.1f}" for sigma in self.noise_sigma[:2])
        return (f"field towards {best.field_frame} longitude {best.field_lon:.1f}, latitude {best.field_lat:.1f}, "
                f"± {self.sigma[0]:.1f} and {self.sigma[1]:.1f} degrees on the sphere{strength}; were the maps "
                f"exact, the noise of the sky would leave {noise} degrees")


def shifted(parameters: HeliosphereParameters, offset) -> HeliosphereParameters:
    """The same heliosphere with its field moved by degrees along longitude and latitude, and scaled by exp."""
    lon, lat = parameters.field_lon, parameters.field_lat
    centre, east = unit_vector(lon, lat), unit_vector(lon + 90.0, 0.0)
    step = np.radians(offset[0]) * east + np.radians(offset[1]) * np.cross(centre, east)
    angle = np.linalg.norm(step)
    lon, lat = lonlat(np.cos(angle) * centre + np.sinc(angle / np.pi) * step)
    strength = parameters.field_uG * float(np.exp(offset[2])) if len(offset) == 3 else parameters.field_uG
    return replace(parameters, field_lon=round(float(lon), 6), field_lat=round(float(lat), 6), field_uG=strength)


def fit_field(sky: SkyMap, guess: HeliosphereParameters, reach_deg: float = 5.0, reach_strength: float = 0.0,
              order: int = 7, p_index: float = 4.7, grid_deg: float = 4.0, **tracing) -> FieldFit:
    """Direction, and if asked strength, of the interstellar field from a sky: 9 or 19 maps, kept in the cache.

    Where the best field lies outside the grid, start again from its `parameters`.

    Parameters
    ----------
    sky, grid_deg : SkyMap, float
        The sky, and the grid onto which it is averaged first.
    guess : HeliosphereParameters
        Where to start.
    reach_deg, reach_strength : float
        Step of the grid: degrees, and the logarithm of the strength (0: the strength is kept).
    order, p_index, tracing
        As for `fit_sampled_map`; for `cached_sky`: rigidity_TV, positions (2 or more), boundary_AU.

    Raises
    ------
    AnisotropyError
        If the maps differ by nothing but their roughness.
    """
    sky = ring_normalise(rebin(sky, grid_deg))
    steps = [reach_deg, reach_deg, reach_strength][: 3 if reach_strength else 2]
    cube = itertools.product((-1, 0, 1), repeat=len(steps))
    offsets = np.array([point for point in cube if np.count_nonzero(point) < 3])
    fits, totals, data = [], [], sky.relative_intensity[sky.observed]
    for offset in offsets * steps:
        liouville = cached_sky(closed_form(shifted(guess, offset)), sky.dec, sky.ra, **tracing)
        fits.append(fit_sampled_map(sky, liouville, order, p_index))
        columns = fits[-1].design
        residual = data / columns.ring_mean(data) - fits[-1].relative_intensity[sky.observed]
        totals.append(residual @ (columns.weight * residual))
    least = fits[int(np.argmin(totals))]
    chi2 = np.array(totals) / min(totals) * least.effective_pixels * min(1.0, least.chi2_reduced)
    pairs = itertools.combinations_with_replacement(range(len(steps)), 2)
    terms = np.column_stack([np.ones(len(offsets)), offsets, *(offsets[:, i] * offsets[:, j] for i, j in pairs)])
    models = np.array([fit.relative_intensity[sky.observed] for fit in fits])
    smooth = np.linalg.lstsq(terms, models)[0]
    rough, degrees = models - terms @ smooth, len(terms) - terms.shape[1]
    slopes = slice(1, 1 + len(steps))
    of_slopes = np.linalg.inv(terms.T @ terms)[slopes, slopes] / degrees
    through, residual = smooth[slopes] * columns.weight, data / columns.ring_mean(data) - smooth[0]
    # roughness makes the slopes too steep on average; what it adds is taken out, as in `fit_sampled_map`
    normal = through @ smooth[slopes].T - of_slopes * np.sum(columns.weight * rough**2)
    if np.linalg.eigvalsh(normal)[0] <= 0.0:
        raise AnisotropyError(f"maps for fields around {guess.field_frame} longitude {guess.field_lon:g}, latitude "
                              f"{guess.field_lat:g} differ by their roughness alone: raise positions or reach_deg")
    noise = columns.noise_response(through)
    inverse = np.linalg.inv(normal)
    noise_sigma = np.sqrt(np.sum((inverse @ noise) ** 2, axis=1)) * steps
    spread = noise @ noise.T + sample_covariance(through @ least.map_shifts.T)
    spread += of_slopes * np.sum((rough @ (columns.weight * residual)) ** 2)
    return FieldFit(guess, offsets * steps, np.array([fit.theta for fit in fits]), chi2,
                    inverse @ through @ residual * steps, inverse @ spread @ inverse * np.outer(steps, steps),
                    noise_sigma, least.chi2_reduced)
