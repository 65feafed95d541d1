"""From a pitch-angle distribution to scattering, focusing and time variation: Eqs. (5) and (6)."""

from lisbon_core.transport.apparent import apparent_asymmetry, apparent_scattering
from lisbon_core.transport.fit import fit_transport, moved
from lisbon_core.transport.result import Estimate, TransportFit
from lisbon_core.transport.scattering import (
    BroadenedScattering,
    CosineScattering,
    FunctionScattering,
    IsotropicScattering,
    QuasilinearScattering,
    ScatteringError,
    ScatteringLaw,
    cosine_shape,
    diffusion_coefficient,
    gradient_length_kpc,
    inverse_h_integral,
    mean_free_path_pc,
    parallel_kappa29,
)
from lisbon_core.transport.stationary import CLOSURES, StationaryPAD, TransportError, closure_lambda, stationary_pad
