"""Where parameters are used: the operations of autograd's graph that take a parameter, or a view of it, as argument.

The graph is the record of what was computed. A module called twice, a weight tied to another or used outside its
module, a hook that changes an output: all of it is in the graph, and none of it in the list of modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

ORDER_KEEPING = {"ViewBackward0", "UnsafeViewBackward0", "UnsqueezeBackward0", "SqueezeBackward0", "SqueezeBackward1"}
TRANSPOSING = {"TBackward0", "TransposeBackward0"}
SPLITTING = {"SplitBackward0", "SplitWithSizesBackward0"}
VIEWS = ORDER_KEEPING | TRANSPOSING | SPLITTING


@dataclass(frozen=True)
class View:
    """How an argument is read off its parameter.

    Attributes:
        transposed: a matrix, or one block of its rows, turned round; else the entries are in their order, in whatever
            shape.
        part: which piece of a split of the first axis (its sizes and the piece's number), None for the whole.
    """

    transposed: bool = False
    part: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Use:
    """One operation that takes the parameter as its argument number `argument`; view None is a view without a rule."""

    node: Any
    argument: int
    view: View | None

    @property
    def signature(self) -> tuple[Any, ...]:
        """What stays the same when the same network is run on other samples."""
        return self.node.name(), self.argument, self.view


def find_uses(output: Tensor, params: Mapping[str, Tensor]) -> dict[str, list[Use]]:
    """The uses of each parameter in the graph of `output`, in the order of the graph; empty for one it never meets."""
    consumers: dict[Any, list[tuple[Any, int, int]]] = {}
    leaves: dict[int, Any] = {}
    stack, seen = [output.grad_fn], set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            leaves[id(node.variable)] = node
        for argument, (source, number) in enumerate(node.next_functions):
            if source is not None:
                consumers.setdefault(source, []).append((node, argument, number))
                stack.append(source)
    return {name: _follow(leaves.get(id(p)), (), consumers, p.ndim) for name, p in params.items()}


def _follow(
    source: Any, chain: tuple[tuple[Any, int], ...], consumers: dict[Any, list[tuple[Any, int, int]]], ndim: int
) -> list[Use]:
    uses = []
    for node, argument, number in consumers.get(source, ()):
        links = (*chain, (source, number)) if source.name() in VIEWS else chain
        if node.name() in VIEWS:
            uses += _follow(node, links, consumers, ndim)
        else:
            uses.append(Use(node, argument, _view(links, ndim)))
    return uses


def _view(links: tuple[tuple[Any, int], ...], ndim: int) -> View | None:
    names = [node.name() for node, _ in links]
    if all(name in ORDER_KEEPING for name in names):
        return View()
    part = None
    if names[0] in SPLITTING:
        first, number = links[0]
        if first._saved_dim != 0:
            return None
        sizes = first._saved_split_size if names[0] == "SplitBackward0" else tuple(first._saved_split_sizes)
        part = (sizes, number)
        links, names = links[1:], names[1:]
        if all(name in ORDER_KEEPING for name in names):
            return View(part=part)
    if ndim == 2 and all(name in TRANSPOSING for name in names) and all(_turns(node) for node, _ in links):
        odd = len(names) % 2 == 1
        return View(transposed=odd, part=part)
    return None


def _turns(node: Any) -> bool:
    """Whether a transposition of a matrix exchanges its two axes."""
    if node.name() == "TBackward0":
        return True
    # torch saves negative axes as unsigned 64-bit numbers.
    axes = {(axis + 2) % (1 << 64) if axis >= 1 << 63 else axis for axis in (node._saved_dim0, node._saved_dim1)}
    return axes == {0, 1}
