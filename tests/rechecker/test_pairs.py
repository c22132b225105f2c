"""Pairs of doubles against exact arithmetic: every bound holds, and each of its parts is needed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx

from pltheory.rechecker.arithmetic import ACTIVATIONS
from pltheory.rechecker.midpoint import Upper
from pltheory.rechecker.pairs import functions, maps, pair, products
from pltheory.rechecker.pairs.functions import on_pairs
from pltheory.rechecker.pairs.maps import Picks
from pltheory.rechecker.pairs.pair import Pair, ball, in_parts, joined, number, pair_of, two_product, two_sum

Exact = list[list[Fraction]]
SCALES = [1.0, 2.0**-40, 3e5, 2.0**60]
EDGES = [0.0, 2.0**-7, -(2.0**-7), 1 / 128 + 1e-17, 63.999, 64.0, -64.0, 1e-30, 0.5, 1.0, -7.5, 20.3, 2.0**-60]


def fractions_of(x: Pair) -> Exact:
    return [[Fraction(float(a)) + Fraction(float(b)) for a, b in zip(*rows, strict=True)]
            for rows in zip(x.high, x.low, strict=True)]  # fmt: skip


def inexact(
    rng: np.random.Generator, shape: tuple[int, int], kind: str, scale: float, err: float
) -> tuple[Pair, Exact]:
    """A pair, and exact numbers at very nearly its error away from it."""
    high = scale * rng.normal(size=shape)
    if kind == "aligned":  # every product is rounded the same way
        high = np.full(shape, scale * (1 + 2.0**-30))
    elif kind == "cancelling":
        high = scale * np.where(np.indices(shape).sum(0) % 2, 1 + 2.0**-50, -1.0)
    elif kind == "mixed":
        high = high * 2.0 ** rng.integers(-70, 1, shape)
    high, low = two_sum(high, high * 2.0**-54 * rng.uniform(-1, 1, shape))
    found = Pair(high, low, Upper(err))
    away = rng.normal(size=shape)
    away = away / np.linalg.norm(away) * err * (1 - 1e-9)
    exact = [[v + Fraction(float(d)) for v, d in zip(*rows, strict=True)]
             for rows in zip(fractions_of(found), away, strict=True)]  # fmt: skip
    return found, exact


def within(found: Pair, exact: Exact) -> bool:
    """Whether the exact numbers are within the bound."""
    error = float(found.err.value)
    off = sum((a - b) ** 2 for r, q in zip(fractions_of(found), exact, strict=True) for a, b in zip(r, q, strict=True))
    return bool(np.isinf(error)) or off <= Fraction(error) ** 2


KINDS = ["normal", "aligned", "cancelling", "mixed"]


def each(x: Exact, y: Exact, f: Callable[[Fraction, Fraction], Fraction]) -> Exact:
    return [[f(a, b) for a, b in zip(r, q, strict=True)] for r, q in zip(x, y, strict=True)]


def multiplied(x: Exact, y: Exact) -> Exact:
    return [[sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0)) for column in zip(*y, strict=True)]
            for row in x]  # fmt: skip


def entry_by_entry(rng: np.random.Generator, kind: str, scale: float, err: float) -> bool:
    (x, a), (y, b) = (inexact(rng, (4, 5), k, s, e) for k, s, e in ((kind, scale, err), ("normal", 1.0, err)))
    (z, c) = inexact(rng, (1, 5), kind, scale, err)
    good = within(x + y, each(a, b, lambda p, q: p + q)) and within(x - y, each(a, b, lambda p, q: p - q))
    good &= within(x * y, each(a, b, lambda p, q: p * q))
    good &= within(x + z, each(a, c * 4, lambda p, q: p + q)) and within(x * z, each(a, c * 4, lambda p, q: p * q))
    third = arb(1) / 3
    exact = [[v / 3 for v in row] for row in a]
    return good and within(x.scaled(third), exact)


def matrix_products(rng: np.random.Generator, kind: str, scale: float, err: float, count: int = 60) -> bool:
    x, a = inexact(rng, (2, count), kind, scale, err)
    y, b = inexact(rng, (count, 3), kind, 1.0, err)
    return within(products.times(x, y), multiplied(a, b))


CASES: dict[str, Callable[..., bool]] = {"entries": entry_by_entry, "products": matrix_products}


@pytest.mark.slow
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_results_are_within_their_bounds(name: str, kind: str, scale: float) -> None:
    rng = np.random.default_rng(1)
    for err in (0.0, 0.0, 1e-28 * scale, 1e-3):
        for _ in range(4):
            assert CASES[name](rng, kind, scale, err)


@pytest.mark.parametrize("count", [1, 255, 1000, 2**12, 2**12 + 1, 9000])
def test_products_of_any_length(count: int) -> None:
    rng = np.random.default_rng(count)
    for kind in ("normal", "aligned"):
        x, a = inexact(rng, (1, count), kind, 1.0, 0.0)
        y, b = inexact(rng, (count, 1), kind, 1.0, 0.0)
        found = products.times(x, y)
        assert within(found, multiplied(a, b))
        assert float(found.err.value) < 2.0**-78 * float((x.size * y.size).value)


def test_bounds_are_of_eighty_bits_and_more() -> None:
    rng = np.random.default_rng(0)
    (x, _), (y, _) = (inexact(rng, (20, 20), "normal", 1.0, 0.0) for _ in range(2))
    size = float((x.size * y.size).value)
    assert float(products.times(x, y).err.value) < 2.0**-80 * size
    assert float((x * y).err.value) < 2.0**-95 * size
    assert float((x + y).err.value) < 2.0**-95 * size


def _term_lost(name: str, patch: pytest.MonkeyPatch) -> None:
    nothing = Upper(0.0)
    if name == "rounding of entries":
        patch.setattr(pair, "UNIT", 0.0)
    elif name == "rounding of products":
        patch.setattr(products, "gamma", lambda count: 0.0)
        patch.setattr(products, "UNIT", 0.0)
    elif name == "errors of factors":
        patch.setattr(Pair, "size", property(lambda self: nothing))
        patch.setattr(Pair, "top", property(lambda self: nothing))
    elif name == "copies":
        patch.setattr(pair, "_copies", lambda x, y: 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "case"),
    [("rounding of entries", "entries"), ("rounding of products", "products"), ("errors of factors", "products"),
     ("errors of factors", "entries"), ("copies", "entries")],
)  # fmt: skip
def test_a_term_lost_is_noticed(name: str, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def good() -> bool:
        rng = np.random.default_rng(2)
        return all(CASES[case](rng, kind, 1.0, err) for err in (0.0, 1e-3) for kind in KINDS for _ in range(20))

    assert good()
    _term_lost(name, monkeypatch)
    assert not good()


@pytest.mark.parametrize("part", ["second", "rest", "whole"])
def test_a_slice_lost_is_noticed(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = products.Slices.of

    def without(x: Pair) -> products.Slices:
        found = real(x)
        object.__setattr__(found, part, np.zeros_like(found.first))
        return found

    monkeypatch.setattr(products.Slices, "of", without)
    assert not matrix_products(np.random.default_rng(0), "normal", 1.0, 0.0)


def test_leading_products_are_exact_at_their_longest() -> None:
    """Whole numbers of units up to the last one that a double holds, in any order."""
    rng = np.random.default_rng(0)
    top = np.full((1, products._TERMS), 1 - 2.0**-53)
    for high in (top, top * rng.choice([-1.0, 1.0], top.shape)):
        a = products.Slices.of(Pair.of(high))
        order = rng.permutation(products._TERMS)
        for left, right in ((a.first, a.first), (np.hstack([a.first, a.second]), np.hstack([a.second, a.first]))):
            exact = sum(
                (Fraction(float(p)) * Fraction(float(q)) for p, q in zip(left[0], right[0], strict=True)), Fraction(0)
            )
            assert Fraction(float((left @ right.T)[0, 0])) == exact
        assert Fraction(float(a.first[0, order].cumsum()[-1])) == sum(Fraction(float(v)) for v in a.first[0])


def test_error_free_transformations() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=4000) * 2.0 ** rng.integers(-300, 300, 4000)
    b = np.concatenate([rng.normal(size=2000) * 2.0 ** rng.integers(-300, 300, 2000), a[:2000] * (1 + 2.0**-52)])
    (s, e), (p, f) = two_sum(a, -b), two_product(a, b)
    for values in zip(a, b, s, e, p, f, strict=True):
        x, y, total, rest, product, more = (Fraction(float(v)) for v in values)
        assert x - y == total + rest
        assert x * y == product + more


def test_what_is_out_of_range_is_known_of_nothing() -> None:
    huge, one = Pair.of(np.full((2, 2), 1e200)), Pair.of(np.ones((2, 2)))
    lost, small = Pair.of(np.array([[np.nan, 1.0], [1.0, 1.0]])), Pair.of(np.full((2, 2), 1e-200))
    with np.errstate(all="ignore"):
        for x in (huge, lost):
            for found in (x + one, one + x, x * one, one * x, products.times(x, one), products.times(one, x)):
                assert not float(found.err.value) < 1e300
            assert not products.norm([x]).is_finite()
        assert not float(products.times(small, one).err.value) < 1e300
    tiny = Pair.of(np.full((1, 3), 2.0**-500))
    assert within(tiny * tiny, [[Fraction(1, 2**1000)] * 3])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_functions_against_balls(name: str) -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([EDGES, rng.uniform(-3, 3, 300), rng.normal(size=50) * 20, rng.uniform(-1e-3, 1e-3, 50)])
    high, low = two_sum(values, values * 2.0**-54 * rng.uniform(-1, 1, values.shape))
    both = on_pairs(name)
    assert both is not None
    with ctx.workprec(300):
        for k, (x, y) in enumerate(zip(high, low, strict=True)):
            one = Pair(np.array([x]), np.array([y]), Upper(0.0))
            exact = ACTIVATIONS[name][0](arb(float(x)) + arb(float(y)))
            for f, value in zip(both, exact, strict=True):
                found = f(one)
                error = float(found.err.value)
                off = abs(arb(float(found.high[0])) + arb(float(found.low[0])) - value)
                assert np.isinf(error) == (abs(x) > 64), k
                assert off <= arb(error) or np.isinf(error)
                assert np.isinf(error) or error < 2.0**-86 * max(1.0, abs(x))


def test_what_the_evaluation_loses_is_counted_and_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A polynomial whose coefficients are doubles, about 0: nothing else is lost."""
    coefficients = np.random.default_rng(1).uniform(-1, 1, functions._DEGREE + 1).tolist()

    def polynomial(x: Any) -> Any:
        total = x * 0 + coefficients[-1]
        for c in reversed(coefficients[:-1]):
            total = total * x + c
        return total

    values = np.random.default_rng(0).uniform(-1, 1, 300) / 129
    for kept in (True, False):
        if not kept:
            monkeypatch.setattr(functions, "horner_lost", lambda moduli: arb(0))
        table = functions.PairTable(polynomial)
        with ctx.workprec(300):
            outside = []
            for v in values.tolist():
                found = table(Pair.of(np.array([v])))
                off = abs(arb(float(found.high[0])) + arb(float(found.low[0])) - polynomial(arb(v)))
                outside.append(bool(off > float(found.err.value)))
        assert any(outside) != kept


