"""What the rules of node kinds read and leave while bounds over a ball are carried through a graph.

Two sweeps make the bounds of THEORY_GRAPHS sections 3 and 4. The first bounds how far activations and backward rows
move from the centre. The second, whose numbers are those of the centre plus what the first found, bounds the tangents
anywhere in the ball. A change of a product is (change) (new) + (old) (change): `old` is the centre's number in
the first sweep and the one with its move in the second, `new` has its move in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from ..rigor.roundoff import add_up, mul_up, sqrt_up
from ..theory.arithmetic import Arithmetic, Scalar
from ..theory.rows import Pair, Row, length, together
from .jumps import Jumping, Kinks, node_of
from .tape import Reach, Weighted


@dataclass(frozen=True)
class Move:
    """How far a node's array goes: the batch in Frobenius norm, and the worst sample."""

    batch: Scalar
    sample: Scalar


@dataclass
class Sweep:
    """One sweep.

    Attributes:
        ops: the arithmetic.
        radius: of the ball.
        zero: 0 in it.
        nodes: of the graph.
        numbers: of every node at the centre, in the arithmetic.
        first: the first sweep, where this is the second.
        jumping: that pieces may change; None where every node keeps its pieces, so that it is smooth.
        forward: per node the rows X and x.
        backward: per node the rows Y and y.
    """

    ops: Arithmetic
    radius: Scalar
    zero: Scalar
    nodes: Sequence[Any]
    numbers: Sequence[Any]
    first: Sweep | None = None
    jumping: Jumping | None = None
    forward: list[Pair] = field(default_factory=list)
    backward: list[Pair] = field(default_factory=list)
    _moves: dict[tuple[bool, int], Move] = field(default_factory=dict)

    def moved(self, u: int) -> Move:
        """How far the activations of node u go in the ball: in the new number of a product."""
        return self.first.moved(u) if self.first else self._move(True, self.forward[u], u)

    def moved_back(self, v: int) -> Move:
        """How far the backward rows of node v go."""
        return self.first.moved_back(v) if self.first else self._move(False, self.backward[v], v)

    def before(self, u: int) -> Move:
        """The same in the old number of a product."""
        return self.moved(u) if self.first else Move(self.zero, self.zero)

    def before_back(self, v: int) -> Move:
        """The same for backward rows."""
        return self.moved_back(v) if self.first else Move(self.zero, self.zero)

    def _move(self, ahead: bool, pair: Pair, u: int) -> Move:
        if (ahead, u) not in self._moves:
            whole, single = self._reached(pair.batch), self._reached(pair.sample)
            self._moves[ahead, u] = Move(whole, self.ops.minimum(whole, single))
        return self._moves[ahead, u]

    def _reached(self, row: Row) -> Scalar:
        """Of the radius, and of the jumps, which it does not multiply."""
        by_radius = length({g: c for g, c in row.items() if g >= 0}, self.ops)
        constant = sum((c for g, c in row.items() if g < 0), self.zero)
        return constant if by_radius is None else self.radius * by_radius + constant

    # --- kinks ---

    def flipped(self, v: int, u: int) -> np.ndarray:
        """Which tokens of node v, reading u, may leave their piece in the ball, (n, T)."""
        if self.first is not None:
            return self.first.flipped(v, u)
        assert self.jumping is not None
        if v not in self.jumping.flips:
            at: Kinks = self.numbers[v]
            whole = self.ops.above(self.moved(u).sample)
            self.jumping.flips[v] = ~at.margins.kept(whole, None if at.reach is None else self.entries(at.reach))
        return self.jumping.flips[v]

    def entries(self, reach: Reach) -> np.ndarray | None:
        """How far every entry of an affine node's output goes in the ball, (n, N), from above; None for no way to say.

        `|e~| t_g + c (x . t)` with c = |kappa| (|W_o| + t), over the worst split of the radius.
        """
        radius, row = self.ops.above(self.radius), self.forward[reach.input].sample
        c = add_up(reach.weights, mul_up(reach.scale, radius))  # (N,)
        own, others = reach.own, np.zeros(())
        for g, value in row.items():
            part = mul_up(c, self.ops.above(value))
            if g == reach.group:
                own = add_up(own, part[None, :])
            else:
                others = add_up(others, mul_up(part, part))
        found = mul_up(radius, sqrt_up(add_up(mul_up(own, own), others)))
        return np.where((own == 0) & (others == 0), 0.0, found)  # exactly 0 of what no parameter moves

    def capacities(self, u: int) -> tuple[float, float]:
        """How far the values of node u go, for a sample and over the batch: what flipped tokens' margins amount to.

        Of a pair of weights a token counts if it is off its piece anywhere between them.
        """
        base = self.first or self
        moved, above = base.moved(u), self.ops.above
        if self.first is None:
            return above(moved.sample), above(moved.batch)
        root = sqrt_up(2.0)
        sample, batch = (float(mul_up(root, above(m))) for m in (moved.sample, moved.batch))
        assert self.jumping is not None
        if self.jumping.start is None:
            return sample, batch
        ends = []
        for here, there in zip(self._both(base.forward[u]), self._both(self.forward[u]), strict=True):
            ends.append(above(self.jumping.start * here + self.jumping.step * there))
        return min(sample, ends[1]), min(batch, ends[0])

    def _both(self, pair: Pair) -> tuple[Scalar, Scalar]:
        batch, sample = (length(row, self.ops) for row in (pair.batch, pair.sample))
        batch = self.zero if batch is None else batch
        return batch, batch if sample is None else self.ops.minimum(batch, sample)

    def sent_through(self, v: int, spread: Scalar) -> Pair:
        """The backward row of an affine node below it: times Tb; less of the jump of a node directly above."""
        back, jumping = self.backward[v], self.jumping
        if jumping is None or v not in jumping.passages:
            return back.scaled(spread)
        passage, moved = jumping.passages[v], self.numbers[v].reach * self.radius
        factors: dict[int, Scalar] = {}
        for k in back.sample:
            above = node_of(k) if k < 0 else -1
            if above < 0 or self.nodes[above].inputs[0] != v:
                continue
            if above not in jumping.passing:
                at: Kinks = self.numbers[above]
                tokens, u = self.flipped(above, v), passage.below
                under = self.flipped(u, self.nodes[u].inputs[0])
                jumping.passing[above] = passage.norm(at.margins.entries(tokens, self.nodes[v].size), under)
            norm = jumping.passing[above]
            factors[k] = self.ops.minimum(spread, norm + moved) if norm < math.inf else spread
        return Pair(*({k: factors.get(k, spread) * c for k, c in row.items()} for row in (back.batch, back.sample)))

    def reaching(self, v: int) -> float:
        """kappa omega dA of what an affine node reads, from above."""
        return self.ops.above(self.numbers[v].reach * self.moved(self.nodes[v].inputs[0]).batch)

    def smallest(self, v: int, *rows: Row) -> Row:
        """Of several bounds of what an affine node adds to the Jacobian's change the smallest.

        What each jump adds is bounded by itself, so the smallest bound of each is taken; of the jump of the node
        directly above there is one more.
        """
        best = min(rows, key=self.size)
        if self.jumping is None:
            return best
        jumps = {k: reduce(self.ops.minimum, (row[k] for row in rows)) for k in best if k < 0}
        own = {k: self.ops.minimum(jumps[k], c) for k, c in self.jumping.own.get(v, ()) if k in jumps}
        return {**best, **jumps, **own}

    def weighted(self, terms: Sequence[Weighted], largest: Scalar, u: int) -> Pair:
        """A weighted change of node u, from its terms; largest is the largest weight."""
        pairs = []
        for term in terms:
            if term.affine:
                node = self.nodes[term.node]
                pairs.append(node.kind.weighted_change(self, term, node.inputs[0]))
            else:
                pairs.append(self.forward[term.node].scaled(term.largest))
        return together(*pairs)

    def size(self, row: Row) -> float:
        """A float near the sum of a row's entries for groups: for a choice between rows that all are bounds."""
        return sum(self.ops.near(v) for g, v in row.items() if g >= 0)
