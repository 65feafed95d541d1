# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 Read a sky map, and see what its rings have lost
#
# > **Shows** how an air-shower array makes a map of relative intensity, what the run's sky is, and what Eq. (2)
# > removes. **Equations** (2). **Needs** a sky map and the Liouville map of notebook 03. **Run time** a quarter of a
# > minute, once the orbits are traced.
#
# The data of the paper come from the Tibet AS-gamma array at Yangbajing (90.53° E, 30.11° N, 4300 m): the 4 TeV map
# of Amenomori et al. 2006. A cosmic ray that hits the atmosphere sets off a shower of particles; at that altitude a
# shower of a few TeV reaches the ground near its maximum, so the array counts many of them. The arrival times at its
# detectors give the direction.
#
# No detector counts equally in all directions. But the sky turns: at a fixed local direction, hence a fixed
# declination, the count rate over a sidereal day compares one right ascension with another under the same efficiency.
# What is measured is therefore the **relative intensity**: the intensity over its mean in all directions of the same
# declination, the declination **ring**, and nothing else. A map of decades knows it to better than $10^{-4}$.
#
# $$ \mathcal I(\theta,\phi) = \frac{I(\theta,\phi)}{\frac{1}{2\pi}\int_0^{2\pi} I(\theta,\phi)\, d\phi} \tag{2} $$
#
# $I(\theta,\phi)$ is the intensity from polar angle $\theta$ and right ascension $\phi$, and $\mathcal I$ is what is left
# of it; `ring_normalise` computes it.

# %% tags=["parameters"]
sky_map: str = ""  # path of a sky map, map.fits[NAME] for one of several; several to be fitted together: a.fits;b.fits, or a list (TOML); empty: the embedded synthetic sky
sky_label: str = ""  # what the map is, with its energy
averaging_deg: float = 5.0  # radius of the top hat the map has been through, degrees; 0: none
dec_min: float = -90.0  # lowest declination used, degrees
dec_max: float = 90.0  # highest declination used, degrees
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
import numpy as np

from lisbon_core import plots
from lisbon_core.ground.response import air_shower, mono
from lisbon_core.run import Run
from lisbon_core.sky import first_harmonic, multipoles, power_spectrum, ring_normalise
from lisbon_core.tools.notebook import number, say, show

run = Run.from_namespace(globals())
sky = run.sky

# %% [markdown]
# ## The sky of this run
#
# Whatever was decided while reading the file is said here; nothing is silently assumed. Many experiments publish on
# HEALPix, a grid of pixels of equal area: such a map is averaged onto the grid of this one. Maps are drawn in Mollweide's
# projection, which keeps areas, with right ascension growing to the left, as on the sky.

# %% tags=["hide-input"]
harmonic, rows = first_harmonic(sky), sky.dec[sky.observed.any(axis=1)]
made = f"harmonics up to {sky.l_max}" if sky.l_max else f"averaged over discs of {sky.averaging_deg:g}° radius"
span = f"{rows[0]:g}° to {rows[-1]:g}°".replace("-", "−")
say(f"**{sky.label or 'A map without a label'}**: {sky.observed.sum()} pixels of {len(sky.dec)} × {len(sky.ra)}, declination {span}, {made}; the "
    f"error of a pixel is {number(float(np.median(sky.sigma[sky.observed])))} in the median{' (assumed)' * sky.sigma_assumed}.")
say("\n".join(f"- {sentence}" for sentence in sky.log) or "The file needed no interpretation.")
show(
    plots.skies({sky.label: sky.relative_intensity}, sky.dec, sky.ra, field_icrs=run.heliosphere.field_icrs),
    "04_sky",
    run_dir,
    label=run.label,
    south=rows[0],
    north=rows[-1],
    lowest=number(float(np.nanmin(sky.relative_intensity)) - 1),
    highest=number(float(np.nanmax(sky.relative_intensity)) - 1),
    phase=harmonic.phase,
)

# %% [markdown]
# ## Why a ring is divided by its mean
#
# Take this sky as the true one. The array counts best what passes overhead, at its own latitude of 30°, and ever less
# away from it. So what it counts in a ring is the sky times an efficiency that nobody knows to $10^{-4}$. Eq. (2) needs not
# know it:

