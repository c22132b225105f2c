"""Losses of the outputs, sums over samples: value, derivative, and how fast that changes, in ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

from ..arithmetic import Row, largest_of

_HALF, _QUARTER = arb(1) / 2, arb(1) / 4


@dataclass(frozen=True)
class Loss:
    """One sample at a time: outputs u, targets y, both C numbers.

    Attributes:
        value: the loss.
        slope: its derivative in the outputs.
        bend: upper bound of the largest eigenvalue of its second derivative at enclosed outputs.
        most: upper bound of that whatever the outputs are.
    """

    value: Callable[[Row, list[float]], arb]
    slope: Callable[[Row, list[float]], Row]
    bend: Callable[[Row, list[float]], arb]
    most: arb


def _square_value(u: Row, y: list[float]) -> arb:
    return sum((r * r for r in _square_slope(u, y)), arb(0)) / 2


def _square_slope(u: Row, y: list[float]) -> Row:
    return [v - t for v, t in zip(u, y, strict=True)]


def _chances(u: Row) -> Row:
    """The softmax, by differences: 1 / sum_k e^(u_k - u_c)."""
    return [1 / sum(((w - v).exp() if w is not v else arb(1) for w in u), arb(0)) for v in u]


def _entropy_value(u: Row, y: list[float]) -> arb:
    own = u[y.index(1.0)]
    return sum(((v - own).exp() if v is not own else arb(1) for v in u), arb(0)).log()


def _entropy_slope(u: Row, y: list[float]) -> Row:
    return [p - t for p, t in zip(_chances(u), y, strict=True)]


def _spread(p: arb) -> arb:
    """Upper bound of p (1 - p) = 1/4 - (p - 1/2)^2."""
    return (_QUARTER - (p - _HALF) * (p - _HALF)).min(_QUARTER).upper()


def _entropy_bend(u: Row, y: list[float]) -> arb:
    # diag(p) - p p^T has rows whose moduli add up to 2 p (1 - p).
    return 2 * largest_of(map(_spread, _chances(u)))


def _logistic_value(u: Row, y: list[float]) -> arb:
    return sum(((-t * v).exp().log1p() for v, t in zip(u, y, strict=True)), arb(0))


def _logistic_slope(u: Row, y: list[float]) -> Row:
    return [-t / (1 + (t * v).exp()) for v, t in zip(u, y, strict=True)]


def _logistic_bend(u: Row, y: list[float]) -> arb:
    return largest_of(_spread(1 / (1 + v.exp())) for v in u)


LOSSES = {
    "square": Loss(_square_value, _square_slope, lambda u, y: arb(1), arb(1)),
    "cross-entropy": Loss(_entropy_value, _entropy_slope, _entropy_bend, _HALF),
    "logistic": Loss(_logistic_value, _logistic_slope, _logistic_bend, _QUARTER),
}


def one_class(y: list[float]) -> bool:
    """Whether targets are one 1 and zeros."""
    return sorted(y)[-1] == 1.0 and all(v in (0.0, 1.0) for v in y) and sum(y) == 1.0


def signs(y: list[float]) -> bool:
    """Whether targets are +1 and -1."""
    return all(v in (1.0, -1.0) for v in y)


def fits(name: str, y: list[list[float]]) -> bool:
    """Whether a loss is one of these targets."""
    if name == "cross-entropy":
        return all(len(row) > 1 and one_class(row) for row in y)
    return name == "square" or all(map(signs, y))
