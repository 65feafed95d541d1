"""The pages of the site, gathered into one folder laid out like the repository, so that its links hold.

Notebooks come from the last `make paper` where it is current, else the committed ones; README, the Markdown pages
under notebooks/ and data/ as they are; claims, equations and symbols are written by their modules.
"""

import ast
import importlib
import json
import os
import pkgutil
import re
import shutil
from pathlib import Path

from lisbon_core.tools import equations, inputs, pairing, symbols, tables
from lisbon_core.tools.provenance import git_state, input_hash

__all__ = ["gather"]

LINK = re.compile(r"(?<!`)(!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()([^)\s#]+)(#[^)\s]*)?(\))")
DRAWN = re.compile(r"Drawn by `([\w.]+)`")
RECOVERY = ("Every number and figure of the default run is a **recovery test**: its sky is synthetic, and the question "
            "is whether the chain returns what the sky was made with.")


def gather(root: Path, target: Path, printed: bool = False) -> str:
    """Fill `target` with the sources of all pages; return the line for the foot of each page (HTML).

    `printed` leaves out what paper has no use for: the reference of the code, which the site has with its source.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    folder, results, made_from = _executed(root)
    texts, notebooks = {}, []
    for source in pairing.sources(root / "notebooks"):
        _write_notebook(source, folder / f"{source.stem}.ipynb", root, target, printed)
        notebooks.append(f"notebooks/{source.stem}")
    for path in sorted([*(root / "notebooks").rglob("*.md"), *(root / "data").glob("*.md")]):
        if not any(part.startswith(".") for part in path.relative_to(root).parts):
            texts[path.relative_to(root).with_suffix("").as_posix()] = path.read_text(encoding="utf-8")
    texts |= {"claims": _claims_page(results), "notebooks/equations": equations.page(),
              "notebooks/symbols": symbols.page()}
    texts["index"] = _landing(root, notebooks, [*texts], [] if printed else _reference(target))
    if printed:  # a page on paper has no foot
        texts["index"] = texts["index"].replace("\n\n", f"\n\n{made_from}\n\n", 1)
    for name, text in texts.items():
        path = target / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        # a number, its error and its power of ten stay on one line
        text = re.sub(r"^\|.*", lambda row: re.sub(r" ([±×]) ", "\u00a0\\1\u00a0", row[0]), text, flags=re.M)
        path.write_text(_relink(text, path.parent, root, target, printed), encoding="utf-8")
    return made_from


def _executed(root: Path) -> tuple[Path, dict, str]:
    """Folder of the executed notebooks, their results, and a line (HTML) that says what they were made from."""
    current, paper = input_hash(root), root / "runs" / "paper"
    defaults = inputs.defaults(pairing.sources(root / "notebooks"))
    try:
        record = json.loads((paper / "provenance.json").read_text(encoding="utf-8"))
        done = {stem for stem, outcome in record["notebooks"].items() if outcome.get("status") == "done"}
        good = (record["input_hash"] == current and record["parameters"] == defaults
                and done == {source.stem for source in pairing.sources(root / "notebooks")})
    except (OSError, KeyError, ValueError):
        good = False
    folder = paper if good else root / "notebooks"
    path = (paper if good else root / "figures") / "results.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    used = results["provenance"]["input_hash"]
    state = git_state(root)
    line = "Default run: a <strong>recovery test</strong> on a synthetic sky of known truth; it does not confirm the " \
           f"paper's numbers. Notebooks made from inputs <code>{used[:12]}</code>"
    if used != current:
        line += " (the sources have changed since: <code>make paper</code>)"
    if state["commit"]:
        line += f", pages from commit <code>{state['commit'][:10]}</code>{' with changes' if state['dirty'] else ''}"
    return folder, results, f"<p class='provenance'>{line}.</p>"


def _write_notebook(source: Path, executed: Path, root: Path, target: Path, printed: bool) -> None:
    """Put one notebook in its place, its parameters folded.

    Beside the sources, in downloads/, lies what a reader takes home: the notebook as it is.
    """
    import nbformat

    if executed.is_file():
        notebook = pairing.tidy(nbformat.read(executed, as_version=4), keep_injected=False)
    else:
        notebook = pairing.read(source)
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell("*Not run yet: `make paper` does.*"))
    download = target.parent / "downloads" / "notebooks" / f"{source.stem}.ipynb"
    download.parent.mkdir(parents=True, exist_ok=True)
    download.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _relink(cell.source, target / "notebooks", root, target, printed)
            cells.append(cell)
            continue
        if "parameters" in cell.metadata.get("tags", []):
            cell.metadata["tags"] = ["hide-input"]
        parts = _a_cell_a_figure(cell)
        cells += parts
        for output in (output for part in parts for output in part.outputs):
            if said := output.get("data", {}).get("text/markdown"):
                said = DRAWN.sub(_drawn_by, "".join(said))
                output.data["text/markdown"] = _relink(said, target / "notebooks", root, target, printed)
    notebook.cells = cells
    path = target / "notebooks" / f"{source.stem}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def _a_cell_a_figure(cell) -> list:
    """The cell, cut before each further figure, as a page has one alternative text a cell."""
    import nbformat

    parts = [cell]
    outputs, cell.outputs = cell.outputs, []
    for output in outputs:
        if "image/png" in output.get("data", {}) and pairing.alternative_texts(parts[-1]):
            parts.append(nbformat.v4.new_code_cell("...", metadata={"tags": ["remove-input"]},
                                                   id=f"{cell['id']}-{len(parts)}"))
        parts[-1].outputs.append(output)
    for part in parts:
        for alt in pairing.alternative_texts(part):
            part.metadata["mystnb"] = {"image": {"alt": alt}}
    return parts


def _claims_page(results: dict) -> str:
    return f"""# Claims

