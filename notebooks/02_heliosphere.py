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
# side that faces the interstellar wind.
#
# Both plasmas carry their magnetic field along, **frozen** in. Inside the shock it is **Parker's spiral**: the wind carries
# the field out while the Sun turns. Where the field changes its sign there is a **current sheet**, and every eleven years
# the whole field turns over, so that what streams out is layered. Outside, the interstellar field is **draped** round the
# obstacle.
#
# The paper follows particles through a private simulation of all this (MHD, magnetohydrodynamics: the plasma as a
# conducting fluid). Here a model in closed form stands in. Nothing in it solves the equations of a plasma; what it keeps is
# what orbits feel: $\mathbf B = \nabla\times\mathbf A$, so that $\nabla\cdot\mathbf B = 0$ whatever $\mathbf A$ is, no
# field through the heliopause, one electric potential, and the strength that Voyager 1 and 2 measured.

# %% tags=["parameters"]
field_lon: float = 219.2  # longitude the interstellar field points to, degrees
field_lat: float = 39.9  # latitude the interstellar field points to, degrees
field_uG: float = 3.4  # strength of the interstellar field, microgauss
polarity: int = 1  # of the solar field that leaves the Sun in the north today: 1, -1
seed: int = 20060101  # of every random number
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%
import h5py
import numpy as np
from scipy.interpolate import RegularGridInterpolator

from lisbon_core import plots
from lisbon_core.frames import lonlat, unit_vector_icrs
from lisbon_core.heliosphere import read_gridded
from lisbon_core.heliosphere.solar import swing
from lisbon_core.run import DATA, Run
from lisbon_core.studies.voyager import binned, compared, measured
from lisbon_core.tools.notebook import number, say, show
from lisbon_core.units import DAYS_PER_AU, KM_S

run = Run.from_namespace(globals())
closed_form = run.closed_form
print(closed_form.parameters)
if run.heliosphere is not closed_form:
    print(f"The orbits of this run follow another field, on a grid.\n{run.heliosphere.report}")

# %%
fig = plots.heliosphere_planes(closed_form)
show(
    fig,
    "02_figure_1",
    run_dir=run_dir,
    caption="Figure 1 of the paper, ours: |B| of the closed-form heliosphere (A) along the solar equator, 30 AU north of the "
    "current sheet in it, and (B) in the meridional plane. White: heliopause; dashed: termination shock.",
    alt="Two maps of the magnetic field strength around the Sun: a bullet-shaped heliopause that closes to the left, the "
    "oval of the termination shock inside it, a weak field within, a pile-up of field outside the nose, dark arcs across "
    "the tail, and in the right panel a dark line along the equator.",
)

# %% [markdown]
# Where it is dark the field is nearly nothing, for one of three reasons. In (B) the line along the equator is the current sheet.
# The two wedges over the Sun's poles, and the arcs that lead from them along the heliopause, are wind from the poles, where
# the Sun turns without winding a spiral. And the arc across the tail, in both panels, is the plasma that left while the
# Sun's field was turning over, a quarter of its cycle of 22 years ago; beyond it the field has the other sign.
#
# Beside it a real one: a three-dimensional MHD simulation computed for this project (`data/heliosphere_mhd.md`), whose solar
# field has one sign everywhere.

# %%
simulation = read_gridded(DATA / "heliosphere_mhd.h5")
show(
    plots.heliosphere_planes(simulation),
    "02_simulation",
    run_dir=run_dir,
    caption="The same planes of the MHD simulation. Its shock and heliopause are smeared over some cells of 4 to 15 AU, its "
    "tail is wide and open, and the field in it is stronger, since one sign piles up on itself.",
    alt="Two maps of the field strength: a dark region within the shock, a sheath in which the field grows outward, and a "
    "bright layer before the nose. The tail opens to the left and has 1 to 2 microgauss.",
)

# %% [markdown]
# What is seen in both: a weak spiral field inside the shock, a stronger one in the sheath, and the interstellar field piled up on
# the outside of the nose. What differs: the wedges over the poles are there in both, but with one sign for ever there is neither a
# sheet nor a layer in the simulation, and its tail is open. But |B| alone does not bend an orbit; the direction counts as well.
#
# ## Field lines
#
# The plane that holds the flow and the undisturbed field is a plane of symmetry of the interstellar field: there the field must
# lie in the plane, and lines drawn in it are true field lines. Nothing makes the solar field lie in any one plane, except
# Parker's spiral near the equator; elsewhere lines drawn in a plane are shadows of field lines, and fade in the figure.

