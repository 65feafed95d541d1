"""Parameters of a run, the inputs it refuses, and the recovery of both embedded skies at full resolution."""

import math
from dataclasses import fields

import numpy as np
import pytest
from scipy.stats import chi2

from lisbon_core import LisbonError
from lisbon_core.claims import anisotropy_claims, liouville_claims, transport_claims
from lisbon_core.ground.frames import FRAMES
from lisbon_core.parameters import FAST, FILES, ParameterError, RunParameters
from lisbon_core.run import DATA, DEFAULT_SKY, Run, check_inputs
from lisbon_core.verdicts import UNTESTABLE, verdict

CONTRACT = {"sky_map", "sky_label", "sigma_default", "averaging_deg", "dec_min", "dec_max", "mask", "order", "p_index",
            "rigidity_TV", "heliosphere", "field_lon", "field_lat", "field_frame", "field_uG", "polarity", "samples",
            "boundary_AU", "closure", "kappa29", "seed", "response", "rigidity_index", "epoch"}


def test_every_parameter_of_the_contract_is_there_and_explained():
    """The table: one type each, in the annotation and the default; a range or choices wherever there is a number."""
    names = {field.name for field in fields(RunParameters)}
    assert names >= CONTRACT | {*FAST, *FILES}
    for field in fields(RunParameters):
        assert field.type is type(field.default)
        assert field.metadata["help"][1:] in RunParameters.__doc__
        assert field.type is str or {"low", "high"} <= set(field.metadata) or "choices" in field.metadata
    assert RunParameters.__dataclass_fields__["field_frame"].metadata["choices"] == tuple(FRAMES)
    with pytest.raises(ParameterError, match="must be one of flux-tube, uniform"):
        RunParameters(closure="other")


def test_a_notebook_finds_what_is_set_for_its_run():
    """All names that papermill has written into it, declared or not; the rest at its default."""
    run = Run.from_namespace({"order": 5, "kappa29": "2", "run_dir": "x", "np": np, "run": None})
    assert run.parameters == RunParameters(order=5, kappa29=2.0)
    assert str(run.folder) == "x"
    with pytest.raises(ParameterError, match="mask is array"):
        Run.from_namespace({"mask": np.ones(3)})


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"order": "seven"}, "order is 'seven', but it must be a whole number"),
    ({"order": 7.5}, "order is 7.5, but it must be a whole number"),
    ({"rigidity_TV": math.nan}, "rigidity_TV is nan, but it must be a finite number"),
    ({"dec_min": 50.0, "dec_max": 20.0}, "dec_min must be the lower one"),
    ({"ordr": 5}, "No parameter is called ordr: did you mean order?"),
    ({"pixels": 5}, "`lisbon list` shows all of them"),
    ({"sky_map": 3}, "sky_map is 3, but it must be text"),
])
def test_a_wrong_parameter_gets_a_sentence(wrong, sentence):
    """What the command line does not let through; ranges and choices are in `refusals.SETTINGS`."""
    with pytest.raises(ParameterError) as error:
        RunParameters.from_mapping(wrong)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_gone_is_left_out_with_a_sentence(caplog):
    assert RunParameters.from_mapping({"positions": 8, "order": 5}) == RunParameters(order=5)
    assert "positions is gone" in caplog.text


def test_a_response_brings_its_own_scale():
    assert Run(RunParameters(response="icecube-20TeV")).response.scale_TV == 20.0
    assert Run(RunParameters(rigidity_TV=12)).response.scale_TV == 12.0
    with pytest.raises(ParameterError, match="the response hawc-10TeV is one of 10 TV: leave rigidity_TV out"):
        check_inputs(RunParameters(response="hawc-10TeV", rigidity_TV=12))
    with pytest.raises(LisbonError, match="even number"):
        check_inputs(RunParameters(samples=15))


def test_a_solar_cycle_is_gone_through_evenly():
    moments = [[(one.parameters.polarity, one.parameters.cycle_phase) for one in Run(RunParameters(**changes)).epochs]
               for changes in ({}, {"polarity": -1}, {"epoch": "fixed"})]
    assert moments == [[(1, k / 8) for k in range(8)], [(-1, k / 8) for k in range(8)], [(1, 0.0)]]


def test_numbers_may_come_as_text():
    assert RunParameters.from_mapping({"order": "5", "kappa29": "2"}).order == 5


def test_a_missing_map_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(LisbonError, match=r"nowhere\.fits"):
        check_inputs(RunParameters(sky_map=str(tmp_path / "nowhere.fits")))


