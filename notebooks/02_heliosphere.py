# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 Build a heliosphere in closed form
#
# > **Shows** the model heliosphere, Figure 1, what the Voyagers measured in the real one, and that the model's fields obey
# > Maxwell's equations. **Equations** none of the paper's. **Needs** nothing from other notebooks. **Run time** about
# > twenty seconds.
#
# The **solar wind** is a plasma that streams from the Sun at 400 km/s. Some 90 AU out it slows down suddenly, at the
# **termination shock**; beyond it, in the **heliosheath**, it turns aside and leaves through a long tail. The interstellar
# plasma comes by at 25 km/s and has to flow round. The **heliopause** parts the two, some 115 AU away at the nose, the
# side that faces the interstellar wind. Where that wind comes from we call *upwind*.
#
# Both plasmas carry their magnetic field along, **frozen** in. Inside the shock it is **Parker's spiral**: the wind carries
# the field out while the Sun turns. Where the field changes its sign there is a **current sheet**, and every eleven years
# the whole field turns over, so that what streams out is layered. Outside, the interstellar field is **draped** round the
# obstacle.
#
# The paper follows particles through a private simulation of all this (MHD, magnetohydrodynamics: the plasma as a
# conducting fluid). Here a model in closed form stands in. Nothing in it solves the equations of a plasma; what it keeps is
# what orbits feel: $\mathbf B = \nabla\times\mathbf A$, so that $\nabla\cdot\mathbf B = 0$ whatever $\mathbf A$ is, no
# field through the heliopause, one electric potential, and the strength that Voyager 1 and 2 measured. Below, all of this is
# computed from the formulas, with differences in place of derivatives, and set beside the package's fast version.

# %% tags=["parameters"]
field_lon: float = 219.2  # longitude the interstellar field points to, degrees
field_lat: float = 39.9  # latitude the interstellar field points to, degrees
field_uG: float = 3.4  # strength of the interstellar field, microgauss
polarity: int = 1  # of the solar field that leaves the Sun in the north today: 1, -1
seed: int = 20060101  # of every random number
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
import h5py
import numpy as np
from scipy.interpolate import RegularGridInterpolator

from lisbon_core import plots
from lisbon_core.ground.frames import lonlat, unit_vector_icrs
from lisbon_core.ground.units import DAYS_PER_AU, KM_S
from lisbon_core.heliosphere import read_gridded
from lisbon_core.heliosphere.solar import swing
from lisbon_core.run import DATA, Run
from lisbon_core.studies.voyager import binned, compared, measured
from lisbon_core.tools.notebook import expect, number, say, show

run = Run.from_namespace(globals())
closed_form = run.closed_form
if run.heliosphere is not closed_form:
    say(f"The orbits of this run follow another field, on a grid.\n\n```\n{run.heliosphere.report}\n```")
show(plots.heliosphere_planes(closed_form), "02_figure_1", run_dir)

# %% [markdown]
# ## Why it is dark in places
#
# Where it is dark the field is nearly nothing, for one of three reasons.
#
# - The **line along the equator** in (B) is the current sheet. It is also why (A) lies 30 AU north of the equator.
# - The **wedges over the Sun's poles** in (B), and the arcs that lead from them along the heliopause, are wind from the poles,
#   where the Sun turns without winding a spiral.
# - The **arc across the tail**, in both panels, is plasma that left while the Sun's field was turning over, a quarter of its
#   cycle of 22 years ago; beyond it the field has the other sign.
#
# The third can be computed. How long ago did the plasma of the darkest place of (A) leave the Sun? It goes at 400 km/s to the
# shock, and more slowly beyond.

# %%
p = closed_form.parameters
V = p.wind_speed_km_s * KM_S  # in units of c: ages are in AU/c
# the axis of the Sun, and upwind, in the model's axes
north = closed_form.axes @ unit_vector_icrs(*p.rotation_axis_icrs, "icrs")
upwind = np.array([0.0, 0.0, 1.0])


