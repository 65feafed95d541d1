"""How to cite the compendium and the works it reproduces: text and BibTeX from CITATION.cff."""

import re

from lisbon_core.tools.provenance import ROOT

KINDS = {"article": "article", "conference-paper": "inproceedings", "software": "software"}


def _works() -> list[tuple[list[str], dict]]:
    """Authors of each work, and what else is told of it."""
    import yaml

    own = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return [([one.get("name") or f"{one['family-names']}, {one['given-names']}" for one in work["authors"]], work)
            for work in (own, *own["references"])]


def bibtex() -> str:
    """One BibTeX entry a work; authors given as a collaboration stand in braces, so that they are not taken apart.

    >>> print(bibtex().split("@")[2].splitlines()[0])
    inproceedings{zhang,
    """
    entries = []
    for authors, work in _works():
        key = re.sub(r"[^a-z]", "", re.split(r"[ ,]", authors[0].removeprefix("The "))[0].lower())
        told = {"author": " and ".join(name if "," in name else f"{{{name}}}" for name in authors),
                "title": f"{{{work['title']}}}", **{name: work.get(name) for name in ("year", "version", "journal")},
                "volume": work.get("volume"), "pages": work.get("start"), "doi": work.get("doi")}
        lines = [f"  {name} = {{{value}}}" for name, value in told.items() if value]
        entries.append(f"@{KINDS[work['type']]}{{{key}{work.get('year', '')},\n" + ",\n".join(lines) + "\n}")
    return "\n\n".join(entries)


def page() -> str:
    """The works as a list, then as BibTeX, in Markdown."""
    listed = []
    for authors, work in _works():
        where = " ".join(str(work[name]) for name in ("journal", "volume", "start") if name in work)
        parts = [" and ".join(authors), f"*{work['title']}*", where, str(work.get("year", "")),
                 f"doi:{work['doi']}" if "doi" in work else ""]
        listed.append(f"- {', '.join(filter(None, parts))}.")
    return "\n".join(listed) + f"\n\n<details><summary>BibTeX</summary>\n\n```bibtex\n{bibtex()}\n```\n\n</details>"
