"""What a sweep ends with: a table, why some runs were not done, and the field that suits the sky best."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from astropy.table import Column, Table

from lisbon_core._core import LisbonError, write_atomically
from lisbon_core.anisotropy import parameter_names
from lisbon_core.sky.files import write_table
from lisbon_core.studies import field_posterior as fields
from lisbon_core.tools.sweep_plan import KINDS, Plan
from lisbon_core.tools.tables import number

FIELD = ("field_lon", "field_lat", "field_uG")


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
        claims = [row.get("claims", {}).get(name, {}) for name in units]
        lines.writerow([*(row["parameters"][name] for name in varied), row["status"], row["reason"], row["seconds"],
                        *(claim.get(part) for claim in claims for part in ("value", "sigma"))])
    return text.getvalue().encode()


def summary(rows: Collection[dict], plan: Plan, out: Path) -> str:
    """How many runs were done, and why the others were not; after a sweep of fields the best, field.ecsv, field.png."""
    reasons = Counter(row["reason"] for row in rows if row["status"] != "done")
    count = len(rows) - reasons.total()
    lines = [f"{count} of {len(rows)} runs done; the table is {out / 'sweep.ecsv'}.",
             *(f"  {count} failed: {reason}" for reason, count in reasons.most_common(10))]
    if not (set(FIELD[:2]) <= set(plan.varied) <= set(FIELD) and count):
        return "\n".join(lines)
    tried, fits = tried_fields(rows, plan.varied)
    try:
        found = fields.field_posterior(tried, fits)
    except LisbonError as why_not:
        found = None
        lines.append(f"No best field: {why_not}. The option --closer 1 tries 19 more directions there.")
    else:
        names = parameter_names(plan.runs[0].order)
        about = {"chi2_reduced": found.chi2_reduced, "covariance": "of degrees on the sphere towards larger longitude "
                 "and latitude, of the logarithm of the strength, of A_n, and of G in 1/AU"}
        joint = {"name": [*(name for name in FIELD if name in plan.varied), *names],
                 "value": [*found.field, *found.theta], "covariance": found.covariance}
        write_table(Table(joint, meta=about), out / "field.ecsv")
        lines.append(f"{found} (of {len(fits)} fields; frame {plan.runs[0].field_frame})".capitalize())
        lines += [f"  {name} = {number(float(value), float(sigma))} with the field unknown"
                  for name, value, sigma in zip(names, found.theta, found.theta_sigma, strict=True)]
        lines.append(f"Their joint covariance is in {out / 'field.ecsv'}.")

    from lisbon_core import plots  # no worker has to wait for it
    from lisbon_core.plots.saving import image

    drawn = plots.field_fan([field[:2] for field in tried], [fit.chi2_reduced for fit in fits], found)
    write_atomically(out / "field.png", image(drawn, "png", 200))
    return "\n".join([*lines, f"Chi-square over the fields is drawn in {out / 'field.png'}."])


def closer(rows: Iterable[dict], plan: Plan) -> Plan:
    """The plan, which varies the direction of the field alone, and 19 directions more, nearer to the best."""
    tried, fits = tried_fields(rows)
    if len(fits) < 2:
        return plan
    more = [replace(plan.runs[0], field_lon=lon, field_lat=lat) for lon, lat in fields.closer(tried, fits).tolist()]
    return replace(plan, runs=tuple(dict.fromkeys([*plan.runs, *more])))


def tried_fields(rows: Iterable[dict], varied: tuple[str, ...] = FIELD[:2]):
    """The field of each run that was done, by what was varied of it, and the fits: what `field_posterior` takes."""
    done = [row for row in rows if row["status"] == "done"]
    return ([[row["parameters"][name] for name in FIELD if name in varied] for row in done],
            [SimpleNamespace(**row["fit"]) for row in done])
