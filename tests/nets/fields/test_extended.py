"""Arrays of 64 binary digits: every operation holds the exact rational result, and a lost error term is noticed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from pltheory.nets.fields import verified
from pltheory.nets.fields.extended import AVAILABLE, EXTENDED, Extended
from pltheory.nets.fields.verified import LEADING, MOST_TERMS, Near, Verified, frobenius, leading
from pltheory.nets.kinds import kinks
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear, clipped, leaky_relu, modulus, relu
from pltheory.nets.tape import Tape
from pltheory.theory import NotAvailableError
from tests.nets.graph_mutants import Mutant

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="long doubles here are not those of 64 binary digits")

LONG = np.longdouble
RADII = (0.0, 2.0**-62, 2.0**-30, 0.25)


def exact(x: np.ndarray) -> np.ndarray:
    """As rationals, entry by entry."""
    flat = np.empty(np.size(x), dtype=object)
    flat[:] = [Fraction(*v.as_integer_ratio()) for v in np.asarray(x, dtype=LONG).reshape(-1)]
    return flat.reshape(np.shape(x))


def squares(x: np.ndarray) -> Fraction:
    """||x||_F^2 of rationals."""
    return sum((v * v for v in np.ravel(x)), Fraction(0))


def digits(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers with all 64 digits, some of one sign and size, some that cancel."""
    x = rng.standard_normal(shape).astype(LONG) + rng.standard_normal(shape).astype(LONG) * LONG(2.0) ** -58
    how = rng.integers(4)
    if how == 0:
        x = np.full(shape, LONG(1) + LONG(2.0) ** -int(rng.integers(52, 64)))
    elif how == 1:
        x = np.abs(x)
    elif how == 2 and shape[-1] > 1:
        half = shape[-1] // 2
        x[..., half : 2 * half] = -x[..., :half]
    return x


def near(rng: np.random.Generator, *shape: int) -> Near:
    return Near(digits(rng, *shape), float(rng.choice(RADII)))


def member(x: Near, rng: np.random.Generator) -> np.ndarray:
    """An exact array about as far from the midpoint as is allowed."""
    d = np.ones(x.mid.shape) if rng.integers(2) else rng.standard_normal(x.mid.shape)
    d = exact(d / (np.linalg.norm(d) * (1 + 1e-12)))
    assert squares(d) <= 1
    return exact(x.mid) + d * Fraction(x.rad)


def holds(found: Near, true: np.ndarray) -> None:
    assert found.mid.dtype == LONG
    assert found.mid.shape == true.shape
    assert squares(true - exact(found.mid)) <= Fraction(found.rad) ** 2


def with_nothing(x: np.ndarray) -> np.ndarray:
    return np.concatenate([x, np.full((*x.shape[:-1], 1), Fraction(0), dtype=object)], axis=-1)


# --- the operations ---


def sums(rng: np.random.Generator) -> None:
    for shape in ((3, 4), (1, 4), (3, 1)):
        x, y = near(rng, 3, 4), near(rng, *shape)
        a, b = member(x, rng), member(y, rng)
        holds(EXTENDED.add(x, y), a + b)
        holds(EXTENDED.times(x, y), a * b)
    c = float(rng.standard_normal())
    holds(EXTENDED.scaled(x, c), a * Fraction(c))
    one = np.full((3, 1), Fraction(c), dtype=object)
    holds(EXTENDED.with_column(x, c), np.concatenate([a, one], axis=1))
    y = near(rng, 2, 4)
    holds(EXTENDED.concatenate([x, y]), np.concatenate([a, member(y, rng)]))
    holds(EXTENDED.times(x, EXTENDED.reciprocal(3.0)), a / 3)


def products(rng: np.random.Generator) -> None:
    shapes = [((3, 5), (5, 2)), ((2, 3, 5), (2, 5, 2)), ((2, 3, 5), (5, 2)), ((2, 1, 3, 4), (1, 3, 4, 2))]
    for left, right in (*shapes, ((1, 40), (40, 1))):
        x, y = near(rng, *left), near(rng, *right)
        for product in (EXTENDED.product, EXTENDED.fine_product):
            holds(product(x, y), np.matmul(member(x, rng), member(y, rng)))
    # Errors all of one sign: one product of a unit that is lost after another.
    k = 40
    row = np.full((1, k), LONG(2.0) ** -64)
    row[0, 0] = 1
    eights = np.full((k, 1), LONG(8))
    holds(EXTENDED.product(Near(row), Near(eights)), exact(row) @ exact(eights))
    copies = np.tile(row, (100, 1, 1))
    holds(EXTENDED.product(Near(copies), Near(eights)), np.matmul(exact(copies), exact(eights)))


