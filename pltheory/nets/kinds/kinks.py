"""K: maps with kinks, piecewise affine: ReLU and its like entry by entry, maxima over windows (THEORY_RELU section 1).

Near weights at which no argument meets a kink such a node is the affine map of its pieces, and a network with it is one
of class G whose pieces belong to the sample (Theorem P). Where arguments may cross a kink, the derivative jumps.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar

import numpy as np

from ...rigor.roundoff import Array, add_up, down, mul_up, quiet, sqrt_up, up
from ...theory.rows import Pair, together
from ..fields.protocol import Field, Values
from ..fitting import GroupShapes, Indices, require, require_indices
from ..jumps import Kinks, Margins, index_of, knapsack
from ..sweep import Sweep
from ..tape import Tape
from .kind import Kind

ROOT_TWO = float(sqrt_up(2.0))


class Kinked(Kind):
    """A kind with kinks; its tokens are what one piece is chosen for."""

    @abstractmethod
    def jump(self) -> float:
        """js: how far the derivative of one token may jump, from above."""

    @abstractmethod
    def slope(self) -> float:
        """s1: the Lipschitz constant of one token's map, from above."""

    @property
    @abstractmethod
    def multiplicity(self) -> int:
        """How many tokens one entry of the input stands in, at most."""

    def within_units(self, positions: int) -> bool:
        """Whether no token holds entries of two units, where a unit's entries are so many in a row."""
        return True

    def silent(self, tape: Tape, u: int) -> np.ndarray | None:
        """Which tokens are constant on the piece that they are on, (n, T); None where that is of no use."""
        return None

    @abstractmethod
    def margins(self, tape: Tape, u: int) -> Margins:
        """How far the tokens of node u are from kinks."""

    def numbers(self, tape: Tape, v: int, inputs: Sequence[int]) -> Kinks:
        """Margins, and the norms of what a token's value is sent on by."""
        u, overlapping = inputs[0], self.multiplicity
        root = float(sqrt_up(float(overlapping))) if overlapping > 1 else 1.0
        columns = tape.column_norms(tape.rows[v])
        return Kinks(self.slope(), root, overlapping, self.jump(), self.margins(tape, u), columns, tape.reach(u))

    def forward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> Pair:
        """s1 X_u."""
        at: Kinks = sweep.numbers[v]
        return sweep.forward[inputs[0]].scaled(at.s1 * at.root)

    def backward_change(self, sweep: Sweep, v: int, inputs: Sequence[int]) -> list[Pair]:
        """s1 Y_v, and the jump of the derivative where pieces may change."""
        at: Kinks = sweep.numbers[v]
        old = sweep.backward[v].scaled(at.s1 * at.root)
        jump = _jumped(sweep, v, inputs[0])
        return [old if jump is None else together(old, jump)]


