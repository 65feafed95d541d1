# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises to 09: scattering, focusing, and what the numbers are worth
#
# Read notebook 09 first. Write into the cells that say so; the others run as they are, and cells of your own may be added.
# Hidden checks test what a right answer does, not how it is written. Save, then in a terminal, in the folder of this file:
# `lisbon check 09_transport.ipynb`.

# %% nbgrader={"grade": false, "grade_id": "ex_9_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np

from lisbon_core.transport import CosineScattering, IsotropicScattering, mean_free_path_pc, stationary_pad

# %% [markdown]
# > **Warm-up** (5 min, without a star) $1/L$ = 0.02 ± 0.02 per pc. What do you say about $L$?
#
# <details><summary>Answer</summary>
#
# It may be anything beyond 25 pc, or infinite, or, at two errors, negative and beyond 50 pc: not 50 ± 50 pc.
# </details>

# %% [markdown]
# > **Exercise 9.1** (20 min, ★★, assesses: errors of a reciprocal, limits)
#
# A fit returns $x = 1/L$ with a Gaussian error $\sigma$. The suspect states $L = 1/x \pm \sigma/x^2$, always. Write
# `interval_of_L(x, sigma)`: the pair (smallest, largest) of the $L$ with $1/L$ within one $\sigma$ of $x$, or None where these
# $L$ are no interval, so that nobody can write $L \pm$ something.
#
# <details><summary>Hint</summary>
#
# Which $L$ belongs to $1/L = 0$? Draw $L$ against $1/L$, on both sides of zero.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_9_1_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def suspect_interval(x, sigma):
    """L minus and plus its error, with something wrong."""
    return 1.0 / x - sigma / x**2, 1.0 / x + sigma / x**2


# %% nbgrader={"grade": false, "grade_id": "ex_9_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def interval_of_L(x, sigma):
    """(smallest, largest) L with |1/L - x| <= sigma, or None."""
    ### BEGIN SOLUTION
    if abs(x) <= sigma:
        return None
    return 1.0 / (x + sigma), 1.0 / (x - sigma)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_9_1_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
print(interval_of_L(1 / 17.8, 0.007), interval_of_L(1 / 17.8, 0.03), interval_of_L(0.01, 0.03))
### BEGIN HIDDEN TESTS
for x, sigma in ((0.01, 0.03), (-0.01, 0.03), (0.0, 0.01)):
    assert interval_of_L(x, sigma) is None, (
        f"1/L = {x:g} +- {sigma:g} includes zero, no focusing at all: then L runs through infinity and changes its sign, and no "
        "interval holds it. Return None"
    )
