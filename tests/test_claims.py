"""The ledger: verdicts by their arithmetic, what is refused, and the committed results and their table."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from lisbon_core.claims import anisotropy_claims, otherwise_made, transport_claims
from lisbon_core.ground.rounding import number
from lisbon_core.parameters import RunParameters
from lisbon_core.run import Run
from lisbon_core.tools.notebook import record
from lisbon_core.tools.provenance import ROOT
from lisbon_core.tools.tables import plain_table, table
from lisbon_core.transport.result import Estimate
from lisbon_core.verdicts import Claim, ClaimError, merge, verdict, verdicts

RESULTS = ROOT / "figures" / "results.json"
UNTESTABLE = "not testable without the private data"


@pytest.mark.parametrize(("claim", "default_sky", "wanted"), [
    (Claim("L_focusing", 16.6, 0.4, truth=17.8), True, "recovered"),  # exactly three sigma away
    (Claim("L_focusing", 16.5, 0.4, truth=17.8), True, "not recovered"),
    (Claim("L_focusing", 16.6, 0.4, truth=17.8, paper=17.8), False, "differs"),
    (Claim("L_focusing", 17.0, 0.4, paper=17.8), False, "consistent"),
    (Claim("L_focusing", 17.0, 0.4, paper=17.8), True, UNTESTABLE),
    (Claim("eta", 17.0, 0.4), False, UNTESTABLE),
    (Claim("L_focusing", None, note="noise"), True, "not determined"),
    (Claim("L_focusing", None, note="noise", paper=17.8), False, "not determined"),
    (Claim("G_icrs", [1.0, 2.0, 3.0], [0.1, 0.1, 0.1], truth=[1.1, 2.2, 2.8]), True, "recovered"),
    (Claim("G_icrs", [1.0, 2.0, 3.0], [0.1, 0.1, 0.1], truth=[1.1, 2.4, 3.0]), True, "not recovered"),
    (Claim("T_0_bound", 3e-7, truth=0.0, paper=7e-7), True, "compatible"),
    (Claim("A_2", 1.0, 0.51, truth=1.2), True, "compatible"),  # zero is less than two errors away
    (Claim("A_2", 1.0, 0.49, truth=1.2), True, "recovered"),
    (Claim("G_icrs", [1.0, 0.2], [0.1, 0.3], truth=[1.1, 0.0]), True, "compatible"),
    (Claim("chi2_reduced", 1.2, 0.1, truth=1.0), True, "a diagnostic"),
    (Claim("focusing_preference", 4.4), True, "a diagnostic"),
    (Claim("T_0_bound", 3e-7, truth=-4e-7), True, "not recovered"),
    (Claim("T_0_bound", 3e-7, paper=7e-7), False, "consistent"),
    (Claim("A_1", 1.0, truth=1.0), True, "recovered"),
    (Claim("A_1", 1.1, truth=1.0), True, "not recovered"),
])
def test_verdict(claim, default_sky, wanted):
    assert verdict(claim, default_sky) == wanted


@pytest.mark.parametrize(("arguments", "sentence"), [
    ({"value": float("nan")}, "must be finite"), ({"value": 1.0, "sigma": np.inf}, "must be finite"),
    ({"value": [1.0, np.nan]}, "must be finite"), ({"value": 1.0, "sigma": -1.0}, "cannot be negative"),
    ({"value": None}, "no value and no note"), ({"value": [1.0, 2.0], "truth": [1.0]}, "give as many"),
])
def test_refused(arguments, sentence):
    with pytest.raises(ClaimError, match=sentence):
        Claim("A_1", **arguments)


def test_numpy_becomes_plain(tmp_path):
    claim = Claim("G_icrs", np.array([1.0, 2.0]), np.float64(0.5) * np.ones(2))
    assert type(claim.value) is list
    assert type(claim.value[0]) is float
    record(str(tmp_path), "05_fit", [claim])
    assert merge(tmp_path, True)["G_icrs"]["value"] == [1.0, 2.0]


def test_one_claim_from_two_notebooks(tmp_path):
    record(str(tmp_path), "05_fit", [Claim("A_1", 1.0)])
    record(str(tmp_path), "06_rest", [Claim("A_1", 1.0)])
    with pytest.raises(ClaimError, match="made by both 05_fit and 06_rest"):
        merge(tmp_path, True)
    with pytest.raises(ClaimError, match="makes the claim A_1 twice"):
        record(str(tmp_path), "05_fit", [Claim("A_1", 1.0), Claim("A_1", 2.0)])


def test_a_known_truth_makes_a_known_sky(tmp_path):
    record(str(tmp_path), "09_fit", [Claim("eta", 1.0, 0.1, truth=1.1), Claim("L_focusing", 1.0, 0.1, paper=17.8)])
    merged = merge(tmp_path, default_sky=False)
    assert merged["eta"]["verdict"] == "recovered"
    assert merged["L_focusing"]["verdict"] == UNTESTABLE


@pytest.mark.parametrize(("truth", "said"), [(1.05, ("recovered", "recovered")), (2.0, ("not recovered",) * 2),
                                             (None, ("consistent", "differs"))])
def test_errors_of_a_model_that_does_not_fit_decide_nothing(tmp_path, truth, said):
    """Neither that a number agrees nor that it differs; that it is not the truth stays true."""
    paper = () if truth else (1.05, 2.0)
    numbers = [Claim("A_1", 1.0, 0.1, truth=truth, paper=paper[0] if paper else None, equation="(3)"),
               Claim("eta", 1.0, 0.1, truth=truth, paper=paper[1] if paper else None, equation="(6)")]
    unfit = "not recovered" if truth == 2.0 else "the model does not fit"
    for sky, bins, wanted in ((1.0, 1.0, said), (1.6, 1.0, (unfit, unfit)), (1.0, 3.0, (said[0], unfit)),
                              (1.4, 1.4, said), (1.0, None, said)):
        record(str(tmp_path), "05_fit", [*numbers, Claim("chi2_reduced", sky, 0.1),
                                         Claim("chi2_pad", bins, 0.1, note="of eight bins")])
        merged = merge(tmp_path, default_sky=False)
        assert (merged["A_1"]["verdict"], merged["eta"]["verdict"]) == wanted, (sky, bins)
        assert merged["chi2_reduced"]["verdict"] == "a diagnostic"


def test_a_period_means_something_only_where_there_is_a_wiggle():
    period = Claim("omega", 1.0, 0.1, truth=1.0, equation="(6)")
    for error, said in ((0.1, "recovered"), (0.3, "compatible")):
        depth = Claim("eta_over_d_offset", -0.5, error, truth=-0.5, equation="(6)")
        assert verdicts({"omega": period, "eta_over_d_offset": depth}, True) == {"omega": said, depth.id: said}


@pytest.mark.parametrize(("arguments", "text"), [
    # two digits of sigma up to 354, one up to 949, 1000 above: Particle Data Group, introduction, section 5.3
    ((0.827, 0.119, ""), "0.83 ± 0.12"), ((0.827, 0.367, ""), "0.8 ± 0.4"), ((9.16, 0.962, ""), "9.2 ± 1.0"),
    ((17.8, None, "pc"), "17.8 pc"), ((1.234e-3, 2.1e-5, ""), "(1.234 ± 0.021) × 10⁻³"), ((0.0, None, ""), "0"),
    (([1e-6, -2e-7], [1e-7, 1e-7], "1/AU"), "(1.00 ± 0.10, −0.20 ± 0.10) × 10⁻⁶ AU⁻¹"),
    ((None, None, "pc"), "not determined"), ((-1e-9, 2.6, ""), "0.0 ± 2.6"),
    ((123456.0, 1.2e4, ""), "(1.23 ± 0.12) × 10⁵"), ((7.08e-7, None, "1/yr"), "7.08 × 10⁻⁷ yr⁻¹"),
])
def test_number(arguments, text):
    assert number(*arguments) == text


def test_tables_print_truth_before_paper():
    row = {"value": 17.93, "sigma": 2.81, "unit": "pc", "paper": 17.8, "truth": 17.5, "verdict": "recovered",
           "equation": "(5)", "note": "with T_0 = 0"}
    text = table({"L_focusing": row})
    assert "| focusing length `L_focusing` | 17.5 | 17.8 | 17.9 ± 2.8 | pc | recovered | (5) |" in text
    assert text.splitlines()[0].index("Truth") < text.splitlines()[0].index("Paper")
    assert text.endswith("- `L_focusing`: with T_0 = 0")
    row |= {"value": -9.2e-5, "sigma": 7e-5, "truth": -1.24e-4, "paper": None}
    assert "| −1.24 × 10⁻⁴ | (−0.9 ± 0.7) × 10⁻⁴ |" in table({"A_3": row}), "one power of ten in a row"


def test_plain_table():
    row = {"value": 17.93, "sigma": 2.81, "unit": "pc", "paper": 17.8, "truth": 17.5, "verdict": "recovered",
           "equation": "(5)", "note": "with T_0 = 0"}
    assert plain_table({"L_focusing": row}).splitlines()[1].split()[:3] == ["L_focusing", "17.5", "17.8"]


@pytest.mark.parametrize(("changes", "what"), [
    ({"response": "mono"}, "response air-shower:0.6 at 4 TV"), ({"rigidity_TV": 5.0}, "response"),
    ({"epoch": "fixed"}, "epoch 'cycle'"), ({"field_uG": 2.5}, "default heliosphere"),
    ({"p_index": 4.6}, "p_index 4.7"), ({"orbits": "out"}, "all of them"), ({"boundary_AU": 2000.0}, "4000 AU")])
def test_a_sky_that_was_made_otherwise_is_named(changes, what):
    """One sentence for what differs, and none for what does not."""
    sentence, = otherwise_made(Run(RunParameters(**changes)))
    assert what in sentence


def test_a_sky_made_as_the_run_assumes_needs_no_words():
    assert otherwise_made(Run(RunParameters())) == []
    assert "heliosphere" in otherwise_made(Run(RunParameters(), liouville="one's own"))[0]


needs_results = pytest.mark.skipif(not RESULTS.exists(), reason="figures/results.json has not been made yet")


def of_a_run(kappa29=1.0, **parts):
    """What claims are made of, with a model that fits and nothing assumed."""
    fit = SimpleNamespace(order=1, theta=np.array([2e-3, 1.0, 2.0]), sigma=np.ones(3), chi2_reduced=1.0,
                          chi2_reduced_sigma=0.1, effective_pixels=500.0, design=SimpleNamespace(corrected=1.0),
                          untold=np.zeros((3, 1)),
                          covariance=np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.9], [0.0, 0.9, 1.0]]))
    axes = {"e_x_icrs": np.array([2.0, 1.0, 2.0]) / 3.0, "e_y_icrs": np.array([1.0, 2.0, -2.0]) / 3.0}
    return SimpleNamespace(truth=None, coarser=None, systematic=None, transport_shifts={},
                           runs=[SimpleNamespace(sky=SimpleNamespace(sigma_assumed=False))], fit=fit,
                           liouville=SimpleNamespace(replicate=np.arange(2), **axes),
                           parameters=RunParameters(kappa29=kappa29), **parts)


def test_a_gradient_in_other_axes_keeps_its_correlation():
    claim, = [one for one in anisotropy_claims(of_a_run()) if one.id == "G_icrs"]
    assert "combinations of A_n and G the sky does not tell 1:" in claim.note
    np.testing.assert_allclose(claim.value, np.array([4.0, 5.0, -2.0]) / 3.0)
    np.testing.assert_allclose(np.square(claim.sigma), np.array([5.0 + 3.6, 5.0 + 3.6, 8.0 - 7.2]) / 9.0)


def test_what_the_paper_states_goes_with_kappa():
    """Lengths grow with kappa29, the bound on the rate falls: D, L and T_0 are l/v, and l = 3 kappa/v."""
    names = ("L_focusing", "gradient_length", "T_0", "T_0_bound", "eta", "omega", "d_offset", "eta_over_d_offset",
             "D_asymmetry", "focusing_preference")
    transport = SimpleNamespace(chi2=None, dof=0, **{name: Estimate(None, note="not asked") for name in names})
    once, twice = ({one.id: one.paper for one in transport_claims(of_a_run(
        kappa, transport=transport))} for kappa in (1.0, 2.0))
    assert twice["L_focusing"] == 2.0 * once["L_focusing"] == pytest.approx(35.6)
    assert twice["gradient_length"] == 2.0 * once["gradient_length"]
    assert twice["T_0_bound"] == 0.5 * once["T_0_bound"] == pytest.approx(3.54e-7)


@needs_results
def test_committed_results():
    """Every identifier of the contract, finite or null with a reason, on the default sky."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    order = results["parameters"]["order"]
    wanted = {*(f"A_{n}" for n in range(1, order + 1)), "G_x", "G_y", "G_icrs", "unescaped_fraction", "chi2_reduced",
              "chi2_pad", "L_focusing", "gradient_length", "T_0", "T_0_bound", "eta", "omega", "d_offset",
              "eta_over_d_offset", "D_asymmetry", "focusing_preference"}
    assert set(results["claims"]) == wanted
    assert set(results["provenance"]) == {"input_hash"}
    claims = {name: Claim(name, **{key: value for key, value in row.items() if key != "verdict"})
              for name, row in results["claims"].items()}
    assert {name: row["verdict"] for name, row in results["claims"].items()} == verdicts(claims, default_sky=True)
    for name in ("L_focusing", "gradient_length", "T_0_bound"):
        assert results["claims"][name]["paper"] is not None, name


@needs_results
def test_readme_shows_the_committed_results():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = table(json.loads(RESULTS.read_text(encoding="utf-8"))["claims"], notes=False)
    assert f"<!-- claims -->\n\n{shown}\n\n<!-- /claims -->" in readme
