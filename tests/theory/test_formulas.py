"""Each formula on floats, arrays and symbols; the identities between them; the properties of the step size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pltheory.theory import formulas as f
from pltheory.theory.arithmetic import ARRAYS, FLOATS, symbols

Q = sp.Rational
NUMBERS = {
    "eta": Q(3, 10), "gamma": Q(2, 5), "delta": Q(1, 7), "grad_norm": Q(5, 2), "grad_bound": Q(9, 4),
    "beta": Q(5, 2), "mu": Q(4, 3), "h": Q(1, 9), "loss": Q(7, 3), "lipschitz": Q(8, 5), "residual": Q(11, 5),
    "jacobian_lipschitz": Q(1, 6), "n": Q(10), "radius": Q(3, 2), "depth": 2, "lambda_0": Q(9, 5),
    "negative": Q(1, 3), "p": Q(5, 6), "s": Q(3, 10), "v": Q(4, 7), "al": Q(6, 5),
    "sig": Q(5, 4), "kap": Q(1, 10), "m": Q(2, 3), "nesterov": True,
    "weight": Q(3, 7), "decay": Q(1, 8), "weights": Q(5, 2),
    "fit": Q(1, 2), "gain": Q(2, 3), "imbalance": Q(1, 20), "features": Q(7, 4), "within": Q(4, 5), "largest": Q(3, 2),
    "between": Q(3), "misfit": Q(1, 3), "across": Q(2, 9), "product": Q(6, 7),
}  # fmt: skip


SAID = ("depth", "nesterov")
"""Arguments that are no numbers of the arithmetic."""


def _largest_singular_value(v, al):
    """Of [[1, 0], [v, al]]."""
    return _spectral_norm(1, 0, v, al)


def _spectral_norm(p, q, r, s):
    """Of [[p, q], [r, s]], from the characteristic polynomial of M M^T."""
    trace, determinant = p**2 + q**2 + r**2 + s**2, p * s - q * r
    return sp.sqrt((trace + sp.sqrt(trace**2 - 4 * determinant**2)) / 2)


EXPECTED = {
    "step_size": lambda v: v.eta * max(v.delta, v.gamma / v.grad_norm),
    "effective_delta": lambda v: v.gamma / v.grad_bound,
    "decrease": lambda v: v.h - v.beta * v.h**2 / 2,
    "contraction": lambda v: 1 - 2 * v.mu * v.h + v.mu * v.beta * v.h**2,
    "rate": lambda v: 1 - 2 * v.mu * v.eta * v.delta + v.mu * v.beta * (v.eta * v.delta) ** 2,
    "slack": lambda v: (2 - v.beta * v.eta) / 2,
    "slope_with_jumps": lambda v: v.sig - v.kap / 2 - (v.sig + v.kap / 2) * v.beta * v.h / 2,
    "rate_with_jumps": lambda v: 1 - (2 * v.sig + v.kap) * v.eta * v.delta * (
        v.sig - v.kap / 2 - (2 * v.sig + v.kap) * v.beta * v.eta * v.delta / 4
    ),
    "radius_sharp": lambda v: 2 * sp.sqrt(2 * v.loss / v.mu) / (2 - v.beta * v.eta),
    "radius_tight": lambda v: (
        sp.sqrt(v.loss / (2 * v.mu)) * (1 + sp.sqrt(1 - v.mu * v.eta * (2 - v.beta * v.eta)))
        * 2 / (2 - v.beta * v.eta)
    ),
    "rate_classic": lambda v: 1 - v.eta * v.delta * v.mu,
    "radius_classic": lambda v: (
        v.lipschitz * sp.sqrt(2 * v.loss) * (1 + sp.sqrt(1 - v.eta * v.delta * v.mu)) / (v.delta * v.mu)
    ),
    "radius_gradient_descent": lambda v: 2 * v.lipschitz * v.residual / v.mu,
    "max_step_gradient_descent": lambda v: 1 / (v.lipschitz**2 + v.jacobian_lipschitz * v.residual),
    "smoothness": lambda v: v.lipschitz**2 + v.jacobian_lipschitz * v.residual,
    "expansion_constant": lambda v: 1 + v.h * v.negative,
    "block_norm": lambda v: _largest_singular_value(v.v, v.al),
    "bordered_norm": lambda v: _spectral_norm(v.p, v.s, v.s, 0),
    "expansion_band": lambda v: _largest_singular_value(v.s * (v.beta + v.negative) / 2, 1 + v.s * v.negative),
    "slowed": lambda v: 1 + (v.lipschitz * v.al) ** 2 / v.weight,
    "loss_floor": lambda v: (v.decay * v.weights) ** 2 / (2 * v.mu),
    "within_class": lambda v: v.fit / v.gain + v.imbalance ** Q(1, 2) * v.features,
    "within_class_apart": lambda v: sp.sqrt((v.fit / v.gain) ** 2 + (v.imbalance ** Q(1, 2) * v.features) ** 2),
    "class_variability": lambda v: v.within**2 * v.largest**2 / (v.between - v.fit) ** 2,
    "condition_of_means": lambda v: (
        v.largest / (1 - v.misfit) * sp.sqrt(((1 + v.misfit) / v.gain) ** 2 + v.across**2)
    ),
    "least_gain": lambda v: max(sp.roots(sp.Symbol("x") ** 2 + v.imbalance * sp.Symbol("x") - v.product**2)),
    "greatest_gain": lambda v: max(sp.roots(sp.Symbol("x") ** 2 - v.imbalance * sp.Symbol("x") - v.product**2)),
    "width_scale_lzb": lambda v: v.n * v.radius ** (6 * v.depth + 2) / (v.lambda_0 - v.mu) ** 2,
}  # fmt: skip
"""The formulas once more, as THEORY prints them, at the values above."""


def arguments(name, convert):
    code = getattr(f, name).__code__
    names = code.co_varnames[: code.co_argcount]
    values = {k: NUMBERS[k] if k in SAID else convert(NUMBERS[k]) for k in names if k != "ops"}
    return values, "ops" in names


@pytest.mark.parametrize("name", EXPECTED)
def test_one_expression_for_floats_arrays_and_symbols(name):
    class V:
        pass

    v = V()
    v.__dict__.update(NUMBERS)
    expected = sp.simplify(EXPECTED[name](v))
    formula = getattr(f, name)
    exact, with_ops = arguments(name, lambda q: q)
    value = formula(**exact, **({"ops": symbols()} if with_ops else {}))
    assert sp.simplify(value - expected) == 0
    floats, _ = arguments(name, float)
    assert formula(**floats, **({"ops": FLOATS} if with_ops else {})) == pytest.approx(float(expected), rel=1e-14)
    arrays, _ = arguments(name, lambda q: np.array([float(q), 1.25 * float(q)]))
    got = formula(**arrays, **({"ops": ARRAYS} if with_ops else {}))
    again = formula(**{k: v if k in SAID else 1.25 * v for k, v in floats.items()})
    np.testing.assert_allclose(got, [float(expected), again], rtol=1e-14)


def test_every_formula_is_covered():
    public = [k for k, v in vars(f).items() if callable(v) and not k.startswith("_") and v.__module__ == f.__name__]
    assert sorted(public) == sorted(EXPECTED)


# Lemma 1

positive = st.floats(1e-100, 1e100)


@given(positive, positive, st.floats(1e-12, 1, exclude_max=True), positive)
@example(1.0, 1.0, 0.5, 1.0)
def test_lemma_1_holds_to_the_last_bit(eta, gamma, delta, grad_norm):
    h = f.step_size(eta, gamma, delta, grad_norm)
    assert eta * delta <= h <= eta
    if grad_norm <= gamma:
        assert h == eta
    if gamma <= delta * grad_norm * (1 - 1e-15):
        assert h == eta * delta
    assert f.step_size(eta, gamma, delta, 2 * grad_norm) <= h


@given(positive, positive, st.floats(0, 1, exclude_max=True), positive, st.floats(0, 1))
def test_effective_delta_is_a_floor_wherever_the_gradient_is_bounded(eta, gamma, delta, bound, share):
    grad_norm = share * bound
    assume(grad_norm > 0)
    floor = f.effective_delta(gamma, delta, bound)
    assert delta <= floor <= 1
    assert f.step_size(eta, gamma, delta, grad_norm) >= eta * floor * (1 - 1e-15)
    assert floor == pytest.approx(f.step_size(1.0, gamma, delta, bound), rel=1e-15)


# Theorem A and A'

mu, beta, eta, delta, loss, c = sp.symbols("mu beta eta delta L c", positive=True)


def test_rate_identity_of_theorem_a():
    shape = (1 - mu * eta * delta) ** 2 + mu * (beta - mu) * (eta * delta) ** 2
    assert sp.expand(f.contraction(mu, beta, eta * delta) - shape) == 0


def test_minimum_of_the_decrease_is_at_the_floor_iff_beta_eta_is_small():
    difference = sp.factor(f.decrease(beta, eta) - f.decrease(beta, eta * delta))
    assert sp.simplify(difference - eta * (1 - delta) * (2 - beta * eta * (1 + delta)) / 2) == 0


def test_sharp_radius_at_the_usual_steps():
    ops = symbols()
    assert sp.simplify(f.radius_sharp(loss, mu, beta, 1 / beta, ops) ** 2 - 8 * loss / mu) == 0
    assert sp.simplify(sp.limit(f.radius_sharp(loss, mu, beta, eta, ops), eta, 0) ** 2 - 2 * loss / mu) == 0
    assert sp.simplify(sp.limit(f.radius_tight(loss, mu, beta, eta, ops), eta, 0) ** 2 - 2 * loss / mu) == 0


def test_tight_radius_at_mu_equal_beta_is_the_path_on_a_quadratic():
    # For h = eta <= 1/beta the iterates of beta x^2/2 run straight into 0: the path is x_0.
    eta_beta = sp.Symbol("b", positive=True)
    at = f.radius_tight(loss, beta, beta, eta_beta / beta, symbols())
    for value in (Q(1, 10), Q(1, 2), 1):
        assert sp.simplify(at.subs(eta_beta, value) ** 2 - 2 * loss / beta) == 0


def test_the_potential_steps_certificate_expands_to_zero():
    a, b, G, h, m = sp.symbols("a b G h m")
    D = a**2 - h * (1 - beta * h / 2) * G**2 - b**2
    left = a * (2 * (a - b) - h * G * (1 - beta * eta / 2) * m)
    right = (a - b) ** 2 + D + beta / 2 * h * (eta - h) * G**2
    right += h / 2 * (2 - beta * eta) * ((G - m * a) ** 2 + m * a * (G - m * a))
    assert sp.expand(left - right) == 0


@pytest.mark.parametrize("name", ["radius_sharp", "radius_tight", "radius_classic"])
def test_radii_do_not_depend_on_the_scale_of_the_loss(name):
    values, _ = arguments(name, lambda q: q)
    scaled = dict(values)
    for key, factor in {"loss": c, "mu": c, "beta": c, "eta": 1 / c, "lipschitz": sp.sqrt(c)}.items():
        if key in scaled:
            scaled[key] = scaled[key] * factor
    before, after = (getattr(f, name)(**v, ops=symbols()) for v in (values, scaled))
    assert sp.simplify(before - after) == 0


fractions = st.floats(1e-6, 1)


@given(fractions, st.floats(1e-6, 1.999), fractions, st.floats(1e-3, 1e3), st.floats(1e-6, 1e6))
def test_order_of_the_radii_and_range_of_the_rate(ratio, multiple, delta, beta, loss):
    mu, eta = ratio * beta, multiple / beta
    sharp, tight = f.radius_sharp(loss, mu, beta, eta), f.radius_tight(loss, mu, beta, eta)
    q = f.rate(mu, beta, eta, delta)
    assert math.sqrt(2 * loss / mu) / 2 < tight <= sharp * (1 + 1e-12)
    assert -1e-12 <= q < 1 or q == pytest.approx(1, abs=1e-9)
    if beta * eta * (1 + delta) <= 2 * (1 - 1e-12):
        expected = (1 - mu * eta * delta) ** 2 + mu * (beta - mu) * (eta * delta) ** 2
        assert q == pytest.approx(expected, rel=1e-9, abs=1e-12)
    if multiple <= 1:
        assert q <= f.rate_classic(mu, eta, delta) + 1e-12
        # ||J|| >= sigma_min gives L_F >= sqrt(mu).
        classic = f.radius_classic(loss, mu, eta, delta, math.sqrt(mu))
        assert tight <= classic * (1 + 1e-12)
        assert sharp < 2 * classic
        residual = math.sqrt(2 * loss)
        assert sharp <= f.radius_gradient_descent(residual, mu, math.sqrt(mu)) * (1 + 1e-12)


@given(fractions, st.floats(1e-3, 1.99), st.floats(0.01, 1))
def test_tight_radius_grows_with_the_step(ratio, multiple, shrink):
    wide, narrow = (f.radius_tight(1.0, ratio, 1.0, m) for m in (multiple, shrink * multiple))
    assert narrow <= wide * (1 + 1e-9)


@given(fractions, st.floats(1e-3, 1.99), fractions, st.floats(0, 1))
def test_the_rate_covers_every_step_in_between(ratio, multiple, delta, where):
    h = multiple * (delta + where * (1 - delta))
    assert f.contraction(ratio, 1.0, h) <= f.rate(ratio, 1.0, multiple, delta) + 1e-12


def test_classic_radius_grows_like_one_over_delta():
    small = [f.radius_classic(1.0, 0.2, 0.5, d, 1.0) * d for d in (1e-3, 1e-6)]
    assert small[0] == pytest.approx(small[1], rel=1e-3)
    assert f.radius_tight(1.0, 0.2, 1.0, 0.5) < small[0] / 1e-3
