"""Piecewise linear functions of one variable: one after another, mirrored, and which of them a maximum may pass."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from ..kinds.kinks import PiecewiseLinear

Piece = tuple[Fraction, Fraction]
"""Slope and intercept."""


def composed(outer: PiecewiseLinear, inner: PiecewiseLinear) -> PiecewiseLinear | None:
    """outer(inner(z)) as one function; None where it is no kind: a number of it is no double, or it has no kink."""
    cuts = set(_exact(inner.breaks))
    ends = [None, *_exact(inner.breaks), None]
    for (low, high), (slope, intercept) in zip(pairwise(ends), _pieces(inner), strict=True):
        if slope:
            met = ((b - intercept) / slope for b in _exact(outer.breaks))
            cuts.update(z for z in met if (low is None or low < z) and (high is None or z < high))
    found: list[Piece] = []
    breaks: list[Fraction] = []
    places = sorted(cuts)
    for k, z in enumerate(_between(places)):
        piece = _after(outer, inner, z)
        if not found or piece != found[-1]:
            breaks += [places[k - 1]] if found else []
            found.append(piece)
    slopes, intercepts = [s for s, _ in found], [c for _, c in found]
    if not breaks or any(Fraction(float(x)) != x for x in (*breaks, *slopes, *intercepts)):
        return None
    if any(c and abs(s) not in (0, 1) for s, c in found):
        return None
    return PiecewiseLinear(*(np.array([float(x) for x in xs]) for xs in (breaks, slopes, intercepts)))


def mirrored(kind: PiecewiseLinear) -> PiecewiseLinear:
    """The function of -z."""
    return PiecewiseLinear(0.0 - kind.breaks[::-1], 0.0 - kind.slopes[::-1], kind.intercepts[::-1].copy())


def is_homogeneous(kind: PiecewiseLinear) -> bool:
    """Whether positive scales can be taken out of it."""
    return not kind.breaks.any() and not kind.intercepts.any()


def is_increasing(kind: PiecewiseLinear) -> bool:
    """Whether it can be taken out of a maximum; it may be constant in places."""
    return bool((kind.slopes >= 0).all())


def slope_below(kind: PiecewiseLinear) -> float | None:
    """alpha of a ReLU or leaky ReLU, in [0, 1]; None of another function."""
    if not is_homogeneous(kind) or len(kind.slopes) != 2 or kind.slopes[1] != 1 or not 0 <= kind.slopes[0] <= 1:
        return None
    return float(kind.slopes[0])


def _exact(numbers: np.ndarray) -> list[Fraction]:
    return [Fraction(float(x)) for x in numbers]


def _pieces(kind: PiecewiseLinear) -> list[Piece]:
    return list(zip(_exact(kind.slopes), _exact(kind.intercepts), strict=True))


def _piece_at(kind: PiecewiseLinear, z: Fraction) -> Piece:
    return _pieces(kind)[sum(b < z for b in _exact(kind.breaks))]


def _after(outer: PiecewiseLinear, inner: PiecewiseLinear, z: Fraction) -> Piece:
    slope, intercept = _piece_at(inner, z)
    by, shift = _piece_at(outer, slope * z + intercept)
    return by * slope, by * intercept + shift


def _between(places: list[Fraction]) -> list[Fraction]:
    """A point in front of the first, between every two, and behind the last."""
    return [places[0] - 1, *((a + b) / 2 for a, b in pairwise(places)), places[-1] + 1]
