"""The page of refused inputs says what is said; nothing read from a file can run code or reach for the network."""

import ast
import os
import subprocess
import sys

import pytest
from refusals import PAGE, page

from lisbon_core.tools.provenance import ROOT

SOURCES = sorted((ROOT / "lisbon_core").rglob("*.py"))


def test_the_page_says_what_is_said():
    assert PAGE.read_text(encoding="utf-8") == page(), "make it again: python tests/refusals.py"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_nothing_read_can_run_code(path):
    """No pickle, eval or exec, no shell, no YAML or numpy loader that makes objects.

    But for the kernels, which read numba's pickles in its place, once it is checked that they are what was written.
    """
    allowed = {"pickle"} if path.parts[-2:] == ("ground", "kernels.py") else set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            assert not (names - allowed) & {"pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal",
                                            "urllib.request", "requests", "httpx", "ftplib"}, f"{path.name}: {names}"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"eval", "exec", "os.system", "yaml.load", "yaml.unsafe_load"}, path.name
            options = {option.arg: option.value for option in node.keywords}
            for name in ("allow_pickle", "shell"):
                assert not (name in options and ast.unparse(options[name]) != "False"), f"{path.name}: {called}"


def test_a_run_needs_no_network():
    """The chain and its plots with every way out closed."""
    code = ("import socket\n"
            "def closed(*_): raise AssertionError('the network was asked for')\n"
            "socket.socket.connect = socket.create_connection = socket.getaddrinfo = closed\n"
            "from lisbon_core.run import Run\n"
            "from lisbon_core.parameters import FAST, RunParameters\n"
            "from lisbon_core import plots\n"
            "run = Run(RunParameters(**FAST))\n"
            "plots.figure_2(run.sky, run.fit, run.renormalised, run.liouville.field_icrs)\n"
            "print(run.transport)\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False,
                          env=os.environ | {"MPLBACKEND": "Agg"})
    assert done.returncode == 0, done.stderr
