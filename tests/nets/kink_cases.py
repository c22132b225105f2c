"""Small networks with kinks whose worst weights are known: what a rule with an error in it gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.curved import Curved, elu, hardswish
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear, clipped, leaky_relu, modulus, relu
from pltheory.nets.kinds.sums import Sum
from tests.oracles.kinked import Array, parameters, passed, starts

OVER = 1 + 1e-7
"""How far beyond a kink a token is sent."""


@dataclass(frozen=True)
class Case:
    """A network, data, the radius of a ball and weights in it, as moves from the centre."""

    graph: Graph
    x: Array
    radius: float
    moves: Sequence[Array]


def chain(*steps: object, size: int, kappas: Sequence[float] = ()) -> Graph:
    """Affine layers of arrays (weight, or weight and bias (O, q), (O,), or with patches (P, q) third) and kinds."""
    nodes, groups = [Node(Input(), (), size)], []
    for step in steps:
        at = len(nodes) - 1
        if isinstance(step, PiecewiseLinear | Curved):
            nodes.append(Node(step, (at,), nodes[at].size))
        elif isinstance(step, Maximum):
            nodes.append(Node(step, (at,), len(step.windows)))
        else:
            weight, bias, patches = (*step, None, None)[:3] if isinstance(step, tuple) else (step, None, None)
            weight = np.asarray(weight, dtype=float)
            patches = np.arange(weight.shape[1])[None] if patches is None else np.asarray(patches)
            kappa = kappas[len(groups)] if kappas else 1.0
            kind = Affine(len(groups), patches[None], kappa, 0.0 if bias is None else 1.0)
            nodes.append(Node(kind, (at,), len(weight) * len(patches)))
            groups.append(Group(weight[None], None if bias is None else np.asarray(bias, dtype=float)[None]))
    return Graph(tuple(nodes), tuple(groups))


def ones(n: int, d: int = 1) -> Array:
    return np.ones((n, d))


def move(graph: Graph, **entries: float) -> Array:
    """A move of single parameters by their place, p0=.., p3=.. ."""
    found = np.zeros(starts(graph)[-1])
    for name, value in entries.items():
        found[int(name[1:])] = value
    return found


def one_unit(act: PiecewiseLinear | None = None, x: float = 1.0) -> Case:
    """The rows of W jump by js |a| |x|."""
    graph = chain([[0.01 / x]], act or relu(), [[2.0]], size=1)
    return Case(graph, x * ones(1), 0.0101 / x, [move(graph, p0=-0.01 / x * OVER)])


def scaled_unit() -> Case:
    """kappa, and several outputs: |a| is a column's norm."""
    graph = chain([[0.01]], relu(), [[3.0], [4.0]], size=1, kappas=(-0.5, 2.0))
    return Case(graph, 4 * ones(1), 0.0101, [move(graph, p0=-0.01 * OVER)])


def one_of_two() -> Case:
    """The radius pays for one of two units alike."""
    graph = chain([[0.01], [0.01]], relu(), [[2.0, 2.0]], size=1)
    return Case(graph, ones(1), 0.01 * OVER, [move(graph, p0=-0.01 * OVER)])


def one_each() -> Case:
    """Two points that flip a unit each: of a pair both differ."""
    graph = chain([[0.01], [0.01]], relu(), [[2.0, 2.0]], size=1)
    return Case(graph, ones(1), 0.01 * OVER, [move(graph, p0=-0.01 * OVER), move(graph, p1=-0.01 * OVER)])


def just_across() -> Case:
    """A short step far from the centre."""
    graph = chain([[0.01]], relu(), [[2.0]], size=1)
    return Case(graph, ones(1), 0.0101, [move(graph, p0=-0.01 / OVER), move(graph, p0=-0.01 * OVER)])


def samples_alike(n: int = 4) -> Case:
    """One unit flips all copies of a sample: sqrt(n)."""
    graph = chain([[0.01]], relu(), [[2.0]], size=1)
    return Case(graph, ones(n), 0.0101, [move(graph, p0=-0.01 * OVER)])


def worst_sample() -> Case:
    """Two samples across, and only the second within reach."""
    graph = chain([[0.5, 0.01]], relu(), [[2.0]], size=2)
    return Case(graph, np.eye(2), 0.0101, [move(graph, p1=-0.01 * OVER)])


