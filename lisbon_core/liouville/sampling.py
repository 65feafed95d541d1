"""What the orbits of a map are drawn from: all that a detector averages over, in one low-discrepancy sequence.

A pixel of a published map holds particles of a whole year, of every rigidity that the detector takes for one energy,
from all over the pixel, at any time of the solar cycle. One scrambled Sobol' sequence draws these together, pixel after
pixel along the rings, so that every pixel has its own sample, even in each of them, and neighbours err independently:
the average over a disc and the fit then average the error away. Two halves, scrambled independently, tell how large it
is.

References
----------
Owen 1998, ACM TOMACS 8, 71, for the scrambling; Sobol' 1967.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.stats import qmc

from lisbon_core.ground._core import LisbonError
from lisbon_core.ground.frames import unit_vector, unit_vector_icrs
from lisbon_core.ground.response import Response, mono

REPLICATES = 2  # independent scramblings of a map


class LiouvilleError(LisbonError):
    """A Liouville map that cannot be made or read."""


@dataclass(frozen=True)
class Sampling:
    """How many orbits a pixel, and over what they are spread.

    Parameters
    ----------
    samples : int
        Orbits a pixel, an even number: half of them in each of two independent scramblings; powers of 2 are best.
    response : Response
        Rigidities.
    seed, stream : int
        Of the scramblings: maps of other seeds (below 2^32) share no sample; nor do those of other streams: 0 for maps
        that fit a sky, 1 for those that make one.
    """

    samples: int = 16
    response: Response = field(default_factory=lambda: mono(4.0))
    seed: int = 0
    stream: int = 0

    def __post_init__(self):
        if int(self.samples) != self.samples or self.samples < 2 or self.samples % REPLICATES:
            raise LiouvilleError(f"samples is {self.samples}, but it must be an even number of at least 2, since the "
                                 "error of a map shows between its halves: change samples")


class Drawn(NamedTuple):
    """Where orbits begin, each of shape (..., n_orbit) and vectors of (..., n_orbit, 3).

    season : unit vectors to the Earth, ICRS. arrival : unit vectors, ICRS. rigidity_TV. epoch : number of the
    heliosphere, of as many as there are.
    """

    season: np.ndarray
    arrival: np.ndarray
    rigidity_TV: np.ndarray
    epoch: np.ndarray


def pixel_edges(dec) -> np.ndarray:
    """Sines of the declinations half way between rings, as far beyond the first and last, at most the poles."""
    if len(dec) == 1:
        return np.array([-1.0, 1.0])
    middle = 0.5 * (dec[1:] + dec[:-1])
    edges = np.concatenate([[2.0 * dec[0] - middle[0]], middle, [2.0 * dec[-1] - middle[-1]]])
    return np.sin(np.radians(np.clip(edges, -90.0, 90.0)))


def draw(sampling: Sampling, dec, ra, epochs: int = 1) -> Drawn:
    """Season, rigidity, direction within the pixel and epoch of every orbit of a map.

    Parameters
    ----------
    sampling : Sampling
    dec, ra : ndarray (n_dec,), (n_ra,)
        Pixel centres, degrees; pixels reach half way to their neighbours, those of one ring alone to the poles.
    epochs : int
        Number of heliospheres, taken equally often.

    Returns
    -------
    Drawn
        Of shape (samples, n_dec * n_ra); the first half of the samples is one scrambling, the second the other.
    """
    each, pixels = sampling.samples // REPLICATES, len(dec) * len(ra)
    edges, width = pixel_edges(np.asarray(dec)), 360.0 / len(ra)
    ring, column = np.divmod(np.arange(pixels), len(ra))
    u = np.empty((sampling.samples, pixels, 5))
    for replicate in range(REPLICATES):
        sequence = qmc.Sobol(5, rng=np.random.default_rng([sampling.seed, replicate, sampling.stream]))
        points = sequence.random_base2(int(np.ceil(np.log2(pixels * each))))[:pixels * each]
        u[replicate * each:(replicate + 1) * each] = np.moveaxis(points.reshape(pixels, each, 5), 1, 0)
    height = edges[ring] + u[..., 2] * np.diff(edges)[ring]
    return Drawn(season=unit_vector_icrs(360.0 * u[..., 0], 0.0, "ecliptic"),
                 rigidity_TV=sampling.response.rigidity(u[..., 1]),
                 arrival=unit_vector(np.asarray(ra)[column] + (u[..., 3] - 0.5) * width,
                                     np.degrees(np.arcsin(height))),
                 epoch=np.minimum((epochs * u[..., 4]).astype(int), epochs - 1))
