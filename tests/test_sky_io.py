"""Sky maps from files: every format there and back, every refusal in one sentence, real maps against known numbers."""

import contextlib
import gzip

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy_healpix import healpix_to_lonlat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lisbon_core.ground.frames import unit_vector
from lisbon_core.sky import SkyMap, SkyMapError, cut, first_harmonic, first_harmonic_of_events, multipoles
from lisbon_core.sky.files import read_mask, read_sky_map, write_images, write_sky_map

DIPOLE = 1e-3 * unit_vector(100.0, 30.0)


def tibet(make_sky, **options):
    rng = np.random.default_rng(6)
    sky = make_sky(lambda dec, ra: 1 + unit_vector(ra, dec) @ DIPOLE, limits=(-10, 70), averaging_deg=3.0,
                   label="4 TeV – AS\u03b3 \\ 'x'", **options)
    return sky.replace(sigma=sky.sigma * rng.uniform(0.5, 2, sky.sigma.shape))


def save(path, **columns):
    meta = columns.pop("meta", {})
    Table(columns, meta=meta).write(path, overwrite=True)
    return path


def pixels(step=6.0, low=-90.0):
    ra, dec = (x.ravel() for x in np.meshgrid(np.arange(step / 2, 360, step), np.arange(low + step / 2, 90, step)))
    return {"ra": ra, "dec": dec, "relative_intensity": 1 + unit_vector(ra, dec) @ DIPOLE}


def healpix_file(path, header, **columns):
    table = fits.BinTableHDU.from_columns([fits.Column(name.replace("_", " "), "K" if x.dtype.kind == "i" else "D",
                                                       array=x) for name, x in columns.items()])
    table.header.update({"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": 16} | header)
    for key in [k for k, v in header.items() if v is None]:
        del table.header[key]
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)
    return path


def dipole_on_healpix(nside, order="ring", frame="icrs"):
    lon, lat = healpix_to_lonlat(np.arange(12 * nside**2), nside, order=order)
    sky = SkyCoord(lon, lat, frame=frame).icrs
    return unit_vector(sky.ra.deg, sky.dec.deg) @ DIPOLE


@pytest.mark.parametrize("name", ["m.csv", "m.csv.gz", "m.ecsv", "m.ecsv.gz", "m.fits", "m.fits.gz"])
def test_table_there_and_back(make_sky, tmp_path, name):
    for sky in (tibet(make_sky), cut(tibet(make_sky), 0, 40)):
        write_sky_map(sky, tmp_path / name)
        bytes_before = (tmp_path / name).read_bytes()
        again = read_sky_map(tmp_path / name, averaging_deg=3.0, label=sky.label if name.startswith("m.csv") else "")
        for part in ("dec", "ra", "relative_intensity", "sigma", "footprint"):
            np.testing.assert_array_equal(getattr(again, part), getattr(sky, part))
        assert (again.label, again.averaging_deg, again.sigma_assumed) == (sky.label, 3.0, False)
        write_sky_map(sky, tmp_path / name)
        assert (tmp_path / name).read_bytes() == bytes_before
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_what_the_file_says_of_itself_holds(make_sky, tmp_path):
    write_sky_map(tibet(make_sky).replace(sigma_assumed=True), tmp_path / "m.ecsv")
    sky = read_sky_map(tmp_path / "m.ecsv", label="mine")
    assert (sky.averaging_deg, sky.sigma_assumed, sky.label) == (3.0, True, "mine")
    assert any("3 degrees: taken as said" in line for line in sky.log)


