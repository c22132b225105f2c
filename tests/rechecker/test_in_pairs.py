"""Networks in pairs of doubles against the same in balls, and their curvature against automatic differentiation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from flint import arb, ctx

from pltheory.nets.graph import Graph
from pltheory.nets.kinds.affine import Affine as GraphAffine
from pltheory.nets.kinds.fixed import Fixed as GraphFixed
from pltheory.nets.kinds.pointwise import Pointwise as GraphPointwise
from pltheory.rechecker import iterate
from pltheory.rechecker.arithmetic import ACTIVATIONS
from pltheory.rechecker.file import Stored
from pltheory.rechecker.followed import GraphNetwork, LayerNetwork, LayerReference
from pltheory.rechecker.graph import blocks
from pltheory.rechecker.graph.file import GraphStored
from pltheory.rechecker.graph.kinds.affine import Affine
from pltheory.rechecker.graph.kinds.fixed import Fixed
from pltheory.rechecker.graph.kinds.input import Input
from pltheory.rechecker.graph.kinds.pointwise import Pointwise
from pltheory.rechecker.layers import curvature
from pltheory.rechecker.midpoint import Upper
from pltheory.rechecker.pairs.pair import Pair, two_sum
from pltheory.rechecker.pairs.step import PairWeights
from tests.oracles.channel_graphs import ALIKE, drawn, moved, second_part
from tests.oracles.graphs import jacobian, parameters
from tests.rechecker.test_recheck_iterate import NETWORKS, Oracle, Shape, stored


@pytest.fixture(autouse=True)
def precision() -> Iterator[None]:
    with ctx.workprec(160):
        yield


def in_graph(graph: Graph, x: np.ndarray, y: np.ndarray, loss: str = "sum", **rule: float) -> GraphStored:
    """As a certificate would hold it."""
    found: list[Any] = []
    for node in graph.nodes:
        kind = node.kind
        if isinstance(kind, GraphAffine):
            group = graph.groups[kind.group]
            width = graph.nodes[node.inputs[0]].size
            found.append(Affine(node.size, node.inputs, kind.group, kind.patches, kind.kappa,
                                0.0 if group.bias is None else kind.tau, group.weight, group.bias, width))  # fmt: skip
        elif isinstance(kind, GraphFixed):
            width = graph.nodes[node.inputs[0]].size
            found.append(Fixed(node.size, node.inputs, kind.index, kind.factor, kind.offset, width))
        elif isinstance(kind, GraphPointwise):
            found.append(Pointwise(node.size, node.inputs, kind.activation))
        else:
            found.append(Input(node.size))
    rule = {"eta": 0.1, "gamma": 1.0, "delta": 0.1} | rule
    return GraphStored(theorem="D", loss=loss, optimizer="delta-gclip", **rule, kinds=found, groups=len(graph.groups),
                       x=x, y=y, more={})  # fmt: skip


def both_ways(c: Stored | GraphStored) -> tuple[Any, Any]:
    net = LayerNetwork(c, c, -np.inf) if isinstance(c, Stored) else GraphNetwork(c, *c.parameters)
    pairs = net.in_pairs()
    assert pairs is not None
    return net, pairs


def off_doubles(at: PairWeights, seed: int) -> PairWeights:
    """Weights that need both doubles."""
    rng = np.random.default_rng(seed)

    def shifted(p: Pair) -> Pair:
        return Pair(*two_sum(p.high, p.high * 2.0**-54 * rng.uniform(-1, 1, p.high.shape)), Upper(0.0))

    return PairWeights([shifted(w) for w in at.weights], [None if b is None else shifted(b) for b in at.biases])


def apart(found: Pair, exact: Any) -> arb:
    """Distance of the sums from the midpoints of balls."""
    values = zip(found.high.ravel().tolist(), found.low.ravel().tolist(), exact.mid().entries(), strict=True)
    return sum(((arb(a) + arb(b) - v) ** 2 for a, b, v in values), arb(0)).sqrt().upper()


def same(c: Stored | GraphStored, seed: int = 0) -> None:
    """Residual, gradient and step in pairs are those in balls, to within their bounds, which are small."""
    net, pairs = both_ways(c)
    at = off_doubles(pairs.start, seed)
    exact, away = at.balls()
    assert away < 1e-40
    mine, theirs = pairs.forward(at), net.forward(exact)
    assert apart(mine.residual, theirs.residual) <= float(mine.residual.err.value) < 1e-20
    along, exact_along = pairs.gradient(at, mine), net.gradient(exact, theirs)
    for found, wanted in zip(along.parts, exact_along.parts, strict=True):
        assert apart(found, wanted) <= float(found.err.value) < 1e-19
    size = net.norm(exact_along.parts)
    assert pairs.norm(along.parts).overlaps(size)
    (after, rounding), (exactly, rest) = pairs.step(at, along, size), net.step(exact, exact_along, size)
    there, away = after.balls()
    assert abs(pairs.distance(after, pairs.start) - net.distance(there, net.start)) <= away + arb(2) ** -80
    assert iterate.distance(after.balls()[0], exactly) <= rounding + rest
    assert 0 < rounding < 1e-19


@pytest.mark.parametrize(("widths", "bias", "name", "loss"), NETWORKS)
def test_layers_in_pairs_are_those_in_balls(widths: Shape, bias: bool, name: str, loss: str) -> None:
    for seed, gamma in enumerate((1e-3, 0.3, 1e6)):
        same(stored(widths, 4, seed=seed, bias=bias, name=name, loss=loss, gamma=gamma, pull=2.0), seed)


@pytest.mark.parametrize("loss", ["sum", "mean"])
@pytest.mark.parametrize("name", ALIKE)
def test_graphs_in_pairs_are_those_in_balls(name: str, loss: str) -> None:
    for seed, act in enumerate(("tanh", "gelu")):
        graph, x, y = drawn(name, seed, act, 1 + seed)
        same(in_graph(graph, x, 3 * y, loss, gamma=0.5), seed)


def test_a_fixed_map_with_an_offset() -> None:
    graph, x, y = drawn("permuted")
    c = in_graph(graph, x, y)
    fixed = next(k for k in c.kinds if isinstance(k, Fixed))
    object.__setattr__(fixed, "offset", np.linspace(-1, 1, fixed.size) / 3)
    same(c)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_norms_in_doubles_are_those_in_balls(name: str) -> None:
    for widths, bias in (((3, 6, 2), True), ((2, 4, 3, 2), True), ((5, 8, 1), False)):
        c = stored(widths, 4, bias=bias, name=name)
        net, pairs = both_ways(c)
        mine, theirs = pairs.reference(pairs.start), LayerReference(c, net.start)
        for reach in (1e-9, 1e-3, 0.3):
            (norm, ell), (exact, steep) = mine.over(pairs.start, arb(reach)), theirs.over(net.start, arb(reach))
            assert exact <= norm * (1 + 1e-12)
            assert steep <= ell * (1 + 1e-12)
            if reach == 1e-9:
                assert norm <= exact * (1 + 1e-7)
                assert ell <= steep * (1 + 1e-7)


def test_references_know_nothing_of_distances_out_of_range() -> None:
    c = stored((3, 6, 2), 4)
    _, pairs = both_ways(c)
    reference = pairs.reference(pairs.start)
    for reach in (arb("1e300"), arb("nan")):
        assert not reference.over(pairs.start, reach)[0].is_finite()


# --- curvature --------------------------------------------------------------------------------------------------------


def hidden(c: Stored, reach: float, lipschitz: float) -> float:
    _, pairs = both_ways(c)
    seen = pairs.forward(pairs.start)
    return float(pairs.curvature(pairs.start, seen, arb(reach), arb(lipschitz), arb.pos_inf())[0])


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("widths", "bias"), [((3, 5, 1), False), ((2, 4, 2), True)])
@pytest.mark.parametrize("reach", [0.0, 1e-3, 0.1])
def test_the_residual_term_of_a_hidden_layer(widths: Shape, bias: bool, name: str, reach: float) -> None:
    for seed, pull in ((0, 0.1), (1, 10.0)):
        c = stored(widths, 4, seed=seed, bias=bias, name=name, pull=pull)
        oracle = Oracle(c)
        points = oracle.in_ball(reach, 4 if reach else 0)
        steepest = max(float(torch.linalg.matrix_norm(oracle.jacobian(v), 2)) for v in points)
        bound = hidden(c, reach, 1.2 * steepest)
        assert max(float(oracle.residual_term(v)) for v in points) <= bound * (1 + 1e-9)
        if not reach:  # nearly that of balls
            net = LayerNetwork(c, c, -np.inf)
            exact = iterate.hidden_layer_curvature(c, net.start, net.forward(net.start), arb(0), arb(0))
            assert exact * (1 - 1e-12) <= bound <= exact * (1 + 1e-6)


def _units_above(monkeypatch: pytest.MonkeyPatch, lost: str | None) -> bool:
    """Whether some point of a ball is above the bound, one unit and a large residual, or none."""
    above = False
    for seed in range(12):
        c = stored((2, 1, 1), 1, seed=seed, pull=0.0 if lost == "s1" else 500.0)
        if lost == "s1":
            c.y[:] = Oracle(c).outputs(Oracle(c).at).numpy()
        reach, oracle = 0.3, Oracle(c)
        points = oracle.in_ball(reach, 60)[1:]
        steepest = max(float(oracle.jacobian(v).norm()) for v in points)
        if lost is not None:
            real = curvature.Units.__init__

            def without(self: Any, c: Stored, real: Any = real) -> None:
                real(self, c)
                setattr(self, f"_{lost}", Upper(0.0))

            with monkeypatch.context() as patch:
                patch.setattr(curvature.Units, "__init__", without)
                bound = hidden(c, reach, 1.05 * steepest)
        else:
            bound = hidden(c, reach, 1.05 * steepest)
        above |= any(float(oracle.residual_term(v)) > bound * (1 + 1e-9) for v in points)
    return above


@pytest.mark.slow
@pytest.mark.parametrize("lost", [None, "s1", "s3", "all", "longest"])
def test_a_change_forgotten_in_a_hidden_layer_is_noticed(lost: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _units_above(monkeypatch, lost) == (lost is not None)


def on_graph(c: GraphStored, reach: float, lipschitz: float) -> tuple[float, float]:
    _, pairs = both_ways(c)
    seen = pairs.forward(pairs.start)
    norm, concave = pairs.curvature(pairs.start, seen, arb(reach), arb(lipschitz), arb.pos_inf())
    return float(norm), float(concave)


@pytest.mark.slow
@pytest.mark.parametrize("act", ["tanh", "gelu", "sigmoid"])
@pytest.mark.parametrize("name", ALIKE)
def test_the_blocks_of_a_graph(name: str, act: str) -> None:
    for seed in range(2):
        graph, x, y = drawn(name, seed, act, 1 + seed)
        w = parameters(graph)
        values = torch.linalg.eigvalsh(second_part(graph, w, x, y))
        norm, concave = on_graph(in_graph(graph, x, y), 0.0, 0.0)
        assert -float(values[0]) * (1 - 1e-9) <= concave <= -float(values[0]) * (1 + 1e-5)
        assert norm == pytest.approx(float(values.abs().max()), rel=1e-5)
        assert norm >= float(values.abs().max()) * (1 - 1e-9)
        for reach in (1e-3, 0.1):
            points = _around(w, reach)
            steepest = max(_norm_of_jacobian(graph, v, x) for v in points)
            norm, concave = on_graph(in_graph(graph, x, y), reach, 1.2 * steepest)
            for v in points:
                values = torch.linalg.eigvalsh(second_part(graph, v, x, y))
                assert -float(values[0]) <= concave
                assert float(values.abs().max()) <= norm


def _around(w: torch.Tensor, reach: float, count: int = 8) -> list[torch.Tensor]:
    gen = torch.Generator().manual_seed(0)
    steps = [torch.randn(w.shape, generator=gen, dtype=torch.float64) for _ in range(count)]
    return [w + reach * s / s.norm() for s in steps]


def _norm_of_jacobian(graph: Graph, w: torch.Tensor, x: np.ndarray) -> float:
    return float(torch.linalg.matrix_norm(jacobian(graph, w, torch.as_tensor(x)), 2))


@pytest.mark.parametrize("lost", ["_form_off", "_mixed_off"])
def test_a_change_forgotten_in_a_graph_is_noticed(lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large residual makes Q's change the one that matters, none P's."""
    above = False
    monkeypatch.setattr(blocks.Blocks, lost, lambda self, *a: Upper(0.0))
    for seed in range(4):
        graph, x, y = drawn("dense", seed, "sin")
        x = x * (8 if lost == "_form_off" else 1)  # Q grows with its square, P with it
        w, data = parameters(graph), torch.as_tensor(x)
        y = 20 * y if lost == "_form_off" else _outputs(graph, w, data)
        c, reach = in_graph(graph, x, y), 0.2
        points = [*_around(w, reach, 40), *_up(graph, w, x, y, reach)]
        norm, _ = on_graph(c, reach, 1e-9)
        above |= any(float(torch.linalg.matrix_norm(second_part(graph, v, x, y), 2)) > norm for v in points)
    assert above


