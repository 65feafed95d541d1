"""Every figure, one function each, returning a Figure."""

from lisbon_core.plots.benchmarks import work_precision
from lisbon_core.plots.distributions import coefficients, curves, pad, ring_means
from lisbon_core.plots.heliosphere import field_along_track, heliosphere_planes, paths
from lisbon_core.plots.skies import figure_2, skies
from lisbon_core.plots.style import COLUMN, PAGE, STYLE
from lisbon_core.plots.transport import apparent, figure_3, joint_region, posterior

__all__ = [
    "COLUMN",
    "PAGE",
    "STYLE",
    "apparent",
    "coefficients",
    "curves",
    "field_along_track",
    "figure_2",
    "figure_3",
    "heliosphere_planes",
    "joint_region",
    "pad",
    "paths",
    "posterior",
    "ring_means",
    "skies",
    "work_precision",
]
