"""Weights on outputs (L2): `||E~_v||_c`, one small Gram matrix a channel, and the same for the worst sample.

`sup_{||Delta||_F <= 1} ||c o (E~ Delta^T)||_F = max over channels of ||diag(c) E~||`: a mean square over
positions where the plain bound has a maximum (THEORY_GRAPHS section 2).
"""

from __future__ import annotations

import numpy as np

from ...rigor.roundoff import Array
from ..fields.protocol import Field, Values
from ..fitting import Indices

TABULATED = 10_000_000
"""Entries of the table of products of a patch's coordinates."""
NARROW = 32
"""Patches of up to so many coordinates have their products tabulated; longer ones are projected on so many."""
FIRST = 64
"""Channels whose norms are found first; then four times as many, and so on."""
CLOSE = 2.0**-40
"""A norm nearer than that to what no channel exceeds is not told apart from it."""
EXACT = 16
"""Channels whose norm is computed without projection, where the projection leaves open which is the largest."""


def weighted_norm(field: Field, patches: Values, c: Array, plain: float) -> float:
    """The largest norm of diag(c_o) E over channels o and the leading axis.

    Channels are taken in the order of their largest weights, until those left cannot have a larger norm. Long patches
    are projected on their leading singular directions V: `||D E|| <= ||D E V|| ||V|| + max(c) ||E - E V
    V^T||` costs a small Gram matrix a channel; those that this leaves in question are then taken as they are.

    Args:
        field: floats, or arrays that count their rounding.
        patches: E, (k, r, q): k stacks of r patches.
        c: nonnegative weights (k, O, r).
        plain: an upper bound of ||E||.
    """
    if field.shape(patches)[1] == 1:
        return float(np.max(field.up(c[:, :, 0], field.lengths(patches, -1)), initial=0.0))
    bounded = _Channels(field, patches, c)
    peaks = c.max(axis=(0, 2), initial=0.0)  # (O,)
    order, best, start, size = np.argsort(-peaks), 0.0, 0, FIRST
    while start < len(order):
        # No channel left has more than its largest weight times the plain norm.
        most = float(field.up(float(peaks[order[start]]), plain))
        if most <= best * (1 + CLOSE):
            return max(best, most)
        best = max(best, min(most, bounded.largest(order[start : start + size])))
        start, size = start + size, 4 * size
    return best


class _Channels:
    """Norms of diag(c_o) E for some channels at a time. Arguments as in `weighted_norm`."""

    def __init__(self, field: Field, patches: Values, c: Array) -> None:
        self._field, self._patches, self._c = field, patches, c
        k, r, q = field.shape(patches)
        most = int(min(NARROW, max(1, (TABULATED / (k * r)) ** 0.5)))
        self._projected = q > most
        self._short, self._rest, self._onto = patches, 0.0, 1.0
        if self._projected:
            directions = field.constant(_leading(field.middle(patches), most))  # (k, q, m)
            self._short = field.product(patches, directions)
            back = field.product(self._short, field.transpose(directions, 0, 2, 1))
            self._rest = field.largest_norm(field.add(patches, field.scaled(back, -1.0)))
            self._onto = field.largest_norm(directions)

    def largest(self, channels: Indices) -> float:
        """Upper bound of the largest."""
        f, c = self._field, np.ascontiguousarray(self._c[:, channels])
        within = _by_channel(f, self._short, c)
        if not self._projected:
            return float(np.max(within, initial=0.0))
        peaks = c.max(axis=2, initial=0.0)  # (k, O)
        bounds = np.asarray(f.sum(f.up(within, self._onto), f.up(peaks, self._rest))).reshape(-1)
        order = np.argsort(-bounds)
        weights, best = c.reshape(-1, c.shape[2]), 0.0
        for place in order[:EXACT]:
            if bounds[place] <= best:
                return best
            w = f.reshape(f.constant(weights[place]), c.shape[2], 1)
            best = max(best, f.norm(f.times(w, f.part(self._patches, int(place) // c.shape[1]))))
        return max(best, float(bounds[order[EXACT]])) if len(order) > EXACT else best


def _by_channel(field: Field, patches: Values, c: Array) -> Array:
    """Upper bounds of ||diag(c_o) E|| for every stack and channel, (k, O)."""
    k, r, q = field.shape(patches)
    pairs = field.times(field.reshape(patches, k, r, q, 1), field.reshape(patches, k, r, 1, q))
    w = field.constant(c)
    grams = field.product(field.times(w, w), field.reshape(pairs, k, r, q * q))
    return field.roots(field.reshape(grams, k * c.shape[1], q, q)).reshape(k, c.shape[1])


def _leading(patches: Array, count: int) -> Array:
    """About the leading right singular vectors of each matrix (k, r, q), as (k, q, m)."""
    _, r, q = patches.shape
    other = patches.swapaxes(1, 2)
    if r >= q:
        return np.ascontiguousarray(np.linalg.eigh(other @ patches)[1][:, :, -count:])
    values, left = np.linalg.eigh(patches @ other)
    lengths = np.sqrt(np.maximum(values[:, -count:], np.finfo(float).tiny))
    # Directions of singular value 0 come out as noise: what they miss is in the rest.
    found = other @ (left[:, :, -count:] / lengths[:, None, :])
    return np.where(np.isfinite(found) & (values[:, None, -count:] > 1e-20 * values[:, None, -1:]), found, 0.0)
