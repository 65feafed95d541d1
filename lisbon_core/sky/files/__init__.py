"""Sky maps from and to files."""

from lisbon_core.sky.files.reading import map_from_arrays, read_mask, read_sky_map
from lisbon_core.sky.files.writing import write_images, write_sky_map

__all__ = ["map_from_arrays", "read_mask", "read_sky_map", "write_images", "write_sky_map"]
