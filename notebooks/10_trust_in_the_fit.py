# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 How far the errors of the fit can be trusted
#
# > **Shows** three ways to the error of a coefficient, what no sky can tell, how many terms it supports, and whether the
# > errors cover. **Equations** (3). **Needs** the fit (05). **Run time** about forty seconds, once the orbits are traced.
#
# Notebook 05 gave each coefficient an error. Here that error is put on trial, with everything beside the sky and its noise
# taken as known; what else is not known is the subject of [notebook 11](11_sensitivity.ipynb).

# %% tags=["parameters"]
order: int = 7  # highest Legendre order fitted
p_index: float = 4.7  # exponent of p/p_0 in Eq. (3), alpha + 2
field_uG: float = 3.4  # strength of the interstellar field, microgauss
seed: int = 20060101  # of every random number
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
from math import erf

import numpy as np
from astropy.table import Table

from lisbon_core import plots
from lisbon_core.anisotropy import design, fit_design, joined, parameter_names
from lisbon_core.liouville import straight_lines
from lisbon_core.run import DATA, Run
from lisbon_core.sky import even_sky
from lisbon_core.studies.coefficient_posterior import sample_coefficients
from lisbon_core.studies.compton_getting import fit_speed, share_of_its_own
from lisbon_core.studies.identifiability import identifiability
from lisbon_core.studies.resampling import bootstrap, compare_orders, jackknife_rings, truncation_shift
from lisbon_core.synthetic import expected_sky
from lisbon_core.tools import widgets
from lisbon_core.tools.notebook import expect, number, say, show, where_possible
from lisbon_core.units import gyroradius

run = Run.from_namespace(globals())
sky, fit = run.sky, run.fit
names = parameter_names(fit.order)
truth = run.truth.claims(fit.order) if run.truth else None
say(f"**{run.label}.**")

# %% [markdown]
# ## How far the errors can be trusted
#
# Three ways to the error of each coefficient: the covariance of the averaging carried through the fit (the one used,
# called a *sandwich*, as it stands between the estimator and its mirror image); replicas with the noise of the sky and the
# error of the map drawn anew (a *bootstrap*); and bands of declination left out in turn (a *jackknife*). Leaving out bands is
# crude with ten of them; the first two must agree.

# %%
replicas = bootstrap(fit, np.random.default_rng(seed), 300)
ways = {"replicas": replicas.std(axis=0)}
with where_possible("An error from bands left out"):
    ways["bands left out"] = np.sqrt(np.diag(jackknife_rings(run.skies, fit)[1]))
