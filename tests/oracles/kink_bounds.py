"""What is claimed of a network with kinks over a ball, and which claims points of the ball break."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pltheory.nets.centre import Centre, linearize
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.graph import Graph
from pltheory.nets.jumps import Jumping
from pltheory.nets.kinds.affine import Affine
from pltheory.nets.kinked import Change, Dropped, KinkedBounds, kept_kernel
from pltheory.nets.one_layer import OneLayer
from pltheory.nets.sweep import Sweep
from pltheory.rigor.arithmetic import INTERVALS
from pltheory.rigor.scalar import interval
from pltheory.theory import arithmetic

from .kink_attack import Attack, left_piece
from .kinked import Array, starts

SLACK = 1 + 1e-9


@dataclass(frozen=True)
class Arithmetic:
    """How bounds are evaluated: in floats, or enclosed, of which the upper end counts."""

    verified: bool

    def centre(self, graph: Graph, x: Array) -> Centre:
        return linearize(graph, np.ascontiguousarray(x), VERIFIED if self.verified else FLOATS, jumps=True)

    @property
    def of(self) -> tuple[object, object]:
        return (INTERVALS, interval) if self.verified else (arithmetic.FLOATS, float)

    def number(self, s: float) -> object:
        return interval(s) if self.verified else s

    @staticmethod
    def high(value: object) -> float:
        return float(getattr(value, "hi", value))


def kept_columns(graph: Graph, dropped: Dropped) -> Array:
    """Which parameters are left, (p,)."""
    kept = np.ones(starts(graph)[-1], dtype=bool)
    for g in dropped.groups:
        kept[starts(graph)[g] : starts(graph)[g + 1]] = False
    for u, units in dropped.units.items():
        kind = graph.nodes[u].kind
        assert isinstance(kind, Affine)
        at, group = starts(graph)[kind.group], graph.groups[kind.group]
        q = group.weight.shape[2]
        for k in np.nonzero(units)[0]:
            kept[at + k * q : at + (k + 1) * q] = False
            if group.bias is not None:
                kept[at + group.weight.size + k] = False
    return kept


@dataclass(frozen=True)
class Compared:
    """Bound over attack, of every claim for which the attack found anything, and what is broken."""

    ratios: dict[str, float]
    broken: list[str]


def compared(attack: Attack, arith: Arithmetic) -> Compared:
    """Attack once with all columns and once with those of each choice, then hold every point against every claim."""
    graph, radius = attack.graph, attack.radius
    centre = arith.centre(graph, attack.x)
    bounds = KinkedBounds.of(centre)
    ops, number = arith.of
    s = arith.number(radius)
    choices = bounds.over(s, ops, number).changes()
    masks = [kept_columns(graph, c.dropped) for c in choices]
    for mask in masks:
        if mask.any():
            attack.columns = mask
            attack.run(rounds=2 if mask.all() else 1)
    ratios: dict[str, float] = {}
    broken: list[str] = []

    def hold(name: str, bound: float, found: float) -> None:
        if found > bound * SLACK + 1e-11:
            broken.append(f"{name}: {found:.12g} > {bound:.12g}")
        if found > 1e-6:
            ratios[name] = min(ratios.get(name, np.inf), bound / found)

    for k, (choice, mask) in enumerate(zip(choices, masks, strict=True)):
        if not mask.any():
            continue
        bound = arith.high(choice.jump) + arith.high(choice.smooth)
        found = max(float(np.linalg.norm((j - attack.j0)[:, mask], 2)) for j in attack.jacobians)
        hold(f"dJ{k}", bound, found)
        broken += _kernel(attack, centre, choice, mask, k, arith)
    _flips(attack, bounds.frozen.flips(s, ops, number), broken)
    _rows(attack, bounds, arith, hold)
    _one_layer(attack, centre, hold)
    _pairs(attack, bounds, arith, hold)
    return Compared(ratios, broken)


def _kernel(attack: Attack, centre: Centre, choice: Change, mask: Array, k: int, arith: Arithmetic) -> list[str]:
    found = kept_kernel(centre, choice.dropped)
    off = getattr(found, "rad", 0.0)
    found = getattr(found, "mid", found)
    true = attack.j0[:, mask] @ attack.j0[:, mask].T
    # At a kink the two may stand on different sides.
    if any(np.any(at.margins.nearest < 1e-12) for at in centre.numbers if hasattr(at, "margins")):
        return []
    apart = float(np.linalg.norm(found - true))
    return [f"kernel{k}: {apart:.3g}"] if apart > off + 1e-10 * (1 + float(np.linalg.norm(true))) else []


def _flips(attack: Attack, flips: dict[int, Array], broken: list[str]) -> None:
    for move in attack.points:
        for v, left in left_piece(attack.graph, attack.centre, attack.at(move)).items():
            if (left & ~flips.get(v, np.zeros_like(left))).any():
                broken.append(f"flip: node {v}, tokens {np.argwhere(left & ~flips.get(v, np.zeros_like(left)))[:3]}")
                return


def _rows(attack: Attack, bounds: KinkedBounds, arith: Arithmetic, hold) -> None:
    """Group by group, with how far each group moves: what norms of whole matrices hide."""
    ops, number = arith.of
    s = arith.number(attack.radius)
    first = bounds.frozen.sweep(s, ops, number, None, Jumping(bounds.units, passages=bounds.passages))
    second = bounds.frozen.sweep(s, ops, number, first, Jumping(bounds.units, passages=bounds.passages))
    parts = [slice(a, b) for a, b in pairwise(starts(attack.graph))]

    def compare(name: str, sweep: Sweep, move: Array, off: Array) -> None:
        rows = {g: {h: arith.high(c) for h, c in row.items()} for g, row in bounds.frozen.rows(sweep).items()}
        t = [float(np.linalg.norm(move[p])) for p in parts]
        for g, part in enumerate(parts):
            bound = sum(c if h < 0 else c * t[h] for h, c in rows.get(g, {}).items())
            hold(name, bound, float(np.linalg.norm(off[:, part], 2)))

    for move, j in zip(attack.points, attack.jacobians, strict=True):
        compare("rows", first, move, j - attack.j0)
    random = [tuple(map(int, attack.rng.integers(len(attack.points), size=2))) for _ in range(30)]
    for a, b in [*attack.straddling, *random]:
        compare("pair rows", second, attack.points[a] - attack.points[b], attack.jacobians[a] - attack.jacobians[b])


def _one_layer(attack: Attack, centre: Centre, hold) -> None:
    """The sharp form, where there is one."""
    layer = OneLayer.of(centre)
    if layer is None:
        return
    pairs = [*attack.straddling, *((b, a) for a, b in attack.straddling)]
    lengths = [float(np.linalg.norm(m)) for m in attack.points]
    squares = layer.squares([attack.radius])
    for move, j in zip(attack.points, attack.jacobians, strict=True):
        s = float(np.linalg.norm(move)) * (1 + 1e-12)
        found = float(np.linalg.norm(j - attack.j0, 2))
        hold("N2", layer.change(s, squares) + layer.lipschitz * s, found)
    for a, b in [*pairs, *pairwise(attack.rng.permutation(len(lengths)))]:
        step = float(np.linalg.norm(attack.points[a] - attack.points[b])) * (1 + 1e-12)
        bound = layer.pairs(lengths[a] * (1 + 1e-12), step, squares) + layer.lipschitz * step
        hold("N2 pairs", bound, float(np.linalg.norm(attack.jacobians[a] - attack.jacobians[b], 2)))


def _pairs(attack: Attack, bounds: KinkedBounds, arith: Arithmetic, hold) -> None:
    ops, number = arith.of
    points, jacobians = np.array(attack.points), attack.jacobians
    kap, ell = (arith.high(v) for v in bounds.over(arith.number(attack.radius), ops, number).pairs())
    for a in range(len(points)):
        for b in range(a):
            far = float(np.linalg.norm(points[a] - points[b]))
            hold("pairs", kap + ell * far, float(np.linalg.norm(jacobians[a] - jacobians[b], 2)))
    lengths = np.linalg.norm(points, axis=1)
    chosen = [*attack.straddling, *((b, a) for a, b in attack.straddling)]
    order = attack.rng.permutation(len(points))
    chosen += [(int(a), int(b)) for a, b in itertools.pairwise(order)][:4]
    for a, b in chosen:
        step = float(np.linalg.norm(points[a] - points[b]))
        start = float(lengths[a])
        given = (arith.number(start * (1 + 1e-12)), arith.number(step * (1 + 1e-12)))
        kap, ell = (arith.high(v) for v in bounds.over(arith.number(attack.radius), ops, number).pairs(*given))
        hold("steps", kap + ell * step, float(np.linalg.norm(jacobians[a] - jacobians[b], 2)))
