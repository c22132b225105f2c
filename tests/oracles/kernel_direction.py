"""h_q(w) = <J(w)^T u, g> of Theorem E by autodiff: u = R q and g = J_0^T u held fixed."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import grad, hessian, jvp

from pltheory.nets.graph import Graph

from .graphs import jacobian, outputs, parameters, tensors, values


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


def arrays_along(
    graph: Graph, x: Tensor, u: Tensor, g: Tensor
) -> tuple[list[Tensor], dict[int, Tensor], dict[int, Tensor]]:
    """Of every node: its tangent along g, y = d<u, F>/da_v, and y's derivative along g with u fixed; each (n, N_v)."""
    flat = parameters(graph)
    tangents = jvp(lambda w: tuple(values(graph, w, x)), (flat,), (g,))[1]
    w = flat.clone().requires_grad_()
    nodes = values(graph, w, x)
    total = (nodes[-1].reshape(-1) * u).sum()
    y, ydot = {}, {}
    for v, a in enumerate(nodes):
        if not a.requires_grad:
            continue
        (back,) = torch.autograd.grad(total, a, create_graph=True, retain_graph=True, allow_unused=True)
        if back is None:
            continue
        y[v], ydot[v] = back.detach(), torch.zeros_like(back)
        if back.requires_grad:
            # The derivative along g of a gradient: twice backward, the first time linear in a dummy.
            dummy = torch.zeros_like(back, requires_grad=True)
            (pulled,) = torch.autograd.grad(back, w, dummy, create_graph=True, retain_graph=True, allow_unused=True)
            if pulled is not None:
                (along,) = torch.autograd.grad((pulled * g).sum(), dummy, retain_graph=True)
                ydot[v] = along.detach()
    return list(tangents), y, ydot


def node_arrays(graph: Graph, g: Tensor) -> list[Tensor]:
    """The weights' part of every group's block of g, (G, O, q)."""
    return [weight for weight, _ in tensors(graph, g)]
