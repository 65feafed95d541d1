"""Numbers as text, and tables of claims for the page and the terminal."""

import math

__all__ = ["listed", "number", "plain_table", "table"]

HEADINGS = ("Claim", "Truth", "Paper", "This run", "Unit", "Verdict", "Equation")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def listed(value) -> list:
    """A claim's number or numbers as a list."""
    return value if isinstance(value, list) else [value]


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
    values, sigmas = listed(value), [one or 0.0 for one in listed(sigma)]
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
        size = {key: max(map(abs, listed(row[key]))) for key in ("truth", "paper", "value") if row[key] is not None}
        near = [one for one in size.values() if one >= 0.1 * max(size.values())]
        like = {key: near if one in near else () for key, one in size.items()}
        shown = ["–" if row[key] is None else number(row[key], None, "", like[key]) for key in ("truth", "paper")]
        value = number(row["value"], row["sigma"], "", like.get("value", ()))
        rows.append((name, *shown, value, row["unit"] or "–", row["verdict"], row["equation"] or "–"))
    return rows


def table(results: dict, notes: bool = True) -> str:
    """Markdown table of a results.json (or of its claims), truth before paper, and the notes below it, each once.

    A column in which nothing stands is left out.
    """
    claims = results.get("claims", results)
    columns = [column for column in zip(HEADINGS, *_rows(results), strict=True) if set(column[1:]) != {"–"}]
    heading, *rows = zip(*columns, strict=True)
    lines = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    lines += ["| `" + "` | ".join([row[0], " | ".join(row[1:])]) + " |" for row in rows]
    told = {}
    for name, row in claims.items() if notes else ():
        for note in row["note"].split("; ") if row["value"] is not None else [row["note"]]:
            told.setdefault(note, []).append(f"`{name}`")
    lines += ["", *(f"- {', '.join(names)}: {note}" for note, names in told.items() if note)]
    return "\n".join(lines).strip()


def plain_table(rows: list[tuple] | dict, headings: tuple = HEADINGS) -> str:
    """Rows (or the claims of a results.json) as columns of a terminal."""
    rows = [headings, *(_rows(rows) if isinstance(rows, dict) else rows)]
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(headings))]
    return "\n".join("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in rows)
