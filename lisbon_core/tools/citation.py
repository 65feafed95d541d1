"""How to cite the compendium and the works it reproduces: text and BibTeX from CITATION.cff."""

import re

from lisbon_core.tools.provenance import ROOT

__all__ = ["bibtex", "page"]

KINDS = {"article": "article", "conference-paper": "inproceedings", "software": "software"}


def _works() -> list[dict]:
    import yaml

    own = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return [own, *own["references"]]


def _authors(work: dict) -> list[str]:
    return [author.get("name") or f"{author['family-names']}, {author['given-names']}" for author in work["authors"]]


def bibtex() -> str:
    """One BibTeX entry a work; authors given as a collaboration stand in braces, so that they are not taken apart.

    >>> print(bibtex().split("@")[2].splitlines()[0])
    inproceedings{zhang,
    """
    entries = []
    for work in _works():
        authors = [name if "," in name else f"{{{name}}}" for name in _authors(work)]
        key = re.sub(r"[^a-z]", "", re.split(r"[ ,]", _authors(work)[0].removeprefix("The "))[0].lower())
        fields = {"author": " and ".join(authors), "title": f"{{{work['title']}}}", "year": work.get("year"),
                  "version": work.get("version"), "journal": work.get("journal"), "volume": work.get("volume"),
                  "pages": work.get("start"), "doi": work.get("doi")}
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
        entries.append(f"@{KINDS[work['type']]}{{{key}{work.get('year', '')},\n" + ",\n".join(lines) + "\n}")
    return "\n\n".join(entries)


def page() -> str:
    """The works as a list, then as BibTeX, in Markdown."""
    listed = []
    for work in _works():
        where = " ".join(str(work[name]) for name in ("journal", "volume", "start") if name in work)
        parts = [" and ".join(_authors(work)), f"*{work['title']}*", where, str(work.get("year", "")),
                 f"doi:{work['doi']}" if "doi" in work else ""]
        listed.append("- " + ", ".join(part for part in parts if part) + ".")
    return "\n".join(listed) + f"\n\n<details><summary>BibTeX</summary>\n\n```bibtex\n{bibtex()}\n```\n\n</details>"
