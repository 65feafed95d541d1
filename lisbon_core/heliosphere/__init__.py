"""The heliosphere: magnetic and electric field, potential and flow, in closed form."""

from lisbon_core.heliosphere.closed_form import Heliosphere, closed_form
from lisbon_core.heliosphere.parameters import HeliosphereError, HeliosphereParameters

__all__ = ["Heliosphere", "HeliosphereError", "HeliosphereParameters", "closed_form"]
