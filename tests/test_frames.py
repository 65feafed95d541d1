"""Frames against astropy, the published simulation axes, and Lorentz invariants."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from lisbon_core import LisbonError
from lisbon_core.ground.frames import boost_momentum, icrs_to_model, lonlat, unit_vector, unit_vector_icrs


@pytest.mark.parametrize(("frame", "name"), [("ecliptic", "barycentricmeanecliptic"), ("galactic", "galactic"),
                                             ("icrs", "icrs")])
def test_frames_agree_with_astropy(frame, name):
    lon, lat = np.array([0.0, 123.0, 219.2, 300.0]), np.array([-60.0, 5.0, 39.9, 80.0])
    theirs = SkyCoord(lon * u.deg, lat * u.deg, frame=name).icrs.cartesian.xyz.value.T
    # 2e-7 rad is the frame bias between ICRS and the mean equator of J2000
    np.testing.assert_allclose(unit_vector_icrs(lon, lat, frame), theirs, atol=2e-7)


def test_unknown_frame_is_one_sentence():
    with pytest.raises(LisbonError, match=r"^frame is 'moon'.*ecliptic, icrs, galactic"):
        unit_vector_icrs(0.0, 0.0, "moon")


def test_lonlat_inverts_unit_vector():
    lon, lat = np.array([0.0, 90.0, 359.0]), np.array([-45.0, 0.0, 88.0])
    np.testing.assert_allclose(lonlat(unit_vector(lon, lat)), (lon, lat), atol=1e-12)


def test_axes_of_the_default_heliosphere():
    axes = icrs_to_model(unit_vector_icrs(255.7, 5.1, "ecliptic"), unit_vector_icrs(219.2, 39.9, "ecliptic"))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-14)
    # heliosphere.md: field and solar axis in these axes
    field = 3.0 * unit_vector_icrs(219.2, 39.9, "ecliptic")
    np.testing.assert_allclose(axes @ field, [2.22364, 0.0, 2.01381], atol=1e-5)
    np.testing.assert_allclose(axes @ unit_vector(286.13, 63.87), [0.700919, -0.707786, 0.088039], atol=1e-6)


def test_published_simulation_axes():
    """z along the solar rotation axis, x towards upwind: axes printed in a published analysis code, ecliptic."""
    pole, nose = unit_vector(345.77, 82.75), unit_vector(259.0, 5.0)
    x = nose - (nose @ pole) * pole
    x /= np.linalg.norm(x)
    np.testing.assert_allclose(np.array(lonlat(x)), [258.324, -0.326], atol=0.02)
    np.testing.assert_allclose(np.array(lonlat(np.cross(pole, x))), [348.366, -7.243], atol=0.02)


def test_field_along_the_flow_still_has_axes():
    axes = icrs_to_model([1.0, 0.0, 0.0], [2.0, 0.0, 0.0])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-14)


momenta = st.tuples(*[st.floats(-5.0, 5.0)] * 3)
velocities = st.tuples(*[st.floats(-0.3, 0.3)] * 3)


@given(momenta, momenta, velocities)
def test_boost_keeps_the_product_of_four_momenta(p, q, velocity):
    mass = 0.5

    def product(a, b):
        a, b = np.array(a), np.array(b)
        return np.sqrt(a @ a + mass**2) * np.sqrt(b @ b + mass**2) - a @ b

    boosted = [boost_momentum(k, velocity, mass) for k in (p, q)]
    assert product(*boosted) == pytest.approx(product(p, q), rel=1e-9)


@given(momenta, velocities)
def test_boost_there_and_back(p, velocity):
    there = boost_momentum(p, velocity, 1e-3)
    back = boost_momentum(there, -np.array(velocity), 1e-3)
    np.testing.assert_allclose(back, p, atol=1e-9 * (1.0 + np.linalg.norm(p)))
