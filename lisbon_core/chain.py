"""The chain from a sky map to the claims, and the parameters every run knows.

sky map -> Liouville map -> fit -> renormalised map -> PAD -> transport. Each stage is a cached property of `Run`: a
notebook that starts anywhere makes what it needs, and only the Liouville map is costly enough to be kept on disk.
"""

import difflib
import functools
import io
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from lisbon_core._core import LisbonError
from lisbon_core.frames import FRAMES
from lisbon_core.tools.claims import Claim
from lisbon_core.tools.provenance import write_atomically

__all__ = ["DATA", "DEFAULT_SKY", "FAST", "PARAMETER_HELP", "SECOND_SKY", "ParameterError", "Run", "RunParameters",
           "anisotropy_claims", "check_inputs", "heliosphere_parameters", "liouville_claims", "paper_values",
           "transport_claims"]

DATA = Path(__file__).resolve().parent.parent / "data"
DEFAULT_SKY = DATA / "sky_default.ecsv"
SECOND_SKY = DATA / "sky_second.ecsv"

PARAMETER_HELP = {
    "sky_map": "path of a sky map; empty: the embedded synthetic sky",
    "sky_label": "what the map is, with its energy",
    "sigma_default": "error of a pixel where the map gives none",
    "averaging_deg": "radius of the top hat the map has been through, degrees; 0: none",
    "dec_min": "lowest declination used, degrees",
    "dec_max": "highest declination used, degrees",
    "mask": "path of a table ra, dec, observed (0 or 1) on the map's grid; empty: none",
    "order": "highest Legendre order fitted",
    "p_index": "exponent of p/p_0 in Eq. (3), alpha + 2",
    "rigidity_TV": "rigidity at Earth, TV",
    "heliosphere": "path of a heliosphere parameter file (TOML); empty: closed form with its defaults",
    "field_lon": "longitude the interstellar field points to, degrees",
    "field_lat": "latitude the interstellar field points to, degrees",
    "field_frame": "frame of the two: ecliptic, icrs or galactic",
    "field_uG": "strength of the interstellar field, microgauss",
    "polarity": "of the solar field: 1, -1 or 0 (unipolar)",
    "positions": "positions on the Earth's orbit, averaged",
    "boundary_AU": "radius at which orbits end, AU",
    "closure": "flux-tube or uniform",
    "kappa29": "parallel diffusion coefficient, 1e29 cm^2/s",
    "seed": "of every random number",
    "grid_deg": "step of the analysis grid, degrees",
}

# what --fast sets: a quarter of the orbits and of the pixels
FAST = {"grid_deg": 4.0}


class ParameterError(LisbonError):
    """A run parameter that is unknown, of the wrong type, or out of physics."""


@dataclass(frozen=True)
class RunParameters:
    """Parameters of a run; `PARAMETER_HELP` says what each one is."""

    sky_map: str = ""
    sky_label: str = ""
    sigma_default: float = 1e-4
    averaging_deg: float = 5.0
    dec_min: float = -90.0
    dec_max: float = 90.0
    mask: str = ""
    order: int = 7
    p_index: float = 4.7
    rigidity_TV: float = 4.0
    heliosphere: str = ""
    field_lon: float = 219.2
    field_lat: float = 39.9
    field_frame: str = "ecliptic"
    field_uG: float = 3.0
    polarity: int = 1
    positions: int = 4
    boundary_AU: float = 4000.0
    closure: str = "flux-tube"
    kappa29: float = 1.0
    seed: int = 20060101
    grid_deg: float = 2.0

    def __post_init__(self):
        for field in fields(self):
            object.__setattr__(self, field.name, _typed(field.name, field.type, getattr(self, field.name)))
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise ParameterError(f"{name} is {value}, but it must lie between {low:g} and {high:g}: change {name}")
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                choices = ", ".join(map(str, allowed))
                raise ParameterError(f"{name} is {value!r}, but it must be one of {choices}: choose one of these")
        if self.dec_min >= self.dec_max:
            raise ParameterError(f"dec_min is {self.dec_min:g} and dec_max {self.dec_max:g}, but dec_min must be the "
                                 "lower one: exchange them or widen the band")
        if abs(180.0 / self.grid_deg - round(180.0 / self.grid_deg)) > 1e-9:
            raise ParameterError(f"grid_deg is {self.grid_deg:g}, but 180 degrees must hold a whole number of steps: "
                                 "use 2, 3, 4, 5 or 6")

    @classmethod
    def from_mapping(cls, values: Mapping) -> "RunParameters":
        """Parameters from names and values.

        Raises
        ------
        ParameterError
            For an unknown name, with the nearest known one.
        """
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else "`lisbon list` shows all of them"
                raise ParameterError(f"{name!r} is no parameter of a run: {hint}")
        return cls(**values)

    def as_dict(self) -> dict:
        """Names and values, as JSON can hold them."""
        return asdict(self)


