"""What a run says of itself: commit, versions, hashes of inputs; and files that are written whole or not at all."""

import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from lisbon_core._core import LisbonError, write_atomically
from lisbon_core.tools.inputs import NOTEBOOKS, ROOT, code_hash, input_hash, sha256

__all__ = ["NOTEBOOKS", "ROOT", "code_hash", "git_state", "input_hash", "now", "provenance", "sha256",
           "write_atomically", "write_json"]

PACKAGES = ("astropy", "astropy-healpix", "ipykernel", "jupytext", "lisbon_core", "matplotlib", "numba", "numpy",
            "papermill", "scipy")


def write_json(path: Path, data) -> None:
    """Write strict JSON (no NaN, no infinity) whole or not at all."""
    try:
        text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise LisbonError(f"{Path(path).name} cannot hold a value that is not a finite number: give null and a note "
                          f"that says why ({error}).") from error
    write_atomically(path, text)


def git_state(root: Path = ROOT) -> dict:
    """Commit and whether files differ from it; both None outside a git checkout of Lisbon itself."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        if Path(git("rev-parse", "--show-toplevel")).resolve() == root.resolve():
            return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    return {"commit": None, "dirty": None}


def now() -> str:
    """Time in UTC to the second; `SOURCE_DATE_EPOCH` where that is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def provenance(parameters: dict, inputs: list[Path]) -> dict:
    """What a run should be able to say of itself: code, inputs, versions, machine, seed, time of start."""
    installed = {one.name: one.version for one in importlib.metadata.distributions()}
    return {
        **git_state(),
        "input_hash": input_hash(),
        "parameters": parameters,
        "seed": parameters.get("seed"),
        "inputs": {str(path): sha256(path) for path in inputs},
        "versions": {"python": platform.python_version(), **{name: installed.get(name) for name in PACKAGES}},
        "platform": f"{sys.platform}-{platform.machine()}",
        "started": now(),
    }
