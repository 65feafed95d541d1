# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 What the conclusions depend on
#
# > **Shows** each assumption of the chain varied alone, what that does to the claims, and which field suits the sky
# > best. **Equations** none. **Needs** the sky (04); the claims of 05 and 09, at many parameters. **Run time** half a
# > minute; at first some forty Liouville maps are traced, which takes three or four minutes on two cores.
#
# The errors of the claims are **statistical**: the noise of the sky, and the finite sample of orbits in the Liouville map. They hold if everything else is as assumed. What is assumed, and by how much a claim moves when something else
# is assumed instead, is **systematic**, and no number of events makes it smaller.
#
# All analyses below are of one sky, so its noise is in all of them alike. A shift between two of them is not a chance
# fluctuation of the sky, even where it is smaller than the error bar. It may be one of the orbits: another field or
# boundary reshuffles the chaotic ones. That part of the error bar differs.

# %% tags=["parameters"]
order: int = 7  # highest Legendre order fitted
field_lon: float = 219.2  # longitude the interstellar field points to, degrees
field_lat: float = 39.9  # latitude the interstellar field points to, degrees
field_frame: str = "ecliptic"  # frame of the two: ecliptic, icrs, galactic
kappa29: float = 1.0  # parallel diffusion coefficient, 1e29 cm^2/s
run_dir: str = ""  # folder of the run; empty: runs/notebook


# %%
import numpy as np

from lisbon_core import plots
from lisbon_core.anisotropy import parameter_names
from lisbon_core.frames import unit_vector
from lisbon_core.run import Run
from lisbon_core.studies.sensitivity import field_fan, variations
from lisbon_core.tools.notebook import folder, number, say, show
from lisbon_core.tools.sweep import sweep
from lisbon_core.tools.sweep_plan import Plan
from lisbon_core.tools.sweep_report import field_of_rows
from lisbon_core.tools.tables import plain_table

run = Run.from_namespace(globals())
say(f"**{run.label}.**")

# %% [markdown]
# ## Everything varied alone
#
# Each row is a complete analysis, from the sky to the transport fit, with one assumption replaced by another that one
# could have made. The directions of the field are published ones; the strength goes up and down by 15 %, the
# exponent of momentum by 0.1, about what measured spectra allow; the boundary is halved and doubled. The heliosphere is made
# larger and smaller by 5 %, its tail longer and shorter, its field stronger, and it is replaced as a whole by an MHD simulation. The *response*, the
# rigidities behind one energy, is replaced by one rigidity, and its width, the growth of showers and the scale of energies go
# up and down by their stated errors. Orbits that are not out at the end of their path enter as they ended, and chaotic ones like
# all others; here both are dropped for once. The pixels are of 4 degrees: what counts are differences, and these maps have an
# eighth of the orbits.

# %%
varied = variations(run)
on_a_grid = run.heliosphere is not run.closed_form
fan = [] if on_a_grid else field_fan(run)
plan = Plan(tuple(dict.fromkeys([*(one.parameters for one in varied), *fan])), ())
rows = dict(zip(plan.runs, sweep(plan, folder(run_dir) / "sensitivity"), strict=True))
failed = {row["reason"] for row in rows.values() if row["status"] != "done"}
say("\n".join(f"- not every analysis was possible: {reason}" for reason in failed) or f"{len(rows)} analyses, all done.")

# %%
def values(name, part="value"):
    """A claim of every variation; NaN where it is not determined."""
    claims = [rows[one.parameters].get("claims", {}).get(name, {}).get(part) for one in varied]
    return np.array([np.nan if value is None else value for value in claims], dtype=float)


chi2, error = values("chi2_reduced"), values("chi2_reduced", "sigma")
pad, pad_error = values("chi2_pad"), values("chi2_pad", "sigma")
suspect = (chi2 > np.maximum(chi2[0], 1) + 5 * error) | (pad > np.maximum(pad[0], 1) + 5 * pad_error)

# %%
truth = run.truth.claims(order, kappa29) | {"T_0_bound": None} if run.truth else {}
L = values("L_focusing")  # may be anything but zero, so it is shown as its inverse
claims = {"1/L (1/kpc)": (1e3 / L, 1e3 * values("L_focusing", "sigma") / L**2, 1e3 / truth["L_focusing"] if truth else None)}
for name, title, factor in (
    ("A_1", "A₁ (10⁻³)", 1e3),
    ("gradient_length", "ℓ (kpc)", 1.0),
    ("T_0_bound", "bound on T₀ (10⁻⁶ / yr)", 1e6),
):
    claims[title] = (factor * values(name), factor * values(name, "sigma"), truth.get(name) and factor * truth[name])
