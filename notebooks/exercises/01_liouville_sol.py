# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises to 01: phase-space density is conserved
#
# Read notebook 01 first. Write into the cells that say so; the others run as they are, and cells of your own may be added.
# Hidden checks test what a right answer does, not how it is written. Save, then in a terminal, in the folder of this file:
# `lisbon check 01_liouville.ipynb`.

# %% nbgrader={"grade": false, "grade_id": "ex_1_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from lisbon_core.ground.frames import boost_momentum, unit_vector
from lisbon_core.ground.units import KM_S, PROTON_MASS_TV
from lisbon_core.heliosphere import closed_form
from lisbon_core.orbits import trace

heliosphere = closed_form()


def determinant(step, path=100.0, rigidity=4.0):
    """Volume of a box of phase space of the size `step`, carried back along an orbit, over what it was."""
    arrival = heliosphere.axes @ unit_vector(0.0, 80.0)
    steps = np.diag([step] * 3 + [step * rigidity] * 3)
    start = np.concatenate([[1.0, 0.0, 0.0], -rigidity * arrival])
    states = np.concatenate([start + steps, start - steps])
    end = trace(heliosphere, states[:, :3], states[:, 3:], backwards=True, path_cap_AU=path, tolerance=1e-12)
    end = np.concatenate([end.position, end.momentum], axis=1)
    return np.linalg.det((end[:6] - end[6:]).T / (2 * np.diag(steps)))


# %% [markdown]
# > **Warm-up** (5 min, without a star) `determinant(0.01)` is the volume of the box. Predict how far it is off 1 for
# half the step, then run it. What would a straight line give?
#
# <details><summary>Answer</summary>
#
# A quarter as far: central differences are of second order. On a straight line momenta stay what they are, so the
# matrix is triangular with ones on its diagonal: 1 for any step.
# </details>

# %% [markdown]
# > **Exercise 1.1** (15 min, ★★, assesses: orders of convergence)
#
# Notebook 01 says that what limits the determinant is the size of the box: halve it, and the error falls to a quarter.
# Check such a statement without knowing the limit. A quantity $f(h)$ with $f(h) = f_0 + c\,h^p + \dots$ is computed at
# $h$, $h/r$ and $h/r^2$. Write `observed_order(values, ratio)` that returns $p$ from the three values.
#
# <details><summary>Hint</summary>
#
# Two differences do not contain $f_0$. Their quotient contains neither $f_0$ nor $c$.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_1_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def observed_order(values, ratio):
    """Order p from f(h), f(h/ratio), f(h/ratio^2)."""
    ### BEGIN SOLUTION
    coarse, middle, fine = values
    return np.log(abs((coarse - middle) / (middle - fine))) / np.log(ratio)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_1_1_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
print("order of the box:", observed_order([determinant(step) for step in (0.04, 0.02, 0.01)], 2.0))
### BEGIN HIDDEN TESTS
for limit, factor in ((1.0, 0.3), (0.0, 0.3), (5.0, -2.0)):
    for order, ratio in ((1, 2.0), (2, 2.0), (4, 2.0), (2, 3.0), (1, 10.0)):
        found = observed_order([limit + factor * (0.1 / ratio**k) ** order for k in range(3)], ratio)
        assert np.ndim(found) == 0, "observed_order has to return one number, the order p"
        assert limit == 1.0 or abs(found - order) < 0.01, (
            f"the limit is not known: values that tend to {limit:g} with order {order} gave {found:.2f}. Only "
            "differences of values may enter, not their distance from 1 or any other number"
        )
        assert not np.isclose(found, -order), "the sign of the order is wrong: errors that shrink with h have p > 0"
        assert abs(found - order) < 0.01, (
            f"order {order} came out as {found:.3g} for steps that shrink by {ratio:g}: the logarithm of the quotient "
            "has to be divided by that of the ratio, whatever the ratio is"
        )
box = observed_order([determinant(step) for step in (0.04, 0.02, 0.01)], 2.0)
assert abs(box - 2.0) < 0.3, f"central differences make the box converge with order 2, not {box:.2f}"
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 1.2** (20 min, ★★, assesses: spotting a planted error with a test)
#
# One of your group has written the boost to the plasma frame anew, and his map of the Compton-Getting effect has the
# right amplitude. Something is wrong with it all the same. Write a test: `is_compton_getting(boost)` takes a function
# `boost(momentum, velocity, mass)` as `boost_momentum` is one, and returns whether an observer who moves at `velocity`
# through particles that are isotropic in the plasma, $f \propto p^{-4.7}$, sees the excess that he must see. It has to
# accept every right boost and to refuse every wrong one, not this one only.
#
# <details><summary>Hint</summary>
#
# Notebook 01 does it: an observer moving along $+z$ looks in direction $\mathbf n$ at a particle of momentum
# $-p\,\mathbf n$; seen from him the plasma moves at $-\mathbf V$. To first order $I = 1 + 4.7\,(V/c)\cos\theta$. What
# three things does that formula say?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_1_2_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def suspect(momentum, velocity, mass):
    """A boost with something wrong."""
    momentum, velocity = np.asarray(momentum, float), np.asarray(velocity, float)
    energy = np.sqrt(np.sum(momentum**2, axis=-1) + mass**2)
    return momentum + energy[..., None] * velocity


