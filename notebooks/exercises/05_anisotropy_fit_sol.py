# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises to 05: the fit and what it leaves over
#
# Read notebook 05 first. Write into the cells that say so; the others run as they are, and cells of your own may be added.
# Hidden checks test what a right answer does, not how it is written. Save, then in a terminal, in the folder of this file:
# `lisbon check 05_anisotropy_fit.ipynb`. The first cell
# traces a coarse sky, 3600 orbits: some seconds the first time, and then it is kept.

# %% nbgrader={"grade": false, "grade_id": "ex_5_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
from dataclasses import replace

import numpy as np
from scipy.linalg import toeplitz

from lisbon_core import plots
from lisbon_core.anisotropy import fit_anisotropy
from lisbon_core.ground.frames import unit_vector
from lisbon_core.heliosphere import closed_form
from lisbon_core.liouville import Sampling, cached_samples, grid
from lisbon_core.synthetic import DEFAULT_TRUTH, make_sky

heliosphere = closed_form()
liouville = cached_samples(heliosphere, *grid(6.0), Sampling(samples=4))
truth = replace(DEFAULT_TRUTH, averaging_deg=12.0, noise=4e-5, dec_min=-60.0, dec_max=80.0)
sky = make_sky(truth, liouville, "synthetic sky of the exercises")

# %% [markdown]
# > **Warm-up** (5 min, without a star) Twenty neighbouring pixels show the same noise. By what factor is the error of
# their mean larger than that of twenty independent pixels?
#
# <details><summary>Answer</summary>
#
# By the root of 20, about 4.5: twenty copies of one number are worth one number.
# </details>

# %% [markdown]
# > **Exercise 5.1** (25 min, ★★★, assesses: a diagonal chi-square)
#
# A weighted least-squares fit $\hat\theta = (J^TWJ)^{-1}J^TW\,d$ takes data with weights $W = \mathrm{diag}(1/\sigma^2)$.
# The data are averages that overlap: their covariance is $C = KK^T$, with $\sigma^2$ on its diagonal. The suspect states
# $(J^TWJ)^{-1}$, as most programs do. Write `covariance(J, sigma, K)`: the covariance that the estimates of *this*
# estimator really have.
#
# <details><summary>Hint</summary>
#
# $\hat\theta$ is linear in $d$: $\hat\theta = E\,d$. What is the covariance of $E\,d$? And how would you find out with
# random numbers alone?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_5_1_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def suspect_covariance(J, sigma, K):
    """The covariance if all data were independent."""
    return np.linalg.inv(J.T @ (J / sigma[:, None] ** 2))


# %% nbgrader={"grade": false, "grade_id": "ex_5_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def covariance(J, sigma, K):
    """Covariance (k, k) of weighted least squares on data with covariance K K^T."""
    ### BEGIN SOLUTION
    weighted = J.T / sigma**2
    through = np.linalg.solve(weighted @ J, weighted @ K)
    return through @ through.T
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_5_1_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
x = np.linspace(-1.0, 1.0, 60)
overlap = toeplitz(np.maximum(0.0, 1.0 - np.arange(60) / 8.0))
factor = np.linalg.cholesky(overlap + 1e-9 * np.eye(60))
for name, function in (("suspect", suspect_covariance), ("yours", covariance)):
    print(name, np.sqrt(np.diag(function(np.stack([x, x**2], 1), np.ones(60), factor))))
### BEGIN HIDDEN TESTS
random = np.random.default_rng(5)
for width, spread in ((8.0, 0.0), (3.0, 0.5), (0.5, 0.7)):
    sigma = np.exp(spread * random.standard_normal(60))
    J = np.stack([np.ones(60), x, x**2 - 0.3], axis=1) @ random.normal(size=(3, 3))
    correlation = toeplitz(np.maximum(0.0, 1.0 - np.arange(60) / width)) + 1e-9 * np.eye(60)
    K = sigma[:, None] * np.linalg.cholesky(correlation)
    W = 1.0 / sigma**2
    estimates = np.linalg.solve(J.T @ (W[:, None] * J), (J.T * W) @ K @ random.standard_normal((60, 6000)))
    scatter = np.cov(estimates)
    found = np.asarray(covariance(J, sigma, K), dtype=float)
    assert found.shape == (3, 3), f"a covariance of three parameters has shape (3, 3), not {found.shape}"
    ratio = np.sqrt(np.diag(found) / np.diag(scatter))
    assert ratio.min() > 0.93, (
        f"the estimates scatter {1 / ratio.min():.1f} times as much as the covariance says. Data that share events are not "
        "independent: a diagonal chi-square, or the covariance of another and better estimator, is too small"
    )
    assert ratio.max() < 1.07, f"the covariance claims errors {ratio.max():.1f} times those that the estimates have"
    size = np.sqrt(np.outer(np.diag(scatter), np.diag(scatter)))
    assert np.all(np.abs(found - scatter) < 0.1 * size), "the errors are right, the correlations between parameters not"
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 5.2** (25 min, ★★, assesses: reading a residual map)
#
# Four residual maps, observed minus fitted, each of its own fit. One fit was right. One stopped at order 3. In one the
# map of the orbits was mirrored in right ascension. And one sky holds a spot of radiation that has nothing to do with the
# interstellar pitch angle. Which is which? Fill in the four words; more tests of your own may help.
#
# <details><summary>Hint</summary>
#
# Size first: noise is 0.04 in the unit of the maps and comes in blobs of the size of the averaging disc, 12 degrees. Then
# the shape: what the pitch angle makes follows the field, in rings about B; a missing fifth order changes its sign five
# times between B and -B.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_5_2_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def residuals_of(sky, map_used, order=7):
    """Observed minus fitted."""
    return sky.relative_intensity - fit_anisotropy(sky, map_used, order).relative_intensity


