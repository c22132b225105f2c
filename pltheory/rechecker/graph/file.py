"""Reading a certificate about a network of class G: its nodes, their arrays, every size and index checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from ..arrays import Shape
from ..cost import Cost
from ..fields import Array, damaged
from ..file import Admit, Common, names_hashed, read_arrays, read_frame
from .cost import graph_cost
from .kinds import KINDS, Kind
from .kinds.affine import Affine
from .kinds.stored import Arrays, NodeText, Shapes, require_shape
from .kinked_rules import kinks_of
from .text import read_nodes


@dataclass(frozen=True)
class GraphStored(Common):
    """What a certificate holds about a network of class G.

    Attributes:
        kinds: of all nodes, the input first.
        groups: number of parameter groups.
        more: the theorem's own arrays by name.
    """

    in_doubles: ClassVar[bool] = True

    kinds: list[Kind]
    groups: int
    x: Array
    y: Array
    more: dict[str, Array]

    @property
    def kinks(self) -> list[int]:
        """Nodes with kinks that parameters move and the output reads."""
        return kinks_of(self.kinds)

    @property
    def parameters(self) -> tuple[list[Array], list[Array | None]]:
        """Weights (G, O, q) and biases (G, O) by groups."""
        found = {kind.group: (kind.weight, kind.bias) for kind in self.kinds if isinstance(kind, Affine)}
        pairs = [found[g] for g in range(self.groups)]
        return [w for w, _ in pairs], [b for _, b in pairs]


def with_parameters(c: GraphStored, weights: list[Array], biases: list[Array | None]) -> GraphStored:
    """The graph at other weights (G, O, q) and biases (G, O)."""
    kinds = [
        replace(kind, weight=weights[kind.group], bias=biases[kind.group]) if isinstance(kind, Affine) else kind
        for kind in c.kinds
    ]
    stored = {field.name: getattr(c, field.name) for field in fields(GraphStored)}
    return GraphStored(**{**stored, "kinds": kinds})


def read_graph(text: dict[str, Any], path: Path, admit: Admit, more: dict[str, int], numbers: list[str]) -> GraphStored:
    """The part of a certificate about class G that its theorems share; arguments as of `file.read_stored`.

    Raises:
        Stop: with code DAMAGED, or as `admit`.
    """
    loss, rule, eta, gamma, delta = read_frame(text, numbers)

    def cost(nodes: list[NodeText], shapes: dict[str, Shape]) -> Cost:
        radii = next(iter(shapes[name][0] for name in more), 2)
        return graph_cost(nodes, shapes, radii, shapes.get("rho", (0,))[0])

    kinds, groups, a = read_kinds(text, path, admit, more, cost)
    return GraphStored(
        text["theorem"], loss, rule, eta, gamma, delta, kinds, groups, a["x"], a["y"], {name: a[name] for name in more}
    )


def read_kinds(
    text: dict[str, Any],
    path: Path,
    admit: Admit,
    more: dict[str, int],
    cost: Callable[[list[NodeText], dict[str, Shape]], Cost],
) -> tuple[list[Kind], int, dict[str, Array]]:
    """The nodes of a text whose frame was read, how many groups of parameters they have, and all arrays.

    Args:
        text, path, admit, more: as of `file.read_stored`.
        cost: of the recheck, from the nodes and the arrays' shapes.

    Raises:
        Stop: with code DAMAGED, or as `admit`.
    """
    nodes, groups = read_nodes(text["network"])
    named = names_hashed(text)
    dimensions = {f"W{g}": 3 for g in range(1, groups + 1)}
    dimensions |= {f"b{g}": 2 for g in range(1, groups + 1) if f"b{g}" in named}
    for v, node in enumerate(nodes):
        kind = KINDS[node.kind]
        dimensions |= {f"n{v}.{name}": count for name, count in kind.axes.items()}
        dimensions |= {f"n{v}.{name}": count for name, count in kind.optional.items() if f"n{v}.{name}" in named}
    dimensions |= {"x": 2, "y": 2, **more}

    def fit(shapes: dict[str, Shape]) -> None:
        for name, shape in shapes.items():
            if len(shape) != dimensions[name]:
                damaged(f"arrays.{name}", f"has the shape {shape}, not {dimensions[name]} axes")
        _fit(nodes, groups, shapes)
        admit(text["theorem"], shapes, cost(nodes, shapes))

    a = read_arrays(text, path, list(dimensions), fit)
    return kinds_of(nodes, a), groups, a


def _fit(nodes: list[NodeText], groups: int, shapes: dict[str, Shape]) -> None:
    """Whether the shapes are those of the nodes."""

    for g in range(1, groups + 1):
        weight = shapes[f"W{g}"]
        if f"b{g}" in shapes:
            require_shape(shapes, f"b{g}", weight[:2], f"W{g}")
        elif not weight[2]:
            damaged(f"arrays.W{g}", f"has the shape {weight}, and group {g} has no bias either")
    for v, node in enumerate(nodes):
        KINDS[node.kind].require_shapes(Shapes(v, node, [nodes[u].size for u in node.inputs], shapes))
    if shapes["x"][1] != nodes[0].size:
        damaged("network.nodes[0].size", f"is {nodes[0].size}, but x has rows of {shapes['x'][1]}")
    if shapes["y"] != (shapes["x"][0], nodes[-1].size):
        damaged("arrays.y", f"has the shape {shapes['y']}, not {(shapes['x'][0], nodes[-1].size)}")


def kinds_of(nodes: list[NodeText], arrays: dict[str, Array]) -> list[Kind]:
    """The nodes, from arrays whose shapes are theirs.

    Raises:
        Stop: with code DAMAGED.
    """
    return [
        KINDS[node.kind].stored(Arrays(v, node, [nodes[u].size for u in node.inputs], arrays))
        for v, node in enumerate(nodes)
    ]
