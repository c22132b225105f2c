"""Activations, softmax, norms by a sample's own statistics, attention."""

from __future__ import annotations

import math

import torch

from .arithmetic import add
from .builder import Builder
from .linear import matrix_product, scale_and_shift
from .operation import Call, number, reads
from .values import Constant, Moved, Value, Weight, moved, unreadable


@reads("tanh", "tanh_", "sigmoid", "sigmoid_", "erf", "erf_", "silu", "silu_")
def _activation(builder: Builder, call: Call) -> Value:
    (value,) = call.arguments
    return builder.pointwise(call.node(value), call.target._schema.name.removeprefix("aten::").rstrip("_"))


@reads("special_erf", "special_expit")
def _special(builder: Builder, call: Call) -> Value:
    name = "erf" if call.target._schema.name.endswith("erf") else "sigmoid"
    return builder.pointwise(call.node("self"), name)


@reads("gelu", "gelu_")
def _gelu(builder: Builder, call: Call) -> Value:
    call.only("approximate", "none")
    return builder.pointwise(call.node("self"), "gelu")


@reads("softplus")
def _softplus(builder: Builder, call: Call) -> Value:
    beta, threshold = number(call["beta"]), number(call["threshold"])
    if beta != 1.0 or threshold is None or threshold < 40:
        unreadable(
            f"softplus with beta = {beta}, threshold = {threshold}: read is beta = 1 with a threshold of at least 40, "
            "above which torch's replacement by the identity is no jump in float64"
        )
    return builder.pointwise(call.node("self"), "softplus")


def softmax(builder: Builder, value: Moved, axis: int) -> Moved:
    """softmax along an axis."""
    axis %= value.index.ndim
    order = [a for a in range(value.index.ndim) if a != axis] + [axis]
    return builder.tokens(value, order, value.index.shape[axis], "softmax")


@reads("softmax", "_softmax")
def _softmax(builder: Builder, call: Call) -> Value:
    call.only("dtype", None, call.dtype)
    return softmax(builder, call.node("self"), call["dim"])


@reads("layer_norm", "rms_norm")
def _norm(builder: Builder, call: Call) -> Value:
    value = call.node("input")
    layer = call.target._schema.name == "aten::layer_norm"
    epsilon = call["eps"]
    if epsilon is None:
        assert call.dtype is not None
        epsilon = torch.finfo(call.dtype).eps
    width = math.prod(call["normalized_shape"])
    axes = list(range(value.index.ndim))
    out = builder.tokens(value, axes, width, "layer-norm" if layer else "rms-norm", float(epsilon))

    def spread(part: Value) -> Value:
        return part.with_index(part.index.expand(value.index.shape)) if isinstance(part, Weight) else part

    return scale_and_shift(builder, out, spread(call["weight"]), spread(call.arguments.get("bias")))


@reads("scaled_dot_product_attention")
def _attention(builder: Builder, call: Call) -> Value:
    call.only("dropout_p", 0)
    call.only("is_causal", False)
    call.only("enable_gqa", False)
    query, key, value = (call.node(name) for name in ("query", "key", "value"))
    scale = call["scale"]
    if scale is None:
        scale = 1.0 / math.sqrt(query.index.shape[-1])
    scores = matrix_product(builder, query, moved(key, lambda i: i.mT), float(scale))
    mask = call["attn_mask"]
    if mask is not None:
        if not isinstance(mask, Constant) or mask.tensor.dtype == torch.bool or not bool(mask.tensor.isfinite().all()):
            unreadable("an attention mask is read where it is a constant of finite numbers that are added")
        scores = add(builder, scores, mask)
    return matrix_product(builder, softmax(builder, scores, -1), value)
