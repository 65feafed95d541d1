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
#
# A pixel does not belong to one $\mu$: the disc, the Earth's orbit and the chaos of orbits that return to the
# heliosphere spread it. Binning pixels by their mean $\mu$ would smear F. So a bin holds the fitted F, averaged over
# the bin, plus what the pixels show beyond the model, each counted with its share of samples in the bin.

# %% tags=["parameters"]
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%
import numpy as np

from lisbon_core import plots
from lisbon_core.liouville import straight_lines
from lisbon_core.run import Run
from lisbon_core.studies.gyrotropy import gyrotropy_test
from lisbon_core.tools.notebook import expect, number, say, show
from lisbon_core.transport.posterior import whiten

run = Run.from_namespace(globals())
pad = run.pad
say(f"**{run.label}.**")

# %%
spread = np.sqrt(np.mean(np.var(run.liouville.mu, axis=0)))
say(f"The orbits of one pixel differ in μ by {number(float(spread))} (r.m.s.).")

# %%
undistorted = straight_lines(run.heliosphere, run.sky.dec, run.sky.ra, run.response.scale_TV).mu[0][run.sky.observed]
bins = np.digitize(undistorted, pad.edges[1:-1])
weights = run.fit.of_sky().design.weight
sums = np.bincount(bins, weights * run.sky.relative_intensity[run.sky.observed], pad.mu.size)
ignoring = sums / np.maximum(np.bincount(bins, weights, pad.mu.size), 1e-30)
ignoring[ignoring == 0] = np.nan
fig = plots.pad(pad, run.truth.pad if run.truth else None, ignoring)
show(
    fig,
    "07_pad",
    run_dir=run_dir,
    caption=f"The pitch-angle distribution: {run.label}. Error bars of neighbouring bins are correlated. Squares: the sky "
    "as it was observed, binned as if there were neither heliosphere nor rings.",
    alt="Pitch-angle distribution minus one against the pitch-angle cosine, points with error bars and the fitted series: from "
    f"{pad.F[0] - 1:+.1e} in the first bin to {pad.F[-1] - 1:+.1e} in the last; below, the residuals, at most "
    f"{np.max(np.abs(pad.F - (run.truth.pad if run.truth else pad.series)(pad.mu)) / pad.sigma):.1f} error bars from zero.",
)

# %% [markdown]
# The distribution is tilted, since particles stream along the field ($A_1$), and bent (the higher terms). What bends it is the
# subject of the last two notebooks. The bins are correlated, so their agreement with a curve is judged with the whole
# covariance. What the bins should show of a given truth is known as well: the fit truncates the series and the pixels
# smear it, both linear operations.

# %%
if run.truth:
    expected = 1 + pad.response @ run.truth.legendre(pad.response.shape[1])
    independent = whiten(pad.covariance) @ (pad.F - expected)
    chi2, dof = float(independent @ independent), independent.size
    say(f"Against the truth: chi-square {chi2:.1f} for {dof} degrees of freedom.")
    expect(chi2 < dof + 6 * np.sqrt(2 * dof), "the pitch-angle distribution is not the true one within its covariance", run.parameters)

# %% [markdown]
# ## Is the pitch angle all?
#
# Eqs. (3) and (4) take the interstellar distribution as *gyrotropic*: at one place it depends on $\mu$ alone, not on the
# phase of the gyration about the field, and across the field it changes evenly. The guiding centre $\mathbf R$ turns with the gyrophase, so a dependence on gyrophase would
# show in what the fit leaves over, first as $\mu R_x$, $\mu R_y$, $R_x^2 - R_y^2$ and $2R_xR_y$; a gradient that is not
# even also as $R^2$.

# %%
beyond = gyrotropy_test(run.sky, run.fit.of_sky(), run.liouville)
print(beyond)

# %%
fit = run.fit.of_sky()
observed, columns = run.sky.observed, fit.design
mean_R = [run.liouville.average(values)[observed] for values in (run.liouville.R_x, run.liouville.R_y)]
sector = ((np.degrees(np.arctan2(mean_R[1], mean_R[0])) + 180) // 30).astype(int) % 12
along = run.liouville.average(run.liouville.mu)[observed] > 0
jacobian = columns.relative_intensity(fit.theta)[1]
residual = (run.sky.relative_intensity - fit.relative_intensity)[observed]
lines = {}
for name, half in (("μ > 0", along), ("μ < 0", ~along)):
    share = np.array([half & (sector == k) for k in range(12)]) * columns.weight
    share = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-30)
    # the fit has taken its part of the noise out of the residual
    noise, of_map = (columns.response(share, factor) - share @ jacobian @ of_fit
                     for factor, of_fit in ((columns.noise, fit.noise), (fit.map_noise, fit.map_response)))
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
show(
    fig,
    "07_gyrotropy",
    run_dir=run_dir,
    caption=f"What the fit leaves over, against the direction of the guiding centre: {run.label}. Bands: one standard error; "
    "sectors "
    "with less than 1 % of the pixels are left out, and neighbours are correlated.",
    alt="Residual intensity with its error in sectors of the guiding centre's direction, for particles moving along the field "
    "and against it: " + ", ".join(f"for {name} {np.isfinite(values).sum()} of 12 sectors are filled, the largest "
    f"{np.nanmax(np.abs(values) / error):.1f} errors from zero" for name, (values, error) in lines.items()) + ".",
)

# %% [markdown]
# Where directions are missing, the sky is seen in part, or the heliosphere has turned the guiding centres to one side.

# %%
below = int(np.sum(np.abs(run.fit.theta[:-2]) < 1.96 * beyond.sigma.max()))
say(
    f"The five terms together: chi-square {beyond.chi2:.1f} for {beyond.degrees}, p = {beyond.p_value:.2g}. The largest "
    f"amplitude they leave room for (95 %) is {1.96 * beyond.sigma.max():.1e} of the intensity, more than {below} of the {run.fit.order} "
    "fitted A_n: a dependence on gyrophase as small as these would go unseen."
)

# %% [markdown]
# The fitted series has mean 1 by construction. What the pixels show beyond it must not change that by more than its
# error, if the model is true:

# %%
mean = float(np.mean(pad.F))
say(f"Mean of F over μ: 1 {mean - 1:+.1e}.")
error = float(np.sqrt(np.mean(pad.covariance)))
expect(abs(mean - 1) < 5 * error, "F does not have mean 1, so the model does not describe this sky", run.parameters)
run.write_pad()

# %% [markdown]
# **A question the figure raises.** The series stops at a chosen order. What would the bins look like if the true
# distribution had a feature narrower than that order can follow?
#
# Before: [06 Give the rings back what they have lost](06_renormalisation.ipynb) · Next: [08 Solve the Fokker-Planck equation of focused transport](08_fokker_planck.ipynb)
