"""Scattering laws: integrals, lengths, the paper's numbers, refusals."""

import numpy as np
import pytest
from scipy.integrate import quad

from lisbon_core.ground.units import PC_PER_YEAR
from lisbon_core.transport import (
    BroadenedScattering,
    CosineScattering,
    FunctionScattering,
    IsotropicScattering,
    QuasilinearScattering,
    ScatteringError,
    diffusion_coefficient,
    gradient_length_kpc,
    mean_free_path_pc,
    parallel_kappa29,
)

LAWS = [CosineScattering(-292.79, 1.0, 585.57), CosineScattering(160.0, 0.5, 200.0),
        CosineScattering(-160.0, 2.7, -200.0), IsotropicScattering(530.0), QuasilinearScattering(400.0),
        BroadenedScattering(400.0, 1.8, 0.1), FunctionScattering(lambda mu: 500.0 + 100.0 * mu**2)]


@pytest.mark.equation("6")
@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_f_is_the_integral_of_one_over_h(law):
    for mu in (-1.0, -0.77, 0.1, 0.25, 0.5, 1.0):
        expected, _ = quad(lambda nu: 1.0 / float(law.h(np.array(nu))), 0.0, mu, epsabs=1e-14, limit=400)
        assert law.f(np.array(mu)) == pytest.approx(expected, rel=1e-8)
    assert np.all(law.h(np.linspace(-1, 1, 400)) * law.h(np.array(0.9)) > 0)


@pytest.mark.equation("6")
@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_diffusion_coefficient_carries_the_kappa_it_was_made_for(law):
    for kappa29 in (1.0, 2.5):
        kappa = parallel_kappa29(lambda mu, kappa29=kappa29: diffusion_coefficient(law, mu, kappa29))
        assert kappa == pytest.approx(kappa29, rel=1e-6)
    assert np.all(diffusion_coefficient(law, np.linspace(-0.99, 0.99, 50), 1.0) > 0)


@pytest.mark.parametrize(("ratio", "omega", "d_offset", "eta"), [
    (0.3, 1.0, 568.49, 170.55), (0.3, 2.0, 501.94, 150.58), (-0.5, 1.0, 585.57, -292.79), (0.8, 1.0, 944.19, 755.35),
    (-0.8, 2.0, 1124.92, -899.93), (0.0, 1.0, 530.37, 0.0)])
def test_shapes_that_the_gradient_length_of_the_paper_admits(ratio, omega, d_offset, eta):
    # the rounded 1.72 kpc and the table's 4 kappa/(v l) = 2.5140e-3 agree to 4e-5
    length = mean_free_path_pc(1.0) * 4.0 / 3.0 / 2.5140e-3 * 1e-3
    scale = length / gradient_length_kpc(CosineScattering(ratio, omega, 1.0), 1.0)
    assert scale == pytest.approx(d_offset, rel=4e-5)
    assert ratio * scale == pytest.approx(eta, rel=4e-5, abs=1e-9)


def test_length_of_the_mean_free_path():
    assert mean_free_path_pc(1.0) == pytest.approx(3.2430, abs=5e-5)
    assert PC_PER_YEAR / (2.0 * mean_free_path_pc(1.0)) == pytest.approx(0.0473, abs=5e-5)
    assert diffusion_coefficient(IsotropicScattering(530.0), 0.0, 1.0) == pytest.approx(0.0473, abs=5e-5)


def test_gradient_length_has_the_sign_of_h_and_scales_with_kappa():
    law, mirrored = CosineScattering(-200.0, 1.0, 500.0), CosineScattering(200.0, 1.0, -500.0)
    assert gradient_length_kpc(law, 1.0) == pytest.approx(-gradient_length_kpc(mirrored, 1.0), rel=1e-14)
    assert gradient_length_kpc(law, 2.0) == pytest.approx(2.0 * gradient_length_kpc(law, 1.0), rel=1e-14)


@pytest.mark.parametrize("make", [
    lambda: CosineScattering(500.0, 1.0, 500.0), lambda: CosineScattering(1.0, 0.0, 5.0),
    lambda: CosineScattering(np.nan, 1.0, 5.0), lambda: QuasilinearScattering(1.0, 2.0),
    lambda: BroadenedScattering(1.0, 1.5, 0.0), lambda: mean_free_path_pc(0.0),
    lambda: FunctionScattering(lambda mu: mu).h(np.linspace(-1, 1, 5))])
def test_what_has_no_meaning_is_refused_in_one_sentence(make):
    with pytest.raises(ScatteringError) as caught:
        make()
    assert "\n" not in str(caught.value)
