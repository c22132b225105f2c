"""Certificates of networks of class G: `python -m tests.benchmarks.class_g [--rows NAME,..] [--recheck]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as nnf
from torch import nn

import pltheory as pl
from tests.benchmarks.certified import Row, Table, main

FULL = pl.DeltaGClipSettings(eta="1/beta", gamma=1e9, delta=0.1)
"""Steps that are never clipped."""
DIGITS = (1, 8, 8)
Activation = Callable[[torch.Tensor], torch.Tensor]


def digits(n: int, labels: str = "one-hot") -> tuple[torch.Tensor, torch.Tensor]:
    """Images (n, 1, 8, 8) and targets."""
    data = pl.datasets.digits(n, labels=labels)
    return data.x.reshape(n, *DIGITS), data.y


def convolution(n: int, channels: list[int], **more: Any) -> pl.Problem:
    """Convolutions, tanh, flatten, dense with 10 outputs; NTK scale."""
    return pl.Problem(pl.convolutional(shape=DIGITS, channels=channels, outputs=10, **more), *digits(n))


def signs(n: int, channels: int, output_init: str) -> pl.Problem:
    """One convolution with one output, labels +-1."""
    net = pl.convolutional(shape=DIGITS, channels=[channels], outputs=1, output_init=output_init)
    return pl.Problem(net, *digits(n, "low-high"))


def dense(n: int, width: int, output_init: str) -> pl.Problem:
    """64-m-1, tanh, NTK scale, labels +-1."""
    data = pl.datasets.digits(n, labels="low-high")
    return pl.Problem(pl.fully_connected([64, width, 1], output_init=output_init, seed=0), data.x, data.y)


def blocks(n: int, channels: int, blocks: int, convs: int, normalised: bool = False) -> pl.Problem:
    """A convolution of stride 2, pre-activation residual blocks, tanh, dense."""
    x, y = digits(n)
    net = pl.residual(
        shape=DIGITS, channels=[channels], stride=2, blocks=blocks, convs_per_block=convs, outputs=10,
        normalisation="batch" if normalised else "none", statistics=x if normalised else None,
    )  # fmt: skip
    return pl.Problem(net, x, y)


class Transformer(nn.Module):
    """One pre-norm block on the 8 rows of a digit as tokens: a head of attention, an MLP with GELU, residual sums."""

    def __init__(self, width: int = 16, hidden: int = 32) -> None:
        super().__init__()
        self.embedding, self.position = nn.Linear(8, width), nn.Parameter(0.5 * torch.randn(8, width))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 1, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.head = nn.Linear(8 * width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens (n, 8, 8) to (n, 10)."""
        a = self.embedding(x) + self.position
        z = self.norm1(a)
        a = a + self.attention(z, z, z, need_weights=False)[0]
        return self.head((a + self.mlp(self.norm2(a))).flatten(1))


def tokens(n: int, width: int = 16, hidden: int = 32) -> pl.Problem:
    """Rows of digits as tokens."""
    torch.manual_seed(0)
    x, y = digits(n)
    return pl.Problem(Transformer(width, hidden).double(), x.reshape(n, 8, 8), y)


class Stage(nn.Module):
    """A pre-activation block: norm, act, conv, norm, act, conv, and the identity or a 1 x 1 convolution beside it."""

    def __init__(self, inputs: int, outputs: int, stride: int, act: Activation) -> None:
        super().__init__()
        self.act = act
        self.norm1, self.norm2 = nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.beside = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if stride > 1 or inputs != outputs else None
        with torch.no_grad():
            # Isometries and a branch that is closed at first: a residual network's usual start.
            for conv in (self.conv1, self.beside):
                if conv is not None:
                    middle = conv.kernel_size[0] // 2
                    conv.weight.zero_()
                    conv.weight[:, :, middle, middle] = nn.init.orthogonal_(torch.empty(outputs, inputs))
            self.conv2.weight.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        z = self.act(self.norm1(x))
        branch = self.conv2(self.act(self.norm2(self.conv1(z))))
        return branch + (x if self.beside is None else self.beside(z))


