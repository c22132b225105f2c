"""Search in a ball for what the bounds of networks with kinks forbid: weights that flip tokens at the least cost.

A set of tokens is flipped by the least move that takes all of them over their kinks (a linear system, solved again
where the network bends), sets grow greedily by the change of the Jacobian for the distance, and what is left of the
radius is climbed with the pieces kept. Every point found counts for every bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pltheory.nets.graph import Graph
from pltheory.nets.kinds.curved import Curved
from pltheory.nets.kinds.kinks import Maximum, PiecewiseLinear

from .kinked import Array, Passed, parameters, passed

OVER = 1e-9
"""How far beyond its kink a token is sent."""


@dataclass(frozen=True)
class Crossing:
    """One way of a token over a kink: `z[i, plus] - z[i, minus]` (-1: nothing) comes to `level`, from its side."""

    node: int
    sample: int
    plus: int
    minus: int
    level: float
    side: float

    def off(self, at: Passed) -> float:
        z = at.values[self.node][self.sample]
        return float(z[self.plus] - (z[self.minus] if self.minus >= 0 else 0.0) - self.level)

    def slope(self, at: Passed) -> Array:
        d = at.tangents[self.node][self.sample]
        return d[self.plus] - d[self.minus] if self.minus >= 0 else d[self.plus]


def crossings(graph: Graph, at: Passed) -> list[Crossing]:
    """All ways of all tokens over single kinks."""
    found = []
    for node in graph.nodes:
        u = node.inputs[0] if node.inputs else -1
        if not isinstance(node.kind, PiecewiseLinear | Maximum | Curved) or at.tangents[u] is None:
            continue
        z = at.values[u]
        for i in range(len(z)):
            if not isinstance(node.kind, Maximum):
                for k in range(z.shape[1]):
                    for b in node.kind.breaks:
                        found.append(Crossing(u, i, k, -1, float(b), 1.0 if z[i, k] <= b else -1.0))
                continue
            for window in node.kind.windows:
                entries = [int(e) for e in window if e >= 0]
                top = max(entries, key=lambda e, i=i: z[i, e])
                found += [Crossing(u, i, e, top, 0.0, 1.0) for e in entries if e != top]
                if node.kind.slope_below < 1:
                    found += [Crossing(u, i, e, -1, 0.0, 1.0 if z[i, top] <= 0 else -1.0)
                              for e in entries if z[i, top] <= 0 or e == top]  # fmt: skip
    return [c for c in found if np.linalg.norm(c.slope(at)) > 1e-12]


def pieces(graph: Graph, at: Passed) -> dict[int, Array]:
    """The piece of every token, by node: what `same` compares."""
    found = {}
    for v, node in enumerate(graph.nodes):
        if isinstance(node.kind, PiecewiseLinear | Curved):
            found[v] = np.searchsorted(node.kind.breaks, at.values[node.inputs[0]], side="left")
        elif isinstance(node.kind, Maximum):
            z = at.values[node.inputs[0]]
            entries = np.where(node.kind.windows >= 0, z[:, node.kind.windows], -np.inf)
            found[v] = np.where(entries.max(-1) > 0, 1, -1) * (1 + entries.argmax(-1))
    return found


def left_piece(graph: Graph, before: Passed, after: Passed) -> dict[int, Array]:
    """Which tokens are in another piece by more than rounding, (n, T) by node."""
    found = {}
    for v, old in pieces(graph, before).items():
        new, kind = pieces(graph, after)[v], graph.nodes[v].kind
        if isinstance(kind, Curved) and not len(kind.breaks):
            continue
        moved = old != new
        z, z0 = (at.values[graph.nodes[v].inputs[0]] for at in (after, before))
        if isinstance(kind, PiecewiseLinear | Curved):
            near = np.min([np.abs(z - b) for b in kind.breaks], axis=0)
            moved &= (near > 1e-13) & (np.abs(z - z0) > 1e-13)
        else:
            entries = np.where(kind.windows >= 0, z[:, kind.windows], -np.inf)
            first = np.take_along_axis(entries, (np.abs(old) - 1)[..., None], -1)[..., 0]
            top = entries.max(-1)
            dead = (top <= 0) & (old < 0) & (kind.slope_below == 0)
            other = top - first > 1e-13
            sign = (np.sign(old) != np.sign(new)) & (np.abs(top) > 1e-13) & (kind.slope_below < 1)
            moved &= ((other & (kind.slope_below >= 0)) | sign) & ~dead
        found[v] = moved
    return found


@dataclass
class Attack:
    """One network in one ball, and the points found: offsets from w_0, and Jacobians there."""

    graph: Graph
    x: Array
    radius: float
    rng: np.random.Generator
    points: list[Array] = field(default_factory=list)
    jacobians: list[Array] = field(default_factory=list)
    straddling: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.w0 = parameters(self.graph)
        self.centre = passed(self.graph, self.w0, self.x)
        self.j0 = self.centre.jacobian
        self.columns = np.ones(self.j0.shape[1], dtype=bool)

    def at(self, move: Array) -> Passed:
        return passed(self.graph, self.w0 + move, self.x)

    def size(self, j: Array) -> float:
        return float(np.linalg.norm((j - self.j0)[:, self.columns], 2))

    def keep(self, move: Array) -> int:
        """Note a point, if it is in the ball; its index, or -1."""
        if np.linalg.norm(move) > self.radius:
            return -1
        self.points.append(move)
        self.jacobians.append(self.at(move).jacobian)
        return len(self.points) - 1

    def over(self, chosen: list[Crossing], beyond: float = OVER) -> Array | None:
        """About the least move that takes all of them over their kinks."""
        move = np.zeros(len(self.w0))
        for _ in range(4):
            at = self.at(move)
            rows = np.array([c.slope(at) for c in chosen])
            aims = np.array([c.side * beyond - c.off(at) for c in chosen])
            # Of all moves with these values the one nearest to the centre.
            new = np.linalg.lstsq(rows, rows @ move + aims, rcond=1e-9)[0]
            if np.linalg.norm(new - move) < 1e-13:
                break
            move = new
        return move if np.isfinite(move).all() else None

    def greedy(self, tries: int, most: int) -> list[Crossing]:
        """Tokens one by one, each the best of some for the change it adds by the distance it costs."""
        every, chosen = crossings(self.graph, self.centre), []
        best, paid = 0.0, 0.0
        for _ in range(most):
            if not every:
                break
            picks = [every[int(k)] for k in self.rng.permutation(len(every))[:tries]]
            cheap = min(every, key=lambda c: abs(c.off(self.centre)) / np.linalg.norm(c.slope(self.centre)))
            options = []
            for c in (*picks, cheap):
                move = self.over([*chosen, c])
                if move is None or np.linalg.norm(move) > self.radius:
                    continue
                options.append((self.size(self.at(move).jacobian), float(np.linalg.norm(move)), c, move))
            if not options:
                break
            value, cost, c, move = max(options, key=lambda o: (o[0] - best) / (o[1] - paid + 0.02 * self.radius))
            if value <= best * (1 + 1e-9) and self.rng.integers(2):
                break
            chosen.append(c)
            every = [e for e in every if e != c]
            best, paid = max(best, value), cost
            self.keep(move)
        return chosen

    def climb(self, move: Array, steps: int) -> Array:
        """Ascent of the change with random directions, the radius used up; steps that lose are not taken."""
        best = self.size(self.at(move).jacobian)
        scale = 0.3
        for _ in range(steps):
            d = self.rng.standard_normal(len(move))
            if self.rng.integers(2):
                d *= self.rng.random(len(d)) < 0.3
            new = move + scale * self.radius * d / (np.linalg.norm(d) + 1e-300)
            norm = np.linalg.norm(new)
            if norm > 0 and (norm > self.radius or self.rng.integers(2)):
                new *= self.radius * (1 - 1e-12) / norm
            value = self.size(self.at(new).jacobian)
            if value > best:
                best, move = value, new
            else:
                scale = max(0.7 * scale, 0.02)
        self.keep(move)
        return move

    def filled(self, move: Array) -> Array:
        """What is left of the radius spent across the move, in the best of some directions."""
        left = (max(0.0, self.radius**2 - move @ move)) ** 0.5 * (1 - 1e-9)
        tried = []
        for _ in range(6):
            d = self.rng.standard_normal(len(move))
            d -= (d @ move) / (move @ move + 1e-300) * move
            new = move + left * d / (np.linalg.norm(d) + 1e-300)
            tried.append((self.size(self.at(new).jacobian), new))
        new = max(tried, key=lambda t: t[0])[1]
        self.keep(new)
        return new

    def straddle(self, chosen: list[Crossing]) -> None:
        """Two points just before and just behind the kinks of all these tokens."""
        if not chosen:
            return
        ends = [self.over(chosen, side * 1e-8) for side in (-1, 1)]
        if all(e is not None for e in ends):
            a, b = (self.keep(e) for e in ends)
            if a >= 0 and b >= 0:
                self.straddling.append((a, b))

    def run(self, rounds: int = 2, tries: int = 5, most: int = 5, steps: int = 12) -> None:
        """All of it; of every columns mask set before."""
        self.keep(np.zeros(len(self.w0)))
        for _ in range(rounds):
            chosen = self.greedy(tries, most)
            if chosen:
                move = self.over(chosen)
                self.straddle(chosen)
                self.straddle(chosen[: len(chosen) // 2])
                move = self.filled(move)
            else:
                move = 0.9 * self.radius * self._unit()
            self.climb(move, steps)
        self.keep(self.radius * (1 - 1e-12) * self._unit())

    def _unit(self) -> Array:
        d = self.rng.standard_normal(len(self.w0))
        return d / np.linalg.norm(d)
