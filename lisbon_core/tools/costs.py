"""What a run costs, measured: the table of the page on one's own map. `python -m lisbon_core.tools.costs` makes it.

Times are what the processor spent, which others on the machine disturb least; only the row on workers needs the time
of day, and so a machine with nothing else to do.
"""

import os
import re
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np

from lisbon_core._core import write_atomically
from lisbon_core.chain import Run, RunParameters
from lisbon_core.heliosphere import closed_form, export, read_gridded
from lisbon_core.liouville import grid, trace_sky
from lisbon_core.tools.provenance import ROOT
from lisbon_core.tools.sweep import sweep
from lisbon_core.tools.sweep_plan import plan
from lisbon_core.tools.sweep_workers import processes
from lisbon_core.tools.timing import cores, timed

__all__ = ["PAGE", "section", "write_section"]

PAGE = ROOT / "notebooks" / "own" / "own_map.md"
STEPS = (6.0, 4.0, 2.0)  # degrees, of the analysis grid
RUNS = 8


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
    """Runs of a sweep that share a map, by the number of processes; time of day, so only where nobody else works."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 1.5:
        return [(f"a sweep of {RUNS} runs by the number of workers", f"not measured: others kept the machine busy "
                 f"(load {load:.0f})")]
    runs = plan({"p_index": list(np.linspace(4.4, 5.0, RUNS)), "grid_deg": 4.0})
    _ = Run(runs.runs[0]).liouville
    rows = []
    for n in sorted({1, os.cpu_count() or 1}):
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            sweep(runs, Path(folder) / "sweep", processes(n), progress=False)
            rows.append((f"a sweep of {RUNS} runs on a kept map at 4 degrees, {n} worker{'s' if n > 1 else ''}",
                         f"{time.monotonic() - start:.0f} s by the clock"))
    return rows


def section() -> str:
    """The section of the page, measured now."""
    rows = [*_orbits(), *_pixels(), *_workers()]
    words = (f"Measured by `python -m lisbon_core.tools.costs` on a machine of {os.cpu_count()} cores; seconds of "
             "processor time unless said. The orbits are most of a first run: their number is pixels of the full sky "
             "times positions (times rigidities), and every core shares them. Later runs find the map. A sweep over "
             "the field direction pays for the orbits at each point, one over anything behind them does not.")
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
