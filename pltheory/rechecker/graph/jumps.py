"""Bounds over balls in which pieces may change: the jumps of the Jacobian beside what is linear in the radius.

`||J(w) - J_0|| <= kap_0(s) + s ||M(s)||` on B(w_0, s), and `||J(w') - J(w)|| <= kap(s) + ell |w' - w|` for pairs
(THEORY_RELU section 4). A jump is a constant in the rows of the recursions: every node with kinks has a column of its
own behind those of the groups, which travels with the same factors.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..fields import FAILED, Array, Stop
from ..midpoint import UNIT, Upper
from .kinds.kind import Kind
from .kinds.kinks import KinkRules
from .kinds.rows import Moves, Row, Rows, Rules
from .knapsack import most
from .margins import Reach
from .recursion import edges, norm_of_chosen
from .units import Units

_ROOT_TWO = Upper(2.0).root()


@dataclass
class JumpRows(Rows):
    """A pass with jumps.

    Attributes:
        real: G; columns behind them are constants.
        columns: of the nodes with kinks.
        flips: of each which tokens may leave their piece, (n, T).
        capacities: of each how far what it reads goes, in any one sample and over the batch.
        rules: of every node.
        units: of affine nodes.
        own: per affine node, for the jump of a node directly above it.
        blocks: by node with kinks, what of W its jump meets in the dense node that it reads; None for all of it.
    """

    real: int = 0
    columns: dict[int, int] = field(default_factory=dict)
    flips: dict[int, Array] = field(default_factory=dict)
    capacities: dict[int, tuple[Upper, Upper]] = field(default_factory=dict)
    rules: list[Rules] = field(default_factory=list)
    units: dict[int, Units] = field(default_factory=dict)
    own: dict[int, dict[int, Upper]] = field(default_factory=dict)
    blocks: dict[int, Upper | None] = field(default_factory=dict)
    _known: dict[int, tuple[Upper, Upper]] = field(default_factory=dict)

    def length(self, row: Row) -> Upper:
        """Of what is linear in t."""
        return row[: self.real].norm()

    def way(self, row: Row) -> Upper:
        """How far a row's node may go on the ball."""
        return self.s * self.length(row) + row[self.real :].sum()

    def jumped(self, v: int, single: bool) -> Row:
        """js sqrt(Kn) in the column of node v."""
        row = np.zeros(self.groups)
        flips = self.flips.get(v)
        if flips is not None and flips.any():
            if v not in self._known:
                self._known[v] = self._jump(v, flips)
            row[self.columns[v]] = self._known[v][0 if single else 1].value
        return Upper(row)

    def below(self, v: int, single: bool, passed: Upper) -> Row:
        """Of the jump of a node directly above what passes a block of W, where that is less."""
        row = self.back(v, single)
        found = (row * passed).value.copy()
        for w, column in self.columns.items():
            kind = self.rules[v].kind  # type: ignore[attr-defined]
            if self.rules[w].kind.inputs[0] == v and row.value[column] > 0 and kind.plain:  # type: ignore[attr-defined]
                block = self._block(v, w)
                if block is not None:
                    less = passed.min(block + kind.reach * self.s)
                    found[column] = (Upper(row.value[column]) * less).value
        return Upper(found)

    def _block(self, v: int, w: int) -> Upper | None:
        """`max_i |kappa| ||W[U_i, A_i]||` of a dense node v below w: rows that w may silence or wake, columns alive.

        A column is alive in sample i if the node below may have another derivative there than 0.
        """
        if w not in self.blocks:
            rule, kind = self.rules[w], self.rules[v].kind  # type: ignore[attr-defined]
            u = kind.inputs[0]
            below = self.rules[u]
            assert isinstance(rule, KinkRules)
            if not isinstance(below, KinkRules) or not below.moves:
                self.blocks[w] = None
                return None
            alive = ~below.flat | self.flips[u]
            columns = np.where(kind.patches[0, 0] >= 0, alive[:, kind.patches[0, 0]], False)
            rows = rule.margins.entries(self.flips[w], kind.size)
            self.blocks[w] = kind.largest_block(rows, columns)
        return self.blocks[w]

    def _jump(self, v: int, flips: Array) -> tuple[Upper, Upper]:
        """j_v and JB_v; also own, section 4, where no token of v mixes units of the affine node that it reads."""
        rule = self.rules[v]
        assert isinstance(rule, KinkRules)
        u, js, n = rule.kind.inputs[0], rule.jumping, len(flips)
        times = float(rule.kind.multiplicity)
        single, batch = (c * c * times for c in self.capacities[v])
        costs = np.nextafter(np.square(np.maximum(rule.margins.nearest, 0.0)) * (1 - 4 * UNIT), -np.inf)
        costs = np.where(flips, np.maximum(costs, 0.0), 0.0)
        values = rule.columns * rule.columns
        values = Upper(np.where(flips, values.value, 0.0))
        one = js * (most(values.value, costs, float(single.value)).max().root() + self.moved_back(v, True))
        flat = most(values.value.reshape(1, -1), costs.reshape(1, -1), float(batch.value))[0]
        whole = js * (flat.root() + self.moved_back(v, False))
        whole = whole.min(one * Upper(float(n)).root())
        if u in self.units:
            units, first = self.units[u], rule.margins.first
            by_entry = units.restricted(rule.margins.entries(flips, units.kind.size)).value
            xi = Upper(by_entry if first is None else by_entry[first])
            xi = xi + units.reach * self.moves.dA[units.kind.inputs[0]]
            xi = Upper(np.where(flips.any(axis=0), xi.value, 0.0))
            weighted = values * Upper((xi * xi).value[None, :])
            near = most(weighted.value, costs, float(single.value)).max().root()
            self.own.setdefault(u, {})[v] = js * (near + xi.max() * self.moved_back(v, True))
        return one, whole


