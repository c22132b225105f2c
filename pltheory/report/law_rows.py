"""The table of fitted power laws, a list of cells a row, as terminal and page have it."""

from __future__ import annotations

from dataclasses import dataclass

from ..study.regression import Line
from ..study.scaling import LEVEL, Consistency, Fit

COLUMNS = ("quantity", "exponent", "95% interval", "expected", "p", "p bent", "verdict")
LEAST = 0.001
"""Probabilities below this are shown as below it."""


@dataclass(frozen=True)
class LawRow:
    """A row of the table.

    Attributes:
        cells: by `COLUMNS`, without the verdict.
        verdict: None in the row of a plain exponent that is not tested.
    """

    cells: tuple[str, ...]
    verdict: Consistency | None


def law_rows(fit: Fit) -> list[LawRow]:
    """The plain exponent; where the law has a factor of log m, what is left without it is what is tested."""
    name, expected = fit.quantity.replace("_", " "), "-" if fit.expected is None else f"{fit.expected:g}"
    tests = ["" if p is None else probability(p) for p in (fit.p_expected, fit.p_straight)]
    if not fit.log_power:
        return [LawRow((name, *_exponent(fit.plain), expected, *tests), fit.verdict)]
    factor = f" / (log m)^{fit.log_power:g}"
    plain = LawRow((name, *_exponent(fit.plain), "", "", ""), None)
    return [plain, LawRow((factor, *_exponent(fit.law), expected, *tests), fit.verdict)]


def probability(p: float) -> str:
    """Two digits, more where they would stand on the other side of `LEVEL`; below 0.001 no more than that it is."""
    if p < LEAST:
        return f"< {LEAST:g}"
    shown = (f"{p:.{digits}g}" for digits in range(2, 18))
    return next(s for s in shown if (float(s) < LEVEL) == (p < LEVEL))


def _exponent(line: Line) -> list[str]:
    low, high = line.slope.interval()
    return [f"{line.slope.value:z.3f}", f"[{low:z.3f}, {high:z.3f}]"]
