"""Which of the arrays in a file are read: the map, its errors, masks, or counts; and what else was found."""

import re
from dataclasses import replace

import numpy as np

from lisbon_core.sky.files.conventions import numbers, plain
from lisbon_core.sky.files.positions import unusable
from lisbon_core.sky.map import SkyMapError, require

PLACES = ("pixel", *(f"{axis}{frame}" for axis in ("lon", "lat") for frame in ("", " icrs", " galactic", " ecliptic")))
PARTNERS = {"sigma": ("sigma", "variance", "inverse variance"), "mask": ("mask",), "observed": ("observed",),
            "footprint": ("footprint",)}


def _near(array, main) -> tuple:
    """How closely an array goes with a map: of the same number, in the same part of the file, with its name in it."""
    numbers = [str(one.header.get("EXTVER") or "".join(re.findall(r"\d+$", one.name))) for one in (array, main)]
    return numbers[0] == numbers[1], array.part == main.part, plain(main.name) in plain(array.name)


def _partner(layer, kinds, main):
    """The array of some kind that belongs to a map, if there is one that belongs to no other more closely."""
    maps = layer.of("value", "map", "unknown", "data")
    fitting = [array for array in layer.of(*kinds) if array is not main
               and _near(array, main) == max(_near(array, one) for one in [main, *maps])]
    return max(fitting, key=lambda array: _near(array, main), default=None)


def of_one_plane(layers: list, tokens: list[str]) -> tuple[list, list[str]]:
    """Tables that hold a map for each energy, with the rows of the one that `log_e=6.1` chooses; the other tokens.

    Raises
    ------
    SkyMapError
        If no column is called so, none of its rows has that value, or none is chosen of several.
    """
    tables = [(layer, column) for layer in layers if layer.geometry != "image" for column in layer.arrays]
    for token in (one for one in tokens if "=" in one):
        name, value = (part.strip() for part in token.split("=", 1))
        layer, column = next((one for one in tables if one[1].name.lower() == name.lower()), (None, None))
        require(layer, f"no column is called {name!r} (found: {_listed(one for _, one in tables)}): choose one")
        rows, found = _different(column)
        require(value in found, f"no row has {name} = {value}: choose one of {_listed(found)}")
        some = rows == found.index(value)
        layers = [replace(layer, arrays=[replace(one, values=one.values[some]) for one in layer.arrays])]
        tables = [(layers[0], one) for one in layers[0].arrays]
    for layer, column in tables:
        place = [numbers(one) for one in layer.of(*PLACES)]
        found = _different(column)[1] if column.kind == "energy" and place else []
        if len(found) > 1 and np.unique(place, axis=1).shape[1] < column.values.size:
            raise SkyMapError(f"there is a map for each {column.name} of {_listed(found)}: choose one in brackets, as "
                              f"in map.csv[{column.name}={found[0]}]")
    return layers, [one for one in tokens if "=" not in one]


def _different(column) -> tuple[np.ndarray, list[str]]:
    """Which of its values each row of a column has, and these as text."""
    values, rows = np.unique(numbers(column), return_inverse=True)
    return rows, [f"{value:.6g}" for value in values]


def _within(arrays: list, tokens: list[str]) -> list:
    """Arrays that names or numbers choose: of an extension, of an array, or the how manieth map."""
    for token in tokens:
        fit = [one for one in arrays if token.lower() in (one.name.lower(), *one.part.lower().split(" ", 1))]
        if not fit and token.isdigit():
            fit = [one for one in arrays if one.kind in ("value", "map", "unknown")][int(token) - 1:][:1]
        require(fit, f"nothing in it is called {token!r} (found: {_listed(arrays)}): choose one of these")
        arrays = fit
    return arrays


def _listed(arrays) -> str:
    arrays = list(arrays)
    return ", ".join(str(array)[:60] for array in arrays[:12]) + f" and {len(arrays) - 12} more" * (len(arrays) > 12)


