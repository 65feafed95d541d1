"""Every notebook as a papermill run on a coarse grid, and one as papermill alone would run it."""

import ast
import dataclasses
import json
import os
import subprocess
import sys

import nbformat
import pytest
from PIL import Image

from lisbon_core.parameters import FAST, RunParameters
from lisbon_core.tools import pairing, runner, stages
from lisbon_core.tools.provenance import NOTEBOOKS

SOURCES = sorted(NOTEBOOKS.glob("*.py"))
pytestmark = pytest.mark.skipif(not SOURCES, reason="there is no notebook yet")


@pytest.fixture(scope="module")
def fast_run(tmp_path_factory):
    """Folder and outcomes of all notebooks with --fast, from a foreign folder, where a figure backend is set as many
    test set-ups do.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "Agg")
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        out = tmp_path_factory.mktemp("fast")
        return out, runner.run(None, FAST, out, jobs=2)


@pytest.fixture
def out(fast_run):
    return fast_run[0]


def test_all_run(fast_run):
    assert all(one.ok for one in fast_run[1]), [*map(str, fast_run[1])]


def test_results_are_complete(out):
    results = json.loads((out / "results.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert {"A_1", "A_7", "G_x", "G_icrs", "chi2_reduced", "chi2_pad", "L_focusing", "gradient_length", "T_0",
            "T_0_bound", "eta", "unescaped_fraction"} <= set(results["claims"])
    assert all(row["value"] is not None or row["note"] for row in results["claims"].values())
    assert results["parameters"]["grid_deg"] == results["provenance"]["parameters"]["grid_deg"]


def test_products_are_there(out):
    assert {name for name in stages.PRODUCTS if not (out / name).exists()} == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_figures_have_alternative_texts(out, path):
    notebook = nbformat.read(out / f"{path.stem}.ipynb", as_version=4)
    texts = [one["alt"] for cell in notebook.cells for one in pairing.figures(cell)]
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())
             if "image/png" in output.get("data", {})]
    assert len(texts) == len(shown) == len(list((out / "figures").glob(f"{path.stem[:2]}_*.png")))
    assert shown or "show(" not in path.read_text(encoding="utf-8"), "a figure is missing from the output"
    assert all(texts)


def test_figures_fit_a_journal(out):
    """One column or two wide, made by a function of the package, and small; a vector drawing beside each."""
    from lisbon_core.plots import COLUMN, PAGE

    pictures = sorted((out / "figures").glob("*.png"))
    assert pictures
    for path in pictures:
        with Image.open(path) as image:
            assert image.width in {round(COLUMN * 200), round(PAGE * 200)}, f"{path.stem} is as wide as no column"
            assert image.text["Source"].startswith("lisbon_core.plots."), f"{path.stem} does not say what drew it"
        for one in (path, path.with_suffix(".pdf")):
            assert 1000 < one.stat().st_size < 500_000, f"{one.name} has {one.stat().st_size} bytes"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_parameters_are_those_of_a_run(path):
    """A few lines: type, default and help of the table, and nothing else takes the name of a parameter of a run.

    What a run sets comes in by these names, so a variable that is called like one would be taken for it.
    """
    cell = pairing.parameters(path)
    assert cell.pop("run_dir").startswith('run_dir: str = ""  # ')
    assert len(cell) <= 5, "the first screen is for what the notebook shows"
    table = {field.name: field for field in dataclasses.fields(RunParameters)}
    for name, line in cell.items():
        one, choices = table[name], ", ".join(map(str, table[name].metadata.get("choices", ())))
        default = line.partition(" = ")[2].partition("  # ")[0]
        assert ast.literal_eval(default) == one.default
        assert line == (f"{name}: {one.type.__name__} = {default}  # {one.metadata['help']}"
                        f"{': ' * bool(choices)}{choices}")
    stored = [node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
              if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    assert sorted(set(stored) & set(table)) == sorted(cell), "a variable has the name of a parameter"
    assert all(stored.count(name) == 1 for name in cell)


def test_bare_papermill(tmp_path):
    """A committed .ipynb run by papermill's own command, from another folder, without our runner."""
    committed = sorted(NOTEBOOKS.glob("08_*.ipynb"))
    if not committed:
        pytest.skip("no notebook 08 has been run yet")
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    subprocess.run([sys.executable, "-m", "papermill", committed[0], tmp_path / "out.ipynb", "-p", "order", "5",
                    "-p", "run_dir", tmp_path, "--no-progress-bar"], cwd=tmp_path, env=environment, check=True,
                   capture_output=True)
    notebook = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert any("order = 5" in cell.source for cell in notebook.cells)


def test_what_no_cell_declares_reaches_its_stage(tmp_path):
    """Notebook 06 declares no parameter of the fit, and yet shows the one that was asked for."""
    source, = NOTEBOOKS.glob("06_*.py")
    assert not {"order", "grid_deg"} & pairing.parameters(source).keys()
    [ended] = runner.run([source], FAST | {"order": 5}, tmp_path)
    assert ended.ok, str(ended)
    assert "fitted to order 5" in (tmp_path / f"{source.stem}.ipynb").read_text(encoding="utf-8")
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert results["parameters"] == RunParameters(order=5, **FAST).as_dict()