{RECOVERY} *Truth* is what it was made with, *paper* what Zhang & Maalal state. *Recovered* means within three of the
stated errors. The table and its notes are written by the notebooks; nothing in them was typed.

{tables.table(results)}
"""


def _landing(root: Path, notebooks: list[str], texts: list[str], api: list[str]) -> str:
    """The README, and the contents of the site."""
    def contents(caption, names):
        return "\n".join([":::{toctree}", ":hidden:", f":caption: {caption}", "", *names, ":::", ""]) if names else ""

    looked_up = ["claims", *(name for name in texts if re.fullmatch(r"notebooks/[^/]+", name))]
    own = [name for name in texts if name.startswith(("data/", "notebooks/own/"))]
    own.sort(key=lambda name: not name.endswith("own_map"))  # what most have; the door leads there
    course = [name for name in texts if name.startswith("notebooks/exercises/")]
    title, rest = (root / "README.md").read_text(encoding="utf-8").split("\n\n", 1)
    doors = [f"- **[Read]({notebooks[0]}.ipynb)** the argument, one notebook a step: ten minutes, an hour or a day.",
             *(f"- **[Rerun]({name}.md)** it on a map of your own." for name in own[:1]),
             *(f"- **[Teach]({name}.md)** from it: exercises with solutions that are checked." for name in course[:1])]
    doors = "\n".join(["::::{container} doors", *doors, "::::", ""])
    return "\n".join([title, "", doors, rest, contents("Read", notebooks), contents("Look up", looked_up),
                      contents("Rerun", own), contents("Teach", course), contents("Code: lisbon_core", api)])


def _reference(target: Path) -> list[str]:
    """One page a package or module at the top of lisbon_core, with all that is public in it; return its contents."""
    import lisbon_core

    folder = target / "api"
    folder.mkdir()
    rooms = {}
    for found in pkgutil.walk_packages(lisbon_core.__path__, "lisbon_core."):
        parts = found.name.split(".")
        if not any(part.startswith("_") for part in parts) and parts[1:3] != ["tools", "site"]:
            rooms.setdefault(parts[1], []).append(importlib.import_module(found.name))
    for room, modules in rooms.items():
        lines = [room, "=" * len(room), ""]
        for module in modules:
            if (name := module.__name__.partition(".")[2]) != room:
                lines += [name, "-" * len(name), ""]
            # what a module re-exports is documented where it is defined
            own = [name for name in getattr(module, "__all__", ())
                   if getattr(getattr(module, name), "__module__", "") == module.__name__]
            lines += [f".. automodule:: {module.__name__}", *([f"   :members: {', '.join(own)}"] if own else []), ""]
        (folder / f"{room}.rst").write_text("\n".join(lines), encoding="utf-8")
    return [f"api/{room}" for room in rooms]


def _relink(text: str, folder: Path, root: Path, target: Path, printed: bool = False) -> str:
    """Make relative links of a page in `folder` hold on the site.

    Code of the package leads to its reference, a test to a page that shows it (on paper neither is there); any other
    file of the repository is put beside the page.
    """
    def replaced(match):
        start, link, anchor, end = match[1], match[2], match[3] or "", match[4]
        place = (folder / link).resolve()
        if ":" in link or not place.is_relative_to(target.resolve()):
            return match[0]
        name = place.relative_to(target.resolve())
        if name.as_posix() == "README.md":
            return f"{start}{os.path.relpath(target / 'index.md', folder)}{anchor}{end}"
        if not (root / name).is_file() or name.suffix in {".md", ".ipynb"}:
            return match[0]
        label = start[1:-2].replace("`", "")
        if name.suffix == ".py" and name.parts[0] == "lisbon_core":
            module = ".".join(part for part in name.with_suffix("").parts if part != "__init__")
            return f"{{py:obj}}`{label} <{module}{anchor.replace('#', '.')}>`"
        if name.suffix == ".py" and name.parts[0] == "tests":
            if printed:
                return label
            page = target / "code" / name.with_suffix(".md")
            _code_page(root / name, page)
            return f"{start}{os.path.relpath(page, folder)}{anchor}{end}"
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target / name)
        return match[0]

    return LINK.sub(replaced, text)


def _drawn_by(match) -> str:
    """The function that drew a figure, linked to where it is defined, which is not always where it is called from."""
    module, _, name = match[1].rpartition(".")
    try:
        thing = getattr(importlib.import_module(f"lisbon_core.{module}" if module else "lisbon_core"), name)
        return f"Drawn by {{py:obj}}`{match[1]} <{thing.__module__}.{thing.__qualname__}>`"
    except (ImportError, AttributeError):
        return match[0]


def _code_page(source: Path, page: Path) -> None:
    """Show a file of tests, one function a section, so that a link can lead to a test."""
    page.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text(encoding="utf-8")
    shutil.copy2(source, page.with_suffix(".py"))
    starts = [(1, "")]
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            starts.append((min([node.lineno, *(one.lineno for one in node.decorator_list)]), node.name))
    ends = [first - 1 for first, _ in starts[1:]] + [len(text.splitlines())]
    parts = [f"---\norphan: true\n---\n\n# {source.name}\n"]
    for (first, name), last in zip(starts, ends, strict=True):
        parts.append((f"## {name}\n\n" if name else "") + f"```{{literalinclude}} {source.name}\n:language: python\n"
                     f":lines: {first}-{last}\n:lineno-match:\n```\n")
    page.write_text("\n".join(parts), encoding="utf-8")
