"""What a theorem promises about a run: inequalities over its trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..certification.profile import Profile
from ..problem.settings import StepSettings
from .inequalities import Inequality, Trace, of_ball, of_promise
from .rounding import RoundOff


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

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """The promise over a trace, with what rounding is granted; none over one that ends before it begins."""
        return of_promise(trace, self, settings, granted)

    def numbers(self) -> dict[str, Any]:
        """Eta, floor, rate, radius and since."""
        return {name: getattr(self, name) for name in ("eta", "floor", "rate", "radius", "since")}


@dataclass(frozen=True)
class BallPromise(Promise):
    """The promise of a theorem that knows mu and beta where the run goes: PL*, descent and potential beside the rate.

    Attributes:
        mu: lower bound of the PL* constant along the run.
        beta: upper bound of lambda_max(Hess L) there.
        profile: bounds around w_0, where the PL* constant at a step is that of the path up to it.
    """

    mu: float = 0.0
    beta: float = 0.0
    profile: Profile | None = None

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """What the proof says of every step."""
        return of_ball(trace, self, settings, granted)
