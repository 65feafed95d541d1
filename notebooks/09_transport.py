# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 Infer scattering and focusing, and draw the conclusions
#
# > **Shows** the fit of Eqs. (5) and (6) to the pitch-angle distribution, Figure 3, and the table of claims.
# > **Equations** (5), (6), (6a). **Needs** the pitch-angle distribution (07). **Run time** twenty seconds, once the
# > orbits are traced.
#
# What comes in is $F(\mu)$: the intensity of the particles whose velocity makes an angle with the magnetic field of
# cosine $\mu$, of mean 1, in bins of $\mu$ with their errors. What goes out is a curve and six numbers:
#
# | symbol | what it is | unit |
# |---|---|---|
# | $D(\mu)$ | pitch-angle diffusion coefficient: how fast turbulence changes $\mu$ | 1/yr |
# | $\eta$, $\omega$, $\gamma$ | its shape, Eq. (6): depth and period in $\mu$ of its wiggle, and its level (`d_offset`) | 1 |
# | $L$ | focusing length, $1/L = -\partial_z\ln B$: over $L$ the field along the line weakens by e | pc |
# | $\ell$ | gradient length: over $\ell$ the density of cosmic rays falls by e | kpc |
# | $T_0$ | $\partial_t F$ at $\mu = 0$: how fast the intensity changes | 1/yr |
#
# The odd part of $F$ carries the scattering, its even part carries focusing (notebook 08). The anisotropy alone has no
# length in it: a length comes in through the diffusion coefficient along the field, $\kappa = \kappa_{29} \times
# 10^{29}$ cm²/s, or the mean free path $\lambda = 3\kappa/v$, 3.24 pc for $\kappa_{29} = 1$ and particles as fast as
# light, $v = c$. Every length below grows in proportion to $\kappa_{29}$, every rate shrinks.

# %% tags=["parameters"]
order: int = 7  # highest Legendre order fitted
closure: str = "flux-tube"  # what closes Eq. (5): flux-tube, uniform
kappa29: float = 1.0  # parallel diffusion coefficient, 1e29 cm^2/s
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%
from dataclasses import replace

import numpy as np

from lisbon_core import plots
from lisbon_core.claims import transport_claims
from lisbon_core.run import Run, paper_values
from lisbon_core.sky import first_harmonic, ring_normalise
from lisbon_core.studies.closures import transport_scales
from lisbon_core.studies.covariance_forgotten import compare_errors
from lisbon_core.studies.joint_region import joint_region
from lisbon_core.studies.laws_compared import compare_laws, focusing_without_a_law
from lisbon_core.synthetic import DEFAULT_TRUTH, expected_sky
from lisbon_core.tools.notebook import expect, ledger, number, record, say, show, where_possible
from lisbon_core.tools.tables import table
from lisbon_core.transport import apparent_asymmetry, apparent_scattering, mean_free_path_pc, stationary_pad
from lisbon_core.transport.apparent import as_series
from lisbon_core.units import AU_PER_PC, PC_PER_YEAR, gyroradius

run = Run.from_namespace(globals())
pad, transport = run.pad, run.transport
say(f"**{run.label}**, closure '{closure}', κ₂₉ = {kappa29:g}.")

# %% [markdown]
# ## The fit
#
# The *likelihood* of a set of parameters is how probable they make the bins that were found; with errors of known
# covariance its logarithm is $-\chi^2/2$. The values below are those of greatest likelihood. Multiplied by what was
# thought before, here any value in a wide range, it becomes the *posterior*, the probability of the parameters given
# the bins; an error is half the width of the interval that holds 68 % of it. A number that the sky does not determine
# is said to be undetermined, with the reason.

# %%
print(transport)

# %% [markdown]
# ## Figure 3
#
# Top left: the pitch-angle diffusion coefficient. Top right: what the model makes of the distribution. Below: what
# the same scattering and focusing would give if the intensity changed in time, for several values of $T_0$.

# %%
if transport.law is None:
    say(f"There is no transport model to draw: {transport.eta.note}.")
else:
    fig = plots.figure_3(pad, transport, run.truth)
    show(
        fig,
        "09_figure_3",
        run_dir=run_dir,
        caption=f"Figure 3 of the paper, ours: {run.label}.",
        alt="Five panels: the pitch-angle diffusion coefficient with its error band, low at both ends and with wiggles "
        "between; the pitch-angle distribution with the fitted curve, and the residuals; and, twice, curves for several rates of change T0, "
        "which bend upwards or downwards.",
    )
    say(
        f"The curve of the fit stays within {np.max(np.abs((pad.F - transport.F(pad.mu)) / pad.sigma)):.1f} errors of every bin. "
        "Another T₀ moves both ends of F the same way, as focusing does: the two will be hard to tell apart."
    )

