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
    while ratio <= 1:
        if not ratio > 0:
            raise NumericalFailureError(f"the certificate ratio at width {width} is {ratio}: no guess can be made")
        guess = max(int(width * 1.05 / ratio**2), width + 1)
        if guess > limit:
            return None
        width = _two_digits_up(guess)
        ratio = ratio_at(width)
    return width


def _two_digits_up(width: int) -> int:
    unit = 10 ** max(0, len(str(width)) - 2)
    return -(-width // unit) * unit
