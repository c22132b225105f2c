"""Smooth functions on whole arrays without a mathematical library: Taylor polynomials made by ball arithmetic.

The line is cut into cells of width 2^-6 about their centres c = k 2^-6, |k| <= 64 * 64. On a cell
`f(x) = sum_j<8 c_j (x - c)^j + rest`, where the c_j are rounded from balls of python-flint and the rest is at most the
eighth coefficient enclosed over the whole cell. Farther out than 64 the functions are 0, a constant or x, to 2^-80; the
sine and its derivatives are brought back by whole periods.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from flint import arb, arb_series, ctx

from .fields import Array
from .midpoint import UNIT, gamma

_DEGREE = 7
_PER_UNIT = 64
_FARTHEST = 64
_HALF = 0.5 / _PER_UNIT
_BEYOND = 2.0**-80
"""Bound of the distance from what a function is taken for beyond 64.

Every one of |f(x) - limit(x)|, |f'(x) - limit'(x)| and |f''(x)| is at most 4 (1 + |x|) e^-|x|, which falls from |x| = 1
on and is below 2^-83 at 64.
"""
_MOST_PERIODS = 2.0**20
_PERIOD = (float.fromhex("0x1.921fb544p+2"), float.fromhex("0x1.0b4611a6p-32"))
"""2 pi but for less than 2^-65, in two parts of 31 and 32 bits, whose products with whole numbers to 2^20 are exact."""
_TURNED = 2.0**-44
"""What whole periods lose, the sine being 1-Lipschitz: 2^20 of them known to 2^-65, and roundings below 4."""
_AT_ONCE = 2**16

Series = Callable[[arb_series], arb_series]
Far = Callable[[Array], Array]


class Table:
    """One function.

    Args:
        series: its Taylor series from that of its argument.
        far: what it is taken for at |x| > 64, exact in doubles; None for a sine or cosine.
    """

    def __init__(self, series: Series, far: Far | None) -> None:
        self._series, self._far = series, far
        cells = 2 * _FARTHEST * _PER_UNIT + 1
        self._known = np.zeros(cells, dtype=bool)
        self._coefficients = np.zeros((_DEGREE + 1, cells))
        self._errors = np.zeros(cells)

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """Values at doubles, and bounds of their errors; both shaped as x."""
        flat = x.reshape(-1)
        values, errors = np.empty_like(flat), np.empty_like(flat)
        for start in range(0, flat.size, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            values[part], errors[part] = self._part(flat[part])
        return values.reshape(x.shape), errors.reshape(x.shape)

    def _part(self, x: Array) -> tuple[Array, Array]:
        if self._far is not None:
            return self._cells(x, self._far)
        turns = np.rint(x / (2 * np.pi))
        known = np.abs(turns) <= _MOST_PERIODS
        turns = np.where(known & (np.abs(x) > _FARTHEST), turns, 0.0)
        # The first difference is exact: a multiple of 2^-46 below 4. The second rounds below 4 too.
        near = np.where(known, (x - turns * _PERIOD[0]) - turns * _PERIOD[1], 0.0)
        values, errors = self._cells(near, _zero)
        return values, np.where(known, errors + np.where(turns == 0, 0.0, _TURNED), 2.0)

    def _cells(self, x: Array, far: Far) -> tuple[Array, Array]:
        inside = np.abs(x) <= _FARTHEST
        near = np.where(inside, x, 0.0)
        cell = np.rint(near * _PER_UNIT)
        offset = near - cell / _PER_UNIT  # exact: x and the centre are within a factor 2, or the centre is 0
        index = cell.astype(np.int64) + _FARTHEST * _PER_UNIT
        self._make(index)
        value = self._coefficients[_DEGREE][index]
        for j in range(_DEGREE - 1, -1, -1):
            value = value * offset + self._coefficients[j][index]
        return np.where(inside, value, far(x)), np.where(inside, self._errors[index], _BEYOND)

    def _make(self, cells: Array) -> None:
        missing = np.unique(cells[~self._known[cells]]).tolist()
        with ctx.workprec(160):
            for k in missing:
                self._coefficients[:, k], self._errors[k] = self._cell(k)
                self._known[k] = True

    def _cell(self, k: int) -> tuple[Array, float]:
        centre = arb(k - _FARTHEST * _PER_UNIT) / _PER_UNIT
        half = arb(_HALF)
        exact = coefficients(self._series, centre, _DEGREE)[: _DEGREE + 1]
        rest = coefficients(self._series, centre + arb(0, _HALF), _DEGREE)[_DEGREE + 1]
        floats = [float(c.mid()) for c in exact]
        error = abs(rest) * half ** (_DEGREE + 1)
        for j, (c, f) in enumerate(zip(exact, floats, strict=True)):
            error += abs(c - f) * half**j
        # Horner's rule: the last sum rounds once; what is added there carries at most gamma of its moduli.
        small = sum((abs(arb(f)) * half**j for j, f in enumerate(floats) if j), arb(0))
        error += UNIT * (abs(arb(floats[0])) + 2 * small) + gamma(2 * _DEGREE + 2) * small + arb(2) ** -1000
        if not error.is_finite():
            return np.zeros(_DEGREE + 1), np.inf
        return np.array(floats), float(np.nextafter(float(error.upper()), np.inf))


def coefficients(series: Series, at: arb, degree: int) -> list[arb]:
    """Taylor coefficients number 0 to degree + 1 about every point of a ball."""
    cap, ctx.cap = ctx.cap, degree + 6  # the library's own limit on the length of a series
    try:
        found = series(arb_series([at, 1], prec=degree + 6))
    finally:
        ctx.cap = cap
    # A derivative ends a series one term earlier, and what is cut off is not 0.
    if found.prec < degree + 2:
        return [arb("nan")] * (degree + 2)
    return [*found.coeffs(), *[arb(0)] * (degree + 2)][: degree + 2]


def _derivative(series: Series) -> Series:
    return lambda x: series(x).derivative()


def _sigmoid(x: arb_series) -> arb_series:
    return 1 / (1 + (-x).exp())


def _zero(x: Array) -> Array:
    return np.zeros_like(x)


def _step(x: Array) -> Array:
    return np.where(x > 0, 1.0, 0.0)


def _ramp(x: Array) -> Array:
    return np.maximum(x, 0.0)


def _mish(x: arb_series) -> arb_series:
    e = x.exp()
    return x * (1 - 2 / (e * e + 2 * e + 2))


_FUNCTIONS: dict[str, tuple[Series, Far | None, Far | None]] = {
    "tanh": (lambda x: 1 - 2 / (1 + (2 * x).exp()), np.sign, _zero),
    "sigmoid": (_sigmoid, _step, _zero),
    "softplus": (lambda x: (1 + x.exp()).log(), _ramp, _step),
    "erf": (lambda x: x.erf(), np.sign, _zero),
    "gelu": (lambda x: x * (1 + (x / arb(2).sqrt()).erf()) / 2, _ramp, _step),
    "silu": (lambda x: x * _sigmoid(x), _ramp, _step),
    "mish": (_mish, _ramp, _step),
    "sin": (lambda x: x.sin(), None, None),
}
"""Name to (series, the function far out, its derivative far out)."""


def series_of(name: str) -> list[Series]:
    """An activation and its first two derivatives, as what they do to a series; none for one that has no series."""
    if name not in _FUNCTIONS:
        return []
    first = _derivative(_FUNCTIONS[name][0])
    return [_FUNCTIONS[name][0], first, _derivative(first)]


@cache
def activation(name: str) -> tuple[Table, Table, Table]:
    """Tables of an activation and of its first two derivatives."""
    series, far, slope = _FUNCTIONS[name]
    first = _derivative(series)
    return Table(series, far), Table(first, slope), Table(_derivative(first), None if far is None else _zero)


@cache
def exponential() -> Table:
    """Of e^x for x <= 0."""
    return Table(lambda x: x.exp(), _zero)
