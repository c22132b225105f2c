"""One attack on each named error term: a place where leaving it out makes a bound false.

`ATTACKS[module, term]` is a function without arguments that passes as the code stands and raises
AssertionError when the term is deleted or scaled by 0.1 (see `test_error_terms`). Rounding errors are made to
add up: sums whose every term is half a unit of the running total, products rounded the same way, radii all
pushed to one end. Sums whose order matters are written out as loops here, so that no attack depends on how a
BLAS orders them.

`SLACK[module, term]` returns a number that must grow when the term does: an attack may call the term itself,
and this shows that the results which users see contain it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from flint import arb, ctx, fmpq

from pltheory.nets.activations import ACTIVATIONS, activation
from pltheory.rigor import interval_arrays, midrad, norms, residual, roundoff, scalar, stacks, tables
from pltheory.rigor.midrad import Ball
from tests.rigor.oracle import assert_holds, fractions, function, rational, within

SHAPES = {a.name: a.shape for a in ACTIVATIONS.values() if a.shape is not None}

ATTACKS: dict[tuple[str, str], Callable[[], None]] = {}
SLACK: dict[tuple[str, str], Callable[[], float]] = {}
HALF_UNIT = 2.0**-53  # added to 1, a tie that is lost


def attack(module: str, term: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register the attack on that term."""

    def register(run: Callable[[], None]) -> Callable[[], None]:
        assert (module, term) not in ATTACKS
        ATTACKS[module, term] = run
        return run

    return register


def absorbed(k: int) -> tuple[float, fmpq]:
    """1 + 2^-53 + ... (k terms in all) in floats, term by term, and exactly."""
    total = 1.0
    for _ in range(k - 1):
        total = total + HALF_UNIT
    return total, 1 + (k - 1) * rational(HALF_UNIT)


def exact(x: object) -> fmpq:
    return rational(float(np.max(x)))  # type: ignore[call-overload]


# --- roundoff ---------------------------------------------------------------------------------------


@attack("roundoff", "gamma")
def _() -> None:
    for k in (1, 2, 7, 64, 1000, 2**40):
        u = rational(roundoff.U)
        assert rational(roundoff.gamma(k)) >= k * u / (1 - k * u)
    total, truth = absorbed(500)
    assert truth <= exact(roundoff.raise_sum(total, 499))


@attack("roundoff", "underflow")
def _() -> None:
    k, x, y = 400, 2.0**-537, 2.0**-538 * 1.5
    total = sum(x * (y / 2) for _ in range(k))
    truth = k * rational(x) * rational(y / 2)
    assert total == 0.0
    assert truth <= exact(roundoff.raise_sum(total, k, products=k))
    down = x * y * 1.0  # rounded up, from 1.5 ETA / 2 to ETA
    assert exact(roundoff.lower_sum(np.float64(down) * k, k, products=k)) <= k * rational(x) * rational(y)


@attack("roundoff", "up")
def _() -> None:
    assert exact(roundoff.add_up(1.0, HALF_UNIT)) >= 1 + rational(HALF_UNIT)
    x = 1 + 2.0**-30
    assert exact(roundoff.mul_up(x, x)) >= rational(x) ** 2
    for v in (2.0, 3.0, 5.0, 2.0**-1074):
        assert exact(roundoff.sqrt_up(v)) ** 2 >= rational(v)


@attack("roundoff", "down")
def _() -> None:
    for v in (2.0, 3.0, 5.0, 7.0):
        assert exact(roundoff.sqrt_down(v)) ** 2 <= rational(v)
    assert exact(roundoff.lower_sum(1.0 + 2.0**-52, 1)) < 1


# --- midrad -----------------------------------------------------------------------------------------


@attack("midrad", "addition_rounding")
def _() -> None:
    a, b = Ball(np.array([[1.0]])), Ball(np.array([[HALF_UNIT]]))
    assert_holds(a + b, fractions(a.mid) + fractions(b.mid))


@attack("midrad", "product_rounding")
def _() -> None:
    for x in 1 + np.arange(1, 99) * 2.0**-30:
        a = Ball(np.array([[x]]))
        assert_holds(a * a, fractions(a.mid) ** 2)


