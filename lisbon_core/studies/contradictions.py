"""The model against measurements that it was not fitted to, or hardly: quantity, measured, model, pull."""

from dataclasses import dataclass

import numpy as np

from lisbon_core.ground.frames import angle_between
from lisbon_core.heliosphere import HeliosphereParameters, with_field
from lisbon_core.run import Run
from lisbon_core.sky import first_harmonic
from lisbon_core.studies.voyager import binned, compared, measured

FIELD_ERROR_DEG = 4.6  # of HAWC and IceCube's field: 3.5 and 3.0 degrees
STRENGTH_ERROR = 0.3  # of |B| along the tracks, relative: what the closed form was asked to meet


@dataclass(frozen=True)
class Comparison:
    """One quantity: what it is, what was measured and what the model has, each with its error, unit, and where to read.

    measured, model : tuple of float
        Number and error.
    fitted : bool
        Whether the model was fitted to it, or the two are no numbers with a normal error: then there is no pull.
    """

    quantity: str
    measured: tuple[float, float]
    model: tuple[float, float]
    unit: str
    where: str
    fitted: bool = False

    @property
    def pull(self) -> float:
        """How many errors, of both, the two are apart."""
        return (self.model[0] - self.measured[0]) / float(np.hypot(self.measured[1], self.model[1]))


def against_measurements(run: Run) -> list[Comparison]:
    """Dipole near 4 TeV, direction of the interstellar field, and its strength along the tracks of the Voyagers."""
    sky, fit, found = run.sky, run.fit, run.measured
    wave = first_harmonic(sky.replace(relative_intensity=fit.relative_intensity))
    rows = [Comparison("dipole near 4 TeV, projected", found["dipole"], (wave.amplitude, wave.amplitude_sigma), "",
                       "[09](09_transport.ipynb), [12](12_dipole_at_every_energy.ipynb)"),
            Comparison("its phase", found["phase"], (wave.phase, wave.phase_sigma), "degrees",
                       "[12](12_dipole_at_every_energy.ipynb)")]
    if run.heliosphere is not run.closed_form:
        return rows
    _, published = with_field(HeliosphereParameters(), "hawc-icecube").directions()
    rows.append(Comparison("angle from HAWC and IceCube's field to the one assumed", (0.0, FIELD_ERROR_DEG),
                           (float(angle_between(run.closed_form.field_icrs, published)), 0.0), "degrees",
                           "[02](02_heliosphere.ipynb)", fitted=True))
    bins = compared(run.closed_form.parameters, binned(measured()))
    for region in ("sheath", "interstellar"):
        for spacecraft in (1, 2):
            here = (bins["region"] == region) & (bins["spacecraft"] == spacecraft)
            told, ours = float(np.mean(bins["B"][here])), float(np.mean(bins["model_B"][here]))
            rows.append(Comparison(f"mean field along Voyager {spacecraft}, {region}", (told, STRENGTH_ERROR * told),
                                   (ours, 0.0), "microgauss", "[02](02_heliosphere.ipynb)", fitted=True))
    return rows