for x, sigma in ((0.056, 0.007), (0.056, 0.03), (-0.056, 0.02), (2.0, 0.1)):
    found = interval_of_L(x, sigma)
    assert found is not None, f"1/L = {x:g} +- {sigma:g} keeps its sign, and so does L: this is an interval"
    low, high = found
    assert low < high, "the smaller L comes first: it belongs to the larger 1/L, and mind negative ones"
    assert not np.allclose(found, suspect_interval(x, sigma), rtol=1e-6), (
        "sigma/x^2 is the error of L only while sigma is small against x: an interval of 1/L is not symmetric in L"
    )
    assert np.allclose(sorted([1 / low, 1 / high]), [x - sigma, x + sigma]), (
        f"the ends {low:.3g} and {high:.3g} do not belong to 1/L = {x:g} -+ {sigma:g}: turn the ends of the interval, not its middle"
    )
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 9.2** (15 min, ★★, assesses: scalings, dimensional analysis)
#
# All lengths and rates are stated for $\kappa = 10^{29}$ cm²/s, $\kappa_{29} = 1$. Write `rescale(numbers, kappa29)`: takes a
# dictionary with `A_1`, `L_focusing` (pc), `gradient_length` (kpc), `T_0` (1/yr), `eta` for $\kappa_{29} = 1$ and returns the
# dictionary for another $\kappa_{29}$; the sky, of course, stays what it is.
#
# <details><summary>Hint</summary>
#
# Which of them is a number read off the sky, and has no length or time in it? With the speed of light, what does a unit
# twice as long do to a rate?
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_9_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def rescale(numbers, kappa29):
    """The same sky at another diffusion coefficient."""
    ### BEGIN SOLUTION
    power = {"A_1": 0, "eta": 0, "L_focusing": 1, "gradient_length": 1, "T_0": -1}
    return {name: value * kappa29 ** power[name] for name, value in numbers.items()}
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_9_2_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
stated = {"A_1": 1.885e-3, "L_focusing": 17.8, "gradient_length": 1.72, "T_0": 7.08e-7, "eta": -293.0}
print(rescale(stated, 3.0))
### BEGIN HIDDEN TESTS
for kappa29 in (0.1, 3.0, 1.0):
    found = rescale(dict(stated), kappa29)
    assert set(found) == set(stated), "all five numbers have to come back, under their names"
    assert np.isclose(found["A_1"], stated["A_1"]), "A_1 is read off the sky, a ratio of intensities: no kappa is in it"
    assert np.isclose(found["eta"], stated["eta"]), "eta is the slope of F, dimensionless and read off the sky: it stays"
    assert np.isclose(found["gradient_length"] * 1e3 * found["A_1"], mean_free_path_pc(kappa29), rtol=2e-3), (
        "Fick's law, A_1 = lambda/l with lambda = 3 kappa/v, does not hold any more: the gradient length goes with kappa"
    )
    assert np.isclose(found["L_focusing"] / found["gradient_length"], 17.8 / 1.72), (
        "L/l is read off the sky (the bend of F over its slope): both lengths scale alike"
    )
    assert np.isclose(found["T_0"] * found["L_focusing"], 7.08e-7 * 17.8), (
        "T_0 is a rate: with lengths twice as long and the speed of light, everything takes twice as long, and T_0 L stays"
    )
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 9.3** (25 min, ★★★, assesses: the paper's argument, the sign of L)
#
# Leave focusing out, and $D \propto (1-\mu^2)/F'$ comes out lopsided. Write `asymmetry(F1, q)`: $[D(\frac12) - D(-\frac12)] /
# [D(\frac12) + D(-\frac12)]$ for the $D$ of a steady flux tube, $h = (1 + q F_1)/F'$; `F1` is a function, $F - 1$. Then write
# `focusing(F1)`: the $q = \ell/L$ for which it vanishes. Mind which sign of the asymmetry means diverging lines.
#
# <details><summary>Hint</summary>
#
# The asymmetry is a smooth function of $q$: search for its zero (`scipy.optimize.brentq`, say between -400 and 400 while
# $1 + qF_1$ stays positive), or solve for it. Test with `stationary_pad`, where you know $q$.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_9_3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def asymmetry(F1, q):
    """Asymmetry of D at mu = 1/2, for a given focusing."""
    ### BEGIN SOLUTION
    step = 1e-4
    forward, backward = (
        (1.0 + q * F1(mu)) / ((F1(mu + step) - F1(mu - step)) / (2.0 * step)) for mu in (0.5, -0.5)
    )
    return (forward - backward) / (forward + backward)
    ### END SOLUTION


def focusing(F1):
    """The q = l/L that makes D symmetric."""
    ### BEGIN SOLUTION
    step = 1e-4
    slope, back = ((F1(mu + step) - F1(mu - step)) / (2.0 * step) for mu in (0.5, -0.5))
    return (slope - back) / (back * F1(0.5) - slope * F1(-0.5))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_9_3_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
example = stationary_pad(CosineScattering(-292.8, 1.0, 585.6), 96.6)
print(asymmetry(lambda mu: example(mu) - 1.0, 0.0), focusing(lambda mu: example(mu) - 1.0))
### BEGIN HIDDEN TESTS
for law in (IsotropicScattering(530.0), CosineScattering(-292.8, 1.0, 585.6), CosineScattering(200.0, 1.4, 700.0)):
    for q in (96.6, -120.0, 40.0):
        F = stationary_pad(law, q)

        def F1(mu, F=F):
            return F(mu) - 1.0

        alone, found = asymmetry(F1, 0.0), focusing(F1)
        assert np.sign(alone) == -np.sign(q), (
            f"with q = {q:g} and focusing left out D comes out with asymmetry {alone:+.3f}: diverging lines (q > 0) make F steeper "
            "on the side where it is larger, so 1/F' is smaller there"
        )
        assert abs(asymmetry(F1, q)) < 1e-3, (
            "with the true q put in, D is symmetric, and here it is not: h = (1 + q F_1)/F', with F_1 at the same mu as F'"
        )
        assert not np.isclose(found, -q, rtol=0.05), (
            f"q = {q:g} comes out as {found:.1f}: the sign of L is wrong, converging lines taken for diverging ones"
        )
        assert np.isclose(found, q, rtol=0.02), f"q = l/L is {q:g} and comes out as {found:.1f}: at q the asymmetry vanishes"
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 9.4** (20 min, ★★, assesses: a diagonal chi-square; written, 4 points)
#
# The paper states that $|T_0|$ is below $7.08\times10^{-7}/\kappa_{29}$ per year. This compendium, on a sky with errors of
# $10^{-4}$, finds a bound several times larger; with all pixels and bins taken for independent it finds one of the paper's
# size. Does that show that the paper is wrong? What does it show, what not, and what would you ask the authors?
#
# <details><summary>Hint</summary>
#
# What do you know of their sky, their covariance, their closure? Section "What the bound owes to the errors" of notebook 09.
# </details>

# %% [markdown] nbgrader={"grade": true, "grade_id": "ex_9_4", "locked": false, "points": 4, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Expected.** No. It shows that a bound of this size is what forgetting the overlap of pixels gives on a sky like ours; not
# that the authors did forget it, for neither their pixel errors nor how the bound was made is published. Their sky may be
# better than $10^{-4}$. The bound also rests on holding $L$ at its flux-tube value: $L$ and $T_0$ are one number. To ask: the
# covariance used, the chi-square with its degrees of freedom, whether $L$ was held, bootstrap replicas of the bound.
#
# **Rubric.** 1 point: it does not show that the paper is wrong. 1 point: what it does show, with the reason (overlap of the
# averaging discs). 1 point: the role of L held, or of the closure. 1 point: a question whose answer would decide.
# ### END SOLUTION