@attack("midrad", "product_propagated")
def _() -> None:
    a, b = Ball(np.array([[3.0, -1.0]]), np.asarray(0.5)), Ball(np.array([[-2.0, 1.0]]), np.asarray(0.25))
    worst = np.array([[(3 + rational(1, 2)) * (-2 - rational(1, 4)), rational(-3, 2) * rational(5, 4)]])
    assert_holds(a * b, worst)


@attack("midrad", "inner_rounding")
def _() -> None:
    for k in (2, 20, 200):
        total, truth = absorbed(k)
        ones, terms = np.ones((1, k)), np.array([[1.0] + [HALF_UNIT] * (k - 1)])
        one = np.linalg.norm(terms)
        # The term alone, for a sum in the worst order, with ||x|| ||y|| brought near |x|.|y| by a short x.
        bound = midrad.inner_rounding(k, np.asarray(1.0), np.asarray(one))
        assert truth - rational(total) <= exact(bound) + rational(1, 10**30)
        if k == 2:
            c = midrad.matmul(Ball(ones), Ball(terms).T)
            assert_holds(c, fractions(ones) @ fractions(terms).T)


@attack("midrad", "inner_underflow")
def _() -> None:
    k = 300
    x, y = np.full((1, k), 2.0**-537), np.full((k, 1), 2.0**-539 * 1.9)
    assert_holds(midrad.matmul(Ball(x), Ball(y)), fractions(x) @ fractions(y))


@attack("midrad", "inner_propagated")
def _() -> None:
    a = Ball(np.array([[3.0, -1.0, 2.0]]), np.asarray(0.5))
    b = Ball(np.array([[1.0], [-4.0], [2.0]]), np.asarray(0.25))
    sign = np.array([1, -1, 1])
    x = fractions(a.mid) + rational(1, 2) * sign
    y = fractions(b.mid) + rational(1, 4) * sign[:, None]
    assert_holds(a @ b, x @ y)


@attack("midrad", "sum_rounding")
def _() -> None:
    for k in (2, 50):
        total, truth = absorbed(k)
        assert abs(truth - rational(total)) <= exact(midrad.sum_rounding(np.asarray(float(truth)), k)) * 2
    x = np.array([[1.0], [HALF_UNIT]])
    assert_holds(midrad.total(Ball(x), 0), fractions(x).sum(axis=0))


@attack("midrad", "sum_propagated")
def _() -> None:
    for rad in (np.asarray(0.5), np.full((4, 1), 0.5), np.full((4, 2), 0.5)):
        a = Ball(np.ones((4, 2)), rad)
        assert_holds(midrad.total(a, 0), np.full(2, rational(6), dtype=object))
        assert_holds(midrad.total(a), np.asarray(rational(12), dtype=object))


# --- norms ------------------------------------------------------------------------------------------


@attack("norms", "radius_row_norms")
def _() -> None:
    for rad in (np.asarray(1.0), np.ones((2, 1)), np.ones((1, 4)), np.ones((2, 4))):
        a = Ball(np.ones((2, 4)), rad)
        assert norms.row_norms_upper(a).min() >= 4.0
        assert rational(norms.frobenius_upper(a)) ** 2 >= 32


@attack("norms", "radius_row_sums")
def _() -> None:
    for rad in (np.asarray(1.0), np.ones((2, 1)), np.ones((1, 4)), np.ones((2, 4))):
        assert norms.inf_norm_upper(Ball(np.ones((2, 4)), rad)) >= 8.0


# --- residual ---------------------------------------------------------------------------------------


def claim(sym: Ball, lower: np.ndarray, shifts: np.ndarray, exponents: np.ndarray, sliced: bool) -> float:
    factor = residual.Factor(lower, exponents, shifts)
    return residual.lower_bound(sym, factor, residual.residual_norm(sym, factor, sliced=sliced))


@attack("residual", "computed_residual")
def _() -> None:
    # A factor of nothing: only the residual knows that the eigenvalue is -5.
    for sliced in (False, True):
        m, zero = Ball(np.array([[-5.0]])), np.zeros((1, 1))
        assert claim(m, zero, np.zeros(1), np.zeros(1, dtype=np.int64), sliced) <= -5.0


