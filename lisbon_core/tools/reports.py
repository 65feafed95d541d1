"""Reports: what a sky map holds, what a run found, and how two runs differ."""

import json
import math
import re
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from lisbon_core._core import LisbonError
from lisbon_core.claims import INVERSE
from lisbon_core.tools.tables import number, plain_table, table

__all__ = ["compare_runs", "map_report", "run_report"]

DOUBT = "mind: "  # begins what the log of a map says of something that may be wrong


def map_report(path: str | Path, sigma_default: float = 1e-4, averaging_deg: float = 5.0) -> str:
    """What was read from a sky map: coverage, errors, harmonics, and what may be wrong with it.

    Parameters
    ----------
    path : path
        The map.
    sigma_default, averaging_deg : float
        As `sky.files.read_sky_map` takes them.

    Raises
    ------
    SkyMapError
        If the map cannot be used, in one sentence.
    """
    from lisbon_core.parameters import RunParameters

    (title, *read), mind = _look_at(path, RunParameters(sigma_default=sigma_default, averaging_deg=averaging_deg))
    return "\n  ".join([title, *read, *(f"mind: {problem}" for problem in mind)])


def _look_at(path: str | Path, p, label: str = "") -> tuple[list[str], list[str]]:
    """What the part of a map holds that a run with these parameters uses, and what may be wrong with it."""
    import numpy as np

    from lisbon_core.sky import cut, first_harmonic, multipoles, pixel_area, ring_means
    from lisbon_core.sky.files import read_mask, read_sky_map

    sky = read_sky_map(path, sigma_default=p.sigma_default, averaging_deg=p.averaging_deg, label=label)
    sky = cut(sky, p.dec_min, p.dec_max, read_mask(p.mask, sky) if p.mask else None)
    rows, values = sky.observed.any(axis=1), sky.relative_intensity[sky.observed] - 1.0
    whole, error = sky.observed.all(axis=1), np.median(sky.sigma[sky.observed])
    area = float((sky.observed * pixel_area(sky.dec, sky.ra.size)[:, None]).sum() / (4.0 * np.pi))
    wave = first_harmonic(sky)
    read = [str(sky), *(f"read: {sentence}" for sentence in sky.log if not sentence.startswith(DOUBT)),
            f"covers {area:.1%} of the sphere, {int(whole.sum())} of {int(rows.sum())} rings complete",
            f"relative intensity minus 1 from {number(values.min())} to {number(values.max())}, scatter "
            f"{number(values.std())}",
            f"first harmonic in right ascension {_harmonic(wave)}; a dipole in the equatorial plane would be "
            f"{number(wave.dipole, wave.amplitude_error * wave.field_of_view)}"]
    if rows.sum() >= 4:
        found = multipoles(sky)
        read.append(f"dipole in the equatorial plane, fitted together with a quadrupole: {_harmonic(found.dipole)}; "
                    f"root of C_2: {number(math.sqrt(found.power(2)))}")
    off = np.nanmax(np.abs(ring_means(sky.relative_intensity, sky.observed) - 1.0))
    # along a ring the noise of pixels that share their discs cancels in second differences down to about one error
    rough = np.nanmedian(np.abs(np.diff(sky.relative_intensity, 2, axis=1))) / error
    problems = {
        f"no errors in the file: {p.sigma_default:g} a pixel is assumed, and every error rests on it":
            sky.sigma_assumed,
        "neighbouring pixels differ far less than by their errors: this is a smoothed map or a sum of harmonics, "
        "without the noise of a measurement, so chi-square tells only how well a model follows its shape":
            rough < 0.1,
        f"neighbouring pixels differ {rough:.0f} times as much as their errors: the errors, or the map, are not what "
        "they are said to be":
            rough > 5.0,
        f"a dipole of {wave.dipole:.1e}, where TeV cosmic rays have 1e-3: these may be percent, or no intensities":
            wave.dipole > 0.01 + 5.0 * wave.amplitude_error * wave.field_of_view,
        "the map scatters hardly more than its errors: expect claims that are not determined":
            values.std() < 2.0 * error,
        f"ring means differ from 1 by up to {off:.1e}: a run divides by them, Eq. (2), and what depends on "
        "declination alone is not used":
            off > 1e-5,
        "some rings are incomplete: their means are taken over what was observed":
            (whole != rows).any()}
    doubts = [sentence.removeprefix(DOUBT) for sentence in sky.log if sentence.startswith(DOUBT)]
    return read, doubts + [words for words, true in problems.items() if true]


def _harmonic(wave) -> str:
    return f"{number(wave.amplitude, wave.amplitude_error)} at {number(wave.phase, wave.phase_error)} degrees"


