"""What Theorems F1 and F4 promise of a run in mini-batches, as far as it can be seen: the distance to a zero cannot.

With D_e the distance to the zeros at the start of epoch e, `D_e^2 <= q^e D^2`, all iterates of the epoch are within
g D_e of a zero, the residual at its start is at least sg D_e, and the rest of the path at most P D_e / D.

A step expands by at most 1 + h |r_B| ell_B: what rounding adds to an epoch's distance is at most what it adds to its
steps, times the exponential of the sum of h |r_B| ell_B over them, as observed; to that of a round also the rounding of
the average.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..optim import StepSettings
from .inequalities import ENVELOPE, Errors, Inequality, steps
from .promise import Promise
from .rounding import RoundOff
from .trace import Array, Trace

BETWEEN = 2.0
"""|r_B| of the points between an exact iterate and the computed one is less than so many times that of the latter."""


@dataclass(frozen=True)
class EpochPromise(Promise):
    """Per step and per epoch; lengths are of weights, `slope` and `least` of the loss in use.

    Attributes:
        count: steps an epoch, or a round of all workers.
        factor: q of D_e^2.
        start: D.
        stay: V, so that |w_t - w_0| <= V + D.
        growth: g.
        slope: upper bound of ||J|| on the ball.
        least: sg.
        bend: upper bound of ell_B on the ball, of the loss in use.
        before: upper bound of the distance from w_0 where the promise begins.
        averaged: K, workers whose weights are averaged at the end of a round; 0 without.
    """

    count: int = 1
    factor: float = 1.0
    start: float = 0.0
    stay: float = 0.0
    growth: float = 1.0
    slope: float = 0.0
    least: float = 1.0
    bend: float = 0.0
    before: float = 0.0
    averaged: int = 0

    @property
    def word(self) -> str:
        """What is promised of."""
        return "round" if self.averaged else "epoch"

    def beside(self, off: float, before: float) -> Promise:
        """As in `Promise`: D is larger by that, and the path in proportion."""
        longer = None if self.radius is None else self.radius * (1 + off / self.start)
        return replace(self, start=self.start + off, radius=longer, before=before)

    def numbers(self) -> dict[str, Any]:
        """Those of `Promise`, and of the epochs: steps in each, the factor of D_e^2, D, V and g."""
        own = {"epoch": self.count, "epoch_factor": self.factor, "start": self.start, "stay": self.stay}
        return {**super().numbers(), **own, "growth": self.growth}

    def inequalities(self, trace: Trace, settings: StepSettings, granted: RoundOff) -> list[Inequality]:
        """Steps in their band, the residual under its envelopes, distance and path within theirs."""
        with np.errstate(all="ignore"):
            err = Errors(trace, granted)
            root, count = float(np.sqrt(self.factor)), self.count
            epoch = np.arange(len(trace.loss)) // count
            last = int(epoch[-1])
            of_batch = np.sqrt(2 * trace.batch_loss)
            expanded = BETWEEN * self.bend * err.h * (of_batch + granted.of_batch(of_batch))
            cut = [slice(e * count, (e + 1) * count) for e in range(last + 1)]
            fresh = np.array([float(np.exp(np.sum(expanded[c])) * np.sum(err.step[c])) for c in cut])
            fresh += self.averaged * granted.update  # K - 1 sums and a division, each of one rounding of the weights
            added = _shrunk(root, fresh)
            d = root ** np.arange(last + 1) * self.start
            lipschitz = self.slope * self.growth
            found = steps(trace, self.eta, self.floor, settings, granted, err)
            found.append(
                Inequality(
                    f"{ENVELOPE_OF_EPOCH}, ||r_t|| <= L_F g q^(e/2) D",
                    err.rho,
                    lipschitz * d[epoch],
                    lipschitz * (added[epoch] + fresh[epoch]) + err.e,
                )
            )
            found += self._from_epochs(err, root, fresh)
            reached = trace.recorded
            found.append(
                Inequality(
                    "distance, ||w_t - w_0|| <= V + D, at recorded steps",
                    trace.distance,
                    np.full(len(reached), self.before + self.stay + self.start),
                    np.cumsum(np.concatenate([[0.0], err.step]))[reached] + added[epoch[reached]],
                    steps=np.maximum(reached - 1, 0),
                )
            )
            if self.radius is not None:
                rest = trace.path[-1] - trace.path[::count]
                e = np.arange(len(rest))
                lengthened = self.radius * (added[e] + np.sum(fresh)) / max(self.start, np.finfo(float).tiny)
                found.append(
                    Inequality(
                        f"path from the start of every {self.word} on within its bound",
                        rest,
                        self.radius * root**e,
                        lengthened + np.sum(err.step),
                        steps=np.minimum(e * count, max(len(trace.step_size) - 1, 0)),
                    )
                )
        return [i for i in found if len(i.left)]

    def _from_epochs(self, err: Errors, root: float, fresh: Array) -> list[Inequality]:
        """||r|| at an epoch's start against every earlier one: D_e is at most ||r|| / sg there."""
        rho, e = err.rho[:: self.count], err.e[:: self.count]
        if len(rho) < 2:
            return []
        d = (rho + e) / self.least
        bound = np.empty(len(rho) - 1)
        so_far = np.inf
        for k in range(len(bound)):
            so_far = root * min(so_far, float(d[k])) + float(fresh[k])
            bound[k] = so_far
        name = f"residual at the start of every {self.word}, ||r_e|| <= (L_F / sg) q^((e-e')/2) ||r_e'||"
        at = np.arange(1, len(rho)) * self.count
        return [Inequality(name, rho[1:], self.slope * bound, e[1:], steps=at - 1)]


ENVELOPE_OF_EPOCH = ENVELOPE.split(",", maxsplit=1)[0]


def _shrunk(root: float, fresh: Array) -> Array:
    """What rounding has added to D_e, at the start of each epoch."""
    added, so_far = np.empty_like(fresh), 0.0
    for e, more in enumerate(fresh.tolist()):
        added[e] = so_far
        so_far = root * so_far + more
    return added
