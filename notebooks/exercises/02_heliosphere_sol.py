# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises to 02: a heliosphere in closed form
#
# Read notebook 02 first. Write into the cells that say so; the others run as they are, and cells of your own may be added.
# Hidden checks test what a right answer does, not how it is written. Save, then in a terminal, in the folder of this file:
# `lisbon check 02_heliosphere.ipynb`.

# %% nbgrader={"grade": false, "grade_id": "ex_2_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from lisbon_core.ground.units import DAYS_PER_AU, KM_S
from lisbon_core.heliosphere import closed_form

heliosphere = closed_form()
rng = np.random.default_rng(2)
points = rng.normal(size=(200, 3))
points *= (rng.uniform(200.0, 600.0, 200) / np.linalg.norm(points, axis=1))[:, None]
points = points[heliosphere.region(points) == 2]  # beyond the heliopause


def draped(points):
    """The interstellar field around the heliopause, microgauss."""
    return heliosphere.field(points)[0]


# %% [markdown]
# > **Warm-up** (5 min, without a star) How strong is the field 50 AU and 500 AU from the Sun? Guess, then run
# `heliosphere.field_strength([[50.0, 0.0, 0.0], [500.0, 0.0, 0.0]])`, in microgauss. What would make it weaker than the
# interstellar field inside?
#
# <details><summary>Answer</summary>
#
# About half a microgauss within the shock, and three outside the heliopause. The wind stretches the field: wound into a
# spiral it falls as one over the distance.
# </details>

# %% [markdown]
# > **Exercise 2.1** (20 min, ★★, assesses: invariants, orders of convergence, spotting a planted error)
#
# Somebody has typed in the draped field anew and mixed up a sign in one component. Plots of $|\mathbf B|$ are the same.
# Write `relative_divergence(field, points, step)` that tells good from bad: an array, one number a point, $|\nabla\cdot
# \mathbf B|$ by differences of the given step **over the size of the terms that have to cancel**. It must not depend on
# the unit of the field, and fall with the square of the step where the divergence is zero.
#
# <details><summary>Hint</summary>
#
# Shift all points by `step` along one axis, both ways, and take the difference of that component. A number is small only
# compared with another one: which one is of the size that a wrong sign would give?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_2_1_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def suspect(points):
    """The draped field with a sign mixed up: |B| is right everywhere."""
    return draped(points) * [1.0, 1.0, -1.0]


# %% nbgrader={"grade": false, "grade_id": "ex_2_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def relative_divergence(field, points, step):
    """|div B| over the sum of its terms' sizes, shape (n,)."""
    ### BEGIN SOLUTION
    terms = [
        (field(points + step * axis)[:, k] - field(points - step * axis)[:, k]) / (2.0 * step)
        for k, axis in enumerate(np.eye(3))
    ]
    return np.abs(np.sum(terms, axis=0)) / np.sum(np.abs(terms), axis=0)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_2_1_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
for name, field in (("draped", draped), ("suspect", suspect)):
    print(name, np.median(relative_divergence(field, points, 0.1)))
### BEGIN HIDDEN TESTS


def solenoidal(points):
    """The curl of (sin y sin z, sin z sin x, sin x sin y), without divergence."""
    x, y, z = points.T
    return np.stack([np.sin(x) * (np.cos(y) - np.cos(z)), np.sin(y) * (np.cos(z) - np.cos(x)),
                     np.sin(z) * (np.cos(x) - np.cos(y))], axis=-1)


def skewed(points):
    """The curl of exp(x + 2y + 3z) (0, 0, 1): its differences do not cancel exactly."""
    growth = np.exp(points @ [1.0, 2.0, 3.0])
    return np.stack([2.0 * growth, -growth, 0.0 * growth], axis=-1)


