"""Figures of what a monitor measured along a run; every function draws on axes that it is given."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..runs.audit import Array, Audit
from ..runs.reading import Reading
from .figures import FIXED, MEASURED, PROVEN, STYLE, plain_ticks

Panel = Callable[[Axes, Sequence[Reading], Audit], None]


def probe_panels(read: Sequence[Reading], audit: Audit) -> list[Figure]:
    """A figure for each of the panels that has numbers, for a page that arranges them by its width."""
    figures = []
    for panel, number in PANELS:
        if any(number(r) is not None for r in read):
            with mpl.rc_context(STYLE):
                figure = Figure(figsize=(4.8, 3.1), layout="constrained")
                panel(figure.subplots(), read, audit)
            figures.append(figure)
    return figures


def ratio_panel(ax: Axes, read: Sequence[Reading], audit: Audit) -> None:
    """The PL* ratio of the probe, and the smallest eigenvalue of its kernel, which of the square loss is below it."""
    for name, color, values in (
        (r"$\|\nabla L\|^2 / 2L$", MEASURED, [r.pl_ratio for r in read]),
        (r"$\lambda_{\min}(K)$", PROVEN, [r.lambda_min for r in read]),
    ):
        t, y = _known(read, [None if v is None else v.value for v in values])
        if len(t):
            ax.plot(t, y, ".-", color=color, label=name, ms=5, lw=1)
    ax.set_yscale("log", nonpositive="mask")
    plain_ticks(ax.yaxis)
    _finish(ax, "PL* ratio of the probe", "")
    ax.legend(fontsize=8.5)


def distance_panel(ax: Axes, read: Sequence[Reading], audit: Audit) -> None:
    """How far the weights are from the first ones."""
    t, y = _known(read, [r.distance for r in read])
    ax.plot(t, y, ".-", color=MEASURED, ms=5, lw=1)
    ax.set_ylim(bottom=0)
    _finish(ax, "Distance from initialisation", r"$\|w_t - w_0\|$")


def drift_panel(ax: Axes, read: Sequence[Reading], audit: Audit) -> None:
    """How far the tangent kernel is from the first one, relative to it, in spectral norm."""
    t, y = _known(read, [r.kernel_drift for r in read])
    ax.plot(t, y, ".-", color=MEASURED, ms=5, lw=1)
    ax.set_ylim(bottom=0)
    _finish(ax, "Drift of the tangent kernel", r"$\|K_t - K_0\| / \|K_0\|$")


def sharpness_panel(ax: Axes, read: Sequence[Reading], audit: Audit) -> None:
    """The largest eigenvalue of the probe's Hessian, beside 2 / eta, and 2 / h where the step was shortened."""
    t, y = _known(read, [None if r.sharpness is None else r.sharpness.value for r in read])
    ax.plot(t, y, ".-", color=MEASURED, ms=5, lw=1, label=r"$\lambda_{\max}(\nabla^2 L)$")
    etas = _known(read, [2 / r.eta if r.eta > 0 else None for r in read])
    ax.plot(*etas, color=PROVEN, lw=1, ls="--", label=r"$2 / \eta$")
    steps = ((r, step_after(audit, r)) for r in read)
    t, y = _known(read, [2 / h if h is not None and 0 < h < r.eta * (1 - 1e-9) else None for r, h in steps])
    if len(t):
        ax.plot(t, y, "x", color=FIXED, ms=5, label=r"$2 / h_t$")
    ax.set_yscale("log", nonpositive="mask")
    plain_ticks(ax.yaxis)
    _finish(ax, "Sharpness of the probe's loss", "")
    ax.legend(fontsize=8.5)


PANELS: tuple[tuple[Panel, Callable[[Reading], object]], ...] = (
    (ratio_panel, lambda r: r.pl_ratio),
    (sharpness_panel, lambda r: r.sharpness),
    (drift_panel, lambda r: r.kernel_drift),
    (distance_panel, lambda r: r.distance if math.isfinite(r.distance) else None),
)
"""What is drawn, and the number without which it is not."""


def step_after(audit: Audit, reading: Reading) -> float | None:
    """The step size that came after a reading, as logged or the rule's; None where the audit does not know it."""
    if not reading.step < audit.steps or not math.isfinite(reading.eta):
        return None
    if audit.step_size is not None:
        return float(audit.step_size[reading.step])
    return reading.eta * float(audit.factor[reading.step])


def _known(read: Sequence[Reading], values: Sequence[float | None]) -> tuple[Array, Array]:
    kept = [(r.step, v) for r, v in zip(read, values, strict=True) if v is not None and math.isfinite(v)]
    table = np.array(kept, dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _finish(ax: Axes, title: str, label: str) -> None:
    ax.set_title(title)
    ax.set_xlabel("step")
    if label:
        ax.set_ylabel(label)