def test_a_large_low_part_is_known_of_nothing() -> None:
    both = on_pairs("tanh")
    assert both is not None
    assert np.isinf(both[0](Pair(np.array([1.0]), np.array([1e-3]), Upper(0.0))).err.value)
    assert on_pairs("relu") is None


def test_maps_and_their_transposes() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        index = rng.integers(-1, 6, (7, 3))
        factor = np.where(index >= 0, rng.choice([1.0, 1 / 3, -2.5], (7, 3)), 0.0)
        matrix = np.zeros((7, 6))
        for k, j in np.ndindex(7, 3):
            if index[k, j] >= 0:
                matrix[k, index[k, j]] += factor[k, j]
        exact = [[Fraction(0)] * 7 for _ in range(6)]
        for k, j in np.ndindex(7, 3):
            if index[k, j] >= 0:
                exact[index[k, j]][k] += Fraction(float(factor[k, j]))
        map_ = Picks(index, factor, 6)
        x, a = inexact(rng, (2, 6), "normal", 1.0, 1e-3)
        y, b = inexact(rng, (2, 7), "normal", 1.0, 1e-3)
        assert within(map_(x), multiplied(a, exact))
        assert within(map_.transposed(y), multiplied(b, [list(row) for row in zip(*exact, strict=True)]))
        assert np.allclose(map_(x).high, x.high @ matrix.T)
    assert (Picks.plain(np.array([2, -1, 0]), 3)(Pair.of(np.array([[5.0, 6.0, 7.0]]))).high == [[7.0, 0.0, 5.0]]).all()


