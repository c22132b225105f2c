"""Theorem E for graphs: its numbers at the centre against autodiff, and searches for what its bounds forbid."""

from __future__ import annotations

import dataclasses
import math
from functools import cache

import numpy as np
import pytest
import torch
from torch.func import vmap

from pltheory.certification.kernel_profile import centre as centre_module
from pltheory.certification.kernel_profile import kernel_centre, kernel_profile, lost_share, require_available
from pltheory.certification.kernel_profile.passes import Passes
from pltheory.certification.kernel_profile.quartic import Pairs
from pltheory.certification.kernel_profile.spread import weighted_change
from pltheory.nets.activations import activation
from pltheory.nets.centre import linearize
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.graph import Graph
from pltheory.nets.kinds import affine
from pltheory.theory import NotAvailableError, NumericalFailureError
from pltheory.theory.arithmetic import FLOATS as FLOATS_OF_FORMULAS
from pltheory.theory.kernel_profile import Affine, Forward, Pointwise, turning
from tests.oracles.attack import climb, in_unit_ball
from tests.oracles.graph_attack import offsets
from tests.oracles.graphs import jacobian, parameters, sizes, values
from tests.oracles.kernel_direction import arrays_along, gradient, node_arrays
from tests.oracles.random_graphs import Builder, random_graph

COVERED = (
    "mlp", "convolution", "pooling", "residual", "residual_convolution", "normalisation", "tied", "tied_patches",
    "concatenation",
)  # fmt: skip
SEEDS = {"mlp": 101, "residual": 106, "tied": 104}
FIELDS = {"floats": FLOATS, "verified": VERIFIED}


@cache
def case(kind: str):
    """A graph, its data, R and the numbers of Theorem E in floats."""
    found = random_graph(SEEDS.get(kind, 100), kind)
    x = found.x.numpy()
    return found.graph, found.x, kernel_centre(linearize(found.graph, x, FLOATS), x, FLOATS)


@cache
def single(kind: str):
    """The same with one sample and one output: then q = 1 or -1, and the numbers are norms."""
    graph = shallow_output(random_graph(SEEDS.get(kind, 100), kind).graph)
    x = np.random.default_rng(5).standard_normal((1, graph.nodes[0].size))
    return graph, torch.tensor(x), kernel_centre(linearize(graph, x, FLOATS), x, FLOATS)


def shallow_output(graph: Graph) -> Graph:
    """The graph with the first output only."""
    head = graph.nodes[-1]
    group = graph.groups[head.kind.group]
    one = dataclasses.replace(
        group, weight=group.weight[:, :1].copy(), bias=None if group.bias is None else group.bias[:, :1].copy()
    )
    groups = tuple(one if g == head.kind.group else other for g, other in enumerate(graph.groups))
    return Graph((*graph.nodes[:-1], dataclasses.replace(head, size=1)), groups)


def unit(n: int, seed: int = 0) -> torch.Tensor:
    q = torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return q / q.norm()


def directions(graph, x, centre, q):
    u = torch.tensor(centre.directions) @ q
    return u, jacobian(graph, parameters(graph), x).T @ u


@pytest.mark.parametrize("kind", COVERED)
def test_blocks_of_the_gradient_are_autodiffs(kind, monkeypatch):
    """sum q_k q_l S_kl is grad h_q, block by block."""
    graph, x, _ = case(kind)
    seen = []
    gram = centre_module._gram

    def recorded(f, blocks):
        blocks = list(blocks)
        seen.append(blocks)
        return gram(f, blocks)

    monkeypatch.setattr(centre_module, "_gram", recorded)
    centre = kernel_centre(linearize(graph, x.numpy(), FLOATS), x.numpy(), FLOATS)
    q = unit(len(centre.directions))
    wanted = gradient(graph, parameters(graph), x, *directions(graph, x, centre, q))
    pairs = Pairs.of(len(q))
    factors = np.where(pairs.first == pairs.second, 1.0, 2.0) * q.numpy()[pairs.first] * q.numpy()[pairs.second]
    found = {}
    order = downward_groups(graph)
    for group, (block,) in zip(order, seen[1:], strict=True):  # the first is the kernel's own
        whole = np.einsum("k,gkoq->goq", factors, block)
        found[group] = np.concatenate([whole[:, :, :-1].ravel(), whole[:, :, -1].ravel()])
        if graph.groups[group].bias is None:
            assert not whole[:, :, -1].any()
            found[group] = whole[:, :, :-1].ravel()
    found = np.concatenate([found[g] for g in sorted(found)])
    assert found == pytest.approx(wanted.numpy(), rel=1e-11, abs=1e-11 * float(wanted.norm()))


