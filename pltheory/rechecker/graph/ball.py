"""What the inequalities of Theorems A, A', B and C need of a network of class G: centre, change of J and ell."""

from __future__ import annotations

from flint import arb

from ..checks import Tick
from ..fields import Array
from ..midpoint import Upper, require_rounding
from .centre import graph_centre
from .file import GraphStored
from .kinds.kind import Kind
from .kinked import jump_recursion
from .kinked_rules import kinks_of
from .recursion import Recursion


class GraphBall:
    """Bounds about the stored weights, summed loss, as numbers of radius 0 where only one side is known.

    Args:
        kinds: of all nodes.
        groups: number of parameter groups.
        x, y: the data.
        tick: called before each part.

    Attributes:
        least: lambda_min(J J^T), an enclosure.
        largest: upper bound of ||J||.
        residual: upper bound of ||F - y||.
        outputs: enclosures of F.
        centre: of which these are made.
    """

    def __init__(self, kinds: list[Kind], groups: int, x: Array, y: Array, tick: Tick) -> None:
        require_rounding()
        at = graph_centre(kinds, x, y, tick)
        low, high = (arb(v) for v in at.sigma)
        self.least: arb = (low**2).lower().max(arb(0)).union((high**2).upper())
        self.largest: arb = at.largest.exact
        self.residual: arb = at.residual.exact
        errors = at.outputs.err.value.tolist()
        self.outputs = [[arb(f, e) for f in row] for row, e in zip(at.outputs.mid.tolist(), errors, strict=True)]
        self._recursion = Recursion(kinds, at.rules, groups)
        self._jumps = jump_recursion(kinds, at, groups) if kinks_of(kinds) else None
        self.centre = at
        self._radius, self._change = 0.0, Upper(0.0)

    @classmethod
    def of(cls, c: GraphStored, tick: Tick) -> GraphBall:
        """About what is stored."""
        return cls(c.kinds, c.groups, c.x, c.y, tick)

    def change(self, s: float) -> arb:
        """Upper bound of ||J(w) - J(w_0)|| for |w - w_0| <= s; radii must not fall from one call to the next.

        dJ1(s), or what it was at the last radius and the way since then times ell(s).
        """
        if s > 0:
            way = Upper.of(arb(s) - arb(self._radius))
            self._change = self._recursion.change(s).min(self._change + way * self._recursion.steepness(s))
        self._radius = s
        return self._change.exact

    def steepness(self, radius: float) -> arb:
        """ell(R)."""
        return self._recursion.steepness(radius).exact

    def meeting(self, radius: float) -> int:
        """How many tokens may leave their piece on the ball; where none, the other bounds are true (Theorem P)."""
        flips = {} if self._jumps is None else self._jumps.flippable(radius)
        return sum(int(tokens.sum()) for tokens in flips.values())
