"""Tiny graphs whose Hessian's second part is block diagonal over channels, and near misses that are not."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pltheory.nets.graph import Graph, Group
from pltheory.nets.kinds.fixed import Fixed

from .graphs import hessians, outputs
from .random_graphs import Builder, conv_patches

ALIKE = ("conv", "bias", "strided", "grouped", "pooled", "global", "permuted", "dense", "cropped")
"""Graphs of the kind."""
OTHERS = ("mixing", "tied", "two-convs", "residual", "two-heads")
"""Graphs of class G that are not."""


def drawn(name: str, seed: int = 0, act: str = "tanh", outputs_of: int = 1) -> tuple[Graph, np.ndarray, np.ndarray]:
    """(graph, x, y) of that name, n = 3."""
    b = Builder(np.random.default_rng([seed, len(name), *map(ord, name)]))
    b.ntk, b.bias, c = True, name in ("bias", "permuted", "dense"), outputs_of
    if name == "strided":
        at = b.act(b.conv(b.input(16), (1, 4, 4), 3, 3, stride=2, padding=1), act)
    elif name == "grouped":
        at = b.act(b.conv(b.input(18), (2, 3, 3), 4, 2, groups=2), act)
    elif name == "dense":
        at = b.act(b.dense(b.permuted(b.input(5), np.array([3, 0, 4, 1])), 3), act)
    else:
        at = b.act(b.conv(b.input(9), (1, 3, 3), 2, 2, stride=1), act)
    if name == "pooled":
        at, _ = b.pooled(at, (2, 2, 2), 2, 1)
    if name == "global":
        at = b.add(Fixed(np.arange(8).reshape(2, 4), np.full((2, 4), 0.25)), (at,), 2)
    if name == "permuted":
        at = b.permuted(at, np.random.default_rng(seed).permutation(8), 0.8)
    if name == "cropped":
        at = b.permuted(at, np.array([6, 1, -1, 5, 3]))
    if name == "mixing":
        at = b.add(Fixed(np.array([[0, 4], [1, 5], [2, 6]]), np.ones((3, 2))), (at,), 3)
    if name == "residual":
        at = b.sum(at, b.permuted(at, np.arange(8)))
    if name == "two-convs":
        at = b.act(b.conv(at, (2, 2, 2), 2, 2), act)
    if name == "tied":
        b = Builder(np.random.default_rng(seed))
        b.ntk, b.bias = True, False
        first = b.dense(b.input(3), 3)
        b.dense(b.act(first, act), 3, group=0)
        c = 3
    elif name == "two-heads":
        b.sum(b.head(at, c), b.head(at, c))
    else:
        b.head(at, c)
    graph = Graph(tuple(b.nodes), tuple(b.groups))
    rng = np.random.default_rng(seed + 100)
    return graph, rng.standard_normal((3, graph.nodes[0].size)), rng.standard_normal((3, c))


def moved(graph: Graph, flat: Tensor) -> Graph:
    """The graph at other parameters, one vector as `graphs.parameters` orders them."""
    groups, at, w = [], 0, flat.numpy()
    for g in graph.groups:
        weight = w[at : at + g.weight.size].reshape(g.weight.shape).copy()
        at += g.weight.size
        bias = None if g.bias is None else w[at : at + g.bias.size].reshape(g.bias.shape).copy()
        at += 0 if bias is None else bias.size
        groups.append(Group(weight, bias, g.names))
    return graph.replaced(tuple(groups))


def second_part(graph: Graph, flat: Tensor, x: np.ndarray, y: np.ndarray) -> Tensor:
    """E = sum_ic r_ic Hess f_ic by automatic differentiation, (p, p)."""
    data = torch.as_tensor(x)
    r = (outputs(graph, flat, data) - torch.as_tensor(y)).reshape(-1)
    return torch.einsum("k,kij->ij", r, hessians(graph, flat, data))


def targets_hit(graph: Graph, flat: Tensor, x: np.ndarray) -> np.ndarray:
    """Targets at which the residual vanishes, up to rounding."""
    return outputs(graph, flat, torch.as_tensor(x)).detach().numpy().copy()


__all__ = ["ALIKE", "OTHERS", "conv_patches", "drawn", "moved", "second_part", "targets_hit"]
