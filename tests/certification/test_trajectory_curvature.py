"""The curvature of one hidden layer bounds the residual's term over a ball; each error term is missed when deleted."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from flint import arb, ctx

from pltheory.certification.stored import FloatNetwork
from pltheory.certification.trajectory import bounds as tb
from pltheory.certification.trajectory import curvature as tc
from pltheory.certification.trajectory import network as tn
from pltheory.nets.activations import activation
from pltheory.rigor.midrad import Ball
from tests.certification.trajectory_networks import aligned, data, flat, network, unit


def hessian_of_residual_term(net, x, y):
    """sum_i r_i Hess f_i at the weights, dense, in float64 torch: the residual is held fixed."""
    shapes = [w.shape for w in net.weights]
    bias = net.biases[0] is not None
    sizes = [math.prod(s) for s in shapes] + ([b.size for b in net.biases] if bias else [])
    xt, yt = torch.from_numpy(x), torch.from_numpy(y)
    act = torch.tanh if net.activation == "tanh" else torch.sigmoid

    def outputs(v):
        parts = torch.split(v, sizes)
        a = xt
        for l, s in enumerate(shapes):
            z = net.kappa[l] * a @ parts[l].reshape(s).T
            if bias:
                z = z + net.tau[l] * parts[len(shapes) + l]
            a = act(z)
        return z

    v = torch.from_numpy(np.concatenate([a.ravel() for a in net.parameters]))
    r = (outputs(v) - yt).detach()
    return torch.func.jacrev(torch.func.grad(lambda p: (r * outputs(p)).sum()))(v).numpy()


CURVED = [
    ((3, 6, 1), False, "tanh"),
    ((2, 4, 3), True, "tanh"),
    ((2, 5, 2), True, "sigmoid"),
    ((6, 3, 1), False, "tanh"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("widths", "bias", "name"), CURVED)
@pytest.mark.parametrize("eps", [0.0, 1e-3, 0.1, 1.0])
def test_curvature_bounds_the_residual_term_over_the_ball(widths, bias, name, eps):
    rng = np.random.default_rng(11)
    for seed in range(6):
        net = network(widths, seed=seed, bias=bias, activation=name)
        x, y = data(5, widths[0], widths[-1], seed=seed + 1)
        y *= [0.1, 1.0, 10.0][seed % 3]
        at = tn.forward(net, x, y)
        ref = tb.reference(net, at, eps)
        bound = tc.hidden_layer_curvature(net, at, tc.data_gram(net, x), eps, ref.lipschitz)
        for trial in range(6):
            step = [rng.standard_normal(a.shape) for a in net.parameters]
            length = eps * (trial > 0) / math.sqrt(sum((s * s).sum() for s in step))
            moved = [a + length * s for a, s in zip(net.parameters, step, strict=True)]
            there = net.replaced(moved[:2], moved[2:] if bias else net.biases)
            assert np.linalg.norm(hessian_of_residual_term(there, x, y), 2) <= bound * (1 + 1e-9)
        if eps == 0.0:  # Frobenius for spectral norms, and nothing else, is lost
            assert bound <= 3 * np.linalg.norm(hessian_of_residual_term(net, x, y), 2)


@pytest.mark.parametrize("seed", range(4))
def test_curvature_survives_ascent_inside_the_ball(seed):
    """Gradient ascent on ||E(w)|| itself, with projection on the ball, finds nothing above the bound."""
    eps, n = 0.4, 4
    net = network((2, 3, 1), seed=seed)
    x, y = data(n, 2, 1, seed=seed + 20)
    at = tn.forward(net, x, y)
    ref = tb.reference(net, at, eps)
    bound = tc.hidden_layer_curvature(net, at, tc.data_gram(net, x), eps, ref.lipschitz)
    xt, yt = torch.from_numpy(x), torch.from_numpy(y)

    def outputs(v):
        return net.kappa[1] * torch.tanh(net.kappa[0] * xt @ v[:6].reshape(3, 2).T) @ v[6:].reshape(1, 3).T

    def size(v):
        def term(p):
            return ((outputs(v) - yt) * outputs(p)).sum()

        return torch.linalg.matrix_norm(torch.func.jacrev(torch.func.grad(term))(v), 2)

    centre = torch.from_numpy(flat(net))
    v, best = centre.clone(), float(size(centre))
    for _ in range(60):
        g = torch.func.grad(size)(v)
        v = v + 0.05 * unit(g)
        away = v - centre
        v = centre + away * min(1.0, eps / float(away.norm()))
        best = max(best, float(size(v)))
    assert float(size(centre)) * 1.05 < best <= bound


def test_curvature_is_not_for_deep_networks():
    assert tc.data_gram(network((2, 3, 3, 1)), np.eye(2)) is None


def curvature_pieces(seed, n=6):
    """Exact ||Q_1||_F^2 and ||P_1||^2 of one unit against the bounds, for aligned or cancelling numbers."""
    rng = np.random.default_rng(seed)
    x = aligned(rng, (n, 1))
    d = aligned(rng, (n, 1)) * np.array([1, -1, 1, -1, 1, -1])[:n, None]  # nearly cancels: rounding is all there is
    net = FloatNetwork((np.zeros((1, 1)), np.ones((1, 1))), (None, None), (1.0, 1.0), (0.0, 0.0), "tanh")
    gram = tc.data_gram(net, x)
    f = np.vectorize(Fraction, otypes=[object])
    return net, x, d, gram, f


def test_form_bound_holds_for_cancelling_columns():
    for seed in range(60):
        _, x, d, gram, f = curvature_pieces(seed)
        q = float(tc._forms(gram.squares, Ball(d), gram.largest)[0, 0])
        g = f(x) @ f(x).T
        exact = (f(d).T @ (g * g) @ f(d))[0, 0]
        assert exact <= Fraction(q) ** 2
        mean = float(tc._forms(gram.squares, Ball(d, np.asarray(1e-3)), gram.largest)[0, 0])
        moved = f(d) + Fraction(1, 1001)
        assert (moved.T @ (g * g) @ moved)[0, 0] <= Fraction(mean) ** 2


FORM_CASES = {
    "form_rounding": lambda tc_, x, d, gram, f: form_misses(tc_, gram.squares, d, 0.0, f, squares_exact=True),
    "form_propagated": lambda tc_, x, d, gram, f: form_misses(
        tc_, Ball(gram.squares.mid, np.asarray(1e-3)), d, 0.0, f, shift=1e-3, flip=True
    ),
    "entry_propagated": lambda tc_, x, d, gram, f: form_misses(tc_, gram.squares, d, 1e-3, f, move=1e-3),
}


def form_misses(tc_, squares, d, rad, f, *, squares_exact=False, shift=0.0, flip=False, move=0.0):
    """Whether some member of the balls has a larger form than the bound."""
    if squares_exact:
        squares = Ball(squares.mid)  # then only rounding in the products is left
    q = float(tc_._forms(squares, Ball(d, np.asarray(rad)), 1.01)[0, 0])
    sign = f(np.sign(d))
    m = f(squares.mid) + (Fraction(shift) * (sign @ sign.T) if flip else Fraction(0))
    v = f(d) + Fraction(move)
    return (v.T @ m @ v)[0, 0] > Fraction(q) ** 2


# The rounding term is a worst case over the order of summation, further than ten times from what BLAS does here.
@pytest.mark.parametrize(
    ("term", "part"),
    [("form_rounding", 0.0), *((t, p) for t in ("form_propagated", "entry_propagated") for p in (0.0, 0.1))],
)
def test_form_error_terms_hold_and_are_missed_when_deleted(term, part, monkeypatch):
    cases = [curvature_pieces(seed)[1:] for seed in range(60)]
    assert not any(FORM_CASES[term](tc, *case) for case in cases)
    honest = getattr(tc, term)
    monkeypatch.setattr(tc, term, lambda *a: part * honest(*a))
    assert any(FORM_CASES[term](tc, *case) for case in cases)


def mixed_misses(seed, rad, n=6):
    rng = np.random.default_rng(seed)
    signs = np.array([1, -1, 1, -1, 1, -1])[:n, None]
    x = np.ones((n, 1)) if rad else aligned(rng, (n, 1))
    residual, slopes = aligned(rng, (n, 1)) * signs, np.ones((n, 1))
    net = FloatNetwork((np.zeros((1, 1)), np.ones((1, 1))), (None, None), (1.0, 1.0), (0.0, 0.0), "tanh")
    at = tn.Forward((Ball(x), Ball(np.zeros((n, 1)))), (), (Ball(slopes),), Ball(residual, np.asarray(rad)))
    p = float(tc._mixed(net, at, tc.data_gram(net, x))[0, 0])
    f = np.vectorize(Fraction, otypes=[object])
    exact = (f(x).T @ (f(residual) + Fraction(rad)))[0, 0]
    return abs(exact) > Fraction(p)


@pytest.mark.parametrize("part", [0.0, 0.1])
@pytest.mark.parametrize(("term", "rad", "n"), [("mixed_rounding", 0.0, 2), ("mixed_propagated", 1e-3, 6)])
def test_mixed_error_terms_hold_and_are_missed_when_deleted(term, rad, n, part, monkeypatch):
    assert not any(mixed_misses(seed, rad, n) for seed in range(200))
    honest = getattr(tc, term)
    if term == "mixed_rounding":  # what is left of the products r act' must not hide it
        monkeypatch.setattr(tc, "mixed_propagated", lambda *a: 0.0)
    monkeypatch.setattr(tc, term, lambda *a: part * honest(*a))
    assert any(mixed_misses(seed, rad, n) for seed in range(200))


def test_deleting_the_change_over_the_ball_is_caught(monkeypatch):
    monkeypatch.setattr(tc, "change_over_ball", lambda *a: 0.0)
    with pytest.raises(AssertionError):
        test_curvature_bounds_the_residual_term_over_the_ball((3, 6, 1), False, "tanh", 1.0)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_slopes_hold_against_ball_arithmetic(name):
    """The short cut 1 - a^2 for tanh included, at small, moderate and saturated arguments."""
    ctx.prec = 200
    rng = np.random.default_rng(0)
    net = network((1, 400, 1), activation=name)
    scale = np.exp2(rng.uniform(-30, 5, (400, 1)))
    net = net.replaced([rng.standard_normal((400, 1)) * scale, net.weights[1]], net.biases)
    at = tn.forward(net, np.ones((1, 1)), np.zeros((1, 1)))
    ball = activation(name).second_from(at.hidden[0], at.inputs[1], at.slopes[0])
    for j in range(400):
        z = arb(float(net.weights[0][j, 0]))
        value = z.tanh() if name == "tanh" else 1 / (1 + (-z).exp())
        slope = 1 - value * value if name == "tanh" else value * (1 - value)
        assert abs(slope - arb(float(at.slopes[0].mid[0, j]))) <= arb(float(np.max(at.slopes[0].rad)))
        second = -2 * value * slope if name == "tanh" else slope * (1 - 2 * value)
        assert abs(second - arb(float(ball.mid[0, j]))) <= arb(float(np.max(ball.rad)))
