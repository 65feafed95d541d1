"""The dipole at every energy: one interstellar distribution sent through the heliosphere at many rigidities.

A_n and G are those fitted at the scale of the run's response. What experiments publish is the first harmonic in right
ascension of their band of declinations, here in components (cos, sin):

    a = 2 sum w (cos ra, sin ra) I / sum w,    w the solid angle in the band,

linear in (1, A_n, G): rings of mean 1 change it by a part in a thousand. How A_n and G depend on the rigidity no map of
one energy tells. G R_g is a dipole that grows with the gyroradius, so the gradient is taken to be the same at every
rigidity (index 0), or to fall as its inverse (index -1), which makes the anisotropy across the field the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.interpolate import interp1d

from lisbon_core.anisotropy import AnisotropyFit, fit_anisotropy, sample_columns
from lisbon_core.anisotropy.terms import mean_columns
from lisbon_core.heliosphere import AnyHeliosphere, closed_form, read_gridded
from lisbon_core.liouville import LiouvilleMap, Sampling, cached_samples, grid, straight_lines
from lisbon_core.liouville.sampling import pixel_edges
from lisbon_core.run import DATA, Run
from lisbon_core.sky.harmonics import FirstHarmonic

ENERGIES = np.array([0.6, 1.0, 1.7, 3.0, 5.5, 10.0, 20.0, 40.0, 100.0, 300.0])  # TeV
STEP_DEG, COARSER, SAMPLES, FEW = 6.0, 10.0, 8, 4  # pixels, of a coarse run; orbits a pixel: the run's own, and others'


@dataclass(frozen=True)
class Harmonics(FirstHarmonic):
    """First harmonic in a band at several energies (n,), TeV; of vectors (n, 2)."""

    energy: np.ndarray

    def at(self, energy) -> "Harmonics":
        """The same at other energies (m,), components between in ln E; NaN outside."""
        energy = np.atleast_1d(energy)
        vector, covariance = (interp1d(np.log(self.energy), values, axis=0, bounds_error=False)(np.log(energy))
                              for values in (self.vector, self.covariance))
        return replace(self, vector=vector, covariance=covariance, energy=energy)


def band(dec, ra, low: float, high: float) -> tuple[np.ndarray, float]:
    """Operator (2, n_pixel) from a map to its first harmonic between two declinations, and the field-of-view factor."""
    edges, (bottom, top) = pixel_edges(np.asarray(dec)), np.radians([low, high])
    ring = np.clip(np.diff(np.clip(edges, np.sin(bottom), np.sin(top))), 0.0, None)
    waves = np.stack([np.cos(np.radians(ra)), np.sin(np.radians(ra))])
    operator = 2.0 * ring[None, :, None] * waves[:, None, :] / (ring.sum() * len(ra))
    squares = 0.5 * (top - bottom) + 0.25 * (np.sin(2 * top) - np.sin(2 * bottom))  # of cos dec, integrated
    return operator.reshape(2, -1), float((np.sin(top) - np.sin(bottom)) / squares)


def _terms(liouville, sample: int, order: int, p_index: float, gradient_index: float, rigidity_index: float):
    terms = sample_columns(liouville, sample, order, p_index, rigidity_index)
    terms[:, -2:] *= ((liouville.rigidity_TV[sample].ravel() / liouville.scale_TV) ** gradient_index)[:, None]
    return terms


def law(run: Run, gradient_index: float):
    """Columns of Eq. (3) under a law for the gradient, as `fit_anisotropy` takes them."""
    return partial(_terms, gradient_index=gradient_index, rigidity_index=run.parameters.rigidity_index)


def fit_of_law(run: Run, gradient_index: float) -> AnisotropyFit:
    """The run's sky fitted with a gradient that goes as a power of the rigidity; 0: the fit of the run."""
    if gradient_index == 0.0:
        return run.fit
    return fit_anisotropy(run.sky, run.liouville, run.parameters.order, run.parameters.p_index,
                          terms=law(run, gradient_index))


def heliospheres(run: Run) -> dict[str, Sequence[AnyHeliosphere]]:
    """That of the run, first; for the closed form also each polarity alone, and the simulation."""
    if run.heliosphere is not run.closed_form:
        return {"grid": run.epochs}
    own = run.closed_form.parameters
    return {"solar cycle" if len(run.epochs) > 1 else "as assumed": run.epochs,
            **{f"polarity {sign:+d}": [closed_form(replace(own, polarity=sign))] for sign in (1, -1)},
            "MHD simulation": [read_gridded(DATA / "heliosphere_mhd.h5")]}


