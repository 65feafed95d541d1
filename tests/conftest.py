"""Fixtures shared by the tests: the folder of real data, and skies to measure."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from lisbon_core.sky import SkyMap

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of what a shell starts in the background, and all that starts
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A file is one worker's work, so those that take longest begin first and none is left to run alone at the end.
LONGEST = ("notebooks", "course", "tools", "sweep", "gridded", "sky_containers", "any_machine", "chain", "own_pages",
           "site", "coverage", "refusals")


def pytest_collection_modifyitems(items):
    """Tests in the order of their files, the longest first."""
    place = {f"test_{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session")
def real_data():
    """Folder of third-party data, from LISBON_REAL_DATA; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LISBON_REAL_DATA", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no real data: LISBON_REAL_DATA names no folder (looked at {folder})")
    return folder


@pytest.fixture(scope="session")
def make_sky():
    """A map of a function of (dec, ra) in degrees on a grid, fully observed unless limits are given."""

    def make(function=lambda dec, ra: 1.0 + 0.0 * dec * ra, step=2.0, sigma=1e-4, limits=(-90.0, 90.0), **options):
        dec, ra = np.arange(-90 + step / 2, 90, step), np.arange(step / 2, 360, step)
        value = function(dec[:, None], ra[None, :]) * np.ones((len(dec), len(ra)))
        seen = np.broadcast_to(((dec >= limits[0]) & (dec <= limits[1]))[:, None], value.shape)
        return SkyMap(dec, ra, np.where(seen, value, np.nan), np.where(seen, sigma, np.nan), seen, **options)

    return make