# %% [markdown]
# ## How well each number is known, and which errors hang together
#
# The posterior is a cloud of parameter sets, each with its weight. Its projections show what one error bar cannot:
# whether two numbers trade against each other, and whether there is a second solution elsewhere.

# %%
if transport.law is not None:
    drawn = transport.samples
    labels = {"inverse_L": "1/L (1/pc)", "gradient_length": "ℓ (kpc)", "ratio": "η/γ", "omega": "ω"}
    known = {}
    if run.truth is not None:
        at = run.truth.claims(order, kappa29)
        known = {"ℓ (kpc)": at["gradient_length"], "η/γ": at["eta"] / at["d_offset"], "ω": at["omega"]}
        if closure == "flux-tube":
            known["1/L (1/pc)"] = 1 / at["L_focusing"]
    fig = plots.posterior({labels[name]: values for name, values in drawn.items()}, transport.weights, known)
    show(
        fig,
        "09_posterior",
        run_dir=run_dir,
        caption=f"Posterior of four numbers, alone and in pairs{'; dashed: the truth' if known else ''}. {run.label}.",
        alt="Histograms of 1/L, the gradient length, eta over gamma and omega, and maps of each pair: a nearly round cloud "
        "where the errors are small, several clouds where more than one solution fits.",
    )
    spread = np.array([values - transport.weights @ values for values in drawn.values()])
    moments = (spread * transport.weights) @ spread.T
    together = moments / np.sqrt(np.outer(np.diag(moments), np.diag(moments)))
    i, j = np.unravel_index(np.argmax(np.abs(together - np.eye(4))), (4, 4))
    pair = " and ".join(list(labels.values())[k].split(" ")[0] for k in sorted((i, j)))
    say(f"The pair that hangs together most is {pair}, with a correlation of {together[i, j]:+.2f}.")

# %% [markdown]
# ## The paper's argument
#
# Let nothing change in time, in a flux tube, and Eq. (5) gives the scattering straight from the slope $F' =
# \partial_\mu F$, no law assumed (`apparent_scattering`):
#
# $$ D(\mu) = \frac{v}{2\ell}\,(1-\mu^2)\,\frac{1 + (\ell/L)\,[F(\mu)-1]}{F'(\mu)} \tag{6a} $$
#
# Leave focusing out where there is some, $1/L = 0$, and $D$ comes out lopsided. With the right focusing it is symmetric:
# turbulence need not know forward from backward. The asymmetry is $[D(\frac12) - D(-\frac12)]/[D(\frac12) + D(-\frac12)]$. Read off a Legendre
# series that ends, $D$ is rounded off where it changes fast, so its dip is shallower than that of the fitted law.
# On a sky like this one the asymmetry is hardly significant either way: what it shows of the paper's argument is its idea.

# %%
lopsided = transport.D_asymmetry
say(f"Without focusing the asymmetry of D is {number(lopsided.value, lopsided.sigma)}.")
if transport.law is not None and closure == "flux-tube":
    mu = np.linspace(-0.95, 0.95, 191)
    unit = PC_PER_YEAR * pad.legendre[0] / (2 * mean_free_path_pc(kappa29)) * (1 - mu**2)
    without, focused = ([unit * part for part in apparent_scattering(pad, mu, q)] for q in (0.0, transport.q))
    rest = apparent_asymmetry(pad, transport.q)
    law = np.interp(mu, transport.mu, transport.D)
    panels = {
        "Focusing left out": {"read off F": tuple(without), "its mirror image": without[0][::-1]},
        "Focusing as fitted": {"read off F": tuple(focused), "its mirror image": focused[0][::-1], "fit of Eq. (6)": law},
    }
    # where the slope of F is nearly zero, what is read off has no bound
    top = 1.4 * min(max(np.max(without[0]), np.max(focused[0])), 3 * np.max(law))
    fig = plots.curves(mu, panels, xlabel="pitch-angle cosine μ", ylabel="D (1/yr)", ylim=(0, top))
    show(
        fig,
        "09_apparent",
        run_dir=run_dir,
        caption=f"D read off the Legendre series of F, with 68 % bands, and mirrored in μ. {run.label}.",
        alt="Two panels of D against mu, each with its mirror image dotted. The asymmetry between mu = 1/2 and -1/2 is "
        f"{number(lopsided.value, lopsided.sigma)} without focusing, and {number(rest.value, rest.sigma)} with it. "
        "The fitted law, dash-dotted in the second panel, is its own mirror image.",
    )
    series = stationary_pad(transport.law, transport.q).legendre(order)
    say(
        f"The fitted symmetric D with focusing predicts {number(apparent_asymmetry(as_series(series)).value)} for it. "
        f"The asymmetry that is left with the fitted focusing put in: {number(rest.value, rest.sigma)}."
    )
    expect(rest.value is None or abs(rest.value) < 4 * rest.sigma, "focusing leaves D lopsided", run.parameters)
