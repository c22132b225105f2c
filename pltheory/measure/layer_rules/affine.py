"""Matrix products: nn.Linear with any number of token axes, attention's projections, W @ a and x @ W."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .factors import Outer
from .layout import Layout

NODES = {"AddmmBackward0": (1, 2), "MmBackward0": (0, 1)}
"""Operation -> the arguments that are its left and right matrix."""


def axes(node: Any, argument: int) -> list[int]:
    """The sample axis of the output: its rows when the right matrix is the parameter, its columns when the left one."""
    return [0] if argument == NODES[node.name()][1] else [1]


def outer(node: Any, argument: int, grads: Tensor, layout: Layout, n: int) -> Outer:
    """Factors of the matrix argument from the other matrix; grads of shape (C, rows, columns)."""
    addmm = node.name() == "AddmmBackward0"
    scale = node._saved_alpha if addmm else 1
    right = argument == NODES[node.name()][1]
    other = (node._saved_mat1 if addmm else node._saved_self) if right else node._saved_mat2
    fixed = layout.by_sample(other, n)  # (n, T, d): both matrices keep the samples on the axis that the output has
    moving = layout.by_sample(grads, n, lead=1)  # (n, C, T, m)
    return Outer(fixed[:, None].detach(), scale * moving[:, :, None] if scale != 1 else moving[:, :, None], not right)
