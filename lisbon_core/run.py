"""One run of the chain: sky map -> Liouville map -> fit -> renormalised map -> PAD -> transport.

Each stage is a cached property: a notebook that starts anywhere makes what it needs, and only the Liouville map is
costly enough to be kept on disk.
"""

import functools
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from astropy.table import Table

from lisbon_core.anisotropy import bin_averages, fit_anisotropy, pitch_angle_distribution, renormalise, sample_columns
from lisbon_core.anisotropy.design import enough_pixels
from lisbon_core.anisotropy.systematics import systematic
from lisbon_core.ensemble import ensemble, together, wave_dipole
from lisbon_core.ground._core import require
from lisbon_core.ground.measurements import DATA, dipoles
from lisbon_core.ground.measurements import paper_values as paper_values
from lisbon_core.ground.response import response
from lisbon_core.heliosphere import closed_form, is_gridded, read_gridded
from lisbon_core.liouville import DIAGNOSED, Sampling, cached_samples
from lisbon_core.parameters import RunParameters, heliosphere_parameters
from lisbon_core.sky import ring_normalise
from lisbon_core.sky.files import on_grid, sky_of, write_images, write_table
from lisbon_core.synthetic import epochs_of, read_truth, truth_beside
from lisbon_core.transport import fit_transport, moved

DEFAULT_SKY = DATA / "sky_default.ecsv"


