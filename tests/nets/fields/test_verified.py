"""Arrays with a Frobenius radius: every operation holds the exact result, and the loss of an error term is noticed.

Exact arrays are drawn on the rim of the ball of the operand, along its top singular direction, along ones, or anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb

from pltheory.nets.activations import activation
from pltheory.nets.fields import VERIFIED, verified
from pltheory.nets.fields.verified import Near
from pltheory.rigor.errors import NoVerdictError
from tests.nets.graph_mutants import Mutant
from tests.oracles.graph_exact import act, apart, balls, precision
from tests.oracles.graph_exact import token as exact_token
from tests.rigor.oracle import cases, fractions, matrix

RADII = (0.0, 2.0**-50, 2.0**-20, 0.25)
FAMILIES = ("gaussian", "aligned", "absorbing", "cancelling", "strided", "zero")


def near(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> Near:
    """A midpoint of some family, and a radius."""
    k = shape[-1]
    mid = scale * matrix(str(rng.choice(FAMILIES)), rng, int(np.prod(shape[:-1])), k).reshape(shape)
    return Near(np.ascontiguousarray(mid), float(rng.choice(RADII)))


def member(x: Near, rng: np.random.Generator) -> np.ndarray:
    """An exact array as far from the midpoint as is allowed."""
    how = rng.integers(4)
    direction = np.ones(x.mid.shape) if how == 0 else rng.standard_normal(x.mid.shape)
    if how == 1 and x.mid.ndim >= 2:
        u, _, v = np.linalg.svd(x.mid, full_matrices=False)
        direction = u[..., :, :1] * v[..., :1, :]
    if how == 2:
        direction = np.zeros(x.mid.shape)
        direction.flat[rng.integers(direction.size)] = 1.0
    length = np.linalg.norm(direction) * (1 + 1e-12)
    return balls(x.mid) + balls(direction / length if length else direction) * arb(x.rad)


def holds(found: Near, exact: np.ndarray) -> None:
    assert found.mid.shape == exact.shape
    assert apart(exact, found.mid) <= found.rad


def entries(x: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Along the last axis, zero for -1."""
    zero = np.full((*x.shape[:-1], 1), arb(0), dtype=object)
    return np.concatenate([x, zero], axis=-1)[..., index]


def by_row(f: Callable[[np.ndarray], Any], x: np.ndarray) -> np.ndarray:
    """f of every row."""
    return np.array([f(row) for row in x.reshape(-1, x.shape[-1])], dtype=object)


def total(x: np.ndarray) -> arb:
    return sum(x.ravel(), arb(0))


def sums(rng: np.random.Generator) -> None:
    for shape in ((3, 4), (1, 4), (3, 1)):
        x, y = near(rng, 3, 4), near(rng, *shape)
        a, b = member(x, rng), member(y, rng)
        holds(VERIFIED.add(x, y), a + b)
        holds(VERIFIED.times(x, y), a * b)
    x, y = near(rng, 3, 1), near(rng, 1, 4)
    holds(VERIFIED.times(x, y), member(x, rng) * member(y, rng))
    c = float(rng.standard_normal())
    holds(VERIFIED.scaled(x, c), member(x, rng) * arb(c))
    holds(VERIFIED.times(x, VERIFIED.reciprocal(3.0)), member(x, rng) / 3)
    one = np.full((3, 1), arb(c), dtype=object)
    holds(VERIFIED.with_column(x, c), np.concatenate([member(x, rng), one], axis=1))


def products(rng: np.random.Generator) -> None:
    for left, right in (((3, 5), (5, 2)), ((2, 3, 5), (2, 5, 2)), ((2, 3, 5), (5, 2)), ((2, 1, 3, 4), (1, 3, 4, 2))):
        x, y = near(rng, *left), near(rng, *right)
        for product in (VERIFIED.product, VERIFIED.fine_product):
            holds(product(x, y), np.matmul(member(x, rng), member(y, rng)))


