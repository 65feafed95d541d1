"""Do the errors cover the truth? Many skies of fresh noise, each fitted through maps that share nothing with it.

`python -m lisbon_core.studies.coverage --skies 500 --scramblings 20` prints the table: for each number the share of
skies whose 68 and 95 % intervals hold the truth. The sky is made with a map of its own; noise is drawn anew for each
sky, and the samples of the fitted map for each scrambling. The series of the truth does not end at the fitted order.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from lisbon_core.anisotropy import fit_anisotropy, pitch_angle_distribution, renormalise
from lisbon_core.heliosphere import HeliosphereParameters, closed_form, solar_cycle
from lisbon_core.liouville import LiouvilleMap, Sampling, cached_samples
from lisbon_core.response import Response, response
from lisbon_core.sky import noise_factor
from lisbon_core.synthetic import DEFAULT_TRUTH, SkyTruth, expected_sky, map_of
from lisbon_core.transport import fit_transport

__all__ = ["Coverage", "coverage"]


@dataclass(frozen=True)
class Coverage:
    """Pulls, (found - true)/error, of every number on every sky: `pulls` (n_sky, n); `chi2` reduced, (n_sky,)."""

    names: tuple[str, ...]
    pulls: np.ndarray
    chi2: np.ndarray

    def within(self, errors: float) -> np.ndarray:
        """Share of the skies on which each number lies within so many of its errors."""
        return np.nanmean(np.where(np.isnan(self.pulls), np.nan, np.abs(self.pulls) < errors), axis=0)

    def __str__(self) -> str:
        rows = [f"| {name} | {one:.0%} | {two:.0%} | {bias:+.2f} |" for name, one, two, bias in zip(
            self.names, self.within(1.0), self.within(1.96), np.nanmean(self.pulls, axis=0), strict=True)]
        spread = self.chi2.std() / np.sqrt(self.chi2.size)
        return "\n".join(["| number | 68 % intervals cover | 95 % | mean pull |", "|---|---|---|---|", *rows, "",
                          f"Reduced chi-square {self.chi2.mean():.3f} ± {spread:.3f} over {self.chi2.size} skies."])


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
    default, random = HeliosphereParameters(), np.random.default_rng(seed)
    epochs = solar_cycle(default) if truth.epoch == "cycle" else [closed_form(default)]
    clean = expected_sky(truth, made, "synthetic sky of the coverage study")
    noise = noise_factor(clean)
    names = (*(f"A_{n}" for n in range(1, order + 1)), "G_x", "G_y", *(("1/L", "gradient length") if transport else ()))
    known = np.array([*truth.legendre(order), truth.G_x, truth.G_y])
    pulls, chi2 = np.full((skies, len(names)), np.nan), np.empty(skies)
    for k, part in enumerate(tqdm(np.array_split(np.arange(skies), scramblings), disable=None, desc="scramblings")):
        liouville = cached_samples(epochs, made.dec, made.ra, Sampling(samples, seen, seed + k))
        for sky in part:
            values = clean.relative_intensity.copy()
            values[clean.footprint] += noise @ random.standard_normal(noise.shape[1])
            observed = clean.replace(relative_intensity=values)
            fit = fit_anisotropy(observed, liouville, order, truth.p_index)
            pulls[sky, : order + 2], chi2[sky] = (fit.theta - known) / fit.sigma, fit.chi2_reduced
            if transport:
                pad = pitch_angle_distribution(renormalise(observed, fit), fit, liouville)
                found = fit_transport(pad, rng=random)
                for place, one, true in ((-2, found.inverse_L, 1.0 / truth.L_pc),
                                         (-1, found.gradient_length, truth.gradient_length_kpc)):
                    if one.value is not None:
                        pulls[sky, place] = (one.value - true) / one.sigma
    return Coverage(names, pulls, chi2)


def main() -> None:
    """Print the table for the default truth."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (("skies", 500), ("scramblings", 20), ("samples", 16)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--grid-deg", type=float, default=2.0)
    parser.add_argument("--response", default="", help="that the fit assumes; that of the truth if left out")
    chosen = parser.parse_args()
    truth = DEFAULT_TRUTH
    seen = response(chosen.response or truth.response, truth.rigidity_TV)
    print(coverage(truth, map_of(truth, chosen.grid_deg), seen, skies=chosen.skies, scramblings=chosen.scramblings,
                   samples=chosen.samples))


if __name__ == "__main__":
    main()
