"""Hessian-vector products of any module by automatic differentiation, for many pairs of a sample and an output at once.

The gradient's graph is built once; a product is one backward pass through it. Reverse over reverse: forward mode would
first import torch's compiler, which takes longer than a small run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from ..problem.problem import Problem
from ..theory import InvalidInputError

Parameters = dict[str, Tensor]


def trainable(network: nn.Module) -> Parameters:
    """The parameters that a Hessian is in, by name.

    Raises:
        InvalidInputError: there are none.
    """
    params = {name: p.detach() for name, p in network.named_parameters() if p.requires_grad}
    if not params:
        raise InvalidInputError("the network has no trainable parameters: its Hessian is empty")
    return params


@dataclass(frozen=True)
class AutogradHessians:
    """Hessians of scalar functions f_1, .., f_B of the parameters, as `lanczos.SymmetricBatch`.

    Every f_b gets parameters of its own, a view of the same numbers, so that the Hessian of their sum is block
    diagonal and one product with it is B products.

    Attributes:
        params: the parameters, by name.
        build: indices (b,) and parameters with a leading axis b to the values, (b,).
        index: which functions these are.
    """

    params: Parameters
    build: Callable[[Tensor, Parameters], Tensor]
    index: Tensor

    @property
    def count(self) -> int:
        """B."""
        return len(self.index)

    @cached_property
    def graph(self) -> tuple[list[Tensor], list[Tensor | None]]:
        """The parameters of every function and the gradient in them, None where there is none."""
        with torch.enable_grad():
            own = {k: p.expand(self.count, *p.shape).detach().requires_grad_() for k, p in self.params.items()}
            value = self.build(self.index, own).sum()
            leaves = list(own.values())
            if not value.requires_grad:
                return leaves, [None] * len(leaves)
            return leaves, list(torch.autograd.grad(value, leaves, create_graph=True, allow_unused=True))

    def start(self, seed: int) -> Tensor:
        """A random vector, the same for every function."""
        generator = torch.Generator().manual_seed(seed)
        like = next(iter(self.params.values()))
        size = sum(p.numel() for p in self.params.values())
        flat = torch.randn(size, generator=generator, dtype=like.dtype).to(like.device)
        return flat.expand(self.count, -1)

    def apply(self, v: Tensor) -> Tensor:
        """H_b v_b for v of shape (B, p), parameters in the module's order, flattened."""
        leaves, gradients = self.graph
        pieces = v.split([p.numel() for p in self.params.values()], dim=1)
        # A gradient without a graph does not depend on the parameters.
        pairs = [
            (g, piece.reshape(g.shape))
            for g, piece in zip(gradients, pieces, strict=True)
            if g is not None and g.requires_grad
        ]
        if not pairs:
            return torch.zeros_like(v)
        outputs, cotangents = zip(*pairs, strict=True)
        found = torch.autograd.grad(
            outputs, leaves, cotangents, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return torch.cat([g.reshape(len(v), -1) for g in found], dim=1)

    def take(self, keep: Tensor) -> Self:
        """The functions at these indices."""
        return type(self)(self.params, self.build, self.index[keep.to(self.index.device)])


def output_hessians(network: nn.Module, x: Tensor, outputs: int) -> AutogradHessians:
    """Hessian of every output at every sample: index i C + c is output c at sample i.

    Args:
        network: maps (n, d) to (n, C).
        x: inputs of shape (n, d).
        outputs: C.
    """

    def one(p: Parameters, xi: Tensor, c: Tensor) -> Tensor:
        return functional_call(network, p, (xi[None],)).reshape(-1).gather(0, c[None])[0]

    def build(index: Tensor, own: Parameters) -> Tensor:
        samples, which = x[index // outputs], index % outputs
        if len(index) == 1:  # what vmap has no rule for still works one at a time
            return one({k: p.squeeze(0) for k, p in own.items()}, samples[0], which[0])[None]
        return vmap(one)(own, samples, which)

    return AutogradHessians(trainable(network), build, torch.arange(x.shape[0] * outputs, device=x.device))


def loss_hessian(problem: Problem) -> AutogradHessians:
    """Hessian of the loss in use, a batch of one."""

    def build(index: Tensor, own: Parameters) -> Tensor:
        r = functional_call(problem.network, {k: p.squeeze(0) for k, p in own.items()}, (problem.x,)) - problem.y
        return (0.5 * problem.scale * r.square().sum())[None]

    return AutogradHessians(trainable(problem.network), build, torch.zeros(1, dtype=torch.long))
