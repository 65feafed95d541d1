"""How far changes of a pitch-angle distribution move what is read from it: each is fitted anew from the best fit."""

from dataclasses import replace

import numpy as np

from lisbon_core.transport.apparent import apparent_asymmetry
from lisbon_core.transport.fit import RATES, rate, told
from lisbon_core.transport.posterior import nearest, problem_for
from lisbon_core.transport.result import TransportFit
from lisbon_core.transport.scattering import mean_free_path_pc

__all__ = ["moved"]


def moved(pad, fit: TransportFit, changes: np.ndarray, legendre: np.ndarray) -> dict[str, np.ndarray]:
    """Shifts of the estimates of a transport fit under changes of the distribution, shape (m,) each.

    T_0 is fitted with L held where the unchanged distribution has it, as `fit_transport` does.

    Parameters
    ----------
    pad : PitchAngleDistribution
        What was fitted.
    fit : TransportFit
        The fit; where it determines nothing, nothing is moved, and the answer is empty.
    changes : ndarray, shape (n_bin, m)
        Of the bins.
    legendre : ndarray, shape (order, m)
        Of A_n with them.
    """
    if fit.law is None:
        return {}
    law, mean_free_path, rows = fit.law, mean_free_path_pc(fit.kappa29), []
    start = np.array([1.0, law.eta, law.d_offset * np.log(law.omega), fit.q]) / law.d_offset
    for change, shift in zip(np.pad(changes, ((0, 0), (1, 0))).T, np.pad(legendre, ((0, 0), (1, 0))).T, strict=True):
        other = replace(pad, F=pad.F + change, legendre=pad.legendre + shift)
        _, p, G, A_1 = nearest(problem_for(other, RATES[fit.closure]), start)
        rows.append({name: column[0] for name, column in told(p, G, A_1, mean_free_path).items()})
        rows[-1]["D_asymmetry"] = apparent_asymmetry(other).value or np.nan
        if fit.closure == "flux-tube":
            if len(rows) == 1:
                held, still = float(p[0, 3] * G[0]), np.append(p[0, :3], 0.0)
            _, p, G, A_1 = nearest(problem_for(other, (0.0, 1.0), held), still)
            rows[-1]["T_0"] = rate(p[0, 3], G[0], A_1[0], mean_free_path)
    return {name: np.array([row[name] for row in rows[1:]]) - rows[0][name] for name in rows[0]}
