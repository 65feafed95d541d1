# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises to 04: what the rings of a sky have lost
#
# Read notebook 04 first. Write into the cells that say so; the others run as they are, and cells of your own may be added.
# Hidden checks test what a right answer does, not how it is written. Save, then in a terminal, in the folder of this file:
# `lisbon check 04_sky_map.ipynb`.

# %% nbgrader={"grade": false, "grade_id": "ex_4_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np
from numpy.polynomial.legendre import legval

from lisbon_core.ground.frames import unit_vector

dec, ra = np.arange(-87.0, 90.0, 6.0), np.arange(3.0, 360.0, 6.0)


def legendre_sky(n, ra_B, dec_B, amplitude=1e-3):
    """The sky 1 + amplitude P_n(mu) about a field, shape (declinations, right ascensions): rows are rings."""
    mu = -unit_vector(*np.meshgrid(ra, dec)) @ unit_vector(ra_B, dec_B)
    return 1.0 + amplitude * legval(mu, [0.0] * n + [1.0])


# %% [markdown]
# > **Warm-up** (5 min, without a star) A map is 1 + 10⁻³ sin(declination), and nothing else. What is left of it after
# Eq. (2)? Answer before you compute.
#
# <details><summary>Answer</summary>
#
# Nothing: it depends on declination alone, so each ring is divided by itself.
# </details>

# %% [markdown]
# > **Exercise 4.1** (20 min, ★★, assesses: invariants, a map normalised twice)
#
# Four people have written Eq. (2): a function that takes an array of shape (declinations, right ascensions) and returns
# it normalised. Their maps look alike. Write `is_ring_normalisation(normalise)` that accepts those which do what Eq. (2)
# does for an experiment, and refuses the others. One of the four, `suspect`, has divided twice by the same means.
#
# <details><summary>Hint</summary>
#
# Why does an experiment divide by the ring's mean at all? Because it does not know its efficiency, another one for each
# ring. What must a change of efficiency do to the result? Which other two properties does notebook 04 assert?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_4_1_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def suspect(intensity):
    """Eq. (2) where the means, once computed, were used twice."""
    means = intensity.mean(axis=1, keepdims=True)
    return intensity / means / means


# %% nbgrader={"grade": false, "grade_id": "ex_4_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def is_ring_normalisation(normalise):
    """Whether a function does what Eq. (2) does."""
    ### BEGIN SOLUTION
    sky = legendre_sky(2, 229.7, 23.3) * (1.0 + 0.3 * np.sin(np.radians(dec)))[:, None]
    once = normalise(sky)
    scaled = normalise(sky * np.linspace(0.2, 3.0, len(dec))[:, None])
    return bool(
        np.allclose(once.mean(axis=1), 1.0, rtol=0, atol=1e-9)
        and np.allclose(normalise(once), once, rtol=0, atol=1e-9)
        and np.allclose(scaled, once, rtol=0, atol=1e-9)
    )
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_4_1_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
print("the suspect:", is_ring_normalisation(suspect))
### BEGIN HIDDEN TESTS


def right(intensity):
    return intensity / intensity.mean(axis=1, keepdims=True)


def also_right(intensity):
    return np.stack([ring / np.average(ring) for ring in intensity])


def subtracted(intensity):
    return intensity - intensity.mean(axis=1, keepdims=True) + 1.0


def whole_sky(intensity):
    return intensity / intensity.mean()


def columns(intensity):
    return intensity / intensity.mean(axis=0)


assert is_ring_normalisation(right), "the test refuses Eq. (2) itself: compare with a tolerance, not exactly"
assert is_ring_normalisation(also_right), "the test refuses Eq. (2) written ring by ring"
assert not is_ring_normalisation(suspect), (
    "the suspect is accepted: where the means are not 1, a map divided by them twice no longer has rings of mean 1. Test "
    "with a sky whose rings do have other means"
)
assert not is_ring_normalisation(subtracted), (
    "subtracting the mean is accepted: its rings have mean 1 and a second time changes nothing, but an efficiency of 0.5 "
    "in a ring would halve its pattern. Multiply each ring by a number of its own: the result must not change"
)
assert not is_ring_normalisation(whole_sky), (
    "dividing by the mean of the whole sky is accepted: it can be done twice, but its rings do not have mean 1 each"
)
assert not is_ring_normalisation(columns), (
    "dividing by the mean over declination is accepted: a ring is a row of the map, all right ascensions of one declination"
)
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 4.2** (20 min, ★★, assesses: limits, what a measurement cannot see)
#
# Write `lost_power(n, dec_B)`: which fraction of the power of $P_n(\mu)$ about a field at declination `dec_B` (degrees)
# Eq. (2) removes, to first order in the anisotropy and for an array that sees the whole sphere. Before you compute: what
# is it for a field along the axis of the Earth? And for a dipole about a field on the equator?
#
# <details><summary>Hint</summary>
#
# The mean of $P_n(\mu)$ over a ring at declination $\delta$ is $P_n(\sin\delta_B)P_n(\sin\delta)$ up to the sign, and
# power is the mean square over the sphere. Or take numbers: `legendre_sky`, with rings weighted by $\cos\delta$.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_4_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lost_power(n, dec_B):
    """Fraction of the power of P_n that ring normalisation removes."""
    ### BEGIN SOLUTION
    return legval(np.sin(np.radians(dec_B)), [0.0] * n + [1.0]) ** 2
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_4_2_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
print("P_1 ... P_7 about B at 23.3 degrees:", [round(float(lost_power(n, 23.3)), 3) for n in range(1, 8)])
### BEGIN HIDDEN TESTS
for n in range(1, 6):
    assert abs(lost_power(n, 90.0) - 1.0) < 0.02, (
        f"P_{n} about the axis of the Earth depends on declination alone: all of it is lost, not {lost_power(n, 90.0):.2f}"
    )
