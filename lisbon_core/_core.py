"""What every module leans on: the error a user may cause, and compiled kernels that know when they are stale."""

import ast
import contextlib
import functools
import hashlib
import os
import stat
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent
STRICT = {"error_model": "numpy", "nogil": True}  # strict arithmetic: the same results on every machine


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
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(handle)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp makes files only the owner can read
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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
    rooms = [PACKAGE / name for name in rooms]
    sources = [*(PACKAGE / name for name in ("_core.py", "units.py", "frames.py")),
               *(path for room in rooms for path in sorted(room.glob("*.py")))]
    return hashlib.sha256("".join(map(syntax_hash, sources)).encode()).hexdigest()[:16]


def kernel(**options):
    """Compile a function with numba and keep the machine code between processes, under the hash of its sources.

    numba compares only the file that holds a function with its cached code, and so serves stale code when a
    function that was inlined from another file has changed.
    """
    import numba
    from numba.core import config

    from lisbon_core.sealed import seal_kernel

    def compile_with_cache(function):
        before = config.CACHE_DIR
        config.CACHE_DIR = str(cache_folder("kernels", sources_hash("heliosphere", "orbits")))
        try:
            compiled = numba.njit(cache=True, **options)(function)
        finally:
            config.CACHE_DIR = before
        if not config.DISABLE_JIT:  # else it is the function itself
            seal_kernel(compiled)
        return compiled

    return compile_with_cache