def test_an_entry_picked_often_carries_its_error_often(monkeypatch: pytest.MonkeyPatch) -> None:
    index = np.zeros((9, 1), dtype=int)
    map_ = Picks(index, np.ones((9, 1)), 1)
    x = Pair(np.ones((1, 1)), np.zeros((1, 1)), Upper(1e-3))
    exact = [[Fraction(1) + Fraction(999, 10**6)] * 9]
    assert within(map_(x), exact)
    monkeypatch.setattr(maps.Upper, "root", lambda self: Upper(1.0))
    assert not within(map_(x), exact)


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e8])
def test_norms_are_enclosed(scale: float) -> None:
    rng = np.random.default_rng(0)
    for kind in KINDS:
        parts = [inexact(rng, (3, 40), kind, scale, err) for err in (0.0, 1e-9 * scale)]
        square = sum((v * v for _, exact in parts for row in exact for v in row), Fraction(0))
        with ctx.workprec(300):
            found = products.norm([p for p, _ in parts])
            exact = (arb(square.numerator) / square.denominator).sqrt()
            assert found.lower() <= exact <= found.upper()
            sharp = products.norm([p.exact for p, _ in parts])
            assert float(sharp.rad()) < 2.0**-85 * float(sharp.mid())


def test_sums_of_squares_lose_nothing_that_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, exact = inexact(rng, (1, 3000), "normal", 1.0, 0.0)
    square = sum((v * v for v in exact[0]), Fraction(0))
    for lost in (False, True):
        if lost:
            monkeypatch.setattr(products, "gamma", lambda count: 0.0)
        with ctx.workprec(300):
            found = products.squared([x])[0]
            true = arb(square.numerator) / square.denominator
            assert (found.lower() <= true <= found.upper()) != lost


