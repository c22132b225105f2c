"""Weights on outputs (L2): `||E~_v||_c`, one small Gram matrix a channel, and the same for the worst sample.

`sup_{||Delta||_F <= 1} ||c o (E~ Delta^T)||_F = max over channels of ||diag(c) E~||`: a mean square over
positions where the plain bound has a maximum (THEORY_GRAPHS section 2).
"""

from __future__ import annotations

import numpy as np

from ...rigor.roundoff import Array
from ..fields.protocol import Field, Values

TABULATED = 10_000_000
"""Entries of the table of products of a patch's coordinates."""
NARROW = 32
"""Patches of up to so many coordinates have their products tabulated; longer ones are projected on so many."""
EXACT = 16
"""Channels whose norm is computed without projection, where the projection leaves open which is the largest."""


def weighted_norm(field: Field, patches: Values, c: Array, plain: float) -> float:
    """The largest norm of diag(c_o) E over channels o and the leading axis.

    Long patches are projected on their leading singular directions V: `||D E|| <= ||D E V|| ||V|| + max(c) ||E - E V
    V^T||` costs a small Gram matrix a channel; those that this leaves in question are then taken as they are.

    Args:
        field: floats, or arrays that count their rounding.
        patches: E, (k, r, q): k stacks of r patches.
        c: nonnegative weights (k, O, r).
        plain: an upper bound of ||E||.
    """
    k, r, q = field.shape(patches)
    if r == 1:
        return float(np.max(field.up(c[:, :, 0], field.lengths(patches, -1)), initial=0.0))
    most = int(min(NARROW, max(1, (TABULATED / (k * r)) ** 0.5)))
    if q <= most:
        return float(np.max(_by_channel(field, patches, c), initial=0.0))
    directions = field.constant(_leading(field.middle(patches), most))  # (k, q, m)
    short = field.product(patches, directions)
    rest = field.add(patches, field.scaled(field.product(short, field.transpose(directions, 0, 2, 1)), -1.0))
    peaks = c.max(axis=2, initial=0.0)  # (k, O)
    within = field.up(_by_channel(field, short, c), field.largest_norm(directions))
    bounds = np.asarray(field.sum(within, field.up(peaks, field.largest_norm(rest)))).reshape(-1)
    order = np.argsort(-bounds)
    weights, best = c.reshape(-1, r), 0.0
    for place in order[:EXACT]:
        if bounds[place] <= best:
            break
        w = field.reshape(field.constant(weights[place]), r, 1)
        best = max(best, field.norm(field.times(w, field.part(patches, int(place) // c.shape[1]))))
    else:
        best = max(best, float(bounds[order[EXACT]]) if len(order) > EXACT else 0.0)
    return min(best, float(field.up(float(peaks.max(initial=0.0)), plain)))


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