def gathered(rng: np.random.Generator) -> None:
    x = near(rng, 3, 5)
    a = with_nothing(member(x, rng))
    index = rng.integers(-1, 5, (4, 3))
    holds(EXTENDED.gather(x, index), a[..., index])
    holds(EXTENDED.gathered_sum(x, index), a[..., index].sum(-1))
    holds(EXTENDED.part(x, np.array([0, 2, 0, 1])), a[[0, 2, 0, 1], :-1])
    lost = np.array([[LONG(1), LONG(2.0) ** -64, LONG(2.0) ** -64]])
    holds(EXTENDED.gathered_sum(Near(lost), np.array([[0, 1, 2]])), exact(lost).sum(1, keepdims=True))


def norms(rng: np.random.Generator) -> None:
    x = near(rng, 3, 4)
    a = member(x, rng)
    own = [squares(row) for row in a]
    assert all(s <= Fraction(float(b)) ** 2 for s, b in zip(own, EXTENDED.lengths(x, -1), strict=True))
    assert min(own) >= Fraction(EXTENDED.smallest_row_norm(x)) ** 2
    assert squares(a) <= Fraction(EXTENDED.frobenius(x)) ** 2
    assert squares(exact(x.mid)) <= Fraction(frobenius(x.mid)) ** 2
    assert max(abs(v) for v in exact(x.mid).ravel()) <= Fraction(x.largest)
    v = exact(np.linalg.svd(a.astype(float))[2][0])
    stretched = squares(a @ v) / squares(v)
    assert stretched <= Fraction(EXTENDED.norm(x)) ** 2
    assert stretched <= Fraction(EXTENDED.largest_norm(EXTENDED.reshape(x, 1, 3, 4))) ** 2
    # What is asked of their doubles is asked of arrays no further from exact.
    doubles = EXTENDED._doubles(x)
    assert doubles.mid.dtype == np.float64
    assert squares(a - exact(doubles.mid)) <= Fraction(doubles.rad) ** 2


def applied_to(kind: PiecewiseLinear, z: Fraction) -> Fraction:
    j = sum(z > Fraction(float(b)) for b in kind.breaks)
    return Fraction(float(kind.slopes[j])) * z + Fraction(float(kind.intercepts[j]))


def bent(rng: np.random.Generator) -> None:
    """Functions of one entry and maxima, and how far exact arguments are from kinks."""
    for kind in (relu(), leaky_relu(0.1), clipped(-0.7, 0.7), modulus()):
        x = near(rng, 3, 4)
        a = member(x, rng)
        tape = Tape(EXTENDED, [], 3, 1, values=[Near(np.zeros((3, 1), dtype=LONG)), x])
        holds(kind.forward(tape, 2, [1]), np.vectorize(lambda z, kind=kind: applied_to(kind, z), otypes=[object])(a))
        away = np.min([abs(a - Fraction(float(b))) for b in kind.breaks], axis=0)
        assert (exact(kind.margins(tape, 1).nearest) <= away).all()
    for below in (0.0, 0.1, 1.0):
        kind = Maximum(np.array([[0, 1, 2], [3, -1, 1]]), below)
        x = near(rng, 3, 4)
        a = member(x, rng)
        tape = Tape(EXTENDED, [], 3, 1, values=[Near(np.zeros((3, 1), dtype=LONG)), x])
        tape.reach = lambda u: None
        top = np.array([[max(row[:3]), max(row[3], row[1])] for row in a], dtype=object)
        holds(kind.forward(tape, 2, [1]), np.where(top > 0, top, Fraction(below) * top))
    factor = np.array([0.0, 1.0, -1.0, 0.3])
    holds(EXTENDED.masked(x, factor, 1.0), a * exact(factor))


def parts(rng: np.random.Generator) -> None:
    """Leading parts: they add up to the whole, and multiply and add without error."""
    k = MOST_TERMS
    x = np.full((2, k), LONG(1) - LONG(2.0) ** -int(rng.integers(26, 36)))
    y = digits(rng, k, 2) if rng.integers(2) else x.T.copy()
    (xh, xl), (yh, yl) = leading(x, EXTENDED.digits), leading(y, EXTENDED.digits)
    for whole, high, rest in ((x, xh, xl), (y, yh, yl)):
        assert (exact(high) + exact(rest) == exact(whole)).all()
        assert np.abs(rest).max() <= LONG(2.0) ** -25 * np.abs(whole).max()
    assert (exact(xh @ yh) == exact(xh) @ exact(yh)).all()


def cancelling(rng: np.random.Generator) -> None:
    """Two products that all but cancel: what is left of leading parts is the whole error."""
    x, y = digits(rng, 1, 2), digits(rng, 2, 1)
    y[1, 0] = -x[0, 0] * y[0, 0] / x[0, 1]
    holds(EXTENDED.fine_product(Near(x), Near(y)), exact(x) @ exact(y))


def constants(rng: np.random.Generator) -> None:
    """Weights keep their digits."""
    x = digits(rng, 3)
    held = EXTENDED.settled(EXTENDED.constant(x))
    holds(held, exact(x))
    assert held.rad == 0.0
    assert EXTENDED.constant(np.ones(2)).mid.dtype == LONG


