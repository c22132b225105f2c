"""delta-GClip's step with what the public code does otherwise, each a switch of its own.

[TMSSR25] Tucat, Mukherjee, Sen, Sun, Rivasplata, "Regularized Gradient Clipping Provably Trains Wide and Deep
Neural Networks", TMLR 2025, arXiv:2404.08624, and its public code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pltheory.optim import DeltaGClip
from pltheory.theory import InvalidInputError

from ..classify import trainable
from ..optimizers import optimizer

SWITCHES = ("norm_per_group", "none_fails", "decay_after_norm")


class Switched(Optimizer):
    """delta-GClip without momentum; with no switch on it steps as `pltheory.optim.DeltaGClip` does, up to rounding.

    Args:
        params: parameters or groups of them, which may have weight decays of their own.
        lr: eta.
        gamma: threshold.
        delta: floor, 0 for GClip.
        weight_decay: coupled, added to the gradient.
        norm_per_group: every group is clipped by the norm of its own gradients.
        none_fails: a parameter without a gradient is an error, as in a concatenation of all of them.
        decay_after_norm: the norm is that of the loss's gradient, to which the decay's term is added afterwards.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        gamma: float,
        delta: float = 0.0,
        weight_decay: float = 0.0,
        *,
        norm_per_group: bool = False,
        none_fails: bool = False,
        decay_after_norm: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "gamma": gamma, "delta": delta, "weight_decay": weight_decay})
        self._per_group, self._none_fails, self._after = norm_per_group, none_fails, decay_after_norm

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step along the gradients that are there."""
        moved = [[p for p in group["params"] if self._none_fails or p.grad is not None] for group in self.param_groups]
        clipped: list[list[Tensor]] = []
        for group, params in zip(self.param_groups, moved, strict=True):
            decay = 0.0 if self._after else group["weight_decay"]
            clipped.append([p.grad.flatten() + decay * p.flatten() for p in params])
        whole = _norm([part for parts in clipped for part in parts])
        for group, params, parts in zip(self.param_groups, moved, clipped, strict=True):
            norm = _norm(parts) if self._per_group else whole
            factor = min(1.0, max(group["delta"], group["gamma"] / norm)) if norm > 0 else 1.0
            for p, part in zip(params, parts, strict=True):
                decay = group["weight_decay"] if self._after else 0.0
                p.sub_(part.reshape(p.shape) + decay * p, alpha=group["lr"] * factor)


def _norm(parts: list[Tensor]) -> float:
    return float(torch.linalg.vector_norm(torch.cat(parts))) if parts else 0.0


def decay_groups(net: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Two groups as they are often made: matrices, which decay, and the rest, which does not."""
    params = trainable(net)
    return [
        {"params": [p for p in params if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim <= 1], "weight_decay": 0.0},
    ]


def variant(net: nn.Module, settings: Mapping[str, Any], group: Mapping[str, Any]) -> Optimizer:
    """The optimizer of a variant: `Switched` where a switch is on, `DeltaGClip` or what is asked for where none is.

    Raises:
        InvalidInputError: a switch of an optimizer that is not delta-GClip.
    """
    on = {name: True for name in SWITCHES if group.get(name)}
    if not on and not group.get("groups"):
        return optimizer(settings, trainable(net))
    numbers = {key: value for key, value in settings.items() if key != "name"}
    if settings["name"] != "delta-gclip":
        raise InvalidInputError(f"{', '.join(on) or 'groups'}: a switch of delta-gclip, not of {settings['name']}")
    params = decay_groups(net, numbers.get("weight_decay", 0.0)) if group.get("groups") else trainable(net)
    return Switched(params, **numbers, **on) if on else DeltaGClip(params, **numbers)
