"""Errors and choices from the data themselves: replicas, rings left out, orders compared.

Replicas redraw the noise through the averaging (a parametric bootstrap) and are fitted anew. Leaving out bands of
rings asks the sky itself how much its parts agree. The order of the series is judged by information criteria, with
chi-square counted in effective pixels, and by how well one part of the sky foretells another.
"""

from dataclasses import dataclass, replace

import numpy as np

from lisbon_core.anisotropy import AnisotropyError, AnisotropyFit, Design, design, fit_design, solve
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.sky import SkyMap

__all__ = ["OrderChoice", "bootstrap", "compare_orders", "jackknife_rings", "truncation_shift"]


def bootstrap(fit: AnisotropyFit, random: np.random.Generator, replicas: int = 1000) -> np.ndarray:
    """Coefficients of skies drawn from the fit, its noise correlated as the averaging makes it: (replicas, order + 2).

    Parameters
    ----------
    fit : AnisotropyFit
        Gives the model, and the noise of the sky.
    random : numpy.random.Generator
        Source of the noise.
    replicas : int
        How many skies.
    """
    columns = fit.design
    model, _ = columns.relative_intensity(fit.theta)
    theta = np.empty((replicas, fit.theta.size))
    for r in range(replicas):
        data = model + columns.noise @ random.standard_normal(columns.noise.shape[1])
        theta[r] = solve(columns, data / columns.ring_mean(data))
    return theta


def _without(sky: SkyMap, rows: np.ndarray) -> SkyMap:
    """The sky without some of its rings; what the discs draw on stays."""
    values = sky.relative_intensity.copy()
    values[rows] = np.nan
    return sky.replace(relative_intensity=values)


def _bands(sky: SkyMap, bands: int) -> list[np.ndarray]:
    rows = np.flatnonzero(sky.observed.any(axis=1))
    if not 2 <= bands <= rows.size:
        raise AnisotropyError(f"bands is {bands}, but the sky has {rows.size} rings: use 2 to {rows.size}")
    return np.array_split(rows, bands)


def jackknife_rings(sky: SkyMap, liouville: LiouvilleMap, order: int = 7, p_index: float = 4.7,
                    bands: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients with each band of declination left out, and the covariance these scatter to.

    Returns
    -------
    theta : ndarray, shape (bands, order + 2)
        One row a band left out.
    covariance : ndarray, shape (order + 2, order + 2)
        (bands - 1)/bands times the sum of outer products of the deviations from their mean.
    """
    theta = []
    for rows in _bands(sky, bands):
        rest = _without(sky, rows)
        theta.append(fit_design(design(rest, liouville, order, p_index), rest.relative_intensity[rest.observed]).theta)
    theta = np.array(theta)
    deviation = theta - theta.mean(axis=0)
    return theta, (bands - 1.0) / bands * deviation.T @ deviation


def truncation_shift(sky: SkyMap, fit: AnisotropyFit, liouville: LiouvilleMap,
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
        Longer series minus the shorter one, and by how much the noise of the sky alone would scatter it.
    """
    columns = design(sky, liouville, fit.order + more, fit.design.p_index)
    longer = fit_design(columns, sky.relative_intensity[sky.observed])
    same = fit_design(fit.design, sky.relative_intensity[sky.observed])
    kept = [columns.names.index(name) for name in fit.design.names]
    return longer.theta[kept] - same.theta, np.sqrt(np.sum((longer.noise[kept] - same.noise) ** 2, axis=1))


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
        from the fit to the others, in units of its expectation for noise alone.
    """

    orders: np.ndarray
    chi2: np.ndarray
    parameters: np.ndarray
    aic: np.ndarray
    bic: np.ndarray
    cross_validation: np.ndarray

    def __str__(self) -> str:
        best = {name: self.orders[np.argmin(getattr(self, name))] for name in ("aic", "bic", "cross_validation")}
        return ", ".join(f"{name}: order {order}" for name, order in best.items())


def compare_orders(sky: SkyMap, liouville: LiouvilleMap, orders=range(1, 11), p_index: float = 4.7,
                   bands: int = 5) -> OrderChoice:
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
    """
    orders = np.array(list(orders))
    full = {order: design(sky, liouville, int(order), p_index) for order in orders}
    chi2, parameters, crossed = np.empty(orders.size), np.empty(orders.size), np.zeros(orders.size)
    for i, order in enumerate(orders):
        columns = full[order]
        fit = fit_design(columns, sky.relative_intensity[sky.observed])
        data = sky.relative_intensity[sky.observed] / columns.ring_mean(sky.relative_intensity[sky.observed])
        model, jacobian = columns.relative_intensity(fit.theta)
        residual = data - model
        # one effective pixel counts 1, however many pixels share it
        count = columns.effective_pixels / columns.noise_trace
        chi2[i] = residual @ (columns.weight * residual) * count
        parameters[i] = np.sum((jacobian.T * columns.weight) @ jacobian * fit.covariance) * count
        row = np.broadcast_to(np.arange(sky.dec.size)[:, None], sky.observed.shape)[sky.observed]
        for rows in _bands(sky, bands):
            margin = sky.averaging_deg * 2.0
            near = (sky.dec >= sky.dec[rows[0]] - margin) & (sky.dec <= sky.dec[rows[-1]] + margin)
            rest = _without(sky, near)
            theta = solve(*_reduced(columns, data, rest.observed[sky.observed]))
            held = np.isin(row, rows)
            off = data[held] - columns.relative_intensity(theta)[0][held]
            crossed[i] += off @ (columns.weight[held] * off) / columns.noise_trace
    return OrderChoice(orders, chi2, parameters, chi2 + 2.0 * parameters,
                       chi2 + parameters * np.log(full[orders[0]].effective_pixels), crossed)


def _reduced(columns: Design, data: np.ndarray, kept: np.ndarray) -> tuple[Design, np.ndarray]:
    """The design and the data on whole rings that are kept: enough of it to solve for the coefficients."""
    return replace(columns, constant=columns.constant[kept], columns=columns.columns[kept],
                   ring_constant=columns.ring_constant[kept], ring_columns=columns.ring_columns[kept],
                   weight=columns.weight[kept]), data[kept]