def downward_groups(graph):
    """Groups in the order in which a pass from the output has met all their nodes."""
    last = {}
    for v, node in enumerate(graph.nodes):
        if hasattr(node.kind, "group"):
            last.setdefault(node.kind.group, v)
    return sorted(last, key=lambda g: -last[g])


@pytest.mark.parametrize("kind", COVERED)
def test_numbers_of_one_direction_are_norms(kind):
    """With one sample and output nothing is summed over directions: every number is the norm that autodiff gives."""
    graph, x, centre = single(kind)
    q = torch.ones(1, dtype=torch.float64)
    u, g = directions(graph, x, centre, q)
    slope = gradient(graph, parameters(graph), x, u, g).norm()
    assert centre.numbers.slope == pytest.approx(float(slope), rel=1e-9)
    zdot, y, ydot = arrays_along(graph, x, u, g)
    blocks = dict(enumerate(node_arrays(graph, g)))
    for v, at in enumerate(centre.numbers.nodes):
        if isinstance(at, Affine):
            assert at.back == pytest.approx(float(y[v].norm()), rel=1e-9)
            assert at.back_tangent == pytest.approx(float(ydot[v].norm()), rel=1e-9, abs=1e-12)
            node = graph.nodes[v]
            if at.parent:
                adot = torch.cat([zdot[at.parent], torch.zeros(1, 1, dtype=torch.float64)], 1)[0]
                patches = node.kind.kappa * adot[torch.as_tensor(node.kind.patches)]  # (G, P, q)
                norms = torch.linalg.matrix_norm(patches, 2)
                assert at.input_tangent == pytest.approx(float(norms.max()), rel=1e-9)
                gam = torch.linalg.matrix_norm(blocks[at.group], 2)
                assert at.weight_tangent == pytest.approx(float(gam.max()), rel=1e-9)
        elif isinstance(at, Pointwise):
            za, ya, yda = zdot[at.parent].abs(), y[v].abs(), ydot[v].abs()
            assert at.tangent == pytest.approx(float(za.max()), rel=1e-9)
            assert at.back == pytest.approx(float(ya.max()), rel=1e-9)
            act = activation(graph.nodes[v].kind.activation)
            assert (at.s1, at.s2, at.s3) == (act.s1, act.s2, act.s3)
            entries = (za, ya, yda, ya * za)
            for terms, c in zip((at.by_tangent, at.by_back, at.by_back_tangent, at.by_product), entries, strict=True):
                found = weighted_change(passes(kind), at.parent, c.numpy())
                assert [t.patches for t in terms] == pytest.approx([t.patches for t in found], rel=1e-6, abs=1e-13)
                assert [t.largest for t in terms] == pytest.approx([t.largest for t in found], rel=1e-6, abs=1e-13)


@cache
def passes(kind):
    graph, x, _ = single(kind)
    return Passes.at(graph, x.numpy(), FLOATS)


