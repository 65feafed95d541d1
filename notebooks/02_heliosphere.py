# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 Build a heliosphere in closed form
#
# > **Shows** the model heliosphere, Figure 1, and that its fields obey Maxwell's equations. **Equations** none of the
# > paper's. **Needs** nothing from other notebooks. **Run time** about twenty seconds.
#
# The **solar wind** is a plasma that streams from the Sun at 400 km/s. About 85 AU out it slows down suddenly, at the
# **termination shock**; beyond it, in the **heliosheath**, it turns aside and leaves through a long tail. The interstellar
# plasma comes by at 25 km/s and has to flow round. The **heliopause** parts the two, some 120 AU away at the nose, the
# side that faces the interstellar wind.
#
# Both plasmas carry their magnetic field along, **frozen** in. Inside the shock it is **Parker's spiral**: the wind carries
# the field out while the Sun turns, and where the field changes its sign there is a thin **current sheet**. Outside, the
# interstellar field is **draped** round the obstacle.
#
# The paper follows particles through a private simulation of all this (MHD, magnetohydrodynamics: the plasma as a
# conducting fluid). Here a model in closed form stands in: one flow, two labels on its streamlines, one travel time. The
# magnetic field is $\mathbf B = \nabla\alpha\times\nabla\beta$, where the numbers $\alpha$ and $\beta$ are labels of a
# field line that the flow carries along; written so, $\nabla\cdot\mathbf B = 0$ whatever the labels are. The flow is that
# round a half-body, for which the draped field is known (Röken, Kleimann & Fichtner 2015); in the heliosheath the spiral
# is carried along the streamlines.

# %% tags=["parameters"]
field_lon: float = 219.2  # longitude the interstellar field points to, degrees
field_lat: float = 39.9  # latitude the interstellar field points to, degrees
field_uG: float = 3.0  # strength of the interstellar field, microgauss
polarity: int = 1  # of the solar field, 0 if unipolar: 1, -1, 0
seed: int = 20060101  # of every random number
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%
import numpy as np

from lisbon_core import plots
from lisbon_core.frames import unit_vector_icrs
from lisbon_core.run import Run
from lisbon_core.tools.notebook import number, say, show

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
    caption="Figure 1 of the paper, ours: |B| of the closed-form heliosphere in (A) the solar equatorial and (B) the meridional "
    "plane. White: heliopause; dashed: termination shock. The dark line is the current sheet; plane (A) lies within it up to the shock.",
    alt="Two maps of the magnetic field strength around the Sun: a bullet-shaped heliopause open to the left, the "
    "circle of the termination shock inside it, a weak field within, a pile-up of field outside the nose, and in the "
    "right panel the thin dark current sheet.",
)

# %% [markdown]
# What is seen: a weak spiral field inside the shock, a stronger one in the sheath, and the interstellar field piled up on the
# outside of the nose. But |B| alone does not bend an orbit; the direction counts as well.
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
# ## What Voyager 1 would have seen
#
# Voyager 1 left the heliosphere on 25 August 2012 at 121.6 AU, about 35° north of the ecliptic, and has measured 0.46
# nT (4.6 microgauss) in the mean since. The model was given the pile-up at the heliopause that this implies, not the
# rest of the profile.

# %%
voyager = closed_form.axes @ unit_vector_icrs(255.0, 35.0, "ecliptic")
distance = np.geomspace(5.0, 200.0, 800)
strength = closed_form.field_strength(distance[:, None] * voyager)
regions = closed_form.region(distance[:, None] * voyager)
within = [strength[regions == region] for region in range(3)]
borders = {"termination shock": distance[regions == 1][0], "heliopause": distance[regions == 2][0]}
fig = plots.curves(
    distance,
    {"Voyager 1": strength},
    xlabel="distance from the Sun (AU)",
    ylabel="|B| (microgauss)",
    height=2.6,
    marks=borders,
    yscale="log",
    yticks=[0.2, 0.5, 1, 2, 5],
    yticklabels=["0.2", "0.5", "1", "2", "5"],
)
show(
    fig,
    "02_voyager",
    run_dir=run_dir,
    caption="|B| of the model outward in the direction of Voyager 1.",
    alt="Field strength against distance on a logarithmic scale: "
    + ", ".join(f"from {reach[0]:.2g} to {reach[-1]:.2g} microgauss {where}" for where, reach in
                zip(("within the shock", "in the sheath", "beyond the heliopause"), within, strict=True)) + ".",
)
beyond = within[-1]
say(
    f"The model heliopause lies at {number(float(distance[regions == 2][0]))} AU in this direction, and the field just beyond "
    f"it is {number(float(beyond[0]))} microgauss. It falls to {number(float(beyond[-1]))} microgauss at {distance[-1]:.0f} AU, "
    "where Voyager 1 went on measuring 4.6 in the mean: the pile-up of the model is a thinner layer than the real one."
)
if closed_form.parameters == type(closed_form.parameters)():
    assert 3.0 < beyond[0] < 6.5, "the field beyond the heliopause is not what Voyager 1 measured"

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
# **A question the figure raises.** The tail of this heliosphere is infinite and its flow never mixes. Which arrival
# directions will care, and which will not?
#
# Before: [01 See that phase-space density is conserved](01_liouville.ipynb) · Next: [03 Follow every direction back to interstellar space](03_orbits.ipynb)
