"""What sky maps in files have in common: names of columns, values near 1 or near 0, errors."""

import numpy as np

from lisbon_core.sky.map import SkyMapError

__all__ = ["UNSEEN", "named", "observed_values"]

UNSEEN = -1.6375e30  # of HEALPix
NAMES = {
    "relative_intensity": ("relative_intensity", "intensity", "i", "i_stokes", "relint", "relative_intensity_map",
                           "signal", "ri"),
    "sigma": ("sigma", "error", "relative_intensity_error", "intensity_error", "uncertainty", "sigma_map"),
    "data": ("data", "data_map", "counts", "on", "events", "n_events"),
    "background": ("background", "background_map", "bg", "bkg", "reference", "reference_map", "off"),
    "pixel": ("pixel", "pix", "pixnum", "ipix", "index", "hpx_index", "healpix"),
}


def named(names, what: str) -> str | None:
    """The one of the names, as spelt, that stands for `what`; case, spaces and hyphens do not count."""
    plain = {name.strip().lower().replace(" ", "_").replace("-", "_"): name for name in reversed(list(names))}
    return next((plain[known] for known in NAMES.get(what, (what,)) if known in plain), None)


def observed_values(values, sigma, log: list, where) -> tuple[np.ndarray, np.ndarray]:
    """Relative intensities near 1, NaN where not observed, of values near 1 or near 0, and their errors.

    Parameters
    ----------
    values, sigma : arrays of one shape
        As they are in the file; sigma is None where it has none, and comes back as NaN.
    log : list of str
        Is told what was taken for what.
    where : function
        Names the pixel of a number.

    Raises
    ------
    SkyMapError
        If nothing is observed, the values, or any one of them, are near neither 0 nor 1, or an error is not positive.
    """
    values, sigma = (np.where(np.abs(x) < 1e20, x, np.nan) for x in (values, np.nan if sigma is None else sigma))
    filled = values[np.isfinite(values) & (values != 0)]
    if filled.size == 0:
        raise SkyMapError("no pixel has a value: all are NaN, UNSEEN or zero, so check that the right map was exported")
    span = f"{filled.min():.3g} to {filled.max():.3g}"
    about_one = np.median(np.abs(filled - 1)) < 0.1
    if not about_one and not np.median(np.abs(filled)) < 0.1:
        raise SkyMapError(f"relative_intensity is near neither 1 nor 0 ({span}, median "
                          f"{np.median(filled):.3g}): divide it by its mean, or turn percent into fractions")
    if not about_one:
        log.append(f"values lie around 0 ({span}): taken as relative intensity minus 1")
        if np.mean(values == 0) > 0.01:
            log.append(f"{np.sum(values == 0)} pixels are exactly 0: taken as not observed")
    if about_one or np.mean(values == 0) > 0.01:
        values = np.where(values == 0, np.nan, values)
    values = values + (0 if about_one else 1)
    wild = np.flatnonzero(np.abs(values - 1) > 0.5)
    if wild.size:
        raise SkyMapError(f"relative_intensity is {values.flat[wild[0]]:.4g} at {where(wild[0])}, which is near "
                          "neither 0 nor 1: correct it, or give NaN for a pixel that was not observed")
    if np.isnan(sigma).all():
        return values, np.full(values.shape, np.nan)
    wrong = np.flatnonzero(np.isfinite(values) & (sigma <= 0))
    if wrong.size:
        raise SkyMapError(f"sigma is {sigma.flat[wrong[0]]:g} at {where(wrong[0])}, but an error is positive: correct "
                          "it, or give NaN for a pixel that was not observed")
    bare = np.isfinite(values) & np.isnan(sigma)
    if bare.any():
        log.append(f"{bare.sum()} pixels have a value but no sigma: taken as not observed")
    return np.where(bare, np.nan, values), sigma
