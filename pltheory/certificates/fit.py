"""How well weights fit their targets, and whether they look trained under the settings in force.

A certificate holds at whatever weights it is given. One that was trained on other inputs, with another activation or
for other labels, starts far from its targets: the residual says so before anything is polished.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..problem.problem import Problem
from ..theory import NumericalFailureError

UNEXPLAINED = 0.05
"""Share of the targets' variation above which weights look untrained. On the digits training left up to 0.016; weights
read under another activation, centring, scale or label coding left 0.11 and more, under erf for tanh 0.015 to 0.027."""
FAR_ABOVE = 10.0
"""Factor above the polished loss from which a loss is far above it."""
MOVED = 0.1
"""Share of ||w|| beyond which a polish moved weights that look untrained: on the digits trained ones moved by 0.05."""
BETTER = 4.0
"""Factor by which another setting must lower the loss to be named."""


@dataclass(frozen=True)
class Fit:
    """How well a network fits its targets.

    Attributes:
        loss: in the scale in use.
        residual: ||F - y||, unscaled.
        unexplained: ||F - y||^2 over ||y - mean of y||^2, or over ||y||^2 where all targets are equal.
        right: samples whose class is the network's largest output or its output's sign; None for regression.
        samples: n.
    """

    loss: float
    residual: float
    unexplained: float
    right: int | None
    samples: int


@dataclass(frozen=True)
class Alternative:
    """Another setting, and the loss that the same weights have under it, in the scale in use."""

    setting: str
    loss: float


def fit(problem: Problem) -> Fit:
    """The fit at a problem's weights, in float64 from its outputs.

    Raises:
        NumericalFailureError: the loss is not finite.
    """
    with torch.no_grad():
        outputs, y = problem.outputs().double(), problem.y.double()
        loss = float(problem.objective.value(outputs, y))
        squares = float((outputs - y).square().sum())
        variation = float((y - y.mean(dim=0)).square().sum()) or float(y.square().sum())
    if not math.isfinite(loss + squares):
        raise NumericalFailureError("the loss at the weights is not finite")
    unexplained = squares / variation if variation > 0 else (0.0 if squares == 0 else math.inf)
    return Fit(loss, math.sqrt(squares), unexplained, _right(outputs, y), len(y))


def _right(outputs: Tensor, y: Tensor) -> int | None:
    """How many samples are classified right; None where the targets are no classes."""
    if y.shape[1] == 1:
        signs = bool((y.abs() == 1).all())
        return int((outputs * y > 0).sum()) if signs else None
    chosen = y == y.max()  # (n, C)
    if not bool((chosen.sum(dim=1) == 1).all()) or not bool((chosen | (y == y.min())).all()):
        return None
    others = outputs.masked_fill(chosen, -math.inf).max(dim=1).values
    return int((outputs[chosen] > others).sum())


def doubts(
    loaded: Fit, polished: Fit | None, moved: float, norm: float, alternatives: Sequence[Alternative] = ()
) -> list[str]:
    """Why the weights do not look trained under the settings in force; empty where they do.

    Args:
        loaded: at the weights as loaded.
        polished: at the polished ones, None where there are none.
        moved: ||w_polished - w_loaded||.
        norm: ||w_loaded||.
        alternatives: other settings.
    """
    said = []
    far = polished is None or loaded.loss > FAR_ABOVE * polished.loss
    if loaded.unexplained > UNEXPLAINED and far:
        said.append(
            f"the loss as loaded, {loaded.loss:.3g}, leaves {loaded.unexplained:.2g} of the variation of the targets; "
            f"the threshold is {UNEXPLAINED:g}"
        )
    if moved > MOVED * norm:
        said.append(
            f"polishing moved the weights by {moved / norm if norm > 0 else math.inf:.2g} of ||w||; "
            f"the threshold is {MOVED:g}"
        )
    best = min(alternatives, key=lambda a: a.loss, default=None)
    if best is not None and best.loss * BETTER < loaded.loss:
        times = f"{loaded.loss / best.loss:.3g} times less" if best.loss > 0 else "zero"
        said.append(f"with {best.setting} the loss of these weights is {best.loss:.3g}, {times}")
    return said