def two_units() -> Case:
    """Two flips at once, within the radius: sqrt(2)."""
    graph = chain([[0.01], [0.01]], relu(), [[2.0, 2.0]], size=1)
    return Case(graph, ones(1), 0.01 * 2**0.5 * OVER, [move(graph, p0=-0.01 * OVER, p1=-0.01 * OVER)])


def upper_break() -> Case:
    graph = chain([[0.99]], clipped(-1.0, 1.0), [[2.0]], size=1)
    return Case(graph, ones(1), 0.0101, [move(graph, p0=0.01 * OVER)])


def maxout(gap: float = 0.01) -> Case:
    """From one unit to the other: sqrt(2) |a|, at the cost of gap / sqrt(2)."""
    graph = chain([[gap], [0.0]], Maximum(np.array([[0, 1]])), [[2.0]], size=1)
    at = gap / 2 * OVER
    return Case(graph, ones(1), gap / 2**0.5 * OVER**2, [move(graph, p0=-at, p1=at)])


def shared_entry(k: int = 9) -> Case:
    """One entry stands in k windows: moving it flips all, |dz|^2 = k/(k + 1) where the margins' squares sum to k/2."""
    gap = 0.001
    weight = np.array([[gap], *[[0.0]] * k])
    graph = chain(weight, Maximum(np.array([[0, j] for j in range(1, k + 1)])), np.ones((1, k)), size=1)
    at = np.zeros(2 * k + 1)
    at[0], at[1 : k + 1] = -gap * k / (k + 1) * OVER, gap / (k + 1) * OVER
    return Case(graph, ones(1), float(np.linalg.norm(at)) * OVER, [at])


def shared_kept(k: int = 4) -> Case:
    """The same far from kinks: the shared entry moves k values, and k weights of the head move its row."""
    weight = np.array([[9.0], *[[0.0]] * k])
    graph = chain(weight, Maximum(np.array([[0, j] for j in range(1, k + 1)])), np.ones((1, k)), size=1)
    head = np.zeros(2 * k + 1)
    head[k + 1 :] = 1 / k**0.5
    return Case(graph, ones(1), 1.0, [move(graph, p0=1.0), head])


def through_shared(k: int = 4) -> Case:
    """A unit that reads all of these values flips sooner than it would without the root of k."""
    weight = np.array([[9.0], *[[0.0]] * k])
    act, mean = Maximum(np.array([[0, j] for j in range(1, k + 1)])), np.full((1, k), k**-0.5)
    graph = chain(weight, act, (mean, [-9.0 * k**0.5 - 0.15]), relu(), [[1.0]], size=1)
    return Case(graph, ones(1), 0.1, [move(graph, p0=0.0999)])


def sign(below: float, at: float = 0.01) -> Case:
    """The largest entry changes its sign; the other cannot."""
    graph = chain([[at], [-1.0]], Maximum(np.array([[0, 1]]), below), [[2.0]], size=1)
    return Case(graph, ones(1), 0.0101, [move(graph, p0=-at * OVER)])


def relu_wakes() -> Case:
    """All below 0: the largest comes up; a smaller one with the longer patch comes up first."""
    patches = np.array([[0], [1]])
    graph = chain(([[-0.02]], None, patches), Maximum(np.array([[0, 1]]), 0.0), [[2.0]], size=2)
    x = np.array([[0.5, 1.0], [1.0, 1.5]])
    return Case(graph, x, 0.021, [move(graph, p0=0.02 * OVER)])


def rising_loser() -> Case:
    """The largest is a constant below zero, a loser moves: with ReLU it wakes, without it passes."""
    patches = np.array([[0, 1], [2, 3]])
    graph = chain(([[-0.02, -1.0]], None, patches), Maximum(np.array([[0, 1]]), 0.0), [[2.0]], size=4)
    return Case(graph, np.array([[0.0, 0.0, 1.0, 0.0]]), 0.021, [move(graph, p0=0.02 * OVER)])


def falling_winner() -> Case:
    """The loser is the constant."""
    patches = np.array([[0, 1], [2, 3]])
    graph = chain(([[0.02, 1.0]], None, patches), Maximum(np.array([[0, 1]])), [[2.0]], size=4)
    return Case(graph, np.array([[1.0, 0.0, 0.0, 0.0]]), 0.021, [move(graph, p0=-0.02 * OVER)])


