"""The capstone: a sky for each student, what is graded, and the route to a good answer."""

import re

import matplotlib as mpl
import numpy as np
import pytest

from lisbon_core.course import copies, unknown_sky
from lisbon_core.ground.frames import unit_vector
from lisbon_core.heliosphere import HeliosphereParameters
from lisbon_core.sky.files import read_sky_map
from lisbon_core.synthetic import truth_beside
from lisbon_core.tools import pairing
from lisbon_core.tools.cli import main
from lisbon_core.transport import Estimate

NAMES = [f"student {n}" for n in range(40)]


def answer_for(student, **changes):
    """The truth as an answer with the errors of `quick`, some of it changed."""
    heliosphere, truth = unknown_sky.unknown(student)
    numbers = truth.claims(3)
    right = {"field_lon": (heliosphere.field_lon, 1.5), "field_lat": (heliosphere.field_lat, 1.5),
             **{f"A_{n}": (numbers[f"A_{n}"], 4e-5) for n in (1, 2, 3)}, "inverse_L": (1.0 / truth.L_pc, 0.01)}
    return right | changes


@pytest.fixture
def quick(monkeypatch):
    """No orbits: the reference fit's errors are given."""
    fit = type("Fit", (), {"sigma": np.full(9, 4e-5)})
    monkeypatch.setattr(unknown_sky, "sky_of", lambda *_: None)
    monkeypatch.setattr(unknown_sky, "infer", lambda *_: (fit, Estimate(0.1, 0.01)))


def test_each_student_has_an_unknown_of_their_own():
    centre = unit_vector(HeliosphereParameters().field_lon, HeliosphereParameters().field_lat)
    found = [unknown_sky.unknown(name) for name in NAMES]
    away = [np.degrees(np.arccos(unit_vector(h.field_lon, h.field_lat) @ centre)) for h, _ in found]
    assert min(away) > 2.99
    assert max(away) < 10.01
    assert len({truth.seed for _, truth in found}) == len(NAMES)
    for name in ("L_pc", "gradient_length_kpc"):
        assert {np.sign(getattr(truth, name)) for _, truth in found} == {-1.0, 1.0}, f"{name} has one sign only"
    assert unknown_sky.unknown("Ada")[1] != unknown_sky.unknown("Ada", "a word")[1]


def test_a_true_answer_is_good_and_others_are_told_why(quick):
    assert {one.verdict for one in unknown_sky.grade("Ada", answer_for("Ada"))} == {"good"}
    heliosphere, truth = unknown_sky.unknown("Ada")
    A_1 = truth.claims(1)["A_1"]
    wrong = {"field_lat": ((heliosphere.field_lat - 6.0, 1.5), "4.0 of your errors"),
             "A_1": ((A_1, 4e-6), "10 times too small"), "inverse_L": ((1 / truth.L_pc, 0.2), "20 times too large"),
             "A_2": ((truth.claims(2)["A_2"] + 2e-4, 4e-5), "5.0 of your errors")}
    answer = answer_for("Ada", **{name: value for name, (value, _) in wrong.items()})
    graded = {one.name: one for one in unknown_sky.grade("Ada", answer)}
    for name, (_, words) in wrong.items():
        assert words in graded[name].verdict
    assert graded["field_lon"].verdict == graded["A_3"].verdict == "good"
    # a degree of longitude is less on the sphere, and 361 degrees is 1
    east = unknown_sky.grade("Ada", answer_for("Ada", field_lon=(heliosphere.field_lon + 362.0, 1.0)))[0]
    assert east.pull == pytest.approx(2.0 * np.cos(np.radians(heliosphere.field_lat)))


@pytest.mark.parametrize(("text", "words"), [
    ("A_1 = ", "cannot be read as TOML"),
    ("A_1 = 1e-3", "states no field_lon"),
    ("\n".join(f"{name} = {{value = 1.0, sigma = 0.0}}" for name in unknown_sky.ASKED), "is no measurement"),
])
def test_answers_that_cannot_be_graded(tmp_path, capsys, text, words):
    (tmp_path / "answer.toml").write_text(text)
    assert main(["capstone", "--student", "Ada", "--grade", str(tmp_path / "answer.toml")]) == 2
    assert words in capsys.readouterr().err
    assert main(["capstone", "--student", " ", "--out", "sky.ecsv"]) == 2


def test_the_form_of_the_answer_that_students_are_told_can_be_read(tmp_path):
    text = copies.student_copy(pairing.read(copies.EXERCISES / "capstone_sol.py")).cells[-2].source
    (tmp_path / "answer.toml").write_text("\n".join(re.findall(r"^    (\w+ = .*)$", text, re.M)))
    assert tuple(unknown_sky.read_answer(tmp_path / "answer.toml")) == unknown_sky.ASKED


def test_the_route_of_the_notebook_leads_to_a_good_answer(tmp_path, monkeypatch, capsys):
    """The instructor's copy from the sky to the grade, for a student whose field is near: some 40 s of one core."""
    centre = unit_vector(HeliosphereParameters().field_lon, HeliosphereParameters().field_lat)
    student = max(NAMES, key=lambda name: centre @ unit_vector(*(
        getattr(unknown_sky.unknown(name)[0], axis) for axis in ("field_lon", "field_lat"))))
    monkeypatch.chdir(tmp_path)
    assert main(["capstone", "--student", student, "--out", "sky.ecsv"]) == 0
    assert not truth_beside("sky.ecsv").exists()
    assert "synthetic" in read_sky_map("sky.ecsv").label
    namespace = {}
    with mpl.rc_context({"backend": "Agg"}):
        for cell in pairing.read(copies.EXERCISES / "capstone_sol.py").cells:
            if cell.cell_type == "code":
                exec(cell.source, namespace)
    assert main(["capstone", "--student", student, "--grade", "answer.toml"]) == 0, capsys.readouterr().out
    assert "6 of 6 good" in capsys.readouterr().out
