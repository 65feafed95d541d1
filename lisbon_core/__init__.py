"""Lisbon: pitch-angle anisotropy, magnetic focusing and scattering of TeV cosmic rays, as a literate compendium."""

from lisbon_core._core import LisbonError

__all__ = ["LisbonError", "__version__"]
__version__ = "0.1.0"
