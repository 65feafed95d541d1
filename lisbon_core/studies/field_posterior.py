"""The field that suits a sky best, from fits of the sky for many fields: direction, strength and A_n together.

Each field has a Liouville map of its own, and the sky is fitted anew through each. Chi-square over the fields is a bowl
with a rough floor, since chaotic orbits make every map a little different: so a smooth surface is drawn through the
fields near the bottom. Its lowest point is the best field. Its curvature tells what the noise of the sky leaves open,
and the scatter of the fits about it what the roughness adds. A_n and G are followed along the surface, so that what an
unknown field does to them enters their errors.

With maps of one rigidity and four shared positions on the Earth's orbit, as they were before each pixel had samples of
its own, 64 directions 2.5 by 2 degrees apart found the field of 20 skies 0.33 degrees off (median) with errors of 0.33.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from scipy.optimize import minimize

from lisbon_core.anisotropy import AnisotropyError
from lisbon_core.ground.frames import lonlat, unit_vector

# how far above the lowest reduced chi-square a fit still counts: the surface is cubic there, or, with few, quadratic
NEAR_CUBIC, NEAR_QUADRATIC = 1.0, 0.5


@dataclass(frozen=True)
class FieldPosterior:
    """Field, A_n and G from fits for many fields: a normal law.

    Attributes
    ----------
    field : ndarray, shape (2,) or (3,)
        Longitude and latitude of the best field, degrees; strength, microgauss, where it was varied.
    theta : ndarray, shape (n,)
        A_n, G_x and G_y (1/AU) in that field.
    covariance : ndarray, shape (d + n, d + n)
        Of the field, in degrees on the sphere towards larger longitude and latitude and in the logarithm of the
        strength, and of theta.
    chi2_reduced : float
        Of the surface, in the best field.
    """

    field: np.ndarray
    theta: np.ndarray
    covariance: np.ndarray
    chi2_reduced: float

    @property
    def sigma(self) -> np.ndarray:
        """Standard errors of the field: degrees on the sphere, and of the strength, microgauss."""
        sigma = np.sqrt(np.diag(self.covariance))[:self.field.size]
        return sigma * np.append(np.ones(2), self.field[2:])

    @property
    def theta_sigma(self) -> np.ndarray:
        """Standard errors of theta where the field is not known any better."""
        return np.sqrt(np.diag(self.covariance))[self.field.size:]

    def __str__(self) -> str:
        strength = f", {self.field[2]:.2f} ± {self.sigma[2]:.2f} microgauss" if self.field.size == 3 else ""
        return (f"best field towards longitude {self.field[0]:.1f}, latitude {self.field[1]:.1f} degrees, "
                f"± {self.sigma[0]:.1f} and {self.sigma[1]:.1f} on the sphere{strength}; "
                f"reduced chi-square there {self.chi2_reduced:.2f}")


def field_at(offset, centre) -> np.ndarray:
    """The field at an offset from another, shape (2,) or (3,).

    Parameters
    ----------
    offset, centre : array (2,) or (3,)
        Degrees on the sphere towards larger longitude and latitude, and logarithm of the strength; longitude and
        latitude, degrees, and strength of the other.

    >>> field_at((0.0, 5.0), (219.2, 39.9)).round(6)
    array([219.2,  44.9])
    """
    offset, centre = np.asarray(offset, dtype=float), np.asarray(centre, dtype=float)
    towards, east, north = _axes(centre)
    step = np.radians(offset[0]) * east + np.radians(offset[1]) * north
    angle = np.linalg.norm(step)
    lon, lat = lonlat(np.cos(angle) * towards + np.sinc(angle / np.pi) * step)
    return np.array([float(lon), float(lat), *(centre[2:] * np.exp(offset[2:]))])


def fan(centre, step_deg: float) -> np.ndarray:
    """19 directions, shape (19, 2): the one given, 6 around it at a step and 12 at twice the distance, degrees."""
    turns = [(ring, 2.0 * np.pi * k / (6 * ring)) for ring in (1, 2) for k in range(6 * ring)]
    offsets = [(0.0, 0.0), *((ring * step_deg * np.cos(a), ring * step_deg * np.sin(a)) for ring, a in turns)]
    return np.array([field_at(offset, centre) for offset in offsets]).round(4)


def field_posterior(fields, fits) -> FieldPosterior:
    """The best field and A_n in it, from fits of one sky for many fields.

    Parameters
    ----------
    fields : array (m, 2) or (m, 3)
        Longitude and latitude, degrees, and strength, microgauss, of each field.
    fits : sequence of AnisotropyFit
        Of `fit_anisotropy`, for each; what has the same `theta`, `covariance`, `chi2_reduced` and `effective_pixels`
        will do.

    Raises
    ------
    AnisotropyError
        If there are too few fields near the best one, or it lies outside of them.
    """
    fields, chi2, theta, covariance = (np.array(values, dtype=float) for values in (
        fields, *([getattr(fit, name) for fit in fits] for name in ("chi2_reduced", "theta", "covariance"))))
    centre = fields[np.argmin(chi2)]
    offsets = _offsets(fields, centre)
    size = np.maximum(np.ptp(offsets, axis=0), 1e-12)
    x = offsets / size
    degree, weight, coefficients, spread = _surface(x, chi2)
    best, slope_terms, hessian = _lowest(x[np.argmin(chi2)], degree, coefficients)
    outside = np.abs(best - 0.5 * x.max(axis=0) - 0.5 * x.min(axis=0)) > 0.5
    if np.linalg.eigvalsh(hessian)[0] <= 0.0 or np.any(outside):
        towards = "" if not outside.any() else f" near longitude {centre[0]:g}, latitude {centre[1]:g}"
        raise AnisotropyError(f"the fields that were tried do not enclose the one that suits the sky best{towards}: "
                              "try fields further out on that side, or more of them")
    least = float((_terms(best[None], degree) @ coefficients)[0])
    moved = np.linalg.inv(hessian) @ slope_terms
    # a chi-square above 1 says that the errors are too small; one below 1 is no reason to shrink them
    of_field = 2.0 * max(1.0, least) / fits[0].effective_pixels * np.linalg.inv(hessian) + moved @ spread @ moved.T
    terms = _terms(x - best, 1)
    slopes, _ = _weighted_fit(terms, theta, weight)
    apart = theta - terms @ slopes
    scatter = (apart.T * weight) @ apart / weight.sum()
    along = slopes[1:].T
    of_theta = np.tensordot(weight, covariance, axes=1) / weight.sum() + scatter + along @ of_field @ along.T
    joint = np.block([[of_field, of_field @ along.T], [along @ of_field, of_theta]])
    unit = np.concatenate([size, np.ones(theta.shape[1])])
    return FieldPosterior(field_at(best * size, centre), slopes[0], joint * np.outer(unit, unit), least)


def _axes(centre) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors towards a field, and along larger longitude and latitude."""
    towards, east = unit_vector(centre[0], centre[1]), unit_vector(centre[0] + 90.0, 0.0)
    return towards, east, np.cross(towards, east)


