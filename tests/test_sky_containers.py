"""One sky in every container, frame, unit, null, error and projection that the reader claims to know: read the same."""

import bz2
import io
import itertools
import os
import warnings

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from astropy_healpix import healpix_to_lonlat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lisbon_core.ground.frames import unit_vector
from lisbon_core.parameters import RunParameters, absolute
from lisbon_core.sky import SkyMapError, multipoles
from lisbon_core.sky.files import map_from_arrays, read_sky_map
from lisbon_core.tools import provenance

DIPOLE, SIGMA, SOUTH = 1e-3 * unit_vector(100.0, 30.0), 3e-4, -60.0  # nothing is observed south of that declination
TABLES = ("csv", "decimal commas", "savetxt", "fortran", "ecsv", "votable", "fits", "radians", "from the pole")
HEALPIX = ("ring", "nested", "rows of 1024", "explicit", "run", "groups", "multi-order", "list", "keys in primary")
IMAGES = ("CAR", "CAR from its edge", "CAR, both ends", "CAR, lat first", "CAR, one plane", "CEA", "AIT", "MOL", "SFL")
FRAMES = {"icrs": ("ra", "dec", "FK5", "RA--", "DEC-"), "galactic": ("l", "b", "G", "GLON", "GLAT"),
          "barycentricmeanecliptic": ("elon", "elat", "ECLIPTIC", "ELON", "ELAT")}
UNITS = {"1": (1.0, 1.0), "": (1.0, 0.0), "%": (0.01, 0.0), "10**-3": (1e-3, 0.0)}  # what 1 means, what no excess is
ERRORS = ("sigma", "err", "relative_intensity_error", "STAT", "", "uncertainty", "VAR", "ivar", "e_relative_intensity")
NULLS = ("nan", "stated", "mask", "observed")
CASES = [(kind, frame, unit, ERRORS[i % len(ERRORS)], NULLS[i % 5 % len(NULLS)])
         for i, (kind, frame, unit) in enumerate(itertools.product(TABLES + HEALPIX + IMAGES, FRAMES, UNITS)) if i % 3]


def wcs_header(kind, frame):
    code, shape = kind[:3], (90, 181 if kind == "CAR, both ends" else 180)
    axes = {"CTYPE": [f"{name}-{code}" for name in FRAMES[frame][3:]], "CRVAL": [180.0, 0.0], "CRPIX": [90.5, 45.5],
            "CDELT": [-2.0, 360 / np.pi / 90 if code == "CEA" else 2.0]}
    axes |= {"CRPIX": [1, 45.5], "CRVAL": [359.0, 0.0]} if kind == "CAR from its edge" else {}
    order = (1, 0) if kind == "CAR, lat first" else (0, 1)
    header = fits.Header({f"{key}{i + 1}": pair[at] for key, pair in axes.items() for i, at in enumerate(order)})
    return header, shape[::-1] if kind == "CAR, lat first" else shape


def places(kind, frame):
    """Longitudes and latitudes, in the frame, of the pixels of a file: degrees."""
    if kind in TABLES:
        return [x.ravel() for x in np.meshgrid(np.arange(1.5, 360, 3), np.arange(-88.5, 90, 3))]
    if kind in HEALPIX:
        order = "nested" if kind in ("nested", "rows of 1024", "groups", "multi-order") else "ring"
        return [x.to_value("deg") for x in healpix_to_lonlat(np.arange(12 * 32**2), 32, order=order)]
    header, shape = wcs_header(kind, frame)
    line, column = np.indices(shape).reshape(2, -1)[:: -1 if kind == "CAR, lat first" else 1]
    if kind.startswith("CAR"):
        return [(359.0 - 2.0 * column) % 360.0, 2.0 * line - 89.0]
    return WCS(header).wcs_pix2world(column, line, 0)


def sky_of(kind, frame, unit, error, null):
    """Longitudes, latitudes, and by name the arrays of a file, NaN or -99 or poison where nothing is observed."""
    lon, lat = places(kind, frame)
    there = np.isfinite(lon)
    place = SkyCoord(np.where(there, lon, 0), np.where(there, lat, 0), frame=frame, unit="deg").icrs
    seen, (scale, even) = there & (place.dec.deg > SOUTH), UNITS[unit]
    value = even + unit_vector(place.ra.deg, place.dec.deg) @ DIPOLE / scale
    empty = {"nan": np.nan, "stated": -99.0}.get(null, even + 0.3 / scale)
    sigma = np.full(lon.size, SIGMA / scale)
    made = {"relative_intensity": np.where(seen, value, empty),
            error: {"VAR": sigma**2, "ivar": sigma**-2.0}.get(error, sigma), null: (seen == (null == "observed")) + 0}
    return lon, lat, {name: made[name] for name in made if name not in ("", "nan", "stated")}


