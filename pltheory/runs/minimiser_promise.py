"""What Theorem W1 promises of a run: of the loss with its weight decay, whose Hessian lies between tau and beta.

Its gradient is what the clip reads, u_t = g_t + lambda w_t. A step is I - h H on it, tau <= H <= beta, so that it
shrinks by max(1 - h tau, h beta - 1); and no iterate lies lower than u_t allows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..optim import StepSettings
from ..optim.recursion import PLAIN, Recursion
from ..theory.formulas import decrease
from .decay_promise import DecayErrors
from .inequalities import Inequality, U, steps
from .promise import Promise
from .rounding import RoundOff
from .trace import Array, Trace


@dataclass(frozen=True)
class MinimiserPromise(Promise):
    """Theorem W1's.

    Attributes:
        how: the weight decay.
        tau, beta: bounds of the Hessian of the loss with its decay.
        gradient: upper bound of its gradient's norm at w_0.
    """

    how: Recursion = PLAIN
    tau: float = 0.0
    beta: float = 0.0
    gradient: float = math.inf

    def numbers(self) -> dict[str, Any]:
        """And tau, beta, the gradient at the start."""
        return {**super().numbers(), "tau": self.tau, "beta": self.beta, "gradient": self.gradient}

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """What the proof says of every step."""
        if len(trace.step_size) < 2:
            return []
        with np.errstate(all="ignore"):
            return self._of_steps(trace, settings, granted)

    def _of_steps(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        assert self.radius is not None
        err, lam = DecayErrors(trace, self.how, self.eta, granted), self.how.weight_decay
        h, u, off = err.h[:-1], trace.clip_norm, err.own.gradient
        # At the iterates whose weights were measured; in float64, whatever the run's precision.
        whole = trace.loss[:-1] + lam / 2 * trace.weights**2
        of_whole = err.before + lam * (2 * granted.norm + 8 * U) * trace.weights**2
        pushed = (u[:-1] + off[:-1] + self.beta * err.step[:-1]) * err.step[:-1]
        factor = np.maximum(1 - h * self.tau, h * self.beta - 1)
        constants = 4 * h * granted.kernel
        carried, bound = self._carried(u, factor, off, self.beta * err.step[:-1] + constants * u[:-1])
        lowest = np.minimum.accumulate(whole[::-1])[::-1]
        length = np.cumsum(err.step) + np.cumsum(err.h * carried)
        return [
            *steps(trace, self.eta, self.floor, settings, granted, err.own, "floor"),
            Inequality("start, ||u_0|| <= the bound of it", u[:1], np.array([self.gradient]), off[:1]),
            Inequality(
                "contraction, ||u_{t+1}|| <= max(1 - h_t tau, h_t beta - 1) ||u_t||",
                u[1:],
                factor * u[:-1],
                off[1:] + off[:-1] + self.beta * err.step[:-1] + constants * u[:-1],
            ),
            Inequality("the same from the start", u[1:], bound[1:], carried[1:] + off[1:]),
            Inequality(
                "descent, M_{t+1} <= M_t - h_t (1 - beta h_t/2) ||u_t||^2, M = L + lambda ||w||^2/2",
                whole[1:],
                whole[:-1] - decrease(self.beta, h) * u[:-1] ** 2,
                of_whole[1:] + of_whole[:-1] + pushed
                + np.abs(decrease(self.beta, h)) * (2 * u[:-1] * off[:-1] + off[:-1] ** 2)
                + h * constants * (u[:-1] + off[:-1]) ** 2,
            ),
            Inequality(
                "strong convexity, 2 tau (M_t - M_s) <= ||u_t||^2 for all later s",
                2 * self.tau * (whole - lowest),
                u**2,
                4 * self.tau * of_whole + 2 * self.tau * float(of_whole.max())
                + 2 * u * off + off**2 + 8 * granted.kernel * np.abs(whole - lowest),
            ),
            Inequality(
                "path length within the certified radius",
                trace.path[1:],
                np.full_like(err.h, self.radius),
                length + self.radius * (2 * granted.kernel / self.tau + (len(err.h) + 64) * U),
            ),
        ]  # fmt: skip

    def _carried(self, u: Array, factor: Array, off: Array, fresh: Array) -> tuple[Array, Array]:
        """What rounding adds to the bound of ||u_t|| from the start on, and that bound; shape (T,)."""
        so_far, bound = np.empty_like(u), np.empty_like(u)
        so_far[0], bound[0] = off[0], u[0]
        for t, (one, more) in enumerate(zip(factor.tolist(), fresh.tolist(), strict=True), 1):
            so_far[t] = one * so_far[t - 1] + more + off[t - 1]
            bound[t] = one * bound[t - 1]
        return so_far, bound
