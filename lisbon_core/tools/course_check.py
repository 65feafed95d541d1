"""The hidden checks on a student's notebook: a fresh kernel, a temporary folder, a limit of time, a readable report.

This is a convenience, not a wall: a student's code runs with the rights of whoever checks it.
"""

import tempfile
import textwrap
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lisbon_core.tools import pairing
from lisbon_core.tools.course import CODE_STUB, TEXT_STUB, CourseError, exercise_of, sources

__all__ = ["CheckOutcome", "answers", "assemble", "check", "check_all", "judge", "labelled", "report", "source_of"]

UNWRITTEN = CODE_STUB.split('"')[1]


@dataclass(frozen=True)
class CheckOutcome:
    """How an exercise ended: 'passed', 'failed', 'error', 'not attempted' or 'written' (a person reads it)."""

    exercise: str
    status: str
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is left to do for the student."""
        return self.status in ("passed", "written")


def _label(cell) -> dict:
    """What nbgrader wrote into a cell."""
    return cell.metadata.get("nbgrader", {})


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
    if not have & set(answers(found)):
        raise CourseError(f"{name} holds no answer cell of any exercise: open a notebook of _build/course/student in "
                          "Jupyter (`make course` makes them), write into its cells and check that file.")
    return found


def assemble(student, source):
    """Notebook to run, and a sentence for each exercise whose answer cell is missing or there twice.

    Given cells and checks come from the source, in its order; answers and cells of the student's own from the student.
    """
    wanted, given, extras, last = labelled(source), labelled(student), {}, ""
    for cell in student.cells:
        name = _label(cell).get("grade_id")
        if name in wanted:
            last = name
        elif cell.cell_type == "code":
            extras.setdefault(last, []).append(cell)
    cells, problems, run = [*extras.get("", [])], {}, source.copy()
    for name, (own, *_) in wanted.items():
        found = given.get(name, []) if _label(own)["solution"] else [own]
        if len(found) == 1:
            cells += found
        elif found:
            problems[exercise_of(name)] = (f"the answer cell {name} is there {len(found)} times (a copied cell keeps "
                                           "its label): delete all but one")
        else:
            problems[exercise_of(name)] = (f"the answer cell {name} is missing: it was deleted or has lost its label; "
                                           "copy your answer into a fresh copy of the notebook")
        cells += extras.get(name, [])
    run.cells = [cell for cell in cells if cell.cell_type in ("code", "markdown")]
    return run, problems


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

    try:
        student = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise CourseError(f"There is no file {path}: give the path of your notebook.") from None
    except Exception as error:  # nbformat raises whatever its parsers do
        raise CourseError(f"{path} is not a notebook ({type(error).__name__}): save yours from Jupyter.") from error
    source = source_of(student, Path(path).name)
    run, problems = assemble(student, source)
    ended, done = _execute(run, seconds)
    faults, stuck = {}, ""
    for index, cell in enumerate(run.cells):
        exercise = exercise_of(_label(cell).get("grade_id", ""))
        found = faults.setdefault(exercise, [])
        if not ended or index in done:
            found += [(one.ename, one.evalue, bool(_label(cell).get("grade")))
                      for one in cell.get("outputs", []) if one.output_type == "error"]
        elif cell.cell_type == "code" and cell.source.strip():
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
    return outcomes


def check_all(files: list[str], seconds: float = 300.0) -> int:
    """Run the hidden checks on students' notebooks, each in a fresh kernel and a temporary folder.

    Their code runs with your rights.
    """
    done = True
    for name in files:
        outcomes = check(name, seconds)
        done &= all(one.ok for one in outcomes)
        print(report(name, outcomes), flush=True)
    return 0 if done else 1


def _execute(notebook, seconds: float) -> tuple[str, set[int]]:
    """Run a notebook in place, errors and all; what ended it early, or nothing, and the cells that were finished."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    from lisbon_core.tools.kernels import CONFIG, Kernel

    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    end, done = time.monotonic() + seconds, set()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, config=CONFIG, kernel_manager_class=Kernel, allow_errors=True, extra_arguments=["--log-level=50"],
            timeout_func=lambda cell: max(1, round(end - time.monotonic())), resources={"metadata": {"path": folder}},
            on_cell_executed=lambda cell, cell_index, execute_reply: done.add(cell_index))
        try:
            client.execute()
        except CellTimeoutError:
            return f"the {seconds:.0f} seconds were over", done
        except DeadKernelError:
            return "the kernel died", done
    return "", done


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
