"""What a run costs, measured on this machine: `lisbon costs`.

Times are what the processor spent, which others on the machine disturb least.
"""

import tempfile

from lisbon_core.heliosphere import closed_form, export, read_gridded
from lisbon_core.liouville import grid, trace_sky
from lisbon_core.parameters import RunParameters
from lisbon_core.run import Run
from lisbon_core.studies.peers import cores, timed

STEPS = (6.0, 4.0, 2.0)  # degrees, of the analysis grid


def measured() -> str:
    """What an orbit costs, in the closed form and on a grid, and fit and whole run by the step of the sky: a table of
    seconds that the processor spent on this machine.
    """
    with tempfile.TemporaryDirectory() as folder:
        export(closed_form(), f"{folder}/grid.h5")
        on_grid = read_gridded(f"{folder}/grid.h5")
    rows = []
    with cores(1):
        for name, heliosphere in (("closed form", closed_form()), ("the same on a grid of 256 x 128 x 256", on_grid)):
            trace_sky(heliosphere, *grid(60.0))  # compiles
            seconds, traced = timed(lambda heliosphere=heliosphere: trace_sky(heliosphere, *grid(10.0)), 2)
            rows.append((f"an orbit to 4000 AU, with its error: {name}", f"{1e3 * seconds / traced.mu.size:.2f} ms"))
    for step in STEPS:
        run = Run(RunParameters(grid_deg=step))
        _ = run.liouville  # traced, or found in the cache
        fit, _ = timed(lambda run=run: run.fit)
        whole, _ = timed(lambda step=step: Run(RunParameters(grid_deg=step)).transport)
        rows.append((f"{step:g} degrees: {run.sky.observed.sum()} pixels observed, {run.liouville.mu.size} orbits",
                     f"fit of order 7 {fit:.2f} s; from a kept map to the transport fit {whole:.1f} s"))
    return "\n".join(f"{what:<70}  {cost}" for what, cost in rows)

