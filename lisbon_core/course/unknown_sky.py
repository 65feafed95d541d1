"""An unknown sky for each student: field direction, A_n and 1/L to be inferred with errors, graded by pulls.

Everything follows from the student's name (and a word that only the lecturer knows), so the truth is stored nowhere:
who grades makes it anew. The sky is coarse, 6 degrees: the 38 maps of two fans of fields take a minute or two.
"""

import hashlib
import tomllib
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import numpy as np

from lisbon_core.anisotropy import AnisotropyFit, fit_anisotropy, pitch_angle_distribution, renormalise
from lisbon_core.ground._core import LisbonError, require
from lisbon_core.ground.reading import parsed
from lisbon_core.heliosphere import HeliosphereParameters, closed_form
from lisbon_core.liouville import Sampling, cached_samples
from lisbon_core.sky import SkyMap
from lisbon_core.sky.files import write_sky_map
from lisbon_core.studies.field_posterior import field_at
from lisbon_core.synthetic import SkyTruth, make_sky, map_of, random_truth
from lisbon_core.transport import Estimate, fit_transport

ASKED = ("field_lon", "field_lat", "A_1", "A_2", "A_3", "inverse_L")
GRID_DEG, SAMPLES = 6.0, 4
FIELD_ERROR = 0.5  # degrees, that of a fit as good as this sky allows
SANE = (0.25, 4.0)  # a stated error over that of the reference fit
LARGEST_PULL = 3.0


def unknown(student: str, secret: str = "") -> tuple[HeliosphereParameters, SkyTruth]:
    """What a student has to find: the heliosphere with its field, and the truth of the sky.

    The field points 3 to 10 degrees away from that of the default heliosphere, all else of which is kept.

    >>> unknown("Ada") == unknown(" ada "), unknown("Ada") == unknown("Ada", "secret")
    (True, False)
    """
    name = " ".join(student.split()).casefold()
    require(name, "The student has no name: give one, or a number, with --student.")
    seed = int(hashlib.sha256(f"{name}\n{secret}".encode()).hexdigest()[:8], 16)
    random = np.random.default_rng([seed, 1])
    distance, direction = random.uniform(3.0, 10.0), random.uniform(0.0, 2.0 * np.pi)
    known = HeliosphereParameters()
    offset = distance * np.cos(direction), distance * np.sin(direction)
    lon, lat = field_at(offset, (known.field_lon, known.field_lat)).tolist()
    truth = replace(random_truth(seed), response="mono", epoch="fixed", samples=32, averaging_deg=8.0,
                    noise=4e-5, dec_min=-60.0, dec_max=80.0)
    return replace(known, field_lon=round(lon, 6), field_lat=round(lat, 6)), truth


def sky_of(student: str, secret: str = "") -> SkyMap:
    """The sky of a student, as an experiment would publish it."""
    heliosphere, truth = unknown(student, secret)
    return make_sky(truth, map_of(truth, GRID_DEG, heliosphere),
                    f"synthetic sky of the capstone for {' '.join(student.split())}")


def infer(sky: SkyMap, heliosphere: HeliosphereParameters) -> tuple[AnisotropyFit, Estimate]:
    """A_n and 1/L (1/pc) of a sky for a field that is taken as known: the errors are those that it allows."""
    liouville = cached_samples(closed_form(heliosphere), sky.dec, sky.ra, Sampling(SAMPLES))
    fit = fit_anisotropy(sky, liouville)
    return fit, fit_transport(pitch_angle_distribution(renormalise(sky, fit), fit, liouville)).inverse_L


@dataclass(frozen=True)
class Graded:
    """One number of an answer: what was stated, what is true, and the error that the sky allows."""

    name: str
    value: float
    sigma: float
    pull: float
    reference: float

    @property
    def verdict(self) -> str:
        """What to tell the student."""
        ratio = self.sigma / self.reference
        if ratio < SANE[0]:
            return f"the error is {1 / ratio:.0f} times too small: no fit to this sky can know it so well"
        if ratio > SANE[1]:
            return f"the error is {ratio:.0f} times too large: it says less than the sky does"
        if abs(self.pull) > LARGEST_PULL:
            return f"{abs(self.pull):.1f} of your errors from the truth: one of the two is wrong"
        return "good"

    def __str__(self):
        return f"{self.name:<10} {self.value: .4g} ± {self.sigma:.2g}   pull {self.pull:+.1f}   {self.verdict}"


def read_answer(path: str | Path) -> dict[str, tuple[float, float]]:
    """Value and error of each number of `ASKED` from TOML: `A_1 = {value = 1.2e-3, sigma = 2e-5}` and so on.

    Raises
    ------
    LisbonError
        If the file cannot be read, or a number or its error is missing, not finite, or the error not positive.
    """
    content = parsed(path, tomllib.loads, lambda why: LisbonError(
        f"{path} cannot be read as TOML ({why}): write one line a number, such as "
        "A_1 = {value = 1.2e-3, sigma = 2e-5}."))
    answer = {}
    for name in ASKED:
        try:
            value, sigma = answer[name] = float(content[name]["value"]), float(content[name]["sigma"])
        except (LookupError, TypeError, ValueError, OverflowError):
            raise LisbonError(f"{path} states no {name}: add a line {name} = {{value = ..., sigma = ...}}.") from None
        require(isfinite(value) and isfinite(sigma) and sigma > 0, f"{path}: {name} = {value} with sigma = {sigma} is "
                "no measurement: both have to be finite, and the error positive.")
    return answer


def grade(student: str, answer: dict[str, tuple[float, float]], secret: str = "") -> list[Graded]:
    """Pulls of an answer, and whether its errors are such as the sky allows; half a minute for the reference fit.

    The error of `field_lon` and `field_lat` is in degrees on the sphere.
    """
    heliosphere, truth = unknown(student, secret)
    fit, inverse_L = infer(sky_of(student, secret), heliosphere)
    numbers = truth.claims(3) | {"field_lon": heliosphere.field_lon, "field_lat": heliosphere.field_lat,
                                 "inverse_L": 1.0 / truth.L_pc}
    references = FIELD_ERROR, FIELD_ERROR, *fit.sigma[:3], inverse_L.sigma or abs(numbers["inverse_L"])
    graded = []
    for name, reference in zip(ASKED, references, strict=True):
        value, sigma = answer[name]
        off = value - numbers[name]
        if name == "field_lon":
            off = ((off + 180.0) % 360.0 - 180.0) * np.cos(np.radians(heliosphere.field_lat))
        graded.append(Graded(name, value, sigma, pull=float(off / sigma), reference=float(reference)))
    return graded


def capstone(student: str, secret: str, out: str | None, answer: str | None) -> int:
    """Make the unknown sky of a student, or grade what the student found."""
    require(bool(out) != bool(answer),
            "Give --out to make the sky of a student, or --grade to grade an answer: one of the two.")
    if out:
        write_sky_map(sky_of(student, secret), out)
        return 0
    graded = grade(student, read_answer(answer), secret)
    good, total = sum(one.verdict == "good" for one in graded), sum(one.pull**2 for one in graded)
    print(*graded, f"{good} of {len(graded)} good; the sum of squared pulls is {total:.1f}, expected about "
          f"{len(graded)}", sep="\n")
    return 0 if good == len(graded) else 1