backwards = {name: getattr(liouville, name)[:, :, ::-1] for name in ("mu", "R_x", "R_y", "momentum_ratio")}
arrival = unit_vector(*np.meshgrid(sky.ra, sky.dec))
spot = 4e-4 * np.exp((arrival @ unit_vector(310.0, 40.0) - 1.0) / np.radians(10.0) ** 2)
kinds = {
    "right": residuals_of(sky, liouville),
    "order": residuals_of(sky, liouville, order=3),
    "mirrored": residuals_of(sky, replace(liouville, **backwards)),
    "spot": residuals_of(sky.replace(relative_intensity=sky.relative_intensity + spot), liouville),
}
shuffled = np.random.default_rng(10).permutation(list(kinds))
maps = {letter: kinds[name] for letter, name in zip("ABCD", shuffled, strict=True)}
for letter, one in maps.items():
    print(f"map {letter}: r.m.s. {np.nanstd(one):.1e}, largest {np.nanmax(np.abs(one)):.1e}")
plots.skies({f"map {letter}": 1.0 + one for letter, one in maps.items()}, sky.dec, sky.ra, columns=2,
            field_icrs=heliosphere.field_icrs, limit=0.3)


# %% nbgrader={"grade": false, "grade_id": "ex_5_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
# one of 'right', 'order', 'mirrored', 'spot' for each map
### BEGIN SOLUTION
diagnosis = {"A": "mirrored", "B": "spot", "C": "order", "D": "right"}
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "ex_5_2_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
print(diagnosis)
### BEGIN HIDDEN TESTS
assert set(diagnosis) == set("ABCD"), "say something of each of the maps A, B, C and D, and of no others"
assert sorted(diagnosis.values()) == sorted(kinds), (
    "each of the words 'right', 'order', 'mirrored' and 'spot' belongs to exactly one map"
)
size = {letter: np.nanstd(one) for letter, one in maps.items()}
quiet, loud = min(size, key=size.get), max(size, key=size.get)
assert diagnosis[quiet] == "right", (
    f"map {quiet} is the quietest: with {size[quiet]:.0e} it holds noise of 4e-5 and nothing else, so its fit is right. A "
    "residual that is larger than the noise has a pattern somewhere"
)
assert diagnosis[loud] == "mirrored", (
    f"map {loud} has residuals of the size of the signal itself: no missing order does that, and no spot fills the whole sky; "
    "orbits that lead to the wrong side of it do"
)
peak = {letter: np.nanmax(one) / np.nanstd(one) for letter, one in maps.items() if letter not in (quiet, loud)}
single = max(peak, key=peak.get)
assert diagnosis[single] == "spot", (
    f"map {single} has one excess, {peak[single]:.0f} times its r.m.s., and no partner of it anywhere along the rings about B: "
    "that is a spot. What a missing order leaves is spread over such rings, with both signs"
)
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 5.3** (15 min, ★★★, assesses: identifiability; written, 4 points)
#
# The question of notebook 05: the residual of a real sky shows a pattern where the model has none. How would one tell a
# wrong field direction from a wrong heliosphere, or from structure that does not follow the pitch angle at all? Name for
# each of the three one thing to compute, and what it should show.
#
# <details><summary>Hint</summary>
#
# What can be varied, refitted, and compared? What do two rigidities have in common, and what not?
# </details>

# %% [markdown] nbgrader={"grade": true, "grade_id": "ex_5_3", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Expected.** Field direction: refit with maps for directions around the guess (`field_posterior`); the residual falls to noise
# for one of them, and it was the derivative of the model with respect to the direction. Heliosphere: change its parameters
# or polarity, or take another rigidity, where a heliosphere's pattern moves and the interstellar one does not; the residual
# sits where the orbits are deflected most, near $\mu = 0$ and the tail. Neither: the residual depends on gyrophase at
# fixed $\mu$ (`gyrotropy_test`), whatever the direction and the model.
#
# **Rubric.** 1 point for each of the three with a test that does not also answer another. 1 point: it is said that the
# errors of such tests need the covariance of overlapping pixels, or that two causes may mimic each other.
# ### END SOLUTION
