"""Sweeps: what is run, that nothing is lost however it ends, and the same rows from processes and from a cluster."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import sweep_tasks
from astropy.table import Table

from lisbon_core.ground._core import LisbonError
from lisbon_core.parameters import RunParameters
from lisbon_core.run import Run
from lisbon_core.studies.sensitivity import field_fan, variations
from lisbon_core.tools import provenance, workers
from lisbon_core.tools.cli import _yaml, main
from lisbon_core.tools.provenance import LOCK
from lisbon_core.tools.sweep import placed, sweep
from lisbon_core.tools.sweep_plan import plan
from lisbon_core.tools.workers import Processes


def orders(runs):
    return [one.order for one in runs]


def read_rows(path):
    return [row for _, row in placed(path)]


def test_lists_and_grids_are_combined():
    made = plan({"order": "3, 5,7", "field_lon": "210:230:5", "closure": "uniform"})
    assert len(made.runs) == 3 * 5
    assert made.varied == ("order", "field_lon")
    assert {one.field_lon for one in made.runs} == {210.0, 215.0, 220.0, 225.0, 230.0}
    assert {one.closure for one in made.runs} == {"uniform"}
    # one run of each Liouville map comes first, so that no two trace the same one at once
    assert len({one.field_lon for one in made.runs[:5]}) == 5
    assert [one.field_uG for one in plan({"field_uG": "0.1:0.5:0.1"}).runs] == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_draws_follow_their_laws_and_continue():
    settings = {"field_lon": "uniform(210, 230)", "field_uG": "loguniform(1,4)", "p_index": "normal(4.7,0.1)"}
    few, many = (plan(settings, sample=n, seed=3).runs for n in (64, 256))
    assert many[:64] == few
    lon, uG, p = np.array([(one.field_lon, one.field_uG, one.p_index) for one in many]).T
    assert 210 <= lon.min() < 210.3
    assert 229.7 < lon.max() <= 230
    assert np.median(uG) == pytest.approx(2.0, rel=0.02)
    assert (p.mean(), p.std()) == pytest.approx((4.7, 0.1), abs=0.005)
    assert plan(settings, sample=4, seed=4).runs != few[:4]
    assert len(plan({**settings, "order": [3, 5]}, sample=4).runs) == 8


def test_so_many_are_too_many():
    with pytest.raises(LisbonError, match="1600000 runs"):
        plan({"field_lon": "0.05:200:0.1", "field_lat": "0.05:80:0.1"})


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["--set", "ordr=3,5"], "No parameter is called ordr: did you mean order?"),
    (["--set", "order"], "--set order has no '='"),
    (["--set", "order=3,seven"], "order is 'seven', but it must be a whole number"),
    (["--set", "order=3,,5"], "order is given no value"),
    (["--set", "order=3,50"], "order is 50, but it must lie between 1 and 20"),
    (["--set", "order=uniform(3,9)", "--sample", "4"], "order is a whole number: give a list"),
    (["--set", "rigidity_TV=0,4"], "rigidity_TV is 0.0, but it must lie between"),
    (["--set", "field_uG=nan"], "field_uG is 'nan', but it must be a finite number"),
    (["--set", "field_lon=210:230"], "is no grid: write field_lon=first:last:step"),
    (["--set", "field_lon=230:210:5"], "is no grid"),
    (["--set", "field_lon=210:230:0"], "is no grid"),
    (["--set", "field_lon=0:360:1e-6"], "more than 1000000: take a larger step"),
    (["--set", "field_lon=-1e308:1e308:1e-9"], "more than 1000000: take a larger step"),
    (["--set", "field_lon=a:b:c"], "is no grid: write field_lon=first:last:step, finite numbers"),
    (["--set", "field_lon=0:inf:5"], "is no grid"),
    (["--set", "field_lon=uniform(210,230)"], "--sample is not given, but field_lon is drawn from a law"),
    (["--set", "field_lon=uniform(230,210)", "--sample", "4"], "write field_lon=uniform(low,high)"),
    (["--set", "field_lon=unifrom(1,2)", "--sample", "4"], "did you mean uniform?"),
    (["--set", "field_uG=loguniform(0,2)", "--sample", "4"], "write field_uG=loguniform(low,high), both positive"),
    (["--set", "field_uG=normal(2,0)", "--sample", "4"], "write field_uG=normal(mean,deviation)"),
    (["--set", "field_uG=uniform(2,inf)", "--sample", "4"], "write field_uG=uniform(low,high)"),
    (["--set", "field_lat=uniform(80,99)", "--sample", "64"], "field_lat is 9"),
    (["--set", "order=3", "--sample", "4"], "--sample is 4, but no parameter is drawn from a law"),
    (["--set", "sky_map=nowhere.fits"], "nowhere.fits"),
    (["--params", "nowhere.yaml"], "Cannot read --params nowhere.yaml"),
    (["--jobs", "0"], "--jobs: 0 makes no sense"),
    (["--closer", "-1"], "--closer: -1 makes no sense"),
    (["--closer", "1", "--set", "order=3,5"], "but this one varies order: sweep these two alone"),
    (["--scheduler", "tcp://127.0.0.1:1"], "No scheduler with a worker answers at --scheduler tcp://127.0.0.1:1"),
])
def test_mistakes_get_a_sentence_and_nothing_runs(tmp_path, capsys, arguments, sentence):
    assert main(["sweep", "--out", str(tmp_path / "out"), *arguments]) == 2
    complaint = capsys.readouterr().err
    assert sentence in complaint
    assert complaint.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_yaml_is_read_as_it_stands(tmp_path):
    """Not as numbers of base 60 and 8, as YAML 1.1 would have it."""
    (tmp_path / "p.yaml").write_text("order: 1:10:1\nfield_lon: [010, 20]\nsky_label: 2009-01-01\n")
    made = plan(_yaml(tmp_path / "p.yaml"))
    assert orders(made.runs[::2]) == list(range(1, 11))
    assert {one.field_lon for one in made.runs} == {10.0, 20.0}
    assert {one.sky_label for one in made.runs} == {"2009-01-01"}


def test_what_has_ended_is_not_run_again(tmp_path):
    first = sweep(plan({"order": [3, 5]}), tmp_path, task=sweep_tasks.square)
    again = sweep(plan({"order": [3, 5, 7]}), tmp_path, task=sweep_tasks.square)
    assert [*again][:2] == [*first]
    assert len(read_rows(tmp_path / "sweep.jsonl")) == 3
    found = Table.read(tmp_path / "sweep.ecsv", format="ascii.ecsv")
    assert list(found["A_1"]) == [9.0, 25.0, 49.0]
    assert json.loads((tmp_path / "sweep.json").read_text())["parameters"] == {"varied": ["order"], "runs": 3}
    assert {path.name for path in tmp_path.iterdir()} == {"sweep.jsonl", "sweep.json", "sweep.ecsv", LOCK}


def test_another_file_of_the_same_name_is_another_run(tmp_path):
    mine = tmp_path / "mine.toml"
    for text in ("nose_AU = 110.0\n", "nose_AU = 111.0\n"):
        mine.write_text(text)
        sweep(plan({"heliosphere": str(mine)}), tmp_path / "out", task=sweep_tasks.square)
    assert len(read_rows(tmp_path / "out" / "sweep.jsonl")) == 2


@pytest.mark.parametrize(("task", "reason"), [(sweep_tasks.fail_at_five, "five is too many"),
                                              (sweep_tasks.raise_at_five, "KeyError: 'five'")])
def test_failures_are_kept_and_tried_again_so_often(tmp_path, task, reason):
    for expected in (1, 2, 2):
        rows = [*sweep(plan({"order": [3, 5, 7]}), tmp_path, task=task, attempts=2)]
        assert [row["status"] for row in rows] == ["done", "failed", "done"]
        assert rows[1]["reason"] == reason
        assert rows[1]["attempt"] == expected
    assert len(read_rows(tmp_path / "sweep.jsonl")) == 4


@pytest.mark.parametrize("torn", [b'{"key": "abc", "sta', b"\x00\x00\x00", b"[1]\n"])
def test_a_torn_line_is_taken_away(tmp_path, torn):
    made = plan({"order": [3, 5]})
    sweep(made, tmp_path, task=sweep_tasks.square)
    whole = (tmp_path / "sweep.jsonl").read_bytes()
    (tmp_path / "sweep.jsonl").write_bytes(whole.splitlines(keepends=True)[0] + torn)
    rows = sweep(made, tmp_path, task=sweep_tasks.square)
    assert orders(made.runs) == [row["parameters"]["order"] for row in rows] == [3, 5]
    assert len(read_rows(tmp_path / "sweep.jsonl")) == 2


def test_two_workers_share_the_cores(tmp_path):
    with Processes(2) as executor:
        rows = sweep(plan({"order": list(range(1, 7))}), tmp_path, executor, task=sweep_tasks.where)
    seen = {row["worker"] for row in rows}
    assert len({one.split()[0] for one in seen}) == 2
    assert {one.split()[1] for one in seen} == {str(max(1, (os.cpu_count() or 1) // 2))}
    assert str(os.getpid()) not in {one.split()[0] for one in seen}


def test_a_run_that_kills_its_worker_is_found(tmp_path):
    with Processes(2) as executor:
        rows = [*sweep(plan({"order": [3, 4, 5, 6, 7]}), tmp_path, executor, task=sweep_tasks.die_at_five)]
    assert {row["parameters"]["order"]: row["status"] for row in rows} == {
        3: "done", 4: "done", 5: "failed", 6: "done", 7: "done"}
    assert rows[2]["reason"] == "its worker process died, twice: killed, or out of memory"


def test_a_worker_killed_from_outside_costs_nothing(tmp_path):
    made = plan({"order": [3, 4, 5, 6], "sky_label": str(tmp_path / "killed")})
    with Processes(2) as executor:
        rows = sweep(made, tmp_path / "out", executor, task=sweep_tasks.die_once)
    assert (tmp_path / "killed").exists()
    assert [row["status"] for row in rows] == ["done"] * 4
    assert len(read_rows(tmp_path / "out" / "sweep.jsonl")) == 4


SCRIPT = """
import sys, sweep_tasks
from lisbon_core.tools.sweep import sweep
from lisbon_core.tools.sweep_plan import plan
from lisbon_core.tools.workers import Processes
if __name__ == "__main__":
    try:
        with Processes(2) as executor:
            sweep(plan({"order": list(range(1, 13))}), sys.argv[1], executor, task=sweep_tasks.slow)
    except KeyboardInterrupt:
        print("stopped")
