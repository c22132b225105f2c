"""The optimizers of the experiments, by name and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import Optimizer

from pltheory.optim import DeltaGClip, GClip
from pltheory.theory import InvalidInputError

SMALL = 1e-12
"""Norms below this are what the normalised gradient does not normalise."""


def normalised(params: Iterable[Parameter], lr: float) -> Optimizer:
    """Steps of length lr along the gradient: GClip with a threshold below every norm, h = (lr / SMALL) SMALL / norm."""
    return GClip(params, lr=lr / SMALL, gamma=SMALL)


def lion(params: Iterable[Parameter], lr: float, weight_decay: float = 0.0, **numbers: float) -> Optimizer:
    """Lion of pytorch_optimizer, imported where it is asked for: it is slow to import."""
    try:
        from pytorch_optimizer import Lion
    except ImportError:
        raise InvalidInputError("optimizer lion: needed is the package pytorch_optimizer (extra experiments)") from None
    return Lion(params, lr=lr, weight_decay=weight_decay, **numbers)


MAKERS: Mapping[str, tuple[Callable[..., Optimizer], tuple[str, ...]]] = {
    "delta-gclip": (DeltaGClip, ("lr", "gamma", "delta", "weight_decay", "momentum")),
    "gclip": (GClip, ("lr", "gamma", "weight_decay", "momentum")),
    "normalised": (normalised, ("lr",)),
    "sgd": (partial(torch.optim.SGD, fused=True), ("lr", "momentum", "weight_decay")),
    "adam": (partial(torch.optim.Adam, fused=True), ("lr", "weight_decay")),
    "adamw": (partial(torch.optim.AdamW, fused=True), ("lr", "weight_decay")),
    "lion": (lion, ("lr", "weight_decay")),
}


def optimizer(settings: Mapping[str, Any], params: Iterable[Parameter]) -> Optimizer:
    """The optimizer of a table of settings, `name` and its numbers.

    Raises:
        InvalidInputError: no such optimizer, a number that it does not have or that it refuses, or lr is missing.
    """
    given = dict(settings)
    name = given.pop("name", None)
    if name not in MAKERS:
        raise InvalidInputError(f"optimizer name = {name!r}: allowed are {', '.join(MAKERS)}")
    make, allowed = MAKERS[name]
    other = [key for key in given if key not in allowed]
    if other:
        raise InvalidInputError(f"optimizer {name} has no {other[0]}; its numbers are {', '.join(allowed)}")
    missing = [key for key in ("lr", "gamma", "delta") if key in allowed and key not in given]
    if missing:
        raise InvalidInputError(f"optimizer {name}: {missing[0]} is missing")
    try:
        return make(params, **given)
    except (ValueError, TypeError) as error:
        raise InvalidInputError(f"optimizer {name}: {error}") from None


def described(settings: Mapping[str, Any]) -> str:
    """In words: name and numbers."""
    numbers = ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in settings.items() if key != "name")
    return f"{settings['name']}, {numbers}"