fig = plots.sensitivity([one.label for one in varied], [one.kind for one in varied], claims, suspect)

# %%
show(
    fig,
    "11_sensitivity",
    run_dir=run_dir,
    caption=f"Four claims under changed assumptions: {run.label}. Blue: as assumed, with its statistical error"
    f"{'; dashed: the truth' if truth else ''}. Hollow: the sky, or F(μ), does not fit, so one would notice. ℓ is the gradient length.",
    alt="Four panels side by side, one row for each changed assumption: inverse focusing length, amplitude of the first "
    "Legendre term, gradient length and the bound on the time variation, each with error bars and a band for the run as assumed. "
    f"{suspect.sum()} of {len(varied)} rows are drawn hollow.",
)

# %% [markdown]
# The same as a table: for every kind of assumption the largest shift, in statistical errors of the run as assumed, and
# how badly the sky then fits. A shift that a chi-square reveals, of the sky or of the transport fit, can be excluded, with such a
# sky; one that neither reveals has to be added to the error.

# %%
kinds = list(dict.fromkeys(one.kind for one in varied[1:]))
shift = {name: np.abs(x - x[0]) / sigma[0] for name, (x, sigma, _) in claims.items() if "bound" not in name}
lines = []
for kind in kinds:
    of = np.array([one.kind == kind for one in varied])
    found = [x[of & np.isfinite(x)] for x in shift.values()]
    fits = chi2[of & np.isfinite(chi2)]
    lines.append((kind, *(f"{x.max():.1f}" if x.size else "–" for x in found),
                  f"{fits.min():.2f} to {fits.max():.2f}" if fits.size else "–", f"{suspect[of].sum()} of {of.sum()}"))
columns = [f"{name.partition(' ')[0]} shifts by (errors)" for name in shift]
print(plain_table(lines, ("Assumption", *columns, "chi-square", "noticed")))

# %% [markdown]
# Two of these are of the orbits themselves, and one of the detector. What each does to every coefficient, in its errors:

# %%
names = parameter_names(order)
moves = {name: (values(name) - values(name)[0]) / values(name, "sigma")[0] for name in (*names, "L_focusing", "gradient_length")}
moves["L_focusing"] = (claims["1/L (1/kpc)"][0] - claims["1/L (1/kpc)"][0][0]) / claims["1/L (1/kpc)"][1][0]
listed = [f"| {one.label} | " + " | ".join(f"{moves[name][k]:+.1f}".replace("+nan", "–") for name in moves) + " |" for k, one in enumerate(varied)
        if one.kind in ("orbits that are not out", "chaotic orbits", "response")]
head = " | ".join(name.replace("L_focusing", "1/L").replace("gradient_length", "ℓ") for name in moves)
say(f"| | {head} |\n|" + "---|" * (len(moves) + 1) + "\n" + "\n".join(listed))

# %% [markdown]
# An orbit that is not out after its path has a small $\mu$, or is held by the heliosphere. To drop it drops the first kind as well,
# particles that are there, and all from about $\mu = 0$: what moves then is what the even terms are made of, $A_2$ and with it
# $1/L$. So the shift is the most that these orbits can do. It is a systematic error, and stands in the sum below, not in the
# errors of the claims, which would then cover more than they say. Chaotic orbits are four in ten; without them it is another
# sky that is fitted, and chi-square may notice.

# %%
hidden = ~suspect & np.isfinite(chi2)
hidden[0] = False
for name in shift:
    x, sigma, _ = claims[name]
    moved = np.where(hidden, np.nan_to_num(np.abs(x - x[0])), 0.0)
    largest = [moved[[one.kind == kind for one in varied]].max() for kind in kinds]
    if np.isfinite(x[0]):
        size = float(f"{np.linalg.norm(largest):.2g}")
        say(f"{name}: {number(float(x[0]), float(sigma[0]))} (statistical), and ± {size:g} if the largest unnoticed shift of "
            "each kind is added in quadrature.")

