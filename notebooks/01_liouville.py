# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 See that phase-space density is conserved
#
# > **Shows** Liouville's theorem on real orbits, and that phase-space density is the same in every frame. **Equations**
# > (1). **Needs** nothing from other notebooks. **Run time** about ten seconds.
#
# A cosmic ray of 4 TeV that reaches the Earth has come through the **heliosphere**, the bubble that the wind of the Sun
# blows into interstellar space, and magnetic fields have bent its path. What do we know of the intensity where it comes
# from? More than one might think. Count the particles in a small volume of **phase space**, the space of places and
# momenta: along a path their density does not change. This is **Liouville's theorem**, and so
#
# $$ I(\theta,\phi) = p_0^2\, f(\mathbf x(\theta,\phi), \mathbf p(\theta,\phi)) \tag{1} $$
#
# Here $I$ is the intensity from the direction of polar angle $\theta$ (from the celestial north pole) and right ascension
# $\phi$; $f$ is the density in phase space; $\mathbf x$ and $\mathbf p$ are the place and momentum in interstellar space to
# which the orbit leads back; and $p_0$ is the momentum at Earth. `trace` follows single orbits, `trace_samples` those of a
# whole sky (notebook 03). This notebook checks the two statements behind Eq. (1): volume in phase space is conserved,
# and $f$ does not depend on the observer's motion.

# %% tags=["parameters"]
p_index: float = 4.7  # exponent of p/p_0 in Eq. (3), alpha + 2
rigidity_TV: float = 4.0  # scale of the response, reported energy over charge, TV
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%
import numpy as np

from lisbon_core import plots
from lisbon_core.frames import boost_momentum, unit_vector
from lisbon_core.orbits import trace
from lisbon_core.run import Run
from lisbon_core.tools.notebook import number, say, show
from lisbon_core.units import PROTON_MASS_TV

run = Run.from_namespace(globals())

# %% [markdown]
# ## A small box of phase space, carried along
#
# Take a particle that arrives at Earth and twelve neighbours, displaced a little in each of the three coordinates and
# three momenta, both ways. Follow all of them back in time for the same path, measured in AU, the distance of the Earth
# from the Sun. The displacements are stretched and
# sheared; Liouville's theorem says that the volume of the box they span, the determinant of a six by six matrix,
# stays what it was.


# %%
def phase_space_matrix(arrival, path, size=2e-6):
    """Derivative of the six end coordinates with respect to the six start coordinates, by central differences."""
    steps = np.diag([size] * 3 + [size * rigidity_TV] * 3)
    start = np.concatenate([[1.0, 0.0, 0.0], -rigidity_TV * arrival])
    states = np.concatenate([start + steps, start - steps])
    end = trace(
        run.closed_form,
        states[:, :3],
        states[:, 3:],
        backwards=True,
        path_cap_AU=path,
        boundary_AU=1e5,
        tolerance=1e-13,
    )
    end = np.concatenate([end.position, end.momentum], axis=1)
    return (end[:6] - end[6:]).T / (2 * np.diag(steps))


# %%
paths = np.array([1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 600.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0, 6000.0])
directions = {
    "towards the nose": unit_vector(255.0, -17.0),
    "along the field": unit_vector(229.0, 23.0),
    "north": unit_vector(0.0, 80.0),
}
volume, stretch = {}, {}
for name, icrs in directions.items():
    matrices = [phase_space_matrix(run.closed_form.axes @ icrs, path) for path in paths]
    volume[name] = np.array([np.linalg.det(matrix) for matrix in matrices])
    stretch[name] = np.array([np.linalg.norm(matrix[:3, 3:], 2) * rigidity_TV for matrix in matrices]) / paths

# %% [markdown]
# Two orbits that leave the Earth at a small angle are apart, after some path, by at most so much times the angle; on straight
# lines that would be the path itself. So what the field does to neighbours is the ratio of the two.

# %%
fig = plots.curves(
    paths, stretch, xlabel="path back from the Earth (AU)", ylabel="distance over that of straight lines",
    xscale="log", yscale="log"
)
show(
    fig,
    "01_stretch",
    run_dir=run_dir,
    caption="How far two orbits come apart that arrive from nearly the same direction, over what straight lines would (a calculation).",
    alt="Largest separation of neighbouring orbits, over the path, against the path for three arrival directions, on logarithmic "
    "axes: all are 1 as far as the Sun's field reaches, and after "
    f"{paths[-1]:g} AU {', '.join(f'{values[-1]:.2g} {name}' for name, values in stretch.items())}.",
)
# where orbits part more, the box is too large for differences to be derivatives
worst = max(np.max(np.abs(volume[name] - 1)[stretch[name] < 10]) for name in directions)
say(
    f"Out to some {paths[6]:g} AU all fly nearly as straight lines do. Then a uniform field turns the orbits round and holds neighbours together, "
    f"{stretch['along the field'][-1]:.2f} times as far apart as straight lines; the orbit from the north comes back to the heliosphere, and ends {stretch['north'][-1]:.1f} times as far. "
    f"The determinant stays 1 to {worst:.0e}."
)

# %%
assert worst < 1e-3, "phase-space volume is not conserved along an orbit"

# %% [markdown]
# What limits the agreement is the rounding of numbers where the box is small, and the box's own size where it is large. Then,
# halve the displacements, and a difference of second order falls to a quarter.

# %%
nose, short = run.closed_form.axes @ directions["towards the nose"], paths[:7]
off = {size: np.array([abs(np.linalg.det(phase_space_matrix(nose, path, size)) - 1) for path in short])
       for size in (4e-3, 2e-3, 1e-3)}
