"""Kernels out of the server of forks are what kernels of their own would be, and end as these do."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from lisbon_core.tools import forks, kernels
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")
TELL = """# %%
import json, os, sys
there = "lisbon_core.plots" in sys.modules
open("told.json", "w").write(json.dumps({
    "there": there, "own": os.getpid(), "parent": open(f"/proc/{os.getppid()}/cmdline").read(),
    "mark": os.environ["MARK"], "session": os.getsid(0), "folder": os.getcwd(),
    "served_in": os.readlink(f"/proc/{os.getppid()}/cwd")}))
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
        assert one["served_in"] == str(NOTEBOOKS), "what lies in the user's folder configures no import"
    assert first["own"] != second["own"]
    other = told(tmp_path, "other", "b")
    assert "forkserver" not in other["parent"], "the server was told another environment"
    assert (other["there"], other["mark"]) == (False, "b")


@pytest.mark.parametrize("error", [OSError("AF_UNIX path too long"), EOFError()])
def test_without_a_server_kernels_are_started_anew(tmp_path, monkeypatch, error):
    def start(self):
        raise error

    monkeypatch.setattr(forks._Process, "start", start)
    monkeypatch.setattr(forks, "_SERVED", {})
    monkeypatch.setenv("MARK", "")
    assert not told(tmp_path, "own", "a")["there"]


@pytest.mark.parametrize("flag", ["-O", "-E"])
def test_where_python_was_told_otherwise_kernels_are_started_anew(flag):
    code = "from lisbon_core.tools.forks import Forked; print(Forked.serves())"
    said = [subprocess.run([sys.executable, *flags, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
            .stdout.strip() for flags in ([], [flag])]
    assert said == ["True", "False"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
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


def test_an_interrupt_while_the_server_starts_ends_the_run(tmp_path):
    (tmp_path / "99_x.py").write_text("# %%\nimport time\ntime.sleep(600)\n")
    run = subprocess.Popen([sys.executable, "-m", "lisbon_core", "run", "--notebooks", str(tmp_path),
                            "--out", str(tmp_path / "out")], cwd=ROOT, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        wait_for(lambda: any("forkserver" in read(f"/proc/{pid}/cmdline") for thread in
                             os.listdir(f"/proc/{run.pid}/task")
                             for pid in read(f"/proc/{run.pid}/task/{thread}/children").split()))
    finally:
        os.killpg(run.pid, signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert "Traceback" not in said, said
    assert run.returncode == 130


def read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    state = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return state[:1] not in ([], ["Z"])
