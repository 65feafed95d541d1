"""The hidden checks on a student's notebook: processes of their own (`judging`), limits, a readable report.

This is a fence, not a wall: a student's code runs with the rights of whoever checks it.
"""

import contextlib
import csv
import json
import os
import signal
import subprocess
import symtable
import sys
import tempfile
import textwrap
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from lisbon_core.course.copies import CODE_STUB, TEXT_STUB, CourseError, exercise_of, sources
from lisbon_core.ground._core import require
from lisbon_core.ground.reading import parsed
from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import ROOT

UNWRITTEN = CODE_STUB.split('"')[1]


@dataclass(frozen=True)
class CheckOutcome:
    """How an exercise ended: 'passed', 'failed', 'error', 'not attempted' or 'written' (a person reads it).

    `worth` is how many points nbgrader gives for it.
    """

    exercise: str
    status: str
    message: str = ""
    worth: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is left to do for the student."""
        return self.status in ("passed", "written")


def _label(cell) -> dict:
    """What nbgrader wrote into a cell."""
    label = cell.metadata.get("nbgrader")
    return label if isinstance(label, dict) and isinstance(label.get("grade_id"), str) else {}


def labelled(notebook) -> dict[str, list]:
    """Cells of a notebook by nbgrader's grade_id, those without one left out."""
    found: dict[str, list] = {}
    for cell in notebook.cells:
        if name := _label(cell).get("grade_id"):
            found.setdefault(name, []).append(cell)
    return found


def answers(notebook) -> dict[str, object]:
    """Cells of a source that the student fills, by grade_id."""
    return {name: cells[0] for name, cells in labelled(notebook).items() if _label(cells[0])["solution"]}


def source_of(notebook, name: str):
    """The source a student's notebook was made from, told by its cells, not by its file's name."""
    have = set(labelled(notebook))
    found = max((pairing.read(path) for path in sources()), key=lambda one: len(have & set(labelled(one))))
    require(have & set(answers(found)), f"{name} holds no answer cell of any exercise: open a notebook of "
            "_build/course/student in Jupyter (`make course` makes them), write into its cells and check that file.",
            CourseError)
    return found


def assemble(student, source) -> tuple[list[tuple[str, str, str, list[str]]], dict[str, str]]:
    """Cells to run, each as its exercise, its role, its code, and the names that its solution binds; and a sentence for
    each exercise whose answer cell is missing or there twice.

    Given cells and checks come from the source, in its order. Of the student are the texts of answers and of cells of
    the student's own, and nothing that these cells say of themselves.
    """
    wanted, given, extras, last = labelled(source), labelled(student), {}, ""
    for cell in student.cells:
        name = _label(cell).get("grade_id")
        if name in wanted:
            last = name
        elif cell.cell_type == "code":
            extras.setdefault(last, []).append(("", "own", cell.source, []))
    cells, problems = [*extras.get("", [])], {}
    for name, (own, *_) in wanted.items():
        label, is_code, names = _label(own), own.cell_type == "code", []
        role = "answer" if label["solution"] else "check" if label["grade"] else "given"
        found = given.get(name, []) if role == "answer" else [own]
        if is_code and role == "answer":
            names = symtable.symtable(own.source, "solution", "exec").get_symbols()
        if len(found) == 1:
            code = found[0].source if is_code else ""
            cells.append((exercise_of(name), role, code, [one.get_name() for one in names if one.is_assigned()]))
        else:
            what = (f"there {len(found)} times (a copied cell keeps its label): delete all but one" if found else
                    "missing: it was deleted or has lost its label; copy your answer into a fresh copy of the notebook")
            problems[exercise_of(name)] = f"the answer cell {name} is {what}"
        cells += extras.get(name, [])
    return cells, problems


def judge(exercise: str, faults: list[tuple[str, str, bool]]) -> CheckOutcome:
    """Outcome from the faults of an exercise's cells in order: name of the error, or none if the cell was not finished;
    message; whether it was a check that raised.
    """
    if not faults:
        return CheckOutcome(exercise, "passed")
    if any(name == "NotImplementedError" and UNWRITTEN in text for name, text, _ in faults):
        return CheckOutcome(exercise, "not attempted")
    name, text, checking = faults[0]
    if checking and name == "AssertionError" and text:
        return CheckOutcome(exercise, "failed", text)
    last = text.strip().rpartition("\n")[2]
    return CheckOutcome(exercise, "error", f"{name}: {last}" if name else last)


