"""Reading a certificate about a network of class G: its nodes, their arrays, every size and index checked."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..arrays import Shape
from ..fields import Array, damaged
from ..file import Admit, Common, names_hashed, read_arrays, read_frame
from .cost import graph_cost
from .kinds.affine import Affine
from .kinds.curved import Curved
from .kinds.fixed import Fixed
from .kinds.input import Input
from .kinds.kind import Kind
from .kinds.kinks import Maximum, PiecewiseLinear
from .kinds.pointwise import Pointwise
from .kinds.product import Product
from .kinds.sums import Sum
from .kinds.tokens import Tokens
from .kinked_rules import kinks_of
from .text import NodeText, read_nodes

ARRAYS = {"affine": {"patches": 3}, "fixed": {"index": 2, "factor": 2}, "tokens": {"tokens": 2},
          "product": {"left": 3, "right": 3}, "piecewise-linear": {"breaks": 1, "slopes": 1, "intercepts": 1},
          "maximum": {"windows": 2}}  # fmt: skip
"""Kind to its arrays with their numbers of axes; a fixed map may also have an offset."""
MOST_BREAKS = 1000
"""Of a piecewise linear function."""


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
    nodes, groups = read_nodes(text["network"])
    named = names_hashed(text)
    dimensions = {f"W{g}": 3 for g in range(1, groups + 1)}
    dimensions |= {f"b{g}": 2 for g in range(1, groups + 1) if f"b{g}" in named}
    for v, node in enumerate(nodes):
        dimensions |= {f"n{v}.{name}": count for name, count in ARRAYS.get(node.kind, {}).items()}
        if node.kind == "fixed" and f"n{v}.offset" in named:
            dimensions[f"n{v}.offset"] = 1
    dimensions |= {"x": 2, "y": 2, **more}

    def fit(shapes: dict[str, Shape]) -> None:
        for name, shape in shapes.items():
            if len(shape) != dimensions[name]:
                damaged(f"arrays.{name}", f"has the shape {shape}, not {dimensions[name]} axes")
        _fit(nodes, groups, shapes)
        radii = next(iter(shapes[name][0] for name in more), 2)
        admit(text["theorem"], shapes, graph_cost(nodes, shapes, radii, shapes.get("rho", (0,))[0]))

    a = read_arrays(text, path, list(dimensions), fit)
    kinds = [_kind(node, v, nodes, a) for v, node in enumerate(nodes)]
    return GraphStored(
        text["theorem"], loss, rule, eta, gamma, delta, kinds, groups, a["x"], a["y"], {name: a[name] for name in more}
    )


def _fit(nodes: list[NodeText], groups: int, shapes: dict[str, Shape]) -> None:
    """Whether the shapes are those of the nodes."""

    def require(name: str, wanted: Shape, what: str) -> None:
        if shapes[name] != wanted:
            damaged(f"arrays.{name}", f"has the shape {shapes[name]}, {what} asks for {wanted}")

    for g in range(1, groups + 1):
        weight = shapes[f"W{g}"]
        if f"b{g}" in shapes:
            require(f"b{g}", weight[:2], f"W{g}")
        elif not weight[2]:
            damaged(f"arrays.W{g}", f"has the shape {weight}, and group {g} has no bias either")
    for v, node in enumerate(nodes):
        reads = [nodes[u].size for u in node.inputs]
        if node.kind == "affine":
            outputs, (g, p, q) = shapes[f"W{node.more['group']}"][1], shapes[f"n{v}.patches"]
            require(f"W{node.more['group']}", (g, outputs, q), f"n{v}.patches")
            _size(v, node, g * outputs * p)
            if f"b{node.more['group']}" not in shapes and node.more["tau"] != 0:
                damaged(f"network.nodes[{v}].tau", f"is {node.more['tau']}, but no b{node.more['group']} is stored")
        elif node.kind == "fixed":
            _size(v, node, shapes[f"n{v}.index"][0])
            require(f"n{v}.factor", shapes[f"n{v}.index"], f"n{v}.index")
            if f"n{v}.offset" in shapes:
                require(f"n{v}.offset", (node.size,), f"node {v}")
        elif node.kind == "tokens":
            _size(v, node, shapes[f"n{v}.tokens"][0] * shapes[f"n{v}.tokens"][1])
        elif node.kind == "piecewise-linear":
            pieces = (shapes[f"n{v}.breaks"][0] + 1,)
            require(f"n{v}.slopes", pieces, f"n{v}.breaks")
            require(f"n{v}.intercepts", pieces, f"n{v}.breaks")
        elif node.kind == "maximum":
            _size(v, node, shapes[f"n{v}.windows"][0])
        elif node.kind == "product":
            (h, p, r), right = shapes[f"n{v}.left"], shapes[f"n{v}.right"]
            if not r:
                damaged(f"arrays.n{v}.left", f"has the shape {(h, p, r)}, without entries")
            require(f"n{v}.right", (h, r, right[2]), f"n{v}.left")
            _size(v, node, h * p * right[2])
            for name, n in zip(("left", "right"), reads, strict=True):
                if np.prod(shapes[f"n{v}.{name}"]) > n:
                    damaged(f"arrays.n{v}.{name}", f"has more entries than the {n} of the node it reads")
    if shapes["x"][1] != nodes[0].size:
        damaged("network.nodes[0].size", f"is {nodes[0].size}, but x has rows of {shapes['x'][1]}")
    if shapes["y"] != (shapes["x"][0], nodes[-1].size):
        damaged("arrays.y", f"has the shape {shapes['y']}, not {(shapes['x'][0], nodes[-1].size)}")


def _size(v: int, node: NodeText, wanted: int) -> None:
    if node.size != wanted:
        damaged(f"network.nodes[{v}].size", f"is {node.size}, its arrays make it {wanted}")


def _indices(a: dict[str, Array], name: str, size: int, *, lowest: int = 0, once: bool = False) -> Array:
    """An array of whole numbers from lowest to size - 1, each at most once if so asked."""
    values = a[name]
    if not ((values == np.floor(values)).all() and (values >= lowest).all() and (values < size).all()):
        damaged(f"arrays.{name}", f"holds numbers that are not whole numbers from {lowest} to {size - 1}")
    index = values.astype(np.int64)
    if once and np.bincount(index.ravel(), minlength=1).max() > 1:
        damaged(f"arrays.{name}", "holds an index twice")
    return index


def _kind(node: NodeText, v: int, nodes: list[NodeText], a: dict[str, Array]) -> Kind:
    reads = [nodes[u].size for u in node.inputs]
    if node.kind == "affine":
        g = node.more["group"]
        patches = _indices(a, f"n{v}.patches", reads[0], lowest=-1)
        return Affine(
            node.size, node.inputs, g - 1, patches, node.more["kappa"], node.more["tau"], a[f"W{g}"], a.get(f"b{g}"),
            reads[0],
        )  # fmt: skip
    if node.kind == "fixed":
        index, factor = _indices(a, f"n{v}.index", reads[0], lowest=-1), a[f"n{v}.factor"]
        if factor[index < 0].any():
            damaged(f"arrays.n{v}.factor", "has a factor where there is no index")
        return Fixed(node.size, node.inputs, index, factor, a.get(f"n{v}.offset"), reads[0])
    if node.kind == "tokens":
        tokens = _indices(a, f"n{v}.tokens", node.size, once=True)
        return Tokens(node.size, node.inputs, node.more["map"], tokens, node.more["epsilon"])
    if node.kind == "piecewise-linear":
        function = [a[f"n{v}.{name}"] for name in ("breaks", "slopes", "intercepts")]
        _require_function(*function, v=v)
        return PiecewiseLinear(node.size, node.inputs, *function)
    if node.kind == "maximum":
        windows = _indices(a, f"n{v}.windows", reads[0], lowest=-1)
        ordered = np.sort(windows, axis=1)
        if (ordered[:, -1:] < 0).any():
            damaged(f"arrays.n{v}.windows", "has a window without entries")
        if ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] >= 0)).any():
            damaged(f"arrays.n{v}.windows", "holds an index twice in a window")
        return Maximum(node.size, node.inputs, windows, node.more["slope"], reads[0])
    if node.kind == "product":
        sides = [_indices(a, f"n{v}.{s}", n, once=True) for s, n in zip(("left", "right"), reads, strict=True)]
        return Product(node.size, node.inputs, sides[0], sides[1], node.more["scale"])
    if node.kind == "curved":
        return Curved(node.size, node.inputs, node.more["map"], node.more["alpha"])
    if node.kind == "pointwise":
        return Pointwise(node.size, node.inputs, node.more["activation"])
    return Sum(node.size, node.inputs) if node.kind == "sum" else Input(node.size)


def _require_function(breaks: Array, slopes: Array, intercepts: Array, *, v: int) -> None:
    """Stop unless it is a continuous function whose every piece is computed with one rounding."""
    if len(breaks) > MOST_BREAKS:
        damaged(f"arrays.n{v}.breaks", f"has {len(breaks)} numbers, allowed are {MOST_BREAKS}")
    if not (np.diff(breaks) > 0).all():
        damaged(f"arrays.n{v}.breaks", "must increase strictly")
    if not ((intercepts == 0) | np.isin(slopes, (-1.0, 0.0, 1.0))).all():
        damaged(f"arrays.n{v}.intercepts", "must be 0 where a slope is not -1, 0 or 1")
    for j, z in enumerate(map(Fraction, breaks.tolist())):
        left, right = (Fraction(float(slopes[k])) * z + Fraction(float(intercepts[k])) for k in (j, j + 1))
        if left != right:
            damaged(f"arrays.n{v}.breaks", f"the function jumps at break {j}")
