"""The parameters of a run, told once: command line, YAML, sweeps, checks and texts read the table below."""

import difflib
import logging
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import Field, asdict, dataclass, fields, replace
from pathlib import Path

from lisbon_core.ground._core import require
from lisbon_core.ground.fields import ParameterError, checked, documented, parameter
from lisbon_core.ground.reading import parsed

FAST = {"grid_deg": 4.0, "members": 0}  # what --fast sets: a quarter of the orbits and of the pixels, no ensemble
FILES = ("sky_map", "mask", "heliosphere", "response")  # parameters that may name a file


def split_choice(path: str | Path) -> tuple[Path, list[str]]:
    """The file that a value names, and what it chooses in it.

    >>> split_choice("map.fits[BIN2][intensity]")
    (PosixPath('map.fits'), ['BIN2', 'intensity'])
    """
    path = Path(os.path.expanduser(path))
    found = None if path.exists() else re.fullmatch(r"(.+?)((\[[^\[\]]+\])+)", str(path))
    return (Path(found[1]), re.findall(r"\[([^\[\]]+)\]", found[2])) if found else (path, [])


def absolute(value: str | Path) -> str:
    """A value that names a file, or several between semicolons, as they are found from everywhere; any other as it is.
    """
    if ";" in (value := str(value)):
        return ";".join(absolute(one.strip()) for one in value.split(";"))
    path, chosen = split_choice(value)
    return str(path.absolute()) + "".join(f"[{one}]" for one in chosen) if path.is_file() else value


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Sentence part that names what may have been meant, or all there is, unless something else is to be said then."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else otherwise or f"there are {', '.join(known)}."