ABOUT = """\
A_n: coefficient of the Legendre polynomial P_n in the pitch-angle distribution, of mean 1; A_1 > 0 streams along the
field. G: gradient across the field, along the model's axes and in ICRS. L_focusing: distance over which the field
weakens by a factor e, inferred as 1/L. gradient_length: of the density along the field. T_0: change in time. eta,
omega, d_offset: the scattering law, Eq. (6). D_asymmetry: of the scattering law if nothing focused.
focusing_preference: difference in ln L of the fits with and without focusing. chi2_pad: of the fit of Eq. (5), over its
degrees of freedom."""
PICTURES = {"06_figure_2.png": "The observed sky, its fit, and the sky renormalised",
            "07_pad.png": "The pitch-angle distribution", "09_figure_3.png": "What the transport fit makes of it"}


def run_report(results: dict, folder: str | Path = "") -> str:
    """A page (Markdown) on a run: the map, whether the model fits it, the claims, and what is not determined and why.

    Parameters
    ----------
    results : dict
        Content of results.json.
    folder : path
        Of the run, where its figures are.
    """
    from lisbon_core.parameters import RunParameters
    from lisbon_core.run import DEFAULT_SKY
    from lisbon_core.synthetic import truth_beside

    claims, record = results["claims"], results.get("provenance", {})
    names = {field.name for field in fields(RunParameters)}
    p = RunParameters(**{name: value for name, value in results["parameters"].items() if name in names})
    path = p.path("sky_map") or DEFAULT_SKY
    known, digest = truth_beside(path).exists(), record.get("inputs", {}).get(str(path), "")
    title = "Recovery test on a synthetic sky" if known else (
        p.sky_label or f"Unlabelled map, analysed at {p.scale_TV:g} TV")
    read, mind = _look_at(p.sky_map or DEFAULT_SKY, p, title)
    fits = [_judged(claims.get("chi2_reduced"), "the model of the sky (Eq. 3)",
                    "Either these are too small, or field, heliosphere or gyrotropy are not what was assumed."),
            _judged(claims.get("chi2_pad"), "the transport model (Eq. 5)", "Its errors were enlarged for that.")]
    misfit = not all(fit.good for fit in fits)
    short = [fit.sentence for fit in fits]
    if known:
        short.insert(0, "The sky was made with a known answer: what comes back tests the method and says nothing of "
                        "nature.")
    if misfit:
        short.append("So the numbers below describe the model's best attempt: none of them is a measurement, and "
                     "whether one agrees with the paper says nothing.")
    else:
        short += [_in_short(claims[name], words) for name, words in (
            ("A_1", "Streaming along the field, A_1"), ("L_focusing", "Focusing length")) if name in claims]
    series = [row for name, row in claims.items() if re.fullmatch(r"A_\d+", name)]
    if series and all(abs(row["value"]) < 3.0 * (row["sigma"] or 0.0) for row in series):
        short.append(f"None of the {len(series)} coefficients A_n stands above three of its errors: this map cannot "
                     "tell so many apart, so try a lower `--set order`.")
    masked = f", with the mask {p.mask}" if p.mask else ""
    used = [f"Used: declinations from {p.dec_min:g} to {p.dec_max:g} degrees{masked}. What depends on declination "
            "alone is in no such map: the model adds it."]
    if not known and abs(p.scale_TV - 4.0) > 0.4:
        used.append(f"The paper's numbers are for 4 TeV, this map was analysed at {p.scale_TV:g} TV.")
    shown = claims if known or not misfit else {name: row | {"verdict": "–"} for name, row in claims.items()}
    pictures = [f"![{alt}](figures/{name})\n" for name, alt in PICTURES.items()
                if (Path(folder) / "figures" / name).is_file()]
    code = f"commit {record.get('commit')}{' with changes' if record.get('dirty') else ''}"
    return "\n".join([
        f"# {title}\n",
        f"The map `{path.name}`{f' (SHA-256 {digest[:12]}...)' if digest else ''}, analysed at a rigidity of "
        f"{p.scale_TV:g} TV. Assumed: {_field(p)}, response {p.response}, {p.samples} orbits a pixel, closure "
        f"{p.closure}, kappa29 = {p.kappa29:g}.\n",
        "## In short\n", *(f"- {one}" for one in [*short, *(f"Mind: {one}." for one in mind)]), "", *pictures,
        "## The map\n", *(f"- {line}" for line in [*read, *used]), "",
        "## What was found\n", table(shown, notes=False), "", ABOUT, "", *_notes(claims),
        f"Made by {code}, inputs {record.get('input_hash')}; parameters in results.json.\n"])


def _notes(claims: dict) -> list[str]:
    """Lines on what is not determined and on what to mind, each with the claims it is about."""
    without, notes = {}, {}
    for name, row in claims.items():
        for note in row["note"].split("; ") if row["value"] is not None else [row["note"]]:
            undetermined = row["value"] is None or "unbounded" in note or "edge of the range" in note
            (without if undetermined else notes).setdefault(note, []).append(name)
    lines = []
    for heading, found in (("What the map does not determine, and why", without), ("What to mind", notes)):
        found.pop("", None)
        said = sorted(found.items(), key=lambda item: -len(item[1]))
        lines += [f"## {heading}\n", *(f"- {_together(names, list(claims))}: {note}" for note, names in said), ""
                  ] if found else []
    return lines


