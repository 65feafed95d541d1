"""The heliosphere: magnetic and electric field, potential and flow, in closed form; or a field on a grid."""

from lisbon_core.heliosphere.closed_form import AnyHeliosphere, Heliosphere, closed_form, solar_cycle
from lisbon_core.heliosphere.gridded import GriddedHeliosphere
from lisbon_core.heliosphere.gridded_files import is_gridded, read_gridded
from lisbon_core.heliosphere.gridded_writing import export, nodes, write_gridded
from lisbon_core.heliosphere.parameters import FIELD_PRESETS, HeliosphereError, HeliosphereParameters, with_field
