# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 Follow every direction back to interstellar space
#
# > **Shows** orbits through the heliosphere and the Liouville map: μ, R and p/p₀ for each direction of the sky.
# > **Equations** (1). **Needs** the heliosphere (02). **Run time** half a minute; the first time, when 259,200 orbits
# > are traced, twice that.
#
# Each direction $\mathbf n$ on the sky is where a particle came from: its momentum is $-p\,\mathbf n$. Reverse it,
# and the charge and the electric field with it, and the same equations lead back to interstellar space. What decides the
# orbit is the **rigidity**, momentum over charge: a proton of 4 TeV has 4 TV.
#
# Far out, where the field is uniform again, the particle moves along it in a helix, and three things about the orbit no
# longer change. We note them in the frame of the plasma: $\mu$, the cosine of the **pitch angle** between momentum and
# field; the **guiding centre** $\mathbf R = \mathbf r + \mathbf p\times\mathbf B/(qB^2)$, the place across the field of
# the helix's axis, for a particle of charge $q$ at the place $\mathbf r$; and $p/p_0$, the momentum over that at Earth.

# %% tags=["parameters"]
field_lon: float = 219.2  # longitude the interstellar field points to, degrees
field_lat: float = 39.9  # latitude the interstellar field points to, degrees
polarity: int = 1  # of the solar field that leaves the Sun in the north today: 1, -1
boundary_AU: float = 4000.0  # radius at which orbits end, AU
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%
from itertools import pairwise

import numpy as np

from lisbon_core import plots
from lisbon_core.claims import liouville_claims
from lisbon_core.frames import angle_between, spread_directions, unit_vector
from lisbon_core.heliosphere import closed_form, read_gridded
from lisbon_core.heliosphere.parameters import FIELD_PRESETS, with_field
from lisbon_core.liouville import Sampling, cached_samples, grid, trace_sky
from lisbon_core.liouville.tracing import TOLERANCE, axes_across, earth_positions
from lisbon_core.orbits import trace
from lisbon_core.run import DATA, Run
from lisbon_core.studies.tracks import follow, stations
from lisbon_core.synthetic import epochs_of
from lisbon_core.tools import widgets
from lisbon_core.tools.notebook import number, record, say, show
from lisbon_core.units import LORENTZ, gyroradius

run = Run.from_namespace(globals())
scale_TV = run.response.scale_TV
radius = gyroradius(scale_TV, run.heliosphere.field_uG)
aside = run.closed_form.parameters.surfaces([[1, 0, 0], [-1, 0, 0], [0, 1, 0]])[1]
say(
    f"A particle of {scale_TV:g} TV has a gyroradius of {number(radius)} AU in {run.heliosphere.field_uG:.3g} microgauss. The heliopause of "
    f"the closed form is {aside.min():.0f} to {aside.max():.0f} AU to the sides of the Sun, and its tail {run.closed_form.parameters.tail_AU:g} AU long: "
    "the bubble is about as wide as the orbits are curved. So it bends orbits by large angles, but few of them right round, and "
    "that is why anything is left of the interstellar pattern."
)

# %% [markdown]
# ## Five particles
#
# Far out, each orbit should be a helix about the interstellar field. The field of the Sun is strong only near it, and falls as
# fast as one flies away: what bends an orbit is not the gyroradius alone, but the path over it.

# %%
r = np.array([1.0, 10.0, 80.0])
strength = run.closed_form.field_strength(r[:, None] * (run.closed_form.axes @ unit_vector(0.0, 0.0)))
say("\n".join(f"- {one:g} AU from the Sun: {B:.2g} microgauss, a gyroradius of {number(gyroradius(scale_TV, B))} AU, {gyroradius(scale_TV, B) / one:.0f} "
              "times the way that the particle has come" for one, B in zip(r, strength, strict=True)))

# %% [markdown]
# So within the shock a particle flies almost straight; a sheath of about 1 microgauss bends it little, and what bends it
# most is the interstellar field, strongest where it piles up on the heliopause.

