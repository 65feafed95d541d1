"""What the HDF5 file of a sky map holds; also a program, so that another process does the reading.

As `heliosphere.gridded_reader`, and for its reasons: on a damaged file the HDF5 library may crash or loop for ever. So
`python -P hdf5_reader.py` is given the content of the file, and prints an archive (.npz) of what is in it.
"""

import io
import sys

import h5py
import numpy as np

MOST = 2**25  # numbers of a file: a map of a tenth of a degree, several times


class Refused(ValueError):
    """A dataset that is not to be read: why."""


def content(stream) -> dict[str, np.ndarray]:
    """Numbers by the path of their dataset, columns of a table below it; attributes as "path@name".

    Raises
    ------
    Refused
        If a dataset lies in another file, or they hold more than could be in the file.
    """
    found, left = {}, MOST

    def look(path, node):
        nonlocal left
        for name, value in node.attrs.items():
            value = np.asarray(value).item() if np.size(value) == 1 else value  # also of arrays of one element
            value = value.decode("latin-1") if isinstance(value, bytes) else value
            if isinstance(value, str | int | float | np.number):
                found[f"{path}@{name}"] = np.asarray(value.strip("\0 ")[:80] if isinstance(value, str) else value)
        if not isinstance(node, h5py.Dataset) or node.dtype.kind not in "fiubV" or not node.size:
            return
        if node.is_virtual or node.external:
            raise Refused(f"{path} lies in another file: copy it into this one")
        left -= node.size * len(node.dtype.names or "1")
        if left < 0 or node.nbytes > 1100 * file.id.get_filesize():  # more than any compression gives
            raise Refused(f"{path} should hold {node.size} values, more than a map or the file does: degrade it")
        for name in node.dtype.names or [""]:
            values = node[name] if name else node[...]
            if values.dtype.kind in "fiub":
                found[f"{path}/{name}".rstrip("/")] = values

    with h5py.File(stream, "r") as file:
        look("", file)
        file.visititems(look)  # links that lead elsewhere are not followed
    return found


if __name__ == "__main__":
    try:
        read = content(io.BytesIO(sys.stdin.buffer.read()))
        np.savez(sys.stdout.buffer, **{f"/{path}": values for path, values in read.items()})
    except Refused as error:
        sys.exit(str(error))
    except Exception as error:  # of a damaged file reading may fail in any way
        why = " ".join(str(error).split())[:300]
        sys.exit(f"it cannot be read as HDF5 ({why}): try another copy")
