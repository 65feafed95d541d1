# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 08 Solve the Fokker-Planck equation of focused transport
#
# > **Shows** what scattering and focusing make of a pitch-angle distribution, and why the answer needs a closure.
# > **Equations** (5), (5a), (6). **Needs** nothing from other notebooks; no sky enters. **Run time** about twenty seconds.
#
# A cosmic ray of speed $v$, practically that of light, gyrates about a field line. The angle between its velocity and the
# field is the pitch angle; its cosine $\mu$ runs from −1 (backwards along the field) to 1 (forwards). $F(\mu)$ is the
# intensity of particles with that $\mu$, divided by its mean: a number near 1, since cosmic rays differ from isotropy by
# a thousandth. Two things change $\mu$. Turbulence scatters it at random, so that $F$ diffuses in $\mu$ with a
# coefficient $D_{\mu\mu}$ (per year), just as heat diffuses in space. And where the field weakens along the line, over the
# focusing length $L$, $1/L = -\partial_z\ln B_0$ with $z$ measured along the field, gyration turns into motion along the
# line: particles are focused forwards. The balance of the two is
#
# $$ \partial_\mu\!\left[D_{\mu\mu}\,\partial_\mu F(\mu)\right] - \frac{(1-\mu^2)\,v}{2L}\,\partial_\mu F(\mu) = -\Phi(\mu) \tag{5} $$
#
# It is a diffusion equation in $\mu$ with a drift. Its right side is $-\Phi = \partial_t F + v\mu\,\partial_z F$: what
# changes in time, and what the particles carry along when there are more of them on one side. No particles leave at
# $\mu = \pm 1$: the flux $D_{\mu\mu}\,\partial_\mu F$ vanishes there.

# %% tags=["parameters"]
kappa29: float = 1.0  # parallel diffusion coefficient, 1e29 cm^2/s
seed: int = 20060101  # of every random number
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
import numpy as np

from lisbon_core import plots
from lisbon_core.ground.units import PC_PER_YEAR
from lisbon_core.studies.other_solvers import (
    approach_to_stationary,
    finite_volume_pad,
    first_order_pad,
    pulse,
    random_walk,
)
from lisbon_core.tools import widgets
from lisbon_core.tools.notebook import number, say, show
from lisbon_core.transport import (
    BroadenedScattering,
    CosineScattering,
    FunctionScattering,
    IsotropicScattering,
    QuasilinearScattering,
    diffusion_coefficient,
    gradient_length_kpc,
    mean_free_path_pc,
    stationary_pad,
)

# %% [markdown]
# ## Without focusing
#
# Let the density fall along the field by a factor e over the gradient length $\ell$, so that $\partial_z F = -1/\ell$. With $L \to
# \infty$ and nothing changing in time, Eq. (5) reads $\partial_\mu(D\,\partial_\mu F) = -v\mu/\ell$ and integrates at once,
# from $\mu = -1$ where the flux is zero, to $D\,\partial_\mu F = \frac{v}{2\ell}(1-\mu^2)$: the slope of the distribution
# **is** the inverse of the scattering. So the paper writes
#
# $$ D_{\mu\mu} = -\frac{v\,\partial_zF}{2}\,(1-\mu^2)\left[\eta\cos(2\pi\mu/\omega) + \gamma\right] \tag{6} $$
#
# and the slope $F' = \partial_\mu F$ is one over the bracket: a wiggle of depth $\eta$ and period $\omega$ in $\mu$ on a level
# $\gamma$, all three without unit (this $\gamma$ is called `d_offset` in the code: Eq. (3) has another one). Strong
# scattering across the field, $\eta > 0$, makes $F$ flat at $\mu = 0$; a gap there, $\eta < 0$, makes it steep. In code, for
# the paper's $\ell$ of $1.72\,\kappa_{29}$ kpc, with lengths in parsec and times in years ($\kappa_{29}$, which is 1 here, comes
# below):

# %%
v, ell = PC_PER_YEAR, 1720.0 * kappa29
mu = np.linspace(-1, 1, 2001)


