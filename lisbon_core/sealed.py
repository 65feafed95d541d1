"""What the cache keeps: written with a checksum of its content and its name, believed only where that holds.

A bit that changed on the disk, a file cut short by a power cut, one that was put in the place of another: each is as if
it were not there, and so is made again.
"""

import hashlib
import pickle
from pathlib import Path

from lisbon_core._core import write_atomically

LENGTH = 32  # bytes of the checksum, which come first


def _checksum(content: bytes, name: str) -> bytes:
    return hashlib.sha256(f"{name}\n".encode() + content).digest()


def write_sealed(path: str | Path, content: bytes, name: str) -> None:
    """Write a file that `read_sealed` believes under this name, which tells what it was made from."""
    write_atomically(path, _checksum(content, name) + content)


def read_sealed(path: str | Path, name: str) -> bytes | None:
    """Content of a file that was written under this name; None if there is none, or it is not what was written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_sealed(f"{folder}/a", b"kept", "of one field")
    ...     read_sealed(f"{folder}/a", "of one field"), read_sealed(f"{folder}/a", "of another")
    (b'kept', None)
    """
    try:
        kept = Path(path).read_bytes()
    except OSError:
        return None
    content = kept[LENGTH:]
    return content if kept[:LENGTH] == _checksum(content, name) else None


def seal_kernel(compiled) -> None:
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
