"""Bounds about doubles near a trajectory of a network with kinks, on balls in which pieces may change."""

from __future__ import annotations

import numpy as np
from flint import arb

from ..fields import Array
from ..midpoint import Approx, Upper, norms
from ..pairs.step import PairWeights
from .centre import graph_centre
from .file import GraphStored, with_parameters
from .jumps import JumpRows
from .kinds.affine_rules import AffineRules
from .kinds.kinks import KinkRules
from .kinked import jump_recursion
from .margins import Reach

_LEAST = 2.0**-1000
"""What may be there at least of a way: at weights that are known exactly, a token on a kink still has no one piece."""


class KinkedReference:
    """Norms at doubles near some v_s; on balls about them ||J||, ell and how fast arguments go.

    Args:
        c: what is stored.
        at: the weights.
        radius: of the ball that the first bounds are about; others are found when they are asked for.
    """

    def __init__(self, c: GraphStored, at: PairWeights, radius: float) -> None:
        weights, biases = c.parameters
        near, shifts = at.floats
        shaped = [w.reshape(v.shape) for w, v in zip(near, weights, strict=True)]
        moved = [None if b is None or v is None else b.reshape(v.shape) for b, v in zip(shifts, biases, strict=True)]
        self._at = [part.high for part in at.parts]
        self._kinks = c.kinks
        self._centre = graph_centre(with_parameters(c, shaped, moved).kinds, c.x, c.y, lambda note: None)
        self._recursion = jump_recursion(c.kinds, self._centre, c.groups)
        self._grow(radius)

    def _grow(self, radius: float) -> None:
        self.radius = radius
        changes = self._recursion.changes(radius)[0]
        self.lipschitz = (self._centre.largest + changes.jump + changes.smooth).exact
        self.ell = self._recursion.pairs(radius)[1].exact
        self.rows: JumpRows = self._recursion.second(radius)

    def distance(self, at: PairWeights) -> Upper:
        """Upper bound of the distance of weights from these doubles."""
        ways = [
            norms((p.high - q).reshape(-1)) * (1 + 2.0**-50) + p.small + p.err
            for p, q in zip(at.parts, self._at, strict=True)
        ]
        return Upper(np.array([float(way.value) for way in ways])).norm()

    def holds(self, at: PairWeights, reach: arb) -> bool:
        """Whether the ball of that radius about weights lies in the one that bounds are about."""
        return bool((self.distance(at) + Upper.of(reach)).value <= self.radius)

    def over(self, at: PairWeights, reach: arb) -> tuple[arb, arb]:
        """Upper bounds, on the ball of radius `reach`, of ||J|| and of its Lipschitz constant while pieces last."""
        if not self.holds(at, reach):
            self._grow(float((self.distance(at) + Upper.of(reach)).value) * 1.25)
        return self.lipschitz, self.ell

    def affine(self, v: int) -> AffineRules:
        """An affine node's numbers at the doubles."""
        rule = self._centre.rules[v]
        assert isinstance(rule, AffineRules)
        return rule

    # --- margins ---

    def meeting(self, values: dict[int, Approx], reach: arb) -> dict[int, Array]:
        """Tokens that may leave their piece on a ball about weights in the ball of these bounds, by node.

        Args:
            values: at the weights, what each node with kinks reads.
            reach: radius of the ball.
        """
        way, at, real = Upper.of(reach), self.rows, self.rows.real
        found = {}
        for v in self._kinks:
            rule = self._centre.rules[v]
            assert isinstance(rule, KinkRules)
            u = rule.kind.inputs[0]
            speed = at.length(at.X[u]).min(at.length(at.x[u]))
            whole = max(float((way * speed).value), _LEAST)
            known: Reach | None = self._recursion.reaches.get(u)
            entries = None
            if known is not None:
                moved = at.moves.da[known.parent]
                each = known.over(at.x[known.parent][:real], at.s, moved, Upper(1.0))
                entries = np.where(each > 0, np.maximum((way * Upper(each)).value, _LEAST), 0.0)
            margins = rule.kind.margins(values[v], None if known is None else known.classes)
            tokens = ~margins.kept(whole, entries)
            if tokens.any():
                found[v] = tokens
        return found
