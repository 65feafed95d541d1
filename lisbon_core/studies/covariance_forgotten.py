"""What becomes of the errors when pixels that share their data are taken for independent.

A 5-degree average on a 2-degree grid gives some twenty pixels nearly the same events. Whoever takes each pixel's error
bar for independent of its neighbours' finds the same numbers with errors four to five times smaller. And bins of mu
share the pixels of the fitted series: taken for independent as well, even their chi-square looks innocent.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse

from lisbon_core.anisotropy import AnisotropyFit, PitchAngleDistribution, pitch_angle_distribution
from lisbon_core.run import Run
from lisbon_core.transport import TransportFit, fit_transport


def independent_pixels(fit: AnisotropyFit) -> AnisotropyFit:
    """The same fit, with the errors it would have were the noise of each pixel independent of its neighbours'.

    Estimates and chi-square stay what they are; the Liouville map is taken as exact.
    """
    columns = replace(fit.design, noise=sparse.csr_array(sparse.diags_array(fit.design.weight**-0.5)))
    return replace(fit, design=columns, noise=columns.response(fit.estimator, columns.noise), map_errors={},
                   map_response=fit.map_response[:, :0])


def independent_bins(pad: PitchAngleDistribution) -> PitchAngleDistribution:
    """The same distribution, its error bars taken for the whole truth: covariance without off-diagonal terms."""
    return replace(pad, covariance=np.diag(np.diag(pad.covariance)))


def before_enlargement(transport: TransportFit) -> TransportFit:
    """The fit with the error of 1/L and the bound on T_0 as they were before a bad chi-square enlarged all errors."""
    inverse, bound, scale = transport.inverse_L, transport.T_0_bound, transport.error_scale
    return replace(transport, inverse_L=replace(inverse, sigma=inverse.sigma and inverse.sigma / scale),
                   T_0_bound=replace(bound, value=bound.value and bound.value / scale))


def compare_errors(run: Run) -> dict[str, TransportFit]:
    """The transport fit of a run under four assumptions on errors, by what is taken for independent.

    Where chi-square rejects the model the errors are enlarged, see `before_enlargement`.
    """
    p, naive = run.parameters, pitch_angle_distribution(run.all_renormalised, independent_pixels(run.fit), run.maps)
    cases = {"bins": independent_bins(run.pad), "pixels": naive, "pixels and bins": independent_bins(naive)}
    return {"nothing": run.transport, **{name: fit_transport(pad, p.closure, p.kappa29) for name, pad in cases.items()}}
