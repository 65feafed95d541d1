"""Symbol table and glossary, both from data/symbols.toml."""

import re
import tomllib

from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT
from lisbon_core.tools.tables import page_table

TABLE: dict = tomllib.loads((ROOT / "data" / "symbols.toml").read_text(encoding="utf-8"))


def forms(entry: dict) -> list[str]:
    """Every way in which an entry may stand in the text."""
    return [entry.get("tex") or entry["name"], *entry.get("forms", [])]


def anchor(name: str) -> str:
    """What a link to a term ends in.

    >>> anchor("Fick's law")
    'term-fick-s-law'
    """
    return "term-" + re.sub(r"\W+", "-", name.lower())


def symbol_table() -> str:
    """The symbols as a Markdown table."""
    rows = []
    for one in TABLE["symbol"]:
        code = f"`{one['code'].rpartition('.')[2]}`" if "code" in one else ""
        rows.append((", ".join(f"${form}$" for form in forms(one)), one["meaning"], one["unit"], code,
                     _link(one["first"])))
    return page_table(rows, ("symbol", "meaning", "unit", "in the code", "first in"))


def glossary() -> str:
    """The terms in alphabetical order, as a Markdown list."""
    terms = sorted(TABLE["term"], key=lambda one: one["name"].lower())
    return "\n".join(f"- **{one['name']}** ({_link(one['first'])}): {one['meaning']}" for one in terms)


def _link(number: str) -> str:
    return f"[{number}]({pairing.find(number, NOTEBOOKS).stem}.ipynb)"
