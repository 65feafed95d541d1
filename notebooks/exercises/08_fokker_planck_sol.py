# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises to 08: the Fokker-Planck equation of focused transport
#
# Read notebook 08 first. Write into the cells that say so; the others run as they are, and cells of your own may be added.
# Hidden checks test what a right answer does, not how it is written. Save, then in a terminal, in the folder of this file:
# `lisbon check 08_fokker_planck.ipynb`.

# %% nbgrader={"grade": false, "grade_id": "ex_8_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from lisbon_core.studies.other_solvers import finite_volume_pad, first_order_pad
from lisbon_core.transport import CosineScattering, IsotropicScattering, mean_free_path_pc, stationary_pad

law = CosineScattering(-292.8, 1.0, 585.6)  # the law of Eq. (6) that the default sky was made with

# %% [markdown]
# > **Warm-up** (5 min, without a star) Where scattering is strong, is $F$ steep or flat? And what must $F$ be if
# nothing flows and nothing focuses?
#
# <details><summary>Answer</summary>
#
# Flat: without focusing the slope is the inverse of the scattering. Without a gradient there is nothing to be carried,
# and $F = 1$.
# </details>

# %% [markdown]
# > **Exercise 8.1** (25 min, ★★★, assesses: spotting a planted error with a test, the sign of L)
#
# In a steady flux tube Eq. (5) integrates once, to $h\,F' = 1 + q\,F_1$ with $F_1 = F - 1$, mean zero, and $q = \ell/L$.
# Somebody's solver, `suspect`, has lost a sign: it takes converging field lines for diverging ones. Without focusing it is
# right, its mean is right, its dipole looks right. Write `solves(F, law, q)` that tells whether a function `F(mu)` is the
# solution for a law with `law.h(mu)`.
#
# <details><summary>Hint</summary>
#
# Put $F$ into the equation: its slope by differences at some $\mu$, and both sides compared. What is the size of $q F_1$
# next to 1 for $q = 97$, and how well do you have to know the slope to see it?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_8_1_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def suspect(law, q):
    """A solution of Eq. (5), with something wrong."""
    return stationary_pad(law, -q)


# %% nbgrader={"grade": false, "grade_id": "ex_8_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def solves(F, law, q):
    """Whether F is the stationary distribution in a steady flux tube."""
    ### BEGIN SOLUTION
    nodes, weights = np.polynomial.legendre.leggauss(200)
    mu, step = np.linspace(-0.95, 0.95, 39), 1e-4
    slope = (F(mu + step) - F(mu - step)) / (2.0 * step)
    right = 1.0 + q * (F(mu) - 1.0)
    return bool(np.allclose(law.h(mu) * slope, right, rtol=1e-3) and abs(weights @ F(nodes) / 2.0 - 1.0) < 1e-7)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_8_1_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
print("the package:", solves(stationary_pad(law, 97.0), law, 97.0), " the suspect:", solves(suspect(law, 97.0), law, 97.0))
### BEGIN HIDDEN TESTS
for one in (law, IsotropicScattering(530.0), CosineScattering(100.0, 1.5, 400.0)):
    for q in (97.0, -150.0, 0.0):
        assert solves(stationary_pad(one, q), one, q), (
            f"the test refuses the right solution for q = {q:g}: allow for the error of your differences, and for q of either "
            "sign"
        )
    for q in (97.0, -150.0):
        assert not solves(suspect(one, q), one, q), (
            f"the suspect is accepted for q = {q:g}: its mean is right, and its limit without focusing. Only the equation with "
            "q in it knows the sign of L: diverging lines (q > 0) make F steeper where it is larger"
        )
        assert not solves(stationary_pad(one, 0.0), one, q), (
            f"the solution without focusing is accepted for q = {q:g}: the test has to be finer than q F_1, about a tenth"
        )
    other = stationary_pad(one, 97.0)
    free = stationary_pad(one, 0.0)
    assert not solves(lambda mu, free=free: free(mu) + 1e-3, one, 0.0), (
        "for q = 0 a distribution of mean 1.001 is accepted: it obeys the equation, but besides that the mean has to be 1"
    )
    assert not solves(lambda mu, other=other: 2.0 - other(-np.asarray(mu)), one, 97.0), (
        "F mirrored in mu and in sign is accepted: its slope is right only without focusing"
    )
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 8.2** (25 min, ★★★, assesses: what a closure does, signs and limits)
#
# For isotropic scattering and weak focusing the quadrupole of $F$ tells $1/L$: to first order $A_2 = \frac{2}{3}\,\xi A_1
# \left(\frac16 + \frac{L}{3\Lambda}\right)$, with $\xi = \lambda/L$ and $\Lambda$ the length over which the streaming falls.
# Write `inverse_L(A_1, A_2, mean_free_path, closure)`, in one over the unit of the mean free path, for 'flux-tube'
# ($\Lambda = L$) and 'uniform' ($\Lambda = \infty$). How far are the two apart for the same sky?
#
# <details><summary>Hint</summary>
#
# `stationary_pad(IsotropicScattering(530.0), q, closure).legendre(2)` makes examples: there $\lambda/L = q A_1$ nearly, for
# $A_1 = \lambda/\ell$. Field lines may converge: $L < 0$. And density may rise along B: $A_1 < 0$.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_8_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def inverse_L(A_1, A_2, mean_free_path, closure):
    """1/L from the quadrupole, isotropic scattering, weak focusing."""
    ### BEGIN SOLUTION
    factor = {"flux-tube": 3.0, "uniform": 9.0}[closure]
    return factor * A_2 / A_1 / mean_free_path
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_8_2_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
for closure in ("flux-tube", "uniform"):
    print(closure, "L =", 1.0 / inverse_L(1.885e-3, 1.1e-4, mean_free_path_pc(1.0), closure), "pc")
