"""What the cache keeps: written with a checksum of its content and its name, believed only where that holds.

A bit that changed on the disk, a file cut short by a power cut, one that was put in the place of another: each is as if
it were not there, and so is made again.
"""

import hashlib
from pathlib import Path

from lisbon_core.ground._core import write_atomically

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