def test_image_and_healpix_there_and_back(make_sky, tmp_path):
    sky = tibet(make_sky)
    write_images({"": sky.relative_intensity, "SIGMA": sky.sigma}, sky.dec, sky.ra, tmp_path / "m.fits")
    again = read_sky_map(tmp_path / "m.fits", averaging_deg=3.0)
    np.testing.assert_allclose(again.relative_intensity, sky.relative_intensity, rtol=0, atol=1e-15)
    np.testing.assert_allclose(again.sigma, sky.sigma)
    lon, lat = (x.deg for x in healpix_to_lonlat(np.arange(12 * 128**2), 128))
    pixel = np.searchsorted(sky.dec + 1.0, lat).clip(0, 89), np.searchsorted(sky.ra + 1.0, lon).clip(0, 179)
    values, sigma = sky.relative_intensity[pixel], sky.sigma[pixel]
    again = read_sky_map(healpix_file(tmp_path / "h.fits", {"NSIDE": 128, "COORDSYS": "C"}, I=values, sigma=sigma),
                         averaging_deg=3.0)
    assert np.sum(again.observed != sky.observed) == 0
    assert np.nanmax(abs(again.relative_intensity - sky.relative_intensity)) < 1e-5  # pixels that lie across an edge
    assert np.nanmedian(again.sigma / sky.sigma) == pytest.approx(1, abs=0.02)


def test_independent_errors_shrink_and_averaged_ones_do_not(tmp_path):
    path = healpix_file(tmp_path / "m.fits", {"NSIDE": 64}, I=dipole_on_healpix(64), sigma=np.full(49152, 1e-3))
    assert np.allclose(read_sky_map(path).sigma, 1e-3)
    raw = read_sky_map(path, averaging_deg=0.0).sigma
    assert raw[45].mean() == pytest.approx(1e-3 * np.sqrt(0.8393 / 4), rel=1e-3)  # square degrees of the pixels


def test_counts_are_summed_over_discs_with_poisson_errors(tmp_path):
    rng = np.random.default_rng(8)
    lat = healpix_to_lonlat(np.arange(49152), 64)[1].deg
    exposure = np.where(lat < 40, 1500.0 * (1.2 - np.sin(np.radians(lat))), 0.0)
    truth = exposure * (1 + 3 * dipole_on_healpix(64))
    sigma, pull = [], []
    for _ in range(2):
        path = healpix_file(tmp_path / "m.fits", {"NSIDE": 64}, data_map=rng.poisson(truth).astype(float),
                            background_map=rng.poisson(20 * exposure) / 20.0)
        sky = read_sky_map(path)
        expected = 1 + 3 * unit_vector(sky.ra, sky.dec[:, None]) @ DIPOLE
        pull.append((sky.relative_intensity - expected)[sky.observed] / sky.sigma[sky.observed])
        sigma.append(sky.sigma)
    assert np.std(pull) == pytest.approx(1, abs=0.04)
    row = 45
    disc = 2 * np.pi * (1 - np.cos(np.radians(5))) / (4 * np.pi / 49152)  # HEALPix pixels in a disc
    assert np.mean(sigma, axis=0)[row].mean() == pytest.approx(np.sqrt(1.05 / (disc * 1500 * 1.2)), rel=0.05)
    assert sky.averaging_deg == 5.0
    assert not sky.observed[sky.dec > 41].any()
    few = read_sky_map(path, averaging_deg=0.0)
    assert few.averaging_deg == pytest.approx(2 / np.sqrt(np.pi))  # as large as a grid pixel
    one = read_sky_map(path, n_scramblings=1)
    assert np.nanmedian(one.sigma / sky.sigma) == pytest.approx(np.sqrt(2 / 1.05))


@pytest.mark.parametrize(("nside", "order"), [(8, "RING"), (256, "NESTED")])
def test_coarse_and_fine_counts_and_other_names(tmp_path, nside, order):
    lat = healpix_to_lonlat(np.arange(12 * nside**2), nside, order=order.lower())[1].deg
    count = np.where(abs(lat) < 15, 1e7 / nside, 0)
    data = count * (1 + dipole_on_healpix(nside, order.lower()))
    sky = read_sky_map(healpix_file(tmp_path / "m.fits", {"NSIDE": nside, "ORDERING": order}, N_EVENTS=data, bkg=count))
    error = (sky.relative_intensity - 1 - unit_vector(sky.ra, sky.dec[:, None]) @ DIPOLE)[abs(sky.dec) < 9]
    assert abs(error).max() < (1.5e-4 if nside == 8 else 1e-5)


