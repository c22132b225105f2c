"""What a monitor measured before a step, as numbers with their directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..theory import Bound


@dataclass(frozen=True)
class HeldTheorem:
    """A theorem held against the probe at the weights of a step.

    Attributes:
        theorem: its id.
        verdict: the weakest of its rows, in capitals.
        rows: of every hypothesis its name, its verdict, and what was found and needed.
    """

    theorem: str
    verdict: str
    rows: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Reading:
    """What was measured before a step, of the probe alone: of its data, see `pltheory.runs.probe.Probe`.

    Attributes:
        step: its number, from 0.
        distance: ||w_t - w_0|| of all parameters that the optimizer moves.
        eta: the learning rate of its first group.
        pl_ratio: ||grad L||^2 / (2 L) at these weights, exact up to round-off.
        lambda_min: the smallest eigenvalue of the tangent kernel in the units of the loss in use; an estimate where it
            is below the resolution of the network's precision.
        kernel_drift: ||K_t - K_0|| / ||K_0||, spectral, K_0 of the first reading.
        sharpness: the largest eigenvalue of the Hessian of the loss in use, a lower bound.
        theorems: what was held against the probe.
        unknown: why a number is None, by its name.
        seconds: what the reading took.
    """

    step: int
    distance: float
    eta: float
    pl_ratio: Bound | None = None
    lambda_min: Bound | None = None
    kernel_drift: float | None = None
    sharpness: Bound | None = None
    theorems: tuple[HeldTheorem, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def above_edge(self) -> bool | None:
        """Whether the sharpness is above 2 / eta, which its lower bound shows; None where it is not known."""
        return None if self.sharpness is None else self.sharpness.value * self.eta > 2
