"""Random tiny networks with kinks, one of each kind in turn; some tokens are put at their kinks or near them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pltheory.nets.graph import Graph
from pltheory.nets.kinds.curved import Curved, elu, hardswish
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear, clipped, leaky_relu, modulus, relu, shrunk

from .kinked import Array, parameters, passed, with_parameters
from .random_graphs import Builder, conv_patches, out_side

FUNCTIONS: tuple[Callable[[], PiecewiseLinear], ...] = (
    relu,
    lambda: leaky_relu(0.1),
    lambda: leaky_relu(0.3),
    lambda: clipped(-0.7, 0.7),
    modulus,
)
CURVED: tuple[Callable[[], PiecewiseLinear | Curved], ...] = (
    hardswish,
    lambda: shrunk(0.4),
    elu,
    lambda: elu(0.4),
    lambda: elu(1.7),
)
N = 3
"""Samples."""


@dataclass(frozen=True)
class RandomKinks:
    """A network with data x (N, N_0); kind is its name in `KINDS`."""

    kind: str
    graph: Graph
    x: Array


class Kinky(Builder):
    """A builder of nodes with kinks, one function for all of a network."""

    def bend(self, u: int) -> int:
        if not hasattr(self, "function"):
            self.function: PiecewiseLinear | Curved = FUNCTIONS[int(self.rng.integers(len(FUNCTIONS)))]()
        return self.add(self.function, (u,), self.size(u))

    def curve(self) -> None:
        """Have a function with curved pieces, or softshrink, in place of the others."""
        self.function = CURVED[int(self.rng.integers(len(CURVED)))]()

    def windows(self, channels: int, side: int, kernel: int, stride: int, padding: int = 0) -> Array:
        at = conv_patches((channels, side, side), kernel, stride, padding, 1, channels)
        return at.reshape(-1, kernel * kernel)

    def largest(self, u: int, windows: Array, below: float = 1.0) -> int:
        return self.add(Maximum(windows.astype(np.int64), below), (u,), len(windows))

    def scattered(self, channels: int, positions: int, *, apart: bool, mixed: bool = False) -> Array:
        """Any entries of a channel in any windows, of all places or of some, nothing where a window has fewer.

        Args:
            channels, positions: of what is read.
            apart: whether no two windows share an entry.
            mixed: whether the last window holds entries of two channels.
        """
        rng, found = self.rng, []
        for c in range(channels):
            own = c * positions + rng.permutation(positions)
            if apart:
                cuts = np.sort(
                    rng.choice(np.arange(1, positions + 1), min(positions, int(rng.integers(1, 3))), replace=False)
                )
                found += [part for part in np.split(own, cuts) if len(part)]
            else:
                sizes = rng.integers(1, positions + 1, int(rng.integers(2, 5)))
                found += [rng.permutation(own)[:k] for k in sizes]
        if mixed:
            found.append(rng.permutation(channels * positions)[: positions + 1])
        out = np.full((len(found), max(map(len, found)) + int(rng.integers(2))), -1)
        for row, part in zip(out, found, strict=True):
            row[np.sort(rng.choice(len(row), len(part), replace=False))] = part
        return rng.permutation(out)

    def pooled_below(self) -> float:
        return float(self.rng.choice([0.0, 0.1, 1.0]))

    def below(self) -> float:
        return float(self.rng.choice([0.0, 0.1, 0.3]))

    def pooling(self, side: int, *, channels: int = 2) -> Array:
        """Windows that are disjoint, overlap, or are padded, in front too."""
        kernel, stride, padding = ((2, 2, 0), (2, 1, 0), (2, 2, 1), (3, 1, 1))[int(self.rng.integers(4))]
        kernel = min(kernel, side)
        return self.windows(channels, side, kernel, stride, padding if kernel > 1 else 0)


def one(b: Kinky, c: int) -> int:
    return b.dense(b.bend(b.dense(b.input(2), int(b.rng.integers(2, 5)))), c)


def two(b: Kinky, c: int) -> int:
    at = b.bend(b.dense(b.input(2), int(b.rng.integers(2, 4))))
    return b.dense(b.bend(b.dense(at, int(b.rng.integers(2, 4)))), c)


def _conv(b: Kinky) -> tuple[int, int]:
    """A convolution of one or two channels to two; a side of two or three."""
    channels = int(b.rng.integers(1, 3))
    side, kernel, stride, padding = ((3, 2, 1, 0), (4, 2, 1, 0), (3, 3, 1, 1), (4, 2, 2, 0))[int(b.rng.integers(4))]
    groups = 2 if channels == 2 and b.rng.integers(2) else 1
    at = b.conv(b.input(channels * side**2), (channels, side, side), 2, kernel, stride, padding, 1, groups)
    return at, out_side(side, kernel, stride, padding)


def conv(b: Kinky, c: int) -> int:
    return b.dense(b.bend(_conv(b)[0]), c)


def conv_pool(b: Kinky, c: int) -> int:
    at, side = _conv(b)
    return b.dense(b.largest(b.bend(at), b.pooling(side)), c)


def conv_max(b: Kinky, c: int) -> int:
    """ReLU and max pooling as one node."""
    at, side = _conv(b)
    return b.dense(b.largest(at, b.pooling(side), b.below()), c)


def conv_pool_hidden(b: Kinky, c: int) -> int:
    at, side = _conv(b)
    return b.dense(b.bend(b.dense(b.largest(b.bend(at), b.pooling(side)), 2)), c)


def conv_max_hidden(b: Kinky, c: int) -> int:
    at, side = _conv(b)
    return b.dense(b.bend(b.dense(b.largest(at, b.pooling(side), b.below()), 2)), c)


def pool_alone(b: Kinky, c: int) -> int:
    """A maximum and no ReLU."""
    at, side = _conv(b)
    return b.dense(b.largest(at, b.pooling(side)), c)


def residual(b: Kinky, c: int) -> int:
    at = b.dense(b.input(2), 2)
    at = b.sum(at, b.dense(b.bend(at), 2))
    return b.dense(b.bend(at) if b.rng.integers(2) else at, c)


def residual_conv(b: Kinky, c: int) -> int:
    at = b.conv(b.input(9), (1, 3, 3), 2, 3, padding=1)
    at = b.sum(at, b.conv(b.bend(at), (2, 3, 3), 2, 3, padding=1))
    return b.dense(b.largest(at, b.windows(2, 3, 2, 1), b.below()), c)


def tied(b: Kinky, c: int) -> int:
    at = b.bend(b.dense(b.input(2), 2))
    at = b.bend(b.dense(at, 2, 0))
    return b.dense(at, c)


def two_readers(b: Kinky, c: int) -> int:
    """One affine node under a function of single entries and under a maximum."""
    at, side = _conv(b)
    return b.dense(b.joined(b.bend(at), b.largest(at, b.windows(2, side, 2, 1), b.below())), c)


def two_functions(b: Kinky, c: int) -> int:
    at = b.dense(b.input(2), 3)
    return b.dense(b.joined(b.bend(at), b.add(clipped(-0.2, 1.0), (at,), 3)), c)


def maxout(b: Kinky, c: int) -> int:
    at = b.dense(b.input(2), 4)
    windows = np.array([[0, 1], [2, 3]]) if b.rng.integers(2) else np.array([[-1, 0, 1], [1, 2, 3]])
    return b.dense(b.largest(at, windows, float(b.rng.choice([1.0, b.below()]))), c)


def smooth_below(b: Kinky, c: int) -> int:
    at = b.act(b.dense(b.input(2), 2), "tanh")
    return b.dense(b.bend(b.dense(at, 3)), c)


def smooth_above(b: Kinky, c: int) -> int:
    at = b.bend(b.dense(b.input(2), 3))
    return b.dense(b.act(b.dense(at, 2), "tanh"), c)


def bent_output(b: Kinky, c: int) -> int:
    return b.bend(b.dense(b.bend(b.dense(b.input(2), 2)), c))


def positions(b: Kinky, c: int) -> int:
    """A dense layer below a convolution."""
    at = b.bend(b.dense(b.input(2), 4))
    return b.dense(b.bend(b.conv(at, (1, 2, 2), 2, 2, padding=1)), c)


def curved(b: Kinky, c: int) -> int:
    b.curve()
    return one(b, c)


def curved_two(b: Kinky, c: int) -> int:
    b.curve()
    return two(b, c)


def curved_pool(b: Kinky, c: int) -> int:
    b.curve()
    return conv_pool_hidden(b, c)


def curved_residual(b: Kinky, c: int) -> int:
    b.curve()
    return residual(b, c)


KINDS: dict[str, Callable[[Kinky, int], int]] = {
    f.__name__: f
    for f in (
        one, two, conv, conv_pool, conv_max, conv_pool_hidden, conv_max_hidden, pool_alone, residual, residual_conv,
        tied, two_readers, two_functions, maxout, smooth_below, smooth_above, bent_output, positions,
        curved, curved_two, curved_pool, curved_residual,
    )
}  # fmt: skip


def gated(b: Kinky, c: int) -> int:
    """A product with one factor bent, or both."""
    at = b.input(2)
    u, v = b.bend(b.dense(at, 3)), b.dense(at, 3)
    return b.dense(b.gate(u, b.bend(v) if b.rng.integers(2) else v), c)


def gated_below(b: Kinky, c: int) -> int:
    at = b.input(2)
    u = b.gate(b.dense(at, 2), b.dense(at, 2) if b.rng.integers(2) else 1)
    return b.dense(b.bend(b.dense(u, 2)), c)


def averaged(b: Kinky, c: int) -> int:
    """A fixed map between kinks: average pooling."""
    at = b.bend(b.conv(b.input(16), (1, 4, 4), 2, 2))
    at, (channels, side, _) = b.pooled(at, (2, 3, 3), 2, 1)
    at = b.conv(at, (channels, side, side), 2, 2, padding=1)
    return b.dense(b.largest(at, b.windows(2, 3, 2, 1), b.below()), c)


def doubly_maximal(b: Kinky, c: int) -> int:
    """A maximum of maxima that overlap."""
    at = b.conv(b.input(16), (1, 4, 4), 2, 2)
    at = b.largest(at, b.windows(2, 3, 2, 1), b.below())
    return b.dense(b.largest(at, b.windows(2, 2, 2, 1, 1)), c)


def normalised(b: Kinky, c: int) -> int:
    """Trainable scale and shift by channel, below kinks."""
    at = b.conv(b.input(9), (1, 3, 3), 2, 2)
    at = b.bend(b.normalised(at, np.arange(8).reshape(2, 4)))
    return b.dense(at, c)


def windows_apart(b: Kinky, c: int) -> int:
    """ReLU and max pooling as one node, or max pooling alone: windows of a channel's entries that are disjoint."""
    at, side = _conv(b)
    return b.dense(b.largest(at, b.scattered(2, side**2, apart=True), b.pooled_below()), c)


