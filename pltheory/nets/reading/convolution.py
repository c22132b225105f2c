"""Convolutions: the windows are cut out of the places that the entries came from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from .builder import Builder
from .operation import Call, reads
from .values import Moved, Value, Weight, moved


@reads("conv1d", "conv2d", "conv3d")
def _conv(builder: Builder, call: Call) -> Value:
    weight = call.weight("weight")
    assert weight is not None
    axes = weight.index.ndim - 2
    kernel = weight.index.shape[2:]
    stride, dilation = (each(call[name], axes) for name in ("stride", "dilation"))
    padding = call["padding"]
    if isinstance(padding, str):
        total = [0 if padding == "valid" else d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        around = [(t // 2, t - t // 2) for t in total]
    else:
        around = [(p, p) for p in each(padding, axes)]
    value = call.node("input")
    unbatched = value.index.ndim == axes + 1
    if unbatched:
        value = value.with_index(value.index[None])
    padded = moved(value, lambda i: _padded(i, around))
    groups = call["groups"]
    by_group = weight.with_index(weight.index.reshape(groups, -1, *weight.index.shape[1:]))
    out = _convolved(builder, padded, by_group, call.weight("bias"), stride, dilation)
    return out.with_index(out.index[0]) if unbatched else out


@reads("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _transposed(builder: Builder, call: Call) -> Value:
    """A convolution of the input, zeros between its entries, with the kernel turned round."""
    weight = call.weight("weight")
    assert weight is not None
    axes = weight.index.ndim - 2
    kernel = weight.index.shape[2:]
    stride, padding, more, dilation = (
        each(call[name], axes) for name in ("stride", "padding", "output_padding", "dilation")
    )
    around = []
    for k, d, p, m in zip(kernel, dilation, padding, more, strict=True):
        around.append((d * (k - 1) - p, d * (k - 1) - p + m))
    value = call.node("input")
    unbatched = value.index.ndim == axes + 1
    if unbatched:
        value = value.with_index(value.index[None])

    def spread(index: Tensor) -> Tensor:
        sizes = [(size - 1) * s + 1 for size, s in zip(index.shape[2:], stride, strict=True)]
        out = index.new_zeros(*index.shape[:2], *sizes)
        places = [slice(None), slice(None), *(slice(None, None, s) for s in stride)]
        out[tuple(places)] = index
        return _padded(out, around)

    # (inputs, outputs / G, kernel..) to (G, outputs / G, inputs / G, kernel..)
    flipped = weight.index.flip(*range(2, 2 + axes))
    turned = flipped.reshape(call["groups"], -1, *flipped.shape[1:]).transpose(1, 2)
    out = _convolved(
        builder, moved(value, spread), weight.with_index(turned), call.weight("bias"), [1] * axes, dilation
    )
    return out.with_index(out.index[0]) if unbatched else out


def _convolved(
    builder: Builder,
    padded: Moved,
    weight: Weight,
    bias: Weight | None,
    stride: Sequence[int],
    dilation: Sequence[int],
) -> Moved:
    """Of (N, inputs, positions..) with a weight (G, outputs / G, inputs / G, kernel..)."""
    groups, _, _, *kernel = weight.index.shape
    axes = len(kernel)
    index = padded.index
    for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True), 2):
        index = index.unfold(axis, d * (k - 1) + 1, s)[..., ::d]
    # (N, inputs, positions.., kernel..) to (N positions, G, inputs / G kernel)
    count, channels = index.shape[:2]
    places = index.shape[2 : 2 + axes]
    order = [0, *range(2, 2 + axes), 1, *range(2 + axes, 2 + 2 * axes)]
    patches = index.permute(order).reshape(count * math.prod(places), groups, channels // groups * math.prod(kernel))
    out = builder.affine(
        padded,
        patches,
        weight.with_index(weight.index.flatten(2)),
        None if bias is None else bias.with_index(bias.index.reshape(groups, -1)),
    )
    return out.with_index(out.index.reshape(count, *places, -1).movedim(-1, 1))


def each(option: Value, axes: int) -> list[int]:
    """An option that may be one number for all axes."""
    given = [option] if isinstance(option, int) else list(option)
    return given * axes if len(given) == 1 else given


def _padded(index: Tensor, around: Sequence[tuple[int, int]]) -> Tensor:
    return F.pad(index, [p for pair in reversed(around) for p in pair])