# %%
places = ((230, 25), (300, 10), (75, 20), (140, 10), (30, -40))
tracks, _ = follow(run.heliosphere, [unit_vector(*place) for place in places], scale_TV)
distance = np.linalg.norm(tracks, axis=2)
returned = np.sum(np.any((np.maximum.accumulate(distance) > 300.0) & (distance < 200.0), axis=0))
fig = plots.orbits_in_space(
    run.heliosphere,
    list(tracks.transpose(1, 0, 2)),
    [f"from RA {ra}°, Dec {dec}°".replace("-", "−") for ra, dec in places],
)
show(
    fig,
    "03_orbits",
    run_dir=run_dir,
    caption="Five orbits back from the Earth through the heliosphere, 2400 AU of path or until they leave the box (a calculation). "
    "Translucent: heliopause and termination shock; arrow: interstellar field; grey: the orbits' shadows on the floor.",
    alt="Five curved orbits in three dimensions that start at the Sun, each coloured by the strength of the field it passes, "
    f"with their shadows on the floor; {returned} of them come back to the Sun's neighbourhood. In closed form, the "
    "heliosphere is drawn as a translucent bullet round a sphere, and colours change abruptly where orbits cross these.",
)
say(f"Number of these orbits that come back to within 200 AU of the Sun after they were more than 300 AU away: {returned}. "
    "Such an orbit has turned once about the interstellar field, moved little along it, and meets the heliosphere again: it is these that "
    "make the map of the sky hard, as the rest of this notebook shows.")
chord = np.linalg.norm(np.diff(tracks, axis=0), axis=2)
assert np.all(chord < 8.0 + 1e-6), "two points of an orbit are farther apart than its path between them"

# %% [markdown]
# ## Energy along the way
#
# The electric field changes the momentum by parts in ten thousand. The sum of kinetic and potential energy may not
# change at all.

# %%
model = run.closed_form  # a field on a grid has no potential
momentum = -scale_TV * spread_directions(300) @ model.axes.T
start = np.tile([1.0, 0.0, 0.0], (300, 1))
end = trace(model, start, momentum, backwards=True, boundary_AU=boundary_AU, tolerance=1e-10)
kinetic = np.linalg.norm(end.momentum, axis=1) - scale_TV
potential = LORENTZ * (model.potential(end.position) - model.potential(start))
residual = np.abs(kinetic + potential)[end.escaped]
say(
    f"|p| changes by up to {number(float(np.abs(kinetic).max()))} TV; the total energy by {np.median(residual):.0e} TV in the median "
    f"and {np.quantile(residual, 0.95):.0e} TV for 95 % of the orbits."
)
assert np.median(residual) < 1e-7, "total energy is not conserved along the orbits"

# %% [markdown]
# ## A pixel that comes apart
#
# An orbit that comes back to the heliosphere is bent a second time, and by how much depends on where exactly it meets the
# heliopause. So small differences grow each time. Take 25 directions a hundredth of a degree apart, all well within one
# pixel of the sky, and follow them together; once in a quiet part of the sky, once where orbits return.

# %%
step, momenta, stretched, parted = 12.0, {}, [], []
for ra, dec in ((180.0, 10.0), (306.0, -5.0)):
    close = unit_vector(ra + np.arange(-12, 13) * 0.01 / np.cos(np.radians(dec)), np.full(25, dec))
    ends = trace(run.heliosphere, np.repeat(earth_positions(run.heliosphere, 1), 25, axis=0),
                 -scale_TV * close @ run.heliosphere.axes.T, backwards=True, boundary_AU=boundary_AU)
    stretched.append(float(ends.amplification[12]))
    parted.append(np.median(angle_between(ends.momentum[1:], ends.momentum[:-1])))
    name = f"RA {ra:.0f}°, Dec {dec:.0f}°"
    bundle, momenta[name] = follow(run.heliosphere, close, scale_TV, step_AU=step, steps=650)
final = [np.median(angle_between(m[-1, 1:], m[-1, :-1])) for m in momenta.values()]

# %%
fig = plots.bundle(run.heliosphere, bundle, momenta, step * np.arange(651), extent_AU=900.0)
show(
    fig,
    "03_fan",
    run_dir=run_dir,
    caption="Left: 25 orbits of one pixel, RA 306°, Dec −5°, coloured in the order of their directions. Right: the angle between "
    "the momenta of neighbours, median and the range of 80 % of them, there and in a quiet pixel (a calculation).",
    alt="Left, a bundle of orbits that leaves the Sun as one line. Right, the angle between neighbours on a logarithmic scale: in "
    f"the median it ends at {number(float(final[0]))} degrees in the quiet pixel, and at {number(float(final[1]))} in the other.",
)
say(
    f"A small circle of directions about the first is stretched {stretched[0]:.1f}-fold by the time it leaves the sphere of "
    f"{boundary_AU:g} AU, about the second {number(stretched[1])}-fold. Where this *amplification* is above 100 we call an "
    "orbit chaotic: it is computed correctly, but which of its neighbours reached the detector nobody knows."
)
assert parted[1] > parted[0] or stretched[1] < 100 * stretched[0], "amplification does not say how orbits part"

