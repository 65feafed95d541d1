"""Do the errors cover the truth on skies that the model cannot make? The recovery test that counts.

`python -m lisbon_core.studies.off_model --out data/off_model.ecsv` makes the table that notebook 11 shows: skies are
made through heliospheres and detectors that are not those of the fit (an MHD simulation, a long tail, one polarity
after the other, two responses mixed, draws from the laws of the ensemble that are none of its members), each with
truths and noise of their own, and fitted as ever, through the default heliosphere.

`--samples` are the orbits a pixel of the maps that skies are made with.
"""

import functools
from dataclasses import replace

import numpy as np
from astropy.table import Table
from tqdm import tqdm

from lisbon_core.anisotropy import sample_columns
from lisbon_core.claims import anisotropy_claims, transport_claims
from lisbon_core.ensemble import Member, draw_members
from lisbon_core.ground.response import air_shower, response
from lisbon_core.heliosphere import HeliosphereParameters, closed_form, read_gridded, solar_cycle
from lisbon_core.liouville import Sampling, cached_samples, grid
from lisbon_core.parameters import RunParameters
from lisbon_core.run import DATA, Run
from lisbon_core.studies.coverage import asked, written
from lisbon_core.synthetic import make_sky, random_truth

NUMBERS = ("A_1", "A_2", "G_x", "G_y", "1/L", "gradient_length")
LEAST = 100  # the first seed of the truths: none that another study draws
ANOTHER = 4242  # seed of the members that skies are made with


def kinds(drawn: int = 12) -> list[tuple[str, Member]]:
    """Five kinds of heliospheres and detectors that the default run does not assume, the last with so many draws.

    A sky of each kind is made through what a member of an ensemble holds.
    """
    helio, parameters = HeliosphereParameters(), RunParameters()
    seen = response(parameters.response, parameters.scale_TV)
    mixed = np.sort([*air_shower(2.5, 0.4).quantiles_TV, *air_shower(6.5, 0.9).quantiles_TV])
    one_by_one = [closed_form(replace(helio, polarity=sign)) for sign in (1, -1)]
    given = {"MHD simulation": ([read_gridded(DATA / "heliosphere_mhd.h5")], seen),
             "tail of 1000 AU": (solar_cycle(replace(helio, tail_AU=1000.0)), seen),
             "two polarities, no cycle": (one_by_one, seen),
             "two responses mixed": (solar_cycle(helio), replace(seen, name="mixed", quantiles_TV=tuple(mixed)))}
    return [*((kind, Member(np.empty(0), *made, parameters.p_index, 0.0)) for kind, made in given.items()),
            *(("drawn from the laws", one) for one in draw_members(helio, parameters, drawn, ANOTHER))]


def off_model(made: list[tuple[str, Member]], skies: int = 200, samples: int = 32, **parameters) -> list[dict]:
    """Make skies through each in turn and fit them as the default run does, on a coarse grid.

    Returns
    -------
    list of dict
        A row for each sky and number: kind, number, pull and pull_statistical (found less true over the error, with and
        without the systematic one), and chi2_reduced.
    """
    assumed = RunParameters(grid_deg=4.0, **parameters)
    shared, rows, step = Run(assumed), [], grid(4.0)
    for k in tqdm(range(skies), desc="skies", disable=None):
        kind, one = made[k % len(made)]
        truth = replace(random_truth(LEAST + k), p_index=one.p_index, samples=samples)
        seen = cached_samples(one.epochs, *step, Sampling(samples, one.response, ANOTHER, stream=1))
        terms = functools.partial(sample_columns, rigidity_index=one.rigidity_index)
        run = Run(assumed, sky=make_sky(truth, seen, f"synthetic sky, {kind}", terms), truth=truth,
                  liouville=shared.liouville, ensemble=shared.ensemble)
        claims = {claim.id: claim for claim in (*anisotropy_claims(run), *transport_claims(run))}
        for number in NUMBERS:
            claim = claims["L_focusing" if number == "1/L" else number]
            if claim.value is None:
                continue
            away = claim.value - claim.truth
            if number == "1/L":
                away = (1.0 / claim.value - 1.0 / claim.truth) * claim.value**2
            rows.append({"kind": kind, "number": number, "pull": away / claim.total,
                         "pull_statistical": away / claim.sigma, "chi2_reduced": run.fit.chi2_reduced})
    return rows


def tabulated(rows: list[dict]) -> Table:
    """Coverage by kind and number: shares within 68 and 95 % intervals, with and without the systematic error.

    `wide` is how much wider the intervals are than 90 % of the skies need.
    """
    lines = []
    for kind in ("all", *dict.fromkeys(row["kind"] for row in rows)):
        for number in NUMBERS:
            those = [row for row in rows if row["number"] == number and kind in ("all", row["kind"])]
            if not those:
                continue
            pull, alone = (np.abs([row[name] for row in those]) for name in ("pull", "pull_statistical"))
            lines.append((kind, number, len(those), np.mean(pull < 1.0), np.mean(pull < 1.96), np.mean(alone < 1.96),
                          1.96 / np.quantile(pull, 0.9), np.median([row["chi2_reduced"] for row in those])))
    names = ("kind", "number", "skies", "within_68", "within_95", "within_95_statistical", "wide", "chi2_reduced")
    table = Table(rows=lines, names=names)
    table.round(3)
    return table


def main() -> None:
    """Write the table."""
    chosen = asked(__doc__, skies=200, samples=32)
    written(tabulated(off_model(kinds(), chosen.skies, chosen.samples)), "off_model", chosen)


if __name__ == "__main__":
    main()
