"""Texts that a user gives: the one door through which parameters, answers, tables and records come in."""

import os
from collections.abc import Callable
from pathlib import Path

from lisbon_core._core import LisbonError


def parsed(path: str | Path, parse: Callable[[str], object], refusal: Callable[[str], LisbonError], *,
           most: int = 2**16):
    """What a parser makes of the text of a file; whatever it raises, of any class, is caught here.

    Parameters
    ----------
    path : path
        A regular file; `~` is the user's home.
    parse : function
        From its text to what is meant.
    refusal : function
        From the reason why that cannot be, to the exception that says so.
    most : int
        Largest size, bytes. Parsers may take a second for a tenth of a megabyte.

    Raises
    ------
    LisbonError
        What `refusal` makes of the reason, or what the parser raised if it is a LisbonError.
    """
    path = os.path.expanduser(path)
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise ValueError("this is a folder, a device or a pipe")
        with open(path, "rb") as stream:
            content = stream.read(most + 1)
        if len(content) > most:
            raise ValueError(f"it holds more than {most >> 10} KiB")
        return parse(content.decode("utf-8-sig"))
    except LisbonError:
        raise
    except Exception as error:
        raise refusal(getattr(error, "strerror", None) or " ".join(str(error).split())[:200]) from None