# %% [markdown]
# ## The Liouville map
#
# Now every pixel of the sky. A detector averages over a year, over all rigidities that it takes for one energy, over the
# pixel, and over the solar cycle. So each pixel gets orbits of its own, drawn from all of these together by one evenly spread
# (*quasi-random*) sequence: $\mu$, $\mathbf R$ and $p/p_0$ of each are the **Liouville map**. Without a heliosphere, $\mu$ would be the smooth pattern of the first map below. With it, the pattern is
# torn near the plane across the field: particles that hardly move along the field come back to the heliosphere again and
# again, and each time the orbits of neighbours part. Such orbits are **chaotic**; one of them means nothing, only averages do.

# %%
liouville = run.liouville
ra, dec = np.meshgrid(liouville.ra, liouville.dec)
straight = -unit_vector(ra, dec) @ liouville.field_icrs
mean = liouville.average(liouville.mu)
fig = plots.skies(
    {"μ without a heliosphere": straight, "μ, one orbit a pixel": liouville.mu[0], f"μ, mean of {len(liouville.mu)} orbits": mean},
    liouville.dec,
    liouville.ra,
    field_icrs=liouville.field_icrs,
    unit="pitch-angle cosine μ",
    scale=1.0,
    offset=0.0,
    cmap="PuOr_r",
    limit=1.0,
)
show(
    fig,
    "03_mu",
    run_dir=run_dir,
    caption="Where the particles of each direction come from (a calculation, no data).",
    alt="Three maps of the pitch-angle cosine: a smooth dipole, the same pattern torn and speckled along the great "
    "circle across the field, and an average over the orbits of each pixel in which the speckles are softened.",
)

# %%
area = np.cos(np.radians(dec))
spread = float(np.sqrt(np.average((mean - straight) ** 2, weights=area)))
ratio = liouville.average(liouville.momentum_ratio)
chaotic, uncertain = liouville.share(liouville.chaotic, np.isfinite(liouville.amplification))
say(
    f"The heliosphere shifts μ by {number(spread)} (r.m.s.) and p by parts in ten thousand: p/p₀ − 1 lies between "
    f"{ratio.min() - 1:.1e} and {ratio.max() - 1:.1e}. One orbit in 16 is followed by two neighbours: "
    f"{chaotic:.0%} ± {uncertain:.1%} of them are chaotic, and "
    f"{liouville.unescaped_fraction:.1%} are still inside {boundary_AU:g} AU at the end of their path; they enter with their last state (what "
    "it does to drop them: notebook 11)."
)
inside = ~liouville.escaped
say("Which are these? " + (f"Half of them have |μ| below {np.median(np.abs(liouville.mu[inside])):.2f}: they hardly move along the field, and a "
    "path of 30,000 AU does not take them out. They lie about the plane across the field:" if inside.any() else "None."))
assert np.all(np.abs(liouville.mu) <= 1 + 1e-12), "a pitch-angle cosine exceeds 1"
assert abs(np.corrcoef(mean.ravel(), straight.ravel())[0, 1]) > 0.5, (
    "the heliosphere has erased the large-scale pattern"
)
fig = plots.skies({"orbits still inside": liouville.average(inside)}, liouville.dec, liouville.ra, field_icrs=liouville.field_icrs,
                  unit="share of the orbits of a pixel (%)", scale=100.0, offset=0.0, cmap="Purples")
fig.axes[0].collections[0].set_clim(0.0)  # a share has no negative half
show(
    fig,
    "03_inside",
    run_dir=run_dir,
    caption="Where the orbits come from that are still inside the boundary at the end of their path (a calculation, no data).",
    alt="Map of the share of orbits that are not out: none over most of the sky, up to "
    f"{liouville.average(inside).max():.0%} of a pixel in a ragged band about the great circle across the field.",
)
run.write_liouville()
record(run_dir, "03_orbits", liouville_claims(run))