def check(path: str | Path, seconds: float = 300.0) -> list[CheckOutcome]:
    """Run the hidden checks on a student's notebook.

    Raises
    ------
    CourseError
        If the file is no notebook, or none of the course's.
    """
    import nbformat

    student = parsed(path, lambda text: nbformat.reads(text, as_version=4), lambda why: CourseError(
        f"{path} is not a notebook ({why}): give the path of yours, as Jupyter saved it."), most=2**25)
    source = source_of(student, Path(path).name)
    cells, problems = assemble(student, source)
    ended, told = _execute([cell[1:] for cell in cells], seconds)
    faults, stuck = {}, ""
    for index, (exercise, role, code, _) in enumerate(cells):
        found = faults.setdefault(exercise, [])
        if index in told:
            found += [(*told[index], role == "check")] if told[index] else []
        elif code.strip():
            stuck = stuck or exercise or "your own"
            where = f"{ended} in a cell of {stuck}"
            found.append(("", f"{where}: look for a loop without end, or for arrays far too large"
                          if exercise == stuck else f"not checked, because {where}", False))
    outcomes = []
    for name, own in answers(source).items():
        exercise = exercise_of(name)
        if exercise in problems:
            outcomes.append(CheckOutcome(exercise, "error", problems[exercise]))
        elif own.cell_type == "markdown":
            text = labelled(student)[name][0].source
            empty = TEXT_STUB in text or not text.strip()
            outcomes.append(CheckOutcome(exercise, "not attempted" if empty else "written"))
        else:
            outcomes.append(judge(exercise, faults.get(exercise, [])))
    worth = {exercise_of(name): _label(cells[0]).get("points", 0) for name, cells in labelled(source).items()
             if _label(cells[0])["grade"]}
    return [replace(one, worth=worth[one.exercise]) for one in outcomes]


def check_all(files: list[str], seconds: float = 300.0, table: bool = False) -> int:
    """Run the hidden checks on students' notebooks, each in processes and a temporary folder of its own.

    Their code runs with your rights: for the work of strangers use a container.
    """
    code, sheet = 0, csv.writer(sys.stdout)
    if table:
        sheet.writerow(("file", "exercise", "outcome", "points", "of"))
    for name in files:
        try:
            outcomes = check(name, seconds)
        except CourseError as error:  # the others of a class are checked all the same
            print(f"lisbon: {error}", file=sys.stderr)
            outcomes, code = [CheckOutcome("", "not checked")], 2
        code = code or int(not all(one.ok for one in outcomes))
        if table:
            sheet.writerows((name, one.exercise, one.status, one.worth * (one.status == "passed"), one.worth)
                            for one in outcomes)
        elif outcomes[0].exercise:
            print(report(name, outcomes))
        sys.stdout.flush()
    return code


def _execute(cells: list, seconds: float) -> tuple[str, dict[int, list[str]]]:
    """Run cells by `judging`: what ended it early, and of each finished cell the error in it, or none.

    No flag, setting or module that lies around reaches it: checks are assertions.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        given = {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
                 "PYTHONOPTIMIZE": "", "MPLBACKEND": "agg", "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "lisbon_core.course.judging", "judge", str(seconds)], cwd=folder,
            env=os.environ | given, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        ended = f"the {seconds:.0f} seconds were over"
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(json.dumps(cells), timeout=seconds)
                ended = "the kernel died"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
    return ended, dict(map(json.loads, said.split("\n")[:-1]))


def report(name: str, outcomes: list[CheckOutcome]) -> str:
    """The outcomes as lines for a person."""
    count = Counter(outcome.status for outcome in outcomes)
    lines = [f"{name}: " + ", ".join(f"{n} {status}" for status, n in count.items())]
    for one in outcomes:
        head, *rest = textwrap.wrap(one.message, 90) or [""]
        lines += [f"  {one.exercise:<5} {one.status:<14} {head}".rstrip(), *(f"{'':23}{line}" for line in rest)]
    if count["written"]:
        lines.append("  Written answers are for a person to read, with the rubric in the instructor's copy.")
    return "\n".join(lines)
