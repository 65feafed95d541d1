"""The interstellar anisotropy fitted to a sky through the heliosphere and through the rings: Eqs. (1)-(3)."""

from lisbon_core.anisotropy.compton_getting import fit_speed, share_of_its_own
from lisbon_core.anisotropy.design import AnisotropyError, Design, design, parameter_names, sample_columns
from lisbon_core.anisotropy.field_posterior import FieldPosterior, fan, field_at, field_posterior
from lisbon_core.anisotropy.fit import (
    AnisotropyFit,
    fit_anisotropy,
    fit_design,
    fit_sampled_map,
    sample_covariance,
    solve,
)
from lisbon_core.anisotropy.generalised import fit_generalised
from lisbon_core.anisotropy.gyrotropy import GYROTROPY_TERMS, GyrotropyTest, gyrotropy_columns, gyrotropy_test
from lisbon_core.anisotropy.identifiability import Identifiability, even_sky, identifiability, straight_lines
from lisbon_core.anisotropy.posterior import Posterior, sample_posterior
from lisbon_core.anisotropy.resampling import OrderChoice, bootstrap, compare_orders, jackknife_rings, truncation_shift

__all__ = ["GYROTROPY_TERMS", "AnisotropyError", "AnisotropyFit", "Design", "FieldPosterior", "GyrotropyTest",
           "Identifiability", "OrderChoice", "Posterior", "bootstrap", "compare_orders", "design", "even_sky", "fan",
           "field_at", "field_posterior", "fit_anisotropy", "fit_design", "fit_generalised", "fit_sampled_map",
           "fit_speed", "gyrotropy_columns", "gyrotropy_test", "identifiability", "jackknife_rings", "parameter_names",
           "sample_columns", "sample_covariance", "sample_posterior", "share_of_its_own", "solve", "straight_lines",
           "truncation_shift"]
