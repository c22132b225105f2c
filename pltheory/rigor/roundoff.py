"""The rounding model, and nonnegative array arithmetic rounded towards safety.

Model (IEEE 754 binary64, to nearest, gradual underflow; see `environment`): an addition or square root
returns `x (1 + d)`, a multiplication or division `x (1 + d) + e`, with `|d| <= U`, `|e| <= ETA / 2`, one of
d, e zero. A sum or inner product is any binary tree of such operations, fused multiply-add allowed.

Sources: Rump, BIT 46 (2006) 433; Jeannerod and Rump, SIMAX 34 (2013) 338, who show that `k U` may replace
gamma_k for inner products without underflow. The classical gamma_k is used: its proof counts roundings on a
path of the tree and so covers fused operations and blocking word for word, and it is larger by a factor of
1 + k U only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import NoVerdictError

Array = NDArray[np.float64]

U = 2.0**-53
"""Unit roundoff."""
ETA = 2.0**-1074
"""Smallest subnormal number."""
RAISE = 1.0 + 2.0**-30
"""(1 - 2^-53)^-k < RAISE for k < 2^22: what `raised` covers, sums over 4e6 nonnegative terms included."""
TINY = 1e-280
"""Added with RAISE: covers products that underflow (each loses at most 2^-1075, and 4e6 of them far less than this)."""
quiet = np.errstate(all="ignore")
"""Overflow is answered by NoVerdictError at the end of an operation, not by warnings on the way."""
ERROR_TERMS = ("gamma", "underflow", "up", "down")
"""Names of the quantities here whose loss would make a bound false; each has a test that notices."""


def gamma(k: int) -> float:
    """Upper bound of `k U / (1 - k U)`, the relative error after k roundings.

    Raises:
        NoVerdictError: k is so large (2^50) that the bound says nothing.
    """
    if k >= 2**50:
        raise NoVerdictError(f"an inner product of {k} terms is beyond the rounding model")
    # k U and 1 - k U are exact (integers below 2^53 times U), so one division is rounded: one step up
    # suffices.
    return math.nextafter(k * U / (1 - k * U), math.inf)


def underflow(k: int) -> float:
    """Upper bound of what k products may lose to underflow in an inner product: k ETA.

    Each rounding below the normal range errs by at most ETA / 2, and later additions enlarge that by
    (1 + U)^k < 2. k ETA is exact.
    """
    return k * ETA


def up(x: Array | float) -> Array:
    """Next number above: turns an operation rounded to nearest into an upper bound of its exact result."""
    return np.nextafter(x, np.inf)


def down(x: Array | float) -> Array:
    """Next number below: the lower counterpart of `up`."""
    return np.nextafter(x, -np.inf)


def add_up(*terms: Array | float) -> Array:
    """Upper bound of a sum, entry by entry, terms broadcast."""
    total = np.asarray(terms[0], dtype=np.float64)
    for term in terms[1:]:
        total = up(total + term)
    return total


def mul_up(*factors: Array | float) -> Array:
    """Upper bound of a product of nonnegative factors, entry by entry, factors broadcast."""
    total = np.asarray(factors[0], dtype=np.float64)
    for factor in factors[1:]:
        total = up(total * factor)
    return total


def sqrt_up(x: Array | float) -> Array:
    """Upper bound of the square root of x >= 0."""
    return up(np.sqrt(np.asarray(x, dtype=np.float64)))


def sqrt_down(x: Array | float) -> Array:
    """Lower bound of the square root of max(x, 0), itself nonnegative."""
    return np.maximum(0.0, down(np.sqrt(np.maximum(0.0, np.asarray(x, dtype=np.float64)))))


def raised(x: Any) -> Array:
    """Upper bound of a nonnegative formula's exact value from its computed value (see `RAISE`)."""
    return np.asarray(x, dtype=np.float64) * RAISE + TINY


def raise_sum(s: Array | float, k: int, products: int = 0) -> Array:
    """Upper bound of a sum of nonnegative terms from its computed value.

    Args:
        s: the computed sum.
        k: the number of roundings on any path of the tree, products included.
        products: how many products were summed (0 for a plain sum, which cannot underflow).

    Why: with nonnegative terms each rounding r of a value v has v <= r / (1 - U) + ETA / 2, so the exact
    sum is at most s / (1 - U)^k + products ETA, and 1 / (1 - U)^k <= 1 / (1 - k U) = 1 + k U / (1 - k U) <=
    1 + gamma(k).
    """
    return add_up(mul_up(s, add_up(1.0, gamma(k))), underflow(products))


def lower_sum(s: Array | float, k: int, products: int = 0) -> Array:
    """Lower bound of a sum of nonnegative terms from its computed value; arguments as for `raise_sum`.

    Why: s <= S (1 + U)^k + products ETA, and (1 + U)^-k >= 1 - k U >= 1 - gamma(k).
    """
    reduced = np.maximum(0.0, down(np.asarray(s, dtype=np.float64) - underflow(products)))
    return np.maximum(0.0, down(reduced * down(1.0 - gamma(k))))


def sum_up(x: Array, axis: int | None = None) -> Array:
    """Upper bound of the sum of nonnegative entries, in whatever order NumPy adds them."""
    count = x.size if axis is None else x.shape[axis]
    return raise_sum(np.asarray(np.sum(x, axis=axis)), max(count - 1, 0))


def ends(x: Array, what: str) -> tuple[float, float]:
    """Smallest and largest entry; (0, 0) of an empty array.

    Raises:
        NoVerdictError: an entry is NaN or infinite; `what` names the quantity.
    """
    if not x.size:
        return 0.0, 0.0
    # Minimum and maximum propagate NaN, and need no temporary of the size of x.
    low, high = float(np.min(x)), float(np.max(x))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise NoVerdictError(f"{what} is not finite: overflow, or NaN or infinity in the input")
    return low, high


def finite(x: Array, what: str) -> Array:
    """x itself, once it is known to hold neither NaN nor infinity.

    Raises:
        NoVerdictError: it does; `what` names the quantity.
    """
    ends(x, what)
    return x