say(
    "The fit with focusing is better than the best fit without by "
    f"{number(transport.focusing_preference.value)} in the logarithm of the likelihood."
)

# %% [markdown]
# ## The numbers
#
# The bound on $T_0$ holds $L$ at its flux-tube value, as the paper seems to; why it has to be held is the next section
# but one. That value was found with $T_0 = 0$, so $T_0$ comes out near zero by construction, and only its error says
# something. The bound has an error too: by so much it rises if $L$ is held one of its own errors away.

# %%
say(
    f"Focusing length {number(transport.L_focusing.value, transport.L_focusing.sigma, 'pc')}, gradient length "
    f"{number(transport.gradient_length.value, transport.gradient_length.sigma, 'kpc')}; "
    f"|T₀| below {number(transport.T_0_bound.value, transport.T_0_bound.sigma, '1/yr')} (95 %)."
)
if transport.law is not None:
    pull = (pad.F - transport.F(pad.mu)) / pad.sigma
    say(f"The largest pull of a bin is {np.max(np.abs(pull)):.1f}.")
    expect(np.max(np.abs(pull)) < 6, "the model does not follow the pitch-angle distribution", run.parameters)
if run.truth and transport.inverse_L.value is not None:
    off = (transport.inverse_L.value - 1 / (run.truth.L_pc * kappa29)) / transport.inverse_L.sigma
    say(f"1/L is {off:+.1f} of its errors from the truth.")
    expect(abs(off) < 5, "1/L is more than five of its errors from the truth", run.parameters)
run.write_transport()
record(run_dir, "09_transport", transport_claims(run))

# %% [markdown]
# ## What the bound owes to the errors
#
# Each pixel of an averaged map holds the events of a disc of 5° radius, so some twenty neighbours show nearly the same
# noise. Take each pixel's error bar for independent of the others', and the same fit returns the same numbers with far
# smaller errors. The bins of $\mu$ then lie farther from any model than these errors allow, and a $\chi^2$ over the full
# covariance of the bins says so. It falls silent if the bins are taken for independent as well. The errors in the table
# are those that the assumption gives, before any enlargement for a bad $\chi^2$.

# %%
paper = paper_values()["paper"]
if transport.T_0_bound.value is not None:
    cases = compare_errors(run.fit, run.all_renormalised, run.maps, closure, kappa29)
    rows = [
        f"| {case.name} | {number(case.inverse_L.value, case.inverse_L.sigma)} | "
        f"{number(case.T_0_bound.value)} | {case.transport.chi2:.1f} / {case.transport.dof} |"
        for case in cases
    ]
    head = "| taken for independent | 1/L (1/pc) | bound on T₀, 95 % (1/yr) | χ² / degrees of freedom |"
    say("\n".join([head, "|---|---|---|---|", *rows]))
    stated = paper["T_0_bound_per_year"] / kappa29
    honest, naive = cases[0].T_0_bound.value, cases[-1].T_0_bound.value
    say(
        f"The paper states {number(stated)} per year. The bound with the full covariance is {honest / stated:.1f} times "
        f"that, the bound with everything independent {naive / stated:.1f} times. "
        + (
            "On this sky a bound of the paper's size comes out only with errors that do not know that pixels overlap; "
            "the paper does not say how its own was made."
            if naive < 2 * stated < honest
            else ""
        )
    )
    expect(naive < honest, "forgetting the covariance does not make the bound tighter here", run.parameters)
else:
    say(f"There is no bound to compare: {transport.T_0_bound.note}.")

