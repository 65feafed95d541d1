"""Sky maps from files: tables, FITS images with a celestial WCS, HEALPix maps, counts with their background.

Whatever comes in leaves as a `SkyMap` near 1 on a regular grid of 2 degrees (or coarser, as it was), and its `log`
says what was decided on the way, with "mind:" before what may be wrong; whatever cannot be used leaves as one sentence.
A file is first turned into arrays and what is said about them (`containers`), one list of conventions says what they
are (`conventions`, `choosing`, `values`), and then their pixels are found (`positions`, `healpix`, `grids`, `counts`).
"""

import numpy as np

from lisbon_core.ground.reading import explained
from lisbon_core.parameters import RunParameters, split_choice
from lisbon_core.sky.files.choosing import choose, choose_mask, of_one_plane
from lisbon_core.sky.files.coefficients import are_coefficients, of_coefficients
from lisbon_core.sky.files.containers import Found, layers_of, table_layer
from lisbon_core.sky.files.conventions import numbers, scale_of
from lisbon_core.sky.files.counts import of_counts
from lisbon_core.sky.files.grids import resample
from lisbon_core.sky.files.healpix import of_healpix
from lisbon_core.sky.files.positions import of_image, of_table
from lisbon_core.sky.files.values import errors, observed_values, unmasked
from lisbon_core.sky.map import SkyMap, SkyMapError, cut, rebin, require

PIXELS = {"image": of_image, "table": of_table, "healpix": of_healpix}  # where the values of a layer lie


def read_sky_map(path, *, sigma_default: float = 1e-4, averaging_deg: float = 5.0, label: str = "",
                 n_scramblings: int = 20) -> SkyMap:
    """Read a sky map: a table, a FITS image, HEALPix (relative intensity, or counts with background), or harmonics.

    Parameters
    ----------
    path : path
        FITS, ECSV, VOTable or text, packed (gzip, bzip2, xz) or not; the format is told from the content. Where a file
        holds several maps, brackets choose: `map.fits[BIN2]`, `map.fits[2]`, `map.fits[BIN2][intensity]`.
    sigma_default : float
        Error of a pixel where the file has none.
    averaging_deg : float
        Radius of the disc that the pixels of a relative intensity are averages over; event counts are summed over it
        here. A file written by `write_sky_map` says its own, which holds.
    label : str
        What the map is.
    n_scramblings : int
        Number of scramblings whose mean the background of a count map is.

    Raises
    ------
    SkyMapError
        Whatever is wrong with the file or the map, in one sentence.
    """
    log: list[str] = []
    with explained(path, SkyMapError):
        path, tokens = split_choice(path)
        return _map(layers_of(path, log), tokens, sigma_default, averaging_deg, label, n_scramblings, log)


def sky_of(p: RunParameters, path, label: str = "") -> SkyMap:
    """The part of a map that a run with these parameters uses."""
    sky = read_sky_map(path, sigma_default=p.sigma_default, averaging_deg=p.averaging_deg, label=label)
    return cut(sky, p.dec_min, p.dec_max, read_mask(p.mask, sky) if p.mask else None)


def on_grid(sky: SkyMap, grid_deg: float) -> SkyMap:
    """A map on the analysis grid; one whose steps do not fit the default of that stays as it came.

    Raises
    ------
    SkyMapError
        If its steps do not fit another one.
    """
    sky = rebin(sky, grid_deg)
    steps = np.array([sky.dec[1] - sky.dec[0], sky.ra[1] - sky.ra[0]])
    if np.all(abs(steps - grid_deg) <= 1e-6):
        return sky
    require(grid_deg == RunParameters.grid_deg and steps.max() >= grid_deg,
            f"grid_deg is {grid_deg:g}, but the map comes in steps of {steps[0]:g} (dec) and {steps[1]:g} degrees "
            "(ra), which can only be taken together by whole numbers that divide the circle: leave grid_deg out, or "
            f"give a multiple of {steps.max():g}")
    return sky.replace(log=(*sky.log, f"analysed in steps of {steps[0]:g} x {steps[1]:g} degrees, as it came"))


def map_from_arrays(arrays: dict, header: dict, *, sigma_default: float = 1e-4, averaging_deg: float = 5.0,
                    label: str = "", n_scramblings: int = 20) -> SkyMap:
    """A sky map from arrays by name, and a header, as a table in a file would hold them; else as `read_sky_map`.

    Raises
    ------
    SkyMapError
        Whatever is wrong with them, in one sentence.
    """
    with explained("arrays", SkyMapError):
        layer = table_layer(header, [Found(name, np.ravel(x), header=header) for name, x in arrays.items()])
        return _map([layer], [], sigma_default, averaging_deg, label, n_scramblings, [])


