"""Each lemma of the verified trajectory: attacked inside its hypotheses, and each error term missed when deleted."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from flint import arb, ctx

from pltheory.certification import trajectory_bounds as tb
from pltheory.certification import trajectory_step as ts
from pltheory.problem.networks import fully_connected
from pltheory.rigor.midrad import Ball
from pltheory.rigor.scalar import between, interval
from pltheory.theory.perturbation import CentreNorms
from tests.oracles.exact_trajectory import Exact, matrix, norm


def network(widths=(3, 8, 1), seed=0, activation="tanh", bias=False):
    net = fully_connected(list(widths), seed=seed, activation=activation, bias=bias).class_n()
    layers = net.layers
    return ts.FloatNetwork(
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


def gradient_norm_at(net, x, y):
    at = ts.forward(net, x, y)
    return ts.norm(ts.gradient(net, at, 100.0).arrays).hi


@pytest.mark.parametrize("branch", BRANCH_SETTINGS)
@pytest.mark.parametrize("radius", [1e-3, 0.05, 0.3])
@pytest.mark.parametrize(("widths", "big"), [((3, 8, 1), 0.05), ((2, 3, 3, 2), 1.0), ((4, 16, 1), 10.0)])
@pytest.mark.parametrize("steps_of_beta", [1.0, 1.9, 3.0])
def test_no_pair_of_points_in_the_ball_is_driven_apart_faster_than_the_factor(
    branch, radius, widths, big, steps_of_beta
):
    net = network(widths, seed=3)
    x, y = data(4, widths[0], widths[-1], seed=5)
    y = big * y  # residuals from small, where nothing expands, to large
    at = ts.forward(net, x, y)
    ref = tb.reference(net, at, radius)
    size = gradient_norm_at(net, x, y)
    part, delta = BRANCH_SETTINGS[branch]
    gamma = part * size
    eta = steps_of_beta / (ref.jacobian**2 + at.residual_norm.hi * ref.ell)
    grown = tb.growth(at.residual_norm.hi, radius, ref, between(size, size), eta, gamma, delta, interval(1))
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
    bound = tb.constant_factor(interval(h), interval(b), interval(c)).hi
    assert bound == pytest.approx(1 + h * c, abs=1e-14)
    assert bound >= 1 + Fraction(h) * Fraction(c)
    late = tb.constant_factor(interval(2.0), interval(b), interval(c)).hi
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
        bound = tb.band_factor(interval(s), interval(b), interval(c)).hi
        ratio = np.linalg.norm(m, 2) / bound
        assert ratio <= 1 + 1e-12
        closest = max(closest, ratio)
    assert closest > 0.95


def test_branches_are_decided_only_over_the_whole_ball():
    assert tb.branches(between(0.0, 0.9), 1.0, 0.1) == {"full"}
    assert tb.branches(between(1.1, 9.0), 1.0, 0.1) == {"band"}
    assert tb.branches(between(11.0, 12.0), 1.0, 0.1) == {"floor"}
    assert tb.branches(between(0.9, 1.1), 1.0, 0.1) == {"full", "band"}
    assert tb.branches(between(9.0, 11.0), 1.0, 0.1) == {"band", "floor"}
    assert tb.branches(between(0.5, 11.0), 1.0, 0.1) == {"full", "band", "floor"}
    # At the switch itself both sides count: the ball may hold points of either.
    assert "full" in tb.branches(between(1.0, 1.0), 1.0, 0.5)
    assert tb.branches(between(0.0, 1e9), math.inf, 0.1) == {"full"}


def test_gradient_change_over_the_ball_decides_the_branch():
    """A gradient of norm just below gamma at the centre is undecided once the ball has a size."""
    net = network()
    x, y = data(4, 3, 1)
    at = ts.forward(net, x, y)
    ref = tb.reference(net, at, 0.1)
    args = (0.1, 1.0, 0.1, interval(1))
    grad = between(1 - 1e-6, 1 - 1e-6)
    assert tb.growth(at.residual_norm.hi, 0.0, ref, grad, *args).branches == {"full"}
    assert tb.growth(at.residual_norm.hi, 1e-3, ref, grad, *args).branches == {"full", "band"}


# --- reference bounds -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("widths", "bias"), [((3, 8, 1), False), ((2, 4, 3, 2), True), ((2, 5, 3), True)])
def test_reference_bounds_hold_where_they_claim_to(widths, bias):
    net = network(widths, seed=2, bias=bias)
    x, y = data(4, widths[0], widths[-1])
    at = ts.forward(net, x, y)
    ref = tb.reference(net, at, 0.2)
    rng = np.random.default_rng(3)

    def jacobian(n):
        columns = []
        for k in range(n.weights[0].shape[1] * 0 + y.size):
            e = np.zeros(y.size)
            e[k] = 1.0
            f = ts.forward(n, x, y)
            f = ts.Forward(f.inputs, f.slopes, Ball(e.reshape(y.shape)))
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
            step = [rng.standard_normal(a.shape) for a in net.arrays]
            length = rng.uniform(0, ref.radius) / math.sqrt(sum((s * s).sum() for s in step))
            moved = [a + length * s for a, s in zip(net.arrays, step, strict=True)]
            k = len(net.weights)
            biases = moved[k:] if bias else net.biases
            points.append(net.replaced(moved[:k], biases))
        ja, jb = map(jacobian, points)
        assert np.linalg.norm(ja, 2) <= ref.lipschitz
        assert np.linalg.norm(ja - jb, 2) <= ref.ell * ts.distance_up(*points)


def test_norm_of_small_nonnegative_matrices_is_an_upper_bound_and_tight():
    rng = np.random.default_rng(0)
    for _ in range(300):
        k = int(rng.integers(1, 5))
        m = rng.uniform(0, 1, (k, k)) * np.exp2(rng.integers(-20, 20, (k, 1))) * (rng.random((k, k)) < 0.7)
        bound = tb.nonnegative_norm([[interval(float(v)) for v in row] for row in m]).hi
        exact = np.linalg.norm(m, 2)
        assert exact * (1 - 1e-13) <= bound
        assert bound <= exact * 1.01 + 1e-300
    with pytest.raises(ArithmeticError):
        tb.nonnegative_norm([[interval(-1.0)]])


def test_centre_norms_are_upper_bounds_for_several_outputs():
    net = network((2, 5, 3), seed=1, bias=True)
    x, y = data(4, 2, 3)
    at = ts.forward(net, x, y)
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
    net = ts.FloatNetwork(
        (np.zeros((hidden.shape[1], x.shape[1])), weights), (None, None), kappa, (0.0, 0.0), "tanh"
    )
    s = np.ones_like(hidden) * 0.5 if slopes is None else slopes
    at = ts.Forward(
        (Ball(x), Ball(hidden, np.asarray(inputs_rad))),
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
        net, at = single(
            (aligned(rng, (1, 1)), np.zeros((1, 1))), np.ones((1, 1)), aligned(rng, (1, 1)),
            slopes=np.ones((1, 1)), kappa=(float(aligned(rng, ())), 1.0),
        )  # fmt: skip
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
    ball = ts.sliced_product(Ball(a), w)
    f = np.vectorize(Fraction, otypes=[object])
    exact = f(a) @ f(w).T
    return bool((np.abs(f(ball.mid) - exact) > Fraction(float(ball.rad))).any())


def test_sliced_product_holds_and_is_accurate():
    for k in (1, 2, 3, 17, 64, 65, 300):
        assert not any(sliced_misses(seed, k) for seed in range(40))
    rng = np.random.default_rng(0)
    a, w = rng.standard_normal((20, 2048)), rng.standard_normal((3, 2048))
    ball = ts.sliced_product(Ball(a), w)
    assert float(ball.rad) < 8 * 2.0**-53 * np.abs(ball.mid).max()


def test_sliced_product_carries_the_radius_of_its_left_factor():
    rng = np.random.default_rng(1)
    a, w = rng.standard_normal((3, 9)), rng.standard_normal((2, 9))
    ball = ts.sliced_product(Ball(a, np.asarray(1e-3)), w)
    moved = (a + 1e-3 * np.sign(w[0])) @ w.T
    assert (np.abs(moved - ball.mid) <= ball.rad * (1 + 1e-12)).all()
    huge = ts.sliced_product(Ball(a * 2.0**300), w)  # beyond the range of slicing: the plain product
    assert np.isfinite(huge.mid).all()


@pytest.mark.parametrize("part", [0.0, 0.1])
def test_deleting_slice_rounding_is_caught(part, monkeypatch):
    honest = ts.slice_rounding
    monkeypatch.setattr(ts, "slice_rounding", lambda *a: part * honest(*a))
    assert any(sliced_misses(seed, k) for seed in range(40) for k in (1, 3, 64))


def step_misses(weights, grad, eta, gamma, delta, apart=0.0):
    """Whether the exact step along exactly that gradient leaves the bound; one layer pair, arb at 400 bits."""
    ctx.prec = 400
    net = ts.FloatNetwork((weights,), (None,), (1.0,), (0.0,), "tanh")
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
        found = ts.norm([x])
        assert Fraction(found.lo) ** 2 <= exact <= Fraction(found.hi) ** 2
        assert found.hi - found.lo <= 1e-13 * found.hi
    assert ts.norm([np.zeros(3)]).lo == 0.0


def test_nan_and_overflow_give_no_verdict():
    net = network()
    x, y = data(2, 3, 1)
    bad = net.replaced([net.weights[0] * np.nan, net.weights[1]], net.biases)
    with pytest.raises(ArithmeticError):
        ts.forward(bad, x, y)
    with pytest.raises(ArithmeticError):
        ts.forward(net.replaced([net.weights[0], net.weights[1] * 1e308], net.biases), x, y)
    at = ts.forward(net, x, y)
    with pytest.raises(ArithmeticError):
        ts.enclose_step(net, ts.gradient(net, at, math.inf), 0.1, 1.0, 0.1)


def test_forward_and_gradient_enclose_the_exact_ones_on_a_deep_network():
    net = network((2, 4, 3, 2), seed=4, bias=True)
    x, y = data(3, 2, 2)
    at = ts.forward(net, x, y)
    ref = tb.reference(net, at, 0.0)
    found = ts.gradient(net, at, ref.lipschitz, Fraction(1, 3))
    gw, gb = Exact.of(net, x, y, Fraction(1, 3)).gradient()
    apart = [g - matrix(f) for g, f in zip([*gw, *gb], [*found.weights, *found.biases], strict=True)]
    assert norm(apart) <= arb(found.apart)
    assert found.apart < 1e-12
