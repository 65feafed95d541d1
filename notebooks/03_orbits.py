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
# Each direction $\mathbf n$ on the sky is where a particle came from: its momentum is $-p\,\mathbf n$. From there we go
# back in time, along the equation of motion of a particle of charge $q$ at the place $\mathbf r$,
#
# $$ \frac{d\mathbf r}{dt} = \mathbf v, \quad \frac{d\mathbf p}{dt} = q\,(\mathbf E + \mathbf v\times\mathbf B). $$
#
# What decides the orbit is the **rigidity**, momentum over charge: a proton of 4 TeV has 4 TV.
#
# Far out, where the field is uniform again, the particle moves along it in a helix, and three things about the orbit no
# longer change. We note them in the frame of the plasma: $\mu$, the cosine of the **pitch angle** between momentum and
# field; the **guiding centre** $\mathbf R = \mathbf r + \mathbf p\times\mathbf B/(qB^2)$, the place across the field of
# the helix's axis; and $p/p_0$, the momentum over that at Earth.

# %% tags=["parameters"]
field_lon: float = 219.2  # longitude the interstellar field points to, degrees
field_lat: float = 39.9  # latitude the interstellar field points to, degrees
polarity: int = 1  # of the solar field that leaves the Sun in the north today: 1, -1
boundary_AU: float = 4000.0  # radius at which orbits end, AU
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
from itertools import pairwise

import numpy as np

from lisbon_core import plots
from lisbon_core.claims import liouville_claims
from lisbon_core.ground.frames import angle_between, boost_momentum, spread_directions, unit_vector
from lisbon_core.ground.units import LORENTZ, PROTON_MASS_TV, gyroradius
from lisbon_core.heliosphere import closed_form, read_gridded
from lisbon_core.heliosphere.parameters import FIELD_PRESETS, with_field
from lisbon_core.liouville import Sampling, cached_samples, grid, trace_sky
from lisbon_core.liouville.tracing import TOLERANCE, axes_across, earth_positions
from lisbon_core.orbits import trace
from lisbon_core.run import DATA, Run
from lisbon_core.studies.tracks import follow, stations
from lisbon_core.synthetic import epochs_of
from lisbon_core.tools import widgets
from lisbon_core.tools.notebook import expect, number, record, say, show

run = Run.from_namespace(globals())
medium, p0 = run.heliosphere, run.response.scale_TV
earth = earth_positions(medium, 1)[0]

# %% [markdown]
# ## The equation of motion, stepped by hand
#
# In units of AU and light travel times, with momenta in TV and fields in microgauss, the charge becomes one number,
# `LORENTZ`. Boris's method takes a step in five parts: half of the way, half of the push by the electric field, the turn
# about the magnetic field, and the two other halves. The turn keeps the size of the momentum exactly. To go back in time,
# make the step negative.


# %%
def energy(p):
    return np.sqrt(np.sum(p**2, axis=1, keepdims=True) + PROTON_MASS_TV**2)


def boris(r, p, h):
    """A step of time h of dr/dt = v, dp/dt = q (E + v x B)."""
    r = r + h / 2 * p / energy(p)  # v = p/energy, c = 1
    B, E = medium.field(r)
    p = p + h / 2 * LORENTZ * E
    turn = h / 2 * LORENTZ * B / energy(p)
    half = p + np.cross(p, turn)
    p = p + np.cross(half, 2 * turn / (1 + np.sum(turn**2, axis=1, keepdims=True)))
    p = p + h / 2 * LORENTZ * E
    return r + h / 2 * p / energy(p), p


# %% [markdown]
# Five particles, a few thousand steps each: short ones near the Sun, where the field is strong, and of 1 AU farther out.

# %%
places = np.array([(230, 25), (300, -45), (75, 20), (140, 10), (30, -40)])
n = unit_vector(*places.T) @ medium.axes.T
r, p = np.tile(earth, (5, 1)), -p0 * n
steps = -np.minimum(0.01 * 1.01 ** np.arange(2800), 1.0)
tracks = [r]
for h in steps:
    r, p = boris(r, p, h)
    tracks.append(r)
