"""Convolutional and residual networks as modules, at a random initialisation.

With stages s = 1..S, phi_s the feature maps (n, c_s, h_s, w_s), conv a convolution of odd kernel k that pads by
(k - 1)/2 zeros, and N a normalisation or nothing:

- `convolutional`: phi_s = act(N(conv_s(phi_{s-1}))), phi_0 = x;
- `residual`, pre-activation [He et al. 2016, arXiv:1603.05027]: phi_s = (id + G_s,B) .. (id + G_s,1) conv_s(u_s) with
  u_1 = x, u_s = act(N(phi_{s-1})), and a branch G_s,b = conv act N .. conv act N of `convs_per_block` convolutions; a
  last act(N(..)) before the head;

then pooling, flattening and a linear head with C outputs. The parts are torch's own layers, and in the NTK
parametrisation `ScaledConv2d` and `ScaledLinear`, which are torch's functions times a number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from ..nets.activations import activation
from ..theory import InvalidInputError
from .layers import Pointwise, Residual, ScaledConv2d, ScaledLinear
from .networks import OutputInit, Parametrization
from .source import whole_number
from .surroundings import undisturbed

Pooling = Literal["none", "average", "global"]
Normalisation = Literal["none", "batch"]

_ALLOWED = {
    "pooling": ("none", "average", "global"),
    "normalisation": ("none", "batch"),
    "parametrization": ("ntk", "standard"),
    "output_init": ("gaussian", "rademacher"),
}
LARGEST_MAP = 2**40
"""Entries of a feature map or a kernel beyond which the arithmetic of sizes is not worth doing."""


@dataclass(frozen=True)
class Architecture:
    """Sizes of a convolutional or residual network, known without building it.

    Attributes:
        shape: (c, h, w) of a sample.
        channels: c_s of each stage.
        kernel: k, odd.
        stride: of each stage's convolution.
        blocks: residual blocks after each stage's convolution; None for a network without residual connections.
        convs_per_block: convolutions of a branch.
        pooling: "none"; "average": 2 x 2, an odd last row or column left out; "global": the mean over all positions.
        outputs: C.
        bias: whether convolutions and head have biases.

    Raises:
        InvalidInputError: a size that is not allowed; the message names it.
    """

    shape: tuple[int, int, int]
    channels: tuple[int, ...]
    kernel: int
    stride: tuple[int, ...]
    blocks: tuple[int, ...] | None
    convs_per_block: int
    pooling: Pooling
    outputs: int
    bias: bool

    def __post_init__(self) -> None:
        if len(self.shape) != 3:
            raise InvalidInputError(f"shape = {list(self.shape)}: needed is (channels, height, width) of a sample")
        for key, sizes in (("shape", self.shape), ("channels", self.channels), ("stride", self.stride)):
            for size in sizes:
                whole_number(key, size, 1)
        if not self.channels:
            raise InvalidInputError("channels = []: needed is at least one convolution")
        whole_number("kernel", self.kernel, 1)
        if self.kernel % 2 == 0:
            raise InvalidInputError(f"kernel = {self.kernel}: allowed are odd numbers")
        whole_number("convs_per_block", self.convs_per_block, 1)
        whole_number("outputs", self.outputs, 1)
        for blocks in self.blocks or ():
            whole_number("blocks", blocks, 0)
        for key, values in (("stride", self.stride), ("blocks", self.blocks)):
            if values is not None and len(values) != len(self.channels):
                raise InvalidInputError(
                    f"{key} = {list(values)}: needed is one number, or {len(self.channels)}, one for each of channels"
                )
        _, h, w = self.maps[-1]
        if self.pooling == "average" and min(h, w) < 2:
            raise InvalidInputError(f"pooling = 'average': the last maps are {h} x {w}; needed are 2 x 2 or more")
        if max(math.prod(m) for m in self.maps) > LARGEST_MAP or self.kernel**2 > LARGEST_MAP:
            raise InvalidInputError(f"channels = {list(self.channels)}: feature maps of more than 2**40 entries")

    @classmethod
    def of(
        cls,
        shape: Sequence[int],
        channels: Sequence[int],
        kernel: int,
        stride: int | Sequence[int],
        blocks: int | Sequence[int] | None,
        convs_per_block: int,
        pooling: Pooling,
        outputs: int,
        bias: bool,
    ) -> Architecture:
        """The same from what a caller writes: one number for all stages, or a list."""
        sizes, stages = _whole("shape", shape), _whole("channels", channels)
        strides = _of_each("stride", stride, stages)
        own = None if blocks is None else _of_each("blocks", blocks, stages)
        return cls(sizes, stages, kernel, strides, own, convs_per_block, pooling, outputs, bias)  # type: ignore[arg-type]

    @property
    def maps(self) -> list[tuple[int, int, int]]:
        """(c, h, w) of x and of every stage."""
        maps = [self.shape]
        for c, s in zip(self.channels, self.stride, strict=True):
            maps.append((c, -(-maps[-1][1] // s), -(-maps[-1][2] // s)))
        return maps

    @property
    def features(self) -> int:
        """Numbers that the head takes."""
        c, h, w = self.maps[-1]
        return c * {"none": h * w, "average": (h // 2) * (w // 2), "global": 1}[self.pooling]

    @property
    def parameters(self) -> int:
        """Trainable numbers of convolutions and head."""
        count = self.outputs * (self.features + self.bias)
        for s, c in enumerate(self.channels):
            inner = 0 if self.blocks is None else self.blocks[s] * self.convs_per_block
            count += c * (self.kernel**2 * (self.maps[s][0] + inner * c) + (1 + inner) * self.bias)
        return count

    @property
    def values(self) -> int:
        """Entries of all feature maps of a sample."""
        count = math.prod(self.shape) + self.features + self.outputs
        for s, stage in enumerate(self.maps[1:]):
            inner = 0 if self.blocks is None else self.blocks[s] * self.convs_per_block
            count += 2 * (1 + inner) * math.prod(stage)
        return count


@undisturbed
def convolutional(
    *,
    shape: Sequence[int],
    channels: Sequence[int],
    kernel: int = 3,
    stride: int | Sequence[int] = 1,
    pooling: Pooling = "none",
    normalisation: Normalisation = "none",
    statistics: Tensor | None = None,
    activation: str = "tanh",
    outputs: int = 1,
    bias: bool = False,
    parametrization: Parametrization = "ntk",
    output_init: OutputInit = "gaussian",
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> nn.Sequential:
    """A convolutional network at a random initialisation, in eval mode: x of shape (n, c, h, w) to F of shape (n, C).

    The draw is made in float64 on the CPU and then cast and moved: one seed gives one network on every device.

    Args:
        shape: (c, h, w) of a sample.
        channels: output channels of each convolution, at least one.
        kernel: k, odd; every convolution pads by (k - 1)/2 zeros.
        stride: of every convolution, or one number for each.
        pooling: after the last activation. "none"; "average": 2 x 2, an odd last row or column left out; "global": the
            mean over all positions.
        normalisation: "batch": an nn.BatchNorm2d before every activation, whose statistics are fixed and whose scale
            (1 at first) and shift (0) are trained.
        statistics: samples (m, c, h, w) at which the means and variances are measured, layer by layer; None: 0 and 1.
        activation: a name of `pltheory.nets.activations`.
        outputs: C.
        bias: whether convolutions and head have biases.
        parametrization: "ntk": kappa = 1/sqrt(c_in k^2) and 1/sqrt(m_in) for the head, tau = 1, all entries N(0, 1);
            "standard": nn.Conv2d and nn.Linear, weights N(0, 1/(c_in k^2)) and N(0, 1/m_in), biases 0.
        output_init: "gaussian", or "rademacher": weights of the head of modulus 1 (times 1/sqrt(m_in) if standard) and
            random sign.
        seed: of a generator of this call's own.
        dtype: torch.float64 or torch.float32.
        device: where the network lies.

    Raises:
        InvalidInputError: a size or name that is not allowed, or statistics that are not finite or of another shape.
    """
    plan = Architecture.of(shape, channels, kernel, stride, None, 1, pooling, outputs, bias)
    draw = _Draw(plan, activation, normalisation, parametrization, output_init, seed)
    parts: list[nn.Module] = []
    for s in range(len(plan.channels)):
        parts += [draw.stage(s), *draw.act(plan.channels[s])]
    return _finished([*parts, *draw.head()], plan, statistics, dtype, device)


@undisturbed
def residual(
    *,
    shape: Sequence[int],
    channels: Sequence[int],
    kernel: int = 3,
    stride: int | Sequence[int] = 1,
    blocks: int | Sequence[int] = 1,
    convs_per_block: int = 2,
    pooling: Pooling = "none",
    normalisation: Normalisation = "none",
    statistics: Tensor | None = None,
    activation: str = "tanh",
    outputs: int = 1,
    bias: bool = False,
    parametrization: Parametrization = "ntk",
    output_init: OutputInit = "gaussian",
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> nn.Sequential:
    """A pre-activation residual network at a random initialisation, in eval mode: x (n, c, h, w) to F (n, C).

    Every stage is one convolution, which sets channels and size, and then its blocks, whose shortcuts are the identity.

    Args:
        channels: output channels of each stage, at least one.
        stride: of every stage's convolution, or one number for each; convolutions in blocks have stride 1.
        blocks: residual blocks after every stage's convolution, or one number for each; 0 is allowed.
        convs_per_block: convolutions of a block's branch, each after an activation.
        shape: of a sample; this and all that follow as in `convolutional`.

    Raises:
        InvalidInputError: as `convolutional`.
    """
    plan = Architecture.of(shape, channels, kernel, stride, blocks, convs_per_block, pooling, outputs, bias)
    draw = _Draw(plan, activation, normalisation, parametrization, output_init, seed)
    parts: list[nn.Module] = []
    for s, c in enumerate(plan.channels):
        parts += [draw.stage(s)] if s == 0 else [*draw.act(plan.channels[s - 1]), draw.stage(s)]
        assert plan.blocks is not None
        for _ in range(plan.blocks[s]):
            branch = [m for _ in range(convs_per_block) for m in (*draw.act(c), draw.conv(c, c, 1))]
            parts.append(Residual(nn.Sequential(*branch)))
    parts += draw.act(plan.channels[-1])
    return _finished([*parts, *draw.head()], plan, statistics, dtype, device)


class _Draw:
    """The layers of one network, drawn in the order of their use."""

    def __init__(
        self, plan: Architecture, name: str, normalisation: str, parametrization: str, output_init: str, seed: int
    ) -> None:
        given = {
            "pooling": plan.pooling,
            "normalisation": normalisation,
            "parametrization": parametrization,
            "output_init": output_init,
        }
        for key, value in given.items():
            if value not in _ALLOWED[key]:
                raise InvalidInputError(f"{key} = {value!r}: allowed are {', '.join(map(repr, _ALLOWED[key]))}")
        activation(name)
        self.plan, self.name, self.normalised = plan, name, normalisation == "batch"
        self.ntk, self.signs = parametrization == "ntk", output_init == "rademacher"
        self.generator = torch.Generator().manual_seed(seed)

    def stage(self, s: int) -> nn.Module:
        """The convolution that begins stage s."""
        return self.conv(self.plan.maps[s][0], self.plan.channels[s], self.plan.stride[s])

    def conv(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        """A convolution."""
        k = self.plan.kernel
        weight, bias = self._normal(c_out, c_in, k, k), self._bias(c_out)
        kappa = 1 / math.sqrt(c_in * k * k)
        if self.ntk:
            return ScaledConv2d(weight, bias, kappa, 0.0 if bias is None else 1.0, stride)
        layer = skip_init(
            nn.Conv2d, c_in, c_out, k, stride=stride, padding=k // 2, bias=bias is not None, dtype=torch.float64
        )
        return _set(layer, kappa * weight, bias)

    def act(self, channels: int) -> list[nn.Module]:
        """Normalisation, if any, and activation."""
        norm = [nn.BatchNorm2d(channels, dtype=torch.float64)] if self.normalised else []
        return [*norm, _pointwise(self.name)]

    def head(self) -> list[nn.Module]:
        """Pooling, flattening, and the linear layer."""
        m_in, m_out = self.plan.features, self.plan.outputs
        pooling: dict[str, list[nn.Module]] = {
            "none": [], "average": [nn.AvgPool2d(2)], "global": [nn.AdaptiveAvgPool2d(1)],
        }  # fmt: skip
        weight = self._normal(m_out, m_in)
        weight, bias = weight.sign() if self.signs else weight, self._bias(m_out)
        kappa = 1 / math.sqrt(m_in)
        if self.ntk:
            last: nn.Module = ScaledLinear(weight, bias, kappa, 0.0 if bias is None else 1.0)
        else:
            layer = skip_init(nn.Linear, m_in, m_out, bias=bias is not None, dtype=torch.float64)
            last = _set(layer, kappa * weight, bias)
        return [*pooling[self.plan.pooling], nn.Flatten(), last]

    def _bias(self, size: int) -> Tensor | None:
        if not self.plan.bias:
            return None
        return self._normal(size) if self.ntk else torch.zeros(size, dtype=torch.float64)

    def _normal(self, *sizes: int) -> Tensor:
        return torch.randn(*sizes, generator=self.generator, dtype=torch.float64)


def _set(layer: nn.Module, weight: Tensor, bias: Tensor | None) -> nn.Module:
    layer.weight = nn.Parameter(weight)
    if bias is not None:
        layer.bias = nn.Parameter(bias)
    return layer


def _pointwise(name: str) -> nn.Module:
    """A module that computes the activation: torch's own where there is one."""
    known = activation(name)
    if known.module is None:
        return Pointwise(name)
    kind = resolve_name(known.module)
    # nn.Softplus is the identity above its threshold, 20 by default: another function.
    part: nn.Module = kind(threshold=40) if kind is nn.Softplus else kind()
    return part if known.computed_by(part) else Pointwise(name)


