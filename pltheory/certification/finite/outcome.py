"""What is known of the exact iterate x_T from the computed w~_T and a bound of their distance.

With e >= |x_T - w~_T| and L_F >= ||J|| over B(w~_T, e), all samples: outputs of x_T are within L_F e of those of w~_T,
l' is within M L_F e of its value there, so the loss c l(F) differs by at most `c L_F e (|l'(w~_T)| + M L_F e)`, and a
sample's margin, the difference of two of its outputs, by at most sqrt 2 L_F e; a single output, whose margin is y u
with y = +1 or -1, by L_F e. Distances and paths differ by the errors at their ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...problem.loss import Loss
from ...rigor.midrad import Ball
from ...rigor.roundoff import Array, add_up, down, mul_up, up
from ...rigor.scalar import Interval, between, interval, sqrt
from ..stored import Arrays, FloatNetwork
from ..trajectory.network import Forward, norm
from .outputs import OUTPUT_LOSSES


@dataclass(frozen=True)
class Outcome:
    """Enclosures of numbers of the exact iterate after T steps, in the loss in use.

    Attributes:
        loss: L(x_T).
        first: L(w_0).
        samples: n.
        right: at least that many samples are classified as their targets say; None of targets that name no class.
        wrong: at least that many are not.
        margin: lower bound of the smallest margin, 0 where targets name no class.
        distance: |x_T - w_0|.
        path: the sum of |x_{t+1} - x_t|.
        apart: upper bound of |x_T - w~_T|.
        lipschitz: upper bound of ||J|| over B(w~_T, apart), all samples.
        slope: upper bound of |l'| at w~_T, summed loss.
        share: upper bound of c.
    """

    loss: Interval
    first: Interval
    samples: int
    right: int | None
    wrong: int | None
    margin: float
    distance: Interval
    path: Interval
    apart: float
    lipschitz: float
    slope: float
    share: float

    @property
    def width(self) -> float:
        """Upper bound of the length of the loss's enclosure."""
        return (interval(self.loss.hi) - self.loss.lo).hi

    @property
    def informative(self) -> bool:
        """Whether the enclosure is narrower than the loss at the start."""
        return self.width < self.first.lo

    @property
    def vague(self) -> str:
        """What is missing to that, in a clause."""
        low, high = self.loss.lo, self.loss.hi
        return (
            f"the loss after the last step is enclosed by {low:.4g} and {high:.4g} only, {self.first.lo:.4g} at first"
        )


def outcome(
    outputs: Ball,
    at: Forward,
    first: Ball,
    start: Arrays,
    net: FloatNetwork,
    loss: Loss,
    lipschitz: float,
    errors: Sequence[float],
    lengths: Sequence[Interval],
) -> Outcome:
    """Enclose what is known at the end.

    Args:
        outputs: F(w~_T) on all samples.
        at: the forward pass there, `residual` being l'.
        first: F(w_0).
        start: w_0 and the data.
        net: w~_T.
        loss: in use.
        lipschitz: upper bound of ||J|| over B(w~_T, errors[-1]).
        errors: upper bounds of |x_t - w~_t|, t = 0, .., T.
        lengths: of the computed steps.
    """
    e = errors[-1]
    slope = at.residual_norm.hi
    moved = float(mul_up(lipschitz, e))
    scale = interval(loss.share(*start.y.shape))
    change = scale * float(mul_up(moved, add_up(slope, mul_up(OUTPUT_LOSSES[loss.name].most, moved))))
    there = loss.enclose(outputs, start.y)
    margins = margins_of(outputs, start.y)
    right = wrong = None
    margin = 0.0
    if margins is not None:
        off = float(mul_up(margins.factor, moved))
        low, high = down(margins.low - off), up(margins.high + off)
        right, wrong, margin = int(np.sum(low > 0)), int(np.sum(high < 0)), float(np.min(low))
    apart = norm([a - b for a, b in zip(net.parameters, start.parameters, strict=True)]) * between(
        1 - 2.0**-51, 1 + 2.0**-51
    )
    path = sum(lengths, interval(0.0))
    # A step's length is off by the errors at both of its ends.
    slack = 2.0 * np.sum(np.asarray(errors)) * (1 + 2.0**-20)
    return Outcome(
        _around(there, change.hi), loss.enclose(first, start.y), len(start.x), right, wrong, margin,
        _around(apart, e), _around(path, float(slack)), e, lipschitz, slope, scale.hi,
    )  # fmt: skip


def _around(x: Interval, e: float) -> Interval:
    return between(max(0.0, (x - e).lo), (x + e).hi)


@dataclass(frozen=True, eq=False)
class Margins:
    """Enclosures of u_y - max over c != y of u_c, a sample each; or of y u for one output and labels +1, -1.

    Attributes:
        low, high: (n,).
        factor: a margin moves by at most factor times what the sample's outputs move.
    """

    low: Array
    high: Array
    factor: float


def margins_of(outputs: Ball, y: Array) -> Margins | None:
    """The margins where the targets name classes: rows with one 1 and zeros, or one output of +1 and -1."""
    u, rad = outputs.mid, np.broadcast_to(outputs.rad, outputs.shape)
    if y.shape[1] == 1:
        if not (np.abs(y) == 1).all():
            return None
        values, off = (y * u)[:, 0], rad[:, 0]
        return Margins(down(values - off), up(values + off), 1.0)
    if not (((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()):
        return None
    own = y == 1
    mine, mine_off = u[own], rad[own]
    others = np.where(own, -np.inf, u)
    low = down(down(mine - mine_off) - np.max(up(others + rad), axis=1))
    high = up(up(mine + mine_off) - np.max(down(others - rad), axis=1))
    return Margins(low, high, sqrt(2.0).hi)
