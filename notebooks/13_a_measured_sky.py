# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13 A measured sky
#
# > **Shows** the chain on real maps of about 13 TeV: what the model explains of them, what it does not, and which field suits
# > them. **Equations** (1)-(3). **Needs** nothing of the others; the maps, to compute anew. **Run time** a few seconds without the maps; with
# > them half a minute, and two minutes at first.
#
# Everything else in this compendium is shown on synthetic skies, of which the truth is known. Here are measured ones. They are third
# parties' files, of which nothing is kept in this repository but numbers of ours: fits, and what they leave. Where the environment
# variable `LISBON_REAL_DATA` names a folder with the files, all is computed anew; elsewhere the committed results are shown.
#
# No public map of 4 TeV exists as numbers, so nothing here is the paper's sky. At 13 TeV the
# heliosphere bends orbits less, and an $A_1$ along the field looks more like a gradient across it.

# %% tags=["parameters"]
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
import numpy as np
from astropy.table import Table

from lisbon_core import plots
from lisbon_core.ground.units import gyroradius
from lisbon_core.parameters import RunParameters
from lisbon_core.studies.measured_sky import OF_A_FAN, SAMPLES, SKIES, TABLE, folder_of_maps, results
from lisbon_core.tools.notebook import number, say, show
from lisbon_core.tools.tables import page_table

maps, committed = folder_of_maps(), Table.read(TABLE)
table, skies = results(maps) if maps else (committed, {})
say("**Computed anew from the maps.**" if maps else
    "**Nothing was recomputed:** `LISBON_REAL_DATA` names no folder of maps, so what follows are the results committed in "
    "`data/measurements/measured_sky.ecsv`, of the same code.")
called = {one.name: one.name.replace("l up to", "ℓ ≤") for one in SKIES}
say("\n".join(f"- {called[one.name]}: {one.source}" for one in SKIES))

# %% [markdown]
# How much less they are bent is a matter of the gyroradius, momentum over charge and field:

# %%
p_over_q = 13e12 / 299792458  # T m, of a proton of 13 TeV
strength_uG = RunParameters().field_uG
B = 1e-10 * strength_uG  # T
r_g = p_over_q / B / 1.495978707e11  # AU
assert np.isclose(r_g, gyroradius(13.0, strength_uG), rtol=1e-6)

# %% tags=["hide-input"]
say(f"Its gyroradius is {r_g:.0f} AU, {13 / 4:g} times that at 4 TeV, and several times the distance of the heliopause at the nose.")

# %% [markdown]
# ## What the skies are
#
# Three are sums of spherical harmonics with errors, fitted by others to what both experiments saw; the declinations between −25 and the
# north are held by one profile in right ascension alone, and harmonics above degree 4 run wild there, to thirty times the anisotropy. Reading such
# a file says so, and the third sky is cut at −25 degrees. The fourth is one day of event counts. A model is cut at the degree of the harmonics before
# it is compared, and their errors, taken as independent of each other since no covariance was published, make the covariance of
# the map (notebook 05 does the same with the noise of pixels). For the sky with $\ell \leq 7$ that overstates the errors of what it says in the south.

# %% tags=["hide-input"]
for name, (sky, _) in skies.items():
    say(f"{called[name]}:\n" + "\n".join(f"- {sentence}" for sentence in (str(sky), *sky.log)))

# %% [markdown]
# ## What is explained, and what a sky without a heliosphere explains
#
# The *null fit* has no heliosphere: $A_n$ about the same field on straight lines, and one dipole across it: with $A_1$ that makes
# a free dipole along the equator, all that Eq. (2) leaves of one. A heliosphere that
# is right must explain clearly more, with $A_n$ and both components of $G$, one parameter more than the null fit. Explained is the share of the variance of the ring-normalised map, pixels weighted with their errors; chi-square
# asks whether the rest is noise.

# %%
misfit = table["chi2"] > 1 + 5 * table["chi2_sigma"]  # no noise makes this
gained = table["explained"] - table["null_explained"]


def explained(sky, fit):
    """Share of the weighted variance of a map that a fit explains."""
    seen = sky.observed
    weight = 1 / sky.sigma[seen] ** 2
    left = sky.relative_intensity[seen] - fit.relative_intensity[seen]
    return 1 - weight @ left**2 / (weight @ (sky.relative_intensity[seen] - 1) ** 2)


for row in table:
    if row["sky"] in skies:
        assert abs(explained(*skies[row["sky"]]) - row["explained"]) < 1e-3

# %% tags=["hide-input"]
say(page_table(
    [(called[row["sky"]], f"{number(1e3 * row['dipole'])} at {row['phase']:.0f}°", row["order"], f"{row['explained']:.1%}", f"{row['null_explained']:.1%}",
      f"{row['chi2']:.0f}" if row["chi2"] > 10 else number(row["chi2"], row["chi2_sigma"]), f"{row['null_chi2']:.{1 if row['null_chi2'] < 10 else 0}f}")
     for row in table],
    ("sky", "dipole (10⁻³)", "order", "explained", "without heliosphere", "reduced chi-square", "without")))
