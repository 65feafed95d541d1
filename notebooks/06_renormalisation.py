# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 Give the rings back what they have lost
#
# > **Shows** the renormalised sky: each declination ring multiplied by its model mean. **Equations** (2a), which undoes
# > (2). **Needs** the fit (05). **Run time** a quarter of a minute, once the orbits are traced.
#
# A sky that has been through Eq. (2) cannot know the mean of a ring. The model of Eq. (3) does: the shape of $P_n(\mu)$ along
# the rings that are seen fixes $A_n$, and $A_n$ fixes the ring means. So
#
# $$ I_{rn}(\theta,\phi) = \mathcal I(\theta,\phi)\,\bigl\langle I_\mathrm{model}\bigr\rangle_\phi(\theta) \,/\, \langle I_\mathrm{model}\rangle_\mathrm{sphere} \tag{2a} $$
#
# is the map that Eq. (2) has left, times the mean of the model $I_\mathrm{model}$ over right ascension in that ring, over its
# mean on the sphere. What varies along a ring is data; the ring means are model, with the model's errors.

# %% tags=["parameters"]
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
from dataclasses import replace

import numpy as np

from lisbon_core import plots
from lisbon_core.heliosphere import solar_cycle
from lisbon_core.liouville import Sampling, cached_samples
from lisbon_core.run import Run
from lisbon_core.sky import ring_means, ring_normalise
from lisbon_core.synthetic import expected_sky
from lisbon_core.tools.notebook import expect, number, say, show

run = Run.from_namespace(globals())
sky, fit, renormalised = run.sky, run.fit.of_sky(), run.renormalised

# %% [markdown]
# In code it is one multiplication. `renormalise` does the same, and works out the errors:

# %%
model = fit.design.on_grid(fit.design.intensity(fit.theta))  # before Eq. (2)
ring_mean = ring_means(model, sky.observed)
sphere_mean = fit.design.full_sky_mean @ [1, *fit.theta]

I_rn = sky.relative_intensity * ring_mean[:, None] / sphere_mean  # Eq. (2a)

# the package, and Eq. (2), which must take the ring means off again
fast = renormalised.sky.relative_intensity
assert np.allclose(I_rn, fast, rtol=1e-12, equal_nan=True)
again = ring_normalise(renormalised.sky).relative_intensity
assert np.allclose(again, sky.relative_intensity, rtol=1e-12, equal_nan=True)

# %% [markdown]
# ## One sky, followed all the way
#
# On a synthetic sky we know what was lost. It can be followed all the way: as it was before Eq. (2), which no experiment
# sees; as it is observed; and as it is given back. The true sky is computed through the Liouville map of this run, so what
# is compared here leaves out the error of that map.

# %%
if run.truth:
    before = expected_sky(run.truth, run.liouville, run.label)
    whole = replace(run.truth, dec_min=-90.0, dec_max=90.0)
    rows = expected_sky(whole, run.liouville, run.label).relative_intensity.mean(axis=1)
    area = np.cos(np.radians(sky.dec))
    real = before.relative_intensity / np.average(rows, weights=area)
    true_mean = ring_means(real, sky.observed)

# %% tags=["hide-input"]
pixel = np.nanmedian(sky.sigma)
if run.truth:
    panels = {
        "before the rings (truth, no noise)": real,
        "observed: each ring has mean 1": sky.relative_intensity,
        "given back": I_rn,
        "given back − truth": 1 + I_rn - real,
    }
    lost, left = (np.nanstd(values - real) for values in (sky.relative_intensity, I_rn))
    show(
        plots.skies(panels, sky.dec, sky.ra, field_icrs=run.liouville.field_icrs, columns=2, own="given back − truth"),
        "06_before_and_after",
        run_dir,
        label=run.label,
        left=number(left),
    )
    say(f"As observed it is {number(lost)} off the truth (r.m.s. about a common offset), once given back {number(left)}; the noise of "
        f"a pixel is {number(pixel)}.")
    expect(left < lost, "renormalisation does not bring the sky nearer to the truth", run.parameters)
else:
    say("The truth of this sky is not known: only the last two of these can be shown, below.")

# %% [markdown]
# Figure 2 of the paper shows two of these maps, and between them the fitted sky. They are repeated here, in its order and on one
# scale, so that the two figures can be laid side by side:

