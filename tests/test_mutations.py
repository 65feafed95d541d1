"""Every file that a command reads, damaged at random: it is read as something usable, or refused in one sentence.

`LISBON_MUTATIONS=10000 pytest tests/test_mutations.py` tries that many of them, other ones for each number; by default
there are a few of each kind.
"""

import functools
import gzip
import hashlib
import json
import os
import shutil
import warnings
from dataclasses import asdict

import h5py
import nbformat
import numpy as np
import pytest
from astropy_healpix import nside_to_npix
from test_sky_io import healpix_file
from toy import uniform_field_map

from lisbon_core import verdicts
from lisbon_core.course import checking, copies, unknown_sky
from lisbon_core.ground import hdf5
from lisbon_core.ground._core import LisbonError
from lisbon_core.heliosphere import closed_form, export, read_gridded, write_gridded
from lisbon_core.liouville import load
from lisbon_core.parameters import RunParameters, heliosphere_parameters
from lisbon_core.simulations import read_cells
from lisbon_core.sky.files import read_mask, read_sky_map, write_images, write_sky_map
from lisbon_core.synthetic import DEFAULT_TRUTH, read_truth, write_truth
from lisbon_core.tools import stages, sweep, sweep_plan, tables
from lisbon_core.tools.cli import _yaml
from lisbon_core.tools.pairing import read
from lisbon_core.tools.provenance import write_json
from lisbon_core.tools.reports import compare_runs

NASTY = (b"nan", b"inf", b"-1", b"1e999", b"0", b"", b"\x00", b"'", b"#", b"[", b"99999999999999999999", "é".encode(),
         b"\xff\xfe", b",,", b"\n", b"true", b"__class__", b"!!python/object/apply:os.getcwd []")
NASTY_NUMBERS = (0, 1, 2, 3, 7, 255, 256, 65535, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1, 0x7FF0000000000000)


def _sky(path):
    sky = read_sky_map(path)
    assert np.all(sky.sigma[sky.observed] > 0)
    assert np.all(np.abs(sky.relative_intensity[sky.observed] - 1) <= 0.5 + 10 * sky.sigma[sky.observed])


def _heliosphere(path):
    field = heliosphere_parameters(RunParameters(heliosphere=str(path)))
    assert not any(np.any(np.isnan(value)) for value in vars(field).values() if not isinstance(value, str))


def _run_parameters(path):
    RunParameters.from_mapping(_yaml(str(path)))


def _liouville(path):
    load(path)


def _folder(path):
    assert compare_runs(path.parent, path.parent)


def _grid(path):
    heliosphere = read_gridded(path)
    assert np.all(np.isfinite(heliosphere.packed[:24]))
    assert np.all(np.isfinite(heliosphere.field([[1.0, 0.0, 0.0], [90.0, 10.0, -20.0], [9e3, 0.0, 0.0]])))
    assert "nan" not in str(heliosphere.report)


def _cells(path):
    assert str(read_cells(path))


PLAN = {"order": [3, 5], "sky_label": "x"}


def _outcome(values):
    return {"status": "done", "reason": "", "claims": {"A_1": {"value": 1e-3, "sigma": None, "unit": "", "note": ""}},
            "fit": {"theta": [1.0]}, "seconds": 0.5, "worker": "here"} if values["order"] == 3 else {
                "status": "failed", "reason": "no", "seconds": 0.5, "worker": "here"}


@functools.cache
def _planned():
    return sweep_plan.plan(PLAN)


def _sweep(path):
    rows = sweep.sweep(_planned(), path.parent, task=_outcome)
    assert [row["status"] for row in rows] == ["done", "failed"]
    assert sweep.summary(rows, path.parent).startswith("1 of 2 runs done")


def _settings(path):
    assert sweep_plan.plan(_yaml(path)).runs


def _answer(path):
    assert set(unknown_sky.read_answer(path)) == set(unknown_sky.ASKED)


def _earlier_run(path):
    for name in ("01_liouville.ipynb", "figures", "claims"):  # as if that notebook had been run
        target = path.parent / name
        target.write_bytes(b"{}") if "." in name else target.mkdir(exist_ok=True)
    (path.parent.parent / "outside.ipynb").write_bytes(b"kept")
    try:
        before = stages.earlier(path.parent)
        stages.reasons({"01_liouville": {}}, before, path.parent, set())
        stages.clear(path.parent, before, {"01_liouville", *before["notebooks"]}, set())
    finally:
        assert (path.parent.parent / "outside.ipynb").read_bytes() == b"kept"


