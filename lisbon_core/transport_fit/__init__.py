"""From a pitch-angle distribution to scattering, focusing and time variation: Eqs. (5) and (6)."""

from lisbon_core.transport_fit.apparent import apparent_asymmetry, apparent_scattering
from lisbon_core.transport_fit.fit import Estimate, TransportFit, fit_transport
from lisbon_core.transport_fit.joint_region import JointRegion, joint_region
from lisbon_core.transport_fit.laws_compared import (
    FAMILIES,
    Family,
    LawFit,
    SymmetricFocusing,
    compare_laws,
    fit_law,
    focusing_without_a_law,
)
from lisbon_core.transport_fit.scales import TransportScales, transport_scales

__all__ = [
    "Estimate",
    "FAMILIES",
    "Family",
    "JointRegion",
    "LawFit",
    "SymmetricFocusing",
    "TransportFit",
    "TransportScales",
    "apparent_asymmetry",
    "apparent_scattering",
    "compare_laws",
    "fit_law",
    "fit_transport",
    "focusing_without_a_law",
    "joint_region",
    "transport_scales",
]
