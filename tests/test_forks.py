"""Kernels out of the server of forks are what kernels of their own would be, and end as these do."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from lisbon_core.tools import forks, kernels
from lisbon_core.tools.provenance import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
TELL = """# %%
import json, os, sys
there = "lisbon_core.plots" in sys.modules
open("told.json", "w").write(json.dumps({
    "there": there, "own": os.getpid(), "parent": open(f"/proc/{os.getppid()}/cmdline").read(),
    "mark": os.environ["MARK"], "session": os.getsid(0), "folder": os.getcwd()}))
assert False, "an assertion counts"
"""


def told(tmp_path, name, mark):
    """What a notebook says of its kernel."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "99_x.py").write_text(TELL)
    os.environ["MARK"] = mark
    with kernels.environment(2):
        failure = kernels.execute(folder / "99_x.py", {}, folder, folder)
    assert failure.endswith(": an assertion counts")
    return json.loads((folder / "told.json").read_text())


def test_a_fork_is_a_kernel_in_its_own_session_folder_and_environment(tmp_path, monkeypatch):
    monkeypatch.setattr(forks, "_SERVED", {})
    monkeypatch.setenv("MARK", "")
    first, second = told(tmp_path, "first", "a"), told(tmp_path, "second", "a")
    for one, name in ((first, "first"), (second, "second")):
        assert one["there"], "the server has imported the package"
        assert "forkserver" in one["parent"]
        assert one["session"] == one["own"]
        assert one["folder"] == str(tmp_path / name)
        assert one["mark"] == "a"
    assert first["own"] != second["own"]
    other = told(tmp_path, "other", "b")
    assert "forkserver" not in other["parent"], "the server was told another environment"
    assert (other["there"], other["mark"]) == (False, "b")


@pytest.mark.parametrize("flag", ["-O", "-E"])
def test_where_python_was_told_otherwise_kernels_are_started_anew(flag):
    code = "from lisbon_core.tools.forks import Forked; print(Forked.serves())"
    said = [subprocess.run([sys.executable, *flags, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
            .stdout.strip() for flags in ([], [flag])]
    assert said == ["True", "False"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_no_kernel_outlives_a_run_that_was_killed(tmp_path, how):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "99_x.py").write_text(
        "# %%\nimport os, time\nopen('pid', 'w').write(f'{os.getpid()} {os.getppid()}')\ntime.sleep(600)\n")
    run = subprocess.Popen([sys.executable, "-m", "lisbon_core", "run", "--notebooks", str(tmp_path / "notebooks"),
                            "--out", str(tmp_path / "out")], cwd=ROOT, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, start_new_session=True)
    pids = tmp_path / "notebooks" / "pid"
    try:
        wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    finally:
        run.send_signal(how)
    run.wait(60)
    wait_for(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
