"""The arguments of public measurements, recognised before anything is computed: one line for any other value."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping

import torch
from torch import Tensor

from ..problem.evaluation import REAL
from ..problem.problem import Problem
from ..theory import InvalidInputError

SEEDS = (-(2**63), 2**63 - 1)
"""What torch.Generator takes."""


def require_problem(problem: object) -> None:
    """Refuse what is no `Problem`.

    Raises:
        InvalidInputError: it is something else.
    """
    if not isinstance(problem, Problem):
        raise InvalidInputError(
            f"problem is of type {type(problem).__name__}; needed is a pltheory.Problem(network, x, y)"
        )


def require_whole(name: str, value: object, least: int, most: int | None = None) -> None:
    """Refuse what is no whole number from `least` on, up to `most`; True and False are none.

    Raises:
        InvalidInputError: naming the argument.
    """
    if (
        isinstance(value, numbers.Integral)
        and not isinstance(value, bool)
        and least <= int(value) <= (most or int(value))
    ):
        return
    limit = f"from {least} on" if most is None else f"from {least} to {most}"
    raise InvalidInputError(f"{name} = {_shown(value)}: allowed are whole numbers {limit}")


def require_number(name: str, value: object, least: float) -> None:
    """Refuse what is no finite real number from `least` on; True and False are none.

    Raises:
        InvalidInputError: naming the argument.
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:
            found = math.inf
        if least <= found < math.inf:
            return
    raise InvalidInputError(f"{name} = {_shown(value)}: allowed are finite numbers from {least:g} on")


def require_seed(seed: object) -> None:
    """Refuse what torch.Generator does not take.

    Raises:
        InvalidInputError: it is no whole number, or too large.
    """
    require_whole("seed", seed, *SEEDS)


def require_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False.

    Raises:
        InvalidInputError: naming the argument.
    """
    if not isinstance(value, bool):
        raise InvalidInputError(f"{name} = {_shown(value)}: allowed are True and False")


def require_precision(name: str, value: object) -> None:
    """Refuse what is neither None nor a precision that is computed in.

    Raises:
        InvalidInputError: naming the argument.
    """
    if value is not None and not (isinstance(value, torch.dtype) and value in REAL):
        raise InvalidInputError(f"{name} = {_shown(value)}: allowed are None, torch.float32 and torch.float64")


def require_vector(name: str, value: object, size: int) -> None:
    """Refuse what is no real tensor of that many numbers.

    Raises:
        InvalidInputError: naming the argument.
    """
    if not isinstance(value, Tensor) or value.dtype not in REAL or value.shape != (size,):
        what = f"{value.dtype} of shape {tuple(value.shape)}" if isinstance(value, Tensor) else _shown(value)
        raise InvalidInputError(f"{name} is {what}; needed is a real tensor of shape ({size},)")


def require_direction(direction: object, params: Mapping[str, Tensor]) -> None:
    """Refuse what is not a tensor of its shape for each parameter.

    Raises:
        InvalidInputError: naming the parameter.
    """
    if not isinstance(direction, Mapping):
        raise InvalidInputError(
            f"direction is of type {type(direction).__name__}; needed is a dict of a tensor for each parameter's name"
        )
    strange = [name for name in direction if name not in params]
    if strange:
        raise InvalidInputError(f"direction[{_shown(strange[0])}]: the network trains no parameter of that name")
    for name, p in params.items():
        given = direction.get(name)
        if not isinstance(given, Tensor) or given.dtype not in REAL or given.shape != p.shape:
            what = f"{given.dtype} of shape {tuple(given.shape)}" if isinstance(given, Tensor) else _shown(given)
            raise InvalidInputError(f"direction[{name!r}] is {what}; needed is a real tensor of shape {tuple(p.shape)}")


def _shown(value: object) -> str:
    """A value in part of a line."""
    try:
        said = " ".join(repr(value).split())
    except Exception:  # of any class; a whole number may have too many digits
        said = f"<{type(value).__name__}>"
    return said if len(said) <= 60 else said[:57] + "..."