# %%
fig = plots.field_lines(closed_form)
show(
    fig,
    "02_field_lines",
    run_dir=run_dir,
    caption="|B| and lines along the part of **B** in the plane: (A) of the flow and the interstellar field, (B) parallel to the solar "
    "equator and 10 AU north of it, clear of the current sheet. A line fades where **B** leaves the plane; black: heliopause and, "
    "dashed, termination shock.",
    alt="Two maps of the field strength with lines. In the first, straight slanting lines of the interstellar field bend around the "
    "heliopause and are swept along it; inside, faint lines. In the second, the solar spiral is wound into circles inside the "
    "shock and carried into the tail as loops, while the interstellar lines outside pass across.",
)
plane = np.stack([np.linspace(-390, 390, 79), 0 * np.arange(79.0), np.linspace(-300, 390, 79)], axis=-1)
plane = np.array([[x, 0.0, z] for x in plane[:, 0] for z in plane[:, 2]])
field = closed_form.field(plane[closed_form.region(plane) == 2])[0]
leaving = float(np.max(np.abs(field[:, 1]) / np.linalg.norm(field, axis=1)))
say(f"Outside the heliopause the field leaves plane (A) by at most {leaving:.0e} of its strength: these are field lines.")
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
# Where $G\mathbf A$ is zero along a surface, no field crosses it. Inside, with $t$ the sine of the heliographic latitude,
#
# $$\mathbf B = -\Omega B_1\nabla\times\{S(\alpha, T)\,[H\,\nabla T + h\,\nabla\zeta]\}, \quad \alpha = t\sqrt P, \quad
# T = \frac{r + a(\sqrt P - 1)}{V}, \quad \zeta = \frac{(P-1)Q}{P-Q}.$$
#
# $T$ is how long ago the plasma left the Sun, $S$ knows the sign of the field at that time, $\zeta$ goes from 0 at the
# shock to 1 at the heliopause, where $H = 1 - \zeta$ ends and $h \propto \zeta^3$ lets the field pile up. Within the shock
# only $S\,\nabla T$ is left, and that is Parker's spiral. Here it is, by differences, beside the package's fast version:

# %%
p, packed = closed_form.parameters, closed_form.packed
B_perp, B_par = closed_form.axes[0] @ closed_form.field_icrs * p.field_uG, closed_form.axes[2] @ closed_form.field_icrs * p.field_uG


def grad(f, x, h=0.01):
    return np.stack([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(3)], axis=-1)


def curl(A, x):
    d = grad(A, x)  # d[:, i, j]: component i along j
    return np.stack([d[:, 2, 1] - d[:, 1, 2], d[:, 0, 2] - d[:, 2, 0], d[:, 1, 0] - d[:, 0, 1]], axis=-1)


def G_A(r):
    x, y, z = r.T
    R2 = x**2 + y**2 + z**2
    F = (R2 / p.surfaces(r)[1] ** 2 - 1) * (1 + R2 / p.tail_AU**2)
    root = np.sqrt(z**2 + p.nose_AU**2)
    A = [-B_par * y / 2, B_par * x / 2 - B_perp * (z + root) / 2, B_perp * y * (1 - z / root) / 2]
    return (F / (1 + F) * A).T


places = np.array([[60.0, -90.0, 120.0], [-300.0, 20.0, 10.0], [200.0, 150.0, -700.0]])
print("curl (G A):\n", curl(G_A, places).round(4), "\nthe package:\n", closed_form.field(places)[0].round(4))
assert np.allclose(curl(G_A, places), closed_form.field(places)[0], atol=1e-5), "the interstellar field is not curl (G A)"

# %%
axis = closed_form.axes @ unit_vector_icrs(*p.rotation_axis_icrs, "icrs")  # of the Sun's rotation
V, Omega = p.wind_speed_km_s * KM_S, 2 * np.pi * DAYS_PER_AU / p.rotation_days


def surfaces(r):  # P, Q and r
    R = np.linalg.norm(r, axis=1)
    return *((R / surface) ** 2 for surface in p.surfaces(r)), R


def alpha(r):
    return r @ axis / surfaces(r)[2] * np.sqrt(surfaces(r)[0])


def age(r):
    return (surfaces(r)[2] + (p.compression - 1) * p.shock_AU * (np.sqrt(surfaces(r)[0]) - 1)) / V


def zeta(r):
    P, Q, _ = surfaces(r)
    return (P - 1) * Q / (P - Q)


def solar_A(r):
    C = np.array([swing(one, packed)[0] for one in age(r)])  # the sign of the field when this plasma left
    S = C * alpha(r) ** 2 / (np.sqrt((C * alpha(r)) ** 2 + p.sheet_width**2) + p.sheet_width)
    H, h = 1 - zeta(r), p.pile_up_AU / V * zeta(r) ** 3
    return -Omega * p.radial_field_uG * (S * (H * grad(age, r).T + h * grad(zeta, r).T)).T


