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
# which the orbit leads back; and $p_0$ is the momentum at Earth. Two statements stand behind Eq. (1), and this notebook
# checks both: volume in phase space is conserved, and $f$ does not depend on the observer's motion. Then it uses Eq. (1).

# %% tags=["parameters"]
p_index: float = 4.7  # exponent of p/p_0 in Eq. (3), alpha + 2
rigidity_TV: float = 4.0  # scale of the response, reported energy over charge, TV
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
import numpy as np

from lisbon_core import plots
from lisbon_core.ground.frames import boost_momentum, unit_vector
from lisbon_core.ground.units import PROTON_MASS_TV
from lisbon_core.liouville import trace_sky
from lisbon_core.liouville.tracing import earth_positions
from lisbon_core.orbits import CHAOTIC, trace
from lisbon_core.run import Run
from lisbon_core.tools.notebook import expect, number, say, show

run = Run.from_namespace(globals())

# %% [markdown]
# ## A small box of phase space, carried along
#
# Take a particle that arrives at Earth and twelve neighbours, displaced a little in each of the three coordinates and
# three momenta, both ways. Follow all of them back in time for the same path, measured in AU, the distance of the Earth
# from the Sun; `trace` does that. The box that the displacements span is stretched one way and squeezed another. How the
# end changes with the start is a six by six matrix, and the theorem says that its determinant, the volume of the box
# over what it was, stays one, however the field bends the orbits:
#
# $$ \det\frac{\partial(\mathbf x,\mathbf p)}{\partial(\mathbf x_0,\mathbf p_0)} = 1 $$


# %%
medium, p0 = run.closed_form, rigidity_TV
earth = np.array([1.0, 0.0, 0.0])  # AU


def back(states, path):
    """Places and momenta, followed back in time along a path in AU."""
    end = trace(medium, states[:, :3], states[:, 3:], backwards=True,
                path_cap_AU=path, boundary_AU=1e5, tolerance=1e-13)
    return np.concatenate([end.position, end.momentum], axis=1)


def box_carried(arrival, path, size=2e-6):
    """The matrix d(x, p)/d(x_0, p_0), from neighbours on both sides."""
    box = size * np.diag([1.0, 1.0, 1.0, p0, p0, p0])  # a displacement a row
    start = np.concatenate([earth, -p0 * arrival])
    end = back(np.concatenate([start + box, start - box]), path)
    return (end[:6] - end[6:]).T / (2 * np.diag(box))


# %% [markdown]
# Three arrival directions: towards the nose of the heliosphere, the side that faces the interstellar wind; where the
# interstellar field points to; and one from which orbits come back to the heliosphere. Beside the volume we look at one
# part of the matrix alone: how much a small circle of arrival directions is stretched, where it is stretched most.

# %%
paths = np.array([1.0, 3, 10, 30, 100, 300, 600, 1000, 2000, 3000, 4000, 5000, 6000])
directions = {
    "towards the nose": unit_vector(255.0, -17.0),
    "along the field": unit_vector(229.0, 23.0),
    "RA 310°, Dec 20°": unit_vector(310.0, 20.0),
}
volume, stretch = {}, {}
for name, n in directions.items():
    n = medium.axes @ n
    matrices = np.array([box_carried(n, path) for path in paths])
    volume[name] = np.linalg.det(matrices)
    across = np.eye(3) - np.outer(n, n)  # other directions, not other energies
    stretch[name] = np.linalg.norm(matrices[:, 3:, 3:] @ across, 2, axis=(1, 2))

# %% tags=["hide-input"]
fig = plots.curves(paths, stretch, xlabel="path back from the Earth (AU)", ylabel="stretch of a circle of directions",
                   xscale="log", yscale="log")
show(fig, "01_stretch", run_dir, path=paths[-1],
     ends=", ".join(f"{number(float(values[-1]))} ({name})" for name, values in stretch.items()))
# where orbits part more, the box is too large for differences to be derivatives
parted = {name: np.maximum.accumulate(values) for name, values in stretch.items()}
meant = {name: values < CHAOTIC for name, values in parted.items()}
worst = max(np.max(np.abs(volume[name] - 1)[meant[name]], initial=0.0) for name in directions)
say(
    f"The circle of the third direction ends {number(float(stretch['RA 310°, Dec 20°'][-1]))} times as long as it began. "
    f"The determinant, in all three, stays within {number(float(worst))} of 1: what is stretched one way is squeezed another."
)
for name in directions:
    assert np.all(np.abs(volume[name] - 1)[parted[name] < 10] < 1e-3), "phase-space volume is not conserved along an orbit"