def test_single_numbers_and_matrices_of_balls() -> None:
    with ctx.workprec(200):
        for value in (arb(1) / 3, -arb(2).sqrt(), arb(0), arb(1) / 3 + arb(0, 1e-9), arb(5)):
            found = number(value)
            again = ball(found)
            assert again.contains(value)
            assert float(again.rad()) < 2.0**-100 + 1.01e-9 * (float(value.rad()) > 0)
        rows = [[arb(i) / 7 + arb(0, 1e-20) for i in range(3)] for _ in range(2)]
        found = pair_of(rows)
        flat = zip(found.high.ravel().tolist(), found.low.ravel().tolist(), rows[0] + rows[1], strict=True)
        off = sum(((arb(a) + arb(b) - v).abs_upper() ** 2 for a, b, v in flat), arb(0)).sqrt()
        assert off <= float(found.err.value)


def test_joined_parts_carry_all_errors() -> None:
    rng = np.random.default_rng(0)
    (x, a), (y, b) = (inexact(rng, (2, 2), "normal", 1.0, 1e-3) for _ in range(2))
    assert within(joined([x, y], 1), [p + q for p, q in zip(a, b, strict=True)])
    assert within(joined([x, y], 0), a + b)


def test_parts_of_an_array_are_all_of_it() -> None:
    x = np.arange(20_000.0).reshape(100, 200).T
    (found,) = in_parts(lambda a, b: (a + b,), 1, x, np.ones(100))
    assert (found == x + 1).all()


def test_the_rechecks_bits_do_not_change_pairs() -> None:
    """Scalars of few bits bring their radius along."""
    with ctx.workprec(30):
        third = arb(1) / 3
    x = Pair.of(np.ones((1, 1)))
    found: Any = x.scaled(third)
    assert within(found, [[Fraction(1, 3)]])