def windows_shared(b: Kinky, c: int) -> int:
    """Windows that overlap."""
    at, side = _conv(b)
    return b.dense(b.largest(at, b.scattered(2, side**2, apart=False), b.pooled_below()), c)


def windows_hidden(b: Kinky, c: int) -> int:
    """Over a convolution whose patches move, and under another kink."""
    at = b.bend(b.dense(b.input(2), 4))
    at = b.conv(at, (1, 2, 2), 2, 2, padding=int(b.rng.integers(2)))
    positions = b.size(at) // 2
    at = b.largest(at, b.scattered(2, positions, apart=bool(b.rng.integers(2))), b.pooled_below())
    return b.dense(b.bend(b.dense(at, 2)) if b.rng.integers(2) else at, c)


def windows_beside(b: Kinky, c: int) -> int:
    """Two maxima over one convolution, one of them sometimes over both of its channels."""
    at, side = _conv(b)
    mixed = bool(b.rng.integers(2))
    left = b.largest(at, b.scattered(2, side**2, apart=True), b.pooled_below())
    right = b.largest(at, b.scattered(2, side**2, apart=False, mixed=mixed), b.pooled_below())
    return b.dense(b.joined(left, right), c)


MORE: dict[str, Callable[[Kinky, int], int]] = {
    f.__name__: f
    for f in (
        gated, gated_below, averaged, doubly_maximal, normalised, windows_apart, windows_shared, windows_hidden,
        windows_beside,
    )
}  # fmt: skip
"""Kinds that are drawn only by name."""


