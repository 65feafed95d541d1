"""Runner, command line, provenance and publishing, on small notebooks of their own."""

import argparse
import importlib
import inspect
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from lisbon_core import LisbonError
from lisbon_core.parameters import RunParameters
from lisbon_core.run import DEFAULT_SKY
from lisbon_core.tools import cli, kernels, pairing, provenance, publish, runner, stages

SOURCE = '''# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Draw the line of {number}

# %% tags=["parameters"]
sky_map: str = ""  # path of your sky map
order: int = 7  # highest Legendre order
p_index: float = 4.7  # exponent of p/p0
run_dir: str = ""  # folder of the run

# %%
from pathlib import Path

import matplotlib.pyplot as plt

from lisbon_core.verdicts import Claim
from lisbon_core.tools.notebook import record, say, show

# %%
figure, axes = plt.subplots(label="draw_line")
axes.plot([0, order])
show(figure, "{number}_line", run_dir)

# %%
assert order > 3, "order is too low"
say(f"Order {{order}}, in {{Path.cwd().name}}.")
record(run_dir, "{stem}", [Claim("C_{number}", order, 0.5, paper=17.8, truth=7.2)])
'''


@pytest.fixture
def notebooks(tmp_path):
    """Folder of three notebooks, of which 06 needs 05."""
    folder = tmp_path / "root" / "notebooks"
    folder.mkdir(parents=True)
    for stem in ("04_sky", "05_fit", "06_rest"):
        (folder / f"{stem}.py").write_text(SOURCE.format(stem=stem, number=stem[:2]))
    (folder / "figures.toml").write_text("".join(
        f'[{number}_line]\nalt = "A line that rises."\ncaption = "A line."\n' for number in ("04", "05", "06")))
    return folder


@pytest.fixture
def lisbon(notebooks, capsys):
    """The command on those notebooks: exit code, what it printed, what it complained of."""
    def call(command, *arguments):
        code = cli.main([command, "--notebooks", str(notebooks), *arguments])
        return code, *capsys.readouterr()

    return call


def test_what_measures_times_runs_alone_and_last():
    order = runner._order(["05_a", "06_a", "14_a", "11_a"])
    assert order == {"05_a": set(), "06_a": {"05_a"}, "14_a": {"05_a", "06_a", "11_a"}, "11_a": set()}


def check_crate(out):
    """Each file is there with its hash, each action names what it used and left, and nothing that is not told of."""
    told = {one["@id"]: one for one in json.loads((out / stages.CRATE).read_text())["@graph"]}
    made = {name for name, one in told.items() if one["@type"] == "File"}
    assert made == {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} - {
        stages.CRATE, provenance.LOCK}
    assert all(told[name]["sha256"] == provenance.sha256(out / name) for name in made - {"provenance.json"})
    named = [one for part in told.values() for value in part.values() for one in (value if isinstance(value, list)
             else [value]) if isinstance(one, dict)]
    assert all(one["@id"] in told or one["@id"] == "https://w3id.org/ro/crate/1.1" for one in named)
    fit, rest = told["#action-05_fit"], told["#action-06_rest"]
    assert told[fit["instrument"]["@id"]]["@type"] == "SoftwareSourceCode"
    assert {"@id": "figures/05_line.ecsv"} in fit["result"]
    assert {"@id": "#order"} in fit["object"]
    assert told["#order"]["value"] == 7
    assert any(told[one["@id"]]["name"] == DEFAULT_SKY.name for one in rest["object"])
    assert rest["actionStatus"].endswith("CompletedActionStatus")


