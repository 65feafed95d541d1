"""The two faces of a notebook: the percent script is the source, the .ipynb is what a run made of it.

`jupytext` reads the script; the .ipynb beside it is written by `publish` alone, with outputs but without times,
versions or random cell ids, and carries the hash of what it was made from.
"""

import hashlib
import re
from collections import Counter
from pathlib import Path

from lisbon_core.ground._core import require
from lisbon_core.parameters import suggestion

# What JupyterLab and jupytext.toml write into a notebook that is saved as it was opened.
AS_LAB_SAVES = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
                "jupytext": {"cell_metadata_filter": "tags,nbgrader,-all",
                             "notebook_metadata_filter": "kernelspec,-jupytext"}}
KEPT = ("tags", "jupyter", "lines_to_next_cell")  # metadata of cells
PARAMETERS_CELL = re.compile(r"^# %% [^\n]*tags=\[[^\]\n]*\"parameters\"[^\n]*\n(.*?)(?=^# %%|\Z)", re.M | re.S)


def sources(folder: Path, names: str = "[0-9][0-9]_*.py") -> list[Path]:
    """Percent scripts of a folder in reading order."""
    found = sorted(Path(folder).glob(names))
    require(found, f"No notebook {names} in {folder}: run this from a checkout of Lisbon.")
    return found


def find(name: str, folder: Path) -> Path:
    """Notebook by number (`5`, `05`), stem or path; unknown names say what was probably meant."""
    by_stem, stem = {path.stem: path for path in sources(folder)}, Path(name).stem
    matches = [known for known in by_stem if known == stem or (stem.isdigit() and known[:2] == stem.zfill(2))]
    require(len(matches) == 1, f"No notebook is called {name}: {suggestion(stem, by_stem)}")
    return by_stem[matches[0]]


def parameters(path: Path) -> dict[str, str]:
    """Lines of a notebook's parameters cell, `name: type = default  # help`, by name."""
    cell = PARAMETERS_CELL.search(Path(path).read_text(encoding="utf-8"))
    require(cell, f"{Path(path).name} has no cell tagged 'parameters': its first code cell must be.")
    return {line.partition(":")[0]: line for line in cell[1].splitlines() if line.strip()}


def title(path: Path) -> str:
    """First heading of a notebook."""
    heading = re.search(r"^# # (.+)$", Path(path).read_text(encoding="utf-8"), re.M)
    return heading[1].strip() if heading else Path(path).stem


def read(path: Path):
    """Notebook node of a percent script, with stable cell ids and a kernel any Jupyter has."""
    import jupytext

    notebook = jupytext.read(path, fmt="py:percent")
    notebook.metadata |= AS_LAB_SAVES
    for cell in notebook.cells:
        if "hide-input" in cell.metadata.get("tags", []):  # folded on the site; in JupyterLab by this
            cell.metadata["jupyter"] = {"source_hidden": True}
    return _stable_ids(notebook)


def _stable_ids(notebook):
    """Give each cell an id that follows from its text, so that a new run changes no id and an edit changes one."""
    seen = Counter()
    for cell in notebook.cells:
        key = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        cell["id"] = f"{key}-{seen[key]}" if seen[key] else key
        seen[key] += 1
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def figures(cell) -> list[dict]:
    """What is said of each figure a cell shows: its alternative text `alt`, its `width` on a screen."""
    return [{"alt": ""} | output.get("metadata", {}).get("image/png", {})
            for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


def tidy(notebook):
    """Take times, versions and random ids out of an executed notebook."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata["language_info"] = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python",
                                          "pygments_lexer": "ipython3"}
    for cell in notebook.cells:
        for name in [name for name, value in cell.metadata.items() if name not in KEPT or not value]:
            del cell.metadata[name]
    executed = [cell for cell in notebook.cells if cell.get("execution_count")]
    for count, cell in enumerate(executed, 1):
        for one in (cell, *cell.outputs):
            if "execution_count" in one:
                one["execution_count"] = count
    return _stable_ids(notebook)