def places(windows: list[list[int]]) -> Case:
    """Places that hold nothing stand first."""
    graph = chain(([[0.01]], None, [[0], [1]]), Maximum(np.array(windows), 0.0), [[2.0]], size=2)
    return Case(graph, np.array([[1.0, -1.0]]), 0.0101, [move(graph, p0=-0.01 * OVER)])


def zero_patch_with_bias() -> Case:
    graph = chain(([[1.0]], [0.01]), relu(), [[2.0]], size=1)
    return Case(graph, 0 * ones(1), 0.0101, [move(graph, p1=-0.01 * OVER)])


def deep(*, w1: float = 1.0, w2: float = 1.0, bias: float, first: object = None) -> Graph:
    """W_1 (and a function), W_2 and a bias, ReLU, V = 1: parameters W_1, W_2, b, V."""
    steps = [[[w1]], *([first] if first else []), ([[w2]], [bias]), relu(), [[1.0]]]
    return chain(*steps, size=1)


def shifted(at: float) -> PiecewiseLinear:
    """max(z - at, 0)."""
    return PiecewiseLinear(np.array([at]), np.array([0.0, 1.0]), np.array([0.0, -at]))


def far() -> Case:
    """A flip further up changes both rows below it."""
    graph = deep(bias=-1.01)
    return Case(graph, ones(1), 0.0101, [move(graph, p2=0.01 * OVER)])


def far_by_input() -> Case:
    """Flipped by its own weights and what it reads, half and half."""
    graph = chain([[1.0]], [[1.0]], shifted(1.01), [[1.0]], size=1)
    return Case(graph, ones(1), 0.0075, [move(graph, p0=0.00502, p1=0.00502)])


def large_weights() -> Case:
    """Small weights that grow: a value moves by (|W_2| + s) |da|."""
    graph = chain([[0.0]], [[0.0]], shifted(0.24), [[1.0]], size=1)
    return Case(graph, ones(1), 0.7, [move(graph, p0=0.4905, p1=0.4905)])


def wakes_below() -> Case:
    """No row reaches the modulus while the unit above sleeps; in the ball it wakes, and rows double over the kink."""
    graph = deep(w1=0.001, bias=-0.01, first=modulus())
    awake = {"p2": 0.02}
    moves = [move(graph, p0=side * 1e-6 - 0.001, **awake) for side in (-1, 1)]
    return Case(graph, ones(1), 0.05, [*moves, move(graph, p0=-0.0011)])


def grown_patch() -> Case:
    """The unit's own rows jump by what it reads at the new weights."""
    graph = deep(w1=0.01, w2=-1.0, bias=0.0)
    return Case(graph, ones(1), 0.73, [move(graph, p0=0.5, p2=0.52)])


def batch_above(n: int = 4) -> Case:
    """A flip further up in copies of a sample: rows below jump by the root of n."""
    graph = deep(bias=-1.01)
    return Case(graph, ones(n), 0.0101, [move(graph, p0=0.005, p1=0.0035, p2=0.0035)])


def woken() -> Case:
    """A jump above passes to a unit that slept at the centre, and wakes in the ball."""
    graph = chain([[0.5], [-0.01]], relu(), ([[0.0, 30.0]], [-0.01]), relu(), [[1.0]], size=1)
    return Case(graph, ones(1), 0.0142, [move(graph, p1=0.01 * OVER, p4=0.01 * OVER)])


def grown_block() -> Case:
    """The weight that a jump above passes through is 0 at the centre."""
    graph = chain([[1.0]], relu(), ([[0.0]], [-0.01]), relu(), [[1.0]], size=1)
    return Case(graph, ones(1), 0.0101, [move(graph, p1=0.01 * OVER)])


def second_sample() -> Case:
    """A jump above, in the second sample alone, passes by the weight of the unit that is awake there."""
    graph = chain([[1.0, -1.0], [-1.0, 1.0]], relu(), ([[0.3, 5.0]], [-5.01]), relu(), [[1.0]], size=2)
    return Case(graph, np.eye(2), 0.0101, [move(graph, p6=0.01 * OVER)])


def bends() -> Case:
    """No kink within reach: the slope of hardswish, 1/2 + z/3, moves by a third of what z does."""
    graph = chain([[0.0]], hardswish(), [[2.0]], size=1)
    return Case(graph, ones(1), 0.1, [move(graph, p0=0.1)])


