"""Means, sums and average pooling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from .builder import Builder
from .convolution import each
from .operation import Call, reads
from .values import Moved, Value


@reads("mean", "sum")
def _reduced(builder: Builder, call: Call) -> Value:
    value = call.node("self")
    call.only("dtype", None, call.dtype)
    axes = range(value.index.ndim)
    named = call.arguments.get("dim")
    dims = sorted({d % value.index.ndim for d in ([named] if isinstance(named, int) else named or axes)})
    kept = [a for a in axes if a not in dims]
    width = math.prod(value.index.shape[d] for d in dims)
    index = value.index.permute(*kept, *dims).reshape(-1, width)
    by = 1.0 / width if call.target._schema.name == "aten::mean" else 1.0
    out = builder.fixed(value, index, torch.full(index.shape, by, dtype=torch.float64))
    return out.with_index(out.index.reshape(call.shape))


@reads("avg_pool1d", "avg_pool2d", "avg_pool3d")
def _avg_pool(builder: Builder, call: Call) -> Value:
    value = call.node("self")
    axes = int(call.target._schema.name[-2])
    kernel = each(call["kernel_size"], axes)
    stride = each(call["stride"], axes) if call["stride"] else kernel
    padding = each(call["padding"], axes)
    sizes, outs = value.index.shape[-axes:], call.shape[-axes:]
    windows, full = [], []
    for k, s, p, size, out in zip(kernel, stride, padding, sizes, outs, strict=True):
        ends = [(o * s - p, min(o * s - p + k, size + p)) for o in range(out)]
        full.append([b - a for a, b in ends])
        windows.append([list(range(max(a, 0), min(b, size))) for a, b in ends])
    divisor = call.arguments.get("divisor_override")
    if divisor is not None:
        full = [[divisor] * len(f) if axis == 0 else [1] * len(f) for axis, f in enumerate(full)]
    padded = divisor is not None or call["count_include_pad"]
    return _pooled(builder, value, windows, full if padded else _lengths(windows))


@reads("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def _adaptive(builder: Builder, call: Call) -> Value:
    value = call.node("self")
    axes = int(call.target._schema.name[-2])
    windows = adaptive_places(value.index.shape[-axes:], call.shape[-axes:])
    return _pooled(builder, value, windows, _lengths(windows))


def adaptive_places(sizes: Sequence[int], outs: Sequence[int]) -> list[list[list[int]]]:
    """The windows of adaptive pooling, by axis and output place."""
    return [
        [list(range(o * size // out, -(-(o + 1) * size // out))) for o in range(out)]
        for size, out in zip(sizes, outs, strict=True)
    ]


def boxes(windows: list[list[list[int]]], sizes: Sequence[int]) -> tuple[Tensor, list[int]]:
    """Places of boxes among the entries of the axes.

    Args:
        windows: places by axis and output place.
        sizes: of the axes.

    Returns:
        (outputs, entries), in row order; a box of fewer entries takes its first some more times; and their numbers.
    """
    found = []
    for box in itertools.product(*windows):
        place = torch.zeros((), dtype=torch.int64)
        for grid, size in zip(torch.meshgrid(*map(torch.tensor, box), indexing="ij"), sizes, strict=True):
            place = place * size + grid
        found.append(place.reshape(-1))
    width = max(len(b) for b in found)
    return torch.stack([torch.cat([b, b[:1].expand(width - len(b))]) for b in found]), [len(b) for b in found]


def _lengths(windows: list[list[list[int]]]) -> list[list[int]]:
    return [[len(w) for w in line] for line in windows]


def _pooled(builder: Builder, value: Moved, windows: list[list[list[int]]], divisors: list[list[int]]) -> Moved:
    """Sums over boxes, divided; windows and divisors by axis and output place."""
    axes = len(windows)
    leading, sizes = value.index.shape[:-axes], value.index.shape[-axes:]
    flat = value.index.reshape(-1, math.prod(sizes))
    taken, lengths = boxes(windows, sizes)
    width = taken.shape[1]
    # A box that is cut off takes its first entry some more times, with factor 0.
    filled = [
        [1.0 / math.prod(by)] * length + [0.0] * (width - length)
        for length, by in zip(lengths, itertools.product(*divisors), strict=True)
    ]
    factor = torch.tensor(filled, dtype=torch.float64)
    index = flat[:, taken]
    spread = factor.expand(index.shape)
    out = builder.fixed(value, index.reshape(-1, width), spread.reshape(-1, width))
    return out.with_index(out.index.reshape(*leading, *(len(w) for w in windows)))
