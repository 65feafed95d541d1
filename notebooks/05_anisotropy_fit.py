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
# > **Shows** the fit of Eqs. (1)-(3) to the sky, its errors, and how good it is. **Equations** (1), (2), (3). **Needs**
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
# The bracket is computed by `sample_columns`, orbit by orbit. $P_n$ are the Legendre polynomials and $A_n$ their
# coefficients; $\mathbf R$ is the guiding centre, with components $R_x$, $R_y$ across the field: along $e_x$, the
# direction of the interstellar flow's part across the field, and across both; $G_x$, $G_y$ are those of the gradient, $p/p_0$ is the momentum of notebook 03 over that at Earth, and $\gamma$ is `p_index` $= \alpha + 2$ for a flux falling as $p^{-\alpha}$.
# The sky has been through Eq. (2), so the model goes through it too; that is what makes the fit non-linear.

# %% tags=["parameters"]
order: int = 7  # highest Legendre order fitted
p_index: float = 4.7  # exponent of p/p_0 in Eq. (3), alpha + 2
field_uG: float = 3.4  # strength of the interstellar field, microgauss
seed: int = 20060101  # of every random number
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%

import numpy as np

from lisbon_core import plots
from lisbon_core.anisotropy import fit_coefficients, parameter_names
from lisbon_core.claims import anisotropy_claims, otherwise_made
from lisbon_core.run import Run
from lisbon_core.tools.notebook import expect, number, record, say, show

run = Run.from_namespace(globals())
sky, fit = run.sky, run.fit
shown_sky = fit.of_sky()  # of several skies, maps show the first
names = parameter_names(fit.order)
say(f"**{run.label}.**")

# %% [markdown]
# ## The fit
#
# `fit_anisotropy` takes the coefficients that make the sum of squared residuals least, each pixel counted in its error.
# But each pixel is an average over a disc of 5° on a grid of 2°, so about twenty of them share their data and err together.
# How errors hang together is their **covariance**; that of the averaging goes into the errors of the coefficients. A fit
# that took the pixels for independent would claim errors four to five times too small.

# %%
print(fit)

# %%
sigma = np.concatenate([one.sigma[one.observed] for one in run.skies])
jacobian = fit.design.relative_intensity(fit.theta)[1] / sigma[:, None]
naive = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))
noise_only = np.sqrt(np.diag(fit.noise @ fit.noise.T))
ratio = noise_only / naive
say(f"Errors with the covariance of the averaging are {ratio.min():.1f} to {ratio.max():.1f} times those of a fit to independent pixels.")

# %% [markdown]
# The Liouville map is itself a sample, so it errs too. It comes in two halves that share nothing, and pixel by pixel half
# their difference is a draw of that error: like so much more noise of the sky, it goes into the errors and into chi-square.
#
# These errors are *statistical*: they take the heliosphere, the interstellar field and the detector's response as known. The
# last row is what is *systematic*: how far heliospheres and detectors that could be as well move the coefficients
# (notebook 11). It is the larger one.
# A synthetic sky was made with a map as well, of other and more orbits, and errs by that much less.

# %%
rows = [f"| {words} | {' | '.join(f'{x:.1e}' for x in errors)} |" for words, errors in (fit.budget | {"all of these": fit.sigma}).items()]
if run.systematic:
    rows.append(f"| **systematic** | {' | '.join(f'{x:.1e}' for x in run.systematic.error(run.systematic.theta))} |")
say("| error from | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1) + "\n" + "\n".join(rows))

# %%
truth = run.truth.claims(fit.order) if run.truth else None
largest = np.argsort(-np.abs(fit.theta[:-2]))[:2]
fig = plots.coefficients(
    names[:-2], fit.theta[:-2], fit.sigma[:-2], [truth[name] for name in names[:-2]] if truth else None
)
show(
    fig,
    "05_coefficients",
    run_dir=run_dir,
    caption=f"Legendre coefficients of the pitch-angle distribution: {run.label}.",
    alt="Fitted Legendre coefficients with error bars against their order, and, on a synthetic sky, the truth as a "
    f"horizontal stroke; {names[largest[0]]} is the largest.",
)
if len(largest) > 1:
    say(f"{names[largest[0]]} is {abs(fit.theta[largest[0]] / fit.theta[largest[1]]):.0f} times the next largest, {names[largest[1]]}.")

# %% [markdown]
# ## What the fit leaves over
#
# If the model is right, the residual is nothing but correlated noise: blobs of the size of the disc, and no pattern. The
# *reduced chi-square* puts that in a number, the mean square of the residuals over what their errors let expect: near 1,
# if all is well. Its own error follows from the *effective pixels*, as many independent ones as would tell the same.

# %%
residual = 1 + sky.relative_intensity - shown_sky.relative_intensity
fig = plots.skies(
    {"observed": sky.relative_intensity, "fitted": shown_sky.relative_intensity, "residual": residual},
    sky.dec,
    sky.ra,
    field_icrs=run.liouville.field_icrs,
    own="residual",
)
show(
    fig,
    "05_residual",
    run_dir=run_dir,
    caption=f"Sky and model on one scale, the residual on its own: {run.label}.",
    alt="Three Mollweide maps: the observed sky, the smooth fitted sky, and the residual, whose r.m.s. is "
    f"{np.nanstd(residual) / np.nanstd(sky.relative_intensity):.0%} of that of the observed sky.",
)
say(
    f"Reduced chi-square {number(fit.chi2_reduced, fit.chi2_reduced_sigma)} for {fit.effective_pixels:.0f} effective "
    f"pixels among {fit.data.size}."
)

# %% [markdown]
# ## The check
#
# The fitted sky, fitted in its turn, must give the same coefficients back. On a synthetic sky they must also be the true
# ones within their errors.

# %%
again = fit_coefficients(fit.design.exact(), fit.design.relative_intensity(fit.theta)[0])
assert np.allclose(again, fit.theta, rtol=1e-8, atol=1e-12), "the model does not return its own coefficients"
if truth:
    pulls = np.array(
        [(value - truth[name]) / sigma for name, value, sigma in zip(names, fit.theta, fit.sigma, strict=True)]
    )
    say(
        "Pulls, (fitted − true)/error: "
        + ", ".join(f"{name} {pull:+.1f}" for name, pull in zip(names, pulls, strict=True))
    )
    for difference in otherwise_made(run):
        say(f"Mind: {difference}. The coefficients need not be those that it was made from.")
    expect(np.all(np.abs(pulls) < 5), "a coefficient is more than five of its errors from the truth", run.parameters)
record(run_dir, "05_anisotropy_fit", anisotropy_claims(run))

# %% [markdown]
# **A question the figure raises.** The residual of a real sky may show a pattern where the model has none. How would
# one tell a wrong field direction from a wrong heliosphere, or from structure that does not follow the pitch angle at
# all?
#
# Before: [04 Read a sky map, and see what its rings have lost](04_sky_map.ipynb) · Next: [06 Give the rings back what they have lost](06_renormalisation.ipynb)