# %% nbgrader={"grade": false, "grade_id": "ex_1_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def is_compton_getting(boost):
    """Whether a boost gives the Compton-Getting effect: size, shape and direction."""
    ### BEGIN SOLUTION
    speed, angle = 25.4 * KM_S, np.linspace(0.0, np.pi, 19)
    ahead = np.stack([np.sin(angle), 0.0 * angle, np.cos(angle)], axis=-1)
    in_plasma = boost(-4.0 * ahead, [0.0, 0.0, -speed], PROTON_MASS_TV)
    intensity = (np.linalg.norm(in_plasma, axis=-1) / 4.0) ** -4.7
    return bool(np.all(np.abs(intensity - 1.0 - 4.7 * speed * np.cos(angle)) < 0.02 * 4.7 * speed))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_1_2_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
print("the package's boost:", is_compton_getting(boost_momentum), " the suspect:", is_compton_getting(suspect))
### BEGIN HIDDEN TESTS


def first_order(momentum, velocity, mass):
    return suspect(momentum, -np.asarray(velocity, float), mass)


def with_rest_mass(momentum, velocity, mass):
    return np.asarray(momentum, float) - mass * np.asarray(velocity, float)


def twice(momentum, velocity, mass):
    return boost_momentum(momentum, 2.0 * np.asarray(velocity, float), mass)


def only_energy(momentum, velocity, mass):
    momentum = np.asarray(momentum, float)
    return momentum * (1.0 + np.linalg.norm(velocity))


assert is_compton_getting(boost_momentum), "the test refuses a right boost: mind that an excess comes from ahead"
assert is_compton_getting(first_order), "the test refuses p - E V, which is right to first order: allow for (V/c)^2"
assert not is_compton_getting(suspect), (
    "the suspect is accepted: its amplitude is right and its sign is not. The excess has to come from ahead, so compare "
    "with cos(theta) itself and not with its size"
)
assert not is_compton_getting(twice), "a boost with twice the speed is accepted: the amplitude is not tested"
assert not is_compton_getting(with_rest_mass), (
    "p - m V is accepted, which gives next to no effect at 4 TV: the amplitude is not tested"
)
assert not is_compton_getting(only_energy), "a change of p that is the same from all sides is accepted: test the shape"
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 1.3** (10 min, ★, assesses: limits, what an exponent belongs to)
#
# Write `compton_getting(alpha, speed_km_s)`: the amplitude of the dipole that an observer moving at that speed sees in
# the *intensity* of relativistic particles whose flux falls as $p^{-\alpha}$. Before you write it, answer for yourself:
# for which $\alpha$ does he see nothing at all?
#
# <details><summary>Hint</summary>
#
# $f$ is what is conserved, and $I = p^2 f$. If $f$ does not depend on $p$, no change of frame can be seen in it.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_1_3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def compton_getting(alpha, speed_km_s):
    """Dipole amplitude, dimensionless."""
    ### BEGIN SOLUTION
    return (alpha + 2.0) * speed_km_s * KM_S
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_1_3_check", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
print("25.4 km/s, flux ~ p^-2.7:", compton_getting(2.7, 25.4))
### BEGIN HIDDEN TESTS
assert abs(compton_getting(-2.0, 100.0)) < 1e-12, (
    "a flux ~ p^2 belongs to an f that does not depend on p, and no observer sees it change: the exponent is that of f, "
    "alpha + 2, not that of the flux"
)
assert compton_getting(2.7, 0.0) == 0.0, "an observer at rest sees no dipole"
for alpha, speed in ((2.7, 25.4), (2.0, 10.0), (3.3, 370.0)):
    in_plasma = boost_momentum([[0.0, 0.0, -1e3], [0.0, 0.0, 1e3]], [0.0, 0.0, -speed * KM_S], PROTON_MASS_TV)
    ahead, behind = (np.linalg.norm(in_plasma, axis=1) / 1e3) ** -(alpha + 2.0)
    exact, found = 0.5 * (ahead - behind), compton_getting(alpha, speed)
    assert not 0.5 < found / exact / 3e5 < 2.0, "speeds are in km/s and have to be divided by that of light (KM_S)"
    assert abs(found / exact - 1.0) < 0.01, (
        f"flux ~ p^-{alpha:g}, {speed:g} km/s: the exact boost gives {exact:.3e}, the answer {found:.3e}. The exponent in "
        "(p/p_0)^-gamma is that of f"
    )
### END HIDDEN TESTS
