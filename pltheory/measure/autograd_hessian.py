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
from torch.func import vmap

from ..problem.evaluation import call_with, first_line
from ..problem.problem import Problem
from ..theory import NotAvailableError
from .admission import trainable

Parameters = dict[str, Tensor]


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
        """The parameters of every function and the gradient in them, None where there is none.

        Raises:
            NotAvailableError: autograd, or for several functions vmap, does not know something in the module.
        """
        own = {k: p.expand(self.count, *p.shape).detach().requires_grad_() for k, p in self.params.items()}
        leaves = list(own.values())
        value, gradients = self._gradients(own, create_graph=True)
        return leaves, gradients if value.requires_grad else [None] * len(leaves)

    def at(self, offset: Tensor) -> tuple[Tensor, list[Tensor | None]]:
        """Values (B,) and gradients at the parameters plus offsets (B, p), None where there is none."""
        pieces = offset.split([p.numel() for p in self.params.values()], dim=1)
        own = {
            name: (p + piece.reshape(-1, *p.shape)).detach().requires_grad_()
            for (name, p), piece in zip(self.params.items(), pieces, strict=True)
        }
        values, gradients = self._gradients(own, create_graph=False)
        return values.detach(), gradients

    def _gradients(self, own: Parameters, *, create_graph: bool) -> tuple[Tensor, list[Tensor | None]]:
        try:
            with torch.enable_grad():
                values = self.build(self.index, own)
                if not values.requires_grad:
                    return values, [None] * len(own)
                wanted = list(own.values())
                found = torch.autograd.grad(values.sum(), wanted, create_graph=create_graph, allow_unused=True)
                return values, [g.to_dense() if g is not None and g.is_sparse else g for g in found]
        except Exception as error:  # they fail in as many ways as there are modules
            raise NotAvailableError(f"no Hessian for this network: {first_line(error)}") from error

    def start(self, seed: int) -> Tensor:
        """A random vector, the same for every function."""
        generator = torch.Generator().manual_seed(int(seed))
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
        try:
            found = torch.autograd.grad(
                outputs, leaves, cotangents, retain_graph=True, allow_unused=True, materialize_grads=True
            )
        except RuntimeError as error:
            raise NotAvailableError(f"no Hessian for this network: {first_line(error)}") from error
        return torch.cat([g.reshape(len(v), -1) for g in found], dim=1)

    def take(self, keep: Tensor) -> Self:
        """The functions at these indices."""
        return type(self)(self.params, self.build, self.index[keep.to(self.index.device)])


def output_hessians(network: nn.Module, x: Tensor, outputs: int, dtype: torch.dtype | None = None) -> AutogradHessians:
    """Hessian of every output at every sample: index i C + c is output c at sample i.

    Args:
        network: maps (n, ..) to (n, ..), C outputs per sample on whatever axes.
        x: inputs of shape (n, ..).
        outputs: C.
        dtype: None, or the precision that weights, buffers and inputs are cast to.
    """
    fixed, params, x = _cast(network, x, dtype)

    def one(p: Parameters, xi: Tensor, c: Tensor) -> Tensor:
        return call_with(network, {**fixed, **p}, xi[None]).reshape(-1).gather(0, c[None])[0]

    def build(index: Tensor, own: Parameters) -> Tensor:
        samples, which = x[index // outputs], index % outputs
        if len(index) == 1:  # what vmap has no rule for still works one at a time
            return one({k: p.squeeze(0) for k, p in own.items()}, samples[0], which[0])[None]
        return vmap(one)(own, samples, which)

    return AutogradHessians(params, build, torch.arange(x.shape[0] * outputs, device=x.device))


def weighted_sum(
    network: nn.Module, x: Tensor, outputs: int, index: Tensor, weights: Tensor, dtype: torch.dtype | None = None
) -> AutogradHessians:
    """The sum of some of `output_hessians`' functions with a weight for each, a batch of one: by plain autograd.

    Args:
        index: which functions, (b,), numbered as there.
        weights: their weights, (b,).
        dtype: as there.
    """
    fixed, params, x = _cast(network, x, dtype)
    samples, row = (index // outputs).unique(return_inverse=True)

    def build(_: Tensor, own: Parameters) -> Tensor:
        values = call_with(network, {**fixed, **{k: p.squeeze(0) for k, p in own.items()}}, x[samples])
        return (values.reshape(len(samples), -1)[row, index % outputs] * weights.to(values)).sum()[None]

    return AutogradHessians(params, build, torch.zeros(1, dtype=torch.long, device=x.device))


def loss_hessian(problem: Problem, dtype: torch.dtype | None = None) -> AutogradHessians:
    """Hessian of the loss in use, a batch of one; `dtype` as for `output_hessians`."""
    network = problem.network
    fixed, params, x = _cast(network, problem.x, dtype)
    y = problem.y.to(dtype or problem.y.dtype)

    def build(index: Tensor, own: Parameters) -> Tensor:
        outputs = call_with(network, {**fixed, **{k: p.squeeze(0) for k, p in own.items()}}, x).flatten(1)
        return problem.objective.value(outputs, y)[None]

    return AutogradHessians(params, build, torch.zeros(1, dtype=torch.long))


def _cast(network: nn.Module, x: Tensor, dtype: torch.dtype | None) -> tuple[Parameters, Parameters, Tensor]:
    """What is exchanged in the network to compute in another precision, its trainable parameters, and the inputs."""
    params = {name: p.detach() for name, p in trainable(network).items()}
    if dtype is None or dtype == next(iter(params.values())).dtype:
        return {}, params, x
    others = [*network.named_parameters(), *network.named_buffers()]
    fixed = {name: t.detach().to(dtype) for name, t in others if name not in params and t.is_floating_point()}
    return fixed, {name: p.to(dtype) for name, p in params.items()}, x.to(dtype) if x.is_floating_point() else x