def steep() -> Case:
    """Just below the upper kink of hardswish, where its slope is 3/2: the next unit flips."""
    graph = chain([[2.9]], hardswish(), ([[1.0]], [-2.9 * 5.9 / 6 - 0.14]), relu(), [[1.0]], size=1)
    return Case(graph, ones(1), 0.0965, [move(graph, p0=0.0964)])


def curved_jump(act: Curved, at: float) -> Case:
    """A kink just ahead, at a distance that bends nothing."""
    graph = chain([[at - 1e-6]], act, [[2.0]], size=1)
    return Case(graph, ones(1), 1.1e-6, [move(graph, p0=1.05e-6)])


def old_and_new() -> Case:
    """Flips above pass a node that has flips of its own."""
    graph = deep(w1=0.01, w2=1.0, bias=-0.02, first=relu())
    return Case(graph, ones(1), 0.011, [move(graph, p0=0.005 * OVER, p2=0.0055), move(graph, p0=-0.01 * OVER)])


def tied() -> Case:
    """W is used twice: its second use moves with what it reads, too."""
    weight = np.array([[[1.0]]])
    kinds = (
        Input(),
        Affine(0, np.array([[[0]]]), 1.0, 0.0),
        Affine(0, np.array([[[0]]]), 1.0, 0.0),
        clipped(-1.02, 1.02),
    )
    nodes = [Node(kind, (v - 1,) if v else (), 1) for v, kind in enumerate(kinds)]
    nodes.append(Node(Affine(1, np.array([[[0]]]), 1.0, 0.0), (3,), 1))
    graph = Graph(tuple(nodes), (Group(weight, None), Group(2 * weight, None)))
    return Case(graph, ones(1), 0.0101, [move(graph, p0=0.01)])


def twice_in_a_patch() -> Case:
    """An entry that stands twice in a patch counts twice: z = (w + w') a."""
    graph = chain([[1.0]], ([[1.0, 1.0]], [-2.0255], [[0, 0]]), relu(), [[1.0]], size=1)
    a = 0.0099 / 7**0.5
    return Case(graph, ones(1), 0.01, [move(graph, p0=2 * a, p1=a, p2=a, p3=a)])


def convolved(seed: int = 0) -> Case:
    """Channels and positions: every unit over every one of its kinks by itself."""
    rng = np.random.default_rng(seed)
    patches = np.array([[0, 1], [1, 2], [2, 3]])
    graph = chain((0.1 * rng.standard_normal((2, 2)), None, patches), relu(), 5 * rng.standard_normal((1, 6)), size=4)
    x = rng.standard_normal((3, 4)) * np.array([[1.0], [0.2], [3.0]])
    at = passed(graph, parameters(graph), x)
    moves = []
    for i in range(3):
        for k in range(6):
            along = at.tangents[1][i, k]
            moves.append(-at.values[1][i, k] * OVER * along / (along @ along))
    radius = float(np.median([np.linalg.norm(m) for m in moves]))
    return Case(graph, x, radius, [m for m in moves if np.linalg.norm(m) <= radius])


def one_position() -> Case:
    """Of two channels at two places one token may flip, that of the longer patch: xi is its length."""
    patches = np.array([[0, 1], [2, 3]])
    graph = chain(([[1.0, 0.001], [1.0, 1.0]], None, patches), relu(), np.full((1, 4), 2.0), size=4)
    return Case(graph, np.array([[0.1, 0.0, 0.0, 5.0]]), 0.0011, [move(graph, p1=-0.001 * OVER)])


def some_tokens() -> Case:
    """Of a unit one sample may flip: its weights are left out all the same."""
    graph = chain([[0.5, 0.01], [0.6, 0.7]], relu(), [[2.0, 1.0]], size=2)
    return Case(graph, np.eye(2), 0.0101, [move(graph, p1=-0.01 * OVER)])


