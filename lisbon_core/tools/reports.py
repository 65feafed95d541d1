"""Reports: what a run found, and how two runs differ."""

import json
import math
from pathlib import Path

from lisbon_core.ground._core import LisbonError
from lisbon_core.ground.reading import parsed
from lisbon_core.ground.rounding import listed, number
from lisbon_core.parameters import RunParameters
from lisbon_core.plots.drawn import figures_apart
from lisbon_core.run import Run
from lisbon_core.studies.map_report import look_at
from lisbon_core.tools.tables import plain_table, table
from lisbon_core.verdicts import INVERSE, misfits


def run_report(results: dict) -> str:
    """A page (Markdown) on a run: whether the models fit, the map, the claims, and what there is to mind.

    Parameters
    ----------
    results : dict
        Content of results.json.
    """
    claims, record = results["claims"], results.get("provenance", {})
    run = Run.from_namespace(results["parameters"])
    p, known = run.parameters, run.is_recovery_test
    fits = [_judged(claims.get("chi2_reduced"), "the model of the sky (Eq. 3)",
                    "Either these are too small, or field, heliosphere or gyrotropy are not what was assumed."),
            _judged(claims.get("chi2_pad"), "the transport model (Eq. 5)", "Its errors were enlarged for that.")]
    misfit, short = not all(good for good, _ in fits), [sentence for _, sentence in fits]
    if known:
        short.insert(0, "The sky was made with a known answer: what comes back tests the method and says nothing of "
                        "nature.")
    if misfit:
        short.append("So the numbers below describe the model's best attempt: none of them is a measurement, and "
                     "whether one agrees with the paper says nothing.")
    scale_TV = run.seen.scale_TV
    if not known and abs(scale_TV - 4.0) > 0.4:
        short.append(f"The paper's numbers are for 4 TeV, this map was analysed at {scale_TV:g} TV.")
    changed = [f"{name} = {value}" for name, value in p.as_dict().items() if value != getattr(RunParameters, name)]
    return "\n".join([
        f"# {run.label[0].upper()}{run.label[1:]}\n",
        f"The map {' and '.join(f'`{one.sky_path.name}`' for one in run.runs)}, analysed at a rigidity of "
        f"{scale_TV:g} TV. All that was assumed is in "
        f"results.json; other than by default: {', '.join(changed) or 'nothing'}.\n",
        "## In short\n", *(f"- {one}" for one in short), "",
        "## The map\n", *(f"- {line}" for one in run.runs
                           for line in look_at(one.seen.sky_map or one.sky_path, one.seen, one.sky_label)), "",
        "## What was found\n", table(claims), "",
        f"Made by commit {record.get('commit')}{' with changes' if record.get('dirty') else ''}, inputs "
        f"{record.get('input_hash')}.\n"])


def _judged(row: dict | None, model: str, blame: str) -> tuple[bool, str]:
    """What a reduced chi-square says of a model: whether it fits, or at least was not found to misfit; in a sentence.
    """
    if row is None or row["value"] is None:
        return True, f"No fit was made of {model}{': ' + row['note'] if row else ''}."
    chi2, sigma = row["value"], row["sigma"] or 0.0
    if misfit := misfits(chi2, sigma):
        words = f"{model} does not fit this map within its errors. {blame}"
    elif chi2 > 1.0 + 2.0 * sigma:
        words = f"somewhat large for {model}; errors may be too small."
    elif chi2 < 1.0 - 3.0 * sigma:
        words = f"small for {model}: the errors of the map, or those allowed for the heliosphere, are likely too large."
    else:
        words = f"{model} describes this map within its errors. That does not make it the only one that does."
    return not misfit, f"Reduced chi-square {number(chi2, sigma)}: {words}"


def _results(folder: str | Path) -> dict[str, dict]:
    """What two runs are compared by."""
    def of_a_run(text: str) -> dict:
        content = json.loads(text)
        json.dumps(content, allow_nan=False)  # a run writes finite numbers
        record = content.get("provenance", {})
        for row in content["claims"].values():
            _shift(row, row)
            number(row["value"], row["sigma"])
        return {"claims": content["claims"], "Parameters": dict(**content.get("parameters", {})),
                "Versions": dict(**record.get("versions", {})),
                "Code": {key: record.get(key) for key in ("commit", "input_hash")}}

    return parsed(Path(folder) / "results.json", of_a_run, lambda why: LisbonError(
        f"{folder} holds no results.json of a run ({why}): name the folder that `lisbon run --out` made"), most=2**24)


def compare_runs(first: str | Path, second: str | Path) -> str:
    """Numbers, figures, parameters and versions in which two runs differ.

    A difference is counted in the joint error of the two, as if they were independent: for one sky analysed twice that
    is an upper estimate of the error, and a shift of one is a large shift. Of each figure that
    differs, the curve that differs most is named.

    Raises
    ------
    LisbonError
        If a folder is not that of a run.
    """
    one, two = _results(first), _results(second)
    rows, names = [], [Path(folder).name for folder in (first, second)]
    names = names if names[0] != names[1] else [str(first), str(second)]
    for name in dict.fromkeys([*one["claims"], *two["claims"]]):
        a, b = one["claims"].get(name), two["claims"].get(name)
        shown = ["–" if row is None else number(row["value"], row["sigma"]) for row in (a, b)]
        rows.append((name, *shown, str((a or b).get("unit") or "–"), _shift(a, b, name in INVERSE)))
    parts = [plain_table(rows, ("Claim", *names, "Unit", "Shift in errors"))]
    for folder, results in zip(names, (one, two), strict=True):
        good, said = _judged(results["claims"].get("chi2_reduced"), "the model of the sky (Eq. 3)",
                             "What it finds is no measurement, and neither is a shift from it.")
        parts += [] if good else [f"mind: in {folder}, {said[0].lower()}{said[1:]}"]
    redrawn, same = figures_apart(Path(first), Path(second), names)
    parts += [plain_table(redrawn, ("Figure", "Curve", "Largest difference"))] if redrawn else []
    parts.append(f"Figures: {same} the same")
    for title in ("Parameters", "Versions", "Code"):
        differ = [(key, one[title].get(key), two[title].get(key)) for key in dict.fromkeys([*one[title], *two[title]])
                  if one[title].get(key) != two[title].get(key)]
        parts.append(plain_table(differ, (title, *names)) if differ else f"{title}: the same")
    return "\n\n".join(parts)


def _shift(a: dict | None, b: dict | None, inverse: bool = False) -> str:
    """Difference of two values (or of their inverses) over their joint error, or what stands in its way."""
    if a is None or b is None or a["value"] is None or b["value"] is None:
        return "–"
    values = [listed(row["value"]) for row in (a, b)]
    errors = [row["sigma"] if isinstance(row["sigma"], list) else [row["sigma"]] * len(values[0]) for row in (a, b)]
    shifts = []
    for x, y, s, t in zip(*values, *errors, strict=False):
        if inverse and x and y:
            x, y, s, t = 1.0 / y, 1.0 / x, (s or 0.0) / x**2, (t or 0.0) / y**2  # what is longer is still positive
        joint = math.hypot(s or 0.0, t or 0.0)
        shifts.append("0" if x == y else f"{(y - x) / joint:+.1f}" if joint else f"{y - x:+.2g} (no error)")
    return ", ".join(shifts)
