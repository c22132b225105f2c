"""A graph while it is built: every step takes values and adds the nodes that they need."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..graph import Node
from ..kinds.affine import Affine
from ..kinds.curved import Curved
from ..kinds.fixed import Fixed
from ..kinds.input import Input
from ..kinds.kind import Kind
from ..kinds.kinks import Maximum, PiecewiseLinear, leaky_relu
from ..kinds.pointwise import Pointwise
from ..kinds.product import Product
from ..kinds.sums import Sum
from ..kinds.tokens import TokenMap, Tokens
from .pieces import Piecewise, composed, is_homogeneous, mirrored, passes_maximum, slope_below
from .values import SAMPLES, Constant, Moved, Rows, Weight, by_sample, rows_of, unreadable

Entries = NDArray[np.int64]


class Cut(NamedTuple):
    """Which entries of which parameter, in row order, a group's weight or bias consists of.

    Attributes:
        name: of the parameter.
        entries: places in the parameter's row order, of the shape that the group has.
    """

    name: str
    entries: Entries


class Taken(NamedTuple):
    """What torch takes for the derivative of a node at its kinks.

    Attributes:
        ties: the operations that choose among entries that are equal.
        at: at the breaks of a function of one entry, that behind a maximum included.
    """

    ties: tuple[str, ...] = ()
    at: tuple[Fraction, ...] = ()


@dataclass(eq=False)
class Builder:
    """Nodes and groups so far.

    Attributes:
        nodes: the first is the input.
        groups: weight and bias of every group; a weight of no entries belongs to a vector that is added.
        where: name of the operation that is being read.
        taken: by node with kinks.
    """

    nodes: list[Node]
    groups: list[tuple[Cut, Cut | None]] = field(default_factory=list)
    where: str = ""
    taken: dict[int, Taken] = field(default_factory=dict)

    @classmethod
    def reading(cls, size: int) -> Builder:
        """With the input alone."""
        return cls([Node(Input(), (), size, "input")])

    def _node(self, kind: Kind, inputs: tuple[int, ...], size: int, taken: Taken | None = None) -> int:
        for v, node in enumerate(self.nodes):
            # What is computed twice is one node: bounds of two would not know that they are equal. At a kink their
            # derivatives must be equal too.
            if (node.inputs, node.size, self.taken.get(v)) == (inputs, size, taken) and _alike(node.kind, kind):
                return v
        self.nodes.append(Node(kind, inputs, size, self.where))
        if taken is not None:
            self.taken[len(self.nodes) - 1] = taken
        return len(self.nodes) - 1

    def _group(self, weight: Cut, bias: Cut | None) -> int:
        for g, (w, b) in enumerate(self.groups):
            if _same(w, weight) and (b is bias is None or (b is not None and bias is not None and _same(b, bias))):
                return g
        self.groups.append((weight, bias))
        return len(self.groups) - 1

    # --- parameters ---

    def affine(self, value: Moved, index: Tensor, weight: Weight, bias: Weight | None) -> Moved:
        """W_g applied to rows of patches.

        Args:
            value: whose entries the patches hold.
            index: (R, G, q), index tensor of the patches.
            weight: (G, O, q).
            bias: (G, O), or None.

        Returns:
            Of shape (R, G, O).
        """
        if bias is not None and (weight.scale < 0) != (bias.scale < 0):
            without = self.affine(value, index, weight, None)
            return self.total(without, self.trainable(_expanded(bias, without), without.owner))
        if value.scale <= 0:
            value = self._scaled(value)
        (count, groups, width), outputs = index.shape, weight.index.shape[1]
        rows = rows_of(value, index.reshape(count, groups * width))
        positions = rows.rows.shape[1]
        patches = np.ascontiguousarray(rows.local.reshape(positions, groups, width).transpose(1, 0, 2))
        group = self._group(_cut(weight), None if bias is None else _cut(bias))
        size = groups * outputs * positions
        kappa, tau = abs(weight.scale) * value.scale, 0.0 if bias is None else abs(bias.scale)
        node = self._node(Affine(group, patches, kappa, tau), (value.node,), size)
        order = np.arange(size).reshape(groups, outputs, positions).transpose(2, 0, 1)
        return Moved(node, size, rows.placed(order, size), -1.0 if weight.scale < 0 else 1.0)

    def entrywise(self, value: Moved, weight: Weight, bias: Weight | None) -> Moved:
        """weight * value + bias, entry by entry; weight and bias of the value's shape, expanded."""
        if bias is not None and (weight.scale < 0) != (bias.scale < 0):
            return self.total(self.entrywise(value, weight, None), self.trainable(bias, value.owner))
        if value.scale <= 0:
            value = self._scaled(value)
        rows = rows_of(value, value.index.reshape(-1, 1))
        order, cut = _sorted_by(weight, rows)
        local = rows.local[order, 0].reshape(*cut.entries.shape, -1, 1)
        shift = None
        if bias is not None:
            entries = rows.same(bias.entries.reshape(-1)).numpy()[order].reshape(local.shape[:2])
            if (entries != entries[:, :1]).any():
                unreadable(f"the parameters {weight.name} and {bias.name} do not stand for the same entries")
            shift = Cut(bias.name, np.ascontiguousarray(entries[:, :1]))
        group = self._group(Cut(cut.name, cut.entries.reshape(-1, 1, 1)), shift)
        kappa, tau = abs(weight.scale) * value.scale, 0.0 if bias is None else abs(bias.scale)
        node = self._node(Affine(group, np.ascontiguousarray(local), kappa, tau), (value.node,), order.size)
        return self._in_order(node, order, rows, value.index.shape, -1.0 if weight.scale < 0 else 1.0)

    def trainable(self, weight: Weight, owner: Tensor) -> Moved:
        """A parameter as a node; of the shape of owner, expanded."""
        rows = by_sample(owner.reshape(-1, 1), torch.full((owner.numel(), 1), -1))
        order, cut = _sorted_by(weight, rows)
        outputs = cut.entries.size
        empty = Cut("", np.zeros((1, outputs, 0), dtype=np.int64))
        group = self._group(empty, Cut(cut.name, cut.entries.reshape(1, outputs)))
        patches = np.zeros((1, order.size // outputs, 0), dtype=np.int64)
        node = self._node(Affine(group, patches, 1.0, abs(weight.scale)), (0,), order.size)
        return self._in_order(node, order, rows, owner.shape, -1.0 if weight.scale < 0 else 1.0)

    def _in_order(self, node: int, order: Entries, rows: Rows, shape: torch.Size, scale: float) -> Moved:
        place = np.empty(order.size, dtype=np.int64)
        place[order] = np.arange(order.size)
        return Moved(node, order.size, rows.placed(place, order.size).reshape(shape), scale)

    # --- fixed maps and sums ---

    def fixed(self, value: Moved, index: Tensor, factor: Tensor, offset: Tensor | None = None) -> Moved:
        """Weighted sums of rows of entries.

        Args:
            value: whose entries they are.
            index: (R, m), index tensor of the rows.
            factor: (R, m), doubles.
            offset: (R,), or None.

        Returns:
            Of shape (R,).
        """
        rows = rows_of(value, index)
        weights = rows.same(factor).numpy() * value.scale
        weights = np.where(rows.local < 0, 0.0, weights)
        shift = None if offset is None else rows.same(offset).numpy().copy()
        size = len(rows.local)
        node = self._node(Fixed(rows.local, weights, shift), (value.node,), size)
        return Moved(node, size, rows.placed(np.arange(size), size))

    def diagonal(self, value: Moved, factor: Tensor, offset: Tensor | None = None) -> Moved:
        """factor * value + offset, entry by entry; both broadcast to the value's shape."""
        shape = value.index.shape
        shift = None if offset is None else offset.expand(shape).reshape(-1)
        flat = value.index.reshape(-1, 1)
        out = self.fixed(value, flat, factor.expand(shape).reshape(-1, 1), shift)
        return out.with_index(out.index.reshape(shape))

    def constant(self, constant: Constant, owner: Tensor) -> Moved:
        """A constant as a node; of the shape of owner, expanded."""
        numbers = constant.doubles
        zeros = Moved(0, self.nodes[0].size, -1 - owner)
        if not bool(numbers.any()):
            return zeros
        return self.diagonal(zeros, torch.zeros(owner.shape, dtype=torch.float64), numbers)

    def as_node(self, value: Moved | Weight | Constant, owner: Tensor) -> Moved:
        """Any value as a node, given whose its entries are; expanded to that shape.

        Raises:
            UnreadableError: the entries belong to other samples than owner says.
        """
        if isinstance(value, Constant):
            return self.constant(Constant(value.tensor.expand(owner.shape)), owner)
        value = value.with_index(value.index.expand(owner.shape))
        if isinstance(value, Weight):
            return self.trainable(value, owner)
        if not torch.equal(value.owner, owner):
            unreadable("samples mix: entries of different samples meet")
        return value

    def plain(self, value: Moved) -> Moved:
        """As a node of its own, in the tensor's row order."""
        rows = rows_of(value, value.index.reshape(-1, 1))
        if value.scale == 1.0 and np.array_equal(rows.local[:, 0], np.arange(value.size)):
            return value
        return self.diagonal(value, torch.ones((), dtype=torch.float64))

    def settled(self, value: Moved) -> Moved:
        """With scale 1 and every entry of the node exactly once."""
        if not is_bijective(value):
            return self.plain(value)
        return value if value.scale == 1.0 else self._scaled(value)

    def _scaled(self, value: Moved) -> Moved:
        size = value.size
        every = np.arange(size).reshape(size, 1)
        node = self._node(Fixed(every, np.full((size, 1), value.scale)), (value.node,), size)
        return Moved(node, size, value.index)

    def rescaled(self, value: Moved, by: float) -> Moved:
        """The node itself with its scales multiplied, where it has some and nothing else reads it."""
        node = self.nodes[value.node]
        scale = value.scale * by
        if scale <= 0 or not is_bijective(value) or not isinstance(node.kind, (Affine, Product)):
            return Moved(value.node, value.size, value.index, scale)
        kind: Kind
        if isinstance(node.kind, Affine):
            kind = Affine(node.kind.group, node.kind.patches, node.kind.kappa * scale, node.kind.tau * scale)
        else:
            kind = Product(node.kind.left, node.kind.right, node.kind.scale * scale)
        return Moved(self._node(kind, node.inputs, node.size), value.size, value.index)

    def total(self, *values: Moved) -> Moved:
        """Sum of values of one shape.

        Raises:
            UnreadableError: entries of different samples meet.
        """
        owner = values[0].owner
        if any(not torch.equal(v.owner, owner) for v in values):
            unreadable("samples mix: entries of different samples meet")
        values = tuple(v for v in values if bool((v.index > 0).any())) or values[:1]
        if len(values) == 1:
            return values[0]
        # Where all stand in one order, whatever it is, or where one is in it already, nothing needs to be moved.
        lead = next((v for v in values if v.scale == 1.0 and is_bijective(v)), None)
        if lead is None:
            lead = self.plain(values[0])
            values = (lead, *values[1:])
        inputs = tuple(self._like(v, lead) for v in values)
        node = self._node(Sum(), inputs, lead.size)
        return Moved(node, lead.size, lead.index)

    def _like(self, value: Moved, lead: Moved) -> int:
        """A node whose entries stand where those of a bijective value stand."""
        if value.scale == 1.0 and value.size == lead.size and torch.equal(value.index, lead.index):
            return value.node
        order = torch.empty(lead.index.numel(), dtype=torch.int64)
        order[lead.index.reshape(-1) - 1] = value.index.reshape(-1)
        rows = order.reshape(-1, 1)
        return self.fixed(value, rows, torch.ones(rows.shape, dtype=torch.float64)).node

    # --- smooth maps ---

    def pointwise(self, value: Moved, activation: str) -> Moved:
        """An activation."""
        value = self.settled(value)
        node = self._node(Pointwise(activation), (value.node,), value.size)
        return Moved(node, value.size, value.index)

    def curved(self, value: Moved, kind: Curved) -> Moved:
        """A function with curved pieces, entry by entry."""
        value = self.settled(value)
        node = self._node(kind, (value.node,), value.size)
        return Moved(node, value.size, value.index)

    # --- maps with kinks ---

    def piecewise(self, value: Moved, function: Piecewise) -> Moved:
        """A piecewise linear function, entry by entry.

        A positive scale stays outside where it can, and two such functions, or one after a maximum, are made one: what
        is 0 behind a ReLU would stand on the kink of the next.
        """
        if not is_bijective(value):
            value = self.plain(value)
        if value.scale != 1.0 and not is_homogeneous(function.kind):
            value = self._scaled(value)
        if value.scale < 0:
            function = mirrored(function)
        below, source = self.nodes[value.node], value.node
        if isinstance(below.kind, PiecewiseLinear):
            both = composed(function, Piecewise(below.kind, self.taken[source].at))
            if both is not None:
                function, source = both, below.inputs[0]
        elif isinstance(below.kind, Maximum):
            (ties, at), rectified = self.taken[source], below.kind.slope_below
            both = function if rectified == 1 else composed(function, Piecewise(leaky_relu(rectified), at))
            if both is not None:
                function, alpha = both, slope_below(both.kind)
                maximum = replace(below.kind, slope_below=1.0 if alpha is None else alpha)
                taken = Taken(ties, () if alpha is None else function.at)
                source = self._node(maximum, below.inputs, below.size, taken)
                if alpha is not None:
                    return Moved(source, value.size, value.index, abs(value.scale))
        node = self._node(function.kind, (source,), value.size, Taken(at=function.at))
        return Moved(node, value.size, value.index, abs(value.scale))

    def maximum(self, value: Moved, rows: Callable[[Tensor], Tensor], operation: str) -> Moved:
        """The largest entries of rows.

        Increasing functions of single entries are taken out of the maximum: entries that they make equal are no ties
        then, and with a ReLU the signs of all but the largest do not matter.

        Args:
            value: whose entries they are.
            rows: cuts rows (R, m) out of a tensor of the value's shape; an entry may stand in one twice.
            operation: which chooses among entries that are equal.

        Returns:
            Of shape (R,).
        """
        if value.scale <= 0:
            value = self.settled(value)
        index = rows(value.index)
        if bool((index < 0).any()):
            there = index > 0
            if self._is_rectified(value.node) and bool(there.any(1).all()):
                # A zero beside what is not negative changes no maximum.
                index = torch.where(there, index, index.gather(1, there.long().argmax(1, keepdim=True)))
            else:
                value = self.plain(value)
                index = rows(value.index)
        found = rows_of(value, index)
        windows, source, outside = found.local, value.node, list[Piecewise]()
        ties: tuple[str, ...] = (operation,)
        while True:
            kind, taken = self.nodes[source].kind, self.taken.get(source, Taken())
            if isinstance(kind, PiecewiseLinear) and passes_maximum(Piecewise(kind, taken.at)):
                outside.append(Piecewise(kind, taken.at))
            elif isinstance(kind, Maximum):
                windows = np.where(windows[..., None] >= 0, kind.windows[windows], -1).reshape(len(windows), -1)
                ties += taken.ties
                if kind.slope_below != 1:
                    outside.append(Piecewise(leaky_relu(kind.slope_below), taken.at))
            else:
                break
            (source,) = self.nodes[source].inputs
        size = len(windows)
        node = self._node(Maximum(_each_once(windows)), (source,), size, Taken(ties))
        out = Moved(node, size, found.placed(np.arange(size), size))
        for function in reversed(outside):
            out = self.piecewise(out, function)
        return replace(out, scale=out.scale * value.scale)

    def _is_rectified(self, node: int) -> bool:
        kind = self.nodes[node].kind
        return (isinstance(kind, PiecewiseLinear) and slope_below(kind) == 0) or (
            isinstance(kind, Maximum) and kind.slope_below == 0
        )

    # --- maps of tokens and products ---

    def tokens(self, value: Moved, order: list[int], width: int, kind: TokenMap, epsilon: float = 0.0) -> Moved:
        """A map of tokens.

        Args:
            value: what it acts on.
            order: of the axes, so that those of a token come last.
            width: entries of a token.
            kind: which map.
            epsilon: of a norm.
        """
        if kind != "softmax" and not 0 < epsilon < math.inf:
            unreadable(f"epsilon = {epsilon} is not positive: the norm is not smooth")
        value = self.settled(value)
        rows = rows_of(value, value.index.permute(order).reshape(-1, width))
        node = self._node(Tokens(kind, rows.local, epsilon), (value.node,), value.size)
        return Moved(node, value.size, value.index)

    def product(self, left: Moved, right: Moved, scale: float = 1.0) -> Moved:
        """Matrix products.

        Args:
            left: (.., p, r).
            right: (.., r, q), of the same leading axes.
            scale: of the result.

        Returns:
            Of shape (.., p, q).
        """
        left, right = (v if is_injective(v) else self.plain(v) for v in (left, right))
        (*batch, p, r), q = left.index.shape, right.index.shape[-1]
        sides = [rows_of(v, v.index.reshape(-1, *v.index.shape[-2:]).flatten(1)) for v in (left, right)]
        if not torch.equal(sides[0].rows, sides[1].rows):
            unreadable("samples mix: entries of different samples meet")
        heads = len(sides[0].local)
        scale = scale * left.scale * right.scale
        kind = Product(sides[0].local.reshape(heads, p, r), sides[1].local.reshape(heads, r, q), abs(scale) or 1.0)
        size = heads * p * q
        node = self._node(kind, (left.node, right.node), size)
        index = sides[0].placed(np.arange(size).reshape(heads, p, q), size)
        sign = math.copysign(1.0, scale) if scale else 0.0
        return Moved(node, size, index.reshape(*batch, p, q), sign)


def is_injective(value: Moved) -> bool:
    """Whether no entry is a zero or stands twice."""
    index = value.index.reshape(-1)
    return bool((index > 0).all()) and len(torch.unique(index)) == index.numel()


def is_bijective(value: Moved) -> bool:
    """Whether every entry of the node, of every sample, stands exactly once."""
    return value.index.numel() == SAMPLES * value.size and is_injective(value)


def _each_once(windows: Entries) -> Entries:
    """Every row's entries in their order without those that it holds already, then -1."""
    order = np.argsort(windows, axis=1, kind="stable")
    ordered = np.take_along_axis(windows, order, 1)
    again = np.zeros(windows.shape, dtype=bool)
    np.put_along_axis(again, order[:, 1:], np.diff(ordered, axis=1) == 0, 1)
    once = np.where(again, -1, windows)
    found = np.take_along_axis(once, np.argsort(once < 0, axis=1, kind="stable"), 1)
    return np.ascontiguousarray(found[:, : int((found >= 0).sum(1).max())])


def _alike(a: Kind, b: Kind) -> bool:
    if type(a) is not type(b):
        return False
    one, two = a.arrays, b.arrays
    return (
        a.settings == b.settings
        and one.keys() == two.keys()
        and all(np.array_equal(array, two[name]) for name, array in one.items())
    )


def _same(a: Cut, b: Cut) -> bool:
    return a.name == b.name and np.array_equal(a.entries, b.entries)


def _cut(weight: Weight) -> Cut:
    return Cut(weight.name, weight.entries.numpy().copy())


def _sorted_by(weight: Weight, rows: Rows) -> tuple[Entries, Cut]:
    """One sample's places, (N,), sorted by the parameter's entries that stand there, and those entries."""
    entries = rows.same(weight.index.reshape(-1) - 1).numpy()
    which, counts = np.unique(entries, return_counts=True)
    if (counts != counts[0]).any():
        unreadable(f"entries of the parameter {weight.name} serve unequal numbers of places")
    return np.argsort(entries, kind="stable"), Cut(weight.name, which)


def _expanded(bias: Weight, like: Moved) -> Weight:
    return bias.with_index(bias.index.expand(like.index.shape))
