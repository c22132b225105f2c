"""Convolutions of one and two axes: a matrix product on the patches of the input, one block of rows per group."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as nnf
from torch import Tensor

from .factors import Outer
from .layout import Layout

NODES = {"ConvolutionBackward0"}


def refusal(node: Any) -> str | None:
    """Why there is no rule for this convolution."""
    if node._saved_transposed:
        return "a transposed convolution"
    if len(node._saved_stride) > 2:
        return "a convolution of three axes"
    return None


def outer(node: Any, grads: Tensor, layout: Layout, n: int) -> Outer:
    """Factors of the weight; grads of shape (C, n T', channels, *positions)."""
    a, weight, groups = node._saved_input.detach(), node._saved_weight, node._saved_groups
    kernel, dilation = tuple(weight.shape[2:]), tuple(node._saved_dilation)
    padding, stride = tuple(node._saved_padding), tuple(node._saved_stride)
    if len(kernel) == 1:
        a, kernel, dilation, padding, stride = a.unsqueeze(2), (1, *kernel), (1, *dilation), (0, *padding), (1, *stride)
    patches = nnf.unfold(a, kernel, dilation, padding, stride)  # (n T', channels x kernel, positions)
    patches = patches.reshape(len(a), groups, -1, patches.shape[-1]).transpose(2, 3)
    fixed = layout.by_sample(patches, n).movedim(1, 2).flatten(2, 3)  # (n, G, T, d)
    rows = grads.reshape(*grads.shape[:2], groups, grads.shape[2] // groups, -1).transpose(3, 4)
    moving = layout.by_sample(rows, n, lead=1).movedim(2, 3).flatten(3, 4)  # (n, C, G, T, m)
    return Outer(fixed, moving, moving_first=True)
