"""Power laws in the width: log-log slopes with confidence intervals, beside what the theory expects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .quantities import BUILT_IN, Quantity


@dataclass(frozen=True)
class Slope:
    """A fitted exponent.

    Attributes:
        quantity: the name of one.
        slope: least-squares slope of log(quantity) against log(width), over all seeds.
        low: lower end of its 95% confidence interval, Student's t over the points' residuals.
        high: upper end.
        intercept: of the fitted line.
        expected: the exponent that the theory says, None where it says none.
        points: how many points were fitted.
    """

    quantity: str
    slope: float
    low: float
    high: float
    intercept: float
    expected: float | None
    points: int


def fit_slopes(records: list[dict[str, Any]], quantities: Sequence[Quantity] = BUILT_IN) -> list[Slope]:
    """Fit every quantity that is positive at two widths or more, with at least three points."""
    # Takes longer to import than the report of a run that fits nothing, which imports this module, takes to make.
    from scipy import stats

    fitted = []
    for quantity in quantities:
        found = [(r["width"], r.get(quantity.name)) for r in records]
        pairs = [(width, value) for width, value in found if width is not None and value is not None and value > 0]
        if len(pairs) < 3 or len({w for w, _ in pairs}) < 2:
            continue
        x, y = np.log(np.array(pairs, dtype=float)).T
        line = stats.linregress(x, y)
        # linregress has no standard error for a quantity that does not vary at all.
        off = y - line.intercept - line.slope * x
        error = np.linalg.norm(off) / np.sqrt(len(pairs) - 2) / np.linalg.norm(x - x.mean())
        half = float(stats.t.ppf(0.975, len(pairs) - 2) * error)
        fitted.append(
            Slope(
                quantity.name,
                float(line.slope),
                float(line.slope) - half,
                float(line.slope) + half,
                float(line.intercept),
                quantity.expected,
                len(pairs),
            )
        )
    return fitted