class Run:
    """One run of the chain: every stage is made when it is first asked for.

    Where `sky_map` names several skies, they are fitted together: `fit`, `pad`, `transport`, `systematic` are of all,
    what belongs to one sky (`sky`, `truth`, `response`, `liouville`, `ensemble`, `renormalised`) is that of the first,
    and `runs` has this run and one for each other sky.

    Parameters
    ----------
    parameters : RunParameters
        What to run.
    folder : str or Path
        Folder of the run, for products; empty: none are written.
    own
        Stages of one's own in place of those of the parameters, by name: `liouville`, a map through a field of one's
        own or with another response; `sky` with its `truth`, which may be None; `ensemble`.
    """

    def __init__(self, parameters: RunParameters, folder: str | Path = "", **own):
        self.parameters = parameters
        self.folder = Path(folder) if folder else None
        self.own_map = "liouville" in own
        vars(self).update({"others": []} | own if "sky" in own else own)

    @classmethod
    def from_namespace(cls, namespace: Mapping) -> "Run":
        """The run of a notebook: every parameter that is a name in it, the others at their defaults.

        The parameters cell declares those that the notebook itself reads, or that are worth changing there. What else
        is set for a run reaches it all the same: papermill writes every value it is given into a cell below that one,
        declared or not, and a reader may add a line such as `order = 5` to the cell.
        """
        values = {field.name: namespace[field.name] for field in fields(RunParameters) if field.name in namespace}
        return cls(RunParameters(**values), namespace.get("run_dir", ""))

    @functools.cached_property
    def seen(self) -> RunParameters:
        """Parameters of this sky."""
        return self.parameters.skies()[0]

    @functools.cached_property
    def others(self) -> list["Run"]:
        """One run for each other sky: of the same heliosphere and scale."""
        return [Run(one, heliosphere=self.heliosphere, closed_form=self.closed_form,
                    response=replace(response(one.response, one.scale_TV), scale_TV=self.seen.scale_TV))
                for one in self.parameters.skies()[1:]]

    @property
    def runs(self) -> list["Run"]:
        """This run, and those of the other skies."""
        return [self, *self.others]

    @property
    def skies(self) -> list:
        """The skies that are fitted."""
        return [one.sky for one in self.runs]

    @property
    def maps(self) -> list:
        """Their Liouville maps: each has orbits of its own."""
        return [one.liouville for one in self.runs]

    @property
    def sky_path(self) -> Path:
        """File of the sky."""
        return self.seen.path("sky_map") or DEFAULT_SKY

    @functools.cached_property
    def truth(self):
        """Truth of a synthetic sky (`SkyTruth`), or None for a real one.

        Raises
        ------
        LisbonError
            If skies that are fitted together were made from different truths, or only some of them from one.
        """
        path = truth_beside(self.sky_path)
        found = read_truth(path) if path.exists() else None
        for one in self.others:
            require((one.truth and one.truth.medium) == (found and found.medium),
                    f"{one.sky_path} and {self.sky_path} were not made from the same interstellar medium (see the "
                    "truth beside each), but they are to be fitted together: leave one out")
        return found

    @property
    def is_recovery_test(self) -> bool:
        """Whether the sky is synthetic, so that the run tests what comes back and says nothing of nature."""
        return self.truth is not None

    @property
    def sky_label(self) -> str:
        """What this sky is."""
        if self.is_recovery_test:
            return "recovery test on a synthetic sky"
        return self.seen.sky_label or f"unlabelled map, analysed at {self.seen.scale_TV:g} TV"

    @property
    def label(self) -> str:
        """What every page that shows the sky must say."""
        more = f", fitted together with {len(self.others)} more; maps of the sky show this one"
        return self.sky_label + more * bool(self.others)

    @functools.cached_property
    def sky(self):
        """The sky as it is fitted: cut, on the analysis grid, rings normalised (Eq. 2)."""
        used = sky_of(self.seen, self.seen.sky_map or DEFAULT_SKY, self.sky_label)
        return ring_normalise(on_grid(used, self.seen.grid_deg))

    @functools.cached_property
    def closed_form(self):
        """The closed-form heliosphere of the run's parameters, also where the run is on a grid."""
        return closed_form(heliosphere_parameters(self.parameters))

    @functools.cached_property
    def heliosphere(self):
        """The heliosphere of the run: its field on a grid, or the closed form."""
        path = self.parameters.path("heliosphere")
        return read_gridded(path) if path and is_gridded(path) else self.closed_form

    @functools.cached_property
    def epochs(self):
        """The heliospheres of the solar cycle, or that of the run alone."""
        if self.heliosphere is not self.closed_form:
            return [self.heliosphere]
        return epochs_of(self.closed_form.parameters, self.parameters.epoch)

    @functools.cached_property
    def response(self):
        """Rigidities that the detector sees."""
        return response(self.seen.response, self.seen.scale_TV)

    @property
    def sampling(self):
        """What the orbits of a pixel are drawn from."""
        return Sampling(self.parameters.samples, self.response, self.parameters.seed)

    @functools.cached_property
    def liouville(self):
        """Where each direction of the sky comes from: kept on disk under the hash of its inputs."""
        return self._map_through(*self.epochs)

    @functools.cached_property
    def coarser(self):
        """The same through a grid half as fine: what the grid leaves out; None for the closed form."""
        if self.own_map or self.heliosphere is self.closed_form:
            return None
        return self._map_through(self.heliosphere.coarser())

    def _map_through(self, *epochs):
        calm, boundary = self.parameters.orbits == "calm", self.parameters.boundary_AU
        traced = cached_samples(epochs, self.sky.dec, self.sky.ra, self.sampling, progress=True, boundary_AU=boundary,
                                path_cap_AU=max(60000.0, 15.0 * boundary),  # time to get out, wherever that is
                                diagnosed=1 if calm else DIAGNOSED)
        if self.parameters.orbits == "all":
            return traced
        return traced.without(traced.chaotic if calm else ~traced.escaped)

    @functools.cached_property
    def fit(self):
        """Eqs. (1)-(3) fitted up to the order of the run."""
        return self.fit_order(self.parameters.order)

    def fit_order(self, order: int):
        """Eqs. (1)-(3) fitted; the covariance holds the samples of the Liouville maps and what a grid leaves out."""
        terms = functools.partial(sample_columns, rigidity_index=self.parameters.rigidity_index)
        coarser = [one.coarser for one in self.runs]
        return fit_anisotropy(self.skies, self.maps, order, self.parameters.p_index, terms=terms,
                              others={} if None in coarser else {"grid half as fine": coarser},
                              made_with=[one.truth.samples if one.truth else 0 for one in self.runs])

    @property
    def measured(self) -> dict[str, tuple[float, float]]:
        """What Tibet AS-gamma measured at 4 TeV: dipole amplitude and phase (degrees), each with its error."""
        tibet = next(one for one in dipoles() if (one.series, one.energy) == ("Tibet ASg 2005", 4.0))
        return {"dipole": (tibet.amplitude, tibet.amplitude_sigma), "phase": (tibet.phase, tibet.phase_sigma)}

    @functools.cached_property
    def all_renormalised(self):
        """Eq. (2) undone, a sky each."""
        return [renormalise(one, self.fit.of_sky(k)) for k, one in enumerate(self.skies)]

    @property
    def renormalised(self):
        """Eq. (2) undone."""
        return self.all_renormalised[0]

    @functools.cached_property
    def pad(self):
        """Eq. (4)."""
        return pitch_angle_distribution(self.all_renormalised, self.fit, self.maps)

    @functools.cached_property
    def transport(self):
        """Eqs. (5) and (6) fitted to the pitch-angle distribution."""
        return fit_transport(self.pad, closure=self.parameters.closure, kappa29=self.parameters.kappa29,
                             rng=np.random.default_rng(self.parameters.seed))

    @functools.cached_property
    def ensemble(self):
        """Heliospheres and detectors that could be instead; None without members, or with a map of one's own."""
        if self.own_map or not self.parameters.members:
            return None
        return ensemble(self.closed_form.parameters, self.seen, self.sky.dec, self.sky.ra,
                        None if self.heliosphere is self.closed_form else self.heliosphere, self.response.scale_TV)

    @functools.cached_property
    def systematic(self):
        """What the ensemble does to the fit; None without one."""
        found = [one.ensemble for one in self.runs]
        return None if None in found else systematic(self.fit, together(found))

    @functools.cached_property
    def transport_shifts(self) -> dict[str, np.ndarray]:
        """How far each member moves the estimates of the transport fit; empty without members."""
        if self.systematic is None:
            return {}
        changes = self.fit.design.response(self.pad.operator, self.systematic.sky)
        legendre, dipole = self.systematic.theta[:self.fit.order].copy(), wave_dipole(self.parameters.p_index)
        changes[:, -1] += dipole * bin_averages(self.pad.edges, 1)[:, 0]
        legendre[0, -1] += dipole
        return moved(self.pad, self.transport, changes, legendre)

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
        sky, renormalised = self.sky, self.renormalised.sky
        write_images({"OBSERVED": sky.relative_intensity, "SIGMA": sky.sigma,
                      "MODEL": self.fit.of_sky().relative_intensity, "RENORMALISED": renormalised.relative_intensity,
                      "RENORMALISED_SIGMA": renormalised.sigma, "MASK": sky.observed.astype(np.uint8)}, sky.dec, sky.ra,
                     self._product("sky_map.fits"))

    def write_pad(self) -> None:
        """Product pad.ecsv: mu, F, sigma and the covariance of F, one row a bin."""
        columns = {name: getattr(self.pad, name) for name in ("mu", "F", "sigma", "covariance")}
        about = {"sky": self.label, "equation": "(4)", "mu": "pitch-angle cosine, bin centres",
                 "F": "pitch-angle distribution of mean 1, averaged over the bin"}
        write_table(Table(columns, meta=about), self._product("pad.ecsv"))

    def write_transport(self) -> None:
        """Product transport.ecsv: mu, D and the 68 % band, 1/yr."""
        fit = self.transport
        columns = {name: getattr(fit, name) for name in ("mu", "D", "D_low", "D_high")}
        about = {"sky": self.label, "equation": "(6)", "unit of D": "1/yr", "kappa29": fit.kappa29,
                 "closure": fit.closure, "note": fit.eta.note}
        write_table(Table(columns, meta=about), self._product("transport.ecsv"))


def check_inputs(parameters: RunParameters) -> None:
    """Read what a run would read: a file that cannot be used raises LisbonError with why, before anything runs."""
    run, path = Run(parameters), parameters.path("heliosphere")
    _ = heliosphere_parameters(parameters), run.truth, [one.sampling for one in run.runs]
    for sky in run.skies:
        enough_pixels(sky, parameters.order)
    if path and is_gridded(path):
        _ = run.heliosphere
