"""Systematic errors: how far the members of an ensemble move what is read from a sky.

Were a member true, the truth would be what the sky shows when it is fitted through that member. The sky that this truth
makes differs from what the run's assumptions make of it, and that difference, seen through the run's own fit, is the
error of the fit. The members' errors, squared and averaged, are the systematic covariance.

The sky itself has a say. A member through which the reduced chi-square is larger by 1 counts e times less: leniently,
for the likelihood would leave one member of all, and that is not the truth either. A heliosphere of another kind counts
as one member among many, unless the sky is fitted worse than the members' skies would be: then it counts for as much as
the misfit asks, at most once. And a misfit that even this does not explain widens all, in proportion. A sky that is
fitted well makes nothing narrower: members that move A_1 far are often fitted well too.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from lisbon_core.anisotropy.design import Design
from lisbon_core.anisotropy.fit import AnisotropyFit, fit_coefficients
from lisbon_core.sky.discs import Beside

CELLS = 64  # whose means are taken at once
DOMINANT = 3  # assumptions that are named
BEYOND = "what no single quantity explains"


@dataclass(frozen=True)
class Systematic:
    """What the members of an ensemble do to a sky and to its fit.

    The members drawn from the law come first, then the heliosphere of another kind, then what moves no sky but the
    pitch-angle distribution: the frame in which particles scatter.

    Attributes
    ----------
    sky : ndarray, shape (n_observed, n_member)
        Change of the predicted sky before the rings.
    theta : ndarray, shape (order + 2, n_member)
        Shifts of the fitted coefficients.
    weight : ndarray, shape (n_member,)
        Of each member's squared shift in the covariance.
    excess : ndarray, shape (n_member,)
        By how much the reduced chi-square of the fit exceeds 1 on a sky as the member predicts it, without what the
        sampling of the ensemble's own maps adds.
    deviates : ndarray, shape (n_member - 2, n_nuisance)
        What the members of the law drew.
    kinds : tuple of str
        Of the nuisance quantities, then of the last two members.
    """

    sky: np.ndarray
    theta: np.ndarray
    weight: np.ndarray
    excess: np.ndarray
    deviates: np.ndarray
    kinds: tuple[str, ...]

    def error(self, shifts: np.ndarray) -> np.ndarray:
        """Systematic standard error of numbers that the members shift by (..., n_member)."""
        return np.sqrt(np.asarray(shifts) ** 2 @ self.weight)

    def members(self, shifts: np.ndarray) -> float:
        """How many members in effect make a systematic error: (sum e)^2 / sum e^2 of their shares e of its square."""
        share = self.weight * np.square(shifts)
        return float(share.sum() ** 2 / np.sum(share**2)) if share.any() else np.inf

    @property
    def covariance(self) -> np.ndarray:
        """Systematic covariance of theta, shape (order + 2, order + 2)."""
        return (self.theta * self.weight) @ self.theta.T

    def by_kind(self, shifts: np.ndarray) -> dict[str, float]:
        """What each kind of assumption adds to the systematic error of one number, shifts (n_member,), largest first.

        Squares add up to that of the whole, but for chance correlations of what the members drew: shifts are taken as
        proportional to that, and what is left over stands under a heading of its own.
        """
        total = self.weight[:-2].sum()
        share = self.weight[:-2] / total
        drawn = self.deviates - share @ self.deviates
        law, middle = shifts[:-2] - share @ shifts[:-2], share @ shifts[:-2]
        damped = (drawn.T * share) @ drawn + np.eye(drawn.shape[1]) / len(share)
        slopes = np.linalg.solve(damped, (drawn.T * share) @ law)
        found = dict.fromkeys(self.kinds, 0.0)
        for kind, part in zip(self.kinds[:-2], np.sqrt(total * (share @ drawn**2)) * slopes, strict=True):
            found[kind] = float(np.hypot(found[kind], part))
        found[BEYOND] = float(np.sqrt(total * (share @ (law - drawn @ slopes) ** 2 + middle**2)))
        for kind, part in zip(self.kinds[-2:], np.sqrt(self.weight[-2:]) * np.abs(shifts[-2:]), strict=True):
            found[kind] = float(part)
        return dict(sorted(found.items(), key=lambda one: -one[1]))

    def dominant(self, shifts: np.ndarray) -> list[str]:
        """The kinds of assumption that add most to the systematic error of one number, which the members shift."""
        return [kind for kind, part in self.by_kind(shifts).items() if part > 0.0][:DOMINANT]


def systematic(fit: AnisotropyFit, ensemble, frame: str = "frame of the waves") -> Systematic:
    """Systematic errors of a fit from an ensemble.

    Parameters
    ----------
    fit : AnisotropyFit
        Of a sky, through the map that the run assumes.
    ensemble : Ensemble
        Or what has its changes, errors, cells, deviates and kinds.
    frame : str
        What is called that moves no sky, and is added here as the last member: uniform between -1 and 1.
    """
    columns, averaging = fit.design, over_cells(fit.design, ensemble)
    through, misfit = refitted(fit, ensemble)
    terms = np.hstack([np.ones((len(through), 1)), through])
    changed, noise = (averaging @ np.stack([one @ row for one, row in zip(many, terms, strict=True)], axis=1)
                      for many in (ensemble.changes, ensemble.errors))
    excess = _excess(fit, changed) - _excess(fit, noise).mean()
    weight = np.append(_weights(excess, misfit, fit.chi2_reduced - 1.0), 1.0 / 3.0)
    changed = np.pad(changed, ((0, 0), (0, 1)))
    return Systematic(changed, columns.response(fit.estimator, changed), weight, np.append(excess, 0.0),
                      ensemble.deviates, (*ensemble.kinds, frame))


def over_cells(columns: Design, ensemble) -> sparse.csr_array:
    """The disc average of values on the cells of an ensemble, (n_observed, n_cell)."""
    cells = np.array_split(np.arange(len(ensemble.changes[0])), len(ensemble.changes[0]) // CELLS + 1)
    means = (columns.averaging @ (ensemble.cell[:, None] == some).astype(float) for some in cells)
    return sparse.hstack([sparse.csr_array(np.round(mean, 15)) for mean in means], format="csr")  # without 1e-17


def refitted(fit: AnisotropyFit, ensemble) -> tuple[np.ndarray, np.ndarray]:
    """A sky fitted anew through each member: A_n and G, (n_member, order + 2), and reduced chi-square, (n_member,).

    The sampling error of the ensemble's maps scatters the columns as that of the run's map does; both are taken out,
    and what it adds to chi-square is, too.
    """
    columns, cells, found, chi2 = fit.design, over_cells(fit.design, ensemble), [], []
    averaging = Beside.of(fit.data.size, [columns.averaging, cells])
    for change, error in zip(ensemble.changes, ensemble.errors, strict=True):
        moved = columns.columns + cells @ change
        member = replace(columns, columns=moved, averaging=averaging, scatter=np.vstack([columns.scatter, error]))
        found.append(fit_coefficients(member, fit.data))
        misfit = fit.data - member.relative_intensity(found[-1])[0]
        noise = cells @ (error @ np.append(1.0, found[-1]))
        noise -= columns.ring_mean(noise)
        chi2.append(columns.weight @ (misfit**2 - noise**2) / fit.chi2_expected)
    return np.array(found), np.array(chi2)


def _excess(fit: AnisotropyFit, sky: np.ndarray) -> np.ndarray:
    """What changes of a sky (n_observed, m) add to the reduced chi-square once the coefficients have followed, (m,)."""
    columns = fit.design
    _, jacobian = columns.relative_intensity(fit.theta)
    left = sky - columns.ring_mean(sky) - jacobian @ columns.response(fit.estimator, sky)
    return columns.weight @ left**2 / fit.chi2_expected


def _weights(excess: np.ndarray, misfit: np.ndarray, seen: float) -> np.ndarray:
    """Weights of the members' squared errors, shape (n_member,).

    Parameters
    ----------
    excess : ndarray, shape (n_member,)
        By how much chi-square would exceed 1 were the member true.
    misfit : ndarray, shape (n_member,)
        Reduced chi-square of the sky through each.
    seen : float
        By how much that of the sky exceeds 1.
    """
    members = len(excess)
    law = np.exp(misfit[:-1].min() - misfit[:-1])
    law *= (1.0 - 1.0 / members) / law.sum()
    expected, last = np.maximum([law @ excess[:-1], excess[-1]], 1e-3)
    other = np.clip((seen - expected) / last, 1.0 / members, 1.0)
    widening = max(1.0, seen / (expected + other * last))
    return widening * np.append(law, other)
