"""Tables of claims for the page and the terminal."""

import tomllib
from collections.abc import Iterable

from lisbon_core.ground._core import PACKAGE
from lisbon_core.ground.rounding import listed, number

HEADINGS = ("Claim", "Truth", "Paper", "This run ± statistical ± systematic", "Unit", "Verdict", "Equation")
# What a claim is about, by its identifier.
WORDS: dict[str, str] = tomllib.loads((PACKAGE.parent / "data" / "symbols.toml").read_text(encoding="utf-8"))["claims"]


def _rows(claims: dict) -> list[tuple]:
    rows = []
    for name, row in claims.items():
        # one power of ten for the numbers of a row, but for those that are far smaller than the largest
        size = {key: max(map(abs, listed(row[key]))) for key in ("truth", "paper", "value") if row[key] is not None}
        near = [one for one in size.values() if one >= 0.1 * max(size.values())]
        like = {key: near if one in near else () for key, one in size.items()}
        shown = ["–" if row[key] is None else number(row[key], None, "", like[key]) for key in ("truth", "paper")]
        value = number(row["value"], row["sigma"], "", like.get("value", ()), row.get("systematic"))
        if name == "L_focusing" and row["value"] and row["verdict"] == "not determined":  # a length has no such error
            inverse, *errors = 1.0 / row["value"], row["sigma"], row["systematic"]
            value = f"1/L = {number(inverse, errors[0] * inverse**2, '', (), errors[1] * inverse**2)} per {row['unit']}"
        rows.append((name, *shown, value, row["unit"] or "–", row["verdict"], row["equation"] or "–"))
    return rows


def table(claims: dict, notes: bool = True) -> str:
    """Markdown table of the claims of a results.json, truth before paper, and the notes below it, each once.

    A column in which nothing stands is left out.
    """
    columns = [column for column in zip(HEADINGS, *_rows(claims), strict=True) if set(column[1:]) != {"–"}]
    heading, *rows = zip(*columns, strict=True)
    lines, told = [page_table([(f"{WORDS.get(row[0], '')} `{row[0]}`".strip(), *row[1:]) for row in rows], heading)], {}
    for name, row in claims.items() if notes else ():
        for note in row["note"].split("; ") if row["value"] is not None else [row["note"]]:
            told.setdefault(note, []).append(f"`{name}`")
    lines += ["", *(f"- {', '.join(names)}: {note}" for note, names in told.items() if note)]
    return "\n".join(lines).strip()


def page_table(rows: Iterable[tuple], headings: tuple) -> str:
    """Rows as a Markdown table of a page.

    >>> print(page_table([("a", 1)], ("name", "number")))
    | name | number |
    |---|---|
    | a | 1 |
    """
    lines = [f"| {' | '.join(map(str, row))} |" for row in (headings, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(headings), *lines[1:]])


def plain_table(rows: list[tuple] | dict, headings: tuple = HEADINGS) -> str:
    """Rows (or the claims of a results.json) as columns of a terminal."""
    rows = [headings, *(_rows(rows) if isinstance(rows, dict) else rows)]
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(headings))]
    return "\n".join("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in rows)
