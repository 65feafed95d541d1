"""The folder of a run: which of its files are the run's own, which notebooks need not run again, why others must, and
what was made of what, in the words that archives read (RO-Crate 1.1, Process Run Crate 0.5).

A file is the run's own if provenance.json lists it with the hash it still has. Nothing else is removed or overwritten.
"""

import functools
import json
import os
import re
from pathlib import Path, PurePath

from lisbon_core.ground._core import LisbonError, require
from lisbon_core.ground.reading import parsed
from lisbon_core.run import DEFAULT_SKY
from lisbon_core.tools.provenance import needs, sha256

# The notebook that measures times, and so wants the machine for itself; the one that takes longest, and begins first.
ALONE, LONGEST = "14", "11"
# Products, and the notebook that leaves each.
PRODUCTS = {"liouville_map.fits": "03", "sky_map.fits": "06", "pad.ecsv": "07", "transport.ecsv": "09"}
CRATE = "ro-crate-metadata.json"
SUMMARIES = ("results.json", "report.md", CRATE)
EVERY_CRATE = Path(__file__).with_name("crate.json")  # what all of them say, and the formats of files


def earlier(out: Path) -> dict[str, dict]:
    """What an earlier run in a folder tells in provenance.json: `notebooks`, and `files` of the run as a whole.

    Raises
    ------
    LisbonError
        If there is a provenance.json that no run has written.
    """
    path = out / "provenance.json"
    if not os.path.lexists(path):
        return {"notebooks": {}, "files": {}}

    def of_a_run(text: str) -> dict:
        record = json.loads(text)
        made = dict(**record["notebooks"])
        files = [PurePath(name) for entry in (record, *made.values()) for name in dict(**entry["files"])]
        if (all(re.fullmatch(r"[\w-]+", stem) and dict(**entry["made_from"]) for stem, entry in made.items())
                and not any(name.is_absolute() or ".." in name.parts for name in files)):
            return record
        raise ValueError("its files are not where a run writes")

    return parsed(path, of_a_run, lambda why: LisbonError(
        f"{path} is no record of a run as this version writes it ({why}): name another folder, or move it away."),
        most=2**24)


def reasons(parts: dict[str, dict], before: dict, out: Path, anew: set[str]) -> dict[str, str]:
    """Why each notebook must be run, by stem; empty for one whose inputs and files are what they were.

    Parameters
    ----------
    parts : dict
        What each notebook is made from, by name: hashes of files, parameters, versions.
    before : dict
        Of the earlier run, as `earlier` gives it.
    out : Path
        The folder.
    anew : set of str
        Notebooks that are to be run in any case.
    """
    @functools.cache
    def reason(stem: str) -> str:
        entry = before["notebooks"].get(stem)
        if stem in anew:
            return "asked for"
        if entry is None or entry.get("status") != "done":
            return "it has not run to its end here before"
        now, then = parts[stem], entry["made_from"]
        if changed := [name for name in now | then if name not in now or now[name] != then.get(name)]:
            return f"{', '.join(changed[:3])}{' and more' * (len(changed) > 3)} changed"
        if lost := [name for name, digest in entry["files"].items() if not _holds(out / name, digest)]:
            return f"{lost[0]} is not what it left"
        again = [one for one in needs(stem, sorted(parts)) if one in {*before["notebooks"], *anew} and reason(one)]
        return f"needs {again[0]}, which runs again" if again else ""

    return {stem: reason(stem) for stem in parts}


def _holds(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path) == digest


