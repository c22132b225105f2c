"""K: continuous piecewise linear functions of one entry, and maxima over windows (THEORY_RELU section 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np

from ...fields import Array
from ...midpoint import UNIT, Approx, Upper, gamma, norms
from ..margins import Margins
from .kind import Around, Kind
from .rows import Row, Rows
from .stored import Arrays, Keys, Shapes

_EXACT = (-1.0, 0.0, 1.0)
"""Slopes that multiply without rounding."""
_MOST_BREAKS = 1000
"""Of a piecewise linear function."""


@dataclass(frozen=True, eq=False)
class PiecewiseLinear(Kind):
    """a = slopes[j] z + intercepts[j] between breaks j - 1 and j; every entry is a token.

    Attributes:
        breaks: (k,), increasing.
        slopes, intercepts: (k + 1,); a piece has intercept 0 or one of the slopes -1, 0, 1, so it rounds once.
    """

    name = "piecewise-linear"
    keeps_size = True
    axes: ClassVar = {"breaks": 1, "slopes": 1, "intercepts": 1}
    kinked = True

    size: int
    inputs: tuple[int, ...]
    breaks: Array
    slopes: Array
    intercepts: Array

    multiplicity = 1

    @classmethod
    def require_shapes(cls, shapes: Shapes) -> None:
        """A piece more than breaks."""
        pieces = (shapes.own("breaks")[0] + 1,)
        shapes.require_own("slopes", pieces, "breaks")
        shapes.require_own("intercepts", pieces, "breaks")

    @classmethod
    def stored(cls, arrays: Arrays) -> PiecewiseLinear:
        """The function: continuous, every piece computed with one rounding."""
        breaks, slopes, intercepts = (arrays.own(name) for name in cls.axes)
        if len(breaks) > _MOST_BREAKS:
            arrays.refuse("breaks", f"has {len(breaks)} numbers, allowed are {_MOST_BREAKS}")
        if not (np.diff(breaks) > 0).all():
            arrays.refuse("breaks", "must increase strictly")
        if not ((intercepts == 0) | np.isin(slopes, _EXACT)).all():
            arrays.refuse("intercepts", "must be 0 where a slope is not -1, 0 or 1")
        for j, z in enumerate(map(Fraction, breaks.tolist())):
            left, right = (Fraction(float(slopes[k])) * z + Fraction(float(intercepts[k])) for k in (j, j + 1))
            if left != right:
                arrays.refuse("breaks", f"the function jumps at break {j}")
        return cls(arrays.node.size, arrays.node.inputs, breaks, slopes, intercepts)

    @cached_property
    def steepest(self) -> Upper:
        """s1."""
        return Upper(np.abs(self.slopes)).max()

    @cached_property
    def jump(self) -> Upper:
        """js, from above."""
        most, least = float(self.slopes.max()), float(self.slopes.min())
        exact = {most, least} <= set(_EXACT)
        return Upper(most - least if exact else np.nextafter(most - least, np.inf))

    @cached_property
    def _exact(self) -> bool:
        return bool((np.isin(self.slopes, _EXACT) & ((self.slopes == 0) | (self.intercepts == 0))).all())

    def within(self, positions: int) -> bool:
        """Whether no token holds entries of two units, which have so many entries in a row."""
        return True

    def flat(self, z: Approx) -> Array:
        """Entries whose piece is constant."""
        return self.pieces(z.mid) == 0

    def pieces(self, z: Array) -> Array:
        """The slope at every entry; a break belongs to the piece on its left."""
        return self.slopes[np.searchsorted(self.breaks, z, side="left")]

    def forward(self, inputs: list[Approx]) -> Approx:
        """The function."""
        j = np.searchsorted(self.breaks, inputs[0].mid, side="left")
        out = self.slopes[j] * inputs[0].mid + self.intercepts[j]
        lost = Upper(np.zeros(len(out))) if self._exact else norms(out) * (2 * UNIT) + Upper(2.0**-1000)
        return Approx(out, lost)

    def carried(self, inputs: list[Approx]) -> Upper:
        """It is s1-Lipschitz."""
        return self.steepest * inputs[0].err

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """B diag(slopes), of the pieces at the doubles."""
        out = rows.mid * self.pieces(inputs[0].mid)[:, None, :]
        err = self.steepest * rows.err
        if not self._exact:
            err = err + Approx(out, err).norms * (2 * UNIT) + Upper(2.0**-1000)
        return [Approx(out, err)]

    def margins(self, z: Approx, classes: Array | None) -> Margins:
        """Distances of every entry from the nearest break."""
        return nearest(z, self.breaks)

    def rules(self, around: Around) -> KinkRules:
        """Its kinks."""
        return KinkRules(*known(self, around))


def nearest(z: Approx, breaks: Iterable[float]) -> Margins:
    """Of functions of one entry: distances from the nearest break."""
    away = np.full(z.mid.shape, np.inf)
    for b in breaks:
        away = np.minimum(away, np.abs(z.mid - b))
    return Margins(_less(away, z.err))


@dataclass(frozen=True, eq=False)
class Maximum(Kind):
    """The largest entry of every window, times `below` where it is negative; every window is a token.

    Attributes:
        windows: (T, d) of indices, none twice in a row; -1 for none.
        below: from 0 (ReLU of the maximum) to 1 (the maximum).
        width: N_u.
    """

    name = "maximum"
    keys = ("slope",)
    axes: ClassVar = {"windows": 2}
    kinked = True

    size: int
    inputs: tuple[int, ...]
    windows: Array
    below: float
    width: int

    @classmethod
    def settings(cls, keys: Keys) -> dict[str, Any]:
        """The slope below 0."""
        slope = keys.number("slope")
        keys.require(0 <= slope <= 1, "slope", "not from 0 to 1")
        return {"slope": slope}

    @classmethod
    def require_shapes(cls, shapes: Shapes) -> None:
        """A window for every output."""
        shapes.require_size(shapes.own("windows")[0])

    @classmethod
    def stored(cls, arrays: Arrays) -> Maximum:
        """The maxima; no window is empty or has an entry twice."""
        node, windows = arrays.node, arrays.indices("windows", arrays.reads[0], lowest=-1)
        ordered = np.sort(windows, axis=1)
        if (ordered[:, -1:] < 0).any():
            arrays.refuse("windows", "has a window without entries")
        if ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] >= 0)).any():
            arrays.refuse("windows", "holds an index twice in a window")
        return cls(node.size, node.inputs, windows, node.more["slope"], arrays.reads[0])

    @cached_property
    def multiplicity(self) -> int:
        """How many windows one entry stands in, at most."""
        return int(np.bincount(self.windows[self.windows >= 0]).max())

    @cached_property
    def root(self) -> Upper:
        """sqrt(mult), the Lipschitz constant of all windows together."""
        return Upper(1.0) if self.multiplicity == 1 else Upper(float(self.multiplicity)).root()

    @property
    def steepest(self) -> Upper:
        """s1 of one window."""
        return Upper(1.0)

    @property
    def jump(self) -> Upper:
        """js = sqrt(2): from one entry to another."""
        return Upper(2.0).root()

    def within(self, positions: int) -> bool:
        """Whether no window holds entries of two units, which have so many entries in a row."""
        unit = np.where(self.windows >= 0, self.windows // positions, -1)
        return bool(((unit < 0) | (unit == unit.max(axis=1, keepdims=True))).all())

    def _entries(self, z: Array) -> Array:
        return np.where(self.windows >= 0, z[:, self.windows], -np.inf)

    def chosen(self, z: Array) -> tuple[Array, Array]:
        """Of every window the entry that it takes, (n, T), and the factor with which."""
        entries = self._entries(z)
        place = entries.argmax(axis=2)[:, :, None]
        index = np.take_along_axis(np.broadcast_to(self.windows, entries.shape), place, 2)[:, :, 0]
        return index, np.where(entries.max(axis=2) > 0, 1.0, self.below)

    def forward(self, inputs: list[Approx]) -> Approx:
        """The maxima."""
        top = self._entries(inputs[0].mid).max(axis=2)
        out = np.where(top > 0, top, self.below * top)
        exact = self.below in _EXACT
        return Approx(out, Upper(np.zeros(len(out))) if exact else norms(out) * (2 * UNIT) + Upper(2.0**-1000))

    def carried(self, inputs: list[Approx]) -> Upper:
        """Of every window 1-Lipschitz."""
        return self.root * inputs[0].err

    def backward(self, rows: Approx, inputs: list[Approx], output: Approx) -> list[Approx]:
        """Every row's entry goes to the entry that its window takes at the doubles."""
        n, heads, _ = rows.mid.shape
        index, factor = self.chosen(inputs[0].mid)
        values = rows.mid * factor[:, None, :]
        flat = (np.arange(n * heads) * self.width).reshape(n, heads, 1) + index[:, None, :]
        out = np.bincount(flat.ravel(), weights=values.ravel(), minlength=n * heads * self.width)
        lost = Approx(values, rows.err).norms * gamma(self.multiplicity + 1) * self.root + Upper(2.0**-1000)
        return [Approx(out.reshape(n, heads, self.width), self.root * rows.err + lost)]

    def flat(self, z: Approx) -> Array:
        """Windows that are 0 as they stand: none of their entries is positive, and ReLU comes behind."""
        return (self._entries(z.mid).max(axis=2) <= 0) & (self.below == 0)

    def margins(self, z: Approx, classes: Array | None) -> Margins:
        """Of the entry taken from the others and, where its sign matters, from 0.

        Args:
            z: what it reads.
            classes: (n, N_u), entries of one sample and class are one function of the weights; None where none are.
        """
        entries = self._entries(z.mid)
        place = entries.argmax(axis=2)[:, :, None]
        top = np.take_along_axis(entries, place, 2)
        # The errors of two entries of one sample differ by at most sqrt(2) times what they are together.
        gaps = _less(top - entries, z.err * 1.5)
        np.put_along_axis(gaps, place, np.inf, 2)
        if classes is not None:
            of = classes[:, np.maximum(self.windows, 0)]
            gaps[of == np.take_along_axis(of, place, 2)] = np.inf
        gaps[:, self.windows < 0] = np.inf
        gaps = np.maximum(gaps, 0.0)
        between = _down(gaps.min(axis=2) / _ROOT_TWO)
        top = top[:, :, 0]
        if self.below == 1:
            return Margins(between, gaps, place[:, :, 0], self.windows)
        size = _less(np.abs(top), z.err)
        nearest = np.minimum(size, between)
        quiet = None
        if self.below == 0:
            # Where all are negative the others have no say.
            nearest = np.where(top > 0, nearest, size)
            quiet = np.where(self.windows >= 0, _less(-entries, z.err), np.inf)
            quiet[top > 0] = -1.0
        return Margins(nearest, gaps, place[:, :, 0], self.windows, size, quiet)

    def rules(self, around: Around) -> KinkRules:
        """Its kinks; entries of one class are no kink of each other's."""
        reach = around.reach(self.inputs[0])
        return KinkRules(*known(self, around, None if reach is None else reach.classes))


