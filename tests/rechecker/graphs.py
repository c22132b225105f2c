"""Graphs of class G for the tests of the recheck, their exact derivatives by autograd, and files about them.

The figures of `Naive` are computed from definitions with dense matrices and plain doubles, apart from the code under
test: T_v as a matrix, the Jacobian by automatic differentiation, every norm by an SVD.
"""

from __future__ import annotations

import itertools
import math
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pltheory.nets.graph import Graph, Group, Kind, Node
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.kinds.tokens import Tokens
from pltheory.rechecker.fields import STATEMENT
from pltheory.rechecker.statements import STATEMENTS
from tests.forge import Forge, number

ACTS: dict[str, Any] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": torch.nn.functional.softplus,
    "erf": torch.erf,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
}
S1_S2 = {
    "tanh": (1.0, 4 / (3 * math.sqrt(3))),
    "sigmoid": (0.25, 1 / (6 * math.sqrt(3))),
    "softplus": (1.0, 0.25),
    "erf": (2 / math.sqrt(math.pi), 2 * math.sqrt(2) * math.exp(-0.5) / math.sqrt(math.pi)),
    "gelu": (1.128904145185, math.sqrt(2 / math.pi)),
    "silu": (1.099839320129, 0.5),
}


class Builder:
    """A graph node by node; weights drawn from one generator."""

    def __init__(self, inputs: int, seed: int = 0) -> None:
        self.nodes = [Node(Input(), (), inputs)]
        self.groups: list[Group] = []
        self.rng = np.random.default_rng(seed)

    def put(self, kind: Kind, *inputs: int, size: int) -> int:
        self.nodes.append(Node(kind, inputs, size))
        return len(self.nodes) - 1

    def affine(
        self, u: int, patches: Any, outputs: int, *, bias: bool = True, group: int | None = None, kappa: float = 1.0,
        scale: float = 1.0,
    ) -> int:  # fmt: skip
        g, p, q = patches.shape
        if group is None:
            weight = scale * self.rng.normal(size=(g, outputs, q)) / math.sqrt(max(q, 1))
            self.groups.append(Group(weight, 0.3 * self.rng.normal(size=(g, outputs)) if bias else None))
            group = len(self.groups) - 1
        tau = 1.0 if self.groups[group].bias is not None else 0.0
        outputs = self.groups[group].weight.shape[1]
        return self.put(Affine(group, patches, kappa, tau), u, size=g * outputs * p)

    def dense(self, u: int, outputs: int, **more: Any) -> int:
        return self.affine(u, np.arange(self.nodes[u].size)[None, None], outputs, **more)

    def conv(self, u: int, channels: int, side: int, outputs: int, k: int = 3, stride: int = 1, **more: Any) -> int:
        return self.affine(u, convolution(channels, side, k, stride), outputs, **more)

    def act(self, u: int, name: str = "tanh") -> int:
        return self.put(Pointwise(name), u, size=self.nodes[u].size)

    def sum(self, *inputs: int) -> int:
        return self.put(Sum(), *inputs, size=self.nodes[inputs[0]].size)

    def fixed(self, u: int, index: Any, factor: Any, offset: Any = None) -> int:
        return self.put(Fixed(np.asarray(index), np.asarray(factor, float), offset), u, size=len(index))

    def pool(self, u: int, channels: int, side: int) -> int:
        """2 x 2 average pooling."""
        half = side // 2
        index = [
            [c * side * side + (2 * i + a) * side + 2 * j + b for a in (0, 1) for b in (0, 1)]
            for c, i, j in itertools.product(range(channels), range(half), range(half))
        ]
        return self.fixed(u, index, np.full((len(index), 4), 0.25))

    def graph(self) -> Graph:
        return Graph(tuple(self.nodes), tuple(self.groups))


def convolution(channels: int, side: int, k: int, stride: int = 1, groups: int = 1) -> np.ndarray:
    """Patches of a convolution with zero padding k // 2: (groups, positions, channels / groups * k * k)."""
    each, pad, found = channels // groups, k // 2, []
    for g in range(groups):
        for i, j in itertools.product(range(0, side, stride), repeat=2):
            patch = []
            for c, a, b in itertools.product(range(each), range(k), range(k)):
                y, x = i + a - pad, j + b - pad
                inside = 0 <= y < side and 0 <= x < side
                patch.append(((g * each + c) * side + y) * side + x if inside else -1)
            found.append(patch)
    return np.array(found, dtype=np.int64).reshape(groups, -1, each * k * k)


