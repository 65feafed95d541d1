"""Sky maps from and to files."""

from lisbon_core.sky.files.reading import map_from_arrays, on_grid, read_mask, read_sky_map, sky_of
from lisbon_core.sky.files.writing import write_images, write_sky_map, write_table
