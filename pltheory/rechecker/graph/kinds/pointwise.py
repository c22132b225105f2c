"""N, entry by entry: smooth activations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...arithmetic import ACTIVATIONS, THIRD
from ...fields import Array
from ...midpoint import UNIT, Approx, Upper, norms
from ...tables import activation
from .kind import Around, Kind
from .rows import Row, Rows, symmetric
from .stored import Arrays, Keys
from .terms import Weighted


@dataclass(frozen=True, eq=False)
class Pointwise(Kind):
    """a = act(z)."""

    name = "pointwise"
    keeps_size = True
    keys = ("activation",)

    size: int
    inputs: tuple[int, ...]
    activation: str

    @classmethod
    def settings(cls, keys: Keys) -> dict[str, Any]:
        """The activation's name."""
        return {"activation": keys.one_of("activation", list(ACTIVATIONS))}

    @classmethod
    def stored(cls, arrays: Arrays) -> Pointwise:
        """The activation."""
        return cls(arrays.node.size, arrays.node.inputs, arrays.node.more["activation"])

    @cached_property
    def slopes(self) -> tuple[Upper, Upper]:
        """s1 and s2."""
        _, s1, s2 = ACTIVATIONS[self.activation]
        return Upper.of(s1()), Upper.of(s2())

    @cached_property
    def third(self) -> Upper:
        """s3."""
        return Upper.of(THIRD[self.activation]())

    def forward(self, inputs: list[Approx]) -> Approx:
        """The activation."""
        (z,) = inputs
        values, errors = activation(self.activation)[0](z.mid)
        return Approx(values, norms(errors))

    def carried(self, inputs: list[Approx]) -> Upper:
        """The activation is s1-Lipschitz."""
        return self.slopes[0] * inputs[0].err

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """B diag(act'(z))."""
        (z,) = inputs
        s1, s2 = self.slopes
        values, errors = activation(self.activation)[1](z.mid)
        off = s2 * z.err + norms(errors)
        columns = Upper(norms(rows.mid.transpose(0, 2, 1)).value.max(axis=1))
        out = rows.mid * values[:, None, :]
        result = Approx(out, Upper(np.zeros(1)))
        return [Approx(out, s1 * rows.err + columns * off + result.norms * (2 * UNIT) + Upper(2.0**-1000))]

    def rules(self, around: Around) -> PointwiseRules:
        """Weights on what it reads, from the rows."""
        mu, u = around.columns, self.inputs[0]
        terms = around.weighted(mu.value, u), around.weighted(mu.root().value, u)
        return PointwiseRules(self, around.index, mu.max(), *terms)


@dataclass(frozen=True)
class PointwiseRules:
    """s1, s2 and the weights mu_v[i, k] = |B_v^i[:, k]| on the change of what the node reads.

    Attributes:
        top: U^max, the largest of them.
        mu: section 2's norms weighted with mu.
        root: with sqrt(mu).
    """

    kind: Pointwise
    index: int
    top: Upper
    mu: Weighted
    root: Weighted

    def forward(self, at: Rows, single: bool) -> Row:
        """s1 X."""
        return at.values(self.kind.inputs[0], single) * self.kind.slopes[0]

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """s1 Y + s2 Om(mu, u)."""
        s1, s2 = self.kind.slopes
        weighted = self.mu.row(at, single) + at.values(self.kind.inputs[0], single) * at.moved_back(self.index, True)
        return at.back(self.index, single) * s1 + weighted * s2

    def jacobian(self, at: Rows) -> list[Array]:
        """None."""
        return []

    def curvature(self, at: Rows) -> list[Array]:
        """s2 [(Om'(sqrt mu) . t)(om'(sqrt mu) . t) + db (X' . t)(x' . t)], or s2 Ub (X' . t)(x' . t)."""
        half = Upper(0.5) * self.kind.slopes[1]
        (u,), moved = self.kind.inputs, at.moved_back(self.index, True)
        plain = Upper(symmetric(at.values(u, False), at.values(u, True)))
        weighted = Upper(symmetric(self.root.row(at, False), self.root.row(at, True)))
        return [(half * (weighted + plain * moved)).value, (half * (self.top + moved) * plain).value]
