"""What a sweep ends with: a table, why some runs were not done, and the field that suits the sky best."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from astropy.table import MaskedColumn, Table

from lisbon_core._core import LisbonError, write_atomically
from lisbon_core.anisotropy import parameter_names
from lisbon_core.sky.files import write_table
from lisbon_core.studies import field_posterior as fields
from lisbon_core.tools.sweep_plan import Plan
from lisbon_core.tools.tables import number

__all__ = ["closer", "field_of_rows", "summary", "table"]

FIELD = ("field_lon", "field_lat", "field_uG")


def table(rows: list[dict], varied: tuple[str, ...]) -> Table:
    """Rows as a table: what was varied, status, each claim with its error (empty: not determined), and why."""
    made = Table({name: [row["parameters"][name] for row in rows] for name in varied}
                 | {name: [row[name] for row in rows] for name in ("status", "reason", "seconds")})
    units = {name: claim["unit"] for row in rows for name, claim in row.get("claims", {}).items()
             if not isinstance(claim["value"], list)}
    for name, unit in units.items():
        for column, part in ((name, "value"), (f"{name}_sigma", "sigma")):
            values = np.array([row.get("claims", {}).get(name, {}).get(part) for row in rows], dtype=float)
            made[column] = MaskedColumn(np.ma.masked_invalid(values), description=unit)
    return made


def summary(rows: list[dict], plan: Plan, out: Path) -> str:
    """How many runs were done, and why the others were not; after a sweep of fields the best, field.ecsv, field.png."""
    done = [row for row in rows if row["status"] == "done"]
    lines = [f"{len(done)} of {len(rows)} runs done; the table is {out / 'sweep.ecsv'}."]
    reasons = Counter(row["reason"] for row in rows if row["status"] != "done")
    lines += [f"  {count} failed: {reason}" for reason, count in reasons.most_common(10)]
    if not (set(FIELD[:2]) <= set(plan.varied) <= set(FIELD) and done):
        return "\n".join(lines)
    try:
        found = field_of_rows(done, plan.varied)
    except LisbonError as why_not:
        found = None
        lines.append(f"No best field: {why_not}. The option --closer 1 tries 19 more directions there.")
    else:
        order, frame = (done[0]["parameters"][name] for name in ("order", "field_frame"))
        names = parameter_names(order)
        about = {"chi2_reduced": found.chi2_reduced, "covariance": "of degrees on the sphere towards larger longitude "
                 "and latitude, of the logarithm of the strength, of A_n, and of G in 1/AU"}
        joint = {"name": [*(name for name in FIELD if name in plan.varied), *names],
                 "value": [*found.field, *found.theta], "covariance": found.covariance}
        write_table(Table(joint, meta=about), out / "field.ecsv")
        lines.append(f"{found} (of {len(done)} fields; frame {frame})".capitalize())
        lines += [f"  {name} = {number(float(value), float(sigma))} with the field unknown"
                  for name, value, sigma in zip(names, found.theta, found.theta_sigma, strict=True)]
        lines.append(f"Their joint covariance is in {out / 'field.ecsv'}.")

    from lisbon_core import plots  # no worker has to wait for it
    from lisbon_core.plots.saving import image

    tried, fits = _done(done)
    drawn = plots.field_fan(tried, [fit.chi2_reduced for fit in fits], found)
    write_atomically(out / "field.png", image(drawn, "png", 200))
    return "\n".join([*lines, f"Chi-square over the fields is drawn in {out / 'field.png'}."])


def closer(rows: list[dict], plan: Plan) -> Plan:
    """The plan, which varies the direction of the field alone, and 19 directions more, nearer to the best."""
    tried, fits = _done(rows)
    if len(fits) < 2:
        return plan
    more = [replace(plan.runs[0], field_lon=lon, field_lat=lat) for lon, lat in fields.closer(tried, fits).tolist()]
    return replace(plan, runs=tuple(dict.fromkeys([*plan.runs, *more])))


def field_of_rows(rows: list[dict], varied: tuple[str, ...]):
    """`FieldPosterior` of the rows of a sweep that are done and differ in their field alone.

    Raises
    ------
    AnisotropyError
        If they do not enclose the best field.
    """
    return fields.field_posterior(*_done(rows, varied))


def _done(rows: list[dict], varied: tuple[str, ...] = FIELD[:2]) -> tuple[list[list[float]], list[SimpleNamespace]]:
    """The field of each run that was done, by what was varied of it, and the fit."""
    done = [row for row in rows if row["status"] == "done"]
    return ([[row["parameters"][name] for name in FIELD if name in varied] for row in done],
            [SimpleNamespace(**row["fit"]) for row in done])