# %% [markdown]
# Lower rigidities turn in smaller circles, so the heliosphere bends them more. Each orbit of a pixel has a rigidity of its
# own, drawn from what the detector sees (notebook 04):

# %%
limits = [0.0, *run.response.rigidity([1 / 3, 2 / 3]), np.inf]
rows = []
for low, high in pairwise(limits):
    part = (liouville.rigidity_TV >= low) & (liouville.rigidity_TV < high)
    if part.any():
        shift = np.sqrt(np.mean((liouville.mu - straight)[part] ** 2))
        rows.append(f"| {np.median(liouville.rigidity_TV[part]):.1f} TV | {shift:.2f} | {np.mean(~liouville.escaped[part]):.1%} |")
say("| rigidities about | shift of μ (r.m.s.) | still inside |\n|---|---|---|\n" + "\n".join(rows))

# %% [markdown]
# ## The sky unfolded
#
# The torn map and the smooth pattern are the same particles. To see it, colour each direction by the $\mu$ it will have in
# the interstellar medium, and stop the particles, on their way out, where they first meet spheres of growing radius:
# each dot then moves to the direction from which its particle came *there*. If the map is right, the torn colours must sort
# themselves into rings about the field.

# %%
sky = spread_directions(3000)
radii = [radius for radius in (100.0, 300.0, 1000.0) if radius < boundary_AU] + [boundary_AU]
met = stations(run.heliosphere, sky, scale_TV, radii)
origins = [-(o.momentum / np.linalg.norm(o.momentum, axis=1)[:, None]) @ run.heliosphere.axes for o in met]
b, e_x, e_y = axes_across(run.heliosphere)
mu, gyrophase = -origins[-1] @ b, np.degrees(np.arctan2(-origins[-1] @ e_y, -origins[-1] @ e_x))

# %%
fig = plots.unfolding(
    {"1 AU: the sky of the Earth": sky} | {f"{r:g} AU": o for r, o in zip(radii, origins, strict=True)}, mu, gyrophase, b
)
show(
    fig,
    "03_unfolding",
    run_dir=run_dir,
    caption="The same 3000 particles where they first met spheres of growing radius: the direction each came from, coloured by its "
    "μ at the last; grey: nobody came from there. Last panel: the last sphere in coordinates along the field (a calculation).",
    alt="Maps of the sky full of coloured dots, one at the Earth, where the colours are torn and speckled, and one on each of "
    f"the spheres of {', '.join(f'{r:g}' for r in radii)} AU; on the last the colours lie in rings about the field. The panel "
    "after these shows them in even horizontal bands of pitch-angle cosine.",
)
say(
    f"{np.mean(met[-1].escaped):.0%} of the particles have met the last sphere. The speckles of the Earth's sky are neighbours "
    "whose orbits came apart: each is in a ring of its colour at the end. The rings are crowded here and thin there, for the Earth "
    "sees some pitch angles from much of its sky and others hardly at all."
)

# %% [markdown]
# Stopping on the way must not change where an orbit ends; a single flight to the last sphere is the check, for orbits that
# are not chaotic.

# %%
whole = trace(run.heliosphere, np.tile(earth_positions(run.heliosphere, 1), (len(sky), 1)), -scale_TV * sky @ run.heliosphere.axes.T,
              backwards=True, boundary_AU=boundary_AU, tolerance=TOLERANCE)
quiet = whole.escaped & met[-1].escaped & ~whole.chaotic
off = angle_between(whole.momentum, met[-1].momentum)[quiet]
say(f"{np.mean(quiet):.0%} of the orbits are quiet; with and without stops they end within {number(float(np.quantile(off, 0.99)))}° "
    "of each other (99 % of them).")
# a field on a grid has kinks, and steps that end elsewhere meet others of them
limit = 0.5 if run.heliosphere is run.closed_form else 2.0
assert np.quantile(off, 0.99) < limit, "stopping on the way changes the orbits"

# %% [markdown]
# ## Were the heliosphere another
#
# The closed form is one guess. The MHD simulation of notebook 02 is another, with the interstellar field in the same direction: how
# far do the two maps of $\mu$ disagree, and how much is that on the sky? A dipole $A_1\mu$ of one part in a thousand turns a difference of
# $\mu$ into one of intensity, for which a published map has errors of about $10^{-4}$ a pixel.

