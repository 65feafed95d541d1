"""Reports: what a sky map holds, what a run found, and how two runs differ."""

import json
import math
from pathlib import Path

from lisbon_core._core import LisbonError
from lisbon_core.tools.claims import number, plain_table, table

__all__ = ["compare_runs", "map_report", "run_report"]


def map_report(path: str | Path, sigma_default: float = 1e-4, averaging_deg: float = 5.0) -> str:
    """What was read from a sky map: coverage, errors, harmonics, and what may be wrong with it.

    Raises
    ------
    SkyMapError
        If the map cannot be used, in one sentence.
    """
    import numpy as np

    from lisbon_core.sky_harmonics import first_harmonic, multipoles
    from lisbon_core.sky_io import read_sky_map
    from lisbon_core.sky_map import pixel_area, ring_means

    sky = read_sky_map(path, sigma_default=sigma_default, averaging_deg=averaging_deg)
    rows = sky.observed.any(axis=1)
    area = float((sky.observed * pixel_area(sky.dec, sky.ra.size)[:, None]).sum() / (4.0 * np.pi))
    values = sky.relative_intensity[sky.observed] - 1.0
    lines = [str(sky), *(f"  read: {sentence}" for sentence in sky.log),
             f"  covers {area:.1%} of the sphere, {int(sky.observed.all(axis=1).sum())} of {int(rows.sum())} rings "
             "complete",
             f"  relative intensity minus 1 from {values.min():.2e} to {values.max():.2e}, scatter {values.std():.2e}",
             f"  first harmonic in right ascension {first_harmonic(sky)}"]
    if rows.sum() >= 4:
        found = multipoles(sky)
        lines.append(f"  equatorial dipole fitted with a quadrupole {found.dipole}; "
                     f"root of C_2: {math.sqrt(found.power(2)):.2e}")
    off = np.nanmax(np.abs(ring_means(sky.relative_intensity, sky.observed) - 1.0))
    problems = []
    if off > 1e-5:
        problems.append(f"ring means differ from 1 by up to {off:.1e}: a run divides by them, Eq. (2), and what "
                        "depends on declination alone is not used")
    if sky.sigma_assumed:
        problems.append(f"no errors in the file: {sigma_default:g} a pixel is assumed, and every error rests on it")
    if values.std() < 2.0 * np.median(sky.sigma[sky.observed]):
        problems.append("the map scatters hardly more than its errors: expect claims that are not determined")
    if not (sky.observed.all(axis=1) == rows).all():
        problems.append("some rings are incomplete: their means are taken over what was observed")
    return "\n".join([*lines, *(f"  mind: {problem}" for problem in problems)])


def run_report(results: dict) -> str:
    """A page (Markdown) on a run: the map, whether the model fits it, the claims, and what is not determined and why.

    Parameters
    ----------
    results : dict
        Content of results.json.
    """
    from lisbon_core.chain import DEFAULT_SKY
    from lisbon_core.synthetic import truth_beside

    parameters, claims = results["parameters"], results["claims"]
    path = Path(parameters.get("sky_map") or DEFAULT_SKY).expanduser()
    known = truth_beside(path).exists()
    title = parameters.get("sky_label") or f"Unlabelled map, analysed at {parameters.get('rigidity_TV', 4.0):g} TV"
    lines = [f"# {'Recovery test on a synthetic sky' if known else title}", ""]
    if known:
        lines += ["The sky was made with a known answer: what comes back tests the method and says nothing of nature.",
                  ""]
    options = [parameters[name] for name in ("sigma_default", "averaging_deg") if name in parameters]
    lines += ["## The map", "", *(f"- {line.strip()}" for line in map_report(path, *options).splitlines()), "",
              f"Used: declinations from {parameters.get('dec_min', -90.0):g} to {parameters.get('dec_max', 90.0):g} "
              f"degrees{', with the mask ' + parameters['mask'] if parameters.get('mask') else ''}.", "",
              "## Does the model fit?", "", _chi2_sentence(claims.get("chi2_reduced")), "", "## What was found", "",
              table(results, notes=False), ""]
    missing = {name: row["note"] for name, row in claims.items() if row["value"] is None}
    if missing:
        lines += ["## What the map does not determine, and why", "",
                  *(f"- `{name}`: {note}" for name, note in missing.items()), ""]
    notes = {}
    for name, row in claims.items():
        if row["note"] and row["value"] is not None:
            notes.setdefault(row["note"], []).append(f"`{name}`")
    lines += ["## What to mind", "", *(f"- {', '.join(names)}: {note}" for note, names in notes.items())]
    record = results.get("provenance", {})
    code = f"commit {record.get('commit')}{' with changes' if record.get('dirty') else ''}"
    lines += ["", f"Made by {code}, inputs {record.get('input_hash')}; parameters in results.json."]
    return "\n".join(lines) + "\n"


