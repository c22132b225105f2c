"""The classifiers of the experiments: small ones for images of one channel, ResNet-18 for those of three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from pltheory.theory import InvalidInputError

NAMES = ("mlp", "resnet", "vit", "kan")


def network(group: Mapping[str, Any], shape: Sequence[int], classes: int, seed: int) -> nn.Module:
    """The network of a group of settings, begun as torch, or pykan, begins.

    Args:
        group: `network` and its numbers: `widths` of an mlp or a kan, `channels` and `blocks` of a resnet, `patch`,
            `width`, `depth` and `heads` of a vit, `grid` of a kan.
        shape: channels, height and width of an image.
        classes: outputs.
        seed: of the weights.

    Raises:
        InvalidInputError: no such network, a number of it is missing, or pykan is.
    """
    torch.manual_seed(seed)
    d = int(torch.Size(shape).numel())
    try:
        match group["network"]:
            case "mlp":
                return _mlp([d, *group["widths"], classes])
            case "resnet":
                return ResNet(shape[0], group["channels"], group["blocks"], classes)
            case "vit":
                return VisionTransformer(shape, group["patch"], group["width"], group["depth"], group["heads"], classes)
            case "kan":
                return nn.Sequential(nn.Flatten(), _kan([d, *group["widths"], classes], group["grid"], seed))
    except KeyError as error:
        raise InvalidInputError(f"network: {error.args[0]} is missing") from None
    raise InvalidInputError(f"network = {group['network']!r}: allowed are {', '.join(NAMES)}")


def _mlp(sizes: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for below, above in pairwise(sizes):
        layers += [nn.Linear(below, above), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Block(nn.Module):
    """Two convolutions of 3 x 3 with batch normalisation, beside the identity or a convolution of 1 x 1."""

    def __init__(self, below: int, above: int, stride: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(below, above, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(above),
            nn.ReLU(),
            nn.Conv2d(above, above, 3, padding=1, bias=False),
            nn.BatchNorm2d(above),
        )
        same = stride == 1 and below == above
        self.beside = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(below, above, 1, stride, bias=False), nn.BatchNorm2d(above))
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, below, h, w) to (n, above, h / stride, w / stride)."""
        return torch.relu(self.inner(x) + self.beside(x))


class ResNet(nn.Module):
    """Stages of blocks, each at half the height of the one before; ResNet-18 is 64, 128, 256, 512 of two blocks."""

    def __init__(self, inputs: int, channels: Sequence[int], blocks: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, channels[0], 3, padding=1, bias=False),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(),
        ]
        for stage, (below, above) in enumerate(pairwise([channels[0], *channels])):
            layers += [Block(below, above, 2 if stage else 1)]
            layers += [Block(above, above, 1) for _ in range(blocks - 1)]
        self.stages = nn.Sequential(*layers)
        self.head = nn.Linear(channels[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes)."""
        return self.head(self.stages(x).mean(dim=(2, 3)))


class VisionTransformer(nn.Module):
    """Patches, learned positions, a class token, pre-normalised encoder layers without dropout."""

    def __init__(self, shape: Sequence[int], patch: int, width: int, depth: int, heads: int, classes: int) -> None:
        super().__init__()
        if shape[1] % patch or shape[2] % patch:
            raise InvalidInputError(f"patch = {patch}: does not divide images of {shape[1]} x {shape[2]}")
        self.patches = nn.Conv2d(shape[0], width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        tokens = 1 + (shape[1] // patch) * (shape[2] // patch)
        self.positions = nn.Parameter(0.02 * torch.randn(1, tokens, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, depth, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes)."""
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(x), -1, -1), tokens], dim=1) + self.positions
        return self.head(self.encoder(tokens)[:, 0])


def _kan(sizes: Sequence[int], grid: int, seed: int) -> nn.Module:
    """pykan's network of cubic splines, without its symbolic part."""
    try:
        from kan import KAN
    except ImportError:
        raise InvalidInputError("network kan: needed is the package pykan (extra experiments)") from None
    net = KAN(width=list(sizes), grid=grid, k=3, seed=seed, symbolic_enabled=False, save_act=False, auto_save=False)
    return net.speed()
