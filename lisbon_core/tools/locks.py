"""One process at a time: a lock on a folder or a file, which ends with the process that holds it, however that ends."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from lisbon_core._core import LisbonError, cache_folder

try:
    import fcntl
except ImportError:  # no such locks on this system: nothing is locked
    fcntl = None

__all__ = ["LockedError", "check_cache", "only_one", "wait_for_turn"]

ROOM = 50e6  # bytes that a run, or the compiled tracer and a map, may need


class LockedError(LisbonError):
    """A folder in which another run is at work."""


def check_cache() -> None:
    """Refuse a cache folder that cannot be written to, or has no room, before hours of orbits are lost there.

    Raises
    ------
    LockedError
        In one sentence.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise LockedError(f"Cannot write to the cache {folder} ({error.strerror or error}): set LISBON_CACHE to a "
                          "folder you may write to.") from error
    _check_room(folder, "the cache", "set LISBON_CACHE to another folder")


def _check_room(folder: Path, what: str, way_out: str) -> None:
    if (free := shutil.disk_usage(folder).free) < ROOM:
        raise LockedError(f"There are only {free / 1e6:.0f} MB left for {what} {folder}, and {ROOM / 1e6:.0f} may be "
                          f"needed: make room, or {way_out}.")


@contextlib.contextmanager
def only_one(folder: Path):
    """Hold a folder, made if need be; refuse if another process holds it.

    Raises
    ------
    LockedError
        If another process is at work in it, it cannot be written to, or the disk is full.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise LockedError(f"{folder} is a file: name a folder, which is made if it is not there.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = _take(folder / ".lock", wait=False)
    except BlockingIOError:
        raise LockedError(f"Another run is at work in {folder}: wait for its end, or name another folder."
                          ) from None
    except OSError as error:
        raise LockedError(f"Cannot write to {folder} ({error.strerror or error}): name a folder you may write to."
                          ) from error
    with _held(folder / ".lock", handle):
        _check_room(folder, "the folder", "name another folder")
        yield


@contextlib.contextmanager
def wait_for_turn(path: Path):
    """Hold a lock file until the block ends, waiting while another process holds it; no lock where none can be made."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handle = _take(Path(path), wait=True)
    except OSError:  # a folder that can only be read: nothing will be written there either
        yield
        return
    with _held(Path(path), handle):
        yield


def _take(path: Path, wait: bool) -> int:
    """File descriptor of a locked file; the file is the one that stands at `path`, not one just removed."""
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                return handle
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


@contextlib.contextmanager
def _held(path: Path, handle: int):
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(handle)
