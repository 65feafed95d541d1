"""What an HDF5 file holds, read by another process.

On a damaged file the HDF5 library may crash, or loop for ever, and no `try` helps against that. So `arrays` runs
`python -P hdf5.py`, which is this file as a program, and takes what it prints: an archive (.npz). -P keeps folders that
happen to be around, such as the current one, from being searched for modules: an h5py.py of somebody's would be run.
This file imports nothing of Lisbon, which such a process need not find.
"""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

LONGEST_TEXT, LONGEST_LIST = 80, 9  # letters, and numbers, of an attribute
PATIENCE = 20.0  # seconds for the library to read a small file


class Refused(ValueError):
    """A file that is not to be read, or a dataset in it: why."""


def content(source, most: int, room: int, times: int, wanted=()) -> dict[str, np.ndarray]:
    """Numbers by the path of their dataset, columns of a table below it; attributes as "path@name"; of a file "@name".

    Parameters
    ----------
    source : path or stream
        The file.
    most : int
        Numbers in all.
    room, times : int
        Bytes that a dataset may have in any file, and for each byte of the file: more is not stored but made up.
    wanted : sequence of str
        Paths of the datasets that are read, as floats, of four axes in 4 bytes each; by default all there are.

    Raises
    ------
    Refused
        If a dataset lies in another file, or holds more than could be in the file.
    """
    import h5py

    found, left = {}, most

    def look(path, node):
        nonlocal left
        for name, value in node.attrs.items():
            value = np.asarray(value).item() if np.size(value) == 1 else value  # also of arrays of one element
            value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            value = np.asarray(value.strip("\0 ")[:LONGEST_TEXT] if isinstance(value, str) else value)
            if (value.dtype.kind == "U" and value.ndim == 0) or (
                    value.dtype.kind in "fiub" and value.size <= LONGEST_LIST):
                found[f"{path}@{name}"] = value
        if not isinstance(node, h5py.Dataset) or node.dtype.kind not in ("fiu" if wanted else "fiubV") or not node.size:
            return
        if node.file.filename != file.filename or node.is_virtual or node.external:
            raise Refused(f"{path} lies in another file: copy it into this one")
        left -= node.size * len(node.dtype.names or "1")
        if left < 0 or node.nbytes > room + times * file.id.get_filesize():
            raise Refused(f"{path} should hold {node.size} values, more than such a file has room for: it is damaged, "
                          "or needs a coarser grid")
        for name in node.dtype.names or [""]:
            values = node[name] if name else node[...]
            if values.dtype.kind in "fiub":
                kind = values.dtype if not wanted else np.float32 if values.ndim == 4 else float
                found[f"{path}/{name}".rstrip("/")] = values.astype(kind, copy=False)

    with h5py.File(source, "r") as file, np.errstate(all="ignore"):  # what is not finite is refused later
        look("", file)
        for path in wanted:
            if (node := file.get(path)) is not None:
                look(path, node)
        if not wanted:
            file.visititems(look)  # links that lead elsewhere are not followed
    return found


def arrays(source: bytes | Path, **limits) -> dict[str, np.ndarray]:
    """What `content` finds in a file, or in bytes that are one, as another process reads it.

    Raises
    ------
    Refused
        If it cannot be read, or ought not to be: why, in one sentence.
    """
    inside = isinstance(source, bytes)
    given = {"input": source} if inside else {"stdin": subprocess.DEVNULL}
    patience = PATIENCE + (len(source) if inside else source.stat().st_size) / 5e6
    try:
        ended = subprocess.run([sys.executable, "-P", __file__, "-" if inside else source, json.dumps(limits)], **given,
                               capture_output=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        raise Refused(f"it cannot be read within {patience:.0f} seconds: it is damaged, fetch or write it again") \
            from None
    if ended.returncode:
        said = ended.stderr.decode(errors="replace").strip().splitlines() if ended.returncode == 1 else []
        raise Refused(said[-1] if said else "it makes the HDF5 library crash: it is damaged, fetch or write it again")
    with np.load(io.BytesIO(ended.stdout), allow_pickle=False) as archive:
        return {path.removeprefix("/"): archive[path] for path in archive.files}


if __name__ == "__main__":
    try:
        stream = io.BytesIO(sys.stdin.buffer.read()) if sys.argv[1] == "-" else sys.argv[1]
        read = content(stream, **json.loads(sys.argv[2]))
        np.savez(sys.stdout.buffer, **{f"/{path}": values for path, values in read.items()})
    except Refused as error:
        sys.exit(str(error))
    except Exception as error:  # of a damaged file reading may fail in any way
        why = " ".join(str(error).split())[:300]
        sys.exit(f"it cannot be read as HDF5 ({why}): it is truncated or damaged, fetch or write it again")