# %% tags=["hide-input"]
lowest, highest = np.nanmin(renormalised.ring_mean) - 1, np.nanmax(renormalised.ring_mean) - 1
show(
    plots.figure_2(sky, fit, renormalised, run.liouville.field_icrs),
    "06_figure_2",
    run_dir,
    label=run.label,
    order=fit.order,
    lowest=number(lowest),
    highest=number(highest),
)
change, offset = (of(I_rn - sky.relative_intensity) for of in (np.nanstd, np.nanmean))
say(
    f"The rings that are restored shift the whole map by {number(offset)}, since the mean is now that of the sphere and no longer that of "
    f"each ring. About this offset they change it by {number(change)} (r.m.s.), {change / pixel:.1f} times the error of a pixel, in bands of "
    "declination that the array itself cannot see."
)

# %% [markdown]
# ## The ring means themselves
#
# They are smooth in declination because the model is. Left out, they would go into the pitch-angle distribution of
# notebook 07 as errors, and unlike the noise of a pixel those do not average out along a ring.

# %% tags=["hide-input"]
seen = sky.observed.any(axis=1)
errors = 1e3 * renormalised.ring_mean_sigma[seen]
panels = {"the ring means": {
    "what Eq. (2) leaves": 0.0 * errors, "restored from the model": (1e3 * (renormalised.ring_mean - 1)[seen], errors)}}
if run.truth:
    panels["how far they are off"] = {
        "no error": 0.0 * errors, "restored − truth": (1e3 * (renormalised.ring_mean - true_mean)[seen], errors)}
fig = plots.curves(sky.dec[seen], panels, xlabel="declination (degrees)", ylabel="ring mean − 1 (10⁻³)")
typical = np.nanmedian(renormalised.ring_mean_sigma)
show(fig, "06_ring_means", run_dir, label=run.label, typical=number(typical))
words = f"The restored ring means scatter by {number(np.nanstd(renormalised.ring_mean))}; their errors are {number(typical)} in the median."
if run.truth:
    pull = ((renormalised.ring_mean - true_mean) / renormalised.ring_mean_sigma)[seen]
    words += f" The one farthest from the truth is {np.max(np.abs(pull)):.1f} of its errors away."
    expect(np.all(np.abs(pull) < 5), "a restored ring mean is more than five of its errors from the truth", run.parameters)
say(words)

# %% [markdown]
# ## Through a wrong heliosphere
#
# So far one heliosphere has made the sky and given its rings back. Nobody knows the real one so well. The same sky, its rings
# restored through one whose tail is 300 AU long in place of 500, with fewer orbits a pixel:

# %%
known = run.truth and not run.parameters.heliosphere
if known:
    short = solar_cycle(replace(run.closed_form.parameters, tail_AU=300.0))
    p = run.parameters
    fewer = Sampling(min(4, p.samples), run.response, p.seed)
    other = Run(p, liouville=cached_samples(short, sky.dec, sky.ra, fewer))
    wrong = other.renormalised.ring_mean - true_mean

# %% tags=["hide-input"]
if known:
    errors = other.renormalised.ring_mean_sigma
    pulls = wrong / errors
    worst = np.nanargmax(np.abs(pulls))
    say(
        f"The rings are now {number(np.nanstd(wrong))} off the truth (r.m.s. about a common offset), where their errors are "
        f"{number(np.nanmedian(errors))} in the median. Counted each in its own error, offset included, they are "
        f"{np.sqrt(np.nanmean(pulls**2)):.1f} errors off (r.m.s.), and the worst, at declination {sky.dec[worst]:.0f}°, "
        f"{abs(pulls[worst]):.1f}. With the heliosphere that made the sky they were "
        f"{number(np.nanstd(renormalised.ring_mean - true_mean))} off. The sky itself fits with a reduced chi-square of "
        f"{number(other.fit.chi2_reduced, other.fit.chi2_reduced_sigma)}"
        + (": the fit does not give the wrong heliosphere away." if other.fit.chi2_reduced < 1 + 2 * other.fit.chi2_reduced_sigma else ".")
    )

# %% [markdown]
# The errors of the rings are those of the coefficients alone: they do not contain the error of a wrong heliosphere.

# %% tags=["hide-input"]
run.write_sky()

# %% [markdown]
# **A question the figure raises.** The ring means are as good as the model. If the true sky held a term that depends
# on declination alone, outside Eq. (3), what would the renormalised map show of it?
#
# Before: [05 Fit the interstellar anisotropy through the heliosphere](05_anisotropy_fit.ipynb) · Next: [07 From the renormalised sky to the pitch-angle distribution](07_pitch_angle_distribution.ipynb)
