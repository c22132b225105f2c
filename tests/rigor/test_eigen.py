"""Verified eigenvalue and norm bounds against exact definiteness and known spectra."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from pltheory.rigor import eigen, residual, side_by_side
from pltheory.rigor.errors import NoVerdictError
from pltheory.rigor.midrad import Ball, matmul
from pltheory.theory import Direction, InvalidInputError
from tests.rigor.oracle import PARTS, cases, fractions, rational


def positive_semidefinite(m: np.ndarray) -> bool:
    """Whether a symmetric matrix of Fractions is positive semidefinite, by exact elimination."""
    a = [list(row) for row in m]
    while a:
        p = max(range(len(a)), key=lambda i: a[i][i])
        if a[p][p] <= 0:
            return all(x == 0 for row in a for x in row)
        pivot = a[p]
        a = [
            [x - row[p] * y / pivot[p] for j, (x, y) in enumerate(zip(row, pivot, strict=True)) if j != p]
            for i, row in enumerate(a)
            if i != p
        ]
    return True


def is_lower_bound(value: float, m: np.ndarray) -> bool:
    return positive_semidefinite(m - rational(value) * fractions(np.eye(len(m))))


def symmetric(rng: np.random.Generator, n: int, kind: str) -> np.ndarray:
    """Symmetric float matrices, exactly symmetric."""
    a = rng.standard_normal((n, n))
    if kind == "gram":
        a = a @ a.T
    elif kind == "indefinite":
        a = a + a.T
    elif kind == "singular":
        b = np.round(a[:, : max(1, n - 1)] * 8)
        a = b @ b.T
    elif kind == "graded":
        d = np.exp2(rng.integers(-40, 40, n).astype(float))
        a = (a @ a.T) * d[:, None] * d
    elif kind == "tiny":
        a = (a @ a.T) * 2.0**-1000
    elif kind == "huge":
        a = (a @ a.T) * 2.0**990
    elif kind == "ill":
        q = np.linalg.qr(a)[0]
        a = (q * np.geomspace(1e-13, 1, n)) @ q.T
    return np.tril(a) + np.tril(a, -1).T


KINDS = ("gram", "indefinite", "singular", "graded", "tiny", "huge", "ill")


@pytest.mark.parametrize("kind", KINDS)
def test_lambda_min_is_never_above_the_truth(kind, count):
    rng = np.random.default_rng(len(kind))
    for i in range(cases(25, 1.1 / len(KINDS))):
        n = int(rng.integers(1, 8))
        m = symmetric(rng, n, kind)
        method = ("auto", "plain", "sliced")[i % 3]
        try:
            bound = eigen.lambda_min_lower(Ball(m), method=method)
        except NoVerdictError:
            assert kind in ("singular", "graded", "tiny", "huge", "ill"), kind
            continue
        assert bound.kind is Direction.LOWER
        assert bound.rounded
        assert is_lower_bound(bound.value, fractions(m))
        upper = eigen.lambda_max_upper(Ball(m))
        assert upper.kind is Direction.UPPER
        assert is_lower_bound(-upper.at_most(), -fractions(m))
        count("eigen lambda_min_lower", "eigen lambda_max_upper")


@pytest.mark.parametrize("rad", ["scalar", "rows", "full"])
def test_the_radius_is_paid_for(rad):
    rng = np.random.default_rng(0)
    for _ in range(cases(20, 0.004)):
        n = int(rng.integers(1, 7))
        m = symmetric(rng, n, "gram")
        r = np.abs(rng.standard_normal({"scalar": (), "rows": (n, 1), "full": (n, n)}[rad])) * 1e-3
        ball = Ball(m, np.asarray(r))
        low = eigen.lambda_min_lower(ball).at_least()
        high = eigen.lambda_max_upper(ball).at_most()
        full = np.tril(np.broadcast_to(r, (n, n)))
        full = full + np.tril(full, -1).T
        vectors = np.linalg.eigh(m)[1]
        for sign in np.vstack([np.sign(vectors.T), rng.choice([-1.0, 1.0], (6, n))]):
            worst = fractions(full * np.outer(sign, sign))
            for e in (-worst, worst):
                assert is_lower_bound(low, fractions(m) + e)
                assert is_lower_bound(-high, -fractions(m) - e)


def test_bounds_are_tight():
    rng = np.random.default_rng(1)
    for n in (1, 5, 63, 65, 150):
        a = rng.standard_normal((n, 2 * n))
        gram = matmul(Ball(a), Ball(a).T)
        w = scipy.linalg.eigvalsh(gram.mid)
        assert w[0] * (1 - 1e-6) <= eigen.lambda_min_lower(gram).value <= w[0] * (1 + 1e-12)
        assert w[-1] * (1 - 1e-12) <= eigen.lambda_max_upper(gram).value <= w[-1] * (1 + 1e-6)
        sigma = eigen.sigma_min_lower(gram)
        assert sigma.at_least() == pytest.approx(np.sqrt(w[0]), rel=1e-6)
        assert eigen.spectral_norm_upper(Ball(a)) == pytest.approx(np.sqrt(w[-1]), rel=1e-6)


def test_slicing_recovers_ill_conditioned_kernels():
    rng = np.random.default_rng(2)
    n = 200
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    k = (q * np.geomspace(1e-13, 1, n)) @ q.T
    k = np.tril(k) + np.tril(k, -1).T
    assert eigen.lambda_min_lower(Ball(k), method="plain").value <= 0
    bound = eigen.lambda_min_lower(Ball(k))
    assert "sliced" in bound.method
    assert 0.8e-13 < bound.value < 1.2e-13


def test_rows_of_extreme_scale():
    rng = np.random.default_rng(3)
    n = 80
    a = rng.standard_normal((n, 3 * n))
    k = a @ a.T / n
    d = np.exp2(rng.integers(-200, 200, n).astype(float))
    graded = np.tril(k) * d[:, None] * d
    graded = np.tril(graded) + np.tril(graded, -1).T
    bound = eigen.lambda_min_lower(Ball(graded)).value
    # lambda_min lies between lambda_min(k) min d^2 and min of the diagonal.
    assert bound > 0.9 * np.linalg.eigvalsh(k)[0] * np.min(d) ** 2
    assert bound <= np.min(np.diagonal(graded))


def test_estimates_are_not_trusted():
    rng = np.random.default_rng(4)
    m = symmetric(rng, 6, "gram")
    true = np.linalg.eigvalsh(m)[0]
    for wrong in (true * 2, 100.0, true / 2, 0.0, -5.0, 1e300, -1e300):
        try:
            value = eigen.lambda_min_lower(Ball(m), estimate=wrong).value
        except NoVerdictError:
            continue
        assert is_lower_bound(value, fractions(m))
    with pytest.raises(NoVerdictError):
        eigen.lambda_min_lower(Ball(m), estimate=np.nan)


@pytest.mark.parametrize("part", range(PARTS))
def test_wrong_factors_prove_only_what_is_true(part, count):
    """Any lower triangular matrix may be offered as a factor, and any shifts."""
    rng = np.random.default_rng([5, part])
    for i in range(cases(25, 0.5 / PARTS)):
        n = int(rng.integers(1, 6))
        m = symmetric(rng, n, str(rng.choice(["gram", "indefinite"])))
        offered = np.tril(rng.standard_normal((n, n)) * rng.choice([0.0, 0.1, 1.0]))
        if i % 2:
            good = residual.factorise(Ball(m @ m.T), 0.0)
            offered = good.lower if good else offered
        factor = residual.Factor(offered, rng.integers(-3, 3, n), rng.standard_normal(n))
        for sliced in (False, True):
            delta = residual.residual_norm(Ball(m), factor, sliced=sliced)
            value = residual.lower_bound(Ball(m), factor, delta)
            assert value == -np.inf or is_lower_bound(value, fractions(m))
            count("residual lower_bound of any factor")


def test_matrices_of_zeros():
    zero = Ball(np.zeros((3, 3)))
    assert -1e-200 < eigen.lambda_min_lower(zero).value <= 0.0
    assert 0.0 <= eigen.lambda_max_upper(zero).value < 1e-200
    assert eigen.sigma_min_lower(zero).value == 0.0


def test_a_factor_that_is_not_triangular_proves_nothing():
    m = np.eye(3)
    factor = residual.Factor(np.ones((3, 3)), np.zeros(3, dtype=np.int64), np.zeros(3))
    assert residual.residual_norm(Ball(m), factor) == np.inf
    assert residual.lower_bound(Ball(m), factor, np.inf) == -np.inf


@pytest.mark.parametrize("threads", [False, True], ids=["in turn", "side by side"])
@pytest.mark.parametrize("n", [1, 3, 4, 5, 11, 30])
def test_factors_are_made_panel_by_panel(monkeypatch, n, threads):
    """Large kernels take many panels; here a panel has four rows, and a product two columns."""
    monkeypatch.setattr(side_by_side, "SMALL", 0 if threads else 4096)
    monkeypatch.setattr(residual, "PANEL", 4)
    monkeypatch.setattr(residual, "BLOCK", 2)
    rng = np.random.default_rng(n)
    m = symmetric(rng, n, "gram") + 0.5 * np.eye(n)
    factor = residual.factorise(Ball(m), 0.25)
    scaled = np.ldexp(m, factor.exponents[:, None] + factor.exponents) - np.diag(factor.shifts)
    assert np.allclose(factor.lower, np.linalg.cholesky(scaled), rtol=1e-9, atol=1e-12)
    for sliced in (False, True):
        delta = residual.residual_norm(Ball(m), factor, sliced=sliced)
        exact = fractions(scaled) - fractions(factor.lower) @ fractions(factor.lower).T
        assert is_lower_bound(-delta, exact)
        assert is_lower_bound(-delta, -exact)
        assert 0.2 < residual.lower_bound(Ball(m), factor, delta) <= 0.25
    assert residual.factorise(Ball(m), 1.01 * np.linalg.eigvalsh(m)[0]) is None
    wide = np.ones((n, n)) * 1e308
    assert residual.factorise(Ball(wide), -1e308) is None or n == 1


def test_large_matrices_start_with_a_wide_margin(monkeypatch):
    monkeypatch.setattr(eigen, "_LARGE", 3)
    for kind in KINDS:
        for seed in range(5):
            m = symmetric(np.random.default_rng(seed), 8, kind)
            try:
                value = eigen.lambda_min_lower(Ball(m)).value
            except NoVerdictError:
                continue
            assert is_lower_bound(value, fractions(m))
            if kind == "gram":
                assert value >= 0.99 * np.linalg.eigvalsh(m)[0]


def test_splitting_and_the_exact_part_are_exact():
    rng = np.random.default_rng(6)
    n = 200
    lower = np.tril(rng.standard_normal((n, n)))
    lower /= np.linalg.norm(lower, axis=1, keepdims=True)
    x1, h = residual.split(lower)
    assert (x1 + h == lower).all()
    assert (x1 * 2.0**26 == np.rint(x1 * 2.0**26)).all()
    assert np.abs(h).max() <= 2.0**-27
    whole = (x1 * 2.0**26).astype(np.int64).astype(object)
    exact = whole[150:160] @ whole[:160].T
    computed = residual._sliced_products(lower, 150, 160)[0] * 2.0**52
    assert (computed.astype(np.int64).astype(object) == exact).all()


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (50, 3), (20, 20), (1, 7)])
@pytest.mark.parametrize("scale", [1.0, 2.0**600, 2.0**-700, 2.0**-1060])
def test_spectral_norms(shape, scale):
    rng = np.random.default_rng(7)
    a = rng.standard_normal(shape) * scale
    bound = eigen.spectral_norm_upper(Ball(a))
    # ||A|| <= c exactly where c^2 I - A A^T is positive semidefinite.
    f = fractions(a if shape[0] <= shape[1] else a.T)[:4]
    m = f @ f.T
    assert is_lower_bound(0.0, rational(bound) ** 2 * fractions(np.eye(len(f))) - m)
    if scale == 1.0:
        assert bound == pytest.approx(np.linalg.norm(a, 2), rel=1e-6)


def test_spectral_norm_counts_the_radius():
    a, r = np.random.default_rng(8).standard_normal((4, 9)), 0.125
    u, _, vt = np.linalg.svd(a)
    worst = a + r * np.outer(np.sign(u[:, 0]), np.sign(vt[0]))
    assert eigen.spectral_norm_upper(Ball(a, np.asarray(r))) >= np.linalg.norm(worst, 2)
    assert eigen.spectral_norm_upper(Ball(np.zeros((2, 0)))) == 0.0
    assert eigen.spectral_norm_upper(Ball(np.zeros((2, 3)))) <= 2.0**-1074


def test_inputs_without_an_answer():
    with pytest.raises(InvalidInputError, match="square"):
        eigen.lambda_min_lower(Ball(np.ones((2, 3))))
    with pytest.raises(InvalidInputError, match="symmetric"):
        eigen.lambda_min_lower(Ball(np.array([[1.0, 2.0], [0.0, 1.0]])))
    with pytest.raises(InvalidInputError, match="matrix"):
        eigen.spectral_norm_upper(Ball(np.ones(3)))
    with pytest.raises(NoVerdictError):
        eigen.spectral_norm_upper(Ball(np.full((3, 3), 1.7e308)))
    # Triangles that differ within the radius are one symmetric matrix.
    slightly = np.array([[1.0, 0.5], [0.5 + 1e-9, 1.0]])
    assert eigen.lambda_min_lower(Ball(slightly, np.asarray(1e-9))).value == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("k", [3, 30, 100, 126])
def test_roundings_that_all_push_the_singular_direction_down(k):
    """Rows v, 1.9 v of a factor, products rounded down, up and up: the rounded Gram matrix is indefinite.

    The midpoint offered is the product, so the computed residual is about 0: only the a-priori term speaks.
    """
    small = np.float64(0.9 * 2.0**-53) ** 0.5
    lower = np.zeros((k + 2, k + 2))
    lower[-2, : k + 1], lower[-1, : k + 1] = small, 1.9 * small
    lower[-2, 0], lower[-1, 0] = 1.0, 1.9
    gram = np.zeros((k + 2, k + 2))
    for column in lower.T:  # one product after the other, the order that hurts
        gram = gram + np.outer(column, column)
    factor = residual.Factor(lower, np.zeros(k + 2, dtype=np.int64), np.zeros(k + 2))
    block = fractions(gram[-2:, -2:])
    assert block[0, 0] * block[1, 1] < block[0, 1] ** 2
    for sliced in (False, True):
        delta = residual.residual_norm(Ball(gram), factor, sliced=sliced)
        value = residual.lower_bound(Ball(gram), factor, delta)
        assert value == -np.inf or is_lower_bound(value, block)