tracks = np.array(tracks)

# the package: longer steps of higher order, which end where the field has a border
fast = trace(medium, np.tile(earth, (5, 1)), -p0 * n, backwards=True,
             path_cap_AU=-steps.sum(), boundary_AU=1e5)
apart = angle_between(p, fast.momentum)  # degrees

# %% tags=["hide-input"]
distance = np.linalg.norm(tracks, axis=2)
returned = np.any((np.maximum.accumulate(distance) > 300.0) & (distance < 200.0), axis=0)
show(
    plots.orbits_in_space(medium, list(tracks[::4].transpose(1, 0, 2)),
                          [f"from RA {ra}°, Dec {dec}°".replace("-", "−") for ra, dec in places]),
    "03_orbits", run_dir, returned=int(returned.sum()), path=-steps.sum(),
)
out = trace(medium, np.tile(earth, (5, 1)), -p0 * n, backwards=True, boundary_AU=boundary_AU).escaped
say(f"Ours and the package's orbits end within {number(float(apart.max()))}° and {number(float(np.linalg.norm(r - fast.position, axis=1).max()))} AU of "
    f"each other, after {-steps.sum():.0f} AU. Most of this is made at the borders, where a step of ours has one half in the wrong field.")
lines = []
for k in np.flatnonzero(returned):
    first = np.flatnonzero((distance[:, k] < 200.0) & (np.maximum.accumulate(distance[:, k]) > 300.0))[0]
    lines.append(f"- **Number {k + 1}** was {distance[:first, k].max():.0f} AU away, and passes the Sun again at {distance[first:, k].min():.0f} AU."
                 + ("" if out[k] else f" Even after 60,000 AU of path it is still within the sphere of {boundary_AU:g} AU."))
say("Which orbits come back?\n\n" + ("\n".join(lines) or "None of these five.") + "\n\nAn orbit that comes back has turned once about the "
    "interstellar field, moved little along it, and meets the heliosphere again. It is these that make the map of the sky hard, as "
    "the rest of this notebook shows.")
expect(bool(np.any(returned)), "none of these five orbits comes back", run.parameters)
expect(bool(np.all(apart < 1.0)), "steps as short as these do not follow the orbits to a degree", run.parameters)

# %% [markdown]
# ## What bends an orbit
#
# The field of the Sun is strong only near it, and falls as fast as one flies away: what bends an orbit is not the
# gyroradius alone, but the path over it.

# %%
r = np.array([1.0, 10.0, 80.0])
aside = run.closed_form.axes @ unit_vector(0.0, 0.0)
strength = run.closed_form.field_strength(r[:, None] * aside)
bend = np.degrees(r / gyroradius(p0, strength))  # over a path as long as the way out

# %% tags=["hide-input"]
say("| distance (AU) | B (microgauss) | gyroradius (AU) | bent on the way by about |\n|---|---|---|---|\n" + "\n".join(
    f"| {one:g} | {B:.2g} | {gyroradius(p0, B):.0f} | {angle:.1f}° |" for one, B, angle in zip(r, strength, bend, strict=True)))
aside = run.closed_form.parameters.surfaces([[1, 0, 0], [-1, 0, 0], [0, 1, 0]])[1]
say(
    f"So within the shock a particle flies almost straight; a sheath of about 1 microgauss bends it little, and what bends it most "
    f"is the interstellar field, strongest where it piles up on the heliopause. In its {medium.field_uG:.3g} microgauss a "
    f"particle of {p0:g} TV has a gyroradius of {number(gyroradius(p0, medium.field_uG))} AU. The heliopause of the closed form is "
    f"{aside.min():.0f} to {aside.max():.0f} AU to the sides of the Sun: orbits are bent by large angles before they are clear of it, "
    "but far from all of them are brought back, and that is why anything is left of the interstellar pattern."
)

