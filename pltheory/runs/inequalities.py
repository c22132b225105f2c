"""Inequalities over the trace of a run, with what rounding is granted to each.

The exact statement is about w - h grad L(w) from each iterate of the run; what the run computed differs from it by
`RoundOff`. A side is compared as computed, and the difference that rounding can make stands beside it: left <= right +
granted. The derivations are in the documentation, "What the run is granted for rounding".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..optim import StepSettings
from ..optim.guard import step_sizes, uniform_floor
from .rounding import RoundOff
from .trace import Array, Trace

U = 2.0**-53
"""Step sizes and sums over the run are taken in float64, whatever the run's own precision."""


@dataclass(frozen=True)
class Inequality:
    """left <= right + granted at every step from `since` on, arrays of shape (T - since,), or at `steps`, as many."""

    name: str
    left: Array
    right: Array
    granted: Array
    since: int = 0
    steps: Array | None = None

    def step(self, i: int) -> int:
        """The step of entry i."""
        return self.since + i if self.steps is None else int(self.steps[i])


@dataclass(frozen=True)
class Check:
    """An inequality at the step where it has least room, in units of what rounding is granted there."""

    name: str
    step: int
    left: float
    right: float
    granted: float


@dataclass(frozen=True)
class Violation:
    """The first step at which an inequality of the theorem fails by more than round-off can explain."""

    step: int
    inequality: str
    left: float
    right: float
    granted: float = 0.0


class Errors:
    """What rounding does at each step; rho = sqrt(2 L) as computed, g = ||grad L|| as computed."""

    def __init__(self, trace: Trace, at: RoundOff) -> None:
        self.h, self.g = trace.step_size, trace.grad_norm
        rho = np.sqrt(2 * trace.loss)
        self.rho, self.e = rho, at.residual(rho)
        self.rho_0, self.rho_1, self.e_0, self.e_1 = rho[:-1], rho[1:], self.e[:-1], self.e[1:]
        self.gradient = at.gradient(self.rho_0, self.g)
        self.square = 2 * self.g * self.gradient + self.gradient**2  # of ||grad L||^2
        self.step = at.step(self.h, self.rho_0, self.g)
        self.pushed = at.lipschitz * self.step  # what the error of a step does to rho
        self.drift = at.start + self.e[0] + np.cumsum(self.pushed)  # rho_t above rho_0
        # Of L_{t+1}, of L_t.
        self.after = (self.rho_1 + self.pushed + self.e_1) * (self.pushed + self.e_1)
        self.before = self.rho_0 * self.e_0 + self.e_0**2


def first_violation(inequalities: list[Inequality]) -> Violation | None:
    """The violation of the earliest step, or None."""
    found: list[Violation] = []
    for i in inequalities:
        # Not (left <= right), so that a NaN counts as a violation.
        broken = np.flatnonzero(~(i.left <= i.right + i.granted))
        if broken.size:
            t = int(broken[0])
            found.append(Violation(i.step(t), i.name, float(i.left[t]), float(i.right[t]), float(i.granted[t])))
    return min(found, key=lambda v: v.step, default=None)


def tightest(i: Inequality) -> Check:
    """The step of least room."""
    with np.errstate(all="ignore"):
        room = (i.right - i.left) / i.granted
    t = 0 if np.isnan(room).all() else int(np.nanargmin(room))
    return Check(i.name, i.step(t), float(i.left[t]), float(i.right[t]), float(i.granted[t]))


def steps(
    trace: Trace, eta: float, floor: float, settings: StepSettings, granted: RoundOff, err: Errors, word: str = "delta"
) -> list[Inequality]:
    """h_t in [eta floor, eta]."""
    h = trace.step_size
    rounded = np.full_like(h, 4 * U * eta)
    below = rounded
    if floor > uniform_floor(settings):
        # The floor rests on ||grad L|| <= L_F ||r_0||: at an iterate the exact gradient may be smaller than the
        # computed one, and the residual larger than at the start.
        norm = np.maximum(err.g - err.gradient - granted.lipschitz * err.drift, np.finfo(float).tiny)
        # Of the rule's own step at the computed gradient, not of h, which is what is held against the floor.
        rule, exact = (step_sizes(settings, eta, at) for at in (err.g, norm))
        below = rounded + exact - rule
    sign = "eta delta" if word == "delta" else "floor eta"
    return [
        Inequality(f"step floor, {sign} <= h_t", np.full_like(h, eta * floor), h, below),
        Inequality("step ceiling, h_t <= eta", h, np.full_like(h, eta), rounded),
    ]


ENVELOPES = "envelope, ||r_t|| <= "
ENVELOPE = ENVELOPES + "q^(t/2) ||r_0||"


def envelope(rate: float | None, granted: RoundOff, err: Errors) -> list[Inequality]:
    """The rate over all steps so far: what rounding adds at a step shrinks with those that follow."""
    if rate is None:
        return []
    root = math.sqrt(min(rate, 1.0))
    fresh = err.pushed + 4 * err.h * granted.kernel * err.rho_0  # by the step, and by the constants
    added, so_far = np.empty_like(fresh), float(err.e[0])
    for t, more in enumerate(fresh.tolist()):
        so_far = root * so_far + more
        added[t] = so_far
    shrunk = root ** np.arange(1, len(fresh) + 1)
    return [Inequality(ENVELOPE, err.rho_1, shrunk * float(err.rho[0]), added + err.e_1)]


def tells(inequalities: list[Inequality], trace: Trace) -> bool:
    """Whether the envelope, where there is one, would have found a run that does not move at all."""
    found = [i for i in inequalities if i.name.startswith(ENVELOPES)]
    return not found or any(bool((i.right + i.granted < math.sqrt(2 * trace.loss[i.since])).any()) for i in found)
