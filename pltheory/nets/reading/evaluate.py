"""What a graph computes, node by node in plain torch: the second opinion on what was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ..activations import activation
from ..graph import Graph
from ..kinds.affine import Affine
from ..kinds.curved import Curved
from ..kinds.fixed import Fixed
from ..kinds.input import Input
from ..kinds.kinks import Kinked, Maximum, PiecewiseLinear
from ..kinds.pointwise import Pointwise
from ..kinds.product import Product
from ..kinds.sums import Sum
from ..kinds.tokens import Tokens

Weights = Sequence[tuple[Tensor, Tensor | None]]


def kinked(kind: Kinked, z: Tensor) -> Tensor:
    """The value of a node with kinks; at a kink its derivative is that of one piece."""
    if isinstance(kind, PiecewiseLinear):
        piece = torch.bucketize(z.detach(), _doubles(kind.breaks))
        return _doubles(kind.slopes)[piece] * z + _doubles(kind.intercepts)[piece]
    if isinstance(kind, Curved):
        if kind.map == "hardswish":
            return z * (z + 3).clamp(0, 6) / 6
        return torch.where(z > 0, z, kind.alpha * torch.expm1(z.clamp(max=0)))
    if isinstance(kind, Maximum):
        top = entries(kind, z).max(-1).values
        return top if kind.slope_below == 1 else torch.where(top > 0, top, kind.slope_below * top)
    raise TypeError(f"no evaluation of {type(kind).__name__}")


def entries(kind: Maximum, z: Tensor) -> Tensor:
    """Of every window, (n, T, d), minus infinity where there is none."""
    below = torch.cat([z, z.new_full((len(z), 1), -torch.inf)], 1)
    return below[:, torch.from_numpy(kind.windows)]


def evaluate(
    graph: Graph,
    x_flat: Tensor,
    weights: Weights | None = None,
    at_kinks: Callable[[Kinked, Tensor], Tensor] = kinked,
) -> Tensor:
    """F of every sample; torch can differentiate it.

    Args:
        graph: the network.
        x_flat: (n, N_0), doubles.
        weights: weight (G, O, q) and bias (G, O) or None of every group, in place of the graph's own.
        at_kinks: what a node with kinks makes of what it reads.

    Returns:
        (n, C), doubles.
    """
    if weights is None:
        weights = [(_doubles(g.weight), None if g.bias is None else _doubles(g.bias)) for g in graph.groups]
    values: list[Tensor] = []
    for node in graph.nodes:
        read = [values[u] for u in node.inputs]
        kind = node.kind
        if isinstance(kind, Input):
            out = x_flat.double()
        elif isinstance(kind, Affine):
            weight, bias = weights[kind.group]
            patches = _taken(read[0], kind.patches)  # (n, G, P, q)
            out = kind.kappa * torch.einsum("goq,ngpq->ngop", weight, patches)
            if bias is not None:
                out = out + kind.tau * bias[None, :, :, None]
            out = out.flatten(1)
        elif isinstance(kind, Fixed):
            out = (_taken(read[0], kind.index) * _doubles(kind.factor)).sum(-1)
            if kind.offset is not None:
                out = out + _doubles(kind.offset)
        elif isinstance(kind, Sum):
            out = torch.stack(read).sum(0)
        elif isinstance(kind, Pointwise):
            out = activation(kind.activation).value(read[0])
        elif isinstance(kind, Product):
            out = kind.scale * (_taken(read[0], kind.left) @ _taken(read[1], kind.right)).flatten(1)
        elif isinstance(kind, Tokens):
            tokens = torch.from_numpy(kind.tokens)
            z = read[0][:, tokens]
            if kind.map == "softmax":
                mapped = torch.softmax(z, -1)
            else:
                z = z - z.mean(-1, keepdim=True) if kind.map == "layer-norm" else z
                width = z.shape[-1]
                mapped = width**0.5 * z / (z.square().sum(-1, keepdim=True) + width * kind.epsilon).sqrt()
            out = torch.empty_like(read[0]).index_copy(1, tokens.reshape(-1), mapped.flatten(1))
        elif isinstance(kind, Kinked):
            out = at_kinks(kind, read[0])
        else:
            raise TypeError(f"no evaluation of {type(kind).__name__}")
        values.append(out)
    return values[-1]


def _taken(a: Tensor, index: np.ndarray) -> Tensor:
    """Entries of every sample, 0 where the index is -1."""
    with_zero = torch.cat([a, a.new_zeros(len(a), 1)], 1)
    return with_zero[:, torch.from_numpy(index)]


def _doubles(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float64))
