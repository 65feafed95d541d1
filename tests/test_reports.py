"""Reports on maps and on pairs of runs."""

import json
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from lisbon_core import LisbonError
from lisbon_core.parameters import RunParameters
from lisbon_core.plots.drawn import drawn_data
from lisbon_core.run import DEFAULT_SKY
from lisbon_core.sky.files import write_sky_map
from lisbon_core.studies.map_report import look_at, map_report
from lisbon_core.tools.cli import main
from lisbon_core.tools.reports import compare_runs, run_report


def run_folder(folder, **values):
    claims = {name: {"value": value, "sigma": sigma, "note": ""} for name, (value, sigma) in values.items()}
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps({
        "claims": claims, "parameters": {"order": len(values), "seed": 1},
        "provenance": {"versions": {"numpy": "2.0"}}}))
    return folder


def test_map_report_of_the_embedded_sky():
    report = map_report(DEFAULT_SKY)
    assert "7200 pixels of 90 x 180, dec -9 to 69" in report
    # declinations -10 to 70: (sin 70 + sin 10)/2 of the sphere
    assert "covers 55.7% of the sphere, 40 of 40 rings complete" in report
    assert "mind:" not in report


def test_map_report_says_what_to_mind(tmp_path, make_sky):
    sky = make_sky(lambda dec, ra: 1.0 + 1e-3 * (dec / 90.0) + 0.0 * ra)
    lines = ["ra,dec,relative_intensity"]
    lines += [f"{ra},{dec},{sky.relative_intensity[i, j]}"
              for i, dec in enumerate(sky.dec) for j, ra in enumerate(sky.ra)]
    (tmp_path / "map.csv").write_text("\n".join(lines))
    report = map_report(tmp_path / "map.csv")
    assert "ring means differ from 1" in report
    assert "0.0001 a pixel is assumed" in report


def test_compare_counts_shifts_in_joint_errors(tmp_path):
    one = run_folder(tmp_path / "a", A_1=(1.0, 0.3), G=([1.0, 2.0], [0.1, 0.1]), L=(None, None))
    two = run_folder(tmp_path / "b", A_1=(2.0, 0.4), G=([1.0, 2.0], [0.1, 0.1]), L=(3.0, 1.0), T_0=(1.0, 1.0))
    text = compare_runs(one, two)
    assert text.splitlines()[1].endswith("+2.0")
    assert text.splitlines()[2].endswith("0, 0")
    assert text.splitlines()[3].endswith("–")
    assert "mind: in a" not in text
    assert "order" in text
    assert "seed" not in text
    assert "Versions: the same" in text


def test_compare_tells_which_figures_draw_other_data(tmp_path):
    one, two = run_folder(tmp_path / "a"), run_folder(tmp_path / "b")
    for folder, slope in ((one, 1.0), (two, 1.5)):
        (folder / "figures").mkdir()
        for name, factor in (("01_same", 1.0), ("02_other", slope)):
            axes = Figure().add_subplot()
            axes.plot([0.0, 2.0], [0.0, factor], label="line")
            (folder / "figures" / f"{name}.ecsv").write_bytes(drawn_data(axes.figure))
    (two / "figures" / "03_new.ecsv").write_bytes(b"")
    text = compare_runs(one, two)
    assert re.search(r"^02_other +line +0.5 of its range$", text, re.M)
    assert re.search(r"^03_new +– +only in b$", text, re.M)
    assert "Figures: 1 the same" in text
    (two / "figures" / "01_same.ecsv").write_bytes(b"no table")
    with pytest.raises(LisbonError, match=r"01_same\.ecsv does not hold what a figure draws"):
        compare_runs(one, two)


def test_command_line(tmp_path, capsys):
    assert main(["map", str(DEFAULT_SKY)]) == 0
    assert "synthetic" in capsys.readouterr().out
    assert main(["map", str(tmp_path / "none.fits")]) == 2
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 2
    assert "holds no results.json of a run" in error


def test_compare_refuses_what_is_no_run(tmp_path):
    (tmp_path / "results.json").write_text("[]")
    with pytest.raises(ValueError, match=r"no results\.json of a run"):
        compare_runs(tmp_path, tmp_path)


def results(chi2=1.0, **parameters):
    def row(value, note=""):
        return {"value": value, "sigma": 0.1, "unit": "pc", "paper": None, "truth": None, "verdict": "differs",
                "equation": "(5)", "note": note}

    return {"claims": {"chi2_reduced": row(chi2), "L_focusing": row(None, "1/L is compatible with zero"),
                       **{name: row(1e-3, "errors rest on sigma_default") for name in ("A_1", "A_2")}},
            "parameters": {"sky_map": "", "sky_label": "", "rigidity_TV": 14.0, **parameters},
            "provenance": {"commit": "abc", "dirty": True, "input_hash": "123"}}


def test_run_report_of_a_known_sky():
    text = run_report(results())
    assert text.startswith("# Recovery test on a synthetic sky")
    assert "says nothing of nature" in text
    assert "covers 55.7% of the sphere" in text
    assert "the model of the sky (Eq. 3) describes this map within its errors" in text
    assert "- `L_focusing`: 1/L is compatible with zero" in text
    assert "| focusing length `L_focusing` | not determined |" in text
    assert "analysed at a rigidity of 14 TV." in text
    assert "other than by default: rigidity_TV = 14.0." in text
    assert "- `A_1`, `A_2`: errors rest on sigma_default" in text
    assert "commit abc with changes, inputs 123" in text


@pytest.mark.parametrize(("chi2", "verdict"), [(2.0, "none of them is a measurement"), (1.3, "somewhat large"),
                                               (0.5, "likely too large"), (None, "No fit was made")])
def test_run_report_judges_the_fit(tmp_path, chi2, verdict):
    (tmp_path / "mine.ecsv").write_bytes(DEFAULT_SKY.read_bytes())
    text = run_report(results(chi2, sky_map=str(tmp_path / "mine.ecsv"), dec_max=50.0))
    assert verdict in text
    assert text.startswith("# Unlabelled map, analysed at 14 TV")
    assert "dec_max = 50.0, rigidity_TV = 14.0." in text
    assert "The paper's numbers are for 4 TeV, this map was analysed at 14 TV." in text
    assert "Recovery" not in text


def test_a_map_without_noise_is_told(tmp_path, make_sky):
    sky = make_sky(lambda dec, ra: 1.0 + 1e-3 * np.cos(np.radians(ra)) * np.cos(np.radians(dec)), step=6.0)
    noisy = sky.relative_intensity + 1e-4 * np.random.default_rng(3).normal(size=(30, 60))
    write_sky_map(sky, tmp_path / "smooth.csv")
    write_sky_map(sky.replace(relative_intensity=noisy), tmp_path / "noisy.csv")
    assert "a smoothed map or a sum of harmonics" in map_report(tmp_path / "smooth.csv")
    assert "a smoothed map" not in map_report(tmp_path / "noisy.csv")
    read = look_at(tmp_path / "noisy.csv", RunParameters(dec_min=0.0))
    assert "covers 50.0% of the sphere, 15 of 15 rings complete" in read
