"""Affine operations: dense layers, convolutions, normalisation by fixed statistics, pooling, means."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .arithmetic import add
from .builder import Builder
from .operation import Call, constant, describe, reads
from .values import MIXED, Constant, Frozen, Moved, Value, Weight, moved, unreadable


def dense(builder: Builder, value: Moved, weight: Value, bias: Value) -> Moved:
    """value @ weight^T + bias over the last axis; weight (O, q), bias (O,) or None."""
    if isinstance(weight, Constant):
        out = _fixed_matrix(builder, value, weight.doubles)
        return out if bias is None else add(builder, out, bias)
    if not isinstance(weight, Weight):
        unreadable(f"{describe(weight)} is where a trainable weight is read")
    if isinstance(bias, Constant):
        return add(builder, dense(builder, value, weight, None), bias)
    if not (bias is None or isinstance(bias, Weight)):
        unreadable(f"{describe(bias)} is where a trainable bias is read")
    if weight.index.ndim != 2 or (bias is not None and bias.index.shape != weight.index.shape[:1]):
        unreadable(f"the parameter {weight.name} is not one matrix with a bias for each of its rows")
    *leading, width = value.index.shape
    out = builder.affine(
        value,
        value.index.reshape(-1, 1, width),
        weight.with_index(weight.index[None]),
        None if bias is None else bias.with_index(bias.index[None]),
    )
    return out.with_index(out.index.reshape(*leading, -1))


def _fixed_matrix(builder: Builder, value: Moved, matrix: Tensor) -> Moved:
    *leading, width = value.index.shape
    index = value.index.reshape(-1, 1, width).expand(-1, len(matrix), width)
    out = builder.fixed(value, index.reshape(-1, width), matrix.expand(index.shape).reshape(-1, width))
    return out.with_index(out.index.reshape(*leading, len(matrix)))


@reads("linear")
def _linear(builder: Builder, call: Call) -> Value:
    return dense(builder, call.node("input"), call["weight"], call["bias"])


@reads("addmm")
def _addmm(builder: Builder, call: Call) -> Value:
    call.only("beta", 1)
    call.only("alpha", 1)
    right = _transposed(call["mat2"])
    bias = call["self"]
    if isinstance(bias, Weight) and bias.index.ndim != 1:
        return add(builder, dense(builder, call.node("mat1"), right, None), bias)
    return dense(builder, call.node("mat1"), right, bias)


@reads("matmul", "mm", "bmm")
def _matmul(builder: Builder, call: Call) -> Value:
    left, right = (v for v in call.arguments.values() if not isinstance(v, (int, float)))
    return matrix_product(builder, left, right)


def matrix_product(builder: Builder, left: Value, right: Value, scale: float = 1.0) -> Value:
    """torch.matmul, times a number where both depend on the data."""
    if isinstance(left, Moved) and isinstance(right, Moved):
        if min(left.index.ndim, right.index.ndim) < 2:
            unreadable("a product with a vector: matrices are read")
        batch = torch.broadcast_shapes(left.index.shape[:-2], right.index.shape[:-2])
        a, b = (v.with_index(v.index.expand(*batch, *v.index.shape[-2:])) for v in (left, right))
        return builder.product(a, b, scale)
    if isinstance(left, Moved):
        return dense(builder, left, _transposed(right), None)
    if isinstance(right, Moved):
        turned = dense(builder, moved(right, lambda i: i.mT), left, None)
        return moved(turned, lambda i: i.mT)
    return unreadable(f"{describe(left)} and {describe(right)} are multiplied before they are used")


def _transposed(value: Value) -> Value:
    if isinstance(value, Constant):
        if value.tensor.ndim != 2:
            unreadable("a constant stack of matrices is not read")
        return Constant(value.tensor.mT)
    if isinstance(value, Weight):
        if value.index.ndim != 2:
            unreadable(f"the parameter {value.name} is not one matrix")
        return value.with_index(value.index.mT)
    return value


# --- convolutions ---


@reads("conv1d", "conv2d", "conv3d")
def _conv(builder: Builder, call: Call) -> Value:
    value, weight = call.node("input"), call.weight("weight")
    assert weight is not None
    axes = weight.index.ndim - 2
    kernel = weight.index.shape[2:]
    stride, dilation = (_each(call[name], axes) for name in ("stride", "dilation"))
    padding = call["padding"]
    around: list[tuple[int, int]]
    if isinstance(padding, str):
        total = [0 if padding == "valid" else d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        around = [(t // 2, t - t // 2) for t in total]
    else:
        around = [(p, p) for p in _each(padding, axes)]
    groups = call["groups"]
    unbatched = value.index.ndim == axes + 1
    if unbatched:
        value = value.with_index(value.index[None])
    padded = moved(value, lambda i: F.pad(i, [p for pair in reversed(around) for p in pair]))
    index = _windows(padded.index, kernel, stride, dilation)
    # (N, channels, positions.., kernel..) to (N positions, G, channels / G * kernel)
    count, channels = index.shape[:2]
    places = index.shape[2 : 2 + axes]
    order = [0, *range(2, 2 + axes), 1, *range(2 + axes, 2 + 2 * axes)]
    patches = index.permute(order).reshape(count * math.prod(places), groups, channels // groups * math.prod(kernel))
    bias = call.weight("bias")
    out = builder.affine(
        padded,
        patches,
        weight.with_index(weight.index.reshape(groups, -1, patches.shape[-1])),
        None if bias is None else bias.with_index(bias.index.reshape(groups, -1)),
    )
    shaped = out.index.reshape(count, *places, -1).movedim(-1, 1)
    return out.with_index(shaped[0] if unbatched else shaped)


def _each(option: Value, axes: int) -> list[int]:
    given = [option] if isinstance(option, int) else list(option)
    return given * axes if len(given) == 1 else given


def _windows(index: Tensor, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Tensor:
    for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True), 2):
        index = index.unfold(axis, d * (k - 1) + 1, s)[..., ::d]
    return index


# --- normalisation by fixed statistics ---


@reads("batch_norm", "instance_norm")
def _batch_norm(builder: Builder, call: Call) -> Value:
    value = call.node("input")
    own = call.arguments.get("use_input_stats", call.arguments.get("training"))
    if own and "training" in call.arguments:
        unreadable(f"{MIXED}: batch normalisation in training takes its statistics from the batch; use eval()")
    if own:
        if call["running_mean"] is not None:
            unreadable("instance normalisation in training changes its running statistics; use eval()")
        groups = value.index.shape[1]
        return _normed_groups(builder, value, groups, call)
    mean, var = (constant(call[name]) for name in ("running_mean", "running_var"))
    # The certified factor is this double.
    factor = 1.0 / (var + float(call["eps"])).sqrt()
    out = builder.diagonal(value, _channels(factor, value), _channels(-mean * factor, value))
    return _trainable_channels(builder, out, call)


@reads("group_norm")
def _group_norm(builder: Builder, call: Call) -> Value:
    return _normed_groups(builder, call.node("input"), call["num_groups"], call)


def _normed_groups(builder: Builder, value: Moved, groups: int, call: Call) -> Moved:
    count, channels, *rest = value.index.shape
    width = channels // groups * math.prod(rest)
    out = builder.tokens(value, list(range(value.index.ndim)), width, "layer-norm", float(call["eps"]))
    return _trainable_channels(builder, out, call)


def _channels(numbers: Tensor, value: Moved) -> Tensor:
    return numbers.reshape(-1, *[1] * (value.index.ndim - 2))


def _trainable_channels(builder: Builder, value: Moved, call: Call) -> Moved:
    def spread(part: Value) -> Value:
        if isinstance(part, Weight):
            return part.with_index(_channels(part.index, value).expand(value.index.shape))
        return Constant(_channels(part.tensor, value)) if isinstance(part, Constant) else part

    return scale_and_shift(builder, value, spread(call["weight"]), spread(call["bias"]))


def scale_and_shift(builder: Builder, value: Moved, weight: Value, bias: Value) -> Moved:
    """weight * value + bias, each a parameter of the value's shape, a constant that can be broadcast to it, or None."""
    for part in (weight, bias):
        if isinstance(part, (Frozen, Moved)):
            unreadable(f"{describe(part)} is where a trainable scale or shift is read")
    if isinstance(weight, Weight):
        fused = bias if isinstance(bias, Weight) else None
        value = builder.entrywise(value, weight, fused)
        if fused is not None:
            return value
    elif weight is not None:
        value = builder.diagonal(value, constant(weight))
    return value if bias is None else add(builder, value, bias)