def indexed(rng: np.random.Generator) -> None:
    x = near(rng, 3, 5)
    a = member(x, rng)
    index = rng.integers(-1, 5, (4, 3))
    holds(VERIFIED.gather(x, index), entries(a, index))
    holds(VERIFIED.gathered_sum(x, index), entries(a, index).sum(-1))
    some = rng.integers(0, 3, 6)
    holds(VERIFIED.part(x, some), a[some])
    holds(VERIFIED.part(x, slice(1, 3)), a[1:3])
    y = near(rng, 2, 5)
    holds(VERIFIED.concatenate([x, y, y]), np.concatenate([a, member(y, rng), member(y, rng)]))


def maps(rng: np.random.Generator) -> None:
    x = near(rng, 3, 4)
    a = member(x, rng)
    for name in ("tanh", "softplus", "sin"):
        for order in (0, 1):
            exact = np.array([act(name, v)[order] for v in a.ravel()], dtype=object).reshape(a.shape)
            holds(VERIFIED.activation(name, x, order), exact)
    nothing = np.full((4, 1), arb(0), dtype=object)
    holds(VERIFIED.softmax(x), by_row(lambda z: exact_token("softmax", 0.0, z, nothing)[0], a))
    holds(VERIFIED.centred(x), by_row(lambda z: z - total(z) / 4, a))
    value, factor = VERIFIED.normalised(x, 0.05)
    holds(value, by_row(lambda z: exact_token("rms-norm", 0.05, z, nothing)[0], a))
    holds(factor, by_row(lambda z: [1 / (total(z * z) / 4 + arb(0.05)).sqrt()], a))
    weight = rng.standard_normal((4, 2))
    image = VERIFIED.product(VERIFIED.settled(x), VERIFIED.constant(weight))
    norm = float(np.linalg.norm(weight, 2)) * (1 + 1e-12)
    holds(VERIFIED.carried(image, lambda: norm, x), a @ balls(weight))


def norms(rng: np.random.Generator) -> None:
    x = near(rng, 3, 4)
    a = member(x, rng)
    lengths = by_row(lambda z: total(z * z).sqrt(), a)
    assert all(v <= b for v, b in zip(lengths, VERIFIED.lengths(x, -1), strict=True))
    assert all(v >= VERIFIED.smallest_row_norm(x) for v in lengths)
    floats = np.array([[float(v) for v in row] for row in a])
    size = np.linalg.norm(floats, 2) * (1 - 1e-14)
    assert size <= VERIFIED.norm(x)
    assert size <= VERIFIED.largest_norm(VERIFIED.reshape(x, 1, 3, 4))
    gram = VERIFIED.product(x, VERIFIED.transpose(x, 1, 0))
    assert size <= VERIFIED.roots(VERIFIED.reshape(gram, 1, 3, 3))[0] * (1 + 1e-14)


@pytest.mark.parametrize("kind", [sums, products, indexed, maps, norms], ids=lambda f: f.__name__)
def test_results_hold_the_exact_ones(kind, count):
    rng = np.random.default_rng(3)
    with precision():
        for _ in range(cases(25, 0.01)):
            kind(rng)
            count(f"near arrays: {kind.__name__}")


def test_radii_are_not_far_from_what_an_error_can_do():
    """A tenth of a bound is passed by an error that goes where it does most."""
    x = Near(np.diag([3.0, 1.0]), 0.5)
    assert VERIFIED.product(x, VERIFIED.constant(np.diag([2.0, 1.0]))).rad <= 1.0 + 1e-12
    assert VERIFIED.add(x, x).rad <= 1.0 + 1e-12
    assert VERIFIED.gather(x, np.array([[0, 0], [1, 1]])).rad <= 0.5 * 2**0.5 + 1e-12