def _open(layers: list, tokens: list[str]) -> tuple[list, list, dict]:
    """All arrays, those of them that are chosen and can be placed on the sky, and their layers."""
    home = {id(array): layer for layer in layers for array in layer.arrays}
    everything = [array for layer in layers for array in layer.arrays]
    fit = [array for array in _within(everything, tokens) if not unusable(home[id(array)])]
    require(fit, next(map(unusable, layers), "the file holds no table, image or HEALPix map: export it again"))
    return everything, fit, home


def choose(layers: list, tokens: list[str], log: list) -> tuple:
    """The layer to read and what is what in it: "map", or "data" and "background", and its "sigma", "mask" and so on.

    A named relative intensity comes first, then counts, then what is called a map in general, then what nobody knows,
    if it is one thing; `tokens` narrow the choice.

    Raises
    ------
    SkyMapError
        If there is no map, or which is one is not clear.
    """
    everything, fit, home = _open(layers, tokens)
    value, data, general, unknown = ([one for one in fit if one.kind == kind]
                                     for kind in ("value", "data", "map", "unknown"))
    background = _partner(home[id(data[0])], ["background"], data[0]) if data and not value else None
    counts = "" if tokens else next((one for one in fit if one.kind in ("data", "background")), "")
    maps = value or (background and data) or (general + unknown if not counts else []) or fit * (tokens != []) * (
        len(fit) == 1)
    if not maps or maps[0].kind == "significance":
        lost = counts and f"event counts {counts}, but no {'background' if counts.kind == 'data' else 'data'}, and "
        odd = next((f", and {one} is a significance" for one in fit if one.kind == "significance"), "")
        raise SkyMapError(f"the file has {lost}no relative intensity (found: {_listed(everything)}{odd}): give one, or "
                          "both data and background")
    stems = {re.sub(r"[\d_]+$", "", plain(one.name)) for one in maps}
    require(maps[0].kind != "unknown" or len(stems) == 1, f"none of {_listed(maps)} is called a relative intensity: "
            "call one so, or two data and background, or choose one in brackets, as in map.fits[NAME]")
    main, layer = maps[0], home[id(maps[0])]
    others = {role: _partner(layer, kinds, main) for role, kinds in PARTNERS.items()} if not background else {}
    roles = {"data" if background else "map": main, "background": background} | others
    roles = {role: array for role, array in roles.items() if array}
    place = [one for one in layer.arrays if one.kind.split()[0] in ("lon", "lat", "pixel", "uniq")]
    ignored = [one for one in everything if one not in [*roles.values(), *place]]
    log.append("used: " + ", ".join(f"{array} as {role}" for role, array in roles.items()))
    if ignored:
        log.append(f"ignored: {_listed(ignored)}")
    if lost := [one for one in ignored if one not in layer.arrays and not background and any(
            one.kind in PARTNERS[role] and role not in roles for role in ("sigma", "mask", "observed"))]:
        log.append(f"mind: {_listed(lost)}: on other pixels than the map, by what the file says, and so not used")
    if main.kind == "unknown":
        log.append(f"mind: {main.name} is no name of a relative intensity: taken as one, for want of another")
    if len(maps) > 1:
        log.append(f"mind: {len(maps)} maps found ({_listed(maps)}), the first taken: a name or number in brackets "
                   "chooses another, as in map.fits[2]")
    return layer, roles


def choose_mask(layers: list, tokens: list[str]) -> tuple:
    """The layer and the array of a mask: what is called observed and the like, or the only array there is.

    Raises
    ------
    SkyMapError
        If there is none, or which is one is not clear.
    """
    everything, fit, home = _open(layers, tokens)
    fit = [one for one in fit if one.kind == "observed"] or [
        one for one in fit if one.kind in ("map", "unknown") or (tokens and one.kind == "mask")]
    require(len(fit) == 1, f"{len(fit)} arrays of {_listed(everything)} may be the mask: call one observed, 1 for "
            "pixels to keep, or choose it in brackets")
    return home[id(fit[0])], fit[0]
