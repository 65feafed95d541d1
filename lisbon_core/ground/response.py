"""What a detector sees: the rigidities behind one reported energy.

A shower tells an energy E per nucleus, within a resolution, and hardly its charge; what bends an orbit is the rigidity
R = E/Z. A nucleus of mass A and energy E makes a shower like A nucleons of energy E/A, each of a size that grows as
E^a beyond its maximum (a is the age of the shower), so its size is that of a proton of energy

    E_p = E A^-(a-1)/a,

and at one size the flux of each group of nuclei, E dN/dE = c E^-g, counts with E = E_p A^(a-1)/a: heavy nuclei are seen
at a higher energy, and so more rarely. A response is kept as the quantiles of R: a number drawn evenly between 0 and 1
becomes a rigidity, from which one low-discrepancy sequence draws it together with season and direction.
"""

import functools
import math
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import ndtr, ndtri

from lisbon_core.ground._core import LisbonError
from lisbon_core.ground.reading import parsed

RESPONSES = Path(__file__).resolve().parents[2] / "data" / "responses.toml"
WIDEST = 3.0  # standard deviations: beyond, a normal law of ln E says nothing of a detector
EVEN = (np.arange(1024) + 0.5) / 1024


class ResponseError(LisbonError):
    """A response that cannot be: what is wrong with which number."""


@dataclass(frozen=True)
class Response:
    """Rigidities that a detector sees.

    Attributes
    ----------
    name, says : str
        As it is called, and in a sentence with its sources.
    scale_TV : float
        Rigidity to which A_n, G and p_0 refer: the reported energy over the charge of a proton.
    quantiles_TV : tuple of float
        Rigidities at evenly spaced probabilities (i + 1/2)/n, never falling.
    """

    name: str
    says: str
    scale_TV: float
    quantiles_TV: tuple[float, ...]

    def __post_init__(self):
        values = np.asarray(self.quantiles_TV)
        if not (np.all(np.isfinite(values)) and np.all(values > 0.0) and np.all(np.diff(values) >= 0.0)):
            raise ResponseError(f"response {self.name} holds a rigidity that is not positive and finite: correct it")

    def rigidity(self, probability) -> np.ndarray:
        """Rigidity in TV below which that share of the events lies.

        >>> mono(4.0).rigidity([0.1, 0.9]).tolist()
        [4.0, 4.0]
        """
        at = np.asarray(probability) * len(self.quantiles_TV)
        return np.asarray(self.quantiles_TV)[np.clip(at.astype(int), 0, len(self.quantiles_TV) - 1)]

    @property
    def median_TV(self) -> float:
        """Rigidity that half of the events exceed."""
        return float(np.median(self.quantiles_TV))


def mono(rigidity_TV: float) -> Response:
    """One rigidity for all."""
    return Response("mono", f"one rigidity, {rigidity_TV:g} TV", rigidity_TV, (float(rigidity_TV),))


def log_normal(median_TV: float, width: float) -> Response:
    """ln R normal with this width, cut at three widths.

    >>> float(round(np.log(log_normal(4.0, 0.5).rigidity(0.84134) / 4.0), 2))
    0.5
    """
    if not 0.0 < width <= 3.0:
        raise ResponseError(f"the width of ln R is {width}, but it must lie between 0 and 3: change it, or use mono")
    normal = ndtri(ndtr(-WIDEST) + EVEN * (ndtr(WIDEST) - ndtr(-WIDEST)))
    return Response(f"lognormal:{width:g}", f"rigidities spread about {median_TV:g} TV, {width:g} in ln R", median_TV,
                    tuple(median_TV * np.exp(width * normal)))


def table(path: str | Path, scale_TV: float) -> Response:
    """Rigidities (TV) with weights from a table of two columns; the first line may name them.

    Raises
    ------
    ResponseError
        If it cannot be read, or a number is not positive.
    """
    def numbers(text: str) -> np.ndarray:
        rows = [line.replace(",", " ").split() for line in text.splitlines() if line.strip() and line[0] != "#"]
        values = np.array([[float(one) for one in row] for row in rows if row[0][0] not in "rR"])
        if values.ndim != 2 or values.shape[1] != 2:
            raise ValueError("it must have two columns, rigidity_TV and weight")
        return values

    values = parsed(path, numbers, lambda why: ResponseError(
        f"response {path} cannot be read ({why}): give a table of rigidity_TV and weight, or one of "
        f"{', '.join(presets())}, mono, lognormal:0.4"), most=2**20)
    if not (np.all(np.isfinite(values)) and np.all(values > 0.0)):
        raise ResponseError(f"response {path} holds a number that is not positive and finite: correct it")
    rigidity, weight = values.T
    return Response(str(path), f"table {Path(path).name}", scale_TV,
                    tuple(np.quantile(rigidity, EVEN, weights=weight, method="inverted_cdf")))


