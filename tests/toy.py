"""A Liouville map that can be written down (no heliosphere: straight lines, a uniform field), and skies through it;
and a table of the site read back."""

import base64
from dataclasses import replace

import numpy as np

from lisbon_core.anisotropy import design
from lisbon_core.ground.frames import unit_vector
from lisbon_core.ground.units import gyroradius
from lisbon_core.liouville import LiouvilleMap, grid
from lisbon_core.sky import even_sky

THETA = np.array([1.9e-3, 1.1e-4, -1.2e-4, 2e-5, 3e-4, 2e-5, -1e-4, 6e-7, -8e-7])


def uniform_field_map(step=6.0, samples=2, scatter=0.0, flow=8e-5, seed=1):
    """mu = -n.b, R off the origin, p/p_0 of a boost; optional scatter of the pitch angle (radians)."""
    dec, ra = grid(step)
    arrival = unit_vector(*np.meshgrid(ra, dec))
    b, e_x = unit_vector(229.66, 23.31), unit_vector(139.66, 0.0)
    e_y = np.cross(b, e_x)
    random = np.random.default_rng(seed)
    pitch = np.arccos(-arrival @ b)
    mu = np.stack([np.cos(pitch + scatter * random.standard_normal(pitch.shape)) for _ in range(samples)])
    radius = gyroradius(4.0, 3.0)
    across = np.cross(-arrival, b)
    # R alone is a dipole, and so is mu: with the polar dipole lost in the rings, A_1 and G could not be told apart. A
    # heliosphere bends R into other shapes; here the gyrophase counts twice.
    x, y = across @ e_x, across @ e_y
    ones = np.ones(mu.shape)
    return LiouvilleMap(dec=dec, ra=ra, mu=mu,
                        R_x=ones * (x * x - y * y) * radius, R_y=ones * 2.0 * x * y * radius,
                        momentum_ratio=ones * (1.0 + flow * arrival @ unit_vector(75.0, 17.0)), error=0.0 * ones,
                        escaped=ones.astype(bool), amplification=ones, replicate=np.arange(samples) * 2 // samples,
                        field_icrs=b, e_x_icrs=e_x, e_y_icrs=e_y, rigidity_TV=4.0 * ones, scale_TV=4.0,
                        inputs_hash="toy")


def taken_as_exact(liouville):
    """The same map, its halves forgotten, so that its error is not seen."""
    return replace(liouville, replicate=0 * liouville.replicate)


def sky_of(liouville, theta, dec_min=-90.0, averaging=0.0, noise=1e-4):
    """A noiseless sky of Eq. (3), its rings not yet normalised, and its design, of a map taken as exact."""
    blank = even_sky(liouville.dec, liouville.ra, dec_min, 90.0, noise, averaging)
    columns = design(blank, liouville, theta.size - 2).exact()
    return blank.replace(relative_intensity=columns.on_grid(columns.intensity(theta))), columns


def unpacked(table):
    """The array that `answers.packed` took, to half a step."""
    whole = np.frombuffer(base64.b64decode(table["base64"]), table["kind"])
    return whole.reshape(table["shape"]) * table["step"]
