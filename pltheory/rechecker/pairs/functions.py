"""Smooth functions of pairs: Taylor polynomials about the centres of cells of width 2^-6, made by ball arithmetic.

`f(c + d) = sum_j<=13 c_j d^j + rest`, |d| at most 2^-7 and a little. Coefficients from the sixth on, and their sum, are
doubles: d^6 makes 2^-42 of their rounding. The six before are pairs. Farther out than 64 nothing is known.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from flint import arb, ctx

from ..fields import Array
from ..midpoint import UNIT, gamma, norms
from ..tables import Series, coefficients, series_of
from .pair import Pair, halved, in_parts, two_sum

_DEGREE = 13
_PAIRS = 6
_PER_UNIT = 64
_FARTHEST = 64
_HALF = arb(2) ** -7 * (1 + arb(2) ** -30)
"""Of |d|: half a cell, and what the low part adds, at most 2^-40."""
_STEP_LOST = 32 * UNIT**2
"""Of one step a d + c of Horner's rule on pairs, relative to |a d| + |c|; counted, it is at most 20."""


class PairTable:
    """One function.

    Args:
        series: its Taylor series from that of its argument.
    """

    def __init__(self, series: Series) -> None:
        self._series = series
        cells = 2 * _FARTHEST * _PER_UNIT + 1
        self._known = np.zeros(cells, dtype=bool)
        self._high, self._low = np.zeros((_DEGREE + 1, cells)), np.zeros((_PAIRS, cells))
        self._errors = np.zeros(cells)

    def __call__(self, x: Pair) -> Pair:
        """Values at the sums themselves; x.err is not looked at."""
        high, low, errors = in_parts(self._part, 3, x.high, x.low)
        return Pair(high, low, norms(errors.reshape(-1)))

    def _part(self, x: Array, small: Array) -> tuple[Array, Array, Array]:
        inside = (np.abs(x) <= _FARTHEST) & (np.abs(small) <= 2.0**-40)
        near = np.where(inside, x, 0.0)
        cell = np.rint(near * _PER_UNIT)
        index = cell.astype(np.int64) + _FARTHEST * _PER_UNIT
        self._make(index)
        # The difference is exact: x and the centre are within a factor 2, or the centre is 0.
        d, rest = two_sum(near - cell / _PER_UNIT, np.where(inside, small, 0.0))
        value = self._high[_DEGREE][index]
        for j in range(_DEGREE - 1, _PAIRS - 1, -1):
            value = value * d + self._high[j][index]
        low = np.zeros_like(value)
        split, cut = halved(d)
        for j in range(_PAIRS - 1, -1, -1):
            p = value * d
            top, bottom = halved(value)
            e = ((top * split - p) + top * cut + bottom * split) + bottom * cut
            more = e + (value * rest + low * d)
            s, t = two_sum(self._high[j][index], p)
            value, low = two_sum(s, t + (self._low[j][index] + more))
        return value, low, np.where(inside, self._errors[index], np.inf)

    def _make(self, cells: Array) -> None:
        missing = np.unique(cells[~self._known[cells]]).tolist()
        with ctx.workprec(220):
            for k in missing:
                self._cell(k)
                self._known[k] = True

    def _cell(self, k: int) -> None:
        centre = arb(k - _FARTHEST * _PER_UNIT) / _PER_UNIT
        exact = coefficients(self._series, centre, _DEGREE)[: _DEGREE + 1]
        rest = coefficients(self._series, centre + arb(0, _HALF.upper()), _DEGREE)[_DEGREE + 1]
        error = abs(rest) * _HALF ** (_DEGREE + 1)
        for j, c in enumerate(exact):
            high = float(c.mid())
            low = float((c - high).mid()) if j < _PAIRS else 0.0
            self._high[j, k] = high
            if j < _PAIRS:
                self._low[j, k] = low
            error += abs(c - high - low) * _HALF**j
        error += horner_lost([abs(c) for c in exact])
        self._errors[k] = float(np.nextafter(float(error.upper()), np.inf)) if error.is_finite() else np.inf


def horner_lost(moduli: list[arb]) -> arb:
    """What the evaluation in doubles and pairs loses, from bounds of the coefficients' moduli.

    The part in doubles is off by gamma of its moduli M, and by M u for every power where d stands without its low part;
    then d^6 follows. Step j on pairs loses `_STEP_LOST` of the moduli from j on, d^j times.
    """
    tail = sum((c * _HALF ** (j - _PAIRS) for j, c in enumerate(moduli) if j >= _PAIRS), arb(0))
    terms = _DEGREE - _PAIRS
    lost = tail * gamma(4 * terms + 8) * _HALF**_PAIRS
    whole = sum((c * _HALF**j for j, c in enumerate(moduli)), arb(0))
    return lost + _PAIRS * _STEP_LOST * whole + arb(2) ** -890


@cache
def on_pairs(name: str) -> tuple[PairTable, PairTable] | None:
    """An activation and its derivative; None where it has no series."""
    series = series_of(name)
    return (PairTable(series[0]), PairTable(series[1])) if series else None
