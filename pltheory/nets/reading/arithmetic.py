"""Sums, and products with numbers, constants, parameters and nodes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .builder import Builder
from .operation import Call, constant, describe, number, reads
from .values import Constant, Masked, Moved, Value, Weight, unreadable


def _shape(value: Value) -> torch.Size:
    if isinstance(value, Constant):
        return value.tensor.shape
    return value.index.shape if isinstance(value, (Moved, Weight)) else torch.Size()


def common_shape(*shapes: torch.Size) -> torch.Size:
    """The shape that all are broadcast to."""
    return torch.broadcast_shapes(*shapes)  # type: ignore[no-untyped-call]


def _spread(value: Moved, shape: torch.Size) -> Moved:
    return value.with_index(value.index.expand(shape))


def _scaled(value: Value, by: float) -> Value:
    if isinstance(value, Constant):
        return Constant(value.doubles * by)
    if isinstance(value, Moved):
        return Moved(value.node, value.size, value.index, value.scale * by)
    return Weight(value.name, value.index, value.scale * by) if isinstance(value, Weight) else value * by


def add(builder: Builder, a: Value, b: Value) -> Moved | Masked:
    """a + b with torch's broadcasting."""
    for value, other in ((a, b), (b, a)):
        minus_infinity = isinstance(other, Constant) and bool((other.tensor == -math.inf).any())
        if isinstance(value, Masked) or (minus_infinity and isinstance(value, Moved)):
            if not isinstance(other, Constant):
                unreadable(f"{describe(value)} and {describe(other)} are added")
            return masked(builder, value, other)
    if not isinstance(a, Moved):
        a, b = b, a
    if not isinstance(a, Moved):
        unreadable(f"{describe(a)} and {describe(b)} are added before they are used")
    shape = common_shape(_shape(a), _shape(b))
    a = _spread(a, shape)
    if isinstance(b, (Moved, Weight)):
        return builder.total(a, builder.as_node(b, a.owner))
    shift = constant(b)
    if not bool(shift.any()):
        return a
    return builder.diagonal(a, torch.ones((), dtype=torch.float64), shift)


def masked(builder: Builder, value: Moved | Masked, mask: Constant) -> Moved | Masked:
    """A mask as attention has it: added, with minus infinity where nothing is attended to, or where not True.

    Raises:
        UnreadableError: it is not finite otherwise.
    """
    numbers = mask.tensor
    if numbers.dtype == torch.bool:
        return cut_off(value, numbers)
    allowed = numbers != -math.inf
    known = value.value if isinstance(value, Masked) else value
    moved: Value = add(builder, known, Constant(torch.where(allowed, numbers, torch.zeros((), dtype=numbers.dtype))))
    if isinstance(value, Masked):
        moved = Masked(moved, value.allowed)
    return moved if bool(allowed.all()) else cut_off(moved, allowed)


def cut_off(value: Moved | Masked, allowed: Tensor) -> Masked:
    """Minus infinity where a mask does not allow an entry."""
    if isinstance(value, Masked):
        return Masked(value.value, value.allowed & allowed)
    return Masked(value, allowed.expand(value.index.shape))


@reads("add", "add_", "sub", "sub_", "subtract", "rsub")
def _sum(builder: Builder, call: Call) -> Value:
    sign = 1.0 if "add" in call.target._schema.name else -1.0
    by = number(call.arguments.get("alpha", 1))
    assert by is not None
    a, b = call["self"], call["other"]
    if call.target._schema.name == "aten::rsub":
        a, b = b, a
    if call.target._schema.name == "aten::rsub":
        return add(builder, a, _scaled(b, sign * by))
    return add(builder, a, b if sign * by == 1.0 else _scaled(b, sign * by))


@reads("neg", "negative")
def _negative(builder: Builder, call: Call) -> Value:
    return _scaled(call["self"], -1.0)


def times(builder: Builder, a: Value, b: Value, alone: bool) -> Value:
    """a * b with torch's broadcasting."""
    for value, other in ((a, b), (b, a)):
        by = number(other)
        if by is not None and isinstance(value, (Moved, Weight)):
            if isinstance(other, Constant):
                value = value.with_index(value.index.expand(common_shape(_shape(value), _shape(other))))
            if isinstance(value, Moved) and alone:
                return builder.rescaled(value, by)
            return _scaled(value, by)
    if not isinstance(a, Moved):
        a, b = b, a
    if not isinstance(a, Moved):
        unreadable(f"{describe(a)} and {describe(b)} are multiplied before they are used")
    shape = common_shape(_shape(a), _shape(b))
    a = _spread(a, shape)
    if isinstance(b, Weight):
        return builder.entrywise(a, b.with_index(b.index.expand(shape)), None)
    if isinstance(b, Moved):
        b = _spread(b, shape)
        gate = builder.product(a.with_index(a.index[..., None, None]), b.with_index(b.index[..., None, None]))
        return gate.with_index(gate.index[..., 0, 0])
    return builder.diagonal(a, constant(b))


@reads("mul", "mul_", "multiply")
def _product(builder: Builder, call: Call) -> Value:
    return times(builder, call["self"], call["other"], call.alone)


@reads("div", "div_", "divide", "true_divide")
def _quotient(builder: Builder, call: Call) -> Value:
    if call.arguments.get("rounding_mode") is not None:
        unreadable("a rounded quotient is not smooth")
    below = call["other"]
    if isinstance(below, (Moved, Weight)):
        unreadable(f"it divides by {describe(below)}: quotients are not read")
    numbers = constant(below)
    if not bool(numbers.all()):
        unreadable("it divides by 0")
    return times(builder, call["self"], Constant(1.0 / numbers), call.alone)


@reads("square")
def _square(builder: Builder, call: Call) -> Value:
    return times(builder, call.node("self"), call.node("self"), False)


@reads("pow")
def _power(builder: Builder, call: Call) -> Value:
    call.only("exponent", 1, 2)
    value = call.node("self")
    return value if call["exponent"] == 1 else times(builder, value, value, False)
