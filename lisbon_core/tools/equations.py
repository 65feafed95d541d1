"""The equation map: each numbered equation with its code, the cell that shows it and the tests that prove it.

What it says and where it is computed and shown is in data/equations.toml. The formula itself is read from the notebook
that prints it, and the tests are those marked `@pytest.mark.equation("5")`, so that neither is written twice.
"""

import ast
import re
import tomllib

from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT

EQUATIONS: dict[str, dict] = tomllib.loads((ROOT / "data" / "equations.toml").read_text(encoding="utf-8"))
FORMULA = re.compile(r"\$\$((?:(?!\$\$).)+?)\\tag\{(\w+)\}\s*\$\$", re.S)


def formulas() -> dict[tuple[str, str], str]:
    """LaTeX of every tagged equation of the notebooks, without its tag, by stem of the notebook and number."""
    found = {}
    for path in pairing.sources(NOTEBOOKS):
        text = re.sub(r"^# ?", "", path.read_text(encoding="utf-8"), flags=re.M)
        found |= {(path.stem, match[2]): " ".join(match[1].split()) for match in FORMULA.finditer(text)}
    return found


def tests() -> dict[str, list[str]]:
    """Tests marked with each equation, as `tests/test_x.py::test_y`; read, not run."""
    found = {number: [] for number in EQUATIONS}
    for path in sorted((ROOT / "tests").glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for mark in getattr(node, "decorator_list", []):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.equation":
                    for number in mark.args:
                        found.setdefault(ast.literal_eval(number), []).append(f"tests/{path.name}::{node.name}")
    return found


def listed() -> str:
    """Every equation with its meaning, code, section and tests, in Markdown; links are relative to notebooks/.

    A link to code has the name behind `#`, which a code host ignores.
    """
    tex, proofs, parts = {number: text for (_, number), text in reversed(formulas().items())}, tests(), []
    for number, equation in EQUATIONS.items():
        says, stem = equation["says"], equation["notebook"]
        code = [name.rpartition(".") for name in equation["functions"]]
        computed = [f"[`{name}`](../lisbon_core/{module.replace('.', '/')}.py#{name})" for module, _, name in code]
        proved = [f"[{test.split('::test_')[1].replace('_', ' ')}](../{test.replace('::', '#')})"
                  for test in proofs[number]]
        parts.append(f"**({number})** {says[0].upper()}{says[1:]}.\n\n$$ {tex[number]} $$\n\n"
                     f"- computed by {', '.join(computed)}\n"
                     f"- shown in [{stem[:2]}]({stem}.ipynb), *{equation['section']}*\n"
                     f"- proved by {'; '.join(proved)}")
    return "\n\n".join(parts)


def lines() -> str:
    """The same for a terminal, without the formulas."""
    proofs = tests()
    return "\n\n".join(
        "\n  ".join([f"({number}) {equation['says']}", f"computed by {', '.join(equation['functions'])}",
                     f"shown in {equation['notebook']}, {equation['section']}",
                     *(f"proved by {test}" for test in proofs[number])]) for number, equation in EQUATIONS.items())
