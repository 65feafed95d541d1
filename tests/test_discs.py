"""Matrices of disc averages that are never written out, against the same written out, and the memory of a fine map."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from toy import THETA, sky_of, uniform_field_map

from lisbon_core.anisotropy import design, fit_design, joined
from lisbon_core.ground.frames import unit_vector
from lisbon_core.sky import averaging, cut, noise_factor, pixel_area
from lisbon_core.sky.discs import Beside

FINE = """
import resource
from toy import uniform_field_map
from lisbon_core.anisotropy import fit_anisotropy
from lisbon_core.sky import even_sky
liouville = uniform_field_map(step=0.5, scatter=0.1)
fit_anisotropy(even_sky(liouville.dec, liouville.ra, -30.0, 90.0), liouville)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def masked(averaging_deg, seed=1):
    """A map with holes, its sky cut with another mask, and its design."""
    liouville = uniform_field_map(scatter=0.2, samples=4, seed=seed)
    sky, _ = sky_of(liouville, THETA, -40.0, averaging_deg)
    random = np.random.default_rng(seed)
    holes = random.random(sky.observed.shape) > 0.1
    sky = cut(sky.replace(footprint=sky.footprint & holes, relative_intensity=np.where(
        holes, sky.relative_intensity, np.nan), sigma=np.where(holes, sky.sigma, np.nan)), -30.0, 80.0)
    return cut(sky, mask=random.random(sky.observed.shape) > 0.1), liouville


def written_out(sky):
    """Averaging and noise factor of observed pixels, by the separations of all pixels."""
    n = unit_vector(*np.meshgrid(sky.ra, sky.dec)).reshape(-1, 3)
    area = np.repeat(pixel_area(sky.dec, sky.ra.size), sky.ra.size) * sky.footprint.ravel()
    near = (np.degrees(np.arccos(np.clip(n @ n.T, -1, 1))) <= sky.averaging_deg + 1e-5)[sky.observed.ravel()]
    factor = (near * np.sqrt(area))[:, sky.footprint.ravel()]
    scale = sky.sigma[sky.observed] / np.linalg.norm(factor, axis=1)
    return near * area / (near @ area)[:, None], factor * scale[:, None]


@pytest.mark.parametrize("averaging_deg", [0.0, 13.0, 50.0])
def test_products_are_those_of_the_matrix_written_out(averaging_deg):
    sky, _ = masked(averaging_deg)
    random = np.random.default_rng(2)
    rings = sparse.csr_array(np.eye(30)[np.nonzero(sky.observed)[0]].T * random.random(sky.observed.sum()))
    for matrix, dense in zip((averaging(sky)[sky.observed.ravel()], noise_factor(sky)), written_out(sky), strict=True):
        right, left = (random.standard_normal((size, 3)) for size in dense.shape[::-1])
        scale = np.abs(dense).max()
        one, other = right[:, 0], left[:, 0]
        for made, expected in ((matrix @ right, dense @ right), (matrix.T @ left, dense.T @ left),
                               (matrix @ one, dense @ one), (other @ matrix, other @ dense),
                               ((matrix * matrix) @ right, dense**2 @ right),
                               ((rings @ matrix).toarray(), rings @ dense),
                               (matrix @ sparse.diags_array(one) @ right, (dense * one) @ right)):
            np.testing.assert_allclose(made, expected, rtol=0, atol=1e-11 * scale)


def test_a_fit_is_that_with_matrices_written_out():
    """Of one sky and of two, with holes: coefficients, covariance, expectation and effective pixels."""
    one, other = (masked(radius, seed) for radius, seed in ((13.0, 1), (7.0, 2)))
    for pairs in ([one], [one, other]):
        designs = [design(*pair) for pair in pairs]
        matrices = [map(sparse.csr_array, written_out(sky)) for sky, _ in pairs]
        dense = [replace(columns, **dict(zip(("averaging", "noise"), two, strict=True)))
                 for columns, two in zip(designs, matrices, strict=True)]
        data = np.concatenate([sky.relative_intensity[sky.observed] for sky, _ in pairs])
        data = data + 1e-4 * np.random.default_rng(3).standard_normal(data.size)
        fit, expected = (fit_design(joined(some), data, sampled=0.5) for some in (designs, dense))
        for name in ("theta", "covariance", "chi2_expected", "effective_pixels"):
            made, right = getattr(fit, name), getattr(expected, name)
            np.testing.assert_allclose(made, right, rtol=1e-9, atol=1e-10 * np.max(right))


def test_matrices_side_by_side():
    random = np.random.default_rng(4)
    one, two = sparse.csr_array(random.random((5, 3))), sparse.csr_array(random.random((4, 2)))
    for made, expected in ((Beside.of(5, [one, one]), sparse.hstack([one, one])), (Beside.of(5, []), np.zeros((5, 0))),
                           (Beside.diagonal([one, two]), sparse.block_diag([one, two]))):
        dense = expected.toarray() if sparse.issparse(expected) else expected
        assert made.shape == dense.shape
        np.testing.assert_allclose(np.eye(made.shape[0]) @ made, dense)
        np.testing.assert_allclose(made @ np.eye(made.shape[1]), dense)
        np.testing.assert_allclose(made[slice(2, 4)] @ np.eye(made.shape[1]), dense[2:4])


def test_half_a_degree_needs_less_than_a_gibibyte():
    found = subprocess.run([sys.executable, "-c", FINE], capture_output=True, text=True, cwd=Path(__file__).parent,
                           env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)}, timeout=600)
    assert found.returncode == 0, found.stderr
    assert int(found.stdout) < 2**20  # KiB