def evaluate(graph: Graph, parameters: list[tuple[Tensor, Tensor | None]], x: Tensor) -> list[Tensor]:
    """a_v of every node, for one sample or a batch."""
    values = [x]
    for node in graph.nodes[1:]:
        read = [values[u] for u in node.inputs]
        values.append(_value(node.kind, read, parameters))
    return values


def _padded(a: Tensor, index: np.ndarray) -> Tensor:
    wide = torch.cat([a, torch.zeros(*a.shape[:-1], 1, dtype=a.dtype)], dim=-1)
    return wide[..., torch.as_tensor(np.where(index < 0, a.shape[-1], index))]


def _value(kind: Kind, read: list[Tensor], parameters: list[tuple[Tensor, Tensor | None]]) -> Tensor:
    a = read[0]
    if isinstance(kind, Affine):
        weight, bias = parameters[kind.group]
        z = kind.kappa * torch.einsum("...gpq,goq->...gop", _padded(a, kind.patches), weight)
        if bias is not None:
            z = z + kind.tau * bias[:, :, None]
        return z.flatten(-3)
    if isinstance(kind, Fixed):
        z = (torch.as_tensor(kind.factor) * _padded(a, kind.index)).sum(-1)
        return z if kind.offset is None else z + torch.as_tensor(kind.offset)
    if isinstance(kind, Sum):
        return sum(read[1:], read[0])
    if isinstance(kind, Pointwise):
        return ACTS[kind.activation](a)
    if isinstance(kind, Product):
        z = kind.scale * (read[0][..., torch.as_tensor(kind.left)] @ read[1][..., torch.as_tensor(kind.right)])
        return z.flatten(-3)
    assert isinstance(kind, Tokens)
    index = torch.as_tensor(kind.tokens)
    z = a[..., index]
    if kind.map == "softmax":
        out = torch.softmax(z, dim=-1)
    else:
        d = index.shape[1]
        z = z - z.mean(-1, keepdim=True) if kind.map == "layer-norm" else z
        out = math.sqrt(d) * z / torch.sqrt((z * z).sum(-1, keepdim=True) + d * kind.epsilon)
    inverse = np.argsort(kind.tokens.ravel())
    return out.flatten(-2)[..., torch.as_tensor(inverse)]


def parameters_of(graph: Graph) -> list[tuple[Tensor, Tensor | None]]:
    return [(torch.as_tensor(g.weight), None if g.bias is None else torch.as_tensor(g.bias)) for g in graph.groups]


def flat(parameters: list[tuple[Tensor, Tensor | None]]) -> Tensor:
    return torch.cat([p.reshape(-1) for pair in parameters for p in pair if p is not None])


def unflat(graph: Graph, vector: Tensor) -> list[tuple[Tensor, Tensor | None]]:
    out, start = [], 0
    for group in graph.groups:
        pair: list[Tensor | None] = []
        for part in (group.weight, group.bias):
            if part is None:
                pair.append(None)
                continue
            pair.append(vector[start : start + part.size].reshape(part.shape))
            start += part.size
        assert pair[0] is not None
        out.append((pair[0], pair[1]))
    return out


def outputs(graph: Graph, x: np.ndarray, w: Tensor) -> Tensor:
    return evaluate(graph, unflat(graph, w), torch.as_tensor(x))[-1].reshape(-1)


def jacobian(graph: Graph, x: np.ndarray, w: Tensor | None = None) -> Tensor:
    """J (nC, p), rows ordered (i, c)."""
    w = flat(parameters_of(graph)) if w is None else w
    return torch.func.jacrev(lambda v: outputs(graph, x, v))(w)


