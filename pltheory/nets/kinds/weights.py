"""Weights on outputs (L2): `||E~_v||_c`, one small Gram matrix a channel, and the same for the worst sample.

`sup_{||Delta||_F <= 1} ||c o (E~ Delta^T)||_F = max over channels of ||diag(c) E~||`: a mean square over
positions where the plain bound has a maximum (THEORY_GRAPHS section 2).
"""

from __future__ import annotations

import numpy as np

from ...rigor.roundoff import Array
from ..fields.protocol import Field, Values

ENTRIES = 10_000_000
"""Of a stack of matrices held at a time."""
MOST_WORK = 3e11
"""Multiplications beyond which max(c) ||E~|| stands in."""
NARROW = 20
"""Patches of up to so many entries have their products tabulated."""


def weighted_norm(field: Field, patches: Values, c: Array, plain: float) -> float:
    """The largest norm of diag(c_o) E over channels o and the leading axis.

    Args:
        field: floats or verified balls.
        patches: E, (k, r, q): k stacks of r patches.
        c: nonnegative weights (k, O, r).
        plain: an upper bound of ||E||, for what would take too long.
    """
    k, r, q = field.shape(patches)
    channels = c.shape[1]
    if r == 1:
        norms = field.lengths(patches, -1)  # (k, 1)
        return float(np.max(field.up(c[:, :, 0], norms), initial=0.0))
    if q <= NARROW:
        return _narrow(field, patches, c)
    side = min(r, q)
    if float(k) * channels * r * (side * (q if side == q else 1)) > MOST_WORK:
        return float(field.up(float(c.max(initial=0.0)), plain))
    best = 0.0
    for start, stop in _chunks(k, max(r * q, channels * side * side)):
        here = field.part(patches, slice(start, stop))
        gram = field.product(here, field.transpose(here, 0, 2, 1)) if r <= q else None
        for a, b in _chunks(channels, (stop - start) * (side * side + (0 if gram is not None else r * q))):
            w = field.constant(np.ascontiguousarray(c[start:stop, a:b]))
            if gram is not None:
                outer = field.times(
                    field.reshape(w, stop - start, b - a, r, 1), field.reshape(w, stop - start, b - a, 1, r)
                )
                grams = field.times(outer, field.reshape(gram, stop - start, 1, r, r))
            else:
                scaled = field.times(
                    field.reshape(w, stop - start, b - a, r, 1), field.reshape(here, stop - start, 1, r, q)
                )
                grams = field.product(field.transpose(scaled, 0, 1, 3, 2), scaled)
            best = max(best, field.largest_root(grams))
    return best


def _narrow(field: Field, patches: Values, c: Array) -> float:
    k, r, q = field.shape(patches)
    pairs = field.times(field.reshape(patches, k, r, q, 1), field.reshape(patches, k, r, 1, q))
    w = field.constant(c)
    grams = field.product(field.times(w, w), field.reshape(pairs, k, r, q * q))  # (k, O, q q)
    return field.largest_root(field.reshape(grams, k, c.shape[1], q, q))


def _chunks(count: int, entries: int) -> list[tuple[int, int]]:
    size = max(1, ENTRIES // max(1, entries))
    return [(a, min(a + size, count)) for a in range(0, count, size)]
