"""Run notebooks headless with papermill, in the order of what they need, into one folder.

The folder then holds the executed notebooks, `figures/`, the products the notebooks leave, `claims/`, `results.json`,
`provenance.json` and `report.md`. A notebook that fails takes down only those that need it. One that ended well there
before, from the same inputs, is kept: so a run that was cut short goes on where it was.

Each notebook works in a temporary folder. What it has left there is listed in provenance.json, and only then moved to
the folder of the run: whatever a file there is called, one can tell whether a run has made it.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory

from lisbon_core.claims import merge
from lisbon_core.parameters import FILES, split_choice
from lisbon_core.synthetic import truth_beside
from lisbon_core.tools import inputs, kernels, pairing, stages
from lisbon_core.tools.locks import only_one
from lisbon_core.tools.provenance import NOTEBOOKS, now, provenance, sha256, write_atomically, write_json
from lisbon_core.tools.reports import run_report
from lisbon_core.tools.tables import plain_table

__all__ = ["NotebookOutcome", "Report", "run"]

ENDED_WELL = ("done", "kept")


@dataclass(frozen=True)
class NotebookOutcome:
    """How one notebook ended: 'done', 'kept', 'failed' or 'skipped', in how many seconds, and why."""

    notebook: str
    status: str
    seconds: float = 0.0
    reason: str = ""

    def __str__(self):
        return f"  {self.notebook:<32} {self.status:<8} {self.seconds:6.1f} s  {self.reason}".rstrip()


@dataclass(frozen=True)
class Report:
    """What a run left: its folder, one outcome a notebook, the content of results.json."""

    out: Path
    outcomes: list[NotebookOutcome] = field(default_factory=list)
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
        Values that replace defaults. Every notebook is given all of them, also those that it does not declare.
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
    LisbonError
        If `out` cannot be written to, another run is at work there, or a file that no run has made is in the way.
    """
    everyone = pairing.sources(notebook_folder)
    chosen = {path.stem: path for path in sorted(notebooks or everyone)}
    values, out, start = inputs.defaults(everyone) | parameters, Path(out).absolute(), time.monotonic()
    reads, files = _files_read(values), inputs.files(everyone)
    record = provenance(values, reads)
    parts = {stem: one | values | record["inputs"] | record["versions"] for stem, one in files.items()}
    keys = inputs.keys(parts)
    say = partial(print, flush=True) if progress else lambda line: None
    with only_one(out), TemporaryDirectory(prefix="lisbon-") as work:
        before = stages.earlier(out)
        why = stages.reasons(keys, parts, before, out, {*chosen} if force else set())
        kept = {stem: entry for stem, entry in before["notebooks"].items() if why.get(stem) == ""}
        stages.clear(out, before, {*chosen, *before["notebooks"]} - kept.keys(), {path.resolve() for path in reads})
        (out / "claims").mkdir(exist_ok=True)
        record |= {"code": {name: digest for one in files.values() for name, digest in one.items()},
                   "notebooks": kept, "files": {}}
        write_json(out / "provenance.json", record)
        outcomes = {stem: NotebookOutcome(stem, "kept", reason="its inputs have not changed")
                    for stem in chosen if stem in kept}

        def execute(stem: str) -> NotebookOutcome:
            begun, place = time.monotonic(), Path(work) / stem
            shutil.copytree(out / "claims", place / "claims", ignore=shutil.ignore_patterns(".*"))  # for the ledger
            executed = place / f"{stem}.ipynb"
            failure = kernels.execute(chosen[stem], parameters | {"run_dir": str(place)}, executed, notebook_folder)
            if executed.exists():  # run by hand, it shall write into the folder of the run
                executed.write_text(executed.read_text("utf-8").replace(str(place), str(out)), encoding="utf-8")
            return NotebookOutcome(stem, "failed" if failure else "done", round(time.monotonic() - begun, 1),
                                   failure or why[stem])

        def note(outcome: NotebookOutcome) -> None:
            stem = outcome.notebook
            left = _left_in(Path(work) / stem, stem)
            if taken := [name for name in left if os.path.lexists(out / name)]:
                left, outcome = {}, replace(outcome, status="failed", reason=f"{taken[0]} is there, of somebody else")
            outcomes[stem], files = outcome, {}
            record["notebooks"][stem] = asdict(outcome) | {"key": keys[stem], "files": files}
            _deliver(left, out, record, files)  # after each, so that a run that is killed can go on
            say(outcome)

        try:
            say(f"Running {len(chosen)} notebook{'s' * (len(chosen) > 1)} into {out}")
            for outcome in outcomes.values():
                say(outcome)
            with kernels.environment(jobs):
                _run_all([stem for stem in chosen if stem not in kept], outcomes, note, execute, jobs)
        except KeyboardInterrupt as cut:
            print(f"Interrupted: {str(cut) or 'nothing'} was cut short; what had finished is in {out}, and the same "
                  "command goes on from there.", file=sys.stderr, flush=True)
            sys.exit(130)
        record |= {"finished": now(), "seconds": round(time.monotonic() - start, 1), "jobs": jobs,
                   "notebooks": dict(sorted(record["notebooks"].items()))}
        results = {"claims": merge(out, default_sky=not values.get("sky_map")), "parameters": values,
                   "provenance": {name: part for name, part in record.items() if name not in ("code", "files")}}
        summaries = {"results.json": Path(work) / "results.json"}
        write_json(summaries["results.json"], results)
        if results["claims"]:
            summaries["report.md"] = Path(work) / "report.md"
            write_atomically(summaries["report.md"], run_report(results, out))
        _deliver(summaries, out, record, record["files"])
    return Report(out, [outcomes[stem] for stem in chosen], results)


