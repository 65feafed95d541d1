"""What becomes of the errors when pixels that share their data are taken for independent.

A 5-degree average on a 2-degree grid gives some twenty pixels nearly the same events. Whoever takes each pixel's error
bar for independent of its neighbours' finds the same numbers with errors four to five times smaller. And bins of mu
share the pixels of the fitted series: taken for independent as well, even their chi-square looks innocent.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from lisbon_core.anisotropy import AnisotropyFit, PitchAngleDistribution, RenormalisedSky, pitch_angle_distribution
from lisbon_core.liouville import LiouvilleMap
from lisbon_core.transport import fit_transport
from lisbon_core.transport.result import Estimate, TransportFit

__all__ = ["ErrorsTaken", "compare_errors", "independent_bins", "independent_pixels"]


def independent_pixels(fit: AnisotropyFit) -> AnisotropyFit:
    """The same fit, with the errors it would have were the noise of each pixel independent of its neighbours'.

    Estimates and chi-square stay what they are; the Liouville map is taken as exact.
    """
    columns = fit.design
    noise = sparse.csr_array(sparse.diags_array(columns.weight**-0.5))
    columns = replace(columns, noise=noise)
    return replace(fit, design=columns, noise=columns.response(fit.estimator, columns.noise), map_errors={},
                   map_response=fit.map_response[:, :0])


def independent_bins(pad: PitchAngleDistribution) -> PitchAngleDistribution:
    """The same distribution, its error bars taken for the whole truth: covariance without off-diagonal terms."""
    return replace(pad, covariance=np.diag(np.diag(pad.covariance)))


@dataclass(frozen=True)
class ErrorsTaken:
    """A transport fit under one assumption on errors.

    name : what is taken for independent. transport : the fit; where chi2 rejects the model, its errors are enlarged by
    `TransportFit.error_scale`. inverse_L, T_0_bound : 1/pc, 1/yr, with errors as they were before that.
    """

    name: str
    transport: TransportFit
    inverse_L: Estimate
    T_0_bound: Estimate


def taken(name: str, transport: TransportFit) -> ErrorsTaken:
    """The fit beside its errors as they were before any enlargement."""
    def before(estimate: Estimate, field: str) -> Estimate:
        value = getattr(estimate, field)
        return estimate if value is None else replace(estimate, **{field: value / transport.error_scale})

    return ErrorsTaken(name, transport, before(transport.inverse_L, "sigma"), before(transport.T_0_bound, "value"))


def compare_errors(fit: AnisotropyFit, renormalised: RenormalisedSky | list[RenormalisedSky],
                   liouville: LiouvilleMap | list[LiouvilleMap], closure: str = "flux-tube",
                   kappa29: float = 1.0) -> list[ErrorsTaken]:
    """The transport fit of one sky under four assumptions on errors: pixels and bins correlated as they are, or not.

    Returns
    -------
    list of ErrorsTaken
        As they are; bins independent; pixels independent; pixels and bins independent.
    """
    honest = pitch_angle_distribution(renormalised, fit, liouville)
    naive = pitch_angle_distribution(renormalised, independent_pixels(fit), liouville)
    cases = {"nothing": honest, "bins": independent_bins(honest), "pixels": naive,
             "pixels and bins": independent_bins(naive)}
    return [taken(name, fit_transport(pad, closure, kappa29)) for name, pad in cases.items()]
