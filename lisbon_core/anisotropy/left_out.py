"""A Liouville map without some of its orbits: what would be, were those that mean nothing not there."""

from dataclasses import replace

import numpy as np

from lisbon_core.liouville import LiouvilleMap

_TAKEN = ("mu", "R_x", "R_y", "momentum_ratio", "rigidity_TV", "error", "amplification", "escaped")


def without(liouville: LiouvilleMap, left_out: np.ndarray) -> LiouvilleMap:
    """The same map, each orbit that is left out replaced by another of its pixel and its half of the sample.

    Those that stay take their places in turn; where none does, all stay as they are.

    Parameters
    ----------
    liouville : LiouvilleMap
    left_out : ndarray of bool, shape (n_sample, n_dec, n_ra)
        Orbits that are left out.
    """
    source = np.empty(left_out.shape, dtype=int)
    for half in np.unique(liouville.replicate):
        part = np.flatnonzero(liouville.replicate == half)
        out, place = left_out[part], np.arange(part.size)[:, None, None]
        stay = np.sum(~out, axis=0)
        first = np.argsort(out, axis=0, kind="stable")  # those that stay
        instead = np.take_along_axis(first, place % np.maximum(stay, 1), axis=0)
        source[part] = part[np.where(out & (stay > 0), instead, place)]
    return replace(liouville, **{name: np.take_along_axis(getattr(liouville, name), source, axis=0) for name in _TAKEN})