def _chi2_sentence(row: dict | None) -> str:
    """What the reduced chi-square says, in words."""
    if row is None or row["value"] is None:
        return "No fit was made in this run."
    chi2, sigma = row["value"], row["sigma"] or 0.0
    said = f"Reduced chi-square {number(chi2, sigma)}: "
    if chi2 > 1.0 + 5.0 * sigma:
        return said + ("the model does **not** describe this map within its errors. Either these are too small, or "
                       "field, heliosphere or gyrotropy are not what was assumed. The errors below hold only if it "
                       "did.")
    if chi2 > 1.0 + 2.0 * sigma:
        return said + "somewhat large; the errors below may be too small."
    if chi2 < 1.0 - 3.0 * sigma:
        return said + "small: the errors of the map, or those allowed for the heliosphere, are likely too large."
    return said + "the model describes this map within its errors. That does not make it the only one that does."


def _results(folder: str | Path) -> dict:
    path = Path(folder) / "results.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        for row in content["claims"].values():
            _shift(row, row)
            number(row["value"], row["sigma"])
        if not all(isinstance(content.get(key, {}), dict) for key in ("parameters", "provenance")) or not isinstance(
                content.get("provenance", {}).get("versions", {}), dict):
            raise ValueError
        return content
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise LisbonError(f"{folder} holds no results.json of a run: name the folder that `lisbon run --out` made"
                          ) from None


def compare_runs(first: str | Path, second: str | Path) -> str:
    """Numbers, parameters and versions in which two runs differ.

    A difference is counted in the joint error of the two, as if they were independent: for one sky analysed twice that
    is an upper estimate of the error, and a shift of one is a large shift.

    Raises
    ------
    LisbonError
        If a folder is not that of a run.
    """
    one, two = _results(first), _results(second)
    rows = []
    for name in dict.fromkeys([*one["claims"], *two["claims"]]):
        a, b = one["claims"].get(name), two["claims"].get(name)
        shown = ["–" if row is None else number(row["value"], row["sigma"]) for row in (a, b)]
        rows.append((name, *shown, _shift(a, b)))
    parts = [plain_table(rows, ("Claim", str(first), str(second), "Shift in errors"))]
    for title, ours, theirs in (
            ("Parameters", one.get("parameters", {}), two.get("parameters", {})),
            ("Versions", one.get("provenance", {}).get("versions", {}), two.get("provenance", {}).get("versions", {})),
            ("Code", *({key: results.get("provenance", {}).get(key) for key in ("commit", "input_hash")}
                       for results in (one, two)))):
        differ = [(key, ours.get(key), theirs.get(key)) for key in dict.fromkeys([*ours, *theirs])
                  if ours.get(key) != theirs.get(key)]
        parts.append(f"{title}: the same" if not differ else plain_table(differ, (title, str(first), str(second))))
    return "\n\n".join(parts)


def _shift(a: dict | None, b: dict | None) -> str:
    """Difference of two values over their joint error, or what stands in its way."""
    if a is None or b is None or a["value"] is None or b["value"] is None:
        return "–"
    listed = [row["value"] if isinstance(row["value"], list) else [row["value"]] for row in (a, b)]
    errors = [row["sigma"] if isinstance(row["sigma"], list) else [row["sigma"]] * len(listed[0]) for row in (a, b)]
    shifts = []
    for x, y, s, t in zip(*listed, *errors, strict=False):
        joint = math.hypot(s or 0.0, t or 0.0)
        shifts.append("0" if x == y else f"{(y - x) / joint:+.1f}" if joint else f"{y - x:+.2g} (no error)")
    return ", ".join(shifts)
