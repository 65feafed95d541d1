"""What a run made, of what and by what, in the words that archives read: RO-Crate 1.1, Process Run Crate 0.5."""

from pathlib import Path

from lisbon_core.run import DEFAULT_SKY
from lisbon_core.tools.inputs import needs, sha256
from lisbon_core.tools.stages import CRATE, PRODUCTS

SPECIFICATION, PROFILE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
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
    root = _thing("./", "Dataset", "A run of Lisbon", hasPart=_at(made), mentions=_at(actions), datePublished=end,
                  description="Notebooks, figures with the data that they draw, products and claims of one run.",
                  license={"@id": LICENCE}, conformsTo={"@id": PROFILE})
    about = _thing(CRATE, "CreativeWork", CRATE, conformsTo={"@id": SPECIFICATION}, about={"@id": "./"})
    return {"@context": [f"{SPECIFICATION}/context", {"sha256": "http://schema.org/sha256"}], "@graph": [
        about, root, _thing(PROFILE, "CreativeWork", "Process Run Crate", version="0.5"),
        _thing(LICENCE, "CreativeWork", "CC BY 4.0", description="Of what was made; what was read keeps its own."),
        *code, *actions, *given, *made]}


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
