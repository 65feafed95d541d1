"""Skies of known truth: Eq. (5) solved for a chosen interstellar medium, seen through the heliosphere and the rings.

A recovery test needs a sky whose answer is known. The truth is a focusing length, a gradient length and a scattering
law; from them follow the pitch-angle distribution, the sky at Earth, its disc average, its ring normalisation and its
noise, in the order in which an experiment meets them.
"""

import tomllib
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.polynomial.legendre import legder, legval

from lisbon_core.anisotropy.terms import mean_columns, sample_columns
from lisbon_core.ground._core import LisbonError, write_atomically
from lisbon_core.ground.fields import checked, documented, parameter
from lisbon_core.ground.reading import parsed
from lisbon_core.ground.response import response
from lisbon_core.heliosphere import Heliosphere, HeliosphereParameters, closed_form, solar_cycle
from lisbon_core.liouville import LiouvilleMap, Sampling, cached_samples, grid
from lisbon_core.sky import SkyMap, averaging, even_sky, noise_factor, ring_normalise
from lisbon_core.transport import CosineScattering, gradient_length_kpc, mean_free_path_pc, stationary_pad

HIGHEST_ORDER = 40


@documented
@dataclass(frozen=True)
class SkyTruth:
    """What a synthetic sky is made from; lengths for kappa = 1e29 cm^2/s.

    The scale d_offset of the scattering law follows from kappa and the gradient length.
    """

    L_pc: float = parameter(MISSING, "focusing length, pc")
    gradient_length_kpc: float = parameter(MISSING, "gradient length, kpc; below 0 the density rises along B")
    eta_over_d_offset: float = parameter(MISSING, "depth of the law of Eq. (6) over its level", low=-0.999, high=0.999)
    omega: float = parameter(MISSING, "period in mu of the law of Eq. (6)", low=0.1, high=100.0)
    G_x: float = parameter(MISSING, "gradient across the field, 1/AU")
    G_y: float = parameter(MISSING, "gradient across the field, 1/AU")
    p_index: float = parameter(4.7, "exponent of p/p_0")
    rigidity_TV: float = parameter(4.0, "scale of the response, TV", low=1e-3, high=1e6)
    noise: float = parameter(1e-4, "error of an averaged pixel", low=1e-12, high=1.0)
    averaging_deg: float = parameter(5.0, "radius of the top hat, degrees", low=0.0, high=90.0)
    dec_min: float = parameter(-10.0, "lowest declination observed, of pixel centres, degrees", low=-90.0, high=90.0)
    dec_max: float = parameter(70.0, "highest declination observed, of pixel centres, degrees", low=-90.0, high=90.0)
    response: str = parameter("air-shower:0.6", "rigidities seen")
    epoch: str = parameter("cycle", "all of the solar cycle equally, or the phase of the default heliosphere",
                           choices=("cycle", "fixed"))
    samples: int = parameter(256, "orbits a pixel of the map that the sky is made with, even", low=2, high=2**20)
    seed: int = parameter(20060101, "of the noise and of that map", low=0, high=2**63 - 1)

    def __post_init__(self):
        for one in fields(self):
            object.__setattr__(self, one.name, checked(one.name, getattr(self, one.name), one.type(), one.metadata))
        for name, good, allowed in (("L_pc", self.L_pc != 0.0, "other than 0"),
                                    ("gradient_length_kpc", self.gradient_length_kpc != 0.0, "other than 0"),
                                    ("dec_min", self.dec_min < self.dec_max, "below dec_max"),
                                    ("samples", self.samples % 2 == 0, "even")):
            if not good:
                raise LisbonError(f"{name} of a synthetic sky is {getattr(self, name)}, but it must be {allowed}: "
                                  "correct it")

    @property
    def medium(self) -> tuple[float, ...]:
        """What skies of one truth share, whoever sees them: what the interstellar medium is like."""
        return self.L_pc, self.gradient_length_kpc, self.eta_over_d_offset, self.omega, self.G_x, self.G_y, self.p_index

    def scattering(self) -> CosineScattering:
        """The scattering law of Eq. (6), its scale set by Fick's law: l = 4 kappa / (v int (1-mu^2)/h dmu)."""
        shape = CosineScattering(self.eta_over_d_offset, self.omega, 1.0)
        scale = self.gradient_length_kpc / gradient_length_kpc(shape, kappa29=1.0)
        return CosineScattering(scale * self.eta_over_d_offset, self.omega, scale)

    @property
    def pad(self):
        """The interstellar pitch-angle distribution F(mu), mean 1 (`StationaryPAD`): Eq. (5) in a steady flux tube."""
        return stationary_pad(self.scattering(), q=self.gradient_length_kpc * 1e3 / self.L_pc)

    def legendre(self, order: int) -> np.ndarray:
        """Legendre coefficients A_1 ... A_order of F."""
        return self.pad.legendre(order)

    def claims(self, order: int, kappa29: float = 1.0) -> dict[str, float]:
        """True values under the ids of the claims ledger; lengths grow and rates shrink with kappa29."""
        scattering, series = self.scattering(), self.legendre(order)
        # D without focusing goes as 1/F', here of the series to the same order as the fit has
        backward, forward = legval(np.array([-0.5, 0.5]), legder([1.0, *series]))
        truth = {f"A_{n}": float(a) for n, a in enumerate(series, start=1)}
        return truth | {"G_x": self.G_x, "G_y": self.G_y, "L_focusing": self.L_pc * kappa29,
                        "gradient_length": self.gradient_length_kpc * kappa29, "T_0": 0.0, "T_0_bound": 0.0,
                        "D_asymmetry": float((backward - forward) / (backward + forward)), "eta": scattering.eta,
                        "omega": scattering.omega, "d_offset": scattering.d_offset,
                        "eta_over_d_offset": self.eta_over_d_offset}


