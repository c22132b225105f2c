"""A graph of class G written out in torch, index by index, for autodiff: outputs, Jacobian and h_q as plain functions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pltheory.nets.activations import activation
from pltheory.nets.graph import Graph
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.pointwise import Pointwise


def parameters(graph: Graph) -> Tensor:
    """All weights and biases as one vector: group by group, W then b."""
    parts = [a.ravel() for g in graph.groups for a in (g.weight, g.bias) if a is not None]
    return torch.from_numpy(np.concatenate(parts))


def split(graph: Graph, w: Tensor) -> list[tuple[Tensor, Tensor | None]]:
    """(W, b) of every group from the vector."""
    out, at = [], 0
    for g in graph.groups:
        weight = w[at : at + g.weight.size].reshape(g.weight.shape)
        at += g.weight.size
        bias = None
        if g.bias is not None:
            bias = w[at : at + g.bias.size].reshape(g.bias.shape)
            at += g.bias.size
        out.append((weight, bias))
    return out


def outputs(graph: Graph, w: Tensor, x: Tensor) -> Tensor:
    """F (n, C) at the weights w."""
    groups = split(graph, w)
    values: list[Tensor] = []
    for node in graph.nodes:
        kind, inputs = node.kind, [values[u] for u in node.inputs]
        if isinstance(kind, Affine):
            weight, bias = groups[kind.group]
            padded = torch.cat([inputs[0], inputs[0].new_zeros(len(x), 1)], 1)  # index -1 reads the zero
            patches = padded[:, torch.from_numpy(kind.patches)]  # (n, G, P, q)
            z = kind.kappa * torch.einsum("goq,ngpq->ngop", weight, patches)
            if bias is not None:
                z = z + kind.tau * bias[None, :, :, None]
            values.append(z.reshape(len(x), -1))
        elif isinstance(kind, Fixed):
            padded = torch.cat([inputs[0], inputs[0].new_zeros(len(x), 1)], 1)
            a = (torch.from_numpy(kind.factor) * padded[:, torch.from_numpy(kind.index)]).sum(-1)
            values.append(a if kind.offset is None else a + torch.from_numpy(kind.offset))
        elif isinstance(kind, Pointwise):
            values.append(activation(kind.activation).value(inputs[0]))
        else:
            values.append(sum(inputs[1:], inputs[0]) if inputs else x)
    return values[-1]


def jacobian(graph: Graph, w: Tensor, x: Tensor) -> Tensor:
    """J (n C, p) at w."""
    return torch.func.jacrev(lambda v: outputs(graph, v, x).reshape(-1))(w)


def turned_gradient(graph: Graph, w: Tensor, x: Tensor, u: Tensor, g: Tensor) -> Tensor:
    """grad of h(w) = <J(w)^T u, g> at w, u (n C,) and g (p,) held fixed."""

    def h(v: Tensor) -> Tensor:
        return (torch.func.jvp(lambda s: outputs(graph, s, x).reshape(-1), (v,), (g,))[1] * u).sum()

    return torch.func.grad(h)(w)
