"""Networks of class G by plain torch: outputs, Jacobians, exact Hessians; random tiny graphs of every kind.

Shares with the package the data of `pltheory.nets.graph` alone: formulas are written again from the definitions, and
derivatives are autograd's. Parameters are one vector: group by group, weight in row order and then bias.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import torch
from torch import Tensor
from torch.func import hessian, jacfwd, jvp

from pltheory.nets.graph import Graph
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinds.curved import Curved
from pltheory.nets.kinds.fixed import Fixed
from pltheory.nets.kinds.input import Input
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear
from pltheory.nets.kinds.pointwise import Pointwise
from pltheory.nets.kinds.product import Product
from pltheory.nets.kinds.sums import Sum
from pltheory.nets.kinds.tokens import Tokens

FUNCTIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "erf": torch.erf,
    "sin": torch.sin,
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
    "silu": lambda z: z * torch.sigmoid(z),
    "mish": lambda z: z * torch.tanh(torch.logaddexp(z, torch.zeros_like(z))),
    "gelu": lambda z: 0.5 * z * torch.erfc(-z / math.sqrt(2)),
}

with warnings.catch_warnings():
    # torch scripts some functions at the first use of forward mode, and warns of its own call.
    warnings.simplefilter("ignore", DeprecationWarning)
    jvp(torch.sin, (torch.zeros(1),), (torch.zeros(1),))


def parameters(graph: Graph) -> Tensor:
    """All weights and biases as one vector, (p,)."""
    parts = [part for g in graph.groups for part in (g.weight, g.bias) if part is not None]
    return torch.tensor(np.concatenate([np.ravel(part) for part in parts]), dtype=torch.float64)


def sizes(graph: Graph) -> list[int]:
    """Entries of each group."""
    return [g.weight.size + (0 if g.bias is None else g.bias.size) for g in graph.groups]


def tensors(graph: Graph, flat: Tensor) -> list[tuple[Tensor, Tensor | None]]:
    """(weight, bias) of each group."""
    found = []
    for group, piece in zip(graph.groups, flat.split(sizes(graph)), strict=True):
        weight = piece[: group.weight.size].reshape(group.weight.shape)
        found.append((weight, None if group.bias is None else piece[group.weight.size :].reshape(group.bias.shape)))
    return found


def values(graph: Graph, flat: Tensor, x: Tensor) -> list[Tensor]:
    """a_v for every node, each (n, N_v)."""
    found: list[Tensor] = []
    groups = tensors(graph, flat)
    for node in graph.nodes:
        a = [found[u] for u in node.inputs]
        match node.kind:
            case Input():
                found.append(x)
            case Affine(group=g, patches=patches, kappa=kappa, tau=tau):
                weight, bias = groups[g]
                z = kappa * torch.einsum("ngpq,goq->ngop", taken(a[0], patches), weight)
                found.append((z if bias is None else z + tau * bias[:, :, None]).reshape(len(x), -1))
            case Fixed(index=index, factor=factor, offset=offset):
                z = (taken(a[0], index) * torch.as_tensor(factor)).sum(-1)
                found.append(z if offset is None else z + torch.as_tensor(offset))
            case Sum():
                found.append(sum(a[1:], a[0]))
            case Pointwise(activation=name):
                found.append(FUNCTIONS[name](a[0]))
            case Curved(map="hardswish"):
                found.append(torch.nn.functional.hardswish(a[0]))
            case Curved(alpha=alpha):
                found.append(torch.nn.functional.elu(a[0], alpha))
            case PiecewiseLinear(breaks=breaks, slopes=slopes, intercepts=intercepts):
                piece = torch.bucketize(a[0].detach().contiguous(), torch.as_tensor(breaks))
                found.append(torch.as_tensor(slopes)[piece] * a[0] + torch.as_tensor(intercepts)[piece])
            case Maximum(windows=windows, slope_below=below):
                at = torch.as_tensor(windows)
                top = torch.where(at >= 0, a[0][:, at.clamp(min=0)], -torch.inf).max(-1).values
                found.append(torch.where(top > 0, top, below * top))
            case Tokens(map=name, tokens=tokens, epsilon=epsilon):
                mapped = token_map(name, epsilon, taken(a[0], tokens))
                back = torch.as_tensor(np.argsort(tokens.ravel()))
                found.append(mapped.reshape(len(x), -1)[:, back])
            case Product(left=left, right=right, scale=scale):
                z = scale * torch.einsum("nhik,nhkj->nhij", taken(a[0], left), taken(a[1], right))
                found.append(z.reshape(len(x), -1))
            case other:
                raise TypeError(other)
    return found


def taken(a: Tensor, index: np.ndarray) -> Tensor:
    """Entries of each row, (n, *index.shape); index -1 takes the zero that is put last."""
    return torch.cat([a, torch.zeros_like(a[:, :1])], dim=1)[:, torch.as_tensor(index)]


def token_map(name: str, epsilon: float, z: Tensor) -> Tensor:
    """A map of tokens, the last axis, as torch writes it: statistics are means over the token."""
    if name == "softmax":
        return torch.softmax(z, dim=-1)
    x = z - z.mean(-1, keepdim=True) if name == "layer-norm" else z
    return x / (x.square().mean(-1, keepdim=True) + epsilon).sqrt()


def outputs(graph: Graph, flat: Tensor, x: Tensor) -> Tensor:
    """F, (n, C), differentiable in flat."""
    return values(graph, flat, x)[-1]


def loss(graph: Graph, flat: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Half the sum of squares."""
    return 0.5 * (outputs(graph, flat, x) - y).square().sum()