def clear(out: Path, before: dict, stems: set[str], reads: set[Path]) -> None:
    """Remove what an earlier run left of these notebooks, and its summaries.

    Raises
    ------
    LisbonError
        Before anything is removed: if one of these files, or one with a name that such notebooks use, is not the run's
        own, or is read by the run that begins.
    """
    listed, numbers = dict(before["files"]), {stem[:2] for stem in stems}
    for stem in stems & before["notebooks"].keys():
        listed |= before["notebooks"][stem]["files"]
    names = {*listed, *SUMMARIES, *(name for name, number in PRODUCTS.items() if number in numbers)}
    names |= {name for stem in stems for name in (f"{stem}.ipynb", f"claims/{stem}.json")}
    figures = {path for number in numbers for path in (out / "figures").glob(f"{number}_*")}
    there = sorted(path for path in figures | {out / name for name in names} if os.path.lexists(path))
    for path in there:
        require(path.resolve() not in reads,
                f"{path} is read by this run, which would overwrite it: name another folder, or move it.")
        name = path.relative_to(out).as_posix()
        whose = "was changed after" if name in listed else "is not from"
        require(_holds(path, listed.get(name, "")), f"{path} {whose} a run into this folder, which would overwrite it: "
                "name another folder, or move it away.")
    for path in there:
        path.unlink()


def crate(record: dict) -> dict:
    """Content of ro-crate-metadata.json: an action for each notebook, one for the whole, and all files with hashes.

    Parameters
    ----------
    record : dict
        Content of provenance.json. No other times are taken than those of the run that stand there.
    """
    told = json.loads(EVERY_CRATE.read_text(encoding="utf-8"))
    formats, graph = told.pop("formats"), told["@graph"]
    ran = {stem: entry for stem, entry in record["notebooks"].items() if entry["status"] != "skipped"}
    read = record["inputs"] | ({} if record["parameters"]["sky_map"] else {str(DEFAULT_SKY): sha256(DEFAULT_SKY)})
    given = [_thing(f"#{name}", "PropertyValue", name, value=value) for name, value in record["parameters"].items()]
    given += [_thing(f"#{digest}", "CreativeWork", Path(path).name, sha256=digest) for path, digest in read.items()]
    files = {name: digest for entry in ran.values() for name, digest in entry["files"].items()} | record["files"]
    made = [_thing(name, "File", name, sha256=digest, encodingFormat=formats.get(Path(name).suffix))
            for name, digest in sorted((files | {"provenance.json": None}).items())]
    versions, start, end = record["versions"], *(record[key].replace("Z", "+00:00") for key in ("started", "finished"))
    code = [_thing("#lisbon", "SoftwareApplication", "Lisbon", softwareRequirements=[
                f"{name} {version}" for name, version in versions.items() if version and name != "lisbon_core"],
                softwareVersion=f"{versions['lisbon_core']}, inputs {record['input_hash']}, commit {record['commit']}")]
    actions = [_action("run", code[0], given, record["files"], startTime=start, endTime=end)]
    for stem, entry in ran.items():
        code.append(_thing(f"#{stem}.py", "SoftwareSourceCode", f"{stem}.py", version=entry["made_from"][f"{stem}.py"],
                           isPartOf=_at(code[:1])))
        needed = [file for file in made for other in needs(stem, ran) if PRODUCTS.get(file["@id"]) == other[:2]]
        actions.append(_action(stem, code[-1], given + needed, entry["files"],
                               error=entry["reason"] if entry["status"] == "failed" else None))
    graph[-1] |= {"hasPart": _at(made), "mentions": _at(actions), "datePublished": end}  # the run as a whole
    graph += [*code, *actions, *given, *made]
    return told


def _thing(identifier: str, kind: str, name: str, **properties) -> dict:
    about = {"@id": identifier, "@type": kind, "name": name} | properties
    return {key: one for key, one in about.items() if one is not None}


def _action(name: str, instrument: dict, given: list[dict], files: dict, error: str | None = None, **times) -> dict:
    return _thing(f"#action-{name}", "CreateAction", name, instrument=_at([instrument]), object=_at(given),
                  result=_at([{"@id": one} for one in sorted(files)]), error=error, **times,
                  actionStatus=f"http://schema.org/{'Failed' if error else 'Completed'}ActionStatus")


def _at(things: list[dict]) -> list[dict] | dict:
    """References; a single one is no list, so the specification wants it."""
    found = [{"@id": one["@id"]} for one in things]
    return found[0] if len(found) == 1 else found
