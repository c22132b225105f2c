"""Random tiny graphs of class G, one of each kind in turn; the index maps are written here again, by loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from pltheory.nets.activations import is_known
from pltheory.nets.graph import Graph, Group, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.kinds.tokens import Tokens

N = 3
"""Samples."""
Shape = tuple[int, ...]


@dataclass(frozen=True)
class RandomGraph:
    """A graph with data.

    Attributes:
        kind: its name in `KINDS`.
        graph: with weights drawn.
        x: (N, N_0), two of them nearly parallel in a tenth of the draws.
        y: (N, C).
    """

    kind: str
    graph: Graph
    x: Tensor
    y: Tensor


def conv_patches(shape: Shape, kernel: int, stride: int, padding: int, dilation: int, groups: int) -> np.ndarray:
    """Patches (groups, P, q) of a convolution of (channels, height, width), zeros where padded."""
    channels, height, width = shape
    at = np.full((channels, height + 2 * padding, width + 2 * padding), -1)
    at[:, padding : padding + height, padding : padding + width] = np.arange(np.prod(shape)).reshape(shape)
    reach = dilation * (kernel - 1)
    corners = [(r, c) for r in range(0, at.shape[1] - reach, stride) for c in range(0, at.shape[2] - reach, stride)]
    steps = range(0, reach + 1, dilation)
    per = channels // groups
    return np.array(
        [
            [
                [at[k, r + i, c + j] for k in range(g * per, (g + 1) * per) for i in steps for j in steps]
                for r, c in corners
            ]
            for g in range(groups)
        ]
    )


def out_side(side: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Positions along one axis."""
    return (side + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@dataclass
class Builder:
    """Nodes and groups as they come; every method returns the new node's index."""

    rng: np.random.Generator
    nodes: list[Node] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    kinds: tuple[str, ...] = tuple(name for name in ("tanh", "softplus", "erf", "sin") if is_known(name))

    def __post_init__(self) -> None:
        self.act_name = str(self.rng.choice(self.kinds))
        self.ntk, self.bias = bool(self.rng.integers(2)), bool(self.rng.integers(2))

    def size(self, u: int) -> int:
        return self.nodes[u].size

    def add(self, kind, inputs: tuple[int, ...], size: int) -> int:
        self.nodes.append(Node(kind, inputs, int(size)))
        return len(self.nodes) - 1

    def input(self, size: int) -> int:
        return self.add(Input(), (), size)

    def group(self, g: int, o: int, q: int, *, bias: bool | None = None, near_one: bool = False) -> int:
        scale = 0.3 if near_one else 1.0 if self.ntk else max(q, 1) ** -0.5
        weight = scale * self.rng.standard_normal((g, o, q)) + (1.0 if near_one else 0.0)
        has = self.bias if bias is None else bias
        self.groups.append(Group(weight, 0.3 * self.rng.standard_normal((g, o)) if has else None))
        return len(self.groups) - 1

    def affine(self, u: int, patches: np.ndarray, group: int) -> int:
        weight, bias = self.groups[group].weight, self.groups[group].bias
        near = patches.shape[2] <= 1
        kappa = float(patches.shape[2] ** -0.5) if self.ntk and not near else float(self.rng.choice([1.0, 0.5]))
        tau = 0.0 if bias is None else float(self.rng.choice([1.0, 0.1]))
        kind = Affine(group, patches.astype(np.int64), kappa, tau)
        return self.add(kind, (u,), weight.shape[0] * weight.shape[1] * patches.shape[1])

    def dense(self, u: int, outputs: int, group: int | None = None) -> int:
        q = self.size(u)
        at = self.group(1, outputs, q) if group is None else group
        return self.affine(u, np.arange(q)[None, None], at)

    def conv(self, u: int, shape: Shape, outputs: int, kernel: int, stride=1, padding=0, dilation=1, groups=1) -> int:
        patches = conv_patches(shape, kernel, stride, padding, dilation, groups)
        return self.affine(u, patches, self.group(groups, outputs // groups, patches.shape[2]))

    def shared(self, u: int, tokens: np.ndarray, outputs: int, group: int | None = None) -> tuple[int, np.ndarray]:
        """A linear map of every token (T, d), and the new tokens (T, outputs): the node is (output, token)-ordered."""
        at = self.group(1, outputs, tokens.shape[1]) if group is None else group
        node = self.affine(u, tokens[None], at)
        return node, np.arange(outputs * len(tokens)).reshape(outputs, len(tokens)).T.copy()

    def shift(self, u: int) -> int:
        """A trainable vector added."""
        n = self.size(u)
        return self.sum(u, self.affine(u, np.zeros((1, 1, 0), dtype=np.int64), self.group(1, n, 0, bias=True)))

    def scaled(self, u: int, blocks: np.ndarray) -> int:
        """Trainable scale and shift by block, (G, P) entries that form a block."""
        group = self.group(len(blocks), 1, 1, bias=True, near_one=True)
        node = self.affine(u, blocks[:, :, None], group)
        return self.permuted(node, np.argsort(blocks.ravel()))

    def permuted(self, u: int, index: np.ndarray, factor: float = 1.0) -> int:
        index = np.asarray(index, dtype=np.int64).reshape(-1, 1)
        return self.add(Fixed(index, np.where(index < 0, 0.0, factor)), (u,), len(index))

    def pooled(self, u: int, shape: Shape, kernel: int, stride: int) -> tuple[int, Shape]:
        channels, side = shape[0], out_side(shape[1], kernel, stride, 0)
        patches = conv_patches(shape, kernel, stride, 0, 1, channels)
        index = patches.reshape(-1, kernel * kernel).astype(np.int64)
        return self.add(Fixed(index, np.full(index.shape, 1 / kernel**2)), (u,), len(index)), (channels, side, side)

    def normalised(self, u: int, blocks: np.ndarray) -> int:
        """Fixed statistics, an offset, then trainable scale and shift."""
        n = self.size(u)
        index = np.arange(n)[:, None]
        factor, offset = self.rng.uniform(0.5, 1.5, (n, 1)), 0.3 * self.rng.standard_normal(n)
        return self.scaled(self.add(Fixed(index, factor, offset), (u,), n), blocks)

    def act(self, u: int, name: str | None = None) -> int:
        return self.add(Pointwise(name or self.act_name), (u,), self.size(u))

    def sum(self, *nodes: int) -> int:
        return self.add(Sum(), nodes, self.size(nodes[0]))

    def tokens(self, u: int, tokens: np.ndarray, name: str) -> int:
        epsilon = 0.0 if name == "softmax" else float(self.rng.choice([0.05, 0.3, 1.0]))
        return self.add(Tokens(name, tokens.astype(np.int64), epsilon), (u,), self.size(u))

    def gate(self, u: int, v: int) -> int:
        index = np.arange(self.size(u))[:, None, None]
        return self.add(Product(index, index, float(self.rng.choice([1.0, 0.7]))), (u, v), self.size(u))

    def joined(self, u: int, v: int) -> int:
        """Concatenation: the sum of two embeddings."""
        nothing = np.full(self.size(v), -1), np.full(self.size(u), -1)
        left = self.permuted(u, np.concatenate([np.arange(self.size(u)), nothing[0]]))
        right = self.permuted(v, np.concatenate([nothing[1], np.arange(self.size(v))]))
        return self.sum(left, right)

    def head(self, u: int, outputs: int) -> int:
        return self.dense(u, outputs)


def mlp(b: Builder, c: int) -> int:
    at = b.input(3)
    for _ in range(b.rng.integers(1, 4)):
        at = b.act(b.dense(at, int(b.rng.integers(2, 5))))
    return b.head(at, c)


def linear(b: Builder, c: int) -> int:
    """Depth without activations: only the affine nodes' products are left."""
    at = b.input(2)
    for _ in range(2):
        at = b.dense(at, 3)
    return b.head(at, c)


def convolution(b: Builder, c: int) -> int:
    shape: Shape = (int(b.rng.integers(1, 3)), 4, 4)
    at = b.input(int(np.prod(shape)))
    for depth in range(b.rng.integers(1, 3)):
        kernel, dilation = (2, int(b.rng.integers(1, 3))) if shape[1] < 4 else (int(b.rng.integers(2, 4)), 1)
        stride, padding = int(b.rng.integers(1, 3)), int(b.rng.integers(0, 2))
        groups = int(b.rng.choice([g for g in (1, 2) if shape[0] % g == 0])) if depth else 1
        side = out_side(shape[1], kernel, stride, padding, dilation)
        if side < 1:
            break
        at, shape = b.conv(at, shape, 2, kernel, stride, padding, dilation, groups), (2, side, side)
        at = b.act(at)
    return b.head(at, c)


def pooling(b: Builder, c: int) -> int:
    shape: Shape = (1, 4, 4)
    at = b.act(b.conv(b.input(16), shape, 2, 3, padding=1))
    at, shape = b.pooled(at, (2, 4, 4), 2, int(b.rng.integers(1, 3)))
    at = b.act(b.conv(at, shape, 2, 2))
    side = shape[1] - 1
    at, _ = b.pooled(at, (2, side, side), side, 1)
    return b.head(at, c)


def residual(b: Builder, c: int) -> int:
    at = b.dense(b.input(3), 3)
    for _ in range(b.rng.integers(1, 3)):
        at = b.sum(at, b.dense(b.act(b.dense(at, 3)), 3)) if b.rng.integers(2) else b.sum(at, b.act(b.dense(at, 3)))
    return b.head(b.act(at), c)


def residual_convolution(b: Builder, c: int) -> int:
    shape: Shape = (2, 3, 3)
    at = b.conv(b.input(9), (1, 3, 3), 2, 3, padding=1)
    if b.rng.integers(2):
        inner = b.conv(b.act(at), shape, 2, 3, padding=1)
        at = b.sum(at, inner)
    else:
        inner = b.conv(b.act(at), shape, 2, 2, stride=2, padding=1)
        at = b.sum(b.conv(at, shape, 2, 1, stride=2), inner)
    return b.head(b.act(at), c)


def channels(count: int, per: int) -> np.ndarray:
    """(channel, position) blocks."""
    return np.arange(count * per).reshape(count, per)


def normalisation(b: Builder, c: int) -> int:
    at = b.conv(b.input(9), (1, 3, 3), 2, 2)
    at = b.act(b.normalised(at, channels(2, 4)))
    at = b.conv(at, (2, 2, 2), 2, 1)
    return b.head(b.act(b.normalised(at, channels(2, 4))), c)


def tied(b: Builder, c: int) -> int:
    at = b.dense(b.input(3), 3)
    group = len(b.groups) - 1
    for _ in range(b.rng.integers(1, 3)):
        at = b.dense(b.act(at), 3, group)
    return b.head(b.act(at), c)


def tied_patches(b: Builder, c: int) -> int:
    """One group read by a dense layer and, at several positions, by a later one."""
    at = b.act(b.dense(b.input(2), 4))
    group = b.group(1, 2, 2)
    first = b.act(b.affine(at, np.array([[[0, 1], [2, 3], [1, -1]]]), group))
    second = b.act(b.affine(first, np.array([[[0, 1], [1, 2], [2, 3], [5, 4]]]), group))
    return b.head(second, c)


def attention(b: Builder, c: int) -> int:
    t, d, heads = 2, 2, int(b.rng.integers(1, 3))
    at, tok = b.input(t * d), np.arange(t * d).reshape(t, d)
    if b.rng.integers(2):
        at = b.shift(at)
    stream = at
    if b.rng.integers(2):
        at = b.tokens(at, tok, str(b.rng.choice(["layer-norm", "rms-norm"])))
        at = b.scaled(at, tok.T)
    same = bool(b.rng.integers(2))
    query, of = b.shared(at, tok, d)
    key, _ = b.shared(at, tok, d, len(b.groups) - 1 if same else None)
    value, _ = b.shared(at, tok, d)
    per = d // heads
    left = np.stack([of[:, h * per : (h + 1) * per] for h in range(heads)])
    right = np.swapaxes(left, 1, 2).copy()
    scores = b.add(Product(left, right, per**-0.5), (query, key), heads * t * t)
    rows = b.tokens(scores, np.arange(heads * t * t).reshape(heads * t, t), "softmax")
    mixed = b.add(Product(np.arange(heads * t * t).reshape(heads, t, t), left), (rows, value), heads * t * per)
    order = np.arange(heads * t * per).reshape(heads, t, per).transpose(1, 0, 2).reshape(t, d)
    out, of = b.shared(mixed, order, d)
    out = b.sum(stream, b.permuted(out, of))
    return b.head(b.act(out) if b.rng.integers(2) else out, c)


def gates(b: Builder, c: int) -> int:
    at = b.input(3)
    u = b.dense(at, 3)
    if b.rng.integers(2):
        u = b.act(u)
    v = u if b.rng.integers(3) == 0 else b.dense(at, 3)
    return b.head(b.gate(u, v), c)


def concatenation(b: Builder, c: int) -> int:
    at = b.act(b.dense(b.input(3), 2))
    at = b.joined(at, b.act(b.dense(at, 2)))
    return b.head(b.joined(at, b.act(b.dense(at, 2), str(b.rng.choice(b.kinds)))), c)


def grouped(b: Builder, c: int) -> int:
    """GroupNorm without and with affine: tokens are the coordinates of one group of channels."""
    at = b.conv(b.input(9), (1, 3, 3), 2, 2)
    at = b.tokens(at, np.arange(8).reshape(int(b.rng.choice([1, 2])), -1), "layer-norm")
    if b.rng.integers(2):
        at = b.scaled(at, channels(2, 4))
    return b.head(b.act(at), c)


def anything(b: Builder, c: int) -> int:
    """Steps of every kind on nodes drawn at random, all of six entries."""
    at = [b.dense(b.input(2), 6)]
    two, three = np.arange(6).reshape(3, 2), np.arange(6).reshape(2, 3)
    for _ in range(5):
        u, v = int(b.rng.choice(at)), int(b.rng.choice(at))
        split = two if b.rng.integers(2) else three
        steps: list[Callable[[], int]] = [
            lambda u=u: b.act(u, str(b.rng.choice(b.kinds))),
            lambda u=u, v=v: b.sum(u, v),
            lambda u=u, v=v: b.gate(b.act(u), v),
            lambda u=u, s=split: b.tokens(u, s, str(b.rng.choice(["layer-norm", "rms-norm", "softmax"]))),
            lambda u=u, s=split: b.shared(u, s, s.shape[1])[0],
            lambda u=u, s=split: b.scaled(u, s),
            lambda u=u: b.conv(b.permuted(u, np.append(np.arange(6), [-1, 0, 1])), (1, 3, 3), 6, 3),
            lambda u=u: b.permuted(u, b.rng.permutation(6), 0.8),
            lambda u=u: b.affine(u, np.array([[[0, 1, -1], [1, 1, 2], [5, 4, 0]]]), b.group(1, 2, 3)),
        ]
        at.append(steps[int(b.rng.integers(len(steps)))]())
    return b.head(b.sum(at[-1], b.act(at[-2])), c)


KINDS: dict[str, Callable[[Builder, int], int]] = {
    f.__name__: f
    for f in (
        mlp,
        linear,
        convolution,
        pooling,
        residual,
        residual_convolution,
        normalisation,
        tied,
        tied_patches,
        attention,
        gates,
        concatenation,
        grouped,
        anything,
    )
}


def random_graph(seed: int, kind: str | None = None) -> RandomGraph:
    """The seed's graph with C = 1 to 3 outputs at N samples; kinds take turns unless one is asked for."""
    rng = np.random.default_rng(seed)
    chosen = kind or list(KINDS)[seed % len(KINDS)]
    builder = Builder(rng)
    outputs = int(rng.integers(1, 4))
    KINDS[chosen](builder, outputs)
    graph = Graph(tuple(builder.nodes), tuple(builder.groups))
    x = rng.standard_normal((N, graph.nodes[0].size))
    if rng.integers(10) == 0:
        x[1] = x[0] + 0.05 * x[1]
    y = rng.standard_normal((N, outputs))
    return RandomGraph(chosen, graph, torch.tensor(x), torch.tensor(y))
