"""Why an operation that is not in the table cannot be read, in words."""

from __future__ import annotations

from typing import Any

import torch

JUMPS = frozenset({
    "sign", "sgn", "floor", "ceil", "round", "frac", "trunc", "fix", "argmax", "argmin", "argsort", "gt", "lt", "ge",
    "le", "eq", "ne", "heaviside", "logical_not", "remainder", "fmod", "floor_divide", "searchsorted",
})  # fmt: skip
CHOICES = frozenset({
    "sort", "msort", "topk", "median", "nanmedian", "kthvalue", "quantile", "cummax", "cummin", "aminmax",
    "fmax", "fmin", "mode",
})  # fmt: skip
NORMS = frozenset({"norm", "linalg_vector_norm", "linalg_norm", "cdist", "pairwise_distance", "sqrt"})
RECURRENT = frozenset(
    {"lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"}
)
LOOKUPS = frozenset({"embedding", "embedding_bag", "one_hot", "gather", "index_select", "take", "bucketize"})
REASONS = {
    "is not continuous": JUMPS,
    "chooses among entries by their values in a way that is no kind of node": CHOICES,
    "chooses between two tensors: that is no kind of node": frozenset({"where"}),
    "is not differentiable at 0, and not piecewise linear": NORMS,
    "is a recurrent layer: those are not read": RECURRENT,
    "looks up by the values of the data: what is looked up is not smooth in them": LOOKUPS,
}
"""What is said of an operation, by name."""


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
    if name not in RECURRENT and torch.Tag.nondeterministic_seeded in target.tags:
        return f"{name} is random: the output is not a function of the weights"
    for reason, names in REASONS.items():
        if name in names or name.removesuffix("_") in names:
            return f"{name} {reason}"
    if "detach" in name:
        return "it is detached: its gradient is not that of its output"
    if "weight_norm" in name:
        return "a weight is normalised before it is used: parametrisations are not read"
    if target._schema.is_mutable:
        return f"{name} writes into a tensor that may be read elsewhere"
    return f"{target} is not in the list of operations that can be read"
