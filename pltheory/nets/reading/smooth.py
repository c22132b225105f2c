"""Activations, and attention."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from .arithmetic import masked, times
from .builder import Builder
from .linear import matrix_product
from .masks import softmax
from .operation import Call, number, reads
from .values import Constant, Masked, Moved, Value, moved, unreadable


@reads("tanh", "tanh_", "sigmoid", "sigmoid_", "erf", "erf_", "silu", "silu_")
def _activation(builder: Builder, call: Call) -> Value:
    (value,) = call.arguments
    return builder.pointwise(call.node(value), call.target._schema.name.removeprefix("aten::").rstrip("_"))


@reads("special_erf", "special_expit")
def _special(builder: Builder, call: Call) -> Value:
    name = "erf" if call.target._schema.name.endswith("erf") else "sigmoid"
    return builder.pointwise(call.node("self"), name)


@reads("log_sigmoid")
def _log_sigmoid(builder: Builder, call: Call) -> Value:
    value = call.node("self")
    out = builder.pointwise(replace(value, scale=-value.scale), "softplus")
    return replace(out, scale=-out.scale)


@reads("gelu", "gelu_")
def _gelu(builder: Builder, call: Call) -> Value:
    call.only("approximate", "none")
    return builder.pointwise(call.node("self"), "gelu")


@reads("glu")
def _gated(builder: Builder, call: Call) -> Value:
    value, gate = moved(call.node("self"), lambda i: i.chunk(2, call["dim"]))
    return times(builder, value, builder.pointwise(gate, "sigmoid"), False)


@reads("softplus")
def _softplus(builder: Builder, call: Call) -> Value:
    beta, threshold = number(call["beta"]), number(call["threshold"])
    if beta != 1.0 or threshold is None or threshold < 40:
        unreadable(
            f"softplus with beta = {beta}, threshold = {threshold}: read is beta = 1 with a threshold of at least 40, "
            "above which torch's replacement by the identity is no jump in float64"
        )
    return builder.pointwise(call.node("self"), "softplus")


@reads("scaled_dot_product_attention")
def _attention(builder: Builder, call: Call) -> Value:
    call.only("dropout_p", 0)
    call.only("enable_gqa", False)
    query, key, value = (call.node(name) for name in ("query", "key", "value"))
    scale = call["scale"]
    if scale is None:
        scale = 1.0 / math.sqrt(query.index.shape[-1])
    scores: Moved | Masked = matrix_product(builder, query, moved(key, lambda i: i.mT), float(scale))
    if call["is_causal"]:
        shape = (query.index.shape[-2], key.index.shape[-2])
        scores = masked(builder, scores, Constant(torch.ones(shape, dtype=torch.bool).tril()))
    mask = call["attn_mask"]
    if isinstance(mask, Constant):
        scores = masked(builder, scores, mask)
    elif mask is not None:
        unreadable("an attention mask is read where it is a constant")
    return matrix_product(builder, softmax(builder, scores, -1), value)
