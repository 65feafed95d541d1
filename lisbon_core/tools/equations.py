"""The equation map: each numbered equation with its code, the cell that shows it and the tests that prove it.

The formula itself is read from the notebook that prints it, and the tests are those marked
`@pytest.mark.equation("5")`, so that neither is written twice. How a test ended the last time is in `runs/tests.json`,
which every run of the tests brings up to date (tests/conftest.py); a fresh clone has none, and says so.
"""

import ast
import json
import re
from dataclasses import dataclass

from lisbon_core.tools import pairing
from lisbon_core.tools.provenance import NOTEBOOKS, ROOT, input_hash

__all__ = ["EQUATIONS", "Equation", "formulas", "listed", "outcomes", "page", "tests"]

TESTS = ROOT / "tests"
OUTCOMES = ROOT / "runs" / "tests.json"
FORMULA = re.compile(r"\$\$((?:(?!\$\$).)+?)\\tag\{(\w+)\}\s*\$\$", re.S)


@dataclass(frozen=True)
class Equation:
    """One equation.

    Parameters
    ----------
    says : str
        What it says, in words.
    functions : tuple of str
        Module and name below lisbon_core of what computes it; their docstrings carry its number.
    notebook, section : str
        Stem of the notebook and heading of the section where it is put to work.
    """

    says: str
    functions: tuple[str, ...]
    notebook: str
    section: str


# (1)-(6) are the paper's, those with a letter are ours.
EQUATIONS = {
    "1": Equation("the intensity at Earth is the phase-space density where the orbit comes from",
                  ("orbits.tracing.trace", "liouville.tracing.trace_sky"),
                  "01_liouville", "A small box of phase space, carried along"),
    "2": Equation("a sky map knows each declination ring only relative to its mean",
                  ("sky.map.ring_normalise",), "04_sky_map", "What the rings remove"),
    "2a": Equation("the model gives the rings their means back",
                   ("anisotropy.renormalisation.renormalise",), "06_renormalisation",
                   "Give the rings back what they have lost"),
    "3": Equation("interstellar space holds a pitch-angle distribution, a gradient across the field, a power law",
                  ("anisotropy.design.sample_columns", "anisotropy.fit.fit_anisotropy"),
                  "05_anisotropy_fit", "The fit"),
    "4": Equation("what is left of the renormalised sky is the pitch-angle distribution",
                  ("anisotropy.pitch_angle.pitch_angle_distribution",),
                  "07_pitch_angle_distribution", "From the renormalised sky to the pitch-angle distribution"),
    "5": Equation("scattering and focusing balance what the gradient brings",
                  ("transport.stationary.stationary_pad", "transport.finite_volumes.finite_volume_pad",
                   "transport.fit.fit_transport"), "08_fokker_planck", "Three solvers, one answer"),
    "5a": Equation("conservation of particles ties the change in time to the closure",
                   ("transport.stationary.closure_lambda", "studies.joint_region.joint_region"),
                   "08_fokker_planck", "With focusing, and the closure that the equation does not contain"),
    "6": Equation("the form of the pitch-angle diffusion coefficient",
                  ("transport.scattering.CosineScattering", "transport.scattering.diffusion_coefficient",
                   "transport.fit.fit_transport"),
                  "08_fokker_planck", "Without focusing"),
    "6a": Equation("the diffusion coefficient read off the slope of the distribution",
                   ("transport.apparent.apparent_scattering",), "09_transport", "The paper's argument"),
}


def formulas() -> dict[tuple[str, str], str]:
    """LaTeX of every tagged equation of the notebooks, without its tag, by stem of the notebook and number."""
    found = {}
    for path in pairing.sources(NOTEBOOKS):
        text = re.sub(r"^# ?", "", path.read_text(encoding="utf-8"), flags=re.M)
        found |= {(path.stem, match[2]): " ".join(match[1].split()) for match in FORMULA.finditer(text)}
    return found


def tests() -> dict[str, list[str]]:
    """Tests marked with each equation, as `tests/test_x.py::test_y`; read, not run."""
    found = {number: [] for number in EQUATIONS}
    for path in sorted(TESTS.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for mark in getattr(node, "decorator_list", []):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.equation":
                    for number in mark.args:
                        found.setdefault(ast.literal_eval(number), []).append(f"tests/{path.name}::{node.name}")
    return found


def outcomes() -> dict[str, str]:
    """How each marked test ended the last time: passed, failed, skipped; with `(before the last change)` if so."""
    try:
        recorded = json.loads(OUTCOMES.read_text(encoding="utf-8"))
        late = "" if recorded["input_hash"] == input_hash() else " (before the last change)"
        return {test: f"{outcome}{late}" for test, outcome in recorded["outcomes"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def listed(ended: dict[str, str] | None = None) -> str:
    """Every equation with its meaning, code, section and tests, in Markdown; links are relative to notebooks/.

    A link to code has the name behind `#`, which a code host ignores. With `ended`, as `outcomes` returns it, each test
    says how it ended; without, it does not.
    """
    shown, proofs, parts = formulas(), tests(), []
    for number, equation in EQUATIONS.items():
        formula = next(tex for (_, tag), tex in shown.items() if tag == number)
        code = [name.rpartition(".") for name in equation.functions]
        computed = [f"[`{name}`](../lisbon_core/{module.replace('.', '/')}.py#{name})" for module, _, name in code]
        proved = [f"[{test.split('::test_')[1].replace('_', ' ')}](../{test.replace('::', '#')})"
                  + (f" (**{ended.get(test, 'not run here')}**)" if ended is not None else "")
                  for test in proofs[number]]
        parts.append(f"**({number})** {equation.says[0].upper()}{equation.says[1:]}.\n\n$$ {formula} $$\n\n"
                     f"- computed by {', '.join(computed)}\n"
                     f"- shown in [{equation.notebook[:2]}]({equation.notebook}.ipynb), *{equation.section}*\n"
                     f"- proved by {'; '.join(proved)}")
    return "\n\n".join(parts)


def page() -> str:
    """The page of the site: the map with the last result of each test."""
    return ("# The equations\n\nEach equation with the function that computes it, the section of a notebook that puts "
            "it to work, and the tests that prove it, with how they ended the last time they were run here. Equations "
            "with a letter are ours.\n\n" + listed(outcomes()) + "\n")