DEFAULT_TRUTH = SkyTruth(L_pc=17.8, gradient_length_kpc=1.72, eta_over_d_offset=-0.5, omega=1.0, G_x=6e-7, G_y=-8e-7)


def random_truth(seed: int) -> SkyTruth:
    """A truth drawn from the seed: density falling or rising along B, field diverging or converging, any shape of D.

    Drawn where a map with errors of 1e-4 can tell the answer: a dipole of 0.12 to 0.4 %, a focusing of 0.15 to 0.5
    mean free paths per focusing length.
    """
    random = np.random.default_rng(seed)

    def signed(low: float, high: float) -> float:
        return float(random.choice([-1.0, 1.0]) * random.uniform(low, high))

    gradient_length, focusing = signed(0.8, 2.7), signed(0.15, 0.5)
    direction, strength = random.uniform(0.0, 2.0 * np.pi), random.uniform(3e-7, 1.5e-6)
    return SkyTruth(L_pc=mean_free_path_pc(1.0) / focusing, gradient_length_kpc=gradient_length,
                    eta_over_d_offset=signed(0.25, 0.6), omega=float(random.uniform(0.8, 1.6)),
                    G_x=float(strength * np.cos(direction)), G_y=float(strength * np.sin(direction)), seed=seed)


def expected_sky(truth: SkyTruth, liouville: LiouvilleMap, label: str, terms=sample_columns) -> SkyMap:
    """The sky of a truth without noise and before the rings: Eq. (3) with the exact F, averaged over the disc.

    Parameters
    ----------
    truth : SkyTruth
        Everything the sky is made from.
    liouville : LiouvilleMap
        The heliosphere's part, on the grid the sky is to have.
    label : str
        What the map is; it should say that it is synthetic.
    terms : function
        Columns of one sample, see `fit_anisotropy`.
    """
    coefficients = np.concatenate([[1.0], truth.legendre(HIGHEST_ORDER), [truth.G_x, truth.G_y]])
    intensity = mean_columns(liouville, HIGHEST_ORDER, truth.p_index, terms)[0] @ coefficients
    sky = even_sky(liouville.dec, liouville.ra, truth.dec_min, truth.dec_max, truth.noise, truth.averaging_deg)
    averaged = averaging(sky) @ intensity
    return sky.replace(relative_intensity=np.where(sky.footprint, averaged.reshape(sky.footprint.shape), np.nan),
                       label=label)


