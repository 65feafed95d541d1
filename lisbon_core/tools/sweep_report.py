"""What a sweep ends with: a table, why some runs were not done, and the field that suits the sky best."""

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from lisbon_core._core import LisbonError, write_atomically
from lisbon_core.tools.sweep_plan import Plan
from lisbon_core.tools.tables import number

__all__ = ["closer", "field_of_rows", "summary", "table"]

FIELD = ("field_lon", "field_lat", "field_uG")


def table(rows: list[dict], varied: Iterable[str]) -> str:
    """Rows as an ECSV table: what was varied, status, each claim with its error (empty: not determined), and why."""
    from astropy.table import MaskedColumn, Table

    made = Table({name: [row["parameters"][name] for row in rows] for name in varied})
    for name in ("status", "reason", "seconds"):
        made[name] = [row[name] for row in rows]
    units = {name: claim["unit"] for row in rows for name, claim in row.get("claims", {}).items()
             if not isinstance(claim["value"], list)}
    for name, unit in units.items():
        for column, part in ((name, "value"), (f"{name}_sigma", "sigma")):
            values = np.array([row.get("claims", {}).get(name, {}).get(part) for row in rows], dtype=float)
            made[column] = MaskedColumn(np.ma.masked_invalid(values), description=unit)
    return _ecsv(made)


def _ecsv(made) -> str:
    text = io.StringIO()
    made.write(text, format="ascii.ecsv")
    return text.getvalue()


def summary(rows: list[dict], plan: Plan, out: Path) -> str:
    """How many runs were done, and why the others were not; after a sweep of fields the best, field.ecsv, field.png."""
    done = _done(rows)
    lines = [f"{len(done)} of {len(rows)} runs done; the table is {out / 'sweep.ecsv'}."]
    reasons = Counter(row["reason"] for row in rows if row["status"] != "done")
    lines += [f"  {count} failed: {reason}" for reason, count in reasons.most_common(10)]
    if not (set(FIELD[:2]) <= set(plan.varied) <= set(FIELD) and done):
        return "\n".join(lines)
    found, why_not = _best_field(done, plan)
    if found is None:
        lines.append(f"No best field: {why_not}. The option --closer 1 tries 19 more directions there.")
    else:
        order, frame = (done[0]["parameters"][name] for name in ("order", "field_frame"))
        names = [*(f"A_{n}" for n in range(1, order + 1)), "G_x", "G_y"]
        _write_field(found, names, plan.varied, out)
        lines.append(f"{found} (of {len(done)} fields; frame {frame})".capitalize())
        lines += [f"  {name} = {number(float(value), float(sigma))} with the field unknown"
                  for name, value, sigma in zip(names, found.theta, found.theta_sigma, strict=True)]
        lines.append(f"Their joint covariance is in {out / 'field.ecsv'}.")
    _draw_field(done, found, out)
    return "\n".join([*lines, f"Chi-square over the fields is drawn in {out / 'field.png'}."])


def closer(rows: list[dict], plan: Plan) -> Plan:
    """The plan, which varies the direction of the field alone, and 19 directions more: around the best, at half the
    spacing of those tried, or, where these do not enclose it, around the lowest, at their spacing.
    """
    from lisbon_core.frames import unit_vector
    from lisbon_core.studies.field_posterior import fan

    done = _done(rows)
    if len(done) < 2:
        return plan
    tried = _directions(done)
    towards = unit_vector(*np.transpose(tried))
    cosines = towards @ towards.T - 3.0 * np.eye(len(tried))
    spacing = float(np.degrees(np.median(np.arccos(np.clip(cosines.max(axis=1), -1.0, 1.0)))))
    found, _ = _best_field(done, plan)
    lowest = tried[int(np.argmin([row["fit"]["chi2_reduced"] for row in done]))]
    directions = fan(lowest, spacing) if found is None else fan(found.field, spacing / 2.0)
    more = [replace(plan.runs[0], field_lon=lon, field_lat=lat) for lon, lat in directions.tolist()]
    return replace(plan, runs=tuple(dict.fromkeys([*plan.runs, *more])))


def field_of_rows(rows: list[dict], varied: Iterable[str]):
    """`FieldPosterior` of the rows of a sweep that are done and differ in their field alone.

    Raises
    ------
    AnisotropyError
        If they do not enclose the best field.
    """
    from lisbon_core.studies.field_posterior import field_posterior

    return field_posterior([[row["parameters"][name] for name in FIELD if name in varied] for row in rows],
                           [SimpleNamespace(**row["fit"]) for row in rows])


def _done(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row["status"] == "done"]


def _directions(rows: list[dict]) -> list[list[float]]:
    return [[row["parameters"][name] for name in FIELD[:2]] for row in rows]


def _best_field(done: list[dict], plan: Plan):
    """`FieldPosterior`, or None and why there is none."""
    try:
        return field_of_rows(done, plan.varied), ""
    except LisbonError as error:
        return None, str(error)


def _write_field(found, names: list[str], varied: Iterable[str], out: Path) -> None:
    """Best field, A_n and G with their joint covariance, a row each."""
    from astropy.table import Table

    field = [name for name in FIELD if name in varied]
    made = Table({"name": [*field, *names], "value": [*found.field, *found.theta], "covariance": found.covariance},
                 meta={"covariance": "of degrees on the sphere towards larger longitude and latitude, of the logarithm "
                                     "of the strength, of A_n, and of G in 1/AU", "chi2_reduced": found.chi2_reduced})
    write_atomically(out / "field.ecsv", _ecsv(made))


def _draw_field(done: list[dict], found, out: Path) -> None:
    """Chi-square over the directions of the field."""
    from lisbon_core.plots import field_fan

    image = io.BytesIO()
    field_fan(_directions(done), [row["fit"]["chi2_reduced"] for row in done], found).savefig(image, dpi=200)
    write_atomically(out / "field.png", image.getvalue())
