"""The table of operations: which function reads which operation of torch's, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .builder import Builder
from .values import Constant, Masked, Moved, Value, Weight, unreadable


@dataclass(frozen=True, eq=False)
class Call:
    """One operation of the exported module.

    Attributes:
        target: the operation.
        arguments: by the names of its schema, with values in place of tensors; defaults are filled in.
        dtype: of its first tensor argument.
        shape: of its result, the first of several, () where that is no tensor.
        alone: nothing else reads its first argument.
    """

    target: Any
    arguments: dict[str, Value]
    dtype: torch.dtype | None
    shape: tuple[int, ...]
    alone: bool

    def __getitem__(self, name: str) -> Value:
        return self.arguments[name]

    def only(self, name: str, *allowed: Value) -> None:
        """Refuse an option that is not one of those allowed.

        Raises:
            UnreadableError: naming it.
        """
        value = self.arguments.get(name)
        if not any(value is a or value == a for a in allowed):
            unreadable(f"{name} = {value!r}: allowed is {' or '.join(map(repr, allowed))}")

    def node(self, name: str) -> Moved:
        """An argument that is a tensor of the data's.

        Raises:
            UnreadableError: it is a parameter or constant.
        """
        value = self.arguments[name]
        if isinstance(value, Moved):
            return value
        return unreadable(f"{describe(value)} is where a tensor that depends on the data is read")

    def weight(self, name: str) -> Weight | None:
        """An argument that is a piece of a parameter, or None.

        Raises:
            UnreadableError: it is frozen, a constant, or depends on the data.
        """
        value = self.arguments[name]
        if value is None or isinstance(value, Weight):
            return value
        return unreadable(f"{describe(value)} is where a trainable parameter is read")


Reader = Callable[[Builder, Call], Value]
READERS: dict[str, Reader] = {}
"""By the operation's name without its overload."""


def reads(*names: str) -> Callable[[Reader], Reader]:
    """Enter a function into the table."""

    def enter(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(names, reader))
        return reader

    return enter


def describe(value: Value) -> str:
    """A value in words."""
    if isinstance(value, Weight):
        return f"the parameter {value.name}"
    if isinstance(value, Masked):
        return "a tensor that holds minus infinity"
    return "a constant" if isinstance(value, (Constant, float, int)) else "a tensor that depends on the data"


def number(value: Value) -> float | None:
    """A value that is one real number, or None.

    Raises:
        UnreadableError: it is not finite, or complex.
    """
    if isinstance(value, complex):
        unreadable("a constant is complex")
    if isinstance(value, (bool, int, float)):
        value = Constant(torch.tensor(float(value), dtype=torch.float64))
    if isinstance(value, Constant) and value.tensor.numel() == 1:
        return float(value.doubles)
    return None


def constant(value: Value) -> Tensor:
    """A constant's numbers.

    Raises:
        UnreadableError: it is none.
    """
    if isinstance(value, (bool, int, float)):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, Constant):
        return value.doubles
    return unreadable(f"{describe(value)} is where a constant is read")
