# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 Fit the interstellar anisotropy through the heliosphere
#
# > **Shows** the fit of Eqs. (1)–(3) to the sky, its errors, and how good it is. **Equations** (1), (2), (3). **Needs**
# > the sky (04) and the Liouville map (03). **Run time** about forty seconds, once the orbits are traced.
#
# Along an orbit the phase-space density is conserved, so the intensity in a direction at Earth is the interstellar
# density where that orbit comes from (`trace_samples`, notebook 03),
#
# $$ I(\theta,\phi) = p_0^2\, f(\mathbf x(\theta,\phi), \mathbf p(\theta,\phi)) \tag{1} $$
#
# and interstellar $f$ is assumed to depend on the pitch-angle cosine $\mu$, on a gradient across the field and on
# momentum:
#
# $$ I = \left[1 + A_1P_1(\mu) + \dots + A_nP_n(\mu) + G_xR_x + G_yR_y\right]\left(\frac{p}{p_0}\right)^{-\gamma} \tag{3} $$
#
# $P_n$ are the Legendre polynomials and $A_n$ their coefficients. $\mathbf R$ is the guiding centre. Its components across
# the field are $R_x$, along $e_x$, which is the direction of the interstellar flow as far as it crosses the field, and
# $R_y$, across both. $G_x$ and $G_y$ are the components of the gradient. $p/p_0$ is the momentum of notebook 03 over that at
# Earth, and $\gamma$ is `p_index` $= \alpha + 2$ for a flux that falls as $p^{-\alpha}$.

# %% tags=["parameters"]
order: int = 7  # highest Legendre order fitted
p_index: float = 4.7  # exponent of p/p_0 in Eq. (3), alpha + 2
field_uG: float = 3.4  # strength of the interstellar field, microgauss
seed: int = 20060101  # of every random number
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
import numpy as np
from numpy.polynomial.legendre import Legendre

from lisbon_core import plots
from lisbon_core.anisotropy import fit_coefficients, fit_design, parameter_names
from lisbon_core.anisotropy.terms import mean_columns
from lisbon_core.claims import anisotropy_claims, otherwise_made
from lisbon_core.ground.rounding import formula
from lisbon_core.run import Run
from lisbon_core.tools.notebook import expect, number, record, say, show
from lisbon_core.tools.tables import page_table

run = Run.from_namespace(globals())
sky, fit = run.sky, run.fit
shown_sky = fit.of_sky()  # of several skies, maps show the first
names = parameter_names(fit.order)
called = [formula(name) for name in names]
say(f"**{run.label}.**")

# %% [markdown]
# ## One direction of the sky
#
# Many orbits belong to one direction, since it is averaged over a season, a solar cycle and all rigidities of the detector.
# Each has its own $\mu$, $\mathbf R$ and $p$; what arrives is the mean. So Eq. (3) for one direction is a row of numbers, each
# the mean of one term:

