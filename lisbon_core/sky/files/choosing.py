"""Which of the arrays in a file are read: the map, its errors, masks, or counts; and what else was found."""

import re

from lisbon_core.sky.files.conventions import plain
from lisbon_core.sky.files.positions import unusable
from lisbon_core.sky.map import SkyMapError

__all__ = ["choose", "choose_mask"]


def _near(array, main) -> tuple:
    """How closely an array goes with a map: in the same part of the file, of the same number, the same name in it."""
    def number(one):
        return one.version or "".join(re.findall(r"\d+$", one.name))

    return number(array) == number(main), array.extension == main.extension, plain(main.name) in plain(array.name)


def _partner(layer, kinds, main, rivals):
    """The array of some kind that belongs to a map, if there is one that belongs to no other map more closely."""
    fitting = [array for array in layer.of(*kinds) if array is not main
               and not any(_near(array, rival) > _near(array, main) for rival in rivals if rival in layer.arrays)]
    return max(fitting, key=lambda array: _near(array, main), default=None)


def _within(arrays: list, tokens: list[str]) -> list:
    """Arrays that names or numbers choose: of an extension, of an array, or the how manieth map."""
    for token in tokens:
        named = [one for one in arrays if token.lower() in (one.name.lower(), *(x.lower() for x in one.extension if x))]
        if not named and token.isdigit():
            named = [one for one in arrays if one.kind in ("value", "map", "unknown")][int(token) - 1:][:1]
        if not named:
            raise SkyMapError(f"nothing in it is called {token!r} (found: {_listed(arrays)}): choose one of these")
        arrays = named
    return arrays


def _listed(arrays) -> str:
    names = [str(array)[:60] for array in arrays]
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def choose(layers: list, tokens: list[str], log: list) -> tuple:
    """The layer to read and what is what in it: {"map"} or {"data", "background"}, and "sigma", "mask" and so on.

    A named relative intensity comes first, then counts, then what is called a map or an image in general, then what
    nobody knows if it is the only one.
    """
    everything = [array for layer in layers for array in layer.arrays]
    chosen = _within(everything, tokens)
    home = {id(array): layer for layer in layers for array in layer.arrays}
    fit = [array for array in chosen if not unusable(home[id(array)])]
    by_kind = {kind: [array for array in fit if array.kind == kind] for kind in ("value", "map", "unknown", "data")}
    maps, main, background = by_kind["value"], None, None
    if not maps and by_kind["data"]:
        main, maps = by_kind["data"][0], by_kind["data"]
        background = _partner(home[id(main)], ["background"], main, maps)
    if not maps and not [one for one in fit if one.kind == "background"]:
        maps = by_kind["map"] or by_kind["unknown"] or (fit if len(fit) == 1 and tokens else [])
        maps = maps + by_kind["unknown"] * bool(by_kind["map"])
        names = {re.sub(r"[\d_]+$", "", plain(one.name)) for one in maps}
        if not by_kind["map"] and len(names) > 1:
            raise SkyMapError(f"none of {_listed(maps)} is called a relative intensity: name one relative_intensity, "
                              "or two data and background, or choose one in brackets, as in map.fits[NAME]")
    if not maps or (maps[0].kind == "data" and background is None and not tokens):
        raise SkyMapError(_missing(layers, everything, maps))
    main = maps[0]
    if main.kind == "significance":
        raise SkyMapError(f"{main} is a significance, not a relative intensity: give the map of the intensity")
    layer = home[id(main)]
    roles = {"map": main} if background is None else {"data": main, "background": background}
    for role, kinds in (("sigma", ("sigma", "variance", "inverse variance")), ("mask", ("mask",)),
                        ("observed", ("observed",)), ("footprint", ("footprint",))):
        roles[role] = _partner(layer, kinds, main, maps) if background is None or role != "sigma" else None
    roles = {role: array for role, array in roles.items() if array is not None}
    place = [one for one in layer.arrays if one.kind.split()[0] in ("lon", "lat", "pixel", "uniq")]
    used = [*roles.values(), *(place if layer.geometry != "image" else [])]
    ignored = [one for one in everything if not any(one is other for other in used)]
    log.append("used: " + ", ".join(f"{array} as {role}" for role, array in roles.items()))
    if ignored:
        log.append(f"ignored: {_listed(ignored)}")
    if len(maps) > 1:
        log.append(f"mind: {len(maps)} maps found ({_listed(maps)}), the first taken: choose another by its name or "
                   "number in brackets, as in map.fits[2]")
    return layer, roles


def _missing(layers, everything, maps) -> str:
    """Why no map was found."""
    why = next((unusable(layer) for layer in layers if unusable(layer)), "")
    counts = [one for one in everything if one.kind in ("data", "background")]
    odd = [one for one in everything if one.kind == "significance"]
    found = f"(found: {_listed(everything)})"
    if counts and not why:
        other = "background" if counts[0].kind == "data" else "data"
        return f"the file has event counts {counts[0]} but no {other} map {found}: both are needed"
    if odd and not why:
        return f"{odd[0]} is a significance, not a relative intensity {found}: give the map of the intensity"
    if why:
        return why
    return f"there is no relative_intensity {found}: name the column that holds it so, or export the map once more" \
        if everything else "the file holds no table, image or HEALPix map: export the map once more"


def choose_mask(layers: list, tokens: list[str]) -> tuple:
    """The layer and the array of a mask: what is called observed and the like, or the only array there is."""
    home = {id(array): layer for layer in layers for array in layer.arrays if not unusable(layer)}
    everything = [array for layer in layers for array in layer.arrays]
    fit = [array for array in _within(everything, tokens) if id(array) in home]
    fit = [one for one in fit if one.kind == "observed"] or [one for one in fit
                                                             if one.kind in ("map", "unknown", "mask")]
    if len(fit) != 1:
        raise SkyMapError(_missing(layers, everything) if not fit else f"several arrays may be the mask "
                          f"({_listed(fit)}): call one observed, or choose it in brackets")
    if fit[0].kind == "mask" and not tokens:
        raise SkyMapError(f"{fit[0]} leaves open whether 1 is kept or left out: call it observed, 1 for pixels to keep")
    return home[id(fit[0])], fit[0]
