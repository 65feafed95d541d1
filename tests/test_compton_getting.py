"""The speed of the plasma as a parameter: skies of known speed, and what it shares with A_1 and G."""

import numpy as np
import pytest
from toy import THETA, sky_of, taken_as_exact, uniform_field_map

from lisbon_core.anisotropy import AnisotropyError, design, fit_anisotropy
from lisbon_core.ground.units import gyroradius
from lisbon_core.heliosphere import closed_form
from lisbon_core.heliosphere.parameters import FLOW
from lisbon_core.liouville import grid, straight_lines, trace_sky
from lisbon_core.sky import ring_normalise
from lisbon_core.studies.compton_getting import fit_speed, share_of_its_own


def sky_of_speed(liouville, speed, dec_min=-90.0):
    """A noiseless sky of Eq. (3) whose plasma moves `speed` times faster than the map's."""
    sky, _ = sky_of(liouville, THETA, dec_min, averaging=9.0)
    columns = design(sky, liouville, 7, 4.7 * speed)
    return ring_normalise(sky.replace(relative_intensity=columns.on_grid(columns.intensity(THETA))))


@pytest.mark.parametrize("speed", [0.0, 0.6, 3.0])
def test_a_sky_of_known_speed_gives_it_back(speed):
    liouville = uniform_field_map()
    fit = fit_speed(sky_of_speed(liouville, speed), liouville)
    assert fit.theta[-1] == pytest.approx(speed - 1.0, abs=1e-6)
    np.testing.assert_allclose(fit.theta[:-1], THETA, rtol=1e-6, atol=1e-11)
    assert fit.design.names[-1] == "speed"
    assert "speed" in str(fit)


def test_errors_of_the_speed_hold():
    liouville, random = taken_as_exact(uniform_field_map(scatter=0.2)), np.random.default_rng(3)
    sky = sky_of_speed(liouville, 1.5, dec_min=-10.0)
    clean, pulls = fit_speed(sky, liouville), []
    noise = clean.design.noise
    for _ in range(60):
        data = sky.relative_intensity[sky.observed] + noise @ random.standard_normal(noise.shape[1])
        fit = fit_speed(sky.replace(relative_intensity=clean.design.on_grid(data)), liouville)
        pulls.append((fit.theta[-1] - 0.5) / fit.sigma[-1])
    assert abs(np.mean(pulls)) < 4.0 / np.sqrt(60.0)
    assert np.std(pulls) == pytest.approx(1.0, abs=0.35)  # known to 9 %


def test_a_sampled_map_gives_it_back_too():
    liouville = uniform_field_map(scatter=0.05, samples=4)
    fit = fit_speed(sky_of_speed(liouville, 1.5), liouville)
    assert abs(fit.theta[-1] - 0.5) < 2.0 * fit.sigma[-1]
    assert np.all(fit.budget["sample of the map"] > 0.0)


def test_energy_and_guiding_centre_make_speed_and_gradient_one():
    """ln(p/p_0) = V_par mu + V_x R_y/r_g + const along every orbit that got out of the default heliosphere."""
    heliosphere = closed_form()
    liouville = trace_sky(heliosphere, *grid(4.0))
    flow = -heliosphere.packed[FLOW] * heliosphere.axes[2]
    along, across = flow @ heliosphere.field_icrs, np.linalg.norm(np.cross(flow, heliosphere.field_icrs))
    out = liouville.escaped
    change = np.log(liouville.momentum_ratio)[out]
    told = across * liouville.R_y[out] / gyroradius(4.0, 3.0) - along * liouville.mu[out]
    assert np.std(change - told) < 0.15 * np.std(change)
    # neither the other sign of the first term nor that of the second describes it
    for wrong in (told + 2.0 * along * liouville.mu[out],
                  told - 2.0 * across * liouville.R_y[out] / gyroradius(4.0, 3.0)):
        assert np.std(change - wrong) > 1.0 * np.std(change)
    sky, _ = sky_of(liouville, THETA, dec_min=-10.0, averaging=5.0)
    fit = fit_speed(ring_normalise(sky), liouville)
    fixed = fit_anisotropy(ring_normalise(sky), liouville)
    assert share_of_its_own(fit) < 0.01
    assert fit.sigma[0] > 5.0 * fixed.sigma[0]
    assert fit.theta[-1] == pytest.approx(0.0, abs=1e-3)


def test_without_a_heliosphere_it_is_refused():
    liouville = straight_lines(closed_form(), *grid(6.0))
    sky, _ = sky_of(liouville, THETA)
    with pytest.raises(AnisotropyError, match="keep it fixed"):
        fit_speed(ring_normalise(sky), liouville)
