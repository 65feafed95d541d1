"""What does a map of the sky hold: coverage, errors, harmonics, and what may be wrong with it?"""

import math
from pathlib import Path

import numpy as np

from lisbon_core.ground.rounding import number
from lisbon_core.parameters import RunParameters
from lisbon_core.sky import first_harmonic, multipoles, pixel_area, ring_means
from lisbon_core.sky.files import sky_of

DOUBT = "mind: "  # begins what the log of a map says of something that may be wrong


def map_report(path: str | Path, sigma_default: float = 1e-4, averaging_deg: float = 5.0) -> str:
    """What was read from a sky map: coverage, errors, harmonics, and what may be wrong with it.

    Parameters
    ----------
    path : path
        The map.
    sigma_default, averaging_deg : float
        As `sky.files.read_sky_map` takes them.

    Raises
    ------
    SkyMapError
        If the map cannot be used, in one sentence.
    """
    return "\n  ".join(look_at(path, RunParameters(sigma_default=sigma_default, averaging_deg=averaging_deg)))


def look_at(path: str | Path, p, label: str = "") -> list[str]:
    """What the part of a map holds that a run with these parameters uses, and what may be wrong with it."""
    sky = sky_of(p, path, label)
    rows, values = sky.observed.any(axis=1), sky.relative_intensity[sky.observed] - 1.0
    whole, error = sky.observed.all(axis=1), np.median(sky.sigma[sky.observed])
    area = float((sky.observed * pixel_area(sky.dec, sky.ra.size)[:, None]).sum() / (4.0 * np.pi))
    wave = first_harmonic(sky)
    read = [str(sky), *(f"read: {sentence}" for sentence in sky.log if not sentence.startswith(DOUBT)),
            f"covers {area:.1%} of the sphere, {int(whole.sum())} of {int(rows.sum())} rings complete",
            f"relative intensity minus 1 from {number(values.min())} to {number(values.max())}, scatter "
            f"{number(values.std())}",
            f"first harmonic in right ascension {_harmonic(wave)}; a dipole in the equatorial plane would be "
            f"{number(wave.dipole, wave.amplitude_sigma * wave.field_of_view)}"]
    if rows.sum() >= 4:
        found = multipoles(sky)
        read.append(f"dipole in the equatorial plane, fitted together with a quadrupole: {_harmonic(found.dipole)}; "
                    f"root of C_2: {number(math.sqrt(found.power(2)))}")
    off = np.nanmax(np.abs(ring_means(sky.relative_intensity, sky.observed) - 1.0))
    # along a ring the noise of pixels that share their discs cancels in second differences down to about one error
    rough = np.nanmedian(np.abs(np.diff(sky.relative_intensity, 2, axis=1))) / error
    problems = {
        f"no errors in the file: {p.sigma_default:g} a pixel is assumed, and every error rests on it":
            sky.sigma_assumed,
        "neighbouring pixels differ far less than by their errors: this is a smoothed map or a sum of harmonics, "
        "without the noise of a measurement, so chi-square tells only how well a model follows its shape":
            rough < 0.1,
        f"neighbouring pixels differ {rough:.0f} times as much as their errors: the errors, or the map, are not what "
        "they are said to be":
            rough > 5.0,
        f"a dipole of {wave.dipole:.1e}, where TeV cosmic rays have 1e-3: these may be percent, or no intensities":
            wave.dipole > 0.01 + 5.0 * wave.amplitude_sigma * wave.field_of_view,
        "the map scatters hardly more than its errors: expect claims that are not determined":
            values.std() < 2.0 * error,
        f"ring means differ from 1 by up to {off:.1e}: a run divides by them, Eq. (2), and what depends on "
        "declination alone is not used":
            off > 1e-5,
        "some rings are incomplete: their means are taken over what was observed":
            (whole != rows).any()}
    doubts = [sentence for sentence in sky.log if sentence.startswith(DOUBT)]
    return [*read, *doubts, *(f"{DOUBT}{words}" for words, true in problems.items() if true)]


def _harmonic(wave) -> str:
    return f"{number(wave.amplitude, wave.amplitude_sigma)} at {number(wave.phase, wave.phase_sigma)} degrees"