def test_a_heliosphere_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("nose_AU = 110.0\nrotation_axis_icrs = [286.13, 63.87]\n")
    parameters = Run(RunParameters(heliosphere=str(path), polarity=-1)).heliosphere.parameters
    assert (parameters.nose_AU, parameters.polarity) == (110.0, -1)
    path.write_text("tail_AU = inf\n")
    with pytest.raises(ParameterError, match="tail_AU is inf"):
        check_inputs(RunParameters(heliosphere=str(path)))
    path.write_text("nose = 110.0\n")
    with pytest.raises(ParameterError, match="holds 'nose', but a heliosphere knows nose_AU"):
        check_inputs(RunParameters(heliosphere=str(path)))
    with pytest.raises(ParameterError, match="cannot be read as TOML"):
        check_inputs(RunParameters(heliosphere=str(tmp_path / "none.toml")))


def test_a_sky_of_too_few_pixels_is_refused_at_the_start(tmp_path):
    ra, dec = (axis.ravel() for axis in np.meshgrid(np.arange(1.0, 360.0, 2.0), np.arange(-89.0, 90.0, 2.0)))
    mask = tmp_path / "mask.csv"
    np.savetxt(mask, np.column_stack([ra, dec, (ra < 20) & (dec > 0) & (dec < 4)]), delimiter=",", comments="",
               header="ra,dec,observed")
    check_inputs(RunParameters(mask=str(mask), order=15))
    with pytest.raises(LisbonError, match="20 observed pixels in 2 rings for 18 parameters: lower the order"):
        check_inputs(RunParameters(mask=str(mask), order=16))


@pytest.mark.parametrize("grid_deg", [1.0, 1.5, 2.5, 3.0, 5.0, 7.5, 9.0])
def test_a_grid_is_that_which_was_asked_for_or_refused(tmp_path, grid_deg):
    with pytest.raises(LisbonError, match=f"grid_deg is {grid_deg:g}, but the map comes in steps of 2"):
        check_inputs(RunParameters(grid_deg=grid_deg))
    ra, dec = np.meshgrid(np.arange(1.5, 360.0, 3.0), np.arange(-88.5, 90.0, 3.0))
    coarse = tmp_path / "coarse.csv"
    np.savetxt(coarse, np.column_stack([ra.ravel(), dec.ravel(), 1.0 + 1e-3 * np.cos(np.radians(ra.ravel()))]),
               delimiter=",", header="ra,dec,relative_intensity", comments="")
    for asked, got in ((2.0, 3.0), (6.0, 6.0), (9.0, 9.0)):
        assert np.diff(Run(RunParameters(sky_map=str(coarse), grid_deg=asked)).sky.dec)[0] == pytest.approx(got)
    assert "steps of 3 x 3" in Run(RunParameters(sky_map=str(coarse))).sky.log[-1]
    with pytest.raises(LisbonError, match="grid_deg is 4, but the map comes in steps of 3"):
        check_inputs(RunParameters(sky_map=str(coarse), grid_deg=4.0))


@pytest.mark.parametrize("boundary", [500.0, 50000.0])
def test_orbits_have_time_to_reach_any_boundary(boundary):
    found = Run(RunParameters(grid_deg=10.0, samples=2, response="mono", boundary_AU=boundary)).liouville
    assert found.unescaped_fraction < 0.05


def test_labels_say_what_a_map_is(tmp_path):
    assert "recovery test" in Run(RunParameters()).label
    unlabelled = tmp_path / "real.ecsv"
    unlabelled.write_bytes(DEFAULT_SKY.read_bytes())
    assert Run(RunParameters(sky_map=str(unlabelled), rigidity_TV=12)).label == "unlabelled map, analysed at 12 TV"
    assert Run(RunParameters(sky_map=str(unlabelled), sky_label="Mine, 12 TeV")).label == "Mine, 12 TeV"


@pytest.mark.parametrize("path", ["", str(DATA / "sky_second.ecsv")])
def test_both_embedded_skies_come_back(path):
    """At full resolution, from samples of their own: A_n and G together, 1/L and the gradient length."""
    run = Run(RunParameters(sky_map=path))
    run = Run(RunParameters(sky_map=path, response=run.truth.response, members=0))
    truth = run.truth.claims(run.fit.order)
    claims = {claim.id: claim for claim in [*liouville_claims(run), *anisotropy_claims(run), *transport_claims(run)]}
    off = run.fit.theta - [truth[name] for name in run.fit.design.names]
    assert off @ np.linalg.solve(run.fit.covariance, off) < chi2.isf(1e-3, off.size)
    assert np.all(run.fit.budget["sample of the map"] < 0.5 * run.fit.budget["noise of the sky"])
    assert abs(run.fit.chi2_reduced - 1.0) < 3.0 * run.fit.chi2_reduced_sigma
    assert claims["A_1"].value == pytest.approx(truth["A_1"], rel=0.1)
    assert claims["gradient_length"].value == pytest.approx(truth["gradient_length"], rel=0.1)
    for found, true in ((run.transport.inverse_L, 1.0 / truth["L_focusing"]), (run.transport.T_0, 0.0),
                        (run.transport.gradient_length, truth["gradient_length"])):
        assert abs(found.value - true) < 3.0 * found.sigma
    assert claims["T_0_bound"].value > abs(claims["T_0"].value)
    assert 0.0 < claims["unescaped_fraction"].value < 0.2