def _files_read(values: dict) -> list[Path]:
    """Files that a run reads: those its parameters name, and the truth beside a sky."""
    named = [split_choice(values[name])[0] for name in FILES if values.get(name)]
    if values.get("sky_map"):
        named.append(truth_beside(named[0]))
    return [path for path in named if path.is_file()]


def _left_in(place: Path, stem: str) -> dict[str, Path]:
    """Files that a notebook has left in its folder, by name there: without the claims of others, which it was given."""
    return {path.relative_to(place).as_posix(): path for path in sorted(place.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
            and (path.parent != place / "claims" or path.stem == stem)}


def _deliver(left: dict[str, Path], out: Path, record: dict, files: dict) -> None:
    """List files in the record of the run, write it, and only then copy them to their places."""
    files |= {name: sha256(path) for name, path in left.items()}
    write_json(out / "provenance.json", record)
    for name, path in left.items():
        write_atomically(out / name, path.read_bytes())


def _order(stems: list[str]) -> dict[str, set[str]]:
    """What each notebook waits for: those it needs; all others if it measures times."""
    alone = [stem for stem in stems if stem[:2] in stages.ALONE]
    order = {stem: set(inputs.needs(stem, stems)) for stem in stems}
    return order | {stem: {*stems} - {*alone[place:]} for place, stem in enumerate(alone)}


def _run_all(stems: list[str], outcomes: dict, note: Callable, execute: Callable, jobs: int) -> None:
    """Execute notebooks, each as soon as those it needs have ended; those that others need first."""
    order, ready, running = TopologicalSorter(_order(stems)), [], {}
    needed = {need for stem in stems for need in inputs.needs(stem, stems)}
    order.prepare()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while order.is_active():
                ready = sorted([*ready, *order.get_ready()], key=lambda stem: (stem not in needed, stem))
                while ready and len(running) < jobs:
                    stem = ready.pop(0)
                    lost = [one for one in inputs.needs(stem, outcomes) if outcomes[one].status not in ENDED_WELL]
                    task = partial(execute, stem) if not lost else partial(
                        NotebookOutcome, stem, "skipped", reason=f"needs {lost[0]}, which "
                        f"{'failed' if outcomes[lost[0]].status == 'failed' else 'was skipped'}")
                    running[pool.submit(task)] = stem
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    note(future.result())
                    order.done(running.pop(future))
        except KeyboardInterrupt:
            while wait(running, timeout=0.2).not_done:  # a kernel may just be about to start
                kernels.end_all()
            raise KeyboardInterrupt(", ".join(sorted(running.values()))) from None
