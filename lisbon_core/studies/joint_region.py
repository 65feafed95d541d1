r"""Focusing and change in time from one distribution: the region that 1/L and T_0 fill together.

Both make the even part of F: for isotropic scattering it is (1/L + 2/Lambda) times one and the same function of mu,
and T_0 = S (1/Lambda - 1/L). So chi-square is a valley along 1/Lambda = const - 1/(2 L), that is

    T_0 = const - (3/2) S/L,

which no precision closes; a flux tube (T_0 = 0) and a uniform gradient (T_0 = -S/L) cross it at lengths L that differ
by the factor 3. Other shapes of D tell the two effects apart only by what is left in A_4 and A_6.
"""

from dataclasses import dataclass

import numpy as np

from lisbon_core.ground.units import PC_PER_YEAR
from lisbon_core.transport import TransportError, cosine_shape, mean_free_path_pc
from lisbon_core.transport.fit import rate
from lisbon_core.transport.panels import panels
from lisbon_core.transport.posterior import NODES, problem_for
from lisbon_core.transport.stationary import solve_stationary


@dataclass(frozen=True)
class JointRegion:
    """Chi-square over 1/L and T_0 with the shape of D held and the amplitude at its best everywhere.

    Attributes
    ----------
    inverse_L, T_0, delta_chi2 : ndarray, shape (n, n)
        1/pc and 1/yr of each point, and chi2 less its least value; T_0 varies along axis 0.
    streaming : float
        S in pc/yr at the best fit: a uniform gradient is the line T_0 = -S/L.
    flux_tube, uniform : float
        1/L (1/pc) of least chi2 on the lines of the two closures.
    """

    inverse_L: np.ndarray
    T_0: np.ndarray
    delta_chi2: np.ndarray
    streaming: float
    flux_tube: float
    uniform: float


def joint_region(pad, transport, points: int = 81) -> JointRegion:
    """Chi-square of a distribution over 1/L and T_0, Eq. (5a), for the shape of D that `fit_transport` found.

    The axes run from -2 to 4 times the fitted 1/L (or twice its error, where that is more) and from -4 to 4 times the
    S/L that belongs to it.

    Parameters
    ----------
    pad : PitchAngleDistribution
        Bins with their covariance.
    transport : TransportFit
        Its law gives the shape, its 1/L the scale of the axes.
    points : int
        Along each axis.

    Raises
    ------
    TransportError
        If nothing was fitted.
    """
    if transport.law is None:
        raise TransportError(f"There is no fitted distribution to start from: {transport.eta.note}.")
    law, grid, problem = transport.law, panels(NODES), problem_for(pad)
    h, f = cosine_shape(grid.mu, law.eta / law.d_offset, law.omega)
    G, mean_free_path = 2.0 * float(f @ (grid.weights * grid.mu)), mean_free_path_pc(transport.kappa29)
    per_x = 0.75 * G / mean_free_path  # 1/L for x = q/d_offset = 1

    def chi2_at(x, change):
        """chi2 and A_1 at l/L = d_offset x and l/Lambda = d_offset (x + change)."""
        psi = solve_stationary(np.tile(h, (x.size, 1)), np.tile(f, (x.size, 1)), x, x + change, NODES)
        seen = psi @ problem.through(NODES).T
        a = seen @ problem.target / np.sum(seen**2, axis=1)
        return (np.sum((problem.target - a[:, None] * seen) ** 2, axis=1),
                1.5 * a * (psi @ (grid.weights * grid.mu)))

    inverse = transport.inverse_L
    unit = np.copysign(max(abs(inverse.value), 2.0 * inverse.sigma), inverse.value) / per_x
    x, change = np.meshgrid(np.linspace(-2.0, 4.0, points) * unit, np.linspace(-4.0, 4.0, points) * unit)
    rows = [chi2_at(*row) for row in zip(x, change, strict=True)]
    chi2, A_1 = (np.array(column) for column in zip(*rows, strict=True))
    fine = np.linspace(-2.0, 4.0, 20 * points) * unit
    tube, uniform = (per_x * fine[np.argmin(chi2_at(fine, along)[0])] for along in (0.0 * fine, -fine))
    return JointRegion(inverse_L=per_x * x, T_0=rate(change, G, A_1, mean_free_path), delta_chi2=chi2 - chi2.min(),
                       streaming=PC_PER_YEAR / 3.0 * float(A_1.ravel()[np.argmin(chi2)]), flux_tube=float(tube),
                       uniform=float(uniform))
