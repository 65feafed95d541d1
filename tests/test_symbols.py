"""Every symbol of the notebooks' formulas is in the table, first where the table says; so are the terms."""

import importlib
import re

import pytest

from lisbon_core.tools import symbols
from lisbon_core.tools.provenance import NOTEBOOKS

STEMS = [path.stem for path in sorted(NOTEBOOKS.glob("[0-9]*.py"))]
TABLE = symbols.read()


@pytest.mark.parametrize("stem", STEMS)
def test_no_symbol_without_its_meaning(stem):
    for formula in symbols.formulas(stem):
        left = symbols.unexplained(formula)[1]
        assert not left, f"{stem}: {left} in ${formula}$ is not in data/symbols.toml"


def first_use(of):
    """Number of the first notebook after the guide for which `of` holds."""
    return next((stem[:2] for stem in STEMS[1:] if of(stem)), None)


@pytest.mark.parametrize("form", sorted({form for one in TABLE["symbol"] for form in symbols.forms(one)}))
def test_symbols_are_met_where_the_table_says(form):
    meant = [one["first"] for one in TABLE["symbol"] if form in symbols.forms(one)]
    used = first_use(lambda stem: any(form in symbols.unexplained(formula)[0] for formula in symbols.formulas(stem)))
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
    words = re.compile("|".join(rf"\b{re.escape(form)}" for form in symbols.forms(one)), re.I)
    assert first_use(lambda stem: words.search(" ".join(symbols.told(stem).replace("*", "").split()))) == one["first"]


def test_no_term_twice():
    names = [one["name"].lower() for one in TABLE["term"]]
    assert len(set(names)) == len(names)


def test_page():
    page = symbols.page()
    assert page.count("\n| ") >= len(TABLE["symbol"])
    assert all(f"**{one['name']}**" in page for one in TABLE["term"])


def test_a_symbol_nobody_explains_is_found():
    assert symbols.unexplained(r"\mu\,\zeta + \frac{v}{2L}") == ({r"\mu", "v", "L"}, r"\zeta")
