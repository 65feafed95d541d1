"""How far changes of a pitch-angle distribution move what is read from it: each is fitted anew from the best fit."""

from dataclasses import replace

import numpy as np

from lisbon_core.transport.apparent import apparent_asymmetry
from lisbon_core.transport.posterior import minimise, problem_for
from lisbon_core.transport.result import TransportFit
from lisbon_core.transport.scattering import mean_free_path_pc
from lisbon_core.units import PC_PER_YEAR

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
    law, mean_free_path = fit.law, mean_free_path_pc(fit.kappa29)
    tube = fit.closure == "flux-tube"
    start = np.array([1.0, law.eta, law.d_offset * np.log(law.omega), fit.q]) / law.d_offset
    rows = []
    for change, shift in zip(np.pad(changes, ((0, 0), (1, 0))).T, np.pad(legendre, ((0, 0), (1, 0))).T, strict=True):
        other = replace(pad, F=pad.F + change, legendre=pad.legendre + shift)
        (a, ratio, ln_omega, x), G, A_1 = _best(problem_for(other, (1.0, 1.0) if tube else (1.0, 0.0)), start)
        per_length = 0.75 / mean_free_path * G
        if not rows:
            held, still = x * G, np.append(start[:3], 0.0)
        rate = -PC_PER_YEAR / 3.0 * A_1 * per_length * x
        if tube:
            (*_, z), G, A_1 = _best(problem_for(other, (0.0, 1.0), held), still)
            rate = PC_PER_YEAR / 4.0 * A_1 * G * z / mean_free_path
        rows.append((per_length * x, 1e-3 / (per_length * a), ratio / a, np.exp(ln_omega), 1.0 / a, rate,
                     apparent_asymmetry(other).value or np.nan))
    names = ("inverse_L", "gradient_length", "eta", "omega", "d_offset", "T_0", "D_asymmetry")
    values = np.array(rows).T
    return dict(zip(names, values[:, 1:] - values[:, :1], strict=True))


def _best(problem, start) -> tuple[np.ndarray, float, float]:
    """Parameters of the nearest minimum, G and A_1 there."""
    best = minimise(problem, start)[0]
    _, G, A_1 = problem.compare(best[None])
    return best, float(G[0]), float(A_1[0])
