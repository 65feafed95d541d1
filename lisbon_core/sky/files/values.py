"""Relative intensities near 1 and their errors, of values, errors and masks as files hold them."""

import numpy as np

from lisbon_core.sky.files.conventions import numbers, scale_of
from lisbon_core.sky.map import SkyMapError, require

FAR = 30.0  # times the scatter of the map, or its own error: no noise, and no anisotropy
POWERS = {"sigma": 1.0, "variance": 0.5, "inverse variance": -0.5}  # of what a file holds, to get a standard error


def errors(array, scale: float, log: list) -> np.ndarray:
    """Standard errors of an array of errors or variances; without a unit of its own, in that of the values."""
    power, own = POWERS[array.kind], array.unit.strip().lower() not in ("", "unknown", "none")
    if scale != 1.0 and not own:
        log.append(f"{array} has no unit: taken in that of the values")
    return numbers(array) ** power * (scale_of(array) ** power if own else scale)


def unmasked(values, roles: dict, log: list) -> np.ndarray:
    """Values, NaN where a mask in the file leaves them out."""
    if "observed" in roles:
        values = np.where(numbers(roles["observed"]) > 0, values, np.nan)
    if "mask" in roles:
        given, there = numbers(roles["mask"]) != 0, np.isfinite(values)
        keeps = not (there & ~given).any()  # what it does not mark has no value anyway
        doubt = "mind: " if given.any() and not keeps and roles["mask"].name.lower().startswith("mask") else ""
        log.append(f"{doubt}1 in {roles['mask']} taken as {'observed' if keeps else 'left out, as in astropy'}: "
                   f"{np.sum(given)} pixels")
        values = np.where(given == keeps, values, np.nan)
    return values


def observed_values(values, sigma, log: list, where) -> tuple[np.ndarray, np.ndarray]:
    """Relative intensities near 1, NaN where not observed, of values near 1 or near 0, and their errors.

    Parameters
    ----------
    values, sigma : arrays of one shape
        As they are in the file, NaN for none; sigma is NaN everywhere where it has none.
    log : list of str
        Is told what was taken for what.
    where : function
        Names the pixel of a number.

    Raises
    ------
    SkyMapError
        If nothing is observed, the values, or any one of them, are near neither 0 nor 1, or an error is not positive.
    """
    filled = values[np.isfinite(values) & (values != 0)]
    require(filled.size, "no pixel has a value: all are NaN, UNSEEN, masked or zero, so check that the right map was "
            "exported")
    span, middle = f"{filled.min():.3g} to {filled.max():.3g}", np.median(filled)
    about_one = np.median(np.abs(filled - 1)) < 0.1
    require(about_one or np.median(np.abs(filled)) < 0.1,
            f"relative_intensity is near neither 1 nor 0 ({span}, median {middle:.3g}): give the map of the intensity, "
            "divided by its mean, and state the unit if it is percent")
    scatter, zeros = 1.4826 * np.median(np.abs(filled - middle)), np.sum(values == 0)
    known = sigma[np.isfinite(values) & np.isfinite(sigma)]
    if abs(middle - about_one) > 0.003 + 5 * scatter:
        log.append(f"mind: values lie around {middle:.4g}, not 0 or 1: their unit may not be the one stated")
    if scatter > max(0.01, 1.5 * np.median(known) if known.size else 0.0):
        log.append(f"mind: values scatter by {scatter:.2g}, and a TeV anisotropy is 1e-3: these may be percent, or no "
                   "relative intensities")
    if not about_one:
        log.append(f"values lie around 0 ({span}): taken as relative intensity minus 1")
    if zeros and (about_one or zeros > 0.01 * values.size):
        log.append(f"{zeros} pixels are exactly 0: taken as not observed")
        values = np.where(values == 0, np.nan, values)
    values = values + (not about_one)
    if (wild := np.flatnonzero(np.abs(values - 1) > 0.5)).size:
        raise SkyMapError(f"relative_intensity is {values[wild[0]]:.4g} at {where(wild[0])}, which is near neither 0 "
                          "nor 1: correct it, or give NaN for a pixel that was not observed")
    far = np.abs(values - np.nanmedian(values)) > FAR * np.fmax(scatter, sigma)
    if scatter and far.any():
        worst = np.nanargmax(np.where(far, np.abs(values - 1), np.nan))
        log.append(f"mind: {far.sum()} pixels lie more than {FAR:g} times the scatter from the others, the farthest at "
                   f"{where(worst)}: {values[worst]:.4g}; they may not have been observed")
    if (wrong := np.flatnonzero(np.isfinite(values) & (sigma <= 0))).size:
        raise SkyMapError(f"sigma is {sigma[wrong[0]]:g} at {where(wrong[0])}, but an error is positive: correct it, "
                          "or give NaN for a pixel that was not observed")
    bare = np.isfinite(values) & ~np.isfinite(sigma)
    if bare.any() and known.size:
        log.append(f"{bare.sum()} pixels have a value but no sigma: taken as not observed")
        values = np.where(bare, np.nan, values)
    return values, sigma