def read_mask(path, sky: SkyMap) -> np.ndarray:
    """Pixels of a map to keep, shape (n_dec, n_ra), from a file with an array `observed` (0 and 1, or False and True).

    It may come in whatever a map may come in, on any pixels: a pixel of the map takes what holds at its centre; where
    the file says nothing it is not kept.

    Raises
    ------
    SkyMapError
        Whatever is wrong with the file, in one sentence.
    """
    log: list[str] = []
    with explained(path, SkyMapError):
        path, tokens = split_choice(path)
        layer, array = choose_mask(layers_of(path, log), tokens)
        kept = numbers(array)
        require(np.isin(kept[np.isfinite(kept)], (0, 1)).all(),
                f"{array} of a mask holds something else than 0 and 1: give 1 for pixels to keep")
        at = PIXELS[layer.geometry](layer, kept, log).lookup(*np.meshgrid(sky.ra, sky.dec))
        return (at >= 0) & (kept[at] == 1)


def _map(layers, tokens, sigma_default, averaging_deg, label, n_scramblings, log) -> SkyMap:
    require(0 < sigma_default <= 1 and 0 <= averaging_deg <= 90 and n_scramblings >= 1,
            f"averaging_deg is {averaging_deg}, sigma_default is {sigma_default} and n_scramblings is {n_scramblings}, "
            "but they lie between 0 and 90, between 0 and 1, and above 0: correct them")
    if len(layers) == 1 and are_coefficients(layers[0].arrays):
        return _finished(of_coefficients(layers[0], sigma_default, log), sigma_default, label, log)
    layers, tokens = of_one_plane(layers, tokens)
    layer, roles = choose(layers, tokens, log)
    main = roles.get("map") or roles["data"]
    for one in roles.values():
        require(one.values.size == main.values.size,
                f"{one} has {one.values.size} values, but {main} has {main.values.size}: make them agree")
    values = unmasked(numbers(main), roles, log)
    pixels = PIXELS[layer.geometry](layer, values, log)
    if "data" in roles:
        parts = of_counts(pixels, values, numbers(roles["background"]), averaging_deg, n_scramblings, log)
        return _finished(parts, sigma_default, label, log)
    said, scale = layer.header, scale_of(main)
    if "AVERDEG" in said and float(said["AVERDEG"]) != averaging_deg:
        averaging_deg = float(said["AVERDEG"])
        log.append(f"the file says that it is averaged over {averaging_deg:g} degrees: taken as said")
    sigma = errors(roles["sigma"], scale, log) if "sigma" in roles else np.full(values.shape, np.nan)
    values, sigma = observed_values(values * scale, sigma, log, pixels.name)
    footprint = numbers(roles["footprint"]) > 0 if "footprint" in roles else np.isfinite(values)
    parts = _on_grid(pixels, values, sigma, footprint, averaging_deg, log)
    if "AVERDEG" in said:
        parts |= {"sigma_assumed": bool(said.get("SIGASSUM", False)),
                  "label": str(said.get("SKYLABEL", "")).encode("ascii").decode("unicode_escape")}
    return _finished(parts, sigma_default, label, log)


def _on_grid(pixels, values, sigma, footprint, averaging_deg, log) -> dict:
    """Relative intensities as they are on a regular grid of ra and dec, or resampled onto one."""
    if pixels.grid is None or pixels.frame != "icrs":
        log.append("resampled onto 2 degrees")
        return resample(pixels, values, sigma, averaging_deg, log)
    dec, ra, number = pixels.grid
    there = number.reshape(len(dec), len(ra)) >= 0
    full = {name: np.where(there, x[number].reshape(there.shape), empty) for name, x, empty in (
        ("relative_intensity", values, np.nan), ("sigma", sigma, np.nan), ("footprint", footprint, False))}
    return {"dec": dec, "ra": ra, "averaging_deg": averaging_deg} | full


def _finished(parts: dict, sigma_default: float, label: str, log: list) -> SkyMap:
    """The map on its final grid, with assumed errors where the file has none, once a whole ring is found."""
    seen = np.isfinite(parts["relative_intensity"])
    fullest = np.argmax(seen.sum(axis=1))
    require(seen[fullest].all(), f"no declination ring is complete, the fullest (dec {parts['dec'][fullest]:g}) has "
            f"{seen[fullest].sum()} of {seen.shape[1]} pixels: Eq. (2) needs the mean of a ring, so give a map with "
            "whole rings")
    assumed = np.isnan(parts["sigma"]).all()
    if assumed:
        parts = parts | {"sigma": np.where(seen, sigma_default, np.nan), "sigma_assumed": True}
        log.append(f"no errors in the file: sigma_default = {sigma_default:g} taken for every pixel")
    if partial := int(np.sum(seen.any(axis=1) & ~seen.all(axis=1))):
        log.append(f"{partial} rings are incomplete: their means are taken over what is observed")
    sky = rebin(SkyMap(**parts, log=tuple(log)))
    # an assumed error holds for the pixels of the map as it is used
    sigma = np.where(sky.observed, sigma_default, np.nan) if assumed else sky.sigma
    return sky.replace(label=label or sky.label, sigma=sigma)
