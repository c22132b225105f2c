"""The step size on 0-dim tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from ..theory import formulas
from ..theory.arithmetic import Arithmetic

# clamp passes NaN on, and gamma / 0 is inf: no branch is needed for either.
TENSORS = Arithmetic(
    sqrt=torch.sqrt,
    minimum=lambda a, b: b.clamp(max=a) if isinstance(b, Tensor) else a.clamp(max=b),
    maximum=lambda a, b: b.clamp(min=a) if isinstance(b, Tensor) else a.clamp(min=b),
    spectral_norm=lambda rows: torch.linalg.matrix_norm(torch.stack([torch.stack(r) for r in rows]), 2),
)


def clipped_step(eta: float | Tensor, gamma: float, delta: float, norm: Tensor) -> Tensor:
    """`pltheory.theory.formulas.step_size` on a 0-dim tensor; eta at norm 0, NaN at a NaN norm."""
    h: Tensor = formulas.step_size(eta, gamma, delta, norm, TENSORS)
    return h
