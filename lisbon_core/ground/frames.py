"""Directions and frames: sky coordinates, the axes of the heliosphere, the frame of the interstellar plasma.

An arrival direction n on the sky is where the particle came from: its momentum is p = -|p| n. The axes of the model:
z points upwind, x along the part of the interstellar field perpendicular to z, y = z x x. Ecliptic coordinates are
barycentric, mean ecliptic and equinox J2000, which ICRS equals here to 0.02 arcsec.
"""

import numpy as np

from lisbon_core.ground._core import LisbonError
from lisbon_core.ground.units import OBLIQUITY_J2000


def unit_vector(lon_deg, lat_deg) -> np.ndarray:
    """Unit vectors, shape (..., 3), of longitudes and latitudes in degrees."""
    lon, lat = np.radians(lon_deg), np.radians(lat_deg)
    return np.stack(np.broadcast_arrays(np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)), axis=-1)


def lonlat(vector) -> tuple[np.ndarray, np.ndarray]:
    """Longitude in [0, 360) and latitude, degrees, of vectors of shape (..., 3); the inverse of `unit_vector`."""
    x, y, z = np.moveaxis(np.asarray(vector, dtype=float), -1, 0)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


_COS, _SIN = np.cos(np.radians(OBLIQUITY_J2000)), np.sin(np.radians(OBLIQUITY_J2000))
_TO_ICRS = {
    "ecliptic": np.array([[1.0, 0.0, 0.0], [0.0, _COS, -_SIN], [0.0, _SIN, _COS]]),
    "icrs": np.eye(3),
    # the matrix of the Hipparcos catalogue (ESA SP-1200, vol. 1, section 1.5.3)
    "galactic": np.array([[-0.0548755604, 0.4941094279, -0.8676661490],
                          [-0.8734370902, -0.4448296300, -0.1980763734],
                          [-0.4838350155, 0.7469822445, 0.4559837762]]),
}
FRAMES = tuple(_TO_ICRS)


def rotation_to_icrs(frame: str) -> np.ndarray:
    """Matrix (3, 3) that takes vectors of a frame ('ecliptic', 'icrs', 'galactic') to ICRS.

    Raises
    ------
    LisbonError
        If the frame is not one of the three.
    """
    if frame not in FRAMES:
        raise LisbonError(f"frame is {frame!r}, but it must be one of {', '.join(FRAMES)}: choose one of these")
    return _TO_ICRS[frame].copy()


def unit_vector_icrs(lon_deg, lat_deg, frame: str) -> np.ndarray:
    """ICRS unit vectors of longitudes and latitudes (degrees) given in a frame."""
    return unit_vector(lon_deg, lat_deg) @ rotation_to_icrs(frame).T


def icrs_to_model(upwind_icrs, field_icrs) -> np.ndarray:
    """Matrix (3, 3) whose rows are the model's axes in ICRS: z upwind, x along the field's part across z, y = z x x.

    A field parallel to the flow leaves x free; it is then taken towards the celestial pole.
    """
    z = np.asarray(upwind_icrs) / np.linalg.norm(upwind_icrs)
    across = np.asarray(field_icrs) - np.dot(field_icrs, z) * z
    if np.linalg.norm(across) < 1e-9 * np.linalg.norm(field_icrs):
        across = np.array([0.0, 0.0, 1.0]) - z[2] * z
    x = across / np.linalg.norm(across)
    return np.stack([x, np.cross(z, x), z])


def boost_momentum(momentum, velocity, mass) -> np.ndarray:
    """Momentum, shape (..., 3), in the frame that moves with `velocity` (c = 1) relative to the present one.

    p' = p + [(gamma - 1) (p.V)/V^2 - gamma E] V, with E^2 = p^2 + m^2: f is a Lorentz scalar, so a change of frame
    changes where f is looked up and not its value.

    Examples
    --------
    >>> p = boost_momentum([0.0, 0.0, 4.0], [0.0, 0.0, -1e-4], 0.0)
    >>> bool(abs(p[2] / 4.0 - 1.0 - 1e-4) < 1e-8)
    True
    """
    p, velocity = np.asarray(momentum, dtype=float), np.asarray(velocity, dtype=float)
    speed2 = float(velocity @ velocity)
    if speed2 == 0.0:
        return p.copy()
    gamma = 1.0 / np.sqrt(1.0 - speed2)
    energy = np.sqrt(np.sum(p * p, axis=-1) + mass**2)
    # (gamma - 1)/V^2 = gamma^2/(gamma + 1), without the cancellation
    return p + (gamma**2 / (gamma + 1.0) * (p @ velocity) - gamma * energy)[..., None] * velocity


def spread_directions(n: int) -> np.ndarray:
    """Unit vectors, shape (n, 3), spread evenly over the sphere along a spiral from pole to pole."""
    i = np.arange(n) + 0.5
    return unit_vector(np.degrees(np.pi * (3.0 - 5.0**0.5)) * i % 360.0, np.degrees(np.arcsin(1.0 - 2.0 * i / n)))


def angle_between(one, other) -> np.ndarray:
    """Angles in degrees between vectors of shape (..., 3), exact for tiny ones too.

    >>> float(angle_between([1.0, 0.0, 0.0], [0.0, 2.0, 0.0]))
    90.0
    """
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(one, other), axis=-1), np.sum(one * other, axis=-1)))
