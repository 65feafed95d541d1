"""Files that a user gives: the one door through which maps, simulations, parameters, answers and records come in."""

import bz2
import contextlib
import gzip
import io
import lzma
import os
import warnings
from collections.abc import Callable
from pathlib import Path

from lisbon_core.ground._core import LisbonError

PACKED = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ": lzma}


def content_of(path: str | Path, most: int, advice: str = "make it smaller") -> bytes:
    """Content of a file, unpacked if it is packed: gzip, bzip2, xz; `~` is the user's home.

    Raises
    ------
    Refused
        If it is a folder, a device or a pipe, or holds more than `most` bytes, packed or not.
    """
    from lisbon_core.ground.hdf5 import Refused  # it brings numpy, which a command need not wait for to begin

    path = os.path.expanduser(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise Refused("this is a folder, a device or a pipe: give the path of a regular file")
    with open(path, "rb") as stream:
        content = stream.read(most + 1)
    packer = next((packer for start, packer in PACKED.items() if content.startswith(start)), None)
    if packer and len(content) <= most:
        with packer.open(io.BytesIO(content)) as stream:
            content = stream.read(most + 1)
    if len(content) > most:
        size = f"{most >> 20} MiB" if most >> 20 else f"{most >> 10} KiB"
        raise Refused(f"it holds more than {size}: {advice}")
    return content


@contextlib.contextmanager
def explained(path: str | Path, refusal: type[LisbonError], kind: str = "", advice: str = "try another copy or format"):
    """Errors of reading a file, as something of some kind, as one sentence that names it; warnings stay inside."""
    import numpy as np

    from lisbon_core.ground.hdf5 import Refused

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message=".*truncated.*")
            yield
    except FileNotFoundError:
        raise refusal(f"{path}: there is no such file: correct the path") from None
    except (LisbonError, Refused) as error:
        raise refusal(f"{path}: {error}") from None
    except Exception as error:  # what the readers of a format raise, of any class: the one place that catches it
        why = " ".join(str(error).split())[:200]
        raise refusal(f"{path}: cannot be read{kind and f' as {kind}'}: {type(error).__name__} {why}: {advice}") \
            from error


def parsed(path: str | Path, parse: Callable[[str], object], refusal: Callable[[str], LisbonError], *,
           most: int = 2**16):
    """What a parser makes of the text of a file; whatever it raises, of any class, is caught here.

    Parameters
    ----------
    path : path
        As `content_of` takes it.
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
    try:
        return parse(content_of(path, most).decode("utf-8-sig"))
    except LisbonError:
        raise
    except Exception as error:
        raise refusal(getattr(error, "strerror", None) or " ".join(str(error).split())[:200]) from None
