"""What `make paper` does: run everything at the defaults, print the claims, bring the committed copies up to date.

The committed notebooks, figures and results carry the hash of what they were made from and are replaced, all together,
only when that hash has changed: an unchanged clone stays unchanged on any machine, whatever its last digits are.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.tools import pairing, runner, tables
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, write_atomically, write_json

__all__ = ["PublishError", "claims_block", "is_current", "main", "publish", "update_readme"]

BLOCK = re.compile(r"(<!-- claims -->\n).*?(<!-- /claims -->)", re.S)


class PublishError(LisbonError):
    """Something that must not be committed, or has no place to go."""


def is_current(root: Path, input_hash: str, figures: set[str]) -> bool:
    """Whether every committed notebook, figure and result is there and was made from inputs of this hash."""
    try:
        recorded = [json.loads((root / "figures" / "results.json").read_text(encoding="utf-8"))["provenance"]]
        for source in pairing.sources(root / "notebooks"):
            notebook = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
            recorded.append(notebook["metadata"]["lisbon"])
    except (OSError, KeyError, ValueError):
        return False
    there = {path.name for path in _pictures(root)}
    return there == figures and all(one.get("input_hash") == input_hash for one in recorded)


def publish(report: runner.Report, root: Path = ROOT) -> bool:
    """Replace the committed copies by those of a run at the defaults, if they are not current; say whether it did.

    Raises
    ------
    PublishError
        If a notebook shows a path of this machine.
    """
    import nbformat

    input_hash = report.results["provenance"]["input_hash"]
    figures = {path.name: path for path in _pictures(report.out)}
    if is_current(root, input_hash, set(figures)):
        return False
    fresh = {}
    for source in pairing.sources(root / "notebooks"):
        notebook = pairing.tidy(nbformat.read(report.out / f"{source.stem}.ipynb", as_version=4), keep_injected=False)
        notebook.metadata["lisbon"] = {"input_hash": input_hash}
        _refuse_paths(notebook, source.stem, root)
        fresh[source.with_suffix(".ipynb")] = nbformat.writes(notebook) + "\n"
    for path, text in fresh.items():
        write_atomically(path, text)
    for name, path in figures.items():
        write_atomically(root / "figures" / name, path.read_bytes())
    for path in {*(root / "notebooks").glob("*.ipynb")} - {*fresh}:
        path.unlink()
    for path in _pictures(root):
        if path.name not in figures:
            path.unlink()
    write_json(root / "figures" / "results.json", {**report.results, "provenance": {"input_hash": input_hash}})
    return True


def _pictures(root: Path) -> list[Path]:
    """Figures of a folder, as pixels and as vectors."""
    return sorted(path for kind in ("png", "pdf") for path in (root / "figures").glob(f"*.{kind}"))


def _refuse_paths(notebook, name: str, root: Path) -> None:
    """Stop a path of this machine from being committed in an output."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = str(output.get("text", "")) + "".join(
                str(content) for kind, content in output.get("data", {}).items() if not kind.startswith("image/"))
            if str(root) in shown:
                raise PublishError(f"Notebook {name} shows the path {root}, which only this machine has: "
                                   "show names relative to the run instead.")


def claims_block(results: dict) -> str:
    """What stands between the two marks of the README."""
    return f"\n{tables.table(results, notes=False)}\n\n"


def update_readme(root: Path = ROOT) -> None:
    """Write the claims of figures/results.json into the README, where they differ from what stands there."""
    results = json.loads((root / "figures" / "results.json").read_text(encoding="utf-8"))
    path = root / "README.md"
    text = path.read_text(encoding="utf-8")
    if not BLOCK.search(text):
        raise PublishError("README.md has no place for the claims: put <!-- claims --> and <!-- /claims --> on lines "
                           "of their own.")
    updated = BLOCK.sub(lambda match: match[1] + claims_block(results) + match[2], text)
    if updated != text:
        write_atomically(path, updated)


def main(argv: list[str] | None = None) -> int:
    """Run, print, publish; 0 if every notebook ran to its end."""
    parser = argparse.ArgumentParser(prog="python -m lisbon_core.tools.publish", description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="notebooks run at the same time")
    arguments = parser.parse_args(argv)
    try:
        report = runner.run(None, {}, ROOT / "runs" / "paper", max(1, arguments.jobs), notebook_folder=NOTEBOOKS)
        print(f"\n{tables.plain_table(report.results)}\n")
        if not report.ok:
            print(report, file=sys.stderr)
            return 1
        replaced = publish(report)
        update_readme()
    except LisbonError as error:
        print(f"lisbon: {error}", file=sys.stderr)
        return 2
    print("Committed notebooks, figures and results: "
          + ("replaced, since their inputs changed." if replaced else "current, left as they are."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
