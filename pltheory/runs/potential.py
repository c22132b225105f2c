"""What Theorems S, M and Mb promise of a run: the potential of the steps, held at every step with what rounding allows.

The root of twice the potential is a norm of (residual, buffer), so that errors of the state add to it: with z_t ahead
of w_t by alpha d_t and d_t = -eta b_t, N_t^2 = 2 L(z_t) + C eta ||b_t||^2 (M); with the lag y_t = b_t - g_t / a,
N_t^2 = 2 L(w_t) + eta a C ||y_t||^2 (Mb).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..optim import StepSettings
from ..optim.recursion import PLAIN, Recursion
from ..theory.formulas import contraction
from ..theory.potential import Constants, ahead
from .inequalities import Errors, Inequality, U, steps
from .promise import BallPromise
from .rounding import RoundOff
from .trace import Array, Trace

NOTHING = Constants(0.0, 1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class PotentialPromise(BallPromise):
    """The promise of a theorem about any steps.

    Attributes:
        how: momentum, clip, schedule.
        found: k, C and omega.
        loss_end: bound of the loss after the schedule's horizon.
        lagging: whether the potential is Mb's, of the lag; else M's.
    """

    how: Recursion = PLAIN
    found: Constants = NOTHING
    loss_end: float = math.inf
    lagging: bool = False

    def numbers(self) -> dict[str, Any]:
        """And the loss at the end of the schedule."""
        return {**super().numbers(), "loss_end": self.loss_end}

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """What the proof says of every step."""
        if self.how.momentum == 0:
            with np.errstate(all="ignore"):
                return [*super().inequalities(trace, settings, granted), *self._product(trace, granted)]
        with np.errstate(all="ignore"):
            return self._of_buffer(trace, settings, granted)

    def _product(self, trace: Trace, granted: RoundOff) -> list[Inequality]:
        """Without momentum: the product of the factors so far, and the loss at the horizon."""
        if self.how.schedule.constant:
            return []
        err, h = Errors(trace, granted), trace.step_size
        root = np.sqrt(np.maximum(0.0, contraction(self.mu, self.beta, h)))
        fresh = err.pushed + 4 * h * granted.kernel * err.rho_0
        right = float(err.rho[0]) * np.cumprod(root)
        found = [
            Inequality(
                "product of rates, ||r_t|| <= prod (1 - 2 mu h_s (1 - beta h_s/2))^(1/2) ||r_0||",
                err.rho_1,
                right,
                _carried(root, fresh, float(err.e[0])) + err.e_1,
            )
        ]
        return found + self._at_end(err.rho_1, _carried(root, fresh, granted.start + float(err.e[0])) + err.e_1)

    def _at_end(self, rho: Array, granted: Array) -> list[Inequality]:
        """The loss where the schedule's horizon is reached."""
        t = self.how.schedule.horizon
        if self.how.schedule.constant or t > len(rho):
            return []
        last = slice(t - 1, t)
        end = np.array([math.sqrt(2 * self.loss_end)])
        return [Inequality("loss at the end of the schedule", rho[last], end, granted[last], steps=np.array([t - 1]))]

    def _of_buffer(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        m, err, h, g, u = self.how.momentum, Errors(trace, granted), trace.step_size, trace.grad_norm, granted.unit
        a, outside = 1 - m, self.lagging
        rates = self.eta * self.how.schedule.factors(len(h))
        share = np.divide(h, rates, out=np.ones_like(h), where=rates > 0)
        # What rounding does to the buffer and to the weights in one step.
        inner = np.ones_like(h) if outside else share
        outer = h if outside else rates
        of_buffer = inner * err.gradient + 4 * u * (m * trace.buffer + inner * g)
        of_weights = 2 * outer * of_buffer + granted.update + 8 * u * outer * (trace.clip_norm + inner * g)
        if outside:
            kappa, speed, loss = self.eta * a, trace.lag, trace.loss[:-1]
            of_speed = of_buffer + err.gradient / a
            next_gradient = np.append(err.gradient[1:], err.gradient[-1])
            into = granted.lipschitz * of_weights
            # The lag is read off the buffer and the computed gradient, which the push of the weights changes as well.
            of_next = of_buffer + (next_gradient + self.beta * of_weights) / a
            length = trace.moved
        else:
            alpha = ahead(m, self.how.nesterov)
            kappa, speed, loss = self.eta, trace.buffer, trace.ahead
            of_speed = 8 * u * trace.buffer
            of_next = of_buffer + 8 * u * trace.clip_norm
            into = granted.lipschitz * (of_weights + alpha * self.eta * of_buffer + 2 * granted.update)
            length = h * g / a
        rho = np.sqrt(2 * loss)
        e = granted.residual(rho) + (0.0 if outside else 1.0) * 2 * granted.lipschitz * granted.update

        def norm(c: float) -> tuple[Array, Array]:
            """N_t with that C, and what rounding makes of it."""
            weight = math.sqrt(c * kappa)
            return np.hypot(rho, weight * speed), e + weight * of_speed

        def fresh(c: float) -> Array:
            """What rounding adds to N in one step."""
            return into + math.sqrt(c * kappa) * of_next

        here, of_here = norm(self.found.c)
        moved = self.off + np.concatenate([[0.0], np.cumsum(length + h / a * err.gradient + of_weights)])[:-1]
        sig = np.full_like(h, math.sqrt(self.mu))
        if self.profile is not None:
            radii = self.profile.radii
            sig = self.profile.sig[np.minimum(np.searchsorted(radii, moved, side="left"), len(radii) - 1)]
        k = self.found.k
        sig_error = np.minimum(sig, granted.kernel / np.maximum(sig, math.sqrt(np.finfo(float).tiny)))
        lost = k * (sig * (h / a * err.gradient + of_weights) + sig_error * length)
        added = fresh(self.found.c)
        rated, of_rated = norm(self.found.c_rate)
        root = np.sqrt(np.maximum(0.0, 1 - 2 * self.found.omega * self.mu * h / a))
        added_rate = fresh(self.found.c_rate) + 4 * h / a * granted.kernel * rated
        through = added_rate[:-1]
        first = float(of_rated[0]) if len(of_rated) else 0.0
        carried = _carried(root[:-1], through, first)
        found = [
            *steps(trace, self.eta, self.floor, settings, granted, err),
            Inequality(
                "potential, k sig l_t <= N_t - N_{t+1}",
                k * sig[:-1] * length[:-1],
                here[:-1] - here[1:],
                of_here[:-1] + of_here[1:] + added[:-1] + lost[:-1],
            ),
            Inequality(
                "rate, N_{t+1} <= (1 - 2 omega mu h_t/a)^(1/2) N_t",
                rated[1:],
                root[:-1] * rated[:-1],
                of_rated[1:] + of_rated[:-1] + through,
            ),
            Inequality(
                "envelope, N_t <= prod (1 - 2 omega mu h_s/a)^(1/2) N_0",
                rated[1:],
                np.cumprod(root[:-1]) * (rated[0] if len(rated) else 0.0),
                carried + of_rated[1:],
            ),
        ]
        # N_T is not read after the last step; it is at least the residual. N_0 is at most (1 + m)^(1/2) ||r_0||.
        later = _carried(root, added_rate, first + math.sqrt(1 + m) * granted.start) + err.e_1
        path = self._path(trace, granted, err, added, lost, of_here)
        return [i for i in found if len(i.left)] + path + self._at_end(err.rho_1, later)

    def _path(
        self, trace: Trace, granted: RoundOff, err: Errors, added: Array, lost: Array, of_here: Array
    ) -> list[Inequality]:
        """The potential telescopes: what rounding adds to it lengthens the path by 1 / (k sig)."""
        if self.radius is None or not self.mu > 0 or not self.found.k > 0:
            return []
        drift = granted.start + float(of_here[0]) + np.cumsum(added + lost)
        constants = 2 * granted.kernel / self.mu + (len(added) + 64) * U
        right = np.full_like(added, self.radius)
        slack = 2 * drift / (self.found.k * math.sqrt(self.mu)) + self.radius * constants
        return [Inequality("path length within the certified radius", trace.path[1:], right, slack)]


def _carried(root: Array, fresh: Array, first: float) -> Array:
    """What rounding added at each step and before, shrunk by the factors of the steps since."""
    added, so_far = np.empty_like(fresh), first
    for t, (factor, more) in enumerate(zip(root.tolist(), fresh.tolist(), strict=True)):
        so_far = factor * so_far + more
        added[t] = so_far
    return added
