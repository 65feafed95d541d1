"""The two processes that check a notebook: a judge runs given cells and hidden checks, a pupil the student's code.

Between them go numbers, texts, arrays, lists and dicts, as JSON. A function stays where it is: the other end gets a
stand-in, whose arguments and results travel. Nothing that comes from the pupil is ever run, and what the pupil changes,
it changes for itself: the judge has a numpy of its own, and no check or solution ever leaves it.
"""

import contextlib
import dataclasses
import importlib
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from lisbon_core.ground._core import PACKAGE, cache_folder
from lisbon_core.ground.kernels import sources_hash
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT

LONGEST = 2**26  # bytes of a message
LIMITS = {"AS": 2**32, "FSIZE": 2**28, "CORE": 0}  # bytes: of memory, of a file, of what a crash leaves
READ = (sys.prefix, sys.base_prefix, *filter(None, sys.path), PACKAGE, ROOT / "data", "/usr", "/etc")
KEPT_BACK = (NOTEBOOKS, ROOT / "tests", ROOT / "_build", ROOT / ".git")  # where solutions are
FORBIDDEN = ("os.exec", "os.fork", "os.kill", "os.posix_spawn", "os.spawn", "os.system", "pty.", "socket.bind",
             "socket.connect", "subprocess.")
CHANGES = ("os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
           "os.truncate", "os.utime")


class Line:
    """One end of the line between the two: what may be asked of it, and what it asks.

    Parameters
    ----------
    reads, writes : binary streams
        From and to the other end.
    trusts : bool
        Whether objects of this package may be made of what comes in: of data from the judge, never from the pupil.
    tasks : dict of functions
        What the other end may ask for, besides the functions that were lent to it.
    """

    def __init__(self, reads, writes, trusts: bool, **tasks):
        self.reads, self.writes, self.trusts, self.lent = reads, writes, trusts, []
        self.tasks = {"call": lambda number, arguments, options: self.lent[number](*arguments, **options), **tasks}

    def ask(self, *message):
        """What the other end answers; an exception there is one of the same name here."""
        self._send(*message)
        while True:
            kind, *content = self._receive()
            if kind == "value":
                return content[0]
            if kind == "fault":
                raise type(str(content[0]), (Exception,), {})(content[1])
            self.answer(kind, *content)

    def answer(self, kind, *content) -> None:
        """Do what the other end asks for."""
        try:
            self._send("value", self.tasks[kind](*content))
        except BaseException as error:  # of a student's function, of any class
            self._send("fault", type(error).__name__, str(error))

    def serve(self) -> None:
        """Answer for ever."""
        while True:
            self.answer(*self._receive())

    def _send(self, *message) -> None:
        self.writes.write(json.dumps(message, default=self._as_data).encode() + b"\n")
        self.writes.flush()

    def _receive(self) -> list:
        line = self.reads.readline(LONGEST)
        if not line.endswith(b"\n"):
            os._exit(1)  # the other end is gone, or floods this one
        return json.loads(line, object_hook=self._from_data)

    def _as_data(self, value) -> dict:
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufU":
            return {"array": value.tolist(), "dtype": value.dtype.str}
        if dataclasses.is_dataclass(value) and type(value).__module__.startswith("lisbon_core."):
            return {"made": vars(value), "of": [type(value).__module__, type(value).__name__]}
        if callable(value):
            self.lent.append(value)
            return {"lent": len(self.lent) - 1}
        raise TypeError(f"a {type(value).__name__} is no answer: give numbers, texts, arrays, lists or dicts of them")

    def _from_data(self, content: dict):
        if "array" in content and np.dtype(content["dtype"]).kind in "biufU":
            return np.array(content["array"], content["dtype"])[()]
        if "made" in content and self.trusts:
            module, name = content["of"]
            made = object.__new__(getattr(importlib.import_module(module), name))
            vars(made).update(content["made"])
            return made
        if "lent" in content:
            return lambda *arguments, **options: self.ask("call", content["lent"], arguments, options)
        return content


def _run(shell, source: str) -> None:
    """Run a cell; the error that ends it is raised."""
    done = shell.run_cell(source, silent=True)
    if error := done.error_before_exec or done.error_in_exec:
        raise error


def _shell(seconds: float):
    """A shell to run cells in, which shows nothing; limits hold for all of its process."""
    for name, most in {**LIMITS, "CPU": int(4 * seconds)}.items():
        with contextlib.suppress(ValueError, OSError):  # a lower limit holds already, or the system has none
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    for stream in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    return InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))


def judge(seconds: float) -> None:
    """Run the cells that come in, ["given", "answer", "own" or "check", text, names]; tell of each in JSON."""
    cells, told = json.load(sys.stdin), os.fdopen(os.dup(1), "w")
    shell, line = _shell(seconds), None
    for number, (role, source, names) in enumerate(cells):
        fault = []
        try:
            if role in ("given", "check"):
                _run(shell, source)
            if role != "check":
                line = line or _pupil(seconds)
                line.ask("run", source)
                taken = line.ask("take", names)
                shell.push({name: taken[name] for name in names if name in taken})
        except Exception as error:  # of what came from the answer, of any class
            fault = [type(error).__name__, str(error)]
        plain = ["".join(one for one in text[-2000:] if one.isprintable() or one == "\n") for text in fault]
        print(json.dumps([number, plain]), file=told, flush=True)


def _pupil(seconds: float) -> Line:
    """Line to a new process for the student's code, in a folder and with a cache of its own."""
    home, kernels = Path("pupil").absolute(), Path("kernels", sources_hash("heliosphere", "orbits"))
    home.mkdir()
    with contextlib.suppress(OSError):  # else it compiles them
        shutil.copytree(cache_folder() / kernels, home / kernels)
    given = {"HOME": str(home), "LISBON_CACHE": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    given |= {name: os.environ.get(name, "") for name in ("MPLBACKEND", "OPENBLAS_NUM_THREADS", "PATH", "PYTHONPATH")}
    process = subprocess.Popen([sys.executable, "-P", "-m", __spec__.name, "pupil", str(seconds)], cwd=home, env=given,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return Line(process.stdout, process.stdin, trusts=False)


def pupil(seconds: float) -> None:
    """Run what the judge sends, within its own folder."""
    ends = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    shell = _shell(seconds)
    sys.addaudithook(_guard(os.getcwd()))
    Line(*ends, trusts=True, run=lambda source: _run(shell, source), take=lambda names: {
        name: shell.user_ns[name] for name in names if name in shell.user_ns}).serve()


def _guard(home: str):
    """Hook that keeps Python's own doors shut: to other processes, networks, and files that are no pupil's concern."""
    own, read, kept_back = (tuple(os.path.realpath(path) + "/" for path in paths)
                            for paths in ([home], [home, *READ], KEPT_BACK))
    forbidden, changes, realpath, null = FORBIDDEN, CHANGES, os.path.realpath, os.devnull

    def refuse(event, arguments):
        writes = event in changes or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        for path in arguments[:2] if event in changes else arguments[:1] if event == "open" else ():
            place = realpath(os.fsdecode(path)) + "/" if isinstance(path, str | bytes | os.PathLike) else home + "/"
            if path != null and (not place.startswith(own if writes else read) or place.startswith(kept_back)):
                raise PermissionError(f"{place[:-1]} is not for an answer to read or write: compute it here")
        if event.startswith(forbidden):
            raise PermissionError(f"{event} is not for an answer: compute it here")

    return refuse


if __name__ == "__main__":
    {"judge": judge, "pupil": pupil}[sys.argv[1]](float(sys.argv[2]))
