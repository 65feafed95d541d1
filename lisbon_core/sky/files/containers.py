"""From a file to the arrays it holds, whatever the container: FITS tables and images, HDF5, ECSV, VOTable, text.

What the arrays mean is not asked here but in `conventions`, once for all containers.
"""

import difflib
import io
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from astropy.wcs import WCS

from lisbon_core.ground import reading
from lisbon_core.sky.files.conventions import OF_A_MAP, kind_of, name_and_unit
from lisbon_core.sky.files.datasets import groups_of
from lisbon_core.sky.map import SkyMapError, require

LARGEST = 2**28  # bytes of a file, packed or not: a map of a tenth of a degree
FOREIGN = {b"PK\x03": "a zip archive", b"root": "a ROOT file", b"\x93NUMPY": "a numpy file"}
PLACE = ("CTYPE1", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CDELT1", "CDELT2")
BETWEEN = r"\s*[,;\t|]\s*|\s+"


@dataclass(frozen=True, eq=False)
class Found:
    """One array of a file: a column, or a plane of an image.

    Parameters
    ----------
    name, unit : str
        As the file spells them.
    values : array, flat
        As they come, masked where the file says that there is none.
    header : dict
        What the file says about it, for the whole of it or for its part.
    part : str
        The extension, its number and name.
    width : int
        How many of them a row of a table holds.
    """

    name: str
    values: np.ndarray
    unit: str = ""
    header: dict = field(default_factory=dict)
    part: str = ""
    width: int = 1

    @property
    def kind(self) -> str:
        """What it is, by its name, or by that of its extension where this says more."""
        own, outer = kind_of(self.name), kind_of(str(self.header.get("UTYPE") or self.part.partition(" ")[2]))
        return outer if own == "unknown" or (own == "map" and outer in OF_A_MAP) else own

    def __str__(self):
        return self.name + (f" of extension {self.part}" if self.part and self.name != self.part[2:] else "")


@dataclass(frozen=True, eq=False)
class Layer:
    """Arrays on the same pixels, and what says where these are: `geometry` is "image", "table" or "healpix"."""

    geometry: str
    header: dict
    arrays: list[Found]
    wcs: WCS | None = None
    shape: tuple[int, ...] = ()

    def of(self, *kinds: str) -> list[Found]:
        """Arrays of these kinds."""
        return [array for array in self.arrays if array.kind in kinds]


def layers_of(path: Path, log: list) -> list[Layer]:
    """All that a file holds, packed or not; arrays on the same pixels are together.

    Raises
    ------
    SkyMapError, Refused
        If there is no such file, it is empty, too large, or none that is known.
    """
    if not path.exists():
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*")], n=1)
        raise SkyMapError("there is no such file" + (f": did you mean {near[0]}?" if near else ": correct the path"))
    content = reading.content_of(path, LARGEST)
    require(content.strip(b"\0\t\n\r "), "the file is empty: make or download it again")
    if content.startswith(b"SIMPLE"):
        return _fits(content)
    if any(content[at : at + 8] == b"\x89HDF\r\n\x1a\n" for at in (0, 512, 1024, 2048, 4096)):  # as MATLAB begins it
        return [table_layer(said, [Found(name, values, unit, said, group) for (name, unit), values in arrays.items()])
                for group, said, arrays in groups_of(content)]
    foreign = next((what for start, what in FOREIGN.items() if content.startswith(start)), "neither FITS nor text")
    require(b"\0" not in content and not content.startswith(tuple(FOREIGN)),
            f"this is {foreign}: give FITS, HDF5, ECSV, VOTable or CSV")
    require(len(content) <= LARGEST // 4, f"the text holds more than {LARGEST >> 22} MiB: give a FITS file")
    if re.match(rb"\s*<(\?xml|VOTABLE)", content):
        from astropy.io.votable import parse

        file = parse(io.BytesIO(content), verify="ignore")
        frames = dict(("COORDSYS", one.system) for one in file.iter_coosys())
        return [_table(one.to_table(use_names_over_ids=True), frames) for one in file.iter_tables()]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
        log.append("the text is not UTF-8: taken as Latin-1")
    if text.startswith("# %ECSV"):
        return [_table(Table.read(text, format="ascii.ecsv"))]
    return [_plain_text([line.strip() for line in text.splitlines() if line.strip()], log)]


def _plain_text(lines: list[str], log: list) -> Layer:
    """Columns of text: names in the first line or in a comment, then numbers, however they are separated."""
    comments = [line.lstrip("#%! ") for line in lines if line[0] in "#%!"]
    rows = [line for line in lines if line[0] not in "#%!"]
    named = [*rows[:1]] if rows and not re.match(r"[-+.\d]", rows[0]) else []
    rows = rows[len(named):]
    require(rows, "the text holds no row of numbers: make or download it again")
    between = next((one for one in "\t;|," if one in rows[0]), " ")
    if between != "," and re.search(r"\d,\d", rows[0]):
        rows = [line.replace(",", ".") for line in rows]
        log.append("commas in numbers taken as decimal points")
    if re.search(r"\d[dD][-+]?\d", rows[0]):  # as Fortran writes numbers
        rows = [re.sub(r"(?<=\d)[dD](?=[-+]?\d)", "e", line) for line in rows]
    width, *found = (_cells(line, between) for line in [rows[0], *named, *reversed(comments)])
    names = next((names for names in found if named or len(names) == len(width)), None)
    require(names, "the columns of numbers have no names: write a line of them first, such as ra,dec,intensity")
    said = dict(re.findall(r"^\s*(\w+)\s*[:=]\s*(\S.*?)\s*$", "\n".join(comments), flags=re.M))
    return _table(Table.read(rows, names=names, format="ascii.no_header", delimiter=between, guess=False), said)


def _cells(line: str, between: str) -> list[str]:
    """What a line of names holds; a line of other making than the numbers is cut wherever it can be."""
    cells = line.split(between) if between != " " and between in line else re.split(BETWEEN, line)
    return [cell.strip(" '\"") for cell in cells]


def _table(table: Table, said: dict | None = None, part: str = "") -> Layer:
    """Columns of a table, and what is said about it."""
    header, arrays = {str(key).upper(): value for key, value in {**table.meta, **(said or {})}.items()}, []
    for column in table.itercols():
        name, unit = name_and_unit(column.name)
        values = np.ma.asarray(column)
        width = values.size // max(len(values), 1)
        arrays.append(Found(name, values.ravel(), str(column.unit or unit), header, part, width))
    return table_layer(header, arrays)


def table_layer(header: dict, arrays: list[Found]) -> Layer:
    """Columns with coordinates, or on the pixels of HEALPix."""
    kinds = {array.kind for array in arrays}
    positions = any(kind.startswith("lon") and "lat" + kind[3:] in kinds for kind in kinds)
    healpix = kinds & {"pixel", "uniq"} or "NSIDE" in header or str(header.get("PIXTYPE")).strip().upper() == "HEALPIX"
    return Layer("healpix" if healpix and not positions else "table", header, arrays)


def _fits(content: bytes) -> list[Layer]:
    layers: list[Layer] = []
    with fits.open(io.BytesIO(content), memmap=False) as hdus:
        for number, hdu in enumerate(hdus):
            header, part = {**hdus[0].header, **hdu.header}, f"{number} {hdu.name}".strip()
            require(not hdu.is_image or math.prod(hdu.shape) <= LARGEST // 8,
                    f"the image in extension {part} unpacks to more than {LARGEST >> 20} MiB: degrade it")
            if hdu.data is None or not hdu.data.size or (hdu.is_image and hdu.data.ndim < 2):
                continue
            new = _image(hdu, header, part) if hdu.is_image else _table(_nulls(hdu), header, part)
            same = next((layer for layer in layers if _together(layer, new)), None)
            if same:
                same.arrays.extend(new.arrays)
            else:
                layers.append(new)
    return layers


def _nulls(hdu) -> Table:
    """A FITS table, masked where the numbers in the file, before any scale, are those that stand for none."""
    table = Table.read(hdu)
    for column in hdu.columns:
        if isinstance(column.null, int):
            raw = np.asarray(hdu.data.view(np.ndarray)[column.name])
            table[column.name] = MaskedColumn(table[column.name], mask=raw == column.null)
    return table


def _together(layer: Layer, new: Layer) -> bool:
    """Whether the arrays of two parts of a FITS file lie on the same pixels."""
    if (layer.geometry, layer.shape) != (new.geometry, new.shape) or layer.geometry == "table":
        return False
    if layer.geometry == "image":
        return new.wcs is None or all((new.header.get(key) or 0) == (layer.header.get(key) or 0) for key in PLACE)
    return not layer.of("pixel", "uniq") and not new.of("pixel", "uniq") and all(
        layer.header.get(key) == new.header.get(key) for key in ("NSIDE", "ORDERING", "COORDSYS", "NAXIS2"))


def _image(hdu, header: dict, part: str) -> Layer:
    """Planes of an image, each with longitude along its last axis where its header says so."""
    data, wcs = np.asarray(hdu.data), WCS(_projected(hdu.header))
    if wcs.has_celestial:
        data = np.moveaxis(data, (data.ndim - 1 - wcs.wcs.lat, data.ndim - 1 - wcs.wcs.lng), (-2, -1))
    shape, planes = data.shape[-2:], data.reshape(-1, data.shape[-2] * data.shape[-1])
    other = [name.strip() for i, name in enumerate(wcs.wcs.ctype) if name and i not in (wcs.wcs.lng, wcs.wcs.lat)]
    names = [f"{(other or ['axis 3'])[0]} plane {i + 1}" for i in range(len(planes))]
    names, unit = names if len(names) > 1 else [hdu.name or "IMAGE"], str(hdu.header.get("BUNIT", ""))
    arrays = [Found(name, plane, unit, header, part) for name, plane in zip(names, planes, strict=True)]
    return Layer("image", header, arrays, wcs if wcs.has_celestial else None, shape)


def _projected(header):
    """A header whose axes are called RA and DEC, or the like, without a projection: what CAR makes of them."""
    types = {i: header.get(f"CTYPE{i}", "") for i in range(1, header["NAXIS"] + 1)}
    if wrong := [name for name in types.values() if not isinstance(name, str)]:
        raise SkyMapError(f"CTYPE of an axis is {wrong[0]!r}, but 'RA---CAR' and the like is needed: correct it")
    kinds = {kind_of(name): i for i, name in types.items()}
    for frame, names in {"icrs": ("RA---CAR", "DEC--CAR"), "galactic": ("GLON-CAR", "GLAT-CAR")}.items():
        lon, lat = (kinds.get(f"{axis} {frame}") for axis in ("lon", "lat"))
        if lon and lat and (step := header.get(f"CDELT{lat}")):
            header, equator = header.copy(), header.get(f"CRPIX{lat}", 0.0) - header.get(f"CRVAL{lat}", 0.0) / step
            header[f"CTYPE{lon}"], header[f"CTYPE{lat}"] = names
            header[f"CRPIX{lat}"], header[f"CRVAL{lat}"] = equator, 0.0
    return header
