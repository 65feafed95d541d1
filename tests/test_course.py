"""The course: every solution passes, every stub and every planted wrong answer fails with a message that teaches.

The wrong answers are in `course_answers/`, a Markdown file a chapter: `## 4.1 wrong: words of the message` or
`## 4.1 right`, and a cell of code. They are run in this process; whole notebooks also in a fresh kernel, as students'.
"""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from lisbon_core.course import checking, copies
from lisbon_core.course.copies import CODE_STUB, TEXT_STUB, CourseError
from lisbon_core.tools import pairing
from lisbon_core.tools.cli import main

SOURCES = copies.sources()
ANSWERS = Path(__file__).parent / "course_answers"
BY_CHAPTER = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem[:2])


def listed(path):
    """Answers to a chapter from its Markdown file: exercise, words its message must hold (None: right), code."""
    text = (ANSWERS / f"{path.stem.removesuffix('_sol')}.md").read_text(encoding="utf-8")
    found = re.findall(r"^## (\S+) (?:wrong: ([^\n]+)|right)\n+```python\n(.*?)^```", text, re.M | re.S)
    assert len(found) == text.count("\n## "), f"{path.stem}: a heading or a cell of its answers is not understood"
    return [(exercise, words or None, code) for exercise, words, code in found]


def in_process(cells, namespace):
    """What `checking` judges, without a kernel: the errors of cells run in a namespace."""
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
        self.cells = {name: cells[0] for name, cells in checking.labelled(pairing.read(path)).items()}
        self.namespace = {"__name__": "__main__"}
        given = [cell for name, cell in self.cells.items() if name.endswith("given")]
        assert in_process(given, self.namespace) == []

    def judge(self, exercise, answer):
        """Outcome of an answer's source."""
        name = f"ex_{exercise.replace('.', '_')}"
        cell = nbformat.from_dict({**self.cells[name], "source": answer})
        return checking.judge(exercise, in_process([cell, self.cells[f"{name}_check"]], dict(self.namespace)))


@pytest.fixture(scope="module")
def chapters():
    made = {}
    return lambda path: made.setdefault(path, Chapter(path)) if path not in made else made[path]


def code_answers(path):
    """Answer cells of code of a source, by exercise."""
    found = checking.answers(pairing.read(path))
    return {copies.exercise_of(name): cell for name, cell in found.items() if cell.cell_type == "code"}


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
        stub = copies.without(cell.source, "SOLUTION", CODE_STUB)
        assert chapters(path).judge(exercise, stub).status == "not attempted"


@BY_CHAPTER
def test_solution_passes(path, chapters):
    for exercise, cell in code_answers(path).items():
        outcome = chapters(path).judge(exercise, cell.source)
        assert outcome.ok, outcome


def test_every_notebook_has_its_exercises():
    """Two to four exercises a notebook, each with its time, level, aim and hint; at least one planted error each."""
    chapters = {path.stem[:2] for path in SOURCES}
    assert {f"{n:02d}" for n in range(1, 10)} <= chapters
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        found = checking.answers(pairing.read(path))
        assert 2 <= len(found) <= 4, path.stem
        heads = re.findall(r"^# > \*\*Exercise (\d+\.\d)\*\* \(\d+ min, ★{1,3}, assesses: [^)]+\)$", text, re.M)
        assert heads == [copies.exercise_of(name) for name in found], f"{path.stem}: time, level, aim of each exercise"
        assert text.count("# <details><summary>Hint</summary>") == len(found), path.stem
        for warm_up in ("# > **Warm-up** (5 min", "# <details><summary>Answer</summary>"):
            assert text.count(warm_up) == 1, path.stem
        assert text.count("# </details>") == len(found) + 1, path.stem
        assert "suspect" in text or "mirrored" in text, f"{path.stem} has no planted error"
        for name, cell in found.items():
            if cell.cell_type == "markdown":
                assert "**Rubric.**" in cell.source, name
                points = cell.metadata["nbgrader"]["points"]
                assert sum(map(int, re.findall(r"(\d+) points?\b", cell.source.split("**Rubric.**")[1]))) <= points
        names = [name for name, cells in checking.labelled(pairing.read(path)).items() if len(cells) > 1]
        assert names == [], f"{path.stem}: the labels {names} are there twice"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    copies.build(folder)
    return folder / "course"