def age(r):
    """Time since the plasma at r left the Sun."""
    R, shock = np.linalg.norm(r, axis=-1), p.surfaces(r)[0]
    return (R + (p.compression - 1) * p.shock_AU * (R / shock - 1)) / V


down = -(upwind - upwind @ north * north)  # along the equator, into the tail
tail = 30.0 * north + np.linspace(150.0, 400.0, 251)[:, None] * down
darkest = tail[np.argmin(closed_form.field_strength(tail))]
years = age(darkest) * DAYS_PER_AU / 365.25

# %% tags=["hide-input"]
say(f"The darkest place of (A) along the tail is {np.linalg.norm(darkest):.0f} AU from the Sun, and its plasma left the Sun "
    f"{years:.1f} years ago: a quarter of the cycle is {p.cycle_years / 4:.1f} years.")
expect(abs(years - p.cycle_years / 4) < 0.3, "the arc is not where the field turned over", run.parameters)

# %% [markdown]
# ## A simulation beside it
#
# Beside it a real one: a three-dimensional MHD simulation computed for this project (`data/heliosphere_mhd.md`), whose solar
# field has one sign everywhere.

# %% tags=["hide-input"]
simulation = read_gridded(DATA / "heliosphere_mhd.h5")
show(plots.heliosphere_planes(simulation), "02_simulation", run_dir)

# %% [markdown]
# What is seen in both: a weak spiral field inside the shock, a stronger one in the sheath, and the interstellar field piled up on
# the outside of the nose. The wedges over the poles and the arc that leads from them are there in both; a current sheet and a layer of
# turned sign are not, since the simulation has one sign for ever, and its tail is open. But |B| alone does not bend an orbit; the
# direction counts as well.
#
# ## Field lines
#
# The plane that holds the wind and the undisturbed field is a plane of symmetry of the interstellar field: there the field must
# lie in the plane, and lines drawn in it are true field lines. Nothing makes the solar field lie in any one plane, except
# Parker's spiral near the equator; elsewhere lines drawn in a plane are shadows of field lines, and fade in the figure.

# %% tags=["hide-input"]
show(plots.field_lines(closed_form), "02_field_lines", run_dir)

# %%
x, z = np.meshgrid(np.linspace(-390, 390, 79), np.linspace(-300, 390, 79))
plane = np.stack([x, 0 * x, z], axis=-1).reshape(-1, 3)
field = closed_form.field(plane[closed_form.region(plane) == 2])[0]  # outside
leaving = np.max(np.abs(field[:, 1]) / np.linalg.norm(field, axis=1))
assert leaving < 1e-9, "the interstellar field does not lie in its plane of symmetry"

# %% [markdown]
# ## How it is written down
#
# Two surfaces that every ray from the Sun meets once carry the model: $P(\mathbf r) = 1$ is the termination shock and
# $Q(\mathbf r) = 1$ the heliopause, and both grow as $r^2$ along each ray. Outside the heliopause the potential
# $\mathbf A$ of the undisturbed field is multiplied by a number $G$ that vanishes on it and is 1 far away:
#
# $$\mathbf B = \nabla\times(G\mathbf A), \quad G = \frac{F}{1+F}, \quad F = (Q-1)(1 + r^2/L^2).$$
#
# $L$ is the length of the tail (`tail_AU`). Where $G\mathbf A$ is zero along a surface, no field crosses it. In the code, z is upwind, x lies across it along the
# interstellar field, and y across both; A is one of the many potentials of a uniform field, chosen so that the field piles
# up before the nose.

# %%
B_perp, _, B_par = closed_form.axes @ closed_form.field_icrs * p.field_uG


def grad(f, r, h=0.01):
    """d[:, i, j]: how component i of f changes along j."""
    sides = [(f(r + h * e) - f(r - h * e)) / (2 * h) for e in np.eye(3)]
    return np.stack(sides, axis=-1)


def curl(A, r, h=0.01):
    d = grad(A, r, h)
    pairs = (1, 2), (2, 0), (0, 1)
    return np.stack([d[:, k, j] - d[:, j, k] for j, k in pairs], axis=-1)


