"""Suprema of the first three derivatives of the smooth activations, by ball arithmetic.

A compact interval is split until every piece either lies below what is reached already, or holds the
derivative monotone (then its ends decide), or holds the derivative's slope monotone (then its one critical
point is enclosed by bisection). Beyond the interval an analytic bound holds. The result is an enclosure
[lower, upper] of the supremum, far narrower than a float's spacing, against which the stored constants and
the closed forms are compared exactly.

Requires python-flint.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from pltheory.nets.activations import ACTIVATIONS

PRECISION = 200
REACH = 12
"""The compact interval covers [-REACH, REACH]; all tails below are stated for |x| >= REACH."""


@dataclass(frozen=True)
class Supremum:
    """An enclosure of the supremum of |act^(order)| over the line.

    Attributes:
        lower, upper: balls whose lower and upper ends enclose the supremum.
        attained: whether `lower` is a value of the derivative (else a limit at infinity).
        stored: the float in the activation table.
        stored_is_upper: whether the float, as a dyadic rational, is at least `upper`.
        closed_form_agrees: whether the closed form's enclosure meets it, None where the table has no closed
        form. pieces: intervals examined.
    """

    activation: str
    order: int
    lower: Any
    upper: Any
    attained: bool
    stored: float
    stored_is_upper: bool
    closed_form_agrees: bool | None
    pieces: int


def _series(name: str) -> Callable:
    """The activation on power series with ball coefficients: its Taylor coefficients enclose the
    derivatives."""
    from flint import arb, arb_series

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + (-x).exp())

    def tanh(x: Any) -> Any:
        return 2 * sigmoid(2 * x) - 1

    def normal(x: Any) -> Any:
        return (1 + (x * arb(0.5).sqrt()).erf()) / 2

    def mish(x: Any) -> Any:
        if x[0].mid() > 0:  # the same function; the denominator is positive over a ball of any size
            q = (-x).exp()
            return x * (1 + 2 * q) / (1 + 2 * q + 2 * q * q)
        e = x.exp()
        return x * (e * e + 2 * e) / (e * e + 2 * e + 2)

    return {
        "tanh": tanh,
        "sigmoid": sigmoid,
        "erf": arb_series.erf,
        "gelu": lambda x: x * normal(x),
        "silu": lambda x: x * sigmoid(x),
        "mish": mish,
        "sin": arb_series.sin,
    }[name]


def _tail(name: str, order: int) -> tuple[Any, Any]:
    """(limit, excess): for |x| >= REACH the modulus is at most limit + excess, limit a limit at infinity.

    With s the sigmoid, s' = s(1 - s) <= e^-|x| and |s''|, |s'''| <= s'. With phi the normal density, the
    polynomials times phi below decrease beyond 4. Each line is the term-by-term bound of the derivative
    written out.
    """
    from flint import arb

    x = arb(REACH)
    small, phi = (-x).exp(), (-x * x / 2).exp() / (2 * arb.pi()).sqrt()
    gauss = 2 / arb.pi().sqrt() * (-x * x).exp()
    zero, one = arb(0), arb(1)
    return {
        # tanh(x) = 2 s(2 x) - 1
        "tanh": [(zero, 2 ** (order + 1) * (-2 * x).exp())] * 3,
        "sigmoid": [(zero, small)] * 3,
        # softplus' = s lies in (0, 1) and tends to 1
        "softplus": [(one, zero), (zero, small), (zero, small)],
        # erf' = 2/sqrt(pi) e^(-x^2), and its derivatives -2x and 4x^2 - 2 times that
        "erf": [(zero, gauss), (zero, 2 * x * gauss), (zero, (4 * x * x + 2) * gauss)],
        # gelu' = Phi + x phi, gelu'' = (2 - x^2) phi, gelu''' = (x^3 - 4 x) phi
        "gelu": [(one, x * phi), (zero, (2 + x * x) * phi), (zero, (x**3 + 4 * x) * phi)],
        # silu' = s + x s', silu'' = 2 s' + x s'', silu''' = 3 s'' + x s'''
        "silu": [(one, x * small), (zero, (2 + x) * small), (zero, (3 + x) * small)],
        # mish = x g, and with q = e^-|x|: g <= q on the left, 1 - g <= q on the right, and |g'|, |g''|, |g'''| <= q:
        # written out, each difference is a rational function whose numerator is positive where 8 q <= 1.
        "mish": [(one, (1 + x) * small), (zero, (2 + x) * small), (zero, (3 + x) * small)],
        "sin": [(zero, one)] * 3,
    }[name][order - 1]


def _derivatives(name: str, order: int, x: Any) -> list:
    """Enclosures over the ball x of the derivatives of the given order and of the two next ones."""
    from flint import arb, arb_series, ctx

    if name == "softplus":  # its derivative, the sigmoid, has the tighter enclosures
        name, order = "sigmoid", order - 1
    ctx.cap = order + 3
    value = _series(name)(arb_series([x, arb(1)]))
    return [value[k] * math.factorial(k) for k in range(order, order + 3)]


def _ball(low: Fraction, high: Fraction) -> Any:
    """A ball that covers an interval with dyadic ends."""
    from flint import arb, fmpq

    mid, rad = (low + high) / 2, (high - low) / 2
    return arb(fmpq(mid.numerator, mid.denominator), arb(fmpq(rad.numerator, rad.denominator)))


def _modulus(name: str, order: int, x: Fraction) -> Any:
    """|act^(order)| at a dyadic point; exact at 0 where the value there is rational."""
    from flint import arb

    exact = _exact_at_zero(name, order) if x == 0 else None
    return abs(arb(exact[0])) if exact else abs(_derivatives(name, order, _ball(x, x))[0])


def _exact_at_zero(name: str, order: int) -> tuple | None:
    """The derivatives of this and the next order at 0 as rationals, None where they are irrational."""
    from flint import ctx, fmpq_series

    ctx.cap = order + 3
    x = fmpq_series([0, 1])
    sigmoid = 1 / (1 + (-x).exp())
    series = {
        "sigmoid": lambda: sigmoid,
        "softplus": lambda: sigmoid.integral(),
        "tanh": lambda: 2 / (1 + (-2 * x).exp()) - 1,
        "silu": lambda: x * sigmoid,
        "sin": lambda: x.sin(),
    }.get(name)
    return series and tuple(series()[k] * math.factorial(k) for k in (order, order + 1))


def _critical_value(name: str, order: int, low: Fraction, high: Fraction) -> Any:
    """The modulus at the only zero of the slope in [low, high], where the slope is monotone and changes
    sign."""
    exact = _exact_at_zero(name, order)
    if low < 0 < high and exact and exact[1] == 0:
        return _modulus(name, order, Fraction(0))

    def sign(x: Fraction) -> int:
        slope = _derivatives(name, order, _ball(x, x))[1]
        return 1 if slope > 0 else -1 if slope < 0 else 0

    at_low, at_high = sign(low), sign(high)
    for _ in range(140):
        mid = (low + high) / 2
        here = sign(mid)
        if here == 0:  # zero within rounding: widen about it until the signs at both sides are certain
            margin = Fraction(1, 2**150)
            while sign(mid - margin) != at_low or sign(mid + margin) != at_high:
                margin *= 4
            low, high = max(low, mid - margin), min(high, mid + margin)
            break
        low, high = (mid, high) if here == at_low else (low, mid)
    return abs(_derivatives(name, order, _ball(low, high))[0])


@contextmanager
def _flint_globals() -> Iterator[None]:
    """Precision and series length are globals of python-flint: leave them as they were found."""
    from flint import ctx

    before = ctx.prec, ctx.cap
    ctx.prec = PRECISION
    try:
        yield
    finally:
        ctx.prec, ctx.cap = before


@_flint_globals()
def supremum(name: str, order: int) -> Supremum:
    """Enclose the supremum over the line of the modulus of a derivative.

    Args:
        name: a smooth activation of the table.
        order: 1, 2 or 3.
    """
    from flint import arb, fmpq

    limit, excess = _tail(name, order)
    most = arb(1) if name == "sin" else arb("inf")  # known beforehand, and reached
    best_low, best_high, attained, pieces = limit, limit, False, 0

    def reach(value: Any) -> None:
        nonlocal best_low, best_high, attained
        if value.lower() > best_low.lower():
            best_low, attained = value, True
        if value.upper() > best_high.upper():
            best_high = value if value.upper() <= most else most

    # Starting values, so that most pieces fall below at once.
    for k in range(-4 * REACH, 4 * REACH + 1):
        reach(_modulus(name, order, Fraction(k, 4)))
    # Odd ends: critical points sit at 0 and at other dyadic points, which should fall inside a piece.
    odd = Fraction(5, 16)
    todo = [(k + odd, k + 1 + odd) for k in range(-REACH - 1, REACH)]
    while todo:
        low, high = todo.pop()
        pieces += 1
        value, slope, curvature = _derivatives(name, order, _ball(low, high))
        if abs(value).upper() < best_low.lower():
            continue
        # On a monotone piece the modulus is largest at an end.
        for end in (low, high):
            reach(_modulus(name, order, end))
        if not slope.contains(0):
            continue
        ends = [_derivatives(name, order, _ball(e, e))[1] for e in (low, high)]
        if not curvature.contains(0) and not any(e.contains(0) for e in ends):
            if (ends[0] > 0) != (ends[1] > 0):
                reach(_critical_value(name, order, low, high))
            continue
        if high - low < Fraction(1, 2**60):  # a critical point at an end: the piece is its own enclosure
            reach(abs(value))
            continue
        mid = low + (high - low) * Fraction(3, 8)
        todo += [(low, mid), (mid, high)]
    tail = limit + excess
    if not attained or tail.upper() > best_high.upper():
        # The tail may be the largest: its supremum lies between its limit and limit + excess.
        best_high = tail if tail.upper() > best_high.upper() else best_high
    table = ACTIVATIONS[name]
    stored = (table.s1, table.s2, table.s3)[order - 1]
    ratio = fmpq(*stored.as_integer_ratio())
    form = table.closed_forms[order - 1]
    agrees = None
    if form is not None:
        exact = _closed_form(sp.sympify(form))
        hull = best_low.union(best_high)
        agrees = bool(hull.overlaps(exact) and hull.rad() < arb(2) ** -90)
    upper_ok = bool(best_high.upper() <= arb(ratio))
    return Supremum(name, order, best_low, best_high, attained, stored, upper_ok, agrees, pieces)


def _closed_form(e: sp.Expr) -> Any:
    """A closed form in ball arithmetic."""
    from flint import arb, fmpq

    if e.is_Rational:
        return arb(fmpq(e.p, e.q))
    if e == sp.pi:
        return arb.pi()
    if e == sp.E:
        return arb(1).exp()
    args = [_closed_form(a) for a in e.args]
    if e.is_Add or e.is_Mul:
        total = args[0]
        for a in args[1:]:
            total = total + a if e.is_Add else total * a
        return total
    if e.is_Pow and e.exp == sp.Rational(1, 2):
        return args[0].sqrt()
    if e.is_Pow and e.exp == -sp.Rational(1, 2):
        return 1 / args[0].sqrt()
    if e.is_Pow:
        return args[0] ** args[1]
    return getattr(args[0], e.func.__name__)()


def all_suprema() -> list[Supremum]:
    """Every smooth activation and order of the table."""
    names = [a.name for a in ACTIVATIONS.values() if a.smooth]
    return [supremum(name, order) for name in names for order in (1, 2, 3)]
