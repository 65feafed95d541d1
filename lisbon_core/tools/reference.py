"""What a reader looks up: the equations, each with its code and its proofs; symbols and terms; the works to cite.

What an equation says and where it is computed and shown is in data/equations.toml. The formula itself is read from the
notebook that prints it, and the tests are those marked `@pytest.mark.equation("5")`, so that neither is written twice.
Symbols and terms are in data/symbols.toml, works in CITATION.cff.
"""

import ast
import re
import tomllib

from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT
from lisbon_core.tools.tables import page_table

EQUATIONS: dict[str, dict] = tomllib.loads((ROOT / "data" / "equations.toml").read_text(encoding="utf-8"))
FORMULA = re.compile(r"\$\$((?:(?!\$\$).)+?)\\tag\{(\w+)\}\s*\$\$", re.S)
SYMBOLS: dict = tomllib.loads((ROOT / "data" / "symbols.toml").read_text(encoding="utf-8"))
KINDS = {"article": "article", "conference-paper": "inproceedings", "software": "software"}


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


def equations() -> str:
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


def equation_lines() -> str:
    """The same for a terminal, without the formulas."""
    proofs = tests()
    return "\n\n".join(
        "\n  ".join([f"({number}) {equation['says']}", f"computed by {', '.join(equation['functions'])}",
                     f"shown in {equation['notebook']}, {equation['section']}",
                     *(f"proved by {test}" for test in proofs[number])]) for number, equation in EQUATIONS.items())


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
    for one in SYMBOLS["symbol"]:
        code = f"`{one['code'].rpartition('.')[2]}`" if "code" in one else ""
        rows.append((", ".join(f"${form}$" for form in forms(one)), one["meaning"], one["unit"], code,
                     _link(one["first"])))
    return page_table(rows, ("symbol", "meaning", "unit", "in the code", "first in"))


def glossary() -> str:
    """The terms in alphabetical order, as a Markdown list."""
    terms = sorted(SYMBOLS["term"], key=lambda one: one["name"].lower())
    return "\n".join(f"- **{one['name']}** ({_link(one['first'])}): {one['meaning']}" for one in terms)


def _link(number: str) -> str:
    return f"[{number}]({pairing.find(number, NOTEBOOKS).stem}.ipynb)"


def _works() -> list[tuple[list[str], dict]]:
    """Authors of each work, and what else is told of it."""
    import yaml

    own = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return [([one.get("name") or f"{one['family-names']}, {one['given-names']}" for one in work["authors"]], work)
            for work in (own, *own["references"])]


def bibtex() -> str:
    """One BibTeX entry a work; authors given as a collaboration stand in braces, so that they are not taken apart.

    >>> print(bibtex().split("@")[2].splitlines()[0])
    inproceedings{zhang,
    """
    entries = []
    for authors, work in _works():
        key = re.sub(r"[^a-z]", "", re.split(r"[ ,]", authors[0].removeprefix("The "))[0].lower())
        told = {"author": " and ".join(name if "," in name else f"{{{name}}}" for name in authors),
                "title": f"{{{work['title']}}}", **{name: work.get(name) for name in ("year", "version", "journal")},
                "volume": work.get("volume"), "pages": work.get("start"), "doi": work.get("doi")}
        lines = [f"  {name} = {{{value}}}" for name, value in told.items() if value]
        entries.append(f"@{KINDS[work['type']]}{{{key}{work.get('year', '')},\n" + ",\n".join(lines) + "\n}")
    return "\n\n".join(entries)


def works() -> str:
    """The works as a list, then as BibTeX, in Markdown."""
    listed = []
    for authors, work in _works():
        where = " ".join(str(work[name]) for name in ("journal", "volume", "start") if name in work)
        parts = [" and ".join(authors), f"*{work['title']}*", where, str(work.get("year", "")),
                 f"doi:{work['doi']}" if "doi" in work else ""]
        listed.append(f"- {', '.join(filter(None, parts))}.")
    return "\n".join(listed) + f"\n\n<details><summary>BibTeX</summary>\n\n```bibtex\n{bibtex()}\n```\n\n</details>"
