"""Which tokens of a node with kinks may leave their piece: margins at the centre against how far numbers go.

A token stays if the values that it reads go, together, by less than its margin, or entry by entry by less than what
separates the entry taken from the others and from 0 (THEORY_RELU sections 1 and 3). An entry that nothing moves has no
derivative in the weights either, on whatever side of a kink it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..fields import Array
from ..midpoint import Upper


@dataclass(frozen=True, eq=False)
class Margins:
    """Lower bounds; n samples, T tokens.

    Attributes:
        nearest: (n, T), Euclidean distance of a token's entries from the complement of its piece.
        gaps: (n, T, d), how far every entry of a window is below the one taken; infinite for that one, for entries that
            are the same function of the weights, and where there is none. None where a token is one entry.
        place: (n, T), which of the d entries is taken.
        windows: (T, d), entries; -1 for none.
        size: (n, T), modulus of the entry taken, where its sign matters.
        quiet: (n, T, d), how far every entry is below 0, where a window without positive entries is 0.
    """

    nearest: Array
    gaps: Array | None = None
    place: Array | None = None
    windows: Array | None = None
    size: Array | None = None
    quiet: Array | None = None

    def kept(self, whole: float, entries: Array | None) -> Array:
        """Which tokens surely stay, or do not matter, (n, T).

        Args:
            whole: how far all entries of any one sample go together, at most.
            entries: how far every entry goes at most, (n, N_u), or None.
        """
        stays = (self.nearest > whole) | (whole == 0)
        if entries is None:
            return np.asarray(stays)
        if self.gaps is None or self.windows is None or self.place is None:
            return np.asarray(stays | (self.nearest > entries) | (entries == 0))
        each = np.where(self.windows >= 0, entries[:, np.maximum(self.windows, 0)], 0.0)
        lead = np.take_along_axis(each, self.place[:, :, None], 2)
        ahead = (self.gaps > (Upper(lead) + Upper(each)).value) | ((lead == 0) & (each == 0))
        # The entry taken has the gap infinity; an entry of an infinite reach is ahead of nothing.
        found = (ahead & np.isfinite(each)).all(axis=2)
        lead = lead[:, :, 0]
        if self.size is not None:
            found &= (self.size > lead) | (lead == 0)
        if self.quiet is not None:
            found |= ((self.quiet > each) | (each == 0)).all(axis=2)
        return np.asarray(stays | found)

    def entries(self, tokens: Array, size: int) -> Array:
        """Which entries, (n, size), stand in tokens (n, T)."""
        if self.windows is None:
            return tokens
        found = np.zeros((len(tokens), size), dtype=bool)
        sample, token = np.nonzero(tokens)
        for places in self.windows.T[:, token]:
            there = places >= 0
            found[sample[there], places[there]] = True
        return found

    @property
    def first(self) -> Array | None:
        """An entry of every token; None where tokens are entries."""
        return None if self.windows is None else self.windows.max(axis=1)


@dataclass(frozen=True, eq=False)
class Reach:
    """How far single entries of an affine node's output go: `|e~_ip| t_g + (c_o + scale s) (x_u . t)`.

    Attributes:
        group: gamma.
        parent: the node that it reads.
        own: |e~_ip| of every entry, (n, N).
        weights: c_o = |kappa| |W_o|, times the root of how often an entry may stand in one patch, (N,).
        scale: |kappa| times that root.
        classes: (n, N), entries of one sample and class are one function of the weights; None where none are known.
    """

    group: int
    parent: int
    own: Upper
    weights: Upper
    scale: Upper
    classes: Array | None

    def over(self, row: Upper, radius: Upper, moved: Upper, length: Upper) -> Array:
        """Upper bounds, (n, N), exactly 0 of what no parameter moves.

        Args:
            row: x_u over the groups.
            radius: of the ball in which the weights W_o lie about the centre.
            moved: how far the values read may be from the centre's already, for any sample.
            length: |t|.
        """
        passed = self.weights + self.scale * radius
        own = self.own + self.scale * moved
        own = own + Upper(passed.value[None, :]) * float(row.value[self.group])
        others = np.delete(row.value, self.group)
        rest = passed * (Upper(others).norm() if others.any() else Upper(0.0))
        squares = own * own + Upper((rest * rest).value[None, :])
        return (length * squares.root()).value
