"""The speed of the interstellar plasma relative to the Sun, or the exponent of p/p_0, as a parameter of the fit.

Both enter Eq. (3) in one place, (p/p_0)^-p_index, and there only as a product: the electric field of the moving plasma
and the boost out of its frame make ln(p/p_0) proportional to the speed V, and bend orbits by V/c only. So what can be
fitted is one number, by how much the exponent times the speed exceeds what was assumed.

Even that is nearly lost. Energy and potential together are conserved along an orbit, the potential outside goes with
the guiding centre, and from them follows

    ln(p/p_0) = -V_par mu + V_x R_y/r_g + const,      V = V_par b + V_x e_x  (c = 1),  r_g the gyroradius,

whatever the heliosphere does in between: a change of the speed is a change of A_1 and of G_y. Only what is left of it
(orbits that never get out, a potential that the wind makes of its own) tells one from the other.
"""

import numpy as np

from lisbon_core.anisotropy import AnisotropyError, AnisotropyFit, fit_anisotropy, parameter_names, sample_columns
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.sky import SkyMap


def fit_speed(sky: SkyMap | list[SkyMap], liouville: LiouvilleMap | list[LiouvilleMap], order: int = 7,
              p_index: float = 4.7, base=sample_columns) -> AnisotropyFit:
    """A_n, G and `speed`, the relative change of p_index times the speed of the plasma that the map was made with.

    Parameters
    ----------
    sky, liouville, order, p_index
        As for `fit_anisotropy`.
    base : function
        Columns of Eq. (3), as the `terms` of `fit_anisotropy`.

    Returns
    -------
    AnisotropyFit
        Its last parameter is `speed`: 0 where p_index and the map's speed are right.

    Raises
    ------
    AnisotropyError
        If A_1 and G make up the same sky, as they do without a heliosphere; if p_index is 0.
    """
    if not p_index:
        raise AnisotropyError("p_index is 0, and without a spectrum the speed of the plasma does not show: take a "
                              "p_index above 0")
    names, theta = (*parameter_names(order), "speed"), np.zeros(order + 3)
    for _ in range(10):
        def terms(liouville, sample, order, p_index, theta=theta):
            """Eq. (3) with its exponent as found, and its derivative."""
            columns = base(liouville, sample, order, p_index * (1.0 + theta[-1]))
            change = -p_index * np.log(liouville.momentum_ratio[sample].ravel())
            change *= columns @ np.append(1.0, theta[:-1])
            columns[:, 0] -= theta[-1] * change
            return np.column_stack([columns, change])

        result = fit_anisotropy(sky, liouville, order, p_index, terms=terms, names=names)
        share = share_of_its_own(result)
        if share < 1e-6:
            raise AnisotropyError(f"A_1 and G make up all but {share:.0e} of the sky of another speed: keep it fixed, "
                                  "as it has to be without a heliosphere")
        step, theta = result.theta - theta, result.theta
        if np.all(np.abs(step) < 1e-7 * np.append(result.design.scale[:-1], 1.0)):
            break
    return result


def share_of_its_own(fit: AnisotropyFit) -> float:
    """Share of the power of the last column of a fit, after the rings, that no other column can make."""
    normal = fit.design.scaled_normal(fit.design.relative_intensity(fit.theta)[1])
    return float(1.0 / (normal[-1, -1] * np.linalg.inv(normal)[-1, -1]))