def G_A(r):
    x, y, z = r.T
    R, heliopause = np.linalg.norm(r, axis=1), p.surfaces(r)[1]
    F = ((R / heliopause) ** 2 - 1) * (1 + (R / p.tail_AU) ** 2)
    root = np.sqrt(z**2 + p.nose_AU**2)
    A = [-B_par * y / 2, B_par * x / 2 - B_perp * (z + root) / 2,
         B_perp * y * (1 - z / root) / 2]
    return (F / (1 + F) * A).T


outside = np.array([[60.0, -90.0, 120.0], [-300.0, 20.0, 10.0], [200.0, 150.0, -700.0]])
assert np.allclose(curl(G_A, outside), closed_form.field(outside)[0], atol=1e-5)

# %% [markdown]
# Inside, with $t$ the sine of the heliographic latitude,
#
# $$\mathbf B = -\Omega B_1\nabla\times\{S(\alpha, T)\,[H\,\nabla T + h\,\nabla\zeta]\}, \quad \alpha = t\sqrt P, \quad
# T = \frac{r + a(\sqrt P - 1)}{V}, \quad \zeta = \frac{(P-1)Q}{P-Q}.$$
#
# $\Omega$ is the angular velocity of the Sun and $B_1$ its radial field at 1 AU; $V$ is the speed
# of the wind, $\alpha$ the latitude (its sine) from which the plasma left, and $a$ the path by which it ages more beyond the shock than
# it would within. $T$ is the age from above, $S$ knows the sign of the field when the plasma left, $\zeta$ goes from 0 at the
# shock to 1 at the heliopause, where $H = 1 - \zeta$ ends and $h \propto \zeta^3$ lets the field pile up. Within the shock
# only $S\,\nabla T$ is left, and that is Parker's spiral. The letters $F$, $G$, $L$, $P$, $S$ and $T$ mean this in this notebook only.

# %%
# radians in the time that light takes for 1 AU, which is DAYS_PER_AU long
Omega = 2 * np.pi * DAYS_PER_AU / p.rotation_days


def alpha_T_zeta(r):
    R = np.linalg.norm(r, axis=1)
    P, Q = ((R / surface) ** 2 for surface in p.surfaces(r))
    alpha = r @ north / R * np.sqrt(P)
    return np.stack([alpha, age(r), (P - 1) * Q / (P - Q)], axis=-1)


def solar_A(r):
    alpha, T, zeta = alpha_T_zeta(r).T
    _, grad_T, grad_zeta = grad(alpha_T_zeta, r).transpose(1, 2, 0)
    # sign of the Sun's field when the plasma left: from +1 to -1 and back in a cycle
    C = np.array([swing(one, closed_form.packed)[0] for one in T])
    S = C * alpha**2 / (np.hypot(C * alpha, p.sheet_width) + p.sheet_width)
    H, h = 1 - zeta, p.pile_up_AU / V * zeta**3
    return -Omega * p.radial_field_uG * (S * (H * grad_T + h * grad_zeta)).T


sheath = np.array([[40.0, -30.0, 90.0], [60.0, 60.0, -300.0], [-90.0, 10.0, 60.0]])
assert np.all(closed_form.region(sheath) == 1)
assert np.allclose(curl(solar_A, sheath), closed_form.field(sheath)[0], atol=1e-4)

# %% tags=["hide-input"]
rows = [f"| ({', '.join(f'{one:g}' for one in place)}) | "
        + " | ".join(f"({', '.join(f'{one:.3f}' for one in field[0])})" for field in (curl(A, place[None]), closed_form.field(place)[0])) + " |"
        for A, places in ((G_A, outside), (solar_A, sheath)) for place in places]
say("B in microgauss, at three places outside and three in the sheath:\n\n"
    "| place (AU) | curl, by differences | the package |\n|---|---|---|\n" + "\n".join(rows).replace("-", "−").replace("|−−−", "|---"))

