"""Theorem E rechecked: its numbers against autodiff, its profile against a search, and against what makes the files."""

from __future__ import annotations

import dataclasses
import itertools
from functools import cache

import numpy as np
import pytest
import torch

from pltheory.certification.kernel_profile import kernel_centre
from pltheory.certification.kernel_profile import lost_share as claimed_share
from pltheory.nets.centre import linearize
from pltheory.nets.fields import VERIFIED
from pltheory.nets.graph import Graph
from pltheory.rechecker.graph.centre import GraphCentre, graph_centre
from pltheory.rechecker.graph.direction.along import Along
from pltheory.rechecker.graph.direction.forms import Pairs, entry_norms, linear_norm, quartic
from pltheory.rechecker.graph.direction.kept import covered, kept_shares
from pltheory.rechecker.graph.direction.turning import AffineTurn, PointwiseTurn, Turns, turning, turns_of
from pltheory.rechecker.graph.file import kinds_of
from pltheory.rechecker.graph.kinds.fixed import Fixed
from pltheory.rechecker.graph.kinds.kind import Kind
from pltheory.rechecker.graph.text import read_nodes
from pltheory.rechecker.midpoint import Upper
from tests.oracles.attack import climb, in_unit_ball
from tests.oracles.graph_attack import offsets
from tests.oracles.graphs import jacobian, parameters
from tests.oracles.kernel_direction import arrays_along, gradient, node_arrays
from tests.oracles.random_graphs import random_graph
from tests.rechecker.graphs import network_text

COVERED = (
    "mlp", "convolution", "pooling", "residual", "residual_convolution", "normalisation", "tied", "tied_patches",
    "concatenation",
)  # fmt: skip
SEEDS = {"mlp": 101, "residual": 106, "tied": 105, "concatenation": 101}


def quiet(_: str) -> None:
    pass


@dataclasses.dataclass(frozen=True)
class Prepared:
    graph: Graph
    x: torch.Tensor
    kinds: list[Kind]
    at: GraphCentre
    along: Along
    turns: Turns
    directions: np.ndarray

    def pi(self, radii: np.ndarray) -> np.ndarray:
        return turning(self.along, self.turns, len(self.graph.groups), radii).value


def prepare(graph: Graph, x: np.ndarray) -> Prepared:
    nodes, _ = read_nodes(network_text(graph))
    arrays = {name: np.asarray(a, float) for name, a in graph.arrays.items()}
    kinds = kinds_of(nodes, arrays)
    at = graph_centre(kinds, x, np.zeros((len(x), graph.nodes[-1].size)), quiet)
    values, vectors = np.linalg.eigh(np.tril(at.kernel) + np.tril(at.kernel, -1).T)
    directions = vectors / np.sqrt(values)
    along = Along.of(kinds, at, directions)
    return Prepared(graph, torch.tensor(x), kinds, at, along, turns_of(along), directions)


@cache
def case(kind: str) -> Prepared:
    found = random_graph(SEEDS.get(kind, 100), kind)
    return prepare(found.graph, found.x.numpy())


@cache
def single(kind: str) -> Prepared:
    """With one sample and one output: then q = 1 or -1, and the numbers are norms."""
    graph = random_graph(SEEDS.get(kind, 100), kind).graph
    head = graph.nodes[-1]
    group = graph.groups[head.kind.group]
    one = dataclasses.replace(
        group, weight=group.weight[:, :1].copy(), bias=None if group.bias is None else group.bias[:, :1].copy()
    )
    groups = tuple(one if g == head.kind.group else other for g, other in enumerate(graph.groups))
    graph = Graph((*graph.nodes[:-1], dataclasses.replace(head, size=1)), groups)
    return prepare(graph, np.random.default_rng(5).standard_normal((1, graph.nodes[0].size)))


def near(bound: Upper, value: float) -> None:
    assert value * (1 - 1e-10) - 1e-13 <= float(bound.value) <= value * (1 + 1e-7) + 1e-9, (bound.value, value)


@pytest.mark.parametrize("kind", COVERED)
def test_numbers_of_one_direction_are_norms(kind: str) -> None:
    at = single(kind)
    u = torch.tensor(at.directions[:, 0])
    w = parameters(at.graph)
    g = jacobian(at.graph, w, at.x).T @ u
    near(at.turns.slope, float(gradient(at.graph, w, at.x, u, g).norm()))
    zdot, y, ydot = arrays_along(at.graph, at.x, u, g)
    blocks = dict(enumerate(node_arrays(at.graph, g)))
    seen = 0
    for v, turn in enumerate(at.turns.nodes):
        kind_ = at.graph.nodes[v].kind
        if isinstance(turn, AffineTurn):
            near(turn.back, float(y[v].norm()))
            near(turn.second, float(ydot[v].norm()))
            (u_,) = at.graph.nodes[v].inputs
            if u_ in y:
                adot = torch.cat([zdot[u_], torch.zeros(1, 1, dtype=torch.float64)], 1)[0]
                e = kind_.kappa * adot[torch.as_tensor(kind_.patches)]
                near(turn.patches, float(torch.linalg.matrix_norm(e, 2).max()))
                near(turn.weights, float(torch.linalg.matrix_norm(blocks[kind_.group], 2).max()))
        elif isinstance(turn, PointwiseTurn):
            (u_,) = at.graph.nodes[v].inputs
            near(turn.tangent, float(zdot[u_].abs().max()))
            near(turn.back, float(y[v].abs().max()))
        seen += turn is not None
    assert seen >= 2


