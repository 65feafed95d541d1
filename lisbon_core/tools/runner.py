"""Run notebooks headless with papermill, in the order of what they need, into one folder.

The folder then holds the executed notebooks, `figures/`, the products the notebooks leave, `claims/`, `results.json`,
`provenance.json` and `report.md`. A notebook that fails takes down only those that need it. One that ended well there
before, from the same inputs, is kept: so a run that was cut short goes on where it was.
"""

import json
import logging
import os
import re
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lisbon_core.claims import merge
from lisbon_core.parameters import RunParameters
from lisbon_core.tools import pairing, stages
from lisbon_core.tools.locks import only_one
from lisbon_core.tools.provenance import NOTEBOOKS, now, provenance, sha256, write_atomically, write_json
from lisbon_core.tools.reports import run_report
from lisbon_core.tools.tables import plain_table

__all__ = ["Outcome", "Report", "run"]

PATHS = ("sky_map", "mask", "heliosphere")
ENDED_WELL = ("done", "kept")


@dataclass(frozen=True)
class Outcome:
    """How one notebook ended: 'done', 'kept', 'failed' or 'skipped', in how many seconds, and why if not done."""

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
        return all(outcome.status in ENDED_WELL for outcome in self.outcomes)

    def __str__(self):
        rows = [(one.notebook, one.status, f"{one.seconds:.1f} s", one.reason) for one in self.outcomes]
        return plain_table(rows, ("Notebook", "Status", "Time", "Why"))


