"""The rules against autograd: J^T v, the rows that are said to be a sample's own, and what no graph shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...problem.evaluation import call_with
from ..autodiff import norm
from .factors import Factor, NoRuleError, Outer
from .graph import Use
from .layout import Layout
from .recording import Recording
from .rules import factor, magnitude, together

CHANGING = "a parameter is used differently from one batch of samples to another"


def away_from_zero(output: Tensor) -> Tensor:
    """Weights of the outputs: no sample and no output escapes a comparison."""
    gen = torch.Generator().manual_seed(0)
    return (torch.rand(output.shape, generator=gen, dtype=torch.float64) + 0.5).to(output)


def require_layouts(rec: Recording, layouts: Mapping[str, list[Layout]], stacked: Mapping[Any, Tensor | None]) -> None:
    """One more pass, each sample's outputs weighted by a number of its own, must weight the rows said to be its own.

    A network may order its samples by their values: what the first few showed need not be so for all.

    Args:
        rec: the run.
        layouts: of the uses of each parameter.
        stacked: gradients at the operations.

    Raises:
        NoRuleError: they do not.
    """
    n, outputs = rec.output.shape
    if n == 1 or not stacked:
        return
    gen = torch.Generator().manual_seed(1)
    own = (0.5 + torch.randperm(n, generator=gen, dtype=torch.float64) / n).to(rec.output)
    mix = torch.linspace(0.5, 1.5, outputs, dtype=torch.float64).to(rec.output)
    weighted = dict(zip(stacked, rec.at_nodes(list(stacked), own[:, None] * mix), strict=True))
    pairs = {
        (use.node, layout) for name, each in layouts.items() for use, layout in zip(rec.uses[name], each, strict=True)
    }
    for node, layout in pairs:
        grads, found = stacked[node], weighted[node]
        if grads is None or found is None or not layout.fits(found.shape, n):
            raise NoRuleError(CHANGING)
        expected = layout.by_sample(torch.tensordot(mix, grads, 1), n).flatten(1)
        difference = (layout.by_sample(found, n).flatten(1) - own[:, None] * expected).norm()
        if not float(difference) <= torch.finfo(own.dtype).eps ** 0.5 * float(expected.norm()):
            raise NoRuleError(CHANGING)


def require_agreement(
    parts: Mapping[Any, Factor],
    v: Tensor,
    p: Tensor,
    expected: Tensor,
    uses: list[Use],
    layouts: list[Layout],
    stacked: Mapping[Any, Tensor | None],
) -> None:
    """J^T v by the rules is autograd's, for one parameter.

    Args:
        parts: its Jacobian by the rules.
        v: weights of the outputs, (n, C).
        p: the parameter.
        expected: J^T v by autograd.
        uses: of the parameter.
        layouts: of its uses.
        stacked: gradients at the operations.

    Raises:
        NoRuleError: it is not.
    """
    if _agree(parts, v, p, expected):
        return
    # Where a gradient cancels to nothing, to the round-off of what cancels.
    sizes = parts_of(uses, layouts, p, stacked, len(v), rule=magnitude)
    if not _agree(parts, v, p, expected, sizes):
        raise NoRuleError("the rules disagree with autograd")


def _agree(
    parts: Mapping[Any, Factor],
    v: Tensor,
    p: Tensor,
    expected: Tensor,
    sizes: Mapping[Any, Factor] | None = None,
) -> bool:
    """Whether J^T v by the rules is autograd's, in half the digits, and up to the round-off of sums of these sizes."""
    pieces: list[Tensor]
    if list(parts) == [None]:
        pieces = [expected.flatten()]
    else:
        counts = next(iter(parts))[0]
        split = expected.split(counts if isinstance(counts, int) else list(counts))
        pieces = [split[key[1]].flatten() for key in parts]
        rest = [i for i in range(len(split)) if i not in [key[1] for key in parts]]
        if any(bool(split[i].any()) for i in rest):
            return False
    eps = torch.finfo(v.dtype).eps
    allowed = eps**0.5 * norm([expected])
    if sizes is not None:
        summed = norm([part.transpose_times(v.abs(), rows(p)) for part in sizes.values()])
        # A sum of m terms of one layer errs by at most m units; so does each term, a sum of the layer after.
        allowed += eps * sum(_terms(part) for part in sizes.values()) * summed
    for piece, part in zip(pieces, parts.values(), strict=True):
        found = part.transpose_times(v, rows(p))
        if found.shape != piece.shape or not norm([found - piece]) <= allowed:
            return False
    return True


def _terms(part: Factor) -> int:
    """How many products are summed in an entry of J^T v, at least a vector register's worth of slack."""
    shape = part.moving.shape[:-1] if isinstance(part, Outer) else part.grads.shape[:-1]
    return 64 + shape.numel()


def require_no_influence(network: nn.Module, name: str, p: Tensor, x: Tensor, output: Tensor) -> None:
    """A parameter the graph never meets must have no say in the outputs, or autograd was told not to look."""
    with torch.no_grad():
        moved = call_with(network, {name: p.detach() * 1.5 + 0.25}, x).reshape(output.shape)
    if not torch.equal(moved, output):
        raise NoRuleError("changes the outputs outside autograd's graph")


def parts_of(
    uses: list[Use],
    layouts: list[Layout],
    p: Tensor,
    stacked: Mapping[Any, Tensor | None],
    n: int,
    *,
    rule: Callable[[Use, Sequence[int], Tensor, Layout, int], Factor | None] | None = None,
) -> dict[Any, Factor]:
    """A parameter's Jacobian by the rules, by the part of it that is used: {None: ..} where it is used whole.

    Raises:
        NoRuleError: the operations have other rows than the layouts say.
    """
    parts: dict[Any, Factor] = {}
    for use, layout in zip(uses, layouts, strict=True):
        grads = stacked[use.node]
        if grads is None or not layout.fits(grads.shape[1:], n):
            raise NoRuleError(CHANGING)
        shape = argument_shape(use, p)
        one = (rule or factor)(use, shape, grads, layout, n)
        if one is None:
            raise NoRuleError("differs along the axis of the samples")
        key = use.view.part if use.view is not None else None
        parts[key] = together(parts[key], one, rows(p)) if key in parts else one
    return parts


def argument_shape(use: Use, p: Tensor) -> list[int]:
    """The shape with which the parameter enters: read off the views in between, its own if there are none."""
    source, number = use.node.next_functions[use.argument]
    if hasattr(source, "variable"):
        return list(p.shape)
    metadata = source._input_metadata[number]
    return list(metadata.shape)


def rows(p: Tensor) -> int:
    """Length of its first axis."""
    return p.shape[0] if p.ndim else 1