def _claims(path):
    (path.parent / "claims").mkdir(exist_ok=True)
    shutil.copy(path, path.parent / "claims")
    merged = verdicts.merge(path.parent, default_sky=True)
    assert tables.plain_table(merged)
    assert tables.table(merged)


def _student(path):
    assert all(isinstance(one.ok, bool) for one in checking.check(path))


def _truth(path):
    truth = read_truth(path)
    assert np.all(np.isfinite(list(truth.claims(7).values())))


def _grids(folder):
    """A grid along r, theta, phi with E, and one along x, y, z with V, in chunks that are compressed and checked."""
    export(closed_form(), folder / "spherical.h5", (6, 5, 8))
    axis, ones = np.linspace(-200.0, 200.0, 5), np.ones((5, 5, 5, 1))
    write_gridded(folder / "cartesian.h5", dict.fromkeys("xyz", axis), ones * [1.0, 2.0, 2.0],
                  velocity_km_s=ones * [-25.0, 0.0, 1.0], interstellar_uG=(1.0, 2.0, 2.0),
                  interstellar_km_s=(-25.0, 0.0, 1.0), frame="ecliptic", inner_AU=20.0)
    with h5py.File(folder / "cartesian.h5", "r+") as file:
        for name in "BV":
            values, attributes = file[name][...], dict(file[name].attrs)
            del file[name]
            file.create_dataset(name, data=values, chunks=(3, 3, 3, 3), compression="gzip", fletcher32=name == "B")
            file[name].attrs.update(attributes)


@pytest.fixture(scope="module")
def valid(tmp_path_factory, make_sky):
    """Of every kind of file a valid one, its content and what reads it."""
    folder = tmp_path_factory.mktemp("valid")
    sky = make_sky(lambda dec, ra: 1 + 1e-3 * np.cos(np.radians(ra)) + 0 * dec, step=15.0, averaging_deg=5.0)
    pixels = np.zeros(nside_to_npix(4))
    for name in ("map.csv", "map.ecsv", "map.fits", "map.csv.gz"):
        write_sky_map(sky, folder / name)
    write_images({"": sky.relative_intensity, "SIGMA": sky.sigma}, sky.dec, sky.ra, folder / "image.fits")
    healpix_file(folder / "intensity.fits", {"NSIDE": 4}, intensity=pixels + 1)
    healpix_file(folder / "counts.fits", {"NSIDE": 4}, data=pixels + 1000, background=pixels + 1000)
    (folder / "mask.csv").write_text("ra,dec,observed\n" + "".join(
        f"{ra},{dec},1\n" for dec in range(-75, 90, 30) for ra in range(15, 360, 30)))
    write_truth(DEFAULT_TRUTH, folder / "truth.toml")
    (folder / "heliosphere.toml").write_text("nose_AU = 110.0\nfield_uG = 2.5\nfield_frame = 'icrs'\npolarity = -1\n"
                                             "rotation_axis_icrs = [286.0, 63.0]\n")
    (folder / "run.yaml").write_text("order: 5\nclosure: uniform\nfield_uG: 2.5\nsky_label: 'x'\nseed: 3\n")
    (folder / "results.json").write_text(json.dumps({
        "claims": {"A_1": {"value": 1e-3, "sigma": 1e-5, "unit": "", "note": ""},
                   "G_icrs": {"value": [1, 2, 3], "sigma": [1, 1, 1], "unit": "1/AU", "note": ""}},
        "parameters": {"order": 7}, "provenance": {"commit": "x", "versions": {"numpy": "2.0"}}}))
    uniform_field_map(step=30.0, samples=1).save(folder / "liouville_map.fits")
    _grids(folder)
    places = np.stack(np.meshgrid(*3 * [[-3.0, 0.0, 3.0]], indexing="ij"), axis=-1).reshape(-1, 3)
    (folder / "cells.out").write_text(
        "AU AU AU amu/cc km/s km/s km/s nT nT nT\n 10 0.0 -3 1 7\n 27 1 1\n 1.6667\nx y z Rho Ux Uy Uz Bx By Bz g\n"
        + "".join(f"{x} {y} {z} 0.1 -25.0 0.0 0.0 0.1 0.2 0.3\n" for x, y, z in places))
    (folder / "sweep.yaml").write_text("order: [3, 5]\nfield_uG: '2:4:1'\np_index: 4.7\nsky_label: x\n")
    (folder / "answer.toml").write_text("".join(f"{name} = {{value = 1.5, sigma = 0.1}}\n"
                                                for name in unknown_sky.ASKED))
    sweep.sweep(_planned(), folder / "swept", task=_outcome)
    (folder / "swept" / "sweep.jsonl").rename(folder / "sweep.jsonl")
    shutil.rmtree(folder / "swept")
    entry = {"notebook": "01_liouville", "status": "done", "seconds": 1.0, "reason": "", "made_from": {"order": 7},
             "files": {"01_liouville.ipynb": hashlib.sha256(b"{}").hexdigest()}}
    write_json(folder / "provenance.json", {"notebooks": {"01_liouville": entry}, "files": {}})
    write_json(folder / "claims.json", [asdict(verdicts.Claim("A_1", 1e-3, 1e-5, truth=1e-3, equation="(3)")),
                                        asdict(verdicts.Claim("L", None, unit="pc", note="why"))])
    nbformat.write(read(copies.sources()[0]), folder / "student.ipynb")
    readers = {"mask.csv": lambda path: read_mask(path, sky), "truth.toml": _truth, "heliosphere.toml": _heliosphere,
               "run.yaml": _run_parameters, "results.json": _folder, "liouville_map.fits": _liouville,
               "spherical.h5": _grid, "cartesian.h5": _grid, "cells.out": _cells, "sweep.jsonl": _sweep,
               "sweep.yaml": _settings, "answer.toml": _answer, "claims.json": _claims,
               "provenance.json": _earlier_run, "student.ipynb": _student}
    return {path.name: (path.read_bytes(), readers.get(path.name, _sky)) for path in sorted(folder.iterdir())}


