"""Run notebooks headless with papermill, in the order of what they need, into one folder.

The folder then holds the executed notebooks, `figures/`, the products the notebooks leave, `claims/`, `results.json`,
`provenance.json`, `report.md` and `ro-crate-metadata.json`. A notebook that fails takes down only those that need it.
One that ended well there before, from the same inputs, is kept: so a run that was cut short goes on where it was.

Each notebook works in a temporary folder. What it has left there is listed in provenance.json, and only then moved to
the folder of the run: whatever a file there is called, one can tell whether a run has made it.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from lisbon_core.parameters import RunParameters
from lisbon_core.tools import kernels, pairing, provenance, stages
from lisbon_core.tools.provenance import NOTEBOOKS, needs, now, only_one, sha256, write_atomically, write_json
from lisbon_core.tools.reports import run_report
from lisbon_core.tools.tables import plain_table
from lisbon_core.verdicts import merge


@dataclass(frozen=True)
class NotebookOutcome:
    """How one notebook ended: 'done', 'kept', 'failed' or 'skipped', in how many seconds, and why."""

    notebook: str
    status: str
    seconds: float = 0.0
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether it ran to its end, now or before."""
        return self.status in ("done", "kept")

    def __str__(self):
        return f"  {self.notebook:<32} {self.status:<8} {self.seconds:6.1f} s  {self.reason}".rstrip()


def run(notebooks: list[Path] | None, parameters: dict, out: Path, jobs: int = 1, *, notebook_folder: Path = NOTEBOOKS,
        force: bool = False) -> list[NotebookOutcome]:
    """Run notebooks (None: all of the folder) with the given parameters into `out`; print one line for each, the
    claims, and once more how all ended if one did not end well.

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
    force : bool
        Run also what need not be run again.

    Raises
    ------
    LisbonError
        If `out` cannot be written to, another run is at work there, or a file that no run has made is in the way.
    """
    everyone = pairing.sources(notebook_folder)
    chosen = {path.stem: path for path in sorted(notebooks or everyone)}
    asked, out, start = RunParameters(**parameters), Path(out).absolute(), time.monotonic()
    values, reads = asked.as_dict(), provenance.files_read(asked)
    record = provenance.provenance(values, reads)
    sources = provenance.made_from(everyone)
    parts = {stem: one | values | record["inputs"] | record["versions"] for stem, one in sources.items()}
    dates = {stem: _dates([chosen[stem], *reads, *map(provenance.ROOT.joinpath, sources[stem])]) for stem in chosen}
    with only_one(out), TemporaryDirectory(prefix="lisbon-") as work:
        before = stages.earlier(out)
        why = stages.reasons(parts, before, out, {*chosen} if force else set())
        kept = {stem: entry for stem, entry in before["notebooks"].items() if why.get(stem) == ""}
        outcomes = {stem: NotebookOutcome(stem, "kept", reason="its inputs have not changed")
                    for stem in chosen if stem in kept}
        stages.clear(out, before, {*chosen, *before["notebooks"]} - kept.keys(), {path.resolve() for path in reads})
        (out / "claims").mkdir(exist_ok=True)
        record |= {"notebooks": kept, "files": {}}
        write_json(out / "provenance.json", record)

        def execute(stem: str) -> NotebookOutcome:
            begun, place = time.monotonic(), Path(work) / stem
            for lost in needs(stem, outcomes):
                if not outcomes[lost].ok:
                    why_not = "failed" if outcomes[lost].status == "failed" else "was skipped"
                    return NotebookOutcome(stem, "skipped", reason=f"needs {lost}, which {why_not}")
            shutil.copytree(out / "claims", place / "claims", ignore=shutil.ignore_patterns(".*"))  # for the ledger
            failure = kernels.execute(chosen[stem], parameters, place, out)
            if changed := dates[stem].items() - _dates(dates[stem]).items():
                failure = f"{min(changed)[0].name} was changed meanwhile: run again"
            if taken := [name for name in _left_in(place, stem) if os.path.lexists(out / name)]:
                failure = f"{taken[0]} is there, of somebody else"
                shutil.rmtree(place)
            return NotebookOutcome(stem, "failed" if failure else "done", round(time.monotonic() - begun, 1),
                                   failure or why[stem])

        def note(outcome: NotebookOutcome) -> None:
            stem = outcome.notebook
            outcomes[stem] = outcome
            record["notebooks"][stem] = entry = asdict(outcome) | {"made_from": parts[stem], "files": {}}
            _deliver(_left_in(Path(work) / stem, stem), out, record, entry)  # now, so that a run that is killed goes on
            print(outcome, flush=True)

        print(f"Running {len(chosen)} notebook{'s' * (len(chosen) > 1)} into {out}", *outcomes.values(), sep="\n",
              flush=True)
        with kernels.environment(jobs):
            _run_all([stem for stem in chosen if stem not in kept], execute, note, jobs)
        record |= {"finished": now(), "seconds": round(time.monotonic() - start, 1), "jobs": jobs,
                   "notebooks": dict(sorted(record["notebooks"].items()))}
        results = {"claims": merge(out, default_sky=not values.get("sky_map")), "parameters": values,
                   "provenance": {name: part for name, part in record.items() if name not in ("notebooks", "files")}}
        summaries = Path(work) / "summaries"
        write_json(summaries / "results.json", results)
        if results["claims"]:
            write_atomically(summaries / "report.md", run_report(results))
        record["files"] = {name: sha256(path) for name, path in _left_in(summaries).items()}
        write_json(summaries / stages.CRATE, stages.crate(record))
        _deliver(_left_in(summaries), out, record, record)
    print(f"\n{plain_table(results['claims'])}\n" if results["claims"] else "")
    ended = [outcomes[stem] for stem in chosen]
    if not all(one.ok for one in ended):
        print(*ended, sep="\n", file=sys.stderr)
    return ended


