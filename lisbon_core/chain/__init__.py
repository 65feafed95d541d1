"""A run: its parameters, its stages from the sky map to the transport fit, and its claims."""

from lisbon_core.chain.claims import anisotropy_claims, fit_summary, liouville_claims, transport_claims
from lisbon_core.chain.parameters import FAST, PARAMETER_HELP, ParameterError, RunParameters, heliosphere_parameters
from lisbon_core.chain.run import DATA, DEFAULT_SKY, SECOND_SKY, Run, check_inputs, paper_values
from lisbon_core.chain.sensitivity import Variation, field_fan, variations

__all__ = ["DATA", "DEFAULT_SKY", "FAST", "PARAMETER_HELP", "SECOND_SKY", "ParameterError", "Run", "RunParameters",
           "Variation", "anisotropy_claims", "check_inputs", "field_fan", "fit_summary",
           "heliosphere_parameters", "liouville_claims", "paper_values", "transport_claims", "variations"]