@pytest.mark.parametrize("kind", ["mlp", "convolution", "tied"])
def test_a_search_over_directions_stays_below_the_numbers(kind):
    """th_1, yn, ydn, ee, gn and the entries' bounds hold for every unit q; for th_1 the search comes near."""
    graph, x, centre = case(kind)
    n, w0 = len(centre.directions), parameters(graph)
    j, r = jacobian(graph, w0, x), torch.tensor(centre.directions)

    def slope(q):
        u = r @ (q / q.norm())
        return gradient(graph, w0, x, u, j.T @ u).norm()

    start = torch.cat([torch.eye(n, dtype=torch.float64), torch.stack([unit(n, s) for s in range(4)])])
    best = climb(slope, start, lambda q: q / q.norm(dim=1, keepdim=True), steps=15, lr=0.2)
    found = float(vmap(slope)(best).max())
    assert found <= centre.numbers.slope * (1 + 1e-9)
    assert centre.numbers.slope <= 2.0 * found
    for q in best[:: max(1, len(best) // 4)]:
        u = r @ q
        g = j.T @ u
        zdot, y, ydot = arrays_along(graph, x, u, g)
        blocks = dict(enumerate(node_arrays(graph, g)))
        for v, at in enumerate(centre.numbers.nodes):
            if isinstance(at, Affine):
                assert float(y[v].norm()) <= at.back * (1 + 1e-9)
                assert float(ydot[v].norm()) <= at.back_tangent * (1 + 1e-9) + 1e-12
                if at.weight_tangent:
                    assert float(torch.linalg.matrix_norm(blocks[at.group], 2).max()) <= at.weight_tangent * (1 + 1e-9)
                    adot = torch.cat([zdot[at.parent], torch.zeros(len(x), 1, dtype=torch.float64)], 1)
                    e = graph.nodes[v].kind.kappa * adot[:, torch.as_tensor(graph.nodes[v].kind.patches)]
                    e = e.transpose(0, 1).flatten(1, 2)
                    assert float(torch.linalg.matrix_norm(e, 2).max()) <= at.input_tangent * (1 + 1e-9)
            elif isinstance(at, Pointwise):
                assert float(zdot[at.parent].abs().max()) <= at.tangent * (1 + 1e-9)
                assert float(y[v].abs().max()) <= at.back * (1 + 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "share"), [("mlp", 0.3), ("mlp", 0.9), ("convolution", 0.9), ("pooling", 0.9), ("residual", 0.9)]
)
def test_a_search_in_the_ball_stays_below_the_bounds(kind, share):
    """|grad h_q(w) - grad h_q(w_0)| <= rho and lambda_min(R K(w) R) >= (1 - theta)^2, over (w, q) together."""
    graph, x, centre = case(kind)
    radius = radius_of(centre, share)
    n, w0 = len(centre.directions), parameters(graph)
    p = len(w0)
    j, r = jacobian(graph, w0, x), torch.tensor(centre.directions)

    def project(z):
        return torch.cat([in_unit_ball(z[:, :p]), z[:, p:] / z[:, p:].norm(dim=1, keepdim=True)], 1)

    def turned(z):
        u = r @ z[p:]
        g = j.T @ u
        w = w0 + radius * z[:p]
        return (gradient(graph, w, x, u, g) - gradient(graph, w0, x, u, g)).norm()

    def least(z):
        moved = r.T @ jacobian(graph, w0 + radius * z[:p], x)
        return -torch.linalg.eigvalsh(moved @ moved.T)[0]

    start = torch.cat([offsets(graph, 3, 1), torch.stack([unit(n, s) for s in range(3)])], 1)
    at_turned = climb(turned, start, project, steps=10, lr=0.1)
    at_least = climb(least, start, project, steps=10, lr=0.1)
    rho = radius * turning(centre.numbers, radius)
    theta = float(lost_share(centre, np.linspace(0.0, radius, 200))[-1])
    assert theta == pytest.approx(share, rel=0.05)
    for z in torch.cat([at_turned, at_least]):
        assert float(turned(z)) <= rho * (1 + 1e-9)
        assert -float(least(z)) >= (1 - theta) ** 2 - 1e-9


def radius_of(centre, share):
    """Where theta is about that share."""
    low, high = 0.0, 1e-3
    while lost_share(centre, np.linspace(0.0, high, 200))[-1] < share:
        high *= 2
    for _ in range(30):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if lost_share(centre, np.linspace(0.0, mid, 200))[-1] < share else (low, mid)
    return low


@pytest.mark.parametrize("kind", COVERED)
def test_a_weighted_change_is_bounded(kind):
    """||c o (A'_u - A_u)||_F <= Om(c, u) . t for what every activation reads, at random places of the ball."""
    graph, x, centre = case(kind)
    here, rng = Passes.at(graph, x.numpy(), FLOATS), np.random.default_rng(3)
    w0, radius = parameters(graph), 0.7
    before = values(graph, w0, x)
    for at in centre.numbers.nodes:
        if not isinstance(at, Pointwise):
            continue
        c = rng.exponential(size=tuple(before[at.parent].shape)) ** 2
        row = Forward(centre.numbers.nodes, radius, FLOATS_OF_FORMULAS).weighted(weighted_change(here, at.parent, c))
        for delta in radius * offsets(graph, 6, 2):
            t = [float(part.norm()) for part in delta.split(sizes(graph))]
            change = values(graph, w0 + delta, x)[at.parent] - before[at.parent]
            assert float((torch.tensor(c) * change).norm()) <= sum(v * t[g] for g, v in row.items()) * (1 + 1e-9)


@pytest.mark.parametrize("field", FIELDS)
def test_the_spread_of_weights_is_that_of_the_map(field):
    """T_c is max_i ||diag(c_i) T(W)||: equal for a dense map of few outputs, not below it for a convolution."""
    rng = np.random.default_rng(0)
    for dense in (True, False):
        b = Builder(rng)
        at = b.act(b.dense(b.input(3), 18))
        last = b.dense(at, 5) if dense else b.conv(at, (2, 3, 3), 2, 2)
        graph = Graph(tuple(b.nodes), tuple(b.groups))
        here = Passes.at(graph, rng.standard_normal((2, 3)), FIELDS[field])
        kind, n_v = graph.nodes[last].kind, graph.nodes[last].size
        c = rng.exponential(size=(2, n_v))
        weight = graph.groups[kind.group].weight
        whole = np.zeros((n_v, 18))
        _, p, q = kind.patches.shape
        for k in range(n_v):
            o, position = divmod(k, p)
            for i in range(q):
                whole[k, kind.patches[0, position, i]] += kind.kappa * weight[0, o, i]
        wanted = max(np.linalg.norm(c_i[:, None] * whole, 2) for c_i in c)
        found = kind.weighted_spread(here.tape, last, graph.nodes[last].inputs, c)
        assert found >= wanted * (1 - 1e-12)
        if dense:
            assert found == pytest.approx(wanted, rel=1e-6)


def test_many_outputs_share_one_spread(monkeypatch):
    """Beyond the small sizes the largest weights stand for all samples: a bound still, and no worse than max c."""
    monkeypatch.setattr(affine, "SMALL", 2)
    rng = np.random.default_rng(1)
    b = Builder(rng)
    last = b.dense(b.act(b.dense(b.input(3), 6)), 5)
    graph = Graph(tuple(b.nodes), tuple(b.groups))
    here = Passes.at(graph, rng.standard_normal((2, 3)), FLOATS)
    kind, c = graph.nodes[last].kind, rng.exponential(size=(2, 5))
    w = abs(kind.kappa) * graph.groups[kind.group].weight[0]
    found = kind.weighted_spread(here.tape, last, graph.nodes[last].inputs, c)
    assert max(np.linalg.norm(row[:, None] * w, 2) for row in c) <= found * (1 + 1e-12)
    assert found <= c.max() * np.linalg.norm(w, 2) * (1 + 1e-12)


@pytest.mark.parametrize("kind", ["mlp", "pooling", "residual", "tied_patches"])
def test_counting_round_off_changes_little_and_upwards(kind):
    graph, x, centre = case(kind)
    verified = kernel_centre(linearize(graph, x.numpy(), VERIFIED), x.numpy(), VERIFIED)
    assert centre.defect < 1e-9
    assert 0 < verified.defect < 1e-6
    # The floats are within 1e-12 of the exact numbers, and each verified bound is at least one part in 1e9 above them.
    assert centre.numbers.slope < verified.numbers.slope < centre.numbers.slope * (1 + 1e-3)
    grid = np.linspace(0.0, radius_of(centre, 0.9), 21)
    near, far = lost_share(centre, grid), lost_share(verified, grid)
    assert (near[1:] < far[1:]).all()
    assert far[1:] == pytest.approx(near[1:], rel=1e-3)


@pytest.mark.parametrize("field", FIELDS)
def test_directions_need_not_be_the_kernels(field, monkeypatch):
    """With an R that misses K_0^(-1/2) by a tenth the bound still holds, because e is counted."""
    graph, x, _ = case("mlp")
    exact = centre_module.inverse_root
    rng = np.random.default_rng(6)

    def missed(kernel):
        r = exact(kernel)
        return r @ (np.eye(len(r)) + 0.02 * rng.standard_normal(r.shape))

    monkeypatch.setattr(centre_module, "inverse_root", missed)
    centre = kernel_centre(linearize(graph, x.numpy(), FIELDS[field]), x.numpy(), FIELDS[field])
    w0 = parameters(graph)
    j0 = jacobian(graph, w0, x)
    r = torch.tensor(centre.directions)
    gram = r.T @ j0 @ j0.T @ r
    true_defect = float(torch.linalg.matrix_norm(gram - torch.eye(len(r), dtype=torch.float64), 2))
    assert true_defect <= centre.defect * (1 + 1e-9)
    assert centre.defect == pytest.approx(true_defect, rel=1e-3)
    radius = radius_of(centre, 0.7)
    share = float(lost_share(centre, np.linspace(0.0, radius, 100))[-1])
    inverse = torch.linalg.inv(torch.linalg.cholesky(j0 @ j0.T))
    for delta in radius * offsets(graph, 10, 3):
        moved = inverse @ jacobian(graph, w0 + delta, x)
        assert float(torch.linalg.eigvalsh(moved @ moved.T)[0]) >= (1 - share) ** 2


def test_the_defect_divides_what_is_lost():
    """theta / (1 - e), and nothing else, is what e changes."""
    _, _, centre = case("mlp")
    grid = np.linspace(0.0, 0.1, 5)
    wider = dataclasses.replace(centre, defect=0.5)
    assert lost_share(wider, grid) == pytest.approx(2 * lost_share(centre, grid), rel=1e-9)


def test_the_profile_falls_from_the_given_sigma():
    _, _, centre = case("convolution")
    grid = np.linspace(0.0, 2 * radius_of(centre, 1.0), 41)
    sig = kernel_profile(centre, grid, 0.3)
    assert 0.3 * (1 - 1e-12) <= sig[0] <= 0.3
    assert (np.diff(sig) <= 0).all()
    assert sig[-1] == 0.0
    assert (sig == np.maximum(0.0, sig)).all()


def test_what_is_lost_is_first_order_and_then_the_integral():
    """theta = th_1 s + int t ||Pi(t)||: on a fine grid the sum over right ends is near a quadrature by midpoints."""
    _, _, centre = case("mlp")
    s = radius_of(centre, 0.8)
    fine = np.linspace(0.0, s, 2001)
    mid = 0.5 * (fine[1:] + fine[:-1])
    turned = np.array([t * turning(centre.numbers, float(t)) for t in mid])
    wanted = centre.numbers.slope * s + float((turned * np.diff(fine)).sum())
    assert float(lost_share(centre, fine)[-1]) == pytest.approx(wanted, rel=1e-3)
    assert float(lost_share(centre, fine)[-1]) >= wanted * (1 - 1e-9)


def test_an_added_vector_is_a_node_without_patches():
    rng = np.random.default_rng(7)
    b = Builder(rng)
    b.head(b.act(b.shift(b.dense(b.input(3), 4)), "tanh"), 1)
    graph = Graph(tuple(b.nodes), tuple(b.groups))
    x = rng.standard_normal((2, 3))
    for field in (FLOATS, VERIFIED):
        centre = kernel_centre(linearize(graph, x, field), x, field)
        q = torch.tensor([0.6, 0.8], dtype=torch.float64)
        slope = gradient(graph, parameters(graph), torch.tensor(x), *directions(graph, torch.tensor(x), centre, q))
        assert float(slope.norm()) <= centre.numbers.slope <= 3 * float(slope.norm())


def test_a_straight_path_beside_a_bent_one():
    """What a straight path to the output gives back is zero, and adds to what a bent one gave before."""
    rng = np.random.default_rng(11)
    b = Builder(rng)
    first = b.dense(b.input(3), 4)
    straight = b.permuted(first, np.array([3, 2, 1, 0]), 0.8)
    bent = b.dense(b.act(first, "tanh"), 4)
    b.permuted(b.sum(bent, straight), [0])
    graph = Graph(tuple(b.nodes), tuple(b.groups))
    x = rng.standard_normal((1, 3))
    for field in (FLOATS, VERIFIED):
        centre = kernel_centre(linearize(graph, x, field), x, field)
        q = torch.ones(1, dtype=torch.float64)
        slope = gradient(graph, parameters(graph), torch.tensor(x), *directions(graph, torch.tensor(x), centre, q))
        assert centre.numbers.slope == pytest.approx(float(slope.norm()), rel=1e-6)


@pytest.mark.parametrize("field", FIELDS)
def test_weights_may_be_zero(field):
    """A layer whose map has norm 0 at the centre: nothing is known of it beforehand, and nothing need be."""
    rng = np.random.default_rng(12)
    b = Builder(rng)
    at = b.act(b.dense(b.input(3), 4), "tanh")
    b.head(b.act(b.dense(at, 4), "softplus"), 1)
    b.groups[1].weight[:] = 0.0
    graph, x = Graph(tuple(b.nodes), tuple(b.groups)), rng.standard_normal((2, 3))
    centre = kernel_centre(linearize(graph, x, FIELDS[field]), x, FIELDS[field])
    q = torch.tensor([0.6, 0.8], dtype=torch.float64)
    slope = gradient(graph, parameters(graph), torch.tensor(x), *directions(graph, torch.tensor(x), centre, q))
    assert float(slope.norm()) <= centre.numbers.slope


def test_a_linear_network_does_not_turn():
    b = Builder(np.random.default_rng(8))
    b.dense(b.input(3), 2)
    graph, x = Graph(tuple(b.nodes), tuple(b.groups)), np.eye(3)[:2]
    centre = kernel_centre(linearize(graph, x, FLOATS), x, FLOATS)
    assert centre.numbers.slope == 0.0
    assert lost_share(centre, np.array([0.0, 5.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("kind", ["attention", "gates", "grouped"])
def test_tokens_and_products_are_refused(kind):
    found = random_graph(0, kind)
    with pytest.raises(
        NotAvailableError, match=r"is (Product|Tokens); allowed are Input, Affine, Fixed, Sum, Pointwise"
    ):
        require_available(found.graph, 3)


def test_too_many_outputs_are_refused():
    graph, _, _ = case("mlp")
    with pytest.raises(NotAvailableError, match=r"allowed are 30"):
        require_available(graph, 31)


def test_an_activation_without_a_third_derivative_is_refused(monkeypatch):
    graph, x, _ = case("mlp")
    name = next(node.kind.activation for node in graph.nodes if hasattr(node.kind, "activation"))
    monkeypatch.setattr(activation(name), "s3", math.inf, raising=False)
    with pytest.raises(NotAvailableError, match="third derivative"):
        kernel_centre(linearize(graph, x.numpy(), FLOATS), x.numpy(), FLOATS)


def test_a_singular_kernel_is_refused():
    graph, x, _ = case("mlp")
    same = np.repeat(x.numpy()[:1], 3, axis=0)
    with pytest.raises(NumericalFailureError, match="smallest kernel eigenvalue"):
        kernel_centre(linearize(graph, same, FLOATS), same, FLOATS)
