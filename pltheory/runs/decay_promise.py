"""What theorems about weight decay promise of a run, held at every step with what rounding allows.

With p_t the share by which a step shrinks the weights, lambda h_t or decoupled lambda eta_t, the step is
w' = w - h_t (g_t + lambda_t w_t) with lambda_t = p_t / h_t. Errors of a step add to those of the gradient: the decay's
term and the product with the weights are rounded as well.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..optim import StepSettings
from ..optim.recursion import PLAIN, Recursion
from ..theory.formulas import rate_classic, slack
from .inequalities import ENVELOPES, Errors, Inequality, U, steps
from .promise import BallPromise
from .rounding import RoundOff
from .trace import Array, Trace


class DecayErrors(Errors):
    """Errors of each step of a run with weight decay, arrays of shape (T,).

    Attributes:
        shrunk: p_t.
        weights: ||w_t||.
        own: the same with the norm that the clip reads in place of the gradient's.
    """

    def __init__(self, trace: Trace, how: Recursion, eta: float, granted: RoundOff) -> None:
        super().__init__(trace, granted)
        h, self.weights = trace.step_size, trace.weights
        rates = eta * how.schedule.factors(len(h))
        self.shrunk = how.weight_decay * (rates if how.decoupled else h)
        joined = 4 * granted.unit * (self.g + how.weight_decay * self.weights)
        self.step = (
            h * self.gradient
            + 3 * granted.update
            + 8 * granted.unit * (h * self.g + self.shrunk * self.weights)
            + (h * joined if how.coupled else 0.0)
        )
        self.pushed = granted.lipschitz * self.step
        self.drift = granted.start + self.e[0] + np.cumsum(self.pushed)
        self.after = (self.rho_1 + self.pushed + self.e_1) * (self.pushed + self.e_1)
        self.own = copy.copy(self)
        if how.coupled:
            self.own.g, self.own.gradient = trace.clip_norm, self.gradient + joined


@dataclass(frozen=True)
class FloorPromise(BallPromise):
    """Theorem W2's, up to its horizon.

    Attributes:
        how: the weight decay and the schedule.
        lipschitz: L_F on the ball.
        limit: F.
        loss_end: bound of the loss after the horizon's steps.
    """

    how: Recursion = PLAIN
    lipschitz: float = 0.0
    limit: float = math.inf
    loss_end: float = math.inf

    def numbers(self) -> dict[str, Any]:
        """And the horizon, the floor and the loss at the end."""
        return {**super().numbers(), "until": self.until, "limit": self.limit, "loss_end": self.loss_end}

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """What the proof says of every step."""
        assert self.until is not None
        trace = trace.up_to(self.until)
        if not len(trace.step_size):
            return []
        with np.errstate(all="ignore"):
            return self._of_steps(trace, settings, granted)

    def _of_steps(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        err = DecayErrors(trace, self.how, self.eta, granted)
        h, g, p, w = err.h, err.g, err.shrunk, err.weights
        before, after = trace.loss[:-1], trace.loss[1:]
        strength = np.divide(p, h, out=np.zeros_like(h), where=h > 0)
        added = h * strength**2 * w**2 / 2
        constants = 4 * h * granted.kernel * before
        k = slack(self.beta, self.eta)
        sig = self._sig(np.cumsum(h * g + p * w + err.step) - (h * g + p * w + err.step))
        sig_error = np.minimum(sig, granted.kernel / np.maximum(sig, math.sqrt(np.finfo(float).tiny)))
        lost = k * sig * h * err.gradient
        decay = self.lipschitz * p * w
        of_decay = granted.kernel / max(self.lipschitz, math.sqrt(granted.kernel), 1e-300) * p * w
        return [
            *steps(trace, self.eta, self.floor, settings, granted, err.own),
            Inequality(
                "floor, L_{t+1} <= (1 - h_t mu) L_t + h_t lambda_t^2 ||w_t||^2 / 2",
                after,
                rate_classic(self.mu, h, 1.0) * before + added,
                err.after + err.before + constants + 8 * U * added,
            ),
            Inequality(
                "potential, (1 - beta eta/2) sig h_t ||grad L_t|| - L_F p_t ||w_t|| <= ||r_t|| - ||r_{t+1}||",
                k * sig * h * g - decay,
                err.rho_0 - err.rho_1,
                lost + err.e_0 + err.e_1 + err.pushed + of_decay
                + h * g * (k * sig_error + sig * self.eta * granted.kernel / 2),
            ),
            self._envelope(err, after, h, constants),
            self._path(trace, err, k, lost + of_decay, granted),
            *self._at_end(err, h, constants),
        ]  # fmt: skip

    def _sig(self, moved: Array) -> Array:
        if self.profile is None:
            return np.full_like(moved, math.sqrt(self.mu))
        radii = self.profile.radii
        return self.profile.sig[np.minimum(np.searchsorted(radii, moved, side="left"), len(radii) - 1)]

    def _excess(self, err: DecayErrors, h: Array, constants: Array) -> tuple[Array, Array]:
        """F + (L_0 - F)_+ prod (1 - mu h_s), and what rounding adds to it."""
        factor = np.clip(rate_classic(self.mu, h, 1.0), 0.0, 1.0)
        start = float(err.rho[0]) ** 2 / 2
        right = self.limit + max(0.0, start - self.limit) * np.cumprod(factor)
        fresh, so_far = np.empty_like(h), float(err.before[0])
        for t, (one, more) in enumerate(
            zip(factor.tolist(), (err.after + err.before + constants).tolist(), strict=True)
        ):
            so_far = one * so_far + more
            fresh[t] = so_far
        return right, fresh

    def _envelope(self, err: DecayErrors, after: Array, h: Array, constants: Array) -> Inequality:
        right, fresh = self._excess(err, h, constants)
        root = np.sqrt(2 * right)
        return Inequality(
            ENVELOPES + "(2 F + 2 (L_0 - F)_+ prod (1 - mu h_s))^(1/2)",
            np.sqrt(2 * after),
            root,
            np.sqrt(2 * (right + fresh)) - root + err.e_1,
        )

    def _at_end(self, err: DecayErrors, h: Array, constants: Array) -> list[Inequality]:
        assert self.until is not None
        if len(h) < self.until:
            return []
        _, fresh = self._excess(err, h, constants)
        root, more = math.sqrt(2 * self.loss_end), math.sqrt(2 * (self.loss_end + float(fresh[-1])))
        granted = np.array([more - root + float(err.e_1[-1])])
        return [
            Inequality(
                "loss after the horizon", err.rho_1[-1:], np.array([root]), granted, steps=np.array([len(h) - 1])
            )
        ]

    def _path(self, trace: Trace, err: DecayErrors, k: float, lost: Array, granted: RoundOff) -> Inequality:
        """The residual telescopes: what rounding adds to it lengthens the path by 1 / (k sig)."""
        assert self.radius is not None
        drift = err.drift + np.cumsum(lost)
        constants = 2 * granted.kernel / self.mu + (len(drift) + 64) * U
        return Inequality(
            "path length within the certified radius",
            trace.path[1:],
            np.full_like(drift, self.radius),
            2 * drift / (k * math.sqrt(self.mu)) + np.cumsum(err.step) + self.radius * constants,
        )
