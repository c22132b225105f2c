"""Normalisation, by fixed statistics or by a sample's own, with a trainable scale and shift."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .arithmetic import add
from .builder import Builder
from .operation import Call, constant, describe, reads
from .values import MIXED, Constant, Moved, Value, Weight, unreadable


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


def _normed_groups(builder: Builder, value: Moved, groups: int, call: Call) -> Value:
    _, channels, *rest = value.index.shape
    width = channels // groups * math.prod(rest)
    out = builder.tokens(value, list(range(value.index.ndim)), width, "layer-norm", float(call["eps"]))
    return _trainable_channels(builder, out, call)


def _channels(numbers: Tensor, value: Moved) -> Tensor:
    return numbers.reshape(-1, *[1] * (value.index.ndim - 2))


def _trainable_channels(builder: Builder, value: Moved, call: Call) -> Value:
    def spread(part: Value) -> Value:
        if isinstance(part, Weight):
            return part.with_index(_channels(part.index, value).expand(value.index.shape))
        return Constant(_channels(part.tensor, value)) if isinstance(part, Constant) else part

    return scale_and_shift(builder, value, spread(call["weight"]), spread(call["bias"]))


def scale_and_shift(builder: Builder, value: Moved, weight: Value, bias: Value) -> Value:
    """weight * value + bias, each a parameter of the value's shape, a constant that can be broadcast to it, or None."""
    for part in (weight, bias):
        if isinstance(part, Moved):
            unreadable(f"{describe(part)} is where a trainable scale or shift is read")
    if isinstance(weight, Weight):
        fused = bias if isinstance(bias, Weight) else None
        value = builder.entrywise(value, weight, fused)
        if fused is not None:
            return value
    elif weight is not None:
        value = builder.diagonal(value, constant(weight))
    return value if bias is None else add(builder, value, bias)


@reads("layer_norm", "rms_norm")
def _norm(builder: Builder, call: Call) -> Value:
    value = call.node("input")
    layer = call.target._schema.name == "aten::layer_norm"
    epsilon = call["eps"]
    if epsilon is None:
        assert call.dtype is not None
        # torch takes that of the type it sums in.
        epsilon = torch.finfo(torch.promote_types(call.dtype, torch.float32)).eps
    width = math.prod(call["normalized_shape"])
    axes = list(range(value.index.ndim))
    out = builder.tokens(value, axes, width, "layer-norm" if layer else "rms-norm", float(epsilon))

    def spread(part: Value) -> Value:
        return part.with_index(part.index.expand(value.index.shape)) if isinstance(part, Weight) else part

    return scale_and_shift(builder, out, spread(call["weight"]), spread(call.arguments.get("bias")))
