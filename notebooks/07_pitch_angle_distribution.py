# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 From the renormalised sky to the pitch-angle distribution
#
# > **Shows** F(μ), binned and as a Legendre series, with its covariance. **Equations** (4). **Needs** the renormalised
# > sky (06). **Run time** a quarter of a minute, once the orbits are traced.
#
# Each pixel of the renormalised sky, freed of the momentum factor and of the perpendicular gradient, is a sample of
# the interstellar pitch-angle distribution:
#
# $$ \mathrm{PAD} = I_{rn}\,(p/p_0)^{\gamma} - (G_xR_x + G_yR_y) \tag{4} $$
#
# $\gamma$, $p/p_0$, $G$ and $R$ are those of Eq. (3). `pitch_angle_distribution` computes it and gathers it in bins of
# $\mu$; the distribution of mean 1 that comes out is called $F(\mu)$ from here on.

# %% tags=["parameters"]
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
from dataclasses import replace

import numpy as np
from numpy.polynomial.legendre import Legendre

from lisbon_core import plots
from lisbon_core.anisotropy import pitch_angle_distribution
from lisbon_core.liouville import straight_lines
from lisbon_core.run import Run
from lisbon_core.studies.gyrotropy import GYROTROPY_TERMS, gyrotropy_columns, gyrotropy_test
from lisbon_core.tools.notebook import expect, number, say, show
from lisbon_core.tools.tables import page_table
from lisbon_core.transport.posterior import whiten

run = Run.from_namespace(globals())
pad, fit, sky, liouville = run.pad, run.fit.of_sky(), run.sky, run.liouville
say(f"**{run.label}.**")

# %% [markdown]
# This is what comes out, with errors that the rest of this notebook explains:

# %% tags=["hide-input"]
undistorted = straight_lines(run.heliosphere, sky.dec, sky.ra, run.response.scale_TV).mu[0][sky.observed]
bins = np.digitize(undistorted, pad.edges[1:-1])
sums, weights = (np.bincount(bins, fit.design.weight * values, pad.mu.size)
                 for values in (sky.relative_intensity[sky.observed], np.ones(bins.size)))
ignoring = np.where(weights > 0, sums / np.where(weights > 0, weights, 1.0), np.nan)
truth = run.truth.pad if run.truth else None
fig = plots.pad(pad, truth, ignoring)
show(
    fig,
    "07_pad",
    run_dir,
    label=run.label,
    height=number(1e-3 * float(np.ptp(fig.axes[0].get_ylim()))),
    first=number(float(pad.F[0]) - 1),
    last=number(float(pad.F[-1]) - 1),
    farthest=np.max(np.abs(pad.F - (truth or pad.series)(pad.mu)) / pad.sigma),
)

# %% [markdown]
# A pixel is a mean over orbits, so each term of Eq. (4) is that mean, with its factor $(p/p_0)^{-\gamma}$; the fit has them:

# %%
power, R_x, R_y = fit.design.columns[:, [0, -2, -1]].T
G_x, G_y = fit.theta[-2:]
I_rn = run.renormalised.sky.relative_intensity[sky.observed]
I_rn = I_rn * run.renormalised.global_mean  # F has mean 1 over mu, not over the sky
PAD = (I_rn - G_x * R_x - G_y * R_y) / power  # Eq. (4), pixel by pixel

# %% [markdown]
# But a pixel does not belong to one $\mu$: the disc, the Earth's orbit and the chaos of orbits that return to the
# heliosphere spread it. Binning pixels by their mean $\mu$ would smear $F$. So a bin holds the fitted $F$, averaged over
# the bin, plus what the pixels show beyond the model, each counted with the share of its orbits that lie in the bin:

