"""Layers that torch has no module for: its functions times a number, an activation by name, and a residual addition."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from ..nets.activations import activation


class ScaledConv2d(nn.Module):
    """Z = kappa * conv2d(A, W) + tau * b, the same for all positions: a convolution in the NTK parametrisation.

    Shapes: A (n, c_in, h, w), W (c_out, c_in, k, k), b (c_out,) or None (tau = 0), Z (n, c_out, h', w') with
    h' = ceil(h / stride), w' = ceil(w / stride).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, kappa: float, tau: float, stride: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = None if bias is None else nn.Parameter(bias)
        self.kappa, self.tau, self.stride, self.padding = kappa, tau, stride, weight.shape[-1] // 2

    def forward(self, a: Tensor) -> Tensor:
        """Z from A."""
        z = self.kappa * functional.conv2d(a, self.weight, stride=self.stride, padding=self.padding)
        return z if self.bias is None else z + self.tau * self.bias[:, None, None]

    def extra_repr(self) -> str:
        """Sizes and scales, as torch prints them."""
        c_out, c_in, k, _ = self.weight.shape
        return f"{c_in}, {c_out}, kernel={k}, stride={self.stride}, kappa={self.kappa:.4g}, tau={self.tau:g}"


class ScaledLinear(nn.Module):
    """Z = kappa * A W^T + tau * b: a linear layer in the NTK parametrisation.

    Shapes: A (n, m_in), W (m_out, m_in), b (m_out,) or None (tau = 0), Z (n, m_out).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, kappa: float, tau: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = None if bias is None else nn.Parameter(bias)
        self.kappa, self.tau = kappa, tau

    def forward(self, a: Tensor) -> Tensor:
        """Z from A."""
        z = self.kappa * functional.linear(a, self.weight)
        return z if self.bias is None else z + self.tau * self.bias

    def extra_repr(self) -> str:
        """Sizes and scales, as torch prints them."""
        m_out, m_in = self.weight.shape
        return f"{m_in}, {m_out}, kappa={self.kappa:.4g}, tau={self.tau:g}"


class Pointwise(nn.Module):
    """An activation of the table that torch has no module for (erf)."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, z: Tensor) -> Tensor:
        """act(z), entry by entry."""
        return activation(self.name).value(z)

    def extra_repr(self) -> str:
        """The activation's name."""
        return self.name


class Residual(nn.Module):
    """A + branch(A)."""

    def __init__(self, branch: nn.Sequential) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, a: Tensor) -> Tensor:
        """A + branch(A), of A's shape."""
        return a + self.branch(a)
