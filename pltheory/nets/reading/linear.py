"""Matrix products: of the data with parameters and constants, and of two nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from .arithmetic import add
from .builder import Builder
from .operation import Call, describe, reads
from .values import Constant, Moved, Value, Weight, moved, unreadable

Labels = Sequence[int]
"""One label for every axis, as in an einsum."""


def dense(builder: Builder, value: Moved, weight: Value, bias: Value) -> Value:
    """value @ weight^T + bias over the last axis; weight (O, q), bias (O,) or None."""
    if not (isinstance(weight, (Constant, Weight)) and len(_shape(weight)) == 2):
        unreadable(f"{describe(weight)} is where one matrix is read")
    if isinstance(weight, Weight) and isinstance(bias, Weight) and bias.index.shape == weight.index.shape[:1]:
        *leading, width = value.index.shape
        whole = weight.with_index(weight.index[None]), bias.with_index(bias.index[None])
        out = builder.affine(value, value.index.reshape(-1, 1, width), *whole)
        return out.with_index(out.index.reshape(*leading, -1))
    axes = list(range(value.index.ndim))
    out = contract(builder, value, axes, weight, [-1, axes[-1]], [*axes[:-1], -1])
    return out if bias is None else add(builder, out, bias)


@reads("linear")
def _linear(builder: Builder, call: Call) -> Value:
    return dense(builder, call.node("input"), call["weight"], call["bias"])


@reads("addmm")
def _addmm(builder: Builder, call: Call) -> Value:
    call.only("beta", 1)
    call.only("alpha", 1)
    left, right = call["mat1"], call["mat2"]
    if isinstance(left, Moved) and isinstance(right, Weight):
        return dense(builder, left, right.with_index(right.index.mT), call["self"])
    return add(builder, matrix_product(builder, left, right), call["self"])


@reads("baddbmm")
def _baddbmm(builder: Builder, call: Call) -> Value:
    call.only("beta", 1)
    call.only("alpha", 1)
    return add(builder, matrix_product(builder, call["batch1"], call["batch2"]), call["self"])


@reads("matmul", "mm", "bmm", "mv")
def _matmul(builder: Builder, call: Call) -> Value:
    left, right = (v for v in call.arguments.values() if not isinstance(v, (int, float, torch.dtype)))
    return matrix_product(builder, left, right)


def matrix_product(builder: Builder, left: Value, right: Value, scale: float = 1.0) -> Moved:
    """torch.matmul, times a number."""
    inner, rows, columns = -1, -2, -3
    a = [inner] if len(_shape(left)) == 1 else [*range(len(_shape(left)) - 3, -1, -1), rows, inner]
    b = [inner] if len(_shape(right)) == 1 else [*range(len(_shape(right)) - 3, -1, -1), inner, columns]
    # Axes are counted from the last, as they are broadcast.
    batch = sorted((set(a) | set(b)) - {inner, rows, columns}, reverse=True)
    out = [*batch, *(l for l in (rows, columns) if l in a or l in b)]
    return contract(builder, left, a, right, b, out, scale)


@reads("einsum")
def _einsum(builder: Builder, call: Call) -> Value:
    equation, operands = call["equation"].replace(" ", ""), call["tensors"]
    inputs, arrow, out = equation.partition("->")
    terms = inputs.split(",")
    if len(operands) != 2 or len(terms) != 2 or not arrow or "." in equation:
        unreadable(f"einsum {equation!r}: two operands are read, with an arrow and without an ellipsis")
    a, b, c = ([ord(label) for label in term] for term in (*terms, out))
    return contract(builder, operands[0], a, operands[1], b, c)


def contract(
    builder: Builder, left: Value, a: Labels, right: Value, b: Labels, out: Labels, scale: float = 1.0
) -> Moved:
    """An einsum of two operands, times a number.

    Args:
        builder: the graph.
        left: an operand.
        a: labels of its axes.
        right: the other; one of them depends on the data.
        b: labels of its axes.
        out: labels of the result's axes.
        scale: of the result.

    Raises:
        UnreadableError: neither depends on the data, or a label is summed over that only one of them has.
    """
    if not isinstance(left, Moved):
        left, a, right, b = right, b, left, a
    if not isinstance(left, Moved):
        unreadable(f"{describe(left)} and {describe(right)} are multiplied before they are used")
    if len(set(a)) < len(a) or len(set(b)) < len(b):
        unreadable("a label stands twice for one operand: diagonals are not read")
    (left, a), (right, b) = _without_ones(left, a, right, b), _without_ones(right, b, left, a)
    sizes = dict(zip(a, _shape(left), strict=True)) | dict(zip(b, _shape(right), strict=True))
    sizes |= {label: 1 for label in out if label not in sizes}
    batch = [l for l in out if l in a and l in b]
    common = [l for l in a if l in b and l not in out]
    own = [l for l in out if l in a and l not in b]
    other = [l for l in out if l in b and l not in a]
    if set(a) - {*batch, *common, *own} or set(b) - {*batch, *common, *other}:
        unreadable("it sums over an axis that only one factor has")
    groups, width, rows, columns = (math.prod(sizes[l] for l in labels) for labels in (batch, common, own, other))
    if isinstance(right, Moved):
        one = _turned(left, a, [*batch, *own, *common])
        two = _turned(right, b, [*batch, *common, *other])
        result = builder.product(
            one.with_index(one.index.reshape(groups, rows, width)),
            two.with_index(two.index.reshape(groups, width, columns)),
            scale,
        )
        order = [*batch, *own, *other]
    else:
        patches = _turned(left, a, [*own, *batch, *common]).index.reshape(rows, groups, width)
        if isinstance(right, Weight):
            turned = _turned(right, b, [*batch, *other, *common])
            weight = turned.with_index(turned.index.reshape(groups, columns, width))
            result = builder.affine(left, patches, weight, None)
        elif isinstance(right, Constant):
            factor = right.doubles.permute([b.index(l) for l in (*batch, *other, *common)])
            shape = (rows, groups, columns, width)
            spread = patches[:, :, None].expand(shape).reshape(-1, width)
            result = builder.fixed(left, spread, factor.reshape(1, *shape[1:]).expand(shape).reshape(-1, width))
        else:
            unreadable(f"{describe(right)} is where a tensor is read")
        result = Moved(result.node, result.size, result.index, result.scale * scale)
        order = [*own, *batch, *other]
    ones = [l for l in out if l not in order]
    index = result.index.reshape([sizes[l] for l in (*order, *ones)])
    return result.with_index(index.permute([[*order, *ones].index(l) for l in out]))


def _shape(value: Value) -> tuple[int, ...]:
    if isinstance(value, (Moved, Weight)):
        return tuple(value.index.shape)
    return tuple(value.tensor.shape) if isinstance(value, Constant) else ()


def _without_ones(value: Value, labels: Labels, other: Value, others: Labels) -> tuple[Value, Labels]:
    """Without the axes of length 1 that are broadcast against the other operand's."""
    lengths = dict(zip(others, _shape(other), strict=True))
    drop = [k for k, (l, size) in enumerate(zip(labels, _shape(value), strict=True)) if size == 1 != lengths.get(l, 1)]
    if not drop:
        return value, labels
    kept = [l for k, l in enumerate(labels) if k not in drop]
    if isinstance(value, Constant):
        return Constant(value.tensor.squeeze(drop)), kept
    return moved(value, lambda i: i.squeeze(drop)), kept


def _turned(value: Value, labels: Labels, order: Labels) -> Value:
    return value.with_index(value.index.permute([labels.index(l) for l in order]))
