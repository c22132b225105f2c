"""C: functions of one entry with curved pieces: ELU and hardswish (THEORY_RELU section 1).

A piece's derivative is continued beyond its ends by what it is there, so that it is s2-Lipschitz on the line and the
piece that the doubles are on may be kept whichever side the exact argument is on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...fields import Array
from ...midpoint import UNIT, Approx, Upper, norms
from ...tables import exponential
from ..margins import Margins
from .kind import Around, Kind
from .kinks import KinkRules, known, nearest
from .rows import Row, Rows, symmetric
from .stored import Arrays, Keys
from .terms import Weighted

_LOST = Upper(2.0**-1000)


@dataclass(frozen=True, eq=False)
class Curved(Kind):
    """a = z above 0 and alpha (e^z - 1) below, or z min(max(z + 3, 0), 6) / 6; every entry is a token.

    Attributes:
        map: "elu" or "hardswish".
        alpha: of ELU, positive; 1 of hardswish.
    """

    name = "curved"
    keeps_size = True
    keys = ("map", "alpha")
    kinked = True

    size: int
    inputs: tuple[int, ...]
    map: str
    alpha: float

    multiplicity = 1

    @classmethod
    def settings(cls, keys: Keys) -> dict[str, Any]:
        """The function and its alpha."""
        name, alpha = keys.one_of("map", ("elu", "hardswish")), keys.number("alpha")
        fits = 2**-100 < alpha < 2**100 if name == "elu" else alpha == 1
        keys.require(fits, "alpha", "must lie between 2^-100 and 2^100 for elu, and be 1 for hardswish")
        return {"map": name, "alpha": alpha}

    @classmethod
    def stored(cls, arrays: Arrays) -> Curved:
        """The function."""
        node = arrays.node
        return cls(node.size, node.inputs, node.more["map"], node.more["alpha"])

    @property
    def _exponential(self) -> bool:
        return self.map == "elu"

    @property
    def breaks(self) -> tuple[float, ...]:
        """Where the derivative jumps."""
        if self._exponential:
            return () if self.alpha == 1 else (0.0,)
        return (-3.0, 3.0)

    @cached_property
    def steepest(self) -> Upper:
        """s1."""
        return Upper(max(1.0, self.alpha) if self._exponential else 1.5)

    @cached_property
    def bend(self) -> Upper:
        """s2."""
        return Upper(self.alpha) if self._exponential else Upper(np.nextafter(1 / 3, 1.0))

    @cached_property
    def jump(self) -> Upper:
        """js."""
        if not self._exponential:
            return Upper(0.5)
        apart = abs(1.0 - self.alpha)
        return Upper(apart if apart == 0 else np.nextafter(apart, np.inf))

    def within(self, positions: int) -> bool:
        """Whether no token holds entries of two units, which have so many entries in a row."""
        return True

    def flat(self, z: Approx) -> Array:
        """None: the factor of a piece that is constant is not looked for."""
        return np.zeros(z.mid.shape, dtype=bool)

    def forward(self, inputs: list[Approx]) -> Approx:
        """The function at the doubles."""
        z = inputs[0].mid
        if self._exponential:
            power, off = exponential()(np.minimum(z, 0.0))
            out = np.where(z > 0, z, self.alpha * (power - 1.0))
            # The table's error, and two roundings of numbers at most 1 and alpha.
            entry = np.where(z > 0, 0.0, self.alpha * (off + 3 * UNIT) * (1 + 8 * UNIT))
            return Approx(out, norms(entry) + _LOST)
        out = z * np.clip(z + 3.0, 0.0, 6.0) / 6.0
        return Approx(out, norms(out) * (6 * UNIT) + _LOST)

    def carried(self, inputs: list[Approx]) -> Upper:
        """It is s1-Lipschitz."""
        return self.steepest * inputs[0].err

    def slopes(self, z: Array) -> tuple[Array, Array]:
        """Derivatives at doubles, a break taken with the piece on its left, and how far they are off."""
        if self._exponential:
            power, off = exponential()(np.minimum(z, 0.0))
            return np.where(z > 0, 1.0, self.alpha * power), np.where(z > 0, 0.0, self.alpha * (off + 2 * UNIT))
        middle = (2.0 * z + 3.0) / 6.0
        curved = (z > -3.0) & (z <= 3.0)
        return np.where(curved, middle, np.where(z > 3.0, 1.0, 0.0)), np.where(curved, np.abs(middle) * 4 * UNIT, 0.0)

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """B diag(slopes), of the pieces at the doubles."""
        z = inputs[0]
        slopes, errors = self.slopes(z.mid)
        off = self.bend * z.err + norms(errors) * (1 + 8 * UNIT)
        columns = Upper(norms(rows.mid.transpose(0, 2, 1)).value.max(axis=1))
        out = rows.mid * slopes[:, None, :]
        plain = Approx(out, Upper(np.zeros(1)))
        return [Approx(out, self.steepest * rows.err + columns * off + plain.norms * (2 * UNIT) + _LOST)]

    def margins(self, z: Approx, classes: Array | None) -> Margins:
        """Distances of every entry from the nearest break, infinite where there is none."""
        return nearest(z, self.breaks)

    def rules(self, around: Around) -> CurvedRules:
        """Kinks, and weights on what it reads."""
        columns, u = around.columns, self.inputs[0]
        mu, root = (around.weighted(of.value, u) for of in (columns, columns.root()))
        return CurvedRules(*known(self, around), columns.max(), mu, root, self.bend)


@dataclass(frozen=True)
class CurvedRules(KinkRules):
    """A node's kinks, and the weights mu_v[i, k] = |B_v^i[:, k]| on the change of what it reads.

    Attributes:
        top: U^max, the largest of them.
        mu: section 2's norms weighted with mu.
        root: with sqrt(mu).
        bend: s2.
    """

    top: Upper
    mu: Weighted
    root: Weighted
    bend: Upper

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """s1 Y, the jumps, and s2 Om(mu, u)."""
        weighted = self.mu.row(at, single) + at.values(self.kind.inputs[0], single) * at.moved_back(self.index, True)
        return super().backward(at, argument, single) + weighted * self.bend

    def curvature(self, at: Rows) -> list[Array]:
        """s2 [(Om'(sqrt mu) . t)(om'(sqrt mu) . t) + db (X' . t)(x' . t)], or s2 Ub (X' . t)(x' . t)."""
        half = Upper(0.5) * self.bend
        (u,), moved = self.kind.inputs, at.moved_back(self.index, True)
        plain = Upper(symmetric(at.values(u, False), at.values(u, True)))
        weighted = Upper(symmetric(self.root.row(at, False), self.root.row(at, True)))
        return [(half * (weighted + plain * moved)).value, (half * (self.top + moved) * plain).value]
