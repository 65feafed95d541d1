# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 How to read this compendium
#
# > **Shows** the argument in one page, what was and was not reproduced, and where to go next.
# > **Equations** none. **Needs** nothing to read; the table at the end is filled by the other notebooks. **Run
# > time** seconds.
#
# Cosmic rays of a few TeV arrive almost equally from everywhere; a part in a thousand is missing here and in excess
# there. Zhang & Maalal argue that this pattern, once the distortion by the heliosphere is undone, depends on little
# more than the **pitch angle**, the angle between the particle's momentum and the interstellar magnetic field; that
# its shape shows how turbulence scatters the particles; and that the field lines diverge along the stream, with a
# focusing length of about 17.8 κ₂₉ pc.
#
# The chain, one notebook a step:
#
# | notebook | what it does | equation |
# |---|---|---|
# | [01](01_liouville.ipynb) | phase-space density is conserved along orbits, and the same in every frame | (1) |
# | [02](02_heliosphere.ipynb) | a heliosphere in closed form | |
# | [03](03_orbits.ipynb) | orbits backwards into interstellar space, one Liouville map | (1) |
# | [04](04_sky_map.ipynb) | the experiment, its sky map, and what its rings have lost | (2) |
# | [05](05_anisotropy_fit.ipynb) | the fit through heliosphere and rings | (1)-(3) |
# | [06](06_renormalisation.ipynb) | the rings restored | (2) |
# | [07](07_pitch_angle_distribution.ipynb) | the pitch-angle distribution | (4) |
# | [08](08_fokker_planck.ipynb) | the equation of focused transport | (5), (6) |
# | [09](09_transport.ipynb) | scattering, focusing, and the claims | (5), (6) |
# | [10](10_how_fast.ipynb) | how fast and how accurate the orbits are, beside other codes | |
#
# **Ten minutes**: this page, the figures of 06 and 09. **One hour**: 01 to 09 in order, skipping code. **One day**:
# run them, change a parameter in the first code cell, and see what moves.
#
# ## What is reproduced, and what cannot be
#
# The sky map of the paper (Tibet AS-gamma, 4 TeV) and its heliosphere (an MHD simulation) are private. Here a
# **synthetic sky** stands in for the one and a **closed-form heliosphere** for the other. The default run is
# therefore a **recovery test**: the sky was made with the paper's focusing length and gradient length, and the
# question is whether the chain returns them with errors that mean what they say. It does not confirm the paper. A
# real map can be put in its place with one parameter.

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
from lisbon_core.chain import Run
from lisbon_core.tools import equations
from lisbon_core.tools.claims import table
from lisbon_core.tools.notebook import ledger, say

run = Run.from_namespace(globals())

# %% [markdown]
# ## Where this run stands

# %%
claims = ledger(run_dir)
say(f"**{run.label}.** {len(claims)} claims were made by the notebooks of this run.")
say(table(claims) if claims else "Run the other notebooks to fill the table.")

# %%
assert all(row["value"] is not None or row["note"] for row in claims.values()), (
    "a missing value must come with its reason"
)

# %% [markdown]
# ## The equations
#
# The six equations of the paper, and three of ours that have a letter: what computes each, where it is put to work, and
# which tests prove it. `lisbon equations` prints the same with how these tests ended on your machine.

# %%
say(equations.listed())
