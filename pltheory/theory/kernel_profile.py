"""How far the kernel's own direction can turn inside a ball: THEORY_GRAPHS section 5, as formulas of scalars.

Everything is a function of numbers at the centre w_0 (`Affine` .. `Frozen`, one for each node). Rows are nonnegative
vectors over the G parameter groups: (a change) <= row . t, t_g = ||Delta_g||_F, |t| <= s. `h_q(w) = <J(w)^T u, g>` with
u = R q, g = J_0^T u; its gradient changes by at most `s * turning(centre, s)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .arithmetic import FLOATS, Arithmetic, Scalar

Row = list[Scalar]


@dataclass(frozen=True)
class Frozen:
    """A node that no parameter reaches: it never moves."""


@dataclass(frozen=True)
class AffineTerm:
    """Part of Om(c, u) that an affine node gives, THEORY_GRAPHS section 3, all numbers upper bounds.

    Attributes:
        group: its parameter group.
        parent: the node that it reads.
        patches: ||E~||_c.
        spread: T_c.
        reach: max(c) |kappa| omega.
    """

    group: int
    parent: int
    patches: Scalar
    spread: Scalar
    reach: Scalar


@dataclass(frozen=True)
class OtherTerm:
    """Part of Om(c, u) that is max(c) X_u.

    Attributes:
        node: u.
        largest: max(c).
    """

    node: int
    largest: Scalar


Weighted = Sequence[AffineTerm | OtherTerm]
"""Om(c, u): the sum of its terms."""


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
        s1, s2, s3: suprema of the activation's first three derivatives.
        tangent: max(za_u).
        back: max(ya_v).
        by_tangent: Om(za_u, u).
        by_back: Om(ya_v, u).
        by_back_tangent: Om(yda_v, u).
        by_product: Om(ya_v za_u, u).
    """

    parent: int
    s1: Scalar
    s2: Scalar
    s3: Scalar
    tangent: Scalar
    back: Scalar
    by_tangent: Weighted
    by_back: Weighted
    by_back_tangent: Weighted
    by_product: Weighted


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
class KernelCentre:
    """Numbers at the centre, uniform in the unit vector q.

    Attributes:
        nodes: one for each node of the graph, in its order; the last is the output.
        groups: G, the number of parameter groups.
        slope: th_1, an upper bound of sup_q |grad h_q(w_0)|.
    """

    nodes: Sequence[NodeNumbers]
    groups: int
    slope: Scalar


def _unit(count: int, g: int, value: Scalar, zero: Scalar) -> Row:
    return [value if k == g else zero for k in range(count)]


def _scaled(c: Scalar, x: Row) -> Row:
    return [c * v for v in x]


def _plus(x: Row, y: Row) -> Row:
    return [a + b for a, b in zip(x, y, strict=True)]


def _length(x: Row, ops: Arithmetic) -> Scalar:
    total = x[0] * x[0]
    for v in x[1:]:
        total = total + v * v
    return ops.sqrt(total)


class Changes:
    """Forward changes over the ball of one radius: the rows X and Om of THEORY_GRAPHS section 3.

    Attributes:
        forward: X_v for every node, ||A'_v - A_v||_F <= X_v . t.
    """

    def __init__(self, centre: KernelCentre, radius: Scalar, ops: Arithmetic):
        self.radius, self.ops, self.groups, self.zero = radius, ops, centre.groups, 0 * radius
        self.forward: list[Row] = []
        for node in centre.nodes:
            self.forward.append(self._row(node))

    def _row(self, node: NodeNumbers) -> Row:
        if isinstance(node, Affine):
            own = _unit(self.groups, node.group, node.patches, self.zero)
            return _plus(own, _scaled(self.spread(node), self.forward[node.parent]))
        if isinstance(node, Pointwise):
            return _scaled(node.s1, self.forward[node.parent])
        if isinstance(node, Fixed):
            return _scaled(node.norm, self.forward[node.parent])
        total = [self.zero] * self.groups
        for u in node.parents if isinstance(node, Sum) else ():
            total = _plus(total, self.forward[u])
        return total

    def spread(self, node: Affine) -> Scalar:
        """Tb_v, an upper bound of ||T_v(W)|| over the ball."""
        return node.spread + node.reach * self.radius

    def moved(self, u: int) -> Scalar:
        """dA_u, an upper bound of ||A'_u - A_u||_F."""
        return self.radius * _length(self.forward[u], self.ops)

    def weighted(self, terms: Weighted) -> Row:
        """Om(c, u)."""
        total = [self.zero] * self.groups
        for term in terms:
            if isinstance(term, AffineTerm):
                own = _unit(self.groups, term.group, term.patches, self.zero)
                spread = term.spread + term.reach * self.radius
                total = _plus(total, _plus(own, _scaled(spread, self.forward[term.parent])))
            else:
                total = _plus(total, _scaled(term.largest, self.forward[term.node]))
        return total


