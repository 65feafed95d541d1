# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 How to read this compendium
#
# > **Shows** the argument in one page, what was and was not reproduced, and where to go next. **Equations** all, in a
# > table. **Needs** nothing to read; the table of claims is filled by the other notebooks. **Run time** a few
# > seconds.
#
# Cosmic rays of a few TeV arrive almost equally from everywhere; a part in a thousand is missing here and in excess
# there. Zhang & Maalal argue that this pattern, once the distortion by the heliosphere is undone, depends on little
# more than the **pitch angle**, the angle between the particle's momentum and the interstellar magnetic field; that
# its shape shows how turbulence scatters the particles; and that the field lines diverge along the stream: the field
# weakens by a factor e over a focusing length of about 17.8 κ₂₉ pc, where κ₂₉ is how fast the particles diffuse along it, in
# 10²⁹ cm²/s.
#
# Notebooks 01–09 are the chain, one a step; 10–13 test it; 14 is an appendix. The minutes are those of a first reading, with the
# equations and the code that is shown:
#
# | notebook | what it does | equation | minutes |
# |---|---|---|---|
# | [01](01_liouville.ipynb) | phase-space density is conserved along orbits, and the same in every frame | (1) | 12 |
# | [02](02_heliosphere.ipynb) | a heliosphere in closed form | | 18 |
# | [03](03_orbits.ipynb) | orbits backwards into interstellar space, one Liouville map | (1) | 22 |
# | [04](04_sky_map.ipynb) | the experiment, its sky map, and what its rings have lost | (2) | 15 |
# | [05](05_anisotropy_fit.ipynb) | the fit through heliosphere and rings | (1)–(3) | 20 |
# | [06](06_renormalisation.ipynb) | the rings restored | (2a) | 12 |
# | [07](07_pitch_angle_distribution.ipynb) | the pitch-angle distribution | (4) | 15 |
# | [08](08_fokker_planck.ipynb) | the equation of focused transport | (5), (6) | 30 |
# | [09](09_transport.ipynb) | scattering, focusing, and the claims | (5), (6) | 28 |
# | [10](10_trust_in_the_fit.ipynb) | how far the errors of the fit can be trusted | (3) | 20 |
# | [11](11_sensitivity.ipynb) | which conclusions survive, and what would settle the rest | | 20 |
# | [12](12_dipole_at_every_energy.ipynb) | what is predicted for other energies, under published dipoles | | 12 |
# | [13](13_a_measured_sky.ipynb) | the chain on real maps, and what it does not explain of them | | 10 |
# | [14](14_how_fast.ipynb) | appendix: how fast and how accurate orbits and fit are, beside other codes | | 12 |
#
# ## Four ways through it
#
# **Ten minutes.** This page as far as the table of claims (4 minutes); the first table and figure of
# [11](11_sensitivity.ipynb) (2); the four maps at the top of [06](06_renormalisation.ipynb), the sky before and after (1); the
# distribution in [07](07_pitch_angle_distribution.ipynb) (1); Figure 3 and the six sentences at the end of
# [09](09_transport.ipynb) (2).
#
# **One hour.** 01 to 09, of each the opening, the figures and the sentences below them; then 11 whole. A symbol or a term that
# does not come back to mind is in the tables at the end of this page.
#
# **Three hours.** 01 to 09 in order, with the equations and the code that is shown: it is the physics, each equation once in a
# few lines, checked against the package. The code of figures and tables is folded and can stay so. Each notebook opens with
# what it shows and closes with a question. Then 10 to 13 as far as time goes.
#
# **One day.** In the morning `make paper`, then the nine again with their code: change a parameter in the first code cell,
# run all, and see what moves: `field_lon` in 03, `order` in 05, `closure` in 09; notebook 11 has them all side by side. (`lisbon list` names all parameters; any
# of them can be added to that cell.) After noon the second sky, made from a truth drawn by chance: `lisbon run --set sky_map=data/sky_second.ecsv --out runs/second`, then
# `lisbon compare runs/paper runs/second`. In the evening a map of your own.
#
# ## What is reproduced, and what cannot be
#
# The sky map of the paper (Tibet AS-gamma, 4 TeV) and its heliosphere (an MHD simulation) are private. Here a
# **synthetic sky** stands in for the one and a **closed-form heliosphere** for the other. The default run is
# therefore a **recovery test**: the sky was made with the paper's focusing length and gradient length, and the
# question is whether the chain returns them with errors that mean what they say. It does not confirm the paper. A real map can
# be put in its place with one parameter.
#
# [What cannot be reproduced](what_cannot_be_reproduced.md) lists all that is missing, what stands in for it, and what
# follows for each conclusion.

# %% tags=["parameters"]
run_dir: str = ""  # folder of the run; empty: runs/notebook

# %% tags=["hide-input"]
import numpy as np

from lisbon_core.claims import otherwise_made
from lisbon_core.ground.units import gyroradius
from lisbon_core.run import Run, paper_values
from lisbon_core.studies.contradictions import against_measurements
from lisbon_core.studies.decisions import conclusions
from lisbon_core.tools import reference
from lisbon_core.tools.notebook import ledger, number, say
from lisbon_core.tools.tables import page_table, table
from lisbon_core.transport import mean_free_path_pc

run = Run.from_namespace(globals())

# %% [markdown]
# ## Three lengths
#
# The argument lives on three lengths that differ by orders of magnitude. How curved the orbits of 4 TeV protons are in an
# interstellar field of 3.4 microgauss: that makes the heliosphere, some hundreds of AU across, matter. How far the particles fly
# before they are scattered, for $\kappa_{29} = 1$. And over which length their density falls along the field, as the paper has
# it: the mean free path over that length is the size of the pattern.