# %% [markdown]
# The package has no time for twelve neighbours of each orbit of a sky. It carries two displacements along with the orbit
# itself, by the linearised equation of motion, and calls their stretch the *amplification*. It must be the same, to 5 %:

# %%
for name, n in directions.items():
    fast = trace(medium, earth, -p0 * medium.axes @ n, backwards=True,
                 path_cap_AU=paths[-1], boundary_AU=1e5, tolerance=1e-13).amplification
    assert not meant[name][-1] or np.allclose(fast, stretch[name][-1], rtol=0.05)

# %% [markdown]
# What is left of the determinant's error? Partly the rounding of numbers, where the box is small, and partly the box's
# own size, where it is large. Of the second we know how it must fall: halve the displacements, and a difference of
# second order falls to a quarter.

# %%
nose, short = medium.axes @ directions["towards the nose"], paths[:7]
off = {size: np.abs([np.linalg.det(box_carried(nose, path, size)) - 1
                     for path in short])
       for size in (4e-3, 2e-3, 1e-3)}
falls = [np.median(off[large] / off[large / 2]) for large in (4e-3, 2e-3)]

# %% tags=["hide-input"]
fig = plots.curves(
    short, {f"displacements of {size * 1e3:g} × 10⁻³": values for size, values in off.items()}, height=2.4,
    xlabel="path back from the Earth (AU)", ylabel="|determinant − 1|", xscale="log", yscale="log",
)
show(fig, "01_volume", run_dir, largest=", ".join(number(float(values.max())) for values in off.values()))
say(f"Each halving divides the difference by {falls[0]:.2f} and {falls[1]:.2f} in the median: the orbits themselves conserve the volume.")
expect(all(3.5 < fall < 4.5 for fall in falls), "the difference is not that of the size of the box", run.parameters)

# %% [markdown]
# ## The same density in every frame
#
# $f$ counts particles per volume of phase space, and a box of phase space has the same volume for every observer,
# however he moves: $f$ is a Lorentz scalar. Let $f$ be **isotropic**, the same in all directions, in the frame of the
# interstellar plasma. An observer who moves through it at the speed $V$ looks up the same $f$ at a momentum that his
# motion has changed, and sees a **dipole**, an excess from ahead that goes as the cosine of the angle: the
# **Compton-Getting** effect. For $f \propto p^{-\gamma}$ its amplitude is $\gamma V/c$, with $c$ the speed of light.

# %%
speed = np.linalg.norm(medium.flow)  # V/c
angle = np.linspace(0, np.pi, 181)
ahead = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], axis=-1)
p = boost_momentum(-p0 * ahead, [0.0, 0.0, -speed], PROTON_MASS_TV)
intensity = (np.linalg.norm(p, axis=1) / p0) ** -p_index
dipole = p_index * speed
difference = intensity - (1 + dipole * np.cos(angle))

# %% tags=["hide-input"]
unit = dipole or 1.0  # without a spectrum there is no dipole
fig = plots.curves(
    np.degrees(angle),
    {"exact, in γ V/c": {"": (intensity - 1) / unit}, "exact − first order, in (γ V/c)²": {"": difference / unit**2}},
    xlabel="angle from ahead (degrees)", ylabel="excess of the intensity",
)
show(fig, "01_compton_getting", run_dir, dipole=number(float(dipole)))
say(
    f"The dipole is {number(float(dipole))}. The first-order formula misses the exact one by at most "
    f"{number(float(np.abs(difference).max()))}, the order of its square."
)
second = p_index * (p_index + 1) * speed**2 + dipole * (PROTON_MASS_TV / p0) ** 2 + 1e-14
assert np.abs(difference).max() <= second, "the boosted distribution is not the Compton-Getting dipole"
assert intensity[0] > intensity.max() - 1e-12, "the excess does not come from ahead"