# %% [markdown]
# ## Maxwell's equations
#
# A magnetic field has no divergence, and in a steady flow the electric field $\mathbf E$ has no curl: $\nabla\cdot\mathbf B$
# and $\nabla\times\mathbf E$ must vanish in each region. Both at places drawn at random, against the size of the terms
# that cancel:

# %%
rng, step = np.random.default_rng(seed), 1e-3
points = rng.normal(size=(3000, 3))
points *= (rng.uniform(3, 600, 3000) / np.linalg.norm(points, axis=1))[:, None]
beside = 20 * step * np.concatenate([np.eye(3), -np.eye(3)])
near = [closed_form.region(points + shift) for shift in beside]
points = points[np.ptp(near, axis=0) == 0]  # a difference must not cross a border


def magnetic(r):
    return closed_form.field(r)[0]


def electric(r):
    return closed_form.field(r)[1]


def size(d):  # of the terms that cancel
    return np.abs(d).max(axis=(1, 2)) + 1e-30


dB, dE = grad(magnetic, points, step), grad(electric, points, step)
div_B = np.abs(np.trace(dB, axis1=1, axis2=2)) / size(dB)
curl_E = np.linalg.norm(curl(electric, points, step), axis=1) / size(dE)
assert np.median(div_B) < 1e-6, "the magnetic field has a divergence"
assert np.median(curl_E) < 1e-6, "the electric field has a curl"

# %% tags=["hide-input"]
say(f"At {len(points)} points ∇·B is {number(float(np.median(div_B)))} of its terms in the median, and ∇×E {number(float(np.median(curl_E)))}: "
    "rounding, in differences over so small a step.")

# %% [markdown]
# ## One potential everywhere
#
# $\mathbf E = -\nabla\Phi$ with one potential $\Phi$, continuous across shock and heliopause. So the total energy of a
# particle is conserved through the whole heliosphere, which tests field, orbit and units at once (notebook 03).


# %%
def potential(r):
    return closed_form.potential(r)[:, None]


some = points[:300]
assert np.allclose(-grad(potential, some, step)[:, 0], electric(some), atol=1e-6)
outward = rng.normal(size=(400, 3))
for surface in p.surfaces(outward):  # shock, heliopause
    at = outward * (surface / np.linalg.norm(outward, axis=1))[:, None]
    jump = potential((1 + 1e-9) * at) - potential((1 - 1e-9) * at)
    assert np.abs(jump).max() < 1e-6 * np.ptp(potential(points)), "the potential jumps"

# %% [markdown]
# ## What the Voyagers measured
#
# Both spacecraft have flown through all of it: through the termination shock at 94 and 84 AU, through the heliopause at
# 121.6 and 119.0 AU, and on. The field in the sheath is weak and jumps at the heliopause. Shape and strengths of the closed
# form were fitted to this, eight numbers to twenty means and four distances, and rounded
# (`python -m lisbon_core.studies.voyager`). The simulation was not: it is shown as it is.

# %% tags=["hide-input"]
table = measured()
models = {"closed form": closed_form, "MHD simulation": simulation}
tracks = {}
for number_of, name in ((1, "Voyager 1"), (2, "Voyager 2")):
    track = table[table["spacecraft"] == number_of]
    icrs = unit_vector_icrs(track["lon"], track["lat"], "ecliptic") * np.asarray(track["r"])[:, None]
    tracks[name] = {"r": np.asarray(track["r"]), "B": np.asarray(track["B"]), "crossings": table.meta["crossings"][name],
                    "models": {model: one.field_strength(icrs @ one.axes.T) for model, one in models.items()}}
show(plots.field_along_tracks(tracks), "02_voyager", run_dir)
bins = compared(p, binned(table))
there = np.asarray(bins["direction"]) * np.asarray(bins["r"])[:, None]
bins["MHD_B"] = simulation.field_strength(there @ simulation.axes.T)

