"""Checks of the bounds of networks with kinks by small ones whose worst weights are known, and of what they rest on.

A check is a name and a function that gives the claims found false, empty where none is.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, permutations

import numpy as np

from pltheory.nets import centre, jumps, roundoff
from pltheory.nets.fields import FLOATS, VERIFIED
from pltheory.nets.fields.verified import Near
from pltheory.nets.jumps import Jumping
from pltheory.nets.kinds.kinks import Maximum, relu
from pltheory.nets.kinked import KinkedBounds
from pltheory.nets.tape import Rounded, Tape
from pltheory.theory import arithmetic
from tests.nets.kink_cases import CASES, chain, ones
from tests.oracles.kink_attack import left_piece
from tests.oracles.kink_bounds import kept_columns
from tests.oracles.kinked import parameters, passed, starts

SLACK = 1 + 1e-9
OPS = arithmetic.FLOATS


def in_case(name: str) -> list[str]:
    """Claims of the case that its weights break: rows by group, norms, what may flip, pairs and steps."""
    case = CASES[name]()
    graph, x, w0 = case.graph, case.x, parameters(case.graph)
    bounds = KinkedBounds.of(centre.linearize(graph, x, FLOATS, jumps=True))
    before = passed(graph, w0, x)
    jumping = Jumping(bounds.units, passages=bounds.passages)
    rows = bounds.frozen.rows(bounds.frozen.sweep(case.radius, OPS, float, None, jumping))
    changes = bounds.over(case.radius, OPS, float).changes()
    flips = bounds.frozen.flips(case.radius, OPS, float)
    at = [passed(graph, w0 + m, x) for m in case.moves]
    bad, ends = [], starts(graph)
    parts = [slice(a, b) for a, b in pairwise(ends)]
    for m, there in zip(case.moves, at, strict=True):
        assert np.linalg.norm(m) <= case.radius, name
        off = there.jacobian - before.jacobian
        t = [float(np.linalg.norm(m[p])) for p in parts]
        for g, part in enumerate(parts):
            bound = sum(c if h < 0 else c * t[h] for h, c in rows.get(g, {}).items())
            bad += [f"row {g}"] if np.linalg.norm(off[:, part], 2) > bound * SLACK else []
        for k, change in enumerate(changes):
            kept = kept_columns(graph, change.dropped)
            found = np.linalg.norm(off[:, kept], 2) if kept.any() else 0.0
            bad += [f"change {k}"] if found > (change.jump + change.smooth) * SLACK else []
        for v, left in left_piece(graph, before, there).items():
            bad += [f"flips {v}"] if (left & ~flips.get(v, np.zeros_like(left))).any() else []
    every = [(np.zeros_like(w0), before), *zip(case.moves, at, strict=True)]
    for (a, here), (b, there) in permutations(every, 2):
        found, step = np.linalg.norm(there.jacobian - here.jacobian, 2), float(np.linalg.norm(b - a))
        for given in ((), (float(np.linalg.norm(a)), step)):
            kap, ell = bounds.over(case.radius, OPS, float).pairs(*given)
            bad += [f"pairs {len(given)}"] if found > (kap + ell * step) * SLACK else []
    return bad


# --- what they rest on ---


def packed() -> list[str]:
    """Knapsacks with free items, with one that fits in part, of equal ones."""
    values, costs = np.array([1.0, 2.0, 5.0]), np.array([0.0, 0.0, 1.0])
    everything = np.ones(3, dtype=bool)
    wanted = [(0.0, 3.0), (0.5, 5.5), (1.0, 8.0)]
    low = [f"capacity {c}" for c, v in wanted if jumps.knapsack(values, costs, c, everything) < v]
    low += [] if jumps.knapsack(np.array([4.0, 1.0]), np.ones(2), 1.5, everything[:2]) >= 4 else ["unlike items"]
    return low + ([] if jumps.knapsack(np.ones(3), np.ones(3), 2.0, everything) >= 2 else ["equal items"])


def uncertain() -> list[str]:
    """Arguments off by half: margins are those of the worst of them."""
    z = np.array([[2.0, 1.5]])
    tape = Tape(VERIFIED, [], 1, 1, values=[Near(np.zeros((1, 1))), Near(z, 0.25)])
    bad = [] if (relu().margins(tape, 1).nearest <= z - 0.25).all() else ["entries"]
    between = Maximum(np.array([[0, 1]])).margins(tape, 1).nearest
    # The difference of two entries is off by sqrt(2) times that.
    bad += [] if between[0, 0] <= (0.5 - 0.25 * 2**0.5) / 2**0.5 else ["between"]
    sign = Maximum(np.array([[1]]), 0.0).margins(tape, 1).nearest
    return bad + ([] if sign[0, 0] <= 1.25 else ["sign"])


def headroom() -> list[str]:
    """A margin within 1e-6 of its reach is none."""
    at = centre.linearize(chain([[0.5]], relu(), [[1.0]], size=1), ones(1), FLOATS).numbers[2].margins
    near = 0.5 * (1 - 1e-7)
    whole, entry = at.kept(near, None).any(), at.kept(1.0, np.array([[near]])).any()
    return [name for name, kept in (("whole", whole), ("entry", entry)) if kept]


def nothing_left() -> list[str]:
    """Without units that may flip and groups below, nothing jumps."""
    bad = []
    for name in ("far", "wakes below", "maxout", "convolved", "across and along", "pooled", "shared position"):
        case = CASES[name]()
        bounds = KinkedBounds.of(centre.linearize(case.graph, case.x, FLOATS, jumps=True))
        last = bounds.over(case.radius, OPS, float).changes()[-1]
        bad += [name] if last.jump > 0 else []
    return bad


def errors_over_kinks() -> list[str]:
    """A unit that sleeps and one that is awake: an error of its argument wakes it, or passes."""
    bad = []
    for w, added in ((-0.01, 0.03), (1.0, 0.03)):
        graph = chain([[w]], relu(), [[2.0]], size=1)
        at = centre.linearize(graph, ones(1), VERIFIED)
        rounding = [None if r is None else Rounded(added if v == 1 else 0.0, r.rows) for v, r in enumerate(at.rounding)]
        found = passed(graph, parameters(graph), ones(1), {1: added * ones(1)}).outputs - 2 * max(w, 0.0)
        bad += [str(w)] if float(found[0, 0]) > roundoff.output_error(graph, at.numbers, rounding) * SLACK else []
    return bad


CHECKS: dict[str, Callable[[], list[str]]] = {
    **{name: (lambda name=name: in_case(name)) for name in CASES},
    "knapsack": packed,
    "uncertain": uncertain,
    "headroom": headroom,
    "nothing left": nothing_left,
    "errors": errors_over_kinks,
}
