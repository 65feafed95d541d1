"""Eq. (5) by finite volumes: cells of equal width in mu, and the balance of what flows through their faces.

An own solver beside `transport.stationary`, which is checked against it; `studies.in_time` takes the same cells.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from lisbon_core.transport.scattering import ScatteringLaw
from lisbon_core.transport.stationary import closure_lambda

__all__ = ["cells_in_mu", "finite_volume_pad", "flux_matrix"]


def cells_in_mu(cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges, centres and inner faces of equal cells of [-1, 1]."""
    edges = np.linspace(-1.0, 1.0, cells + 1)
    return edges, 0.5 * (edges[1:] + edges[:-1]), edges[1:-1]


def flux_matrix(speed: np.ndarray, diffusion: np.ndarray) -> sparse.csr_array:
    """Matrix of -d_mu(speed g - diffusion g'), from both at the inner faces; nothing leaves [-1, 1]."""
    width = 2.0 / (len(speed) + 1)
    from_left, from_right = 0.5 * speed + diffusion / width, 0.5 * speed - diffusion / width
    main = np.append(0.0, from_right) - np.append(from_left, 0.0)
    return sparse.diags_array([from_left / width, main / width, -from_right / width], offsets=[-1, 0, 1], format="csr")


def finite_volume_pad(law: ScatteringLaw, q: float, closure: str | float = "flux-tube", *, cells: int = 4000):
    """The stationary distribution of Eq. (5) in flux form, second order in the width of a cell.

    d_mu[(1-mu^2)(h F1' - q F1)] = tau - 2 mu - 2 mu (lam - q) F1; the flux vanishes at mu = -1 and 1, and tau is an
    unknown that int F1 = 0 pays for.

    Returns
    -------
    edges : ndarray, shape (cells + 1,)
    F1 : ndarray, shape (cells,)
    tau : float
    """
    edges, mu, face = cells_in_mu(cells)
    area = 1.0 - face**2
    change = sparse.diags_array(2.0 * mu * (closure_lambda(closure, q) - q))
    balance = flux_matrix(q * area, area * law.h(face)) + change
    ones = np.ones((cells, 1))
    system = sparse.block_array([[balance, -ones], [ones.T, None]], format="csc")
    answer = spsolve(system, np.append(-2.0 * mu, 0.0))
    return edges, answer[:-1], float(answer[-1])