def _tangents(centre: KernelCentre, at: Changes) -> list[Row]:
    """dz_v: rows of the change of the forward tangents in direction g."""
    rows: list[Row] = []
    for node in centre.nodes:
        total = [at.zero] * at.groups
        if isinstance(node, Affine):
            total = _unit(at.groups, node.group, node.input_tangent, at.zero)
            total = _plus(total, _scaled(at.spread(node), rows[node.parent]))
            total = _plus(total, _scaled(node.reach * node.weight_tangent, at.forward[node.parent]))
        elif isinstance(node, Pointwise):
            total = _plus(_scaled(node.s1, rows[node.parent]), _scaled(node.s2, at.weighted(node.by_tangent)))
        elif isinstance(node, Fixed):
            total = _scaled(node.norm, rows[node.parent])
        elif isinstance(node, Sum):
            for u in node.parents:
                total = _plus(total, rows[u])
        rows.append(total)
    return rows


def _backward(centre: KernelCentre, at: Changes, dz: list[Row]) -> tuple[list[Row], list[Row]]:
    """dy_v, dyd_v: rows of the change of y and of its derivative along g."""
    dy, dyd = ([[at.zero] * at.groups for _ in centre.nodes] for _ in range(2))

    def give(u: int, y: Row, yd: Row) -> None:
        dy[u], dyd[u] = _plus(dy[u], y), _plus(dyd[u], yd)

    for v in reversed(range(len(centre.nodes))):
        node = centre.nodes[v]
        if isinstance(node, Affine):
            spread = at.spread(node)
            y = _unit(at.groups, node.group, node.reach * node.back, at.zero)
            yd = _unit(at.groups, node.group, node.reach * node.back_tangent, at.zero)
            yd = _plus(yd, _scaled(node.reach * node.weight_tangent, dy[v]))
            give(node.parent, _plus(_scaled(spread, dy[v]), y), _plus(_scaled(spread, dyd[v]), yd))
        elif isinstance(node, Pointwise):
            y = _plus(_scaled(node.s1, dy[v]), _scaled(node.s2, at.weighted(node.by_back)))
            # act''(z') zdot' y' - act''(z) zdot y: the slope of act'' first, then the change of the product zdot y.
            product = _plus(_scaled(node.tangent, dy[v]), _scaled(node.back, dz[node.parent]))
            both = at.radius * _length(dz[node.parent], at.ops)
            product = _plus(product, _scaled(both, dy[v]))
            yd = _plus(_scaled(node.s1, dyd[v]), _scaled(node.s2, at.weighted(node.by_back_tangent)))
            yd = _plus(yd, _scaled(node.s3, at.weighted(node.by_product)))
            give(node.parent, y, _plus(yd, _scaled(node.s2, product)))
        elif isinstance(node, Fixed):
            give(node.parent, _scaled(node.norm, dy[v]), _scaled(node.norm, dyd[v]))
        elif isinstance(node, Sum):
            for u in node.parents:
                give(u, dy[v], dyd[v])
    return dy, dyd


def turning(centre: KernelCentre, radius: Scalar, ops: Arithmetic = FLOATS) -> Scalar:
    """||Pi(t)||: |grad h_q(w) - grad h_q(w_0)| <= t ||Pi(t)|| for |w - w_0| <= t and every unit q.

    It does not fall as the radius grows.

    Args:
        centre: numbers at the centre.
        radius: t.
        ops: arithmetic of the radius and the numbers.

    Source: THEORY_GRAPHS section 5, rows dz, dy, dyd and Pi.
    """
    at = Changes(centre, radius, ops)
    dz = _tangents(centre, at)
    dy, dyd = _backward(centre, at, dz)
    rows = [[at.zero] * centre.groups for _ in range(centre.groups)]
    for v, node in enumerate(centre.nodes):
        if not isinstance(node, Affine):
            continue
        u = node.parent
        row = _scaled(node.patches + node.reach * at.moved(u), dyd[v])
        row = _plus(row, _scaled(node.back_tangent * node.reach, at.forward[u]))
        row = _plus(row, _scaled(node.reach * (node.back + radius * _length(dy[v], ops)), dz[u]))
        row = _plus(row, _scaled(node.input_tangent, dy[v]))
        rows[node.group] = _plus(rows[node.group], row)
    return ops.spectral_norm(rows)


def loss_of_kernel(slope: Scalar, radii: Sequence[Scalar], turnings: Sequence[Scalar]) -> list[Scalar]:
    """theta(s) at every radius: h_q(w) >= h_q(w_0) - theta(s) for |w - w_0| <= s.

    Args:
        slope: th_1.
        radii: increasing, the first at least 0.
        turnings: ||Pi|| at each of them.

    Why: theta = th_1 s + int_0^s t ||Pi(t)|| dt, and ||Pi|| is at most its value at the right end of each piece.
    """
    total, before, out = 0 * slope, 0 * radii[0], []
    for s, turn in zip(radii, turnings, strict=True):
        total = total + turn * (s * s - before * before) / 2
        before = s
        out.append(slope * s + total)
    return out
