"""Whatever the machine and its user's settings are: the same figures, this interpreter, no stray modules, bounds."""

import gzip
import itertools
import json
import os
import subprocess
import sys
import zipfile
import zlib

import h5py
import nbformat
import numpy as np
import pytest

from lisbon_core.course import copies
from lisbon_core.tools import cli, pairing
from lisbon_core.tools.provenance import ROOT

HERE = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"} | {"PYTHONPATH": str(ROOT)}
IN_THE_WAY = ("ast", "h5py", "json", "lisbon", "numpy", "tempfile", "token", "yaml")
DRAW = """
import hashlib, numpy as np
from lisbon_core import plots
from lisbon_core.plots.saving import image
from lisbon_core.tools.notebook import picture
dec, ra = np.arange(-87.0, 90.0, 6.0), np.arange(3.0, 360.0, 6.0)
sky = 1 + 1e-3 * np.cos(np.radians(ra)) * np.cos(np.radians(dec))[:, None]
for figure in (plots.skies({"one": sky, "two": sky[:, ::-1]}, dec, ra),
               plots.unfolding({"one": np.eye(3)}, np.array([-0.5, 0.1, 0.5]), ra[:3], [0.0, 0.0, 1.0])):
    for content in (picture(figure).data, image(figure, "png", 200), image(figure, "pdf", 200)):
        print(hashlib.sha256(content).hexdigest())
"""
STYLE = """text.usetex: True
savefig.bbox: tight
savefig.facecolor: 222222
font.family: serif
mathtext.fontset: cm
xtick.labelsize: 20
axes.unicode_minus: False
axes.facecolor: 222222
figure.figsize: 3,3
lines.marker: o
"""


def started(*arguments, **options):
    """A new Python, with what it says."""
    env = HERE | options.pop("env", {})
    return subprocess.run([sys.executable, *arguments], capture_output=True, env=env, check=False, **options)


def test_figures_are_those_of_the_house_under_any_style(tmp_path):
    """Byte for byte, as pixels and in print."""
    (tmp_path / "matplotlibrc").write_text(STYLE)
    said = [started("-c", DRAW, env=env) for env in (
        {}, {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "MPLBACKEND": "svg", "LC_ALL": "C", "TZ": "Asia/Tokyo"})]
    assert [one.returncode for one in said] == [0, 0], said
    assert len(said[0].stdout.split()) == 6
    assert said[0].stdout == said[1].stdout


def test_a_run_is_done_by_this_interpreter_with_its_assertions(tmp_path):
    """Though another one is called python3, Python was told to leave assertions out, and the terminal knows no ±."""
    (tmp_path / "data" / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "data" / "kernels" / "python3" / "kernel.json").write_text(json.dumps(
        {"argv": ["/nowhere/python3", "{connection_file}"], "display_name": "Python 3", "language": "python"}))
    head = '# %% [markdown]\n# # One\n\n# %% tags=["parameters"]\nrun_dir: str = ""\n\n# %%\n'
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_one.py").write_text(head + (
        "import os\nimport sys\nfrom lisbon_core.verdicts import Claim\nfrom lisbon_core.tools.notebook import record\n"
        f"assert os.path.samefile(sys.executable, {sys.executable!r})\n"
        f"assert os.environ['LISBON_CACHE'] == {str(tmp_path / 'cache')!r}\n"
        "record(run_dir, '01_one', [Claim('field', 1.0, 0.5, unit='µG')])\n"))
    (tmp_path / "notebooks" / "02_two.py").write_text(f"{head}assert not run_dir, 'this must fail'\n")
    done = started("-O", "-m", "lisbon_core", "run", "--notebooks", "notebooks", "--out", "out", cwd=tmp_path, env={
        "JUPYTER_PATH": str(tmp_path / "data"), "PYTHONOPTIMIZE": "1", "PYTHONIOENCODING": "ascii",
        "LISBON_CACHE": "cache"})
    assert done.returncode == 1, done.stderr
    assert b"01_one                           done" in done.stdout, done.stdout
    assert b"this must fail" in done.stdout
    assert b"\\xb5G" in done.stdout


