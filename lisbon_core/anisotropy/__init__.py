"""The interstellar anisotropy fitted to a sky through the heliosphere and through the rings: Eqs. (1)-(3)."""

from lisbon_core.anisotropy.design import AnisotropyError, Design, design, parameter_names, sample_columns
from lisbon_core.anisotropy.fit import (
    AnisotropyFit,
    fit_anisotropy,
    fit_design,
    fit_sampled_map,
    sample_covariance,
    solve,
)

__all__ = ["AnisotropyError", "AnisotropyFit", "Design", "design", "fit_anisotropy", "fit_design", "fit_sampled_map",
           "parameter_names", "sample_columns", "sample_covariance", "solve"]
