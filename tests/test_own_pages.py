"""Pages on one's own map, law, response and field: every Python block is run, in order, in an empty folder."""

import re
import subprocess
import sys

import pytest

from lisbon_core.tools.provenance import ROOT

PAGES = sorted((ROOT / "notebooks" / "own").glob("own_*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    blocks = [(text[: found.start()].count("\n") + 2, found[1]) for found in BLOCK.finditer(text)]
    assert len(blocks) >= 3
    assert all("assert" in block for _, block in blocks[-1:]), "a page ends with something that is checked"
    # as one script whose lines are those of the page, so that an error names the line
    lines = [""] * text.count("\n")
    for first, block in blocks:
        lines[first - 1: first - 1 + block.count("\n")] = block.splitlines()
    (tmp_path / "page.py").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run([sys.executable, "-W", "error", "page.py"], cwd=tmp_path, capture_output=True, text=True,
                          check=False, env=environment())
    assert done.returncode == 0, f"{page.name}:\n{done.stderr}"


def environment() -> dict:
    """That of the test, with the package on the path."""
    import os

    return os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def test_the_readme_leads_to_every_page():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        assert f"notebooks/own/{page.name}" in readme, f"README does not link {page.name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_of_a_page_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"
