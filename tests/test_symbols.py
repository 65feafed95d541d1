"""Every symbol of the notebooks' formulas is in the table, first where the table says; so are the terms."""

import importlib
import re

import pytest

from lisbon_core.tools import reference
from lisbon_core.tools.provenance import NOTEBOOKS

STEMS = [path.stem for path in sorted(NOTEBOOKS.glob("[0-9]*.py"))]
TABLE = reference.SYMBOLS
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$([^$\n]+(?:\n[^$\n]+){0,2})\$", re.S)
# What is no symbol: structure, operators, units and indices in upright letters, the d and e of calculus.
NEUTRAL = re.compile(r"\\(?:tag|text|mathrm)\{[^}]*\}|\\(?:frac|int|left|right|[bB]igl?r?|[lr]angle|cdots?|times|nabla|"
                     r"partial|cos|sin|tan|ln|log|exp|det|propto|infty|neq?|pm|to|quad|dots|pi|leq?|geq?|approx|sqrt|"
                     r"sum|ll|gg|sim)(?![A-Za-z])|[de]")


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


def unexplained(formula: str) -> tuple[set[str], str]:
    """Symbols of the table that a formula holds, and what is left of its letters without them."""
    known = sorted({form for entry in TABLE["symbol"] for form in reference.forms(entry)}, key=len, reverse=True)
    macros, letters = ("|".join(re.escape(form) for form in known if form.startswith("\\") is macro)
                       for macro in (True, False))
    token = (rf"(?P<symbol>(?:{macros})(?![A-Za-z])|{letters})|(?P<neutral>{NEUTRAL.pattern})|"
             r"(?P<rest>\\?[A-Za-z]+?\b|[A-Za-z])")
    found = {"symbol": [], "neutral": [], "rest": []}
    for match in re.finditer(token, " ".join(formula.split())):
        found[match.lastgroup].append(match[0])
    return set(found["symbol"]), " ".join(found["rest"])


@pytest.mark.parametrize("stem", STEMS)
def test_no_symbol_without_its_meaning(stem):
    for formula in formulas(stem):
        left = unexplained(formula)[1]
        assert not left, f"{stem}: {left} in ${formula}$ is not in data/symbols.toml"


def first_use(of):
    """Number of the first notebook after the guide for which `of` holds."""
    return next((stem[:2] for stem in STEMS[1:] if of(stem)), None)


@pytest.mark.parametrize("form", sorted({form for one in TABLE["symbol"] for form in reference.forms(one)}))
def test_symbols_are_met_where_the_table_says(form):
    meant = [one["first"] for one in TABLE["symbol"] if form in reference.forms(one)]
    used = first_use(lambda stem: any(form in unexplained(formula)[0] for formula in formulas(stem)))
    assert used is not None, f"{form} is in the table and in no notebook"
    assert used >= min(meant), f"{form} is used in notebook {used} and explained in {min(meant)}"


@pytest.mark.parametrize("one", TABLE["symbol"], ids=lambda one: f"{one['tex']}-{one['first']}")
def test_symbol_entries(one):
    assert set(one) <= {"tex", "forms", "meaning", "unit", "code", "first"}
    if code := one.get("code"):
        owner, _, name = code.rpartition(".")
        module, _, cls = owner.rpartition(".")
        try:
            found = importlib.import_module(f"lisbon_core.{owner}")
        except ImportError:
            found = getattr(importlib.import_module(f"lisbon_core.{module}"), cls)
        assert hasattr(found, name) or name in found.__dataclass_fields__, f"there is no lisbon_core.{code}"


@pytest.mark.parametrize("one", TABLE["term"], ids=lambda one: one["name"])
def test_terms_are_met_where_the_glossary_says(one):
    words = re.compile("|".join(rf"\b{re.escape(form)}" for form in reference.forms(one)), re.I)
    assert first_use(lambda stem: words.search(" ".join(told(stem).replace("*", "").split()))) == one["first"]


def test_no_term_twice():
    names = [one["name"].lower() for one in TABLE["term"]]
    assert len(set(names)) == len(names)


def test_tables_hold_every_entry():
    assert reference.symbol_table().count("\n| ") >= len(TABLE["symbol"])
    assert all(f"**{one['name']}**" in reference.glossary() for one in TABLE["term"])


def test_a_symbol_nobody_explains_is_found():
    assert unexplained(r"\mu\,\xi + \frac{v}{2L}") == ({r"\mu", "v", "L"}, r"\xi")