def two_readers() -> Case:
    """A layer under a function of entries and under a maximum; both flip, other units of it."""
    weight = np.array([[[0.01], [1.0], [1.005]]])
    nodes = (
        Node(Input(), (), 1),
        Node(Affine(0, np.array([[[0]]]), 1.0, 0.0), (0,), 3),
        Node(relu(), (1,), 3),
        Node(Maximum(np.array([[1, 2]])), (1,), 1),
        Node(Affine(1, np.array([[[0, 1, 2]]]), 1.0, 0.0), (2,), 1),
        Node(Affine(2, np.array([[[0]]]), 1.0, 0.0), (3,), 1),
    )
    nodes = (*nodes, Node(Sum(), (4, 5), 1))
    graph = Graph(nodes, (Group(weight, None), Group(np.ones((1, 1, 3)), None), Group(np.full((1, 1, 1), 2.0), None)))
    return Case(graph, ones(1), 0.0101, [move(graph, p0=-0.01 * OVER), move(graph, p1=0.0026, p2=-0.0026)])


def two_functions() -> Case:
    """A layer under two functions of entries; each flips another unit of it."""
    nodes = (
        Node(Input(), (), 1),
        Node(Affine(0, np.array([[[0]]]), 1.0, 0.0), (0,), 2),
        Node(relu(), (1,), 2),
        Node(clipped(-1.005, 1.005), (1,), 2),
        Node(Affine(1, np.array([[[0, 1]]]), 1.0, 0.0), (2,), 1),
        Node(Affine(2, np.array([[[0, 1]]]), 1.0, 0.0), (3,), 1),
        Node(Sum(), (4, 5), 1),
    )
    head = Group(np.full((1, 1, 2), 2.0), None)
    graph = Graph(nodes, (Group(np.array([[[0.01], [1.0]]]), None), head, head))
    return Case(graph, ones(1), 0.0101, [move(graph, p0=-0.01 * OVER), move(graph, p1=0.0051)])


def pooled(windows: list[list[int]], at: int = 0, below: float = 1.0) -> Case:
    """Two channels at two places with orthogonal patches, of lengths 1 and 3: one moves from the first to the second.

    `at` is its first entry; the other is far from kinks.
    """
    patches = np.array([[0, 1], [2, 3]])
    live, calm = [0.3, 0.0999], [5.0, 0.0]
    weight = np.array([live, calm] if at == 0 else [calm, live])
    graph = chain((weight, None, patches), Maximum(np.array(windows), below), np.full((1, len(windows)), 2.0), size=4)
    x = np.array([[1.0, 0.0, 0.0, 3.0]])
    # z = (w_0, 3 w_1), and w_0 - 3 w_1 = 0.0003: of all moves over that the least.
    step = 0.0003 / 10 * OVER
    return Case(graph, x, 0.001, [move(graph, **{f"p{at}": -step, f"p{at + 1}": 3 * step})])


def shared_position(k: int = 8) -> Case:
    """One place stands in k windows of its channel, the others are 0: the channel's row jumps by the sum of all."""
    patches = np.arange(k + 1)[:, None]
    windows = np.array([[0, j] for j in range(1, k + 1)])
    graph = chain(([[0.001]], None, patches), Maximum(windows), np.ones((1, k)), size=k + 1)
    x = np.zeros((1, k + 1))
    x[0, 0] = 1.0
    return Case(graph, x, 0.00101, [move(graph, p0=-0.001 * OVER)])


def across(*, along: bool = False) -> Case:
    """Two groups of channels, with a long patch and a short one, and a window over both; with another reader or not."""
    weight = np.array([[[0.1001]], [[1.0]]])
    nodes = [
        Node(Input(), (), 2),
        Node(Affine(0, np.array([[[0]], [[1]]]), 1.0, 0.0), (0,), 2),
        Node(Maximum(np.array([[0, 1]])), (1,), 1),
        Node(Affine(1, np.array([[[0]]]), 1.0, 0.0), (2,), 1),
    ]
    groups = [Group(weight, None), Group(np.full((1, 1, 1), 2.0), None)]
    if along:
        nodes += [
            Node(relu(), (1,), 2),
            Node(Affine(2, np.array([[[0, 1]]]), 1.0, 0.0), (4,), 1),
            Node(Sum(), (3, 5), 1),
        ]
        groups.append(Group(np.full((1, 1, 2), 0.01), None))
    graph = Graph(tuple(nodes), tuple(groups))
    step = 0.001 * OVER / 101
    return Case(graph, np.array([[10.0, 1.0]]), 0.00011, [move(graph, p0=-10 * step, p1=step)])


