"""Bounds over balls in which pieces may change: the jumps of the Jacobian beside what is linear in the radius.

`||J(w) - J_0|| <= kap_0(s) + s ||M(s)||` on B(w_0, s), and `||J(w') - J(w)|| <= kap(s) + ell |w' - w|` for pairs
(THEORY_RELU section 4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass

import numpy as np

from ..theory.arithmetic import Arithmetic, Scalar
from ..theory.rows import Row, matrix
from .ball import GraphBounds, active
from .centre import Centre
from .fields.protocol import Values
from .graph import Graph
from .jumps import Jumping, Kinks, index_of
from .kinds.affine import Affine
from .passages import Passages
from .sweep import Sweep
from .units import UnitRows, flippable_units


@dataclass(frozen=True)
class Dropped:
    """Columns of the Jacobian that are left out.

    Attributes:
        units: by affine node, which of its units' weights, (G O,).
        groups: whole parameter groups.
    """

    units: Mapping[int, np.ndarray]
    groups: Set[int]


@dataclass(frozen=True)
class Change:
    """Upper bounds over a ball.

    Attributes:
        jump: kap_0.
        smooth: s ||M||.
        dropped: the columns that both leave out.
    """

    jump: Scalar
    smooth: Scalar
    dropped: Dropped


@dataclass(frozen=True)
class KinkedBounds:
    """Bounds about weights, of a network with kinks.

    Attributes:
        frozen: bounds as long as no piece changes.
        units: of the affine nodes directly below a node with kinks.
        passages: of dense affine nodes between two such nodes.
    """

    frozen: GraphBounds
    units: Mapping[int, UnitRows]
    passages: Passages

    @classmethod
    def of(cls, centre: Centre) -> KinkedBounds:
        """From a linearisation with `jumps`."""
        return cls(GraphBounds.of(centre), centre.units, centre.passages)

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.frozen.graph

    def over(self, radius: Scalar, ops: Arithmetic, number: Callable[[float], Scalar]) -> OverBall:
        """What is known on B(w_0, radius)."""
        jumping = Jumping(self.units, passages=self.passages)
        return OverBall(self, self.frozen.sweep(radius, ops, number, None, jumping), number)


@dataclass
class OverBall:
    """Bounds over one ball.

    Attributes:
        bounds: of the network.
        first: the first sweep.
        number: from a float to a number of its arithmetic.
    """

    bounds: KinkedBounds
    first: Sweep
    number: Callable[[float], Scalar]

    @property
    def graph(self) -> Graph:
        """The network."""
        return self.bounds.graph

    def changes(self) -> list[Change]:
        """Bounds of ||J(w) - J_0|| over the ball, each of other columns; the first of all."""
        rows, groups = self.bounds.frozen.rows(self.first), self.bounds.frozen.groups
        assert self.first.jumping is not None
        flips = {v: f for v, f in self.first.jumping.flips.items() if f.any()}
        choices = [Dropped({}, frozenset())]
        if flips:
            nodes = self.graph.nodes
            below_kinks = {nodes[v].inputs[0] for v in flips} & self.bounds.units.keys()
            units = {u: self._units(u, flips) for u in sorted(below_kinks)}
            if units:
                choices.append(Dropped(units, frozenset()))
            below = self._groups_below(flips, set(units))
            if below:
                choices.append(Dropped(units, below))
        return [self._change(rows, groups, flips, choice) for choice in choices]

    def _change(
        self, rows: Mapping[int, Row], groups: list[int], flips: Mapping[int, np.ndarray], out: Dropped
    ) -> Change:
        sweep = self.first
        nodes = self.graph.nodes
        silent: dict[int, set[int]] = {}
        for v in flips:
            u = nodes[v].inputs[0]
            if u in out.units:
                kind = nodes[u].kind
                assert isinstance(kind, Affine)
                # The jumps directly above a node are in its own units' rows, which are left out.
                silent.setdefault(kind.group, set()).add(index_of(v))
        squares = sweep.zero
        kept = [g for g in groups if g not in out.groups]
        for g in kept:
            jump = sum((c for k, c in rows.get(g, {}).items() if k < 0 and k not in silent.get(g, ())), sweep.zero)
            squares = squares + jump * jump
        norm = sweep.ops.spectral_norm(matrix({g: rows[g] for g in kept if g in rows}, groups, sweep.zero))
        return Change(sweep.ops.sqrt(squares), sweep.radius * norm, out)

    def _units(self, u: int, flips: Mapping[int, np.ndarray]) -> np.ndarray:
        shape = self.bounds.units[u].shape
        readers = []
        for v, f in flips.items():
            if self.graph.nodes[v].inputs[0] == u:
                at: Kinks = self.bounds.frozen.numbers[v]
                readers.append(at.margins.entries(f, math.prod(shape)))
        return flippable_units(shape, readers)

    def _groups_below(self, flips: Mapping[int, np.ndarray], known: set[int]) -> frozenset[int]:
        """Groups of the affine nodes below a token that may change, but for those directly below whose units go."""
        nodes = self.graph.nodes
        below: set[int] = set()
        for v in flips:
            u = nodes[v].inputs[0]
            start = nodes[u].inputs if u in known else (u,)
            open_, seen = list(start), set(start)
            while open_:
                w = open_.pop()
                kind = nodes[w].kind
                if isinstance(kind, Affine) and active(nodes[w], self.bounds.frozen.numbers[w]):
                    below.add(kind.group)
                for x in nodes[w].inputs:
                    if x not in seen:
                        seen.add(x)
                        open_.append(x)
        return frozenset(below)

    def second(self, start: Scalar | None = None, step: Scalar | None = None) -> Sweep:
        """The second sweep; |w - w_0| and |w' - w| are at most start and step, where that is known."""
        assert self.first.jumping is not None
        known = self.first.jumping
        jumping = Jumping(
            self.bounds.units, start, step, restricted=known.restricted, passages=known.passages, passing=known.passing
        )
        return self.bounds.frozen.sweep(self.first.radius, self.first.ops, self.number, self.first, jumping)

    def pairs(self, start: Scalar | None = None, step: Scalar | None = None) -> tuple[Scalar, Scalar]:
        """(kap, ell): `||J(w') - J(w)|| <= kap + ell |w' - w|` for w, w' in the ball. Arguments as above."""
        second, ops = self.second(start, step), self.first.ops
        rows = self.bounds.frozen.rows(second)
        squares = second.zero
        for row in rows.values():
            jump = sum((c for k, c in row.items() if k < 0), second.zero)
            squares = squares + jump * jump
        return ops.sqrt(squares), ops.spectral_norm(matrix(rows, self.bounds.frozen.groups, second.zero))


def kept_kernel(centre: Centre, dropped: Dropped) -> Values:
    """J J^T of the columns that are not left out, of the centre's field."""
    field, kernel = centre.field, centre.kernel
    gone = [centre.parts[g] for g in dropped.groups if g in centre.parts]
    for u, units in dropped.units.items():
        if centre.units[u].group not in dropped.groups and units.any():
            gone.append(centre.units[u].kernel_of(units))
    for part in gone:
        kernel = field.add(kernel, field.scaled(part, -1.0))
    return kernel
