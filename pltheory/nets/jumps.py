"""Jumps of the derivative at kinks: which tokens may change their piece in a ball, and what that adds to the bounds.

A token that is not in the interior of its piece has moved by its margin at least, and all tokens of a sample together
move by no more than the sample's values do: so which sets can change is a knapsack (THEORY_RELU section 4). What a
jump adds to a backward row is a constant beside what is linear in the radius; it stands in the row under an index of
its own below 0, and travels on with the row's factors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from ..rigor.roundoff import Array, add_up, down, mul_up, quiet, sum_up, up
from ..theory.arithmetic import Scalar
from .fitting import Indices
from .passages import Passages
from .tape import Reach
from .units import UnitRows

HEADROOM = 1.0 + 2.0**-20
"""A token counts as kept where its margin exceeds that times its reach: a recheck rounds otherwise."""


@dataclass(frozen=True, eq=False)
class Margins:
    """How far tokens are from kinks; n samples, T tokens.

    Attributes:
        nearest: (n, T), lower bounds of a token's distance to the nearest kink.
        level: (n, T), signed distance of the largest entry from 0; infinite where its sign does not matter; of a
            function of one entry as `nearest`.
        gaps: (n, T, d), how far every entry is below the largest, infinite for that itself; None of one entry.
        windows: (T, d), the entries of every token, -1 for none; None where a token is one entry.
        silent: whether a token is 0 as long as all its entries are negative.
    """

    nearest: Array
    level: Array
    gaps: Array | None = None
    windows: Indices | None = None
    silent: bool = False

    def kept(self, whole: float, entries: Array | None) -> np.ndarray:
        """Which tokens surely stay in the interior of their piece, or do not matter; (n, T).

        Args:
            whole: upper bound of how far all entries of a sample go together.
            entries: how far every entry goes, (n, N), or None.
        """
        found = self.nearest > mul_up(whole, HEADROOM)
        if entries is None:
            return np.asarray(found)
        # What is no number, of an overflow, stays none: nothing is known of its token.
        entries = np.where(entries == 0, 0.0, mul_up(entries, HEADROOM))
        if self.gaps is None or self.windows is None:
            # An entry that no parameter moves has no derivative either, on whatever side of a kink it stands.
            return np.asarray(found | (self.nearest > entries) | (entries == 0))
        there = self.windows >= 0
        each = np.where(there, entries[:, np.maximum(self.windows, 0)], 0.0)  # (n, T, d)
        # A place that holds nothing was compared as if it held entry 0.
        chosen = np.argmax((self.gaps == np.inf) & there, axis=-1)
        top = np.take_along_axis(each, chosen[:, :, None], -1)
        ahead = (self.gaps > add_up(top, each)) | ((top == 0) & (each == 0)) | ~there
        lead = top[:, :, 0]
        stays = ahead.all(-1) & ((np.abs(self.level) > lead) | (lead == 0))
        if self.silent:
            below = (down(self.gaps - self.level[:, :, None]) > each) | (each == 0) | ~there
            stays |= (self.level <= 0) & ((-self.level > lead) | (lead == 0)) & below.all(-1)
        return np.asarray(found | stays)

    def entries(self, tokens: np.ndarray, size: int) -> np.ndarray:
        """The entries, (n, size), that stand in a token named by (n, T)."""
        if self.windows is None:
            return tokens
        of, place = np.nonzero(self.windows >= 0)
        ones = np.ones(len(of), dtype=np.int64)
        holds = csr_array((ones, (self.windows[of, place], of)), shape=(size, len(self.windows)))
        return np.asarray(holds @ tokens.T.astype(np.int64) > 0).T

    def first_of(self, entries: Array) -> Array:
        """Of numbers by entry, (N,), that of one entry of every token; (T,)."""
        return entries if self.windows is None else entries[self.windows.max(1)]


@dataclass(frozen=True, eq=False)
class Kinks:
    """Numbers of a node with kinks at the centre.

    Attributes:
        s1: Lipschitz constant of a token's map.
        root: root of the number of tokens that one entry stands in.
        multiplicity: that number.
        js: how far a token's derivative may jump.
        margins: of the tokens.
        columns: (n, T), upper bounds of the norms of the columns of B_v^i.
        reach: of the entries that it reads, or None.
    """

    s1: Scalar
    root: Scalar
    multiplicity: int
    js: Scalar
    margins: Margins
    columns: Array
    reach: Reach | None


@dataclass
class Jumping:
    """That pieces may change, and between which weights.

    Attributes:
        units: of affine nodes directly below a node with kinks.
        start: of a pair of weights, how far the first is from the centre at most; None for the centre and any weights.
        step: how far the second is from the first at most.
        flips: which tokens may change, by node.
        own: by affine node, for the jump of the node directly above it: its index in rows, and a bound of what it adds
            to the Jacobian's rows there.
        restricted: norms of patches where tokens may change, by node with kinks and token; the same in both sweeps.
        passages: of dense affine nodes between nodes with kinks.
        passing: what of the jump of the node directly above passes one, by that node; the same in both sweeps.
    """

    units: Mapping[int, UnitRows]
    start: Scalar | None = None
    step: Scalar | None = None
    flips: dict[int, np.ndarray] = field(default_factory=dict)
    own: dict[int, list[tuple[int, Scalar]]] = field(default_factory=dict)
    restricted: dict[int, Array] = field(default_factory=dict)
    passages: Passages = field(default_factory=dict)
    passing: dict[int, float] = field(default_factory=dict)


def index_of(v: int) -> int:
    """Under which a node's jump stands in rows."""
    return -2 - v


def node_of(index: int) -> int:
    """Whose jump that is."""
    return -2 - index


@quiet
def knapsack(values: Array, costs: Array, capacity: float, allowed: np.ndarray) -> float:
    """Upper bound of the sum of values over any set of allowed items whose costs sum to at most the capacity.

    `lam cap + sum (value - lam cost)_+` is one for every lam >= 0; lam is that of the greedy fractional solution.

    Args:
        values, costs: (k,), nonnegative; costs lower bounds.
        capacity: upper bound.
        allowed: (k,).
    """
    value, cost = values[allowed], costs[allowed]
    whole = float(sum_up(value)) if value.size else 0.0
    if not whole < math.inf:
        return math.inf  # no number included: a largest of several would pass over it
    if whole == 0.0:
        return 0.0
    order = np.argsort(-(value / np.maximum(cost, 1e-300)))
    used = np.cumsum(cost[order])
    last = int(np.searchsorted(used, capacity, side="right"))
    if last >= len(order):
        return whole
    lam = float(value[order[last]] / max(float(cost[order[last]]), 1e-300))
    if not math.isfinite(lam):
        return whole
    over = np.maximum(0.0, up(value - down(lam * cost)))
    return min(whole, float(add_up(mul_up(lam, capacity), sum_up(over))))
