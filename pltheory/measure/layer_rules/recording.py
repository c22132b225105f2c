"""One run of the network with its graph: the uses of its parameters and the gradients that reach them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge

from ..autodiff import dense
from .graph import Use, find_uses


class Recording:
    """Outputs (n, C) of a network, what its parameters were used for, and gradients by one backward pass per output.

    One pass serves all samples: the sum of output c over the samples has, at a row that belongs to sample i, the
    gradient of sample i's own output.
    """

    def __init__(self, network: nn.Module, x: Tensor, params: Mapping[str, Tensor]) -> None:
        with torch.enable_grad():
            self.output = network(x.detach()).reshape(len(x), -1)
        self.params, self.x = params, x
        self.uses = find_uses(self.output, params)

    @property
    def connected(self) -> bool:
        """Whether any output depends on any parameter."""
        return self.output.requires_grad

    def signature(self, name: str) -> list[tuple[Any, ...]]:
        """The uses of a parameter as they must be found again on other samples."""
        return [use.signature for use in self.uses[name]]

    def at_nodes(self, nodes: Sequence[Any], weights: Tensor) -> list[Tensor | None]:
        """Gradient of sum(weights * output) with respect to the output of each operation."""
        edges = [GradientEdge(node, 0) for node in nodes]
        return list(torch.autograd.grad(self.output, edges, weights, retain_graph=True, allow_unused=True))

    def per_output(self, nodes: Sequence[Any]) -> list[Tensor | None]:
        """For each operation, gradients (C, ..) of every output: C passes, or none where there is nothing to reach."""
        if not nodes:
            return []
        stacked: list[Tensor | None] = [None] * len(nodes)
        outputs = self.output.shape[1]
        for c in range(outputs):
            weights = torch.zeros_like(self.output)
            weights[:, c] = 1
            for i, gradient in enumerate(self.at_nodes(nodes, weights)):
                if gradient is None:
                    continue
                if outputs == 1:
                    stacked[i] = gradient[None]
                    continue
                whole = stacked[i]
                if whole is None:
                    whole = stacked[i] = gradient.new_zeros(outputs, *gradient.shape)
                whole[c] = gradient
        return stacked

    def at_parameters(self, names: Sequence[str], weights: Tensor) -> dict[str, Tensor]:
        """Gradient of sum(weights * output) with respect to some parameters, by autograd: one pass for all."""
        wanted = [self.params[name] for name in names]
        if not wanted:
            return {}
        found = torch.autograd.grad(self.output, wanted, weights, retain_graph=True, allow_unused=True)
        return dict(zip(names, dense(found, wanted), strict=True))


def operations(uses: Sequence[Use]) -> list[Any]:
    """The operations of some uses, each once, in order."""
    return list(dict.fromkeys(use.node for use in uses))