def jacobian(graph: Graph, flat: Tensor, x: Tensor) -> Tensor:
    """(n C, p), sample-major."""
    return jacfwd(lambda w: outputs(graph, w, x).reshape(-1))(flat)


def jacobian_along(graph: Graph, flat: Tensor, x: Tensor, v: Tensor) -> Tensor:
    """DJ(w)[v], (n C, p)."""
    return jvp(lambda w: jacobian(graph, w, x), (flat,), (v,))[1]


def hessians(graph: Graph, flat: Tensor, x: Tensor) -> Tensor:
    """Hessians of all outputs at all samples, (n C, p, p)."""
    return hessian(lambda w: outputs(graph, w, x).reshape(-1))(flat)


def second_derivative_norm(
    graph: Graph, flat: Tensor, x: Tensor, *, starts: int = 60, steps: int = 60, seed: int = 0
) -> float:
    """sup over unit V of |D^2F[V, V]| by alternating ascent, of all starts the best: never more than the supremum."""
    return alternating(hessians(graph, flat, x), starts=starts, steps=steps, seed=seed)[0]


def alternating(forms: Tensor, *, starts: int, steps: int, seed: int) -> tuple[float, Tensor]:
    """Largest |(V^T H_k V)_k| found and its unit V, for symmetric forms (N, p, p).

    With u fixed, V is the eigenvector of sum u_k H_k of the largest modulus; with V fixed, u is (V^T H_k V)_k itself,
    normalised. Each half step can only increase the value.
    """
    gen = torch.Generator().manual_seed(seed)
    every = torch.eye(len(forms), dtype=forms.dtype)
    singular = torch.linalg.svd(forms.reshape(len(forms), -1), full_matrices=False)[0].T
    u = torch.cat([every, singular, torch.randn(starts, len(forms), generator=gen, dtype=forms.dtype)])
    u = u / u.norm(dim=1, keepdim=True)
    best, where = -1.0, torch.zeros(forms.shape[1], dtype=forms.dtype)
    for _ in range(steps):
        eigenvalues, vectors = torch.linalg.eigh(torch.einsum("sk,kij->sij", u, forms))
        at = eigenvalues.abs().argmax(dim=1)
        v = vectors.gather(2, at[:, None, None].expand(-1, vectors.shape[1], 1))[:, :, 0]
        image = torch.einsum("si,kij,sj->sk", v, forms, v)
        length = image.norm(dim=1)
        top = int(length.argmax())
        gain = float(length[top]) - best
        if gain > 0:
            best, where = float(length[top]), v[top]
        if gain <= 1e-14 * best:
            break
        u = torch.where(length[:, None] > 0, image / length[:, None].clamp(min=1e-300), u)
    return best, where
