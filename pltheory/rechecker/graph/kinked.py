"""Bounds about the weights of a network with kinks: sig on the hull of Jacobians, kap and ell of pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flint import arb

from ..checks import Tick
from ..cost import on_time
from ..midpoint import Approx, Upper, require_rounding
from .centre import GraphCentre, graph_centre
from .file import GraphStored
from .jumps import Change, Dropped, JumpRecursion
from .kernel import Kernel, Part
from .kinds.affine import Affine
from .kinds.affine_rules import AffineRules
from .kinds.kind import Kind
from .kinds.kinks import KinkRules
from .kinked_rules import reach_of
from .margins import Reach
from .onelayer import OneLayer
from .units import Units

Pair = tuple[Upper, Upper]
"""kap and ell of one bound for pairs of weights."""


class KinkedBall:
    """About the stored weights, summed loss; every token at one of its pieces there, J_0 the Jacobian of these.

    Args:
        c: what is stored.
        tick: called before each part.

    Attributes:
        least: lambda_min(J_0 J_0^T), an enclosure.
        largest: upper bound of ||J_0||.
        residual: upper bound of ||F - y||.
        recursion: of section 4.
        centre: of which these are made.
    """

    def __init__(self, c: GraphStored, tick: Tick) -> None:
        require_rounding()
        at = graph_centre(c.kinds, c.x, c.y, tick)
        low, high = (arb(v) for v in at.sigma)
        self.least: arb = (low**2).lower().max(arb(0)).union((high**2).upper())
        self.largest: arb = at.largest.exact
        self.residual: arb = at.residual.exact
        self.centre = at
        self._shape = c.y.shape
        self.recursion = jump_recursion(c.kinds, at, c.groups)
        self._parts: dict[int, Part] = {}
        self._sigmas: dict[tuple[object, ...], float] = {Dropped({}, frozenset()).key: at.sigma[0]}
        self._one = OneLayer.of(c.kinds, at)

    # --- what is left of the Jacobian ---

    def sigma(self, out: Dropped) -> float:
        """Lower bound of sigma_min(J_0 without some columns)."""
        if out.key not in self._sigmas:
            on_time()
            kernel = Kernel(*self._shape)
            for group, uses in self.centre.uses.items():
                if group in out.groups:
                    continue
                dropped = [units for u, units in out.units.items() if self._group(u) == group]
                if dropped and dropped[0].any():
                    (use,), kind = uses, uses[0].kind
                    gone = np.repeat(dropped[0], kind.patches.shape[1])
                    rows = Approx(np.where(gone, 0.0, use.rows.mid), use.rows.err)
                    kernel.add([replace(use, rows=rows)])
                    continue
                if group not in self._parts:
                    alone = Kernel(*self._shape)
                    alone.add(uses)
                    self._parts[group] = alone.part
                kernel.add_part(self._parts[group])
            self._sigmas[out.key] = kernel.lowest() if kernel.parts else 0.0
        return self._sigmas[out.key]

    def _group(self, u: int) -> int:
        rule = self.centre.rules[u]
        assert isinstance(rule, AffineRules)
        return rule.kind.group

    # --- over balls ---

    def changes(self, s: float) -> list[Change]:
        """Bounds of ||J - J_0|| on B(w_0, s), each of other columns, the first of all."""
        found = self.recursion.changes(s)
        if self._one is None:
            return found
        jump, smooth = self._one.change(s)
        return [
            *found,
            Change(jump, smooth, Dropped({}, frozenset())),
            *(Change(Upper(0.0), smooth, f.dropped) for f in found[1:] if f.dropped.units),
        ]

    def change(self, s: float) -> arb:
        """The least of those of all columns."""
        whole = [c.jump + c.smooth for c in self.changes(s) if not c.dropped.units and not c.dropped.groups]
        return whole[0].min(*whole[1:]).exact

    def sig(self, s: float) -> arb:
        """Lower bound of |M^T u|, |u| = 1, for M in the convex hull of the Jacobians on B(w_0, s)."""
        found = arb(0)
        for c in self.changes(s):
            found = found.max((arb(self.sigma(c.dropped)) - (c.jump + c.smooth).exact).lower())
        return found

    def pairs(self, s: float, start: Upper | None = None, step: Upper | None = None) -> list[Pair]:
        """Bounds `||J(w') - J(w)|| <= kap + ell |w' - w|`; arguments as of `JumpRecursion.pairs`."""
        found = [self.recursion.pairs(s, start, step)]
        if self._one is not None:
            found.append(self._one.pairs(s, start, step))
        return found


def jump_recursion(kinds: list[Kind], at: GraphCentre, groups: int) -> JumpRecursion:
    """The recursion of a centre."""
    reaches: dict[int, Reach] = {}
    units: dict[int, Units] = {}
    mixed: set[int] = set()
    for rule in at.rules:
        if not isinstance(rule, KinkRules) or not rule.moves:
            continue
        u = rule.kind.inputs[0]
        reach = reach_of(kinds, u, at.values)
        if reach is not None:
            reaches[u] = reach
        below, kind = at.rules[u], kinds[u]
        if not isinstance(kind, Affine) or not isinstance(below, AffineRules):
            continue
        uses = at.uses.get(kind.group, [])
        if len(uses) == 1 and rule.kind.within(kind.patches.shape[1]):
            units[u] = Units(uses[0], below.batch)
        else:
            mixed.add(u)
    alone = {u: of for u, of in units.items() if u not in mixed}
    return JumpRecursion(kinds, at.rules, groups, reaches, alone)
