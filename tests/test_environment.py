"""One environment said three ways: pyproject.toml, environment.yml and the lock; and the citation file."""

import ast
import asyncio
import importlib
import importlib.metadata
import re
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from lisbon_core import __version__
from lisbon_core.tools.provenance import ROOT

CONDA_NAMES = {"matplotlib": "matplotlib-base", "jupyter-client": "jupyter_client", "jupyter-core": "jupyter_core"}
IMPORT_NAMES = {"yaml": "pyyaml", "IPython": "ipython",
                # brought along by what is declared
                "PIL": "matplotlib", "mpl_toolkits": "matplotlib", "llvmlite": "numba"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
DEVELOPMENT = [Requirement(line) for line in [*PROJECT["project"]["dependencies"], *EXTRAS["notebooks"],
                                              *EXTRAS["test"], *PROJECT["dependency-groups"]["build"]]]
# in the lock, not in environment.yml: what only some users need, and conda may not have
OPTIONAL = [Requirement(line) for extra in ("browser", "dask", "grids", "lock", "site") for line in EXTRAS[extra]]


def test_conda_environment_equals_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    *lines, last = environment["dependencies"]
    assert last == {"pip": ["-e ."]}  # the package itself, whose needs are all listed
    listed = dict(line.partition(" ")[::2] for line in lines)
    assert listed.pop("python") == PROJECT["project"]["requires-python"]
    assert listed.pop("pip") == ""
    assert listed == {CONDA_NAMES.get(one.name, one.name): str(one.specifier) for one in DEVELOPMENT}


@pytest.mark.parametrize("requirement", [*DEVELOPMENT, *OPTIONAL], ids=str)
def test_interpreter_satisfies_bounds(requirement):
    assert importlib.metadata.version(requirement.name) in requirement.specifier


def test_python_satisfies_bounds():
    assert ".".join(map(str, sys.version_info[:3])) in SpecifierSet(PROJECT["project"]["requires-python"])
    assert PROJECT["project"]["version"] == __version__


@pytest.mark.parametrize("folder", ["lisbon_core", "notebooks", "tests"])
def test_every_import_is_declared(folder):
    """What the physics imports is a dependency, or reads foreign grids; the rest may use the other extras too."""
    core = {canonicalize_name(Requirement(line).name)
            for line in [*PROJECT["project"]["dependencies"], *EXTRAS["grids"]]}
    everything = {canonicalize_name(one.name) for one in [*DEVELOPMENT, *OPTIONAL]}
    everything |= {canonicalize_name(path.stem) for path in (ROOT / "tests").glob("*.py")}
    for path in (ROOT / folder).rglob("*.py"):
        physics = folder == "lisbon_core" and path.relative_to(ROOT).parts[1] not in ("course", "tools")
        allowed = core if physics else everything
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in (name.partition(".")[0] for name in names):
                known = name in sys.stdlib_module_names or name == "lisbon_core"
                assert known or canonicalize_name(IMPORT_NAMES.get(name, name)) in allowed, f"{path.name}: {name}"


def test_lock_pins_everything_with_hashes_and_names_no_place():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|-e|\.|/)", lock, re.M)
    pinned = {}
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        requirement = Requirement(entry.partition(" \\")[0])
        assert re.fullmatch(r"==[^*]+", str(requirement.specifier)), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), requirement
        pinned.setdefault(canonicalize_name(requirement.name), []).append(str(requirement.specifier).lstrip("="))
    for one in [*DEVELOPMENT, *OPTIONAL]:
        for version in pinned[canonicalize_name(one.name)]:
            assert version in one.specifier, one


def test_binder_installs_the_lock():
    """And then the package, without its needs: a lock with hashes takes no folder."""
    folder = ROOT / ".binder"
    assert {path.name for path in folder.iterdir()} == {"postBuild", "requirements.txt", "runtime.txt"}
    assert (folder / "requirements.txt").read_text(encoding="utf-8") == "-r ../requirements.lock\n"
    assert (folder / "postBuild").stat().st_mode & 0o111
    after = (folder / "postBuild").read_text(encoding="utf-8")
    assert "pip install --no-deps --no-build-isolation --editable ." in after
    python = (folder / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
    assert python in SpecifierSet(PROJECT["project"]["requires-python"])


def test_citation_file():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == __version__
    assert {"message", "title", "authors", "license", "references"} <= set(citation)
    for work in citation["references"]:
        assert {"type", "title", "authors"} <= set(work)
    cited = {(work.get("volume"), work.get("start")) for work in citation["references"]}
    assert {(69, "2468"), (314, "439"), (970, "134"), (992, "46"), (812, "L6"), (212, "193"), (790, "5"),
            (889, "97")} <= cited
    assert {work["doi"] for work in citation["references"] if "doi" in work} == {
        "10.3847/1538-4357/ad4ffd", "10.3847/1538-4357/adfc52", "10.3847/1538-4357/ab643c"}


def test_licences_are_there():
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert "Creative Commons Attribution 4.0 International" in (ROOT / "LICENSE-TEXT").read_text(encoding="utf-8")


def test_the_lab_listens_here_alone_and_asks_nobody():
    """Each option of `make lab` is one that this JupyterLab knows, and no token is taken away."""
    app = pytest.importorskip("jupyterlab.labapp", reason="the extra notebooks is not installed").LabApp
    recipe = re.search(r"^lab:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)[1]
    given = dict(re.findall(r"--(\w+\.\w+)=(\S+)", recipe))
    assert given["ServerApp.ip"] == "127.0.0.1"
    assert not [name for name in given if "token" in name or "password" in name]
    offered = {f"LabApp.{name}" for name in app.class_trait_names()}
    assert {name for name in given if name.startswith("LabApp")} <= offered
    assert given["LabApp.news_url"] == "None"
    module, _, name = given["LabApp.check_for_updates_class"].rpartition(".")
    assert not asyncio.run(getattr(importlib.import_module(module), name)("1.0")())
