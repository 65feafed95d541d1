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
# What is measured is therefore the **relative intensity**: that over the mean of all directions of the same declination,
# the declination **ring**, and nothing else. A map of decades knows it to better than $10^{-4}$.
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

# %%
import numpy as np
from numpy.polynomial.legendre import legval

from lisbon_core import plots
from lisbon_core.response import air_shower, mono
from lisbon_core.run import Run
from lisbon_core.sky import first_harmonic, multipoles, power_spectrum, ring_means, ring_normalise
from lisbon_core.sky.files import map_from_arrays
from lisbon_core.sky.files.healpix import to_healpix
from lisbon_core.tools.notebook import expect, number, say, show

run = Run.from_namespace(globals())
sky = run.sky

# %% [markdown]
# ## The sky of this run
#
# Whatever was decided while reading the file is said here; nothing is silently assumed.

# %%
say(f"**{sky}.**")
say("\n".join(f"- {sentence}" for sentence in sky.log) or "The file needed no interpretation.")

# %%
harmonic, seen_dec = first_harmonic(sky), sky.dec[sky.observed.any(axis=1)]
lowest, highest = np.nanmin(sky.relative_intensity) - 1, np.nanmax(sky.relative_intensity) - 1
fig = plots.skies({sky.label: sky.relative_intensity}, sky.dec, sky.ra, field_icrs=run.heliosphere.field_icrs)
show(
    fig,
    "04_sky",
    run_dir=run_dir,
    caption=f"Relative intensity minus 1: {run.label}. Blank: not observed.",
    alt="Mollweide map of relative intensity minus one, right ascension to the left, between declinations "
    f"{seen_dec[0]:.0f} and {seen_dec[-1]:.0f} degrees: values from {lowest:.1e} to {highest:.1e}, the largest near right "
    f"ascension {harmonic.phase:.0f} degrees once they are smoothed to a wave.",
)

# %% [markdown]
# The oldest way to put such a pattern in two numbers is the first harmonic of the map
# projected on right ascension, the sine wave that fits best, with its amplitude and the right ascension of its maximum,
# the phase. The amplitude is smaller than that of the dipole, because a ring at declination $\delta$ sees only $\cos\delta$
# of it. [Notebook 12](12_dipole_at_every_energy.ipynb) follows both through the energies.

# %%
say(
    f"First harmonic of this sky: amplitude {number(harmonic.amplitude, harmonic.amplitude_error)}, phase "
    f"{number(harmonic.phase, harmonic.phase_error)}°. For comparison, Tibet AS-gamma measured at 4 TeV an amplitude of "
    f"{number(*run.measured['dipole'])} at {number(*run.measured['phase'])}°."
    + (" The synthetic sky was not tuned to it." if run.is_recovery_test else "")
)

# %% [markdown]
# ## On the sphere: multipoles
#
# A map on the sphere is a sum of spherical harmonics $Y_{\ell m}$, each with a coefficient $a_{\ell m}$: $\ell = 1$ is the
# dipole, $\ell = 2$ the quadrupole, and $\ell$ oscillations around the sky have a size of about $180°/\ell$. The power
# spectrum $C_\ell$ is the mean of $|a_{\ell m}|^2$ over $m$. On a sky seen in part the harmonics overlap, and what is
# computed as if the rest were zero is called a *pseudo*-spectrum; each is compared here with what noise alone would give.

# %%
dipole, spectrum = multipoles(sky, 2), power_spectrum(sky, 20)
seen_ra, seen_dec = np.meshgrid(sky.ra, sky.dec)
wave = dipole.dipole.amplitude * np.cos(np.radians(seen_dec)) * np.cos(np.radians(seen_ra - dipole.dipole.phase))
leaked = power_spectrum(sky.replace(relative_intensity=np.where(sky.observed, 1 + wave, np.nan)), 20)
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
    run_dir=run_dir,
    caption=f"Pseudo-power spectrum of the sky after Eq. (2): {run.label}.",
    alt="Power against the degree of the harmonics, on a logarithmic scale: the sky falls by "
    f"{np.log10(spectrum.power[1] / spectrum.power[-1]):.1f} decades from the dipole to degree {spectrum.l[-1]}, where it is "
    f"{spectrum.power[-1] / spectrum.noise[-1]:.1f} times the noise; a pure dipole on the same footprint has "
    f"{np.median(leaked.power[1:] / spectrum.power[1:]):.0%} of the power of this sky in the median.",
)
loud = spectrum.l[1:][spectrum.power[1:] > 2 * spectrum.noise[1:]]
say(
    f"Fitted together with the quadrupole, the dipole along the equator is "
    f"{number(dipole.dipole.amplitude, dipole.dipole.amplitude_error)} at {number(dipole.dipole.phase, dipole.dipole.phase_error)}°. "
    f"The power is more than twice that of the noise at {loud.size} of the {spectrum.l.size - 1} degrees shown. That does not mean structure at each of them: "
    f"a sky of that dipole alone, without noise, seen through the same window, is above at {np.sum(leaked.power[1:] > 2 * spectrum.noise[1:])}. "
    "On a sky seen in part the dipole leaks into the other degrees."
)

# %% [markdown]
# ## Onto HEALPix and back
#
# Many experiments publish on HEALPix, a grid of pixels of equal area, `NSIDE` fixing how many. Going there takes the value of
# the grid pixel that holds each centre; coming back averages over the HEALPix pixels in each grid pixel.

