"""How far the Jacobian of a graph can move inside a ball, and how fast: Theorem G1 (THEORY_GRAPHS sections 3 and 4)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ..theory.arithmetic import FLOATS, Arithmetic, Scalar
from ..theory.rows import NOTHING, Pair, Row, matrix, together, total
from .centre import Centre
from .choice import Choices
from .graph import Graph, Node
from .jumps import Jumping
from .kinds.affine import Affine
from .kinds.kinks import Kinked
from .nearest_kink import NearestKink
from .quadratic import Quadratic
from .sweep import Sweep


@dataclass(frozen=True)
class Share:
    """What one node adds to the bounds over a ball, from 0 to 1; over the nodes, each sums to 1.

    Attributes:
        change: of ||M||, which bounds ||J(w) - J(w_0)|| over the radius; of affine nodes only.
        curvature: of ||Q||, which bounds ||DJ(w)||.
    """

    change: float
    curvature: float


@dataclass(frozen=True)
class GraphBounds:
    """Bounds over balls around the weights, from the numbers there.

    Attributes:
        graph: the network.
        numbers: of every node, floats.
    """

    graph: Graph
    numbers: tuple[Any, ...]

    @classmethod
    def of(cls, centre: Centre) -> GraphBounds:
        """From a linearisation."""
        return cls(centre.graph, centre.numbers)

    @property
    def groups(self) -> list[int]:
        """The parameter groups that the output depends on."""
        kinds = ((node.kind, at) for node, at in zip(self.graph.nodes, self.numbers, strict=True))
        return sorted({kind.group for kind, at in kinds if isinstance(kind, Affine) and at is not None})

    def change(self, s: Scalar, ops: Arithmetic, number: Callable[[float], Scalar] = float) -> Scalar:
        """Upper bound of ||J(w) - J(w_0)|| over ||w - w_0|| <= s: s ||M||.

        Args:
            s: the radius, or an array of them.
            ops: its arithmetic.
            number: from a float to a number of it.
        """
        return s * self._norm(self.sweep(s, ops, number, None))

    def lipschitz(self, radius: Scalar, ops: Arithmetic, number: Callable[[float], Scalar] = float) -> Scalar:
        """ell(R) = min(||M'||, ||Q||), the Lipschitz constant of w -> J(w) over the ball. Arguments as above."""
        return ops.minimum(*self.forms(radius, ops, number))

    def forms(
        self, radius: Scalar, ops: Arithmetic, number: Callable[[float], Scalar] = float
    ) -> tuple[Scalar, Scalar]:
        """||M'|| and ||Q||, each such a constant by itself."""
        first = self.sweep(radius, ops, number, None)
        second = self.sweep(radius, ops, number, first)
        form = Quadratic()
        for v, node in self._active():
            node.kind.curvature(second, v, node.inputs, form)
        return self._norm(second), ops.spectral_norm(form.matrix(self.groups, second.zero))

    @property
    def _with_kinks(self) -> list[int]:
        return [v for v, node in self._active() if isinstance(node.kind, Kinked)]

    @property
    def kinked(self) -> bool:
        """Whether there are nodes with kinks whose arguments move."""
        return bool(self._with_kinks)

    def flips(self, s: Scalar, ops: Arithmetic, number: Callable[[float], Scalar] = float) -> dict[int, np.ndarray]:
        """Tokens that may leave their piece in the ball, by node, (n, T) each; nodes without any are left out.

        Where there are none the other bounds are true of the network and not of its frozen pieces alone (Theorem P).
        """
        if not self._with_kinks:
            return {}
        sweep = self.sweep(s, ops, number, None, Jumping({}))
        found = {v: sweep.flipped(v, self.graph.nodes[v].inputs[0]) for v in self._with_kinks}
        return {v: f for v, f in found.items() if f.any()}

    def kinks(self, radius: float, ops: Arithmetic, number: Callable[[float], Scalar] = float) -> int:
        """Their number."""
        return sum(int(f.sum()) for f in self.flips(number(radius), ops, number).values())

    def nearest_kink(self, radius: float) -> str:
        """The token that meets a kink first, in words: in the ball, or where it grows by a little; "" for none there.

        By bounds in floating point: for messages alone.
        """
        low, high = radius * 2.0**-60, radius
        if not self.flips(high, FLOATS):
            low, high = radius, 1.1 * radius
        found = self.flips(high, FLOATS)
        if not found:
            return ""
        if self.flips(low, FLOATS):
            found, high = self.flips(low, FLOATS), 0.0
        while high > 1.01 * low and high > 0:
            middle = math.sqrt(low * high)
            flips = self.flips(middle, FLOATS)
            if flips:
                found, high = flips, middle
            else:
                low = middle
        v = min(found)
        sample, token = map(int, np.argwhere(found[v])[0])
        return NearestKink(v, sample, token, high).words(self.graph)

    def shares(self, radius: float) -> dict[int, Share]:
        """What each node adds to ||M|| and to ||Q|| over the ball of a radius, in floats, by node: where they are lost.

        Both norms are attained at a nonnegative split of the radius over the groups, and are sums over the nodes there.
        """
        first = self.sweep(radius, FLOATS, float, None)
        second = self.sweep(radius, FLOATS, float, first)
        groups, chosen = self.groups, self._choices(first).chosen()
        changes: dict[int, np.ndarray] = {}
        curvatures: dict[int, np.ndarray] = {}
        for v, node in self._active():
            rows: dict[int, Row] = {}
            form = Quadratic()
            if v in chosen:
                rows[node.kind.group] = chosen[v]
            node.kind.curvature(second, v, node.inputs, form)
            changes[v] = np.array(matrix(rows, groups, 0.0))
            curvatures[v] = np.array(form.matrix(groups, 0.0))
        change, curvature = _parts(changes), _parts(curvatures)
        return {v: Share(change[v], curvature[v]) for v in changes}

    def _active(self) -> list[tuple[int, Any]]:
        return [(v, node) for v, node in enumerate(self.graph.nodes) if active(node, self.numbers[v])]

    def sweep(
        self,
        s: Scalar,
        ops: Arithmetic,
        number: Callable[[float], Scalar],
        first: Sweep | None,
        jumping: Jumping | None = None,
    ) -> Sweep:
        """The first sweep over a ball of radius s, or the second, given the first; with jumps at kinks where named."""
        nodes = self.graph.nodes
        numbers = [converted(at, number) for at in self.numbers] if first is None else first.numbers
        sweep = Sweep(ops, s, 0.0 * s, nodes, numbers, first, jumping)
        for v, node in enumerate(nodes):
            reached = active(node, numbers[v])
            sweep.forward.append(node.kind.forward_change(sweep, v, node.inputs) if reached else NOTHING)
        collected: list[list[Pair]] = [[] for _ in nodes]
        sweep.backward = [NOTHING] * len(nodes)
        for v in range(len(nodes) - 1, 0, -1):
            node = nodes[v]
            sweep.backward[v] = together(*collected[v])
            if not active(node, numbers[v]):
                continue
            for u, pair in zip(node.inputs, node.kind.backward_change(sweep, v, node.inputs), strict=True):
                collected[u].append(pair)
        return sweep

    def rows(self, sweep: Sweep) -> dict[int, Row]:
        """The rows M_g by group, where pieces may change: of every node the one that is smallest by itself."""
        rows: dict[int, Row] = {}
        for v, (group, several) in self._affine_rows(sweep).items():
            rows[group] = total(rows.get(group, {}), sweep.smallest(v, *several))
        return rows

    def _affine_rows(self, sweep: Sweep) -> dict[int, tuple[int, list[Row]]]:
        return {
            v: (node.kind.group, node.kind.jacobian_changes(sweep, v, node.inputs))
            for v, node in self._active()
            if isinstance(node.kind, Affine)
        }

    def _choices(self, sweep: Sweep) -> Choices:
        return Choices(self._affine_rows(sweep), self.groups, sweep.ops, sweep.zero)

    def _norm(self, sweep: Sweep) -> Scalar:
        """||M||, the worst split of the radius over the groups."""
        return self._choices(sweep).norm()


def active(node: Node, at: Any) -> bool:
    """Whether a node moves and is read, so that it has numbers, or is the input."""
    return at is not None or not node.inputs


def _parts(matrices: dict[int, np.ndarray]) -> dict[int, float]:
    """The part of each nonnegative matrix in the spectral norm of their sum; 0 where that is 0 or overflows."""
    whole = sum(matrices.values())
    if not np.isfinite(whole).all() or not np.any(whole):
        return dict.fromkeys(matrices, 0.0)
    left, norms, right = np.linalg.svd(whole)
    u, t = np.abs(left[:, 0]), np.abs(right[0])
    return {v: float(u @ m @ t / norms[0]) for v, m in matrices.items()}


def converted(at: Any, number: Callable[[float], Scalar]) -> Any:
    """The same numbers in another arithmetic; whole numbers and flags as they are."""
    if at is None:
        return None
    out: dict[str, Any] = {}
    for f in fields(at):
        value = getattr(at, f.name)
        if isinstance(value, tuple):
            out[f.name] = tuple(converted(v, number) for v in value)
        else:
            out[f.name] = number(value) if isinstance(value, float) else value
    return replace(at, **out)