def _field(p) -> str:
    """What a run takes field and heliosphere to be."""
    if p.heliosphere:
        return f"the heliosphere of `{Path(p.heliosphere).name}`"
    return (f"a closed-form heliosphere in an interstellar field that points to {p.field_lon:g}, {p.field_lat:g} "
            f"degrees ({p.field_frame}) with {p.field_uG:g} microgauss")


def _together(names: list[str], every: list[str]) -> str:
    """Names of claims in a row, the A_n as a range (`A_1` to `A_7`, `G_x`); or `all`, if they are."""
    if len(names) == len(every):
        return "all"
    series = [name for name in names if re.fullmatch(r"A_\d+", name)]
    if len(series) > 2:
        names = [f"{series[0]}` to `{series[-1]}", *(name for name in names if name not in series)]
    return ", ".join(f"`{name}`" for name in names)


def _in_short(row: dict, words: str) -> str:
    """A claim as a sentence, with how far from zero it is."""
    if row["value"] is None:
        return f"{words}: not determined, because {row['note'].split('; ')[0]}."
    value = f"{words}: {number(row['value'], row['sigma'], row['unit'])}"
    if any("unbounded" in note for note in row["note"].split("; ")):
        return f"{value}, but {row['note'].split('; ')[0]}."
    return f"{value}, {abs(row['value']) / row['sigma']:.1f} of its errors from zero." if row["sigma"] else f"{value}."


class _Fit(NamedTuple):
    """Whether a model fits, or at least was not found to misfit; and that in a sentence."""

    good: bool
    sentence: str


def _judged(row: dict | None, model: str, blame: str) -> _Fit:
    """What a reduced chi-square says of a model."""
    if row is None or row["value"] is None:
        return _Fit(True, f"No fit was made of {model}{': ' + row['note'] if row else ''}.")
    chi2, sigma = row["value"], row["sigma"] or 0.0
    if misfit := chi2 > 1.0 + 5.0 * sigma:
        words = f"{model} does not fit this map within its errors. {blame}"
    elif chi2 > 1.0 + 2.0 * sigma:
        words = f"somewhat large for {model}; errors may be too small."
    elif chi2 < 1.0 - 3.0 * sigma:
        words = f"small for {model}: the errors of the map, or those allowed for the heliosphere, are likely too large."
    else:
        words = f"{model} describes this map within its errors. That does not make it the only one that does."
    return _Fit(not misfit, f"Reduced chi-square {number(chi2, sigma)}: {words}")


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
    rows, names = [], [Path(folder).name for folder in (first, second)]
    first, second = names if len(set(names)) == 2 else (first, second)
    for name in dict.fromkeys([*one["claims"], *two["claims"]]):
        a, b = one["claims"].get(name), two["claims"].get(name)
        shown = ["–" if row is None else number(row["value"], row["sigma"]) for row in (a, b)]
        rows.append((name, *shown, str((a or b).get("unit") or "–"), _shift(a, b, name in INVERSE)))
    parts = [plain_table(rows, ("Claim", str(first), str(second), "Unit", "Shift in errors"))]
    for folder, results in ((first, one), (second, two)):
        good, said = _judged(results["claims"].get("chi2_reduced"), "the model of the sky (Eq. 3)",
                             "What it finds is no measurement, and neither is a shift from it.")
        parts += [] if good else [f"mind: in {folder}, {said[0].lower()}{said[1:]}"]
    for title, ours, theirs in (
            ("Parameters", one.get("parameters", {}), two.get("parameters", {})),
            ("Versions", one.get("provenance", {}).get("versions", {}), two.get("provenance", {}).get("versions", {})),
            ("Code", *({key: results.get("provenance", {}).get(key) for key in ("commit", "input_hash")}
                       for results in (one, two)))):
        differ = [(key, ours.get(key), theirs.get(key)) for key in dict.fromkeys([*ours, *theirs])
                  if ours.get(key) != theirs.get(key)]
        parts.append(f"{title}: the same" if not differ else plain_table(differ, (title, str(first), str(second))))
    return "\n\n".join(parts)


def _shift(a: dict | None, b: dict | None, inverse: bool = False) -> str:
    """Difference of two values (or of their inverses) over their joint error, or what stands in its way."""
    if a is None or b is None or a["value"] is None or b["value"] is None:
        return "–"
    listed = [row["value"] if isinstance(row["value"], list) else [row["value"]] for row in (a, b)]
    errors = [row["sigma"] if isinstance(row["sigma"], list) else [row["sigma"]] * len(listed[0]) for row in (a, b)]
    shifts = []
    for x, y, s, t in zip(*listed, *errors, strict=False):
        if inverse and x and y:
            x, y, s, t = 1.0 / y, 1.0 / x, (s or 0.0) / x**2, (t or 0.0) / y**2  # what is longer is still positive
        joint = math.hypot(s or 0.0, t or 0.0)
        shifts.append("0" if x == y else f"{(y - x) / joint:+.1f}" if joint else f"{y - x:+.2g} (no error)")
    return ", ".join(shifts)
