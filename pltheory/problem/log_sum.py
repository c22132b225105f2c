"""ln(1 + e^x) and ln sum e^x of doubles, from below and from above, round-off counted."""

from __future__ import annotations

import numpy as np

from ..nets.activations import activation
from ..rigor.midrad import Ball
from ..rigor.roundoff import Array, down, up


def softplus(x: Array) -> tuple[Array, Array]:
    """Bounds of ln(1 + e^x), entry by entry."""
    found = activation("softplus").enclose(Ball(np.asarray(x, dtype=np.float64)), 0)
    return np.maximum(0.0, down(found.mid - found.rad)), up(found.mid + found.rad)


def log_sum(low: Array, high: Array) -> tuple[Array, Array]:
    """Bounds of ln sum_k e^{x_k} over the last axis for low <= x <= high: it grows with every x_k.

    Two at a time: ln(e^a + e^b) = b + ln(1 + e^{a - b}).
    """
    below, above = low[..., 0], high[..., 0]
    for k in range(1, low.shape[-1]):
        below = down(low[..., k] + softplus(down(below - low[..., k]))[0])
        above = up(high[..., k] + softplus(up(above - high[..., k]))[1])
    return below, above
