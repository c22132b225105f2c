"""Stacks of small matrices: products and largest eigenvalues against rationals, norms against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from pltheory.rigor import stacks
from pltheory.rigor.errors import NoVerdictError
from pltheory.rigor.midrad import Ball
from pltheory.theory import InvalidInputError
from tests.rigor.oracle import FAMILIES, assert_holds, cases, corners, fractions, matrix, rational


def stack(family: str, rng: np.random.Generator, count: int, n: int, k: int) -> np.ndarray:
    return np.stack([matrix(family, rng, n, k) for _ in range(count)])


def below(gram: np.ndarray, t: float) -> bool:
    """Whether t I - G is positive semidefinite, by elimination in rationals."""
    r = len(gram)
    a = -gram
    for i in range(r):
        a[i, i] = a[i, i] + rational(t)
    for i in range(r):
        if a[i, i] < 0 or (a[i, i] == 0 and any(v != 0 for v in a[i, i + 1 :])):
            return False
        for j in range(i + 1, r):
            if a[i, i] != 0:
                a[j, i:] = a[j, i:] - a[j, i] / a[i, i] * a[i, i:]
    return True


@pytest.mark.parametrize("family", FAMILIES)
def test_products_hold_the_exact_one(family, count):
    rng = np.random.default_rng(FAMILIES.index(family))
    for _ in range(cases(12, 0.01)):
        leading, n, k, m = (int(v) for v in rng.integers(1, 5, 4))
        rads = [np.asarray(rng.choice([0.0, 2.0**-40, 0.25])) for _ in range(2)]
        a = Ball(stack(family, rng, leading, n, k), rads[0])
        b = Ball(stack(family, rng, int(rng.choice([1, leading])), k, m), rads[1])
        try:
            found = stacks.stack_product(a, b)
        except NoVerdictError:
            continue
        left, right = corners(a, rng), corners(b, rng)
        exact = np.stack([left[i] @ right[i % len(right)] for i in range(leading)])
        assert_holds(found, exact)
        count("stack product")


@pytest.mark.parametrize("family", FAMILIES)
def test_no_gram_matrix_has_a_larger_eigenvalue(family, count):
    """Of the exact matrices near the stack's, one of them with its bound pruned by row sums."""
    rng = np.random.default_rng(100 + FAMILIES.index(family))
    for _ in range(cases(12, 0.01)):
        leading, r, k = (int(v) for v in rng.integers(1, 5, 3))
        exact = fractions(stack(family, rng, leading, r, k))
        grams = [e @ e.T for e in exact]
        mid = np.array([[[float(v) for v in row] for row in g] for g in grams])
        largest = max(
            (
                abs(v - rational(float(m)))
                for g, q in zip(grams, mid, strict=True)
                for v, m in zip(g.ravel(), q.ravel(), strict=True)
            ),
            default=rational(0),
        )
        rad = np.nextafter(float(largest), np.inf)
        try:
            top = stacks.stack_lambda_max_upper(Ball(mid, np.asarray(rad)))
        except NoVerdictError:
            continue
        assert all(below(g.copy(), top) for g in grams)
        # One by one, of the matrices that the floats are.
        each = stacks.eigenvalues_upper(mid)
        symmetric = [(g + g.T) / 2 for g in (fractions(m) for m in mid)]
        assert all(below(g, float(t)) for g, t in zip(symmetric, each, strict=True))
        count("stack eigenvalue")


def test_bounds_are_near_what_numpy_finds():
    rng = np.random.default_rng(7)
    for shape in ((1, 1, 1), (40, 3, 5), (7, 12, 4), (300, 6, 6), (1, 60, 80)):
        x = rng.standard_normal(shape) * np.exp2(rng.integers(-20, 20, (shape[0], 1, 1)).astype(float))
        exact = np.linalg.norm(x, 2, axis=(1, 2)).max()
        assert exact * (1 - 1e-14) <= stacks.stack_norm_upper(Ball(x)) <= exact * (1 + 1e-5)


def test_bounds_one_by_one_are_near_what_numpy_finds():
    """Of matrices of very different size, some of them 0."""
    rng = np.random.default_rng(8)
    x = rng.standard_normal((60, 5, 3)) * np.exp2(rng.integers(-30, 30, (60, 1, 1)).astype(float))
    x[::7] = 0.0
    grams = x @ x.swapaxes(1, 2)
    exact = np.linalg.norm(x, 2, axis=(1, 2)) ** 2
    found = stacks.eigenvalues_upper(grams)
    assert (exact * (1 - 1e-14) <= found).all()
    assert (found <= exact * (1 + 1e-8) + 1e-200).all()


def test_every_matrix_of_the_ball_is_meant():
    """A radius moves the largest eigenvalue by up to r times itself: ones are attained."""
    grams = np.zeros((3, 4, 4))
    grams[1] = np.eye(4)
    assert stacks.stack_lambda_max_upper(Ball(grams, np.asarray(0.5))) >= 1 + 4 * 0.5
    x = np.zeros((2, 3, 3))
    assert stacks.stack_norm_upper(Ball(x, np.asarray(1.0))) >= 3.0


def test_the_largest_is_found_whatever_the_order():
    """The row sums say another order than the eigenvalues; the largest is the last that is looked at."""
    rng = np.random.default_rng(0)
    flat = np.stack([np.full((5, 5), 1.0) * s for s in (0.1, 0.2, 0.3)])
    signs = np.sign(rng.standard_normal((400, 5, 1)))
    mixed = np.eye(5) + 0.2 * signs * signs.swapaxes(1, 2)
    both = np.concatenate([flat, mixed, 1.9 * np.eye(5)[None], 2.1 * np.eye(5)[None]])
    exact = np.linalg.eigvalsh(both)[:, -1].max()
    bounds = np.abs(both).sum(-1).max(-1)
    assert stacks.largest_eigenvalue(both, bounds) == pytest.approx(exact, rel=1e-14)
    assert exact <= stacks.stack_lambda_max_upper(Ball(both)) <= exact * (1 + 1e-8)


def test_estimates_are_trusted_for_nothing(monkeypatch):
    """Far too small a guess at the eigenvalue, and far too large a one: bounds hold."""
    x = np.random.default_rng(1).standard_normal((20, 4, 6))
    grams = x @ x.swapaxes(1, 2)
    exact = np.linalg.eigvalsh(grams)[:, -1].max()
    for wrong in (0.0, 1e-3, 0.99, 1.01, 30.0):
        monkeypatch.setattr(stacks, "largest_eigenvalue", lambda *_, wrong=wrong: wrong * exact)
        assert stacks.stack_lambda_max_upper(Ball(grams)) >= exact * (1 - 1e-14)


def test_what_is_no_stack_of_squares_is_refused():
    with pytest.raises(InvalidInputError, match="square"):
        stacks.stack_lambda_max_upper(Ball(np.zeros((2, 3, 4))))
    with pytest.raises(InvalidInputError, match="one radius"):
        stacks.stack_lambda_max_upper(Ball(np.zeros((2, 3, 3)), np.zeros((2, 1, 1))))
    with pytest.raises(InvalidInputError, match="radii"):
        stacks.stack_product(Ball(np.zeros((2, 3, 4))), Ball(np.zeros((2, 3, 4))))
    with pytest.raises(NoVerdictError):
        stacks.stack_norm_upper(Ball(np.full((1, 2, 2), 1e200)))
    assert stacks.stack_norm_upper(Ball(np.zeros((0, 3, 3)))) == 0.0
    assert stacks.stack_norm_upper(Ball(np.zeros((2, 3, 3)))) <= 1e-150