# replicas do not redraw what a grid of the heliosphere leaves out
redrawn = np.sqrt(sum(fit.budget.get(cause, 0.0) ** 2 for cause in ("noise of the sky", "sample of the map")))
rows = [f"| {way} | " + " | ".join(f"{ratio:.2f}" for ratio in errors / redrawn) + " |" for way, errors in ways.items()]
say("Errors over those of the fit:\n\n| | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1) + "\n" + "\n".join(rows))
expect(np.all(np.abs(ways["replicas"] / redrawn - 1) < 0.25), "replicas scatter otherwise than the errors of the fit say", run.parameters)

# %% [markdown]
# The replicas also show which coefficients lean on each other. The sky is seen in part and its rings are normalised, so
# the Legendre terms are not orthogonal on it, and what one coefficient gains another loses. The *posterior* asks the other way
# round: which coefficients could have made this one sky? It is sampled by a swarm of walkers (`emcee`), with any value thought equally
# likely before. For a small anisotropy and errors that do not depend on it, both must give the same cloud. The posterior earns
# its keep where something is known beforehand, see the speed below.

# %%
shown = [k for k in (0, 1, 2, order, order + 1) if k < order + 2]
scale = np.where(np.arange(order + 2) < order, 1e4, 1e7)
label = {k: f"{names[k].replace('_', '')} (10{'⁻⁴' if k < order else '⁻⁷ / AU'})" for k in shown}
dashed = "; dashed: the truth" if truth else ""
correlation = np.corrcoef(replicas.T) - np.eye(order + 2)
i, j = np.unravel_index(np.argmax(np.abs(correlation)), correlation.shape)
say(f"The strongest correlation is that of {names[j]} and {names[i]}: {correlation[i, j]:+.2f}.")
off = np.abs(replicas.mean(axis=0) - fit.theta) / (replicas.std(axis=0) / np.sqrt(len(replicas)))
expect(np.all(off < 5), "replicas do not scatter about the fit they are drawn from", run.parameters)

# %%
posterior = sample_coefficients(fit, np.random.default_rng(seed))
fig = plots.posterior(
    {label[k]: posterior.samples[:, k] * scale[k] for k in shown},
    np.full(len(posterior.samples), 1 / len(posterior.samples)),
    {label[k]: truth[names[k]] * scale[k] for k in shown} if truth else None,
)
show(
    fig,
    "10_posterior",
    run_dir=run_dir,
    caption=f"Posterior of the same coefficients, sampled{dashed}. {run.label}.",
    alt="Corner plot of the sampled posterior of the first Legendre coefficients and the two components of the gradient: "
    "histograms of bell shape on the diagonal, and clouds below it, some of them tilted ellipses.",
)
ratio = np.sqrt(np.diag(posterior.covariance)) / fit.sigma
say(
    f"Worth {posterior.effective:.0f} independent samples, it gives errors {ratio.min():.2f} to {ratio.max():.2f} times "
    "those of the covariance."
)
expect(np.all(np.abs(ratio - 1) < 0.15), "the posterior is not as wide as the covariance says", run.parameters)

# %% [markdown]
# ## What the sky cannot tell
#
# Without a heliosphere $\mu$ is the part of an arrival direction along the field and $\mathbf R$ its part across, in
# gyroradii: $A_1$ and $G$ together are one dipole, three numbers, of which the rings take the polar one. The bending of the
# orbits is what separates them. And a sky seen in part mixes the orders. The table takes four skies of the same error per
# pixel, $10^{-4}$, and for each the combination of parameters that is known worst, with $G$ counted per gyroradius, so
# that all are amplitudes. The anisotropy itself is a thousandth: an error as large means not known at all.

# %%
radius = gyroradius(run.response.scale_TV, field_uG)
without = straight_lines(run.heliosphere, sky.dec, sky.ra, run.response.scale_TV)
cases = {
    "rings, heliosphere": (run.liouville, True),
    "no rings, heliosphere": (run.liouville, False),
    "rings, no heliosphere": (without, True),
}
rows, known = [], {}
bands = {"Tibet": [(-10, 70)], "HAWC": [(-20, 60)], "IceCube": [(-90, -25)], "full": [(-90, 90)]}
for sky_name, limits in (bands | {"Tibet with IceCube": bands["Tibet"] + bands["IceCube"]}).items():
    seen = [even_sky(sky.dec, sky.ra, *one) for one in limits]
    for case, (traced, rings) in cases.items():
        with where_possible(f"The {sky_name} sky"):
            found = identifiability(joined([design(one, traced, order, p_index) for one in seen]), radius, rings)
            known[sky_name, case] = found
            worst, errors = found.words(0).split(" is known")[0], [found.sigma(name) for name in names[: min(order, 2)]]
            rows.append("| " + " | ".join([sky_name, case, worst, *(f"{error:.0e}" for error in [found.errors[0], *errors])]) + " |")
last = " | ".join(f"error of {name}" for name in names[: min(order, 2)])
head = f"| sky | seen through | known worst | its error | {last} |\n|{'---|' * (4 + min(order, 2))}\n"
say(head + "\n".join(rows))

# %% [markdown]
# Without a heliosphere a dipole stays open on every sky: the rings have taken the part of $A_1$ and $G$ that points to the
# pole. A heliosphere closes the gap, through orbits that it bends, and then the rings cost $A_1$ some half of its precision and $A_2$ hardly anything: compare the
# first two lines of a sky. But it does so only if it is **known exactly**, as this table takes it: what fills the gap is how the
# orbits are bent, and with a heliosphere that is a little wrong the sky is filled in wrongly, with errors as small (notebook 11).
# What a southern sky alone lacks, no map of the orbits makes up for; but with a northern one it can be fitted together, each
# map with rings of its own (`joined`; a run does so if `sky_map` names several files).

# %%
for sky_name in ("Tibet", "full"):
    if not {(sky_name, case) for case in cases} <= known.keys():
        continue
    through, open_ring, straight = (known[sky_name, case] for case in cases)
    larger = [f"that of {name} {through.sigma(name) / open_ring.sigma(name):.1f} times" for name in names[: min(order, 2)]]
    say(f"{sky_name} sky: the rings make errors larger, {' and '.join(larger)}.")
    wide_open = straight.errors[0] > 100 * through.errors[0]
    say(f"Without a heliosphere its worst known combination is {'open' if wide_open else 'not much worse known'}.")

# %% [markdown]
# ## The speed of the plasma, or the exponent
#
# The exponent of $p/p_0$ and the speed of the interstellar plasma are taken as given. They enter only as a product, since
# $\ln(p/p_0)$ is proportional to the speed: together they are one more parameter, the strength of the Compton-Getting
# effect of notebook 01. But energy and guiding centre are conserved along an orbit, and from that follows, with $V_\parallel$
# and $V_x$ the flow along and across the field in units of $c$ and $r_g$ the gyroradius,
#
# $$ \ln(p/p_0) = -V_\parallel\,\mu + V_x R_y/r_g + \text{const}, $$
#
# whatever the heliosphere does in between. Another speed is another $A_1$ and another $G_y$. What differs is left by the
# few orbits that do not get out.

# %%
faster = None
with where_possible("The speed"):
    faster = fit_speed(run.skies, run.maps, order, p_index)
if faster is not None:
    wider = faster.sigma[:-1] / fit.sigma
    say(
        f"Of the pattern that another speed makes on this sky, {share_of_its_own(faster):.2%} of the power is its own. Fitted "
        f"along, exponent times speed is {number(1 + faster.theta[-1], faster.sigma[-1])} times what was assumed, and the errors "
        f"of $A_1$ and $G_y$ grow by factors of {wider[0]:.0f} and {wider[-1]:.0f}."
    )

# %%
if faster is not None:
    helium = sample_coefficients(faster, np.random.default_rng(seed), {"speed": (0.0, 0.016)})
    wider = np.sqrt(np.diag(helium.covariance))[:-1] / fit.sigma
    say(
        "With the speed known to 1.6 %, from interstellar helium, the sampled posterior gives errors at most "
        f"{wider.max():.2f} times those of the fit that holds it: so it is held."
    )

# %% [markdown]
# The direction of the interstellar field is taken as given too: it goes into the orbits, not into Eq. (3). It can be
# fitted as well, by tracing the sky anew for many fields and refitting it in each. `lisbon sweep` does so, and
# `lisbon_core.studies.field_posterior` makes of these fits one law for direction, strength, $A_n$ and $G$
# together; [11 Which conclusions survive](11_sensitivity.ipynb) shows it. There too the map, which is a
# sample, limits what can be known beside the noise of the sky.

# %% [markdown]
# ## How many terms
#
# The paper stops at order 7. The *information criteria* of Akaike and Bayes add to chi-square a price for each term, 2 or
# the logarithm of the number of data. Cross-validation asks instead how well one part of the sky foretells another.

# %%
with where_possible("A comparison of orders"):
    choice = compare_orders(run.skies, run.maps, range(1, 11), p_index)
    fig = plots.curves(choice.orders, {"Akaike": choice.aic - choice.aic.min(), "Bayes": choice.bic - choice.bic.min()},
                       xlabel="highest order", ylabel="criterion − least", ylim=(0, 60))
    show(fig, "10_order", run_dir=run_dir, caption=f"Which order the sky asks for: {run.label}. Smaller is better.",
         alt=f"Two information criteria against the highest Legendre order, each above its own least value. Least {choice}.")
    say(f"Least {choice}.")

# %%
fits = {}
for n in (1, 3, 5, 7):
    with where_possible(f"A fit of order {n}"):
        fits[n] = run.fit_order(n).of_sky()
fig = plots.skies({f"order {n}: reduced χ² {one.chi2_reduced:.2f}": 1 + sky.relative_intensity - one.relative_intensity
                   for n, one in fits.items()}, sky.dec, sky.ra, field_icrs=run.liouville.field_icrs, columns=2, limit=0.6)
show(fig, "10_orders", run_dir=run_dir, caption=f"What fits of four orders leave over, with their reduced chi-square: {run.label}.",
     alt="Four maps of the residual sky on one scale, at order "
     + ", ".join(f"{n} (r.m.s. {np.nanstd(sky.relative_intensity - one.relative_intensity):.1e})" for n, one in fits.items()) + ".")
say("Where terms are missing, broad regions of excess and deficit remain; where none is, only the blobs of the "
    f"noise do. From order {min(fits)} to order {max(fits)} the reduced chi-square goes from {fits[min(fits)].chi2_reduced:.2f} to "
    f"{fits[max(fits)].chi2_reduced:.2f}.")

# %% tags=["widget"]
widgets.order(run)

# %% [markdown]
# The criteria say how many terms the sky can support, not that there are no more. A series that ends makes its last terms
# take over part of what lies beyond, and no error bar knows. Two orders more show by how much:

# %%
shift = scatter = np.full(fit.sigma.shape, np.nan)
with where_possible("A series of two orders more"):
    shift, scatter = truncation_shift(run.skies, fit, run.maps)
rows = [f"| shift, in errors of the fit | {' | '.join(f'{x:+.1f}' for x in shift / fit.sigma)} |",
        f"| what noise and map alone would make of it | {' | '.join(f'± {x:.1f}' for x in scatter / fit.sigma)} |"]
if run.truth:
    whole = np.concatenate([expected_sky(one.truth, one.liouville, one.label).relative_intensity[one.sky.observed]
                            for one in run.runs])
    taken = fit_design(fit.design.exact(), whole).theta - np.array([truth[name] for name in names])
    rows.append(f"| taken over, by the truth of the sky, seen through this run's own map | {' | '.join(f'{x:+.1f}' for x in taken / fit.sigma)} |")
say("| | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1) + "\n" + "\n".join(rows))
last = shift[order - 1] / fit.sigma[order - 1]
if run.truth:
    bias = np.max(np.abs(taken / fit.sigma))
    covers = 0.5 * (erf((1 + bias) / np.sqrt(2)) + erf((1 - bias) / np.sqrt(2)))
    say("The last row makes the true sky with the very map that fits it: it tells what the end of the series does, and nothing "
        "of what can be recovered.")
    say(
        f"On this sky {names[int(np.argmax(np.abs(taken / fit.sigma)))]} takes over most, {bias:.1f} of its errors: its 68 % interval would "
        f"hold the true coefficient in {covers:.0%} of all skies. What it holds in 68 % is the coefficient of a series that ends."
    )
if np.isfinite(last):
    say(f"The systematic error of A_{order} from the end of the series is {abs(shift[order - 1]):.0e}, {abs(last):.1f} of its errors.")

# %% [markdown]
# ## Do the errors cover?
#
# One sky says little of its errors. Many do: skies of one truth, each with noise of its own, fitted through maps that share no
# orbit with the map they were made with, nor with each other. Of honest intervals of 68 %, 68 in 100 hold the truth. The
# series of that truth does not end at order 7. This takes longer than a notebook should; it was made once, by a command that
# anyone can give again:

# %%
covered = Table.read(DATA / "coverage.ecsv", format="ascii.ecsv")
say(f"`{covered.meta['command']}`")
rows = [f"| {row['number']} | {row['within_68']:.0%} ± {row['within_68_error']:.0%} | {row['within_95']:.0%} | {row['mean_pull']:+.2f} ± "
        f"{row['mean_pull_error']:.2f} |" for row in covered]
say("| number | 68 % intervals hold the truth | 95 % intervals | mean pull |\n|---|---|---|---|\n" + "\n".join(rows))
say(f"{covered['skies'].max()} skies; reduced chi-square {number(covered.meta['chi2_reduced'], covered.meta['chi2_reduced_error'])}. Sky and "
    "heliosphere are those of the default run, whatever sky this notebook is run on.")

# %% [markdown]
# **A question the table raises.** An interval that holds the truth in 68 of 100 skies may still be of no use. What else must
# be true of it?
#
# Before: [09 Infer scattering and focusing, and draw the conclusions](09_transport.ipynb) · Next: [11 Which conclusions survive](11_sensitivity.ipynb)
