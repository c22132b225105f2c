"""The recheck of Theorem D in its parts: gradients, steps, curvature and growth against automatic differentiation."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from flint import arb, ctx

from pltheory.rechecker import followed, trajectory
from pltheory.rechecker import iterate as iterate
from pltheory.rechecker.fields import Stop
from pltheory.rechecker.file import ACTIVATIONS, Stored

Shape = tuple[int, ...]
TORCH: dict[str, Any] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": torch.nn.functional.softplus,
    "erf": torch.erf,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
    "mish": torch.nn.functional.mish,
    "sin": torch.sin,
}


@pytest.fixture(autouse=True)
def precision() -> Any:
    with ctx.workprec(128):
        yield


def stored(widths: Shape, n: int, *, seed: int = 0, bias: bool = False, name: str = "tanh", **more: Any) -> Stored:
    rng = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    kappas = [1 / math.sqrt(k) for k, _ in pairs]
    return Stored(
        theorem="D",
        loss=more.get("loss", "sum"),
        optimizer="delta-gclip",
        eta=more.get("eta", 0.1),
        gamma=more.get("gamma", 1.0),
        delta=more.get("delta", 0.1),
        activation=name,
        kappas=kappas,
        taus=[0.7 if bias else 0.0] * len(pairs),
        weights=[rng.standard_normal((m, k)) for k, m in pairs],
        biases=[rng.standard_normal(m) if bias else None for _, m in pairs],
        x=rng.standard_normal((n, widths[0])),
        y=more.get("pull", 1.0) * rng.standard_normal((n, widths[-1])),
        more={},
    )


class Oracle:
    """The same network in torch, its parameters one vector."""

    def __init__(self, c: Stored) -> None:
        self.c = c
        self.parts = [*c.weights, *(b for b in c.biases if b is not None)]
        self.at = torch.from_numpy(np.concatenate([p.ravel() for p in self.parts]))
        self.x, self.y = torch.from_numpy(c.x), torch.from_numpy(c.y)
        self.scale = 1 / len(c.x) if c.loss == "mean" else 1.0

    def outputs(self, v: torch.Tensor) -> torch.Tensor:
        c, layers = self.c, len(self.c.weights)
        parts = [p.reshape(q.shape) for p, q in zip(v.split([q.size for q in self.parts]), self.parts, strict=True)]
        a = self.x
        for l in range(layers):
            z = c.kappas[l] * a @ parts[l].T
            if c.biases[l] is not None:
                z = z + c.taus[l] * parts[layers + l]
            a = TORCH[c.activation](z)
        return z

    def loss(self, v: torch.Tensor) -> torch.Tensor:
        return 0.5 * self.scale * (self.outputs(v) - self.y).square().sum()

    def step(self, v: torch.Tensor) -> torch.Tensor:
        g = torch.func.grad(self.loss)(v)
        c = self.c
        return v - c.eta * torch.clamp(c.gamma / g.norm(), c.delta, 1.0) * g

    def residual_term(self, v: torch.Tensor) -> torch.Tensor:
        """||sum_i r_i Hess f_i||."""
        r = self.outputs(v) - self.y
        term = torch.func.jacrev(torch.func.grad(lambda p: (r * self.outputs(p)).sum()))(v)
        return torch.linalg.matrix_norm(term, 2)

    def jacobian(self, v: torch.Tensor) -> torch.Tensor:
        return torch.func.jacrev(self.outputs)(v).reshape(-1, v.numel())

    def in_ball(self, radius: float, count: int, seed: int = 0) -> list[torch.Tensor]:
        gen = torch.Generator().manual_seed(seed)
        steps = [torch.randn(self.at.shape, generator=gen, dtype=torch.float64) for _ in range(count)]
        return [self.at, *(self.at + radius * s / s.norm() for s in steps)]


def weights_of(c: Stored) -> iterate.Weights:
    return iterate.stored_weights(c.weights, c.biases)


def flat(w: iterate.Weights) -> np.ndarray:
    return np.array([float(v) for part in w.parts for v in part.entries()])


NETWORKS: list[tuple[Shape, bool, str, str]] = [
    *(((3, 6, 2), True, name, "mean") for name in ACTIVATIONS),
    ((3, 5, 1), False, "tanh", "sum"),
    ((2, 4, 3, 2), True, "tanh", "sum"),
    ((2, 4, 3, 1), False, "sigmoid", "mean"),
]


@pytest.mark.parametrize(("widths", "bias", "name", "loss"), NETWORKS)
def test_gradients_and_steps(widths: Shape, bias: bool, name: str, loss: str) -> None:
    for gamma, delta in ((1e-3, 0.5), (0.3, 0.01), (1e6, 0.1)):
        c = stored(widths, 4, bias=bias, name=name, loss=loss, gamma=gamma, delta=delta, pull=2.0)
        oracle, at = Oracle(c), weights_of(c)
        seen = iterate.forward(c, at)
        along = iterate.gradient(c, at, seen)
        exact = torch.func.grad(oracle.loss)(oracle.at).numpy()
        assert np.abs(flat(along) - exact).max() < 1e-13 * np.abs(exact).max() * 10
        after, rounding = iterate.step(c, at, along, iterate.norm(along.parts))
        assert np.abs(flat(after) - oracle.step(oracle.at).numpy()).max() < 1e-14
        assert float(rounding) < 1e-33
        # At a precision of its own it is the same step to within the two bounds.
        with ctx.workprec(256):
            finer = iterate.gradient(c, at, iterate.forward(c, at))
            again, less = iterate.step(c, at, finer, iterate.norm(finer.parts))
            assert iterate.distance(after, again) <= rounding + less


def test_step_sizes() -> None:
    c = stored((2, 2, 1), 2, eta=0.5, gamma=2.0, delta=0.25)
    for size, h in ((0.0, 0.5), (2.0, 0.5), (4.0, 0.25), (8.0, 0.125), (100.0, 0.125)):
        assert iterate.step_size(c, arb(size)).contains(arb(h))
    across = iterate.step_size(c, arb(3, 1.5))
    assert across.contains(arb(0.5))
    assert across.contains(arb(0.5) * 2 / 4.5)
    with pytest.raises(Stop, match="gradient"):
        iterate.step_size(c, arb(0, 3))
    unclipped = stored((2, 2, 1), 2, eta=0.5, gamma=math.inf, delta=1.0)
    assert iterate.step_size(unclipped, arb(0, 3)) == arb(0.5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_second_derivatives(name: str) -> None:
    with ctx.workprec(300):
        h = arb(2) ** -90
        slope = iterate.ACTIVATIONS[name][0]
        for i in range(-60, 61):
            z = arb(i) / 8
            difference = (slope(z + h)[1] - slope(z - h)[1]) / (2 * h)
            assert abs(iterate.CURVATURES[name][0](z) - difference) < 1e-45


CURVED: list[tuple[Shape, bool]] = [((3, 5, 1), False), ((2, 4, 2), True), ((5, 3, 1), False)]


def curvature(c: Stored, reach: float, lipschitz: float) -> float:
    at = weights_of(c)
    bound = iterate.hidden_layer_curvature(c, at, iterate.forward(c, at), arb(reach), arb(lipschitz))
    assert bound == bound.upper()
    return float(bound)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("widths", "bias"), CURVED)
@pytest.mark.parametrize("reach", [0.0, 1e-3, 0.1])
def test_curvature_bounds_the_residual_term_over_the_ball(widths: Shape, bias: bool, name: str, reach: float) -> None:
    for seed, pull in ((0, 0.1), (1, 10.0)):
        c = stored(widths, 4, seed=seed, bias=bias, name=name, pull=pull)
        oracle = Oracle(c)
        points = oracle.in_ball(reach, 4 if reach else 0)
        steepest = max(float(torch.linalg.matrix_norm(oracle.jacobian(v), 2)) for v in points)
        bound = curvature(c, reach, 1.2 * steepest)  # with ||J|| to spare: the sample is no bound
        assert max(float(oracle.residual_term(v)) for v in points) <= bound * (1 + 1e-9)
        if not reach:  # Frobenius for spectral norms, and nothing else, is lost
            assert bound <= 3 * float(oracle.residual_term(oracle.at))


@pytest.mark.parametrize("seed", range(4))
def test_curvature_survives_ascent(seed: int) -> None:
    reach = 0.2
    c = stored((2, 3, 1), 4, seed=seed)
    oracle = Oracle(c)
    v = oracle.at
    first = best = float(oracle.residual_term(v))
    steepest = 0.0
    for _ in range(40):
        g = torch.func.grad(oracle.residual_term)(v)
        away = v + 0.04 * g / g.norm() - oracle.at
        v = oracle.at + away * min(1.0, reach / float(away.norm()))
        best = max(best, float(oracle.residual_term(v)))
        steepest = max(steepest, float(torch.linalg.matrix_norm(oracle.jacobian(v), 2)))
    assert first * 1.02 < best <= curvature(c, reach, 1.2 * steepest)


@pytest.mark.parametrize("part", ["hidden", "residual", "outputs"])
def test_a_change_over_the_ball_forgotten_is_noticed(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One unit, where nothing else is lost: with one of the three widenings left out some point is above the bound.

    A large residual makes the changes of z and of W_2 the ones that matter; where the residual vanishes, its own.
    """
    reach, order = 0.3, ("hidden", "residual", "outputs")
    above = {False: 0, True: 0}
    for seed in range(5):
        c = stored((2, 1, 1), 1, seed=seed, pull=500.0)
        oracle = Oracle(c)
        if part == "residual":
            c.y[:] = oracle.outputs(oracle.at).numpy()
            oracle = Oracle(c)
        directions = oracle.in_ball(reach, 60)[1:]
        if part != "residual":  # only the layer in question moves
            keep = torch.tensor([part == "hidden"] * 2 + [part == "outputs"])
            moves = [torch.where(keep, v - oracle.at, 0.0) for v in directions]
            directions = [oracle.at + reach * m / m.norm() for m in moves]
        steepest = max(float(oracle.jacobian(v).norm()) for v in directions)
        unneeded = {"hidden"} if part == "outputs" else set()  # W_1 stands still then
        for broken in (False, True):
            skipped, calls = unneeded | ({part} if broken else set()), iter(order)

            def widened(m: Any, radii: Any, skipped: set[str] = skipped, calls: Any = calls) -> Any:
                return m if next(calls) in skipped else WIDENED(m, radii)

            monkeypatch.setattr(iterate, "_widened", widened)
            bound = curvature(c, reach, 1.05 * steepest)
            above[broken] += any(float(oracle.residual_term(v)) > bound * (1 + 1e-9) for v in directions)
    assert above[False] == 0
    assert above[True] > 0