# %% [markdown]
# ## Energy along the way
#
# The electric field changes the momentum by parts in ten thousand. The sum of kinetic and potential energy may not
# change at all. It is compared with its largest part:

# %%
model = run.closed_form  # a field on a grid has no potential
start, n = np.tile([1.0, 0.0, 0.0], (300, 1)), spread_directions(300)
end = trace(model, start, -p0 * n, backwards=True,
            boundary_AU=boundary_AU, tolerance=1e-10)
kinetic = (energy(end.momentum) - energy(-p0 * n))[:, 0]  # TV
potential = LORENTZ * (model.potential(end.position) - model.potential(start))
residual = np.abs(kinetic + potential)
limit = 3e-8 * (p0 + np.abs(potential).max())
assert np.median(residual) < limit, "total energy is not conserved along the orbits"

# %% tags=["hide-input"]
say(f"The kinetic energy changes by up to {number(float(np.abs(kinetic).max()))} TeV; the total energy by {number(float(np.median(residual)))} TeV "
    f"in the median, and for 95 % of the orbits by less than {number(float(np.quantile(residual, 0.95)))} TeV.")

# %% [markdown]
# ## A pixel that comes apart
#
# An orbit that comes back to the heliosphere is bent a second time, and by how much depends on where exactly it meets the
# heliopause. So small differences grow each time. Take 25 directions a hundredth of a degree apart, all well within one
# pixel of the sky, and follow them together; once in a quiet part of the sky, once where orbits return.

# %%
pixels = {"RA 180°, Dec 10°": (180.0, 10.0), "RA 306°, Dec −5°": (306.0, -5.0)}
aside = np.arange(-12, 13) * 0.01  # degrees
step, momenta, stretched, parted = 12.0, {}, [], []
for name, (ra, dec) in pixels.items():
    close = unit_vector(ra + aside / np.cos(np.radians(dec)), np.full(25, dec))
    bundle, momenta[name] = follow(medium, close, p0, step_AU=step, steps=650)
    ends = trace(medium, np.tile(earth, (25, 1)), -p0 * close @ medium.axes.T,
                 backwards=True, boundary_AU=boundary_AU)
    stretched.append(ends.amplification[12])  # of a small circle of directions
    parted.append(np.median(angle_between(ends.momentum[1:], ends.momentum[:-1])))

# %% tags=["hide-input"]
quiet, other = (float(np.median(angle_between(m[-1, 1:], m[-1, :-1]))) for m in momenta.values())
show(plots.bundle(medium, bundle, momenta, step * np.arange(651), extent_AU=900.0), "03_fan", run_dir,
     quiet=number(quiet), other=number(other))
say(
    f"A small circle of directions about the first is stretched {stretched[0]:.1f}-fold by the time it leaves the sphere of "
    f"{boundary_AU:g} AU, about the second {number(float(stretched[1]))}-fold (the figure ends long before). Where this *amplification* (notebook 01) is above 100 we "
    "call an orbit chaotic: it is computed correctly, but which of its neighbours reached the detector nobody knows."
)
expect(parted[1] > parted[0] or stretched[1] < 100 * stretched[0], "the second pixel does not come apart", run.parameters)

# %% [markdown]
# ## From the end of an orbit to $\mu$, $\mathbf R$ and $p/p_0$
#
# At the end of an orbit, on the sphere, the momentum is taken over to the frame of the plasma. Eighteen directions, beside
# those of `trace_sky`:

# %%
dec, ra = np.array([-60.0, 0.0, 60.0]), np.arange(0.0, 360.0, 60.0)
n = unit_vector(*np.meshgrid(ra, dec)).reshape(-1, 3) @ medium.axes.T
end = trace(medium, np.tile(earth, (len(n), 1)), -p0 * n, backwards=True,
            boundary_AU=boundary_AU)