def _finished(
    parts: list[nn.Module],
    plan: Architecture,
    statistics: Tensor | None,
    dtype: torch.dtype,
    device: torch.device | str,
) -> nn.Sequential:
    network = nn.Sequential(*parts).eval()
    if statistics is not None:
        _measure(network, plan, statistics)
    return network.to(device=device, dtype=dtype)


def _measure(network: nn.Sequential, plan: Architecture, samples: Tensor) -> None:
    """Set the means and variances of every BatchNorm to those of what it takes at the samples, first to last."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    if not norms:
        raise InvalidInputError("statistics: normalisation = 'none' has none; give normalisation = 'batch'")
    if not isinstance(samples, Tensor) or samples.shape[1:] != plan.shape or len(samples) == 0:
        said = tuple(samples.shape) if isinstance(samples, Tensor) else type(samples).__name__
        raise InvalidInputError(f"statistics: {said}; needed are samples of shape {('m', *plan.shape)}")

    def note(norm: nn.Module, inputs: tuple[Tensor]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3), correction=0)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    with torch.no_grad():
        network(samples.detach().to(device="cpu", dtype=torch.float64))
    for hook in hooks:
        hook.remove()
    if not all(bool(torch.isfinite(b).all()) for b in network.buffers()):
        raise InvalidInputError("statistics: samples at which a mean or a variance is not finite")


def _whole(key: str, sizes: Sequence[int]) -> tuple[int, ...]:
    if isinstance(sizes, str) or not isinstance(sizes, Sequence):
        raise InvalidInputError(f"{key} = {sizes!r}: needed is a list of whole numbers")
    return tuple(sizes)


def _of_each(key: str, value: int | Sequence[int], channels: Sequence[int]) -> tuple[int, ...]:
    """A number for every stage, from one number or a list."""
    return (value,) * len(channels) if isinstance(value, int) else _whole(key, value)
