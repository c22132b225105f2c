"""What theorems M2 and M3 promise of a run with momentum: inequalities over its trace, with what rounding is granted.

A step of the run is the exact recursion from (w_t, b_t) up to an error of the buffer, which holds the gradient's, and
one of the weights. Each is carried on by what the theorem itself says of a change at that step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..optim import StepSettings
from ..theory.acceleration import Gains
from .inequalities import ENVELOPES, Errors, Inequality, U, steps
from .promise import Promise
from .rounding import RoundOff
from .trace import Array, Trace

_ROUNDINGS = 8
"""Roundings of an entry of the buffer or the weights in one step, those of the reported step size among them."""


NO_GAINS = Gains(0.0, 0.0, 0.0, 0.0, 0.0)
"""Of no step."""


class BufferErrors:
    """Errors of each step of a run with momentum: of the buffer and, beside it, of the weights; shape (T,)."""

    def __init__(self, trace: Trace, settings: StepSettings, eta: float, granted: RoundOff) -> None:
        how, err = settings.recursion, Errors(trace, granted)
        share = trace.step_size / eta
        rounded = _ROUNDINGS * granted.unit
        self.buffer = share * err.gradient + rounded * (how.momentum * trace.buffer + share * trace.grad_norm)
        self.weights = granted.update + rounded * trace.moved
        if how.nesterov:
            self.weights = self.weights + trace.step_size * err.gradient + how.momentum * eta * self.buffer
        self.own = err


def carried(added: Array, factor: float) -> Array:
    """sum over s <= t of factor^(t - s) added_s."""
    found, so_far = np.empty_like(added), 0.0
    for t, more in enumerate(added.tolist()):
        so_far = factor * so_far + more
        found[t] = so_far
    return found


@dataclass(frozen=True)
class QuadraticPromise(Promise):
    """Theorem M2's, with v_t = w_t + al d_t and E_t = L(v_t) + (c/2) ||d_t||^2.

    Attributes:
        ahead: al.
        weight: c.
        omega: of the rate.
        rho: bound of the path of v.
        slowed: upper bound of 1 + L_F^2 al^2 / c.
    """

    ahead: float = 0.0
    weight: float = 1.0
    omega: float = 1.0
    rho: float = math.inf
    slowed: float = 1.0

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """The envelopes of ||r_t|| and ||d_t||, and the distance from w_0."""
        if not len(trace.step_size):
            return []
        assert self.rate is not None
        how = settings.recursion
        with np.errstate(all="ignore"):
            at = BufferErrors(trace, settings, self.eta, granted)
            err, root = at.own, math.sqrt(self.weight)
            turned = self.eta * at.buffer
            apart = at.weights + (0.0 if how.nesterov else 1.0) * turned + self.ahead * turned
            # What the errors of a step do to sqrt(2 E), and what those of the constants do to the rate.
            pushed = granted.lipschitz * apart + root * turned
            pushed = pushed + 4 * max(1.0, self.omega) * err.h * granted.kernel * err.rho_0
            start = granted.start + float(err.e[0])
            err.drift = start + np.cumsum(pushed)
            shrunk = math.sqrt(self.rate) ** np.arange(1, len(err.h) + 1)
            potential = shrunk * float(err.rho[0])
            more = shrunk * start + carried(pushed, math.sqrt(self.rate))
            behind = math.sqrt(self.slowed)
            d = self.eta * trace.buffer
            # A step of v is no longer than that times sqrt(2 E): it is at the mercy of w, d and g alone.
            longest = (1 + self.ahead) / root + (2 + self.ahead) * self.eta * granted.lipschitz * behind
            further = np.cumsum(apart) + longest * (start + np.cumsum(pushed)) / (1 - math.sqrt(self.rate))
            further = np.concatenate([[0.0], further])
            far = self.rho + self.ahead * float(err.rho[0]) / root
            known = trace.recorded
            return [
                *steps(trace, self.eta, self.floor, settings, granted, err, "floor"),
                Inequality(
                    ENVELOPES + "sqrt(1 + L_F^2 al^2 / c) q^(t/2) ||r_0||",
                    err.rho_1,
                    behind * potential,
                    behind * more + err.e_1,
                ),
                Inequality(
                    "direction, sqrt(c) ||d_t|| <= q^(t/2) ||r_0||",
                    root * d[1:],
                    potential[:-1],
                    more[:-1] + root * _ROUNDINGS * U * d[1:],
                ),
                Inequality(
                    "distance within rho + al ||r_0|| / sqrt(c)",
                    trace.distance,
                    np.full(len(known), far),
                    further[known] + self.ahead * (start + np.cumsum(np.append(0.0, pushed))[known]) / root
                    + 64 * U * far,
                    steps=np.maximum(known - 1, 0),
                ),
                *([] if self.ahead > 0 or how.nesterov else [self._path(trace, further)]),
            ]  # fmt: skip

    def _path(self, trace: Trace, further: Array) -> Inequality:
        right = np.full(len(trace.step_size), self.rho)
        rounded = (len(right) + 64) * U * self.rho
        return Inequality("path length within the certified radius", trace.path[1:], right, further[1:] + rounded)


@dataclass(frozen=True)
class AcceleratedPromise(Promise):
    """Theorem M3's; along the run the residual and buffer obey a linear recursion, so that errors add up.

    Attributes:
        q: ||r_t|| <= N q^t.
        envelope: N over ||r_0||.
        gains: of the linear part.
        change: sqrt(eta) sup ||J - J_0||.
        least: lower bound of lambda_min(K(w_0)), in the scale of the loss.
    """

    q: float = 1.0
    envelope: float = 1.0
    gains: Gains = NO_GAINS
    change: float = 0.0
    least: float = math.inf

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """The envelope of ||r_t||, its weighted sum, and the path."""
        if not len(trace.step_size):
            return []
        assert self.radius is not None
        with np.errstate(all="ignore"):
            at, g = BufferErrors(trace, settings, self.eta, granted), self.gains
            err, root = at.own, math.sqrt(self.eta)
            # What an error of the weights, in the residual, and one of sqrt(eta) times the buffer bring about.
            of_weights = g.weighted(self.change, g.step_to_residual, g.across)
            of_buffer = g.weighted(self.change, g.across, g.gradient_to_buffer)
            moved, turned = granted.lipschitz * at.weights, root * at.buffer
            to_residual = of_weights[0] * moved + of_buffer[0] * turned
            to_buffer = of_weights[1] * moved + of_buffer[1] * turned
            start = granted.start + float(err.e[0])
            t = np.arange(len(err.rho))
            right = self.envelope * float(err.rho[0]) * self.q**t
            constants = 8 * granted.kernel / self.least
            more = self.envelope * start * self.q**t + constants * right
            more[1:] += carried(to_residual, self.q)
            own = np.cumsum(at.weights)
            further = own + root * np.cumsum(to_buffer) / math.sqrt(1 - self.q**2)
            further = further + self.radius * (start / max(float(err.rho[0]), 1e-300) + constants + len(own) * 2 * U)
            sums = np.sqrt(np.cumsum((err.rho * self.q ** (len(t) - 1.0 - t)) ** 2))
            last = self.envelope * float(err.rho[0]) * self.q ** (len(t) - 1.0)
            # Of the whole run, at its last step: earlier ones say less.
            weighted = Inequality(
                "weighted sum, (sum q^-2t ||r_t||^2)^(1/2) <= N, over the run",
                sums[-1:],
                np.array([last]),
                np.array([np.sqrt(np.sum(((more + err.e) * self.q ** (len(t) - 1.0 - t)) ** 2))]),
                steps=np.array([len(err.h) - 1]),
            )
            found = [
                *steps(trace, self.eta, 1.0, settings, granted, err, "floor"),
                Inequality(
                    ENVELOPES + "N q^t",
                    err.rho_1,
                    right[1:],
                    more[1:] + err.e_1,
                ),
                weighted,
                Inequality(
                    "path length within the promised radius",
                    trace.path[1:],
                    np.full(len(own), self.radius),
                    further,
                ),
            ]
            return [replace(i, since=self.since) for i in found]