# %%
seen = sky.observed.any(axis=1)  # rings of which something is seen
efficiency = np.exp(-(((sky.dec - 30.11) / 30) ** 2))  # as good a guess as any
counted = efficiency[:, None] * sky.relative_intensity

# Eq. (2): the intensity over its mean along right ascension, ring by ring
relative = counted[seen] / np.nanmean(counted[seen], axis=1, keepdims=True)

assert np.allclose(relative, sky.relative_intensity[seen], rtol=1e-12, equal_nan=True)

# the same by the package
fast = ring_normalise(sky.replace(relative_intensity=counted)).relative_intensity
assert np.allclose(relative, fast[seen], rtol=1e-12, equal_nan=True)

# %% [markdown]
# The efficiency is gone: the sky that was put in comes back to twelve digits. But whatever the true sky has in common with
# an efficiency, a change with declination alone, is gone with it.
#
# ## What the rings remove
#
# Any function of $\mu$ is a sum of **Legendre** polynomials $P_n(\mu)$ with coefficients $A_n$: $P_1 = \mu$ is the dipole,
# $P_2 = (3\mu^2-1)/2$ is equal on both sides. Take the term $A_2P_2(\mu)$ alone, undisturbed by any heliosphere. Its mean
# over a ring is, by the addition theorem of these polynomials, $A_2P_2(\sin\delta_B)P_2(\sin\delta)$, with $\delta_B$ the
# declination to which the field points: the part of it that depends on declination alone. `ring_normalise`, Eq. (2), takes
# off exactly this, to first order in the anisotropy.

# %%
ra, dec = np.meshgrid(np.radians(sky.ra), np.radians(sky.dec))
field = run.heliosphere.field_icrs  # unit vector; its last part is the sine of delta_B
across = field[0] * np.cos(ra) + field[1] * np.sin(ra)
mu = -(np.cos(dec) * across + np.sin(dec) * field[2])  # what comes from n moves to -n


def P2(x):
    return (3 * x**2 - 1) / 2


A2 = 1e-3
before = sky.replace(
    relative_intensity=1 + A2 * P2(mu),
    sigma=np.full(mu.shape, 1e-4),
    footprint=np.ones(mu.shape, dtype=bool),
)
after = ring_normalise(before)
predicted = 1 + A2 * (P2(mu) - P2(field[2]) * P2(np.sin(dec)))
worst = np.max(np.abs(after.relative_intensity - predicted))
assert worst < 5 * A2**2

# %% tags=["hide-input"]
show(
    plots.skies(
        {
            "P₂ about the field": before.relative_intensity,
            "after Eq. (2)": after.relative_intensity,
            "what was lost": 1 + before.relative_intensity - after.relative_intensity,
        },
        sky.dec,
        sky.ra,
        field_icrs=field,
        own="what was lost",
    ),
    "04_rings",
    run_dir,
    lost=100 * P2(field[2]) ** 2,
)
say(
    f"Eq. (2) agrees with the addition theorem to {number(float(worst))}, less than the square of the anisotropy. Of the power "
    f"of $P_2$, {100 * P2(field[2]) ** 2:.0f} % is lost for this field direction."
)

# %% [markdown]
# $P_2$ matters more than its size suggests: it is the term that tells a converging field from a diverging one, and so
# it carries the focusing length of notebook 09.
#
# ## A sky in two numbers
#
# The oldest way to put such a pattern in two numbers is the first harmonic of the map
# projected on right ascension, the sine wave that fits best, with its amplitude and the right ascension of its maximum,
# the phase. The amplitude is smaller than that of the dipole, because a ring at declination $\delta$ sees only $\cos\delta$
# of it. [Notebook 12](12_dipole_at_every_energy.ipynb) follows both through the energies.

# %% tags=["hide-input"]
say(
    f"First harmonic of this sky: amplitude {number(harmonic.amplitude, harmonic.amplitude_sigma)}, phase "
    f"{number(harmonic.phase, harmonic.phase_sigma)}°. For comparison, Tibet AS-gamma measured at 4 TeV an amplitude of "
    f"{number(*run.measured['dipole'])} at {number(*run.measured['phase'])}°."
    + (" The synthetic sky was made with the paper's gradient length, which comes from Tibet's map: the size is no test (notebook 12)." if run.is_recovery_test else "")
)