fig = plots.curves(
    short, {f"displacements of {size * 1e3:g} × 10⁻³": values for size, values in off.items()}, height=2.4,
    xlabel="path back from the Earth (AU)", ylabel="|determinant − 1|", xscale="log", yscale="log",
)
show(
    fig,
    "01_volume",
    run_dir=run_dir,
    caption="How far the volume of the box is from its first value, for boxes of three sizes (AU, and parts of the momentum), towards the nose (a calculation).",
    alt="Three curves on logarithmic axes against path length, about parallel, one below the other as the box gets smaller; "
    f"the largest values are {', '.join(f'{values.max():.0e}' for values in off.values())}.",
)
falls = [np.median(off[large] / off[large / 2]) for large in (4e-3, 2e-3)]
say(f"Each halving divides the difference by {falls[0]:.2f} and {falls[1]:.2f} in the median: the orbits themselves conserve the volume.")
assert all(3.5 < fall < 4.5 for fall in falls), "the difference is not that of the size of the box"

# %% [markdown]
# ## The same density in every frame
#
# $f$ counts particles per volume of phase space, and a box of phase space has the same volume for every observer,
# however he moves: $f$ is a Lorentz scalar. Let $f$ be **isotropic**, the same in all directions, in the frame of the
# interstellar plasma. An observer who moves through it at the speed $V$ looks up the same $f$ at a momentum that his
# motion has changed, and sees a **dipole**, an excess from ahead that goes as the cosine of the angle: the
# **Compton-Getting** effect. For $f \propto p^{-\gamma}$ its amplitude is $\gamma V/c$, with $c$ the speed of light.

# %%
speed = np.linalg.norm(run.closed_form.flow)
angle = np.linspace(0, np.pi, 181)
ahead = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], axis=-1)
observed = -rigidity_TV * ahead
in_plasma = boost_momentum(observed, [0.0, 0.0, -speed], PROTON_MASS_TV)
intensity = (np.linalg.norm(in_plasma, axis=1) / rigidity_TV) ** -p_index
first_order = 1 + p_index * speed * np.cos(angle)
fig = plots.curves(
    np.degrees(angle),
    {"exact boost": (intensity - 1) * 1e4, "γ V/c cos θ": (first_order - 1) * 1e4},
    xlabel="angle from the direction of motion (degrees)",
    ylabel="I − 1 (10⁻⁴)",
)
show(
    fig,
    "01_compton_getting",
    run_dir=run_dir,
    caption="An isotropic interstellar distribution seen from the moving Sun (a calculation).",
    alt=f"Intensity minus one against angle: a cosine of amplitude {p_index * speed:.1e}; the exact boost and "
    "the first-order formula lie on top of each other.",
)
difference = np.max(np.abs(intensity - first_order))
say(
    f"The dipole is {number(float(p_index * speed))}; the first-order formula misses the exact one by {difference:.0e}, the order of its square."
)

# %%
assert difference < 20 * (p_index * speed) ** 2, "the boosted distribution is not the Compton-Getting dipole"
assert np.argmax(intensity) == 0, "the excess does not come from ahead"

# %% [markdown]
# So the exponent that counts is that of $f$, the parameter `p_index`, and not that of the flux that experiments quote,
# particles per area, time and energy: a flux falling as $p^{-\alpha}$ has $f \propto p^{-(\alpha+2)}$. A `p_index` of 2.7
# in place of 4.7 would make this dipole 43 % too small.
#
# ## An objection, and what it is worth
#
# López-Barquero et al. (2017, ApJ 842, 54) object that in the heliosphere the magnetic moment of a particle is not conserved, that
# orbits followed back do not return, and that therefore Liouville's theorem does not hold. The first is true: the field changes
# faster than a particle turns in it. But the theorem does not need it; it asks only for forces whose field in phase space has no sources, as that
# of any electric and magnetic field. The second is a matter of digits: a rounding error grows as neighbouring orbits part. Follow
# orbits back, turn them round, and see how near to the Earth they come again:

# %%
back = {}
for name, icrs in directions.items():
    begin = np.array([[1.0, 0.0, 0.0]]), -rigidity_TV * (run.closed_form.axes @ icrs)[None]
    there = trace(run.closed_form, *begin, backwards=True, path_cap_AU=paths[-1], boundary_AU=1e5, tolerance=1e-12)
    again = trace(run.closed_form, there.position, there.momentum, path_cap_AU=paths[-1], boundary_AU=1e5, tolerance=1e-12)
    back[name] = float(np.linalg.norm(again.position - begin[0]))
say("After " + f"{paths[-1]:g} AU back and as much forward they miss their start by "
    + ", ".join(f"{off:.0e} AU ({name})" for name, off in back.items()) + ".")
assert all(off < 1e-3 for name, off in back.items() if stretch[name][-1] < 10), "orbits followed back do not return"

# %% [markdown]
# What the parting of neighbours does take away is what a single orbit means. The density is the same all along it, but where neighbours part, a
# detector that does not tell them from each other sees the mean over places far apart. The theorem holds for each of them, and so
# Eq. (1) holds for their mean: it is the mean that a map has to compute, over all that one pixel takes together, and its finite
# sample has an error that the fit has to know (notebooks 03 and 05). What the theorem does exclude is not in the fields
# of a model: turbulence on the way that the model leaves out, in which a particle forgets where it came from.
#
# **A question the figure raises.** Near some directions neighbours part without end. If two orbits that arrive a
# hundredth of a degree apart come from opposite sides of the sky, what does a single orbit still mean? (Notebook 03.)
#
# Before: [00 How to read this compendium](00_reading_guide.ipynb) · Next: [02 Build a heliosphere in closed form](02_heliosphere.ipynb)
