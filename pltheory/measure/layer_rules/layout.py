"""Along which axis an operation keeps the samples: found out by asking, not by guessing.

A linear layer inside attention sees (tokens x samples) rows where another sees (samples x tokens). The gradient of
one sample's outputs is zero at every row of the other samples, and that pattern names the layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """Samples along `axis`, with `tokens` rows each: next to each other, or (interleaved) every n-th row."""

    axis: int
    interleaved: bool
    tokens: int

    def by_sample(self, t: Tensor, n: int, lead: int = 0) -> Tensor:
        """(*lead axes, .., n tokens, ..) to (n, *lead axes, tokens, the remaining axes in their order)."""
        t = t.movedim(self.axis + lead, lead)
        head, tail = t.shape[:lead], t.shape[lead + 1 :]
        if self.interleaved:
            return t.reshape(*head, self.tokens, n, *tail).movedim(lead + 1, 0)
        return t.reshape(*head, n, self.tokens, *tail).movedim(lead, 0)

    def fits(self, shape: Sequence[int], n: int) -> bool:
        """Whether an operation on n samples has this layout's number of rows."""
        return len(shape) > self.axis and shape[self.axis] == n * self.tokens


def find_layout(gradients: Sequence[Tensor | None], axes: Sequence[int]) -> Layout | None:
    """The one layout under which sample i's gradient touches rows of sample i only; None if none, or several, do.

    Args:
        gradients: one per sample, of that sample's outputs with respect to the operation's output.
        axes: the axes that may hold the samples.
    """
    k = len(gradients)
    present = [g for g in gradients if g is not None]
    if not present:
        return None
    shape = present[0].shape
    found = []
    for axis in axes:
        if axis >= len(shape) or shape[axis] % k or not shape[axis]:
            continue
        tokens = shape[axis] // k
        kinds = (False,) if tokens == 1 or k == 1 else (False, True)
        found += [lay for lay in (Layout(axis, kind, tokens) for kind in kinds) if _owned(gradients, lay)]
    # A lone sample owns every row, whatever the axis.
    return found[0] if len(found) == 1 or (found and k == 1) else None


def _owned(gradients: Sequence[Tensor | None], layout: Layout) -> bool:
    for i, gradient in enumerate(gradients):
        if gradient is None:
            continue
        rows = layout.by_sample(gradient, len(gradients)).flatten(1).ne(0).any(dim=1)
        if bool(rows[:i].any()) or bool(rows[i + 1 :].any()):
            return False
    return True
