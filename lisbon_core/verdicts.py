"""A claim: one number with its truth, the paper's value, its errors; and the verdict that follows from them.

Two errors stand side by side: the statistical one, of the noise of the sky and of the sample of orbits, and the
systematic one, of all that the run takes as known (see `ensemble`). Verdicts go by both, added in quadrature.

Default sky: its truth is known, so a claim is *recovered* (within three of its errors) or *not recovered*; where the
number is less than two errors from zero, or an upper limit that holds, it is *compatible*, which says little. Real map:
it is *consistent* with the paper (within two errors) or *differs*. Errors hold only for a model that fits: where it
does not, agreement and difference are no findings, and only *not recovered* is said. What neither can decide is *not
testable without the private data*; chi-squares and the like are *a diagnostic*; a number that the map does not fix is
*not determined*, and its note says why.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from lisbon_core.ground._core import LisbonError

UNTESTABLE = "not testable without the private data"
NO_FIT = "the model does not fit"
ENTRIES = ("value", "sigma", "systematic", "unit", "paper", "truth", "verdict", "equation", "dominant", "note")
DIAGNOSTICS = ("unescaped_fraction", "chi2_reduced", "chi2_pad", "focusing_preference")
INVERSE = ("L_focusing",)  # its error is Gaussian in 1/L, which may be zero


class ClaimError(LisbonError):
    """A claim that cannot be written down: not finite, without a reason, or made twice."""


@dataclass(frozen=True)
class Claim:
    """One number of the ledger.

    Parameters
    ----------
    id : str
        Name in results.json, such as `L_focusing`; upper limits end in `_bound`.
    value, sigma, systematic : float, list of float or None
        The number (or numbers), its statistical and its systematic standard error; value None where the map does not
        fix it, systematic None where it was not estimated.
    unit : str
        Unit of value, sigma, paper and truth; empty for a pure number.
    paper, truth : float, list of float or None
        What the paper states; what the sky was made with, where that is known.
    equation, note : str
        Where it comes from; what a reader must know, above all why there is no value.
    dominant : list of str
        The assumptions that add most to the systematic error.

    Raises
    ------
    ClaimError
        If a number is not finite, lists differ in length, or a missing value has no reason.

    >>> verdict(Claim("L_focusing", 18.1, 0.4, "pc", truth=17.8), default_sky=True)
    'recovered'
    """

    id: str
    value: float | list | None
    sigma: float | list | None = None
    unit: str = ""
    paper: float | list | None = None
    truth: float | list | None = None
    equation: str = ""
    note: str = ""
    systematic: float | list | None = None
    dominant: list[str] = field(default_factory=list)

    def __post_init__(self):
        if not all(isinstance(text, str) for text in (self.id, self.unit, self.equation, self.note)):
            raise ClaimError(f"Claim {self.id} has an identifier, unit, equation or note that is no text: correct it.")
        if self.value is None and not self.note:
            raise ClaimError(f"Claim {self.id} has no value and no note: say in its note why it is not determined.")
        for name in ("value", "sigma", "systematic", "paper", "truth"):
            given = getattr(self, name)
            if given is None:
                continue
            numbers = np.asarray(given, dtype=float)
            if numbers.ndim > 1 or not numbers.size or not np.all(np.isfinite(numbers)):
                raise ClaimError(f"Claim {self.id} has {name} = {given}: it must be finite; "
                                 "give None and a note that says why it is not determined.")
            if self.value is not None and numbers.size != np.size(self.value):
                raise ClaimError(f"Claim {self.id} has {np.size(self.value)} values but {numbers.size} numbers in "
                                 f"{name}: give as many.")
            object.__setattr__(self, name, numbers.tolist())  # plain floats, as JSON can hold them
        for name in ("sigma", "systematic"):
            if getattr(self, name) is not None and np.min(getattr(self, name)) < 0:
                raise ClaimError(f"Claim {self.id} has {name} = {getattr(self, name)}: an error cannot be negative.")

    @property
    def total(self) -> np.ndarray:
        """Both errors in quadrature."""
        return np.hypot(*(np.zeros(np.shape(self.value)) if one is None else np.asarray(one, dtype=float)
                          for one in (self.sigma, self.systematic)))


def misfits(chi2: float, sigma: float | None) -> bool:
    """Whether a reduced chi-square is larger than noise makes it: more than five standard deviations above 1."""
    return chi2 > 1.0 + 5.0 * (sigma or 0.0)


def fits(equation: str, rows: Mapping[str, Mapping]) -> bool:
    """Whether the models fit that numbers of an equation come from: that of the sky, Eq. (3), for all; for Eqs. (5) and
    (6) that of the pitch-angle distribution besides. `rows` are claims by id, the chi-squares among them.
    """
    models = ("chi2_reduced", "chi2_pad")[: 1 + ("(5)" in equation or "(6)" in equation)]
    found = [rows[name] for name in models if name in rows and rows[name]["value"] is not None]
    return not any(misfits(row["value"], row["sigma"]) for row in found)


def verdict(claim: Claim, default_sky: bool, fitting: bool = True) -> str:
    """What the number says: against the truth on a sky whose truth is known, against the paper on a real one.

    `fitting` says whether the models fit that the number comes from. A list agrees if each component does, and is
    recovered only if all are two errors from zero. An upper limit agrees with a truth below it; two upper limits cannot
    contradict each other. What is inferred as its inverse is compared as that, and is not determined where that may be
    zero with all errors counted.

    >>> verdict(Claim("L_focusing", 25.0, 2.0, "pc", paper=17.8), default_sky=False)
    'differs'
    >>> verdict(Claim("L_focusing", 5.7, 3.3, "pc", paper=17.8), default_sky=False)  # 0.18 and 0.06 +- 0.10 per pc
    'consistent'
    """
    if claim.value is None:
        return "not determined"
    if claim.id in DIAGNOSTICS:
        return "a diagnostic"
    target = claim.truth if default_sky else claim.paper
    if target is None:
        return UNTESTABLE
    if says_little := claim.id.endswith("_bound"):
        agrees = not default_sky or abs(target) <= claim.value
    else:
        value, target, sigma = np.array(claim.value), np.array(target), claim.total
        if claim.id in INVERSE:
            value, target, sigma = 1.0 / value, 1.0 / target, sigma / value**2
            if claim.systematic is not None and abs(value) < 1.96 * sigma:
                return "not determined"  # its 95 % interval goes through infinity
        says_little = np.any(abs(value) < 2.0 * sigma)
        agrees = np.all(abs(value - target) <= (3.0 if default_sky else 2.0) * sigma + 1e-9 * abs(target))
    if default_sky and not agrees:
        return "not recovered"
    if not fitting:
        return NO_FIT
    if default_sky:
        return "compatible" if says_little else "recovered"
    return "consistent" if agrees else "differs"


def verdicts(claims: Mapping[str, Claim], default_sky: bool) -> dict[str, str]:
    """What all numbers of a run say, by identifier: each by the models that it comes from and the numbers it needs."""
    rows = {name: vars(claim) for name, claim in claims.items()}
    said = {name: verdict(claim, default_sky, fits(claim.equation, rows)) for name, claim in claims.items()}
    if said.get("omega") == "recovered" != said.get("eta_over_d_offset", "recovered"):
        said["omega"] = "compatible"  # where there may be no wiggle there may be no period
    return said


def merge(folder: Path, default_sky: bool) -> dict:
    """Claims of all the notebooks of a run, from `folder`/claims/*.json, each with its verdict, by identifier.

    Where any claim states a truth the sky is a known one, and all are judged as on the default sky.
    """
    made = {}
    for path in sorted((Path(folder) / "claims").glob("*.json")):
        for claim in _read(path):
            if claim.id in made:
                raise ClaimError(f"Claim {claim.id} is made by both {made[claim.id][1]} and {path.stem}: keep one.")
            made[claim.id] = claim, path.stem
    known = default_sky or any(claim.truth is not None for claim, _ in made.values())
    claims = {name: claim for name, (claim, _) in made.items()}
    rows = {name: asdict(claims[name]) | {"verdict": said} for name, said in verdicts(claims, known).items()}
    return {name: {key: row[key] for key in ENTRIES} for name, row in rows.items()}


def _read(path: Path) -> list[Claim]:
    try:
        return [Claim(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, TypeError, ValueError, RecursionError) as error:
        raise ClaimError(f"{path} holds no claims of a notebook ({' '.join(str(error).split())[:200]}): remove it, and "
                         "run its notebook again.") from None
