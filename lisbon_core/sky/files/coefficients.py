"""Skies that are published as coefficients of spherical harmonics: a table of l, m, value and sigma, or alm in FITS.

A table holds real coefficients: I - 1 is the sum of them times `basis.harmonic_values`. With real and imaginary parts
(columns as healpy writes them, numbered by index = l^2 + l + m + 1, m >= 0) it is the sum of a_lm Y_lm over all m, with
a_l,-m = (-1)^m a_lm^*, so the real coefficients are sqrt(2) (-1)^m Re a_lm and -sqrt(2) (-1)^m Im a_lm.
"""

import re

import numpy as np

from lisbon_core.sky.basis import degrees_and_orders, harmonic_values
from lisbon_core.sky.files.conventions import LIST, frame_of, numbers, plain, scale_of
from lisbon_core.sky.files.values import observed_values
from lisbon_core.sky.map import SkyMapError, require

HIGHEST = 12  # degree: beyond, a map in pixels says the same in fewer words


def _columns(arrays) -> dict:
    """The arrays that are of each kind of the list of conventions."""
    return {kind: [one for one in arrays if re.fullmatch(names, plain(one.name))]
            for kind, names in LIST["coefficients"].items()}


def are_coefficients(arrays) -> bool:
    """Whether these columns are coefficients: numbered by l and m, or by an index with real and imaginary parts."""
    found, kinds = _columns(arrays), {one.kind for one in arrays}
    if any(kind.startswith("lat") for kind in kinds):
        return False
    return bool(found["l"] and found["m"]) or bool(found["index"] and found["real"] and found["imag"])


def _numbered(found: dict) -> tuple[np.ndarray, np.ndarray]:
    """l and m of each row."""
    if found["l"] and found["m"]:
        ell, m = numbers(found["l"][0]), numbers(found["m"][0])
    else:
        index = numbers(found["index"][0])
        ell = np.floor(np.sqrt(np.maximum(index - 1, 0)))
        m = index - ell * ell - ell - 1
    pairs = np.stack([ell, m], axis=1)
    wrong = ~((np.abs(m) <= ell) & (ell == np.floor(ell)) & (m == np.floor(m)))
    if wrong.any():
        raise SkyMapError(f"row {np.flatnonzero(wrong)[0] + 1} has l = {ell[wrong][0]:g} and m = {m[wrong][0]:g}, but "
                          "whole numbers with |m| <= l are needed: correct them")
    require(len(np.unique(pairs, axis=0)) == len(pairs),
            "a pair of l and m is given twice: keep one row for each, of one fit")
    require(1 <= ell.max() <= HIGHEST, f"the coefficients reach l = {ell.max():g}, but l from 1 to {HIGHEST} is read "
            "here: leave the rest out, or give the map in pixels")
    return ell.astype(int), m.astype(int)


def _one(found: list, kind: str):
    require(len(found) == 1, f"{len(found)} columns of the coefficients may be the {kind}: call one so")
    return found[0]


def _real(found: dict, ell, m) -> tuple[np.ndarray, ...]:
    """l, m, value and sigma (NaN for none) of the real coefficients."""
    if not found["real"]:
        value = _one(found["value"], "value")
        scale, none = scale_of(value), np.full(ell.shape, np.nan)
        sigma = numbers(_one(found["sigma"], "sigma")) * scale if found["sigma"] else none
        return ell, m, numbers(value) * scale, sigma
    require((m >= 0).all(), "complex coefficients have a negative m, which follows from the positive one: leave it out")
    sign, part = (-1.0) ** m * np.where(m > 0, np.sqrt(2.0), 1.0), m > 0
    parts = [numbers(_one(found[kind], kind)) for kind in ("real", "imag")]
    errors = [numbers(one) for one in found["sigma"]] or [np.full(ell.shape, np.nan)]
    return (np.concatenate([ell, ell[part]]), np.concatenate([m, -m[part]]),
            np.concatenate([sign * parts[0], (-sign * parts[1])[part]]),
            np.concatenate([np.abs(sign) * errors[0], (np.abs(sign) * errors[-1])[part]]))


def of_coefficients(layer, sigma_default: float, log: list) -> dict:
    """Parts of a `SkyMap`: the sum of the coefficients on a grid of 6 degrees, or finer above l = 8, and its errors.

    Where the file gives no errors, all coefficients get the same, so that that of a pixel is `sigma_default`.

    Raises
    ------
    SkyMapError
        If l and m are no such numbers or are given twice, or there is not one column of values.
    """
    found = _columns(layer.arrays)
    ell, m, value, sigma = _real(found, *_numbered(found))
    require(frame_of(layer.header, log) == "icrs",
            "the coefficients are not in equatorial coordinates, and are not turned here: turn them")
    require(np.isfinite(value).all() and (np.isnan(sigma).all() or (sigma > 0).all()),
            "a coefficient is no number, or its error not positive: correct it, or leave out its row")
    assumed, l_max = np.isnan(sigma).all(), int(ell.max())
    for one in set(range(1, l_max + 1)) - set(ell[m == 0]):  # Eq. (2) removes them: so that errors are even
        error = np.sqrt(np.mean(sigma[ell == one] ** 2)) if one in ell else np.nanmax(sigma)
        ell, m, value, sigma = (np.append(x, new) for x, new in zip((ell, m, value, sigma), (one, 0, 0.0, error),
                                                                    strict=True))
    sigma = np.full(sigma.shape, sigma_default * np.sqrt(4 * np.pi / sigma.size)) if assumed else sigma
    step = 6.0 if l_max <= 8 else 4.0
    dec, ra = np.arange(-90 + step / 2, 90, step), np.arange(step / 2, 360, step)
    waves = harmonic_values(dec, ra, ell, m)
    map_, modes = waves @ value, waves * sigma
    errors = np.sqrt(np.sum(modes**2, axis=-1))
    log.append(f"{value.size} coefficients of harmonics up to l = {l_max}, summed on a grid of {step:g} degrees; a "
               "model is cut at this degree")
    if not (m < 0).any():
        log.append("mind: no m is negative: all sine terms taken as zero")
    if lost := len(degrees_and_orders(l_max, 1)[0]) - np.sum(m != 0):
        log.append(f"mind: {lost} coefficients with m other than 0 are missing: taken as zero")
    largest = np.max(np.abs(map_ - np.median(map_)), axis=1)
    wild = largest > 10.0 * np.median(np.abs(map_ - np.median(map_)))
    if wild.any():
        log.append(f"mind: the sum reaches {largest.max():.2g} at dec {dec[np.argmax(largest)]:g}, more than ten times "
                   f"its median in {wild.sum()} of {dec.size} rings: harmonics hold only where they were measured, so "
                   "keep to those declinations (dec_min, dec_max)")
    map_ = observed_values(map_.ravel(), errors.ravel(), log, str)[0].reshape(errors.shape)
    return {"dec": dec, "ra": ra, "relative_intensity": map_, "sigma": errors, "averaging_deg": 0.0,
            "footprint": np.ones(map_.shape, dtype=bool), "l_max": l_max, "modes": modes, "sigma_assumed": assumed}
