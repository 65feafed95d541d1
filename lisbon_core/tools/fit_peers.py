"""The fit of Eqs. (1)-(3) solved by others, for comparison: scipy, lmfit and iminuit (the last two: extra `bench`).

All minimise the sum of squared residuals in units of sigma, ring means and all, from a start at zero, in parameters
scaled as ours are, with our analytic Jacobian, and return nothing but the coefficients. When to stop is left at
each code's own default, except that iminuit, which may stop a hundredth of an error from the least, is asked for less
than a thousandth.
"""

from collections.abc import Callable

import numpy as np

from lisbon_core.anisotropy import Design, solve
from lisbon_core.tools.peers import optional

__all__ = ["solvers"]


def solvers(columns: Design, data: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """Functions without arguments that return theta, shape (order + 2,), by the name of the code; ours is the first.

    Parameters
    ----------
    columns : Design
        Model and weights.
    data : ndarray, shape (n_observed,)
        Relative intensity, each ring with mean 1.
    """
    from scipy.optimize import least_squares

    scale, root = columns.scale, np.sqrt(columns.weight)
    start = np.zeros(scale.size)

    def residual(x):
        theta = scale * x
        model = columns.intensity(theta) / (columns.ring_constant + columns.ring_columns @ theta)
        return root * (model - data)

    def slopes(x):
        return columns.relative_intensity(scale * x)[1] * scale * root[:, None]

    def scipy_way(method):
        return lambda: scale * least_squares(residual, start, slopes, method=method).x

    found = {"this package": lambda: solve(columns, data), "scipy trf": scipy_way("trf"), "scipy lm": scipy_way("lm")}
    if lmfit := optional("lmfit"):
        found["lmfit leastsq"] = lambda: scale * _lmfit(lmfit, residual, slopes, columns.names)
    if iminuit := optional("iminuit"):
        found["iminuit migrad"] = lambda: scale * _iminuit(iminuit, residual, slopes, start)
    return found


def _lmfit(lmfit, residual, slopes, names) -> np.ndarray:
    parameters = lmfit.Parameters()
    for name in names:
        parameters.add(name, value=0.0)

    def values(p):
        return np.array([p[name].value for name in names])

    way = lmfit.Minimizer(lambda p: residual(values(p)), parameters, calc_covar=False)
    return values(way.leastsq(Dfun=lambda p: slopes(values(p)).T, col_deriv=1).params)


def _iminuit(iminuit, residual, slopes, start) -> np.ndarray:
    minuit = iminuit.Minuit(lambda x: np.sum(residual(x) ** 2), start, grad=lambda x: 2.0 * residual(x) @ slopes(x))
    minuit.errordef = iminuit.Minuit.LEAST_SQUARES
    minuit.tol = 1e-4  # stops when the sum is estimated to be within 0.002 tol of its least, and that is 4e-4 errors
    return np.array(minuit.migrad().values)
