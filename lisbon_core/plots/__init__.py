"""Every figure, one function each, returning a Figure."""

from lisbon_core.plots.distributions import coefficients, curves, dipole_energy, fit_of_order, pad, work_precision
from lisbon_core.plots.heliosphere import field_along_tracks, field_lines, gridded_planes, heliosphere_planes
from lisbon_core.plots.sensitivity import error_budget, field_fan, members_fitted, sensitivity
from lisbon_core.plots.skies import figure_2, skies
from lisbon_core.plots.space import argument, bundle, orbits_in_space, unfolding
from lisbon_core.plots.style import COLUMN, PAGE
from lisbon_core.plots.transport import figure_3, joint_region, posterior, responses
