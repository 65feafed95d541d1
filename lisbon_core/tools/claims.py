"""The ledger of claims: each number with its truth, the paper's value, its error and a verdict that is computed.

Default sky: its truth is known, so a claim is *recovered* (within three of its errors) or *not recovered*. Real map:
it is *consistent* with the paper (within two errors) or *differs*. What neither can decide is *not testable without
the private data*; a number that the map does not fix is *not determined*, and its note says why.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from lisbon_core._core import LisbonError

__all__ = ["Claim", "ClaimError", "merge", "number", "plain_table", "table", "verdict"]

UNTESTABLE = "not testable without the private data"
HEADINGS = ("Claim", "Truth", "Paper", "This run", "Unit", "Verdict", "Equation")
ENTRIES = ("value", "sigma", "unit", "paper", "truth", "verdict", "equation", "note")
INVERSE = ("L_focusing",)  # its error is Gaussian in 1/L, which may be zero
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class ClaimError(LisbonError):
    """A claim that cannot be written down: not finite, without a reason, or made twice."""


@dataclass(frozen=True)
class Claim:
    """One number of the ledger.

    Parameters
    ----------
    id : str
        Name in results.json, such as `L_focusing`; upper limits end in `_bound`.
    value, sigma : float, list of float or None
        The number (or numbers) and one standard deviation; value None where the map does not fix it.
    unit : str
        Unit of value, sigma, paper and truth; empty for a pure number.
    paper, truth : float, list of float or None
        What the paper states; what the sky was made with, where that is known.
    equation, note : str
        Where it comes from; what a reader must know, above all why there is no value.

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

    def __post_init__(self):
        if not all(isinstance(text, str) for text in (self.id, self.unit, self.equation, self.note)):
            raise ClaimError(f"Claim {self.id} has an identifier, unit, equation or note that is no text: correct it.")
        for name in ("value", "sigma", "paper", "truth"):
            object.__setattr__(self, name, self._plain(name, getattr(self, name)))
        if self.value is None and not self.note:
            raise ClaimError(f"Claim {self.id} has no value and no note: say in its note why it is not determined.")
        for name in ("sigma", "paper", "truth"):
            other = getattr(self, name)
            if None not in (self.value, other) and len(_listed(other)) != len(_listed(self.value)):
                raise ClaimError(f"Claim {self.id} has {len(_listed(self.value))} values but {len(_listed(other))} "
                                 f"numbers in {name}: give as many.")
        if self.sigma is not None and min(_listed(self.sigma)) < 0:
            raise ClaimError(f"Claim {self.id} has sigma = {self.sigma}: an error cannot be negative.")

    def _plain(self, name, value):
        """Plain Python floats instead of numpy's, refusing what JSON cannot hold."""
        if value is None:
            return None
        values = [float(one) for one in (value if hasattr(value, "__len__") else [value])]
        if not values or not all(math.isfinite(one) for one in values):
            raise ClaimError(f"Claim {self.id} has {name} = {value}: it must be finite; "
                             "give None and a note that says why it is not determined.")
        return values if hasattr(value, "__len__") else values[0]


def _listed(value) -> list:
    return value if isinstance(value, list) else [value]


def verdict(claim: Claim, default_sky: bool) -> str:
    """What the number says: against the truth on a sky whose truth is known, against the paper on a real one.

    A list agrees if each component does. An upper limit agrees with a truth below it; two upper limits cannot
    contradict each other. What is inferred as its inverse is compared as that.

    >>> verdict(Claim("L_focusing", 25.0, 2.0, "pc", paper=17.8), default_sky=False)
    'differs'
    >>> verdict(Claim("L_focusing", 5.7, 3.3, "pc", paper=17.8), default_sky=False)  # 0.18 and 0.06 +- 0.10 per pc
    'consistent'
    """
    if claim.value is None:
        return "not determined"
    target = claim.truth if default_sky else claim.paper
    if target is None:
        return UNTESTABLE
    if claim.id.endswith("_bound"):
        agrees = not default_sky or abs(target) <= claim.value
    else:
        errors = _listed(claim.sigma) if claim.sigma is not None else [0.0] * len(_listed(claim.value))
        width = 3.0 if default_sky else 2.0
        values, wanted = _listed(claim.value), _listed(target)
        if claim.id in INVERSE:
            errors = [error / value**2 for value, error in zip(values, errors, strict=True)]
            values, wanted = ([1.0 / one for one in each] for each in (values, wanted))
        agrees = all(abs(value - target) <= width * error + 1e-9 * abs(target)
                     for value, target, error in zip(values, wanted, errors, strict=True))
    if default_sky:
        return "recovered" if agrees else "not recovered"
    return "consistent" if agrees else "differs"


