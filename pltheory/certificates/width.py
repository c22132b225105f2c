"""A width at which a theorem's radius condition holds, found by building the network at that width."""

from __future__ import annotations

from collections.abc import Callable

from ..theory import NumericalFailureError

Ratio = Callable[[int], float]
"""Width to the certificate ratio (available / required) of a network really built at that width."""


def sufficient_width(ratio_at: Ratio, width: int, ratio: float, limit: int) -> int | None:
    """A width with ratio above 1, by guesses along ratio ~ sqrt(width), each of them built and checked.

    It is a width that does, for that seed: not the smallest one, and a wider network is a fresh draw.

    Args:
        ratio_at: builds and checks.
        width: a width whose ratio is known.
        ratio: that ratio.
        limit: largest width to build.

    Returns:
        The width, or None if none up to the limit was found.
    """
    while not ratio > 1:
        if not ratio > 0:
            raise NumericalFailureError(f"the certificate ratio at width {width} is {ratio}: no guess can be made")
        guess = max(int(width * 1.05 / ratio**2), width + 1)
        if guess > limit:
            return None
        width = min(_two_digits_up(guess), limit)
        ratio = ratio_at(width)
    return width


TOLERANCE = 0.02
"""Relative distance between the last failure and the smallest width."""


def smallest_width(ratio_at: Ratio, width: int, limit: int) -> int | None:
    """A width with ratio above 1 such that none of the widths tried below it had one.

    Every width tried is a fresh draw and the ratio is not monotone in it, so this is the smallest width of a bisection,
    not of all widths.

    Args:
        ratio_at: builds and checks.
        width: where to start.
        limit: largest width to build.

    Returns:
        The width, or None if none up to the limit was found.
    """
    high = sufficient_width(ratio_at, width, ratio_at(width), limit)
    if high is None:
        return None
    low = high
    while low > 1 and ratio_at(low) > 1:
        high, low = low, max(1, low // 2)
    while high > low * (1 + TOLERANCE) + 1:
        middle = round((low * high) ** 0.5)
        low, high = (low, middle) if ratio_at(middle) > 1 else (middle, high)
    return high


def _two_digits_up(width: int) -> int:
    unit = 10 ** max(0, len(str(width)) - 2)
    return -(-width // unit) * unit
