"""Several skies at once: one interstellar distribution behind maps of other bands, detectors and noise.

Each map keeps what is its own: rings of mean 1, averaging, errors, and a Liouville map of its own orbits and response.
Common to all are A_n and G. So the designs are put one below the other, and a fit to them is a fit like any other.
Only the weights differ: pixels that share their data count for as many as they are worth. In one sky that is the same
for all; of two, the one with the larger discs would drown the other.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from lisbon_core.anisotropy.design import Design
from lisbon_core.sky.discs import Beside


def several(one) -> list:
    """A list as it is, anything else as a list of one."""
    return list(one) if isinstance(one, list | tuple) else [one]


def joined(designs: Sequence[Design]) -> Design:
    """The design of several skies, whose pixels follow one another; of a single one, itself.

    The maps err independently of each other, so each sky must have a Liouville map with orbits of its own.

    Parameters
    ----------
    designs : sequence of Design
        One a sky, of the same terms; grids and pixels may differ.

    Returns
    -------
    Design
        Its `skies` are those given. `observed` is flat, and `full_sky_mean` the mean over the skies.
    """
    if len(designs) == 1:
        return designs[0]
    columns = np.concatenate([one.columns for one in designs])
    averaging, noise = (Beside.diagonal([getattr(one, name) for one in designs]) for name in ("averaging", "noise"))
    scatter = [one.scatter for one in designs]
    if any(map(len, scatter)):  # a map that is taken as exact has none
        scatter = [one if len(one) else np.zeros((design.averaging.shape[1], one.shape[1]))
                   for one, design in zip(scatter, designs, strict=True)]
    weight = np.concatenate([one.weight * one.noise_pixels / one.weight.size for one in designs])
    return replace(designs[0], columns=columns, averaging=averaging, noise=noise, weight=weight, skies=tuple(designs),
                   rings=sparse.block_diag([one.rings for one in designs], format="csr"),
                   scatter=np.concatenate(scatter), observed=np.concatenate([one.observed.ravel() for one in designs]),
                   scale=1.0 / np.sqrt(np.mean(columns[:, 1:] ** 2, axis=0)),
                   full_sky_mean=np.mean([one.full_sky_mean for one in designs], axis=0))
