"""Om(c, u): what a weighted change of a node costs, THEORY_GRAPHS section 3 and lemma (L2)."""

from __future__ import annotations

import numpy as np

from ...nets.kinds.sums import Sum
from ...rigor.roundoff import mul_up
from ...theory.kernel_profile import AffineTerm, OtherTerm, Weighted
from .maps import AffineMap, FixedMap
from .numbers import Array, Numbers, Values, moved, norms, pieces, shaped
from .passes import Passes

_SMALL = 64
"""Up to this size the matrices diag(c) W of single positions are taken one by one; beyond it c is its largest entry
over the positions of a sample."""


def reach(action: AffineMap, numbers: Numbers) -> Values:
    """|kappa| omega as a number of the formulas."""
    return numbers.number(abs(action.kind.kappa)) * numbers.formulas.sqrt(numbers.number(float(action.multiplicity)))


def weighted_change(passes: Passes, u: int, c: Array) -> Weighted:
    """The terms of Om(c, u).

    Args:
        passes: the network at its weights.
        u: a node.
        c: (n, N_u) nonnegative weights.
    """
    node, action, number = passes.graph.nodes[u], passes.maps[u], passes.numbers.number
    if not passes.live[u]:
        return ()
    if isinstance(action, AffineMap):
        parent, largest = node.inputs[0], number(float(c.max()))
        patches = weighted_patches(action, passes.values[parent], c)
        moving = passes.live[parent]
        factor = reach(action, passes.numbers)
        spread = number(weighted_spread(action, c)) * factor if moving else number(0.0)
        return (AffineTerm(action.kind.group, parent, number(patches), spread, largest * factor),)
    if isinstance(node.kind, Sum):
        return tuple(term for parent in node.inputs for term in weighted_change(passes, parent, c))
    if isinstance(action, FixedMap) and action.diagonal:
        return weighted_change(passes, node.inputs[0], mul_up(c, action.moduli[0][None, :]))
    return (OtherTerm(u, number(float(c.max()))),)


def weighted_patches(action: AffineMap, a: Values, c: Array) -> float:
    """||E~||_c: the largest over blocks and outputs of ||diag(c_go) E~_g||."""
    numbers, n = action.numbers, len(c)
    e = action.extended_patches(a)  # (G, n P, q + 1)
    g, rows, q = e.shape
    shape = (n, g, action.outputs, action.positions)
    weights = c.reshape(shape).transpose(1, 2, 0, 3).reshape(g, action.outputs, rows)
    best = 0.0
    for b in range(g):
        block = moved(e, lambda x, b=b: x[b : b + 1])
        wide = rows <= q
        gram = numbers.product(block, moved(block, lambda x: x.transpose(0, 2, 1))) if wide else None
        for part in pieces(action.outputs, rows * (rows if wide else q)):
            w = numbers.exact(np.ascontiguousarray(weights[b, part]))
            if wide:
                tops = numbers.tops(gram * shaped(w, -1, rows, 1) * shaped(w, -1, 1, rows))
            else:
                scaled = block * shaped(w, -1, rows, 1)
                tops = numbers.tops(numbers.product(moved(scaled, lambda x: x.transpose(0, 2, 1)), scaled))
            best = max(best, float(np.max(tops)))
    return float(np.nextafter(np.sqrt(max(0.0, best)), np.inf))


def weighted_spread(action: AffineMap, c: Array) -> float:
    """The largest over samples, blocks and positions of ||diag(c_i) W_g||; times |kappa| omega it bounds T_c.

    Why: |c_i o T(W) a|^2 = kappa^2 sum_gp |diag(c_igp) W_g e_gp|^2, and each entry of a stands in mult patches.
    """
    g, o, p = action.blocks, action.outputs, action.positions
    q = action.weight.shape[2]
    weights = c.reshape(len(c), g, o, p).transpose(1, 0, 3, 2)  # (G, n, P, O)
    weights = weights.max(axis=2) if min(o, q) > _SMALL else weights.reshape(g, -1, o)
    best = 0.0
    for b in range(g):
        w = action.numbers.exact(action.weight[b : b + 1])
        for part in pieces(weights.shape[1], o * q):
            scaled = w * shaped(action.numbers.exact(np.ascontiguousarray(weights[b, part])), -1, o, 1)
            best = max(best, float(np.max(norms(scaled, action.numbers))))
    return best
