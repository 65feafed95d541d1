"""The interstellar anisotropy behind a sky: fit, rings restored, pitch-angle distribution, Eqs. (1)-(4)."""

from lisbon_core.anisotropy.design import Design, design
from lisbon_core.anisotropy.fit import AnisotropyFit, fit_anisotropy, fit_coefficients, fit_design
from lisbon_core.anisotropy.joint import joined
from lisbon_core.anisotropy.pitch_angle import PitchAngleDistribution, bin_averages, pitch_angle_distribution
from lisbon_core.anisotropy.renormalisation import RenormalisedSky, renormalise
from lisbon_core.anisotropy.systematics import Systematic, refitted, systematic
from lisbon_core.anisotropy.terms import AnisotropyError, parameter_names, sample_columns
