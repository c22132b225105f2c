"""Outputs, kernel and numbers of a graph at its weights: against autograd, and against balls of 200 bits."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from pltheory.nets.centre import linearize
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine, AffineNumbers
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise, PointwiseNumbers
from pltheory.nets.kinds.product import Product, ProductNumbers
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.kinds.tokens import TokenNumbers, Tokens
from pltheory.nets.roundoff import output_error
from pltheory.nets.tape import Weighted
from pltheory.rigor.errors import NoVerdictError
from pltheory.theory import InvalidInputError, NumericalFailureError
from tests.oracles.equality_cases import whole
from tests.oracles.graph_exact import apart, linearised, precision
from tests.oracles.graphs import jacobian, outputs, parameters, tensors, values
from tests.oracles.random_graphs import KINDS, random_graph

SEEDS = range(len(KINDS), 2 * len(KINDS))


@pytest.mark.parametrize("seed", SEEDS)
def test_outputs_and_kernel_are_autograds(seed):
    drawn = random_graph(seed)
    at = linearize(drawn.graph, drawn.x.numpy(), FLOATS)
    w = parameters(drawn.graph)
    rows = jacobian(drawn.graph, w, drawn.x)
    torch.testing.assert_close(torch.tensor(at.outputs), outputs(drawn.graph, w, drawn.x), rtol=1e-12, atol=1e-13)
    size = float((rows @ rows.T).norm())
    torch.testing.assert_close(torch.tensor(at.kernel), rows @ rows.T, rtol=1e-12, atol=1e-12 * size)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_enclosures_hold_the_exact_outputs_and_kernel(seed):
    """Of the graph and, every node being the last of a graph of its own, of every node."""
    drawn = random_graph(seed)
    graph, x = drawn.graph, drawn.x.numpy()
    with precision():
        exact, kernel = linearised(graph, x)
        at = linearize(graph, x, VERIFIED)
        assert apart(kernel, at.kernel.mid) < at.kernel.rad
        assert at.kernel.rad < 1e-10 * np.linalg.norm(at.kernel.mid)
        for v in range(1, len(graph.nodes)):
            try:
                part = linearize(Graph(graph.nodes[: v + 1], graph.groups), x, VERIFIED)
            except InvalidInputError:  # nothing in it moves
                continue
            assert apart(exact[v], part.outputs.mid) <= part.outputs.rad
            assert part.outputs.rad < 1e-10 * (1 + np.linalg.norm(part.outputs.mid))


def flat(at: object) -> list[tuple[str, float]]:
    """The floats of a node's numbers, by name."""
    out = []
    for f in fields(at):  # type: ignore[arg-type]
        value = getattr(at, f.name)
        if isinstance(value, tuple):
            out += [(f"{f.name} {k}", v) for k, term in enumerate(value) for _, v in flat(term)]
        elif isinstance(value, float):
            out.append((f.name, value))
    return out


@pytest.mark.parametrize("seed", SEEDS)
def test_enclosed_numbers_are_bounds_and_near(seed):
    drawn = random_graph(seed)
    x = drawn.x.numpy()
    plain, verified = (linearize(drawn.graph, x, field).numbers for field in (FLOATS, VERIFIED))
    for low, high in zip(plain, verified, strict=True):
        assert (low is None) == (high is None)
        if low is None:
            continue
        for (name, a), (_, b) in zip(flat(low), flat(high), strict=True):
            a, b = (b, a) if name in ("shortest", "offset") else (a, b)
            assert a <= b * (1 + 1e-12) + 1e-13, name
            assert b <= a * (1 + 1e-6) + 1e-6, name


def backward_rows(graph: Graph, v: int, x: torch.Tensor) -> torch.Tensor:
    """dF/da_v at the weights, (n, C, N_v), by autograd."""
    w = parameters(graph)
    found = values(graph, w, x)

    def rest(a: torch.Tensor) -> torch.Tensor:
        held = [*found[:v], a]
        for u in range(v + 1, len(graph.nodes)):
            node = graph.nodes[u]
            held.append(step(graph, w, node, [held[k] for k in node.inputs]))
        return held[-1]

    whole_rows = torch.func.jacrev(rest)(found[v])  # (n, C, n, N)
    return torch.stack([whole_rows[i, :, i] for i in range(len(x))])