# %%
r_g = 4e12 / 2.998e8 / 3.4e-10 / 1.496e11  # AU: momentum over charge and field
free_path = 3 * 1e29 / 2.998e10 / 3.086e18  # pc: 3 κ/v
gradient_length = paper_values()["paper"]["gradient_length_kpc"]
A_1 = free_path / (1e3 * gradient_length)
assert np.isclose(r_g, gyroradius(4.0, 3.4), rtol=1e-3)
assert np.isclose(free_path, mean_free_path_pc(1.0), rtol=1e-3)

# %% tags=["hide-input"]
say(f"The gyroradius is {r_g:.0f} AU, the mean free path {number(free_path)} pc, the gradient length {gradient_length} kpc; so the pattern "
    f"along the field, before the heliosphere distorts it, is about {1e3 * A_1:.1f} × 10⁻³.")

# %% [markdown]
# ## What survives
#
# *Of the method*: the chain returns what was put into the synthetic sky. *Of the paper's conclusions, on a sky like the paper's*:
# what stands below; the rest does not, because heliosphere, field and detector are not known well enough. Two more reasons
# hold whatever the errors: a distribution at one place gives $L$ only with a closure, another assumption (notebook 09), and all lengths go
# with $\kappa_{29}$, which no sky tells. And the paper's argument for focusing, a lopsided $D$, needs a sharper sky than this. *Of nature*:
# nothing is confirmed here; what measurements say is in the section after this one. $A_1$ and $G$ are not among the paper's four conclusions.
#
# Two errors stand beside each number: the **statistical** one, of the noise of the sky and the sample of orbits, and the
# **systematic** one, of all that is between the sky and us and not known well: the heliosphere, the interstellar
# field, what the detector takes for 4 TeV. A conclusion *stands*, on such a sky, if its number is three errors from zero, both
# counted. $A_1$ and $1/\ell$ are two names of one finding: by Fick's law $A_1 = \lambda/\ell$.

# %% tags=["hide-input"]
claims = ledger(run_dir)
decided = conclusions(claims)
say("\n".join(f"- {one.says} {number(one.value, one.sigma, one.unit, (), one.systematic)}. **{one.verdict[0].upper()}{one.verdict[1:]}.**"
              for one in decided) if decided else "Run the other notebooks, with `members` above 0, to see what survives.")
length, bound = claims.get("L_focusing"), claims.get("T_0_bound")
if decided and length and length["value"] and bound and bound["value"]:
    say(f"The focusing length, the paper's headline number, is then, at {length['note'].split(';')[0]}. For lengths shorter than the mean "
        f"free path, {number(mean_free_path_pc(run.parameters.kappa29))} pc, Eq. (5) no longer holds: an interval that begins there sets no limit. The bound on the change in time "
        f"is {number(bound['value'])} per year, where the paper has {number(bound['paper'])}. What more sky, more events or a known "
        "heliosphere would do is worked out in [notebook 11](11_sensitivity.ipynb).")

# %% [markdown]
# ## Where the model meets measurements
#
# A recovery test says nothing of nature. What the default sky and heliosphere have in common with what was measured, or have
# not. *Pull*: how many errors, of both, the two are apart; none is given for the Voyagers' fields, to which the heliosphere was
# fitted within 30 %, nor for the angle, which cannot be negative. The first two rows are of the fitted sky, free of noise; notebook
# [04](04_sky_map.ipynb) has the same of the observed one. The amplitude is no test: the paper took $\ell$ from Tibet's map.
# Other experiments near 4 TeV find phases from 25 to 46 degrees: notebook [12](12_dipole_at_every_energy.ipynb) has all
# of them at all energies, notebook [13](13_a_measured_sky.ipynb) real maps.

# %% tags=["hide-input"]
say(page_table([(one.quantity, number(*one.measured), number(*one.model), one.unit or "–",
                 "–" if one.fitted else f"{one.pull:+z.1f}".replace("-", "−").replace("+0.0", "0.0"), one.where) for one in against_measurements(run)],
               ("quantity", "measured", "model", "unit", "pull", "where")))

# %% [markdown]
# ## Where this run stands
#
# Each number with its errors, statistical then systematic, after the truth of a synthetic sky and what the paper states.
# *Recovered*: within three errors of the truth, both in quadrature, and at least two from zero. *Compatible*: the same, but
# nearer to zero, or an upper limit that holds; that says little. *A diagnostic* judges a fit, not a claim.

# %% tags=["hide-input"]
say(f"**{run.label}.** {len(claims)} claims were made by the notebooks of this run.")
say(table(claims) if claims else "Run the other notebooks to fill the table.")
if run.is_recovery_test and not otherwise_made(run):
    say("The sky was made through the heliosphere it is read with, from other orbits.")
assert all(row["value"] is not None or row["note"] for row in claims.values()), "a missing value must come with its reason"

# %% [markdown]
# ## The equations
#
# The six equations of the paper, and three of ours that have a letter: what computes each, where it is put to work, and
# which tests prove it. `lisbon equations` prints the same.

# %% tags=["hide-input"]
say(reference.equations())

# %% [markdown]
# ## Symbols
#
# In the order in which they are met, those of notebook 02 alone at the end; some letters have two meanings, as in the paper.

# %% tags=["hide-input"]
say(reference.symbol_table())

# %% [markdown]
# ## Terms

# %% tags=["hide-input"]
say(reference.glossary())

# %% [markdown]
# ## How to cite
#
# Cite the works that the numbers and the method come from together with this compendium (CITATION.cff).

# %% tags=["hide-input"]
say(reference.works())

# %% [markdown]
# **A question the table raises.** Which of the claims would a sky of nothing but noise recover too?
#
# Next: [01 See that phase-space density is conserved](01_liouville.ipynb)
