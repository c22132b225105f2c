"""Modules of many kinds, for what is compared kind by kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Kind:
    """A module in eval mode and samples for it, drawn from a seed.

    Attributes:
        name: as the table has it.
        make: the module.
        samples: n inputs.
    """

    name: str
    make: Callable[[], nn.Module]
    samples: Callable[[int], Tensor]

    def network(self) -> nn.Module:
        """The module, from seed 0."""
        torch.manual_seed(0)
        return self.make().eval()


class _Residual(nn.Module):
    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False), nn.BatchNorm2d(c_out))
        same = c_in == c_out and stride == 1
        self.skip = nn.Identity() if same else nn.Conv2d(c_in, c_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(self.first(x)) + self.skip(x))


class _Transformer(nn.Module):
    def __init__(self, words: int, width: int, layers: int) -> None:
        super().__init__()
        self.table = nn.Embedding(words, width)
        each = [nn.TransformerEncoderLayer(width, 4, 2 * width, 0.0, "gelu", batch_first=True) for _ in range(layers)]
        self.layers, self.last = nn.Sequential(*each), nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.layers(self.table(x)).mean(1))


class _Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.last = nn.LSTM(16, 64, batch_first=True), nn.Linear(64, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.cell(x)[0][:, -1])


class _Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.shared, self.last = nn.Linear(64, 64), nn.Linear(64, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.shared(torch.tanh(self.shared(x)))))


def _layers(*widths: int, act: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        parts = [p for a, b in pairwise(widths) for p in (nn.Linear(a, b), act())]
        return nn.Sequential(*parts[:-1])

    return make


def _normalised() -> nn.Module:
    return nn.Sequential(
        *(nn.Linear(64, 256), nn.LayerNorm(256), nn.GELU(), nn.Linear(256, 256), nn.LayerNorm(256), nn.GELU()),
        nn.Linear(256, 3),
    )


def _lenet() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )


def _residual() -> nn.Module:
    shapes = ((16, 16, 1), (16, 32, 2), (32, 64, 2))
    blocks = [_Residual(*shape) for shape in shapes]
    return nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def _draws(*shape: int) -> Callable[[int], Tensor]:
    return lambda n: torch.randn(n, *shape, generator=torch.Generator().manual_seed(1))


def _words(count: int, length: int) -> Callable[[int], Tensor]:
    return lambda n: torch.randint(0, count, (n, length), generator=torch.Generator().manual_seed(1))


ZOO = (
    Kind("20-64-64-1 tanh", _layers(20, 64, 64, 1, act=nn.Tanh), _draws(20)),
    Kind("784-512-512-1 tanh", _layers(784, 512, 512, 1, act=nn.Tanh), _draws(784)),
    Kind("784-512-512-10 ReLU", _layers(784, 512, 512, 10, act=nn.ReLU), _draws(784)),
    Kind("layer normalisation, 64-256-256-3", _normalised, _draws(64)),
    Kind("tied layers, 64-64-64-3", _Tied, _draws(64)),
    Kind("LeNet, 28 x 28", _lenet, _draws(1, 28, 28)),
    Kind("residual with batch normalisation, 3 x 32 x 32", _residual, _draws(3, 32, 32)),
    Kind("transformer, 2 layers of 128, 16 tokens", lambda: _Transformer(1000, 128, 2), _words(1000, 16)),
    Kind("LSTM of 64, 12 steps", _Recurrent, _draws(12, 16)),
)
"""Small and large, with and without a rule for every parameter."""
