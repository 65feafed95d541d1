"""The equation map is complete: every equation has code that says so, a cell that shows it and tests that prove it."""

import importlib
import re

import pytest

from lisbon_core.tools import reference
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT
from lisbon_core.tools.reference import EQUATIONS

FORMULAS = reference.formulas()
NAMED = re.compile(r"Eqs?\. (\(\w+\)(?:(?:, | and |-)\(\w+\))*)")


def section(stem, heading):
    """Text and code of a notebook from a heading to the next."""
    text = re.sub(r"^# ?", "", (NOTEBOOKS / f"{stem}.py").read_text(encoding="utf-8"), flags=re.M)
    found = re.search(rf"^#+ (?:\d\d )?{re.escape(heading)}$(.*?)(?=^#+ (?!%%)|\Z)", text, re.M | re.S)
    assert found, f"{stem} has no section {heading!r}"
    return found[1]


def names_equation(text, number):
    """Whether a text names an equation, alone, in a list or in a range."""
    for group in NAMED.findall(text.replace("\n", " ")):
        ends = re.findall(r"\((\w+)\)", group)
        if number in ends or ("-" in group and ends[0] <= number <= ends[-1]):
            return True
    return False


def test_the_paper_is_there_and_nothing_else_is_numbered():
    assert {"1", "2", "3", "4", "5", "6"} <= set(EQUATIONS)
    assert {number for _, number in FORMULAS} == set(EQUATIONS)


@pytest.mark.parametrize("number", EQUATIONS)
def test_code(number):
    for name in EQUATIONS[number]["functions"]:
        module, _, attribute = name.rpartition(".")
        function = getattr(importlib.import_module(f"lisbon_core.{module}"), attribute)
        assert function.__module__ == f"lisbon_core.{module}", f"{attribute} lives in {function.__module__}"
        assert names_equation(function.__doc__, number), f"the docstring of {name} does not name Eq. ({number})"


@pytest.mark.parametrize("number", EQUATIONS)
def test_notebook(number):
    equation = EQUATIONS[number]
    names = {name.rpartition(".")[2] for name in equation["functions"]}
    told = set(re.findall(r"\w+", section(equation["notebook"], equation["section"])))
    assert told & names, f"the section on Eq. ({number}) names none of {names}"
    for stem in (stem for stem, tag in FORMULAS if tag == number):
        told = set(re.findall(r"\w+", (NOTEBOOKS / f"{stem}.py").read_text(encoding="utf-8")))
        assert told & names, f"{stem} prints Eq. ({number}) and names none of {names}"


@pytest.mark.parametrize("number", EQUATIONS)
def test_proofs(number):
    assert reference.tests()[number], f"no test is marked with Eq. ({number})"


def test_no_mark_of_an_equation_that_is_not():
    assert set(reference.tests()) == set(EQUATIONS)


def test_links_lead_somewhere():
    for path, name in re.findall(r"\]\(([^)#]+)#?([^)]*)\)", reference.equations()):
        target = (NOTEBOOKS / path).resolve()
        assert target.is_file(), path
        assert name in target.read_text(encoding="utf-8"), f"{path} has no {name}"


def test_the_table_of_the_readme_agrees_with_the_map():
    """Six rows, one an equation of the paper; what they name is in the map, and what they link to is there."""
    table = re.search(r"<!-- equations -->(.*)<!-- /equations -->", (ROOT / "README.md").read_text("utf-8"), re.S)[1]
    rows = re.findall(r"^\| \((\d)\) [^|]+ \| \[`(\w+)`\]\(lisbon_core/(\S+)\.py#(\w+)\) \| "
                      r"\[\d\d\]\(notebooks/(\w+)\.ipynb\), \*([^|]+)\* \| \[[^|]+\]\((\S+)\) \|$", table, re.M)
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    for number, shown, module, name, *place, test in rows:
        equation = EQUATIONS[number]
        assert shown == name
        assert f"{module.replace('/', '.')}.{name}" in equation["functions"]
        assert place == [equation["notebook"], equation["section"]]
        assert test.replace("#", "::") in reference.tests()[number]


def test_lines_for_the_terminal_name_every_equation_and_test():
    lines = reference.equation_lines()
    assert all(f"({number}) " in lines for number in EQUATIONS)
    assert all(test in lines for proofs in reference.tests().values() for test in proofs)
