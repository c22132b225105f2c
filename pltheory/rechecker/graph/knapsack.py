"""How much a set of tokens may count whose costs stay below a capacity: the knapsacks of THEORY_RELU section 4."""

from __future__ import annotations

import numpy as np

from ..fields import Array
from ..midpoint import Upper


def most(values: Array, costs: Array, capacity: float) -> Upper:
    """Upper bounds of the sum of values over any set of items whose costs sum to at most the capacity.

    `lam cap + sum (value - lam cost)_+` is one for every lam >= 0, and so is the sum of all. The best lam is the
    quotient of value and cost of the item that no longer fits whole when they are taken in the order of that quotient.

    Args:
        values: (r, k), upper bounds; rows are problems of their own; items that may not be taken have 0.
        costs: (r, k), lower bounds, not below 0.
        capacity: upper bound.

    Returns:
        (r,).
    """
    whole = Upper(values).sum(axis=1)
    if values.shape[1] == 0:
        return whole
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(values > 0, values / costs, 0.0)
    order = np.argsort(-ratio, axis=1)
    used = np.cumsum(np.take_along_axis(costs * (values > 0), order, 1), axis=1)
    over = used > capacity
    last = np.argmax(over, axis=1)
    lam = np.take_along_axis(np.take_along_axis(ratio, order, 1), last[:, None], 1)[:, 0]
    lam = np.where(over.any(axis=1) & np.isfinite(lam), lam, 0.0)
    rest = np.maximum(np.nextafter(values - np.nextafter(lam[:, None] * costs, -np.inf), np.inf), 0.0)
    rest = np.where((values == 0) | (lam[:, None] * costs > 2 * values), 0.0, rest)
    bound = Upper(lam) * capacity + Upper(rest).sum(axis=1)
    return Upper(np.where(lam > 0, np.minimum(bound.value, whole.value), whole.value))
