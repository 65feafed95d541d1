"""B on a grid without divergence: the smallest change of it that takes away the net flux of each cell."""

import numpy as np

from lisbon_core.heliosphere.gridded_report import faces


def without_divergence(points, magnetic, fixed, iterations: int = 100) -> np.ndarray:
    """B (n_1, n_2, n_3, 3) of a spherical grid changed as little as can be, over |B|, so that div B = 0.

    The net flux of a cell is linear in B at its corners, D B; of all changes W y with D (B + W y) = 0 the one with the
    least y is found by LSMR, where W is |B| at each node, and zero at nodes that are `fixed`.

    Parameters
    ----------
    points, magnetic : ndarray (n_1, n_2, n_3, 3)
        Nodes, AU, from pole to pole and round without the end; microgauss.
    fixed : bool ndarray (n_1, n_2, n_3)
        Nodes where B stays as it is.
    iterations : int
        At most.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import lsmr

    shape = points.shape[:3]
    number = np.arange(fixed.size, dtype=np.int32).reshape(shape)
    corners = np.array([[[np.roll(number, -c, axis=2)[a:shape[0] - 1 + a, b:shape[1] - 1 + b].ravel()
                          for c in (0, 1)] for b in (0, 1)] for a in (0, 1)])
    flux, scale = np.zeros((*corners.shape, 3), dtype=np.float32), 0.0
    strength = np.linalg.norm(magnetic, axis=-1).ravel()
    for face, area in faces(points.reshape(-1, 3)[corners]):
        flux[face] += 0.25 * area
        scale = scale + np.linalg.norm(area, axis=-1) * strength[corners[face]].mean(axis=(0, 1))
    weight = np.where(fixed.ravel(), 0.0, strength)
    columns = 3 * corners[..., None] + np.arange(3, dtype=np.int32)
    flux /= scale[:, None].astype(np.float32)
    numbers, columns = (np.moveaxis(values, 3, 0).ravel() for values in (flux, columns))  # cell by cell
    matrix = csr_matrix((numbers, columns, 24 * np.arange(scale.size + 1)), shape=(scale.size, 3 * fixed.size))
    net = matrix @ magnetic.ravel()
    matrix.data *= np.repeat(weight.astype(np.float32), 3)[matrix.indices]
    change = lsmr(matrix, -net, atol=1e-6, btol=1e-6, maxiter=iterations)[0].reshape(-1, 3) * weight[:, None]
    cleaned = magnetic + change.reshape(magnetic.shape)
    cleaned[:, [0, -1]] = cleaned[:, [0, -1]].mean(axis=2, keepdims=True)  # a pole is one point
    return cleaned
