"""Fields of a dataclass that a user may set: each with its default, what it is, and its range or choices, told once."""

import math
import re
import reprlib
from collections.abc import Mapping
from dataclasses import MISSING, field, fields
from pathlib import Path

from lisbon_core.ground._core import LisbonError


class ParameterError(LisbonError):
    """A run parameter that is unknown, of the wrong type, or out of physics."""


def parameter(default, help: str, **rule):
    """A line of the table: its default (whose type is the parameter's), what it is, and `low` and `high`, or `choices`.
    """
    return field(default=default, metadata={"help": help, **rule})


def parameter_table(cls) -> list[tuple[str, str, str, str, str]]:
    """Name, type, default, range or choices, and meaning of each parameter of a class, as texts."""
    return [(one.name, one.type.__name__, "" if one.default is MISSING else repr(one.default),
             _allowed(**one.metadata), one.metadata["help"]) for one in fields(cls)]


def _allowed(help: str, low=None, high=None, choices=()) -> str:
    return ", ".join(map(str, choices)) if low is None else f"{low:g} to {high:g}"


def documented(cls):
    """The class, with the table of its parameters in its docstring."""
    cls.__doc__ = cls.__doc__.rstrip() + "\n\n    Parameters\n    ----------\n" + "\n".join(
        f"    {name} : {kind}{', default ' * bool(default)}{default}\n"
        f"        {meaning[0].upper()}{meaning[1:]}{'; ' * bool(allowed)}{allowed}."
        for name, kind, default, allowed, meaning in parameter_table(cls))
    return cls


_KINDS = {str: "text", int: "a whole number", float: "a finite number", tuple: "two numbers"}


def checked(name: str, value, default, rule: Mapping, error=ParameterError):
    """A value in the type of the default, and within the range or choices of a rule (`parameter`), or a sentence.

    Of a type that no parameter of a run has, anything goes.
    """
    kind = type(default)
    try:
        value = _typed(kind, value) if kind in _KINDS else value
    except (TypeError, ValueError, OverflowError):
        meaning = rule.get("help", "see `lisbon_core.heliosphere.HeliosphereParameters`")
        raise error(f"{name} is {reprlib.repr(value)}, but it must be {_KINDS[kind]}: {meaning}") from None
    if "low" in rule and not rule["low"] <= value <= rule["high"]:
        raise error(f"{name} is {value}, but it must lie between {rule['low']:g} and {rule['high']:g}: change {name}")
    if value not in rule.get("choices", [value]):
        raise error(f"{name} is {value!r}, but it must be one of {', '.join(map(str, rule['choices']))}: "
                    "choose one of these")
    return value


def _typed(kind: type, value):
    """A value as this type; ValueError or its like where it is none."""
    if kind is str and isinstance(value, str | Path):
        return str(value).encode().decode()  # an error for what is no text in any encoding
    value = value.tolist() if hasattr(value, "tolist") else value  # of numpy
    if kind is tuple and isinstance(value, list | tuple) and len(value) == 2:
        return tuple(_typed(float, part) for part in value)
    if kind is int and re.fullmatch(r"\s*[-+]?[0-9]{1,30}\s*", str(value)):
        return int(value)  # which a float would round beyond 2^53
    number = float(value) if kind in (int, float) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or kind(number) != number:
        raise ValueError
    return kind(number)