# %% [markdown]
# The same in numbers. Of the measured column, the distances are those at which the spacecraft crossed (Stone et al. 2005, 2008,
# 2013, 2019); the rest are NASA's 27-day means in `data/measurements/voyager.ecsv`: |B| over five bins each of sheath and medium,
# and the jumps as the mean of 5 AU beyond a surface over that of 5 AU before it. The models' jumps are taken in the same way at the models'
# own surfaces. Those of the simulation are where its flow (`data/heliosphere_mhd.h5`) slows down most, inside and outside 110 AU.

# %% tags=["hide-input"]
with h5py.File(DATA / "heliosphere_mhd.h5") as file:
    speed = RegularGridInterpolator([file[name][:] for name in ("r", "theta", "phi")], np.linalg.norm(file["V"][:].astype(float), axis=-1))
    file_axes = file.attrs["axes_icrs"]


def rise(one, direction, where):
    """Mean |B| of 5 AU beyond a distance over that of 5 AU before it, along a direction (ICRS)."""
    far, near = (one.field_strength((where + side * np.linspace(0.1, 5, 20))[:, None] * (one.axes @ direction)) for side in (1, -1))
    return far.mean() / near.mean()


lines, jumps, r = [], [], np.arange(60.0, 160.0)
for name, track in tracks.items():
    of = bins[bins["spacecraft"] == int(name[-1])]
    lon, lat = lonlat(file_axes @ of["direction"][0])
    slows = -np.diff(speed(np.stack(np.broadcast_arrays(r, 90 - lat, lon % 360), axis=-1)))
    smeared = [r[:-1][part][np.argmax(slows[part])] + 0.5 for part in (r[:-1] < 110, r[:-1] >= 110)]
    for k, surface in enumerate(("termination shock", "heliopause")):
        crossed, own = track["crossings"][k], of["model_" + ("shock", "wall")[k]][0]
        side = track["r"] - crossed
        seen = track["B"][(side > 0) & (side < 5)].mean() / track["B"][(side < 0) & (side > -5)].mean()
        jumps.append(seen)
        toward = of["direction"][(0, 5)[k]]
        lines += [f"| {name}: {surface} (AU) | {crossed:g} | {own:.1f} | {smeared[k]:.0f} |",
                  f"| {name}: jump of B there | {seen:.1f} | {rise(closed_form, toward, own):.1f} | {rise(simulation, toward, smeared[k]):.1f} |"]
    for region in ("sheath", "interstellar"):
        means = [np.mean(of[column][of["region"] == region]) for column in ("B", "model_B", "MHD_B")]
        lines.append(f"| {name}: B, {region} (microgauss) | " + " | ".join(f"{mean:.1f}" for mean in means) + " |")
say("| | measured | closed form | MHD simulation |\n|---|---|---|---|\n" + "\n".join(lines))
sheath, medium = (bins["B"][bins["region"] == region] for region in ("sheath", "interstellar"))
say(f"So the field measured in the sheath is about {np.mean(sheath):.0f} microgauss on average; it grows towards the heliopause and jumps there by "
    f"another factor of {jumps[1]:.1f} and {jumps[3]:.1f}, to between {np.min(medium):.0f} and {np.max(medium):.0f} microgauss.")

# %% tags=["hide-input"]
say("| | r (AU) | measured | closed form | MHD simulation (microgauss) |\n|---|---|---|---|---|\n" + "\n".join(
    f"| Voyager {row['spacecraft']}, {row['region']} | {row['r']:.1f} | {row['B']:.2f} | {row['model_B']:.2f} | {row['MHD_B']:.2f} |" for row in bins))
say(
    f"In twenty bins the closed form is off by at most {100 * np.max(np.abs(bins['model_B'] / bins['B'] - 1)):.0f} %; single months "
    "vary by more. Far beyond the heliopause the measured field stays higher than the model's, which falls off towards its "
    f"{p.field_uG:g} microgauss: shocks from the Sun still arrive there."
)

# %% [markdown]
# **A question the figure raises.** The tail of this heliosphere ends after 500 AU; nobody knows how long the real one is.
# Which arrival directions will care, and which will not?
#
# Before: [01 See that phase-space density is conserved](01_liouville.ipynb) · Next: [03 Follow every direction back to interstellar space](03_orbits.ipynb)