@functools.cache
def _facts() -> dict:
    return tomllib.loads(RESPONSES.read_text(encoding="utf-8"))


def presets() -> dict[str, dict]:
    """Named responses of experiments, from data/responses.toml."""
    return _facts()["preset"]


def air_shower(energy_TeV: float, width: float, size_exponent: float | None = None,
               name: str = "air-shower") -> Response:
    """Rigidities behind one reported energy of an air-shower array: five groups of nuclei, each with the resolution.

    Parameters
    ----------
    energy_TeV : float
        Energy that a proton would have: arrays are calibrated with protons.
    width : float
        Of ln E at one reported energy.
    size_exponent : float, optional
        a above; 1 would be a calorimeter, which sees every nucleus at its energy.
    name : str
        What it is called.

    References
    ----------
    data/responses.toml names them.
    """
    facts, a = _facts()["composition"], _facts()["shower"]["size_exponent"] if size_exponent is None else size_exponent
    if a < 1.0:
        raise ResponseError(f"size_exponent is {a}, but a shower's size grows at least as its energy: give 1 or more")
    charge, mass, flux, index = (np.array(facts[key], dtype=float)[:, None]
                                 for key in ("charge", "mass", "flux", "index"))
    proton = energy_TeV * np.asarray(log_normal(1.0, width).quantiles_TV)
    energy = proton * mass ** ((a - 1.0) / a)  # of each group, shape (5, n): quantiles of the resolution
    share = np.broadcast_to(flux * (1e3 * energy_TeV * mass ** ((a - 1.0) / a)) ** -index, energy.shape).ravel()
    rigidity = (energy / charge).ravel()
    order = np.argsort(rigidity)
    share = share[order]
    middle = np.cumsum(share) / share.sum() - 0.5 * share / share.sum()
    return Response(name, f"air showers of {energy_TeV:g} TeV: five groups of nuclei, {width:g} in ln E", energy_TeV,
                    tuple(np.interp(EVEN, middle, rigidity[order])))


def response(text: str, scale_TV: float) -> Response:
    """The response that a parameter names.

    Parameters
    ----------
    text : str
        A preset; `mono`; `lognormal:WIDTH`; `air-shower:WIDTH` or `air-shower:WIDTH:SIZE_EXPONENT`; or the path of a
        table of rigidity_TV and weight.
    scale_TV : float
        Its scale; a preset brings its own.

    Raises
    ------
    ResponseError
        If it is none of these.

    >>> response("tibet-4TeV", 4.0).median_TV < 4.0 < response("lognormal:0.4", 5.0).median_TV
    True
    """
    if text in presets():
        chosen = presets()[text]
        return air_shower(chosen["energy_TeV"], chosen["width"], name=text)
    kind, _, width = text.partition(":")
    if text == "mono":
        return mono(scale_TV)
    if kind in ("lognormal", "air-shower"):
        try:
            width, *exponent = map(float, width.split(":"))
        except ValueError:
            raise ResponseError(f"response is {text!r}, but behind {kind}: a width of ln E must stand, as in "
                                f"{kind}:0.4") from None
        return log_normal(scale_TV, width) if kind == "lognormal" else air_shower(scale_TV, width, *exponent[:1])
    return table(text, scale_TV)


def varied(text: str, scale_TV: float, width: float = 0.0, size_exponent: float = 0.0,
           energy: float = 0.0) -> Response:
    """A response off by so many of its stated errors: width, growth of showers, scale of energies; its scale stays.

    Of a response that is no air shower only the rigidities are scaled.

    >>> bool(varied("mono", 4.0, energy=1.0).quantiles_TV[0] > 4.0)
    True
    """
    shower = _facts()["shower"]
    factor = math.exp(energy * shower["energy_sigma"])
    if text in presets() or text.startswith("air-shower:"):
        facts = presets().get(text) or {"width": float(text.split(":")[1]), "width_sigma": shower["width_sigma"]}
        exponent = float((text.split(":")[2:] or [shower["size_exponent"]])[0])
        made = air_shower(factor * scale_TV, max(facts["width"] + width * facts["width_sigma"], 0.1),
                          max(exponent + size_exponent * shower["size_exponent_sigma"], 1.0))
    else:
        made = response(text, scale_TV)
        made = replace(made, quantiles_TV=tuple(factor * np.asarray(made.quantiles_TV)))
    return replace(made, name=f"{text} varied", scale_TV=scale_TV)
