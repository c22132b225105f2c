"""The rows that the recursions over a ball carry from node to node, and what a node's rules make of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ...fields import Array
from ...midpoint import Upper

Row = Upper
"""(G,), a nonnegative vector over the parameter groups."""


@dataclass
class Moves:
    """How far each node is from the centre on a ball: dA, dB in Frobenius norm over the batch, da, db for any sample.

    Lists over the nodes; None where not yet known.
    """

    dA: list[Upper]
    da: list[Upper]
    dB: list[Upper]
    db: list[Upper]


@dataclass
class Rows:
    """One pass of the recursions of sections 3 and 4.

    Attributes:
        groups: G.
        s: radius of the ball.
        bars: whether the rows bound tangents anywhere in the ball ("bars", section 4) or the change from its centre.
        moves: in use by both; a pass without bars fills it.
        X, x: rows of the nodes' values, over the batch and for any sample.
        Y, y: rows of dF/da.
    """

    groups: int
    s: Upper
    bars: bool
    moves: Moves
    X: list[Row] = field(default_factory=list)
    x: list[Row] = field(default_factory=list)
    Y: list[Row] = field(default_factory=list)
    y: list[Row] = field(default_factory=list)

    def unit(self, group: int) -> Row:
        """e_g."""
        row = np.zeros(self.groups)
        row[group] = 1.0
        return Upper(row)

    @property
    def none(self) -> Row:
        """The row 0."""
        return Upper(np.zeros(self.groups))

    def values(self, u: int, single: bool) -> Row:
        """x or X."""
        return (self.x if single else self.X)[u]

    def back(self, v: int, single: bool) -> Row:
        """y or Y."""
        return (self.y if single else self.Y)[v]

    def jumped(self, v: int, single: bool) -> Row:
        """What jumps of the derivative of node v add to the row of its input: none while no piece changes."""
        return self.none

    def below(self, v: int, single: bool, passed: Upper) -> Row:
        """The row y, or Y, of a node whose map has at most the norm `passed`, as it comes out below it."""
        return self.back(v, single) * passed

    def moved(self, u: int, single: bool) -> Upper:
        """What a centre number of node u's values gains where it stands for one anywhere in the ball."""
        return self._extra((self.moves.da if single else self.moves.dA)[u])

    def moved_back(self, v: int, single: bool) -> Upper:
        """Likewise for dF/da."""
        return self._extra((self.moves.db if single else self.moves.dB)[v])

    def _extra(self, move: Upper) -> Upper:
        return move if self.bars else Upper(0.0)


class Rules(Protocol):
    """A node's centre numbers and what the recursions do with them."""

    def forward(self, at: Rows, single: bool) -> Row:
        """The node's row X, or x, from those before it."""
        ...

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """What the node adds to the row Y, or y, of its input number `argument`."""
        ...

    def jacobian(self, at: Rows) -> list[Array]:
        """The (G, G) matrices of which any one may be the node's part of M; none where it has no parameters."""
        ...

    def curvature(self, at: Rows) -> list[Array]:
        """The symmetric (G, G) matrices of which any one may be the node's part of Q."""
        ...


def placed(at: Rows, group: int, row: Row) -> Array:
    """A row as the matrix that has it in row `group`."""
    matrix = np.zeros((at.groups, at.groups))
    matrix[group] = row.value
    return matrix


def symmetric(a: Row, b: Row) -> Array:
    """Bounds of the symmetric matrix of 2 (a . t)(b . t), a b^T + b a^T."""
    outer = Upper(a.value[:, None]) * Upper(b.value[None, :])
    return (outer + Upper(outer.value.T)).value
