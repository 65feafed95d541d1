"""Focused transport of pitch angles, Eq. (5): stationary solutions under an explicit closure, and the way there."""

from lisbon_core.focused_transport.in_time import Pulse, approach_to_stationary, pulse, random_walk, scattering_rate
from lisbon_core.focused_transport.stationary import (
    CLOSURES,
    StationaryPAD,
    TransportError,
    closure_lambda,
    finite_volume_pad,
    first_order_pad,
    nodes_for,
    solve,
    stationary_pad,
)

__all__ = [
    "CLOSURES",
    "Pulse",
    "StationaryPAD",
    "TransportError",
    "approach_to_stationary",
    "closure_lambda",
    "finite_volume_pad",
    "first_order_pad",
    "nodes_for",
    "pulse",
    "random_walk",
    "scattering_rate",
    "solve",
    "stationary_pad",
]
