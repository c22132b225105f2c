"""What Theorem L promises of a run: decrease, gauge, length and number of steps until the loss is at its level."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..certification.level import Descent
from ..certification.profile import Profile
from ..optim import StepSettings
from ..theory.formulas import decrease, slack
from .inequalities import Errors, Inequality, U, steps
from .promise import Promise
from .rounding import RoundOff
from .trace import Array, Trace


@dataclass(frozen=True)
class LevelPromise(Promise):
    """Until the first step at which the loss is at most `level`; nothing is promised of the steps after it.

    `radius` is of the path up to the point where it meets the level, somewhere on the last step.

    Attributes:
        beta: upper bound of lambda_max(Hess L) where the run goes.
        mu: lower bound of sig(rho)^2.
        count: T, the level is met at the latest then; infinite where no step is promised.
        way: from the start to the level, by the loss's gauge.
        profile: of F around w_0, not scaled by the loss.
        off: how far from w_0 the run may start.
    """

    beta: float = 0.0
    mu: float = 0.0
    count: float = math.inf
    way: Descent | None = None
    profile: Profile | None = None
    off: float = 0.0

    def beside(self, off: float, before: float) -> Promise:
        """As in `Promise`."""
        return replace(self, off=self.off + off)

    def numbers(self) -> dict[str, Any]:
        """With the level and the number of steps."""
        return {**super().numbers(), "level": self.level, "steps": self.count}

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """What the proof says of every step until the level is met."""
        met = np.flatnonzero(trace.loss <= self.level)
        full = int(met[0]) if met.size else len(trace.step_size)  # so many steps start above the level
        if not full or self.way is None or self.profile is None:
            return []
        return _of_level(trace, self, self.way, self.profile, full, settings, granted)


def _of_level(
    trace: Trace, at: LevelPromise, way: Descent, p: Profile, full: int, settings: StepSettings, granted: RoundOff
) -> list[Inequality]:
    with np.errstate(all="ignore"):
        err = Errors(trace, granted)
        some = slice(0, full)
        h, g, e, step = trace.step_size[some], trace.grad_norm[some], err.gradient[some], err.step[some]
        before, after = trace.loss[:full], trace.loss[1 : full + 1]
        value = granted.value(trace.loss)
        # The loss at the computed iterate and at the exact step's end: a gradient there, times the step's error.
        pushed = (g + e + at.beta * (h * g + step)) * step
        off = value[:full] + value[1 : full + 1] + pushed
        lost = off + np.abs(decrease(at.beta, h)) * (2 * g * e + e**2)
        path = trace.path[1 : full + 1]
        moved = at.off + trace.path[:full] + np.concatenate([[0.0], np.cumsum(step)[:-1]])
        sig = p.sig[np.minimum(np.searchsorted(p.radii, moved, side="left"), len(p.radii) - 1)]
        gam = _below(way, np.maximum(before - value[:full], 0.0))
        least = np.maximum(_below(way, np.maximum(after - value[1 : full + 1], way.level)), np.finfo(float).tiny)
        rho_sig, room = math.sqrt(at.mu), slack(at.beta, at.eta)
        # A loss that is off by so much is as good as that much more of the way, at the gauge where it is.
        further = (granted.start * float(np.max(g)) + np.cumsum(lost / least)) / (room * rho_sig)
        start = way.levels[0]
        found = [
            *(
                Inequality(i.name, i.left[some], i.right[some], i.granted[some])
                for i in steps(trace, at.eta, at.floor, settings, granted, err)
            ),
            Inequality(
                "descent, L_{t+1} <= L_t - h_t (1 - beta h_t/2) ||grad L_t||^2",
                after,
                before - decrease(at.beta, h) * g**2,
                lost,
            ),
            Inequality(
                "gauge, sig(path) gam(L_t) <= ||grad L_t||",
                sig * gam,
                g,
                e + gam * np.minimum(sig, granted.kernel / np.maximum(sig, np.finfo(float).tiny)),
            ),
        ]
        above = after > way.level
        if above.any():
            at_steps = np.flatnonzero(above)
            found.append(
                Inequality(
                    "path length above the level within the certified radius",
                    path[above],
                    np.full(len(at_steps), at.radius),
                    further[above] + len(at_steps) * U * path[above],
                    steps=at_steps,
                )
            )
        if start > 0 and math.isfinite(at.count):
            best = (
                min(float(decrease(at.beta, at.eta * at.floor)), float(decrease(at.beta, at.eta))) * at.mu
            )  # of the loss, per gam^2
            count = _count_above(way, np.maximum(after - value[1 : full + 1], way.level))
            found.append(
                Inequality(
                    "steps to a loss, t <= int_{L_t}^{L_0} dv / gam^2 / (b sig(rho)^2) + 1",
                    np.arange(1.0, full + 1),
                    1 + count / best,
                    np.cumsum(lost / least**2) / best + 1e-9,
                )
            )
        return found


def _below(way: Descent, loss: Array) -> Array:
    """Lower bounds of gam at losses: its value at the level below."""
    i = np.searchsorted(way.levels, loss, side="right") - 1
    return np.where(i >= 0, way.gauges[np.clip(i, 0, None)], 0.0)


def _count_above(way: Descent, loss: Array) -> Array:
    """Upper bounds of int dv / gam^2 from a loss to L_0: from the level below it on."""
    pieces = np.diff(way.levels) / way.gauges[:-1] ** 2
    sums = np.append(np.cumsum(pieces[::-1])[::-1], 0.0) * (1 + 2.0**-40)
    return sums[np.clip(np.searchsorted(way.levels, loss, side="right") - 1, 0, None)]