def bracket(mu, eta, omega, gamma):
    return eta * np.cos(2 * np.pi * mu / omega) + gamma


def D(mu, eta, omega, gamma):
    """Eq. (6), 1/yr, with ∂F/∂z = −1/ℓ."""
    return v / (2 * ell) * (1 - mu**2) * bracket(mu, eta, omega, gamma)


# %% [markdown]
# What sets the size? Scattering makes particles diffuse along the field, with a coefficient $\kappa = \frac{v^2}{8}
# \int_{-1}^{1}(1-\mu^2)^2/D_{\mu\mu}\,d\mu$, here $\kappa_{29} \times 10^{29}$ cm²/s, and the mean free path is $\lambda =
# 3\kappa/v$, about 3 pc for $\kappa_{29} = 1$. Three laws are scaled to have this same $\kappa$. Each must be the package's
# law (`CosineScattering`, `diffusion_coefficient`), and the integral of $F'$ what its solver finds.

# %%
laws = {}
for ratio, named in ((0.0, "0"), (0.5, "+0.5"), (-0.5, "−0.5")):  # η/γ
    along = v * mean_free_path_pc(kappa29) / 3  # κ that is wanted, pc²/yr
    inside = mu[1:-1]
    slowness = (1 - inside**2) ** 2 / D(inside, ratio, 1, 1)
    kappa = v**2 / 8 * np.trapezoid(slowness, inside)  # of level 1
    gamma = kappa / along
    law = CosineScattering(ratio * gamma, 1, gamma)
    by_hand = D(mu, ratio * gamma, 1, gamma)
    assert np.allclose(diffusion_coefficient(law, mu, kappa29), by_hand, rtol=1e-5)

    slope = 1 / bracket(mu, ratio * gamma, 1, gamma)  # F'
    rise = np.append(0, np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(mu)))
    F = 1 + rise - rise[-1] / 2  # odd about the middle
    assert np.allclose(F, stationary_pad(law, 0.0)(mu), rtol=0, atol=1e-8)
    laws[f"η/γ = {named}"] = law

# %% tags=["hide-input"]
fig = plots.curves(
    mu,
    {name: (stationary_pad(law, 0.0)(mu) - 1) * 1e3 for name, law in laws.items()},
    xlabel="pitch-angle cosine μ",
    ylabel="F − 1 (10⁻³)",
)
show(fig, "08_scattering", run_dir)

# %% [markdown]
# All three rise from one end to the other, odd about the middle; a gap in the scattering is where $F$ is steepest. $F$
# differs from 1 by about two in a thousand, because $\lambda/\ell$ is that small. Write $F = 1 + A_1 P_1(\mu) + A_2
# P_2(\mu) + \dots$ in Legendre polynomials: $A_1$ is the dipole, and the mean velocity of the particles along the field,
# the streaming, is $S = v A_1/3$. Fick's law, flux = diffusion coefficient times gradient, says $S = \kappa/\ell$. All
# three laws have the same $\kappa$, so they must have the same $A_1$; and $\ell = 3\kappa/(v A_1) = \lambda/A_1$ is exact,
# whatever the shape.

# %%
fick = {}
for name, law in laws.items():
    A_1 = stationary_pad(law, 0.0).legendre(1)[0]
    fick[name] = mean_free_path_pc(kappa29) / A_1
    assert abs(fick[name] / ell - 1) < 1e-5, "Fick's law does not hold without focusing"
    assert abs(A_1 - mean_free_path_pc(1.0) / 1720) < 1e-5 * A_1, "A_1 depends on κ"

# %% tags=["hide-input"]
say("\n".join(f"- {name}: $A_1$ = {number(mean_free_path_pc(kappa29) / one)}, so ℓ = {number(one / 1e3)} kpc."
              for name, one in fick.items()))