_RANGES = (("sigma_default", 1e-9, 1.0), ("averaging_deg", 0.0, 45.0), ("dec_min", -90.0, 90.0),
           ("dec_max", -90.0, 90.0), ("order", 1, 20), ("p_index", 0.0, 10.0), ("rigidity_TV", 0.1, 1000.0),
           ("field_lon", -360.0, 360.0), ("field_lat", -90.0, 90.0), ("field_uG", 0.1, 20.0), ("positions", 1, 64),
           ("boundary_AU", 500.0, 50000.0), ("kappa29", 1e-3, 1e3), ("seed", 0, 2**63 - 1), ("grid_deg", 1.0, 10.0))
_CHOICES = {"field_frame": FRAMES, "polarity": (1, -1, 0), "closure": ("flux-tube", "uniform")}


def _typed(name: str, kind: type, value):
    """A value in the type of its parameter, or a sentence."""
    if kind is str:
        if isinstance(value, str | Path):
            return str(value)
        raise ParameterError(f"{name} is {value!r}, but it must be text: {PARAMETER_HELP[name]}")
    try:
        number = float(value)
        if isinstance(value, bool) or not math.isfinite(number) or (kind is int and number != int(number)):
            raise ValueError
    except (TypeError, ValueError):
        what = "a whole number" if kind is int else "a finite number"
        raise ParameterError(f"{name} is {value!r}, but it must be {what}: {PARAMETER_HELP[name]}") from None
    return int(number) if kind is int else number


def heliosphere_parameters(parameters: RunParameters):
    """Parameters of the heliosphere: those of the run, overridden by its heliosphere file where there is one.

    Raises
    ------
    ParameterError
        If the file is missing, no TOML, or holds an unknown name.
    """
    from lisbon_core.heliosphere import HeliosphereParameters

    values = {name: getattr(parameters, name)
              for name in ("field_lon", "field_lat", "field_frame", "field_uG", "polarity")}
    if parameters.heliosphere:
        known = [field.name for field in fields(HeliosphereParameters)]
        try:
            values |= tomllib.loads(Path(parameters.heliosphere).expanduser().read_text(encoding="utf-8"))
            values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ParameterError(f"heliosphere is {parameters.heliosphere!r}, which cannot be read as TOML ({error}): "
                                 "give the path of a parameter file") from None
        if unknown := sorted(values.keys() - set(known)):
            raise ParameterError(f"{parameters.heliosphere} holds {unknown[0]!r}, but a heliosphere knows "
                                 f"{', '.join(known)}: use these names")
    return HeliosphereParameters(**values)


