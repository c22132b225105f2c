"""Outputs and Jacobian of a module by autograd, and of the graph that was read from it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pltheory.nets.reading import Reading, evaluate, read

PRECISION = 1e-10


def called(forward, **parts) -> nn.Module:
    """A module in double precision with these parts, tensors being buffers, that computes forward(self, x)."""

    class Called(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, part in parts.items():
                if isinstance(part, Tensor) and not isinstance(part, nn.Parameter):
                    self.register_buffer(name, part)
                else:
                    setattr(self, name, part)

        def forward(self, x):
            return forward(self, x)

    return Called().double()


def trainable(*shape: int, seed: int = 0) -> nn.Parameter:
    return nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(seed)))


def fixed(*shape: int) -> Tensor:
    return trainable(*shape, seed=7).detach()


def data(*shape: int, n: int = 4) -> Tensor:
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(n), dtype=torch.float64)


def require_equal(module: nn.Module, x: Tensor, precision: float = PRECISION) -> Reading:
    """Read it and hold outputs and every entry of the Jacobian against autograd's."""
    reading = read(module, x)
    own = {name: p.detach().clone() for name, p in module.named_parameters()}

    def of_module(parameters):
        return torch.func.functional_call(module, parameters, (x,)).reshape(len(x), -1)

    def of_graph(parameters):
        return evaluate(reading.graph, x.reshape(len(x), -1), groups(reading, parameters))

    close(of_graph(own), of_module(own), precision)
    close(evaluate(reading.graph, x.reshape(len(x), -1)), of_module(own), precision)
    expected, found = (torch.func.jacrev(f)(own) for f in (of_module, of_graph))
    for name, jacobian in expected.items():
        close(found[name], jacobian, precision)
    assert reading.graph.parameters == sum(p.numel() for p in module.parameters())
    assert len(reading.parameters) == len(reading.graph.groups)
    for group, (weight, bias) in zip(reading.graph.groups, reading.parameters, strict=True):
        for array, source in ((group.weight, weight), (group.bias, bias)):
            if source is not None:
                assert dict(module.named_parameters())[source.name] is source.tensor
                assert array.shape == source.entries.shape
    return reading


def groups(reading: Reading, parameters):
    """Weights and biases of every group, cut from the parameters."""

    def cut(source, otherwise):
        return otherwise if source is None else parameters[source.name].reshape(-1)[torch.from_numpy(source.entries)]

    return [
        (cut(weight, torch.zeros(group.weight.shape, dtype=torch.float64)), cut(bias, None))
        for group, (weight, bias) in zip(reading.graph.groups, reading.parameters, strict=True)
    ]


def close(found: Tensor, expected: Tensor, precision: float = PRECISION) -> None:
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= precision * max(1.0, float(expected.abs().max()))