# %% [markdown]
# So the exponent that counts is that of $f$, the parameter `p_index`, and not that of the flux that experiments quote,
# particles per area, time and energy: a flux falling as $p^{-\alpha}$ has $f \propto p^{-(\alpha+2)}$. A `p_index` of 2.7
# in place of 4.7 would make this dipole 43 % too small.
#
# ## Both together are Equation (1)
#
# Eighteen directions of the sky: follow each back to interstellar space, go over to the frame of the plasma there, and
# look up $f$, the same isotropic power law. `trace_sky` does the same for a whole sky (and `trace_samples`, in notebook
# 03, for all that a detector takes together).

# %%
dec, ra = np.array([-60.0, 0.0, 60.0]), np.arange(0.0, 360.0, 60.0)
n = unit_vector(*np.meshgrid(ra, dec)).reshape(-1, 3) @ medium.axes.T
start = np.repeat(earth_positions(medium, 1), len(n), axis=0)
end = trace(medium, start, -p0 * n, backwards=True)
p = boost_momentum(end.momentum, medium.flow, PROTON_MASS_TV)
f = np.linalg.norm(p, axis=1) ** -p_index * p0 ** (p_index - 2)  # 1/p0² if V = 0
intensity = p0**2 * f  # Eq. (1)

fast = trace_sky(medium, dec, ra, rigidity_TV=p0).momentum_ratio[0].ravel()
calm = end.amplification < CHAOTIC  # where the error of an orbit stays small
assert np.allclose(intensity[calm], fast[calm] ** -p_index, atol=1e-5)

# %% tags=["hide-input"]
with_wind = end.momentum @ medium.flow / (p0 * speed)  # cosine
least, most = with_wind[np.argmin(intensity)], with_wind[np.argmax(intensity)]
say(
    f"The intensity less 1 lies between {number(float(intensity.min() - 1))} and {number(float(intensity.max() - 1))}, within the "
    f"±{number(float(dipole))} of the sky without a heliosphere. But the directions are mixed: what counts is not where a particle is seen, "
    f"but mostly how it flew out there, {np.degrees(np.arccos(most)):.0f}° from the interstellar wind where the intensity is largest, "
    f"{np.degrees(np.arccos(least)):.0f}° where it is least. The rest is what the electric field did on the way (notebook 10)."
)
expect(least < most, "the excess does not come from ahead", run.parameters)

# %% [markdown]
# ## An objection, and what it is worth
#
# López-Barquero et al. (2017, ApJ 842, 54) object that in the heliosphere the magnetic moment of a particle is not conserved, that
# orbits followed back do not return, and that therefore Liouville's theorem does not hold. The first is true: the field changes
# faster than a particle turns in it. But the theorem does not need it; it asks only for forces whose field in phase space has no sources, as that
# of any electric and magnetic field. The second is a matter of digits: a rounding error grows as neighbouring orbits part. Follow
# orbits back, turn them round, and see how near to the Earth they come again:

# %%
n = medium.axes @ np.transpose(list(directions.values()))
how = {"path_cap_AU": paths[-1], "boundary_AU": 1e5, "tolerance": 1e-12}
there = trace(medium, np.tile(earth, (3, 1)), -p0 * n.T, backwards=True, **how)
again = trace(medium, there.position, there.momentum, **how)
missed = np.linalg.norm(again.position - earth, axis=1)  # AU

# %% tags=["hide-input"]
say(f"After {paths[-1]:g} AU back and as much forward they miss their start by at most {missed.max() * 149597871:.1g} km; the one that "
    f"misses it most is from {list(directions)[np.argmax(missed)]}.")
returned = [bool(off < 1e-3) or not meant[name][-1] for name, off in zip(directions, missed, strict=True)]
assert all(returned), "orbits followed back do not return"

# %% [markdown]
# What the parting of neighbours does take away is what a single orbit means. The density is the same all along it, but where neighbours part, a
# detector that does not tell them from each other sees the mean over places far apart. The theorem holds for each of them, and so
# Eq. (1) holds for their mean: it is the mean that a map has to compute, over all that one pixel takes together, and its finite
# sample has an error that the fit has to know (notebooks 03 and 05). There is one thing that the theorem does not cover:
# turbulence on the way that the model leaves out, in which a particle forgets where it came from.
#
# **A question the stretch raises.** Near some directions neighbours part without end. If two orbits that arrive a
# hundredth of a degree apart come from opposite sides of the sky, what does a single orbit still mean? (Notebook 03.)
#
# Before: [00 How to read this compendium](00_reading_guide.ipynb) · Next: [02 Build a heliosphere in closed form](02_heliosphere.ipynb)
