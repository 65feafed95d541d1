"""Sky maps and masks in tables: columns ra and dec (degrees, ICRS), relative_intensity, and where known sigma."""

import difflib
import io

import numpy as np
from astropy import units as u
from astropy.table import Table

from lisbon_core.sky.files.conventions import named, observed_values
from lisbon_core.sky.files.grids import gridded
from lisbon_core.sky.map import SkyMapError

__all__ = ["any_table", "from_table", "mask_from_table"]


def any_table(content: bytes) -> Table:
    """Table of the content of a FITS, ECSV or CSV file; CSV may be separated by commas, semicolons, tabs or spaces."""
    if content.startswith(b"SIMPLE"):
        return Table.read(io.BytesIO(content), format="fits")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise SkyMapError("neither FITS nor text: give a CSV, ECSV or FITS file") from None
    if lines[0].startswith("# %ECSV"):
        return Table.read(lines, format="ascii.ecsv")
    header = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    delimiter = next((d for d in ",;\t" if d in header), " ")
    return Table.read(lines, format="ascii.basic", delimiter=delimiter, guess=False)


def _numbers(table, name) -> np.ndarray:
    """A column as floats, degrees where it has an angular unit, NaN where masked."""
    column = table[name]
    for row, entry in enumerate(np.ma.getdata(column).tolist(), 1):
        try:
            float(entry)
        except (TypeError, ValueError):
            raise SkyMapError(f"column {name} holds {entry!r:.60} in row {row}: numbers are needed") from None
    values = np.where(np.ma.getmaskarray(column), np.nan, np.ma.getdata(column).astype(float))
    unit = u.Unit(getattr(column, "unit", None) or "", parse_strict="silent")
    return (values * unit).to_value(u.deg) if unit.is_equivalent(u.deg) else values


def _column(table, want, needed=True) -> np.ndarray | None:
    found = named(table.colnames, want)
    if found is not None or not needed:
        return None if found is None else _numbers(table, found)
    near = difflib.get_close_matches(want, [c.lower() for c in table.colnames], n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? Rename it" if near else "rename or add it"
    found = ", ".join(repr(name[:40]) for name in table.colnames[:8]) + (", ..." if len(table.colnames) > 8 else "")
    raise SkyMapError(f"there is no column {want!r} (found: {found}): {hint}")


def _positions(table) -> tuple[np.ndarray, np.ndarray]:
    """Right ascension and declination in degrees, once they are plausible."""
    ra, dec = _column(table, "ra"), _column(table, "dec")
    if len(table) == 0:
        raise SkyMapError("the table has no rows: make or download it again")
    for name, x, low, high in (("ra", ra, -180.0, 360.0), ("dec", dec, -90.0, 90.0)):
        wrong = np.flatnonzero(~((x >= low) & (x <= high)))
        if wrong.size:
            raise SkyMapError(f"{name} is {x[wrong[0]]:g} in row {wrong[0] + 1}, but it lies between {low:g} and "
                              f"{high:g} degrees: correct it, or exchange columns ra and dec if they are mixed up")
    if table[named(table.colnames, "ra")].unit is None and ra.max() <= 24 and ra.min() >= 0:
        raise SkyMapError(f"ra runs from {ra.min():g} to {ra.max():g}, which looks like hours: degrees are needed, so "
                          "multiply the column ra by 15")
    return ra, dec


def from_table(table, averaging_deg: float, log: list) -> dict:
    """Parts of a `SkyMap` on the grid that the pixels lie on; what the table's header says of the map holds."""
    ra, dec = _positions(table)
    if ra.min() < 0:
        log.append("right ascensions below 0 taken as 360 degrees more")
    values, sigma = observed_values(_column(table, "relative_intensity"), _column(table, "sigma", needed=False), log,
                                    lambda i: f"ra {ra[i]:g}, dec {dec[i]:g} (row {i + 1})")
    footprint = _column(table, "footprint", needed=False)
    footprint = np.isfinite(values) if footprint is None else footprint > 0
    parts = gridded(ra, dec, values, sigma, footprint) | {"averaging_deg": averaging_deg}
    meta = {str(key).upper(): value for key, value in table.meta.items()}
    if "AVERDEG" in meta:
        parts |= {"averaging_deg": float(meta["AVERDEG"]), "sigma_assumed": bool(meta.get("SIGASSUM", False)),
                  "label": str(meta.get("SKYLABEL", "")).encode("ascii").decode("unicode_escape")}
        if parts["averaging_deg"] != averaging_deg:
            log.append(f"the file says that it is averaged over {parts['averaging_deg']:g} degrees: taken as said")
    return parts


def mask_from_table(table, dec, ra) -> np.ndarray:
    """Pixels (n_dec, n_ra) at whose centre the column `observed` of a table on any regular grid is 1."""
    kept = _column(table, "observed")
    if not np.isin(kept, (0, 1)).all():
        raise SkyMapError("column observed of a mask holds something else than 0 and 1: give 1 for pixels to keep")
    grid = gridded(*_positions(table), kept, kept, kept > 0)
    row, column = (np.round((x - g[0]) / (g[1] - g[0])).astype(int) for x, g in ((dec, grid["dec"]), (ra, grid["ra"])))
    inside = (row >= 0) & (row < len(grid["dec"]))
    found = grid["footprint"][np.clip(row, 0, len(grid["dec"]) - 1)][:, column % len(grid["ra"])]
    return found & inside[:, None]