# %% [markdown]
# ## Other laws of scattering
#
# Eq. (6) is one family among several. *Isotropic* scattering, small steps in random directions, has $D \propto 1-\mu^2$.
# Turbulence of waves along the field with a power spectrum of index $s$ scatters a particle by the wave it is in resonance
# with, and none is left for $\mu = 0$: the *quasi-linear* $D \propto (1-\mu^2)|\mu|^{s-1}$ (Jokipii 1966). Resonances of finite
# width fill the gap, $D \propto (1-\mu^2)(|\mu|^{s-1} + \text{const})$ (Beeck & Wibberenz 1986). And any function of one's own
# will do: here one with a wall of strong scattering at $\mu = 0$. The scale of each is set by the same $\kappa$, and Fick's
# law must hold for each.

# %%
families = {
    "isotropic": IsotropicScattering(1.0),
    "Eq. (6), η/γ = −0.5": CosineScattering(-0.5, 1.0, 1.0),
    "quasi-linear, s = 5/3": QuasilinearScattering(1.0),
    "broadened resonance": BroadenedScattering(1.0, floor=0.2),
    "of one's own": FunctionScattering(lambda mu: 1 + 2 * np.exp(-20 * mu**2)),
}
dipole_times_length = [
    stationary_pad(one, 0.0).legendre(1)[0] * gradient_length_kpc(one, kappa29)
    for one in families.values()
]
assert np.ptp(dipole_times_length) < 1e-4 * dipole_times_length[0], "Fick's law fails"

# %% tags=["hide-input"]
say(f"$A_1\\,\\ell$ is {number(1e3 * float(dipole_times_length[0]))} pc, the mean free path, for each of them.")
fig = plots.curves(
    mu,
    {name: diffusion_coefficient(one, mu, kappa29) for name, one in families.items()},
    xlabel="pitch-angle cosine μ",
    ylabel="$D_{\\mu\\mu}$ (1/yr)",
    ylim=(0, 0.15 / kappa29),
)
show(fig, "08_families", run_dir)

# %% [markdown]
# ## With focusing, and the closure that the equation does not contain
#
# Now $1/L \ne 0$: the field lines diverge, and a bundle of them, a flux tube, widens. Average Eq. (5) over $\mu$, and what
# is left is the conservation of particles in the tube: $\partial_t F + \partial_z S + S/L = 0$. So Eq. (5) is not complete
# until one says how the streaming varies along the tube. Let the whole anisotropy fall by a factor e over a length $\Lambda$,
# $\partial_z(F-1) = -1/\ell - (F-1)/\Lambda$; then $\partial_z S = -S/\Lambda$, and the intensity changes at the rate
#
# $$ T_0 = S\left(\frac1\Lambda - \frac1L\right) \tag{5a} $$
#
# per year. Such a choice is called a closure (`closure_lambda`), and it decides what $L$ means. In a steady **flux tube** the
# streaming thins out as the tube widens, $\Lambda = L$, and nothing changes in time. With a **uniform** gradient the
# streaming is the same everywhere, $\Lambda = \infty$, and the intensity has to fall, $T_0 = -S/L$. Both equations, written
# out, and what the solver `stationary_pad` leaves of them, its derivatives taken by differences:

# %%
def unbalanced(pad, D, L, Lambda):
    """Left side of Eq. (5) minus its right side, in units of v/ℓ."""
    F = pad(mu)
    scattering = np.gradient(D * np.gradient(F, mu), mu)
    focusing = (1 - mu**2) * v / (2 * L) * np.gradient(F, mu)
    T_0 = v * pad.legendre(1)[0] / 3 * (1 / Lambda - 1 / L)  # Eq. (5a)
    F_z = -1 / ell - (F - 1) / Lambda  # along the field
    return (scattering - focusing - (T_0 + v * mu * F_z)) / (v / ell)


law = laws["η/γ = −0.5"]
L = 17.8 * kappa29
for closure_name, Lambda in (("flux-tube", L), ("uniform", np.inf)):
    rest = unbalanced(stationary_pad(law, ell / L, closure_name),
                      diffusion_coefficient(law, mu, kappa29), L, Lambda)
    assert np.max(np.abs(rest[2:-2])) < 1e-3  # differences, steps of 0.001

