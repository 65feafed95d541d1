"""What MHD codes write, brought onto the grid of a gridded heliosphere."""

from lisbon_core.simulations.cells import Cells, joined, read_cells
from lisbon_core.simulations.resample import PRESETS, axes_of, export_cells
