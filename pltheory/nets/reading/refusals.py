"""Why an operation that is not in the table cannot be read, in words."""

from __future__ import annotations

from typing import Any

import torch

KINKS = frozenset({
    "relu", "leaky_relu", "relu6", "elu", "selu", "celu", "hardtanh", "hardswish", "hardsigmoid", "hardshrink",
    "softshrink", "threshold", "prelu", "rrelu", "abs", "clamp", "clamp_min", "clamp_max", "clip", "max", "min",
    "amax", "amin", "maximum", "minimum", "max_pool1d", "max_pool2d", "max_pool3d", "max_pool1d_with_indices",
    "max_pool2d_with_indices", "max_pool3d_with_indices", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "where", "sign", "floor", "ceil", "round", "frac", "trunc", "sort", "argsort", "topk",
    "median", "kthvalue", "argmax", "argmin", "rrelu_with_noise", "fractional_max_pool2d", "norm",
    "linalg_vector_norm", "gt", "lt", "ge", "le", "eq", "ne", "heaviside", "logical_not",
})  # fmt: skip
LOOKUPS = frozenset({"embedding", "embedding_bag", "one_hot", "gather", "index_select", "take", "bucketize"})


def why_not(target: Any) -> str:
    """Why no graph has this operation.

    Args:
        target: what an exported node calls.
    """
    if not isinstance(target, torch._ops.OpOverload):
        name = getattr(target, "__name__", str(target))
        if "set_grad_enabled" in name:
            return "a part of the network runs under torch.no_grad: its gradient is not that of its output"
        return f"{name} is not in the list of operations that can be read"
    name = target._schema.name.split("::")[1]
    if torch.Tag.nondeterministic_seeded in target.tags:
        return f"{name} is random: the output is not a function of the weights"
    if name.rstrip("_") in KINKS:
        return f"{name} is not smooth: kinks are not certified yet"
    if name in LOOKUPS:
        return f"{name} looks up by the values of the data: what is looked up is not smooth in them"
    if "detach" in name:
        return "it is detached: its gradient is not that of its output"
    if "weight_norm" in name:
        return "a weight is normalised before it is used: parametrisations are not read"
    if target._schema.is_mutable:
        return f"{name} writes into a tensor that may be read elsewhere"
    return f"{target} is not in the list of operations that can be read"
