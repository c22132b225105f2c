"""The norm of all gradients as one vector, of an optimizer that does not say it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import is_not

import torch
from torch import Tensor, nn

from ..optim._buckets import buckets
from ..optim._division import Division, several
from ..optim._keywords import with_defaults
from ..theory import InvalidInputError

_PIECE = 2**18
"""Entries of a gradient up to which it is summed at once: float32 errs by 3e-5 over these at worst, where all are the
same, and norms are told apart at 1e-4."""
_LEAST = 1e-9
"""Above it a float32 norm of fewer than 1e12 entries lost nothing that counts to squares that vanished."""


class GradientNorm:
    """That of `pltheory.optim`, sharded parameters included; by one call where they are plain tensors of the host."""

    def __init__(self) -> None:
        self._division = Division(None, None)
        self._asked: list[Tensor] = []
        self._is_plain = False

    def __call__(self, params: list[Tensor]) -> Tensor | float:
        """Of the gradients that are there, one number.

        Raises:
            InvalidInputError: one is sparse; or processes hold what makes no norm of the whole.
        """
        grads = [p.grad for p in params if p.grad is not None]
        for g in grads:
            if g.layout is not torch.strided:
                raise InvalidInputError("monitor: a gradient is sparse: build the layer with sparse=False")
        if len(params) != len(self._asked) or any(map(is_not, params, self._asked)):
            self._asked, self._is_plain = params, _are_plain(params)
        found = _at_once(grads) if self._is_plain and grads and not several() else None
        if found is not None:
            return found
        with torch.no_grad():
            return self._division.norm(buckets({**with_defaults({}), "params": params}, {}), params)


def _are_plain(params: Sequence[Tensor]) -> bool:
    """Whether they are of one precision in the host's memory, each small; a subclass has a norm of its own."""
    first = params[0].dtype
    return first in (torch.float32, torch.float64) and all(
        type(p) in (Tensor, nn.Parameter) and p.dtype == first and p.device.type == "cpu" and p.numel() <= _PIECE
        for p in params
    )


def _at_once(grads: list[Tensor]) -> float | None:
    """The norm, None where squares vanish or overflow."""
    norm = math.hypot(*torch.stack(torch._foreach_norm(grads)).tolist())
    return norm if _LEAST < norm < math.inf else None