@dataclass(frozen=True, eq=False)
class PiecewiseLinear(Kinked):
    """A continuous piecewise affine function of one entry: slope[j] z + intercept[j] between breaks j - 1 and j.

    Attributes:
        breaks: (k,), increasing.
        slopes: (k + 1,).
        intercepts: (k + 1,).
    """

    breaks: Array
    slopes: Array
    intercepts: Array

    name: ClassVar[str] = "piecewise-linear"

    @property
    def function(self) -> str:
        """In words."""
        known = NAMES.get(_key(self))
        if known is None and len(self.breaks) == 1 and not self.breaks.any() and self.slopes[1] == 1:
            return f"leaky relu {self.slopes[0]:g}"
        return known or "a piecewise linear function"

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """Breaks, slopes and intercepts."""
        return {"breaks": self.breaks, "slopes": self.slopes, "intercepts": self.intercepts}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit, and a function with a jump."""
        require(len(inputs) == 1 and inputs[0] == size, "a piecewise linear function has the size of what it reads")
        b, s, c = (np.asarray(a, dtype=np.float64) for a in (self.breaks, self.slopes, self.intercepts))
        require(b.ndim == s.ndim == c.ndim == 1 and len(s) == len(c) == len(b) + 1, "pieces do not fit the breaks")
        require(bool(np.isfinite(np.concatenate([b, s, c])).all()), "a piece is not finite")
        require(bool((np.diff(b) > 0).all()), "breaks must increase")
        values = [[Fraction(float(s[j + i])) * Fraction(float(x)) + Fraction(float(c[j + i])) for i in (0, 1)]
                  for j, x in enumerate(b)]  # fmt: skip
        require(all(left == right for left, right in values), "the function jumps at a break")
        # Then every piece is computed with one rounding at most.
        require(bool(((c == 0) | np.isin(s, (-1.0, 0.0, 1.0))).all()), "a piece has a slope and an intercept")

    def slope(self) -> float:
        """max |slope|."""
        return float(np.max(np.abs(self.slopes)))

    def jump(self) -> float:
        """Largest difference of two slopes."""
        return float(up(np.max(self.slopes) - np.min(self.slopes)))

    @property
    def multiplicity(self) -> int:
        """1."""
        return 1

    @property
    def sides(self) -> list[tuple[float, float]]:
        """The slopes before and behind every break."""
        return list(pairwise(self.slopes.tolist()))

    def _piece(self, z: Array) -> Indices:
        # A kink belongs to the piece on its left; any derivative between the two will do.
        return np.searchsorted(self.breaks, z, side="left")

    def _values(self, z: Array) -> Array:
        j = self._piece(z)
        return self.slopes[j] * z + self.intercepts[j]

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """phi(Z)."""
        plain = bool(np.isin(self.slopes, (-1.0, 0.0, 1.0)).all()) and not (self.slopes * self.intercepts).any()
        return tape.field.applied(tape.values[inputs[0]], self._values, self.slope(), 0 if plain else 1)

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """B_v o phi'(Z)."""
        f, n, c = tape.field, tape.samples, tape.outputs
        slope = self.slopes[self._piece(f.middle(tape.values[inputs[0]]))]
        rows = f.masked(tape.by_sample(tape.rows[v]), slope[:, None, :], self.slope())
        return [f.reshape(rows, n * c, slope.shape[1])]

    def silent(self, tape: Tape, u: int) -> np.ndarray:
        """Entries on a flat piece."""
        return np.asarray(self.slopes[self._piece(tape.field.middle(tape.values[u]))] == 0)

    def margins(self, tape: Tape, u: int) -> Margins:
        """Distances from the nearest break."""
        nearest = distances(tape.field, tape.values[u], self.breaks)
        return Margins(nearest, nearest)


