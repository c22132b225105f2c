"""How matrix products are rounded on an accelerator: TF32 keeps ten bits, which no smallest eigenvalue survives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def matrix_products(*, tf32: bool = False) -> Iterator[None]:
    """Allow or forbid TF32 in matrix products and convolutions, and put the setting back afterwards."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
