"""The field as a fitted parameter: straight lines, where maps are smooth, and a coarse real map."""

from dataclasses import replace

import numpy as np
import pytest
from test_anisotropy import sky_of

from lisbon_core.anisotropy import AnisotropyError, field_direction, fit_field, straight_lines
from lisbon_core.frames import unit_vector
from lisbon_core.heliosphere import HeliosphereParameters, closed_form
from lisbon_core.liouville import cached_sky, grid
from lisbon_core.sky_map import noise_factor
from lisbon_core.synthetic import DEFAULT_TRUTH, make_sky

GUESS = HeliosphereParameters()
THETA = np.array([1.9e-3, 1.2e-3, -1e-3, 3e-7, -4e-7])  # large terms, which fix the field without a heliosphere


def no_heliosphere(heliosphere, dec, ra, positions=2):
    """Straight lines as a map of equal samples, bent to tell A_1, G and the strength apart."""
    one = straight_lines(heliosphere, dec, ra)
    strength = heliosphere.parameters.field_uG / 3.0
    x, y = one.R_x / 300.0 * strength, one.R_y / 300.0 * strength
    bend = 0.5 * np.log(strength) * (x**3 - 3.0 * x * y * y)
    one = replace(one, mu=one.mu + bend, R_x=(x * x - y * y) * 300.0, R_y=2.0 * x * y * 300.0)
    twice = {name: np.repeat(getattr(one, name), 2, axis=0)
             for name in ("mu", "R_x", "R_y", "momentum_ratio", "error", "amplification", "escaped")}
    return replace(one, **twice, weight=np.full(2, 0.5), sample_rigidity_TV=np.full(2, 4.0))


def separation(one, two):
    directions = [unit_vector(p.field_lon, p.field_lat) for p in (one, two)]
    return np.degrees(np.arccos(np.clip(directions[0] @ directions[1], -1.0, 1.0)))


def test_shift_is_along_longitude_and_latitude():
    moved = field_direction.shifted(GUESS, (3.0, -4.0, np.log(2.0)))
    assert separation(GUESS, moved) == pytest.approx(5.0, abs=1e-4)
    assert moved.field_lon > GUESS.field_lon
    assert moved.field_lat < GUESS.field_lat
    assert moved.field_uG == pytest.approx(6.0)


@pytest.mark.parametrize(("strength", "skies"), [(0.0, 12), (0.3, 3)])
def test_errors_cover_without_a_heliosphere(monkeypatch, strength, skies):
    monkeypatch.setattr(field_direction, "cached_sky", no_heliosphere)
    true = (0.8, -0.5, 0.0)[: 3 if strength else 2]
    liouville = no_heliosphere(closed_form(field_direction.shifted(GUESS, true)), *grid(9.0))
    sky, columns = sky_of(liouville, THETA, averaging=12.0)
    factor, random, pulls = noise_factor(sky), np.random.default_rng(1), []
    for _ in range(skies):
        noisy = columns.intensity(THETA) + factor @ random.standard_normal(factor.shape[1])
        fit = fit_field(sky.replace(relative_intensity=columns.on_grid(noisy)), GUESS, 2.0, strength, order=3,
                        grid_deg=9.0)
        pulls.append((fit.best - true) / fit.sigma)
    assert np.all(np.abs(np.mean(pulls, axis=0)) < 4.0 / np.sqrt(skies))
    assert np.sqrt(np.mean(np.square(pulls))) < 1.6  # 24 or 9 pulls: known to 14 or 24 %
    assert "field towards ecliptic longitude 2" in str(fit)


def test_another_field_is_found_through_the_heliosphere():
    """Coarse: pixels of 6 degrees and two positions leave a few degrees."""
    true = field_direction.shifted(GUESS, (4.0, -3.0))
    sky = make_sky(DEFAULT_TRUTH, cached_sky(closed_form(true), *grid(6.0), positions=2), "synthetic")
    fit = fit_field(sky, GUESS, 6.0, grid_deg=6.0, positions=2)
    assert np.all(np.abs(fit.best - (4.0, -3.0)) < 2.5 * fit.sigma)
    assert np.all(fit.sigma < 6.0), fit.sigma
    # two positions know the map badly: the noise of the sky is the lesser part
    assert np.all(fit.noise_sigma < 0.5 * fit.sigma)
    assert "were the maps exact" in str(fit)
    assert separation(fit.parameters, true) < separation(GUESS, true)


def test_maps_of_roughness_alone_are_refused(monkeypatch):
    """Maps that have nothing to do with the field they are for."""
    random = np.random.default_rng(4)

    def astray(heliosphere, dec, ra):
        return no_heliosphere(closed_form(field_direction.shifted(GUESS, 60.0 * random.standard_normal(2))), dec, ra)

    sky, _ = sky_of(no_heliosphere(closed_form(), *grid(9.0)), THETA)
    monkeypatch.setattr(field_direction, "cached_sky", astray)
    with pytest.raises(AnisotropyError, match="roughness alone"):
        fit_field(sky, GUESS, 2.0, order=3, grid_deg=9.0)
