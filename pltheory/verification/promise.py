"""What a theorem promises about a run, in the four numbers that any theorem can give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """Inequalities that hold at every step of the run from `since` on, if the theorem's hypotheses do.

    In the scale of the problem's loss. A promise about an average over random draws is none about a run: leave it out.

    Attributes:
        eta: the step size that the run takes; h_t <= eta.
        floor: h_t >= floor * eta.
        rate: q with L_{t+1} <= q L_t, or None.
        radius: bound of the path length sum ||w_{t+1} - w_t|| over t >= since, or None.
        since: the step from which it holds; of a run that ends before, nothing is promised.
    """

    eta: float
    floor: float = 1.0
    rate: float | None = None
    radius: float | None = None
    since: int = 0