class Run:
    """One run of the chain: every stage is made when it is first asked for.

    Parameters
    ----------
    parameters : RunParameters
        What to run.
    folder : str or Path
        Folder of the run, for products; empty: none are written.
    """

    def __init__(self, parameters: RunParameters, folder: str | Path = ""):
        self.parameters = parameters
        self.folder = Path(folder) if folder else None

    @classmethod
    def from_namespace(cls, namespace: Mapping) -> "Run":
        """The run a notebook's parameters cell describes."""
        names = [field.name for field in fields(RunParameters)]
        return cls(RunParameters(**{name: namespace[name] for name in names if name in namespace}),
                   namespace.get("run_dir", ""))

    @property
    def sky_path(self) -> Path:
        """File of the sky."""
        return Path(self.parameters.sky_map).expanduser() if self.parameters.sky_map else DEFAULT_SKY

    @functools.cached_property
    def truth(self):
        """Truth of a synthetic sky (`SkyTruth`), or None for a real one."""
        from lisbon_core.synthetic import read_truth, truth_beside

        path = truth_beside(self.sky_path)
        return read_truth(path) if path.exists() else None

    @property
    def is_recovery_test(self) -> bool:
        """Whether the sky is synthetic, so that the run tests what comes back and says nothing of nature."""
        return self.truth is not None

    @property
    def label(self) -> str:
        """What every page that shows the sky must say."""
        if self.is_recovery_test:
            return "recovery test on a synthetic sky"
        return self.parameters.sky_label or f"unlabelled map, analysed at {self.parameters.rigidity_TV:g} TV"

    @functools.cached_property
    def sky(self):
        """The sky as it is fitted: cut, on the analysis grid, rings normalised (Eq. 2)."""
        from lisbon_core.sky_io import read_mask, read_sky_map
        from lisbon_core.sky_map import cut, rebin, ring_normalise

        p = self.parameters
        sky = read_sky_map(self.sky_path, sigma_default=p.sigma_default, averaging_deg=p.averaging_deg,
                           label=self.label)
        kept = cut(sky, p.dec_min, p.dec_max, read_mask(p.mask, sky) if p.mask else None)
        return ring_normalise(rebin(kept, p.grid_deg))

    @functools.cached_property
    def heliosphere(self):
        """The closed-form heliosphere of the run."""
        from lisbon_core.heliosphere import closed_form

        return closed_form(heliosphere_parameters(self.parameters))

    @functools.cached_property
    def liouville(self):
        """Where each direction of the sky comes from: kept on disk under the hash of its inputs."""
        from lisbon_core.liouville import cached_sky

        p = self.parameters
        return cached_sky(self.heliosphere, self.sky.dec, self.sky.ra, rigidity_TV=p.rigidity_TV,
                          positions=p.positions, boundary_AU=p.boundary_AU, progress=True)

    @property
    def map_is_known(self) -> bool:
        """Whether the sky was made through this very Liouville map, so that its sample adds no error."""
        from lisbon_core.synthetic import DEFAULT_TRUTH

        same = RunParameters()
        own = ("heliosphere", "field_lon", "field_lat", "field_frame", "field_uG", "polarity", "boundary_AU",
               "grid_deg", "averaging_deg")
        return (self.is_recovery_test and all(getattr(self.parameters, n) == getattr(same, n) for n in own)
                and self.parameters.positions == (self.truth or DEFAULT_TRUTH).positions
                and self.parameters.rigidity_TV == (self.truth or DEFAULT_TRUTH).rigidity_TV)

    @functools.cached_property
    def fit(self):
        """Eqs. (1)-(3) fitted; the covariance holds the sample of the Liouville map unless the sky was made with it."""
        from lisbon_core.anisotropy import fit_anisotropy, fit_sampled_map

        fit = fit_anisotropy if self.map_is_known or self.parameters.positions < 2 else fit_sampled_map
        return fit(self.sky, self.liouville, self.parameters.order, self.parameters.p_index)

    @property
    def measured(self) -> dict[str, tuple[float, float]]:
        """What Tibet AS-gamma measured at 4 TeV: dipole amplitude and phase (degrees), each with its error."""
        tibet = paper_values()["tibet_4TeV"]
        return {"dipole": (tibet["dipole_amplitude"], tibet["dipole_amplitude_sigma"]),
                "phase": (tibet["dipole_phase_deg"], tibet["dipole_phase_sigma_deg"])}

    @functools.cached_property
    def renormalised(self):
        """Eq. (2) undone."""
        from lisbon_core.renormalisation import renormalise

        return renormalise(self.sky, self.fit)

    @functools.cached_property
    def pad(self):
        """Eq. (4)."""
        from lisbon_core.pitch_angle import pitch_angle_distribution

        return pitch_angle_distribution(self.renormalised, self.fit, self.liouville)

    @functools.cached_property
    def transport(self):
        """Eqs. (5) and (6) fitted to the pitch-angle distribution."""
        from lisbon_core.transport_fit import fit_transport

        return fit_transport(self.pad, closure=self.parameters.closure, kappa29=self.parameters.kappa29)

    def _product(self, name: str) -> Path:
        """Path of a product in the folder of the run; one run alone writes into runs/notebook."""
        folder = self.folder or DATA.parent / "runs" / "notebook"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def write_liouville(self) -> None:
        """Product liouville_map.fits."""
        self.liouville.save(self._product("liouville_map.fits"))

    def write_sky(self) -> None:
        """Product sky_map.fits: observed, model and renormalised sky with errors, and what was observed."""
        from lisbon_core.sky_io import write_images

        sky, renormalised = self.sky, self.renormalised.sky
        write_images({"OBSERVED": sky.relative_intensity, "SIGMA": sky.sigma, "MODEL": self.fit.relative_intensity,
                      "RENORMALISED": renormalised.relative_intensity, "RENORMALISED_SIGMA": renormalised.sigma,
                      "MASK": sky.observed.astype(np.uint8)}, sky.dec, sky.ra, self._product("sky_map.fits"))

    def write_pad(self) -> None:
        """Product pad.ecsv: mu, F, sigma and the covariance of F, one row a bin."""
        pad = self.pad
        self._write_table("pad.ecsv", {"mu": pad.mu, "F": pad.F, "sigma": pad.sigma, "covariance": pad.covariance},
                          {"sky": self.label, "equation": "(4)", "mu": "pitch-angle cosine, bin centres",
                           "F": "pitch-angle distribution of mean 1, averaged over the bin"})

    def write_transport(self) -> None:
        """Product transport.ecsv: mu, D and the 68 % band, 1/yr."""
        fit = self.transport
        self._write_table("transport.ecsv", {"mu": fit.mu, "D": fit.D, "D_low": fit.D_low, "D_high": fit.D_high},
                          {"sky": self.label, "equation": "(6)", "unit of D": "1/yr", "kappa29": fit.kappa29,
                           "closure": fit.closure, "note": fit.eta.note})

    def _write_table(self, name: str, columns: dict, meta: dict) -> None:
        from astropy.table import Table

        text = io.StringIO()
        Table(columns, meta=meta).write(text, format="ascii.ecsv")
        write_atomically(self._product(name), text.getvalue())


