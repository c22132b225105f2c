"""C: functions of one entry whose pieces are curved, with or without kinks between them: ELU, CELU, SELU, hardswish.

A piece is followed beyond its ends with the derivative that it has there: so the derivative of a chosen piece has the
Lipschitz constant s2 on the whole line, on whichever side of a kink an enclosed argument may stand (THEORY_RELU
section 1, K1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...rigor.roundoff import Array, up
from ...theory.arithmetic import Scalar
from ...theory.rows import Pair, scaled, together
from ..fields.protocol import Field, Values
from ..fitting import GroupShapes, require
from ..jumps import Kinks, Margins
from ..quadratic import Quadratic
from ..sweep import Sweep
from ..tape import Tape, Weighted
from .kinks import Kinked, distances

MAPS = ("elu", "hardswish")
"""z or alpha (e^z - 1) below 0; z min(max(z + 3, 0), 6) / 6."""
_THIRD = float(up(1.0 / 3.0))


@dataclass(frozen=True, eq=False)
class CurvedNumbers(Kinks):
    """Numbers of a node with curved pieces at the centre, beside those of its kinks.

    Attributes:
        s2: Lipschitz constant of the derivative of a piece.
        largest: U_v, the largest column norm.
        terms: the terms of Om(mu_v, u), mu_v the column norms of B_v over outputs.
        roots: those of Om(sqrt mu_v, u).
    """

    s2: Scalar
    largest: Scalar
    terms: tuple[Weighted, ...]
    roots: tuple[Weighted, ...]


@dataclass(frozen=True, eq=False)
class Curved(Kinked):
    """A continuous function of one entry with curved pieces.

    Attributes:
        map: of `MAPS`.
        alpha: of ELU, above 0; 1 of any other.
    """

    map: str
    alpha: float = 1.0

    name: ClassVar[str] = "curved"

    @property
    def function(self) -> str:
        """In words."""
        return self.map if self.alpha == 1 else f"{self.map} {self.alpha:g}"

    @property
    def settings(self) -> Mapping[str, int | float | str]:
        """The map and its alpha."""
        return {"map": self.map, "alpha": float(self.alpha)}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit, and a function outside the list."""
        require(len(inputs) == 1 and inputs[0] == size, "a curved function has the size of what it reads")
        require(self.map in MAPS, f"{self.map} is no curved function")
        require(2.0**-100 < self.alpha < 2.0**100, "alpha must lie between 2^-100 and 2^100")
        require(self.map == "elu" or self.alpha == 1, f"{self.map} has no alpha")

    @property
    def breaks(self) -> Array:
        """Where the derivative jumps, increasing."""
        if self.map == "hardswish":
            return np.array([-3.0, 3.0])
        return np.zeros(0 if self.alpha == 1 else 1)

    @property
    def sides(self) -> list[tuple[float, float]]:
        """The slopes before and behind every break."""
        if self.map == "hardswish":
            return [(0.0, -0.5), (1.5, 1.0)]
        return [] if self.alpha == 1 else [(self.alpha, 1.0)]

    def slope(self) -> float:
        """S1: 3/2 at the upper kink of hardswish, 1 or alpha of ELU."""
        return 1.5 if self.map == "hardswish" else max(1.0, self.alpha)

    def bend(self) -> float:
        """S2: the Lipschitz constant of a piece's derivative, from above."""
        return _THIRD if self.map == "hardswish" else self.alpha

    def jump(self) -> float:
        """Js: 1/2 at the kinks of hardswish, |1 - alpha| at that of ELU."""
        if self.map == "hardswish":
            return 0.5
        return 0.0 if self.alpha == 1 else float(up(abs(1.0 - self.alpha)))

    @property
    def multiplicity(self) -> int:
        """1."""
        return 1

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """phi(Z)."""
        f, z = tape.field, tape.values[inputs[0]]
        at = f.settled(z)
        if self.map == "hardswish":
            out = f.applied(at, _hardswish, self.slope(), 4)
        else:
            below = f.add(self._power(f, at), f.constant(np.array(-1.0)))
            out = f.add(f.applied(at, _positive, 1.0, 0), f.scaled(below, self.alpha))
        return f.carried(out, self.slope, z)

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """B_v o phi'(Z)."""
        f, n, c = tape.field, tape.samples, tape.outputs
        slope = self._slopes(f, tape.values[inputs[0]])
        size = f.shape(slope)[1]
        rows = f.times(tape.by_sample(tape.rows[v]), f.reshape(slope, n, 1, size))
        return [f.reshape(rows, n * c, size)]

    def _slopes(self, f: Field, z: Values) -> Values:
        """The derivatives of the pieces that the middle of z is on."""
        at = f.settled(z)
        if self.map == "hardswish":
            out = f.applied(at, _hardswish_slope, self.bend(), 3)
        else:
            below = f.middle(z) <= 0
            curved = f.masked(self._power(f, at), np.where(below, self.alpha, 0.0), self.alpha)
            out = f.add(curved, f.constant(np.where(below, 0.0, 1.0)))
        return f.carried(out, self.bend, z)

    def _power(self, f: Field, at: Values) -> Values:
        """e^min(z, 0)."""
        return f.exponential(f.applied(at, _negative, 1.0, 0))

    def margins(self, tape: Tape, u: int) -> Margins:
        """Distances from the nearest kink; infinite where there is none."""
        nearest = distances(tape.field, tape.values[u], self.breaks)
        return Margins(nearest, nearest)

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> CurvedNumbers:
        """As of any kinks, and weighted norms of what the function reads."""
        at, f, u = super().numbers(tape, v, inputs), tape.field, inputs[0]
        terms = tape.weighted(u, at.columns)
        roots = tape.weighted(u, np.asarray(f.root(at.columns)))
        known = (at.s1, at.root, at.multiplicity, at.js, at.margins, at.columns, at.reach)
        return CurvedNumbers(*known, self.bend(), float(at.columns.max(initial=0.0)), tuple(terms), tuple(roots))

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """s1 Y_v, the jumps, and s2 Om(mu_v, u); where B_v has moved, Om(mu_v, u) + db_v X_u."""
        at: CurvedNumbers = sweep.numbers[v]
        moved = sweep.before_back(v).sample
        bent = together(sweep.weighted(at.terms, at.largest, inputs[0]), sweep.forward[inputs[0]].scaled(moved))
        (jumping,) = super().backward_change(sweep, v, inputs)
        return [together(jumping, bent.scaled(at.s2))]

    def curvature(self, sweep: Sweep, v: int, inputs: Sequence[int], form: Quadratic) -> None:
        """s2 [(Om'(sqrt mu, u) . t)(om'(sqrt mu, u) . t) + db_v (X'_u . t)(x'_u . t)]."""
        at: CurvedNumbers = sweep.numbers[v]
        weighted, x = sweep.weighted(at.roots, at.largest, inputs[0]), sweep.forward[inputs[0]]
        form.add(scaled(at.s2, weighted.batch), weighted.sample)
        form.add(scaled(at.s2 * sweep.before_back(v).sample, x.batch), x.sample)


def _positive(z: Array) -> Array:
    return np.maximum(z, 0.0)


def _negative(z: Array) -> Array:
    return np.minimum(z, 0.0)


def _hardswish(z: Array) -> Array:
    return z * np.clip(z + 3.0, 0.0, 6.0) / 6.0


def _hardswish_slope(z: Array) -> Array:
    # A kink belongs to the piece on its left.
    return np.where(z <= -3.0, 0.0, np.where(z <= 3.0, (2.0 * z + 3.0) / 6.0, 1.0))


def elu(alpha: float = 1.0) -> Curved:
    """z above 0, alpha (e^z - 1) below."""
    return Curved("elu", alpha)


def hardswish() -> Curved:
    """z min(max(z + 3, 0), 6) / 6."""
    return Curved("hardswish")
