"""Piecewise Taylor tables of smooth functions, built by ball arithmetic, with a proved error for every cell.

Cell j is the set of x with |x - j 2^-p| <= 2^-(p+1); its polynomial is a rounded Taylor polynomial at j
2^-p in s = 2^p x - j, |s| <= 1/2, evaluated by Horner's rule. The error of a cell is the sum of three named
terms: rounding of the coefficients, the Taylor remainder over the cell, and rounding in Horner's rule.
Beyond the last cell the function is replaced by its asymptote, with a proved bound on the difference.

python-flint (Johansson's Arb) is used to build a table, once a process, and for nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pltheory.theory import InvalidInputError

from . import roundoff
from .environment import require_thread
from .errors import NoVerdictError
from .roundoff import Array

DEGREE = 5
"""Degree of the polynomials."""
PRECISION = 160
"""Bits of the ball arithmetic."""
GROUP = 8
"""Cells that share one enclosure of the derivative in the remainder."""
ERROR_TERMS = ("coefficient_error", "remainder", "horner_rounding", "tail")
"""Names of the functions here that each bound one source of error; tests notice the loss of each."""

_EXPANSION = 5  # terms in the expansion of the remainder's derivative

# Sums of a few dozen nonnegative floats, each rounded, are raised by this factor; their relative error is
# below 2^-46, and none of them is near the underflow threshold unless it is zero.
_RAISE = 1.0 + 2.0**-40


@dataclass(frozen=True)
class Shape:
    """How a function and its first two derivatives are tabulated.

    Attributes:
        bits: p, cells are 2^-p wide.
        reach: the table covers |x| <= reach + 2^-(p+1).
        series: power series of the function at a ball, by python-flint.
        right: asymptote of the function and its first two derivatives for x -> +inf, as (slope, constant).
        left: for x -> -inf.
        tails: for each order an upper bound, as a ball, of |function - asymptote| on both tails |x| >= X, X >= reach.
    """

    bits: int
    reach: int
    series: Callable[[Any], Any]
    right: tuple[tuple[int, int], ...]
    left: tuple[tuple[int, int], ...]
    tails: tuple[Callable[[Any], Any], ...]


@dataclass(frozen=True)
class Table:
    """One derivative of one function.

    Attributes:
        bits: p.
        reach: index of the last cell, N.
        coefficients: (DEGREE + 1, 2 N + 1), of powers of s, cells -N..N.
        errors: (2 N + 1,) upper bound of |Horner in floats - exact function| on each cell.
        right: (slope, constant) of the asymptote beyond cell N.
        left: the same beyond cell -N.
        tail_error: upper bound of the error of both asymptotes there.
    """

    bits: int
    reach: int
    coefficients: Array
    errors: Array
    right: tuple[int, int]
    left: tuple[int, int]
    tail_error: float


STEP = ((0, 1), (0, 0), (0, 0))
"""Asymptotes of a function that tends to 1 and of its first two derivatives."""
RAMP = ((1, 0), (0, 1), (0, 0))
"""Of one that nears the identity."""
FLAT = ((0, 0), (0, 0), (0, 0))
"""Of one that tends to 0."""


def _number(ball: Any) -> float:
    """Upper bound of the modulus of a ball."""
    value = float(ball.abs_upper())
    if not math.isfinite(value):
        raise NoVerdictError("a table entry is not finite: precision of the ball arithmetic too small")
    return math.nextafter(value, math.inf)


def taylor(shape: Shape, order: int, point: Any, terms: int) -> list[Any]:
    """Taylor coefficients of the derivative of that order at a point or over a ball, as balls."""
    from flint import arb_series, ctx

    # A global of python-flint cuts every series; whoever lowered it would take terms, and so the error bounds, away.
    before, ctx.cap = ctx.cap, terms + order
    try:
        expansion = shape.series(arb_series([point, 1], prec=terms + order))
    finally:
        ctx.cap = before
    if expansion.prec < terms + order:
        raise NoVerdictError(f"a Taylor expansion came back with {expansion.prec} of {terms + order} terms")
    # c_k of the m-th derivative is (k + 1) ... (k + m) c_(k + m).
    return [expansion[k + order] * math.prod(range(k + 1, k + order + 1)) for k in range(terms)]


def coefficient_error(exact: list[Any], floats: list[float], bits: int) -> float:
    """Upper bound of |sum_k (exact_k - float_k) t^k|, |t| <= 2^-(bits + 1), but for units of roundoff."""
    from flint import arb

    return math.fsum(
        math.ldexp(_number(arb(f) - e), -(bits + 1) * k) for k, (e, f) in enumerate(zip(exact, floats, strict=True))
    )


def remainder(shape: Shape, order: int, first: int, last: int) -> float:
    """Upper bound of the Taylor remainder of degree DEGREE on cells first..last (Lagrange form).

    |g(c + t) - T(t)| <= sup |a_(D+1)| |t|^(D+1), a_k(x) = g^(k)(x) / k!, the supremum over all the cells.
    It is bounded by expanding a_(D+1) about the middle x of the cells, a_(D+1)(x + t) = sum_j binom(D+1+j, j)
    a_(D+1+j)(x) t^j, because a ball over all the cells is too wide for the low terms; it serves for the last.
    """
    from flint import arb

    middle = arb(first + last) / 2 ** (shape.bits + 1)
    reach = arb(last - first + 1) / 2 ** (shape.bits + 1)
    at_middle = taylor(shape, order, middle, DEGREE + 1 + _EXPANSION)
    over_all = taylor(shape, order, middle + reach * arb(0, 1), DEGREE + 2 + _EXPANSION)
    supremum = arb(0)
    for j in range(_EXPANSION + 1):
        k = DEGREE + 1 + j
        coefficient = at_middle[k] if j < _EXPANSION else over_all[k]
        supremum += math.comb(k, j) * coefficient.abs_upper() * reach**j
    return math.ldexp(_number(supremum), -(shape.bits + 1) * (DEGREE + 1))


def horner_rounding(coefficients: Array) -> Array:
    """(cells,) upper bounds of the rounding error of Horner's rule in s, |s| <= 1/2, but for units of
    roundoff.

    With q_k = c_k + s q_(k+1): the product errs by U |s q_(k+1)|, the sum by U times its modulus, and the
    error of q_(k+1) is halved. Holds with a fused operation too, which rounds once. ETA stands for
    underflow of the product.
    """
    size, error = np.abs(coefficients[-1]), np.zeros(coefficients.shape[1])
    for row in np.abs(coefficients[-2::-1]):
        product = 0.5 * (size + error) * (1 + roundoff.U) + roundoff.ETA
        error = 0.5 * error + roundoff.U * 0.5 * (size + error) + roundoff.ETA + roundoff.U * (row + product)
        size = row + 0.5 * size
    return np.asarray(error)


def tail(shape: Shape, order: int) -> float:
    """Upper bound of |function - asymptote| beyond the table."""
    from flint import arb

    return _number(shape.tails[order](arb(shape.reach)))


@cache
def table(shape: Shape, order: int) -> Table:
    """The table of a derivative of a function, built on first use in a fraction of a second.

    Args:
        shape: of the function.
        order: 0 for the function, 1 and 2 for its derivatives.

    Raises:
        InvalidInputError: another order.
        RoundingEnvironmentError: see `environment`.
    """
    from flint import arb, ctx

    if order not in (0, 1, 2):
        raise InvalidInputError(f"derivative {order!r}: allowed are 0, 1, 2")
    require_thread()
    before = ctx.prec
    cells = shape.reach << shape.bits
    coefficients = np.zeros((DEGREE + 1, 2 * cells + 1))
    approximation = np.zeros(2 * cells + 1)
    ctx.prec = PRECISION
    try:
        for start in range(-cells, cells + 1, GROUP):
            stop = min(start + GROUP, cells + 1)
            rest = remainder(shape, order, start, stop - 1)
            for j in range(start, stop):
                exact = taylor(shape, order, arb(j) / 2**shape.bits, DEGREE + 1)
                floats = [float(c) for c in exact]
                approximation[j + cells] = coefficient_error(exact, floats, shape.bits) + rest
                coefficients[:, j + cells] = floats
        tail_error = tail(shape, order)
    finally:
        ctx.prec = before
    coefficients = np.ldexp(coefficients, -shape.bits * np.arange(DEGREE + 1)[:, None])
    return Table(
        shape.bits,
        cells,
        coefficients,
        (approximation + horner_rounding(coefficients)) * _RAISE,
        shape.right[order],
        shape.left[order],
        tail_error,
    )
