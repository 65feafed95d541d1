"""Symbol table and glossary, both from data/symbols.toml; and what of a formula is in the table."""

import functools
import re
import tomllib

from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT

__all__ = ["formulas", "glossary", "page", "read", "symbol_table", "told", "unexplained"]

FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$([^$\n]+(?:\n[^$\n]+){0,2})\$", re.S)
# What is no symbol: structure, operators, units and indices in upright letters, the d and e of calculus.
NEUTRAL = re.compile(r"\\(?:tag|text|mathrm)\{[^}]*\}|\\(?:frac|int|left|right|[bB]igl?r?|[lr]angle|cdots?|times|nabla|"
                     r"partial|cos|sin|tan|ln|log|exp|det|propto|infty|neq?|pm|to|quad|dots|pi|leq?|geq?|approx|sqrt|"
                     r"sum|ll|gg|sim)(?![A-Za-z])|[de]")


@functools.cache
def read() -> dict[str, list[dict]]:
    """Content of data/symbols.toml: lists `symbol` and `term`."""
    return tomllib.loads((ROOT / "data" / "symbols.toml").read_text(encoding="utf-8"))


def told(stem: str) -> str:
    """What a notebook says, code aside: Markdown but for the links to its neighbours, and the strings of its code."""
    cells = re.split(r"^# %%", (NOTEBOOKS / f"{stem}.py").read_text(encoding="utf-8"), flags=re.M)[1:]
    parts = []
    for cell in cells:
        head, _, body = cell.partition("\n")
        if "[markdown]" in head:
            parts.append(re.sub(r"^# ?(?:(?:Before|Next): \[.*)?", "", body, flags=re.M))
        elif "parameters" not in head:
            parts.append("\n".join(re.sub(r"\{[^}]*\}", "", text) for text in re.findall(r'"([^"\n]*)"', body))
                         .replace("\\\\", "\\"))
    return "\n\n".join(parts)


def formulas(stem: str) -> list[str]:
    """Formulas of a notebook, displayed and inline."""
    return [(match[1] or match[2]).strip() for match in FORMULA.finditer(told(stem))]


def forms(entry: dict) -> list[str]:
    """Every way in which an entry may stand in the text."""
    return [entry.get("tex") or entry["name"], *entry.get("forms", [])]


def unexplained(formula: str) -> tuple[set[str], str]:
    r"""Symbols of the table that a formula holds, and what is left of its letters without them.

    >>> unexplained(r"\frac{v}{2L}\,\partial_\mu F = \zeta \tag{5}")
    ({...}, '\\zeta')
    """
    known = sorted({form for entry in read()["symbol"] for form in forms(entry)}, key=len, reverse=True)
    macros, letters = ("|".join(re.escape(form) for form in known if form.startswith("\\") is macro)
                       for macro in (True, False))
    token = (rf"(?P<symbol>(?:{macros})(?![A-Za-z])|{letters})|(?P<neutral>{NEUTRAL.pattern})|"
             r"(?P<rest>\\?[A-Za-z]+?\b|[A-Za-z])")
    found = {"symbol": [], "neutral": [], "rest": []}
    for match in re.finditer(token, " ".join(formula.split())):
        found[match.lastgroup].append(match[0])
    return set(found["symbol"]), " ".join(found["rest"])


def symbol_table() -> str:
    """The symbols as a Markdown table."""
    rows = [("symbol", "meaning", "unit", "in the code", "first in"), ["---"] * 5]
    for one in read()["symbol"]:
        code = f"`{one['code'].rpartition('.')[2]}`" if "code" in one else ""
        rows.append((", ".join(f"${form}$" for form in forms(one)), one["meaning"], one["unit"], code,
                     _link(one["first"])))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def glossary() -> str:
    """The terms in alphabetical order, as a Markdown list."""
    terms = sorted(read()["term"], key=lambda one: one["name"].lower())
    return "\n".join(f"- **{one['name']}** ({_link(one['first'])}): {one['meaning']}" for one in terms)


def _link(number: str) -> str:
    return next(f"[{number}]({path.stem}.ipynb)" for path in pairing.sources(NOTEBOOKS) if path.stem[:2] == number)


def page() -> str:
    """The page of the site: both."""
    return ("# Symbols and terms\n\n## Symbols\n\nIn the order in which they are met; some letters have two meanings."
            f"\n\n{symbol_table()}\n\n## Terms\n\n{glossary()}\n")
