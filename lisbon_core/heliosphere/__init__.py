"""The heliosphere: magnetic and electric field, potential and flow, in closed form."""

from lisbon_core.heliosphere.closed_form import Heliosphere, closed_form
from lisbon_core.heliosphere.parameters import FIELD_PRESETS, HeliosphereError, HeliosphereParameters, with_field

__all__ = ["FIELD_PRESETS", "Heliosphere", "HeliosphereError", "HeliosphereParameters", "closed_form", "with_field"]
