"""The keywords of a parameter group beside the numbers of its rule: what each one allows, and which go together."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypedDict

from torch import Tensor

from ..theory.errors import InvalidInputError
from .doubles import number


class Keywords(TypedDict, total=False):
    """Those of torch.optim.SGD, and what is clipped; `DeltaGClip` says what each does."""

    momentum: float
    dampening: float
    weight_decay: float | Tensor
    nesterov: bool
    decoupled_weight_decay: bool
    clip: Literal["gradient", "buffer"]
    maximize: bool
    foreach: bool | None
    capturable: bool
    differentiable: bool
    fused: bool | None


def refuse(key: str, value: object, allowed: str) -> NoReturn:
    raise InvalidInputError(f"{key} = {value!r}: allowed is {allowed}")


@dataclass(frozen=True)
class Keyword:
    """A value where none is given, which values are allowed, and the same in words."""

    default: Any
    fits: Callable[[Any], bool]
    allowed: str


def _switch(value: object) -> bool:
    return isinstance(value, bool)


def _choice(value: object) -> bool:
    return value is None or isinstance(value, bool)


def _share(value: object) -> bool:
    return 0 <= number(value) < 1


def _amount(value: object) -> bool:
    """A finite number of at least 0, or a tensor that holds one."""
    if isinstance(value, Tensor):
        # The value is read only where that waits for nothing; a fake tensor has none.
        held = value.numel() == 1 and value.is_floating_point()
        return held and (not value.is_cpu or type(value) is not Tensor or bool(0 <= value.detach() < math.inf))
    return 0 <= number(value) < math.inf


_AMOUNT = "a finite number of at least 0, or a floating-point tensor with one element that holds one"
LR = Keyword(None, _amount, _AMOUNT)
_SHARE = Keyword(0.0, _share, "a number in [0, 1)")
_OFF = Keyword(False, _switch, "True or False")
_OPEN = Keyword(None, _choice, "True, False or None")
KEYWORDS: dict[str, Keyword] = {
    "momentum": _SHARE,
    "dampening": _SHARE,
    "weight_decay": Keyword(0.0, _amount, _AMOUNT),
    "nesterov": _OFF,
    "decoupled_weight_decay": _OFF,
    "clip": Keyword("gradient", lambda value: value in ("gradient", "buffer"), '"gradient" or "buffer"'),
    "maximize": _OFF,
    "foreach": _OPEN,
    "capturable": _OFF,
    "differentiable": _OFF,
    "fused": _OPEN,
}
"""In the order of their documentation."""
ALIKE = ("clip", "differentiable")
"""The keywords that all groups have alike: the norm is one, and so is the graph."""

_Values = Mapping[str, Any]
_TOGETHER: tuple[tuple[str, Callable[[_Values], bool], str], ...] = (
    ("nesterov", lambda v: v["momentum"] == 0 or v["dampening"] != 0, "False without momentum or with dampening"),
    ("nesterov", lambda v: v["clip"] == "buffer", 'False with clip = "buffer", whose norm is that of the buffer alone'),
    ("fused", lambda v: bool(v["foreach"]), "False or None with foreach = True"),
    ("fused", lambda v: v["differentiable"], "False or None with differentiable = True"),
    ("foreach", lambda v: v["differentiable"], "False or None with differentiable = True"),
)
"""A keyword, where it may not be set, and what is allowed there."""


def with_defaults(given: _Values) -> dict[str, Any]:
    """Every keyword, those that are not given at their defaults.

    Raises:
        InvalidInputError: one is given that there is not.
    """
    for key in given.keys() - KEYWORDS:
        near = difflib.get_close_matches(key, KEYWORDS, 1)
        allowed = f"{near[0]}?" if near else ", ".join(KEYWORDS)
        raise InvalidInputError(f"no keyword {key}: allowed is {allowed}")
    return {key: given.get(key, keyword.default) for key, keyword in KEYWORDS.items()}


def check(values: _Values) -> None:
    """Refuse a value, or two together, that are not allowed.

    Args:
        values: `lr` and every keyword.

    Raises:
        InvalidInputError: in one line that says what is.
    """
    for key, keyword in {"lr": LR, **KEYWORDS}.items():
        if not keyword.fits(values[key]):
            refuse(key, values[key], keyword.allowed)
    for key, wrong, allowed in _TOGETHER:
        if values[key] and wrong(values):
            refuse(key, values[key], allowed)
