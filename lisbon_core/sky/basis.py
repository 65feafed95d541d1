"""A grid of pixels: their solid angles, and real orthonormal spherical harmonics on it."""

import numpy as np
from scipy.special import sph_legendre_p_all


def pixel_area(dec, n_ra: int) -> np.ndarray:
    """Solid angle in steradian of one pixel of each ring, shape (n_dec,); rings centred on a pole are caps.

    >>> float(round(180 * pixel_area(np.arange(-89.0, 90.0, 2.0), 180).sum() / (4 * np.pi), 12))
    1.0
    """
    half = 0.5 * abs(dec[1] - dec[0])
    top, bottom = np.minimum(np.add(dec, half), 90.0), np.maximum(np.subtract(dec, half), -90.0)
    return 2 * np.pi / n_ra * (np.sin(np.radians(top)) - np.sin(np.radians(bottom)))


def degrees_and_orders(l_max: int, m_min: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """l and m of all harmonics with |m| >= m_min up to a degree; m < 0: sine."""
    pairs = [(ell, m) for ell in range(l_max + 1) for m in range(-ell, ell + 1) if abs(m) >= m_min]
    return tuple(np.array(pairs).T)


def harmonic_values(dec, ra, ell, m) -> np.ndarray:
    """Values (n_dec, n_ra, n) of the harmonics of degrees and orders (n,) at pixel centres, degrees.

    Y_l0 for m = 0; sqrt(2) P_lm(sin dec) times cos(m ra) for m > 0 and sin(|m| ra) for m < 0, P_lm normalised as in
    Y_lm but without its sign (-1)^m: the square of each has the integral 1 over the sphere.
    """
    table = sph_legendre_p_all(np.max(ell), np.max(ell), np.pi / 2 - np.radians(dec))[0]
    waves = {order: np.sqrt(1 + (order != 0)) * (-1.0) ** order * (np.sin if order < 0 else np.cos)(
        abs(order) * np.radians(ra)) for order in np.unique(m)}
    return np.stack([table[one, abs(order)][:, None] * waves[order] for one, order in zip(ell, m, strict=True)],
                    axis=-1)