# %%
values, errors = to_healpix(sky, 64)
header = {"NSIDE": 64, "ORDERING": "RING", "COORDSYS": "C"}
arrays = {"relative_intensity": values, "sigma": errors}
back = map_from_arrays(arrays, header, averaging_deg=sky.averaging_deg)
if back.relative_intensity.shape == sky.relative_intensity.shape:
    both = sky.observed & back.observed
    change = np.std((back.relative_intensity - sky.relative_intensity)[both])
    say(
        f"To HEALPix with {values.size} pixels and back, {both.sum()} of {sky.observed.sum()} pixels change by {change:.1e} "
        f"(r.m.s.), next to errors of {np.median(sky.sigma[both]):.1e}."
    )
    expect(change < np.median(sky.sigma[both]), "resampling changes the sky by more than its errors", run.parameters)

# %% [markdown]
# ## What the rings remove
#
# Any function of $\mu$ is a sum of **Legendre** polynomials $P_n(\mu)$ with coefficients $A_n$: $P_1 = \mu$ is the dipole,
# $P_2 = (3\mu^2-1)/2$ is equal on both sides. Take the term $A_2P_2(\mu)$ alone, undisturbed by any heliosphere. Its mean
# over a ring is, by the addition theorem of these polynomials, $A_2P_2(\sin\delta_B)P_2(\sin\delta)$, with $\delta_B$ the
# declination to which the field points: the part of it that depends on declination alone. Eq. (2) subtracts exactly this,
# to first order in the anisotropy.

# %%
ra, dec = np.meshgrid(np.radians(sky.ra), np.radians(sky.dec))
directions = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)
field = run.heliosphere.field_icrs
mu = -directions @ field
second = 1e-3 * legval(mu, [0, 0, 1])
everywhere = np.ones(mu.shape, dtype=bool)
before = sky.replace(relative_intensity=1 + second, sigma=np.full(mu.shape, 1e-4), footprint=everywhere)
after = ring_normalise(before)
predicted = second - 1e-3 * legval(field[2], [0, 0, 1]) * legval(np.sin(dec), [0, 0, 1])
fig = plots.skies(
    {
        "P₂ about the field": before.relative_intensity,
        "after Eq. (2)": after.relative_intensity,
        "what was lost": 1 + before.relative_intensity - after.relative_intensity,
    },
    sky.dec,
    sky.ra,
    field_icrs=field,
    own="what was lost",
)
show(
    fig,
    "04_rings",
    run_dir=run_dir,
    caption="A pure $P_2$ of amplitude $10^{-3}$ before and after Eq. (2), and the difference (a calculation, no data).",
    alt="Three Mollweide maps: the second Legendre polynomial about the field direction, the same after ring "
    "normalisation, and their difference, which consists of horizontal bands.",
)
worst = np.max(np.abs(after.relative_intensity - 1 - predicted))
lost = legval(field[2], [0, 0, 1]) ** 2
say(
    f"Eq. (2) agrees with the addition theorem to {worst:.1e}, which is the square of the anisotropy; "
    f"the power of $P_2$ that is lost for this field direction is {lost:.1%}."
)

# %%
assert worst < 5e-6, "Eq. (2) does not remove what the addition theorem says it should"

# %% [markdown]
# $P_2$ matters more than its size suggests: it is the term that tells a converging field from a diverging one, and so
# it carries the focusing length of notebook 09.
#
# Eq. (2) done twice is Eq. (2) done once, and every ring then has mean 1:

# %%
means = ring_means(sky.relative_intensity, sky.observed)
again = ring_normalise(sky)
assert np.nanmax(np.abs(means - 1)) < 1e-12, "a ring of the sky does not have mean 1"
assert np.nanmax(np.abs(again.relative_intensity - sky.relative_intensity)) < 1e-12, "Eq. (2) is not idempotent"
say(f"Largest deviation of a ring mean from 1: {np.nanmax(np.abs(means - 1)):.1e}.")

# %% [markdown]
# ## What stands behind one energy
#
# An array tells the energy of a nucleus, within its resolution, and hardly its charge; what bends an orbit is the
# rigidity, energy over charge. So "4 TeV" is a mixture: protons of about 4 TV, helium of 2 to 3, iron of a few tenths. A
# nucleus makes a shower like so many single nucleons that share its energy, which is smaller at the array, so
# heavy nuclei are seen more rarely than they come, and at a higher energy: how much, is known to a few tenths
# (`response`, `air_shower`). Which rigidities are assumed is a parameter of the run, and one of its assumptions.

# %%
share = np.linspace(0.005, 0.995, 199)
shown = {"this run": run.response, "a calorimeter": air_shower(run.response.scale_TV, 0.6, size_exponent=1.0),
         "one rigidity": mono(run.response.scale_TV)}
fig = plots.curves(share * 100, {name: np.log10(one.rigidity(share)) for name, one in shown.items()},
                   xlabel="share of the events with less (%)", ylabel="log₁₀ rigidity (TV)", height=2.8)
show(
    fig,
    "04_response",
    run_dir=run_dir,
    caption=f"Rigidities behind one reported energy: {run.response.says}; a detector that sees every nucleus at its energy; and one "
    "rigidity (an assumption, no data).",
    alt="Logarithm of the rigidity against the share of events below it: a curve that rises from a few tenths of a TV through "
    f"{run.response.median_TV:.1f} TV in the middle, one below it, and a horizontal line.",
)
low, middle, high = run.response.rigidity([0.16, 0.5, 0.84])
say(f"Two thirds of the events have {number(float(low))} to {number(float(high))} TV, half of them less than {number(float(middle))} TV.")
assert low <= middle <= high, "quantiles fall"

# %% [markdown]
# **A question the figure raises.** A north-south dipole would leave no trace at all in such a map. Which of the terms
# of Eq. (3) could hide in it, and what would one need to see it?
#
# Before: [03 Follow every direction back to interstellar space](03_orbits.ipynb) · Next: [05 Fit the interstellar anisotropy through the heliosphere](05_anisotropy_fit.ipynb)
