"""What `make paper` does after a run at the defaults: bring the committed copies up to date.

The committed notebooks and results carry the hash of what they were made from. A notebook and its figures are replaced
only when that hash has changed: an unchanged clone stays unchanged on any machine, whatever its last digits are.
"""

import json
import re
from pathlib import Path

from lisbon_core.ground._core import require
from lisbon_core.tools import pairing, runner, tables
from lisbon_core.tools.provenance import ROOT, input_hash, published_keys, write_atomically, write_json

WHAT = {".png": "figure", ".ecsv": "the data it draws"}
BLOCK = re.compile(r"(<!-- claims -->\n).*?(<!-- /claims -->)", re.S)


def paper(jobs: int = 1) -> int:
    """Run every notebook at the defaults into runs/paper, print the claims, bring what is committed up to date."""
    out = ROOT / "runs" / "paper"
    if not all(one.ok for one in runner.run(None, {}, out, jobs)):
        return 1
    replaced = publish(out)
    print("Committed notebooks, figures and results: "
          + (f"replaced for {', '.join(replaced)}." if replaced else "current, left as they are."))
    return 0


def publish(out: Path, root: Path = ROOT) -> list[str]:
    """Replace what is committed of each notebook that is made from something else now than the run in a folder was;
    return the names of these.

    Raises
    ------
    LisbonError
        If a notebook shows a path of this machine, or the README has no place for the claims.
    """
    import nbformat

    keys = published_keys(root / "notebooks")
    made, there = _pictures(out), _pictures(root)
    stale = [stem for stem, key in keys.items() if _recorded(root / "notebooks" / f"{stem}.ipynb", "metadata") != key
             or {name for name in made if name[:2] == stem[:2]} != {name for name in there if name[:2] == stem[:2]}]
    fresh = {}
    for stem in stale:
        notebook = nbformat.read(out / f"{stem}.ipynb", as_version=4)
        # without the cell of injected parameters, as these are the defaults
        notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
        pairing.tidy(notebook).metadata["lisbon"] = {"input_hash": keys[stem]}
        _refuse_paths(notebook, stem, root)
        fresh[root / "notebooks" / f"{stem}.ipynb"] = nbformat.writes(notebook) + "\n"
        fresh |= {root / "figures" / name: path.read_bytes() for name, path in made.items() if name[:2] == stem[:2]}
    for path, content in fresh.items():
        write_atomically(path, content)
    old = [path for path in (root / "notebooks").glob("*.ipynb") if path.stem not in keys]
    old += [path for name, path in there.items() if name not in made]
    for path in old:
        path.unlink()
    results, whole = root / "figures" / "results.json", input_hash(root)
    dated = bool(stale or old or _recorded(results, "provenance") != whole)
    if dated:
        found = json.loads((out / "results.json").read_text(encoding="utf-8"))
        write_json(results, found | {"provenance": {"input_hash": whole}})
    _update_readme(root)
    _update_manifest(root)
    return stale or ["results"] * dated


def _recorded(path: Path, part: str) -> str | None:
    """Hash of the inputs that a committed notebook or the committed results carry; None where there is none."""
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))[part]
        return recorded.get("lisbon", recorded)["input_hash"]
    except (OSError, KeyError, ValueError):
        return None


def _pictures(root: Path) -> dict[str, Path]:
    """Figures of a folder by name, as pixels, as vectors and as the data they draw."""
    return {path.name: path for kind in ("png", "pdf", "ecsv") for path in sorted((root / "figures").glob(f"*.{kind}"))}


def _refuse_paths(notebook, name: str, root: Path) -> None:
    """Stop a path of this machine from being committed in an output."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = [content for kind, content in output.get("data", {}).items() if not kind.startswith("image/")]
            require(str(root) not in f"{output.get('text')}{shown}", f"Notebook {name} shows the path {root}, which "
                    "only this machine has: show names relative to the run instead.")


def _update_readme(root: Path) -> None:
    """Write the claims of figures/results.json into the README, where they differ from what stands there."""
    results = json.loads((root / "figures" / "results.json").read_text(encoding="utf-8"))
    text = (root / "README.md").read_text(encoding="utf-8")
    shown = tables.table(results["claims"], notes=False)
    updated, places = BLOCK.subn(lambda match: f"{match[1]}\n{shown}\n\n{match[2]}", text)
    require(places, "README.md has no place for the claims: put <!-- claims --> and <!-- /claims --> on lines of their "
            "own.")
    write_atomically(root / "README.md", updated)


def _update_manifest(root: Path) -> None:
    """List in codecheck.yml what a check of the compendium has to find again, in the order of the notebooks."""
    titles = {source.stem[:2]: pairing.title(source) for source in pairing.sources(root / "notebooks")}
    outputs = {"results.json": "all claims, with errors, parameters and the hash of the inputs"} | {
        name: f"{WHAT[path.suffix]}, from notebook {titles[name[:2]]}"
        for name, path in sorted(_pictures(root).items()) if path.suffix in WHAT}
    path = root / "codecheck.yml"
    head, manifest, _ = path.read_text(encoding="utf-8").partition("\nmanifest:\n")
    items = [f"  - file: figures/{name}\n    comment: {json.dumps(comment)}\n" for name, comment in outputs.items()]
    write_atomically(path, "".join([head, manifest, *items]))