# %%
series = Legendre([1, *fit.theta[:-2]])
expected = 1 + fit.design.columns[:, 1:-2] @ fit.theta[:-2] / power
integral, binned = series.integ(), []
for low, high in zip(pad.edges[:-1], pad.edges[1:], strict=True):
    inside = liouville.average((low <= liouville.mu) & (liouville.mu < high))
    share = (fit.design.averaging @ inside.ravel()) * fit.design.weight
    beyond = share @ (PAD - expected) / max(share.sum(), 1e-300)
    binned.append((integral(high) - integral(low)) / (high - low) + beyond)

# the package, with a Liouville map taken as exact
exact = replace(fit, design=fit.design.exact())
fast = pitch_angle_distribution(run.renormalised, exact, liouville)
size = np.max(np.abs(fit.design.columns[:, 1:]) @ np.abs(fit.theta))  # of the terms
assert np.allclose(binned, fast.F, rtol=0, atol=1e-12 * (1 + size))

# %% [markdown]
# The map is not exact: share and expectation come from the same orbits and err together. The package takes that out as well,
# and that is the distribution shown above.

# %% tags=["hide-input"]
spread = np.sqrt(np.mean(np.var(liouville.mu, axis=0)))
moved = np.max(np.abs(pad.F - fast.F) / pad.sigma)
say(f"The orbits of one pixel differ in μ by {number(float(spread))} (r.m.s.). Their common errors move a bin by at most {moved:.2f} of its errors.")

# %% [markdown]
# The distribution is tilted, since particles stream along the field ($A_1$), and bent (the higher terms). What bends it is the
# subject of the next two notebooks. The bins are correlated, so their agreement with a curve is judged with the whole
# covariance. What the bins should show of a given truth is known as well: the fit ends the series and the pixels
# smear it, both linear operations.

# %%
if run.truth:
    a = run.truth.legendre(pad.response.shape[1])  # coefficients of the true F
    off = pad.F - (1 + pad.response @ a)
    chi2 = np.sum((whiten(pad.covariance) @ off) ** 2)

# %% tags=["hide-input"]
if run.truth:
    dof = len(whiten(pad.covariance))
    say(f"Against the truth: chi-square {chi2:.1f} for {dof} degrees of freedom.")
    expect(chi2 < dof + 6 * np.sqrt(2 * dof), "the pitch-angle distribution is not the true one within its covariance", run.parameters)

# %% [markdown]
# ## Is the pitch angle all?
#
# Eqs. (3) and (4) take the interstellar distribution as *gyrotropic*: at one place it depends on $\mu$ alone, not on the
# phase of the gyration about the field; and across the field they take it to change by the same amount in each AU. The
# guiding centre $\mathbf R$ turns with the gyrophase. So a dependence on gyrophase would show in what the fit leaves over,
# first in four terms, $\mu R_x$, $\mu R_y$, $R_x^2-R_y^2$ and $2R_xR_y$, and a gradient that is not the same everywhere also in a fifth,
# $R_x^2+R_y^2$; here they are for one orbit a pixel:

# %%
test = gyrotropy_test(sky, fit, liouville)
r_g, gamma = test.radius_AU, fit.design.p_index
mu, x, y = liouville.mu[0], liouville.R_x[0] / r_g, liouville.R_y[0] / r_g
terms = np.array([mu * x, mu * y, x**2 - y**2, 2 * x * y, x**2 + y**2])
terms = terms * liouville.momentum_ratio[0] ** -gamma
assert np.allclose(terms.reshape(5, -1).T, gyrotropy_columns(liouville, 0, gamma, r_g))

# %% tags=["hide-input"]
rows = [(name.replace("mu", "μ").replace("^2", "²").replace("-", "−"), number(float(value), float(sigma)),
         f"{value / sigma:+z.1f}".replace("-", "−").replace("+0.0", "0.0"))
        for name, value, sigma in zip(GYROTROPY_TERMS, test.coefficients, test.sigma, strict=True)]
