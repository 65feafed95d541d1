"""The course: every solution passes, every stub and every planted wrong answer fails with a message that teaches.

The wrong answers are in `course_answers/`, a Markdown file a chapter: `## 4.1 wrong: words of the message` or
`## 4.1 right`, and a cell of code. They are run in this process; whole notebooks also in a fresh kernel, as students'.
"""

import contextlib
import io
import re
from pathlib import Path

import nbformat
import pytest

from lisbon_core.tools import course, course_check, pairing
from lisbon_core.tools.cli import main
from lisbon_core.tools.course import CODE_STUB, TEXT_STUB, CourseError

SOURCES = course.sources()
ANSWERS = Path(__file__).parent / "course_answers"
BY_CHAPTER = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem[:2])


def listed(path):
    """Answers to a chapter from its Markdown file: exercise, words its message must hold (None: right), code."""
    text = (ANSWERS / f"{path.stem.removesuffix('_sol')}.md").read_text(encoding="utf-8")
    found = re.findall(r"^## (\S+) (?:wrong: ([^\n]+)|right)\n+```python\n(.*?)^```", text, re.M | re.S)
    assert len(found) == text.count("\n## "), f"{path.stem}: a heading or a cell of its answers is not understood"
    return [(exercise, words or None, code) for exercise, words, code in found]


def in_process(cells, namespace):
    """What `course_check` judges, without a kernel: the errors of cells run in a namespace."""
    faults = []
    for cell in cells:
        label = cell.metadata.get("nbgrader", {})
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.source, label.get("grade_id", "a cell"), "exec"), namespace)
        except Exception as error:
            faults.append((type(error).__name__, str(error), bool(label.get("grade"))))
    return faults


class Chapter:
    """A source whose given cells have been run once."""

    def __init__(self, path):
        self.cells = {name: cells[0] for name, cells in course_check.labelled(pairing.read(path)).items()}
        self.namespace = {"__name__": "__main__"}
        given = [cell for name, cell in self.cells.items() if name.endswith("given")]
        assert in_process(given, self.namespace) == []

    def judge(self, exercise, answer):
        """Outcome of an answer's source."""
        name = f"ex_{exercise.replace('.', '_')}"
        cell = nbformat.from_dict({**self.cells[name], "source": answer})
        return course_check.judge(exercise, in_process([cell, self.cells[f"{name}_check"]], dict(self.namespace)))


@pytest.fixture(scope="module")
def chapters():
    made = {}
    return lambda path: made.setdefault(path, Chapter(path)) if path not in made else made[path]


def code_answers(path):
    """Answer cells of code of a source, by exercise."""
    found = course_check.answers(pairing.read(path))
    return {course.number(name): cell for name, cell in found.items() if cell.cell_type == "code"}


@BY_CHAPTER
def test_wrong_answers_are_told_why(path, chapters):
    counts = dict.fromkeys(code_answers(path), 0)
    for exercise, words, code in listed(path):
        outcome = chapters(path).judge(exercise, code)
        if words is None:
            assert outcome.ok, f"a right answer to {exercise} is refused: {outcome}"
            continue
        counts[exercise] += 1
        assert outcome.status == "failed", f"{exercise}, '{words}': {outcome}"
        assert words in outcome.message, f"{exercise}: {outcome.message}"
        assert len(outcome.message.split()) >= 8, f"{exercise}: this teaches nothing: {outcome.message}"
    assert min(counts.values()) >= 2, f"each exercise needs two wrong answers: {counts}"


@BY_CHAPTER
def test_stub_is_not_an_answer(path, chapters):
    for exercise, cell in code_answers(path).items():
        stub = course.without(cell.source, "SOLUTION", CODE_STUB)
        assert chapters(path).judge(exercise, stub).status == "not attempted"


@BY_CHAPTER
def test_solution_passes(path, chapters):
    for exercise, cell in code_answers(path).items():
        outcome = chapters(path).judge(exercise, cell.source)
        assert outcome.ok, outcome
