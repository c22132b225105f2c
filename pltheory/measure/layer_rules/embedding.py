"""nn.Embedding: a product with rows of the identity, of which only the numbers are kept."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .factors import Outer
from .layout import Layout

NODES = {"EmbeddingBackward0"}


def refusal(node: Any) -> str | None:
    """Why there is no rule for this table."""
    return "gradients scaled by frequency" if node._saved_scale_grad_by_freq else None


def outer(node: Any, grads: Tensor, layout: Layout, n: int) -> Outer:
    """Factors of the table; grads of shape (C, *indices, width)."""
    numbers = node._saved_indices
    padding = node._saved_padding_idx
    numbers = numbers.masked_fill(numbers == padding, -1)
    fixed = layout.by_sample(numbers, n).flatten(1)[:, None]  # (n, 1, T)
    moving = layout.by_sample(grads, n, lead=1).flatten(2, -2)[:, :, None]  # (n, C, 1, T, width)
    return Outer(fixed, moving, moving_first=False)
