"""One run at a time in a folder, and room and rights for what it writes, seen to before hours of orbits are lost."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

from lisbon_core._core import LisbonError, cache_folder

__all__ = ["LOCK", "LockedError", "check_cache", "only_one"]

LOCK = ".lisbon.lock"  # left behind, empty: to remove it would give the folder to two at once
ROOM = 50e6  # bytes that a run, or the compiled tracer and a map, may need


class LockedError(LisbonError):
    """A folder in which another run is at work, or where nothing can be written."""


def _check(folder: Path, what: str, way_out: str) -> None:
    """Make a folder; refuse one that cannot be written to, or has no room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise LockedError(f"Cannot write to the {what} {folder} ({error.strerror or error}): {way_out.format('a')} you "
                          "may write to.") from error
    if (free := shutil.disk_usage(folder).free) < ROOM:
        raise LockedError(f"There are only {free / 1e6:.0f} MB left for the {what} {folder}, and {ROOM / 1e6:.0f} may "
                          f"be needed: make room, or {way_out.format('another')}.")


def check_cache() -> None:
    """Refuse a cache folder that cannot be written to, or has no room.

    Raises
    ------
    LockedError
        In one sentence.
    """
    _check(cache_folder(), "cache", "set LISBON_CACHE to {} folder")


@contextlib.contextmanager
def only_one(folder: Path):
    """Hold a folder, made if need be; refuse if another process holds it. The hold ends with the process.

    Raises
    ------
    LockedError
        If another process is at work in it, it cannot be written to, or the disk is full.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise LockedError(f"{folder} is a file: name a folder, which is made if it is not there.")
    _check(folder, "folder", "name {} folder")
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout:
        raise LockedError(f"Another run is at work in {folder}: wait for its end, or name another folder.") from None
