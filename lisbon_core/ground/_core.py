"""What every module leans on: the error a user may cause, the folder of the cache, files written whole."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


class LisbonError(ValueError):
    """A mistake of the user's that one sentence explains: what, its value, what is allowed, what to do next."""


def require(holds, otherwise: str, error: type[LisbonError] = LisbonError) -> None:
    """Refuse with a sentence what does not hold."""
    if not holds:
        raise error(otherwise)


def cache_folder(*rooms: str) -> Path:
    """Folder for what can be recomputed, or a room in it: `LISBON_CACHE`, else `lisbon` in the user's cache folder.

    It is made if it is not there and can be made.

    Raises
    ------
    LisbonError
        If somebody else can write to it: compiled code lies there, which this process would run.
    """
    folder = Path(os.environ.get("LISBON_CACHE")
                  or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lisbon")
    for room in ("", *rooms):
        folder /= room
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and folder.is_dir():  # elsewhere than on Windows
            found = folder.stat()
            if found.st_mode & 0o022 or found.st_uid not in (0, os.getuid()):
                raise LisbonError(f"The cache {folder} is open to others ({stat.filemode(found.st_mode)}, user "
                                  f"{found.st_uid}), whose code could run here: take their right to write "
                                  "(chmod go-w), or set LISBON_CACHE to a folder of your own")
    return folder


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file beside its place and move it there, so that nobody ever reads half of it, even after a power cut.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "new" / "a.txt", "whole")
    ...     (Path(folder) / "new" / "a.txt").read_text()
    'whole'
    """
    path = Path(path)
    content = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