def test_student_copies_hold_no_answers(built):
    for path in SOURCES:
        stem = path.stem.removesuffix("_sol")
        text = (built / "student" / f"{stem}.ipynb").read_text(encoding="utf-8")
        assert "### BEGIN" not in text
        assert "Rubric" not in text
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        for cell in checking.answers(notebook).values():
            assert (CODE_STUB if cell.cell_type == "code" else TEXT_STUB) in cell.source
        whole = nbformat.read(built / "instructor" / f"{stem}.ipynb", as_version=4)
        assert "### BEGIN HIDDEN TESTS" in nbformat.writes(whole)
        assert (built / "grading" / "source" / stem / f"{stem}.ipynb").exists()


def test_the_closing_question_of_each_notebook_is_answered_for_lecturers(built):
    """In the words in which it is asked; students get no answers."""
    answers = (built / "instructor" / "closing_questions.md").read_text(encoding="utf-8")
    assert re.findall(r"^\*\*(\d\d)\. [A-Z].*\?\*\* ", answers, re.M) == [
        path.stem[:2] for path in pairing.sources(copies.NOTEBOOKS)]
    for path in pairing.sources(copies.NOTEBOOKS):
        assert "A question the " in path.read_text(encoding="utf-8"), path.stem
    assert not (built / "student" / "closing_questions.md").exists()


