# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 Infer scattering and focusing, and draw the conclusions
#
# > **Shows** the fit of Eqs. (5) and (6) to the pitch-angle distribution, Figure 3, and the table of claims.
# > **Equations** (5), (6). **Needs** the pitch-angle distribution (07). **Run time** seconds, once the orbits are
# > traced.
#
# The odd part of $F(\mu)$ carries the shape of the scattering, $\eta$, $\omega$ and the offset; its even part carries
# focusing. A gradient length follows from Fick's law if the diffusion coefficient is known: all lengths below are for
# $\kappa =
# \kappa_{29}\times 10^{29}$ cm²/s.

# %% tags=["parameters"]
sky_map: str = ""  # path of a sky map; empty: the embedded synthetic sky
sky_label: str = ""  # what the map is, with its energy
sigma_default: float = 0.0001  # error of a pixel where the map gives none
averaging_deg: float = 5.0  # radius of the top hat the map has been through, degrees; 0: none
dec_min: float = -90.0  # lowest declination used, degrees
dec_max: float = 90.0  # highest declination used, degrees
mask: str = ""  # path of a table ra, dec, observed (0 or 1) on the map's grid; empty: none
order: int = 7  # highest Legendre order fitted
p_index: float = 4.7  # exponent of p/p_0 in Eq. (3), alpha + 2
rigidity_TV: float = 4.0  # rigidity at Earth, TV
heliosphere: str = ""  # path of a heliosphere parameter file (TOML); empty: closed form with its defaults
field_lon: float = 219.2  # longitude the interstellar field points to, degrees
field_lat: float = 39.9  # latitude the interstellar field points to, degrees
field_frame: str = "ecliptic"  # frame of the two: ecliptic, icrs or galactic
field_uG: float = 3.0  # strength of the interstellar field, microgauss
polarity: int = 1  # of the solar field: 1, -1 or 0 (unipolar)
positions: int = 4  # positions on the Earth's orbit, averaged
boundary_AU: float = 4000.0  # radius at which orbits end, AU
closure: str = "flux-tube"  # flux-tube or uniform
kappa29: float = 1.0  # parallel diffusion coefficient, 1e29 cm^2/s
seed: int = 20060101  # of every random number
grid_deg: float = 2.0  # step of the analysis grid, degrees
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %%
import numpy as np

from lisbon_core import plots
from lisbon_core.chain import Run, paper_values, transport_claims
from lisbon_core.tools.claims import table
from lisbon_core.tools.notebook import ledger, number, record, say, show
from lisbon_core.transport_fit import compare_laws, focusing_without_a_law, transport_scales

run = Run.from_namespace(globals())
pad, transport = run.pad, run.transport
say(f"**{run.label}**, closure '{closure}', κ₂₉ = {kappa29:g}.")

# %% [markdown]
# ## The fit
#
# A number that the sky does not determine is said to be undetermined, with the reason.

# %%
print(transport)

# %% [markdown]
# ## Figure 3
#
# Top left: the pitch-angle diffusion coefficient. Top right: what the model makes of the distribution. Below: what
# the same scattering and focusing would give if the intensity changed in time, for several values of $T_0 =
# \partial_t F$ at $\mu = 0$.

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
        alt="Three panels: the pitch-angle diffusion coefficient with its error band, low at both ends and with wiggles "
        "between; the pitch-angle distribution with the fitted curve; and curves for several rates of change T0, "
        "which bend upwards or downwards.",
    )

# %% [markdown]
# ## The paper's argument
#
# Without focusing, $D \propto (1-\mu^2)/F'$ comes out lopsided. A symmetric $D$ with focusing explains the
# lopsidedness; by how much the data prefer that is the difference of the log-likelihoods of the two fits.

# %%
say(
    f"Asymmetry of the D obtained without focusing: {number(transport.D_asymmetry.value, transport.D_asymmetry.sigma)}. "
    f"Focusing is preferred by Δ ln L = {number(transport.focusing_preference.value)}."
)

