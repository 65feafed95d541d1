"""Laws of scattering compared, and focusing without a law."""

import numpy as np
import pytest
from transport_cases import LAW, Q, distribution, truth_of

from lisbon_core.studies.laws_compared import compare_laws, fit_law, focusing_without_a_law, smooth_law
from lisbon_core.transport import (
    BroadenedScattering,
    QuasilinearScattering,
    TransportError,
    apparent_scattering,
    stationary_pad,
)


@pytest.mark.parametrize(("name", "law"), [
    ("cosine, Eq. (6)", LAW), ("broadened", BroadenedScattering(400.0, 1.6, 0.2)),
    ("quasi-linear", QuasilinearScattering(400.0, 1.4))])
def test_a_family_finds_its_own_law(name, law):
    fit = fit_law(distribution(law, Q, noise=1e-6), name)
    truth = truth_of(law, Q)["inverse_L"]
    assert fit.inverse_L.value == pytest.approx(truth, rel=3e-3)
    assert fit.chi2 < 3.0
    mu = np.array([0.3, 0.6, 0.9])
    assert fit.law.h(mu) == pytest.approx(law.h(mu), rel=0.02)


def test_the_law_that_made_the_data_is_preferred():
    fits = compare_laws(distribution(LAW, Q, noise=1e-5, rng=np.random.default_rng(2)))
    assert [fit.bic for fit in fits] == sorted(fit.bic for fit in fits)
    assert fits[0].name == "cosine, Eq. (6)"
    by_name = {fit.name: fit for fit in fits}
    assert by_name["isotropic"].chi2 > 100.0
    smooth = by_name["smooth, 4 terms"]
    assert abs(smooth.inverse_L.value - 1.0 / 17.8) < 4.0 * smooth.inverse_L.sigma


def test_smooth_law_is_positive_and_even():
    law, mu = smooth_law(3.0, -2.0, 1.0), np.linspace(-1.0, 1.0, 101)
    assert law.h(mu).min() > 0.0
    assert law.h(mu) == pytest.approx(law.h(-mu), rel=1e-12)


@pytest.mark.parametrize("q", [Q, -0.5 * Q])
def test_focusing_without_a_law(q):
    for noise, seed in ((1e-6, None), (4e-5, 3)):
        pad = distribution(LAW, q, noise=noise, rng=None if seed is None else np.random.default_rng(seed))
        answer = focusing_without_a_law(pad)
        assert abs(answer.inverse_L.value - truth_of(LAW, q)["inverse_L"]) < 2.5 * answer.inverse_L.sigma
        assert answer.dof == 2
        assert answer.chi2 < 12.0
    pad.legendre, pad.legendre_covariance = pad.legendre[:1], pad.legendre_covariance[:1, :1]
    with pytest.raises(TransportError, match="order 2"):
        focusing_without_a_law(pad)


@pytest.mark.equation("6a")
def test_scattering_read_off_a_series():
    """With the true q it is even; without focusing it is not: the paper's argument."""
    pad = distribution(LAW, Q, noise=1e-6)
    pad.legendre = stationary_pad(LAW, Q).legendre(24)
    pad.legendre_covariance = 1e-16 * np.eye(24)
    mu = np.array([-0.6, -0.3, 0.0, 0.3, 0.6])
    h, sigma = apparent_scattering(pad, mu, Q)
    assert h == pytest.approx(LAW.h(mu), rel=0.02)
    without, _ = apparent_scattering(pad, mu)
    assert without[0] / without[-1] > 1.1
    assert np.all(sigma > 0.0)


def test_unknown_families_and_closures():
    with pytest.raises(TransportError, match="isotropic"):
        fit_law(distribution(LAW, Q), "fast modes")
    with pytest.raises(TransportError, match="flux-tube"):
        fit_law(distribution(LAW, Q), "isotropic", closure="tube")
