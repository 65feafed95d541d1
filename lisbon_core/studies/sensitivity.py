"""What the conclusions depend on: choices of a run varied alone, and fields all around the assumed one."""

from contextlib import suppress
from dataclasses import dataclass, replace

from lisbon_core.heliosphere import FIELD_PRESETS
from lisbon_core.parameters import ParameterError, RunParameters
from lisbon_core.run import Run
from lisbon_core.studies.field_posterior import fan

SPELLED = {"hawc-icecube": "HAWC–IceCube", "ribbon-model": "ribbon model", "voyagers-model": "Voyagers model"}
COARSE, COARSER, SAMPLES = 4.0, 6.0, 8  # degrees, of a run on 2 and on 4 or more; orbits a pixel: an eighth of all


@dataclass(frozen=True)
class Variation:
    """One assumption changed: of which kind it is, what is taken instead, and the parameters of that run."""

    kind: str
    label: str
    parameters: RunParameters


def _coarse(run: Run) -> RunParameters:
    step = run.parameters.grid_deg
    return replace(run.parameters, grid_deg=COARSE if step < COARSE else max(COARSER, step), samples=SAMPLES, members=0)


def variations(run: Run) -> list[Variation]:
    """The run as it is, first, and with each choice that is in no ensemble replaced by another one could have made.

    All on a grid of 4 degrees, or 6 and more for a coarse run, with 8 orbits a pixel; only fields, polarities,
    boundaries, the response, chaotic orbits and numbers of samples need Liouville maps of their own. What no run
    allows, such as a boundary beyond its range, is left out.
    """
    base = _coarse(run)
    seen = run.sky.dec[run.sky.observed.any(axis=1)]
    chosen = [("as assumed", "as assumed", {})]
    chosen += [("order of the series", f"order {n}", {"order": n}) for n in (3, 5, 6, 8, 9)]
    chosen += [("declinations used", f"dec {side} {limit:g}°".replace("-", "−"), {name: float(limit)})
               for name, side, limit in (("dec_min", ">", seen[0] + 10.0), ("dec_max", "<", seen[-1] - 10.0))]
    chosen += [("direction of the field", f"{SPELLED.get(name, name)} field", {
        "field_lon": preset.lon, "field_lat": preset.lat, "field_frame": preset.frame,
        "field_uG": preset.field_uG or base.field_uG})
        for name, preset in FIELD_PRESETS.items()]
    chosen += [("solar polarity", f"polarity {sign:+d}".replace("-", "−"), {"polarity": sign, "epoch": "fixed"})
               for sign in (1, -1)]
    chosen += [("where orbits end", f"boundary {factor * base.boundary_AU:g} AU",
                {"boundary_AU": factor * base.boundary_AU}) for factor in (0.5, 2.0)]
    chosen += [("response", "one rigidity", {"response": "mono", "rigidity_TV": base.scale_TV})]
    chosen += [("orbits that are not out", "not out: dropped", {"orbits": "out"}),
               ("chaotic orbits", "chaotic: dropped", {"orbits": "calm"})]
    chosen += [("sample of the map", f"{2 * base.samples} samples", {"samples": 2 * base.samples})]
    chosen += [("closure", f"{closure} closure", {"closure": closure}) for closure in ("flux-tube", "uniform")]
    if run.heliosphere is not run.closed_form:  # a field on a grid is what it is
        chosen = [one for one in chosen if one[0] not in ("direction of the field", "solar polarity")]
    if run.others:  # each has a response and limits of its own
        chosen = [one for one in chosen if one[0] not in ("declinations used", "response")]
    made = []
    for kind, label, changes in chosen:
        with suppress(ParameterError):
            made.append(Variation(kind, label, replace(base, **changes)))
    return [made[0], *(one for one in made[1:] if one.parameters != base)]


def field_fan(run: Run, step_deg: float = 2.5) -> list[RunParameters]:
    """The run with 19 directions of the field: the assumed one, 6 around it and 12 at twice the distance."""
    base = _coarse(run)
    return [replace(base, field_lon=lon, field_lat=lat) for lon, lat in fan((base.field_lon, base.field_lat), step_deg)]
