"""The notebooks are one text: each opens with the same box, asks a question, leads on; the guide knows them all."""

import ast
import re

import jupytext
import pytest

from lisbon_core.parameters import RunParameters
from lisbon_core.tools import pairing, reference
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT

SOURCES = pairing.sources(NOTEBOOKS)
GUIDE = SOURCES[0].read_text(encoding="utf-8")
by_stem = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


@by_stem
def test_opening(path):
    first = jupytext.read(path).cells[0].source
    assert first.startswith(f"# {path.stem[:2]} ")
    box = " ".join(line.removeprefix(">").strip() for line in first.splitlines() if line.startswith(">"))
    assert re.findall(r"\*\*(\w[\w ]+)\*\*", box) == ["Shows", "Equations", "Needs", "Run time"]


@by_stem
def test_ending(path):
    """A question, and links to the notebooks before and after, by their titles."""
    last, index = jupytext.read(path).cells[-1], SOURCES.index(path)
    assert last.cell_type == "markdown"
    assert "**A question the " in last.source
    neighbours = {"Before": SOURCES[index - 1] if index else None, "Next": (*SOURCES, None)[index + 1]}
    wanted = [f"{word}: [{pairing.title(one)}]({one.stem}.ipynb)" for word, one in neighbours.items() if one]
    assert last.source.splitlines()[-1] == " · ".join(wanted)


@by_stem
def test_the_box_knows_the_equations(path):
    """Every equation that a notebook prints is in its box, alone or in a range; the guide has them all."""
    text = path.read_text(encoding="utf-8")
    box = text.partition("**Equations**")[2].partition("**Needs**")[0]
    numbers = re.findall(r"\((\d\w?)\)", re.sub(r"\((\d)\)-\((\d)\)", lambda m: " ".join(
        f"({n})" for n in range(int(m[1]), int(m[2]) + 1)), box))
    assert set(re.findall(r"\\tag\{(\w+)\}", text)) <= set(numbers)


def test_the_guide_leads_to_every_notebook():
    """One row each, and minutes that add up to the three hours it promises."""
    rows = dict(re.findall(r"^# \| \[(\d\d)\]\(\d\d_\w+\.ipynb\) \|.*\| (\d+) \|$", GUIDE, re.M))
    assert list(rows) == [path.stem[:2] for path in SOURCES[1:]]
    assert 150 <= sum(int(minutes) for number, minutes in rows.items() if number <= "09") <= 180


def test_every_claim_of_the_paper_is_faced():
    text = (NOTEBOOKS / "what_cannot_be_reproduced.md").read_text(encoding="utf-8")
    assert re.findall(r"^(\d)\. \*", text, re.M) == ["1", "2", "3", "4"]
    listed = RunParameters().as_dict().keys()
    named = set(re.findall(r"`(\w+)`", text)) - {"G_x", "G_y", "G_icrs"}
    assert named <= listed, "the page names a parameter that is none"


def test_links_of_the_texts_lead_somewhere():
    for path in [*SOURCES, *NOTEBOOKS.glob("*.md"), ROOT / "README.md", ROOT / "data" / "README.md"]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s{]+)[^)]*\)", path.read_text(encoding="utf-8")):
            there = path.parent / target.replace(".ipynb", ".py")
            assert there.exists(), f"{path.name} links to {target}"


def test_bibtex_has_every_work():
    text = reference.bibtex()
    keys = re.findall(r"@\w+\{([\w]+),", text)
    assert len(set(keys)) == len(keys) == text.count("author =")
    assert text.count("{") == text.count("}")
    assert "10.3847/1538-4357/adfc52" in text


PRESENTS = re.compile(r"\b(show|say|record|expect|print)\(|\b(plots|widgets)\.")


@by_stem
def test_the_code_that_is_shown_is_physics(path):
    """Of the lines a reader sees by default at least 70 % are physics, and none is cut off at the edge of the page."""
    lines, physics = [], 0

    def code(text):
        return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    for cell in jupytext.read(path).cells:
        if cell.cell_type == "code" and not {"hide-input", "parameters", "widget"} & set(cell.metadata.get("tags", [])):
            written = cell.source.splitlines()
            lines += code(cell.source)
            for node in ast.parse(cell.source).body:
                text = "\n".join(written[node.lineno - 1:node.end_lineno])
                if not isinstance(node, (ast.Import, ast.ImportFrom)) and not PRESENTS.search(text):
                    physics += len(code(text))
    assert not [line for line in lines if len(line) > 88]
    assert physics >= 0.7 * len(lines)
