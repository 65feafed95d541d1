"""What a sweep ends with: how many runs were done, why the others were not, and the field that suits the sky best."""

import io
from collections import Counter
from pathlib import Path

from lisbon_core._core import LisbonError, write_atomically
from lisbon_core.tools.claims import number
from lisbon_core.tools.sweep_plan import Plan

__all__ = ["field_of_rows", "summary"]

FIELD = ("field_lon", "field_lat", "field_uG")


def summary(rows: list[dict], plan: Plan, out: Path) -> str:
    """How many runs were done, and why the others were not; after a sweep of fields the best, and field.ecsv."""
    done = [row for row in rows if row["status"] == "done"]
    lines = [f"{len(done)} of {len(rows)} runs done; the table is {out / 'sweep.ecsv'}."]
    reasons = Counter(row["reason"] for row in rows if row["status"] != "done")
    lines += [f"  {count} failed: {reason}" for reason, count in reasons.most_common(10)]
    if set(FIELD[:2]) <= set(plan.varied) <= set(FIELD) and done:
        try:
            found = field_of_rows(done, plan.varied)
        except LisbonError as error:
            return "\n".join([*lines, f"No best field: {error}."])
        order = done[0]["parameters"]["order"]
        names = [*(f"A_{n}" for n in range(1, order + 1)), "G_x", "G_y"]
        _write_field(found, names, plan.varied, out)
        lines.append(f"{found} (of {len(done)} fields; frame {done[0]['parameters']['field_frame']})".capitalize())
        lines += [f"  {name} = {number(float(value), float(sigma))} with the field unknown"
                  for name, value, sigma in zip(names, found.theta, found.theta_sigma, strict=True)]
        lines.append(f"Their joint covariance is in {out / 'field.ecsv'}.")
    return "\n".join(lines)


def field_of_rows(rows: list[dict], varied):
    """`FieldPosterior` of the rows of a sweep that are done and differ in their field alone.

    Raises
    ------
    AnisotropyError
        If they do not enclose the best field.
    """
    from lisbon_core.anisotropy.field_posterior import field_posterior

    names = [name for name in FIELD if name in varied]
    fits = [row["fit"] for row in rows]
    return field_posterior([[row["parameters"][name] for name in names] for row in rows],
                           *([fit[name] for fit in fits] for name in ("chi2_reduced", "theta", "covariance")),
                           fits[0]["effective_pixels"])


def _write_field(found, names: list[str], varied, out: Path) -> None:
    """Best field, A_n and G with their joint covariance, a row each."""
    from astropy.table import Table

    field = [name for name in FIELD if name in varied]
    made = Table({"name": [*field, *names], "value": [*found.field, *found.theta], "covariance": found.covariance},
                 meta={"covariance": "of degrees on the sphere towards larger longitude and latitude, of the logarithm "
                                     "of the strength, of A_n, and of G in 1/AU", "chi2_reduced": found.chi2_reduced})
    text = io.StringIO()
    made.write(text, format="ascii.ecsv")
    write_atomically(out / "field.ecsv", text.getvalue())
