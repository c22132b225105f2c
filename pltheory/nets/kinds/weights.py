"""Weights on outputs (L2): `||E~_v||_c`, one small Gram matrix a channel, and the same for the worst sample.

`sup_{||Delta||_F <= 1} ||c o (E~ Delta^T)||_F = max over channels of ||diag(c) E~||`: a mean square over
positions where the plain bound has a maximum (THEORY_GRAPHS section 2).
"""

from __future__ import annotations

import numpy as np

from ...rigor.roundoff import Array
from ..fields.protocol import Field, Values

ENTRIES = 500_000
"""Of a stack of matrices held at a time: it stays in the cache."""
MOST_WORK = 3e11
"""Multiplications after which what is left is bounded by Frobenius norms."""
NARROW = 20
"""Patches of up to so many entries have their products tabulated."""


def weighted_norm(field: Field, patches: Values, c: Array, plain: float) -> float:
    """The largest norm of diag(c_o) E over channels o and the leading axis.

    Channels come in the order of their Frobenius norms, and the first that cannot be the largest ends it.

    Args:
        field: floats, or arrays that count their rounding.
        patches: E, (k, r, q): k stacks of r patches.
        c: nonnegative weights (k, O, r).
        plain: an upper bound of ||E||.
    """
    k, r, q = field.shape(patches)
    lengths = field.lengths(patches, -1)  # (k, r)
    if r == 1:
        return float(np.max(field.up(c[:, :, 0], lengths), initial=0.0))
    if q <= NARROW:
        return _narrow(field, patches, c)
    channels = c.shape[1]
    frobenius = field.lengths(field.constant(field.up(c, lengths[:, None, :])), -1).reshape(-1)  # (k O,)
    order = np.argsort(-frobenius)
    side = min(r, q)
    gram = field.product(patches, field.transpose(patches, 0, 2, 1)) if r <= q else None
    each = side * side if gram is not None else r * q
    size, work = max(1, ENTRIES // each), float(each) * (1 if gram is not None else q)
    best, limit = 0.0, float(field.up(float(c.max(initial=0.0)), plain))
    for start in range(0, len(order), size):
        left = float(frobenius[order[start]])
        if left <= best:
            break
        if work * start > MOST_WORK:
            best = max(best, min(left, limit))
            break
        some = order[start : start + size]
        w = field.constant(c.reshape(k * channels, r)[some])
        if gram is not None:
            outer = field.times(field.reshape(w, len(some), r, 1), field.reshape(w, len(some), 1, r))
            grams = field.times(outer, field.part(gram, some // channels))
        else:
            scaled = field.times(field.reshape(w, len(some), r, 1), field.part(patches, some // channels))
            grams = field.product(field.transpose(scaled, 0, 2, 1), scaled)
        best = max(best, field.largest_root(grams))
    return min(best, limit)


def _narrow(field: Field, patches: Values, c: Array) -> float:
    k, r, q = field.shape(patches)
    pairs = field.times(field.reshape(patches, k, r, q, 1), field.reshape(patches, k, r, 1, q))
    w = field.constant(c)
    grams = field.product(field.times(w, w), field.reshape(pairs, k, r, q * q))  # (k, O, q q)
    return field.largest_root(field.reshape(grams, k * c.shape[1], q, q))