# %% [markdown]
# Focusing adds an even part to $F$, equal at $\mu$ and $-\mu$, mostly the quadrupole $A_2$. How much of it belongs to a given
# $L$ depends on the closure:

# %%
isotropic = IsotropicScattering(laws["η/γ = 0"].d_offset)
weak = 0.05 * ell / mean_free_path_pc(kappa29)  # ℓ/L for λ/L = 0.05
A_2 = {one: stationary_pad(isotropic, weak, one).legendre(2)[1]
       for one in ("flux-tube", "uniform")}
factor = A_2["flux-tube"] / A_2["uniform"]
assert abs(factor - 3) < 0.02, "the two closures do not differ by the factor 3"

strong = 0.5 * ell / mean_free_path_pc(kappa29)
lines = {
    "flux tube": stationary_pad(isotropic, strong),
    "uniform gradient": stationary_pad(isotropic, strong, "uniform"),
    "between, Λ = 2L": stationary_pad(isotropic, strong, strong / 2),
}

# %% tags=["hide-input"]
say(
    f"For isotropic scattering and λ/L = 0.05, $A_2$ is {factor:.3f} times larger in a flux tube: the same map gives under "
    f"the flux tube an $L$ {factor:.2g} times that under the uniform gradient."
)
straight = stationary_pad(isotropic, 0.0)
fig = plots.curves(
    mu, {name: (pad(mu) - straight(mu)) * 1e3 for name, pad in lines.items()}, xlabel="pitch-angle cosine μ",
    ylabel="F − F without focusing (10⁻³)",
)
show(fig, "08_focusing", run_dir)
bent = {name: float(pad(np.array([-1.0, 1.0])).sum() / 2 - pad(np.array([0.0]))[0]) for name, pad in lines.items()}
say(
    f"The ends lie above the middle by {number(bent['flux tube'])} in the flux tube and by {number(bent['uniform gradient'])} with the "
    "uniform gradient: focusing bends F upwards, and how much says L only once the closure is chosen."
)
assert bent["flux tube"] > bent["uniform gradient"] > 1e-9, "focusing does not bend F upwards"

# %% [markdown]
# ## Turning one parameter after another
#
# Four numbers make the distribution of a steady flux tube: $\eta$, $\omega$ and $\gamma$ of Eq. (6), and $L$. Since $\kappa$ is
# held, $D_{\mu\mu}$ is scaled to it, and only the shape of the bracket is left to see; $L$ does not enter $D_{\mu\mu}$ at all. The
# gradient length is not held: by Eq. (6) the level of the bracket sets $A_1$, and $\ell = \lambda/A_1$ goes with it.
# $F$ shows all four.

# %%
def response(eta=-293.0, omega=1.0, level=586.0, L=17.8 * kappa29):
    """D and F - 1 of one law in a steady flux tube."""
    law = CosineScattering(eta, omega, level)
    pad = stationary_pad(law, 1e3 * gradient_length_kpc(law, kappa29) / L)
    return diffusion_coefficient(law, mu, kappa29), pad(mu) - 1


ranges = {
    "level γ": [response(level=level)[1] for level in (450, 900)],
    "focusing length L": [response(L=kappa29 * L)[1] for L in (np.inf, 17.8, 5.0)],
}
sizes = [np.ptp(F) for F in ranges["level γ"]]
uneven = [F[0] + F[-1] for F in ranges["focusing length L"]]  # F(−1) + F(1) − 2
assert abs(uneven[0]) < 1e-12, "without focusing the ends are uneven"
assert 1e-5 < uneven[1] < uneven[2], "focusing does not bend F upwards"