def run(notebooks: list[Path] | None, parameters: dict, out: Path, jobs: int = 1, *, notebook_folder: Path = NOTEBOOKS,
        progress: bool = True, force: bool = False) -> Report:
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
    force : bool
        Run also what need not be run again.

    Raises
    ------
    LockedError
        If `out` cannot be written to, or another run is at work there.
    """
    everyone = pairing.sources(notebook_folder)
    chosen = sorted(notebooks or everyone)
    defaults = {name: one.default for path in chosen for name, one in pairing.parameters(path).items()
                if name != "run_dir"}
    everything = {**RunParameters().as_dict(), **defaults, **parameters}
    inputs = [Path(everything[name]) for name in PATHS if everything.get(name) and Path(everything[name]).is_file()]
    record, out, start = provenance(everything, inputs), Path(out).absolute(), time.monotonic()
    with only_one(out):
        keys = stages.keys(everyone, parameters, record)
        ended = _kept(out, keys, set() if not force else {path.stem for path in chosen})
        record["notebooks"] = ended
        write_json(out / "provenance.json", record)
        outcomes = {stem: Outcome(stem, "kept", 0.0, "its inputs have not changed")
                    for stem in ended if stem in {path.stem for path in chosen}}
        if progress:
            print(f"Running {len(chosen)} notebook{'s' * (len(chosen) > 1)} into {out}", flush=True)
            for outcome in outcomes.values():
                _say(outcome)

        def note(outcome):
            outcomes[outcome.notebook] = outcome
            files = {path.relative_to(out).as_posix(): sha256(path) for path in stages.left_by(outcome.notebook, out)}
            ended[outcome.notebook] = asdict(outcome) | {"key": keys[outcome.notebook], "files": files}
            write_json(out / "provenance.json", record)  # after each, so that a run that is killed can go on
            if progress:
                _say(outcome)

        _run_all([path for path in chosen if path.stem not in outcomes], outcomes, note, jobs,
                 lambda path: _execute(path, parameters, out, notebook_folder), out)
        record |= {"finished": now(), "seconds": round(time.monotonic() - start, 1), "jobs": jobs,
                   "notebooks": dict(sorted(ended.items()))}
        write_json(out / "provenance.json", record)
        results = {"claims": merge(out, default_sky=not everything.get("sky_map")), "parameters": everything,
                   "provenance": record}
        write_json(out / "results.json", results)
        if results["claims"]:
            write_atomically(out / "report.md", run_report(results, out))
    return Report(out, [outcomes[path.stem] for path in chosen], results)


def _kept(out: Path, keys: dict[str, str], anew: set[str]) -> dict[str, dict]:
    """What an earlier run left in the folder and still holds, by notebook; the rest is cleared away."""
    try:
        before = json.loads((out / "provenance.json").read_text(encoding="utf-8"))["notebooks"]
        before = {stem: entry for stem, entry in before.items()
                  if re.fullmatch(r"[\w-]+", stem) and entry["notebook"] == stem}  # files of that name may be removed
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        before = {}
    kept = {stem for stem, key in keys.items() if stem not in anew and stages.unchanged(before.get(stem), key, out)}
    gone = (before.keys() | anew) - kept
    while gone:  # with what is lost or run anew goes what needs it
        numbers = {stem[:2] for stem in gone}
        gone = {stem for stem in kept if numbers & set(stages.DEPENDS.get(stem[:2], ()))}
        kept -= gone
    for stem in (before.keys() | keys.keys()) - kept:
        stages.clear(stem, out)
    for name in ("results.json", "report.md"):
        (out / name).unlink(missing_ok=True)
    for name in ("figures", "claims"):
        (out / name).mkdir(exist_ok=True)
    return {stem: before[stem] for stem in sorted(kept)}


def _run_all(paths: list[Path], outcomes: dict, note, jobs: int, execute, out: Path) -> None:
    """Execute notebooks, each as soon as those it needs have ended well."""
    waiting, running, pool = {path.stem: path for path in paths}, {}, ThreadPoolExecutor(jobs)
    try:
        with _kernel_environment(jobs):
            while waiting or running:
                for stem in _ready(waiting, running.values(), outcomes, jobs - len(running)):
                    running[pool.submit(execute, waiting.pop(stem))] = stem
                for stem, reason in _lost(waiting, outcomes):
                    del waiting[stem]
                    note(Outcome(stem, "skipped", reason=reason))
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    del running[future]
                    note(future.result())
    except KeyboardInterrupt:
        _interrupted(running, out)
    finally:
        pool.shutdown()


def _interrupted(running: dict, out: Path) -> None:
    """Say so and leave at once, not waiting for threads: the kernels watch this process and end with it."""
    print(f"Interrupted: {', '.join(sorted(running.values())) or 'nothing'} was cut short; what had finished is in "
          f"{out}, and the same command goes on from there.", file=sys.stderr, flush=True)
    (out / ".lock").unlink(missing_ok=True)
    os._exit(130)


def _needs(stem: str, known) -> list[str]:
    return [other for other in known if other[:2] in stages.DEPENDS.get(stem[:2], ())]


def _ready(waiting, running, outcomes, places: int) -> list[str]:
    """Notebooks that may start now; those that others need first, one that measures times alone at the end."""
    if any(stem[:2] in stages.ALONE for stem in running):
        return []
    known = [*waiting, *running, *outcomes]
    able = [stem for stem in waiting
            if all(need in outcomes and outcomes[need].status in ENDED_WELL for need in _needs(stem, known))]
    together = [stem for stem in able if stem[:2] not in stages.ALONE]
    if not together:
        return [] if running else able[:1]
    needed = {need for other in waiting for need in _needs(other, known)}
    return sorted(together, key=lambda stem: (stem not in needed, stem))[:places]


def _lost(waiting, outcomes) -> list[tuple[str, str]]:
    """Notebooks that need one which did not run to its end, and the sentence that says so."""
    bad = {stem: [need for need in _needs(stem, outcomes) if outcomes[need].status not in ENDED_WELL]
           for stem in waiting}
    return [(stem, f"needs {needs[0]}, which {'failed' if outcomes[needs[0]].status == 'failed' else 'was skipped'}")
            for stem, needs in bad.items() if needs]


def _say(outcome: Outcome) -> None:
    print(f"  {outcome.notebook:<32} {outcome.status:<8} {outcome.seconds:6.1f} s  {outcome.reason}".rstrip(),
          flush=True)


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
    os.environ |= {"JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1",
                   "LISBON_HEADLESS": "1"}
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
        values = parameters | {"run_dir": str(out)}  # all, declared or not: `Run.from_namespace` finds them
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
