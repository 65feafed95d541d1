"""Where a result comes from: commit, versions, hashes of inputs; and files that are written whole or not at all."""

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from lisbon_core._core import PACKAGE, LisbonError, write_atomically

__all__ = ["NOTEBOOKS", "ROOT", "code_hash", "git_state", "input_hash", "now", "provenance", "sha256",
           "write_atomically", "write_json"]

ROOT = PACKAGE.parent
NOTEBOOKS = ROOT / "notebooks"
SOURCES = {".py", ".toml", ".yaml", ".mplstyle"}
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


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def input_hash(root: Path = ROOT) -> str:
    """Hash of all that the committed notebooks, figures and results are computed from.

    The notebooks' sources (which hold the default parameters), the package and the data; neither the versions of
    other packages nor the machine, so that an unchanged clone is left unchanged.
    """
    return _hash_of([*(root / "notebooks").glob("*.py"), *_code(root)], root)


def code_hash(root: Path = ROOT) -> str:
    """Hash of the package and the data: what a run without notebooks is computed from, besides its parameters."""
    return _hash_of(_code(root), root)


def _code(root: Path) -> list[Path]:
    return [*(path for path in (root / "lisbon_core").rglob("*") if path.suffix in SOURCES),
            *(path for path in (root / "data").rglob("*") if path.is_file())]


def _hash_of(files: list[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.relative_to(root).as_posix()):
        name = path.relative_to(root)
        if not any(part.startswith((".", "__pycache__")) for part in name.parts):
            digest.update(f"{name.as_posix()}\n{sha256(path)}\n".encode())
    return digest.hexdigest()[:32]


def git_state(root: Path = ROOT) -> dict:
    """Commit and whether files differ from it; both None outside a git checkout of Lisbon itself."""
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != root.resolve():
            return {"commit": None, "dirty": None}
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


def now() -> str:
    """Time in UTC to the second; `SOURCE_DATE_EPOCH` where that is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def provenance(parameters: dict, inputs: list[Path]) -> dict:
    """What a run should be able to say of itself: code, inputs, versions, machine, seed, time of start."""
    return {
        **git_state(),
        "input_hash": input_hash(),
        "parameters": parameters,
        "seed": parameters.get("seed"),
        "inputs": {str(path): sha256(path) for path in inputs},
        "versions": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": f"{sys.platform}-{platform.machine()}",
        "started": now(),
    }