def test_run_and_publish(notebooks, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out {of} run"
    ended = runner.run(None, {}, out, jobs=2, notebook_folder=notebooks)
    assert all(one.ok for one in ended), [*map(str, ended)]
    assert os.environ["MPLBACKEND"] == "Agg"
    assert {path.name for path in out.iterdir()} == {"04_sky.ipynb", "05_fit.ipynb", "06_rest.ipynb", "claims",
                                                     "figures", "provenance.json", "report.md",
                                                     "results.json", stages.CRATE, provenance.LOCK}
    check_crate(out)
    results = json.loads((out / "results.json").read_text())
    assert results["claims"]["C_05"] == {"value": 7.0, "sigma": 0.5, "systematic": None, "unit": "", "paper": 17.8,
                                         "truth": 7.2, "verdict": "recovered", "equation": "", "dominant": [],
                                         "note": ""}
    assert results["parameters"] == RunParameters().as_dict()
    assert json.loads((out / "provenance.json").read_text())["notebooks"].keys() == {"04_sky", "05_fit", "06_rest"}
    notebook = nbformat.read(out / "05_fit.ipynb", as_version=4)
    nbformat.validate(notebook)
    cell, = (cell for cell in notebook.cells if pairing.figures(cell))
    assert pairing.figures(cell) == [{"alt": "A line that rises.", "width": 704}]
    assert "in notebooks." in json.dumps(notebook)

    root = notebooks.parent
    (root / "README.md").write_text("Before\n<!-- claims -->\nold\n<!-- /claims -->\nafter\n")
    (root / "codecheck.yml").write_text("---\nmanifest:\n  - file: old\n")
    (root / "figures").mkdir()
    (root / "figures" / "99_old.png").write_bytes(b"")
    assert publish.publish(out, root)
    assert [path.name for path in sorted((root / "figures").iterdir())] == [
        *(f"{number}_line.{kind}" for number in ("04", "05", "06") for kind in ("ecsv", "pdf", "png")), "results.json"]
    manifest = yaml.safe_load((root / "codecheck.yml").read_text())["manifest"]
    assert [one["file"] for one in manifest] == ["figures/results.json", *(
        f"figures/{number}_line.{kind}" for number in ("04", "05", "06") for kind in ("ecsv", "png"))]
    assert manifest[1]["comment"] == "the data it draws, from notebook Draw the line of 04"
    assert set(json.loads((root / "figures" / "results.json").read_text())["provenance"]) == {"input_hash"}
    readme = (root / "README.md").read_text()
    assert "| `C_05` | 7.20 | 17.8 | 7.0 ± 0.5 |" in readme
    assert "old" not in readme
    assert readme.endswith("<!-- /claims -->\nafter\n")
    committed = (notebooks / "05_fit.ipynb").read_text()
    assert "injected" not in committed
    assert str(tmp_path) not in committed
    counts = [cell.execution_count for cell in nbformat.reads(committed, 4).cells if cell.cell_type == "code"]
    assert counts == [1, 2, 3, 4]

    assert not publish.publish(out, root), "what is current must be left as it is"
    (root / "figures" / "04_line.pdf").unlink()
    assert publish.publish(out, root)
    assert (notebooks / "05_fit.ipynb").read_text() == committed, "the same run must give the same bytes"


def statuses(ended):
    return [one.status for one in ended]


def claims_of(out):
    return json.loads((out / "results.json").read_text())["claims"]


def test_what_has_not_changed_is_kept(notebooks, tmp_path):
    """A second run does nothing; what an edit, a parameter, a lost file or --force touches is run again, no more."""
    out = tmp_path / "out"

    def again(chosen=None, **options):
        return runner.run(chosen, options.pop("parameters", {}), out, notebook_folder=notebooks,
                          **options)

    (notebooks / "04_sky.py").unlink()
    assert statuses(again()) == ["done"] * 2
    first = claims_of(out)
    kept = again()
    assert statuses(kept) == ["kept"] * 2
    assert all(one.ok for one in kept)
    assert claims_of(out) == first
    assert set(stages.earlier(out)["notebooks"]) == {"05_fit", "06_rest"}
    (out / "figures" / "06_line.png").unlink()
    assert statuses(again()) == ["kept", "done"]
    assert statuses(again(parameters={"order": 5})) == ["done"] * 2
    source = notebooks / "05_fit.py"
    source.write_text(source.read_text() + "\n# edited\n")
    assert statuses(again([source], parameters={"order": 5})) == ["done"]
    assert not (out / "06_rest.ipynb").exists(), "what needs a notebook that was run anew does not outlive it"
    assert statuses(again([source], parameters={"order": 5}, force=True)) == ["done"]


def test_a_run_that_was_killed_goes_on(notebooks, tmp_path):
    (notebooks / "04_sky.py").unlink()
    source, out = notebooks / "06_rest.py", tmp_path / "out"
    source.write_text(source.read_text() + "\n# %%\nimport time\n\ntime.sleep(600)\n")
    command = [sys.executable, "-u", "-m", "lisbon_core", "run", "--notebooks", notebooks, "--out", out]
    for blow, said in ((signal.SIGKILL, ""), (signal.SIGINT, "the same command goes on from there")):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.split()[:1] == ["05_fit"]:
                break
        process.send_signal(blow)
        assert said in process.communicate(timeout=120)[1]
    assert not (out / "results.json").exists()
    source.write_text(source.read_text().replace("sleep(600)", "sleep(0)"))
    assert statuses(runner.run(None, {}, out, notebook_folder=notebooks)) == ["kept", "done"]
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == [provenance.LOCK]


@pytest.mark.parametrize("name", ["04_sky.ipynb", "claims/05_fit.json", "figures/06_mine.png", "sky_map.fits",
                                  "results.json", "report.md", "provenance.json", stages.CRATE])
def test_nothing_of_the_users_is_overwritten(lisbon, tmp_path, name):
    """Neither a file with a name of the run's own, nor the map that is read; refused before anything is touched."""
    file = tmp_path / "out" / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    code, printed, complaint = lisbon("run", "--out", str(tmp_path / "out"))
    assert code == 2
    assert not printed
    assert complaint.count("\n") == 1
    assert f"{file} is" in complaint
    assert "name another folder" in complaint
    assert file.read_text() == "mine"
    assert {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()} == {file.name, provenance.LOCK}


def earlier_run(out, **files):
    """Record of a run that has left these files, and the files."""
    for name, content in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(content)
    entry = {"status": "done", "made_from": {"06_rest.py": "h", "order": 7, "numpy": "2.0"},
             "files": {name: provenance.sha256(out / name) for name in files}}
    return {"notebooks": {"06_rest": entry}, "files": {}}


def test_a_run_removes_what_it_has_made_and_nothing_else(tmp_path):
    product = tmp_path / "sky_map.fits"
    before = earlier_run(tmp_path, **{"sky_map.fits": "made", "extra/rows.txt": "made"})
    (tmp_path / "pad.ecsv").write_text("of a notebook that does not run")
    with pytest.raises(LisbonError, match=r"sky_map.fits is read by this run"):
        stages.clear(tmp_path, before, {"06_rest"}, {product})
    product.write_text("edited")
    with pytest.raises(LisbonError, match=r"sky_map.fits was changed after a run into this folder"):
        stages.clear(tmp_path, before, {"06_rest"}, set())
    assert (tmp_path / "extra" / "rows.txt").exists()
    product.write_text("made")
    stages.clear(tmp_path, before, {"06_rest"}, set())
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["pad.ecsv"]


def test_a_record_names_no_file_outside_of_its_folder(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "outside").write_text("mine")
    for name in ("../outside", str(tmp_path / "outside")):
        provenance.write_json(out / "provenance.json", earlier_run(out, **{name: "mine"}))
        with pytest.raises(LisbonError, match="is no record of a run"):
            stages.earlier(out)


def test_why_a_notebook_runs_again(tmp_path):
    before = earlier_run(tmp_path, **{"pad.ecsv": "made"})
    same = before["notebooks"]["06_rest"]["made_from"]

    def why(parts=same, anew=(), **others):
        return stages.reasons({"06_rest": parts, **others}, before, tmp_path, {*anew})["06_rest"]

    assert why() == ""
    assert why(same | {"order": 5}) == "order changed"
    assert why(same | {"lisbon_core/x.py": "new", "order": 5, "numpy": "2.1", "map.fits": "s"}) == (
        "order, numpy, lisbon_core/x.py and more changed")
    assert why({"06_rest.py": "h", "order": 7}) == "numpy changed", "also what it is no longer made from"
    assert why(anew=["06_rest"]) == "asked for"
    assert why(**{"05_fit": {}}) == "", "what it needs was never run here"
    assert why(anew=["05_fit"], **{"05_fit": {}}) == "needs 05_fit, which runs again"
    (tmp_path / "pad.ecsv").unlink()
    assert why() == "pad.ecsv is not what it left"
    before["notebooks"]["06_rest"]["status"] = "failed"
    assert why() == "it has not run to its end here before"


def test_the_truth_beside_a_sky_is_an_input(tmp_path):
    """With it verdicts change: a run whose truth was edited or taken away is not kept."""
    for name in ("mine.ecsv", "mine_truth.toml", "mask.csv"):
        (tmp_path / name).write_text("")
    asked = RunParameters(sky_map=str(tmp_path / "mine.ecsv"), mask=str(tmp_path / "mask.csv"), heliosphere="")
    assert {path.name for path in provenance.files_read(asked)} == {"mine.ecsv", "mine_truth.toml", "mask.csv"}


@pytest.mark.parametrize("edited", ["05_fit.py", "mine.ecsv"])
def test_what_is_changed_while_it_runs_is_not_believed(notebooks, tmp_path, edited):
    """The stamp names the files as they were when the run began: with others it would be untrue."""
    source, sky = notebooks / "05_fit.py", notebooks / "mine.ecsv"
    shutil.copy(DEFAULT_SKY, sky)
    edits = f"open({str(notebooks / edited)!r}, 'a').write(' ')"
    source.write_text(SOURCE.format(stem="05_fit", number="05").replace('assert order > 3, "order is too low"', edits))
    [outcome] = runner.run([source], {"sky_map": str(sky)}, tmp_path / "out", notebook_folder=notebooks)
    assert (outcome.status, outcome.reason) == ("failed", f"{edited} was changed meanwhile: run again")


def test_kernels_import_the_package_that_launched_them(monkeypatch):
    """Whatever other checkout is installed or named: else its numbers would bear this one's hash."""
    monkeypatch.setenv("PYTHONPATH", "/another/checkout")
    with kernels.environment(1):
        said = subprocess.run([sys.executable, "-c", "import lisbon_core; print(lisbon_core.__file__)"], check=True,
                              capture_output=True, text=True, cwd="/").stdout
    assert Path(said.strip()) == provenance.PACKAGE / "__init__.py"


KEYS = """import json
from lisbon_core.tools import provenance
print(json.dumps([provenance.published_keys(), provenance.code_hash()]))"""
AFTER_IMPORTS = ("\n\n\n", "\n\n\nOTHER = 0\n\n\n")


def test_what_dates_a_published_run(tmp_path):
    """Physics, studies, plots, notebooks and data by what they say; `tools/`, comments and white space never."""
    ignored = shutil.ignore_patterns("__pycache__", "*.ipynb")
    for name in ("lisbon_core", "notebooks", "data"):
        shutil.copytree(provenance.ROOT / name, tmp_path / name, ignore=ignored)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}

    def keys():
        return json.loads(subprocess.run([sys.executable, "-c", KEYS], cwd=tmp_path, env=environment,
                                         capture_output=True, text=True, check=True).stdout)

    def dated(edits):
        """Numbers of the notebooks that edits date, and whether they date the rows of a sweep."""
        texts = {tmp_path / name: (tmp_path / name).read_text() for name in edits}
        for (path, text), (old, new) in zip(texts.items(), edits.values(), strict=True):
            assert old in text
            path.write_bytes(text.replace(old, new, 1).encode())
        after, code_after = keys()
        for path, text in texts.items():
            path.write_text(text)
        return " ".join(sorted(stem[:2] for stem in before if before[stem] != after[stem])), code != code_after

    before, code = keys()
    assert dated({"lisbon_core/tools/tables.py": AFTER_IMPORTS,
                  "lisbon_core/anisotropy/fit.py": ("\n\n\n", "\n\n# a comment\n\n"),
                  "lisbon_core/plots/skies.py": ('"""', '"""Another docstring. '),
                  "notebooks/05_anisotropy_fit.py": ("\n", "  \r\n\r\n"),
                  "data/README.md": ("\n", "\n\n")}) == ("", False)
    assert dated({"lisbon_core/studies/gyrotropy.py": AFTER_IMPORTS}) == ("00 07 09", False)
    assert dated({"lisbon_core/plots/heliosphere.py": AFTER_IMPORTS,
                  "lisbon_core/studies/other_solvers.py": AFTER_IMPORTS,
                  "lisbon_core/studies/field_posterior.py": AFTER_IMPORTS}) == ("02 08 11 13", False)
    assert dated({"notebooks/06_renormalisation.py": ("# # 06", "# # 06 To")}) == ("00 06 07 09", False)
    everyone = " ".join(sorted(stem[:2] for stem in before))
    assert dated({"lisbon_core/anisotropy/fit.py": AFTER_IMPORTS}) == (everyone.replace("08 ", ""), True)
    assert dated({"data/sky_default.ecsv": ("\n", "\n#\n")}) == (everyone, True)


