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
# A sky that has been through Eq. (2) cannot know the mean of a ring. The model of Eq. (3) does: the shape of $P_n(\mu)$ along the
# rings that are seen fixes $A_n$, and $A_n$ fixes the ring means. So
#
# $$ I_{rn}(\theta,\phi) = \mathcal I(\theta,\phi)\,\bigl\langle I_\mathrm{model}\bigr\rangle_\phi(\theta) \,/\, \langle I_\mathrm{model}\rangle_\mathrm{sphere} \tag{2a} $$
#
# is what `renormalise` computes: the observed map of Eq. (2), times the mean of the model $I_\mathrm{model}$ over right
# ascension in that ring, over its mean on the sphere. What varies along a ring is data; the ring means are model, with the model's errors.

# %% tags=["parameters"]
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%
from dataclasses import replace

import numpy as np

from lisbon_core import plots
from lisbon_core.heliosphere import solar_cycle
from lisbon_core.liouville import Sampling, cached_samples
from lisbon_core.run import Run
from lisbon_core.sky import ring_means, ring_normalise
from lisbon_core.synthetic import expected_sky
from lisbon_core.tools.notebook import expect, say, show

run = Run.from_namespace(globals())
sky, fit, renormalised = run.sky, run.fit.of_sky(), run.renormalised

# %%
fig = plots.figure_2(sky, fit, renormalised, run.liouville.field_icrs)
show(
    fig,
    "06_figure_2",
    run_dir=run_dir,
    caption=f"Figure 2 of the paper, ours ({run.label}): the sky observed, fitted to order {fit.order} and renormalised.",
    alt="Three Mollweide maps: the observed sky, the fitted sky and the renormalised sky; in the last one the declination "
    f"rings have regained different means, from {np.nanmin(renormalised.ring_mean) - 1:+.1e} to "
    f"{np.nanmax(renormalised.ring_mean) - 1:+.1e}.",
)
change = np.nanstd(renormalised.sky.relative_intensity - sky.relative_intensity)
say(
    f"The rings that are restored change the map by {change:.1e} (r.m.s.), {change / np.nanmedian(sky.sigma):.1f} times the error of a "
    "pixel, in bands of declination that the array itself cannot see."
)

# %% [markdown]
# ## The ring means themselves
#
# On a synthetic sky we know what was lost: the mean of each ring before Eq. (2) was applied. It is computed here through the
# Liouville map of this run, so what is compared below leaves out the error of that map itself.

# %%
truth = None
if run.truth:
    before = expected_sky(run.truth, run.liouville, run.label)
    sphere = expected_sky(replace(run.truth, dec_min=-90.0, dec_max=90.0), run.liouville, run.label)
    global_mean = np.average(sphere.relative_intensity.mean(axis=1), weights=np.cos(np.radians(sky.dec)))
    truth = ring_means(before.relative_intensity, sky.observed) / global_mean
means = {
    "what the rings leave": 0.0 * sky.dec,
    "restored from the model": ((renormalised.ring_mean - 1) * 1e3, renormalised.ring_mean_sigma * 1e3),
} | ({} if truth is None else {"truth": (truth - 1) * 1e3})
fig = plots.curves(sky.dec, means, xlabel="declination (degrees)", ylabel="ring mean − 1 (10⁻³)", height=2.6)
show(
    fig,
    "06_ring_means",
    run_dir=run_dir,
    caption=f"What each declination ring is multiplied by: {run.label}.",
    alt="Ring mean minus one against declination with its error band, "
    f"{np.nanmedian(renormalised.ring_mean_sigma):.1e} in the median, and, on a synthetic sky, the true ring means.",
)

# %% [markdown]
# So one sky can be followed all the way: as it was before Eq. (2), which no experiment sees; as it is observed; and as it
# is given back. The last map is what the whole detour gets wrong.