def test_leading_parts_add_up_and_multiply_without_error():
    """Entries of all sizes; inner products of the most terms, in whatever order they are added."""
    rng = np.random.default_rng(5)
    for scale_ in (1.0, 2.0**500, 2.0**-500, 3.3):
        k = verified.MOST_TERMS
        x, y = scale_ * np.ones((2, k)), scale_ * rng.standard_normal((k, 2))
        x[1] = scale_ * rng.standard_normal(k) * np.exp2(rng.integers(-60, 1, k).astype(float))
        (xh, xl), (yh, yl) = verified.leading(x), verified.leading(y)
        for whole, high, rest in ((x, xh, xl), (y, yh, yl)):
            assert (fractions(high) + fractions(rest) == fractions(whole)).all()
            assert np.abs(rest).max() <= 2.0**-20 * np.abs(whole).max()
        if scale_ != 2.0**-500:  # there products underflow, which is counted apart
            inverse = 1.0 / scale_ if scale_ == 2.0**500 else 1.0
            a, b = xh * inverse, yh * inverse
            assert (fractions(a @ b) == fractions(a) @ fractions(b)).all()


def test_what_is_not_finite_has_no_verdict():
    for mid, rad in ((np.array([np.nan]), 0.0), (np.array([np.inf]), 0.0), (np.ones(1), np.inf), (np.ones(1), np.nan)):
        with pytest.raises(NoVerdictError):
            Near(mid, rad)
    huge = Near(np.full((2, 2), 1e200))
    for overflow in (VERIFIED.times, VERIFIED.product):
        with pytest.raises(NoVerdictError):
            overflow(huge, huge)
    with pytest.raises(NoVerdictError, match="vanishes"):
        VERIFIED.normalised(Near(np.zeros((1, 2)), 1e-3), 1e-300)


# --- the gate: no error term can be lost or shrunk ---

HALF_UNIT = 2.0**-53


def rounded_sum() -> None:
    holds(
        VERIFIED.add(Near(np.ones((1, 1))), Near(np.full((1, 1), HALF_UNIT))), balls(np.ones((1, 1))) + arb(HALF_UNIT)
    )


def broadcast() -> None:
    x = Near(np.ones((1, 1)), 0.5)
    holds(VERIFIED.add(x, Near(np.zeros((3, 3)))), balls(np.full((3, 3), 1.5)))


def moved_product() -> None:
    x, y = Near(np.array([[3.0]]), 0.5), Near(np.array([[-2.0]]), 0.25)
    holds(VERIFIED.times(x, y), balls(np.array([[-3.5 * 2.25]])))
    holds(VERIFIED.product(x, y), balls(np.array([[-3.5 * 2.25]])))


def lost_terms() -> None:
    found = VERIFIED.gathered_sum(Near(np.array([[1.0, HALF_UNIT]])), np.array([[0, 1]]))
    holds(found, balls(np.ones((1, 1))) + arb(HALF_UNIT))
    both = VERIFIED.gathered_sum(Near(np.zeros((1, 2)), 1.0), np.array([[0, 1]]))
    holds(both, np.array([[arb(2).sqrt() * (1 - arb(2) ** -60)]], dtype=object))


def moved_quotient() -> None:
    # 3 / 1 and 3.5 / 0.75.
    assert arb(3.5) / arb(0.75) - 3 <= arb(verified.quotient_error(3.0, 0.5, 0.25, 0.75))
    # 1 / 3 as computed.
    assert abs(arb(1) / 3 - arb(1 / 3)) <= arb(verified.quotient_error(1 / 3, 0.0, 0.0, 1.0))


def softmax_radius() -> float:
    return VERIFIED.softmax(Near(np.array([[0.3, -0.2]]))).rad


GATE: dict[str, tuple[Callable[[], None], Callable[[], float]]] = {
    "rounding": (rounded_sum, lambda: VERIFIED.add(Near(np.ones((1, 1))), Near(np.ones((1, 1)))).rad),
    "copies": (broadcast, lambda: VERIFIED.add(Near(np.ones((1, 1)), 0.5), Near(np.zeros((3, 3)))).rad),
    "product_error": (moved_product, lambda: VERIFIED.product(Near(np.ones((2, 2)), 0.5), Near(np.ones((2, 2)))).rad),
    "sum_error": (lost_terms, lambda: VERIFIED.gathered_sum(Near(np.ones((1, 2))), np.array([[0, 1]])).rad),
    "quotient_error": (moved_quotient, softmax_radius),
}


def scale(monkeypatch: pytest.MonkeyPatch, term: str, factor: float) -> None:
    original = getattr(verified, term)
    monkeypatch.setattr(verified, term, lambda *args, **named: factor * original(*args, **named))


