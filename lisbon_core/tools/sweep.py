"""A sweep: the chain without notebooks at many parameters, one row a run in a table that only grows.

Runs go to any `concurrent.futures` Executor. Each row is on the disk before the next is waited for, so whatever is
killed, and however, the same call goes on where it was: finished runs are skipped, failed ones tried again.
"""

import contextlib
import hashlib
import io
import json
import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.tools.locks import only_one
from lisbon_core.tools.provenance import code_hash, now, provenance, sha256, write_atomically, write_json
from lisbon_core.tools.sweep_plan import FILES, Plan, SweepError
from lisbon_core.tools.sweep_workers import Workers

__all__ = ["one_run", "read_rows", "sweep", "table"]

ROWS, RECORD, TABLE = "sweep.jsonl", "sweep.json", "sweep.ecsv"
ATTEMPTS = 3


def one_run(parameters: dict) -> dict:
    """Part of a row that a worker makes: status, claims, the fit, seconds, and why it failed if it did."""
    start, outcome = time.monotonic(), {"status": "done", "reason": ""}
    try:
        from lisbon_core import claims as made
        from lisbon_core.parameters import RunParameters
        from lisbon_core.run import Run

        run = Run(RunParameters.from_mapping(parameters))
        claims = [*made.liouville_claims(run), *made.anisotropy_claims(run), *made.transport_claims(run)]
        kept = ("value", "sigma", "unit", "note")
        outcome["claims"] = {claim.id: {name: getattr(claim, name) for name in kept} for claim in claims}
        outcome["fit"] = made.fit_summary(run)
    except LisbonError as error:
        outcome = {"status": "failed", "reason": " ".join(str(error).split())}
    except Exception as error:  # one run of many: the others go on
        outcome = {"status": "failed", "reason": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    return outcome | {"seconds": round(time.monotonic() - start, 2), "worker": f"{socket.gethostname()}:{os.getpid()}"}


def sweep(plan: Plan, out: str | Path, workers: Workers, *, attempts: int = ATTEMPTS, progress: bool = True,
          task: Callable[[dict], dict] = one_run) -> list[dict]:
    """Make every run of a plan that is not in the table yet; return their rows, in the order of the plan.

    Parameters
    ----------
    plan : Plan
        What to run.
    out : str or Path
        Folder: `sweep.jsonl` (a row each attempt, appended), `sweep.json` (where it comes from), `sweep.ecsv`
        (the last row of each run of the plan, as a table).
    workers : Workers
        Who does it.
    attempts : int
        How often a run that fails is tried in all, once each time this is called.
    progress : bool
        Show a bar if this is a terminal.
    task : function
        From parameters to a row's status, reason, claims, fit and seconds, in a worker.

    Raises
    ------
    SweepError, LockedError
        If the folder cannot be written to, another sweep is at work in it, or the cluster is lost.
    """
    from tqdm import tqdm

    out = Path(out).absolute()
    with only_one(out):
        wanted, inputs = _keyed(plan)
        rows = _repaired(out / ROWS)
        tried = Counter(row["key"] for row in rows if row["status"] == "failed")
        last = {row["key"]: row for row in rows}
        todo = deque(key for key in wanted if (key not in last or last[key]["status"] == "failed")
                     and tried[key] < attempts)
        record = provenance({"varied": plan.varied, "runs": len(wanted)}, inputs)
        write_json(out / RECORD, record)

        def ended(key, outcome):
            last[key] = {"key": key, "attempt": tried[key] + 1, **outcome, "parameters": wanted[key],
                         "finished": now()}
            _append(out / ROWS, last[key])
            bar.update()

        with tqdm(total=len(wanted), initial=len(wanted) - len(todo), unit="run", desc="sweep",
                  disable=None if progress else True) as bar:
            try:
                _work(todo, wanted, workers, task, ended)
            finally:
                found = [last[key] for key in wanted if key in last]
                write_atomically(out / TABLE, table(found, plan.varied))
        write_json(out / RECORD, record | {"done": now()})
    return found


def _keyed(plan: Plan) -> tuple[dict, list[Path]]:
    """Parameters of each run by the hash of all that it depends on, and the files among that."""
    code, wanted = code_hash(), {}
    hashes = {path: sha256(path) for path in {Path(getattr(one, name)) for one in plan.runs for name in FILES
                                              if getattr(one, name)}}
    for one in plan.runs:
        parameters = one.as_dict()
        text = json.dumps([code, parameters, [hashes.get(Path(parameters[name])) for name in FILES]], sort_keys=True)
        wanted[hashlib.sha256(text.encode()).hexdigest()[:20]] = parameters
    return wanted, sorted(hashes)


def _work(todo: deque, wanted: dict, workers: Workers, task: Callable, ended: Callable) -> None:
    """Hand out runs until all have ended.

    When a worker process dies its Executor breaks, and takes along what the other workers were doing. Nobody says which
    run it was: all of them are tried again, one at a time, and one that dies a second time is given up.
    """
    pool, running, alone, deaths = workers.make(), {}, deque(), Counter()
    try:
        while todo or alone or running:
            while len(running) < (1 if alone else workers.places) and (alone or todo):
                key = alone.popleft() if alone else todo.popleft()
                try:
                    running[pool.submit(task, wanted[key])] = key
                except BrokenExecutor as error:  # it broke while nothing was looked at
                    future = Future()
                    future.set_exception(error)
                    running[future] = key
            broken = False
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                if future.cancelled():
                    raise SweepError("the cluster was lost: what had ended is kept, give the same command again")
                key, error = running.pop(future), future.exception()
                if isinstance(error, BrokenExecutor):
                    running[future], broken = key, True
                else:
                    ended(key, future.result() if error is None else _lost(f"{type(error).__name__}: {error}"))
            if broken:
                wait(running)
                for future, key in running.items():
                    deaths[key] += 1
                    if future.exception() is None:
                        ended(key, future.result())
                    elif deaths[key] < 2:
                        alone.append(key)
                    else:
                        ended(key, _lost("its worker process died, twice: killed, or out of memory"))
                running.clear()
                workers.stop(pool)
                pool = workers.make()
        pool.shutdown()  # idle workers end by themselves, and tidy up
    finally:
        workers.stop(pool)


def _lost(reason: str) -> dict:
    return {"status": "failed", "reason": " ".join(reason.split()), "seconds": 0.0, "worker": ""}


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
    return hashlib.sha256(json.dumps(row).encode()).hexdigest()[:12]


def _repaired(path: Path) -> list[dict]:
    """Rows of the file, whose last line is made whole: what was cut short there is taken away."""
    content = path.read_bytes() if path.exists() else b""
    if content and not content.endswith(b"\n"):
        os.truncate(path, content.rfind(b"\n") + 1)
    return read_rows(path)


def _append(path: Path, row: dict) -> None:
    line = json.dumps(row | {"check": _checksum(row)}, ensure_ascii=False, allow_nan=False)
    try:
        with open(path, "ab") as stream:
            stream.write(line.encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise SweepError(f"Cannot write to {path} ({error.strerror}): make room and give the same command again; what "
                         "had ended is kept") from error


def table(rows: list[dict], varied: Iterable[str]) -> str:
    """Rows as an ECSV table: what was varied, status, each claim with its error (empty: not determined), and why."""
    from astropy.table import MaskedColumn, Table

    made = Table()
    for name in varied:
        made[name] = [row["parameters"][name] for row in rows]
    for name in ("status", "reason", "seconds"):
        made[name] = [row[name] for row in rows]
    units = {name: claim["unit"] for row in rows for name, claim in row.get("claims", {}).items()
             if not isinstance(claim["value"], list)}
    for name, unit in units.items():
        for column, part in ((name, "value"), (f"{name}_sigma", "sigma")):
            values = [row.get("claims", {}).get(name, {}).get(part) for row in rows]
            made[column] = MaskedColumn([0.0 if v is None else v for v in values], mask=[v is None for v in values],
                                        description=unit, dtype=float)
    text = io.StringIO()
    made.write(text, format="ascii.ecsv")
    return text.getvalue()