@pytest.mark.parametrize("kind", COVERED)
def test_arrays_of_all_directions_are_autodiffs(kind: str) -> None:
    at = case(kind)
    q = torch.randn(len(at.directions), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    u = torch.tensor(at.directions) @ q
    g = jacobian(at.graph, parameters(at.graph), at.x).T @ u
    zdot, y, _ = arrays_along(at.graph, at.x, u, g)
    for v, own in enumerate(at.along.y):
        if own is None:
            continue
        for found, value in ((own, y[v]), (at.along.tangents[v], zdot[v])):
            off = np.linalg.norm(np.einsum("k,nkm->nm", q.numpy(), found.mid) - value.numpy())
            assert off <= 1e-11 * float(value.norm()) * float(q.norm()) + 1e-12
            assert float(found.distance.value) <= 1e-9 * np.linalg.norm(found.mid) + 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mlp", "convolution", "residual_convolution"])
def test_a_search_over_directions_and_the_ball_stays_below_the_bounds(kind: str) -> None:
    """th_1, t ||Pi(t)|| and the least eigenvalue of R^T K(w) R."""
    at = case(kind)
    n, w = len(at.directions), parameters(at.graph)
    p, r, j = len(w), torch.tensor(at.directions), jacobian(at.graph, w, at.x)
    radius = 1e-3
    while min(float(share) for share in kept(at, radius)) > 0.3:
        radius *= 1.3

    def project(z: torch.Tensor) -> torch.Tensor:
        return torch.cat([in_unit_ball(z[:, :p]), z[:, p:] / z[:, p:].norm(dim=1, keepdim=True)], 1)

    def slope(z: torch.Tensor) -> torch.Tensor:
        u = r @ z[p:]
        return gradient(at.graph, w, at.x, u, j.T @ u).norm()

    def turned(z: torch.Tensor) -> torch.Tensor:
        u = r @ z[p:]
        g = j.T @ u
        moved = gradient(at.graph, w + radius * z[:p], at.x, u, g)
        return (moved - gradient(at.graph, w, at.x, u, g)).norm()

    def least(z: torch.Tensor) -> torch.Tensor:
        moved = r.T @ jacobian(at.graph, w + radius * z[:p], at.x)
        return -torch.linalg.eigvalsh(moved @ moved.T)[0]

    eye = torch.eye(n, dtype=torch.float64)
    start = torch.cat([offsets(at.graph, 3, 1), eye[:1].expand(3, n) + 0.3 * torch.randn(3, n, dtype=torch.float64)], 1)
    bounds = {
        slope: float(at.turns.slope.value),
        turned: radius * float(at.pi(np.array([radius]))[0]),
        least: -(float(kept(at, radius)[-1]) ** 2),
    }
    for objective, bound in bounds.items():
        found = climb(objective, start, project, steps=8, lr=0.1)
        assert max(float(objective(z)) for z in found) <= bound + 1e-9 * abs(bound)
    worst = max(float(slope(z)) for z in climb(slope, start, project, steps=15, lr=0.2))
    assert worst >= 0.4 * bounds[slope]


def kept(at: Prepared, radius: float) -> list[float]:
    grid = np.linspace(0.0, radius, 100).tolist()
    found = kept_shares(at.kinds, len(at.graph.groups), at.at, grid, quiet)
    assert found is not None
    return [float(share) for share in found]


@pytest.mark.slow
@pytest.mark.parametrize("kind", COVERED)
@pytest.mark.parametrize("seed", [100, 103])
def test_no_looser_than_what_is_claimed(kind: str, seed: int) -> None:
    """A true file claims what its maker proved, a few units of rounding away; so much may not be lost here."""
    found = random_graph(seed, kind)
    at = prepare(found.graph, found.x.numpy())
    centre = kernel_centre(linearize(found.graph, found.x.numpy(), VERIFIED), found.x.numpy(), VERIFIED)
    grid = np.linspace(0.0, 0.02, 12)
    claimed = claimed_share(centre, grid)
    own = kept_shares(at.kinds, len(at.graph.groups), at.at, grid.tolist(), quiet)
    assert own is not None
    share = np.array([1 - float(v) for v in own])
    inside = (claimed < 1) & (grid > 0)
    assert (share[inside] <= claimed[inside] * (1 + 1e-8)).all()
    # Tc has a second form in the recheck; nothing else makes it less.
    assert (share[inside] >= claimed[inside] * 0.5).all()
    assert inside[1]


def test_the_share_falls_from_one() -> None:
    at = case("convolution")
    share = kept(at, 10.0)
    assert share[0] == 1
    assert share[-1] == 0
    assert all(b <= a for a, b in itertools.pairwise(share))


def test_a_defect_counts() -> None:
    """With R that misses by a tenth the bound divides by what is left of 1."""
    at = case("mlp")
    missed = at.directions @ (np.eye(len(at.directions)) * 0.95)
    turns = turns_of(Along.of(at.kinds, at.at, missed))
    gram = missed.T @ (np.tril(at.at.kernel) + np.tril(at.at.kernel, -1).T) @ missed
    true = np.linalg.norm(gram - np.eye(len(gram)))
    assert float(turns.defect.value) == pytest.approx(true, rel=1e-8)
    assert float(at.turns.defect.value) < 1e-9


def test_a_singular_kernel_keeps_nothing() -> None:
    at = case("mlp")
    x = np.repeat(at.x.numpy()[:1], 2, axis=0)
    centre = graph_centre(at.kinds, x, np.zeros((2, at.graph.nodes[-1].size)), quiet)
    assert kept_shares(at.kinds, len(at.graph.groups), centre, [0.0, 0.1], quiet) is None


def test_tokens_and_many_outputs_are_not_covered() -> None:
    at = case("mlp")
    assert covered(at.kinds, 30)
    assert not covered(at.kinds, 31)
    found = random_graph(100, "attention")
    nodes, _ = read_nodes(network_text(found.graph))
    arrays = {name: np.asarray(a, float) for name, a in found.graph.arrays.items()}
    assert not covered(kinds_of(nodes, arrays), 4)


# --- forms ------------------------------------------------------------------------------------------------------------


def test_the_quartic_bound_is_a_bound_and_one_form_gives_its_norm() -> None:
    rng = np.random.default_rng(2)
    for n in (1, 2, 4):
        pairs = Pairs.of(n)
        s = rng.standard_normal((pairs.count, 7))
        bound = float(quartic(s @ s.T, Upper(0.0), pairs).value)
        q = rng.standard_normal((4000, n))
        q /= np.linalg.norm(q, axis=1, keepdims=True)
        values = np.linalg.norm((pairs.times * q[:, pairs.first] * q[:, pairs.second]) @ s, axis=1)
        assert values.max() <= bound * (1 + 1e-12)
        assert values.max() >= 0.5 * bound
    one = np.zeros((pairs.count, 1))
    one[pairs.first == pairs.second] = 1  # |q|^2
    assert float(quartic(one @ one.T, Upper(0.0), pairs).value) == pytest.approx(1.0, rel=1e-8)


def test_each_form_of_the_quartic_bound_counts_what_the_gram_matrix_has_lost() -> None:
    pairs = Pairs.of(3)
    s = np.random.default_rng(3).standard_normal((pairs.count, 5))
    exact = float(quartic(s @ s.T, Upper(0.0), pairs).value)
    assert float(quartic(s @ s.T, Upper(0.1), pairs).value) ** 2 >= exact**2 + 0.2 - 1e-9


def test_norms_of_linear_forms() -> None:
    rng = np.random.default_rng(4)
    tensor = rng.standard_normal((2, 3, 4, 5))
    bound = float(linear_norm(tensor).value)
    q = rng.standard_normal((2000, 3))
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    found = np.linalg.norm(np.einsum("sk,gkmp->sgmp", q, tensor), 2, axis=(2, 3)).max()
    assert 0.5 * bound <= found <= bound * (1 + 1e-12)
    array = rng.standard_normal((2, 3, 4))
    assert entry_norms(array).value == pytest.approx(np.linalg.norm(array, axis=1), rel=1e-12)


def test_weights_pass_through_every_fixed_map() -> None:
    """||c o L a|| <= ||c' o a||, with equality for one row and the right a."""
    rng = np.random.default_rng(5)
    index = rng.integers(-1, 6, (5, 3))
    factor = np.where(index >= 0, rng.standard_normal((5, 3)), 0.0)
    kind = Fixed(5, (0,), index, factor, None, 6)
    matrix = np.zeros((5, 6))
    for k, row in enumerate(index):
        for i, f in zip(row, factor[k], strict=True):
            matrix[k, i] += f if i >= 0 else 0.0
    c = rng.uniform(0, 1, (1, 5))
    moved = kind.weights(c)[0]
    for _ in range(500):
        a = rng.standard_normal(6)
        assert np.linalg.norm(c[0] * (matrix @ a)) <= np.linalg.norm(moved * a) * (1 + 1e-12)
    mean = Fixed(1, (0,), np.arange(4)[None], np.full((1, 4), 0.25), None, 4)
    ones = mean.weights(np.full((1, 1), 3.0))[0]
    assert np.linalg.norm(ones) == pytest.approx(3.0, rel=1e-12)
