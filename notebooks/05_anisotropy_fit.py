# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 Fit the interstellar anisotropy through the heliosphere
#
# > **Shows** the fit of Eqs. (1)-(3) to the sky, its errors, and how good it is. **Equations** (1), (2), (3).
# > **Needs** the sky (04) and the Liouville map (03). **Run time** seconds, once the orbits are traced.
#
# Along an orbit the phase-space density is conserved, so the intensity in a direction at Earth is the interstellar
# density where that orbit comes from (`trace_sky`, notebook 03),
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
sky_map: str = ""  # path of a sky map; empty: the embedded synthetic sky
sky_label: str = ""  # what the map is, with its energy
sigma_default: float = 0.0001  # error of a pixel where the map gives none
averaging_deg: float = 5.0  # radius of the top hat the map has been through, degrees; 0: none
dec_min: float = -90.0  # lowest declination used, degrees
dec_max: float = 90.0  # highest declination used, degrees
mask: str = ""  # path of a table ra, dec, observed (0 or 1) on the map's grid; empty: none
order: int = 7  # highest Legendre order fitted
p_index: float = 4.7  # exponent of p/p_0 in Eq. (3), alpha + 2
rigidity_TV: float = 4.0  # rigidity at Earth, TV
heliosphere: str = ""  # path of a heliosphere, parameters (TOML) or a grid (HDF5); empty: closed form with its defaults
field_lon: float = 219.2  # longitude the interstellar field points to, degrees
field_lat: float = 39.9  # latitude the interstellar field points to, degrees
field_frame: str = "ecliptic"  # frame of the two: ecliptic, icrs or galactic
field_uG: float = 3.0  # strength of the interstellar field, microgauss
polarity: int = 1  # of the solar field: 1, -1 or 0 (unipolar)
positions: int = 4  # positions on the Earth's orbit, averaged
boundary_AU: float = 4000.0  # radius at which orbits end, AU
closure: str = "flux-tube"  # flux-tube or uniform
kappa29: float = 1.0  # parallel diffusion coefficient, 1e29 cm^2/s
seed: int = 20060101  # of every random number
grid_deg: float = 2.0  # step of the analysis grid, degrees
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%
import numpy as np

from lisbon_core import plots
from lisbon_core.anisotropy import (
    bootstrap,
    compare_orders,
    design,
    fit_generalised,
    identifiability,
    jackknife_rings,
    parameter_names,
    solve,
    straight_lines,
)
from lisbon_core.chain import Run, anisotropy_claims
from lisbon_core.tools import widgets
from lisbon_core.tools.notebook import number, record, say, show
from lisbon_core.units import gyroradius

run = Run.from_namespace(globals())
sky, fit = run.sky, run.fit
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
jacobian = fit.design.relative_intensity(fit.theta)[1] / sky.sigma[sky.observed][:, None]
naive = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))
noise_only = np.sqrt(np.diag(fit.noise @ fit.noise.T))
ratio = noise_only / naive
say(f"Errors with the covariance of the averaging are {ratio.min():.1f} to {ratio.max():.1f} times those of a fit to independent pixels.")

# %%
truth = run.truth.claims(fit.order) if run.truth else None
names = parameter_names(fit.order)
fig = plots.coefficients(
    names[:-2], fit.theta[:-2], fit.sigma[:-2], [truth[name] for name in names[:-2]] if truth else None
)
show(
    fig,
    "05_coefficients",
    run_dir=run_dir,
    caption=f"Legendre coefficients of the pitch-angle distribution: {run.label}.",
    alt="Fitted Legendre coefficients with error bars against their order, and, on a synthetic sky, the truth as a "
    "horizontal stroke: the first is by far the largest.",
)

# %% [markdown]
# ## What the fit leaves over
#
# If the model is right, the residual is nothing but correlated noise: blobs of the size of the disc, and no pattern. The
# *reduced chi-square* puts that in a number, the mean square of the residuals over what their errors let expect: near 1,
# if all is well. Its own error follows from the *effective pixels*, as many independent ones as would tell the same.

