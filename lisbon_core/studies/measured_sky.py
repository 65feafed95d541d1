"""Measured skies through the chain: what the model explains of them, what it does not, and which field suits them.

The maps are third parties' files, read where `LISBON_REAL_DATA` says; nothing of them is kept but what follows from
their fits. `python -m lisbon_core.studies.measured_sky` writes this to data/measurements/measured_sky.ecsv.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from astropy.table import Table

from lisbon_core.anisotropy import AnisotropyError, AnisotropyFit, fit_anisotropy, sample_columns
from lisbon_core.ground.frames import angle_between, unit_vector
from lisbon_core.ground.measurements import MEASUREMENTS
from lisbon_core.heliosphere import FIELD_PRESETS
from lisbon_core.liouville import LiouvilleMap, Sampling, cached_samples, straight_lines
from lisbon_core.parameters import RunParameters
from lisbon_core.run import Run
from lisbon_core.sky import SkyMap, cut, first_harmonic, rebin, ring_normalise
from lisbon_core.sky.files import map_from_arrays, read_sky_map
from lisbon_core.studies.field_posterior import fan, field_posterior

TABLE = MEASUREMENTS / "measured_sky.ecsv"
STEP_DEG, SAMPLES, OF_A_FAN = 6.0, 64, 8  # pixels of all maps; orbits a pixel, and for each field of a fan
FAN_DEG, APART_DEG = 12.0, 40.0  # step of the fan of fields; distance of residuals that are named
HARMONICS = ("harmonics fitted to IceCube's muons of 10-18 TeV and the right-ascension profile of Tibet AS-gamma "
             "(experiments: Aartsen et al. 2016, ApJ 826, 220; Amenomori et al. 2017, ApJ 836, 153)")


@dataclass(frozen=True)
class Measured:
    """A measured sky: its name, file below the folder of maps, degree of harmonics (0: counts), declinations, order.

    `source` says where it comes from; all are of about 13 TeV, and analysed with the response icecube-13TeV.
    """

    name: str
    file: str
    l_max: int
    limits: tuple[float, float]
    order: int
    source: str


_FILE = "alm/icecube_tibet_real_alm_with_errors.csv"
SKIES = (Measured("IceCube + Tibet, l up to 3", _FILE, 3, (-90.0, 90.0), 3, HARMONICS),
         Measured("IceCube + Tibet, l up to 4", _FILE, 4, (-90.0, 90.0), 4, HARMONICS),
         Measured("IceCube + Tibet, l up to 7, south", _FILE, 7, (-90.0, -25.0), 3, HARMONICS),
         Measured("IceCube, one day", "maps/icecube_day_2013-08-04.fits.gz", 0, (-90.0, -25.0), 1,
                  "event counts of IceCube on 2013-08-04 and their scramblings"))


def folder_of_maps() -> Path | None:
    """The folder that `LISBON_REAL_DATA` names, or None where it names none that is there."""
    path = Path(os.environ.get("LISBON_REAL_DATA") or os.devnull)
    return path if path.is_dir() else None


def read(one: Measured, folder: Path) -> SkyMap:
    """The sky, rings normalised, on pixels of 6 degrees."""
    if one.l_max:
        table = Table.read(folder / one.file, format="ascii.csv")
        table = table[(table["fit"] == "RI") & (table["lmax"] == one.l_max)]
        sky = map_from_arrays({name: np.asarray(table[name]) for name in ("l", "m", "Y", "dY")}, {"COORDSYS": "C"},
                              label=one.name)
    else:
        sky = read_sky_map(folder / one.file, label=one.name)
    return ring_normalise(rebin(cut(sky, *one.limits), STEP_DEG))


def _null_terms(liouville, sample, order, p_index):
    """Legendre polynomials about the field, and the part of a dipole across it that lies along the equator."""
    columns = sample_columns(liouville, sample, order, p_index)
    along = np.cross([0.0, 0.0, 1.0], liouville.field_icrs)  # R is across b and across the direction, so turned
    last = columns[:, -1] * (along @ liouville.e_x_icrs) - columns[:, -2] * (along @ liouville.e_y_icrs)
    return np.column_stack([columns[:, :-2], last])


def null_fit(sky: SkyMap, run: Run, order: int) -> AnisotropyFit:
    """The same sky without a heliosphere: A_n about the field, and a free dipole along the equator.

    Of the three components of a dipole Eq. (2) leaves two, so A_1, G_x and G_y would be one too many.
    """
    lines = straight_lines(run.closed_form, sky.dec, sky.ra, run.response.scale_TV)
    return fit_anisotropy(sky, lines, order, run.parameters.p_index, terms=_null_terms,
                          names=(*(f"A_{n}" for n in range(1, order + 1)), "across"))


def explained(sky: SkyMap, fit: AnisotropyFit) -> float:
    """Share of the weighted variance of a ring-normalised sky that a fit explains."""
    seen = sky.observed
    off = (sky.relative_intensity - fit.relative_intensity)[seen]
    return float(1.0 - fit.design.weight @ off**2 / (fit.design.weight @ (sky.relative_intensity[seen] - 1.0) ** 2))


def telling(sky: SkyMap, fit: AnisotropyFit, count: int = 3) -> list[tuple[float, float, float]]:
    """The largest residuals in units of their errors, at least 40 degrees apart: ra, dec, observed minus fitted."""
    off = sky.relative_intensity - fit.relative_intensity
    ring, column = np.nonzero(sky.observed)
    places, found = unit_vector(sky.ra[column], sky.dec[ring]), []
    for k in np.argsort(-np.abs(off / sky.sigma)[sky.observed]):
        if all(angle_between(places[k], places[other]) > APART_DEG for other in found):
            found.append(k)
    return [(float(sky.ra[column[k]]), float(sky.dec[ring[k]]), float(off[ring[k], column[k]])) for k in found[:count]]


def _map(run: Run, samples: int, sky: SkyMap) -> LiouvilleMap:
    return cached_samples(run.epochs, sky.dec, sky.ra, Sampling(samples, run.response, run.parameters.seed))


def _best_field(sky: SkyMap, order: int, base: RunParameters) -> dict:
    """The field (ICRS, degrees) that suits a sky best, with its errors on the sphere, and what it explains.

    Around the preset hawc-icecube, which comes first. The maps are taken as exact, and chi-square relative to the
    lowest, since no model comes near 1. If the fan does not enclose a minimum the errors are NaN, and the field is the
    best of those that were tried.
    """
    preset, fits = FIELD_PRESETS["hawc-icecube"], []
    fields = fan((preset.lon, preset.lat), FAN_DEG)
    for lon, lat in fields:
        run = Run(replace(base, field_lon=lon, field_lat=lat, field_frame="icrs"))
        traced = _map(run, OF_A_FAN, sky)
        fits.append(fit_anisotropy(sky, replace(traced, replicate=0 * traced.replicate), order, base.p_index))
    share, least = [explained(sky, fit) for fit in fits], max(1.0, min(fit.chi2_reduced for fit in fits))
    field, sigma = fields[np.argmax(share)], (np.nan, np.nan)
    with suppress(AnisotropyError):
        best = field_posterior(fields, [SimpleNamespace(
            theta=fit.theta, covariance=fit.covariance * least, chi2_reduced=fit.chi2_reduced / least,
            effective_pixels=fit.effective_pixels) for fit in fits])
        field, sigma = best.field, best.sigma
    return {"field_ra": field[0], "field_dec": field[1], "field_ra_sigma": sigma[0], "field_dec_sigma": sigma[1],
            "field_explained": max(share), "preset_explained": share[0]}


def analysed(one: Measured, sky: SkyMap, run: Run) -> tuple[dict, AnisotropyFit]:
    """A row of the table of results, and the fit; errors of coefficients times the root of chi-square above 1."""
    fit = fit_anisotropy(sky, _map(run, SAMPLES, sky), one.order, run.parameters.p_index)
    null, wave, enlarged = null_fit(sky, run, one.order), first_harmonic(sky), max(1.0, fit.chi2_reduced) ** 0.5
    row = {"sky": one.name, "order": one.order, "dipole": wave.dipole, "phase": wave.phase,
           "chi2": fit.chi2_reduced, "chi2_sigma": fit.chi2_reduced_sigma, "explained": explained(sky, fit),
           "null_chi2": null.chi2_reduced, "null_explained": explained(sky, null)}
    for name, value, sigma in zip(fit.design.names, fit.theta, fit.sigma * enlarged, strict=True):
        row |= {name: value, f"{name}_sigma": sigma}
    row |= _best_field(sky, one.order, run.parameters)
    for k, place in enumerate(telling(sky, fit), start=1):
        row |= dict(zip((f"ra_{k}", f"dec_{k}", f"off_{k}"), place, strict=True))
    return row, fit


def results(folder: Path) -> tuple[Table, dict[str, tuple[SkyMap, AnisotropyFit]]]:
    """The table of results, and each sky with its fit, recomputed from the files in a folder."""
    run, rows, kept = Run(RunParameters(response="icecube-13TeV")), [], {}
    for one in SKIES:
        sky = read(one, folder)
        row, fit = analysed(one, sky, run)
        rows.append(row)
        kept[one.name] = sky, fit
    names = sorted({name for row in rows for name in row}, key=[*rows[1], *rows[0]].index)
    table = Table([[row.get(name, np.nan) for row in rows] for name in names], names=names)
    for name in names:
        if table[name].dtype.kind == "f":
            table[name] = [float(f"{value:.4g}") for value in table[name]]
            place = name.startswith(("phase", "field_ra", "field_dec", "ra_", "dec_"))
            table[name].unit = "1/AU" if name.startswith("G_") else "deg" if place else ""
    table.meta = {"comments": ["Fits of measured skies of about 13 TeV: numbers of ours, nothing pixel by pixel"],
                  "citations": {one.name: one.source for one in SKIES}}
    return table, kept


if __name__ == "__main__":
    results(folder_of_maps())[0].write(TABLE, overwrite=True)
