"""What a sweep runs: from `name=values` on the command line or in a file to a list of checked run parameters.

    order=3,5,7                     a list
    field_lon=210:230:5             a grid: first, last and step, both ends included
    field_uG=uniform(2,4)           a law to draw from: uniform, loguniform (low, high) or normal (mean, deviation)

All combinations of lists and grids are run, each with every draw. Draws are points of a scrambled Sobol sequence: they
fill the space more evenly than independent ones, and a larger number of them continues the same sequence.
"""

import itertools
import math
import re
from dataclasses import dataclass, fields

import numpy as np
from scipy import stats

from lisbon_core.ground._core import LisbonError, require
from lisbon_core.parameters import FILES, ParameterError, RunParameters, suggestion
from lisbon_core.run import check_inputs

MOST = 1_000_000
_OF_THE_MAP = ("sky_map", "rigidity_TV", "heliosphere", "field_lon", "field_lat", "field_frame", "field_uG", "polarity",
               "response", "epoch", "samples", "seed", "boundary_AU", "orbits", "grid_deg")
KINDS = {field.name: field.type for field in fields(RunParameters)}
_LAWS = {"uniform": ("(low,high)", lambda low, high: stats.uniform(low, high - low)),
         "loguniform": ("(low,high), both positive", lambda low, high: stats.loguniform(low, high)),
         "normal": ("(mean,deviation)", lambda mean, deviation: stats.norm(mean, deviation))}
_ENDS = 1e-9, 1.0 - 1e-9  # of what is drawn: a value at the very edge of a normal law would be infinite


@dataclass(frozen=True)
class Plan:
    """Runs of a sweep, none twice, and the names of the parameters in which they may differ."""

    runs: tuple[RunParameters, ...]
    varied: tuple[str, ...]


def plan(settings: dict, *, sample: int | None = None, seed: int = 0) -> Plan:
    """Every run of a sweep, checked: types, ranges, names, and that each file can be read.

    Parameters
    ----------
    settings : dict
        Parameter names, and for each one value, a list of values, or a text as above.
    sample, seed : int
        Number of draws, needed if and only if there is a law to draw from, and what they start from.

    Raises
    ------
    LisbonError
        In one sentence, before anything runs.
    """
    choices = {name: _values(name, given) for name, given in settings.items()}
    laws = {name: law for name, law in choices.items() if not isinstance(law, list)}
    # what the Liouville map depends on varies fastest: so several maps are traced at once, and others find them made
    lists = {name: choices[name] for name in sorted(choices, key=_OF_THE_MAP.__contains__) if name not in laws}
    require(bool(laws) == bool(sample),
            f"--sample is {sample or 'not given'}, but {next(iter(laws), 'no parameter')} is drawn from a law: give "
            "both, such as field_lon=uniform(210,230) and --sample 64, or neither")
    count = math.prod(map(len, lists.values())) * (sample or 1)
    require(count <= MOST, f"this sweep has {count} runs, more than {MOST}: use fewer values, or --sample")
    draws = _draw(laws, sample, seed) if laws else [{}]
    runs = dict.fromkeys(RunParameters.from_mapping(dict(zip(lists, values, strict=True)) | draw)
                         for values in itertools.product(*lists.values()) for draw in draws)
    for one in {named_files(one): one for one in reversed(runs)}.values():
        check_inputs(one)  # the first run of each set of files
    varied = [name for name in KINDS if len({getattr(one, name) for one in runs}) > 1]
    return Plan(tuple(runs), tuple(varied))


def named_files(one: RunParameters) -> tuple[str, ...]:
    """The files that parameters name."""
    return tuple(getattr(one, name) for name in FILES)


def _values(name: str, given):
    """Values of one parameter as a list, or the law to draw them from as a distribution of scipy."""
    require(name in KINDS, f"No parameter is called {name}: {suggestion(name, KINDS)}", ParameterError)
    is_number = KINDS[name] is not str
    if not isinstance(given, str) or name == "sky_label":  # which may hold commas
        values = [*given] if isinstance(given, list | tuple) else [given]
    elif is_number and (call := re.fullmatch(r"\s*(\w+)\s*\((.*)\)\s*", given)):
        return _law(name, *call.groups())
    else:
        values = _grid(name, given) if is_number and ":" in given else [part.strip() for part in given.split(",")]
    require(values and not (is_number and "" in values),
            f"{name} is given no value: write {name}=a,b,c or {name}=first:last:step")
    return values


def _grid(name: str, text: str) -> list[float]:
    try:
        first, last, step = map(float, text.split(":"))
    except ValueError:
        first = last = step = math.nan
    require(-math.inf < first <= last < math.inf and 0.0 < step < math.inf,
            f"{name}={text} is no grid: write {name}=first:last:step, finite numbers with a positive step and the last "
            "not below the first")
    count = (last - first) / step + 1.0 + 1e-9
    require(count <= MOST + 1.0, f"{name}={text} has {count:.0f} values, more than {MOST}: take a larger step")
    return [float(f"{first + k * step:.12g}") for k in range(int(count))]


def _law(name: str, law: str, inside: str):
    text = f"{name}={law}({inside})"
    require(law in _LAWS, f"{text} names no law to draw from: {suggestion(law, _LAWS)}")
    require(KINDS[name] is not int, f"{text} draws fractions, but {name} is a whole number: give a list")
    form, make = _LAWS[law]
    try:
        made = make(*map(float, inside.split(",")))
        with np.errstate(invalid="ignore"):
            if np.all(np.isfinite(made.ppf(_ENDS))):
                return made
    except (TypeError, ValueError):
        pass
    raise LisbonError(f"{text} is no law to draw from: write {name}={law}{form}")


def _draw(laws: dict, sample: int, seed: int) -> list[dict]:
    """Draws of all laws together: the first points of a scrambled Sobol sequence."""
    sequence = stats.qmc.Sobol(len(laws), rng=seed).random_base2(max(0, (sample - 1).bit_length()))[:sample]
    return [{name: float(f"{law.ppf(u):.10g}") for (name, law), u in zip(laws.items(), point, strict=True)}
            for point in sequence.clip(*_ENDS)]