WIDENED = iterate._widened


@pytest.mark.parametrize(("widths", "bias", "name", "loss"), NETWORKS)
def test_bounds_about_a_reference_hold_on_the_ball(widths: Shape, bias: bool, name: str, loss: str) -> None:
    c = stored(widths, 3, bias=bias, name=name, loss=loss)
    oracle = Oracle(c)
    reference = followed.LayerReference(c, weights_of(c))
    for reach in (1e-6, 0.1):
        lipschitz, ell = (float(b) for b in reference.over(weights_of(c), arb(reach)))
        points = oracle.in_ball(reach, 6)
        jacobians = [oracle.jacobian(v) for v in points]
        assert max(float(torch.linalg.matrix_norm(j, 2)) for j in jacobians) <= lipschitz * (1 + 1e-12)
        for v, j in zip(points[1:], jacobians[1:], strict=True):
            apart = float((v - points[0]).norm())
            assert float(torch.linalg.matrix_norm(j - jacobians[0], 2)) <= ell * apart * (1 + 1e-6)


@pytest.mark.parametrize(("gamma", "delta", "wanted"), [(50.0, 0.1, "full"), (0.7, 0.01, "band"), (0.05, 0.5, "floor")])
@pytest.mark.parametrize("radius", [1e-3, 0.2])
@pytest.mark.parametrize("pull", [0.05, 5.0])
def test_no_pair_of_points_is_driven_apart_faster(
    gamma: float, delta: float, wanted: str, radius: float, pull: float
) -> None:
    for widths in ((3, 6, 1), (2, 3, 3, 2)):
        c = stored(widths, 4, seed=3, pull=pull)
        at = weights_of(c)
        seen = iterate.forward(c, at)
        size = float(iterate.norm(iterate.gradient(c, at, seen).parts))
        lipschitz, ell = followed.LayerReference(c, at).over(at, arb(radius))
        bend = (iterate.norm([seen.residual]) + lipschitz * radius) * ell
        beta = lipschitz**2 + bend
        c = stored(widths, 4, seed=3, pull=pull, eta=1 / float(beta), gamma=gamma * size, delta=delta)
        oracle = Oracle(c)
        low, high = size - float(beta) * radius, size + float(beta) * radius
        names = trajectory.Replay._allowed(_Settings(c), arb(low), arb(high))  # type: ignore[arg-type]
        assert wanted in names
        factor = float(iterate.growth(c, beta, bend, arb(low), names).upper())
        for v in oracle.in_ball(0.7 * radius, 5):
            stretched = torch.linalg.svd(torch.func.jacrev(oracle.step)(v))[2][0]
            for length in (0.3 * radius, 1e-3 * radius):
                a, b = v - 0.5 * length * stretched, v + 0.5 * length * stretched
                assert float((oracle.step(b) - oracle.step(a)).norm()) <= factor * float((b - a).norm()) * (1 + 1e-7)


