"""Numbers as text, with as many digits as their errors allow."""

import math
import re

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def formula(text: str) -> str:
    """Names of coefficients in a text set as formulas.

    >>> formula("0.7 A_12 and G_x")
    '0.7 $A_{12}$ and $G_{x}$'
    """
    return re.sub(r"\b([AG])_(\w+)", r"$\1_{\2}$", text)


def listed(value) -> list:
    """A claim's number or numbers as a list."""
    return value if isinstance(value, list) else [value]


def number(value, sigma=None, unit: str = "", like=(), systematic=None) -> str:
    """Number with its error and unit, rounded as the Particle Data Group does it (two digits of sigma up to 354).

    With `like`, numbers it is to be compared with, all of them get one power of ten. A systematic error comes after
    sigma, to the same digit. What is not finite, or has such an error, is not determined.

    >>> number(17.93, 2.81, "pc"), number(-0.000123456, 4.4e-6, "1/yr"), number(5, 0.962), number(12.3456)
    ('17.9 ± 2.8 pc', '(−1.23 ± 0.04) × 10⁻⁴ yr⁻¹', '5.0 ± 1.0', '12.3')
    >>> number(-2909, 2399), number(1.84e-3, 5e-5, "", (), 2.6e-4)
    ('−2900 ± 2400', '(1.84 ± 0.05 ± 0.26) × 10⁻³')
    >>> number(math.nan), number(3.0, math.inf), number(math.inf)
    ('not determined', 'not determined', '∞')
    """
    values = listed(value)
    sigmas, others = ([one or 0.0 for one in listed(errors)] for errors in (sigma, systematic))
    if value is None or not all(map(math.isfinite, [*values, *sigmas, *others])):
        return "∞" if values == [math.inf] else "not determined"
    sigmas, others = (errors * len(values) if len(errors) == 1 else errors for errors in (sigmas, others))
    if not any([*values, *sigmas]):
        return f"0 {unit}".strip()
    power = math.floor(math.log10(max(map(abs, [*values, *sigmas, *like]))))
    shown = 0 if -2 <= power < 5 else power
    texts = []
    for one, error, other in zip(values, sigmas, others, strict=True):
        last = _last_digit(one, error) if error else min(_last_digit(one, error), shown)
        decimals = max(0, shown - last)
        parts = [one, *([error] if error else []), *([other] if other else [])]
        parts = [(round(part, -last) if last > shown else part) / 10.0**shown for part in parts]
        texts.append(" ± ".join(f"{part:z.{decimals}f}".replace("-", "−") for part in parts))
    text = texts[0] if not isinstance(value, list) else f"({', '.join(texts)})"
    if shown:
        bracket = len(texts) == 1 and "±" in text and not text.startswith("(")
        text = f"{f'({text})' if bracket else text} × 10{str(shown).translate(SUPERSCRIPTS)}"
    return f"{text} {f'{unit[2:]}⁻¹' if unit.startswith('1/') else unit}".strip()


def _last_digit(value: float, sigma: float) -> int:
    """Power of ten of the last digit worth printing."""
    if not sigma:
        return (math.floor(math.log10(abs(value))) if value else 0) - 2
    power = math.floor(math.log10(sigma))
    lead = round(sigma / 10.0 ** (power - 2))
    return power - 1 if lead < 355 else power
