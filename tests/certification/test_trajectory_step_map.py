"""The step of the verified trajectory is Lipschitz by the factor that is claimed, and a reference's bounds hold."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from pltheory.certification.trajectory import bounds as tb
from pltheory.certification.trajectory import curvature as tc
from pltheory.certification.trajectory import growth as tg
from pltheory.certification.trajectory import network as tn
from pltheory.certification.trajectory import step as ts
from pltheory.rigor.midrad import Ball
from pltheory.rigor.scalar import between, interval
from pltheory.theory.perturbation import CentreNorms
from tests.certification.trajectory_networks import data, flat, network, unit


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


@pytest.mark.slow
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


@pytest.mark.slow
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