### BEGIN HIDDEN TESTS
for h in (530.0, -800.0):
    for q in (10.0, -10.0, 40.0):
        found = {}
        for closure in ("flux-tube", "uniform"):
            A_1, A_2 = stationary_pad(IsotropicScattering(h), q, closure).legendre(2)
            true = q * A_1 / 3.243  # lambda/l = A_1, so 1/L = q/l = q A_1/lambda
            found[closure] = inverse_L(A_1, A_2, 3.243, closure)
            assert np.sign(found[closure]) == np.sign(true), (
                f"1/L = {true:.3g} per pc comes out with the other sign: converging lines (L < 0) and a density that rises along "
                "B (A_1 < 0) are legal, and the sign of L is that of A_2/A_1"
            )
            assert not np.isclose(found[closure], 3.0 * true, rtol=0.1), (
                f"three times too large under '{closure}': the other closure's factor. In a flux tube L/Lambda = 1, in a uniform "
                "gradient 0"
            )
            assert not np.isclose(found[closure], true / 3.0, rtol=0.1), (
                f"three times too small under '{closure}': the other closure's factor. In a flux tube L/Lambda = 1, in a uniform "
                "gradient 0"
            )
            assert np.isclose(found[closure], true, rtol=0.05), (
                f"'{closure}': 1/L is {true:.4g} per pc and comes out as {found[closure]:.4g}; xi = lambda/L, and A_2 is "
                "proportional to it and to A_1"
            )
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 8.3** (20 min, ★★, assesses: orders of convergence, what an approximation is good for)
#
# `first_order_pad` drops what is of higher order in the focusing, `finite_volume_pad` has cells of finite width. Measure both
# orders against `stationary_pad`, and fill in the three numbers: the power of $q$ with which the error of the first grows for
# weak focusing, the power of the cell's width with which that of the second falls, and the largest $|q|$ (to 20 %) at which
# the first is good to one percent of its largest $|F_1|$ for the law above.
#
# <details><summary>Hint</summary>
#
# Double $q$, halve the width, and take logarithms of the quotient of errors. Compare cell averages with
# `bin_means(edges)`: for wide cells the value at the centre is something else.
# </details>

# %% nbgrader={"grade": false, "grade_id": "ex_8_3", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION
mu = np.linspace(-1.0, 1.0, 201)


def first_order_error(q):
    """Largest error of the weak-focusing formula over the largest F_1."""
    exact = stationary_pad(law, q)(mu) - 1.0
    return np.abs(first_order_pad(law, q)(mu) - 1.0 - exact).max() / np.abs(exact).max()


def volume_error(cells):
    """Largest error of the finite volumes."""
    edges, F1, _ = finite_volume_pad(law, 97.0, cells=cells)
    return np.abs(F1 - stationary_pad(law, 97.0).bin_means(edges) + 1.0).max()


order_in_q = np.log2(first_order_error(20.0) / first_order_error(10.0))
order_in_width = np.log2(volume_error(200) / volume_error(400))
q = np.geomspace(10.0, 200.0, 400)
largest_q = q[np.array([first_order_error(one) for one in q]) < 0.01].max()
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "ex_8_3_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
print(order_in_q, order_in_width, largest_q)
### BEGIN HIDDEN TESTS
grid = np.linspace(-1.0, 1.0, 201)
tried = np.geomspace(5.0, 300.0, 200)
missed = []
for one in tried:
    exact = stationary_pad(law, one)(grid) - 1.0
    missed.append(np.abs(first_order_pad(law, one)(grid) - 1.0 - exact).max() / np.abs(exact).max())
limit = tried[np.array(missed) < 0.01].max()
assert not abs(order_in_q - 1.0) < 0.3, (
    "order 1 in q: what is left out is of higher order than what is kept. The terms with q are in, so the error begins with q^2"
)
assert abs(order_in_q - 2.0) < 0.3, f"a first-order formula errs with the square of q for small q, not with power {order_in_q:.2g}"
assert abs(order_in_width - 2.0) < 0.3, (
    f"finite volumes with centred fluxes are of second order in the width, not {order_in_width:.2g}: half the width, a quarter of "
    "the error. Positive, and per halving of the width, not per cell"
)
assert 0.8 < largest_q / limit < 1.25, (
    f"one percent is reached near q = {limit:.0f}, not {largest_q:.0f}: the error is to be compared with the largest |F_1|, a few "
    "thousandths, and not with F itself, which is about 1"
)
### END HIDDEN TESTS
