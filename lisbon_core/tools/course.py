"""The course: student, instructor and grading copies of the exercises, and slides, all from one source.

`notebooks/exercises/NN_name_sol.py` holds questions, answers and hidden checks in nbgrader's own markers, so that
nbgrader takes `grading/` as it is; nothing here needs nbgrader. `course_check` runs the checks.
"""

import re
import shutil
import sys
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.tools import pairing
from lisbon_core.tools.locks import only_one
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, write_atomically

__all__ = ["CODE_STUB", "EXERCISES", "TEXT_STUB", "CourseError", "build", "main", "number", "sources", "student_copy"]

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


def sources(folder: Path = EXERCISES) -> list[Path]:
    """Solution sources in reading order."""
    found = sorted(Path(folder).glob("[0-9][0-9]_*_sol.py"))
    if not found:
        raise CourseError(f"No exercise NN_name_sol.py in {folder}: run this from a checkout of Lisbon.")
    return found


def number(grade_id: str) -> str:
    """Number of the exercise a cell belongs to.

    >>> number("ex_4_2_check")
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
    kept, inside = [], False
    for line in text.splitlines():
        mark = line.strip()
        if mark in (f"### BEGIN {region}", f"### END {region}"):
            if inside == mark.startswith("### BEGIN"):
                raise CourseError(f"'{mark}' does not follow its counterpart: each BEGIN needs one END after it.")
            inside = not inside
            if inside and stub:
                kept.append(line[: len(line) - len(line.lstrip())] + stub)
        elif not inside:
            kept.append(line)
    if inside:
        raise CourseError(f"'### BEGIN {region}' is never closed: add '### END {region}'.")
    return "\n".join(kept).rstrip()


def student_copy(notebook):
    """The notebook a student gets: stubs for solutions, no hidden tests, given cells locked."""
    for cell in notebook.cells:
        label = cell.metadata.get("nbgrader", {})
        stub = CODE_STUB if cell.cell_type == "code" else TEXT_STUB
        if label.get("solution"):
            cell.source = without(cell.source, "SOLUTION", stub)
        cell.source = without(cell.source, "HIDDEN TESTS")
        if label:
            cell.metadata["deletable"] = False
        if label.get("locked"):
            cell.metadata["editable"] = False
    return notebook


def build(out: Path = ROOT / "_build" / "course") -> dict[str, int]:
    """Write student/, instructor/, grading/ and slides/ into a folder; how many files went into each."""
    import nbformat

    counts = {}
    for path in [*sources(), EXERCISES / "capstone_sol.py"]:
        stem = path.stem.removesuffix("_sol")
        for name, copy in (("student", student_copy), ("instructor", lambda notebook: notebook),
                           (f"grading/source/{stem}", lambda notebook: notebook)):
            notebook = copy(pairing.read(path))
            write_atomically(Path(out) / name / f"{stem}.ipynb", nbformat.writes(notebook) + "\n")
            counts[name.partition("/")[0]] = counts.get(name.partition("/")[0], 0) + 1
    write_atomically(Path(out) / "grading" / "nbgrader_config.py", NBGRADER)
    counts["slides"] = slides(Path(out) / "slides")
    return counts


def slides(out: Path) -> int:
    """A page of slides for each executed notebook, one section a heading or figure, code folded; needs no network.

    MathJax lies beside the pages: one file, which draws its own glyphs.
    """
    import importlib.util

    import nbformat

    out.mkdir(parents=True, exist_ok=True)
    if spec := importlib.util.find_spec("mathjax"):
        folder = Path(next(iter(spec.submodule_search_locations)))
        shutil.copyfile(next(folder.rglob("es5/tex-svg.js")), out / "tex-svg.js")
    else:
        print("No formulas on the slides: install django-static-mathjax (pip install '.[site]').", file=sys.stderr)
    found = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    for path in found:
        write_atomically(out / f"{path.stem}.html", slide_page(nbformat.read(path, as_version=4)))
    return len(found)


def slide_page(notebook) -> str:
    """One HTML page of an executed notebook: a section for each heading and each figure."""
    from html import escape

    from nbconvert.filters import markdown2html
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    def shown(output) -> str:
        data = output.get("data", {})
        if "image/png" in data:
            alt = escape(output.metadata.get("image/png", {}).get("alt", ""), quote=True)
            return f'<img alt="{alt}" src="data:image/png;base64,{"".join(data["image/png"].split())}">'
        if "text/markdown" in data:
            return markdown2html(data["text/markdown"])
        return f"<pre>{escape(output.get('text') or data.get('text/plain', ''))}</pre>"

    sections = [""]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            first, *others = re.split(r"^(?=##? )", cell.source, flags=re.M)
            if "<img" in sections[-1]:
                sections.append("")
            sections[-1] += markdown2html(first) if first.strip() else ""
            sections += [markdown2html(part) for part in others]
        elif cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            figure = any("image/png" in output.get("data", {}) for output in cell.outputs)
            if figure and len(re.sub(r"(?s)<details>.*?</details>|<[^>]+>", "", sections[-1])) > 700:
                sections.append("")
            code = highlight(cell.source, PythonLexer(), HtmlFormatter())
            sections[-1] += f"<details><summary>code</summary>{code}</details>" + "".join(map(shown, cell.outputs))
    body = "\n".join(f"<section>{section}</section>" for section in sections if section)
    heading = re.search(r"<h1[^>]*>(.*?)<", body, re.S)
    page = Path(__file__).with_name("slides.html").read_text(encoding="utf-8")
    for name, text in (("TITLE", escape(heading[1]) if heading else "Lisbon"),
                       ("STYLE", HtmlFormatter().get_style_defs("pre")), ("SECTIONS", body)):
        page = page.replace(f"@{name}@", text)
    return page


def main(argv: list[str] | None = None) -> int:
    """`python -m lisbon_core.tools.course build [DIR]`; `lisbon check` runs the checks."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] != ["build"] or len(argv) > 2:
        print("course: say 'build [DIR]'", file=sys.stderr)
        return 2
    out = Path(argv[1]) if argv[1:] else ROOT / "_build" / "course"
    try:
        with only_one(out):
            counts = build(out)
    except LisbonError as error:
        print(f"course: {error}", file=sys.stderr)
        return 2
    print("\n".join([f"{out}:", *(f"  {name + '/':<12} {count} notebooks" for name, count in counts.items())]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