def fits_bytes(*hdus):
    stream = io.BytesIO()
    fits.HDUList([*hdus]).writeto(stream)
    return stream.getvalue()


def text_of(arrays, of, said, delimiter=",", names_after="", number="{:.12g}"):
    """Text with comments, names with their units, and numbers."""
    names = delimiter.join(f"{name}[{of}]" if of and name == "relative_intensity" else name for name in arrays)
    rows = [delimiter.join(map(number.format, row)) for row in zip(*arrays.values(), strict=True)]
    return "\n".join([*(f"# {key} = {value}" for key, value in said.items()), names_after + names, *rows])


def table_file(kind, frame, unit, error, null):
    lon, lat, arrays = sky_of(kind, frame, unit, error, null)
    (first, second, system), of = FRAMES[frame][:3], ("" if unit == "1" else unit)
    if kind == "from the pole":
        first, second, lat = "phi", "theta", 90.0 - lat
    if kind == "radians":
        lon, lat = np.radians(lon), np.radians(lat)
    arrays = {first: lon, second: lat} | arrays
    said = {"COORDSYS": system} | ({"BAD_DATA": -99} if null == "stated" else {})
    if kind in ("ecsv", "votable"):
        table, stream = Table(arrays, masked=True), io.BytesIO()
        value = table["relative_intensity"]
        value.unit, value.mask = of or None if kind == "ecsv" else None, value == -99.0
        if kind == "ecsv":
            table.write(path := io.StringIO(), format="ascii.ecsv")
            return path.getvalue().encode()
        table.write(stream, format="votable")  # it does not know how to write a percent
        return stream.getvalue().replace(b'"relative_intensity"', f'"relative_intensity" unit="{of}"'.encode(), 1) \
            if of else stream.getvalue()
    if kind in ("fits", "radians"):
        columns = [fits.Column(name, "D", array=x, unit=of if name == "relative_intensity" else None)
                   for name, x in arrays.items()]
        if null == "stated":  # whole numbers with a scale
            (scale, even), x = UNITS[unit], arrays["relative_intensity"]
            columns[2] = fits.Column("relative_intensity", "J", unit=of, null=-99, array=np.where(
                x == -99, x, np.round((x - even) * scale * 1e8)).astype(int))
        table = fits.BinTableHDU.from_columns(columns)
        table.header.update({"TSCAL3": 1e-8 / UNITS[unit][0], "TZERO3": UNITS[unit][1]} if null == "stated" else {})
        return fits_bytes(fits.PrimaryHDU(), table)
    if kind == "savetxt":
        return text_of(arrays, of, said, " ", "# ").encode()
    if kind == "fortran":
        return text_of(arrays, of, said, "   ", number="{:.12E}").replace("E-", "D-").replace("E+", "D+").encode()
    if kind == "decimal commas":
        return text_of(arrays, of, said, ";").replace(".", ",").encode()
    return bz2.compress(text_of(arrays, of, said).encode())


