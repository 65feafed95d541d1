"""Liouville's theorem put to use: where in interstellar phase space each direction of the sky comes from."""

from lisbon_core.liouville.map import LiouvilleError, LiouvilleMap, grid, load
from lisbon_core.liouville.tracing import (
    Samples,
    cached_samples,
    cached_sky,
    straight_lines,
    trace_samples,
    trace_sky,
)

__all__ = ["LiouvilleError", "LiouvilleMap", "Samples", "cached_samples", "cached_sky", "grid", "load",
           "straight_lines", "trace_samples", "trace_sky"]
