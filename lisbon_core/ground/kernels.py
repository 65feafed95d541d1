"""Compiled kernels that know when they are stale, and what a file of code does."""

import ast
import functools
import hashlib
import pickle
from pathlib import Path

from lisbon_core.ground._core import PACKAGE, cache_folder
from lisbon_core.ground.sealed import read_sealed, write_sealed

STRICT = {"error_model": "numpy", "nogil": True}  # strict arithmetic: the same results on every machine
GROUND = ("_core", "kernels", "units", "frames")  # on which the orbits hang


def syntax_hash(path: Path) -> str:
    """Hash of what a Python file does: of its syntax tree without docstrings, comments, white space and line ends.

    Fields that are empty are left out, since each version of Python has other ones.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = [Path(folder) / name for name in ("a.py", "b.py", "c.py")]
    ...     for file, text in zip(files, ("f = 1", "'What f is.'\\n\\nf  =  1  # so", "f = 2")):
    ...         _ = file.write_text(text)
    ...     [syntax_hash(file) == syntax_hash(files[0]) for file in files]
    [True, True, False]
    """
    tree = ast.parse(Path(path).read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) \
                and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]

    def plain(part):
        if isinstance(part, ast.AST):
            return [type(part).__name__, *((name, plain(value)) for name, value in ast.iter_fields(part)
                                           if value is not None and value != [])]
        return [plain(one) for one in part] if isinstance(part, list) else part

    return hashlib.sha256(repr(plain(tree)).encode()).hexdigest()[:16]


@functools.cache
def sources_hash(*rooms: str) -> str:
    """Hash of the code in some rooms of the package, and in what every room leans on."""
    sources = [*(PACKAGE / "ground" / f"{name}.py" for name in GROUND),
               *(path for room in rooms for path in sorted((PACKAGE / room).glob("*.py")))]
    return hashlib.sha256("".join(map(syntax_hash, sources)).encode()).hexdigest()[:16]


def kernel(**options):
    """Compile a function with numba and keep the machine code between processes, under the hash of its sources.

    numba compares only the file that holds a function with its cached code, and so serves stale code when a
    function that was inlined from another file has changed.
    """
    import numba
    from numba.core import config

    def compile_with_cache(function):
        before = config.CACHE_DIR
        config.CACHE_DIR = str(cache_folder("kernels", sources_hash("heliosphere", "orbits")))
        try:
            compiled = numba.njit(cache=True, **options)(function)
        finally:
            config.CACHE_DIR = before
        if not config.DISABLE_JIT:  # else it is the function itself
            _seal(compiled)
        return compiled

    return compile_with_cache


def _seal(compiled) -> None:
    """Have numba keep the machine code of a function sealed: as it comes, it runs whatever its pickles hold."""
    from numba.core.caching import IndexDataCacheFile

    class Sealed(IndexDataCacheFile):
        def _read(self, path: str):
            content = read_sealed(path, f"{Path(path).name} {self._version} {self._source_stamp}")
            return None if content is None else pickle.loads(content)

        def _write(self, path: str, kept) -> None:
            write_sealed(path, self._dump(kept), f"{Path(path).name} {self._version} {self._source_stamp}")

        def _load_index(self) -> dict:
            return self._read(self._index_path) or {}

        def _save_index(self, overloads: dict) -> None:
            self._write(self._index_path, overloads)

        def _load_data(self, name: str):
            return self._read(self._data_path(name))  # None: it is compiled again

        def _save_data(self, name: str, data) -> None:
            self._write(self._data_path(name), data)

    kept = compiled._cache._impl
    compiled._cache._cache_file = Sealed(kept.locator.get_cache_path(), kept.filename_base,
                                         kept.locator.get_source_stamp())