# %% tags=["hide-input"]
turned = {
    "depth η": [(f"{eta:g}".replace("-", "−"), *response(eta=eta)) for eta in (-400, -293, 293)],
    "period ω": [(f"{omega:g}", *response(omega=omega)) for omega in (0.7, 1.0, 1.6)],
    "level γ": [(f"{level:g}", *response(level=level)) for level in (450, 586, 900)],
    "focusing length L": [(f"{L:.3g} pc".replace("inf pc", "none"), *response(L=L)) for L in kappa29 * np.array([np.inf, 17.8, 5.0])],
}
show(plots.responses(turned), "08_responses", run_dir)
say(
    f"A level of 900 in place of 450 makes the range of F {sizes[0] / sizes[1]:.1f} times smaller, since ∂F/∂μ is the inverse of the "
    f"bracket. Of these four only L makes the ends uneven (a change in time would, too: notebook 09): F(−1) + F(1) − 2 is "
    f"{number(float(uneven[1]))} at the middle L and vanishes without focusing."
)

# %% tags=["widget"]
widgets.scattering(kappa29)

# %% [markdown]
# ## Three solvers, one answer
#
# In the flux tube Eq. (5) has an exact solution for every scattering law, $F = a + b\,e^{G(\mu)}$ with two constants and
# $G(\mu) = \int_0^\mu v(1-\nu^2)/(2LD)\,d\nu$. The mean of $F$ is 1, and the gradient $\ell$ makes $a = 1 - L/\ell$: where
# focusing is weak, what is left is the $F$ of above. So three integrals and no solver give it:

# %%
inverse = 1 / bracket(mu, law.eta, law.omega, law.d_offset)  # v (1−μ²)/(2ℓD)
G = np.append(0, np.cumsum((inverse[1:] + inverse[:-1]) / 2 * np.diff(mu))) * ell / L
growing = np.exp(G)
a = 1 - L / ell
b = (1 - a) / (np.trapezoid(growing, mu) / 2)
exact = stationary_pad(law, ell / L)
assert np.allclose(a + b * growing, exact(mu), rtol=0, atol=1e-8)

# %% [markdown]
# Three ways to compute $F$ have to agree:
#
# * the solver used everywhere here, `stationary_pad`, expands $F$ in polynomials, exact for the flux tube and, put back into Eq. (5),
#   leaving next to nothing;
# * finite volumes, `finite_volume_pad`, cut $\mu$ into 2000 cells and balance what flows through their walls, an independent code;
# * the weak-focusing formula keeps only the first power of $\lambda/L$, so its error must fall with the square.

# %%
q = ell / L
edges, cells, _ = finite_volume_pad(law, q, cells=2000)
centres = 0.5 * (edges[1:] + edges[:-1])
difference = np.max(np.abs(exact(centres) - 1 - cells)) / np.max(np.abs(cells))
assert exact.residual() < 1e-7, "the solution does not solve Eq. (5)"
assert difference < 1e-5, "two independent solvers disagree"

between = stationary_pad(law, q, 0.5 * q)  # a closure between the two, L/Λ = 1/2
tau = finite_volume_pad(law, q, 0.5 * q, cells=2000)[2]  # 2 ℓ T_0/v
assert abs(tau / between.tau - 1) < 1e-4, "two independent solvers disagree on T_0"
assert abs(between.solvability()) < 1e-10, "particles leave at the ends"

errors = []
for part in (1.0, 0.5, 0.25):
    full, weak = stationary_pad(law, part * q), first_order_pad(law, part * q)
    errors.append(np.max(np.abs(full(mu) - weak(mu))))
orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
assert np.all(np.abs(orders - 2) < 0.2), "the formula is not of first order"

# %% tags=["hide-input"]
say(f"Equation (5) is met to {number(exact.residual())}; finite volumes agree to {number(float(difference))} of the anisotropy.")
say(
    f"With Λ = 2L they find the same rate of change, $2\\ell T_0/v$ = {number(between.tau)} and {number(tau)}. It is not free: the flux "
    f"must vanish at both ends, $\\int e^{{-G}}\\Phi\\,d\\mu = 0$. That holds to rounding; with $T_0 = 0$ put in "
    f"by hand the integral is off by {number(abs(between.solvability(0.0)))} of its size, and F would diverge at an end."
)
say(f"Halving the focusing divides the error of the weak-focusing formula by 2 to the {orders[0]:.2f} and {orders[1]:.2f}.")