def transport_claims(run: Run) -> list[Claim]:
    """Claims of the transport fit: lengths, rates, scattering law."""
    fit, kappa29 = run.transport, run.parameters.kappa29
    truth = run.truth.claims(run.fit.order, kappa29) if run.truth else {}
    if run.parameters.closure == "uniform":
        truth.pop("T_0", None)  # the sky was made in a steady flux tube, where another L goes with another T_0
        truth.pop("L_focusing", None)
    paper = paper_values()["paper"]
    stated = {"L_focusing": paper["L_focusing_pc"] * kappa29, "gradient_length": paper["gradient_length_kpc"] * kappa29,
              "T_0_bound": paper["T_0_bound_per_year"] / kappa29}
    equations = {"eta": "(6)", "omega": "(6)", "d_offset": "(6)", "D_asymmetry": "(6)"}
    claims = []
    for name in ("L_focusing", "gradient_length", "T_0", "T_0_bound", "eta", "omega", "d_offset", "D_asymmetry",
                 "focusing_preference"):
        estimate = getattr(fit, name)
        claims.append(Claim(name, estimate.value, estimate.sigma, estimate.unit, stated.get(name), truth.get(name),
                            equations.get(name, "(5), (6)"), _note(estimate.note, _caveats(run))))
    chi2 = fit.chi2 / fit.dof if fit.chi2 is not None and fit.dof > 0 else None
    return [*claims, Claim("chi2_pad", chi2, None if chi2 is None else float(np.sqrt(2.0 / fit.dof)),
                           truth=1.0 if run.truth else None, equation="(5)",
                           note=_note(f"over {fit.dof} degrees of freedom, with the full covariance of the bins"
                                      if chi2 is not None else fit.eta.note or "no model was fitted"))]