def step(graph: Graph, w: torch.Tensor, node: Node, inputs: list[torch.Tensor]) -> torch.Tensor:
    """One node on given values: a graph of an input that holds them all, crops, and the node."""
    sizes = [a.shape[1] for a in inputs]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    nodes = [Node(Input(), (), int(starts[-1]))]
    for start, size in zip(starts, sizes, strict=False):
        nodes.append(Node(Fixed(np.arange(start, start + size)[:, None], np.ones((size, 1))), (0,), size))
    nodes.append(Node(node.kind, tuple(range(1, len(sizes) + 1)), node.size))
    return values(Graph(tuple(nodes), graph.groups), w, torch.cat(inputs, dim=1))[-1]


def largest(x: torch.Tensor) -> float:
    """Largest spectral norm in a stack."""
    return float(torch.linalg.matrix_norm(x, 2).max())


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_the_norms_that_they_are_named_after(kind):
    drawn = random_graph(5, kind)
    graph, x = drawn.graph, drawn.x
    at = linearize(graph, x.numpy(), FLOATS).numbers
    w = parameters(graph)
    found = values(graph, w, x)
    seen = 0
    for v, node in enumerate(graph.nodes):
        if at[v] is None:
            continue
        b = backward_rows(graph, v, x)
        n, c, size = b.shape
        seen += 1
        match at[v]:
            case AffineNumbers() as a:
                weight = tensors(graph, w)[node.kind.group][0]
                g, o, q = weight.shape
                p = size // (g * o)
                e = torch.cat([found[node.inputs[0]], torch.zeros(n, 1, dtype=x.dtype)], dim=1)[
                    :, torch.as_tensor(node.kind.patches)
                ]
                e = torch.cat([node.kind.kappa * e, torch.full((n, g, p, 1), node.kind.tau, dtype=x.dtype)], dim=3)
                split = b.reshape(n, c, g, o, p).permute(2, 0, 1, 4, 3)
                basis = torch.eye(graph.nodes[node.inputs[0]].size, dtype=x.dtype)
                exact = {
                    "inputs": largest(e.transpose(0, 1).reshape(g, n * p, q + 1)),
                    "input_max": largest(e),
                    "rows": largest(b.reshape(1, n * c, size)),
                    "squares": float(torch.linalg.matrix_norm(b, 2).norm()),
                    "row_max": largest(b),
                    "group_rows": largest(split.reshape(g, n * c * p, o)),
                    "group_row_max": largest(split.reshape(g * n, c * p, o)),
                }
                if node.kind.dense:
                    exact["squares"] = exact["group_rows"]
                for name, value in exact.items():
                    assert getattr(a, name) == pytest.approx(value, rel=1e-10), name
                counts = np.bincount(node.kind.patches[node.kind.patches >= 0], minlength=1)
                assert a.reach == pytest.approx(abs(node.kind.kappa) * counts.max() ** 0.5, rel=1e-12)
                if a.spread:
                    linear = step(graph, w, node, [basis]) - step(graph, w, node, [0 * basis])
                    spread = largest(linear[None])
                    assert spread * (1 - 1e-12) <= a.spread <= 3 * spread + 1e-12
            case TokenNumbers() as a:
                t = torch.as_tensor(node.kind.tokens)
                assert a.columns == pytest.approx(largest(b[:, :, t].transpose(1, 2)), rel=1e-10)
                z = found[node.inputs[0]][:, t]
                z = z - z.mean(-1, keepdim=True) if node.kind.map == "layer-norm" else z
                if node.kind.map != "softmax":
                    assert a.shortest == pytest.approx(float(z.norm(dim=-1).min()), rel=1e-10)
            case ProductNumbers() as a:
                left, right = (found[u] for u in node.inputs)
                assert a.left == pytest.approx(largest(left[:, torch.as_tensor(node.kind.left)]), rel=1e-10)
                assert a.right == pytest.approx(largest(right[:, torch.as_tensor(node.kind.right)]), rel=1e-10)
                assert a.row_max == pytest.approx(largest(b), rel=1e-10)
            case PointwiseNumbers() as a:
                mu = b.norm(dim=1).numpy()
                for terms, c_ in ((a.columns, mu), (a.roots, np.sqrt(mu))):
                    require_weighted(graph, w, x, node.inputs[0], c_, terms)
    assert seen


