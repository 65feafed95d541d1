"""Lisbon: pitch-angle anisotropy, magnetic focusing and scattering of TeV cosmic rays, as a literate compendium."""

import sys

if sys.argv[:1] == ["-m"] and "lisbon_core" in sys.orig_argv and not sys.flags.safe_path:
    del sys.path[0]  # of `python -m lisbon_core`: modules that lie in the current folder are none of ours

from lisbon_core.ground._core import LisbonError

__all__ = ["LisbonError", "__version__"]
__version__ = "0.1.0"
