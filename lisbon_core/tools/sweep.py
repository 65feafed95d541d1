"""A sweep: the chain without notebooks at many parameters, one row a run in a table that only grows.

Runs go to any `concurrent.futures` Executor: processes on this machine, or a dask cluster. Each row is on the disk
before the next is waited for, so whatever is killed, and however, the same call goes on where it was: finished runs are
skipped, failed ones tried again.
"""

import contextlib
import hashlib
import itertools
import json
import os
import socket
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, ThreadPoolExecutor, wait
from pathlib import Path

from lisbon_core import claims
from lisbon_core._core import LisbonError
from lisbon_core.parameters import FILES, RunParameters
from lisbon_core.run import Run
from lisbon_core.sky.files import write_table
from lisbon_core.tools.inputs import code_hash, files_read
from lisbon_core.tools.provenance import now, only_one, provenance, write_json
from lisbon_core.tools.sweep_plan import Plan, SweepError
from lisbon_core.tools.sweep_report import table

__all__ = ["one_run", "read_rows", "sweep"]

AHEAD = 1000  # runs handed to the workers before one has ended: of a million, all at once would fill the memory
ROWS, RECORD, TABLE = "sweep.jsonl", "sweep.json", "sweep.ecsv"


def one_run(parameters: dict) -> dict:
    """Part of a row that a worker makes: status, claims, the fit, seconds, and why it failed if it did."""
    start = time.monotonic()
    try:
        run = Run(RunParameters.from_mapping(parameters | {"members": 0}))  # the runs themselves are the ensemble
        made = [*claims.liouville_claims(run), *claims.anisotropy_claims(run), *claims.transport_claims(run)]
        told = {one.id: {name: getattr(one, name) for name in ("value", "sigma", "unit", "note")} for one in made}
        outcome = {"status": "done", "reason": "", "fit": claims.fit_summary(run), "claims": told}
    except Exception as error:  # one run of many: the others go on
        outcome = _failed(error)
    return outcome | {"seconds": round(time.monotonic() - start, 2), "worker": f"{socket.gethostname()}:{os.getpid()}"}


def _failed(error: Exception) -> dict:
    reason = str(error) if isinstance(error, LisbonError) else f"{type(error).__name__}: {error}"
    return {"status": "failed", "reason": " ".join(reason.split()), "seconds": 0.0, "worker": ""}


def sweep(plan: Plan, out: str | Path, executor: Executor | None = None, *, attempts: int = 3,
          task=one_run) -> list[dict]:
    """Make every run of a plan that is not in the table yet; return their rows, in the order of the plan.

    On a terminal a bar shows how far it is.

    Parameters
    ----------
    plan : Plan
        What to run.
    out : str or Path
        Folder: `sweep.jsonl` (a row each attempt, appended), `sweep.json` (where it comes from), `sweep.ecsv`
        (the last row of each run of the plan, as a table).
    executor : Executor, optional
        Who does it, of `tools.workers`; by default this process, one run after the other.
    attempts : int
        How often a run that fails is tried in all, once each time this is called.
    task : function
        From parameters to a row's status, reason, claims, fit and seconds, in a worker.

    Raises
    ------
    SweepError, LockedError
        If the folder cannot be written to, another sweep is at work in it, or the cluster is lost.
    """
    from tqdm import tqdm

    out, executor = Path(out).absolute(), executor or ThreadPoolExecutor(1)
    sets = {_named(one): one for one in plan.runs}
    files = {named: [str(path) for path in files_read(one.as_dict())] for named, one in sets.items()}
    with only_one(out):
        record = provenance({"varied": plan.varied, "runs": len(plan.runs)},
                            sorted({path for paths in files.values() for path in paths}))
        write_json(out / RECORD, record)
        wanted = _keyed(plan, {named: [record["inputs"][path] for path in paths] for named, paths in files.items()})
        _end_at_a_whole_line(out / ROWS)
        rows = read_rows(out / ROWS)
        last = {row["key"]: row for row in rows}
        failures = Counter(row["key"] for row in rows if row["status"] == "failed")
        todo = [key for key in wanted if failures[key] < attempts and last.get(key, {}).get("status") != "done"]
        bar = tqdm(initial=len(wanted) - len(todo), total=len(wanted), unit="run", desc="sweep", disable=None)
        waiting, running = iter(todo), {}
        try:
            while True:
                for key in itertools.islice(waiting, AHEAD - len(running)):
                    running[executor.submit(task, wanted[key].as_dict())] = key
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    key, error = running.pop(future), future.exception()
                    outcome = _failed(error) if error else future.result()
                    last[key] = {"key": key, "attempt": failures[key] + 1, **outcome,
                                 "parameters": wanted[key].as_dict(), "finished": now()}
                    _append(out / ROWS, last[key])
                    bar.update()
        except CancelledError:
            raise SweepError("the cluster was lost: what had ended is kept, give the same command again") from None
        finally:
            bar.close()
            for future in running:
                future.cancel()
            found = [last[key] for key in wanted if key in last]
            write_table(table(found, plan.varied), out / TABLE)
        write_json(out / RECORD, record | {"done": now()})
    return found


def _named(one: RunParameters) -> tuple:
    """The files that parameters name."""
    return tuple(getattr(one, name) for name in FILES)


def _keyed(plan: Plan, hashes: dict) -> dict[str, RunParameters]:
    """Parameters of each run by the hash of all that it depends on: code, parameters, and its files' hashes."""
    code, wanted = code_hash(), {}
    for one in plan.runs:
        text = json.dumps([code, one.as_dict(), hashes[_named(one)]], sort_keys=True)
        wanted[hashlib.sha256(text.encode()).hexdigest()[:20]] = one
    return wanted


def read_rows(path: str | Path) -> list[dict]:
    """All rows of a sweep.jsonl; a line that was cut short or changed is left out."""
    rows = []
    for line in Path(path).read_bytes().splitlines() if Path(path).exists() else []:
        with contextlib.suppress(ValueError, RecursionError):
            row = json.loads(line)
            if isinstance(row, dict) and row.pop("check", "") == _checksum(row):
                rows.append(row)
    return rows


def _checksum(row: dict) -> str:
    """Without it a digit that changed on the disk would be taken for a result."""
    return hashlib.sha256(json.dumps(row).encode()).hexdigest()[:12]


def _end_at_a_whole_line(path: Path) -> None:
    """Take away a last line that was cut short when its writer was killed."""
    content = path.read_bytes() if path.exists() else b""
    if content and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)


def _append(path: Path, row: dict) -> None:
    line = json.dumps(row | {"check": _checksum(row)}, ensure_ascii=False, allow_nan=False)
    with open(path, "ab") as stream:
        stream.write(line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