# %%
few = Sampling(4, run.response, run.parameters.seed)
# a run on a grid is compared with the closed form
if run.heliosphere is run.closed_form:
    name, other = "MHD simulation", read_gridded(DATA / "heliosphere_mhd.h5")
else:
    name, other = "closed form", epochs_of(run.closed_form.parameters, run.parameters.epoch)
pair = [cached_samples(field, *grid(6.0), few, boundary_AU=boundary_AU) for field in (run.epochs, other)]
own_mu, other_mu = (one.average(one.mu) for one in pair)
fig = plots.skies(
    {"1000 A₁ μ, this run's heliosphere": own_mu, f"1000 A₁ μ, {name}": other_mu, "difference": other_mu - own_mu},
    pair[0].dec, pair[0].ra, field_icrs=pair[0].field_icrs, unit="relative intensity − 1, 10⁻³, for A₁ = 10⁻³", scale=1.0, offset=0.0,
    cmap="PuOr_r", own="difference",
)
show(
    fig,
    "03_two_heliospheres",
    run_dir=run_dir,
    caption="What a dipole of 10⁻³ in the interstellar medium looks like at the Earth through either heliosphere, four orbits a "
    "pixel of 6 degrees, and the difference (a calculation).",
    alt="Three maps: two that agree about the poles of the field and disagree near the plane across it, and their difference, "
    "which is patchy along that plane.",
)
weight = np.cos(np.radians(pair[0].dec))[:, None] * np.ones(len(pair[0].ra))
off = float(np.sqrt(np.average((other_mu - own_mu) ** 2, weights=weight)))
noise = float(np.sqrt(np.average(sum(one.average(one.mu**2) - one.average(one.mu) ** 2 for one in pair) / 4, weights=weight)))
say(
    f"The two differ by {off:.2f} in μ (r.m.s.), of which the few orbits of each pixel make {noise:.2f}. So the choice of the heliosphere "
    f"changes a pixel by some {off:.1f} × 10⁻³ × A₁/10⁻³: several times the errors of the map. What that does to the conclusions is in notebook 11."
)

# %% [markdown]
# ## Were the field another
#
# How the map depends on the direction of the interstellar field, for published directions, through the closed form and on a
# coarse grid:

# %%
coarse_dec, coarse_ra = grid(6.0)
maps = {
    name: trace_sky(closed_form(with_field(run.closed_form.parameters, name)), coarse_dec, coarse_ra, rigidity_TV=scale_TV,
                    boundary_AU=boundary_AU)
    for name in ("ribbon", "hawc-icecube", "voyagers-model", "starlight")
}
fig = plots.skies(
    {f"{name} ({FIELD_PRESETS[name].frame} {FIELD_PRESETS[name].lon:g}°, {FIELD_PRESETS[name].lat:g}°)": one.mu[0]
     for name, one in maps.items()},
    coarse_dec, coarse_ra, field_icrs=np.array([one.field_icrs for one in maps.values()]), columns=2, unit="pitch-angle cosine μ", scale=1.0, offset=0.0, cmap="PuOr_r", limit=1.0,
)
show(
    fig,
    "03_fields",
    run_dir=run_dir,
    caption="The map of μ from one position for four published directions of the interstellar field, named as in `FIELD_PRESETS` (a calculation).",
    alt="Four maps of the pitch-angle cosine on a coarse grid, one for each published direction of the field: the dark and "
    "bright regions move with the field, and so does the torn band between them.",
)
apart = [float(angle_between(one.field_icrs, maps["ribbon"].field_icrs)) for one in maps.values()]
say(f"The four directions lie up to {max(apart):.0f}° from the first, and the torn band goes with them: a sky that is fitted well "
    "fixes the field (notebook 05).")

# %% tags=["widget"]
widgets.field_direction(run)

# %% [markdown]
# **A question the figures raise.** In the speckled band one orbit means nothing, but the average over a pixel does.
# How many orbits does a pixel need before its average is better known than the sky?
#
# Before: [02 Build a heliosphere in closed form](02_heliosphere.ipynb) · Next: [04 Read a sky map, and see what its rings have lost](04_sky_map.ipynb)