def test_two_runs_do_not_share_a_folder(notebooks, tmp_path):
    with provenance.only_one(tmp_path / "out"), pytest.raises(LisbonError, match="Another run is at work in"):
        runner.run(None, {}, tmp_path / "out", notebook_folder=notebooks)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [provenance.LOCK]


def test_a_folder_that_can_only_be_read(monkeypatch, tmp_path):
    """As any user but root would find it."""
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LisbonError, match=r"Cannot write to .* \(Permission denied\): name a folder"), \
            provenance.only_one(tmp_path):
        pass


def test_a_full_disk(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "ROOM", 1e18)
    with pytest.raises(LisbonError, match=r"only .* MB left for the folder .*make room, or name another folder"), \
            provenance.only_one(tmp_path / "full"):
        pass
    assert not list((tmp_path / "full").iterdir())
    with pytest.raises(LisbonError, match=r"MB left for the cache .*, or set LISBON_CACHE"):
        provenance.check_cache()


def test_failure_takes_down_only_what_needs_it(notebooks, tmp_path, capsys):
    source = notebooks / "05_fit.py"
    source.write_text(source.read_text().replace("order > 3", "order > 30"))
    assert statuses(runner.run(None, {}, tmp_path / "out", notebook_folder=notebooks)) == ["done", "failed", "skipped"]
    said = capsys.readouterr()
    assert "AssertionError in cell 5: order is too low" in said.err
    assert "needs 05_fit, which failed" in said.out
    assert list(claims_of(tmp_path / "out")) == ["C_04"]
    assert (tmp_path / "out" / "05_fit.ipynb").exists()