# %% [markdown]
# $L$ and $T_0$ both make the even part of $F$ and are not measurable together. The bound on $T_0$ below holds $L$ at
# its flux-tube value, as the paper seems to; it says nothing if $L$ is free.

# %%
say(
    f"Focusing length {number(transport.L_focusing.value, transport.L_focusing.sigma, 'pc')}, gradient length "
    f"{number(transport.gradient_length.value, transport.gradient_length.sigma, 'kpc')}; "
    f"|T₀| below {number(transport.T_0_bound.value, None, '1/yr')} (95 %)."
)
if transport.law is not None:
    pull = (pad.F - transport.F(pad.mu)) / pad.sigma
    say(f"The largest pull of a bin is {np.max(np.abs(pull)):.1f}.")
    assert run.truth is None or np.max(np.abs(pull)) < 6, "the model does not follow the pitch-angle distribution"
if run.truth and transport.inverse_L.value is not None:
    off = (transport.inverse_L.value - 1 / (run.truth.L_pc * kappa29)) / transport.inverse_L.sigma
    say(f"1/L is {off:+.1f} of its errors from the truth.")
    assert closure != "flux-tube" or abs(off) < 5, "1/L is more than five of its errors from the truth"
run.write_transport()
record(run_dir, "09_transport", transport_claims(run))

# %% [markdown]
# ## How much of this is the form of Eq. (6)
#
# Other laws of scattering, each even in μ, fitted to the same distribution. The last one has no form of its own beyond
# being smooth and positive. And if $D$ is only assumed to be even in μ, the symmetry of the flux tube gives $L$ without
# any law: $(u + F_1(\mu))(u + F_1(-\mu))$ must not depend on μ, with $u = L/\ell$.

# %%
if transport.law is not None:
    laws = compare_laws(pad, closure, kappa29)
    print("\n".join(str(law) for law in laws))
    free = focusing_without_a_law(pad, kappa29)
    print(f"no law at all: 1/L = {free.inverse_L}, chi2 {free.chi2:.1f} for {free.dof} degrees of freedom")

# %% [markdown]
# ## The paper's numbers against each other
#
# The three numbers of the paper imply more than they say. With $\lambda = 3\kappa/v$ they fix the dipole, the streaming and
# the natural rate of change $S/L$ of a field with a uniform gradient. The bound on $T_0$ is far below that rate, so only a
# steady flux tube is compatible with it. A definition of κ with twice the integral would halve the dipole.

# %%
paper = paper_values()["paper"]
stated = (paper["L_focusing_pc"], paper["gradient_length_kpc"], paper["T_0_bound_per_year"])
one, two = transport_scales(*stated), transport_scales(*stated, integral_factor=2.0)
rows = [f"| {name} | {first:.4g} | {second:.4g} |" for (name, first), (_, second) in zip(one.rows(), two.rows(), strict=True)]
say("| κ₂₉ = 1 | κ as usual | κ with twice the integral |\n|---|---|---|\n" + "\n".join(rows))
assert not one.closures_compatible["uniform"], "the paper's bound would allow a uniform gradient"

# %% [markdown]
# Tibet AS-gamma measured a dipole of about 0.8 × 10⁻³ near 4 TeV, less than half of the interstellar dipole above. Notebook
# 04 shows why that is no contradiction: seen through the heliosphere, and in declinations -10 to 70, the synthetic sky
# made with that dipole has a first harmonic of about half of it.

# %% [markdown]
# ## The claims
#
# Truth before paper: on a synthetic sky only the truth can be recovered, and the paper's numbers stand beside it
# because the sky was made with them. Nothing here confirms the paper; it shows that the chain returns what was put
# in.

# %%
say(table(ledger(run_dir)))

# %% [markdown]
# **A question the table raises.** Which of these numbers would change if the interstellar field pointed four degrees
# away?
