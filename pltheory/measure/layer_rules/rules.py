"""One table of the rules: which operation is handled by which, with the axes that may hold its samples."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from . import affine, convolution, embedding, pointwise
from .factors import Factor, Outer
from .graph import Use
from .layout import Layout


def rule_name(use: Use) -> str | None:
    """The rule that handles an operation's argument, None if none does."""
    node, argument = use.node.name(), use.argument
    if node in affine.NODES:
        if argument in affine.NODES[node]:
            return "linear"
        return "bias"
    if node in convolution.NODES:
        return {1: "convolution", 2: "bias"}.get(argument)
    if node in embedding.NODES:
        return "embedding"
    if node in pointwise.NORMALIZATIONS:
        return "normalization" if argument > 0 else None
    return "elementwise" if node in pointwise.NODES else None


def refusal(use: Use) -> str | None:
    """Why the rules do not cover this use, None if they do."""
    node, name = use.node, rule_name(use)
    if name is None:
        return f"used by {node.name()}"
    if use.view is None:
        return "used through a view that reorders it"
    for module in (convolution, embedding, pointwise):
        if node.name() in module.NODES and (why := module.refusal(node)) is not None:
            return why
    if name not in ("linear", "embedding") and (use.view.transposed or (use.view.part and name == "convolution")):
        return "used through a transposed view"
    return None


def sample_axes(use: Use, shape: Sequence[int], output: Sequence[int]) -> list[int]:
    """The axes of the operation's output that may hold the samples; `shape` is that of the argument."""
    name = rule_name(use)
    if name == "linear":
        return affine.axes(use.node, use.argument)
    if name == "convolution":
        return [0]
    if name == "embedding":
        return list(range(len(output) - 1))
    beside = pointwise.shape_beside(use.node, shape, output)
    return [axis for axis, size in enumerate(beside) if size == 1]


def magnitude(use: Use, shape: Sequence[int], grads: Tensor, layout: Layout, n: int) -> Factor | None:
    """The same of absolute values: what the round-off of the rule's sums, whatever cancels in them, is relative to."""
    if rule_name(use) in ("convolution", "embedding", "linear"):
        found = factor(use, shape, grads, layout, n)
        return None if found is None else found.absolute()
    return pointwise.entries(use.node, use.argument, shape, grads, layout, n, absolute=True)


def factor(use: Use, shape: Sequence[int], grads: Tensor, layout: Layout, n: int) -> Factor | None:
    """The Jacobian of one use, from the operation's saved tensors and its output gradients (C, ..)."""
    assert use.view is not None
    name = rule_name(use)
    if name == "convolution":
        return convolution.outer(use.node, grads, layout, n)
    if name == "embedding":
        return _turned(embedding.outer(use.node, grads, layout, n), use.view.transposed)
    if name == "linear":
        return _turned(affine.outer(use.node, use.argument, grads, layout, n), use.view.transposed)
    return pointwise.entries(use.node, use.argument, shape, grads, layout, n)


def _turned(outer: Outer, transposed: bool) -> Outer:
    return Outer(outer.fixed, outer.moving, outer.moving_first != transposed)


def together(a: Factor, b: Factor, size: int) -> Factor:
    """The Jacobian of a parameter with two uses: the sum; cross terms come with it."""
    if isinstance(a, Outer) and isinstance(b, Outer):
        same_kind = a.fixed.is_floating_point() == b.fixed.is_floating_point()
        if same_kind and a.moving_first == b.moving_first and a.fixed.shape[1] == b.fixed.shape[1]:
            return a.followed_by(b)
    a = a.entries(size) if isinstance(a, Outer) else a
    b = b.entries(size) if isinstance(b, Outer) else b
    return a.followed_by(b)