# %%
ring, column = np.argwhere(sky.observed)[sky.observed.sum() // 2]
here = (slice(None), ring, column)  # all orbits of that direction
liouville = run.liouville
mu, R_x, R_y = liouville.mu[here], liouville.R_x[here], liouville.R_y[here]
legendre = [Legendre.basis(n)(mu) for n in range(order + 1)]  # P_0 = 1
factor = liouville.momentum_ratio[here] ** -p_index
row = np.mean(np.array([*legendre, R_x, R_y]) * factor, axis=1)

# the package, for all directions at once
rows, _ = mean_columns(liouville, order, p_index)
assert np.allclose(row, rows[ring * sky.ra.size + column], rtol=1e-9, atol=1e-12)

# %% tags=["hide-input"]
say(
    f"At right ascension {sky.ra[column]:.0f}° and declination {sky.dec[ring]:.0f}° there are {mu.size} orbits, with μ from "
    f"{number(float(mu.min()))} to {number(float(mu.max()))}. Their row:\n\n"
    + page_table([[number(float(one), None, "AU" * (k > order)) for k, one in enumerate(row)]], ["1", *called])
)

# %% [markdown]
# ## The fit
#
# The sky has been through Eq. (2), so the model, averaged over discs like the sky, goes through it too. The ring mean in
# the denominator of Eq. (2) makes the fit a little non-linear: it is solved a few times, each time from the slope where the last one ended.

# %%
C, C_ring = fit.design.columns, fit.design.ring_columns  # rows, and their ring means
weight, data = fit.design.weight, fit.data  # 1/sigma^2, relative intensity
steps = fit.design.told  # of size 1, in each combination that the sky tells of
theta = np.zeros(order + 2)  # the coefficients, no angle: A_1 ... A_n, G_x, G_y
for _ in range(20):
    mean = C_ring @ [1, *theta]
    model = C @ [1, *theta] / mean  # Eq. (2) of Eq. (3)
    slope = (C - model[:, None] * C_ring)[:, 1:] / mean[:, None] @ steps
    normal = (slope.T * weight) @ slope
    theta = theta + steps @ np.linalg.solve(normal, (slope.T * weight) @ (data - model))

# the package, with a Liouville map taken as exact
fast = fit_design(fit.design.exact(), data)
assert np.all(np.abs(theta - fast.theta) < 1e-5 * fast.sigma)

# %% [markdown]
# The map is not exact: it is a sample of orbits. Noise in a row makes its coefficient too small. How much noise there is, the
# two halves of the sample tell, which share no orbit, and `fit_anisotropy` takes its effect out. So these are the coefficients:

# %% tags=["hide-input"]
truth = run.truth.claims(fit.order) if run.truth else None
systematic = run.systematic.error(run.systematic.theta) if run.systematic else None
pulls = (fit.theta - [truth[name] for name in names]) / fit.sigma if truth else None
cells = []
for k, name in enumerate(names):
    of_both = None if systematic is None else float(systematic[k])
    unit = "" if k < order else "1/AU"
    true = truth[name] if truth else 0.0
    cells.append([called[k], number(float(fit.theta[k]), float(fit.sigma[k]), unit, [true], of_both)])
    if truth:
        cells[-1] += [number(true, None, unit, [float(fit.theta[k])]), f"{pulls[k]:+z.1f}".replace("-", "−").replace("+0.0", "0.0")]
errors = "± statistical" + " ± systematic" * bool(run.systematic)
say(page_table(cells, ["", f"fitted {errors}", *(["truth", "pull"] if truth else [])]))
if fit.untold.size:
    say(f"Of {order + 2} combinations of these the sky does not tell {fit.untold.shape[1]}. They are left at zero, with an error as large as "
        "the intensity, and so what they are made of has large errors: lower the order, or widen the declinations.")
off = (fit.theta - theta) / fit.sigma
most = int(np.argmax(np.abs(off)))
say(
    f"Taking the noise of the map out moves {called[most]} most, by {abs(off[most]):.1f} of its statistical errors."
    + " The pull is the difference from the truth in statistical errors." * bool(truth)
)

# %% tags=["hide-input"]
largest = np.argsort(-np.abs(fit.theta[:-2]))[:2]
fig = plots.coefficients(
    names[:-2], fit.theta[:-2], fit.sigma[:-2], [truth[name] for name in names[:-2]] if truth else None
)
longer = ""
if run.systematic:
    times = (systematic / fit.sigma)[:-2]
    longer = f"; the systematic ones, in the table above, are {times.min():.0f} to {times.max():.0f} times as long"
show(fig, "05_coefficients", run_dir, label=run.label, largest=names[largest[0]], longer=longer)
if len(largest) > 1:
    times = abs(fit.theta[largest[0]] / fit.theta[largest[1]])
    say(f"{called[largest[0]]} is {times:.0f} times the next largest, {called[largest[1]]}.")

# %% [markdown]
# This is the sky that they make, beside the observed one, and what it leaves over:

# %% tags=["hide-input"]
residual = sky.relative_intensity - shown_sky.relative_intensity
fig = plots.skies(
    {"observed": sky.relative_intensity, "fitted": shown_sky.relative_intensity, "residual": 1 + residual},
    sky.dec,
    sky.ra,
    field_icrs=run.liouville.field_icrs,
    own="residual",
)
share = 100 * np.nanstd(residual) / np.nanstd(sky.relative_intensity)
show(fig, "05_residual", run_dir, label=run.label, share=share)

# %% [markdown]
# ## Its errors
#
# Each pixel is an average over a disc of 5 degrees radius, which on a grid of 2° holds about twenty pixels, which err together.
# How errors hang together is their **covariance**. It goes through the fit: what the noise of the sky, a matrix times
# independent numbers, does to the coefficients.

# %%
solved = np.linalg.solve(normal, slope.T * weight)
estimator = steps @ solved  # change of theta with data
in_rings = estimator - fit.design.ring_mean(estimator.T).T  # Eq. (2) on the noise
shaken = (fit.design.noise.T @ in_rings.T).T  # by each independent number
honest = np.sqrt(np.sum(shaken**2, axis=1))
rounding = 1e-15 * np.linalg.cond(normal)  # of what the sky hardly tells
by_package = fast.budget["noise of the sky"]
assert np.allclose(honest, by_package, rtol=1e-6 + rounding)

# were pixels independent
independent = np.sqrt(np.diag(steps @ np.linalg.inv(normal) @ steps.T))

# %% tags=["hide-input"]
ratio = honest / independent
say(f"A fit that took the pixels for independent would claim errors {ratio.min():.1f} to {ratio.max():.1f} times too small.")

# %% [markdown]
# The sample of orbits errs too. Pixel by pixel half the difference of its halves is a draw of that error: like so much more
# noise of the sky, it goes into the errors and into chi-square. A synthetic sky was itself made through
# such a map, a sample of other and more orbits; the error of that sample is in the sky, and smaller (third row of the table).
#
# These errors are *statistical*: they take the heliosphere, the interstellar field and the detector's response as known.
# The last row is what is *systematic*: how far heliospheres and detectors that are as possible move the coefficients
# (notebook 11). It is the larger one.

# %% tags=["hide-input"]
causes = fit.budget | {"all of these": fit.sigma} | ({"**systematic**": systematic} if run.systematic else {})
scale = np.where(np.arange(order + 2) < order, 1e5, 1e8)
say(
    "Errors, of $A_n$ in 10⁻⁵, of $G$ in 10⁻⁸ per AU:\n\n"
    + page_table([[cause, *(f"{x:.1f}" for x in one * scale)] for cause, one in causes.items()], ["from", *called])
)

# %% [markdown]
# ## What the fit leaves over
#
# If the model is right, the residual, the last map above, is nothing but correlated noise: blobs of the size of the disc, and no pattern. The
# *reduced chi-square* puts that in a number, the mean square of the residuals over what their errors let expect: near 1,
# if all is well. Its own error follows from the *effective pixels*, as many independent ones as would tell the same.

# %%
chi2 = np.sum(weight * (data - fit.design.relative_intensity(fit.theta)[0]) ** 2)
assert np.isclose(chi2 / fit.chi2_expected, fit.chi2_reduced, rtol=1e-9)

# %% tags=["hide-input"]
say(
    f"Reduced chi-square {number(fit.chi2_reduced, fit.chi2_reduced_sigma)} for {fit.effective_pixels:.0f} effective "
    f"pixels among {fit.data.size}."
)

# %% [markdown]
# ## The check
#
# The fitted sky, fitted in its turn, must give the same coefficients back. On a synthetic sky they must also be the true
# ones within five of their errors.

# %%
model, _ = fit.design.relative_intensity(fit.theta)
again = fit_coefficients(fit.design.exact(), model)
assert np.all(np.abs(again - fit.theta) < 1e-6 * fit.sigma)

# %% tags=["hide-input"]
if truth:
    for difference in otherwise_made(run):
        say(f"Mind: {difference}. The coefficients need not be those that it was made from.")
    worst = int(np.argmax(np.abs(pulls)))
    say(f"Farthest from its truth is {called[worst]}, by {abs(pulls[worst]):.1f} of its errors.")
    expect(np.all(np.abs(pulls) < 5), "a coefficient is more than five of its errors from the truth", run.parameters)
record(run_dir, "05_anisotropy_fit", anisotropy_claims(run))

# %% [markdown]
# **A question the figure raises.** The residual of a real sky may show a pattern where the model has none. How would
# one tell a wrong field direction from a wrong heliosphere, or from structure that does not follow the pitch angle at
# all?
#
# Before: [04 Read a sky map, and see what its rings have lost](04_sky_map.ipynb) · Next: [06 Give the rings back what they have lost](06_renormalisation.ipynb)
