# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises to 03: every direction back to interstellar space
#
# Read notebook 03 first. Write into the cells that say so; the others run as they are, and cells of your own may be added.
# Hidden checks test what a right answer does, not how it is written. Save, then in a terminal, in the folder of this file:
# `lisbon check 03_orbits.ipynb`.

# %% nbgrader={"grade": false, "grade_id": "ex_3_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from lisbon_core.ground.frames import unit_vector
from lisbon_core.heliosphere import closed_form
from lisbon_core.orbits import trace

heliosphere = closed_form()
field_icrs = heliosphere.field_icrs


def forwards(position, momentum, path):
    """Where particles are after a path (AU): positions (n, 3) in AU and momenta (n, 3) in TV."""
    end = trace(heliosphere, position, momentum, path_cap_AU=path, boundary_AU=1e5, tolerance=1e-10, neighbours=False)
    return end.position, end.momentum


# %% [markdown]
# > **Warm-up** (5 min, without a star) `forwards(start, momentum, path)` follows particles. What is the distance
# between start and end, at most, for a path of 100 AU? Try one, and say what it tells that the distance is less.
#
# <details><summary>Answer</summary>
#
# At most 100 AU, on a straight line. If it is less, the orbit was bent.
# </details>

# %% [markdown]
# > **Exercise 3.1** (10 min, ★, assesses: limits, degrees for radians, right ascension mirrored, a sign)
#
# Before you trust a map of $\mu$, know what it would be without any heliosphere. Write `straight_mu(ra, dec, field)`: the
# pitch-angle cosine of particles that arrive from right ascension `ra` and declination `dec` (degrees, arrays) on
# straight lines; `field` is the unit vector of $\mathbf B$, ICRS. Use nothing but numpy.
#
# <details><summary>Hint</summary>
#
# $\mu$ is about where the particle goes, the sky shows where it came from. Right ascension grows from $x$ towards $y$.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_3_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def straight_mu(ra, dec, field):
    """Pitch-angle cosine of arrival directions, without a heliosphere."""
    ### BEGIN SOLUTION
    ra, dec = np.radians(ra), np.radians(dec)
    arrival = np.stack(np.broadcast_arrays(np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)), axis=-1)
    return -arrival @ field
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_3_1_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
print("from the direction B points to:", straight_mu(np.array([229.7]), np.array([23.3]), field_icrs))
### BEGIN HIDDEN TESTS
ra, dec = np.array([10.0, 100.0, 200.0, 300.0, 350.0]), np.array([-80.0, -20.0, 0.0, 35.0, 60.0])
for axis in (field_icrs, unit_vector(40.0, 70.0), unit_vector(300.0, -30.0)):
    found = np.asarray(straight_mu(ra, dec, axis))
    assert found.shape == ra.shape, f"one number a direction: shape {ra.shape}, not {found.shape}"
    right = -unit_vector(ra, dec) @ axis
    assert not np.allclose(found, -right), (
        "the sign is wrong: a particle seen in direction n has the momentum -p n, so from where B points to comes one that "
        "moves against B, mu = -1"
    )
    assert not np.allclose(found, -unit_vector(-ra, dec) @ axis), (
        "right ascension is mirrored: seen as coordinates it grows from x towards y, and only a picture of the sky turns it"
    )
    rad = -unit_vector(np.degrees(ra), np.degrees(dec)) @ axis
    assert not np.allclose(found, rad), "sin and cos take radians, and ra and dec come in degrees"
    assert np.allclose(found, right, atol=1e-9), (
        "the limit of no deflection is not met: mu is minus the scalar product of arrival direction and field"
    )
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 3.2** (20 min, ★★, assesses: invariants, spotting a planted error with a test)
#
# "To go back in time, reverse the momentum and trace." The function `suspect` does so. Write a test
# `goes_back(back)` that finds out whether `back(position, momentum, path)`, a function like `forwards`, undoes it:
# momenta in and out are those of the particle itself, as it flies forwards. It has to accept every way back that is right
# and refuse what is wrong.
#
# <details><summary>Hint</summary>
#
# There and back again, with the same path. In a magnetic field a particle and its reversed twin are bent to the same
# hand; what else must be reversed? And does a `back` that does nothing at all pass your test?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_3_2_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
start = np.tile([1.0, 0.0, 0.0], (6, 1))
outward = 4.0 * unit_vector([10.0, 80.0, 150.0, 200.0, 280.0, 330.0], [10.0, -40.0, 60.0, -10.0, 30.0, -70.0])


def suspect(position, momentum, path):
    """Back in time by reversing the momentum."""
    position, momentum = forwards(position, -np.asarray(momentum), path)
    return position, -momentum


# %% nbgrader={"grade": false, "grade_id": "ex_3_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def goes_back(back):
    """Whether `back` leads back to where `forwards` started."""
    ### BEGIN SOLUTION
    position, momentum = back(*forwards(start, outward, 150.0), 150.0)
    return bool(np.abs(position - start).max() < 1e-2 and np.abs(momentum - outward).max() < 1e-3)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_3_2_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
print("the suspect:", goes_back(suspect))
### BEGIN HIDDEN TESTS