def _dates(paths: Iterable[Path]) -> dict[Path, int]:
    """When each of some files was changed."""
    return {path: path.stat().st_mtime_ns for path in paths if path.is_file()}


def _left_in(place: Path, stem: str = "") -> dict[str, Path]:
    """Files that a notebook has left in its folder, by name there: without the claims of others, which it was given."""
    return {path.relative_to(place).as_posix(): path for path in sorted(place.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
            and (path.parent != place / "claims" or path.stem == stem)}


def _deliver(left: dict[str, Path], out: Path, record: dict, entry: dict) -> None:
    """List files in an entry of the record of the run, write the record, and only then copy them to their places."""
    entry["files"] = {name: sha256(path) for name, path in left.items()}
    write_json(out / "provenance.json", record)
    for name, path in left.items():
        write_atomically(out / name, path.read_bytes())


def _order(stems: list[str]) -> dict[str, set[str]]:
    """What each notebook waits for: those it needs; all others if it measures times."""
    return {stem: {*stems} - {stem} if stem[:2] == stages.ALONE else {*needs(stem, stems)} for stem in stems}


def _run_all(stems: list[str], execute, note, jobs: int) -> None:
    """Execute notebooks, each as soon as those it waits for have ended; first those that others wait for."""
    order, running = _order(stems), {}
    first = {number for needed in provenance.DEPENDS.values() for number in needed} | {stages.LONGEST}
    waiting = sorted(stems, key=lambda stem: (stem[:2] not in first, stem))
    with ThreadPoolExecutor(jobs, "notebook") as pool:
        try:
            while waiting or running:
                ready = [stem for stem in waiting if not order[stem] & {*waiting, *running.values()}]
                for stem in ready[:jobs - len(running)]:
                    waiting.remove(stem)
                    running[pool.submit(execute, stem)] = stem
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    note(future.result())
                    del running[future]
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            # a kernel may just be about to start, and for one that was just handed in there is no future yet
            while any(thread.name.startswith("notebook") for thread in threading.enumerate()):
                kernels.end_all()
                time.sleep(0.2)
            raise KeyboardInterrupt(f"in {', '.join(sorted(running.values()))}") from None
