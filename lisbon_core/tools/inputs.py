"""What a notebook is made from: its own text, the files of the package that its imports reach, the data, parameters.

`tools/`, comments, docstrings and white space change no number, and so make no notebook run again.
"""

import ast
import functools
import hashlib
import json
import tomllib
from pathlib import Path

from lisbon_core._core import PACKAGE, syntax_hash
from lisbon_core.parameters import RunParameters
from lisbon_core.tools import pairing

ROOT = PACKAGE.parent
NOTEBOOKS = ROOT / "notebooks"
# What a notebook needs of another's products, by number; the rest stands on its own.
DEPENDS = {"00": ("03", "05", "09"), "05": ("03",), "06": ("05",), "07": ("06",), "09": ("07",), "10": ("05",),
           "12": ("03",), "14": ("03",)}
# They show what others computed: of what they import only how figures are drawn and saved reaches a notebook.
SHOWING = {PACKAGE / "tools" / f"{name}.py" for name in ("notebook", "tables", "widgets")}


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
    """Files of the package, but of `tools/`, that the imports of a file lead to, with the hash of what counts."""
    found, new = set(), {source}
    while new:
        found |= new
        new = {file for path in new for file in _imported(path)} - found
    return {path.relative_to(ROOT).as_posix(): _hash(path) for path in sorted(found - {source})
            if PACKAGE / "tools" not in path.parents}


def _data() -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): sha256(path)[:16] for path in sorted((ROOT / "data").rglob("*"))
            if path.is_file() and path.suffix != ".md" and not path.name.startswith(".")}


def files(sources: list[Path]) -> dict[str, dict[str, str]]:
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
    defaults, made_from = RunParameters().as_dict(), files(pairing.sources(folder))

    @functools.cache
    def key(stem: str) -> str:
        return digest([made_from[stem] | defaults, [key(other) for other in needs(stem, sorted(made_from))]])

    return {stem: key(stem) for stem in made_from}


def input_hash(root: Path = ROOT) -> str:
    """Hash of all that the committed notebooks, figures and results are computed from."""
    return digest(published_keys(root / "notebooks"))


def code_hash() -> str:
    """Hash of the package and the data that a run without notebooks is computed from."""
    made = PACKAGE / "claims.py"
    return digest(reached(made) | {made.name: _hash(made)} | _data())
