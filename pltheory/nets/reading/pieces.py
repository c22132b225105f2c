"""Piecewise linear functions of one variable: one after another, mirrored, and which of them a maximum may pass.

At a break torch takes some derivative, and which one depends on the operation: 0 for relu, 1 for clamp. Of one
function it lies between the slopes on both sides, as the theory asks (THEORY_RELU section 1). Of one function after
another it is a product, and may not: -2 leaky(-leaky(z)) with slopes 1/2 below 0 is z, with 1/2 for a derivative at 0.
Such functions stay two.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..kinds.kinks import PiecewiseLinear

Piece = tuple[Fraction, Fraction]
"""Slope and intercept."""


class Piecewise(NamedTuple):
    """A function and the derivatives that torch takes at its breaks."""

    kind: PiecewiseLinear
    at: tuple[Fraction, ...]


def piecewise(kind: PiecewiseLinear, *at: float) -> Piecewise:
    """The function with those derivatives at its breaks."""
    return Piecewise(kind, tuple(map(Fraction, at)))


def composed(outer: Piecewise, inner: Piecewise) -> Piecewise | None:
    """outer(inner(z)) as one function.

    None where it is no kind: a number of it is no double, it has no kink, or what torch takes for its derivative at a
    break of either is not between its slopes there.
    """
    cuts = set(_exact(inner.kind.breaks))
    ends = [None, *_exact(inner.kind.breaks), None]
    for (low, high), (slope, intercept) in zip(pairwise(ends), _pieces(inner.kind), strict=True):
        if slope:
            met = ((b - intercept) / slope for b in _exact(outer.kind.breaks))
            cuts.update(z for z in met if (low is None or low < z) and (high is None or z < high))
    places = sorted(cuts)
    found = [_after(outer.kind, inner.kind, z) for z in _between(places)]
    breaks: list[Fraction] = []
    at: list[Fraction] = []
    for z, (before, behind) in zip(places, pairwise(found), strict=True):
        taken = _derivative(inner, z) * _derivative(outer, _value(inner.kind, z))
        if not min(before[0], behind[0]) <= taken <= max(before[0], behind[0]):
            return None
        if before != behind:
            breaks.append(z)
            at.append(taken)
    kept = [found[0], *(behind for before, behind in pairwise(found) if before != behind)]
    slopes, intercepts = [s for s, _ in kept], [c for _, c in kept]
    if not breaks or any(Fraction(float(x)) != x for x in (*breaks, *slopes, *intercepts)):
        return None
    if any(c and abs(s) not in (0, 1) for s, c in kept):
        return None
    kind = PiecewiseLinear(*(np.array([float(x) for x in xs]) for xs in (breaks, slopes, intercepts)))
    return Piecewise(kind, tuple(at))


def mirrored(of: Piecewise) -> Piecewise:
    """The function of -z."""
    kind = of.kind
    turned = PiecewiseLinear(0.0 - kind.breaks[::-1], 0.0 - kind.slopes[::-1], kind.intercepts[::-1].copy())
    return Piecewise(turned, tuple(-d for d in reversed(of.at)))


def is_homogeneous(kind: PiecewiseLinear) -> bool:
    """Whether positive scales can be taken out of it."""
    return not kind.breaks.any() and not kind.intercepts.any()


def passes_maximum(of: Piecewise) -> bool:
    """Whether it can be taken out of a maximum: it does not fall, and is constant in places at most.

    What is constant from a break on makes an entry at the break equal to larger ones: torch may take the entry's
    derivative there, which must then be 0 like theirs.
    """
    slopes = of.kind.slopes
    return bool((slopes >= 0).all()) and not any(d for d, behind in zip(of.at, slopes[1:], strict=True) if behind == 0)


def slope_below(kind: PiecewiseLinear) -> float | None:
    """alpha of a ReLU or leaky ReLU, in [0, 1]; None of another function."""
    if not is_homogeneous(kind) or len(kind.slopes) != 2 or kind.slopes[1] != 1 or not 0 <= kind.slopes[0] <= 1:
        return None
    return float(kind.slopes[0])


def _exact(numbers: np.ndarray) -> list[Fraction]:
    return [Fraction(float(x)) for x in numbers]


def _pieces(kind: PiecewiseLinear) -> list[Piece]:
    return list(zip(_exact(kind.slopes), _exact(kind.intercepts), strict=True))


def _value(kind: PiecewiseLinear, z: Fraction) -> Fraction:
    slope, intercept = _piece_at(kind, z)
    return slope * z + intercept


def _derivative(of: Piecewise, z: Fraction) -> Fraction:
    """What torch takes."""
    breaks = _exact(of.kind.breaks)
    return of.at[breaks.index(z)] if z in breaks else _piece_at(of.kind, z)[0]


def _piece_at(kind: PiecewiseLinear, z: Fraction) -> Piece:
    return _pieces(kind)[sum(b < z for b in _exact(kind.breaks))]


def _after(outer: PiecewiseLinear, inner: PiecewiseLinear, z: Fraction) -> Piece:
    slope, intercept = _piece_at(inner, z)
    by, shift = _piece_at(outer, slope * z + intercept)
    return by * slope, by * intercept + shift


def _between(places: list[Fraction]) -> list[Fraction]:
    """A point in front of the first, between every two, and behind the last."""
    return [places[0] - 1, *((a + b) / 2 for a, b in pairwise(places)), places[-1] + 1]
