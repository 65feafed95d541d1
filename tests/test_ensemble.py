"""The ensemble and what it makes of errors: draws, shifts against exact ones, weights, and what the claims then say."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lisbon_core.anisotropy import refitted, systematic
from lisbon_core.anisotropy.systematics import BEYOND, _weights
from lisbon_core.anisotropy.terms import mean_columns
from lisbon_core.claims import anisotropy_claims, interval, transport_claims
from lisbon_core.ensemble import draw_members, nuisances, wave_dipole
from lisbon_core.ground.response import response, varied
from lisbon_core.heliosphere import HeliosphereParameters
from lisbon_core.parameters import FAST, RunParameters
from lisbon_core.run import Run
from lisbon_core.studies.decisions import conclusions
from lisbon_core.transport import fit_transport, mean_free_path_pc, moved
from lisbon_core.transport.fit import rate_of_change
from lisbon_core.verdicts import Claim, verdict

KINDS = ("first", "second", "another model")


def in_place_of(run, changes, deviates=None):
    """An ensemble with these changes of the columns, and no sampling error."""
    changes = [np.asarray(one) for one in changes]
    deviates = np.eye(len(changes) - 1, 2) if deviates is None else deviates
    return SimpleNamespace(changes=changes, errors=[0.0 * one for one in changes], cell=np.arange(len(changes[0])),
                           deviates=deviates, kinds=KINDS)


@pytest.fixture(scope="module")
def run():
    return Run(RunParameters(**FAST))


@pytest.fixture(scope="module")
def columns(run):
    return mean_columns(run.liouville, run.fit.order, run.parameters.p_index)[0]


def only(columns, column, size):
    """A change of the constant column by so much of another: the sky that a change of its coefficient makes."""
    change = np.zeros_like(columns)
    change[:, 0] = size * columns[:, column]
    return change


def test_draws_are_those_of_the_laws():
    members = draw_members(HeliosphereParameters(), RunParameters(), 64)
    again = draw_members(HeliosphereParameters(), RunParameters(), 64)
    laws = nuisances()
    drawn = np.array([one.deviates for one in members])
    np.testing.assert_array_equal(drawn, [one.deviates for one in again])
    normal = np.array([law.law != "half-cycle" for law in laws])
    np.testing.assert_allclose(drawn[:, normal].std(axis=0), 1.0, atol=0.06)  # cut at 2.5 widths
    np.testing.assert_allclose(drawn[:, normal].mean(axis=0), 0.0, atol=0.03)
    tails = np.log([one.epochs[0].parameters.tail_AU / 500.0 for one in members])
    width = next(law.width for law in laws if law.name == "tail_AU")
    wanted = width * drawn[:, [law.name for law in laws].index("tail_AU")]
    # but a tail is longer than the nose
    assert np.all((np.abs(tails - wanted) < 1e-12) | (wanted < np.log(1.6 * 114.0 / 500.0)))
    fields = np.array([one.epochs[0].field_icrs for one in members])
    away = np.degrees(np.arccos(fields @ HeliosphereParameters().directions()[1]))
    assert np.sqrt(np.mean(away**2)) == pytest.approx(np.sqrt(2.0) * 4.0, rel=0.1)  # 4 degrees each way on the sphere
    assert {len(one.epochs) for one in members} == {4}
    assert len({one.epochs[0].parameters.cycle_phase for one in members}) == 8


def test_a_response_off_by_its_errors():
    for text in ("air-shower:0.6", "tibet-4TeV", "mono", "lognormal:0.4"):
        same = varied(text, 4.0)
        np.testing.assert_allclose(same.quantiles_TV, response(text, 4.0).quantiles_TV, rtol=1e-12)
        up = varied(text, 4.0, energy=1.0)
        assert up.scale_TV == 4.0
        np.testing.assert_allclose(up.median_TV / same.median_TV, np.exp(0.12), rtol=0.03)
    wide, heavy = varied("air-shower:0.6", 4.0, width=1.0), varied("air-shower:0.6", 4.0, size_exponent=1.0)
    assert wide.name != "air-shower:0.6"
    spread = [np.log(np.divide(*np.quantile(one.quantiles_TV, (0.84, 0.16)))) for one in (same, wide)]
    assert spread[1] > spread[0]
    assert heavy.median_TV > varied("air-shower:0.6", 4.0, size_exponent=-1.0).median_TV


def test_a_member_whose_sky_is_another_dipole_shifts_the_dipole_by_as_much(run, columns):
    for column, size in ((1, 1e-4), (2, -5e-5), (-2, 1e-8)):
        found = systematic(run.fit, in_place_of(run, [only(columns, column, size)] * 2, np.ones((1, 2))))
        wanted = np.zeros(run.fit.order + 2)
        wanted[column - (column > 0)] = size
        # not exactly: the attenuation by the noise of the map's columns is taken out, which a sky made of them lacks
        scaled, wanted = found.theta[:, 0] / run.fit.design.scale, wanted / run.fit.design.scale
        np.testing.assert_allclose(scaled, wanted, atol=0.2 * np.abs(wanted).max())
        assert found.excess[0] < 0.01
        np.testing.assert_array_equal(found.theta[:, -1], 0.0)


def test_weights():
    excess, even = np.array([1.0, 3.0, 2.0, 4.0]), np.ones(4)  # the last is of another kind
    law = excess[:-1].sum() / 4
    np.testing.assert_allclose(_weights(excess, even, 0.0), 0.25)
    np.testing.assert_allclose(_weights(excess, even, -0.3), 0.25)
    half = _weights(excess, even, law + 0.5 * 4.0)
    np.testing.assert_allclose(half, [0.25, 0.25, 0.25, 0.5])
    assert half @ excess == pytest.approx(law + 2.0)
    wide = _weights(excess, even, 2.0 * (law + 4.0))  # more than the other kind explains: all is widened to fit
    np.testing.assert_allclose(wide, 2.0 * np.array([0.25, 0.25, 0.25, 1.0]))
    poor = _weights(excess, np.array([1.0, 2.0, 1.0, 9.0]), 0.0)  # through the second the sky is fitted worse by one
    np.testing.assert_allclose(poor[:3] / poor[0], [1.0, np.exp(-1.0), 1.0])
    assert poor[:3].sum() == pytest.approx(0.75)


def test_parts_add_up_and_find_what_moves(run, columns):
    random = np.random.default_rng(3)
    deviates = random.standard_normal((40, 2))
    changes = [only(columns, 1, 1e-4 * row[1]) for row in deviates] + [only(columns, 1, 3e-4)]
    found = systematic(run.fit, in_place_of(run, changes, deviates))
    parts = found.by_kind(found.theta[0])
    assert found.dominant(found.theta[0])[0] == "second"
    assert parts["second"] > 8.0 * max(parts["first"], parts[BEYOND])
    assert np.linalg.norm(list(parts.values())) == pytest.approx(found.error(found.theta[0]), rel=0.05)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), found.error(found.theta))
    assert parts["another model"] == pytest.approx(np.sqrt(found.weight[-2]) * abs(found.theta[0, -2]))
    even = 1.0 / np.sqrt(found.weight)
    assert found.members(even) == pytest.approx(len(even))
    assert found.members(np.where(np.arange(len(even)) < 3, even, 0.0)) == pytest.approx(3.0)


def test_a_misfit_widens(run, columns):
    rough = np.zeros_like(columns)
    rough[:, 0] = 3e-4 * np.sin(6 * np.radians(np.tile(run.sky.ra, run.sky.dec.size)))
    made = in_place_of(run, [only(columns, 1, 1e-4), rough])
    fitting = systematic(run.fit, made)
    assert fitting.weight[0] == fitting.weight[1] == 0.5
    for misfit in (0.5, 50.0):
        poor = replace(run.fit, chi2=(1.0 + misfit) * run.fit.chi2_expected)
        found = systematic(poor, made)
        assert found.weight[1] > 0.5 or misfit == 0.5
        assert (found.weight[0] > 0.5) == (misfit == 50.0)
        assert found.weight[:2] @ found.excess[:2] == pytest.approx(max(misfit, 0.5 * found.excess[:2].sum()), rel=2e-3)


@pytest.mark.parametrize("closure", ["flux-tube", "uniform"])
def test_moved_is_what_a_new_fit_finds(run, closure):
    pad = run.pad
    fit = fit_transport(pad, closure)
    change = 0.1 * pad.sigma[:, None] * np.stack([pad.mu, 1.5 * pad.mu**2 - 0.5], axis=1)
    shifts = moved(pad, fit, change, np.zeros((len(pad.legendre), 2)))
    for k in range(2):
        anew = fit_transport(replace(pad, F=pad.F + change[:, k]), closure)
        for name in ("inverse_L", "gradient_length", "omega", "eta", "d_offset"):
            one, was = getattr(anew, name), getattr(fit, name)
            assert shifts[name][k] == pytest.approx(one.value - was.value, abs=0.05 * was.sigma)
        held = fit.inverse_L.value * mean_free_path_pc(1.0) / 0.75  # L where the unchanged distribution has it
        T_0 = anew.T_0
        if closure == "flux-tube":
            other = replace(pad, F=pad.F + change[:, k])
            T_0, _ = rate_of_change(other, held, mean_free_path_pc(1.0), np.random.default_rng(1))
        assert shifts["T_0"][k] == pytest.approx(T_0.value - fit.T_0.value, abs=0.05 * fit.T_0.sigma)
    assert moved(pad, replace(fit, law=None), change, np.zeros((7, 2))) == {}


def test_the_frame_of_the_waves_is_a_dipole_of_the_bins():
    assert wave_dipole(4.7) == pytest.approx(4.7 * 22.0 / 299792.458)


def test_claims_carry_both_errors(run, columns):
    members = [only(columns, 1, 2e-4), only(columns, 1, -2e-4)]
    told = Run(run.parameters, liouville=run.liouville, ensemble=in_place_of(run, [*members, members[0]]))
    told.fit = run.fit
    claims = {one.id: one for one in (*anisotropy_claims(told), *transport_claims(told))}
    assert claims["A_1"].systematic == pytest.approx(2e-4, rel=0.2)
    assert claims["A_1"].dominant
    assert claims["A_1"].total > claims["A_1"].sigma
    assert claims["gradient_length"].systematic > claims["gradient_length"].sigma
    assert claims["T_0_bound"].value > told.transport.T_0_bound.value
    assert claims["T_0_bound"].sigma is None
    assert claims["L_focusing"].note.startswith("95 %")
    alone = {one.id: one for one in (*anisotropy_claims(run), *transport_claims(run))}
    assert alone["A_1"].systematic is None
    assert alone["A_1"].value == claims["A_1"].value
    assert run.systematic is None
    decided = conclusions({name: vars(one) for name, one in claims.items()})
    assert decided[0].verdict == "stands"
    assert {"G_x", "G_y"} & set(decided[1].says.split("$"))  # the component that is farther from zero
    assert decided[-1].verdict.endswith("7.08 × 10⁻⁷ yr⁻¹ is not reached")
    rows = {name: vars(one) for name, one in claims.items()}
    _, across, along, *_ = conclusions(rows | {"chi2_pad": rows["chi2_pad"] | {"value": 9.0}})
    assert (across.verdict, along.verdict) == (decided[1].verdict, "not determined: the model does not fit")
    for one in conclusions(rows | {"chi2_reduced": rows["chi2_reduced"] | {"value": 3.8}}):
        assert one.verdict == "not determined: the model does not fit"
    assert conclusions({name: vars(one) for name, one in alone.items()}) == []


def test_verdicts_go_by_both_errors():
    assert verdict(Claim("A_1", 2.0, 0.1, truth=1.0), True) == "not recovered"
    assert verdict(Claim("A_1", 2.0, 0.1, truth=1.0, systematic=0.4), True) == "recovered"
    assert verdict(Claim("L_focusing", 10.0, 0.1, paper=17.8, systematic=3.0), False) == "consistent"
    assert verdict(Claim("L_focusing", 17.0, 0.1, truth=17.8, systematic=10.0), True) == "not determined"
    assert interval(-0.05, 0.01) == "95 %: -33 to -14 pc"


def test_refitting_through_a_member_undoes_it(run, columns):
    """A sky fitted through columns whose constant holds a dipole more has a dipole less."""
    theta, chi2 = refitted(run.fit, in_place_of(run, [0.0 * columns, only(columns, 1, 1e-4)]))
    np.testing.assert_allclose(theta[0], run.fit.theta, rtol=1e-9)
    assert theta[1, 0] - theta[0, 0] == pytest.approx(-1e-4, rel=0.1)
    np.testing.assert_allclose(chi2[0], run.fit.chi2_reduced, rtol=1e-6)


def test_a_small_ensemble_from_end_to_end():
    """Two members and the simulation, traced: they move the dipole, by more than its noise and by less than itself."""
    run = Run(RunParameters(**FAST | {"members": 2}))
    assert len(run.ensemble.changes) == 3
    assert run.ensemble.kinds[-1] == "which model of the heliosphere"
    assert run.fit.sigma[0] < run.systematic.error(run.systematic.theta[0]) < abs(run.fit.theta[0])
    assert {"inverse_L", "gradient_length", "T_0"} <= set(run.transport_shifts)
    assert run.transport_shifts["gradient_length"].shape == (4,)
    np.testing.assert_array_equal(run.systematic.theta[:, -1], 0.0)  # the frame of the waves moves no sky
    assert run.transport_shifts["gradient_length"][-1] != 0.0