class ResNet8(nn.Module):
    """A stem, three stages of widths c, 2c, 4c, a norm, act, flatten, dense: seven 3 x 3 convolutions and a head."""

    def __init__(self, width: int, act: Activation) -> None:
        super().__init__()
        self.act = act
        self.stem = nn.Conv2d(1, width, 3, 1, 1, bias=False)
        self.stages = nn.Sequential(
            Stage(width, width, 1, act), Stage(width, 2 * width, 2, act), Stage(2 * width, 4 * width, 2, act)
        )
        self.norm, self.head = nn.BatchNorm2d(4 * width), nn.Linear(4 * width * 49, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, 1, 28, 28) to (n, 10)."""
        return self.head(self.act(self.norm(self.stages(self.stem(x)))).flatten(1))


def fashion(n: int, width: int, act: Activation = nnf.silu) -> pl.Problem:
    """Fashion-MNIST; the stem's channels of variance 1 on the data, statistics of the norms measured there."""
    torch.manual_seed(0)
    data = pl.datasets.fashion_mnist(n, labels="one-hot")
    x = data.x.reshape(n, 1, 28, 28)
    x = x / x.abs().max()
    net = ResNet8(width, act).double()
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        net.stem.weight /= net.stem(x).std((0, 2, 3))[:, None, None, None]
        for norm in norms:
            norm.momentum = None
        net.train()(x)
    return pl.Problem(net.eval(), x, data.y)


ROWS = {
    "conv-init": Row("conv 3x3, 7168 channels, Gaussian head, n = 5", lambda: signs(5, 7168, "gaussian"), None),
    "conv-init-signs": Row("conv 3x3, 3072 channels, head +-1, n = 5", lambda: signs(5, 3072, "rademacher"), None),
    "dense-init": Row("dense 64-18000-1, Gaussian, n = 10", lambda: dense(10, 18_000, "gaussian"), None),
    "dense-init-signs": Row("dense 64-3000-1, head +-1, n = 10", lambda: dense(10, 3_000, "rademacher"), None),
    "path-10": Row("conv of 16 channels, n = 10, Theorem D", lambda: signs(10, 16, "gaussian"), None, "D", FULL),
    "path-20": Row("conv of 32 channels, n = 20, Theorem D", lambda: signs(20, 32, "gaussian"), None, "D", FULL),
    "flat": Row("conv of 16 channels, n = 100", lambda: convolution(100, [16])),
    "two": Row("two convs of 64 channels, strides 1 and 2, n = 50", lambda: convolution(50, [64, 64], stride=[1, 2])),
    "residual": Row("conv of stride 2, one residual conv, 64 channels, n = 50", lambda: blocks(50, 64, 1, 1)),
    "residual-2": Row("two pre-activation blocks of two convs, 16 channels, n = 50", lambda: blocks(50, 16, 2, 2)),
    "residual-2-norm": Row("the same with eval-mode batch norm", lambda: blocks(50, 16, 2, 2, True)),
    "fashion": Row("ResNet-8 (8-16-32), SiLU, eval-mode batch norm, Fashion-MNIST, n = 50", lambda: fashion(50, 8)),
    "transformer": Row("transformer block, 8 tokens of width 16, n = 20", lambda: tokens(20)),
    "transformer-100": Row("the same, n = 100", lambda: tokens(100)),
    # One-hot targets sum to 1, so that the head's columns do at an interpolating point whose features span, and the
    # Jacobian of that sum is the features alone: K has no full rank beyond n = 8 width + 1.
    "transformer-200": Row("transformer block, 8 tokens of width 32, n = 200", lambda: tokens(200, 32, 64)),
}

TABLE = Table(
    "tests.benchmarks.class_g",
    ROWS,
    "Certificates of class G",
    (
        "Written by `make class-g`, every row in a process of its own. *Steps* are kernel Gauss-Newton steps before",
        "Theorem C; rows without are Theorem B at initialisation, or D where it says so. *Needed* and *available* are",
        "the sides of the theorem's last inequality: for B and C the residual, round-off included, and",
        "`(1 - beta eta / 2) int sig`. Times are of the whole proof, reading and polish included, and of the recheck",
        "from the file alone. That of ResNet-8 asks by its sizes for more than the 8 GiB that are allowed by default:",
        "`--most-gib 14`; the last column is the peak of both.",
    ),
    (
        "What ends the transformer of width 16 is no round-off. Ten one-hot targets sum to 1: where the m features of",
        "its head and 1 span and F = y, the rows of the head sum to 0, so that the sum of the outputs moves with the",
        "head's own m + 1 parameters alone, and `K` is singular beyond n = m + 1 = 129. At n = 200 the width is 32.",
    ),
)

if __name__ == "__main__":
    main(TABLE, __doc__)