places = np.array([[40.0, -30.0, 90.0], [60.0, 60.0, -300.0], [-90.0, 10.0, 60.0]])  # in the heliosheath
print("curl A:\n", curl(solar_A, places).round(4), "\nthe package:\n", closed_form.field(places)[0].round(4))
assert np.all(closed_form.region(places) == 1), "these places are not in the heliosheath"
assert np.allclose(curl(solar_A, places), closed_form.field(places)[0], atol=1e-4), "the field of the sheath is not this curl"

# %% [markdown]
# ## What the Voyagers measured
#
# Both spacecraft have flown through all of it: through the termination shock at 94 and 84 AU, through the heliopause at
# 121.6 and 119.0 AU, and on. The field in the sheath is weak, about 1 microgauss, and jumps to four times as much and more
# at the heliopause. Shape and strengths of the closed form were fitted to this, eight numbers to twenty means and four distances, and rounded
# (`python -m lisbon_core.studies.voyager`). The simulation was not: it is shown as it is.

# %%
table = measured()
models = {"closed form": closed_form, "MHD simulation": simulation}
tracks = {}
for number_of, name in ((1, "Voyager 1"), (2, "Voyager 2")):
    track = table[table["spacecraft"] == number_of]
    icrs = unit_vector_icrs(track["lon"], track["lat"], "ecliptic") * np.asarray(track["r"])[:, None]
    tracks[name] = {"r": np.asarray(track["r"]), "B": np.asarray(track["B"]), "crossings": table.meta["crossings"][name],
                    "models": {model: one.field_strength(icrs @ one.axes.T) for model, one in models.items()}}
fig = plots.field_along_tracks(tracks)
show(
    fig,
    "02_voyager",
    run_dir=run_dir,
    caption="|B| along the tracks of Voyager 1 and 2: NASA's 27-day means, and the models at the same places. Dotted: where "
    "the spacecraft crossed the termination shock and the heliopause.",
    alt="Two panels, field strength against distance on a logarithmic scale. Grey points scatter about 0.4 microgauss within the "
    "shock, about 1 in the sheath, and jump to 4 to 6 beyond the heliopause; the line of the closed form follows them. That of the "
    "simulation has its shock earlier, rises steadily in the sheath and has no jump at the heliopause.",
)
bins = compared(p, binned(table))
there = np.asarray(bins["direction"]) * np.asarray(bins["r"])[:, None]
bins["MHD_B"] = simulation.field_strength(there @ simulation.axes.T)

# %% [markdown]
# The same in numbers. Of the measured column, the distances are those at which the spacecraft crossed (Stone et al. 2005, 2008,
# 2013, 2019); the rest are NASA's 27-day means in `data/measurements/voyager.ecsv`: |B| over five bins each of sheath and medium,
# and the jumps as the mean of 5 AU beyond a surface over that of 5 AU before it. The models' jumps are taken in the same way at the models'
# own surfaces. Those of the simulation are where its flow (`data/heliosphere_mhd.h5`) slows down most, inside and outside 110 AU.

# %%
with h5py.File(DATA / "heliosphere_mhd.h5") as file:
    speed = RegularGridInterpolator([file[name][:] for name in ("r", "theta", "phi")], np.linalg.norm(file["V"][:].astype(float), axis=-1))
    file_axes = file.attrs["axes_icrs"]


def jump(one, direction, where):
    """Mean |B| of 5 AU beyond a distance over that of 5 AU before it, along a direction (ICRS)."""
    far, near = (one.field_strength((where + side * np.linspace(0.1, 5, 20))[:, None] * (one.axes @ direction)) for side in (1, -1))
    return far.mean() / near.mean()