# %% [markdown]
# Under the other closure $1/L$ means another thing: that shift is a choice of model, which no sky like this one settles.
# Adding shifts in quadrature is a convention, not a derivation: the list of assumptions is one of choice, and six heliospheres
# do not stand for all. What is left out is not small for being left out.
#
# ## Which field suits the sky best
#
# The direction of the field decides where on the sky μ = 1 lies, and the sky itself can test it. Around the
# assumed direction 18 others are tried; through the reduced chi-square of all goes a smooth surface, whose lowest point is
# the direction that suits the sky best, and $A_n$ is followed along it.

# %%
best = None
if fan:
    done = [rows[one] for one in fan if rows[one]["status"] == "done"]
    try:
        best = field_of_rows(done, ("field_lon", "field_lat"))
        say(f"{str(best).capitalize()}. With the field unknown, $A_1$ is {number(float(best.theta[0]), float(best.theta_sigma[0]))}.")
        if np.isfinite(values("A_1")[0]):
            say(f"With the field as assumed it is {number(float(values('A_1')[0]), float(values('A_1', 'sigma')[0]))}.")
    except ValueError as reason:
        say(f"These fields do not tell which suits the sky best: {reason}.")

# %%
if fan and done:
    towards = unit_vector(field_lon, field_lat)
    angle = [np.degrees(np.arccos(np.clip(unit_vector(r["parameters"]["field_lon"], r["parameters"]["field_lat"]) @ towards,
                                          -1, 1))) for r in done]
    fig = plots.field_fan(
        [(r["parameters"]["field_lon"], r["parameters"]["field_lat"]) for r in done],
        [r["fit"]["chi2_reduced"] for r in done],
        best,
        (field_lon, field_lat),
    )
    show(
        fig,
        "11_field",
        run_dir=run_dir,
        caption=f"Reduced chi-square of the sky, fitted anew for each direction of the field: {run.label}. Cross: as assumed; "
        f"ellipses: 68 and 95 % regions of the direction that suits best. Frame: {field_frame}.",
        alt=f"{len(done)} coloured dots in longitude and latitude, one a direction of the field: the reduced chi-square runs from "
        f"{min(r['fit']['chi2_reduced'] for r in done):.2f} to {max(r['fit']['chi2_reduced'] for r in done):.2f}; ellipses enclose "
        "the direction that suits best, where one was found.",
    )

# %%
if fan and done:
    split = [[r["fit"]["chi2_reduced"] for r, a in zip(done, angle, strict=True) if (a < 4) == near] for near in (True, False)]
    near, far = (f"{number(min(x, default=None))} to {number(max(x, default=None))}" for x in split)
    say(f"Within three degrees the reduced chi-square is {near}; five degrees away it is {far}.")

# %% [markdown]
# `lisbon sweep --set field_lon=211:228.5:2.5 --set field_lat=33:47:2 --fast --out runs/fan` does the same with 64 directions,
# on all cores or on a cluster; `--closer 1` adds 19 directions around the best, and any other parameter can be swept in the
# same way.
#
# ## The check
#
# On the synthetic sky the field is known, and so is everything else. The field has to be found where it is; and what should
# not matter must not: the number of orbits a pixel, which only sample the same average more densely. What shifts $A_1$ far
# need not be noticed: that is what this notebook is about.

# %%
if run.is_recovery_test and best is not None:
    east = (best.field[0] - field_lon + 180) % 360 - 180
    off = np.array([east * np.cos(np.radians(field_lat)), best.field[1] - field_lat])
    pull = float(off @ np.linalg.solve(best.covariance[:2, :2], off))
    say(f"The best direction is {np.hypot(*off):.1f}° from the true one: chi-square {pull:.1f} for 2.")
    assert pull < 20, "the field is not found where it is"
far = [one.label for k, one in enumerate(varied) if hidden[k] and shift["A₁ (10⁻³)"][k] > 5]
if far:
    say(f"Moved by more than five of its errors, and not noticed in chi-square, is $A_1$ by: {', '.join(far)}.")
sample_kind = np.array([one.kind == "sample of the map" for one in varied])
assert not run.is_recovery_test or not np.any(shift["A₁ (10⁻³)"][sample_kind] > 3), "another sample of the map moves A_1 beyond its error"

# %% [markdown]
# **A question the figure raises.** Each assumption was varied alone. Which two of them, varied together, could cancel in
# chi-square and still move $A_1$?
#
# Before: [10 How fast and how accurate](10_how_fast.ipynb) · Next: [12 The dipole at every energy](12_dipole_at_every_energy.ipynb)
