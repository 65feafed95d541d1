# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises to 07: the pitch-angle distribution
#
# Read notebook 07 first. Write into the cells that say so; the others run as they are, and cells of your own may be added.
# Hidden checks test what a right answer does, not how it is written. Save, then in a terminal, in the folder of this file:
# `lisbon check 07_pitch_angle_distribution.ipynb`.

# %% nbgrader={"grade": false, "grade_id": "ex_7_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
import numpy as np
from numpy.polynomial.legendre import legval
from scipy import stats
from scipy.linalg import toeplitz

edges = np.linspace(-1.0, 1.0, 9)
correlation = toeplitz(0.8 ** np.arange(8.0))
covariance = correlation * np.outer(*[np.linspace(1e-4, 2e-4, 8)] * 2)

# %% [markdown]
# > **Warm-up** (5 min, without a star) A particle is seen from where **B** points to, on a straight line. What is its
# $\mu$? And of one seen at a right angle to **B**?
#
# <details><summary>Answer</summary>
#
# −1: it comes from there, so it flies against **B**. And 0.
# </details>

# %% [markdown]
# > **Exercise 7.1** (25 min, ★★, assesses: a diagonal chi-square)
#
# The suspect tests whether bins agree with a model, and its p-values look reasonable on average. Neighbouring bins are
# correlated, though. Write `p_value(F, model, covariance)`: the probability that noise of that covariance would give a
# worse agreement than the one found, if the model is true. Before you write: how must a p-value be distributed if the model
# is true?
#
# <details><summary>Hint</summary>
#
# Mix the bins with any invertible matrix, and their covariance with them: nothing has happened to the data. What sum of
# squares stays the same? `scipy.stats.chi2.sf` gives its tail.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_7_1_given", "locked": true, "schema_version": 3, "solution": false, "task": false}
def suspect(F, model, covariance):
    """The p-value of bins against a model, with something wrong."""
    return stats.chi2.sf(np.sum((F - model) ** 2 / np.diag(covariance)), len(F))


draws = np.random.default_rng(7).multivariate_normal(np.zeros(8), covariance, 1000)
print("of 1000 true models the suspect throws out at 5 %:", np.sum([suspect(d, 0.0, covariance) < 0.05 for d in draws]))


# %% nbgrader={"grade": false, "grade_id": "ex_7_1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def p_value(F, model, covariance):
    """Chance of a worse agreement if the model is true."""
    ### BEGIN SOLUTION
    difference = F - model
    return stats.chi2.sf(difference @ np.linalg.solve(covariance, difference), len(F))
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_7_1_check", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
print("yours:", np.sum([p_value(d, np.zeros(8), covariance) < 0.05 for d in draws]))
### BEGIN HIDDEN TESTS
random = np.random.default_rng(77)
values = np.array([p_value(1.0 + d, np.ones(8), covariance) for d in random.multivariate_normal(np.zeros(8), covariance, 600)])
assert np.all((values >= 0.0) & (values <= 1.0)), "a p-value is a probability: it lies between 0 and 1"
ends = np.mean(values < 0.05), np.mean(values > 0.95)
assert min(ends) < 0.1, (
    f"{sum(ends):.0%} of the p-values of a true model lie in the outermost tenth: p-values of a true model are spread evenly. The "
    "bins are not independent: a diagonal chi-square throws out true models and praises bad ones"
)
assert stats.kstest(values, "uniform").pvalue > 1e-4, (
    f"p-values of a true model are spread evenly over 0 to 1, and these have a mean of {values.mean():.2f}: mind the number of "
    "degrees of freedom, which tail is meant, and whether errors or variances divide"
)
mix = random.normal(size=(8, 8))
for off in (0.0, 2e-4):
    F = 1.0 + covariance[0] / 2e-4 + off * np.arange(8) / 8.0
    assert np.isclose(p_value(F, np.ones(8), covariance), p_value(mix @ F, mix @ np.ones(8), mix @ covariance @ mix.T),
                      rtol=1e-3, atol=1e-9), "bins mixed with an invertible matrix hold the same data: p must not change"
assert p_value(1.0 + 8e-4 * (-1.0) ** np.arange(8), np.ones(8), covariance) < 1e-6, (
    "a zigzag is what correlated bins do not do: it has to be refused although each bin alone is within some errors"
)
### END HIDDEN TESTS

# %% [markdown]
# > **Exercise 7.2** (20 min, ★★, assesses: what a bin is, limits)
#
# Bins of $F$ are averages over their width. Write `legendre_from_bins(F, edges, order)` that returns $A_1 \dots A_n$ of $F
# = 1 + \sum A_nP_n(\mu)$ by least squares. Given exact bin averages of a series of that order it must return the
# coefficients exactly, for few wide bins too. The usual short cut takes $P_n$ at the bin centres: find out what it costs for
# $A_7$ and sixteen bins.
#
# <details><summary>Hint</summary>
#
# $\int P_n = (P_{n+1} - P_{n-1})/(2n+1)$; or `numpy.polynomial.legendre.legint`.
# </details>


# %% nbgrader={"grade": false, "grade_id": "ex_7_2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def legendre_from_bins(F, edges, order):
    """Legendre coefficients A_1 ... A_order from averages of F over bins."""
    ### BEGIN SOLUTION
    columns = []
    for n in range(1, order + 1):
        integral = np.polynomial.legendre.legint([0.0] * n + [1.0])
        columns.append(np.diff(legval(edges, integral)) / np.diff(edges))
    return np.linalg.lstsq(np.stack(columns, axis=1), F - 1.0)[0]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "ex_7_2_check", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
print(legendre_from_bins(1.0 + 2e-3 * 0.5 * (edges[1:] + edges[:-1]), edges, 3))
### BEGIN HIDDEN TESTS


def averages(A, edges):
    nodes, weights = np.polynomial.legendre.leggauss(30)
    middle, half = 0.5 * (edges[1:] + edges[:-1])[:, None], 0.5 * np.diff(edges)[:, None]
    return 0.5 * legval(middle + half * nodes, [1.0, *A]) @ weights


random = np.random.default_rng(72)
for order, bins in ((1, np.linspace(-1, 1, 3)), (3, np.linspace(-1, 1, 7)), (7, np.linspace(-1, 1, 17)),
                    (5, np.sort(np.append(random.uniform(-1, 1, 9), [-1.0, 1.0])))):
    A = random.normal(size=order) * 1e-3
    found = np.asarray(legendre_from_bins(averages(A, bins), bins, order))
    assert found.shape == (order,), f"{order} coefficients are asked for, A_1 to A_{order}: A_0 is 1 and not among them"
    centres = 0.5 * (bins[1:] + bins[:-1])
    short = np.linalg.lstsq(np.polynomial.legendre.legvander(centres, order)[:, 1:], averages(A, bins) - 1.0)[0]
    assert np.allclose(short, A, rtol=1e-3) or not np.allclose(found, short, rtol=1e-4), (
        f"this takes P_n at the bin centres: with {len(centres)} bins it is wrong by {np.abs(short - A).max():.0e}, for every "
        "bin is an average, so average P_n over it"
    )
    assert np.allclose(found, A, rtol=1e-6, atol=1e-9), (
        f"exact bin averages of a series of order {order} in {len(centres)} bins give coefficients wrong by "
        f"{np.abs(found - A).max():.0e}. The P_n are not orthogonal over a few bins of any width: fit all of them together"
    )
### END HIDDEN TESTS