# %% [markdown]
# ## On the sphere: multipoles
#
# A map on the sphere is a sum of spherical harmonics $Y_{\ell m}$, each with a coefficient $a_{\ell m}$: $\ell = 1$ is the
# dipole, $\ell = 2$ the quadrupole, and $\ell$ oscillations around the sky have a size of about $180°/\ell$. The power
# spectrum $C_\ell$ is the mean of $|a_{\ell m}|^2$ over $m$. On a sky seen in part the harmonics overlap, and what is
# computed as if the rest were zero is called a *pseudo*-spectrum. It is compared here with what noise alone would give, and
# with the spectrum of the dipole of this sky alone, seen in the same part:

# %%
spectrum = power_spectrum(sky, 20)
rings = np.count_nonzero(sky.observed.any(axis=1))
dipole = multipoles(sky, 2 if rings > 1 else 1).dipole  # one ring tells no quadrupole
wave = dipole.amplitude * np.cos(dec) * np.cos(ra - np.radians(dipole.phase))
alone = sky.replace(relative_intensity=np.where(sky.observed, 1 + wave, np.nan))
leaked = power_spectrum(alone, 20)

# %% tags=["hide-input"]
fig = plots.curves(
    spectrum.l[1:],
    {"this sky": spectrum.power[1:], "noise alone, on average": spectrum.noise[1:], "its dipole alone": leaked.power[1:]},
    xlabel="degree ℓ",
    ylabel="$C_\\ell$ (sr)",
    yscale="log",
    xticks=[1, 5, 10, 15, 20],
)
show(
    fig,
    "04_spectrum",
    run_dir,
    label=run.label,
    decades=np.log10(spectrum.power[1] / spectrum.power[-1]),
    last=spectrum.l[-1],
    over_noise=spectrum.power[-1] / spectrum.noise[-1],
    share=100 * np.median(leaked.power[1:] / spectrum.power[1:]),
)
loud, by_leaking = (np.sum(power[1:] > 2 * spectrum.noise[1:]) for power in (spectrum.power, leaked.power))
say(
    f"Fitted {'together with the quadrupole' if rings > 1 else 'alone'}, the dipole along the equator is {number(dipole.amplitude, dipole.amplitude_sigma)} "
    f"at {number(dipole.phase, dipole.phase_sigma)}°. The power is more than twice that of the noise at {loud} of the "
    f"{spectrum.l.size - 1} degrees shown. That does not mean structure at each of them: the dipole alone, without noise, is "
    f"above that at {by_leaking}. On a sky seen in part it leaks into the other degrees."
)

# %% [markdown]
# ## What stands behind one energy
#
# An array tells the energy of a nucleus, within its resolution, and hardly its charge; what bends an orbit is the
# rigidity, energy over charge. So "4 TeV" is a mixture: protons of about 4 TV, helium of 2 to 3, iron of a few tenths. A
# nucleus makes a shower like so many single nucleons that share its energy, which is smaller at the array, so
# heavy nuclei are seen more rarely than they come, and at a higher energy: how much, is known to a few tenths
# (`response`, `air_shower`). Which rigidities are assumed is a parameter of the run, and one of its assumptions.

# %%
# TV: that many of the events have less
low, middle, high = run.response.rigidity([0.16, 0.5, 0.84])
assert low <= middle <= high

# %% tags=["hide-input"]
share = np.linspace(0.005, 0.995, 199)
shown = {
    "this run": run.response,
    "a calorimeter": air_shower(run.response.scale_TV, 0.6, size_exponent=1.0),
    "one rigidity": mono(run.response.scale_TV),
}
fig = plots.curves(
    share * 100,
    {name: one.rigidity(share) for name, one in shown.items()},
    xlabel="share of the events with less (%)",
    ylabel="rigidity (TV)",
    yscale="log",
)
show(fig, "04_response", run_dir, says=run.response.says, median=run.response.median_TV)
say(
    f"Two thirds of the events have {number(float(low))} to {number(float(high))} TV; half of all have less than "
    f"{number(float(middle))} TV."
)

# %% [markdown]
# **A question the figure raises.** A north-south dipole would leave no trace at all in such a map. Which $A_n$
# could hide in it, and what would one need to see it?
#
# Before: [03 Follow every direction back to interstellar space](03_orbits.ipynb) · Next: [05 Fit the interstellar anisotropy through the heliosphere](05_anisotropy_fit.ipynb)