def paper_values() -> dict:
    """What the paper states and what was measured near 4 TeV, from data/paper_values.toml."""
    return tomllib.loads((DATA / "paper_values.toml").read_text(encoding="utf-8"))


def _caveats(run: Run) -> str:
    """The words every claim must carry whose error rests on an assumption, or on a model that does not fit."""
    words = [f"errors rest on sigma_default = {run.parameters.sigma_default:g}"] if run.sky.sigma_assumed else []
    if run.fit.chi2_reduced > 1.0 + 5.0 * run.fit.chi2_reduced_sigma:
        words.append(f"the model leaves a reduced chi-square of {run.fit.chi2_reduced:.1f}: errors hold "
                     "only if it fitted")
    return "; ".join(words)


def _note(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def anisotropy_claims(run: Run) -> list[Claim]:
    """Claims of the fit of Eqs. (1)-(3): A_n, G, chi-square."""
    from lisbon_core.anisotropy import parameter_names

    fit, truth = run.fit, run.truth.claims(run.fit.order) if run.truth else {}
    sampled = "" if run.map_is_known else "error includes the finite sample of the Liouville map"
    note = _note(_caveats(run), sampled)
    claims = [Claim(name, value, sigma, "1/AU" if name.startswith("G") else "", truth=truth.get(name), equation="(3)",
                    note=note)
              for name, value, sigma in zip(parameter_names(fit.order), fit.theta, fit.sigma, strict=True)]
    axes = np.stack([run.liouville.e_x_icrs, run.liouville.e_y_icrs])
    scatter = np.sqrt(np.diag(axes.T @ fit.covariance[-2:, -2:] @ axes))
    true_gradient = np.array([run.truth.G_x, run.truth.G_y]) @ axes if run.truth else None
    return [*claims,
            Claim("G_icrs", fit.theta[-2:] @ axes, scatter, "1/AU", truth=true_gradient, equation="(3)", note=note),
            Claim("chi2_reduced", fit.chi2_reduced, fit.chi2_reduced_sigma, truth=1.0 if run.map_is_known else None,
                  equation="(2), (3)",
                  note=_note(f"sum of squared residuals over its expectation for correlated noise, with the scatter of "
                             f"{fit.effective_pixels:.0f} effective pixels", _caveats(run)))]


def liouville_claims(run: Run) -> list[Claim]:
    """Claim of the Liouville map: how much of it is not out."""
    return [Claim("unescaped_fraction", run.liouville.unescaped_fraction, equation="(1)",
                  note="share of orbits still inside the boundary at the end of the path cap; they enter with their "
                       "last state")]


def check_inputs(parameters: RunParameters) -> None:
    """Read what a run would read, so that an unusable file is refused before anything runs.

    Raises
    ------
    LisbonError
        With one sentence on the file.
    """
    run = Run(parameters)
    _ = run.sky, run.truth, heliosphere_parameters(parameters)