class Kink(Protocol):
    """What jumps and margins need of a kind with kinks."""

    @property
    def inputs(self) -> tuple[int, ...]:
        """The node that it reads."""
        ...

    @property
    def multiplicity(self) -> int:
        """How many tokens one entry stands in, at most."""
        ...

    @property
    def steepest(self) -> Upper:
        """s1."""
        ...

    @property
    def jump(self) -> Upper:
        """js."""
        ...

    def within(self, positions: int) -> bool:
        """Whether no token holds entries of two units."""
        ...

    def flat(self, z: Approx) -> Array:
        """Which tokens are on a constant piece, (n, T)."""
        ...

    def margins(self, z: Approx, classes: Array | None) -> Margins:
        """How far every token is from a kink."""
        ...


_ROOT_TWO = float(Upper(2.0).root().value)


def _down(x: Array) -> Array:
    return np.maximum(np.nextafter(x, -np.inf), 0.0)


def _less(away: Array, err: Upper) -> Array:
    """Lower bounds of distances: differences of doubles, rounded once, less what every sample's numbers are off."""
    off = err.value.reshape(-1, *[1] * (away.ndim - 1))
    return np.nextafter(np.nextafter(away, -np.inf) - off, -np.inf)


@dataclass(frozen=True, eq=False)
class KinkRules:
    """What jumps and margins need of a node with kinks.

    Attributes:
        margins: of its tokens.
        columns: (n, T), |B_v^i[:, tok]| from above.
        moves: whether parameters move what it reads and the output reads it.
        flat: (n, T), tokens on a constant piece.
    """

    kind: Kink
    index: int
    margins: Margins
    columns: Upper
    moves: bool
    flat: Array

    @cached_property
    def passing(self) -> Upper:
        """s1 sqrt(mult)."""
        return self.kind.root if isinstance(self.kind, Maximum) else self.kind.steepest

    @cached_property
    def jumping(self) -> Upper:
        """js sqrt(mult)."""
        return self.kind.jump * self.kind.root if isinstance(self.kind, Maximum) else self.kind.jump

    def forward(self, at: Rows, single: bool) -> Row:
        """s1 X."""
        return at.values(self.kind.inputs[0], single) * self.passing

    def backward(self, at: Rows, argument: int, single: bool) -> Row:
        """s1 Y, and what the jumps of its tokens add where any may leave its piece."""
        return at.back(self.index, single) * self.passing + at.jumped(self.index, single)

    def jacobian(self, at: Rows) -> list[Array]:
        """None."""
        return []

    def curvature(self, at: Rows) -> list[Array]:
        """None: pieces are linear."""
        return []


def known(
    kind: Kink, around: Around, classes: Array | None = None
) -> tuple[Kink, int, Margins, Upper, bool, Array]:
    """The fields of KinkRules; classes as of `Kink.margins`."""
    z = around.value(kind.inputs[0])
    return kind, around.index, kind.margins(z, classes), around.columns, around.crossed, kind.flat(z)