class _Settings:
    """What tells the branches: a replay without a run."""

    def __init__(self, c: Stored) -> None:
        self.c = c


def test_growth_is_attained_and_never_passed() -> None:
    """Quadratic losses of known spectrum: I - h H, and I - s (I - u u^T) H with u between a flat and a steep axis."""
    rng = np.random.default_rng(0)
    closest = {"full": 0.0, "band": 0.0, "floor": 0.0}
    for trial in range(1500):
        k, beta = int(rng.integers(2, 5)), float(rng.uniform(0.1, 3))
        negative = float(rng.choice([0.0, rng.uniform(0, 1)]))
        eta = float(rng.uniform(0, 3) / beta)
        q = np.linalg.qr(rng.standard_normal((k, k)))[0]
        hessian = q * rng.choice([-negative, beta], size=k) @ q.T
        branch = ("full", "band", "floor")[trial % 3]
        c = stored((2, 2, 1), 2, eta=eta, gamma=1.0, delta=0.5)
        low = float(rng.uniform(1, 3)) if branch == "band" else 1.0
        u = (q[:, 0] + q[:, 1]) / math.sqrt(2)
        shrink = np.eye(k) - np.outer(u, u) if branch == "band" else np.eye(k)
        h = {"full": eta, "band": eta / low, "floor": eta / 2}[branch]
        bound = float(iterate.growth(c, arb(beta), arb(negative), arb(low), [branch]).upper())
        ratio = float(np.linalg.norm(np.eye(k) - h * shrink @ hessian, 2)) / bound
        assert ratio <= 1 + 1e-12
        closest[branch] = max(closest[branch], ratio)
    assert min(closest.values()) > 0.95


def test_the_largest_factor_of_the_branches_counts() -> None:
    c = stored((2, 2, 1), 2, eta=1.0, gamma=1.0, delta=0.5)
    args = (c, arb(1.0), arb(0.25), arb(0.5))
    single = {name: iterate.growth(*args, [name]) for name in ("full", "band", "floor")}
    assert single["band"] > single["full"] > single["floor"]
    assert iterate.growth(*args, ["full", "floor"]).overlaps(single["full"])
    assert iterate.growth(*args, ["floor", "band", "full"]).overlaps(single["band"])
    # A gradient that may vanish leaves eta as the step of the band.
    assert iterate.growth(c, arb(1.0), arb(0.25), arb(0), ["band"]).overlaps(single["band"])
