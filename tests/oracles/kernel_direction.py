"""h_q(w) = <J(w)^T u, g> of Theorem E by autodiff: u = R q and g = J_0^T u held fixed."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import grad, hessian, jvp

from pltheory.nets.graph import Graph

from .graphs import jacobian, outputs, parameters


def value(graph: Graph, w: Tensor, x: Tensor, u: Tensor, g: Tensor) -> Tensor:
    """h(w) = <J(w)^T u, g>, differentiable in w, u and g."""
    return (jvp(lambda s: outputs(graph, s, x).reshape(-1), (w,), (g,))[1] * u).sum()


def gradient(graph: Graph, w: Tensor, x: Tensor, u: Tensor, g: Tensor) -> Tensor:
    """Its gradient in w, (p,)."""
    return grad(lambda v: value(graph, v, x, u, g))(w)


def direction_hessian(graph: Graph, x: Tensor) -> Tensor:
    """Hessian of h at w_0 for one sample and output, R = 1 / |J_0|; (p, p)."""
    w0 = parameters(graph)
    j = jacobian(graph, w0, x)
    u = torch.ones(1, dtype=torch.float64) / j.norm()
    g = j.T @ u
    return hessian(lambda v: value(graph, v, x, u, g))(w0)