def test_fine_tables_end_on_two_degrees_and_coarse_ones_stay(tmp_path):
    fine = read_sky_map(save(tmp_path / "a.fits", **pixels(1.0)))
    assert fine.relative_intensity.shape == (90, 180)
    assert np.allclose(fine.sigma, 1e-4)  # sigma_default holds for the pixels as used
    assert fine.sigma_assumed
    coarse = read_sky_map(save(tmp_path / "b.fits", **pixels(10.0)))
    assert coarse.relative_intensity.shape == (18, 36)


def test_what_is_accepted_is_logged(tmp_path):
    p = pixels(2.0, low=-20.0)
    order = np.random.default_rng(3).permutation(len(p["ra"]))
    shuffled = {k: x[order] for k, x in p.items()}
    shuffled["ra"] = np.where(shuffled["ra"] > 180, shuffled["ra"] - 360, shuffled["ra"])
    shuffled["relative_intensity"] = shuffled["relative_intensity"] - 1
    sky = read_sky_map(save(tmp_path / "a.csv", **shuffled), sigma_default=3e-4)
    assert np.allclose(sky.relative_intensity[sky.observed], p["relative_intensity"])
    assert np.nanmax(sky.sigma) == 3e-4
    for words in ("relative intensity minus 1", "below 0", "sigma_default = 0.0003"):
        assert any(words in line for line in sky.log), words
    again = read_sky_map(save(tmp_path / "b.csv", **{k: x[3:] for k, x in p.items()}))
    assert any("1 rings are incomplete" in line for line in again.log)


def change(name, function):
    p = pixels()
    p[name] = function(p[name].copy())
    return p


def test_mask_from_a_table(make_sky, tmp_path):
    sky, p = make_sky(), pixels(6.0)
    for name in ("a.csv", "a.ecsv", "a.fits"):
        kept = read_mask(save(tmp_path / name, ra=p["ra"], dec=p["dec"], observed=(p["dec"] > 0).astype(int)), sky)
        assert np.array_equal(kept, np.broadcast_to(sky.dec[:, None] > 0, (90, 180)))
    assert cut(sky, mask=kept).observed.sum() == 8100
    part = read_mask(save(tmp_path / "b.csv", ra=p["ra"][:600], dec=p["dec"][:600], observed=np.ones(600)), sky)
    assert np.array_equal(part, np.broadcast_to(sky.dec[:, None] < -30, (90, 180)))
    with pytest.raises(SkyMapError, match="0 and 1"):
        read_mask(save(tmp_path / "c.csv", ra=p["ra"], dec=p["dec"], observed=p["ra"]), sky)


def put(x, where, value):
    x[where] = value
    return x


TABLES = {
    "not both coordinates.*'height'": {("height" if k == "dec" else k): v for k, v in pixels().items()},
    "no relative intensity .found: ra.*, dec": {k: v for k, v in pixels().items() if k != "relative_intensity"},
    "if it is the angle from the pole": change("dec", lambda x: 90 - x),
    "near neither 1 nor 0": change("relative_intensity", lambda x: 100 * x),
    "is 700 at ra 9, dec -87.*near neither 0 nor 1": change("relative_intensity", lambda x: put(x, 1, 700)),
    "rows 1 and 2 are the same pixel": change("ra", lambda x: put(x, 1, 3.0)),
    "ra is 363 in row 5": change("ra", lambda x: put(x, 4, 363.0)),
    "dec is -95 in row 1": change("dec", lambda x: put(x, 0, -95.0)),
    "ra is nan": change("ra", lambda x: put(x, 0, np.nan)),
    "off the regular grid of 6 degrees": change("ra", lambda x: put(x, 7, 46.0)),
    "no declination ring is complete": change("relative_intensity", lambda x: put(x, slice(0, None, 60), np.nan)),
    "no pixel has a value": change("relative_intensity", lambda x: x * np.nan),
    "all are NaN, UNSEEN, masked or zero": change("relative_intensity", lambda x: x * 0),
    "sigma is -0.001 at ra 15, dec -87": pixels() | {"sigma": put(np.full(1800, 1e-3), 2, -1e-3)},
    "sigma is 0 at": pixels() | {"sigma": np.zeros(1800)},
    "column ra holds 'abc' in row 1": change("ra", lambda x: put(x.astype("U5"), 0, "abc")),
    "all pixels have the same dec": {k: v[:60] for k, v in pixels().items()},
}