def two_of_each() -> Case:
    """Flips in a unit below and in one above at once; the other unit below jumps with the one above."""
    first = ([[0.1], [0.0001]], None)
    graph = chain(first, relu(), ([[10.0, 0.0]], [-10.01]), relu(), [[1.0]], size=1)
    x = 10 * ones(1)
    return Case(graph, x, 0.0101, [move(graph, p4=0.01 * OVER), move(graph, p1=-0.0001 * OVER, p4=0.01 * OVER)])


def wakes_beside() -> Case:
    """`wakes_below` with a unit beside it that is far from its kink."""
    graph = chain([[0.001], [0.07]], modulus(), ([[1.0, 0.0]], [-0.01]), relu(), [[1.0]], size=1)
    moves = [move(graph, p0=side * 1e-6 - 0.001, p4=0.02) for side in (-1, 1)]
    return Case(graph, ones(1), 0.05, moves)


def tied_units() -> Case:
    """W twice in a row: of its two units one may flip above, and the other's weights below jump with it."""
    weight = np.array([[[1.0, 5.0], [0.2, -1.0]]])
    patches = np.array([[[0, 1]]])
    nodes = (
        Node(Input(), (), 2),
        Node(Affine(0, patches, 1.0, 0.0), (0,), 2),
        Node(Affine(0, patches, 1.0, 0.0), (1,), 2),
        Node(PiecewiseLinear(np.array([2.01]), np.array([0.0, 1.0]), np.array([0.0, -2.01])), (2,), 2),
        Node(Affine(1, patches, 1.0, 0.0), (3,), 1),
    )
    graph = Graph(nodes, (Group(weight, None), Group(np.array([[[1.0, 0.0]]]), None)))
    # z_0 = w_00 (W x)_0 + w_01 (W x)_1 at x = (1, 0): 1 + 1.
    return Case(graph, np.array([[1.0, 0.0]]), 0.0021, [move(graph, p2=0.00201)])


CASES: dict[str, Callable[[], Case]] = {
    "one unit": one_unit,
    "modulus": lambda: one_unit(modulus()),
    "leaky": lambda: one_unit(leaky_relu(0.5)),
    "long patch": lambda: one_unit(x=3.0),
    "scaled unit": scaled_unit,
    "one of two": one_of_two,
    "one each": one_each,
    "just across": just_across,
    "samples alike": samples_alike,
    "worst sample": worst_sample,
    "two units": two_units,
    "upper break": upper_break,
    "maxout": maxout,
    "shared entry": shared_entry,
    "shared, kept": shared_kept,
    "through shared": through_shared,
    "leaky sign": lambda: sign(0.1),
    "relu sign": lambda: sign(0.0),
    "relu wakes": relu_wakes,
    "relu winner": lambda: sign(0.0, -0.01),
    "rising loser": rising_loser,
    "falling winner": falling_winner,
    "nothing first": lambda: places([[-1, 0, 1]]),
    "zero patch with bias": zero_patch_with_bias,
    "far": far,
    "far by input": far_by_input,
    "large weights": large_weights,
    "wakes below": wakes_below,
    "grown patch": grown_patch,
    "batch above": batch_above,
    "bends": bends,
    "steep": steep,
    "hardswish jumps": lambda: curved_jump(hardswish(), 3.0),
    "elu jumps": lambda: curved_jump(elu(0.4), 0.0),
    "woken": woken,
    "grown block": grown_block,
    "second sample": second_sample,
    "old and new": old_and_new,
    "tied": tied,
    "twice in a patch": twice_in_a_patch,
    "convolved": convolved,
    "one position": one_position,
    "some tokens": some_tokens,
    "two readers": two_readers,
    "two functions": two_functions,
    "pooled": lambda: pooled([[0, 1], [2, 3]]),
    "pooled, leaky": lambda: pooled([[0, 1], [2, 3]], below=0.1),
    "pooled last": lambda: pooled([[2, 3], [0, 1]], at=2, below=0.0),
    "pooled, overlapping": lambda: pooled([[0, 1], [1, -1], [2, 3], [3, -1]]),
    "pooled with padding": lambda: pooled([[-1, 0, 1], [-1, 2, 3]]),
    "shared position": shared_position,
    "across": across,
    "across and along": lambda: across(along=True),
    "two of each": two_of_each,
    "wakes beside": wakes_beside,
    "tied units": tied_units,
}
