"""Every file a user can hand over, damaged at random: it is read as something usable, or refused in one sentence.

`LISBON_MUTATIONS=10000 pytest tests/test_mutations.py` tries that many of them; by default there are a few of each.
"""

import gzip
import json
import os
import warnings

import numpy as np
import pytest
from astropy_healpix import nside_to_npix
from test_sky_io import healpix_file
from toy import uniform_field_map

from lisbon_core._core import LisbonError
from lisbon_core.chain import RunParameters, heliosphere_parameters
from lisbon_core.liouville import load
from lisbon_core.sky_io import read_mask, read_sky_map, write_image, write_sky_map
from lisbon_core.synthetic import DEFAULT_TRUTH, read_truth, write_truth
from lisbon_core.tools.cli import _from_file
from lisbon_core.tools.pairing import parameters, sources
from lisbon_core.tools.provenance import NOTEBOOKS
from lisbon_core.tools.reports import compare_runs

KNOWN = parameters(sources(NOTEBOOKS)[0])
NASTY = (b"nan", b"inf", b"-1", b"1e999", b"0", b"", b"\x00", b"'", b"#", b"[", b"99999999999999999999", "é".encode(),
         b"\xff\xfe", b",,", b"\n", b"true", b"__class__", b"!!python/object/apply:os.getcwd []")


def _sky(path):
    sky = read_sky_map(path)
    assert np.all(sky.sigma[sky.observed] > 0)
    assert np.all(np.abs(sky.relative_intensity[sky.observed] - 1) <= 0.5 + 10 * sky.sigma[sky.observed])


def _heliosphere(path):
    field = heliosphere_parameters(RunParameters(heliosphere=str(path)))
    assert not any(np.any(np.isnan(value)) for value in vars(field).values() if not isinstance(value, str))


def _run_parameters(path):
    RunParameters.from_mapping({k: v for k, v in _from_file(str(path), KNOWN).items() if k != "run_dir"})


def _liouville(path):
    load(path)


def _folder(path):
    (path.parent / "results.json").write_bytes(path.read_bytes())
    assert compare_runs(path.parent, path.parent)


def _truth(path):
    truth = read_truth(path)
    assert np.all(np.isfinite(list(truth.claims(7).values())))


@pytest.fixture(scope="module")
def valid(tmp_path_factory, make_sky):
    """Of every kind of file a valid one, its content and what reads it."""
    folder = tmp_path_factory.mktemp("valid")
    sky = make_sky(lambda dec, ra: 1 + 1e-3 * np.cos(np.radians(ra)) + 0 * dec, step=15.0, averaging_deg=5.0)
    pixels = np.zeros(nside_to_npix(4))
    for name in ("map.csv", "map.ecsv", "map.fits", "map.csv.gz"):
        write_sky_map(sky, folder / name)
    write_image(sky, folder / "image.fits")
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
    readers = {"mask.csv": lambda path: read_mask(path, sky), "truth.toml": _truth, "heliosphere.toml": _heliosphere,
               "run.yaml": _run_parameters, "results.json": _folder, "liouville_map.fits": _liouville}
    return {path.name: (path.read_bytes(), readers.get(path.name, _sky)) for path in sorted(folder.iterdir())}


def damaged(content: bytes, rng) -> bytes:
    """Some bytes changed, a piece cut out, doubled or replaced by something nasty, or the end cut off."""
    content = bytearray(content)
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


NAMES = ("counts.fits", "heliosphere.toml", "image.fits", "intensity.fits", "liouville_map.fits", "map.csv",
         "map.csv.gz", "map.ecsv", "map.fits", "mask.csv", "results.json", "run.yaml", "truth.toml")


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_are_read_or_refused(valid, tmp_path, name):
    assert sorted(valid) == list(NAMES)
    content, read = valid[name]
    path = tmp_path / name
    path.write_bytes(content)
    read(path)  # the valid one is read
    total = int(os.environ.get("LISBON_MUTATIONS", "520"))
    rng = np.random.default_rng(NAMES.index(name))
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
    assert refused
    assert not [sentence for sentence in refused if "\n" in sentence or len(sentence) > 700]
