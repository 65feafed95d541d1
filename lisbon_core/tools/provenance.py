"""What a run is made from and says of itself: hashes of all that reaches it, commit, versions; and the folder it holds.

A notebook is made from its own text, the files of the package that its imports reach, the data, parameters. `tools/`,
comments, docstrings and white space change no number, and so make no notebook run again. A folder holds one run at a
time; room and rights for what it writes are seen to before hours of orbits are lost.
"""

import ast
import contextlib
import functools
import hashlib
import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from lisbon_core.ground._core import PACKAGE, LisbonError, cache_folder, write_atomically
from lisbon_core.ground.kernels import syntax_hash
from lisbon_core.parameters import RunParameters
from lisbon_core.tools import pairing

ROOT = PACKAGE.parent
NOTEBOOKS = ROOT / "notebooks"
# What a notebook needs of another's products, by number; the rest stands on its own.
DEPENDS = {"00": ("03", "05", "09"), "05": ("03",), "06": ("05",), "07": ("06",), "09": ("07",), "10": ("05",),
           "12": ("03",), "14": ("03",)}
# They show what others computed: of what they import only how figures are drawn and saved reaches a notebook.
SHOWING = {PACKAGE / "tools" / f"{name}.py" for name in ("notebook", "tables", "widgets")}
PACKAGES = ("astropy", "astropy-healpix", "ipykernel", "jupytext", "lisbon_core", "matplotlib", "numba", "numpy",
            "papermill", "scipy")
LOCK = ".lisbon.lock"  # left behind, empty: to remove it would give the folder to two at once
ROOM = 50e6  # bytes that a run, or the compiled tracer and a map, may need


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(content) -> str:
    """Hash of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _text_hash(path: Path) -> str:
    """Hash of a notebook's code and Markdown, whatever its line ends, trailing blanks and empty lines are."""
    return digest([line.rstrip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()])[:16]


def _file_of(module: str) -> Path | None:
    """File of a module or room of the package; None if there is none of this name."""
    place = ROOT.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _defining(module: str, name: str, tree: ast.AST) -> set[Path]:
    """Files that `from module import name`, in the file of this tree, takes something from."""
    path = _file_of(f"{module}.{name}")
    if path is None:
        path = _file_of(module)
        for node in ast.parse(path.read_bytes()).body if path.name == "__init__.py" else ():
            if isinstance(node, ast.ImportFrom):  # a room hands on what one of its modules defines
                for one in node.names:
                    if name == (one.asname or one.name):
                        return _defining(node.module, one.name, node)
    elif path.name == "__init__.py":  # of a room that is imported as a whole, what is used: `plots.skies`
        used = {node.attr for node in ast.walk(tree)
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == name}
        return {path for attribute in used for path in _defining(f"{module}.{name}", attribute, tree)}
    return {path}


_hash = functools.cache(syntax_hash)  # a file of the package stays what it was when this process began


@functools.cache
def _imported(path: Path) -> set[Path]:
    """Files of the package that a file imports from, in its functions too."""
    tree, found = ast.parse(path.read_bytes()), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == PACKAGE.name:
            found |= {file for one in node.names for file in _defining(node.module, one.name, tree)}
        elif isinstance(node, ast.Import):
            found |= {_file_of(one.name) for one in node.names if one.name.partition(".")[0] == PACKAGE.name}
    drawing = {file for one in found & SHOWING for file in _imported(one) if file.parent == PACKAGE / "plots"}
    return found - SHOWING | drawing


def reached(source: Path) -> dict[str, str]:
    """Files of the package, but of `tools/`, that the imports of a file lead to, with the hash of what counts; the file
    itself among them, if it is one of these.
    """
    found, new = set(), {source}
    while new:
        found |= new
        new = {file for path in new for file in _imported(path)} - found
    return {path.relative_to(ROOT).as_posix(): _hash(path) for path in sorted(found)
            if PACKAGE in path.parents and PACKAGE / "tools" not in path.parents}


def _data() -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): sha256(path)[:16] for path in sorted((ROOT / "data").rglob("*"))
            if path.is_file() and path.suffix != ".md" and not path.name.startswith(".")}


def made_from(sources: list[Path]) -> dict[str, dict[str, str]]:
    """Hash of each file that a notebook is made from, by the notebook's stem."""
    return {path.stem: {path.name: _text_hash(path)} | _words(path) | reached(path) | _data() for path in sources}


def _words(path: Path) -> dict[str, str]:
    """Hash of what stands below a notebook's figures."""
    words = path.with_name("figures.toml")
    told = tomllib.loads(words.read_text(encoding="utf-8")) if words.is_file() else {}
    return {words.name: digest({name: text for name, text in told.items() if name[:2] == path.stem[:2]})}


def files_read(parameters: RunParameters) -> list[Path]:
    """Files that a run with these parameters reads: those that they name, and the truth beside a sky."""
    from lisbon_core.synthetic import truth_beside  # it brings numba

    beside = [truth_beside(one.path("sky_map")) for one in parameters.skies() if one.sky_map]
    return parameters.files() + [path for path in beside if path.is_file()]


def needs(stem: str, others) -> list[str]:
    """Those of the others that a notebook needs."""
    return [other for other in others if other[:2] in DEPENDS.get(stem[:2], ())]


def published_keys(folder: Path = NOTEBOOKS) -> dict[str, str]:
    """Hash that each committed notebook carries: of all that it and those it needs are made from at the defaults."""
    defaults, parts = RunParameters().as_dict(), made_from(pairing.sources(folder))

    @functools.cache
    def key(stem: str) -> str:
        return digest([parts[stem] | defaults, [key(other) for other in needs(stem, sorted(parts))]])

    return {stem: key(stem) for stem in parts}


def input_hash(root: Path = ROOT) -> str:
    """Hash of all that the committed notebooks, figures and results are computed from."""
    return digest(published_keys(root / "notebooks"))


def code_hash() -> str:
    """Hash of the package and the data that a run without notebooks is computed from."""
    return digest(reached(PACKAGE / "claims.py") | _data())


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
