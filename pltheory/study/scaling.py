"""Power laws in the width: log-log slopes with confidence intervals, beside what the theory expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

EXPECTED: dict[str, float] = {
    "lambda_min": 0.0,
    "path_length": 0.0,
    "hessian_norm": -0.5,
    "kernel_drift": -1.0,
    "certificate_ratio": 0.5,
}
"""Exponents of the width. The Hessian norm and the certificate ratio carry logarithmic factors besides. The kernel can
drift by m^(-1/2) inside a ball; along gradient descent from symmetric output weights the terms of that order cancel
on average over the neurons and 1/m remains [Dyer, Gur-Ari 2020, arXiv:1909.11304]."""


@dataclass(frozen=True)
class Slope:
    """A fitted exponent.

    Attributes:
        quantity: a key of `EXPECTED`.
        slope: least-squares slope of log(quantity) against log(width), over all seeds.
        low: lower end of its 95% confidence interval, Student's t over the points' residuals.
        high: upper end.
        intercept: of the fitted line.
        expected: the exponent of `EXPECTED`.
        points: how many points were fitted.
    """

    quantity: str
    slope: float
    low: float
    high: float
    intercept: float
    expected: float
    points: int


def fit_slopes(records: list[dict[str, Any]]) -> list[Slope]:
    """Fit every quantity that is positive at two widths or more, with at least three points."""
    # Takes longer to import than the report of a run that fits nothing, which imports this module, takes to make.
    from scipy import stats

    fitted = []
    for quantity, expected in EXPECTED.items():
        pairs = [(r["width"], r[quantity]) for r in records if r[quantity] is not None and r[quantity] > 0]
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
                quantity,
                float(line.slope),
                float(line.slope) - half,
                float(line.slope) + half,
                float(line.intercept),
                expected,
                len(pairs),
            )
        )
    return fitted
