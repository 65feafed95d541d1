"""From a pitch-angle distribution to scattering, focusing and time variation: Eqs. (5) and (6)."""

from lisbon_core.transport_fit.fit import Estimate, TransportFit, fit_transport
from lisbon_core.transport_fit.laws_compared import (
    FAMILIES,
    Family,
    LawFit,
    SymmetricFocusing,
    apparent_scattering,
    compare_laws,
    fit_law,
    focusing_without_a_law,
)
from lisbon_core.transport_fit.scales import TransportScales, transport_scales

__all__ = [
    "Estimate",
    "FAMILIES",
    "Family",
    "LawFit",
    "SymmetricFocusing",
    "TransportFit",
    "TransportScales",
    "apparent_scattering",
    "compare_laws",
    "fit_law",
    "fit_transport",
    "focusing_without_a_law",
    "transport_scales",
]