"""


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_whole_may_be_killed(tmp_path, blow):
    (tmp_path / "run.py").write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])}
    command = [sys.executable, str(tmp_path / "run.py"), str(tmp_path / "out")]
    rows = tmp_path / "out" / "sweep.jsonl"
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(read_rows(rows)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(blow)
    printed, complaint = process.communicate(timeout=30)  # the workers hold the pipes: their end is waited for too
    assert printed == ("stopped\n" if blow == signal.SIGINT else "")
    assert "Traceback" not in complaint
    before = read_rows(rows)
    assert 3 <= len(before) < 12
    subprocess.run(command, env=environment, check=True, timeout=60)
    after = read_rows(rows)
    assert after[:len(before)] == before
    assert sorted(row["parameters"]["order"] for row in after) == list(range(1, 13))


def test_one_sweep_at_a_time(tmp_path):
    with provenance.only_one(tmp_path), pytest.raises(LisbonError, match="Another run is at work in"):
        sweep(plan({"order": 3}), tmp_path, task=sweep_tasks.square)
    sweep(plan({"order": 3}), tmp_path, task=sweep_tasks.square)
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(LisbonError, match="name a folder"):
            sweep(plan({"order": 3}), out, task=sweep_tasks.square)


def test_a_cluster_that_loses_a_worker_makes_the_same_rows(tmp_path):
    """The chain itself, on coarse maps."""
    distributed = pytest.importorskip("distributed")
    made = plan({"order": "2,5", "field_lat": "36,40", "grid_deg": 10, "samples": 4,
                 "sky_label": str(tmp_path / "killed")})
    with Processes(2) as executor:
        alone = sweep(made, tmp_path / "here", executor)
    with (distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                                   local_directory=tmp_path / "dask") as cluster,
          workers.cluster(cluster.scheduler_address) as executor):
        rows = sweep(made, tmp_path / "out", executor, task=sweep_tasks.chain_and_die_once)
    assert (tmp_path / "killed").exists()
    assert [row["status"] for row in rows] == ["done"] * 4
    assert len({row["worker"] for row in rows} | {row["worker"] for row in alone}) > 2
    for part in ("key", "claims", "fit", "parameters"):
        assert [row[part] for row in rows] == [row[part] for row in alone]


def test_the_command_runs_the_chain(tmp_path, capsys):
    command = ["sweep", "--set", "order=2,3", "--set", "grid_deg=10", "--set", "samples=8", "--set", "p_index=4.7,99",
               "--out", str(tmp_path / "out")]
    assert main(command) == 2
    assert "p_index is 99" in capsys.readouterr().err
    command[command.index("p_index=4.7,99")] = "dec_min=-90,89"  # no ring is left: known when it is run
    assert main(command) == 1
    printed = capsys.readouterr().out
    assert "2 of 4 runs done" in printed
    assert "2 failed: " in printed
    rows = {(row["parameters"]["order"], row["status"]): row for row in read_rows(tmp_path / "out" / "sweep.jsonl")}
    assert rows[3, "done"]["claims"]["A_1"]["value"] == pytest.approx(1.9e-3, rel=0.2)
    assert len(rows[3, "done"]["fit"]["theta"]) == 5
    assert RunParameters(**rows[3, "done"]["parameters"]).samples == 8
    assert not multiprocessing.active_children()


def test_no_cluster_without_its_package(monkeypatch):
    monkeypatch.setattr(workers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LisbonError, match="install the extra 'dask'"), workers.cluster("tcp://127.0.0.1:1"):
        pass


def test_variations_change_one_assumption_each():
    """Against the run as assumed, first in the list; nothing is analysed twice."""
    run = Run(RunParameters(polarity=-1))
    base, *others = variations(run)
    assert base.parameters == RunParameters(polarity=-1, grid_deg=4.0, samples=8, members=0)
    assert len({one.parameters for one in others} | {base.parameters}) == len(others) + 1
    together = {frozenset({"field_lon", "field_lat"}), frozenset({"field_lon", "field_lat", "field_frame"}),
                frozenset({"field_lon", "field_lat", "field_uG"}), frozenset({"polarity", "epoch"})}
    for one in others:
        changed = {name for name, value in one.parameters.as_dict().items() if value != getattr(base.parameters, name)}
        assert len(changed) == 1 or changed in together, one
    assert {one.label for one in others if one.kind == "solar polarity"} == {"polarity +1", "polarity −1"}
    assert len({one.kind for one in others}) == 10


@pytest.mark.parametrize(("boundary", "left"), [(500.0, "boundary 1000 AU"), (50000.0, "boundary 25000 AU")])
def test_variations_that_no_run_allows_are_left_out(boundary, left):
    """At the ends of the range of the boundary, and in a band too narrow to lose ten degrees."""
    made = variations(Run(RunParameters(boundary_AU=boundary, dec_min=20.0, dec_max=27.0)))
    assert [one.label for one in made if one.kind == "where orbits end"] == [left]
    assert "declinations used" not in {one.kind for one in made}


def test_fan_of_fields_changes_nothing_else():
    run = Run(RunParameters(field_lon=10.0, field_lat=60.0, order=5))
    made = field_fan(run)
    assert len(set(made)) == 19
    coarse = replace(run.parameters, grid_deg=4.0, samples=8, members=0)
    assert {replace(one, field_lon=10.0, field_lat=60.0) for one in made} == {coarse}
