"""What a detector sees, against closed forms and what must be."""

import numpy as np
import pytest

from lisbon_core.ground.response import ResponseError, air_shower, log_normal, mono, presets, response, table


def test_a_log_normal_has_its_moments():
    ln_r = np.log(log_normal(4.0, 0.4).quantiles_TV)
    assert ln_r.mean() == pytest.approx(np.log(4.0))
    # a normal law cut at three widths has a variance of 0.9733 of them
    assert ln_r.var() == pytest.approx(0.9733 * 0.4**2, rel=2e-3)


def test_a_table_gives_each_rigidity_its_share(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("rigidity_TV, weight\n8, 0.3\n2.0, 0.2\n4.0, 0.5\n")
    drawn = table(path, 4.0).rigidity((np.arange(1000) + 0.5) / 1000)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [2.0, 4.0, 8.0]
    np.testing.assert_allclose(counts / 1000, [0.2, 0.5, 0.3], atol=2e-3)


def test_a_calorimeter_sees_the_published_composition():
    """With size_exponent 1 each nucleus is seen at its own energy: shares are those of the fluxes there, R = E/Z."""
    seen = np.array(air_shower(4.0, 1e-6, size_exponent=1.0).quantiles_TV)
    flux = np.array([7860.0, 3550.0, 2200.0, 1430.0, 2120.0]) * 4000.0 ** -np.array([1.66, 1.58, 1.63, 1.67, 1.63])
    # rigidities of p and He are far apart: the share above 3 TV is that of protons
    assert np.mean(seen > 3.0) == pytest.approx(flux[0] / flux.sum(), abs=2e-3)
    assert np.mean(seen > 1.0) == pytest.approx(flux[:2].sum() / flux.sum(), abs=2e-3)


def test_heavy_nuclei_are_seen_more_rarely_by_an_array():
    """Steeper growth of the size hides heavy nuclei: the rigidity seen rises, but stays below that of protons alone."""
    medians = [air_shower(4.0, 0.5, size_exponent=a).median_TV for a in (1.0, 1.15, 1.3, 1.45)]
    assert np.all(np.diff(medians) > 0.0)
    assert medians[-1] < 4.0
    # helium of the same size has 4^((a-1)/a) times the energy, so half of that the rigidity
    alone = np.array(air_shower(4.0, 1e-6).quantiles_TV)
    assert np.abs(alone - 4.0 * 4.0 ** (0.3 / 1.3) / 2.0).min() < 1e-3


def test_every_preset_can_be_drawn_from_and_names_its_source():
    for name, facts in presets().items():
        made = response(name, 4.0)
        assert made.scale_TV == facts["energy_TeV"]
        assert 0.3 < made.median_TV / made.scale_TV < 1.0
        assert facts["source"]
        assert facts["width_sigma"] > 0.0
    assert response("mono", 7.0) == mono(7.0)
    assert response("lognormal:0.4", 4.0) == log_normal(4.0, 0.4)


@pytest.mark.parametrize(("text", "says"), [
    ("tibet", "cannot be read"), ("lognormal:wide", "a width of ln E"), ("lognormal:0", "between 0 and 3"),
    ("air-shower:-1", "between 0 and 3"), ("nowhere.csv", "cannot be read")])
def test_impossible_responses_are_named(text, says):
    with pytest.raises(ResponseError, match=says):
        response(text, 4.0)


def test_tables_with_impossible_numbers_are_named(tmp_path):
    for text, says in (("4 1\n-2 1\n", "positive"), ("4 nan\n", "positive"), ("4 1 2\n", "two columns"), ("", "two")):
        (tmp_path / "mine.txt").write_text(text)
        with pytest.raises(ResponseError, match=says):
            table(tmp_path / "mine.txt", 4.0)
