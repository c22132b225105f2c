"""The search inside a ball: what it reports is inside, re-evaluated, and no worse than the centre."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch

from pltheory.measure import ball_search
from pltheory.measure.ball_search import attack_lambda_min, attack_pl_ratio
from pltheory.measure.ntk import empirical_ntk
from pltheory.measure.pl_ratio import pl_ratio
from pltheory.theory import Direction
from tests.cases import CASES, sequential
from tests.oracles import serial_search
from tests.oracles.plain import read

SOME = [CASES[0], CASES[3], CASES[10]]
some_cases = pytest.mark.parametrize("case", SOME, ids=[c.name for c in SOME])
searches = pytest.mark.parametrize("search", [attack_lambda_min, attack_pl_ratio])


def moved(problem, weights):
    twin = problem.copy()
    with torch.no_grad():
        for p, w in zip(twin.parameters(), weights, strict=True):
            p.copy_(w)
    return twin


def measure(search, problem):
    if search is attack_pl_ratio:
        return pl_ratio(problem).value
    return float(torch.linalg.eigvalsh(empirical_ntk(problem.network, problem.x))[0])


@some_cases
@searches
@pytest.mark.parametrize("radius", [0.05, 1.0])
def test_what_is_found(case, search, radius):
    problem = case.problem()
    before = copy.deepcopy(problem.network.state_dict())
    found = search(problem, radius, steps=8)
    for name, w in problem.network.state_dict().items():
        assert torch.equal(w, before[name]), "the search moved the problem's own weights"
    assert found.value.kind is Direction.UPPER
    offsets = [w - p.detach() for w, p in zip(found.weights, problem.parameters(), strict=True)]
    distance = float(torch.cat([o.reshape(-1) for o in offsets]).norm())
    assert distance == pytest.approx(found.distance, rel=1e-12, abs=1e-15)
    assert distance <= radius
    at = moved(problem, found.weights)
    assert measure(search, at) == pytest.approx(found.value.value, rel=1e-9, abs=1e-13)
    assert found.value.value <= measure(search, problem) * (1 + 1e-12)
    if search is attack_pl_ratio:
        assert float(at.value().detach()) <= float(problem.value().detach()) * (1 + 1e-12)


@searches
def test_a_search_beats_random_points(search):
    problem, radius = CASES[0].problem(), 0.5
    found = search(problem, radius, steps=15).value.value
    plain, w = read(problem.network)
    gen = torch.Generator().manual_seed(0)
    start_loss = plain.loss(w, problem.x, problem.y)
    best = measure(search, problem)
    for _ in range(25):
        v = torch.randn(len(w), generator=gen, dtype=torch.float64)
        q = w + radius * v / v.norm()
        j = plain.jacobian(q, problem.x)
        r = plain.outputs(q, problem.x) - problem.y.reshape(-1)
        if search is attack_lambda_min:
            best = min(best, float(torch.linalg.svdvals(j)[-1]) ** 2)
        elif plain.loss(q, problem.x, problem.y) <= start_loss:
            best = min(best, problem.scale * float((j.T @ r).square().sum() / r.square().sum()))
    assert found < best


@some_cases
def test_a_point_above_the_starting_loss_does_not_count(case):
    problem = case.near(0.01)
    found = attack_pl_ratio(problem, 1.0, steps=8)
    assert float(moved(problem, found.weights).value().detach()) <= float(problem.value().detach()) * (1 + 1e-12)


def test_a_radius_of_zero_finds_the_centre():
    problem = CASES[0].problem()
    found = attack_lambda_min(problem, 0.0, steps=3)
    assert found.distance == 0
    assert found.value.value == pytest.approx(measure(attack_lambda_min, problem), rel=1e-12)


@searches
def test_single_precision_stays_inside(search):
    problem = CASES[0].problem(torch.float32)
    found = search(problem, 0.3, steps=12)
    assert found.distance <= 0.3
    assert found.value.value < measure(search, problem)


@searches
def test_any_module_and_frozen_parameters(search):
    case = CASES[0]
    net = sequential([3, 4, 1], "tanh")
    net[0].bias.requires_grad_(False)
    problem = type(case.problem())(net, *case.data())
    found = search(problem, 0.3, steps=8)
    assert len(found.weights) == 3
    assert measure(search, moved(problem, found.weights)) == pytest.approx(found.value.value, rel=1e-9)


@some_cases
@searches
@pytest.mark.parametrize("room", [1, 1 << 29])
def test_the_starts_together_find_what_they_find_one_by_one(case, search, room, monkeypatch):
    monkeypatch.setattr(ball_search, "BATCH_BYTES", room)
    problem, radius, restarts, steps = case.problem(), 0.4, 4, 5
    found = search(problem, radius, steps=steps, restarts=restarts, seed=3)
    plain, w = read(problem.network)
    x, y = problem.x, problem.y
    named = dict(problem.network.named_parameters())
    order = [f"{kind}.{l}" for l in range(len(plain.sizes)) for kind in ("weights", "biases")]
    gen = torch.Generator().manual_seed(3)
    starts = [torch.zeros_like(w)]
    for _ in range(restarts - 1):
        noise = {k: torch.randn(p.shape, generator=gen, dtype=torch.float64) for k, p in named.items()}
        v = torch.cat([noise[k].reshape(-1) for k in order if k in noise])
        starts.append((1 - 1e-9) * radius * v / v.norm())
    if search is attack_lambda_min:
        objective = partial(serial_search.least_eigenvalue, plain, x=x)
    else:
        most = float(plain.loss(w, x, y, problem.scale)) * (1 + 1e-14)
        objective = partial(serial_search.pl_ratio, plain, x=x, y=y, scale=problem.scale, most=most)
    value, distance = serial_search.search(lambda p: objective(w=p), w, starts, radius, steps)
    assert found.value.value == pytest.approx(value, rel=1e-6)
    assert found.distance == pytest.approx(distance, rel=1e-6)


@searches
def test_the_same_seed_finds_the_same(search):
    problem = CASES[3].problem()
    one, two = (search(problem, 0.5, steps=4, restarts=3, seed=9) for _ in range(2))
    assert one.value.value == pytest.approx(two.value.value, rel=1e-9)
    for a, b in zip(one.weights, two.weights, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)


@searches
def test_more_starts_find_no_less(search):
    problem = CASES[10].problem()
    few, many = (search(problem, 0.5, steps=4, restarts=r).value.value for r in (1, 5))
    assert many <= few * (1 + 1e-9)


class ReadsValues(torch.nn.Module):
    """What vmap cannot follow."""

    def __init__(self):
        super().__init__()
        self.inner = sequential([3, 4, 1], "tanh")

    def forward(self, x):
        out = self.inner(x)
        return out if out.sum().item() > 0 else 1.0 * out


def test_a_module_without_a_vmap_rule():
    x, y = CASES[0].data()
    plainly = type(CASES[0].problem())(sequential([3, 4, 1], "tanh"), x, y)
    found = attack_pl_ratio(type(plainly)(ReadsValues(), x, y), 0.3, steps=3, restarts=3)
    expected = attack_pl_ratio(plainly, 0.3, steps=3, restarts=3)
    assert found.value.value == pytest.approx(expected.value.value, rel=1e-6)