def test_the_first_cell_installs_lisbon_where_it_is_missing(built, tmp_path):
    """And at once, without a new start; here, where it is there, it does nothing."""
    cell = nbformat.read(built / "student" / "01_liouville.ipynb", as_version=4).cells[1].source
    exec(compile(cell, "first cell", "exec"), {})
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    with zipfile.ZipFile(tmp_path / "lisbon_core-1-py3-none-any.whl", "w") as wheel:  # laid out like the real one
        about = "lisbon_core-1.dist-info"
        wheel.writestr("lisbon_compendium/lisbon_core.py", "")
        wheel.writestr("lisbon.pth", "lisbon_compendium\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: lisbon_core\nVersion: 1\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    python = [tmp_path / "venv" / "bin" / "python", "-I", "-c", f"{cell}\nimport lisbon_core; print('there')"]
    done = subprocess.run(python, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "there\n", done.stderr
    subprocess.run([python[0], "-m", "pip", "uninstall", "-qy", "lisbon_core"], check=True)
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(python, cwd=tmp_path / "elsewhere", capture_output=True, text=True)
    assert "put lisbon_core-...whl" in done.stderr


def test_nbgrader_gives_full_marks_and_none(built, tmp_path):
    """In an environment of its own, which has no Lisbon: the course's folder brings the kernel that has."""
    uv = shutil.which("uv", path=Path(sys.executable).parent) or pytest.skip("uv is not installed (extra 'lock')")
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    installed = subprocess.run([uv, "pip", "install", "-q", "--python", python, "nbgrader>=0.9"], capture_output=True,
                               text=True)
    if installed.returncode:
        pytest.skip(f"nbgrader cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
    here, name, path = tmp_path / "grading", "08_fokker_planck", copies.EXERCISES / "08_fokker_planck_sol.py"
    shutil.copytree(built / "grading", here)
    given = {key: str(tmp_path / "home") for key in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    given |= {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(copies.ROOT)}

    def nbgrader(*arguments):
        done = subprocess.run([python, "-m", "nbgrader", *arguments], cwd=here, capture_output=True, text=True,
                              env=os.environ | given)
        assert done.returncode == 0, done.stderr[-2000:]

    nbgrader("generate_assignment", name)
    solved = {exercise: cell.source for exercise, cell in code_answers(path).items()}
    wrong = {exercise: code for exercise, words, code in listed(path) if words}
    for student, known in (("right", solved), ("wrong", wrong)):
        notebook = nbformat.read(here / "release" / name / f"{name}.ipynb", as_version=4)
        for grade_id, cell in checking.answers(notebook).items():
            assert CODE_STUB in cell.source
            cell.source = known[copies.exercise_of(grade_id)]
        (here / "submitted" / student / name).mkdir(parents=True)
        nbformat.write(notebook, here / "submitted" / student / name / f"{name}.ipynb")
    nbgrader("autograde", name)
    nbgrader("export")
    with open(here / "grades.csv", newline="") as stream:
        marks = {row["student_id"]: row["raw_score"] for row in csv.DictReader(stream)}
    cells = pairing.read(path).cells
    whole = sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in cells)
    assert {student: float(mark) for student, mark in marks.items()} == {"right": whole, "wrong": 0.0}


@BY_CHAPTER
def test_whole_notebook_in_a_kernel(path, built, capsys):
    """The student's way: the command on a file. Solutions pass; the copy as it was handed out is not attempted."""
    name = f"{path.stem.removesuffix('_sol')}.ipynb"
    assert main(["check", str(built / "instructor" / name)]) == 0, capsys.readouterr().out
    assert "passed" in capsys.readouterr().out
    assert main(["check", str(built / "student" / name)]) == 1
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines
    assert all("not attempted" in line for line in lines)


def edited(built, tmp_path, edit):
    """The solved notebook 06 after an edit of its cells, as a file."""
    notebook = nbformat.read(built / "instructor" / "06_renormalisation.ipynb", as_version=4)
    edit(notebook.cells, {name: cells[0] for name, cells in checking.labelled(notebook).items()})
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    return tmp_path / "mine.ipynb"


def outcomes_of(path, **options):
    return {one.exercise: one for one in checking.check(path, **options)}


def test_damaged_notebooks_get_a_sentence(built, tmp_path):
    def damage(cells, named):
        cells.remove(named["ex_6_given"])  # comes back from the source
        cells.append(cells.pop(cells.index(named["ex_6_1"])))  # moved below its check
        cells.append(nbformat.from_dict({**named["ex_6_2"], "id": "copied"}))
        del named["ex_6_3"].metadata["nbgrader"]["grade_id"]
        named["ex_6_1_check"].source = "pass"  # the check is the course's, not the student's
        cells.insert(0, nbformat.v4.new_code_cell("1 / 0"))  # a note of the student's own

    found = outcomes_of(edited(built, tmp_path, damage))
    assert found["6.1"].status == "passed"
    assert "is there 2 times" in found["6.2"].message
    assert "ex_6_3 is missing" in found["6.3"].message


def test_errors_show_their_last_line(built, tmp_path):
    def mistake(cells, named):
        named["ex_6_1"].source = "def restore(intensity, ring_means):\n    return intensity * ring_means"
        named["ex_6_2"].source = "def sphere_mean(values:"

    found = outcomes_of(edited(built, tmp_path, mistake))
    assert found["6.1"].status == "error"
    assert "broadcast" in found["6.1"].message
    assert found["6.2"].message.startswith("SyntaxError")


def test_time_is_limited(built, tmp_path):
    def loop(cells, named):
        named["ex_6_1"].source += "\nwhile True:\n    pass"

    found = outcomes_of(edited(built, tmp_path, loop), seconds=8.0)
    assert "8 seconds were over in a cell of 6.1" in found["6.1"].message
    assert "not checked" in found["6.2"].message


def test_a_dead_kernel_is_told(built, tmp_path):
    def die(cells, named):
        named["ex_6_2"].source += "\nimport os\nos._exit(1)"

    found = outcomes_of(edited(built, tmp_path, die))
    assert found["6.1"].status == "passed"
    assert "kernel died" in found["6.2"].message


# Code of the student's own, beside wrong answers to 6.1 and 6.2 that pass only if a check does not check.
CHEATS = {
    "assertions taken out": """import ast
class Out(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Out())
compile = exec = lambda *_, **__: None""",
    "errors silenced": """shell = get_ipython()
shell.showtraceback = lambda *_, **__: None
shell.set_custom_exc((Exception,), lambda *_, **__: [])
shell.run_cell = type(shell).run_cell = lambda *_, **__: None""",
    "another numpy": """import builtins
np.abs = builtins.abs = np.mean = np.ptp = lambda *_, **__: 0.0
np.shape = lambda *_: (30, 60)
np.isclose = np.allclose = lambda *_, **__: True
AssertionError = builtins.AssertionError = KeyboardInterrupt""",
    "what is equal to everything": """class Any(np.ndarray):
    __lt__ = __le__ = __gt__ = __eq__ = __ne__ = lambda self, other: True
    __sub__ = __rsub__ = __array_ufunc__ = __array_function__ = lambda *_, **__: np.zeros(1).view(Any)
    shape = (30, 60)
restore = sphere_mean = lambda *_: np.zeros(1).view(Any)""",
    "objects with a mind": """class Mind:
    def __float__(self): return 0.0
    __lt__ = __abs__ = __sub__ = __array__ = lambda *_: Mind()
    __reduce__ = lambda self: (print, ("run",))
restore = sphere_mean = lambda *_: Mind()""",
    "the solution read": """import lisbon_core, pathlib
folder = pathlib.Path(lisbon_core.__file__).parents[1] / "notebooks" / "exercises"
text = (folder / "06_renormalisation_sol.py").read_text()
restore, sphere_mean = TAKEN""",
    "the solution read by another process": """import lisbon_core, pathlib, subprocess
folder = pathlib.Path(lisbon_core.__file__).parents[1] / "notebooks" / "exercises"
text = subprocess.run(["cat", folder / "06_renormalisation_sol.py"], capture_output=True, text=True).stdout
restore, sphere_mean = TAKEN""",
    "what the check holds looked up": """import gc, sys
def restore(*_):
    frame = sys._getframe()
    while frame := frame.f_back:
        for name in ("once", "raw", "__builtins__"):
            frame.f_globals.setdefault("np", None)
            if name != "__builtins__" and name in frame.f_globals:
                return true_sky
    return [one for one in gc.get_objects() if isinstance(one, str) and "HIDDEN TESTS" in one][0]""",
    "verdicts written where the judge reads": """import os
for number in range(3, 30):
    try:
        os.write(number, b'[0, []]\\n["value", null]\\n["value", true]\\n' * 99)
    except OSError:
        pass""",
    "the judge's functions called": """import json, os
asked = ["call", 0, {"list": []}, {"made": ["os", "_exit", {"list": [0]}]}]
for number in range(3, 30):
    try:
        os.write(number, json.dumps(asked).encode() + b"\\n")
    except OSError:
        pass""",
    "the judge's names replaced": """import gc
line, = [one for one in gc.get_objects() if type(one).__name__ == "Line"]
line.tasks["take"] = lambda names: {"restore": restore, "np": None, "abs": lambda x: 0.0, "true_sky": 0.0, "dec": 0.0}
line.tasks["run"] = lambda source: ["passed"]""",
    "the checks rewritten": """from lisbon_core.course import checking, judging
for module in (checking, judging):
    open(module.__file__, "a").write("\\nran = judge = lambda *_: []\\n")""",
    "the judge ended": """import os, signal
os.killpg(0, signal.SIGTERM)""",
    "a flood": """for _ in range(300):
    print("x" * 1_000_000)
restore = lambda *_: "x" * 10**8""",
    "memory": "whole = np.ones((40_000, 40_000))",
    "the values of the question": "restore = lambda *_: true_sky\nsphere_mean = lambda values: 0.0",
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_passes_nothing(cheat, built, tmp_path):
    """And what it does, ends with it: the sources are what they were, the next one is judged as before."""
    def add(cells, named):
        named["ex_6_1"].source = "def restore(intensity, ring_means):\n    return intensity"
        named["ex_6_2"].source = "def sphere_mean(values):\n    return 0.0 * values.mean()"
        code = CHEATS[cheat].replace("TAKEN", '[None] * 2\nexec(text.replace("# %%", "#"))')
        for name, after in (("ex_6_1", 0), ("ex_6_1", 1), ("ex_6_2", 1)):  # before answers and after them
            cells.insert(cells.index(named[name]) + after, nbformat.v4.new_code_cell(code))

    before = {path: path.read_bytes() for path in Path(checking.__file__).parent.glob("*.py")}
    found = outcomes_of(edited(built, tmp_path, add), seconds=60)
    assert {found[name].status for name in ("6.1", "6.2")} <= {"failed", "error"}, found
    assert all(path.read_bytes() == content for path, content in before.items())


def test_reports_are_plain_text(built, tmp_path, capsys):
    def colour(cells, named):
        named["ex_6_1"].source = ("def restore(*_):\n    raise type('\\x1b[31mNo', (Exception,), {})("
                                  "'\\x1b[2J\\u202e' + 'x' * 10**6)")
        for name in ("ex_6_2", "ex_6_3"):  # labels of any kind
            named[name].metadata["nbgrader"] |= {"grade": "\x1b", "points": [1], "locked": {}}

    path = edited(built, tmp_path, colour)
    assert main(["check", str(path), "--csv"]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [f"{path},6.1,error,0,2", f"{path},6.2,passed,2,2",
                                                        f"{path},6.3,written,0,3"]
    outcomes = checking.check(path)
    text = checking.report("mine", outcomes)
    assert text.replace("\n", "").isprintable()
    assert len(text) < 5000


def test_files_that_are_no_exercise(tmp_path, capsys):
    (tmp_path / "broken.ipynb").write_text("{")
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), tmp_path / "other.ipynb")
    for name, words in (("none.ipynb", "No such file"), ("broken.ipynb", "is not a notebook"),
                        ("other.ipynb", "holds no answer cell")):
        assert main(["check", str(tmp_path / name)]) == 2
        assert words in capsys.readouterr().err
    (tmp_path / "labels.ipynb").write_text(json.dumps({"cells": [
        {"cell_type": "code", "metadata": {"nbgrader": label}, "source": "1", "outputs": [], "execution_count": None}
        for label in (5, [], {"grade_id": []})], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    assert main(["check", str(tmp_path / "labels.ipynb"), str(tmp_path / "none.ipynb")]) == 2
    said = capsys.readouterr().err  # of each, and not of the first alone
    assert "labels.ipynb holds no answer cell" in said
    assert "No such file" in said


def test_a_class_is_a_table(built, tmp_path, capsys):
    """A header, a line an exercise, and a line too for a file that was no exercise, so that nobody is lost."""
    stub, none = built / "student" / "06_renormalisation.ipynb", tmp_path / "none.ipynb"
    assert main(["check", "--csv", str(none), str(stub)]) == 2
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["file"], row["exercise"], row["outcome"], row["points"]) for row in rows] == [
        (str(none), "", "not checked", "0"), *((str(stub), f"6.{n}", "not attempted", "0") for n in (1, 2, 3))]
    assert [int(row["of"]) for row in rows] == [0, 2, 2, 3]


def test_regions_have_to_close():
    whole = "### BEGIN SOLUTION\nx\n### END SOLUTION\n"
    assert copies.without(f"{whole}y\n{whole}", "SOLUTION") == "y"
    for text in ("### BEGIN SOLUTION", "### END SOLUTION", f"### BEGIN SOLUTION\n{whole}", f"{whole}### END SOLUTION"):
        with pytest.raises(CourseError, match="counterpart"):
            copies.without(text, "SOLUTION")
