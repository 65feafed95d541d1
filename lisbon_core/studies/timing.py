"""Measuring codes against each other in one run: time, error, threads, and what the hardware would allow."""

import os
import time
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np

from lisbon_core._core import STRICT
from lisbon_core.frames import angle_between

__all__ = ["Measured", "cores", "evaluation_ns", "measure", "timed"]


@dataclass(frozen=True)
class Measured:
    """One code at one tolerance: orbits a second; median and 99th percentile of the final direction's error, degrees.

    >>> Measured("ours", 1e-6, 40000.0, 1e-4, 0.02).at(0.03)
    True
    """

    code: str
    tolerance: float
    rate: float
    median: float
    p99: float

    def at(self, error: float) -> bool:
        """Whether 99 % of the orbits are at least as exact as this."""
        return self.p99 <= error


def timed(work, times: int = 1, clock=time.process_time) -> tuple[float, object]:
    """Median of the times that `work` took, in seconds, and what it returned.

    By default what all threads spent computing, which others on the machine disturb less than the time of day.
    """
    seconds = []
    for _ in range(times):
        start = clock()
        result = work()
        seconds.append(clock() - start)
    return float(np.median(seconds)), result


def measure(code: str, momenta, exact, tolerances, times: int = 1) -> list[Measured]:
    """Measure `momenta(tolerance)` -> (N, 3) against the exact final momenta (N, 3) at several tolerances."""
    found = []
    for tolerance in tolerances:
        seconds, ends = timed(lambda tolerance=tolerance: momenta(tolerance), times)
        median, p99 = np.quantile(angle_between(ends, exact), (0.5, 0.99)).tolist()
        found.append(Measured(code, tolerance, rate=len(exact) / seconds, median=median, p99=p99))
    return found


def cores(n: int):
    """Context in which `orbits.trace` shares its orbits among n threads."""
    return patch.dict(os.environ, NUMBA_NUM_THREADS=str(n))


def evaluation_ns(field, parameters, points) -> float:
    """Time of one evaluation of a compiled field in a bare loop over points (N, 3), nanoseconds."""
    import numba

    @numba.njit(**STRICT)
    def loop(points, parameters):
        total = 0.0
        for i in range(len(points)):
            bx, by, bz, ex, ey, ez = field(points[i, 0], points[i, 1], points[i, 2], parameters)
            total += bx + by + bz + ex + ey + ez
        return total

    loop(points[:1], parameters)
    return 1e9 * timed(lambda: loop(points, parameters), 3)[0] / len(points)