assert abs(lost_power(1, 0.0)) < 0.02, (
    "a dipole about a field on the equator has rings of mean 1 already: nothing is lost. Mind sine and cosine"
)
for n, dec_B in ((1, 30.0), (2, 11.4), (2, 60.0), (3, -40.0), (5, 23.3)):
    sky = legendre_sky(n, 100.0, dec_B) - 1.0
    weight = np.cos(np.radians(dec))
    truth = (weight @ sky.mean(axis=1) ** 2) / (weight @ (sky**2).mean(axis=1))
    found = lost_power(n, dec_B)
    assert found >= 0.0, "a power cannot be negative: it is the square of an amplitude"
    assert abs(found - np.sqrt(truth)) > 1e-3 or abs(found - truth) < 1e-2, (
        f"n = {n}, declination {dec_B:g}: {found:.3f} is the part of the amplitude that is lost, its square the power"
    )
    assert abs(found - truth) < 0.02, (
        f"n = {n}, declination {dec_B:g}: a map made and normalised loses {truth:.3f} of its power, not {found:.3f}. "
        "Angles are in degrees, and the field's declination enters by its sine"
    )
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 4.3** (25 min, ★★, assesses: right ascension mirrored)
#
# Two groups publish maps of the same sky; both are noisy. In the second, right ascension may have been mirrored ($\alpha
# \to 360° - \alpha$, the sky seen from outside) or counted from the wrong side ($\alpha \to \alpha + 180°$). Write
# `what_happened(first, second)`, for arrays on the grid above: 'same', 'mirrored' or 'shifted'.
#
# <details><summary>Hint</summary>
#
# Undo each error in turn and see what then agrees best with the first map. Column `k` has its centre at `3 + 6 k`
# degrees: which column does a mirrored one go to?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_4_3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def what_happened(first, second):
    """'same', 'mirrored' or 'shifted'."""
    ### BEGIN SOLUTION
    undone = {"same": second, "mirrored": second[:, ::-1], "shifted": np.roll(second, len(ra) // 2, axis=1)}
    return max(undone, key=lambda name: np.sum((first - first.mean()) * (undone[name] - undone[name].mean())))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_4_3_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
noise = np.random.default_rng(4).normal(0.0, 3e-4, (3, len(dec), len(ra)))
one, two = legendre_sky(1, 40.0, 10.0) + noise[0], legendre_sky(1, 40.0, 10.0) + noise[1]
print(what_happened(one, two), what_happened(one, two[:, ::-1]), what_happened(one, np.roll(two, 30, axis=1)))
### BEGIN HIDDEN TESTS
random = np.random.default_rng(44)
for trial in range(12):
    place = random.uniform(20.0, 70.0) + 90.0 * (trial % 4)
    sky = sum(legendre_sky(n, place + 17.0 * n, 20.0, 1e-3 / n) - 1.0 for n in (1, 2, 3))
    one, two = 1.0 + sky + random.normal(0.0, 2e-4, (2, *sky.shape))
    for done, second in (("same", two), ("mirrored", two[:, ::-1]), ("shifted", np.roll(two, 30, axis=1))):
        found = what_happened(one, second)
        assert found in ("same", "mirrored", "shifted"), f"the answer is a word, 'same', 'mirrored' or 'shifted', not {found!r}"
        assert found == done, (
            f"a map that was {done} is called {found}. The amplitude of the first harmonic is the same for all three, and "
            "its phase alone confuses a mirror with a shift where the phase is near 90 or 270 degrees: compare the whole "
            "pattern, with noise allowed for"
        )
### END HIDDEN TESTS