# %% [markdown]
# ## L and T₀ are one number, not two
#
# Both bend $F$ upwards at the ends. Let the streaming $S = vA_1/3$, the mean velocity of the particles along the field,
# fall by e over a length $\Lambda$; conservation of particles then demands $T_0 = S(1/\Lambda - 1/L)$ (notebook 08). For
# isotropic scattering the even part of $F$ is $1/L + 2/\Lambda$ times one function of $\mu$. One measured number, two
# unknowns: only their combination $T_0 + \frac32 S/L$ is measured, and the region of the pair has no end. A *closure* is
# the second equation that picks a point: a steady flux tube has $T_0 = 0$, a uniform gradient $T_0 = -S/L$.

# %%
if transport.law is not None:
    region = joint_region(pad, transport)
    mark = (1 / (paper["L_focusing_pc"] * kappa29), paper["T_0_bound_per_year"] / kappa29)
    show(
        plots.joint_region(region, kappa29, mark),
        "09_joint_region",
        run_dir=run_dir,
        caption=f"68 and 95 % regions of 1/L and T₀ together, shape of D as fitted. {run.label}.",
        alt="A straight slanting band through the plot. The horizontal line of the flux tube and the slanting line of the "
        f"uniform gradient cross it at two points, 1/L = {region.flux_tube:.3f} and {region.uniform:.3f} per pc.",
    )
    steps = region.T_0.shape[0]
    width = np.ptp(region.T_0[:, steps // 2])
    open_rows = int(np.sum(region.delta_chi2.min(axis=1) < 5.99))
    say(
        f"The 95 % region is there for {open_rows} of the {steps} values of T₀ drawn, which span "
        f"{number(float(width))} per year, {width / paper['T_0_bound_per_year'] * kappa29:.0f} times the paper's bound. "
        f"On the line of the flux tube L = {1 / region.flux_tube:.1f} pc, on that of the uniform gradient "
        f"{1 / region.uniform:.1f} pc, a factor {region.uniform / region.flux_tube:.2f}."
    )
    expect(open_rows > 0.7 * steps, "the region of the pair is closed here", run.parameters)
else:
    say("Without a fit there is no region to draw.")

# %% [markdown]
# ## How much of this is the form of Eq. (6)
#
# Other laws of scattering, each even in $\mu$, fitted to the same distribution, best first. The *smooth* ones have no
# form of their own beyond being smooth and positive. BIC is $\chi^2$ plus a price for each parameter, the logarithm of the
# number of bins; a law with a BIC lower by 10 is strongly preferred, by 2 hardly. And if $D$ is only assumed to be even
# in $\mu$, the symmetry of the flux tube gives $L$ without any law: $(u + F_1(\mu))(u + F_1(-\mu))$ must not depend on
# $\mu$, with $F_1 = F - 1$ and $u = L/\ell$.

# %%
if transport.law is not None:
    laws = compare_laws(pad, closure, kappa29)
    print("\n".join(str(law) for law in laws))
    with where_possible("1/L without a law"):
        free = focusing_without_a_law(pad, kappa29)
        print(f"no law at all: 1/L = {free.inverse_L}, chi2 {free.chi2:.1f} for {free.dof} degrees of freedom")

# %% [markdown]
# ## The paper's numbers against each other
#
# The three numbers of the paper imply more than they say. Fick's law, flux = diffusion coefficient times gradient, fixes
# the dipole $A_1 = \lambda/\ell$ and the streaming $S = vA_1/3$, and with them the natural rate of change $S/L$ of a field
# with a uniform gradient. The bound on $T_0$ is far below that rate, so only a steady flux tube is compatible with it.
#
# The second column is for a convention: usually $\kappa = \frac{v^2}{8}\int_{-1}^{1}(1-\mu^2)^2/D\,d\mu$; where the factor
# is $v^2/4$ instead, the same $\kappa_{29}$ means half the mean free path, and the paper's $\ell$ half the dipole. Lengths
# are in pc and kpc, rates in 1/yr, times in yr, the streaming in km/s, the rest are ratios.

# %%
stated = (paper["L_focusing_pc"], paper["gradient_length_kpc"], paper["T_0_bound_per_year"])
one, two = transport_scales(*stated), transport_scales(*stated, integral_factor=2.0)
rows = [f"| {name} | {value:.4g} | {two[name]:.4g} |" for name, value in one.items()]
say("| κ₂₉ = 1 | κ as usual | κ with twice the integral |\n|---|---|---|\n" + "\n".join(rows))
assert one["bound on T₀ over S/L"] < 1, "the paper's bound would allow a uniform gradient"

# %% [markdown]
# The dipole of the first column is more than twice what is measured at Earth near 4 TeV. Is that a contradiction? Send the
# distribution with that dipole through the heliosphere of this run, look at it between declinations −10 and 70, and take
# the first harmonic in right ascension, as the experiments do:

# %%
def seen(G_x, G_y):
    """The first harmonic of the synthetic sky with another gradient."""
    interstellar = replace(DEFAULT_TRUTH, G_x=G_x, G_y=G_y)
    return first_harmonic(ring_normalise(expected_sky(interstellar, run.liouville, "calculated")))


unit = float(np.hypot(DEFAULT_TRUTH.G_x, DEFAULT_TRUTH.G_y))
without, along_x, along_y = seen(0.0, 0.0), seen(unit, 0.0), seen(0.0, unit)
measured = run.measured


def wave(amplitude, phase):
    return amplitude * np.array([np.cos(np.radians(phase)), np.sin(np.radians(phase))])


# the wave is linear in the gradient: what each component adds, and what it takes to see what Tibet saw
start = wave(without.amplitude, without.phase)
adds = np.stack([wave(one.amplitude, one.phase) - start for one in (along_x, along_y)], axis=1) / unit
x, y = start + adds @ [DEFAULT_TRUTH.G_x, DEFAULT_TRUTH.G_y]
needed = np.linalg.solve(adds, wave(measured["dipole"][0], measured["phase"][0]) - start)
say(
    f"Of an interstellar $A_1$ = {number(one['dipole A₁'])} Earth sees a first harmonic of {number(without.amplitude)} at "
    f"RA {without.phase:.0f}°, and of {number(float(np.hypot(x, y)))} at {np.degrees(np.arctan2(y, x)) % 360:.0f}° with the gradient "
    f"across the field of the synthetic sky. Tibet AS-gamma found {number(*measured['dipole'])} at {number(*measured['phase'])}°. The "
    "heliosphere and the projection take away a good part of the dipole; the rest depends on a gradient that nobody has measured. "
    "[Notebook 12](12_dipole_at_every_energy.ipynb) holds the same against every experiment, from 1 to 300 TeV."
)

# %% [markdown]
# A gradient $G$ is one over a length: over $1/|G|$ the density of cosmic rays changes by e across the field, as it does over
# $\ell$ along it. In the same unit as the other lengths:

# %%
fitted = float(np.hypot(*run.fit.theta[-2:]))
lengths = {"the synthetic sky was made with": unit, "the fit of this run": fitted, "to see what Tibet saw, phase and all": float(np.hypot(*needed))}
say("| gradient across the field | 1/\\|G\\| (pc) | in gyroradii | in mean free paths |\n|---|---|---|---|\n" + "\n".join(
    f"| {name} | {number(1 / G / AU_PER_PC)} | {number(1 / G / gyroradius(run.response.scale_TV, run.heliosphere.field_uG))} | "
    f"{number(1 / G / AU_PER_PC / mean_free_path_pc(kappa29))} |" for name, G in lengths.items()))

# %% [markdown]
# Are such lengths plausible? They are hundreds of times shorter than $\ell$, and about a mean free path. Nothing
# forbids it: a particle leaves its field line by gyroradii only, so lines that lie parsecs apart may carry different
# densities, if they come from different places. But lines wander and part, most of all over the few parsecs on which the
# interstellar field is turbulent, and that mixes what they carry. So take a fitted $G$ of this size as a number that absorbs
# what the model of the heliosphere gets wrong, until another experiment finds it too.

# %% [markdown]
# ## The claims
#
# Each number with its error, beside the truth of a synthetic sky and what the paper states. Truth comes before paper:
# on a synthetic sky only the truth can be recovered, and the paper's numbers stand beside it because the sky was made
# with them. Nothing here confirms the paper; it shows that the chain returns what was put in.

# %%
say(table(ledger(run_dir)))

# %% [markdown]
# **A question the table raises.** Which of these numbers would change if the interstellar field pointed four degrees
# away?
#
# Before: [08 Solve the Fokker-Planck equation of focused transport](08_fokker_planck.ipynb) · Next: [10 How far the errors of the fit can be trusted](10_trust_in_the_fit.ipynb)
