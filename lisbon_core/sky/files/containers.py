"""From a file to the arrays it holds, whatever the container: FITS tables and images, ECSV, VOTable, plain text.

What the arrays mean is not asked here but in `conventions`, once for all containers.
"""

import bz2
import difflib
import gzip
import io
import lzma
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from lisbon_core.sky.files.conventions import kind_of, name_and_unit
from lisbon_core.sky.map import SkyMapError

__all__ = ["Found", "Layer", "content_of", "layer_of", "layers_of"]

LARGEST, LARGEST_TEXT = 2**28, 2**26  # bytes, unpacked: a map of a tenth of a degree as FITS, of half a degree as text
PACKED = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ": lzma}
FOREIGN = {b"\x89HDF": "an HDF5 file", b"PK": "a zip archive", b"root": "a ROOT file", b"\x93NUMPY": "a numpy file",
           b"\x89PNG": "a picture", b"%PDF": "a PDF"}
PLACE = ("CTYPE1", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CDELT1", "CDELT2")


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
        Of the part of the file that it is in, completed by the primary one.
    part, extension, version :
        Words for that part, its number and name, and the number in its name: what belongs together has the same.
    width : int
        Number of values in a row of the table.
    """

    name: str
    values: np.ndarray
    unit: str = ""
    header: dict = field(default_factory=dict)
    part: str = ""
    extension: tuple[str, str] = ("", "")
    version: str = ""
    width: int = 1

    @property
    def kind(self) -> str:
        """What it is, by its name, or by that of its extension."""
        own, outer = kind_of(self.name), kind_of(str(self.header.get("UTYPE") or self.extension[1]))
        settled = outer in ("sigma", "variance", "inverse variance", "mask", "observed", "significance")
        return outer if own == "unknown" or (own == "map" and settled) else own

    def __str__(self):
        return f"{self.name} of {self.part}" if self.part and self.part != self.name else self.name


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


def content_of(path: Path) -> bytes:
    """Content of a regular file, unpacked.

    Raises
    ------
    SkyMapError
        If there is none, it is a folder, a device or a pipe, or larger than a sky map can be.
    """
    if path.is_dir():
        raise SkyMapError("this is a folder: give the path of a file in it")
    if not path.exists():
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*")], n=1)
        raise SkyMapError("there is no such file" + (f": did you mean {near[0]}?" if near else ": correct the path"))
    if not path.is_file():
        raise SkyMapError("this is a device or a pipe: give the path of a regular file")
    large = f"more than {LARGEST // 2**20} MiB, which no sky map needs here: degrade it, or take out one map"
    if path.stat().st_size > LARGEST:
        raise SkyMapError(f"the file holds {large}")
    content = path.read_bytes()
    for start, packer in PACKED.items():
        if content.startswith(start):
            try:
                with packer.open(io.BytesIO(content)) as stream:
                    content = stream.read(LARGEST + 1)
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise SkyMapError(f"it starts as a {packer.__name__} file but cannot be unpacked ({error}): make or "
                                  "download it again") from None
            if len(content) > LARGEST:
                raise SkyMapError(f"the file unpacks to {large}")
    if not content.strip(b"\0\t\n\r "):
        raise SkyMapError("the file is empty: make or download it again")
    return content


def layers_of(content: bytes, log: list) -> list[Layer]:
    """All that the content of a file holds; arrays on the same pixels are together."""
    if content.startswith(b"SIMPLE"):
        return _fits(content)
    foreign = next((what for start, what in FOREIGN.items() if content.startswith(start)), None)
    if foreign or (b"\0" in content and content[:2] not in (b"\xff\xfe", b"\xfe\xff")):
        raise SkyMapError(f"this is {foreign or 'neither FITS nor text'}: give FITS, ECSV, VOTable or CSV")
    if len(content) > LARGEST_TEXT:
        raise SkyMapError(f"the text holds more than {LARGEST_TEXT // 2**20} MiB: give a FITS file")
    if re.match(rb"\s*(<\?xml|<VOTABLE)", content[:200]):
        return [_table(table) for table in _votable(content)]
    try:
        lines = content.decode("utf-16" if b"\0" in content else "utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = content.decode("latin-1").splitlines()
        log.append("the text is not UTF-8: taken as Latin-1")
    if lines[0].startswith("# %ECSV"):
        return [_table(Table.read(lines, format="ascii.ecsv"))]
    return [_table(_plain_text(lines, log))]


def _votable(content: bytes) -> list[Table]:
    from astropy.io.votable import parse

    file, found = parse(io.BytesIO(content), verify="ignore"), []
    systems = {system.system for system in file.iter_coosys()}
    for one in file.iter_tables():
        found.append(one.to_table(use_names_over_ids=True))
        found[-1].meta |= {parameter.name: parameter.value for parameter in one.params}
        if len(systems) == 1:
            found[-1].meta["COORDSYS"] = min(systems)
    return found


def _plain_text(lines: list[str], log: list) -> Table:
    """Table of lines: names in the first line or in the last comment, then numbers, however they are separated."""
    rows = [line.strip() for line in lines if line.strip() and line.strip()[0] not in "#%!"]
    comments = [line.strip().lstrip("#%! ") for line in lines if line.strip() and line.strip()[0] in "#%!"]
    if not rows:
        raise SkyMapError("the text holds no rows, only comments: make or download it again")
    header = rows.pop(0)
    if not re.search(r"[A-Za-z]{2}|[A-CF-Za-cf-z]", header):  # no name but numbers: names as numpy.savetxt writes them
        rows.insert(0, header)
        wanted = len(re.split(r"[,;\t|]|\s+", header))
        header = next((line for line in reversed(comments) if len(re.split(r"[,;\t|]\s*|\s+", line)) == wanted
                       and kind_of(re.split(r"[,;\t|]\s*|\s+", line)[0]) != "unknown"), "")
        if not header:
            raise SkyMapError("the columns of numbers have no names: write a line such as "
                              "'ra,dec,relative_intensity,sigma' before them")
    delimiter = next((d for d in "\t;,|" if d in header), " ")
    if delimiter in "\t; " and any(re.search(r"\d,\d", line) for line in rows[:1]):
        log.append("commas in numbers taken as decimal points")
        rows = [line.replace(",", ".") for line in rows]
    between = next((d for d in "\t;,|" if rows and d in rows[0]), " ")
    if between != delimiter:  # a header of its own making over numbers
        header = between.join(re.split(r"[,;\t|]\s*|\s+", header))
    said = dict(re.findall(r"^\s*(\w+)\s*[:=]\s*(\S.*?)\s*$", "\n".join(comments), flags=re.M))
    table = Table.read([header, *rows], format="ascii.basic", delimiter=between, guess=False,
                       fast_reader={"exponent_style": "fortran"}, comment=None)
    table.meta |= said
    return table


def _table(table: Table) -> Layer:
    """Columns of a table, and what is said about it."""
    header, arrays = {str(key).upper(): value for key, value in table.meta.items()}, []
    for column in table.itercols():
        name, unit = name_and_unit(column.name)
        values = np.ma.asarray(column)
        arrays.append(Found(name, values.ravel(), str(column.unit or unit), header,
                            width=values.size // max(len(values), 1)))
    return layer_of(header, arrays)


def layer_of(header: dict, arrays: list[Found]) -> Layer:
    """Columns of a table with coordinates, or of HEALPix pixels."""
    kinds = {array.kind for array in arrays}
    positions = any(lon.startswith("lon") and "lat" + lon[3:] in kinds for lon in kinds)
    healpix = "NSIDE" in header or str(header.get("PIXTYPE", "")).strip().upper() == "HEALPIX"
    return Layer("healpix" if (healpix or kinds & {"pixel", "uniq"}) and not positions else "table", header, arrays)


def _fits(content: bytes) -> list[Layer]:
    layers: list[Layer] = []
    with fits.open(io.BytesIO(content), memmap=False) as hdus:
        for number, hdu in enumerate(hdus):
            header = {**dict(hdus[0].header), **dict(hdu.header)}
            size = abs(int(header.get("BITPIX", 8))) // 8 * int(np.prod([float(n) for n in hdu.shape])) \
                if hdu.is_image else 0
            if size > LARGEST:
                raise SkyMapError(f"the image in extension {number} unpacks to {size // 2**20} MiB, more than "
                                  f"{LARGEST // 2**20}: degrade it")
            if hdu.data is None or not hdu.data.size:
                continue
            name = hdu.name or ("PRIMARY" if number == 0 else "")
            where = {"header": header, "extension": (str(number), name),
                     "part": f"extension {number}" + f" {name}" * bool(name),
                     "version": str(header.get("EXTVER", "")) if "EXTVER" in hdu.header else ""}
            new = _image(hdu, name, where) if hdu.is_image else _fits_table(hdu, where)
            same = next((layer for layer in layers if new and _together(layer, new)), None)
            if same:
                same.arrays.extend(new.arrays)
            elif new:
                layers.append(new)
    return layers


def _together(layer: Layer, new: Layer) -> bool:
    """Whether arrays of two parts of a FITS file lie on the same pixels."""
    if layer.geometry != new.geometry or layer.shape != new.shape:
        return False
    if layer.geometry == "image":
        return new.wcs is None or all(new.header.get(key) == layer.header.get(key) for key in PLACE)
    return layer.geometry == "healpix" and not (layer.of("pixel", "uniq") or new.of("pixel", "uniq")) and all(
        layer.header.get(key, "") == new.header.get(key, "") for key in ("NSIDE", "ORDERING", "COORDSYS")) \
        and layer.arrays[0].values.size == new.arrays[0].values.size


def _fits_table(hdu, where: dict) -> Layer | None:
    arrays = []
    for column in hdu.columns:
        values = np.asarray(hdu.data[column.name])
        raw = np.asarray(hdu.data.view(np.ndarray)[column.name])
        null = column.null.encode() if isinstance(column.null, str) else column.null
        if null not in (None, b"") and raw.shape == values.shape:
            values = np.ma.masked_array(values, raw == null)
        name, unit = name_and_unit(column.name)
        arrays.append(Found(name, values.ravel(), (column.unit or unit).strip(), **where,
                            width=values.size // max(len(values), 1)))
    return layer_of(where["header"], arrays) if arrays else None


def _image(hdu, name: str, where: dict) -> Layer | None:
    """Planes of an image, longitude along the last axis where its header says so."""
    data, wcs = np.asarray(hdu.data), WCS(hdu.header)
    if data.ndim < 2 or data.dtype.kind not in "biuf":
        return None
    wcs = wcs if wcs.has_celestial else None
    if wcs:
        data = np.moveaxis(data, (data.ndim - 1 - wcs.wcs.lat, data.ndim - 1 - wcs.wcs.lng), (-2, -1))
    shape, planes = data.shape[-2:], data.reshape(-1, data.shape[-2] * data.shape[-1])
    unit = str(hdu.header.get("BUNIT", "")).strip()
    names = [name] if len(planes) == 1 else [f"{name} plane {i + 1}" for i in range(len(planes))]
    return Layer("image", where["header"], [Found(one, plane, unit, **where)
                                            for one, plane in zip(names, planes, strict=True)], wcs, shape)