# %%
residual = 1 + sky.relative_intensity - fit.relative_intensity
fig = plots.skies(
    {"observed": sky.relative_intensity, "fitted": fit.relative_intensity, "residual": residual},
    sky.dec,
    sky.ra,
    field_icrs=run.liouville.field_icrs,
)
show(
    fig,
    "05_residual",
    run_dir=run_dir,
    caption=f"Sky, model and residual on one scale: {run.label}.",
    alt="Three Mollweide maps on a common scale: the observed sky, the fitted sky which looks the same but smooth, "
    "and the residual, which shows small blobs without order.",
)
say(
    f"Reduced chi-square {number(fit.chi2_reduced, fit.chi2_reduced_sigma)} for {fit.effective_pixels:.0f} effective "
    f"pixels among {int(sky.observed.sum())}."
)

# %% [markdown]
# ## How far the errors can be trusted
#
# Four ways to the error of each coefficient: the covariance of the averaging carried through the fit (the one used,
# called a *sandwich*, as it stands between the estimator and its mirror image); replicas of the sky with noise drawn anew
# (a *bootstrap*); bands of declination left out in turn (a *jackknife*); and *generalised least squares*, which weighs with
# the inverse covariance. Leaving out bands is crude with ten of them; the first two must agree.

# %%
replicas = bootstrap(fit, np.random.default_rng(seed), 300)
_, left_out = jackknife_rings(sky, run.liouville, order, p_index)
ways = {"replicas": replicas.std(axis=0), "bands left out": np.sqrt(np.diag(left_out))}
if fit.design.observed.all(axis=1).sum() == fit.design.rings.shape[0]:
    ways["generalised"] = fit_generalised(fit.design, sky.relative_intensity[sky.observed]).sigma
