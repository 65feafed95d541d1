"""What a notebook is made from and what it leaves, so that one whose inputs have not changed is not run again."""

import hashlib
import json
from pathlib import Path

from lisbon_core.parameters import RunParameters
from lisbon_core.tools.provenance import code_hash, sha256

__all__ = ["ALONE", "DEPENDS", "PRODUCTS", "clear", "keys", "left_by", "unchanged"]

# What a notebook needs of another's products, by number; the rest stands on its own.
DEPENDS = {"00": ("03", "05", "09"), "05": ("03",), "06": ("05",), "07": ("06",), "09": ("07",), "10": ("03",)}
# Notebooks that measure times, and so want the machine for themselves.
ALONE = ("10",)
# Products, and the notebook that leaves each.
PRODUCTS = {"liouville_map.fits": "03", "sky_map.fits": "06", "pad.ecsv": "07", "transport.ecsv": "09"}


def keys(sources: list[Path], parameters: dict, record: dict) -> dict[str, str]:
    """Hash of all that goes into each notebook, by stem.

    Its source, the package and the data, the versions of others, its parameters and the files they name, and the same
    of every notebook it needs.

    Parameters
    ----------
    sources : list of Path
        Percent scripts.
    parameters : dict
        Values that replace the defaults.
    record : dict
        Provenance of the run: `inputs`, `versions`, `python`.
    """
    common = [code_hash(), record["inputs"], record["versions"], record["python"]]
    by_number, made = {path.stem[:2]: path for path in sources}, {}

    def key(path: Path) -> str:
        if path.stem not in made:
            own = RunParameters().as_dict() | parameters
            needed = [key(by_number[number]) for number in DEPENDS.get(path.stem[:2], ()) if number in by_number]
            text = json.dumps([sha256(path), own, needed, common], sort_keys=True)
            made[path.stem] = hashlib.sha256(text.encode()).hexdigest()[:32]
        return made[path.stem]

    return {path.stem: key(path) for path in sources}


def left_by(stem: str, out: Path) -> list[Path]:
    """Files in the folder of a run that a notebook has left there."""
    found = [out / f"{stem}.ipynb", out / "claims" / f"{stem}.json", *(out / "figures").glob(f"{stem[:2]}_*"),
             *(out / name for name, number in PRODUCTS.items() if number == stem[:2])]
    return sorted(path for path in found if path.is_file())


def unchanged(entry: dict | None, key: str, out: Path) -> bool:
    """Whether a notebook, as the provenance of an earlier run tells of it, need not be run again."""
    if not entry or entry.get("status") != "done" or entry.get("key") != key:
        return False
    there = {path.relative_to(out).as_posix(): sha256(path) for path in left_by(entry["notebook"], out)}
    return there == entry.get("files")


def clear(stem: str, out: Path) -> None:
    """Remove what a notebook has left in a folder."""
    for path in [*left_by(stem, out), out / f".{stem}.running.ipynb"]:
        path.unlink(missing_ok=True)
