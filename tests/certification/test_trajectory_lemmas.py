"""Each lemma of the verified trajectory: attacked inside its hypotheses, and each error term missed when deleted."""

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
from pltheory.certification.trajectory import growth as tg
from pltheory.certification.trajectory import network as tn
from pltheory.certification.trajectory import step as ts
from pltheory.nets.activations import activation
from pltheory.problem.networks import fully_connected
from pltheory.rigor.midrad import Ball
from pltheory.rigor.scalar import between, interval
from pltheory.theory.perturbation import CentreNorms
from tests.oracles.exact_trajectory import Exact, matrix, norm


def network(widths=(3, 8, 1), seed=0, activation="tanh", bias=False):
    net = fully_connected(list(widths), seed=seed, activation=activation, bias=bias).class_n()
    layers = net.layers
    return FloatNetwork(
        tuple(layer.weight.detach().numpy().copy() for layer in layers),
        tuple(None if layer.bias is None else layer.bias.detach().numpy().copy() for layer in layers),
        tuple(layer.kappa for layer in layers),
        tuple(layer.tau for layer in layers),
        activation,
    )


def data(n, d, c, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((n, c))


# --- the step is Lipschitz: random and optimised pairs of points in the ball ------------------------------------------


def flat(net):
    return np.concatenate([w.ravel() for w in net.weights])


class StepMap:
    """The step map in float64 torch, for finite differences and for its Jacobian."""

    def __init__(self, net, x, y, eta, gamma, delta):
        self.shapes = [w.shape for w in net.weights]
        self.net, self.x, self.y = net, torch.from_numpy(x), torch.from_numpy(y)
        self.eta, self.gamma, self.delta = eta, gamma, delta

    def loss(self, v):
        parts = torch.split(v, [math.prod(s) for s in self.shapes])
        a = self.x
        for l, (p, s) in enumerate(zip(parts, self.shapes, strict=True)):
            z = self.net.kappa[l] * a @ p.reshape(s).T
            a = torch.tanh(z)
        return 0.5 * (z - self.y).square().sum()

    def __call__(self, v):
        g = torch.func.grad(self.loss)(v)
        h = self.eta * torch.clamp(torch.clamp(self.gamma / g.norm(), min=self.delta), max=1.0)
        return v - h * g


BRANCH_SETTINGS = {"full": (50.0, 0.1), "band": (0.7, 0.01), "floor": (0.05, 0.5), "straddle": (1.0, 0.9)}


def curvature_over(net, at, ref, radius, x):
    gram = tc.data_gram(net, x)
    general = (at.residual_norm.hi + ref.lipschitz * radius) * ref.ell
    return general if gram is None else min(general, tc.hidden_layer_curvature(net, at, gram, radius, ref.lipschitz))


def gradient_norm_at(net, x, y):
    at = tn.forward(net, x, y)
    return tn.norm(ts.gradient(net, at, 100.0).arrays).hi


@pytest.mark.parametrize("branch", BRANCH_SETTINGS)
@pytest.mark.parametrize("radius", [1e-3, 0.3])
@pytest.mark.parametrize(("widths", "big"), [((3, 8, 1), 0.05), ((2, 3, 3, 2), 1.0), ((4, 16, 1), 10.0)])
@pytest.mark.parametrize("steps_of_beta", [1.0, 3.0])
def test_no_pair_of_points_in_the_ball_is_driven_apart_faster_than_the_factor(
    branch, radius, widths, big, steps_of_beta
):
    net = network(widths, seed=3)
    x, y = data(4, widths[0], widths[-1], seed=5)
    y = big * y  # residuals from small, where nothing expands, to large
    at = tn.forward(net, x, y)
    ref = tb.reference(net, at, radius)
    size = gradient_norm_at(net, x, y)
    part, delta = BRANCH_SETTINGS[branch]
    gamma = part * size
    eta = steps_of_beta / (ref.jacobian**2 + at.residual_norm.hi * ref.ell)
    grown = tg.growth(
        curvature_over(net, at, ref, radius, x),
        ref.lipschitz,
        radius,
        between(size, size),
        eta,
        gamma,
        delta,
        interval(1),
    )
    g = StepMap(net, x, y, eta, gamma, delta)
    w0 = torch.from_numpy(flat(net))
    gen = torch.Generator().manual_seed(1)
    worst = 0.0
    for trial in range(12):
        centre = w0 + 0.7 * radius * unit(torch.randn(w0.shape, generator=gen, dtype=torch.float64)) * (trial > 0)
        # The direction that the step stretches most there, then a finite pair along it and a random pair.
        jac = torch.func.jacrev(g)(centre)
        direction = torch.linalg.svd(jac)[2][0]
        for d in (direction, unit(torch.randn(w0.shape, generator=gen, dtype=torch.float64))):
            for length in (0.3 * radius, 1e-3 * radius):
                a, b = centre - 0.5 * length * d, centre + 0.5 * length * d
                worst = max(worst, float((g(b) - g(a)).norm() / (b - a).norm()))
    assert worst <= grown.factor * (1 + 1e-9)


def unit(v):
    return v / v.norm()


def test_the_full_step_factor_is_attained_by_a_saddle():
    """H = diag(-c, b): the distance along the first axis grows by exactly 1 + h c."""
    h, c, b = 0.3, 0.25, 2.0
    bound = tg.PLAIN.constant(interval(h), interval(b), interval(c)).hi
    assert bound == pytest.approx(1 + h * c, abs=1e-14)
    assert bound >= 1 + Fraction(h) * Fraction(c)
    late = tg.PLAIN.constant(interval(2.0), interval(b), interval(c)).hi
    assert late >= 2 * b - 1


def test_the_band_factor_is_attained_and_never_passed():
    rng = np.random.default_rng(0)
    closest = 0.0
    for _ in range(4000):
        k = int(rng.integers(2, 5))
        b, c = float(rng.uniform(0.1, 3)), float(rng.choice([0.0, rng.uniform(0, 1)]))
        s = float(rng.uniform(0, 3) / b)
        q = np.linalg.qr(rng.standard_normal((k, k)))[0]
        spectrum = rng.choice([-c, b], size=k) if rng.random() < 0.7 else rng.uniform(-c, b, size=k)
        hessian = q * spectrum @ q.T
        u = rng.standard_normal(k)
        u /= np.linalg.norm(u)
        if rng.random() < 0.5:  # halfway between an expanding and a steep axis: the worst place for u
            u = (q[:, 0] + q[:, 1]) / math.sqrt(2)
        m = np.eye(k) - s * (np.eye(k) - np.outer(u, u)) @ hessian
        bound = tg.PLAIN.band(interval(s), interval(b), interval(c)).hi
        ratio = np.linalg.norm(m, 2) / bound
        assert ratio <= 1 + 1e-12
        closest = max(closest, ratio)
    assert closest > 0.95


def test_branches_are_decided_only_over_the_whole_ball():
    assert tg.branches(between(0.0, 0.9), 1.0, 0.1) == {"full"}
    assert tg.branches(between(1.1, 9.0), 1.0, 0.1) == {"band"}
    assert tg.branches(between(11.0, 12.0), 1.0, 0.1) == {"floor"}
    assert tg.branches(between(0.9, 1.1), 1.0, 0.1) == {"full", "band"}
    assert tg.branches(between(9.0, 11.0), 1.0, 0.1) == {"band", "floor"}
    assert tg.branches(between(0.5, 11.0), 1.0, 0.1) == {"full", "band", "floor"}
    # At the switch itself both sides count: the ball may hold points of either.
    assert "full" in tg.branches(between(1.0, 1.0), 1.0, 0.5)
    assert tg.branches(between(0.0, 1e9), math.inf, 0.1) == {"full"}


def test_gradient_change_over_the_ball_decides_the_branch():
    """A gradient of norm just below gamma at the centre is undecided once the ball has a size."""
    net = network()
    x, y = data(4, 3, 1)
    at = tn.forward(net, x, y)
    ref = tb.reference(net, at, 0.1)
    args = (0.1, 1.0, 0.1, interval(1))
    grad = between(1 - 1e-6, 1 - 1e-6)
    assert tg.growth(1.0, ref.lipschitz, 0.0, grad, *args).branches == {"full"}
    assert tg.growth(1.0, ref.lipschitz, 1e-3, grad, *args).branches == {"full", "band"}


# --- reference bounds -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("widths", "bias"), [((3, 8, 1), False), ((2, 4, 3, 2), True), ((2, 5, 3), True)])
def test_reference_bounds_hold_where_they_claim_to(widths, bias):
    net = network(widths, seed=2, bias=bias)
    x, y = data(4, widths[0], widths[-1])
    at = tn.forward(net, x, y)
    ref = tb.reference(net, at, 0.2)
    rng = np.random.default_rng(3)

    def jacobian(n):
        columns = []
        for k in range(y.size):
            e = np.zeros(y.size)
            e[k] = 1.0
            f = tn.forward(n, x, y)
            f = tn.Forward(f.inputs, f.hidden, f.slopes, Ball(e.reshape(y.shape)))
            columns.append(np.concatenate([g.ravel() for g in ts.gradient(n, f, 1.0).arrays]))
        return np.stack(columns)

    j0 = jacobian(net)
    assert np.linalg.norm(j0, 2) <= ref.jacobian <= np.linalg.norm(j0, 2) * (1 + 1e-3)
    np.testing.assert_allclose(ref.kernel.mid, j0 @ j0.T, atol=1e-12)
    assert ref.sigma_lower() <= np.linalg.svd(j0)[1][-1] * (1 + 1e-9)
    assert ref.sigma_lower() >= 0.999 * np.linalg.svd(j0)[1][-1] - 1e-5
    for _ in range(40):
        points = []
        for _ in range(2):
            step = [rng.standard_normal(a.shape) for a in net.parameters]
            length = rng.uniform(0, ref.radius) / math.sqrt(sum((s * s).sum() for s in step))
            moved = [a + length * s for a, s in zip(net.parameters, step, strict=True)]
            k = len(net.weights)
            biases = moved[k:] if bias else net.biases
            points.append(net.replaced(moved[:k], biases))
        ja, jb = map(jacobian, points)
        assert np.linalg.norm(ja, 2) <= ref.lipschitz
        assert np.linalg.norm(ja - jb, 2) <= ref.ell * tn.distance_up(*points)


def test_norm_of_small_nonnegative_matrices_is_an_upper_bound_and_tight():
    rng = np.random.default_rng(0)
    for _ in range(300):
        k = int(rng.integers(1, 5))
        m = rng.uniform(0, 1, (k, k)) * np.exp2(rng.integers(-20, 20, (k, 1))) * (rng.random((k, k)) < 0.7)
        bound = tb.nonnegative_norm([[interval(float(v)) for v in row] for row in m]).hi
        exact = np.linalg.norm(m, 2)
        assert exact * (1 - 1e-13) <= bound
        assert bound <= exact * 1.01 + 1e-150
    with pytest.raises(ArithmeticError):
        tb.nonnegative_norm([[interval(-1.0)]])


def test_centre_norms_are_upper_bounds_for_several_outputs():
    net = network((2, 5, 3), seed=1, bias=True)
    x, y = data(4, 2, 3)
    at = tn.forward(net, x, y)
    norms, _, _ = tb.centre_bounds(net, at)
    assert isinstance(norms, CentreNorms)
    u = net.kappa[1] * net.weights[1]
    assert norms.entry_max[0].hi >= np.linalg.norm(u, axis=0).max()
    rows = np.einsum("cj,ij->icj", u, at.slopes[0].mid)
    assert norms.row_max[0].hi >= max(np.linalg.norm(r, 2) for r in rows)
    assert norms.rows[0].hi >= np.linalg.norm(rows.reshape(12, -1), 2)
    assert norms.rows[1].hi >= 2.0


# --- error terms, each missed when it is deleted ----------------------------------------------------------------------


def single(values, weights, residual, slopes=None, kappa=(1.0, 1.0), inputs_rad=0.0, slopes_rad=0.0, residual_rad=0.0):
    """A one-hidden-layer network and a forward pass with planted balls: x, W_2, r, act'(Z), A_1."""
    x, hidden = values
    net = FloatNetwork((np.zeros((hidden.shape[1], x.shape[1])), weights), (None, None), kappa, (0.0, 0.0), "tanh")
    s = np.ones_like(hidden) * 0.5 if slopes is None else slopes
    at = tn.Forward(
        (Ball(x), Ball(hidden, np.asarray(inputs_rad))),
        (),
        (Ball(s, np.asarray(slopes_rad)),),
        Ball(residual, np.asarray(residual_rad)),
    )
    return net, at


def exact_gradient(net, x, hidden, slopes, residual):
    """J^T r in rationals for given members of the balls: lists of lists of Fraction."""
    f = np.vectorize(Fraction, otypes=[object])
    v = f(residual)
    top = Fraction(net.kappa[1]) * (v.T @ f(hidden))
    below = Fraction(net.kappa[1]) * (v @ f(net.weights[1])) * f(slopes)
    return [Fraction(net.kappa[0]) * (below.T @ f(x)), top]


def misses(found, exact):
    """Whether the exact gradient is further from the computed one than `apart`."""
    squares = sum(
        ((Fraction(float(g)) - e) ** 2 for part, ex in zip(found.weights, exact, strict=True)
         for g, e in zip(part.ravel(), np.ravel(ex), strict=True)),
        Fraction(0),
    )  # fmt: skip
    return squares > Fraction(found.apart) ** 2


def aligned(rng, shape):
    """Numbers just above 1 whose products need many more bits than 53."""
    return 1.0 + rng.integers(1, 2**26, shape) * 2.0**-51 + 2.0**-26


def gradient_case(kind, seed):
    rng = np.random.default_rng(seed)
    if kind in ("scaling_error", "gradient_rounding"):
        # One sample and no input below: two roundings in all, r a and then kappa (r a), and nothing to hide them.
        net, at = single(
            (np.zeros((1, 1)), aligned(rng, (1, 1))),
            np.zeros((1, 1)),
            aligned(rng, (1, 1)),
            kappa=(1.0, float(aligned(rng, ()))),
        )
        member = (at.residual.mid, at.inputs[1].mid, at.slopes[0].mid)
    elif kind == "backward_rounding":
        # Two outputs that cancel in v W_2: the rounding stays, the result does not.
        net, at = single(
            (np.ones((1, 1)), np.zeros((1, 4))),
            np.stack([aligned(rng, 4), -aligned(rng, 4)]),
            aligned(rng, (1, 2)),
            slopes=np.ones((1, 4)),
        )
        member = (at.residual.mid, at.inputs[1].mid, at.slopes[0].mid)
    else:
        n, m = 3, 5
        planted = {"slope_error": "slopes_rad", "input_error": "inputs_rad", "residual_error": "residual_rad"}[kind]
        net, at = single(
            (rng.standard_normal((n, 2)), rng.standard_normal((n, m))),
            rng.standard_normal((1, m)),
            rng.standard_normal((n, 1)),
            **{planted: 1e-3},
        )
        shift = {k: 1e-3 if k == kind else 0.0 for k in ("residual_error", "input_error", "slope_error")}
        member = (
            at.residual.mid + shift["residual_error"],
            at.inputs[1].mid + shift["input_error"] * np.sign(at.residual.mid),
            at.slopes[0].mid + shift["slope_error"] * np.sign(at.residual.mid),
        )
    exact = exact_gradient(net, at.inputs[0].mid, member[1], member[2], member[0])
    found = ts.gradient(net, at, lipschitz_of(net, at))
    return misses(found, exact)


def lipschitz_of(net, at):
    """An upper bound of ||J|| for the planted balls, generous."""
    x, hidden = at.inputs[0].mid, np.abs(at.inputs[1].mid) + at.inputs[1].rad
    slopes = np.abs(at.slopes[0].mid) + at.slopes[0].rad
    first = np.linalg.norm(x) * np.linalg.norm(net.weights[1]) * slopes.max() * abs(net.kappa[0] * net.kappa[1])
    return float(first + abs(net.kappa[1]) * np.linalg.norm(hidden))


GRADIENT_TERMS = (
    "residual_error",
    "slope_error",
    "input_error",
    "backward_rounding",
    "gradient_rounding",
    "scaling_error",
)


@pytest.mark.parametrize("term", GRADIENT_TERMS)
def test_gradient_error_covers_every_member_of_the_balls(term):
    assert not any(gradient_case(term, seed) for seed in range(400))


@pytest.mark.parametrize("part", [0.0, 0.1])
@pytest.mark.parametrize("term", GRADIENT_TERMS)
def test_deleting_a_gradient_error_term_is_caught(term, part, monkeypatch):
    honest = getattr(ts, term)
    monkeypatch.setattr(ts, term, lambda *a: part * honest(*a))
    assert any(gradient_case(term, seed) for seed in range(400))


def sliced_misses(seed, k):
    rng = np.random.default_rng(seed)
    a, w = aligned(rng, (2, k)), aligned(rng, (2, k)) * rng.choice([-1.0, 1.0], (2, k))
    if seed % 2:
        a, w = rng.standard_normal((2, k)), np.exp2(rng.integers(-30, 3, (2, k))) * rng.standard_normal((2, k))
    ball = tn.sliced_product(Ball(a), w)
    f = np.vectorize(Fraction, otypes=[object])
    exact = f(a) @ f(w).T
    return bool((np.abs(f(ball.mid) - exact) > Fraction(float(ball.rad))).any())


def test_sliced_product_holds_and_is_accurate():
    for k in (1, 2, 3, 17, 64, 65, 300):
        assert not any(sliced_misses(seed, k) for seed in range(40))
    rng = np.random.default_rng(0)
    a, w = rng.standard_normal((20, 2048)), rng.standard_normal((3, 2048))
    ball = tn.sliced_product(Ball(a), w)
    assert float(ball.rad) < 8 * 2.0**-53 * np.abs(ball.mid).max()


def test_sliced_product_carries_the_radius_of_its_left_factor():
    rng = np.random.default_rng(1)
    a, w = rng.standard_normal((3, 9)), rng.standard_normal((2, 9))
    ball = tn.sliced_product(Ball(a, np.asarray(1e-3)), w)
    moved = (a + 1e-3 * np.sign(w[0])) @ w.T
    assert (np.abs(moved - ball.mid) <= ball.rad * (1 + 1e-12)).all()
    huge = tn.sliced_product(Ball(a * 2.0**300), w)  # beyond the range of slicing: the plain product
    assert np.isfinite(huge.mid).all()


@pytest.mark.parametrize("part", [0.0, 0.1])
def test_deleting_slice_rounding_is_caught(part, monkeypatch):
    honest = tn.slice_rounding
    monkeypatch.setattr(tn, "slice_rounding", lambda *a: part * honest(*a))
    assert any(sliced_misses(seed, k) for seed in range(40) for k in (1, 3, 64))


def step_misses(weights, grad, eta, gamma, delta, apart=0.0):
    """Whether the exact step along exactly that gradient leaves the bound; one layer pair, arb at 400 bits."""
    ctx.prec = 400
    net = FloatNetwork((weights,), (None,), (1.0,), (0.0,), "tanh")
    step = ts.enclose_step(net, ts.Gradient((grad,), (None,), apart), eta, gamma, delta)
    g = matrix(grad)
    size = norm([g])
    ratio = arb(gamma) / size if size > 0 else arb(10)
    factor = ratio if ratio > arb(delta) else arb(delta)
    h = arb(eta) * (factor if factor < 1 else arb(1))
    exact = matrix(weights) - g * h
    return not norm([exact - matrix(step.network.weights[0])]) <= arb(step.rho)


def update_case(seed):
    rng = np.random.default_rng(seed)
    weights = np.ones((4, 4)) * np.exp2(rng.integers(-3, 4))
    grad = weights * (2.0**-54 + rng.integers(0, 2**10) * 2.0**-64)  # near half a unit, lost in every entry
    return step_misses(weights, grad, 1.0, 1e9, 0.5)


def test_steps_hold_in_all_branches():
    assert not any(update_case(seed) for seed in range(50))
    rng = np.random.default_rng(5)
    for _ in range(300):
        weights, grad = rng.standard_normal((3, 5)), rng.standard_normal((3, 5)) * np.exp2(rng.integers(-30, 30))
        gamma = float(np.exp2(rng.uniform(-12, 8)))
        assert not step_misses(weights, grad, float(rng.uniform(0.01, 2)), gamma, float(rng.uniform(0.01, 0.99)))
    assert not step_misses(np.ones((2, 2)), np.zeros((2, 2)), 0.5, 1.0, 0.1)


@pytest.mark.parametrize("part", [0.0, 0.1])
def test_deleting_update_rounding_is_caught(part, monkeypatch):
    honest = ts.update_rounding
    monkeypatch.setattr(ts, "update_rounding", lambda *a: part * honest(*a))
    assert any(update_case(seed) for seed in range(50))


@pytest.mark.parametrize("part", [0.0, 0.1])
def test_deleting_step_size_error_is_caught(part, monkeypatch):
    honest = ts.exact_step_size
    monkeypatch.setattr(
        ts, "exact_step_size", lambda *a: between(honest(*a).lo, honest(*a).hi * 1.01)
    )  # an honest enclosure whose middle is not the step
    rng = np.random.default_rng(2)
    weights, grad = rng.standard_normal((3, 5)), rng.standard_normal((3, 5))
    assert not step_misses(weights, grad, 0.5, 1.0, 0.1)
    term = ts.step_size_error
    monkeypatch.setattr(ts, "step_size_error", lambda *a: part * term(*a))
    assert step_misses(weights, grad, 0.5, 1.0, 0.1)


def test_step_is_a_contraction_of_gradient_errors():
    """||Phi(u) - Phi(v)|| <= eta ||u - v||, across branches: what lets rho ignore them."""
    rng = np.random.default_rng(8)
    eta, worst = 0.7, 0.0
    for _ in range(20000):
        gamma, delta = float(rng.uniform(0.2, 2)), float(rng.uniform(0.05, 0.95))
        u = rng.standard_normal(3) * rng.uniform(0.1, 10)
        v = u + rng.standard_normal(3) * 10.0 ** rng.uniform(-6, 1)

        def phi(g, gamma=gamma, delta=delta):
            return eta * min(1.0, max(delta, gamma / np.linalg.norm(g))) * g

        worst = max(worst, float(np.linalg.norm(phi(u) - phi(v)) / np.linalg.norm(u - v)))
    assert 0.99 * eta < worst <= eta * (1 + 1e-9)


def test_norms_enclose():
    rng = np.random.default_rng(0)
    for size in (1, 63, 64, 65, 4096, 5000):
        x = rng.standard_normal(size) * np.exp2(rng.integers(-5, 5, size))
        exact = sum((Fraction(float(v)) ** 2 for v in x), Fraction(0))
        found = tn.norm([x])
        assert Fraction(found.lo) ** 2 <= exact <= Fraction(found.hi) ** 2
        assert found.hi - found.lo <= 1e-13 * found.hi
    assert tn.norm([np.zeros(3)]).lo == 0.0


def test_nan_and_overflow_give_no_verdict():
    net = network()
    x, y = data(2, 3, 1)
    bad = net.replaced([net.weights[0] * np.nan, net.weights[1]], net.biases)
    with pytest.raises(ArithmeticError):
        tn.forward(bad, x, y)
    with pytest.raises(ArithmeticError):
        tn.forward(net.replaced([net.weights[0], net.weights[1] * 1e308], net.biases), x, y)
    at = tn.forward(net, x, y)
    with pytest.raises(ArithmeticError):
        ts.enclose_step(net, ts.gradient(net, at, math.inf), 0.1, 1.0, 0.1)


def test_forward_and_gradient_enclose_the_exact_ones_on_a_deep_network():
    net = network((2, 4, 3, 2), seed=4, bias=True)
    x, y = data(3, 2, 2)
    at = tn.forward(net, x, y)
    ref = tb.reference(net, at, 0.0)
    found = ts.gradient(net, at, ref.lipschitz, Fraction(1, 3))
    gw, gb = Exact.of(net, x, y, Fraction(1, 3)).gradient()
    apart = [g - matrix(f) for g, f in zip([*gw, *gb], [*found.weights, *found.biases], strict=True)]
    assert norm(apart) <= arb(found.apart)
    assert found.apart < 1e-12


# --- the curvature of one hidden layer --------------------------------------------------------------------------------


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
