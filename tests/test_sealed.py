"""What comes back from the cache: believed only as it was written, made again if anything is off."""

import importlib.util
import os
import random
import shutil

import numpy as np
import pytest

from lisbon_core.ground._core import LisbonError, cache_folder
from lisbon_core.ground.sealed import read_sealed, write_sealed
from lisbon_core.heliosphere import closed_form
from lisbon_core.liouville import Sampling, cached_samples, trace_samples
from lisbon_core.liouville import tracing as liouville

SKY = np.array([-40.0, 30.0]), np.arange(30.0, 360.0, 60.0)
KERNEL = "from lisbon_core.ground.kernels import kernel\n\n\n@kernel()\ndef times(x):\n    return {factor} * x\n"


def damage(draw: random.Random, path, others) -> None:
    """A bit that flips, a file cut short, emptied or extended, or another one in its place."""
    content = bytearray(path.read_bytes())
    kind = draw.randrange(5)
    if kind < 2:
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    elif kind == 2:
        del content[draw.randrange(len(content)):]
    elif kind == 3:
        content += draw.randbytes(draw.randrange(1, 9))
    else:
        content = draw.choice(others).read_bytes()
    path.write_bytes(content)


def test_damaged_maps_are_made_again(tmp_path, monkeypatch):
    """Of 500 damaged maps, and samples of one that was interrupted, none is believed; the numbers come out the same."""
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path))
    draw, kept, arguments = random.Random(12), tmp_path / "liouville", (closed_form(), *SKY, Sampling(samples=4))
    whole = cached_samples(*arguments)
    [path] = kept.glob("*.map")
    cached_samples(closed_form(), *SKY, Sampling(samples=4, seed=1))
    others = [one for one in kept.glob("*.map") if one != path]
    good, trace, traced = path.read_bytes(), liouville.trace, []
    monkeypatch.setattr(liouville, "trace", lambda *args, **how: (traced.append(1), trace(*args, **how))[1])
    parts, finished = kept / f"{path.stem}.parts", tmp_path / "finished"
    with monkeypatch.context() as keeping:
        keeping.setattr(shutil, "rmtree", lambda *_, **__: None)
        trace_samples(*arguments, resume_in=kept)
    parts.rename(finished)
    for n in range(500):
        path.write_bytes(good)
        shutil.copytree(finished, parts, dirs_exist_ok=True)
        sample = draw.choice("0123")
        damage(draw, path, others)
        damage(draw, parts / sample, [one for one in finished.iterdir() if one.name != sample])
        assert read_sealed(path, path.stem) is None
        assert read_sealed(parts / sample, f"{path.stem} {sample}") is None
        if n % 20 == 0:  # the whole way, which is the same for all
            traced.clear()
            again = cached_samples(*arguments)
            assert len(traced) == 1 + (sample == "3"), "the sample that was damaged; the last with neighbours, too"
            assert path.read_bytes() == good
            for name in ("mu", "R_x", "R_y", "momentum_ratio", "amplification"):
                np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


def test_damaged_machine_code_is_compiled_again(tmp_path, monkeypatch):
    """A bit that flips in it would change results, or run what nobody wrote."""
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path / "cache"))
    draw = random.Random(5)

    def compiled(name="times", factor=3):
        path = tmp_path / f"{name}.py"
        path.write_text(KERNEL.format(factor=factor))
        spec = importlib.util.spec_from_file_location(name, path)
        spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
        return module.times(2.0), sum(module.times.stats.cache_hits.values())

    assert [compiled(), compiled()] == [(6.0, 0), (6.0, 1)]
    files = [path for path in (tmp_path / "cache").rglob("*") if path.suffix in (".nbi", ".nbc")]
    assert {path.suffix for path in files} == {".nbi", ".nbc"}
    compiled("other", 5)
    others = list((tmp_path / "cache").rglob("other*"))
    for _ in range(24):
        path = draw.choice(files)
        damage(draw, path, [one for one in others if one.suffix == path.suffix])
        assert compiled() == (6.0, 0)
        assert compiled() == (6.0, 1)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="rights of another kind")
def test_a_cache_that_others_can_write_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path / "new" / "cache"))
    before = os.umask(0)  # as careless as can be
    try:
        assert cache_folder("kernels", "of") == tmp_path / "new" / "cache" / "kernels" / "of"
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new" / "cache").rglob("*")} == {0o700}
    for rights, place in ((0o777, "kernels"), (0o775, "kernels"), (0o757, "")):
        (tmp_path / "new" / "cache" / place).chmod(rights)
        with pytest.raises(LisbonError, match="open to others"):
            cache_folder("kernels")
        (tmp_path / "new" / "cache" / place).chmod(0o755)
    assert cache_folder("kernels").is_dir()
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("LISBON_CACHE", str(tmp_path / "a file"))
    assert cache_folder("kernels") == tmp_path / "a file" / "kernels", "who uses it will say what is wrong"


def test_a_sealed_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """After a power cut there is the whole file or none."""
    done, sync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: done.append("sync") or sync(handle))
    monkeypatch.setattr(os, "replace", lambda *paths: done.append("replace") or replace(*paths))
    write_sealed(tmp_path / "a", b"", "name")
    assert done == ["sync", "replace"]
    assert read_sealed(tmp_path / "a", "name") == b""
    assert read_sealed(tmp_path / "none", "name") is None
