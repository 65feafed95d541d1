"""Fields that a sweep has tried on one sky: which of them suits it best, and where to try more."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from astropy.table import Table

from lisbon_core import plots
from lisbon_core.anisotropy import AnisotropyError, parameter_names
from lisbon_core.ground._core import write_atomically
from lisbon_core.ground.frames import angle_between, unit_vector
from lisbon_core.ground.rounding import number
from lisbon_core.parameters import RunParameters
from lisbon_core.plots.saving import image
from lisbon_core.sky.files import write_table
from lisbon_core.studies.field_posterior import fan, field_posterior

FIELD = ("field_lon", "field_lat", "field_uG")
COVARIANCE = ("of degrees on the sphere towards larger longitude and latitude, of the logarithm of the strength, of "
              "A_n, and of G in 1/AU")


def tried_fields(rows: Iterable[dict], varied: tuple[str, ...] = FIELD[:2]):
    """The field of each run that was done, by what was varied of it, and the fits: what `field_posterior` takes."""
    done = [row for row in rows if row["status"] == "done"]
    return ([[row["parameters"][name] for name in FIELD if name in varied] for row in done],
            [SimpleNamespace(**row["fit"]) for row in done])


def best_field(rows: Iterable[dict], varied: tuple[str, ...], parameters: RunParameters, out: Path) -> list[str]:
    """Lines on the field that suits the sky best; it is left in field.ecsv, chi-square over the fields in field.png.

    Parameters
    ----------
    rows : iterable of dict
        Of a sweep; one at least was done.
    varied : tuple of str
        What differs between them, of `FIELD`.
    parameters : RunParameters
        Of one of them.
    out : Path
        Folder.
    """
    tried, fits = tried_fields(rows, varied)
    try:
        found = field_posterior(tried, fits)
    except AnisotropyError as why_not:
        found, lines = None, [f"No best field: {why_not}. The option --closer 1 tries 19 more directions there."]
    else:
        names = parameter_names(parameters.order)
        joint = {"name": [*(name for name in FIELD if name in varied), *names], "value": [*found.field, *found.theta],
                 "covariance": found.covariance}
        about = {"chi2_reduced": found.chi2_reduced, "covariance": COVARIANCE}
        write_table(Table(joint, meta=about), out / "field.ecsv")
        lines = [f"{found} (of {len(fits)} fields; frame {parameters.field_frame})".capitalize(),
                 *(f"  {name} = {number(float(value), float(sigma))} with the field unknown"
                   for name, value, sigma in zip(names, found.theta, found.theta_sigma, strict=True)),
                 f"Their joint covariance is in {out / 'field.ecsv'}."]
    drawn = plots.field_fan([field[:2] for field in tried], [fit.chi2_reduced for fit in fits], found)
    write_atomically(out / "field.png", image(drawn, "png", 200))
    return [*lines, f"Chi-square over the fields is drawn in {out / 'field.png'}."]


def closer(rows: Iterable[dict], runs: tuple[RunParameters, ...]) -> tuple[RunParameters, ...]:
    """Runs, which differ in the direction of the field alone, and 19 directions more.

    They are around the best, at half the spacing of those tried, or, where these do not enclose it, around the lowest,
    at their spacing.
    """
    tried, fits = tried_fields(rows)
    if len(fits) < 2:
        return runs
    towards = unit_vector(*np.transpose(tried))
    spacing = float(np.median((angle_between(towards[:, None], towards) + 360.0 * np.eye(len(towards))).min(axis=1)))
    try:
        directions = fan(field_posterior(tried, fits).field, spacing / 2.0)
    except AnisotropyError:
        directions = fan(tried[int(np.argmin([one.chi2_reduced for one in fits]))], spacing)
    more = [replace(runs[0], field_lon=lon, field_lat=lat) for lon, lat in directions.tolist()]
    return tuple(dict.fromkeys([*runs, *more]))
