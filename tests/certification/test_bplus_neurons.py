"""Part II of Theorem B+: duals, grid maxima, matrix lemmas and local suprema against direct computation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from pltheory.certification.bplus import Setup, prepare
from pltheory.certification.bplus.centre import centre
from pltheory.certification.bplus.consistency import Consistency
from pltheory.measure.linearization import linearize
from pltheory.problem.networks import fully_connected
from pltheory.problem.problem import Problem
from pltheory.theory import NotAvailableError

Array = np.ndarray


def small(
    n: int = 4, width: int = 40, d: int = 5, seed: int = 0, activation: str = "tanh", **options: object
) -> Problem:
    gen = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=gen, dtype=torch.float64)
    y = torch.randn(n, 1, generator=gen, dtype=torch.float64)
    return Problem(fully_connected([d, width, 1], activation=activation, seed=seed, **options), x, y)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "ball"])
def setup(request: pytest.FixtureRequest) -> Setup:
    return prepare(small(), rigorous=request.param, cells=40, phases=4)


@pytest.fixture(scope="module")
def run(setup: Setup) -> Consistency:
    step = setup.step(1e-3)
    assert step is not None
    return Consistency(setup.centre, setup.duals, setup.linear, setup.grid, step)


class Direct:
    """Definitions of part II, written out."""

    def __init__(self, setup: Setup) -> None:
        c = setup.centre
        self.kappa, self.a = c.kappa, c.a[:, 0]
        self.s, self.d, self.d2, self.g = c.s.mid, c.d.mid, c.d2.mid, c.gram.mid
        s_part = self.kappa**2 * self.s.T @ self.s
        self.k0 = s_part + self.kappa**2 * ((self.d * c.a).T @ (self.d * c.a)) * self.g
        lam, u = np.linalg.eigh(self.k0)
        self.root = (u / np.sqrt(lam)) @ u.T
        self.half = (u * np.sqrt(lam)) @ u.T

    def first_order(self, v: Array) -> tuple[Array, Array, Array, Array]:
        """dz1, da1, and both blocks of D1[v] as coefficients, (m, n)."""
        dz = -self.kappa * self.a[:, None] * ((self.d * v) @ self.g)
        da = -self.kappa * self.s @ v
        return dz, da, self.kappa * self.d * dz, self.kappa * (self.a[:, None] * self.d2 * dz + self.d * da[:, None])

    def norm(self, a: Array, w: Array) -> float:
        return math.sqrt(np.linalg.norm(self.root @ (a.T @ a + (w.T @ w) * self.g) @ self.root, 2))

    def against_centre(self, a: Array, w: Array) -> float:
        inner = a.T @ (self.kappa * self.s) + (w.T @ (self.kappa * self.a[:, None] * self.d)) * self.g
        return float(np.linalg.norm(self.root @ inner @ self.root, 2))


@pytest.mark.parametrize(
    "options", [{}, {"bias": True}, {"parametrization": "standard"}, {"output_init": "rademacher"}]
)
def test_kernel_and_residual_are_those_of_the_network(options: dict[str, object]) -> None:
    problem = small(**options)
    lin = linearize(problem.network, problem.x)
    expected = np.linalg.eigvalsh(lin.kernel.numpy())
    for rigorous in (False, True):
        at = centre(problem, rigorous=rigorous)
        np.testing.assert_allclose(at.lam, expected, rtol=1e-10)
        assert at.residual == pytest.approx(float(problem.residual().detach().norm()), rel=1e-6)
        assert at.e0 < 1e-9


def test_first_order_change_is_the_derivative_of_the_jacobian(setup: Setup) -> None:
    """D1[v] against differences of J along the direction w_0 - eps J_0^T v."""
    problem = small()
    direct, v = Direct(setup), np.array([0.3, -0.2, 0.5, 0.1])
    w, a = (p.detach().numpy() for p in problem.network.parameters())
    xh = problem.network.kappas[0] * problem.x.numpy()
    step = 1e-5

    def blocks(sign: float) -> tuple[Array, Array]:
        e = sign * step
        da, dw = -direct.kappa * direct.s @ v, -direct.kappa * direct.a[:, None] * ((direct.d * v) @ xh)
        t = np.tanh((w + e * dw) @ xh.T)
        return direct.kappa * t, direct.kappa * (a.ravel() + e * da)[:, None] * (1 - t * t)

    up, down = blocks(1), blocks(-1)
    _, _, *first = direct.first_order(v)
    for x, y, z in zip(up, down, first, strict=True):
        np.testing.assert_allclose((x - y) / (2 * step), z, atol=1e-8)


def test_duals_bound_every_direction_and_are_attained(setup: Setup) -> None:
    direct, duals = Direct(setup), setup.duals
    rng = np.random.default_rng(0)
    best = np.zeros(2)
    for _ in range(200):
        x = rng.standard_normal(4)
        x = direct.root @ (x / np.linalg.norm(x))  # |x|_K = 1
        dz, da, first, second = direct.first_order(x)
        assert (np.abs(dz) <= duals.z).all()
        assert (np.abs(da) <= duals.p).all()
        found = direct.against_centre(first, second), direct.norm(first, second)
        assert found[0] <= duals.ce
        assert found[1] <= duals.de
        best = np.maximum(best, found)
    assert (best > 0.5 * np.array([duals.ce, duals.de])).all()
    # attained: |dz1_ij R| is the norm of a vector, reached along it
    j, i = 7, 2
    row = -direct.kappa * direct.a[j] * direct.g[i] * direct.d[j]
    x = direct.root @ (direct.root @ row / np.linalg.norm(direct.root @ row))
    assert abs(direct.first_order(x)[0][j, i]) > 0.999 * duals.z[j, i]
    exact = np.array(
        [math.sqrt(np.linalg.norm(direct.root @ (np.outer(d, d) * direct.g) @ direct.root, 2)) for d in direct.d]
    )
    assert (exact <= duals.n).all()
    assert (exact > 0.9 * duals.n).all()


def test_grid_maxima_are_those_of_the_grid(setup: Setup) -> None:
    direct, lin, grid = Direct(setup), setup.linear, setup.grid
    lam, u = np.linalg.eigh(direct.k0)
    r0 = (setup.centre.vectors.mid @ setup.centre.c.mid)[:, 0]
    c = u.T @ r0
    times = np.append(grid.times, math.inf)
    v = ((1 - np.exp(-lam[None, :] * times[:, None])) / lam * c) @ u.T
    z, p, o, c1, d1 = np.zeros_like(lin.z[0]), np.zeros(40), np.zeros(40), 0.0, 0.0
    for k, x in enumerate(v):
        dz, da, first, second = direct.first_order(x)
        y = direct.d * x
        z, p = np.maximum(z, np.abs(dz)), np.maximum(p, np.abs(da))
        o = np.maximum(o, direct.kappa * np.abs(direct.a) * np.sqrt(np.einsum("ji,jk,ik->j", y, y, direct.g)))
        c1, d1 = max(c1, direct.against_centre(first, second)), max(d1, direct.norm(first, second))
        for g in np.flatnonzero(grid.ends == k):
            if g < grid.phases - 1:
                for found, bound in ((z, lin.z[g]), (p, lin.p[g]), (o, lin.o[g]), (c1, lin.c1[g]), (d1, lin.d1[g])):
                    np.testing.assert_allclose(found, bound, rtol=1e-6)
    for found, bound in ((z, lin.z[-1]), (p, lin.p[-1]), (o, lin.o[-1]), (c1, lin.c1[-1]), (d1, lin.d1[-1])):
        np.testing.assert_allclose(found, bound, rtol=1e-6)
    steps = direct.d[None] * np.diff(v[:-1], axis=0)[:, None, :]
    lengths = np.sqrt(np.einsum("cji,cjk,ik->cj", steps, steps, direct.g))
    np.testing.assert_allclose(lengths.sum(axis=0), lin.lj.sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_lemma_l5_on_random_and_aligned_changes(run: Consistency, setup: Setup, seed: int) -> None:
    direct, rng = Direct(setup), np.random.default_rng(seed)
    problem = small()
    xh = problem.network.kappas[0] * problem.x.numpy()
    e = rng.uniform(0, 1, 40)
    directions = rng.standard_normal((40, xh.shape[1]))
    if seed == 0:  # every neuron along the direction in which the data are largest
        directions = np.broadcast_to(np.linalg.svd(xh)[2][0], directions.shape)
    y = e[:, None] * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    moved = y @ xh.T  # (m, n)

    def bound(x: Array, gram: int) -> float:
        return run._quadratic((x * (e * e)[:, None]).T @ x, float(e @ e), float(np.abs(x).max()), 0.0, gram)

    def norm(coefficients: Array, inputs: bool) -> float:
        inner = coefficients.T @ coefficients
        return math.sqrt(np.linalg.norm(direct.root @ (inner * direct.g if inputs else inner) @ direct.root, 2))

    assert norm(direct.d * moved, False) <= bound(direct.d, 1) * (1 + 1e-12)
    assert norm(direct.d2 * moved, True) <= bound(direct.d2, 2) * (1 + 1e-12)
    signs = rng.choice([-1, 1], 40)[:, None]
    scalar = norm(direct.d * e[:, None] * signs, True)
    assert 0.999 * bound(direct.d, 1) < scalar <= bound(direct.d, 1) * (1 + 1e-12)  # attained


@pytest.mark.slow
@pytest.mark.parametrize("inputs", [False, True])
def test_lemma_l6_on_random_and_optimised_signs(run: Consistency, setup: Setup, inputs: bool) -> None:
    direct, rng = Direct(setup), np.random.default_rng(3)
    most = rng.uniform(0, 1, (40, 4))
    bound = run._unsigned(most.T @ most, inputs)

    def norm(u: Array) -> float:
        inner = u.T @ u
        return math.sqrt(np.linalg.norm(direct.root @ (inner * direct.g if inputs else inner) @ direct.root, 2))

    best = 0.0
    for _ in range(20):
        u = most * rng.choice([-1.0, 1.0], most.shape)
        for _ in range(5):  # coordinate ascent over signs of whole columns and single entries
            for i in range(4):
                flipped = u.copy()
                flipped[:, i] *= -1
                u = flipped if norm(flipped) > norm(u) else u
            for j in range(0, 40, 3):
                for i in range(4):
                    flipped = u.copy()
                    flipped[j, i] *= -1
                    u = flipped if norm(flipped) > norm(u) else u
        best = max(best, norm(u))
    assert best <= bound
    assert best > 0.6 * bound


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "erf", "gelu", "silu", "mish", "sin"])
@pytest.mark.parametrize("rigorous", [False, True])
def test_local_suprema_cover_dense_samples(name: str, rigorous: bool) -> None:
    from pltheory.nets.activations import activation
    from pltheory.rigor.midrad import Ball

    at = centre(small(n=6, width=300, activation=name), rigorous=rigorous)
    rng = np.random.default_rng(1)
    zeta = 10 ** rng.uniform(-4, 0.7, at.s.shape)
    zeta[0] = 0.0
    problem = small(n=6, width=300, activation=name)
    z = (problem.network.kappas[0] * problem.x @ next(problem.network.parameters()).detach().T).numpy().T
    bounds = at.local_suprema(slice(0, 300), zeta)

    def derivative(x: Array, order: int) -> Array:
        return activation(name).enclose(Ball(np.ascontiguousarray(x)), order).mid

    best = [np.zeros_like(z) for _ in range(3)]
    for fraction in np.linspace(-1, 1, 161):
        x = z + fraction * zeta
        third = (derivative(x + 1e-4, 2) - derivative(x - 1e-4, 2)) / 2e-4
        values = (derivative(x, 1) - derivative(z, 1), derivative(x, 2), third)
        best = [np.maximum(b, np.abs(v)) for b, v in zip(best, values, strict=True)]
    for k, (found, bound) in enumerate(zip(best, bounds, strict=True)):
        assert (found <= bound + (1e-6 if k == 2 else 1e-9)).all()
        if name == "tanh" and k < 2:
            near = zeta < 0.5
            assert (found >= 0.99 * bound - 1e-4)[near].all()  # and not loose


def test_networks_outside_the_theorem_are_refused() -> None:
    x, y = torch.randn(3, 4, dtype=torch.float64), torch.randn(3, 1, dtype=torch.float64)
    for net in (fully_connected([4, 8, 8, 1]), fully_connected([4, 8, 1], activation="relu")):
        with pytest.raises(NotAvailableError, match="Theorem B"):
            centre(Problem(net, x, y), rigorous=False)
    with pytest.raises(NotAvailableError, match="one output"):
        centre(Problem(fully_connected([4, 8, 2]), x, y.expand(3, 2).contiguous()), rigorous=False)
