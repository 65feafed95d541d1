"""Run notebooks headless with papermill, in the order of what they need, into one folder.

The folder then holds the executed notebooks, `figures/`, the products the notebooks leave, `claims/`, `results.json`
and `provenance.json`. A notebook that fails takes down only those that need it.
"""

import json
import logging
import os
import shutil
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.tools import claims, pairing
from lisbon_core.tools.provenance import NOTEBOOKS, now, provenance, sha256, write_atomically, write_json

__all__ = ["DEPENDS", "Outcome", "Report", "RunError", "run"]

# What a notebook needs of another's products, by number; the rest stands on its own.
DEPENDS = {"00": ("03", "05", "09"), "05": ("03",), "06": ("05",), "07": ("06",), "09": ("07",)}
PRODUCTS = ("liouville_map.fits", "sky_map.fits", "pad.ecsv", "transport.ecsv")
PATHS = ("sky_map", "mask", "heliosphere")


class RunError(LisbonError):
    """A run that cannot start."""


@dataclass(frozen=True)
class Outcome:
    """How one notebook ended: 'done', 'failed' or 'skipped', in how many seconds, and why if not done."""

    notebook: str
    status: str
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """What a run left: its folder, one outcome a notebook, the content of results.json."""

    out: Path
    outcomes: list[Outcome] = field(default_factory=list)
    results: dict = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every notebook ran to its end."""
        return all(outcome.status == "done" for outcome in self.outcomes)

    def __str__(self):
        rows = [(one.notebook, one.status, f"{one.seconds:.1f} s", one.reason) for one in self.outcomes]
        return claims.plain_table(rows, ("Notebook", "Status", "Time", "Why"))


def run(notebooks: list[Path] | None, parameters: dict, out: Path, jobs: int = 1, *, notebook_folder: Path = NOTEBOOKS,
        progress: bool = True) -> Report:
    """Run notebooks (None: all of the folder) with the given parameters into `out`.

    Parameters
    ----------
    notebooks : list of Path or None
        Percent scripts.
    parameters : dict
        Values that replace defaults; the others keep those of the parameters cells.
    out : Path
        Folder of the run, made if needed; what an earlier run with other inputs left there is replaced.
    jobs : int
        Notebooks run at the same time.
    notebook_folder : Path
        Where the notebooks live and where their kernels start.
    progress : bool
        Print one line a notebook.

    Raises
    ------
    RunError
        If `out` cannot be written to.
    """
    chosen = sorted(notebooks or pairing.sources(notebook_folder))
    defaults = {name: one.default for path in chosen for name, one in pairing.parameters(path).items()
                if name != "run_dir"}
    everything = {**defaults, **parameters}
    inputs = [Path(everything[name]) for name in PATHS if everything.get(name) and Path(everything[name]).is_file()]
    record = provenance(everything, inputs)
    out = _prepare(Path(out).absolute(), chosen, record)

    if progress:
        print(f"Running {len(chosen)} notebook{'s' * (len(chosen) > 1)} into {out}", flush=True)

    outcomes, seconds = {}, time.monotonic()
    waiting = {path.stem: path for path in chosen}
    with _kernel_environment(jobs), ThreadPoolExecutor(jobs) as pool:
        running = {}
        try:
            while waiting or running:
                for stem in _ready(waiting, running.values(), outcomes, jobs - len(running)):
                    running[pool.submit(_execute, waiting.pop(stem), parameters, out, notebook_folder)] = stem
                for stem, reason in _lost(waiting, outcomes):
                    del waiting[stem]
                    outcomes[stem] = Outcome(stem, "skipped", reason=reason)
                    _say(outcomes[stem], progress)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    stem = running.pop(future)
                    outcomes[stem] = future.result()
                    _say(outcomes[stem], progress)
        except KeyboardInterrupt:
            # The kernels watch this process and end with it; waiting for the threads would mean waiting for them.
            print(f"Interrupted: {', '.join(sorted(running.values())) or 'nothing'} was cut short; what had finished "
                  f"is in {out}.", file=sys.stderr, flush=True)
            os._exit(130)

    ordered = [outcomes[path.stem] for path in chosen]
    record |= {"finished": now(), "seconds": round(time.monotonic() - seconds, 1), "jobs": jobs,
               "notebooks": {one.notebook: {**asdict(one), "source": sha256(path)}
                             for one, path in zip(ordered, chosen, strict=True)}}
    write_json(out / "provenance.json", record)
    results = {"claims": claims.merge(out, default_sky=not everything.get("sky_map")), "parameters": everything,
               "provenance": record}
    write_json(out / "results.json", results)
    return Report(out, ordered, results)


def _needs(stem: str, known) -> list[str]:
    return [other for other in known if other[:2] in DEPENDS.get(stem[:2], ())]


def _ready(waiting, running, outcomes, places: int) -> list[str]:
    """Notebooks that may start now; those that others need first."""
    known = [*waiting, *running, *outcomes]
    able = [stem for stem in waiting
            if all(need in outcomes and outcomes[need].status == "done" for need in _needs(stem, known))]
    return sorted(able, key=lambda stem: (not any(stem in _needs(other, known) for other in waiting), stem))[:places]


def _lost(waiting, outcomes) -> list[tuple[str, str]]:
    """Notebooks that need one which did not run to its end, and the sentence that says so."""
    return [(stem, f"needs {need}, which {'failed' if outcomes[need].status == 'failed' else 'was skipped'}")
            for stem in waiting for need in _needs(stem, outcomes)[:1] if outcomes[need].status != "done"]


def _say(outcome: Outcome, progress: bool) -> None:
    if progress:
        print(f"  {outcome.notebook:<32} {outcome.status:<8} {outcome.seconds:6.1f} s  {outcome.reason}".rstrip(),
              flush=True)


def _prepare(out: Path, chosen: list[Path], record: dict) -> Path:
    """Make the folder; where it holds a run of other inputs, or all is to be run anew, clear what that run left."""
    if out.exists() and not out.is_dir():
        raise RunError(f"--out {out} is a file: name a folder, which is made if it is not there.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        try:
            before = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            before = None
        same = before and all(before.get(key) == record[key] for key in ("parameters", "inputs", "input_hash"))
        if before and not same:
            for name in ("claims", "figures"):
                shutil.rmtree(out / name, ignore_errors=True)
            for name in [*PRODUCTS, "results.json", *before.get("notebooks", {})]:
                (out / (name if "." in name else f"{name}.ipynb")).unlink(missing_ok=True)
        for path in chosen:
            (out / f".{path.stem}.running.ipynb").unlink(missing_ok=True)
            (out / "claims" / f"{path.stem}.json").unlink(missing_ok=True)
        for name in ("figures", "claims"):
            (out / name).mkdir(exist_ok=True)
        write_json(out / "provenance.json", {**record, "notebooks": {path.stem: {} for path in chosen}})
    except OSError as error:
        raise RunError(f"Cannot write to --out {out} ({error.strerror or error}): name a folder you may write to."
                       ) from error
    return out


@contextmanager
def _kernel_environment(jobs: int):
    """Environment that the kernels inherit, put back afterwards.

    A backend named there would take every figure out of the notebooks. One notebook at a time may bind its threads
    to cores; several would bind to the same ones, so they share the cores freely, with more threads than cores since
    the longest notebook runs alone for most of its time. BLAS beside numba is faster with one thread.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    each = max(1, min(cores, 2 * cores // jobs))
    threads = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": str(each)}
    threads |= {"OMP_PROC_BIND": "true", "OMP_PLACES": "cores"} if jobs == 1 else {"OMP_WAIT_POLICY": "passive"}
    before = dict(os.environ)
    os.environ.pop("MPLBACKEND", None)
    for name, value in threads.items():
        os.environ.setdefault(name, value)
    os.environ |= {"JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _execute(path: Path, parameters: dict, out: Path, cwd: Path) -> Outcome:
    """Execute one notebook into `out`; an error becomes an outcome."""
    import nbformat
    import papermill
    from jupyter_core.utils import ensure_event_loop
    from traitlets.config import Config

    logging.getLogger("papermill").setLevel(logging.ERROR)
    start, partial = time.monotonic(), out / f".{path.stem}.running.ipynb"
    status, reason = "done", ""
    try:
        notebook = pairing.read(path)
        known = pairing.parameters(path)
        values = {name: value for name, value in parameters.items() if name in known} | {"run_dir": str(out)}
        config = Config()
        config.KernelManager.transport_encryption = "auto"  # else each kernel warns of unencrypted sockets
        papermill.execute_notebook(
            notebook, str(partial).replace("{", "{{").replace("}", "}}"), parameters=values, kernel_name="python3",
            progress_bar=False, config=config, resources={"metadata": {"path": str(cwd)}},
            extra_arguments=["--log-level=50"])  # else some kernels complain of being told to stop
    except papermill.PapermillExecutionError as error:
        lines = str(error.evalue).strip().splitlines() or [""]
        status, reason = "failed", f"{error.ename} in cell {error.exec_count}: {lines[0]}"
    except Exception as error:  # a kernel that died, a full disk: the others go on
        status, reason = "failed", f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"
    finally:
        ensure_event_loop().close()  # the loop of this thread, which nobody else closes
    if partial.exists():
        executed = pairing.tidy(nbformat.read(partial, as_version=4))
        write_atomically(out / f"{path.stem}.ipynb", nbformat.writes(executed) + "\n")
        partial.unlink()
    return Outcome(path.stem, status, round(time.monotonic() - start, 1), reason)
