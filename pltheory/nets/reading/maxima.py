"""Max pooling, and the largest or smallest entries along axes."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from .builder import Builder
from .convolution import each
from .kinks import between
from .operation import Call, describe, reads
from .pooling import adaptive_places, boxes
from .values import Constant, Moved, NotContinuous, Value, unreadable

PLACES = NotContinuous("where a maximum stands is read nowhere: that jumps")


@reads("max_pool1d", "max_pool2d", "max_pool3d")
def _max_pool(builder: Builder, call: Call) -> Value:
    value = call.node("self")
    axes = int(call.target._schema.name.removesuffix("_with_indices")[-2])
    kernel = each(call["kernel_size"], axes)
    stride = each(call["stride"], axes) if call["stride"] else kernel
    padding, dilation = (each(call[name], axes) for name in ("padding", "dilation"))
    sizes, outs = value.index.shape[-axes:], call.shape[-axes:]
    windows = []
    for k, s, p, d, size, out in zip(kernel, stride, padding, dilation, sizes, outs, strict=True):
        every = [range(o * s - p, o * s - p + d * k, d) for o in range(out)]
        windows.append([[z for z in window if 0 <= z < size] for window in every])
    return _largest(builder, call, value, windows)


@reads("max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices")
def _with_places(builder: Builder, call: Call) -> Value:
    return [_max_pool(builder, call), PLACES]


@reads("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def _adaptive(builder: Builder, call: Call) -> Value:
    value = call.node("self")
    axes = int(call.target._schema.name[-2])
    return [_largest(builder, call, value, adaptive_places(value.index.shape[-axes:], call.shape[-axes:])), PLACES]


def _largest(builder: Builder, call: Call, value: Moved, windows: list[list[list[int]]]) -> Moved:
    """Of the boxes that windows by axis and output place make."""
    axes = len(windows)
    if any(not window for line in windows for window in line):
        unreadable("a window holds nothing but padding")
    leading, sizes = value.index.shape[:-axes], value.index.shape[-axes:]
    # A box that is cut off takes its first entry some more times: it counts once.
    taken, _ = boxes(windows, sizes)

    def rows(index: Tensor) -> Tensor:
        return index.reshape(-1, sizes.numel())[:, taken].reshape(-1, taken.shape[1])

    out = builder.maximum(value, rows, str(call.target))
    return out.with_index(out.index.reshape(*leading, *(len(w) for w in windows)))


@reads("amax", "amin", "max", "min")
def _extreme(builder: Builder, call: Call) -> Value:
    name = call.target._schema.name.removeprefix("aten::")
    if "other" in call.arguments:
        return _of_two(builder, call)
    value = call.node("self")
    sign = 1.0 if name.endswith("max") else -1.0
    named = call.arguments.get("dim")
    axes = range(value.index.ndim)
    dims = sorted({d % value.index.ndim for d in ([named] if isinstance(named, int) else named or axes)})
    kept = [a for a in axes if a not in dims]
    width = torch.Size([value.index.shape[d] for d in dims]).numel()
    signed = replace(value, scale=sign * value.scale)
    out = builder.maximum(signed, lambda index: index.permute(*kept, *dims).reshape(-1, width), str(call.target))
    out = replace(out, index=out.index.reshape(call.shape), scale=sign * out.scale)
    return [out, PLACES] if call.target._overloadname == "dim" else out


@reads("maximum", "minimum")
def _of_two(builder: Builder, call: Call) -> Value:
    a, b = call["self"], call["other"]
    if isinstance(a, Constant):
        a, b = b, a
    if not isinstance(a, Moved) or not isinstance(b, Constant):
        unreadable(f"it compares {describe(a)} with {describe(b)}: read are a tensor of the data's and a constant")
    largest = call.target._schema.name.removeprefix("aten::").startswith("max")
    # Where both are equal each has half of the derivative.
    return between(builder, a, b, None, 0.5) if largest else between(builder, a, None, b, 0.5)