def _offsets(fields: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Degrees on the sphere towards larger longitude and latitude, and logarithm of the strength, from `centre`."""
    towards, east, north = _axes(centre)
    vectors = unit_vector(fields[:, 0], fields[:, 1])
    angle = np.arccos(np.clip(vectors @ towards, -1.0, 1.0))
    across = np.stack([vectors @ east, vectors @ north], axis=1) / np.sinc(angle / np.pi)[:, None]
    return np.column_stack([np.degrees(across), *(np.log(column / centre[2]) for column in fields[:, 2:].T)])


def _terms(x: np.ndarray, degree: int, by: tuple[int, ...] = ()) -> np.ndarray:
    """All products of up to `degree` coordinates of points (m, d), the constant first: (m, n_terms).

    `by` names coordinates by which they are differentiated.
    """
    d = x.shape[1]
    powers = np.array([[chosen.count(k) for k in range(d)] for n in range(degree + 1)
                       for chosen in combinations_with_replacement(range(d), n)])
    factor = np.ones(len(powers))
    for k in by:
        factor, powers = factor * powers[:, k], np.maximum(powers - np.eye(d, dtype=int)[k], 0)
    return factor * np.prod(x[:, None] ** powers, axis=2)


def _weighted_fit(terms: np.ndarray, values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the terms by weighted least squares, and the inverse of the normal matrix."""
    inverse = np.linalg.inv((terms.T * weight) @ terms)
    return inverse @ ((terms.T * weight) @ values), inverse


def _surface(x: np.ndarray, chi2: np.ndarray) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """A cubic where enough points are near the lowest to fix one, else a quadratic through the nearest.

    Its degree, the weights of the points, and the coefficients with their covariance from the scatter about it.
    """
    for degree, near in ((3, NEAR_CUBIC), (2, NEAR_QUADRATIC), (2, NEAR_CUBIC)):
        weight = np.exp(-0.5 * ((chi2 - chi2.min()) / near / max(1.0, chi2.min())) ** 2)
        terms, count = _terms(x, degree), weight.sum() ** 2 / np.sum(weight**2)
        if count >= 1.5 * terms.shape[1]:
            break
    else:
        raise AnisotropyError(f"only {count:.0f} of the {chi2.size} fields that were tried are near the one that suits "
                              f"the sky best, but {1.5 * terms.shape[1]:.0f} are needed: try more fields around "
                              "the best of them")
    coefficients, inverse = _weighted_fit(terms, chi2, weight)
    apart = chi2 - terms @ coefficients
    variance = np.sum(weight * apart**2) / weight.sum() * count / (count - terms.shape[1])
    return degree, weight, coefficients, inverse @ ((terms.T * weight**2) @ terms) @ inverse * variance


def _lowest(start: np.ndarray, degree: int, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a surface is lowest near a point, and there the derivatives of its terms and its own second ones."""
    axes = range(start.size)

    def slopes(x):
        return np.array([_terms(x[None], degree, (k,))[0] for k in axes])

    def hessian(x):
        return np.array([[_terms(x[None], degree, (j, k))[0] @ coefficients for j in axes] for k in axes])

    # short steps: a cubic falls without end beyond the fields that were tried
    x = minimize(lambda x: (_terms(x[None], degree) @ coefficients)[0], start, method="trust-exact", hess=hessian,
                 jac=lambda x: slopes(x) @ coefficients,
                 options={"initial_trust_radius": 0.2, "max_trust_radius": 0.4, "maxiter": 50, "gtol": 1e-10}).x
    return x, slopes(x), hessian(x)
