"""What a run costs, measured: the table of the page on one's own map. `python -m lisbon_core.tools.costs` makes it.

Times are what the processor spent, which others on the machine disturb least.
"""

import multiprocessing
import os
import re
import resource
import tempfile
import textwrap
from pathlib import Path

import numpy as np

from lisbon_core._core import LisbonError, write_atomically
from lisbon_core.heliosphere import closed_form, export, read_gridded
from lisbon_core.liouville import grid, trace_sky
from lisbon_core.parameters import RunParameters
from lisbon_core.run import Run
from lisbon_core.studies.timing import cores, timed
from lisbon_core.tools.provenance import ROOT
from lisbon_core.tools.sweep import sweep
from lisbon_core.tools.sweep_plan import plan
from lisbon_core.tools.sweep_workers import processes

__all__ = ["PAGE", "section", "write_section"]

PAGE = ROOT / "notebooks" / "own" / "own_map.md"
STEPS = (6.0, 4.0, 2.0)  # degrees, of the analysis grid
RUNS = (4, 16)


def _orbits() -> list[tuple[str, str]]:
    """Cost of an orbit in the closed form, and on a grid."""
    with tempfile.TemporaryDirectory() as folder:
        export(closed_form(), f"{folder}/grid.h5")
        on_grid = read_gridded(f"{folder}/grid.h5")
    fields = {"closed form": closed_form(), "the same on a grid of 256 x 128 x 256": on_grid}
    rows = []
    with cores(1):
        for name, heliosphere in fields.items():
            trace_sky(heliosphere, *grid(60.0), positions=1)
            seconds, made = timed(lambda heliosphere=heliosphere: trace_sky(heliosphere, *grid(10.0)), 2)
            rows.append((f"an orbit to 4000 AU, with its error: {name}", f"{1e3 * seconds / made.mu.size:.2f} ms"))
    return rows


def _pixels() -> list[tuple[str, str]]:
    """Orbits and fit by the number of pixels of the default sky."""
    rows = []
    for step in STEPS:
        run = Run(RunParameters(grid_deg=step))
        _ = run.liouville
        first, _ = timed(lambda run=run: run.fit)
        later, _ = timed(lambda step=step: _behind(step))
        rows.append((f"{step:g} degrees: {run.sky.observed.sum()} pixels observed, {run.liouville.mu.size} orbits",
                     f"fit of order 7 {first:.2f} s; from a kept map to the transport fit {later:.1f} s"))
    return rows


def _behind(step: float):
    return Run(RunParameters(grid_deg=step)).transport


def _workers() -> list[tuple[str, str]]:
    """Sweeps on a kept map by the number of runs and of processes, which count from their start to their end."""
    rows = []
    for count in RUNS:
        runs = plan({"p_index": list(np.linspace(4.4, 5.0, count)), "grid_deg": 4.0})
        _ = Run(runs.runs[0]).liouville
        spent = {n: _spent(runs, n) for n in sorted({1, 2, os.cpu_count() or 1})}
        rows.append((f"a sweep of {count} runs on a kept map at 4 degrees", "; ".join(
            f"{n} worker{'s' if n > 1 else ''} {seconds:.0f} s" + (f", {seconds / n:.0f} s each" if n > 1 else "")
            for n, seconds in spent.items())))
    return rows


def _spent(runs, workers: int) -> float:
    """Processor time of all worker processes of a sweep."""
    def used():
        times = resource.getrusage(resource.RUSAGE_CHILDREN)
        return times.ru_utime + times.ru_stime

    before = used()
    with tempfile.TemporaryDirectory() as folder:
        rows = sweep(runs, Path(folder) / "sweep", processes(workers), progress=False)
    if bad := [row["reason"] for row in rows if row["status"] != "done"]:
        raise LisbonError(f"A run of the sweep that is measured failed ({bad[0]}): nothing was measured")
    for process in multiprocessing.active_children():
        process.join()
    return used() - before


def section() -> str:
    """The section of the page, measured now."""
    rows = [*_orbits(), *_pixels(), *_workers()]
    words = (f"Measured by `python -m lisbon_core.tools.costs` on a machine of {os.cpu_count()} cores; seconds of "
             "processor time, so on a machine with nothing else to do the time by the clock is that of the busiest "
             "core. The orbits are most of a first run: their number is pixels of the full sky "
             "times positions (times rigidities), and every core shares them. Later runs find the map. A sweep over "
             "the field direction pays for the orbits at each point, one over anything behind them does not. Each "
             "worker pays some seconds for its start.")
    lines = ["## What it costs", "", *textwrap.wrap(words, 118, break_on_hyphens=False), "", "| what | cost |",
             "|---|---|", *(f"| {what} | {cost} |" for what, cost in rows)]
    return "\n".join(lines)


def write_section(text: str) -> None:
    """Put the section into its page."""
    page = PAGE.read_text(encoding="utf-8")
    new = re.sub(r"<!-- costs -->.*<!-- /costs -->", lambda _: f"<!-- costs -->\n{text}\n<!-- /costs -->", page,
                 flags=re.DOTALL)
    write_atomically(PAGE, new)


if __name__ == "__main__":
    found = section()
    write_section(found)
    print(found)
