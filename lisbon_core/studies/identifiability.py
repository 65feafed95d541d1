"""What a sky can tell of Eq. (3), and what it cannot: information, and its eigenvectors in words.

The rings remove every term that depends on declination alone; a sky seen in part mixes the orders; and without a
heliosphere mu and R are both dipoles, three numbers of which the rings leave two. How badly this hurts is read from
the covariance of the fit: its eigenvectors are the combinations of A_n and G that are known well, or hardly at all.
"""

from dataclasses import dataclass

import numpy as np

from lisbon_core.anisotropy import Design, parameter_names


@dataclass(frozen=True)
class Identifiability:
    """How well each combination of the parameters is known.

    Attributes
    ----------
    names : tuple of str
        Parameters; G is counted per gyroradius, so that all are amplitudes.
    covariance : ndarray, shape (n, n)
        Of the weighted least squares through the averaging.
    errors, directions : ndarray, shapes (n,), (n, n)
        Standard error of each principal combination, worst known first, and the combinations as rows.
    """

    names: tuple[str, ...]
    covariance: np.ndarray
    errors: np.ndarray
    directions: np.ndarray

    def words(self, which: int) -> str:
        """A principal combination as a sentence: its largest parts, and its error."""
        direction = self.directions[which] * np.sign(self.directions[which][np.argmax(np.abs(self.directions[which]))])
        parts = [f"{direction[k]:+.2f} {self.names[k]}" for k in np.argsort(-np.abs(direction))
                 if abs(direction[k]) > 0.25]
        return f"{' '.join(parts)} is known to {self.errors[which]:.1e}"

    def sigma(self, name: str) -> float:
        """Standard error of one parameter."""
        return float(np.sqrt(np.diag(self.covariance))[self.names.index(name)])


def identifiability(columns: Design, radius_AU: float, rings: bool = True) -> Identifiability:
    """Principal combinations of A_n and G on the sky of a design, for small anisotropies.

    Parameters
    ----------
    columns : Design
        Sky and Liouville map.
    radius_AU : float
        Gyroradius in the interstellar field, the unit of length of G here.
    rings : bool
        Whether the sky has been ring-normalised (Eq. 2), or only its overall mean is lost.
    """
    unit = np.concatenate([np.ones(columns.order), [1.0 / radius_AU] * 2])
    jacobian = columns.columns[:, 1:] * unit
    mean = columns.ring_mean if rings else lambda values: np.average(values, axis=0, weights=columns.weight)
    jacobian = jacobian - mean(jacobian)
    weighted = jacobian.T * columns.weight
    # a combination without any information has infinite error; a floor keeps it finite and huge
    values, vectors = np.linalg.eigh(weighted @ jacobian)
    estimator = (vectors / np.maximum(values, 1e-12 * values[-1])) @ vectors.T @ weighted
    response = columns.response(estimator, columns.noise) if rings else estimator @ columns.noise
    covariance = response @ response.T
    variances, directions = np.linalg.eigh(covariance)
    return Identifiability(parameter_names(columns.order), covariance, np.sqrt(np.maximum(variances, 0.0))[::-1],
                           directions.T[::-1])