@dataclass(frozen=True, eq=False)
class Maximum(Kinked):
    """The largest entry of every window, times a slope where it is negative: max pooling, with (leaky) ReLU before it.

    Attributes:
        windows: (T, d), entries of the input, none twice; -1 behind the last.
        slope_below: 1 for a maximum alone, alpha in [0, 1) for (leaky) ReLU of it.
    """

    windows: Indices
    slope_below: float = 1.0

    name: ClassVar[str] = "maximum"

    @property
    def function(self) -> str:
        """In words."""
        return "max pooling" if self.slope_below == 1 else "ReLU and max pooling"

    @property
    def settings(self) -> Mapping[str, int | float | str]:
        """The slope below zero."""
        return {"slope": float(self.slope_below)}

    @property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The windows."""
        return {"windows": self.windows}

    def require_fitting(self, inputs: Sequence[int], size: int, groups: Sequence[GroupShapes]) -> None:
        """Refuse sizes that do not fit."""
        require(len(inputs) == 1, "a maximum reads one other node")
        require_indices(self.windows, 2, inputs[0], "windows", padding=True)
        require(len(self.windows) == size >= 1, "a maximum has another size")
        require(bool((self.windows >= 0).any(1).all()), "a window is empty")
        ordered = np.sort(self.windows, axis=1)
        require(not ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] >= 0)).any(), "a window holds an entry twice")
        require(0 <= self.slope_below <= 1, "the slope below zero must lie in [0, 1]")

    def slope(self) -> float:
        """1."""
        return 1.0

    def jump(self) -> float:
        """sqrt(2): from one entry to another."""
        return ROOT_TWO

    @property
    def multiplicity(self) -> int:
        """How many windows overlap."""
        used = self.windows[self.windows >= 0]
        return int(np.bincount(used).max())

    def _entries(self, z: Array) -> Array:
        """(n, T, d), minus infinity where there is none."""
        return np.where(self.windows >= 0, z[:, self.windows], -np.inf)

    def within_units(self, positions: int) -> bool:
        """Whether no window holds entries of two units."""
        unit = np.where(self.windows >= 0, self.windows // positions, -1)
        return bool(((unit == unit.max(1, keepdims=True)) | (unit < 0)).all())

    def chosen(self, z: Array) -> tuple[Indices, Array]:
        """For every token, (n, T), which entry its value is, and the slope with which."""
        entries = self._entries(z)
        place = entries.argmax(-1)
        index = np.take_along_axis(np.broadcast_to(self.windows, entries.shape), place[:, :, None], -1)[:, :, 0]
        return index, np.where(entries.max(-1) > 0, 1.0, self.slope_below)

    def _values(self, z: Array) -> Array:
        top = self._entries(z).max(-1)
        return top if self.slope_below == 1 else np.where(top > 0, top, self.slope_below * top)

    def forward(self, tape: Tape, v: int, inputs: Sequence[int]) -> Values:
        """The maxima."""
        root = float(sqrt_up(float(self.multiplicity)))
        rounded = 0 if self.slope_below in (0.0, 1.0) else 1
        return tape.field.applied(tape.values[inputs[0]], self._values, root, rounded)

    def backward(self, tape: Tape, v: int, inputs: Sequence[int]) -> list[Values]:
        """Every row's entry goes to the largest entry of its window."""
        f, n, c = tape.field, tape.samples, tape.outputs
        z = f.middle(tape.values[inputs[0]])
        index, slope = self.chosen(z)
        size, (t, d) = z.shape[1], self.windows.shape
        weight = (self.windows == index[:, :, None]) * slope[:, :, None]  # (n, T, d)
        rows = f.reshape(tape.rows[v], n, c, t, 1)
        spread = f.masked(rows, weight[:, None], 1.0)
        inverse = _places(self.windows, size)
        return [f.gathered_sum(f.reshape(spread, n * c, t * d), inverse)]

    def silent(self, tape: Tape, u: int) -> np.ndarray | None:
        """Windows without positive entries, where ReLU comes behind."""
        if self.slope_below != 0:
            return None
        return np.asarray(self.chosen(tape.field.middle(tape.values[u]))[1] == 0)

    def margins(self, tape: Tape, u: int) -> Margins:
        """Of the largest entry from the others and, where its sign matters, from 0."""
        f = tape.field
        z, off = f.middle(tape.values[u]), f.radius(tape.values[u])
        entries = self._entries(z)
        chosen = entries.argmax(-1)
        top = np.take_along_axis(entries, chosen[:, :, None], -1)[:, :, 0]
        gaps = down(down(top[:, :, None] - entries) - 2 * off)
        np.put_along_axis(gaps, chosen[:, :, None], np.inf, -1)
        reach = tape.reach(u)
        if reach is not None and reach.classes is not None:
            # One function of the weights that stands twice: it does not matter which of the two is taken.
            classes = reach.classes[:, np.maximum(self.windows, 0)]
            gaps[classes == np.take_along_axis(classes, chosen[:, :, None], -1)] = np.inf
        between = np.maximum(0.0, down(np.min(gaps, axis=-1) / ROOT_TWO))
        if self.slope_below == 1:
            return Margins(between, np.full(top.shape, np.inf), gaps, self.windows)
        level = np.copysign(np.maximum(0.0, down(np.abs(top) - off)), top)
        nearest = np.minimum(np.abs(level), between)
        if self.slope_below == 0:
            # Below zero the others have no say: the value is 0 as long as all stay there.
            nearest = np.where(top > 0, nearest, -level)
        return Margins(np.maximum(0.0, nearest), level, gaps, self.windows, self.slope_below == 0)