@documented
@dataclass(frozen=True)
class RunParameters:
    """Parameters of a run; a value of the wrong type, out of its range or none of the choices is refused."""

    sky_map: str = parameter("", "path of a sky map, map.fits[NAME] for one of several; several to be fitted together: "
                                 "a.fits;b.fits, or a list (TOML); empty: the embedded synthetic sky")
    sky_label: str = parameter("", "what the map is, with its energy")
    sigma_default: float = parameter(1e-4, "error of a pixel where the map gives none", low=1e-9, high=1.0)
    averaging_deg: float = parameter(5.0, "radius of the top hat the map has been through, degrees; 0: none",
                                     low=0.0, high=45.0)
    dec_min: float = parameter(-90.0, "lowest declination used, degrees", low=-90.0, high=90.0)
    dec_max: float = parameter(90.0, "highest declination used, degrees", low=-90.0, high=90.0)
    mask: str = parameter("", "path of a table or map whose `observed` is 1 for what is kept; empty: none")
    order: int = parameter(7, "highest Legendre order fitted", low=1, high=20)
    p_index: float = parameter(4.7, "exponent of p/p_0 in Eq. (3), alpha + 2", low=0.0, high=10.0)
    rigidity_TV: float = parameter(4.0, "scale of the response, reported energy over charge, TV",
                                   low=0.1, high=1000.0)
    response: str = parameter("air-shower:0.6", "rigidities seen: mono, lognormal:WIDTH, air-shower:WIDTH, a preset "
                                                "such as icecube-13TeV, or a table")
    rigidity_index: float = parameter(0.0, "power of the rigidity with which A_n and G grow", low=-2.0, high=2.0)
    heliosphere: str = parameter("", "path of a heliosphere, parameters (TOML) or a grid (HDF5); empty: closed form "
                                     "with its defaults")
    field_lon: float = parameter(219.2, "longitude the interstellar field points to, degrees", low=-360.0, high=360.0)
    field_lat: float = parameter(39.9, "latitude the interstellar field points to, degrees", low=-90.0, high=90.0)
    field_frame: str = parameter("ecliptic", "frame of the two", choices=("ecliptic", "icrs", "galactic"))
    field_uG: float = parameter(3.4, "strength of the interstellar field, microgauss", low=0.1, high=20.0)
    polarity: int = parameter(1, "of the solar field that leaves the Sun in the north today", choices=(1, -1))
    epoch: str = parameter("cycle", "of the solar cycle: all of it equally, or that of `polarity`",
                           choices=("cycle", "fixed"))
    samples: int = parameter(16, "orbits a pixel, spread over all that the detector averages; even", low=2, high=4096)
    members: int = parameter(24, "heliospheres and detectors tried for the systematic errors; 0: these are not told",
                             low=0, high=1000)
    boundary_AU: float = parameter(4000.0, "radius at which orbits end, AU", low=500.0, high=50000.0)
    orbits: str = parameter("all", "that count: all, as they ended; those that got out; or those that are calm",
                            choices=("all", "out", "calm"))
    closure: str = parameter("flux-tube", "what closes Eq. (5)", choices=("flux-tube", "uniform"))
    kappa29: float = parameter(1.0, "parallel diffusion coefficient, 1e29 cm^2/s", low=1e-3, high=1e3)
    seed: int = parameter(20060101, "of every random number", low=0, high=2**63 - 1)
    grid_deg: float = parameter(2.0, "step of the analysis grid, degrees", low=1.0, high=10.0)

    def __post_init__(self):
        for one in fields(self):
            value = checked(one.name, getattr(self, one.name), one.default, one.metadata)
            object.__setattr__(self, one.name, value)
        require(self.dec_min < self.dec_max, f"dec_min is {self.dec_min:g} and dec_max {self.dec_max:g}, but dec_min "
                "must be the lower one: exchange them or widen the band", ParameterError)
        require(abs(180.0 / self.grid_deg - round(180.0 / self.grid_deg)) < 1e-9, f"grid_deg is {self.grid_deg:g}, but "
                "180 degrees must hold a whole number of steps: use 2, 3, 4, 5 or 6", ParameterError)

    @classmethod
    def from_mapping(cls, values: Mapping) -> "RunParameters":
        """Parameters from names and values; files that are there are named as they are found from everywhere.

        Raises
        ------
        ParameterError
            For an unknown name, with the nearest known one.
        """
        known = [one.name for one in fields(cls)]
        if "positions" in values:
            logging.getLogger("lisbon").warning("positions is gone, and left out: orbits are spread over the whole "
                                                "year, and samples says how many a pixel")
            values = {name: value for name, value in values.items() if name != "positions"}
        if unknown := [name for name in values if name not in known]:
            raise ParameterError(f"No parameter is called {unknown[0]}: "
                                 f"{suggestion(str(unknown[0]), known, '`lisbon list` shows all of them')}")
        made = cls(**values)
        return replace(made, **{name: absolute(getattr(made, name)) for name in FILES})

    def as_dict(self) -> dict:
        """Names and values, as JSON can hold them."""
        return asdict(self)

    def path(self, name: str) -> Path | None:
        """The file that a parameter names, or None where it is empty."""
        return split_choice(getattr(self, name))[0] if getattr(self, name) else None

    def skies(self) -> list["RunParameters"]:
        """The parameters of each sky that is fitted, with one map each and a seed of its own.

        Raises
        ------
        ParameterError
            If `sky_map` is a list (TOML) that cannot be read, or says what it cannot.
        """
        path = self.path("sky_map")
        listed = _listed_skies(self.sky_map, path) if path and path.suffix == ".toml" else [
            {"sky_map": one.strip()} for one in self.sky_map.split(";")]
        return [replace(self, **one, seed=self.seed ^ number) for number, one in enumerate(listed)]

    def files(self) -> list[Path]:
        """Files that a run reads, of all its skies."""
        named = [one.path(name) for one in (self, *self.skies()) for name in FILES]
        return list(dict.fromkeys(path for path in named if path and path.is_file()))

    @property
    def scale_TV(self) -> float:
        """Scale of the response: that of the preset it names, else `rigidity_TV`."""
        from lisbon_core.ground.response import presets

        energy = presets().get(self.response, {}).get("energy_TeV", self.rigidity_TV)
        require(self.rigidity_TV in (energy, RunParameters.rigidity_TV),
                f"rigidity_TV is {self.rigidity_TV:g}, but the response {self.response} is one of {energy:g} TV: leave "
                "rigidity_TV out, or take air-shower:0.6, whose scale it is", ParameterError)
        return energy


