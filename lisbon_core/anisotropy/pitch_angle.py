"""Eq. (4): from the renormalised sky to the pitch-angle distribution.

    PAD = I_rn (p/p_0)^p_index - (G_x R_x + G_y R_y)                                                      (4)

One pixel holds particles of many pitch angles: the disc average, the year, the rigidities that pass for one energy, the
solar cycle and the chaos of orbits that come back to the heliosphere spread mu by about 0.4. So a bin of mu is the
fitted F averaged over the bin, plus what the pixels show beyond the model, each pixel counted with its share of samples
in the bin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import legint, legval

from lisbon_core.anisotropy.fit import AnisotropyFit
from lisbon_core.anisotropy.joint import several
from lisbon_core.anisotropy.renormalisation import RenormalisedSky
from lisbon_core.anisotropy.terms import mean_columns
from lisbon_core.liouville import LiouvilleMap

RESPONSE_ORDER = 24


@dataclass(frozen=True)
class PitchAngleDistribution:
    """Pitch-angle distribution F(mu) of mean 1, in bins and as a Legendre series.

    Attributes
    ----------
    mu, edges : ndarray, shapes (n_bin,), (n_bin + 1,)
        Bin centres and edges in the pitch-angle cosine.
    F : ndarray, shape (n_bin,)
        The distribution, averaged over each bin.
    covariance : ndarray, shape (n_bin, n_bin)
        Of F, from the noise of the sky (and the sample of the Liouville map, where the fit includes it).
    response : ndarray, shape (n_bin, n)
        What the bins show of a true distribution 1 + sum a_n P_n: F is expected to be 1 + response @ a. For a bin
        average pure and simple it is `bin_averages`; the truncated fit and the spread of mu in a pixel change it.
    legendre, legendre_covariance : ndarray, shapes (order,), (order, order)
        Fitted A_1 ... A_order.
    operator : ndarray, shape (n_bin, n_observed)
        d F / d data: how the bins move with small changes of the sky, see `Design.response`.
    """

    mu: np.ndarray
    edges: np.ndarray
    F: np.ndarray
    covariance: np.ndarray
    response: np.ndarray
    legendre: np.ndarray
    legendre_covariance: np.ndarray
    operator: np.ndarray

    @property
    def sigma(self) -> np.ndarray:
        """Standard error of each bin."""
        return np.sqrt(np.diag(self.covariance))

    def series(self, mu) -> np.ndarray:
        """The fitted series 1 + sum A_n P_n(mu)."""
        return legval(np.asarray(mu, dtype=float), np.concatenate([[1.0], self.legendre]))


def bin_averages(edges: np.ndarray, order: int) -> np.ndarray:
    """Averages of P_1 ... P_order over bins of mu, exactly, shape (n_bin, order).

    Examples
    --------
    >>> bin_averages(np.array([-1.0, 0.0, 1.0]), 1).ravel().tolist()
    [-0.5, 0.5]
    """
    integrals = legval(edges, legint(np.eye(order + 1)[:, 1:]))
    return (np.diff(integrals) / np.diff(edges)).T


def _shares(maps: list[LiouvilleMap], edges: np.ndarray, half: int | None = None) -> np.ndarray:
    """Fraction of each pixel's samples (or of one half of them) in each bin of mu, shape (n_pixel, n_bin)."""
    shares = []
    for one in maps:
        among = slice(None) if half is None else one.replicate == half
        bins = np.clip(np.searchsorted(edges, one.mu[among], side="right") - 1, 0, edges.size - 2)
        shares.append(np.stack([one.average(bins == k).ravel() for k in range(edges.size - 1)], axis=1))
    return np.concatenate(shares)


def pitch_angle_distribution(renormalised: RenormalisedSky | list[RenormalisedSky], fit: AnisotropyFit,
                             liouville: LiouvilleMap | list[LiouvilleMap], n_bins: int = 16) -> PitchAngleDistribution:
    """Pitch-angle distribution of a renormalised sky (or several, fitted together), Eq. (4), with its covariance.

    Parameters
    ----------
    renormalised : RenormalisedSky
        I_rn, global mean 1.
    fit : AnisotropyFit
        The fit that restored it: gives G, p_index and the model F.
    liouville : LiouvilleMap
        mu, R and p/p_0 of the pixels.
    n_bins : int
        Bins of equal width in mu.

    References
    ----------
    Zhang & Maalal, Eq. (4).
    """
    columns, order, maps = fit.design, fit.order, several(liouville)
    edges = np.linspace(-1.0, 1.0, n_bins + 1)
    legendre, gradient = fit.theta[:order], fit.theta[order:]

    # Eq. (4) on a pixel that is an average, minus what the model expects there. F has mean 1 over mu, I_rn over the
    # sky at Earth; the heliosphere does not map one on the other evenly, so the global mean is taken out again.
    constant, terms = columns.columns[:, 0], columns.columns[:, 1:]
    restored = [one.sky.relative_intensity[one.sky.observed] * one.global_mean for one in several(renormalised)]
    pad = (np.concatenate(restored) - terms[:, order:] @ gradient) / constant
    excess = pad - (1.0 + terms[:, :order] @ legendre / constant)

    share = (columns.averaging @ _shares(maps, edges)) * columns.weight[:, None]
    total = np.where(share.sum(axis=0) > 0.0, share.sum(axis=0), 1.0)
    share = (share / total).T
    averages = bin_averages(edges, RESPONSE_ORDER)
    parts = [mean_columns(one, RESPONSE_ORDER, columns.p_index, columns.terms) for one in maps]
    mean, scatter = (np.concatenate(part) for part in zip(*parts, strict=True))
    # shares and terms of a pixel come from the same orbits and err together: what that adds to products of the two
    in_common, missed = np.zeros((n_bins, RESPONSE_ORDER + 3)), np.zeros((order + 2, RESPONSE_ORDER))
    fitted = [*range(1, order + 1), -2, -1]
    _, jacobian = columns.relative_intensity(fit.theta)
    if columns.scatter.size:
        reach = columns.reach(columns.averaging)
        halves = [_shares(maps, edges, k) for k in (0, 1)]
        in_common = (0.5 * (halves[0] - halves[1]).T * reach) @ scatter / total[:, None]
        cross = columns.taken_out(scatter[:, 1:-2])
        missed = columns.solve(jacobian, columns.scale[:, None] * cross)
    F = 1.0 + averages[:, :order] @ legendre + share @ excess + in_common[:, [0, *fitted]] @ np.append(1.0, fit.theta)

    # small changes d of the sky move the bins by T d: through the fitted series, and through the excess
    from_fit = averages[:, :order] @ np.eye(order, order + 2) - share @ jacobian + in_common[:, fitted]
    operator = from_fit @ fit.estimator + share
    noise, of_map = columns.response(operator, columns.noise), columns.response(operator, fit.map_noise)
    covariance = sum(part @ part.T for part in (noise, of_map, from_fit @ fit.untold))

    high = columns.averaging @ mean[:, 1:-2]
    high = high - columns.ring_mean(high)
    response = from_fit @ (fit.estimator @ high - missed) + share @ high - in_common[:, 1:-2]
    return PitchAngleDistribution(mu=0.5 * (edges[1:] + edges[:-1]), edges=edges, F=F, covariance=covariance,
                                  response=response, legendre=legendre,
                                  legendre_covariance=fit.covariance[:order, :order], operator=operator)