rows = [f"| {way} | " + " | ".join(f"{ratio:.2f}" for ratio in errors / noise_only) + " |" for way, errors in ways.items()]
say("Errors over those of the fit:\n\n| | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1) + "\n" + "\n".join(rows))
assert run.truth is None or np.all(np.abs(ways["replicas"] / noise_only - 1) < 0.25), "replicas scatter otherwise"

# %% [markdown]
# The replicas also show which coefficients lean on each other. The sky is seen in part and its rings are normalised, so
# the Legendre terms are not orthogonal on it, and what one coefficient gains another loses.

# %%
shown = [k for k in (0, 1, 2, order, order + 1) if k < order + 2]
scale = np.where(np.arange(order + 2) < order, 1e4, 1e7)
label = {k: f"{names[k].replace('_', '')} (10{'⁻⁴' if k < order else '⁻⁷ / AU'})" for k in shown}
fig = plots.posterior(
    {label[k]: replicas[:, k] * scale[k] for k in shown},
    np.full(len(replicas), 1 / len(replicas)),
    {label[k]: truth[names[k]] * scale[k] for k in shown} if truth else None,
)
show(
    fig,
    "05_replicas",
    run_dir=run_dir,
    caption=f"Replicas of the noise of the sky, fitted anew: histograms, and pairs below them; dashed: the truth of a synthetic sky. {run.label}.",
    alt="Corner plot of replicas of the fit for the first Legendre coefficients and the two components of the gradient: "
    "histograms of bell shape on the diagonal, and clouds below it, some of them tilted ellipses.",
)
correlation = np.corrcoef(replicas.T) - np.eye(order + 2)
i, j = np.unravel_index(np.argmax(np.abs(correlation)), correlation.shape)
say(f"The strongest correlation is that of {names[j]} and {names[i]}: {correlation[i, j]:+.2f}.")
off = np.abs(replicas.mean(axis=0) - fit.theta) / (replicas.std(axis=0) / np.sqrt(len(replicas)))
assert np.all(off < 5), "replicas do not scatter about the fit they are drawn from"

# %% [markdown]
# ## What the sky cannot tell
#
# Without a heliosphere $\mu$ and $\mathbf R$ are both dipoles: three numbers, of which the rings leave two. The bending
# of the orbits is what separates $A_1$ from $G$. The combination that is known worst, with $G$ counted per gyroradius:

# %%
radius = gyroradius(rigidity_TV, field_uG)
straight = design(sky, straight_lines(run.heliosphere, sky.dec, sky.ra, rigidity_TV), order, p_index)
for case, columns, rings in (
    ("this sky", fit.design, True),
    ("this sky, were its rings not normalised", fit.design, False),
    ("this sky, were there no heliosphere", straight, True),
):
    say(f"- {case}: {identifiability(columns, radius, rings).words(0)}")

# %% [markdown]
# The direction of the interstellar field is taken as given here: it goes into the orbits, not into Eq. (3). It can be
# fitted as well, by tracing the sky anew for fields around a first guess: `lisbon_core.anisotropy.fit_field` does so,
# with nine maps, or nineteen if the strength is to be fitted too, and takes a minute or two. On a sky
# like this one it fixes the direction to about one degree.

# %% [markdown]
# ## How many terms
#
# The paper stops at order 7. The *information criteria* of Akaike and Bayes add to chi-square a price for each term, 2 or
# the logarithm of the number of data. Cross-validation asks instead how well one part of the sky foretells another.

# %%
choice = compare_orders(sky, run.liouville, range(1, 11), p_index)
fig = plots.curves(choice.orders, {"Akaike": choice.aic - choice.aic.min(), "Bayes": choice.bic - choice.bic.min()},
                   xlabel="highest order", ylabel="criterion − least", ylim=(0, 60))
show(fig, "05_order", run_dir=run_dir, caption=f"Which order the sky asks for: {run.label}. Smaller is better.",
     alt="Two information criteria against the highest Legendre order: both fall steeply at order five and are "
         "flat beyond.")
say(f"Least {choice}.")

# %%
fits = {n: run.fit_order(n) for n in (1, 3, 5, 7)}
fig = plots.skies({f"order {n}: reduced χ² {one.chi2_reduced:.2f}": 1 + sky.relative_intensity - one.relative_intensity
                   for n, one in fits.items()}, sky.dec, sky.ra, field_icrs=run.liouville.field_icrs, columns=2, limit=0.6)
show(fig, "05_orders", run_dir=run_dir, caption=f"What fits of four orders leave over, with their reduced chi-square: {run.label}.",
     alt="Four maps of the residual sky. At low order broad regions of excess and deficit are left; at the highest order "
         "small blobs without pattern remain.")
say("Where terms are missing, broad regions of excess and deficit remain; at the order that is needed only the blobs of the "
    f"noise do. From order 1 to order 7 the reduced chi-square falls from {fits[1].chi2_reduced:.2f} to {fits[7].chi2_reduced:.2f}.")

# %% tags=["widget"]
widgets.order(run)

# %% [markdown]
# ## The check
#
# The fitted sky, fitted in its turn, must give the same coefficients back. On a synthetic sky they must also be the true
# ones within their errors.

# %%
again = solve(fit.design, fit.relative_intensity[sky.observed])
assert np.allclose(again, fit.theta, rtol=1e-8, atol=1e-12), "the model does not return its own coefficients"
if truth:
    pulls = np.array(
        [(value - truth[name]) / sigma for name, value, sigma in zip(names, fit.theta, fit.sigma, strict=True)]
    )
    say(
        "Pulls, (fitted − true)/error: "
        + ", ".join(f"{name} {pull:+.1f}" for name, pull in zip(names, pulls, strict=True))
    )
    assert np.all(np.abs(pulls) < 5), "a coefficient is more than five of its errors from the truth"
record(run_dir, "05_anisotropy_fit", anisotropy_claims(run))

# %% [markdown]
# **A question the figure raises.** The residual of a real sky may show a pattern where the model has none. How would
# one tell a wrong field direction from a wrong heliosphere, or from structure that does not follow the pitch angle at
# all?
#
# Before: [04 Read a sky map, and see what its rings have lost](04_sky_map.ipynb) · Next: [06 Give the rings back what they have lost](06_renormalisation.ipynb)
