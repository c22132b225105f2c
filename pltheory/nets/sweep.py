"""What the rules of node kinds read and leave while bounds over a ball are carried through a graph.

Two sweeps make the bounds of THEORY_GRAPHS sections 3 and 4. The first bounds how far activations and backward rows
move from the centre. The second, whose numbers are those of the centre plus what the first found, bounds the tangents
anywhere in the ball. A change of a product is (change) (new) + (old) (change): `old` is the centre's number in
the first sweep and the one with its move in the second, `new` has its move in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..theory.arithmetic import Arithmetic, Scalar
from ..theory.rows import Pair, Row, length, together
from .tape import Weighted


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
        forward: per node the rows X and x.
        backward: per node the rows Y and y.
    """

    ops: Arithmetic
    radius: Scalar
    zero: Scalar
    nodes: Sequence[Any]
    numbers: Sequence[Any]
    first: Sweep | None = None
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
            batch, sample = length(pair.batch, self.ops), length(pair.sample, self.ops)
            whole = self.zero if batch is None else self.radius * batch
            single = self.zero if sample is None else self.radius * sample
            self._moves[ahead, u] = Move(whole, self.ops.minimum(whole, single))
        return self._moves[ahead, u]

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
        """A float near the sum of a row's entries: for a choice between rows that all are bounds."""
        return sum(self.ops.near(v) for v in row.values())
