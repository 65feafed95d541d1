"""The course: student, instructor and grading copies of the exercises, and slides, all from one source.

`notebooks/exercises/NN_name_sol.py` holds questions, answers and hidden checks in nbgrader's own markers, so that
nbgrader takes `grading/` as it is; nothing here needs nbgrader. `checking` runs the checks.
"""

import re
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, only_one, write_atomically

__all__ = ["CODE_STUB", "EXERCISES", "TEXT_STUB", "CourseError", "build", "exercise_of", "sources", "student_copy"]

EXERCISES = NOTEBOOKS / "exercises"
CODE_STUB = 'raise NotImplementedError("write your answer here")'
TEXT_STUB = "Write your answer here."

# nbgrader reads this in the folder it is started from
NBGRADER = f"""c = get_config()
c.CourseDirectory.course_id = "lisbon"
c.ClearSolutions.code_stub = {{"python": {CODE_STUB!r}}}
c.ClearSolutions.text_stub = {TEXT_STUB!r}
c.ExecutePreprocessor.timeout = 600
"""


class CourseError(LisbonError):
    """An exercise, or a student's notebook, that cannot be used."""


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
        if mark in kept:
            raise CourseError(f"'{mark}' has no counterpart: each BEGIN needs one END after it.")
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

    from lisbon_core.course.slides import slides

    chapters, out = [*sources(), EXERCISES / "capstone_sol.py"], Path(out) / "course"
    with only_one(out):
        for path in chapters:
            stem, whole = path.stem.removesuffix("_sol"), pairing.read(path)
            for folder, notebook in (("instructor", whole), (f"grading/source/{stem}", whole),
                                     ("student", student_copy(pairing.read(path)))):
                write_atomically(out / folder / f"{stem}.ipynb", nbformat.writes(notebook) + "\n")
        write_atomically(out / "grading" / "nbgrader_config.py", NBGRADER)
        pages = slides(out / "slides")
    return f"{out}: {len(chapters)} notebooks each for students, instructor and grading; {pages} lectures"

