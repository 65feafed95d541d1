"""Do the errors cover the truth? Many skies of fresh noise, each fitted through maps that share nothing with it.

`python -m lisbon_core.studies.coverage --skies 500 --scramblings 20 --out data/coverage.ecsv` makes the table that
notebook 10 shows: for each number the share of skies whose 68 and 95 % intervals hold the truth. The sky is made with a
map of its own; noise is drawn anew for each sky, and the samples of the fitted map for each scrambling. The series of
the truth does not end at the fitted order. Nearly all of the time goes into the transport fits, one a sky.

`--response` is what the fit assumes, that of the truth if left out, `--sky-response` what the skies are made with.
"""

import argparse
import platform
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import scipy
from astropy.table import Table
from tqdm import tqdm

from lisbon_core.anisotropy import design, fit_design, parameter_names, pitch_angle_distribution, renormalise
from lisbon_core.ground.response import Response, response
from lisbon_core.heliosphere import HeliosphereParameters
from lisbon_core.liouville import LiouvilleMap, Sampling, cached_samples
from lisbon_core.synthetic import DEFAULT_TRUTH, SkyTruth, epochs_of, expected_sky, map_of
from lisbon_core.transport import fit_transport


@dataclass(frozen=True)
class Coverage:
    """Pulls, (found - true)/error, of every number on every sky, and how well the model fits it.

    pulls : (n_sky, n), NaN where not determined. chi2 : (n_sky,), reduced. scrambling : (n_sky,), number of the map.
    """

    names: tuple[str, ...]
    pulls: np.ndarray
    chi2: np.ndarray
    scrambling: np.ndarray

    def within(self, errors: float) -> np.ndarray:
        """Share of the skies on which each number lies within so many of its errors."""
        return np.nanmean(np.where(np.isnan(self.pulls), np.nan, np.abs(self.pulls) < errors), axis=0)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Standard error of a mean over skies: those fitted through one map err together, so that maps are counted."""
        means = np.array([np.nanmean(values[self.scrambling == k], axis=0) for k in np.unique(self.scrambling)])
        return means.std(axis=0, ddof=1) / np.sqrt(len(means))

    def table(self, **meta) -> Table:
        """One row a number; reduced chi-square, and what it was made with, in the header."""
        inside = np.where(np.isnan(self.pulls), np.nan, np.abs(self.pulls) < 1.0)
        columns = {"number": self.names, "within_68": self.within(1.0), "within_68_error": self.spread(inside),
                   "within_95": self.within(1.96), "mean_pull": np.nanmean(self.pulls, axis=0),
                   "mean_pull_error": self.spread(self.pulls), "skies": np.isfinite(self.pulls).sum(axis=0)}
        table = Table(columns, meta=meta | {"chi2_reduced": float(self.chi2.mean()),
                                            "chi2_reduced_error": float(self.spread(self.chi2))})
        table.round(4)
        return table


def coverage(truth: SkyTruth, made: LiouvilleMap, seen: Response, *, skies: int = 500, scramblings: int = 20,
             samples: int = 16, order: int = 7, transport: bool = True, seed: int = 1) -> Coverage:
    """Fit skies of a truth, made with one map, through maps of other samples.

    Parameters
    ----------
    truth, made : SkyTruth, LiouvilleMap
        The sky, and the map that it is made with.
    seen : Response
        Rigidities that the fitted maps assume: those of the truth, or others to see what that does.
    skies, scramblings, samples, order : int
        Skies in all; maps they are fitted with in turn, of so many orbits a pixel; order of the series.
    transport : bool
        Whether 1/L and the gradient length are inferred as well: most of the time.
    seed : int
        Of the noise and of the scramblings.
    """
    random, epochs = np.random.default_rng(seed), epochs_of(HeliosphereParameters(), truth.epoch)
    clean = expected_sky(truth, made, "synthetic sky of the coverage study")
    names = (*parameter_names(order), *(("1/L", "gradient length") if transport else ()))
    known = np.array([*truth.legendre(order), truth.G_x, truth.G_y, 1.0 / truth.L_pc, truth.gradient_length_kpc])
    pulls, chi2 = np.full((skies, len(names)), np.nan), np.empty(skies)
    scrambling = np.arange(skies) * scramblings // skies
    for k in tqdm(range(scramblings), disable=None, desc="scramblings"):
        liouville = cached_samples(epochs, made.dec, made.ra, Sampling(samples, seen, seed + k))
        columns = design(clean, liouville, order, truth.p_index)
        for sky in np.flatnonzero(scrambling == k):
            values = clean.relative_intensity.copy()
            values[clean.footprint] += columns.noise @ random.standard_normal(columns.noise.shape[1])
            fit = fit_design(columns, values[clean.observed], sampled=samples / len(made.mu))
            pulls[sky, : order + 2], chi2[sky] = (fit.theta - known[:-2]) / fit.sigma, fit.chi2_reduced
            if transport:
                restored = renormalise(clean.replace(relative_intensity=values), fit)
                found = fit_transport(pitch_angle_distribution(restored, fit, liouville), rng=random)
                for place, one in ((-2, found.inverse_L), (-1, found.gradient_length)):
                    if one.value is not None:
                        pulls[sky, place] = (one.value - known[place]) / one.sigma
    return Coverage(names, pulls, chi2, scrambling)


def asked(about: str, **defaults) -> argparse.Namespace:
    """Options of a study's command with their defaults, and `--out`, the file (ECSV) that its table is written to."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--out", type=Path, help="file (ECSV) that the table is written to; else it is printed")
    return parser.parse_args()


def written(table: Table, study: str, chosen: argparse.Namespace) -> None:
    """Write the table of a study, with the command that makes it."""
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in vars(chosen).items() if value)
    table.meta = {"command": f"python -m lisbon_core.studies.{study} {options}"} | table.meta
    table.write(chosen.out or sys.stdout, format="ascii.ecsv", overwrite=True)


def main() -> None:
    """Write the table for the default truth."""
    chosen = asked(__doc__, skies=500, scramblings=20, samples=16, seed=1, grid_deg=2.0, response="",
                   sky_response=DEFAULT_TRUTH.response)
    truth = replace(DEFAULT_TRUTH, response=chosen.sky_response)
    seen = response(chosen.response or truth.response, truth.rigidity_TV)
    found = coverage(truth, map_of(truth, chosen.grid_deg), seen, skies=chosen.skies, scramblings=chosen.scramblings,
                     samples=chosen.samples, seed=chosen.seed)
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}"
    written(found.table(versions=versions, truth=asdict(truth)), "coverage", chosen)


if __name__ == "__main__":
    main()
