"""Workers that average, as numbers at the centre: the batches of each one's part, and what its steps see together.

Where the parts are those of one partition every worker is there with its own; where the parts are drawn, one stands for
all of them that none exceeds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...problem.batches import Batches
from ...rigor.eigen import lambda_max_upper
from ...rigor.midrad import Ball
from ...rigor.roundoff import Array, add_up, quiet, raised
from ...theory.arithmetic import Arithmetic, Scalar
from ...theory.ball_bounds import Number
from ...theory.batches import truncation
from .parts import Parts, block, of_subset, root


@dataclass(frozen=True, eq=False)
class Worker:
    """Upper bounds, round-off counted.

    Attributes:
        parts: the batches of one pass.
        row, share: ||J_P(c)|| of all samples of the worker's part P, and their share.
    """

    parts: Parts
    row: float
    share: float

    def truncated(
        self, passes: int, eta: Scalar, reach: Reach, ops: Arithmetic, number: Number
    ) -> Scalar:  # fmt: skip
        """Om_k / sqrt(mu_k): what the first pass sees, or what so many see of a sample each time; the smaller."""
        steps = self.parts.count
        gam, outer = number(self.parts.summed(reach.near)), number(self.parts.summed(reach.far))
        whole, lam = number(self.row) + number(self.share) * reach.change, number(self.parts.spread()) * reach.lipschitz
        found = None
        for mu in sorted({1, passes}):
            om, each = number(1.0), ops.sqrt(number(mu))
            if mu * steps > 1:
                # Repeated, the Jacobians of the batches stacked have mu times the squared norm.
                t = truncation(mu * steps, mu * gam, each * whole, each * lam, mu * outer, reach.tau, ops)
                om = 1 + eta * ops.minimum(t, number(self.parts.pairs(reach.near, mu)))
            found = om / each if found is None else ops.minimum(found, om / each)
        return found


@dataclass(frozen=True)
class Reach:
    """How far the Jacobian of a share of 1 may have changed, in the arithmetic of a proof.

    Attributes:
        near, far: where the iterates are, and in the ball, as floats.
        change: in the ball.
        lipschitz: Lipschitz constant in the ball.
        tau: the iterates of a round are within this of a zero in the ball.
    """

    near: float
    far: float
    change: Scalar
    lipschitz: Scalar
    tau: Scalar


@dataclass(frozen=True, eq=False)
class AnyPart(Parts):
    """Of every part of so many samples, by the samples with the largest numbers.

    Sums of squares, and of products of several numbers of one sample, are largest where each kind of number is sorted
    by itself. Sums over pairs of samples of the product of their norms are not: long rows may belong to short inputs,
    and what is sorted are the norms, row and change of one sample together. `blocks` holds ||K_ij(c)|| of i with the
    others of its part alone, sorted.

    Attributes:
        samples: of a part.
    """

    samples: int

    def _counted(self, each: Array) -> Array:
        return _descending(each, 0)[: self.samples]

    def _apart(self, off: Array, norms: Array) -> float:
        near = self.blocks + np.outer(off, norms[:-1]) + np.outer(norms, off[:-1])
        return float(0.5 * np.sum(near**2))


@quiet
def workers_of(
    parts: Parts, kernel: Ball, grams: Ball | None, batches: Batches, outputs: int, whole: Worker
) -> tuple[Worker, ...]:
    """The workers of a setting.

    Args:
        parts: all batches, of order "fixed" those of one partition, worker by worker.
        kernel: K(c), rows (i, c) with i major.
        grams: X^ X^^T, (n, n); None where every share is 1.
        batches: the setting.
        outputs: C.
        whole: one worker with all samples.
    """
    samples = len(kernel.mid) // outputs
    if not batches.averaged:
        return (whole,)
    part, steps = batches.part(samples), batches.batches_of_part(samples)
    if batches.order != "fixed":
        return (_any(parts, grams, part, steps, whole),)
    found = []
    for k in range(batches.workers or 1):
        own = slice(k * part, (k + 1) * part)
        rows = slice(own.start * outputs, own.stop * outputs)
        row = root(lambda_max_upper(block(kernel, rows, rows)).value)
        share = 1.0 if grams is None else root(lambda_max_upper(block(grams, own, own)).value)
        found.append(Worker(parts.taken(slice(k * steps, (k + 1) * steps)), row, share))
    return tuple(found)


def _any(parts: Parts, grams: Ball | None, part: int, steps: int, whole: Worker) -> Worker:
    """The worker whose numbers none exceeds, whatever its part."""
    others = np.array(parts.blocks)
    np.fill_diagonal(others, 0.0)
    largest = _descending(others, 1)[:, : part - 1]
    own = AnyPart(
        steps,
        parts.rows,
        parts.shares,
        parts.top_rows,
        parts.top_shares,
        _descending(largest, 0)[:part],
        part,
    )
    row = min(whole.row, of_subset(raised(parts.rows**2), parts.blocks, part))
    if grams is None:
        return Worker(own, row, 1.0)
    gram = add_up(np.abs(grams.mid), np.broadcast_to(grams.rad, grams.shape) if grams.rad.ndim else grams.rad)
    return Worker(own, row, min(whole.share, of_subset(np.diag(gram), gram, part)))


def _descending(a: Array, axis: int) -> Array:
    return np.flip(np.sort(a, axis=axis), axis=axis)