def require_weighted(graph, w, x, u, c, terms: tuple[Weighted, ...]) -> None:
    """The terms bound ||c o dA_u|| for moves of one affine node's own weights, and attain it where u is affine."""
    kind = graph.nodes[u].kind
    if not isinstance(kind, Affine):
        return
    (term,) = terms
    weight = tensors(graph, w)[kind.group][0]
    g, o, _q = weight.shape
    n, p = len(x), kind.patches.shape[1]
    a = values(graph, w, x)[graph.nodes[u].inputs[0]]
    e = torch.cat([a, torch.zeros(n, 1, dtype=x.dtype)], dim=1)[:, torch.as_tensor(kind.patches)]
    e = torch.cat([kind.kappa * e, torch.full((n, g, p, 1), kind.tau, dtype=x.dtype)], dim=3)
    weighted = torch.as_tensor(c).reshape(n, g, o, p, 1) * e[:, :, None]
    assert term.largest == pytest.approx(c.max())
    assert term.batch == pytest.approx(largest(weighted.permute(1, 2, 0, 3, 4).reshape(g * o, n * p, -1)), rel=1e-9)
    assert term.sample == pytest.approx(largest(weighted), rel=1e-9)


# --- places where a number was once too small ---


def test_what_stands_before_the_first_layer_counts_its_rounding():
    """Thirty factors of 1/3 and 3 before a layer that is the identity: the data are off, and nothing in them moves."""
    nodes = [Node(Input(), (), 8)]
    for k in range(60):
        factor = np.full((8, 1), (0.1, 10.0)[k % 2])
        nodes.append(Node(Fixed(np.arange(8)[:, None], factor), (k,), 8))
    nodes.append(Node(Affine(0, np.arange(8)[None, :, None], 1.0, 0.0), (60,), 8))
    graph = Graph(tuple(nodes), (Group(np.ones((1, 1, 1)), None),))
    x = 1 + np.arange(8.0)[None] / 7
    with precision():
        exact, kernel = linearised(graph, x)
        at = linearize(graph, x, VERIFIED)
        assert apart(exact[-1], at.outputs.mid) <= at.outputs.rad
        assert apart(kernel, at.kernel.mid) <= at.kernel.rad


@pytest.mark.parametrize("field", [FLOATS, VERIFIED], ids=["floats", "verified"])
def test_a_node_that_nothing_reads_takes_nothing_from_the_kernel(field):
    """Its group is also read by the output: the kernel is that of the graph without it."""
    x, group = np.array([[1.0, 2.0], [0.5, -1.0]]), Group(np.array([[[0.3, -0.2]]]), None)
    one = Node(Affine(0, whole(2), 1.0, 0.0), (0,), 1)
    end = Node(Pointwise("tanh"), (1,), 1)
    idle = Node(Sum(), (0, 0), 2)
    plain = linearize(Graph((Node(Input(), (), 2), one, end), (group,)), x, field)
    more = Graph((Node(Input(), (), 2), one, one, idle, replace(end, inputs=(1,))), (group,))
    other = linearize(more, x, field)
    middle = (lambda k: k.mid) if field is VERIFIED else (lambda k: k)
    np.testing.assert_allclose(middle(other.kernel), middle(plain.kernel), rtol=1e-12)