def test_list(lisbon):
    code, printed, _ = lisbon("list")
    assert code == 0
    assert "05_fit" in printed
    assert "Draw the line of 05" in printed
    lines = [line.split() for line in printed.splitlines()]
    assert ["order", "int", "7", "1", "to", "20", "highest", "Legendre", "order", "fitted"] in lines
    assert ["sky_map,", "order,", "p_index"] in [line[-3:] for line in lines]
    assert "run_dir" not in printed


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["99"], "No notebook is called 99: there are 04_sky, 05_fit, 06_rest."),
    (["05_fti"], "No notebook is called 05_fti: did you mean 05_fit?"),
    (["--set", "ordr=5"], "No parameter is called ordr: did you mean order?"),
    (["--set", "run_dir=here"], "No parameter is called run_dir: `lisbon list` shows all of them"),
    (["--set", "order"], "--set order has no '='"),
    (["--set", "order=seven"], "order is 'seven', but it must be a whole number: highest Legendre order fitted"),
    (["--set", "order=5.5"], "order is '5.5', but it must be a whole number"),
    (["--set", "p_index=nan"], "p_index is 'nan', but it must be a finite number"),
    (["--set", "order=1000"], "order is 1000"),
    (["--set", "sky_map=nowhere.fits"], "nowhere.fits"),
    (["--params", "nowhere.yaml"], "Cannot read --params nowhere.yaml"),
    (["--jobs", "0"], "--jobs: 0 makes no sense: give a whole number from 1 to 1000"),
])
def test_mistakes_get_a_sentence(lisbon, tmp_path, arguments, sentence):
    code, printed, complaint = lisbon("run", "--out", str(tmp_path / "out"), *arguments)
    assert code == 2
    assert sentence in complaint
    assert complaint.count("\n") == 1
    assert not printed
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("text", "sentence"), [("- 1\n", "must hold lines 'name: value', not a list"),
                                                ("a: [", "as YAML: while parsing"), ("ordr: 3", "did you mean order?"),
                                                ("order: x", "order is 'x', but it must be a whole number")])