# %%
if truth is not None:
    real = before.relative_intensity / global_mean
    panels = {
        "before the rings (truth, no noise)": real,
        "observed: each ring has mean 1": sky.relative_intensity,
        "given back": renormalised.sky.relative_intensity,
        "given back − truth": 1 + renormalised.sky.relative_intensity - real,
    }
    off = {name: np.nanstd(values - real) for name, values in list(panels.items())[1:3]}
    lost, left = off.values()
    show(
        plots.skies(panels, sky.dec, sky.ra, field_icrs=run.liouville.field_icrs, columns=2, own="given back − truth"),
        "06_before_and_after",
        run_dir=run_dir,
        caption=f"The same sky before and after its rings were normalised, what comes back, and what does not: {run.label}.",
        alt="Four Mollweide maps: the true sky, the observed one in which every declination has the same mean, "
        f"the renormalised one, and, on a scale of its own, its difference from the truth, whose r.m.s. is {left:.1e}.",
    )
    say(f"Off the truth by {lost:.1e} (r.m.s.) as observed, by {left:.1e} once given back; the noise of a pixel is "
        f"{np.nanmedian(sky.sigma):.1e}.")
    expect(left < lost, "renormalisation does not bring the sky nearer to the truth", run.parameters)

# %% [markdown]
# The means are smooth in declination because the model is. Left out, they would go into the pitch-angle distribution of
# notebook 07 as errors, and unlike the noise of a pixel those do not average out along a ring.

# %%
size = np.nanstd(renormalised.ring_mean)
typical = np.nanmedian(renormalised.ring_mean_sigma)
say(f"The restored ring means scatter by {size:.1e}; their errors are {typical:.1e} in the median.")
back = ring_normalise(renormalised.sky)
error = np.nanmax(np.abs(back.relative_intensity - sky.relative_intensity))
assert error < 1e-12, "Eq. (2) applied to the renormalised sky does not return the observed one"
if truth is not None:
    pull = ((renormalised.ring_mean - truth) / renormalised.ring_mean_sigma)[sky.observed.any(axis=1)]
    say(f"The largest pull of a ring mean from the truth is {np.max(np.abs(pull)):.1f}.")
    expect(np.all(np.abs(pull) < 5), "a restored ring mean is more than five of its errors from the truth", run.parameters)

# %% [markdown]
# ## Through a wrong heliosphere
#
# So far one heliosphere has made the sky and given its rings back. Nobody knows the real one so well. The same sky, its rings
# restored through one whose tail is 300 AU long in place of 500, with fewer orbits a pixel:

# %%
if truth is not None and not run.parameters.heliosphere:
    short = solar_cycle(replace(run.closed_form.parameters, tail_AU=300.0))
    fewer = Sampling(min(4, run.parameters.samples), run.response, run.parameters.seed)
    other = Run(run.parameters, liouville=cached_samples(short, sky.dec, sky.ra, fewer, progress=True))
    wrong = other.renormalised
    off = ((wrong.ring_mean - truth) / wrong.ring_mean_sigma)[sky.observed.any(axis=1)]
    say(
        f"The rings are now off the truth by {np.nanstd(wrong.ring_mean - truth):.1e} (r.m.s.), where their errors are "
        f"{np.nanmedian(wrong.ring_mean_sigma):.1e} and the largest pull is {np.max(np.abs(off)):.1f}; with the heliosphere that made the sky "
        f"they were off by {np.nanstd(renormalised.ring_mean - truth):.1e}. The sky itself fits with a reduced chi-square of {other.fit.chi2_reduced:.2f}."
    )

# %% [markdown]
# The errors of the rings are those of the coefficients alone: they know nothing of a heliosphere that is another.

# %%
run.write_sky()

# %% [markdown]
# **A question the figure raises.** The ring means are as good as the model. If the true sky held a term that depends
# on declination alone, outside Eq. (3), what would the renormalised map show of it?
#
# Before: [05 Fit the interstellar anisotropy through the heliosphere](05_anisotropy_fit.ipynb) · Next: [07 From the renormalised sky to the pitch-angle distribution](07_pitch_angle_distribution.ipynb)