def test_wrong_answers_fail_though_assertions_are_off(tmp_path):
    notebook = pairing.read(copies.EXERCISES / "06_renormalisation_sol.py")
    for cell in notebook.cells:
        cell.source = cell.source.replace("keepdims=True) * ring_means[:, None]", "keepdims=True)")
    nbformat.write(notebook, tmp_path / "mine.ipynb")
    done = started("-OO", "-m", "lisbon_core", "check", "mine.ipynb", cwd=tmp_path, env={"PYTHONOPTIMIZE": "2"})
    assert done.returncode == 1, done
    assert b"6.1   failed" in done.stdout
    assert b"6.2   passed" in done.stdout


@pytest.mark.parametrize("way", [["-m", "lisbon_core"], ["-P", "-m", "lisbon_core"]], ids=" ".join)
def test_nothing_is_imported_from_the_current_folder(tmp_path, way):
    """Neither here nor by the processes that are started."""
    for name in IN_THE_WAY:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('of the current folder')")
    heliosphere = str(ROOT / "data" / "heliosphere_mhd.h5")
    (tmp_path / "p.yaml").write_text("order: 99")
    for arguments, said in ((["list"], b"kappa29"), (["run", "--out", "out", "--params", "p.yaml"], b"order is 99"),
                            (["run", "--out", "out", "--set", f"heliosphere={heliosphere}", "--set", "field_uG=3"],
                             b"field_uG is 3.0, but")):
        done = started(*way, *arguments, cwd=tmp_path)
        assert said in done.stdout + done.stderr, done
        assert b"of the current folder" not in done.stdout + done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_is_not_utf8(encoding):
    figures = str(ROOT / "figures")
    done = started("-m", "lisbon_core", "compare", figures, figures, env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr


def files(folder):
    """Files that are none, or that hold more than they seem to."""
    os.mkfifo(folder / "pipe")
    with open(folder / "sparse", "wb") as stream:
        stream.truncate(5 * 10**9)
    with gzip.open(folder / "packed.gz", "wb", compresslevel=1) as stream:
        for _ in range(600):
            stream.write(bytes(2**20))
    with zipfile.ZipFile(folder / "archive", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, \
            archive.open("B.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (2**27,)})
        for _ in range(1024):
            stream.write(bytes(2**20))
    with h5py.File(folder / "exploding.h5", "w") as file:
        file.attrs["lisbon"], chunk = "gridded heliosphere 1", zlib.compress(bytes(3 * 4 * 128**3), 9)
        for name in ("B", "V"):
            made = file.create_dataset(name, (1024, 256, 256, 3), "f4", chunks=(128, 128, 128, 3), compression="gzip")
            for at in itertools.product(range(0, 1024, 128), (0, 128), (0, 128), (0,)):
                made.id.write_direct_chunk(at, chunk)
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))
    (folder / "aliases").write_text(f"a0: &a0 [x]\n{levels}\norder: *a9\n")
    (folder / "deep").write_text("order: " + "[" * 20_000)
    (folder / "digits").write_text(f"order: {'9' * 5000}")
    (folder / "date").write_text("order: 2024-13-45")
    (folder / "deep.toml").write_text(f"nose_AU = {'[' * 20_000}")
    (folder / "digits.toml").write_text(f"nose_AU = {'9' * 5000}")
    (folder / "results.json").write_text('{"claims": ' + "[" * 100_000)
    (folder / "huge").mkdir()
    (folder / "huge" / "results.json").write_text('{"claims": {"A": {"value": 1e999, "sigma": 1e-300}}}')
    return folder


BOUNDED = """
import importlib, resource, sys, time
import nbformat.v4
from lisbon_core.course import copies
from lisbon_core.studies import swept_fields
from lisbon_core.tools import cli, runner, sweep, sweep_plan, workers
for where, *_ in cli.COMMANDS.values():
    importlib.import_module(f"lisbon_core.{where.partition(':')[0]}")
print("ready", flush=True)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for line in sys.stdin:
    begun = time.process_time()
    code = cli.main(line.split())
    memory = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(code, time.process_time() - begun < 2.0, (memory - before) * 1024 < 2**30, line, flush=True)
"""


def test_every_reader_is_bounded(tmp_path):
    """Devices, pipes, files that explode and numbers without end: one sentence, two seconds, a gigabyte."""
    folder, commands = files(tmp_path), []
    for what in ("pipe", "sparse", "/dev/zero", "packed.gz"):
        commands += [f"map {what}", f"run --out out --params {what}", f"capstone --student x --grade {what}",
                     f"check {what}", f"sweep --out out --params {what}", f"heliosphere {what} --out out"]
        commands += [f"run --out out --set {name}={what}" for name in ("sky_map", "mask", "heliosphere", "response")]
    commands += [f"run --out out --params {what}" for what in ("aliases", "deep", "digits", "date")]
    commands += [f"run --out out --set heliosphere={what}.toml" for what in ("deep", "digits")]
    commands += ["heliosphere archive --out out", "heliosphere exploding.h5",
                 "run --out out --set heliosphere=exploding.h5",
                 "compare . .", "compare huge huge", "map ~nosuchuser/x",
                 "run --out out --set sky_map=~nosuchuser/x", f"run --out out --set order={'9' * 5000}",
                 "run --out out --jobs 100000000000000000000", f"run --out out --jobs {'9' * 5000}",
                 "check --seconds -1 x", "sweep --out out --seed -1", "sweep --out out --set order=1:7:1e-320"]
    done = started("-c", BOUNDED, cwd=folder, input="\n".join(commands).encode(), timeout=300)
    told = done.stdout.decode().partition("ready\n")[2].splitlines()[::2]
    assert told == [f"2 True True {command}" for command in commands], done.stderr.decode()[-3000:]
    assert done.stderr.count(b"\n") == len(commands)
    assert max(map(len, done.stderr.splitlines())) < 600
    assert not (folder / "out").exists()


def test_a_path_of_no_encoding(tmp_path, capsys):
    for command in (["run", "--out", str(tmp_path / "out"), "--set", "sky_label=\udcff"], ["map", "\udcff.fits"]):
        assert cli.main(command) == 2
        assert "lisbon: " in capsys.readouterr().err


def test_the_cache_is_seen_to_first(tmp_path):
    """Before anything that would write to it is imported."""
    (tmp_path / "file").write_text("")
    done = started("-m", "lisbon_core", "run", "--out", "out", cwd=tmp_path, env={"LISBON_CACHE": "file/below"})
    assert done.returncode == 2, done
    assert b"Cannot write to the cache file/below" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_make_sees_that_the_folder_was_moved(tmp_path):
    """And works where paths hold blanks. The Python of this test refuses to make an environment."""
    folder = tmp_path / "two words"
    (folder / ".venv").mkdir(parents=True)
    (folder / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    for name in ("requirements.lock", "pyproject.toml"):
        (folder / name).write_text("same")
        (folder / ".venv" / name).write_text("same")
    outcomes = []
    for place in (folder, tmp_path / "words", tmp_path / "elsewhere" / "two words"):
        (folder / ".venv" / "pyvenv.cfg").write_text(f"home = /usr\ncommand = /usr/python3 -m venv {place}/.venv\n")
        done = subprocess.run(["make", "setup", "PYTHON=false"], cwd=folder, capture_output=True, check=False)
        outcomes.append((done.returncode == 0, b"Lisbon needs Python" in done.stderr))
    assert outcomes == [(True, False), (False, True), (False, True)]


def test_a_wheel_brings_notebooks_and_data(tmp_path):
    """Unpacked as pip does it, away from the checkout: lisbon.pth names a folder that is laid out like one."""
    pytest.importorskip("hatchling", reason="what builds the package is not installed")
    done = started("-c", f"from hatchling.build import build_wheel; build_wheel({str(tmp_path)!r})", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    path, = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        wheel.extractall(tmp_path / "site")
    place = tmp_path / "site" / (tmp_path / "site" / "lisbon.pth").read_text().strip()
    code = "import sys; from lisbon_core.tools import cli; print(cli.__file__); sys.exit(cli.main(sys.argv[1:]))"
    for command in (["list"], ["map", str(place / "data" / "sky_default.ecsv")], ["equations"]):
        done = started("-c", code, *command, cwd=tmp_path, env={"PYTHONPATH": str(place)})
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(place).encode())
