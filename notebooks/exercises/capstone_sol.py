# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Capstone: an unknown sky
#
# You are given a map of the sky. It is synthetic, as it says itself; what it was made with is known to nobody until it is
# graded. Find, **each with its error**: the direction of the interstellar field, $A_1$, $A_2$, $A_3$, and the focusing, as
# $1/L$ in 1/pc.
#
# Known: the heliosphere is the default one of this compendium, except for the direction of the field, which lies within 10
# degrees of the default; 4 TV; a steady flux tube with $\kappa_{29} = 1$; the map is averaged over discs of 8 degrees.
#
# You are graded by *pulls*, (stated - true)/error. All must lie within 3; and an error that is four times too small or too
# large counts as wrong whatever the pull. The route below takes two minutes of computing on a laptop; every map of orbits is
# kept, so nothing is computed twice. Your lecturer gives you your sky, `sky.ecsv`: put it beside this notebook.

# %% nbgrader={"grade": false, "grade_id": "capstone_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
from dataclasses import replace

import numpy as np

from lisbon_core import plots
from lisbon_core.anisotropy import fit_anisotropy, pitch_angle_distribution, renormalise
from lisbon_core.heliosphere import HeliosphereParameters, closed_form
from lisbon_core.liouville import Sampling, cached_samples
from lisbon_core.sky.files import read_sky_map
from lisbon_core.studies.field_posterior import fan, field_posterior
from lisbon_core.transport import fit_transport

sky = read_sky_map("sky.ecsv")
print(sky)
plots.skies({sky.label: sky.relative_intensity}, sky.dec, sky.ra)

# %% [markdown]
# ## 1 The field
#
# Each direction of the field wants a map of its own: 7,000 orbits. `fan` gives 19 directions around a guess, and
# `field_posterior` draws a smooth surface through chi-square over all that were tried, lowest where the field suits the sky
# best. Then 19 more around the best of them, closer. What do its errors contain?
#
# <details><summary>Hint</summary>
#
# `cached_samples(closed_form(...), sky.dec, sky.ra, Sampling(samples=4))` and `fit_anisotropy` for each direction; the result of
# `field_posterior(fields, fits)` has `field`, `sigma` and a joint `covariance`.
# </details>

# %% nbgrader={"grade": false, "grade_id": "capstone_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION


def fitted(lon, lat):
    """The sky's Liouville map with the field in this direction, and the fit of the sky through it."""
    heliosphere = replace(HeliosphereParameters(), field_lon=float(lon), field_lat=float(lat))
    liouville = cached_samples(closed_form(heliosphere), sky.dec, sky.ra, Sampling(samples=4))
    return liouville, fit_anisotropy(sky, liouville)


fields = fan((HeliosphereParameters().field_lon, HeliosphereParameters().field_lat), 5.0)
fits = [fitted(*one)[-1] for one in fields]
lowest = fields[np.argmin([fit.chi2_reduced for fit in fits])]
closer = fan(lowest, 2.5)
found = field_posterior([*fields, *closer], [*fits, *(fitted(*one)[-1] for one in closer)])
print(found)
### END SOLUTION

# %% [markdown]
# ## 2 The coefficients and the focusing
#
# Trace the sky in that field (`cached_samples(closed_form(...), sky.dec, sky.ra, Sampling(samples=4))`), then notebooks 05, 06, 07 and 09
# in four lines. Do the residuals hold anything but noise?
#
# <details><summary>Hint</summary>
#
# `fit_anisotropy`, `renormalise`, `pitch_angle_distribution`, `fit_transport(...).inverse_L`.
# </details>

# %% nbgrader={"grade": false, "grade_id": "capstone_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION


def infer(lon, lat):
    """A_1, A_2, A_3, 1/L and their errors, if the field points there; reduced chi-square."""
    liouville, fit = fitted(lon, lat)
    focusing = fit_transport(pitch_angle_distribution(renormalise(sky, fit), fit, liouville)).inverse_L
    values, errors = np.append(fit.theta[:3], focusing.value), np.append(fit.sigma[:3], focusing.sigma)
    return values, errors, fit.chi2_reduced


values, errors, chi2 = infer(*found.field)
print(values, errors, chi2)
### END SOLUTION

# %% [markdown]
# ## 3 Errors that mean something
#
# The errors of step 2 take the field as known. It is not. Find what its uncertainty adds, and add it.
#
# <details><summary>Hint</summary>
#
# Move the field by its error, one way and across, and see by how much each number changes. Two maps more.
# </details>

# %% nbgrader={"grade": false, "grade_id": "capstone_3", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION
lon, lat = found.field
east, north = found.sigma
moved = [(lon + east / np.cos(np.radians(lat)), lat), (lon, lat + north)]
shifts = [infer(*field)[0] - values for field in moved]
errors = np.sqrt(errors**2 + np.sum(np.square(shifts), axis=0))
### END SOLUTION

# %% [markdown]
# ## 4 Hand in
#
# Write `answer.toml`, one line a number, each with a value and its error (one sigma), in these words:
#
#     field_lon = {value = 219.2, sigma = 1.5}
#     field_lat = {value = 39.9, sigma = 1.5}
#     A_1 = {value = 1.2e-3, sigma = 2e-5}
#     A_2 = {value = 1e-4, sigma = 4e-5}
#     A_3 = {value = -1e-4, sigma = 4e-5}
#     inverse_L = {value = 0.05, sigma = 0.02}
#
# The errors of `field_lon` and `field_lat` (ecliptic, degrees) are in degrees on the sphere, $1/L$ in 1/pc. Add a page on what you did to trust the errors: it is read, and counts as much as the pulls.

# %% nbgrader={"grade": false, "grade_id": "capstone_4", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION
numbers = {
    "field_lon": (lon, east),
    "field_lat": (lat, north),
    **dict(zip(("A_1", "A_2", "A_3", "inverse_L"), zip(values, errors, strict=True), strict=True)),
}
lines = [f"{name} = {{value = {value:.6g}, sigma = {sigma:.3g}}}" for name, (value, sigma) in numbers.items()]
with open("answer.toml", "w") as stream:
    stream.write("\n".join(lines) + "\n")
print("\n".join(lines))
### END SOLUTION
