"""Liouville's theorem put to use: where in interstellar phase space each direction of the sky comes from."""

from lisbon_core.liouville.map import LiouvilleMap, grid, load
from lisbon_core.liouville.sampling import LiouvilleError, Sampling, draw
from lisbon_core.liouville.tracing import DIAGNOSED, cached_samples, straight_lines, trace_samples, trace_sky
