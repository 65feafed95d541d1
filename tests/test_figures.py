"""Every figure of every notebook: drawn by one function of the package, said in words, sized for a journal."""

import ast
import tomllib
from collections import Counter
from string import Formatter

import pytest
from matplotlib.figure import Figure
from PIL import Image

from lisbon_core import plots
from lisbon_core.ground._core import LisbonError
from lisbon_core.tools import notebook
from lisbon_core.tools.provenance import NOTEBOOKS

SOURCES = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.py"))
WORDS = tomllib.loads((NOTEBOOKS / "figures.toml").read_text(encoding="utf-8"))


def shown(path):
    """What each show(fig, name, ...) of a notebook is given: name, keywords, and the call that made the figure."""
    made, found = {}, []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            made.setdefault(node.targets[0].id, []).append((node.lineno, node.value))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "show":
            found.append(node)
    for call in found:
        before = [value for line, value in made.get(ast.unparse(call.args[0]), []) if line < call.lineno]
        drawn = before[-1] if before else call.args[0]
        yield (ast.literal_eval(call.args[1]), {word.arg: ast.unparse(word.value) for word in call.keywords},
               ast.unparse(drawn.func) if isinstance(drawn, ast.Call) else ast.unparse(drawn))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_each_has_words_and_a_function(path):
    for name, words, function in shown(path):
        assert name.startswith(path.stem[:3]), f"{name} does not begin with the number of its notebook"
        assert len(WORDS[name]["alt"]) > 60, f"{name}: the alternative text is too short to see by"
        assert len(WORDS[name]["caption"]) > 20
        places = {place for text in WORDS[name].values() for _, place, _, _ in Formatter().parse(text) if place}
        assert places <= words.keys(), f"{name}: its words have places that are not filled"
        module, _, drawing = function.rpartition(".")
        assert module == "plots", f"{name} is drawn by {function}, not by a function of lisbon_core.plots"
        assert callable(vars(plots)[drawing])


def test_names_are_unique():
    names = Counter(name for path in SOURCES for name, _, _ in shown(path))
    assert not [name for name, count in names.items() if count > 1]
    assert names.keys() == WORDS.keys(), "words without a figure, or the other way round"


def drawing():
    fig = plots.curves([0.0, 1.0], {"one": [0.0, 1.0], "two": [1.0, 0.0]}, xlabel="x", ylabel="y")
    assert isinstance(fig, Figure)
    return fig


def test_show_saves_pixels_and_vectors(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(notebook, "display", said.append)
    words(tmp_path, monkeypatch, alt="{n} lines that cross.", caption="{n} lines.")
    for folder in ("a", "b"):
        notebook.show(drawing(), "01_x", tmp_path / folder, n="Two")
    with pytest.raises(LisbonError, match="'n'"):
        notebook.show(drawing(), "01_x", tmp_path / "c")
    assert said[1].data == "*01_x.* Two lines. Drawn by `plots.curves`."
    for kind in ("png", "pdf", "ecsv"):
        one, two = (tmp_path / folder / "figures" / f"01_x.{kind}" for folder in "ab")
        assert one.read_bytes() == two.read_bytes(), f"the same figure gives another {kind}"
    with Image.open(tmp_path / "a" / "figures" / "01_x.png") as image:
        assert image.width == round(plots.PAGE * 200)
        assert image.text == {"Software": "lisbon_core", "Source": "lisbon_core.plots.curves"}
        assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255), "paper is white"
    pdf = (tmp_path / "a" / "figures" / "01_x.pdf").read_bytes()
    assert b"lisbon_core.plots.curves" in pdf
    assert b"CreationDate" not in pdf


@pytest.mark.parametrize(("name", "alt"), [("a/b", "Words."), ("01_x", "  "), ("01_y", "Words.")])
def test_show_refuses(tmp_path, monkeypatch, name, alt):
    words(tmp_path, monkeypatch, alt=alt, caption="c")
    with pytest.raises(LisbonError):
        notebook.show(drawing(), name, tmp_path)
    assert not list(tmp_path.rglob("*.p*"))


def words(folder, monkeypatch, **told):
    """The words of a figure 01_x."""
    monkeypatch.setattr(notebook, "NOTEBOOKS", folder)
    (folder / "figures.toml").write_text("[01_x]\n" + "".join(f'{key} = "{text}"\n' for key, text in told.items()))