near = rng.uniform(-1.0, 1.0, size=(100, 3))
good, bad = (np.asarray(relative_divergence(field, points, 0.1)) for field in (draped, suspect))
assert good.shape == (len(points),), f"one number a point is asked for: shape ({len(points)},), not {good.shape}"
assert np.median(bad) > 0.1, (
    "the suspect passes: the terms of its divergence do not cancel, so their sum is as large as they are. Add dBx/dx, "
    "dBy/dy and dBz/dz, each the difference along its own axis"
)
assert np.median(good) < 1e-3, (
    "the good field fails: its three terms cancel. Sum them with their signs before taking the size"
)
loud = np.asarray(relative_divergence(lambda points: 1e6 * draped(points), points, 0.1))
assert np.allclose(loud, good, rtol=1e-3, atol=1e-9), (
    "the result depends on the unit of the field: divide by the size of the terms that have to cancel, else 'small' "
    "means nothing"
)
coarse, fine = (np.median(relative_divergence(skewed, near, step)) for step in (0.02, 0.01))
assert coarse / fine > 3.0, (
    f"half the step makes the error {coarse / fine:.1f} times smaller, not four: differences to both sides are of second "
    "order, those to one side of first"
)
assert np.median(relative_divergence(solenoidal, near, 1e-3)) < 1e-5, "a curl has no divergence, and this one is smooth"
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 2.2** (15 min, ★, assesses: limits, degrees for radians)
#
# The function below gives the angle between the solar field and the radial direction near the solar equator. It says
# that the field at the Earth is almost across. Textbooks say about 45 degrees. Find what is wrong and write
# `spiral_angle(r_AU, wind_km_s, rotation_days)`, in degrees.
#
# <details><summary>Hint</summary>
#
# The wind draws the field out radially while the Sun turns: $\tan\psi = \Omega r/u$. Check the units of each factor.
# `DAYS_PER_AU` is how long light takes for 1 AU, in days.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_2_2_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def suspect_angle(r_AU, wind_km_s, rotation_days):
    """The angle of the spiral, with something wrong."""
    turning = 360.0 / rotation_days * DAYS_PER_AU  # per AU of light path
    return np.degrees(np.arctan(turning * r_AU / (wind_km_s * KM_S)))


print("at the Earth:", suspect_angle(1.0, 400.0, 25.38))


# %% nbgrader={"grade": false, "grade_id": "ex_2_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def spiral_angle(r_AU, wind_km_s, rotation_days):
    """Angle between the field and the radial direction, degrees."""
    ### BEGIN SOLUTION
    turning = 2.0 * np.pi / rotation_days * DAYS_PER_AU
    return np.degrees(np.arctan(turning * r_AU / (wind_km_s * KM_S)))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_2_2_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
print("at the Earth:", spiral_angle(1.0, 400.0, 25.38))
### BEGIN HIDDEN TESTS
earth = spiral_angle(1.0, 400.0, 25.38)
assert not abs(earth - suspect_angle(1.0, 400.0, 25.38)) < 0.1, (
    "this is the suspect's answer: in tan(psi) = Omega r/u the angular velocity is in radians, not degrees, per time"
)
assert spiral_angle(1e-6, 400.0, 25.38) < 1.0, "near the Sun the field is radial: the angle tends to 0 there, not to 90"
assert spiral_angle(1.0, 800.0, 25.38) < earth, "a faster wind winds the field up less"
assert earth > 2.0, "the angle is asked for in degrees, and numpy's arctan gives radians"
assert abs(earth - 47.1) < 0.3, f"at the Earth, with 400 km/s, the angle is 47 degrees, not {earth:.1f}: mind the units"
middle = 400.0 * KM_S * 25.38 / (2.0 * np.pi * DAYS_PER_AU)
assert abs(spiral_angle(middle, 400.0, 25.38) - 45.0) < 1e-6, "where Omega r = u the angle is 45 degrees"
assert abs(spiral_angle(1e9, 400.0, 25.38) - 90.0) < 1e-3, "far out the field is all across: 90 degrees"
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 2.3** (15 min, ★★, assesses: what a model's limits do to a result; written, 4 points)
#
# The question of notebook 02: the tail of this heliosphere ends after 500 AU, and nobody knows how long the real one is.
# Which arrival directions will care, and which will not? Name a test with the tools of notebooks 02 and 03 that would show it, and what would
# count against your answer. Six sentences.
#
# <details><summary>Hint</summary>
#
# A gyroradius at 4 TV is 260 AU outside the heliosphere. How long does an orbit stay near the tail, and what does a change of the field there
# do to it?
# </details>

# %% [markdown] nbgrader={"grade": true, "grade_id": "ex_2_3", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Expected.** Orbits that leave towards the nose or the flanks cross the tail's field not at all or once, and their
# $\mu$ does not care. Those that arrive from the tail, and those near the plane across the field ($\mu \approx 0$), which
# come back to the heliosphere again and again, do: a small kick is amplified. A test: trace the same directions with
# another `tail_AU`, and map the change of $\mu$ beside the amplification.
# Against it would speak a change of $\mu$ that is as large where the amplification is small.
#
# **Rubric.** 1 point: directions from the tail are named. 1 point: the band $\mu \approx 0$ is named, with the reason
# (return, amplification). 1 point: a test that changes the tail and nothing else. 1 point: an outcome is named that would
# refute the answer.
# ### END SOLUTION
