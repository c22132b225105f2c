"""The recheck's arrays against exact arithmetic: every bound holds, and each of its parts is needed."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import acb_mat, arb, arb_mat, arb_series, ctx

from pltheory.rechecker import midpoint, spectra, tables
from pltheory.rechecker.arithmetic import ACTIVATIONS
from pltheory.rechecker.fields import Stop
from pltheory.rechecker.midpoint import TINY, UNIT, Upper, gamma, norms, product, terms
from pltheory.rechecker.squares import Squares

rng = np.random.default_rng(0)
HARD = [0.0, 5e-324, 1e-310, 2.0**-1022, 1e-160, 1.0, 1 + 2.0**-52, 1 / 3, 1e160, 1.7e308]


def exact(x: object) -> Fraction:
    return Fraction(float(np.asarray(x)))


@pytest.mark.parametrize("a", HARD)
@pytest.mark.parametrize("b", HARD)
def test_every_operation_rounds_up(a: float, b: float) -> None:
    x, y = Upper(a), Upper(b)
    with np.errstate(over="ignore"):
        both = x + y, x * y
    for found, value in ((both[0], exact(a) + exact(b)), (both[1], exact(a) * exact(b))):
        assert math.isinf(found.value) or exact(found.value) >= value
        assert value or found.value == 0
    if b:
        with np.errstate(over="ignore"):
            ratio = x.over(b).value
        assert math.isinf(ratio) or exact(ratio) >= exact(a) / exact(b)
    assert exact(x.root().value) ** 2 >= exact(a)
    assert math.isinf(both[0].value) or both[0].value <= (a + b) * (1 + 4 * UNIT) + 2 * TINY


def test_sums_and_norms_are_upper_bounds() -> None:
    for scale in (1e-170, 1e-160, 1.0, 1e150):
        for count in (1, 3, 1000):
            values = scale * rng.uniform(size=count)
            total = sum(map(exact, values))
            squares = sum(exact(v) ** 2 for v in values)
            assert exact(Upper(values).sum().value) >= total
            for norm in (Upper(values).norm(), norms(values)):
                assert exact(norm.value) ** 2 >= squares
                assert float(norm.value) <= math.sqrt(float(squares / exact(scale) ** 2)) * scale * (1 + 1e-12) + 1e-160
    assert norms(np.zeros(3)).value == 0


def test_one_number_of_balls_is_rounded_up() -> None:
    for value in (arb(1) / 3, -arb(2).sqrt(), arb(0), arb("1e-400"), arb(1) / 3 + arb(0, 1e-3)):
        assert arb(float(Upper.of(value).value)) >= abs(value).upper()


@pytest.mark.parametrize("k", [1, 5, 255, 256, 257, 700])
def test_products_round_within_their_bound(k: int) -> None:
    x, y = rng.normal(size=(3, k)), rng.normal(size=(k, 2))
    # Equal entries that all round one way, and terms that cancel.
    x[1], y[:, 1] = 1 + 2.0**-30, 1 + 2.0**-29
    x[2, ::2], x[2, 1::2] = 1e8, -1e8
    found = product(x, y)
    for i, j in np.ndindex(found.shape):
        value = sum((exact(a) * exact(b) for a, b in zip(x[i], y[:, j], strict=True)), Fraction(0))
        size = sum(abs(exact(a) * exact(b)) for a, b in zip(x[i], y[:, j], strict=True))
        assert abs(exact(found[i, j]) - value) <= exact(gamma(terms(k))) * size
    assert gamma(terms(k)) >= (k if k <= 256 else 256) * UNIT


def test_underflow_is_counted() -> None:
    tiny = np.full((2, 8), 2.0**-540)
    assert (product(tiny, tiny.T) == 0).all()
    assert float(norms(tiny).value[0]) > 0
    assert float(spectra.norm_bounds(tiny[None]).value[0]) >= 4 * 2.0**-540


def test_flushing_and_other_roundings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    midpoint.require_rounding()
    with monkeypatch.context() as patch:
        patch.setattr(midpoint, "UNIT", 1.5 * UNIT)  # what 1 + u looks like where numbers are rounded up
        with pytest.raises(Stop, match="do not round to nearest"):
            midpoint.require_rounding()
    with monkeypatch.context() as patch:
        patch.setattr(np, "matmul", lambda a, b: np.where(np.abs(a @ b) < 2.0**-1022, 0.0, a @ b))
        with pytest.raises(Stop, match="do not round to nearest"):
            midpoint.require_rounding()


# --- eigenvalues ------------------------------------------------------------------------------------------------------


def known(values: list[int]) -> np.ndarray:
    """A symmetric matrix of doubles with exactly these eigenvalues: a Householder reflection by (1, 1, 1, 1)."""
    h = np.eye(4) - np.full((4, 4), 0.5)
    return h @ np.diag(np.array(values, float)) @ h


@pytest.mark.parametrize("values", [[1, 2, 3, 4], [7, 7, 7, 7], [0, 0, 0, 1], [0, 0, 0, 0], [1, 1, 2**20, 2**40]])
def test_eigenvalues_known_exactly(values: list[int]) -> None:
    k = known(values)
    top, low = float(spectra.largest(k[None]).value[0]), spectra.lower_bound(k)
    assert max(values) <= top <= max(values) * (1 + 1e-9)
    assert low <= min(values)
    assert low >= min(values) - 1e-12 * max(values) - 1e-9 * min(values)


@pytest.mark.parametrize("guess", [0.5, 0.9, 1 - 1e-6, 1 + 1e-6, 2.0, np.nan, np.inf, -1.0])
def test_guesses_are_not_believed(monkeypatch: pytest.MonkeyPatch, guess: float) -> None:
    k = known([1, 2, 3, 4])
    real = np.linalg.eigvalsh
    monkeypatch.setattr(np.linalg, "eigvalsh", lambda m: guess * real(m))
    assert float(spectra.largest(k[None]).value[0]) >= 4
    assert spectra.lower_bound(k) <= 1


@pytest.mark.parametrize("spoil", [0.0, 0.5, 1 + 1e-9, 1 + 1e-3, np.nan])
def test_factors_are_not_believed(monkeypatch: pytest.MonkeyPatch, spoil: float) -> None:
    k = known([1, 2, 3, 4])
    real = np.linalg.cholesky
    monkeypatch.setattr(np.linalg, "cholesky", lambda m: spoil * real(m))
    top, low = float(spectra.largest(k[None]).value[0]), spectra.lower_bound(k)
    assert not top < 4
    assert not low > 1


def test_a_factor_of_an_indefinite_matrix_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    k = known([1, 2, 3, 4])
    monkeypatch.setattr(np.linalg, "cholesky", lambda m: np.broadcast_to(np.eye(4), m.shape).copy())
    assert float(spectra.largest(k[None]).value[0]) >= 4
    assert spectra.lower_bound(k) <= 1


@pytest.mark.parametrize("shape", [(3, 1, 7), (3, 7, 1), (2, 5, 9), (2, 30, 4), (1, 40, 40)])
def test_norms_of_stacks(shape: tuple[int, int, int]) -> None:
    stack = rng.normal(size=shape)
    value = np.linalg.norm(stack, 2, axis=(1, 2))
    found = spectra.norm_bounds(stack).value
    assert (found >= value * (1 - 1e-13)).all()
    assert (found <= value * (1 + 1e-10)).all()


def test_large_matrices_are_factored_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectra, "_LANCZOS", 64)
    monkeypatch.setattr(spectra, "_STEP", 32)
    a = rng.normal(size=(200, 200)) / 14
    factor = np.tril(a)[None]
    assert np.abs(np.tril(spectra._squared(factor)) - np.tril(factor @ factor.transpose(0, 2, 1))).max() < 1e-13
    value = np.linalg.norm(a, 2) ** 2
    assert value * (1 - 1e-13) <= float(spectra.largest((a @ a.T)[None]).value[0]) <= value * (1 + 2e-8)


# --- tables -----------------------------------------------------------------------------------------------------------

POINTS = np.concatenate(
    [
        rng.normal(size=200),
        rng.uniform(-70, 70, size=200),
        np.arange(-9, 9) / 64,
        (np.arange(-9, 9) + 0.5) / 64,
        np.nextafter((np.arange(-9, 9) + 0.5) / 64, 9),
        [64.0, -64.0, np.nextafter(64, 65), 300.0, -300.0, 1e-300, -0.0],
    ]
)


def derivative(name: str, x: arb, order: int) -> arb:
    """Of order 2 as a difference quotient, its error of the order of h^2."""
    if order < 2:
        return ACTIVATIONS[name][0](x)[order]
    h = arb(2) ** -500
    return (ACTIVATIONS[name][0](x + h)[1] - ACTIVATIONS[name][0](x - h)[1]) / (2 * h)


def test_a_sine_far_out_is_brought_back_by_whole_periods() -> None:
    x = np.concatenate([10.0 ** rng.uniform(1.8, 6.9, size=200), [np.nextafter(64, 65), 6.58e6, 6.6e6, 1e9, 1e300]])
    for which, table in enumerate(tables.activation("sin")):
        for sign in (1, -1):
            values, errors = table(sign * x)
            with ctx.workprec(1200):
                for a, value, error in zip((sign * x).tolist(), values.tolist(), errors.tolist(), strict=True):
                    true = (arb(a).sin(), arb(a).cos(), -arb(a).sin())[which]
                    assert abs(true - value) <= error
            assert errors[x < 6e6].max() < 1e-13


def test_a_series_that_ends_early_has_no_bound() -> None:
    """What a series no longer holds is not taken for 0."""
    table = tables.Table(lambda x: arb_series(x.exp().coeffs()[:8], prec=8), np.zeros_like)
    _, errors = table(np.array([0.3]))
    assert np.isinf(errors).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_tables_enclose_the_activations(name: str) -> None:
    for which, table in enumerate(tables.activation(name)):
        values, errors = table(POINTS)
        worst = 0.0
        with ctx.workprec(600 if which < 2 else 2000):
            for x, value, error in zip(POINTS.tolist(), values.tolist(), errors.tolist(), strict=True):
                true = derivative(name, arb(x), which)
                assert abs(true - value) <= error, (name, which, x)
                worst = max(worst, error / (1 + abs(x)))
        assert worst < (1e-14 if which < 2 else 3e-14)
        assert (values != 0).any()


def test_the_exponential_encloses() -> None:
    x = -np.abs(POINTS)
    values, errors = tables.exponential()(x)
    with ctx.workprec(300):
        for a, value, error in zip(x.tolist(), values.tolist(), errors.tolist(), strict=True):
            assert abs(arb(a).exp() - value) <= error


def test_every_part_of_a_cell_s_error_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one coefficient spoiled after rounding, the polynomial misses the function: the check above can fail."""
    table = tables.Table(lambda x: x.exp(), np.zeros_like)
    near = np.array([0.003, -0.0041])
    table(near)
    table._coefficients[5] += 1.0
    values, errors = table(near)
    assert any(
        not abs(arb(a).exp() - v) <= e for a, v, e in zip(near.tolist(), values.tolist(), errors.tolist(), strict=True)
    )