@pytest.mark.parametrize("words", TABLES)
@pytest.mark.parametrize("suffix", [".csv", ".fits"])
def test_unusable_table_gets_one_sentence(tmp_path, words, suffix):
    path = save(tmp_path / f"m{suffix}", **TABLES[words])
    with pytest.raises(SkyMapError, match=words) as caught:
        read_sky_map(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


I16 = dipole_on_healpix(16)
HEALPIX = {
    "ORDERING": ({"ORDERING": "SPIRAL"}, {"I": I16}),
    "COORDSYS": ({"COORDSYS": "X"}, {"I": I16}),
    "NSIDE = 32 asks for 12288": ({"NSIDE": 32}, {"I": I16}),
    "NSIDE of the HEALPix map is 0": ({"NSIDE": 0}, {"I": I16}),
    "NSIDE of the HEALPix map is 12": ({"NSIDE": 12}, {"I": I16}),
    "no background": ({}, {"data": I16 + 1000}),
    "none of x of extension 1, y of extension 1": ({}, {"x": I16, "y": I16}),
    "mean of the scramblings": ({}, {"data": I16 * 0 + 1000, "background": I16 * 0 + 20_000}),
    "negative number of events": ({}, {"data": I16 * 0 - 5, "background": I16 * 0 + 5}),
    "background above 0": ({}, {"data": I16 * 0 + 5, "background": I16 * 0}),
    "expects 25 events": ({}, {"data": I16 * 0, "background": I16 * 0 + 1e-3}),
    "given twice": ({}, {"PIXEL": np.array([1, 1]), "I": I16[:2]}),
    "is given twice or is not between": ({}, {"PIXEL": np.array([1, 5000]), "I": I16[:2]}),
}


@pytest.mark.parametrize("words", HEALPIX)
def test_unusable_healpix_gets_one_sentence(tmp_path, words):
    header, columns = HEALPIX[words]
    with pytest.raises(SkyMapError, match=words):
        read_sky_map(healpix_file(tmp_path / "m.fits", header, **columns))


def test_unusable_file_gets_one_sentence(make_sky, tmp_path):
    good = tmp_path / "tibet_map.fits.gz"
    write_sky_map(tibet(make_sky), good)
    raw = gzip.decompress(good.read_bytes())
    cases = {"did you mean tibet_map.fits.gz": None, "end-of-stream marker": good.read_bytes()[:5000], "empty": b"",
             "File may have been truncated": raw[: len(raw) // 2], "a zip archive": b"PK\x03\x04 and so on",
             "neither FITS nor text": b"\xff\xfe\x00\x01",
             "not both coordinates": b"just some words\n1 2 3\n", "holds no table": raw[:2880],
             "have no names": b"1 2 3\n4 5 6\n", "inconsistent with": b"ra,dec,relative_intensity\n1\n"}
    for words, content in cases.items():
        path = tmp_path / "tibetmap.fits.gz"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SkyMapError, match=words) as caught:
            read_sky_map(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(SkyMapError, match="folder"):
        read_sky_map(tmp_path)
    with pytest.raises(SkyMapError, match="averaging_deg is 200"):
        read_sky_map(good, averaging_deg=200)
    fits.PrimaryHDU(np.ones((5, 5))).writeto(tmp_path / "bare.fits")
    with pytest.raises(SkyMapError, match="no celestial WCS"):
        read_sky_map(tmp_path / "bare.fits")
    with pytest.raises(SkyMapError, match="cannot be written"):
        write_sky_map(tibet(make_sky), tmp_path / "nowhere" / "m.csv")
    with pytest.raises(SkyMapError, match=r"\.csv, \.ecsv or \.fits"):
        write_sky_map(tibet(make_sky), tmp_path / "m.xlsx")


@pytest.fixture(scope="module")
def small_files(tmp_path_factory, make_sky):
    folder, sky = tmp_path_factory.mktemp("files"), make_sky(step=15.0, averaging_deg=5.0)
    for name in ("a.csv", "a.ecsv", "a.fits", "a.csv.gz"):
        write_sky_map(sky, folder / name)
    write_images({"": sky.relative_intensity, "SIGMA": sky.sigma}, sky.dec, sky.ra, folder / "i.fits")
    healpix_file(folder / "h.fits", {}, data=I16 * 0 + 1000, background=I16 * 0 + 1000)
    return folder, {path: path.read_bytes() for path in sorted(folder.iterdir())}


@settings(max_examples=100, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_file_is_read_or_refused_and_nothing_else(small_files, data):
    folder, files = small_files
    path = data.draw(st.sampled_from(sorted(files)), label="file")
    content = bytearray(files[path])
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, min(len(content), 9000) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    damaged = folder / "damaged"
    damaged.write_bytes(bytes(content))
    with contextlib.suppress(SkyMapError):
        sky = read_sky_map(damaged)
        assert np.all(sky.sigma[sky.observed] > 0)
    damaged.unlink()


def test_real_healpix_map_has_the_known_dipole(real_data):
    sky = read_sky_map(real_data / "maps/icecube_tibet_lmax3.fits.gz", label="IceCube + Tibet, 10-18 TeV")
    dipole = multipoles(sky, 3).dipole
    assert dipole.amplitude == pytest.approx(1.09e-3, abs=0.01e-3)
    assert dipole.phase == pytest.approx(28, abs=0.5)
    assert np.nanmin(sky.relative_intensity) - 1 == pytest.approx(-1.50e-3, abs=0.02e-3)
    assert np.nanmax(sky.relative_intensity) - 1 == pytest.approx(1.85e-3, abs=0.02e-3)
    assert abs(np.mean(sky.relative_intensity, axis=1) - 1).max() < 1e-4  # m = 0 terms about 0
    assert sky.sigma_assumed


def test_real_counts_have_the_known_first_harmonic(real_data):
    sky = read_sky_map(real_data / "maps/icecube_day_2013-08-04.fits.gz")
    harmonic = first_harmonic(cut(sky, dec_max=-25))
    assert harmonic.amplitude == pytest.approx(7.1e-4, abs=0.4e-4)
    assert harmonic.phase == pytest.approx(47, abs=3)
    assert harmonic.amplitude_sigma == pytest.approx(1.2e-4, abs=0.1e-4)  # sqrt(2 x 1.05 / events)


def test_real_profile_and_events_have_the_known_first_harmonics(real_data):
    ra, value = np.loadtxt(real_data / "maps/tibet_ra_profile.dat", unpack=True)
    dec = np.arange(-80.0, 81, 20)
    grid = np.full((len(dec), len(ra)), np.nan)
    one_ring, error = grid.copy(), grid.copy()
    one_ring[4], error[4] = value, 2.8e-5
    profile = first_harmonic(SkyMap(dec, ra, one_ring, error, np.isfinite(one_ring)))
    assert profile.amplitude == pytest.approx(8.58e-4, abs=0.01e-4)
    assert profile.phase == pytest.approx(22.1, abs=0.1)
    assert profile.amplitude_sigma == pytest.approx(0.09e-4, abs=0.01e-4)
    dec, ra, weight = np.loadtxt(real_data / "context/Arrival_directions_8EeV_Science_2017.dat.gz", usecols=(2, 3, 5),
                                 unpack=True)
    auger = first_harmonic_of_events(ra, dec, weight)
    assert auger.amplitude == pytest.approx(0.0466, abs=1e-4)
    assert auger.phase == pytest.approx(100.3, abs=0.1)