OF_A_SKY = ("sky_map", "sky_label", "sigma_default", "averaging_deg", "dec_min", "dec_max", "mask", "rigidity_TV",
            "response")


def _listed_skies(name: str, path: Path) -> list[dict]:
    """What a list of skies (TOML) says of each; files are looked for beside it."""
    content = _toml("sky_map", name, "a map, or of a list of maps")
    skies = content["sky"] if content.keys() == {"sky"} and isinstance(content["sky"], list) else []
    if not skies or any(not isinstance(one, dict) or one.keys() - set(OF_A_SKY) or not one.get("sky_map")
                        or re.search(r";|\.toml$", str(one["sky_map"])) for one in skies):
        raise ParameterError(f"{name} is no list of skies: begin each with a line [[sky]], then give its sky_map, one "
                             f"map, and what holds for this sky alone, of {', '.join(OF_A_SKY)}")
    for one in skies:
        for key in one.keys() & set(FILES):
            if split_choice(beside := path.parent / str(one[key]))[0].is_file():
                one[key] = absolute(beside)
    return skies


OF_THE_FIELD = ("field_lon", "field_lat", "field_frame", "field_uG", "polarity")


def heliosphere_parameters(parameters: RunParameters):
    """Parameters of the closed-form heliosphere: those of the run, overridden by its parameter file where there is one.

    Raises
    ------
    ParameterError
        If the file is missing, no TOML, or holds an unknown name; if it holds a field on a grid and the run asks for
        another interstellar field than the default, which the grid would not follow.
    """
    from lisbon_core.ground.frames import spread_directions
    from lisbon_core.heliosphere import HeliosphereParameters, is_gridded

    values = {name: getattr(parameters, name) for name in OF_THE_FIELD}
    path = parameters.path("heliosphere")
    if path and is_gridded(path):
        for name, value in values.items():
            require(value == getattr(RunParameters, name), f"{name} is {value!r}, but {parameters.heliosphere} brings "
                    f"its own field: leave {name} out", ParameterError)
    elif path:
        values |= _from_toml(parameters.heliosphere, {one.name: one for one in fields(HeliosphereParameters)})
    found = HeliosphereParameters(**values)
    wall = found.surfaces(spread_directions(200))[1]
    require(1.1 < found.nearest_shock_AU < wall.max() < parameters.boundary_AU,
            f"boundary_AU is {parameters.boundary_AU:g} and the heliosphere reaches from a shock at "
            f"{found.nearest_shock_AU:.3g} to {wall.max():.4g} AU, but orbits start at 1 AU, inside the shock, and end "
            "outside the heliopause: change shock_AU, tail_AU or boundary_AU", ParameterError)
    return found


def _toml(parameter: str, path: str, instead: str) -> dict:
    """Content of a file that a parameter names."""
    return parsed(split_choice(path)[0], tomllib.loads, lambda why: ParameterError(
        f"{parameter} is {path!r}, which cannot be read as TOML ({why}): give the path of {instead}"))


def _from_toml(name: str, known: dict[str, Field]) -> dict:
    """What a parameter file of a heliosphere holds, checked."""
    values = _toml("heliosphere", name, "a parameter file or of a field on a grid (HDF5)")
    if unknown := sorted(values.keys() - known.keys()):
        raise ParameterError(f"{name} holds {unknown[0]!r}, but a heliosphere knows {', '.join(known)}: "
                             "use these names")
    try:
        return {key: checked(key, value, known[key].default, known[key].metadata) for key, value in values.items()}
    except ParameterError as error:
        raise ParameterError(f"{name}: {error}") from None
