"""What a diagnostic study asks of a run beside the kernel's gap: how far it went, its PL* ratio, how its loss fell."""

from __future__ import annotations

import math

import numpy as np

from pltheory.study.quantities import Point, Quantity


def parameter_drift(point: Point) -> float:
    """||w_T - w_0||."""
    return float(point.run.trace.distance[-1])


def relative_drift(point: Point) -> float:
    """||w_T - w_0|| / ||w_0||."""
    squares = sum(float(p.detach().double().square().sum()) for p in point.problem.parameters())
    return parameter_drift(point) / math.sqrt(squares)


def pl_least(point: Point) -> float | None:
    """The least ||grad L||^2 / (2 L) of the run, where the loss can be told from zero."""
    trace = point.run.trace
    loss = trace.loss[:-1]
    told = np.isfinite(loss) & (loss > point.run.floor)
    return float((trace.grad_norm[told] ** 2 / (2 * loss[told])).min()) if told.any() else None


def pl_over_gap(point: Point) -> float | None:
    """The least PL* ratio over lambda_min(K(w_0)): at least 1 where the kernel's gap does not shrink."""
    least, gap = pl_least(point), point.report.measured.lambda_min.value
    return least / gap if least is not None and gap > 0 else None


def decay(point: Point) -> tuple[float, float] | None:
    """The slope of -log L_t, per step, and R^2 of the line, over the second half of the run."""
    loss = point.run.trace.loss
    steps = np.flatnonzero(np.isfinite(loss) & (loss > point.run.floor))
    steps = steps[len(steps) // 2 :]
    if len(steps) < 3:
        return None
    log = np.log(loss[steps])
    slope, start = np.polyfit(steps, log, 1)
    spread = float(((log - log.mean()) ** 2).sum())
    left = float(((log - slope * steps - start) ** 2).sum())
    return -float(slope), 1 - left / spread if spread > 0 else 0.0


def decay_rate(point: Point) -> float | None:
    """The slope of `decay`."""
    found = decay(point)
    return None if found is None else found[0]


def decay_fit(point: Point) -> float | None:
    """The R^2 of `decay`."""
    found = decay(point)
    return None if found is None else found[1]


PARAMETER_DRIFT = Quantity(
    "parameter_drift", "distance of the last weights from the first", "weight", parameter_drift, title="parameter drift"
)
RELATIVE_DRIFT = Quantity(
    "relative_drift", "the same over the norm of the first weights", "1", relative_drift, title="relative drift"
)
PL_LEAST = Quantity("pl_least", "least PL* ratio along the run", "loss / weight^2", pl_least, title="least PL* ratio")
PL_OVER_GAP = Quantity("pl_over_gap", "the same over lambda_min of the kernel at w_0", "1", pl_over_gap)
DECAY_RATE = Quantity("decay_rate", "slope of -log L_t over the second half of the run", "1 / step", decay_rate)
DECAY_FIT = Quantity("decay_fit", "R^2 of that line", "1", decay_fit)