def test_a_graph_without_parameters_is_refused():
    graph = Graph((Node(Input(), (), 2), Node(Pointwise("tanh"), (0,), 2)), ())
    with pytest.raises(InvalidInputError, match="depends on no parameter"):
        linearize(graph, np.ones((1, 2)), FLOATS)


def test_tokens_whose_squares_underflow_get_no_verdict():
    """sqrt(|x|^2 + d eps) of entries of 1e-162 and eps = 5e-324: the square is lost and eps is no larger."""
    nodes = (
        Node(Input(), (), 2),
        Node(Tokens("rms-norm", np.array([[0, 1]]), 5e-324), (0,), 2),
        Node(Affine(0, whole(2), 1.0, 0.0), (1,), 1),
    )
    with pytest.raises(NoVerdictError, match="underflow"):
        linearize(Graph(nodes, (Group(np.ones((1, 1, 2)), None),)), np.full((1, 2), 1.5e-162), VERIFIED)


def test_a_product_of_a_node_with_itself_is_a_square():
    index = np.arange(2)[:, None, None]
    nodes = (
        Node(Input(), (), 2),
        Node(Affine(0, whole(2), 1.0, 0.0), (0,), 2),
        Node(Product(index, index, -0.5), (1, 1), 2),
    )
    graph = Graph(nodes, (Group(np.array([[[1.0, 2.0], [-1.0, 0.5]]]), None),))
    x = torch.tensor([[0.3, -0.7]], dtype=torch.float64)
    rows = jacobian(graph, parameters(graph), x)
    np.testing.assert_allclose(linearize(graph, x.numpy(), FLOATS).kernel, (rows @ rows.T).numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_an_overflow_is_no_traceback(kind):
    drawn = random_graph(2, kind)
    graph = replace(
        drawn.graph,
        groups=tuple(
            Group(np.full(g.weight.shape, 1e200), None if g.bias is None else np.full(g.bias.shape, 1e200))
            for g in drawn.graph.groups
        ),
    )
    with np.errstate(all="ignore"), pytest.raises(NumericalFailureError, match="not finite"):
        linearize(graph, 1e10 * drawn.x.numpy(), FLOATS)
    with pytest.raises(NoVerdictError):
        linearize(graph, 1e10 * drawn.x.numpy(), VERIFIED)


@pytest.mark.parametrize("seed", [*SEEDS, *range(6)])
def test_rounding_of_the_outputs_by_the_rows_it_meets(seed):
    """Another bound of how far the outputs are off; in graphs of some depth by less than products of norms say."""
    drawn = random_graph(seed)
    at = linearize(drawn.graph, drawn.x.numpy(), VERIFIED)
    with precision():
        exact, _ = linearised(drawn.graph, drawn.x.numpy())
        bound = output_error(drawn.graph, at.numbers, at.rounding)
        assert apart(exact[-1], at.outputs.mid) <= bound
    assert bound <= 3 * at.outputs.rad


@pytest.mark.parametrize("at_node", [1, 2])
def test_an_error_in_both_factors_of_a_product_is_followed(at_node):
    """A gate of values that are 0: the second order of the errors is all that there is at it, and no rounding."""
    nodes = (
        Node(Input(), (), 1),
        Node(Affine(0, whole(1), 1.0, 0.0), (0,), 1),
        Node(Pointwise("tanh"), (1,), 1),
        Node(Product(np.zeros((1, 1, 1), dtype=np.int64), np.zeros((1, 1, 1), dtype=np.int64)), (2, 2), 1),
    )
    graph = Graph(nodes, (Group(np.zeros((1, 1, 1)), None),))
    at = linearize(graph, np.ones((1, 1)), VERIFIED)
    first = 2.0**-20
    rounding = list(at.rounding)
    rounding[at_node] = replace(rounding[at_node], added=first)
    # B at the gate is 2 a, 0 at the exact values: with a = first at the end of the segment, F is tanh(first)^2.
    assert 0.999 * first**2 <= output_error(graph, at.numbers, rounding) <= 10 * first**2