def test_parameter_file_mistakes(lisbon, tmp_path, text, sentence):
    (tmp_path / "p.yaml").write_text(text)
    code, _, complaint = lisbon("run", "--out", str(tmp_path / "out"), "--params", str(tmp_path / "p.yaml"))
    assert code == 2
    assert sentence in complaint


def test_command_line_wins_over_file(lisbon, tmp_path, monkeypatch):
    """What reaches the runner: values in their types, files by their full path, and nothing that was not set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "run", lambda chosen, values, *rest, **options: handed.append(values) or exit())
    (tmp_path / "mine.ecsv").write_bytes(DEFAULT_SKY.read_bytes())
    (tmp_path / "p.yaml").write_text("order: 5\np_index: 4\nsky_map: mine.ecsv\npositions: 4\n")
    handed = []
    with pytest.raises(SystemExit):
        lisbon("run", "--out", "out", "--params", "p.yaml", "--set", "order=6", "--fast", "--set", "kappa29=2")
    assert handed == [{"order": 6, "p_index": 4.0, "sky_map": str(tmp_path / "mine.ecsv"), "grid_deg": 4.0,
                       "members": 0, "kappa29": 2.0}]


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_command_is_a_function_of_its_options(name, capsys):
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])
    printed = capsys.readouterr().out
    module, _, function = cli.COMMANDS[name][0].partition(":")
    does = getattr(importlib.import_module(f"lisbon_core.{module}"), function)
    assert does.__doc__.split("\n")[0].split()[0] in printed
    parser = argparse.ArgumentParser(add_help=False)
    for names, how in cli.COMMANDS[name][2]:
        parser.add_argument(*names, **how)
    given = {action.dest: None for action in parser._actions}
    inspect.signature(does).bind(**given)
    assert {"settings", "params", "fast"} <= given.keys() or not given.keys() & {"settings", "params", "fast"}


def test_other_mistakes(lisbon, tmp_path, capsys):
    for arguments, sentence in ((["rnu"], "No command is called rnu: did you mean run?"), ([], "required: COMMAND"),
                                (["run"], "required: --out")):
        assert cli.main(arguments) == 2
        assert sentence in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(LisbonError, match="name a folder"):
            runner.run(None, {}, out, notebook_folder=tmp_path / "root" / "notebooks")


def test_notebook_by_number_stem_or_path(notebooks):
    for name in ("5", "05", "05_fit", "05_fit.py", "notebooks/05_fit.ipynb"):
        assert pairing.find(name, notebooks).stem == "05_fit"


def test_writing_is_all_or_nothing(tmp_path):
    path = tmp_path / "results.json"
    provenance.write_json(path, {"value": 1.0})
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            provenance.write_json(path, {"value": value})
    assert json.loads(path.read_text()) == {"value": 1.0}
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_provenance_survives_without_git(tmp_path):
    assert provenance.git_state(tmp_path) == {"commit": None, "dirty": None}
    stamp = provenance.provenance({"seed": 3}, [])
    assert stamp["parameters"] == {"seed": 3}
    assert stamp["versions"]["numpy"]
    assert stamp["started"].endswith("Z")


def test_command_starts_without_compilers(notebooks):
    """`lisbon list` reads text and must not wait for numba or a kernel."""
    code = ("import sys; from lisbon_core.tools.cli import main; "
            f"main(['list', '--notebooks', {str(notebooks)!r}]); "
            "print(sorted({'numba', 'astropy', 'papermill', 'numpy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
