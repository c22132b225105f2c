"""A straight line through replicated measurements: robust, with errors from a bootstrap, and a test of its curvature.

At each abscissa there are replicates, here the seeds of a width. The line is Huber's M-estimate [Huber 1964, Ann. Math.
Statist. 35], by iteratively reweighted least squares with the residuals' median absolute deviation as scale, so that a
replicate that went astray does not turn it. Its standard error is that over resamples: at each abscissa the replicates'
deviations from their mean are drawn anew, with replacement, times sqrt(k / (k - 1)) for k replicates, which makes their
variance unbiased. Where nothing is replicated, the residuals of the line are drawn instead. Intervals and tests use
Student's t with as many degrees of freedom as there are deviations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HUBER = 1.345
"""Residuals beyond so many scales lose weight; 95 % efficient for normal errors."""
REWEIGHTINGS = 20
RESCALINGS = 5
"""Of the first reweightings, each with a new scale."""
RESAMPLES = 999


@dataclass(frozen=True)
class Estimate:
    """A number that was estimated.

    Attributes:
        value: the estimate.
        error: its standard error.
        freedom: degrees of freedom of the error.
    """

    value: float
    error: float
    freedom: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The confidence interval, by Student's t."""
        from scipy import stats  # slow to import, so not at the top

        half = self.error * float(stats.t.ppf(0.5 + level / 2, self.freedom))
        return self.value - half, self.value + half

    def p_value(self, truth: float) -> float:
        """The probability of an estimate at least as far away, were this the truth; two-sided, by Student's t."""
        from scipy import stats

        away = abs(self.value - truth)
        if self.error <= 1e-12 * max(1.0, abs(truth)):
            return 1.0 if away <= 1e-9 * max(1.0, abs(truth)) else 0.0
        return float(2 * stats.t.sf(away / self.error, self.freedom))


@dataclass(frozen=True)
class Line:
    """A line y = intercept + slope x.

    Attributes:
        slope: with its error.
        intercept: at x = 0.
        curvature: coefficient of (x - mean x)^2 in the parabola instead; None with fewer than three abscissae.
        replicated: whether the errors are those over replicates, or of the residuals.
        points: how many were fitted.
    """

    slope: Estimate
    intercept: float
    curvature: Estimate | None
    replicated: bool
    points: int


def fitted_line(x: Array, y: Array, *, resamples: int = RESAMPLES, seed: int = 0) -> Line | None:
    """The line through points; None for fewer than three, or one abscissa.

    Args:
        x: abscissae (n,); equal ones are replicates.
        y: ordinates (n,).
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """
    at, which, counts = np.unique(x, return_inverse=True, return_counts=True)
    if len(x) < 3 or len(at) < 2:
        return None
    replicated = len(x) - len(at) >= 1 and bool(np.all(counts >= 2))
    middle = float(x.mean())
    design = np.stack([np.ones_like(x), x - middle, (x - middle) ** 2])  # (3, n)
    line = _huber(design[:2], y[None])[0]
    smooth = line @ design[:2]
    if replicated:
        centre, strata, scale = (np.bincount(which, y) / counts)[which], which, np.sqrt(counts / (counts - 1))[which]
    else:
        centre, strata, scale = smooth, np.zeros_like(which), np.full(len(x), math.sqrt(len(x) / (len(x) - 2)))
    resampled = centre + scale * _drawn(y - centre, strata, resamples, seed)  # (B, n)
    freedom = len(x) - (len(at) if replicated else 2)
    slope = Estimate(float(line[1]), float(_huber(design[:2], resampled)[:, 1].std(ddof=1)), freedom)
    bent = None
    if len(at) >= 3 and (replicated or len(x) > 3):
        errors = _huber(design, resampled)[:, 2].std(ddof=1)
        bent = Estimate(float(_huber(design, y[None])[0, 2]), float(errors), freedom if replicated else freedom - 1)
    return Line(slope, float(line[0] - line[1] * middle), bent, replicated, len(x))


def _drawn(deviations: Array, strata: NDArray[np.intp], resamples: int, seed: int) -> Array:
    """Deviations (n,) drawn anew with replacement within each stratum: (B, n)."""
    rng = np.random.default_rng(seed)
    out = np.empty((resamples, len(deviations)))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        out[:, members] = deviations[rng.choice(members, size=(resamples, len(members)))]
    return out


def _huber(design: Array, y: Array) -> Array:
    """Huber's M-estimates of the coefficients for each row of y: (B, p) of a design (p, n) and y (B, n)."""
    p, n = design.shape
    products = (design[:, None] * design).reshape(p * p, n)
    # Residuals of round-off are all alike.
    floor = 1e-12 * (1.0 + np.abs(y).max(axis=1))
    weights, scale = np.ones_like(y), floor[:, None]
    for k in range(REWEIGHTINGS):
        normal = (weights @ products.T).reshape(-1, p, p)
        found = np.linalg.solve(normal, ((weights * y) @ design.T)[..., None])[..., 0]
        off = np.abs(y - found @ design)
        if k < RESCALINGS:
            scale = np.maximum(np.median(off, axis=1) / 0.6745, floor)[:, None]
        weights = np.minimum(1.0, HUBER * scale / np.maximum(off, 1e-300))
    return np.asarray(found, dtype=np.float64)
