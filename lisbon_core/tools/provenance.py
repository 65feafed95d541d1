"""What a run says of itself: commit, versions, hashes of inputs; and the folder that it writes to.

A folder holds one run at a time; room and rights for what it writes are seen to before hours of orbits are lost.
"""

import contextlib
import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from lisbon_core._core import LisbonError, cache_folder, write_atomically
from lisbon_core.tools.inputs import NOTEBOOKS as NOTEBOOKS
from lisbon_core.tools.inputs import ROOT, input_hash, sha256

PACKAGES = ("astropy", "astropy-healpix", "ipykernel", "jupytext", "lisbon_core", "matplotlib", "numba", "numpy",
            "papermill", "scipy")
LOCK = ".lisbon.lock"  # left behind, empty: to remove it would give the folder to two at once
ROOM = 50e6  # bytes that a run, or the compiled tracer and a map, may need


def write_json(path: Path, data) -> None:
    """Write strict JSON (no NaN, no infinity, which claims and parameters refuse) whole or not at all."""
    write_atomically(path, json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def git_state(root: Path = ROOT) -> dict:
    """Commit and whether files differ from it; both None outside a git checkout of Lisbon itself."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        if Path(git("rev-parse", "--show-toplevel")).resolve() == root.resolve():
            return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    return {"commit": None, "dirty": None}


def now() -> str:
    """Time in UTC to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def provenance(parameters: dict, inputs: list[Path]) -> dict:
    """What a run should be able to say of itself: code, parameters, inputs, versions, machine, start."""
    installed = {one.name: one.version for one in importlib.metadata.distributions()}
    return git_state() | {
        "input_hash": input_hash(), "parameters": parameters, "inputs": {str(path): sha256(path) for path in inputs},
        "versions": {"python": platform.python_version(), **{name: installed.get(name) for name in PACKAGES}},
        "platform": f"{sys.platform}-{platform.machine()}", "started": now()}


def _check(folder: Path, what: str, way_out: str) -> None:
    """Make a folder; refuse one that cannot be written to, or has no room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise LisbonError(f"Cannot write to the {what} {folder} ({error.strerror or error}): {way_out.format('a')} you "
                          "may write to.") from error
    if (free := shutil.disk_usage(folder).free) < ROOM:
        raise LisbonError(f"There are only {free / 1e6:.0f} MB left for the {what} {folder}, and {ROOM / 1e6:.0f} may "
                          f"be needed: make room, or {way_out.format('another')}.")


def check_cache() -> None:
    """Refuse a cache folder that cannot be written to, or has no room.

    Raises
    ------
    LisbonError
        In one sentence.
    """
    _check(cache_folder(), "cache", "set LISBON_CACHE to {} folder")


@contextlib.contextmanager
def only_one(folder: Path):
    """Hold a folder, made if need be; refuse if another process holds it. The hold ends with the process.

    Raises
    ------
    LisbonError
        If another process is at work in it, it cannot be written to, or the disk is full.
    """
    _check(folder, "folder", "name {} folder")
    try:
        with FileLock(folder / LOCK, timeout=0):
            yield
    except Timeout:
        raise LisbonError(f"Another run is at work in {folder}: wait for its end, or name another folder.") from None