CHECKS: dict[str, tuple[Callable[[np.random.Generator], None], int]] = {
    "sums": (sums, 40), "products": (products, 12), "gathered": (gathered, 30), "norms": (norms, 40),
    "bent": (bent, 15), "parts": (parts, 4), "cancelling": (cancelling, 20), "constants": (constants, 4),
}  # fmt: skip


def many(name: str) -> None:
    check, count = CHECKS[name]
    rng = np.random.default_rng(11)
    for _ in range(count):
        check(rng)


@pytest.mark.parametrize("name", CHECKS)
def test_results_hold_the_exact_ones(name):
    many(name)


def test_the_radii_are_those_of_64_digits():
    """A hundredth of what doubles lose at most."""
    rng = np.random.default_rng(2)
    x, y = digits(rng, 6, 8), digits(rng, 8, 5)
    size = float(np.linalg.norm(x.astype(float)) * np.linalg.norm(y.astype(float)))
    found = [
        EXTENDED.product(Near(x), Near(y)),
        EXTENDED.fine_product(Near(x), Near(y)),
        EXTENDED.add(Near(x), Near(x)),
    ]
    assert all(0 < z.rad <= 0.01 * 2.0**-53 * 8 * size for z in found)


def test_what_is_known_to_doubles_alone_is_refused():
    x = Near(np.ones((2, 2), dtype=LONG))
    for asked in (
        lambda: EXTENDED.activation("tanh", x, 0),
        lambda: EXTENDED.centred(x),
        lambda: EXTENDED.normalised(x, 1e-5),
        lambda: EXTENDED.softmax(x),
    ):
        with pytest.raises(NotAvailableError, match="digits of doubles"):
            asked()


# --- the loss of an error term ---


@pytest.mark.parametrize("name", ["sums", "products", "gathered", "bent"])
def test_a_rounding_of_nothing_is_noticed(monkeypatch, name):
    monkeypatch.setattr(Extended, "unit", 0.0)
    with pytest.raises(AssertionError):
        many(name)


@pytest.mark.parametrize("bits", [27, 30])
def test_leading_parts_that_are_too_long_are_noticed(monkeypatch, bits):
    monkeypatch.setitem(LEADING, 64, bits)
    with pytest.raises(AssertionError):
        many("parts")


def test_leading_parts_of_doubles_are_noticed(monkeypatch):
    monkeypatch.setattr(Extended, "digits", 53)
    with pytest.raises(AssertionError):
        many("parts")


MUTANTS = [
    Mutant("the cast", Extended, "_doubles", "mul_up(2.0**-52, frobenius(mid))", "0.0", "norms"),
    Mutant("a radius before the cast", Extended, "_doubles", "x.rad, ", "", "norms"),
    Mutant("one product for many", Extended, "product", "sqrt_up(float(stacks))", "1.0", "products"),
    Mutant("one rounding a product", Extended, "product", "gamma(k)", "gamma(1)", "products"),
    Mutant("a factor's size", Extended, "product", "left, right, sqrt_up", "left, sqrt_up", "products"),
    Mutant("radii of factors", Extended, "product", "product_error(left, right, *moved)", "0.0", "products"),
    Mutant("copies of a factor", Extended, "product",
           "copies(z.rad, int(np.prod(z.mid.shape[:-2])), stacks)", "z.rad", "products"),
    Mutant("constants as doubles", Extended, "constant", "np.longdouble", "np.float64", "constants"),
    Mutant("sizes from below", verified, "narrowed", "(1 + 2.0**-51)", "(1 - 2.0**-53)", "norms"),
    Mutant("a length's radius", Verified, "lengths", "x.rad", "0.0", "norms"),
    Mutant("a shortest length's radius", Verified, "smallest_row_norm", " - x.rad", "", "norms"),
    Mutant("what a map carries", Verified, "applied", "mul_up(norm, x.rad)", "0.0", "bent"),
    Mutant("a map's rounding", Verified, "applied", "rounding(mid, roundings, products=1, unit=self.unit)", "0.0",
           "bent"),
    Mutant("a mask's rounding", Verified, "masked", "rounding(mid, products=1, unit=self.unit)", "0.0", "bent"),
    Mutant("terms of a sum", Verified, "gathered_sum", "terms, frobenius", "1, frobenius", "gathered"),
    Mutant("the rest of leading parts", Verified, "fine_product", "gamma(k + 1)", "0.0", "cancelling"),
    Mutant("a fine product's last rounding", Verified, "fine_product", "rounding(c, unit=self.unit)", "0.0",
           "products"),
    Mutant("a margin's radius", kinks, "distances", " - off)", ")", "bent"),
]  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_an_error_that_is_lost_is_noticed(monkeypatch, mutant):
    mutant.plant(monkeypatch)
    with pytest.raises(AssertionError):
        many(mutant.check)
