"""A sweep: the chain without notebooks at many parameters, one row a run in a table that only grows.

Runs go to any `concurrent.futures` Executor: processes on this machine, or a dask cluster. Each row is on the disk
before the next is waited for, so whatever is killed, and however, the same call goes on where it was: finished runs are
skipped, failed ones tried again.
"""

import contextlib
import csv
import io
import itertools
import json
import os
import socket
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, ThreadPoolExecutor, wait
from pathlib import Path

from astropy.table import Column, Table

from lisbon_core import claims
from lisbon_core.ground._core import LisbonError, write_atomically
from lisbon_core.parameters import RunParameters
from lisbon_core.run import Run
from lisbon_core.tools.provenance import code_hash, digest, files_read, now, only_one, provenance, write_json
from lisbon_core.tools.sweep_plan import KINDS, Plan, named_files

AHEAD = 1000  # runs handed to the workers before one has ended: of a million, all at once would fill the memory
ROWS, RECORD, TABLE = "sweep.jsonl", "sweep.json", "sweep.ecsv"
LONGEST = 2**24  # bytes of a row


class Rows:
    """Rows of a sweep.jsonl that begin at some places, read one by one, each time: a million are 30 GB of memory."""

    def __init__(self, path: Path, places: list[int]):
        self.path, self.places = path, places

    def __len__(self):
        return len(self.places)

    def __iter__(self) -> Iterator[dict]:
        with open(self.path, "rb") as stream:
            for place in self.places:
                stream.seek(place)
                yield _row(stream.readline())


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
          task=one_run) -> Rows:
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
    LisbonError
        If the folder cannot be written to, another sweep is at work in it, or the cluster is lost.
    """
    from tqdm import tqdm

    out, executor = Path(out).absolute(), executor or ThreadPoolExecutor(1)
    sets = {named_files(one): one for one in plan.runs}
    files = {named: [str(path) for path in files_read(one)] for named, one in sets.items()}
    with only_one(out):
        record = provenance({"varied": plan.varied, "runs": len(plan.runs)},
                            sorted({path for paths in files.values() for path in paths}))
        write_json(out / RECORD, record)
        hashes = {named: [record["inputs"][path] for path in paths] for named, paths in files.items()}
        code = code_hash()
        wanted = {digest([code, one.as_dict(), hashes[named_files(one)]]): one for one in plan.runs}
        _end_at_a_whole_line(out / ROWS)
        last, status, failures = {}, {}, Counter()  # where the last row of each run is, and what it says
        for place, row in placed(out / ROWS):
            last[row["key"]], status[row["key"]] = place, row["status"]
            failures[row["key"]] += row["status"] == "failed"
        todo = [key for key in wanted if failures[key] < attempts and status.get(key) != "done"]
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
                    last[key] = _append(out / ROWS, {
                        "key": key, "attempt": failures[key] + 1, **outcome, "parameters": wanted[key].as_dict(),
                        "finished": now()})
                    bar.update()
        except CancelledError:
            raise LisbonError("the cluster was lost: what had ended is kept, give the same command again") from None
        finally:
            bar.close()
            for future in running:
                future.cancel()
            found = Rows(out / ROWS, [last[key] for key in wanted if key in last])
            write_atomically(out / TABLE, table(found, plan.varied))
        write_json(out / RECORD, record | {"done": now()})
    return found


def table(rows: Iterable[dict], varied: tuple[str, ...]) -> bytes:
    """Rows as an ECSV table: what was varied, status, each claim with its error (empty: not determined)."""
    units = {name: claim["unit"] for row in rows for name, claim in row.get("claims", {}).items()
             if not isinstance(claim["value"], list)}
    columns = {name: Column(dtype=KINDS[name]) for name in varied}
    columns |= {"status": Column(dtype=str), "reason": Column(dtype=str), "seconds": Column(dtype=float)}
    for name, unit in units.items():
        columns |= {column: Column(dtype=float, description=unit) for column in (name, f"{name}_sigma")}
    text = io.StringIO()
    Table(columns).write(text, format="ascii.ecsv")
    lines = csv.writer(text, delimiter=" ", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    for row in rows:  # one at a time, as a million of them do not fit into memory
        told = [row.get("claims", {}).get(name, {}) for name in units]
        lines.writerow([*(row["parameters"][name] for name in varied), row["status"], row["reason"], row["seconds"],
                        *(claim.get(part) for claim in told for part in ("value", "sigma"))])
    return text.getvalue().encode()


def summary(rows: Collection[dict], out: Path) -> str:
    """How many runs were done, and why the others were not."""
    reasons = Counter(row["reason"] for row in rows if row["status"] != "done")
    return "\n".join([f"{len(rows) - reasons.total()} of {len(rows)} runs done; the table is {out / TABLE}.",
                      *(f"  {count} failed: {reason}" for reason, count in reasons.most_common(10))])


def placed(path: Path) -> Iterator[tuple[int, dict]]:
    """Where each row of a sweep.jsonl begins, and the row; a line that was cut short or changed is left out."""
    place = 0
    with open(path, "rb") if path.exists() else contextlib.nullcontext([]) as lines:
        for line in lines:
            if row := _row(line):
                yield place, row
            place += len(line)


def _row(line: bytes) -> dict | None:
    with contextlib.suppress(ValueError, RecursionError):
        row = json.loads(line)
        # without its hash a digit that changed on the disk would be taken for a result
        if isinstance(row, dict) and row.pop("check", "") == digest(row):
            return row
    return None


def _end_at_a_whole_line(path: Path) -> None:
    """Take away a last line that was cut short when its writer was killed."""
    with open(path, "a+b") as stream:  # at its end
        start = max(0, stream.tell() - LONGEST)
        stream.seek(start)
        stream.truncate(start + stream.read().rfind(b"\n") + 1)


def _append(path: Path, row: dict) -> int:
    """Put a row at the end of a file; where it begins."""
    line = json.dumps(row | {"check": digest(row)}, ensure_ascii=False, allow_nan=False)
    with open(path, "ab") as stream:
        place = stream.tell()
        stream.write(line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    return place
