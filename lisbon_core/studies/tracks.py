"""Orbits as lines and at stations: where particles that reach the Earth were on their way, not only where they began.

Everything is followed back in time, as in the Liouville map; momenta are the particle's own.
"""

from collections.abc import Sequence

import numpy as np

from lisbon_core.heliosphere import AnyHeliosphere
from lisbon_core.liouville.tracing import TOLERANCE, earth_positions
from lisbon_core.orbits import Orbits, trace


def _begin(heliosphere: AnyHeliosphere, arrival, rigidity_TV: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions and momenta (N, 3) of particles at the Earth, at the first position of a Liouville map."""
    arrival = np.atleast_2d(np.asarray(arrival, dtype=float)) @ heliosphere.axes.T
    return np.tile(earth_positions(heliosphere, 1), (len(arrival), 1)), -rigidity_TV * arrival


def follow(heliosphere: AnyHeliosphere, arrival, rigidity_TV: float, *, step_AU: float = 8.0,
           steps: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Lines of orbits back from the Earth, a point every `step_AU` of path.

    Parameters
    ----------
    heliosphere : Heliosphere or GriddedHeliosphere
        The field.
    arrival : array (N, 3)
        Unit vectors, ICRS: where the particles come from.
    rigidity_TV, step_AU, steps : float, float, int
        Momentum over charge at Earth, TV; distance between points, AU; their number after the first.

    Returns
    -------
    positions, momenta : ndarray (steps + 1, N, 3)
        AU and TV, model axes.
    """
    states = [_begin(heliosphere, arrival, rigidity_TV)]
    for _ in range(steps):
        orbits = trace(heliosphere, *states[-1], backwards=True, path_cap_AU=step_AU, boundary_AU=1e6, neighbours=False)
        states.append((orbits.position, orbits.momentum))
    return np.array([position for position, _ in states]), np.array([momentum for _, momentum in states])


def stations(heliosphere: AnyHeliosphere, arrival, rigidity_TV: float, radii_AU: Sequence[float]) -> list[Orbits]:
    """Orbits where, going back in time, each first meets spheres of growing radius about the Sun, as exact as a map's.

    An orbit that has not met a sphere after 60,000 AU of path is carried on from where it was, `escaped` false.

    Parameters
    ----------
    heliosphere, arrival, rigidity_TV
        As for `follow`.
    radii_AU : sequence of float
        Growing.
    """
    position, momentum = _begin(heliosphere, arrival, rigidity_TV)
    found = []
    for radius in radii_AU:
        found.append(trace(heliosphere, position, momentum, backwards=True, boundary_AU=float(radius),
                           tolerance=TOLERANCE, neighbours=False))
        position, momentum = found[-1].position, found[-1].momentum
    return found