def _outputs(graph: Graph, w: torch.Tensor, data: torch.Tensor) -> np.ndarray:
    from tests.oracles.graphs import outputs

    return outputs(graph, w, data).detach().numpy().copy()


def _up(graph: Graph, w: torch.Tensor, x: np.ndarray, y: np.ndarray, reach: float) -> list[torch.Tensor]:
    """Ascent of ||E|| in the ball."""
    v, found = w, []
    for _ in range(6):
        g = torch.func.grad(lambda p: torch.linalg.matrix_norm(second_part(graph, p, x, y), 2))(v)
        away = v + reach / 3 * g / g.norm() - w
        v = w + away * min(1.0, reach / float(away.norm()))
        found.append(v)
    return found


@pytest.mark.parametrize("module", [blocks, curvature])
def test_rounding_is_counted(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A larger bound of rounding is a larger result."""
    graph, x, y = drawn("conv", 1)
    c = in_graph(graph, x, y) if module is blocks else stored((3, 5, 1), 4)
    found = on_graph if isinstance(c, GraphStored) else hidden
    before = found(c, 0.0, 0.0)  # type: ignore[arg-type]
    real = module.gamma
    monkeypatch.setattr(module, "gamma", lambda count: 1e8 * real(count))
    after = found(c, 0.0, 0.0)  # type: ignore[arg-type]
    assert np.max(after) > np.max(before) * (1 + 1e-9)


def test_a_moved_graph_is_the_graph_at_other_weights() -> None:
    graph, x, y = drawn("bias")
    w = parameters(graph)
    c = in_graph(moved(graph, w + 0.1), x, y)
    assert not np.array_equal(c.parameters[0][0], graph.groups[0].weight)
    same(c)
