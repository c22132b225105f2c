"""Parameters that meet the activations entry by entry: biases, scales, the affine part of a normalisation.

The gradient of such a parameter is the output gradient times a known array, summed over the axes along which the
parameter was repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .factors import Entries
from .layout import Layout

NORMALIZATIONS = {"NativeLayerNormBackward0", "NativeGroupNormBackward0", "NativeBatchNormBackward0"}
NODES = {"AddBackward0", "SubBackward0", "MulBackward0", "ExpandBackward0", *NORMALIZATIONS}


def refusal(node: Any) -> str | None:
    """Why there is no rule for this operation."""
    if node.name() == "NativeBatchNormBackward0" and node._saved_training:
        return "statistics of the batch"
    return None


def shape_beside(node: Any, shape: Sequence[int], output: Sequence[int]) -> tuple[int, ...]:
    """The parameter's shape as it is repeated along the output's axes."""
    if node.name() in ("NativeGroupNormBackward0", "NativeBatchNormBackward0", "ConvolutionBackward0"):
        return (1, shape[0], *[1] * (len(output) - 2))
    return (*[1] * (len(output) - len(shape)), *shape)


def entries(
    node: Any, argument: int, shape: Sequence[int], grads: Tensor, layout: Layout, n: int, *, absolute: bool = False
) -> Entries | None:
    """Per-sample gradients of a parameter used with this shape; None if it differs along the sample axis.

    Args:
        absolute: sum absolute values instead: what the round-off of those sums is relative to.
    """
    beside = shape_beside(node, shape, grads.shape[1:])
    if beside[layout.axis] != 1:
        return None
    factor = _factor(node, argument)
    weighted = grads if factor is None else grads * factor
    if absolute:
        weighted = weighted.abs()
    by_sample = layout.by_sample(weighted, n, lead=1).sum(dim=2)  # (n, C, the other axes)
    others = [size for axis, size in enumerate(beside) if axis != layout.axis]
    repeated = [axis + 2 for axis, size in enumerate(others) if size == 1 and by_sample.shape[axis + 2] != 1]
    summed = by_sample.sum(dim=repeated) if repeated else by_sample
    return Entries(summed.reshape(*summed.shape[:2], -1))


def _factor(node: Any, argument: int) -> Tensor | float | None:
    """What the output gradient is multiplied by: the derivative of the output by the repeated parameter."""
    name = node.name()
    if name == "AddmmBackward0":
        return None if node._saved_beta == 1 else node._saved_beta
    if name in ("AddBackward0", "SubBackward0"):
        scale = node._saved_alpha if argument == 1 else 1
        scale = -scale if name == "SubBackward0" and argument == 1 else scale
        return None if scale == 1 else scale
    if name == "MulBackward0":
        other = node._saved_other if argument == 0 else node._saved_self
        return other.detach() if isinstance(other, Tensor) else other
    if name in NORMALIZATIONS and argument == 1:
        return _normalized(node)
    return None  # biases, and parameters repeated by expand


def _normalized(node: Any) -> Tensor:
    x = node._saved_input.detach()
    if node.name() == "NativeLayerNormBackward0":
        return (x - node._saved_result1.detach()) * node._saved_result2.detach()
    if node.name() == "NativeGroupNormBackward0":
        grouped = x.reshape(x.shape[0], node._saved_group, -1)
        mean, scale = node._saved_result1.detach()[..., None], node._saved_result2.detach()[..., None]
        return ((grouped - mean) * scale).reshape(x.shape)
    beside = (1, -1, *[1] * (x.ndim - 2))
    mean, variance = node._saved_running_mean, node._saved_running_var
    return (x - mean.reshape(beside)) * torch.rsqrt(variance + node._saved_eps).reshape(beside)
