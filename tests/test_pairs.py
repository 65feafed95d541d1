"""Every notebook has its two faces, they agree, and what is committed was made from what is committed."""

import json
import shutil

import jupytext
import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager

from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, input_hash, published_keys

SOURCES = sorted(NOTEBOOKS.glob("*.py"))
COMMITTED = sorted(NOTEBOOKS.glob("*.ipynb"))
TAGS = {"parameters", "hide-input", "remove-input", "slow", "exercise", "solution", "widget"}


def test_every_notebook_has_its_partner():
    assert [path.stem for path in SOURCES] == [path.stem for path in COMMITTED], "run `make paper`"


def test_committed_results_are_current():
    if not COMMITTED:
        pytest.skip("no notebook has been run yet")
    recorded = json.loads((ROOT / "figures" / "results.json").read_text(encoding="utf-8"))
    assert recorded["provenance"]["input_hash"] == input_hash(), "run `make paper`: source, package or data changed"


def cells(notebook):
    """What a change of white space, which dates no notebook, leaves as it is."""
    return [(cell.cell_type, cell.metadata.get("tags", []),
             [line.rstrip() for line in cell.source.splitlines() if line.strip()]) for cell in notebook.cells]


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_committed_notebook(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert cells(notebook) == cells(jupytext.read(path.with_suffix(".py"))), "run `make paper`"
    assert notebook.metadata["lisbon"] == {"input_hash": published_keys()[path.stem]}, "run `make paper`"
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert "version" not in notebook.metadata["language_info"]
    ids = [cell["id"] for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert path.stat().st_size < 900_000
    for cell in notebook.cells:
        assert not {"papermill", "execution"} & set(cell.metadata)
        if cell.cell_type == "code" and cell.source:
            assert cell.execution_count is not None
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.get("text")
        assert all(one["alt"] for one in pairing.figures(cell))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_saving_in_jupyterlab_changes_neither_face(path, tmp_path):
    """As Lab does: what jupytext makes of the two files, with the name of the kernel that is there, is written back."""
    for name in ("jupytext.toml", f"notebooks/{path.name}"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    faces = [tmp_path / "notebooks" / path.with_suffix(kind).name for kind in (".py", ".ipynb")]
    faces[1].write_text(nbformat.writes(pairing.tidy(pairing.read(path))) + "\n", encoding="utf-8")
    before = [face.read_bytes() for face in faces]
    manager = jupytext.TextFileContentsManager(root_dir=str(tmp_path))
    model = manager.get(f"notebooks/{faces[1].name}")
    kernel = model["content"]["metadata"]["kernelspec"]
    kernel["display_name"] = KernelSpecManager().get_kernel_spec(kernel["name"]).display_name
    manager.save(model, f"notebooks/{faces[1].name}")
    assert [face.read_bytes() for face in faces] == before


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_source(path):
    notebook = jupytext.read(path)
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.cells[0].cell_type == "markdown"
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.metadata["tags"] == ["parameters"]
    assert all(set(cell.metadata.get("tags", [])) <= TAGS for cell in notebook.cells)
