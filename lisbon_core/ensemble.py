"""What a run takes as known and is not: an ensemble of heliospheres and detectors, and how each changes the sky.

Each member draws every nuisance quantity of data/nuisances.toml at once from its law, about what the run assumes; its
Liouville map is traced on a coarse grid, from the same quasi-random numbers as that of the run's own assumptions on
that grid, so that most of the sampling error goes with the difference. A heliosphere of another kind, an MHD
simulation, is one more member: it stands for what no parameter of the closed form can make.
"""

import functools
import tomllib
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc
from tqdm import tqdm

from lisbon_core.anisotropy.terms import mean_columns, sample_columns
from lisbon_core.ground.measurements import DATA
from lisbon_core.ground.response import Response, response, varied
from lisbon_core.ground.units import KM_S
from lisbon_core.heliosphere import AnyHeliosphere, HeliosphereParameters, read_gridded, solar_cycle
from lisbon_core.liouville import Sampling, cached_samples, grid
from lisbon_core.parameters import RunParameters

WIDEST = 2.5  # widths beyond which a law is not believed
STREAM = 2  # of samples that neither a sky nor the map that fits it shares


@dataclass(frozen=True)
class Nuisance:
    """One quantity taken as known: its law, and the source of that."""

    name: str
    kind: str
    law: str
    width: float
    source: str


@functools.cache
def facts() -> dict:
    """What data/nuisances.toml holds."""
    return tomllib.loads((DATA / "nuisances.toml").read_text(encoding="utf-8"))


def nuisances() -> tuple[Nuisance, ...]:
    """The quantities that an ensemble varies, in the order of data/nuisances.toml."""
    return tuple(Nuisance(**one) for one in facts()["nuisance"])


def wave_dipole(p_index: float) -> float:
    """A_1 that a distribution without any has in a frame that moves along B at the Alfven speed: p_index v_A/c."""
    return p_index * facts()["wave_frame"]["alfven_speed_km_s"] * KM_S


@dataclass(frozen=True)
class Member:
    """One draw of all nuisance quantities.

    Attributes
    ----------
    deviates : ndarray, shape (n_nuisance,)
        In widths of their laws; of `half-cycle`, the phase in turns at which the eleven years begin.
    epochs : list
        Heliospheres, equally often seen.
    response : Response
    p_index, rigidity_index : float
    """

    deviates: np.ndarray
    epochs: list[AnyHeliosphere]
    response: Response
    p_index: float
    rigidity_index: float


def draw_members(heliosphere: HeliosphereParameters, parameters: RunParameters, count: int,
                 seed: int | None = None) -> list[Member]:
    """So many draws about what a run assumes: a Latin hypercube, the same for every run.

    Parameters
    ----------
    heliosphere : HeliosphereParameters
        Of the closed form, about which the laws lie.
    parameters : RunParameters
        Response and exponents about which they lie.
    count : int
        Members.
    seed : int, optional
        Another one than that of the ensemble.
    """
    laws, seed = nuisances(), facts()["ensemble"]["seed"] if seed is None else seed
    square = qmc.LatinHypercube(len(laws), rng=np.random.default_rng(seed), optimization="random-cd")
    drawn = square.random(count)
    normal = np.clip(ndtri(drawn), -WIDEST, WIDEST)
    deviates = np.where([law.law == "half-cycle" for law in laws], drawn, normal)
    return [_member(heliosphere, parameters, laws, row) for row in deviates]


