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
# density where that orbit comes from,
#
# $$ I(\theta,\phi) = p_0^2\, f(\mathbf x(\theta,\phi), \mathbf p(\theta,\phi)) \tag{1} $$
#
# and interstellar $f$ is assumed to depend on the pitch-angle cosine $\mu$, on a gradient across the field and on
# momentum:
#
# $$ I = \left[1 + A_1P_1(\mu) + \dots + A_nP_n(\mu) + G_xR_x + G_yR_y\right]\left(\frac{p}{p_0}\right)^{-\gamma} \tag{3} $$
#
# Here $\mathbf R$ is the guiding centre and $\gamma$ is `p_index` $= \alpha + 2$ for a flux falling as $p^{-\alpha}$.
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
heliosphere: str = ""  # path of a heliosphere parameter file (TOML); empty: closed form with its defaults
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
from lisbon_core.anisotropy import parameter_names, solve
from lisbon_core.chain import Run, anisotropy_claims
from lisbon_core.tools.notebook import number, record, say, show

run = Run.from_namespace(globals())
sky, fit = run.sky, run.fit
say(f"**{run.label}.**")

# %% [markdown]
# ## The fit
#
# Pixels are weighted by their errors. But each is an average over a disc of 5° on a grid of 2°, so about twenty of
# them share their data: the covariance of the averaging goes into the errors of the coefficients. A fit that took the
# pixels as independent would claim errors four to five times too small.

# %%
print(fit)

# %%
jacobian = fit.design.relative_intensity(fit.theta)[1] / sky.sigma[sky.observed][:, None]
naive = np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))
ratio = fit.sigma / naive
say(f"Honest errors are {ratio.min():.1f} to {ratio.max():.1f} times those of a fit to independent pixels.")

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
# If the model is right, the residual is nothing but correlated noise: blobs of the size of the disc, and no pattern.

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