# %% [markdown]
# ## The way to the stationary distribution
#
# Start with an isotropic distribution, $F = 1$, and let the gradient and the scattering act: the anisotropy grows, and
# after a few scattering times it is the stationary one. The scattering time is $\lambda/v$, in which a particle flies one
# mean free path: about ten years for $\kappa_{29} = 1$.

# %%
times = np.array([0.25, 0.5, 1.0, 2.0, 6.0])
cells_mu, growth = approach_to_stationary(law, q, times)
missing = growth - (exact(cells_mu) - 1)
late = np.max(np.abs(missing[-1])) / np.max(np.abs(growth[-1]))
assert late < 5e-3, "the time-dependent solution does not end in the stationary one"

# %% tags=["hide-input"]
fig = plots.curves(
    cells_mu,
    {f"t = {time:g} λ/v": F1 * 1e3 for time, F1 in zip(times, missing, strict=True)},
    xlabel="pitch-angle cosine μ",
    ylabel="F − stationary F (10⁻³)",
)
show(fig, "08_relaxation", run_dir)
say(f"After six scattering times the distribution is the stationary one to {number(float(late))} of the anisotropy.")

# %% [markdown]
# ## One particle at a time
#
# The same equation, written for the number of particles in the tube, which goes as $F/B_0$, describes a random walk: in a
# short time $dt$ each particle moves by $v\mu\,dt$ along the field, and its
# $\mu$ takes a random step of variance $2D_{\mu\mu}\,dt$ and a small regular one, from focusing and from the slope of
# $D_{\mu\mu}$. Particles let loose at one place in a diverging field, in all directions alike, drift along it: focusing
# turns them forward. The walk of many particles and the equation must agree within the noise of the walk.

# %%
xi, moment = 0.5, 2.0  # λ/L, and a time in λ/v
equation = pulse(law, xi, np.array([moment]))
z, _ = random_walk(law, xi, moment, 20000, np.random.default_rng(seed))
drift, error = np.mean(z), np.std(z) / np.sqrt(z.size)
assert abs(drift - equation.mean_z[0]) < 5 * error + 0.01, "walk and equation disagree"

# %% tags=["hide-input"]
say(
    f"After {moment:g} scattering times with λ/L = {xi:g} the particles have drifted {number(float(drift), float(error))} "
    f"mean free paths, by the equation {number(float(equation.mean_z[0]))}."
)
later = pulse(law, xi, np.array([0.5, 2.0, 5.0]))
density = {f"t = {t:g} λ/v": n.sum(axis=1) * (later.mu[1] - later.mu[0]) for t, n in zip(later.times, later.number, strict=True)}
bins = later.z[::6]  # the walkers, all from one point, with the width that the pulse starts with
wide = z + 0.2 * np.random.default_rng(seed + 1).standard_normal(z.size)
count = np.interp(later.z, 0.5 * (bins[1:] + bins[:-1]), np.histogram(wide, bins)[0])
share = 1 / (z.size * (bins[1] - bins[0]))
density[f"walkers at t = {moment:g} λ/v"] = (count * share, np.sqrt(count) * share)
fig = plots.curves(later.z, density, xlabel="distance along the field z (λ)", ylabel="particles per λ")
show(fig, "08_pulse", run_dir)

# %% [markdown]
# **What follows.** The odd part of $F$ gives the scattering. The even part gives one combination of $L$ and $T_0$: $L$ is a
# number only with a closure, and the two closures differ by a factor 3.
#
# **A question the figure 08_focusing raises.** Focusing by a field that converges along the streaming ($L < 0$) bends $F$
# downwards. Can any scattering law, symmetric in μ, do the same?
#
# Before: [07 From the renormalised sky to the pitch-angle distribution](07_pitch_angle_distribution.ipynb) · Next: [09 Infer scattering and focusing, and draw the conclusions](09_transport.ipynb)
