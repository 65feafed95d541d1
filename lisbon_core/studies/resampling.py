"""Errors and choices from the data themselves: replicas, rings left out, orders compared.

Replicas redraw the noise through the averaging and the sample of the map (a parametric bootstrap) and are fitted anew.
Leaving out bands of rings asks the sky itself how much its parts agree. The order of the series is judged by
information criteria, with chi-square counted in effective pixels, and by how well one part of the sky foretells
another.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lisbon_core.anisotropy import AnisotropyError, AnisotropyFit, fit_anisotropy, fit_coefficients
from lisbon_core.anisotropy.joint import several
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.sky import SkyMap


def bootstrap(fit: AnisotropyFit, random: np.random.Generator, replicas: int = 1000) -> np.ndarray:
    """Coefficients of skies drawn from the fit, through maps that err as its own does: (replicas, order + 2).

    The noise is correlated as the averaging makes it. The terms of each pixel of the map are moved by the half
    difference of its halves, one way or the other.

    Parameters
    ----------
    fit : AnisotropyFit
        Gives the model, the noise of the sky, and the scatter of the map.
    random : numpy.random.Generator
        Source of both.
    replicas : int
        How many skies.
    """
    columns = fit.design
    model, _ = columns.relative_intensity(fit.theta)
    theta = np.empty((replicas, fit.theta.size))
    for r in range(replicas):
        data = model + columns.noise @ random.standard_normal(columns.noise.shape[1])
        signs = random.choice([-1.0, 1.0], len(columns.scatter))[:, None]
        change = columns.averaging @ (signs * columns.scatter) if signs.size else np.zeros_like(columns.columns)
        moved = replace(columns, columns=columns.columns + change)
        theta[r] = fit_coefficients(moved, data / columns.ring_mean(data))
    return theta


def _bands(skies: list[SkyMap], bands: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Bands of rings of each sky: the observed pixels of each, and those outside that share no data with it."""
    sizes = [int(sky.observed.sum()) for sky in skies]
    for k, sky in enumerate(skies):
        rings, around = np.flatnonzero(sky.observed.any(axis=1)), (sum(sizes[:k]), sum(sizes[k + 1:]))
        if not 2 <= bands <= rings.size:
            raise AnisotropyError(f"bands is {bands}, but the sky has {rings.size} rings: use 2 to {rings.size}")
        dec = np.broadcast_to(sky.dec[:, None], sky.observed.shape)[sky.observed]
        for band in np.array_split(sky.dec[rings], bands):
            beyond = np.pad(np.maximum(band[0] - dec, dec - band[-1]), around, constant_values=np.inf)
            yield beyond <= 0.0, beyond > 2.0 * sky.averaging_deg


def jackknife_rings(sky: SkyMap | list[SkyMap], fit: AnisotropyFit, bands: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients with each band of declination left out, and the covariance these scatter to.

    Parameters
    ----------
    sky, fit : SkyMap, AnisotropyFit
        The sky (or several), and its fit.
    bands : int
        How many bands the rings of each sky are divided into.

    Returns
    -------
    theta : ndarray, shape (n, order + 2)
        One row a band left out.
    covariance : ndarray, shape (order + 2, order + 2)
        (n - 1)/n times the sum of outer products of the deviations from their mean.
    """
    columns = fit.design
    theta = np.array([fit_coefficients(replace(columns, weight=np.where(band, 0.0, columns.weight)), fit.data)
                      for band, _ in _bands(several(sky), bands)])
    deviation = theta - theta.mean(axis=0)
    return theta, (len(theta) - 1.0) / len(theta) * deviation.T @ deviation


def truncation_shift(sky: SkyMap | list[SkyMap], fit: AnisotropyFit, liouville: LiouvilleMap | list[LiouvilleMap],
                     more: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """What A_1 ... A_order, G_x and G_y change by when the series goes on for some orders more.

    A series that stops early makes its last terms take over what lies beyond, and no error bar of the fit knows of it:
    this shift is the systematic error to quote beside it.

    Parameters
    ----------
    sky, fit, liouville : SkyMap, AnisotropyFit, LiouvilleMap
        The fit, and what it was made from.
    more : int
        How many orders more.

    Returns
    -------
    shift, sigma : ndarray, shape (order + 2,)
        Longer series minus the shorter one, and by how much noise and the sample of the map would scatter it.
    """
    longer = fit_anisotropy(sky, liouville, fit.order + more, fit.design.p_index, terms=fit.design.terms)
    kept = [longer.design.names.index(name) for name in fit.design.names]
    estimator = longer.estimator[kept] - fit.estimator
    responses = [fit.design.response(estimator, factor) for factor in (fit.design.noise, fit.map_noise)]
    return longer.theta[kept] - fit.theta, np.sqrt(sum(np.sum(one**2, axis=1) for one in responses))


@dataclass(frozen=True)
class OrderChoice:
    """How well series of different order describe a sky; all criteria: the smaller, the better.

    Attributes
    ----------
    orders : ndarray of int, shape (n,)
    chi2, parameters : ndarray, shape (n,)
        Chi-square in effective pixels, and by how much fitting noise alone would lower it. Noise averaged over discs
        is smooth, as the fitted terms are, so that is more than the number of coefficients (Takeuchi's penalty).
    aic, bic, cross_validation : ndarray, shape (n,)
        Akaike's and the Bayesian criterion with these numbers of parameters; squared deviation of bands of declination
        from the fit to the others, in units of its expectation for noise and map alone.
    """

    orders: np.ndarray
    chi2: np.ndarray
    parameters: np.ndarray
    aic: np.ndarray
    bic: np.ndarray
    cross_validation: np.ndarray


def compare_orders(sky: SkyMap | list[SkyMap], liouville: LiouvilleMap | list[LiouvilleMap], orders=range(1, 11),
                   p_index: float = 4.7, bands: int = 5, **terms) -> OrderChoice:
    """Fit series of several orders and judge them.

    Parameters
    ----------
    sky, liouville : SkyMap, LiouvilleMap
        As for `fit_anisotropy`.
    orders : iterable of int
        Orders to compare.
    bands : int
        Bands of declination of the cross-validation; each is left out in turn together with rings closer to it than
        the averaging radius, which share its data.
    terms
        Columns other than those of Eq. (3), see `design`.
    """
    orders = np.array(list(orders))
    fits = [fit_anisotropy(sky, liouville, int(order), p_index, **terms) for order in orders]
    crossed = np.zeros(orders.size)
    # one effective pixel counts 1, however many share it: the same for all, so that chi-squares can be compared
    expected = np.array([one.design.noise_trace + one.design.expected_squares(one.map_noise) for one in fits])
    longest = np.argmax(orders)
    count = fits[longest].effective_pixels / expected[longest]
    chi2 = count * np.array([one.chi2 for one in fits])
    parameters = count * (expected - [one.chi2_expected for one in fits])
    for i, (columns, data) in enumerate((one.design, one.data) for one in fits):
        for band, others in _bands(several(sky), bands):
            theta = fit_coefficients(replace(columns, weight=np.where(others, columns.weight, 0.0)), data)
            off = data - columns.relative_intensity(theta)[0]
            crossed[i] += columns.weight[band] @ off[band] ** 2 / expected[longest]
    return OrderChoice(orders, chi2, parameters, aic=chi2 + 2.0 * parameters,
                       bic=chi2 + parameters * np.log(fits[longest].effective_pixels), cross_validation=crossed)