def make_sky(truth: SkyTruth, liouville: LiouvilleMap, label: str, terms=sample_columns) -> SkyMap:
    """The sky that an experiment would publish, were the interstellar medium as in `truth`.

    `expected_sky` with noise that is independent before the disc average, hence correlated after it, and each
    declination ring divided by its mean, Eq. (2).
    """
    sky = expected_sky(truth, liouville, label, terms)
    factor = noise_factor(sky)
    values = sky.relative_intensity.copy()
    values[sky.footprint] += factor @ np.random.default_rng(truth.seed).standard_normal(factor.shape[1])
    return ring_normalise(replace(sky, relative_intensity=values))


SECOND = replace(random_truth(2), rigidity_TV=10.0, response="hawc-10TeV", samples=64, dec_min=0.0, dec_max=90.0)


def epochs_of(parameters: HeliosphereParameters, epoch: str) -> list[Heliosphere]:
    """The heliospheres of a solar cycle, if `epoch` is 'cycle', or the one of these parameters alone."""
    return solar_cycle(parameters) if epoch == "cycle" else [closed_form(parameters)]


def map_of(truth: SkyTruth, step_deg: float = 2.0, heliosphere: HeliosphereParameters | None = None) -> LiouvilleMap:
    """The map that a synthetic sky is made with: many orbits a pixel, none of which a run that fits it ever draws."""
    epochs = epochs_of(heliosphere or HeliosphereParameters(), truth.epoch)
    sampling = Sampling(truth.samples, response(truth.response, truth.rigidity_TV), truth.seed, stream=1)
    return cached_samples(epochs, *grid(step_deg), sampling, progress=True)


def write_embedded_skies(folder: str | Path) -> None:
    """Make the two skies that come with the project, each with its truth beside it.

    The default sky has the paper's focusing length and gradient length, seen by the default response over a year and a
    solar cycle: four million orbits. The second has a truth that was drawn, another response, and half of the sky.
    """
    from lisbon_core.sky.files import write_sky_map

    for name, truth in (("sky_default", DEFAULT_TRUTH), ("sky_second", SECOND)):
        path = Path(folder) / f"{name}.ecsv"
        sky = make_sky(truth, map_of(truth), f"synthetic sky, seed {truth.seed}")
        write_sky_map(replace(sky, relative_intensity=np.round(sky.relative_intensity, 8),
                              sigma=np.round(sky.sigma, 8)), path)
        write_truth(truth, truth_beside(path))


def truth_beside(sky_path: str | Path) -> Path:
    """Where the truth of a sky lies, if it has one: NAME_truth.toml beside NAME.ecsv."""
    path = Path(sky_path)
    return path.with_name(path.name.split(".")[0] + "_truth.toml")


def write_truth(truth: SkyTruth, path: str | Path) -> None:
    """Write a truth as TOML."""
    lines = ["# What this synthetic sky was made from: see lisbon_core.synthetic.SkyTruth"]
    lines += [f"{name} = {value!r}" for name, value in asdict(truth).items()]
    write_atomically(Path(path), "\n".join(lines) + "\n")


def read_truth(path: str | Path) -> SkyTruth:
    """Read a truth from TOML.

    Raises
    ------
    LisbonError
        If the file is no TOML or holds other names than those of `SkyTruth`.
    """
    known = ", ".join(field.name for field in fields(SkyTruth))
    try:
        return parsed(path, lambda text: SkyTruth(**tomllib.loads(text)), lambda why: LisbonError(
            f"this is no truth of a synthetic sky ({why}): it must be TOML with {known}"))
    except LisbonError as error:
        raise LisbonError(f"{path}: {error}") from None
