"""Om(c, u) with T_c of its own: what weights c spare in a change that comes from further back (L2, part b)."""

from __future__ import annotations

import numpy as np

from ...nets.kinds.affine import Affine
from ...rigor.roundoff import Array
from ...theory.kernel_profile import Term
from .passes import Passes

SMALL = 64
"""Up to this size the matrices diag(c) W of every sample and position are taken one by one; beyond it c is its largest
value over them, which is a bound, and cost less than a hundredth of T_c where measured."""
ENTRIES = 10_000_000
"""Of a stack of matrices held at a time."""


def weighted_change(passes: Passes, u: int, c: Array) -> tuple[Term, ...]:
    """The terms of Om(c, u) for weights c (n, N_u) >= 0."""
    tape, nodes = passes.tape, passes.graph.nodes

    def terms(v: int, weights: Array) -> list[Term]:
        if not tape.moving[v]:
            return []
        kind = nodes[v].kind
        found = kind.weighted(tape, v, nodes[v].inputs, weights)
        if not isinstance(kind, Affine):
            return [t if isinstance(t, Term) else Term(t.node, False, t.largest, 0.0, 0.0) for t in found]
        moving = tape.moving[nodes[v].inputs[0]]
        spread = weighted_spread(passes, v, kind, weights) if moving else 0.0
        return [Term(v, True, found[0].largest, found[0].batch, spread)]

    tape.weighted = terms  # type: ignore[assignment]  # a fixed map and a sum pass on what they are given
    return tuple(terms(u, c))


def weighted_spread(passes: Passes, v: int, kind: Affine, c: Array) -> float:
    """T_c: |kappa| omega times the largest over samples i, blocks g and positions p of ||diag(c_igp) W_g||.

    Why: |c_i o T(W) a|^2 = kappa^2 sum_gp |diag(c_igp) W_g e_gp|^2, and each entry of a stands in mult patches.
    """
    f, weight = passes.tape.field, passes.graph.groups[kind.group].weight
    g, o, q = weight.shape
    weights = c.reshape(len(c), g, o, -1).transpose(1, 0, 3, 2).reshape(g, -1, o)  # (G, n P, O)
    if min(o, q) > SMALL:
        weights = weights.max(axis=1, keepdims=True)
    size = max(1, ENTRIES // max(1, o * q))
    best = 0.0
    for b in range(g):
        w = f.constant(weight[b : b + 1])
        for start in range(0, weights.shape[1], size):
            part = np.ascontiguousarray(weights[b, start : start + size])[:, :, None]
            best = max(best, f.largest_norm(f.times(w, f.constant(part))))
    return float(f.up(best, abs(kind.kappa), float(f.root(float(kind.multiplicity)))))