def healpix_file(kind, frame, unit, error, null):
    _, lat, arrays = sky_of(kind, frame, unit, error, null)
    number, of = np.arange(lat.size), ("" if unit == "1" else unit)
    keys = {"PIXTYPE": "HEALPIX", "NSIDE": 32.0 if kind == "explicit" else 32, "COORDSYS": FRAMES[frame][2],
            "ORDERING": "NESTED" if kind in ("nested", "rows of 1024", "groups") else "ring"}
    keys |= {"BAD_DATA": -99.0} if null == "stated" else {}
    if kind == "list":
        return text_of({"pixel": number} | arrays, of, keys).encode()
    kept = np.random.default_rng(1).permutation(number) if kind == "explicit" else number
    if kind == "run":  # of a map that ends at a complete ring
        kept, keys = number[100:11_000], keys | {"FIRSTPIX": 100, "LASTPIX": "10999"}
    width = {"rows of 1024": 1024, "groups": 4}.get(kind, 1)
    columns = [fits.Column(name, f"{width}D", unit=of if name == "relative_intensity" else None,
                           array=x[kept].astype(float).reshape(-1, width).squeeze()) for name, x in arrays.items()]
    index = {"explicit": ("HPXPIXEL", kept), "groups": ("PIXEL", number[: lat.size // 4]),
             "multi-order": ("UNIQ", 4 * 32**2 + number)}.get(kind)
    if index:
        columns.insert(0, fits.Column(index[0], "K", array=index[1]))
    if kind == "multi-order":
        keys |= {"ORDERING": "NUNIQ", "NSIDE": ""}
    hdus = [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]
    hdus[0 if kind == "keys in primary" else 1].header.update(keys)
    return fits_bytes(*hdus)


def image_file(kind, frame, unit, error, null):
    _, _, arrays = sky_of(kind, frame, unit, error, null)
    header, shape = wcs_header(kind, frame)
    scale, even = UNITS[unit]
    hdus = []
    for name, x in arrays.items():
        stated = null == "stated" and not hdus  # whole numbers with a scale
        x = np.where(x == -99, x, np.round((np.nan_to_num(x) - even) * scale * 1e8)).astype(np.int32) if stated else x
        x = x.reshape(shape if kind != "CAR, one plane" else (1, *shape))
        hdus.append((fits.ImageHDU if hdus else fits.PrimaryHDU)(x, header))
        hdus[-1].header.update({"BLANK": -99, "BSCALE": 1e-8 / scale, "BZERO": even} if stated else {})
        if len(hdus) == 1:
            hdus[0].header["BUNIT"] = ("" if unit == "1" else unit)
        else:
            hdus[-1].name = name
    return fits_bytes(*hdus)


def write(path, kind, *conventions):
    make = table_file if kind in TABLES else healpix_file if kind in HEALPIX else image_file
    path.write_bytes(make(kind, *conventions))
    return path


def equator(dipole):
    return dipole.amplitude * unit_vector(dipole.phase, 0.0)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    path = write(tmp_path_factory.mktemp("known") / "map", "csv", "icrs", "1", "sigma", "nan")
    return multipoles(read_sky_map(path), 1).dipole


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_one_sky_is_read_from_all_of_them(tmp_path, known, case):
    kind, _, _, error, _ = case
    sky = read_sky_map(write(tmp_path / "map", *case), sigma_default=SIGMA)
    found = multipoles(sky, 1).dipole
    assert np.abs(equator(found) - equator(known)).max() < 1e-6, (found, sky.log)
    assert sky.sigma_assumed == (error == "")
    assert np.nanmedian(sky.sigma) == pytest.approx(SIGMA, rel=0.05)
    assert not sky.observed[sky.dec < SOUTH - 5].any(), sky.log
    assert kind == "run" or sky.observed[(sky.dec > SOUTH + 3) & (sky.dec < 88)].mean() > 0.98, sky.log
    assert kind == "run" or found.amplitude_sigma == pytest.approx(known.amplitude_sigma, rel=0.05)


def read_or_not(path):
    """The map, or the sentence that refuses it."""
    try:
        return read_sky_map(path, averaging_deg=0.0), ""
    except SkyMapError as error:
        ours = isinstance(error.__cause__, TypeError | AttributeError | LookupError | AssertionError)
        return None, f"a mistake of the reader's own:\n{error}" if ours else str(error)


SAID = {  # of one fact, texts that say it, and texts that contradict it or say nothing
    "ORDERING": (("RING", "ring", " Ring "), ("NESTED", "nest", "SPIRAL", "", 7)),
    "COORDSYS": (("C", "ICRS", "fk5", "Equatorial", "celestial", "J2000", "EQ"), ("X", "FK4", "B1950", "GSE", 3.5)),
    "NSIDE": ((16, 16.0, "16", " 16 "), (32, 12, -1, 0, "many", 1e9, True, "16.5")),
    "TUNIT1": (("%", "percent", "Percent", "per cent", "10**-2", "1e-2", "0.01"), ("K", "mag", "counts", "m/s", "?")),
    "TUNIT2": (("%", "percent", "10**-2", ""), ("K", "s-1")),
    "BAD_DATA": ((-99, -99.0, "-99", "-9.9e1"), ("none", 0.1)),
    "RADESYS": (("ICRS", ""), ("FK4",)), "EQUINOX": ((2000, 2000.0), (1950, "B1950")), "FIRSTPIX": ((0, "0"), ("x",)),
}


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_what_a_header_says_is_honoured_or_refused_or_doubted(tmp_path_factory, data):
    """Right, or one sentence that refuses, or `mind`: whatever the header says and however."""
    lon, lat = healpix_to_lonlat(np.arange(3072), 16)
    value = 100 * (unit_vector(lon.to_value("deg"), lat.to_value("deg")) @ DIPOLE)
    value[lat.to_value("deg") < SOUTH] = -99.0
    header = {key: data.draw(st.sampled_from(true), label=key) for key, (true, _) in SAID.items()}
    wrong = data.draw(st.sets(st.sampled_from(sorted(SAID)), max_size=2), label="wrong")
    header |= {key: data.draw(st.sampled_from(SAID[key][1]), label=f"wrong {key}") for key in sorted(wrong)}
    rows = data.draw(st.sampled_from([3072, 3072, 3072, 3071, 1, 0]), label="rows")
    names = data.draw(st.permutations(["relative_intensity", "stat", "Q"]), label="names")
    arrays = {"relative_intensity": value, "stat": 0 * value + 100 * SIGMA, "Q": 0 * value}
    table = fits.BinTableHDU.from_columns([fits.Column(name, "D", array=arrays[name][:rows]) for name in names])
    units = {f"TUNIT{1 + names.index(name)}": header.pop(key) for key, name in (
        ("TUNIT1", "relative_intensity"), ("TUNIT2", "stat"))}
    table.header.update({"PIXTYPE": "HEALPIX", **header, **units})
    path = tmp_path_factory.getbasetemp() / "header.fits"
    path.write_bytes(fits_bytes(fits.PrimaryHDU(), table))
    sky, refusal = read_or_not(path)
    if refusal:
        assert len(refusal) < 400 + len(str(path))
        assert "\n" not in refusal
        assert wrong or rows != 3072, refusal
        return
    expected = DIPOLE * [1, 1, 0]
    doubted = any(line.startswith("mind:") for line in sky.log)
    assert doubted or np.abs(equator(multipoles(sky, 1).dipole) - expected).max() < 2e-6, sky.log
    assert not sky.sigma_assumed
    assert not (doubted and not wrong)


def test_cases_of_public_reports_are_right_or_refused(real_data):
    """Files that were read wrong: the equatorial dipole of each, or the words that refuse or doubt it."""
    folder = real_data.parent / "cases" / "maps"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    words = {"csv_colatitude": "angle from the pole", "h_uniq2": "counts in the former", "mask_bool": "no relative",
             "ordering_lies_nest_in_ring": "mind: neighbouring pixels differ", "significance_map": "is a significance",
             "car_crval2_nonzero": "mind: CRVAL2 = 30 turns"}
    for path in sorted(folder.iterdir()):
        name = path.name.split(".")[0]
        sky, refusal = read_or_not(path)
        if refusal or name in words:
            assert words.pop(name) in (refusal or "\n".join(sky.log)), name
            continue
        amplitude, phase = (8.66e-4, 100.0) if name[:2] in ("h_", "t_") or name[0] in "tw" else (9.40e-4, 40.0)
        amplitude, phase = (9.40e-4, 40.0) if name.startswith("three") else (amplitude, phase)
        if name in ("t_lb", "csv_glon_glat"):  # the same numbers at galactic places
            north = SkyCoord(phase, 30.0 if name == "t_lb" else 20.0, frame="galactic", unit="deg").icrs
            amplitude, phase = 1e-3 * np.cos(north.dec.rad), north.ra.deg
        dipole = multipoles(sky, 3).dipole
        assert dipole.amplitude == pytest.approx(amplitude, abs=2e-6), (name, sky.log)
        assert dipole.phase == pytest.approx(phase, abs=0.3), (name, sky.log)
    assert not words


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_text_however_it_is_written_is_right_or_refused(tmp_path_factory, data):
    """Separators, names, nulls, comments, order and small damage: the dipole is right, or one sentence says why."""
    def pick(*choices):
        return data.draw(st.sampled_from(choices))

    lon, lat = (x.ravel() for x in np.meshgrid(np.arange(7.5, 360, 15), np.arange(-82.5, 90, 15)))
    value = unit_vector(lon, lat) @ DIPOLE + pick(0.0, 1.0)
    order, between = np.arange(lon.size), pick(*",; \t|")
    order = np.random.default_rng(0).permutation(order) if pick(0, 1) else order
    lon = np.where(lon > 180, lon - 360, lon) if pick(0, 1) else lon
    null, digits = pick("nan", "NaN", "NULL", "--", "N/A", "-1.6375e30"), pick(".9f", ".12e", ".9g")
    quote = pick("", '"')
    cells = [[f"{x:{digits}}" for x in column] for column in (lon, lat, value, 0 * value + SIGMA)]
    cells[2] = [null if y < SOUTH else cell for y, cell in zip(lat, cells[2], strict=True)]
    names = [pick("ra", "RA", "Right Ascension", "ra [deg]", "RAJ2000", "ra_deg"), pick("dec", "DEC", "decl"),
             pick("relative_intensity", "I", "RI", "intensity", "relint", "what"), pick("sigma", "e_I", "stat", "Err")]
    if between == " ":
        names = [name.replace(" ", "") for name in names]
    mark = pick("", "", "# ", "% ")
    lines = [mark + between.join(f"{quote}{name}{quote}" for name in names)]
    lines += [between.join(column[i] for column in cells) for i in order]
    lines[0:0] = pick([], ["# made by hand"], ["# COORDSYS: icrs", "", "# Gr\u00f6\u00dfe"])
    damage, at = pick("", "", "", "cut", "twice", "lost", "word", "wild", "swap"), data.draw(st.integers(5, 250))
    lines[at] = {"cut": lines[at][:9], "word": "abc" + between + lines[at], "wild": lines[at].replace("1", "7", 1)}.get(
        damage, lines[at])
    lines[at:at] = {"twice": [lines[at]]}.get(damage, [])
    lines[at : at + 1] = [] if damage == "lost" else lines[at : at + 1]
    if damage == "swap":
        lines = [line.replace("ra", "dec", 1) if "dec" in line.lower() else line for line in lines]
    path = tmp_path_factory.getbasetemp() / "text"
    path.write_bytes(pick("\n", "\r\n").join(lines).encode(pick("utf-8", "utf-8-sig", "latin-1")))
    sky, refusal = read_or_not(path)
    if refusal:
        assert "\n" not in refusal
        assert damage, refusal
    else:
        assert damage == "wild" or np.abs(equator(multipoles(sky, 1).dipole) - DIPOLE * [1, 1, 0]).max() < 2e-6, sky.log


def test_coarse_pixels_of_another_frame_carry_their_correlation():
    """Errors of the dipole from 6-degree pixels are the same in both frames, though one is resampled."""
    lon, lat = (x.ravel() for x in np.meshgrid(np.arange(3.0, 360, 6), np.arange(-87.0, 90, 6)))
    arrays = {"intensity": 1.0 + 1e-5 * np.sin(lon), "sigma": np.full(lon.size, SIGMA)}
    maps = [map_from_arrays({east: lon, north: lat} | arrays, {}, averaging_deg=0.0)
            for east, north in (("ra", "dec"), ("l", "b"))]
    errors = [multipoles(sky, 1).dipole.amplitude_sigma for sky in maps]
    assert errors[1] == pytest.approx(errors[0], rel=0.06)


def test_brackets_choose_one_of_several_maps_with_its_own_errors(tmp_path, monkeypatch):
    """By extension, number or name; each with the errors of its own, in runs too, which hash the file they read."""
    header, shape = wcs_header("CAR", "icrs")
    value = sky_of("CAR", "icrs", "1", "", "nan")[2]["relative_intensity"]
    hdus = [fits.PrimaryHDU()]
    for n in (1, 2):
        for name, x in (("LOW" if n == 1 else "HIGH", 1 + n * (value - 1)), ("ERR", np.full(shape, n * SIGMA))):
            hdus.append(fits.ImageHDU(x.reshape(shape), header, name=name, ver=n))
    path = tmp_path / "two.fits"
    path.write_bytes(fits_bytes(*hdus))
    with pytest.raises(SkyMapError, match=r"none of LOW.*, HIGH.* or choose one in brackets"):
        read_sky_map(path)
    for chosen, n in (("[LOW]", 1), ("[high]", 2), ("[3]", 2), ("[3][HIGH]", 2)):
        sky = read_sky_map(f"{path}{chosen}")
        assert multipoles(sky, 1).dipole.amplitude == pytest.approx(n * 8.66e-4, rel=1e-3)
        assert np.nanmedian(sky.sigma) == pytest.approx(n * SIGMA)
        assert any(line.startswith("ignored: ") and "ERR" in line for line in sky.log)
    with pytest.raises(SkyMapError, match=r"nothing in it is called 'MIDDLE' .found: LOW"):
        read_sky_map(f"{path}[MIDDLE]")
    parameters = RunParameters(sky_map=f"{path}[HIGH]")
    assert parameters.path("sky_map") == path
    assert provenance.files_read(parameters) == [path]
    monkeypatch.chdir(tmp_path)
    assert absolute("two.fits[HIGH]") == f"{path}[HIGH]"


CARDS = {  # of a FITS header, and what is put there; None: the card is taken away
    "COORDSYS": (None, "X", 7), "ORDERING": (None, "NESTED", "RING"), "NSIDE": (None, 16, 64, "x", -4),
    "PIXTYPE": (None, ""), "BUNIT": (None, "K"), "TUNIT1": (None, "K", "deg"),
    "TUNIT2": ("rad", "hourangle", "K"), "TUNIT3": ("K", 5), "BLANK": (0, None, 7), "TNULL3": (0, None),
    "BAD_DATA": (None, "x", 0.0), "CTYPE1": (None, "", "RA---TAN", "FREQ", 3), "CTYPE2": (None, "DEC--TAN", "GLAT-CAR"),
    "CDELT1": (0.0, None, "x"), "CRVAL2": (None, "x"), "CRPIX1": (None, "x"),
    "CUNIT1": ("rad", "K"), "TTYPE1": ("what", "", "dec"),
    "TTYPE2": ("sigma", "ra"), "EXTNAME": ("MASK", "SIGMA", ""), "RADESYS": ("FK4", "GALACTIC", 1),
    "EQUINOX": (1950.0, "x"), "FIRSTPIX": (3, "x"), "LASTPIX": (9, "x"), "EXTVER": (9, "x"), "UTYPE": ("mask", 4)}
DAMAGE = ("", "", "", "cut", "row lost", "row twice", "one wild", "one infinite", "hdu twice", "hdus exchanged")


def changed(content, card, value, damage, at):
    """A FITS file with one card otherwise, and one thing amiss in its data."""
    if card and damage != "cut":  # apart: under some headers astropy finds no data that could be damaged
        content, damage = changed(content, "", "", damage, at), ""
    with fits.open(io.BytesIO(content)) as hdus:
        hdu = hdus[min(at % 3, len(hdus) - 1)]
        if value is None:
            hdu.header.remove(card, ignore_missing=True)
        elif card:
            hdu.header[card] = value
        if damage.startswith("one") and hdus[-1].data is not None and not hdus[-1].is_image:
            column = hdus[-1].data[hdus[-1].columns.names[-1 if at % 2 else 0]]
            column[at % len(column)] = 1e9 if damage == "one wild" else np.inf if column.dtype.kind == "f" else 9
        elif damage.startswith("row") and not hdus[-1].is_image:
            rows = np.arange(len(hdus[-1].data))
            hdus[-1].data = hdus[-1].data[rows[1:] if damage == "row lost" else np.append(rows, at % rows.size)]
        elif damage == "hdu twice":
            hdus.append(hdus[-1].copy())
        elif damage == "hdus exchanged" and len(hdus) > 2:
            hdus[1], hdus[2] = hdus[2], hdus[1]
        hdus.writeto(made := io.BytesIO(), output_verify="silentfix+ignore")
    return made.getvalue()[: 2880 * (at + 3) if damage == "cut" else None]


@settings(max_examples=int(os.environ.get("LISBON_FUZZ", "120")), deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_whatever_is_amiss_in_a_fits_file_it_is_right_or_refused_or_doubted(tmp_path_factory, data):
    """Each container with a card of its header or a part of its data otherwise; LISBON_FUZZ=3000 tries as many."""
    case = data.draw(st.sampled_from([one for one in CASES if one[0] in ("fits", "radians", *HEALPIX[:-2], *IMAGES)]))
    card = data.draw(st.sampled_from(["", *CARDS]))
    value = data.draw(st.sampled_from(CARDS[card])) if card else ""
    damage, at = data.draw(st.sampled_from(DAMAGE)), data.draw(st.integers(0, 200))
    path = write(tmp_path_factory.getbasetemp() / "amiss.fits", *case)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path.write_bytes(changed(path.read_bytes(), card, value, damage, at))
    sky, refusal = read_or_not(path)
    assert "\n" not in refusal
    assert card or damage or not refusal, refusal
    doubted = sky is not None and any(line.startswith("mind:") for line in sky.log)
    if not refusal and not doubted:
        off = equator(multipoles(sky, 1).dipole) - DIPOLE * [1, 1, 0]
        assert np.abs(off).max() < 2e-5, (case, card, value, damage, at, sky.log)


def test_numbers_of_all_pixels_of_another_nside_are_doubted(tmp_path):
    path = write(tmp_path / "map", "groups", "galactic", "1", "err", "observed")
    path.write_bytes(changed(path.read_bytes(), "NSIDE", 64, "", 2))
    assert any("all those of NSIDE = 32, but NSIDE is 64" in line for line in read_sky_map(path).log)


def test_several_maps_on_numbered_pixels_are_not_one_map(tmp_path):
    """Three energies beside the numbers of the northern pixels: not three pixels to each number."""
    about, pixel = {"NSIDE": 32, "ORDERING": "RING", "COORDSYS": "C"}, np.arange(1984)
    columns = {"pixel": pixel, "relative_intensity": 1.0 + 1e-3 * np.tile([1.0, 2.0, 3.0], (1984, 1))}
    Table(columns, meta=about).write(tmp_path / "map.ecsv")
    for read in (lambda: map_from_arrays(columns, about), lambda: read_sky_map(tmp_path / "map.ecsv")):
        with pytest.raises(SkyMapError, match="holds 5952 values"):
            read()


def test_several_maps_on_listed_places_are_not_one_map(tmp_path):
    """Three energies in a column beside right ascension and declination: not the first third of all their numbers."""
    ra, dec = (x.ravel() for x in np.meshgrid(np.arange(1.0, 360.0, 2.0), np.arange(-9.0, 70.0, 2.0)))
    columns = {"ra": ra, "dec": dec, "relative_intensity": 1.0 + 1e-3 * np.tile([1.0, 2.0, 3.0], (ra.size, 1))}
    Table(columns).write(tmp_path / "map.fits")
    for read in (lambda: map_from_arrays(columns, {}), lambda: read_sky_map(tmp_path / "map.fits")):
        with pytest.raises(SkyMapError, match="has 21600 values, but 7200 of"):
            read()


def of_datasets(kind, lon, lat, value, sigma):
    """A function that writes one sky into an open HDF5 file, as programs of that kind do."""
    def write(file):
        if kind == "columns":
            for name, x in (("ra", np.tile(lon, lat.size)), ("dec", np.repeat(lat, lon.size)), ("delta_I", value),
                            ("err", sigma)):
                file[f"sky/{name}"] = x
            file["sky/ra"].attrs["units"] = np.array([b"degrees\0\0"])  # padded, an array of one
        elif kind == "compound":
            names = ("ra", "dec", "delta_I", "err")
            rows = np.empty(value.size, [(name, float) for name in names])
            for name, x in zip(names, (np.tile(lon, lat.size), np.repeat(lat, lon.size), value, sigma), strict=True):
                rows[name] = x
            file["map"] = rows
        elif kind == "healpix":
            file["map"] = value
            file["map"].attrs.update({"NSIDE": np.array([16.0]), "ORDERING": "RING  ", "COORDSYS": np.bytes_("C ")})
            file["sigma"] = sigma
        else:
            grid, matlab = value.reshape(lat.size, lon.size), kind == "matlab"
            arrays = {"ra": lon[None], "dec": lat[:, None]} if matlab else {"ra": lon, "dec": lat}
            for name, x in (arrays | {"relative_intensity": grid, "sigma": sigma.reshape(grid.shape)}).items():
                file[name] = x.T if matlab else x
            if kind == "energies":
                del file["relative_intensity"]
                file["relative_intensity"] = np.stack([0 * grid, grid])
        file.attrs["COORDSYS"] = "ICRS "

    return write


@pytest.mark.parametrize("kind", ["columns", "compound", "grid", "matlab", "energies", "healpix"])
def test_hdf5_as_others_write_it(tmp_path, kind):
    """Groups, tables, grids in either order of axes, with a block before it, padded texts, several energies."""
    import h5py

    lon, lat = np.arange(1.5, 360.0, 3.0), np.arange(-88.5, 90.0, 3.0)
    ra, dec = np.tile(lon, lat.size), np.repeat(lat, lon.size)
    if kind == "healpix":
        ra, dec = (x.to_value("deg") for x in healpix_to_lonlat(np.arange(3072), 16))
    value = unit_vector(ra, dec) @ DIPOLE
    path = tmp_path / "map.h5"
    with h5py.File(path, "w", userblock_size=512 if kind == "matlab" else 0) as file:
        of_datasets(kind, lon, lat, value, np.full(value.size, SIGMA))(file)
    if kind == "matlab":
        with open(path, "r+b") as stream:
            stream.write(b"MATLAB 7.3 MAT-file")
    sky = read_sky_map(f"{path}[2]" if kind == "energies" else path, averaging_deg=0.0)
    assert np.abs(equator(multipoles(sky, 1).dipole) - DIPOLE * [1, 1, 0]).max() < 2e-6, sky.log
    assert not sky.sigma_assumed
    good = path.read_bytes()
    for place in range(40, len(good), len(good) // 12):  # damaged, it is read or refused, and nothing else
        path.write_bytes(good[:place] + b"\xff" + good[place + 1:] if place % 3 else good[:place])
        _, refusal = read_or_not(path)
        assert "\n" not in refusal


def test_hdf5_that_is_none_of_a_map_is_refused(tmp_path):
    import h5py

    path = tmp_path / "map.h5"
    square = {"ra": np.arange(0.0, 360.0, 4.0), "dec": np.arange(-89.0, 90.0, 2.0), "I": np.ones((90, 90))}
    for arrays, says in ((square, "cannot be told apart"), ({"file": np.ones(5)}, "not both coor"), ({}, "holds no")):
        with h5py.File(path, "w") as file:
            for name, x in arrays.items():
                file[name] = x
        with pytest.raises(SkyMapError, match=says):
            read_sky_map(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("relative_intensity", (2**14, 2**14), dtype="f8", compression="gzip")
    with pytest.raises(SkyMapError, match="more than such a file has room for"):
        read_sky_map(path)


def test_cubes_whose_axes_are_only_named(tmp_path):
    """log E x dec x RA, in degrees, without a projection: each plane is a map."""
    ra, dec = np.meshgrid(np.arange(1.0, 360.0, 2.0), np.arange(-89.0, 90.0, 2.0))
    value = 1.0 + unit_vector(ra, dec) @ DIPOLE
    for order in (("log10(E/TeV)", "DEC", "RA"), ("RA", "DEC", "log10(E/TeV)")):
        cube = np.stack([np.ones_like(value), value])
        hdu = fits.PrimaryHDU(cube if order[0] == "RA" else cube.transpose(2, 1, 0))
        for i, name in enumerate(order, 1):
            start, step = {"RA": (1.0, 2.0), "DEC": (-89.0, 2.0)}.get(name, (0.0, 0.5))
            hdu.header.update({f"CTYPE{i}": name, f"CRPIX{i}": 1.0, f"CRVAL{i}": start, f"CDELT{i}": step})
        (tmp_path / "cube.fits").write_bytes(fits_bytes(hdu))
        sky = read_sky_map(f"{tmp_path}/cube.fits[2]", averaging_deg=0.0)
        assert np.abs(equator(multipoles(sky, 1).dipole) - DIPOLE * [1, 1, 0]).max() < 2e-6, sky.log
        assert "log10(E/TeV) plane 2" in sky.log[0]


def test_a_table_with_a_map_for_each_energy(tmp_path):
    """log E x dec x RA: the rows of one energy are a map; which one has to be said."""
    lon, lat = places("csv", "icrs")
    excess = unit_vector(lon, lat) @ DIPOLE
    maps = [{"log_e": np.full(lon.size, e), "ra": lon, "dec": lat, "relative_intensity": 1.0 + n * excess,
             "sigma": np.full(lon.size, SIGMA)} for n, e in enumerate((5.5, 6.1), start=1)]
    both = {name: np.concatenate([one[name] for one in maps]) for name in maps[0]}
    path, table = tmp_path / "energies.csv", tmp_path / "energies.fits"
    path.write_text(text_of(both, "", {"COORDSYS": "ICRS"}))
    Table(both).write(table)
    for one in (path, table):
        for n, e in enumerate(("5.5", "6.1"), start=1):
            sky = read_sky_map(f"{one}[log_e={e}]", averaging_deg=0.0)
            assert np.abs(equator(multipoles(sky, 1).dipole) - n * DIPOLE * [1, 1, 0]).max() < 2e-6, sky.log
        for chosen, says in (("", r"log_e of 5.5, 6.1: .*as in map.csv\[log_e=5.5\]"),
                             ("[log_e=7]", "choose one of 5.5, 6.1"),
                             ("[E=7]", "no column is called 'E'")):
            with pytest.raises(SkyMapError, match=says):
                read_sky_map(f"{one}{chosen}")


def test_what_was_not_observed_and_is_left_in_is_doubted(tmp_path):
    lon, lat = places("csv", "icrs")
    value = 1.0 + unit_vector(lon, lat) @ DIPOLE + 1e-4 * np.random.default_rng(1).standard_normal(lon.size)
    for poison in (0.0, 0.3):
        value[7:9] += poison
        sky = map_from_arrays({"ra": lon, "dec": lat, "relative_intensity": value}, {"COORDSYS": "ICRS"})
        assert any(line.startswith("mind: 2 pixels lie more than 30 times") for line in sky.log) == (poison > 0)
