"""The table of fitted power laws, a list of cells a row, as terminal and page have it."""

from __future__ import annotations

from dataclasses import dataclass

from ..study.regression import Line
from ..study.scaling import Consistency, Fit

COLUMNS = ("quantity", "exponent", "95% interval", "expected", "p", "p bent", "verdict")


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
    tests = ["" if p is None else f"{p:.2g}" for p in (fit.p_expected, fit.p_straight)]
    if not fit.log_power:
        return [LawRow((name, *_exponent(fit.plain), expected, *tests), fit.verdict)]
    factor = f" / (log m)^{fit.log_power:g}"
    plain = LawRow((name, *_exponent(fit.plain), "", "", ""), None)
    return [plain, LawRow((factor, *_exponent(fit.law), expected, *tests), fit.verdict)]


def _exponent(line: Line) -> list[str]:
    low, high = line.slope.interval()
    return [f"{line.slope.value:.3f}", f"[{low:.3f}, {high:.3f}]"]