class Naive:
    """Centre numbers and recursions of THEORY_GRAPHS from their definitions, in plain doubles.

    Args:
        graph: small.
        x: (n, N_0).
    """

    def __init__(self, graph: Graph, x: np.ndarray) -> None:
        self.graph, self.x, self.n = graph, x, len(x)
        self.values = [v.numpy() for v in evaluate(graph, parameters_of(graph), torch.as_tensor(x))]
        self.c = graph.nodes[-1].size

    @cached_property
    def rows(self) -> list[np.ndarray]:
        """B_v: (n, C, N_v)."""
        found = []
        for v in range(len(self.graph.nodes)):
            each = [
                torch.func.jacrev(lambda a, v=v, i=i: self._from(v, a, i))(torch.as_tensor(self.values[v][i])).numpy()
                for i in range(self.n)
            ]
            found.append(np.stack(each))
        return found

    def _from(self, v: int, a: Tensor, i: int) -> Tensor:
        values = [torch.as_tensor(u[i]) for u in self.values[: v + 1]]
        values[v] = a
        parameters = parameters_of(self.graph)
        for node in self.graph.nodes[v + 1 :]:
            values.append(_value(node.kind, [values[u] for u in node.inputs], parameters))
        return values[-1]

    def patches(self, v: int) -> np.ndarray:
        """E~_g(a^i): (n, G, P, q + 1)."""
        kind, u = self.graph.nodes[v].kind, self.graph.nodes[v].inputs[0]
        assert isinstance(kind, Affine)
        e = kind.kappa * _padded(torch.as_tensor(self.values[u]), kind.patches).numpy()
        if self.graph.groups[kind.group].bias is None:
            return e
        return np.concatenate([e, np.full((*e.shape[:3], 1), kind.tau)], axis=3)

    def matrix(self, v: int) -> np.ndarray:
        """T_v(W), or L."""
        node = self.graph.nodes[v]
        size = self.graph.nodes[node.inputs[0]].size
        parameters = parameters_of(self.graph)
        zero = _value(node.kind, [torch.zeros(size, dtype=torch.float64)], parameters)
        return torch.stack([_value(node.kind, [e], parameters) - zero for e in torch.eye(size).double()]).T.numpy()

    def omega(self, v: int) -> float:
        kind = self.graph.nodes[v].kind
        assert isinstance(kind, Affine)
        counts = np.bincount(kind.patches[kind.patches >= 0].ravel(), minlength=1)
        return math.sqrt(counts.max())


def network_text(graph: Graph) -> dict[str, Any]:
    nodes = []
    for node in graph.nodes:
        kind = node.kind
        text: dict[str, Any] = {
            "kind": type(kind).__name__.lower(), "inputs": list(node.inputs), "size": node.size,
        }  # fmt: skip
        if isinstance(kind, Affine):
            text |= {"group": kind.group + 1, "kappa": number(kind.kappa), "tau": number(kind.tau)}
        elif isinstance(kind, Pointwise):
            text |= {"activation": kind.activation}
        elif isinstance(kind, Tokens):
            text |= {"map": kind.map, "epsilon": number(kind.epsilon)}
        elif isinstance(kind, Product):
            text |= {"scale": number(kind.scale)}
        nodes.append(text)
    return {"nodes": nodes, "groups": len(graph.groups)}


def write(
    folder: Path, graph: Graph, x: np.ndarray, y: np.ndarray, theorem: str, bounds: dict[str, tuple[str, float]],
    hypotheses: list[tuple[str, float, float]], eta: float, grid: np.ndarray, sigma: np.ndarray, loss: str = "sum",
) -> Forge:  # fmt: skip
    """A certificate's two files, every hash right."""
    text: dict[str, Any] = {
        "schema": "pltheory-certificate/2", "theorem": theorem, "conclusion": STATEMENTS[theorem].conclusion,
        "citation": STATEMENTS[theorem].citation, "statement": STATEMENT, "network": network_text(graph), "loss": loss,
        "optimizer": {"name": "gd", "eta": number(eta), "gamma": number(math.inf), "delta": number(1.0)},
        "bounds": {name: {"kind": kind} | number(value) for name, (kind, value) in bounds.items()},
        "hypotheses": [
            {"name": name, "left": number(a), "relation": "<", "right": number(b)} for name, a, b in hypotheses
        ],
        "assumptions": [], "witness": {"radius": number(grid[-1])}, "arrays": {"file": "c.cert.npz", "sha256": {}},
        "sha256": "",
    }  # fmt: skip
    empty = folder / "c.cert.npz"
    np.savez(empty, x=x)
    forge = Forge.__new__(Forge)
    forge.path, forge.npz, forge.text = folder / "c.cert.json", empty, text
    forge.arrays = {**graph.arrays, "x": x, "y": y, "grid": grid, "sigma": sigma}
    forge.write()
    return forge
