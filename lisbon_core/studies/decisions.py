"""Which conclusions of the paper survive once all that a run takes as known may vary; what would settle the rest."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lisbon_core.anisotropy.terms import mean_columns
from lisbon_core.ground.rounding import number
from lisbon_core.run import Run
from lisbon_core.sky import averaging, even_sky
from lisbon_core.verdicts import NO_FIT, fits

SURE = 3.0  # errors that a conclusion must hold by
OF_THE_DETECTOR = ("response of the detector", "spectrum", "growth of the anisotropy with rigidity",
                   "frame of the waves")


@dataclass(frozen=True)
class Conclusion:
    """A question and the number that answers it, which must differ from zero.

    Parameters
    ----------
    says : str
        The question, in plain words.
    value, sigma, systematic : float
        The number and its errors, statistical and systematic.
    unit : str
    dominant : list of str
        What adds most to the systematic error.
    bounded : str
        What the bound says, of a number that is bounded and need not differ from zero.
    fits : bool
        Whether the models fit that it comes from: if not, its errors hold for nothing.
    """

    says: str
    value: float
    sigma: float
    systematic: float
    unit: str
    dominant: list[str]
    bounded: str = ""
    fits: bool = True

    @property
    def by(self) -> tuple[float, float]:
        """How many statistical, and how many total errors the number is away from zero."""
        return abs(self.value) / self.sigma, abs(self.value) / float(np.hypot(self.sigma, self.systematic))

    @property
    def verdict(self) -> str:
        """Stands, or is not determined and by what."""
        alone, total = self.by
        if not self.fits:
            return f"not determined: {NO_FIT}"
        if self.bounded:
            return self.bounded
        if total >= SURE:
            return "stands"
        if alone >= SURE:
            return f"not determined; the largest causes: {', '.join(self.dominant[:2])}"
        return "not determined, even were all else known"


# question, claims of which one is enough and their symbols, whether it is told as its inverse, unit and factor
CONCLUDED = (
    ("Does the intensity depend on the pitch angle", {"A_1": "A_1"}, False, "", 1.0),
    ("Does the density fall across the field", {"G_x": "G_x", "G_y": "G_y"}, False, "1/AU", 1.0),
    ("Does the density fall along the field", {"gradient_length": "1/\\ell"}, True, "1/kpc", 1.0),
    ("Is the scattering other than isotropic", {"eta_over_d_offset": "\\eta/\\gamma"}, False, "", 1.0),
    ("Do the field lines diverge along the stream", {"L_focusing": "1/L"}, True, "1/kpc", 1e3),
    ("How fast does the intensity change at most", {"T_0": "T_0"}, False, "1/yr", 1.0))


def conclusions(claims: Mapping[str, Mapping]) -> list[Conclusion]:
    """What the paper concludes, each with the number that decides it, from the claims of a run.

    Parameters
    ----------
    claims : mapping
        Rows of results.json, by id, chi-squares among them. Those without a value or without a systematic error are
        left out.
    """
    found = []
    for says, symbols, inverse, unit, factor in CONCLUDED:
        made = []
        for name, symbol in symbols.items():
            row = claims.get(name)
            if row is None or row["systematic"] is None:
                continue
            numbers = np.array([row["value"], row["sigma"], row["systematic"]])
            if inverse:
                numbers = np.array([1.0 / numbers[0], *numbers[1:] / numbers[0] ** 2])
            made.append(Conclusion(f"{says} (${symbol}$)?", *map(float, factor * numbers), unit, list(row["dominant"]),
                                   _bounded(claims.get(f"{name}_bound")), fits(row["equation"], claims)))
        found += [max(made, key=lambda one: one.by[1])] if made else []
    return found


def _bounded(row: Mapping | None) -> str:
    """What a claim of an upper limit says beside that of the paper; nothing where there is none."""
    if row is None or row["value"] is None or row["paper"] is None:
        return ""
    reached = "reached" if row["value"] <= row["paper"] else "not reached"
    return (f"by less than {number(row['value'], None, row['unit'])} (95 %); the paper's "
            f"{number(row['paper'], None, row['unit'])} is {reached}")


@dataclass(frozen=True)
class Forecast:
    """Errors of A_1, 1/l (1/kpc) and 1/L (1/kpc) that another observation of the same sky would have.

    Parameters
    ----------
    says : str
        What is observed.
    sigma, systematic, known : ndarray, shape (3,)
        Statistical; systematic; and what of that stays if the heliosphere and the interstellar field are known.
    """

    says: str
    sigma: np.ndarray
    systematic: np.ndarray
    known: np.ndarray


def forecasts(run: Run) -> list[Forecast]:
    """What more of the sky, and more events, would do: for the sky that the run has fitted, without noise."""
    seen = run.sky.dec[run.sky.observed.any(axis=1)]
    noise, found, columns = float(np.median(run.sky.sigma[run.sky.observed])), [], run.fit.design
    mean, _ = mean_columns(run.liouville, columns.order, columns.p_index, columns.terms)
    whole = mean @ np.append(1.0, run.fit.theta)
    for says, dec, factor in (("as observed", seen, 1.0), ("the whole sky", run.sky.dec, 1.0),
                              ("ten times the events", seen, 10.0), ("both", run.sky.dec, 10.0)):
        even = even_sky(run.sky.dec, run.sky.ra, dec[0], dec[-1], noise / np.sqrt(factor), run.sky.averaging_deg)
        averaged = (averaging(even) @ whole).reshape(even.footprint.shape)
        sky = even.replace(relative_intensity=np.where(even.footprint, averaged, np.nan))
        other = Run(run.parameters, sky=sky, truth=None, liouville=run.liouville, ensemble=run.ensemble)
        found.append(_errors(says, other))
    return found


def _errors(says: str, run: Run) -> Forecast:
    errors, fit, transport, shifts = run.systematic, run.fit, run.transport, run.transport_shifts
    length = transport.gradient_length
    rows = [(fit.sigma[0], errors.theta[0])]
    if transport.law is not None:
        rows += [(length.sigma / length.value**2, shifts["gradient_length"] / length.value**2),
                 (1e3 * transport.inverse_L.sigma, 1e3 * shifts["inverse_L"])]
    sigma, systematic, known = np.full((3, 3), np.nan)
    for k, (one, moved) in enumerate(rows):
        sigma[k], systematic[k] = one, errors.error(moved)
        known[k] = np.linalg.norm([part for kind, part in errors.by_kind(moved).items() if kind in OF_THE_DETECTOR])
    return Forecast(says, sigma, systematic, known)
