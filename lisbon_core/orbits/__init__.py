"""Orbits of charged particles: the integrator in compiled loops, and tracing on all cores."""

from lisbon_core.orbits.tracing import CHAOTIC, OrbitError, Orbits, trace, user_field

__all__ = ["CHAOTIC", "OrbitError", "Orbits", "trace", "user_field"]
