"""Orbits of charged particles: `trace` follows them to a sphere about the origin, whichever way time runs.

`motion` states the equation of motion and what it keeps. Behind `trace`, from the top down: `kernels` follows eight
orbits abreast, each to its end; `step` makes one step of each, by stages and slopes; `borders` finds where a step
crosses a border of the field and lands it there; `neighbours` carries two deviations along, which tell amplification
and error.
"""

from lisbon_core.orbits.tracing import CHAOTIC, OrbitError, Orbits, trace, user_field