def test_every_term_is_in_the_gate():
    assert sorted(GATE) == sorted(verified.ERROR_TERMS)


@pytest.mark.parametrize("term", GATE)
def test_the_code_as_it_stands_survives(term):
    with precision():
        GATE[term][0]()


@pytest.mark.parametrize("factor", [0.0, 0.1])
@pytest.mark.parametrize("term", GATE)
def test_a_weakened_term_is_caught(monkeypatch, term, factor):
    scale(monkeypatch, term, factor)
    with precision(), pytest.raises(AssertionError):
        GATE[term][0]()


@pytest.mark.parametrize("term", GATE)
def test_results_contain_the_term(monkeypatch, term):
    before = GATE[term][1]()
    scale(monkeypatch, term, 2.0**20)
    assert GATE[term][1]() > before


def test_an_activation_carries_its_slope():
    """At a place where tanh' = 1 the radius of the argument comes out whole; where it bends most, that of tanh'."""
    act_ = activation("tanh")
    assert VERIFIED.activation("tanh", Near(np.zeros((1, 1)), 2.0**-10), 0).rad >= np.tanh(2.0**-10)
    z = np.arctanh(3**-0.5)
    moved = VERIFIED.activation("tanh", Near(np.array([[z]]), 2.0**-20), 1)
    assert moved.rad >= 0.999 * act_.s2 * 2.0**-20


V = verified.Verified


def many(check: Callable[[np.random.Generator], None]) -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        check(rng)


MUTANTS = [
    Mutant("copies of an entry", V, "gather", "x.rad if most <= 1 else", "x.rad if True else", "indexed"),
    Mutant("copies of a row", V, "part", "x.rad if most <= 1 else", "x.rad if True else", "indexed"),
    Mutant(
        "the larger of two parts",
        V,
        "concatenate",
        "add_up(mul_up(rad, rad), mul_up(p.rad, p.rad))",
        "rad * rad",
        "indexed",
    ),
    Mutant("a factor's radius", V, "scaled", "mul_up(abs(c), x.rad)", "0.0", "sums"),
    Mutant("a radius that a map carries", V, "carried", "mul_up(norm(), x.rad)", "0.0", "maps"),
    Mutant("an activation's slope", V, "activation", "mul_up((act.s1, act.s2, act.s3)[order], z.rad)", "0.0", "maps"),
    Mutant("an activation's own error", V, "activation", "np.max(found.rad)", "0.0", "maps"),
    Mutant("a centred radius", V, "centred", "add_up(x.rad, mean", "add_up(0.0, mean", "maps"),
    Mutant("a token's radius", V, "normalised", "add_up(passed, ", "add_up(0.0, ", "maps"),
    Mutant("its factor's radius", V, "normalised", "add_up(moved, ", "add_up(0.0, ", "maps"),
    Mutant("the root of d", V, "normalised", "root = sqrt_up(float(d))", "root = 1.0", "maps"),
    Mutant("softmax's radius", V, "softmax", "mul_up(0.5, z.rad)", "0.0", "maps"),
    Mutant("a length's radius", V, "lengths", "x.rad", "0.0", "norms"),
    Mutant("a shortest length's radius", V, "smallest_row_norm", " - x.rad", "", "norms"),
    Mutant("a norm's radius", V, "norm", "x.rad", "0.0", "norms"),
    Mutant("a largest norm's radius", V, "largest_norm", "x.rad", "0.0", "norms"),
    Mutant("an eigenvalue's radius", V, "roots", "grams.rad", "0.0", "norms"),
    Mutant("many matrices", V, "product", "sqrt_up(float(stacks))", "0.0", "products"),
    Mutant(
        "one matrix for many", V, "product", "copies(z.rad, math.prod(z.mid.shape[:-2]), stacks)", "z.rad", "products"
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_radius_that_is_lost_is_noticed(monkeypatch, mutant):
    mutant.plant(monkeypatch)
    with precision(), pytest.raises(AssertionError):
        many(globals()[mutant.check])
