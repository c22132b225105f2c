"""How far the kernel's own direction can turn inside a ball: THEORY_GRAPHS section 5, as formulas of scalars.

Everything is a function of numbers at the centre w_0, one object for each node. `h_q(w) = <J(w)^T u, g>` with u = R q
and g = J_0^T u for a unit vector q; its gradient changes by at most `s * turning(centre, s)` within s of w_0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from .arithmetic import FLOATS, Arithmetic, Scalar
from .rows import Row, length, matrix, scaled, total, unit


@dataclass(frozen=True)
class Frozen:
    """A node that no parameter reaches, or that reaches no output: it is not in any bound."""


@dataclass(frozen=True)
class Term:
    """Part of Om(c, u), THEORY_GRAPHS section 3: of an affine node its own weights and what it reads, else max(c) X.

    Attributes:
        node: the node whose change it is.
        affine: whether it is an affine node.
        largest: max(c).
        patches: ||E~||_c of an affine node.
        spread: T_c of an affine node.
    """

    node: int
    affine: bool
    largest: Scalar
    patches: Scalar
    spread: Scalar


@dataclass(frozen=True)
class Affine:
    """P: numbers of an affine node, all upper bounds.

    Attributes:
        parent: the node u that it reads.
        group: its parameter group.
        patches: ||E~_v||.
        spread: ||T_v(W_0)||, kappa included.
        reach: |kappa| omega.
        back: yn, the supremum over unit q of ||y||_F.
        back_tangent: ydn, of ||ydot||_F.
        input_tangent: ee, of ||kappa E(adot_u)||_2.
        weight_tangent: gn, of max_g ||Gam_g||_2.
    """

    parent: int
    group: int
    patches: Scalar
    spread: Scalar
    reach: Scalar
    back: Scalar
    back_tangent: Scalar
    input_tangent: Scalar
    weight_tangent: Scalar


@dataclass(frozen=True)
class Pointwise:
    """N, entry by entry, with u the node that it reads and v itself; all numbers upper bounds.

    Attributes:
        parent: u.
        s1: sup |act'|.
        s2: sup |act''|.
        s3: sup |act'''|.
        tangent: max(za_u).
        back: max(ya_v).
        by_tangent: terms of Om(za_u, u).
        by_back: of Om(ya_v, u).
        by_back_tangent: of Om(yda_v, u).
        by_product: of Om(c, u), c a bound of |y_v zdot_u| entry by entry: ya_v za_u, or what is less.
    """

    parent: int
    s1: Scalar
    s2: Scalar
    s3: Scalar
    tangent: Scalar
    back: Scalar
    by_tangent: tuple[Term, ...]
    by_back: tuple[Term, ...]
    by_back_tangent: tuple[Term, ...]
    by_product: tuple[Term, ...]


@dataclass(frozen=True)
class Fixed:
    """L: parent is the node that it reads, norm an upper bound of ||L||."""

    parent: int
    norm: Scalar


@dataclass(frozen=True)
class Sum:
    """S: parents are the nodes that it reads, one as often as it is read."""

    parents: tuple[int, ...]


NodeNumbers = Frozen | Affine | Pointwise | Fixed | Sum


@dataclass(frozen=True)
class KernelNumbers:
    """Numbers at the centre, uniform in the unit vector q, as floats.

    Attributes:
        nodes: one for each node of the graph, in its order.
        groups: the parameter groups that the output depends on.
        slope: th_1, an upper bound of sup_q |grad h_q(w_0)|.
    """

    nodes: tuple[NodeNumbers, ...]
    groups: tuple[int, ...]
    slope: float

    def converted(self, number: Callable[[float], Scalar]) -> tuple[NodeNumbers, ...]:
        """The nodes with their floats in another arithmetic."""
        return tuple(_converted(node, number) for node in self.nodes)


def _converted(at: Any, number: Callable[[float], Scalar]) -> Any:
    out: dict[str, Any] = {}
    for f in fields(at):
        value = getattr(at, f.name)
        if isinstance(value, float):
            out[f.name] = number(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Term):
            out[f.name] = tuple(_converted(term, number) for term in value)
    return replace(at, **out)


class Forward:
    """Changes of the values over the ball of one radius: the rows X and Om of THEORY_GRAPHS section 3.

    Attributes:
        rows: X_v for every node, ||A'_v - A_v||_F <= X_v . t.
    """

    def __init__(self, nodes: Sequence[NodeNumbers], radius: Scalar, ops: Arithmetic):
        self.nodes, self.radius, self.ops, self.zero = nodes, radius, ops, 0.0 * radius
        self.rows: list[Row] = []
        for node in nodes:
            self.rows.append(self._row(node))

    def _row(self, node: NodeNumbers) -> Row:
        if isinstance(node, Affine):
            return total(unit(node.group, node.patches), scaled(self.spread(node), self.rows[node.parent]))
        if isinstance(node, Pointwise):
            return scaled(node.s1, self.rows[node.parent])
        if isinstance(node, Fixed):
            return scaled(node.norm, self.rows[node.parent])
        return total(*(self.rows[u] for u in node.parents)) if isinstance(node, Sum) else {}

    def spread(self, node: Affine) -> Scalar:
        """Tb_v, an upper bound of ||T_v(W)|| over the ball."""
        return node.spread + node.reach * self.radius

    def size(self, row: Row) -> Scalar:
        """The largest value of row . t over the ball: of X_u it is dA_u."""
        found = length(row, self.ops)
        return self.zero if found is None else self.radius * found

    def weighted(self, terms: Sequence[Term]) -> Row:
        """Om(c, u)."""
        parts: list[Row] = []
        for term in terms:
            node = self.nodes[term.node]
            if term.affine and isinstance(node, Affine):
                spread = term.spread + term.largest * node.reach * self.radius
                parts += [unit(node.group, term.patches), scaled(spread, self.rows[node.parent])]
            else:
                parts.append(scaled(term.largest, self.rows[term.node]))
        return total(*parts)


def _tangents(at: Forward) -> list[Row]:
    """dz_v: rows of the change of the forward tangents in direction g."""
    rows: list[Row] = []
    for node in at.nodes:
        row: Row = {}
        if isinstance(node, Affine):
            row = total(
                scaled(at.spread(node), rows[node.parent]),
                unit(node.group, node.input_tangent),
                scaled(node.reach * node.weight_tangent, at.rows[node.parent]),
            )
        elif isinstance(node, Pointwise):
            row = total(scaled(node.s1, rows[node.parent]), scaled(node.s2, at.weighted(node.by_tangent)))
        elif isinstance(node, Fixed):
            row = scaled(node.norm, rows[node.parent])
        elif isinstance(node, Sum):
            row = total(*(rows[u] for u in node.parents))
        rows.append(row)
    return rows


def _backward(at: Forward, dz: list[Row]) -> tuple[list[Row], list[Row]]:
    """dy_v, dyd_v: rows of the change of y and of its derivative along g."""
    dy: list[Row] = [{} for _ in at.nodes]
    dyd: list[Row] = [{} for _ in at.nodes]

    def give(u: int, y: Row, yd: Row) -> None:
        dy[u], dyd[u] = total(dy[u], y), total(dyd[u], yd)

    for v in reversed(range(len(at.nodes))):
        node = at.nodes[v]
        if isinstance(node, Affine):
            spread = at.spread(node)
            y = total(scaled(spread, dy[v]), unit(node.group, node.reach * node.back))
            yd = total(
                scaled(spread, dyd[v]),
                unit(node.group, node.reach * node.back_tangent),
                scaled(node.reach * node.weight_tangent, dy[v]),
            )
            give(node.parent, y, yd)
        elif isinstance(node, Pointwise):
            y = total(scaled(node.s1, dy[v]), scaled(node.s2, at.weighted(node.by_back)))
            tangent = dz[node.parent]
            # The change of zdot y: zdot dy + dzdot y + dzdot dy.
            product = total(scaled(node.tangent, dy[v]), scaled(node.back, tangent), scaled(at.size(tangent), dy[v]))
            yd = total(
                scaled(node.s1, dyd[v]),
                scaled(node.s2, at.weighted(node.by_back_tangent)),
                scaled(node.s3, at.weighted(node.by_product)),
                scaled(node.s2, product),
            )
            give(node.parent, y, yd)
        elif isinstance(node, Fixed):
            give(node.parent, scaled(node.norm, dy[v]), scaled(node.norm, dyd[v]))
        elif isinstance(node, Sum):
            for u in node.parents:
                give(u, dy[v], dyd[v])
    return dy, dyd


def turning(
    centre: KernelNumbers, radius: Scalar, ops: Arithmetic = FLOATS, number: Callable[[float], Scalar] = float
) -> Scalar:
    """||Pi(t)||: |grad h_q(w) - grad h_q(w_0)| <= t ||Pi(t)|| for |w - w_0| <= t and every unit q.

    It does not fall as the radius grows.

    Args:
        centre: numbers at the centre.
        radius: t, or an array of radii.
        ops: its arithmetic.
        number: from a float to a number of it.

    Source: THEORY_GRAPHS section 5, rows dz, dy, dyd and Pi.
    """
    at = Forward(centre.converted(number), radius, ops)
    dz = _tangents(at)
    dy, dyd = _backward(at, dz)
    rows: dict[int, Row] = {}
    for v, node in enumerate(at.nodes):
        if isinstance(node, Affine):
            u = node.parent
            rows[node.group] = total(
                rows.get(node.group, {}),
                scaled(node.patches + node.reach * at.size(at.rows[u]), dyd[v]),
                scaled(node.back_tangent * node.reach, at.rows[u]),
                scaled(node.reach * (node.back + at.size(dy[v])), dz[u]),
                scaled(node.input_tangent, dy[v]),
            )
    return ops.spectral_norm(matrix(rows, centre.groups, at.zero))


def lost(slope: Scalar, radii: Sequence[Scalar], turnings: Sequence[Scalar]) -> list[Scalar]:
    """theta(s) at every radius: h_q(w) >= h_q(w_0) - theta(s) for |w - w_0| <= s.

    Args:
        slope: th_1.
        radii: increasing, the first at least 0.
        turnings: ||Pi|| at each of them.

    Why: theta = th_1 s + int_0^s t ||Pi(t)|| dt, and ||Pi|| is at most its value at the right end of each piece.
    """
    whole, before, out = 0.0 * slope, 0.0 * radii[0], []
    for s, turn in zip(radii, turnings, strict=True):
        whole = whole + turn * (s * s - before * before) / 2.0
        before = s
        out.append(slope * s + whole)
    return out
