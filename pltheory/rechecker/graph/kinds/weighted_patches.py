"""Norms of patches under weights on an affine node's outputs, from Gram matrices (THEORY_GRAPHS section 2, (L2))."""

from __future__ import annotations

import numpy as np

from ...fields import Array
from ...midpoint import UNIT, Upper, norms, product
from ...spectra import of_gram

AT_ONCE = 2**23
"""Entries of an array worked on at a time."""


def batch_norm(e: Array, weights: Array) -> Upper:
    """max_{g,o} ||diag(c_{.,(g,o,.)}) E~_g||_2 for patches in doubles."""
    n, groups, positions, q = e.shape
    outputs, rows = weights.shape[2], n * positions
    best = Upper(0.0)
    for g in range(groups):
        patches = np.ascontiguousarray(e[:, g]).reshape(rows, q)
        columns = weights[:, g].transpose(1, 0, 2).reshape(outputs, rows)
        side, gram = min(rows, q), product(patches, patches.T) if rows <= q else None
        step = max(1, AT_ONCE // max(side * side, rows * q if gram is None else 1))
        for k in range(0, outputs, step):
            part = columns[k : k + step]
            sizes = norms(norms(patches).value * part) * (1 + 8 * UNIT)
            if gram is not None:
                stack = gram * part[:, :, None] * part[:, None, :]
            else:
                scaled = [patches * row[:, None] for row in part]
                stack = np.stack([product(s.T, s) for s in scaled])
            found = of_gram(stack, max(rows, q), sizes, 3).max()
            best = Upper(np.maximum(best.value, found.value))
    return best


def sample_norm(e: Array, weights: Array, moved: Upper) -> Upper:
    """max_{i,g,o} ||diag(c_{i,(g,o,.)}) E~_g(a^i)||_2, and what the samples' errors add."""
    n, groups, positions, q = e.shape
    outputs, side = weights.shape[2], min(positions, q)
    best = Upper(0.0)
    rows = norms(e)
    step = max(1, AT_ONCE // max(1, groups * outputs * side * max(side, positions if positions > q else 1)))
    for k in range(0, n, step):
        part, patches = weights[k : k + step], e[k : k + step]
        sizes = norms(part * rows.value[k : k + step, :, None, :]) * (1 + 8 * UNIT)
        if positions <= q:
            gram = product(patches, patches.transpose(0, 1, 3, 2))[:, :, None]
            stack = gram * part[..., :, None] * part[..., None, :]
        else:
            scaled = patches[:, :, None] * part[..., None]
            stack = product(scaled.transpose(0, 1, 2, 4, 3), scaled)
        count = len(part)
        found = of_gram(stack.reshape(-1, side, side), max(positions, q), Upper(sizes.value.reshape(-1)), 3)
        worst = Upper(found.value.reshape(count, -1).max(axis=1, initial=0.0)) * (1 + 8 * UNIT) + moved[k : k + step]
        best = Upper(np.maximum(best.value, worst.max().value))
    return best
