"""A Liouville map without some of its orbits: what would be, were those that mean nothing not there."""

from dataclasses import replace

import numpy as np

from lisbon_core.liouville import LiouvilleMap

__all__ = ["without"]

_TAKEN = ("mu", "R_x", "R_y", "momentum_ratio", "rigidity_TV", "error", "amplification", "escaped")


def without(liouville: LiouvilleMap, left_out: np.ndarray) -> LiouvilleMap:
    """The same map, each orbit that is left out replaced by another of its pixel and its half of the sample.

    The next one that stays takes its place; where none does, all stay as they are.

    Parameters
    ----------
    liouville : LiouvilleMap
    left_out : ndarray of bool, shape (n_sample, n_dec, n_ra)
        Orbits that are left out.
    """
    source = np.arange(len(left_out))[:, None, None] * np.ones(left_out.shape, dtype=int)
    for half in np.unique(liouville.replicate):
        part = np.flatnonzero(liouville.replicate == half)
        out, found = left_out[part] & ~left_out[part].all(axis=0), source[part]
        for _ in part[1:]:
            found = np.where(out, np.roll(found, -1, axis=0), found)
            out = out & np.take_along_axis(left_out, found, axis=0)
        source[part] = found
    return replace(liouville, **{name: np.take_along_axis(getattr(liouville, name), source, axis=0) for name in _TAKEN})
