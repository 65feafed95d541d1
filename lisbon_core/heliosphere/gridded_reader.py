"""What the HDF5 file of a gridded heliosphere holds; also a program, so that another process does the reading.

On a damaged file the HDF5 library may crash, or loop for ever, and no `try` helps against that. So `gridded_files` runs
`python -P gridded_reader.py FILE` and takes what that prints: an archive (.npz) of arrays. -P keeps folders that happen
to be around, such as the current one, from being searched for modules: an h5py.py of somebody's would be run. This file
imports nothing of Lisbon, which such a process need not find.
"""

import sys

import h5py
import numpy as np

DATASETS = ("r", "theta", "phi", "x", "y", "z", "B", "V", "E", "interstellar/B", "interstellar/V")
ATTRIBUTES = ("lisbon", "grid", "frame", "axes_icrs", "inner_AU", "unit", "axes", "components")
LONGEST_TEXT = 80
MOST = 2**29  # numbers in a dataset: 560 nodes along each axis


class Refused(ValueError):
    """A dataset that is not to be read: why."""


def content(path) -> dict[str, np.ndarray]:
    """Datasets by their names, attributes as "dataset@attribute" ("@attribute" of the file): what there is of them.

    Raises
    ------
    Refused
        If a dataset lies in another file, or holds no numbers, or more than could be in the file.
    """
    found = {}
    with h5py.File(path, "r") as file, np.errstate(all="ignore"):  # what is not finite is refused later
        for name in ("", *DATASETS):
            node = file.get(name or "/")
            if name and not isinstance(node, h5py.Dataset):
                continue
            if name:
                _check(file, node, name)
                found[name] = node[...].astype(np.float32 if node.ndim == 4 else float, copy=False)
            for attribute in ATTRIBUTES:
                value = node.attrs.get(attribute)
                value = np.asarray(value).item() if np.size(value) == 1 else value  # also of arrays of one element
                value = value.decode() if isinstance(value, bytes) else value
                value = np.asarray(value.strip() if isinstance(value, str) else value)
                if (value.dtype.kind == "U" and value.size * value.itemsize <= 4 * LONGEST_TEXT) or (
                        value.dtype.kind in "fiu" and value.size <= 9):
                    found[f"{name}@{attribute}"] = value
    return found


def _check(file, node, name: str) -> None:
    if node.file.filename != file.filename or node.is_virtual or node.external:
        raise Refused(f"{name} lies in another file: copy it into this one")
    if node.dtype.kind not in "fiu" or not 0 < (node.size or 0) <= MOST:
        raise Refused(f"{name} holds {node.size} values of type {node.dtype}, but it must hold numbers, at most {MOST}")
    if node.nbytes > 2**26 + 20 * file.id.get_filesize():  # more than any field in space is compressed
        raise Refused(f"{name} should hold {node.size} values, more than such a file has room for: it is damaged")


if __name__ == "__main__":
    try:
        np.savez(sys.stdout.buffer, **content(sys.argv[1]))
    except Refused as error:
        sys.exit(str(error))
    except Exception as error:  # of a damaged file reading may fail in any way
        why = " ".join(str(error).split())[:300]
        sys.exit(f"it cannot be read ({why}): it is truncated or damaged, write it again")