def merge(folder: Path, default_sky: bool) -> dict:
    """Claims of all the notebooks of a run, from `folder`/claims/*.json, each with its verdict, by identifier.

    Where any claim states a truth the sky is a known one, and all are judged as on the default sky.
    """
    merged, made_by = {}, {}
    for path in sorted((Path(folder) / "claims").glob("*.json")):
        for claim in _read(path):
            if claim.id in merged:
                raise ClaimError(f"Claim {claim.id} is made by both {made_by[claim.id]} and {path.stem}: keep one.")
            merged[claim.id], made_by[claim.id] = claim, path.stem
    known = default_sky or any(claim.truth is not None for claim in merged.values())
    rows = {name: asdict(claim) | {"verdict": verdict(claim, known)} for name, claim in merged.items()}
    return {name: {key: row[key] for key in ENTRIES} for name, row in rows.items()}


def _read(path: Path) -> list[Claim]:
    try:
        return [Claim(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, TypeError, ValueError, RecursionError) as error:
        raise ClaimError(f"{path} holds no claims of a notebook ({' '.join(str(error).split())[:200]}): remove it, and "
                         "run its notebook again.") from None


def number(value, sigma=None, unit: str = "", like=()) -> str:
    """Number with its error and unit, rounded as the Particle Data Group does it (two digits of sigma up to 354).

    With `like`, numbers it is to be compared with, all of them get one power of ten.

    >>> number(17.93, 2.81, "pc"), number(-0.000123456, 4.4e-6, "1/yr"), number(5, 0.962), number(12.3456)
    ('17.9 ± 2.8 pc', '(−1.23 ± 0.04) × 10⁻⁴ yr⁻¹', '5.0 ± 1.0', '12.3')
    >>> number(-2909, 2399)
    '−2900 ± 2400'
    """
    if value is None:
        return "not determined"
    values, sigmas = _listed(value), [one or 0.0 for one in _listed(sigma)]
    sigmas = sigmas * len(values) if len(sigmas) == 1 else sigmas
    if not any([*values, *sigmas]):
        return f"0 {unit}".strip()
    power = math.floor(math.log10(max(map(abs, [*values, *sigmas, *like]))))
    shown = 0 if -2 <= power < 5 else power
    texts = []
    for one, error in zip(values, sigmas, strict=True):
        last = _last_digit(one, error) if error else min(_last_digit(one, error), shown)
        decimals = max(0, shown - last)
        parts = [one, error] if error else [one]
        parts = [(round(part, -last) if last > shown else part) / 10.0**shown for part in parts]
        texts.append(" ± ".join(f"{part:z.{decimals}f}".replace("-", "−") for part in parts))
    text = texts[0] if not isinstance(value, list) else f"({', '.join(texts)})"
    if shown:
        bracket = len(texts) == 1 and "±" in text and not text.startswith("(")
        text = f"{f'({text})' if bracket else text} × 10{str(shown).translate(SUPERSCRIPTS)}"
    return f"{text} {f'{unit[2:]}⁻¹' if unit.startswith('1/') else unit}".strip()


def _last_digit(value: float, sigma: float) -> int:
    """Power of ten of the last digit worth printing."""
    if not sigma:
        return (math.floor(math.log10(abs(value))) if value else 0) - 2
    power = math.floor(math.log10(sigma))
    lead = round(sigma / 10.0 ** (power - 2))
    return power - 1 if lead < 355 else power


def _rows(results: dict) -> list[tuple]:
    rows = []
    for name, row in results.get("claims", results).items():
        # one power of ten for the numbers of a row, but for those that are far smaller than the largest
        size = {key: max(map(abs, _listed(row[key]))) for key in ("truth", "paper", "value") if row[key] is not None}
        near = [one for one in size.values() if one >= 0.1 * max(size.values())]
        like = {key: near if one in near else () for key, one in size.items()}
        shown = ["–" if row[key] is None else number(row[key], None, "", like[key]) for key in ("truth", "paper")]
        value = number(row["value"], row["sigma"], "", like.get("value", ()))
        rows.append((name, *shown, value, row["unit"] or "–", row["verdict"], row["equation"] or "–"))
    return rows


def table(results: dict, notes: bool = True) -> str:
    """Markdown table of a results.json (or of its claims), truth before paper, and the notes below it.

    A column in which nothing stands is left out.
    """
    claims = results.get("claims", results)
    columns = [column for column in zip(HEADINGS, *_rows(results), strict=True) if set(column[1:]) != {"–"}]
    heading, *rows = zip(*columns, strict=True)
    lines = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    lines += ["| `" + "` | ".join([row[0], " | ".join(row[1:])]) + " |" for row in rows]
    if notes:
        lines += ["", *(f"- `{name}`: {row['note']}" for name, row in claims.items() if row["note"])]
    return "\n".join(lines).strip()


def plain_table(rows: list[tuple] | dict, headings: tuple = HEADINGS) -> str:
    """Rows (or the claims of a results.json) as columns of a terminal."""
    rows = [headings, *(_rows(rows) if isinstance(rows, dict) else rows)]
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(headings))]
    return "\n".join("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in rows)
