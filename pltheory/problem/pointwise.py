"""The activations of the table as torch functions, each with its first derivative, and the nn.Modules they match."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Pointwise:
    """A function applied to every entry, with its derivatives: each maps a tensor to one of the same shape.

    Attributes:
        slope_at_value: the derivative as a function of the value, where that costs less and loses nothing.
    """

    value: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]
    second: Callable[[Tensor], Tensor]
    slope_at_value: Callable[[Tensor], Tensor] | None = None

    def with_derivative(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Value and first derivative at z."""
        value = self.value(z)
        return value, self.derivative(z) if self.slope_at_value is None else self.slope_at_value(value)


def _sigmoid_derivative(z: Tensor) -> Tensor:
    # sigmoid(z) sigmoid(-z) keeps its relative accuracy in both tails; s (1 - s) loses it in the right one.
    return torch.sigmoid(z) * torch.sigmoid(-z)


def _normal_cdf(z: Tensor) -> Tensor:
    return 0.5 * torch.erfc(-z / math.sqrt(2))


def _gelu_derivative(z: Tensor) -> Tensor:
    return _normal_cdf(z) + z * _normal_density(z)


def _silu_derivative(z: Tensor) -> Tensor:
    return torch.sigmoid(z) + z * _sigmoid_derivative(z)


def _sigmoid_second(z: Tensor) -> Tensor:
    return _sigmoid_derivative(z) * (torch.sigmoid(-z) - torch.sigmoid(z))


def _normal_density(z: Tensor) -> Tensor:
    return torch.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def _tanh_slope(t: Tensor) -> Tensor:
    return 1 - t * t


def _tanh_second(z: Tensor) -> Tensor:
    t = torch.tanh(z)
    return -2 * t * (1 - t * t)


def _silu_second(z: Tensor) -> Tensor:
    return 2 * _sigmoid_derivative(z) + z * _sigmoid_second(z)


POINTWISE = {
    "tanh": Pointwise(torch.tanh, lambda z: _tanh_slope(torch.tanh(z)), _tanh_second, _tanh_slope),
    "sigmoid": Pointwise(torch.sigmoid, _sigmoid_derivative, _sigmoid_second),
    "softplus": Pointwise(lambda z: torch.logaddexp(z, torch.zeros_like(z)), torch.sigmoid, _sigmoid_derivative),
    "erf": Pointwise(
        torch.erf,
        lambda z: 2 / math.sqrt(math.pi) * torch.exp(-z * z),
        lambda z: -4 / math.sqrt(math.pi) * z * torch.exp(-z * z),
    ),
    "gelu": Pointwise(lambda z: z * _normal_cdf(z), _gelu_derivative, lambda z: _normal_density(z) * (2 - z * z)),
    "silu": Pointwise(lambda z: z * torch.sigmoid(z), _silu_derivative, _silu_second),
    # Off the kink, as autograd has it.
    "relu": Pointwise(torch.relu, lambda z: (z > 0).to(z.dtype), torch.zeros_like),
}


_BY_TYPE = {nn.Tanh: "tanh", nn.Sigmoid: "sigmoid", nn.SiLU: "silu", nn.ReLU: "relu"}


def activation_of(module: nn.Module) -> str | None:
    """Name in the table of the function that a module computes, or None if it computes none of them exactly."""
    # Exact types: a subclass may compute anything.
    kind = type(module)
    if isinstance(module, nn.GELU) and kind is nn.GELU:
        return "gelu" if module.approximate == "none" else None
    if isinstance(module, nn.Softplus) and kind is nn.Softplus:
        # torch replaces softplus by the identity above its threshold (20 by default), a jump of 2e-9;
        # from 40 on the two agree in float64.
        return "softplus" if module.beta == 1.0 and module.threshold >= 40 else None
    return _BY_TYPE.get(kind)
