"""Reports on maps and on pairs of runs."""

import json

import pytest

from lisbon_core.chain import DEFAULT_SKY
from lisbon_core.tools.cli import main
from lisbon_core.tools.reports import compare_runs, map_report


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
    assert "order" in text
    assert "seed" not in text
    assert "Versions: the same" in text


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