# --- means and pooling ---


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
    kernel = _each(call["kernel_size"], axes)
    stride = _each(call["stride"], axes) if call["stride"] else kernel
    padding = _each(call["padding"], axes)
    sizes, outs = value.index.shape[-axes:], call.shape[-axes:]
    windows, full = [], []
    for k, s, p, size, out in zip(kernel, stride, padding, sizes, outs, strict=True):
        ends = [(o * s - p, min(o * s - p + k, size + p)) for o in range(out)]
        full.append([b - a for a, b in ends])
        windows.append([(max(a, 0), min(b, size)) for a, b in ends])
    divisor = call.arguments.get("divisor_override")
    if divisor is not None:
        full = [[divisor] * len(f) if axis == 0 else [1] * len(f) for axis, f in enumerate(full)]
    padded = divisor is not None or call["count_include_pad"]
    return _pooled(builder, value, windows, full if padded else [[b - a for a, b in w] for w in windows])


@reads("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def _adaptive(builder: Builder, call: Call) -> Value:
    value = call.node("self")
    axes = int(call.target._schema.name[-2])
    windows = [
        [(o * size // out, -(-(o + 1) * size // out)) for o in range(out)]
        for size, out in zip(value.index.shape[-axes:], call.shape[-axes:], strict=True)
    ]
    return _pooled(builder, value, windows, [[b - a for a, b in w] for w in windows])


def _pooled(
    builder: Builder, value: Moved, windows: list[list[tuple[int, int]]], divisors: list[list[int]]
) -> Moved:
    """Sums over boxes, divided; windows and divisors by axis and output place."""
    axes = len(windows)
    leading, sizes = value.index.shape[:-axes], value.index.shape[-axes:]
    flat = value.index.reshape(-1, math.prod(sizes))
    boxes, factors = [], []
    for box, by in zip(itertools.product(*windows), itertools.product(*divisors), strict=True):
        grids = torch.meshgrid(*(torch.arange(a, b) for a, b in box), indexing="ij")
        place = torch.zeros((), dtype=torch.int64)
        for grid, size in zip(grids, sizes, strict=True):
            place = place * size + grid
        boxes.append(place.reshape(-1))
        factors.append(1.0 / math.prod(by))
    width = max(len(b) for b in boxes)
    # A box that is cut off takes its first entry some more times, with factor 0.
    taken = torch.stack([torch.cat([b, b[:1].expand(width - len(b))]) for b in boxes])
    factor = torch.tensor([[by] * len(b) + [0.0] * (width - len(b)) for b, by in zip(boxes, factors, strict=True)], dtype=torch.float64)
    index = flat[:, taken]
    spread = factor.expand(index.shape)
    out = builder.fixed(value, index.reshape(-1, width), spread.reshape(-1, width))
    return out.with_index(out.index.reshape(*leading, *(len(w) for w in windows)))