def test_a_function_of_large_eighth_derivative_has_its_rest_counted() -> None:
    def steep(x: arb_series) -> arb_series:
        return (60 * x).sin()

    x = np.linspace(-0.5, 0.5, 77)
    values, errors = tables.Table(steep, np.zeros_like)(x)
    rests = [float(abs((60 * arb(a)).sin() - v).upper()) for a, v in zip(x.tolist(), values.tolist(), strict=True)]
    assert (np.array(rests) <= errors).all()
    assert max(rests) > 1e-9


# --- sums of squares --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 2.0**-30, 2.0**-200, 2.0**200, 2.0**-450])
def test_squares_are_exact_but_for_their_last_bits(scale: float) -> None:
    parts = [scale * rng.normal(size=(3, k)) * 10.0 ** rng.uniform(-9, 3, size=(3, k)) for k in (2, 300, 520)]
    parts[1][2] = -parts[1][1] * (1 + 2.0**-40)  # terms that cancel
    squares = Squares(3)
    for part in parts:
        squares.add(part)
    squares.add_matrix(np.full((3, 3), scale**2 / 3), Upper(0.0))
    total, lost = squares.total()
    off = Fraction(0)
    for i, j in np.ndindex(3, 3):
        true = sum((exact(a) * exact(b) for part in parts for a, b in zip(part[i], part[j], strict=True)), Fraction(0))
        off += (exact(total[i, j]) - true - exact(scale**2 / 3)) ** 2
    assert off <= exact(lost.value) ** 2
    if abs(math.log2(scale)) < 400:
        assert float(lost.value) <= 3 * UNIT * np.linalg.norm(total / scale**2) * scale**2


def test_a_small_eigenvalue_is_found_below_large_ones() -> None:
    q = np.linalg.qr(rng.normal(size=(40, 40)))[0]
    k = (q * np.geomspace(1e-11, 1, 40)) @ q.T
    k = (k + k.T) / 2
    with ctx.workprec(200):
        exact_k = arb_mat(40, 40, k.ravel().tolist())
        least = min(float(v.real.mid()) for v in acb_mat(exact_k).eig())
    found = spectra.lower_bound(k)
    assert least * (1 - 1e-3) <= found <= least
