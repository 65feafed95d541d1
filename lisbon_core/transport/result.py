"""What a transport fit hands on: estimates that are a number with an error, or a reason why there is none."""

from dataclasses import dataclass, field, fields

import numpy as np
from scipy.special import chdtrc

from lisbon_core.ground.units import PC_PER_YEAR
from lisbon_core.transport.scattering import CosineScattering
from lisbon_core.transport.stationary import TransportError, stationary_pad


def quantiles(values: np.ndarray, weights: np.ndarray, levels=(0.1587, 0.5, 0.8413)) -> np.ndarray:
    """Weighted quantiles of a sample."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return np.interp(levels, cumulative - 0.5 * weights[order], values[order])


def error_scale(chi2: float, dof: int) -> float:
    """Factor on every error: sqrt(chi2/dof) where chance exceeds chi2 in less than 0.1 % of cases, 1 elsewhere."""
    return float(np.sqrt(chi2 / dof)) if chdtrc(dof, chi2) < 1e-3 else 1.0


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error, or None with the reason why the data do not determine it.

    value, sigma : float or None; unit, note : str
    """

    value: float | None
    sigma: float | None = None
    unit: str = ""
    note: str = ""

    def __str__(self):
        if self.value is None:
            return f"not determined: {self.note}"
        error = "" if self.sigma is None else f" +- {self.sigma:.2g}"
        return f"{self.value:.4g}{error} {self.unit}".strip() + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True, kw_only=True)
class TransportFit:
    """What a pitch-angle distribution says of transport, at a given kappa29 and under a given closure.

    Attributes
    ----------
    inverse_L, L_focusing, gradient_length, T_0, T_0_bound : Estimate
        1/pc, pc, kpc; 1/yr, T_0_bound the 95 % upper limit on |T_0|, its sigma how much higher it is with L held one
        error away.
    eta, omega, d_offset, eta_over_d_offset : Estimate
        Shape of D, dimensionless; the last is zero for isotropic scattering.
    D_asymmetry, focusing_preference : Estimate
        [D(1/2) - D(-1/2)]/[D(1/2) + D(-1/2)] of D without focusing; ln L with minus ln L without focusing.
    chi2, dof : float or None, int
        Of the bins at the best fit, with their full covariance.
    mu, D, D_low, D_high : ndarray, shape (n,)
        D(mu) in 1/yr at the best fit, minus and plus its error; empty where nothing is determined.
    law, q : CosineScattering and float, or None
        The best fit as a transport problem.
    samples, weights : dict of ndarray, shape (n,), and ndarray, shape (n,)
        Weighted posterior sample of inverse_L (1/pc), gradient_length (kpc), eta_over_d_offset and omega; empty where
        nothing is determined.
    """

    closure: str
    kappa29: float
    inverse_L: Estimate
    L_focusing: Estimate
    gradient_length: Estimate
    T_0: Estimate
    T_0_bound: Estimate
    eta: Estimate
    omega: Estimate
    d_offset: Estimate
    eta_over_d_offset: Estimate
    D_asymmetry: Estimate
    focusing_preference: Estimate
    chi2: float | None = None
    dof: int = 0
    mu: np.ndarray = field(default_factory=lambda: np.empty(0))
    D: np.ndarray = field(default_factory=lambda: np.empty(0))
    D_low: np.ndarray = field(default_factory=lambda: np.empty(0))
    D_high: np.ndarray = field(default_factory=lambda: np.empty(0))
    law: CosineScattering | None = None
    q: float | None = None
    samples: dict[str, np.ndarray] = field(default_factory=dict)
    weights: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def error_scale(self) -> float:
        """Factor by which the errors were enlarged because the model does not fit; 1 where it does."""
        return 1.0 if self.chi2 is None else error_scale(self.chi2, self.dof)

    def F(self, mu: np.ndarray, T_0: float | None = None) -> np.ndarray:
        """The fitted distribution; with T_0 (1/yr) given, what the same D and L make of that rate of change.

        T_0 = S (1/Lambda - 1/L) picks Lambda; the answer is taken to first order in the change of T_0, as weak
        focusing allows.
        """
        if self.law is None:
            raise TransportError(f"There is no fitted distribution to draw: {self.eta.note}.")
        pad = stationary_pad(self.law, self.q, self.closure)
        if T_0 is None:
            return pad(mu)
        step = 1e-3 / abs(float(self.law.f(1.0)))
        other = stationary_pad(self.law, self.q, pad.lam + step)
        rate = PC_PER_YEAR / (2e3 * self.gradient_length.value)  # v/(2 l), so that T_0 = rate tau
        return pad(mu) + (other(mu) - pad(mu)) * (T_0 / rate - pad.tau) / (other.tau - pad.tau)

    def __str__(self):
        fit = "no fit" if self.chi2 is None else f"chi2 {self.chi2:.1f} for {self.dof} degrees of freedom"
        head = f"Transport fit, {self.closure} closure, kappa29 = {self.kappa29:g}: {fit}"
        return "\n".join([head, *(f"{name}: {getattr(self, name)}" for name in ESTIMATES)])


ESTIMATES = tuple(one.name for one in fields(TransportFit) if one.type is Estimate)