def damaged(content: bytes, rng) -> bytes:
    """Some bytes changed, a piece cut out, doubled or replaced by something nasty, or the end cut off."""
    content = bytearray(content)
    if content.startswith(b"\x89HDF") and rng.random() < 0.8:  # else most are refused for their length alone
        for at in rng.integers(len(content) - 8, size=rng.integers(1, 6)):
            long = int(rng.integers(1, 9))
            content[at:at + long] = NASTY_NUMBERS[rng.integers(len(NASTY_NUMBERS))].to_bytes(8, "little")[:long]
        return bytes(content)
    for _ in range(rng.integers(1, 4)):
        if not content:
            break
        head = min(len(content), 6000)  # where headers and the first rows are
        at = int(rng.integers(head if rng.random() < 0.7 else len(content)))
        long = int(rng.integers(1, 80))
        match rng.integers(6):
            case 0:
                content[at] = rng.integers(256)
            case 1:
                content[at] ^= 1 << int(rng.integers(8))
            case 2:
                del content[at:at + long]
            case 3:
                content[at:at] = content[at:at + long]
            case 4:
                content[at:at + int(rng.integers(0, 6))] = NASTY[rng.integers(len(NASTY))]
            case 5:
                del content[at:]
    return bytes(content)


NAMES = ("answer.toml", "cartesian.h5", "cells.out", "claims.json", "counts.fits", "heliosphere.toml", "image.fits",
         "intensity.fits", "liouville_map.fits", "map.csv", "map.csv.gz", "map.ecsv", "map.fits", "mask.csv",
         "provenance.json", "results.json", "run.yaml", "spherical.h5", "student.ipynb", "sweep.jsonl",
         "sweep.yaml", "truth.toml")
NEVER_REFUSED = ("sweep.jsonl",)  # what it held is made anew


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_are_read_or_refused(valid, tmp_path, monkeypatch, name):
    assert sorted(valid) == list(NAMES)
    content, read = valid[name]
    path = tmp_path / "run" / name
    path.parent.mkdir()
    path.write_bytes(content)
    monkeypatch.setattr(hdf5, "PATIENCE", 5.0)
    monkeypatch.setattr(checking, "_execute", lambda notebook, seconds: ("", set()))
    monkeypatch.setattr(checking.pairing, "read", functools.cache(checking.pairing.read))
    read(path)  # the valid one is read
    total = int(os.environ.get("LISBON_MUTATIONS", "600"))
    rng = np.random.default_rng([NAMES.index(name), total])
    refused = []
    for trial in range(-(-total // len(NAMES))):
        packed = name.endswith(".gz") and trial % 2
        broken = gzip.compress(damaged(gzip.decompress(content), rng), mtime=0) if packed else damaged(content, rng)
        path.write_bytes(broken)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                read(path)
        except LisbonError as error:
            refused.append(str(error))
        except Exception as error:
            (kept := tmp_path / f"bad_{name}").write_bytes(broken)
            raise AssertionError(f"mutation {trial} of {name} raised {error!r}: kept as {kept}") from error
    assert refused or name in NEVER_REFUSED
    assert not [sentence for sentence in refused if "\n" in sentence or len(sentence) > 700]