ENDS = [(one.name, value) for one in fields(RunParameters)
        if one.name not in ("samples", "members") and one.type is not str
        for value in one.metadata.get("choices") or (one.metadata["low"], one.metadata["high"])]
REFUSED = {("dec_min", 90.0), ("dec_max", -90.0), ("grid_deg", 1.0)}  # an empty band; finer than a map is read


@pytest.mark.parametrize(("name", "value"), [*ENDS, ("closure", "uniform"), ("orbits", "calm"), ("orbits", "out"),
                                             ("epoch", "fixed"), ("response", "lognormal:3")])
def test_the_ends_of_every_parameter_come_to_verdicts(name, value):
    """An assumption that does not fit is a verdict or a reason, and no exception."""
    settings = {"grid_deg": 10.0, "samples": 2, "response": "mono", "members": 0, name: value}
    if (name, value) in REFUSED:
        with pytest.raises(LisbonError, match=name):
            check_inputs(RunParameters(**settings))
        return
    run = Run(RunParameters(**settings))
    made = [*liouville_claims(run), *anisotropy_claims(run), *transport_claims(run)]
    assert {verdict(claim, default_sky=True) for claim in made} <= {"recovered", "compatible", "not recovered",
                                                                    "not determined", "a diagnostic", UNTESTABLE}
    assert all(claim.note for claim in made if claim.value is None)


def test_claims_of_a_run_are_complete():
    run = Run(RunParameters(**FAST))
    names = [claim.id for claim in [*liouville_claims(run), *anisotropy_claims(run), *transport_claims(run)]]
    assert len(names) == len(set(names))
    assert set(names) == {*(f"A_{n}" for n in range(1, 8)), "G_x", "G_y", "G_icrs", "unescaped_fraction",
                          "chi2_reduced", "chi2_pad", "L_focusing", "gradient_length", "T_0", "T_0_bound",
                          "eta", "omega", "d_offset", "eta_over_d_offset", "D_asymmetry", "focusing_preference"}


def test_gradient_as_a_vector_is_across_the_field():
    run = Run(RunParameters(**FAST))
    gradient = next(claim for claim in anisotropy_claims(run) if claim.id == "G_icrs")
    assert abs(np.dot(gradient.value, run.liouville.field_icrs)) < 1e-12 * np.linalg.norm(gradient.value) + 1e-20


def test_real_maps_end_in_numbers_or_reasons(real_data):
    for name, extra in (("icecube_tibet_lmax3.fits.gz", {}), ("icecube_day_2013-08-04.fits.gz", {"dec_max": -25.0})):
        run = Run(RunParameters(sky_map=str(real_data / "maps" / name), rigidity_TV=14.0, **FAST, **extra))
        assert not run.is_recovery_test
        for claim in [*liouville_claims(run), *anisotropy_claims(run), *transport_claims(run)]:
            assert claim.truth is None
            if claim.value is None:
                assert claim.note
            else:
                assert np.all(np.isfinite(claim.value))


def test_orbits_may_be_left_out():
    """Those that are not out, or chaotic ones, where their half of the pixel holds another."""
    whole, out, calm = (Run(RunParameters(grid_deg=10.0, samples=8, orbits=which)).liouville
                        for which in ("all", "out", "calm"))
    assert np.isfinite(calm.amplification).all(), "every orbit is followed by two neighbours"
    for kept, wanted in ((out.escaped, whole.escaped), (~calm.chaotic, None)):
        assert wanted is None or np.all(kept >= wanted)
        for half in (kept[:4], kept[4:]):
            assert np.all(half.all(axis=0) | ~half.any(axis=0)), "one is left beside others that stay"
    assert out.unescaped_fraction < 0.5 * whole.unescaped_fraction
    np.testing.assert_array_equal(out.mu[whole.escaped], whole.mu[whole.escaped])


def test_random_numbers_come_from_the_seed():
    """Map and bands are drawn: the same from one seed, and from another as different as their errors say."""
    one, same, other = (Run(RunParameters(seed=seed, samples=4, **FAST)) for seed in (1, 1, 2))
    assert np.array_equal(one.transport.D_high, same.transport.D_high)
    assert not np.array_equal(one.liouville.mu, other.liouville.mu)
    shift = (other.fit.theta - one.fit.theta) / np.hypot(*(run.fit.budget["sample of the map"] for run in (one, other)))
    assert 0.2 < np.sqrt(np.mean(shift**2)) < 2.0