if misfit.any():
    worst = table[misfit]
    say(f"The model explains {min(worst['explained']):.0%} to {max(worst['explained']):.0%} of the variance of the skies whose errors are small, and fits "
        f"none of them: chi-square is {min(worst['chi2']):.0f} and more. The errors of these harmonics are statistical, a part in 10⁵, and the "
        "rest is structure that no distribution of this form makes through this heliosphere.")
else:
    say("Every sky is fitted within its errors.")
names = {"A_1": "A₁ (10⁻³)", "A_2": "A₂ (10⁻³)", "A_3": "A₃ (10⁻³)"}
panels = {title: (1e3 * np.ma.filled(table[name], np.nan), 1e3 * np.ma.filled(table[f"{name}_sigma"], np.nan), None) for name, title in names.items()}
labels = [called[name] for name in table["sky"]]
fig = plots.sensitivity(labels, labels, panels, np.asarray(misfit))
show(fig, "13_coefficients", run_dir, skies=len(table))
third = np.ma.compressed(np.ma.masked_invalid(table["A_3"]))
say(("A₃ changes sign with the degree at which the harmonics end: none of these numbers is a measurement of it. " if third.min() < 0 < third.max() else "")
    + "$A_1$ and $G$ trade against each other: Eq. (2) has taken the part of the dipole along the Earth's axis, and at 13 TeV the heliosphere does little to tell the "
    "rest apart. So none of these skies determines $A_2$, and hence a focusing length; a claim about it from such a map would be one about the rings.")

# %% [markdown]
# ## The three most telling residuals
#
# Where observed minus fitted is largest in its errors, at least 40 degrees apart:

# %% tags=["hide-input"]
say(page_table(
    [(called[row["sky"]], "; ".join(f"{1e4 * row[f'off_{k}']:+.1f} at RA {row[f'ra_{k}']:.0f}°, dec {row[f'dec_{k}']:.0f}°".replace("-", "−") for k in (1, 2, 3)))
     for row in table], ("sky", "observed minus fitted (10⁻⁴)")))

# %% [markdown]
# The first two skies are sums of harmonics of the same data that end at degree 3 and 4. Where their residuals differ, the cut
# makes them, not nature.
#
# ## Which field suits them
#
# 19 directions around the one that HAWC and IceCube read off their sky (RA 229.2, dec 11.4), 12 degrees apart, each with a
# heliosphere and a Liouville map of its own. The table above was made with another field, that of the IBEX ribbon (as in all
# notebooks), and with more orbits; shares of the two tables are not to be compared:

# %% tags=["hide-input"]
rows = []
for row in table:
    enclosed = np.isfinite(row["field_ra_sigma"])
    errors = f"± {row['field_ra_sigma']:.0f}° and {row['field_dec_sigma']:.0f}°" if enclosed else "the best that was tried, no minimum enclosed"
    rows.append((called[row["sky"]], f"RA {row['field_ra']:.0f}°, dec {row['field_dec']:.0f}°".replace("-", "−"), errors, f"{row['field_explained']:.1%}",
                 f"{row['preset_explained']:.1%}"))
say(f"Ribbon, above: {SAMPLES} orbits a pixel. Here: {OF_A_FAN}.")
say(page_table(rows, ("sky", "best field", "errors", "explained by the best tried", "by RA 229.2, dec 11.4")))

# %% [markdown]
# A direction that explains a little more is no measurement of the field where chi-square says that the model does not hold: it moves the
# field to where its errors are the least visible.
#
# ## The check
#
# A map of which the model explains nothing, or less than straight lines do, would make all of the above idle. And what is computed anew must
# be what was committed.

# %%
assert np.all(gained > -0.05), "the heliosphere explains less than straight lines"
for name in ("explained", "null_explained", "dipole"):
    assert np.allclose(table[name], committed[name], rtol=0.03), f"{name} has changed"

# %% tags=["hide-input"]
say(f"In all {len(table)} skies the model with a heliosphere explains as much as straight lines do, or more: by {100 * np.max(gained):.1f} points at most.")

# %% [markdown]
# **What follows.** The skies of small error are not fitted, and the one that is has errors too large to tell a heliosphere from
# none. Neither a field nor a focusing length is measured here.
#
# **A question the table raises.** The null fit explains nearly as much. What would a map have to show, and at which energy, for the
# heliosphere to be seen in it beyond doubt?
#
# Before: [12 The dipole at every energy](12_dipole_at_every_energy.ipynb) · Next: [14 How fast and how accurate](14_how_fast.ipynb)
