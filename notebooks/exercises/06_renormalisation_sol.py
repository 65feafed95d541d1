# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises to 06: rings given back
#
# Read notebook 06 first. Write into the cells that say so; the others run as they are, and cells of your own may be added.
# Hidden checks test what a right answer does, not how it is written. Save, then in a terminal, in the folder of this file:
# `lisbon check 06_renormalisation.ipynb`.

# %% nbgrader={"grade": false, "grade_id": "ex_6_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np
from numpy.polynomial.legendre import legval

from lisbon_core.ground.frames import unit_vector

dec, ra = np.arange(-87.0, 90.0, 6.0), np.arange(3.0, 360.0, 6.0)
mu = -unit_vector(*np.meshgrid(ra, dec)) @ unit_vector(229.7, 23.3)
true_sky = 1.0 + legval(mu, [0.0, 1.9e-3, 4e-4, -2e-4])
model_ring_means = true_sky.mean(axis=1)
observed_sky = true_sky / model_ring_means[:, None]  # Eq. (2)

# %% [markdown]
# > **Warm-up** (5 min, without a star) In an observed map every ring has the mean 1. What is the mean of the map over
# the part of the sky that is seen? And of the renormalised map?
#
# <details><summary>Answer</summary>
#
# 1 for the observed one. The renormalised one has the mean 1 over the whole sphere, if the model is right, and another
# over the part that is seen.
# </details>

# %% [markdown]
# > **Exercise 6.1** (20 min, ★★, assesses: invariants, a map normalised twice)
#
# The suspect gives a sky its rings back. Run on a sky that somebody had restored before, it gives them twice; run on a raw
# map, whose rings still carry the efficiency of the array, it keeps the efficiency. Write `restore(intensity, ring_means)`
# that returns the right sky whatever state its input is in. `intensity` has shape (declinations, right ascensions),
# `ring_means` is the model's, one a declination.
#
# <details><summary>Hint</summary>
#
# What has to be true of the rings of the result, and of what varies along them? Which of the two may come from the input?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_6_1_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def suspect(intensity, ring_means):
    """Rings given back, with something wrong."""
    return intensity * ring_means[:, None]


# %% nbgrader={"grade": false, "grade_id": "ex_6_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def restore(intensity, ring_means):
    """The sky with the model's ring means, and the input's variation along each ring."""
    ### BEGIN SOLUTION
    return intensity / intensity.mean(axis=1, keepdims=True) * ring_means[:, None]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_6_1_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
print("largest error:", np.abs(restore(observed_sky, model_ring_means) - true_sky).max())
### BEGIN HIDDEN TESTS
for right in (true_sky, 2.0 - true_sky[:, ::-1] ** 2):
    rings = right.mean(axis=1)
    once = restore(right / rings[:, None], rings)
    assert np.shape(once) == right.shape, f"the result is a sky of shape {right.shape}, not {np.shape(once)}"
    assert np.abs(once - right).max() < 1e-9, (
        f"a ring-normalised sky comes back wrong by {np.abs(once - right).max():.1e}: Eq. (2) divided by the ring's mean, so "
        "its undoing multiplies. Adding the mean, or dividing again, is off by the product of two anisotropies or more"
    )
    assert np.abs(restore(once, rings) - once).max() < 1e-9, (
        "restored twice, the sky changes: the rings of the input may carry any mean already. Take that mean out first"
    )
    raw = right * np.linspace(0.3, 1.0, len(dec))[:, None]
    assert np.abs(restore(raw, rings) - right).max() < 1e-9, (
        "a raw map keeps its efficiency: what a ring is multiplied with must not depend on what mean it came with"
    )
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 6.2** (15 min, ★★, assesses: limits, degrees for radians)
#
# The restored sky is scaled to a mean of 1 **over the sphere**. Write `sphere_mean(values)`, the mean over the sphere of a
# map on the grid above (centres every 6 degrees). What must it give for the maps 1, $P_1(\sin\delta)$, $P_2(\sin\delta)$?
#
# <details><summary>Hint</summary>
#
# How large, in solid angle, is a pixel at declination 87 degrees, next to one at 3 degrees?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_6_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sphere_mean(values):
    """Mean over the sphere of a map of shape (declinations, right ascensions)."""
    ### BEGIN SOLUTION
    return np.average(values.mean(axis=1), weights=np.cos(np.radians(dec)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_6_2_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
print("mean of the true sky:", sphere_mean(true_sky))
### BEGIN HIDDEN TESTS
sin_dec = np.sin(np.radians(dec))[:, None] * np.ones(len(ra))
assert abs(sphere_mean(np.ones_like(sin_dec)) - 1.0) < 1e-9, "the mean of 1 is 1: divide by the sum of the weights"
second = sphere_mean(legval(sin_dec, [0.0, 0.0, 1.0]))
assert abs(second) < 0.01, (
    f"P_2(sin dec) has mean 0 over the sphere and comes out as {second:.2f}: a pixel near a pole is small, its solid angle "
    "goes as the cosine of the declination, and numpy's cosine takes radians"
)
assert abs(sphere_mean(sin_dec)) < 1e-9, "north and south are alike: the mean of sin(dec) has to vanish"
for place in ((0.0, 90.0), (100.0, 0.0), (229.7, 23.3), (30.0, -60.0)):
    about = unit_vector(*np.meshgrid(ra, dec)) @ unit_vector(*place)
    assert abs(sphere_mean(about**2) - 1.0 / 3.0) < 0.01, (
        "the mean of cos^2 about an axis is 1/3 wherever on the sphere the axis points, and this mean depends on it"
    )
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 6.3** (15 min, ★★, assesses: what is data and what is model; written, 3 points)
#
# The question of notebook 06: the true sky holds a term that depends on declination alone and is not in Eq. (3), say a
# north-south gradient of $10^{-3}$. What does the renormalised map show of it, what does its residual, and what does its
# error band? What would one need to see it?
#
# <details><summary>Hint</summary>
#
# Follow the term through Eq. (2), the fit and `restore`, one after the other.
# </details>

# %% [markdown] nbgrader={"grade": true, "grade_id": "ex_6_3", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Expected.** Nothing, to first order: Eq. (2) removes it, the fit sees no trace of it, and the ring means that are given
# back are the model's. So the residual is clean and the error band, which knows the model's errors only, does not contain
# the truth. One needs a measurement that compares declinations: an absolute calibration of the efficiency from ring to ring,
# or a detector carried to other latitudes, which sees one declination under many local directions; or a term of the model
# that shares a coefficient with the variation along rings. A second array on the ground alone does not help: it divides by
# its own ring means.
#
# **Rubric.** 1 point: the map shows nothing, because the ring means are model. 1 point: neither residual nor error band
# warns. 1 point: a way out that compares rings with each other.
# ### END SOLUTION