def _member(heliosphere: HeliosphereParameters, parameters: RunParameters, laws, deviates) -> Member:
    by = {law.name: (law, float(deviate)) for law, deviate in zip(laws, deviates, strict=True)}
    rules = {one.name: one.metadata for one in fields(HeliosphereParameters)}
    shape, latitude = {}, np.cos(np.radians(min(abs(heliosphere.field_lat), 80.0)))
    for name in by.keys() & rules.keys():
        law, deviate = by[name]
        middle, step = getattr(heliosphere, name), law.width * deviate / (latitude if name == "field_lon" else 1.0)
        value = middle * np.exp(step) if law.law == "ratio" else middle + step
        shape[name] = float(np.clip(value, rules[name]["low"], rules[name]["high"]))
    shape["tail_AU"] = max(shape["tail_AU"], 1.5 * shape["nose_AU"])
    cycle = solar_cycle(replace(heliosphere, **shape))
    first = int(len(cycle) * by["epoch"][1])
    exponents = {name: getattr(parameters, name) + by[name][0].width * by[name][1]
                 for name in ("p_index", "rigidity_index")}
    errors = (by[name][1] for name in ("response_width", "size_exponent", "energy_scale"))
    return Member(deviates, (cycle + cycle)[first:first + len(cycle) // 2],
                  varied(parameters.response, parameters.scale_TV, *errors), **exponents)


@dataclass(frozen=True)
class Ensemble:
    """What the members of an ensemble change in the columns of Eq. (3).

    Attributes
    ----------
    changes : list of ndarray, shape (n_cell, order + 3)
        Columns of each member less those of the run's assumptions, on cells of a coarse grid; the heliosphere of
        another kind comes last.
    errors : list of ndarray, shape (n_cell, order + 3)
        A draw of the sampling error of each of these.
    cell : ndarray of int, shape (n_pixel,)
        The cell that each pixel of the run lies in.
    deviates : ndarray, shape (n_member - 1, n_nuisance + 1)
        Of the members but that one; the phase of a half-cycle as its cosine and sine, last.
    kinds : tuple of str
        Kind of each of these, then of the other heliosphere.
    """

    changes: list[np.ndarray]
    errors: list[np.ndarray]
    cell: np.ndarray
    deviates: np.ndarray
    kinds: tuple[str, ...]


def ensemble(heliosphere: HeliosphereParameters, parameters: RunParameters, dec, ra,
             on_grid: AnyHeliosphere | None = None, scale_TV: float | None = None) -> Ensemble:
    """Trace the members of an ensemble, or find them in the cache, and tell what they change.

    Parameters
    ----------
    heliosphere, parameters
        As for `draw_members`; `parameters.members` is how many.
    dec, ra : ndarray
        Pixel centres of the run, degrees.
    on_grid : GriddedHeliosphere, optional
        The heliosphere of the run, if that is on a grid: the closed form is then the other kind.
    scale_TV : float, optional
        To which A_n and G refer, where that is not the scale of the response.
    """
    plan, here, scale_TV = facts()["ensemble"], grid(facts()["ensemble"]["grid_deg"]), scale_TV or parameters.scale_TV
    order = parameters.order

    def columns(epochs, seen, p_index, rigidity_index):
        sampling = Sampling(plan["samples"], replace(seen, scale_TV=scale_TV), plan["seed"], stream=STREAM)
        traced = cached_samples(epochs, *here, sampling, boundary_AU=parameters.boundary_AU)
        terms = functools.partial(sample_columns, rigidity_index=rigidity_index)
        return np.array(mean_columns(traced, order, p_index, terms))

    seen = response(parameters.response, parameters.scale_TV)
    middle = columns(solar_cycle(heliosphere), seen, parameters.p_index, parameters.rigidity_index)
    other = on_grid or read_gridded(DATA / plan["other"])
    members = draw_members(heliosphere, parameters, parameters.members)
    traced = [columns(one.epochs, one.response, one.p_index, one.rigidity_index)
              for one in tqdm(members, desc="ensemble", unit="heliosphere", disable=None)]
    traced.append(columns([other], seen, parameters.p_index, parameters.rigidity_index))
    cell = np.add.outer(_nearest(here[0], dec) * len(here[1]), _nearest(here[1], ra, 360.0)).ravel()
    deviates, kinds = _drawn(members)
    changes, errors = zip(*(one - middle for one in traced), strict=True)
    return Ensemble(list(changes), list(errors), cell, deviates,
                    (*kinds, "closed form, not this grid" if on_grid else "which model of the heliosphere"))


def together(ensembles: list[Ensemble]) -> Ensemble:
    """What the same members change in several skies, whose pixels follow one another.

    A member errs in the same direction on all of them: detectors, too, are taken to be off by the same errors.
    """
    if len(ensembles) == 1:
        return ensembles[0]
    stacked = {name: [np.concatenate(skies) for skies in zip(*(getattr(one, name) for one in ensembles), strict=True)]
               for name in ("changes", "errors")}
    cell = np.concatenate([k * len(one.changes[0]) + one.cell for k, one in enumerate(ensembles)])
    return replace(ensembles[0], **stacked, cell=cell)


def _drawn(members: list[Member]) -> tuple[np.ndarray, list[str]]:
    """What the members drew, and the kind of each column; of a phase its cosine and sine, of variance 1."""
    laws = nuisances()
    drawn, turns = np.array([one.deviates for one in members]), [law.law == "half-cycle" for law in laws]
    phase = 2.0 * np.pi * drawn[:, turns]
    columns = np.hstack([drawn[:, ~np.array(turns)], np.sqrt(2.0) * np.cos(phase), np.sqrt(2.0) * np.sin(phase)])
    cyclic = [law.kind for law in laws if law.law == "half-cycle"]
    return columns, [*(law.kind for law in laws if law.law != "half-cycle"), *cyclic, *cyclic]


def _nearest(centres, wanted, period: float = np.inf) -> np.ndarray:
    apart = np.abs(np.subtract.outer(np.asarray(wanted), centres))
    return np.argmin(np.minimum(apart, period - apart), axis=1)
