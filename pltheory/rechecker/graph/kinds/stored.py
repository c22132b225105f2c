"""How a node stands in a certificate: its own keys, the shapes of its arrays, the arrays; what is wrong is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ...arrays import Shape
from ...fields import Array, damaged, number, one_of


@dataclass(frozen=True)
class NodeText:
    """A node as the text has it; more: its kind's own keys as numbers and strings."""

    kind: str
    inputs: tuple[int, ...]
    size: int
    more: dict[str, Any]


@dataclass(frozen=True)
class Keys:
    """A node's object in the text, its keys the right ones and their values not yet checked.

    Attributes:
        field: where it stands.
        node: the object.
        groups: number of parameter groups.
    """

    field: str
    node: Mapping[str, Any]
    groups: int

    def number(self, key: str) -> float:
        """A double."""
        return number(self.node[key], f"{self.field}.{key}")

    def one_of(self, key: str, allowed: Collection[str]) -> str:
        """One of the strings allowed."""
        return one_of(self.node[key], f"{self.field}.{key}", allowed)

    def group(self) -> int:
        """A parameter group, from 1."""
        group = self.node["group"]
        if type(group) is not int or not 1 <= group <= self.groups:
            damaged(f"{self.field}.group", f"not a group from 1 to {self.groups}")
        return group

    def require(self, holds: bool, key: str, message: str) -> None:
        """Stop unless it holds."""
        if not holds:
            damaged(f"{self.field}.{key}", message)


@dataclass(frozen=True)
class Shapes:
    """The shapes of all arrays, as node v reads them.

    Attributes:
        v: the node.
        node: its text.
        reads: sizes of the nodes that it reads.
        all: shapes by name.
    """

    v: int
    node: NodeText
    reads: list[int]
    all: dict[str, Shape]

    def own(self, name: str) -> Shape:
        """Of one of the node's own arrays."""
        return self.all[f"n{self.v}.{name}"]

    def require(self, name: str, wanted: Shape, what: str) -> None:
        """Stop unless the array of that full name has the shape that `what` asks for."""
        require_shape(self.all, name, wanted, what)

    def require_own(self, name: str, wanted: Shape, beside: str) -> None:
        """The same of two of the node's own arrays."""
        self.require(f"n{self.v}.{name}", wanted, f"n{self.v}.{beside}")

    def require_size(self, wanted: int) -> None:
        """Stop unless the node has as many values as its arrays make."""
        if self.node.size != wanted:
            damaged(f"network.nodes[{self.v}].size", f"is {self.node.size}, its arrays make it {wanted}")


@dataclass(frozen=True)
class Arrays:
    """All arrays, their shapes those of the nodes, as node v reads them.

    Attributes:
        v: the node.
        node: its text.
        reads: sizes of the nodes that it reads.
        all: by name.
    """

    v: int
    node: NodeText
    reads: list[int]
    all: dict[str, Array]

    def own(self, name: str) -> Array:
        """One of the node's own."""
        return self.all[f"n{self.v}.{name}"]

    def refuse(self, name: str, message: str) -> NoReturn:
        """Stop: one of its own is not what it must be."""
        damaged(f"arrays.n{self.v}.{name}", message)

    def indices(self, name: str, size: int, *, lowest: int = 0, once: bool = False) -> Array:
        """One of its own of whole numbers from lowest to size - 1, each at most once if so asked."""
        values = self.own(name)
        if not ((values == np.floor(values)).all() and (values >= lowest).all() and (values < size).all()):
            self.refuse(name, f"holds numbers that are not whole numbers from {lowest} to {size - 1}")
        index = values.astype(np.int64)
        if once and np.bincount(index.ravel(), minlength=1).max() > 1:
            self.refuse(name, "holds an index twice")
        return index


def require_shape(shapes: Mapping[str, Shape], name: str, wanted: Shape, what: str) -> None:
    """Stop unless an array has the shape that `what` asks for."""
    if shapes[name] != wanted:
        damaged(f"arrays.{name}", f"has the shape {shapes[name]}, {what} asks for {wanted}")