def random_kinks(seed: int, kind: str | None = None) -> RandomKinks:
    """The seed's network with C = 1 or 3 outputs; kinds take turns unless one is asked for."""
    rng = np.random.default_rng([seed, 7])
    chosen = kind or list(KINDS)[seed % len(KINDS)]
    builder = Kinky(rng)
    (KINDS | MORE)[chosen](builder, int(rng.choice([1, 3])))
    graph = Graph(tuple(builder.nodes), tuple(builder.groups))
    x = rng.standard_normal((N, graph.nodes[0].size))
    special = int(rng.integers(8))
    if special == 0:
        x[1] = x[0]
    elif special == 1:
        x[2] = 0.0
    elif special == 2:
        x = np.round(x)
        graph = with_parameters(graph, np.round(parameters(graph)))
    elif special in (3, 4):
        x[:, rng.integers(x.shape[1], size=x.shape[1] // 2)] = 0.0
    if rng.integers(2):
        graph = hovering(graph, x, rng)
    return RandomKinks(chosen, graph, x)


def breaks_of(kind: object) -> Array:
    """Of a function of one entry where its derivative jumps; nothing of any other kind."""
    return kind.breaks if isinstance(kind, PiecewiseLinear | Curved) else np.zeros(0)


def hovering(graph: Graph, x: Array, rng: np.random.Generator) -> Graph:
    """Weights moved as little as brings one or two tokens next to a kink."""
    w = parameters(graph)
    chosen = [(v, n) for v, n in enumerate(graph.nodes) if isinstance(n.kind, Maximum) or len(breaks_of(n.kind))]
    for _ in range(int(rng.integers(1, 3)) if chosen else 0):
        at = passed(graph, w, x)
        _v, node = chosen[int(rng.integers(len(chosen)))]
        z, d = at.values[node.inputs[0]], at.tangents[node.inputs[0]]
        i = int(rng.integers(len(z)))
        if not isinstance(node.kind, Maximum):
            k = int(rng.integers(z.shape[1]))
            off, along = z[i, k] - rng.choice(node.kind.breaks), d[i, k]
        else:
            window = node.kind.windows[int(rng.integers(len(node.kind.windows)))]
            window = window[window >= 0]
            first, second = (int(rng.choice(window)) for _ in range(2))
            off, along = z[i, first] - z[i, second], d[i, first] - d[i, second]
        if along @ along > 1e-6:
            aim = float(rng.choice([0.0, 1e-9, 1e-3, 1e-2])) * rng.choice([-1, 1])
            w = w - (off - aim) * along / (along @ along)
    return with_parameters(graph, w)
