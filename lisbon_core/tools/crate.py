"""What a run made, of what and by what, in the words that archives read: RO-Crate 1.1, Process Run Crate 0.5.

What is the same for every run stands in crate.json.
"""

import json
from pathlib import Path

from lisbon_core.run import DEFAULT_SKY
from lisbon_core.tools.inputs import needs, sha256
from lisbon_core.tools.stages import PRODUCTS

EVERY_RUN = Path(__file__).with_suffix(".json")
FORMATS = {".ecsv": "text/csv", ".fits": "application/fits", ".ipynb": "application/x-ipynb+json",
           ".json": "application/json", ".jsonl": "application/jsonl", ".md": "text/markdown",
           ".pdf": "application/pdf", ".png": "image/png"}


def crate(record: dict) -> dict:
    """Content of ro-crate-metadata.json: an action for each notebook, one for the whole, and all files with hashes.

    Parameters
    ----------
    record : dict
        Content of provenance.json. No other times are taken than those of the run that stand there.
    """
    ran = {stem: entry for stem, entry in record["notebooks"].items() if entry["status"] != "skipped"}
    read = record["inputs"] | ({} if record["parameters"]["sky_map"] else {str(DEFAULT_SKY): sha256(DEFAULT_SKY)})
    given = [_thing(f"#{name}", "PropertyValue", name, value=value) for name, value in record["parameters"].items()]
    given += [_thing(f"#{digest}", "CreativeWork", Path(path).name, sha256=digest) for path, digest in read.items()]
    files = {name: digest for entry in ran.values() for name, digest in entry["files"].items()} | record["files"]
    made = [_thing(name, "File", name, sha256=digest, encodingFormat=FORMATS.get(Path(name).suffix))
            for name, digest in sorted((files | {"provenance.json": None}).items())]
    versions, start, end = record["versions"], *(record[key].replace("Z", "+00:00") for key in ("started", "finished"))
    code = [_thing("#lisbon", "SoftwareApplication", "Lisbon", softwareRequirements=[
                f"{name} {version}" for name, version in versions.items() if version and name != "lisbon_core"],
                softwareVersion=f"{versions['lisbon_core']}, inputs {record['input_hash']}, commit {record['commit']}")]
    actions = [_action("run", code[0], given, record["files"], startTime=start, endTime=end)]
    for stem, entry in ran.items():
        code.append(_thing(f"#{stem}.py", "SoftwareSourceCode", f"{stem}.py", version=entry["made_from"][f"{stem}.py"],
                           isPartOf=_at(code[:1])))
        needed = [file for file in made for other in needs(stem, ran)
                  if file["@id"] in ran[other]["files"] and file["@id"] in PRODUCTS]
        actions.append(_action(stem, code[-1], given + needed, entry["files"],
                               error=entry["reason"] if entry["status"] == "failed" else None))
    told = json.loads(EVERY_RUN.read_text(encoding="utf-8"))
    told["@graph"][-1] |= {"hasPart": _at(made), "mentions": _at(actions), "datePublished": end}  # the run as a whole
    told["@graph"] += [*code, *actions, *given, *made]
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