def _grid(run: Run) -> tuple[np.ndarray, np.ndarray]:
    return grid(STEP_DEG if run.parameters.grid_deg < 4.0 else COARSER)


def maps(run: Run, epochs: Sequence[AnyHeliosphere]) -> list[LiouvilleMap]:
    """A coarse map for each energy: the response of the run, all its rigidities times one factor; kept on disk.

    A_n and G of all of them refer to the scale of the run.
    """
    made, scale = [], run.response.scale_TV
    for energy in ENERGIES:
        values = tuple(np.round(np.array(run.response.quantiles_TV) * energy / scale, 9).tolist())
        response = replace(run.response, says=f"{run.response.says}, at {energy:g} TeV", quantiles_TV=values)
        sampling = Sampling(SAMPLES if epochs is run.epochs else FEW, response, run.parameters.seed)
        made.append(cached_samples(epochs, *_grid(run), sampling, boundary_AU=run.parameters.boundary_AU))
    return made


def harmonics(run: Run, through: list[LiouvilleMap], limits, fit: AnisotropyFit, gradient_index: float) -> Harmonics:
    """What a band sees of a fitted distribution at `ENERGIES`, with the errors of the fit and of the orbits drawn."""
    found, terms, theta = [], law(run, gradient_index), np.append(1.0, fit.theta)
    for one in through:
        operator, factor = band(one.dec, one.ra, *limits)
        mean, scatter = mean_columns(one, fit.order, run.parameters.p_index, terms)
        slope, drawn = operator @ mean, operator * (scatter @ theta)
        found.append((slope @ theta, slope[:, 1:] @ fit.covariance @ slope[:, 1:].T + drawn @ drawn.T))
    vector, covariance = (np.array(part) for part in zip(*found, strict=True))
    return Harmonics(vector, covariance, factor, ENERGIES)


def no_heliosphere(run: Run, limits, fit: AnisotropyFit, gradient_index: float, quantiles: int = 16) -> Harmonics:
    """The same were there no heliosphere: straight lines in the uniform field, at some rigidities of each response."""
    shape = run.response.rigidity((np.arange(quantiles) + 0.5) / quantiles) / run.response.scale_TV
    (dec, ra), terms, theta, vectors = _grid(run), law(run, gradient_index), np.append(1.0, fit.theta), []
    operator, factor = band(dec, ra, *limits)
    for energy in ENERGIES:
        lines = [replace(straight_lines(run.heliosphere, dec, ra, energy * one), scale_TV=run.response.scale_TV)
                 for one in shape]
        mean = np.mean([terms(line, 0, fit.order, run.parameters.p_index) for line in lines], axis=0)
        vectors.append(operator @ mean @ theta)
    return Harmonics(np.array(vectors), np.zeros((len(ENERGIES), 2, 2)), factor, ENERGIES)


@dataclass(frozen=True)
class Compared(FirstHarmonic):
    """What is predicted for the band and energy of a published dipole, and of its kind, beside it."""

    measured: np.record

    @property
    def turned(self) -> float:
        """Predicted minus measured phase, degrees, between -180 and 180."""
        return (self.phase - self.measured.phase + 180.0) % 360.0 - 180.0

    @property
    def pulls(self) -> tuple[float, float]:
        """Predicted minus measured over both errors: of the amplitude and of the phase."""
        return ((self.amplitude - self.measured.amplitude) / np.hypot(self.amplitude_sigma,
                                                                      self.measured.amplitude_sigma),
                self.turned / np.hypot(self.phase_sigma, self.measured.phase_sigma))


def compared(run: Run, through: list[LiouvilleMap] | None, measured: Sequence[np.record], fit: AnisotropyFit,
             gradient_index: float) -> list[Compared]:
    """Published dipoles of `ENERGIES` beside their predictions, by energy; `through` None: without a heliosphere."""
    limits = {(one.dec_min, one.dec_max) for one in measured}
    bands = {one: no_heliosphere(run, one, fit, gradient_index) if through is None
             else harmonics(run, through, one, fit, gradient_index) for one in limits}
    found = []
    for one in sorted(measured, key=lambda one: one.energy):
        seen = bands[one.dec_min, one.dec_max].at(one.energy)
        factor = seen.field_of_view if one.of == "dipole" else 1.0
        found.append(Compared(factor * seen.vector[0], factor**2 * seen.covariance[0], seen.field_of_view, one))
    return found