@dataclass(frozen=True)
class Dropped:
    """Columns of the Jacobian that are left out.

    Attributes:
        units: by affine node, which of its G O units' weights.
        groups: whole parameter groups.
    """

    units: dict[int, Array]
    groups: frozenset[int]

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal columns."""
        parts = tuple((u, chosen.tobytes()) for u, chosen in sorted(self.units.items()))
        return (*parts, tuple(sorted(self.groups)))


@dataclass(frozen=True)
class Change:
    """Upper bounds over a ball: kap_0 and s ||M||, of the columns that are not left out."""

    jump: Upper
    smooth: Upper
    dropped: Dropped


class JumpRecursion:
    """The recursions of a graph with kinks about its centre.

    Args:
        kinds: of all nodes.
        rules: their centre numbers.
        groups: G.
        reaches: of affine nodes that a node with kinks reads.
        units: of affine nodes, alone in their group, that nodes with kinks read, none of them mixing units.
    """

    def __init__(
        self, kinds: list[Kind], rules: list[Rules], groups: int, reaches: dict[int, Reach], units: dict[int, Units]
    ) -> None:
        self._kinds, self._rules, self._groups = kinds, rules, groups
        self.reaches, self._units = reaches, units
        self._edges = edges(kinds)
        self._kinked = {v: rule for v, rule in enumerate(rules) if isinstance(rule, KinkRules) and rule.moves}
        self._columns = {v: groups + k for k, v in enumerate(self._kinked)}
        self._last: tuple[float, JumpRows] | None = None

    def first(self, s: float) -> JumpRows:
        """Change from the centre on B(w_0, s)."""
        if self._last is None or self._last[0] != s:
            self._last = s, self._rows(Upper(s), None, None, None)
        return self._last[1]

    def _rows(self, s: Upper, before: JumpRows | None, start: Upper | None, step: Upper | None) -> JumpRows:
        count, zero = len(self._kinds), Upper(0.0)
        moves = before.moves if before else Moves(*([zero] * count for _ in range(4)))
        at = JumpRows(
            self._groups + len(self._columns), s, before is not None, moves, real=self._groups, columns=self._columns,
            rules=self._rules, units=self._units, blocks=before.blocks if before else {},
        )  # fmt: skip
        for v, rule in enumerate(self._rules):
            at.X.append(rule.forward(at, False))
            at.x.append(rule.forward(at, True))
            if before is None:
                at.moves.dA[v] = at.way(at.X[v])
                at.moves.da[v] = at.moves.dA[v].min(at.way(at.x[v]))
        for v, kinked in self._kinked.items():
            u = kinked.kind.inputs[0]
            at.flips[v] = before.flips[v] if before else self._flips(at, kinked, u)
            at.capacities[v] = self._capacity(at, before, u, start, step)
        at.Y, at.y = [at.none] * count, [at.none] * count
        for u in reversed(range(count - 1)):
            for v, argument in self._edges[u]:
                at.Y[u] = at.Y[u] + self._rules[v].backward(at, argument, False)
                at.y[u] = at.y[u] + self._rules[v].backward(at, argument, True)
            if before is None:
                at.moves.dB[u] = at.way(at.Y[u])
                at.moves.db[u] = at.moves.dB[u].min(at.way(at.y[u]))
        if not all(np.isfinite(row.value).all() for row in (*at.X, *at.x, *at.Y, *at.y)):
            raise Stop(FAILED, "arithmetic", f"a bound on the ball of radius {float(s.value):.3g} is not finite")
        return at

    def _flips(self, at: JumpRows, rule: KinkRules, u: int) -> Array:
        reach = self.reaches.get(u)
        entries = None
        if reach is not None:
            parent = at.x[reach.parent][: self._groups]
            entries = reach.over(parent, at.s, Upper(0.0), at.s)
        return ~rule.margins.kept(float(at.moves.da[u].value), entries)

    @staticmethod
    def _capacity(
        at: JumpRows, before: JumpRows | None, u: int, start: Upper | None, step: Upper | None
    ) -> tuple[Upper, Upper]:
        """How far what tokens read goes; of pairs either what both ends may, or the way to the one and the step."""
        single, batch = at.moves.da[u], at.moves.dA[u]
        if before is None:
            return single, batch
        single, batch = single * _ROOT_TWO, batch * _ROOT_TWO
        if start is None or step is None:
            return single, batch
        ways = []
        for here, there in ((before.X[u], at.X[u]), (before.x[u], at.x[u])):
            ways.append(start * before.length(here) + step * at.length(there))
        return single.min(*ways), batch.min(ways[0])

    # --- what comes of it ---

    def flippable(self, s: float) -> dict[int, Array]:
        """Tokens that may leave their piece on B(w_0, s), by node; nodes without any are left out."""
        return {v: f for v, f in self.first(s).flips.items() if f.any()}

    def changes(self, s: float) -> list[Change]:
        """Bounds of ||J(w) - J_0|| over B(w_0, s), each of other columns; the first of all of them."""
        at, flips = self.first(s), self.flippable(s)
        forms, jumps = self._forms(at)
        choices = [Dropped({}, frozenset())]
        if flips:
            read = {self._kinds[v].inputs[0] for v in flips}
            units = {u: self._reading(u, flips) for u in read if u in self._units}
            if units:
                choices.append(Dropped(units, frozenset()))
            below = self._below(flips, set(units))
            if below:
                choices.append(Dropped(units, below))
        return [self._change(at, forms, jumps, choice) for choice in choices]

    def _reading(self, u: int, flips: dict[int, Array]) -> Array:
        """Units of node u with a token that may leave its piece."""
        units, size = self._units[u], self._kinds[u].size
        above = [(self._kinked[v], f) for v, f in flips.items() if self._kinds[v].inputs[0] == u]
        return np.logical_or.reduce([units.of(rule.margins.entries(f, size)) for rule, f in above])

    def _below(self, flips: dict[int, Array], known: set[int]) -> frozenset[int]:
        """Groups of all affine nodes below tokens that may leave their piece, where not only their units go."""
        found: set[int] = set()
        for v in flips:
            u = self._kinds[v].inputs[0]
            left, seen = [*(self._kinds[u].inputs if u in known else (u,))], set()
            while left:
                w = left.pop()
                if w in seen:
                    continue
                seen.add(w)
                group = getattr(self._kinds[w], "group", None)
                if group is not None:
                    found.add(group)
                left += self._kinds[w].inputs
        return frozenset(found)

    def _forms(self, at: JumpRows) -> tuple[list[tuple[int, list[Array]]], dict[int, dict[int, Upper]]]:
        """Of every affine node its group and the rows that its part of M may be, and by group every node's jump."""
        forms: list[tuple[int, list[Array]]] = []
        jumps: dict[int, dict[int, Upper]] = {}
        for v, (kind, rule) in enumerate(zip(self._kinds, self._rules, strict=True)):
            found = rule.jacobian(at)
            if not found:
                continue
            group = int(getattr(kind, "group"))  # noqa: B009
            rows = [form[group] for form in found]
            forms.append((group, [row[: at.real] for row in rows]))
            # What each jump adds is bounded by itself, so the least bound of each is one.
            own = at.own.get(v, {})
            for w, column in self._columns.items():
                least = Upper(min(row[column] for row in rows))
                if w in own:
                    least = least.min(own[w])
                if least.value > 0:
                    of = jumps.setdefault(group, {})
                    of[w] = of[w] + least if w in of else least
        return forms, jumps

    def _change(
        self, at: JumpRows, forms: list[tuple[int, list[Array]]], jumps: dict[int, dict[int, Upper]], out: Dropped
    ) -> Change:
        # The jumps directly above an affine node whose units go are in their rows alone.
        silent = {
            (self._units[u].kind.group, v) for v in self._kinked for u in [self._kinds[v].inputs[0]] if u in out.units
        }
        parts = [
            sum((j for v, j in of.items() if (g, v) not in silent), Upper(0.0))
            for g, of in jumps.items()
            if g not in out.groups
        ]
        kap = Upper(np.array([float(part.value) for part in parts])).norm() if parts else Upper(0.0)
        return Change(kap, at.s * self._norm(forms, out.groups), out)

    def _norm(self, forms: list[tuple[int, list[Array]]], out: frozenset[int]) -> Upper:
        choices = []
        for group, rows in forms:
            if group not in out:
                placed = []
                for row in rows:
                    form = np.zeros((self._groups, self._groups))
                    form[group] = row
                    placed.append(form)
                choices.append(placed)
        return norm_of_chosen(choices, self._groups)

    def pairs(self, s: float, start: Upper | None = None, step: Upper | None = None) -> tuple[Upper, Upper]:
        """(kap, ell) of `||J(w') - J(w)|| <= kap + ell |w' - w|` for w, w' in B(w_0, s).

        Args:
            s: radius.
            start, step: |w - w_0| and |w' - w| are at most these, where that is known.
        """
        at = self.second(s, start, step)
        forms, jumps = self._forms(at)
        found = self._change(at, forms, jumps, Dropped({}, frozenset()))
        return found.jump, self._norm(forms, frozenset())

    def second(self, s: float, start: Upper | None = None, step: Upper | None = None) -> JumpRows:
        """Tangents anywhere in B(w_0, s)."""
        return self._rows(Upper(s), self.first(s), start, step)
