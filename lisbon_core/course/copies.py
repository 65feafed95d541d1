"""The course: student, instructor and grading copies of the exercises, and slides, all from one source.

`notebooks/exercises/NN_name_sol.py` holds questions, answers and hidden checks in nbgrader's own markers, so that
nbgrader takes `grading/` as it is; nothing here needs nbgrader. `checking` runs the checks.
"""

import re
import sys
from pathlib import Path

from lisbon_core.course import CourseError
from lisbon_core.course.slides import slides
from lisbon_core.ground._core import require
from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, only_one, write_atomically, write_json

EXERCISES = NOTEBOOKS / "exercises"
CODE_STUB = 'raise NotImplementedError("write your answer here")'
TEXT_STUB = "Write your answer here."
# of this Python, for one that has nbgrader and no Lisbon
KERNEL = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Lisbon"}


def sources() -> list[Path]:
    """Solution sources in reading order."""
    return pairing.sources(EXERCISES, "[0-9][0-9]_*_sol.py")


def exercise_of(grade_id: str) -> str:
    """Number of the exercise a cell belongs to.

    >>> exercise_of("ex_4_2_check")
    '4.2'
    """
    return ".".join(re.findall(r"\d+", grade_id)[:2])


def without(text: str, region: str, stub: str = "") -> str:
    """Text with every region between `### BEGIN region` and `### END region` replaced by an (indented) stub.

    >>> without("def f():\\n    ### BEGIN SOLUTION\\n    return 1\\n    ### END SOLUTION", "SOLUTION", "pass")
    'def f():\\n    pass'

    Raises
    ------
    CourseError
        If a region is opened or closed twice.
    """
    begin, end = f"### BEGIN {region}", f"### END {region}"
    kept = re.sub(rf"(?ms)^([ \t]*){begin}$(?:(?!{begin}).)*?{end}(?:\n|\Z)",
                  lambda found: f"{found[1]}{stub}\n" if stub else "", text)
    for mark in (begin, end):
        require(mark not in kept, f"'{mark}' has no counterpart: each BEGIN needs one END after it.", CourseError)
    return kept.rstrip()


def student_copy(notebook):
    """The notebook a student gets: stubs for solutions, no hidden tests, given cells locked."""
    for cell in notebook.cells:
        label = cell.metadata.get("nbgrader", {})
        if label.get("solution"):
            cell.source = without(cell.source, "SOLUTION", CODE_STUB if cell.cell_type == "code" else TEXT_STUB)
        cell.source = without(cell.source, "HIDDEN TESTS")
        if label:
            cell.metadata["deletable"] = False
        if label.get("locked"):
            cell.metadata["editable"] = False
    return notebook


def build(out: Path = ROOT / "_build") -> str:
    """Make a course in `out`/course: exercises for students, for lecturers and for nbgrader, and slides."""
    import nbformat

    chapters, out = [*sources(), EXERCISES / "capstone_sol.py"], Path(out) / "course"
    first = nbformat.v4.new_code_cell((EXERCISES / "first_cell.py").read_text(encoding="utf-8"), id="lisbon")
    with only_one(out):
        for path in chapters:
            stem, whole, given = path.stem.removesuffix("_sol"), pairing.read(path), student_copy(pairing.read(path))
            for notebook in (whole, given):
                notebook.cells.insert(1, first)
            for folder, notebook in (("instructor", whole), (f"grading/source/{stem}", whole), ("student", given)):
                write_atomically(out / folder / f"{stem}.ipynb", nbformat.writes(notebook) + "\n")
        for name, folder in (("nbgrader_config.py", "grading"), ("closing_questions.md", "instructor")):
            write_atomically(out / folder / name, (EXERCISES / name).read_text(encoding="utf-8"))
        write_json(out / "grading" / "jupyter" / "kernels" / "python3" / "kernel.json", KERNEL)
        pages = slides(out / "slides")
    return f"{out}: {len(chapters)} notebooks each for students, instructor and grading; {pages} lectures"