@attack("residual", "plain_rounding")
def _() -> None:
    for n in (3, 100, 700):
        # An inner product summed block by block, each term half a unit of the total.
        total, truth = absorbed(min(n, residual.BLOCK) + n // residual.BLOCK)
        bound = residual.plain_rounding(n, np.asarray([float(truth)]))
        assert abs(truth - rational(total)) <= exact(bound)
    # One entry: 1 + 2^-30 squared is rounded, and the residual of the rounded square is computed as 0.
    for x in 1 + np.arange(1, 60) * 2.0**-30:
        factor = residual.Factor(np.array([[x]]), np.zeros(1, dtype=np.int64), np.zeros(1))
        delta = residual.residual_norm(Ball(np.array([[x * x]])), factor)
        assert rational(delta) >= abs(rational(x * x) - rational(x) ** 2)


@attack("residual", "entry_rounding")
def _() -> None:
    for n in (1, 1000, 4000):
        # The entry 1, to which every block and the shift add half a unit: all are lost.
        steps, entry = -(-n // residual.BLOCK) + 1, 1.0
        for _ in range(steps):
            entry = entry + HALF_UNIT
        lost = 1 + steps * rational(HALF_UNIT) - rational(entry)
        assert lost <= exact(residual.entry_rounding(n, np.asarray([1.0])))


@attack("residual", "residual_underflow")
def _() -> None:
    n, x, y = 50, 2.0**-537, 2.0**-539 * 1.9
    total = sum(x * y for _ in range(n)) * n
    assert total == 0.0
    assert n * n * rational(x) * rational(y) <= rational(residual.residual_underflow(n))
    lower = np.tril(np.full((n, n), 2.0**-538.5))
    factor = residual.Factor(lower, np.zeros(n, dtype=np.int64), np.zeros(n))
    delta = residual.residual_norm(Ball(np.zeros((n, n))), factor)
    gram = fractions(lower) @ fractions(lower).T
    # Largest Rayleigh quotient at the vector of ones: the norm of the residual is at least that.
    assert rational(delta) >= sum(gram.ravel()) / n


@attack("residual", "step_rounding")
def _() -> None:
    # Entry and L1 L1^T differ by a number that float64 rounds by half a unit.
    assert exact(residual.step_rounding(np.asarray([1.0]))) >= rational(HALF_UNIT)
    factor = residual.Factor(np.array([[2.0**-26]]), np.zeros(1, dtype=np.int64), np.zeros(1))
    m = Ball(np.array([[1.0 + 2.0**-52]]))  # minus 2^-52 is 1 exactly; minus 2^-54 below is not
    delta = residual.residual_norm(m, factor, sliced=True)
    assert rational(delta) >= rational(m.mid[0, 0]) - rational(2.0**-52)
    odd = residual.Factor(np.array([[2.0**-26 * 1.0]]), np.zeros(1, dtype=np.int64), np.array([HALF_UNIT]))
    zero = Ball(np.array([[1.0 + 2.0**-52]]))
    delta = residual.residual_norm(zero, odd, sliced=True)
    assert rational(delta) >= 1 - rational(HALF_UNIT)
    small = residual.Factor(np.array([[0.0]]), np.zeros(1, dtype=np.int64), np.array([-HALF_UNIT]))
    delta = residual.residual_norm(Ball(np.array([[1.0]])), small, sliced=True)
    assert rational(delta) >= 1 + rational(HALF_UNIT)


@attack("residual", "slice_rounding")
def _() -> None:
    for n in (3, 100, 700):
        total, truth = absorbed(min(n, residual.BLOCK) + n // residual.BLOCK)
        bound = residual.slice_rounding(n, np.asarray([float(truth)]))
        assert abs(truth - rational(total)) <= exact(bound)
    # Every entry of L rounds away in the products of its slices; the midpoint is what the code computes.
    for i in range(40):
        x = 1 + 2.0**-27 * (1 - 2.0**-20 * (2 * i + 1)) + 2.0**-50
        factor = residual.Factor(np.array([[x]]), np.zeros(1, dtype=np.int64), np.zeros(1))
        exact_part, small_part = residual._sliced_products(factor.lower, 0, 1)
        x1, h = (rational(float(v)) for v in residual.split(np.asarray(x)))
        moduli = residual.absolute_products(factor.lower, residual.slices)
        allowed = residual.slice_rounding(1, moduli)
        assert rational(float(exact_part[0, 0])) == x1 * x1
        assert abs(rational(float(small_part[0, 0])) - (x1 * h + h * rational(x))) <= exact(allowed)


@attack("residual", "radius_norm")
def _() -> None:
    n = 5
    m = Ball(np.eye(n), np.asarray(0.125))
    # The scaled radius is made useless by a scaling that inflates it, so that this one decides.
    exponents = np.array([0, 6, 0, 0, 0])
    lower = np.zeros((n, n))
    shifts = np.ldexp(1.0, 2 * exponents)
    assert claim(m, lower, shifts, exponents, False) <= 1 - n * 0.125
    assert residual.radius_norm(m) >= n * 0.125
    for rad in (np.full((n, 1), 0.125), np.full((n, n), 0.125)):
        assert residual.radius_norm(Ball(np.eye(n), rad)) >= n * 0.125


@attack("residual", "scaled_radius_norm")
def _() -> None:
    n = 5
    for rad in (np.asarray(0.125), np.full((n, 1), 0.125), np.full((n, n), 0.125)):
        m = Ball(np.eye(n), rad)
        zero = np.zeros(n, dtype=np.int64)
        assert claim(m, np.zeros((n, n)), np.ones(n), zero, False) <= 1 - n * 0.125
        factor = residual.Factor(np.zeros((n, n)), zero + 1, np.ones(n))
        assert residual.scaled_radius_norm(m, factor) >= 4 * n * 0.125


# --- tables -----------------------------------------------------------------------------------------


@attack("tables", "coefficient_error")
def _() -> None:
    half = rational(1, 2)
    wrong = tables.coefficient_error([arb(1)] * 6, [0.0] * 6, 0)
    assert rational(wrong) >= sum(half**k for k in range(6))
    name, order, cell = "tanh", 0, 300
    with precision(160):
        shape = SHAPES[name]
        at = tables.taylor(shape, order, arb(cell) / 2**shape.bits, 6)
        floats = [float(c) for c in at]
        off = sum(
            ((arb(f) - e) * arb(0.5) ** (9 * k) for k, (e, f) in enumerate(zip(at, floats, strict=True))),
            arb(0),
        )
        assert off.abs_lower() <= arb(tables.coefficient_error(at, floats, shape.bits))


@attack("tables", "remainder")
def _() -> None:
    with precision(200):
        for name in SHAPES:
            for order in (0, 1, 2):
                shape = SHAPES[name]
                for cell in (40, 104, 160, -200):
                    first = cell - cell % tables.GROUP
                    centre = rational(cell, 2**shape.bits)
                    bound = arb(tables.remainder(shape, order, first, first + tables.GROUP - 1))
                    at = tables.taylor(shape, order, arb(cell) / 2**shape.bits, tables.DEGREE + 1)
                    for t in (-rational(1, 2 ** (shape.bits + 1)), rational(1, 2 ** (shape.bits + 1))):
                        step = arb(t)
                        polynomial = sum((c * step**k for k, c in enumerate(at)), arb(0))
                        apart = (function(name, order, centre + t) - polynomial).abs_lower()
                        assert apart <= bound


@attack("tables", "horner_rounding")
def _() -> None:
    rng = np.random.default_rng(0)
    for name in ("tanh", "gelu"):
        table = tables.table(SHAPES[name], 0)
        column = table.coefficients[:, table.reach + 300]
        bound = rational(float(tables.horner_rounding(column[:, None])[0]))
        for s in rng.uniform(-0.5, 0.5, 200):
            value, truth = column[-1], rational(float(column[-1]))
            for c in column[-2::-1]:
                value, truth = value * s + c, truth * rational(s) + rational(float(c))
            assert abs(rational(float(value)) - truth) <= bound * rational(1001, 1000)


@attack("tables", "tail")
def _() -> None:
    for name, shape in SHAPES.items():
        for order in (0, 1, 2):
            allowed = tables.tail(shape, order)
            for x, (slope, constant) in (
                (shape.reach, shape.right[order]),
                (-shape.reach, shape.left[order]),
            ):
                apart = function(name, order, rational(x), 300) - slope * x - constant
                assert apart.abs_lower() <= arb(allowed)


# --- elementary -------------------------------------------------------------------------------------


@attack("elementary", "propagated")
def _() -> None:
    for name, order, x in (
        ("tanh", 0, 0.0),
        ("sigmoid", 0, 0.0),
        ("silu", 1, 0.0),
        ("gelu", 1, 0.0),
        ("erf", 0, 0.0),
    ):
        ball = activation(name).enclose(Ball(np.array([x]), np.asarray(2.0**-10)), order)
        for end in (-1, 1):
            truth = function(name, order, rational(x) + end * rational(1, 1024))
            assert within(truth, float(ball.mid[0]), float(ball.rad))


@attack("elementary", "table_error")
def _() -> None:
    rng = np.random.default_rng(0)
    for x in rng.uniform(0.3, 4, 60):
        ball = activation("tanh").enclose(Ball(np.array([x])))
        assert within(function("tanh", 0, rational(x)), float(ball.mid[0]), float(ball.rad))


# --- scalar -----------------------------------------------------------------------------------------


@attack("scalar", "below")
def _() -> None:
    for x in 1 + 2.0**-52 + np.arange(0, 40) * 2.0**-30:
        i = scalar.interval(float(x)) * float(x)
        assert rational(i.lo) <= rational(float(x)) ** 2
    assert rational((scalar.interval(1.0) + 3 * HALF_UNIT).lo) <= 1 + 3 * rational(HALF_UNIT)
    assert rational((scalar.interval(1.0) / 3.0).lo) <= rational(1, 3)
    assert rational((scalar.interval(2.0) / 3.0).lo) <= rational(2, 3)


@attack("scalar", "above")
def _() -> None:
    assert rational((scalar.interval(1.0) + HALF_UNIT).hi) >= 1 + rational(HALF_UNIT)
    assert rational((scalar.interval(1.0) / 3.0).hi) >= rational(1, 3)
    assert rational(scalar.sqrt(3.0).hi) ** 2 >= 3
    assert rational(scalar.sqrt(2.0).hi) ** 2 >= 2


# --- interval_arrays --------------------------------------------------------------------------------


@attack("interval_arrays", "lowered")
def _() -> None:
    x = 1 + 2.0**-52 + np.arange(0, 40) * 2.0**-30
    squares = interval_arrays.intervals(x) * x
    assert all(rational(lo) <= rational(v) ** 2 for lo, v in zip(squares.lo.tolist(), x.tolist(), strict=True))
    third = interval_arrays.intervals(np.array([1.0, 2.0])) / 3.0
    assert rational(third.lo[0]) <= rational(1, 3)
    assert rational(third.lo[1]) <= rational(2, 3)


@attack("interval_arrays", "raised")
def _() -> None:
    one = interval_arrays.intervals(np.array([1.0]))
    assert rational((one + HALF_UNIT).hi[0]) >= 1 + rational(HALF_UNIT)
    assert rational((one / 3.0).hi[0]) >= rational(1, 3)
    assert rational((one - 3 * HALF_UNIT / 2).hi[0]) >= 1 - 3 * rational(HALF_UNIT) / 2


# --- stacks -----------------------------------------------------------------------------------------


@attack("stacks", "factor_rounding")
def _() -> None:
    for k in (2, 20, 200):
        # 1 and k - 1 products of 2^-26 and 2^-27 each, in two rows of a factor.
        total, truth = absorbed(k)
        row = 1 + (k - 1) * rational(2.0**-26) ** 2
        assert truth - rational(total) <= exact(stacks.factor_rounding(k, float(np.nextafter(float(row), 2))))
    # A row whose products underflow.
    assert 50 * rational(2.0**-537) * rational(2.0**-539) <= rational(stacks.factor_rounding(50, 0.0))


class precision:
    """Bits of python-flint's balls, for a while."""

    def __init__(self, bits: int):
        self.bits = bits

    def __enter__(self) -> None:
        self.before, ctx.prec = ctx.prec, self.bits

    def __exit__(self, *_: object) -> None:
        ctx.prec = self.before


# --- what the results contain -----------------------------------------------------------------------


def ball(rad: float) -> Ball:
    return Ball(np.array([[1.0, 2.0, -3.0], [0.5, 0.25, 7.0]]), np.asarray(float(rad)))


def residual_slack(sliced: bool) -> float:
    gram = Ball(np.array([[2.0, 1.0], [1.0, 3.0]]))
    factor = residual.factorise(gram, 0.5)
    assert factor is not None
    return residual.residual_norm(gram, factor, sliced=sliced)


def radius_slack(diagonal: list[float], exponents: list[int]) -> float:
    m = Ball(np.diag(diagonal), np.asarray(0.125))
    return -claim(m, np.zeros((2, 2)), np.ldexp(diagonal, [2 * e for e in exponents]), np.array(exponents), False)


def table_slack() -> float:
    return float(tables.table(SHAPES["erf"], 0).errors.max())


def rounded(make: Callable[[], Ball]) -> Callable[[], float]:
    return lambda: float(np.max(make().rad))


SLACK |= {
    ("roundoff", "gamma"): rounded(lambda: ball(0) @ ball(0).T),
    ("roundoff", "underflow"): rounded(lambda: ball(0) @ (ball(0) * 0.0).T),
    ("roundoff", "up"): rounded(lambda: ball(0) @ ball(0).T),
    ("roundoff", "down"): lambda: -float(roundoff.lower_sum(1.0, 1)),
    ("midrad", "addition_rounding"): rounded(lambda: ball(0) + ball(0)),
    ("midrad", "product_rounding"): rounded(lambda: ball(0) * ball(0)),
    ("midrad", "product_propagated"): rounded(lambda: ball(1) * ball(1)),
    ("midrad", "inner_rounding"): rounded(lambda: ball(0) @ ball(0).T),
    ("midrad", "inner_underflow"): rounded(lambda: Ball(np.zeros((1, 2))) @ Ball(np.zeros((2, 1)))),
    ("midrad", "inner_propagated"): rounded(lambda: ball(1) @ ball(1).T),
    ("midrad", "sum_rounding"): rounded(lambda: midrad.total(ball(0))),
    ("midrad", "sum_propagated"): rounded(lambda: midrad.total(ball(1))),
    ("norms", "radius_row_norms"): lambda: norms.frobenius_upper(ball(1)),
    ("norms", "radius_row_sums"): lambda: norms.inf_norm_upper(ball(1)),
    ("residual", "computed_residual"): lambda: residual_slack(False),
    ("residual", "plain_rounding"): lambda: residual_slack(False),
    ("residual", "entry_rounding"): lambda: residual_slack(False),
    ("residual", "residual_underflow"): lambda: residual.residual_norm(
        Ball(np.zeros((1, 1))), residual.Factor(np.zeros((1, 1)), np.zeros(1, dtype=np.int64), np.zeros(1))
    ),
    ("residual", "step_rounding"): lambda: residual_slack(True),
    ("residual", "slice_rounding"): lambda: residual_slack(True),
    ("residual", "radius_norm"): lambda: radius_slack([1.0, 1.0], [6, 0]),
    ("residual", "scaled_radius_norm"): lambda: radius_slack([1.0, 2.0**20], [0, -10]),
    ("tables", "coefficient_error"): table_slack,
    ("tables", "remainder"): table_slack,
    ("tables", "horner_rounding"): table_slack,
    ("tables", "tail"): lambda: tables.table(SHAPES["erf"], 0).tail_error,
    ("elementary", "propagated"): rounded(lambda: activation("tanh").enclose(ball(1))),
    ("elementary", "table_error"): rounded(lambda: activation("tanh").enclose(ball(0))),
    ("scalar", "below"): lambda: -(scalar.interval(1.0) + 1.0).lo,
    ("scalar", "above"): lambda: (scalar.interval(1.0) + 1.0).hi,
    ("stacks", "factor_rounding"): lambda: stacks.stack_lambda_max_upper(Ball(np.array([[[2.0, 1.0], [1.0, 3.0]]]))),
    ("interval_arrays", "lowered"): lambda: -float((interval_arrays.intervals(np.ones(1)) + 1.0).lo[0]),
    ("interval_arrays", "raised"): lambda: float((interval_arrays.intervals(np.ones(1)) + 1.0).hi[0]),
}