p = boost_momentum(end.momentum, medium.flow, PROTON_MASS_TV)
b, e_x, e_y = np.array(axes_across(medium)) @ medium.axes.T
mu = p @ b / np.linalg.norm(p, axis=1)
R = end.position + np.cross(p, b) / (LORENTZ * medium.field_uG)  # AU

sky = trace_sky(medium, dec, ra, rigidity_TV=p0, boundary_AU=boundary_AU)
calm = end.escaped & ~end.chaotic
assert np.allclose(mu[calm], sky.mu[0].ravel()[calm], atol=2e-3)
far = 1.0 + 2e-3 * gyroradius(p0, medium.field_uG)  # AU
assert np.allclose((R @ e_x)[calm], sky.R_x[0].ravel()[calm], atol=far)

# %% [markdown]
# ## The Liouville map
#
# Now every pixel of the sky. A detector averages over a year, over all rigidities that it takes for one energy, over the
# pixel, and over the solar cycle. So each pixel gets orbits of its own, drawn from all of these together by one evenly spread
# (*quasi-random*) sequence: $\mu$, $\mathbf R$ and $p/p_0$ of each are the **Liouville map**. Without a heliosphere, $\mu$
# would be the smooth pattern of the first map below. With it, the second map is speckled everywhere: it has one orbit a pixel, and
# each a rigidity of its own. The speckles are densest near the plane across the field: particles that hardly move along it come back
# to the heliosphere again and again, and each time the orbits of neighbours part.
# Such orbits are **chaotic**; one of them means nothing, only averages do.

# %%
liouville = run.liouville
ra, dec = np.meshgrid(liouville.ra, liouville.dec)
straight = -unit_vector(ra, dec) @ liouville.field_icrs
mean, inside = liouville.average(liouville.mu), ~liouville.escaped
shift = np.sqrt(np.average((mean - straight) ** 2, weights=np.cos(np.radians(dec))))
assert np.all(np.abs(liouville.mu) <= 1 + 1e-12), "a pitch-angle cosine exceeds 1"

# %% tags=["hide-input"]
mu_scale = {"scale": 1.0, "offset": 0.0, "cmap": "PuOr_r"}
show(
    plots.skies({"μ without a heliosphere": straight, "μ, one orbit a pixel": liouville.mu[0], f"μ, mean of {len(liouville.mu)} orbits": mean},
                liouville.dec, liouville.ra, field_icrs=liouville.field_icrs, unit="pitch-angle cosine μ", limit=1.0, **mu_scale),
    "03_mu", run_dir,
)
ratio = liouville.average(liouville.momentum_ratio)
chaotic, uncertain = liouville.share(liouville.chaotic, np.isfinite(liouville.amplification))
say(
    f"The heliosphere shifts the mean μ of a pixel by {number(float(shift))} (r.m.s.), and p by parts in ten thousand: p/p₀ − 1 lies between "
    f"{number(float(ratio.min() - 1))} and {number(float(ratio.max() - 1))}. One orbit in 16 is followed by two neighbours: "
    f"{number(100 * chaotic, 100 * uncertain)} % of them are chaotic, and {100 * liouville.unescaped_fraction:.1f} % are still inside "
    f"{boundary_AU:g} AU at the end of their path. For these the map has the values where they were last (what it does to leave "
    "them out: notebook 11)."
)
say("Which are these? " + (f"Half of them have |μ| below {np.median(np.abs(liouville.mu[inside])):.2f}: they hardly move along the field, and a "
    "path of 60,000 AU does not take them out. They lie about the plane across the field:" if inside.any() else "None."))
expect(abs(np.corrcoef(mean.ravel(), straight.ravel())[0, 1]) > 0.5, "the heliosphere has erased the large-scale pattern", run.parameters)
fig = plots.skies({"orbits still inside": liouville.average(inside)}, liouville.dec, liouville.ra, field_icrs=liouville.field_icrs,
                  unit="share of the orbits of a pixel (%)", scale=100.0, offset=0.0, cmap="Purples")