lines, r = [], np.arange(60.0, 160.0)
for name, track in tracks.items():
    of = bins[bins["spacecraft"] == int(name[-1])]
    lon, lat = lonlat(file_axes @ of["direction"][0])
    slows = -np.diff(speed(np.stack(np.broadcast_arrays(r, 90 - lat, lon % 360), axis=-1)))
    smeared = [r[:-1][part][np.argmax(slows[part])] + 0.5 for part in (r[:-1] < 110, r[:-1] >= 110)]
    for k, surface in enumerate(("termination shock", "heliopause")):
        crossed, own = track["crossings"][k], of["model_" + ("shock", "wall")[k]][0]
        side = track["r"] - crossed
        seen = track["B"][(side > 0) & (side < 5)].mean() / track["B"][(side < 0) & (side > -5)].mean()
        toward = of["direction"][(0, 5)[k]]
        lines += [f"| {name}: {surface} (AU) | {crossed:g} | {own:.1f} | {smeared[k]:.0f} |",
                  f"| {name}: jump of B there | {seen:.1f} | {jump(closed_form, toward, own):.1f} | {jump(simulation, toward, smeared[k]):.1f} |"]
    for region in ("sheath", "interstellar"):
        means = [np.mean(of[column][of["region"] == region]) for column in ("B", "model_B", "MHD_B")]
        lines.append(f"| {name}: B, {region} (microgauss) | " + " | ".join(f"{mean:.1f}" for mean in means) + " |")
say("| | measured | closed form | MHD simulation |\n|---|---|---|---|\n" + "\n".join(lines))

# %%
print("          region            r  measured  closed form  MHD, microgauss")
for row in bins:
    print(f"Voyager {row['spacecraft']} {row['region']:13s}{row['r']:6.1f} AU {row['B']:8.2f} {row['model_B']:10.2f} {row['MHD_B']:8.2f}")
say(
    f"In twenty bins the closed form is off by at most {100 * np.max(np.abs(bins['model_B'] / bins['B'] - 1)):.0f} %; single months "
    "vary by more. Far beyond the heliopause the measured field stays higher than the model's, which falls off towards its "
    f"{p.field_uG:g} microgauss: shocks from the Sun still arrive there."
)

# %% [markdown]
# ## Maxwell's equations
#
# A magnetic field has no divergence, and in a steady flow the electric field $\mathbf E$ has no curl: $\nabla\cdot\mathbf B$
# and $\nabla\times\mathbf E$ must vanish in each region. Differences between neighbouring points, at places drawn at
# random, against the size of the terms that cancel:

# %%
rng = np.random.default_rng(seed)
points = rng.normal(size=(3000, 3))
points *= (rng.uniform(3.0, 600.0, 3000) / np.linalg.norm(points, axis=1))[:, None]
step = 1e-3
shifts = step * np.eye(3)
same = np.all(
    [closed_form.region(points) == closed_form.region(points + s * shift) for shift in shifts for s in (-20, 20)],
    axis=0,
)
points = points[same]
B = np.array([[closed_form.field(points + s * shift)[0] for s in (1, -1)] for shift in shifts])
E = np.array([[closed_form.field(points + s * shift)[1] for s in (1, -1)] for shift in shifts])
dB, dE = (B[:, 0] - B[:, 1]) / (2 * step), (E[:, 0] - E[:, 1]) / (2 * step)
divergence = np.abs(dB[0, :, 0] + dB[1, :, 1] + dB[2, :, 2]) / np.abs(dB).max(axis=(0, 2))
curl = np.stack([dE[1, :, 2] - dE[2, :, 1], dE[2, :, 0] - dE[0, :, 2], dE[0, :, 1] - dE[1, :, 0]], axis=-1)
curl = np.linalg.norm(curl, axis=1) / np.maximum(np.abs(dE).max(axis=(0, 2)), 1e-30)
say(
    f"At {len(points)} points: ∇·B is {np.median(divergence):.0e} of its terms in the median and ∇×E {np.median(curl):.0e}."
)
assert np.median(divergence) < 1e-6, "the magnetic field has a divergence"
assert np.median(curl) < 1e-6, "the electric field has a curl"

# %% [markdown]
# ## One potential everywhere
#
# $\mathbf E = -\nabla\Phi$ with one potential $\Phi$, continuous across shock and heliopause. So the total energy of a
# particle is conserved through the whole heliosphere, which tests field, orbit and units at once (notebook 03).

# %%
outward = rng.normal(size=(400, 3))
outward /= np.linalg.norm(outward, axis=1)[:, None]
radii = np.linspace(20.0, 400.0, 4000)
potential = np.stack([closed_form.potential(radius * outward) for radius in radii])
jump = np.abs(np.diff(potential, axis=0))
say(
    f"Largest change of Φ over a step of {radii[1] - radii[0]:.2f} AU: {number(float(jump.max() / np.ptp(potential)))} of its whole range."
)
assert jump.max() < 0.02 * np.ptp(potential), "the electric potential jumps"

# %% [markdown]
# **A question the figure raises.** The tail of this heliosphere ends after 500 AU; nobody knows how long the real one is.
# Which arrival directions will care, and which will not?
#
# Before: [01 See that phase-space density is conserved](01_liouville.ipynb) · Next: [03 Follow every direction back to interstellar space](03_orbits.ipynb)