def right(position, momentum, path):
    end = trace(heliosphere, position, momentum, backwards=True, path_cap_AU=path, boundary_AU=1e5, tolerance=1e-10,
                neighbours=False)
    return end.position, end.momentum


def idle(position, momentum, path):
    return np.asarray(position), np.asarray(momentum)


def short(position, momentum, path):
    return right(position, momentum, 0.98 * path)


def turned(position, momentum, path):
    position, momentum = right(position, momentum, path)
    return position, -momentum


assert goes_back(right), (
    "the test refuses trace(..., backwards=True), which is right: allow for the error of the tracer, and compare with the "
    "particle's own momentum"
)
assert not goes_back(suspect), (
    "the suspect is accepted: it reverses the momentum and not the charge, and so follows another orbit. A path of a few AU "
    "or a comparison of |p| or |r| alone does not show it; compare the positions themselves after a hundred AU"
)
assert not goes_back(idle), "a `back` that does nothing is accepted: go somewhere first, and start far from where you end"
assert not goes_back(short), "a `back` that stops 2 % too early is accepted: compare the position, not the direction alone"
assert not goes_back(turned), "a reversed momentum is accepted: what comes back has to be the momentum of the start"
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 3.3** (20 min, ★★★, assesses: a single orbit trusted in the chaotic zone)
#
# A table gives $\mu$ for a pixel as that of the orbit through its centre, with the error of the tracer, a thousandth of a
# degree, as error bar. For pixels near $\mu = 0$ another table, made from the pixel's corner, disagrees by 1. Write
# `pixel_mu(mu, amplification)`: `mu` holds the pitch-angle cosines of $n$ orbits spread evenly over a pixel,
# `amplification` how much a small change of each orbit's direction has grown at its end. Return the pixel's mean and the
# standard error **of that mean**.
#
# <details><summary>Hint</summary>
#
# A chaotic orbit is a fair draw from what the pixel holds, only a single one. Which pixels would lose what if the chaotic
# orbits were left out?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_3_3_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def orbits_of_pixel(ra, dec, n, width=2.0, seed=0):
    """mu and amplification of n orbits spread at random over a pixel."""
    spread = np.random.default_rng(seed).uniform(-0.5, 0.5, (2, n)) * width
    arrival = unit_vector(ra + spread[0] / np.cos(np.radians(dec)), dec + spread[1]) @ heliosphere.axes.T
    end = trace(heliosphere, np.tile([1.0, 0.0, 0.0], (n, 1)), -4.0 * arrival, backwards=True, tolerance=1e-6)
    return end.momentum @ heliosphere.axes @ field_icrs / np.linalg.norm(end.momentum, axis=1), end.amplification


calm, wild = orbits_of_pixel(229.0, 23.0, 16), orbits_of_pixel(130.0, -5.0, 64)
print("calm pixel: mu", np.round(calm[0][:6], 3), "growth", np.round(calm[1][:6], 1))
print("wild pixel: mu", np.round(wild[0][:6], 3), "growth", np.round(wild[1][:6], 1))


# %% nbgrader={"grade": false, "grade_id": "ex_3_3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def pixel_mu(mu, amplification):
    """Mean of mu over the pixel, and the standard error of the mean."""
    ### BEGIN SOLUTION
    return np.mean(mu), np.std(mu, ddof=1) / np.sqrt(len(mu))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_3_3_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
for name, orbits in (("calm", calm), ("wild", wild)):
    print(name, "pixel: mean and its error", np.round(pixel_mu(*orbits), 3))
### BEGIN HIDDEN TESTS
random = np.random.default_rng(3)
trials = []
for _ in range(400):
    wandered = random.uniform(size=50) < 0.5
    draws = np.where(wandered, random.uniform(-1.0, 0.4, 50), 0.8)
    trials.append(pixel_mu(draws, np.where(wandered, 1e4, 2.0)))
means, errors = np.array(trials, dtype=float).T
lost = (
    f"the mean comes out as {np.mean(means):.2f} where the pixel holds 0.25: every orbit counts, the chaotic ones too. "
    "Without them the pixel's mean is that of its calm part"
)
assert abs(np.mean(means) - 0.25) < 0.1, lost  # looser than below: the mean of a single orbit scatters, and has another fault
assert np.ptp(errors) * np.median(errors) > 1e-6, (
    "the error bar is that of a single orbit: the tracer's error says how well this orbit is known, not how much the pixel "
    "holds. Use the scatter of the orbits"
)
assert abs(np.mean(means) - 0.25) < 0.02, lost
pull = np.std((means - 0.25) / errors)
assert pull > 0.5, (
    f"the stated errors are {1 / pull:.1f} times too large: the scatter of the orbits is not the error of their mean, which "
    "falls with the square root of their number"
)
assert pull < 1.5, f"the means scatter {pull:.1f} times as much as the stated errors say"
one, two = (pixel_mu(wild[0][k::2], wild[1][k::2]) for k in (0, 1))
assert abs(one[0] - two[0]) < 5.0 * np.hypot(one[1], two[1]), "two halves of a real pixel disagree by more than 5 errors"
### END HIDDEN TESTS