@quiet
def _jumped(sweep: Sweep, v: int, u: int) -> Pair | None:
    """What the jump of the derivative of node v, reading u, adds to Y_u and y_u; None where no piece may change."""
    jumping = sweep.jumping
    if jumping is None:
        return None
    at: Kinks = sweep.numbers[v]
    flips = sweep.flipped(v, u)
    if not flips.any():
        return None
    ops, n = sweep.ops, len(at.columns)
    single, whole = (mul_up(float(at.multiplicity), c, c) for c in sweep.capacities(u))
    # A margin of 0 costs nothing.
    costs = np.maximum(0.0, down(np.square(at.margins.nearest)))
    values = mul_up(at.columns, at.columns)
    moved = sweep.before_back(v)
    js = at.js * at.root
    one = _worst(values, costs, float(single), flips)
    all_of_them = knapsack(values.ravel(), costs.ravel(), float(whole), flips.ravel())
    sample = js * (sweep.zero + float(sqrt_up(one)) + moved.sample)
    batch = js * (sweep.zero + float(sqrt_up(all_of_them)) + moved.batch)
    batch = ops.minimum(batch, sample * float(sqrt_up(float(n))))
    key = index_of(v)
    if u in jumping.units:
        units = jumping.units[u]
        if v not in jumping.restricted:
            by_entry = units.restricted(at.margins.entries(flips, math.prod(units.shape)))
            jumping.restricted[v] = at.margins.first_of(by_entry)
        xi = add_up(jumping.restricted[v], sweep.reaching(u))  # (T,)
        weighted = mul_up(values, xi[None, :], xi[None, :])
        near = float(sqrt_up(_worst(weighted, costs, float(single), flips)))
        largest = float(np.max(np.where(flips.any(0), xi, 0.0)))
        jumping.own.setdefault(u, []).append((key, js * (sweep.zero + near + moved.sample * largest)))
    return Pair({key: batch}, {key: sample})


def distances(field: Field, z: Values, breaks: Array) -> Array:
    """Lower bounds of how far entries are from the nearest break; infinite where there is none."""
    middle, off = field.middle(z), field.radius(z)
    if not len(breaks):
        return np.full(middle.shape, np.inf)
    away = np.full(middle.shape, np.inf)
    for b in breaks:
        away = np.minimum(away, np.abs(middle - b))
    return np.asarray(np.maximum(0.0, down(down(away) - off)))


def _worst(values: Array, costs: Array, capacity: float, flips: np.ndarray) -> float:
    """The largest knapsack of a sample."""
    return max(knapsack(v, c, capacity, f) for v, c, f in zip(values, costs, flips, strict=True))


def _places(windows: Indices, size: int) -> Indices:
    """For every entry of the input where it stands among the T d places, -1 behind the last: (size, mult)."""
    flat = windows.ravel()
    places = np.nonzero(flat >= 0)[0]
    order = places[np.argsort(flat[places], kind="stable")]
    entries = flat[order]
    first = np.searchsorted(entries, entries)
    inverse = np.full((size, max(1, int(np.bincount(flat[places]).max()))), -1, dtype=np.int64)
    inverse[entries, np.arange(len(entries)) - first] = order
    return inverse


def relu() -> PiecewiseLinear:
    """max(z, 0)."""
    return leaky_relu(0.0)


def leaky_relu(alpha: float) -> PiecewiseLinear:
    """Slope alpha below 0, 1 above."""
    return PiecewiseLinear(np.zeros(1), np.array([alpha, 1.0]), np.zeros(2))


def clipped(low: float, high: float) -> PiecewiseLinear:
    """z between two bounds, and the bounds beyond: hardtanh, ReLU6."""
    return PiecewiseLinear(np.array([low, high]), np.array([0.0, 1.0, 0.0]), np.array([low, 0.0, high]))


def shrunk(by: float) -> PiecewiseLinear:
    """z nearer to 0 by that much, and 0 between: softshrink."""
    return PiecewiseLinear(np.array([-by, by]), np.array([1.0, 0.0, 1.0]), np.array([by, 0.0, -by]))


def modulus() -> PiecewiseLinear:
    """|z|."""
    return PiecewiseLinear(np.zeros(1), np.array([-1.0, 1.0]), np.zeros(2))


def _key(kind: PiecewiseLinear) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, (kind.breaks, kind.slopes, kind.intercepts)))


NAMES = {_key(relu()): "relu", _key(modulus()): "modulus", _key(clipped(-1.0, 1.0)): "hardtanh",
         _key(clipped(0.0, 6.0)): "relu6"}  # fmt: skip