say("R is counted in gyroradii.\n\n" + page_table(rows, ["term", "amplitude", "errors from 0"]))
below = int(np.sum(np.abs(fit.theta[:-2]) < 1.96 * test.sigma.max()))
say(
    f"The {test.degrees} independent ones together: chi-square {test.chi2:.1f}, which chance alone exceeds in "
    f"{100 * test.p_value:.2g} % of skies. An amplitude below {number(1.96 * float(test.sigma.max()))} of the intensity (1.96 errors of the "
    "least known term) would not be noticed."
    + f" {below} of the {fit.order} fitted $A_n$ are smaller: a dependence on gyrophase as small as these would go unseen." * bool(below)
)
if run.truth and test.p_value < 0.05:
    say(f"This sky was made gyrotropic. So a term {np.max(np.abs(test.coefficients / test.sigma)):.1f} errors from zero is chance, or shows an error "
        "that is not counted here; on a real sky it would not prove a dependence on gyrophase.")

# %% [markdown]
# The same without a formula for the dependence: the mean residual in sectors of the guiding centre's direction.

# %% tags=["hide-input"]
design = fit.design
mean_R = [liouville.average(values)[sky.observed] for values in (liouville.R_x, liouville.R_y)]
sector = ((np.degrees(np.arctan2(mean_R[1], mean_R[0])) + 180) // 30).astype(int) % 12
along = liouville.average(liouville.mu)[sky.observed] > 0
jacobian = design.relative_intensity(fit.theta)[1]
residual = (sky.relative_intensity - fit.relative_intensity)[sky.observed]
lines = {}
for name, half in (("μ > 0", along), ("μ < 0", ~along)):
    share = np.array([half & (sector == k) for k in range(12)]) * design.weight
    share = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-30)
    # the fit has taken its part of the noise out of the residual
    noise, of_map = (design.response(share, factor) - share @ jacobian @ of_fit
                     for factor, of_fit in ((design.noise, fit.noise), (fit.map_noise, fit.map_response)))
    error = np.sqrt(np.sum(noise**2, axis=1) + np.sum(of_map**2, axis=1))
    empty = np.array([np.mean(half & (sector == k)) < 0.01 for k in range(12)])
    lines[name] = tuple(np.where(empty, np.nan, values * 1e4) for values in (share @ residual, error))
fig = plots.curves(
    -165.0 + 30.0 * np.arange(12),
    lines,
    xlabel="direction of the guiding centre across the field (degrees from $e_x$)",
    ylabel="residual (10⁻⁴)",
)
fig.axes[0].axhline(0.0, color="0.6", linewidth=0.7)
found = ", ".join(
    f"for {name} {np.isfinite(values).sum()} of 12 sectors are filled, the largest "
    f"{np.nanmax(np.abs(values) / error, initial=0.0):.1f} errors from zero" for name, (values, error) in lines.items()
)
show(fig, "07_gyrotropy", run_dir, label=run.label, found=found)
say(f"Filled and farthest off: {found}. Above three would be a dependence on the gyrophase.")

# %% [markdown]
# Where directions are missing, the sky is seen in part, or the heliosphere has turned the guiding centres to one side.
#
# The fitted series has mean 1 by construction. What the pixels show beyond it must not change that by more than two or
# three of its errors, if the model is true:

# %% tags=["hide-input"]
mean, error = float(np.mean(pad.F)), float(np.sqrt(np.mean(pad.covariance)))
say(f"The mean of F over μ is off 1 by {number(abs(mean - 1))}, with an error of {number(error)}.")
expect(abs(mean - 1) < 5 * error, "F does not have mean 1, so the model does not describe this sky", run.parameters)
run.write_pad()

# %% [markdown]
# **A question the figure raises.** The series stops at a chosen order. What would the bins look like if the true
# distribution had a feature narrower than that order can follow?
#
# Before: [06 Give the rings back what they have lost](06_renormalisation.ipynb) · Next: [08 Solve the Fokker-Planck equation of focused transport](08_fokker_planck.ipynb)