fig.axes[0].collections[0].set_clim(0.0)  # a share has no negative half
show(fig, "03_inside", run_dir, largest=f"{100 * liouville.average(inside).max():.0f} %")
run.write_liouville()
record(run_dir, "03_orbits", liouville_claims(run))

# %% [markdown]
# Lower rigidities turn in smaller circles, so the heliosphere bends them more. Each orbit of a pixel has a rigidity of its
# own, drawn from what the detector sees (notebook 04):

# %% tags=["hide-input"]
limits = [0.0, *run.response.rigidity([1 / 3, 2 / 3]), np.inf]
rows = []
for low, high in pairwise(limits):
    part = (liouville.rigidity_TV >= low) & (liouville.rigidity_TV < high)
    if part.any():
        moved = np.sqrt(np.mean((liouville.mu - straight)[part] ** 2))
        rows.append(f"| {np.median(liouville.rigidity_TV[part]):.1f} TV | {moved:.2f} | {100 * np.mean(inside[part]):.1f} % |")
say("| rigidities about | shift of μ, single orbits (r.m.s.) | still inside |\n|---|---|---|\n" + "\n".join(rows))

# %% [markdown]
# ## The sky unfolded
#
# The torn map and the smooth pattern are the same particles. To see it, colour each direction by the $\mu$ it will have in
# the interstellar medium, and stop the particles, on their way out, where they first meet spheres of growing radius:
# each dot then moves to the direction from which its particle came *there*. If the map is right, the torn colours must sort
# themselves into rings about the field.

# %%
sky = spread_directions(3000)
radii = [one for one in (100.0, 300.0, 1000.0) if one < boundary_AU] + [boundary_AU]
met = stations(medium, sky, p0, radii)
b, e_x, e_y = axes_across(medium)
come_from = [-p / np.linalg.norm(p, axis=1, keepdims=True) @ medium.axes
             for p in (there.momentum for there in met)]
mu = -come_from[-1] @ b
gyrophase = np.degrees(np.arctan2(-come_from[-1] @ e_y, -come_from[-1] @ e_x))

# %% tags=["hide-input"]
show(
    plots.unfolding({"1 AU: the sky of the Earth": sky} | {f"{one:g} AU": o for one, o in zip(radii, come_from, strict=True)}, mu, gyrophase, b),
    "03_unfolding", run_dir, radii=", ".join(f"{one:g}" for one in radii),
)
say(
    f"{100 * np.mean(met[-1].escaped):.0f} % of the particles have met the last sphere. The speckles of the Earth's sky are neighbours "
    "whose orbits came apart: each is in a ring of its colour at the end. The rings are crowded here and thin there, for the Earth "
    "sees some pitch angles from much of its sky and others hardly at all."
)

# %% [markdown]
# Stopping on the way must not change where an orbit ends; a single flight to the last sphere is the check, for orbits that
# are not chaotic.

# %%
start = np.tile(earth, (len(sky), 1))
whole = trace(medium, start, -p0 * sky @ medium.axes.T, backwards=True,
              boundary_AU=boundary_AU, tolerance=TOLERANCE)
quiet = whole.escaped & met[-1].escaped & ~whole.chaotic
apart = angle_between(whole.momentum, met[-1].momentum)[quiet]
off = np.quantile(apart, 0.99) if quiet.any() else 0.0
# a field on a grid has kinks, and steps that end elsewhere meet others of them
limit = 0.5 if medium is run.closed_form else 2.0  # degrees
assert off < limit, "stopping on the way changes the orbits"

# %% tags=["hide-input"]
say(f"{100 * np.mean(quiet):.0f} % of the orbits are quiet, of the map above {100 * (1 - chaotic):.0f} %: here all have {p0:g} TV, and the "
    "map has the lower rigidities too. "
    + (f"With and without stops they end within {number(float(off))}° of each other (99 % of them)." if quiet.any() else
       "So there are none to compare."))

