# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 Follow every direction back to interstellar space
#
# > **Shows** orbits through the heliosphere and the Liouville map: μ, R and p/p₀ for each direction of the sky.
# > **Equations** (1). **Needs** the heliosphere (02). **Run time** half a minute the first time, then seconds.
#
# Each direction $\mathbf n$ on the sky is where a particle came from: its momentum is $-p\,\mathbf n$. Reverse it,
# and the charge and the electric field with it, and the same equations lead back to interstellar space. What decides the
# orbit is the **rigidity**, momentum over charge: a proton of 4 TeV has 4 TV.
#
# Far out, where the field is uniform again, the particle moves along it in a helix, and three things about the orbit no
# longer change. We note them in the frame of the plasma: $\mu$, the cosine of the **pitch angle** between momentum and
# field; the **guiding centre** $\mathbf R = \mathbf r + \mathbf p\times\mathbf B/(qB^2)$, the place across the field of
# the helix's axis, for a particle of charge $q$ at the place $\mathbf r$; and $p/p_0$, the momentum over that at Earth.

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
heliosphere: str = ""  # path of a heliosphere, parameters (TOML) or a grid (HDF5); empty: closed form with its defaults
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
from lisbon_core.chain import Run, liouville_claims
from lisbon_core.frames import unit_vector
from lisbon_core.orbits import trace
from lisbon_core.tools.notebook import number, record, say, show
from lisbon_core.units import LORENTZ, gyroradius

run = Run.from_namespace(globals())
heliosphere = run.heliosphere
say(
    f"A particle of {rigidity_TV:g} TV has a gyroradius of {number(gyroradius(rigidity_TV, heliosphere.field_uG))} AU in {heliosphere.field_uG:.3g} microgauss: "
    "larger than the heliosphere is wide, and that is why anything is left of the interstellar pattern."
)

# %%
arrival = heliosphere.axes @ np.stack([unit_vector(*place) for place in ((230, 25), (300, 10), (75, 20), (140, 50))]).T
position, momentum = np.tile([1.0, 0.0, 0.0], (4, 1)), -rigidity_TV * arrival.T
tracks = [position]
for _ in range(400):
    orbits = trace(heliosphere, position, momentum, backwards=True, path_cap_AU=8.0)
    position, momentum = orbits.position, orbits.momentum
    tracks.append(position)
fig = plots.paths(
    heliosphere,
    list(np.transpose(tracks, (1, 0, 2))),
    ["from RA 230, Dec 25", "RA 300, Dec 10", "RA 75, Dec 20", "RA 140, Dec 50"],
)
show(
    fig,
    "03_orbits",
    run_dir=run_dir,
    caption="Four orbits, 3200 AU of path each, in two planes of the model (a calculation).",
    alt="Curved orbits from the Sun outwards in two projections: some leave along the interstellar field in wide "
    "helices, others are turned back towards the heliopause.",
)

# %% [markdown]
# ## Energy along the way
#
# The electric field changes the momentum by parts in ten thousand. The sum of kinetic and potential energy may not
# change at all.

# %%
sample = unit_vector(
    np.degrees(np.pi * (3 - 5**0.5)) * np.arange(300) % 360, np.degrees(np.arcsin(1 - (np.arange(300) + 0.5) / 150))
)
model = run.closed_form  # a field on a grid has no potential
momentum = -rigidity_TV * sample @ model.axes.T
start = np.tile([1.0, 0.0, 0.0], (300, 1))
end = trace(model, start, momentum, backwards=True, boundary_AU=boundary_AU, tolerance=1e-10)
kinetic = np.linalg.norm(end.momentum, axis=1) - rigidity_TV
potential = LORENTZ * (model.potential(end.position) - model.potential(start))
residual = np.abs(kinetic + potential)[end.escaped]
say(
    f"|p| changes by up to {number(float(np.abs(kinetic).max()))} TV; the total energy by {np.median(residual):.0e} TV in the median "
    f"and {np.quantile(residual, 0.95):.0e} TV for 95 % of the orbits."
)
assert np.median(residual) < 1e-7, "total energy is not conserved along the orbits"

# %% [markdown]
# ## The Liouville map
#
# Now every pixel of the sky, from several positions on the Earth's orbit: $\mu$, $\mathbf R$ and $p/p_0$ of each are the
# **Liouville map**. Without a heliosphere, $\mu$ would be the smooth pattern of the first map below. With it, the pattern is
# torn near the plane across the field: particles that hardly move along the field come back to the heliosphere again and
# again, and each time the orbits of neighbours part. Such orbits are **chaotic**; one of them means nothing, only averages do.

# %%
liouville = run.liouville
ra, dec = np.meshgrid(liouville.ra, liouville.dec)
straight = -unit_vector(ra, dec) @ liouville.field_icrs
mean = np.tensordot(liouville.weight, liouville.mu, axes=1)
fig = plots.skies(
    {"μ without a heliosphere": straight, "μ from one position": liouville.mu[0], "μ averaged over positions": mean},
    liouville.dec,
    liouville.ra,
    field_icrs=liouville.field_icrs,
    unit="pitch-angle cosine μ",
    scale=1.0,
    offset=0.0,
    cmap="PuOr_r",
    limit=1.0,
)
show(
    fig,
    "03_mu",
    run_dir=run_dir,
    caption="Where the particles of each direction come from (a calculation, no data).",
    alt="Three maps of the pitch-angle cosine: a smooth dipole, the same pattern torn and speckled along the great "
    "circle across the field, and an average over positions in which the speckles are softened.",
)

# %%
spread = float(np.sqrt(np.mean((mean - straight) ** 2)))
ratio = np.tensordot(liouville.weight, liouville.momentum_ratio, axes=1)
say(
    f"The heliosphere shifts μ by {number(spread)} (r.m.s.) and p by parts in ten thousand: p/p₀ − 1 lies between "
    f"{ratio.min() - 1:.1e} and {ratio.max() - 1:.1e}. {liouville.unescaped_fraction:.1%} of the orbits are still inside "
    f"{boundary_AU:g} AU at the end of their path; they enter with their last state."
)
assert np.all(np.abs(liouville.mu) <= 1 + 1e-12), "a pitch-angle cosine exceeds 1"
assert abs(np.corrcoef(mean.ravel(), straight.ravel())[0, 1]) > 0.5, (
    "the heliosphere has erased the large-scale pattern"
)
run.write_liouville()
record(run_dir, "03_orbits", liouville_claims(run))

# %% [markdown]
# **A question the figure raises.** In the speckled band one orbit means nothing, but the average over a pixel does.
# How many orbits does a pixel need before its average is better known than the sky?
#
# Before: [02 Build a heliosphere in closed form](02_heliosphere.ipynb) · Next: [04 Read a sky map, and see what its rings have lost](04_sky_map.ipynb)