# %% [markdown]
# ## If the heliosphere were another
#
# The closed form is one guess. The MHD simulation of notebook 02 is another, with the interstellar field in the same direction: how
# far do the two maps of $\mu$ disagree, and how much is that on the sky? A dipole $A_1\mu$ of one part in a thousand turns a difference of
# $\mu$ into one of intensity, for which a published map has errors of about $10^{-4}$ a pixel.

# %% tags=["hide-input"]
few = Sampling(4, run.response, run.parameters.seed)
# a run on a grid is compared with the closed form
if medium is run.closed_form:
    name, other = "MHD simulation", read_gridded(DATA / "heliosphere_mhd.h5")
else:
    name, other = "closed form", epochs_of(run.closed_form.parameters, run.parameters.epoch)
pair = [cached_samples(field, *grid(6.0), few, boundary_AU=boundary_AU) for field in (run.epochs, other)]
own_mu, other_mu = (one.average(one.mu) for one in pair)
show(
    plots.skies({"1000 A₁ μ, this run's heliosphere": own_mu, f"1000 A₁ μ, {name}": other_mu, "difference": other_mu - own_mu},
                pair[0].dec, pair[0].ra, field_icrs=pair[0].field_icrs, unit="relative intensity − 1, 10⁻³, for A₁ = 10⁻³",
                own="difference", own_unit="difference of relative intensity (10⁻³), for A₁ = 10⁻³", **mu_scale),
    "03_two_heliospheres", run_dir,
)
weight = np.cos(np.radians(pair[0].dec))[:, None] * np.ones(len(pair[0].ra))
off = float(np.sqrt(np.average((other_mu - own_mu) ** 2, weights=weight)))
noise = float(np.sqrt(np.average(sum(one.average(one.mu**2) - one.average(one.mu) ** 2 for one in pair) / 4, weights=weight)))
alone = np.sqrt(max(off**2 - noise**2, 0.0))
say(
    f"The two differ by {off:.2f} in μ (r.m.s.), of which the few orbits of each pixel make {noise:.2f}. The squares of both part: the choice "
    f"of the heliosphere alone changes a pixel by some {alone:.2f} × 10⁻³ × A₁/10⁻³, where a map has errors of 0.1 × 10⁻³. What that does to "
    "the conclusions is in notebook 11."
)

# %% [markdown]
# ## If the field were another
#
# How the map depends on the direction of the interstellar field, for published directions, through the closed form and on a
# coarse grid:

# %% tags=["hide-input"]
coarse = grid(6.0)
called = {"ribbon": "IBEX ribbon", "hawc-icecube": "HAWC and IceCube", "voyagers-model": "model of both Voyagers",
          "starlight": "polarised starlight"}
maps = {name: trace_sky(closed_form(with_field(run.closed_form.parameters, name)), *coarse, rigidity_TV=p0, boundary_AU=boundary_AU)
        for name in called}
show(
    plots.skies({f"{called[name]} ({FIELD_PRESETS[name].frame} {FIELD_PRESETS[name].lon:g}°, {FIELD_PRESETS[name].lat:g}°)": one.mu[0]
                 for name, one in maps.items()}, *coarse, field_icrs=np.array([one.field_icrs for one in maps.values()]),
                columns=2, unit="pitch-angle cosine μ", limit=1.0, **mu_scale),
    "03_fields", run_dir,
)
apart = [float(angle_between(one.field_icrs, maps["ribbon"].field_icrs)) for one in maps.values()]
say(f"The four directions lie up to {max(apart):.0f}° from the first, and the speckled band goes with them: what a sky says of "
    "the field is in notebook 11.")

# %% tags=["widget"]
widgets.field_direction(run)

# %% [markdown]
# **A question the figures raise.** In the speckled band one orbit means nothing, but the average over a pixel does.
# How many orbits does a pixel need before its average is better known than the sky?
#
# Before: [02 Build a heliosphere in closed form](02_heliosphere.ipynb) · Next: [04 Read a sky map, and see what its rings have lost](04_sky_map.ipynb)
